//! The near side: takes a record in a few nanoseconds and never waits for a disk.
//!
//! ```text
//!  engine's thread                                   writing thread
//!  append ─▶ block ──full──▶ bounded channel ───────▶ crc, hash, write, (flush) ─▶ journal.qj
//!              ▲                                        │
//!              └── empty ◀── bounded channel ◀──────────┘
//! ```
//!
//! Cost of a record: 64 bytes written into a block that is in the cache, two predicted branches; no lock, no
//! system call, no allocation. Once for each block, two channel operations of about 50 ns.
//!
//! `std::sync::mpsc::sync_channel` rather than a ring from a crate: it is a preallocated lock-free array, and the
//! lock it has is taken only to wake a sleeping receiver. The writing thread therefore polls and never sleeps in
//! the channel. Only when the disk is slower than the run for longer than all blocks last does `append`
//! wait for an empty one: to lose a record or to grow without bound would both be worse. [`Writer::stalls`] counts.

use crate::anchor::Anchor;
use crate::disk::{Disk, Machine, Sink};
use crate::error::io_error;
use crate::layout::{BLOCK_HEADER_BYTES, FILE_NAME, PAYLOAD_BYTES_MAX};
use crate::lock::Locked;
use crate::recover::{self, GoOn};
use crate::scribe::{Block, Message, Scribe, Shared};
use crate::{JournalError, PublicKey, Recovered, Signer, Summary, Trust, segment};
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use types::record::{RECORD_BYTES, Record};
use types::{Nanos, Seq};

/// What a record must survive before [`Writer::written`] tells of it: when an order may leave.
///
/// | | survives | costs an order |
/// |---|---|---|
/// | `Buffered` | nothing yet: its block is only handed over | nothing |
/// | `Written` | the end of the process: the system has it | a write |
/// | `Synced` | a power cut: the disk has it | a flush, shared by all that queued up meanwhile |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing. For simulations, and for those who have another copy.
    Buffered,
    /// The end of the process. The operating system has it.
    Written,
    /// A power cut: `fdatasync` after each block, into which goes all that queued up behind the flush before.
    Synced,
}

/// How to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Records in a block. More: less overhead; fewer: less is lost in a kill.
    pub block_records: usize,
    /// Blocks in all: how long the disk may be slower than the run.
    pub blocks: usize,
    /// A block is handed over, full or not, with the first record this much later than its first: in the
    /// records' own time, for a journal that depends on a clock would not be the same twice. `None`: when full.
    pub flush_interval: Option<Nanos>,
    /// What a record must survive before it is told of.
    pub durability: Durability,
    /// How long the writing thread rests when there is nothing to write: what `written` may lag. Zero spins.
    pub poll: Duration,
    /// Whether a journal that is there already may go.
    pub replace: bool,
    /// After how many bytes a new file is begun. No file is longer, unless by one block.
    pub segment_bytes: u64,
    /// Who vouches for the journal. `None`: nobody.
    pub signer: Option<Signer>,
    /// After how many records, with a block's end, the signer signs. It also signs the beginning, each file and the end.
    pub checkpoint_records: u64,
    /// Where the last signed checkpoint is kept besides; best where whoever can change the journal cannot.
    pub anchor: Option<PathBuf>,
}

