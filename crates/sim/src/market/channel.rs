//! The generated market's channel: what happened becomes MDP 3.0 packets on two lines.
//!
//! Never matches an order and never draws an action. It owns the packet sequence, the way of each line, the
//! losses, and the heartbeats of a quiet channel.
//!
//! One event of the market is one or a few packets: trades first, then levels, then orders, the last message
//! marked as the end of the event (CME Globex MDP 3.0, event-based messages).

use crate::latency::{Delay, Link};
use crate::market::{Emit, Line};
use std::collections::VecDeque;
use stdx::Prng;
use types::Nanos;
use venues::cme::MatchEvent;
use venues::cme::encode::{Level, Order, PacketWriter, Trade, TradeOrder};

/// What a packet may hold and still fit an Ethernet frame with room to spare.
const PACKET_BYTES: usize = 1_400;
/// At most this many levels or orders a message, so that a message fits a packet.
const ENTRIES: usize = 30;
/// From the matching of an event to the sending of its packet.
pub(super) const ENCODING: Nanos = Nanos(2_000);

/// What one event changed, in the words of the wire. Kept and cleared, so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    /// One for each price that traded.
    pub(super) trades: Vec<Trade>,
    /// Theirs, in their order; `Trade::orders` says how many are whose.
    pub(super) trade_orders: Vec<TradeOrder>,
    pub(super) levels: Vec<Level>,
    pub(super) orders: Vec<Order>,
}

impl Changes {
    pub(super) fn clear(&mut self) {
        self.trades.clear();
        self.trade_orders.clear();
        self.levels.clear();
        self.orders.clear();
    }
}

/// One message: which part of the changes it holds.
#[derive(Clone, Copy, Debug)]
enum Part {
    Trade { at: usize, orders: usize, of: usize },
    Levels { from: usize, to: usize },
    Orders { from: usize, to: usize },
}

