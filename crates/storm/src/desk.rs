//! The process under test: the shipped decoder, books' doubts, engine and journal, wired as a live process wires them.
//!
//! Owns one life of the process. What must survive it is on the disk and nowhere else: the next life is made from what
//! can be read there.

use crate::disk::Disk;
use crate::firm::Firm;
use crate::market::Market;
use crate::plant::Plant;
use book::{Book, Change, Doubts};
use engine::Engine;
use journal::{Inline, JournalError, Reader};
use sim::market::{Line, destination};
use sim::network::Delivery;
use std::collections::BTreeMap;
use types::record::Record;
use types::{Command, Event, Gap, Input, InstrumentId, Nanos, Seq, Timer};
use venues::cme::{Decoder, Doubt, Role};
use venues::{Directory, Output};

/// Records in a block of the journal: few, so that answers to one input may lie in two.
const BLOCK_RECORDS: usize = 48;

/// One life; see the module.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    journal: Inline,
    seq: Seq,
    last_at: Nanos,
    /// The number of the session's next report, from 0.
    pub(crate) next_report: usize,
    timers: BTreeMap<(Nanos, u64), Timer>,
    timers_set: u64,
    decoder: Decoder,
    directory: Directory,
    out: Output,
    /// The edge's own books, to doubt by.
    books: Vec<Book>,
    doubts: Doubts,
    /// Through which packets the snapshots that came knew the incremental feed.
    pub(crate) ahead: Vec<u32>,
    /// Inputs since the last commit.
    pub(crate) uncommitted: usize,
    /// Commands that wait for it.
    pub(crate) waiting: Vec<Command>,
    commands: Vec<Command>,
    plant: Option<Plant>,
}

/// The engine's state, and the number of the first input that it does not know.
pub(crate) struct Snapshot {
    next: Seq,
    state: Vec<u8>,
}

/// What a new life found on the disk.
pub(crate) struct Found {
    /// How many commands for a venue stand in the journal, in order.
    pub(crate) commands: Vec<Command>,
    pub(crate) records: u64,
    /// What was wrong with the disk, if a person had to restore it.
    pub(crate) restored: Option<String>,
}

/// Why a new life cannot begin, or must not.
pub(crate) enum Stillborn {
    /// What the journal says, the engine does not repeat.
    Repeats(String),
    /// What was acknowledged is not there, and nothing says so.
    Lost(String),
}

impl Desk {
    /// The first life.
    pub(crate) fn first(
        firm: &Firm,
        market: &Market,
        disk: &Disk,
        now: Nanos,
        plant: Option<Plant>,
    ) -> Result<Self, JournalError> {
        let sink = Box::new(crate::plant::sink(disk, plant));
        let journal = Inline::begin(sink, b"storm", BLOCK_RECORDS)?;
        Ok(Self::over(firm, market, now, journal, plant))
    }

    fn over(firm: &Firm, market: &Market, now: Nanos, journal: Inline, plant: Option<Plant>) -> Self {
        let (decoder, directory) = market.decoder();
        let mut desk = Self {
            engine: firm.engine(),
            journal,
            seq: Seq(0),
            last_at: Nanos::MIN,
            next_report: 0,
            timers: BTreeMap::new(),
            timers_set: 0,
            decoder,
            directory,
            out: Output::default(),
            books: market.instruments.iter().map(Book::of).collect(),
            doubts: Doubts::new(Nanos::from_millis(1)),
            ahead: Vec::new(),
            uncommitted: 0,
            waiting: Vec::new(),
            commands: Vec::new(),
            plant,
        };
        for bytes in market.definitions(now) {
            let line = destination(Role::Definitions, Line::A);
            desk.decoder.packet(now, line, &bytes, 0, &mut desk.directory, &mut desk.out);
        }
        desk.out.clear();
        desk
    }

