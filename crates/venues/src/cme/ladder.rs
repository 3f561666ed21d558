//! The rows of a book as CME numbers them, each of which may not be known: natural refresh.
//!
//! After a loss no row is known. Every change says what stands in the row it names and moves the rows below it, so
//! that the ladder fills with what is certain (CME "MDP 3.0 - Market by Price Book Recovery Methods: Natural
//! Refresh", "MDP 3.0 - Market by Price - Multiple Depth Book"). When no row is unknown the book is what the
//! venue's is, without any snapshot.
//!
//! ```text
//!  row   New at 2      Delete at 1       DeleteThru 2     DeleteFrom 2
//!   1    a  ─▶ a       a  ┌▶ b           a   ┌▶ c          a ─▶ a
//!   2    b ┐   n       b ─┘ ┌▶ c         b   │  nothing    b    nothing
//!   3    c └▶  b       c ───┘   nothing  c ──┘  nothing    c    nothing
//!              c falls off: nobody says so
//! ```
//!
//! A row that a deletion leaves open at the end holds nothing: were there more levels, the venue says the next one
//! in the same event. So the rows may be looked at between events only.
//!
//! A change that cannot be (a row named where nothing stands, another price than the row's, rows out of order)
//! shows that something was missed: the ladder forgets everything and says so.
//!
//! Runs only while an instrument recovers. Never allocates.

use super::words::Action;
use types::{Lots, Side, Ticks};

/// More rows than any book of CME's shows (MarketDepth, tag 264: 10 at most).
pub(crate) const ROWS_MAX: usize = 16;

/// A level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) price: Ticks,
    pub(crate) size: Lots,
    pub(crate) orders: u32,
}

/// A change of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) rpt_seq: u32,
    pub(crate) side: Side,
    pub(crate) implied: bool,
    pub(crate) action: Action,
    /// 1 for the best.
    pub(crate) depth: u8,
    /// Price and size mean nothing where the action names none.
    pub(crate) row: Row,
}

/// The change contradicts what was certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction;

/// One side of one book. What is known of each row is a bit of a set, so that moving rows moves bits.
#[derive(Clone, Copy, Debug)]
struct Rows {
    /// Rows of which nothing is known, the best in the lowest bit.
    unknown: u32,
    /// Rows that are known to hold nothing.
    open: u32,
    depth: usize,
    side: Side,
    /// Where neither bit is set.
    levels: [Row; ROWS_MAX],
}

/// The best `count` rows.
const fn best(count: usize) -> u32 {
    (1 << count) - 1
}

const NOTHING: Row = Row { price: Ticks(0), size: Lots::ZERO, orders: 0 };

impl Rows {
    const fn unknown(side: Side, depth: usize) -> Self {
        Self { unknown: best(ROWS_MAX), open: 0, depth, side, levels: [NOTHING; ROWS_MAX] }
    }

    const fn empty(side: Side) -> Self {
        Self { unknown: 0, open: best(ROWS_MAX), depth: ROWS_MAX, side, levels: [NOTHING; ROWS_MAX] }
    }

    const fn forget(&mut self) {
        (self.unknown, self.open) = (best(ROWS_MAX), 0);
    }

    #[inline]
    const fn is_certain(&self) -> bool {
        self.unknown & best(self.depth) == 0
    }

    #[inline]
    fn apply(&mut self, step: &Step) -> Result<(), Contradiction> {
        let number = usize::from(step.depth);
        if number == 0 || number > ROWS_MAX {
            return Err(Contradiction);
        }
        if number > self.depth {
            // The book is deeper than we were told: what fell off its end for us did not for the venue.
            self.depth = number;
            return Err(Contradiction);
        }
        let at = number - 1;
        match step.action {
            Action::New => self.insert(at, step.row),
            Action::Change => self.replace(at, step.row, true),
            Action::Overlay => self.replace(at, step.row, false),
            Action::Delete => self.remove(at, step.row),
            Action::DeleteThru => self.remove_thru(at),
            Action::DeleteFrom => self.remove_from(at),
        }
    }

    /// Whether nothing is known to stand in the row.
    #[inline]
    const fn is_open(&self, at: usize) -> bool {
        self.open >> at & 1 == 1
    }

    /// What is known to stand in the row.
    #[inline]
    fn level(&self, at: usize) -> Option<Row> {
        ((self.unknown | self.open) >> at & 1 == 0).then(|| self.levels[at])
    }

    #[inline]
    fn set(&mut self, at: usize, row: Row) {
        self.unknown &= !(1 << at);
        self.open &= !(1 << at);
        self.levels[at] = row;
    }

