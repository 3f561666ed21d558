//! Tables of trades, quotes or bars by anybody: CSV whose first line names the columns.
//!
//! ```text
//! DateTime,Price,Volume
//! 2013-09-01 17:00:00.083,1640.25,8
//! ```
//!
//! Which column is what is told by many spellings of its name (`header`), times are read in many forms (`time`), and
//! a time without a zone is what the wall showed that the caller names. Symbol and venue are the caller's, unless a
//! column names the symbol. A row's time is both the venue's and ours: such tables have one clock. Bars are stamped
//! with their beginning.
//!
//! A row that cannot be read is a fault with its line and column; where rows hold quotes, their instrument's book is
//! stale until both sides were told again. Columns of no meaning to us are counted by name. Prices below zero are
//! prices: spreads and oil have been.
//!
//! Never guesses a header: a table without one is not read.
//!
//! Cost: one pass over a row for its fields, one over each of its numbers, two exact divisions.

mod header;
mod time;
mod wall_clock;

pub use header::Rows;
pub use time::{Written, days_since_epoch, read as read_time};
pub use wall_clock::{Offset, WallClock};

use super::bars;
use super::lines::{Line, Lines};
use super::touch::{OffGrid, Told, Touch};
use crate::{Decode, Directory, Listing, Output};
use header::{Column, FIELDS_MAX, Header};
use std::collections::BTreeMap;
use stdx::decimal;
use types::{Event, Flags, Nanos, Side, Ticks, Trade};

/// No row is longer.
const LINE_BYTES_MAX: usize = 16 * 1024;
const SECOND: i64 = 1_000_000_000;

/// What a table does not say itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The venue of its instruments.
    pub venue: String,
    /// Its instrument, when no column names one.
    pub symbol: String,
    /// The wall whose times it shows where they have no zone.
    pub clock: WallClock,
    /// Whether somebody said so: else such times are counted as taken on trust.
    pub zone_known: bool,
    /// How long a bar is.
    pub bar_seconds: Option<u32>,
}

/// Whether a file starts like a table we read, and what its rows are.
#[must_use]
pub fn look(start: &[u8]) -> Option<Rows> {
    let end = start.iter().position(|byte| *byte == b'\n').unwrap_or(start.len());
    Header::read(start[..end].trim_ascii_end()).map(|header| header.rows)
}

/// A decoder of one table.
#[derive(Debug)]
pub struct Decoder {
    about: About,
    header: State,
    instruments: Vec<Option<(Listing, Touch)>>,
    /// By symbol: its place.
    places: BTreeMap<Vec<u8>, usize>,
    /// The symbol looked up last, and its place.
    last: (Vec<u8>, usize),
    lines: Lines,
    seen_at: Nanos,
    tally: Tally,
}

#[derive(Debug)]
enum State {
    Waiting,
    Known(Box<Header>),
    /// The first line is no header: nothing can be read.
    Unknown,
}

#[derive(Debug, Default)]
struct Tally {
    rows: u64,
    damaged: u64,
    assumed: u64,
    twice: u64,
    unsided: u64,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug)]
struct Damage {
    column: Option<Column>,
    what: &'static str,
    place: Option<usize>,
}

impl Damage {
    const fn row(what: &'static str) -> Self {
        Self { column: None, what, place: None }
    }
}

/// The fields of a row.
struct Row<'a> {
    fields: [&'a [u8]; FIELDS_MAX],
    header: &'a Header,
}

impl<'a> Row<'a> {
    #[inline]
    fn split(line: &'a [u8], header: &'a Header) -> Result<Self, Damage> {
        let mut fields = [&[][..]; FIELDS_MAX];
        let (mut count, mut start, mut quoted) = (0, 0, false);
        for (at, byte) in line.iter().enumerate() {
            if *byte == b'"' {
                quoted = !quoted;
            } else if *byte == header.delimiter && !quoted {
                if count + 1 == header.width {
                    return Err(Damage::row("more fields than columns"));
                }
                fields[count] = unquoted(&line[start..at]);
                count += 1;
                start = at + 1;
            }
        }
        fields[count] = unquoted(&line[start..]);
        if count + 1 < header.width {
            return Err(Damage::row("fewer fields than columns"));
        }
        Ok(Self { fields, header })
    }

