//! How fast the mid moves: ticks per square root of a second. Owns one exponential mean; never sees trades.
//!
//! The mid is looked at on a grid of fixed steps in time, not at its changes: between two looks a flicker of the
//! touch that comes back leaves nothing, and a busy second weighs no more than a quiet one. Cost: one compare an
//! event; one multiplication, and a `pow` after silence, a grid step.

use serde::{Deserialize, Serialize};
use stdx::math;
use types::Nanos;

/// The exponentially weighted mean of squared mid changes over a fixed interval (RiskMetrics 1996, section 5.2,
/// with the weights of the samples seen so far made to sum to one).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Volatility {
    interval: Nanos,
    /// What a sample's weight keeps after one interval.
    decay: f64,
    grid: Option<Grid>,
    /// Σ weight × change², in ticks².
    squares: f64,
    /// Σ weight: `1 - decay^samples`.
    weight: f64,
    samples: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Grid {
    /// The last look.
    at: Nanos,
    /// The mid then, in ticks.
    mid: f64,
    /// The mid since the last event, in ticks.
    held: f64,
}

impl Volatility {
    /// Looks every `interval`; a look's weight halves every `half_life`.
    ///
    /// # Panics
    /// When either is not above zero.
    #[must_use]
    pub fn new(interval: Nanos, half_life: Nanos) -> Self {
        assert!(interval.0 > 0 && half_life.0 > 0, "a mean over no time");
        Self {
            interval,
            decay: math::pow(0.5, interval.to_secs_f64() / half_life.to_secs_f64()),
            grid: None,
            squares: 0.0,
            weight: 0.0,
            samples: 0,
        }
    }

    /// The mid is now this. A look that falls on `now` sees the mid that stood until now.
    #[inline]
    pub fn on_mid(&mut self, now: Nanos, mid_ticks: f64) {
        let Some(grid) = &mut self.grid else {
            self.grid = Some(Grid { at: now, mid: mid_ticks, held: mid_ticks });
            return;
        };
        let looks = (now - grid.at).0 / self.interval.0;
        if looks > 0 {
            let change = grid.held - grid.mid;
            *grid = Grid { at: grid.at + Nanos(looks * self.interval.0), mid: grid.held, held: mid_ticks };
            self.learn(change, looks);
        } else {
            grid.held = mid_ticks;
        }
    }

    /// The book cannot be trusted from here to the next mid: the move over that time is not learnt from.
    pub const fn on_interruption(&mut self) {
        self.grid = None;
    }

    /// One change, then `looks - 1` looks at a mid that had not moved.
    fn learn(&mut self, change: f64, looks: i64) {
        self.squares = self.decay * self.squares + (1.0 - self.decay) * change * change;
        self.weight = 1.0 - self.decay * (1.0 - self.weight);
        if looks > 1 {
            #[expect(clippy::cast_precision_loss, reason = "an exponent of silence")]
            let kept = math::pow(self.decay, (looks - 1) as f64);
            self.squares *= kept;
            self.weight = 1.0 - kept * (1.0 - self.weight);
        }
        self.samples = self.samples.saturating_add(looks.unsigned_abs());
    }

