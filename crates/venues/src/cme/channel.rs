//! One channel: two copies of one numbered stream of packets, made into one without holes where that can be.
//!
//! ```text
//!  behind ◀── due ──▶ ahead
//!    │         │        └─ held, at most 64 packets and 1 ms, for the other line to fill the hole
//!    │         └────────── taken; then what was held and is due now
//!    └──────────────────── dropped: the second copy (or, much later in time, a new numbering)
//! ```
//!
//! Never decodes: it decides which packet is next.

use super::wire::Header;
use types::{Nanos, Side, Ticks};

/// How many packets may wait for one that is missing.
pub(crate) const HELD_MAX: usize = 64;
/// How long they may.
pub(crate) const HELD_FOR: Nanos = Nanos(1_000_000);
/// A packet numbered behind the due one but sent this much later than the last one taken starts a new
/// numbering: CME numbers anew each week. Feeds that are sent round and round do so at each loop, and there any
/// later packet does.
const RESTART_AFTER_NS: u64 = 1_000_000_000;

/// A packet that came before its turn.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) sequence: u32,
    pub(crate) sending_time: u64,
    pub(crate) received_at: Nanos,
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Where a packet stands in its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is the next one.
    Due,
    /// It has been taken, or given up.
    Behind,
    /// One before it is missing.
    Ahead,
    /// The numbering starts anew with it.
    Restart,
}

/// A trade whose orders are still to come: they may follow in a later packet of the event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owed {
    pub(crate) slot: usize,
    /// `None` when the trade itself could not be used: its orders are passed over.
    pub(crate) price: Option<Ticks>,
    pub(crate) aggressor: Option<Side>,
    /// Whether the next order is the trade's first.
    pub(crate) first: bool,
    /// How many orders are still to come.
    pub(crate) left: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Channel {
    /// The next sequence number; `None` before the first packet.
    pub(crate) due: Option<u32>,
    /// `SendingTime` of the last packet taken.
    sent_at: u64,
    /// Since when the due packet is known to be missing.
    hole_at: Option<Nanos>,
    /// The last packet that came damaged, and when; it matters while it is not behind.
    broken: Option<(u32, Nanos)>,
    /// In the order of their sequence numbers.
    held: Vec<Held>,
    /// Buffers of packets that were held, for the next ones.
    spare: Vec<Vec<u8>>,
    /// When it was last heard of; `None` before that, and once its silence has been said.
    pub(crate) heard_at: Option<Nanos>,
    /// Slots that recover and were changed by the event under way.
    pub(crate) touched: Vec<usize>,
    /// Whether it carries changes of books: a hole in it makes books stale.
    pub(crate) incremental: bool,
    /// Whether it carries definitions or snapshots, which are sent again and again: a hole harms no book.
    pub(crate) replay: bool,
    /// Trades of the event under way whose orders have not all come.
    pub(crate) owed: Vec<Owed>,
    /// The first of them that still waits.
    pub(crate) owed_next: usize,
    /// Where in the output the arrivals of the event under way start, in the call `event_call`.
    pub(crate) event_from: usize,
    pub(crate) event_call: u64,
    /// Whether earlier packets left arrivals of it.
    pub(crate) event_open: bool,
}

impl Channel {
    /// Where a packet stands.
    #[inline]
    pub(crate) fn turn(&self, sequence: u32, sending_time: u64) -> Turn {
        let Some(due) = self.due else {
            return Turn::Due;
        };
        // The number after the last there is is 0: which of two is ahead is told by the shorter way round.
        let ahead = sequence.wrapping_sub(due).cast_signed();
        let later = sending_time > self.sent_at;
        if ahead == 0 {
            Turn::Due
        } else if ahead > 0 {
            Turn::Ahead
        } else if sending_time > self.sent_at.saturating_add(RESTART_AFTER_NS)
            || (later && (sequence == 1 || (self.replay && !self.incremental)))
        {
            Turn::Restart
        } else {
            Turn::Behind
        }
    }

    /// The packet numbered `sequence` is taken.
    #[inline]
    pub(crate) fn advance(&mut self, sequence: u32, sending_time: u64) {
        self.due = Some(sequence.wrapping_add(1));
        self.sent_at = sending_time;
        self.mended(sequence);
    }

    /// Nothing damaged waits behind `sequence` any more. Asked by number and not left to `due`, which the last
    /// number there is turns back to 0.
    #[inline]
    fn mended(&mut self, sequence: u32) {
        if self.broken.is_some_and(|(last, _)| last == sequence) {
            self.broken = None;
        }
    }

