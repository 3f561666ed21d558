//! The data of a sweep: surveyed once, decoded once if it fits into memory, and the same for every run.

use super::tally::{Slices, Tally, Teller};
use super::tape::Tape;
use crate::backtest::{Backtest, BacktestError};
use crate::config::Config;
use crate::prepare::{PrepareError, Prepared};
use crate::setup::Setup;
use crate::source::{Progress, SourceError, open};
use types::Nanos;
use venues::Directory;

/// What every run of a sweep reads.
#[derive(Debug)]
pub struct Field {
    prepared: Prepared,
    tape: Option<Tape>,
    slices: Slices,
}

impl Field {
    /// Takes what was prepared with the base configuration. Decodes it into at most `memory_bytes`. `tick` hears the
    /// bytes of the files read so far.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn new(
        prepared: Prepared,
        width: Option<Nanos>,
        memory_bytes: usize,
        tick: impl FnMut(u64),
    ) -> Result<Self, SourceError> {
        let spans = prepared.survey.files.iter().filter_map(|file| file.span);
        let (first, last) = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default();
        let slices = Slices::over(first, last, width);
        let tape = Tape::decode(prepared.recordings(), directory(&prepared), memory_bytes, tick)?;
        Ok(Self { prepared, tape, slices })
    }

    /// What it was made of.
    #[must_use]
    pub const fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The decoded data, if it is in memory.
    #[must_use]
    pub const fn tape(&self) -> Option<&Tape> {
        self.tape.as_ref()
    }

    /// How time is cut.
    #[must_use]
    pub const fn slices(&self) -> Slices {
        self.slices
    }

    /// What a run of this configuration is made of.
    ///
    /// # Errors
    /// When configuration and data do not fit.
    pub fn setup(&self, config: Config) -> Result<Setup, PrepareError> {
        let Prepared { survey, table, setup, .. } = &self.prepared;
        let traded = survey.traded(&config)?;
        let mut setup = Setup::new(config, table.instruments.clone(), traded, setup.data.clone())?;
        setup.sessions = self.prepared.schedule(&setup).sessions;
        Ok(setup)
    }

    /// What tells a run from every other: its setup (configuration, seed, data) and how its time is cut.
    #[must_use]
    pub fn key(&self, setup: &Setup) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(setup.to_json().as_bytes());
        hasher.update(format!("{:?}", self.slices).as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// Runs it from the first event to the last.
    ///
    /// # Errors
    /// When a recording cannot be read on.
    pub fn run(&self, setup: &Setup) -> Result<Tally, BacktestError> {
        let traded = setup.strategies.iter().flat_map(|strategy| strategy.traded.iter().copied());
        let mut teller = Teller::new(self.slices, &traded.collect::<Vec<_>>(), setup.instruments.len());
        let feed = match &self.tape {
            Some(tape) => self.prepared.feed_from(setup, tape.sources())?,
            None => {
                let progress = Progress::default();
                let opened = self.prepared.recordings().iter().map(|recording| open(recording, &progress));
                self.prepared.feed_from(setup, opened.collect::<Result<_, _>>()?)?
            }
        };
        let mut backtest = Backtest::new(setup, feed, None)?;
        backtest.run(&mut teller, |_| {})?;
        let (engine, _) = backtest.finish()?;
        Ok(teller.finish(&engine))
    }
}

fn directory(prepared: &Prepared) -> Directory {
    Directory::run(&prepared.table.instruments, &prepared.table.wire_ticks)
}
