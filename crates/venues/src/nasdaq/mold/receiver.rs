//! One session's messages in their order, whichever way each came.
//!
//! ```text
//!              number beyond the due one             wait is over
//!   following ───────────────────────────▶ waiting ────────────────▶ asking ◀──┐ time-out: ask again, twice as long
//!       ▲                                     │                        │  └────┘
//!       ├──────────── filled ─────────────────┴──────── filled ────────┤
//!       └──────────── Missing ◀─────────────── attempts spent ─────────┘
//! ```
//!
//! Owns what is due, what came too early, and when to ask for what is missing. Never sends anything: what is to be
//! sent is answered by [`Receiver::poll`]. A re-request server answers with a packet like any other, and with as many
//! messages as fit it: what is still missing then is asked for at once.
//!
//! Cost of a packet that is due: a comparison, and its messages.

use super::{Packet, Request};
use std::collections::VecDeque;
use types::Nanos;

/// Packets held because one before them is missing; beyond either bound they are dropped, and missed later.
const HELD_MAX: usize = 4_096;
const HELD_BYTES_MAX: usize = 8 << 20;
/// No session has as many messages: a packet further ahead is not believed.
const AHEAD_MAX: u64 = 1 << 32;

/// When to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// How long an answer may take; doubled after each attempt that brought nothing.
    pub timeout: Nanos,
    /// How often the same message is asked for.
    pub attempts_max: u32,
    /// How many messages one request asks for.
    pub count_max: u16,
}

impl Default for Requests {
    /// Ten milliseconds, five times, and at most what can fit one Ethernet frame.
    fn default() -> Self {
        Self { timeout: Nanos::from_millis(10), attempts_max: 5, count_max: COUNT_FITTING }
    }
}

/// More messages fit no Ethernet frame: 1,500 bytes less IPv4, UDP and MoldUDP64 headers, of the shortest messages.
const COUNT_FITTING: u16 = ((1_500 - 20 - 8 - super::HEADER_BYTES) / (2 + super::itch::BYTES_MIN)) as u16;

/// How patient a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long the other line may bring what one line did not.
    pub wait: Nanos,
    /// Whether to ask a re-request server then; without one the messages are given up.
    pub requests: Option<Requests>,
    /// Whether messages before the first that came are missing: those of today from number 1.
    pub from_start: bool,
}

impl Default for Policy {
    /// For recordings: 100 milliseconds for the other line, nobody to ask, and from where they begin.
    fn default() -> Self {
        Self { wait: Nanos::from_millis(100), requests: None, from_start: false }
    }
}

/// What a receiver tells, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// The next message.
    Message {
        /// Its number; 0 in a recording whose numbers were blanked.
        sequence: u64,
        /// All of it.
        bytes: &'a [u8],
        /// Where it lies in the recording.
        offset: u64,
    },
    /// Messages that will not come.
    Missing {
        /// The first of them.
        expected: u64,
        /// The next that is there, or will come.
        received: u64,
    },
}

/// A packet that came before its turn.
#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    sequence: u64,
    offset: u64,
}

/// What is being waited for.
#[derive(Clone, Copy, Debug)]
struct Hole {
    /// When to ask, to ask again, or to give up.
    next_at: Nanos,
    /// How often the messages due now were asked for.
    attempts: u32,
}

/// What went by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets of the session.
    pub packets: u64,
    /// Packets that brought nothing new.
    pub duplicates: u64,
    /// Packets without messages.
    pub heartbeats: u64,
    /// Packets that came before their turn.
    pub held: u64,
    /// Packets too many to be held, or with numbers that cannot be believed.
    pub dropped: u64,
    /// Requests that were to be sent.
    pub requests: u64,
    /// Messages given up.
    pub missing: u64,
    /// Packets without a number.
    pub unnumbered: u64,
}

