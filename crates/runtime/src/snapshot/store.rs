//! The last few snapshots of a run, in the folder `snapshots` of its own.
//!
//! A snapshot is written beside the others under another name, made durable, renamed, and its name made durable; only
//! then may the oldest go. So there is always a whole one, whenever the power goes or the disk is full.

use super::{Disk, Folder, Place, Snapshot};
use std::io;
use std::path::Path;
use types::Nanos;

/// The folder's name within the directory of a run.
pub const FOLDER_NAME: &str = "snapshots";
const UNFINISHED: &str = "unfinished.tmp";

/// How often, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// A snapshot is due when so many records follow the last.
    pub records: u64,
    /// Or so much of the records' own time.
    pub span: Nanos,
    /// How many are kept.
    pub kept: usize,
}

impl Cadence {
    /// The oldest a snapshot may be: five million records, five minutes.
    pub const BOUND: Self = Self { records: 5_000_000, span: Nanos::from_secs(300), kept: 2 };

    /// Whether one is due at a place, after the last one.
    #[inline]
    #[must_use]
    pub fn is_due(&self, last: Option<Place>, now: Place) -> bool {
        let Some(last) = last else { return now.records > 0 };
        // Time that steps back is no age.
        now.records - last.records >= self.records
            || now.records > last.records && now.at - last.at >= self.span
    }
}

impl Default for Cadence {
    fn default() -> Self {
        Self { records: 1_000_000, span: Nanos::from_secs(60), kept: 3 }
    }
}

/// A file of the folder: a whole snapshot, or why it cannot be used.
pub type Kept = (String, Result<Snapshot, super::Refused>);

/// The snapshots of a run; see the module.
#[derive(Debug)]
pub struct Store<F = Disk> {
    folder: F,
    kept: usize,
}

impl Store<Disk> {
    /// Those of the run in `dir`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(dir: &Path, kept: usize) -> io::Result<Self> {
        Ok(Self::over(Disk::open(&dir.join(FOLDER_NAME))?, kept))
    }
}

impl<F: Folder> Store<F> {
    /// Those in a folder; at least one is kept.
    pub fn over(folder: F, kept: usize) -> Self {
        Self { folder, kept: kept.max(1) }
    }

    /// Keeps one more. When this returns it survives a power cut, and those beyond the number to keep are gone.
    ///
    /// # Errors
    /// When the disk refuses: then the ones before are there as they were.
    pub fn write(&mut self, place: Place, bytes: &[u8]) -> io::Result<()> {
        let kept = (self.folder.write_durably(UNFINISHED, bytes))
            .and_then(|()| self.folder.rename(UNFINISHED, &name_of(place)))
            .and_then(|()| self.folder.sync_names());
        if kept.is_err() {
            // What is half there helps nobody, and on a full disk takes the room of the next.
            let _ = self.folder.remove(UNFINISHED);
        }
        kept?;
        for old in self.names()?.into_iter().skip(self.kept) {
            self.folder.remove(&old)?;
        }
        Ok(())
    }

    /// The folder, when there is nothing more to keep.
    pub fn into_folder(self) -> F {
        self.folder
    }

    /// Names, the newest first.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.folder.names()?;
        names.retain(|name| records_of(name).is_some());
        names.sort_unstable_by_key(|name| std::cmp::Reverse(records_of(name)));
        Ok(names)
    }

    /// Reads the newest first, until there are no more.
    ///
    /// # Errors
    /// When the folder cannot be read. That a file cannot is a reason to refuse it.
    pub fn read_all(&self) -> io::Result<impl Iterator<Item = Kept> + '_> {
        Ok(self.names()?.into_iter().map(|name| {
            let read = match self.folder.read(&name) {
                Ok(bytes) => Snapshot::from_bytes(&bytes),
                Err(_) => Err(super::Refused::Damaged("the disk cannot read it")),
            };
            (name, read)
        }))
    }
}

fn name_of(place: Place) -> String {
    format!("{:020}.qs", place.records)
}

fn records_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".qs")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}
