//! How long the blocks of a bootstrap should be: as long as the series remembers. Politis & White, *Automatic
//! block-length selection for the dependent bootstrap*, Econometric Reviews 23(1), 2004, with the correction of
//! Patton, Politis & White, 28(4), 2009.

use crate::moments::mean;
use stdx::math;

/// The lengths that make the variance of a bootstrapped mean most precise; 1 is no dependence at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockLengths {
    /// The mean length for the stationary bootstrap.
    pub stationary: f64,
    /// The length for the circular one.
    pub circular: f64,
}

/// Below this many values no autocorrelation can be told from noise.
const LEAST: usize = 10;

/// The lengths for a series, between 1 and `min(3 √n, n / 3)`. Series without variation, and very short ones, get 1.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "values are far fewer than 2⁵³")]
pub fn block_lengths(values: &[f64]) -> BlockLengths {
    let n = values.len() as f64;
    let short = BlockLengths { stationary: 1.0, circular: 1.0 };
    let mean = mean(values);
    let off: Vec<f64> = values.iter().map(|value| value - mean).collect();
    if values.len() < LEAST || off.iter().all(|value| value.abs() <= mean.abs() * 1e-14) {
        return short;
    }
    let lags = Lags::of(&off);
    let band = lags.band();
    // The flat-top window: one up to half of the band, then down to zero (2004, eq. 7).
    let window = |k: usize| {
        let share = k as f64 / band as f64;
        if share <= 0.5 { 1.0 } else { 2.0 * (1.0 - share) }
    };
    let mut long_run = lags.covariance[0];
    let mut slope = 0.0;
    for k in 1..=band {
        let weighted = 2.0 * window(k) * lags.covariance[k];
        long_run += weighted;
        slope += weighted * k as f64;
    }
    // D is 2 g(0)² for the stationary and 4/3 g(0)² for the circular bootstrap (2009, p. 372).
    let length = |factor: f64| {
        let d = factor * long_run * long_run;
        let best = math::pow(2.0 * slope * slope / d * n, 1.0 / 3.0);
        // At most a third of the series, so that there are blocks to choose from.
        let most = math::ceil((3.0 * math::sqrt(n)).min(n / 3.0));
        if best.is_nan() { 1.0 } else { best.clamp(1.0, most) }
    };
    BlockLengths { stationary: length(2.0), circular: length(4.0 / 3.0) }
}

/// What a series has in common with itself a while ago.
struct Lags {
    covariance: Vec<f64>,
    correlation: Vec<f64>,
    /// How many correlations in a row must be noise.
    quiet: usize,
    count: f64,
}

impl Lags {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "square roots and logarithms of a count"
    )]
    fn of(off: &[f64]) -> Self {
        let n = off.len() as f64;
        let quiet = (math::ln(n) / math::ln(10.0)) as usize;
        let quiet = quiet.max(5);
        let most = (math::ceil(math::sqrt(n)) as usize + quiet).min(off.len() - 2);
        let product = |k: usize| off[k..].iter().zip(off).map(|(a, b)| a * b).sum::<f64>();
        let covariance: Vec<f64> = (0..=most).map(|k| product(k) / n).collect();
        let correlation = covariance.iter().map(|c| c / covariance[0]).collect();
        Self { covariance, correlation, quiet, count: n }
    }

    /// Twice the first lag from which `quiet` correlations in a row are within `2 √(log₁₀ n / n)` (2004, footnote c;
    /// counted as in Patton's own program, which starts at the first quiet lag and not at the last loud one).
    fn band(&self) -> usize {
        let most = self.covariance.len() - 1;
        let noise = 2.0 * math::sqrt(math::ln(self.count) / math::ln(10.0) / self.count);
        let is_quiet =
            |first: &usize| (*first..first + self.quiet).all(|k| self.correlation[k].abs() < noise);
        let first = (1..=most.saturating_sub(self.quiet)).find(is_quiet);
        // Memory that does not end is looked at as far as there is something to see.
        first.map_or(most, |first| (2 * first).min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    /// `x' = φ x + ε`.
    pub(crate) fn autoregressive(phi: f64, count: usize, seed: u64) -> Vec<f64> {
        let mut prng = Prng::new(seed);
        let mut x = 0.0;
        let next = |_| {
            x = phi * x + prng.normal();
            x
        };
        (0..count + 100).map(next).skip(100).collect()
    }

    #[test]
    fn the_lengths_are_those_the_theory_gives_an_autoregression() {
        // For AR(1): G = 2φσ²/((1-φ)³(1+φ)), g(0) = σ²/(1-φ)², so the length is (2 G²/D)^⅓ n^⅓; the estimate's own
        // error is some 10 % at this length (2004, table 2).
        let (n, phi) = (20_000, 0.7);
        let ratio: f64 = 2.0 * phi / ((1.0 - phi) * (1.0 + phi));
        let best = (ratio * ratio * n as f64).cbrt();
        let runs = 8_u32;
        let (mut stationary, mut circular) = (0.0, 0.0);
        for seed in 0..runs {
            let found = block_lengths(&autoregressive(phi, n, seed.into()));
            stationary += found.stationary / f64::from(runs);
            circular += found.circular / f64::from(runs);
        }
        assert!((stationary / best - 1.0).abs() < 0.15, "{stationary} is not near {best}");
        assert!((circular / stationary - 1.5_f64.cbrt()).abs() < 1e-9);
    }

    #[test]
    fn noise_needs_short_blocks_and_odd_series_do_no_harm() {
        assert!(block_lengths(&autoregressive(0.0, 2_000, 3)).stationary < 6.0);
        for values in [&[][..], &[1.0], &[0.3; 50], &[1.0, 2.0, 1.0]] {
            assert_eq!(block_lengths(values), BlockLengths { stationary: 1.0, circular: 1.0 });
        }
        let ramp: Vec<f64> = (0..30).map(f64::from).collect();
        let found = block_lengths(&ramp);
        assert!(found.stationary > 1.0 && found.circular <= 10.0, "{found:?}");
    }
}
