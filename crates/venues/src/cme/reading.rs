//! Reading one packet: dispatch by template, price levels, and what all templates share: finding the
//! instrument, checking `RptSeq`, marking the end of an event, saying what was lost.
//!
//! **The end of an event.** CME marks the last message of an event of the market, which may span packets and
//! whose last message is often empty. The mark goes on the last arrival that the event left in this call's
//! output; an event whose last packet leaves no arrival in this run is ended by the next one (and counted).

use super::VENUE;
use super::channel::Channel;
use super::decoder::{Shared, nanos};
use super::instruments::{Limits, NOT_RECOVERING, Slot};
use super::recovery::Track;
use super::sbe::Value;
use super::sbe::messages::md_incremental_refresh_book::{Groups, NoMdEntries, Root as Block};
use super::sbe::messages::md_incremental_refresh_trade as old_trades;
use super::sbe::schema::{Nine, Price, Scale, Seven};
use super::sbe::words as sent;
use super::wire::{Damage, Message, Messages};
use super::words::{Action, EntryKind, MatchEvent, OfLevel};
use crate::{Directory, Listing, Output};
use types::{
    Arrival, Event, Flags, Gap, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta,
    Side, Ticks,
};

/// One packet being read, and all it may touch.
pub(crate) struct Reading<'a> {
    pub(crate) number: u16,
    pub(crate) channel: &'a mut Channel,
    pub(crate) shared: &'a mut Shared,
    pub(crate) directory: &'a mut Directory,
    pub(crate) out: &'a mut Output,
    /// What its arrivals carry.
    pub(crate) received_at: Nanos,
    pub(crate) sequence: u32,
    pub(crate) sent_at: Nanos,
    /// Of the packet's payload in the recording.
    pub(crate) offset: u64,
}

/// What every entry of a message shares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    pub(crate) venue_at: Nanos,
    pub(crate) event: MatchEvent,
    pub(crate) flags: Flags,
}

/// A level as its entry tells it, whatever the template.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToldLevel {
    pub(super) rpt_seq: u32,
    pub(super) kind: EntryKind,
    pub(super) action: Action,
    pub(super) price: Ticks,
    pub(super) size: Lots,
    pub(super) orders: Option<i32>,
    pub(super) depth: u8,
}

