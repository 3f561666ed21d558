//! Time cut into equal slices, for statistics of gains: days where there are enough of them, else slices of the session.

use crate::axis::time_step;
use types::Nanos;

const DAY_NS: i64 = 86_400_000_000_000;
/// As many days speak for themselves; of fewer, slices are cut.
pub(crate) const DAYS_LEAST: i64 = 20;
/// Slices that are cut then.
const SLICES: i64 = 60;

/// A span of time in slices.
#[derive(Clone, Debug)]
pub(crate) struct Slices {
    /// `days` or `slices`.
    pub(crate) by: &'static str,
    /// How long each is.
    pub(crate) width: i64,
    /// Where they begin and end: one more than there are slices.
    pub(crate) ends: Vec<i64>,
}

impl Slices {
    /// From a moment to a later one.
    pub(crate) fn of(from: i64, to: i64) -> Self {
        let days = to.div_euclid(DAY_NS) - from.div_euclid(DAY_NS) + 1;
        let (by, width) = if days >= DAYS_LEAST {
            ("days", DAY_NS)
        } else {
            ("slices", time_step(Nanos(to - from), SLICES))
        };
        let start = from.div_euclid(width) * width;
        let count = (to - start - 1) / width + 1;
        Self { by, width, ends: (0..=count).map(|k| (start + k * width).clamp(from, to)).collect() }
    }

    /// What was gained in each, by a series of what was earned so far.
    pub(crate) fn gains(&self, earned_at: impl Fn(i64) -> f64) -> Vec<f64> {
        let at: Vec<f64> = self.ends.iter().map(|end| earned_at(*end)).collect();
        at.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// What a Sharpe ratio of one slice is multiplied by, and what it is called then.
    #[expect(clippy::cast_precision_loss, reason = "a ratio of spans")]
    pub(crate) fn sharpe(&self) -> (f64, &'static str) {
        match self.by {
            "days" => (252.0_f64.sqrt(), "Sharpe, annual"),
            _ => ((3_600e9 / self.width as f64).sqrt(), "Sharpe, hourly"),
        }
    }
}

/// What was earned by a moment: the series' last point by then.
pub(crate) fn earned_at(earned: &[(i64, f64)], at: i64) -> f64 {
    let behind = earned.partition_point(|point| point.0 <= at);
    behind.checked_sub(1).map_or(0.0, |last| earned[last].1)
}
