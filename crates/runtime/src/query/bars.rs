//! Bars of trades: by time, by count, by volume.
//!
//! Prices are counted in ten-thousandths of a tick, so that trades off the grid are exact. A trade belongs to the time
//! bar of its own stamp, however late it was recorded; first and last are by recorded order. A trade is never split: a
//! volume bar ends with the trade that fills it. What was taken back is left out by whoever notes trades here.

use std::collections::BTreeMap;
use types::{Instrument, InstrumentId, Lots, Nanos, Trade};

/// When a bar ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// After so much time, from 1970-01-01 on.
    Time(Nanos),
    /// After so many trades.
    Trades(u64),
    /// After so much volume, in nanos of contracts, shares or coins.
    Volume(i64),
}

impl Every {
    /// Reads `1s`, `5m`, `1h`, `1d`, `100t`, `1000v`, `0.5v`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last()?;
        let number = &text[..text.len() - unit.len_utf8()];
        let whole = || number.parse::<u32>().ok().filter(|number| *number > 0);
        let time = |seconds: i64| Some(Self::Time(Nanos::from_secs(i64::from(whole()?) * seconds)));
        match unit {
            's' => time(1),
            'm' => time(60),
            'h' => time(3_600),
            'd' => time(86_400),
            't' => Some(Self::Trades(u64::from(whole()?))),
            'v' => stdx::decimal::parse(number.as_bytes()).ok().filter(|size| *size > 0).map(Self::Volume),
            _ => None,
        }
    }
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Of what.
    pub instrument: InstrumentId,
    /// Where its span starts; for bars by count and volume, its first trade.
    pub start: Nanos,
    /// Its last trade.
    pub last_at: Nanos,
    /// The first price, in ten-thousandths of a tick.
    pub open: i128,
    /// The highest.
    pub high: i128,
    /// The lowest.
    pub low: i128,
    /// The last.
    pub close: i128,
    /// What traded.
    pub volume: i128,
    /// Sum of price times lots.
    pub value: i128,
    /// How many trades.
    pub trades: u64,
}

impl Bar {
    fn new(trade: &Trade, start: Nanos) -> Self {
        let price = price(trade);
        Self {
            instrument: trade.instrument,
            start,
            last_at: trade.venue_at,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            value: 0,
            trades: 0,
        }
    }

    fn add(&mut self, trade: &Trade) {
        let price = price(trade);
        self.last_at = trade.venue_at;
        (self.high, self.low, self.close) = (self.high.max(price), self.low.min(price), price);
        self.volume += i128::from(trade.size.0);
        self.value += price * i128::from(trade.size.0);
        self.trades += 1;
    }

    /// The volume-weighted average price in ten-thousandths of a tick; `None` without volume.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an average for people")]
    pub fn vwap(&self) -> Option<f64> {
        (self.volume != 0).then(|| self.value as f64 / self.volume as f64)
    }
}

fn price(trade: &Trade) -> i128 {
    i128::from(trade.price.0) * 10_000 + i128::from(trade.price_fraction)
}

/// Bars in the making.
#[derive(Debug)]
pub struct Bars {
    every: Every,
    /// A volume in each instrument's lots.
    lots: Vec<Lots>,
    /// Bars of time, found again when a trade is late.
    by_time: BTreeMap<(i64, InstrumentId), Bar>,
    open: Vec<Option<Bar>>,
    done: Vec<Bar>,
}

impl Bars {
    /// For these instruments.
    #[must_use]
    pub fn new(every: Every, instruments: &[Instrument]) -> Self {
        let lots = |instrument: &Instrument| match every {
            // Up to whole lots: a bar holds at least what was asked.
            Every::Volume(nanos) => Lots(nanos.div_euclid(instrument.terms().lot_nanos).max(1)),
            Every::Time(_) | Every::Trades(_) => Lots::ZERO,
        };
        Self {
            every,
            lots: instruments.iter().map(lots).collect(),
            by_time: BTreeMap::new(),
            open: vec![None; instruments.len()],
            done: Vec::new(),
        }
    }

    /// Takes the next trade.
    pub fn note(&mut self, trade: &Trade) {
        if let Every::Time(span) = self.every {
            let start = trade.venue_at.0.div_euclid(span.0) * span.0;
            let bar = self.by_time.entry((start, trade.instrument));
            bar.or_insert_with(|| Bar::new(trade, Nanos(start))).add(trade);
            return;
        }
        let row = trade.instrument.index();
        let mut bar = self.open[row].take().unwrap_or_else(|| Bar::new(trade, trade.venue_at));
        bar.add(trade);
        let full = match self.every {
            Every::Time(_) => false,
            Every::Trades(count) => bar.trades >= count,
            Every::Volume(_) => bar.volume >= i128::from(self.lots[row].0),
        };
        if full { self.done.push(bar) } else { self.open[row] = Some(bar) }
    }

    /// All of them, by start, then instrument; the last of each may not be full.
    #[must_use]
    pub fn finish(mut self) -> Vec<Bar> {
        self.done.extend(self.by_time.into_values());
        self.done.extend(self.open.into_iter().flatten());
        // Stable: bars that start together stay in the order they were made.
        self.done.sort_by_key(|bar| (bar.start, bar.instrument));
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let cases = [
            ("1s", Some(Every::Time(Nanos::from_secs(1)))),
            ("15m", Some(Every::Time(Nanos::from_secs(900)))),
            ("2h", Some(Every::Time(Nanos::from_secs(7_200)))),
            ("1d", Some(Every::Time(Nanos::from_secs(86_400)))),
            ("100t", Some(Every::Trades(100))),
            ("1000v", Some(Every::Volume(1_000_000_000_000))),
            ("0.5v", Some(Every::Volume(500_000_000))),
        ];
        for (text, every) in cases {
            assert_eq!(Every::parse(text), every, "{text}");
        }
        for text in ["", "s", "0s", "-1m", "1.5s", "1", "1x", "0v", "99999999999t", "€"] {
            assert_eq!(Every::parse(text), None, "{text}");
        }
    }
}
