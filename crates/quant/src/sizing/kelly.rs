//! Kelly's rule: the share of capital that grows it fastest in the long run, and how much less to bet on numbers that were
//! estimated.
//!
//! Half of Kelly's share has three quarters of its growth and half its volatility; twice the share has no growth at all.
//! An edge is rarely known to better than a factor of two, so the full share is a bound, not a proposal.

use crate::Covariance;
use crate::covariance::dot;

/// Of a bet that wins `odds` times the stake with chance `chance` and else loses it: `f = p - (1 - p)/b` (Kelly, A new
/// interpretation of information rate, Bell System Technical Journal 35, 1956). Nothing where there is no edge.
#[must_use]
pub fn binary(chance: f64, odds: f64) -> f64 {
    if !(0.0..=1.0).contains(&chance) || odds.is_nan() || odds <= 0.0 {
        return 0.0;
    }
    (chance - (1.0 - chance) / odds).max(0.0)
}

/// The same for a chance that is itself an estimate with standard error `error`: times
/// `e² / (e² + (b + 1)²·error²)` with the edge `e = (b + 1)·p - 1` (Baker & McHale, Optimal betting under parameter
/// uncertainty: improving the Kelly criterion, Decision Analysis 10(3), 2013, to second order in the share).
#[must_use]
pub fn binary_shrunk(chance: f64, odds: f64, error: f64) -> f64 {
    let full = binary(chance, odds);
    if full <= 0.0 || error.is_nan() {
        return 0.0;
    }
    let edge = (odds + 1.0) * chance - 1.0;
    let doubt = (odds + 1.0) * error;
    full * edge * edge / (edge * edge + doubt * doubt)
}

/// Shares of capital in several assets, and what they promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Kelly {
    /// By asset; below zero is short, and their sum may be far above one: borrowed.
    pub shares: Vec<f64>,
    /// Growth above the riskless rate, by the rate's unit of time: half of the square below.
    pub growth: f64,
    /// The square of the Sharpe ratio that the best mix has: `(μ - r)ᵀ Σ⁻¹ (μ - r)`.
    pub sharpe_squared: f64,
}

/// In continuous time: `f = Σ⁻¹ (μ - r)` (Thorp, The Kelly criterion in blackjack, sports betting and the stock market,
/// Handbook of Asset and Liability Management 1, 2006, section 7), for means above the riskless rate. `None` when the matrix
/// has no inverse.
#[must_use]
pub fn continuous(excess: &[f64], covariance: &Covariance) -> Option<Kelly> {
    if excess.len() != covariance.size() || excess.iter().any(|mean| !mean.is_finite()) {
        return None;
    }
    let shares = covariance.solve(excess)?;
    let sharpe_squared = dot(&shares, excess);
    Some(Kelly { shares, growth: sharpe_squared / 2.0, sharpe_squared })
}

/// Growth of any shares, above the riskless rate: `fᵀ(μ - r) - fᵀΣf / 2`. A multiple `c` of Kelly's shares has `c(2 - c)` of
/// its growth.
///
/// # Panics
/// When the sizes differ.
#[must_use]
pub fn growth(shares: &[f64], excess: &[f64], covariance: &Covariance) -> f64 {
    dot(shares, excess) - covariance.variance(shares) / 2.0
}

/// What multiple of the plug-in shares grows fastest when means and covariances were both estimated from `count` independent
/// normal observations of `assets` assets whose best mix truly has the squared Sharpe ratio `sharpe_squared`, by one
/// observation: `(T-N-1)(T-N-4) / (T(T-2)) · θ² / (θ² + N/T)` (Kan & Zhou, Optimal portfolio choice with parameter
/// uncertainty, Journal of Financial and Quantitative Analysis 42(3), 2007). There covariances are divided by T; here by
/// T - 1, as [`Covariance::of`] gives them.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "observations are far fewer than 2⁵³")]
pub fn best_multiple(sharpe_squared: f64, assets: usize, count: usize) -> f64 {
    let (n, t) = (assets as f64, count as f64);
    if count <= assets + 4 || assets == 0 || sharpe_squared.is_nan() || sharpe_squared <= 0.0 {
        return 0.0;
    }
    let for_covariances = (t - n - 1.0) * (t - n - 4.0) / ((t - 1.0) * (t - 2.0));
    for_covariances / (1.0 + n / t / sharpe_squared)
}

