//! Pictures: what a snapshot, or natural refresh, made certain, given as one whole.
//!
//! A snapshot names the last packet of the incremental feed that it knows (`LastMsgSeqNumProcessed`, tag
//! 369) and the instrument's last entry (`RptSeq`, tag 83). It is of use when it knows the packet in which doubt
//! arose. Changes it does not know were held and are applied to it here, so that one consistent picture is given:
//! a `Clear`, then what stands, all marked `SNAPSHOT`, the last also `LAST`. Changes it knows and that are still to
//! come are passed over (CME "MDP 3.0 - MBP and MBOFD Market Recovery").
//!
//! Never decodes: snapshots come taken apart.

use super::super::channel::is_behind;
use super::super::ladder::{Ladder, Row};
use super::super::reading::Reading;
use super::Recovery;
use types::{
    Event, Flags, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side, Ticks,
};

/// Orders that a snapshot may hold: more than any book's.
const LISTED_MAX: usize = 1 << 20;

/// An order of a snapshot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    pub(crate) order: u64,
    pub(crate) priority: u64,
    pub(crate) price: Ticks,
    pub(crate) size: Lots,
    pub(crate) side: Side,
}

/// What a snapshot knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// `LastMsgSeqNumProcessed`: the incremental feed through this packet.
    pub(crate) through: u32,
    /// `TransactTime`: when the instrument last changed.
    pub(crate) changed_at: Nanos,
}

/// Which part of which order snapshot a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) known: Known,
    /// `CurrentChunk`, from 1.
    pub(crate) number: u32,
    /// `NoChunks`.
    pub(crate) of: u32,
}

/// The order snapshot that is coming in.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// The part that came last; `None` when none is coming in.
    pub(super) last: Option<Chunk>,
    pub(super) orders: Vec<Listed>,
}