    /// A field; empty when the table has no such column.
    #[inline]
    fn get(&self, column: Column) -> &'a [u8] {
        self.header.place(column).map_or(&[], |place| self.fields[place])
    }

    fn has(&self, column: Column) -> bool {
        self.header.place(column).is_some()
    }

    /// A number in nanos; `None` when the field is empty.
    #[inline]
    fn number(&self, column: Column) -> Result<Option<i64>, Damage> {
        let text = self.get(column);
        if text.is_empty() {
            return Ok(None);
        }
        decimal::parse(text).map(Some).map_err(|error| {
            let what = match error {
                decimal::NotDecimal::Malformed => "not a decimal number",
                decimal::NotDecimal::TooFine => "more than nine decimals",
                decimal::NotDecimal::TooLarge => "beyond ±9,223,372,036",
            };
            Damage { column: Some(column), what, place: None }
        })
    }

    #[inline]
    fn needed(&self, column: Column) -> Result<i64, Damage> {
        self.number(column)?.ok_or(Damage { column: Some(column), what: "empty", place: None })
    }

    /// A quantity: never below zero, zero when there is none.
    #[inline]
    fn size(&self, column: Column) -> Result<i64, Damage> {
        match self.number(column)?.unwrap_or(0) {
            ..0 => Err(Damage { column: Some(column), what: "below zero", place: None }),
            size => Ok(size),
        }
    }

    fn side(&self) -> Result<Option<Side>, Damage> {
        let is =
            |text: &[u8], words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
        let maker = self.get(Column::BuyerIsMaker);
        if is(maker, &["true", "1"]) {
            return Ok(Some(Side::Sell));
        }
        if is(maker, &["false", "0"]) {
            return Ok(Some(Side::Buy));
        }
        let side = self.get(Column::Side);
        if is(side, &["buy", "b", "bid", "1"]) {
            Ok(Some(Side::Buy))
        } else if is(side, &["sell", "s", "a", "ask", "-1"]) {
            Ok(Some(Side::Sell))
        } else if is(side, &["", "n", "none", "unknown", "0"]) {
            Ok(None)
        } else {
            Err(Damage { column: Some(Column::Side), what: "neither buy nor sell", place: None })
        }
    }
}

#[inline]
fn unquoted(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    field.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(field)
}

impl Decoder {
    /// A decoder at the start of a table.
    #[must_use]
    pub const fn new(about: About) -> Self {
        Self {
            about,
            header: State::Waiting,
            instruments: Vec::new(),
            places: BTreeMap::new(),
            last: (Vec::new(), usize::MAX),
            lines: Lines::NEW,
            seen_at: Nanos(0),
            tally: Tally { rows: 0, damaged: 0, assumed: 0, twice: 0, unsided: 0 },
        }
    }

    fn line(&mut self, line: &Line<'_>, directory: &mut Directory, out: &mut Output) {
        let text = line.text.map(|text| text.strip_suffix(b"\r").unwrap_or(text));
        match std::mem::replace(&mut self.header, State::Unknown) {
            State::Waiting => self.first(line, text, out),
            State::Known(header) => {
                self.row(line, text, &header, directory, out);
                self.header = State::Known(header);
            }
            State::Unknown => {}
        }
    }

    fn first(&mut self, line: &Line<'_>, text: Option<&[u8]>, out: &mut Output) {
        match text.and_then(Header::read) {
            Some(header) if header.rows == Rows::Bars && self.about.bar_seconds.is_none() => {
                let what = "line 1: bars of a length that nobody told; nothing after this can be read";
                out.fault(line.offset, line.length, what);
                self.tally.damaged += 1;
            }
            Some(header) => self.header = State::Known(Box::new(header)),
            None => {
                let what = "line 1: no columns of trades, quotes or bars; nothing after this can be read";
                out.fault(line.offset, line.length, what);
                self.tally.damaged += 1;
            }
        }
    }

