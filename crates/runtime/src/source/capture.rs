//! Capture files: datagrams out of pcap, CME MDP 3.0 out of datagrams.
//!
//! A packet lost to damage needs no mark here: the decoder misses its sequence number.
//!
//! Nobody doubts books here (`book::Doubts`), though a live recording does. What a recording misses its numbers show, and
//! late joining, loss and damage are gaps that make books stale. A book that is crossed is not live and is not traded on,
//! so that giving it up would change nothing but when it comes back; and a change of what does not stand is counted
//! (`quoin inspect`, `--strict`). A watch would need every book at decoding, a second time beside the engine's, and would
//! make the events of a recording depend on an opinion about them: its history, its replay and its import must agree.

use super::{Bytes, Source, SourceError};
use net::capture::{Capture, CaptureError};
use std::path::Path;
use types::Nanos;
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

/// Datagrams to a batch: enough to hide the calls, few enough to stay in the cache.
const BATCH: usize = 256;

/// Whether a capture holds a datagram at all, as far as its start tells: orders go by TCP.
pub(super) fn has_datagrams(start: &[u8]) -> bool {
    let mut capture = Capture::of(start);
    loop {
        match capture.next() {
            Ok(Some(_)) => return true,
            Ok(None) => return false,
            Err(error) if error.is_final() => return false,
            Err(_) => {}
        }
    }
}

pub(super) struct CaptureSource {
    name: String,
    format: &'static str,
    capture: Capture<'static>,
    decoder: Decoder,
    received_at: Nanos,
    ended: bool,
}

impl CaptureSource {
    pub(super) fn new(name: String, format: &'static str, bytes: Bytes) -> Self {
        Self {
            name,
            format,
            capture: Capture::new(Box::new(bytes)),
            decoder: Decoder::new(),
            received_at: Nanos::MIN,
            ended: false,
        }
    }

    fn one(&mut self, directory: &mut Directory, out: &mut Output) -> Result<(), SourceError> {
        match self.capture.next() {
            Ok(Some(datagram)) => {
                self.received_at = datagram.received_at;
                let line = Line { ip: datagram.destination.ip, port: datagram.destination.port };
                let (payload, offset) = (datagram.payload, datagram.offset);
                self.decoder.packet(datagram.received_at, line, payload, offset, directory, out);
            }
            Ok(None) => self.ended = true,
            // The file system's word, not the recording's.
            Err(CaptureError::Read { source, .. }) if source.raw_os_error().is_some() => {
                return Err(SourceError::io(Path::new(&self.name), "read", source));
            }
            Err(error) => {
                self.ended = error.is_final();
                out.fault(error.offset(), error.skipped(), error.to_string());
            }
        }
        Ok(())
    }
}

impl Source for CaptureSource {
    fn read(&mut self, directory: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        for _ in 0..BATCH {
            if self.ended {
                break;
            }
            self.one(directory, out)?;
            if self.ended {
                self.decoder.finish(self.received_at, directory, out);
            }
        }
        Ok(!self.ended)
    }

    fn format(&self) -> &'static str {
        self.format
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let mut counts = self.decoder.counts();
        let dropped = ("packet dropped when it was captured", self.capture.dropped());
        let rest = self.capture.skipped().named().into_iter().chain((dropped.1 > 0).then_some(dropped));
        counts.extend(rest.map(|(name, n)| (name.to_string(), n)));
        counts
    }
}
