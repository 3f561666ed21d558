//! The live loop: what happened comes in, is journalled, answered, and answered aloud only when the journal has it.
//!
//! ```text
//!  gateway ──Input──▶ numbered, stamped ──▶ journal ──▶ Engine::step ──▶ journal ──▶ held ──(written?)──▶ gateway
//!                          ▲                                               │
//!                          └── timers that are due, gaps of time ──────────┘ snapshots, now and then
//! ```
//!
//! **A restart** ([`Desk::open`]) takes the newest snapshot and the records behind it, and goes on with the same journal. It
//! sends nothing again. What an order became that was under way nobody here knows: every session counts as broken from
//! the last input on, every book as stale, and both are inputs in the journal like any other. Whoever carries commands says
//! when a session stands again; then the engine asks.
//!
//! **Time** is what inputs are stamped with, and never goes back: an input stamped earlier than the one before it gets that
//! one's time. A silence of the stamps longer than [`Terms::gap_after`], or a process that was put aside so long
//! ([`Desk::on_pause`]), is a gap of everything: nobody heard the market meanwhile. A gateway with nothing to say moves time
//! on by saying what its clock shows ([`types::Clock`]).
//!
//! Never reads a clock, a socket or a pipe: bytes are its caller's.

use crate::poison::{self, Poison};
use crate::replay::ReplayError;
use crate::restart::{Make, Restarted, restart};
use crate::setup::{Setup, SetupError};
use crate::snapshot::{Cadence, Edge, Place, Snapshot, Store};
use crate::timers::AT_ONCE;
use engine::{Engine, StateError};
use journal::{JournalError, Options, Writer};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use types::record::Record;
use types::{
    Clock, ClockState, Command, Event, Gap, Input, Nanos, Seq, Session, SessionChange, Timer, VenueId, Venues,
};

/// What a desk is told besides its setup.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How the journal is written.
    pub journal: Options,
    /// How often there are snapshots; `None`: never.
    pub snapshots: Option<Cadence>,
    /// A silence of stamps longer than this is a gap.
    pub gap_after: Nanos,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            // A block is handed over behind each batch; the thread that writes looks often, for an order waits for it.
            journal: Options { poll: Duration::from_micros(20), ..Options::default() },
            snapshots: Some(Cadence::default()),
            gap_after: Nanos::from_secs(1),
        }
    }
}

/// Why a desk cannot start, or has to stop.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Its setup names what this program does not have.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Its journal cannot be run again.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Its journal cannot be written: nothing more is released.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// This program answers otherwise than the journal says: it must not go on with it.
    #[error("this program answers input {} otherwise than the journal says it was answered; `quoin verify` shows how", .0.0)]
    Diverges(Seq),
    /// An input broke the core.
    #[error(transparent)]
    Poison(#[from] Box<Poison>),
    /// The folder cannot be used.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A strategy turns in a circle.
    #[error("strategy {} sets timers for the moment it is in, over and over", .0.0)]
    Runaway(types::StrategyId),
}

/// What a desk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Inputs taken in, its own among them.
    pub inputs: u64,
    /// Commands for others: released or held.
    pub commands: u64,
    /// Stamps that were earlier than the one before.
    pub stamps_back: u64,
    /// Gaps of time.
    pub gaps: u64,
    /// Snapshots that are on the disk.
    pub snapshots: u64,
    /// Snapshots that the disk did not take; the ones before stand.
    pub snapshots_failed: u64,
}

