//! Market by order: orders behind the levels of a message (32, 46), and orders on their own (43, 47).
//!
//! `MDOrderPriority` is not passed on: within a price it follows from the order of arrival, which is what
//! [`OrderAction`](types::OrderAction) means by joining the end of the queue.

use super::instruments::NOT_RECOVERING;
use super::reading::{Reading, Root, lots, ticks};
use super::sbe::messages::{
    md_incremental_refresh_book::{NoMdEntries as Level, NoOrderIdEntries as LevelOrder},
    md_incremental_refresh_order_book::{Groups, NoMdEntries as Order},
};
use super::sbe::schema::{Price, Scale};
use super::sbe::words::{MdEntryTypeBook, MdUpdateAction, OrderUpdateAction};
use super::wire::{Damage, Group, Message};
use super::words::EntryKind;
use types::{Event, Flags, Lots, MarketOrderId, OrderAction, OrderDelta, Side};

/// What a change of an order says, wherever it stands in its message.
struct Change<D> {
    order: Option<u64>,
    security: i32,
    side: Side,
    action: OrderAction,
    price: Option<Price<D>>,
    contracts: Option<i32>,
}

impl Reading<'_> {
    /// Templates 43 and 47.
    pub(super) fn orders<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(Order::<D>::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.orders += group.count() as u64;
        let mut spare = Order::<D>::SPARE;
        for entry in group.entries() {
            let entry = Order::<D>::of(entry, &mut spare);
            let security = entry.security_id();
            let action = of_order(entry.md_update_action());
            let word = entry.md_entry_type();
            match (EntryKind::read(word), action) {
                (None, _) if word == MdEntryTypeBook::BOOK_RESET => self.reset_orders(security, root),
                (Some(kind), Some(action)) if !kind.flags.has(Flags::IMPLIED) => {
                    let change = Change {
                        order: entry.order_id(),
                        security,
                        side: kind.side,
                        action,
                        price: entry.md_entry_px(),
                        contracts: entry.md_display_qty(),
                    };
                    self.order(&change, root);
                }
                (Some(kind), None) if !kind.flags.has(Flags::IMPLIED) => {
                    let slot = self.meet(security);
                    self.spoiled(slot, root.venue_at, "an order's update action is none we know");
                }
                (Some(_) | None, _) => self.shared.counts.tally.other_kinds += 1,
            }
        }
        self.ended(root.event);
        Ok(())
    }

    /// The orders behind the levels of templates 32 and 46: price, side and instrument are the level's.
    #[inline(never)]
    pub(super) fn level_orders<D: Scale>(
        &mut self,
        levels: &Group<'_>,
        group: &Group<'_>,
        root: Root,
    ) -> Result<(), Damage> {
        let group = group.of_at_least(LevelOrder::LEAST)?;
        self.shared.counts.tally.level_orders += group.count() as u64;
        let (mut spare, mut spare_level) = (LevelOrder::SPARE, Level::<D>::SPARE);
        for index in 0..group.count() {
            let entry = LevelOrder::of(group.entry(index), &mut spare);
            // Counted from 1; null names none.
            let reference = usize::from(entry.reference_id().unwrap_or(0));
            if reference == 0 || reference > levels.count() {
                self.unreferenced();
                continue;
            }
            let level = Level::<D>::of(levels.entry(reference - 1), &mut spare_level);
            let action = match entry.order_update_action() {
                OrderUpdateAction::NEW => Some(OrderAction::Add),
                OrderUpdateAction::UPDATE => Some(OrderAction::Modify),
                OrderUpdateAction::DELETE => Some(OrderAction::Delete),
                _ => None,
            };
            // Implied levels have no orders.
            let kind = EntryKind::read(level.md_entry_type()).filter(|kind| !kind.flags.has(Flags::IMPLIED));
            let (Some(kind), Some(action)) = (kind, action) else {
                let slot = self.meet(level.security_id());
                self.spoiled(
                    slot,
                    root.venue_at,
                    "an order refers to no real level, or its update action is none we know",
                );
                continue;
            };
            let change = Change {
                order: Some(entry.order_id()).filter(|order| *order != u64::MAX),
                security: level.security_id(),
                side: kind.side,
                action,
                price: level.md_entry_px(),
                contracts: entry.md_display_qty(),
            };
            self.order(&change, root);
        }
        Ok(())
    }

    #[inline(always)]
    fn order<D: Scale>(&mut self, change: &Change<D>, root: Root) {
        let slot = self.meet(change.security);
        let entry = &self.shared.instruments.slots[slot];
        let Some(listing) = &entry.listing else {
            self.shared.counts.tally.foreign += 1;
            return;
        };
        let instrument = listing.id;
        let is_certain = entry.met && entry.recovery == NOT_RECOVERING;
        let size = match change.action {
            // What was left of it is not looked at, and often not sent.
            OrderAction::Delete => Some(Lots::ZERO),
            OrderAction::Add
            | OrderAction::Modify
            | OrderAction::Reduce
            | OrderAction::Fill
            | OrderAction::Clear => lots(listing, change.contracts),
        };
        let price = ticks(listing, change.price);
        let (Some(price), Some(size)) = (price, size) else {
            return self.spoiled(
                slot,
                root.venue_at,
                "an order's price is no whole number of ticks, or its size none of lots",
            );
        };
        if !entry.limits.allow(price) && change.action != OrderAction::Delete {
            return self.spoiled(slot, root.venue_at, "an order's price is beyond its limits");
        }
        let Some(order) = change.order else {
            return self.spoiled(slot, root.venue_at, "an order has no number");
        };
        let delta = OrderDelta {
            venue_at: root.venue_at,
            order: MarketOrderId(order),
            price,
            size,
            instrument,
            side: change.side,
            action: change.action,
            flags: root.flags,
        };
        // Given by value: nothing may point at what is written to the output, or it is written twice.
        if is_certain || self.recovering_order(slot, delta) {
            self.shared.instruments.slots[slot].by_order = true;
            self.emit(Event::Order(delta));
        }
    }

    /// A reset among orders: the instrument's books are empty, and it is one that shows orders.
    fn reset_orders(&mut self, security: i32, root: Root) {
        let slot = self.meet(security);
        self.shared.instruments.slots[slot].by_order = true;
        self.clear(slot, root);
    }

    /// An order that names no level of its message could be anyone's.
    #[cold]
    fn unreferenced(&mut self) {
        self.shared.counts.tally.spoiled += 1;
        self.out.fault(
            self.offset,
            0,
            format!(
                "packet {}: an order refers to no entry of its message; the channel's books are stale",
                self.sequence
            ),
        );
        let sequence = self.sequence;
        self.lost(sequence, sequence);
    }
}

/// What happened to an order of templates 43 and 47; `None` for what can only happen to a level.
const fn of_order(action: MdUpdateAction) -> Option<OrderAction> {
    match action {
        MdUpdateAction::NEW => Some(OrderAction::Add),
        MdUpdateAction::CHANGE => Some(OrderAction::Modify),
        MdUpdateAction::DELETE => Some(OrderAction::Delete),
        _ => None,
    }
}
