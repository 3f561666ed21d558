//! How far a Sharpe ratio is to be believed: against its own noise, and against having chosen the best of many.
//!
//! All ratios here are of one interval (one return), never annualised: the formulas are not scale-free. Sources:
//! Bailey & López de Prado, *The Sharpe ratio efficient frontier*, Journal of Risk 15(2), 2012; the same, *The
//! deflated Sharpe ratio*, Journal of Portfolio Management 40(5), 2014; Bailey, Borwein, López de Prado & Zhu,
//! *Pseudo-mathematics and financial charlatanism*, Notices of the AMS 61(5), 2014.

use crate::moments::Moments;
use stdx::math;

/// Euler's and Mascheroni's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// The probability that the true ratio is above `benchmark`, given the one observed (2012, eq. 11):
/// `Φ((SR - SR*) √(n - 1) / √(1 - γ₃ SR + (γ₄ - 1)/4 SR²))`.
///
/// `None` when the square root has nothing to stand on: too few returns, or moments no sample can have.
#[must_use]
pub fn probabilistic(observed: &Moments, benchmark: f64) -> Option<f64> {
    let error = standard_error(observed)?;
    Some(math::normal_cdf((observed.sharpe() - benchmark) / error))
}

/// The standard error of an observed ratio (2012, eq. 8; Mertens 2002).
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "values are far fewer than 2⁵³")]
pub fn standard_error(observed: &Moments) -> Option<f64> {
    let spread = spread(observed);
    (observed.count > 1 && spread > 0.0).then(|| math::sqrt(spread / (observed.count as f64 - 1.0)))
}

/// What the variance of the ratio is, times n - 1.
fn spread(observed: &Moments) -> f64 {
    let ratio = observed.sharpe();
    1.0 - observed.skewness * ratio + (observed.kurtosis - 1.0) / 4.0 * ratio * ratio
}

/// The highest of `trials` independent standard normal draws, as expected (2014, eq. 1):
/// `(1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))`. 0 for one trial: nothing was chosen.
#[must_use]
pub fn expected_highest(trials: f64) -> f64 {
    if trials.is_nan() || trials <= 1.0 {
        return 0.0;
    }
    // From the lower end, where 1/N has all its digits.
    -(1.0 - EULER) * math::normal_quantile(1.0 / trials)
        - EULER * math::normal_quantile(1.0 / (trials * core::f64::consts::E))
}

/// The ratio that the best of `trials` without any skill is expected to show, when their ratios scatter with
/// `variance`.
#[must_use]
pub fn benchmark_of_best(trials: f64, variance: f64) -> f64 {
    math::sqrt(variance.max(0.0)) * expected_highest(trials)
}

/// The probability that the best of `trials` is better than luck would have it (2014, eq. 2): [`probabilistic`]
/// against [`benchmark_of_best`]. `variance` is of the trials' ratios, of one interval.
#[must_use]
pub fn deflated(observed: &Moments, trials: f64, variance: f64) -> Option<f64> {
    probabilistic(observed, benchmark_of_best(trials, variance))
}

/// How many returns it takes before the ratio is above `benchmark` with this confidence (2012, eq. 13):
/// `1 + (1 - γ₃ SR + (γ₄ - 1)/4 SR²) (z / (SR - SR*))²`. `None` when the ratio is not above it: no length does.
#[must_use]
pub fn min_track_record_length(observed: &Moments, benchmark: f64, confidence: f64) -> Option<f64> {
    let above = observed.sharpe() - benchmark;
    let spread = spread(observed);
    if above.is_nan() || above <= 0.0 || spread <= 0.0 {
        return None;
    }
    let z = math::normal_quantile(confidence) / above;
    Some(1.0 + spread * z * z)
}

/// How long a backtest must be, in years, lest the best of `trials` without skill shows an annual ratio of
/// `annual` (2014 Notices, eq. 7): `(E[max] / SR)²`.
#[must_use]
pub fn min_backtest_length(trials: f64, annual: f64) -> f64 {
    let ratio = expected_highest(trials) / annual;
    ratio * ratio
}