impl Default for Options {
    /// For a backtest: 64 KiB blocks, a megabyte of them, no flush, files of a gibibyte, nobody's signature.
    fn default() -> Self {
        Self {
            block_records: 1024,
            blocks: 16,
            flush_interval: None,
            durability: Durability::Written,
            poll: Duration::from_micros(200),
            replace: false,
            segment_bytes: 1 << 30,
            signer: None,
            checkpoint_records: 1 << 16,
            anchor: None,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), JournalError> {
        let refuse = |what| Err(JournalError::Unserviceable { what });
        if self.block_records == 0 || self.block_records > PAYLOAD_BYTES_MAX / RECORD_BYTES {
            return refuse("a block holds 1 to 1,048,576 records");
        }
        if self.blocks < 2 {
            return refuse("one block is filled while another is written: it takes two");
        }
        if self.segment_bytes == 0 || self.checkpoint_records == 0 {
            return refuse("a segment has at least a byte, and a checkpoint is at least a record apart");
        }
        if self.anchor.is_some() && self.signer.is_none() {
            return refuse("an anchor keeps what was signed: it takes a signer");
        }
        Ok(())
    }
}

/// Writes a journal.
///
/// Dropped without [`finish`](Self::finish) it still writes what it was given, but no seal: that run did not end.
pub struct Writer {
    block: Block,
    block_records: usize,
    flush_interval: Nanos,
    durability: Durability,
    last_seq: Seq,
    /// Whether the last block went when more answers to its last input could still follow.
    open_ended: bool,
    /// Inputs below this are complete and handed over.
    handed_below: u64,
    handed_blocks: u64,
    full: Option<SyncSender<Message>>,
    empty: Receiver<Block>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<Summary, JournalError>>>,
    stalls: u64,
}

impl Writer {
    /// Starts the journal of a run in `dir`, which is made if need be. When this returns, the configuration is
    /// written.
    ///
    /// # Errors
    /// When there is a journal already (or an anchor of one), another process writes one there, or the disk refuses.
    pub fn create(dir: &Path, config: &[u8], options: Options) -> Result<Self, JournalError> {
        check_start(config, &options)?;
        fs::create_dir_all(dir).map_err(io_error("making the directory", dir))?;
        if options.durability == Durability::Synced {
            // The directory's own name, in its parent; the journal's name in it follows.
            Machine.sync_folder(dir).map_err(io_error("flushing the parent folder", dir))?;
        }
        let first = dir.join(FILE_NAME);
        let lock = Locked::open(&first, true)?;
        let there = segment::numbers_there(&first)?;
        let length = lock.metadata().map_err(io_error("reading the length", &first))?.len();
        if !options.replace {
            if length > 0 || !there.is_empty() {
                return Err(JournalError::Exists { path: first });
            }
            if let Some(path) = options.anchor.as_ref().filter(|path| path.exists()) {
                return Err(JournalError::Exists { path: path.clone() });
            }
        }
        // From the last to the first: interrupted, what is left is still the beginning of a journal.
        for number in there.into_iter().rev() {
            let path = segment::path_of(&first, number);
            fs::remove_file(&path).map_err(io_error("removing an old segment", &path))?;
        }
        if length > 0 {
            lock.set_len(0).map_err(io_error("emptying", &first))?;
        }
        let sink = Box::new(lock.try_clone().map_err(io_error("opening", &first))?);
        let config = config.to_vec();
        Self::start(
            Scribe::begin(Box::new(Machine), sink, Some(lock), first, config, options.clone())?,
            options,
        )
    }

    /// The same on another disk, where `first` is the journal's first file. Nothing that is there is asked after.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create_on(
        mut disk: Box<dyn Disk>,
        first: PathBuf,
        config: &[u8],
        options: Options,
    ) -> Result<Self, JournalError> {
        check_start(config, &options)?;
        let sink = disk.create(&first).map_err(io_error("making the journal", &first))?;
        Self::over(disk, sink, first, config, options)
    }

    pub(crate) fn over(
        disk: Box<dyn Disk>,
        sink: Box<dyn Sink>,
        first: PathBuf,
        config: &[u8],
        options: Options,
    ) -> Result<Self, JournalError> {
        Self::start(Scribe::begin(disk, sink, None, first, config.to_vec(), options.clone())?, options)
    }

    /// Goes on with the journal of a run that was cut: drops an incomplete tail as [`recover`](fn@crate::recover)
    /// does, and appends behind it. With an anchor, only if the journal is the one that the anchor saw, and no older.
    ///
    /// # Errors
    /// When the journal is sealed, damaged before its tail, or written by another process; when it is signed and the
    /// signer is another, or nobody; when the anchor disagrees or is gone.
    pub fn resume(dir: &Path, options: Options) -> Result<(Self, Recovered), JournalError> {
        options.check()?;
        let first = dir.join(FILE_NAME);
        let lock = Locked::open(&first, false)?;
        let anchor = options.anchor.as_deref().map(Anchor::read).transpose()?;
        let trust = Trust { key: None, anchor };
        let GoOn { recovered, config, stand, begin } = recover::go_on_locked(&lock, &first, &trust)?;
        if recovered.sealed {
            return Err(JournalError::Sealed { path: first });
        }
        check_signer(&options, stand.key)?;
        let path = segment::path_of(&first, stand.segment);
        let sink =
            if stand.segment == 0 { lock.try_clone() } else { OpenOptions::new().write(true).open(&path) };
        let mut sink = sink.map_err(io_error("opening", &path))?;
        sink.seek(SeekFrom::Start(stand.segment_bytes)).map_err(io_error("seeking", &path))?;
        let mut disk = Box::new(Machine);
        if options.durability == Durability::Synced {
            // Whoever began it may have promised less.
            disk.sync_folder(&first).map_err(io_error("flushing the folder", &first))?;
        }
        let mut scribe =
            Scribe::go_on(disk, Box::new(sink), Some(lock), first, config, stand, options.clone());
        if begin {
            scribe.start_segment(stand.segment + 1)?;
        }
        Ok((Self::start(scribe, options)?, recovered))
    }

