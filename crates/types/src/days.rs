//! Trading days: which one a moment belongs to.
//!
//! A trading day is the venue's, named by its date: CME's Tuesday begins on Monday evening in Chicago. Where a day begins
//! comes from the edge as a list of moments; never looks at a time zone. Without a list days are those of UTC.

use crate::Nanos;
use serde::{Deserialize, Serialize};
use std::fmt;

const DAY_NS: i64 = 86_400_000_000_000;

/// The date of a trading day, in days since 1970-01-01. Two bytes without alignment, so that an order keeps its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(transparent)]
pub struct TradingDay([u8; 2]);

impl TradingDay {
    /// So many days after 1970-01-01; it sticks at the ends, 1970 and 2149.
    #[must_use]
    pub fn since_epoch(days: i64) -> Self {
        let within = u16::try_from(days.clamp(0, i64::from(u16::MAX))).expect("clamped");
        Self(within.to_le_bytes())
    }

    /// How many days after 1970-01-01.
    #[inline]
    #[must_use]
    pub const fn days(self) -> u16 {
        u16::from_le_bytes(self.0)
    }
}

impl PartialOrd for TradingDay {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TradingDay {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.days().cmp(&other.days())
    }
}

impl fmt::Display for TradingDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "day {}", self.days())
    }
}

/// Where trading days begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TradingDays {
    /// In order: from this moment on, it is the trading day of this date. Empty: days of UTC.
    begins: Vec<(Nanos, u16)>,
    /// How long after midnight UTC a day begins that is in no list.
    starts_at: Nanos,
}

impl TradingDays {
    /// Days that begin so long after midnight UTC.
    #[must_use]
    pub const fn utc(starts_at: Nanos) -> Self {
        Self { begins: Vec::new(), starts_at }
    }

    /// Days that begin at these moments, which are sorted here; of one moment the last counts.
    #[must_use]
    pub fn listed(mut begins: Vec<(Nanos, TradingDay)>) -> Self {
        begins.sort_by_key(|begin| begin.0);
        let begins = begins.into_iter().map(|(at, day)| (at, day.days())).collect();
        Self { begins, starts_at: Nanos(0) }
    }

    /// Whether nobody listed any.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.begins.is_empty() && self.starts_at == Nanos(0)
    }

    /// The day that a moment belongs to. Before the first that is listed, and without a list: UTC's.
    #[must_use]
    pub fn of(&self, at: Nanos) -> TradingDay {
        match self.begins.partition_point(|begin| begin.0 <= at) {
            0 => TradingDay::since_epoch((at - self.starts_at).0.div_euclid(DAY_NS)),
            place => TradingDay::since_epoch(i64::from(self.begins[place - 1].1)),
        }
    }

    /// When a day begins, or the next that is listed; without a list, by UTC.
    #[must_use]
    pub fn begins(&self, day: TradingDay) -> Nanos {
        let place = self.begins.partition_point(|begin| begin.1 < day.days());
        let utc = || Nanos(i64::from(day.days()).saturating_mul(DAY_NS)) + self.starts_at;
        self.begins.get(place).map_or_else(utc, |begin| begin.0)
    }

    /// When the day of a moment is over; [`Nanos::MAX`] when it is the last that is listed.
    #[must_use]
    pub fn ends_at(&self, at: Nanos) -> Nanos {
        let next = self.begins.partition_point(|begin| begin.0 <= at);
        match self.begins.get(next) {
            Some(begin) if next > 0 => begin.0,
            None if next > 0 => Nanos::MAX,
            listed => {
                let day = (at - self.starts_at).0.div_euclid(DAY_NS);
                let ends =
                    Nanos(day.saturating_add(1).saturating_mul(DAY_NS).saturating_add(self.starts_at.0));
                listed.map_or(ends, |begin| begin.0.min(ends))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_utc_s_until_somebody_lists_them() {
        let hours = |hours: i64| Nanos::from_secs(hours * 3_600);
        let utc = TradingDays::default();
        assert_eq!([0, 23, 24, 49].map(|at| utc.of(hours(at)).days()), [0, 0, 1, 2]);
        assert_eq!([0, 23, 24, 49].map(|at| utc.ends_at(hours(at))), [24, 24, 48, 72].map(hours));
        let late = TradingDays::utc(hours(22));
        assert_eq!([21, 22, 45, 46].map(|at| late.of(hours(at)).days()), [0, 0, 0, 1]);
        assert_eq!([23, 46].map(|at| late.ends_at(hours(at))), [46, 70].map(hours));
        // Friday's from Thursday 23:00, Monday's from Sunday 23:00, told in any order.
        let day = TradingDay::since_epoch;
        let listed = TradingDays::listed(vec![(hours(95), day(4)), (hours(23), day(1))]);
        assert_eq!([22, 23, 94, 95, 999].map(|at| listed.of(hours(at)).days()), [0, 1, 1, 4, 4]);
        let ends = [22, 23, 94].map(|at| listed.ends_at(hours(at)));
        assert_eq!(ends, [23, 95, 95].map(hours));
        assert_eq!(listed.ends_at(hours(95)), Nanos::MAX);
        assert!(day(-5) == day(0) && day(1 << 20).days() == u16::MAX && day(256) > day(255));
    }

    #[test]
    fn the_ends_of_time_have_a_day() {
        for days in
            [TradingDays::default(), TradingDays::listed(vec![(Nanos(5), TradingDay::since_epoch(9))])]
        {
            assert_eq!(days.of(Nanos::MIN).days(), 0);
            assert!(days.ends_at(Nanos::MIN) > Nanos::MIN && days.ends_at(Nanos::MAX) == Nanos::MAX);
        }
    }
}
