//! The page's pictures, drawn from a finished report.
//!
//! Colours are classes; what each class looks like is the style sheet's business. Charts over time also leave their
//! numbers for the page's script, which only adds a cross-hair and zoom: without it nothing is missing.

use crate::axis::{Axis, time_ticks};
use crate::markout::Estimate;
use crate::number;
use crate::report::{InstrumentReport, Mark, Report, Spans};
use crate::svg::{Chart, Frame};
use serde::Serialize;
use stdx::math;
use types::{Money, Nanos, Side};

pub(crate) const WIDE: f64 = 1_080.0;
pub(crate) const HALF: f64 = 520.0;

pub(crate) const fn frame(width: f64, height: f64, bottom: f64) -> Frame {
    Frame { width, height, left: 74.0, right: 14.0, top: 26.0, bottom }
}

/// Room for labels, and for a name below them.
pub(crate) const LABELS: f64 = 24.0;
pub(crate) const LABELS_AND_NAME: f64 = 40.0;

/// A chart over time: the picture, and what the script needs of it.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The picture.
    pub svg: String,
    /// For the script.
    pub data: PanelData,
}

/// A chart's numbers for the script; times in milliseconds since the session's start.
#[derive(Clone, Debug, Serialize)]
pub struct PanelData {
    id: String,
    name: String,
    unit: String,
    decimals: usize,
    /// Left, top, width, height of the plot.
    plot: [f64; 4],
    /// Whether zero stays in sight.
    zero: bool,
    /// Whether the area to zero is filled.
    filled: bool,
    t: Vec<f64>,
    v: Vec<f64>,
    /// Time, price, 1 bought or -1 sold, size, note.
    marks: Vec<(f64, f64, i8, f64, String)>,
}

impl PanelData {
    /// Whether fills are marked on it.
    #[must_use]
    pub const fn has_marks(&self) -> bool {
        !self.marks.is_empty()
    }
}

/// A panel before it is drawn.
struct Plan<'a> {
    id: String,
    title: &'a str,
    about: String,
    name: String,
    unit: String,
    class: &'a str,
    height: f64,
    points: Vec<(f64, f64)>,
    marks: &'a [Mark],
    zero: bool,
    filled: bool,
    decimals: usize,
}

