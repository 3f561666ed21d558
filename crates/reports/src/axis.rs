//! The axes of charts: where a value lies, and the round values worth a label.

use crate::number;
use stdx::math;
use types::Nanos;

/// From data to a share of the axis' length.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Axis {
    /// Equal steps for equal differences. An empty or broken range is widened until it is one.
    #[must_use]
    pub fn linear(low: f64, high: f64) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        let room = (low.abs() * 1e-6).max(0.5);
        let (low, high) = if low < high { (low, high) } else { (low - room, low + room) };
        Self { low, high, is_log: false }
    }

    /// Equal steps for equal ratios; both ends above zero.
    #[must_use]
    pub fn log(low: f64, high: f64) -> Self {
        let low = if low.is_finite() { low.max(1e-12) } else { 1.0 };
        let high = if high.is_finite() { high.max(low * 1.01) } else { low * 10.0 };
        Self { low, high, is_log: true }
    }

    /// A linear axis whose ends are round numbers around the values, with room for nothing at all.
    #[must_use]
    pub fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|v| v.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        let raw = Self::linear(low, high);
        let room = (raw.high - raw.low) * 0.06;
        Self::linear(raw.low - room, raw.high + room)
    }

    /// 0 at the low end, 1 at the high end.
    #[must_use]
    pub fn share(&self, value: f64) -> f64 {
        if self.is_log {
            let (low, high) = (math::ln(self.low), math::ln(self.high));
            (math::ln(value.max(self.low * 1e-3)) - low) / (high - low)
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// Round values within the axis, about `wanted` of them, with their labels.
    #[must_use]
    pub fn ticks(&self, wanted: u32) -> Vec<(f64, String)> {
        let (step, decimals) = round_step(self.high - self.low, wanted);
        // A value beyond 2⁵³ steps from zero cannot be told from its neighbour.
        if !(self.low / step).is_finite() || (self.low / step).abs() > 9e15 {
            return Vec::new();
        }
        let first = math::ceil(self.low / step - 1e-9);
        (0..=2 * wanted)
            .map(|k| (first + f64::from(k)) * step)
            .take_while(|value| *value <= self.high + step * 1e-9)
            .map(|value| (value, label(value, decimals)))
            .collect()
    }
}

/// `-0` is zero, and a minus is wider than a hyphen.
fn label(value: f64, decimals: usize) -> String {
    let text = number::grouped(&format!("{value:.decimals$}"));
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.' | ',')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

/// 1, 2 or 5 times a power of ten, so that `range` has about `wanted` of them; and the decimals to show it.
fn round_step(range: f64, wanted: u32) -> (f64, usize) {
    let raw = range.min(1e300) / f64::from(wanted.max(1));
    let (mut power, mut decimals) = (1.0, 0_usize);
    while power * 10.0 <= raw {
        power *= 10.0;
    }
    while power > raw && decimals < 15 {
        decimals += 1;
        // Divided afresh: repeated division by ten would gather error.
        power = 1.0 / (0..decimals).fold(1.0, |p, _| p * 10.0);
    }
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= raw * 0.999).unwrap_or(10.0);
    // Ten times a power needs one decimal less.
    (step * power, if step >= 10.0 { decimals.saturating_sub(1) } else { decimals })
}

const SECOND: i64 = 1_000_000_000;
/// From a microsecond to a week: steps people count time in.
const TIME_STEPS: [i64; 34] = [
    1_000,
    10_000,
    100_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    120 * SECOND,
    300 * SECOND,
    600 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    7_200 * SECOND,
    10_800 * SECOND,
    21_600 * SECOND,
    43_200 * SECOND,
    86_400 * SECOND,
    2 * 86_400 * SECOND,
    7 * 86_400 * SECOND,
    14 * 86_400 * SECOND,
    30 * 86_400 * SECOND,
    90 * 86_400 * SECOND,
    365 * 86_400 * SECOND,
];

/// A round span of which at most about `wanted` make `range`.
#[must_use]
pub fn time_step(range: Nanos, wanted: i64) -> i64 {
    let fits = |step: &&i64| range.0.max(1) / **step <= wanted;
    TIME_STEPS.iter().find(fits).copied().unwrap_or(TIME_STEPS[TIME_STEPS.len() - 1])
}

/// Round moments within a session, at most about `wanted`, labelled in UTC.
#[must_use]
pub fn time_ticks(from: Nanos, to: Nanos, wanted: i64) -> Vec<(Nanos, String)> {
    let step = time_step(to - from, wanted);
    let first = from.0.div_euclid(step) + i64::from(from.0.rem_euclid(step) != 0);
    let last = to.0.div_euclid(step);
    (first..=last)
        .take(64)
        .filter_map(|k| k.checked_mul(step))
        .map(|at| (Nanos(at), time_label(Nanos(at), step)))
        .collect()
}

fn time_label(at: Nanos, step: i64) -> String {
    let utc = number::Utc::of(at);
    if step >= 86_400 * SECOND || (utc.hour == 0 && utc.minute == 0 && utc.second == 0 && utc.nanos == 0) {
        return utc.date();
    }
    match step {
        _ if step >= 60 * SECOND => format!("{:02}:{:02}", utc.hour, utc.minute),
        _ if step >= SECOND => utc.time(),
        _ if step >= 1_000_000 => format!("{}.{:03}", utc.time(), utc.nanos / 1_000_000),
        _ => format!("{}.{:06}", utc.time(), utc.nanos / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_lie_within() {
        let cases: [(f64, f64, &str); 7] = [
            (0.0, 10.0, "0 2 4 6 8 10"),
            (-3.0, 3.0, "\u{2212}2 0 2"),
            (0.0, 0.3, "0.0 0.1 0.2 0.3"),
            (61_837.1, 61_842.9, "61,838 61,840 61,842"),
            (-1e6, 2.5e6, "\u{2212}1,000,000 0 1,000,000 2,000,000"),
            (0.000_012, 0.000_019, "0.000012 0.000014 0.000016 0.000018"),
            (5.0, 5.0, "4.6 4.8 5.0 5.2 5.4"),
        ];
        for (low, high, expected) in cases {
            let axis = Axis::linear(low, high);
            let labels: Vec<String> = axis.ticks(5).into_iter().map(|t| t.1).collect();
            assert_eq!(labels.join(" "), expected, "{low} to {high}");
        }
    }

    #[test]
    fn broken_ranges_still_make_an_axis() {
        for (low, high) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (1.0, -1.0), (1e300, 1e300), (0.0, 1e-300)]
        {
            let axis = Axis::linear(low, high);
            assert!(axis.ticks(5).len() <= 11);
            assert!(axis.share(low.clamp(-1e308, 1e308)).is_finite() || low.is_nan());
        }
        assert!(Axis::around([]).share(0.5).is_finite());
    }

    #[test]
    fn moments_get_the_label_their_distance_deserves() {
        let start = Nanos::from_secs(1_767_623_400); // 2026-01-05 14:30 UTC
        let labels = |span: i64| -> Vec<String> {
            time_ticks(start, start + Nanos(span), 6).into_iter().map(|t| t.1).collect()
        };
        assert_eq!(
            labels(3_600 * SECOND),
            ["14:30", "14:40", "14:50", "15:00", "15:10", "15:20", "15:30"].map(String::from)
        );
        assert_eq!(
            labels(2 * SECOND),
            ["14:30:00.000", "14:30:00.500", "14:30:01.000", "14:30:01.500", "14:30:02.000"]
        );
        assert_eq!(labels(43_200 * SECOND), ["16:00", "18:00", "20:00", "22:00", "2026-01-06", "02:00"]);
        assert!(time_ticks(Nanos::MIN, Nanos::MAX, 6).len() <= 64);
    }
}
