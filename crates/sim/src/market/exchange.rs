//! A true limit order book with price-time priority: what the generated market trades in, and the oracle the
//! venue's queue rules are held against.
//!
//! Never models anything: it does to the letter what an exchange's matching rule says, for everybody's orders.
//! Prices live in an array over a fixed range (a generated session stays within it by its own doing; an order
//! beyond it is refused), orders in a slab with a linked list for each price. An order costs a few cache lines.

use types::{Lots, Side, Ticks};

/// "No order", "no shelf".
const NONE: u32 = u32::MAX;

/// A resting order, as the book shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its number: from 1, as its owner chose it.
    pub id: u64,
    /// Which side it is on.
    pub side: Side,
    /// Its limit.
    pub price: Ticks,
    /// What is left of it.
    pub size: Lots,
    /// Its place in the order of all that ever joined a queue: lower goes first.
    pub priority: u64,
}

/// One resting order that an incoming one met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The resting order, with what is left of it.
    pub resting: Standing,
    /// How much traded, at the resting order's price.
    pub size: Lots,
}

/// A price level, as the book shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Ticks,
    /// What stands there, in all.
    pub size: Lots,
    /// How many orders that is.
    pub orders: u32,
}

#[derive(Clone, Copy, Debug)]
struct Shelf {
    size: i64,
    orders: u32,
    first: u32,
    last: u32,
}

const EMPTY: Shelf = Shelf { size: 0, orders: 0, first: NONE, last: NONE };

#[derive(Clone, Copy, Debug)]
struct Slot {
    standing: Standing,
    next: u32,
    previous: u32,
}

/// The book and its matching rule.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The price of shelf 0.
    lowest: Ticks,
    /// By side, by price.
    shelves: [Vec<Shelf>; 2],
    /// The best shelf of each side; `NONE` when the side is empty.
    best: [u32; 2],
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// From an order's number to its slot: numbers are dense.
    place: Vec<u32>,
    priority: u64,
}

fn index(n: u32) -> usize {
    // Lossless on the 64-bit hosts the workspace is built for.
    n as usize
}

impl Exchange {
    /// An empty book for prices from `lowest`, `span` steps of them.
    #[must_use]
    pub fn new(lowest: Ticks, span: u32) -> Self {
        Self {
            lowest,
            shelves: [vec![EMPTY; index(span)], vec![EMPTY; index(span)]],
            best: [NONE; 2],
            slots: Vec::new(),
            free: Vec::new(),
            place: Vec::new(),
            priority: 0,
        }
    }

    fn shelf_of(&self, price: Ticks) -> Option<u32> {
        let shelf = u32::try_from(price.0.checked_sub(self.lowest.0)?).ok()?;
        (index(shelf) < self.shelves[0].len()).then_some(shelf)
    }

    fn price_of(&self, shelf: u32) -> Ticks {
        self.lowest + i64::from(shelf)
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Ticks> {
        let shelf = self.best[side.index()];
        (shelf != NONE).then(|| self.price_of(shelf))
    }

    /// What stands at a price.
    #[must_use]
    pub fn level(&self, side: Side, price: Ticks) -> Level {
        let shelf = self.shelf_of(price).map_or(EMPTY, |shelf| self.shelves[side.index()][index(shelf)]);
        Level { price, size: Lots(shelf.size), orders: shelf.orders }
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let shelves = &self.shelves[side.index()];
        let best = self.best[side.index()];
        let mut at = (best != NONE).then_some(best);
        std::iter::from_fn(move || {
            loop {
                let shelf = at?;
                at = worse(shelf, side, shelves.len());
                let here = &shelves[index(shelf)];
                if here.orders > 0 {
                    return Some(Level {
                        price: self.price_of(shelf),
                        size: Lots(here.size),
                        orders: here.orders,
                    });
                }
            }
        })
    }

    /// The orders at a price, first in line first.
    pub fn queue(&self, side: Side, price: Ticks) -> impl DoubleEndedIterator<Item = Standing> + '_ {
        let shelf = self.shelf_of(price).map_or(EMPTY, |shelf| self.shelves[side.index()][index(shelf)]);
        Queue { slots: &self.slots, front: shelf.first, back: shelf.last, left: shelf.orders }
    }

