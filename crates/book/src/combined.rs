//! What may be traded at each price, whoever stands behind it: the levels of orders somebody entered and the levels
//! the venue implies from spreads, merged by price (CME "MDP 3.0 - Consolidating Implied and Outright Books").
//!
//! A view: nothing is kept, and each level is merged as it is asked for, at the cost of one comparison. Never mixes
//! the two books themselves: an implied level has no queue, and goes when a leg's order goes.

use crate::{Book, Level};
use std::iter::Peekable;
use types::{Lots, Side, Ticks};

/// The levels of one side, best first, each price once.
#[derive(Clone, Debug)]
pub struct Combined<A: Iterator<Item = Level>, B: Iterator<Item = Level>> {
    outright: Peekable<A>,
    implied: Peekable<B>,
    side: Side,
}

impl<A: Iterator<Item = Level>, B: Iterator<Item = Level>> Combined<A, B> {
    /// The levels of two books of one side, each best first.
    pub fn new(side: Side, outright: A, implied: B) -> Self {
        Self { outright: outright.peekable(), implied: implied.peekable(), side }
    }
}

impl<A: Iterator<Item = Level>, B: Iterator<Item = Level>> Iterator for Combined<A, B> {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        let (Some(outright), Some(implied)) = (self.outright.peek(), self.implied.peek()) else {
            return self.outright.next().or_else(|| self.implied.next());
        };
        if outright.price == implied.price {
            let (outright, implied) = (self.outright.next()?, self.implied.next()?);
            return Some(both(outright, implied));
        }
        if outright.price.beats(implied.price, self.side) {
            self.outright.next()
        } else {
            self.implied.next()
        }
    }
}

/// Two levels at one price. Implied ones have no orders.
const fn both(outright: Level, implied: Level) -> Level {
    Level {
        price: outright.price,
        size: Lots(outright.size.0.saturating_add(implied.size.0)),
        orders: outright.orders.saturating_add(implied.orders),
    }
}

impl Book {
    /// What may be traded at each price of a side, best first: outright and implied levels together.
    pub fn combined(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let implied = self.implied().into_iter().flat_map(move |book| book.levels(side));
        Combined::new(side, self.levels(side), implied)
    }

    /// The best of them.
    #[must_use]
    pub fn combined_best(&self, side: Side) -> Option<Level> {
        let (outright, implied) = (self.best(side), self.implied().and_then(|book| book.best(side)));
        match (outright, implied) {
            (Some(outright), Some(implied)) if outright.price == implied.price => {
                Some(both(outright, implied))
            }
            (Some(outright), Some(implied)) if implied.price.beats(outright.price, side) => Some(implied),
            (outright, implied) => outright.or(implied),
        }
    }

    /// How much may be traded at one price.
    #[must_use]
    pub fn combined_size_at(&self, side: Side, price: Ticks) -> Lots {
        let implied = self.implied().map_or(Lots::ZERO, |book| book.size_at(side, price));
        Lots(self.size_at(side, price).0.saturating_add(implied.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use types::{Flags, InstrumentId, LevelAction, LevelDelta, Nanos};

    fn set(side: Side, price: i64, size: i64, flags: Flags) -> LevelDelta {
        LevelDelta {
            venue_at: Nanos(0),
            price: Ticks(price),
            size: Lots(size),
            orders: if flags.has(Flags::IMPLIED) { 0 } else { 1 },
            instrument: InstrumentId(0),
            side,
            action: LevelAction::Set,
            depth: 0,
            flags,
        }
    }

    /// Every price of both books in one map, and the map read from its better end.
    fn obvious(levels: &BTreeMap<(bool, i64), i64>, side: Side) -> Vec<Level> {
        let mut sums = BTreeMap::<i64, (i64, u32)>::new();
        for ((implied, price), size) in levels {
            let (sum, orders) = sums.entry(*price).or_default();
            *sum += size;
            *orders += u32::from(!implied);
        }
        let level = |(price, (size, orders)): (&i64, &(i64, u32))| Level {
            price: Ticks(*price),
            size: Lots(*size),
            orders: *orders,
        };
        match side {
            Side::Buy => sums.iter().rev().map(level).collect(),
            Side::Sell => sums.iter().map(level).collect(),
        }
    }

    #[test]
    fn levels_of_both_books_are_merged_by_price() {
        let mut prng = stdx::Prng::new(46);
        for round in 0..200 {
            let mut book = Book::with_depths(usize::MAX, usize::MAX);
            let mut truth = [BTreeMap::new(), BTreeMap::new()];
            for _ in 0..prng.below(60) {
                let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
                let implied = prng.chance(0.4);
                let flags = if implied { Flags::IMPLIED } else { Flags::NONE };
                let (price, size) = (prng.between(-8, 8), prng.between(0, 5));
                book.apply_level(&set(side, price, size, flags));
                let levels = &mut truth[side.index()];
                match size {
                    0 => levels.remove(&(implied, price)),
                    _ => levels.insert((implied, price), size),
                };
            }
            for side in Side::BOTH {
                let expected = obvious(&truth[side.index()], side);
                assert_eq!(book.combined(side).collect::<Vec<_>>(), expected, "seed 46, round {round}");
                assert_eq!(book.combined_best(side), expected.first().copied(), "seed 46, round {round}");
                for level in expected {
                    assert_eq!(book.combined_size_at(side, level.price), level.size);
                }
            }
        }
    }
}
