//! Tardis's normalised messages: what `tardis-machine` answers, one JSON object a line
//! (docs.tardis.dev, "tardis-machine: data types").
//!
//! ```text
//! {"type":"trade","symbol":"XBTUSD","exchange":"bitmex","id":"…","price":7996,"amount":50,"side":"sell",
//!  "timestamp":"2019-10-23T10:32:49.669Z","localTimestamp":"2019-10-23T10:32:49.740Z"}
//! ```
//!
//! Also read: files of pairs, `{"mapper":73,"seq":0,"raw":…,"expected":[…]}`, in which such messages are the answers a
//! venue's raw message should have; `mapper` numbers a connection, and a new one knows of no book. Raw messages are
//! left to the venues' own adapters.
//!
//! `book_change` and `book_snapshot` (quotes, too) make the book; `book_ticker` and the best prices of `option_summary`
//! make one of one level as long as nothing deeper was told of the instrument, because they run apart from it.
//! A change before any snapshot makes the book stale until one; so do `disconnect`, and a message that is lost.
//! Prices and amounts are exact in nanos or the message is a fault; figures are rounded.
//!
//! Left out: `fundingTimestamp`; an option's type, strike and expiration, which its symbol has; a bar's other sums;
//! numbers of trades that are texts.
//!
//! Cost: a pass over the line for its members, one over its levels; a look-up of the instrument. Nothing is allocated
//! but for an instrument's first message.

mod message;

use super::bars;
use super::lines::{Line, Lines};
use super::ticks::{Written, read_time};
use super::touch::Touch;
use crate::json::{self, Value};
use crate::{Decode, Directory, Listing, Output};
use message::{Message, Moment, Wrong};
use std::collections::BTreeMap;
use types::{Event, Flags, Gap, Nanos, Ticks};

/// No line is longer: a raw message may hold a whole book.
const LINE_BYTES_MAX: usize = 16 << 20;

/// A decoder of one file.
#[derive(Debug)]
pub struct Decoder {
    instruments: Vec<Instrument>,
    /// By exchange, a zero byte and symbol.
    places: BTreeMap<Vec<u8>, usize>,
    /// The name looked for; kept for its memory.
    name: Vec<u8>,
    /// Of pairs: the connection.
    mapper: Vec<u8>,
    lines: Lines,
    seen_at: Nanos,
    tally: Tally,
}

#[derive(Debug)]
struct Instrument {
    exchange: Vec<u8>,
    /// `None` when the run does not have it.
    listing: Option<Listing>,
    /// As best prices tell it.
    touch: Option<Touch>,
    book: Book,
}

/// What is known of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Book {
    /// Nothing deeper than best prices was told.
    Untold,
    /// Changes came before a snapshot, or something was lost: it was said that it is stale.
    Stale,
    /// It stands on a snapshot.
    Seeded,
}

/// Message types, in the order of [`Tally::kinds`].
const KINDS: [&str; 10] = [
    "trade",
    "book_change",
    "book_snapshot",
    "quote",
    "book_ticker",
    "derivative_ticker",
    "liquidation",
    "option_summary",
    "trade_bar",
    "disconnect",
];

#[derive(Debug, Default)]
struct Tally {
    lines: u64,
    pairs: u64,
    empty_pairs: u64,
    kinds: [u64; KINDS.len()],
    other: u64,
    damaged: u64,
    beside: u64,
    unsized_best: u64,
    unseeded: u64,
    odd_bars: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a file.
    #[must_use]
    pub fn new() -> Self {
        Self {
            instruments: Vec::new(),
            places: BTreeMap::new(),
            name: Vec::new(),
            mapper: Vec::new(),
            lines: Lines::NEW,
            seen_at: Nanos(0),
            tally: Tally::default(),
        }
    }

    fn line(&mut self, line: &Line<'_>, directory: &mut Directory, out: &mut Output) {
        let Some(text) = line.text else {
            return self.damage(line, "longer than any message", None, out);
        };
        if text.trim_ascii().is_empty() {
            return;
        }
        self.tally.lines += 1;
        let (mut expected, mut mapper) = (None, &[][..]);
        let read = json::members(text, |name, value| match name {
            b"expected" => expected = value.nested(),
            b"mapper" => {
                mapper = match value {
                    Value::Text(word) | Value::Word(word) => word,
                    Value::Nested(_) => &[],
                }
            }
            _ => {}
        });
        match (read, expected) {
            (None, _) => self.damage(line, "no JSON object", None, out),
            (Some(()), None) => self.message(line, text, directory, out),
            (Some(()), Some(expected)) => self.pair(line, mapper, expected, directory, out),
        }
    }

