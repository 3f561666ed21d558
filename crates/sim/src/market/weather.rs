//! What moves all instruments of a generated market together: a fair value that wanders, and how busy it is.
//!
//! Never looks at a book. Advances in fixed steps of time, so that what it says at a moment does not depend on
//! who asked before.

use stdx::{Prng, math};
use types::Nanos;

/// How often the weather changes.
const STEP: Nanos = Nanos::from_millis(100);
/// The half-way memory of the fair value, in seconds: it has forgotten most of where it was after ten minutes.
const MEMORY_S: f64 = 600.0;
/// Mean time between bursts, in seconds.
const BURST_EVERY_S: f64 = 120.0;
/// How fast a burst dies down, in seconds.
const BURST_FADES_S: f64 = 3.0;
/// How much a burst adds on average, in multiples of the usual activity.
const BURST_ADDS: f64 = 4.0;
/// How much busier the open is, and how fast that wears off, in seconds.
const OPENING: (f64, f64) = (1.5, 120.0);

/// The state of the weather; see the module.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    prng: Prng,
    opened_at: Nanos,
    now: Nanos,
    /// A standard Ornstein-Uhlenbeck process: mean 0, deviation 1 in the long run.
    common: f64,
    burst: f64,
    activity: f64,
}

impl Weather {
    pub(crate) fn new(opened_at: Nanos, prng: Prng) -> Self {
        Self { prng, opened_at, now: opened_at, common: 0.0, burst: 0.0, activity: 1.0 + OPENING.0 }
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, to: Nanos) {
        while self.now + STEP <= to {
            self.now = self.now + STEP;
            let step = STEP.to_secs_f64();
            self.common = wander(self.common, step, &mut self.prng);
            self.burst *= math::exp(-step / BURST_FADES_S);
            if self.prng.chance(step / BURST_EVERY_S) {
                self.burst += BURST_ADDS * self.prng.exponential();
            }
            let open_for = (self.now - self.opened_at).to_secs_f64();
            self.activity = 1.0 + self.burst + OPENING.0 * math::exp(-open_for / OPENING.1);
        }
    }

    /// The common part of everybody's fair value, in deviations.
    pub(crate) const fn common(&self) -> f64 {
        self.common
    }

    /// How busy it is, 1 being usual.
    pub(crate) const fn activity(&self) -> f64 {
        self.activity
    }
}

/// One exact step of a standard Ornstein-Uhlenbeck process (Gillespie 1996, "Exact numerical
/// simulation of the Ornstein-Uhlenbeck process").
pub(crate) fn wander(x: f64, seconds: f64, prng: &mut Prng) -> f64 {
    let keep = math::exp(-seconds / MEMORY_S);
    x * keep + math::sqrt(1.0 - keep * keep) * prng.normal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fair_value_comes_back() {
        let mut prng = Prng::new(1);
        let (mut x, mut sum, mut square) = (0.0, 0.0, 0.0);
        let count = 200_000;
        for _ in 0..count {
            x = wander(x, 60.0, &mut prng);
            sum += x;
            square += x * x;
        }
        // Consecutive values remember e^-0.1 of each other: about count / 20 independent ones.
        let independent = f64::from(count) / 20.0;
        assert!((sum / f64::from(count)).abs() < 5.0 / independent.sqrt());
        assert!((square / f64::from(count) - 1.0).abs() < 5.0 * (2.0 / independent).sqrt());
    }

    #[test]
    fn asking_more_often_changes_nothing() {
        let start = Nanos::from_secs(1_000);
        let (mut often, mut once) = (Weather::new(start, Prng::new(2)), Weather::new(start, Prng::new(2)));
        for i in 0..=3_000 {
            often.advance(start + Nanos::from_millis(i * 33));
        }
        once.advance(start + Nanos::from_millis(99_000));
        assert_eq!(often.common().to_bits(), once.common().to_bits());
        assert_eq!(often.activity().to_bits(), once.activity().to_bits());
    }
}
