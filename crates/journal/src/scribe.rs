//! The far side of the ring: takes full blocks, closes them into the chain, writes them, gives the buffers back.
//!
//! Owns the files while a journal is written, and the chain's state. After its first failure it writes nothing
//! more: a block behind a hole would look like tampering, and an order released behind one would be worse. It does not
//! even flush again: after a flush that failed the system may have thrown the data away and say yes the second time.
//!
//! What was handed over while a flush was under way is closed into one block and flushed together: group commit. So
//! under [`Durability::Synced`] there is never more than one block that the disk may not have, and a power cut, which may
//! keep any part of what was not flushed, tears the last block and no other.

use crate::anchor::{self, Anchor};
use crate::checkpoint::{Checkpoint, Signed};
use crate::disk::{Disk, Sink, write_whole};
use crate::error::io_error;
use crate::layout::{self, BLOCK_HEADER_BYTES, Closing, Kind, PAYLOAD_BYTES_MAX, Seal};
use crate::lock::Locked;
use crate::segment::{self, Last, Segment};
use crate::writer::{Durability, Options};
use crate::{Hash, JournalError, PublicKey, Summary};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use types::record::{RECORD_BYTES, Record};
use types::{Nanos, Seq};

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

    /// Adds what stands in another, which came after it.
    fn join(&mut self, later: &Self) {
        if self.records == 0 {
            self.first_seq = later.first_seq;
        }
        self.bytes.extend_from_slice(&later.bytes[BLOCK_HEADER_BYTES..]);
        self.records += later.records;
        self.commands += later.commands;
        self.complete_below = later.complete_below;
    }

    /// The last record, from its bytes: the near side need not keep it.
    fn last(&self) -> Last {
        let record = self.bytes.last_chunk::<RECORD_BYTES>().expect("a block holds a record");
        Last { seq: Seq(layout::u64_at(record, 0)), at: Nanos(layout::u64_at(record, 8).cast_signed()) }
    }
}

/// What goes to the writing thread.
pub(crate) enum Message {
    Block(Block),
    /// Inputs below this are complete, though their block went before that was known.
    Complete(u64),
    Checkpoint,
    Seal,
}

/// What both sides see.
#[derive(Default)]
pub(crate) struct Shared {
    /// Inputs below this are written with all their answers.
    pub(crate) complete_below: AtomicU64,
    /// How many blocks are done with.
    pub(crate) settled: AtomicU64,
    failed: AtomicBool,
    error: Mutex<Option<JournalError>>,
}

impl Shared {
    /// The first thing that went wrong, for ever.
    pub(crate) fn error(&self) -> Option<JournalError> {
        if !self.has_failed() {
            return None;
        }
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    fn fail(&self, error: JournalError) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }
}

/// Where the chain stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    pub(crate) summary: Summary,
    pub(crate) next_index: u64,
    pub(crate) last: Last,
    /// Which file is being written, and how long it is.
    pub(crate) segment: u32,
    pub(crate) segment_bytes: u64,
    /// Whose checkpoints are in it so far.
    pub(crate) key: Option<PublicKey>,
    /// Records before the last checkpoint.
    pub(crate) checkpointed: u64,
}

/// The chain's end, and the files behind it.
pub(crate) struct Scribe {
    disk: Box<dyn Disk>,
    sink: Box<dyn Sink>,
    /// Held on the first file until the last is written.
    lock: Option<Locked>,
    first: PathBuf,
    path: PathBuf,
    options: Options,
    config: Vec<u8>,
    chain: Hash,
    stand: Stand,
    /// How long the present file was when its first records came.
    begun_bytes: u64,
    /// Handed over and not yet flushed, when that matters.
    joined: Block,
    joined_blocks: u64,
    complete_below: u64,
    shared: Arc<Shared>,
}

