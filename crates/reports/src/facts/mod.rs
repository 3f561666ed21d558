//! Stylised facts, days side by side: as rows for the terminal, as JSON, as a page.
//!
//! The first day is the one that others are held against. Never hides what differs.

mod page;

pub use page::to_html;

use crate::number;
use runtime::facts::{Facts, Figure, ROWS, Row, Verdict, verdict};
use serde_json::{Value, json};

/// A number of a fact: three figures that count.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown to people, and saturates")]
pub fn short(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    match value.abs() {
        v if v >= 1e4 => format!("{sign}{}", number::count(v.round() as u64)),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn shown(figure: Option<Figure>) -> String {
    match figure {
        None => "–".into(),
        Some(Figure { value, low: Some(low), high: Some(high) }) => {
            format!("{} ({} to {})", short(value), short(low), short(high))
        }
        Some(Figure { value, .. }) => short(value),
    }
}

/// One row of the table: the fact, each day's, and for two days their ratio and what is said of it.
#[must_use]
pub fn cells(row: &Row, days: &[Facts]) -> Vec<String> {
    let unit = if row.unit.is_empty() { String::new() } else { format!(", {}", row.unit) };
    let mut cells = vec![format!("{}{unit}", row.name)];
    cells.extend(days.iter().map(|day| shown((row.of)(day))));
    if let [first, second] = days {
        let (a, b) = ((row.of)(first), (row.of)(second));
        cells.push(ratio(a, b).map_or("–".into(), |ratio| format!("{ratio:.2}")));
        cells.push(match verdict(a, b) {
            Verdict::Like | Verdict::Unknown => String::new(),
            Verdict::Unlike => "differs".into(),
        });
    }
    cells
}

fn ratio(a: Option<Figure>, b: Option<Figure>) -> Option<f64> {
    let (a, b) = (a?.value, b?.value);
    (a.abs() > 1e-9).then_some(b / a)
}

/// What differs between two days, in words; `None` for any other number of days.
#[must_use]
pub fn unlike(days: &[Facts]) -> Option<String> {
    let [first, second] = days else { return None };
    let differs = |row: &&Row| verdict((row.of)(first), (row.of)(second)) == Verdict::Unlike;
    let names: Vec<&str> = ROWS.iter().filter(differs).map(|row| row.name).collect();
    Some(match names.as_slice() {
        [] => "Nothing differs by more than 30 % and beyond its interval.".into(),
        names => format!("Differs by more than 30 % and beyond its interval: {}.", names.join("; ")),
    })
}

/// All of it.
#[must_use]
pub fn to_json(days: &[Facts]) -> Value {
    let rows: Vec<Value> = match days {
        [first, second] => ROWS
            .iter()
            .map(|row| {
                let (a, b) = ((row.of)(first), (row.of)(second));
                json!({
                    "fact": row.name, "unit": row.unit, "first": a, "second": b, "ratio": ratio(a, b),
                    "verdict": verdict(a, b),
                })
            })
            .collect(),
        _ => Vec::new(),
    };
    json!({ "days": days, "compared": rows })
}
