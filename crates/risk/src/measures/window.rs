//! A sum over the time just gone, in slots of an eighth: never a list of everything that happened.
//!
//! What is a slot old at most is forgotten early or kept late by choice: a volume to be measured against is counted low, one
//! to be measured is counted high.

use serde::{Deserialize, Serialize};
use types::Nanos;

/// Slots of a window.
const SLOTS: usize = 8;

/// How the oldest slot counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Edge {
    /// Sums cover at most the window, at least seven eighths of it.
    Short,
    /// Sums cover at least the window, at most nine eighths of it.
    Long,
}

/// A sum over a window.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Window {
    slot: i64,
    slots: usize,
    sums: [i128; SLOTS + 1],
    at: usize,
    begun: Nanos,
    total: i128,
}

impl Window {
    /// Over `length`; of no length there is never anything in it.
    pub(crate) fn new(length: i64, edge: Edge) -> Self {
        let slots = match edge {
            Edge::Short => SLOTS,
            Edge::Long => SLOTS + 1,
        };
        let slot = if length > 0 { (length / SLOTS as i64).max(1) } else { 0 };
        Self { slot, slots, sums: [0; SLOTS + 1], at: 0, begun: Nanos::MIN, total: 0 }
    }

    /// So much more, now.
    #[inline]
    pub(crate) fn add(&mut self, now: Nanos, amount: i64) {
        if self.slot == 0 {
            return;
        }
        self.turn(now);
        self.sums[self.at] += i128::from(amount);
        self.total += i128::from(amount);
    }

    /// The sum as of now, without changing anything: a check only asks.
    #[inline]
    pub(crate) fn sum(&self, now: Nanos) -> i128 {
        let passed = self.passed(now);
        if passed == 0 {
            return self.total;
        }
        if passed >= self.slots {
            return 0;
        }
        let gone = (1..=passed).map(|n| self.sums[(self.at + n) % self.slots]);
        self.total - gone.sum::<i128>()
    }

    /// How many slots have ended since the last one was begun.
    #[inline]
    fn passed(&self, now: Nanos) -> usize {
        if self.slot == 0 || self.begun == Nanos::MIN {
            return 0;
        }
        let elapsed = now.0.saturating_sub(self.begun.0);
        if elapsed < self.slot { 0 } else { usize::try_from(elapsed / self.slot).unwrap_or(usize::MAX) }
    }

    #[inline]
    fn turn(&mut self, now: Nanos) {
        if self.begun == Nanos::MIN {
            self.begun = now;
        }
        let passed = self.passed(now);
        for _ in 0..passed.min(self.slots) {
            self.at = (self.at + 1) % self.slots;
            self.total -= std::mem::take(&mut self.sums[self.at]);
        }
        if passed > 0 {
            let elapsed = now.0.saturating_sub(self.begun.0);
            self.begun = Nanos(now.0 - elapsed % self.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    #[test]
    fn sums_are_those_of_a_list_but_for_a_slot() {
        for (edge, least, most) in [(Edge::Short, 7, 8), (Edge::Long, 8, 9)] {
            let mut prng = Prng::new(4);
            let mut window = Window::new(800, edge);
            let (mut now, mut all) = (0, Vec::new());
            for _ in 0..5_000 {
                let longest = if prng.chance(0.02) { 3_000 } else { 90 };
                now += prng.between(0, longest);
                let amount = prng.between(1, 9);
                if prng.chance(0.7) {
                    window.add(Nanos(now), amount);
                    all.push((now, amount));
                }
                let within = |slots: i64| -> i128 {
                    let recent = all.iter().filter(|(at, _)| now - at < slots * 100);
                    recent.map(|(_, amount)| i128::from(*amount)).sum()
                };
                let seen = window.sum(Nanos(now));
                assert!(within(least) <= seen && seen <= within(most), "{edge:?} at {now}: {seen}");
            }
        }
    }

    #[test]
    fn without_a_length_there_is_nothing() {
        let mut window = Window::new(0, Edge::Long);
        window.add(Nanos(5), 7);
        assert_eq!(window.sum(Nanos(5)), 0);
    }
}
