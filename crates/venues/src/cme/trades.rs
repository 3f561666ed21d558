//! Trade summaries (42, 48): what traded at each price, and which orders took part.
//!
//! A message lists trades, then orders: the first trade's `NumberOfOrders` of them, then the second's, and so
//! on. With an aggressor, the first order of each trade is the aggressor's, the others rested on the other side
//! (CME "MDP 3.0 - Trade Summary Order Level Detail"). Without one (auctions, implied matches) the orders' sides
//! are not said. A long summary is split: orders may come in a later packet than their trades, so what is owed
//! is kept with the channel until the event's trades end.

use super::channel::{Channel, Owed};
use super::layout::{Decimals, trade, trade_order};
use super::reading::{Reading, Root, lots};
use super::wire::{Damage, Group, Message, null, whole};
use super::words::{self, Action, MatchEvent};
use types::{Event, MarketOrderId, OrderAction, OrderDelta, Ticks, Trade};

/// The schema that gave trades a number; before, its bytes were padding.
const TRADE_ID_SINCE: u16 = 7;
/// More trades than any event of the market: a summary whose end never came is dropped here.
const OWED_MAX: usize = 4_096;

impl Channel {
    /// Forgets trades whose orders have not come; answers how many orders.
    pub(super) fn forget_trades(&mut self) -> u64 {
        let left = self.owed[self.owed_next..].iter().map(|owed| u64::from(owed.left));
        let missing = left.sum();
        self.owed.clear();
        self.owed_next = 0;
        missing
    }
}

impl Reading<'_> {
    /// Templates 42 and 48.
    pub(super) fn trades(&mut self, message: &Message<'_>, decimals: Decimals) -> Result<(), Damage> {
        let group = Group::read(message.rest)?.naming(trade::SECURITY.end())?;
        let orders = Group::read_wide(group.rest)?;
        let root = self.root(message);
        self.shared.counts.tally.trades += group.count() as u64;
        let numbered = message.version >= TRADE_ID_SINCE;
        let mut spare = [0; trade::BYTES];
        for index in 0..group.count() {
            let entry = whole(group.entry(index), trade::SHAPES, &mut spare);
            self.trade(entry, root, decimals, numbered);
        }
        self.trade_orders(&orders, root);
        if root.event.has(MatchEvent::LAST_TRADE) || root.event.has(MatchEvent::END) {
            self.shared.counts.tally.orders_unmatched += self.channel.forget_trades();
        }
        self.ended(root.event);
        Ok(())
    }

    fn trade(&mut self, entry: &[u8; trade::BYTES], root: Root, decimals: Decimals, numbered: bool) {
        let slot = self.meet(trade::SECURITY.get(entry));
        self.follow(slot, trade::RPT_SEQ.get(entry), root.venue_at);
        let aggressor = words::aggressor(trade::AGGRESSOR.get(entry));
        let price = self.report_trade(slot, entry, root, decimals, numbered);
        let orders = trade::ORDERS.get(entry);
        if orders > 0 && orders != null::I32 {
            if self.channel.owed.len() >= OWED_MAX {
                self.shared.counts.tally.orders_unmatched += self.channel.forget_trades();
            }
            self.channel.owed.push(Owed { slot, price, aggressor, first: true, left: orders.unsigned_abs() });
        }
    }

    /// Emits the trade, and answers its price, if the instrument is in the run and the trade is one.
    fn report_trade(
        &mut self,
        slot: usize,
        entry: &[u8; trade::BYTES],
        root: Root,
        decimals: Decimals,
        numbered: bool,
    ) -> Option<Ticks> {
        let Some(listing) = self.shared.instruments.slots[slot].listing else {
            self.shared.counts.tally.foreign += 1;
            return None;
        };
        // A change or deletion is about a trade of the past: its volume has been reported, and acted on.
        if Action::read(trade::ACTION.get(entry)) != Some(Action::New) {
            self.shared.counts.tally.corrections += 1;
            return None;
        }
        let mantissa = trade::PRICE.get(entry);
        let nanos = match mantissa {
            null::I64 => None,
            mantissa => decimals.nanos(mantissa),
        };
        let (Some(nanos), Some(size)) = (nanos, lots(&listing, trade::SIZE.get(entry))) else {
            self.spoiled(slot, root.venue_at, "a trade has no price, or its size is no whole number of lots");
            return None;
        };
        let (count, price_fraction) = listing.price.floor(nanos);
        let id = match trade::ID.get(entry) {
            null::U32 => 0,
            id if numbered => u64::from(id),
            _ => 0,
        };
        self.emit(Event::Trade(Trade {
            venue_at: root.venue_at,
            price: Ticks(count),
            size,
            id,
            instrument: listing.id,
            price_fraction,
            aggressor: words::aggressor(trade::AGGRESSOR.get(entry)),
            flags: root.flags,
        }));
        Some(Ticks(count))
    }

    fn trade_orders(&mut self, orders: &Group<'_>, root: Root) {
        self.shared.counts.tally.trade_orders += orders.count() as u64;
        let mut spare = [0; trade_order::BYTES];
        for index in 0..orders.count() {
            let entry = whole(orders.entry(index), trade_order::SHAPES, &mut spare);
            match self.channel.next_owed() {
                Some(owed) => self.trade_order(owed, entry, root),
                None => self.shared.counts.tally.orders_unmatched += 1,
            }
        }
    }

    fn trade_order(&mut self, owed: Owed, entry: &[u8; trade_order::BYTES], root: Root) {
        let slot = &self.shared.instruments.slots[owed.slot];
        let (Some(listing), Some(price), true) = (slot.listing, owed.price, slot.by_order) else {
            return;
        };
        let Some(aggressor) = owed.aggressor else {
            self.shared.counts.tally.sideless += 1;
            return;
        };
        if owed.first {
            return;
        }
        let Some(size) = lots(&listing, trade_order::SIZE.get(entry)) else {
            return self.spoiled(
                owed.slot,
                root.venue_at,
                "a traded order's size is no whole number of lots",
            );
        };
        self.emit(Event::Order(OrderDelta {
            venue_at: root.venue_at,
            order: MarketOrderId(trade_order::ORDER.get(entry)),
            price,
            size,
            instrument: listing.id,
            side: !aggressor,
            action: OrderAction::Fill,
            flags: root.flags,
        }));
    }
}

impl Channel {
    /// The trade that the next order belongs to, as it was before the order.
    fn next_owed(&mut self) -> Option<Owed> {
        let owed = self.owed.get_mut(self.owed_next)?;
        let before = *owed;
        owed.first = false;
        owed.left -= 1;
        if owed.left == 0 {
            self.owed_next += 1;
        }
        Some(before)
    }
}
