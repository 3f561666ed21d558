//! What an import was: its source, the terms of its instruments, and its files. An import without a manifest does not
//! exist.

use crate::parquet::columns::Scale;
use crate::parquet::{FileCounts, HistoryError};
use serde::{Deserialize, Serialize};
use std::path::Path;
use types::instrument::Terms;

/// The version of the manifest's layout.
pub(super) const MANIFEST_VERSION: u32 = 1;

/// The recording an import was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// As the user named it.
    pub name: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// BLAKE3 of them.
    pub blake3: String,
}

/// An instrument as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its terms; `id` is its row in the import's table.
    pub terms: Terms,
    /// One tick, in the nanos its venue sends prices in.
    pub wire_tick_nanos: i64,
}

impl Stored {
    pub(super) fn scale(&self) -> Scale {
        Scale { tick_nanos: self.terms.tick_nanos, lot_nanos: self.terms.lot_nanos }
    }
}

/// One file of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// From the store's folder.
    pub path: String,
    /// The row of its instrument in [`Manifest::instruments`]; `None`: events about all of them.
    pub instrument: Option<u32>,
    /// Days since 1970-01-01, by the import's clock.
    pub day: i64,
    /// Bytes on disk.
    pub bytes: u64,
    /// BLAKE3 of them.
    pub blake3: String,
    /// What is in it.
    pub counts: FileCounts,
}

/// What an import was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the manifest's layout.
    pub version: u32,
    /// Quoin's own version.
    pub quoin: String,
    /// Its number in the store, from 1, in the order of the imports.
    pub number: u32,
    /// The import it takes the place of.
    pub replaces: Option<u32>,
    /// Where it comes from.
    pub source: Source,
    /// Events.
    pub rows: u64,
    /// The venue time of the first event; 0 without one.
    pub starts_at: i64,
    /// By row.
    pub instruments: Vec<Stored>,
    /// By day, then instrument.
    pub files: Vec<FileEntry>,
    /// What the importer wants to find again: its survey and what was wrong with the data.
    pub about: serde_json::Value,
}

impl Manifest {
    pub(super) fn read(path: &Path) -> Result<Self, HistoryError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let bytes = std::fs::read(path).map_err(|error| HistoryError::io("read", path, error))?;
        let unreadable = |error: serde_json::Error| HistoryError::damaged(path, error.to_string());
        let head: Head = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if head.version != MANIFEST_VERSION {
            let (found, known) = (head.version, MANIFEST_VERSION);
            return Err(HistoryError::Version { path: path.into(), found, known });
        }
        serde_json::from_slice(&bytes).map_err(unreadable)
    }

    /// The name of its file: sorts by number.
    pub(super) fn file_name(&self) -> String {
        format!("{:04}-{}.json", self.number, &short(&self.source.blake3))
    }
}

/// Enough of a hash to tell files apart by eye.
pub(super) fn short(blake3: &str) -> String {
    blake3.chars().take(8).collect()
}
