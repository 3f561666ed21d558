//! Capture files: events out of datagrams, in whichever language they speak; of CME MDP 3.0 here, of MoldUDP64 in
//! `nasdaq`.
//!
//! A packet lost to damage needs no mark here: the decoder misses its sequence number.
//!
//! Nobody doubts books here (`book::Doubts`), though a live recording does. What a recording misses its numbers show, and
//! late joining, loss and damage are gaps that make books stale. A book that is crossed is not live and is not traded on,
//! so that giving it up would change nothing but when it comes back; and a change of what does not stand is counted
//! (`quoin inspect`, `--strict`). A watch would need every book at decoding, a second time beside the engine's, and would
//! make the events of a recording depend on an opinion about them: its history, its replay and its import must agree.

use super::datagrams::{self, Datagrams};
use super::{Bytes, Source, SourceError};
use net::capture::Datagram;
use types::Nanos;
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

/// Datagrams to a batch: enough to hide the calls, few enough to stay in the cache.
const BATCH: usize = 256;

/// Whether a capture holds a datagram at all, as far as its start tells: orders go by TCP.
pub(super) fn has_datagrams(start: &[u8]) -> bool {
    datagrams::any(start, usize::MAX, |_| true)
}

/// A language that is spoken in datagrams.
pub(super) trait Language {
    /// Reads one.
    fn datagram(&mut self, datagram: &Datagram<'_>, directory: &mut Directory, out: &mut Output);

    /// The recording ended, at the time of its last datagram.
    fn finish(&mut self, at: Nanos, directory: &mut Directory, out: &mut Output);

    /// What was met so far, in its own terms.
    fn counts(&self) -> Vec<(String, u64)>;
}

impl Language for Decoder {
    fn datagram(&mut self, datagram: &Datagram<'_>, directory: &mut Directory, out: &mut Output) {
        let line = Line { ip: datagram.destination.ip, port: datagram.destination.port };
        self.packet(datagram.received_at, line, datagram.payload, datagram.offset, directory, out);
    }

    fn finish(&mut self, at: Nanos, directory: &mut Directory, out: &mut Output) {
        Self::finish(self, at, directory, out);
    }

    fn counts(&self) -> Vec<(String, u64)> {
        Self::counts(self)
    }
}

pub(super) struct CaptureSource<L> {
    format: &'static str,
    datagrams: Datagrams,
    language: L,
    received_at: Nanos,
    ended: bool,
}

impl<L: Language> CaptureSource<L> {
    pub(super) fn new(name: &str, format: &'static str, bytes: Bytes, language: L) -> Self {
        let datagrams = Datagrams::new(name, bytes);
        Self { format, datagrams, language, received_at: Nanos::MIN, ended: false }
    }
}

impl<L: Language> Source for CaptureSource<L> {
    fn read(&mut self, directory: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        for _ in 0..BATCH {
            match self.datagrams.next() {
                Some(Ok(Ok(datagram))) => {
                    self.received_at = datagram.received_at;
                    self.language.datagram(&datagram, directory, out);
                }
                Some(Ok(Err(fault))) => out.faults.push(fault),
                Some(Err(error)) => return Err(error),
                None => {
                    if !std::mem::replace(&mut self.ended, true) {
                        self.language.finish(self.received_at, directory, out);
                    }
                    break;
                }
            }
        }
        Ok(!self.ended)
    }

    fn format(&self) -> &'static str {
        self.format
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let mut counts = self.language.counts();
        counts.extend(self.datagrams.counts());
        counts
    }
}
