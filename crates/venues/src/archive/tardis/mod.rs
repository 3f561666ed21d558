//! Tardis's downloadable CSV files: one header, then a row for each change, trade or figure, of one instrument or of
//! many (docs.tardis.dev, "Downloadable CSV files: data types").
//!
//! ```text
//! exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
//! deribit,BTC-PERPETUAL,1577836800123000,1577836800140000,true,bid,7000.5,120
//! ```
//!
//! The columns tell which of the data types a file is ([`Table`]); `trades` and `liquidations` have the same, and only
//! the file's name tells them apart. Times are microseconds; `local_timestamp` is when the row's message reached
//! Tardis, and rows that share it were one message.
//!
//! Of `incremental_book_L2`: the first row marked `is_snapshot` behind one that is not empties the book; amount zero
//! deletes. A row before any snapshot makes the book stale until one. Of `book_snapshot_N`, `quotes` and
//! `options_chain`, each row is the whole book as far as it goes. **Two files of one instrument that both hold books
//! must not be run together**: neither knows what the other said.
//!
//! Left out: `funding_timestamp`, and an option's type, strike and expiration, which are in its symbol; numbers of
//! trades that are no numbers (some venues send texts).
//!
//! Cost: a search for the line's end, one pass over its commas, two decimals, two exact divisions, a lookup of the
//! instrument when it is not the row before's. Nothing is allocated but for an instrument's first row.

#![allow(clippy::disallowed_types, reason = "the map is looked up by key; its order is never seen")]

mod columns;
pub(super) mod number;
mod rows;

pub use columns::Table;

use crate::{Decode, Directory, Listing, Output};
use columns::{Column, Header, Positions, Row};
use rows::Line;
use std::collections::HashMap;
use types::{Arrival, Event, Flags, Gap, Nanos};

/// A decoder of one file.
#[derive(Debug, Default)]
pub struct Decoder {
    hint: Option<Table>,
    header: State,
    /// Taken while a row is read.
    positions: Option<Box<Positions>>,
    instruments: Vec<Instrument>,
    /// By exchange and symbol, as they stand in the file.
    places: HashMap<Vec<u8>, usize>,
    /// The name looked up last, and where it is.
    name: Vec<u8>,
    place: usize,
    /// An incremental change that may be its message's last: the next row tells.
    held: Option<(Message, Arrival)>,
    /// Of the next byte to be taken.
    offset: u64,
    lines: u64,
    seen_at: Nanos,
    tally: Tally,
}

/// Whether the first line has come.
#[derive(Debug, Default)]
enum State {
    #[default]
    Waiting,
    Known(Header),
    /// The first line is no header of Tardis's: nothing can be read.
    Unknown,
}

/// One instrument of the file.
#[derive(Debug)]
struct Instrument {
    listing: Option<Listing>,
    /// A snapshot has come.
    seeded: bool,
    /// The row before was part of one.
    in_snapshot: bool,
    /// It was said that its book is stale.
    stale: bool,
}

/// What rows of one message share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message {
    place: usize,
    received_at: Nanos,
    snapshot: bool,
}

#[derive(Debug, Default)]
struct Tally {
    rows: u64,
    malformed: u64,
    without_snapshot: u64,
}

/// A row that could not be used, and the instrument whose it was if it says.
struct Damage {
    what: &'static str,
    place: Option<usize>,
}

impl Decoder {
    /// A decoder at the start of a file. `hint` is what the file's name says; it decides between `trades` and
    /// `liquidations`, the columns decide the rest.
    #[must_use]
    pub fn new(hint: Option<Table>) -> Self {
        Self { hint, ..Self::default() }
    }

    /// Which of the data types the file is, once its first line has come.
    #[must_use]
    pub const fn table(&self) -> Option<Table> {
        match &self.header {
            State::Known(header) => Some(header.table),
            State::Waiting | State::Unknown => None,
        }
    }