    /// A resting order.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<Standing> {
        self.slot_of(id).map(|slot| self.slots[index(slot)].standing)
    }

    fn slot_of(&self, id: u64) -> Option<u32> {
        let slot = *self.place.get(usize::try_from(id).ok()?)?;
        (slot != NONE).then_some(slot)
    }

    /// An order with a limit: trades with what it crosses, and what is left rests. Gives what rested, which is
    /// nothing when the price is beyond the range.
    pub fn limit(&mut self, id: u64, side: Side, price: Ticks, size: Lots, out: &mut Vec<Match>) -> Lots {
        let left = self.take(side, price, size, out);
        if left > Lots::ZERO && self.join(id, side, price, left) { left } else { Lots::ZERO }
    }

    /// Trades with what stands at `limit` or better, best price first, first in line first. Gives what did not
    /// trade.
    pub fn take(&mut self, side: Side, limit: Ticks, size: Lots, out: &mut Vec<Match>) -> Lots {
        let mut left = size.0;
        let other = (!side).index();
        while left > 0 {
            let shelf = self.best[other];
            if shelf == NONE || !limit.crosses(self.price_of(shelf), side) {
                break;
            }
            let slot = self.shelves[other][index(shelf)].first;
            let standing = &mut self.slots[index(slot)].standing;
            let traded = left.min(standing.size.0);
            left -= traded;
            standing.size.0 -= traded;
            out.push(Match { resting: *standing, size: Lots(traded) });
            let gone = standing.size.is_zero();
            self.shelves[other][index(shelf)].size -= traded;
            if gone {
                self.leave(slot);
            }
        }
        Lots(left)
    }

    /// Takes an order off the book. Gives it as it stood; `None` when there is no such order.
    pub fn cancel(&mut self, id: u64) -> Option<Standing> {
        let slot = self.slot_of(id)?;
        let standing = self.slots[index(slot)].standing;
        self.leave(slot);
        Some(standing)
    }

    /// Gives an order a new price and size. It keeps its place only if the price stands and the size did not
    /// grow; otherwise it joins anew, and trades if it now crosses. Gives whether it kept its place; `None`
    /// when there is no such order.
    pub fn replace(&mut self, id: u64, price: Ticks, size: Lots, out: &mut Vec<Match>) -> Option<bool> {
        let slot = self.slot_of(id)?;
        let before = self.slots[index(slot)].standing;
        if price == before.price && size <= before.size {
            if size <= Lots::ZERO {
                self.leave(slot);
                return Some(true);
            }
            self.slots[index(slot)].standing.size = size;
            let shelf = self.shelf_of(price).expect("a resting order has a shelf");
            self.shelves[before.side.index()][index(shelf)].size -= before.size.0 - size.0;
            return Some(true);
        }
        self.leave(slot);
        self.limit(id, before.side, price, size, out);
        Some(false)
    }

    /// Appends an order to its price's queue.
    fn join(&mut self, id: u64, side: Side, price: Ticks, size: Lots) -> bool {
        let Some(shelf) = self.shelf_of(price) else {
            return false;
        };
        let row = usize::try_from(id).expect("order numbers are dense and small");
        if self.place.len() <= row {
            self.place.resize(row + 1, NONE);
        }
        let here = &mut self.shelves[side.index()][index(shelf)];
        let slot = Slot {
            standing: Standing { id, side, price, size, priority: self.priority },
            next: NONE,
            previous: here.last,
        };
        self.priority += 1;
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[index(at)] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).expect("fewer live orders than 2³²")
            }
        };
        self.place[row] = at;
        match here.last {
            NONE => here.first = at,
            last => self.slots[index(last)].next = at,
        }
        here.last = at;
        here.size += size.0;
        here.orders += 1;
        let best = &mut self.best[side.index()];
        if *best == NONE || (shelf > *best) == (side == Side::Buy) {
            *best = shelf;
        }
        true
    }

    /// Takes a slot out of its queue, and moves the best price when the queue was the best and is empty now.
    fn leave(&mut self, at: u32) {
        let Slot { standing, next, previous } = self.slots[index(at)];
        let shelf = self.shelf_of(standing.price).expect("a resting order has a shelf");
        let side = standing.side;
        let here = &mut self.shelves[side.index()][index(shelf)];
        here.size -= standing.size.0;
        here.orders -= 1;
        match previous {
            NONE => here.first = next,
            previous => self.slots[index(previous)].next = next,
        }
        match next {
            NONE => here.last = previous,
            next => self.slots[index(next)].previous = previous,
        }
        self.place[usize::try_from(standing.id).expect("it was an index when it joined")] = NONE;
        self.free.push(at);
        let shelves = &self.shelves[side.index()];
        if self.best[side.index()] == shelf && shelves[index(shelf)].orders == 0 {
            let mut next = worse(shelf, side, shelves.len());
            while let Some(at) = next
                && shelves[index(at)].orders == 0
            {
                next = worse(at, side, shelves.len());
            }
            self.best[side.index()] = next.unwrap_or(NONE);
        }
    }
}

