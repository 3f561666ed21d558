//! Snapshots: an instrument's levels (38, 52), and its orders in parts (44, 53).
//!
//! Read only for instruments that need them; for any other the cost is one look at its number. What they say of
//! statistics is not read here.

use super::ladder::{Ladder, Row};
use super::layout::Decimals;
use super::reading::{Reading, lots, ticks};
use super::recovery::{Chunk, Listed};
use super::wire::{Damage, Field, Group, Message, null};
use super::words::EntryKind;
use crate::Listing;
use types::Flags;

mod level_snapshot {
    use super::Field;
    pub(super) const KNOWS: Field<u32> = Field::new(0);
    pub(super) const SECURITY: Field<i32> = Field::new(8);
    pub(super) const RPT_SEQ: Field<u32> = Field::new(12);
    pub(super) const PRICE: Field<i64> = Field::new(0);
    pub(super) const SIZE: Field<i32> = Field::new(8);
    pub(super) const ORDERS: Field<i32> = Field::new(12);
    pub(super) const DEPTH: Field<u8> = Field::new(16);
    pub(super) const KIND: Field<u8> = Field::new(21);
}

mod order_snapshot {
    use super::Field;
    pub(super) const KNOWS: Field<u32> = Field::new(0);
    pub(super) const SECURITY: Field<i32> = Field::new(8);
    pub(super) const CHUNKS: Field<u32> = Field::new(12);
    pub(super) const CHUNK: Field<u32> = Field::new(16);
    pub(super) const ORDER: Field<u64> = Field::new(0);
    pub(super) const PRIORITY: Field<u64> = Field::new(8);
    pub(super) const PRICE: Field<i64> = Field::new(16);
    pub(super) const SIZE: Field<i32> = Field::new(24);
    pub(super) const KIND: Field<u8> = Field::new(28);
}

const SHORT: Damage = Damage { at: 0, what: "a snapshot is too short to say whose it is" };

impl Reading<'_> {
    /// Templates 38 and 52.
    pub(super) fn snapshot(&mut self, message: &Message<'_>, decimals: Decimals) -> Result<(), Damage> {
        use level_snapshot as at;
        self.channel.replay = true;
        self.shared.recoveries.level_feed = true;
        let block: &[u8; 16] = message.block.first_chunk().ok_or(SHORT)?;
        let group = Group::read(message.rest)?.naming(at::KIND.end())?;
        let Some(slot) = self.needing(at::SECURITY.get(block), false) else {
            return Ok(());
        };
        let listing = self.shared.instruments.slots[slot].listing.expect("only the run's instruments need");
        let mut ladder = Ladder::empty();
        for index in 0..group.count() {
            let entry = group.entry(index);
            let Some(kind) = EntryKind::read(at::KIND.get(entry)) else {
                // Statistics, and the last trade.
                continue;
            };
            let (implied, number) = (kind.flags.has(Flags::IMPLIED), at::DEPTH.get(entry));
            let row = row(entry, &listing, decimals);
            if !row.is_some_and(|row| ladder.fill(kind.side, implied, number, row)) {
                self.unusable_snapshot(slot);
                return Ok(());
            }
        }
        if !ladder.is_sound() {
            self.unusable_snapshot(slot);
            return Ok(());
        }
        self.level_snapshot(slot, at::KNOWS.get(block), at::RPT_SEQ.get(block), ladder);
        Ok(())
    }

    /// Templates 44 and 53.
    pub(super) fn snapshot_orders(
        &mut self,
        message: &Message<'_>,
        decimals: Decimals,
    ) -> Result<(), Damage> {
        use order_snapshot as at;
        self.channel.replay = true;
        self.shared.recoveries.order_feed = true;
        let block: &[u8; 20] = message.block.first_chunk().ok_or(SHORT)?;
        let group = Group::read(message.rest)?.naming(at::KIND.end())?;
        let Some(slot) = self.needing(at::SECURITY.get(block), true) else {
            return Ok(());
        };
        let listing = self.shared.instruments.slots[slot].listing.expect("only the run's instruments need");
        let read = |index| listed(group.entry(index), &listing, decimals);
        if !(0..group.count()).all(|index| read(index).is_some()) {
            self.unusable_snapshot(slot);
            return Ok(());
        }
        let chunk =
            Chunk { knows: at::KNOWS.get(block), number: at::CHUNK.get(block), of: at::CHUNKS.get(block) };
        self.order_snapshot(slot, chunk, (0..group.count()).filter_map(read));
        Ok(())
    }

    /// Its books stay as stale as they are.
    #[cold]
    fn unusable_snapshot(&mut self, slot: usize) {
        self.shared.counts.tally.spoiled += 1;
        self.shared.counts.tally.snapshots_refused += 1;
        let security = self.shared.instruments.slots[slot].security;
        self.out.fault(
            self.offset,
            0,
            format!("packet {}, security {security}: a snapshot that no book can be", self.sequence),
        );
    }
}

fn row(entry: &[u8], listing: &Listing, decimals: Decimals) -> Option<Row> {
    use level_snapshot as at;
    let orders = at::ORDERS.get(entry);
    Some(Row {
        price: ticks(listing, at::PRICE.get(entry), decimals)?,
        size: lots(listing, at::SIZE.get(entry))?,
        orders: if orders == null::I32 { 0 } else { orders.max(0).cast_unsigned() },
    })
}

fn listed(entry: &[u8], listing: &Listing, decimals: Decimals) -> Option<Listed> {
    use order_snapshot as at;
    let kind = EntryKind::read(at::KIND.get(entry)).filter(|kind| !kind.flags.has(Flags::IMPLIED))?;
    Some(Listed {
        order: Some(at::ORDER.get(entry)).filter(|&order| order != null::U64)?,
        priority: at::PRIORITY.get(entry),
        price: ticks(listing, at::PRICE.get(entry), decimals)?,
        size: lots(listing, at::SIZE.get(entry))?,
        side: kind.side,
    })
}
