//! A disk in memory that keeps what it said it kept, unless told otherwise.
//!
//! What is written is pending until it is flushed; a crash tears what is pending. What was flushed stays, and can rot,
//! or be forgotten, between two lives of the process. A second copy of what was flushed stands elsewhere: what a person
//! restores from when the first cannot be believed.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stdx::Prng;

#[derive(Debug, Default)]
struct Platter {
    /// What survives a power cut.
    durable: Vec<u8>,
    /// The same, somewhere else.
    copy: Vec<u8>,
    /// Written and not flushed.
    pending: Vec<Vec<u8>>,
    /// The next flush fails, in this way.
    fails: Option<io::ErrorKind>,
}

/// See the module. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

impl Disk {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next flush fails.
    pub(crate) fn fail_next(&self, kind: io::ErrorKind) {
        self.platter().fails = Some(kind);
    }

    /// The process is gone, or the power: each pending write is torn with this chance, or not there at all.
    pub(crate) fn crash(&self, torn: f64, prng: &mut Prng) {
        let mut platter = self.platter();
        platter.fails = None;
        for mut write in std::mem::take(&mut platter.pending) {
            let keep = usize::try_from(prng.below(write.len() as u64 + 1)).expect("below a length");
            let is_torn = prng.chance(torn);
            if is_torn {
                // A prefix came down; of the rest some bytes did, in no order.
                for byte in &mut write[keep..] {
                    if prng.chance(0.5) {
                        *byte = 0;
                    }
                }
                if prng.chance(0.5) {
                    write.truncate(keep);
                }
            }
            platter.durable.extend_from_slice(&write);
            if is_torn {
                // What comes behind a hole in the file was never there.
                break;
            }
        }
    }

    /// A byte of what was flushed is another one; false when nothing was.
    pub(crate) fn rot(&self, prng: &mut Prng) -> bool {
        let mut platter = self.platter();
        let length = platter.durable.len() as u64;
        if length == 0 {
            return false;
        }
        let at = usize::try_from(prng.below(length)).expect("below a length");
        platter.durable[at] ^= u8::try_from(prng.between(1, 255)).expect("a byte");
        true
    }

    /// What was flushed last is not there.
    pub(crate) fn forget(&self, prng: &mut Prng) {
        let mut platter = self.platter();
        let length = platter.durable.len() as u64;
        let keep = length - prng.below(length.min(20_000) + 1);
        platter.durable.truncate(usize::try_from(keep).expect("below a length"));
    }

    /// What stands on it.
    pub(crate) fn read(&self) -> Vec<u8> {
        self.platter().durable.clone()
    }

    /// What was flushed from `from` on, by the copy.
    pub(crate) fn copied(&self, from: usize) -> Vec<u8> {
        self.platter().copy[from..].to_vec()
    }

    /// Everything that was flushed, by the copy: what a person restores.
    pub(crate) fn restore(&self) {
        let mut platter = self.platter();
        platter.durable = platter.copy.clone();
    }

    /// Cuts the file to this length, as recovery does.
    pub(crate) fn cut(&self, length: usize) {
        let mut platter = self.platter();
        platter.durable.truncate(length);
        platter.copy = platter.durable.clone();
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.platter().pending.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl journal::Sink for Disk {
    fn sync(&mut self) -> io::Result<()> {
        let mut platter = self.platter();
        if let Some(kind) = platter.fails.take() {
            return Err(kind.into());
        }
        for write in std::mem::take(&mut platter.pending) {
            platter.durable.extend_from_slice(&write);
            platter.copy.extend_from_slice(&write);
        }
        Ok(())
    }
}
