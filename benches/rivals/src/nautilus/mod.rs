//! Minimal strategies over best bids and asks, and over bars, through us and through NautilusTrader's `BacktestEngine`.
//!
//! NautilusTrader has one clock and no queue, and a quote or a bar is all its market: so both get the same quotes or
//! the same bars, at the same times, without latency. [`plan`] has strategies of which equal fills are a fair demand;
//! where a strategy meets a rule on which we differ, [`rules`] has each rule as a switch.
//!
//! | look for | in |
//! |---|---|
//! | what both see | [`market`] |
//! | the strategies, ours | [`plan`] |
//! | the same through the wheel | [`theirs`] (and `python/nautilus_fills.py`) |
//! | why an order differs | [`rules`] |

pub mod market;
pub mod plan;
pub mod rules;
pub mod theirs;

use types::{Lots, Nanos, Side, Ticks};

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It still worked when the market ended.
    Open,
    /// All of it traded.
    Filled,
    /// What had not traded was cancelled, by us or because it was not to stay.
    Canceled(Nanos),
    /// Refused at the door.
    Refused(Nanos),
}

/// A part of an order that traded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// When.
    pub at: Nanos,
    /// At this price.
    pub price: Ticks,
    /// This much.
    pub size: Lots,
    /// What was paid for it, in currency.
    pub fee: f64,
}

impl Part {
    /// The same but for the fee, which NautilusTrader rounds to the currency's decimals.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (self.at, self.price, self.size) == (other.at, other.price, other.size)
            && (self.fee - other.fee).abs() < FEE_UNITS
    }
}

/// NautilusTrader knows eight decimals of USDT and BTC, and what we see as one fill may be two of its.
const FEE_UNITS: f64 = 2.5e-8;

/// An order from its sending to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// When.
    pub at: Nanos,
    /// Buy or sell.
    pub side: Side,
    /// Its limit, or where a market order saw the market.
    pub price: Ticks,
    /// How much.
    pub size: Lots,
    /// When we asked for it back.
    pub asked_back_at: Option<Nanos>,
    /// What traded.
    pub parts: Vec<Part>,
    /// How it ended.
    pub ended: Ended,
}

impl Sent {
    /// An order that has just left.
    #[must_use]
    pub const fn new(at: Nanos, side: Side, price: Ticks, size: Lots) -> Self {
        Self { at, side, price, size, asked_back_at: None, parts: Vec::new(), ended: Ended::Open }
    }

    /// Equal in everything but the rounding of fees.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let bare = |sent: &Self| Self { parts: Vec::new(), ..sent.clone() };
        bare(self) == bare(other) && self.ends_like(other)
    }

    /// The same fills and the same end.
    #[must_use]
    pub fn ends_like(&self, other: &Self) -> bool {
        self.ended == other.ended
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|(one, other)| one.is_like(other))
    }
}
