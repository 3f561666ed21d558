//! Writing MDP 3.0 packets, schema 9, for markets of our own making.
//!
//! Owns nothing but the place it writes to. Prices go out with nine decimals, so nanos are the wire's own unit.
//! It writes what it is told: sequence numbers, levels and matching are the caller's.
//!
//! ```
//! use types::{Nanos, Side};
//! use venues::cme::encode::{Level, PacketWriter};
//! use venues::cme::{Action, MatchEvent};
//!
//! let mut bytes = Vec::new();
//! let mut packet = PacketWriter::begin(&mut bytes, 1, Nanos(1_700_000_000_000_000_000));
//! let bid = Level {
//!     security: 101,
//!     rpt_seq: 1,
//!     side: Side::Buy,
//!     implied: false,
//!     action: Action::New,
//!     depth: 1,
//!     price_nanos: 4_769_250_000_000,
//!     size: 12,
//!     orders: 3,
//! };
//! packet.book(Nanos(1_700_000_000_000_000_000), MatchEvent::END, &[bid], &[]);
//! assert_eq!(packet.finish(), bytes.len());
//! ```

use super::layout::{
    channel_reset, definition, future, level, level_order, order, root, status, trade, trade_order,
};
use super::wire::{GROUP_HEADER, GROUP_HEADER_WIDE, MESSAGE_HEADER, PACKET_HEADER, Shape, null};
use super::words::{self, Action, EntryKind, MatchEvent, RESET};
use types::{Nanos, Phase, Side};

const SCHEMA: u16 = 1;
const VERSION: u16 = 9;

/// A future's definition (template 54).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Future<'a> {
    /// The venue's number for it.
    pub security: i32,
    /// At most 20 bytes: `ESH4`.
    pub symbol: &'a str,
    /// At most 6 bytes: `ES`.
    pub group: &'a str,
    /// At most 6 bytes: `ES`.
    pub asset: &'a str,
    /// 3 bytes: `USD`.
    pub currency: &'a str,
    /// The price step as prices are sent.
    pub wire_tick_nanos: i64,
    /// What a sent price is multiplied with to be what people write.
    pub display_factor_nanos: i64,
    /// What one price step of one contract is worth.
    pub tick_amount_nanos: i64,
    /// What one contract is of: 50 index points.
    pub unit_size_nanos: i64,
    /// What holds when it is defined.
    pub phase: Phase,
}

/// A change of a price level (template 46).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The instrument.
    pub security: i32,
    /// The count of this instrument's entries, over levels and trades, from 1.
    pub rpt_seq: u32,
    /// Which side.
    pub side: Side,
    /// Of the implied book, not the real one.
    pub implied: bool,
    /// What happened to it.
    pub action: Action,
    /// 1 for the best level.
    pub depth: u8,
    /// Its price.
    pub price_nanos: i64,
    /// Contracts there now.
    pub size: i32,
    /// Orders there now.
    pub orders: i32,
}

/// An order behind one of the levels of the same message (template 46).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelOrder {
    /// The venue's number for it.
    pub order: u64,
    /// Lower is served first.
    pub priority: u64,
    /// Contracts it shows now.
    pub size: i32,
    /// Which of the message's levels, from 1.
    pub reference: u8,
    /// What happened to it: `New`, `Change` or `Delete`.
    pub action: Action,
}

/// A change of an order (template 47).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The venue's number for it.
    pub order: u64,
    /// Lower is served first.
    pub priority: u64,
    /// Its price.
    pub price_nanos: i64,
    /// Contracts it shows now.
    pub size: i32,
    /// The instrument.
    pub security: i32,
    /// What happened to it: `New`, `Change` or `Delete`.
    pub action: Action,
    /// Which side.
    pub side: Side,
}

