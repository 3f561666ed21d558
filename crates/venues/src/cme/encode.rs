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

use super::sbe::codec::blank;
use super::sbe::messages::{
    channel_reset, md_incremental_refresh_book as book, md_incremental_refresh_limits_banding as banding,
    md_incremental_refresh_order_book as order_book, md_incremental_refresh_trade_summary as summary,
    md_instrument_definition_future as definition, security_status,
};
use super::sbe::schema::{Field, Nine, Price};
use super::sbe::words::{
    HaltReason, MatchEventIndicator, MdEntryTypeBook, MdUpdateAction, OrderUpdateAction,
    SecurityTradingEvent, SecurityUpdateAction,
};
use super::wire::{GROUP_HEADER, GROUP_HEADER_WIDE, MESSAGE_HEADER, PACKET_HEADER};
use super::words::{self, Action, EntryKind, MatchEvent};
use types::{Nanos, Phase, Side};

type BookEntry<'a> = book::NoMdEntries<'a, Nine>;
type BookOrder<'a> = book::NoOrderIdEntries<'a>;
type OrderEntry<'a> = order_book::NoMdEntries<'a, Nine>;
type LimitsEntry<'a> = banding::NoMdEntries<'a, Nine>;
type TradeEntry<'a> = summary::NoMdEntries<'a, Nine>;
type TradeEntryOrder<'a> = summary::NoOrderIdEntries<'a>;
type Definition<'a> = definition::Root<'a, Nine>;
type FeedEntry<'a> = definition::NoMdFeedTypes<'a>;
type Status<'a> = security_status::Root<'a>;

const SCHEMA: u16 = 1;
const VERSION: u16 = 9;
/// Of a future's definition as schema 9 has it; later ones are longer.
const DEFINITION_BYTES: u16 = 216;

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

