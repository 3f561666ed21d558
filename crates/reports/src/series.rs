//! A series of any length kept in bounded memory: buckets of time whose width doubles whenever they grow too
//! many. What was seen decides the buckets, so the same run gives the same points.
//!
//! Never forgets an extreme: a bucket keeps its lowest, highest and last value with their moments, so the
//! deepest drawdown of a day is on the chart. Cost of a push: one division and three comparisons; halving costs
//! one pass over the buckets for each doubling of the time covered.

use types::{Nanos, Side, Ticks};

/// What a bucket keeps of the values that fell into it.
pub trait Merge {
    /// Takes in what came later.
    fn absorb(&mut self, later: &Self);
}

/// Buckets of equal width, at most `limit` of them; the empty ones take no room.
#[derive(Clone, Debug)]
pub struct Buckets<T> {
    start: Nanos,
    latest: Nanos,
    width: i64,
    limit: usize,
    filled: Vec<(i64, T)>,
}

impl<T: Merge> Buckets<T> {
    /// None yet; all the room they will ever take is taken now.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        assert!(limit >= 2, "halving needs two");
        Self { start: Nanos(0), latest: Nanos::MIN, width: 1, limit, filled: Vec::with_capacity(limit + 1) }
    }

    /// Adds a value. A moment before the latest counts as the latest: time does not go back.
    #[inline]
    pub fn push(&mut self, at: Nanos, value: T) {
        if self.filled.is_empty() {
            self.start = at;
        }
        self.latest = self.latest.max(at);
        let index = (self.latest - self.start).0 / self.width;
        match self.filled.last_mut() {
            Some((last, bucket)) if *last == index => bucket.absorb(&value),
            _ => {
                self.filled.push((index, value));
                if self.filled.len() > self.limit {
                    self.halve();
                }
            }
        }
    }

    /// Doubles the width until half of the room is free again.
    fn halve(&mut self) {
        while self.filled.len() > self.limit / 2 {
            self.width = self.width.saturating_mul(2);
            let mut kept = 0;
            for next in 0..self.filled.len() {
                let index = self.filled[next].0 / 2;
                if next > 0 && self.filled[kept].0 == index {
                    let (before, after) = self.filled.split_at_mut(next);
                    before[kept].1.absorb(&after[0].1);
                } else {
                    if next > 0 {
                        kept += 1;
                    }
                    self.filled.swap(kept, next);
                    self.filled[kept].0 = index;
                }
            }
            self.filled.truncate(kept + 1);
        }
    }

    /// The buckets that hold something, in order of time.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.filled.iter().map(|(_, bucket)| bucket)
    }

    /// How much time one bucket covers now.
    #[must_use]
    pub const fn width(&self) -> Nanos {
        Nanos(self.width)
    }
}

/// The lowest, the highest and the last value of a bucket.
#[derive(Clone, Copy, Debug)]
pub struct Extremes<V> {
    lowest: (Nanos, V),
    highest: (Nanos, V),
    last: (Nanos, V),
}

impl<V: Copy + PartialOrd> Merge for Extremes<V> {
    fn absorb(&mut self, later: &Self) {
        if later.lowest.1 < self.lowest.1 {
            self.lowest = later.lowest;
        }
        if later.highest.1 > self.highest.1 {
            self.highest = later.highest;
        }
        self.last = later.last;
    }
}

/// A quantity over time that holds until it changes.
#[derive(Clone, Debug)]
pub struct Series<V> {
    buckets: Buckets<Extremes<V>>,
    latest: Option<V>,
}

/// Three points at most come out of each, so a chart has fewer than 2,000.
const BUCKETS_A_SERIES: usize = 660;

impl<V: Copy + PartialOrd> Series<V> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { buckets: Buckets::with_limit(BUCKETS_A_SERIES), latest: None }
    }

    /// Says that the quantity is `value` from `at` on. Repeating the value costs one comparison.
    #[inline]
    pub fn push(&mut self, at: Nanos, value: V) {
        if self.latest == Some(value) {
            return;
        }
        self.latest = Some(value);
        self.buckets.push(at, Extremes { lowest: (at, value), highest: (at, value), last: (at, value) });
    }

    /// The points to draw, in order of time.
    #[must_use]
    pub fn points(&self) -> Vec<(Nanos, V)> {
        let mut points: Vec<(Nanos, V)> = Vec::with_capacity(3 * BUCKETS_A_SERIES);
        for bucket in self.buckets.iter() {
            let (first, second) = if bucket.lowest.0 <= bucket.highest.0 {
                (bucket.lowest, bucket.highest)
            } else {
                (bucket.highest, bucket.lowest)
            };
            for point in [first, second, bucket.last] {
                if points.last() != Some(&point) {
                    points.push(point);
                }
            }
        }
        points
    }
}

