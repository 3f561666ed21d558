//! The touch's imbalance, averaged over time so that a flicker does not count. Never looks below the touch.
//!
//! Cost: one `exp` an event.

use crate::Touch;
use serde::{Deserialize, Serialize};
use stdx::math;
use types::Nanos;

/// The time-weighted exponential mean of [`Touch::imbalance`].
///
/// A value that stood for `Δ` seconds pulls the mean towards it by `1 - e^(-Δ / time constant)`, so events that
/// come in bursts weigh no more than the time they lasted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Imbalance {
    time_constant_s: f64,
    held: Option<(Nanos, f64)>,
    mean: Option<f64>,
}

impl Imbalance {
    /// With the time after which a value's weight has fallen to 1/e.
    ///
    /// # Panics
    /// When the time constant is not above zero.
    #[must_use]
    pub fn new(time_constant: Nanos) -> Self {
        assert!(time_constant.0 > 0, "a mean over no time");
        Self { time_constant_s: time_constant.to_secs_f64(), held: None, mean: None }
    }

    /// The touch is now this.
    pub fn on_touch(&mut self, now: Nanos, touch: &Touch) {
        self.settle(now);
        self.held = Some((now, touch.imbalance()));
    }

    /// The book cannot be trusted from here to the next touch; that time counts for nothing.
    pub fn on_interruption(&mut self, now: Nanos) {
        self.settle(now);
        self.held = None;
    }

    /// The mean over what has stood until the last event; `None` until a first value has stood for a while.
    #[inline]
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        self.mean
    }

    fn settle(&mut self, now: Nanos) {
        let Some((since, value)) = self.held else {
            return;
        };
        let stood_s = (now - since).to_secs_f64();
        if stood_s <= 0.0 {
            return;
        }
        let mean = self.mean.unwrap_or(value);
        self.mean = Some(mean - math::expm1(-stood_s / self.time_constant_s) * (value - mean));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Lots, Ticks};

    fn touch(bid_size: i64, ask_size: i64) -> Touch {
        Touch { bid: Ticks(1), bid_size: Lots(bid_size), ask: Ticks(2), ask_size: Lots(ask_size) }
    }

    #[test]
    fn a_value_counts_by_the_time_it_stood() {
        let mut mean = Imbalance::new(Nanos::from_secs(10));
        assert_eq!(mean.value(), None);
        mean.on_touch(Nanos::from_secs(0), &touch(3, 1)); // +0.5 for 5 s
        mean.on_touch(Nanos::from_secs(5), &touch(1, 3)); // -0.5 for 10 s
        // A flicker that lasted no time at all.
        mean.on_touch(Nanos::from_secs(15), &touch(1, 0));
        mean.on_touch(Nanos::from_secs(15), &touch(1, 3));
        // The first value sets the mean; then 0.5·e⁻¹ - 0.5·(1 - e⁻¹) = e⁻¹ - 0.5.
        let want = 0.367_879_441_171_442_33 - 0.5;
        assert!((mean.value().expect("stood") - want).abs() < 1e-15);
    }

    #[test]
    fn time_without_a_book_counts_for_nothing() {
        let (mut whole, mut broken) =
            (Imbalance::new(Nanos::from_secs(1)), Imbalance::new(Nanos::from_secs(1)));
        for mean in [&mut whole, &mut broken] {
            mean.on_touch(Nanos::from_secs(0), &touch(1, 0));
            mean.on_touch(Nanos::from_secs(1), &touch(0, 1));
        }
        whole.on_touch(Nanos::from_secs(2), &touch(1, 1));
        broken.on_interruption(Nanos::from_secs(2));
        broken.on_touch(Nanos::from_secs(1_000), &touch(1, 1));
        assert_eq!(whole.value().map(f64::to_bits), broken.value().map(f64::to_bits));
    }
}
