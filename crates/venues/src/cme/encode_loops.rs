//! Writing the feeds that are sent round and round: snapshots of levels (52) and of orders (53).

use super::encode::{Level, Order, PacketWriter, nothing, word};
use super::sbe::messages::{
    snapshot_full_refresh as refresh, snapshot_full_refresh_order_book as refresh_orders,
};
use super::sbe::schema::{Nine, Price};
use super::sbe::words::MdEntryType;
use super::wire::GROUP_HEADER;
use super::words::EntryKind;
use types::Nanos;

/// Of what a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The instrument.
    pub security: i32,
    /// `LastMsgSeqNumProcessed`: the last packet of the incremental feed that it knows.
    pub knows: u32,
    /// `RptSeq`: the instrument's last entry.
    pub rpt_seq: u32,
    /// `TotNumReports`: instruments in the loop.
    pub instruments: u32,
    /// When the instrument last changed.
    pub at: Nanos,
}

/// Which part of an instrument's orders a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// `CurrentChunk`, from 1.
    pub number: u32,
    /// `NoChunks`.
    pub of: u32,
}

impl PacketWriter<'_> {
    /// Template 52: every level that is shown. Actions and numbers of the levels are not sent.
    pub fn snapshot(&mut self, snapshot: Snapshot, levels: &[Level]) {
        type Root = refresh::Root<'static, Nine>;
        type Entry = refresh::NoMdEntries<'static, Nine>;
        let message = self.message(52, Root::WIRE);
        let block = self.block(message, Root::WIRE);
        nothing(block, Root::FIELDS);
        Root::LAST_MSG_SEQ_NUM_PROCESSED.set(block, snapshot.knows);
        Root::TOT_NUM_REPORTS.set(block, snapshot.instruments);
        Root::SECURITY_ID.set(block, snapshot.security);
        Root::RPT_SEQ.set(block, snapshot.rpt_seq);
        Root::TRANSACT_TIME.set(block, word(snapshot.at));
        self.group(Entry::WIRE, levels.len(), GROUP_HEADER);
        for level in levels {
            let block = self.extend(Entry::WIRE.into());
            nothing(block, Entry::FIELDS);
            Entry::MD_ENTRY_PX.set(block, Some(Price::new(level.price_nanos)));
            Entry::MD_ENTRY_SIZE.set(block, Some(level.size));
            Entry::NUMBER_OF_ORDERS.set(block, Some(level.orders));
            Entry::MD_PRICE_LEVEL.set(block, Some(level.depth.cast_signed()));
            Entry::MD_ENTRY_TYPE.set(block, MdEntryType(EntryKind::word(level.side, level.implied).0));
        }
        self.end(message);
    }

    /// Template 53: some of the instrument's orders.
    pub fn order_snapshot(&mut self, snapshot: Snapshot, part: Part, orders: &[Order]) {
        type Root = refresh_orders::Root<'static>;
        type Entry = refresh_orders::NoMdEntries<'static, Nine>;
        let message = self.message(53, Root::WIRE);
        let block = self.block(message, Root::WIRE);
        Root::LAST_MSG_SEQ_NUM_PROCESSED.set(block, snapshot.knows);
        Root::TOT_NUM_REPORTS.set(block, snapshot.instruments);
        Root::SECURITY_ID.set(block, snapshot.security);
        Root::NO_CHUNKS.set(block, part.of);
        Root::CURRENT_CHUNK.set(block, part.number);
        Root::TRANSACT_TIME.set(block, word(snapshot.at));
        self.group(Entry::WIRE, orders.len(), GROUP_HEADER);
        for order in orders {
            let block = self.extend(Entry::WIRE.into());
            Entry::ORDER_ID.set(block, order.order);
            Entry::MD_ORDER_PRIORITY.set(block, Some(order.priority));
            Entry::MD_ENTRY_PX.set(block, Price::new(order.price_nanos));
            Entry::MD_DISPLAY_QTY.set(block, order.size);
            Entry::MD_ENTRY_TYPE.set(block, EntryKind::word(order.side, false));
        }
        self.end(message);
    }
}
