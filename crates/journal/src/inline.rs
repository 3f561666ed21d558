//! A journal written on the caller's own thread, to wherever the caller says: the same blocks, chain and rules after a
//! failure as [`Writer`](crate::Writer)'s, without its thread. For whoever owns the disk: the storm, whose disk tears.

use crate::disk::{Machine, Sink};
use crate::scribe::{Block, Scribe};
use crate::{Durability, JournalError, Options, Reader, Summary};
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
        let (disk, options) = (Box::new(Machine), options(block_records));
        let mut scribe = Scribe::begin(disk, sink, None, path(), config.to_vec(), options)?;
        scribe.flush()?;
        Ok(Self::over(scribe, block_records))
    }

    /// Goes on behind what `reader` has read to its end; `sink` must stand there.
    #[must_use]
    pub fn go_on(sink: Box<dyn Sink>, reader: &Reader, block_records: usize) -> Self {
        let (disk, config) = (Box::new(Machine), reader.config().to_vec());
        let stand = reader.stand_to_go_on();
        let scribe = Scribe::go_on(disk, sink, None, path(), config, stand, options(block_records));
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
            && let Err(error) = self.scribe.flush()
        {
            self.error = Some(error);
        }
        self.error.clone().map_or_else(|| Ok(self.scribe.summary()), Err)
    }

    fn write(&mut self) {
        if self.error.is_none()
            && let Err(error) = self.scribe.take(&mut self.block)
        {
            self.error = Some(error);
        }
        self.block.clear();
    }
}

/// One file that never ends, for the disk is the caller's: flushed by [`Inline::commit`] alone.
fn options(block_records: usize) -> Options {
    Options { block_records, segment_bytes: u64::MAX, durability: Durability::Written, ..Options::default() }
}

fn path() -> PathBuf {
    PathBuf::from("(disk)")
}
