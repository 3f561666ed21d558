//! A window on a reader: as many of its next bytes as the record at hand needs, and their place in the file.
//!
//! Never seeks and never holds the whole file: its memory is twice the largest record met.

use std::io::{ErrorKind, Read};

/// How much is asked of the reader at once.
const CHUNK: usize = 1 << 17;

pub(crate) struct Window<'r> {
    reader: Box<dyn Read + 'r>,
    bytes: Vec<u8>,
    /// The bytes at hand: `bytes[start..end]`.
    start: usize,
    end: usize,
    /// Of `start`, in the file.
    offset: u64,
    ended: bool,
}

impl<'r> Window<'r> {
    pub(crate) fn new(reader: Box<dyn Read + 'r>) -> Self {
        Self { reader, bytes: Vec::new(), start: 0, end: 0, offset: 0, ended: false }
    }

    /// Where the next byte lies in the file.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes at hand.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Bytes at hand before the last [`consume`](Self::consume), by their place in the buffer. They are good
    /// until the next [`fill`](Self::fill).
    pub(crate) fn at(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start..end]
    }

    /// The place of the next byte in the buffer, for [`at`](Self::at).
    pub(crate) const fn place(&self) -> usize {
        self.start
    }

    /// Passes over `count` of the bytes at hand.
    pub(crate) fn consume(&mut self, count: usize) {
        assert!(count <= self.end - self.start, "only what is at hand can be passed over");
        self.start += count;
        self.offset += count as u64;
    }

    /// Reads until `count` bytes are at hand or the file ends; answers whether they are.
    pub(crate) fn fill(&mut self, count: usize) -> std::io::Result<bool> {
        if self.end - self.start >= count {
            return Ok(true);
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = count.max(CHUNK);
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        while self.end < count && !self.ended {
            match self.reader.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end >= count)
    }
}
