//! The timers that strategies set: each due once, in the order of their moments, and of one moment in the order in which
//! they were set. No hash, no chance.
//!
//! Never lets a storm of them shut the market out: whoever runs live takes so many at a time and listens between
//! ([`Timers::take_due`]). Never lets one strategy stop time: who sets timers for the moment that is now, over and over,
//! is named ([`Timers::runaway`]).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use types::{Nanos, StrategyId, Timer, TimerId};

/// How many timers a live loop fires before it listens again.
pub const AT_ONCE: usize = 256;
/// So many timers set for the moment they were set in, without time going on, are a strategy that turns in a circle.
pub const CIRCLES_MAX: u32 = 1_000_000;

/// Timers that are set.
#[derive(Debug, Default)]
pub struct Timers {
    due: BinaryHeap<Reverse<(Nanos, u64, StrategyId, TimerId)>>,
    set: u64,
    /// The moment at which timers were set for that same moment, and how many.
    circling: (Nanos, u32),
    runaway: Option<StrategyId>,
}

impl Timers {
    /// None, with room for so many.
    #[must_use]
    pub fn with_capacity(expected: usize) -> Self {
        Self { due: BinaryHeap::with_capacity(expected), ..Self::default() }
    }

    /// Sets one; a moment that is over is now.
    pub fn set(&mut self, now: Nanos, at: Nanos, strategy: StrategyId, timer: TimerId) {
        if at <= now {
            self.note_circle(now, strategy);
        }
        self.due.push(Reverse((at.max(now), self.set, strategy, timer)));
        self.set += 1;
    }

    fn note_circle(&mut self, now: Nanos, strategy: StrategyId) {
        let (since, count) = self.circling;
        self.circling = if since == now { (now, count.saturating_add(1)) } else { (now, 1) };
        if self.circling.1 > CIRCLES_MAX {
            self.runaway = Some(strategy);
        }
    }

    /// Who sets timers for now without end, if anybody does.
    #[must_use]
    pub const fn runaway(&self) -> Option<StrategyId> {
        self.runaway
    }

    /// When the first is due.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Option<Nanos> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the first, whenever it is due.
    #[inline]
    pub fn take(&mut self) -> Option<Timer> {
        let Reverse((due_at, _, strategy, timer)) = self.due.pop()?;
        Some(Timer { due_at, timer, strategy })
    }

    /// Takes those that are due by now, `most` at most, and puts them behind what `out` holds. What is left is taken
    /// the next time: nothing is dropped.
    pub fn take_due(&mut self, now: Nanos, most: usize, out: &mut Vec<Timer>) {
        for _ in 0..most {
            if self.next_at().is_none_or(|at| at > now) {
                break;
            }
            out.extend(self.take());
        }
    }

    /// Those that are set, in the order in which they are due.
    #[must_use]
    pub fn listed(&self) -> Vec<Timer> {
        let mut due: Vec<_> = self.due.iter().map(|Reverse(due)| *due).collect();
        due.sort_unstable();
        due.into_iter().map(|(due_at, _, strategy, timer)| Timer { due_at, timer, strategy }).collect()
    }

    /// How many are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
