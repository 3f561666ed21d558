//! Bars into events: one bar, one event, in a survey as in a run.

use crate::{Listing, Output, Step};
use types::{Bar, Event, Lots, Nanos, Ticks};

/// A bar off a file.
pub(super) struct Read {
    /// When its span starts and ends.
    pub(super) start: Nanos,
    pub(super) end: Nanos,
    pub(super) seconds: u32,
    /// Open, high, low, close.
    pub(super) prices: [Ticks; 4],
    pub(super) volume: Lots,
}

/// Why a bar is not given: its prices contradict each other, or lie too far apart.
pub(super) type Refused = &'static str;

/// What is said of a bar whose high is not the highest, or whose low is not the lowest.
pub(super) const CONTRADICTION: Refused = "open, high, low and close contradict each other";
/// What is said of a bar that no event has room for.
const TOO_WIDE: Refused = "open, high, low and close lie more than 2^31 of the instrument's steps apart";

/// Gives a bar out; it reaches us when its span is over.
///
/// A survey counts in nanos, and a bar has no room for a range of more than 4.29 units in them: there its prices go
/// beside it, see [`Output::wide`].
pub(super) fn give(read: &Read, listing: &Listing, out: &mut Output) -> Result<(), Refused> {
    let [open, high, low, close] = read.prices;
    if high < open.max(close) || low > open.min(close) {
        return Err(CONTRADICTION);
    }
    let make = |prices| Bar::new(read.start, listing.id, prices, read.volume);
    let event = |bar| Event::Bar { seconds: read.seconds, bar };
    if let Some(bar) = make(read.prices) {
        out.push(read.end, event(bar));
        return Ok(());
    }
    let bar = make([open; 4]).filter(|_| listing.price == Step::NANO).ok_or(TOO_WIDE)?;
    out.push_wide(read.end, event(bar), read.prices);
    Ok(())
}
