//! Return and risk ratios of a sequence of returns, and drawdown from the highest equity so far.
//!
//! Keeps moments, not returns. A ratio comes with its standard error, or not at all.

use stdx::math;
use types::{Money, Nanos};

/// The moments of returns over equal intervals, gathered as they come (Welford 1962).
#[derive(Clone, Copy, Debug, Default)]
pub struct Returns {
    count: u64,
    mean: f64,
    /// Σ (r - mean)².
    scatter: f64,
    /// Σ min(r, 0)².
    downside: f64,
}

/// A ratio with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Returns {
    /// Adds the return of one interval.
    #[expect(clippy::cast_precision_loss, reason = "intervals are far fewer than 2⁵³")]
    pub fn push(&mut self, r: f64) {
        self.count += 1;
        let off = r - self.mean;
        self.mean += off / self.count as f64;
        self.scatter += off * (r - self.mean);
        self.downside += r.min(0.0) * r.min(0.0);
    }

    /// Adds `count` intervals in which nothing moved, at once (Chan, Golub & LeVeque 1979, eq. 2.1).
    #[expect(clippy::cast_precision_loss, reason = "intervals are far fewer than 2⁵³")]
    pub fn push_still(&mut self, count: u64) {
        if count == 0 {
            return;
        }
        let (n, k) = (self.count as f64, count as f64);
        self.scatter += self.mean * self.mean * n * k / (n + k);
        self.mean *= n / (n + k);
        self.count += count;
    }

    /// How many intervals.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The Sharpe ratio (no risk-free rate) over `periods` intervals, with the standard error for independent
    /// returns of Lo (2002, "The statistics of Sharpe ratios", eq. 9): √((1 + SR²/2) / n) for one interval, both
    /// scaled by √periods. `None` when there is no variation to divide by.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "intervals are far fewer than 2⁵³")]
    pub fn sharpe(&self, periods: f64) -> Option<Ratio> {
        if self.count < 2 || self.scatter <= 0.0 {
            return None;
        }
        let n = self.count as f64;
        let one = self.mean / math::sqrt(self.scatter / (n - 1.0));
        Some(Ratio {
            value: one * math::sqrt(periods),
            standard_error: math::sqrt((1.0 + one * one / 2.0) / n * periods),
        })
    }

    /// The Sortino ratio (target zero) over `periods` intervals: the mean over the root mean square of the
    /// negative returns, all intervals counted (Sortino & Price 1994). `None` when nothing was lost.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "intervals are far fewer than 2⁵³")]
    pub fn sortino(&self, periods: f64) -> Option<f64> {
        if self.downside <= 0.0 {
            return None;
        }
        Some(self.mean / math::sqrt(self.downside / self.count as f64) * math::sqrt(periods))
    }
}

/// How far equity fell from its highest so far.
#[derive(Clone, Copy, Debug)]
pub struct Drawdown {
    peak: Money,
    worst: Money,
    worst_share: Option<f64>,
}

impl Drawdown {
    /// From the equity one starts with.
    #[must_use]
    pub const fn from(equity: Money) -> Self {
        Self { peak: equity, worst: Money::ZERO, worst_share: None }
    }

    /// Hears of the equity; answers how far below the peak it is, as zero or less.
    #[inline]
    pub fn on_equity(&mut self, equity: Money) -> Money {
        self.peak = self.peak.max(equity);
        let under = equity - self.peak;
        if under < Money::ZERO {
            self.worst = self.worst.min(under);
            if self.peak > Money::ZERO {
                let share = under.to_f64() / self.peak.to_f64();
                self.worst_share = Some(self.worst_share.map_or(share, |worst| worst.min(share)));
            }
        }
        under
    }

    /// The deepest, as zero or less.
    #[must_use]
    pub const fn worst(&self) -> Money {
        self.worst
    }

    /// The deepest as a share of the peak it fell from, as zero or less; `None` when no peak was above zero.
    #[must_use]
    pub fn worst_share(&self) -> Option<f64> {
        (self.peak > Money::ZERO).then(|| self.worst_share.unwrap_or(0.0))
    }
}

/// Equity below its highest so far, until it is as high again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fall {
    /// When it was last at its highest.
    pub from: Nanos,
    /// When it was lowest; the first of equals.
    pub bottom_at: Nanos,
    /// How far below, less than zero.
    pub depth: Money,
    /// Of the peak; `None` when that was not above zero.
    pub share: Option<f64>,
    /// When it was as high again.
    pub recovered: Option<Nanos>,
}

/// The deepest falls of equity.
#[derive(Clone, Debug)]
pub struct Falls {
    peak: Money,
    peak_at: Nanos,
    open: Option<Fall>,
    worst: Vec<Fall>,
}

/// How many are kept.
const FALLS: usize = 5;

impl Falls {
    /// From the equity one starts with.
    #[must_use]
    pub fn from(equity: Money) -> Self {
        Self { peak: equity, peak_at: Nanos::MIN, open: None, worst: Vec::with_capacity(FALLS + 1) }
    }

    /// The first moment of the run.
    pub fn start(&mut self, now: Nanos) {
        self.peak_at = now;
    }

