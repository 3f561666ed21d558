//! The changes of phase that calendars and configured halts tell, as one more recording of the feed.

use super::schedule::Told;
use crate::source::{Source, SourceError};
use types::{Event, Nanos, Status};
use venues::{Directory, Output};

/// Tells a schedule, in order.
#[derive(Debug)]
pub struct Calendars {
    told: Vec<Told>,
    next: usize,
}

/// What is told at a time.
const BATCH: usize = 4_096;

impl Calendars {
    /// Before the first change.
    #[must_use]
    pub const fn new(told: Vec<Told>) -> Self {
        Self { told, next: 0 }
    }
}

impl Source for Calendars {
    fn read(&mut self, _: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        let end = self.told.len().min(self.next + BATCH);
        for &Told { at, instrument, phase } in &self.told[self.next..end] {
            out.push(at, Event::Status(Status { venue_at: at, instrument: Some(instrument), phase }));
        }
        self.next = end;
        Ok(self.next < self.told.len())
    }

    fn format(&self) -> &'static str {
        "session calendar"
    }

    fn counts(&self) -> Vec<(String, u64)> {
        vec![("changes of phase".into(), self.told.len() as u64)]
    }

    fn starts_at(&self) -> Option<Nanos> {
        self.told.first().map(|told| told.at)
    }
}
