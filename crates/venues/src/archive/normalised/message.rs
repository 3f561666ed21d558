//! One normalised message, as it stands in the line: its members, and the events that its figures make.

use crate::archive::tardis::number::{exact, nearest};
use crate::json::{self, Value};
use crate::{Listing, Output};
use types::{
    Event, Flags, LevelAction, LevelDelta, Lots, Nanos, Side, Statistic, StatisticKind, Ticks, Trade, Unit,
};

/// What is wrong with a message.
pub(super) type Wrong = &'static str;

pub(super) const FINE_PRICE: Wrong = "price: no number, or one that nanos cannot hold exactly";
pub(super) const FINE_AMOUNT: Wrong = "amount: no number, below zero, or one that nanos cannot hold exactly";

/// The members we use.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) kind: &'a [u8],
    pub(super) symbol: &'a [u8],
    pub(super) exchange: &'a [u8],
    pub(super) timestamp: &'a [u8],
    pub(super) local: &'a [u8],
    pub(super) snapshot: bool,
    pub(super) bids: Option<&'a [u8]>,
    pub(super) asks: Option<&'a [u8]>,
    id: &'a [u8],
    price: &'a [u8],
    amount: &'a [u8],
    side: &'a [u8],
    /// Of a bar.
    pub(super) interval: &'a [u8],
    pub(super) bar_kind: &'a [u8],
    pub(super) opens: &'a [u8],
    prices: [&'a [u8]; 4],
    volume: &'a [u8],
    /// Of tickers: bid and ask, price and amount.
    best: [[&'a [u8]; 2]; 2],
    figures: [&'a [u8]; FIGURES.len()],
}

/// Figures of tickers and options: member, kind, side.
const FIGURES: [(&[u8], StatisticKind, Option<Side>); 15] = [
    (b"lastPrice", StatisticKind::LastPrice, None),
    (b"openInterest", StatisticKind::OpenInterest, None),
    (b"fundingRate", StatisticKind::FundingRate, None),
    (b"predictedFundingRate", StatisticKind::PredictedFundingRate, None),
    (b"indexPrice", StatisticKind::IndexPrice, None),
    (b"markPrice", StatisticKind::MarkPrice, None),
    (b"underlyingPrice", StatisticKind::UnderlyingPrice, None),
    (b"markIV", StatisticKind::ImpliedVolatility, None),
    (b"bestBidIV", StatisticKind::ImpliedVolatility, Some(Side::Buy)),
    (b"bestAskIV", StatisticKind::ImpliedVolatility, Some(Side::Sell)),
    (b"delta", StatisticKind::Delta, None),
    (b"gamma", StatisticKind::Gamma, None),
    (b"vega", StatisticKind::Vega, None),
    (b"theta", StatisticKind::Theta, None),
    (b"rho", StatisticKind::Rho, None),
];

impl<'a> Message<'a> {
    /// Reads an object; `None` when it is none.
    #[inline]
    pub(super) fn read(text: &'a [u8]) -> Option<Self> {
        let mut message = Self::default();
        json::members(text, |name, value| message.member(name, value))?;
        Some(message)
    }

    fn member(&mut self, name: &[u8], value: Value<'a>) {
        // What is not there is empty, and so is `null`.
        let plain = match value {
            Value::Word(b"null") => &[][..],
            Value::Text(text) | Value::Word(text) => text,
            Value::Nested(_) => &[],
        };
        match name {
            b"type" => self.kind = plain,
            b"symbol" => self.symbol = plain,
            b"exchange" => self.exchange = plain,
            b"timestamp" => self.timestamp = plain,
            b"localTimestamp" => self.local = plain,
            b"isSnapshot" => self.snapshot = value.truth() == Some(true),
            b"bids" => self.bids = value.nested(),
            b"asks" => self.asks = value.nested(),
            b"id" => self.id = plain,
            b"price" => self.price = plain,
            b"amount" => self.amount = plain,
            b"side" => self.side = plain,
            b"interval" => self.interval = plain,
            b"kind" => self.bar_kind = plain,
            b"openTimestamp" => self.opens = plain,
            b"open" => self.prices[0] = plain,
            b"high" => self.prices[1] = plain,
            b"low" => self.prices[2] = plain,
            b"close" => self.prices[3] = plain,
            b"volume" => self.volume = plain,
            b"bidPrice" | b"bestBidPrice" => self.best[0][0] = plain,
            b"bidAmount" | b"bestBidAmount" => self.best[0][1] = plain,
            b"askPrice" | b"bestAskPrice" => self.best[1][0] = plain,
            b"askAmount" | b"bestAskAmount" => self.best[1][1] = plain,
            _ => {
                if let Some(row) = FIGURES.iter().position(|(known, ..)| *known == name) {
                    self.figures[row] = plain;
                }
            }
        }
    }

    /// Price and amount of each side; `None` where nothing stands, or it is not said how much.
    pub(super) fn best(&self) -> Result<[Option<(i64, i64)>; 2], Wrong> {
        let mut best = [None; 2];
        for (best, [price, amount]) in best.iter_mut().zip(self.best) {
            if !price.is_empty() && !amount.is_empty() {
                *best = Some((exact(price).ok_or(FINE_PRICE)?, size(amount)?));
            }
        }
        Ok(best)
    }

    /// Whether a best price came without its amount.
    pub(super) fn lacks_amount(&self) -> bool {
        self.best.iter().any(|[price, amount]| !price.is_empty() && amount.is_empty())
    }

    /// Open, high, low, close and volume of a bar, in nanos.
    pub(super) fn bar(&self) -> Result<([i64; 4], i64), Wrong> {
        let mut prices = [0; 4];
        for (price, text) in prices.iter_mut().zip(self.prices) {
            *price = exact(text).ok_or(FINE_PRICE)?;
        }
        Ok((prices, size(self.volume)?))
    }

    fn taker(&self) -> Result<Option<Side>, Wrong> {
        match self.side {
            b"buy" => Ok(Some(Side::Buy)),
            b"sell" => Ok(Some(Side::Sell)),
            b"unknown" | b"" => Ok(None),
            _ => Err("side: neither buy, sell nor unknown"),
        }
    }
}

fn size(text: &[u8]) -> Result<i64, Wrong> {
    exact(text).filter(|size| *size >= 0).ok_or(FINE_AMOUNT)
}

/// What all events of a message share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) venue_at: Nanos,
    pub(super) received_at: Nanos,
    pub(super) listing: Listing,
}

impl Moment {
    pub(super) fn trade(&self, message: &Message<'_>, out: &mut Output) -> Result<(), Wrong> {
        let price = exact(message.price).ok_or(FINE_PRICE)?;
        let (ticks, price_fraction) = self.listing.price.floor(price);
        let trade = Trade {
            venue_at: self.venue_at,
            price: Ticks(ticks),
            size: self.lots(size(message.amount)?)?,
            // Some venues' numbers are texts: those are left out.
            id: json::digits(message.id).unwrap_or(0),
            instrument: self.listing.id,
            price_fraction,
            aggressor: message.taker()?,
            flags: Flags::LAST,
        };
        out.push(self.received_at, Event::Trade(trade));
        Ok(())
    }

    /// A forced trade. Buying means that a short position was closed.
    pub(super) fn liquidation(&self, message: &Message<'_>, out: &mut Output) -> Result<(), Wrong> {
        let price = exact(message.price).ok_or(FINE_PRICE)?;
        let (value, fraction) = self.listing.price.floor(price);
        let lots = self.lots(size(message.amount)?)?;
        let statistic = Statistic {
            size: lots,
            side: message.taker()?,
            ..self.statistic(StatisticKind::Liquidation, value, fraction)
        };
        out.push(self.received_at, Event::Statistic(statistic));
        Ok(())
    }

    /// Every figure that the message has.
    pub(super) fn figures(&self, message: &Message<'_>, out: &mut Output) -> Result<(), Wrong> {
        for ((_, kind, side), text) in FIGURES.iter().zip(message.figures) {
            if text.is_empty() {
                continue;
            }
            let nanos = nearest(text).ok_or("a figure that is no number, or too large")?;
            let (value, fraction) = match kind.unit() {
                Unit::Price => self.listing.price.floor(nanos),
                Unit::Size => (self.listing.size.floor(nanos).0, 0),
                Unit::Number => (nanos, 0),
            };
            let statistic = Statistic { side: *side, ..self.statistic(*kind, value, fraction) };
            out.push(self.received_at, Event::Statistic(statistic));
        }
        Ok(())
    }

    const fn statistic(&self, kind: StatisticKind, value: i64, fraction: u16) -> Statistic {
        Statistic {
            venue_at: self.venue_at,
            value,
            size: Lots::ZERO,
            instrument: self.listing.id,
            fraction,
            session_day: 0,
            kind,
            side: None,
            flags: Flags::NONE,
            deleted: false,
        }
    }

    /// The levels of a change, or of a whole book.
    pub(super) fn levels(&self, message: &Message<'_>, whole: bool, out: &mut Output) -> Result<(), Wrong> {
        let flags = if whole { Flags::SNAPSHOT } else { Flags::NONE };
        if whole {
            self.level(LevelAction::Clear, Side::Buy, Ticks(0), Lots::ZERO, flags, out);
        }
        for (side, levels) in [(Side::Buy, message.bids), (Side::Sell, message.asks)] {
            let mut wrong = None;
            let read = json::elements(levels.unwrap_or(b"[]"), |level| {
                self.one(side, level, whole, flags, out).map_err(|what| wrong = Some(what)).ok()
            });
            if read.is_none() {
                return Err(wrong.unwrap_or("bids or asks that are no arrays"));
            }
        }
        Ok(())
    }

    fn one(
        &self,
        side: Side,
        level: Value<'_>,
        whole: bool,
        flags: Flags,
        out: &mut Output,
    ) -> Result<(), Wrong> {
        let (mut price, mut amount) = (&[][..], &[][..]);
        let object = level.nested().ok_or("a level that is no object")?;
        json::members(object, |name, value| {
            let word = match value {
                Value::Word(b"null") | Value::Nested(_) => &[],
                Value::Word(word) | Value::Text(word) => word,
            };
            match name {
                b"price" => price = word,
                b"amount" => amount = word,
                _ => {}
            }
        })
        .ok_or("a level that is no object")?;
        // A snapshot of so many levels has empty ones where the book is not as deep.
        if whole && price.is_empty() && amount.is_empty() {
            return Ok(());
        }
        let ticks = self.listing.ticks(exact(price).ok_or(FINE_PRICE)?);
        let ticks = ticks.ok_or("price: not a whole number of the instrument's steps")?;
        let lots = self.lots(size(amount)?)?;
        match (lots.is_zero(), whole) {
            (true, true) => {}
            (true, false) => self.level(LevelAction::Delete, side, ticks, lots, flags, out),
            (false, _) => self.level(LevelAction::Set, side, ticks, lots, flags, out),
        }
        Ok(())
    }

    fn level(
        &self,
        action: LevelAction,
        side: Side,
        price: Ticks,
        size: Lots,
        flags: Flags,
        out: &mut Output,
    ) {
        let delta = LevelDelta {
            venue_at: self.venue_at,
            price,
            size,
            orders: 0,
            instrument: self.listing.id,
            side,
            action,
            depth: 0,
            flags,
        };
        out.push(self.received_at, Event::Level(delta));
    }

    fn lots(&self, nanos: i64) -> Result<Lots, Wrong> {
        self.listing.lots(nanos).ok_or("amount: not a whole number of the instrument's steps")
    }
}
