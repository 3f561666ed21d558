//! What can go wrong with a store, and whose fault it is.

use parquet::errors::ParquetError;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// Why a store cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The machine said no: disk full, no permission.
    #[error("cannot {doing} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What we were doing.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is not what we write.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// How it shows.
        what: String,
    },
    /// The same recording is there already.
    #[error(
        "{name} is in {} already, as import {number} (the same BLAKE3); --replace imports it again",
        store.display()
    )]
    AlreadyThere {
        /// The recording.
        name: String,
        /// The store.
        store: PathBuf,
        /// The import that brought it.
        number: u32,
    },
    /// Another process is importing.
    #[error("another process is importing into {}", .0.display())]
    Busy(PathBuf),
    /// A folder without imports.
    #[error("{} holds no imported history; `quoin import FILE --to {}` makes it", .0.display(), .0.display())]
    NotAStore(PathBuf),
    /// Written by a later version.
    #[error("{}: history of version {found}, and this reads version {known}", path.display())]
    Version {
        /// The manifest or file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// An event that no venue sends.
    #[error("a {0} is no market data and has no place in history")]
    NotMarketData(&'static str),
}

impl HistoryError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.into(), source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), what: what.into() }
    }

    /// The library wraps what the system said: unwrapped, a full disk reads as one.
    pub(super) fn parquet(doing: &'static str, path: &Path, error: ParquetError) -> Self {
        if let ParquetError::External(inner) = error {
            return match inner.downcast::<io::Error>() {
                Ok(source) => Self::io(doing, path, *source),
                Err(other) => Self::damaged(path, other.to_string()),
            };
        }
        Self::damaged(path, error.to_string())
    }
}

fn advice(error: &io::Error) -> &'static str {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    if full.contains(&error.kind()) {
        "; nothing of this import counts: make room and import again"
    } else if error.kind() == io::ErrorKind::FileTooLarge {
        "; nothing of this import counts: the system limits how large a file may be"
    } else {
        ""
    }
}

const _: fn() = || {
    fn shared<T: Error + Send + Sync>() {}
    shared::<HistoryError>();
};
