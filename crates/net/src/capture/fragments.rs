//! IP packets that were sent in parts, put together again.
//!
//! Owns the parts that wait for others, within bounds: how many packets, how many bytes, how long. A packet is
//! given only when every byte of it came exactly once (a part that comes twice, byte for byte, is passed over).
//! Parts that overlap otherwise contradict each other or hide something: the packet is given up whole, and stays
//! so (RFC 5722, which IPv4 stacks follow as well). Never guesses a byte.
//!
//! ```text
//!  first part ──▶ waiting ──last missing part──▶ whole
//!                    ├──parts contradict────────▶ spoiled ──age──▶ forgotten
//!                    └──age, bounds, the end────▶ incomplete
//! ```

use super::Skipped;
use super::ip::Part;
use std::net::IpAddr;
use types::Nanos;

/// Packets that may wait.
const WAITING_MAX: usize = 64;
/// Bytes that may wait, over all packets.
const BYTES_MAX: usize = 1 << 20;
/// How long a packet may wait for its rest, in the capture's own time: what Linux allows.
const AGE_MAX: Nanos = Nanos(30_000_000_000);
/// The longest payload that an IP packet's header leaves.
const PAYLOAD_MAX: usize = 65_515;

/// Which packet a part belongs to. IPv6 has no protocol here: only the first part's counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: Option<u8>,
    pub(crate) id: u32,
}

/// A part as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived<'a> {
    pub(crate) at: Nanos,
    pub(crate) part: Part,
    /// What the part says the packet's payload is.
    pub(crate) protocol: u8,
    pub(crate) bytes: &'a [u8],
}

/// From and up to which byte.
type Piece = (usize, usize);

#[derive(Debug)]
struct Waiting {
    key: Key,
    since: Nanos,
    bytes: Vec<u8>,
    /// Which bytes are there: ranges in order, none touching another's bytes.
    pieces: Vec<Piece>,
    /// How many bytes that is.
    there: usize,
    /// Known once the last part came.
    length: Option<usize>,
    /// Of the first part.
    protocol: u8,
    parts: u64,
    spoiled: bool,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its packet waits for others, or is given up.
    Kept,
    /// It was the last one missing: the packet's payload is [`Fragments::whole`], of this protocol.
    Whole(u8),
    /// It cannot be a part of any packet.
    Impossible,
}

#[derive(Debug, Default)]
pub(crate) struct Fragments {
    waiting: Vec<Waiting>,
    bytes: usize,
    /// Buffers for the next packets.
    spare: Vec<(Vec<u8>, Vec<Piece>)>,
    whole: Vec<u8>,
}

impl Fragments {
    /// The payload of the packet that was last made whole.
    pub(crate) fn whole(&self) -> &[u8] {
        &self.whole
    }

    /// Takes a part.
    pub(crate) fn add(&mut self, key: Key, arrived: &Arrived<'_>, skipped: &mut Skipped) -> Outcome {
        self.forget_old(arrived.at, skipped);
        let (part, length) = (arrived.part, arrived.bytes.len());
        let end = part.offset + length;
        // All but the last are counted in eights of bytes, or nothing could follow them.
        if length == 0 || end > PAYLOAD_MAX || (part.more && !length.is_multiple_of(8)) {
            return Outcome::Impossible;
        }
        let row = self.row(key, arrived.at, end, skipped);
        let waiting = &mut self.waiting[row];
        if waiting.spoiled {
            skipped.fragments += 1;
            return Outcome::Kept;
        }
        waiting.parts += 1;
        let before = waiting.bytes.len();
        match waiting.take(arrived, end) {
            Taken::Fits => {}
            Taken::Again => {
                waiting.parts -= 1;
                skipped.fragments_again += 1;
            }
            Taken::Contradicts => {
                skipped.contradicted += 1;
                skipped.fragments += waiting.parts;
                self.bytes -= before;
                waiting.spoil();
                return Outcome::Kept;
            }
        }
        self.bytes += waiting.bytes.len() - before;
        if !waiting.is_whole() {
            return Outcome::Kept;
        }
        let mut done = self.remove(row);
        std::mem::swap(&mut self.whole, &mut done.bytes);
        let protocol = done.protocol;
        self.recycle(done);
        Outcome::Whole(protocol)
    }

