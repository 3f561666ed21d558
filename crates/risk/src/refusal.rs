//! Why an order does not leave: a closed list, each with the limit and the value that broke it.

use crate::Halt;
use serde::{Deserialize, Serialize};
use std::fmt;
use types::{Lots, Money, Nanos, Side, Ticks};

/// Why risk refused. Names of controls (`RC-…`) are those of the control catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The instrument is not in this run.
    UnknownInstrument,
    /// RC-32: the kill switch is pulled.
    Killed,
    /// A limit nobody set; nothing passes without it.
    LimitUnset {
        /// Which.
        limit: &'static str,
    },
    /// RC-07: a size of zero or below.
    SizeNotPositive {
        /// The size.
        size: Lots,
    },
    /// RC-07: a price that cannot be one: beyond ±2⁵³ ticks, or not above zero on an inverse contract.
    PriceNotSane {
        /// The price.
        price: Ticks,
    },
    /// RC-01.
    OrderSizeTooLarge {
        /// The order's.
        size: Lots,
        /// The most allowed.
        limit: Lots,
    },
    /// RC-02.
    OrderNotionalTooLarge {
        /// The order's; the largest number there is when it has more digits than that.
        notional: Money,
        /// The most allowed.
        limit: Money,
    },
    /// RC-02 cannot be judged: nobody knows yet what the instrument's currency is worth in the account's.
    RateUnknown,
    /// RC-06: the book is stale, recovering, or was never seen.
    BookNotLive,
    /// RC-06: the best bid is above the best ask.
    BookCrossed {
        /// The best bid.
        bid: Ticks,
        /// The best ask.
        ask: Ticks,
    },
    /// RC-04: the book lacks the price the collar is measured from.
    NoReference {
        /// The side of the book that is empty.
        missing: Side,
    },
    /// RC-04.
    PriceBeyondCollar {
        /// The order's.
        price: Ticks,
        /// The worst allowed: the highest to buy at, the lowest to sell at.
        limit: Ticks,
    },
    /// RC-11, on the instrument.
    OpenOrdersTooMany {
        /// How many there are.
        open: u32,
        /// The most allowed.
        limit: u32,
    },
    /// RC-11, on the account.
    AccountOpenOrdersTooMany {
        /// How many there are.
        open: u32,
        /// The most allowed.
        limit: u32,
    },
    /// RC-13: with everything working on that side filled, and this order too.
    PositionTooLarge {
        /// The side it would be on.
        side: Side,
        /// How large it could become.
        worst: Lots,
        /// The most allowed.
        limit: Lots,
    },
    /// RC-17 and RC-18 cannot be judged: nobody has told the equity yet.
    EquityUnknown,
    /// RC-17: the day's loss halted trading, and this order could increase a position.
    DailyLoss {
        /// The loss that halted.
        loss: Money,
        /// The most allowed.
        limit: Money,
    },
    /// RC-18: the fall from the peak halted trading, and this order could increase a position.
    Drawdown {
        /// The fall that halted.
        fall: Money,
        /// The most allowed.
        limit: Money,
    },
    /// RC-09.
    MessagesTooMany {
        /// The rate allowed in the long run.
        per_second: u32,
        /// The burst allowed at once.
        burst: u32,
    },
    /// The clock on the wall jumped ahead: nothing new until it is right again or a person has looked.
    ClockStepped {
        /// How far it is ahead.
        ahead: Nanos,
    },
}

impl Refusal {
    /// A short name for every kind there is, for tables; [`Refusal::index`] is the place in it.
    pub const KINDS: [&'static str; 20] = [
        "unknown instrument",
        "killed",
        "limit unset",
        "size not positive",
        "price not sane",
        "order size",
        "order notional",
        "book not live",
        "book crossed",
        "no reference price",
        "price collar",
        "open orders",
        "open orders of account",
        "position",
        "equity unknown",
        "daily loss",
        "drawdown",
        "message rate",
        "currency rate unknown",
        "clock stepped",
    ];

