//! What the mid's path shows: on a grid of tenths of a second, each point the mid that stood then.

use super::Curve;
use quant::Moments;
use stdx::math;

/// Grid points a second.
pub(super) const GRID: usize = 10;
/// Horizons of kurtosis, in seconds.
pub const HORIZONS: &[usize] = &[1, 5, 10, 30, 60, 300];
/// Horizons of the volatility signature, in tenths of a second.
pub const SIGNATURE: &[usize] = &[1, 2, 5, 10, 20, 50, 100, 300, 600, 1_200, 3_000, 6_000];

#[expect(clippy::cast_precision_loss, reason = "counts and mids are far below 2⁵³")]
pub(super) const fn float(count: usize) -> f64 {
    count as f64
}

/// Changes over `step` grid points; where the mid was not known at either end there is none.
pub(super) fn changes(mids: &[f64], step: usize) -> Vec<f64> {
    let all = (0..mids.len().saturating_sub(step)).step_by(step).map(|at| mids[at + step] - mids[at]);
    all.filter(|change| change.is_finite()).collect()
}

/// The root of the mean square, over the root of the horizon; overlapping, so that long horizons use all of the day.
pub(super) fn signature(mids: &[f64]) -> Curve {
    let point = |step: &usize| {
        let stride = (step / 10).max(1);
        let (mut sum, mut count) = (0.0, 0);
        for at in (0..mids.len().saturating_sub(*step)).step_by(stride) {
            let change = mids[at + step] - mids[at];
            if change.is_finite() {
                sum += change * change;
                count += 1;
            }
        }
        let seconds = float(*step) / float(GRID);
        (count > 5).then(|| (seconds, math::sqrt(sum / float(count) / seconds)))
    };
    SIGNATURE.iter().filter_map(point).collect()
}

pub(super) fn kurtosis(mids: &[f64]) -> Curve {
    let point = |seconds: &usize| {
        let moments = Moments::of(&changes(mids, seconds * GRID))?;
        (moments.count >= 30).then(|| (float(*seconds), moments.kurtosis))
    };
    HORIZONS.iter().filter_map(point).collect()
}

/// Correlation of a series with itself, `lag` later, for each of the lags.
pub(super) fn autocorrelation(values: &[f64], lags: &[usize]) -> Vec<(usize, f64)> {
    let n = float(values.len());
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    let variance: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let of = |lag: &usize| {
        let pairs = values.iter().zip(values.get(*lag..)?);
        let sum: f64 = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum();
        (values.len() > lag + 10 && variance > 0.0).then(|| (*lag, sum / variance))
    };
    lags.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    #[test]
    fn a_random_walk_has_a_flat_signature_and_no_memory() {
        let mut prng = Prng::new(4);
        let mut mid = 0.0;
        let mids: Vec<f64> = (0..200_000)
            .map(|_| {
                mid += prng.normal();
                mid
            })
            .collect();
        for (seconds, value) in signature(&mids) {
            // A step of deviation 1 each tenth of a second. A deviation of n changes is known to 1 / √(2n) of itself.
            let error = 1.0 / math::sqrt(2.0 * 20_000.0 / seconds);
            assert!((value / math::sqrt(10.0) - 1.0).abs() < 4.0 * error, "{seconds}: {value}");
        }
        for (_, value) in autocorrelation(&changes(&mids, GRID), &[1, 5]) {
            assert!(value.abs() < 0.03, "{value}");
        }
        assert!(kurtosis(&mids).iter().all(|(_, value)| (value - 3.0).abs() < 0.6));
    }

    #[test]
    fn autocorrelation_meets_numpy() {
        // numpy: x = [1,3,2,5,4,6,5,8,7,9,8,11,10]; d = x-x.mean(); (d[:-1]*d[1:]).sum()/(d*d).sum().
        let values = [1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 5.0, 8.0, 7.0, 9.0, 8.0, 11.0, 10.0];
        let found = autocorrelation(&values, &[1, 2]);
        let known = AUTOCORRELATION;
        for ((_, found), known) in found.iter().zip(known) {
            assert!((found - known).abs() < 1e-12, "{found} is not {known}");
        }
    }
    const AUTOCORRELATION: [f64; 2] = [0.625_115_848_007_414_3, 0.548_089_795_077_746_9];
}