    fn pair(
        &mut self,
        line: &Line<'_>,
        mapper: &[u8],
        expected: &[u8],
        directory: &mut Directory,
        out: &mut Output,
    ) {
        self.tally.pairs += 1;
        if self.mapper != mapper {
            mapper.clone_into(&mut self.mapper);
            // Another connection: what stood on the one before is no ground for its changes.
            for instrument in &mut self.instruments {
                if instrument.book == Book::Seeded {
                    instrument.book = Book::Untold;
                }
            }
        }
        let mut any = false;
        let read = json::elements(expected, |value| {
            any = true;
            match value.nested() {
                Some(text) => self.message(line, text, directory, out),
                None => self.damage(line, "expected: an element that is no object", None, out),
            }
            Some(())
        });
        self.tally.empty_pairs += u64::from(!any && read.is_some());
        if read.is_none() {
            self.damage(line, "expected: no array", None, out);
        }
    }

    fn message(&mut self, line: &Line<'_>, text: &[u8], directory: &mut Directory, out: &mut Output) {
        let Some(message) = Message::read(text) else {
            return self.damage(line, "no JSON object", None, out);
        };
        let Some(kind) = KINDS.iter().position(|kind| kind.as_bytes() == message.kind) else {
            self.tally.other += 1;
            return;
        };
        self.tally.kinds[kind] += 1;
        let before = out.arrivals.len();
        let place = if KINDS[kind] == "disconnect" { None } else { Some(self.find(&message, directory)) };
        if let Err(what) = self.events(KINDS[kind], &message, place, line, out) {
            out.arrivals.truncate(before);
            self.damage(line, what, place, out);
        }
    }

    fn events(
        &mut self,
        kind: &'static str,
        message: &Message<'_>,
        place: Option<usize>,
        line: &Line<'_>,
        out: &mut Output,
    ) -> Result<(), Wrong> {
        let received_at = moment(message.local).ok_or("localTimestamp: no time")?;
        let venue_at = match message.timestamp {
            [] => received_at,
            text => moment(text).ok_or("timestamp: no time")?,
        };
        self.seen_at = received_at;
        let Some(place) = place else {
            self.disconnect(message.exchange, line, out);
            return Ok(());
        };
        if message.exchange.is_empty() || message.symbol.is_empty() {
            return Err("exchange or symbol: none");
        }
        let Some(listing) = self.instruments[place].listing else { return Ok(()) };
        let moment = Moment { venue_at, received_at, listing };
        let before = out.arrivals.len();
        match kind {
            "trade" => moment.trade(message, out)?,
            "liquidation" => moment.liquidation(message, out)?,
            "book_change" => self.change(message, &moment, place, line, out)?,
            "book_snapshot" | "quote" => {
                moment.levels(message, true, out)?;
                self.instruments[place].book = Book::Seeded;
            }
            "book_ticker" => self.best(message, &moment, place, out)?,
            "derivative_ticker" => moment.figures(message, out)?,
            "option_summary" => {
                self.best(message, &moment, place, out)?;
                moment.figures(message, out)?;
            }
            "trade_bar" => self.bar(message, &moment, out)?,
            _ => {}
        }
        if let Some(end) = out.arrivals[before..].last_mut() {
            end.event.mark(Flags::LAST);
        }
        Ok(())
    }

    fn change(
        &mut self,
        message: &Message<'_>,
        moment: &Moment,
        place: usize,
        line: &Line<'_>,
        out: &mut Output,
    ) -> Result<(), Wrong> {
        if message.snapshot {
            self.instruments[place].book = Book::Seeded;
        } else if self.instruments[place].book == Book::Untold {
            self.tally.unseeded += 1;
            self.instruments[place].book = Book::Stale;
            out.push(moment.received_at, gap(moment.venue_at, line, Some(&moment.listing)));
        }
        moment.levels(message, message.snapshot, out)
    }

    /// Best prices, as far as nothing deeper is known.
    fn best(
        &mut self,
        message: &Message<'_>,
        moment: &Moment,
        place: usize,
        out: &mut Output,
    ) -> Result<(), Wrong> {
        let best = message.best()?;
        self.tally.unsized_best += u64::from(message.lacks_amount());
        let instrument = &mut self.instruments[place];
        if instrument.book != Book::Untold {
            self.tally.beside += 1;
            return Ok(());
        }
        let touch = instrument.touch.get_or_insert_with(|| Touch::new(moment.listing));
        touch
            .tell(best.map(Some), moment.venue_at, moment.received_at, out)
            .map_err(|_| "best price or amount: not a whole number of the instrument's steps")
    }

