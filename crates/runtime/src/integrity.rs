//! Whether a recording can be believed: gaps, clocks that run backwards, crossed books, duplicates, and changes of what
//! is not there; for each instrument and for the recording.
//!
//! Bounded: of everything the first [`KEPT`] are kept with their place in time, all are counted. Never mends anything.
//!
//! | counted | when |
//! |---|---|
//! | gap | the feed says that something is missing |
//! | joined late | the feed says so of an instrument of which nothing had come: the recording starts behind its start, which is no damage |
//! | venue time backwards | an event that is no part of a snapshot is stamped before an earlier one of its instrument |
//! | receive time backwards | an event was received before the one recorded before it |
//! | crossed span | from the packet that crosses a book to the one that ends it, unless trading is not open: those apart |
//! | locked | packets that leave bid equal to ask, which is legal |
//! | duplicate | an order added under an id that stands; a trade with the number of the one before; a level set to what it is |
//! | unknown | a change of an order or level that does not stand, in a book that is not stale |
//! | fault | what could not be read |

use book::{Book, Counts, State};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use types::{Arrival, Event, Flags, Gap, Instrument, InstrumentId, LevelAction, LevelDelta, Nanos, Phase};
use venues::Fault;

/// Of each kind of trouble, so many are kept with their place.
pub const KEPT: usize = 20;

/// Things of one kind: how many, and the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Few<T> {
    /// How many in all.
    pub count: u64,
    /// The first [`KEPT`].
    pub first: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Few<T> {
    fn note(&mut self, one: T) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(one);
        }
    }
}

/// Something missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The venue's time of what showed it.
    pub venue_at: Nanos,
    /// The number that was due.
    pub expected: u64,
    /// The one that came.
    pub received: u64,
}

/// A clock that ran backwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backwards {
    /// Each time: the moment it fell to, and by how much.
    pub steps: Few<(Nanos, Nanos)>,
    /// By how much at most.
    pub largest: Nanos,
}

impl Backwards {
    fn note(&mut self, to: Nanos, from: Nanos) {
        self.steps.note((to, from - to));
        self.largest = self.largest.max(from - to);
    }
}

/// Times in which a book was crossed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spans {
    /// From and to, in venue time. One that lasts to the end of the recording ends there.
    pub spans: Few<(Nanos, Nanos)>,
    /// The longest.
    pub longest: Nanos,
}

impl Spans {
    fn note(&mut self, from: Nanos, to: Nanos) {
        self.spans.note((from, to));
        self.longest = self.longest.max(to - from);
    }
}

/// What happened more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Orders added under an id that stood.
    pub orders: u64,
    /// Trades with the number of the trade before.
    pub trades: u64,
    /// Levels set to what they were.
    pub levels: u64,
}

/// What one instrument went through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InstrumentIntegrity {
    /// Events by kind.
    pub events: BTreeMap<&'static str, u64>,
    /// Gaps that name it. Those of the whole feed are the recording's.
    pub gaps: Few<Missing>,
    /// How often it was joined after its start, with a book that nobody knew.
    pub joined_late: u64,
    /// Its venue's clock.
    pub venue_backwards: Backwards,
    /// Crossed while trading was open.
    pub crossed: Spans,
    /// Crossed while it was not, which is legal.
    pub crossed_closed: Spans,
    /// Packets that left it locked.
    pub locked: u64,
    /// What came twice.
    pub duplicates: Duplicates,
    /// Changes of orders and levels that were not there.
    pub unknown: u64,
    /// Sizes that cannot be, and reductions by more than there was.
    pub impossible: u64,
}

/// What one recording went through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Integrity {
    /// Events by kind.
    pub events: BTreeMap<&'static str, u64>,
    /// Gaps of the whole feed.
    pub gaps: Few<Missing>,
    /// The recorder's clock.
    pub receive_backwards: Backwards,
    /// What could not be read.
    pub faults: Few<String>,
    /// Names and figures of each instrument.
    pub instruments: Vec<(String, InstrumentIntegrity)>,
}

impl Integrity {
    /// Each kind of trouble, and how much of it there is in all.
    #[must_use]
    pub fn troubles(&self) -> Vec<(&'static str, u64)> {
        let sum =
            |of: fn(&InstrumentIntegrity) -> u64| self.instruments.iter().map(|(_, i)| of(i)).sum::<u64>();
        vec![
            ("gaps", self.gaps.count + sum(|i| i.gaps.count)),
            ("venue time backwards", sum(|i| i.venue_backwards.steps.count)),
            ("receive time backwards", self.receive_backwards.steps.count),
            ("crossed spans", sum(|i| i.crossed.spans.count)),
            ("orders added twice", sum(|i| i.duplicates.orders)),
            ("trades repeated", sum(|i| i.duplicates.trades)),
            ("levels set to what they were", sum(|i| i.duplicates.levels)),
            ("changes of what is not there", sum(|i| i.unknown)),
            ("impossible sizes", sum(|i| i.impossible)),
            ("faults", self.faults.count),
        ]
    }

