//! The decoder: payloads in, arrivals out. Decides which packets are read and when; [`Reading`] reads one.

use super::channel::{Channel, Turn};
use super::counts::Counts;
use super::definitions::Spreads;
use super::instruments::Instruments;
use super::line::Line;
use super::reading::Reading;
use super::status::States;
use super::wire::{Damage, Header, Messages};
use crate::{Directory, Output};
use types::Nanos;

/// What a decoder knows across channels.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) instruments: Instruments,
    pub(crate) counts: Counts,
    pub(crate) states: States,
    pub(crate) spreads: Spreads,
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

/// Reads MDP 3.0 packets of any number of channels, both lines of each.
///
/// One decoder belongs to one [`Directory`]: it keeps the directory's answers. Packets are given in the order
/// they were received. An arrival's time is that of its packet, or, for a packet that had to wait for another,
/// the time at which the waiting ended: nothing is acted on before it could be known.
#[derive(Debug, Default)]
pub struct Decoder {
    lines: Vec<(Line, u16)>,
    channels: Vec<Channel>,
    /// By channel, which line stands for it.
    names: Vec<Line>,
    shared: Shared,
    /// Whether a channel may be waiting for a missing packet.
    waiting: bool,
}

impl Decoder {
    /// A decoder that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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
        self.elapse(received_at, directory, out);
        self.shared.counts.tally.packets += 1;
        let number = self.channel(destination);
        let header = match self.check(payload) {
            Ok(header) => header,
            Err(damage) => return self.damaged(number, received_at, payload, offset, damage, out),
        };
        let packet = Packet { header, bytes: payload, offset };
        let Header { sequence, sending_time } = header;
        match self.channels[number].turn(sequence, sending_time) {
            Turn::Due => self.take_all(number, received_at, packet, directory, out),
            Turn::Behind => self.shared.counts.tally.duplicates += 1,
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
                self.shared.counts.tally.restarts += 1;
                let due = self.channels[number].due.unwrap_or(sequence);
                self.channels[number].forget_held();
                self.reading(number, received_at, header, offset, directory, out).lost(due, sequence);
                self.take_all(number, received_at, packet, directory, out);
            }
        }
    }

    /// Time has passed, and perhaps no packet came: gives up what has been waited for long enough. A live
    /// session calls this when its lines are silent; [`packet`](Self::packet) does so itself.
    pub fn elapse(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) {
        self.shared.call += 1;
        if !self.waiting {
            return;
        }
        for number in 0..self.channels.len() {
            while self.channels[number].has_hole() && self.channels[number].is_over(now) {
                self.give_up(number, now, directory, out);
            }
        }
        self.waiting = self.channels.iter().any(Channel::has_hole);
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

    /// What went by, in the protocol's own terms, sorted by name: `("message 32 MDIncrementalRefreshBook",
    /// 19138)`. Messages are counted in every copy of a packet, entries once.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u64)> {
        self.shared.counts.named(self.shared.instruments.slots.len())
    }

    fn channel(&mut self, line: Line) -> usize {
        if let Some((_, number)) = self.lines.iter().find(|(known, _)| *known == line) {
            return usize::from(*number);
        }
        let name = line.channel();
        let number = match self.names.iter().position(|known| *known == name) {
            Some(number) => number,
            None => {
                self.names.push(name);
                self.channels.push(Channel::default());
                self.channels.len() - 1
            }
        };
        let short =
            u16::try_from(number).expect("CME has some hundred channels, an address space few thousand");
        self.lines.push((line, short));
        number
    }

    /// Whether the packet's messages fill it exactly; counts them. A packet that fails is not taken, so that
    /// the other line's copy can be.
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
        self.take_held(number, now, directory, out);
    }

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

    fn take(
        &mut self,
        number: usize,
        now: Nanos,
        packet: Packet<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        self.channels[number].advance(packet.header.sequence, packet.header.sending_time);
        self.reading(number, now, packet.header, packet.offset, directory, out).packet(packet.bytes);
    }

    #[cold]
    fn give_up(&mut self, number: usize, now: Nanos, directory: &mut Directory, out: &mut Output) {
        let Some((due, next)) = self.channels[number].give_up() else {
            return;
        };
        self.shared.counts.tally.lost += u64::from(next.wrapping_sub(due));
        // The message that showed the hole: the first that waited behind it.
        let header = self.channels[number].first_held().unwrap_or(Header { sequence: next, sending_time: 0 });
        self.reading(number, now, header, 0, directory, out).lost(due, next);
        self.take_held(number, now, directory, out);
    }

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
            number: u16::try_from(number).expect("checked when the channel was made"),
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

/// A moment off the wire. 2262 is the end of our time, and of no market.
#[inline]
pub(crate) fn nanos(word: u64) -> Nanos {
    Nanos(i64::try_from(word).unwrap_or(i64::MAX))
}
