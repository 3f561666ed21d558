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

use crate::error::io_error;
use crate::layout::{BLOCK_HEADER_BYTES, FILE_NAME, PAYLOAD_BYTES_MAX};
use crate::lock::Locked;
use crate::scribe::{Block, Message, Scribe, Shared, Sink};
use crate::{JournalError, Recovered, Summary, recover};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use types::record::{RECORD_BYTES, Record};
use types::{Nanos, Seq};

/// What a block must survive before it counts as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// The end of the process. The operating system has it.
    Never,
    /// A power cut: `fdatasync` after each block, or after several that queued up behind a slow one.
    EachBlock,
}

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Records in a block. More: less overhead; fewer: less is lost in a kill.
    pub block_records: usize,
    /// Blocks in all: how long the disk may be slower than the run.
    pub blocks: usize,
    /// A block is handed over, full or not, with the first record this much later than its first: in the
    /// records' own time, for a journal that depends on a clock would not be the same twice. `None`: when full.
    pub flush_interval: Option<Nanos>,
    /// What a block must survive.
    pub sync: Sync,
    /// How long the writing thread rests when there is nothing to write: what `written` may lag. Zero spins.
    pub poll: Duration,
    /// Whether a journal that is there already may go.
    pub replace: bool,
}

impl Default for Options {
    /// For a backtest: 64 KiB blocks, a megabyte of them, no flush.
    fn default() -> Self {
        Self {
            block_records: 1024,
            blocks: 16,
            flush_interval: None,
            sync: Sync::Never,
            poll: Duration::from_micros(200),
            replace: false,
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
    last_seq: Seq,
    /// Whether the last block went when more answers to its last input could still follow.
    open_ended: bool,
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
    /// When there is a journal already, another process writes one there, or the disk refuses.
    pub fn create(dir: &Path, config: &[u8], options: Options) -> Result<Self, JournalError> {
        options.check()?;
        if config.len() > PAYLOAD_BYTES_MAX {
            return Err(JournalError::Unserviceable { what: "a configuration has at most 64 MiB" });
        }
        fs::create_dir_all(dir).map_err(io_error("making the directory", dir))?;
        let path = dir.join(FILE_NAME);
        let file = Locked::open(&path, true)?;
        let length = file.metadata().map_err(io_error("reading the length", &path))?.len();
        if length > 0 {
            if !options.replace {
                return Err(JournalError::Exists { path });
            }
            file.set_len(0).map_err(io_error("emptying", &path))?;
        }
        let writer = Self::over(Box::new(file), path, config, options)?;
        if options.sync == Sync::EachBlock {
            // The file's name must survive a power cut too.
            File::open(dir)
                .and_then(|dir| dir.sync_all())
                .map_err(io_error("flushing the directory", dir))?;
        }
        Ok(writer)
    }

    /// Goes on with the journal of a run that was cut: drops an incomplete tail as [`recover`](fn@recover) does, and
    /// appends behind it.
    ///
    /// # Errors
    /// When the journal is sealed, damaged before its tail, or written by another process.
    pub fn resume(dir: &Path, options: Options) -> Result<(Self, Recovered), JournalError> {
        options.check()?;
        let path = dir.join(FILE_NAME);
        let file = Locked::open(&path, false)?;
        let (recovered, next_index) = recover::recover_locked(&file, &path)?;
        if recovered.sealed {
            return Err(JournalError::Sealed { path });
        }
        (&*file).seek(SeekFrom::Start(recovered.summary.bytes)).map_err(io_error("seeking", &path))?;
        let scribe = Scribe::go_on(Box::new(file), path, next_index, recovered.summary, options.sync);
        Ok((Self::start(scribe, options)?, recovered))
    }

    pub(crate) fn over(
        sink: Box<dyn Sink>,
        path: PathBuf,
        config: &[u8],
        options: Options,
    ) -> Result<Self, JournalError> {
        Self::start(Scribe::begin(sink, path, config, options.sync)?, options)
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
            .spawn(move || scribe.run(&full_blocks, &empty_blocks, options.blocks, options.poll))
            .map_err(io_error("starting the writing thread", Path::new(FILE_NAME)))?;
        Ok(Self {
            block: Block::new(options.block_records),
            block_records: options.block_records,
            flush_interval: options.flush_interval.unwrap_or(Nanos::MAX),
            last_seq: Seq(0),
            open_ended: false,
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
        }
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
        self.send(Message::Block(full));
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

    /// The release gate: this input, all before it and all that answered them are written, and survive what
    /// [`Options::sync`] says. `None` when no input is. Never goes on after a failure, so a gate that waits for
    /// it stays shut.
    #[inline]
    #[must_use]
    pub fn written(&self) -> Option<Seq> {
        let below = self.shared.complete_below.load(Ordering::Acquire);
        below.checked_sub(1).map(Seq)
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

const _: () = assert!(BLOCK_HEADER_BYTES + PAYLOAD_BYTES_MAX < u32::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use types::{Event, Input, Operator};

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

    fn record(seq: u64) -> Record {
        Record::Input(Input {
            seq: Seq(seq),
            received_at: Nanos(0),
            event: Event::Operator(Operator::Request {
                request: 1,
                by: types::PersonId(0),
                action: types::Action::Kill(types::Scope::Firm),
            }),
        })
    }

    fn writer_over(sink: Box<dyn Sink>) -> Writer {
        let options = Options { block_records: 4, blocks: 3, ..Options::default() };
        Writer::over(sink, PathBuf::from("small"), b"", options).expect("the beginning fits")
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
    fn a_full_disk_stops_the_gate_stays_and_is_told_at_the_end() {
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
