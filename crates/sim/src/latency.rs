//! How long things take on their way: delays with jitter, and links on which nothing overtakes.
//!
//! A [`Delay`] is a distribution, a [`Link`] one direction of one connection: feed, order entry, or the answers.
//! Never reads a clock: a link turns the time something was sent into the time it arrives.

use stdx::Prng;
use types::Nanos;

/// How the part of a delay that varies is spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Even between nothing and `jitter_ns`.
    #[default]
    Uniform,
    /// Exponential with mean `jitter_ns`: most are short, a few are long, as behind a queue.
    Exponential,
}

/// How long one message takes: a fixed part and a part of chance. Below zero counts as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay {
    /// What every message needs.
    pub base_ns: i64,
    /// The scale of what comes on top.
    pub jitter_ns: i64,
    /// How that is spread.
    pub shape: Shape,
}

impl Delay {
    /// The same for every message.
    #[must_use]
    pub const fn fixed(base_ns: i64) -> Self {
        Self { base_ns, jitter_ns: 0, shape: Shape::Uniform }
    }

    /// One delay. Draws from `prng` only when there is jitter.
    #[inline]
    pub fn sample(&self, prng: &mut Prng) -> Nanos {
        let base = self.base_ns.max(0);
        if self.jitter_ns <= 0 {
            return Nanos(base);
        }
        let jitter = match self.shape {
            Shape::Uniform => prng.between(0, self.jitter_ns),
            Shape::Exponential => spread(prng.exponential(), self.jitter_ns),
        };
        Nanos(base.saturating_add(jitter))
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a delay drawn by chance has no exact value to lose, and the cast saturates"
)]
fn spread(times: f64, mean_ns: i64) -> i64 {
    (times * mean_ns as f64) as i64
}

/// One direction of one connection: first in, first out.
#[derive(Clone, Debug)]
pub struct Link {
    delay: Delay,
    prng: Prng,
    /// When the message before this one arrived.
    last: Nanos,
}

impl Link {
    /// A link with its own chance: give each a fork of the run's generator.
    #[must_use]
    pub const fn new(delay: Delay, prng: Prng) -> Self {
        Self { delay, prng, last: Nanos::MIN }
    }

    /// When a message sent at `sent` arrives: never before the one sent ahead of it, as on a TCP stream, where
    /// a delayed segment holds up what follows.
    #[inline]
    pub fn arrival(&mut self, sent: Nanos) -> Nanos {
        self.last = self.last.max(sent + self.delay.sample(&mut self.prng));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay(base_ns: i64, jitter_ns: i64, shape: Shape) -> Delay {
        Delay { base_ns, jitter_ns, shape }
    }

    #[test]
    fn nothing_overtakes_and_nothing_arrives_before_its_base_delay() {
        for shape in [Shape::Uniform, Shape::Exponential] {
            for (base, jitter) in [(0, 0), (1_000, 0), (0, 5_000), (1_000_000, 300_000)] {
                let mut link = Link::new(delay(base, jitter, shape), Prng::new(1));
                let mut clock = Prng::new(2);
                let (mut sent, mut before) = (0, Nanos::MIN);
                for _ in 0..10_000 {
                    sent += clock.between(0, 2_000);
                    let arrival = link.arrival(Nanos(sent));
                    assert!(arrival >= before, "{base} {jitter} {shape:?}");
                    assert!(arrival.0 >= sent + base, "{base} {jitter} {shape:?}");
                    before = arrival;
                }
            }
        }
    }

    #[test]
    fn a_message_waits_for_the_one_ahead() {
        let mut link = Link::new(Delay::fixed(100), Prng::new(0));
        assert_eq!(link.arrival(Nanos(50)), Nanos(150));
        link.delay = Delay::fixed(10);
        assert_eq!(link.arrival(Nanos(60)), Nanos(150));
        assert_eq!(link.arrival(Nanos(141)), Nanos(151));
    }

    #[test]
    fn jitter_has_the_mean_it_is_given() {
        let cases = [(Shape::Uniform, 5_000.0, 10_000.0 / 3.464), (Shape::Exponential, 10_000.0, 10_000.0)];
        for (shape, mean, deviation) in cases {
            let mut prng = Prng::new(3);
            let count = 40_000;
            let sum: i64 = (0..count).map(|_| delay(700, 10_000, shape).sample(&mut prng).0 - 700).sum();
            #[expect(clippy::cast_precision_loss, reason = "a test's mean")]
            let measured = sum as f64 / f64::from(count);
            // Five standard errors, and half a nano for rounding down.
            let tolerance = 5.0 * deviation / f64::from(count).sqrt() + 0.5;
            assert!((measured - mean).abs() < tolerance, "{shape:?}: {measured}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let arrivals = |seed| {
            let mut link = Link::new(delay(10, 1_000, Shape::Exponential), Prng::new(seed));
            (0..100).map(|i| link.arrival(Nanos(i * 100))).collect::<Vec<_>>()
        };
        assert_eq!(arrivals(9), arrivals(9));
        assert_ne!(arrivals(9), arrivals(10));
    }

    #[test]
    fn extremes_saturate() {
        let mut link = Link::new(delay(i64::MAX, i64::MAX, Shape::Exponential), Prng::new(4));
        assert_eq!(link.arrival(Nanos(i64::MAX)), Nanos::MAX);
        assert_eq!(delay(-5, -5, Shape::Uniform).sample(&mut Prng::new(0)), Nanos(0));
    }
}