    fn row(
        &mut self,
        line: &Line<'_>,
        text: Option<&[u8]>,
        header: &Header,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        if text.is_some_and(<[u8]>::is_empty) {
            return;
        }
        self.tally.rows += 1;
        let before = out.arrivals.len();
        let row = text.ok_or(Damage::row("longer than any row")).and_then(|text| Row::split(text, header));
        if let Err(damage) = row.and_then(|row| self.events(&row, directory, out)) {
            out.arrivals.truncate(before);
            self.damage(line, header, damage, out);
        }
    }

    #[cold]
    fn damage(&mut self, line: &Line<'_>, header: &Header, damage: Damage, out: &mut Output) {
        self.tally.damaged += 1;
        let place = damage.column.map_or(String::new(), |column| {
            let place = header.place(column).map_or(0, |place| place + 1);
            format!(", column {place} ({})", Header::name(column))
        });
        out.fault(line.offset, line.length, format!("line {}{place}: {}", line.number, damage.what));
        if matches!(header.rows, Rows::Trades | Rows::Bars) {
            return;
        }
        let (at, from, to) = (self.seen_at, line.offset, line.offset + line.length);
        match damage.place {
            Some(place) => {
                if let Some((_, touch)) = &mut self.instruments[place] {
                    touch.lose(at, from, to, out);
                }
            }
            None => {
                self.instruments.iter_mut().flatten().for_each(|(_, touch)| touch.lose(at, from, to, out));
            }
        }
    }

    fn events(&mut self, row: &Row<'_>, directory: &mut Directory, out: &mut Output) -> Result<(), Damage> {
        let place = self.find(row, directory);
        let told = self.told(row, place, out);
        told.map_err(|damage| Damage { place: Some(place), ..damage })
    }

    fn told(&mut self, row: &Row<'_>, place: usize, out: &mut Output) -> Result<(), Damage> {
        let at = self.time(row)?;
        self.seen_at = at;
        match row.header.rows {
            Rows::Trades => self.trade(row, place, at, out),
            Rows::Quotes => self.quote(row, place, at, out),
            Rows::TradesAndQuotes => {
                self.quote(row, place, at, out)?;
                // A row that only tells quotes leaves the trade's fields empty.
                if row.get(Column::Price).is_empty() { Ok(()) } else { self.trade(row, place, at, out) }
            }
            Rows::Bars => self.bar(row, place, at, out),
        }
    }

    /// The instrument of a row, made when it is the first.
    #[inline]
    fn find(&mut self, row: &Row<'_>, directory: &mut Directory) -> usize {
        let named = row.get(Column::Symbol);
        let symbol = if named.is_empty() { self.about.symbol.as_bytes() } else { named };
        if self.last.1 != usize::MAX && self.last.0 == symbol {
            return self.last.1;
        }
        let place = match self.places.get(symbol) {
            Some(place) => *place,
            None => {
                let place = self.instruments.len();
                let listing = directory.listing(&self.about.venue, &String::from_utf8_lossy(symbol));
                self.instruments.push(listing.map(|listing| (listing, Touch::new(listing))));
                self.places.insert(symbol.to_vec(), place);
                place
            }
        };
        self.last.0.clear();
        self.last.0.extend_from_slice(symbol);
        self.last.1 = place;
        place
    }

    #[inline]
    fn time(&mut self, row: &Row<'_>) -> Result<Nanos, Damage> {
        let (day, time) = (row.get(Column::Date), row.get(Column::Time));
        let written = match (row.has(Column::Date), row.has(Column::Time)) {
            (true, true) => time::read_both(day, time).or_else(|| time::read(time)),
            (true, false) => time::read(day),
            (false, _) => time::read(time),
        };
        match written {
            Some(Written::Utc(at)) => Ok(at),
            Some(Written::Wall(shown)) => {
                let (at, twice) = self.about.clock.utc(shown);
                self.tally.twice += u64::from(twice);
                self.tally.assumed += u64::from(!self.about.zone_known);
                Ok(at)
            }
            None => {
                let column = if row.has(Column::Time) { Column::Time } else { Column::Date };
                Err(Damage { column: Some(column), what: "no time in a form we know", place: None })
            }
        }
    }

