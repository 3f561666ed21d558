//! Why an order does not leave: a closed list, each with the limit and the value that broke it, one entry a reason.

use crate::measures::stop::Stop;
use crate::{Halt, Level, LimitId};
use serde::{Deserialize, Serialize};
use std::fmt;
use types::{Lots, Money, Nanos, OrderKind, Side, Stage, Ticks, TimeInForce};

macro_rules! refusals {
    ($($(#[$about:meta])* $kind:ident $({ $($field:ident: $type:ty),+ })? = $control:literal, $name:literal,
        $form:literal $(, $arg:expr)*;)*) => {
        /// Why risk refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the sentence that each is shown as names its fields")]
        pub enum Refusal { $($(#[$about])* $kind $({ $($field: $type),+ })?,)* }

        /// The number of each kind: its place in the tables.
        #[repr(usize)]
        enum Place { $($kind,)* }

        impl Refusal {
            /// A short name for every kind there is, for tables; [`Refusal::index`] is the place in it.
            pub const KINDS: [&'static str; [$($name),*].len()] = [$($name),*];

            /// The control that refuses so, by the same place.
            pub const CONTROLS: [&'static str; Self::KINDS.len()] = [$($control),*];

            /// The place of this kind in [`Refusal::KINDS`].
            #[must_use]
            pub const fn index(&self) -> usize {
                match self { $(Self::$kind $({ $($field: _),+ })? => Place::$kind as usize,)* }
            }
        }

        impl fmt::Display for Refusal {
            #[allow(unused_variables, reason = "not every sentence names every field")]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$kind $({ $($field),+ })? => write!(f, $form $(, $arg)*),)* }
            }
        }
    };
}

refusals! {
    /// The instrument is not in this run.
    UnknownInstrument = "RC-07", "unknown instrument", "the instrument is not in this run";
    /// The strategy has no seat.
    UnknownStrategy = "RC-39", "unknown strategy", "the strategy has no seat in this run";
    /// The kill switch is pulled.
    Killed { level: Level } = "RC-32", "killed", "the kill switch is pulled for the {level}";
    /// A limit nobody set; nothing passes without it.
    LimitUnset { level: Level, limit: LimitId } = "RC-00", "limit unset", "no limit set: {} of the {level}", limit.name();
    /// A size of zero or below.
    SizeNotPositive { size: Lots } = "RC-07", "size not positive", "a size of {} lots", size.0;
    /// A price that cannot be one: beyond ±2⁵³ ticks, or not above zero on an inverse contract.
    PriceNotSane { price: Ticks } = "RC-07", "price not sane", "{price} cannot be a price";
    OrderSizeTooLarge { size: Lots, limit: Lots } = "RC-01", "order size", "order of {} lots, limit {}", size.0, limit.0;
    /// The largest number there is when it has more digits than that.
    OrderNotionalTooLarge { notional: Money, limit: Money } = "RC-02", "order notional", "order worth {notional:.2}, limit {limit:.2}";
    /// The book is stale, recovering, or was never seen.
    BookNotLive = "RC-06", "book not live", "the book is not live";
    BookCrossed { bid: Ticks, ask: Ticks } = "RC-06", "book crossed", "the book is crossed: bid {bid}, ask {ask}";
    /// The book lacks the price the collar is measured from.
    NoReference { missing: Side } = "RC-04", "no reference price", "no {} to measure the price collar from",
        match missing { Side::Buy => "bid", Side::Sell => "ask" };
    /// `limit` is the worst allowed: the highest to buy at, the lowest to sell at.
    PriceBeyondCollar { price: Ticks, limit: Ticks } = "RC-04", "price collar", "price {price}, collar {limit}";
    OpenOrdersTooMany { level: Level, open: u32, limit: i64 } = "RC-11", "open orders", "{open} open orders in the {level}, limit {limit}";
    /// With everything working on that side filled, and this order too.
    PositionTooLarge { level: Level, side: Side, worst: Lots, limit: Lots } = "RC-13", "position",
        "{} {} lots of the {level} with all working orders filled, limit {}",
        match side { Side::Buy => "long", Side::Sell => "short" }, worst.0, limit.0;
    /// Losses cannot be judged: nobody has told the equity yet.
    EquityUnknown = "RC-17", "equity unknown", "equity was never told, so losses cannot be judged";
    /// The day's loss halted trading, and this order could increase a position.
    DailyLoss { level: Level, loss: Money, limit: Money } = "RC-17", "daily loss",
        "the {level} lost {loss:.2} today, limit {limit:.2}: only reducing orders pass";
    /// The fall from the peak halted trading, and this order could increase a position.
    Drawdown { level: Level, fall: Money, limit: Money } = "RC-18", "drawdown",
        "the {level} fell {fall:.2} from the peak, limit {limit:.2}: only reducing orders pass";
    MessagesTooMany { level: Level, per_second: u32, burst: u32 } = "RC-09", "message rate",
        "more than {per_second} messages a second of the {level} after a burst of {burst}";
    /// Nobody knows yet what the instrument's currency is worth in the account's.
    RateUnknown = "RC-02", "currency rate unknown", "nobody knows yet what its currency is worth in the account's";
    OrderNotionalTooSmall { notional: Money, limit: Money } = "RC-07", "order notional too small", "order worth {notional:.2}, the venue takes {limit:.2} and more";
    SizeNotStepped { size: Lots, step: Lots } = "RC-07", "size step", "{} lots are no whole number of {}", size.0, step.0;
    /// `limit` is the worst allowed: the best mid of the time just gone, and the drift beyond it.
    PriceDrifted { price: Ticks, limit: Ticks } = "RC-05", "price collar over time", "price {price}, collar over time {limit}";
    BookTooOld { age: Nanos, limit: Nanos } = "RC-06", "book too old", "the book last changed {} ns ago, limit {}", age.0, limit.0;
    SpreadTooWide { bid: Ticks, ask: Ticks } = "RC-06", "spread too wide", "the spread from {bid} to {ask} is too wide to trade on";
    BookJumped = "RC-06", "book jumped", "the market jumped, and nothing has confirmed it";
    /// Like the strategy's last of that side.
    Duplicate { age: Nanos } = "RC-08", "duplicate order", "the same order left {} ns ago", age.0;
    /// The strategy's number for an order in parts was used before.
    ParentKnown = "RC-08", "duplicate parent", "an order to be worked in parts has that number already";
    InFlightTooMany { in_flight: u32, limit: i64 } = "RC-12", "orders in flight", "{in_flight} orders unacknowledged at the venue, limit {limit}";
    GrossTooLarge { level: Level, gross: Money, limit: Money } = "RC-14", "gross exposure", "gross exposure of the {level} {gross:.2}, limit {limit:.2}";
    NetTooLarge { level: Level, net: Money, limit: Money } = "RC-14", "net exposure", "net exposure of the {level} {net:.2}, limit {limit:.2}";
    CreditExhausted { level: Level, used: Money, limit: Money } = "RC-15", "credit", "capital of the {level} in use {used:.2}, limit {limit:.2}";
    ParentTooLarge { level: Level, notional: Money, limit: Money } = "RC-03", "parent notional", "to be worked in parts: worth {notional:.2}, limit of the {level} {limit:.2}";
    ParentUnknown = "RC-40", "unknown parent", "no order to be worked in parts has that number";
    /// More, on the other side, or at a worse price than it.
    ChildBeyondParent { left: Lots } = "RC-40", "child beyond parent", "a part that its whole does not cover: {} lots are left", left.0;
    OrderTypeNotTaken { kind: OrderKind } = "RC-26", "order type", "the venue is not sent such orders: {kind:?}";
    TimeInForceNotTaken { time_in_force: TimeInForce } = "RC-26", "time in force", "the venue is not sent such orders: {time_in_force:?}";
    MarketClosed = "RC-25", "market closed", "trading is halted or over";
    OutsideBand { price: Ticks, band: Ticks } = "RC-25", "price band", "price {price}, the venue's band ends at {band}";
    Restricted = "RC-23", "restricted", "the instrument is restricted: only reducing orders pass";
    /// `located` lots may be sold short in all.
    NotLocated { short: Lots, located: Lots } = "RC-23", "not located", "{} lots would be short, {} are located", short.0, located.0;
    /// Part of it would be a sale of what is held, part a short sale: no mark is true of both.
    MixedSale { held: Lots } = "RC-24", "mixed sale", "sells more than the {} lots held: send the short sale by itself", held.0;
    /// A short sale under the price test must be above the national best bid.
    PriceTest { price: Ticks, bid: Ticks } = "RC-24", "short sale price test", "a short sale at {price}, not above the bid {bid}";
    OrderToTrade { level: Level, messages: u64, trades: u64 } = "RC-29", "order-to-trade ratio", "{messages} messages of the {level} for {trades} trades";
    NotDeployed = "RC-39", "not deployed", "the strategy is new, and not let trade there";
    DeployedTooMuch { limit: LimitId } = "RC-39", "deployment cap", "the strategy is new: beyond its {}", limit.name();
    /// `age` is since anybody said that limits hold.
    LimitsStale { age: Nanos } = "RC-43", "limits stale", "nobody has said for {} ns that limits hold", age.0;
    ModelUnhealthy = "RC-46", "model unhealthy", "the strategy says that its model's output is no number or out of its range";
    ModelTooOld { age: Nanos } = "RC-46", "model too old", "the model's output is {} ns old", age.0;
    /// Refusals or late answers paused it, or its session is down.
    VenuePaused = "RC-47", "venue paused", "the venue refused too often or answered too late";
    /// Its repeated executions disabled it.
    Disabled = "RC-10", "strategy disabled", "the strategy traded too often at once: a person must enable it";
    ReduceOnly { level: Level } = "RC-34", "reduce only", "only reducing orders of the {level} pass";
    /// Where trading has been resumed to.
    NotResumed { stage: Stage } = "RC-32", "stage", "trading is resumed to {stage:?} only";
    /// With an order of the same owner.
    SelfMatch = "RC-27", "self-match", "it would trade with an order of the same owner";
    /// The wall's clock jumped ahead: nothing new until it is right again or a person has looked.
    ClockStepped { ahead: Nanos } = "T-02", "clock stepped", "the wall's clock jumped {} s ahead", ahead.0 / 1_000_000_000;
    MarginTooLarge { margin: Money, equity: Money } = "RC-16", "margin", "margin of the account {margin:.2}, equity {equity:.2}";
    /// This order could increase the position that stopped.
    Stopped { stop: Stop } = "RC-18", "position stopped", "the position reached its {}: only reducing orders pass",
        match stop { Stop::Loss => "stop-loss", Stop::Trailing => "trailing stop" };
    LossTooFast = "RC-19", "loss rate", "the strategy lost too much too fast: only reducing orders pass";
    TailTooLarge { level: Level } = "RC-20", "value at risk", "value at risk or shortfall of the {level} would be beyond its limit";
    /// A limit is set, and what it is measured by was never told.
    NotMeasured { limit: LimitId } = "RC-20", "not measured", "{} is limited, and what it is measured by was never told", limit.name();
    SensitivityTooLarge { of: &'static str, limit: i64 } = "RC-21", "greeks", "{of} of what lies beneath would be beyond {limit}";
    ConcentrationTooLarge { worst: Lots } = "RC-22", "concentration", "{} lots are too large a share of the strategy's capital", worst.0;
    VolumeTooLarge { worst: Lots, average: Lots } = "RC-22", "share of volume", "{} lots are too large a share of a day's {}", worst.0, average.0;
    ParticipationTooLarge { traded: Lots, market: Lots } = "RC-22", "participation", "{} lots are too large a share of the market's {}", traded.0, market.0;
    /// Fills of the strategy in the instrument, or of everybody at the venue.
    Protected { level: Level } = "RC-36", "market-maker protection", "too much was filled at once, of the {level}: only reducing orders pass";
    QuoteWidth { width: i64 } = "RC-37", "quote width", "a quote {width} ticks from the strategy's own on the other side";
    QuoteSize { size: Lots } = "RC-37", "quote size", "a quote of {} lots", size.0;
    SettlementTooLarge { unsettled: Money, limit: Money } = "RC-42", "settlement", "traded and not settled {unsettled:.2}, limit {limit:.2}";
    SessionDown = "RC-47", "session down", "there is no session with the venue";
}

impl Refusal {
    /// A short name for tables and counts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        Self::KINDS[self.index()]
    }

    /// The control that refused, by its number in the catalogue.
    #[must_use]
    pub const fn control(&self) -> &'static str {
        Self::CONTROLS[self.index()]
    }

    /// What an order hears that a halt of this level does not let pass.
    #[must_use]
    pub const fn of_halt(halt: Halt, level: Level) -> Self {
        match halt {
            Halt::Killed => Self::Killed { level },
            Halt::DailyLoss { loss, limit } => Self::DailyLoss { level, loss, limit },
            Halt::Drawdown { fall, limit } => Self::Drawdown { level, fall, limit },
        }
    }
}

impl std::error::Error for Refusal {}

/// How often each kind of refusal was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refusals(#[serde(with = "serde_big_array::BigArray")] [u64; Refusal::KINDS.len()]);

impl Default for Refusals {
    fn default() -> Self {
        Self([0; Refusal::KINDS.len()])
    }
}

impl Refusals {
    pub(crate) fn count(&mut self, refusal: &Refusal) {
        self.0[refusal.index()] += 1;
    }

    pub(crate) fn table(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refusal::KINDS.into_iter().zip(self.0)
    }
}
