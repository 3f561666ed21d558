//! The decoder: payloads in, arrivals out. Decides which packets are read and when; [`Reading`] reads one.

use super::channel::{Channel, Turn};
use super::counts::Counts;
use super::definitions::Spreads;
use super::feeds::{Feed, Role, channel_of};
use super::instruments::Instruments;
use super::line::Line;
use super::reading::{Reading, Root};
use super::recovery::{Recoveries, Track};
use super::status::States;
use super::wire::{Damage, Header, Messages};
use super::words::MatchEvent;
use crate::{Directory, Output};
use std::collections::BTreeMap;
use types::{Flags, InstrumentId, Nanos};

/// How often a channel says that it is alive when nothing happens (CME "MDP 3.0 - Heartbeat"; as recorded).
const HEARTBEAT_EVERY: Nanos = Nanos::from_secs(30);
/// A channel that misses so many heartbeats in a row is taken for lost.
const HEARTBEATS_MISSED: i64 = 3;

/// How many lines are found at once.
const RECENT: usize = 64;

/// What a decoder knows across channels.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) instruments: Instruments,
    pub(crate) counts: Counts,
    pub(crate) states: States,
    pub(crate) spreads: Spreads,
    pub(crate) recoveries: Recoveries,
    /// How many listings there have been of each symbol.
    pub(crate) issues: BTreeMap<String, u32>,
    /// How many calls there were: places in an output are good within one.
    pub(crate) call: u64,
}

/// A packet whose turn has come.
#[derive(Clone, Copy, Debug)]
struct Packet<'a> {
    header: Header,
    bytes: &'a [u8],
    offset: u64,
}

/// The first event of a new numbering happened at most so long before its packet was sent; the last one of the old
/// numbering, before a pause that is longer.
const SENT_AFTER: Nanos = Nanos::from_millis(100);

/// Why a book that no packet contradicts is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Bid above ask for too long while the market is open.
    Crossed,
    /// It was told of a level or an order that does not stand in it.
    Unknown,
}

