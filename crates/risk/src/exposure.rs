//! What we hold and what could become of it: one instrument's position and the lots working on each side.
//!
//! Never guesses which working orders fill first: the worst case of a side is that all of it does and none of
//! the other.

use serde::{Deserialize, Serialize};
use types::{Lots, Side};

/// How far the position can go either way without another order. Signed: short is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The position were every buy filled and no sell.
    pub long_worst: Lots,
    /// The position were every sell filled and no buy.
    pub short_worst: Lots,
}

/// One instrument's counts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) position: i64,
    /// Lots that may still trade, by side; never below zero. Wide, so that no sum of orders overflows and what
    /// is freed is always what was reserved.
    pub(crate) working: [i128; 2],
    /// Orders that are not closed.
    pub(crate) open: u32,
}

impl Held {
    /// The position's size towards `side` were everything working on that side filled, and `added` more.
    /// Wide, because limits may be as large as the type and the sum is asked before it is allowed.
    #[inline]
    pub(crate) fn worst(&self, side: Side, added: i64) -> i128 {
        i128::from(self.position) * i128::from(side.sign()) + self.working[side.index()] + i128::from(added)
    }

    /// Whether `added` more on `side` can only make the position smaller, whatever else fills: everything
    /// working on that side together must not carry it through zero.
    #[inline]
    pub(crate) fn only_reduces(&self, side: Side, added: i64) -> bool {
        self.worst(side, added) <= 0
    }

    /// Nothing held, and nothing works.
    #[inline]
    pub(crate) const fn is_nothing(&self) -> bool {
        self.position == 0 && self.working[0] == 0 && self.working[1] == 0
    }

    #[inline]
    pub(crate) fn reserve(&mut self, side: Side, size: Lots) {
        self.working[side.index()] += i128::from(size.0);
    }

    #[inline]
    pub(crate) fn free(&mut self, side: Side, size: Lots) {
        let (working, freed) = (&mut self.working[side.index()], i128::from(size.0));
        assert!(
            freed >= 0 && freed <= *working,
            "{freed} lots freed of {working} working to {side}: an order was counted out twice"
        );
        *working -= freed;
    }

    #[inline]
    pub(crate) fn traded(&mut self, side: Side, size: Lots) {
        self.position = self.position.saturating_add(size.signed(side).0);
    }

    pub(crate) fn exposure(&self) -> Exposure {
        let position = i128::from(self.position);
        let [buys, sells] = self.working;
        Exposure { long_worst: saturated(position + buys), short_worst: saturated(position - sells) }
    }

    pub(crate) fn working(&self, side: Side) -> Lots {
        saturated(self.working[side.index()])
    }
}

/// A lot is worth at most this many nanos here: products and their sums then fit 128 bits.
pub(crate) const LOT_NANOS_MAX: i64 = 1 << 53;

/// What positions and working orders could come to, valued at the market: added up over instruments, in nanos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exposed {
    /// Each instrument's worse side.
    pub(crate) gross: i128,
    /// Every buy filled and no sell, and the other way round (that one counted short).
    pub(crate) sides: [i128; 2],
    /// Positions, and what works on both sides.
    pub(crate) used: i128,
}

impl Exposed {
    /// One instrument's part, when a lot is worth so much.
    #[inline]
    pub(crate) fn of(held: &Held, lot_nanos: i64) -> Self {
        let narrow = |lots: i128| i128::from(saturated(lots).0) * i128::from(lot_nanos);
        let (position, [buys, sells]) = (i128::from(held.position), held.working);
        let (long, short) = (narrow(position + buys), narrow(sells - position));
        Self { gross: long.max(short), sides: [long, short], used: narrow(position.abs() + buys + sells) }
    }

    /// One part changed.
    #[inline]
    pub(crate) fn change(&mut self, before: &Self, after: &Self) {
        self.gross += after.gross - before.gross;
        self.sides[0] += after.sides[0] - before.sides[0];
        self.sides[1] += after.sides[1] - before.sides[1];
        self.used += after.used - before.used;
    }
}

/// As near as lots can say it.
pub(crate) fn saturated(lots: i128) -> Lots {
    Lots(i64::try_from(lots).unwrap_or(if lots.is_negative() { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lots_cannot_say_is_as_near_as_they_can() {
        let most = i128::from(i64::MAX);
        let cases = [(0, 0), (-1, -1), (most, i64::MAX), (most + 1, i64::MAX), (-most - 2, i64::MIN)];
        for (wide, narrow) in cases {
            assert_eq!(saturated(wide), Lots(narrow));
        }
    }

    #[test]
    fn reducing_means_not_through_zero_with_all_that_works() {
        let held = |position, buys, sells| Held { position, working: [buys, sells], open: 0 };
        let cases = [
            (held(10, 0, 0), Side::Sell, 10, true),
            (held(10, 0, 0), Side::Sell, 11, false), // a flip
            (held(10, 0, 4), Side::Sell, 6, true),
            (held(10, 0, 4), Side::Sell, 7, false),
            (held(10, 50, 4), Side::Sell, 7, false), // the buys may never fill
            (held(10, 0, 0), Side::Buy, 1, false),
            (held(0, 0, 0), Side::Buy, 1, false),
            (held(0, 0, 0), Side::Sell, 1, false),
            (held(-3, 1, 0), Side::Buy, 2, true),
            (held(-3, 1, 0), Side::Buy, 3, false),
            (held(i64::MIN, 0, 0), Side::Buy, i64::MAX, true),
            (held(i64::MAX, 0, 0), Side::Buy, i64::MAX, false),
        ];
        for (held, side, added, expected) in cases {
            assert_eq!(held.only_reduces(side, added), expected, "{held:?} {side} {added}");
        }
    }
}