    /// Whether there is no trouble at all.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.troubles().iter().all(|(_, count)| *count == 0)
    }

    /// All of it, for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let instruments: BTreeMap<&str, &InstrumentIntegrity> =
            self.instruments.iter().map(|(name, figures)| (name.as_str(), figures)).collect();
        json!({
            "clean": self.is_clean(),
            "totals": self.troubles().into_iter().collect::<BTreeMap<_, _>>(),
            "events": self.events,
            "feed_gaps": self.gaps,
            "receive_backwards": self.receive_backwards,
            "faults": self.faults,
            "instruments": instruments,
        })
    }
}

/// Watches recordings go by. Books stand from one recording to the next; figures are of one.
#[derive(Debug)]
pub struct Review {
    names: Vec<String>,
    books: Vec<Book>,
    tracks: Vec<Track>,
    found: Integrity,
    received_at: Option<Nanos>,
    touched: Vec<usize>,
}

#[derive(Debug, Default)]
struct Track {
    found: InstrumentIntegrity,
    /// What the book had counted when the recording began.
    counted: Counts,
    /// Whether anything of its book has come, or been said to be missing.
    begun: bool,
    /// Changes of what does not stand in a book that was stale: there it is no wonder.
    unknown_stale: u64,
    venue_at: Option<Nanos>,
    last_trade: u64,
    /// Since when it is crossed, and whether that is legal.
    crossed: Option<(Nanos, bool)>,
}

impl Review {
    /// A review of recordings of these instruments.
    #[must_use]
    pub fn new(instruments: &[Instrument]) -> Self {
        let name = |i: &Instrument| format!("{}/{}", i.terms().venue, i.terms().symbol);
        Self {
            names: instruments.iter().map(name).collect(),
            books: instruments.iter().map(Book::of).collect(),
            tracks: instruments.iter().map(|_| Track::default()).collect(),
            found: Integrity::default(),
            received_at: None,
            touched: Vec::new(),
        }
    }

    /// Takes what could not be read.
    pub fn note_faults(&mut self, faults: &[Fault]) {
        for fault in faults {
            self.found.faults.note(fault.to_string());
        }
    }

    /// Takes the next event.
    pub fn note(&mut self, arrival: &Arrival) {
        self.note_with(arrival, |_, _, _| {});
    }

    /// Takes the next event; `consistent` hears of each book that its packet changed, when it is whole.
    pub fn note_with(&mut self, arrival: &Arrival, mut consistent: impl FnMut(usize, &Book, Nanos)) {
        let event = &arrival.event;
        *self.found.events.entry(event.kind()).or_default() += 1;
        if let Some(before) = self.received_at
            && arrival.received_at < before
        {
            self.found.receive_backwards.note(arrival.received_at, before);
        }
        self.received_at = Some(arrival.received_at);
        if let Some(id) = event.instrument() {
            self.tracks[id.index()].note(event);
        }
        match event {
            Event::Level(delta) => {
                let row = delta.instrument.index();
                let book = &mut self.books[row];
                self.tracks[row].found.duplicates.levels += u64::from(is_repeated(book, delta));
                self.tracks[row].apply(book, |book| _ = book.apply_level(delta));
                self.touch(row);
            }
            Event::Order(delta) => {
                let row = delta.instrument.index();
                self.tracks[row].apply(&mut self.books[row], |book| _ = book.apply_order(delta));
                self.touch(row);
            }
            Event::Gap(gap) => self.gap(gap),
            Event::Status(status) => {
                self.phase(status.instrument.map(|id| id.index()), status.venue_at, status.phase)
            }
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
            | Event::Bar { .. } => return,
        }
        if event.flags().has(Flags::LAST)
            && let Some(venue_at) = event.venue_at()
        {
            for row in self.touched.drain(..) {
                let book = &self.books[row];
                self.tracks[row].look(book, venue_at);
                consistent(row, book, venue_at);
            }
        }
    }

    /// The book as it stands.
    #[must_use]
    pub fn book(&self, id: InstrumentId) -> &Book {
        &self.books[id.index()]
    }

    fn touch(&mut self, row: usize) {
        if !self.touched.contains(&row) {
            self.touched.push(row);
        }
    }

