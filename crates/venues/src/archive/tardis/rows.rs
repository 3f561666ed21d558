//! What a row says, as events of one instrument. Knows nothing of what stood before it.

use super::columns::{Column, Row, Table};
use super::number::{exact, nearest};
use crate::{Listing, Output};
use types::{
    Event, Flags, LevelAction, LevelDelta, Lots, Nanos, Side, Statistic, StatisticKind, Ticks, Trade, Unit,
};

/// What the events of one row share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) venue_at: Nanos,
    pub(super) received_at: Nanos,
    pub(super) listing: Listing,
}

/// Which column becomes which statistic, and of which side.
type Figure = (Column, StatisticKind, Option<Side>);

const TICKER: &[Figure] = &[
    (Column::FundingRate, StatisticKind::FundingRate, None),
    (Column::PredictedFundingRate, StatisticKind::PredictedFundingRate, None),
    (Column::OpenInterest, StatisticKind::OpenInterest, None),
    (Column::LastPrice, StatisticKind::LastPrice, None),
    (Column::IndexPrice, StatisticKind::IndexPrice, None),
    (Column::MarkPrice, StatisticKind::MarkPrice, None),
];

const OPTIONS: &[Figure] = &[
    (Column::OpenInterest, StatisticKind::OpenInterest, None),
    (Column::LastPrice, StatisticKind::LastPrice, None),
    (Column::MarkPrice, StatisticKind::MarkPrice, None),
    (Column::UnderlyingPrice, StatisticKind::UnderlyingPrice, None),
    (Column::MarkIv, StatisticKind::ImpliedVolatility, None),
    (Column::BidIv, StatisticKind::ImpliedVolatility, Some(Side::Buy)),
    (Column::AskIv, StatisticKind::ImpliedVolatility, Some(Side::Sell)),
    (Column::Delta, StatisticKind::Delta, None),
    (Column::Gamma, StatisticKind::Gamma, None),
    (Column::Vega, StatisticKind::Vega, None),
    (Column::Theta, StatisticKind::Theta, None),
    (Column::Rho, StatisticKind::Rho, None),
];

/// Microseconds since 1970.
#[inline]
pub(super) fn time(text: &[u8]) -> Option<Nanos> {
    let micros = crate::json::digits(text)?;
    i64::try_from(micros).ok()?.checked_mul(1_000).map(Nanos)
}

impl Line {
    #[inline]
    pub(super) fn level(
        &self,
        action: LevelAction,
        side: Side,
        price: Ticks,
        size: Lots,
        flags: Flags,
    ) -> Event {
        Event::Level(LevelDelta {
            venue_at: self.venue_at,
            price,
            size,
            orders: 0,
            instrument: self.listing.id,
            side,
            action,
            depth: 0,
            flags,
        })
    }

    pub(super) fn clear(&self) -> Event {
        self.level(LevelAction::Clear, Side::Buy, Ticks(0), Lots::ZERO, Flags::SNAPSHOT)
    }

