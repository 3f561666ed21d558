//! A small writer of charts as SVG text: axes with round ticks, lines, steps, areas, bands, bars, markers.
//!
//! Knows shapes and classes, never colours: the page's style sheet gives those, so that a chart follows light and
//! dark. Everything written as text is escaped. Coordinates are rounded to a tenth of a unit; the same numbers
//! give the same bytes.

use crate::number;
use std::fmt::Write;
use stdx::math;
use types::Nanos;

/// Escapes text for HTML and SVG, in content and in quoted attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in XML 1.0, and invisible anyway.
            c if c.is_control() && !matches!(c, '\n' | '\t') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

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
        Self {
            low,
            high,
            is_log: false,
        }
    }

    /// Equal steps for equal ratios; both ends above zero.
    #[must_use]
    pub fn log(low: f64, high: f64) -> Self {
        let low = if low.is_finite() { low.max(1e-12) } else { 1.0 };
        let high = if high.is_finite() { high.max(low * 1.01) } else { low * 10.0 };
        Self {
            low,
            high,
            is_log: true,
        }
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

/// Round moments within a session, at most about `wanted`, labelled in UTC.
#[must_use]
pub fn time_ticks(from: Nanos, to: Nanos, wanted: i64) -> Vec<(Nanos, String)> {
    let range = (to - from).0.max(1);
    let fits = |step: &&i64| range / **step <= wanted;
    let step = TIME_STEPS.iter().find(fits).copied().unwrap_or(TIME_STEPS[TIME_STEPS.len() - 1]);
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

/// Where the plot lies within the picture, in units of the picture.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Of the picture.
    pub width: f64,
    /// Of the picture.
    pub height: f64,
    /// For the value labels.
    pub left: f64,
    /// Free.
    pub right: f64,
    /// For the value axis' name.
    pub top: f64,
    /// For the labels of the horizontal axis.
    pub bottom: f64,
}

/// A chart being written.
#[derive(Clone, Debug)]
pub struct Chart {
    text: String,
    frame: Frame,
    x: Axis,
    y: Axis,
}

impl Chart {
    /// Starts a chart. `id` names it for the script, `title` and `about` for who cannot see it.
    #[must_use]
    pub fn new(id: &str, title: &str, about: &str, frame: Frame, x: Axis, y: Axis) -> Self {
        let mut chart = Self {
            text: String::with_capacity(16_384),
            frame,
            x,
            y,
        };
        let (id, title, about) = (escape(id), escape(title), escape(about));
        let Frame { width, height, .. } = frame;
        chart.put(format_args!(
            "<svg id=\"{id}\" class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{about}</desc>"
        ));
        let (left, top) = (frame.left, frame.top);
        let (w, h) = (chart.plot_width(), chart.plot_height());
        chart.put(format_args!(
            "<clipPath id=\"{id}-c\"><rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{:.1}\"/></clipPath>",
            top - 6.0,
            h + 12.0
        ));
        chart
    }

    // Writing into a String cannot fail.
    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        self.text.write_fmt(what).expect("a String takes everything");
    }

    fn plot_width(&self) -> f64 {
        self.frame.width - self.frame.left - self.frame.right
    }

    fn plot_height(&self) -> f64 {
        self.frame.height - self.frame.top - self.frame.bottom
    }

    fn x(&self, value: f64) -> f64 {
        self.frame.left + self.x.share(value) * self.plot_width()
    }

    fn y(&self, value: f64) -> f64 {
        self.frame.top + (1.0 - self.y.share(value)) * self.plot_height()
    }

    fn floor(&self) -> f64 {
        self.frame.height - self.frame.bottom
    }

    /// The value axis: lines across, labels at the left, its name (with the unit) on top.
    pub fn y_axis(&mut self, name: &str, ticks: &[(f64, String)]) {
        let (left, right) = (self.frame.left, self.frame.width - self.frame.right);
        self.put(format_args!("<g class=\"gy\">"));
        for (value, label) in ticks {
            let y = self.y(*value);
            let class = if *value == 0.0 { "zero" } else { "grid" };
            self.put(format_args!(
                "<line class=\"{class}\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"ty\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                left - 8.0,
                y + 3.8,
                escape(label)
            ));
        }
        let top = self.frame.top - 12.0;
        self.put(format_args!("</g><text class=\"name\" x=\"0\" y=\"{top:.1}\">{}</text>", escape(name)));
    }

    /// The horizontal axis: short strokes, labels below, its name (with the unit) at the lower right end.
    pub fn x_axis(&mut self, name: &str, ticks: &[(f64, String)]) {
        let floor = self.floor();
        let (left, right) = (self.frame.left, self.frame.width - self.frame.right);
        self.put(format_args!(
            "<line class=\"axis\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{floor:.1}\" y2=\"{floor:.1}\"/><g class=\"gx\">"
        ));
        for (value, label) in ticks {
            let x = self.x(*value);
            self.put(format_args!(
                "<line class=\"axis\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{floor:.1}\" y2=\"{:.1}\"/>\
                 <text class=\"tx\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                floor + 4.0,
                floor + 17.0,
                escape(label)
            ));
        }
        self.put(format_args!("</g>"));
        if !name.is_empty() {
            self.put(format_args!(
                "<text class=\"name end\" x=\"{right:.1}\" y=\"{:.1}\">{}</text>",
                floor + 33.0,
                escape(name)
            ));
        }
    }

    /// What the horizontal axis counts, in front of its labels.
    pub fn x_unit(&mut self, name: &str) {
        let (x, y) = (self.frame.left - 8.0, self.floor() + 17.0);
        self.put(format_args!("<text class=\"ty\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(name)));
    }

    /// What follows is cut off at the plot's edge, until [`close_clip`](Self::close_clip).
    pub fn open_clip(&mut self, id: &str) {
        self.put(format_args!("<g clip-path=\"url(#{}-c)\">", escape(id)));
    }

    /// See [`open_clip`](Self::open_clip).
    pub fn close_clip(&mut self) {
        self.put(format_args!("</g>"));
    }

    /// Straight from point to point.
    pub fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        self.put(format_args!("<path class=\"line {class}\" d=\""));
        for (at, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.x(*x), self.y(*y));
            self.put(format_args!("{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' }));
        }
        self.put(format_args!("\"/>"));
    }

    /// A value that holds until the next point, and at last until `end`.
    pub fn step(&mut self, class: &str, points: &[(f64, f64)], end: f64) {
        self.put(format_args!("<path class=\"line {class}\" d=\""));
        self.stairs(points, end, 'M');
        self.put(format_args!("\"/>"));
    }

    /// Like [`step`](Self::step), filled down or up to `base`.
    pub fn area(&mut self, class: &str, points: &[(f64, f64)], end: f64, base: f64) {
        let Some(first) = points.first() else { return };
        let base = self.y(base);
        let (start, end_x) = (self.x(first.0), self.x(end));
        self.put(format_args!("<path class=\"area {class}\" d=\"M{start:.1} {base:.1}"));
        self.stairs(points, end, 'L');
        self.put(format_args!("L{end_x:.1} {base:.1}Z\"/>"));
    }

    fn stairs(&mut self, points: &[(f64, f64)], end: f64, first: char) {
        for (at, (x, y)) in points.iter().enumerate() {
            let (x, y) = (self.x(*x), self.y(*y));
            if at == 0 {
                self.put(format_args!("{first}{x:.1} {y:.1}"));
            } else {
                self.put(format_args!("H{x:.1}V{y:.1}"));
            }
        }
        if !points.is_empty() {
            let end = self.x(end);
            self.put(format_args!("H{end:.1}"));
        }
    }

    /// The area between a low and a high at each point: `(x, low, high)`.
    pub fn band(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        self.put(format_args!("<path class=\"band {class}\" d=\""));
        let there = points.iter().map(|p| (p.0, p.2));
        let back = points.iter().rev().map(|p| (p.0, p.1));
        for (at, (x, y)) in there.chain(back).enumerate() {
            let (x, y) = (self.x(x), self.y(y));
            self.put(format_args!("{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' }));
        }
        self.put(format_args!("Z\"/>"));
    }

    /// A triangle below the place, pointing up at it (bought), or above, pointing down (sold), with a note.
    pub fn triangle(&mut self, class: &str, at: (f64, f64), size: f64, up: bool, note: &str) {
        let (x, y) = (self.x(at.0), self.y(at.1));
        let (tip, foot) = if up { (y + 1.0, y + 1.0 + size * 1.7) } else { (y - 1.0, y - 1.0 - size * 1.7) };
        self.put(format_args!(
            "<path class=\"mark {class}\" d=\"M{x:.1} {tip:.1}L{:.1} {foot:.1}H{:.1}Z\"><title>{}</title></path>",
            x + size * 0.9,
            x - size * 0.9,
            escape(note)
        ));
    }

    /// A dot with whiskers from `low` to `high`, and a note.
    pub fn dot(&mut self, class: &str, at: (f64, f64), whiskers: Option<(f64, f64)>, note: &str) {
        let (x, y) = (self.x(at.0), self.y(at.1));
        self.put(format_args!("<g class=\"point {class}\"><title>{}</title>", escape(note)));
        if let Some((low, high)) = whiskers {
            let (low, high) = (self.y(low), self.y(high));
            self.put(format_args!(
                "<path class=\"whisker\" d=\"M{x:.1} {low:.1}V{high:.1}M{:.1} {low:.1}H{:.1}M{:.1} {high:.1}H{:.1}\"/>",
                x - 4.0,
                x + 4.0,
                x - 4.0,
                x + 4.0
            ));
        }
        self.put(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.6\"/></g>"));
    }

    /// A bar between two places on the horizontal axis and two values, with a note.
    pub fn bar(&mut self, class: &str, x: (f64, f64), y: (f64, f64), note: &str) {
        let (left, right) = (self.x(x.0), self.x(x.1));
        let (a, b) = (self.y(y.0), self.y(y.1));
        let (top, height) = (a.min(b), (a - b).abs().max(0.8));
        // A hair of air between neighbours, none where bars are thinner than that.
        let air = if right - left > 4.0 { 0.6 } else { 0.0 };
        self.put(format_args!(
            "<rect class=\"bar {class}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\">\
             <title>{}</title></rect>",
            left + air,
            (right - left - 2.0 * air).max(0.6),
            escape(note)
        ));
    }

    /// A line down the whole plot at `x`, with a label on top: left of it or right of it.
    pub fn rule(&mut self, class: &str, x: f64, label: &str, left: bool) {
        let (x, top, floor) = (self.x(x), self.frame.top, self.floor());
        let (anchor, shift) = if left { ("end", -4.0) } else { ("start", 4.0) };
        self.put(format_args!(
            "<line class=\"rule {class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.1}\" y2=\"{floor:.1}\"/>\
             <text class=\"note\" text-anchor=\"{anchor}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + shift,
            top + 10.0,
            escape(label)
        ));
    }

    /// Text at a place, `shift` units lower (or, below zero, higher).
    pub fn note(&mut self, class: &str, at: (f64, f64), shift: f64, text: &str) {
        let (x, y) = (self.x(at.0), self.y(at.1) + shift);
        self.put(format_args!("<text class=\"note {class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(text)));
    }

    /// Where the plot lies, for the script: left, top, width, height.
    #[must_use]
    pub fn plot(&self) -> [f64; 4] {
        [self.frame.left, self.frame.top, self.plot_width(), self.plot_height()]
    }

    /// The finished text.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>");
        self.text
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
        for (low, high) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (1.0, -1.0), (1e300, 1e300), (0.0, 1e-300)] {
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
        assert_eq!(labels(3_600 * SECOND), ["14:30", "14:40", "14:50", "15:00", "15:10", "15:20", "15:30"].map(String::from));
        assert_eq!(labels(2 * SECOND), ["14:30:00.000", "14:30:00.500", "14:30:01.000", "14:30:01.500", "14:30:02.000"]);
        assert_eq!(labels(43_200 * SECOND), ["16:00", "18:00", "20:00", "22:00", "2026-01-06", "02:00"]);
        assert!(time_ticks(Nanos::MIN, Nanos::MAX, 6).len() <= 64);
    }

    #[test]
    fn text_from_data_cannot_leave_its_place() {
        let hostile = "</title><script>alert('x\"')</script>&\u{1}";
        let frame = Frame {
            width: 100.0,
            height: 50.0,
            left: 10.0,
            right: 5.0,
            top: 10.0,
            bottom: 10.0,
        };
        let mut chart = Chart::new(hostile, hostile, hostile, frame, Axis::linear(0.0, 1.0), Axis::linear(0.0, 1.0));
        chart.y_axis(hostile, &[(0.5, hostile.into())]);
        chart.x_axis(hostile, &[(0.5, hostile.into())]);
        chart.triangle("buy", (0.5, 0.5), 4.0, true, hostile);
        chart.dot("s1", (0.5, 0.5), Some((0.4, 0.6)), hostile);
        chart.bar("s1", (0.1, 0.2), (0.0, 1.0), hostile);
        chart.rule("s1", 0.5, hostile, true);
        chart.note("s1", (0.5, 0.5), 0.0, hostile);
        let text = chart.finish();
        assert!(!text.contains("<script") && !text.contains('\u{1}') && !text.contains("'x"));
        assert_eq!(text.matches("<svg").count(), 1);
    }

    #[test]
    fn shapes_stand_where_the_numbers_say() {
        let frame = Frame {
            width: 120.0,
            height: 110.0,
            left: 10.0,
            right: 10.0,
            top: 5.0,
            bottom: 5.0,
        };
        let axis = Axis::linear(0.0, 10.0);
        let mut chart = Chart::new("c", "t", "d", frame, axis, axis);
        chart.step("a", &[(0.0, 0.0), (5.0, 10.0)], 10.0);
        chart.line("b", &[(0.0, 10.0), (10.0, 0.0)]);
        chart.area("c", &[(0.0, 5.0)], 10.0, 0.0);
        chart.band("d", &[(0.0, 0.0, 10.0), (10.0, 5.0, 10.0)]);
        let text = chart.finish();
        for path in [
            "d=\"M10.0 105.0H60.0V5.0H110.0\"",
            "d=\"M10.0 5.0L110.0 105.0\"",
            "d=\"M10.0 105.0L10.0 55.0H110.0L110.0 105.0Z\"",
            "d=\"M10.0 5.0L110.0 5.0L110.0 55.0L10.0 105.0Z\"",
        ] {
            assert!(text.contains(path), "{path} in {text}");
        }
    }
}
