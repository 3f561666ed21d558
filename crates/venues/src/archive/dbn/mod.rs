//! Databento Binary Encoding, versions 1 to 3, decompressed: records of fixed layout behind one header.
//!
//! Owns what the encoding leaves to its reader: which number is which instrument on which day, the top levels
//! shown last, where a snapshot begins and ends. Never keeps orders, never invents a price.
//!
//! - Every record type is counted; those that say something the engine acts on become events: market by order,
//!   trades, market by price and its samples (`mbp-1`, `mbp-10`, `tbbo`, `bbo`, consolidated ones), status.
//!   Definitions go to the directory.
//! - A market-by-price record shows the top of the book after it. Its instrument's first one, and the first
//!   after damage, is given as a snapshot; later ones as the levels that changed. What left the window is
//!   deleted, so that the book holds what the venue showed and nothing else.
//! - An event is held back until the next one unless it is `LAST`: Databento may end an event, or a snapshot,
//!   with a record that changes nothing here, and then the one before must carry the mark. So the events do
//!   not depend on how the bytes were cut into pieces.
//!
//! Cost of a market-by-order record: 56 bytes read in place, one compare to find the instrument when it is the
//! last one's (a hash lookup else), two exact divisions, one 56-byte arrival written. Nothing is allocated
//! after an instrument was met first.

mod definition;
mod emitter;
mod layout;
mod market;
mod metadata;
mod slots;
mod symbols;
mod window;

use crate::{Decode, Directory, Output};
use emitter::Emitter;
use layout::rtype;
use metadata::PRELUDE_BYTES;
use slots::Slots;
use symbols::{Mapping, Symbols};
use types::{Event, Gap, InstrumentId, LevelDelta, Nanos, Status};

/// The letters of market-by-order actions, and what they are called in [`Decode::counts`].
const ACTIONS: [(u8, &str); 7] = [
    (b'A', "A add"),
    (b'C', "C cancel"),
    (b'F', "F fill"),
    (b'M', "M modify"),
    (b'N', "N none"),
    (b'R', "R clear"),
    (b'T', "T trade"),
];

/// The schema number of `tbbo`: one trade a record, each for itself.
const SCHEMA_TBBO: u16 = 3;

/// What comes next in the stream.
#[derive(Debug)]
enum State {
    Header,
    Records,
    /// Nothing more can be read, since `from` and because of `why`; `bytes` were passed over so far.
    Lost {
        from: u64,
        bytes: u64,
        why: String,
    },
}

/// How often something was met.
#[derive(Debug)]
struct Tally {
    /// By record type.
    types: [u64; 256],
    /// Market by order, in the order of [`ACTIONS`].
    actions: [u64; ACTIONS.len()],
    unknown: u64,
    damaged: u64,
    sideless_fills: u64,
    aggregated: u64,
    open_definitions: u64,
}

