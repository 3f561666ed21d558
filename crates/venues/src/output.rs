//! What decoders give: arrivals, and what was wrong with the rest.

use crate::Directory;
use std::fmt;
use types::{Arrival, Bar, Event, InstrumentId, Lots, Nanos, Ticks};

/// Something in a recording that could not be read, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it starts, in bytes from the start of the (decompressed) recording.
    pub offset: u64,
    /// How many bytes were skipped because of it.
    pub skipped: u64,
    /// What is wrong and what that means: "record length 0; nothing after this can be read".
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {} ({} bytes skipped)", self.offset, self.what, self.skipped)
    }
}

/// The venue's own word on what stands best, apart from what builds the book: to check the book with, never to build
/// it from. It holds for the book as it is after `after` of the output's arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// How many of the output's arrivals come before it.
    pub after: usize,
    /// Whose book.
    pub instrument: InstrumentId,
    /// Price and size of the best bid and the best ask; `None` for an empty side.
    pub best: [Option<(Ticks, Lots)>; 2],
}

/// What stands in a bar that its event has no room for: a survey counts in nanos, and an event holds 4.29 units of them.
/// The event stands for the bar and says its opening price only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// Which of the output's arrivals is the bar.
    pub arrival: usize,
    /// Open, high, low and close.
    pub prices: [Ticks; 4],
}

/// Where decoders put what they read. Owned by the caller and cleared between batches, so that decoding
/// allocates nothing once the buffers have grown.
#[derive(Debug, Default)]
pub struct Output {
    /// What was read, in the order of the recording.
    pub arrivals: Vec<Arrival>,
    /// What could not be.
    pub faults: Vec<Fault>,
    /// What the book must say, where the venue says so.
    pub quotes: Vec<Quote>,
    /// Bars too wide for their events; in a survey only.
    pub wide: Vec<Wide>,
}

impl Output {
    /// Appends one arrival.
    #[inline]
    pub fn push(&mut self, received_at: Nanos, event: Event) {
        self.arrivals.push(Arrival { received_at, event });
    }

    /// Appends a bar that has no room for its prices.
    pub fn push_wide(&mut self, received_at: Nanos, event: Event, prices: [Ticks; 4]) {
        self.wide.push(Wide { arrival: self.arrivals.len(), prices });
        self.push(received_at, event);
    }

    /// Open, high, low and close of the arrival in this place, which is `bar`.
    #[must_use]
    pub fn bar_prices(&self, arrival: usize, bar: &Bar) -> [Ticks; 4] {
        // Few are wide, and they come in the order of the arrivals.
        match self.wide.binary_search_by_key(&arrival, |wide| wide.arrival) {
            Ok(found) => self.wide[found].prices,
            Err(_) => [bar.open, bar.high(), bar.low(), bar.close()],
        }
    }

    /// Appends one fault.
    pub fn fault(&mut self, offset: u64, skipped: u64, what: impl Into<String>) {
        self.faults.push(Fault { offset, skipped, what: what.into() });
    }

    /// Forgets everything, keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.arrivals.clear();
        self.faults.clear();
        self.quotes.clear();
        self.wide.clear();
    }
}

/// A decoder of one continuous stream of bytes.
pub trait Decode {
    /// Reads the whole records at the start of `bytes` and returns how many bytes they took; what is left is
    /// given again, with more behind it. Returning 0 asks for more bytes than these.
    fn decode(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize;

    /// The stream ended; `rest` is what no call took. A rest that is part of a record is a fault.
    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output);

    /// What the stream held so far in its own terms, for people: `("A add", 29216)`, sorted by name.
    fn counts(&self) -> Vec<(String, u64)>;
}
