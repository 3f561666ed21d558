//! Holds an event back until it is known whether it was the last of its event at the venue.

use crate::Output;
use types::{Arrival, Event, Flags, InstrumentId, Nanos};

/// At most one event, waiting for the next.
#[derive(Debug, Default)]
pub(super) struct Emitter {
    held: Option<Arrival>,
}

impl Emitter {
    /// Gives an event out, or holds it back if the next record may still mark it.
    #[inline]
    pub(super) fn emit(&mut self, received_at: Nanos, mut event: Event, out: &mut Output) {
        self.flush(out);
        let takes_marks = event.mark(Flags::NONE);
        if takes_marks && !event.flags().has(Flags::LAST) {
            self.held = Some(Arrival { received_at, event });
        } else {
            out.push(received_at, event);
        }
    }

    /// The event of the venue's is over, without a word of its own: what is held was its last.
    #[inline]
    pub(super) fn end(&mut self, instrument: InstrumentId, out: &mut Output) {
        if self.held.as_ref().is_some_and(|held| held.event.instrument() == Some(instrument)) {
            self.mark();
            self.flush(out);
        }
    }

    /// The stream is over. A snapshot that no mark ended ends here.
    pub(super) fn finish(&mut self, out: &mut Output) {
        if self.held.as_ref().is_some_and(|held| held.event.flags().has(Flags::SNAPSHOT)) {
            self.mark();
        }
        self.flush(out);
    }

    #[inline]
    fn flush(&mut self, out: &mut Output) {
        if let Some(held) = self.held.take() {
            out.arrivals.push(held);
        }
    }

    fn mark(&mut self) {
        if let Some(held) = &mut self.held {
            held.event.mark(Flags::LAST);
        }
    }
}
