//! What can happen: a closed list. When something new can happen, add it here and the compiler leads.
//!
//! Every payload is 40 bytes at most, so that an [`Input`](crate::Input) is one cache line.

use crate::{
    Bar, Clock, InstrumentId, Lots, MarketOrderId, Money, Nanos, Operator, OrderId, Session, Side, Statistic,
    StrategyId, Ticks, TimerId,
};
use serde::{Deserialize, Serialize};

/// One thing that happened, as the engine hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A price level changed (market by price).
    Level(LevelDelta),
    /// An order of the market's changed (market by order).
    Order(OrderDelta),
    /// The market traded.
    Trade(Trade),
    /// Trading opened, paused or closed.
    Status(Status),
    /// Something is missing from a feed: what it fed is stale from here until a snapshot.
    Gap(Gap),
    /// The venue speaks about one of our orders.
    Report(Report),
    /// A timer that a strategy set is due.
    Timer(Timer),
    /// A person spoke.
    Operator(Operator),
    /// A figure the venue publishes beside its book: limits, settlement, volume, imbalance, funding.
    Statistic(Statistic),
    /// Somebody asks the market for a price.
    QuoteRequest(QuoteRequest),
    /// A trade reported before never was: busted, or corrected (the right one follows as [`Event::Trade`]). Price
    /// and size are as first reported, size zero when the venue names the trade only by its number.
    TradeBust(Trade),
    /// A span of a recorded data set that holds bars.
    Bar {
        /// Its length.
        seconds: u32,
        /// Its prices.
        bar: Bar,
    },
    /// The venue moved cash on our account that no fill of ours moved: funding, borrow.
    Cash(Cash),
    /// A session with a venue changed.
    Session(Session),
    /// What the venue says about one of our orders, on a way of its own (drop copy): to compare with.
    DropCopy(Report),
    /// The edge's clock noticed something of itself.
    Clock(Clock),
}

/// Marks on market data, the same for every kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Flags(pub u8);

impl Flags {
    /// No mark.
    pub const NONE: Self = Self(0);
    /// The last change of its packet or transaction: the book is consistent now, and may be acted on.
    pub const LAST: Self = Self(1);
    /// Part of a snapshot: it describes what stands, nothing moved. The snapshot's `LAST` ends it.
    pub const SNAPSHOT: Self = Self(2);
    /// Implied by the venue from spreads, not an order of anyone's.
    pub const IMPLIED: Self = Self(4);
    /// Made by our decoder to stand for quantity whose orders were never shown (LOBSTER's opening book).
    pub const SYNTHETIC: Self = Self(8);
    /// The trade was not against displayed liquidity (hidden order, auction, cross).
    pub const HIDDEN: Self = Self(16);

    /// Whether every mark of `other` is set.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of marks.
    #[inline]
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What to do with a price level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LevelAction {
    /// The level now holds `size` from `orders`; it may be new. Size zero deletes.
    Set = 0,
    /// The level is gone.
    Delete = 1,
    /// Every level of this side is gone from the best through the `depth`th (CME `DeleteThru`).
    DeleteThru = 2,
    /// Every level of this side is gone from the `depth`th to the end (CME `DeleteFrom`).
    DeleteFrom = 3,
    /// Both sides are empty: a reset, or the start of a snapshot.
    Clear = 4,
}

/// A change of one price level: market by price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelDelta {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// The level.
    pub price: Ticks,
    /// What stands there now, in all.
    pub size: Lots,
    /// How many orders that is; 0 when the venue does not say.
    pub orders: u32,
    /// Whose book.
    pub instrument: InstrumentId,
    /// Which side of it.
    pub side: Side,
    /// What to do.
    pub action: LevelAction,
    /// 1 for the best level; 0 when the venue does not say.
    pub depth: u8,
    /// Marks.
    pub flags: Flags,
}

/// What happened to an order of the market's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderAction {
    /// It joined the end of its level's queue with `size`.
    Add = 0,
    /// It now has `price` and `size`. It keeps its place only if the price stands and the size did not grow.
    Modify = 1,
    /// It shrank by `size`, keeping its place; shrunk to nothing, it is gone.
    Reduce = 2,
    /// It is gone, whatever was left.
    Delete = 3,
    /// It was hit for `size` at `price`. **Does not change the book**: the change follows on its own as
    /// `Reduce`, `Modify` or `Delete`, in the same packet.
    Fill = 4,
    /// Both sides are empty: a reset, or the start of a snapshot.
    Clear = 5,
}

