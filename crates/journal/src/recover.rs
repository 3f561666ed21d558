//! From one end to the other: check a whole journal, or cut off what a kill left incomplete.

use crate::error::io_error;
use crate::lock::Locked;
use crate::reader::{file_in, rewound};
use crate::{Ending, JournalError, Reader, Summary};
use std::fs::File;
use std::path::Path;

/// A journal that was read from end to end and found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What it holds.
    pub summary: Summary,
    /// How it ended.
    pub ending: Ending,
}

/// A journal without an incomplete tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What it holds.
    pub summary: Summary,
    /// How many bytes were cut off its end.
    pub lost_bytes: u64,
    /// Whether it ended properly; then nothing was cut off.
    pub sealed: bool,
}

/// Checks every block, hash and record of the journal at `path` (or in it, if it is a directory).
///
/// # Errors
/// When a block cannot be believed: which, where, and how that shows.
pub fn verify_chain(path: impl AsRef<Path>) -> Result<Verified, JournalError> {
    verify(Reader::open(path)?).map(|(verified, _)| verified)
}

/// Cuts an incomplete tail off the journal at `path`, so that it can be archived or
/// [resumed](crate::Writer::resume). Every whole block stays as it is. Twice does no more than once.
///
/// # Errors
/// When the journal is damaged anywhere but at its end: then nothing is changed. When somebody is writing it.
pub fn recover(path: impl AsRef<Path>) -> Result<Recovered, JournalError> {
    let path = file_in(path.as_ref());
    let file = Locked::open(&path, false)?;
    recover_locked(&file, &path).map(|(recovered, _)| recovered)
}

/// As [`recover`], with the place of the block that comes next.
pub(crate) fn recover_locked(file: &File, path: &Path) -> Result<(Recovered, u64), JournalError> {
    let copy = rewound(file).map_err(io_error("rewinding", path))?;
    let (verified, next_index) = verify(Reader::from_file(copy, path.to_owned())?)?;
    let (lost_bytes, sealed) = match verified.ending {
        Ending::Sealed => (0, true),
        Ending::Cut { lost, .. } => (lost, false),
    };
    if lost_bytes > 0 {
        file.set_len(verified.summary.bytes)
            .and_then(|()| file.sync_all())
            .map_err(io_error("cutting off the tail", path))?;
    }
    let recovered = Recovered { summary: verified.summary, lost_bytes, sealed };
    Ok((recovered, next_index))
}

fn verify(mut reader: Reader) -> Result<(Verified, u64), JournalError> {
    let mut records = Vec::new();
    while reader.next_block(&mut records)? {}
    let verified = Verified { summary: reader.summary(), ending: reader.ending() };
    Ok((verified, reader.next_index()))
}
