//! The numbers of the fills each order has had, so that the same fill twice is one fill (V-02).
//!
//! Each order has a list of its own in one pool. Numbers almost always rise; one above all before it is new
//! without looking further. Never compares fills of different orders: not every venue numbers them together.

use crate::index::NONE;
use serde::{Deserialize, Serialize};

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
    number: u32,
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
    pub(crate) fn contains(&self, list: &List, number: u32) -> bool {
        if list.newest == NONE || number > list.highest {
            return false;
        }
        let mut at = list.newest;
        while at != NONE {
            let node = self.nodes[at as usize];
            if node.number == number {
                return true;
            }
            at = node.older;
        }
        false
    }

    #[inline]
    pub(crate) fn add(&mut self, list: &mut List, number: u32) {
        let node = Node { number, older: list.newest };
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
        list.highest = list.highest.max(number);
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

    #[test]
    fn a_number_is_known_to_its_own_order_only_and_forgotten_with_it() {
        let mut pool = Pool::with_capacity(2);
        let (mut a, mut b) = (List::EMPTY, List::EMPTY);
        for number in [5, 0, u32::MAX, 7] {
            assert!(!pool.contains(&a, number));
            pool.add(&mut a, number);
            assert!(pool.contains(&a, number) && !pool.contains(&b, number));
        }
        pool.add(&mut b, 6);
        assert!(!pool.contains(&a, 6) && pool.contains(&b, 6));
        pool.clear(&mut a);
        assert!(!pool.contains(&a, 5) && pool.contains(&b, 6));
        for number in 0..4 {
            pool.add(&mut a, number);
        }
        assert_eq!(pool.nodes.len(), 5, "room is used again");
    }
}
