//! The variance of what is held, and what an order would make of it (RC-20), in a few integer operations.
//!
//! Keeps `Σw`, the covariance of each instrument's lot with everything that is held. With `d` lots more of instrument i the
//! variance is `w·Σw + 2d·(Σw)ᵢ + d²·Σᵢᵢ`. A fill costs one row of Σ; an order costs three products, and no root: limits on
//! value at risk and shortfall are kept as the variance that they stand for.
//!
//! Whole numbers, in millionths of the account's currency squared: a sum of floats that is carried along for days would
//! drift, and come out otherwise when it is begun anew. What overflows counts as infinite risk.

use serde::{Deserialize, Serialize};
use stdx::math;

/// Covariances of what a lot of each instrument gains over the model's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covariances {
    size: usize,
    /// Row by row.
    rows: Vec<i128>,
}

impl Covariances {
    /// From what a lot of each gains or loses in one standard deviation, in the account's currency, and the correlations
    /// between them, row by row. `None` when sizes differ, correlations are no correlations, or a number is none.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above the cast")]
    pub fn new(deviations: &[f64], correlations: &[f64]) -> Option<Self> {
        let size = deviations.len();
        let is_sound = correlations.len() == size * size
            && deviations.iter().all(|deviation| (0.0..=1e9).contains(deviation))
            && correlations.iter().all(|correlation| (-1.0..=1.0).contains(correlation));
        let is_symmetric = |at: usize| {
            let other = correlations.get(at % size * size + at / size);
            other.is_some_and(|other| (correlations[at] - other).abs() <= 1e-9)
        };
        let is_one = |row: usize| (correlations[row * (size + 1)] - 1.0).abs() <= 1e-9;
        let is_matrix = is_sound && (0..size * size).all(is_symmetric) && (0..size).all(is_one);
        if !is_matrix || !is_possible(size, correlations) {
            return None;
        }
        let value = |at: usize| {
            // From one half only, so that rounding cannot make it lopsided. At most 10³⁰.
            let (row, column) = ((at / size).max(at % size), (at / size).min(at % size));
            let correlation = correlations[row * size + column];
            math::round(deviations[row] * deviations[column] * correlation * 1e12) as i128
        };
        Some(Self { size, rows: (0..size * size).map(value).collect() })
    }

    /// How many instruments.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    #[inline]
    fn row(&self, instrument: usize) -> &[i128] {
        &self.rows[instrument * self.size..(instrument + 1) * self.size]
    }
}

/// Whether no portfolio has a variance below zero: Cholesky's factor exists. With a little more on the diagonal, so that two
/// names for one thing are possible.
fn is_possible(size: usize, correlations: &[f64]) -> bool {
    let mut factor = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor[row * size + k] * factor[column * size + k]).sum();
            let rest = correlations[row * size + column] - known;
            factor[row * size + column] = match row == column {
                true if rest + 1e-9 <= 0.0 => return false,
                true => math::sqrt(rest + 1e-9),
                false => rest / factor[column * (size + 1)],
            };
        }
    }
    true
}

/// What one account, or the firm, holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Variance {
    /// Σw.
    with_all: Vec<i128>,
    /// w·Σw.
    total: i128,
}

impl Variance {
    pub(crate) fn new(size: usize) -> Self {
        Self { with_all: vec![0; size], total: 0 }
    }

    /// The variance now.
    #[inline]
    pub(crate) const fn total(&self) -> i128 {
        self.total
    }

    /// The variance with so many lots more, signed; as far as it goes where that is no number.
    #[inline]
    pub(crate) fn with(&self, model: &Covariances, instrument: usize, lots: i128) -> i128 {
        let (with_all, own) = (self.with_all[instrument], model.rows[instrument * (model.size + 1)]);
        let added = lots.checked_mul(2).and_then(|twice| twice.checked_mul(with_all)).and_then(|cross| {
            let square = lots.checked_mul(lots)?.checked_mul(own)?;
            self.total.checked_add(cross)?.checked_add(square)
        });
        added.unwrap_or(i128::MAX)
    }

    /// So many lots were traded, signed.
    #[inline]
    pub(crate) fn on_trade(&mut self, model: &Covariances, instrument: usize, lots: i64) {
        self.total = self.with(model, instrument, i128::from(lots));
        for (with_all, own) in self.with_all.iter_mut().zip(model.row(instrument)) {
            *with_all = with_all.saturating_add(own.saturating_mul(i128::from(lots)));
        }
    }
}

