//! LOBSTER files: NASDAQ's orders for one share and one day, with or without the companion order-book file.
//!
//! Owns the repair of what the message file leaves out. It begins with an empty book although the day did not,
//! and tells only what happened within the best levels; the order-book file shows those levels after every
//! message. From both together a whole stream of orders is made:
//!
//! - the first row seeds the book: one synthetic order a level, which stands for all that stood there;
//! - what is taken from an order never shown is taken from its level's synthetic order;
//! - a level that comes (back) into the window is set right with synthetic orders: a **fringe correction**,
//!   due to the window, not to an error. Its known orders are doubtful from then on: when one never shown is
//!   taken from and the synthetic order is too small, they make room, which is such a correction too;
//! - a level that was already visible and differs is a **fault**, reported and counted, then set right.
//!
//! Without the companion file only orders seen being added are known; the others are counted faults.
//!
//! Never looks ahead, and never changes what a message says. A reader of archives: clarity before speed.
//! Facts from LOBSTER's own description of its output ("LOBSTER output", version of 2013-09-01).

mod ladder;
mod line;

use crate::{Directory, Listing, Output};
use ladder::{Ladder, Taken};
use line::{Kind, Message, Row};
use types::{
    Arrival, Event, Flags, Gap, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Phase, Side, Status,
    Ticks, Trade,
};

/// One unit of a LOBSTER price (10⁻⁴ USD), in nanos.
const PRICE_NANOS: i64 = 100_000;
/// Marks what we made, to stand for orders that were never shown.
const MADE: Flags = Flags::SYNTHETIC;

/// A decoder of one share's day.
#[derive(Debug)]
pub struct Decoder {
    symbol: String,
    midnight: Nanos,
    with_book: bool,
    listing: Option<Option<Listing>>,
    ladder: Ladder,
    /// The book's row after the last message, and the one before.
    row: Row,
    shown: Row,
    /// The book was seeded, and nothing was damaged since.
    seeded: bool,
    /// Taken so far of either file.
    offset_messages: u64,
    offset_book: u64,
    /// Lines taken so far.
    lines: u64,
    /// What the current line says; kept for its memory.
    events: Vec<Event>,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    kinds: [u64; line::KINDS.len()],
    unknown: u64,
    fringe: u64,
    mismatches: u64,
    damaged: u64,
}

