//! A covariance matrix: symmetric, finite, with no negative variance. Owns its products and its Cholesky factor; never
//! repairs a matrix that is not one, because what came out would be somebody else's risk.

use crate::moments::mean;
use stdx::math;

/// Row by row, all of it: it is small, and read along rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariance {
    size: usize,
    rows: Vec<f64>,
}

impl Covariance {
    /// From all rows, one after the other. `None` when it is not square, not symmetric to 10⁻¹² of its largest value, not
    /// finite, or has a variance below zero.
    #[must_use]
    pub fn new(size: usize, rows: Vec<f64>) -> Option<Self> {
        let largest = rows.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let is_whole = rows.len() == size * size && rows.iter().all(|value| value.is_finite());
        let is_symmetric = is_whole
            && (0..size)
                .all(|i| (0..i).all(|j| (rows[i * size + j] - rows[j * size + i]).abs() <= 1e-12 * largest));
        (is_symmetric && (0..size).all(|i| rows[i * (size + 1)] >= 0.0)).then_some(Self { size, rows })
    }

    /// From deviations and the correlations between them, row by row.
    #[must_use]
    pub fn from_correlations(deviations: &[f64], correlations: &[f64]) -> Option<Self> {
        let n = deviations.len();
        if correlations.len() != n * n {
            return None;
        }
        let at = |place: usize| correlations[place] * deviations[place / n] * deviations[place % n];
        Self::new(n, (0..n * n).map(at).collect())
    }

    /// Of series of the same length, divided by n - 1. `None` with fewer than two values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "values are far fewer than 2⁵³")]
    pub fn of(series: &[&[f64]]) -> Option<Self> {
        let count = series.first()?.len();
        if count < 2 || series.iter().any(|one| one.len() != count) {
            return None;
        }
        let means: Vec<f64> = series.iter().map(|one| mean(one)).collect();
        let between = |i: usize, j: usize| -> f64 {
            let products = series[i].iter().zip(series[j]).map(|(x, y)| (x - means[i]) * (y - means[j]));
            products.sum::<f64>() / (count - 1) as f64
        };
        let n = series.len();
        Self::new(
            n,
            (0..n * n).map(|place| between((place / n).max(place % n), (place / n).min(place % n))).collect(),
        )
    }

    /// How many rows.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Between two of them.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.rows[row * self.size + column]
    }

    /// The matrix times a vector.
    ///
    /// # Panics
    /// When the vector has another size.
    #[must_use]
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        assert_eq!(vector.len(), self.size, "as many values as rows");
        self.rows.chunks_exact(self.size.max(1)).map(|row| dot(row, vector)).collect()
    }

    /// The variance of a portfolio: `wᵀΣw`.
    #[must_use]
    pub fn variance(&self, weights: &[f64]) -> f64 {
        dot(&self.times(weights), weights)
    }

    /// What solves `Σx = b`, by Cholesky's factor. `None` when the matrix is not positive definite: two rows say the same
    /// thing, and infinitely many answers are as good.
    #[must_use]
    pub fn solve(&self, right: &[f64]) -> Option<Vec<f64>> {
        let factor = self.factor()?;
        let n = self.size;
        let mut x = right.to_vec();
        for i in 0..n {
            x[i] = (x[i] - dot(&factor[i * n..i * n + i], &x[..i])) / factor[i * (n + 1)];
        }
        for i in (0..n).rev() {
            let below: f64 = (i + 1..n).map(|k| factor[k * n + i] * x[k]).sum();
            x[i] = (x[i] - below) / factor[i * (n + 1)];
        }
        Some(x)
    }

    /// The lower triangle whose product with its transpose is this; row by row.
    fn factor(&self) -> Option<Vec<f64>> {
        let n = self.size;
        let mut factor = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let rest = self.at(i, j) - dot(&factor[i * n..i * n + j], &factor[j * n..j * n + j]);
                if i > j {
                    factor[i * n + j] = rest / factor[j * (n + 1)];
                } else if rest > 1e-14 * self.at(i, i) {
                    factor[i * (n + 1)] = math::sqrt(rest);
                } else {
                    return None;
                }
            }
        }
        Some(factor)
    }
}

/// Summed from the left, always in the same order.
pub(crate) fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    #[test]
    fn what_is_solved_gives_the_right_side_back() {
        let mut prng = Prng::new(5);
        for n in 1..12 {
            let series: Vec<Vec<f64>> = (0..n).map(|_| (0..60).map(|_| prng.normal()).collect()).collect();
            let slices: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
            let matrix = Covariance::of(&slices).expect("sixty each");
            let right: Vec<f64> = (0..n).map(|_| prng.normal()).collect();
            let found = matrix.solve(&right).expect("independent series");
            for (seen, due) in matrix.times(&found).iter().zip(&right) {
                assert!((seen - due).abs() < 1e-12, "{n}: {seen} is not {due}");
            }
        }
    }

    #[test]
    fn what_is_no_covariance_is_refused() {
        assert!(Covariance::new(2, vec![1.0, 0.5, 0.5, 1.0]).is_some());
        for rows in [vec![1.0; 3], vec![1.0, 0.5, 0.4, 1.0], vec![-1.0, 0.0, 0.0, 1.0], vec![f64::NAN; 4]] {
            assert_eq!(Covariance::new(2, rows.clone()), None, "{rows:?}");
        }
        // Two names for one thing, and worse.
        for off in [1.0, 1.5] {
            let matrix = Covariance::new(2, vec![1.0, off, off, 1.0]).expect("symmetric");
            assert_eq!(matrix.solve(&[1.0, 1.0]), None, "{off}");
        }
        assert_eq!(Covariance::of(&[&[1.0, 2.0], &[1.0]]), None);
        assert_eq!(Covariance::from_correlations(&[1.0], &[1.0, 0.0]), None);
    }
}
