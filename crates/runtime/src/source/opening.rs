//! The books with which a part of history opens: what stood before its first event, as a snapshot.
//!
//! A part that began with bare changes would build a book that is wrong and looks right. So the events before it are
//! read, books are built of them, and each is given as a feed would give it: its phase, then a snapshot, or a gap when
//! it was not known to be whole. A part that begins inside a packet gives the rest of it as it came.

use super::SourceError;
use adapters::parquet::{Manifest, Merge, Row};
use book::{Book, State};
use types::{
    Arrival, Event, Flags, Gap, Instrument, InstrumentId, LevelAction, LevelDelta, Lots, MarketOrderId,
    Nanos, OrderAction, OrderDelta, Phase, Side, Status, Ticks,
};

const BATCH: usize = 4_096;

pub(super) struct Opening {
    earlier: Merge,
    books: Vec<Standing>,
    venue_at: Nanos,
    received_at: Nanos,
}

struct Standing {
    book: Book,
    touched: bool,
}

impl Opening {
    pub(super) fn new(earlier: Merge, manifest: &Manifest) -> Self {
        // Terms that make no instrument do not make a book of limited depth either.
        let book =
            |terms| Instrument::new(terms).map_or_else(|_| Book::empty(), |instrument| Book::of(&instrument));
        let standing = manifest
            .instruments
            .iter()
            .map(|stored| Standing { book: book(stored.terms.clone()), touched: false });
        Self { earlier, books: standing.collect(), venue_at: Nanos::MIN, received_at: Nanos::MIN }
    }

    /// Reads what came before and puts the snapshots into `rows`.
    pub(super) fn run(&mut self, rows: &mut Vec<Row>) -> Result<(), SourceError> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            batch.clear();
            let more = self.earlier.read(BATCH, &mut batch)?;
            for row in &batch {
                self.apply(&row.arrival);
            }
            for damage in self.earlier.damaged().collect::<Vec<_>>() {
                self.each(damage.instrument.map(InstrumentId), Book::on_gap);
            }
            if !more {
                break;
            }
        }
        for row in 0..self.books.len() {
            let id = InstrumentId(u32::try_from(row).expect("ids are 32 bits"));
            self.give(id, rows);
        }
        Ok(())
    }

    fn apply(&mut self, arrival: &Arrival) {
        if let Some(at) = arrival.event.venue_at() {
            self.venue_at = self.venue_at.max(at);
        }
        self.received_at = self.received_at.max(arrival.received_at);
        match &arrival.event {
            Event::Level(delta) => {
                let standing = &mut self.books[delta.instrument.index()];
                standing.touched = true;
                standing.book.apply_level(delta);
            }
            Event::Order(delta) => {
                let standing = &mut self.books[delta.instrument.index()];
                standing.touched = true;
                standing.book.apply_order(delta);
            }
            Event::Gap(gap) => self.each(gap.instrument, Book::on_gap),
            Event::Status(status) => self.each(status.instrument, |book| book.on_phase(status.phase)),
            Event::Trade(_)
            | Event::TradeBust(_)
            | Event::Report(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_)
            | Event::Statistic(_)
            | Event::QuoteRequest(_)
            | Event::Bar { .. } => {}
        }
    }

    fn each(&mut self, instrument: Option<InstrumentId>, change: impl Fn(&mut Book)) {
        match instrument {
            Some(id) => change(&mut self.books[id.index()].book),
            None => self.books.iter_mut().for_each(|standing| change(&mut standing.book)),
        }
    }

    fn give(&self, id: InstrumentId, rows: &mut Vec<Row>) {
        let Standing { book, touched } = &self.books[id.index()];
        let (venue_at, instrument) = (self.venue_at, Some(id));
        let mut push =
            |event| rows.push(Row { seq: 0, arrival: Arrival { received_at: self.received_at, event } });
        if book.phase() != Phase::Open {
            push(Event::Status(Status { venue_at, instrument, phase: book.phase() }));
        }
        if !touched {
            return;
        }
        match book.state() {
            State::Live | State::Crossed { .. } => self.snapshot(id, book, Flags::LAST, &mut push),
            // The part begins inside a packet or a snapshot: its end is still to come.
            State::Building => self.snapshot(id, book, Flags::NONE, &mut push),
            State::Stale => {
                push(Event::Gap(Gap { venue_at, expected: 0, received: 0, instrument }));
            }
        }
    }

    /// Clears what there is and gives what stands; its last part is marked with `end`.
    fn snapshot(&self, id: InstrumentId, book: &Book, end: Flags, push: &mut impl FnMut(Event)) {
        let mut events = Vec::new();
        if let Some(orders) = book.by_order() {
            events.push(Event::Order(self.order(id, OrderAction::Clear, Side::Buy, Ticks(0), 0, Lots(0))));
            for side in Side::BOTH {
                for level in book.levels(side) {
                    for (MarketOrderId(order), resting) in orders.queue(side, level.price) {
                        let add = self.order(id, OrderAction::Add, side, resting.price, order, resting.size);
                        events.push(Event::Order(add));
                    }
                }
            }
        }
        if book.by_order().is_none() || book.implied().is_some() {
            events.push(Event::Level(self.level(id, LevelAction::Clear, Side::Buy, None, Flags::NONE)));
        }
        for side in Side::BOTH {
            if book.by_order().is_none() {
                for level in book.levels(side) {
                    events.push(Event::Level(self.level(
                        id,
                        LevelAction::Set,
                        side,
                        Some(level),
                        Flags::NONE,
                    )));
                }
            }
            for level in book.implied().into_iter().flat_map(|implied| implied.levels(side)) {
                events.push(Event::Level(self.level(
                    id,
                    LevelAction::Set,
                    side,
                    Some(level),
                    Flags::IMPLIED,
                )));
            }
        }
        if let Some(last) = events.last_mut() {
            last.mark(end);
        }
        events.into_iter().for_each(push);
    }

    fn order(
        &self,
        instrument: InstrumentId,
        action: OrderAction,
        side: Side,
        price: Ticks,
        order: u64,
        size: Lots,
    ) -> OrderDelta {
        let (venue_at, flags) = (self.venue_at, Flags::SNAPSHOT);
        OrderDelta { venue_at, order: MarketOrderId(order), price, size, instrument, side, action, flags }
    }

    fn level(
        &self,
        instrument: InstrumentId,
        action: LevelAction,
        side: Side,
        level: Option<book::Level>,
        flags: Flags,
    ) -> LevelDelta {
        let (price, size, orders) = level.map_or((Ticks(0), Lots(0), 0), |l| (l.price, l.size, l.orders));
        let flags = flags.with(Flags::SNAPSHOT);
        LevelDelta { venue_at: self.venue_at, price, size, orders, instrument, side, action, depth: 0, flags }
    }
}
