//! What can go wrong with a journal, and whose fault it is.

use crate::PublicKey;
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
    #[error(
        "a journal of version {found}, and this reads versions up to {known}: use the release that wrote it, \
         or a newer one"
    )]
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
    #[error("{}block {block} at byte {offset}: {what}, and whole blocks follow", of(*segment))]
    Corrupt {
        /// Which of the journal's files, from 0.
        segment: u32,
        /// The block's place, from 0, the configuration.
        block: u64,
        /// Where it starts.
        offset: u64,
        /// How the damage shows.
        what: &'static str,
    },
    /// A block is whole and not the one that was written here.
    #[error("{}block {block} at byte {offset}: {what}; this journal was tampered with", of(*segment))]
    Tampered {
        /// Which of the journal's files, from 0.
        segment: u32,
        /// The block's place, from 0, the configuration.
        block: u64,
        /// Where it starts.
        offset: u64,
        /// How that shows.
        what: &'static str,
    },
    /// 64 bytes that are as they were written, and not a record of this version.
    #[error("{}block {block} at byte {offset}: {source}", of(*segment))]
    Record {
        /// Which of the journal's files, from 0.
        segment: u32,
        /// The block's place, from 0, the configuration.
        block: u64,
        /// Where the record starts.
        offset: u64,
        /// What is wrong with it.
        source: NotARecord,
    },
    /// A file of the journal is not there, and a later one is.
    #[error(
        "segment {segment} is missing, and segment {later} is there; bring it back from where it was put away"
    )]
    Missing {
        /// Its number.
        segment: u32,
        /// The first that is there behind it.
        later: u32,
    },
    /// Nobody vouches for this journal, and somebody was to.
    #[error("nothing in this journal is signed, and it was to be signed by {key}")]
    Unsigned {
        /// Whose signature was asked for.
        key: PublicKey,
    },
    /// Somebody else vouches for it.
    #[error("block {block}: signed by {found}, and not by {trusted}")]
    Untrusted {
        /// The checkpoint's place.
        block: u64,
        /// Who signed.
        found: PublicKey,
        /// Whose signature was asked for.
        trusted: PublicKey,
    },
    /// The anchor has seen more of this journal than there is: it was cut, or is an older copy.
    #[error(
        "the anchor saw {anchored} records{} and this journal has {found}{}: it was cut or is an older copy; \
         nothing may go on from here",
        if *sealed { " and the seal" } else { "" },
        if *sealed { " and no seal that fits" } else { "" }
    )]
    RolledBack {
        /// Records that the anchor vouches for.
        anchored: u64,
        /// Records that are there.
        found: u64,
        /// Whether the anchor saw the end of the run.
        sealed: bool,
    },
    /// The anchor saw another journal, or this one with another history.
    #[error(
        "block {block} is not what the anchor saw: this is another journal, or this one with another history"
    )]
    Forked {
        /// The place of the anchor's checkpoint.
        block: u64,
    },
    /// The file is not an anchor, or was changed.
    #[error("{}: not an anchor: {what}", path.display())]
    NotAnAnchor {
        /// The file.
        path: PathBuf,
        /// How that shows.
        what: &'static str,
    },
    /// The file is not a key, or not one to be used.
    #[error("{}: {what}", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl JournalError {
    /// Whether the journal could be read and may not be believed: damage or a forger, not the machine or a wrong path.
    #[must_use]
    pub fn is_disbelief(&self) -> bool {
        match self {
            Self::Corrupt { .. }
            | Self::Tampered { .. }
            | Self::Record { .. }
            | Self::Missing { .. }
            | Self::Unsigned { .. }
            | Self::Untrusted { .. }
            | Self::RolledBack { .. }
            | Self::Forked { .. } => true,
            Self::Io { .. }
            | Self::Exists { .. }
            | Self::Locked { .. }
            | Self::Sealed { .. }
            | Self::Unserviceable { .. }
            | Self::Stopped
            | Self::NotAJournal { .. }
            | Self::Version { .. }
            | Self::NoConfiguration { .. }
            | Self::NotAnAnchor { .. }
            | Self::NotAKey { .. } => false,
        }
    }
}

/// The first file needs no mention: most journals have no other.
fn of(segment: u32) -> String {
    if segment == 0 { String::new() } else { format!("segment {segment}, ") }
}

/// For `map_err`: a failure of the machine, with what we were doing.
pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { doing, path, source: Arc::new(source) }
}
