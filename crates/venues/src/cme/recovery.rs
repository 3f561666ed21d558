//! From a loss to a book that is known again, instrument by instrument.
//!
//! ```text
//!              loss, late join, damage, doubt
//!   known ─────────────────────────────────────▶ recovering ◀──┐ loss while recovering: start over
//!     ▲                                            │ │ │ └─────┘
//!     ├── snapshot, and what came after it ────────┘ │ │
//!     ├── natural refresh: every row is certain ─────┘ │
//!     └── reset: the book is empty ────────────────────┘
//! ```
//!
//! **What stays visible.** Level changes and trades of an instrument that recovers go on being given: its book is
//! stale since the [`Gap`](types::Gap), and people may look at it. Changes of orders are withheld until the whole
//! list is known, for the first of them makes a book one of orders and it would be a wrong one. Levels and orders
//! recover each on their own: with its levels known, a book of levels is live.
//!
//! Memory: an instrument that recovers holds at most [`STEPS_MAX`] changes of levels and [`ORDERS_MAX`] of orders,
//! and only once a feed of snapshots has been seen or promised; beyond that the older half goes, which asks for a
//! newer snapshot and loses nothing else.
//!
//! How snapshots become books is in [`pictures`].

mod pictures;

pub(super) use pictures::{Chunk, Known, Listed};

use super::channel::is_behind;
use super::instruments::{Limits, NOT_RECOVERING};
use super::ladder::{Ladder, ROWS_MAX, Row, Step};
use super::reading::Reading;
use super::words::Action;
use pictures::Assembly;
use types::{Arrival, Depths, Event, Flags, Nanos, OrderDelta};

/// Changes of levels held for one instrument: some hundred milliseconds of the busiest.
pub(crate) const STEPS_MAX: usize = 2_048;
/// Changes of orders held for one instrument.
pub(crate) const ORDERS_MAX: usize = 4_096;
/// Levels shown where no definition says otherwise, outright and implied (as `book::Book::of` keeps them).
const DEPTHS_USUAL: (usize, usize) = (10, 2);

/// An incremental feed, as snapshots of its instruments need to know it.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// CME's number of the channel, where it is known.
    pub(crate) group: Option<u16>,
    /// Whether it carries changes of books.
    pub(crate) incremental: bool,
    /// The last packet taken or given up.
    pub(crate) taken: Option<u32>,
    /// When the last packet taken was sent.
    pub(crate) sent_at: Nanos,
    /// Nothing has been missed from this packet on.
    pub(crate) known_from: u32,
    /// Nothing has been missed at all: what was not seen on it does not stand.
    pub(crate) whole: bool,
    /// It has not been heard of for too long, and nobody knows what it would say.
    pub(crate) silent: bool,
    /// What happened before this moment is of an earlier numbering: books were emptied since.
    pub(crate) started_at: Nanos,
    /// Slots of the run's instruments that it carries, as met.
    pub(crate) seen: Vec<usize>,
}

/// A change of an order, kept until the list it changes is known.
#[derive(Clone, Copy, Debug)]
struct HeldOrder {
    sequence: u32,
    delta: OrderDelta,
}

/// What is known of an instrument that is not known in full.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// Since when its levels are not known; `None` when they are.
    levels_lost: Option<Nanos>,
    orders_lost: Option<Nanos>,
    /// The first packet that a snapshot of use may leave out.
    needs: u32,
    ladder: Ladder,
    /// `RptSeq` of the first of an unbroken row of entries since the loss.
    first: Option<u32>,
    steps: Vec<Step>,
    /// The last packet whose changes of levels the snapshot told already.
    levels_told: Option<u32>,
    /// Changes of orders from this packet on are held.
    orders_from: u32,
    orders: Vec<HeldOrder>,
    orders_told: Option<u32>,
    /// Whether there have been orders: a reset says it to a book of orders.
    shows_orders: bool,
    assembly: Assembly,
}

impl Recovery {
    const fn new() -> Self {
        Self {
            levels_lost: None,
            orders_lost: None,
            needs: 0,
            ladder: Ladder::unknown(DEPTHS_USUAL.0, DEPTHS_USUAL.1),
            first: None,
            steps: Vec::new(),
            levels_told: None,
            orders_from: 0,
            orders: Vec::new(),
            orders_told: None,
            shows_orders: false,
            assembly: Assembly { last: None, orders: Vec::new() },
        }
    }

    /// Something was missed: nothing is known from here on, and what was held is of no use.
    fn start(&mut self, needs: u32, now: Nanos, depths: (usize, usize)) {
        self.levels_lost.get_or_insert(now);
        self.orders_lost.get_or_insert(now);
        self.needs = needs;
        self.ladder = Ladder::unknown(depths.0, depths.1);
        self.first = None;
        self.steps.clear();
        self.levels_told = None;
        self.orders_from = needs;
        self.orders.clear();
        self.orders_told = None;
        self.assembly.last = None;
    }