/// A decoder of one DBN stream.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// Of the next byte to be taken.
    offset: u64,
    version: u8,
    schema: u16,
    venue: String,
    /// Bytes behind every record: eight when the stream carries `ts_out`.
    extra: usize,
    symbols: Symbols,
    slots: Slots,
    emitter: Emitter,
    /// Levels that one record changed; kept for its memory.
    changes: Vec<LevelDelta>,
    /// When the last record was received.
    seen_at: Nanos,
    tally: Tally,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Header,
            offset: 0,
            version: 0,
            schema: u16::MAX,
            venue: String::new(),
            extra: 0,
            symbols: Symbols::default(),
            slots: Slots::default(),
            emitter: Emitter::default(),
            changes: Vec::with_capacity(2 * window::CHANGES_MAX),
            seen_at: Nanos(0),
            tally: Tally {
                types: [0; 256],
                actions: [0; ACTIONS.len()],
                unknown: 0,
                damaged: 0,
                sideless_fills: 0,
                aggregated: 0,
                open_definitions: 0,
            },
        }
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
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let step = match &mut self.state {
                State::Records => self.record(rest, end, directory, out),
                State::Header => self.header(rest, out),
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
        let length = usize::try_from(layout::read_u32(prelude, 4)).unwrap_or(usize::MAX);
        let Some(body) = bytes[PRELUDE_BYTES..].get(..length) else {
            return 0;
        };
        self.version = prelude[3];
        let (metadata, what) = metadata::read(self.version, body);
        if let Some(what) = what {
            out.fault(self.offset, 0, what);
        }
        self.venue = metadata::venue(&metadata.dataset);
        self.schema = metadata.schema;
        self.extra = if metadata.ts_out { 8 } else { 0 };
        self.symbols.set_dated(metadata.mappings);
        self.state = State::Records;
        PRELUDE_BYTES + length
    }

    fn lose(&mut self, why: String) {
        // The byte that told is counted with those behind it.
        self.state = State::Lost { from: self.offset, bytes: 1, why };
    }

    fn record(&mut self, bytes: &[u8], end: bool, directory: &mut Directory, out: &mut Output) -> usize {
        let &[words, kind, ..] = bytes else { return 0 };
        let length = usize::from(words) * 4;
        if length == 0 {
            self.lose("record length 0; nothing after this can be read".into());
            self.gap(0, None, out);
            return 1;
        }
        let Some((name, layout)) = layout::known(kind, self.version) else {
            if bytes.len() < length {
                return 0;
            }
            self.tally.unknown += 1;
            return length;
        };
        if length != layout + self.extra {
            return self.odd_length(bytes, (name, layout), end, directory, out);
        }
        let Some(record) = bytes.get(..length) else {
            return 0;
        };
        self.read(kind, record, directory, out);
        length
    }

    /// Reads a record that is as long as its layout, or longer.
    #[inline]
    fn read(&mut self, kind: u8, record: &[u8], directory: &mut Directory, out: &mut Output) {
        self.tally.types[usize::from(kind)] += 1;
        match kind {
            rtype::MBO => self.order(record, directory, out),
            rtype::MBP_1
            | rtype::MBP_10
            | rtype::CMBP_1
            | rtype::TCBBO
            | rtype::BBO_1S
            | rtype::BBO_1M
            | rtype::CBBO_1S
            | rtype::CBBO_1M => self.top(kind, record, directory, out),
            rtype::TRADE => self.lone_trade(record, directory, out),
            rtype::STATUS => self.status(record, directory, out),
            rtype::DEFINITION => self.definition(record, directory),
            rtype::SYMBOL_MAPPING => self.symbol_mapping(record),
            _ => {}
        }
    }

    /// A record whose length is not its type's. One of the two is damaged, unless a later minor version made
    /// the record longer; what follows tells which.
    fn odd_length(
        &mut self,
        bytes: &[u8],
        (name, layout): (&str, usize),
        end: bool,
        directory: &mut Directory,
        out: &mut Output,
    ) -> usize {
        let (stated, due) = (usize::from(bytes[0]) * 4, layout + self.extra);
        let (Some(by_stated), Some(by_due)) = (self.leads(bytes, stated, end), self.leads(bytes, due, end))
        else {
            return 0;
        };
        if by_stated && stated > due {
            self.read(bytes[1], &bytes[..stated], directory, out);
            return stated;
        }
        let skipped = if by_due && !by_stated { due } else { stated };
        if bytes.len() < skipped {
            return 0;
        }
        let instrument = bytes.get(..8).and_then(|header| self.slots.met(layout::read_u32(header, 4)));
        self.damage(skipped, instrument, format!("{name} record of {stated} bytes, {due} are due"), out);
        skipped
    }

    /// Whether a record of a length that fits its type begins at `at`; `None` when more bytes must tell.
    fn leads(&self, bytes: &[u8], at: usize, end: bool) -> Option<bool> {
        match bytes.get(at..) {
            Some(&[words, kind, ..]) => Some(
                layout::known(kind, self.version)
                    .is_some_and(|(_, layout)| layout + self.extra == usize::from(words) * 4),
            ),
            Some([]) if end => Some(true),
            _ if end => Some(false),
            _ => None,
        }
    }

    fn status(&mut self, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let (venue_at, received_at) = self.times(record, 16);
        let Some(listing) = self.slot(record, received_at, directory).listing else {
            return;
        };
        if let Some(phase) = market::phase(layout::read_u16(record, 24), record[30], record[31]) {
            let event = Event::Status(Status { venue_at, instrument: Some(listing.id), phase });
            self.emitter.emit(received_at, event, out);
        }
    }

    fn definition(&mut self, record: &[u8], directory: &mut Directory) {
        let (_, received_at) = self.times(record, 16);
        let id = layout::read_u32(record, 4);
        let raw_symbol = definition::symbol(record, self.version);
        if !raw_symbol.is_empty() {
            self.symbols.define(id, &raw_symbol);
        }
        let (symbol, ..) = self.symbols.name(id, received_at.0);
        match definition::read(record, self.version, &self.venue, symbol) {
            Some(definition) => directory.define(definition),
            None => self.tally.open_definitions += 1,
        }
    }

    fn symbol_mapping(&mut self, record: &[u8]) {
        let (out_at, in_at, room, from_at) =
            if self.version < 2 { (38, 16, 22, 64) } else { (89, 17, 71, 160) };
        let mut symbol = layout::read_text(record, out_at, room);
        if symbol.is_empty() {
            symbol = layout::read_text(record, in_at, room);
        }
        let id = layout::read_u32(record, 4);
        self.symbols.tell(Mapping {
            id,
            from: layout::read_time(record, from_at).unwrap_or(i64::MIN),
            until: layout::read_time(record, from_at + 8).unwrap_or(i64::MAX),
            symbol,
        });
        self.slots.forget_name(id);
    }

    /// The venue's time and ours. A record without one has the other; one without both came when the last did.
    #[inline]
    fn times(&mut self, record: &[u8], received_field: usize) -> (Nanos, Nanos) {
        let venue_at = layout::read_time(record, 8);
        let received_at = layout::read_time(record, received_field);
        let received = received_at.or(venue_at).map_or(self.seen_at, Nanos);
        self.seen_at = received;
        (venue_at.map_or(received, Nanos), received)
    }

    /// The state kept for a record's instrument.
    #[inline]
    fn slot(&mut self, record: &[u8], at: Nanos, directory: &mut Directory) -> &mut slots::Slot {
        let id = layout::read_u32(record, 4);
        self.slots.get(id, at.0, &self.symbols, &self.venue, directory)
    }

    /// Reports a record that cannot be read, and marks what it may have changed.
    fn damage(
        &mut self,
        length: usize,
        instrument: Option<InstrumentId>,
        what: impl Into<String>,
        out: &mut Output,
    ) {
        let skipped = u64::try_from(length).unwrap_or(u64::MAX);
        out.fault(self.offset, skipped, what);
        self.tally.damaged += 1;
        self.gap(skipped, instrument, out);
    }

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
        self.advance(bytes, false, directory, out)
    }

    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output) {
        let rest = &rest[self.advance(rest, true, directory, out)..];
        self.emitter.finish(out);
        match &self.state {
            State::Lost { from, bytes, why } => out.fault(*from, *bytes, why.clone()),
            State::Header if rest.is_empty() => out.fault(0, 0, "empty: not even DBN metadata"),
            State::Header => match metadata::refusal(rest).filter(|_| rest.len() >= 4) {
                Some(why) => out.fault(0, len64(rest), why),
                None => out.fault(0, len64(rest), "the stream ends inside its metadata"),
            },
            State::Records if rest.is_empty() => {}
            State::Records => {
                let instrument = rest.get(..8).and_then(|header| self.slots.met(layout::read_u32(header, 4)));
                self.damage(rest.len(), instrument, "the stream ends inside a record", out);
                self.offset += len64(rest);
            }
        }
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let tally = &self.tally;
        let types = (0..=u8::MAX)
            .filter(|&kind| kind != rtype::MBO)
            .filter_map(|kind| Some((layout::known(kind, self.version)?.0, tally.types[usize::from(kind)])));
        let actions = ACTIONS.iter().zip(tally.actions).map(|((_, name), count)| (*name, count));
        let rest = [
            ("damaged record", tally.damaged),
            ("definition without tick or multiplier", tally.open_definitions),
            ("mbo price level, not read", tally.aggregated),
            ("mbo fill without a side, not read", tally.sideless_fills),
            ("unknown record", tally.unknown),
        ];
        let mut counts: Vec<(String, u64)> = types
            .chain(actions)
            .chain(rest)
            .filter(|&(_, count)| count > 0)
            .map(|(name, count)| (name.to_string(), count))
            .collect();
        counts.sort();
        counts
    }
}

fn len64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