/// A trade at one price (template 48).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The instrument.
    pub security: i32,
    /// The count of this instrument's entries, over levels and trades, from 1.
    pub rpt_seq: u32,
    /// The price.
    pub price_nanos: i64,
    /// Contracts traded at it.
    pub size: i32,
    /// How many of the message's [`TradeOrder`]s are of this trade.
    pub orders: i32,
    /// Who crossed the spread.
    pub aggressor: Option<Side>,
    /// The venue's number for it.
    pub id: u32,
}

/// An order that took part in a trade (template 48). They come in the order of their trades; with an aggressor,
/// the first of each trade is the aggressor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeOrder {
    /// The venue's number for it.
    pub order: u64,
    /// Contracts of it that traded.
    pub size: i32,
}

/// What became of an instrument (`SecurityUpdateAction`, tag 980).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Update {
    /// It is new.
    Add = b'A',
    /// Its terms changed.
    Modify = b'M',
    /// It is no more.
    Delete = b'D',
}

/// How many levels of a book are shown (`MDFeedType` and `MarketDepth`, tags 1022 and 264).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Of the outright book.
    Outright(u8),
    /// Of the implied one.
    Implied(u8),
}

/// Of whom a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// One instrument.
    Security(i32),
    /// Every instrument of a security group.
    Group(&'a str),
}