    #[inline]
    fn insert(&mut self, at: usize, row: Row) -> Result<(), Contradiction> {
        if at > 0 && self.is_open(at - 1) {
            return Err(Contradiction);
        }
        let moved = best(self.depth) & !best(at);
        let down = |rows: u32| (rows & !moved) | ((rows & moved) << 1 & moved);
        (self.unknown, self.open) = (down(self.unknown), down(self.open));
        self.levels.copy_within(at..self.depth - 1, at + 1);
        self.set(at, row);
        self.ordered(at)
    }

    #[inline]
    fn replace(&mut self, at: usize, row: Row, same_price: bool) -> Result<(), Contradiction> {
        let is_other = self.level(at).is_some_and(|old| same_price && old.price != row.price);
        if self.is_open(at) || is_other {
            return Err(Contradiction);
        }
        self.set(at, row);
        self.ordered(at)
    }

    #[inline]
    fn remove(&mut self, at: usize, row: Row) -> Result<(), Contradiction> {
        if self.is_open(at) || self.level(at).is_some_and(|old| old.price != row.price) {
            return Err(Contradiction);
        }
        self.close(at, 1);
        Ok(())
    }

    #[inline]
    fn remove_thru(&mut self, at: usize) -> Result<(), Contradiction> {
        if self.is_open(at) {
            return Err(Contradiction);
        }
        self.close(0, at + 1);
        Ok(())
    }

    #[inline]
    fn remove_from(&mut self, at: usize) -> Result<(), Contradiction> {
        if self.is_open(at) {
            return Err(Contradiction);
        }
        self.close(at, self.depth - at);
        Ok(())
    }

    /// Takes `count` rows out; those below move up, and nothing stands at the end.
    #[inline]
    fn close(&mut self, at: usize, count: usize) {
        let end = self.depth - count;
        let moved = best(self.depth) & !best(at);
        let up = |rows: u32| (rows & !moved) | ((rows & moved) >> count & moved & best(end));
        let opened = best(self.depth) & !best(end);
        (self.unknown, self.open) = (up(self.unknown), up(self.open) | opened);
        self.levels.copy_within(at + count..self.depth, at);
    }

    /// Whether the row's price lies between its neighbours'.
    #[inline]
    fn ordered(&self, at: usize) -> Result<(), Contradiction> {
        let sound = |better: usize, worse: usize| match (self.level(better), self.level(worse)) {
            (Some(better), Some(worse)) => better.price.beats(worse.price, self.side),
            (Some(_) | None, _) => true,
        };
        let above = at == 0 || sound(at - 1, at);
        let below = at + 1 == self.depth || sound(at, at + 1);
        if above && below { Ok(()) } else { Err(Contradiction) }
    }
}

/// Both sides of the outright book and of the implied one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ladder {
    /// By [`place`].
    sides: [Rows; 4],
}

/// Bids, asks, implied bids, implied asks.
const fn place(side: Side, implied: bool) -> usize {
    side.index() + 2 * implied as usize
}

impl Ladder {
    /// Of which nothing is known.
    pub(crate) const fn unknown(outright: usize, implied: usize) -> Self {
        Self {
            sides: [
                Rows::unknown(Side::Buy, outright),
                Rows::unknown(Side::Sell, outright),
                Rows::unknown(Side::Buy, implied),
                Rows::unknown(Side::Sell, implied),
            ],
        }
    }

    /// Known to be empty: where a snapshot starts. As deep as can be, because a snapshot says all there is.
    pub(crate) const fn empty() -> Self {
        let (bids, asks) = (Rows::empty(Side::Buy), Rows::empty(Side::Sell));
        Self { sides: [bids, asks, bids, asks] }
    }

    /// As deep as `other`: what changes push off the end of the one falls off the other.
    pub(crate) fn as_deep_as(&mut self, other: &Self) {
        for (rows, like) in self.sides.iter_mut().zip(&other.sides) {
            let shown = (0..ROWS_MAX).take_while(|&at| rows.level(at).is_some()).count();
            rows.depth = like.depth.max(shown);
        }
    }

    pub(crate) fn forget(&mut self) {
        self.sides.iter_mut().for_each(Rows::forget);
    }

    /// Puts a level of a snapshot into its row, in whatever order they come. Whether there is such a row.
    pub(crate) fn fill(&mut self, side: Side, implied: bool, number: u8, row: Row) -> bool {
        let rows = &mut self.sides[place(side, implied)];
        let found = usize::from(number).checked_sub(1).filter(|&at| at < ROWS_MAX && rows.is_open(at));
        found.map(|at| rows.set(at, row)).is_some()
    }