/// The largest variance within value at risk and shortfall of so many nanos at a level in millionths, for normal gains of mean
/// zero. `None` without a level, where one of them is limited.
pub(crate) fn variance_within(
    var: Option<i64>,
    shortfall: Option<i64>,
    level_ppm: Option<i64>,
) -> Option<i128> {
    if var.is_none() && shortfall.is_none() {
        return Some(i128::MAX);
    }
    #[expect(clippy::cast_precision_loss, reason = "a level in millionths")]
    let level = level_ppm.filter(|ppm| (500_001..1_000_000).contains(ppm))? as f64 / 1e6;
    let z = math::normal_quantile(level);
    let density = math::exp(-z * z / 2.0) / math::sqrt(2.0 * core::f64::consts::PI);
    let squared = |limit: i64, deviations: f64| {
        #[expect(clippy::cast_precision_loss, reason = "a limit is a round number")]
        let millionths = limit as f64 / 1e3 / deviations;
        // A cast of what is too large is the largest there is.
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let whole = (millionths * millionths) as i128;
        whole
    };
    let by_var = var.map_or(i128::MAX, |limit| squared(limit, z));
    let by_shortfall = shortfall.map_or(i128::MAX, |limit| squared(limit, density / (1.0 - level)));
    Some(by_var.min(by_shortfall))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn model() -> Covariances {
        Covariances::new(&[100.0, 200.0, 50.0], &[1.0, 0.5, 0.0, 0.5, 1.0, -0.3, 0.0, -0.3, 1.0])
            .expect("sound")
    }

    #[test]
    fn rc_20_the_running_variance_is_the_one_of_what_is_held() {
        let model = model();
        let mut prng = Prng::new(20);
        let (mut variance, mut held) = (Variance::new(3), [0_i64; 3]);
        for _ in 0..10_000 {
            let instrument = usize::try_from(prng.below(3)).expect("small");
            let lots = prng.between(-50, 50);
            let ahead = variance.with(&model, instrument, i128::from(lots));
            variance.on_trade(&model, instrument, lots);
            held[instrument] += lots;
            let whole: i128 =
                (0..9).map(|at| model.rows[at] * i128::from(held[at / 3]) * i128::from(held[at % 3])).sum();
            assert_eq!((ahead, variance.total()), (whole, whole), "{held:?}");
        }
    }

    #[test]
    fn rc_20_limits_stand_for_a_variance() {
        // One lot of 100 and one of 200, correlated by a half: variance 10,000 + 40,000 + 20,000.
        let model = model();
        let mut variance = Variance::new(3);
        variance.on_trade(&model, 0, 1);
        variance.on_trade(&model, 1, 1);
        assert_eq!(variance.total(), 70_000 * 1_000_000_000_000);
        let var = 70_000.0_f64.sqrt() * 2.326_347_874_040_840_8;
        let nanos = |amount: f64| (amount * 1e9) as i64;
        let passes = |var: Option<f64>, shortfall: Option<f64>, level: i64| {
            let most = variance_within(var.map(nanos), shortfall.map(nanos), Some(level)).expect("a level");
            variance.total() <= most
        };
        assert!(passes(Some(var + 0.001), None, 990_000) && !passes(Some(var - 0.001), None, 990_000));
        // Oracle OR-34: the shortfall at 97.5 % is 2.3378027922 deviations.
        let shortfall = 70_000.0_f64.sqrt() * 2.337_802_792_2;
        assert!(
            passes(None, Some(shortfall + 0.001), 975_000) && !passes(None, Some(shortfall - 0.001), 975_000)
        );
        assert!(!passes(Some(1e6), Some(1.0), 975_000), "both hold");
        assert_eq!(variance_within(None, None, None), Some(i128::MAX));
        for level in [None, Some(500_000), Some(1_000_000)] {
            assert_eq!(variance_within(Some(1), None, level), None);
        }
        assert_eq!(variance_within(Some(i64::MAX), None, Some(500_001)), Some(i128::MAX));
    }

    #[test]
    fn rc_20_what_cannot_be_counted_is_infinite() {
        let model = Covariances::new(&[1e9], &[1.0]).expect("sound");
        let mut variance = Variance::new(1);
        assert_eq!(variance.with(&model, 0, i128::from(i64::MAX)), i128::MAX);
        assert_eq!(variance.with(&model, 0, i128::MAX), i128::MAX);
        variance.on_trade(&model, 0, i64::MAX);
        assert_eq!(variance.total(), i128::MAX);
    }

    #[test]
    fn rc_20_what_is_no_model_is_refused() {
        let refused = |deviations: &[f64], correlations: &[f64]| {
            assert_eq!(Covariances::new(deviations, correlations), None, "{deviations:?} {correlations:?}");
        };
        refused(&[1.0], &[]);
        refused(&[-1.0], &[1.0]);
        refused(&[f64::NAN], &[1.0]);
        refused(&[1e10], &[1.0]);
        refused(&[1.0], &[0.9]);
        refused(&[1.0, 1.0], &[1.0, 0.5, 0.4, 1.0]);
        refused(&[1.0, 1.0], &[1.0, 1.1, 1.1, 1.0]);
        // Each opposite to both others.
        refused(&[1.0; 3], &[1.0, -0.9, -0.9, -0.9, 1.0, -0.9, -0.9, -0.9, 1.0]);
        assert!(Covariances::new(&[1.0; 3], &[1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0]).is_some());
        assert_eq!(Covariances::new(&[], &[]).map(|model| model.size()), Some(0));
    }
}
