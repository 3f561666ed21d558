//! A window on a capture: as many of its next bytes as the record at hand needs, and their place in the file.
//!
//! Bytes that are in memory already are read where they lie; a reader is read in chunks. Never seeks, and never
//! holds a whole file of its own accord: its memory is a chunk, or twice the largest record met.

use std::io::{ErrorKind, Read};

/// How much is asked of the reader at once: more than the buffers readers come with, so that those pass the
/// request through instead of copying, and less than a second-level cache.
const CHUNK: usize = 1 << 19;

enum Source<'r> {
    Memory(&'r [u8]),
    Reader { reader: Box<dyn Read + 'r>, bytes: Vec<u8>, ended: bool },
}

pub(crate) struct Window<'r> {
    source: Source<'r>,
    /// The bytes at hand: `start..end` of the source's.
    start: usize,
    end: usize,
    /// Of `start`, in the file.
    offset: u64,
}

impl<'r> Window<'r> {
    pub(crate) fn new(reader: Box<dyn Read + 'r>) -> Self {
        let source = Source::Reader { reader, bytes: Vec::new(), ended: false };
        Self { source, start: 0, end: 0, offset: 0 }
    }

    pub(crate) const fn of(bytes: &'r [u8]) -> Self {
        Self { source: Source::Memory(bytes), start: 0, end: bytes.len(), offset: 0 }
    }

    /// Where the next byte lies in the file.
    #[inline]
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    #[inline]
    fn buffer(&self) -> &[u8] {
        match &self.source {
            Source::Memory(bytes) => bytes,
            Source::Reader { bytes, .. } => bytes,
        }
    }

    /// The bytes at hand.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer()[self.start..self.end]
    }

    /// Bytes at hand before the last [`consume`](Self::consume), by their place in the buffer. They are good
    /// until the next [`fill`](Self::fill).
    #[inline]
    pub(crate) fn at(&self, start: usize, end: usize) -> &[u8] {
        &self.buffer()[start..end]
    }

    /// The place of the next byte in the buffer, for [`at`](Self::at).
    #[inline]
    pub(crate) const fn place(&self) -> usize {
        self.start
    }

    /// Passes over `count` of the bytes at hand.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        assert!(count <= self.end - self.start, "only what is at hand can be passed over");
        self.start += count;
        self.offset += count as u64;
    }

    /// Reads until `count` bytes are at hand or the file ends; answers whether they are.
    #[inline]
    pub(crate) fn fill(&mut self, count: usize) -> std::io::Result<bool> {
        if self.end - self.start >= count {
            return Ok(true);
        }
        self.read(count)
    }

    #[cold]
    fn read(&mut self, count: usize) -> std::io::Result<bool> {
        let Source::Reader { reader, bytes, ended } = &mut self.source else {
            return Ok(false);
        };
        bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = count.max(CHUNK);
        if bytes.len() < wanted {
            bytes.resize(wanted, 0);
        }
        while self.end < count && !*ended {
            match reader.read(&mut bytes[self.end..]) {
                Ok(0) => *ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end >= count)
    }
}
