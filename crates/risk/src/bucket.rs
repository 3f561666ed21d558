//! A token bucket in exact integers: `burst` messages at once, `per_second` in the long run.
//!
//! Counts credit in nano-messages, so that no refill is ever rounded: a nanosecond at 7 a second is 7 credits,
//! a message costs 10⁹. Never refills when time steps back.

use serde::{Deserialize, Serialize};
use types::Nanos;

/// What one message costs.
const MESSAGE: u64 = 1_000_000_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bucket {
    per_second: u64,
    /// The burst, in credits: below 2³² × 10⁹, so it fits.
    room: u64,
    credit: u64,
    /// When `credit` was counted.
    at: Nanos,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let room = u64::from(burst) * MESSAGE;
        Self { per_second: u64::from(per_second), room, credit: room, at: Nanos::MIN }
    }

    /// Another rate and burst; credit stays as it is, up to the new burst.
    pub(crate) fn limit(&mut self, per_second: u32, burst: u32) {
        self.per_second = u64::from(per_second);
        self.room = u64::from(burst) * MESSAGE;
        self.credit = self.credit.min(self.room);
    }

    /// Whether a message may go at `now`.
    #[inline]
    pub(crate) fn has_room(&self, now: Nanos) -> bool {
        self.credit_at(now) >= MESSAGE
    }

    /// A message goes at `now`. One that goes without credit (a cancel) empties the bucket.
    #[inline]
    pub(crate) fn take(&mut self, now: Nanos) {
        self.credit = self.credit_at(now).saturating_sub(MESSAGE);
        self.at = self.at.max(now);
    }

    #[inline]
    fn credit_at(&self, now: Nanos) -> u64 {
        let elapsed = u64::try_from((now - self.at).0).unwrap_or(0);
        // Saturation is above every room, so it is exact after the `min`.
        elapsed.saturating_mul(self.per_second).saturating_add(self.credit).min(self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages pass when one is tried at each of `times`.
    fn passed(per_second: u32, burst: u32, times: &[i64]) -> String {
        let mut bucket = Bucket::new(per_second, burst);
        let mut seen = String::new();
        for &at in times {
            let passes = bucket.has_room(Nanos(at));
            if passes {
                bucket.take(Nanos(at));
            }
            seen.push(if passes { '.' } else { 'x' });
        }
        seen
    }

    #[test]
    fn a_burst_passes_then_the_rate_to_the_nanosecond() {
        const S: i64 = 1_000_000_000;
        let cases: [(u32, u32, &[i64], &str); 7] = [
            (1, 2, &[0, 0, 0], "..x"),
            (1, 1, &[0, S - 1, S], ".x."),
            (4, 1, &[0, S / 4 - 1, S / 4, S / 4], ".x.x"),
            (3, 1, &[0, S / 3, S / 3 + 1], ".x."), // a third of a second is not whole
            (1, 2, &[0, 0, 100 * S, 100 * S, 100 * S], "....x"), // credit stops at the burst
            (1, 1, &[10 * S, 5 * S, 10 * S, 11 * S], ".xx."), // time steps back: no gift
            (0, 0, &[0, 100 * S], "xx"),
        ];
        for (per_second, burst, times, expected) in cases {
            assert_eq!(passed(per_second, burst, times), expected, "{per_second} {burst} {times:?}");
        }
    }

    #[test]
    fn the_extremes_of_time_and_rate_do_not_overflow() {
        let times = [i64::MIN, i64::MIN + 1, 0, i64::MAX, i64::MAX];
        assert_eq!(passed(u32::MAX, u32::MAX, &times), ".....");
        assert_eq!(passed(u32::MAX, 1, &times), "....x");
        assert_eq!(passed(1, 1, &times), ".x..x");
    }

    #[test]
    fn no_window_of_time_holds_more_than_burst_and_rate_allow() {
        let seed = 41;
        let mut prng = stdx::Prng::new(seed);
        for _ in 0..20 {
            let per_second = u32::try_from(prng.between(1, 50)).expect("small");
            let burst = u32::try_from(prng.between(1, 20)).expect("small");
            let (mut bucket, mut now, mut sent) = (Bucket::new(per_second, burst), 0, Vec::new());
            for _ in 0..500 {
                now += prng.between(0, 60_000_000);
                if bucket.has_room(Nanos(now)) {
                    bucket.take(Nanos(now));
                    sent.push(now);
                }
            }
            for (first, &start) in sent.iter().enumerate() {
                for (last, &end) in sent.iter().enumerate().skip(first) {
                    let count = i128::try_from(last - first + 1).expect("small");
                    let credit =
                        i128::from(burst) * 1_000_000_000 + i128::from(end - start) * i128::from(per_second);
                    assert!(count * 1_000_000_000 <= credit, "seed {seed}");
                }
            }
        }
    }
}