/// A change of one order: market by order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderDelta {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// The order, as the venue names it.
    pub order: MarketOrderId,
    /// Its price; for a fill, the price it traded at.
    pub price: Ticks,
    /// See [`OrderAction`].
    pub size: Lots,
    /// Whose book.
    pub instrument: InstrumentId,
    /// Which side of it.
    pub side: Side,
    /// What happened.
    pub action: OrderAction,
    /// Marks.
    pub flags: Flags,
}

/// A trade of the market's. Ours are fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// The price, rounded down to a whole step; see `price_fraction`.
    pub price: Ticks,
    /// How much.
    pub size: Lots,
    /// The venue's number for it, 0 if none.
    pub id: u64,
    /// In what.
    pub instrument: InstrumentId,
    /// What lies above `price`, in ten-thousandths of a step: midpoint and sub-penny trades are off the grid.
    pub price_fraction: u16,
    /// Who crossed the spread; `None` when the venue does not say or nobody did (auctions).
    pub aggressor: Option<Side>,
    /// Marks.
    pub flags: Flags,
}

/// What a market lets one do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Phase {
    /// Continuous trading.
    Open = 0,
    /// Orders may be entered, nothing trades yet; a crossed book is legal.
    PreOpen = 1,
    /// Paused; orders may at most be cancelled.
    Halted = 2,
    /// The session is over.
    Closed = 3,
}

/// Trading opened, paused or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// Where; `None` for every instrument of the feed.
    pub instrument: Option<InstrumentId>,
    /// What holds from now on.
    pub phase: Phase,
}

/// Somebody asks the market for a price: market makers with obligations must answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// For how much; zero when it is not said.
    pub size: Lots,
    /// In what.
    pub instrument: InstrumentId,
    /// The side the asker wants to trade; `None` when it is not said.
    pub side: Option<Side>,
}

/// Something is missing from a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The venue's time of the message that showed it.
    pub venue_at: Nanos,
    /// The sequence number, or byte offset, that was due.
    pub expected: u64,
    /// The one that came.
    pub received: u64,
    /// Whose book is stale now; `None` for every instrument of the feed.
    pub instrument: Option<InstrumentId>,
}

/// Whether a fill gave liquidity or took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Liquidity {
    /// Our resting order was hit.
    Maker = 0,
    /// Our order crossed the spread.
    Taker = 1,
}

/// Why a venue said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum RejectReason {
    /// The instrument is unknown there.
    UnknownInstrument = 0,
    /// Halted, closed, or not open yet.
    MarketClosed = 1,
    /// Post-only, and it would have taken.
    WouldTake = 2,
    /// Fill-or-kill, and there was not enough.
    NotEnoughLiquidity = 3,
    /// The size or price is not one the venue takes.
    Invalid = 4,
    /// The order is unknown or already closed (answers to cancel and replace).
    UnknownOrder = 5,
    /// The venue gave no reason we know, or chance did (the simulator's reject rate).
    Other = 6,
    /// More messages than the venue takes.
    Throttled = 7,
    /// It would have traded with an order of ours.
    SelfMatch = 8,
    /// Beyond the venue's own price limits.
    Collar = 9,
}

impl RejectReason {
    /// Every reason, in the order of the discriminants.
    pub const ALL: [Self; 10] = [
        Self::UnknownInstrument,
        Self::MarketClosed,
        Self::WouldTake,
        Self::NotEnoughLiquidity,
        Self::Invalid,
        Self::UnknownOrder,
        Self::Other,
        Self::Throttled,
        Self::SelfMatch,
        Self::Collar,
    ];
}

