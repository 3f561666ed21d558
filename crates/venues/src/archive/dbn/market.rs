//! Orders, trades and levels out of their records.

use super::layout::{self, LEVEL_BYTES, MBO_BYTES, TRADE_BYTES, flag, rtype};
use super::window::{Change, OffGrid, Window, lots};
use super::{Decoder, SCHEMA_TBBO};
use crate::{Directory, Listing, Output};
use stdx::decimal;
use types::{Event, Flags, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Phase, Side, Ticks, Trade};

impl Decoder {
    /// Market by order.
    #[inline]
    pub(super) fn order(&mut self, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let (venue_at, received_at) = self.times(record, 40);
        let (letter, marks) = (record[38], record[36]);
        let flags = flags(marks);
        let (snapshot, last) = (flags.has(Flags::SNAPSHOT), flags.has(Flags::LAST));
        let doubtful = marks & flag::MAYBE_BAD_BOOK != 0;

        let slot = self.slot(record, received_at, directory);
        let listing = slot.listing;
        let was_doubtful = std::mem::replace(&mut slot.doubtful, doubtful);
        let was_snapshot = std::mem::replace(&mut slot.in_snapshot, snapshot && !last);
        let Some(row) = place(letter) else {
            return self.damage(record.len(), listing.map(|l| l.id), what_action(letter), out);
        };
        self.tally.actions[row] += 1;
        let Some(listing) = listing else { return };
        if doubtful && !was_doubtful {
            self.gap(0, Some(listing.id), out);
        }
        if marks & (flag::TOP_OF_BOOK | flag::PRICE_LEVEL) != 0 {
            self.tally.aggregated += 1;
            return;
        }
        let order = Order {
            venue_at,
            listing,
            order: MarketOrderId(layout::read_u64(record, 16)),
            price: layout::read_price(record, 24),
            size: layout::read_u32(record, 32),
            side: side(record[39]),
            flags,
        };
        // A snapshot begins with an empty book and ends where the next record is not part of it: Databento
        // marks both in recent files and neither in older ones.
        if was_snapshot && !snapshot {
            self.emitter.end(listing.id, out);
        }
        if snapshot && !was_snapshot && letter != b'R' {
            let clear = order.delta(OrderAction::Clear, Ticks(0), Lots::ZERO, Side::Buy, Flags::SNAPSHOT);
            self.emitter.emit(received_at, clear, out);
        }
        match order.event(letter) {
            Ok(Some(event)) => self.emitter.emit(received_at, event, out),
            Ok(None) => {
                self.tally.sideless_fills += u64::from(letter == b'F');
                if last {
                    self.emitter.end(listing.id, out);
                }
            }
            Err(wrong) => {
                let what = order.what(wrong);
                self.damage(MBO_BYTES + self.extra, Some(listing.id), what, out);
            }
        }
    }

    /// Says once, when it begins, that the vendor doubts an instrument's book.
    #[inline]
    fn doubt(&mut self, record: &[u8], at: Nanos, marks: u8, directory: &mut Directory, out: &mut Output) {
        let doubtful = marks & flag::MAYBE_BAD_BOOK != 0;
        let slot = self.slot(record, at, directory);
        let was = std::mem::replace(&mut slot.doubtful, doubtful);
        let instrument = slot.listing.map(|l| l.id);
        if doubtful && !was {
            self.gap(0, instrument, out);
        }
    }

    /// A record of the trades schema: each stands for itself, so that each is the last of its event.
    pub(super) fn lone_trade(&mut self, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let (venue_at, received_at) = self.times(record, 32);
        let Some(listing) = self.slot(record, received_at, directory).listing else {
            return;
        };
        self.doubt(record, received_at, record[30], directory, out);
        let marks = flags(record[30]).with(Flags::LAST);
        if record[28] != b'T' {
            return self.damage(record.len(), Some(listing.id), what_action(record[28]), out);
        }
        match traded(record, venue_at, &listing, marks) {
            Some(event) => self.emitter.emit(received_at, event, out),
            None => self.damage(record.len(), Some(listing.id), "a trade without a price or size", out),
        }
    }

