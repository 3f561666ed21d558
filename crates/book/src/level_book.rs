//! A price-level book (L2): told what stands at each price, answers what stands best.
//!
//! Owns the venue's own levels; the levels it implies from spreads stand apart, in a book of their own. Levels are
//! told apart by price, not by their number: CME's `DeleteThru` and `DeleteFrom` are the only ones that count.
//!
//! Cost of a change near the touch: see `crate::ladder`; a level is 16 bytes, four to a cache line.

use crate::ladder::Ladder;
use crate::sides::{Sides, Stack, answers};
use crate::standing::Standing;
use crate::{Change, Counts, Level, State, key};
use serde::{Deserialize, Serialize};
use types::{Flags, LevelAction, LevelDelta, Lots, Nanos, Phase, Side, Ticks};

/// What stands at a price.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Total {
    size: i64,
    orders: u32,
}

impl Stack for Total {
    #[inline]
    fn size(&self) -> Lots {
        Lots(self.size)
    }

    #[inline]
    fn orders(&self) -> u32 {
        self.orders
    }
}

/// A price-level book of one instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LevelBook {
    sides: Sides<Total>,
    /// Levels kept a side; beyond it the worst is dropped.
    depth_max: usize,
    implied_depth_max: usize,
    implied: Option<Box<LevelBook>>,
}

answers!(LevelBook);

impl Default for LevelBook {
    fn default() -> Self {
        Self::new()
    }
}

