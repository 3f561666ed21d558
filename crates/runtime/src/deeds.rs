//! What people did, read off a recording's events: took, placed, withdrew; with the book as it stood before.
//!
//! Trades of one moment and side are one take. An order that crosses the book on its way in is a taker's, and what becomes
//! of it is told by the trades. What was filled was not withdrawn: with order-by-order data the fill says so, or, where a
//! feed has no fills (Bitstamp), a trade of the same price and size soon after a removal. What a decoder made to stand for
//! orders never shown (`SYNTHETIC`), snapshots, and trades against hidden orders are nobody's deed.
//!
//! Of price-level data deeds are inferred: a level that grew is an order placed, one that shrank by less than has just
//! traded there was taken from, else one order was withdrawn. Ages are not known then.

use book::{Book, Level};
use std::collections::{BTreeSet, VecDeque};
use types::{
    Event, Flags, Instrument, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta,
};
use types::{Side, Ticks};

/// How soon a trade speaks of a removal before it, where the feed has no fills.
const TOLD_WITHIN: Nanos = Nanos::from_secs(2);
const REMEMBERED: usize = 64;

/// One deed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deed {
    /// When.
    pub at: Nanos,
    /// The side of the taker, or of the order placed or withdrawn.
    pub side: Side,
    /// What.
    pub what: What,
    /// The book before it.
    pub before: Touch,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Somebody crossed the spread for `size`, when `standing` stood best there.
    Take {
        /// How much.
        size: Lots,
        /// How much stood there.
        standing: Lots,
    },
    /// An order of `size` came to rest `behind` ticks behind its side's best price; below zero it bettered it.
    Place {
        /// Where.
        behind: i64,
        /// How much.
        size: Lots,
    },
    /// An order `behind` ticks behind the best was withdrawn, or a part of it.
    Withdraw {
        /// Where.
        behind: i64,
        /// How much went.
        size: Lots,
        /// Whether some of it stayed.
        part: bool,
        /// For how long it had stood, in seconds; `None` when that is not known.
        age: Option<f64>,
    },
    /// It seemed so, and was taken after all.
    Nothing,
}

/// The best of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// By side.
    pub price: [Ticks; 2],
    /// By side.
    pub size: [Lots; 2],
}

impl Touch {
    /// Of a book that is live and has both sides.
    #[must_use]
    pub fn of(book: &Book) -> Option<Self> {
        let (bid, ask) = (book.best_bid()?, book.best_ask()?);
        let sound = book.is_live() && bid.price < ask.price;
        sound.then_some(Self { price: [bid.price, ask.price], size: [bid.size, ask.size] })
    }

    /// The ask less the bid.
    #[must_use]
    pub fn spread(&self) -> i64 {
        self.price[1] - self.price[0]
    }

    /// How far behind its side's best a price lies.
    #[must_use]
    pub fn behind(&self, side: Side, price: Ticks) -> i64 {
        (self.price[side.index()] - price).saturating_mul(side.sign())
    }
}

/// A removal that a trade may yet explain: which deed, where, how much.
struct Removal {
    deed: usize,
    at: Nanos,
    price: Ticks,
    size: Lots,
}

/// Reads one instrument's events.
pub struct Reader {
    book: Book,
    /// By stamp of joining.
    births: Vec<Nanos>,
    /// Fills whose change of the book is still to come.
    fills: Vec<MarketOrderId>,
    takers: BTreeSet<MarketOrderId>,
    removals: VecDeque<Removal>,
    /// Of price-level data: what traded and no level has shown yet.
    traded: VecDeque<(Nanos, Side, Ticks, Lots)>,
    deeds: Vec<Deed>,
    has_fills: bool,
    levels: usize,
}

impl Reader {
    /// Of an instrument, before its first event. Only what happens within the best `levels` levels counts: of what is
    /// farther away some recordings show nothing.
    #[must_use]
    pub fn new(instrument: &Instrument, levels: usize) -> Self {
        Self {
            book: Book::of(instrument),
            births: Vec::new(),
            fills: Vec::new(),
            takers: BTreeSet::new(),
            removals: VecDeque::new(),
            traded: VecDeque::new(),
            deeds: Vec::new(),
            has_fills: false,
            levels,
        }
    }

    /// The book as it stands.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// All deeds so far, in their order.
    #[must_use]
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// When an order that stands came; `None` when it was there before anything was recorded.
    #[must_use]
    pub fn born(&self, joined: u64) -> Option<Nanos> {
        let row = usize::try_from(joined).ok()?;
        self.births.get(row).copied().filter(|at| *at > Nanos::MIN)
    }