impl Reading<'_> {
    /// The slot of an instrument whose snapshot is of use, and whether its levels or its orders need one.
    pub(crate) fn needing(&mut self, security: i32, orders: bool) -> Option<usize> {
        let slot = match self.shared.instruments.find(security) {
            Some(slot) if self.shared.instruments.slots[slot].met => slot,
            _ => return self.needing_at_first_sight(security),
        };
        let row = self.shared.instruments.slots[slot].recovery;
        let recovery = self.shared.recoveries.rows.get(row as usize)?;
        let lost = if orders { recovery.orders_lost } else { recovery.levels_lost };
        lost.map(|_| slot)
    }

    /// An instrument that the incremental feed has not named, where that says nothing: we may have joined late.
    #[cold]
    fn needing_at_first_sight(&mut self, security: i32) -> Option<usize> {
        let known = self.shared.instruments.find(security);
        let carrier = known.and_then(|slot| self.shared.instruments.slots[slot].channel);
        let own = self.shared.recoveries.tracks[usize::from(self.number)].group;
        let number = match carrier {
            Some(number) => usize::from(number),
            None => self.shared.recoveries.incremental(own)?,
        };
        let track = &self.shared.recoveries.tracks[number];
        if track.whole || track.taken.is_none() {
            return None;
        }
        let needs = track.known_from;
        let slot = self.sight(security, u16::try_from(number).expect("channels are few"));
        let listing = Some(self.shared.instruments.slots[slot].listing?);
        self.lose(slot, needs);
        // What comes of it before the snapshot is of use must not make its book live.
        self.gap(self.sent_at, 0, u64::from(needs), listing);
        Some(slot)
    }

    /// Whether a snapshot that knows the incremental feed up to a packet is recent enough.
    fn is_recent(&self, slot: usize, known: Known, since: impl FnOnce(&Recovery) -> u32) -> bool {
        let entry = &self.shared.instruments.slots[slot];
        let recoveries = &self.shared.recoveries;
        let Some(track) = entry.channel.and_then(|number| recoveries.tracks.get(usize::from(number))) else {
            return false;
        };
        let recovery = &recoveries.rows[entry.recovery as usize];
        let next = known.through.wrapping_add(1);
        // One that knows no more packets than we do and yet of something later counts in another numbering, whose
        // start we have not seen.
        let is_ahead = track.taken.is_none_or(|taken| is_behind(taken, known.through));
        let is_of_this_numbering = is_ahead || known.changed_at <= track.sent_at;
        !track.silent
            && is_of_this_numbering
            && known.changed_at >= track.started_at
            && !is_behind(next, recovery.needs)
            && !is_behind(next, since(recovery))
    }

    fn refuse(&mut self) {
        self.shared.counts.tally.snapshots_refused += 1;
    }

    /// How far the snapshot is ahead of the incremental feed: the last packet that will tell nothing new.
    fn told_by(&self, slot: usize, knows: u32) -> Option<u32> {
        let channel = self.shared.instruments.slots[slot].channel?;
        let taken = self.shared.recoveries.tracks[usize::from(channel)].taken?;
        is_behind(taken, knows).then_some(knows)
    }

    /// A snapshot of levels, of an instrument that needs one.
    pub(crate) fn level_snapshot(&mut self, slot: usize, known: Known, rpt_seq: u32, mut ladder: Ladder) {
        if !self.is_recent(slot, known, |recovery| recovery.needs) {
            return self.refuse();
        }
        let told = self.told_by(slot, known.through);
        let entry = &mut self.shared.instruments.slots[slot];
        let recovery = &mut self.shared.recoveries.rows[entry.recovery as usize];
        let held_from_later = recovery.first.is_some_and(|first| is_behind(rpt_seq.wrapping_add(1), first));
        // One that is ahead knows all that was held; where its number is lower, a reset lies between.
        let is_renumbered = told.is_some() && recovery.first.is_some() && is_behind(rpt_seq, entry.rpt_seq);
        ladder.as_deep_as(&recovery.ladder);
        let mut newer = recovery.steps.iter().filter(|step| is_behind(rpt_seq, step.rpt_seq));
        if held_from_later || is_renumbered || newer.any(|step| ladder.apply(step).is_err()) {
            return self.refuse();
        }
        recovery.ladder = ladder;
        if recovery.first.is_none() || !is_behind(rpt_seq, entry.rpt_seq) {
            entry.rpt_seq = rpt_seq;
            recovery.levels_told = told;
        }
        self.shared.counts.tally.snapshots_used += 1;
        self.shared.counts.tally.recovered_snapshot += 1;
        self.give_levels(slot);
    }

    /// Gives the levels as the ladder knows them; they are known from here on.
    pub(super) fn give_levels(&mut self, slot: usize) {
        let entry = &self.shared.instruments.slots[slot];
        let listing = entry.listing.expect("only the run's instruments recover");
        let recovery = &mut self.shared.recoveries.rows[entry.recovery as usize];
        let lost = recovery.levels_lost.take();
        recovery.steps.clear();
        recovery.first = None;
        let ladder = recovery.ladder;
        let from = self.out.arrivals.len();
        let picture = |side, action, depth, row: Row, flags| {
            Event::Level(LevelDelta {
                venue_at: self.sent_at,
                price: row.price,
                size: row.size,
                orders: row.orders,
                instrument: listing.id,
                side,
                action,
                depth,
                flags: Flags::SNAPSHOT.with(flags),
            })
        };
        let nothing = Row { price: Ticks(0), size: Lots::ZERO, orders: 0 };
        self.out.push(self.received_at, picture(Side::Buy, LevelAction::Clear, 0, nothing, Flags::NONE));
        for (implied, flags) in [(true, Flags::IMPLIED), (false, Flags::NONE)] {
            for side in Side::BOTH {
                for (depth, row) in ladder.levels(side, implied) {
                    self.out.push(self.received_at, picture(side, LevelAction::Set, depth, row, flags));
                }
            }
        }
        self.end_picture(from);
        self.note_duration(lost);
    }

    /// A part of a snapshot of orders, of an instrument that needs one. Parts come in order or are waited for
    /// anew: the loop brings them again.
    pub(crate) fn order_snapshot(&mut self, slot: usize, chunk: Chunk, orders: impl Iterator<Item = Listed>) {
        if !self.is_recent(slot, chunk.known, |recovery| recovery.orders_from) {
            return self.refuse();
        }
        let row = self.shared.instruments.slots[slot].recovery;
        let assembly = &mut self.shared.recoveries.rows[row as usize].assembly;
        let follows = assembly.last.is_some_and(|last| {
            (last.known, last.of, last.number + 1) == (chunk.known, chunk.of, chunk.number)
        });
        if chunk.number == 1 {
            assembly.orders.clear();
        } else if !follows {
            assembly.last = None;
            return self.refuse();
        }
        if chunk.number == 0 || chunk.number > chunk.of {
            assembly.last = None;
            return self.refuse();
        }
        assembly.last = Some(chunk);
        assembly.orders.extend(orders);
        if assembly.orders.len() > LISTED_MAX {
            assembly.last = None;
            return self.refuse();
        }
        if chunk.number == chunk.of {
            assembly.last = None;
            self.shared.counts.tally.snapshots_used += 1;
            self.shared.counts.tally.recovered_orders += 1;
            self.give_orders(slot, chunk.known.through);
        }
    }

    /// Gives the orders of the snapshot, then what changed since; they are known from here on.
    fn give_orders(&mut self, slot: usize, knows: u32) {
        let told = self.told_by(slot, knows);
        let entry = &mut self.shared.instruments.slots[slot];
        entry.by_order = true;
        let listing = entry.listing.expect("only the run's instruments recover");
        let recovery = &mut self.shared.recoveries.rows[entry.recovery as usize];
        let lost = recovery.orders_lost.take();
        recovery.orders_told = told;
        // A queue is the order of arrival, which is what joining its end means; prices come interleaved.
        recovery.assembly.orders.sort_by_key(|order| order.priority);
        let from = self.out.arrivals.len();
        let (at, venue_at) = (self.received_at, self.sent_at);
        let picture = |order, action, price, size, side| {
            Event::Order(OrderDelta {
                venue_at,
                order: MarketOrderId(order),
                price,
                size,
                instrument: listing.id,
                side,
                action,
                flags: Flags::SNAPSHOT,
            })
        };
        self.out.push(at, picture(0, OrderAction::Clear, Ticks(0), Lots::ZERO, Side::Buy));
        for order in recovery.assembly.orders.drain(..) {
            self.out.push(at, picture(order.order, OrderAction::Add, order.price, order.size, order.side));
        }
        for held in recovery.orders.drain(..).filter(|held| is_behind(knows, held.sequence)) {
            self.out.push(at, Event::Order(OrderDelta { flags: Flags::SNAPSHOT, ..held.delta }));
        }
        self.end_picture(from);
        self.note_duration(lost);
    }

    /// Marks the last of a picture, which is no part of the event under way.
    fn end_picture(&mut self, from: usize) {
        if let Some(last) = self.out.arrivals[from..].last_mut() {
            last.event.mark(Flags::LAST);
        }
        self.start_event();
    }
}
