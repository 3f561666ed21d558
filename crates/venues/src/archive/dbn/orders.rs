//! Market by order: one record, one event, and a fast way for the many that hold no surprise.
//!
//! Cost: `plain` reads 56 bytes, does one exact division and writes a 56-byte arrival; everything that hangs on the
//! instrument, and not on the record, is looked up once for a run of records about it. What it does not expect (a
//! snapshot that begins or ends, a doubt, a price off the grid, an auction's fill) goes through `order`, which knows
//! all of them. That the two agree is tested beside a plain reading of odd records (tests/dbn_orders.rs).

use super::fields::View;
use super::layout::{self, flag, marks};
use super::records::Mbo;
use super::slots::Known;
use super::tally::{ACTIONS, Note};
use super::window::OffGrid;
use super::{Decoder, side, what_off_grid};
use crate::{Directory, Output};
use types::{Arrival, Event, Flags, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side, Ticks, Trade};

/// Records for which room is made at once.
const BATCH: usize = 1024;
/// Flags that `plain` leaves to `order`: it takes a snapshot's if the record before was in it, too.
const UNUSUAL: u8 = flag::TOP_OF_BOOK | flag::SNAPSHOT | flag::PRICE_LEVEL | flag::MAYBE_BAD_BOOK;

/// By letter: its place in [`ACTIONS`]; [`NO_PLACE`] for what is no action.
const PLACES: [u8; 256] = {
    let mut places = [NO_PLACE; 256];
    let mut at = 0;
    while at < ACTIONS.len() {
        #[expect(clippy::cast_possible_truncation, reason = "a few")]
        {
            places[ACTIONS[at].0 as usize] = at as u8;
        }
        at += 1;
    }
    places
};
const NO_PLACE: u8 = u8::MAX;

/// By letter: what an order's record does to the book, when it does anything.
const EFFECTS: [Option<OrderAction>; 256] = {
    let mut effects = [None; 256];
    effects[b'A' as usize] = Some(OrderAction::Add);
    effects[b'C' as usize] = Some(OrderAction::Reduce);
    effects[b'F' as usize] = Some(OrderAction::Fill);
    effects[b'M' as usize] = Some(OrderAction::Modify);
    effects
};

impl Decoder {
    /// The records of this type and length at the start of `bytes`; answers how many bytes they took.
    pub(super) fn orders(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
        let length = Mbo::BYTES + self.extra;
        let bytes = &bytes[..bytes.len().min(BATCH * length)];
        let (start, mut taken) = (self.offset, 0);
        out.arrivals.reserve(bytes.len() / length);
        while let Some(record) = bytes.get(taken..taken + length)
            && record[..2] == bytes[..2]
        {
            let plain = self.plain(&bytes[taken..], out);
            if plain == 0 {
                self.offset = start + super::len64(&bytes[..taken]);
                self.order(record, directory, out);
                taken += length;
            }
            taken += plain;
        }
        self.offset = start;
        taken
    }

    /// As many records about one instrument as hold no surprise; answers how many bytes they took.
    #[inline]
    fn plain(&mut self, bytes: &[u8], out: &mut Output) -> usize {
        let length = Mbo::BYTES + self.extra;
        let Some(first) = Mbo::of(bytes) else { return 0 };
        let Some(slot) = self.slots.peek(first.instrument_id()) else { return 0 };
        let Some(known) = slot.known.filter(|_| !slot.is_doubtful) else { return 0 };
        let steady = Steady {
            id: slot.id,
            known,
            from: slot.from,
            until: slot.until,
            flags: if slot.in_snapshot { flag::SNAPSHOT } else { 0 },
        };
        let (before, mut seen_at, mut last) = (out.arrivals.len(), self.seen_at, Flags::LAST);
        for record in bytes.chunks_exact(length).take_while(|record| record[..2] == bytes[..2]) {
            let Some((place, arrival)) = Mbo::of(record).and_then(|mbo| steady.arrival(mbo)) else { break };
            self.tally.actions[usize::from(place)] += 1;
            (seen_at, last) = (arrival.received_at, arrival.event.flags());
            out.arrivals.push(arrival);
        }
        let count = out.arrivals.len() - before;
        if count > 0 {
            self.seen_at = seen_at;
            self.emitter.is_waiting = !last.has(Flags::LAST);
        }
        count * length
    }

