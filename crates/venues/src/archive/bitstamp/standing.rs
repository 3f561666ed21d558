//! Our own account of who stands where, to know what a snapshot adds to it.
//!
//! Prices and sizes in nanos. Sums are 128 bits wide: no number of orders overflows them.

use std::collections::{BTreeMap, VecDeque};
use types::Side;

/// The high bit: no order of the venue's has it.
const SYNTHETIC: u64 = 1 << 63;
/// How many orders that ended are remembered, to know what speaks of them late. In the log of a day the farthest an
/// event came behind the end of its order was 8 lines.
const ENDED_MAX: usize = 256;
/// Orders at once; the venue never had a hundredth of it.
const ORDERS_MAX: usize = 1 << 20;

/// Where an order stands and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) side: Side,
    pub(super) price: i64,
    pub(super) size: i64,
}

/// The order that stands for all those at a price that were never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Synthetic {
    pub(super) id: u64,
    pub(super) size: i64,
}

/// Everything at one price.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    known: i128,
    synthetic: Option<Synthetic>,
}

impl Level {
    fn total(&self) -> i128 {
        self.known + self.synthetic.map_or(0, |synthetic| i128::from(synthetic.size))
    }

    fn is_empty(&self) -> bool {
        self.known == 0 && self.synthetic.is_none()
    }
}

/// Both sides.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    orders: BTreeMap<u64, Standing>,
    levels: [BTreeMap<i64, Level>; 2],
    ended: VecDeque<u64>,
    made: u64,
}

impl Ledger {
    pub(super) fn order(&self, id: u64) -> Option<Standing> {
        self.orders.get(&id).copied()
    }

    /// Whether the order is known to be over.
    pub(super) fn has_ended(&self, id: u64) -> bool {
        self.ended.contains(&id)
    }

    pub(super) fn end(&mut self, id: u64) {
        if self.ended.len() == ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(id);
    }

    /// Puts an order where it stands now; false when there is no room.
    pub(super) fn put(&mut self, id: u64, standing: Standing) -> bool {
        if self.orders.len() >= ORDERS_MAX && !self.orders.contains_key(&id) {
            return false;
        }
        self.remove(id);
        self.orders.insert(id, standing);
        let level = self.levels[standing.side.index()].entry(standing.price).or_default();
        level.known += i128::from(standing.size);
        true
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Standing> {
        let standing = self.orders.remove(&id)?;
        let levels = &mut self.levels[standing.side.index()];
        if let Some(level) = levels.get_mut(&standing.price) {
            level.known -= i128::from(standing.size);
            if level.is_empty() {
                levels.remove(&standing.price);
            }
        }
        Some(standing)
    }

    pub(super) fn synthetic(&self, side: Side, price: i64) -> Option<Synthetic> {
        self.levels[side.index()].get(&price)?.synthetic
    }

    /// Sets what stands at a price for orders never shown. Answers with what stood, and what stands now.
    pub(super) fn set_synthetic(
        &mut self,
        side: Side,
        price: i64,
        size: i64,
    ) -> (Option<Synthetic>, Option<Synthetic>) {
        let before = self.synthetic(side, price);
        let after = (size > 0).then(|| {
            let id = before.map_or(SYNTHETIC | self.made, |synthetic| synthetic.id);
            Synthetic { id, size }
        });
        if before.is_none() && after.is_some() {
            self.made += 1;
        }
        let levels = &mut self.levels[side.index()];
        let level = levels.entry(price).or_default();
        level.synthetic = after;
        if level.is_empty() {
            levels.remove(&price);
        }
        (before, after)
    }

    /// Forgets the known orders at a price: their sum is wrong, and which of them is gone nobody can say.
    pub(super) fn forget(&mut self, side: Side, price: i64) {
        let here = |standing: &Standing| standing.side == side && standing.price == price;
        let gone: Vec<u64> = self.orders.iter().filter(|(_, s)| here(s)).map(|(id, _)| *id).collect();
        for id in gone {
            self.remove(id);
        }
    }

    /// Every order in the order of its id, which is the order they were entered in.
    pub(super) fn orders(&self) -> impl Iterator<Item = (u64, Standing)> + '_ {
        self.orders.iter().map(|(id, standing)| (*id, *standing))
    }

    /// Every synthetic order, best price first.
    pub(super) fn synthetics(&self, side: Side) -> impl Iterator<Item = (i64, Synthetic)> + '_ {
        let levels = &self.levels[side.index()];
        levels.iter().filter_map(|(price, level)| Some((*price, level.synthetic?)))
    }

    /// What a snapshot's side says beyond what stands here, for every price it covers: positive when it shows more.
    /// `shown` is in the order of the prices, lowest first.
    pub(super) fn residuals(&self, side: Side, shown: &[(i64, i64)], found: &mut Vec<(Side, i64, i128)>) {
        let (Some(&(lowest, _)), Some(&(highest, _))) = (shown.first(), shown.last()) else {
            return;
        };
        let covered = match side {
            Side::Buy => lowest..=i64::MAX,
            Side::Sell => i64::MIN..=highest,
        };
        let mut ours =
            self.levels[side.index()].range(covered).map(|(price, l)| (*price, l.total())).peekable();
        for &(price, size) in shown {
            while let Some((price, total)) = ours.next_if(|(our, _)| *our < price) {
                found.push((side, price, -total));
            }
            let total = ours.next_if(|(our, _)| *our == price).map_or(0, |(_, total)| total);
            if i128::from(size) != total {
                found.push((side, price, i128::from(size) - total));
            }
        }
        found.extend(ours.map(|(price, total)| (side, price, -total)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buy(price: i64, size: i64) -> Standing {
        Standing { side: Side::Buy, price, size }
    }

    #[test]
    fn residuals_are_what_the_snapshot_says_beyond_what_stands() {
        let mut ledger = Ledger::default();
        assert!(ledger.put(1, buy(100, 5)) && ledger.put(2, buy(100, 2)) && ledger.put(3, buy(98, 4)));
        assert!(ledger.put(4, buy(90, 1)) && ledger.put(5, buy(101, 9)));
        ledger.set_synthetic(Side::Buy, 99, 3);
        let mut found = Vec::new();
        ledger.residuals(Side::Buy, &[(97, 6), (98, 4), (99, 1), (100, 8)], &mut found);
        let expected = [(97, 6), (99, -2), (100, 1), (101, -9)].map(|(price, more)| (Side::Buy, price, more));
        assert_eq!(found, expected, "90 is not covered");
        found.clear();
        ledger.residuals(Side::Sell, &[], &mut found);
        assert_eq!(found, []);
    }

    #[test]
    fn what_is_taken_off_leaves_nothing_behind() {
        let mut ledger = Ledger::default();
        ledger.put(1, buy(100, 5));
        ledger.put(1, buy(101, 4));
        let (before, after) = ledger.set_synthetic(Side::Buy, 101, 7);
        assert_eq!((before, after), (None, Some(Synthetic { id: SYNTHETIC, size: 7 })));
        assert_eq!(ledger.remove(1), Some(buy(101, 4)));
        ledger.set_synthetic(Side::Buy, 101, 0);
        assert!(ledger.levels.iter().all(BTreeMap::is_empty) && ledger.orders.is_empty());
        for id in 0..1_000 {
            ledger.end(id);
        }
        assert!(ledger.has_ended(999) && !ledger.has_ended(0));
        assert_eq!(ledger.ended.len(), ENDED_MAX);
    }
}