    /// Whether everything is known and nothing is still to be passed over when `sequence` is read.
    fn is_over(&self, sequence: u32) -> bool {
        let over = |told: Option<u32>| told.is_none_or(|told| is_behind(told, sequence));
        self.levels_lost.is_none()
            && self.orders_lost.is_none()
            && over(self.levels_told)
            && over(self.orders_told)
    }

    fn hold_step(&mut self, step: Step) -> usize {
        let mut dropped = 0;
        if self.steps.len() == STEPS_MAX {
            dropped = STEPS_MAX / 2;
            self.steps.drain(..dropped);
            self.first = self.steps.first().map(|step| step.rpt_seq);
        }
        self.steps.push(step);
        dropped
    }

    fn hold_order(&mut self, sequence: u32, delta: OrderDelta) -> usize {
        let mut dropped = 0;
        if self.orders.len() == ORDERS_MAX {
            let last = self.orders[ORDERS_MAX / 2].sequence;
            // Whole packets: a snapshot stands between two.
            dropped = self.orders.iter().take_while(|held| !is_behind(last, held.sequence)).count();
            self.orders.drain(..dropped);
            self.orders_from = last.wrapping_add(1);
        }
        self.orders.push(HeldOrder { sequence, delta });
        dropped
    }
}

/// Every instrument that recovers.
#[derive(Debug, Default)]
pub(crate) struct Recoveries {
    rows: Vec<Recovery>,
    free: Vec<u32>,
    /// By channel.
    pub(crate) tracks: Vec<Track>,
    /// Whether snapshots of levels have been seen or promised.
    pub(crate) level_feed: bool,
    /// Whether snapshots of orders have.
    pub(crate) order_feed: bool,
}

impl Recoveries {
    fn open(&mut self) -> u32 {
        if let Some(row) = self.free.pop() {
            return row;
        }
        self.rows.push(Recovery::new());
        u32::try_from(self.rows.len() - 1).expect("one for each 32-bit number at most")
    }

    fn close(&mut self, row: u32) {
        let recovery = &mut self.rows[row as usize];
        recovery.start(0, Nanos(0), DEPTHS_USUAL);
        (recovery.levels_lost, recovery.orders_lost) = (None, None);
        recovery.shows_orders = false;
        recovery.assembly.orders.clear();
        self.free.push(row);
    }

    /// The incremental feed of a channel, by CME's number.
    fn incremental(&self, group: Option<u16>) -> Option<usize> {
        let group = group?;
        self.tracks.iter().position(|track| track.incremental && track.group == Some(group))
    }
}

/// How many rows to know. A definition that says one of the two and not the other says that it is not sent.
fn shown(depths: Depths) -> (usize, usize) {
    let rows = |said: Option<u8>| usize::from(said.unwrap_or(0)).min(ROWS_MAX);
    match depths {
        Depths { outright: None, implied: None } => DEPTHS_USUAL,
        Depths { outright, implied } => (rows(outright), rows(implied)),
    }
}

