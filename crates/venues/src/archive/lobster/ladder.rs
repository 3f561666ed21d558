//! Our own account of who stands where, to know what the order-book file adds to it.
//!
//! Prices and sizes are the file's own numbers.

use super::line::Row;
use std::collections::BTreeMap;
use types::Side;

/// The high bit: no order of NASDAQ's has it.
const SYNTHETIC: u64 = 1 << 63;

/// Everything that stands at one price.
#[derive(Debug, Default)]
struct Level {
    total: i64,
    /// Sizes by order, the synthetic one among them.
    orders: BTreeMap<u64, i64>,
    synthetic: Option<u64>,
}

/// Both sides.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    sides: [BTreeMap<i64, Level>; 2],
    made: u64,
}

/// Where something was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The order itself; perhaps nothing is left of it.
    Order { gone: bool },
    /// The order that stands for those never shown.
    Synthetic { id: u64 },
    /// The order is unknown, and there is nothing that could stand for it.
    Nothing,
}

/// A level that is not what the row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) price: i64,
    pub(super) ours: i64,
    pub(super) theirs: i64,
}

impl Ladder {
    pub(super) fn clear(&mut self) {
        self.sides.iter_mut().for_each(BTreeMap::clear);
    }

    pub(super) fn add(&mut self, side: Side, price: i64, id: u64, size: i64) {
        let level = self.sides[side.index()].entry(price).or_default();
        let before = level.orders.insert(id, size).unwrap_or(0);
        level.total += size - before;
    }

    /// Adds an order of our own making; one a level.
    pub(super) fn add_synthetic(&mut self, side: Side, price: i64, size: i64) -> u64 {
        let id = SYNTHETIC | self.made;
        self.made += 1;
        self.add(side, price, id, size);
        if let Some(level) = self.sides[side.index()].get_mut(&price) {
            level.synthetic = Some(id);
        }
        id
    }

    /// Makes the level's synthetic order larger; answers with its id and new size, if there is one.
    pub(super) fn grow_synthetic(&mut self, side: Side, price: i64, more: i64) -> Option<(u64, i64)> {
        let level = self.sides[side.index()].get_mut(&price)?;
        let id = level.synthetic?;
        let size = level.orders.get_mut(&id)?;
        *size += more;
        level.total += more;
        Some((id, *size))
    }

    /// Takes `size` from an order (all of it when `whole`), else from its level's synthetic order.
    pub(super) fn take(&mut self, side: Side, price: i64, id: u64, size: i64, whole: bool) -> Taken {
        let levels = &mut self.sides[side.index()];
        let Some(level) = levels.get_mut(&price) else {
            return Taken::Nothing;
        };
        let taken = if let Some(&left) = level.orders.get(&id) {
            let gone = whole || left <= size;
            level.reduce(id, if gone { left } else { size });
            Taken::Order { gone }
        } else {
            match level.synthetic {
                Some(id) if level.orders.get(&id).is_some_and(|&left| left >= size) => {
                    level.reduce(id, size);
                    Taken::Synthetic { id }
                }
                _ => Taken::Nothing,
            }
        };
        if level.orders.is_empty() {
            levels.remove(&price);
        }
        taken
    }

    /// Empties a level; answers with what stood there, oldest first.
    pub(super) fn remove(&mut self, side: Side, price: i64) -> BTreeMap<u64, i64> {
        let level = self.sides[side.index()].remove(&price);
        level.map(|level| level.orders).unwrap_or_default()
    }

    /// The levels within the row's window that are not what it says.
    pub(super) fn differences(&self, side: Side, row: &Row) -> Vec<Difference> {
        let ours = self.sides[side.index()].iter().map(|(&price, level)| (price, level.total));
        match side {
            Side::Buy => differ(side, ours.rev(), row),
            Side::Sell => differ(side, ours, row),
        }
    }
}

/// Walks both ladders once, best first.
fn differ(side: Side, mut ours: impl Iterator<Item = (i64, i64)>, row: &Row) -> Vec<Difference> {
    let sign = -side.sign();
    let mut theirs = row.side(side).iter().copied();
    let (mut our, mut their) = (ours.next(), theirs.next());
    let mut found = Vec::new();
    loop {
        // Rank grows away from the best; what is absent ranks last.
        let our_rank = our.map_or(i64::MAX, |(price, _)| sign * price);
        let their_rank = their.map_or(i64::MAX, |(price, _)| sign * price);
        let price = sign * our_rank.min(their_rank);
        if (our.is_none() && their.is_none()) || !row.covers(side, price) {
            return found;
        }
        let (mut have, mut say) = (0, 0);
        if our_rank <= their_rank {
            have = our.map_or(0, |(_, total)| total);
            our = ours.next();
        }
        if their_rank <= our_rank {
            say = their.map_or(0, |(_, size)| size);
            their = theirs.next();
        }
        if have != say {
            found.push(Difference {
                price,
                ours: have,
                theirs: say,
            });
        }
    }
}

impl Level {
    fn reduce(&mut self, id: u64, by: i64) {
        let Some(left) = self.orders.get_mut(&id) else { return };
        *left -= by;
        self.total -= by;
        if *left == 0 {
            self.orders.remove(&id);
            if self.synthetic == Some(id) {
                self.synthetic = None;
            }
        }
    }
}
