//! The first four moments of a series: what the tests of Sharpe ratios ask for.

use stdx::math;

/// Mean, deviation and shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// How many values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard deviation, divided by n - 1.
    pub deviation: f64,
    /// Third standardised moment, divided by n; 0 for the normal distribution.
    pub skewness: f64,
    /// Fourth standardised moment, divided by n: 3 for the normal distribution, nothing taken off.
    pub kurtosis: f64,
}

impl Moments {
    /// Of at least two values that are not all the same; of others there is no shape to speak of.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "values are far fewer than 2⁵³")]
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        if values.len() < 2 {
            return None;
        }
        let mean = mean(values);
        let [mut second, mut third, mut fourth] = [0.0; 3];
        for value in values {
            let off = value - mean;
            second += off * off;
            third += off * off * off;
            fourth += off * off * off * off;
        }
        // What is left of equal values is rounding, and no variation.
        let noise = n * (mean * 1e-14) * (mean * 1e-14);
        if second.is_nan() || second <= noise {
            return None;
        }
        let variance = second / n;
        Some(Self {
            count: values.len(),
            mean,
            deviation: math::sqrt(second / (n - 1.0)),
            skewness: third / n / (variance * math::sqrt(variance)),
            kurtosis: fourth / n / (variance * variance),
        })
    }

    /// Mean over deviation, of one interval.
    #[must_use]
    pub fn sharpe(&self) -> f64 {
        self.mean / self.deviation
    }
}

/// The mean; 0 of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "values are far fewer than 2⁵³")]
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The value below which a share `p` of sorted values lies, between neighbours linearly (Hyndman & Fan 1996, type 7).
///
/// # Panics
/// When there is no value.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among values, clamped to them"
)]
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    assert!(!sorted.is_empty(), "nothing has no quantile");
    let place = p.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_meet_scipy() {
        // numpy std(ddof=1), scipy.stats.skew and kurtosis(fisher=False).
        let moments = Moments::of(&[1.0, 2.0, 3.0, 4.0, 10.0]).expect("they vary");
        let found = [moments.mean, moments.deviation, moments.skewness, moments.kurtosis];
        let known = [4.0, 3.535_533_905_932_737_6, 1.138_419_957_660_610_2, 2.788];
        for (found, known) in found.iter().zip(known) {
            assert!((found - known).abs() < 1e-12, "{found} is not {known}");
        }
    }

    #[test]
    fn without_variation_there_is_no_shape() {
        for values in [&[][..], &[1.0], &[0.1; 7], &[0.0; 3], &[f64::NAN, 1.0]] {
            assert_eq!(Moments::of(values), None, "{values:?}");
        }
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let sorted = [1.0, 2.0, 4.0];
        for (p, value) in [(0.0, 1.0), (0.25, 1.5), (0.5, 2.0), (0.75, 3.0), (1.0, 4.0), (2.0, 4.0)] {
            assert!((quantile(&sorted, p) - value).abs() < 1e-15, "{p}");
        }
    }
}
