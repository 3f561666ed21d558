//! Bitstamp's order log: lines of `<receive time, ms> <event> <JSON>`, as written from the venue's public Pusher
//! channels `live_orders`, `live_trades` and `order_book`.
//!
//! ```text
//! 1430438404518 order_created {"price": "236.47", "amount": "2.00000000", "datetime": "1430438404", "id": 65595247, …}
//! 1430438404635 order_changed {… "amount": "1.78855669" …}       what is left, not what it was
//! 1430438404637 order_deleted {… "amount": "0.00000000" …}       nothing was left: it traded
//! 1430438404645 trade {"price": 236.47, "amount": 0.21144331, "id": 8111041}
//! 1430438405885 order_book {"bids": [["236.47", "1.78855669"], …20], "asks": […20]}
//! ```
//!
//! What the data of a day teaches, and the decoder lives by:
//!
//! - **The end of an order is final.** Its deletion may overtake its creation (13 in 118,960) or its last change (4);
//!   what speaks of it afterwards is counted and changes nothing.
//! - **Orders older than the log** are only seen as what a snapshot shows beyond the orders known. They stand as one
//!   `SYNTHETIC` order a price. A deletion without a creation takes from it; when the order traded to nothing, the
//!   size comes with the trade that follows.
//! - **Snapshots have a channel of their own** and run up to two seconds apart from the orders. A price never covered
//!   before is believed at once; what differs elsewhere is believed when the next snapshot says the same and no order
//!   at that price spoke between. Then, when orders we know are too many, the book was wrong: fault, gap, new seed.
//! - **Market orders** walk the book as an order whose price changes; for a moment they stand across it.
//!
//! Before the first snapshot no order is given out, so that the book is not live. One clock only: `datetime` is when
//! the order was entered, to the second, and of no event's; so the venue's time is the receive time. The log does not
//! name its market: the channels without a suffix are BTC/USD (Bitstamp, "Websocket API v1").
//!
//! Cost: a pass over the line to find the members; a tree of some hundred orders, and of their prices.

mod line;
mod standing;

use crate::{Decode, Directory, Listing, Output};
use line::{KINDS, Kind, Order, Print};
use standing::{Ledger, Standing};
use types::{
    Arrival, Event, Flags, Gap, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side, Ticks, Trade,
};

/// The venue's name in our table.
pub const VENUE: &str = "bitstamp";
/// The market of the channels without a suffix.
pub const SYMBOL: &str = "BTCUSD";

/// An order that was entered this long ago was not merely overtaken by its own end: its creation was never shown.
/// `datetime` is cut to the second, and the farthest overtaking in the log of a day took 1.1 s.
const OVERTAKING_MAX: Nanos = Nanos::from_secs(3);
/// Executions looked back to for the two orders of a trade.
const EXECUTIONS: usize = 4;
const MADE: Flags = Flags::SYNTHETIC;

/// A decoder of one log.
#[derive(Debug, Default)]
pub struct Decoder {
    /// `None` until asked; then whether the run has it.
    listing: Option<Option<Listing>>,
    ledger: Ledger,
    seeded: bool,
    /// By side, the worst price any snapshot since the seed covered.
    covered: [Option<i64>; 2],
    /// What the last snapshot said otherwise, and no order touched since: side, price, how much more.
    pending: Vec<(Side, i64, i128)>,
    found: Vec<(Side, i64, i128)>,
    /// The snapshot's sides, lowest price first.
    shown: [Vec<(i64, i64)>; 2],
    executions: [Option<Execution>; EXECUTIONS],
    /// An order never shown that traded, waiting for the trade to say how much.
    owed: Option<(Side, i64)>,
    /// The events of one line.
    events: Vec<Event>,
    /// Of the next byte to be taken.
    offset: u64,
    lines: u64,
    seen_at: Nanos,
    tally: Tally,
}

/// An order that shrank, in steps.
#[derive(Clone, Copy, Debug)]
struct Execution {
    id: u64,
    side: Side,
    by: i64,
}

#[derive(Debug, Default)]
struct Tally {
    kinds: [u64; KINDS.len()],
    malformed: u64,
    overtaken: u64,
    never_shown: u64,
    revealed: u64,
    corrected: u64,
    mismatches: u64,
}

/// What the events of one line share.
#[derive(Clone, Copy)]
struct Line {
    at: Nanos,
    listing: Listing,
}

