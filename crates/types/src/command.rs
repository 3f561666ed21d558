//! What the engine tells the edge to do.

use crate::{InstrumentId, Lots, Nanos, OrderId, Side, StrategyId, Ticks, TimerId};

/// How an order is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderKind {
    /// At `price` or better.
    Limit = 0,
    /// At whatever stands there, to the end of the book. `price` still bounds it: the risk collar.
    Market = 1,
    /// At `price`, and only if it rests: a venue refuses it rather than let it take.
    PostOnly = 2,
}

/// How long an order stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TimeInForce {
    /// Until filled or cancelled.
    GoodTilCancel = 0,
    /// What trades at once trades, the rest is cancelled.
    ImmediateOrCancel = 1,
    /// All at once or nothing.
    FillOrKill = 2,
}

/// An order somebody would like to send. Only `risk` can turn it into one that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

const _: () = assert!(size_of::<Command>() <= 48);
