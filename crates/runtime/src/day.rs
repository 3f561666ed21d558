//! A generated day as a recording that anybody reads: Databento DBN version 2, market by order.
//!
//! Sizes count lots and prices are in nanos, exactly. What the format cannot hold is an error, never rounded.

use crate::market::MarketFile;
use crate::moment;
use sim::agents::Market;
use std::io::{self, Write};
use types::{Event, Flags, Nanos, OrderAction, Side};

/// Bytes of a symbol in a version 2 file.
const SYMBOL: usize = 71;
const RECORD: usize = 56;
/// The one instrument's number.
const NUMBER: u32 = 1;

/// Writes a market's day; answers how many records it is. `tick` hears the share that is done.
///
/// # Errors
/// When `to` cannot be written, or a number does not fit the format.
pub fn write(
    file: &MarketFile,
    seed: u64,
    seconds: Option<f64>,
    to: &mut dyn Write,
    mut tick: impl FnMut(f64),
) -> io::Result<u64> {
    let mut market = Market::new(&file.model, file.instrument.id(), seed, seconds)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let terms = file.instrument.terms();
    let length = seconds.unwrap_or(file.model.session.seconds);
    to.write_all(&metadata(&terms.venue, &terms.symbol, Nanos(file.model.session.starts_at), length)?)?;
    let mut tape = Tape { tick_nanos: terms.tick_nanos, publisher: publisher(&terms.venue), records: 0 };
    let (mut events, mut answers) = (Vec::new(), Vec::new());
    while let Some(at) = market.next_at() {
        events.clear();
        market.step(&mut events, &mut answers);
        for event in &events {
            if let Some(record) = tape.record(at, event)? {
                to.write_all(&record)?;
            }
        }
        if tape.records.trailing_zeros() >= 12 {
            tick(market.share());
        }
    }
    Ok(u64::from(tape.records))
}

fn unfit(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}: DBN has no room for it"))
}

fn dataset(venue: &str) -> String {
    match venue {
        "cme" => "GLBX.MDP3".into(),
        "nasdaq" => "XNAS.ITCH".into(),
        other => other.to_uppercase(),
    }
}

fn publisher(venue: &str) -> u16 {
    match venue {
        "cme" => 1,
        "nasdaq" => 2,
        _ => 0,
    }
}

/// Text in so many bytes, at least one of them zero.
fn text(what: &str, room: usize) -> io::Result<Vec<u8>> {
    let mut bytes = what.as_bytes().to_vec();
    if bytes.len() >= room {
        return Err(unfit(what));
    }
    bytes.resize(room, 0);
    Ok(bytes)
}

/// A day as DBN writes it: 20120621.
fn date(at: Nanos) -> u32 {
    moment::rfc3339(at)[..10].replace('-', "").parse().unwrap_or(0)
}

/// ```text
/// "DBN" 2 length | data set (16) schema (2) start end limit (8 each) types in, out, times out (1 each)
/// bytes of a symbol (2) reserved (53) | definition's length | symbols | partial | not found | mappings
/// ```
fn metadata(venue: &str, symbol: &str, start: Nanos, seconds: f64) -> io::Result<Vec<u8>> {
    const DAY: Nanos = Nanos::from_secs(86_400);
    #[expect(clippy::cast_possible_truncation, reason = "a session is days at most")]
    let end = start + Nanos((seconds * 1e9) as i64 + 1);
    let unsigned = |at: Nanos| u64::try_from(at.0).map_err(|_| unfit("a time before 1970"));
    let mut body = text(&dataset(venue), 16)?;
    body.extend(0_u16.to_le_bytes());
    for number in [unsigned(start)?, unsigned(end)?, 0] {
        body.extend(number.to_le_bytes());
    }
    // Asked for by raw symbol, given by number; no time of sending behind the records.
    body.extend([1, 0, 0]);
    body.extend(u16::try_from(SYMBOL).expect("a small constant").to_le_bytes());
    body.extend([0; 53]);
    body.extend(0_u32.to_le_bytes());
    body.extend(1_u32.to_le_bytes());
    body.extend(text(symbol, SYMBOL)?);
    body.extend([0; 8]);
    body.extend(1_u32.to_le_bytes());
    body.extend(text(symbol, SYMBOL)?);
    body.extend(1_u32.to_le_bytes());
    body.extend(date(start).to_le_bytes());
    body.extend(date(end + DAY).to_le_bytes());
    body.extend(text(&NUMBER.to_string(), SYMBOL)?);
    let mut header = b"DBN\x02".to_vec();
    header.extend(u32::try_from(body.len()).expect("some hundred bytes").to_le_bytes());
    header.extend(body);
    Ok(header)
}

struct Tape {
    tick_nanos: i64,
    publisher: u16,
    records: u32,
}

impl Tape {
    /// The record of an event; `None` of one that a market of agents does not have.
    fn record(&mut self, at: Nanos, event: &Event) -> io::Result<Option<[u8; RECORD]>> {
        let (order, price, size, action, side) = match event {
            Event::Order(delta) => {
                let action = match delta.action {
                    OrderAction::Add => b'A',
                    OrderAction::Modify => b'M',
                    OrderAction::Reduce | OrderAction::Delete => b'C',
                    OrderAction::Fill => b'F',
                    OrderAction::Clear => b'R',
                };
                (delta.order.0, delta.price, delta.size, action, Some(delta.side))
            }
            Event::Trade(trade) => (0, trade.price, trade.size, b'T', trade.aggressor),
            Event::Level(_)
            | Event::Status(_)
            | Event::Gap(_)
            | Event::Report(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Statistic(_)
            | Event::QuoteRequest(_)
            | Event::TradeBust(_)
            | Event::Bar { .. } => return Ok(None),
        };
        let side = match side {
            _ if action == b'R' => b'N',
            Some(Side::Buy) => b'B',
            Some(Side::Sell) => b'A',
            None => b'N',
        };
        let price = match action {
            b'R' => i64::MAX,
            _ => price.0.checked_mul(self.tick_nanos).ok_or_else(|| unfit("a price"))?,
        };
        let size = u32::try_from(size.0).map_err(|_| unfit("a size"))?;
        let marks = event.flags();
        let flags = u8::from(marks.has(Flags::LAST)) << 7 | u8::from(marks.has(Flags::SNAPSHOT)) << 5;
        let stamp = u64::try_from(at.0).map_err(|_| unfit("a time before 1970"))?.to_le_bytes();
        let mut record = [0; RECORD];
        record[0] = 14;
        record[1] = 0xa0;
        record[2..4].copy_from_slice(&self.publisher.to_le_bytes());
        record[4..8].copy_from_slice(&NUMBER.to_le_bytes());
        record[8..16].copy_from_slice(&stamp);
        record[16..24].copy_from_slice(&order.to_le_bytes());
        record[24..32].copy_from_slice(&price.to_le_bytes());
        record[32..36].copy_from_slice(&size.to_le_bytes());
        record[36] = flags;
        record[38] = action;
        record[39] = side;
        record[40..48].copy_from_slice(&stamp);
        record[52..56].copy_from_slice(&self.records.to_le_bytes());
        self.records = self.records.wrapping_add(1);
        Ok(Some(record))
    }
}
