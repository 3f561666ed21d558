//! A file for the Parquet library: the bytes of one row group in memory, so that a page is a slice and not three calls to
//! the system.
//!
//! Memory: the compressed row group, if its reader may hold so much; else pages come from the file one by one.

use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// A file and the part of it that is held. Clones share it.
#[derive(Clone)]
pub(super) struct Held(Arc<Inner>);

struct Inner {
    /// `None`: all of it is held.
    file: Option<File>,
    length: u64,
    /// Where it starts, and what stands from there on.
    held: Mutex<(u64, Bytes)>,
}

/// What stands from some place on.
pub(super) enum Stream {
    Held(bytes::buf::Reader<Bytes>),
    File(io::BufReader<File>),
}

impl Held {
    pub(super) fn new(file: File, length: u64) -> Self {
        Self(Arc::new(Inner { file: Some(file), length, held: Mutex::new((0, Bytes::new())) }))
    }

    /// A file that is held whole.
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self(Arc::new(Inner { file: None, length: bytes.len() as u64, held: Mutex::new((0, bytes)) }))
    }

    /// Holds these bytes instead of those before.
    pub(super) fn hold(&self, start: u64, length: usize) -> Result<()> {
        let Some(mut file) = self.0.file.as_ref() else { return Ok(()) };
        let before = std::mem::take(&mut *self.held()).1;
        // The same memory again, unless somebody still reads in it.
        let mut bytes = before.try_into_mut().unwrap_or_default();
        bytes.resize(length, 0);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        *self.held() = (start, bytes.freeze());
        Ok(())
    }

    /// Holds nothing.
    pub(super) fn release(&self) {
        if self.0.file.is_some() {
            *self.held() = (0, Bytes::new());
        }
    }

    fn file(&self) -> Result<&File> {
        self.0.file.as_ref().ok_or_else(beyond)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, (u64, Bytes)> {
        // Whole whenever it is unlocked, whoever panicked.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held from there on.
    fn from(&self, start: u64) -> Option<Bytes> {
        let held = self.held();
        let at = usize::try_from(start.checked_sub(held.0)?).ok()?;
        (at < held.1.len()).then(|| held.1.slice(at..))
    }
}

fn beyond() -> ParquetError {
    ParquetError::EOF("what it names lies behind its end".into())
}

impl Length for Held {
    fn len(&self) -> u64 {
        self.0.length
    }
}

impl ChunkReader for Held {
    type T = Stream;

    fn get_read(&self, start: u64) -> Result<Stream> {
        Ok(match self.from(start) {
            Some(bytes) => Stream::Held(bytes.reader()),
            None => Stream::File(self.file()?.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.0.length) {
            return Err(beyond());
        }
        match self.from(start).filter(|bytes| bytes.len() >= length) {
            Some(bytes) => Ok(bytes.slice(..length)),
            None => self.file()?.get_bytes(start, length),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Held(bytes) => bytes.read(out),
            Self::File(file) => file.read(out),
        }
    }
}
