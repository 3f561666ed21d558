//! How far the recorder's clock is from the venue's, and how fast they part: estimated from a recording's two times,
//! never believed from one of them.
//!
//! ```text
//!  receive time       .    .                      .
//!  less venue time  .   .     . .   .  .    .   .    .
//!                     .    .      .    . .    .    . .
//!                   ──o─────────o───────────o────────o──  the line below all points: skew + fastest journey
//! ```
//!
//! The line is the one of Moon, Skelly and Towsley (INFOCOM 1999, "Estimation and removal of clock skew from network
//! delay measurements"): below every point, and as near to them as can be. That linear program is solved by the edge
//! of the lower convex hull over the mean time (Zhang, Liu and Xia, INFOCOM 2002). Robust, because a message can be
//! late for many reasons and early for none: only an impossible time could pull it down, and such are set aside.
//!
//! Points are the least of windows of equal numbers of messages, least above the trend so far, so that a day takes no
//! more memory than a minute. Uncertainties are those of random groups of windows. **Skew and the fastest journey cannot be told
//! apart** by one-way times: the skew is what is left when the fastest message took no time at all.
//!
//! Cost of a message: some subtractions, a multiplication, a compare.

use serde::{Deserialize, Serialize};
use types::Nanos;

/// Windows kept; when there are more, neighbours become one. The first ones hold one message each.
const WINDOWS_MAX: usize = 8_192;
/// Groups that tell the uncertainty.
const GROUPS: usize = 8;
/// Fewer windows, or a shorter span, tell nothing of drift.
const DRIFT_WINDOWS_MIN: usize = 4 * GROUPS;
const DRIFT_SPAN_MIN: f64 = 10e9;
/// No computer's clock drifts more: crystals are within 200 parts in a million, and NTP slews by at most 500.
const DRIFT_MAX: f64 = 500e-6;
/// A window's least this many deviations below the others is no early message but a wrong time.
const IMPLAUSIBLE_DEVIATIONS: f64 = 30.0;
/// Deviations count as this much at least: times in milliseconds have none.
const DEVIATION_MIN: f64 = 1e6;

/// The recorder's clock against the venue's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockSkew {
    /// The mean receive time, at which `offset` holds.
    pub at: Nanos,
    /// Receive time less venue time of the fastest messages: negative when the recorder's clock is behind.
    pub offset: Nanos,
    /// One standard error of it; `None` when the recording is too short to tell.
    pub offset_error: Option<Nanos>,
    /// How fast the recorder's clock runs away from the venue's, in parts in a million; `None` when the recording is
    /// too short to tell.
    pub drift: Option<Drift>,
    /// Windows whose least was impossible and was set aside.
    pub implausible: u64,
}

/// A rate with its uncertainty, in parts in a million.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The rate.
    pub ppm: f64,
    /// One standard error of it.
    pub error_ppm: f64,
}

impl Drift {
    /// Whether it is there at all: more than two standard errors from none.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        self.ppm.abs() > 2.0 * self.error_ppm
    }
}

impl ClockSkew {
    /// What receive time less venue time would be at this moment if the journey took no time.
    #[must_use]
    pub fn least_at(&self, received_at: Nanos) -> Nanos {
        let Some(drift) = self.drift.filter(Drift::is_significant) else {
            return self.offset;
        };
        self.offset + Nanos(whole(drift.ppm * 1e-6 * float((received_at - self.at).0)))
    }
}

/// What the messages of one recording showed so far.
#[derive(Clone, Debug)]
pub struct Clocks {
    first_at: Option<Nanos>,
    windows: Vec<Point>,
    /// The least of the window that is filling, and how many messages it has.
    least: Option<Point>,
    filling: u32,
    window_messages: u32,
    /// The drift so far: without it, the least of a window would be the one at its lower end.
    trend: f64,
    differ: bool,
    negative: u64,
}

/// Nanoseconds since the first message was received, and the receive time less the venue's.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    at: i64,
    apart: i64,
}

impl Point {
    /// The one that lies lower above a line of this slope; the first of equals.
    #[inline]
    fn lower(self, other: Self, slope: f64) -> Self {
        let rise = slope * float(other.at - self.at);
        if float(other.apart - self.apart) < rise { other } else { self }
    }
}

/// `apart = level + slope * (at - mean)`
#[derive(Clone, Copy, Debug)]
struct Line {
    level: f64,
    slope: f64,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            first_at: None,
            windows: Vec::new(),
            least: None,
            filling: 0,
            window_messages: 1,
            trend: 0.0,
            differ: false,
            negative: 0,
        }
    }
}

