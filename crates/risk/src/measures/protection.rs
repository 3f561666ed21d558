//! Market-maker protection (RC-36): too many fills, or too much bought or sold, in too short a time. Somebody knows more than
//! our quotes do, so they go.
//!
//! Keeps the fills of the window, at most a few hundred: more of them in one window are too many whatever the limit says.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use types::{Lots, Nanos};

/// More fills in one window are too many where no number is set.
const FILLS_MAX: usize = 256;

/// One strategy's quotes in one instrument, or everybody's in a venue session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Protection {
    window: i64,
    fills_most: usize,
    /// Of lots bought less lots sold, either way.
    delta_most: i64,
    /// How long it holds; `None`: until it is reset.
    pause: Option<i64>,
    fills: VecDeque<(Nanos, i64)>,
    delta: i128,
    /// Since when quotes are pulled.
    pulled: Option<Nanos>,
}

/// Of one strategy or venue; `None` where it is off.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ProtectionLimits {
    pub(crate) fills: Option<i64>,
    pub(crate) delta: Option<i64>,
    pub(crate) window: Option<i64>,
    pub(crate) pause: Option<i64>,
}

impl Protection {
    /// Other limits from now on. What is pulled stays pulled.
    pub(crate) fn limit(&mut self, limits: &ProtectionLimits) {
        let is_on = limits.fills.is_some() || limits.delta.is_some();
        self.window = if is_on { limits.window.unwrap_or(0) } else { 0 };
        let count = |most: i64| usize::try_from(most).unwrap_or(0).min(FILLS_MAX);
        self.fills_most = limits.fills.map_or(FILLS_MAX, count);
        self.delta_most = limits.delta.unwrap_or(i64::MAX);
        self.pause = limits.pause;
        if self.window > 0 {
            // Made now, so that nothing is allocated at a fill.
            self.fills.reserve(FILLS_MAX + 1);
        }
    }

    /// A fill, signed. Whether quotes have to go now.
    #[inline]
    pub(crate) fn on_fill(&mut self, now: Nanos, signed: Lots) -> bool {
        if self.window == 0 {
            return false;
        }
        while let Some(&(at, size)) = self.fills.front() {
            if now.0.saturating_sub(at.0) < self.window {
                break;
            }
            self.delta -= i128::from(size);
            self.fills.pop_front();
        }
        self.fills.push_back((now, signed.0));
        self.delta += i128::from(signed.0);
        let too_many = self.fills.len() > self.fills_most;
        let too_much = self.delta.abs() > i128::from(self.delta_most);
        if !too_many && !too_much {
            return false;
        }
        let begins = !self.holds(now);
        self.pulled = Some(now);
        self.forget();
        begins
    }

    /// Whether quotes are pulled.
    #[inline]
    pub(crate) fn holds(&self, now: Nanos) -> bool {
        match (self.pulled, self.pause) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(since), Some(pause)) => now.0.saturating_sub(since.0) < pause,
        }
    }

    /// Whoever may has reset it.
    pub(crate) fn reset(&mut self) {
        self.pulled = None;
        self.forget();
    }

    /// What tripped it once does not trip it again.
    fn forget(&mut self) {
        self.fills.clear();
        self.delta = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(fills: Option<i64>, delta: Option<i64>, pause: Option<i64>) -> Protection {
        let mut protection = Protection::default();
        protection.limit(&ProtectionLimits { fills, delta, window: Some(100), pause });
        protection
    }

    fn seen(mut protection: Protection, fills: &[(i64, i64)]) -> String {
        fills
            .iter()
            .map(|&(at, size)| if protection.on_fill(Nanos(at), Lots(size)) { 'x' } else { '.' })
            .collect()
    }

    #[test]
    fn rc_36_a_burst_of_fills_pulls_quotes() {
        let three = || made(Some(3), None, None);
        assert_eq!(seen(three(), &[(0, 1), (10, -1), (20, 1), (30, -1)]), "...x", "three may be");
        assert_eq!(seen(three(), &[(0, 1), (10, -1), (20, 1), (100, -1)]), "....", "the first is too old");
        assert_eq!(seen(three(), &[(0, 1), (10, -1), (20, 1), (99, -1)]), "...x");
        // Told once: what follows is already pulled.
        assert_eq!(seen(made(Some(0), None, None), &[(0, 1), (1, 1)]), "x.");
    }

    #[test]
    fn rc_36_delta_is_what_one_side_took() {
        let ten = || made(None, Some(10), None);
        assert_eq!(seen(ten(), &[(0, 6), (1, 4), (2, 1)]), "..x");
        assert_eq!(seen(ten(), &[(0, -6), (1, -4), (2, -1)]), "..x");
        assert_eq!(seen(ten(), &[(0, 6), (1, -6), (2, 10), (3, -9)]), "....");
        assert_eq!(seen(ten(), &[(0, 6), (100, 6), (200, 6)]), "...");
        let mut many = made(None, Some(i64::MAX), None);
        assert_eq!(
            (0..300).filter(|_| many.on_fill(Nanos(0), Lots(1))).count(),
            1,
            "without a number, 256 are many"
        );
    }

    #[test]
    fn rc_36_it_holds_until_it_is_reset_or_its_pause_is_over() {
        let mut latched = made(Some(0), None, None);
        assert!(!latched.holds(Nanos(0)) && latched.on_fill(Nanos(5), Lots(1)));
        assert!(latched.holds(Nanos(i64::MAX)));
        latched.reset();
        assert!(!latched.holds(Nanos(5)));
        let mut paused = made(Some(0), None, Some(50));
        paused.on_fill(Nanos(5), Lots(1));
        assert!(paused.holds(Nanos(54)) && !paused.holds(Nanos(55)));
        assert!(paused.on_fill(Nanos(60), Lots(1)), "and begins again");
    }

    #[test]
    fn rc_36_what_is_off_never_pulls() {
        assert_eq!(seen(made(None, None, None), &[(0, 1_000); 300]), ".".repeat(300));
        let mut no_window = Protection::default();
        no_window.limit(&ProtectionLimits { fills: Some(0), ..ProtectionLimits::default() });
        assert!(!no_window.on_fill(Nanos(0), Lots(1)));
    }
}
