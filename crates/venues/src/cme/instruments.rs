//! CME's numbers for instruments, and what we know of each.
//!
//! A number is looked up for every entry of every message: linear probing over rows of 8 bytes (LIMITS: faster
//! than any hash map of the standard library), then one slot. Absence from the run is kept like presence.
//! Never removes: the numbers of a session are few.

use crate::Listing;
use types::{Depths, Ticks};

/// See [`Slot::recovery`].
pub(crate) const NOT_RECOVERING: u32 = u32::MAX;

/// The prices that orders may have, both ends included (`LowLimitPrice` and `HighLimitPrice`, tags 1148 and 1149).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    low: Ticks,
    high: Ticks,
}

impl Limits {
    /// Nothing is known, or there are none.
    pub(crate) const NONE: Self = Self { low: Ticks(i64::MIN), high: Ticks(i64::MAX) };

    /// Between what the venue says, in nanos. Two that leave no room say nothing.
    pub(crate) fn between(listing: &Listing, low: Option<i64>, high: Option<i64>) -> Self {
        let down = |nanos| listing.price.floor(nanos).0;
        // Down and back up where the step is not whole.
        let up = |nanos| down(nanos) + i64::from(listing.price.exact(nanos).is_none());
        let limits = Self { low: low.map_or(Self::NONE.low, |nanos| Ticks(up(nanos))), ..Self::NONE };
        let limits = Self { high: high.map_or(Self::NONE.high, |nanos| Ticks(down(nanos))), ..limits };
        if limits.low < limits.high { limits } else { Self::NONE }
    }

    /// Whether an order may have this price.
    #[inline]
    pub(crate) fn allow(&self, price: Ticks) -> bool {
        self.low <= price && price <= self.high
    }
}

/// What decoding needs of an instrument.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) security: i32,
    /// The last `RptSeq`; 0 when the next one may be anything.
    pub(crate) rpt_seq: u32,
    /// Its row among those that recover; [`NOT_RECOVERING`] when its books are known.
    pub(crate) recovery: u32,
    /// Its listing; `None` when it is not in the run, or not looked up yet.
    pub(crate) listing: Option<Listing>,
    /// As they were told since the last loss: what was missed may have changed them.
    pub(crate) limits: Limits,
    /// Whether the directory has been asked.
    pub(crate) resolved: bool,
    /// Whether single orders have been seen: only then are fills of orders of use.
    pub(crate) by_order: bool,
    /// Whether we know where its books stand: from its first number, a reset, or because it recovers.
    pub(crate) met: bool,
    /// The channel that first carried it, as an index; `None` before.
    pub(crate) channel: Option<u16>,
}

/// What the venue's definition said, kept beside the hot slots.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// The name it goes by: its number, once the directory has been asked before the venue has named it.
    pub(crate) name: Option<String>,
    /// What the venue calls it, once it has said so.
    pub(crate) symbol: Option<String>,
    /// The steps it is priced in: as sent, and as written.
    pub(crate) steps: Option<(i64, i64)>,
    /// Whether the venue has said that it is no more.
    pub(crate) gone: bool,
    pub(crate) group: [u8; 6],
    pub(crate) asset: [u8; 6],
    pub(crate) multiplier_nanos: Option<i64>,
    /// Levels shown, where a definition says so.
    pub(crate) depths: Depths,
    /// The `RptSeq` of the last snapshot whose statistics were said.
    pub(crate) statistics_at: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    security: i32,
    /// Index of the slot, or [`EMPTY`].
    slot: u32,
}

const EMPTY: u32 = u32::MAX;
const ROWS_MIN: usize = 256;

/// Every instrument met so far.
#[derive(Debug)]
pub(crate) struct Instruments {
    rows: Vec<Row>,
    /// 32 less the binary logarithm of the number of rows.
    shift: u32,
    pub(crate) slots: Vec<Slot>,
    pub(crate) about: Vec<About>,
}