    /// A life after another: replays what stands on the disk. `acknowledged` records must be there: that many the last
    /// life was told are safe, and somebody else keeps the number.
    pub(crate) fn again(
        firm: &Firm,
        market: &Market,
        disk: &Disk,
        now: Nanos,
        (acknowledged, snapshot): (u64, Option<&Snapshot>),
        plant: Option<Plant>,
    ) -> Result<(Self, Found), Stillborn> {
        let mut restored = None;
        let (reader, records) = match read(disk) {
            Ok((reader, records)) if records.len() as u64 >= acknowledged => (reader, records),
            other => {
                restored = Some(match other {
                    Ok((_, records)) => format!("{} of {acknowledged} records are there", records.len()),
                    Err(error) => error.to_string(),
                });
                disk.restore();
                read(disk).map_err(|error| Stillborn::Lost(format!("the copy is damaged too: {error}")))?
            }
        };
        if (records.len() as u64) < acknowledged {
            return Err(Stillborn::Lost(format!("{} of {acknowledged} records are there", records.len())));
        }
        let length = usize::try_from(reader.summary().bytes).expect("it is in memory");
        disk.cut(length);
        let sink = Box::new(crate::plant::sink(disk, plant));
        let mut desk = Self::over(firm, market, now, Inline::go_on(sink, &reader, BLOCK_RECORDS), plant);
        let mut found = Found { commands: Vec::new(), records: records.len() as u64, restored };
        let from = match snapshot {
            None => Seq(0),
            Some(Snapshot { next, state }) => {
                let restored = desk.engine.restore(state);
                restored.map_err(|error| Stillborn::Repeats(format!("the snapshot is none: {error}")))?;
                *next
            }
        };
        desk.replay(&records, from, &mut found)?;
        Ok((desk, found))
    }

