//! The decoder: ITCH messages in, arrivals out. Decides what a message does to whom; [`reading`](super::reading)
//! says it in events.

use super::counts::Counts;
use super::itch::{self, DAY_NANOS, Message};
use super::orders::Orders;
use super::reading::Reading;
use super::recent::Recent;
use super::stocks::Stocks;
use crate::{Directory, Output};
use types::{Nanos, Phase};

/// What a decoder knows.
#[derive(Debug)]
pub(super) struct Known {
    /// Midnight in New York of the day that is read, in UTC.
    pub(super) midnight: Nanos,
    /// Nothing since the start of the day was missed, so far as can be told.
    pub(super) is_whole: bool,
    /// The whole market's session.
    pub(super) market: Phase,
    pub(super) stocks: Stocks,
    pub(super) orders: Orders,
    pub(super) recent: Recent,
    pub(super) counts: Counts,
    /// Messages so far.
    pub(super) number: u64,
    /// The latest moment a message told.
    pub(super) latest: Nanos,
}

/// Reads the messages of one feed, one by one and in their order, whatever carried them.
///
/// One decoder belongs to one [`Directory`]: it keeps the directory's answers.
///
/// A book can be right only from the start of the day, for ITCH never repeats an order. A stream that begins with
/// the System Event "start of messages", or of which [`starts_whole`](Self::starts_whole) was said, is whole; in any
/// other, each stock's first arrivals are a `Clear` and a [`Gap`](types::Gap): its book stays stale.
#[derive(Debug)]
pub struct Decoder {
    known: Known,
}

impl Decoder {
    /// A decoder that has seen nothing. ITCH tells no date: `midnight` is when the day began in New York, in UTC.
    #[must_use]
    pub fn new(midnight: Nanos) -> Self {
        Self {
            known: Known {
                midnight,
                is_whole: false,
                market: Phase::Open,
                stocks: Stocks::default(),
                orders: Orders::default(),
                recent: Recent::default(),
                counts: Counts::default(),
                number: 0,
                latest: midnight,
            },
        }
    }

    /// Another day: what is read from here on is counted from this midnight.
    pub const fn set_midnight(&mut self, midnight: Nanos) {
        self.known.midnight = midnight;
    }

    /// The next message is the first of the day: nothing was missed.
    pub const fn starts_whole(&mut self) {
        self.known.is_whole = true;
    }

    /// Reads one message, without any framing. `received_at` is when it reached us; `None` takes the venue's time,
    /// for recordings that do not say. `offset` is where it lies in the recording, for faults.
    #[inline]
    pub fn message(
        &mut self,
        received_at: Option<Nanos>,
        message: &[u8],
        offset: u64,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let known = &mut self.known;
        known.number += 1;
        let tag = message.first().copied().unwrap_or_default();
        known.counts.messages[usize::from(tag)] += 1;
        let bytes = usize::from(itch::LENGTHS[usize::from(tag)]);
        let timestamp = itch::timestamp(message).map_or(DAY_NANOS, |timestamp| timestamp.0);
        if bytes != message.len() || timestamp >= DAY_NANOS {
            return self.unreadable(received_at, message, offset, out);
        }
        let Some(view) = Message::read(message) else { return };
        let venue_at = Nanos(known.midnight.0.saturating_add_unsigned(timestamp));
        known.latest = venue_at;
        let received_at = received_at.unwrap_or(venue_at);
        Reading { known, directory, out, received_at, venue_at, offset }.message(view);
    }

    /// Messages are missing before the next one: `expected` was due and `received` came. Every book is stale.
    #[cold]
    pub fn lost(&mut self, received_at: Option<Nanos>, expected: u64, received: u64, out: &mut Output) {
        self.known.counts.tally.lost += received.saturating_sub(expected);
        self.all_stale(received_at, expected, received, out);
    }

    /// How many messages were given so far.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.known.number
    }

    /// How many orders stand, of the run's stocks.
    #[must_use]
    pub const fn orders(&self) -> usize {
        self.known.orders.len()
    }

    /// What went by, in the protocol's own terms, sorted by name: `("message A AddOrder", 4997)`.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u64)> {
        self.counts_with(&[])
    }

    pub(super) fn counts_with(&self, more: &[(&str, u64)]) -> Vec<(String, u64)> {
        let stocks = ("stocks", self.known.stocks.listed.len() as u64);
        let left = ("orders left at the end", self.known.orders.len() as u64);
        self.known.counts.named(&[&[stocks, left], more].concat())
    }

    /// A message of a type that is none of ours changes no book, or the venue would have told us; one of a known
    /// type that cannot be read may have changed any.
    #[cold]
    fn unreadable(&mut self, received_at: Option<Nanos>, message: &[u8], offset: u64, out: &mut Output) {
        let skipped = message.len() as u64;
        let tally = &mut self.known.counts.tally;
        let what = match message.first() {
            None => "a message without a byte".to_string(),
            Some(tag) => match itch::length(*tag) {
                None => {
                    tally.unknown_types += 1;
                    return;
                }
                Some(bytes) if bytes != message.len() => {
                    format!("a message of type {} with {skipped} bytes, not {bytes}", tag.escape_ascii())
                }
                Some(_) => format!("a message of type {} later than its day", tag.escape_ascii()),
            },
        };
        tally.damaged += 1;
        out.fault(offset, skipped, format!("{what}; every book is stale"));
        let number = self.known.number;
        self.all_stale(received_at, number, number, out);
    }

    fn all_stale(&mut self, received_at: Option<Nanos>, expected: u64, received: u64, out: &mut Output) {
        let known = &mut self.known;
        known.is_whole = false;
        let venue_at = known.latest;
        for at in 0..known.stocks.listed.len() {
            let locate = known.stocks.listed[at];
            known.stale(locate, received_at.unwrap_or(venue_at), venue_at, [expected, received], out);
        }
    }
}
