//! The levels a market-by-price record shows, and what changed since the one before.

use super::layout::{LEVEL_BYTES, read_price, read_u32};
use crate::Listing;
use types::{Flags, LevelAction, LevelDelta, Lots, Nanos, Side, Ticks};

/// The most levels a record shows on each side.
const DEPTH_MAX: usize = 10;
/// The most changes from one record to the next: every level of both sides gone, and as many new.
pub(super) const CHANGES_MAX: usize = 4 * DEPTH_MAX;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    price: Ticks,
    size: Lots,
    orders: u32,
}

/// The top of one book, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    rows: [[Row; DEPTH_MAX]; 2],
    lengths: [usize; 2],
}

/// Something a level holds is not on the instrument's grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffGrid {
    Price(i64),
    Size(u32),
}

impl Window {
    /// Reads the levels behind a record's common part. Consolidated levels carry the venue's number where
    /// others count orders.
    pub(super) fn read(levels: &[u8], listing: &Listing, counted: bool) -> Result<Self, OffGrid> {
        let mut window = Self::default();
        for level in levels.chunks_exact(LEVEL_BYTES).take(DEPTH_MAX) {
            for (side, price_at, size_at, orders_at) in [(Side::Buy, 0, 16, 24), (Side::Sell, 8, 20, 28)] {
                let size = read_u32(level, size_at);
                let Some(price) = read_price(level, price_at).filter(|_| size > 0) else {
                    continue;
                };
                window.append(
                    side,
                    Row {
                        price: listing.ticks(price).ok_or(OffGrid::Price(price))?,
                        size: lots(listing, size).ok_or(OffGrid::Size(size))?,
                        orders: if counted { read_u32(level, orders_at) } else { 0 },
                    },
                );
            }
        }
        Ok(window)
    }

    fn append(&mut self, side: Side, row: Row) {
        let length = &mut self.lengths[side.index()];
        self.rows[side.index()][*length] = row;
        *length += 1;
    }

    fn side(&self, side: Side) -> &[Row] {
        &self.rows[side.index()][..self.lengths[side.index()]]
    }

    /// Appends what turns `before` into this: first what is gone, then what is new or different.
    pub(super) fn changes_since(&self, before: &Self, of: &Change, into: &mut Vec<LevelDelta>) {
        for side in Side::BOTH {
            let (old, new) = (before.side(side), self.side(side));
            for row in old.iter().filter(|o| !new.iter().any(|n| n.price == o.price)) {
                into.push(of.delta(LevelAction::Delete, side, *row, 0));
            }
        }
        for side in Side::BOTH {
            let (old, new) = (before.side(side), self.side(side));
            for (depth, row) in (1..).zip(new) {
                if !old.contains(row) {
                    into.push(of.delta(LevelAction::Set, side, *row, depth));
                }
            }
        }
    }

    /// Appends everything, as a snapshot.
    pub(super) fn snapshot(&self, of: &Change, into: &mut Vec<LevelDelta>) {
        let of = Change { flags: Flags::SNAPSHOT, ..*of };
        into.push(of.delta(LevelAction::Clear, Side::Buy, Row::default(), 0));
        self.changes_since(&Self::default(), &of, into);
    }
}

/// What all changes of one record share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) venue_at: Nanos,
    pub(super) listing: Listing,
    pub(super) flags: Flags,
}

impl Change {
    fn delta(&self, action: LevelAction, side: Side, row: Row, depth: u8) -> LevelDelta {
        let gone = action == LevelAction::Delete;
        LevelDelta {
            venue_at: self.venue_at,
            price: row.price,
            size: if gone { Lots::ZERO } else { row.size },
            orders: if gone { 0 } else { row.orders },
            instrument: self.listing.id,
            side,
            action,
            depth,
            flags: self.flags,
        }
    }
}

/// Whole contracts, shares or coins as lots.
#[inline]
pub(super) fn lots(listing: &Listing, size: u32) -> Option<Lots> {
    // Below 2³² × 10⁹, which 63 bits hold.
    listing.lots(i64::from(size) * stdx::decimal::ONE)
}