    /// The state between two inputs, where everything is on the disk.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        let mut state = Vec::new();
        self.engine.save(&mut state).ok()?;
        Some(Snapshot { next: self.seq, state })
    }

    /// Steps on the inputs from `from` on: the state knows those before. The edge's own counts are made of all.
    fn replay(&mut self, records: &[Record], from: Seq, found: &mut Found) -> Result<(), Stillborn> {
        let mut due = Vec::new();
        let mut at = 0;
        for record in records {
            match record {
                Record::Input(input) => {
                    if let Some(missing) = due.get(at) {
                        return Err(Stillborn::Repeats(format!("{missing:?} is not in the journal")));
                    }
                    due.clear();
                    at = 0;
                    if input.seq >= from {
                        crate::plant::step(self.plant, &mut self.engine, input, &mut due);
                    }
                    (self.seq, self.last_at) = (input.seq.next(), input.received_at);
                    self.note(&input.event);
                }
                Record::Command { seq, command, .. } => {
                    if *seq >= from && due.get(at) != Some(command) {
                        let again = due.get(at);
                        return Err(Stillborn::Repeats(format!(
                            "input {}: {command:?}, now {again:?}",
                            seq.0
                        )));
                    }
                    at += usize::from(*seq >= from);
                    self.wake(command);
                    found.commands.push(*command);
                }
            }
        }
        // The block ended between the answers to the last input: the rest was never sent.
        for command in due.drain(..).skip(at) {
            let seq = Seq(self.seq.0.wrapping_sub(1));
            self.journal.append(&Record::Command { seq, at: self.last_at, command });
            self.wake(&command);
            self.waiting.push(command);
            self.uncommitted += 1;
        }
        Ok(())
    }

    /// What an input means for the edge's own counts.
    fn note(&mut self, event: &Event) {
        if let Event::Report(_) = event {
            self.next_report += 1;
        }
        if let Event::Timer(timer) = event {
            let set = self.timers.iter().find(|(_, known)| *known == timer).map(|(key, _)| *key);
            set.and_then(|key| self.timers.remove(&key));
        }
    }

    fn wake(&mut self, command: &Command) {
        if let Command::WakeAt { at, timer, strategy } = *command {
            let timer = Timer { due_at: at.max(self.last_at), timer, strategy };
            self.timers.insert((timer.due_at, self.timers_set), timer);
            self.timers_set += 1;
        }
    }

    /// The timer that is due, if one is.
    pub(crate) fn timer_due(&self, read: Nanos) -> Option<Event> {
        let ((at, _), timer) = self.timers.first_key_value()?;
        (*at <= read).then_some(Event::Timer(*timer))
    }

    /// Steps on an event: the input, and the engine's answer.
    pub(crate) fn step(&mut self, read: Nanos, event: Event) -> (Input, &[Command]) {
        self.last_at = self.last_at.max(read);
        let input = Input { seq: self.seq, received_at: self.last_at, event };
        self.seq = self.seq.next();
        self.commands.clear();
        crate::plant::step(self.plant, &mut self.engine, &input, &mut self.commands);
        if self.plant.is_none_or(|plant| plant.keeps(&input)) {
            self.journal.append(&Record::Input(input));
        }
        for at in 0..self.commands.len() {
            let command = self.commands[at];
            self.journal.append(&Record::Command { seq: input.seq, at: input.received_at, command });
            self.wake(&command);
            self.waiting.push(command);
        }
        self.note(&event);
        self.uncommitted += 1;
        (input, &self.commands)
    }

    /// Waits for the disk.
    pub(crate) fn commit(&mut self) -> Result<(), JournalError> {
        self.journal.commit()?;
        self.uncommitted = 0;
        Ok(())
    }

    /// A packet arrives: its events, in their order.
    pub(crate) fn packet(&mut self, read: Nanos, delivery: &Delivery, events: &mut Vec<Event>) {
        let role = crate::market::ROLES[delivery.feed];
        if matches!(role, Role::Snapshot | Role::OrderSnapshot)
            && let Some(knows) = delivery.bytes.get(22..26)
        {
            let knows = u32::from_le_bytes(knows.try_into().expect("four bytes"));
            if !self.ahead.contains(&knows) {
                self.ahead.push(knows);
            }
        }
        let line = destination(role, [Line::A, Line::B][delivery.line]);
        self.decoder.packet(read, line, &delivery.bytes, 0, &mut self.directory, &mut self.out);
        self.take(read, events);
    }

    /// Time passes: what waited too long is given up.
    pub(crate) fn elapse(&mut self, read: Nanos, events: &mut Vec<Event>) {
        self.decoder.elapse(read, &mut self.directory, &mut self.out);
        self.take(read, events);
    }

    /// The number of the last packet of the incremental feed that counts.
    pub(crate) fn position(&self) -> Option<u32> {
        self.decoder.position(destination(Role::Incremental, Line::A))
    }

    /// A new life knows no book.
    pub(crate) fn blind(&mut self, read: Nanos, events: &mut Vec<Event>) {
        self.books.iter_mut().for_each(Book::on_gap);
        events.push(Event::Gap(Gap { venue_at: read, expected: 0, received: 0, instrument: None }));
    }

    /// What the decoder gave, and what it gives for books that are doubted because of it.
    fn take(&mut self, read: Nanos, events: &mut Vec<Event>) {
        let mut doubted = self.apply(events);
        for (product, book) in self.books.iter().enumerate() {
            if self.doubts.at(book, read).is_some() && !doubted.iter().any(|(other, _)| *other == product) {
                doubted.push((product, Doubt::Crossed));
            }
        }
        for (product, why) in doubted {
            let instrument = InstrumentId(u32::try_from(product).expect("a few"));
            self.decoder.doubt(read, instrument, why, &mut self.directory, &mut self.out);
            self.apply(events);
        }
        self.out.clear();
    }

    fn apply(&mut self, events: &mut Vec<Event>) -> Vec<(usize, Doubt)> {
        let mut doubted: Vec<(usize, Doubt)> = Vec::new();
        for arrival in self.out.arrivals.drain(..) {
            let changed = match arrival.event {
                Event::Level(delta) => {
                    let row = delta.instrument.index();
                    Some((row, self.books[row].apply_level(&delta), delta.venue_at))
                }
                Event::Order(delta) => {
                    let row = delta.instrument.index();
                    Some((row, self.books[row].apply_order(&delta), delta.venue_at))
                }
                Event::Gap(gap) => {
                    let books = self.books.iter_mut().enumerate();
                    let hit = books.filter(|(row, _)| gap.instrument.is_none_or(|id| id.index() == *row));
                    hit.for_each(|(_, book)| book.on_gap());
                    None
                }
                Event::Status(status) => {
                    let books = self.books.iter_mut().enumerate();
                    let hit = books.filter(|(row, _)| status.instrument.is_none_or(|id| id.index() == *row));
                    hit.for_each(|(_, book)| book.on_phase(status.phase));
                    None
                }
                Event::Trade(_)
                | Event::Report(_)
                | Event::Timer(_)
                | Event::Operator(_)
                | Event::Cash(_)
                | Event::Statistic(_)
                | Event::QuoteRequest(_)
                | Event::TradeBust(_)
                | Event::Bar { .. }
                | Event::Session(_)
                | Event::DropCopy(_)
                | Event::Clock(_) => None,
            };
            if let Some((row, change, at)) = changed
                && let Some(why) = why(&self.doubts, &self.books[row], change, at)
                && !doubted.iter().any(|(other, _)| *other == row)
            {
                doubted.push((row, why));
            }
            if self.plant.is_none_or(|plant| plant.tells(&arrival.event)) {
                events.push(arrival.event);
            }
        }
        doubted
    }
}

fn why(doubts: &Doubts, book: &Book, change: Change, at: Nanos) -> Option<Doubt> {
    doubts.after(book, change, at).map(|doubt| match doubt {
        book::Doubt::Crossed => Doubt::Crossed,
        book::Doubt::Unknown => Doubt::Unknown,
    })
}

/// All that can be believed of what stands on the disk.
fn read(disk: &Disk) -> Result<(Reader, Vec<Record>), JournalError> {
    let mut reader = Reader::from_bytes(disk.read())?;
    let (mut all, mut block) = (Vec::new(), Vec::new());
    while reader.next_block(&mut block)? {
        all.append(&mut block);
    }
    Ok((reader, all))
}
