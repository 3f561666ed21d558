//! Our own account of who stands where, to know what the order-book file adds to it.
//!
//! Prices and sizes are the file's own numbers.

use super::line::Row;
use std::collections::BTreeMap;
use types::Side;

/// The high bit: no order of NASDAQ's has it.
const SYNTHETIC: u64 = 1 << 63;

/// One order.
#[derive(Clone, Copy, Debug)]
struct Order {
    left: i64,
    /// Its level was out of sight since it was added: it may have shrunk or gone, and another come, unseen.
    doubtful: bool,
}

/// Everything that stands at one price.
#[derive(Debug, Default)]
struct Level {
    total: i64,
    /// By id, the synthetic one among them.
    orders: BTreeMap<u64, Order>,
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
    /// The order itself; perhaps nothing is left of it. A deleted order that should have held less than we
    /// thought leaves `over`, which is somebody else's.
    Order { gone: bool, over: i64 },
    /// The order that stands for those never shown.
    Synthetic { id: u64 },
    /// The order is unknown, and there is nothing that could stand for it.
    Nothing,
}

/// An order of our own making, after it was made or grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Synthetic {
    pub(super) id: u64,
    pub(super) size: i64,
    pub(super) is_new: bool,
}

/// A level within the window that needs a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) price: i64,
    pub(super) ours: i64,
    pub(super) theirs: i64,
    /// It was out of sight until now.
    pub(super) returned: bool,
}

impl Ladder {
    pub(super) fn clear(&mut self) {
        self.sides.iter_mut().for_each(BTreeMap::clear);
    }

    pub(super) fn add(&mut self, side: Side, price: i64, id: u64, size: i64) {
        let level = self.sides[side.index()].entry(price).or_default();
        let order = Order { left: size, doubtful: false };
        let before = level.orders.insert(id, order).map_or(0, |order| order.left);
        level.total += size - before;
    }

    /// Adds to the level's synthetic order, or makes it; one a level.
    pub(super) fn add_synthetic(&mut self, side: Side, price: i64, more: i64) -> Synthetic {
        let level = self.sides[side.index()].entry(price).or_default();
        level.total += more;
        if let Some(id) = level.synthetic
            && let Some(order) = level.orders.get_mut(&id)
        {
            order.left += more;
            return Synthetic { id, size: order.left, is_new: false };
        }
        let id = SYNTHETIC | self.made;
        self.made += 1;
        let order = Order { left: more, doubtful: false };
        level.orders.insert(id, order);
        level.synthetic = Some(id);
        Synthetic { id, size: more, is_new: true }
    }

    /// Takes `size` from an order (all of it when `whole`), else from its level's synthetic order.
    pub(super) fn take(&mut self, side: Side, price: i64, id: u64, size: i64, whole: bool) -> Taken {
        let levels = &mut self.sides[side.index()];
        let Some(level) = levels.get_mut(&price) else {
            return Taken::Nothing;
        };
        let taken = if let Some(left) = level.left(id) {
            let gone = whole || left <= size;
            level.reduce(id, if gone { left } else { size });
            Taken::Order { gone, over: if gone { (left - size).max(0) } else { 0 } }
        } else {
            match level.synthetic {
                Some(id) if level.left(id).is_some_and(|left| left >= size) => {
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

    /// Makes room for an order never shown of `size`: doubtful orders, the youngest first, are taken to be
    /// gone until the synthetic order is large enough. Answers with them; empty when that is not enough.
    pub(super) fn recast(&mut self, side: Side, price: i64, size: i64) -> Vec<(u64, i64)> {
        let Some(level) = self.sides[side.index()].get_mut(&price) else {
            return Vec::new();
        };
        let mut missing = size - level.synthetic.and_then(|id| level.left(id)).unwrap_or(0);
        let mut gone = Vec::new();
        for (&id, order) in level.orders.iter().rev().filter(|(_, order)| order.doubtful) {
            if missing <= 0 {
                break;
            }
            missing -= order.left;
            gone.push((id, order.left));
        }
        if missing > 0 {
            return Vec::new();
        }
        for &(id, left) in &gone {
            level.reduce(id, left);
        }
        gone
    }

    /// The level was out of sight.
    pub(super) fn doubt(&mut self, side: Side, price: i64) {
        if let Some(level) = self.sides[side.index()].get_mut(&price) {
            let made = level.synthetic;
            for (&id, order) in &mut level.orders {
                order.doubtful = Some(id) != made;
            }
        }
    }

    /// Empties a level; answers with what stood there, oldest first.
    pub(super) fn remove(&mut self, side: Side, price: i64) -> Vec<(u64, i64)> {
        let level = self.sides[side.index()].remove(&price).unwrap_or_default();
        level.orders.into_iter().map(|(id, order)| (id, order.left)).collect()
    }

    /// The levels within the row's window that are not what it says, or that the row before did not show.
    pub(super) fn sightings(&self, side: Side, row: &Row, before: &Row) -> Vec<Sighting> {
        let ours = self.sides[side.index()].iter().map(|(&price, level)| (price, level.total));
        match side {
            Side::Buy => walk(side, ours.rev(), row, before),
            Side::Sell => walk(side, ours, row, before),
        }
    }
}

/// Walks both ladders once, best first.
fn walk(side: Side, mut ours: impl Iterator<Item = (i64, i64)>, row: &Row, before: &Row) -> Vec<Sighting> {
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
        let returned = !before.covers(side, price);
        if have != say || returned {
            found.push(Sighting { price, ours: have, theirs: say, returned });
        }
    }
}

impl Level {
    fn left(&self, id: u64) -> Option<i64> {
        self.orders.get(&id).map(|order| order.left)
    }

    fn reduce(&mut self, id: u64, by: i64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.left -= by;
        self.total -= by;
        if order.left == 0 {
            self.orders.remove(&id);
            if self.synthetic == Some(id) {
                self.synthetic = None;
            }
        }
    }
}
