//! How fast money goes (RC-19): the fall from the highest equity of the time just gone.
//!
//! The highest of at least the window and at most nine eighths of it, so that no fall is overlooked. Equity stands still
//! between two moments it is told at: a window that begins in between begins with the earlier one.

use serde::{Deserialize, Serialize};
use types::{Money, Nanos};

const SLOTS: usize = 9;

/// One strategy's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct LossRate {
    limit: Option<Money>,
    slot: i64,
    peaks: [Money; SLOTS],
    at: usize,
    begun: Nanos,
    last: Option<Money>,
    best: Money,
}

impl LossRate {
    /// Nothing lost yet; `None` of either: no limit.
    pub(crate) fn new(limit: Option<i64>, window: Option<i64>) -> Self {
        let mut new = Self {
            limit: None,
            slot: 1,
            peaks: [Money::ZERO; SLOTS],
            at: 0,
            begun: Nanos::MIN,
            last: None,
            best: Money::ZERO,
        };
        new.limit(limit, window);
        new
    }

    /// Another limit from now on. Another window begins anew.
    pub(crate) fn limit(&mut self, limit: Option<i64>, window: Option<i64>) {
        let slot = (window.unwrap_or(0) / (SLOTS as i64 - 1)).max(1);
        self.limit = limit.filter(|_| window.is_some()).map(Money::from_nanos);
        if slot != self.slot {
            self.slot = slot;
            self.begin();
        }
    }

    /// What was is forgotten: a person has looked at it.
    pub(crate) fn begin(&mut self) {
        if let Some(last) = self.last {
            self.peaks = [last; SLOTS];
            self.best = last;
        }
    }

    /// Hears the equity. Answers with the fall, when it is beyond the limit.
    #[inline]
    pub(crate) fn hear(&mut self, now: Nanos, equity: Money) -> Option<Money> {
        let limit = self.limit?;
        let Some(last) = self.last else {
            (self.last, self.begun) = (Some(equity), now);
            self.begin();
            return None;
        };
        let passed = now.0.saturating_sub(self.begun.0) / self.slot;
        if passed > 0 {
            for _ in 0..passed.min(SLOTS as i64) {
                self.at = (self.at + 1) % SLOTS;
                self.peaks[self.at] = last;
            }
            self.begun = Nanos(self.begun.0 + passed * self.slot);
            self.best = self.peaks.into_iter().max().unwrap_or(last);
        }
        self.last = Some(equity);
        self.peaks[self.at] = self.peaks[self.at].max(equity);
        self.best = self.best.max(equity);
        let fall = Money(self.best.0.saturating_sub(equity.0));
        (fall > limit).then_some(fall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    const fn whole(amount: i64) -> Money {
        Money(amount as i128 * Money::ONE.0)
    }

    #[test]
    fn rc_19_a_burst_is_seen_and_a_slow_loss_is_not() {
        let seen = |steps: &[(i64, i64)]| -> String {
            let mut rate = LossRate::new(Some(100 * 1_000_000_000), Some(800));
            let hear = |&(at, equity): &(i64, i64)| {
                if rate.hear(Nanos(at), whole(equity)).is_some() { 'x' } else { '.' }
            };
            steps.iter().map(hear).collect()
        };
        assert_eq!(seen(&[(0, 0), (1, -100), (2, -101)]), "..x", "at the limit passes");
        assert_eq!(seen(&[(0, 0), (1_000, -99), (2_000, -198), (3_000, -297)]), "....");
        // What stood at the window's beginning counts, though nothing was told then.
        assert_eq!(seen(&[(0, 0), (10_000, -101)]), ".x");
        assert_eq!(seen(&[(0, 0), (10, 500), (20, 399)]), "..x", "from the peak");
        assert_eq!(seen(&[(0, 0), (10, -60), (700, -101)]), "..x");
    }

    #[test]
    fn rc_19_the_peak_is_that_of_a_list_but_for_a_slot() {
        let mut prng = Prng::new(19);
        let mut rate = LossRate::new(Some(0), Some(800));
        let (mut now, mut equity, mut all) = (0_i64, 0_i64, vec![]);
        for _ in 0..5_000 {
            let longest = if prng.chance(0.02) { 3_000 } else { 90 };
            now += prng.between(0, longest);
            equity += prng.between(-10, 10);
            let fall = rate.hear(Nanos(now), whole(equity)).unwrap_or(Money::ZERO);
            all.push((now, equity));
            // What is told in the window, and what stood at its beginning.
            let peak = |slots: i64| {
                let since = now - slots * 100;
                let standing = all.iter().rev().find(|(at, _)| *at <= since).map(|(_, equity)| *equity);
                all.iter()
                    .filter(|(at, _)| *at > since)
                    .map(|(_, equity)| *equity)
                    .chain(standing)
                    .max()
                    .expect("one")
            };
            assert!(whole(peak(8) - equity) <= fall && fall <= whole(peak(9) - equity), "at {now}");
        }
    }

    #[test]
    fn rc_19_without_a_limit_or_after_a_person_looked_it_is_still() {
        for mut off in [LossRate::new(None, Some(800)), LossRate::new(Some(1), None)] {
            assert_eq!(off.hear(Nanos(0), whole(0)), None);
            assert_eq!(off.hear(Nanos(1), whole(-1_000)), None);
        }
        let mut rate = LossRate::new(Some(0), Some(800));
        rate.hear(Nanos(0), whole(0));
        assert!(rate.hear(Nanos(1), whole(-5)).is_some());
        rate.begin();
        assert_eq!(rate.hear(Nanos(2), whole(-5)), None);
        rate.limit(Some(0), Some(1_600));
        assert_eq!(rate.hear(Nanos(3), whole(-5)), None);
        assert!(rate.hear(Nanos(4), whole(-6)).is_some());
    }
}
