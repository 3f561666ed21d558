//! Fees that fall with what was traded: the rates in force at a venue follow the turnover of the thirty days before.
//!
//! ```text
//! day            -30 … -2  -1 │ 0     the tier of day 0 is chosen at its midnight (UTC) by the thirty days before,
//! turnover        a  …  b   c │ ?     and holds all day, whatever is traded in it
//! ```
//!
//! That is how venues with tiers by turnover work (Binance and BitMEX: once a day, the last thirty). A run begins
//! without a past: the turnover it is said to start with counts as traded evenly over the thirty days before it.

use serde::{Deserialize, Serialize};
use types::fees::Tier;
use types::{InstrumentId, Money, Nanos};

const DAY: i64 = 86_400_000_000_000;
/// How many days count.
pub const DAYS: usize = 30;

/// What a venue's tiers are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierTerms {
    /// The venue's name.
    pub venue: String,
    /// What is traded there.
    pub instruments: Vec<InstrumentId>,
    /// The turnover of the thirty days before the run, in the account's currency.
    pub starting: Money,
    /// By rising turnover.
    pub tiers: Vec<Tier>,
}

/// A venue's tiers, and where we stand among them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tiers {
    terms: TierTerms,
    /// The turnover of each of the last days, the next to leave first.
    days: [Money; DAYS],
    next: usize,
    day: Option<i64>,
    today: Money,
    current: Option<usize>,
    changes: Vec<(Nanos, Option<Tier>)>,
}

impl Tiers {
    pub(crate) fn new(terms: TierTerms) -> Self {
        let count = i128::try_from(DAYS).expect("thirty");
        let mut days = [Money(terms.starting.0 / count); DAYS];
        days[0] += Money(terms.starting.0 % count);
        Self {
            terms,
            days,
            next: 0,
            day: None,
            today: Money::ZERO,
            current: None,
            changes: Vec::with_capacity(64),
        }
    }

    /// The venue.
    #[must_use]
    pub fn venue(&self) -> &str {
        &self.terms.venue
    }

    pub(crate) fn instruments(&self) -> &[InstrumentId] {
        &self.terms.instruments
    }

    /// Since when which tier is in force; `None` is below the first, where the venue's plain rates hold.
    #[must_use]
    pub fn changes(&self) -> &[(Nanos, Option<Tier>)] {
        &self.changes
    }

    /// The turnover of the thirty days before today.
    #[must_use]
    pub fn turnover(&self) -> Money {
        self.days.into_iter().sum()
    }

    /// Time has come to `at`. Answers with the tier that is in force from here on, if that is another one than before.
    pub(crate) fn on_time(&mut self, at: Nanos) -> Option<Option<Tier>> {
        let day = at.0.div_euclid(DAY);
        let since = match self.day {
            None => at,
            // A venue's clock does not go back; a late word of yesterday counts as today's.
            Some(before) if day <= before => return None,
            Some(before) => {
                // One more than count, so that even the day that ends leaves again.
                let passed = usize::try_from(day - before).unwrap_or(usize::MAX).min(DAYS + 1);
                for _ in 0..passed {
                    self.days[self.next] = std::mem::take(&mut self.today);
                    self.next = (self.next + 1) % DAYS;
                }
                Nanos(day.saturating_mul(DAY))
            }
        };
        let first = self.day.replace(day).is_none();
        let turnover = self.turnover();
        let reached = self.terms.tiers.iter().rposition(|tier| tier.turnover <= turnover);
        if reached == self.current && !first {
            return None;
        }
        self.current = reached;
        let tier = reached.map(|at| self.terms.tiers[at]);
        self.changes.push((since, tier));
        Some(tier)
    }

    /// The tier that was in force at a time.
    pub(crate) fn tier_at(&self, at: Nanos) -> Option<Tier> {
        let held = self.changes.iter().rev().find(|(since, _)| *since <= at);
        held.or(self.changes.first()).and_then(|(_, tier)| *tier)
    }

    pub(crate) fn on_turnover(&mut self, turnover: Money) {
        self.today += turnover;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(starting: i64) -> Tiers {
        let tier = |turnover: i64| Tier {
            turnover: Money::ONE * turnover,
            maker_ppb: -turnover,
            taker_ppb: turnover,
        };
        Tiers::new(TierTerms {
            venue: "test".into(),
            instruments: Vec::new(),
            starting: Money::ONE * starting,
            tiers: vec![tier(1_000), tier(5_000)],
        })
    }

    /// Day and turnover of each trade; the tier by which it pays, in thousands.
    fn paid(starting: i64, trades: &[(i64, i64)]) -> Vec<i64> {
        let mut tiers = tiers(starting);
        let mut pays = 0;
        let mut all = Vec::new();
        for (day, turnover) in trades {
            if let Some(tier) = tiers.on_time(Nanos(day * DAY + 5)) {
                pays = tier.map_or(0, |tier| tier.taker_ppb / 1_000);
            }
            tiers.on_turnover(Money::ONE * *turnover);
            all.push(pays);
        }
        all
    }

    #[test]
    fn the_tier_of_a_day_is_chosen_by_the_thirty_days_before() {
        // What is traded today counts from tomorrow on, and for thirty days.
        assert_eq!(
            paid(0, &[(9, 999), (9, 1), (10, 4_000), (11, 0), (39, 0), (40, 0), (41, 0)]),
            [0, 0, 1, 5, 5, 1, 0]
        );
        // Days without a trade are days.
        assert_eq!(paid(0, &[(0, 1_000), (30, 0), (31, 0)]), [0, 1, 0]);
        assert_eq!(paid(0, &[(0, 9_000), (500, 0)]), [0, 0]);
        // A start of 3,000 loses a hundred each day: 1,000 are left on day 20, 900 on day 21.
        assert_eq!(paid(3_000, &[(0, 0), (20, 0), (21, 0)]), [1, 1, 0]);
        // A clock that goes back changes nothing.
        assert_eq!(paid(0, &[(5, 1_000), (4, 0), (6, 0)]), [0, 0, 1]);
    }

    #[test]
    fn changes_are_kept_with_the_midnight_they_hold_from() {
        let mut tiers = tiers(5_000);
        tiers.on_time(Nanos(7));
        tiers.on_time(Nanos(3 * DAY + 1));
        tiers.on_time(Nanos(3 * DAY + 2));
        let seen: Vec<_> =
            tiers.changes().iter().map(|(at, tier)| (at.0, tier.map_or(0, |tier| tier.taker_ppb))).collect();
        assert_eq!(seen, [(7, 5_000), (3 * DAY, 1_000)]);
        // 5,000 over thirty days is no whole 10⁻¹²; three such days and the remainder have left.
        let whole = Money::ONE.0 * 5_000;
        assert_eq!(tiers.turnover(), Money(whole / 30 * 27));
    }
}
