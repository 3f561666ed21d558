//! A journal's engine again, at its end: from the newest snapshot that can be believed and the records behind it, or from
//! the beginning.
//!
//! ```text
//!  journal   ├──────────── read, chained, not answered ────────────┼───── answered again, compared ─────┤
//!  snapshot                                          its place ────┘ restored
//! ```
//!
//! The journal is read and checked from its first block either way; a snapshot saves the answering. One that is damaged,
//! of another run or journal, of another version, or ahead of its journal is passed over for the one before it, and told.
//! An input that breaks the core ends the restart there, unless the journal itself says that it may be passed over
//! ([`crate::poison`]).
//!
//! Never sends anything, never writes a byte.

use crate::backtest::Observer;
use crate::poison::{Skips, request_to_skip};
use crate::replay::{Comparison, ReplayError, Replayed};
use crate::setup::{Setup, SetupError};
use crate::snapshot::{Edge, Place, Refused, Snapshot, Store};
use engine::Engine;
use journal::{Ending, JournalError, Options, Reader, Writer};
use std::path::Path;
use types::record::Record;
use types::{Command, Event, Input, PersonId, Seq};

/// An engine at the end of its journal.
#[derive(Debug)]
pub struct Restarted {
    /// The journal, run again: from the snapshot on, or all of it.
    pub replayed: Replayed,
    /// What the edge must know.
    pub edge: Edge,
    /// The place of the snapshot it began with; `None`: it began at the beginning.
    pub from: Option<Place>,
    /// Snapshots that could not be used, the newest first, and why.
    pub passed_over: Vec<(String, Refused)>,
    /// Answers to the last input that the journal was cut before: decided, never released.
    pub unwritten: Vec<Command>,
    /// Inputs that two people agreed to pass over.
    pub skips: Skips,
}

/// What an engine is made by.
pub type Make<'a> = &'a dyn Fn(&Setup) -> Result<Engine, SetupError>;

/// Restarts the run in `dir`. With `snapshots` false, from the beginning. `tick` hears the records read so far.
///
/// # Errors
/// When the journal cannot be read or believed, its configuration is not one this program can run, or an input breaks
/// the core. That the commands differ is not an error but an answer.
pub fn restart(
    dir: &Path,
    make: Make<'_>,
    snapshots: bool,
    observer: &mut dyn Observer,
    tick: &mut dyn FnMut(u64),
) -> Result<Restarted, ReplayError> {
    restart_passing(dir, make, snapshots, None, observer, tick)
}

/// Writes into a journal that ends with an input that broke the core that two people agree to pass over it, and what the
/// engine says to that.
///
/// # Errors
/// When the journal does not stop at that input, one person speaks twice or without a reason, or the disk refuses.
pub fn skip(
    dir: &Path,
    make: Make<'_>,
    options: Options,
    (seq, reason): (Seq, &str),
    (by, and): (PersonId, PersonId),
) -> Result<(), SkipError> {
    struct Nobody;
    impl Observer for Nobody {
        fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
    }
    if by == and || reason.is_empty() {
        return Err(SkipError::NotAgreed);
    }
    match restart(dir, make, true, &mut Nobody, &mut |_| {}) {
        Err(ReplayError::Poison(poison)) if poison.input.seq == seq => {}
        Err(ReplayError::Poison(poison)) => return Err(SkipError::Another(poison.input.seq)),
        Ok(_) => return Err(SkipError::NotPoisoned(seq)),
        Err(error) => return Err(error.into()),
    }
    let Restarted { replayed, edge, unwritten, .. } =
        restart_passing(dir, make, true, Some(seq), &mut Nobody, &mut |_| {})?;
    let (mut engine, place) = (replayed.engine, edge.place());
    let (mut writer, _) = Writer::resume(dir, options)?;
    let mut answers = unwritten;
    for &command in &answers {
        writer.append(&Record::Command { seq: place.seq, at: place.at, command });
    }
    // A number that no other request of this run has: the one of the input itself.
    let request = u32::try_from(place.seq.0 & u64::from(u32::MAX)).expect("masked");
    for (number, word) in (place.seq.0 + 1..).zip(request_to_skip(seq, request, reason, by, and)) {
        let input = Input { seq: Seq(number), received_at: place.at, event: Event::Operator(word) };
        answers.clear();
        writer.append(&Record::Input(input));
        engine.step(&input, &mut answers);
        for &command in &answers {
            writer.append(&Record::Command { seq: input.seq, at: input.received_at, command });
        }
    }
    crate::desk::settle(&mut writer, None)?;
    Ok(())
}

