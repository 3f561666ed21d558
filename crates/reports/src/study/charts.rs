//! The study's pictures.

use super::{Ranked, Study, short};
use crate::axis::{Axis, time_ticks};
use crate::charts::{HALF, LABELS, LABELS_AND_NAME, WIDE, frame};
use crate::number;
use crate::svg::{Chart, Frame};
use quant::moments::quantile;
use types::Nanos;

/// Heat maps of more pairs would fill the page.
const PAIRS_MAX: usize = 6;
/// A scattered key is cut into so many columns.
const COLUMNS: usize = 8;
/// More values than these are cut, even on a grid.
const VALUES_MAX: usize = 16;

/// A heat map of two keys.
pub(super) struct HeatMap {
    pub(super) title: String,
    pub(super) note: String,
    pub(super) svg: String,
    /// Whether it takes the page's whole width.
    pub(super) is_wide: bool,
}

/// One key's values, as columns or rows of a heat map.
struct Cut {
    /// By trial.
    place: Vec<usize>,
    labels: Vec<String>,
}

/// A value for a small place.
pub(super) fn brief(value: f64) -> String {
    let text = match value.abs() {
        v if v >= 1e6 => format!("{:.1}M", value / 1e6),
        v if v >= 1e4 => format!("{:.0}k", value / 1e3),
        v if v >= 1e3 => format!("{:.1}k", value / 1e3),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

impl Study {
    fn known(&self) -> impl Iterator<Item = (&Ranked, f64)> {
        self.trials.iter().filter_map(|trial| Some((trial, trial.value?)))
    }

    /// The values of a key, in order; numbers that are many are cut into columns of as many trials each.
    fn cut(&self, key: usize) -> Cut {
        let value = |trial: &Ranked| trial.run.point[key].clone();
        let mut distinct: Vec<super::Value> = Vec::new();
        for trial in &self.trials {
            if !distinct.contains(&value(trial)) {
                distinct.push(value(trial));
            }
        }
        let numbers: Option<Vec<f64>> = distinct.iter().map(|v| v.number).collect();
        match numbers {
            Some(_) if distinct.len() > VALUES_MAX => self.columns(key),
            is_number => {
                match is_number {
                    Some(_) => {
                        distinct.sort_by(|a, b| a.number.unwrap_or(0.0).total_cmp(&b.number.unwrap_or(0.0)))
                    }
                    None => distinct.sort_by(|a, b| a.text.cmp(&b.text)),
                }
                let place = |trial: &Ranked| {
                    distinct.iter().position(|v| *v == value(trial)).expect("collected just now")
                };
                Cut {
                    place: self.trials.iter().map(place).collect(),
                    labels: distinct.iter().map(|v| v.text.clone()).collect(),
                }
            }
        }
    }

    fn columns(&self, key: usize) -> Cut {
        let number = |trial: &Ranked| trial.run.point[key].number.unwrap_or(0.0);
        let mut sorted: Vec<f64> = self.trials.iter().map(number).collect();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "columns are few")]
        let edges: Vec<f64> = (0..=COLUMNS).map(|k| quantile(&sorted, k as f64 / COLUMNS as f64)).collect();
        let inner = &edges[1..COLUMNS];
        let place = |trial: &Ranked| inner.partition_point(|edge| *edge <= number(trial));
        let label = |pair: &[f64]| brief((pair[0] + pair[1]) / 2.0);
        Cut { place: self.trials.iter().map(place).collect(), labels: edges.windows(2).map(label).collect() }
    }

    /// A heat map of each pair of keys.
    pub(super) fn heat_maps(&self) -> Vec<HeatMap> {
        let keys = self.about.keys.len();
        let pairs = (0..keys).flat_map(|a| (a + 1..keys).map(move |b| (a, b)));
        pairs.take(PAIRS_MAX).map(|(a, b)| self.heat_map(a, b)).collect()
    }

    fn heat_map(&self, x: usize, y: usize) -> HeatMap {
        let (columns, rows) = (self.cut(x), self.cut(y));
        let (nx, ny) = (columns.labels.len(), rows.labels.len());
        let mut cells: Vec<Vec<f64>> = vec![Vec::new(); nx * ny];
        for (at, trial) in self.trials.iter().enumerate() {
            cells[rows.place[at] * nx + columns.place[at]].extend(trial.value);
        }
        let most = cells.iter().map(Vec::len).max().unwrap_or(0);
        let middle = |cell: &mut Vec<f64>| {
            cell.sort_by(f64::total_cmp);
            (!cell.is_empty()).then(|| quantile(cell, 0.5))
        };
        let values: Vec<Option<f64>> = cells.iter_mut().map(middle).collect();
        let best = (columns.place[0], rows.place[0]);
        let names = (short(&self.about.keys[x]), short(&self.about.keys[y]));
        let svg =
            self.draw_heat(&format!("heat-{x}-{y}"), names, &columns.labels, &rows.labels, &values, best);
        let note = if most > 1 {
            format!("each cell the middle of up to {most} trials; framed: where the best lies")
        } else {
            "framed: the best".to_owned()
        };
        let note = format!("{note}; blue above zero, orange below, each darkest at its own end");
        HeatMap {
            title: format!("{} over {} and {}", self.about.goal.label, names.0, names.1),
            note,
            svg,
            is_wide: nx > COLUMNS,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn draw_heat(
        &self,
        id: &str,
        names: (&str, &str),
        columns: &[String],
        rows: &[String],
        values: &[Option<f64>],
        best: (usize, usize),
    ) -> String {
        let (nx, ny) = (columns.len() as f64, rows.len() as f64);
        let about = format!("{} over {} and {}.", self.about.goal.label, names.0, names.1);
        let height = 26.0 + 40.0 + (30.0 * ny).clamp(60.0, 480.0);
        let wide = if columns.len() > COLUMNS { WIDE } else { HALF };
        let place = Frame { left: 96.0, ..frame(wide, height, LABELS_AND_NAME) };
        let mut chart = Chart::new(id, names.0, &about, place, Axis::linear(0.0, nx), Axis::linear(0.0, ny));
        let ticks = |labels: &[String]| -> Vec<(f64, String)> {
            labels.iter().enumerate().map(|(at, label)| (at as f64 + 0.5, label.clone())).collect()
        };
        chart.y_axis(names.1, &ticks(rows));
        let shade = Shade::of(values);
        for (at, value) in values.iter().enumerate() {
            let (column, row) = ((at % columns.len()) as f64, (at / columns.len()) as f64);
            let (class, level) = value.map_or(("none", 0), |v| shade.class(v));
            let shown = value.map_or_else(|| "no trial".to_owned(), brief);
            let (i, j) = (at % columns.len(), at / columns.len());
            let note = format!("{} {}, {} {}: {shown}", names.0, columns[i], names.1, rows[j]);
            chart.bar(&format!("heat {class} o{level}"), (column, column + 1.0), (row, row + 1.0), &note);
            if value.is_some() && columns.len() <= VALUES_MAX {
                let class = if level >= 7 { "cell on" } else { "cell" };
                chart.note(class, (column + 0.5, row + 0.5), 4.0, &shown);
            }
        }
        let (column, row) = (best.0 as f64, best.1 as f64);
        chart.bar("chosen", (column, column + 1.0), (row, row + 1.0), "the best");
        chart.x_axis(names.0, &ticks(columns));
        chart.finish()
    }

    /// How the trials' values are distributed.
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    pub(super) fn distribution_chart(&self) -> String {
        let mut values: Vec<f64> = self.known().map(|(_, value)| value).collect();
        values.sort_by(f64::total_cmp);
        let (Some(low), Some(high)) = (values.first().copied(), values.last().copied()) else {
            return String::new();
        };
        let x = Axis::around([low, high]);
        let bins = (values.len() as f64).sqrt().ceil().clamp(8.0, 40.0);
        let width = ((high - low) / bins).max(f64::MIN_POSITIVE);
        let mut counts = vec![0_u64; bins as usize];
        for value in &values {
            let bin = ((value - low) / width).min(bins - 1.0).max(0.0) as usize;
            counts[bin] += 1;
        }
        let most = counts.iter().max().copied().unwrap_or(1) as f64;
        let y = Axis::linear(0.0, most * 1.15);
        let about = format!("Distribution of {} over {} trials.", self.about.goal.label, values.len());
        let mut chart =
            Chart::new("distribution", "Distribution", &about, frame(HALF, 270.0, LABELS_AND_NAME), x, y);
        chart.y_axis("trials", &y.ticks(4));
        chart.x_axis(&self.goal_name(), &x.ticks(5));
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let left = low + bin as f64 * width;
            let class = if left + width / 2.0 < 0.0 { "loss" } else { "gain" };
            let note = format!("{} to {}: {count}", brief(left), brief(left + width));
            chart.bar(class, (left, left + width), (0.0, *count as f64), &note);
        }
        let median = quantile(&values, 0.5);
        chart.rule("", median, "median", true);
        // Left of its line, unless the median's label is there.
        chart.rule("", high, "best", high - median > 0.2 * (high - low));
        chart.finish()
    }

    /// What was sought, with its unit.
    pub(super) fn goal_name(&self) -> String {
        let goal = &self.about.goal;
        if goal.is_money {
            format!("{} ({})", goal.label, self.about.currency)
        } else {
            goal.label.to_owned()
        }
    }

    /// Each key's values against what was sought, a dot for each trial.
    pub(super) fn key_charts(&self) -> Vec<(String, String)> {
        (0..self.about.keys.len()).map(|key| (self.about.keys[key].clone(), self.key_chart(key))).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn key_chart(&self, key: usize) -> String {
        let cut = self.cut(key);
        let numbers: Vec<Option<f64>> = self.trials.iter().map(|trial| trial.run.point[key].number).collect();
        let all: Option<Vec<f64>> = numbers.into_iter().collect();
        // Words stand side by side; numbers where they lie.
        let places: Vec<f64> =
            all.clone().unwrap_or_else(|| cut.place.iter().map(|place| *place as f64 + 0.5).collect());
        let least = places.iter().copied().fold(f64::INFINITY, f64::min);
        let most = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_log = all.is_some() && least > 0.0 && most / least > 30.0;
        let x = match (&all, is_log) {
            (None, _) => Axis::linear(0.0, cut.labels.len() as f64),
            (Some(_), true) => Axis::log(least / 1.15, most * 1.15),
            (Some(_), false) => Axis::around([least, most]),
        };
        let y = Axis::around(self.known().map(|(_, value)| value));
        let name = short(&self.about.keys[key]);
        let about = format!("{} of every trial by {name}.", self.about.goal.label);
        let mut chart =
            Chart::new(&format!("key-{key}"), name, &about, frame(HALF, 270.0, LABELS_AND_NAME), x, y);
        chart.y_axis(&self.goal_name(), &y.ticks(5));
        let ticks = match (&all, is_log) {
            (None, _) => {
                cut.labels.iter().enumerate().map(|(at, label)| (at as f64 + 0.5, label.clone())).collect()
            }
            (Some(_), true) => decades(least, most),
            (Some(_), false) => x.ticks(5),
        };
        chart.x_axis(name, &ticks);
        let (mut few, mut many) = (Vec::new(), Vec::new());
        for (at, trial) in self.trials.iter().enumerate().skip(1) {
            let Some(value) = trial.value else { continue };
            let note = format!("{}: {}", trial.run.point[key].text, brief(value));
            let dot = (places[at], value, note);
            if trial.run.fills < self.about.least_fills { few.push(dot) } else { many.push(dot) }
        }
        chart.dots("few", &few);
        chart.dots("", &many);
        if let Some((best, value)) = self.known().next() {
            chart.dots(
                "top",
                &[(places[0], value, format!("the best: {}, {}", best.run.point[key].text, brief(value)))],
            );
        }
        chart.finish()
    }

    /// What was gained over time: the best in hindsight, the middle trial, and what choosing earned where it did not
    /// choose.
    pub(super) fn time_chart(&self) -> String {
        let Some(best) = self.best() else { return String::new() };
        let (Some(first), Some(last)) = (self.slice_starts.first(), self.slice_starts.last()) else {
            return String::new();
        };
        let (from, to) = (Nanos(*first), Nanos(last + self.about.slices.width_ns));
        let running = |gains: &mut dyn Iterator<Item = (usize, f64)>, start: f64| -> Vec<(f64, f64)> {
            let mut sum = start;
            let mut points = Vec::new();
            for (slice, gain) in gains {
                if points.is_empty() {
                    points.push((self.since(self.slice_starts[slice]), sum));
                }
                sum += gain;
                points.push((self.since(self.slice_starts[slice] + self.about.slices.width_ns), sum));
            }
            points
        };
        let whole = |trial: &Ranked| running(&mut trial.gains.iter().copied().enumerate(), 0.0);
        let hindsight = whole(best);
        let middle = whole(&self.trials[self.trials.len() / 2]);
        let chosen = match &self.validation {
            Ok(found) => running(&mut found.tested.iter().copied(), 0.0),
            Err(_) => Vec::new(),
        };
        let both = || hindsight.iter().chain(&chosen).map(|p| p.1);
        let middle = if self.has_middle(&middle, both()) { middle } else { Vec::new() };
        let y = Axis::around(both().chain(middle.iter().map(|p| p.1)).chain([0.0]));
        let x = Axis::linear(0.0, self.since(to.0));
        let mut chart = Chart::new(
            "over-time",
            "Net P&L over time",
            "Net P&L by slice of the best trial, of the middle one, and of what was chosen before.",
            Frame { right: 24.0, ..frame(WIDE, 270.0, LABELS) },
            x,
            y,
        );
        chart.y_axis(&format!("Net P&L ({})", self.about.currency), &y.ticks(6));
        let ticks = time_ticks(from, to, 9).into_iter().map(|(at, label)| (self.since(at.0), label));
        chart.x_axis("", &ticks.collect::<Vec<_>>());
        chart.x_unit("UTC");
        if !middle.is_empty() {
            chart.line("s0", &middle);
        }
        chart.line("s1", &hindsight);
        if !chosen.is_empty() {
            chart.line("s2", &chosen);
        }
        chart.finish()
    }

    /// The middle trial is drawn where it does not press the others flat.
    fn has_middle(&self, middle: &[(f64, f64)], others: impl Iterator<Item = f64>) -> bool {
        let far = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |most: f64, v| most.max(v.abs()));
        far(&mut middle.iter().map(|p| p.1)) <= 4.0 * far(&mut { others })
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn since(&self, at: i64) -> f64 {
        (at - self.slice_starts[0]) as f64 / 1e9
    }

    /// The logits of all ways to halve the time: left of zero the chosen one was in the lower half.
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    pub(super) fn logit_chart(&self) -> String {
        let Ok(found) = &self.overfitting else { return String::new() };
        let most = found.halves.iter().map(|half| half.logit.abs()).fold(1.0, f64::max) * 1.02;
        let bins = 24_usize;
        let width = 2.0 * most / bins as f64;
        let mut counts = vec![0_u64; bins];
        for half in &found.halves {
            counts[(((half.logit + most) / width) as usize).min(bins - 1)] += 1;
        }
        let share = |count: u64| count as f64 / found.halves.len() as f64 * 100.0;
        let x = Axis::linear(-most, most);
        let y = Axis::linear(0.0, counts.iter().copied().map(share).fold(1.0, f64::max) * 1.15);
        let mut chart = Chart::new(
            "logits",
            "Overfitting",
            "The rank of the chosen trial where it was not chosen, as a logit, over all ways to halve the time.",
            frame(HALF, 270.0, LABELS_AND_NAME),
            x,
            y,
        );
        chart.y_axis("ways to halve the time (%)", &y.ticks(4));
        chart.x_axis("logit of the chosen one's rank outside", &x.ticks(6));
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let left = -most + bin as f64 * width;
            let class = if left + width / 2.0 <= 0.0 { "loss" } else { "gain" };
            let note = format!("{left:.2} to {:.2}: {count} ways ({:.1} %)", left + width, share(*count));
            chart.bar(class, (left, left + width), (0.0, share(*count)), &note);
        }
        chart.rule("", 0.0, "median", false);
        chart.finish()
    }
}

/// 1, 2 and 5 times powers of ten within, or the powers alone where they are many.
fn decades(low: f64, high: f64) -> Vec<(f64, String)> {
    let mut ticks = Vec::new();
    let mut power: f64 = 1e-12;
    let times: &[f64] = if high / low > 200.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    while power <= high * 1.01 {
        for times in times {
            let value = power * times;
            if value >= low * 0.99 && value <= high * 1.01 {
                ticks.push((value, number::price(value)));
            }
        }
        power *= 10.0;
    }
    ticks
}

/// From value to shade: around zero where values lie on both sides of it, else from the least to the most.
pub(crate) struct Shade {
    low: f64,
    high: f64,
}

impl Shade {
    pub(crate) fn of(values: &[Option<f64>]) -> Self {
        let known = || values.iter().flatten().copied();
        Self { low: known().fold(f64::INFINITY, f64::min), high: known().fold(f64::NEG_INFINITY, f64::max) }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of ten")]
    pub(crate) fn class(&self, value: f64) -> (&'static str, u8) {
        let level = |share: f64| (share.clamp(0.0, 1.0) * 10.0).round() as u8;
        if self.low < 0.0 && self.high > 0.0 {
            // Each side to its own end: a small gain beside a large loss is still seen.
            let (class, end) = if value < 0.0 { ("loss", self.low) } else { ("gain", self.high) };
            return (class, level(value / end));
        }
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        if self.high <= 0.0 { ("loss", level(1.0 - share)) } else { ("gain", level(share)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_part_at_zero_where_there_is_both() {
        let check = |values: &[f64], due: &[(&str, u8)]| {
            let all: Vec<Option<f64>> = values.iter().map(|v| Some(*v)).collect();
            let shade = Shade::of(&all);
            let found: Vec<_> = values.iter().map(|v| shade.class(*v)).collect();
            assert_eq!(found, due);
        };
        check(&[-5.0, -1.0, 0.0, 10.0], &[("loss", 10), ("loss", 2), ("gain", 0), ("gain", 10)]);
        check(&[2.0, 3.0, 4.0], &[("gain", 0), ("gain", 5), ("gain", 10)]);
        check(&[-4.0, -2.0], &[("loss", 10), ("loss", 0)]);
        check(&[1.0, 1.0], &[("gain", 0), ("gain", 0)]);
    }

    #[test]
    fn small_places_get_short_numbers() {
        let cases = [
            (1_234_567.0, "1.2M"),
            (-45_678.0, "\u{2212}46k"),
            (1_234.0, "1.2k"),
            (-0.001, "0.00"),
            (12.34, "12.3"),
        ];
        for (value, text) in cases {
            assert_eq!(brief(value), text);
        }
    }
}
