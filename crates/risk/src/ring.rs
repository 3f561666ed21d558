//! How often something happened lately: whether `count` of it fell into one window of time.
//!
//! Keeps the last `count` moments, and nothing that older ones could change. Never allocates after it was made.

use serde::{Deserialize, Serialize};
use types::Nanos;

/// More are not told apart: a limit beyond this is refused by nobody in practice.
const COUNT_MAX: usize = 65_536;

/// The last so many moments.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ring {
    times: Vec<Nanos>,
    at: usize,
    window: i64,
}

impl Ring {
    /// `count` may happen within `window`, one more is too often. `None` of either: never too often.
    pub(crate) fn new(count: Option<i64>, window: Option<i64>) -> Self {
        let (Some(count), Some(window)) = (count, window) else { return Self::default() };
        let count = usize::try_from(count).unwrap_or(0).min(COUNT_MAX);
        // One more than may happen, so that the oldest kept is the one that makes it too many.
        Self { times: vec![Nanos::MIN; count + 1], at: 0, window }
    }

    /// It happened; whether that is more often than may be.
    #[inline]
    pub(crate) fn push(&mut self, now: Nanos) -> bool {
        let Some(oldest) = self.times.get_mut(self.at) else { return false };
        *oldest = now;
        self.at += 1;
        if self.at == self.times.len() {
            self.at = 0;
        }
        // What is now the oldest is `count` happenings back.
        let first = self.times[self.at];
        first != Nanos::MIN && now.0.saturating_sub(first.0) < self.window
    }

    /// As if nothing had happened.
    pub(crate) fn clear(&mut self) {
        self.times.fill(Nanos::MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(count: i64, window: i64, times: &[i64]) -> String {
        let mut ring = Ring::new(Some(count), Some(window));
        times.iter().map(|&at| if ring.push(Nanos(at)) { 'x' } else { '.' }).collect()
    }

    #[test]
    fn one_more_than_may_be_within_the_window_is_too_often() {
        assert_eq!(seen(2, 10, &[0, 1, 2]), "..x");
        assert_eq!(seen(2, 10, &[0, 1, 9]), "..x");
        assert_eq!(seen(2, 10, &[0, 1, 10]), "...");
        assert_eq!(seen(2, 10, &[0, 1, 10, 10, 11]), "...xx");
        assert_eq!(seen(0, 10, &[0, 100]), "xx");
        let mut off = Ring::new(None, Some(10));
        assert!((0..100).all(|_| !off.push(Nanos(0))));
        let mut ring = Ring::new(Some(1), Some(10));
        assert!(!ring.push(Nanos(0)) && ring.push(Nanos(0)));
        ring.clear();
        assert!(!ring.push(Nanos(0)));
    }
}