/// Reads MDP 3.0 packets of any number of channels, both lines of each.
///
/// One decoder belongs to one [`Directory`]: it keeps the directory's answers. Packets are given in the order
/// they were received. An arrival's time is that of its packet, or, for a packet that had to wait for another,
/// the time at which the waiting ended: nothing is acted on before it could be known.
#[derive(Debug)]
pub struct Decoder {
    lines: Vec<(Line, u16)>,
    /// The lines heard last, where they are found at once: see [`place`].
    recent: [Option<(Line, u16)>; RECENT],
    channels: Vec<Channel>,
    /// By channel, which line stands for it.
    names: Vec<Line>,
    shared: Shared,
    /// Whether a channel may be waiting for a missing packet.
    waiting: bool,
    /// How long an incremental feed may be silent; `None` for the usual.
    silence_max: Option<Nanos>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lines: Vec::new(),
            recent: [None; RECENT],
            channels: Vec::new(),
            names: Vec::new(),
            shared: Shared::default(),
            waiting: false,
            silence_max: None,
        }
    }

    /// A decoder that knows beforehand which lines are which feeds. Lines it was not told of are taken as
    /// [`new`](Self::new) takes them.
    ///
    /// # Panics
    /// When a feed has no line.
    #[must_use]
    pub fn with_feeds(feeds: &[Feed]) -> Self {
        let mut decoder = Self::new();
        for feed in feeds {
            let first = *feed.lines.first().expect("a feed has a line");
            let number = decoder.open(first, Some(feed.channel));
            decoder.lines.extend(feed.lines.iter().map(|line| (*line, short(number))));
            decoder.channels[number].replay = feed.role.is_loop();
            let recoveries = &mut decoder.shared.recoveries;
            recoveries.tracks[number].incremental = feed.role == Role::Incremental;
            decoder.channels[number].incremental = feed.role == Role::Incremental;
            recoveries.level_feed |= feed.role == Role::Snapshot;
            recoveries.order_feed |= feed.role == Role::OrderSnapshot;
        }
        decoder
    }

    /// The same decoder for channels that say that they are alive every `interval`. After three of them without
    /// a packet the channel's books are stale: see [`elapse`](Self::elapse).
    #[must_use]
    pub fn with_heartbeats_every(mut self, interval: Nanos) -> Self {
        self.silence_max = Some(Nanos(interval.0.saturating_mul(HEARTBEATS_MISSED)));
        self
    }

    /// Reads the payload of one packet. `destination` is the multicast line it came on; `offset` is where it
    /// lies in the recording, for faults.
    pub fn packet(
        &mut self,
        received_at: Nanos,
        destination: Line,
        payload: &[u8],
        offset: u64,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        self.give_up_overdue(received_at, directory, out);
        self.shared.counts.tally.packets += 1;
        let number = self.channel(destination);
        self.hear(number, received_at);
        // Half of all packets are second copies: they are known by their header alone.
        let turn = match Header::read(payload) {
            Some(header) => self.channels[number].turn(header.sequence, header.sending_time),
            None => Turn::Due,
        };
        if turn == Turn::Behind {
            self.shared.counts.tally.duplicates += 1;
            return;
        }
        let header = match self.check(payload) {
            Ok(header) => header,
            Err(damage) => return self.damaged(number, received_at, payload, offset, damage, out),
        };
        let packet = Packet { header, bytes: payload, offset };
        let Header { sequence, sending_time } = header;
        match turn {
            Turn::Due => self.take_all(number, received_at, packet, directory, out),
            Turn::Behind => {}
            Turn::Ahead => {
                let channel = &mut self.channels[number];
                if channel.hold(sequence, sending_time, received_at, offset, payload) {
                    self.shared.counts.tally.held += 1;
                    self.waiting = true;
                    if channel.is_over(received_at) {
                        self.give_up(number, received_at, directory, out);
                    }
                } else {
                    self.shared.counts.tally.duplicates += 1;
                }
            }
            Turn::Restart => {
                self.restart(number, received_at, packet, directory, out);
                self.take_all(number, received_at, packet, directory, out);
            }
        }
    }

    /// A new numbering. One that starts at its start starts with empty books; of another, the start is missing.
    #[cold]
    fn restart(
        &mut self,
        number: usize,
        received_at: Nanos,
        packet: Packet<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        self.shared.counts.tally.restarts += 1;
        let sequence = packet.header.sequence;
        let due = self.channels[number].due.unwrap_or(sequence);
        self.channels[number].forget_held();
        let mut reading = self.reading(number, received_at, packet.header, packet.offset, directory, out);
        if sequence == 1 && reading.channel.incremental {
            let venue_at = reading.sent_at - SENT_AFTER;
            reading.start_anew(Root { venue_at, event: MatchEvent::END, flags: Flags::NONE });
        } else {
            reading.forsake(due, sequence, sequence);
            let started_at = reading.sent_at - SENT_AFTER;
            self.shared.recoveries.tracks[number].started_at = started_at;
        }
    }

    /// Time has passed, and perhaps no packet came: gives up what has been waited for long enough, and the books
    /// of a channel that has been silent for three heartbeats. A live session calls this as its clock ticks;
    /// [`packet`](Self::packet) does the first of the two itself.
    pub fn elapse(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) {
        self.give_up_overdue(now, directory, out);
        let patience = self.silence_max.unwrap_or(Nanos(HEARTBEAT_EVERY.0 * HEARTBEATS_MISSED));
        for number in 0..self.channels.len() {
            let channel = &mut self.channels[number];
            let is_silent = channel.incremental && channel.heard_at.is_some_and(|at| now - at > patience);
            if let (true, Some(due)) = (is_silent, channel.due) {
                channel.heard_at = None;
                self.shared.counts.tally.silences += 1;
                self.shared.recoveries.tracks[number].silent = true;
                let header = Header { sequence: due, sending_time: self.channels[number].sent_at() };
                self.reading(number, now, header, 0, directory, out).forsake(due, due, due);
            }
        }
    }

    /// Whoever keeps the book of an instrument does not believe it any more: it is taken for lost, and recovers.
    pub fn doubt(
        &mut self,
        now: Nanos,
        instrument: InstrumentId,
        why: Doubt,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        self.shared.call += 1;
        let mut slots = self.shared.instruments.slots.iter();
        let found = slots.position(|slot| slot.listing.is_some_and(|listing| listing.id == instrument));
        let Some(slot) = found else { return };
        let Some(number) = self.shared.instruments.slots[slot].channel.map(usize::from) else { return };
        self.shared.counts.tally.doubts += 1;
        let due = self.channels[number].due.unwrap_or(0);
        let header = Header { sequence: due, sending_time: self.channels[number].sent_at() };
        let security = self.shared.instruments.slots[slot].security;
        let mut reading = self.reading(number, now, header, 0, directory, out);
        reading.disbelieve(slot, due);
        let said = match why {
            Doubt::Crossed => "bid above ask for too long",
            Doubt::Unknown => "told of what does not stand in it",
        };
        out.fault(0, 0, format!("before packet {due}, security {security}: {said}; its book is stale"));
    }

    #[inline]
    fn give_up_overdue(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) {
        self.shared.call += 1;
        if self.waiting {
            self.give_up_each_overdue(now, directory, out);
        }
    }

    #[cold]
    fn give_up_each_overdue(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) {
        for number in 0..self.channels.len() {
            while self.channels[number].has_hole() && self.channels[number].is_over(now) {
                self.give_up(number, now, directory, out);
            }
        }
        self.waiting = self.channels.iter().any(Channel::has_hole);
    }

    #[inline]
    fn hear(&mut self, number: usize, now: Nanos) {
        let channel = &mut self.channels[number];
        if channel.heard_at.is_none() {
            self.shared.recoveries.tracks[number].silent = false;
        }
        channel.heard_at = Some(now);
    }

    /// The recording ended at `now`: what is missing will not come, and what waited is read.
    pub fn finish(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) {
        self.shared.call += 1;
        for number in 0..self.channels.len() {
            while self.channels[number].has_hole() {
                self.give_up(number, now, directory, out);
            }
        }
        self.waiting = false;
    }

    /// The last packet of the feed on this line that was taken or given up; `None` before the first.
    #[must_use]
    pub fn position(&self, line: Line) -> Option<u32> {
        let (_, number) = self.lines.iter().find(|(known, _)| *known == line)?;
        self.shared.recoveries.tracks[usize::from(*number)].taken
    }

    /// What went by, in the protocol's own terms, sorted by name: `("message 32 MDIncrementalRefreshBook",
    /// 9569)`. Second copies are counted as packets and not looked into.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u64)> {
        self.shared.counts.named(self.shared.instruments.slots.len())
    }

    #[inline]
    fn channel(&mut self, line: Line) -> usize {
        match self.recent[place(line)] {
            Some((known, number)) if known == line => usize::from(number),
            _ => self.look_up(line),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, line: Line) -> usize {
        let number = match self.lines.iter().find(|(known, _)| *known == line) {
            Some((_, number)) => usize::from(*number),
            None => self.new_channel(line),
        };
        self.recent[place(line)] = Some((line, short(number)));
        number
    }

    #[cold]
    fn new_channel(&mut self, line: Line) -> usize {
        let name = line.channel();
        let number = match self.names.iter().position(|known| *known == name) {
            Some(number) => number,
            None => self.open(name, channel_of(name)),
        };
        self.lines.push((line, short(number)));
        number
    }

    fn open(&mut self, name: Line, group: Option<u16>) -> usize {
        self.names.push(name);
        self.channels.push(Channel::default());
        self.shared.recoveries.tracks.push(Track { group, started_at: Nanos::MIN, ..Track::default() });
        self.channels.len() - 1
    }

    /// Whether the packet's messages fill it exactly; counts them. A packet that fails is not taken, so that
    /// the other line's copy can be.
    #[inline]
    fn check(&mut self, payload: &[u8]) -> Result<Header, Damage> {
        let header =
            Header::read(payload).ok_or(Damage { at: 0, what: "the packet is shorter than its header" })?;
        for message in Messages::new(payload) {
            self.shared.counts.message(message?.template);
        }
        Ok(header)
    }

    #[cold]
    fn damaged(
        &mut self,
        number: usize,
        received_at: Nanos,
        payload: &[u8],
        offset: u64,
        damage: Damage,
        out: &mut Output,
    ) {
        self.shared.counts.tally.damaged += 1;
        let skipped = (payload.len() - damage.at) as u64;
        out.fault(
            offset + damage.at as u64,
            skipped,
            format!("{}; the packet is taken for lost unless its other copy comes", damage.what),
        );
        if let Some(header) = Header::read(payload) {
            self.channels[number].damaged(header.sequence, received_at);
            self.waiting = true;
        }
    }

    /// Takes the due packet, and what was held and is due after it.
    #[inline]
    fn take_all(
        &mut self,
        number: usize,
        now: Nanos,
        packet: Packet<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        self.channels[number].close_hole();
        self.take(number, now, packet, directory, out);
        if self.channels[number].keeps_anything() {
            self.take_held(number, now, directory, out);
        }
    }

    #[cold]
    fn take_held(&mut self, number: usize, now: Nanos, directory: &mut Directory, out: &mut Output) {
        while let Some(held) = self.channels[number].next_held() {
            let packet = Packet {
                header: Header { sequence: held.sequence, sending_time: held.sending_time },
                bytes: &held.bytes,
                offset: held.offset,
            };
            self.take(number, now, packet, directory, out);
            self.channels[number].recycle(held);
        }
    }

    #[inline(always)]
    fn take(
        &mut self,
        number: usize,
        now: Nanos,
        packet: Packet<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let Header { sequence, sending_time } = packet.header;
        self.channels[number].advance(sequence, sending_time);
        let track = &mut self.shared.recoveries.tracks[number];
        track.sent_at = nanos(sending_time);
        if track.taken.replace(sequence).is_none() {
            track.known_from = sequence;
            track.whole = sequence == 1;
        }
        self.reading(number, now, packet.header, packet.offset, directory, out).packet(packet.bytes);
        self.shared.recoveries.tracks[number].incremental = self.channels[number].incremental;
    }

    #[cold]
    fn give_up(&mut self, number: usize, now: Nanos, directory: &mut Directory, out: &mut Output) {
        let Some((due, next)) = self.channels[number].give_up() else {
            return;
        };
        self.shared.counts.tally.lost += u64::from(next.wrapping_sub(due));
        self.shared.recoveries.tracks[number].taken = Some(next.wrapping_sub(1));
        // The message that showed the hole: the first that waited behind it.
        let header = self.channels[number].first_held().unwrap_or(Header { sequence: next, sending_time: 0 });
        self.reading(number, now, header, 0, directory, out).lost(due, next);
        self.take_held(number, now, directory, out);
    }

    #[inline]
    fn reading<'a>(
        &'a mut self,
        number: usize,
        received_at: Nanos,
        header: Header,
        offset: u64,
        directory: &'a mut Directory,
        out: &'a mut Output,
    ) -> Reading<'a> {
        Reading {
            number: short(number),
            channel: &mut self.channels[number],
            shared: &mut self.shared,
            directory,
            out,
            received_at,
            sequence: header.sequence,
            sent_at: nanos(header.sending_time),
            offset,
        }
    }
}

/// A channel's index as it is kept.
#[inline]
fn short(number: usize) -> u16 {
    u16::try_from(number).expect("CME has some hundred channels, an address space few thousand")
}

/// Where a line is kept among the recent ones. The two lines of a channel, which take turns as they please, differ in
/// their address and port, and so in their place.
#[inline]
fn place(line: Line) -> usize {
    let Line { ip: [_, _, net, host], port } = line;
    (usize::from(net) ^ usize::from(host) ^ usize::from(port)) % RECENT
}

/// A moment off the wire. 2262 is the end of our time, and of no market.
#[inline]
pub(crate) fn nanos(word: u64) -> Nanos {
    Nanos(i64::try_from(word).unwrap_or(i64::MAX))
}
