//! The state's hash at every 65,536th input and at the end: two runs of one journal that part ways are told apart, and
//! when, even where their commands are the same.
//!
//! Owns the file `states.txt` of a run's folder: a line for each hash, the input's number before it. Never changes a run:
//! it watches.

use crate::backtest::Observer;
use engine::{Engine, StateError, StateHash};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use types::{Command, Input, Seq};

/// A hash is taken behind each input whose number, counted from 1, this divides.
pub const EVERY: u64 = 65_536;
/// The file's name within the directory of a run.
pub const FILE_NAME: &str = "states.txt";

/// The hashes of a run, in order.
#[derive(Debug, Default)]
pub struct States {
    taken: Vec<(Seq, StateHash)>,
    /// The first reason why there can be none.
    trouble: Option<StateError>,
    scratch: Vec<u8>,
}

/// Where two runs first differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// Behind which input.
    pub seq: Seq,
    /// What was written down.
    pub recorded: StateHash,
    /// What this run has; `None` when it ended before.
    pub found: Option<StateHash>,
}

/// Why hashes could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StatesError {
    /// The machine failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not one of ours.
    #[error("{}, line {line}: not an input's number and 64 hexadecimal digits", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
}

impl States {
    /// The hash behind an input, if one is due there.
    #[inline]
    pub fn on_step(&mut self, input: &Input, engine: &Engine) {
        if input.seq.next().0.is_multiple_of(EVERY) {
            self.take(input.seq, engine);
        }
    }

    /// The hash behind the last input, whatever its number.
    pub fn take(&mut self, seq: Seq, engine: &Engine) {
        if self.trouble.is_some() || self.taken.last().is_some_and(|last| last.0 == seq) {
            return;
        }
        match engine.state_hash(&mut self.scratch) {
            Ok(hash) => self.taken.push((seq, hash)),
            Err(error) => self.trouble = Some(error),
        }
    }

    /// All so far.
    #[must_use]
    pub fn taken(&self) -> &[(Seq, StateHash)] {
        &self.taken
    }

    /// Why there are none, if so.
    #[must_use]
    pub const fn trouble(&self) -> Option<&StateError> {
        self.trouble.as_ref()
    }

    /// Where this run leaves what was written down, if it does. What was written down only of what this run has not seen
    /// to its end counts as different, unless the run was cut.
    #[must_use]
    pub fn parting(&self, recorded: &[(Seq, StateHash)], cut: bool) -> Option<Parting> {
        let found = |seq: Seq| {
            let place = self.taken.binary_search_by_key(&seq, |taken| taken.0).ok()?;
            Some(self.taken[place].1)
        };
        recorded.iter().find_map(|&(seq, hash)| {
            let ours = found(seq);
            let missing = ours.is_none() && cut;
            (ours != Some(hash) && !missing).then_some(Parting { seq, recorded: hash, found: ours })
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, dir: &Path) -> Result<(), StatesError> {
        let path = dir.join(FILE_NAME);
        let mut text = String::new();
        for (seq, hash) in &self.taken {
            let _ = writeln!(text, "{} {hash}", seq.0);
        }
        std::fs::write(&path, text).map_err(|source| StatesError::Io { path, source })
    }
}

impl Observer for States {
    fn on_step(&mut self, input: &Input, _: &[Command], engine: &Engine) {
        Self::on_step(self, input, engine);
    }
}

/// Two who watch at once.
#[derive(Debug)]
pub struct Both<'a, A, B>(pub &'a mut A, pub &'a mut B);

impl<A: Observer, B: Observer> Observer for Both<'_, A, B> {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        self.0.on_step(input, commands, engine);
        self.1.on_step(input, commands, engine);
    }
}

/// Reads the file of a run's folder; `None` when it has none.
///
/// # Errors
/// When it cannot be read, or is not such a file.
pub fn read(dir: &Path) -> Result<Option<Vec<(Seq, StateHash)>>, StatesError> {
    let path = dir.join(FILE_NAME);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StatesError::Io { path, source }),
    };
    let parse = |(at, line): (usize, &str)| {
        let pair =
            line.split_once(' ').and_then(|(seq, hash)| Some((Seq(seq.parse().ok()?), hash_of(hash)?)));
        pair.ok_or_else(|| StatesError::Line { path: path.clone(), line: at + 1 })
    };
    text.lines().enumerate().map(parse).collect::<Result<_, _>>().map(Some)
}

fn hash_of(digits: &str) -> Option<StateHash> {
    let hash = blake3::Hash::from_hex(digits).ok()?;
    Some(StateHash(*hash.as_bytes()))
}