impl Clocks {
    /// Takes the two times of a message.
    #[inline]
    pub fn note(&mut self, received_at: Nanos, venue_at: Nanos) {
        let first_at = *self.first_at.get_or_insert(received_at);
        let point = Point { at: (received_at - first_at).0, apart: (received_at - venue_at).0 };
        self.differ |= point.apart != 0;
        self.negative += u64::from(point.apart < 0);
        self.least = Some(self.least.map_or(point, |least| least.lower(point, self.trend)));
        self.filling += 1;
        if self.filling == self.window_messages {
            self.close();
        }
    }

    /// Messages that were received before they were sent, by these clocks.
    #[must_use]
    pub const fn negative(&self) -> u64 {
        self.negative
    }

    fn close(&mut self) {
        self.windows.extend(self.least.take());
        self.filling = 0;
        if self.windows.len() == WINDOWS_MAX && self.window_messages < u32::MAX / 2 {
            self.window_messages *= 2;
            let (points, _) = plausible(self.windows.clone());
            let trend = edge(&points, mean_at(&points)).slope;
            self.trend = if trend.abs() <= DRIFT_MAX { trend } else { 0.0 };
            let halves = self.windows.len() / 2;
            for half in 0..halves {
                self.windows[half] = self.windows[2 * half].lower(self.windows[2 * half + 1], self.trend);
            }
            self.windows.truncate(halves);
        }
    }

    /// The estimate; `None` without messages, or when both times are always the same: then there is one clock.
    #[must_use]
    pub fn skew(mut self) -> Option<ClockSkew> {
        self.close();
        let first_at = self.first_at.filter(|_| self.differ)?;
        let (points, implausible) = plausible(self.windows);
        let mean = mean_at(&points);
        let span =
            float(points.iter().map(|point| point.at).max()?) - float(points.iter().map(|p| p.at).min()?);
        let tilted = |points: &[Point]| edge(points, mean);
        let tells_drift = points.len() >= DRIFT_WINDOWS_MIN && span >= DRIFT_SPAN_MIN;
        let line = tells_drift.then(|| tilted(&points)).filter(|line| line.slope.abs() <= DRIFT_MAX);
        let drift = line.and_then(|line| {
            let error = random_groups(&points, |points| tilted(points).slope)?;
            Some(Drift { ppm: line.slope * 1e6, error_ppm: error * 1e6 })
        });
        let level = |points: &[Point]| match drift.filter(Drift::is_significant) {
            Some(_) => tilted(points).level,
            None => flat(points).level,
        };
        Some(ClockSkew {
            at: first_at + Nanos(whole(mean)),
            offset: Nanos(whole(level(&points).floor())),
            offset_error: random_groups(&points, level).map(|error| Nanos(whole(error.ceil()))),
            drift,
            implausible,
        })
    }
}

/// The points by time, without those that no early message explains.
fn plausible(mut points: Vec<Point>) -> (Vec<Point>, u64) {
    points.sort_by_key(|point| point.at);
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let median = middle(points.iter().map(|point| float(point.apart)).collect());
    let deviation = middle(points.iter().map(|point| (float(point.apart) - median).abs()).collect());
    let floor = median - IMPLAUSIBLE_DEVIATIONS * deviation.max(DEVIATION_MIN);
    let before = points.len();
    points.retain(|point| float(point.apart) >= floor);
    let implausible = before - points.len();
    (points, implausible as u64)
}

fn mean_at(points: &[Point]) -> f64 {
    points.iter().map(|point| float(point.at)).sum::<f64>() / count(points.len())
}

/// The level line below all points.
fn flat(points: &[Point]) -> Line {
    let least = points.iter().map(|point| point.apart).min().unwrap_or(0);
    Line { level: float(least), slope: 0.0 }
}

/// The edge of the lower convex hull over `mean` (Andrew's monotone chain; points are sorted by time).
fn edge(points: &[Point], mean: f64) -> Line {
    let mut hull: Vec<Point> = Vec::new();
    for &point in points {
        while let [.., before, last] = hull[..]
            && !turns_up(before, last, point)
        {
            hull.pop();
        }
        // Of two points at one time the lower one counts.
        match hull.last() {
            Some(last) if last.at == point.at && last.apart <= point.apart => {}
            Some(last) if last.at == point.at => *hull.last_mut().expect("it was there just now") = point,
            _ => hull.push(point),
        }
    }
    let over = hull.windows(2).find(|pair| float(pair[1].at) >= mean);
    let Some([from, to]) = over else {
        return flat(points);
    };
    let slope = float(to.apart - from.apart) / float(to.at - from.at);
    Line { level: float(from.apart) + slope * (mean - float(from.at)), slope }
}

