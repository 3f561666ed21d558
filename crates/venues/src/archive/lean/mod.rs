//! QuantConnect LEAN's data files: CSV without a header, whose path says what its columns are ([`Place`]).
//!
//! ```text
//! trade tick       time, price, size, exchange, condition, suspicious      coins: without the last three
//! quote tick       time, bid, size, ask, size, exchange, condition, suspicious    or without condition
//! trade bar        time, open, high, low, close, volume
//! quote bar        time, bid's open, high, low, close, size, ask's open, high, low, close, size
//! open interest    time, contracts
//! ```
//!
//! Prices of shares are ten-thousandths of a dollar, all others as people write them. Times are milliseconds on the
//! wall of the file's zone, bars of hours and days carry date and minute.
//!
//! **Shares' ticks** come from the consolidated tape: each exchange's best bid and ask is a book of its own, one
//! level deep (`us-P/AIG`). A row of ticks tells one side; the other stands as it was. A row with neither price
//! withdraws both. Trades go to their exchange, too; those that took nothing displayed, or that the vendor calls
//! suspicious, are marked `HIDDEN`. Suspicious quotes were sent all the same, and stand; they are counted.
//!
//! **Bars** become [`Event::Bar`], received when their span ends. Of a bar of quotes the closes are kept, as levels at
//! the end of the span; open, high and low are not. An empty side says nothing: what stood stays.
//!
//! A damaged row makes the books it may have changed stale, until both sides have been told again.
//!
//! Never reads a path's file, a zone's rules or LEAN's own databases: all that comes in.
//!
//! Cost: one pass over a row for its commas, one over each number, two exact divisions. Nothing is allocated but for
//! an exchange's first row.

pub mod conditions;
pub mod exchanges;
mod place;
mod row;

pub use place::{Data, Place, Resolution, Security, is_entry};

use super::bars;
use super::lines::{Line, Lines};
use super::ticks::{WallClock, Written, read_time};
use super::touch::{OffGrid, Told, Touch};
use crate::{Decode, Directory, Listing, Output};
use row::{Damage, Row, Scale};
use types::{Event, Flags, Lots, Nanos, Statistic, StatisticKind, Ticks, Trade};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// No row is longer.
const LINE_BYTES_MAX: usize = 1_024;

/// A decoder of one entry of a file.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    scale: Scale,
    clock: WallClock,
    /// What the wall showed when the file's day began.
    day: Nanos,
    symbol: String,
    /// The venue of what is not told apart by exchange.
    venue: String,
    lanes: Vec<Lane>,
    /// By an exchange's letter: its lane and one more; 0 for none yet.
    by_letter: [u8; 256],
    /// When the last row was.
    seen_at: Nanos,
    lines: Lines,
    tally: Tally,
}

/// What rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    TradeTicks { by_exchange: bool },
    QuoteTicks { by_exchange: bool },
    TradeBars(u32),
    QuoteBars(u32),
    OpenInterest,
}

/// One instrument.
#[derive(Debug)]
struct Lane {
    /// `None` when the run does not have it.
    known: Option<(Listing, Touch)>,
    /// What is counted of it.
    letter: Option<u8>,
    rows: u64,
}

#[derive(Debug, Default)]
struct Tally {
    rows: u64,
    damaged: u64,
    suspicious: u64,
    hidden: u64,
    withdrawn: u64,
    no_quote: u64,
    one_sided: u64,
    twice: u64,
    conditions: [u64; 32],
}

/// When a row's span starts and ends; the same for a tick.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: Nanos,
    end: Nanos,
}

impl Decoder {
    /// A decoder of the entry named `entry` of a file at `place`, whose times `clock` shows.
    ///
    /// # Errors
    /// When the entry's name lacks the contract, or such a file has no day.
    pub fn new(place: &Place, entry: &str, clock: WallClock) -> Result<Self, String> {
        let (venue, symbol) = place.instrument(entry)?;
        let by_exchange = place.security == Security::Equity && place.market == "usa";
        let table = match (place.data, place.resolution) {
            (Data::Trade, Resolution::Tick) => Table::TradeTicks { by_exchange },
            (Data::Quote, Resolution::Tick) => Table::QuoteTicks { by_exchange },
            (Data::Trade, Resolution::Bars(seconds)) => Table::TradeBars(seconds),
            (Data::Quote, Resolution::Bars(seconds)) => Table::QuoteBars(seconds),
            (Data::OpenInterest, _) => Table::OpenInterest,
        };
        let scale = match place.security {
            Security::Equity => Scale::TenThousandths,
            Security::Future | Security::Crypto | Security::CryptoFuture => Scale::Plain,
        };
        Ok(Self {
            table,
            scale,
            clock,
            day: Nanos(place.day.unwrap_or(0).saturating_mul(DAY)),
            symbol,
            venue,
            lanes: Vec::new(),
            by_letter: [0; 256],
            seen_at: Nanos(0),
            lines: Lines::NEW,
            tally: Tally::default(),
        })
    }

