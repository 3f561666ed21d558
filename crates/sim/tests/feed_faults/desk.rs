//! What receives: the shipped decoder, books, and whoever doubts them. After every call each book that says it is live
//! is held against the truth.

use crate::common::instruments;
use crate::session::{Picture, Session};
use book::{Book, Change, Doubts};
use sim::market::{Line, destination};
use std::collections::BTreeMap;
use types::{Event, Nanos, Side};
use venues::cme::{Decoder, Doubt, Feed, Role};
use venues::{Directory, Output};

pub(crate) const ROLES: [Role; 4] =
    [Role::Incremental, Role::Snapshot, Role::OrderSnapshot, Role::Definitions];

pub(crate) fn place(role: Role) -> usize {
    ROLES.iter().position(|known| *known == role).expect("all are listed")
}

pub(crate) fn feeds() -> Vec<Feed> {
    let lines = |role| vec![destination(role, Line::A), destination(role, Line::B)];
    ROLES.map(|role| Feed { channel: 310, role, lines: lines(role) }).into()
}

pub(crate) struct Desk {
    pub(crate) decoder: Decoder,
    pub(crate) directory: Directory,
    pub(crate) out: Output,
    pub(crate) books: Vec<Book>,
    doubts: Doubts,
    /// Which numbering the incremental feed is in, and its last number.
    numbering: usize,
    last: Option<u32>,
    /// Through which packets the snapshots that came knew the incremental feed.
    ahead: Vec<u32>,
    /// Whose book must be looked at.
    touched: Vec<bool>,
    /// For messages: seed of the run.
    pub(crate) said: String,
    /// How often a live book was held against the truth.
    pub(crate) compared: u64,
    pub(crate) gaps: u64,
    pub(crate) faults: u64,
    pub(crate) doubted: u64,
    pub(crate) trades: u64,
}

impl Desk {
    pub(crate) fn new(session: &Session, said: String) -> Self {
        Self::knowing(session, session.products.len(), said)
    }

    /// Of the session's products only the first few are in the run.
    pub(crate) fn knowing(session: &Session, count: usize, said: String) -> Self {
        let products = &session.products[..count];
        let wire_ticks: Vec<i64> = products.iter().map(|product| product.wire_tick_nanos).collect();
        let instruments = instruments(products);
        Self {
            decoder: Decoder::with_feeds(&feeds()),
            directory: Directory::run(&instruments, &wire_ticks),
            out: Output::default(),
            books: instruments.iter().map(Book::of).collect(),
            doubts: Doubts::new(Nanos::from_millis(1)),
            numbering: 0,
            last: None,
            ahead: Vec::new(),
            touched: vec![false; count],
            said,
            compared: 0,
            gaps: 0,
            faults: 0,
            doubted: 0,
            trades: 0,
        }
    }

    pub(crate) fn packet(&mut self, session: &Session, at: Nanos, role: Role, line: usize, bytes: &[u8]) {
        if matches!(role, Role::Snapshot | Role::OrderSnapshot)
            && let Some(knows) = bytes.get(22..26)
        {
            let knows = u32::from_le_bytes(knows.try_into().expect("four bytes"));
            if !self.ahead.contains(&knows) {
                self.ahead.push(knows);
            }
        }
        let line = [Line::A, Line::B][line];
        let destination = destination(role, line);
        self.decoder.packet(at, destination, bytes, 0, &mut self.directory, &mut self.out);
        self.after(session, at);
    }

    pub(crate) fn elapse(&mut self, session: &Session, now: Nanos) {
        self.decoder.elapse(now, &mut self.directory, &mut self.out);
        self.after(session, now);
    }

    /// Takes in what the call gave, asks for what is doubted, and compares.
    fn after(&mut self, session: &Session, now: Nanos) {
        let mut doubted = self.apply();
        for (product, book) in self.books.iter().enumerate() {
            if self.doubts.at(book, now).is_some() && !doubted.iter().any(|(other, _)| *other == product) {
                doubted.push((product, Doubt::Crossed));
            }
        }
        for (product, why) in doubted {
            self.doubted += 1;
            let instrument = types::InstrumentId(u32::try_from(product).expect("a few"));
            self.decoder.doubt(now, instrument, why, &mut self.directory, &mut self.out);
            self.apply();
        }
        self.faults += self.out.faults.len() as u64;
        self.out.clear();
        self.compare(session);
    }