impl LevelBook {
    /// An empty book of any depth.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_depth(usize::MAX)
    }

    /// An empty book of a venue that shows `max` levels a side: a level that comes beyond pushes the worst out,
    /// and no message says so (CME).
    #[must_use]
    pub const fn with_depth(max: usize) -> Self {
        Self::with_depths(max, usize::MAX)
    }

    /// The same with a depth of its own for implied levels (CME: often 10 and 2).
    #[must_use]
    pub const fn with_depths(max: usize, implied_max: usize) -> Self {
        Self { sides: Sides::new(), depth_max: max, implied_depth_max: implied_max, implied: None }
    }

    /// An empty book of any depth with room for `levels` a side that lie far from the market.
    #[must_use]
    pub fn with_capacity(levels: usize) -> Self {
        let mut book = Self::new();
        book.sides.reserve(levels);
        book
    }

    /// Takes one change in. A delta flagged `IMPLIED` goes to the implied book; any other `Clear` empties both.
    // Always: it is most of what a change costs, and a call of it would be a fifth of that.
    #[inline(always)]
    pub fn apply(&mut self, delta: &LevelDelta) -> Change {
        let one_level = matches!(delta.action, LevelAction::Set | LevelAction::Delete);
        if !one_level | delta.flags.has(Flags::IMPLIED) {
            return self.apply_unusual(delta);
        }
        let change = self.put(delta);
        self.settle(delta.flags, delta.venue_at);
        change
    }

    #[cold]
    #[inline(never)]
    fn apply_unusual(&mut self, delta: &LevelDelta) -> Change {
        if delta.flags.has(Flags::IMPLIED) {
            return self.apply_implied(delta);
        }
        let change = self.change(delta);
        self.settle(delta.flags, delta.venue_at);
        change
    }

    fn change(&mut self, delta: &LevelDelta) -> Change {
        match delta.action {
            LevelAction::Set | LevelAction::Delete => self.put(delta),
            LevelAction::DeleteThru => self.delete_thru(delta),
            LevelAction::DeleteFrom => self.delete_from(delta),
            LevelAction::Clear => {
                self.clear();
                Change::Applied
            }
        }
    }

    /// A size of zero deletes, as `Delete` does; a negative one cannot be.
    #[inline(always)]
    fn put(&mut self, delta: &LevelDelta) -> Change {
        let size = if delta.action == LevelAction::Delete { 0 } else { delta.size.0 };
        if size < 0 {
            self.sides.counts.refused += 1;
            return Change::Ignored;
        }
        let side = self.sides.side_mut(delta.side);
        let stands = size > 0;
        let stood = side.put(key(delta.side, delta.price), Total { size, orders: delta.orders }, stands);
        if side.len() > self.depth_max {
            drop_worst(side);
        }
        self.applied_if(stands | stood)
    }

    #[inline]
    fn applied_if(&mut self, found: bool) -> Change {
        if found {
            return Change::Applied;
        }
        self.sides.counts.unknown += 1;
        Change::Unknown
    }

    /// From the best through the `depth`th; when the venue does not say a depth, through the price.
    fn delete_thru(&mut self, delta: &LevelDelta) -> Change {
        let side = self.sides.side_mut(delta.side);
        let limit = key(delta.side, delta.price);
        let mut removed = 0;
        while let Some(best) = side.best() {
            let inside = match usize::from(delta.depth) {
                0 => best >= limit,
                depth => removed < depth,
            };
            if !inside {
                break;
            }
            side.remove(best);
            removed += 1;
        }
        self.applied_if(removed > 0)
    }

    /// From the `depth`th to the worst; when the venue does not say a depth, from the price.
    fn delete_from(&mut self, delta: &LevelDelta) -> Change {
        let side = self.sides.side_mut(delta.side);
        let limit = key(delta.side, delta.price);
        let before = side.len();
        while let Some(worst) = side.worst() {
            let inside = match usize::from(delta.depth) {
                0 => worst <= limit,
                depth => side.len() >= depth,
            };
            if !inside {
                break;
            }
            side.remove(worst);
        }
        let found = side.len() < before;
        self.applied_if(found)
    }

    /// Empties both sides and the implied book. The memory stays.
    #[cold]
    pub(crate) fn clear(&mut self) {
        self.sides.clear();
        if let Some(implied) = &mut self.implied {
            implied.clear();
        }
    }

    fn apply_implied(&mut self, delta: &LevelDelta) -> Change {
        let (standing, depth_max) = (self.sides.standing, self.implied_depth_max);
        let implied = self.implied.get_or_insert_with(|| Box::new(Self::implied_with(depth_max, standing)));
        let change = implied.apply_as_own(delta);
        if delta.flags.has(Flags::LAST) {
            self.sides.settle(Flags::LAST, delta.venue_at);
        }
        change
    }

    /// A book for implied levels, which stands as the book it belongs to does.
    pub(crate) fn implied_with(depth_max: usize, standing: Standing) -> Self {
        let mut implied = Self::with_depth(depth_max);
        implied.sides.standing = standing;
        implied
    }

    /// Takes an implied level in, being the implied book.
    pub(crate) fn apply_as_own(&mut self, delta: &LevelDelta) -> Change {
        let change = self.change(delta);
        self.sides.settle(delta.flags, delta.venue_at);
        change
    }

    /// A delta with these marks has been applied. The last change of a packet is the last of the implied book's
    /// changes too, whichever it went to.
    #[inline]
    pub(crate) fn settle(&mut self, flags: Flags, venue_at: Nanos) {
        self.sides.settle(flags, venue_at);
        if let Some(implied) = &mut self.implied
            && flags.has(Flags::LAST)
        {
            implied.sides.settle(Flags::LAST, venue_at);
        }
    }

    /// Something is missing from the feed: stale until a `Clear`.
    pub fn on_gap(&mut self) {
        self.sides.standing.on_gap();
        if let Some(implied) = &mut self.implied {
            implied.on_gap();
        }
    }

    /// The market opened, paused or closed. Says whether a crossed book is legal.
    pub fn on_phase(&mut self, phase: Phase) {
        self.sides.standing.phase = phase;
        if let Some(implied) = &mut self.implied {
            implied.on_phase(phase);
        }
    }

    /// The levels the venue implies from spreads, if it ever sent any.
    #[must_use]
    pub fn implied(&self) -> Option<&Self> {
        self.implied.as_deref()
    }

    /// What a book of orders keeps when it takes over: the standing, the implied levels and their depth.
    pub(crate) fn into_parts(self) -> (Standing, Option<Box<Self>>, usize) {
        (self.sides.standing, self.implied, self.implied_depth_max)
    }
}

#[cold]
fn drop_worst(side: &mut Ladder<Total>) {
    if let Some(worst) = side.worst() {
        side.remove(worst);
    }
}