    /// The place of this kind in [`Refusal::KINDS`].
    #[must_use]
    pub const fn index(&self) -> usize {
        match self {
            Self::UnknownInstrument => 0,
            Self::Killed => 1,
            Self::LimitUnset { .. } => 2,
            Self::SizeNotPositive { .. } => 3,
            Self::PriceNotSane { .. } => 4,
            Self::OrderSizeTooLarge { .. } => 5,
            Self::OrderNotionalTooLarge { .. } => 6,
            Self::BookNotLive => 7,
            Self::BookCrossed { .. } => 8,
            Self::NoReference { .. } => 9,
            Self::PriceBeyondCollar { .. } => 10,
            Self::OpenOrdersTooMany { .. } => 11,
            Self::AccountOpenOrdersTooMany { .. } => 12,
            Self::PositionTooLarge { .. } => 13,
            Self::EquityUnknown => 14,
            Self::DailyLoss { .. } => 15,
            Self::Drawdown { .. } => 16,
            Self::MessagesTooMany { .. } => 17,
            Self::RateUnknown => 18,
            Self::ClockStepped { .. } => 19,
        }
    }

    /// A short name for tables and counts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        Self::KINDS[self.index()]
    }
}

impl From<Halt> for Refusal {
    /// What an order hears that the halt does not let pass.
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Killed => Self::Killed,
            Halt::DailyLoss { loss, limit } => Self::DailyLoss { loss, limit },
            Halt::Drawdown { fall, limit } => Self::Drawdown { fall, limit },
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownInstrument => f.write_str("the instrument is not in this run"),
            Self::Killed => f.write_str("the kill switch is pulled"),
            Self::LimitUnset { limit } => write!(f, "no limit set: {limit}"),
            Self::SizeNotPositive { size } => write!(f, "a size of {} lots", size.0),
            Self::PriceNotSane { price } => write!(f, "{price} cannot be a price"),
            Self::OrderSizeTooLarge { size, limit } => {
                write!(f, "order of {} lots, limit {}", size.0, limit.0)
            }
            Self::OrderNotionalTooLarge { notional, limit } => {
                write!(f, "order worth {notional:.2}, limit {limit:.2}")
            }
            Self::RateUnknown => f.write_str("nobody knows yet what its currency is worth in the account's"),
            Self::BookNotLive => f.write_str("the book is not live"),
            Self::BookCrossed { bid, ask } => write!(f, "the book is crossed: bid {bid}, ask {ask}"),
            Self::NoReference { missing } => {
                let side = match missing {
                    Side::Buy => "bid",
                    Side::Sell => "ask",
                };
                write!(f, "no {side} to measure the price collar from")
            }
            Self::PriceBeyondCollar { price, limit } => write!(f, "price {price}, collar {limit}"),
            Self::OpenOrdersTooMany { open, limit } => {
                write!(f, "{open} open orders in the instrument, limit {limit}")
            }
            Self::AccountOpenOrdersTooMany { open, limit } => {
                write!(f, "{open} open orders in the account, limit {limit}")
            }
            Self::PositionTooLarge { side, worst, limit } => {
                let way = match side {
                    Side::Buy => "long",
                    Side::Sell => "short",
                };
                write!(f, "{way} {} lots with all working orders filled, limit {}", worst.0, limit.0)
            }
            Self::EquityUnknown => f.write_str("equity was never told, so losses cannot be judged"),
            Self::DailyLoss { loss, limit } => {
                write!(f, "loss of {loss:.2} today, limit {limit:.2}: only reducing orders pass")
            }
            Self::Drawdown { fall, limit } => {
                write!(f, "fall of {fall:.2} from the peak, limit {limit:.2}: only reducing orders pass")
            }
            Self::MessagesTooMany { per_second, burst } => {
                write!(f, "more than {per_second} messages a second after a burst of {burst}")
            }
            Self::ClockStepped { ahead } => {
                write!(
                    f,
                    "the system's clock jumped ahead by {} s: nothing new is sent",
                    ahead.0 / 1_000_000_000
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// How often each kind of refusal was given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Refusals([u64; Refusal::KINDS.len()]);

impl Refusals {
    pub(crate) fn count(&mut self, refusal: &Refusal) {
        self.0[refusal.index()] += 1;
    }

    pub(crate) fn table(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refusal::KINDS.into_iter().zip(self.0)
    }
}
