//! A file that one writer holds against every other, in this process or in another.

use crate::JournalError;
use crate::error::io_error;
use std::fs::{File, OpenOptions, TryLockError};
use std::ops::Deref;
use std::path::Path;

/// A file open for reading and writing, locked until it is dropped.
pub(crate) struct Locked(File);

impl Locked {
    /// Opens and locks; does not wait for whoever has it.
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self, JournalError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .open(path)
            .map_err(io_error("opening", path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(io_error("locking", path)(error)),
        }
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Said, not left to closing: a process that is just being started elsewhere in this one has a copy of
        // the handle for a moment, and the lock would last as long as the copy. If it fails, it lasts that long.
        let _ = self.0.unlock();
    }
}
