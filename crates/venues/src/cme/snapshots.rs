//! Snapshots: an instrument's levels (38, 52; of amounts of currency 69), and its orders in parts (44, 53).
//!
//! Read only for instruments that need them; for any other the cost is one look at its number. What they say of
//! statistics is read elsewhere.

use super::amounts::Amount;
use super::instruments::{Limits, Slot};
use super::ladder::{Ladder, Row};
use super::reading::{Reading, lots, ticks};
use super::recovery::{Chunk, Known, Listed};
use super::sbe::messages::{
    snapshot_full_refresh as levels, snapshot_full_refresh_long_qty as long_levels,
    snapshot_full_refresh_order_book as orders,
};
use super::sbe::schema::{Nine, Price, Scale};
use super::sbe::words::{MdEntryType, MdEntryTypeBook};
use super::wire::{Damage, Message};
use super::words::EntryKind;
use crate::Listing;
use types::Flags;

/// What an entry says of a level, whichever way its message counts sizes.
struct Level<D> {
    word: MdEntryType,
    price: Option<Price<D>>,
    size: Option<Amount>,
    orders: Option<i32>,
    /// From 1; 0 when it has none.
    number: u8,
}

impl Reading<'_> {
    /// Templates 38 and 52.
    pub(super) fn snapshot_levels<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use levels::{Groups, NoMdEntries as Entry, Root};
        self.channel.replay = true;
        self.shared.recoveries.level_feed = true;
        let entries = Groups::read(message.rest)?.no_md_entries.of_at_least(Entry::<D>::LEAST)?;
        let mut spare = Root::<D>::SPARE;
        let block = Root::<D>::of(message.block_of_at_least(Root::<D>::LEAST)?, &mut spare);
        let Some(slot) = self.needing(block.security_id(), false) else {
            return Ok(());
        };
        let Slot { listing, limits, .. } = self.shared.instruments.slots[slot];
        let listing = listing.expect("only the run's instruments need");
        let mut ladder = Ladder::empty();
        let mut spare = Entry::<D>::SPARE;
        for index in 0..entries.count() {
            let entry = Entry::<D>::of(entries.entry(index), &mut spare);
            let level = Level {
                word: entry.md_entry_type(),
                price: entry.md_entry_px(),
                size: entry.md_entry_size().map(Amount::Contracts),
                orders: entry.number_of_orders(),
                number: entry.md_price_level().unwrap_or(0).cast_unsigned(),
            };
            if !fill(&mut ladder, &listing, limits, &level) {
                self.unusable_snapshot(slot);
                return Ok(());
            }
        }
        let known = Known {
            through: block.last_msg_seq_num_processed(),
            changed_at: self.venue_at(block.transact_time()),
        };
        self.level_picture(slot, known, block.rpt_seq(), ladder);
        Ok(())
    }

    /// Template 69: levels, and statistics.
    pub(super) fn long_snapshot(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        self.long_snapshot_levels(message)?;
        self.long_snapshot_statistics(message)
    }

    fn long_snapshot_levels(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use long_levels::{Groups, NoMdEntries, Root};
        self.channel.replay = true;
        self.shared.recoveries.level_feed = true;
        let entries = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<Nine>::LEAST)?;
        let mut spare = Root::<Nine>::SPARE;
        let block = Root::<Nine>::of(message.block_of_at_least(Root::<Nine>::LEAST)?, &mut spare);
        let Some(slot) = self.needing(block.security_id(), false) else {
            return Ok(());
        };
        let Slot { listing, limits, .. } = self.shared.instruments.slots[slot];
        let listing = listing.expect("only the run's instruments need");
        let mut ladder = Ladder::empty();
        let mut spare = NoMdEntries::<Nine>::SPARE;
        for index in 0..entries.count() {
            let entry = NoMdEntries::<Nine>::of(entries.entry(index), &mut spare);
            let level = Level {
                word: entry.md_entry_type(),
                price: entry.md_entry_px(),
                size: entry.md_entry_size().map(Amount::Currency),
                orders: entry.number_of_orders(),
                number: entry.md_price_level().unwrap_or(0),
            };
            if !fill(&mut ladder, &listing, limits, &level) {
                self.unusable_snapshot(slot);
                return Ok(());
            }
        }
        let known = Known {
            through: block.last_msg_seq_num_processed(),
            changed_at: self.venue_at(block.transact_time()),
        };
        self.level_picture(slot, known, block.rpt_seq(), ladder);
        Ok(())
    }

    fn level_picture(&mut self, slot: usize, known: Known, rpt_seq: u32, ladder: Ladder) {
        if ladder.is_sound() {
            self.level_snapshot(slot, known, rpt_seq, ladder);
        } else {
            self.unusable_snapshot(slot);
        }
    }

    /// Templates 44 and 53.
    pub(super) fn snapshot_orders<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use orders::{Groups, NoMdEntries as Entry, Root};
        self.channel.replay = true;
        self.shared.recoveries.order_feed = true;
        let entries = Groups::read(message.rest)?.no_md_entries.of_at_least(Entry::<D>::LEAST)?;
        let mut spare = Root::SPARE;
        let block = Root::of(message.block_of_at_least(Root::LEAST)?, &mut spare);
        let Some(slot) = self.needing(block.security_id(), true) else {
            return Ok(());
        };
        let Slot { listing, limits, .. } = self.shared.instruments.slots[slot];
        let listing = listing.expect("only the run's instruments need");
        let read = |index| {
            let mut spare = Entry::<D>::SPARE;
            let order = listed(&listing, Entry::<D>::of(entries.entry(index), &mut spare));
            order.filter(|order| limits.allow(order.price))
        };
        if !(0..entries.count()).all(|index| read(index).is_some()) {
            self.unusable_snapshot(slot);
            return Ok(());
        }
        let known = Known {
            through: block.last_msg_seq_num_processed(),
            changed_at: self.venue_at(block.transact_time()),
        };
        let chunk = Chunk { known, number: block.current_chunk(), of: block.no_chunks() };
        self.order_snapshot(slot, chunk, (0..entries.count()).filter_map(read));
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

/// Whether an entry is a level that can be, which stands in the ladder then, or none.
fn fill<D: Scale>(ladder: &mut Ladder, listing: &Listing, limits: Limits, level: &Level<D>) -> bool {
    let Some(kind) = EntryKind::read(MdEntryTypeBook(level.word.0)) else {
        // Statistics, and the last trade.
        return true;
    };
    let implied = kind.flags.has(Flags::IMPLIED);
    let row = row(listing, level).filter(|row| implied || limits.allow(row.price));
    row.is_some_and(|row| ladder.fill(kind.side, implied, level.number, row))
}

fn row<D: Scale>(listing: &Listing, level: &Level<D>) -> Option<Row> {
    Some(Row {
        price: ticks(listing, level.price)?,
        size: level.size?.lots(listing)?,
        orders: level.orders.map_or(0, |orders| orders.max(0).cast_unsigned()),
    })
}

fn listed<D: Scale>(listing: &Listing, entry: orders::NoMdEntries<'_, D>) -> Option<Listed> {
    let kind = EntryKind::read(entry.md_entry_type()).filter(|kind| !kind.flags.has(Flags::IMPLIED))?;
    Some(Listed {
        order: Some(entry.order_id()).filter(|&order| order != u64::MAX)?,
        priority: entry.md_order_priority().unwrap_or(u64::MAX),
        price: ticks(listing, Some(entry.md_entry_px()))?,
        size: lots(listing, Some(entry.md_display_qty()))?,
        side: kind.side,
    })
}
