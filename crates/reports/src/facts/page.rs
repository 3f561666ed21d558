//! The facts as one page: the first day's line in blue, the others' beside it.

use super::{cells, short, unlike};
use crate::axis::Axis;
use crate::charts::{HALF, LABELS_AND_NAME, frame};
use crate::page::Tile;
use crate::svg::{Chart, Frame};
use crate::tables::{Row, Table, minus};
use askama::Template;
use runtime::facts::{Curve, Facts, ROWS, Verdict, verdict};
use stdx::math;

#[derive(Template)]
#[template(path = "facts.html")]
struct Page {
    title: String,
    names: Vec<String>,
    style: &'static str,
    verdict: String,
    tiles: Vec<Tile>,
    table: Table,
    groups: Vec<Group>,
}

/// Pictures of one question.
struct Group {
    title: &'static str,
    lead: &'static str,
    figures: Vec<Figure>,
}

struct Figure {
    title: &'static str,
    note: &'static str,
    svg: String,
}

/// How one fact is drawn.
#[derive(Clone, Copy)]
struct Sketch {
    id: &'static str,
    title: &'static str,
    note: &'static str,
    x: &'static str,
    y: &'static str,
    log_x: bool,
    log_y: bool,
    of: fn(&Facts) -> Curve,
}

const PLAIN: Sketch =
    Sketch { id: "", title: "", note: "", x: "", y: "", log_x: false, log_y: false, of: |_| Vec::new() };

/// A list by level, from one.
#[expect(clippy::cast_precision_loss, reason = "levels are few")]
fn by_level(values: &[f64]) -> Curve {
    values.iter().enumerate().map(|(at, value)| (at as f64 + 1.0, *value)).collect()
}

/// Quantiles the other way round: a size or a time, and how many are smaller.
fn shares(quantiles: &[(f64, f64)]) -> Curve {
    quantiles.iter().filter(|(_, value)| *value > 0.0).map(|(p, value)| (*value, *p)).collect()
}

const BOOK: &[Sketch] = &[
    Sketch {
        id: "spread",
        title: "Spread",
        note: "share of the time at most so wide",
        x: "ticks",
        y: "share of time",
        log_x: true,
        of: |f| f.spread_distribution.iter().copied().filter(|(ticks, _)| *ticks > 0.0).collect(),
        ..PLAIN
    },
    Sketch {
        id: "depth",
        title: "Depth",
        note: "mean size of each level",
        x: "level",
        y: "lots",
        of: |f| by_level(&f.depth),
        ..PLAIN
    },
    Sketch {
        id: "distance",
        title: "Where the levels lie",
        note: "mean distance from the best price",
        x: "level",
        y: "ticks",
        of: |f| by_level(&f.level_distance),
        ..PLAIN
    },
    Sketch {
        id: "imbalance",
        title: "Imbalance and what follows",
        note: "mean move in ten seconds",
        x: "share of the best sizes that is bid",
        y: "spreads",
        of: |f| f.imbalance_response.clone(),
        ..PLAIN
    },
];

const FLOW: &[Sketch] = &[
    Sketch {
        id: "places",
        title: "Sizes of orders",
        note: "share that is smaller",
        x: "lots",
        y: "share",
        log_x: true,
        of: |f| shares(&f.place_sizes),
        ..PLAIN
    },
    Sketch {
        id: "takes",
        title: "Sizes of takes",
        note: "share that is smaller",
        x: "lots",
        y: "share",
        log_x: true,
        of: |f| shares(&f.take_sizes),
        ..PLAIN
    },
    Sketch {
        id: "gaps",
        title: "Time between takes",
        note: "share that is shorter",
        x: "seconds",
        y: "share",
        log_x: true,
        of: |f| shares(&f.take_gaps),
        ..PLAIN
    },
    Sketch {
        id: "deeds",
        title: "Time between deeds of any kind",
        note: "share that is shorter",
        x: "seconds",
        y: "share",
        log_x: true,
        of: |f| shares(&f.deed_gaps),
        ..PLAIN
    },
    Sketch {
        id: "signs",
        title: "Do takes follow takes?",
        note: "autocorrelation of their signs",
        x: "lag in takes",
        y: "correlation",
        log_x: true,
        of: |f| f.sign_autocorrelation.clone(),
        ..PLAIN
    },
    Sketch {
        id: "activity",
        title: "Time of day",
        note: "share of all deeds, by half hour",
        x: "hours from the start",
        y: "share",
        of: |f| f.activity.clone(),
        ..PLAIN
    },
];