    /// Any record.
    #[inline(never)]
    pub(super) fn order(&mut self, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let Some(mbo) = Mbo::of(record) else { return };
        let (venue_at, received_at) = self.times(mbo.ts_event(), Some(mbo.ts_recv()));
        let flags = marks(mbo.flags());
        let (snapshot, last) = (flags.has(Flags::SNAPSHOT), flags.has(Flags::LAST));
        let doubtful = mbo.flags() & flag::MAYBE_BAD_BOOK != 0;

        let slot = self.slot(mbo.instrument_id(), received_at, directory);
        let known = slot.known;
        let was_doubtful = std::mem::replace(&mut slot.is_doubtful, doubtful);
        let was_snapshot = std::mem::replace(&mut slot.in_snapshot, snapshot && !last);
        let is_successor = std::mem::take(&mut slot.is_successor);
        let letter = mbo.action();
        let Some(count) = self.tally.actions.get_mut(usize::from(PLACES[usize::from(letter)])) else {
            return self.damage(record.len(), known.map(|known| known.id()), what_action(letter), out);
        };
        *count += 1;
        let Some(known) = known else { return };
        // Under this name another number's orders stand; a clear or a snapshot takes them away.
        let mixed = is_successor && letter != b'R' && !snapshot;
        if mixed || (doubtful && !was_doubtful) {
            self.gap(0, Some(known.id()), out);
        }
        if mbo.flags() & (flag::TOP_OF_BOOK | flag::PRICE_LEVEL) != 0 {
            return self.tally.note(Note::OrderAggregated);
        }
        let order = Order {
            venue_at,
            known,
            order: MarketOrderId(mbo.order_id()),
            price: layout::price(mbo.price()),
            size: mbo.size(),
            side: side(mbo.side()),
            flags,
        };
        // A snapshot begins with an empty book and ends where the next record is not part of it: Databento
        // marks both in recent files and neither in older ones.
        if was_snapshot && !snapshot {
            self.emitter.end(known.id(), out);
        }
        if snapshot && !was_snapshot && letter != b'R' {
            let clear = order.delta(OrderAction::Clear, Ticks(0), Lots::ZERO, Side::Buy, Flags::SNAPSHOT);
            self.emitter.emit(received_at, clear, out);
        }
        match order.event(letter) {
            Ok(Some(event)) => self.emitter.emit(received_at, event, out),
            Ok(None) => {
                self.tally.note_if(letter == b'F', Note::OrderSideless);
                if last {
                    self.emitter.end(known.id(), out);
                }
            }
            Err(wrong) => self.damage(record.len(), Some(known.id()), order.what(wrong), out),
        }
    }
}

/// What holds for a run of plain records.
struct Steady {
    id: u32,
    known: Known,
    from: i64,
    until: i64,
    /// [`flag::SNAPSHOT`] within one.
    flags: u8,
}