/// How high and how low orders of an instrument may be priced (template 50). Prices that are absent hold no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The instrument.
    pub security: i32,
    /// The count of this instrument's entries.
    pub rpt_seq: u32,
    /// The highest price.
    pub high_nanos: Option<i64>,
    /// The lowest price.
    pub low_nanos: Option<i64>,
    /// How far a price may lie from where the market is.
    pub band_nanos: Option<i64>,
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
        let message = self.message(54, DEFINITION_BYTES);
        let block = self.block(message, DEFINITION_BYTES);
        // What a simulated future does not have; the rest of what is not set below stays zero, as it always was:
        // a session is quoted by its seed, and its bytes must not change.
        Definition::TOT_NUM_REPORTS.set(block, None);
        Definition::TRADING_REFERENCE_PRICE.set(block, None);
        Definition::OPEN_INTEREST_QTY.set(block, None);
        Definition::CLEARED_VOLUME.set(block, None);
        Definition::HIGH_LIMIT_PRICE.set(block, None);
        Definition::LOW_LIMIT_PRICE.set(block, None);
        Definition::MAX_PRICE_VARIATION.set(block, None);
        Definition::MATCH_EVENT_INDICATOR.set(block, MatchEventIndicator::END_OF_EVENT);
        Definition::SECURITY_UPDATE_ACTION.set(block, SecurityUpdateAction(update as u8));
        Definition::LAST_UPDATE_TIME.set(block, word(at));
        Definition::MD_SECURITY_TRADING_STATUS.set(block, Some(words::phase_word(future.phase)));
        Definition::SECURITY_EXCHANGE.set(block, text("XCME"));
        Definition::SECURITY_GROUP.set(block, text(future.group));
        Definition::ASSET.set(block, text(future.asset));
        Definition::SYMBOL.set(block, text(future.symbol));
        Definition::SECURITY_ID.set(block, future.security);
        Definition::SECURITY_TYPE.set(block, text("FUT"));
        Definition::CFI_CODE.set(block, text("FXXXXX"));
        Definition::CURRENCY.set(block, text(future.currency));
        Definition::SETTL_CURRENCY.set(block, text(future.currency));
        Definition::MATCH_ALGORITHM.set(block, b'F');
        Definition::MIN_TRADE_VOL.set(block, 1);
        Definition::MAX_TRADE_VOL.set(block, 1_000_000);
        Definition::MIN_PRICE_INCREMENT.set(block, Price::new(future.wire_tick_nanos));
        Definition::DISPLAY_FACTOR.set(block, Price::new(future.display_factor_nanos));
        Definition::UNIT_OF_MEASURE.set(block, text("IPNT"));
        Definition::UNIT_OF_MEASURE_QTY.set(block, Some(Price::new(future.unit_size_nanos)));
        Definition::MIN_PRICE_INCREMENT_AMOUNT.set(block, Some(Price::new(future.tick_amount_nanos)));
        for group in definition::SCHEMA.groups {
            if group.name != "NoMDFeedTypes" {
                self.group(group.block.bytes, 0, GROUP_HEADER);
                continue;
            }
            self.group(FeedEntry::WIRE, depths.len(), GROUP_HEADER);
            for depth in depths {
                let (kind, levels) = match *depth {
                    Depth::Outright(levels) => (*b"GBX", levels),
                    Depth::Implied(levels) => (*b"GBI", levels),
                };
                let entry = self.extend(FeedEntry::WIRE.into());
                FeedEntry::MD_FEED_TYPE.set(entry, kind);
                FeedEntry::MARKET_DEPTH.set(entry, levels.cast_signed());
            }
        }
        self.end(message);
    }

    /// Template 46: levels, and the orders behind them. At most 255 of each.
    pub fn book(&mut self, at: Nanos, event: MatchEvent, levels: &[Level], orders: &[LevelOrder]) {
        let message = self.refresh(46, at, event);
        self.group(BookEntry::WIRE, levels.len(), GROUP_HEADER);
        for entry in levels {
            let block = self.extend(BookEntry::WIRE.into());
            BookEntry::MD_ENTRY_PX.set(block, Some(Price::new(entry.price_nanos)));
            BookEntry::MD_ENTRY_SIZE.set(block, Some(entry.size));
            BookEntry::SECURITY_ID.set(block, entry.security);
            BookEntry::RPT_SEQ.set(block, entry.rpt_seq);
            BookEntry::NUMBER_OF_ORDERS.set(block, Some(entry.orders));
            BookEntry::MD_PRICE_LEVEL.set(block, entry.depth);
            BookEntry::MD_UPDATE_ACTION.set(block, MdUpdateAction(entry.action as u8));
            BookEntry::MD_ENTRY_TYPE.set(block, EntryKind::word(entry.side, entry.implied));
        }
        self.group(BookOrder::WIRE, orders.len(), GROUP_HEADER_WIDE);
        for entry in orders {
            let block = self.extend(BookOrder::WIRE.into());
            BookOrder::ORDER_ID.set(block, entry.order);
            BookOrder::MD_ORDER_PRIORITY.set(block, Some(entry.priority));
            BookOrder::MD_DISPLAY_QTY.set(block, Some(entry.size));
            BookOrder::REFERENCE_ID.set(block, Some(entry.reference));
            BookOrder::ORDER_UPDATE_ACTION.set(block, OrderUpdateAction(entry.action as u8));
        }
        self.end(message);
    }

    /// Template 46 with one book reset (entry type `J`): the instrument's book is empty.
    pub fn reset(&mut self, at: Nanos, event: MatchEvent, security: i32, rpt_seq: u32) {
        let message = self.refresh(46, at, event);
        self.group(BookEntry::WIRE, 1, GROUP_HEADER);
        let block = self.extend(BookEntry::WIRE.into());
        nothing(block, BookEntry::FIELDS);
        BookEntry::SECURITY_ID.set(block, security);
        BookEntry::RPT_SEQ.set(block, rpt_seq);
        BookEntry::MD_ENTRY_TYPE.set(block, MdEntryTypeBook::BOOK_RESET);
        self.group(BookOrder::WIRE, 0, GROUP_HEADER_WIDE);
        self.end(message);
    }

    /// Template 47: orders on their own. At most 255.
    pub fn orders(&mut self, at: Nanos, event: MatchEvent, orders: &[Order]) {
        let message = self.refresh(47, at, event);
        self.group(OrderEntry::WIRE, orders.len(), GROUP_HEADER);
        for entry in orders {
            let block = self.extend(OrderEntry::WIRE.into());
            OrderEntry::ORDER_ID.set(block, Some(entry.order));
            OrderEntry::MD_ORDER_PRIORITY.set(block, Some(entry.priority));
            OrderEntry::MD_ENTRY_PX.set(block, Some(Price::new(entry.price_nanos)));
            OrderEntry::MD_DISPLAY_QTY.set(block, Some(entry.size));
            OrderEntry::SECURITY_ID.set(block, entry.security);
            OrderEntry::MD_UPDATE_ACTION.set(block, MdUpdateAction(entry.action as u8));
            OrderEntry::MD_ENTRY_TYPE.set(block, EntryKind::word(entry.side, false));
        }
        self.end(message);
    }

    /// Template 48: trades, and the orders that took part. At most 255 of each.
    pub fn trades(&mut self, at: Nanos, event: MatchEvent, trades: &[Trade], orders: &[TradeOrder]) {
        let message = self.refresh(48, at, event);
        self.group(TradeEntry::WIRE, trades.len(), GROUP_HEADER);
        for entry in trades {
            let block = self.extend(TradeEntry::WIRE.into());
            TradeEntry::MD_ENTRY_PX.set(block, Price::new(entry.price_nanos));
            TradeEntry::MD_ENTRY_SIZE.set(block, entry.size);
            TradeEntry::SECURITY_ID.set(block, entry.security);
            TradeEntry::RPT_SEQ.set(block, entry.rpt_seq);
            TradeEntry::NUMBER_OF_ORDERS.set(block, Some(entry.orders));
            TradeEntry::AGGRESSOR_SIDE.set(block, Some(words::aggressor_word(entry.aggressor)));
            TradeEntry::MD_UPDATE_ACTION.set(block, MdUpdateAction::NEW);
            TradeEntry::MD_TRADE_ENTRY_ID.set(block, Some(entry.id));
        }
        self.group(TradeEntryOrder::WIRE, orders.len(), GROUP_HEADER_WIDE);
        for entry in orders {
            let block = self.extend(TradeEntryOrder::WIRE.into());
            TradeEntryOrder::ORDER_ID.set(block, entry.order);
            TradeEntryOrder::LAST_QTY.set(block, entry.size);
        }
        self.end(message);
    }

    /// Template 50: limits and bands. At most 255.
    pub fn limits(&mut self, at: Nanos, event: MatchEvent, limits: &[Limits]) {
        let message = self.refresh(50, at, event);
        self.group(LimitsEntry::WIRE, limits.len(), GROUP_HEADER);
        for entry in limits {
            let block = self.extend(LimitsEntry::WIRE.into());
            LimitsEntry::HIGH_LIMIT_PRICE.set(block, entry.high_nanos.map(Price::new));
            LimitsEntry::LOW_LIMIT_PRICE.set(block, entry.low_nanos.map(Price::new));
            LimitsEntry::MAX_PRICE_VARIATION.set(block, entry.band_nanos.map(Price::new));
            LimitsEntry::SECURITY_ID.set(block, entry.security);
            LimitsEntry::RPT_SEQ.set(block, entry.rpt_seq);
        }
        self.end(message);
    }

    /// Template 30: trading opened, paused or closed.
    pub fn status(&mut self, at: Nanos, of: Of<'_>, phase: Phase) {
        let (security, group) = match of {
            Of::Security(security) => (Some(security), ""),
            Of::Group(group) => (None, group),
        };
        let message = self.message(30, Status::WIRE);
        let block = self.block(message, Status::WIRE);
        nothing(block, Status::FIELDS);
        Status::TRANSACT_TIME.set(block, word(at));
        Status::SECURITY_GROUP.set(block, text(group));
        Status::SECURITY_ID.set(block, security);
        Status::MATCH_EVENT_INDICATOR.set(block, MatchEventIndicator::END_OF_EVENT);
        Status::SECURITY_TRADING_STATUS.set(block, Some(words::phase_word(phase)));
        Status::HALT_REASON.set(block, HaltReason::GROUP_SCHEDULE);
        Status::SECURITY_TRADING_EVENT.set(block, SecurityTradingEvent::NO_EVENT);
        self.end(message);
    }

    /// Template 4: every book of the channel is empty.
    pub fn channel_reset(&mut self, at: Nanos, channel: i16) {
        use channel_reset::{NoMdEntries, Root};
        let message = self.message(4, Root::WIRE);
        let block = self.block(message, Root::WIRE);
        Root::TRANSACT_TIME.set(block, word(at));
        Root::MATCH_EVENT_INDICATOR.set(block, MatchEventIndicator::END_OF_EVENT);
        self.group(NoMdEntries::WIRE, 1, GROUP_HEADER);
        NoMdEntries::APPL_ID.set(self.extend(NoMdEntries::WIRE.into()), channel);
        self.end(message);
    }

    /// Template 12: nothing happened.
    pub fn heartbeat(&mut self) {
        let message = self.message(12, 0);
        self.end(message);
    }

    /// Starts an incremental refresh; their roots are the same.
    pub(super) fn refresh(&mut self, template: u16, at: Nanos, event: MatchEvent) -> usize {
        let message = self.message(template, book::Root::WIRE);
        let block = self.block(message, book::Root::WIRE);
        book::Root::TRANSACT_TIME.set(block, word(at));
        book::Root::MATCH_EVENT_INDICATOR.set(block, MatchEventIndicator(event.0));
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

    pub(super) fn block(&mut self, message: usize, bytes: u16) -> &mut [u8] {
        let start = message + MESSAGE_HEADER;
        &mut self.out[start..start + usize::from(bytes)]
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

/// Every field of the block is absent.
pub(super) fn nothing(block: &mut [u8], fields: &[Field]) {
    // What later schemas put there is padding in ours.
    for field in fields.iter().filter(|field| field.since <= VERSION) {
        blank(field, &mut block[usize::from(field.at)..usize::from(field.at + field.bytes)]);
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
