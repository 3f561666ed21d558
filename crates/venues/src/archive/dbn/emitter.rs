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
    pub(super) fn emit(&mut self, received_at: Nanos, event: Event, out: &mut Output) {
        self.flush(out);
        match flags(&event) {
            Some(flags) if !flags.has(Flags::LAST) => self.held = Some(Arrival { received_at, event }),
            _ => out.push(received_at, event),
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
        let held = self.held.as_ref().and_then(|held| flags(&held.event));
        if held.is_some_and(|flags| flags.has(Flags::SNAPSHOT)) {
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
        match self.held.as_mut().map(|held| &mut held.event) {
            Some(Event::Level(e)) => e.flags = e.flags.with(Flags::LAST),
            Some(Event::Order(e)) => e.flags = e.flags.with(Flags::LAST),
            Some(Event::Trade(e)) => e.flags = e.flags.with(Flags::LAST),
            Some(
                Event::Status(_) | Event::Gap(_) | Event::Report(_) | Event::Timer(_) | Event::Operator(_),
            )
            | None => {}
        }
    }
}

#[inline]
const fn flags(event: &Event) -> Option<Flags> {
    match event {
        Event::Level(e) => Some(e.flags),
        Event::Order(e) => Some(e.flags),
        Event::Trade(e) => Some(e.flags),
        Event::Status(_) | Event::Gap(_) | Event::Report(_) | Event::Timer(_) | Event::Operator(_) => None,
    }
}
