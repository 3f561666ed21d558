//! What the engine tells the edge to do.

use crate::{
    InstrumentId, Lots, Nanos, OrderId, Scope, Side, StrategyId, Ticks, TimerId, TradingDay, VenueId,
};
use serde::{Deserialize, Serialize};

/// How an order is priced, and what of it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKind {
    /// At `price` or better.
    Limit,
    /// At whatever stands there, to the end of the book. `price` still bounds it: the risk collar.
    Market,
    /// At `price`, and only if it rests: a venue refuses it rather than let it take.
    PostOnly,
    /// Waits unseen; a market order, still bounded by `price`, once the market trades at `trigger` or beyond it:
    /// above to buy, below to sell.
    Stop {
        /// Where.
        trigger: Ticks,
    },
    /// The same, and a limit order at `price` then.
    StopLimit {
        /// Where.
        trigger: Ticks,
    },
    /// A limit order of which no more than `shown` is shown at once. When that has traded the next part goes to the
    /// end of the queue.
    Iceberg {
        /// How much.
        shown: Lots,
    },
    /// Rests at a price that follows the market, and never beyond `price`; losing its place whenever it moves.
    Pegged {
        /// What it follows.
        to: Peg,
        /// How many steps from there, towards the other side.
        offset: i32,
    },
}

impl OrderKind {
    /// The price at which it begins to be an order; `None` when it is one from the start.
    #[inline]
    #[must_use]
    pub const fn trigger(&self) -> Option<Ticks> {
        match self {
            Self::Stop { trigger } | Self::StopLimit { trigger } => Some(*trigger),
            Self::Limit | Self::Market | Self::PostOnly | Self::Iceberg { .. } | Self::Pegged { .. } => None,
        }
    }
}

/// What a pegged order follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Peg {
    /// The best price of its own side (primary peg).
    Own = 0,
    /// The best price of the other side (market peg).
    Opposite = 1,
    /// Halfway between, rounded away from the other side.
    Mid = 2,
}

/// How long an order stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeInForce {
    /// Until filled or cancelled.
    GoodTilCancel,
    /// What trades at once trades, the rest is cancelled.
    ImmediateOrCancel,
    /// All at once or nothing.
    FillOrKill,
    /// Until the market closes: then the venue cancels what is left.
    Day,
    /// Until the market closes on this trading day, or on a later one should it not trade on it.
    GoodTilDate(TradingDay),
}

impl TimeInForce {
    /// Whether it may rest in the book.
    #[inline]
    #[must_use]
    pub const fn rests(self) -> bool {
        match self {
            Self::GoodTilCancel | Self::Day | Self::GoodTilDate(_) => true,
            Self::ImmediateOrCancel | Self::FillOrKill => false,
        }
    }

    /// Whether it ends when the market closes on a trading day.
    #[inline]
    #[must_use]
    pub fn ends_with(self, today: TradingDay) -> bool {
        match self {
            Self::Day => true,
            Self::GoodTilDate(last) => last <= today,
            Self::GoodTilCancel | Self::ImmediateOrCancel | Self::FillOrKill => false,
        }
    }
}

/// An order somebody would like to send. Only `risk` can turn it into one that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// In what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    pub kind: OrderKind,
    /// How long it stays.
    pub time_in_force: TimeInForce,
    /// The limit.
    pub price: Ticks,
    /// How much.
    pub size: Lots,
}

/// An order on its way to the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Our number for it.
    pub order: OrderId,
    /// Who wanted it.
    pub strategy: StrategyId,
    /// What it is.
    pub terms: NewOrder,
}

/// One thing for the edge to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send a new order.
    Place(PlaceOrder),
    /// Cancel what is left of an order.
    Cancel {
        /// Which.
        order: OrderId,
        /// In what.
        instrument: InstrumentId,
    },
    /// Give an order a new price and a new total size (fills included).
    Replace {
        /// Which.
        order: OrderId,
        /// In what.
        instrument: InstrumentId,
        /// The new limit.
        price: Ticks,
        /// The new total size.
        size: Lots,
    },
    /// Send a timer event back at `at`.
    WakeAt {
        /// When.
        at: Nanos,
        /// Which of the strategy's timers.
        timer: TimerId,
        /// Whose.
        strategy: StrategyId,
    },
    /// Ask the venue what became of an order.
    Query {
        /// Which.
        order: OrderId,
        /// In what.
        instrument: InstrumentId,
    },
    /// Cancel everything of ours at a venue, known to us or not.
    MassCancel {
        /// Which.
        venue: VenueId,
    },
    /// Tell people.
    Alert {
        /// What of.
        kind: AlertKind,
        /// Whom it is about.
        scope: Scope,
        /// A figure that says more: what the kind says.
        value: i64,
    },
}

impl Command {
    /// The instrument whose venue it goes to; `None` for what goes to no venue, or to all of one.
    #[inline]
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Place(place) => Some(place.terms.instrument),
            Self::Cancel { instrument, .. }
            | Self::Replace { instrument, .. }
            | Self::Query { instrument, .. } => Some(*instrument),
            Self::WakeAt { .. } | Self::MassCancel { .. } | Self::Alert { .. } => None,
        }
    }
}

/// What people are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum AlertKind {
    /// A limit was reached, and trading is halted: the control's number.
    Halted = 0,
    /// The kill switch was pulled: how many orders were open.
    Killed = 1,
    /// Orders of a killed scope are not confirmed as gone: how many.
    Unconfirmed = 2,
    /// Two counts of one fact differ: by how much.
    Break = 3,
    /// Nobody could say in time what became of an order: its number.
    Unresolved = 4,
    /// The venue said what cannot be true: the order's number.
    Contradiction = 5,
    /// The venue refuses, or answers late: how often or how long.
    VenueUnhealthy = 6,
    /// A strategy was disabled: the control's number.
    Disabled = 7,
    /// A book could not be brought up to date: the instrument.
    Stale = 8,
    /// The clock diverges or stepped: by how many nanoseconds.
    Clock = 9,
    /// A person's request was refused: its number.
    RequestRefused = 10,
    /// A soft limit was passed, and the order went: the control's number.
    Warning = 11,
    /// A fill was taken back, or asked to be: its number.
    Bust = 12,
    /// The disk is filling up or failing: how full, in percent.
    Disk = 13,
}

impl AlertKind {
    /// Every kind, in the order of the discriminants.
    pub const ALL: [Self; 14] = [
        Self::Halted,
        Self::Killed,
        Self::Unconfirmed,
        Self::Break,
        Self::Unresolved,
        Self::Contradiction,
        Self::VenueUnhealthy,
        Self::Disabled,
        Self::Stale,
        Self::Clock,
        Self::RequestRefused,
        Self::Warning,
        Self::Bust,
        Self::Disk,
    ];
}

const _: () = assert!(size_of::<Command>() <= 48);
