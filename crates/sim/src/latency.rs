//! How long things take on their way: delays with jitter, delays that were measured, and links on which nothing
//! overtakes.
//!
//! A [`Delay`] is a distribution, [`Measured`] a history of what messages took, a [`Link`] one direction of one
//! connection: feed, order entry, or the answers. Never reads a clock or a file: a link turns the time something
//! was sent into the time it arrives.

use stdx::Prng;
use types::Nanos;

/// How the part of a delay that varies is spread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Shape {
    /// Not at all: `jitter_ns` counts for nothing.
    Constant,
    /// Even between nothing and `jitter_ns`.
    #[default]
    Uniform,
    /// Exponential with mean `jitter_ns`: most are short, a few are long, as behind a queue.
    Exponential,
    /// Normal with deviation `jitter_ns` about the base, either way; the floor cuts it.
    Normal,
    /// Gamma with this shape and scale `jitter_ns`, on top of the base: mean `shape * jitter_ns`, a longer tail
    /// the smaller the shape; shape 1 is the exponential.
    Gamma(f64),
}

/// How long one message takes: a fixed part and a part of chance. Below zero counts as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Delay {
    /// What every message needs; the mean where jitter goes either way.
    pub base_ns: i64,
    /// The scale of what varies.
    pub jitter_ns: i64,
    /// How that is spread.
    pub shape: Shape,
    /// No message is faster, whatever chance says.
    pub floor_ns: i64,
}

impl Delay {
    /// The same for every message.
    #[must_use]
    pub const fn fixed(base_ns: i64) -> Self {
        Self { base_ns, jitter_ns: 0, shape: Shape::Constant, floor_ns: 0 }
    }

    /// One delay. Draws from `prng` only when there is jitter.
    #[inline]
    pub fn sample(&self, prng: &mut Prng) -> Nanos {
        let base = self.base_ns.max(0);
        let jitter = if self.jitter_ns <= 0 { 0 } else { self.jitter(prng) };
        Nanos(base.saturating_add(jitter).max(self.floor_ns).max(0))
    }

    #[inline]
    fn jitter(&self, prng: &mut Prng) -> i64 {
        match self.shape {
            Shape::Constant => 0,
            Shape::Uniform => prng.between(0, self.jitter_ns),
            Shape::Exponential => spread(prng.exponential(), self.jitter_ns),
            Shape::Normal => spread(prng.normal(), self.jitter_ns),
            Shape::Gamma(shape) => spread(prng.gamma(shape), self.jitter_ns),
        }
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

/// What messages took that were sent at known times. Between two of them a message takes what lies on the straight
/// line between theirs; before the first and after the last, what that one took. The method of hftbacktest's
/// `IntpOrderLatency`, in whole numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Sent at, took; by time, no two of one time, and never none.
    points: Vec<(i64, i64)>,
}

impl Measured {
    /// From what was measured, in any order; of two at one time the later one counts. A message that took less than
    /// nothing took nothing. `None` when nothing was measured.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (Nanos, Nanos)>) -> Option<Self> {
        let mut points: Vec<_> = points.into_iter().map(|(sent, took)| (sent.0, took.0.max(0))).collect();
        points.sort_by_key(|&(sent, _)| sent);
        // Keeps the last of equals.
        points.reverse();
        points.dedup_by_key(|&mut (sent, _)| sent);
        points.reverse();
        (!points.is_empty()).then_some(Self { points })
    }

    /// The first and the last time something was measured.
    #[must_use]
    pub fn span(&self) -> (Nanos, Nanos) {
        let at = |place: usize| Nanos(self.points[place].0);
        (at(0), at(self.points.len() - 1))
    }

    /// What a message takes that is sent at `sent`.
    #[must_use]
    pub fn at(&self, sent: Nanos) -> Nanos {
        let next = self.points.partition_point(|&(at, _)| at <= sent.0);
        let Some(before) = next.checked_sub(1) else { return Nanos(self.points[0].1) };
        let Some(&(to, took_then)) = self.points.get(next) else { return Nanos(self.points[before].1) };
        let (from, took) = self.points[before];
        // Wide: spans of years times delays of seconds go beyond 64 bits.
        let rise = (i128::from(took_then) - i128::from(took)) * (i128::from(sent.0) - i128::from(from));
        let part = rise / (i128::from(to) - i128::from(from));
        Nanos(took + i64::try_from(part).expect("between two 64-bit delays of one sign"))
    }
}

/// Where a link's delays come from.
#[derive(Clone, Debug)]
enum Source {
    Drawn(Delay),
    Measured(Measured),
}

/// One direction of one connection: first in, first out.
#[derive(Clone, Debug)]
pub struct Link {
    source: Source,
    prng: Prng,
    /// When the message before this one arrived.
    last: Nanos,
}

