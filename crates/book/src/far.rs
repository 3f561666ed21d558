//! The levels outside a ladder's window: an ordered map that gives its memory back to itself.
//!
//! Sorted runs of at most 64 entries under a sorted list of runs. An emptied run goes to a pool and is used
//! again, so that a map that has grown once does not allocate any more, which a `BTreeMap` cannot promise.
//! A look-up is two binary searches; an insertion moves at most one run (1 to 3 KB), and once in 32 times the
//! list of runs. Memory stays within a constant of the entries' peak: neighbours that together fill less than half
//! a run are joined.
//!
//! Never knows what a level is.

const RUN: usize = 64;

#[derive(Clone, Debug)]
struct Run<T> {
    /// The first entry's key, kept here so that a search touches no run but its own.
    first: i64,
    entries: Vec<(i64, T)>,
}

/// An ordered map from keys to levels.
#[derive(Clone, Debug)]
pub(crate) struct Far<T> {
    /// Ascending; none is empty.
    runs: Vec<Run<T>>,
    pool: Vec<Vec<(i64, T)>>,
}

impl<T: Copy> Far<T> {
    pub(crate) const fn new() -> Self {
        Self { runs: Vec::new(), pool: Vec::new() }
    }

    /// Room for `levels` in half-full runs.
    pub(crate) fn reserve(&mut self, levels: usize) {
        let runs = levels / (RUN / 2) + 1;
        self.runs.reserve(runs);
        self.pool.resize_with(self.pool.len().max(runs), || Vec::with_capacity(RUN));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        while let Some(run) = self.runs.pop() {
            self.retire(run.entries);
        }
    }

    fn retire(&mut self, mut entries: Vec<(i64, T)>) {
        entries.clear();
        self.pool.push(entries);
    }

    /// The run that holds `key` or would, and its place within; `None` when there is no run.
    fn locate(&self, key: i64) -> Option<(usize, Result<usize, usize>)> {
        let after = self.runs.partition_point(|run| run.first <= key);
        let run = after.saturating_sub(1);
        let entries = &self.runs.get(run)?.entries;
        Some((run, entries.binary_search_by_key(&key, |entry| entry.0)))
    }

    pub(crate) fn get(&self, key: i64) -> Option<&T> {
        match self.locate(key)? {
            (run, Ok(place)) => Some(&self.runs[run].entries[place].1),
            (_, Err(_)) => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: i64) -> Option<&mut T> {
        match self.locate(key)? {
            (run, Ok(place)) => Some(&mut self.runs[run].entries[place].1),
            (_, Err(_)) => None,
        }
    }

    /// Puts `value` at `key`, which must be free.
    pub(crate) fn insert(&mut self, key: i64, value: T) {
        let (_, new) = self.at(key, value);
        debug_assert!(new, "the caller saw that the key is free");
    }

    /// The entry at `key`, and whether it had to be made, of `value`.
    pub(crate) fn at(&mut self, key: i64, value: T) -> (&mut T, bool) {
        let (run, place) = match self.locate(key) {
            Some((run, Ok(place))) => return (&mut self.runs[run].entries[place].1, false),
            Some((run, Err(place))) => self.room(run, place),
            None => {
                let entries = self.fresh_run();
                self.runs.push(Run { first: key, entries });
                (0, 0)
            }
        };
        let run = &mut self.runs[run];
        run.entries.insert(place, (key, value));
        run.first = run.entries[0].0;
        (&mut run.entries[place].1, true)
    }

    /// Where what was to go to a place of a run goes, once the run has room.
    fn room(&mut self, run: usize, place: usize) -> (usize, usize) {
        if self.runs[run].entries.len() < RUN {
            return (run, place);
        }
        self.split(run);
        if place > RUN / 2 { (run + 1, place - RUN / 2) } else { (run, place) }
    }

    /// Doubles the room, from 8 runs on: a market that has begun to wander asks for memory once, not at every
    /// new price.
    #[cold]
    fn grow(&mut self) {
        let more = self.runs.len().max(8);
        self.runs.reserve(more);
        self.pool.resize_with(more, || Vec::with_capacity(RUN));
    }

    fn fresh_run(&mut self) -> Vec<(i64, T)> {
        if self.pool.is_empty() {
            self.grow();
        }
        self.pool.pop().expect("just grown")
    }

    /// The upper half of a full run becomes the next run.
    fn split(&mut self, run: usize) {
        let mut upper = self.fresh_run();
        upper.extend(self.runs[run].entries.drain(RUN / 2..));
        let first = upper[0].0;
        self.runs.insert(run + 1, Run { first, entries: upper });
    }

    pub(crate) fn remove(&mut self, key: i64) -> Option<T> {
        let (run, place) = self.locate(key)?;
        let (_, value) = self.runs[run].entries.remove(place.ok()?);
        match self.runs[run].entries.first() {
            Some(first) => {
                self.runs[run].first = first.0;
                self.join_next(run);
                if run > 0 {
                    self.join_next(run - 1);
                }
            }
            None => {
                let empty = self.runs.remove(run);
                self.retire(empty.entries);
            }
        }
        Some(value)
    }

    /// Joins a run with the next when both together fill less than half of one.
    fn join_next(&mut self, run: usize) {
        let Some(next) = self.runs.get(run + 1) else {
            return;
        };
        if self.runs[run].entries.len() + next.entries.len() < RUN / 2 {
            let next = self.runs.remove(run + 1);
            self.runs[run].entries.extend_from_slice(&next.entries);
            self.retire(next.entries);
        }
    }

    pub(crate) fn lowest(&self) -> Option<i64> {
        Some(self.runs.first()?.first)
    }

    pub(crate) fn highest(&self) -> Option<i64> {
        Some(self.runs.last()?.entries.last()?.0)
    }

    /// The lowest key that is not below `key`.
    pub(crate) fn at_or_above(&self, key: i64) -> Option<i64> {
        let (run, place) = self.locate(key)?;
        let (Ok(place) | Err(place)) = place;
        match self.runs[run].entries.get(place) {
            Some(entry) => Some(entry.0),
            None => Some(self.runs.get(run + 1)?.first),
        }
    }

    /// The entries above `key`, highest first.
    pub(crate) fn above(&self, key: i64) -> impl Iterator<Item = (i64, T)> + '_ {
        let all = self.runs.iter().rev().flat_map(|run| run.entries.iter().rev());
        all.copied().take_while(move |entry| entry.0 > key)
    }