impl Line {
    fn order(self, action: OrderAction, id: u64, standing: Standing, flags: Flags) -> Event {
        Event::Order(OrderDelta {
            venue_at: self.at,
            order: MarketOrderId(id),
            price: Ticks(standing.price),
            size: Lots(standing.size),
            instrument: self.listing.id,
            side: standing.side,
            action,
            flags,
        })
    }

    /// Price and size in the instrument's own steps.
    fn steps(self, price: i64, size: i64) -> Option<(i64, i64)> {
        Some((self.listing.ticks(price)?.0, self.listing.lots(size)?.0))
    }
}

impl Decoder {
    /// A decoder at the start of a log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How often a snapshot proved the book wrong.
    #[must_use]
    pub const fn mismatches(&self) -> u64 {
        self.tally.mismatches
    }

    fn line(&mut self, text: &[u8], directory: &mut Directory, out: &mut Output) {
        if text.trim_ascii().is_empty() {
            return;
        }
        self.lines += 1;
        let listing = *self.listing.get_or_insert_with(|| directory.listing(VENUE, SYMBOL));
        let (at, kind, json) = match line::split(text) {
            Ok(parts) => parts,
            Err(what) => return self.damage(text, what, out),
        };
        self.seen_at = at;
        self.tally.kinds[kind as usize] += 1;
        let Some(listing) = listing else { return };
        let line = Line { at, listing };
        let read = match kind {
            Kind::Created | Kind::Changed | Kind::Deleted => self.order(kind, json, line),
            Kind::Trade => {
                // A trade changes no book of itself: nothing is stale without it.
                if self.trade(json, line).is_none() {
                    self.fault(text, "a trade that cannot be read", out);
                }
                Some(())
            }
            Kind::Snapshot => {
                // Nor does a snapshot: the next one will say the same.
                if self.snapshot(json, line, out).is_none() {
                    self.fault(text, "a snapshot that cannot be read", out);
                }
                Some(())
            }
        };
        match read {
            Some(()) => self.give(at, out),
            None => {
                self.events.clear();
                self.damage(text, "an order that cannot be read", out);
            }
        }
    }

    /// Puts the line's events out, the last one marked.
    fn give(&mut self, at: Nanos, out: &mut Output) {
        if let Some(end) = self.events.last_mut() {
            end.mark(Flags::LAST);
        }
        out.arrivals.extend(self.events.drain(..).map(|event| Arrival { received_at: at, event }));
    }

    fn order(&mut self, kind: Kind, json: &[u8], line: Line) -> Option<()> {
        let order = Order::read(json)?;
        let (price, size) = line.steps(order.price, order.size)?;
        let now = Standing { side: order.side, price, size };
        self.touch(now);
        let before = self.ledger.order(order.id);
        if self.ledger.has_ended(order.id) || (kind == Kind::Created && before.is_some()) {
            // Late: what is known of it is newer.
            self.tally.overtaken += 1;
            return Some(());
        }
        if let Some(before) = before {
            self.touch(before);
            self.note_execution(order.id, before, now, kind);
        } else if kind != Kind::Created && line.at - order.entered_at > OVERTAKING_MAX {
            self.never_shown(kind, now, line);
        }
        if kind == Kind::Deleted || size == 0 {
            self.ledger.end(order.id);
            if let Some(before) = self.ledger.remove(order.id) {
                self.tell(line.order(OrderAction::Delete, order.id, before, Flags::NONE));
            }
            return Some(());
        }
        let action = if before.is_some() { OrderAction::Modify } else { OrderAction::Add };
        self.ledger.put(order.id, now).then(|| self.tell(line.order(action, order.id, now, Flags::NONE)))
    }

    /// An order that no line showed before changes or ends: what stood for it shrinks.
    fn never_shown(&mut self, kind: Kind, now: Standing, line: Line) {
        self.tally.never_shown += 1;
        if kind == Kind::Changed || now.size == 0 {
            self.owed = Some((now.side, now.price));
        }
        self.take(now, line);
    }

    /// Takes from the synthetic order at a price, as far as it goes: deeper than any snapshot there is none.
    fn take(&mut self, standing: Standing, line: Line) {
        let Standing { side, price, size } = standing;
        let Some(before) = self.ledger.synthetic(side, price) else { return };
        if size > 0 {
            self.set_synthetic(side, price, (before.size - size).max(0), line);
        }
    }