impl Default for Instruments {
    fn default() -> Self {
        let mut instruments = Self { rows: Vec::new(), shift: 0, slots: Vec::new(), about: Vec::new() };
        instruments.resize(ROWS_MIN);
        instruments
    }
}

impl Instruments {
    /// Fibonacci hashing (Knuth 1973, 6.4): the numbers come in runs, the product spreads them.
    #[inline]
    fn home(&self, security: i32) -> usize {
        (security.cast_unsigned().wrapping_mul(0x9e37_79b9) >> self.shift) as usize
    }

    /// The slot of an instrument that has been met.
    #[inline]
    pub(crate) fn find(&self, security: i32) -> Option<usize> {
        let mask = self.rows.len() - 1;
        let mut at = self.home(security);
        loop {
            // The mask is the length less one, so this never misses; at most half of the rows are taken.
            let row = self.rows[at & mask];
            if row.slot == EMPTY {
                return None;
            }
            if row.security == security {
                return Some(row.slot as usize);
            }
            at += 1;
        }
    }

    /// The slot of an instrument of the run whose entry numbered `rpt_seq` is the next, as almost all are; it is
    /// taken. `None` for any other, which is left as it is.
    #[inline]
    pub(crate) fn due(&mut self, security: i32, rpt_seq: u32) -> Option<usize> {
        let slot = self.find(security)?;
        let entry = &mut self.slots[slot];
        let due = entry.rpt_seq.wrapping_add(1);
        // After 0 any number may come; whoever has a listing has been looked up.
        if rpt_seq != due || due == 1 || entry.listing.is_none() {
            return None;
        }
        entry.rpt_seq = rpt_seq;
        Some(slot)
    }

    /// The slot of an instrument, made at its first sight.
    #[inline]
    pub(crate) fn meet(&mut self, security: i32) -> usize {
        match self.find(security) {
            Some(slot) => slot,
            None => self.add(security),
        }
    }

    #[cold]
    fn add(&mut self, security: i32) -> usize {
        if (self.slots.len() + 1) * 2 > self.rows.len() {
            self.resize(self.rows.len() * 2);
        }
        let slot = self.slots.len();
        self.slots.push(Slot {
            security,
            rpt_seq: 0,
            recovery: NOT_RECOVERING,
            listing: None,
            limits: Limits::NONE,
            resolved: false,
            by_order: false,
            met: false,
            channel: None,
        });
        self.about.push(About::default());
        self.enter(slot);
        slot
    }

    fn enter(&mut self, slot: usize) {
        let security = self.slots[slot].security;
        let mask = self.rows.len() - 1;
        let mut at = self.home(security) & mask;
        while self.rows[at].slot != EMPTY {
            at = (at + 1) & mask;
        }
        self.rows[at] =
            Row { security, slot: u32::try_from(slot).expect("one slot for each 32-bit number at most") };
    }

    fn resize(&mut self, rows: usize) {
        self.rows.clear();
        self.rows.resize(rows, Row { security: 0, slot: EMPTY });
        self.shift = 32 - rows.trailing_zeros();
        for slot in 0..self.slots.len() {
            self.enter(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_own_slot() {
        let mut instruments = Instruments::default();
        let mut prng = stdx::Prng::new(17);
        let mut obvious = std::collections::BTreeMap::new();
        for _ in 0..5_000 {
            let security = match prng.chance(0.5) {
                true => {
                    i32::try_from(prng.between(i64::from(i32::MIN), i64::from(i32::MAX))).expect("in range")
                }
                false => i32::try_from(prng.between(0, 400)).expect("in range"),
            };
            assert_eq!(instruments.find(security), obvious.get(&security).copied());
            let next = obvious.len();
            let slot = *obvious.entry(security).or_insert(next);
            assert_eq!(instruments.meet(security), slot);
        }
        assert_eq!(instruments.slots.len(), obvious.len());
    }
}
