//! Student's t distribution: its probabilities and quantiles, by the incomplete beta function.

use core::f64::consts::PI;
use stdx::math;

/// The density with `freedom` degrees of freedom.
#[must_use]
pub fn density(t: f64, freedom: f64) -> f64 {
    let half = (freedom + 1.0) / 2.0;
    let scale = math::exp(math::ln_gamma(half) - math::ln_gamma(freedom / 2.0)) / math::sqrt(freedom * PI);
    scale * math::exp(-half * math::ln_1p(t * t / freedom))
}

/// The probability of at most `t`: half of the regularised incomplete beta function on either side (Abramowitz & Stegun
/// 1964, 26.7.1).
#[must_use]
pub fn cdf(t: f64, freedom: f64) -> f64 {
    let tail = 0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The value below which a share `p` lies: infinite at 0 and 1, not a number outside them or without freedom.
///
/// Begins at the normal's and closes in by halving between ends that hold it, with Newton's step where it stays inside.
#[must_use]
pub fn quantile(p: f64, freedom: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || freedom.is_nan() || freedom <= 0.0 {
        return f64::NAN;
    }
    if p > 0.5 {
        return -quantile(1.0 - p, freedom);
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let mut low = -1.0;
    while cdf(low, freedom) > p && low > -1e300 {
        low *= 2.0;
    }
    let (mut high, mut t) = (0.0, math::normal_quantile(p).max(low));
    for _ in 0..200 {
        let off = cdf(t, freedom) - p;
        if off > 0.0 {
            high = t
        } else {
            low = t
        }
        let newton = t - off / density(t, freedom);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - t).abs() <= 1e-15 * t.abs() {
            return next;
        }
        t = next;
    }
    t
}

/// `I_x(a, b)` by its continued fraction (Abramowitz & Stegun 1964, 26.5.8), evaluated as Lentz (1976) does.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let ln_front =
        math::ln_gamma(a + b) - math::ln_gamma(a) - math::ln_gamma(b) + a * math::ln(x) + b * math::ln_1p(-x);
    let front = math::exp(ln_front);
    // The fraction converges fast on this side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut found = d;
    for m in 1..1_000_i32 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            found *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_meet_scipy_and_undo_the_distribution() {
        // scipy.stats.t.ppf
        let table = [
            (0.975, 3.0, 3.182_446_305_283_707_8),
            (0.99, 249.0, 2.341_416_764_961_607_6),
            (0.99, 106.0, 2.362_042_560_945_574_6),
            (0.05, 1.0, -6.313_751_514_675_044),
            (0.001, 2.5, -13.822_193_110_865_964),
        ];
        for (p, freedom, due) in table {
            let seen = quantile(p, freedom);
            assert!((seen - due).abs() < 1e-12 * due.abs(), "{p} {freedom}: {seen} is not {due}");
        }
        for k in 1..100 {
            for freedom in [1.0, 2.0, 3.5, 30.0, 1_000.0] {
                let p = f64::from(k) / 100.0;
                let back = cdf(quantile(p, freedom), freedom);
                assert!((back - p).abs() < 1e-12, "{p} {freedom}: {back}");
            }
        }
        assert!(quantile(1.5, 3.0).is_nan() && quantile(0.5, 0.0).is_nan());
        assert!(quantile(0.0, 3.0) < f64::MIN);
    }
}