    fn gap(&mut self, gap: &Gap) {
        let missing = Missing { venue_at: gap.venue_at, expected: gap.expected, received: gap.received };
        match gap.instrument {
            Some(id) => {
                let track = &mut self.tracks[id.index()];
                // Told twice before anything of its book came, something is missing between the two.
                if std::mem::replace(&mut track.begun, true) {
                    track.found.gaps.note(missing);
                } else {
                    track.found.joined_late += 1;
                }
                self.books[id.index()].on_gap();
                self.tracks[id.index()].look(&self.books[id.index()], gap.venue_at);
            }
            None => {
                self.found.gaps.note(missing);
                for (book, track) in self.books.iter_mut().zip(&mut self.tracks) {
                    book.on_gap();
                    track.look(book, gap.venue_at);
                }
            }
        }
    }

    /// What is crossed through an opening is legal before it and not behind it.
    fn phase(&mut self, row: Option<usize>, venue_at: Nanos, phase: Phase) {
        let rows = row.map_or(0..self.books.len(), |row| row..row + 1);
        for row in rows {
            self.books[row].on_phase(phase);
            self.tracks[row].look(&self.books[row], venue_at);
        }
    }

    /// The figures of the recording that ends here.
    pub fn finish(&mut self) -> Integrity {
        let mut found = std::mem::take(&mut self.found);
        self.received_at = None;
        for ((track, book), name) in self.tracks.iter_mut().zip(&self.books).zip(&self.names) {
            track.end(book);
            found.instruments.push((name.clone(), std::mem::take(&mut track.found)));
        }
        found
    }
}

/// A book that turned from levels to orders starts counting again.
fn since(now: u64, before: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

/// The level stands as it is told to stand. Parts of snapshots repeat by right.
fn is_repeated(book: &Book, delta: &LevelDelta) -> bool {
    delta.action == LevelAction::Set
        && delta.size.0 > 0
        && !delta.flags.has(Flags::SNAPSHOT)
        && !delta.flags.has(Flags::IMPLIED)
        && book.by_order().is_none()
        && book.size_at(delta.side, delta.price) == delta.size
        && book.levels(delta.side).any(|level| level.price == delta.price && level.orders == delta.orders)
}

impl Track {
    fn note(&mut self, event: &Event) {
        *self.found.events.entry(event.kind()).or_default() += 1;
        if let Event::Trade(trade) = event {
            self.found.duplicates.trades += u64::from(trade.id != 0 && trade.id == self.last_trade);
            self.last_trade = trade.id;
        }
        // A snapshot tells of the past; a bar is stamped with its start and told at its end.
        if event.flags().has(Flags::SNAPSHOT) || matches!(event, Event::Bar { .. }) {
            return;
        }
        if let Some(at) = event.venue_at() {
            match self.venue_at {
                Some(latest) if at < latest => self.found.venue_backwards.note(at, latest),
                Some(_) | None => self.venue_at = Some(at),
            }
        }
    }

    fn apply(&mut self, book: &mut Book, change: impl FnOnce(&mut Book)) {
        self.begun = true;
        let before = (book.state() == State::Stale).then(|| book.counts().unknown);
        change(book);
        self.unknown_stale += before.map_or(0, |before| since(book.counts().unknown, before));
    }

    /// The book is consistent.
    fn look(&mut self, book: &Book, venue_at: Nanos) {
        let now = match book.state() {
            State::Crossed { .. } => Some(!book.is_suspect()),
            State::Building | State::Live | State::Stale => None,
        };
        self.found.locked += u64::from(book.is_live() && book.is_locked());
        match (self.crossed, now) {
            (None, None) => {}
            (None, Some(legal)) => self.crossed = Some((venue_at, legal)),
            (Some((_, before)), Some(legal)) if before == legal => {}
            (Some((from, legal)), _) => {
                self.crossed_span(from, venue_at, legal);
                self.crossed = now.map(|legal| (venue_at, legal));
            }
        }
    }

    fn crossed_span(&mut self, from: Nanos, to: Nanos, legal: bool) {
        let spans = if legal { &mut self.found.crossed_closed } else { &mut self.found.crossed };
        spans.note(from, to.max(from));
    }

    fn end(&mut self, book: &Book) {
        if let Some((from, legal)) = self.crossed {
            let to = self.venue_at.unwrap_or(from);
            self.crossed_span(from, to, legal);
            self.crossed = Some((to, legal));
        }
        let counts = book.counts();
        let before = std::mem::replace(&mut self.counted, counts);
        self.found.duplicates.orders = since(counts.duplicate, before.duplicate);
        let stale = std::mem::take(&mut self.unknown_stale);
        self.found.unknown = since(counts.unknown, before.unknown).saturating_sub(stale);
        self.found.impossible = since(counts.refused, before.refused) + since(counts.excess, before.excess);
        self.venue_at = None;
        self.last_trade = 0;
    }
}
