//! Reads a journal from its start, believing nothing it has not checked.
//!
//! Never gives a record of a block whose checksum, hash or place is wrong. Asks for at most one block's memory,
//! and looks at each byte at most twice, whatever the bytes.

use crate::checkpoint::Checkpoint;
use crate::error::io_error;
use crate::layout::{
    self, BLOCK_HEADER_BYTES, BlockHeader, Closing, FILE_HEADER_BYTES, FILE_NAME, Kind, Seal,
};
use crate::scribe::Stand;
use crate::segment::{Bytes, Files, Last, Opened, SEGMENT_BYTES, Segment};
use crate::trust::{Judge, Verdict};
use crate::{Coverage, Hash, JournalError, PublicKey, Summary, Trust};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use types::record::{RECORD_BYTES, Record};
use types::{Nanos, Seq};

/// How a journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Properly.
    Sealed,
    /// In the middle: by a kill, a full disk or a power cut. What was read before it stands.
    Cut {
        /// Where the last whole block ends, in bytes from the start of the journal, through all its files.
        at: u64,
        /// How many bytes follow and are ignored.
        lost: u64,
        /// How that shows.
        why: &'static str,
    },
}

/// Reads a journal block by block, from file to file.
pub struct Reader {
    files: Files,
    source: BufReader<Box<dyn Bytes>>,
    path: PathBuf,
    /// The present file: its number, length, version, and how far it was read.
    segment: u32,
    length: u64,
    version: u32,
    offset: u64,
    /// Bytes in the files before it.
    bytes_before: u64,
    /// The first block of all that are read.
    from: u64,
    next_index: u64,
    config: Vec<u8>,
    chain: Hash,
    payload: Vec<u8>,
    summary: Summary,
    last: Last,
    checkpointed: u64,
    /// As it was before the checkpoint that announces the seal, until the seal stands.
    before_the_end: Option<Stand>,
    judge: Judge,
    ending: Option<Ending>,
    /// Whether the last file was closed, and the next not begun.
    between: bool,
    /// The next file, if it is there and nothing whole is in it.
    torn: Option<u32>,
}

/// What stands at an offset.
enum Found {
    Block(Kind, BlockHeader),
    End { why: &'static str },
}

impl Reader {
    /// Opens the journal at `path`, or in it if it is a directory, and reads its configuration. Given a later
    /// segment's file, starts there, and believes what it says of those before.
    ///
    /// # Errors
    /// When there is none, or its beginning cannot be believed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Self::open_with(path, &Trust::default())
    }

    /// The same, held against a key and an anchor while it is read.
    ///
    /// # Errors
    /// As above, and when it is another journal than the anchor's.
    pub fn open_with(path: impl AsRef<Path>, trust: &Trust) -> Result<Self, JournalError> {
        let path = file_in(path.as_ref());
        let file = File::open(&path).map_err(io_error("opening", &path))?;
        Self::from_file(file, path, trust)
    }

