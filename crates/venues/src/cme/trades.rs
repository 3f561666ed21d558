//! Trade summaries (42, 48, and 65 of amounts of currency): what traded at each price, and which orders took part.
//!
//! A message lists trades, then orders: the first trade's `NumberOfOrders` of them, then the second's, and so
//! on. With an aggressor, the first order of each trade is the aggressor's, the others rested on the other side
//! (CME "MDP 3.0 - Trade Summary Order Level Detail"). Without one (auctions, implied matches) the orders' sides
//! are not said. A long summary is split: orders may come in a later packet than their trades, so what is owed
//! is kept with the channel until the event's trades end.

use super::amounts::Amount;
use super::channel::{Channel, Owed};
use super::reading::{Reading, Root, lots};
use super::sbe::messages::md_incremental_refresh_trade_summary::{Groups, NoMdEntries, NoOrderIdEntries};
use super::sbe::messages::md_incremental_refresh_trade_summary_long_qty as long;
use super::sbe::schema::{Nine, Scale};
use super::sbe::words::{AggressorSide, MdUpdateAction};
use super::wire::{Damage, Group, Message};
use super::words::{self, Action, MatchEvent};
use types::{Event, Flags, Lots, MarketOrderId, OrderAction, OrderDelta, Ticks, Trade};

/// More trades than any event of the market: a summary whose end never came is dropped here.
const OWED_MAX: usize = 4_096;

