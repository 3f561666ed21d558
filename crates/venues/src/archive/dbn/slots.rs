//! What is kept for each instrument number: its listing, the levels shown last, whether a snapshot is on.

use super::symbols::Symbols;
use super::window::Window;
use crate::{Directory, Listing};
#[allow(clippy::disallowed_types, reason = "looked up by key; its order is never seen")]
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use stdx::decimal::ONE;
use types::{InstrumentId, Lots};

/// An instrument of this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) listing: Listing,
    /// Lots in a whole contract, share or coin; 0 when that is no whole number, and each size must be divided.
    lots_each: i64,
}

impl Known {
    fn new(listing: Listing) -> Self {
        let lots_each = if ONE % listing.size.nanos() == 0 { ONE / listing.size.nanos() } else { 0 };
        Self { listing, lots_each }
    }

    pub(super) const fn id(&self) -> InstrumentId {
        self.listing.id
    }

    /// Whole contracts, shares or coins as lots.
    #[inline]
    pub(super) fn lots(&self, size: u32) -> Option<Lots> {
        // Below 2³² × 10⁹, which 63 bits hold.
        if self.lots_each > 0 {
            return Some(Lots(i64::from(size) * self.lots_each));
        }
        self.listing.lots(i64::from(size) * ONE)
    }

    /// The same for sizes that may be beyond what lots hold.
    pub(super) fn lots_of(&self, size: i64) -> Option<Lots> {
        if self.lots_each > 0 {
            return size.checked_mul(self.lots_each).map(Lots);
        }
        self.listing.lots(size.checked_mul(ONE)?)
    }
}

/// The trade a sampled record showed last: when, at what price, how much.
pub(super) type Sampled = (u64, i64, u32);

/// One instrument number's state.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: u32,
    /// The span in which the name, and so the listing, holds.
    pub(super) from: i64,
    pub(super) until: i64,
    /// `None` when the instrument is not in this run.
    pub(super) known: Option<Known>,
    /// The levels shown last; `None` before the first and after damage.
    pub(super) window: Option<Box<Window>>,
    /// Of sampled records.
    pub(super) sampled: Option<Sampled>,
    /// The last record was part of a snapshot.
    pub(super) in_snapshot: bool,
    /// The vendor marked the book as doubtful, and we have said so.
    pub(super) is_doubtful: bool,
    /// The name passed to this number from another: what was shown under it was another instrument's.
    pub(super) is_successor: bool,
}

/// Every instrument number met, found by number.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    #[allow(clippy::disallowed_types, reason = "looked up by key; its order is never seen")]
    rows: HashMap<u32, usize, BuildHasherDefault<Spread>>,
    /// Of the last record: the next one is often about the same instrument.
    last: usize,
    /// By instrument: the number that spoke for it last.
    speakers: Vec<Option<u32>>,
}

impl Slots {
    /// The state of a number at a moment; the name is looked up when the one known does not hold then.
    #[inline]
    pub(super) fn get(
        &mut self,
        id: u32,
        at: i64,
        symbols: &Symbols,
        venue: &str,
        directory: &mut Directory,
    ) -> &mut Slot {
        let same = self.slots.get(self.last).is_some_and(|slot| slot.id == id);
        if !same {
            self.last = self.find(id);
        }
        let slot = &self.slots[self.last];
        if at < slot.from || slot.until <= at {
            self.rename(at, symbols, venue, directory);
        }
        &mut self.slots[self.last]
    }

    /// The name known does not hold any more, or not yet.
    #[cold]
    fn rename(&mut self, at: i64, symbols: &Symbols, venue: &str, directory: &mut Directory) {
        let slot = &mut self.slots[self.last];
        slot.name(at, symbols, venue, directory);
        let (id, Some(known)) = (slot.id, slot.known) else { return };
        let row = known.id().index();
        if self.speakers.len() <= row {
            self.speakers.resize(row + 1, None);
        }
        let before = self.speakers[row].replace(id);
        if before.is_some_and(|before| before != id) {
            // What was shown under another number is no longer this instrument's.
            self.stale(Some(known.id()));
            self.slots[self.last].is_successor = true;
        }
    }

    /// The state of a number, if it was met before.
    #[inline]
    pub(super) fn peek(&mut self, id: u32) -> Option<&Slot> {
        let same = self.slots.get(self.last).is_some_and(|slot| slot.id == id);
        if !same {
            self.last = *self.rows.get(&id)?;
        }
        self.slots.get(self.last)
    }

    #[inline(never)]
    fn find(&mut self, id: u32) -> usize {
        let slots = &mut self.slots;
        *self.rows.entry(id).or_insert_with(|| {
            slots.push(Slot {
                id,
                // An empty span: the name is looked up before it is used.
                from: i64::MAX,
                until: i64::MIN,
                known: None,
                window: None,
                sampled: None,
                in_snapshot: false,
                is_doubtful: false,
                is_successor: false,
            });
            slots.len() - 1
        })
    }

    /// The instrument behind a number, if it was met before and is in this run.
    pub(super) fn met(&self, id: u32) -> Option<InstrumentId> {
        let row = self.rows.get(&id)?;
        Some(self.slots[*row].known?.id())
    }

    /// A name was told anew.
    pub(super) fn forget_name(&mut self, id: u32) {
        if let Some(&row) = self.rows.get(&id) {
            (self.slots[row].from, self.slots[row].until) = (i64::MAX, i64::MIN);
        }
    }

    /// What was shown of this instrument, or of all, cannot be built upon any more.
    pub(super) fn stale(&mut self, instrument: Option<InstrumentId>) {
        for slot in &mut self.slots {
            if instrument.is_none() || slot.known.map(|known| known.id()) == instrument {
                slot.window = None;
            }
        }
    }
}

impl Slot {
    #[cold]
    fn name(&mut self, at: i64, symbols: &Symbols, venue: &str, directory: &mut Directory) {
        let (symbol, from, until) = symbols.name(self.id, at);
        let known = directory.listing(venue, &symbol).map(Known::new);
        if known != self.known {
            (self.window, self.sampled) = (None, None);
            (self.in_snapshot, self.is_doubtful) = (false, false);
        }
        (self.from, self.until, self.known) = (from, until, known);
    }
}

/// Spreads small integers over the table (Fibonacci hashing, Knuth 1973, volume 3, 6.4). Nobody attacks a
/// table keyed by a vendor's instrument numbers, and nothing depends on its order.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
