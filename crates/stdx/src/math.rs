//! Transcendental functions with the same bits on every host.
//!
//! The methods of `f64` call the platform's C library, whose last bit differs between systems; a replay on
//! another machine would then part ways. These come from `libm`, a pure-Rust port of musl's. `sqrt` is exact by
//! IEEE 754 and may be taken from either.

pub use libm::{
    ceil, cos, exp, expm1, floor, lgamma as ln_gamma, log as ln, log1p as ln_1p, log2, pow, round, sin, sqrt,
    tanh,
};

/// The standard normal distribution function, from `erfc` (Abramowitz & Stegun 1964, 7.1.22 and 26.2.29).
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// The quantile of the standard normal distribution: infinite at 0 and 1, not a number outside them.
///
/// Starts from Abramowitz & Stegun (1964) 26.2.23, good to 4.5e-4, and takes three of Halley's steps, each of which
/// triples the digits that are right. The upper half mirrors the lower, where `erfc` keeps its relative precision.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    let t = sqrt(-2.0 * ln(p));
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = above / below - t;
    for _ in 0..3 {
        let density = exp(-0.5 * x * x) / sqrt(2.0 * core::f64::consts::PI);
        if density == 0.0 {
            break;
        }
        let newton = (normal_cdf(x) - p) / density;
        x -= newton / (1.0 + 0.5 * x * newton);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_pinned() {
        // A changed bit here is a changed replay: bump the journal's version before you accept it.
        let pinned = [
            (exp(1.0), 0x4005_bf0a_8b14_576a_u64),
            (ln(10.0), 0x4002_6bb1_bbb5_5516),
            (sqrt(2.0), 0x3ff6_a09e_667f_3bcd),
        ];
        for (value, bits) in pinned {
            assert_eq!(value.to_bits(), bits, "{value}");
        }
    }

    #[test]
    fn normal_cdf_meets_the_table() {
        for (x, p) in [(0.0, 0.5), (1.0, 0.841_344_746_068_542_9), (-1.959_963_984_540_054, 0.025)] {
            assert!((normal_cdf(x) - p).abs() < 1e-15, "{x}");
        }
    }

    #[test]
    fn normal_quantile_meets_the_table_and_undoes_the_distribution() {
        // scipy.stats.norm.ppf
        let table = [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.01, -2.326_347_874_040_840_8),
            (1e-10, -6.361_340_902_404_055),
            (1e-300, -37.047_096_299_361_2),
        ];
        for (p, x) in table {
            assert!((normal_quantile(p) - x).abs() < 1e-13 * x.abs().max(1.0), "{p}: {}", normal_quantile(p));
        }
        for k in 1..1_000 {
            let p = f64::from(k) / 1_000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-15, "{p}");
        }
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(normal_quantile(1.1).is_nan() && normal_quantile(f64::NAN).is_nan());
    }
}