/// Puts one session's messages in order.
#[derive(Debug)]
pub struct Receiver {
    session: [u8; 10],
    policy: Policy,
    /// The number that is due; `None` before anything came.
    due: Option<u64>,
    /// The number behind the last that was ever seen.
    seen: u64,
    hole: Option<Hole>,
    held: VecDeque<Held>,
    held_bytes: usize,
    spare: Vec<Vec<u8>>,
    is_over: bool,
    counts: Counts,
}

impl Receiver {
    /// A receiver of a session that has seen nothing.
    #[must_use]
    pub fn new(session: [u8; 10], policy: Policy) -> Self {
        Self {
            session,
            policy,
            due: policy.from_start.then_some(1),
            seen: 1,
            hole: None,
            held: VecDeque::new(),
            held_bytes: 0,
            spare: Vec::new(),
            is_over: false,
            counts: Counts::default(),
        }
    }

    /// The number that is due; `None` before anything came.
    #[must_use]
    pub const fn due(&self) -> Option<u64> {
        self.due
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> [u8; 10] {
        self.session
    }

    /// Whether the session ended and everything of it was given, or given up.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over && self.hole.is_none()
    }

    /// What went by.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes a packet of this session. `offset` is where its datagram lies in the recording.
    #[inline]
    pub fn packet(&mut self, now: Nanos, packet: &Packet<'_>, offset: u64, give: &mut impl FnMut(Said<'_>)) {
        self.counts.packets += 1;
        let (sequence, count) = (packet.header.sequence, u64::from(packet.count()));
        if count == 0 {
            self.counts.heartbeats += 1;
        }
        if sequence == 0 {
            return self.unnumbered(packet, offset, give);
        }
        let ahead = sequence.saturating_sub(self.due.unwrap_or(sequence));
        let Some(next) = sequence.checked_add(count).filter(|_| ahead <= AHEAD_MAX) else {
            self.counts.dropped += 1;
            return;
        };
        let due = *self.due.get_or_insert(sequence);
        self.is_over |= packet.is_end();
        self.seen = self.seen.max(next);
        if sequence <= due {
            if next > due {
                self.take(packet, offset, due, give);
                self.advance(next, now, give);
            } else {
                self.counts.duplicates += u64::from(count > 0);
            }
        } else {
            if count > 0 {
                self.hold(packet, offset);
            }
            self.open(now);
        }
    }

    /// Recordings whose sessions and numbers were blanked: each packet is taken as it comes.
    #[cold]
    fn unnumbered(&mut self, packet: &Packet<'_>, offset: u64, give: &mut impl FnMut(Said<'_>)) {
        self.counts.unnumbered += 1;
        for (at, bytes) in packet.messages() {
            give(Said::Message { sequence: 0, bytes, offset: offset + at as u64 });
        }
    }

    /// Gives the messages of a packet from `due` on.
    #[inline]
    fn take(&mut self, packet: &Packet<'_>, offset: u64, due: u64, give: &mut impl FnMut(Said<'_>)) {
        let mut sequence = packet.header.sequence;
        for (at, bytes) in packet.messages() {
            if sequence >= due {
                give(Said::Message { sequence, bytes, offset: offset + at as u64 });
            }
            sequence = sequence.saturating_add(1);
        }
    }

    /// Everything before `next` was given: gives what was held and is due, and looks for what is missing still.
    #[inline]
    fn advance(&mut self, next: u64, now: Nanos, give: &mut impl FnMut(Said<'_>)) {
        self.due = Some(next);
        if !self.held.is_empty() {
            self.take_held(give);
        }
        if let Some(hole) = self.hole.take() {
            // An answer came, and brought what fitted: what is missing still is asked for at once.
            self.open_at(if hole.attempts > 0 { now } else { hole.next_at });
        }
    }

    fn take_held(&mut self, give: &mut impl FnMut(Said<'_>)) {
        while let (Some(due), Some(first)) = (self.due, self.held.front()) {
            if first.sequence > due {
                return;
            }
            let Some(held) = self.held.pop_front() else { return };
            self.held_bytes -= held.bytes.len();
            if let Ok(packet) = Packet::read(&held.bytes) {
                let next = held.sequence + u64::from(packet.count());
                self.take(&packet, held.offset, due, give);
                self.due = Some(next.max(due));
            }
            self.spare.push(held.bytes);
        }
    }

    #[cold]
    fn hold(&mut self, packet: &Packet<'_>, offset: u64) {
        let sequence = packet.header.sequence;
        let place = self.held.partition_point(|held| held.sequence < sequence);
        let size = super::HEADER_BYTES + packet.blocks.len();
        if let Some(held) = self.held.get(place).filter(|held| held.sequence == sequence) {
            if held.bytes.len() >= size {
                self.counts.duplicates += 1;
                return;
            }
            // A copy with more messages, as a re-request server may send.
            if let Some(shorter) = self.held.remove(place) {
                self.held_bytes -= shorter.bytes.len();
                self.spare.push(shorter.bytes);
            }
        }
        if self.held.len() >= HELD_MAX || self.held_bytes + size > HELD_BYTES_MAX {
            self.counts.dropped += 1;
            return;
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(&packet.header.bytes());
        bytes.extend_from_slice(packet.blocks);
        self.held_bytes += size;
        self.held.insert(place, Held { bytes, sequence, offset });
        self.counts.held += 1;
    }

    fn open(&mut self, now: Nanos) {
        if self.hole.is_none() {
            self.open_at(now + self.policy.wait);
        }
    }

    /// Waits until `next_at`, if anything is missing.
    fn open_at(&mut self, next_at: Nanos) {
        if self.due.is_some_and(|due| due < self.seen) {
            self.hole = Some(Hole { next_at, attempts: 0 });
        }
    }

    /// When [`poll`](Self::poll) will have something to do, if nothing comes before.
    #[must_use]
    pub fn next_at(&self) -> Option<Nanos> {
        self.hole.map(|hole| hole.next_at)
    }

    /// Time has passed: answers with the request that is to be sent now, if any, and gives up what was asked for
    /// often enough. To be called until it answers `None`.
    pub fn poll(&mut self, now: Nanos, give: &mut impl FnMut(Said<'_>)) -> Option<Request> {
        while let (Some(hole), Some(due)) = (self.hole, self.due) {
            if hole.next_at > now {
                return None;
            }
            match self.policy.requests {
                Some(requests) if hole.attempts < requests.attempts_max => {
                    return Some(self.ask(now, due, hole, requests));
                }
                Some(_) | None => self.give_up(now, due, give),
            }
        }
        None
    }

    fn ask(&mut self, now: Nanos, due: u64, hole: Hole, requests: Requests) -> Request {
        let patience = Nanos(requests.timeout.0.max(1).saturating_mul(1 << hole.attempts.min(20)));
        self.hole = Some(Hole { next_at: now + patience, attempts: hole.attempts + 1 });
        self.counts.requests += 1;
        let missing = self.end_of_hole() - due;
        let count = u16::try_from(missing).unwrap_or(u16::MAX).min(requests.count_max.max(1));
        Request { session: self.session, sequence: due, count }
    }

    #[cold]
    fn give_up(&mut self, now: Nanos, due: u64, give: &mut impl FnMut(Said<'_>)) {
        let received = self.end_of_hole();
        self.counts.missing += received - due;
        give(Said::Missing { expected: due, received });
        self.due = Some(received);
        self.hole = None;
        self.take_held(give);
        // What is missing beyond gets a time of its own.
        self.open(now);
    }

    /// The first number at or behind the due one that is there.
    fn end_of_hole(&self) -> u64 {
        self.held.front().map_or(self.seen, |held| held.sequence)
    }

    /// Nothing will come any more: gives up what is missing, and gives what waited for it.
    pub fn finish(&mut self, give: &mut impl FnMut(Said<'_>)) {
        while let (Some(_), Some(due)) = (self.hole, self.due) {
            self.give_up(Nanos::MAX, due, give);
        }
    }
}