/// What the venue says about one of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It works.
    Accepted,
    /// It does not, and never will.
    Rejected(RejectReason),
    /// Part or all of it traded.
    Filled {
        /// At this price.
        price: Ticks,
        /// This much of it.
        size: Lots,
        /// The venue's number for the fill: the same number twice is the same fill.
        fill: u32,
        /// Given or taken.
        liquidity: Liquidity,
    },
    /// It is gone; what had not traded never will.
    Canceled,
    /// It stays as it was.
    CancelRejected(RejectReason),
    /// It has a new price and a new total size (fills included).
    Replaced {
        /// The new limit.
        price: Ticks,
        /// The new total size.
        size: Lots,
    },
    /// It stays as it was.
    ReplaceRejected(RejectReason),
    /// The answer to a query: how the venue has it.
    Listed {
        /// Its total size, fills included.
        size: Lots,
        /// How much of it traded.
        filled: Lots,
        /// Whether it may trade further.
        open: bool,
    },
    /// The answer to a query: the venue has no such order.
    NotListed,
    /// A fill was taken back.
    Busted {
        /// The venue's number for the fill.
        fill: u32,
        /// At what price it was.
        price: Ticks,
        /// How much it was.
        size: Lots,
    },
}

/// The venue speaks about one of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// Which of our orders.
    pub order: OrderId,
    /// In what.
    pub instrument: InstrumentId,
    /// What happened to it.
    pub outcome: Outcome,
}

/// A timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The moment it was set for.
    pub due_at: Nanos,
    /// Which of the strategy's timers.
    pub timer: TimerId,
    /// Who set it.
    pub strategy: StrategyId,
}

/// What cash was moved for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum CashKind {
    /// What the longs of a perpetual pay its shorts, or are paid by them.
    Funding = 0,
    /// What holding costs: the loan of what is sold short, or of the money a long was bought with.
    Borrow = 1,
    /// A fee that no fill of ours names, or a correction of one.
    Fee = 2,
}

impl CashKind {
    /// Every kind, in the order of the discriminants.
    pub const ALL: [Self; 3] = [Self::Funding, Self::Borrow, Self::Fee];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Borrow => "borrow",
            Self::Fee => "fee",
        }
    }
}

/// The venue moved cash on our account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cash {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// The two halves of the amount, low and high: whole, it would align every event to sixteen bytes.
    halves: [u64; 2],
    /// For what we hold or held of this, in the currency it settles in.
    pub instrument: InstrumentId,
    /// What for.
    pub kind: CashKind,
}

impl Cash {
    /// `amount` is above zero when we received it, below when we paid.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
    pub const fn new(venue_at: Nanos, instrument: InstrumentId, kind: CashKind, amount: Money) -> Self {
        let bits = amount.0.cast_unsigned();
        Self { venue_at, halves: [bits as u64, (bits >> 64) as u64], instrument, kind }
    }

    /// Above zero: received; below: paid.
    #[must_use]
    pub const fn amount(&self) -> Money {
        Money(((self.halves[0] as u128) | ((self.halves[1] as u128) << 64)).cast_signed())
    }

    /// The amount in two halves, low and high: its form in records.
    pub(crate) const fn halves(&self) -> [u64; 2] {
        self.halves
    }
}

impl std::fmt::Debug for Cash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cash")
            .field("venue_at", &self.venue_at)
            .field("instrument", &self.instrument)
            .field("kind", &self.kind)
            .field("amount", &self.amount())
            .finish()
    }
}

impl Event {
    /// When the venue says it happened; `None` for what no venue said. A bar has happened when its span is over:
    /// nobody knew it before.
    #[inline]
    #[must_use]
    pub const fn venue_at(&self) -> Option<Nanos> {
        match self {
            Self::Level(e) => Some(e.venue_at),
            Self::Order(e) => Some(e.venue_at),
            Self::Trade(e) | Self::TradeBust(e) => Some(e.venue_at),
            Self::Status(e) => Some(e.venue_at),
            Self::Gap(e) => Some(e.venue_at),
            Self::Report(e) => Some(e.venue_at),
            Self::Statistic(e) => Some(e.venue_at),
            Self::QuoteRequest(e) => Some(e.venue_at),
            Self::Cash(e) => Some(e.venue_at),
            Self::DropCopy(e) => Some(e.venue_at),
            Self::Bar { seconds, bar } => Some(bar.ends_at(*seconds)),
            Self::Timer(_) | Self::Operator(_) | Self::Session(_) | Self::Clock(_) => None,
        }
    }

