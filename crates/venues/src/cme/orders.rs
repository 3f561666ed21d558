//! Market by order: orders behind the levels of a message (32, 46), and orders on their own (43, 47).
//!
//! `MDOrderPriority` is not passed on: within a price it follows from the order of arrival, which is what
//! [`OrderAction`](types::OrderAction) means by joining the end of the queue.

use super::instruments::NOT_RECOVERING;
use super::layout::{Decimals, level, level_order, order};
use super::reading::{Reading, Root, lots, ticks};
use super::wire::{Damage, Group, Message, null, whole};
use super::words::{Action, EntryKind, RESET};
use types::{Event, Flags, Lots, MarketOrderId, OrderAction, OrderDelta, Side};

/// What a change of an order says, wherever it stands in its message.
struct Change {
    order: u64,
    security: i32,
    side: Side,
    action: OrderAction,
    mantissa: i64,
    contracts: i32,
}

impl Reading<'_> {
    /// Templates 43 and 47.
    pub(super) fn orders(&mut self, message: &Message<'_>, decimals: Decimals) -> Result<(), Damage> {
        let group = Group::read(message.rest)?.naming(order::SECURITY.end())?;
        let root = self.root(message);
        self.shared.counts.tally.orders += group.count() as u64;
        let mut spare = [0; order::BYTES];
        for index in 0..group.count() {
            let entry = whole(group.entry(index), order::SHAPES, &mut spare);
            let security = order::SECURITY.get(entry);
            let action = Action::read(order::ACTION.get(entry)).and_then(Action::of_order);
            let byte = order::KIND.get(entry);
            match (EntryKind::read(byte), action) {
                (None, _) if byte == RESET => self.reset_orders(security, root),
                (Some(kind), Some(action)) if !kind.flags.has(Flags::IMPLIED) => {
                    let change = Change {
                        order: order::ORDER.get(entry),
                        security,
                        side: kind.side,
                        action,
                        mantissa: order::PRICE.get(entry),
                        contracts: order::SIZE.get(entry),
                    };
                    self.order(&change, root, decimals);
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
    pub(super) fn level_orders(
        &mut self,
        levels: &Group<'_>,
        group: &Group<'_>,
        root: Root,
        decimals: Decimals,
    ) {
        self.shared.counts.tally.level_orders += group.count() as u64;
        let (mut spare, mut spare_level) = ([0; level_order::BYTES], [0; level::BYTES]);
        for index in 0..group.count() {
            let entry = whole(group.entry(index), level_order::SHAPES, &mut spare);
            // Counted from 1; null is beyond any group.
            let reference = usize::from(level_order::REFERENCE.get(entry));
            if reference == 0 || reference > levels.count() {
                self.unreferenced();
                continue;
            }
            let level = whole(levels.entry(reference - 1), level::SHAPES, &mut spare_level);
            let security = level::SECURITY.get(level);
            let action = Action::read(level_order::ACTION.get(entry)).and_then(Action::of_order);
            // Implied levels have no orders.
            let kind = EntryKind::read(level::KIND.get(level)).filter(|kind| !kind.flags.has(Flags::IMPLIED));
            let (Some(kind), Some(action)) = (kind, action) else {
                let slot = self.meet(security);
                self.spoiled(
                    slot,
                    root.venue_at,
                    "an order refers to no real level, or its update action is none we know",
                );
                continue;
            };
            let change = Change {
                order: level_order::ORDER.get(entry),
                security,
                side: kind.side,
                action,
                mantissa: level::PRICE.get(level),
                contracts: level_order::SIZE.get(entry),
            };
            self.order(&change, root, decimals);
        }
    }

    fn order(&mut self, change: &Change, root: Root, decimals: Decimals) {
        let slot = self.meet(change.security);
        let entry = &self.shared.instruments.slots[slot];
        let Some(listing) = entry.listing else {
            self.shared.counts.tally.foreign += 1;
            return;
        };
        let is_certain = entry.met && entry.recovery == NOT_RECOVERING;
        let size = match change.action {
            // What was left of it is not looked at, and often not sent.
            OrderAction::Delete => Some(Lots::ZERO),
            OrderAction::Add
            | OrderAction::Modify
            | OrderAction::Reduce
            | OrderAction::Fill
            | OrderAction::Clear => lots(&listing, change.contracts),
        };
        let price = ticks(&listing, change.mantissa, decimals);
        let (Some(price), Some(size)) = (price, size) else {
            return self.spoiled(
                slot,
                root.venue_at,
                "an order's price is no whole number of ticks, or its size none of lots",
            );
        };
        if change.order == null::U64 {
            return self.spoiled(slot, root.venue_at, "an order has no number");
        }
        let delta = OrderDelta {
            venue_at: root.venue_at,
            order: MarketOrderId(change.order),
            price,
            size,
            instrument: listing.id,
            side: change.side,
            action: change.action,
            flags: root.flags,
        };
        if is_certain || self.recovering_order(slot, &delta) {
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
