//! Feeds a decoder of one continuous stream from a reader.

use super::{Bytes, Source, SourceError};
use std::io::BufRead;
use std::path::Path;
use venues::{Decode, Directory, Output};

pub(super) struct Stream<D> {
    name: String,
    format: &'static str,
    bytes: Bytes,
    decoder: D,
    /// What the decoder has not taken yet, when a record lies across two fills of the reader.
    rest: Vec<u8>,
    /// Decompressed bytes given to the decoder and taken.
    taken: u64,
    ended: bool,
}

impl<D: Decode> Stream<D> {
    pub(super) fn new(name: String, format: &'static str, bytes: Bytes, decoder: D) -> Self {
        Self { name, format, bytes, decoder, rest: Vec::new(), taken: 0, ended: false }
    }
}

impl<D: Decode> Source for Stream<D> {
    fn read(&mut self, directory: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        if self.ended {
            return Ok(false);
        }
        match self.bytes.fill_buf() {
            Ok([]) => {
                self.ended = true;
                self.decoder.finish(&self.rest, directory, out);
            }
            Ok(new) if self.rest.is_empty() => {
                let taken = self.decoder.decode(new, directory, out);
                let length = new.len();
                self.taken += taken as u64;
                self.rest.extend_from_slice(&new[taken..]);
                self.bytes.consume(length);
            }
            Ok(new) => {
                let length = new.len();
                self.rest.extend_from_slice(new);
                self.bytes.consume(length);
                let taken = self.decoder.decode(&self.rest, directory, out);
                self.taken += taken as u64;
                self.rest.drain(..taken);
            }
            // Not the system's error but the decompressor's: the stream is cut or damaged, and what came
            // before stands.
            Err(error) if error.raw_os_error().is_none() => {
                self.ended = true;
                self.decoder.finish(&self.rest, directory, out);
                out.fault(self.taken, 0, format!("nothing after this can be decompressed: {error}"));
            }
            Err(error) => return Err(SourceError::io(Path::new(&self.name), "read", error)),
        }
        Ok(!self.ended)
    }

    fn format(&self) -> &'static str {
        self.format
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.decoder.counts()
    }
}
