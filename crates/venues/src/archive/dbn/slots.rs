//! What is kept for each instrument number: its listing, the levels shown last, whether a snapshot is on.

use super::symbols::Symbols;
use super::window::Window;
use crate::{Directory, Listing};
#[allow(clippy::disallowed_types, reason = "looked up by key; its order is never seen")]
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use types::InstrumentId;

/// One instrument number's state.
#[derive(Debug)]
pub(super) struct Slot {
    id: u32,
    /// The span in which the name, and so the listing, holds.
    from: i64,
    until: i64,
    /// `None` when the instrument is not in this run.
    pub(super) listing: Option<Listing>,
    /// The levels shown last; `None` before the first and after damage.
    pub(super) window: Option<Box<Window>>,
    /// The last record was part of a snapshot.
    pub(super) in_snapshot: bool,
    /// The vendor marked the book as doubtful, and we have said so.
    pub(super) doubtful: bool,
}

/// Every instrument number met, found by number.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    #[allow(clippy::disallowed_types, reason = "looked up by key; its order is never seen")]
    rows: HashMap<u32, usize, BuildHasherDefault<Spread>>,
    /// Of the last record: the next one is often about the same instrument.
    last: usize,
}

impl Slots {
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
        let slot = &mut self.slots[self.last];
        if at < slot.from || slot.until <= at {
            slot.name(at, symbols, venue, directory);
        }
        slot
    }

    fn find(&mut self, id: u32) -> usize {
        let slots = &mut self.slots;
        *self.rows.entry(id).or_insert_with(|| {
            slots.push(Slot {
                id,
                // An empty span: the name is looked up before it is used.
                from: i64::MAX,
                until: i64::MIN,
                listing: None,
                window: None,
                in_snapshot: false,
                doubtful: false,
            });
            slots.len() - 1
        })
    }

    /// The instrument behind a number, if it was met before and is in this run.
    pub(super) fn met(&self, id: u32) -> Option<InstrumentId> {
        let row = self.rows.get(&id)?;
        Some(self.slots[*row].listing?.id)
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
            if instrument.is_none() || slot.listing.map(|l| l.id) == instrument {
                slot.window = None;
            }
        }
    }
}

impl Slot {
    #[cold]
    fn name(&mut self, at: i64, symbols: &Symbols, venue: &str, directory: &mut Directory) {
        let (symbol, from, until) = symbols.name(self.id, at);
        let listing = directory.listing(venue, &symbol);
        if listing != self.listing {
            (self.window, self.in_snapshot, self.doubtful) = (None, false, false);
        }
        (self.from, self.until, self.listing) = (from, until, listing);
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