/// Of trials whose returns go together, how many independent ones they are worth (2014, eq. 9): with the mean
/// correlation ρ of M of them, `ρ + (1 - ρ) M`.
#[must_use]
pub fn independent_trials(trials: f64, mean_correlation: f64) -> f64 {
    let rho = mean_correlation.clamp(0.0, 1.0);
    rho + (1.0 - rho) * trials
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(ratio: f64, count: usize, skewness: f64, kurtosis: f64) -> Moments {
        Moments { count, mean: ratio, deviation: 1.0, skewness, kurtosis }
    }

    fn near(found: f64, known: f64, tolerance: f64) {
        assert!((found - known).abs() < tolerance, "{found} is not {known}");
    }

    #[test]
    fn the_probabilistic_ratio_is_the_paper_s() {
        // Oracle OR-51: Bailey & López de Prado (2012): two years of months.
        let skewed = probabilistic(&observed(0.458, 24, -2.448, 10.164), 0.0).expect("a sample");
        let normal = probabilistic(&observed(0.458, 24, 0.0, 3.0), 0.0).expect("a sample");
        near(skewed, 0.913, 5e-4);
        near(normal, 0.982, 5e-4);
    }

    #[test]
    fn the_deflated_ratio_is_the_paper_s() {
        // Oracle OR-51: Bailey & López de Prado (2014), the numerical example: an annual 2.5 of five years of days.
        let best = observed(2.5 / 250.0_f64.sqrt(), 1_250, -3.0, 10.0);
        let variance = 0.5 / 250.0;
        near(benchmark_of_best(100.0, variance), 0.1132, 5e-5);
        near(deflated(&best, 100.0, variance).expect("a sample"), 0.9004, 5e-5);
        near(deflated(&best, 46.0, variance).expect("a sample"), 0.9505, 5e-5);
    }

    #[test]
    fn five_years_of_45_trials_promise_a_ratio_of_one() {
        // Oracle OR-51: Bailey et al. (2014): "no more than 45 independent configurations for five years".
        near(expected_highest(45.0), 2.2356, 5e-5);
        near(min_backtest_length(45.0, 1.0), 5.0, 5e-3);
        assert_eq!(expected_highest(1.0).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn the_least_record_is_where_the_probability_reaches_the_confidence() {
        // The same statement from both sides, whatever the moments.
        for (ratio, skewness, kurtosis) in [(0.1, 0.0, 3.0), (0.458, -2.448, 10.164), (0.02, 1.5, 8.0)] {
            let moments = observed(ratio, 2, skewness, kurtosis);
            let least = min_track_record_length(&moments, 0.01, 0.95).expect("above the benchmark");
            let error = math::sqrt(spread(&moments) / (least - 1.0));
            near(math::normal_cdf((ratio - 0.01) / error), 0.95, 1e-12);
            assert_eq!(min_track_record_length(&moments, ratio, 0.95), None);
        }
    }

    #[test]
    fn trials_that_go_together_are_fewer() {
        near(independent_trials(100.0, 0.0), 100.0, 1e-12);
        near(independent_trials(100.0, 1.0), 1.0, 1e-12);
        near(independent_trials(100.0, 0.545_454_545_454_545_4), 46.0, 1e-9);
    }

    #[test]
    fn the_expected_highest_is_what_a_simulation_finds() {
        let mut prng = stdx::Prng::new(5);
        for trials in [10_u32, 100, 1_000] {
            let runs = 4_000;
            let highest =
                |prng: &mut stdx::Prng| (0..trials).map(|_| prng.normal()).fold(f64::NEG_INFINITY, f64::max);
            let mean = (0..runs).map(|_| highest(&mut prng)).sum::<f64>() / f64::from(runs);
            // The formula is an approximation, off by up to 0.04 at ten; the deviation of a highest is below 0.6.
            near(mean, expected_highest(f64::from(trials)), 0.045 + 3.0 * 0.6 / f64::from(runs).sqrt());
        }
    }
}
