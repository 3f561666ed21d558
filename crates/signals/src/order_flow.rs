//! Order flow imbalance at the touch: what was added to buying interest less what was added to selling interest.
//! Counts lots exactly; never looks below the touch.
//!
//! Cost: four compares and adds an event.

use crate::Touch;
use serde::{Deserialize, Serialize};
use types::Lots;

/// Cont, Kukanov & Stoikov, "The price impact of order book events" (2014): the contribution of
/// one change of the touch is
///
/// ```text
/// e = [bid ≥ bid′]·size − [bid ≤ bid′]·size′ − [ask ≤ ask′]·size + [ask ≥ ask′]·size′      ′: before the change
/// ```
///
/// and their sum over a while explains the price change of that while, with a slope near 1 / (2 × depth).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OrderFlow {
    last: Option<Touch>,
    sum: i64,
}

impl OrderFlow {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The touch is now this; answers the contribution of the change.
    #[inline]
    pub fn on_touch(&mut self, touch: Touch) -> Lots {
        let change = self.last.map_or(0, |before| contribution(&before, &touch));
        self.last = Some(touch);
        self.sum = self.sum.wrapping_add(change);
        Lots(change)
    }

    /// The book cannot be trusted from here to the next touch; that change is nobody's flow.
    pub const fn on_interruption(&mut self) {
        self.last = None;
    }

    /// The sum of the contributions since the last call.
    pub const fn take(&mut self) -> Lots {
        let sum = self.sum;
        self.sum = 0;
        Lots(sum)
    }
}

// Wrapping: sizes from a hostile feed must not stop the engine, and the sum of real ones is far from the end.
fn contribution(before: &Touch, now: &Touch) -> i64 {
    let counted = |holds: bool, size: Lots| if holds { size.0 } else { 0 };
    counted(now.bid >= before.bid, now.bid_size)
        .wrapping_sub(counted(now.bid <= before.bid, before.bid_size))
        .wrapping_sub(counted(now.ask <= before.ask, now.ask_size))
        .wrapping_add(counted(now.ask >= before.ask, before.ask_size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::touch::estimate;
    use stdx::Prng;
    use types::Ticks;

    fn touch((bid, bid_size): (i64, i64), (ask, ask_size): (i64, i64)) -> Touch {
        Touch { bid: Ticks(bid), bid_size: Lots(bid_size), ask: Ticks(ask), ask_size: Lots(ask_size) }
    }

    #[test]
    fn each_kind_of_change_counts_as_the_paper_says() {
        let before = touch((10, 5), (12, 7));
        let cases = [
            (touch((10, 8), (12, 7)), 3, "bids were added"),
            (touch((10, 1), (12, 7)), -4, "bids were cancelled or hit"),
            (touch((11, 2), (12, 7)), 2, "a better bid came"),
            (touch((9, 6), (12, 7)), -5, "the bid level went"),
            (touch((10, 5), (12, 9)), -2, "asks were added"),
            (touch((10, 5), (12, 3)), 4, "asks were cancelled or lifted"),
            (touch((10, 5), (11, 1)), -1, "a better ask came"),
            (touch((10, 5), (13, 4)), 7, "the ask level went"),
            (before, 0, "nothing"),
        ];
        for (after, want, what) in cases {
            let mut flow = OrderFlow::new();
            assert_eq!(flow.on_touch(before), Lots(0), "the first touch is no change");
            assert_eq!(flow.on_touch(after), Lots(want), "{what}");
            assert_eq!((flow.take(), flow.take()), (Lots(want), Lots(0)));
        }
    }

    #[test]
    fn a_change_across_an_interruption_is_not_flow() {
        let mut flow = OrderFlow::new();
        flow.on_touch(touch((10, 5), (12, 7)));
        flow.on_interruption();
        assert_eq!(flow.on_touch(touch((20, 9), (21, 9))), Lots(0));
    }

    /// The paper's stylised book: every level holds `DEPTH`, orders come and go at the touch one
    /// lot at a time. Then mid change = flow / (2 × depth) + truncation, and least squares finds the slope.
    #[test]
    fn in_the_stylised_book_the_slope_is_one_over_twice_the_depth() {
        const DEPTH: i64 = 10;
        // Each side as one count of lots: the price is the level the last lot lies on.
        let side = |height: i64| {
            let level = (height - 1).div_euclid(DEPTH);
            (level, height - level * DEPTH)
        };
        let at = |bids: i64, asks: i64| {
            let ((bid, bid_size), (ask, ask_size)) = (side(bids), side(asks));
            touch((bid, bid_size), (1_000_000 - ask, ask_size))
        };
        let mut prng = Prng::new(65);
        let (mut bids, mut asks) = (5_000, 5_000);
        let mut flow = OrderFlow::new();
        flow.on_touch(at(bids, asks));
        let (mut xy, mut xx) = (0.0, 0.0);
        for _ in 0..4_000 {
            let from = at(bids, asks).mid_ticks();
            for _ in 0..400 {
                let step = if prng.chance(0.5) { 1 } else { -1 };
                *(if prng.chance(0.5) { &mut bids } else { &mut asks }) += step;
                flow.on_touch(at(bids, asks));
            }
            let x = estimate(flow.take().0);
            xy += x * (at(bids, asks).mid_ticks() - from);
            xx += x * x;
        }
        let slope = xy / xx;
        let want = 1.0 / (2.0 * estimate(DEPTH));
        assert!((slope / want - 1.0).abs() < 0.05, "{slope}");
    }
}