    fn line(&mut self, line: &Line<'_>, directory: &mut Directory, out: &mut Output) {
        let Some(text) = line.text else {
            return self.damage(line, width("longer than any row"), out);
        };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            return;
        }
        self.tally.rows += 1;
        let row = Row::split(text);
        let before = out.arrivals.len();
        let read = match self.table {
            Table::TradeTicks { by_exchange } => self.trade(&row, by_exchange, directory, out),
            Table::QuoteTicks { by_exchange } => self.quote(&row, by_exchange, directory, out),
            Table::TradeBars(seconds) => self.bar(&row, seconds, directory, out),
            Table::QuoteBars(seconds) => self.closes(&row, seconds, directory, out),
            Table::OpenInterest => self.open_interest(&row, directory, out),
        };
        if let Err(damage) = read {
            out.arrivals.truncate(before);
            self.damage(line, damage, out);
        }
    }

    /// A row is lost, and with it perhaps a change of any of this file's books.
    #[cold]
    fn damage(&mut self, line: &Line<'_>, damage: Damage, out: &mut Output) {
        self.tally.damaged += 1;
        let place = match damage.column {
            0 => String::new(),
            column => format!(", column {column} ({})", damage.name),
        };
        out.fault(line.offset, line.length, format!("line {}{place}: {}", line.number, damage.what));
        if !matches!(self.table, Table::QuoteTicks { .. } | Table::QuoteBars(_)) {
            return;
        }
        for (_, touch) in self.lanes.iter_mut().filter_map(|lane| lane.known.as_mut()) {
            touch.lose(self.seen_at, line.offset, line.offset + line.length, out);
        }
    }

    /// A row's moment or span.
    #[inline]
    fn span(&mut self, row: &Row<'_>, seconds: u32) -> Result<Span, Damage> {
        let shown = if seconds < 3_600 {
            self.day + row.since_midnight()?
        } else {
            match read_time(row.field(0)) {
                Some(Written::Wall(shown)) => shown,
                Some(Written::Utc(_)) | None => {
                    return Err(Damage { column: 1, name: "time", what: "not of the form YYYYMMDD HH:MM" });
                }
            }
        };
        let (start, twice) = self.clock.utc(shown);
        self.tally.twice += u64::from(twice);
        let end = match i64::from(seconds) * SECOND {
            0 => start,
            // Days are as long as the wall says.
            length => self.clock.utc(shown + Nanos(length)).0.max(start),
        };
        self.seen_at = end;
        Ok(Span { start, end })
    }

    /// The lane of a row, made when it is the first.
    #[inline]
    fn lane(
        &mut self,
        letter: Option<&[u8]>,
        column: usize,
        directory: &mut Directory,
    ) -> Result<usize, Damage> {
        let letter = match letter {
            None => None,
            Some([letter]) => Some(*letter),
            Some(_) => return Err(Damage { column, name: "exchange", what: "not one letter" }),
        };
        let known = &mut self.by_letter[usize::from(letter.unwrap_or(0))];
        if *known == 0 {
            let venue = match letter {
                None => self.venue.as_str(),
                Some(letter) => match exchanges::find(letter) {
                    Some(exchange) => exchange.venue,
                    None => return Err(Damage { column, name: "exchange", what: "no exchange's letter" }),
                },
            };
            let listing = directory.listing(venue, &self.symbol);
            let book = listing.map(|listing| (listing, Touch::new(listing)));
            self.lanes.push(Lane { known: book, letter, rows: 0 });
            *known = u8::try_from(self.lanes.len()).expect("there are fewer letters than 256");
        }
        let lane = usize::from(*known) - 1;
        self.lanes[lane].rows += 1;
        Ok(lane)
    }

    #[inline]
    fn note(&mut self, conditions: u32, suspicious: bool) {
        let mut rest = conditions;
        while rest != 0 {
            self.tally.conditions[rest.trailing_zeros() as usize] += 1;
            rest &= rest - 1;
        }
        self.tally.suspicious += u64::from(suspicious);
    }

    fn trade(
        &mut self,
        row: &Row<'_>,
        by_exchange: bool,
        directory: &mut Directory,
        out: &mut Output,
    ) -> Result<(), Damage> {
        let wide = match row.count {
            6 => true,
            3 if !by_exchange => false,
            _ => return Err(width("a trade has six fields, or three")),
        };
        let span = self.span(row, 0)?;
        let price = row.price(1, "price", self.scale)?;
        let size = row.size(2, "size")?;
        let (conditions, suspicious) =
            if wide { (row.conditions(4)?, row.suspicious(5)?) } else { (0, false) };
        let lane = self.lane(by_exchange.then(|| row.field(3)), 4, directory)?;
        self.note(conditions, suspicious);
        let off_exchange = by_exchange && row.field(3) == b"D";
        let hidden = off_exchange || suspicious || conditions & conditions::OFF_BOOK != 0;
        self.tally.hidden += u64::from(hidden);
        let Some((listing, _)) = self.lanes[lane].known.as_ref() else { return Ok(()) };
        let (ticks, price_fraction) = listing.price.floor(price);
        let size = listing.lots(size).ok_or(off_grid(3, "size"))?;
        let trade = Trade {
            venue_at: span.start,
            price: Ticks(ticks),
            size,
            id: 0,
            instrument: listing.id,
            price_fraction,
            aggressor: None,
            flags: if hidden { Flags::LAST.with(Flags::HIDDEN) } else { Flags::LAST },
        };
        out.push(span.end, Event::Trade(trade));
        Ok(())
    }

    fn quote(
        &mut self,
        row: &Row<'_>,
        by_exchange: bool,
        directory: &mut Directory,
        out: &mut Output,
    ) -> Result<(), Damage> {
        let (conditions, suspicious) = match row.count {
            8 => (row.conditions(6)?, row.suspicious(7)?),
            7 => (0, row.suspicious(6)?),
            5 if !by_exchange => (0, false),
            _ => return Err(width("a quote has eight fields, seven or five")),
        };
        let span = self.span(row, 0)?;
        let mut sides = [(0, 0); 2];
        for (side, (price, size)) in sides.iter_mut().enumerate() {
            let at = 1 + 2 * side;
            let names = [("bid price", "bid size"), ("ask price", "ask size")][side];
            *price = row.price(at, names.0, self.scale)?;
            *size = row.size(at + 1, names.1)?;
        }
        let lane = self.lane(by_exchange.then(|| row.field(5)), 6, directory)?;
        self.note(conditions, suspicious);
        if conditions & conditions::NO_QUOTE != 0 {
            self.tally.no_quote += 1;
            return Ok(());
        }
        let neither = sides.iter().all(|(price, _)| *price == 0);
        self.tally.withdrawn += u64::from(neither);
        let told = sides.map(|(price, size)| match price {
            0 => neither.then_some(None),
            price => Some(Some((price, size))),
        });
        self.lanes[lane].tell(told, span, [2, 4], out)
    }

    fn bar(
        &mut self,
        row: &Row<'_>,
        seconds: u32,
        directory: &mut Directory,
        out: &mut Output,
    ) -> Result<(), Damage> {
        if row.count != 6 {
            return Err(width("a bar of trades has six fields"));
        }
        let span = self.span(row, seconds)?;
        let lane = self.lane(None, 0, directory)?;
        let Some((listing, _)) = self.lanes[lane].known.as_ref() else { return Ok(()) };
        let mut prices = [Ticks(0); 4];
        for (place, price) in prices.iter_mut().enumerate() {
            let name = ["open", "high", "low", "close"][place];
            let nanos = row.price(place + 1, name, self.scale)?;
            *price = listing.ticks(nanos).ok_or(off_grid(place + 2, name))?;
        }
        let volume = listing.lots(row.size(5, "volume")?).ok_or(off_grid(6, "volume"))?;
        let read = bars::Read { start: span.start, end: span.end, seconds, prices, volume };
        bars::give(&read, listing, out).map_err(width)
    }

    /// The closes of a bar of quotes.
    fn closes(
        &mut self,
        row: &Row<'_>,
        seconds: u32,
        directory: &mut Directory,
        out: &mut Output,
    ) -> Result<(), Damage> {
        if row.count != 11 {
            return Err(width("a bar of quotes has eleven fields"));
        }
        let span = self.span(row, seconds)?;
        let mut told = [None; 2];
        for (side, told) in told.iter_mut().enumerate() {
            let first = 1 + 5 * side;
            let names = ["open", "high", "low", "close"];
            let mut prices = [0; 4];
            for (place, price) in prices.iter_mut().enumerate() {
                *price = row.price(first + place, names[place], self.scale)?;
            }
            let size = row.size(first + 4, "size")?;
            let [open, high, low, close] = prices;
            if high < open.max(close) || low > open.min(close) {
                return Err(Damage {
                    column: first + 1,
                    name: ["bid", "ask"][side],
                    what: bars::CONTRADICTION,
                });
            }
            *told = (!row.field(first + 3).is_empty()).then_some(Some((close, size)));
        }
        self.tally.one_sided += u64::from(told.iter().any(Option::is_none));
        let lane = self.lane(None, 0, directory)?;
        let at = Span { start: span.end, end: span.end };
        self.lanes[lane].tell(told, at, [5, 10], out)
    }

    fn open_interest(
        &mut self,
        row: &Row<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) -> Result<(), Damage> {
        if row.count != 2 {
            return Err(width("open interest has two fields"));
        }
        // Written in milliseconds whatever the resolution, unless the row carries a date.
        let dated = row.field(0).len() > 8 && row.field(0).contains(&b' ');
        let span = self.span(row, if dated { 86_400 } else { 0 })?;
        let lane = self.lane(None, 0, directory)?;
        let Some((listing, _)) = self.lanes[lane].known.as_ref() else { return Ok(()) };
        let value = listing.lots(row.size(1, "contracts")?).ok_or(off_grid(2, "contracts"))?;
        let statistic = Statistic {
            venue_at: span.start,
            value: value.0,
            size: Lots::ZERO,
            instrument: listing.id,
            fraction: 0,
            session_day: 0,
            kind: StatisticKind::OpenInterest,
            side: None,
            flags: Flags::LAST,
            deleted: false,
        };
        out.push(span.end, Event::Statistic(statistic));
        Ok(())
    }

    /// What rows are called in counts.
    const fn row_name(&self) -> &'static str {
        match self.table {
            Table::TradeTicks { .. } => "trade",
            Table::QuoteTicks { .. } => "quote",
            Table::TradeBars(_) => "trade bar",
            Table::QuoteBars(_) => "quote bar, its closes kept",
            Table::OpenInterest => "open interest",
        }
    }
}