impl<V: Copy + PartialOrd> Default for Series<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Fills of one side near each other in time, as one mark at their mean price.
#[derive(Clone, Copy, Debug)]
pub struct Prints {
    /// When the first of them was.
    pub first_at: Nanos,
    /// When the last of them was.
    pub last_at: Nanos,
    /// How many.
    pub fills: u64,
    /// How much, in lots.
    pub lots: i128,
    /// Σ price × size, in ticks × lots.
    pub ticks_lots: i128,
}

impl Prints {
    /// One fill.
    #[must_use]
    pub fn one(at: Nanos, price: Ticks, lots: i64) -> Self {
        Self {
            first_at: at,
            last_at: at,
            fills: 1,
            lots: i128::from(lots),
            ticks_lots: i128::from(price.0) * i128::from(lots),
        }
    }

    /// The mean price in ticks, weighted by size.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    pub fn mean_ticks(&self) -> f64 {
        self.ticks_lots as f64 / self.lots.max(1) as f64
    }
}

impl Merge for Prints {
    fn absorb(&mut self, later: &Self) {
        self.last_at = later.last_at;
        self.fills += later.fills;
        self.lots += later.lots;
        self.ticks_lots += later.ticks_lots;
    }
}

/// Marks on the price chart, each side apart.
#[derive(Clone, Debug)]
pub struct Marks {
    sides: [Buckets<Prints>; 2],
}

impl Marks {
    /// None yet; at most `limit` for each side.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { sides: [Buckets::with_limit(limit), Buckets::with_limit(limit)] }
    }

    /// Adds a fill.
    pub fn push(&mut self, side: Side, prints: Prints) {
        self.sides[side.index()].push(prints.first_at, prints);
    }

    /// The marks of one side, in order of time.
    pub fn of(&self, side: Side) -> impl Iterator<Item = &Prints> {
        self.sides[side.index()].iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    #[test]
    fn a_short_series_is_kept_whole() {
        let mut series = Series::new();
        for (at, value) in [(10, 1), (20, 3), (30, 3), (40, -2)] {
            series.push(Nanos(at), value);
        }
        assert_eq!(series.points(), [(Nanos(10), 1), (Nanos(20), 3), (Nanos(40), -2)]);
    }

    #[test]
    fn a_long_series_keeps_its_extremes_its_end_and_its_bound() {
        for seed in 0..20 {
            let mut chance = Prng::new(seed);
            let mut series = Series::new();
            let (mut at, mut value) = (0_i64, 0_i64);
            let (mut lowest, mut highest) = (i64::MAX, i64::MIN);
            for _ in 0..50_000 {
                at += chance.between(0, 1 << (seed % 30));
                value += chance.between(-5, 5);
                series.push(Nanos(at), value);
                lowest = lowest.min(value);
                highest = highest.max(value);
            }
            let points = series.points();
            assert!(points.len() <= 2_000, "seed {seed}: {}", points.len());
            assert!(points.windows(2).all(|w| w[0].0 <= w[1].0), "seed {seed}");
            assert_eq!(points.iter().map(|p| p.1).min(), Some(lowest), "seed {seed}");
            assert_eq!(points.iter().map(|p| p.1).max(), Some(highest), "seed {seed}");
            assert_eq!(points.last().map(|p| p.1), Some(value), "seed {seed}");
        }
    }

    /// The obvious way: all values first, then buckets of the final width.
    #[test]
    fn doubling_on_the_way_gives_the_buckets_one_would_make_at_the_end() {
        let mut chance = Prng::new(7);
        let mut buckets = Buckets::with_limit(50);
        let mut all = Vec::new();
        let mut at = 1_000_000;
        for _ in 0..5_000 {
            at += chance.between(0, 3_000_000);
            buckets.push(Nanos(at), Prints::one(Nanos(at), Ticks(at % 97), 1 + at % 5));
            all.push(at);
        }
        let width = buckets.width().0;
        let mut expected: Vec<(i64, u64, i128)> = Vec::new();
        for at in &all {
            let index = (at - all[0]) / width;
            match expected.last_mut() {
                Some((last, fills, lots)) if *last == index => {
                    *fills += 1;
                    *lots += i128::from(1 + at % 5);
                }
                _ => expected.push((index, 1, i128::from(1 + at % 5))),
            }
        }
        let found: Vec<_> = buckets.filled.iter().map(|(i, p)| (*i, p.fills, p.lots)).collect();
        assert_eq!(found, expected);
        assert!(found.len() <= 50 && found.len() > 20);
    }

    #[test]
    fn values_at_the_ends_of_time_do_no_harm() {
        let mut series = Series::new();
        for at in [i64::MIN, 0, i64::MAX, 5] {
            series.push(Nanos(at), at);
        }
        assert_eq!(series.points().len(), 4);
    }
}
