//! Reads a journal from its start, believing nothing it has not checked.
//!
//! Never gives a record of a block whose checksum, hash or place is wrong. Asks for at most one block's memory,
//! and looks at each byte at most twice, whatever the bytes.

use crate::error::io_error;
use crate::layout::{self, BLOCK_HEADER_BYTES, BlockHeader, FILE_HEADER_BYTES, FILE_NAME, Kind, Seal};
use crate::{Hash, JournalError, Summary};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use types::record::{RECORD_BYTES, Record};

/// How a journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Properly.
    Sealed,
    /// In the middle: by a kill, a full disk or a power cut. What was read before it stands.
    Cut {
        /// Where the last whole block ends, in bytes from the start of the file.
        at: u64,
        /// How many bytes follow and are ignored.
        lost: u64,
        /// How that shows.
        why: &'static str,
    },
}

trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// Reads a journal block by block.
pub struct Reader {
    source: BufReader<Box<dyn Source>>,
    path: PathBuf,
    length: u64,
    offset: u64,
    next_index: u64,
    config: Vec<u8>,
    payload: Vec<u8>,
    summary: Summary,
    ending: Option<Ending>,
}

/// What stands at an offset.
enum Found {
    Block(Kind, BlockHeader),
    End { why: &'static str },
}

impl Reader {
    /// Opens the journal at `path`, or in it if it is a directory, and reads its configuration.
    ///
    /// # Errors
    /// When there is none, or its beginning cannot be believed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = file_in(path.as_ref());
        let file = File::open(&path).map_err(io_error("opening", &path))?;
        Self::from_file(file, path)
    }

    /// Reads a journal from memory.
    ///
    /// # Errors
    /// When its beginning cannot be believed.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, JournalError> {
        let length = bytes.len() as u64;
        Self::over(Box::new(Cursor::new(bytes)), length, PathBuf::from("(memory)"))
    }

    pub(crate) fn from_file(file: File, path: PathBuf) -> Result<Self, JournalError> {
        let length = file.metadata().map_err(io_error("reading the length", &path))?.len();
        Self::over(Box::new(file), length, path)
    }

    fn over(source: Box<dyn Source>, length: u64, path: PathBuf) -> Result<Self, JournalError> {
        let mut reader = Self {
            source: BufReader::new(source),
            path,
            length,
            offset: FILE_HEADER_BYTES as u64,
            next_index: 0,
            config: Vec::new(),
            payload: Vec::new(),
            summary: Summary { records: 0, commands: 0, bytes: 0, head: Hash([0; 32]) },
            ending: None,
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
        layout::check_file_header(&header)?;
        self.summary.head = Hash::of(&[&header]);
        match self.read_block()? {
            Found::Block(_, block) => {
                self.config = std::mem::take(&mut self.payload);
                self.accept(&block);
                Ok(())
            }
            Found::End { why } => Err(JournalError::NoConfiguration { offset: self.offset, what: why }),
        }
    }

    /// What the run was set to do, as its writer wrote it.
    #[must_use]
    pub fn config(&self) -> &[u8] {
        &self.config
    }

    /// Replaces what is in `out` by the records of the next block; false, and nothing in `out`, at the end.
    ///
    /// # Errors
    /// When a block cannot be believed. Every call after that says the same.
    pub fn next_block(&mut self, out: &mut Vec<Record>) -> Result<bool, JournalError> {
        out.clear();
        if self.ending.is_some() {
            return Ok(false);
        }
        match self.read_block()? {
            Found::Block(Kind::Records, block) => {
                self.decode(&block, out)?;
                self.accept(&block);
                self.summary.records += out.len() as u64;
                self.summary.commands +=
                    out.iter().filter(|record| matches!(record, Record::Command { .. })).count() as u64;
                Ok(true)
            }
            Found::Block(Kind::Seal, block) => {
                self.check_seal(&block)?;
                self.accept(&block);
                self.ending = Some(Ending::Sealed);
                Ok(false)
            }
            Found::Block(Kind::Configuration, _) => unreachable!("its index is 0, and ours is not"),
            Found::End { why } => {
                self.ending = Some(self.cut(why));
                Ok(false)
            }
        }
    }

    /// How the journal ended, once [`next_block`](Self::next_block) has said that it did; before that, what a
    /// reader who stops here leaves unread.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.ending.unwrap_or_else(|| self.cut("it was not read to its end"))
    }

    /// What was read so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// The place of the block that comes next.
    pub(crate) fn next_index(&self) -> u64 {
        self.next_index
    }

    fn cut(&self, why: &'static str) -> Ending {
        Ending::Cut { at: self.offset, lost: self.length - self.offset, why }
    }

    /// Reads the block at `offset` into `payload` and checks it; does not go on behind it.
    fn read_block(&mut self) -> Result<Found, JournalError> {
        let left = self.length - self.offset;
        if left == 0 {
            return Ok(Found::End { why: "there is no seal: the run did not end" });
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
        let kind = header.kind().map_err(|what| self.tampered(what))?;
        if (kind == Kind::Configuration) == (header.index == 0) {
            Ok(kind)
        } else {
            Err(self.tampered("the first block, and no other, is the configuration"))
        }
    }

    fn check_seal(&self, block: &BlockHeader) -> Result<(), JournalError> {
        let due =
            Seal { records: self.summary.records, commands: self.summary.commands, head: block.previous };
        if self.payload != due.to_bytes() {
            return Err(self.tampered("the seal counts other records"));
        }
        if self.offset + block_bytes(block) != self.length {
            return Err(self.tampered("something stands behind the seal"));
        }
        Ok(())
    }

    fn decode(&self, block: &BlockHeader, out: &mut Vec<Record>) -> Result<(), JournalError> {
        let (records, _) = self.payload.as_chunks::<RECORD_BYTES>();
        for (place, bytes) in records.iter().enumerate() {
            match Record::from_bytes(bytes) {
                Ok(record) => out.push(record),
                Err(source) => {
                    out.clear();
                    return Err(JournalError::Record {
                        block: block.index,
                        offset: self.offset + (BLOCK_HEADER_BYTES + place * RECORD_BYTES) as u64,
                        source,
                    });
                }
            }
        }
        if out.first().map(Record::seq) != Some(block.first_seq) {
            out.clear();
            return Err(self.tampered("the first record has another place than its header says"));
        }
        Ok(())
    }

    /// Goes on behind a block.
    fn accept(&mut self, block: &BlockHeader) {
        self.offset += block_bytes(block);
        self.next_index += 1;
        self.summary.bytes = self.offset;
        self.summary.head = block.hash;
    }

    fn tampered(&self, what: &'static str) -> JournalError {
        JournalError::Tampered { block: self.next_index, offset: self.offset, what }
    }

    /// The block at `offset` is not whole: the torn end of a killed run, unless something whole follows.
    fn damaged(&mut self, what: &'static str) -> Result<Found, JournalError> {
        if self.a_block_follows()? {
            Err(JournalError::Corrupt { block: self.next_index, offset: self.offset, what })
        } else {
            Ok(Found::End { why: what })
        }
    }

    /// Whether any later block's header stands whole behind the start of this one.
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

fn block_bytes(block: &BlockHeader) -> u64 {
    BLOCK_HEADER_BYTES as u64 + u64::from(block.payload_bytes)
}

fn has_header_after(window: &[u8], index: u64) -> bool {
    window.windows(BLOCK_HEADER_BYTES).any(|bytes| {
        bytes.starts_with(&layout::BLOCK_MAGIC)
            && bytes
                .first_chunk()
                .is_some_and(|header| BlockHeader::read(header).is_ok_and(|block| block.index > index))
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