/// What an entry says, whichever way its message counts sizes.
#[derive(Clone, Copy, Debug)]
struct Told {
    security: i32,
    rpt_seq: u32,
    nanos: Option<i64>,
    size: Amount,
    aggressor: Option<AggressorSide>,
    action: MdUpdateAction,
    orders: i32,
    id: Option<u32>,
}

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
    pub(super) fn trades<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        let groups = Groups::read(message.rest)?;
        let group = groups.no_md_entries.of_at_least(NoMdEntries::<D>::LEAST)?;
        let orders = groups.no_order_id_entries.of_at_least(NoOrderIdEntries::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.trades += group.count() as u64;
        let mut spare = NoMdEntries::<D>::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::<D>::of(group.entry(index), &mut spare);
            let told = Told {
                security: entry.security_id(),
                rpt_seq: entry.rpt_seq(),
                nanos: entry.md_entry_px().nanos(),
                size: Amount::Contracts(entry.md_entry_size()),
                aggressor: entry.aggressor_side(),
                action: entry.md_update_action(),
                orders: entry.number_of_orders().unwrap_or(0),
                id: entry.md_trade_entry_id(message.version),
            };
            self.trade(&told, root);
        }
        self.trades_told(&orders, root);
        Ok(())
    }

    /// Template 65: the same of amounts of currency.
    pub(super) fn long_trades(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        let groups = long::Groups::read(message.rest)?;
        let group = groups.no_md_entries.of_at_least(long::NoMdEntries::<Nine>::LEAST)?;
        // The orders of both templates have one layout.
        let orders = groups.no_order_id_entries.of_at_least(long::NoOrderIdEntries::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.trades += group.count() as u64;
        let mut spare = long::NoMdEntries::<Nine>::SPARE;
        for index in 0..group.count() {
            let entry = long::NoMdEntries::<Nine>::of(group.entry(index), &mut spare);
            let told = Told {
                security: entry.security_id(),
                rpt_seq: entry.rpt_seq(),
                nanos: entry.md_entry_px().nanos(),
                size: Amount::Currency(entry.md_entry_size()),
                aggressor: entry.aggressor_side(),
                action: entry.md_update_action(),
                orders: entry.number_of_orders(),
                id: Some(entry.md_trade_entry_id()),
            };
            self.trade(&told, root);
        }
        self.trades_told(&orders, root);
        Ok(())
    }

    /// The message's orders, and its end.
    fn trades_told(&mut self, orders: &Group<'_>, root: Root) {
        self.trade_orders(orders, root);
        if root.event.has(MatchEvent::LAST_TRADE) || root.event.has(MatchEvent::END) {
            self.shared.counts.tally.orders_unmatched += self.channel.forget_trades();
        }
        self.ended(root.event);
    }

    #[inline]
    fn trade(&mut self, told: &Told, root: Root) {
        let slot = self.meet(told.security);
        self.follow(slot, told.rpt_seq, root.venue_at);
        let aggressor = words::aggressor(told.aggressor);
        let price = self.report_trade(slot, told, root);
        let orders = told.orders;
        if orders > 0 {
            if self.channel.owed.len() >= OWED_MAX {
                self.shared.counts.tally.orders_unmatched += self.channel.forget_trades();
            }
            self.channel.owed.push(Owed { slot, price, aggressor, first: true, left: orders.unsigned_abs() });
        }
    }

    /// Emits the trade if the instrument is in the run, and answers its price if orders traded at it now.
    fn report_trade(&mut self, slot: usize, told: &Told, root: Root) -> Option<Ticks> {
        let Some(listing) = self.shared.instruments.slots[slot].listing else {
            self.shared.counts.tally.foreign += 1;
            return None;
        };
        let action = Action::read(told.action);
        let (Some(nanos), Some(size), Some(action)) = (told.nanos, told.size.lots(&listing), action) else {
            self.spoiled(
                slot,
                root.venue_at,
                "a trade has no price or no known action, or its size is no whole number of lots",
            );
            return None;
        };
        let (count, price_fraction) = listing.price.floor(nanos);
        let limits = self.shared.instruments.slots[slot].limits;
        // What is corrected or taken back may be of a day with other limits.
        if action == Action::New && !limits.allow(Ticks(count)) {
            self.spoiled(slot, root.venue_at, "a trade's price is beyond its limits");
            return None;
        }
        let trade = Trade {
            venue_at: root.venue_at,
            price: Ticks(count),
            size,
            id: told.id.map_or(0, u64::from),
            instrument: listing.id,
            price_fraction,
            aggressor: words::aggressor(told.aggressor),
            flags: root.flags,
        };
        match action {
            Action::New => {
                self.emit(Event::Trade(trade));
                Some(trade.price)
            }
            Action::Change => {
                self.correct(trade);
                None
            }
            Action::Delete => {
                self.shared.counts.tally.busts += 1;
                self.emit(Event::TradeBust(trade));
                None
            }
            Action::DeleteThru | Action::DeleteFrom | Action::Overlay => {
                self.spoiled(slot, root.venue_at, "a trade's update action is one of levels");
                None
            }
        }
    }

    /// A trade of the past was another one: the entry holds what is right, and what was wrong only by its number.
    /// Nothing is hit by the right one now, whatever stands in the book.
    fn correct(&mut self, right: Trade) {
        self.shared.counts.tally.corrections += 1;
        self.emit(Event::TradeBust(Trade { size: Lots::ZERO, ..right }));
        self.emit(Event::Trade(Trade { flags: right.flags.with(Flags::HIDDEN), ..right }));
    }

    fn trade_orders(&mut self, orders: &Group<'_>, root: Root) {
        self.shared.counts.tally.trade_orders += orders.count() as u64;
        let mut spare = NoOrderIdEntries::SPARE;
        for index in 0..orders.count() {
            let entry = NoOrderIdEntries::of(orders.entry(index), &mut spare);
            match self.channel.next_owed() {
                Some(owed) => self.trade_order(owed, entry, root),
                None => self.shared.counts.tally.orders_unmatched += 1,
            }
        }
    }

    fn trade_order(&mut self, owed: Owed, entry: NoOrderIdEntries<'_>, root: Root) {
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
        let Some(size) = lots(&listing, Some(entry.last_qty())) else {
            return self.spoiled(
                owed.slot,
                root.venue_at,
                "a traded order's size is no whole number of lots",
            );
        };
        self.emit(Event::Order(OrderDelta {
            venue_at: root.venue_at,
            order: MarketOrderId(entry.order_id()),
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