    fn set_synthetic(&mut self, side: Side, price: i64, size: i64, line: Line) {
        let (before, after) = self.ledger.set_synthetic(side, price, size);
        let at = |size| Standing { side, price, size };
        let event = match (before, after) {
            (None, None) => return,
            (None, Some(now)) => line.order(OrderAction::Add, now.id, at(now.size), MADE),
            (Some(_), Some(now)) => line.order(OrderAction::Modify, now.id, at(now.size), MADE),
            (Some(before), None) => line.order(OrderAction::Delete, before.id, at(before.size), MADE),
        };
        self.tell(event);
    }

    /// Gives an event out, if anybody may know the book yet.
    fn tell(&mut self, event: Event) {
        if self.seeded {
            self.events.push(event);
        }
    }

    /// An order at this price spoke: what a snapshot said of it may have been about that.
    fn touch(&mut self, at: Standing) {
        self.pending.retain(|&(side, price, _)| (side, price) != (at.side, at.price));
    }

    fn note_execution(&mut self, id: u64, before: Standing, now: Standing, kind: Kind) {
        let by = before.size.saturating_sub(now.size);
        // A deletion with something left is a cancel.
        if by > 0 && (kind == Kind::Changed || now.size == 0) {
            self.executions.rotate_right(1);
            self.executions[0] = Some(Execution { id, side: now.side, by });
        }
    }

    /// Who crossed the spread: of the two orders that shrank by the trade's size, the one entered later.
    fn aggressor(&self, size: i64) -> Option<Side> {
        let mut of_size = self.executions.iter().flatten().filter(|execution| execution.by == size);
        let (one, other) = (of_size.next()?, of_size.next()?);
        (one.side != other.side).then_some(if one.id > other.id { one.side } else { other.side })
    }

    fn trade(&mut self, json: &[u8], line: Line) -> Option<()> {
        let owed = self.owed.take();
        let print = Print::read(json)?;
        let size = line.listing.lots(print.size)?;
        let (price, price_fraction) = line.listing.price.floor(print.price);
        self.events.push(Event::Trade(Trade {
            venue_at: line.at,
            price: Ticks(price),
            size,
            id: print.id,
            instrument: line.listing.id,
            price_fraction,
            aggressor: self.aggressor(size.0),
            flags: Flags::NONE,
        }));
        self.executions = [None; EXECUTIONS];
        if let Some((side, price)) = owed {
            self.take(Standing { side, price, size: size.0 }, line);
        }
        Some(())
    }

