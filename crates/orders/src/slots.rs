//! Where orders are kept: slots that never move, with the open ones on a list in the order they were sent, once
//! for all and once for each instrument.
//!
//! ```text
//! free ──▶ open (on two lists) ──close──▶ kept (in a ring, oldest first) ──ring full──▶ free
//! ```
//!
//! Never knows what a report means.

use crate::Order;
use crate::fills::{Fill, List as Fills, Pool};
use crate::index::{Index, NONE};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::VecDeque;
use types::{InstrumentId, OrderId};

/// The list of all open orders, and the list of those in the same instrument.
const ALL: usize = 0;
const INSTRUMENT: usize = 1;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Link {
    previous: u32,
    next: u32,
}

const UNLINKED: Link = Link { previous: NONE, next: NONE };

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ends {
    first: u32,
    last: u32,
}

const NO_ENDS: Ends = Ends { first: NONE, last: NONE };

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) order: Order,
    fills: Fills,
    links: [Link; 2],
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    #[serde(skip, default = "Index::empty")]
    index: Index,
    all: Ends,
    /// By instrument; grows to the highest one that had an order.
    instruments: Vec<Ends>,
    /// Closed and still known, oldest first.
    kept: VecDeque<u32>,
    kept_max: usize,
    fills: Pool,
    open: usize,
}

impl Serialize for Slots {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, to)
    }
}

/// Slot for slot, so that what is free is taken again in the same order; the index is made anew.
impl<'de> Deserialize<'de> for Slots {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut slots = Self::deserialize(from)?;
        slots.enter_all().map_err(D::Error::custom)?;
        Ok(slots)
    }
}

impl Slots {
    /// Room for `n` open and `n` closed orders.
    pub(crate) fn with_capacity(n: usize) -> Self {
        let n = n.max(16);
        Self {
            slots: Vec::with_capacity(2 * n),
            free: Vec::with_capacity(2 * n),
            index: Index::with_capacity(2 * n),
            all: NO_ENDS,
            instruments: Vec::new(),
            kept: VecDeque::with_capacity(n),
            kept_max: n,
            fills: Pool::with_capacity(4 * n),
            open: 0,
        }
    }

