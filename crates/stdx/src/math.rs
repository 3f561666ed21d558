//! Transcendental functions with the same bits on every host.
//!
//! The methods of `f64` call the platform's C library, whose last bit differs between systems; a replay on
//! another machine would then part ways. These come from `libm`, a pure-Rust port of musl's. `sqrt` is exact by
//! IEEE 754 and may be taken from either.

pub use libm::{ceil, cos, exp, expm1, floor, log as ln, log1p as ln_1p, log2, pow, round, sin, sqrt, tanh};

/// The standard normal distribution function, from `erfc` (Abramowitz & Stegun 1964, 7.1.22 and 26.2.29).
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
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
}