/// Why an input was not marked to be passed over.
#[derive(Debug, thiserror::Error)]
pub enum SkipError {
    /// It takes two, and a reason.
    #[error("two different people must agree, and say why")]
    NotAgreed,
    /// The journal runs through.
    #[error("the journal does not stop at input {}: nothing in it breaks the core", .0.0)]
    NotPoisoned(Seq),
    /// It stops elsewhere.
    #[error("the journal stops at input {}, not there", .0.0)]
    Another(Seq),
    /// It cannot be run again.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// It cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn restart_passing(
    dir: &Path,
    make: Make<'_>,
    snapshots: bool,
    assumed: Option<Seq>,
    observer: &mut dyn Observer,
    tick: &mut dyn FnMut(u64),
) -> Result<Restarted, ReplayError> {
    let mut passed_over = Vec::new();
    let (mut skips, mut heard_to) = (Skips::default(), Seq(0));
    assumed.into_iter().for_each(|seq| skips.assume(seq));
    let mut candidates = candidates(dir, snapshots)?;
    loop {
        let snapshot = loop {
            match candidates.pop() {
                Some((name, Ok(snapshot))) => break Some((name, snapshot)),
                Some((name, Err(refused))) => passed_over.push((name, refused)),
                None => break None,
            }
        };
        let pass =
            Pass { dir, make, skips: &skips, snapshot: snapshot.as_ref().map(|(_, snapshot)| snapshot) };
        match pass.run(&mut Unheard { observer, from: heard_to }, tick) {
            Ok(Passed { replayed, edge, unwritten }) => {
                let from = snapshot.map(|(_, snapshot)| snapshot.place);
                return Ok(Restarted { replayed, edge, from, passed_over, unwritten, skips });
            }
            Err(Trouble::Snapshot(refused)) => {
                let (name, _) = snapshot.expect("only a snapshot is refused");
                passed_over.push((name, refused));
            }
            Err(Trouble::Replay(ReplayError::Poison(poison))) if !skips.has(poison.input.seq) => {
                skips = Skips::of_journal(dir)?;
                assumed.into_iter().for_each(|seq| skips.assume(seq));
                if !skips.has(poison.input.seq) {
                    return Err(ReplayError::Poison(poison));
                }
                // The engine that broke is of no use: once more, from where this pass began. Whoever watches has seen
                // what is before.
                heard_to = poison.input.seq;
                candidates.extend(snapshot.map(|(name, snapshot)| (name, Ok(snapshot))));
            }
            Err(Trouble::Replay(error)) => return Err(error),
        }
    }
}

/// Somebody who watches, and has watched up to an input already.
struct Unheard<'a> {
    observer: &'a mut dyn Observer,
    from: Seq,
}

impl Observer for Unheard<'_> {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        if input.seq >= self.from {
            self.observer.on_step(input, commands, engine);
        }
    }
}

/// Every snapshot of the run, the newest last.
fn candidates(dir: &Path, wanted: bool) -> Result<Vec<crate::snapshot::Kept>, ReplayError> {
    let folder = dir.join(crate::snapshot::FOLDER_NAME);
    if !wanted || !folder.is_dir() {
        return Ok(Vec::new());
    }
    let trouble = |error| ReplayError::Snapshots { path: folder.clone(), error };
    let store = Store::open(dir, usize::MAX).map_err(trouble)?;
    let mut all: Vec<_> = store.read_all().map_err(trouble)?.collect();
    all.reverse();
    Ok(all)
}

/// Why a pass over the journal came to nothing.
enum Trouble {
    Snapshot(Refused),
    Replay(ReplayError),
}

impl<E: Into<ReplayError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Replay(error.into())
    }
}

struct Passed {
    replayed: Replayed,
    edge: Edge,
    unwritten: Vec<Command>,
}

/// One way through the journal.
struct Pass<'a> {
    dir: &'a Path,
    make: Make<'a>,
    skips: &'a Skips,
    snapshot: Option<&'a Snapshot>,
}

impl Pass<'_> {
    fn run(&self, observer: &mut dyn Observer, tick: &mut dyn FnMut(u64)) -> Result<Passed, Trouble> {
        let mut reader = Reader::open(self.dir)?;
        let setup = Setup::from_json(reader.config())?;
        let mut edge = Edge::default();
        let mut comparison = Comparison::new((self.make)(&setup)?);
        if let Some(snapshot) = self.snapshot {
            if snapshot.config != *blake3::hash(reader.config()).as_bytes() {
                return Err(Trouble::Snapshot(Refused::OtherRun));
            }
            comparison
                .engine
                .restore(&snapshot.state)
                .map_err(|error| Trouble::Snapshot(Refused::State(error)))?;
        }
        let from = self.snapshot.map_or(0, |snapshot| snapshot.place.records);
        let mut records = Vec::new();
        loop {
            let more = reader.next_block(&mut records)?;
            let passed = usize::try_from(from.saturating_sub(edge.place().records)).unwrap_or(usize::MAX);
            let (before, behind) = records.split_at(passed.min(records.len()));
            before.iter().for_each(|record| edge.pass(record));
            if let (Some(snapshot), false) = (self.snapshot, before.is_empty())
                && edge.place().records == from
            {
                if edge.place() != snapshot.place {
                    return Err(Trouble::Snapshot(Refused::OtherJournal));
                }
                edge = Edge::at(snapshot.place, &snapshot.timers);
            }
            self.answer(behind, &mut comparison, &mut edge, observer)?;
            tick(edge.place().records);
            if !more {
                break;
            }
        }
        if edge.place().records < from {
            return Err(Trouble::Snapshot(Refused::Ahead { records: from, journal: edge.place().records }));
        }
        let (ending, summary) = (reader.ending(), reader.summary());
        let unwritten = comparison.settle(ending != Ending::Sealed);
        Ok(Passed { replayed: comparison.finish(setup, summary, ending), edge, unwritten })
    }

    fn answer(
        &self,
        records: &[Record],
        comparison: &mut Comparison,
        edge: &mut Edge,
        observer: &mut dyn Observer,
    ) -> Result<(), ReplayError> {
        for record in records {
            match record {
                Record::Input(input) => {
                    comparison.on_input(*input, self.skips.has(input.seq), observer)?;
                    edge.on_input(input);
                }
                Record::Command { seq, command, .. } => {
                    if !comparison.on_command(*seq, *command) {
                        return Err(ReplayError::Stray { record: edge.place().records, seq: *seq });
                    }
                    edge.on_command(*command);
                }
            }
        }
        Ok(())
    }
}