    /// The entries below `key`, highest first.
    pub(crate) fn below(&self, key: i64) -> impl Iterator<Item = (i64, T)> + '_ {
        let (whole, part) = match self.locate(key) {
            Some((run, Ok(place) | Err(place))) => (run, &self.runs[run].entries[..place]),
            None => (0, [].as_slice()),
        };
        let rest = self.runs[..whole].iter().rev().flat_map(|run| run.entries.iter().rev());
        part.iter().rev().chain(rest).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use stdx::Prng;

    #[test]
    fn it_is_an_ordered_map() {
        for (seed, span) in [(1, 40), (2, 2_000), (3, i64::MAX)] {
            let mut prng = Prng::new(seed);
            let mut far = Far::new();
            let mut truth = BTreeMap::new();
            for step in 0..60_000_u64 {
                let key = prng.between(-span, span);
                // Grows for a while, then shrinks: runs split and join.
                let known = if prng.chance(0.5) { truth.range(key..).next().map(|e| *e.0) } else { None };
                let key = known.unwrap_or(key);
                if prng.chance(if step % 20_000 < 10_000 { 0.7 } else { 0.3 }) {
                    if truth.insert(key, step).is_none() {
                        far.insert(key, step);
                    } else {
                        *far.get_mut(key).expect("the truth has it") = step;
                    }
                } else {
                    assert_eq!(far.remove(key), truth.remove(&key), "seed {seed} step {step}");
                }
                assert_eq!(far.get(key), truth.get(&key), "seed {seed} step {step}");
                assert_eq!(far.lowest(), truth.first_key_value().map(|e| *e.0));
                assert_eq!(far.highest(), truth.last_key_value().map(|e| *e.0));
                assert_eq!(far.at_or_above(key), truth.range(key..).next().map(|e| *e.0));
                assert_eq!(far.is_empty(), truth.is_empty());
                if step % 500 == 0 {
                    let above = truth.range(key..).filter(|e| *e.0 > key).rev().map(|e| (*e.0, *e.1));
                    assert!(far.above(key).eq(above), "seed {seed} step {step}");
                    let below = truth.range(..key).rev().map(|e| (*e.0, *e.1));
                    assert!(far.below(key).eq(below), "seed {seed} step {step}");
                }
            }
        }
    }

    #[test]
    fn scattered_leftovers_do_not_hold_whole_runs() {
        let mut far = Far::new();
        (0..100_000).for_each(|key| far.insert(key, ()));
        (0..100_000).filter(|key| key % 1_000 != 0).for_each(|key| {
            far.remove(key);
        });
        assert!(far.runs.len() <= 10, "{} runs for 100 entries", far.runs.len());
    }
}
