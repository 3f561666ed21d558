//! Databento Binary Encoding, versions 1 to 3, decompressed: records of fixed layout behind one header.
//!
//! Owns what the encoding leaves to its reader: which number is which instrument on which day, the top levels
//! shown last, where a snapshot begins and ends. Never keeps orders, never invents a price.
//!
//! | records | become |
//! |---|---|
//! | market by order | orders and trades |
//! | `trades`, and the trade in `mbp-1`, `mbp-10`, `tbbo`, `cmbp-1`, `tcbbo` | trades |
//! | the levels in those, and `bbo`, `cbbo` samples | level changes, and the last price where a sample tells one |
//! | `ohlcv` | bars, received when their span is over |
//! | `statistics`, `imbalance` | statistics |
//! | `status` | status |
//! | `definition` | definitions in the directory |
//! | symbol mapping | names |
//! | system, error | counts; faults, and a gap where records were skipped |
//!
//! - A market-by-price record shows the top of the book after it. Its instrument's first one, and the first
//!   after damage, is given as a snapshot; later ones as the levels that changed. What left the window is
//!   deleted, so that the book holds what the venue showed and nothing else. In a stream that holds several kinds
//!   of them for one instrument the finest is believed.
//! - An event is held back until the next one unless it is `LAST`: Databento may end an event, or a snapshot,
//!   with a record that changes nothing here, and then the one before must carry the mark. So the events do
//!   not depend on how the bytes were cut into pieces.
//! - A stream that mixes schemas may tell one trade twice (`trades` beside `mbo`): both are told.
//! - Every record is counted by its type, and so is what no event has room for ([`Decode::counts`]).
//!
//! Who wants the records and not the events reads them in place: [`Runs`] and the views of [`records`].
//!
//! Cost of a market-by-order record: 56 bytes read in place, one compare to find that nothing changed since the one
//! before, one exact division, one 56-byte arrival written. Nothing is allocated after an instrument was met first.

mod datasets;
pub mod dbz;
mod definition;
mod emitter;
pub mod fields;
mod framing;
mod layout;
mod metadata;
mod notices;
mod orders;
mod quotes;
pub mod records;
mod runs;
mod session;
mod slots;
mod symbols;
mod tally;
mod window;

pub use datasets::of_publisher;
pub use layout::rtype;
pub use metadata::about as about_header;
pub use runs::{Run, Runs};

use crate::{Decode, Directory, Listing, Output};
use emitter::Emitter;
use layout::{Versions, schema};
use metadata::{PRELUDE_BYTES, TS_OUT_BYTES, read_u32};
use slots::{Known, Slots};
use stdx::decimal;
use symbols::Symbols;
use tally::{Note, Tally};
use types::{Event, Flags, Gap, InstrumentId, Nanos, Side, Ticks, Trade};
use window::OffGrid;

/// What comes next in the stream.
#[derive(Debug)]
enum State {
    Header,
    /// A fragment's first record, which must tell what a header would.
    First,
    Records,
    /// Nothing more can be read, since `from` and because of `why`; `bytes` were passed over so far.
    Lost {
        from: u64,
        bytes: u64,
        why: String,
    },
}

/// A decoder of one DBN stream.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// Of the next byte to be taken.
    offset: u64,
    versions: Versions,
    schema: u16,
    venue: String,
    /// How many records the metadata say there are.
    promised: Option<u64>,
    /// Bytes behind every record: eight when the stream carries `ts_out`.
    extra: usize,
    symbols: Symbols,
    slots: Slots,
    emitter: Emitter,
    /// When the last record was received.
    seen_at: Nanos,
    tally: Tally,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether bytes begin like a record and no header: a fragment, for [`Decoder::fragment`].