impl Report {
    /// Net P&L, its drawdown, and for each instrument the position and the price with our fills.
    #[must_use]
    pub fn panels(&self) -> Vec<Panel> {
        let money_decimals = decimals_for(self.earned.iter().map(|p| p.1));
        let mut plans = vec![
            Plan {
                id: "earned".into(),
                title: "Net P&L",
                about: format!("Net profit and loss over the session, in {}.", self.currency),
                name: format!("Net P&L ({})", self.currency),
                unit: self.currency.clone(),
                class: "s1",
                height: 240.0,
                points: self.since_start(&self.earned),
                marks: &[],
                zero: true,
                filled: false,
                decimals: money_decimals,
            },
            Plan {
                id: "drawdown".into(),
                title: "Drawdown",
                about: format!("Equity below its highest so far, in {}.", self.currency),
                name: format!("Drawdown ({})", self.currency),
                unit: self.currency.clone(),
                class: "s2",
                height: 136.0,
                points: self.since_start(&self.drawdown),
                marks: &[],
                zero: true,
                filled: true,
                decimals: money_decimals,
            },
        ];
        for (at, instrument) in self.instruments.iter().enumerate() {
            plans.push(self.position_plan(at, instrument));
            plans.push(self.price_plan(at, instrument));
        }
        plans.into_iter().map(|plan| self.draw(plan)).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn position_plan<'a>(&self, at: usize, instrument: &'a InstrumentReport) -> Plan<'a> {
        let points: Vec<(i64, f64)> = instrument.position.iter().map(|p| (p.0, p.1 as f64)).collect();
        Plan {
            id: format!("position-{at}"),
            title: "Inventory",
            about: format!("Our position in {} over the session, in lots.", instrument.symbol),
            name: format!("{} inventory (lots)", instrument.symbol),
            unit: "lots".into(),
            class: "s3",
            height: 166.0,
            points: self.since_start(&points),
            marks: &[],
            zero: true,
            filled: true,
            decimals: 0,
        }
    }

    fn price_plan<'a>(&self, at: usize, instrument: &'a InstrumentReport) -> Plan<'a> {
        Plan {
            id: format!("price-{at}"),
            title: "Price and fills",
            about: format!(
                "The mid price of {} with our buys (triangles up) and sells (triangles down).",
                instrument.symbol
            ),
            name: format!("{} mid ({})", instrument.symbol, instrument.currency),
            unit: String::new(),
            class: "s0",
            height: 320.0,
            points: self.since_start(&instrument.mid),
            marks: &instrument.marks,
            zero: false,
            filled: false,
            // Half a tick has one decimal more than a tick.
            decimals: instrument.tick.split_once('.').map_or(0, |(_, d)| d.len()) + 1,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn since_start(&self, points: &[(i64, f64)]) -> Vec<(f64, f64)> {
        let start = self.session.first_at;
        points.iter().map(|(at, value)| (at.saturating_sub(start) as f64 / 1e6, *value)).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn draw(&self, plan: Plan<'_>) -> Panel {
        let session = &self.session;
        let end = session.duration_ns as f64 / 1e6;
        let values = plan.points.iter().map(|p| p.1).chain(plan.marks.iter().map(|m| m.price));
        let y = Axis::around(values.chain(plan.zero.then_some(0.0)));
        let mut chart = Chart::new(
            &plan.id,
            plan.title,
            &plan.about,
            frame(WIDE, plan.height, LABELS),
            Axis::linear(0.0, end),
            y,
        );
        let rows = if plan.height > 200.0 { 6 } else { 3 };
        chart.y_axis(&plan.name, &y.ticks(rows));
        let ticks = time_ticks(Nanos(session.first_at), Nanos(session.last_at), 9)
            .into_iter()
            .map(|(at, label)| ((at.0 - session.first_at) as f64 / 1e6, label));
        chart.x_axis("", &ticks.collect::<Vec<_>>());
        chart.x_unit("UTC");
        chart.open_clip(&plan.id);
        if plan.filled {
            chart.area(plan.class, &plan.points, end, 0.0);
        }
        chart.step(plan.class, &plan.points, end);
        let marks = self.script_marks(plan.marks);
        for mark in &marks {
            let (class, up) = if mark.2 > 0 { ("buy", true) } else { ("sell", false) };
            chart.triangle(class, (mark.0, mark.1), mark.3, up, &mark.4);
        }
        chart.close_clip();
        let (t, v) = plan.points.into_iter().unzip();
        let data = PanelData {
            plot: chart.plot(),
            id: plan.id,
            name: plan.name,
            unit: plan.unit,
            decimals: plan.decimals,
            zero: plan.zero,
            filled: plan.filled,
            t,
            v,
            marks,
        };
        Panel { svg: chart.finish(), data }
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn script_marks(&self, marks: &[Mark]) -> Vec<(f64, f64, i8, f64, String)> {
        let start = self.session.first_at;
        // Many marks are drawn smaller, and a mark of many fills a little larger.
        let base = if marks.len() > 300 { 3.2 } else { 4.6 };
        let drawn = |mark: &Mark| {
            let middle = (mark.first_at.saturating_sub(start) as f64
                + mark.last_at.saturating_sub(start) as f64)
                / 2e6;
            let (side, verb) = match mark.side {
                Side::Buy => (1, "bought"),
                Side::Sell => (-1, "sold"),
            };
            let count = if mark.fills == 1 {
                "1 fill".into()
            } else {
                format!("{} fills", number::count(mark.fills))
            };
            let note = format!("{verb} {} at {} ({count})", mark.lots, number::price(mark.price));
            (middle, mark.price, side, base + (mark.fills.min(16) as f64 - 1.0) * 0.12, note)
        };
        marks.iter().map(drawn).collect()
    }

    /// The P&L as a staircase of its parts.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    pub fn parts_chart(&self) -> String {
        let mut bars = Vec::new();
        let mut sum = Money::ZERO;
        for (name, part) in self.pnl.parts() {
            let name = match name {
                "Spread captured" => "spread".into(),
                "Adverse selection" => "adverse sel.".into(),
                other => other.to_lowercase(),
            };
            bars.push((name, sum, sum + part, part));
            sum += part;
        }
        bars.push(("net".to_owned(), Money::ZERO, sum, sum));
        let y = Axis::around(bars.iter().flat_map(|b| [b.1.to_f64(), b.2.to_f64()]));
        let names: Vec<_> = self.pnl.parts().iter().map(|part| part.0.to_lowercase()).collect();
        let about = format!("These add up to the net P&L in {}: {}.", self.currency, names.join(", "));
        let last = bars.len() - 1;
        let x = Axis::linear(0.0, (last + 1) as f64);
        let mut chart = Chart::new("parts", "P&L by part", &about, frame(HALF, 270.0, LABELS), x, y);
        chart.y_axis(&format!("P&L ({})", self.currency), &y.ticks(6));
        let mut left = 0.0;
        for (at, (name, from, to, part)) in bars.iter().enumerate() {
            let class = match part.0 < 0 {
                _ if at == last => "total",
                true => "loss",
                false => "gain",
            };
            let (low, high) = (from.to_f64(), to.to_f64());
            let note = format!("{name}: {} {}", number::money(*part), self.currency);
            chart.bar(class, (left + 0.14, left + 0.86), (low, high), &note);
            let text = number::money(*part).replace('-', "\u{2212}");
            chart.note("mid", (left + 0.5, low.max(high)), -6.0, &text);
            left += 1.0;
        }
        let names = bars.iter().enumerate().map(|(at, bar)| (at as f64 + 0.5, bar.0.clone()));
        chart.x_axis("", &names.collect::<Vec<_>>());
        chart.finish()
    }

    /// Fill rate by horizon, with one standard error.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    pub fn fill_rate_chart(&self) -> String {
        let known: Vec<_> = self
            .fill_rate
            .iter()
            .filter_map(|p| Some((p.within_ms as f64, p.share? * 100.0, p.standard_error? * 100.0)))
            .collect();
        let tops = known.iter().map(|p| p.1 + p.2).chain([0.0, 1.0]);
        let y = Axis::linear(0.0, tops.fold(0.0, f64::max).min(100.0) * 1.08);
        let about = "Share of resting quotes with a first fill within the horizon, Kaplan-Meier estimate.";
        let mut chart = Chart::new(
            "fillrate",
            "Fill rate by horizon",
            about,
            frame(HALF, 290.0, LABELS_AND_NAME),
            horizon_axis(),
            y,
        );
        chart.y_axis("Quotes with a first fill (%)", &y.ticks(5));
        chart.x_axis("time since the quote works", &horizon_ticks(self));
        let band: Vec<_> =
            known.iter().map(|p| (p.0, (p.1 - p.2).max(0.0), (p.1 + p.2).min(100.0))).collect();
        if band.len() > 1 {
            chart.band("s1", &band);
            chart.line("s1", &known.iter().map(|p| (p.0, p.1)).collect::<Vec<_>>());
        }
        for (x, share, error) in known {
            let note = format!("within {}: {share:.2} % ± {error:.2}", number::span(Nanos((x * 1e6) as i64)));
            chart.dot("s1", (x, share), None, &note);
        }
        chart.finish()
    }

    /// Message latencies.
    #[must_use]
    pub fn latency_charts(&self) -> [String; 2] {
        [
            spans_chart("feed", "Feed latency", "market events", &self.latency.feed),
            spans_chart("order", "Order round trip", "new orders", &self.latency.order),
        ]
    }
}

