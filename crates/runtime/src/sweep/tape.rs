//! Recordings, decoded once and kept in memory, to be read by many runs at a time.
//!
//! Read-only once it is made, so workers share it without a lock. Its memory is bounded by the limit that is given:
//! decoding stops when it is reached, and the runs read the files themselves.

use crate::source::{Progress, Recording, Source, SourceError, open};
use std::sync::Arc;
use types::{Arrival, Nanos};
use venues::{Directory, Fault, Output};

/// Arrivals of one batch of a tape, and of what a run reads at a time.
const BATCH: usize = 4_096;

/// One decoded recording.
#[derive(Debug)]
struct Reel {
    batches: Vec<Box<[Arrival]>>,
    faults: Vec<Fault>,
    format: &'static str,
    starts_at: Option<Nanos>,
}

/// All recordings of a sweep, decoded.
#[derive(Clone, Debug)]
pub struct Tape {
    reels: Vec<Arc<Reel>>,
    bytes: usize,
}

impl Tape {
    /// Decodes everything, if it takes no more than `bytes_max`. `tick` hears the bytes of the files read so far.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn decode(
        recordings: &[Recording],
        mut directory: Directory,
        bytes_max: usize,
        mut tick: impl FnMut(u64),
    ) -> Result<Option<Self>, SourceError> {
        let progress = Progress::default();
        let mut tape = Self { reels: Vec::new(), bytes: 0 };
        for recording in recordings {
            let mut source = open(recording, &progress)?;
            let mut reel = Reel {
                batches: Vec::new(),
                faults: Vec::new(),
                format: source.format(),
                starts_at: source.starts_at(),
            };
            let (mut out, mut batch) = (Output::default(), Vec::with_capacity(BATCH));
            let mut more = true;
            while more {
                out.clear();
                more = source.read(&mut directory, &mut out)?;
                reel.faults.append(&mut out.faults);
                for arrival in &out.arrivals {
                    batch.push(*arrival);
                    if batch.len() == BATCH {
                        tape.bytes += size_of_val(batch.as_slice());
                        reel.batches.push(batch.as_slice().into());
                        batch.clear();
                    }
                }
                if tape.bytes + size_of_val(batch.as_slice()) > bytes_max {
                    return Ok(None);
                }
                tick(progress.bytes());
            }
            tape.bytes += size_of_val(batch.as_slice());
            reel.batches.push(batch.into());
            tape.reels.push(Arc::new(reel));
        }
        Ok(Some(tape))
    }

    /// How much memory it takes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many events it holds.
    #[must_use]
    pub const fn events(&self) -> usize {
        self.bytes / size_of::<Arrival>()
    }

    /// A reader of each recording.
    #[must_use]
    pub fn sources(&self) -> Vec<Box<dyn Source>> {
        let read =
            |reel: &Arc<Reel>| -> Box<dyn Source> { Box::new(Reader { reel: Arc::clone(reel), next: 0 }) };
        self.reels.iter().map(read).collect()
    }
}

struct Reader {
    reel: Arc<Reel>,
    next: usize,
}

impl Source for Reader {
    fn read(&mut self, _: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        if self.next == 0 {
            out.faults.extend_from_slice(&self.reel.faults);
        }
        if let Some(batch) = self.reel.batches.get(self.next) {
            out.arrivals.extend_from_slice(batch);
        }
        self.next += 1;
        Ok(self.next < self.reel.batches.len())
    }

    fn format(&self) -> &'static str {
        self.reel.format
    }

    fn counts(&self) -> Vec<(String, u64)> {
        Vec::new()
    }

    fn starts_at(&self) -> Option<Nanos> {
        self.reel.starts_at
    }
}