    /// Hears of the equity.
    #[inline]
    pub fn on_equity(&mut self, now: Nanos, equity: Money) {
        if equity >= self.peak {
            if let Some(fall) = self.open.take() {
                self.keep(Fall { recovered: Some(now), ..fall });
            }
            (self.peak, self.peak_at) = (equity, now);
            return;
        }
        let depth = equity - self.peak;
        if self.open.is_none_or(|fall| depth < fall.depth) {
            let share = (self.peak > Money::ZERO).then(|| depth.to_f64() / self.peak.to_f64());
            self.open = Some(Fall { from: self.peak_at, bottom_at: now, depth, share, recovered: None });
        }
    }

    fn keep(&mut self, fall: Fall) {
        // The earlier of equals first.
        let place = self.worst.partition_point(|kept| kept.depth <= fall.depth);
        if place < FALLS {
            self.worst.insert(place, fall);
            self.worst.truncate(FALLS);
        }
    }

    /// The deepest, the deepest first; the last may still be open.
    #[must_use]
    pub fn worst(&self) -> Vec<Fall> {
        let mut all = self.clone();
        if let Some(fall) = all.open.take() {
            all.keep(fall);
        }
        all.worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQUITY: [i64; 7] = [100, 110, 105, 120, 90, 95, 130];

    fn returns() -> Returns {
        let mut returns = Returns::default();
        for pair in EQUITY.windows(2) {
            returns.push(pair[1] as f64 / pair[0] as f64 - 1.0);
        }
        returns
    }

    #[test]
    fn ratios_meet_empyrical_and_quantstats() {
        // Both libraries, on this equity, 252 periods a year.
        let sharpe = returns().sharpe(252.0).expect("it varies");
        assert!((sharpe.value - 4.785_291_359).abs() < 1e-9, "{sharpe:?}");
        let sortino = returns().sortino(252.0).expect("it lost");
        assert!((sortino - 9.471_960_932).abs() < 1e-9, "{sortino}");
        let mut drawdown = Drawdown::from(Money::ONE * EQUITY[0]);
        for equity in EQUITY {
            drawdown.on_equity(Money::ONE * equity);
        }
        assert_eq!(drawdown.worst(), Money::ONE * -30);
        assert!((drawdown.worst_share().expect("above zero") + 0.25).abs() < 1e-15);
    }

    #[test]
    fn the_standard_error_is_lo_s() {
        // Lo (2002), table 1: SR 1.0 and 2.0 over 60 months: 0.158 and 0.224; over 12 months 0.354 and 0.500.
        for (ratio, months, expected) in
            [(1.0, 60, 0.158), (2.0, 60, 0.224), (1.0, 12, 0.354), (2.0, 12, 0.5)]
        {
            // Half the months `ratio + s`, half `ratio - s`: mean `ratio`, and s makes the deviation one.
            let n = f64::from(months);
            let s = ((n - 1.0) / n).sqrt();
            let mut returns = Returns::default();
            for month in 0..months {
                returns.push(ratio + if month % 2 == 0 { s } else { -s });
            }
            let found = returns.sharpe(1.0).expect("it varies");
            assert!((found.value - ratio).abs() < 1e-12);
            assert!((found.standard_error - expected).abs() < 5e-4, "{found:?}");
        }
    }

    #[test]
    fn still_intervals_count_as_if_pushed_one_by_one() {
        let (mut at_once, mut one_by_one) = (returns(), returns());
        at_once.push_still(1_000);
        (0..1_000).for_each(|_| one_by_one.push(0.0));
        let (a, b) = (at_once.sharpe(1.0), one_by_one.sharpe(1.0));
        let (a, b) = (a.expect("it varies"), b.expect("it varies"));
        assert!((a.value - b.value).abs() < 1e-12 && (a.standard_error - b.standard_error).abs() < 1e-12);
        assert_eq!(
            at_once.sortino(1.0).map(|s| (s * 1e9).round()),
            one_by_one.sortino(1.0).map(|s| (s * 1e9).round())
        );
    }

    #[test]
    fn the_five_deepest_falls_are_kept_with_their_ends() {
        let mut falls = Falls::from(Money::ONE * 100);
        falls.start(Nanos(0));
        // Falls of 1, 5, 2, 3, 4 and an open one of 6.
        let path = [99, 100, 95, 97, 101, 99, 102, 99, 102, 98, 98, 103, 97, 99];
        for (at, equity) in (1..).zip(path) {
            falls.on_equity(Nanos(at), Money::ONE * equity);
        }
        let told: Vec<_> = falls
            .worst()
            .iter()
            .map(|f| (f.depth.to_string(), f.from.0, f.bottom_at.0, f.recovered.map(|at| at.0)))
            .collect();
        let fall = |depth: i64, from, bottom, end| (depth.to_string(), from, bottom, end);
        assert_eq!(
            told,
            [
                fall(-6, 12, 13, None),
                fall(-5, 2, 3, Some(5)),
                fall(-4, 9, 10, Some(12)),
                fall(-3, 7, 8, Some(9)),
                fall(-2, 5, 6, Some(7)),
            ]
        );
    }

    #[test]
    fn without_variation_there_is_no_ratio() {
        let mut returns = Returns::default();
        assert_eq!(returns.sharpe(1.0), None);
        returns.push_still(100);
        assert_eq!((returns.sharpe(1.0), returns.sortino(1.0)), (None, None));
    }
}
