//! Tails by the shape of the distribution: of standard losses, to be moved to a mean and a scale.

use super::Tail;
use crate::student;
use core::f64::consts::PI;
use stdx::math;

/// Of the standard normal: `z` and `φ(z) / (1 - level)`.
#[must_use]
pub fn normal(level: f64) -> Tail {
    let z = math::normal_quantile(level);
    Tail { var: z, shortfall: normal_density(z) / (1.0 - level) }
}

/// Of Student's t with `freedom` degrees of freedom, as it is: its deviation is `√(ν/(ν - 2))`. Its shortfall is
/// `f(t)·(ν + t²) / ((ν - 1)·(1 - level))` (McNeil, Frey & Embrechts, Quantitative Risk Management, 2015, example 2.15), and
/// infinite with one degree or less.
#[must_use]
pub fn student(level: f64, freedom: f64) -> Tail {
    let t = student::quantile(level, freedom);
    let shortfall = student::density(t, freedom) * (freedom + t * t) / ((freedom - 1.0) * (1.0 - level));
    Tail { var: t, shortfall: if freedom > 1.0 { shortfall } else { f64::INFINITY } }
}

/// Of standard losses with this skewness and excess kurtosis (**of losses**: a fat lower tail of gains is skewness above
/// zero), by the expansion of their quantiles (Cornish & Fisher 1938; Zangari, A VaR methodology for portfolios that include
/// options, RiskMetrics Monitor, 1996). The shortfall is the mean of the same quantiles beyond the level, term by term.
///
/// `None` where the expansion is not rising in the tail, so that a worse day would cost less (Maillard, A user's guide to the
/// Cornish Fisher expansion, 2012): such moments are beyond it.
#[must_use]
pub fn cornish_fisher(level: f64, skewness: f64, excess: f64) -> Option<Tail> {
    let (s, k) = (skewness, excess);
    let z = math::normal_quantile(level);
    // The slope, a parabola in z: above zero from here on?
    let slope =
        |z: f64| 1.0 + z * s / 3.0 + (3.0 * z * z - 3.0) * k / 24.0 - (6.0 * z * z - 5.0) * s * s / 36.0;
    let bend = k / 4.0 - s * s / 3.0;
    let lowest = if bend > 0.0 { slope((-s / (6.0 * bend)).max(z)) } else { slope(z) };
    let opens_down = bend < 0.0 || (bend <= 0.0 && s < 0.0);
    let is_sound =
        level > 0.0 && level < 1.0 && lowest > 0.0 && !opens_down && s.is_finite() && k.is_finite();
    is_sound.then(|| {
        let var = z + (z * z - 1.0) * s / 6.0 + (z * z - 3.0) * z * k / 24.0
            - (2.0 * z * z - 5.0) * z * s * s / 36.0;
        // ∫zφ = φ, ∫z²φ = zφ + (1 - level), ∫z³φ = (z² + 2)φ, from z on.
        let mean = 1.0 + z * s / 6.0 + (z * z - 1.0) * k / 24.0 - (2.0 * z * z - 1.0) * s * s / 36.0;
        Tail { var, shortfall: normal_density(z) / (1.0 - level) * mean }
    })
}

/// Value at risk for the next loss when mean and deviation of normal losses are only known from a sample of `count`, with no
/// opinion before: `t·√(1 + 1/n)` deviations with n - 1 degrees of freedom (Aitchison & Dunsmore, Statistical Prediction
/// Analysis, 1975, table 2.3). `None` below two.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "losses are far fewer than 2⁵³")]
pub fn predictive(level: f64, count: usize) -> Option<f64> {
    let n = count as f64;
    (count >= 2).then(|| student::quantile(level, n - 1.0) * math::sqrt(1.0 + 1.0 / n))
}

fn normal_density(z: f64) -> f64 {
    math::exp(-0.5 * z * z) / math::sqrt(2.0 * PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(seen: f64, due: f64, tolerance: f64) {
        assert!((seen - due).abs() <= tolerance, "{seen} is not {due}");
    }

    #[test]
    fn shapes_meet_the_oracle() {
        // Oracle OR-34.
        near(normal(0.99).var, 2.326_347_874_0, 1e-10);
        near(normal(0.975).shortfall, 2.337_802_792_2, 1e-10);
        near(student(0.975, 3.0).var, 3.182_446_305_3, 1e-9);
        near(student(0.975, 3.0).shortfall, 5.039_6, 5e-5);
        assert!(student(0.975, 1.0).shortfall.is_infinite());
        // Oracle OR-41: no opinion before, 250 losses.
        near(predictive(0.99, 250).expect("250"), 2.346_094_925, 1e-9);
        assert_eq!(predictive(0.99, 1), None);
        let moved = normal(0.99).moved(0.5, 2.0);
        near(moved.var, 0.5 + 2.0 * 2.326_347_874_0, 1e-9);
    }

    #[test]
    fn without_skewness_and_kurtosis_it_is_the_normal() {
        let (ours, normal) = (cornish_fisher(0.99, 0.0, 0.0).expect("sound"), normal(0.99));
        near(ours.var, normal.var, 1e-15);
        near(ours.shortfall, normal.shortfall, 1e-14);
    }

    #[test]
    fn the_shortfall_is_the_mean_of_the_quantiles_beyond() {
        let (level, s, k) = (0.975, 0.4, 1.5);
        let tail = cornish_fisher(level, s, k).expect("mild");
        let steps = 200_000;
        let beyond = |step: i32| level + (1.0 - level) * (f64::from(step) + 0.5) / f64::from(steps);
        let sum: f64 = (0..steps).map(|n| cornish_fisher(beyond(n), s, k).expect("mild").var).sum();
        near(sum / f64::from(steps), tail.shortfall, 1e-4);
    }

    #[test]
    fn moments_beyond_the_expansion_have_no_answer() {
        for (s, k) in [(3.0, 0.0), (-3.0, 0.0), (0.0, -1.0), (-0.1, 0.0), (f64::NAN, 0.0)] {
            assert_eq!(cornish_fisher(0.99, s, k), None, "{s} {k}");
        }
    }
}