    fn bar(&mut self, message: &Message<'_>, at: &Moment, out: &mut Output) -> Result<(), Wrong> {
        let milliseconds = json::digits(message.interval).ok_or("interval: no number")?;
        let seconds = u32::try_from(milliseconds / 1_000).map_err(|_| "interval: too long")?;
        let by_time = message.bar_kind.is_empty() || message.bar_kind == b"time";
        if !by_time || seconds == 0 || milliseconds % 1_000 != 0 {
            // Bars of trades or volume, or of parts of a second, have no length we can say.
            self.tally.odd_bars += 1;
            return Ok(());
        }
        let (prices, volume) = message.bar()?;
        let off_grid = "price or volume: not a whole number of the instrument's steps";
        let mut ticks = [Ticks(0); 4];
        for (ticks, price) in ticks.iter_mut().zip(prices) {
            *ticks = at.listing.ticks(price).ok_or(off_grid)?;
        }
        let start = moment(message.opens).unwrap_or(at.venue_at - Nanos::from_secs(i64::from(seconds)));
        let volume = at.listing.lots(volume).ok_or(off_grid)?;
        let read = bars::Read { start, end: at.received_at, seconds, prices: ticks, volume };
        bars::give(&read, &at.listing, out)
    }

    /// The connection to an exchange was lost: nothing of it is known to be right.
    fn disconnect(&mut self, exchange: &[u8], line: &Line<'_>, out: &mut Output) {
        let at = self.seen_at;
        for instrument in &mut self.instruments {
            if instrument.exchange == exchange || exchange.is_empty() {
                instrument.lose(at, line, out);
            }
        }
    }

    #[cold]
    fn damage(&mut self, line: &Line<'_>, what: Wrong, place: Option<usize>, out: &mut Output) {
        self.tally.damaged += 1;
        out.fault(line.offset, line.length, format!("line {}: {what}", line.number));
        let at = self.seen_at;
        let rows = place.map_or(0..self.instruments.len(), |place| place..place + 1);
        for instrument in &mut self.instruments[rows] {
            instrument.lose(at, line, out);
        }
    }

    fn find(&mut self, message: &Message<'_>, directory: &mut Directory) -> usize {
        self.name.clear();
        self.name.extend_from_slice(message.exchange);
        self.name.push(0);
        self.name.extend_from_slice(message.symbol);
        if let Some(place) = self.places.get(&self.name) {
            return *place;
        }
        let mut symbol = Vec::new();
        let named = json::unescape(message.symbol, &mut symbol).is_some();
        let symbol = if named { &symbol[..] } else { message.symbol };
        let (exchange, symbol) = (String::from_utf8_lossy(message.exchange), String::from_utf8_lossy(symbol));
        let place = self.instruments.len();
        let known = !exchange.is_empty() && !symbol.is_empty();
        self.instruments.push(Instrument {
            exchange: message.exchange.to_vec(),
            listing: known.then(|| directory.listing(&exchange, &symbol)).flatten(),
            touch: None,
            book: Book::Untold,
        });
        self.places.insert(self.name.clone(), place);
        place
    }
}

impl Instrument {
    /// What stands is not known to be right any more.
    fn lose(&mut self, at: Nanos, line: &Line<'_>, out: &mut Output) {
        let Some(listing) = &self.listing else { return };
        match (&mut self.touch, self.book) {
            (Some(touch), Book::Untold) => touch.lose(at, line.offset, line.offset + line.length, out),
            // Nothing stands that could be wrong.
            (None, Book::Untold) => {}
            (_, Book::Seeded | Book::Stale) => {
                self.book = Book::Stale;
                out.push(at, gap(at, line, Some(listing)));
            }
        }
    }
}

fn gap(venue_at: Nanos, line: &Line<'_>, listing: Option<&Listing>) -> Event {
    Event::Gap(Gap {
        venue_at,
        expected: line.offset,
        received: line.offset + line.length,
        instrument: listing.map(|listing| listing.id),
    })
}

/// A time with its zone, as ISO 8601 or as a count.
#[inline]
fn moment(text: &[u8]) -> Option<Nanos> {
    match read_time(text)? {
        Written::Utc(at) => Some(at),
        Written::Wall(_) => None,
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
        let kinds = KINDS.iter().zip(tally.kinds).map(|(kind, count)| (*kind, count));
        let rest = [
            ("line", tally.lines),
            ("pair of a raw message and what it means", tally.pairs),
            ("pair that means nothing", tally.empty_pairs),
            ("message of another type, not used", tally.other),
            ("damaged message", tally.damaged),
            ("best price beside a deeper book, not used", tally.beside),
            ("best price without an amount, taken as none", tally.unsized_best),
            ("change before a snapshot", tally.unseeded),
            ("bar not of whole seconds, not used", tally.odd_bars),
        ];
        let mut counts: Vec<(String, u64)> = kinds
            .chain(rest)
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.to_string(), count))
            .collect();
        counts.sort();
        counts
    }
}
