//! A small writer of charts as SVG text: axes with round ticks, lines, steps, areas, bands, bars, markers.
//!
//! Knows shapes and classes, never colours: the page's style sheet gives those, so that a chart follows light and
//! dark. Everything written as text is escaped. Coordinates are rounded to a tenth of a unit; the same numbers
//! give the same bytes.

use crate::axis::Axis;
use std::fmt::Write;

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
        let mut chart = Self { text: String::with_capacity(16_384), frame, x, y };
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
        let y = self.floor() + 17.0;
        self.put(format_args!("<text x=\"0\" y=\"{y:.1}\">{}</text>", escape(name)));
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

    /// Dots of one class, small, without whiskers: `(x, y, note)`.
    pub fn dots(&mut self, class: &str, points: &[(f64, f64, String)]) {
        self.put(format_args!("<g class=\"dots {class}\">"));
        for (x, y, note) in points {
            let (x, y) = (self.x(*x), self.y(*y));
            self.put(format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"><title>{}</title></circle>",
                escape(note)
            ));
        }
        self.put(format_args!("</g>"));
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
        self.put(format_args!(
            "<text class=\"note {class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escape(text)
        ));
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
    fn text_from_data_cannot_leave_its_place() {
        let hostile = "</title><script>alert('x\"')</script>&\u{1}";
        let frame = Frame { width: 100.0, height: 50.0, left: 10.0, right: 5.0, top: 10.0, bottom: 10.0 };
        let mut chart =
            Chart::new(hostile, hostile, hostile, frame, Axis::linear(0.0, 1.0), Axis::linear(0.0, 1.0));
        chart.y_axis(hostile, &[(0.5, hostile.into())]);
        chart.x_axis(hostile, &[(0.5, hostile.into())]);
        chart.triangle("buy", (0.5, 0.5), 4.0, true, hostile);
        chart.dot("s1", (0.5, 0.5), Some((0.4, 0.6)), hostile);
        chart.bar("s1", (0.1, 0.2), (0.0, 1.0), hostile);
        chart.rule("s1", 0.5, hostile, true);
        chart.note("s1", (0.5, 0.5), 0.0, hostile);
        chart.dots("s1", &[(0.5, 0.5, hostile.into())]);
        let text = chart.finish();
        assert!(!text.contains("<script") && !text.contains('\u{1}') && !text.contains("'x"));
        assert_eq!(text.matches("<svg").count(), 1);
    }

    #[test]
    fn shapes_stand_where_the_numbers_say() {
        let frame = Frame { width: 120.0, height: 110.0, left: 10.0, right: 10.0, top: 5.0, bottom: 5.0 };
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