impl Link {
    /// A link with its own chance: give each a fork of the run's generator.
    #[must_use]
    pub const fn new(delay: Delay, prng: Prng) -> Self {
        Self { source: Source::Drawn(delay), prng, last: Nanos::MIN }
    }

    /// A link on which messages take what was measured.
    #[must_use]
    pub fn measured(delays: Measured) -> Self {
        Self { source: Source::Measured(delays), prng: Prng::new(0), last: Nanos::MIN }
    }

    /// When a message sent at `sent` arrives: never before the one sent ahead of it, as on a TCP stream, where
    /// a delayed segment holds up what follows.
    #[inline]
    pub fn arrival(&mut self, sent: Nanos) -> Nanos {
        let took = match &self.source {
            Source::Drawn(delay) => delay.sample(&mut self.prng),
            Source::Measured(delays) => delays.at(sent),
        };
        self.last = self.last.max(sent + took);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [Shape; 5] =
        [Shape::Constant, Shape::Uniform, Shape::Exponential, Shape::Normal, Shape::Gamma(2.0)];

    fn delay(base_ns: i64, jitter_ns: i64, shape: Shape) -> Delay {
        Delay { base_ns, jitter_ns, shape, floor_ns: 0 }
    }

    #[test]
    fn nothing_overtakes_and_nothing_arrives_before_its_floor() {
        for shape in SHAPES {
            for (base, jitter) in [(0, 0), (1_000, 0), (0, 5_000), (1_000_000, 300_000)] {
                // Normal jitter goes below the base, the others do not.
                let floor_ns = if shape == Shape::Normal { base * 3 / 4 } else { base };
                let mut link = Link::new(Delay { floor_ns, ..delay(base, jitter, shape) }, Prng::new(1));
                let mut clock = Prng::new(2);
                let (mut sent, mut before) = (0, Nanos::MIN);
                for _ in 0..10_000 {
                    sent += clock.between(0, 2_000);
                    let arrival = link.arrival(Nanos(sent));
                    assert!(arrival >= before, "{base} {jitter} {shape:?}");
                    assert!(arrival.0 >= sent + floor_ns, "{base} {jitter} {shape:?}");
                    before = arrival;
                }
            }
        }
    }

    #[test]
    fn a_message_waits_for_the_one_ahead() {
        let mut link = Link::new(Delay::fixed(100), Prng::new(0));
        assert_eq!(link.arrival(Nanos(50)), Nanos(150));
        link.source = Source::Drawn(Delay::fixed(10));
        assert_eq!(link.arrival(Nanos(60)), Nanos(150));
        assert_eq!(link.arrival(Nanos(141)), Nanos(151));
    }

    /// Mean and deviation of what comes on top of the base, and the fourth central moment over the squared variance.
    #[test]
    fn jitter_has_the_moments_it_is_given() {
        let scale = 10_000.0;
        let cases = [
            (Shape::Constant, 0.0, 0.0, 3.0),
            (Shape::Uniform, scale / 2.0, scale / 12.0_f64.sqrt(), 1.8),
            (Shape::Exponential, scale, scale, 9.0),
            (Shape::Normal, 0.0, scale, 3.0),
            (Shape::Gamma(0.5), scale * 0.5, scale * 0.5_f64.sqrt(), 15.0),
            (Shape::Gamma(4.0), scale * 4.0, scale * 2.0, 4.5),
        ];
        let count = 100_000;
        for (shape, mean, deviation, kurtosis) in cases {
            let mut prng = Prng::new(3);
            // Far from zero, so that nothing is cut.
            let drawn = |_| delay(1_000_000, 10_000, shape).sample(&mut prng).0 - 1_000_000;
            #[expect(clippy::cast_precision_loss, reason = "a test's moments")]
            let drawn: Vec<f64> = (0..count).map(drawn).map(|ns| ns as f64).collect();
            let n = f64::from(count);
            let measured = drawn.iter().sum::<f64>() / n;
            let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            // Five standard errors, and half a nano for rounding down.
            assert!((measured - mean).abs() < 5.0 * deviation / n.sqrt() + 0.5, "{shape:?}: {measured}");
            let error = 5.0 * deviation * deviation * ((kurtosis - 1.0) / n).sqrt() + deviation;
            assert!((variance - deviation * deviation).abs() <= error, "{shape:?}: {variance}");
        }
    }

    #[test]
    fn a_floor_cuts_what_is_faster_and_nothing_else() {
        let floored = Delay { floor_ns: 95, ..delay(100, 10, Shape::Normal) };
        let (mut one, mut other) = (Prng::new(5), Prng::new(5));
        let mut cut = 0;
        for _ in 0..10_000 {
            let free = delay(100, 10, Shape::Normal).sample(&mut one).0;
            let held = floored.sample(&mut other).0;
            assert_eq!(held, free.max(95));
            cut += u32::from(free < 95);
        }
        // Cut towards the base, only six and more below it are below 95: Φ(-0.6) is 0.2743; five deviations.
        assert!((2_520..2_967).contains(&cut), "{cut}");
        assert_eq!(Delay { floor_ns: 7, ..Delay::fixed(3) }.sample(&mut one), Nanos(7));
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        for shape in [Shape::Exponential, Shape::Normal, Shape::Gamma(0.7)] {
            let arrivals = |seed| {
                let mut link = Link::new(delay(10, 1_000, shape), Prng::new(seed));
                (0..100).map(|i| link.arrival(Nanos(i * 100))).collect::<Vec<_>>()
            };
            assert_eq!(arrivals(9), arrivals(9));
            assert_ne!(arrivals(9), arrivals(10));
        }
    }

    #[test]
    fn extremes_saturate() {
        for shape in SHAPES {
            let mut link = Link::new(delay(i64::MAX, i64::MAX, shape), Prng::new(4));
            let arrival = link.arrival(Nanos(i64::MAX));
            assert!(arrival == Nanos::MAX, "{shape:?}: {arrival:?}");
        }
        assert_eq!(delay(-5, -5, Shape::Uniform).sample(&mut Prng::new(0)), Nanos(0));
    }

    fn measured(points: &[(i64, i64)]) -> Measured {
        Measured::new(points.iter().map(|&(sent, took)| (Nanos(sent), Nanos(took)))).expect("some")
    }

    #[test]
    fn between_two_measurements_lies_a_straight_line() {
        let delays = measured(&[(100, 10), (200, 30), (300, 0)]);
        let cases = [
            (i64::MIN, 10),
            (99, 10),
            (100, 10),
            (150, 20),
            (154, 20),
            (155, 21),
            (200, 30),
            (210, 27),
            (299, 1),
            (300, 0),
            (i64::MAX, 0),
        ];
        for (sent, took) in cases {
            assert_eq!(delays.at(Nanos(sent)), Nanos(took), "{sent}");
        }
        assert_eq!(delays.span(), (Nanos(100), Nanos(300)));
        assert_eq!(measured(&[(5, 7)]).at(Nanos(0)), Nanos(7));
        // Unsorted, twice at one time, and faster than nothing.
        let odd = measured(&[(9, -4), (1, 3), (9, 8), (5, -1)]);
        assert_eq!([1, 5, 9].map(|sent| odd.at(Nanos(sent)).0), [3, 0, 8]);
        assert_eq!(Measured::new([]), None);
        let wide = measured(&[(i64::MIN, 0), (i64::MAX, i64::MAX)]);
        assert_eq!(wide.at(Nanos(0)), Nanos(i64::MAX / 2));
    }

    /// Row by row from the start, in floating point, as hftbacktest documents it.
    fn plainly(points: &[(i64, i64)], sent: i64) -> f64 {
        let (first, last) = (points[0], points[points.len() - 1]);
        if sent < first.0 {
            return first.1 as f64;
        }
        for pair in points.windows(2) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            if x1 <= sent && sent < x2 {
                return (y2 - y1) as f64 / (x2 - x1) as f64 * (sent - x1) as f64 + y1 as f64;
            }
        }
        last.1 as f64
    }

    #[test]
    fn the_line_is_the_one_a_plain_search_finds() {
        for seed in 0..200 {
            let mut prng = Prng::new(seed);
            let mut at = prng.between(-1_000, 1_000);
            let points: Vec<(i64, i64)> = (0..prng.between(1, 40))
                .map(|_| {
                    at += prng.between(1, 50_000_000);
                    (at, prng.between(0, 30_000_000))
                })
                .collect();
            let delays = measured(&points);
            for _ in 0..200 {
                let sent = prng.between(-100_000, at + 100_000);
                let (found, plain) = (delays.at(Nanos(sent)).0, plainly(&points, sent));
                assert!((found as f64 - plain).abs() <= 1.0, "seed {seed} at {sent}: {found}, {plain}");
            }
        }
    }

    #[test]
    fn on_a_measured_link_nothing_overtakes() {
        let mut link = Link::measured(measured(&[(0, 1_000), (100, 0)]));
        let arrivals: Vec<i64> = [0, 50, 100, 2_000].map(|sent| link.arrival(Nanos(sent)).0).to_vec();
        assert_eq!(arrivals, [1_000, 1_000, 1_000, 2_000]);
    }
}
