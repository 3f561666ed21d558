//! What can go wrong with a journal, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::record::NotARecord;

/// Why a journal could not be written or may not be believed. Offsets count bytes from the start of the file.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The machine failed: disk full, no permission, a bad sector. The run must stop, nothing is retried.
    #[error("{}: {doing} failed: {source}", path.display())]
    Io {
        /// What we were doing.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said. Shared, because the error of a writer stays and is told more than once.
        source: Arc<io::Error>,
    },
    /// There is a journal already, and it was not said that it may go.
    #[error("{}: a journal is there already and is never overwritten unasked", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process is writing this journal.
    #[error("{}: another process is writing this journal", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The run ended properly: nothing may be added.
    #[error("{}: the journal is sealed and takes no more", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
    },
    /// The options or the configuration cannot be served.
    #[error("cannot write a journal so: {what}")]
    Unserviceable {
        /// What is wrong with them.
        what: &'static str,
    },
    /// The thread that writes is gone: it panicked.
    #[error("the journal's writing thread has stopped")]
    Stopped,
    /// The file is not a journal.
    #[error("not a journal: {what}")]
    NotAJournal {
        /// How that shows.
        what: &'static str,
    },
    /// A journal of another version.
    #[error("a journal of version {found}, and this reads version {known}")]
    Version {
        /// The file's.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The file ends or breaks before its configuration is whole: it says nothing at all.
    #[error("byte {offset}: {what}, before the configuration was whole: there is nothing to read")]
    NoConfiguration {
        /// Where.
        offset: u64,
        /// How it shows.
        what: &'static str,
    },
    /// A block is damaged and whole blocks follow it: no kill leaves that.
    #[error("block {block} at byte {offset}: {what}, and whole blocks follow")]
    Corrupt {
        /// The block's place, from 0, the configuration.
        block: u64,
        /// Where it starts.
        offset: u64,
        /// How the damage shows.
        what: &'static str,
    },
    /// A block is whole and not the one that was written here.
    #[error("block {block} at byte {offset}: {what}; this journal was tampered with")]
    Tampered {
        /// The block's place, from 0, the configuration.
        block: u64,
        /// Where it starts.
        offset: u64,
        /// How that shows.
        what: &'static str,
    },
    /// 64 bytes that are as they were written, and not a record of this version.
    #[error("block {block} at byte {offset}: {source}")]
    Record {
        /// The block's place, from 0, the configuration.
        block: u64,
        /// Where the record starts.
        offset: u64,
        /// What is wrong with it.
        source: NotARecord,
    },
}

/// For `map_err`: a failure of the machine, with what we were doing.
pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { doing, path, source: Arc::new(source) }
}
