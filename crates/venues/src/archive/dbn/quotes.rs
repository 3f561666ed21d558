//! Trades on their own, and market by price: one or ten levels, of one venue or consolidated, at every change or
//! sampled.
//!
//! A consolidated quote's venue is the consolidator: its instrument is listed under the data set's name, and the
//! publisher each side stands at is not kept (a level has no room for it). A sampled record also carries the last
//! trade before it; it becomes [`StatisticKind::LastPrice`] when it is not the one of the sample before.

use super::fields::View;
use super::layout::{self, flag, marks, rtype, schema};
use super::orders::what_action;
use super::records::{Bbo, Mbp10, Trade as Record};
use super::slots::Known;
use super::tally::Note;
use super::window::{Change, OffGrid, Window};
use super::{Decoder, side, what_off_grid};
use crate::{Directory, Output};
use types::{Event, Flags, Lots, Nanos, Statistic, StatisticKind};

const TRADE_BYTES: usize = Record::BYTES;
/// Where the levels of a record of one level end, and of ten.
const ONE: usize = 1;
const TEN: usize = (Mbp10::BYTES - TRADE_BYTES) / 32;

/// What kind of quotes a record type holds.
#[derive(Clone, Copy)]
struct Kind {
    /// Taken at fixed times, not when something happened.
    sampled: bool,
    /// Counts orders; else it names publishers there.
    counted: bool,
    /// Between records of several types about one instrument, the finest is believed.
    fineness: u8,
}

const fn kind(rtype: u8) -> Kind {
    let (sampled, counted, fineness) = match rtype {
        rtype::MBP_10 => (false, true, 4),
        rtype::MBP_1 => (false, true, 3),
        rtype::CMBP_1 => (false, false, 3),
        rtype::TCBBO => (false, false, 2),
        rtype::BBO_1S | rtype::BBO_1M => (true, true, 1),
        // Consolidated, sampled.
        _ => (true, false, 1),
    };
    Kind { sampled, counted, fineness }
}

impl Decoder {
    /// A record of the trades schema: each stands for itself, so that each is the last of its event.
    pub(super) fn lone_trade(&mut self, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let Some(trade) = Record::of(record) else { return };
        let (venue_at, received_at) = self.times(trade.ts_event(), Some(trade.ts_recv()));
        let slot = self.slot(trade.instrument_id(), received_at, directory);
        let Some(known) = slot.known else { return };
        if slot.is_doubtful || trade.flags() & flag::MAYBE_BAD_BOOK != 0 {
            self.doubt(trade, received_at, directory, out);
        }
        let marks = marks(trade.flags()).with(Flags::LAST);
        if trade.action() != b'T' {
            return self.damage(record.len(), Some(known.id()), what_action(trade.action()), out);
        }
        match traded(trade, venue_at, &known, marks) {
            Some(event) => self.emitter.emit(received_at, event, out),
            None => self.damage(record.len(), Some(known.id()), WITHOUT, out),
        }
    }

    /// Levels, and the trade that came with them.
    #[inline]
    pub(super) fn quote(&mut self, rtype: u8, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let Some(common) = Record::of(record) else { return };
        let kind = kind(rtype);
        let (mut venue_at, received_at) = self.times(common.ts_event(), Some(common.ts_recv()));
        if kind.sampled {
            // A sample's `ts_event` is its last trade's, which may be hours old.
            venue_at = received_at;
        }
        let slot = self.slot(common.instrument_id(), received_at, directory);
        let Some(known) = slot.known else { return };
        if slot.is_doubtful || common.flags() & flag::MAYBE_BAD_BOOK != 0 {
            self.doubt(common, received_at, directory, out);
        }
        let is_trade = !kind.sampled && common.action() == b'T';
        let trade = if is_trade { traded(common, venue_at, &known, Flags::NONE) } else { None };
        if is_trade && trade.is_none() {
            return self.damage(record.len(), Some(known.id()), WITHOUT, out);
        }
        let of = Change { venue_at, received_at, known, counted: kind.counted };
        let levels = &record[TRADE_BYTES..];
        let shown = if rtype == rtype::MBP_10 {
            self.show::<TEN>(common.instrument_id(), levels, &of, kind.fineness, directory, out)
        } else {
            self.show::<ONE>(common.instrument_id(), levels, &of, kind.fineness, directory, out)
        };
        if let Err(off) = shown {
            return self.damage(record.len(), Some(known.id()), what_off_grid(&known.listing, off), out);
        }
        // One trade a record, nothing left of the event around it; and a sample is whole by itself.
        let alone = kind.sampled || rtype == rtype::TCBBO || self.schema == schema::TBBO;
        let last = alone || marks(common.flags()).has(Flags::LAST);
        match trade {
            Some(mut trade) => {
                if last {
                    trade.mark(Flags::LAST);
                }
                self.emitter.emit(received_at, trade, out);
            }
            None if last => self.emitter.end(known.id(), out),
            None => {}
        }
        if kind.sampled {
            self.sampled(record, received_at, &known, directory, out);
        }
    }

