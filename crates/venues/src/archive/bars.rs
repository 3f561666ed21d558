//! Bars into events.

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

/// How a bar was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Whole,
    /// A survey counts in nanos, and a bar has no room for a range of more than 4.29 units in them. What a survey
    /// looks for, the steps of prices and volume, four flat bars say as well.
    InParts,
    /// Its prices contradict each other: nothing was given.
    Refused,
}

/// Gives a bar out; it reaches us when its span is over.
pub(super) fn give(read: &Read, listing: &Listing, out: &mut Output) -> Given {
    let make = |prices| Bar::new(read.start, listing.id, prices, read.volume);
    if let Some(bar) = make(read.prices) {
        out.push(read.end, Event::Bar { seconds: read.seconds, bar });
        return Given::Whole;
    }
    let [open, high, low, close] = read.prices;
    if listing.price != Step::NANO || high < open.max(close) || low > open.min(close) {
        return Given::Refused;
    }
    for bar in read.prices.into_iter().filter_map(|price| make([price; 4])) {
        out.push(read.end, Event::Bar { seconds: read.seconds, bar });
    }
    Given::InParts
}

/// What a bar given in parts is called in counts.
pub(super) const IN_PARTS: &str = "bar too wide for a survey, told by its prices";
