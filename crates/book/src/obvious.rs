//! The books as one would write them first: ordered maps, queues, and every answer computed when asked. They are
//! the oracle of the fast ones, in this crate's tests and in others', and their rival in its benchmark.
//!
//! They share nothing with the fast books but the words. Slow on purpose; never used by anything that ships.

use crate::{Change, Counts, Level, Resting, State};
use std::collections::{BTreeMap, VecDeque};
use types::{
    Flags, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side, Ticks,
};

/// The state of a book after a delta, said in full.
fn state_after(state: State, flags: Flags, venue_at: Nanos, bid: Option<Level>, ask: Option<Level>) -> State {
    if state == State::Stale {
        return State::Stale;
    }
    if !flags.has(Flags::LAST) {
        return if flags.has(Flags::SNAPSHOT) { State::Building } else { state };
    }
    let crossed = match (bid, ask) {
        (Some(bid), Some(ask)) => bid.price > ask.price,
        (Some(_) | None, _) => false,
    };
    match (crossed, state) {
        (false, _) => State::Live,
        (true, State::Crossed { since }) => State::Crossed { since },
        (true, State::Building | State::Live | State::Stale) => State::Crossed { since: venue_at },
    }
}

/// The entries of a side's map, best first.
fn best_first<V>(side: Side, map: &BTreeMap<Ticks, V>) -> Box<dyn Iterator<Item = (Ticks, &V)> + '_> {
    let entries = map.iter().map(|(price, value)| (*price, value));
    match side {
        Side::Buy => Box::new(entries.rev()),
        Side::Sell => Box::new(entries),
    }
}

/// A price-level book: a map for each side. Implied levels are not its business; do not give it any.
#[derive(Clone, Debug)]
pub struct LevelBook {
    sides: [BTreeMap<Ticks, (Lots, u32)>; 2],
    depth_max: usize,
    state: State,
    counts: Counts,
}

impl Default for LevelBook {
    fn default() -> Self {
        Self::new()
    }
}

impl LevelBook {
    /// An empty book of any depth.
    #[must_use]
    pub fn new() -> Self {
        Self::with_depth(usize::MAX)
    }

    /// An empty book that keeps the best `max` levels a side.
    #[must_use]
    pub fn with_depth(max: usize) -> Self {
        Self {
            sides: [BTreeMap::new(), BTreeMap::new()],
            depth_max: max,
            state: State::Building,
            counts: Counts::default(),
        }
    }

    /// Takes one change in.
    pub fn apply(&mut self, delta: &LevelDelta) -> Change {
        let change = self.change(delta);
        let (bid, ask) = (self.best(Side::Buy), self.best(Side::Sell));
        self.state = state_after(self.state, delta.flags, delta.venue_at, bid, ask);
        change
    }

    fn change(&mut self, delta: &LevelDelta) -> Change {
        match delta.action {
            LevelAction::Clear => {
                self.sides = [BTreeMap::new(), BTreeMap::new()];
                self.state = State::Building;
                Change::Applied
            }
            LevelAction::Set if delta.size.0 < 0 => {
                self.counts.refused += 1;
                Change::Ignored
            }
            LevelAction::Set if delta.size.0 > 0 => {
                self.sides[delta.side.index()].insert(delta.price, (delta.size, delta.orders));
                if self.sides[delta.side.index()].len() > self.depth_max {
                    let beyond = self.prices(delta.side).skip(self.depth_max).collect();
                    self.drop_levels(delta.side, beyond);
                }
                Change::Applied
            }
            LevelAction::Set | LevelAction::Delete => {
                let there = self.sides[delta.side.index()].contains_key(&delta.price);
                self.known_if(delta.side, if there { vec![delta.price] } else { Vec::new() })
            }
            LevelAction::DeleteThru => {
                let gone = self.prices(delta.side).enumerate().filter(|(number, price)| match delta.depth {
                    0 => !delta.price.beats(*price, delta.side),
                    depth => *number < usize::from(depth),
                });
                let gone = gone.map(|(_, price)| price).collect();
                self.known_if(delta.side, gone)
            }
            LevelAction::DeleteFrom => {
                let gone = self.prices(delta.side).enumerate().filter(|(number, price)| match delta.depth {
                    0 => !price.beats(delta.price, delta.side),
                    depth => *number + 1 >= usize::from(depth),
                });
                let gone = gone.map(|(_, price)| price).collect();
                self.known_if(delta.side, gone)
            }
        }
    }

    fn prices(&self, side: Side) -> impl Iterator<Item = Ticks> + '_ {
        best_first(side, &self.sides[side.index()]).map(|(price, _)| price)
    }

    fn drop_levels(&mut self, side: Side, prices: Vec<Ticks>) {
        for price in prices {
            self.sides[side.index()].remove(&price);
        }
    }

    fn known_if(&mut self, side: Side, gone: Vec<Ticks>) -> Change {
        if gone.is_empty() {
            self.counts.unknown += 1;
            return Change::Unknown;
        }
        self.drop_levels(side, gone);
        Change::Applied
    }

    /// Something is missing from the feed.
    pub fn on_gap(&mut self) {
        self.state = State::Stale;
    }

    /// Whether it may be traded on.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What it was told that made no sense.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The best level of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// What stands at a price.
    #[must_use]
    pub fn size_at(&self, side: Side, price: Ticks) -> Lots {
        self.sides[side.index()].get(&price).map_or(Lots::ZERO, |level| level.0)
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let levels = best_first(side, &self.sides[side.index()]);
        levels.map(|(price, &(size, orders))| Level { price, size, orders })
    }
}

