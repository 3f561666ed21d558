//! What a recorder looks at after each step. The engine is it; tests put something simpler in its place.

use crate::attribution::Booked;
use crate::mids::Mid;
use book::State;
use engine::{Balance, Books, Engine};
use types::fees::Tier;
use types::{InstrumentId, Lots, Money, Nanos, OrderId};

/// Whether a book may be traded on, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Market {
    /// Nothing yet, or a snapshot is coming in.
    Building = 0,
    /// It may.
    Live = 1,
    /// The best bid is above the best ask.
    Crossed = 2,
    /// Something of the feed is missing.
    Stale = 3,
}

/// What an instrument earned so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earned {
    /// By closed trades, before fees.
    pub realised: Money,
    /// By what is held, at its last mark.
    pub unrealised: Money,
    /// Positive when paid.
    pub fees: Money,
    /// Of perpetuals: negative when paid.
    pub funding: Money,
    /// For loans: negative when paid.
    pub borrow: Money,
}

impl Earned {
    /// After fees, with what the venue moved.
    #[must_use]
    pub fn net(&self) -> Money {
        self.realised + self.unrealised + self.booked().sum()
    }

    /// The parts that were booked.
    #[must_use]
    pub fn booked(&self) -> Booked {
        Booked { fees: -self.fees, funding: self.funding, borrow: self.borrow, currency: Money::ZERO }
    }
}

/// A machine after a step.
pub trait Watched {
    /// The state of an instrument's book, and its touch if there are both sides.
    fn market(&self, instrument: InstrumentId) -> (Market, Option<Mid>);
    /// What is held.
    fn position(&self, instrument: InstrumentId) -> Lots;
    /// Net P&L of everything since the start, at the last marks; asked for on every book change while holding.
    fn equity(&self) -> Money;
    /// What an instrument earned; asked for at the end.
    fn earned(&self, instrument: InstrumentId) -> Earned;
    /// What an order of ours was for, where its strategy says so.
    fn purpose(&self, order: OrderId) -> Option<&'static str> {
        let _ = order;
        None
    }
    /// All there is in the account's currency.
    fn books(&self) -> Books;
    /// What one unit of the instrument's currency is worth in the account's; nothing while that is not known.
    fn rate(&self, instrument: InstrumentId) -> Money;
    /// Each currency's books.
    fn balances(&self) -> Vec<Balance>;
    /// By venue: since when which tier of fees was in force.
    fn fee_tiers(&self) -> Vec<(String, Nanos, Option<Tier>)>;
    /// How often risk said no, by kind.
    fn refusals(&self) -> Vec<(&'static str, u64)>;
}

impl Watched for Engine {
    #[inline]
    fn market(&self, instrument: InstrumentId) -> (Market, Option<Mid>) {
        let book = self.book(instrument);
        let market = match book.state() {
            State::Building => Market::Building,
            State::Live => Market::Live,
            State::Crossed { .. } => Market::Crossed,
            State::Stale => Market::Stale,
        };
        let touch = book.best_bid().zip(book.best_ask());
        let mid = touch.map(|(bid, ask)| Mid { bid: bid.price, ask: ask.price });
        (market, mid)
    }

    #[inline]
    fn position(&self, instrument: InstrumentId) -> Lots {
        self.portfolio().position(instrument)
    }

    #[inline]
    fn equity(&self) -> Money {
        Self::equity(self)
    }

    fn earned(&self, instrument: InstrumentId) -> Earned {
        let account = self.portfolio().account(instrument);
        Earned {
            realised: account.realised,
            unrealised: account.unrealised,
            fees: account.fees,
            funding: account.funding,
            borrow: account.borrow,
        }
    }

    fn purpose(&self, order: OrderId) -> Option<&'static str> {
        Self::purpose(self, order)
    }

    fn books(&self) -> Books {
        self.portfolio().books()
    }

    fn rate(&self, instrument: InstrumentId) -> Money {
        self.portfolio().rate(instrument).unwrap_or(Money::ZERO)
    }

    fn balances(&self) -> Vec<Balance> {
        self.portfolio().balances().collect()
    }

    fn fee_tiers(&self) -> Vec<(String, Nanos, Option<Tier>)> {
        let of = |tiers: &engine::Tiers| {
            let venue = tiers.venue().to_owned();
            tiers.changes().iter().map(|(at, tier)| (venue.clone(), *at, *tier)).collect::<Vec<_>>()
        };
        self.portfolio().tiers().iter().flat_map(of).collect()
    }

    fn refusals(&self) -> Vec<(&'static str, u64)> {
        self.risk().refusals().collect()
    }
}
