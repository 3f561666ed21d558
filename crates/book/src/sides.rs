//! What every book has: two sides of levels, a standing, counts; and the questions all of them answer.
//!
//! Never changes a level: that is what the books differ in.

use crate::ladder::Ladder;
use crate::standing::Standing;
use crate::{Counts, Level, key, price};
use serde::{Deserialize, Serialize};
use types::{Flags, Lots, Nanos, Side, Ticks};

/// A level as its book keeps it.
pub(crate) trait Stack: Copy + Default {
    fn size(&self) -> Lots;
    fn orders(&self) -> u32;
}

/// Both sides of a book.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Stack + Serialize", deserialize = "T: Stack + Deserialize<'de>"))]
pub(crate) struct Sides<T> {
    ladders: [Ladder<T>; 2],
    pub(crate) standing: Standing,
    pub(crate) counts: Counts,
}

impl<T: Stack> Sides<T> {
    pub(crate) const fn new() -> Self {
        Self {
            ladders: [Ladder::new(), Ladder::new()],
            standing: Standing::new(),
            counts: Counts { unknown: 0, duplicate: 0, refused: 0, excess: 0 },
        }
    }

    #[inline]
    pub(crate) fn side(&self, side: Side) -> &Ladder<T> {
        &self.ladders[side.index()]
    }

    #[inline]
    pub(crate) fn side_mut(&mut self, side: Side) -> &mut Ladder<T> {
        &mut self.ladders[side.index()]
    }

    pub(crate) fn reserve(&mut self, levels: usize) {
        self.ladders.iter_mut().for_each(|ladder| ladder.reserve(levels));
    }

    pub(crate) fn clear(&mut self) {
        self.ladders.iter_mut().for_each(Ladder::clear);
        self.standing.on_clear();
    }

    /// A delta with these marks has been applied.
    #[inline]
    pub(crate) fn settle(&mut self, flags: Flags, venue_at: Nanos) {
        let [bids, asks] = &self.ladders;
        let crossed = || match (bids.best(), asks.best()) {
            (Some(bid), Some(ask)) => price(Side::Buy, bid) > price(Side::Sell, ask),
            _ => false,
        };
        self.standing.after(flags, venue_at, crossed);
    }

    #[inline]
    pub(crate) fn best_price(&self, side: Side) -> Option<Ticks> {
        Some(price(side, self.side(side).best()?))
    }

    #[inline]
    pub(crate) fn best(&self, side: Side) -> Option<Level> {
        let (key, stack) = self.side(side).first()?;
        Some(level(side, key, *stack))
    }

    #[inline]
    pub(crate) fn at(&self, side: Side, price: Ticks) -> Option<&T> {
        self.side(side).get(key(side, price))
    }

    #[inline]
    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.side(side).iter().map(move |(key, stack)| level(side, key, stack))
    }

    #[inline]
    pub(crate) fn top(&self, side: Side, out: &mut [Level]) -> usize {
        let ladder = self.side(side);
        if !ladder.has_near(out.len()) {
            return fill(self.levels(side), out);
        }
        fill(ladder.window().map(|(key, stack)| level(side, key, stack)), out)
    }

    /// Bid and ask, when both are there.
    #[inline]
    pub(crate) fn touch(&self) -> Option<(Ticks, Ticks)> {
        Some((self.best_price(Side::Buy)?, self.best_price(Side::Sell)?))
    }
}

#[inline]
fn level<T: Stack>(side: Side, key: i64, stack: T) -> Level {
    Level { price: price(side, key), size: stack.size(), orders: stack.orders() }
}

#[inline]
fn fill(levels: impl Iterator<Item = Level>, out: &mut [Level]) -> usize {
    let mut filled = 0;
    for (place, level) in out.iter_mut().zip(levels) {
        *place = level;
        filled += 1;
    }
    filled
}

/// Half way between bid and ask, in ticks.
#[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
pub(crate) fn mid((bid, ask): (Ticks, Ticks)) -> f64 {
    (bid.0 as f64 + ask.0 as f64) * 0.5
}

/// The ask less the bid, kept within an `i64`.
pub(crate) const fn spread((bid, ask): (Ticks, Ticks)) -> i64 {
    ask.0.saturating_sub(bid.0)
}

/// The questions every book answers, for a type with a field `sides`.
macro_rules! answers {
    ($book:ty) => {
        impl $book {
            /// The best level of a side.
            #[inline]
            #[must_use]
            pub fn best(&self, side: Side) -> Option<Level> {
                self.sides.best(side)
            }

            /// The highest bid.
            #[inline]
            #[must_use]
            pub fn best_bid(&self) -> Option<Level> {
                self.best(Side::Buy)
            }

            /// The lowest ask.
            #[inline]
            #[must_use]
            pub fn best_ask(&self) -> Option<Level> {
                self.best(Side::Sell)
            }

            /// What stands at a price, zero if nothing.
            #[inline]
            #[must_use]
            pub fn size_at(&self, side: Side, price: Ticks) -> Lots {
                self.sides.at(side, price).map_or(Lots::ZERO, $crate::sides::Stack::size)
            }

            /// How many levels a side has.
            #[must_use]
            pub fn depth(&self, side: Side) -> usize {
                self.sides.side(side).len()
            }

            /// The levels of a side, best first.
            #[inline]
            pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
                self.sides.levels(side)
            }

            /// Writes the best levels of a side, best first, as many as there are and fit; answers how many.
            #[inline]
            pub fn top(&self, side: Side, out: &mut [Level]) -> usize {
                self.sides.top(side, out)
            }

            /// Whether it may be traded on, and if not, why.
            #[inline]
            #[must_use]
            pub const fn state(&self) -> State {
                self.sides.standing.state
            }

            /// Whether the book itself may be traded on. Whether the market is open is the phase's business.
            #[inline]
            #[must_use]
            pub const fn is_live(&self) -> bool {
                matches!(self.state(), State::Live)
            }

            /// Bid equals ask: allowed, worth knowing.
            #[inline]
            #[must_use]
            pub fn is_locked(&self) -> bool {
                self.sides.touch().is_some_and(|(bid, ask)| bid == ask)
            }

            /// Crossed while the market is open, which no sound book is: probably a message was missed.
            #[inline]
            #[must_use]
            pub const fn is_suspect(&self) -> bool {
                self.sides.standing.is_suspect()
            }

            /// What the market lets one do, as last told; open until told otherwise.
            #[must_use]
            pub const fn phase(&self) -> Phase {
                self.sides.standing.phase
            }

            /// Half way between bid and ask, in ticks; `None` unless both are there.
            #[inline]
            #[must_use]
            pub fn mid_ticks(&self) -> Option<f64> {
                self.sides.touch().map($crate::sides::mid)
            }

            /// The ask less the bid, in ticks: zero when locked, negative when crossed; `None` unless both are there.
            #[inline]
            #[must_use]
            pub fn spread(&self) -> Option<i64> {
                self.sides.touch().map($crate::sides::spread)
            }

            /// What it was told that made no sense.
            #[must_use]
            pub const fn counts(&self) -> Counts {
                self.sides.counts
            }

            /// Orders or levels named that were not there.
            #[must_use]
            pub const fn unknown(&self) -> u64 {
                self.sides.counts.unknown
            }
        }
    };
}
pub(crate) use answers;
