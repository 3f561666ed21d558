//! How long a resting order waits for its first fill, when many are cancelled before they can tell.
//!
//! The product-limit estimator of Kaplan & Meier (1958, "Nonparametric estimation from incomplete observations",
//! eq. 1.3) with the standard error of Greenwood (1926). It assumes that a cancel says nothing about the fill
//! that would have come, which is wrong for a strategy that cancels because the market leaves: the report says
//! so. Times are kept to the millisecond up to the longest horizon, which bounds the memory; a fill and a cancel
//! within the same millisecond count as fill first, the usual convention for ties.

use types::Nanos;

/// Waits up to the longest horizon, counted by the millisecond they ended in.
#[derive(Clone, Debug)]
pub struct Waits {
    /// How many ended in `(k-1, k]` milliseconds: filled, and given up.
    cells: Vec<(u32, u32)>,
    /// How many lasted beyond the last cell, whatever their end.
    beyond: u64,
}

/// A share with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The estimate.
    pub share: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// How many were still waiting just before the horizon's last event.
    pub at_risk: u64,
}

const CELL: i64 = 1_000_000;

impl Waits {
    /// None yet, up to `longest`.
    #[must_use]
    pub fn up_to(longest: Nanos) -> Self {
        let cells = usize::try_from(cell(longest)).expect("a horizon is not negative") + 1;
        Self { cells: vec![(0, 0); cells], beyond: 0 }
    }

    /// A wait that ended with a fill, or was given up.
    #[inline]
    pub fn add(&mut self, wait: Nanos, filled: bool) {
        let at = usize::try_from(cell(wait).max(0)).expect("not negative");
        match self.cells.get_mut(at) {
            Some(cell) if filled => cell.0 += 1,
            Some(cell) => cell.1 += 1,
            None => self.beyond += 1,
        }
    }

    /// How many waits.
    #[must_use]
    pub fn count(&self) -> u64 {
        let within = |&(filled, given_up): &(u32, u32)| u64::from(filled) + u64::from(given_up);
        self.cells.iter().map(within).sum::<u64>() + self.beyond
    }

    /// The share filled within `horizon`, had nobody given up. `None` when nobody waited.
    #[must_use]
    pub fn filled_within(&self, horizon: Nanos) -> Option<Share> {
        let times = self.cells.iter().take(usize::try_from(cell(horizon)).ok()? + 1);
        product_limit(self.count(), times.map(|&(f, g)| (u64::from(f), u64::from(g))))
    }
}

/// Rounded up, so that a horizon's own instant belongs to it.
const fn cell(wait: Nanos) -> i64 {
    wait.0 / CELL + (wait.0 % CELL > 0) as i64
}

/// The product-limit estimate at the last of `times`, each the count of events and of withdrawals at one moment.
#[expect(clippy::cast_precision_loss, reason = "counts of orders are far below 2⁵³")]
fn product_limit(mut at_risk: u64, times: impl Iterator<Item = (u64, u64)>) -> Option<Share> {
    if at_risk == 0 {
        return None;
    }
    let mut surviving = 1.0;
    let mut variance_sum = 0.0;
    let mut at_last_event = at_risk;
    for (events, withdrawn) in times {
        if events > 0 {
            let (d, n) = (events as f64, at_risk as f64);
            surviving *= 1.0 - d / n;
            // Greenwood: Σ d / (n (n - d)). When all who are left go at once, S = 0 and so is its error.
            if at_risk > events {
                variance_sum += d / (n * (n - d));
            }
            at_last_event = at_risk;
        }
        at_risk -= events + withdrawn;
    }
    Some(Share {
        share: 1.0 - surviving,
        standard_error: surviving * variance_sum.sqrt(),
        at_risk: at_last_event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weeks to relapse of 21 leukaemia patients on 6-mercaptopurine; `true` is a relapse (Freireich et al. 1963).
    const FREIREICH: [(i64, bool); 21] = [
        (6, true),
        (6, true),
        (6, true),
        (6, false),
        (7, true),
        (9, false),
        (10, true),
        (10, false),
        (11, false),
        (13, true),
        (16, true),
        (17, false),
        (19, false),
        (20, false),
        (22, true),
        (23, true),
        (25, false),
        (32, false),
        (32, false),
        (34, false),
        (35, false),
    ];

    #[test]
    fn the_leukaemia_table_of_the_textbooks_comes_out() {
        // Klein & Moeschberger (2003), Survival Analysis, 2nd ed., table 4.1: S and its standard error.
        let table = [
            (6, 0.857, 0.076),
            (7, 0.807, 0.087),
            (10, 0.753, 0.096),
            (13, 0.690, 0.107),
            (16, 0.627, 0.114),
            (22, 0.538, 0.128),
            (23, 0.448, 0.135),
            (35, 0.448, 0.135),
        ];
        let mut waits = Waits::up_to(Nanos::from_millis(40));
        for (weeks, relapsed) in FREIREICH {
            waits.add(Nanos::from_millis(weeks), relapsed);
        }
        for (weeks, surviving, standard_error) in table {
            let share = waits.filled_within(Nanos::from_millis(weeks)).expect("21 waited");
            assert!((1.0 - share.share - surviving).abs() < 5e-4, "{weeks}: {share:?}");
            assert!((share.standard_error - standard_error).abs() < 5e-4, "{weeks}: {share:?}");
        }
        assert_eq!(waits.count(), 21);
    }

    #[test]
    fn without_censoring_it_is_the_plain_share() {
        let mut waits = Waits::up_to(Nanos::from_secs(1));
        for millis in [0, 10, 500, 999, 5_000] {
            waits.add(Nanos::from_millis(millis), true);
        }
        let share = |millis| waits.filled_within(Nanos::from_millis(millis)).expect("five waited");
        assert!((share(0).share - 0.2).abs() < 1e-15);
        assert!((share(500).share - 0.6).abs() < 1e-15);
        let all = share(1_000);
        // The binomial standard error √(p(1-p)/n), to which Greenwood's reduces.
        assert!((all.share - 0.8).abs() < 1e-15 && (all.standard_error - 0.032_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_instant_of_the_horizon_is_within_it_and_nobody_is_nothing() {
        let mut waits = Waits::up_to(Nanos::from_millis(100));
        assert_eq!(waits.filled_within(Nanos::from_millis(100)), None);
        waits.add(Nanos::from_millis(100), true);
        waits.add(Nanos(100_000_001), true);
        let share = waits.filled_within(Nanos::from_millis(100)).expect("two waited");
        assert!((share.share - 0.5).abs() < 1e-15);
    }

    #[test]
    fn when_all_are_filled_nothing_is_uncertain() {
        let mut waits = Waits::up_to(Nanos::from_millis(10));
        waits.add(Nanos::from_millis(1), true);
        let share = waits.filled_within(Nanos::from_millis(10)).expect("one waited");
        assert_eq!((share.share, share.standard_error), (1.0, 0.0));
    }
}