impl Reading<'_> {
    /// Reads every message. The packet's framing has been checked.
    pub(crate) fn packet(&mut self, payload: &[u8]) {
        // An earlier call's output is the caller's by now.
        if self.channel.event_call != self.shared.call {
            self.channel.event_call = self.shared.call;
            self.channel.event_from = self.out.arrivals.len();
        }
        let mut empty = true;
        for message in Messages::new(payload).flatten() {
            empty = false;
            if let Err(damage) = self.message(&message) {
                self.damaged(&message, damage);
            }
        }
        self.shared.counts.tally.empty += u64::from(empty);
        self.channel.event_open |= self.out.arrivals.len() > self.channel.event_from;
    }

    fn message(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        match message.template {
            32 => self.levels::<Seven>(message),
            46 => self.levels::<Nine>(message),
            43 => self.orders::<Seven>(message),
            47 => self.orders::<Nine>(message),
            42 => self.trades::<Seven>(message),
            48 => self.trades::<Nine>(message),
            33 => self.daily::<Seven>(message),
            49 => self.daily::<Nine>(message),
            34 => self.limits::<Seven>(message),
            50 => self.limits::<Nine>(message),
            35 => self.session::<Seven>(message),
            51 => self.session::<Nine>(message),
            37 => self.volume(message),
            // What schemas 10 to 13 brought.
            64 => self.long_levels(message),
            65 => self.long_trades(message),
            66 => self.long_volume(message),
            67 => self.long_session(message),
            69 => self.long_snapshot(message),
            60 => self.workup(message),
            57 => self.fixed_income(message),
            58 => self.repo(message),
            63 => self.currency_pair(message),
            59 | 61 | 62 | 68 => {
                self.pass_over();
                Ok(())
            }
            39 => self.quote_request(message),
            36 => self.old_trades(message),
            30 => self.status(message),
            4 => {
                let root = self.root(message)?;
                self.channel_reset(root);
                Ok(())
            }
            27 => self.future::<Seven>(message),
            54 => self.future::<Nine>(message),
            41 => self.option::<Seven>(message),
            55 => self.option::<Nine>(message),
            29 => self.spread::<Seven>(message),
            56 => self.spread::<Nine>(message),
            // Snapshots are sent round and round: levels and statistics in one message.
            38 => {
                self.snapshot_levels::<Seven>(message)?;
                self.snapshot::<Seven>(message)
            }
            52 => {
                self.snapshot_levels::<Nine>(message)?;
                self.snapshot::<Nine>(message)
            }
            44 => self.snapshot_orders::<Seven>(message),
            53 => self.snapshot_orders::<Nine>(message),
            // Heartbeats, logins, and templates of later schemas: counted when framed. Should one of the latter
            // change a book, the instrument's next RptSeq will say so.
            _ => Ok(()),
        }
    }

    /// Templates 38 and 52.
    fn snapshot<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        self.channel.replay = true;
        self.snapshot_statistics::<D>(message)
    }

    /// The root block of an incremental refresh; it is the same in all of them.
    #[inline]
    pub(crate) fn root(&mut self, message: &Message<'_>) -> Result<Root, Damage> {
        let mut spare = Block::SPARE;
        let block = Block::of(message.block_of_at_least(Block::LEAST)?, &mut spare);
        let event = MatchEvent(block.match_event_indicator().0);
        self.channel.incremental = true;
        Ok(Root { venue_at: self.venue_at(block.transact_time()), event, flags: event.flags() })
    }

    /// When the venue says it happened; when it sent it, if it does not say.
    #[inline]
    pub(crate) fn venue_at(&self, transact_time: u64) -> Nanos {
        if transact_time == u64::MAX { self.sent_at } else { nanos(transact_time) }
    }

    /// Templates 32 and 46.
    #[inline(always)]
    fn levels<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        let groups = Groups::read(message.rest)?;
        let group = groups.no_md_entries.of_at_least(NoMdEntries::<D>::LEAST)?;
        let orders = groups.no_order_id_entries;
        let root = self.root(message)?;
        self.shared.counts.tally.levels += group.count() as u64;
        let mut spare = NoMdEntries::<D>::SPARE;
        for entry in group.entries() {
            self.level(NoMdEntries::<D>::of(entry, &mut spare), &root);
        }
        if orders.count() > 0 {
            self.level_orders::<D>(&group, &orders, root)?;
        }
        self.ended(root.event);
        Ok(())
    }

    #[inline]
    fn level<D: Scale>(&mut self, entry: NoMdEntries<'_, D>, root: &Root) {
        let rpt_seq = entry.rpt_seq();
        let Some(slot) = self.news(entry.security_id(), rpt_seq, root.venue_at) else { return };
        let Some(listing) = &self.shared.instruments.slots[slot].listing else { return };
        let action = Action::read(entry.md_update_action());
        let (Some(kind), Some(action)) = (EntryKind::read(entry.md_entry_type()), action) else {
            return self.odd_level(slot, entry.md_entry_type(), *root);
        };
        let OfLevel { price_bits, size_bits, .. } = action.of_level();
        let price = Option::<Price<D>>::of(Value::word(entry.md_entry_px()) & price_bits);
        let contracts = Option::<i32>::of(Value::word(entry.md_entry_size()) & size_bits);
        let (Some(price), Some(size)) = (ticks(listing, price), lots(listing, contracts)) else {
            return self.spoiled(
                slot,
                root.venue_at,
                "a level's price is no whole number of ticks, or its size none of lots",
            );
        };
        let orders = entry.number_of_orders();
        let depth = entry.md_price_level();
        self.told_level(slot, &ToldLevel { rpt_seq, kind, action, price, size, orders, depth }, root);
    }

    /// A level that could be read, of an instrument of the run.
    #[inline(always)]
    pub(super) fn told_level(&mut self, slot: usize, told: &ToldLevel, root: &Root) {
        let Slot { listing: Some(listing), recovery, limits, .. } = &self.shared.instruments.slots[slot]
        else {
            return;
        };
        let recovers = *recovery != NOT_RECOVERING;
        let ToldLevel { kind, price, .. } = *told;
        let action = told.action.of_level().action;
        // What stood when limits moved may be taken away; implied prices have no limits.
        if !limits.allow(price) && action == LevelAction::Set && !kind.flags.has(Flags::IMPLIED) {
            return self.spoiled(slot, root.venue_at, "a level's price is beyond its limits");
        }
        let delta = LevelDelta {
            venue_at: root.venue_at,
            price,
            size: told.size,
            orders: told.orders.unwrap_or(0).max(0).cast_unsigned(),
            instrument: listing.id,
            side: kind.side,
            action,
            depth: told.depth,
            flags: root.flags.with(kind.flags),
        };
        self.emit(Event::Level(delta));
        if recovers {
            self.recovering_level(slot, told.rpt_seq, told.action);
        }
    }

    /// The slot of an instrument of the run of which this entry tells something new.
    #[inline]
    pub(super) fn news(&mut self, security: i32, rpt_seq: u32, venue_at: Nanos) -> Option<usize> {
        let due = self.shared.instruments.due(security, rpt_seq);
        due.or_else(|| self.undue(security, rpt_seq, venue_at))
    }

    /// The slot of an instrument of the run whose entry is not [due](super::instruments::Instruments::due); `None`
    /// when there is nothing to be read from it.
    #[inline(never)]
    fn undue(&mut self, security: i32, rpt_seq: u32, venue_at: Nanos) -> Option<usize> {
        let slot = self.meet(security);
        let is_news = self.follow(slot, rpt_seq, venue_at);
        let is_ours = self.shared.instruments.slots[slot].listing.is_some();
        let tally = &mut self.shared.counts.tally;
        tally.foreign += u64::from(!is_ours);
        tally.told_already += u64::from(is_ours && !is_news);
        (is_ours && is_news).then_some(slot)
    }

    /// A reset, an entry of no book, or an action that is none.
    #[cold]
    pub(super) fn odd_level(&mut self, slot: usize, kind: sent::MdEntryTypeBook, root: Root) {
        if kind == sent::MdEntryTypeBook::BOOK_RESET {
            self.clear(slot, root);
        } else if EntryKind::read(kind).is_none() {
            self.shared.counts.tally.other_kinds += 1;
        } else {
            self.spoiled(slot, root.venue_at, "a level's update action is none we know");
        }
    }

    /// Template 36, the trades of schemas before 5, which no recording of ours holds: without events, but their
    /// place in each instrument's numbering counts.
    fn old_trades(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use old_trades::{Groups, NoMdEntries};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<Seven>::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.old_trades += group.count() as u64;
        for index in 0..group.count() {
            let entry = group.entry(index);
            let slot = self.shared.instruments.meet(NoMdEntries::<Seven>::SECURITY_ID.get(entry));
            self.follow(slot, NoMdEntries::<Seven>::RPT_SEQ.get(entry), root.venue_at);
        }
        self.ended(root.event);
        Ok(())
    }

    /// Template 4: every book of the channel is empty, and every numbering starts anew (CME "MDP 3.0 - Channel
    /// Reset").
    fn channel_reset(&mut self, root: Root) {
        self.start_anew(root);
        self.ended(root.event);
    }

    /// The channel's numberings start anew, with books known to be empty.
    pub(crate) fn start_anew(&mut self, root: Root) {
        self.channel.forget_trades();
        self.channel.touched.clear();
        // Every book is consistent, whichever of them is the last; and a reset starts no snapshot.
        let flags = if root.event.has(MatchEvent::END) { Flags::LAST } else { Flags::NONE };
        for index in 0..self.track().seen.len() {
            let slot = self.track().seen[index];
            self.clear(slot, Root { flags, ..root });
        }
        for slot in &mut self.shared.instruments.slots {
            if slot.channel == Some(self.number) {
                (slot.rpt_seq, slot.limits) = (0, Limits::NONE);
                slot.met = false;
            }
        }
        let sequence = self.sequence;
        let track = self.track();
        track.whole = true;
        track.known_from = sequence;
        track.started_at = root.venue_at;
    }

    fn track(&mut self) -> &mut Track {
        &mut self.shared.recoveries.tracks[usize::from(self.number)]
    }

    /// The instrument's books are empty, and known to be.
    pub(super) fn clear(&mut self, slot: usize, root: Root) {
        if self.shared.instruments.slots[slot].recovery != NOT_RECOVERING {
            self.emptied(slot);
        }
        let slot = &self.shared.instruments.slots[slot];
        let Some(listing) = slot.listing else {
            return;
        };
        let by_order = slot.by_order;
        self.emit(Event::Level(LevelDelta {
            venue_at: root.venue_at,
            price: Ticks(0),
            size: Lots::ZERO,
            orders: 0,
            instrument: listing.id,
            side: Side::Buy,
            action: LevelAction::Clear,
            depth: 0,
            flags: root.flags,
        }));
        if by_order {
            self.emit(Event::Order(OrderDelta {
                venue_at: root.venue_at,
                order: MarketOrderId(0),
                price: Ticks(0),
                size: Lots::ZERO,
                instrument: listing.id,
                side: Side::Buy,
                action: OrderAction::Clear,
                flags: root.flags,
            }));
        }
    }

    /// The slot of an instrument that a change names; the directory is asked the first time.
    #[inline]
    pub(crate) fn meet(&mut self, security: i32) -> usize {
        match self.shared.instruments.find(security) {
            Some(slot) if self.shared.instruments.slots[slot].resolved => slot,
            _ => self.first_sight(security),
        }
    }

    #[cold]
    fn first_sight(&mut self, security: i32) -> usize {
        self.sight(security, self.number)
    }

    /// The slot of an instrument that the incremental channel `number` carries; the directory is asked.
    pub(crate) fn sight(&mut self, security: i32, number: u16) -> usize {
        let slot = self.shared.instruments.meet(security);
        // A definition that comes later names it, and a run has been told.
        let name = self.shared.instruments.about[slot].name.get_or_insert_with(|| format!("#{security}"));
        let entry = &mut self.shared.instruments.slots[slot];
        if !entry.resolved {
            entry.resolved = true;
            entry.listing = self.directory.listing(VENUE, name);
        }
        entry.channel.get_or_insert(number);
        if entry.listing.is_some() {
            let seen = &mut self.shared.recoveries.tracks[usize::from(number)].seen;
            if !seen.contains(&slot) {
                seen.push(slot);
            }
            self.state_of(slot);
        }
        slot
    }

    /// Checks that nothing of the instrument is missing: the second line of defence behind packet numbers. Whether
    /// the entry is news: one that a snapshot told already is not.
    #[inline]
    pub(crate) fn follow(&mut self, slot: usize, rpt_seq: u32, venue_at: Nanos) -> bool {
        let entry = &mut self.shared.instruments.slots[slot];
        let due = entry.rpt_seq.wrapping_add(1);
        if rpt_seq == due && due != 1 {
            entry.rpt_seq = rpt_seq;
            true
        } else {
            self.stumble(slot, rpt_seq, venue_at)
        }
    }

    /// The first number of an instrument, no number at all, or not the due one.
    #[cold]
    fn stumble(&mut self, slot: usize, rpt_seq: u32, venue_at: Nanos) -> bool {
        let number = self.number;
        let entry = &mut self.shared.instruments.slots[slot];
        entry.channel.get_or_insert(number);
        let (last, met) = (entry.rpt_seq, entry.met);
        if rpt_seq == 0 {
            return true;
        }
        if !met && rpt_seq == 1 {
            // Nothing of it came before: its books were empty.
            (entry.met, entry.rpt_seq) = (true, 1);
            return true;
        }
        if met && last == 0 {
            entry.rpt_seq = rpt_seq;
            self.regain(slot, rpt_seq);
            return true;
        }
        if self.is_told(slot) {
            return false;
        }
        let listing = self.shared.instruments.slots[slot].listing;
        self.shared.counts.tally.rpt_gaps += u64::from(met);
        // What is missing was in this packet or before it.
        self.lose(slot, self.sequence.wrapping_add(1));
        self.shared.instruments.slots[slot].rpt_seq = rpt_seq;
        self.regain(slot, rpt_seq);
        if listing.is_some() {
            self.gap(venue_at, u64::from(last) + 1, u64::from(rpt_seq), listing);
        }
        true
    }

    /// Appends a change of a book or a trade.
    #[inline]
    pub(crate) fn emit(&mut self, event: Event) {
        self.out.push(self.received_at, event);
    }

    /// The message is over; when it ends the event of the market, the event's last arrival is marked.
    #[inline]
    pub(crate) fn ended(&mut self, event: MatchEvent) {
        if event.has(MatchEvent::END) {
            self.mark();
            self.start_event();
            if !self.channel.touched.is_empty() {
                self.settle_touched();
            }
        }
    }

    /// Marks the event's last change of a book or trade; statistics behind it change nothing that waits for the
    /// mark, and carry it only where they are alone.
    #[inline]
    fn mark(&mut self) {
        match self.out.arrivals[self.channel.event_from..].last_mut() {
            Some(Arrival { event: Event::Level(last), .. }) => last.flags = last.flags.with(Flags::LAST),
            Some(Arrival { event: Event::Order(last), .. }) => last.flags = last.flags.with(Flags::LAST),
            _ => self.mark_one(),
        }
    }

    fn mark_one(&mut self) {
        let arrivals = &mut self.out.arrivals[self.channel.event_from..];
        let moves = |event: &Event| !matches!(event, Event::Statistic(_));
        let is_last = |event: &mut Event| event.mark(Flags::LAST);
        // What takes no mark is no part of the event: said by us, or of the market's state.
        if arrivals.iter_mut().rev().any(|arrival| moves(&arrival.event) && is_last(&mut arrival.event))
            || arrivals.iter_mut().rev().any(|arrival| is_last(&mut arrival.event))
        {
            return;
        }
        self.shared.counts.tally.unmarked += u64::from(self.channel.event_open);
    }

    /// What is appended from here on is of another event.
    pub(crate) fn start_event(&mut self) {
        self.channel.event_from = self.out.arrivals.len();
        self.channel.event_open = false;
    }

    /// One entry cannot be used: its instrument's book is not what the venue's is.
    #[cold]
    pub(crate) fn spoiled(&mut self, slot: usize, venue_at: Nanos, what: &'static str) {
        self.shared.counts.tally.spoiled += 1;
        let Slot { listing, security, rpt_seq, limits, .. } = self.shared.instruments.slots[slot];
        self.out.fault(
            self.offset,
            0,
            format!("packet {}, security {security}: {what}; its book is stale", self.sequence),
        );
        if listing.is_some() {
            self.lose(slot, self.sequence.wrapping_add(1));
            // Its numbers go on, whatever its entries say, and nothing that told its limits was missed.
            let entry = &mut self.shared.instruments.slots[slot];
            (entry.rpt_seq, entry.limits) = (rpt_seq, limits);
            self.regain(slot, rpt_seq.wrapping_add(1));
            let sequence = u64::from(self.sequence);
            self.gap(venue_at, sequence, sequence, listing);
        }
    }

    /// A message whose groups do not fit it: nothing of it is used, and whatever it named is stale.
    #[cold]
    fn damaged(&mut self, message: &Message<'_>, damage: Damage) {
        self.shared.counts.tally.damaged_messages += 1;
        self.out.fault(
            self.offset + message.at as u64,
            message.size as u64,
            format!(
                "packet {}, message of template {}: {}; the channel's books are stale",
                self.sequence, message.template, damage.what
            ),
        );
        let sequence = self.sequence;
        self.lost(sequence, sequence);
    }

    /// Packets `due` to `received` (exclusive) are missing for good, or, where the two are one, something in that
    /// packet: every book of the channel is stale.
    #[cold]
    pub(crate) fn lost(&mut self, due: u32, received: u32) {
        let needs = if due == received { received.wrapping_add(1) } else { received };
        self.forsake(due, received, needs);
    }

    /// Every book of the channel is stale; snapshots of use know everything before the packet `needs`.
    pub(crate) fn forsake(&mut self, due: u32, received: u32, needs: u32) {
        self.channel.forget_trades();
        self.channel.touched.clear();
        let (expected, received) = (u64::from(due), u64::from(received));
        // A channel of definitions or snapshots has no books to lose. Of a channel that showed nothing yet, we do
        // not know: it may be anybody's.
        let is_unknown = !self.channel.incremental && !self.channel.replay;
        let track = self.track();
        track.whole = false;
        track.known_from = needs;
        if self.channel.replay && !self.channel.incremental {
            return self.start_event();
        }
        for slot in 0..self.shared.instruments.slots.len() {
            match self.shared.instruments.slots[slot].channel {
                Some(number) if number == self.number => self.lose(slot, needs),
                Some(number) if is_unknown => {
                    let taken = self.shared.recoveries.tracks[usize::from(number)].taken;
                    self.lose(slot, taken.map_or(0, |taken| taken.wrapping_add(1)));
                }
                Some(_) | None => {}
            }
        }
        for index in 0..self.track().seen.len() {
            let slot = self.track().seen[index];
            let listing = self.shared.instruments.slots[slot].listing;
            if listing.is_some() {
                self.gap(self.sent_at, expected, received, listing);
            }
        }
        if is_unknown {
            self.gap(self.sent_at, expected, received, None);
        }
        self.start_event();
    }

    /// The instrument's book is not believed, though nothing before the packet `due` is known to be missing.
    pub(crate) fn disbelieve(&mut self, slot: usize, due: u32) {
        let Slot { listing, rpt_seq, .. } = self.shared.instruments.slots[slot];
        self.lose(slot, due);
        self.shared.instruments.slots[slot].rpt_seq = rpt_seq;
        self.regain(slot, rpt_seq.wrapping_add(1));
        self.gap(self.sent_at, u64::from(due), u64::from(due), listing);
    }

    pub(crate) fn gap(&mut self, venue_at: Nanos, expected: u64, received: u64, listing: Option<Listing>) {
        self.out.push(
            self.received_at,
            Event::Gap(Gap { venue_at, expected, received, instrument: listing.map(|listing| listing.id) }),
        );
    }
}

/// A price off the wire in ticks; `None` when it is absent, beyond us, or no whole number of ticks.
#[inline]
pub(crate) fn ticks<D: Scale>(listing: &Listing, price: Option<Price<D>>) -> Option<Ticks> {
    listing.ticks(price?.nanos()?)
}

/// A number of contracts in lots; `None` when it is absent, negative, or no whole number of lots.
#[inline]
pub(crate) fn lots(listing: &Listing, contracts: Option<i32>) -> Option<Lots> {
    listing.lots_of_units(contracts?)
}