    fn start(scribe: Scribe, options: Options) -> Result<Self, JournalError> {
        // Both channels hold every block there is, with a word behind each, so only a missing empty block can make
        // anybody wait.
        let (full, full_blocks) = sync_channel(2 * options.blocks + 1);
        let (empty_blocks, empty) = sync_channel(options.blocks);
        for _ in 1..options.blocks {
            let given = empty_blocks.send(Block::new(options.block_records));
            given.expect("the receiver is in this function");
        }
        let shared = scribe.shared();
        let thread = thread::Builder::new()
            .name("journal".into())
            .spawn(move || scribe.run(&full_blocks, &empty_blocks))
            .map_err(io_error("starting the writing thread", Path::new(FILE_NAME)))?;
        Ok(Self {
            block: Block::new(options.block_records),
            block_records: options.block_records,
            flush_interval: options.flush_interval.unwrap_or(Nanos::MAX),
            durability: options.durability,
            last_seq: Seq(0),
            open_ended: false,
            handed_below: 0,
            handed_blocks: 0,
            full: Some(full),
            empty,
            shared,
            thread: Some(thread),
            stalls: 0,
        })
    }

    /// Adds a record. If writing has failed this still takes it, and [`health`](Self::health) tells.
    #[inline]
    pub fn append(&mut self, record: &Record) {
        let at = self.block.push(record);
        self.last_seq = record.seq();
        if self.block.records == self.block_records || at - self.block.first_at >= self.flush_interval {
            // More answers to this input may follow: only what is below it is complete.
            self.hand_over(self.last_seq.0);
            self.open_ended = true;
        }
    }

    /// Hands over what is there, full or not: the answers to the last input are complete, and an order among them
    /// waits for [`written`](Self::written). Also when nothing happens for a while.
    #[inline]
    pub fn flush(&mut self) {
        let complete_below = self.last_seq.0.saturating_add(1);
        if self.block.records > 0 {
            self.hand_over(complete_below);
        } else if self.open_ended {
            self.send(Message::Complete(complete_below));
            self.open_ended = false;
            self.handed(complete_below);
        }
    }

    /// Has everything so far signed, if there is a signer: before something is archived, or after a quiet while.
    pub fn checkpoint(&mut self) {
        self.flush();
        self.send(Message::Checkpoint);
    }

    #[cold]
    fn hand_over(&mut self, complete_below: u64) {
        let next = match self.empty.try_recv() {
            Ok(block) => block,
            Err(_) => {
                self.stalls += 1;
                match self.empty.recv() {
                    Ok(block) => block,
                    // The thread is gone, which `health` tells; what cannot be kept is dropped.
                    Err(_) => return self.block.clear(),
                }
            }
        };
        let mut full = std::mem::replace(&mut self.block, next);
        full.complete_below = complete_below;
        self.open_ended = false;
        self.handed_blocks += 1;
        self.send(Message::Block(full));
        self.handed(complete_below);
    }

    /// After a failure nothing counts as handed over: nobody is there to take it.
    fn handed(&mut self, complete_below: u64) {
        if !self.shared.has_failed() {
            self.handed_below = complete_below;
        }
    }

    fn send(&self, message: Message) {
        if let Some(channel) = &self.full {
            // Whoever hung up is a finished thread, which `health` and `finish` tell.
            let _ = channel.send(message);
        }
    }

    /// Whether everything so far could be written. An error stays.
    ///
    /// # Errors
    /// The first failure of the writing thread.
    pub fn health(&self) -> Result<(), JournalError> {
        if let Some(error) = self.shared.error() {
            return Err(error);
        }
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(JournalError::Stopped);
        }
        Ok(())
    }

    /// The release gate: this input, all before it and all that answered them survive what
    /// [`Options::durability`] says. `None` when no input does. Never goes on after a failure, so a gate that waits
    /// for it stays shut.
    #[inline]
    #[must_use]
    pub fn written(&self) -> Option<Seq> {
        let below = match self.durability {
            Durability::Buffered => self.handed_below,
            Durability::Written | Durability::Synced => self.shared.complete_below.load(Ordering::Acquire),
        };
        below.checked_sub(1).map(Seq)
    }

    /// How many blocks the disk is behind: handed over, and not yet what [`written`](Self::written) tells of. Never
    /// more than [`Options::blocks`], two times over; who sees it rise quotes less before `append` has to wait.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.handed_blocks - self.shared.settled.load(Ordering::Relaxed)
    }

    /// How often `append` had to wait because every block was full.
    #[must_use]
    pub fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Writes what is left and the seal, and closes the file.
    ///
    /// # Errors
    /// The first failure of the whole run: then there is no seal.
    pub fn finish(mut self) -> Result<Summary, JournalError> {
        self.flush();
        self.send(Message::Seal);
        self.close()
    }

    fn close(&mut self) -> Result<Summary, JournalError> {
        self.full = None;
        let thread = self.thread.take().ok_or(JournalError::Stopped)?;
        thread.thread().unpark();
        thread.join().unwrap_or(Err(JournalError::Stopped))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.flush();
            // There is nobody left to tell; who cares about an ending calls `finish`.
            let _ = self.close();
        }
    }
}

