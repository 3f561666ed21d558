//! The far side of the ring: takes full blocks, closes them into the chain, writes them, gives the buffers back.
//!
//! Owns the file while a journal is written, and the chain's state. After its first failure it writes nothing
//! more: a block behind a hole would look like tampering, and an order released behind one would be worse.

use crate::error::io_error;
use crate::layout::{self, BLOCK_HEADER_BYTES, Kind, Seal};
use crate::writer::Sync;
use crate::{Hash, JournalError, Summary};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use types::record::{RECORD_BYTES, Record};
use types::{Nanos, Seq};

/// Where blocks go. A trait so that tests can put a full disk here, and the storm one that tears.
pub trait Sink: Write + Send {
    /// Returns when what was written would survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses; nothing is known then of what was written since the last success.
    fn sync(&mut self) -> io::Result<()>;
}

/// A block while it is filled: room for its header, then records.
pub(crate) struct Block {
    bytes: Vec<u8>,
    pub(crate) records: usize,
    commands: u64,
    first_seq: Seq,
    pub(crate) first_at: Nanos,
    /// Inputs below this, and every answer to them, stand in this block or in earlier ones.
    pub(crate) complete_below: u64,
}

impl Block {
    pub(crate) fn new(records_max: usize) -> Self {
        let mut bytes = Vec::new();
        // Ones, not zeros: zeros may be promised by the system and only found at the first touch.
        bytes.resize(BLOCK_HEADER_BYTES + records_max * RECORD_BYTES, 1);
        let mut block =
            Self { bytes, records: 0, commands: 0, first_seq: Seq(0), first_at: Nanos(0), complete_below: 0 };
        block.clear();
        block
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.truncate(BLOCK_HEADER_BYTES);
        self.records = 0;
        self.commands = 0;
    }

    #[inline]
    pub(crate) fn push(&mut self, record: &Record) -> Nanos {
        let (at, commands) = match record {
            Record::Input(input) => (input.received_at, 0),
            Record::Command { at, .. } => (*at, 1),
        };
        if self.records == 0 {
            self.first_seq = record.seq();
            self.first_at = at;
        }
        self.bytes.extend_from_slice(&record.to_bytes());
        self.records += 1;
        self.commands += commands;
        at
    }
}

/// What goes to the writing thread.
pub(crate) enum Message {
    Block(Block),
    /// Inputs below this are complete, though their block went before that was known.
    Complete(u64),
    Seal,
}

/// What both sides see.
#[derive(Default)]
pub(crate) struct Shared {
    /// Inputs below this are written with all their answers.
    pub(crate) complete_below: AtomicU64,
    failed: AtomicBool,
    error: Mutex<Option<JournalError>>,
}

impl Shared {
    /// The first thing that went wrong, for ever.
    pub(crate) fn error(&self) -> Option<JournalError> {
        if !self.failed.load(Ordering::Acquire) {
            return None;
        }
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, error: JournalError) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }
}

/// The chain's end, and the file behind it.
pub(crate) struct Scribe {
    sink: Box<dyn Sink>,
    path: PathBuf,
    sync: Sync,
    next_index: u64,
    summary: Summary,
    /// What `Shared::complete_below` becomes once everything written is also flushed.
    complete_below: u64,
    unpublished_blocks: usize,
    shared: Arc<Shared>,
}

impl Scribe {
    /// Starts a new journal: writes the file header and the configuration.
    pub(crate) fn begin(
        sink: Box<dyn Sink>,
        path: PathBuf,
        config: &[u8],
        sync: Sync,
    ) -> Result<Self, JournalError> {
        let header = layout::file_header();
        let mut bytes = header.to_vec();
        bytes.resize(header.len() + BLOCK_HEADER_BYTES, 0);
        bytes.extend_from_slice(config);
        let block = &mut bytes[header.len()..];
        let head = layout::close_block(block, Kind::Configuration, 0, Seq(0), 0, Hash::of(&[&header]));
        let summary = Summary { records: 0, commands: 0, bytes: 0, head };
        let mut scribe = Self::go_on(sink, path, 0, summary, sync);
        scribe.put(&bytes, head)?;
        scribe.flush()?;
        Ok(scribe)
    }