impl Scribe {
    /// Starts a new journal: writes the file header, the configuration, and with a key the first checkpoint.
    pub(crate) fn begin(
        disk: Box<dyn Disk>,
        sink: Box<dyn Sink>,
        lock: Option<Locked>,
        first: PathBuf,
        config: Vec<u8>,
        options: Options,
    ) -> Result<Self, JournalError> {
        let header = layout::file_header();
        let mut bytes = header.to_vec();
        bytes.resize(header.len() + BLOCK_HEADER_BYTES, 0);
        bytes.extend_from_slice(&config);
        let block = &mut bytes[header.len()..];
        let head = layout::close_block(block, Kind::Configuration, 0, Seq(0), 0, Hash::of(&[&header]));
        let stand = Stand {
            summary: Summary { records: 0, commands: 0, bytes: 0, head },
            next_index: 0,
            last: Last { seq: Seq(0), at: Nanos(0) },
            segment: 0,
            segment_bytes: 0,
            key: None,
            checkpointed: 0,
        };
        let mut scribe = Self::go_on(disk, sink, lock, first, config, stand, options);
        scribe.put(&bytes, head)?;
        scribe.flush_if_asked()?;
        if scribe.options.durability == Durability::Synced {
            scribe.disk.sync_folder(&scribe.first).map_err(io_error("flushing the folder", &scribe.first))?;
        }
        scribe.checkpoint()?;
        scribe.begun_bytes = scribe.stand.segment_bytes;
        Ok(scribe)
    }

    /// Goes on where a journal stands; `sink` is its last file, at its end.
    pub(crate) fn go_on(
        disk: Box<dyn Disk>,
        sink: Box<dyn Sink>,
        lock: Option<Locked>,
        first: PathBuf,
        config: Vec<u8>,
        stand: Stand,
        options: Options,
    ) -> Self {
        let joined_records = match options.durability {
            Durability::Synced => {
                (options.blocks * options.block_records).min(PAYLOAD_BYTES_MAX / RECORD_BYTES)
            }
            Durability::Buffered | Durability::Written => 0,
        };
        Self {
            disk,
            sink,
            lock,
            path: segment::path_of(&first, stand.segment),
            first,
            chain: layout::chain_of(&config),
            config,
            stand,
            begun_bytes: 0,
            joined: Block::new(joined_records),
            joined_blocks: 0,
            complete_below: 0,
            options,
            shared: Arc::default(),
        }
    }