/// Writes one packet. A packet that is dropped unfinished leaves what was written.
#[derive(Debug)]
pub struct PacketWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> PacketWriter<'a> {
    /// Starts a packet at the end of `out`.
    pub fn begin(out: &'a mut Vec<u8>, sequence: u32, sending_time: Nanos) -> Self {
        let start = out.len();
        out.extend_from_slice(&sequence.to_le_bytes());
        out.extend_from_slice(&word(sending_time).to_le_bytes());
        Self { out, start }
    }

    /// Bytes of the packet so far; the network takes some 1,400.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.out.len() - self.start
    }

    /// Bytes of the finished packet.
    #[must_use]
    pub fn finish(self) -> usize {
        self.bytes()
    }

    /// Template 54. Its groups (events, feeds, attributes, lots) are empty.
    pub fn future(&mut self, future: &Future<'_>, at: Nanos) {
        self.definition(future, Update::Add, &[], at);
    }

    /// Template 54 as it is sent again: what became of the instrument, and how deep its books are shown.
    pub fn definition(&mut self, future: &Future<'_>, update: Update, depths: &[Depth], at: Nanos) {
        // 216 bytes: schema 9 ends with TradingReferenceDate, which we do not state.
        let message = self.message(54, 216);
        let block = self.block(message, 216);
        block.fill(0);
        blank(block, definition::SHAPES);
        blank(block, future::SHAPES);
        definition::MATCH_EVENT.set(block, MatchEvent::END.0);
        definition::ACTION.set(block, update as u8);
        definition::UPDATED_AT.set(block, word(at));
        definition::STATUS.set(block, words::phase_byte(future.phase));
        definition::EXCHANGE.set(block, text("XCME"));
        definition::GROUP.set(block, text(future.group));
        definition::ASSET.set(block, text(future.asset));
        definition::SYMBOL.set(block, text(future.symbol));
        definition::SECURITY.set(block, future.security);
        future::SECURITY_TYPE.set(block, text("FUT"));
        future::CFI.set(block, text("FXXXXX"));
        future::CURRENCY.set(block, text(future.currency));
        future::SETTLEMENT_CURRENCY.set(block, text(future.currency));
        future::MATCH_ALGORITHM.set(block, b'F');
        future::TRADE_SIZE_MIN.set(block, 1);
        future::TRADE_SIZE_MAX.set(block, 1_000_000);
        future::TICK.set(block, future.wire_tick_nanos);
        future::DISPLAY_FACTOR.set(block, future.display_factor_nanos);
        future::UNIT.set(block, text("IPNT"));
        future::UNIT_SIZE.set(block, future.unit_size_nanos);
        future::TICK_AMOUNT.set(block, future.tick_amount_nanos);
        self.group(9, 0, GROUP_HEADER);
        self.group(4, depths.len(), GROUP_HEADER);
        for depth in depths {
            let (kind, levels) = match *depth {
                Depth::Outright(levels) => (*b"GBX", levels),
                Depth::Implied(levels) => (*b"GBI", levels),
            };
            let entry = self.extend(4);
            entry[..3].copy_from_slice(&kind);
            entry[3] = levels;
        }
        self.group(4, 0, GROUP_HEADER);
        self.group(5, 0, GROUP_HEADER);
        self.end(message);
    }

    /// Template 46: levels, and the orders behind them. At most 255 of each.
    pub fn book(&mut self, at: Nanos, event: MatchEvent, levels: &[Level], orders: &[LevelOrder]) {
        let message = self.refresh(46, at, event);
        self.group(32, levels.len(), GROUP_HEADER);
        for entry in levels {
            let block = self.extend(32);
            level::PRICE.set(block, entry.price_nanos);
            level::SIZE.set(block, entry.size);
            level::SECURITY.set(block, entry.security);
            level::RPT_SEQ.set(block, entry.rpt_seq);
            level::ORDERS.set(block, entry.orders);
            level::DEPTH.set(block, entry.depth);
            level::ACTION.set(block, entry.action as u8);
            level::KIND.set(block, EntryKind::byte(entry.side, entry.implied));
        }
        self.group(24, orders.len(), GROUP_HEADER_WIDE);
        for entry in orders {
            let block = self.extend(24);
            level_order::ORDER.set(block, entry.order);
            level_order::PRIORITY.set(block, entry.priority);
            level_order::SIZE.set(block, entry.size);
            level_order::REFERENCE.set(block, entry.reference);
            level_order::ACTION.set(block, entry.action as u8);
        }
        self.end(message);
    }

    /// Template 46 with one book reset (entry type `J`): the instrument's book is empty.
    pub fn reset(&mut self, at: Nanos, event: MatchEvent, security: i32, rpt_seq: u32) {
        let message = self.refresh(46, at, event);
        self.group(32, 1, GROUP_HEADER);
        let block = self.extend(32);
        level::PRICE.set(block, null::I64);
        level::SIZE.set(block, null::I32);
        level::SECURITY.set(block, security);
        level::RPT_SEQ.set(block, rpt_seq);
        level::ORDERS.set(block, null::I32);
        level::KIND.set(block, RESET);
        self.group(24, 0, GROUP_HEADER_WIDE);
        self.end(message);
    }

    /// Template 47: orders on their own. At most 255.
    pub fn orders(&mut self, at: Nanos, event: MatchEvent, orders: &[Order]) {
        let message = self.refresh(47, at, event);
        self.group(40, orders.len(), GROUP_HEADER);
        for entry in orders {
            let block = self.extend(40);
            order::ORDER.set(block, entry.order);
            order::PRIORITY.set(block, entry.priority);
            order::PRICE.set(block, entry.price_nanos);
            order::SIZE.set(block, entry.size);
            order::SECURITY.set(block, entry.security);
            order::ACTION.set(block, entry.action as u8);
            order::KIND.set(block, EntryKind::byte(entry.side, false));
        }
        self.end(message);
    }

    /// Template 48: trades, and the orders that took part. At most 255 of each.
    pub fn trades(&mut self, at: Nanos, event: MatchEvent, trades: &[Trade], orders: &[TradeOrder]) {
        let message = self.refresh(48, at, event);
        self.group(32, trades.len(), GROUP_HEADER);
        for entry in trades {
            let block = self.extend(32);
            trade::PRICE.set(block, entry.price_nanos);
            trade::SIZE.set(block, entry.size);
            trade::SECURITY.set(block, entry.security);
            trade::RPT_SEQ.set(block, entry.rpt_seq);
            trade::ORDERS.set(block, entry.orders);
            trade::AGGRESSOR.set(block, words::aggressor_byte(entry.aggressor));
            trade::ACTION.set(block, Action::New as u8);
            trade::ID.set(block, entry.id);
        }
        self.group(16, orders.len(), GROUP_HEADER_WIDE);
        for entry in orders {
            let block = self.extend(16);
            trade_order::ORDER.set(block, entry.order);
            trade_order::SIZE.set(block, entry.size);
        }
        self.end(message);
    }

    /// Template 30: trading opened, paused or closed.
    pub fn status(&mut self, at: Nanos, of: Of<'_>, phase: Phase) {
        let (security, group) = match of {
            Of::Security(security) => (security, ""),
            Of::Group(group) => (null::I32, group),
        };
        let message = self.message(30, 30);
        let block = self.block(message, 30);
        blank(block, status::SHAPES);
        status::TRANSACT_TIME.set(block, word(at));
        status::GROUP.set(block, text(group));
        status::SECURITY.set(block, security);
        status::MATCH_EVENT.set(block, MatchEvent::END.0);
        status::STATUS.set(block, words::phase_byte(phase));
        status::HALT_REASON.set(block, 0);
        status::TRADING_EVENT.set(block, 0);
        self.end(message);
    }

    /// Template 4: every book of the channel is empty.
    pub fn channel_reset(&mut self, at: Nanos, channel: i16) {
        let message = self.message(4, 9);
        let block = self.block(message, 9);
        root::TRANSACT_TIME.set(block, word(at));
        root::MATCH_EVENT.set(block, MatchEvent::END.0);
        self.group(2, 1, GROUP_HEADER);
        channel_reset::CHANNEL.set(self.extend(2), channel);
        self.end(message);
    }

    /// Template 12: nothing happened.
    pub fn heartbeat(&mut self) {
        let message = self.message(12, 0);
        self.end(message);
    }

    /// Starts a message whose root is [`root`]'s, padded to the 11 bytes of schemas 5 to 9.
    pub(super) fn refresh(&mut self, template: u16, at: Nanos, event: MatchEvent) -> usize {
        let message = self.message(template, 11);
        let block = self.block(message, 11);
        root::TRANSACT_TIME.set(block, word(at));
        root::MATCH_EVENT.set(block, event.0);
        message
    }

    /// Writes a message's header and a blank root block; answers where the message starts.
    pub(super) fn message(&mut self, template: u16, block_length: u16) -> usize {
        let start = self.out.len();
        for word in [0, block_length, template, SCHEMA, VERSION] {
            self.out.extend_from_slice(&word.to_le_bytes());
        }
        self.extend(usize::from(block_length));
        start
    }

    pub(super) fn block(&mut self, message: usize, bytes: usize) -> &mut [u8] {
        let start = message + MESSAGE_HEADER;
        &mut self.out[start..start + bytes]
    }

    pub(super) fn extend(&mut self, bytes: usize) -> &mut [u8] {
        let start = self.out.len();
        self.out.resize(start + bytes, 0);
        &mut self.out[start..]
    }

    pub(super) fn group(&mut self, entry_bytes: u16, count: usize, header: usize) {
        let count = u8::try_from(count).expect("a group holds at most 255 entries; the caller splits");
        let dimension = self.extend(header);
        dimension[..2].copy_from_slice(&entry_bytes.to_le_bytes());
        dimension[header - 1] = count;
    }

    pub(super) fn end(&mut self, message: usize) {
        let size = u16::try_from(self.out.len() - message).expect("far below 64 KiB: groups are bounded");
        self.out[message..message + 2].copy_from_slice(&size.to_le_bytes());
    }
}

const _: () = assert!(PACKET_HEADER == 4 + 8);

fn blank(block: &mut [u8], shapes: &[Shape]) {
    for shape in shapes {
        let null = shape.null.to_le_bytes();
        let size = shape.size.min(null.len());
        block[shape.at..shape.at + size].copy_from_slice(&null[..size]);
    }
}

/// `text`, cut or padded with zeros.
fn text<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    bytes
}

/// A moment as the wire counts it; before 1970 there was no market of ours.
pub(super) fn word(at: Nanos) -> u64 {
    u64::try_from(at.0).unwrap_or(0)
}