/// An order-by-order book: a map of orders, and for each side a map of queues of ids.
#[derive(Clone, Debug)]
pub struct OrderBook {
    orders: BTreeMap<MarketOrderId, Resting>,
    queues: [BTreeMap<Ticks, VecDeque<MarketOrderId>>; 2],
    joins: u64,
    state: State,
    counts: Counts,
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
            orders: BTreeMap::new(),
            queues: [BTreeMap::new(), BTreeMap::new()],
            joins: 0,
            state: State::Building,
            counts: Counts { unknown: 0, duplicate: 0, refused: 0, excess: 0 },
        }
    }

    /// Takes one change in.
    pub fn apply(&mut self, delta: &OrderDelta) -> Change {
        let change = self.change(delta);
        if delta.flags.has(Flags::LAST) || delta.flags.has(Flags::SNAPSHOT) {
            let (bid, ask) = (self.best(Side::Buy), self.best(Side::Sell));
            self.state = state_after(self.state, delta.flags, delta.venue_at, bid, ask);
        }
        change
    }

    fn change(&mut self, delta: &OrderDelta) -> Change {
        match delta.action {
            OrderAction::Fill => return Change::Applied,
            OrderAction::Clear => {
                self.orders = BTreeMap::new();
                self.queues = [BTreeMap::new(), BTreeMap::new()];
                self.state = State::Building;
                return Change::Applied;
            }
            OrderAction::Add | OrderAction::Reduce if delta.size.0 <= 0 => return self.refuse(),
            OrderAction::Modify if delta.size.0 < 0 => return self.refuse(),
            OrderAction::Add | OrderAction::Reduce | OrderAction::Modify | OrderAction::Delete => {}
        }
        let Some(&resting) = self.orders.get(&delta.order) else {
            if delta.action == OrderAction::Add {
                self.join(delta);
                return Change::Applied;
            }
            self.counts.unknown += 1;
            return Change::Unknown;
        };
        match delta.action {
            OrderAction::Add => {
                self.counts.duplicate += 1;
                self.leave(delta.order, resting);
                self.join(delta);
            }
            OrderAction::Modify => self.modify(delta, resting),
            OrderAction::Reduce => {
                if delta.size > resting.size {
                    self.counts.excess += 1;
                }
                if delta.size >= resting.size {
                    self.leave(delta.order, resting);
                } else {
                    self.resize(delta.order, resting.size - delta.size);
                }
            }
            OrderAction::Delete => self.leave(delta.order, resting),
            OrderAction::Fill | OrderAction::Clear => unreachable!("answered above"),
        }
        Change::Applied
    }

    fn refuse(&mut self) -> Change {
        self.counts.refused += 1;
        Change::Ignored
    }

    fn modify(&mut self, delta: &OrderDelta, resting: Resting) {
        let stays = delta.side == resting.side && delta.price == resting.price && delta.size <= resting.size;
        if stays && delta.size.0 > 0 {
            self.resize(delta.order, delta.size);
            return;
        }
        self.leave(delta.order, resting);
        if delta.size.0 > 0 {
            self.join(delta);
        }
    }

    fn join(&mut self, delta: &OrderDelta) {
        let resting = Resting { side: delta.side, price: delta.price, size: delta.size, joined: self.joins };
        self.joins += 1;
        self.orders.insert(delta.order, resting);
        self.queues[delta.side.index()].entry(delta.price).or_default().push_back(delta.order);
    }

    fn leave(&mut self, id: MarketOrderId, resting: Resting) {
        self.orders.remove(&id);
        let queues = &mut self.queues[resting.side.index()];
        let queue = queues.get_mut(&resting.price).expect("a resting order has a queue");
        queue.retain(|&other| other != id);
        if queue.is_empty() {
            queues.remove(&resting.price);
        }
    }

    fn resize(&mut self, id: MarketOrderId, size: Lots) {
        self.orders.get_mut(&id).expect("the caller saw it").size = size;
    }

    fn level(&self, price: Ticks, queue: &VecDeque<MarketOrderId>) -> Level {
        let sum: i128 = queue.iter().map(|id| i128::from(self.orders[id].size.0)).sum();
        Level {
            price,
            size: Lots(i64::try_from(sum).unwrap_or(i64::MAX)),
            orders: u32::try_from(queue.len()).expect("fewer orders than 2³²"),
        }
    }

    /// Something is missing from the feed.
    pub fn on_gap(&mut self) {
        self.state = State::Stale;
    }

    /// Whether it may be traded on.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What it was told that made no sense.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The best level of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// What stands at a price.
    #[must_use]
    pub fn size_at(&self, side: Side, price: Ticks) -> Lots {
        let queue = self.queues[side.index()].get(&price);
        queue.map_or(Lots::ZERO, |queue| self.level(price, queue).size)
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        best_first(side, &self.queues[side.index()]).map(|(price, queue)| self.level(price, queue))
    }

    /// An order that stands.
    #[must_use]
    pub fn order(&self, id: MarketOrderId) -> Option<Resting> {
        self.orders.get(&id).copied()
    }

    /// How many orders stand.
    #[must_use]
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether no order stands.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// The stamp the next order to join gets.
    #[must_use]
    pub const fn joins(&self) -> u64 {
        self.joins
    }

    /// The orders at a price, first to trade first.
    pub fn queue(&self, side: Side, price: Ticks) -> impl Iterator<Item = (MarketOrderId, Resting)> + '_ {
        let queue = self.queues[side.index()].get(&price).into_iter().flatten();
        queue.map(|id| (*id, self.orders[id]))
    }
}
