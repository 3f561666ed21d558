//! The book of an instrument, whichever kind its feed allows.
//!
//! A feed may send levels, orders, or both (CME: price levels and, in the same packet, the orders behind them). A
//! book starts by level; **the first order makes it a book of orders for good**: from then on the levels are sums
//! of orders it knows, and level changes are ignored. What stood by level is forgotten at that moment, so a feed
//! that sends both starts with a snapshot of orders, or knows that it joined late.
//!
//! | a book of orders is told | it does |
//! |---|---|
//! | a level change | nothing; its `LAST` still ends the packet |
//! | an implied level change | follows it in [`Book::implied`] |
//! | a level `Clear` that starts a snapshot | empties the implied levels only: the snapshot is of levels |
//! | any other level `Clear` | empties everything: a reset |
//! | an order `Clear` that starts a snapshot | empties the orders only: the snapshot is of orders |

use crate::{Change, Counts, Level, LevelBook, OrderBook, State};
use serde::{Deserialize, Serialize};
use types::{Instrument, LevelDelta, Lots, OrderDelta, Phase, Side, Ticks};

/// The book of one instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Book {
    /// Price levels.
    ByLevel(LevelBook),
    /// Orders.
    ByOrder(OrderBook),
}

impl Default for Book {
    fn default() -> Self {
        Self::empty()
    }
}

/// Asks whichever book it is.
macro_rules! either {
    ($book:expr, $inner:ident => $answer:expr) => {
        match $book {
            Book::ByLevel($inner) => $answer,
            Book::ByOrder($inner) => $answer,
        }
    };
}

/// One of two iterators.
enum Either<A, B> {
    Left(A),
    Right(B),
}

impl<A: Iterator, B: Iterator<Item = A::Item>> Iterator for Either<A, B> {
    type Item = A::Item;

    #[inline]
    fn next(&mut self) -> Option<A::Item> {
        match self {
            Self::Left(left) => left.next(),
            Self::Right(right) => right.next(),
        }
    }
}

impl Book {
    /// A book that has been told nothing, of any depth.
    #[must_use]
    pub const fn empty() -> Self {
        Self::ByLevel(LevelBook::new())
    }

    /// The empty book of an instrument, as deep as its venue shows it: CME sends ten levels, two implied ones,
    /// unless its definition says otherwise,
    /// and does not say when a level falls off the end (MDP 3.0, Market by Price: Book Recovery Methods).
    #[must_use]
    pub fn of(instrument: &Instrument) -> Self {
        let terms = instrument.terms();
        let (usual, implied) = match terms.venue.as_str() {
            "cme" => (10, 2),
            _ => (usize::MAX, usize::MAX),
        };
        let depths = terms.depths;
        Self::with_depths(
            depths.outright.map_or(usual, usize::from),
            depths.implied.map_or(implied, usize::from),
        )
    }

    /// The same for a venue that shows so many levels a side (see [`LevelBook::with_depths`]).
    #[must_use]
    pub const fn with_depths(max: usize, implied_max: usize) -> Self {
        Self::ByLevel(LevelBook::with_depths(max, implied_max))
    }

    /// Takes one change of a level in.
    #[inline(always)]
    pub fn apply_level(&mut self, delta: &LevelDelta) -> Change {
        match self {
            Self::ByLevel(book) => book.apply(delta),
            Self::ByOrder(book) => book.apply_level(delta),
        }
    }

    /// Takes one change of an order in. The first makes this a book of orders.
    #[inline]
    pub fn apply_order(&mut self, delta: &OrderDelta) -> Change {
        match self {
            Self::ByOrder(book) => book.apply(delta),
            Self::ByLevel(_) => self.turn_by_order().apply(delta),
        }
    }

    #[cold]
    fn turn_by_order(&mut self) -> &mut OrderBook {
        if let Self::ByLevel(levels) = self {
            *self = Self::ByOrder(OrderBook::taking_over(std::mem::take(levels)));
        }
        match self {
            Self::ByOrder(book) => book,
            Self::ByLevel(_) => unreachable!("just turned"),
        }
    }

    /// The orders, if this is a book of orders.
    #[inline]
    #[must_use]
    pub const fn by_order(&self) -> Option<&OrderBook> {
        match self {
            Self::ByOrder(book) => Some(book),
            Self::ByLevel(_) => None,
        }
    }

    /// The levels the venue implies from spreads, if it ever sent any.
    #[must_use]
    pub fn implied(&self) -> Option<&LevelBook> {
        either!(self, book => book.implied())
    }

    /// Something is missing from the feed: stale until a `Clear`.
    pub fn on_gap(&mut self) {
        either!(self, book => book.on_gap());
    }

    /// The market opened, paused or closed. Says whether a crossed book is legal.
    pub fn on_phase(&mut self, phase: Phase) {
        either!(self, book => book.on_phase(phase));
    }

    /// The best level of a side.
    #[inline]
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        either!(self, book => book.best(side))
    }

    /// The highest bid.
    #[inline]
    #[must_use]
    pub fn best_bid(&self) -> Option<Level> {
        self.best(Side::Buy)
    }

    /// The lowest ask.
    #[inline]
    #[must_use]
    pub fn best_ask(&self) -> Option<Level> {
        self.best(Side::Sell)
    }

    /// What stands at a price, zero if nothing.
    #[inline]
    #[must_use]
    pub fn size_at(&self, side: Side, price: Ticks) -> Lots {
        either!(self, book => book.size_at(side, price))
    }

    /// How many levels a side has.
    #[must_use]
    pub fn depth(&self, side: Side) -> usize {
        either!(self, book => book.depth(side))
    }

    /// The levels of a side, best first.
    #[inline]
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        match self {
            Self::ByLevel(book) => Either::Left(book.levels(side)),
            Self::ByOrder(book) => Either::Right(book.levels(side)),
        }
    }

    /// Writes the best levels of a side, best first, as many as there are and fit; answers how many.
    #[inline]
    pub fn top(&self, side: Side, out: &mut [Level]) -> usize {
        either!(self, book => book.top(side, out))
    }

    /// Whether it may be traded on, and if not, why.
    #[inline]
    #[must_use]
    pub const fn state(&self) -> State {
        either!(self, book => book.state())
    }

    /// Whether the book itself may be traded on. Whether the market is open is the phase's business.
    #[inline]
    #[must_use]
    pub const fn is_live(&self) -> bool {
        either!(self, book => book.is_live())
    }

    /// Bid equals ask: allowed, worth knowing.
    #[inline]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        either!(self, book => book.is_locked())
    }

    /// Crossed while the market is open, which no sound book is: probably a message was missed.
    #[inline]
    #[must_use]
    pub const fn is_suspect(&self) -> bool {
        either!(self, book => book.is_suspect())
    }

    /// What the market lets one do, as last told; open until told otherwise.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        either!(self, book => book.phase())
    }

    /// Half way between bid and ask, in ticks; `None` unless both are there.
    #[inline]
    #[must_use]
    pub fn mid_ticks(&self) -> Option<f64> {
        either!(self, book => book.mid_ticks())
    }

    /// The ask less the bid, in ticks: zero when locked, negative when crossed; `None` unless both are there.
    #[inline]
    #[must_use]
    pub fn spread(&self) -> Option<i64> {
        either!(self, book => book.spread())
    }

    /// What it was told that made no sense.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        either!(self, book => book.counts())
    }

    /// Orders or levels named that were not there.
    #[must_use]
    pub const fn unknown(&self) -> u64 {
        either!(self, book => book.unknown())
    }
}