    /// The capture is over: what waits will not be whole.
    pub(crate) fn finish(&mut self, skipped: &mut Skipped) {
        while !self.waiting.is_empty() {
            self.give_up(0, skipped);
        }
    }

    /// The row of a packet, which may displace the oldest ones.
    fn row(&mut self, key: Key, at: Nanos, more: usize, skipped: &mut Skipped) -> usize {
        while self.waiting.len() >= WAITING_MAX && !self.waiting.iter().any(|w| w.key == key) {
            self.give_up(0, skipped);
        }
        while self.bytes + more > BYTES_MAX {
            // In the order they came: the first is the oldest. The packet at hand may itself be that.
            self.give_up(0, skipped);
        }
        if let Some(row) = self.waiting.iter().position(|waiting| waiting.key == key) {
            return row;
        }
        let (bytes, pieces) = self.spare.pop().unwrap_or_default();
        let waiting = Waiting {
            key,
            since: at,
            bytes,
            pieces,
            there: 0,
            length: None,
            protocol: 0,
            parts: 0,
            spoiled: false,
        };
        self.waiting.push(waiting);
        self.waiting.len() - 1
    }

    fn forget_old(&mut self, now: Nanos, skipped: &mut Skipped) {
        let old = |waiting: &Waiting| now.0.saturating_sub(waiting.since.0) > AGE_MAX.0;
        while let Some(row) = self.waiting.iter().position(old) {
            self.give_up(row, skipped);
        }
    }

    fn give_up(&mut self, row: usize, skipped: &mut Skipped) {
        let waiting = self.remove(row);
        if !waiting.spoiled {
            skipped.incomplete += 1;
            skipped.fragments += waiting.parts;
        }
        self.recycle(waiting);
    }

    fn remove(&mut self, row: usize) -> Waiting {
        let waiting = self.waiting.remove(row);
        self.bytes -= waiting.bytes.len();
        waiting
    }

    fn recycle(&mut self, mut done: Waiting) {
        done.bytes.clear();
        done.pieces.clear();
        self.spare.push((done.bytes, done.pieces));
    }
}

/// How a part sits with those before it.
enum Taken {
    Fits,
    /// The same bytes at the same place came before.
    Again,
    Contradicts,
}

impl Waiting {
    fn take(&mut self, arrived: &Arrived<'_>, end: usize) -> Taken {
        let start = arrived.part.offset;
        let place = self.pieces.partition_point(|piece| piece.0 < start);
        if self.pieces.get(place) == Some(&(start, end)) {
            // A last part is known as the last one since it first came.
            let same = self.bytes[start..end] == *arrived.bytes
                && self.agrees(arrived, end)
                && (arrived.part.more || self.length.is_some());
            return if same { Taken::Again } else { Taken::Contradicts };
        }
        let before = place.checked_sub(1).is_some_and(|place| self.pieces[place].1 > start);
        let behind = self.pieces.get(place).is_some_and(|piece| piece.0 < end);
        if before || behind || !self.agrees(arrived, end) {
            return Taken::Contradicts;
        }
        if !arrived.part.more {
            self.length = Some(end);
        }
        if start == 0 {
            self.protocol = arrived.protocol;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[start..end].copy_from_slice(arrived.bytes);
        self.pieces.insert(place, (start, end));
        self.there += end - start;
        Taken::Fits
    }

    /// Whether the part's end and the packet's, as far as it is known, can both be true.
    fn agrees(&self, arrived: &Arrived<'_>, end: usize) -> bool {
        let last = self.pieces.last().map_or(0, |piece| piece.1);
        match (self.length, arrived.part.more) {
            (Some(length), true) => end < length,
            (Some(length), false) => end == length,
            (None, true) => true,
            (None, false) => last <= end,
        }
    }

    fn is_whole(&self) -> bool {
        self.length == Some(self.there)
    }

    fn spoil(&mut self) {
        self.spoiled = true;
        self.bytes.clear();
        self.pieces.clear();
    }
}