    /// Emits what the levels changed; the last change is not marked yet, unless it ends a snapshot.
    #[inline]
    fn show<const DEPTH: usize>(
        &mut self,
        number: u32,
        levels: &[u8],
        of: &Change,
        fineness: u8,
        directory: &mut Directory,
        out: &mut Output,
    ) -> Result<(), OffGrid> {
        let Some(levels) = levels.as_chunks().0.first_chunk::<DEPTH>() else { return Ok(()) };
        let slot = self.slots.get(number, of.received_at.0, &self.symbols, &self.venue, directory);
        match &mut slot.window {
            Some(window) if window.fineness == fineness => {
                window.update(levels, of, &mut self.emitter, out)?;
            }
            Some(window) if window.fineness > fineness => self.tally.note(Note::CoarserQuote),
            _ => slot.window = Some(Window::open(levels, of, fineness, &mut self.emitter, out)?),
        }
        Ok(())
    }

    /// The last trade before a sample.
    fn sampled(
        &mut self,
        record: &[u8],
        received_at: Nanos,
        known: &Known,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let Some(sample) = Bbo::of(record) else { return };
        let Some(price) = layout::price(sample.price()) else { return };
        let trade = (sample.ts_event(), sample.price(), sample.size());
        let slot = self.slot(sample.instrument_id(), received_at, directory);
        if slot.sampled.replace(trade) == Some(trade) {
            return;
        }
        let (value, fraction) = known.listing.price.floor(price);
        let size =
            if sample.size() == layout::NO_SIZE { Some(Lots::ZERO) } else { known.lots(sample.size()) };
        let Some(size) = size else {
            let what = what_off_grid(&known.listing, OffGrid::Size(sample.size()));
            return self.damage(record.len(), Some(known.id()), what, out);
        };
        let statistic = Statistic {
            venue_at: layout::time(sample.ts_event()).map_or(received_at, Nanos),
            value,
            size,
            instrument: known.id(),
            fraction,
            session_day: 0,
            kind: StatisticKind::LastPrice,
            side: side(sample.side()),
            flags: Flags::NONE,
            deleted: false,
        };
        self.emitter.emit_alone(received_at, Event::Statistic(statistic), out);
    }

    /// Says once, when it begins, that the vendor doubts an instrument's book.
    #[cold]
    fn doubt(&mut self, record: Record<'_>, at: Nanos, directory: &mut Directory, out: &mut Output) {
        let is_doubtful = record.flags() & flag::MAYBE_BAD_BOOK != 0;
        let slot = self.slot(record.instrument_id(), at, directory);
        let was = std::mem::replace(&mut slot.is_doubtful, is_doubtful);
        if is_doubtful && !was {
            let instrument = slot.known.map(|known| known.id());
            self.gap(0, instrument, out);
        }
    }
}

const WITHOUT: &str = "a trade without a price or size";

/// The trade in a record of the trades or market-by-price schemas.
fn traded(record: Record<'_>, venue_at: Nanos, known: &Known, flags: Flags) -> Option<Event> {
    let price = layout::price(record.price())?;
    super::trade(venue_at, known, price, record.size(), side(record.side()), flags)
}