    fn line(&mut self, line: &[u8], directory: &mut Directory, out: &mut Output) {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        self.lines += 1;
        match std::mem::take(&mut self.header) {
            State::Known(header) => {
                if !text.is_empty() {
                    self.row(text, &header, directory, out);
                }
                self.header = State::Known(header);
            }
            State::Waiting => self.first(text, out),
            State::Unknown => self.header = State::Unknown,
        }
    }

    fn first(&mut self, line: &[u8], out: &mut Output) {
        self.header = match Header::read(line, self.hint) {
            Some(header) => State::Known(header),
            None => {
                self.tally.malformed += 1;
                let what = "the first line names no columns of Tardis's; nothing after this can be read";
                out.fault(self.offset, len64(line) + 1, what);
                State::Unknown
            }
        };
    }

    fn row(&mut self, line: &[u8], header: &Header, directory: &mut Directory, out: &mut Output) {
        self.tally.rows += 1;
        let mut positions = self.positions.take().unwrap_or_default();
        let read = match positions.read(line, header) {
            Some(row) => self.events(&row, header, directory, out),
            None => Err(Damage { what: "a row with more or fewer fields than columns", place: None }),
        };
        self.positions = Some(positions);
        if let Err(damage) = read {
            self.damage(line, &damage, header.table, out);
        }
    }

    #[inline]
    fn events(
        &mut self,
        row: &Row<'_>,
        header: &Header,
        directory: &mut Directory,
        out: &mut Output,
    ) -> Result<(), Damage> {
        let place = self.find(row, directory).map_err(|what| Damage { what, place: None })?;
        let failed = |what| Damage { what, place: Some(place) };
        let venue_at =
            rows::time(row.get(Column::Timestamp)).ok_or(failed("a timestamp that is no number"))?;
        let local = rows::time(row.get(Column::LocalTimestamp));
        let received_at = local.ok_or(failed("a local timestamp that is no number"))?;
        self.seen_at = received_at;
        let Some(listing) = self.instruments[place].listing else {
            return Ok(());
        };
        let line = Line { venue_at, received_at, listing };
        if header.table == Table::Book {
            return self.change(row, &line, place, out).map_err(failed);
        }
        let before = out.arrivals.len();
        let told = match header.table {
            Table::Book => Ok(()),
            Table::Snapshots => line.snapshot(row, header.depth, out),
            Table::Quotes => line.quote(row, out),
            Table::Trades => line.trade(row, out),
            Table::Liquidations => line.liquidation(row, out),
            Table::Ticker => line.figures(row, Table::Ticker, out),
            Table::Options => line.quote(row, out).and_then(|()| line.figures(row, Table::Options, out)),
        };
        if let Err(what) = told {
            out.arrivals.truncate(before);
            return Err(failed(what));
        }
        if let Some(end) = out.arrivals[before..].last_mut() {
            end.event.mark(Flags::LAST);
        }
        Ok(())
    }