/// Whether `middle` lies below the line from `from` to `to`.
fn turns_up(from: Point, middle: Point, to: Point) -> bool {
    let wide =
        |a: i64, b: i64, c: i64, d: i64| (i128::from(a) - i128::from(b)) * (i128::from(c) - i128::from(d));
    wide(middle.at, from.at, to.apart, from.apart) > wide(to.at, from.at, middle.apart, from.apart)
}

/// The standard error of an estimate, by the random group method (Wolter 2007, "Introduction to Variance
/// Estimation", section 2.4.1): how far the estimates of interleaved groups lie from that of all. Errs on the safe
/// side, for a least of many nears the truth faster than a mean does. `None` when there are too few points.
fn random_groups(points: &[Point], estimate: impl Fn(&[Point]) -> f64) -> Option<f64> {
    if points.len() < 4 * GROUPS {
        return None;
    }
    let all = estimate(points);
    let of = |group: usize| -> Vec<Point> { points.iter().skip(group).step_by(GROUPS).copied().collect() };
    let squares: f64 = (0..GROUPS).map(|group| (estimate(&of(group)) - all).powi(2)).sum();
    Some((squares / count(GROUPS * (GROUPS - 1))).sqrt())
}

#[expect(clippy::cast_precision_loss, reason = "spans of days and differences of clocks, in estimates")]
const fn float(nanos: i64) -> f64 {
    nanos as f64
}

