//! The fills each order has had: so that the same one twice is one (V-02), and that one can be taken back (V-15).
//!
//! Each order has a list of its own in one pool. Numbers almost always rise; one above all before it is new
//! without looking further. Never compares fills of different orders: not every venue numbers them together.

use crate::index::NONE;
use serde::{Deserialize, Serialize};
use types::{Liquidity, Lots, Nanos, Ticks};

/// A fill as it was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The venue's number for it.
    pub number: u32,
    /// At what price.
    pub price: Ticks,
    /// How much.
    pub size: Lots,
    /// When, by the venue.
    pub venue_at: Nanos,
    /// Given or taken.
    pub liquidity: Liquidity,
    /// It was taken back.
    pub busted: bool,
}

/// One order's fills.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct List {
    newest: u32,
    highest: u32,
}

impl List {
    pub(crate) const EMPTY: Self = Self { newest: NONE, highest: 0 };
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Node {
    fill: Fill,
    older: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pool {
    nodes: Vec<Node>,
    free: u32,
}

impl Pool {
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self { nodes: Vec::with_capacity(n), free: NONE }
    }

    #[inline]
    pub(crate) fn find(&self, list: &List, number: u32) -> Option<&Fill> {
        self.place(list, number).map(|at| &self.nodes[at as usize].fill)
    }

    #[inline]
    fn place(&self, list: &List, number: u32) -> Option<u32> {
        if list.newest == NONE || number > list.highest {
            return None;
        }
        let mut at = list.newest;
        while at != NONE {
            let node = &self.nodes[at as usize];
            if node.fill.number == number {
                return Some(at);
            }
            at = node.older;
        }
        None
    }

    #[inline]
    pub(crate) fn add(&mut self, list: &mut List, fill: Fill) {
        let node = Node { fill, older: list.newest };
        let at = if self.free == NONE {
            self.nodes.push(node);
            u32::try_from(self.nodes.len() - 1).expect("fewer than 2³² fills are remembered")
        } else {
            let at = self.free;
            self.free = self.nodes[at as usize].older;
            self.nodes[at as usize] = node;
            at
        };
        list.newest = at;
        list.highest = list.highest.max(fill.number);
    }

    /// Marks a fill as taken back.
    pub(crate) fn bust(&mut self, list: &List, number: u32) {
        let at = self.place(list, number).expect("it was found before");
        self.nodes[at as usize].fill.busted = true;
    }

    /// Forgets an order's fills.
    pub(crate) fn clear(&mut self, list: &mut List) {
        let mut at = list.newest;
        while at != NONE {
            let older = self.nodes[at as usize].older;
            self.nodes[at as usize].older = self.free;
            self.free = at;
            at = older;
        }
        *list = List::EMPTY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(number: u32) -> Fill {
        let (price, size) = (Ticks(i64::from(number)), Lots(1));
        Fill { number, price, size, venue_at: Nanos(0), liquidity: Liquidity::Maker, busted: false }
    }

    #[test]
    fn a_number_is_known_to_its_own_order_only_and_forgotten_with_it() {
        let mut pool = Pool::with_capacity(2);
        let (mut a, mut b) = (List::EMPTY, List::EMPTY);
        for number in [5, 0, u32::MAX, 7] {
            assert_eq!(pool.find(&a, number), None);
            pool.add(&mut a, fill(number));
            assert_eq!(pool.find(&a, number), Some(&fill(number)));
            assert_eq!(pool.find(&b, number), None);
        }
        pool.add(&mut b, fill(6));
        assert!(pool.find(&a, 6).is_none() && pool.find(&b, 6).is_some());
        pool.bust(&a, 5);
        assert!(pool.find(&a, 5).is_some_and(|fill| fill.busted));
        pool.clear(&mut a);
        assert!(pool.find(&a, 5).is_none() && pool.find(&b, 6).is_some());
        for number in 0..4 {
            pool.add(&mut a, fill(number));
        }
        assert_eq!(pool.nodes.len(), 5, "room is used again");
    }
}