/// The loop's state; see the module.
pub struct Desk {
    engine: Engine,
    journal: Writer,
    edge: Edge,
    venues: Vec<VenueId>,
    gap_after: Nanos,
    held: VecDeque<Record>,
    answers: Vec<Command>,
    due: Vec<Timer>,
    snapshots: Option<Keeper>,
    counts: Counts,
    stepped_back: bool,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// Whether there is a desk in `dir` to go on with. One that was killed while it wrote the first lines of its journal is none:
/// before those are whole it takes no input and sends nothing, so nothing can be lost. But whatever else is in the folder
/// tells of a longer life.
#[must_use]
pub fn has_begun(dir: &Path) -> bool {
    if !dir.join(journal::layout::FILE_NAME).exists() {
        return false;
    }
    let others = |entry: io::Result<std::fs::DirEntry>| {
        entry.map_or(true, |entry| entry.file_name() != journal::layout::FILE_NAME)
    };
    let alone = std::fs::read_dir(dir).is_ok_and(|mut entries| !entries.any(others));
    !(alone && matches!(journal::Reader::open(dir), Err(JournalError::NoConfiguration { .. })))
}

impl Desk {
    /// The desk of the run in `dir`: goes on with its journal, or begins one with the setup given. Answers with how the
    /// restart went, if it was one.
    ///
    /// # Errors
    /// When neither is there, the journal cannot be run again to the same commands, or the disk refuses.
    pub fn open(
        dir: &Path,
        setup: Option<&Setup>,
        make: Make<'_>,
        terms: Terms,
    ) -> Result<(Self, Option<Restarted>), DeskError> {
        if has_begun(dir) {
            let (desk, restarted) = Self::go_on(dir, make, terms)?;
            return Ok((desk, Some(restarted)));
        }
        let setup = setup.ok_or_else(|| DeskError::Io {
            path: dir.to_owned(),
            error: io::Error::new(
                io::ErrorKind::NotFound,
                "no journal to go on with, and no setup to begin one",
            ),
        })?;
        let config = setup.to_json();
        // What was left of a beginning goes.
        let options = Options { replace: true, ..terms.journal };
        let journal = Writer::create(dir, config.as_bytes(), options)?;
        let config = *blake3::hash(config.as_bytes()).as_bytes();
        let keeper = keeper(dir, terms.snapshots, config, None)?;
        Ok((Self::over(setup, make(setup)?, journal, Edge::default(), keeper, terms.gap_after), None))
    }

    fn go_on(dir: &Path, make: Make<'_>, terms: Terms) -> Result<(Self, Restarted), DeskError> {
        let mut restarted = restart(dir, make, true, &mut Deaf, &mut |_| {})?;
        if let Some(divergence) = restarted.replayed.divergence {
            return Err(DeskError::Diverges(divergence.input.seq));
        }
        let setup = restarted.replayed.setup.clone();
        let engine = std::mem::replace(&mut restarted.replayed.engine, make(&setup)?);
        let edge = std::mem::take(&mut restarted.edge);
        let (journal, _) = Writer::resume(dir, terms.journal)?;
        let config = *blake3::hash(setup_bytes(dir)?.as_slice()).as_bytes();
        let keeper = keeper(dir, terms.snapshots, config, restarted.from)?;
        let mut desk = Self::over(&setup, engine, journal, edge, keeper, terms.gap_after);
        desk.rejoin(&restarted.unwritten)?;
        Ok((desk, restarted))
    }

    fn over(
        setup: &Setup,
        engine: Engine,
        journal: Writer,
        edge: Edge,
        snapshots: Option<Keeper>,
        gap_after: Nanos,
    ) -> Self {
        let names = Venues::new(&setup.instruments);
        let count = u16::try_from(names.names().len()).unwrap_or(u16::MAX);
        Self {
            engine,
            journal,
            edge,
            venues: (0..count).map(VenueId).collect(),
            gap_after,
            held: VecDeque::with_capacity(4_096),
            answers: Vec::with_capacity(256),
            due: Vec::with_capacity(AT_ONCE),
            snapshots,
            counts: Counts::default(),
            stepped_back: false,
        }
    }

    /// Goes on where a process ended. Answers that its journal was cut before are written down and not released: they
    /// were never sent, and the market they were meant for is gone. Then everything counts as unheard of.
    fn rejoin(&mut self, unwritten: &[Command]) -> Result<(), DeskError> {
        let Place { seq, at, records, .. } = self.edge.place();
        if records == 0 {
            return Ok(());
        }
        for &command in unwritten {
            self.journal.append(&Record::Command { seq, at, command });
            self.edge.on_command(command);
        }
        self.lose_touch(at, false)
    }

    /// Nobody has heard anything for a while: sessions count as broken, books as stale. When the sessions are known to
    /// stand all the same, the engine hears that next, and asks what became of its orders.
    fn lose_touch(&mut self, at: Nanos, stand: bool) -> Result<(), DeskError> {
        self.counts.gaps += 1;
        self.take(at, Event::Gap(Gap { venue_at: at, expected: 0, received: 0, instrument: None }))?;
        for row in 0..self.venues.len() {
            let venue = self.venues[row];
            self.take(at, Event::Session(Session { at, venue, change: SessionChange::Disconnected }))?;
            if stand {
                self.take(at, Event::Session(Session { at, venue, change: SessionChange::Connected }))?;
            }
        }
        Ok(())
    }

