//! The report as one page that opens from disk: no file beside it, no address outside it.
//!
//! The template escapes every text; what goes in unescaped is our own style sheet, our own script, charts (which
//! escape their texts themselves) and JSON in which no character can end a script element.

use crate::charts::{self, PanelData};
use crate::number::{self, count, money, percent, ratio};
use crate::report::{Report, Spans};
use crate::summary::{UNKNOWN, known, uncertain};
use crate::tables::{Table, markout_table, minus};
use askama::Template;
use serde::Serialize;
use types::{Money, Nanos};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    style: &'static str,
    script: &'static str,
    symbols: String,
    duration: String,
    inputs: String,
    commands: String,
    tiles: Vec<Tile>,
    panels: Vec<Figure>,
    parts_chart: String,
    parts_table: Table,
    markouts: Vec<MarkoutView>,
    fill_rate_chart: String,
    fill_rate_table: Table,
    trading_table: Table,
    order_table: Table,
    latencies: Vec<LatencyView>,
    instrument_tables: Vec<Table>,
    data_table: Table,
    fault_table: Table,
    hash_table: Table,
    numbers: String,
}

/// A figure one asks for first.
pub(crate) struct Tile {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    pub(crate) unit: String,
    pub(crate) sub: String,
    pub(crate) class: &'static str,
}

impl Tile {
    /// Neither good nor bad.
    pub(crate) fn new(label: &'static str, value: String, unit: &str, sub: String) -> Self {
        Self { label, value: minus(value), unit: unit.to_owned(), sub: minus(sub), class: "" }
    }
}

struct Figure {
    svg: String,
    has_marks: bool,
}

struct MarkoutView {
    symbol: String,
    svg: String,
    tables: Vec<Table>,
}

struct LatencyView {
    title: &'static str,
    note: String,
    svg: String,
}

/// What the script reads.
#[derive(Serialize)]
struct Numbers<'a> {
    start_ms: f64,
    span_ms: f64,
    panels: Vec<&'a PanelData>,
}

