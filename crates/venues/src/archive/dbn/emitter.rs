//! Holds an event back until it is known whether it was the last of its event at the venue.
//!
//! While bytes are decoded the event stands in the output like any other, and is marked there; only what waits
//! when they end is taken out again, so that nobody sees an event that may yet change.

use crate::Output;
use types::{Arrival, Event, Flags, InstrumentId, Nanos};

/// At most one event, waiting for the next.
#[derive(Debug, Default)]
pub(super) struct Emitter {
    /// Between two calls: what waits.
    held: Option<Arrival>,
    /// Within a call: the last event of the output waits.
    pub(super) is_waiting: bool,
}

impl Emitter {
    /// A call begins: what waits goes back to where it can be marked.
    pub(super) fn resume(&mut self, out: &mut Output) {
        if let Some(held) = self.held.take() {
            out.arrivals.push(held);
            self.is_waiting = true;
        }
    }

    /// The call ends.
    pub(super) fn suspend(&mut self, out: &mut Output) {
        if std::mem::take(&mut self.is_waiting) {
            self.held = out.arrivals.pop();
        }
    }

    /// Gives an event out; the next record may still mark it, unless it is marked or takes no mark.
    #[inline]
    pub(super) fn emit(&mut self, received_at: Nanos, mut event: Event, out: &mut Output) {
        let takes_marks = event.mark(Flags::NONE);
        self.is_waiting = takes_marks && !event.flags().has(Flags::LAST);
        out.push(received_at, event);
    }

    /// Gives out an event that stands for itself. Between two records of one event of the venue's it must not say
    /// that the book is consistent: then it waits like the one before it.
    pub(super) fn emit_alone(&mut self, received_at: Nanos, mut event: Event, out: &mut Output) {
        if !self.is_waiting {
            event.mark(Flags::LAST);
        }
        self.emit(received_at, event, out);
    }

    /// The event of the venue's is over, without a word of its own: what waits was its last.
    #[inline]
    pub(super) fn end(&mut self, instrument: InstrumentId, out: &mut Output) {
        if self.is_waiting
            && let Some(last) = out.arrivals.last_mut()
            && last.event.instrument() == Some(instrument)
        {
            last.event.mark(Flags::LAST);
            self.is_waiting = false;
        }
    }

    /// The stream is over. A snapshot that no mark ended ends here.
    pub(super) fn finish(&mut self, out: &mut Output) {
        if std::mem::take(&mut self.is_waiting)
            && let Some(last) = out.arrivals.last_mut()
            && last.event.flags().has(Flags::SNAPSHOT)
        {
            last.event.mark(Flags::LAST);
        }
    }
}
