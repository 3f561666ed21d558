//! Books of amounts of currency (64), for pairs whose sizes do not fit a number of contracts.
//!
//! The same book as template 46 in another layout: its sizes are 64 bits wide. What a level means, and what follows
//! from one that cannot be, is said where that template is read; orders behind levels are read by the same code.

use super::amounts::Amount;
use super::reading::{Reading, Root, ToldLevel, ticks};
use super::sbe::Value;
use super::sbe::messages::md_incremental_refresh_book::NoMdEntries as Contracts;
use super::sbe::messages::md_incremental_refresh_book_long_qty::{Groups, NoMdEntries};
use super::sbe::schema::{Nine, Price};
use super::wire::{Damage, Group, Message};
use super::words::{Action, EntryKind, OfLevel};

type Entry<'a> = NoMdEntries<'a, Nine>;
type Narrow<'a> = Contracts<'a, Nine>;

/// As many entries as a group has at most, in the layout of template 46, behind their dimension.
const NARROW_MAX: usize = 3 + 255 * Narrow::BYTES;

impl Reading<'_> {
    /// Template 64.
    pub(super) fn long_levels(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        let groups = Groups::read(message.rest)?;
        let group = groups.no_md_entries.of_at_least(Entry::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.levels += group.count() as u64;
        let mut spare = Entry::SPARE;
        for index in 0..group.count() {
            self.long_level(Entry::of(group.entry(index), &mut spare), root);
        }
        if groups.no_order_id_entries.count() > 0 {
            let mut bytes = [0; NARROW_MAX];
            self.level_orders::<Nine>(&narrowed(&group, &mut bytes)?, &groups.no_order_id_entries, root)?;
        }
        self.ended(root.event);
        Ok(())
    }

    fn long_level(&mut self, entry: Entry<'_>, root: Root) {
        let rpt_seq = entry.rpt_seq();
        let Some(slot) = self.news(entry.security_id(), rpt_seq, root.venue_at) else { return };
        let Some(listing) = self.shared.instruments.slots[slot].listing else { return };
        let action = Action::read(entry.md_update_action());
        let (Some(kind), Some(action)) = (EntryKind::read(entry.md_entry_type()), action) else {
            return self.odd_level(slot, entry.md_entry_type(), root);
        };
        let OfLevel { price_bits, size_bits, .. } = action.of_level();
        let price = Option::<Price<Nine>>::of(Value::word(entry.md_entry_px()) & price_bits);
        // An action that means no size may carry any.
        let units = if size_bits == 0 { Some(0) } else { entry.md_entry_size() };
        let size = units.and_then(|units| Amount::Currency(units).lots(&listing));
        let (Some(price), Some(size)) = (ticks(&listing, price), size) else {
            return self.spoiled(
                slot,
                root.venue_at,
                "a level's price is no whole number of ticks, or its amount none of lots",
            );
        };
        let orders = entry.number_of_orders();
        let depth = entry.md_price_level();
        self.told_level(slot, &ToldLevel { rpt_seq, kind, action, price, size, orders, depth }, &root);
    }
}

/// The entries in the layout of template 46, for the orders that refer to them; their sizes are nobody's business.
fn narrowed<'a>(group: &Group<'_>, bytes: &'a mut [u8; NARROW_MAX]) -> Result<Group<'a>, Damage> {
    let entry_bytes = u16::try_from(Narrow::BYTES).expect("entries are short");
    bytes[..2].copy_from_slice(&entry_bytes.to_le_bytes());
    bytes[2] = u8::try_from(group.count()).expect("it was counted in a byte");
    let mut spare = Entry::SPARE;
    for (index, narrow) in bytes[3..].chunks_exact_mut(Narrow::BYTES).take(group.count()).enumerate() {
        let entry = Entry::of(group.entry(index), &mut spare);
        Narrow::MD_ENTRY_PX.set(narrow, entry.md_entry_px());
        Narrow::MD_ENTRY_SIZE.set(narrow, None);
        Narrow::SECURITY_ID.set(narrow, entry.security_id());
        Narrow::MD_ENTRY_TYPE.set(narrow, entry.md_entry_type());
    }
    let bytes: &'a [u8] = bytes;
    Group::read(bytes)
}
