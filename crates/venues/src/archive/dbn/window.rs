//! The levels a market-by-price record shows, and what changed since the one before.
//!
//! Most records change one level, or none: levels whose bytes are the same are not read again.

use super::emitter::Emitter;
use super::fields::View;
use super::layout::price;
use super::records::Level;
use super::slots::Known;
use crate::Output;
use types::{Event, Flags, LevelAction, LevelDelta, Lots, Nanos, Side, Ticks};

/// The most levels a record shows on each side.
pub(super) const DEPTH_MAX: usize = 10;
/// A pair of levels.
const LEVEL_BYTES: usize = Level::BYTES;

/// A level of one side; without a size there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    price: Ticks,
    size: Lots,
    orders: u32,
}

impl Row {
    const fn stands(&self) -> bool {
        !self.size.is_zero()
    }
}

/// The top of one book, best first.
#[derive(Clone, Debug)]
pub(super) struct Window {
    rows: [[Row; DEPTH_MAX]; 2],
    /// What it was read from.
    bytes: [[u8; LEVEL_BYTES]; DEPTH_MAX],
    /// The finest kind of record that showed it: coarser ones beside it say nothing new.
    pub(super) fineness: u8,
}

/// Something a level holds is not on the instrument's grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffGrid {
    Price(i64),
    Size(u32),
}

/// What all changes of one record share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) venue_at: Nanos,
    pub(super) received_at: Nanos,
    pub(super) known: Known,
    /// Consolidated levels carry the venue's number where others count orders.
    pub(super) counted: bool,
}

impl Window {
    /// Nothing.
    fn empty(fineness: u8) -> Self {
        Self { rows: [[Row::default(); DEPTH_MAX]; 2], bytes: [[0; LEVEL_BYTES]; DEPTH_MAX], fineness }
    }

    /// Reads the levels of an instrument's first record, and gives them out as a snapshot.
    pub(super) fn open<const DEPTH: usize>(
        levels: &[[u8; LEVEL_BYTES]; DEPTH],
        of: &Change,
        fineness: u8,
        emitter: &mut Emitter,
        out: &mut Output,
    ) -> Result<Box<Self>, OffGrid> {
        let mut window = Box::new(Self::empty(fineness));
        let rows = read(levels, of)?;
        let first = out.arrivals.len();
        let mark = Change { ..*of };
        mark.emit(LevelAction::Clear, Side::Buy, Row::default(), 0, Flags::SNAPSHOT, emitter, out);
        window.pass_to(&rows, 0..DEPTH, of, Flags::SNAPSHOT, emitter, out);
        debug_assert!(out.arrivals.len() > first, "a clear at least");
        // A snapshot is whole whatever record it came with.
        emitter.end(of.known.id(), out);
        window.bytes[..DEPTH].copy_from_slice(levels);
        Ok(window)
    }

    /// Reads the levels of a later record, and gives out what changed.
    #[inline]
    pub(super) fn update<const DEPTH: usize>(
        &mut self,
        levels: &[[u8; LEVEL_BYTES]; DEPTH],
        of: &Change,
        emitter: &mut Emitter,
        out: &mut Output,
    ) -> Result<(), OffGrid> {
        if DEPTH == 1 {
            return self.update_best(&levels[0], of, emitter, out);
        }
        let differs = |row: &usize| self.bytes[*row] != levels[*row];
        let Some(first) = (0..DEPTH).find(differs) else {
            return Ok(());
        };
        let end = (first..DEPTH).rfind(differs).map_or(DEPTH, |row| row + 1);
        let rows = read(levels, of)?;
        self.pass_to(&rows, first..end, of, Flags::NONE, emitter, out);
        self.bytes[first..end].copy_from_slice(&levels[first..end]);
        Ok(())
    }