fn check_start(config: &[u8], options: &Options) -> Result<(), JournalError> {
    options.check()?;
    // A later segment repeats it behind words of its own.
    if config.len() > PAYLOAD_BYTES_MAX - segment::SEGMENT_BYTES {
        return Err(JournalError::Unserviceable { what: "a configuration has less than 64 MiB" });
    }
    Ok(())
}

/// A journal has one signer, from its first checkpoint to its last.
fn check_signer(options: &Options, so_far: Option<PublicKey>) -> Result<(), JournalError> {
    match (so_far, &options.signer) {
        (Some(_), None) => {
            Err(JournalError::Unserviceable { what: "it is signed: give the key that it is signed with" })
        }
        (Some(key), Some(signer)) if signer.public() != key => {
            Err(JournalError::Unserviceable { what: "it is signed with another key: give that one" })
        }
        (Some(_) | None, _) => Ok(()),
    }
}

const _: () = assert!(BLOCK_HEADER_BYTES + PAYLOAD_BYTES_MAX < u32::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{self, Write};
    use types::{Event, Input, StrategyId, Timer, TimerId};

    /// A disk that takes so many bytes and then fails in its own way.
    struct Small<F>(usize, F);

    impl<F: FnMut() -> io::Error + Send> Write for Small<F> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match bytes.len().min(self.0) {
                0 => Err((self.1)()),
                taken => {
                    self.0 -= taken;
                    Ok(taken)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<F: FnMut() -> io::Error + Send> Sink for Small<F> {
        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const TIMER: Timer = Timer { due_at: Nanos(0), timer: TimerId(0), strategy: StrategyId(0) };

    fn record(seq: u64) -> Record {
        Record::Input(Input { seq: Seq(seq), received_at: Nanos(0), event: Event::Timer(TIMER) })
    }

    fn writer_over(sink: Box<dyn Sink>) -> Writer {
        let options = Options { block_records: 4, blocks: 3, ..Options::default() };
        Writer::over(Box::new(Machine), sink, PathBuf::from("small"), b"", options)
            .expect("the beginning fits")
    }

    /// Appends until the writer says that it failed.
    fn fail(writer: &mut Writer) -> JournalError {
        (0..)
            .find_map(|n| {
                writer.append(&record(n));
                writer.health().err()
            })
            .expect("the disk is small")
    }

    #[test]
    fn j_07_a_full_disk_stops_the_gate_stays_and_is_told_at_the_end() {
        // The system's own full disk, behind room for the beginning and two blocks and a half.
        let refuse = || {
            let full = File::options().write(true).open("/dev/full");
            full.and_then(|mut full| full.write_all(b"x")).expect_err("it is always full")
        };
        let room = 24 + BLOCK_HEADER_BYTES + 5 * (BLOCK_HEADER_BYTES + 4 * RECORD_BYTES) / 2;
        let mut writer = writer_over(Box::new(Small(room, refuse)));
        let first = fail(&mut writer);
        let JournalError::Io { doing, source, .. } = &first else { panic!("{first:?}") };
        assert_eq!((*doing, source.kind()), ("writing a block", io::ErrorKind::StorageFull));
        // Eight records fitted whole; the eighth might have had answers, so the seventh is the last one told.
        assert_eq!(writer.written(), Some(Seq(6)));
        // It goes on taking records, never waits for ever, and nothing more is written.
        (0..1_000).for_each(|n| writer.append(&record(n)));
        writer.flush();
        assert_eq!(writer.written(), Some(Seq(6)));
        let again = writer.health().expect_err("an error stays");
        assert_eq!(again.to_string(), first.to_string());
        let last = writer.finish().expect_err("there is no seal");
        assert_eq!(last.to_string(), first.to_string());
    }

    #[test]
    fn a_writing_thread_that_panics_is_told_and_does_not_hang_the_run() {
        let mut writer = writer_over(Box::new(Small(1_000, || panic!("a bug in the disk's driver"))));
        assert!(matches!(fail(&mut writer), JournalError::Stopped));
        (0..1_000).for_each(|n| writer.append(&record(n)));
        assert!(matches!(writer.finish(), Err(JournalError::Stopped)));
    }
}
