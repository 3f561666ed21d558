//! Writing the feeds that are sent round and round: snapshots of levels (52) and of orders (53).

use super::encode::{Level, Order, PacketWriter, word};
use super::wire::{GROUP_HEADER, null};
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
        let message = self.message(52, 59);
        let block = self.block(message, 59);
        block[..4].copy_from_slice(&snapshot.knows.to_le_bytes());
        block[4..8].copy_from_slice(&snapshot.instruments.to_le_bytes());
        block[8..12].copy_from_slice(&snapshot.security.to_le_bytes());
        block[12..16].copy_from_slice(&snapshot.rpt_seq.to_le_bytes());
        block[16..24].copy_from_slice(&word(snapshot.at).to_le_bytes());
        block[32..34].copy_from_slice(&u16::MAX.to_le_bytes());
        block[34] = null::U8;
        for at in [35, 43, 51] {
            block[at..at + 8].copy_from_slice(&null::I64.to_le_bytes());
        }
        self.group(22, levels.len(), GROUP_HEADER);
        for level in levels {
            let entry = self.extend(22);
            entry[..8].copy_from_slice(&level.price_nanos.to_le_bytes());
            entry[8..12].copy_from_slice(&level.size.to_le_bytes());
            entry[12..16].copy_from_slice(&level.orders.to_le_bytes());
            entry[16] = level.depth;
            entry[17..19].copy_from_slice(&u16::MAX.to_le_bytes());
            entry[19] = null::U8;
            entry[21] = EntryKind::byte(level.side, level.implied);
        }
        self.end(message);
    }

    /// Template 53: some of the instrument's orders.
    pub fn order_snapshot(&mut self, snapshot: Snapshot, part: Part, orders: &[Order]) {
        let message = self.message(53, 28);
        let block = self.block(message, 28);
        block[..4].copy_from_slice(&snapshot.knows.to_le_bytes());
        block[4..8].copy_from_slice(&snapshot.instruments.to_le_bytes());
        block[8..12].copy_from_slice(&snapshot.security.to_le_bytes());
        block[12..16].copy_from_slice(&part.of.to_le_bytes());
        block[16..20].copy_from_slice(&part.number.to_le_bytes());
        block[20..28].copy_from_slice(&word(snapshot.at).to_le_bytes());
        self.group(29, orders.len(), GROUP_HEADER);
        for order in orders {
            let entry = self.extend(29);
            entry[..8].copy_from_slice(&order.order.to_le_bytes());
            entry[8..16].copy_from_slice(&order.priority.to_le_bytes());
            entry[16..24].copy_from_slice(&order.price_nanos.to_le_bytes());
            entry[24..28].copy_from_slice(&order.size.to_le_bytes());
            entry[28] = EntryKind::byte(order.side, false);
        }
        self.end(message);
    }
}