    /// The same for one level a side, which is most of what there is: nothing to search for.
    #[inline]
    fn update_best(
        &mut self,
        level: &[u8; LEVEL_BYTES],
        of: &Change,
        emitter: &mut Emitter,
        out: &mut Output,
    ) -> Result<(), OffGrid> {
        if self.bytes[0] == *level {
            return Ok(());
        }
        let [[bid], [ask]] = read(&[*level], of)?;
        self.bytes[0] = *level;
        let old = [self.rows[0][0], self.rows[1][0]];
        for (side, new) in [(Side::Buy, bid), (Side::Sell, ask)] {
            let old = old[side.index()];
            if old.stands() && (!new.stands() || new.price != old.price) {
                let gone = Row { size: Lots::ZERO, orders: 0, ..old };
                of.emit(LevelAction::Delete, side, gone, 0, Flags::NONE, emitter, out);
            }
        }
        for (side, new) in [(Side::Buy, bid), (Side::Sell, ask)] {
            if new.stands() && new != old[side.index()] {
                of.emit(LevelAction::Set, side, new, 1, Flags::NONE, emitter, out);
            }
            self.rows[side.index()][0] = new;
        }
        Ok(())
    }

    /// Becomes `new` in these rows: first what is gone, then what is new or different.
    fn pass_to<const DEPTH: usize>(
        &mut self,
        new: &[[Row; DEPTH]; 2],
        changed: std::ops::Range<usize>,
        of: &Change,
        flags: Flags,
        emitter: &mut Emitter,
        out: &mut Output,
    ) {
        for side in Side::BOTH {
            let (old, new) = (&self.rows[side.index()][changed.clone()], &new[side.index()][changed.clone()]);
            for row in old.iter().filter(|old| old.stands()) {
                if !new.iter().any(|new| new.stands() && new.price == row.price) {
                    of.emit(
                        LevelAction::Delete,
                        side,
                        Row { size: Lots::ZERO, orders: 0, ..*row },
                        0,
                        flags,
                        emitter,
                        out,
                    );
                }
            }
        }
        for side in Side::BOTH {
            let old = &mut self.rows[side.index()][changed.clone()];
            let above = new[side.index()][..changed.start].iter().filter(|row| row.stands()).count();
            let mut depth = u8::try_from(above).unwrap_or(u8::MAX);
            let new = &new[side.index()][changed.clone()];
            for row in new.iter().filter(|new| new.stands()) {
                depth += 1;
                if !old.contains(row) {
                    of.emit(LevelAction::Set, side, *row, depth, flags, emitter, out);
                }
            }
            old.copy_from_slice(new);
        }
    }
}

#[inline]
fn read<const DEPTH: usize>(
    levels: &[[u8; LEVEL_BYTES]; DEPTH],
    of: &Change,
) -> Result<[[Row; DEPTH]; 2], OffGrid> {
    let mut rows = [[Row::default(); DEPTH]; 2];
    for (at, bytes) in levels.iter().enumerate() {
        let Some(level) = Level::of(bytes) else { continue };
        let orders = |count: u32| if of.counted { count } else { 0 };
        rows[0][at] = row(&of.known, level.bid_px(), level.bid_sz(), orders(level.bid_ct()))?;
        rows[1][at] = row(&of.known, level.ask_px(), level.ask_sz(), orders(level.ask_ct()))?;
    }
    Ok(rows)
}

#[inline]
fn row(known: &Known, field: i64, size: u32, orders: u32) -> Result<Row, OffGrid> {
    match price(field) {
        Some(price) if size > 0 => Ok(Row {
            price: known.listing.ticks(price).ok_or(OffGrid::Price(price))?,
            size: known.lots(size).ok_or(OffGrid::Size(size))?,
            orders,
        }),
        _ => Ok(Row::default()),
    }
}

impl Change {
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "the fields of one event, and where it goes")]
    fn emit(
        &self,
        action: LevelAction,
        side: Side,
        row: Row,
        depth: u8,
        flags: Flags,
        emitter: &mut Emitter,
        out: &mut Output,
    ) {
        let delta = LevelDelta {
            venue_at: self.venue_at,
            price: row.price,
            size: row.size,
            orders: row.orders,
            instrument: self.known.id(),
            side,
            action,
            depth,
            flags,
        };
        emitter.emit(self.received_at, Event::Level(delta), out);
    }
}