    /// A price and an amount in whole steps; the amount is not below zero.
    #[inline]
    fn steps(&self, price: &[u8], amount: &[u8]) -> Result<(Ticks, Lots), &'static str> {
        let price = exact(price).ok_or("a price that cannot be held")?;
        let amount = exact(amount).filter(|amount| *amount >= 0).ok_or("an amount that cannot be held")?;
        let price = self.listing.ticks(price).ok_or("a price that is not a whole number of ticks")?;
        let size = self.listing.lots(amount).ok_or("an amount that is not a whole number of lots")?;
        Ok((price, size))
    }

    /// The change of a level in an incremental row; amount zero deletes.
    #[inline]
    pub(super) fn change(&self, row: &Row<'_>, flags: Flags) -> Result<Event, &'static str> {
        let side = match row.get(Column::Side) {
            b"bid" => Side::Buy,
            b"ask" => Side::Sell,
            _ => return Err("a side other than bid and ask"),
        };
        let (price, size) = self.steps(row.get(Column::Price), row.get(Column::Amount))?;
        let action = if size.is_zero() { LevelAction::Delete } else { LevelAction::Set };
        Ok(self.level(action, side, price, size, flags))
    }

    /// A row that holds a whole book of so many levels a side.
    pub(super) fn snapshot(&self, row: &Row<'_>, depth: usize, out: &mut Output) -> Result<(), &'static str> {
        out.push(self.received_at, self.clear());
        for depth in 0..depth {
            for side in Side::BOTH {
                self.snapshot_level(side, row.level(side.index(), depth), out)?;
            }
        }
        Ok(())
    }

    /// A row that holds the best level of both sides.
    pub(super) fn quote(&self, row: &Row<'_>, out: &mut Output) -> Result<(), &'static str> {
        out.push(self.received_at, self.clear());
        self.snapshot_level(Side::Buy, [row.get(Column::BidPrice), row.get(Column::BidAmount)], out)?;
        self.snapshot_level(Side::Sell, [row.get(Column::AskPrice), row.get(Column::AskAmount)], out)
    }

    /// A level of a snapshot; none where price or amount is empty, or the amount is zero.
    #[inline]
    fn snapshot_level(
        &self,
        side: Side,
        [price, amount]: [&[u8]; 2],
        out: &mut Output,
    ) -> Result<(), &'static str> {
        if price.is_empty() || amount.is_empty() {
            return Ok(());
        }
        let (price, size) = self.steps(price, amount)?;
        if !size.is_zero() {
            out.push(self.received_at, self.level(LevelAction::Set, side, price, size, Flags::SNAPSHOT));
        }
        Ok(())
    }

    /// A trade. Its number is kept when it is one.
    pub(super) fn trade(&self, row: &Row<'_>, out: &mut Output) -> Result<(), &'static str> {
        let (price, price_fraction, size) = self.print(row)?;
        out.push(
            self.received_at,
            Event::Trade(Trade {
                venue_at: self.venue_at,
                price,
                size,
                id: crate::json::digits(row.get(Column::Id)).unwrap_or(0),
                instrument: self.listing.id,
                price_fraction,
                aggressor: taker(row)?,
                flags: Flags::LAST,
            }),
        );
        Ok(())
    }

    /// A forced trade. Buying means that a short position was closed.
    pub(super) fn liquidation(&self, row: &Row<'_>, out: &mut Output) -> Result<(), &'static str> {
        let (price, fraction, size) = self.print(row)?;
        let kind = StatisticKind::Liquidation;
        out.push(self.received_at, self.statistic(kind, price.0, fraction, size, taker(row)?, Flags::LAST));
        Ok(())
    }

    fn print(&self, row: &Row<'_>) -> Result<(Ticks, u16, Lots), &'static str> {
        let price = exact(row.get(Column::Price)).ok_or("a price that cannot be held")?;
        let amount = exact(row.get(Column::Amount)).filter(|amount| *amount >= 0);
        let size = self.listing.lots(amount.ok_or("an amount that cannot be held")?);
        let (price, fraction) = self.listing.price.floor(price);
        Ok((Ticks(price), fraction, size.ok_or("an amount that is not a whole number of lots")?))
    }

    /// Every figure of a row that has one. A figure is an estimate: it is rounded to what we can hold.
    pub(super) fn figures(&self, row: &Row<'_>, table: Table, out: &mut Output) -> Result<(), &'static str> {
        let figures = if table == Table::Options { OPTIONS } else { TICKER };
        for &(column, kind, side) in figures {
            let text = row.get(column);
            if text.is_empty() {
                continue;
            }
            let nanos = nearest(text).ok_or("a figure that cannot be held")?;
            let (value, fraction) = match kind.unit() {
                Unit::Price => self.listing.price.floor(nanos),
                Unit::Size => (self.listing.size.floor(nanos).0, 0),
                Unit::Number => (nanos, 0),
            };
            out.push(self.received_at, self.statistic(kind, value, fraction, Lots::ZERO, side, Flags::NONE));
        }
        Ok(())
    }

    fn statistic(
        &self,
        kind: StatisticKind,
        value: i64,
        fraction: u16,
        size: Lots,
        side: Option<Side>,
        flags: Flags,
    ) -> Event {
        Event::Statistic(Statistic {
            venue_at: self.venue_at,
            value,
            size,
            instrument: self.listing.id,
            fraction,
            session_day: 0,
            kind,
            side,
            flags,
            deleted: false,
        })
    }
}

fn taker(row: &Row<'_>) -> Result<Option<Side>, &'static str> {
    match row.get(Column::Side) {
        b"buy" => Ok(Some(Side::Buy)),
        b"sell" => Ok(Some(Side::Sell)),
        b"unknown" | b"" => Ok(None),
        _ => Err("a side other than buy, sell and unknown"),
    }
}
