//! A journal written on the caller's own thread, to wherever the caller says: the same blocks, chain and rules after a
//! failure as [`Writer`](crate::Writer)'s, without its thread. For whoever owns the disk: the storm, whose disk tears.

use crate::scribe::{Block, Scribe, Sink};
use crate::writer::Sync;
use crate::{JournalError, Reader, Summary};
use std::path::PathBuf;
use types::record::Record;

/// Writes a journal block by block; see the module.
pub struct Inline {
    scribe: Scribe,
    block: Block,
    block_records: usize,
    error: Option<JournalError>,
}

impl std::fmt::Debug for Inline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inline").field("summary", &self.scribe.summary()).finish_non_exhaustive()
    }
}

impl Inline {
    /// Starts a journal: header and configuration are written when this returns.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(sink: Box<dyn Sink>, config: &[u8], block_records: usize) -> Result<Self, JournalError> {
        let scribe = Scribe::begin(sink, PathBuf::from("(disk)"), config, Sync::EachBlock)?;
        Ok(Self::over(scribe, block_records))
    }

    /// Goes on behind what `reader` has read to its end; `sink` must stand there.
    #[must_use]
    pub fn go_on(sink: Box<dyn Sink>, reader: &Reader, block_records: usize) -> Self {
        let path = PathBuf::from("(disk)");
        let scribe = Scribe::go_on(sink, path, reader.next_index(), reader.summary(), Sync::EachBlock);
        Self::over(scribe, block_records)
    }

    fn over(scribe: Scribe, block_records: usize) -> Self {
        Self { scribe, block: Block::new(block_records), block_records, error: None }
    }

    /// Adds a record; a full block is written, and survives once [`commit`](Self::commit) has said so.
    pub fn append(&mut self, record: &Record) {
        let _ = self.block.push(record);
        if self.block.records == self.block_records {
            self.write();
        }
    }

    /// Writes what is there and waits for the disk: when this says yes, all records so far survive a power cut.
    ///
    /// # Errors
    /// The first failure, and every call after it: nothing is written behind a hole.
    pub fn commit(&mut self) -> Result<Summary, JournalError> {
        if self.block.records > 0 {
            self.write();
        }
        if self.error.is_none()
            && let Err(error) = self.scribe.publish()
        {
            self.error = Some(error);
        }
        self.error.clone().map_or_else(|| Ok(self.scribe.summary()), Err)
    }

    fn write(&mut self) {
        if self.error.is_none()
            && let Err(error) = self.scribe.write(&mut self.block)
        {
            self.error = Some(error);
        }
        self.block.clear();
    }
}