impl Reading<'_> {
    /// The instrument's books are not known from here on. A snapshot of use knows everything before `needs`.
    pub(crate) fn lose(&mut self, slot: usize, needs: u32) {
        let entry = &mut self.shared.instruments.slots[slot];
        (entry.rpt_seq, entry.limits) = (0, Limits::NONE);
        if entry.listing.is_none() {
            return;
        }
        entry.met = true;
        if entry.recovery == NOT_RECOVERING {
            entry.recovery = self.shared.recoveries.open();
        } else {
            self.shared.counts.tally.recoveries_restarted += 1;
        }
        let recovery = &mut self.shared.recoveries.rows[entry.recovery as usize];
        recovery.shows_orders |= entry.by_order;
        // Fills of single orders are of no use to a book that is not one of orders, or not any more.
        entry.by_order = false;
        let depths = self.shared.instruments.about[slot].depths;
        recovery.start(needs, self.received_at, shown(depths));
    }

    /// The first numbered entry of an instrument since its books were lost.
    pub(crate) fn regain(&mut self, slot: usize, rpt_seq: u32) {
        let row = self.shared.instruments.slots[slot].recovery;
        if row != NOT_RECOVERING {
            self.shared.recoveries.rows[row as usize].first = Some(rpt_seq);
        }
    }

    /// Whether the snapshot that was used told this packet's changes of the instrument's levels.
    pub(crate) fn is_told(&self, slot: usize) -> bool {
        let row = self.shared.instruments.slots[slot].recovery;
        let Some(recovery) = self.shared.recoveries.rows.get(row as usize) else {
            return false;
        };
        recovery.levels_told.is_some_and(|told| !is_behind(told, self.sequence))
    }

    /// A change of a level of an instrument that recovers, or is about to have recovered.
    /// It is the last arrival: read back from there, because a copy of its own would wait for its own writes.
    #[inline(never)]
    pub(crate) fn recovering_level(&mut self, slot: usize, rpt_seq: u32, action: Action) {
        let Some(Arrival { event: Event::Level(delta), .. }) = self.out.arrivals.last() else {
            return;
        };
        let row = self.shared.instruments.slots[slot].recovery;
        let recoveries = &mut self.shared.recoveries;
        let recovery = &mut recoveries.rows[row as usize];
        if recovery.levels_lost.is_none() {
            if recovery.is_over(self.sequence) {
                self.shared.instruments.slots[slot].recovery = NOT_RECOVERING;
                recoveries.close(row);
            }
            return;
        }
        let step = Step {
            rpt_seq,
            side: delta.side,
            implied: delta.flags.has(Flags::IMPLIED),
            action,
            depth: delta.depth,
            row: Row { price: delta.price, size: delta.size, orders: delta.orders },
        };
        // A contradiction says that the ladder was wrong, and it knows: it has forgotten.
        let _ = recovery.ladder.apply(&step);
        if recoveries.level_feed {
            let tally = &mut self.shared.counts.tally;
            tally.recovery_held_dropped += recovery.hold_step(step) as u64;
            tally.recovery_held_most = tally.recovery_held_most.max(recovery.steps.len() as u64);
        } else {
            // Without snapshots there is nothing to hold for; the first one will have to know this.
            recovery.first = Some(rpt_seq.wrapping_add(1));
        }
        // Known rows stay known: an event that ends with all of them had them all after the book's last change.
        if recovery.ladder.is_certain() && self.channel.touched.last() != Some(&slot) {
            self.channel.touched.push(slot);
        }
    }

    /// A change of an order whose instrument recovers, or is new. Whether it is news to the book.
    #[cold]
    pub(crate) fn recovering_order(&mut self, slot: usize, delta: OrderDelta) -> bool {
        let track = &self.shared.recoveries.tracks[usize::from(self.number)];
        if self.shared.instruments.slots[slot].recovery == NOT_RECOVERING {
            if track.whole || self.shared.instruments.slots[slot].met {
                return true;
            }
            // Joined late: which orders stood before this one nobody knows.
            self.lose(slot, self.sequence.wrapping_add(1));
            let listing = self.shared.instruments.slots[slot].listing;
            self.gap(delta.venue_at, 0, u64::from(self.sequence), listing);
        }
        let row = self.shared.instruments.slots[slot].recovery;
        let recoveries = &mut self.shared.recoveries;
        let recovery = &mut recoveries.rows[row as usize];
        let tally = &mut self.shared.counts.tally;
        recovery.shows_orders = true;
        if recovery.orders_lost.is_some() {
            tally.orders_withheld += 1;
            if recoveries.order_feed {
                tally.recovery_held_dropped += recovery.hold_order(self.sequence, delta) as u64;
                tally.recovery_held_most = tally.recovery_held_most.max(recovery.orders.len() as u64);
            } else {
                recovery.orders_from = self.sequence.wrapping_add(1);
            }
            return false;
        }
        if recovery.orders_told.is_some_and(|told| !is_behind(told, self.sequence)) {
            tally.told_already += 1;
            return false;
        }
        if recovery.is_over(self.sequence) {
            self.shared.instruments.slots[slot].recovery = NOT_RECOVERING;
            recoveries.close(row);
        }
        true
    }

    /// An event is over: what it made certain is given.
    #[cold]
    pub(crate) fn settle_touched(&mut self) {
        while let Some(slot) = self.channel.touched.pop() {
            let row = self.shared.instruments.slots[slot].recovery;
            let Some(recovery) = self.shared.recoveries.rows.get(row as usize) else {
                continue;
            };
            if recovery.levels_lost.is_some() && recovery.ladder.is_certain() {
                self.shared.counts.tally.recovered_natural += 1;
                self.give_levels(slot);
            }
        }
    }

    /// The instrument's books are known to be empty. Whether it had shown orders.
    pub(crate) fn emptied(&mut self, slot: usize) {
        let entry = &mut self.shared.instruments.slots[slot];
        let row = entry.recovery;
        let Some(recovery) = self.shared.recoveries.rows.get(row as usize) else {
            return;
        };
        entry.recovery = NOT_RECOVERING;
        entry.by_order |= recovery.shows_orders;
        let lost = recovery.levels_lost.or(recovery.orders_lost);
        self.shared.counts.tally.recovered_reset += u64::from(lost.is_some());
        self.note_duration(lost);
        self.shared.recoveries.close(row);
    }

    /// The instrument recovers no more.
    pub(crate) fn abandon(&mut self, slot: usize) {
        let row = std::mem::replace(&mut self.shared.instruments.slots[slot].recovery, NOT_RECOVERING);
        self.shared.recoveries.close(row);
    }

    fn note_duration(&mut self, lost: Option<Nanos>) {
        let took = lost.map_or(0, |since| (self.received_at - since).0);
        let longest = &mut self.shared.counts.tally.recovery_longest_ns;
        *longest = (*longest).max(u64::try_from(took).unwrap_or(0));
    }
}
