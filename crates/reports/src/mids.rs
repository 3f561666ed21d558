//! The middle of the market over the last moments, by the venue's clock.
//!
//! A fill's report reaches us later than the trade happened, and market data may have moved on by then; looking
//! up the mid by the venue's time keeps latency out of the statistics. Mids are kept as bid and ask, never
//! halved: a mid of half a tick is exact. Cost of an unchanged mid: one comparison.

use std::collections::VecDeque;
use types::{Instrument, Lots, Money, Nanos, Ticks};

/// Both sides of the touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mid {
    /// The best bid.
    pub bid: Ticks,
    /// The best ask.
    pub ask: Ticks,
}

impl Mid {
    /// Twice the mid, in ticks.
    #[must_use]
    pub fn half_ticks(self) -> i128 {
        i128::from(self.bid.0) + i128::from(self.ask.0)
    }

    /// Twice what `size` is worth at the mid. For an inverse contract the mid is between the two worths.
    #[must_use]
    pub fn twice_value(self, instrument: &Instrument, size: Lots) -> Money {
        instrument.value(self.bid, size) + instrument.value(self.ask, size)
    }
}

/// The last mids of one instrument.
#[derive(Clone, Debug)]
pub struct Mids {
    /// From each moment on, this mid held; `None` while the book could not be traded on.
    changes: VecDeque<(Nanos, Option<Mid>)>,
    clock: Nanos,
}

/// Enough for a report to be late by hundreds of mid changes.
const KEPT: usize = 1_024;

impl Mids {
    /// No market yet.
    #[must_use]
    pub fn new() -> Self {
        Self { changes: VecDeque::with_capacity(KEPT), clock: Nanos::MIN }
    }

    /// The mid is `mid` from `at` on. A moment before the latest counts as the latest.
    #[inline]
    pub fn set(&mut self, at: Nanos, mid: Option<Mid>) {
        self.clock = self.clock.max(at);
        if self.changes.back().is_none_or(|last| last.1 != mid) {
            if self.changes.len() == KEPT {
                self.changes.pop_front();
            }
            self.changes.push_back((self.clock, mid));
        }
    }

    /// The latest moment heard of.
    #[inline]
    #[must_use]
    pub const fn clock(&self) -> Nanos {
        self.clock
    }

    /// The mid in force just before `at`; `None` when there was none, or it is too long ago to be known.
    #[must_use]
    pub fn before(&self, at: Nanos) -> Option<Mid> {
        let place = self.changes.partition_point(|change| change.0 < at);
        self.changes.get(place.checked_sub(1)?)?.1
    }

    /// The last mid there was just before `at`, even if the book could not be traded on any more.
    #[must_use]
    pub fn last_before(&self, at: Nanos) -> Option<Mid> {
        let place = self.changes.partition_point(|change| change.0 < at);
        self.changes.range(..place).rev().find_map(|change| change.1)
    }

    /// The last mid there was.
    #[must_use]
    pub fn last(&self) -> Option<Mid> {
        self.changes.iter().rev().find_map(|change| change.1)
    }
}

impl Default for Mids {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mid(bid: i64) -> Option<Mid> {
        Some(Mid { bid: Ticks(bid), ask: Ticks(bid + 1) })
    }

    #[test]
    fn the_mid_before_a_moment_is_the_one_that_held_then() {
        let mut mids = Mids::new();
        for (at, bid) in [(10, mid(1)), (20, mid(1)), (30, None), (40, mid(4)), (40, mid(5))] {
            mids.set(Nanos(at), bid);
        }
        let cases = [
            (10, None, None),
            (11, mid(1), mid(1)),
            (30, mid(1), mid(1)),
            (31, None, mid(1)),
            (40, None, mid(1)),
            (41, mid(5), mid(5)),
        ];
        for (at, held, last) in cases {
            assert_eq!(mids.before(Nanos(at)), held, "{at}");
            assert_eq!(mids.last_before(Nanos(at)), last, "{at}");
        }
        assert_eq!(mids.last(), mid(5));
        assert_eq!(mids.clock(), Nanos(40));
    }

    #[test]
    fn time_does_not_go_back_and_memory_is_bounded() {
        let mut mids = Mids::new();
        for at in 0..5_000 {
            mids.set(Nanos(at - at % 7), mid(at));
        }
        assert_eq!(mids.changes.len(), KEPT);
        assert!(mids.changes.iter().zip(mids.changes.iter().skip(1)).all(|(a, b)| a.0 <= b.0));
    }
}