    pub(crate) const fn summary(&self) -> Summary {
        self.stand.summary
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// The thread's life: until the near side hangs up.
    pub(crate) fn run(
        mut self,
        full: &Receiver<Message>,
        empty: &SyncSender<Block>,
    ) -> Result<Summary, JournalError> {
        let poll = self.options.poll;
        loop {
            match full.try_recv() {
                Ok(Message::Block(mut block)) => {
                    self.unless_failed(|scribe| scribe.take(&mut block));
                    block.clear();
                    // Nobody takes it back once the near side hung up; then it is dropped.
                    let _ = empty.send(block);
                }
                Ok(Message::Complete(below)) => self.unless_failed(|scribe| scribe.complete(below)),
                Ok(Message::Checkpoint) => self.unless_failed(|scribe| {
                    scribe.commit()?;
                    scribe.checkpoint()
                }),
                Ok(Message::Seal) => self.unless_failed(Self::seal),
                Err(TryRecvError::Empty) => {
                    self.unless_failed(Self::commit);
                    if poll.is_zero() {
                        std::hint::spin_loop();
                    } else {
                        std::thread::park_timeout(poll);
                    }
                }
                Err(TryRecvError::Disconnected) => {
                    self.unless_failed(Self::commit);
                    drop(self.lock.take());
                    return self.shared.error().map_or(Ok(self.stand.summary), Err);
                }
            }
        }
    }

    fn unless_failed(&mut self, act: impl FnOnce(&mut Self) -> Result<(), JournalError>) {
        if !self.shared.has_failed()
            && let Err(error) = act(self)
        {
            self.shared.fail(error);
        }
    }

    pub(crate) fn take(&mut self, block: &mut Block) -> Result<(), JournalError> {
        match self.options.durability {
            Durability::Synced => {
                if self.joined.bytes.len() + block.bytes.len() > PAYLOAD_BYTES_MAX {
                    self.commit()?;
                }
                self.joined.join(block);
                self.joined_blocks += 1;
                // Not for ever: who hands over without a pause waits for each of them.
                if self.joined_blocks >= self.options.blocks as u64 { self.commit() } else { Ok(()) }
            }
            Durability::Buffered | Durability::Written => {
                self.write(block)?;
                self.settle(block.complete_below, 1);
                self.checkpoint_if_due()
            }
        }
    }

    fn complete(&mut self, below: u64) -> Result<(), JournalError> {
        if self.joined_blocks > 0 {
            self.joined.complete_below = below;
        } else {
            self.settle(below, 0);
        }
        Ok(())
    }

    /// Writes what queued up as one block, flushes it, and only then says so.
    fn commit(&mut self) -> Result<(), JournalError> {
        if self.joined_blocks == 0 {
            return Ok(());
        }
        let mut joined = std::mem::replace(&mut self.joined, Block::new(0));
        let written = self.write(&mut joined).and_then(|()| self.flush());
        let (below, blocks) = (joined.complete_below, std::mem::take(&mut self.joined_blocks));
        joined.clear();
        self.joined = joined;
        written?;
        self.settle(below, blocks);
        self.checkpoint_if_due()
    }

    fn settle(&mut self, below: u64, blocks: u64) {
        self.complete_below = below;
        self.shared.settled.fetch_add(blocks, Ordering::Relaxed);
        self.shared.complete_below.store(below, Ordering::Release);
    }

    fn write(&mut self, block: &mut Block) -> Result<(), JournalError> {
        let length = block.bytes.len() as u64;
        let has_records = self.stand.segment_bytes > self.begun_bytes;
        if has_records && self.stand.segment_bytes + length > self.options.segment_bytes {
            self.next_segment()?;
        }
        let records = u32::try_from(block.records).expect("a payload is at most PAYLOAD_BYTES_MAX");
        let last = block.last();
        let head = layout::close_block(
            &mut block.bytes,
            Kind::Records,
            self.stand.next_index,
            block.first_seq,
            records,
            self.stand.summary.head,
        );
        self.put(&block.bytes, head)?;
        self.stand.summary.records += u64::from(records);
        self.stand.summary.commands += block.commands;
        self.stand.last = last;
        Ok(())
    }

    fn checkpoint_if_due(&mut self) -> Result<(), JournalError> {
        let since = self.stand.summary.records - self.stand.checkpointed;
        if since < self.options.checkpoint_records { Ok(()) } else { self.checkpoint() }
    }

    /// Signs everything so far, if there is a key; then keeps that elsewhere, if it is asked for.
    fn checkpoint(&mut self) -> Result<(), JournalError> {
        let signed = self.put_checkpoint(false)?;
        signed.map_or(Ok(()), |signed| self.anchor(signed))
    }

    fn put_checkpoint(&mut self, last: bool) -> Result<Option<Signed>, JournalError> {
        let Some(signed) = self.sign(last) else { return Ok(None) };
        self.put_block(Kind::Checkpoint, &signed.to_bytes())?;
        self.stand.checkpointed = self.stand.summary.records;
        self.stand.key = Some(signed.checkpoint.key);
        self.flush_if_asked()?;
        Ok(Some(signed))
    }

    fn sign(&self, last: bool) -> Option<Signed> {
        let signer = self.options.signer.as_ref()?;
        let summary = self.stand.summary;
        let said = Checkpoint {
            chain: self.chain,
            block: self.stand.next_index,
            records: summary.records,
            commands: summary.commands,
            last_seq: self.stand.last.seq,
            last_at: self.stand.last.at,
            head: summary.head,
            last,
            key: signer.public(),
        };
        Some(said.sign(signer))
    }

    fn anchor(&mut self, signed: Signed) -> Result<(), JournalError> {
        let Some(path) = self.options.anchor.clone() else { return Ok(()) };
        // What the anchor saw must be there after a power cut, whatever else was promised.
        self.flush()?;
        anchor::put(self.disk.as_mut(), &path, &Anchor(signed))
    }

    /// Ends the present file and starts the next.
    fn next_segment(&mut self) -> Result<(), JournalError> {
        self.checkpoint()?;
        let next = self.stand.segment + 1;
        let closing = Closing { so_far: self.so_far(), next };
        self.put_block(Kind::Closing, &closing.to_bytes())?;
        // Once a file: or a power cut could keep the next one and lose the end of this one.
        self.flush()?;
        self.start_segment(next)
    }

    /// Starts a file behind one that was closed.
    pub(crate) fn start_segment(&mut self, number: u32) -> Result<(), JournalError> {
        let path = segment::path_of(&self.first, number);
        self.sink = self.disk.create(&path).map_err(io_error("making a segment", &path))?;
        self.path = path;
        self.stand.segment = number;
        self.stand.segment_bytes = 0;
        let summary = self.stand.summary;
        let words = Segment {
            number,
            records: summary.records,
            commands: summary.commands,
            bytes: summary.bytes,
            last: self.stand.last,
            chain: self.chain,
        };
        let header = layout::file_header();
        let mut bytes = header.to_vec();
        bytes.resize(header.len() + BLOCK_HEADER_BYTES, 0);
        bytes.extend_from_slice(&words.to_bytes());
        bytes.extend_from_slice(&self.config);
        let block = &mut bytes[header.len()..];
        let head = layout::close_block(block, Kind::Segment, self.stand.next_index, Seq(0), 0, summary.head);
        self.put(&bytes, head)?;
        self.begun_bytes = self.stand.segment_bytes;
        if self.options.durability == Durability::Synced {
            self.flush()?;
            // The file's name must survive a power cut too.
            self.disk.sync_folder(&self.path).map_err(io_error("flushing the folder", &self.path))?;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), JournalError> {
        self.commit()?;
        let signed = self.put_checkpoint(true)?;
        self.put_block(Kind::Seal, &self.so_far().to_bytes())?;
        self.flush_if_asked()?;
        // Not kept before the seal stands: without it, the run has not ended.
        signed.map_or(Ok(()), |signed| self.anchor(signed))
    }

    fn so_far(&self) -> Seal {
        let Summary { records, commands, head, .. } = self.stand.summary;
        Seal { records, commands, head }
    }

    /// Writes a block that holds no records.
    fn put_block(&mut self, kind: Kind, payload: &[u8]) -> Result<(), JournalError> {
        let mut block = vec![0; BLOCK_HEADER_BYTES];
        block.extend_from_slice(payload);
        let previous = self.stand.summary.head;
        let head = layout::close_block(&mut block, kind, self.stand.next_index, Seq(0), 0, previous);
        self.put(&block, head)
    }

    fn put(&mut self, bytes: &[u8], head: Hash) -> Result<(), JournalError> {
        write_whole(self.sink.as_mut(), bytes).map_err(io_error("writing a block", &self.path))?;
        self.stand.next_index += 1;
        self.stand.segment_bytes += bytes.len() as u64;
        self.stand.summary.bytes += bytes.len() as u64;
        self.stand.summary.head = head;
        Ok(())
    }

    fn flush_if_asked(&mut self) -> Result<(), JournalError> {
        match self.options.durability {
            Durability::Buffered | Durability::Written => Ok(()),
            Durability::Synced => self.flush(),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), JournalError> {
        self.sink.sync().map_err(io_error("flushing", &self.path))
    }
}
