//! The comparison as one page, in the look of a run's report, and as rows for the terminal.

use super::{Comparison, Interval, Metric, Test};
use crate::axis::{Axis, time_ticks};
use crate::charts::{LABELS, WIDE, frame};
use crate::number::{self, ratio};
use crate::page::Tile;
use crate::study::{Bounded, amount};
use crate::summary::known;
use crate::svg::{Chart, Frame};
use crate::tables::{Row, Table, minus};
use askama::Template;
use types::Nanos;

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    comparison: &'a Comparison,
    style: &'static str,
    verdict: String,
    tiles: Vec<Tile>,
    configuration: Table,
    metrics: Table,
    intervals: Option<Table>,
    earned_chart: String,
    difference_chart: String,
    data: Table,
}

impl Comparison {
    /// `compare.html`: everything on one self-contained page.
    ///
    /// # Panics
    /// Never: writing into a String cannot fail.
    #[must_use]
    pub fn to_html(&self) -> String {
        let test = self.test.as_ref().ok();
        let page = Page {
            comparison: self,
            style: include_str!("../../templates/style.css"),
            verdict: minus(self.verdict()),
            tiles: self.tiles(),
            configuration: self.configuration_table(),
            metrics: self.metric_table(),
            intervals: test.map(|test| self.interval_table(test)),
            earned_chart: test.map_or_else(String::new, |test| self.earned_chart(test)),
            difference_chart: test.map_or_else(String::new, |test| self.difference_chart(test)),
            data: self.data_table(),
        };
        page.render().expect("writing into a String cannot fail")
    }

    fn tiles(&self) -> Vec<Tile> {
        let tile = Tile::new;
        let [a, b] = &self.runs;
        let mut tiles = vec![
            tile("First, net P&L", amount(a.headline.net), &a.currency, self.names[0].clone()),
            tile("Second, net P&L", amount(b.headline.net), &b.currency, self.names[1].clone()),
        ];
        if let Ok(test) = &self.test {
            let class = match test.difference.value {
                _ if test.p_value >= 0.05 => "",
                d if d > 0.0 => "gain",
                _ => "loss",
            };
            tiles.push(Tile {
                class,
                ..tile(
                    "Second less first, a slice",
                    amount(test.difference.value),
                    &a.currency,
                    format!("95 %: {} to {}", amount(test.difference.low), amount(test.difference.high)),
                )
            });
            tiles.push(tile(
                "p-value, paired",
                probability(test.p_value),
                "",
                format!(
                    "second ahead in {}, first in {} of {} {}",
                    test.second_ahead,
                    test.first_ahead,
                    test.starts.len(),
                    test.by
                ),
            ));
        }
        tiles
    }

    fn configuration_table(&self) -> Table {
        let row = |d: &super::Difference| Row {
            name: d.key.clone(),
            cells: [&d.first, &d.second].map(|v| v.clone().unwrap_or_else(|| "–".into())).to_vec(),
            class: "",
        };
        Table {
            caption: "What was configured differently".into(),
            head: self.head(&[]),
            rows: self.configuration.iter().map(row).collect(),
            class: "",
        }
    }

    fn head(&self, more: &[&str]) -> Vec<String> {
        let mut head = vec![String::new(), self.names[0].clone(), self.names[1].clone()];
        head.extend(more.iter().map(|text| (*text).to_owned()));
        head
    }

    fn metric_table(&self) -> Table {
        let row =
            |(name, cells): (String, [String; 3])| Row { name, cells: cells.map(minus).to_vec(), class: "" };
        Table {
            caption: "Figures".into(),
            head: self.head(&["second less first"]),
            rows: self.metric_rows().into_iter().map(row).collect(),
            class: "",
        }
    }

    /// Figures side by side: name, first, second, difference.
    #[must_use]
    pub fn metric_rows(&self) -> Vec<(String, [String; 3])> {
        let row = |metric: &Metric| {
            let show = |value: Option<f64>| known(value, |value| figure(metric, value));
            let unit = if metric.unit.is_empty() { String::new() } else { format!(" ({})", metric.unit) };
            (format!("{}{unit}", metric.name), [metric.first, metric.second, metric.difference].map(show))
        };
        self.metrics.iter().map(row).collect()
    }