    /// Takes the next event; true at the end of a packet, when the book is sound to look at.
    pub fn read(&mut self, at: Nanos, event: &Event) -> bool {
        match event {
            Event::Trade(trade) => {
                if let Some(side) = trade.aggressor
                    && !trade.flags.has(Flags::HIDDEN)
                {
                    self.on_trade(at, side, trade.price, trade.size);
                }
                return false;
            }
            Event::Order(delta) => self.on_order(at, delta),
            Event::Level(delta) => self.on_level(at, delta),
            Event::Gap(_) => self.book.on_gap(),
            Event::Status(status) => self.book.on_phase(status.phase),
            Event::Report(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Statistic(_)
            | Event::QuoteRequest(_)
            | Event::TradeBust(_)
            | Event::Bar { .. } => {}
        }
        let ended = event.flags().has(Flags::LAST);
        if ended {
            self.fills.clear();
        }
        ended
    }

    fn deed(&mut self, at: Nanos, side: Side, what: What, before: Touch) {
        let behind = match what {
            What::Place { behind, .. } | What::Withdraw { behind, .. } => behind,
            What::Take { .. } | What::Nothing => 0,
        };
        // At the price of the last level that counts, or nearer.
        let counts = behind <= 0
            || self.book.levels(side).take(self.levels).last().is_some_and(|worst| {
                self.book.depth(side) < self.levels || behind <= before.behind(side, worst.price)
            });
        if counts {
            self.deeds.push(Deed { at, side, what, before });
        }
    }

    fn on_trade(&mut self, at: Nanos, side: Side, price: Ticks, size: Lots) {
        if !self.has_fills {
            self.explain(at, price, size);
        }
        self.traded.push_back((at, !side, price, size));
        if self.traded.len() > REMEMBERED {
            self.traded.pop_front();
        }
        if let Some(Deed { at: then, side: by, what: What::Take { size: sum, .. }, .. }) =
            self.deeds.last_mut()
            && *then == at
            && *by == side
        {
            *sum += size;
            return;
        }
        let Some(before) = Touch::of(&self.book) else { return };
        let standing = before.size[(!side).index()];
        self.deed(at, side, What::Take { size, standing }, before);
    }

    /// A trade explains a removal of the same price and size before it.
    fn explain(&mut self, at: Nanos, price: Ticks, size: Lots) {
        while self.removals.front().is_some_and(|first| at - first.at > TOLD_WITHIN) {
            self.removals.pop_front();
        }
        let same = |removal: &Removal| removal.price == price && removal.size == size;
        if let Some(found) = self.removals.iter().rposition(same)
            && let Some(Removal { deed, .. }) = self.removals.remove(found)
        {
            self.deeds[deed].what = What::Nothing;
        }
    }

    fn on_order(&mut self, at: Nanos, delta: &OrderDelta) {
        let known = !delta.flags.has(Flags::SYNTHETIC) && !delta.flags.has(Flags::SNAPSHOT);
        if delta.action == OrderAction::Fill {
            self.has_fills = true;
            self.fills.push(delta.order);
        } else if known && let Some(before) = Touch::of(&self.book) {
            self.judge(at, delta, before);
        }
        self.book.apply_order(delta);
        let joins = self.book.by_order().map_or(0, book::OrderBook::joins);
        let born = if known { at } else { Nanos::MIN };
        self.births.resize(usize::try_from(joins).unwrap_or(usize::MAX), born);
    }

    fn judge(&mut self, at: Nanos, delta: &OrderDelta, before: Touch) {
        let id = delta.order;
        match delta.action {
            OrderAction::Add => self.came(at, id, delta.side, delta.price, delta.size, before),
            OrderAction::Reduce | OrderAction::Delete => {
                let all = delta.action == OrderAction::Delete;
                self.went(at, id, if all { Lots(i64::MAX) } else { delta.size }, before);
                if all {
                    self.takers.remove(&id);
                }
            }
            OrderAction::Modify => {
                let Some(stood) = self.book.by_order().and_then(|book| book.order(id)) else { return };
                if stood.price == delta.price && delta.size <= stood.size {
                    self.went(at, id, stood.size - delta.size, before);
                } else if !self.takers.contains(&id) {
                    self.went(at, id, Lots(i64::MAX), before);
                    self.came(at, id, delta.side, delta.price, delta.size, before);
                }
            }
            OrderAction::Fill | OrderAction::Clear => {}
        }
    }

    fn came(&mut self, at: Nanos, id: MarketOrderId, side: Side, price: Ticks, size: Lots, before: Touch) {
        if price.crosses(before.price[(!side).index()], side) {
            self.takers.insert(id);
            return;
        }
        self.deed(at, side, What::Place { behind: before.behind(side, price), size }, before);
    }

    fn went(&mut self, at: Nanos, id: MarketOrderId, size: Lots, before: Touch) {
        if let Some(fill) = self.fills.iter().position(|filled| *filled == id) {
            self.fills.swap_remove(fill);
            return;
        }
        let Some(stood) = self.book.by_order().and_then(|book| book.order(id)) else { return };
        let (size, part) = (size.min(stood.size), size < stood.size);
        if self.takers.contains(&id) || size <= Lots::ZERO {
            return;
        }
        let age = self.born(stood.joined).map(|born| (at - born).to_secs_f64());
        let behind = before.behind(stood.side, stood.price);
        let deed = self.deeds.len();
        self.deed(at, stood.side, What::Withdraw { behind, size, part, age }, before);
        if !self.has_fills && self.deeds.len() > deed {
            self.removals.push_back(Removal { deed, at, price: stood.price, size });
            if self.removals.len() > REMEMBERED {
                self.removals.pop_front();
            }
        }
    }

    fn on_level(&mut self, at: Nanos, delta: &LevelDelta) {
        let known = !delta.flags.has(Flags::SNAPSHOT) && !delta.flags.has(Flags::IMPLIED);
        let simple = matches!(delta.action, LevelAction::Set | LevelAction::Delete);
        if known
            && simple
            && self.book.by_order().is_none()
            && let Some(before) = Touch::of(&self.book)
        {
            let stood = self.book.size_at(delta.side, delta.price);
            let now = if delta.action == LevelAction::Set { delta.size } else { Lots::ZERO };
            let behind = before.behind(delta.side, delta.price);
            if now > stood && !delta.price.crosses(before.price[(!delta.side).index()], delta.side) {
                self.deed(at, delta.side, What::Place { behind, size: now - stood }, before);
            } else if now < stood {
                let size = self.less_traded(at, delta.side, delta.price, stood - now);
                if size > Lots::ZERO {
                    let what = What::Withdraw { behind, size, part: !now.is_zero(), age: None };
                    self.deed(at, delta.side, what, before);
                }
            }
        }
        self.book.apply_level(delta);
    }

    /// What is left of a level's loss when what traded there is taken off.
    fn less_traded(&mut self, at: Nanos, side: Side, price: Ticks, lost: Lots) -> Lots {
        let mut left = lost;
        self.traded.retain_mut(|(then, of, traded_at, size)| {
            if at - *then > TOLD_WITHIN {
                return false;
            }
            if *of == side && *traded_at == price {
                let both = left.min(*size);
                left -= both;
                *size -= both;
            }
            !size.is_zero()
        });
        left
    }

    /// The orders of the best `levels` levels of a side: how far behind the best, when they came if that is known.
    pub fn standing(&self, side: Side, levels: usize, mut each: impl FnMut(i64, Option<Nanos>)) {
        let Some(best) = self.book.best(side) else { return };
        for Level { price, .. } in self.book.levels(side).take(levels) {
            let behind = (best.price - price) * side.sign();
            match self.book.by_order() {
                Some(book) => {
                    book.queue(side, price).for_each(|(_, order)| each(behind, self.born(order.joined)))
                }
                None => each(behind, None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instrument::Terms;
    use types::{Contract, Depths, InstrumentId, Origin, Trade};

    fn reader() -> Reader {
        let terms = Terms {
            id: InstrumentId(0),
            symbol: "X".into(),
            venue: "x".into(),
            currency: "USD".into(),
            contract: Contract::Linear,
            tick_nanos: 1_000_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 1_000_000_000,
            depths: Depths::default(),
            origin: Origin::Configured,
        };
        Reader::new(&Instrument::new(terms).expect("an instrument"), 10)
    }

    fn order(action: OrderAction, id: u64, side: Side, price: i64, size: i64) -> Event {
        Event::Order(OrderDelta {
            venue_at: Nanos(0),
            order: MarketOrderId(id),
            price: Ticks(price),
            size: Lots(size),
            instrument: InstrumentId(0),
            side,
            action,
            flags: Flags::LAST,
        })
    }

    fn trade(side: Side, price: i64, size: i64) -> Event {
        Event::Trade(Trade {
            venue_at: Nanos(0),
            price: Ticks(price),
            size: Lots(size),
            id: 0,
            instrument: InstrumentId(0),
            price_fraction: 0,
            aggressor: Some(side),
            flags: Flags::NONE,
        })
    }

    fn whats(reader: &Reader) -> Vec<(Side, What)> {
        reader.deeds().iter().map(|deed| (deed.side, deed.what)).collect()
    }

    fn opened() -> Reader {
        let mut reader = reader();
        reader.read(Nanos(0), &order(OrderAction::Add, 1, Side::Buy, 98, 5));
        reader.read(Nanos(0), &order(OrderAction::Add, 2, Side::Sell, 102, 7));
        reader
    }

    #[test]
    fn places_takes_and_withdrawals_are_told_apart() {
        use OrderAction::{Add, Delete, Fill, Reduce};
        let mut reader = opened();
        let second = Nanos::from_secs(1);
        reader.read(second, &order(Add, 3, Side::Buy, 99, 4));
        reader.read(second, &order(Add, 4, Side::Sell, 105, 1));
        // Two executions of one moment are one take; the fill's reduction is no withdrawal.
        let mut fill = order(Fill, 3, Side::Buy, 99, 4);
        if let Event::Order(delta) = &mut fill {
            delta.flags = Flags::NONE;
        }
        for event in
            [trade(Side::Sell, 99, 4), fill, order(Reduce, 3, Side::Buy, 99, 4), trade(Side::Sell, 98, 1)]
        {
            reader.read(Nanos::from_secs(2), &event);
        }
        reader.read(Nanos::from_secs(3), &order(Reduce, 2, Side::Sell, 102, 2));
        reader.read(Nanos::from_secs(4), &order(Delete, 4, Side::Sell, 105, 0));
        let expected = [
            (Side::Buy, What::Place { behind: -1, size: Lots(4) }),
            (Side::Sell, What::Place { behind: 3, size: Lots(1) }),
            (Side::Sell, What::Take { size: Lots(5), standing: Lots(4) }),
            (Side::Sell, What::Withdraw { behind: 0, size: Lots(2), part: true, age: Some(3.0) }),
            (Side::Sell, What::Withdraw { behind: 3, size: Lots(1), part: false, age: Some(3.0) }),
        ];
        assert_eq!(whats(&reader), expected);
    }

    #[test]
    fn without_fills_a_trade_explains_the_removal_before_it() {
        use OrderAction::{Delete, Modify};
        let mut reader = opened();
        reader.read(Nanos(10), &order(Modify, 2, Side::Sell, 102, 3));
        reader.read(Nanos(20), &trade(Side::Buy, 102, 4));
        reader.read(Nanos(30), &order(Delete, 2, Side::Sell, 102, 3));
        let withdrawn = What::Withdraw { behind: 0, size: Lots(3), part: false, age: Some(30e-9) };
        let take = What::Take { size: Lots(4), standing: Lots(3) };
        assert_eq!(whats(&reader), [(Side::Sell, What::Nothing), (Side::Buy, take), (Side::Sell, withdrawn)]);
    }

    #[test]
    fn a_level_that_shrinks_by_what_traded_was_taken_from() {
        let mut reader = reader();
        let level = |side, price, size| {
            Event::Level(LevelDelta {
                venue_at: Nanos(0),
                price: Ticks(price),
                size: Lots(size),
                orders: 0,
                instrument: InstrumentId(0),
                side,
                action: LevelAction::Set,
                depth: 0,
                flags: Flags::LAST,
            })
        };
        reader.read(Nanos(0), &level(Side::Buy, 98, 5));
        reader.read(Nanos(0), &level(Side::Sell, 102, 7));
        reader.read(Nanos(1), &trade(Side::Buy, 102, 3));
        reader.read(Nanos(2), &level(Side::Sell, 102, 3));
        reader.read(Nanos(3), &level(Side::Buy, 99, 2));
        let expected = [
            (Side::Buy, What::Take { size: Lots(3), standing: Lots(7) }),
            (Side::Sell, What::Withdraw { behind: 0, size: Lots(1), part: true, age: None }),
            (Side::Buy, What::Place { behind: -1, size: Lots(2) }),
        ];
        assert_eq!(whats(&reader), expected);
    }
}