impl Steady {
    /// The record's place in [`ACTIONS`] and its event; `None` when there is anything about it to think about.
    #[inline]
    #[expect(
        clippy::cast_possible_wrap,
        reason = "a time beyond 2262 becomes one before 1970, and is refused"
    )]
    fn arrival(&self, mbo: Mbo<'_>) -> Option<(u8, Arrival)> {
        let (venue_at, received_at) = (mbo.ts_event() as i64, mbo.ts_recv() as i64);
        let flags = marks(mbo.flags());
        let is_usual = mbo.instrument_id() == self.id
            && mbo.flags() & UNUSUAL == self.flags
            && !(self.flags != 0 && flags.has(Flags::LAST))
            && (venue_at | received_at) >= 0
            && self.from <= received_at
            && received_at < self.until
            && mbo.price() != layout::NO_PRICE;
        if !is_usual {
            return None;
        }
        let side = side(mbo.side())?;
        let price = self.known.listing.ticks(mbo.price())?;
        let size = self.known.lots(mbo.size())?;
        let letter = mbo.action();
        let venue_at = Nanos(venue_at);
        let instrument = self.known.id();
        let event = match EFFECTS[usize::from(letter)] {
            Some(action) => Event::Order(OrderDelta {
                venue_at,
                order: MarketOrderId(mbo.order_id()),
                price,
                size,
                instrument,
                side,
                action,
                flags,
            }),
            None if letter == b'T' => Event::Trade(Trade {
                venue_at,
                price,
                size,
                id: 0,
                instrument,
                price_fraction: 0,
                aggressor: Some(side),
                flags,
            }),
            None => return None,
        };
        Some((PLACES[usize::from(letter)], Arrival { received_at: Nanos(received_at), event }))
    }
}

/// A market-by-order record, read.
struct Order {
    venue_at: Nanos,
    known: Known,
    order: MarketOrderId,
    price: Option<i64>,
    size: u32,
    side: Option<Side>,
    flags: Flags,
}

/// What keeps an order from being an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Sideless,
    Priceless,
    OffGrid(OffGrid),
}

impl Order {
    /// The event, or nothing, or what is wrong.
    fn event(&self, letter: u8) -> Result<Option<Event>, Wrong> {
        if letter == b'R' {
            return Ok(Some(self.delta(OrderAction::Clear, Ticks(0), Lots::ZERO, Side::Buy, self.flags)));
        }
        if letter == b'T' {
            let price = self.price.ok_or(Wrong::Priceless)?;
            let trade = super::trade(self.venue_at, &self.known, price, self.size, self.side, self.flags);
            return trade.map(Some).ok_or(Wrong::OffGrid(OffGrid::Size(self.size)));
        }
        let Some(action) = EFFECTS[usize::from(letter)] else { return Ok(None) };
        let Some(side) = self.side else {
            // Auctions fill orders without saying on which side they stood; the trade is told on its own.
            let fill = action == OrderAction::Fill;
            return if fill { Ok(None) } else { Err(Wrong::Sideless) };
        };
        let price = match (self.price, action) {
            (Some(price), _) => {
                self.known.listing.ticks(price).ok_or(Wrong::OffGrid(OffGrid::Price(price)))?
            }
            (None, OrderAction::Reduce) => Ticks(0),
            (None, _) => return Err(Wrong::Priceless),
        };
        let size = self.known.lots(self.size).ok_or(Wrong::OffGrid(OffGrid::Size(self.size)))?;
        Ok(Some(self.delta(action, price, size, side, self.flags)))
    }

    fn delta(&self, action: OrderAction, price: Ticks, size: Lots, side: Side, flags: Flags) -> Event {
        Event::Order(OrderDelta {
            venue_at: self.venue_at,
            order: self.order,
            price,
            size,
            instrument: self.known.id(),
            side,
            action,
            flags,
        })
    }

    #[cold]
    fn what(&self, wrong: Wrong) -> String {
        match wrong {
            Wrong::Sideless => "an order without a side".into(),
            Wrong::Priceless => "an order or trade without a price".into(),
            Wrong::OffGrid(off) => what_off_grid(&self.known.listing, off),
        }
    }
}

#[cold]
pub(super) fn what_action(letter: u8) -> String {
    format!("unknown action {:?}", char::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_counted_under_its_own_name() {
        for (row, (letter, _)) in ACTIONS.into_iter().enumerate() {
            assert_eq!(usize::from(PLACES[usize::from(letter)]), row);
        }
        assert_eq!(PLACES.iter().filter(|&&place| place != NO_PLACE).count(), ACTIONS.len());
    }
}
