//! Seeded chance: xoshiro256** (Blackman & Vigna 2018), seeded through SplitMix64 as its authors advise.
//!
//! Ours rather than `rand`'s because a sample is part of a replay: `rand` may change a distribution's
//! algorithm in any minor release, and then an old journal's configuration would mean another run.

use crate::math;

/// A generator that gives the same sequence for the same seed, everywhere, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prng {
    state: [u64; 4],
}

impl Prng {
    /// The generator for `seed`; every seed is fine, zero too.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut x = seed;
        let mut split_mix = || {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self { state: [split_mix(), split_mix(), split_mix(), split_mix()] }
    }

    /// A generator of its own for a named part of a run, so that a draw more here moves nothing there.
    #[must_use]
    pub fn fork(&self, name: &str) -> Self {
        // FNV-1a: stable, and no secret is at stake.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self::new(self.state[0] ^ self.state[3].rotate_left(17) ^ hash)
    }

    /// 64 even bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Even on `0..bound` (Lemire 2019, nearly divisionless); `bound` must not be zero.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "an empty range has no sample");
        loop {
            let wide = u128::from(self.bits()) * u128::from(bound);
            #[expect(clippy::cast_possible_truncation, reason = "the low word is what Lemire compares")]
            let low = wide as u64;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return u64::try_from(wide >> 64).expect("the high word of a 128-bit product");
            }
        }
    }

    /// Even on `low..=high`.
    #[inline]
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        assert!(low <= high, "an empty range has no sample");
        let span = high.wrapping_sub(low).cast_unsigned();
        match span.checked_add(1) {
            Some(count) => low.wrapping_add(self.below(count).cast_signed()),
            None => self.bits().cast_signed(),
        }
    }

    /// Even on `[0, 1)`, 53 bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let numerator = (self.bits() >> 11) as f64;
        numerator * (1.0 / 9_007_199_254_740_992.0)
    }

    /// True with probability `p`.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Exponential with mean 1 (inversion).
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -math::ln_1p(-self.unit())
    }

    /// Standard normal (Marsaglia's polar method; the second value is dropped to keep the state small).
    pub fn normal(&mut self) -> f64 {
        loop {
            let u = 2.0 * self.unit() - 1.0;
            let v = 2.0 * self.unit() - 1.0;
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * math::sqrt(-2.0 * math::ln(s) / s);
            }
        }
    }

    /// Gamma with `shape` and scale 1, so that mean and variance are `shape` (Marsaglia & Tsang 2000, "A simple
    /// method for generating gamma variables"; below 1 by their note: a draw of `shape + 1` times `U^(1/shape)`).
    ///
    /// # Panics
    /// When `shape` is not above zero.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        assert!(shape > 0.0, "a gamma distribution has a shape above zero");
        if shape < 1.0 {
            // One less the unit: never zero, whose power would be lost.
            let small = math::pow(1.0 - self.unit(), 1.0 / shape);
            return self.gamma(shape + 1.0) * small;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / math::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = 1.0 - self.unit();
            if math::ln(u) < 0.5 * x * x + d - d * v + d * math::ln(v) {
                return d * v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_pinned() {
        // The authors' reference implementation, state {1, 2, 3, 4}.
        let mut prng = Prng { state: [1, 2, 3, 4] };
        let first: Vec<u64> = (0..4).map(|_| prng.bits()).collect();
        assert_eq!(first, [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn bounds_are_kept_and_reached() {
        let mut prng = Prng::new(7);
        let mut seen = [0_u32; 5];
        for _ in 0..10_000 {
            seen[usize::try_from(prng.between(-2, 2) + 2).expect("within bounds")] += 1;
        }
        // Each count is binomial(10,000, 1/5): mean 2,000, deviation 40; five deviations.
        assert!(seen.iter().all(|&n| (1_800..=2_200).contains(&n)), "{seen:?}");
        assert_eq!(Prng::new(1).between(i64::MIN, i64::MIN), i64::MIN);
    }

    #[test]
    fn moments_are_right() {
        let mut prng = Prng::new(11);
        let n = 200_000;
        let (mut normal, mut square, mut exponential) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let x = prng.normal();
            normal += x;
            square += x * x;
            exponential += prng.exponential();
        }
        let n = f64::from(n);
        assert!((normal / n).abs() < 5.0 / math::sqrt(n));
        assert!((square / n - 1.0).abs() < 5.0 * math::sqrt(2.0 / n));
        assert!((exponential / n - 1.0).abs() < 5.0 / math::sqrt(n));
    }

    #[test]
    fn gamma_has_the_moments_of_its_shape() {
        let n = 200_000;
        for shape in [0.3, 1.0, 2.5, 40.0] {
            let mut prng = Prng::new(12);
            let (mut sum, mut square, mut cube) = (0.0, 0.0, 0.0);
            for _ in 0..n {
                let x = prng.gamma(shape) - shape;
                sum += x;
                square += x * x;
                cube += x * x * x;
            }
            let n = f64::from(n);
            // Variance k, fourth central moment 3k(k + 2), third 2k, sixth 5k(3k² + 26k + 24).
            let mean_error = math::sqrt(shape / n);
            let square_error = math::sqrt((3.0 * shape * (shape + 2.0) - shape * shape) / n);
            let sixth = 5.0 * shape * (3.0 * shape * shape + 26.0 * shape + 24.0);
            let cube_error = math::sqrt((sixth - 4.0 * shape * shape) / n);
            assert!((sum / n).abs() < 5.0 * mean_error, "{shape}");
            assert!((square / n - shape).abs() < 5.0 * square_error, "{shape}");
            assert!((cube / n - 2.0 * shape).abs() < 5.0 * cube_error, "{shape}: {}", cube / n);
        }
    }

    #[test]
    fn forks_differ_by_name_and_repeat_by_seed() {
        let root = Prng::new(3);
        assert_ne!(root.fork("latency").bits(), root.fork("orders").bits());
        assert_eq!(root.fork("latency"), Prng::new(3).fork("latency"));
    }
}