const PRICE: &[Sketch] = &[
    Sketch {
        id: "signature",
        title: "Volatility signature",
        note: "flat when prices are a random walk",
        x: "seconds",
        y: "ticks/√s",
        log_x: true,
        of: |f| f.signature.clone(),
        ..PLAIN
    },
    Sketch {
        id: "kurtosis",
        title: "Kurtosis",
        note: "3 for the normal distribution",
        x: "horizon in seconds",
        y: "",
        log_x: true,
        log_y: true,
        of: |f| f.kurtosis.clone(),
        ..PLAIN
    },
    Sketch {
        id: "returns",
        title: "Memory of returns",
        note: "autocorrelation, one-second returns",
        x: "lag in seconds",
        y: "correlation",
        of: |f| f.return_autocorrelation.clone(),
        ..PLAIN
    },
    Sketch {
        id: "absolute",
        title: "Memory of volatility",
        note: "autocorrelation, ten-second returns without sign",
        x: "lag in seconds",
        y: "correlation",
        log_x: true,
        of: |f| f.absolute_autocorrelation.clone(),
        ..PLAIN
    },
    Sketch {
        id: "response",
        title: "What a take does",
        note: "mean move in its direction",
        x: "seconds after it",
        y: "ticks",
        log_x: true,
        of: |f| f.take_response.clone(),
        ..PLAIN
    },
];

/// One self-contained page.
///
/// # Panics
/// Never: writing into a String cannot fail.
#[must_use]
pub fn to_html(days: &[Facts]) -> String {
    let draw = |sketches: &[Sketch]| sketches.iter().map(|sketch| figure(sketch, days)).collect();
    let page = Page {
        title: days.first().map_or_else(String::new, |day| day.symbol.clone()),
        names: days.iter().map(|day| day.name.clone()).collect(),
        style: include_str!("../../templates/style.css"),
        verdict: unlike(days).unwrap_or_default(),
        tiles: tiles(days),
        table: table(days),
        groups: vec![
            Group {
                title: "The book",
                lead: "How wide and how deep, and whether a heavy side says where the price goes.",
                figures: draw(BOOK),
            },
            Group {
                title: "The flow",
                lead: "How much, how often, and whether one deed brings the next.",
                figures: draw(FLOW),
            },
            Group {
                title: "The price",
                lead: "How far it moves over which time, how wildly, and what it remembers.",
                figures: draw(PRICE),
            },
        ],
    };
    page.render().expect("writing into a String cannot fail")
}

fn tiles(days: &[Facts]) -> Vec<Tile> {
    const SHOWN: [(&str, usize); 4] =
        [("Spread", 0), ("Size at the best price", 1), ("Takes", 4), ("Volatility of a minute", 12)];
    let tile = |(label, row): (&'static str, usize)| {
        let row = &ROWS[row];
        let value = |day: &Facts| (row.of)(day).map_or("–".to_owned(), |figure| short(figure.value));
        let of_others: Vec<String> = days.iter().skip(1).map(value).collect();
        let sub = match of_others.as_slice() {
            [] => String::new(),
            others => format!("beside it {}", others.join(", ")),
        };
        Tile::new(label, days.first().map_or_else(String::new, value), row.unit, sub)
    };
    SHOWN.into_iter().map(tile).collect()
}

