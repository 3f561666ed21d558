//! What was traded and has not settled (RC-42): until cash and securities change hands, the other side may fail, and somebody
//! guarantees for us.
//!
//! Counted gross: what is bought and what is sold is both still to be delivered.

use serde::{Deserialize, Serialize};
use types::Money;

/// Trades settle after at most so many days here.
const DAYS_MAX: usize = 8;

/// One account's.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Settlement {
    /// Traded on each of the last days, by day modulo their number.
    days: [i128; DAYS_MAX],
    today: i64,
    total: i128,
    /// After how many days.
    after: i64,
}

impl Settlement {
    /// Trades settle so many trading days after they were made; on the day itself with none.
    pub(crate) fn limit(&mut self, after: Option<i64>) {
        self.after = after.unwrap_or(0).clamp(0, DAYS_MAX as i64 - 1);
        let (days, today) = (self.days, self.today);
        self.total = (0..=self.after).map(|back| days[place(today - back)]).fold(0, i128::saturating_add);
    }

    /// It is this trading day. Days do not go back.
    #[inline]
    pub(crate) fn on_day(&mut self, day: i64) {
        if day <= self.today {
            return;
        }
        for begun in (self.today + 1).max(day - DAYS_MAX as i64 + 1)..=day {
            self.days[place(begun)] = 0;
        }
        self.today = day;
        self.total = (0..=self.after).map(|back| self.days[place(day - back)]).fold(0, i128::saturating_add);
    }

    /// Traded today for so much.
    #[inline]
    pub(crate) fn on_trade(&mut self, worth: Money) {
        let worth = worth.abs().0;
        self.days[place(self.today)] = self.days[place(self.today)].saturating_add(worth);
        self.total = self.total.saturating_add(worth);
    }

    /// What has not settled.
    #[inline]
    pub(crate) const fn outstanding(&self) -> Money {
        Money(self.total)
    }
}

const fn place(day: i64) -> usize {
    day.rem_euclid(DAYS_MAX as i64).unsigned_abs() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc_42_what_settles_is_free_again() {
        let mut settlement = Settlement::default();
        settlement.limit(Some(2));
        let mut seen = Vec::new();
        for day in [10, 11, 12, 13, 14, 20, 19] {
            settlement.on_day(day);
            settlement.on_trade(Money(1_i128 << (day - 10)));
            seen.push(settlement.outstanding().0);
        }
        assert_eq!(seen, [1, 3, 7, 14, 28, 1_024, 1_536], "a day that comes late is today");
        settlement.limit(Some(0));
        assert_eq!(settlement.outstanding(), Money(1_536));
        settlement.limit(Some(100));
        settlement.on_day(26);
        assert_eq!(settlement.outstanding(), Money(1_536));
        settlement.on_day(28);
        assert_eq!(settlement.outstanding(), Money::ZERO);
        // What cannot be counted is as much as there is.
        settlement.on_trade(Money(i128::MAX));
        settlement.on_day(29);
        settlement.on_trade(Money(i128::MAX));
        settlement.on_day(30);
        assert_eq!(settlement.outstanding(), Money(i128::MAX));
    }
}
