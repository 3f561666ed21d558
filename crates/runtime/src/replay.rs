//! A journal run again: the same inputs through a new engine, its commands compared with the recorded ones.

use crate::backtest::{Observer, Totals};
use crate::poison::{self, Poison};
use crate::restart::restart;
use crate::setup::{Setup, SetupError};
use engine::Engine;
use journal::{Ending, JournalError, Reader, Summary};
use std::path::{Path, PathBuf};
use types::{Command, Input, Seq};

/// Why a journal could not be run again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The journal cannot be read, or may not be believed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Its configuration is not one this program can run.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// An input broke the core, and nobody has agreed to pass over it.
    #[error(transparent)]
    Poison(#[from] Box<Poison>),
    /// The snapshots cannot be looked through.
    #[error("{}: {error}", path.display())]
    Snapshots {
        /// Their folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A command that answers no input before it.
    #[error("the journal's record {record} answers input {}, which is not the one before it", seq.0)]
    Stray {
        /// Its place, from 0.
        record: u64,
        /// The input it claims to answer.
        seq: Seq,
    },
}

/// The first place where a replay and its journal part ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The input that was answered differently.
    pub input: Input,
    /// The place among its answers.
    pub place: usize,
    /// What the journal has there.
    pub recorded: Option<Command>,
    /// What this program says.
    pub replayed: Option<Command>,
}

/// A journal that was run again.
#[derive(Debug)]
pub struct Replayed {
    /// What the run was made of.
    pub setup: Setup,
    /// The machine at its end.
    pub engine: Engine,
    /// How much happened.
    pub totals: Totals,
    /// What the journal holds.
    pub summary: Summary,
    /// How the journal ended.
    pub ending: Ending,
    /// `None`: every command is the same.
    pub divergence: Option<Divergence>,
}

/// Compares answers as they come.
pub(crate) struct Comparison {
    pub(crate) engine: Engine,
    /// The input whose answers are being read, and what this program says to it.
    input: Option<Input>,
    answers: Vec<Command>,
    recorded: Vec<Command>,
    totals: Totals,
    divergence: Option<Divergence>,
}

impl Comparison {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            input: None,
            answers: Vec::new(),
            recorded: Vec::new(),
            totals: Totals::default(),
            divergence: None,
        }
    }

    /// An input that is skipped is answered by nothing.
    pub(crate) fn on_input(
        &mut self,
        input: Input,
        is_skipped: bool,
        observer: &mut dyn Observer,
    ) -> Result<(), Box<Poison>> {
        self.settle(false);
        self.answers.clear();
        self.recorded.clear();
        if !is_skipped {
            poison::step(&mut self.engine, &input, &mut self.answers)?;
        }
        self.input = Some(input);
        self.totals.inputs += 1;
        self.totals.commands += self.answers.len() as u64;
        self.totals.market_events += u64::from(input.event.is_market());
        self.totals.first_at.get_or_insert(input.received_at);
        self.totals.last_at = Some(input.received_at);
        observer.on_step(&input, &self.answers, &self.engine);
        Ok(())
    }

    /// False when the input it answers is not the last one. Behind a snapshot the answers of the last input before it
    /// have been passed, so the first record is an input.
    pub(crate) fn on_command(&mut self, seq: Seq, command: Command) -> bool {
        let answers_last = self.input.is_some_and(|input| input.seq == seq);
        if answers_last {
            self.recorded.push(command);
        }
        answers_last
    }

    /// The present input has no more answers in the journal. A cut may have taken the last ones of the last: those are
    /// what this gives back.
    pub(crate) fn settle(&mut self, cut: bool) -> Vec<Command> {
        let Some(input) = self.input.take() else { return Vec::new() };
        if self.divergence.is_some() || self.answers == self.recorded {
            return Vec::new();
        }
        if cut && self.answers.starts_with(&self.recorded) {
            return self.answers[self.recorded.len()..].to_vec();
        }
        let differs = |place: &usize| self.answers.get(*place) != self.recorded.get(*place);
        let place = (0..).find(differs).expect("the lists differ");
        self.divergence = Some(Divergence {
            input,
            place,
            recorded: self.recorded.get(place).copied(),
            replayed: self.answers.get(place).copied(),
        });
        Vec::new()
    }

    pub(crate) fn finish(self, setup: Setup, summary: Summary, ending: Ending) -> Replayed {
        let Self { engine, totals, divergence, .. } = self;
        Replayed { setup, engine, totals, summary, ending, divergence }
    }
}

/// Reads what a journal's run was made of.
///
/// # Errors
/// When it cannot be read, or its configuration is not one this program can run.
pub fn setup_of(path: &Path) -> Result<Setup, ReplayError> {
    Ok(Setup::from_json(Reader::open(path)?.config())?)
}

/// Runs the journal at `path` again. `tick` is called after each block with the records read so far.
///
/// # Errors
/// When the journal cannot be read or believed, or its configuration is not one this program can run. That
/// the commands differ is not an error but an answer.
pub fn replay(
    path: &Path,
    observer: &mut dyn Observer,
    tick: impl FnMut(u64),
) -> Result<Replayed, ReplayError> {
    replay_with(path, Setup::engine, observer, tick)
}

/// The same with an engine of the caller's, made from the journal's setup: for strategies from outside the list.
///
/// # Errors
/// As above, and whatever `engine` says.
pub fn replay_with(
    path: &Path,
    engine: impl Fn(&Setup) -> Result<Engine, SetupError>,
    observer: &mut dyn Observer,
    mut tick: impl FnMut(u64),
) -> Result<Replayed, ReplayError> {
    restart(path, &engine, false, observer, &mut tick).map(|restarted| restarted.replayed)
}
