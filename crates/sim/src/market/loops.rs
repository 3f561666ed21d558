//! What a generated market sends beside its incremental feed: snapshots of levels and of orders and definitions, round
//! and round, and what empties books: a channel reset, and a new week's numbering.
//!
//! A loop is written when the caller says so, between two events of the market, and knows everything sent before.
//! Never changes the market, but for [`Generator::start_anew`].

use super::channel::ENCODING;
use super::{DEPTH, Emit, Generator, Line, SPAN, Shown, definition, small};
use crate::market::exchange::Exchange;
use types::{Nanos, Side};
use venues::cme::encode::{Depth, Level, Order, PacketWriter, Update as Defined};
use venues::cme::encode_loops::{Part, Snapshot};
use venues::cme::{self, Action as Update, MatchEvent, Role};

/// Orders of a snapshot in one packet: 29 bytes each.
const LISTED: usize = 45;

/// Where packets of a loop go: on both lines.
pub type EmitLoop<'a> = &'a mut dyn FnMut(Role, &[u8]);

/// Where a feed's packets are sent: to addresses beside those of channel 310.
#[must_use]
pub const fn destination(role: Role, line: Line) -> cme::Line {
    let n = match role {
        Role::Incremental => 1,
        Role::Snapshot => 22,
        Role::Definitions => 43,
        Role::OrderSnapshot => 64,
    };
    match line {
        Line::A => cme::Line { ip: [224, 0, 31, n], port: 14_310 },
        Line::B => cme::Line { ip: [224, 0, 32, n], port: 15_310 },
    }
}

impl Generator {
    /// The next packet of the incremental feed gets this number.
    pub const fn number_from(&mut self, sequence: u32) {
        self.channel.number_from(sequence);
    }

    /// The number of the last packet of the incremental feed.
    #[must_use]
    pub const fn last_packet(&self) -> u32 {
        self.channel.last()
    }

    /// Nothing happens for so long.
    pub fn pause(&mut self, length: Nanos) {
        for market in &mut self.markets {
            market.due = market.due + length;
        }
    }

    /// One loop of definitions.
    pub fn definitions(&self, at: Nanos, emit: EmitLoop<'_>) {
        let mut bytes = Vec::new();
        for (row, market) in (1..).zip(&self.markets) {
            bytes.clear();
            let mut packet = PacketWriter::begin(&mut bytes, row, at + ENCODING);
            let depths = [Depth::Outright(u8::try_from(DEPTH).expect("ten"))];
            packet.definition(&definition(&market.product), Defined::Add, &depths, at);
            let _ = packet.finish();
            emit(Role::Definitions, &bytes);
        }
    }

    /// One loop of snapshots of levels, one instrument a packet.
    pub fn snapshots(&self, at: Nanos, emit: EmitLoop<'_>) {
        let mut bytes = Vec::new();
        for row in 0..self.markets.len() {
            bytes.clear();
            let sequence = u32::try_from(row + 1).expect("a few");
            let mut packet = PacketWriter::begin(&mut bytes, sequence, at + ENCODING);
            packet.snapshot(self.snapshot(row), &self.levels(row));
            let _ = packet.finish();
            emit(Role::Snapshot, &bytes);
        }
    }

    /// One loop of snapshots of orders, in as many parts as they need; none where orders are not shown.
    pub fn order_snapshots(&self, at: Nanos, emit: EmitLoop<'_>) {
        if !self.config.by_order {
            return;
        }
        let (mut bytes, mut sequence) = (Vec::new(), 0);
        for row in 0..self.markets.len() {
            let orders = self.orders(row);
            let parts = orders.len().div_ceil(LISTED).max(1);
            for number in 0..parts {
                sequence += 1;
                bytes.clear();
                let mut packet = PacketWriter::begin(&mut bytes, sequence, at + ENCODING);
                let part = Part {
                    number: u32::try_from(number + 1).expect("a few"),
                    of: u32::try_from(parts).expect("a few"),
                };
                let from = (number * LISTED).min(orders.len());
                let to = (from + LISTED).min(orders.len());
                packet.order_snapshot(self.snapshot(row), part, &orders[from..to]);
                let _ = packet.finish();
                emit(Role::OrderSnapshot, &bytes);
            }
        }
    }

    fn snapshot(&self, row: usize) -> Snapshot {
        Snapshot {
            security: self.markets[row].product.security,
            knows: self.channel.last(),
            rpt_seq: self.markets[row].rpt_seq,
            instruments: u32::try_from(self.markets.len()).expect("a few"),
            at: self.markets[row].changed_at,
        }
    }

    /// The levels of a product that are shown.
    fn levels(&self, row: usize) -> Vec<Level> {
        let market = &self.markets[row];
        let side = |side: Side| {
            let shown = &market.shown[side.index()];
            (1..).zip(&shown.levels[..shown.count]).map(move |(depth, level)| Level {
                security: market.product.security,
                rpt_seq: 0,
                side,
                implied: false,
                action: Update::New,
                depth,
                price_nanos: market.nanos(level.price),
                size: small(level.size),
                orders: i32::try_from(level.orders).expect("far fewer"),
            })
        };
        side(Side::Buy).chain(side(Side::Sell)).collect()
    }

    /// The orders of a product, bids and asks in turn from the best, as CME sends them.
    fn orders(&self, row: usize) -> Vec<Order> {
        let market = &self.markets[row];
        let side = |side: Side| {
            let levels: Vec<_> = market.exchange.levels(side).collect();
            let queues = levels.into_iter().flat_map(move |level| market.exchange.queue(side, level.price));
            queues.map(|order| market.wire(row, order, Update::New)).collect::<Vec<_>>()
        };
        let [bids, asks] = Side::BOTH.map(side);
        let mut orders = Vec::with_capacity(bids.len() + asks.len());
        for place in 0..bids.len().max(asks.len()) {
            orders.extend(bids.get(place));
            orders.extend(asks.get(place));
        }
        orders
    }

    /// A channel reset: books are empty and numbered from 1, whatever stands.
    pub fn reset_channel(&mut self, at: Nanos, emit: Emit<'_>) {
        self.channel.packet(at, emit, |packet| packet.channel_reset(at, 310));
        for market in &mut self.markets {
            market.shown = [Shown::default(); 2];
            market.rpt_seq = 0;
        }
    }

    /// After a reset, what stands in a product's book is sent again.
    pub fn resend(&mut self, row: usize, at: Nanos, emit: Emit<'_>) {
        self.changes.clear();
        if self.config.by_order {
            self.changes.orders = self.orders(row);
        }
        self.markets[row].changed_at = at;
        for side in Side::BOTH {
            self.markets[row].show(side, &mut self.changes.levels);
        }
        self.channel.event(at, &self.changes, MatchEvent::RECOVERY, emit);
    }

    /// A new week: packets and entries are numbered from 1, books are empty. [`reopen`](Self::reopen) fills them.
    pub fn start_anew(&mut self) {
        self.channel.number_from(1);
        for market in &mut self.markets {
            market.exchange = Exchange::new(market.product.opens_at - i64::from(SPAN / 2), SPAN);
            market.shown = [Shown::default(); 2];
            market.rpt_seq = 0;
        }
    }

    /// The orders with which a product opens are sent.
    pub fn reopen(&mut self, row: usize, at: Nanos, emit: Emit<'_>) {
        self.changes.clear();
        for action in self.markets[row].flow.opening(self.config.opening) {
            self.perform(row, action);
        }
        self.publish(row, at, emit);
    }
}