    /// Reads a journal of one file from memory.
    ///
    /// # Errors
    /// When its beginning cannot be believed.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, JournalError> {
        Self::from_segments(vec![bytes], &Trust::default())
    }

    /// Reads a journal of several files from memory, the first of them first.
    ///
    /// # Errors
    /// When its beginning cannot be believed, or there is no file at all.
    pub fn from_segments(segments: Vec<Vec<u8>>, trust: &Trust) -> Result<Self, JournalError> {
        let mut files = Files::Memory(segments);
        let first = files.open(0)?.ok_or(JournalError::NotAJournal { what: "there is no file" })?;
        Self::over(files, first, trust)
    }

    pub(crate) fn from_file(file: File, path: PathBuf, trust: &Trust) -> Result<Self, JournalError> {
        Self::over(Files::Named(path.clone()), Opened::file(file, path)?, trust)
    }

    fn over(files: Files, first: Opened, trust: &Trust) -> Result<Self, JournalError> {
        let none = Hash([0; 32]);
        let mut reader = Self {
            files,
            source: BufReader::new(first.bytes),
            path: first.path,
            segment: 0,
            length: first.length,
            version: 0,
            offset: FILE_HEADER_BYTES as u64,
            bytes_before: 0,
            from: 0,
            next_index: 0,
            config: Vec::new(),
            chain: none,
            payload: Vec::new(),
            summary: Summary { records: 0, commands: 0, bytes: 0, head: none },
            last: Last { seq: Seq(0), at: Nanos(0) },
            checkpointed: 0,
            before_the_end: None,
            judge: Judge::new(*trust),
            ending: None,
            between: false,
            torn: None,
        };
        reader.read_beginning()?;
        Ok(reader)
    }

    fn read_beginning(&mut self) -> Result<(), JournalError> {
        if self.length < FILE_HEADER_BYTES as u64 {
            return Err(JournalError::NoConfiguration {
                offset: self.length,
                what: "the file ends within its header",
            });
        }
        let mut header = [0; FILE_HEADER_BYTES];
        self.fill(&mut header)?;
        self.version = layout::check_file_header(&header)?;
        self.summary.head = Hash::of(&[&header]);
        self.expect_later_segment()?;
        match self.read_block()? {
            Found::Block(Kind::Segment, block) => self.begin_in_the_middle(&block),
            Found::Block(_, block) => {
                self.config = std::mem::take(&mut self.payload);
                self.chain = block.hash;
                self.judge.on_chain(self.chain)?;
                self.accept(&block, false)
            }
            Found::End { why } => Err(JournalError::NoConfiguration { offset: self.offset, what: why }),
        }
    }

    /// If what starts here is a later segment, takes its place in the chain on its word.
    fn expect_later_segment(&mut self) -> Result<(), JournalError> {
        if self.length < (FILE_HEADER_BYTES + BLOCK_HEADER_BYTES) as u64 {
            return Ok(());
        }
        let mut bytes = [0; BLOCK_HEADER_BYTES];
        self.fill(&mut bytes)?;
        if let Ok(header) = BlockHeader::read(&bytes)
            && header.kind(self.version) == Ok(Kind::Segment)
        {
            self.next_index = header.index;
            self.from = header.index;
            self.summary.head = header.previous;
        }
        Ok(())
    }

    fn begin_in_the_middle(&mut self, block: &BlockHeader) -> Result<(), JournalError> {
        let words = self.segment_words()?;
        self.config = self.payload[SEGMENT_BYTES..].to_vec();
        self.chain = words.chain;
        if layout::chain_of(&self.config) != self.chain {
            return Err(self.tampered("the segment's configuration is not its run's"));
        }
        self.judge.on_chain(self.chain)?;
        self.segment = words.number;
        self.bytes_before = words.bytes;
        self.summary = Summary { records: words.records, commands: words.commands, ..self.summary };
        self.last = words.last;
        if !self.files.start_at(words.number) {
            return Err(self.tampered("a later file stands where the first should"));
        }
        self.accept(block, false)
    }

    /// What the run was set to do, as its writer wrote it.
    #[must_use]
    pub fn config(&self) -> &[u8] {
        &self.config
    }

    /// Replaces what is in `out` by the records of the next block; false, and nothing in `out`, at the end.
    ///
    /// # Errors
    /// When a block cannot be believed, or, at the end, the whole. Every call after that says the same.
    pub fn next_block(&mut self, out: &mut Vec<Record>) -> Result<bool, JournalError> {
        out.clear();
        while self.ending.is_none() {
            match self.read_block()? {
                Found::Block(Kind::Records, block) => {
                    if let Err(error) = self.on_records(&block, out) {
                        out.clear();
                        return Err(error);
                    }
                    return Ok(true);
                }
                Found::Block(Kind::Checkpoint, block) => self.on_checkpoint(&block)?,
                Found::Block(Kind::Closing, block) => self.on_closing(&block)?,
                Found::Block(Kind::Seal, block) => self.on_seal(&block)?,
                Found::Block(Kind::Configuration | Kind::Segment, _) => {
                    return Err(self.tampered("a file begins here, in the middle of one"));
                }
                Found::End { why } => self.ending = Some(self.cut(why)),
            }
        }
        let sealed = self.ending == Some(Ending::Sealed);
        self.judge.on_end(self.summary.records, sealed, self.from)?;
        Ok(false)
    }

    /// How the journal ended, once [`next_block`](Self::next_block) has said that it did; before that, what a
    /// reader who stops here leaves unread in this file.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.ending.unwrap_or_else(|| self.cut("it was not read to its end"))
    }

    /// What was read so far, and what a first segment says of those before it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// How far signatures reach in what was read.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.judge.coverage
    }

    /// The number of the file that is being read.
    #[must_use]
    pub fn segment(&self) -> u32 {
        self.segment
    }

    pub(crate) fn stand(&self) -> Stand {
        Stand {
            summary: self.summary,
            next_index: self.next_index,
            last: self.last,
            segment: self.segment,
            segment_bytes: self.offset,
            key: self.key(),
            checkpointed: self.checkpointed,
        }
    }

    /// Where a writer goes on: not behind a checkpoint that announces a seal which never came.
    pub(crate) fn stand_to_go_on(&self) -> Stand {
        self.before_the_end.unwrap_or_else(|| self.stand())
    }

    pub(crate) fn is_between_segments(&self) -> bool {
        self.between
    }

    pub(crate) fn torn_segment(&self) -> Option<u32> {
        self.torn
    }

    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    fn key(&self) -> Option<PublicKey> {
        self.judge.coverage.key
    }

    fn cut(&self, why: &'static str) -> Ending {
        Ending::Cut { at: self.summary.bytes, lost: self.length - self.offset, why }
    }

    /// Reads the block at `offset` into `payload` and checks it; does not go on behind it.
    fn read_block(&mut self) -> Result<Found, JournalError> {
        let left = self.length - self.offset;
        if left == 0 {
            return self.ended();
        }
        if left < BLOCK_HEADER_BYTES as u64 {
            return self.damaged("the file ends within a block's header");
        }
        self.seek(self.offset)?;
        let mut bytes = [0; BLOCK_HEADER_BYTES];
        self.fill(&mut bytes)?;
        let header = match BlockHeader::read(&bytes) {
            Ok(header) => header,
            Err(what) => return self.damaged(what),
        };
        let kind = self.check_place(&header)?;
        if left - (BLOCK_HEADER_BYTES as u64) < u64::from(header.payload_bytes) {
            return self.damaged("the file ends within a block's payload");
        }
        let mut payload = std::mem::take(&mut self.payload);
        payload.resize(header.payload_bytes as usize, 0);
        self.fill(&mut payload)?;
        self.payload = payload;
        if header.payload_crc != crc32c::crc32c(&self.payload) {
            return self.damaged("the payload's checksum is wrong");
        }
        if header.hash != layout::hash_of_block(&bytes, &self.payload) {
            return Err(self.tampered("the hash is not this block's"));
        }
        Ok(Found::Block(kind, header))
    }

    /// A header that is whole must be the one that belongs here, even when its payload was torn.
    fn check_place(&self, header: &BlockHeader) -> Result<Kind, JournalError> {
        if header.index != self.next_index {
            return Err(self.tampered("another block's place: blocks were moved, removed or added"));
        }
        if header.previous != self.summary.head {
            return Err(self.tampered("the previous block is not the one this was chained to"));
        }
        let kind = header.kind(self.version).map_err(|what| self.tampered(what))?;
        if (kind == Kind::Configuration) != (header.index == 0) {
            return Err(self.tampered("the first block, and no other, is the configuration"));
        }
        if self.judge.seal_due && kind != Kind::Seal {
            return Err(self.tampered("its signer had ended the run, and it goes on"));
        }
        Ok(kind)
    }

    fn on_records(&mut self, block: &BlockHeader, out: &mut Vec<Record>) -> Result<(), JournalError> {
        self.decode(block, out)?;
        self.accept(block, false)?;
        self.summary.records += out.len() as u64;
        self.summary.commands +=
            out.iter().filter(|record| matches!(record, Record::Command { .. })).count() as u64;
        if let Some(last) = out.last() {
            self.last = Last { seq: last.seq(), at: time_of(last) };
        }
        Ok(())
    }

    fn on_checkpoint(&mut self, block: &BlockHeader) -> Result<(), JournalError> {
        let due = Checkpoint {
            chain: self.chain,
            block: block.index,
            records: self.summary.records,
            commands: self.summary.commands,
            last_seq: self.last.seq,
            last_at: self.last.at,
            head: block.previous,
            // Its own word.
            last: false,
            key: PublicKey([0; 32]),
        };
        let before = self.stand();
        let payload = self.payload.first_chunk().expect("the header's counts were checked");
        self.judge.on_checkpoint(payload, &due).map_err(|verdict| self.refused(verdict))?;
        self.before_the_end = self.judge.seal_due.then_some(before);
        self.checkpointed = self.summary.records;
        self.accept(block, true)
    }

    fn on_seal(&mut self, block: &BlockHeader) -> Result<(), JournalError> {
        if self.payload != self.so_far(block).to_bytes() {
            return Err(self.tampered("the seal counts other records"));
        }
        if self.offset + block_bytes(block) != self.length || self.files.later_than(self.segment)?.is_some() {
            return Err(self.tampered("something stands behind the seal"));
        }
        self.judge.on_seal().map_err(|verdict| self.refused(verdict))?;
        self.accept(block, false)?;
        self.before_the_end = None;
        self.ending = Some(Ending::Sealed);
        Ok(())
    }

    fn on_closing(&mut self, block: &BlockHeader) -> Result<(), JournalError> {
        let next = self.segment.saturating_add(1);
        if self.payload != (Closing { so_far: self.so_far(block), next }).to_bytes() {
            return Err(self.tampered("the file's closing counts other records"));
        }
        if self.offset + block_bytes(block) != self.length {
            return Err(self.tampered("something stands behind the file's closing"));
        }
        let opened = self.files.open(next)?;
        let later = self.files.later_than(next)?;
        match (opened, later) {
            (None, Some(later)) => Err(JournalError::Missing { segment: next, later }),
            (None, None) => {
                self.accept(block, false)?;
                self.between = true;
                self.ending = Some(self.cut("the next file was not begun"));
                Ok(())
            }
            (Some(opened), _) => {
                self.accept(block, false)?;
                self.enter(next, opened)
            }
        }
    }

    /// Goes on in the next file.
    fn enter(&mut self, number: u32, opened: Opened) -> Result<(), JournalError> {
        let before = (self.segment, self.length);
        self.source = BufReader::new(opened.bytes);
        self.bytes_before += self.length;
        self.segment = number;
        self.path = opened.path;
        self.length = opened.length;
        self.offset = 0;
        match self.read_segment()? {
            Found::Block(_, block) => {
                let words = self.segment_words()?;
                let due = Segment {
                    number,
                    records: self.summary.records,
                    commands: self.summary.commands,
                    bytes: self.bytes_before,
                    last: self.last,
                    chain: self.chain,
                };
                if words != due || self.payload[SEGMENT_BYTES..] != self.config {
                    return Err(self.tampered("the segment says other than the files before it"));
                }
                self.accept(&block, false)
            }
            Found::End { why } => {
                // The file was begun and is not yet anything: as if it were not there.
                self.ending = Some(Ending::Cut { at: self.summary.bytes, lost: self.length, why });
                (self.between, self.torn) = (true, Some(number));
                (self.segment, self.length, self.offset) = (before.0, before.1, before.1);
                Ok(())
            }
        }
    }

    fn read_segment(&mut self) -> Result<Found, JournalError> {
        if self.length < FILE_HEADER_BYTES as u64 {
            self.offset = self.length;
            return self.damaged("the file ends within its header");
        }
        let mut header = [0; FILE_HEADER_BYTES];
        self.fill(&mut header)?;
        self.offset = FILE_HEADER_BYTES as u64;
        match layout::check_file_header(&header) {
            Ok(version) if version == self.version => {}
            Ok(_) => return Err(self.tampered("a file of another version than the first")),
            Err(error @ JournalError::Version { .. }) => return Err(error),
            Err(_) => return self.damaged("the file's header is not a journal's"),
        }
        let found = self.read_block()?;
        match &found {
            Found::Block(Kind::Segment, _) | Found::End { .. } => Ok(found),
            Found::Block(..) => Err(self.tampered("a later file begins as a segment")),
        }
    }

    fn segment_words(&self) -> Result<Segment, JournalError> {
        let words = self.payload.first_chunk().expect("the header's counts were checked");
        Segment::from_bytes(words).ok_or_else(|| self.tampered("the segment's number is none"))
    }

    fn so_far(&self, block: &BlockHeader) -> Seal {
        Seal { records: self.summary.records, commands: self.summary.commands, head: block.previous }
    }

    fn decode(&self, block: &BlockHeader, out: &mut Vec<Record>) -> Result<(), JournalError> {
        let (records, _) = self.payload.as_chunks::<RECORD_BYTES>();
        for (place, bytes) in records.iter().enumerate() {
            match Record::from_bytes(bytes) {
                Ok(record) => out.push(record),
                Err(source) => {
                    return Err(JournalError::Record {
                        segment: self.segment,
                        block: block.index,
                        offset: self.offset + (BLOCK_HEADER_BYTES + place * RECORD_BYTES) as u64,
                        source,
                    });
                }
            }
        }
        if out.first().map(Record::seq) != Some(block.first_seq) {
            return Err(self.tampered("the first record has another place than its header says"));
        }
        Ok(())
    }

    /// Goes on behind a block, if the anchor does not object.
    fn accept(&mut self, block: &BlockHeader, is_checkpoint: bool) -> Result<(), JournalError> {
        self.judge.on_block(block.index, is_checkpoint.then_some(&self.payload[..]))?;
        self.offset += block_bytes(block);
        self.next_index += 1;
        self.summary.bytes = self.bytes_before + self.offset;
        self.summary.head = block.hash;
        Ok(())
    }

    fn tampered(&self, what: &'static str) -> JournalError {
        JournalError::Tampered { segment: self.segment, block: self.next_index, offset: self.offset, what }
    }

    fn refused(&self, verdict: Verdict) -> JournalError {
        match verdict {
            Verdict::Tampered(what) => self.tampered(what),
            Verdict::Other(error) => error,
        }
    }

    /// The file ends behind a whole block that does not say so.
    fn ended(&mut self) -> Result<Found, JournalError> {
        self.damaged("there is no seal: the run did not end")
    }

    /// The block at `offset` is not whole: the torn end of a killed run, unless something whole follows.
    fn damaged(&mut self, what: &'static str) -> Result<Found, JournalError> {
        if self.a_block_follows()? || self.files.later_than(self.segment)?.is_some() {
            Err(JournalError::Corrupt {
                segment: self.segment,
                block: self.next_index,
                offset: self.offset,
                what,
            })
        } else {
            Ok(Found::End { why: what })
        }
    }

    /// Whether any later block's header stands whole behind the start of this one; or this one's, which the disk put
    /// in another place.
    fn a_block_follows(&mut self) -> Result<bool, JournalError> {
        const STEP_BYTES: u64 = 1 << 20;
        let mut from = self.offset + 1;
        let mut window = Vec::new();
        self.seek(from)?;
        while from < self.length {
            let step = STEP_BYTES.min(self.length - from);
            let had = window.len();
            window.resize(had + usize::try_from(step).expect("at most STEP_BYTES"), 0);
            self.fill(&mut window[had..])?;
            if has_header_after(&window, self.next_index) {
                return Ok(true);
            }
            // A header may lie across two steps.
            window.drain(..window.len().saturating_sub(BLOCK_HEADER_BYTES - 1));
            from += step;
        }
        Ok(false)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), JournalError> {
        self.source.read_exact(bytes).map_err(io_error("reading", &self.path))
    }

    fn seek(&mut self, to: u64) -> Result<(), JournalError> {
        let here = self.source.stream_position();
        let moved = here.and_then(|here| {
            let by = to.cast_signed() - here.cast_signed();
            // Keeps the buffer when the place is in it, and it mostly is: blocks are read one by one.
            self.source.seek_relative(by)
        });
        moved.map_err(io_error("seeking", &self.path))
    }
}

fn time_of(record: &Record) -> Nanos {
    match record {
        Record::Input(input) => input.received_at,
        Record::Command { at, .. } => *at,
    }
}

fn block_bytes(block: &BlockHeader) -> u64 {
    BLOCK_HEADER_BYTES as u64 + u64::from(block.payload_bytes)
}

fn has_header_after(window: &[u8], index: u64) -> bool {
    window.windows(BLOCK_HEADER_BYTES).any(|bytes| {
        bytes.starts_with(&layout::BLOCK_MAGIC)
            && bytes
                .first_chunk()
                .is_some_and(|header| BlockHeader::read(header).is_ok_and(|block| block.index >= index))
    })
}

/// A journal's file, given it or its directory.
pub(crate) fn file_in(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() }
}

/// So that a reader of a file that is still open can start at its beginning.
pub(crate) fn rewound(file: &File) -> io::Result<File> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