    /// Whether the rows are what a book can be: none open above another, prices in order.
    pub(crate) fn is_sound(&self) -> bool {
        self.sides.iter().all(|rows| {
            let closed = (1..ROWS_MAX).all(|at| !rows.is_open(at - 1) || rows.is_open(at));
            closed && (0..rows.depth).all(|at| rows.ordered(at).is_ok())
        })
    }

    /// Follows a change. After a contradiction nothing is known but what the change itself says.
    #[inline]
    pub(crate) fn apply(&mut self, step: &Step) -> Result<(), Contradiction> {
        let rows = &mut self.sides[place(step.side, step.implied)];
        let applied = rows.apply(step);
        if applied.is_err() {
            self.forget();
            // Where nothing is known, only a row that cannot be is refused.
            let _ = self.sides[place(step.side, step.implied)].apply(step);
        }
        applied
    }

    /// Whether every row is known.
    #[inline]
    pub(crate) fn is_certain(&self) -> bool {
        self.sides.iter().all(Rows::is_certain)
    }

    /// The levels of a side that are known, best first, each with its number.
    pub(crate) fn levels(&self, side: Side, implied: bool) -> impl Iterator<Item = (u8, Row)> + '_ {
        let rows = &self.sides[place(side, implied)];
        (1..).zip(0..rows.depth).filter_map(|(number, at)| Some((number, rows.level(at)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    const DEPTH: usize = 4;

    fn step(side: Side, action: Action, depth: usize, price: i64, size: i64) -> Step {
        Step {
            rpt_seq: 0,
            side,
            implied: false,
            action,
            depth: u8::try_from(depth).expect("small"),
            row: Row { price: Ticks(price), size: Lots(size), orders: 1 },
        }
    }

    fn shown(ladder: &Ladder, side: Side) -> Vec<(u8, i64, i64)> {
        ladder.levels(side, false).map(|(number, row)| (number, row.price.0, row.size.0)).collect()
    }

    #[test]
    fn a_change_tells_of_its_row_and_moves_the_others() {
        use Action::{Change, Delete, DeleteFrom, DeleteThru, New, Overlay};
        type Case = (&'static [(Action, usize, i64)], &'static [(u8, i64)], bool);
        let cases: [Case; 8] = [
            (&[(Change, 2, 90)], &[(2, 90)], false),
            (&[(Change, 2, 90), (New, 1, 95)], &[(1, 95), (3, 90)], false),
            (&[(Change, 2, 90), (Delete, 1, 99)], &[(1, 90)], false),
            (&[(Change, 3, 90), (DeleteThru, 2, 0)], &[(1, 90)], false),
            (&[(Change, 1, 90), (DeleteFrom, 2, 0)], &[(1, 90)], true),
            (&[(DeleteFrom, 1, 0), (New, 1, 90), (New, 2, 80)], &[(1, 90), (2, 80)], true),
            (&[(Change, 1, 90), (Overlay, 1, 91)], &[(1, 91)], false),
            (
                &[(New, 1, 90), (New, 1, 91), (New, 1, 92), (New, 1, 93), (New, 1, 94)],
                &[(1, 94), (2, 93), (3, 92), (4, 91)],
                true,
            ),
        ];
        for (steps, expected, bids_certain) in cases {
            let mut ladder = Ladder::unknown(DEPTH, 0);
            for &(action, depth, price) in steps {
                assert_eq!(ladder.apply(&step(Side::Buy, action, depth, price, 1)), Ok(()), "{steps:?}");
            }
            let found: Vec<_> = shown(&ladder, Side::Buy).iter().map(|(n, price, _)| (*n, *price)).collect();
            assert_eq!(found, expected, "{steps:?}");
            assert!(!ladder.is_certain(), "the asks are not known");
            ladder.apply(&step(Side::Sell, DeleteFrom, 1, 0, 0)).expect("nothing was known");
            assert_eq!(ladder.is_certain(), bids_certain, "{steps:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_a_contradiction_and_everything_is_forgotten() {
        use Action::{Change, Delete, DeleteFrom, New};
        let known = [(New, 1, 94), (New, 2, 93), (DeleteFrom, 3, 0)];
        let cases = [
            (Change, 3, 90, "nothing stands there"),
            (Delete, 3, 90, "nothing stands there"),
            (Change, 1, 90, "another price stands there"),
            (Delete, 1, 90, "another price stands there"),
            (New, 4, 90, "the row above is open"),
            (New, 1, 93, "the row below is as good"),
            (New, 2, 95, "the row above is worse"),
            (Change, 0, 90, "there is no such row"),
            (Change, 17, 90, "there is no such row"),
        ];
        for (action, depth, price, why) in cases {
            let mut ladder = Ladder::unknown(DEPTH, 0);
            let mut setup = known;
            // A row that is open was not: rows three and four.
            setup[2].1 = 3;
            for (action, depth, price) in setup {
                ladder.apply(&step(Side::Buy, action, depth, price, 1)).expect("sound");
            }
            let told = ladder.apply(&step(Side::Buy, action, depth, price, 1));
            assert_eq!(told, Err(Contradiction), "{why}");
            assert!(shown(&ladder, Side::Buy).len() <= 1, "{why}");
            assert!(!ladder.is_certain(), "{why}");
        }
    }

    #[test]
    fn a_deeper_row_than_promised_deepens_the_book() {
        let mut ladder = Ladder::unknown(2, 0);
        assert_eq!(ladder.apply(&step(Side::Buy, Action::Change, 5, 90, 1)), Err(Contradiction));
        assert_eq!(shown(&ladder, Side::Buy), [(5, 90, 1)]);
        for number in 1..=4 {
            ladder.apply(&step(Side::Buy, Action::Change, number, 100 - number as i64, 1)).expect("unknown");
        }
        ladder.apply(&step(Side::Sell, Action::DeleteFrom, 1, 0, 0)).expect("unknown");
        assert!(ladder.is_certain());
    }

    /// A venue's side: all levels, of which it shows the best `DEPTH` and says what changed in them.
    struct Venue {
        levels: Vec<(i64, i64)>,
        side: Side,
    }

    impl Venue {
        fn change(&mut self, prng: &mut Prng) -> Vec<Step> {
            let before: Vec<_> = self.levels.iter().copied().take(DEPTH).collect();
            let price = prng.between(1, 12);
            let size = prng.between(1, 9);
            self.levels.retain(|level| level.0 != price);
            if prng.chance(0.6) {
                self.levels.push((price, size));
            }
            self.levels.sort_by_key(|level| -level.0 * self.side.sign());
            let after: Vec<_> = self.levels.iter().copied().take(DEPTH).collect();
            let mut shown = before;
            let mut steps = Vec::new();
            for row in (0..shown.len()).rev() {
                if !self.levels.iter().any(|level| level.0 == shown[row].0) {
                    steps.push(step(self.side, Action::Delete, row + 1, shown[row].0, 0));
                    shown.remove(row);
                }
            }
            for (row, level) in after.iter().enumerate() {
                match shown.get(row) {
                    Some(old) if old == level => continue,
                    Some(old) if old.0 == level.0 => {
                        steps.push(step(self.side, Action::Change, row + 1, level.0, level.1));
                        shown[row] = *level;
                    }
                    Some(_) | None => {
                        steps.push(step(self.side, Action::New, row + 1, level.0, level.1));
                        shown.insert(row, *level);
                        shown.truncate(DEPTH);
                    }
                }
            }
            steps
        }

        fn shown(&self) -> Vec<(u8, i64, i64)> {
            (1..).zip(self.levels.iter().take(DEPTH)).map(|(n, level)| (n, level.0, level.1)).collect()
        }
    }

    #[test]
    fn what_is_known_after_joining_late_is_always_true() {
        let mut became_certain = 0;
        for seed in 0..500 {
            let mut prng = Prng::new(seed);
            let mut venues = Side::BOTH.map(|side| Venue { levels: Vec::new(), side });
            for _ in 0..prng.between(0, 40) {
                venues.iter_mut().for_each(|venue| drop(venue.change(&mut prng)));
            }
            let mut ladder = Ladder::unknown(DEPTH, 0);
            for round in 0..200 {
                let chosen = usize::from(prng.chance(0.5));
                for step in venues[chosen].change(&mut prng) {
                    assert_eq!(ladder.apply(&step), Ok(()), "seed {seed}, round {round}");
                }
                for venue in &venues {
                    let truth = venue.shown();
                    let known = shown(&ladder, venue.side);
                    assert!(known.iter().all(|row| truth.contains(row)), "seed {seed}, round {round}");
                    if ladder.is_certain() {
                        assert_eq!(known, truth, "seed {seed}, round {round}");
                    }
                }
            }
            became_certain += usize::from(ladder.is_certain());
        }
        assert!(became_certain > 450, "{became_certain} of 500");
    }
}
