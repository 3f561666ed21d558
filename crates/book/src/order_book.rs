//! An order-by-order book (L3): every order of the market's, and its place in the queue of its price.
//!
//! ```text
//!   id ──Index──▶ node ──key──▶ level in the Ladder {sum, count, head, tail}
//!                  │ ▲                                        │
//!                  ▼ │ next / before                          ▼
//!                 node …                                   first node
//! ```
//!
//! Nodes lie in one slab and are used again; 0 is no node. A node is one cache line. Owns every order's **stamp**: a
//! counter that rises with each order that joins the end of a queue, so that of two orders at one price the one
//! with the smaller stamp is ahead.
//!
//! Cost of a change near the touch: a line of the index, the node's, its level's and, unless the order is alone,
//! its neighbours'; no search but the index's probe.
//!
//! Sums of sizes are 128 bits wide: no number of orders overflows them, and what is added is taken off exactly.

use crate::index::Index;
use crate::sides::{Sides, Stack, answers};
use crate::{Change, Counts, Level, LevelBook, State, key, price};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use types::{
    Flags, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Phase, Side, Ticks,
};

/// An order that stands in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Which side it stands on.
    pub side: Side,
    /// Its price.
    pub price: Ticks,
    /// What is left of it.
    pub size: Lots,
    /// Its stamp: of two orders at one price and side, the smaller one is ahead.
    pub joined: u64,
}

/// An order in the slab; a free one uses `next` to name another free one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[repr(align(64))]
struct Node {
    id: u64,
    key: i64,
    size: i64,
    joined: u64,
    next: u32,
    before: u32,
    side: Side,
}

/// No node: the slab's first, which stands in where a neighbour is missing.
const NONE: u32 = 0;
/// Orders at once; the index holds twice as many places, numbered by 32 bits.
const ORDERS_MAX: usize = 1 << 31;

impl Node {
    const fn nobody() -> Self {
        Self { id: 0, key: 0, size: 0, joined: 0, next: NONE, before: NONE, side: Side::Buy }
    }

    const fn resting(&self) -> Resting {
        Resting {
            side: self.side,
            price: price(self.side, self.key),
            size: Lots(self.size),
            joined: self.joined,
        }
    }
}

/// The queue at a price.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Queue {
    sum: i128,
    count: u32,
    head: u32,
    tail: u32,
}

impl Stack for Queue {
    #[inline]
    fn size(&self) -> Lots {
        Lots(i64::try_from(self.sum).unwrap_or(i64::MAX))
    }

    #[inline]
    fn orders(&self) -> u32 {
        self.count
    }
}

/// An order-by-order book of one instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct OrderBook {
    sides: Sides<Queue>,
    #[serde(skip, default = "Index::new")]
    index: Index,
    nodes: Vec<Node>,
    /// The first free node.
    free: u32,
    joins: u64,
    len: usize,
    /// Levels the venue implies; they have no orders. Boxed: few instruments have any.
    implied: Option<Box<LevelBook>>,
    implied_depth_max: usize,
}

answers!(OrderBook);

impl Serialize for OrderBook {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, to)
    }
}

/// The slab comes back node for node, so that what is free is taken again in the same order; the index is made anew.
impl<'de> Deserialize<'de> for OrderBook {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut book = Self::deserialize(from)?;
        book.enter_all().map_err(D::Error::custom)?;
        Ok(book)
    }
}

impl Default for OrderBook {
    fn default() -> Self {
        Self::new()
    }
}