    /// The process was put aside for longer than a gap, says whoever has a clock.
    ///
    /// # Errors
    /// When an input broke the core.
    pub fn on_pause(&mut self) -> Result<(), DeskError> {
        match self.edge.place() {
            Place { records: 0, .. } => Ok(()),
            Place { at, .. } => self.lose_touch(at, true),
        }
    }

    /// Something happened: journals it and what the engine says to it. What may leave is [released](Self::release).
    ///
    /// # Errors
    /// When it broke the core: then nothing more is taken.
    #[inline]
    pub fn hear(&mut self, stamp: Nanos, event: Event) -> Result<(), DeskError> {
        let last = self.edge.place();
        if last.records > 0 {
            if stamp < last.at {
                self.note_step_back(stamp, last.at)?;
            } else if stamp - last.at > self.gap_after {
                self.lose_touch(stamp, true)?;
            }
        }
        let now = if last.records == 0 { stamp } else { stamp.max(last.at) };
        self.stepped_back &= now == last.at;
        self.fire(now)?;
        self.take(now, event)
    }

    /// Told once for each time the stamps go back: the order of inputs is theirs whatever a clock says.
    #[cold]
    fn note_step_back(&mut self, stamp: Nanos, last: Nanos) -> Result<(), DeskError> {
        self.counts.stamps_back += 1;
        if std::mem::replace(&mut self.stepped_back, true) {
            return Ok(());
        }
        let clock = Clock { wall_at: stamp, divergence: stamp - last, state: ClockState::Stepped };
        self.take(last, Event::Clock(clock))
    }

    /// Fires the timers that are due, so many at a time that what comes in is heard between.
    #[inline]
    fn fire(&mut self, now: Nanos) -> Result<(), DeskError> {
        if self.edge.next_timer_at().is_none_or(|at| at > now) {
            return Ok(());
        }
        let mut due = std::mem::take(&mut self.due);
        due.clear();
        self.edge.due(now, AT_ONCE, &mut due);
        for timer in &due {
            let at = timer.due_at.max(self.edge.place().at);
            self.take(at, Event::Timer(*timer))?;
        }
        self.due = due;
        self.edge.runaway().map_or(Ok(()), |strategy| Err(DeskError::Runaway(strategy)))
    }

    #[inline]
    fn take(&mut self, at: Nanos, event: Event) -> Result<(), DeskError> {
        let input = Input { seq: self.edge.next_seq(), received_at: at, event };
        // First: what breaks the core must be found again.
        self.journal.append(&Record::Input(input));
        self.edge.on_taken(&input);
        self.counts.inputs += 1;
        self.answers.clear();
        if let Err(poison) = poison::step(&mut self.engine, &input, &mut self.answers) {
            self.journal.flush();
            return Err(poison.into());
        }
        for row in 0..self.answers.len() {
            let command = self.answers[row];
            let record = Record::Command { seq: input.seq, at, command };
            self.journal.append(&record);
            self.edge.on_command(command);
            if !matches!(command, Command::WakeAt { .. }) {
                self.counts.commands += 1;
                self.held.push_back(record);
            }
        }
        Ok(())
    }

    /// Hands the journal what it has been given; behind each batch, and when nothing comes.
    #[inline]
    pub fn flush(&mut self) {
        self.journal.flush();
    }

    /// Appends the commands that may leave: those whose input and answers the journal has, as its durability says.
    ///
    /// # Errors
    /// When the journal cannot be written: nothing leaves any more.
    #[inline]
    pub fn release(&mut self, out: &mut Vec<u8>) -> Result<(), DeskError> {
        self.journal.health()?;
        let Some(written) = self.journal.written() else { return Ok(()) };
        while let Some(record) = self.held.front()
            && record.seq() <= written
        {
            out.extend_from_slice(&record.to_bytes());
            self.held.pop_front();
        }
        Ok(())
    }

    /// Whether commands wait for the journal.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes a snapshot when one is due, and sees to those under way: between batches.
    pub fn look_after(&mut self) {
        let Some(keeper) = &mut self.snapshots else { return };
        keeper.hear(&mut self.counts);
        if keeper.is_due(self.edge.place()) {
            keeper.take(&self.edge, &self.engine);
        }
        keeper.hand_on(self.journal.written());
    }