impl Lane {
    /// Puts what was told on the book; `columns` are those of the prices.
    #[inline]
    fn tell(
        &mut self,
        told: [Option<Told>; 2],
        at: Span,
        columns: [usize; 2],
        out: &mut Output,
    ) -> Result<(), Damage> {
        let Some((_, touch)) = &mut self.known else { return Ok(()) };
        touch.tell(told, at.start, at.end, out).map_err(|OffGrid { side, size }| {
            off_grid(columns[side.index()] + usize::from(size), if size { "size" } else { "price" })
        })
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
        let name = self.row_name();
        let mut counts: Vec<(String, u64)> = [
            (name, tally.rows),
            ("damaged row", tally.damaged),
            ("suspicious row", tally.suspicious),
            ("trade off the book, marked hidden", tally.hidden),
            ("quote without prices, both sides withdrawn", tally.withdrawn),
            ("price band or range, not put on the book", tally.no_quote),
            ("quote bar without one side, which stays", tally.one_sided),
            ("time that the wall shows twice", tally.twice),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.to_string(), count))
        .collect();
        for lane in &self.lanes {
            if let Some(exchange) = lane.letter.and_then(exchanges::find) {
                let letter = char::from(exchange.code);
                counts.push((format!("{name} of {letter} ({})", exchange.name), lane.rows));
            }
        }
        for (bit, count) in tally.conditions.iter().enumerate().filter(|(_, count)| **count > 0) {
            let condition = match self.table {
                Table::QuoteTicks { .. } => conditions::QUOTE[bit],
                Table::TradeTicks { .. }
                | Table::TradeBars(_)
                | Table::QuoteBars(_)
                | Table::OpenInterest => conditions::TRADE[bit].name,
            };
            counts.push((format!("condition {condition}"), *count));
        }
        counts.sort();
        counts
    }
}

const fn width(what: &'static str) -> Damage {
    Damage { column: 0, name: "", what }
}

const fn off_grid(column: usize, name: &'static str) -> Damage {
    Damage { column, name, what: "not a whole number of the instrument's steps" }
}