impl Part {
    /// The bytes it takes: headers of 10, 11, 3 and 8 bytes, and its entries.
    const fn bytes(self) -> usize {
        32 + match self {
            Self::Trade { of, .. } => 32 + of * 16,
            Self::Levels { from, to } => (to - from) * 32,
            Self::Orders { from, to } => (to - from) * 40,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Channel {
    sequence: u32,
    bytes: Vec<u8>,
    parts: Vec<Part>,
    links: [Link; 2],
    loss: f64,
    prng: Prng,
    heartbeat_every: Nanos,
    /// When the channel last sent anything.
    sent_at: Nanos,
    /// Line B's copies that have not arrived yet, in their order.
    underway: VecDeque<(Nanos, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
}

impl Channel {
    pub(super) fn new(lines: [Delay; 2], loss: f64, heartbeat_every: Nanos, prng: &Prng) -> Self {
        Self {
            sequence: 1,
            bytes: Vec::new(),
            parts: Vec::new(),
            links: [Link::new(lines[0], prng.fork("line A")), Link::new(lines[1], prng.fork("line B"))],
            loss,
            prng: prng.fork("loss"),
            heartbeat_every,
            sent_at: Nanos::MIN,
            underway: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// The number of the last packet sent.
    pub(super) const fn last(&self) -> u32 {
        self.sequence.wrapping_sub(1)
    }

    /// The next packet gets this number.
    pub(super) const fn number_from(&mut self, sequence: u32) {
        self.sequence = sequence;
    }

    /// Sends one packet of whatever `write` puts in.
    pub(super) fn packet(&mut self, at: Nanos, emit: Emit<'_>, write: impl FnOnce(&mut PacketWriter<'_>)) {
        self.bytes.clear();
        let mut packet = PacketWriter::begin(&mut self.bytes, self.sequence, at + ENCODING);
        write(&mut packet);
        let bytes = packet.finish();
        debug_assert_eq!(bytes, self.bytes.len());
        self.send(at, emit);
    }

    /// Sends what one event changed.
    pub(super) fn event(&mut self, at: Nanos, changes: &Changes, marks: MatchEvent, emit: Emit<'_>) {
        self.split(changes);
        let mut next = 0;
        while next < self.parts.len() {
            self.bytes.clear();
            let mut packet = PacketWriter::begin(&mut self.bytes, self.sequence, at + ENCODING);
            while let Some(&part) = self.parts.get(next)
                && (packet.bytes() == 12 || packet.bytes() + part.bytes() <= PACKET_BYTES)
            {
                write(&mut packet, at, (&self.parts, next), changes, marks);
                next += 1;
            }
            let bytes = packet.finish();
            debug_assert_eq!(bytes, self.bytes.len());
            self.send(at, emit);
        }
    }

    /// Says that the channel is alive, as often as it was silent for long until `now`.
    pub(super) fn heartbeats(&mut self, now: Nanos, emit: Emit<'_>) {
        if self.sent_at == Nanos::MIN || self.heartbeat_every <= Nanos(0) {
            return;
        }
        while self.sent_at + self.heartbeat_every <= now {
            let at = self.sent_at + self.heartbeat_every;
            self.packet(at, emit, |packet| packet.heartbeat());
        }
    }

    /// Everything that is still on its way arrives.
    pub(super) fn drain(&mut self, emit: Emit<'_>) {
        self.arrive(Nanos::MAX, emit);
    }

    fn split(&mut self, changes: &Changes) {
        self.parts.clear();
        let mut orders = 0;
        for (at, trade) in changes.trades.iter().enumerate() {
            let of = usize::try_from(trade.orders).expect("a count of orders");
            self.parts.push(Part::Trade { at, orders, of });
            orders += of;
        }
        for from in (0..changes.levels.len()).step_by(ENTRIES) {
            let to = changes.levels.len().min(from + ENTRIES);
            self.parts.push(Part::Levels { from, to });
        }
        for from in (0..changes.orders.len()).step_by(ENTRIES) {
            let to = changes.orders.len().min(from + ENTRIES);
            self.parts.push(Part::Orders { from, to });
        }
    }

    /// Sends the packet in `bytes` on both lines. Each loses it by its own chance: now and then both do.
    fn send(&mut self, at: Nanos, emit: Emit<'_>) {
        let [a_at, b_at] = [0, 1].map(|line: usize| self.links[line].arrival(at + ENCODING));
        let (mut a, mut b) = (true, true);
        if self.loss > 0.0 {
            [a, b] = [0, 1].map(|_line: usize| !self.prng.chance(self.loss));
        }
        if b {
            let mut copy = self.spare.pop().unwrap_or_default();
            copy.clear();
            copy.extend_from_slice(&self.bytes);
            self.underway.push_back((b_at, copy));
        }
        if a {
            self.arrive(a_at, emit);
            emit(a_at, Line::A, &self.bytes);
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.sent_at = at;
    }

    /// Hands over line B's copies that arrive before `now`, so that the receiver sees one order of time.
    fn arrive(&mut self, now: Nanos, emit: Emit<'_>) {
        while let Some(&(at, _)) = self.underway.front()
            && (at < now || now == Nanos::MAX)
        {
            let (at, bytes) = self.underway.pop_front().expect("it was just looked at");
            emit(at, Line::B, &bytes);
            self.spare.push(bytes);
        }
    }
}

fn write(
    packet: &mut PacketWriter<'_>,
    at: Nanos,
    (parts, row): (&[Part], usize),
    changes: &Changes,
    marks: MatchEvent,
) {
    let mut event = marks;
    let following = parts.get(row + 1);
    if following.is_none() {
        event = event.with(MatchEvent::END);
    }
    match parts[row] {
        Part::Trade { at: place, orders, of } => {
            if !matches!(following, Some(Part::Trade { .. })) {
                event = event.with(MatchEvent::LAST_TRADE);
            }
            let trade = &changes.trades[place..=place];
            packet.trades(at, event, trade, &changes.trade_orders[orders..orders + of]);
        }
        Part::Levels { from, to } => {
            packet.book(at, last_quote(event, following), &changes.levels[from..to], &[]);
        }
        Part::Orders { from, to } => {
            packet.orders(at, last_quote(event, following), &changes.orders[from..to]);
        }
    }
}

fn last_quote(event: MatchEvent, following: Option<&Part>) -> MatchEvent {
    match following {
        None => event.with(MatchEvent::LAST_QUOTE),
        Some(_) => event,
    }
}
