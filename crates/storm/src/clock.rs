//! The clocks of a process: one that inputs are stamped by, which never goes back, and one on the wall, which may.
//!
//! | model | the first clock |
//! |---|---|
//! | linear | goes faster or slower by so many parts in a million |
//! | periodic | swings around that, a minute for each swing |
//! | step | linear, and the wall jumps |
//! | non-ideal | changes its rate every second by chance, and reads a little late |

use stdx::Prng;
use types::Nanos;

/// How a clock errs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Linear,
    Periodic,
    Step,
    NonIdeal,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    model: Model,
    starts_at: Nanos,
    drift_ppm: i64,
    seed: u64,
    /// The last reading: the next is not before it.
    last: Nanos,
    /// How far the wall is ahead.
    pub(crate) wall_ahead: Nanos,
}

impl Clock {
    pub(crate) fn new(seed: u64, starts_at: Nanos, drift_ppm: f64) -> Self {
        let mut prng = Prng::new(seed).fork("clock");
        let models = [Model::Linear, Model::Periodic, Model::Step, Model::NonIdeal];
        let model = models[usize::try_from(prng.below(4)).expect("small")];
        #[expect(clippy::cast_possible_truncation, reason = "a few hundred")]
        let drift_ppm = drift_ppm as i64;
        Self { model, starts_at, drift_ppm, seed: prng.bits(), last: Nanos::MIN, wall_ahead: Nanos(0) }
    }

    pub(crate) const fn model(&self) -> Model {
        self.model
    }

    /// What the first clock says.
    pub(crate) fn read(&mut self, now: Nanos) -> Nanos {
        let since = (now - self.starts_at).0;
        let drift = since / 1_000_000 * self.drift_ppm;
        let error = match self.model {
            Model::Linear | Model::Step => drift,
            Model::Periodic => drift + triangle(since, 60_000_000_000) * 2,
            Model::NonIdeal => {
                let second = since.div_euclid(1_000_000_000).cast_unsigned();
                let mut prng = Prng::new(self.seed ^ second.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                drift + prng.between(-50_000, 0)
            }
        };
        self.last = self.last.max(now + Nanos(error));
        self.last
    }
}

/// Between -period/4000 and as much above: a swing without a sine.
const fn triangle(since: i64, period: i64) -> i64 {
    let within = since.rem_euclid(period);
    let half = period / 2;
    let up = if within < half { within } else { period - within };
    (up - half / 2) / 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reading_is_before_the_one_before_it() {
        for seed in 0..20 {
            let mut clock = Clock::new(seed, Nanos(0), if seed % 2 == 0 { 200.0 } else { -200.0 });
            let mut prng = Prng::new(seed);
            let (mut now, mut last) = (Nanos(0), Nanos::MIN);
            for _ in 0..10_000 {
                now = now + Nanos(prng.between(0, 20_000_000));
                let read = clock.read(now);
                assert!(read >= last, "{:?}", clock.model());
                assert!((read - now).0.abs() < 200_000_000, "{:?} {}", clock.model(), (read - now).0);
                last = read;
            }
        }
    }
}