/// The shelf one step worse for whoever rests on `side`.
fn worse(shelf: u32, side: Side, span: usize) -> Option<u32> {
    match side {
        Side::Buy => shelf.checked_sub(1),
        Side::Sell => (index(shelf) + 1 < span).then_some(shelf + 1),
    }
}

struct Queue<'a> {
    slots: &'a [Slot],
    front: u32,
    back: u32,
    left: u32,
}

impl Iterator for Queue<'_> {
    type Item = Standing;
    fn next(&mut self) -> Option<Standing> {
        self.left = self.left.checked_sub(1)?;
        let slot = &self.slots[index(self.front)];
        self.front = slot.next;
        Some(slot.standing)
    }
}

impl DoubleEndedIterator for Queue<'_> {
    fn next_back(&mut self) -> Option<Standing> {
        self.left = self.left.checked_sub(1)?;
        let slot = &self.slots[index(self.back)];
        self.back = slot.previous;
        Some(slot.standing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn lots(matches: &[Match]) -> Vec<(u64, i64)> {
        matches.iter().map(|m| (m.resting.id, m.size.0)).collect()
    }

    fn book() -> (Exchange, Vec<Match>) {
        let mut exchange = Exchange::new(Ticks(0), 1_000);
        let mut out = Vec::new();
        for (id, price, size) in [(1, 100, 5), (2, 100, 3), (3, 101, 4), (4, 99, 9)] {
            exchange.limit(id, Side::Buy, Ticks(price), Lots(size), &mut out);
        }
        (exchange, out)
    }

    #[test]
    fn price_goes_before_time_and_time_before_the_rest() {
        type Case = (i64, i64, &'static [(u64, i64)], i64);
        let cases: [Case; 4] = [
            (101, 2, &[(3, 2)], 0),
            (100, 10, &[(3, 4), (1, 5), (2, 1)], 0),
            (100, 20, &[(3, 4), (1, 5), (2, 3)], 8),
            (0, 99, &[(3, 4), (1, 5), (2, 3), (4, 9)], 78),
        ];
        for (limit, size, matches, left) in cases {
            let (mut exchange, mut out) = book();
            let rest = exchange.take(Side::Sell, Ticks(limit), Lots(size), &mut out);
            assert_eq!((lots(&out).as_slice(), rest), (matches, Lots(left)), "{limit} {size}");
        }
    }

    #[test]
    fn a_replace_keeps_its_place_only_when_it_shrinks() {
        let cases = [(100, 4, true, [1, 2]), (100, 5, true, [1, 2]), (100, 6, false, [2, 1])];
        for (price, size, kept, queue) in cases {
            let (mut exchange, mut out) = book();
            assert_eq!(exchange.replace(1, Ticks(price), Lots(size), &mut out), Some(kept));
            let ids: Vec<u64> = exchange.queue(Side::Buy, Ticks(100)).map(|o| o.id).collect();
            assert_eq!(ids, queue);
            assert_eq!(exchange.level(Side::Buy, Ticks(100)).size, Lots(3 + size));
        }
    }

    #[test]
    fn orders_beyond_the_range_are_refused() {
        let mut exchange = Exchange::new(Ticks(-5), 10);
        for (price, rests) in [(-6, 0), (-5, 1), (4, 1), (5, 0), (i64::MAX, 0), (i64::MIN, 0)] {
            let rested = exchange.limit(1, Side::Buy, Ticks(price), Lots(1), &mut Vec::new());
            assert_eq!(rested, Lots(rests), "{price}");
            exchange.cancel(1);
        }
    }

    /// The rule in its plainest form: a list, sorted each time.
    #[derive(Default)]
    struct Plain {
        orders: Vec<Standing>,
        priority: u64,
    }

    impl Plain {
        fn limit(&mut self, id: u64, side: Side, price: Ticks, size: Lots, out: &mut Vec<Match>) {
            let mut left = size;
            self.orders.sort_by_key(|o| (-o.price.0 * o.side.sign(), o.priority));
            for order in &mut self.orders {
                if order.side != side && price.crosses(order.price, side) && left > Lots::ZERO {
                    let traded = left.min(order.size);
                    order.size -= traded;
                    left -= traded;
                    out.push(Match { resting: *order, size: traded });
                }
            }
            self.orders.retain(|o| o.size > Lots::ZERO);
            if left > Lots::ZERO {
                let priority = self.priority;
                self.priority += 1;
                self.orders.push(Standing { id, side, price, size: left, priority });
            }
        }
    }

    #[test]
    fn it_matches_as_a_sorted_list_would() {
        for seed in 0..20 {
            let mut prng = Prng::new(seed);
            let (mut exchange, mut plain) = (Exchange::new(Ticks(90), 20), Plain::default());
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for id in 1..500_u64 {
                let side = Side::BOTH[usize::from(prng.chance(0.5))];
                let (price, size) = (Ticks(prng.between(90, 109)), Lots(prng.between(1, 9)));
                let target = prng.between(1, id.cast_signed()).cast_unsigned();
                match prng.below(4) {
                    0 => {
                        let gone = exchange.cancel(target);
                        let at = plain.orders.iter().position(|o| o.id == target);
                        assert_eq!(gone, at.map(|at| plain.orders.remove(at)), "seed {seed}");
                    }
                    1 => {
                        let kept = exchange.replace(target, price, size, &mut ours);
                        if let Some(at) = plain.orders.iter().position(|o| o.id == target) {
                            if kept == Some(true) {
                                plain.orders[at].size = size;
                            } else {
                                let old = plain.orders.remove(at);
                                plain.limit(target, old.side, price, size, &mut theirs);
                            }
                        }
                    }
                    _ => {
                        exchange.limit(id, side, price, size, &mut ours);
                        plain.limit(id, side, price, size, &mut theirs);
                    }
                }
                assert_eq!(ours, theirs, "seed {seed}");
                for side in Side::BOTH {
                    let mut queues: Vec<Standing> = Vec::new();
                    for level in exchange.levels(side) {
                        let queue: Vec<Standing> = exchange.queue(side, level.price).collect();
                        let sum: Lots = queue.iter().map(|o| o.size).sum();
                        assert_eq!((level.size, level.orders as usize), (sum, queue.len()));
                        queues.extend(queue);
                    }
                    let mut expected: Vec<Standing> =
                        plain.orders.iter().copied().filter(|o| o.side == side).collect();
                    expected.sort_by_key(|o| (-o.price.0 * o.side.sign(), o.priority));
                    assert_eq!(queues, expected, "seed {seed}");
                }
            }
        }
    }
}