    /// The end, as far as this process goes: everything is written, and one more snapshot kept. With `seal`, the journal is
    /// closed for good; without, the next process goes on with it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn close(mut self, seal: bool, out: &mut Vec<u8>) -> Result<Counts, DeskError> {
        let place = self.edge.place();
        settle(&mut self.journal, (place.records > 0).then_some(place.seq))?;
        self.release(out)?;
        if let Some(mut keeper) = self.snapshots.take() {
            if place.records > 0 {
                keeper.take(&self.edge, &self.engine);
            }
            keeper.finish(&mut self.counts);
        }
        if seal {
            self.journal.finish()?;
        }
        Ok(self.counts)
    }

    /// What it did.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The machine.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where in the journal it is.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.edge.place()
    }
}

/// Waits until the journal has everything it was given, up to an input; `None`: gives the writing thread the rest and asks
/// only whether it fared well.
///
/// # Errors
/// When it could not be written.
pub(crate) fn settle(journal: &mut Writer, last: Option<Seq>) -> Result<(), JournalError> {
    const LOOK: Duration = Duration::from_micros(50);
    journal.flush();
    while journal.written() < last {
        journal.health()?;
        std::thread::sleep(LOOK);
    }
    journal.health()
}

fn setup_bytes(dir: &Path) -> Result<Vec<u8>, JournalError> {
    Ok(journal::Reader::open(dir)?.config().to_vec())
}

struct Deaf;

impl crate::backtest::Observer for Deaf {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

/// A snapshot's file, ready to be written.
type File = (Place, Vec<u8>);

/// Snapshots of a desk: taken between two batches, held until the journal has what they are of, and written on a thread of
/// their own.
struct Keeper {
    cadence: Cadence,
    config: [u8; 32],
    /// The last one that was taken, whatever became of it.
    last: Option<Place>,
    waiting: Option<File>,
    files: Option<SyncSender<File>>,
    done: Receiver<io::Result<()>>,
    thread: Option<JoinHandle<()>>,
    /// Why there are none, if a strategy cannot be saved.
    trouble: Option<StateError>,
}

fn keeper(
    dir: &Path,
    cadence: Option<Cadence>,
    config: [u8; 32],
    last: Option<Place>,
) -> Result<Option<Keeper>, DeskError> {
    let Some(cadence) = cadence else { return Ok(None) };
    let trouble = |error| DeskError::Io { path: dir.join(crate::snapshot::FOLDER_NAME), error };
    let mut store = Store::open(dir, cadence.kept).map_err(trouble)?;
    let (files, inbox) = sync_channel::<File>(1);
    let (told, done) = sync_channel(8);
    let work = move || {
        for (place, bytes) in inbox {
            // Who does not listen any more has no use for it.
            let _ = told.send(store.write(place, &bytes));
        }
    };
    let thread = std::thread::Builder::new().name("snapshots".into()).spawn(work).map_err(trouble)?;
    let (files, thread) = (Some(files), Some(thread));
    Ok(Some(Keeper { cadence, config, last, waiting: None, files, done, thread, trouble: None }))
}

impl Keeper {
    fn is_due(&self, now: Place) -> bool {
        self.trouble.is_none() && self.waiting.is_none() && self.cadence.is_due(self.last, now)
    }

    fn take(&mut self, edge: &Edge, engine: &Engine) {
        match Snapshot::take(self.config, edge, engine) {
            Ok(snapshot) => {
                self.last = Some(snapshot.place);
                self.waiting = Some((snapshot.place, snapshot.to_bytes()));
            }
            Err(error) => self.trouble = Some(error),
        }
    }

    /// A snapshot must not be ahead of its journal.
    fn hand_on(&mut self, written: Option<Seq>) {
        let is_ready = self.waiting.as_ref().is_some_and(|(place, _)| Some(place.seq) <= written);
        if let (true, Some(files), Some(file)) = (is_ready, &self.files, self.waiting.take_if(|_| is_ready))
            && let Err(full) = files.try_send(file)
        {
            self.waiting = Some(match full {
                std::sync::mpsc::TrySendError::Full(file)
                | std::sync::mpsc::TrySendError::Disconnected(file) => file,
            });
        }
    }

    fn hear(&mut self, counts: &mut Counts) {
        loop {
            match self.done.try_recv() {
                Ok(Ok(())) => counts.snapshots += 1,
                Ok(Err(_)) => counts.snapshots_failed += 1,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    /// The journal has everything.
    fn finish(mut self, counts: &mut Counts) {
        if let (Some(files), Some(file)) = (self.files.take(), self.waiting.take()) {
            let _ = files.send(file);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.hear(counts);
    }
}
