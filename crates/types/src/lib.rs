//! The words every other crate speaks: units that cannot be mixed, dense ids, the instrument as the only door
//! between steps and money, the 64-byte [`Input`] with its closed [`Event`], and the [`Command`].
//!
//! Never computes a price, never holds state, never reads a clock.

pub mod bar;
pub mod command;
pub mod days;
pub mod event;
pub mod fees;
pub mod ids;
pub mod input;
pub mod instrument;
pub mod operator;
pub mod record;
pub mod session;
pub mod statistic;
pub mod units;

pub use bar::Bar;
pub use command::{AlertKind, Command, NewOrder, OrderKind, Peg, PlaceOrder, TimeInForce};
pub use days::{TradingDay, TradingDays};
pub use event::{
    Cash, CashKind, Event, Flags, Gap, LevelAction, LevelDelta, Liquidity, OrderAction, OrderDelta, Outcome,
    Phase, QuoteRequest, RejectReason, Report, Status, Timer, Trade,
};
pub use fees::FeeSchedule;
pub use ids::{
    AccountId, DeskId, InstrumentId, MarketOrderId, OrderId, ParentId, PersonId, StrategyId, TimerId, VenueId,
};
pub use input::{Arrival, Input};
pub use instrument::{Contract, Depths, Instrument, InstrumentError, Origin};
pub use operator::{Action, Operator, Restriction, Scope, Stage};
pub use session::{Clock, ClockState, Session, SessionChange, Venues};
pub use statistic::{Statistic, StatisticKind, Unit};
pub use units::{Lots, Money, Nanos, Seq, Side, Ticks};