#[must_use]
pub fn is_fragment(start: &[u8]) -> bool {
    !start.starts_with(b"DBN") && metadata::is_record(start)
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Header,
            offset: 0,
            versions: Versions::ALL,
            schema: schema::NONE,
            venue: String::new(),
            promised: None,
            extra: 0,
            symbols: Symbols::default(),
            slots: Slots::default(),
            emitter: Emitter::default(),
            seen_at: Nanos(0),
            tally: Tally::default(),
        }
    }

    /// A decoder of a fragment: records without the header that names version, venue and instruments.
    ///
    /// Without a version the records' lengths tell it, as far as it matters: most records are the same in all. The
    /// venue is the one the first record's publisher belongs to; instruments are named by the definitions among the
    /// records, or `#<number>`.
    #[must_use]
    pub fn fragment(version: Option<u8>) -> Self {
        let versions = version.map_or(Versions::ALL, Versions::only);
        Self { state: State::First, versions, ..Self::new() }
    }

    /// The venue's name in our table; empty before the header was read.
    #[must_use]
    pub fn venue(&self) -> &str {
        &self.venue
    }

    /// Whether the rest of the stream is lost, so that reading on is in vain. [`Decode::finish`] says why.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost { .. })
    }

    /// Takes what is whole at the start of `bytes`; `end` says that no more will come.
    fn advance(&mut self, bytes: &[u8], end: bool, directory: &mut Directory, out: &mut Output) -> usize {
        if matches!(self.state, State::First) {
            self.first(bytes);
        }
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let step = match &mut self.state {
                State::Records => self.records(rest, end, directory, out),
                State::Header => self.header(rest, out),
                State::First => 0,
                State::Lost { bytes, .. } => {
                    *bytes += len64(rest);
                    rest.len()
                }
            };
            if step == 0 {
                break;
            }
            taken += step;
            self.offset += len64(&rest[..step]);
        }
        taken
    }

    fn header(&mut self, bytes: &[u8], out: &mut Output) -> usize {
        let Some(prelude) = bytes.first_chunk::<PRELUDE_BYTES>() else {
            return 0;
        };
        if let Some(why) = metadata::refusal(prelude) {
            self.lose(why);
            return bytes.len().min(1);
        }
        let length = usize::try_from(read_u32(prelude, 4)).unwrap_or(usize::MAX);
        let Some(body) = bytes[PRELUDE_BYTES..].get(..length) else {
            return 0;
        };
        self.versions = Versions::only(prelude[3]);
        let (metadata, what) = metadata::read(prelude[3], body);
        if let Some(what) = what {
            out.fault(self.offset, 0, what);
        }
        self.venue = datasets::venue(&metadata.dataset);
        self.schema = metadata.schema;
        self.extra = if metadata.ts_out { TS_OUT_BYTES } else { 0 };
        self.promised = metadata.promised;
        self.symbols.set_dated(metadata.mappings);
        self.state = State::Records;
        PRELUDE_BYTES + length
    }

    /// A fragment's first record tells what a header would: whether send times follow, and the venue.
    fn first(&mut self, bytes: &[u8]) {
        let &[words, kind, low, high, ..] = bytes else { return };
        let length = usize::from(words) * 4;
        let fitting = |versions: Versions, extra: usize| {
            versions.fitting(kind, length.checked_sub(extra)?).map(|_| extra)
        };
        let found = |versions| [0, TS_OUT_BYTES].into_iter().find_map(|extra| fitting(versions, extra));
        self.state = match found(self.versions) {
            Some(extra) => {
                self.extra = extra;
                let publisher = u16::from_le_bytes([low, high]);
                self.venue = of_publisher(publisher).map_or_else(|| "databento".into(), datasets::venue);
                State::Records
            }
            None => {
                let why = match found(Versions::ALL) {
                    Some(_) => format!(
                        "records of another version than the {} that was named",
                        self.versions.oldest()
                    ),
                    None => "neither DBN metadata nor a record of any version".into(),
                };
                State::Lost { from: 0, bytes: 0, why }
            }
        };
    }

    fn lose(&mut self, why: String) {
        // The byte that told is counted with those behind it.
        self.state = State::Lost { from: self.offset, bytes: 1, why };
    }

    fn definition(&mut self, version: u8, record: &[u8], directory: &mut Directory) {
        let Some(terms) = definition::Terms::of(record, version) else { return };
        let (_, received_at) = self.times(terms.ts_event, Some(terms.ts_recv));
        if !terms.raw_symbol.is_empty() {
            self.symbols.define(terms.number, &layout::text(terms.raw_symbol));
        }
        self.tally.note_if(terms.withdrawn, Note::DefinitionDeleted);
        if terms.withdrawn {
            return;
        }
        self.tally.note_if(terms.is_option(), Note::DefinitionOption);
        self.tally.note_if(terms.is_spread(), Note::DefinitionSpread);
        let (symbol, ..) = self.symbols.name(terms.number, received_at.0);
        match terms.definition(&self.venue, symbol) {
            Some(definition) => directory.define(definition),
            None => self.tally.note(Note::DefinitionOpen),
        }
    }

    /// The venue's time and ours. A record without one has the other; one without both came when the last did.
    #[inline]
    fn times(&mut self, ts_event: u64, ts_recv: Option<u64>) -> (Nanos, Nanos) {
        let venue_at = layout::time(ts_event);
        let received_at = ts_recv.and_then(layout::time);
        let received = received_at.or(venue_at).map_or(self.seen_at, Nanos);
        self.seen_at = received;
        (venue_at.map_or(received, Nanos), received)
    }

    /// The state kept for a record's instrument.
    #[inline]
    fn slot(&mut self, number: u32, at: Nanos, directory: &mut Directory) -> &mut slots::Slot {
        self.slots.get(number, at.0, &self.symbols, &self.venue, directory)
    }

    /// The instrument of a record that cannot be read, if its header can.
    fn named_in(&self, record: &[u8]) -> Option<InstrumentId> {
        record.get(..8).and_then(|header| self.slots.met(read_u32(header, 4)))
    }

    /// Reports a record that cannot be read, and marks what it may have changed.
    #[cold]
    fn damage(
        &mut self,
        length: usize,
        instrument: Option<InstrumentId>,
        what: impl Into<String>,
        out: &mut Output,
    ) {
        let skipped = u64::try_from(length).unwrap_or(u64::MAX);
        out.fault(self.offset, skipped, what);
        self.tally.note(Note::Damaged);
        self.gap(skipped, instrument, out);
    }

    #[cold]
    fn gap(&mut self, skipped: u64, instrument: Option<InstrumentId>, out: &mut Output) {
        self.slots.stale(instrument);
        let event = Event::Gap(Gap {
            venue_at: self.seen_at,
            expected: self.offset,
            received: self.offset + skipped,
            instrument,
        });
        self.emitter.emit(self.seen_at, event, out);
    }
}