#[expect(clippy::cast_precision_loss, reason = "at most some thousand windows")]
const fn count(of: usize) -> f64 {
    of as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and nothing near is a clock's difference")]
const fn whole(nanos: f64) -> i64 {
    nanos as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    /// A recording of made clocks.
    struct Made {
        seconds: i64,
        per_second: i64,
        offset_ms: f64,
        ppm: f64,
        /// The mean of what a message takes beyond the fastest one, which takes nothing.
        queue_us: f64,
        /// The venue's times are cut to this.
        cut_ns: i64,
    }

    const MADE: Made =
        Made { seconds: 360, per_second: 40, offset_ms: -1_270.0, ppm: -6.0, queue_us: 500.0, cut_ns: 1 };

    impl Made {
        fn clocks(&self, seed: u64) -> Clocks {
            let mut prng = Prng::new(seed);
            let mut clocks = Clocks::default();
            let start = 1_723_161_253_000_000_000;
            for number in 0..self.seconds * self.per_second {
                let sent = start + number * 1_000_000_000 / self.per_second;
                let chance = (float(prng.between(1, 1 << 52)) / float(1 << 52)).ln();
                let took = -chance * self.queue_us * 1e3;
                let skew = self.offset_ms * 1e6 + self.ppm * 1e-6 * float(sent - start);
                let received_at = sent + whole(skew + took);
                clocks.note(Nanos(received_at), Nanos(sent / self.cut_ns * self.cut_ns));
            }
            clocks
        }

        /// The true skew at a receive time, in nanoseconds.
        fn truth(&self, received_at: Nanos) -> f64 {
            // A double of today's nanoseconds is 256 ns coarse: differences first.
            let since = float(received_at.0 - 1_723_161_253_000_000_000) - self.offset_ms * 1e6;
            self.offset_ms * 1e6 + self.rate() * 1e-6 * since
        }

        /// The drift by the recorder's clock; `ppm` is by the venue's.
        fn rate(&self) -> f64 {
            self.ppm / (1.0 + self.ppm * 1e-6)
        }
    }

    #[test]
    fn known_clocks_are_found_within_their_uncertainty() {
        let cases = [
            MADE,
            Made { ppm: 40.0, offset_ms: 3.0, ..MADE },
            Made { ppm: 0.0, offset_ms: 0.0, ..MADE },
            Made { cut_ns: 1_000_000, ..MADE },
            Made { seconds: 36_000, per_second: 4, ..MADE },
            Made { queue_us: 20_000.0, ..MADE },
        ];
        for (case, made) in cases.iter().enumerate() {
            let (mut offsets, mut drifts) = (0, 0);
            const SEEDS: u64 = 40;
            for seed in 0..SEEDS {
                let skew = made.clocks(seed).skew().expect("two clocks");
                let drift = skew.drift.expect("long enough");
                let miss = float(skew.offset.0) - made.truth(skew.at);
                let error = float(skew.offset_error.expect("long enough").0);
                offsets += u64::from(miss.abs() <= 2.0 * error);
                drifts += u64::from((drift.ppm - made.rate()).abs() <= 2.0 * drift.error_ppm);
                // An uncertainty that covers everything says nothing: a twentieth of the mean queue at most.
                assert!(error < made.queue_us * 1e3 / 20.0, "case {case}, seed {seed}: {skew:?}");
                // A tenth of the mean queue, and the drift that this makes over the recording.
                assert!(miss.abs() < made.queue_us * 1e3 / 10.0, "case {case}, seed {seed}: {miss} {skew:?}");
                let fine = made.queue_us * 1e-6 / 5.0 / (made.seconds as f64) * 1e6;
                assert!((drift.ppm - made.ppm).abs() < fine, "case {case}, seed {seed}: {drift:?}");
            }
            println!("case {case}: offset within 2 errors {offsets} of {SEEDS}, drift {drifts} of {SEEDS}");
            assert!(
                offsets * 20 >= SEEDS * 19 && drifts * 20 >= SEEDS * 19,
                "case {case}: {offsets} {drifts}"
            );
        }
    }

    #[test]
    fn the_line_follows_the_drift_only_where_there_is_one() {
        let skew = MADE.clocks(1).skew().expect("two clocks");
        let later = Nanos(skew.at.0 + 100_000_000_000);
        let moved = float((skew.least_at(later) - skew.offset).0);
        // 6 parts in a million of 100 s.
        assert!((moved + 600_000.0).abs() < 60_000.0, "{moved}");
        let still = Made { ppm: 0.0, ..MADE }.clocks(2).skew().expect("two clocks");
        assert!(!still.drift.expect("long enough").is_significant(), "{still:?}");
        assert_eq!(still.least_at(later), still.offset);
    }

    #[test]
    fn an_impossible_time_is_set_aside_and_counted() {
        let mut clocks = MADE.clocks(3);
        let before = clocks.clone().skew().expect("two clocks");
        let end = Nanos(1_723_161_253_000_000_000 + 360_000_000_000);
        clocks.note(end, end + Nanos::from_secs(3_600));
        let after = clocks.skew().expect("two clocks");
        assert_eq!((before.implausible, after.implausible), (0, 1));
        assert!((after.offset - before.offset).0.abs() < 20_000, "{before:?} {after:?}");
    }

    #[test]
    fn one_clock_is_no_skew_and_a_short_recording_no_drift() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.clone().skew(), None);
        (0..1_000).for_each(|at| clocks.note(Nanos(at), Nanos(at)));
        assert_eq!(clocks.skew(), None);
        let short = Made { seconds: 5, ..MADE }.clocks(4);
        assert_eq!(short.negative(), 200);
        let skew = short.skew().expect("two clocks");
        assert_eq!(skew.drift, None);
        let mut one = Clocks::default();
        one.note(Nanos(5), Nanos(7));
        let expected =
            ClockSkew { at: Nanos(5), offset: Nanos(-2), offset_error: None, drift: None, implausible: 0 };
        assert_eq!(one.skew(), Some(expected));
    }

    #[test]
    fn the_edge_lies_below_all_points_and_over_the_mean() {
        let mut prng = Prng::new(7);
        for _ in 0..200 {
            let points: Vec<Point> = {
                let mut points: Vec<Point> = (0..prng.between(2, 60))
                    .map(|_| Point { at: prng.between(0, 50), apart: prng.between(-1_000, 1_000) })
                    .collect();
                points.sort_by_key(|point| point.at);
                points
            };
            let mean = mean_at(&points);
            let line = edge(&points, mean);
            let above = |at: f64, apart: f64, line: Line| apart - line.level - line.slope * (at - mean);
            let below = |line: Line| points.iter().any(|p| above(float(p.at), float(p.apart), line) < -1e-6);
            assert!(!below(line), "{points:?} {line:?}");
            // Obviously: of all lines through two points with none below, the highest over the mean.
            for (one, other) in points.iter().flat_map(|one| points.iter().map(move |other| (one, other))) {
                if one.at >= other.at {
                    continue;
                }
                let slope = float(other.apart - one.apart) / float(other.at - one.at);
                let rival = Line { level: float(one.apart) + slope * (mean - float(one.at)), slope };
                assert!(below(rival) || rival.level <= line.level + 1e-6, "{rival:?} beats {line:?}");
            }
        }
    }

    #[test]
    fn windows_stay_bounded() {
        let mut clocks = Clocks::default();
        for at in 0..2_000_000 {
            clocks.note(Nanos(at * 1_000), Nanos(at * 1_000 - 5 - at % 97));
        }
        assert!(clocks.windows.len() < WINDOWS_MAX);
        assert_eq!(clocks.skew().map(|skew| skew.offset), Some(Nanos(5)));
    }
}