    /// The instrument it is about; `None` for all, or for none in particular.
    #[inline]
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Level(e) => Some(e.instrument),
            Self::Order(e) => Some(e.instrument),
            Self::Trade(e) | Self::TradeBust(e) => Some(e.instrument),
            Self::Status(e) => e.instrument,
            Self::Gap(e) => e.instrument,
            Self::Report(e) => Some(e.instrument),
            Self::Statistic(e) => Some(e.instrument),
            Self::QuoteRequest(e) => Some(e.instrument),
            Self::Bar { bar, .. } => Some(bar.instrument),
            Self::Cash(e) => Some(e.instrument),
            Self::DropCopy(e) => Some(e.instrument),
            Self::Timer(_) | Self::Operator(_) | Self::Session(_) | Self::Clock(_) => None,
        }
    }

    /// Its marks; none for what carries none.
    #[inline]
    #[must_use]
    pub const fn flags(&self) -> Flags {
        match self {
            Self::Level(e) => e.flags,
            Self::Order(e) => e.flags,
            Self::Trade(e) | Self::TradeBust(e) => e.flags,
            Self::Statistic(e) => e.flags,
            Self::Status(_)
            | Self::Gap(_)
            | Self::Report(_)
            | Self::Timer(_)
            | Self::Operator(_)
            | Self::QuoteRequest(_)
            | Self::Bar { .. }
            | Self::Cash(_)
            | Self::Session(_)
            | Self::DropCopy(_)
            | Self::Clock(_) => Flags::NONE,
        }
    }

    /// Adds marks; false for what carries none.
    #[inline]
    pub const fn mark(&mut self, marks: Flags) -> bool {
        let flags = match self {
            Self::Level(e) => &mut e.flags,
            Self::Order(e) => &mut e.flags,
            Self::Trade(e) | Self::TradeBust(e) => &mut e.flags,
            Self::Statistic(e) => &mut e.flags,
            Self::Status(_)
            | Self::Gap(_)
            | Self::Report(_)
            | Self::Timer(_)
            | Self::Operator(_)
            | Self::QuoteRequest(_)
            | Self::Bar { .. }
            | Self::Cash(_)
            | Self::Session(_)
            | Self::DropCopy(_)
            | Self::Clock(_) => return false,
        };
        *flags = flags.with(marks);
        true
    }

    /// Whether it comes from a market-data feed, and not from our own orders, account, timers or people.
    #[inline]
    #[must_use]
    pub const fn is_market(&self) -> bool {
        match self {
            Self::Level(_)
            | Self::Order(_)
            | Self::Trade(_)
            | Self::Status(_)
            | Self::Gap(_)
            | Self::Statistic(_)
            | Self::QuoteRequest(_)
            | Self::TradeBust(_)
            | Self::Bar { .. } => true,
            Self::Report(_)
            | Self::Timer(_)
            | Self::Operator(_)
            | Self::Cash(_)
            | Self::Session(_)
            | Self::DropCopy(_)
            | Self::Clock(_) => false,
        }
    }

    /// A short name for tables and counts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Level(_) => "level",
            Self::Order(_) => "order",
            Self::Trade(_) => "trade",
            Self::Status(_) => "status",
            Self::Gap(_) => "gap",
            Self::Report(_) => "report",
            Self::Timer(_) => "timer",
            Self::Operator(_) => "operator",
            Self::Statistic(_) => "statistic",
            Self::QuoteRequest(_) => "quote request",
            Self::TradeBust(_) => "trade bust",
            Self::Bar { .. } => "bar",
            Self::Cash(_) => "cash",
            Self::Session(_) => "session",
            Self::DropCopy(_) => "drop copy",
            Self::Clock(_) => "clock",
        }
    }
}

/// The payload's bound, which keeps an input within one cache line.
const _: () = assert!(size_of::<Event>() == 48);
const _: () = assert!(size_of::<LevelDelta>() == 40);
const _: () = assert!(size_of::<OrderDelta>() == 40);
const _: () = assert!(size_of::<Trade>() == 40);
const _: () = assert!(size_of::<Report>() == 40);
const _: () = assert!(size_of::<Cash>() == 32 && align_of::<Event>() == 8);