impl Decode for Decoder {
    fn decode(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
        self.emitter.resume(out);
        let taken = self.advance(bytes, false, directory, out);
        self.emitter.suspend(out);
        taken
    }

    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output) {
        self.emitter.resume(out);
        let rest = &rest[self.advance(rest, true, directory, out)..];
        self.emitter.finish(out);
        match &self.state {
            State::Lost { from, bytes, why } => out.fault(*from, *bytes, why.clone()),
            State::Header if rest.is_empty() => out.fault(0, 0, "empty: not even DBN metadata"),
            State::Header => match metadata::refusal(rest).filter(|_| rest.len() >= 4) {
                Some(why) => out.fault(0, len64(rest), why),
                None => out.fault(0, len64(rest), "the stream ends inside its metadata"),
            },
            State::First if rest.is_empty() => out.fault(0, 0, "empty: not even one record"),
            State::First => out.fault(0, len64(rest), "the stream ends inside its first record"),
            State::Records => {
                if !rest.is_empty() {
                    let instrument = self.named_in(rest);
                    self.damage(rest.len(), instrument, "the stream ends inside a record", out);
                    self.offset += len64(rest);
                }
                let (read, promised) = (self.tally.records(), self.promised.unwrap_or(0));
                if read < promised && rest.is_empty() {
                    let what = format!("the stream ends after {read} of the {promised} records it promised");
                    out.fault(self.offset, 0, what);
                    self.gap(0, None, out);
                }
            }
        }
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.tally.counts()
    }
}

/// A trade, at a price that need not be on the grid.
#[inline]
fn trade(
    venue_at: Nanos,
    known: &Known,
    price: i64,
    size: u32,
    aggressor: Option<Side>,
    flags: Flags,
) -> Option<Event> {
    let (price, price_fraction) = known.listing.price.floor(price);
    Some(Event::Trade(Trade {
        venue_at,
        price: Ticks(price),
        size: known.lots(size)?,
        id: 0,
        instrument: known.id(),
        price_fraction,
        aggressor,
        flags,
    }))
}

/// Whose side a letter names: of an order its own, of a trade the aggressor's.
#[inline]
const fn side(letter: u8) -> Option<Side> {
    match letter {
        b'B' => Some(Side::Buy),
        b'A' => Some(Side::Sell),
        _ => None,
    }
}

#[cold]
fn what_off_grid(listing: &Listing, off: OffGrid) -> String {
    let (what, value, step) = match off {
        OffGrid::Price(price) => ("price", decimal::Display(price), listing.price),
        OffGrid::Size(size) => ("size", decimal::Display(i64::from(size) * decimal::ONE), listing.size),
    };
    format!("{what} {value} is not a whole number of steps of {}", decimal::Display(step.nanos()))
}

fn len64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
