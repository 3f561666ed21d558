//! The last signed checkpoint of a journal, kept where the journal's thief or its restored backup is not.
//!
//! ```text
//! quoin anchor, form 1
//! records 1048576                 for people; must be what is signed
//! key     d75a…                   likewise
//! signed  …                       the checkpoint's 208 bytes
//! ```
//!
//! A file alone cannot show that its end was taken off, or that it is yesterday's copy; with this beside it, it can: the
//! journal must have this very checkpoint at its place, and more or nothing behind it. Put it on another machine, or at least
//! on another disk. Written whole and renamed into place, flushed, its folder too; and only when the journal behind it is
//! flushed, whatever else the run promises, so that a power cut never leaves an anchor ahead of its journal.

use crate::JournalError;
use crate::checkpoint::{CHECKPOINT_BYTES, Checkpoint, Signed};
use crate::disk::{Disk, write_whole};
use crate::error::io_error;
use crate::hash::{read_hex, write_hex};
use std::fs;
use std::io;
use std::path::Path;

const FORM: &str = "quoin anchor, form 1";

/// A checkpoint that was kept elsewhere. Its signature holds: that was checked when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor(pub(crate) Signed);

impl Anchor {
    /// Reads an anchor's file.
    ///
    /// # Errors
    /// When it cannot be read, is no anchor, or its signature does not hold.
    pub fn read(path: &Path) -> Result<Self, JournalError> {
        let text = fs::read_to_string(path).map_err(io_error("reading the anchor", path))?;
        Self::parse(&text).map_err(|what| JournalError::NotAnAnchor { path: path.to_owned(), what })
    }

    /// Reads an anchor from its text.
    ///
    /// # Errors
    /// How it is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let digits =
            text.lines().find_map(|line| line.strip_prefix("signed  ")).ok_or("it has no line `signed`")?;
        let bytes: [u8; CHECKPOINT_BYTES] =
            read_hex(digits).ok_or("its line `signed` is not 416 hexadecimal digits")?;
        let signed = Signed::from_bytes(&bytes).ok_or("what is signed is no checkpoint")?;
        if !signed.holds() {
            return Err("its signature does not hold: it was changed");
        }
        let anchor = Self(signed);
        if anchor.to_text() != text {
            return Err("its lines say other than what is signed");
        }
        Ok(anchor)
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let said = self.checkpoint();
        let mut text = format!("{FORM}\nrecords {}\nkey     {}\nsigned  ", said.records, said.key);
        write_hex(&mut text, &self.0.to_bytes()).expect("a string takes all");
        text.push('\n');
        text
    }

    /// What was signed.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.0.checkpoint
    }
}

/// Puts an anchor into the place of the one before, so that at any moment one of them is there, whole.
pub(crate) fn put(disk: &mut dyn Disk, path: &Path, anchor: &Anchor) -> Result<(), JournalError> {
    put_whole(disk, path, anchor.to_text().as_bytes()).map_err(io_error("writing the anchor", path))
}

fn put_whole(disk: &mut dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut sink = disk.create(&new)?;
    write_whole(sink.as_mut(), bytes)?;
    sink.sync()?;
    disk.rename(&new, path)?;
    disk.sync_folder(path)
}