    fn snapshot(&mut self, json: &[u8], line: Line, out: &mut Output) -> Option<()> {
        self.shown.iter_mut().for_each(Vec::clear);
        let shown = &mut self.shown;
        line::levels(json, |side, price, size| {
            shown[side.index()].push(line.steps(price, size)?);
            Some(())
        })?;
        for levels in shown {
            levels.sort_unstable();
            if levels.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return None;
            }
        }
        self.found.clear();
        for side in Side::BOTH {
            self.ledger.residuals(side, &self.shown[side.index()], &mut self.found);
        }
        if self.seeded {
            self.compare(line, out);
        } else {
            self.seed(line);
        }
        self.cover();
        Some(())
    }

    /// Believes what a snapshot says beyond the book, or waits for the next one to say it again.
    fn compare(&mut self, line: Line, out: &mut Output) {
        let found = std::mem::take(&mut self.found);
        let before = std::mem::take(&mut self.pending);
        let mut wrong = None;
        for &(side, price, more) in &found {
            let reveals = more > 0 && !self.covers(side, price);
            if !reveals && !before.contains(&(side, price, more)) {
                self.pending.push((side, price, more));
                continue;
            }
            let synthetic = self.ledger.synthetic(side, price).map_or(0, |synthetic| synthetic.size);
            match i64::try_from(i128::from(synthetic) + more) {
                Ok(size @ 0..) => {
                    *(if reveals { &mut self.tally.revealed } else { &mut self.tally.corrected }) += 1;
                    self.set_synthetic(side, price, size, line);
                }
                _ => wrong = Some((side, price, more)),
            }
        }
        self.found = found;
        if let Some(what) = wrong {
            self.mismatch(what, line, out);
        }
    }

    /// Two snapshots say that orders we know of are not there: an end was lost.
    fn mismatch(&mut self, (side, price, more): (Side, i64, i128), line: Line, out: &mut Output) {
        self.tally.mismatches += 1;
        let what =
            format!("line {}: {side} level {price} holds {} steps too much; seeded anew", self.lines, -more);
        out.fault(self.offset, 0, what);
        self.give(line.at, out);
        out.push(line.at, self.gap(0));
        // What was set right just now is no residual any more.
        self.found.clear();
        for side in Side::BOTH {
            self.ledger.residuals(side, &self.shown[side.index()], &mut self.found);
        }
        self.seed(line);
    }

    /// Gives out the whole book: the orders we know, and what the snapshot shows beyond them. Where it shows less,
    /// all that stands there is of its making.
    fn seed(&mut self, line: Line) {
        for (side, price, more) in std::mem::take(&mut self.found) {
            let synthetic = self.ledger.synthetic(side, price).map_or(0, |synthetic| synthetic.size);
            let size = i64::try_from(i128::from(synthetic) + more).ok().filter(|size| *size >= 0);
            let size = size.unwrap_or_else(|| {
                self.ledger.forget(side, price);
                let shown = &self.shown[side.index()];
                shown.iter().find(|level| level.0 == price).map_or(0, |level| level.1)
            });
            self.ledger.set_synthetic(side, price, size);
        }
        let nothing = Standing { side: Side::Buy, price: 0, size: 0 };
        self.events.push(line.order(OrderAction::Clear, 0, nothing, Flags::SNAPSHOT));
        let known = self.ledger.orders().map(|(id, standing)| (id, standing, Flags::SNAPSHOT));
        let made = Side::BOTH.into_iter().flat_map(|side| {
            let made = self.ledger.synthetics(side);
            made.map(move |(price, made)| {
                (made.id, Standing { side, price, size: made.size }, Flags::SNAPSHOT.with(MADE))
            })
        });
        let adds = known.chain(made).map(|(id, at, flags)| line.order(OrderAction::Add, id, at, flags));
        self.events.extend(adds);
        self.pending.clear();
        self.covered = [None; 2];
        self.seeded = true;
    }

    /// Whether a snapshot since the seed showed what stands at a price.
    fn covers(&self, side: Side, price: i64) -> bool {
        self.covered[side.index()].is_some_and(|worst| match side {
            Side::Buy => price >= worst,
            Side::Sell => price <= worst,
        })
    }

    fn cover(&mut self) {
        for side in Side::BOTH {
            let shown = &self.shown[side.index()];
            let worst = match side {
                Side::Buy => shown.first(),
                Side::Sell => shown.last(),
            };
            if let Some(&(worst, _)) = worst
                && !self.covers(side, worst)
            {
                self.covered[side.index()] = Some(worst);
            }
        }
    }

    fn fault(&mut self, text: &[u8], what: &str, out: &mut Output) {
        self.tally.malformed += 1;
        out.fault(self.offset, len64(text) + 1, format!("line {}: {what}", self.lines));
    }

    /// A line is lost that may have changed the book: it is seeded anew by the next snapshot.
    fn damage(&mut self, text: &[u8], what: &str, out: &mut Output) {
        self.fault(text, what, out);
        self.seeded = false;
        if self.listing.flatten().is_some() {
            out.push(self.seen_at, self.gap(len64(text) + 1));
        }
    }

    fn gap(&self, lost: u64) -> Event {
        Event::Gap(Gap {
            venue_at: self.seen_at,
            expected: self.offset,
            received: self.offset.saturating_add(lost),
            instrument: self.listing.flatten().map(|listing| listing.id),
        })
    }
}

impl Decode for Decoder {
    fn decode(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
        let mut taken = 0;
        while let Some(end) = memchr::memchr(b'\n', &bytes[taken..]) {
            let line = &bytes[taken..taken + end];
            self.line(line, directory, out);
            taken += end + 1;
            self.offset += len64(line) + 1;
        }
        taken
    }

    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output) {
        let taken = self.decode(rest, directory, out);
        // The last line may lack its line feed; when it is cut, it is malformed.
        self.line(&rest[taken..], directory, out);
        self.offset += len64(&rest[taken..]);
        if !self.seeded && self.lines > 0 && self.listing.flatten().is_some() {
            out.fault(
                self.offset,
                0,
                "no snapshot after the last damage: orders without a book to put them in",
            );
        }
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let tally = &self.tally;
        let rest = [
            ("level corrected", tally.corrected),
            ("level revealed", tally.revealed),
            ("malformed line", tally.malformed),
            ("order event overtaken", tally.overtaken),
            ("order never shown", tally.never_shown),
            ("snapshot against the book", tally.mismatches),
        ];
        let kinds = KINDS.iter().map(|&(kind, name)| (name, tally.kinds[kind as usize]));
        let mut counts: Vec<_> = kinds
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