    fn apply(&mut self) -> Vec<(usize, Doubt)> {
        let mut doubted = Vec::new();
        for arrival in self.out.arrivals.drain(..) {
            let mut changed = |product: usize, change: Change, book: &Book, at: Nanos| {
                self.touched[product] = true;
                let why = match self.doubts.after(book, change, at) {
                    Some(book::Doubt::Crossed) => Doubt::Crossed,
                    Some(book::Doubt::Unknown) => Doubt::Unknown,
                    None => return,
                };
                if !doubted.iter().any(|(other, _)| *other == product) {
                    doubted.push((product, why));
                }
            };
            match arrival.event {
                Event::Level(delta) => {
                    let book = &mut self.books[delta.instrument.index()];
                    let change = book.apply_level(&delta);
                    changed(delta.instrument.index(), change, book, delta.venue_at);
                }
                Event::Order(delta) => {
                    let book = &mut self.books[delta.instrument.index()];
                    let change = book.apply_order(&delta);
                    changed(delta.instrument.index(), change, book, delta.venue_at);
                }
                Event::Gap(gap) => {
                    self.gaps += 1;
                    for (product, book) in self.books.iter_mut().enumerate() {
                        if gap.instrument.is_none_or(|instrument| instrument.index() == product) {
                            book.on_gap();
                        }
                    }
                }
                Event::Status(status) => {
                    if let Some(instrument) = status.instrument {
                        self.books[instrument.index()].on_phase(status.phase);
                    }
                }
                Event::Trade(_) => self.trades += 1,
                Event::Report(_)
                | Event::Timer(_)
                | Event::Operator(_)
                | Event::Cash(_)
                | Event::Session(_)
                | Event::DropCopy(_)
                | Event::Clock(_)
                | Event::Statistic(_)
                | Event::QuoteRequest(_)
                | Event::TradeBust(_)
                | Event::Bar { .. } => {}
            }
        }
        doubted
    }

    fn compare(&mut self, session: &Session) {
        let position = self.decoder.position(destination(Role::Incremental, Line::A));
        if position != self.last {
            if let (Some(before), Some(now)) = (self.last, position)
                && now.wrapping_sub(before).cast_signed() < 0
            {
                self.numbering += 1;
            }
            self.last = position;
            self.touched.fill(true);
        }
        let Some(position) = position else {
            assert!(
                self.books.iter().all(|book| !book.is_live()),
                "{}: live before anything came",
                self.said
            );
            return;
        };
        let packets = session.packets_through(self.numbering, position);
        for product in 0..self.books.len() {
            if !std::mem::take(&mut self.touched[product]) || !self.books[product].is_live() {
                continue;
            }
            let Some(truth) = session.truth(product, packets) else {
                // In the middle of an event: looked at when it is over.
                self.touched[product] = true;
                continue;
            };
            self.compared += 1;
            if is(&self.books[product], truth) {
                continue;
            }
            let book = &self.books[product];
            let ahead = self.ahead.iter().filter(|knows| knows.wrapping_sub(position).cast_signed() > 0);
            let mut later = ahead.map(|knows| session.packets_through(self.numbering, *knows));
            let told =
                later.any(|packets| session.truth(product, packets).is_some_and(|truth| is(book, truth)));
            assert!(
                told,
                "{}: product {product} is live and wrong after packet {position}, by order {}\nbook  {:?}\ntruth {:?}",
                self.said,
                book.by_order().is_some(),
                Side::BOTH.map(|side| book.levels(side).take(10).collect::<Vec<_>>()),
                truth.levels,
            );
        }
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.counts().get(name).copied().unwrap_or(0)
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.decoder.counts().into_iter().collect()
    }

    pub(crate) fn all_live(&self) -> bool {
        self.books.iter().all(Book::is_live)
    }
}

/// Whether the book is the true one: every level, and every order where it knows them.
pub(crate) fn is(book: &Book, truth: &Picture) -> bool {
    Side::BOTH.iter().all(|&side| {
        let levels = &truth.levels[side.index()];
        match book.by_order() {
            None => book.levels(side).eq(levels.iter().copied()),
            Some(orders) => {
                let queues = book.levels(side).flat_map(|level| orders.queue(side, level.price));
                let queues = queues.map(|(id, order)| (order.price, id, order.size.0));
                book.levels(side).take(10).eq(levels.iter().copied())
                    && queues.eq(truth.orders[side.index()].iter().copied())
            }
        }
    })
}