    /// Market by price, one or ten levels, of one venue or consolidated, at every change or sampled.
    pub(super) fn top(&mut self, kind: u8, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let sampled = matches!(kind, rtype::BBO_1S | rtype::BBO_1M | rtype::CBBO_1S | rtype::CBBO_1M);
        let counted = matches!(kind, rtype::MBP_1 | rtype::MBP_10 | rtype::BBO_1S | rtype::BBO_1M);
        let (mut venue_at, received_at) = self.times(record, 32);
        if sampled {
            // A sample's `ts_event` is its last trade's, which may be hours old.
            venue_at = received_at;
        }
        let Some(listing) = self.slot(record, received_at, directory).listing else {
            return;
        };
        self.doubt(record, received_at, record[30], directory, out);
        let marks = flags(record[30]);
        // One trade a record, nothing left of the event around it; and a sample is whole by itself.
        let alone = sampled || kind == rtype::TCBBO || self.schema == SCHEMA_TBBO;
        let last = alone || marks.has(Flags::LAST);

        let trade = (!sampled && record[28] == b'T').then(|| traded(record, venue_at, &listing, Flags::NONE));
        let depth = if kind == rtype::MBP_10 { 10 } else { 1 };
        let levels = &record[TRADE_BYTES..TRADE_BYTES + depth * LEVEL_BYTES];
        let (window, trade) = match (Window::read(levels, &listing, counted), trade) {
            (Ok(window), Some(Some(trade))) => (window, Some(trade)),
            (Ok(window), None) => (window, None),
            (Ok(_), Some(None)) => {
                return self.damage(record.len(), Some(listing.id), "a trade without a price or size", out);
            }
            (Err(off), _) => {
                return self.damage(record.len(), Some(listing.id), what_off_grid(&listing, off), out);
            }
        };
        self.show(record, received_at, window, venue_at, directory, out);
        match trade {
            Some(Event::Trade(mut trade)) => {
                trade.flags = if last { Flags::LAST } else { Flags::NONE };
                self.emitter.emit(received_at, Event::Trade(trade), out);
            }
            _ if last => self.emitter.end(listing.id, out),
            _ => {}
        }
    }

    /// Emits what a window changed; the last change is not marked yet.
    fn show(
        &mut self,
        record: &[u8],
        received_at: Nanos,
        window: Window,
        venue_at: Nanos,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let mut changes = std::mem::take(&mut self.changes);
        let slot = self.slot(record, received_at, directory);
        if let Some(listing) = slot.listing {
            let of = Change { venue_at, listing, flags: Flags::NONE };
            match &mut slot.window {
                Some(shown) => {
                    window.changes_since(shown, &of, &mut changes);
                    **shown = window;
                }
                None => {
                    window.snapshot(&of, &mut changes);
                    // A snapshot is whole whatever record it came with.
                    if let Some(end) = changes.last_mut() {
                        end.flags = end.flags.with(Flags::LAST);
                    }
                    slot.window = Some(Box::new(window));
                }
            }
            for change in changes.drain(..) {
                self.emitter.emit(received_at, Event::Level(change), out);
            }
        }
        self.changes = changes;
    }
}

/// The place of a letter in [`ACTIONS`](super::ACTIONS).
#[inline]
const fn place(letter: u8) -> Option<usize> {
    match letter {
        b'A' => Some(0),
        b'C' => Some(1),
        b'F' => Some(2),
        b'M' => Some(3),
        b'N' => Some(4),
        b'R' => Some(5),
        b'T' => Some(6),
        _ => None,
    }
}

/// A market-by-order record, read.
struct Order {
    venue_at: Nanos,
    listing: Listing,
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
    #[inline]
    fn event(&self, letter: u8) -> Result<Option<Event>, Wrong> {
        let action = match letter {
            b'A' => OrderAction::Add,
            b'M' => OrderAction::Modify,
            b'C' => OrderAction::Reduce,
            b'F' => OrderAction::Fill,
            b'R' => {
                let clear = self.delta(OrderAction::Clear, Ticks(0), Lots::ZERO, Side::Buy, self.flags);
                return Ok(Some(clear));
            }
            b'T' => {
                let price = self.price.ok_or(Wrong::Priceless)?;
                let trade = trade(self.venue_at, &self.listing, price, self.size, self.side, self.flags);
                return trade.map(Some).ok_or(Wrong::OffGrid(OffGrid::Size(self.size)));
            }
            _ => return Ok(None),
        };
        let Some(side) = self.side else {
            // Auctions fill orders without saying on which side they stood; the trade is told on its own.
            let fill = action == OrderAction::Fill;
            return if fill { Ok(None) } else { Err(Wrong::Sideless) };
        };
        let price = match (self.price, action) {
            (Some(price), _) => self.listing.ticks(price).ok_or(Wrong::OffGrid(OffGrid::Price(price)))?,
            (None, OrderAction::Reduce) => Ticks(0),
            (None, _) => return Err(Wrong::Priceless),
        };
        let size = lots(&self.listing, self.size).ok_or(Wrong::OffGrid(OffGrid::Size(self.size)))?;
        Ok(Some(self.delta(action, price, size, side, self.flags)))
    }