    /// A packet came that cannot be read: as good as missing, unless the other line's copy can. A number far
    /// from the due one may be part of the damage, and is not believed.
    pub(crate) fn damaged(&mut self, sequence: u32, now: Nanos) {
        let due = *self.due.get_or_insert(sequence);
        let far = |number: u32| number.wrapping_sub(due);
        let last = match self.broken {
            Some((last, _)) if !is_behind(last, due) && far(last) > far(sequence) => last,
            Some(_) | None => sequence,
        };
        if (far(last) as usize) < HELD_MAX {
            self.broken = Some((last, now));
            self.hole_at.get_or_insert(now);
        }
    }

    /// Keeps a packet that is ahead. False when it is held already.
    pub(crate) fn hold(
        &mut self,
        sequence: u32,
        sending_time: u64,
        received_at: Nanos,
        offset: u64,
        bytes: &[u8],
    ) -> bool {
        let due = self.due.unwrap_or(sequence);
        let far = |number: u32| number.wrapping_sub(due);
        let Err(place) = self.held.binary_search_by_key(&far(sequence), |held| far(held.sequence)) else {
            return false;
        };
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.extend_from_slice(bytes);
        self.held.insert(place, Held { sequence, sending_time, received_at, offset, bytes: copy });
        self.hole_at.get_or_insert(received_at);
        true
    }

    /// Whether the missing packet has been waited for long enough.
    #[inline]
    pub(crate) fn is_over(&self, now: Nanos) -> bool {
        self.held.len() >= HELD_MAX || self.hole_at.is_some_and(|since| now - since > HELD_FOR)
    }

    /// `SendingTime` of the last packet taken.
    pub(crate) const fn sent_at(&self) -> u64 {
        self.sent_at
    }

    /// Whether a packet is known to be missing.
    pub(crate) const fn has_hole(&self) -> bool {
        self.hole_at.is_some()
    }

    /// Gives up what is missing: from `due` up to the answer, exclusive, nothing will come any more.
    pub(crate) fn give_up(&mut self) -> Option<(u32, u32)> {
        let due = self.due?;
        self.hole_at.take()?;
        let next = match (self.held.first(), self.broken) {
            (Some(held), _) => held.sequence,
            (None, Some((last, _))) if !is_behind(last, due) => last.wrapping_add(1),
            (None, _) => due.wrapping_add(1),
        };
        self.due = Some(next);
        self.mended(next.wrapping_sub(1));
        Some((due, next))
    }

    /// The header of the first packet that waits.
    pub(crate) fn first_held(&self) -> Option<Header> {
        self.held.first().map(|held| Header { sequence: held.sequence, sending_time: held.sending_time })
    }

    /// Whether a packet waits, or a damaged one is remembered.
    #[inline]
    pub(crate) const fn keeps_anything(&self) -> bool {
        !self.held.is_empty() || self.broken.is_some()
    }

    /// The held packet whose turn it is, if any. Give its buffer back with [`recycle`](Self::recycle).
    pub(crate) fn next_held(&mut self) -> Option<Held> {
        match self.held.first() {
            Some(first) if Some(first.sequence) == self.due => return Some(self.held.remove(0)),
            // What is missing now was missing when the packet after it came.
            Some(first) => self.hole_at = Some(first.received_at),
            None => {
                let due = self.due;
                let broken = self.broken.filter(|(last, _)| due.is_none_or(|due| !is_behind(*last, due)));
                self.hole_at = broken.map(|(_, since)| since);
                self.broken = broken;
            }
        }
        None
    }

    /// The due packet has come, or has been given up.
    #[inline]
    pub(crate) const fn close_hole(&mut self) {
        self.hole_at = None;
    }

    /// Forgets what waits: the numbering starts anew.
    pub(crate) fn forget_held(&mut self) {
        self.hole_at = None;
        self.broken = None;
        while let Some(held) = self.held.pop() {
            self.recycle(held);
        }
    }

    pub(crate) fn recycle(&mut self, held: Held) {
        let mut bytes = held.bytes;
        bytes.clear();
        self.spare.push(bytes);
    }
}

/// Whether a packet number lies before another, on the shorter way round.
#[inline]
pub(crate) const fn is_behind(sequence: u32, other: u32) -> bool {
    sequence.wrapping_sub(other).cast_signed() < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_packet_with_the_last_number_there_is_leaves_one_hole() {
        // Found by fuzzing: the number after it is 0, and the damage seemed to lie ahead for ever.
        let mut channel = Channel::default();
        channel.damaged(u32::MAX, Nanos(1));
        assert_eq!(channel.give_up(), Some((u32::MAX, 0)));
        assert!(channel.next_held().is_none());
        assert!(!channel.has_hole());
        channel.advance(0, 1);
        assert_eq!(channel.turn(1, 2), Turn::Due);
    }
}
