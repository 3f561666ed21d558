//! Capture files: datagrams out of pcap, CME MDP 3.0 out of datagrams.
//!
//! A packet lost to damage needs no mark here: the decoder misses its sequence number.

use super::{Bytes, Source, SourceError};
use net::capture::{Capture, CaptureError};
use std::path::Path;
use types::Nanos;
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

/// Datagrams to a batch: enough to hide the calls, few enough to stay in the cache.
const BATCH: usize = 256;

pub(super) struct CaptureSource {
    name: String,
    capture: Capture<'static>,
    decoder: Decoder,
    received_at: Nanos,
    ended: bool,
}

impl CaptureSource {
    pub(super) fn new(name: String, bytes: Bytes) -> Self {
        Self {
            name,
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
        "capture of CME MDP 3.0"
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let mut counts = self.decoder.counts();
        let dropped = ("packet dropped when it was captured", self.capture.dropped());
        let rest = self.capture.skipped().named().into_iter().chain((dropped.1 > 0).then_some(dropped));
        counts.extend(rest.map(|(name, n)| (name.to_string(), n)));
        counts
    }
}