fn horizon_axis() -> Axis {
    Axis::log(60.0, 100_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
fn horizon_ticks(report: &Report) -> Vec<(f64, String)> {
    let tick = |ms: i64| (ms as f64, number::span(Nanos::from_millis(ms)).replace(" 00 s", ""));
    report.fill_rate.iter().map(|p| tick(p.within_ms)).collect()
}

/// Markouts of one instrument, maker and taker apart, with one standard error.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
pub fn markout_chart(report: &Report, at: usize) -> String {
    let instrument = &report.instruments[at];
    let ends = |e: &Estimate| {
        let (mean, error) = (e.mean.unwrap_or(0.0), e.standard_error.unwrap_or(0.0));
        [mean - error, mean + error]
    };
    let all = instrument.markouts.iter().flat_map(|m| &m.points).flat_map(|p| ends(&p.ticks));
    let y = Axis::around(all.chain([0.0]));
    let about = format!(
        "Mean move of the {} mid after our fills, in ticks, positive in our favour.",
        instrument.symbol
    );
    let id = format!("markout-{at}");
    let mut chart =
        Chart::new(&id, "Markouts", &about, frame(HALF, 290.0, LABELS_AND_NAME), horizon_axis(), y);
    chart.y_axis("Mid move in our favour (ticks)", &y.ticks(6));
    chart.x_axis("time since the fill", &horizon_ticks(report));
    for (place, (markouts, class)) in instrument.markouts.iter().zip(["s1", "s2"]).enumerate() {
        // Side by side, so that whiskers do not hide each other.
        let shift = if place == 0 { 0.95 } else { 1.05 };
        let known: Vec<_> = markouts
            .points
            .iter()
            .filter_map(|p| Some((p.after_ms as f64 * shift, p.ticks.mean?, p)))
            .collect();
        chart.line(class, &known.iter().map(|p| (p.0, p.1)).collect::<Vec<_>>());
        for (x, mean, point) in known {
            let error = point.ticks.standard_error;
            let note = format!(
                "{} after {}: {mean:.3} ± {} ticks, {} fills",
                markouts.liquidity,
                number::span(Nanos::from_millis(point.after_ms)),
                error.map_or("?".into(), |e| format!("{e:.3}")),
                number::count(point.fills)
            );
            chart.dot(class, (x, mean), error.map(|e| (mean - e, mean + e)), &note);
        }
    }
    chart.finish()
}

#[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
fn spans_chart(id: &str, title: &str, what: &str, spans: &Spans) -> String {
    let (first, last) = match (spans.bars.first(), spans.bars.last()) {
        (Some(first), Some(last)) => ((first.0 as f64).max(0.7), last.1 as f64 + 1.0),
        _ => (1_000.0, 1_000_000.0),
    };
    // At least a decade, or a single bar would fill the picture.
    let room = (10.0 * first / last).max(1.2).sqrt();
    let x = Axis::log(first / room, last * room);
    let share = |count: u64| count as f64 / spans.count.max(1) as f64 * 100.0;
    // Buckets are not equally wide on a logarithmic scale: heights are shares of a doubling, so that areas count.
    let drawn = |&(from, to, count): &(i64, i64, u64)| {
        let (from, to) = ((from as f64).max(0.7), to as f64 + 1.0);
        (from, to, share(count) / math::log2(to / from))
    };
    let most = spans.bars.iter().map(|bar| drawn(bar).2).fold(1.0, f64::max);
    let y = Axis::linear(0.0, most * 1.22);
    let about = format!("{title}: distribution over {} {what}.", number::count(spans.count));
    let mut chart = Chart::new(id, title, &about, frame(HALF, 240.0, LABELS), x, y);
    chart.y_axis(&format!("{what} (% per doubling)"), &y.ticks(4));
    let decades = (0..18).scan(1_i64, |at, _| {
        let here = *at;
        *at *= 10;
        Some(here)
    });
    let (low, high) = (first / room, last * room);
    let decades: Vec<i64> = decades.collect();
    // Between decades where there are few.
    let fine = high / low < 200.0;
    let ticks: Vec<_> = decades
        .iter()
        .flat_map(|d| if fine { vec![*d, 2 * d, 5 * d] } else { vec![*d] })
        .filter(|n| (low..=high).contains(&(*n as f64)))
        .map(|n| (n as f64, number::span(Nanos(n)).replace(" 00 s", "")))
        .collect();
    chart.x_axis("", &ticks);
    for bar in &spans.bars {
        let (from, to, count) = *bar;
        let note = format!(
            "{} to {}: {} ({:.2} %)",
            number::span(Nanos(from)),
            number::span(Nanos(to.saturating_add(1))),
            number::count(count),
            share(count)
        );
        let (left, right, height) = drawn(bar);
        chart.bar("s1", (left, right), (0.0, height), &note);
    }
    for (name, at, is_left) in [("median", spans.p50_ns, true), ("99 %", spans.p99_ns, false)] {
        if let Some(at) = at {
            chart.rule("", (at as f64).max(0.7), &format!("{name} {}", number::span(Nanos(at))), is_left);
        }
    }
    chart.finish()
}

/// Cents for amounts, more for small ones.
fn decimals_for(values: impl Iterator<Item = f64>) -> usize {
    let most = values.fold(0.0, |most: f64, v| most.max(v.abs()));
    match most {
        v if v >= 10.0 || v == 0.0 => 2,
        v if v >= 0.01 => 5,
        _ => 9,
    }
}
