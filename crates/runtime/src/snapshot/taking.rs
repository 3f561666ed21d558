//! Snapshots of a run that somebody else drives: taken as it goes by, at the cadence asked for.
//!
//! A backtest's journal is written on a thread of its own, so that after a crash a snapshot may be ahead of it; a restart
//! passes over such a one. Never changes a run: it watches.

use super::{Cadence, Edge, Place, Snapshot, Store};
use crate::backtest::Observer;
use engine::{Engine, StateError};
use std::io;
use std::path::{Path, PathBuf};
use types::{Command, Input};

/// Why there are no more snapshots of a run.
#[derive(Debug, thiserror::Error)]
pub enum TakingError {
    /// A strategy cannot write its state down.
    #[error("no snapshot can be taken of this run: {0}")]
    State(#[from] StateError),
    /// The disk refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Takes them; see the module.
#[derive(Debug)]
pub struct Taking {
    store: Store,
    folder: PathBuf,
    cadence: Cadence,
    config: [u8; 32],
    edge: Edge,
    last: Option<Place>,
    count: u64,
    /// The first; after it nothing is taken any more.
    trouble: Option<TakingError>,
}

impl Taking {
    /// Beside the journal in `dir`, which begins with these bytes of configuration, from its first input on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(dir: &Path, config: &[u8], cadence: Cadence) -> Result<Self, TakingError> {
        let folder = dir.join(super::FOLDER_NAME);
        let store = Store::open(dir, cadence.kept)
            .map_err(|error| TakingError::Io { path: folder.clone(), error })?;
        Ok(Self {
            store,
            folder,
            cadence,
            config: *blake3::hash(config).as_bytes(),
            edge: Edge::default(),
            last: None,
            count: 0,
            trouble: None,
        })
    }

    /// How many were taken.
    ///
    /// # Errors
    /// When one could not be.
    pub fn finish(self) -> Result<u64, TakingError> {
        self.trouble.map_or(Ok(self.count), Err)
    }

    #[cold]
    fn take(&mut self, engine: &Engine) {
        let place = self.edge.place();
        self.last = Some(place);
        let taken = Snapshot::take(self.config, &self.edge, engine).map_err(TakingError::from);
        let kept = taken.and_then(|snapshot| {
            let written = self.store.write(place, &snapshot.to_bytes());
            written.map_err(|error| TakingError::Io { path: self.folder.clone(), error })
        });
        match kept {
            Ok(()) => self.count += 1,
            Err(trouble) => self.trouble = Some(trouble),
        }
    }
}

impl Observer for Taking {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        if self.trouble.is_some() {
            return;
        }
        self.edge.on_step(input, commands, engine);
        if self.cadence.is_due(self.last, self.edge.place()) {
            self.take(engine);
        }
    }
}