    fn interval_table(&self, test: &Test) -> Table {
        let row =
            |(name, cells): (String, [String; 3])| Row { name, cells: cells.map(minus).to_vec(), class: "" };
        Table {
            caption: format!(
                "On {} {} of {}, with 95 % of resamples (blocks of {} in the mean)",
                test.starts.len(),
                test.by,
                number::span(Nanos(test.width_ns)),
                ratio(test.block_length)
            ),
            head: self.head(&["second less first"]),
            rows: interval_rows(test).into_iter().map(row).collect(),
            class: "",
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn time_axis(&self, test: &Test) -> (Axis, Vec<(f64, String)>) {
        let from = test.starts.first().copied().unwrap_or_default();
        let to = test.starts.last().copied().unwrap_or_default() + test.width_ns;
        let ticks = time_ticks(Nanos(from), Nanos(to), 9)
            .into_iter()
            .map(|(at, label)| ((at.0 - from) as f64 / 1e9, label));
        (Axis::linear(0.0, (to - from) as f64 / 1e9), ticks.collect())
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn earned_chart(&self, test: &Test) -> String {
        let (x, ticks) = self.time_axis(test);
        let running = |gains: &[f64]| -> Vec<(f64, f64)> {
            let mut sum = 0.0;
            let mut points = vec![(0.0, 0.0)];
            for (gain, start) in gains.iter().zip(&test.starts) {
                sum += gain;
                points.push(((start - test.starts[0] + test.width_ns) as f64 / 1e9, sum));
            }
            points
        };
        let (first, second) = (running(&test.first), running(&test.second));
        let y = Axis::around(first.iter().chain(&second).map(|p| p.1).chain([0.0]));
        let about = "Net P&L of both runs over the time they have in common.";
        let mut chart =
            Chart::new("earned", "Net P&L", about, Frame { right: 24.0, ..frame(WIDE, 270.0, LABELS) }, x, y);
        chart.y_axis(&format!("Net P&L ({})", self.runs[0].currency), &y.ticks(6));
        chart.x_axis("", &ticks);
        chart.x_unit("UTC");
        chart.line("s1", &first);
        chart.line("s2", &second);
        chart.finish()
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn difference_chart(&self, test: &Test) -> String {
        let (x, ticks) = self.time_axis(test);
        let differences: Vec<f64> = test.first.iter().zip(&test.second).map(|(a, b)| b - a).collect();
        let y = Axis::around(differences.iter().copied().chain([0.0]));
        let about = "What the second run gained more than the first, slice by slice.";
        let mut chart = Chart::new(
            "difference",
            "Difference",
            about,
            Frame { right: 24.0, ..frame(WIDE, 180.0, LABELS) },
            x,
            y,
        );
        chart.y_axis(&format!("Second less first ({})", self.runs[0].currency), &y.ticks(4));
        chart.x_axis("", &ticks);
        chart.x_unit("UTC");
        for (difference, start) in differences.iter().zip(&test.starts) {
            let left = (start - test.starts[0]) as f64 / 1e9;
            let class = if *difference < 0.0 { "loss" } else { "gain" };
            let note = format!("{}: {}", number::moment(Nanos(*start)), amount(*difference));
            chart.bar(class, (left, left + test.width_ns as f64 / 1e9), (0.0, *difference), &note);
        }
        chart.finish()
    }

    fn data_table(&self) -> Table {
        let of = |which: usize| {
            let row = move |file: &super::read::File| Row {
                name: file.name.clone(),
                cells: vec![self.names[which].clone(), file.hash.clone()],
                class: "",
            };
            self.runs[which].data.iter().map(row)
        };
        Table {
            caption: "Data".into(),
            head: ["file", "run", "hash"].map(String::from).to_vec(),
            rows: of(0).chain(of(1)).collect(),
            class: "hash",
        }
    }
}

/// Statistics by slice with their intervals: name, first, second, difference.
#[must_use]
pub fn interval_rows(test: &Test) -> Vec<(String, [String; 3])> {
    let row = |i: &Interval| {
        let write = if i.name.starts_with("Sharpe") { ratio } else { amount };
        let show = |bounded: Option<Bounded>| {
            known(bounded, |b| format!("{} ({} to {})", write(b.value), write(b.low), write(b.high)))
        };
        (i.name.to_owned(), [i.first, i.second, i.difference].map(show))
    };
    test.intervals.iter().map(row).collect()
}

/// Small ones to the digit that counts.
pub(super) fn probability(p: f64) -> String {
    if p < 0.01 { format!("{p:.4}") } else { format!("{p:.3}") }
}

fn figure(metric: &Metric, value: f64) -> String {
    match metric.name {
        "Return on capital"
        | "Maker share"
        | "Orders filled, share"
        | "Time with a position"
        | "Time quoting both sides" => number::percent(value),
        "Fills" | "Orders placed" => number::grouped(&format!("{value:.0}")),
        _ if metric.unit.is_empty() => ratio(value),
        _ => amount(value),
    }
}