impl Decoder {
    /// A decoder for `symbol`. `midnight` is when the day began in New York, in UTC. `levels` says how many
    /// levels the order-book file has; `None` when there is none.
    #[must_use]
    pub fn new(symbol: &str, midnight: Nanos, levels: Option<usize>) -> Self {
        let levels_max = levels.unwrap_or(0);
        Self {
            symbol: symbol.into(),
            midnight,
            with_book: levels.is_some(),
            listing: None,
            ladder: Ladder::default(),
            row: Row::new(levels_max),
            shown: Row::new(levels_max),
            seeded: false,
            offset_messages: 0,
            offset_book: 0,
            lines: 0,
            events: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Levels that came into the window and were not what we had kept of them.
    #[must_use]
    pub const fn fringe_corrections(&self) -> u64 {
        self.tally.fringe
    }

    /// Levels that were visible all the time and differed from the order-book file: errors.
    #[must_use]
    pub const fn mismatches(&self) -> u64 {
        self.tally.mismatches
    }

    /// Takes as many whole lines as both pieces have, in step; answers how many bytes of each it took. `book`
    /// is the order-book file's piece, and not looked at when the decoder was made without levels.
    pub fn decode(
        &mut self,
        messages: &[u8],
        book: Option<&[u8]>,
        directory: &mut Directory,
        out: &mut Output,
    ) -> (usize, usize) {
        let book = book.unwrap_or_default();
        let (mut of_messages, mut of_book) = (0, 0);
        while let Some(message) = line::whole(&messages[of_messages..]) {
            let row = if self.with_book {
                match line::whole(&book[of_book..]) {
                    Some(row) => row,
                    None => break,
                }
            } else {
                &[]
            };
            self.line(message, row, directory, out);
            of_messages += message.len() + 1;
            if self.with_book {
                of_book += row.len() + 1;
            }
            self.offset_messages += len64(message) + 1;
            self.offset_book += len64(row) + 1;
        }
        (of_messages, of_book)
    }

    /// Both files ended; the rests are what no call took. A last line may lack its line feed.
    pub fn finish(
        &mut self,
        messages: &[u8],
        book: Option<&[u8]>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let (of_messages, of_book) = self.decode(messages, book, directory, out);
        let message = &messages[of_messages..];
        let row = &book.unwrap_or_default()[of_book..];
        let (message_line, row_line) = (line::first(message), line::first(row));
        if !self.with_book {
            if !message.is_empty() {
                self.line(message_line, &[], directory, out);
            }
            return;
        }
        match (message.is_empty(), row.is_empty()) {
            (true, true) => {}
            (false, false) => {
                self.line(message_line, row_line, directory, out);
                self.too_long("message", self.offset_messages, message, message_line, out);
                self.too_long("order-book", self.offset_book, row, row_line, out);
            }
            (false, true) => out.fault(
                self.offset_messages,
                len64(message),
                "the order-book file ends before the message file",
            ),
            (true, false) => out.fault(
                self.offset_book,
                len64(row),
                "the message file ends before the order-book file (offset in the latter)",
            ),
        }
    }

    fn too_long(&self, file: &str, offset: u64, rest: &[u8], line: &[u8], out: &mut Output) {
        let behind = rest.len().saturating_sub(line.len() + 1);
        if behind > 0 {
            let at = offset + len64(line) + 1;
            out.fault(
                at,
                u64::try_from(behind).unwrap_or(u64::MAX),
                format!("the {file} file has more lines than the other"),
            );
        }
    }

    /// What the files held, by kind of message, with what was repaired.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u64)> {
        let tally = &self.tally;
        let kinds = line::KINDS.iter().zip(tally.kinds).map(|(kind, count)| (kind.name(), count));
        let rest = [
            ("book correction at the fringe", tally.fringe),
            ("book mismatch inside the window", tally.mismatches),
            ("damaged line", tally.damaged),
            ("order never shown", tally.unknown),
        ];
        let mut counts: Vec<(String, u64)> = kinds
            .chain(rest)
            .filter(|&(_, count)| count > 0)
            .map(|(name, count)| (name.to_string(), count))
            .collect();
        counts.sort();
        counts
    }

    /// One message and the row that shows the book after it.
    fn line(&mut self, message: &[u8], row: &[u8], directory: &mut Directory, out: &mut Output) {
        self.lines += 1;
        let listing = *self.listing.get_or_insert_with(|| directory.listing("nasdaq", &self.symbol));
        let message = match Message::read(message) {
            Ok(message) => message,
            Err(what) => return self.damage(message.len() + 1, what, listing, out),
        };
        let moment = self.midnight + message.since_midnight;
        if self.with_book && !self.row.read(row) {
            return self.damage(
                row.len() + 1,
                "an order-book row that is not numbers, or too short",
                listing,
                out,
            );
        }
        self.tally.kinds[message.kind as usize] += 1;
        let Some(listing) = listing else { return };
        let line = Line { at: moment, listing, number: self.lines };
        if self.with_book && !self.seeded {
            self.seed(&message, &line, out);
        }
        if let Err(what) = self.tell(&message, &line, out) {
            self.events.clear();
            return self.damage(message.length + 1, what, Some(listing), out);
        }
        if self.with_book {
            self.compare(&line, out);
            std::mem::swap(&mut self.row, &mut self.shown);
        }
        self.give(moment, out);
    }

    /// Puts the line's events out, the last one marked.
    fn give(&mut self, at: Nanos, out: &mut Output) {
        if let Some(end) = self.events.last_mut() {
            end.mark(Flags::LAST);
        }
        out.arrivals.extend(self.events.drain(..).map(|event| Arrival { received_at: at, event }));
    }

    /// A line is lost, and with it the book: it is seeded anew with the next row.
    fn damage(&mut self, length: usize, what: impl Into<String>, listing: Option<Listing>, out: &mut Output) {
        let skipped = u64::try_from(length).unwrap_or(u64::MAX);
        out.fault(self.offset_messages, skipped, format!("line {}: {}", self.lines, what.into()));
        self.tally.damaged += 1;
        self.seeded = false;
        let at = out.arrivals.last().map_or(self.midnight, |last| last.received_at);
        out.push(
            at,
            Event::Gap(Gap {
                venue_at: at,
                expected: self.lines,
                received: self.lines + 1,
                instrument: listing.map(|l| l.id),
            }),
        );
    }

    /// Seeds the book with what the row shows, less what the message is about to do.
    fn seed(&mut self, message: &Message, line: &Line, out: &mut Output) {
        self.ladder.clear();
        let mut events = std::mem::take(&mut self.events);
        events.push(line.order(OrderAction::Clear, 0, Ticks(0), 0, Side::Buy, Flags::SNAPSHOT));
        for side in Side::BOTH {
            let before = message.undone(side, self.row.side(side));
            for (price, size) in before {
                let Some(ticks) = line.ticks(price) else { continue };
                let made = self.ladder.add_synthetic(side, price, size);
                let flags = Flags::SNAPSHOT.with(MADE);
                events.push(line.order(OrderAction::Add, made.id, ticks, size, side, flags));
            }
        }
        self.events = events;
        self.give(line.at, out);
        self.seeded = true;
        // Everything was set right just now: nothing can be at the fringe.
        self.shown.clone_from(&self.row);
    }

    /// What the message itself says.
    fn tell(&mut self, message: &Message, line: &Line, out: &mut Output) -> Result<(), String> {
        let side = message.side;
        match message.kind {
            Kind::Add => {
                let ticks = line.ticks(message.price).ok_or_else(|| message.what_price())?;
                self.ladder.add(side, message.price, message.order, message.size);
                let add = line.order(OrderAction::Add, message.order, ticks, message.size, side, Flags::NONE);
                self.events.push(add);
            }
            Kind::Reduce | Kind::Delete => self.take(message, line, out)?,
            Kind::Execute => {
                self.events.push(line.trade(message, Some(!side), Flags::NONE));
                self.take(message, line, out)?;
            }
            Kind::ExecuteHidden => self.events.push(line.trade(message, Some(!side), Flags::HIDDEN)),
            Kind::Cross => self.events.push(line.trade(message, None, Flags::HIDDEN)),
            Kind::Halt => self.events.push(Event::Status(Status {
                venue_at: line.at,
                instrument: Some(line.listing.id),
                phase: match message.price {
                    -1 => Phase::Halted,
                    0 => Phase::PreOpen,
                    1 => Phase::Open,
                    other => return Err(format!("a halt message with price {other}; -1, 0 or 1 are known")),
                },
            })),
        }
        Ok(())
    }

    /// Takes from an order, or from the synthetic one that stands for it.
    fn take(&mut self, message: &Message, line: &Line, out: &mut Output) -> Result<(), String> {
        let (side, price, size) = (message.side, message.price, message.size);
        let ticks = line.ticks(price).ok_or_else(|| message.what_price())?;
        let whole = message.kind == Kind::Delete;
        let mut taken = self.ladder.take(side, price, message.order, size, whole);
        if taken == Taken::Nothing && self.recast(message, ticks, line) {
            taken = self.ladder.take(side, price, message.order, size, whole);
        }
        let (id, flags, gone, over) = match taken {
            Taken::Order { gone, over } => (message.order, Flags::NONE, gone, over),
            Taken::Synthetic { id } => (id, MADE, false, 0),
            Taken::Nothing => {
                self.tally.unknown += 1;
                if !self.with_book {
                    let what = format!("line {}: order {} was never shown", line.number, message.order);
                    out.fault(self.offset_messages, 0, what);
                }
                return Ok(());
            }
        };
        if message.kind == Kind::Execute {
            self.events.push(line.order(OrderAction::Fill, id, ticks, size, side, flags));
        }
        let action = if whole && gone { OrderAction::Delete } else { OrderAction::Reduce };
        self.events.push(line.order(action, id, ticks, size, side, flags));
        if over > 0 && self.with_book {
            self.tally.fringe += 1;
            self.make(side, price, over, ticks, line);
        }
        Ok(())
    }

    /// Orders whose level was out of sight make room for one that came unseen.
    fn recast(&mut self, message: &Message, ticks: Ticks, line: &Line) -> bool {
        let (side, price) = (message.side, message.price);
        let gone = self.ladder.recast(side, price, message.size);
        if gone.is_empty() {
            return false;
        }
        self.tally.fringe += 1;
        for &(id, left) in &gone {
            self.events.push(line.order(OrderAction::Delete, id, ticks, left, side, MADE));
        }
        self.make(side, price, gone.iter().map(|&(_, left)| left).sum(), ticks, line);
        true
    }

    /// Adds to a level's synthetic order.
    fn make(&mut self, side: Side, price: i64, more: i64, ticks: Ticks, line: &Line) {
        let made = self.ladder.add_synthetic(side, price, more);
        let action = if made.is_new { OrderAction::Add } else { OrderAction::Modify };
        self.events.push(line.order(action, made.id, ticks, made.size, side, MADE));
    }

    /// Holds our levels against the row, and sets right what differs.
    fn compare(&mut self, line: &Line, out: &mut Output) {
        for side in Side::BOTH {
            for sighting in self.ladder.sightings(side, &self.row, &self.shown) {
                let ladder::Sighting { price, ours, theirs, returned } = sighting;
                if returned {
                    self.ladder.doubt(side, price);
                }
                if ours == theirs {
                    continue;
                }
                if returned {
                    self.tally.fringe += 1;
                } else {
                    self.tally.mismatches += 1;
                    let what = format!(
                        "row {}: {side} level {} says {theirs}, book has {ours}",
                        line.number,
                        stdx::decimal::Display(price.saturating_mul(PRICE_NANOS)),
                    );
                    out.fault(self.offset_book, 0, what);
                }
                self.set_right(side, price, ours, theirs, line);
            }
        }
    }

    fn set_right(&mut self, side: Side, price: i64, ours: i64, theirs: i64, line: &Line) {
        // A price that is no whole number of ticks cannot be in our book.
        let Some(ticks) = line.ticks(price) else { return };
        if theirs > ours {
            return self.make(side, price, theirs - ours, ticks, line);
        }
        for (id, left) in self.ladder.remove(side, price) {
            self.events.push(line.order(OrderAction::Delete, id, ticks, left, side, MADE));
        }
        if theirs > 0 {
            self.make(side, price, theirs, ticks, line);
        }
    }
}

/// What all events of a line share.
#[derive(Clone, Copy)]
struct Line {
    at: Nanos,
    listing: Listing,
    number: u64,
}

impl Line {
    fn ticks(&self, price: i64) -> Option<Ticks> {
        self.listing.ticks(price.checked_mul(PRICE_NANOS)?)
    }

    /// Whole shares as lots; a share is never finer than a lot in a table made from these files.
    fn lots(&self, size: i64) -> Lots {
        let nanos = size.saturating_mul(stdx::decimal::ONE);
        self.listing.lots(nanos).unwrap_or(Lots(self.listing.size.floor(nanos).0))
    }

    fn order(
        &self,
        action: OrderAction,
        id: u64,
        price: Ticks,
        size: i64,
        side: Side,
        flags: Flags,
    ) -> Event {
        Event::Order(OrderDelta {
            venue_at: self.at,
            order: MarketOrderId(id),
            price,
            size: self.lots(size),
            instrument: self.listing.id,
            side,
            action,
            flags,
        })
    }

    fn trade(&self, message: &Message, aggressor: Option<Side>, flags: Flags) -> Event {
        let (price, price_fraction) = self.listing.price.floor(message.price.saturating_mul(PRICE_NANOS));
        Event::Trade(Trade {
            venue_at: self.at,
            price: Ticks(price),
            size: self.lots(message.size),
            id: 0,
            instrument: self.listing.id,
            price_fraction,
            aggressor,
            flags,
        })
    }
}

fn len64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
