//! Sobol's sequence: points that fill a cube more evenly than chance does (Sobol 1967; Gray-code order of Antonov &
//! Saleev 1979; direction numbers of Joe & Kuo, SIAM Journal on Scientific Computing 30(5), 2008).
//!
//! A seed shifts all points by one random digital shift, which keeps how evenly they lie; without one the first point
//! is the origin.

use stdx::Prng;

/// How many dimensions there are direction numbers for.
pub const DIMENSIONS_MAX: usize = 20;
const BITS: usize = 32;

/// A primitive polynomial: its degree, its inner coefficients as bits, and the first direction numbers.
struct Polynomial(u32, u32, [u32; 7]);

/// Dimensions 2 to 20; the first is van der Corput's sequence.
const POLYNOMIALS: [Polynomial; DIMENSIONS_MAX - 1] = [
    Polynomial(1, 0, [1, 0, 0, 0, 0, 0, 0]),
    Polynomial(2, 1, [1, 3, 0, 0, 0, 0, 0]),
    Polynomial(3, 1, [1, 3, 1, 0, 0, 0, 0]),
    Polynomial(3, 2, [1, 1, 1, 0, 0, 0, 0]),
    Polynomial(4, 1, [1, 1, 3, 3, 0, 0, 0]),
    Polynomial(4, 4, [1, 3, 5, 13, 0, 0, 0]),
    Polynomial(5, 2, [1, 1, 5, 5, 17, 0, 0]),
    Polynomial(5, 4, [1, 1, 5, 5, 5, 0, 0]),
    Polynomial(5, 7, [1, 1, 7, 11, 19, 0, 0]),
    Polynomial(5, 11, [1, 1, 5, 1, 1, 0, 0]),
    Polynomial(5, 13, [1, 1, 1, 3, 11, 0, 0]),
    Polynomial(5, 14, [1, 3, 5, 5, 31, 0, 0]),
    Polynomial(6, 1, [1, 3, 3, 9, 7, 49, 0]),
    Polynomial(6, 13, [1, 1, 1, 15, 21, 21, 0]),
    Polynomial(6, 16, [1, 3, 1, 13, 27, 49, 0]),
    Polynomial(6, 19, [1, 1, 1, 15, 7, 5, 0]),
    Polynomial(6, 22, [1, 3, 1, 15, 13, 25, 0]),
    Polynomial(6, 25, [1, 1, 5, 5, 19, 61, 0]),
    Polynomial(7, 1, [1, 3, 7, 11, 23, 15, 103]),
];

/// The sequence, from its first point on.
#[derive(Clone, Debug)]
pub struct Sobol {
    directions: Vec<[u32; BITS]>,
    state: Vec<u32>,
    shift: Vec<u32>,
    drawn: u32,
}

impl Sobol {
    /// In so many dimensions; `None` above [`DIMENSIONS_MAX`].
    #[must_use]
    pub fn new(dimensions: usize, seed: Option<u64>) -> Option<Self> {
        if dimensions > DIMENSIONS_MAX {
            return None;
        }
        let mut prng = seed.map(|seed| Prng::new(seed).fork("sobol"));
        let mut shift = |_| match &mut prng {
            Some(prng) => (prng.bits() >> 32) as u32,
            None => 0,
        };
        Some(Self {
            directions: (0..dimensions).map(directions).collect(),
            state: vec![0; dimensions],
            shift: (0..dimensions).map(&mut shift).collect(),
            drawn: 0,
        })
    }

    /// The next point, each coordinate in `[0, 1)`.
    pub fn next_point(&mut self) -> Vec<f64> {
        let point = self.state.iter().zip(&self.shift);
        let point = point.map(|(state, shift)| f64::from(state ^ shift) / 4_294_967_296.0).collect();
        // The digit that Gray's code changes next is the lowest that is zero.
        let digit = self.drawn.trailing_ones() as usize;
        self.drawn = self.drawn.wrapping_add(1);
        for (state, directions) in self.state.iter_mut().zip(&self.directions) {
            *state ^= directions.get(digit).copied().unwrap_or(0);
        }
        point
    }
}

/// The direction numbers of a dimension, as fractions of 2³².
fn directions(dimension: usize) -> [u32; BITS] {
    let mut v = [0_u32; BITS];
    let Some(Polynomial(degree, inner, first)) = dimension.checked_sub(1).map(|at| &POLYNOMIALS[at]) else {
        for (bit, v) in v.iter_mut().enumerate() {
            *v = 1 << (BITS - 1 - bit);
        }
        return v;
    };
    let s = *degree as usize;
    for bit in 0..BITS {
        if bit < s {
            v[bit] = first[bit] << (BITS - 1 - bit);
            continue;
        }
        // Bratley & Fox (1988), eq. 2.
        v[bit] = v[bit - s] ^ (v[bit - s] >> s);
        for k in 1..s {
            if inner >> (s - 1 - k) & 1 == 1 {
                v[bit] ^= v[bit - k];
            }
        }
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_points_are_the_published_ones() {
        let mut sobol = Sobol::new(3, None).expect("few");
        let points: Vec<Vec<f64>> = (0..8).map(|_| sobol.next_point()).collect();
        let published = [
            [0.0, 0.0, 0.0],
            [0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25],
            [0.25, 0.75, 0.75],
            [0.375, 0.375, 0.625],
            [0.875, 0.875, 0.125],
            [0.625, 0.125, 0.875],
            [0.125, 0.625, 0.375],
        ];
        assert_eq!(points, published);
    }

    #[test]
    fn every_dimension_is_evenly_filled_shifted_or_not() {
        for seed in [None, Some(1), Some(2)] {
            let mut sobol = Sobol::new(DIMENSIONS_MAX, seed).expect("few");
            let mut seen = vec![[0_u32; 256]; DIMENSIONS_MAX];
            for _ in 0..256 {
                for (seen, x) in seen.iter_mut().zip(sobol.next_point()) {
                    seen[(x * 256.0) as usize] += 1;
                }
            }
            // Of 2ᵏ points each of 2ᵏ cells has one: that is what direction numbers are chosen for.
            assert!(seen.iter().flatten().all(|n| *n == 1), "{seed:?}");
        }
        assert!(Sobol::new(DIMENSIONS_MAX + 1, None).is_none());
    }
}