    /// Goes on behind `summary`; block `next_index` comes next.
    pub(crate) fn go_on(
        sink: Box<dyn Sink>,
        path: PathBuf,
        next_index: u64,
        summary: Summary,
        sync: Sync,
    ) -> Self {
        Self {
            sink,
            path,
            sync,
            next_index,
            summary,
            complete_below: 0,
            unpublished_blocks: 0,
            shared: Arc::default(),
        }
    }

    pub(crate) const fn summary(&self) -> Summary {
        self.summary
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// The thread's life: until the near side hangs up.
    pub(crate) fn run(
        mut self,
        full: &Receiver<Message>,
        empty: &SyncSender<Block>,
        blocks_max: usize,
        poll: Duration,
    ) -> Result<Summary, JournalError> {
        loop {
            match full.try_recv() {
                Ok(Message::Block(mut block)) => {
                    self.unless_failed(|scribe| scribe.write(&mut block));
                    block.clear();
                    // Nobody takes it back once the near side hung up; then it is dropped.
                    let _ = empty.send(block);
                    // With a flush for each block, those that queued up meanwhile share one.
                    if self.sync == Sync::Never || self.unpublished_blocks >= blocks_max {
                        self.unless_failed(Self::publish);
                    }
                }
                Ok(Message::Complete(below)) => {
                    self.complete_below = below;
                    if self.unpublished_blocks == 0 {
                        self.unless_failed(Self::publish);
                    }
                }
                Ok(Message::Seal) => self.unless_failed(Self::seal),
                Err(TryRecvError::Empty) => {
                    self.unless_failed(Self::publish);
                    if poll.is_zero() {
                        std::hint::spin_loop();
                    } else {
                        std::thread::park_timeout(poll);
                    }
                }
                Err(TryRecvError::Disconnected) => {
                    self.unless_failed(Self::publish);
                    return self.shared.error().map_or(Ok(self.summary), Err);
                }
            }
        }
    }

    fn unless_failed(&mut self, act: impl FnOnce(&mut Self) -> Result<(), JournalError>) {
        if self.shared.error().is_none()
            && let Err(error) = act(self)
        {
            self.shared.fail(error);
        }
    }

    pub(crate) fn write(&mut self, block: &mut Block) -> Result<(), JournalError> {
        let records = u32::try_from(block.records).expect("a payload is at most PAYLOAD_BYTES_MAX");
        let head = layout::close_block(
            &mut block.bytes,
            Kind::Records,
            self.next_index,
            block.first_seq,
            records,
            self.summary.head,
        );
        self.put(&block.bytes, head)?;
        self.summary.records += u64::from(records);
        self.summary.commands += block.commands;
        self.complete_below = block.complete_below;
        self.unpublished_blocks += 1;
        Ok(())
    }

    fn seal(&mut self) -> Result<(), JournalError> {
        let seal =
            Seal { records: self.summary.records, commands: self.summary.commands, head: self.summary.head };
        let mut block = vec![0; BLOCK_HEADER_BYTES];
        block.extend_from_slice(&seal.to_bytes());
        let head = layout::close_block(&mut block, Kind::Seal, self.next_index, Seq(0), 0, seal.head);
        self.put(&block, head)?;
        self.unpublished_blocks += 1;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8], head: Hash) -> Result<(), JournalError> {
        self.sink.write_all(bytes).map_err(io_error("writing a block", &self.path))?;
        self.next_index += 1;
        self.summary.bytes += bytes.len() as u64;
        self.summary.head = head;
        Ok(())
    }

    pub(crate) fn publish(&mut self) -> Result<(), JournalError> {
        if self.unpublished_blocks > 0 {
            self.flush()?;
            self.unpublished_blocks = 0;
        }
        let below = self.complete_below;
        self.shared.complete_below.store(below, Ordering::Release);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        match self.sync {
            Sync::Never => Ok(()),
            Sync::EachBlock => self.sink.sync().map_err(io_error("flushing", &self.path)),
        }
    }
}