fn table(days: &[Facts]) -> Table {
    let mut head = vec![String::new()];
    head.extend(days.iter().map(|day| day.name.clone()));
    if days.len() == 2 {
        head.extend(["ratio".to_owned(), String::new()]);
    }
    let rows = ROWS.iter().map(|row| {
        let mut cells: Vec<String> = cells(row, days).into_iter().map(minus).collect();
        let name = cells.remove(0);
        let differs = matches!(days, [a, b] if verdict((row.of)(a), (row.of)(b)) == Verdict::Unlike);
        Row { name, cells, class: if differs { "loss" } else { "" } }
    });
    Table {
        caption: "Side by side, with 95 % of a bootstrap in blocks".into(),
        head,
        rows: rows.collect(),
        class: "",
    }
}

fn figure(sketch: &Sketch, days: &[Facts]) -> Figure {
    let curves: Vec<Curve> = days.iter().map(|day| finite((sketch.of)(day), sketch)).collect();
    let all = || curves.iter().flatten();
    let range = |values: &dyn Fn(&(f64, f64)) -> f64| {
        all().map(values).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let ((x_low, x_high), (y_low, y_high)) = (range(&|p| p.0), range(&|p| p.1));
    let x = if sketch.log_x { Axis::log(x_low, x_high) } else { Axis::linear(x_low, x_high) };
    let y =
        if sketch.log_y { Axis::log(y_low * 0.9, y_high * 1.1) } else { Axis::around([y_low, y_high, 0.0]) };
    let about = format!("{}: {}; one line a day.", sketch.title, sketch.note);
    let place = Frame { right: 16.0, ..frame(HALF, 250.0, LABELS_AND_NAME) };
    let mut chart = Chart::new(sketch.id, sketch.title, &about, place, x, y);
    let y_ticks = if sketch.log_y { decades(y_low * 0.9, y_high * 1.1) } else { y.ticks(5) };
    chart.y_axis(sketch.y, &y_ticks);
    let x_ticks = if sketch.log_x { decades(x_low, x_high) } else { x.ticks(6) };
    chart.x_axis(sketch.x, &x_ticks);
    for (at, curve) in curves.iter().enumerate() {
        chart.line(CLASSES[at.min(CLASSES.len() - 1)], curve);
    }
    Figure { title: sketch.title, note: sketch.note, svg: chart.finish() }
}

const CLASSES: [&str; 3] = ["s1", "s2", "s3"];

/// What can be drawn.
fn finite(curve: Curve, sketch: &Sketch) -> Curve {
    let fits = |value: f64, log: bool| value.is_finite() && (!log || value > 0.0);
    curve.into_iter().filter(|(x, y)| fits(*x, sketch.log_x) && fits(*y, sketch.log_y)).collect()
}

/// Round values of a logarithmic axis: the powers of ten, and where those are few twos and fives, too.
fn decades(low: f64, high: f64) -> Vec<(f64, String)> {
    if !(low > 0.0 && high.is_finite()) {
        return Vec::new();
    }
    let (from, to) = (math::floor(math::log2(low) / math::log2(10.0)), math::log2(high) / math::log2(10.0));
    let steps: &[f64] = if to - from > 3.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let mut ticks = Vec::new();
    let mut power = from;
    while power <= to {
        for step in steps {
            let value = step * math::pow(10.0, power);
            if value >= low * 0.999 && value <= high * 1.001 {
                ticks.push((value, plain(value)));
            }
        }
        power += 1.0;
    }
    ticks
}

/// A power of ten, or two or five of one, without zeros that say nothing.
fn plain(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{:.0}M", v / 1e6),
        v if v >= 1e3 => format!("{:.0}k", v / 1e3),
        v if v >= 1.0 => format!("{v:.0}"),
        v if v >= 1e-3 => format!("{v:.3}").trim_end_matches('0').to_owned(),
        v if v >= 1e-6 => format!("{:.0}µ", v * 1e6),
        v => format!("{:.0}n", v * 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_has_round_ticks() {
        let labels = |low, high| decades(low, high).into_iter().map(|tick| tick.1).collect::<Vec<_>>();
        assert_eq!(labels(1.0, 60.0), ["1", "2", "5", "10", "20", "50"]);
        assert_eq!(labels(1e-6, 10.0), ["1µ", "10µ", "100µ", "0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(labels(0.0, 10.0), Vec::<String>::new());
    }
}
