//! From one end to the other: check a whole journal, or cut off what a kill left incomplete.

use crate::disk::{Disk as _, Machine};
use crate::error::io_error;
use crate::lock::Locked;
use crate::reader::{file_in, rewound};
use crate::scribe::Stand;
use crate::{Coverage, Ending, JournalError, Reader, Summary, Trust, segment};
use std::fs::{self, File, OpenOptions};
use std::path::Path;

/// A journal that was read from end to end and found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What it holds.
    pub summary: Summary,
    /// How it ended.
    pub ending: Ending,
    /// The number of its last file; the first is 0.
    pub last_segment: u32,
    /// How far its signatures reach.
    pub coverage: Coverage,
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

/// Where a writer goes on.
pub(crate) struct GoOn {
    pub(crate) recovered: Recovered,
    pub(crate) config: Vec<u8>,
    pub(crate) stand: Stand,
    /// Whether the last file is closed, so that a new one must be begun.
    pub(crate) begin: bool,
}

/// Checks every block, hash, signature and record of the journal at `path` (or in it, if it is a directory).
///
/// A signature proves that the checkpoint's own key made it; whose key that is, [`verify_with`] asks.
///
/// # Errors
/// When a block cannot be believed: which, where, and how that shows.
pub fn verify_chain(path: impl AsRef<Path>) -> Result<Verified, JournalError> {
    verify_with(path, &Trust::default())
}

/// The same, held against a key and an anchor.
///
/// # Errors
/// As above; when another key signed, or none; when the anchor has seen other or more than there is.
pub fn verify_with(path: impl AsRef<Path>, trust: &Trust) -> Result<Verified, JournalError> {
    verify(&mut Reader::open_with(path, trust)?)
}

/// The same for files in memory, the first of them first.
///
/// # Errors
/// As above.
pub fn verify_segments(segments: Vec<Vec<u8>>, trust: &Trust) -> Result<Verified, JournalError> {
    verify(&mut Reader::from_segments(segments, trust)?)
}

/// Cuts an incomplete tail off the journal at `path`, so that it can be archived or
/// [resumed](crate::Writer::resume). Every whole block stays as it is. Twice does no more than once.
///
/// # Errors
/// When the journal is damaged anywhere but at its end: then nothing is changed. When somebody is writing it.
pub fn recover(path: impl AsRef<Path>) -> Result<Recovered, JournalError> {
    let path = file_in(path.as_ref());
    let file = Locked::open(&path, false)?;
    let mut reader = read_locked(&file, &path, &Trust::default())?;
    cut(&mut reader, &file, &path)
}

/// As [`recover`], and cuts off as well a checkpoint that announces a seal which never came.
pub(crate) fn go_on_locked(file: &File, path: &Path, trust: &Trust) -> Result<GoOn, JournalError> {
    let mut reader = read_locked(file, path, trust)?;
    let recovered = cut(&mut reader, file, path)?;
    if reader.version() != crate::layout::VERSION {
        return Err(JournalError::Unserviceable {
            what: "a journal of an older version can be read and recovered, and not gone on with",
        });
    }
    let (stand, begin) = (reader.stand_to_go_on(), reader.is_between_segments());
    let recovered = Recovered { summary: stand.summary, ..recovered };
    if !recovered.sealed && stand.segment_bytes < reader.stand().segment_bytes {
        set_length(file, path, stand.segment, stand.segment_bytes)?;
    }
    Ok(GoOn { recovered, config: reader.config().to_vec(), stand, begin })
}

fn read_locked(file: &File, path: &Path, trust: &Trust) -> Result<Reader, JournalError> {
    let copy = rewound(file).map_err(io_error("rewinding", path))?;
    Reader::from_file(copy, path.to_owned(), trust)
}

/// Reads to the end, and leaves nothing behind it.
fn cut(reader: &mut Reader, first_file: &File, first: &Path) -> Result<Recovered, JournalError> {
    let verified = verify(reader)?;
    let (lost_bytes, sealed) = match verified.ending {
        Ending::Sealed => (0, true),
        Ending::Cut { lost, .. } => (lost, false),
    };
    match reader.torn_segment() {
        // Begun, and nothing in it yet: it is begun anew.
        Some(torn) => remove(&segment::path_of(first, torn))?,
        None if lost_bytes > 0 => {
            let stand = reader.stand();
            set_length(first_file, first, stand.segment, stand.segment_bytes)?;
        }
        None => {}
    }
    Ok(Recovered { summary: verified.summary, lost_bytes, sealed })
}

fn set_length(first_file: &File, first: &Path, number: u32, length: u64) -> Result<(), JournalError> {
    let path = segment::path_of(first, number);
    let set = |file: &File| file.set_len(length).and_then(|()| file.sync_all());
    match number {
        0 => set(first_file),
        _ => OpenOptions::new().write(true).open(&path).and_then(|file| set(&file)),
    }
    .map_err(io_error("cutting off the tail", &path))
}

fn remove(path: &Path) -> Result<(), JournalError> {
    fs::remove_file(path)
        .and_then(|()| Machine.sync_folder(path))
        .map_err(io_error("removing a segment that was only begun", path))
}

fn verify(reader: &mut Reader) -> Result<Verified, JournalError> {
    let mut records = Vec::new();
    while reader.next_block(&mut records)? {}
    Ok(Verified {
        summary: reader.summary(),
        ending: reader.ending(),
        last_segment: reader.stand().segment,
        coverage: reader.coverage(),
    })
}