    /// The estimate, in ticks per √second; `None` before the first look.
    #[inline]
    #[must_use]
    pub fn ticks_per_sqrt_second(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| math::sqrt(self.squares / self.weight / self.interval.to_secs_f64()))
    }

    /// How many looks it rests on.
    #[inline]
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// The estimate's standard error as a share of it, if changes were normal and independent: `1 / √(2n)` with
    /// the effective number of looks `n = (Σw)² / Σw²`. Fat tails make it larger.
    #[must_use]
    pub fn relative_error(&self) -> Option<f64> {
        let effective = self.weight * (1.0 + self.decay) / ((1.0 - self.decay) * (2.0 - self.weight));
        (self.weight > 0.0).then(|| 1.0 / math::sqrt(2.0 * effective))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    const SECOND: Nanos = Nanos::from_secs(1);

    /// The obvious version: the mid at every grid point by search, then the weighted mean of the squares.
    fn batch(mids: &[(Nanos, f64)], interval: Nanos, half_life: Nanos) -> Option<f64> {
        let (first, last) = (mids.first()?.0, mids.last()?.0);
        let standing = |at: Nanos| {
            let before = mids.iter().rev().find(|(when, _)| *when < at || *when == first);
            before.expect("the first mid stands before every look").1
        };
        let (mut looks, mut at) = (vec![standing(first)], first + interval);
        while at <= last {
            looks.push(standing(at));
            at = at + interval;
        }
        let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
        for pair in looks.windows(2).rev() {
            sum += weight * (pair[1] - pair[0]) * (pair[1] - pair[0]);
            weights += weight;
            weight *= 0.5_f64.powf(interval.to_secs_f64() / half_life.to_secs_f64());
        }
        (weights > 0.0).then(|| (sum / weights / interval.to_secs_f64()).sqrt())
    }

    #[test]
    fn the_stream_equals_the_batch_formula() {
        for seed in 0..20 {
            let mut prng = Prng::new(seed);
            let half_life = Nanos::from_secs(prng.between(1, 100));
            let interval = Nanos::from_millis(prng.between(50, 3_000));
            let mut volatility = Volatility::new(interval, half_life);
            let (mut mids, mut at, mut mid) = (Vec::new(), Nanos(77), 1_000.0);
            for _ in 0..400 {
                volatility.on_mid(at, mid);
                mids.push((at, mid));
                // Bursts, and silences of many intervals.
                let silence = if prng.chance(0.05) { 20_000 } else { 300 };
                at = at + Nanos(1 + prng.between(0, silence) * 1_000_000);
                mid += 0.5 * prng.normal();
            }
            let got = volatility.ticks_per_sqrt_second().expect("many looks");
            let want = batch(&mids, interval, half_life).expect("many looks");
            assert!((got / want - 1.0).abs() < 1e-9, "seed {seed}: {got} is not {want}");
        }
    }

    #[test]
    fn a_few_looks_by_hand() {
        // Looks at 1, 2 and 3 s see 10, 10 and 13; half of the weight is lost each second:
        // (4·0 + 2·0 + ... ) → squares 0, 0, 9 with weights 1/4, 1/2, 1 → 9 / 1.75.
        let mut volatility = Volatility::new(SECOND, SECOND);
        assert!(volatility.ticks_per_sqrt_second().is_none());
        for (millis, mid) in [(0, 10.0), (2_100, 13.0), (2_900, 99.0), (2_950, 13.0), (3_000, 50.0)] {
            volatility.on_mid(Nanos::from_millis(millis), mid);
        }
        let want = (9.0_f64 / 1.75).sqrt();
        assert!((volatility.ticks_per_sqrt_second().expect("looks") - want).abs() < 1e-12);
        assert_eq!(volatility.samples(), 3);
    }

    #[test]
    fn the_move_across_an_interruption_is_not_learnt() {
        let mut volatility = Volatility::new(SECOND, Nanos::from_secs(60));
        volatility.on_mid(Nanos::from_secs(0), 10.0);
        volatility.on_mid(Nanos::from_secs(1), 10.0);
        volatility.on_interruption();
        volatility.on_mid(Nanos::from_secs(500), 9_000.0);
        volatility.on_mid(Nanos::from_secs(502), 9_000.0);
        assert!(volatility.ticks_per_sqrt_second().expect("looks").abs() < 1e-12);
        assert_eq!(volatility.samples(), 3);
    }

    #[test]
    fn time_that_stands_or_goes_back_breaks_nothing() {
        let mut volatility = Volatility::new(SECOND, SECOND);
        for at in [5, 5, 3, i64::MIN, i64::MAX, i64::MIN, 5] {
            volatility.on_mid(Nanos(at), 1.0);
        }
        assert!(volatility.ticks_per_sqrt_second().is_some_and(|sigma| sigma.abs() < 1e-12));
    }

    /// Brownian mids with known sigma at random times: the mean of the variance estimates over 200 runs must lie
    /// within 3 standard errors of the truth, and their spread must be what `relative_error` claims (whose own
    /// error over 200 runs is 5 %: three of them).
    #[test]
    fn a_known_sigma_is_recovered_within_its_stated_error() {
        const RUNS: u32 = 200;
        let sigma = 1.7;
        let (mut sum, mut squares, mut claimed) = (0.0, 0.0, 0.0);
        for run in 0..RUNS {
            let mut prng = Prng::new(u64::from(run));
            let mut volatility = Volatility::new(SECOND, Nanos::from_secs(120));
            let (mut at_s, mut mid) = (0.0, 500.0);
            while at_s < 600.0 {
                #[expect(clippy::cast_possible_truncation, reason = "ten minutes in nanoseconds")]
                volatility.on_mid(Nanos((at_s * 1e9) as i64), mid);
                let step_s = 0.05 * prng.exponential();
                at_s += step_s;
                mid += sigma * step_s.sqrt() * prng.normal();
            }
            let share = volatility.ticks_per_sqrt_second().expect("looks") / sigma;
            sum += share * share;
            squares += (share * share - 1.0) * (share * share - 1.0);
            claimed = volatility.relative_error().expect("looks");
        }
        let runs = f64::from(RUNS);
        let deviation = (squares / runs).sqrt();
        // A look is up to one event late, which takes 1 % at most from a second; on average nothing.
        assert!((sum / runs - 1.0).abs() < 3.0 * deviation / runs.sqrt(), "{}", sum / runs);
        // The variance's relative error is twice the deviation's.
        assert!((deviation / (2.0 * claimed) - 1.0).abs() < 0.15, "{deviation} {claimed}");
    }
}
