//! The files that a long journal is cut into, and how each one begins.
//!
//! ```text
//!  journal.qj         configuration, records …, closing (the next is 1)
//!  journal-000001.qj  segment 1, records …, closing (the next is 2)
//!  journal-000002.qj  segment 2, records …, seal
//!
//!  segment block
//!  0        8         16         24      32         40        48      80
//!  ├ number ┼ records ┼ commands ┼ bytes ┼ last seq ┼ last at ┼ chain ┼ configuration …
//! ```
//!
//! One chain of blocks runs through all of them: a file that is missing, changed, or in another's place breaks it. A
//! segment also says what stands before it, and carries the configuration, so that one that was put
//! away can be read and checked alone. *records*, *commands* and *bytes* count what is in the files before; *chain* is the hash
//! of block 0, which the configuration gives again.

use crate::error::io_error;
use crate::layout::{hash_at, u64_at};
use crate::{Hash, JournalError};
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use types::{Nanos, Seq};

/// The length of a segment's own words, before the configuration.
pub(crate) const SEGMENT_BYTES: usize = 80;
/// How many digits a segment's number has in its file's name.
const DIGITS: usize = 6;

/// What a segment says of the files before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) records: u64,
    pub(crate) commands: u64,
    pub(crate) bytes: u64,
    pub(crate) last: Last,
    pub(crate) chain: Hash,
}

/// The last record so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) seq: Seq,
    pub(crate) at: Nanos,
}

impl Segment {
    pub(crate) fn to_bytes(self) -> [u8; SEGMENT_BYTES] {
        let mut bytes = [0; SEGMENT_BYTES];
        bytes[0..8].copy_from_slice(&u64::from(self.number).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.records.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.commands.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.last.seq.0.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.last.at.0.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.chain.0);
        bytes
    }

    /// Reads a segment's words; `None` for a number that no file has.
    pub(crate) fn from_bytes(bytes: &[u8; SEGMENT_BYTES]) -> Option<Self> {
        Some(Self {
            number: u32::try_from(u64_at(bytes, 0)).ok()?,
            records: u64_at(bytes, 8),
            commands: u64_at(bytes, 16),
            bytes: u64_at(bytes, 24),
            last: Last { seq: Seq(u64_at(bytes, 32)), at: Nanos(u64_at(bytes, 40).cast_signed()) },
            chain: hash_at(bytes, 48),
        })
    }
}

/// The name of segment `number` of the journal whose first file is `first`.
pub(crate) fn path_of(first: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return first.to_owned();
    }
    let stem = first.file_stem().unwrap_or_default().to_string_lossy();
    let mut name = format!("{stem}-{number:0DIGITS$}");
    if let Some(end) = first.extension() {
        name = format!("{name}.{}", end.to_string_lossy());
    }
    first.with_file_name(name)
}

/// The journal's first file, given a later one.
pub(crate) fn first_of(later: &Path) -> PathBuf {
    let stem = later.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = match stem.rsplit_once('-') {
        Some((name, digits)) if digits.len() == DIGITS && digits.bytes().all(|d| d.is_ascii_digit()) => name,
        _ => &stem,
    };
    match later.extension() {
        Some(end) => later.with_file_name(format!("{name}.{}", end.to_string_lossy())),
        None => later.with_file_name(name),
    }
}

/// The numbers of the later files that are there, rising.
pub(crate) fn numbers_there(first: &Path) -> Result<Vec<u32>, JournalError> {
    let folder = match first.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let fail = || io_error("listing the segments", folder);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail())? {
        let name = entry.map_err(fail())?.file_name();
        let stem = Path::new(&name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let number = stem.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok());
        let ours = |number: &u32| *number > 0 && path_of(first, *number).file_name() == Some(&name);
        numbers.extend(number.filter(ours));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

pub(crate) trait Bytes: Read + Seek + Send {}
impl<T: Read + Seek + Send> Bytes for T {}

/// Where a journal's files are.
pub(crate) enum Files {
    /// On a disk; the first one's name.
    Named(PathBuf),
    /// In memory, from segment 0.
    Memory(Vec<Vec<u8>>),
}

/// A file, open.
pub(crate) struct Opened {
    pub(crate) bytes: Box<dyn Bytes>,
    pub(crate) length: u64,
    pub(crate) path: PathBuf,
}

impl Opened {
    pub(crate) fn file(file: File, path: PathBuf) -> Result<Self, JournalError> {
        let length = file.metadata().map_err(io_error("reading the length", &path))?.len();
        Ok(Self { bytes: Box::new(file), length, path })
    }
}

impl Files {
    /// The file that was opened is segment `number`, by its own word; whether its name says so too.
    pub(crate) fn start_at(&mut self, number: u32) -> bool {
        let Self::Named(path) = self else { return false };
        let first = first_of(path);
        let so_named = path_of(&first, number) == *path;
        *path = first;
        so_named
    }

    /// Opens segment `number`; `None` when it is not there.
    pub(crate) fn open(&mut self, number: u32) -> Result<Option<Opened>, JournalError> {
        match self {
            Self::Named(first) => {
                let path = path_of(first, number);
                match File::open(&path) {
                    Ok(file) => Opened::file(file, path).map(Some),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(io_error("opening", &path)(error)),
                }
            }
            Self::Memory(all) => Ok(all.get_mut(number as usize).map(|bytes| {
                let bytes = std::mem::take(bytes);
                let (length, path) = (bytes.len() as u64, PathBuf::from("(memory)"));
                Opened { bytes: Box::new(Cursor::new(bytes)), length, path }
            })),
        }
    }

    /// The first segment behind `number` that is there, if any is.
    pub(crate) fn later_than(&self, number: u32) -> Result<Option<u32>, JournalError> {
        match self {
            Self::Named(first) => Ok(numbers_there(first)?.into_iter().find(|there| *there > number)),
            Self::Memory(all) => {
                let next = number.saturating_add(1);
                Ok(((next as usize) < all.len()).then_some(next))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_named_after_the_first_file() {
        let check = |first: &str, number: u32, due: &str| {
            assert_eq!(path_of(Path::new(first), number), Path::new(due));
            assert_eq!(first_of(Path::new(due)), Path::new(first));
        };
        check("runs/es/journal.qj", 0, "runs/es/journal.qj");
        check("runs/es/journal.qj", 1, "runs/es/journal-000001.qj");
        check("kept/es-2026.qj", 123_456, "kept/es-2026-123456.qj");
        check("plain", 2, "plain-000002");
    }
}