    #[inline]
    fn delta(&self, action: OrderAction, price: Ticks, size: Lots, side: Side, flags: Flags) -> Event {
        Event::Order(OrderDelta {
            venue_at: self.venue_at,
            order: self.order,
            price,
            size,
            instrument: self.listing.id,
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
            Wrong::OffGrid(off) => what_off_grid(&self.listing, off),
        }
    }
}

/// The trade in a record of the trades or market-by-price schemas.
fn traded(record: &[u8], venue_at: Nanos, listing: &Listing, flags: Flags) -> Option<Event> {
    let price = layout::read_price(record, 16)?;
    trade(venue_at, listing, price, layout::read_u32(record, 24), side(record[29]), flags)
}

#[inline]
fn trade(
    venue_at: Nanos,
    listing: &Listing,
    price: i64,
    size: u32,
    aggressor: Option<Side>,
    flags: Flags,
) -> Option<Event> {
    let (price, price_fraction) = listing.price.floor(price);
    Some(Event::Trade(Trade {
        venue_at,
        price: Ticks(price),
        size: lots(listing, size)?,
        id: 0,
        instrument: listing.id,
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

#[inline]
const fn flags(marks: u8) -> Flags {
    let mut flags = Flags::NONE;
    if marks & flag::LAST != 0 {
        flags = flags.with(Flags::LAST);
    }
    if marks & flag::SNAPSHOT != 0 {
        flags = flags.with(Flags::SNAPSHOT);
    }
    flags
}

/// What a status record means for trading. The venue's own words for "trading" and "quoting" go before the
/// kind of change, except where trading is stopped: some venues send a new price indication while they trade.
pub(super) const fn phase(action: u16, is_trading: u8, is_quoting: u8) -> Option<Phase> {
    match (action, is_trading, is_quoting) {
        // No change; a change of the short-sale rule.
        (0 | 14, ..) => None,
        // Halt, pause, suspension.
        (8..=10, ..) => Some(Phase::Halted),
        // Close, after the close, not available.
        (12 | 13 | 15, ..) => Some(Phase::Closed),
        (_, b'Y', _) => Some(Phase::Open),
        // Trading; shortly before the close.
        (7 | 11, b'~', _) => Some(Phase::Open),
        // Before the open or a cross, quoting, cross, rotation, price indication.
        (1..=6, ..) | (_, _, b'Y') => Some(Phase::PreOpen),
        (7 | 11, ..) => Some(Phase::Halted),
        // A kind of change that came after version 3.
        _ => None,
    }
}

fn what_action(letter: u8) -> String {
    format!("unknown action {:?}", char::from(letter))
}

fn what_off_grid(listing: &Listing, off: OffGrid) -> String {
    let (what, value, step) = match off {
        OffGrid::Price(price) => ("price", decimal::Display(price), listing.price),
        OffGrid::Size(size) => ("size", decimal::Display(i64::from(size) * decimal::ONE), listing.size),
    };
    format!("{what} {value} is not a whole number of steps of {}", decimal::Display(step.nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_counted_under_its_own_name() {
        for (row, (letter, _)) in super::super::ACTIONS.into_iter().enumerate() {
            assert_eq!(place(letter), Some(row));
        }
        assert_eq!((0..=u8::MAX).filter_map(place).count(), super::super::ACTIONS.len());
    }

    #[test]
    fn a_status_says_what_trading_may_do() {
        let cases = [
            ((7, b'Y', b'Y'), Some(Phase::Open)),
            ((6, b'Y', b'Y'), Some(Phase::Open)),
            ((7, b'~', b'~'), Some(Phase::Open)),
            ((7, b'N', b'N'), Some(Phase::Halted)),
            ((1, b'N', b'Y'), Some(Phase::PreOpen)),
            ((4, b'~', b'~'), Some(Phase::PreOpen)),
            ((8, b'Y', b'Y'), Some(Phase::Halted)),
            ((12, b'N', b'N'), Some(Phase::Closed)),
            ((0, b'Y', b'Y'), None),
            ((14, b'~', b'~'), None),
            ((99, b'~', b'~'), None),
        ];
        for ((action, trading, quoting), expected) in cases {
            assert_eq!(phase(action, trading, quoting), expected, "{action}");
        }
    }
}