impl OrderBook {
    /// An empty book.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sides: Sides::new(),
            index: Index::new(),
            nodes: Vec::new(),
            free: NONE,
            joins: 0,
            len: 0,
            implied: None,
            implied_depth_max: usize::MAX,
        }
    }

    /// An empty book with room for `orders` at once, at a sixteenth as many prices of each side that lie far from
    /// the market, and at any prices that lie near.
    #[must_use]
    pub fn with_capacity(orders: usize) -> Self {
        let mut book = Self::new();
        book.nodes.reserve(orders.saturating_add(1));
        book.index = Index::with_capacity(orders);
        book.sides.reserve(orders / 16);
        book
    }

    /// The book of an instrument whose levels were followed until its orders came: standing and implied levels
    /// stay, the levels are forgotten, for no orders can be made of them.
    pub(crate) fn taking_over(levels: LevelBook) -> Self {
        let mut book = Self::new();
        (book.sides.standing, book.implied, book.implied_depth_max) = levels.into_parts();
        book
    }

    /// Makes the index of every order that stands, from the levels' queues.
    fn enter_all(&mut self) -> Result<(), &'static str> {
        self.index = Index::with_capacity(self.len);
        let mut entered = 0;
        for side in Side::BOTH {
            for (_, queue) in self.sides.side(side).iter() {
                let mut at = queue.head;
                while at != NONE {
                    let node =
                        self.nodes.get(at as usize).ok_or("a queue names an order that is not there")?;
                    entered += 1;
                    if entered > self.len {
                        return Err("more orders stand in queues than in the book");
                    }
                    self.index.insert(node.id, at);
                    at = node.next;
                }
            }
        }
        if entered == self.len { Ok(()) } else { Err("fewer orders stand in queues than in the book") }
    }

    /// Takes one change in.
    #[inline]
    pub fn apply(&mut self, delta: &OrderDelta) -> Change {
        let change = match delta.action {
            OrderAction::Add => self.add(delta),
            OrderAction::Modify => self.modify(delta),
            OrderAction::Reduce => self.reduce(delta),
            OrderAction::Delete => self.delete(delta.order),
            // The change of the book follows on its own.
            OrderAction::Fill => Change::Applied,
            OrderAction::Clear => self.clear_for(delta.flags),
        };
        self.settle(delta.flags, delta.venue_at);
        change
    }

    #[inline]
    fn add(&mut self, delta: &OrderDelta) -> Change {
        if delta.size.0 <= 0 {
            return self.refuse();
        }
        if let Some((place, node)) = self.find(delta.order) {
            self.sides.counts.duplicate += 1;
            self.remove(place, node);
        }
        if self.len == ORDERS_MAX {
            return self.refuse();
        }
        let node = self.fresh_node();
        self.index.insert(delta.order.0, node);
        self.len += 1;
        let kept = &mut self.nodes[node as usize];
        kept.id = delta.order.0;
        self.join(node, delta.side, delta.price, delta.size);
        Change::Applied
    }

    #[cold]
    fn refuse(&mut self) -> Change {
        self.sides.counts.refused += 1;
        Change::Ignored
    }

    #[cold]
    fn unknown_order(&mut self) -> Change {
        self.sides.counts.unknown += 1;
        Change::Unknown
    }

    #[inline]
    fn modify(&mut self, delta: &OrderDelta) -> Change {
        if delta.size.0 < 0 {
            return self.refuse();
        }
        let Some((place, node)) = self.find(delta.order) else {
            return self.unknown_order();
        };
        let kept = self.nodes[node as usize];
        if delta.size.is_zero() {
            self.remove(place, node);
        } else if kept.side == delta.side
            && kept.key == key(delta.side, delta.price)
            && delta.size.0 <= kept.size
        {
            self.shrink(node, kept.size - delta.size.0);
        } else {
            self.leave(node);
            self.join(node, delta.side, delta.price, delta.size);
        }
        Change::Applied
    }

    #[inline]
    fn reduce(&mut self, delta: &OrderDelta) -> Change {
        if delta.size.0 <= 0 {
            return self.refuse();
        }
        let Some((place, node)) = self.find(delta.order) else {
            return self.unknown_order();
        };
        let left = self.nodes[node as usize].size;
        if delta.size.0 < left {
            self.shrink(node, delta.size.0);
        } else {
            self.sides.counts.excess += u64::from(delta.size.0 > left);
            self.remove(place, node);
        }
        Change::Applied
    }

    #[inline]
    fn delete(&mut self, order: MarketOrderId) -> Change {
        let Some((place, node)) = self.find(order) else {
            return self.unknown_order();
        };
        self.remove(place, node);
        Change::Applied
    }

    #[inline]
    fn find(&self, order: MarketOrderId) -> Option<(usize, u32)> {
        self.index.find(order.0, |node| self.nodes[node as usize].id == order.0)
    }

    #[inline]
    fn fresh_node(&mut self) -> u32 {
        if self.free != NONE {
            let node = self.free;
            self.free = self.nodes[node as usize].next;
            return node;
        }
        if self.nodes.is_empty() {
            self.nodes.push(Node::nobody());
        }
        let node = u32::try_from(self.nodes.len()).expect("at most 2³¹ orders and nobody");
        self.nodes.push(Node::nobody());
        node
    }

    /// Puts a node that stands nowhere at the end of a queue.
    #[inline]
    fn join(&mut self, node: u32, side: Side, price: Ticks, size: Lots) {
        let key = key(side, price);
        let queue = self.sides.side_mut(side).at(key);
        let last = queue.tail;
        queue.sum += i128::from(size.0);
        queue.count += 1;
        queue.tail = node;
        if last == NONE {
            queue.head = node;
        }
        self.nodes[last as usize].next = node;
        let kept = &mut self.nodes[node as usize];
        (kept.key, kept.size, kept.side) = (key, size.0, side);
        (kept.next, kept.before) = (NONE, last);
        kept.joined = self.joins;
        self.joins += 1;
    }

    /// Takes a node out of its queue.
    #[inline]
    fn leave(&mut self, node: u32) {
        let Node { key, size, side, next, before, .. } = self.nodes[node as usize];
        let ladder = self.sides.side_mut(side);
        let queue = ladder.get_mut(key).expect("an order's level stands as long as the order");
        if queue.count == 1 {
            ladder.remove(key);
            return;
        }
        queue.sum -= i128::from(size);
        queue.count -= 1;
        if before == NONE {
            queue.head = next;
        }
        if next == NONE {
            queue.tail = before;
        }
        // Where there is no neighbour, nobody's links take the write and are never read.
        self.nodes[before as usize].next = next;
        self.nodes[next as usize].before = before;
    }

    /// The order is gone.
    #[inline]
    fn remove(&mut self, place: usize, node: u32) {
        self.index.remove(place);
        self.leave(node);
        self.nodes[node as usize].next = self.free;
        self.free = node;
        self.len -= 1;
    }

    /// The order is smaller by `size` and keeps its place.
    #[inline]
    fn shrink(&mut self, node: u32, size: i64) {
        let kept = &mut self.nodes[node as usize];
        kept.size -= size;
        let (side, key) = (kept.side, kept.key);
        let queue =
            self.sides.side_mut(side).get_mut(key).expect("an order's level stands as long as the order");
        queue.sum -= i128::from(size);
    }

    /// A reset empties everything; the start of a snapshot only what the snapshot will fill.
    #[cold]
    fn clear_for(&mut self, flags: Flags) -> Change {
        self.sides.clear();
        self.index.clear();
        self.nodes.truncate(1);
        (self.free, self.len) = (NONE, 0);
        if let Some(implied) = &mut self.implied
            && !flags.has(Flags::SNAPSHOT)
        {
            implied.clear();
        }
        Change::Applied
    }

    #[inline]
    fn settle(&mut self, flags: Flags, venue_at: Nanos) {
        self.sides.settle(flags, venue_at);
        if let Some(implied) = &mut self.implied
            && flags.has(Flags::LAST)
        {
            implied.settle(Flags::LAST, venue_at);
        }
    }

    /// A price-level change of the same instrument: implied levels are followed, the others are the sums of orders
    /// known here already. A reset is a reset whoever says it.
    pub(crate) fn apply_level(&mut self, delta: &LevelDelta) -> Change {
        let change = if delta.flags.has(Flags::IMPLIED) {
            let standing = self.sides.standing;
            let depth = self.implied_depth_max;
            let implied =
                self.implied.get_or_insert_with(|| Box::new(LevelBook::implied_with(depth, standing)));
            implied.apply_as_own(delta)
        } else if delta.action == LevelAction::Clear {
            self.clear_by_level(delta)
        } else {
            Change::Ignored
        };
        // A level snapshot says nothing about the orders; the last change of a packet does.
        if !delta.flags.has(Flags::SNAPSHOT) {
            self.settle(delta.flags, delta.venue_at);
        }
        change
    }

    fn clear_by_level(&mut self, delta: &LevelDelta) -> Change {
        if !delta.flags.has(Flags::SNAPSHOT) {
            return self.clear_for(delta.flags);
        }
        if let Some(implied) = &mut self.implied {
            implied.clear();
        }
        Change::Ignored
    }

    /// Something is missing from the feed: stale until a `Clear`.
    pub fn on_gap(&mut self) {
        self.sides.standing.on_gap();
        if let Some(implied) = &mut self.implied {
            implied.on_gap();
        }
    }

    /// The market opened, paused or closed. Says whether a crossed book is legal.
    pub fn on_phase(&mut self, phase: Phase) {
        self.sides.standing.phase = phase;
        if let Some(implied) = &mut self.implied {
            implied.on_phase(phase);
        }
    }

    /// The levels the venue implies from spreads, if it ever sent any.
    #[must_use]
    pub fn implied(&self) -> Option<&LevelBook> {
        self.implied.as_deref()
    }

    /// An order that stands.
    #[inline]
    #[must_use]
    pub fn order(&self, id: MarketOrderId) -> Option<Resting> {
        let (_, node) = self.find(id)?;
        Some(self.nodes[node as usize].resting())
    }

    /// How many orders stand.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no order stands.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The stamp that the next order to join, or to lose its place, gets. Never falls, not even at a clear.
    #[inline]
    #[must_use]
    pub const fn joins(&self) -> u64 {
        self.joins
    }

    /// The orders at a price, first to trade first.
    pub fn queue(&self, side: Side, price: Ticks) -> impl Iterator<Item = (MarketOrderId, Resting)> + '_ {
        let mut node = self.sides.at(side, price).map_or(NONE, |queue| queue.head);
        std::iter::from_fn(move || {
            if node == NONE {
                return None;
            }
            let kept = &self.nodes[node as usize];
            node = kept.next;
            Some((MarketOrderId(kept.id), kept.resting()))
        })
    }
}