impl Report {
    /// `report.html`: the whole report on one self-contained page.
    #[must_use]
    pub fn to_html(&self) -> String {
        let panels = self.panels();
        let numbers = script_json(&self.numbers(panels.iter().map(|panel| &panel.data).collect()));
        let [feed_svg, order_svg] = self.latency_charts();
        let latency = |title, spans: &Spans, svg| LatencyView { title, note: latency_note(spans), svg };
        let page = Page {
            report: self,
            style: include_str!("../templates/style.css"),
            script: include_str!("../templates/report.js"),
            symbols: self.instruments.iter().map(|i| i.symbol.as_str()).collect::<Vec<_>>().join(", "),
            duration: number::span(Nanos(self.session.duration_ns)),
            inputs: count(self.session.inputs),
            commands: count(self.session.commands),
            tiles: self.tiles(),
            parts_chart: self.parts_chart(),
            parts_table: self.parts_table(),
            markouts: (0..self.instruments.len()).map(|at| self.markout_view(at)).collect(),
            fill_rate_chart: self.fill_rate_chart(),
            fill_rate_table: self.fill_rate_table(),
            trading_table: Table::of_pairs("Trading", self.trading_rows()),
            order_table: Table::of_pairs("Orders", self.order_rows()),
            latencies: vec![
                latency("Feed latency", &self.latency.feed, feed_svg),
                latency("Order round trip", &self.latency.order, order_svg),
            ],
            instrument_tables: self.instrument_tables().into_iter().chain(self.currency_table()).collect(),
            data_table: self.data_table(),
            fault_table: self.fault_table(),
            hash_table: self.hash_table(),
            panels: panels
                .into_iter()
                .map(|panel| Figure { has_marks: panel.data.has_marks(), svg: panel.svg })
                .collect(),
            numbers,
        };
        page.render().expect("writing into a String cannot fail")
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    fn numbers<'a>(&self, panels: Vec<&'a PanelData>) -> Numbers<'a> {
        Numbers {
            start_ms: self.session.first_at as f64 / 1e6,
            span_ms: (self.session.duration_ns as f64 / 1e6).max(1e-6),
            panels,
        }
    }

    fn tiles(&self) -> Vec<Tile> {
        let headline = &self.headline;
        let tile = Tile::new;
        let currency = self.currency.as_str();
        let net_class = match headline.net.0.0 {
            0 => "",
            n if n > 0 => "gain",
            _ => "loss",
        };
        let sharpe = match headline.sharpe.annual {
            Some(annual) => (
                "Sharpe, annual",
                uncertain(annual),
                known(headline.sharpe.annual_sortino, |s| format!("Sortino {}", ratio(s))),
            ),
            None => match headline.sharpe.hourly {
                Some(hourly) => {
                    ("Sharpe, hourly", uncertain(hourly), format!("annual: {}", self.sharpe_annual()))
                }
                None => ("Sharpe", UNKNOWN.to_owned(), format!("hourly: {}", self.sharpe_hourly())),
            },
        };
        let activity = &self.activity;
        vec![
            Tile {
                class: net_class,
                ..tile(
                    "Net P&L",
                    money(headline.net.0),
                    currency,
                    format!(
                        "{} of {} capital",
                        known(headline.return_on_capital, percent),
                        money(headline.capital.0)
                    ),
                )
            },
            tile(
                "Max drawdown",
                money(headline.max_drawdown.0),
                currency,
                format!("{} of the peak", known(headline.max_drawdown_share, percent)),
            ),
            tile(sharpe.0, sharpe.1, "", sharpe.2),
            tile("Fees", money(headline.fees.0), currency, fees_note(headline.fees.0)),
            tile(
                "Fills",
                count(headline.fills),
                "",
                format!("{} of orders placed", known(activity.fill_rate, percent)),
            ),
            tile("Turnover", number::money_short(headline.turnover.0), currency, self.volume_note()),
            tile(
                "Maker share",
                known(headline.maker_share, percent),
                "",
                format!("messages per fill {}", known(activity.messages_per_fill, ratio)),
            ),
            self.inventory_tile(),
        ]
    }

    fn volume_note(&self) -> String {
        match self.instruments.as_slice() {
            [one] => {
                let lots = number::grouped(&one.volume_lots.to_string());
                format!("{lots} lots, {} of the market", known(one.participation, percent))
            }
            many => format!("in {} instruments", many.len()),
        }
    }

    fn inventory_tile(&self) -> Tile {
        let held = known(self.headline.time_with_position, percent);
        let (value, unit, sub) = match self.instruments.as_slice() {
            [one] => {
                let held_lots = &one.inventory;
                (
                    format!("{} to {}", minus(held_lots.max_short.to_string()), held_lots.max_long),
                    "lots",
                    format!("mean {}, held {held} of the time", minus(known(held_lots.mean, ratio))),
                )
            }
            _ => (held, "", "of the time with a position".to_owned()),
        };
        Tile { label: "Inventory", value, unit: unit.to_owned(), sub, class: "" }
    }

    fn markout_view(&self, at: usize) -> MarkoutView {
        let instrument = &self.instruments[at];
        MarkoutView {
            symbol: instrument.symbol.clone(),
            svg: charts::markout_chart(self, at),
            tables: instrument.markouts.iter().map(|m| markout_table(instrument, m)).collect(),
        }
    }
}

fn fees_note(fees: Money) -> String {
    match fees.0 {
        0 => "none charged".into(),
        n if n > 0 => "paid".into(),
        _ => "received on balance".into(),
    }
}

fn latency_note(spans: &Spans) -> String {
    if spans.count == 0 && spans.negative == 0 {
        return "nothing measured".into();
    }
    let at = |ns: Option<i64>| known(ns, |n| number::span(Nanos(n)));
    let mut note = format!(
        "p50 {}, p90 {}, p99 {}, max {}",
        at(spans.p50_ns),
        at(spans.p90_ns),
        at(spans.p99_ns),
        at(spans.max_ns)
    );
    if spans.negative > 0 {
        note += &format!("; {} below zero left out", count(spans.negative));
    }
    note
}

/// JSON that cannot end the script element it stands in, nor start a comment within it.
fn script_json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_within_its_element() {
        let shown = script_json(&"</script><!-- & \u{2028}");
        assert!(!shown.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), "</script><!-- & \u{2028}");
    }
}
