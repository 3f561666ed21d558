//! Open, high, low, close and volume of a span of time, as recorded data sets carry them.
//!
//! Packed: high, low and close are distances in ticks, so that a bar is an [`Event`](crate::Event) like any other.
//! A bar whose range is beyond 2³¹ ticks is no bar of a market's; [`Bar::new`] answers `None`.

use crate::{InstrumentId, Lots, Nanos, Ticks};

const NANOS_A_SECOND: i64 = 1_000_000_000;

/// One bar. Its span is in [`Event::Bar`](crate::Event::Bar).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When its span starts, by the venue's clock.
    pub venue_at: Nanos,
    /// The first trade's price.
    pub open: Ticks,
    /// What traded.
    pub volume: Lots,
    /// The highest price, in ticks above the first.
    pub high_above: u32,
    /// The lowest, in ticks below the first.
    pub low_below: u32,
    /// The last, from the first.
    pub change: i32,
    /// In what.
    pub instrument: InstrumentId,
}

impl Bar {
    /// A bar of these prices; `None` when they contradict each other or lie too far apart.
    #[must_use]
    pub fn new(
        venue_at: Nanos,
        instrument: InstrumentId,
        [open, high, low, close]: [Ticks; 4],
        volume: Lots,
    ) -> Option<Self> {
        if high < open.max(close) || low > open.min(close) {
            return None;
        }
        Some(Self {
            venue_at,
            open,
            volume,
            high_above: u32::try_from(high.0.checked_sub(open.0)?).ok()?,
            low_below: u32::try_from(open.0.checked_sub(low.0)?).ok()?,
            change: i32::try_from(close.0.checked_sub(open.0)?).ok()?,
            instrument,
        })
    }

    /// When its span of so many seconds is over. Wraps at the end of our time, so that the start can be told from it.
    #[must_use]
    pub const fn ends_at(&self, seconds: u32) -> Nanos {
        Nanos(self.venue_at.0.wrapping_add(seconds as i64 * NANOS_A_SECOND))
    }

    /// When a span of so many seconds that ended then had started.
    #[must_use]
    pub const fn started_at(ends_at: Nanos, seconds: u32) -> Nanos {
        Nanos(ends_at.0.wrapping_sub(seconds as i64 * NANOS_A_SECOND))
    }

    /// The highest price.
    #[must_use]
    pub const fn high(&self) -> Ticks {
        Ticks(self.open.0.saturating_add(self.high_above as i64))
    }

    /// The lowest price.
    #[must_use]
    pub const fn low(&self) -> Ticks {
        Ticks(self.open.0.saturating_sub(self.low_below as i64))
    }

    /// The last price.
    #[must_use]
    pub const fn close(&self) -> Ticks {
        Ticks(self.open.0.saturating_add(self.change as i64))
    }
}

const _: () = assert!(size_of::<Bar>() == 40);

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(prices: [i64; 4]) -> Option<[i64; 4]> {
        let bar = Bar::new(Nanos(0), InstrumentId(0), prices.map(Ticks), Lots(1))?;
        Some([bar.open, bar.high(), bar.low(), bar.close()].map(|price| price.0))
    }

    #[test]
    fn prices_come_back_and_contradictions_do_not_go_in() {
        for prices in [[5, 9, -3, 4], [0, 0, 0, 0], [-7, -1, -9, -8]] {
            assert_eq!(bar(prices), Some(prices));
        }
        for prices in
            [[5, 4, 3, 4], [5, 9, 6, 7], [5, 6, 4, 7], [0, 1 << 40, 0, 0], [i64::MIN, i64::MAX, i64::MIN, 0]]
        {
            assert_eq!(bar(prices), None, "{prices:?}");
        }
    }
}
