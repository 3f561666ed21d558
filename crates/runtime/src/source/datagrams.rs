//! A capture's datagrams one by one, whatever is said in them, and what cannot be read of it.

use super::{Bytes, SourceError};
use net::capture::{Capture, CaptureError, Datagram};
use std::path::Path;
use venues::Fault;

pub(crate) struct Datagrams {
    name: String,
    capture: Capture<'static>,
    ended: bool,
}

impl Datagrams {
    pub(crate) fn new(name: &str, bytes: Bytes) -> Self {
        Self { name: name.into(), capture: Capture::new(Box::new(bytes)), ended: false }
    }

    /// The next one; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Result<Result<Datagram<'_>, Fault>, SourceError>> {
        if self.ended {
            return None;
        }
        match self.capture.next() {
            Ok(Some(datagram)) => Some(Ok(Ok(datagram))),
            Ok(None) => {
                self.ended = true;
                None
            }
            // The file system's word, not the recording's.
            Err(CaptureError::Read { source, .. }) if source.raw_os_error().is_some() => {
                Some(Err(SourceError::read(Path::new(&self.name), source)))
            }
            Err(error) => {
                self.ended = error.is_final();
                let (offset, skipped) = (error.offset(), error.skipped());
                Some(Ok(Err(Fault { offset, skipped, what: error.to_string() })))
            }
        }
    }

    /// What the capture held besides, with names for people.
    pub(super) fn counts(&self) -> Vec<(String, u64)> {
        let dropped = ("packet dropped when it was captured", self.capture.dropped());
        let named = self.capture.skipped().named().into_iter().chain((dropped.1 > 0).then_some(dropped));
        named.map(|(name, count)| (name.to_string(), count)).collect()
    }
}

/// Whether any of the first datagrams of a capture, as far as its start tells, is what is looked for. At most so many are
/// looked at.
pub(super) fn any(start: &[u8], most: usize, is: impl Fn(&[u8]) -> bool) -> bool {
    let mut capture = Capture::of(start);
    (0..most)
        .map_while(|_| match capture.next() {
            Ok(Some(datagram)) => Some(is(datagram.payload)),
            Err(error) if !error.is_final() => Some(false),
            Ok(None) | Err(_) => None,
        })
        .any(|found| found)
}