    fn trade(&mut self, row: &Row<'_>, place: usize, at: Nanos, out: &mut Output) -> Result<(), Damage> {
        let price = row.needed(Column::Price)?;
        let size = row.size(Column::Size)?;
        let aggressor = row.side()?;
        // Some venues' numbers are texts: those are left out.
        let id = crate::json::digits(row.get(Column::Id)).unwrap_or(0);
        let Some((listing, _)) = &self.instruments[place] else { return Ok(()) };
        let (ticks, price_fraction) = listing.price.floor(price);
        let trade = Trade {
            venue_at: at,
            price: Ticks(ticks),
            size: listing.lots(size).ok_or(off_grid(Column::Size))?,
            id,
            instrument: listing.id,
            price_fraction,
            aggressor,
            flags: Flags::LAST,
        };
        self.tally.unsided += u64::from(aggressor.is_none());
        out.push(at, Event::Trade(trade));
        Ok(())
    }

    fn quote(&mut self, row: &Row<'_>, place: usize, at: Nanos, out: &mut Output) -> Result<(), Damage> {
        // An empty price: nothing stands there.
        let side = |price, size| -> Result<Option<Told>, Damage> {
            let size = row.size(size)?;
            Ok(Some(row.number(price)?.map(|price| (price, size))))
        };
        let told = [side(Column::Bid, Column::BidSize)?, side(Column::Ask, Column::AskSize)?];
        let Some((_, touch)) = &mut self.instruments[place] else { return Ok(()) };
        touch.tell(told, at, at, out).map_err(|OffGrid { side, size }| {
            off_grid(match (side, size) {
                (Side::Buy, false) => Column::Bid,
                (Side::Buy, true) => Column::BidSize,
                (Side::Sell, false) => Column::Ask,
                (Side::Sell, true) => Column::AskSize,
            })
        })
    }

    fn bar(&mut self, row: &Row<'_>, place: usize, at: Nanos, out: &mut Output) -> Result<(), Damage> {
        let columns = [Column::Open, Column::High, Column::Low, Column::Close];
        let mut prices = [0; 4];
        for (price, column) in prices.iter_mut().zip(columns) {
            *price = row.needed(column)?;
        }
        let volume = row.size(Column::Size)?;
        let seconds = self.about.bar_seconds.unwrap_or(0);
        let Some((listing, _)) = &self.instruments[place] else { return Ok(()) };
        let mut ticks = [Ticks(0); 4];
        for ((ticks, price), column) in ticks.iter_mut().zip(prices).zip(columns) {
            *ticks = listing.ticks(price).ok_or(off_grid(column))?;
        }
        let read = bars::Read {
            start: at,
            end: at + Nanos(i64::from(seconds) * SECOND),
            seconds,
            prices: ticks,
            volume: listing.lots(volume).ok_or(off_grid(Column::Size))?,
        };
        bars::give(&read, listing, out).map_err(Damage::row)
    }
}

impl Decode for Decoder {
    fn decode(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
        let mut lines = self.lines;
        let taken = lines.split(bytes, LINE_BYTES_MAX, |line| self.line(&line, directory, out));
        self.lines = lines;
        taken
    }

    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output) {
        let mut lines = self.lines;
        lines.finish(rest, LINE_BYTES_MAX, |line| self.line(&line, directory, out));
        self.lines = lines;
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let tally = &self.tally;
        let rows = match &self.header {
            State::Known(header) => match header.rows {
                Rows::Trades => "row of trades",
                Rows::Quotes => "row of quotes",
                Rows::TradesAndQuotes => "row of a trade and quotes",
                Rows::Bars => "row of bars",
            },
            State::Waiting | State::Unknown => "row",
        };
        let mut counts: Vec<(String, u64)> = [
            (rows, tally.rows),
            ("damaged row", tally.damaged),
            ("time without a zone, taken as UTC", tally.assumed),
            ("time that the wall shows twice", tally.twice),
            ("trade whose aggressor is not told", tally.unsided),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.to_string(), count))
        .collect();
        if let State::Known(header) = &self.header {
            counts.extend(
                header.unused.iter().map(|name| (format!("value of a column not used: {name}"), tally.rows)),
            );
        }
        counts.sort();
        counts
    }
}

const fn off_grid(column: Column) -> Damage {
    Damage { column: Some(column), what: "not a whole number of the instrument's steps", place: None }
}