/// [`best_multiple`] where the truth is not known either, from what [`continuous`] found on the sample.
///
/// The best mix of a sample flatters, so the true square is taken as `((T-N-2)·θ̂² - N) / T`, which is unbiased (same paper),
/// and as nothing when that is below zero. It beats the plug-in whatever the truth is; where the sample says next to nothing
/// (θ² well below N/T) a fixed half or quarter does as well, and no bet better.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "observations are far fewer than 2⁵³")]
pub fn estimation_share(sharpe_squared: f64, assets: usize, count: usize) -> f64 {
    let (n, t) = (assets as f64, count as f64);
    if count <= assets + 4 {
        return 0.0;
    }
    let by_count = t / (t - 1.0);
    best_multiple(((t - n - 2.0) * sharpe_squared * by_count - n) / t, assets, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::{Prng, math};

    fn near(seen: f64, due: f64, tolerance: f64) {
        assert!((seen - due).abs() <= tolerance, "{seen} is not {due}");
    }

    /// Oracle OR-50: deviations 0.20 and 0.15, correlation 0.2, rate 0.02.
    fn two() -> (Vec<f64>, Covariance) {
        let covariance = Covariance::from_correlations(&[0.20, 0.15], &[1.0, 0.2, 0.2, 1.0]).expect("sound");
        (vec![0.06, 0.03], covariance)
    }

    #[test]
    fn a_bet_meets_the_closed_form() {
        near(binary(0.6, 1.0), 0.2, 1e-15);
        near(binary(0.4, 2.0), 0.1, 1e-15);
        for (chance, odds) in
            [(0.5, 1.0), (0.4, 1.0), (0.6, 0.0), (f64::NAN, 1.0), (1.1, 1.0), (0.6, f64::NAN)]
        {
            near(binary(chance, odds), 0.0, 0.0);
            near(binary_shrunk(chance, odds, 0.01), 0.0, 0.0);
        }
        near(binary_shrunk(0.6, 1.0, 0.0), 0.2, 1e-15);
        near(binary_shrunk(0.6, 1.0, 0.1), 0.1, 1e-15);
        near(binary_shrunk(0.6, 1.0, f64::INFINITY), 0.0, 0.0);
    }

    #[test]
    fn no_other_share_of_a_bet_grows_faster() {
        let growth = |f: f64| 0.4 * math::ln_1p(2.0 * f) + 0.6 * math::ln_1p(-f);
        let best = binary(0.4, 2.0);
        for step in 0..90 {
            assert!(growth(best) >= growth(f64::from(step) * 0.01), "{step}");
        }
    }

    #[test]
    fn two_assets_meet_the_closed_form() {
        let (excess, covariance) = two();
        let kelly = continuous(&excess, &covariance).expect("it has an inverse");
        near(kelly.shares[0], 1.354_166_666_666_667, 1e-12);
        near(kelly.shares[1], 0.972_222_222_222_222, 1e-12);
        near(0.02 + kelly.growth, 0.075_208_333_333_333, 1e-12);
        for c in [0.25, 0.5, 1.0, 1.5, 2.0] {
            let shares: Vec<f64> = kelly.shares.iter().map(|share| c * share).collect();
            near(growth(&shares, &excess, &covariance), c * (2.0 - c) * kelly.growth, 1e-15);
        }
        assert_eq!(continuous(&[0.1], &covariance), None);
        assert_eq!(continuous(&[0.1, f64::NAN], &covariance), None);
    }

    #[test]
    fn a_short_or_worthless_sample_bets_nothing() {
        near(estimation_share(0.01, 3, 7), 0.0, 0.0);
        near(estimation_share(f64::NAN, 1, 100), 0.0, 0.0);
        // θ̂² of about N/T is what chance alone gives.
        near(estimation_share(0.01, 1, 100), 0.0, 0.0);
        near(best_multiple(-0.1, 1, 100), 0.0, 0.0);
        assert!(estimation_share(1.0, 1, 1_000_000) > 0.999);
    }

    const DEVIATIONS: [f64; 4] = [0.010, 0.012, 0.015, 0.020];

    /// Mean true growth of multiples of the plug-in shares, over samples of 120 whose means are in this ratio to deviations.
    fn mean_growth<const K: usize>(ratio: f64, multiples: impl Fn(f64) -> [f64; K]) -> [f64; K] {
        let excess = DEVIATIONS.map(|deviation| ratio * deviation);
        let diagonal: Vec<f64> = (0..16).map(|at| if at % 5 == 0 { 1.0 } else { 0.0 }).collect();
        let covariance = Covariance::from_correlations(&DEVIATIONS, &diagonal).expect("sound");
        let mut prng = Prng::new(20_070_101);
        let mut sums = [0.0; K];
        for _ in 0..4_000 {
            let drawn = |(deviation, mean): (f64, f64)| -> Vec<f64> {
                (0..120).map(|_| mean + deviation * prng.normal()).collect()
            };
            let series: Vec<Vec<f64>> = DEVIATIONS.into_iter().zip(excess).map(drawn).collect();
            let slices: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
            let means: Vec<f64> = series.iter().map(|one| crate::moments::mean(one)).collect();
            let found = continuous(&means, &Covariance::of(&slices).expect("enough")).expect("independent");
            for (sum, c) in sums.iter_mut().zip(multiples(found.sharpe_squared)) {
                let shares: Vec<f64> = found.shares.iter().map(|share| c * share).collect();
                *sum += growth(&shares, &excess, &covariance) / 4_000.0;
            }
        }
        sums
    }

    #[test]
    fn the_best_multiple_is_the_best_of_all_multiples() {
        for ratio in [0.05, 0.15, 0.4] {
            let best = best_multiple(4.0 * ratio * ratio, 4, 120);
            let [at, less, more] = mean_growth(ratio, |_| [best, 0.85 * best, 1.15 * best]);
            assert!(at > less && at > more && at > 0.0, "{ratio}: {less} {at} {more}");
        }
    }

    #[test]
    fn the_share_from_the_sample_beats_the_plug_in_whatever_the_truth() {
        for ratio in [0.0, 0.05, 0.15, 0.4] {
            let [plug_in, shrunk] = mean_growth(ratio, |squared| [1.0, estimation_share(squared, 4, 120)]);
            assert!(shrunk > plug_in, "{ratio}: {shrunk} {plug_in}");
        }
    }
}
