//! At which prices orders of ours stand, by instrument and side: for the one question whether a new order could meet
//! one of them.
//!
//! A side is a short list of prices in order, the best last, so that what happens near the market is cheap. Never knows
//! whose an order is: who asks looks at the orders themselves, once the best price says that it may be worth it.

use serde::{Deserialize, Serialize};
use types::{InstrumentId, Side, Ticks};

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Level {
    price: Ticks,
    orders: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Levels {
    /// By instrument; grows to the highest one that had an order.
    sides: Vec<[Vec<Level>; 2]>,
}

/// Prices that a side has room for before it grows.
const ROOM: usize = 32;

impl Levels {
    /// The best price at which an order of ours stands.
    #[inline]
    pub(crate) fn best(&self, instrument: InstrumentId, side: Side) -> Option<Ticks> {
        let sides = self.sides.get(instrument.index())?;
        sides[side.index()].last().map(|level| level.price)
    }

    #[inline]
    pub(crate) fn add(&mut self, instrument: InstrumentId, side: Side, price: Ticks) {
        if instrument.index() >= self.sides.len() {
            let room = || [Vec::with_capacity(ROOM), Vec::with_capacity(ROOM)];
            self.sides.resize_with(instrument.index() + 1, room);
        }
        let levels = &mut self.sides[instrument.index()][side.index()];
        let worse = place(levels, side, price);
        match levels.get_mut(worse) {
            Some(level) if level.price == price => level.orders += 1,
            _ => levels.insert(worse, Level { price, orders: 1 }),
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, instrument: InstrumentId, side: Side, price: Ticks) {
        let levels = &mut self.sides[instrument.index()][side.index()];
        let worse = place(levels, side, price);
        let level = levels.get_mut(worse).filter(|level| level.price == price);
        let level = level.expect("what stands there was added");
        level.orders -= 1;
        if level.orders == 0 {
            levels.remove(worse);
        }
    }
}

/// How many levels are worse than `price`; looked for from the best.
#[inline]
fn place(levels: &[Level], side: Side, price: Ticks) -> usize {
    let better =
        levels.iter().rev().take_while(|level| level.price == price || level.price.beats(price, side));
    levels.len() - better.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_best_is_the_best_of_all_that_stand() {
        for seed in 0..20 {
            let mut prng = stdx::Prng::new(seed);
            let mut levels = Levels::default();
            let mut all: [BTreeMap<i64, u32>; 2] = Default::default();
            for _ in 0..3_000 {
                let side = Side::BOTH[usize::try_from(prng.below(2)).expect("two")];
                let price = prng.between(-20, 20);
                let obvious = &mut all[side.index()];
                if prng.chance(0.55) {
                    *obvious.entry(price).or_default() += 1;
                    levels.add(InstrumentId(2), side, Ticks(price));
                } else if let Some(orders) = obvious.get_mut(&price) {
                    *orders -= 1;
                    obvious.retain(|_, orders| *orders > 0);
                    levels.remove(InstrumentId(2), side, Ticks(price));
                }
                let bid = all[0].last_key_value().map(|(price, _)| Ticks(*price));
                let ask = all[1].first_key_value().map(|(price, _)| Ticks(*price));
                assert_eq!(levels.best(InstrumentId(2), Side::Buy), bid, "seed {seed}");
                assert_eq!(levels.best(InstrumentId(2), Side::Sell), ask, "seed {seed}");
            }
        }
        assert_eq!(Levels::default().best(InstrumentId(9), Side::Buy), None);
    }
}
