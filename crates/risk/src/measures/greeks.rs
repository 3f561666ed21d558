//! Sensitivities of what an account holds, by what lies beneath (RC-21).
//!
//! Each instrument has its own for one lot: an option its delta, gamma and vega (`quant::options` has them), a future or a
//! share a delta alone. They are told, not worked out: a model behind the door would be a model in the door. Whole numbers,
//! in millionths of the unit that limits are written in.

use serde::{Deserialize, Serialize};

/// Of one lot, or of what is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensitivities {
    /// By the price beneath.
    pub delta: i128,
    /// Of delta by the price beneath.
    pub gamma: i128,
    /// By volatility.
    pub vega: i128,
}

impl Sensitivities {
    /// From estimates. `None` for what is no number or beyond 10¹².
    #[must_use]
    pub fn of(delta: f64, gamma: f64, vega: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "bounded just above the cast")]
        let millionths = |x: f64| (x.abs() <= 1e12).then(|| stdx::math::round(x * 1e6) as i128);
        Some(Self { delta: millionths(delta)?, gamma: millionths(gamma)?, vega: millionths(vega)? })
    }

    /// With so many lots of another.
    #[inline]
    #[must_use]
    pub const fn plus(self, lots: i128, other: Self) -> Self {
        const fn sum(own: i128, lots: i128, other: i128) -> i128 {
            own.saturating_add(lots.saturating_mul(other))
        }
        Self {
            delta: sum(self.delta, lots, other.delta),
            gamma: sum(self.gamma, lots, other.gamma),
            vega: sum(self.vega, lots, other.vega),
        }
    }

    /// Each with its name, for limits.
    #[inline]
    #[must_use]
    pub const fn named(&self) -> [(&'static str, i128); 3] {
        [("delta", self.delta), ("gamma", self.gamma), ("vega", self.vega)]
    }
}

/// What an instrument is sensitive to, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensitive {
    /// Which of the things beneath; numbered from 0.
    pub beneath: usize,
    /// Of one lot.
    pub of_a_lot: Sensitivities,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc_21_a_book_adds_up() {
        let call = Sensitivities::of(0.55, 0.02, 11.5).expect("numbers");
        let future = Sensitivities::of(1.0, 0.0, 0.0).expect("numbers");
        let book = Sensitivities::default().plus(100, call).plus(-55, future);
        assert_eq!(book.named(), [("delta", 0), ("gamma", 2_000_000), ("vega", 1_150_000_000)]);
        assert_eq!(book.plus(-100, call).plus(55, future), Sensitivities::default());
        for broken in [f64::NAN, f64::INFINITY, 1.1e12] {
            assert_eq!(Sensitivities::of(broken, 0.0, 0.0), None);
        }
        assert_eq!(book.plus(i128::MAX, future).delta, i128::MAX);
    }
}