    /// One row of `incremental_book_L2`.
    #[inline]
    fn change(
        &mut self,
        row: &Row<'_>,
        line: &Line,
        place: usize,
        out: &mut Output,
    ) -> Result<(), &'static str> {
        let snapshot = match row.get(Column::IsSnapshot) {
            b"true" => true,
            b"false" => false,
            _ => return Err("an is_snapshot other than true and false"),
        };
        let flags = if snapshot { Flags::SNAPSHOT } else { Flags::NONE };
        let event = line.change(row, flags)?;
        let message = Message { place, received_at: line.received_at, snapshot };
        self.release(Some(message), out);
        let instrument = &mut self.instruments[place];
        if snapshot && !instrument.in_snapshot {
            out.push(line.received_at, line.clear());
            instrument.seeded = true;
            instrument.stale = false;
        }
        instrument.in_snapshot = snapshot;
        if !instrument.seeded && !instrument.stale {
            instrument.stale = true;
            self.tally.without_snapshot += 1;
            out.push(line.received_at, self.gap(line.venue_at, 0, Some(place)));
        }
        self.held = Some((message, Arrival { received_at: line.received_at, event }));
        Ok(())
    }

    /// Gives out the change that is held: its message's last, unless `next` is of the same message.
    #[inline]
    fn release(&mut self, next: Option<Message>, out: &mut Output) {
        if let Some((message, mut arrival)) = self.held.take() {
            if next != Some(message) {
                arrival.event.mark(Flags::LAST);
            }
            out.arrivals.push(arrival);
        }
    }

    /// The instrument a row is about.
    #[inline]
    fn find(&mut self, row: &Row<'_>, directory: &mut Directory) -> Result<usize, &'static str> {
        let (exchange, symbol) = (row.get(Column::Exchange), row.get(Column::Symbol));
        let same = self.name.len() == exchange.len() + symbol.len() + 1
            && self.name.starts_with(exchange)
            && self.name.ends_with(symbol);
        if !same {
            self.place = self.look_up(exchange, symbol, directory)?;
        }
        Ok(self.place)
    }

    fn look_up(
        &mut self,
        exchange: &[u8],
        symbol: &[u8],
        directory: &mut Directory,
    ) -> Result<usize, &'static str> {
        let mut name = std::mem::take(&mut self.name);
        name.clear();
        if exchange.is_empty() || symbol.is_empty() {
            return Err("a row without exchange or symbol");
        }
        // A comma cannot be part of either.
        [exchange, b",", symbol].into_iter().for_each(|part| name.extend_from_slice(part));
        let found = self.places.get(&name).copied();
        let place = match found {
            Some(place) => place,
            None => {
                let (exchange, symbol) = (std::str::from_utf8(exchange), std::str::from_utf8(symbol));
                let (Ok(exchange), Ok(symbol)) = (exchange, symbol) else {
                    return Err("an exchange or symbol that is no text");
                };
                let listing = directory.listing(exchange, symbol);
                let new = Instrument { listing, seeded: false, in_snapshot: false, stale: false };
                self.instruments.push(new);
                self.places.insert(name.clone(), self.instruments.len() - 1);
                self.instruments.len() - 1
            }
        };
        self.name = name;
        Ok(place)
    }

    /// A row is lost, and with it the book it may have changed.
    fn damage(&mut self, line: &[u8], damage: &Damage, table: Table, out: &mut Output) {
        self.tally.malformed += 1;
        self.release(None, out);
        out.fault(self.offset, len64(line) + 1, format!("line {}: {}", self.lines, damage.what));
        if !table.has_book() {
            return;
        }
        let rows = damage.place.map_or(0..self.instruments.len(), |place| place..place + 1);
        if damage.place.is_some_and(|place| self.instruments[place].listing.is_none()) {
            // A book that is not in this run has nothing that could be stale.
            return;
        }
        for instrument in &mut self.instruments[rows] {
            instrument.stale = true;
            instrument.seeded = false;
            // What is left of the snapshot does not make it whole.
        }
        let gap = self.gap(self.seen_at, len64(line) + 1, damage.place);
        out.push(self.seen_at, gap);
    }

    fn gap(&self, venue_at: Nanos, lost: u64, place: Option<usize>) -> Event {
        Event::Gap(Gap {
            venue_at,
            expected: self.offset,
            received: self.offset.saturating_add(lost),
            instrument: place.and_then(|place| Some(self.instruments[place].listing?.id)),
        })
    }
}

impl Decode for Decoder {
    fn decode(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
        let mut taken = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = &bytes[taken..end];
            self.line(line, directory, out);
            taken = end + 1;
            self.offset += len64(line) + 1;
        }
        taken
    }

    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output) {
        let taken = self.decode(rest, directory, out);
        // The last line may lack its line feed; when it is cut, it is malformed.
        if taken < rest.len() {
            self.line(&rest[taken..], directory, out);
            self.offset += len64(&rest[taken..]);
        }
        self.release(None, out);
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let table = self.table().map_or("row", Table::name);
        let tally = &self.tally;
        let all = [
            (format!("{table} row"), tally.rows),
            ("instrument without an opening snapshot".into(), tally.without_snapshot),
            ("malformed row".into(), tally.malformed),
        ];
        let mut counts: Vec<_> = all.into_iter().filter(|&(_, count)| count > 0).collect();
        counts.sort();
        counts
    }
}

fn len64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