    /// Makes the index of every order that is kept, open or closed, and room for as many as there were.
    fn enter_all(&mut self) -> Result<(), &'static str> {
        let room = 2 * self.kept_max;
        self.slots.reserve(room.saturating_sub(self.slots.len()));
        self.free.reserve(room.saturating_sub(self.free.len()));
        self.kept.reserve(self.kept_max.saturating_sub(self.kept.len()));
        self.index = Index::with_capacity(self.slots.len().max(room));
        let mut is_free = vec![false; self.slots.len()];
        for &slot in &self.free {
            *is_free.get_mut(slot as usize).ok_or("a slot is free that is not there")? = true;
        }
        for (at, slot) in self.slots.iter().enumerate().filter(|(at, _)| !is_free[*at]) {
            let at = u32::try_from(at).map_err(|_| "more slots than numbers")?;
            if self.index.find(slot.order.id.0).is_some() {
                return Err("one order is kept in two slots");
            }
            self.index.insert(slot.order.id.0, at);
        }
        Ok(())
    }

    #[inline]
    pub(crate) const fn open_count(&self) -> usize {
        self.open
    }

    #[inline]
    pub(crate) fn find(&self, id: OrderId) -> Option<u32> {
        self.index.find(id.0)
    }

    #[inline]
    pub(crate) fn order(&self, slot: u32) -> &Order {
        &self.slots[slot as usize].order
    }

    #[inline]
    pub(crate) fn order_mut(&mut self, slot: u32) -> &mut Order {
        &mut self.slots[slot as usize].order
    }

    #[inline]
    pub(crate) fn fill(&self, slot: u32, number: u32) -> Option<&Fill> {
        self.fills.find(&self.slots[slot as usize].fills, number)
    }

    #[inline]
    pub(crate) fn add_fill(&mut self, slot: u32, fill: Fill) {
        self.fills.add(&mut self.slots[slot as usize].fills, fill);
    }

    pub(crate) fn bust_fill(&mut self, slot: u32, number: u32) {
        self.fills.bust(&self.slots[slot as usize].fills, number);
    }

    /// Takes in an open order, newer than every other.
    #[inline]
    pub(crate) fn add(&mut self, order: Order) {
        let new = Slot { order, fills: Fills::EMPTY, links: [UNLINKED; 2] };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = new;
            slot
        } else {
            self.slots.push(new);
            u32::try_from(self.slots.len() - 1).expect("fewer than 2³² orders at once")
        };
        self.index.insert(order.id.0, slot);
        let instrument = order.instrument().index();
        if instrument >= self.instruments.len() {
            self.instruments.resize(instrument + 1, NO_ENDS);
        }
        self.append(ALL, slot);
        self.append(INSTRUMENT, slot);
        self.open += 1;
    }

    /// An open order closed: off the lists, into the ring, and out goes the ring's oldest.
    #[inline]
    pub(crate) fn close(&mut self, slot: u32) {
        self.unlink(ALL, slot);
        self.unlink(INSTRUMENT, slot);
        self.open -= 1;
        if self.kept.len() == self.kept_max {
            let oldest = self.kept.pop_front().expect("it is full, and not of size zero");
            self.forget(oldest);
        }
        self.kept.push_back(slot);
    }

    fn forget(&mut self, slot: u32) {
        let Slot { order, fills, .. } = &mut self.slots[slot as usize];
        self.index.remove(order.id.0);
        self.fills.clear(fills);
        self.free.push(slot);
    }

    #[inline]
    fn ends(&mut self, list: usize, slot: u32) -> &mut Ends {
        if list == ALL {
            &mut self.all
        } else {
            &mut self.instruments[self.slots[slot as usize].order.instrument().index()]
        }
    }

    #[inline]
    fn append(&mut self, list: usize, slot: u32) {
        let ends = self.ends(list, slot);
        let previous = ends.last;
        ends.last = slot;
        if previous == NONE {
            ends.first = slot;
        } else {
            self.slots[previous as usize].links[list].next = slot;
        }
        self.slots[slot as usize].links[list].previous = previous;
    }

    #[inline]
    fn unlink(&mut self, list: usize, slot: u32) {
        let Link { previous, next } = self.slots[slot as usize].links[list];
        if previous == NONE {
            self.ends(list, slot).first = next;
        } else {
            self.slots[previous as usize].links[list].next = next;
        }
        if next == NONE {
            self.ends(list, slot).last = previous;
        } else {
            self.slots[next as usize].links[list].previous = previous;
        }
    }

    /// Slots of the open orders, oldest order first.
    #[inline]
    pub(crate) fn open(&self) -> Open<'_> {
        Open { slots: &self.slots, list: ALL, next: self.all.first }
    }

    /// Slots of the open orders in one instrument, oldest order first.
    #[inline]
    pub(crate) fn open_of(&self, instrument: InstrumentId) -> Open<'_> {
        let ends = self.instruments.get(instrument.index());
        Open { slots: &self.slots, list: INSTRUMENT, next: ends.map_or(NONE, |ends| ends.first) }
    }

    /// The open order after `slot`, or the first one; for walks that change what they meet.
    #[inline]
    pub(crate) fn next_open(&self, slot: Option<u32>) -> Option<u32> {
        let next = match slot {
            Some(slot) => self.slots[slot as usize].links[ALL].next,
            None => self.all.first,
        };
        (next != NONE).then_some(next)
    }
}

/// A walk along a list of open orders.
#[derive(Clone, Debug)]
pub(crate) struct Open<'a> {
    slots: &'a [Slot],
    list: usize,
    next: u32,
}

impl<'a> Iterator for Open<'a> {
    type Item = &'a Order;

    #[inline]
    fn next(&mut self) -> Option<&'a Order> {
        if self.next == NONE {
            return None;
        }
        let slot = &self.slots[self.next as usize];
        self.next = slot.links[self.list].next;
        Some(&slot.order)
    }
}
