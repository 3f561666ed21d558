//! The report as one page that opens from disk: no file beside it, no address outside it.
//!
//! The template escapes every text; what goes in unescaped is our own style sheet, our own script, charts (which
//! escape their texts themselves) and JSON in which no character can end a script element.

use crate::charts::{self, PanelData};
use crate::markout::Estimate;
use crate::number::{self, count, money, percent, ratio};
use crate::report::{InstrumentReport, Markouts, Report, Spans};
use crate::summary::{UNKNOWN, known, uncertain};
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

struct Tile {
    label: &'static str,
    value: String,
    unit: String,
    sub: String,
    class: &'static str,
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

struct Table {
    caption: String,
    head: Vec<String>,
    rows: Vec<Row>,
    class: &'static str,
}

struct Row {
    name: String,
    cells: Vec<String>,
    class: &'static str,
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
        let latency = |title, spans: &Spans, svg| LatencyView {
            title,
            note: latency_note(spans),
            svg,
        };
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
            instrument_tables: self.instrument_tables(),
            data_table: self.data_table(),
            fault_table: self.fault_table(),
            hash_table: self.hash_table(),
            panels: panels
                .into_iter()
                .map(|panel| Figure {
                    has_marks: panel.data.has_marks(),
                    svg: panel.svg,
                })
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
        let tile = |label, value: String, unit: &str, sub: String| Tile {
            label,
            value: minus(value),
            unit: unit.to_owned(),
            sub: minus(sub),
            class: "",
        };
        let currency = self.currency.as_str();
        let net_class = match headline.net.0.0 {
            0 => "",
            n if n > 0 => "gain",
            _ => "loss",
        };
        let sharpe = match headline.sharpe.annual {
            Some(annual) => ("Sharpe, annual", uncertain(annual), known(headline.sharpe.annual_sortino, |s| format!("Sortino {}", ratio(s)))),
            None => match headline.sharpe.hourly {
                Some(hourly) => ("Sharpe, hourly", uncertain(hourly), format!("annual: {}", self.sharpe_annual())),
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
                    format!("{} of {} capital", known(headline.return_on_capital, percent), money(headline.capital.0)),
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
        Tile {
            label: "Inventory",
            value,
            unit: unit.to_owned(),
            sub,
            class: "",
        }
    }

    fn parts_table(&self) -> Table {
        let mut table = Table::of_pairs("Sum of the parts", self.part_rows());
        if let Some(last) = table.rows.last_mut() {
            last.class = "sum";
        }
        table
    }

    fn markout_view(&self, at: usize) -> MarkoutView {
        let instrument = &self.instruments[at];
        MarkoutView {
            symbol: instrument.symbol.clone(),
            svg: charts::markout_chart(self, at),
            tables: instrument.markouts.iter().map(|m| markout_table(instrument, m)).collect(),
        }
    }

    fn fill_rate_table(&self) -> Table {
        let rows = self.fill_rate.iter().map(|point| {
            let share = point.share.zip(point.standard_error);
            let shown = known(share, |(s, e)| format!("{:.2} ± {:.2} %", s * 100.0, e * 100.0));
            row(span_ms(point.within_ms), vec![shown, count(point.at_risk), count(point.quotes)])
        });
        Table {
            caption: "First fill within (Kaplan–Meier)".into(),
            head: heads(&["horizon", "share ± s.e.", "still waiting", "quotes"]),
            rows: rows.collect(),
            class: "",
        }
    }

    fn instrument_tables(&self) -> Vec<Table> {
        let each = |show: &dyn Fn(&InstrumentReport) -> Vec<String>| -> Vec<Row> {
            self.instruments.iter().map(|i| row(i.symbol.clone(), show(i).into_iter().map(minus).collect())).collect()
        };
        vec![
            Table {
                caption: "Result".into(),
                head: heads(&["", "currency", "net P&L", "spread", "adverse sel.", "fees", "inventory", "fills m/t", "volume (lots)", "of market", "maker share"]),
                rows: each(&|i| {
                    let pnl = &i.pnl;
                    let mut cells = vec![i.currency.clone()];
                    cells.extend([pnl.net, pnl.spread_captured, pnl.adverse_selection, pnl.fees, pnl.inventory].map(|c| money(c.0)));
                    cells.push(format!("{} / {}", count(i.fills_maker), count(i.fills_taker)));
                    cells.push(number::grouped(&i.volume_lots.to_string()));
                    cells.push(known(i.participation, percent));
                    cells.push(known(i.maker_share, percent));
                    cells
                }),
                class: "",
            },
            Table {
                caption: "Inventory (lots) and presence (share of time)".into(),
                head: heads(&["", "end", "mean", "mean size", "longest", "shortest", "with position", "quoting", "both sides", "book live", "crossed", "stale", "building"]),
                rows: each(&|i| {
                    let (held, time) = (&i.inventory, &i.time);
                    let mut cells = vec![held.last.to_string(), known(held.mean, ratio), known(held.mean_abs, ratio)];
                    cells.extend([held.max_long.to_string(), held.max_short.to_string()]);
                    let shares = [time.with_position, time.quoting, time.quoting_both, time.live, time.crossed, time.stale, time.building];
                    cells.extend(shares.map(|share| known(share, percent)));
                    cells
                }),
                class: "",
            },
            Table {
                caption: "Terms".into(),
                head: heads(&["", "venue", "contract", "tick", "lot", "multiplier", "terms from"]),
                rows: each(&|i| {
                    vec![
                        i.venue.clone(),
                        i.contract.to_owned(),
                        i.tick.clone(),
                        i.lot.clone(),
                        i.multiplier.clone(),
                        i.origin.replace('_', " "),
                    ]
                }),
                class: "",
            },
        ]
    }

    fn data_table(&self) -> Table {
        let rows = self.data.iter().map(|file| row(file.name.clone(), vec![count(file.bytes), file.hash.clone()]));
        Table {
            caption: "Files read".into(),
            head: heads(&["file", "bytes", "hash"]),
            rows: rows.collect::<Vec<_>>().or_none("none named"),
            class: "hash",
        }
    }

    fn fault_table(&self) -> Table {
        let rows = self.faults.iter().map(|fault| row(fault.what.clone(), vec![count(fault.count)]));
        Table {
            caption: "Faults and skips in the data".into(),
            head: Vec::new(),
            rows: rows.collect::<Vec<_>>().or_none("none reported"),
            class: "",
        }
    }

    fn hash_table(&self) -> Table {
        let hashes = &self.hashes;
        let shown = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "not taken".into());
        Table {
            caption: "Hashes".into(),
            head: Vec::new(),
            rows: vec![
                row("configuration".into(), vec![hashes.config.clone()]),
                row("journal head".into(), vec![shown(&hashes.journal_head)]),
                row("commands".into(), vec![shown(&hashes.commands)]),
            ],
            class: "hash",
        }
    }
}

trait OrNone {
    fn or_none(self, text: &str) -> Self;
}

impl OrNone for Vec<Row> {
    fn or_none(self, text: &str) -> Self {
        if self.is_empty() { vec![row(text.to_owned(), Vec::new())] } else { self }
    }
}

impl Table {
    fn of_pairs(caption: &str, pairs: Vec<(String, String)>) -> Self {
        Self {
            caption: caption.to_owned(),
            head: Vec::new(),
            rows: pairs
                .into_iter()
                .map(|(name, value)| Row {
                    // The terminal's indent.
                    class: if name.starts_with(' ') { "part" } else { "" },
                    name,
                    cells: vec![minus(value)],
                })
                .collect(),
            class: "",
        }
    }
}

fn markout_table(instrument: &InstrumentReport, markouts: &Markouts) -> Table {
    let estimate = |e: &Estimate| known(e.mean, |mean| minus(number::estimate(mean, e.standard_error)));
    let rows = markouts.points.iter().map(|point| {
        row(
            span_ms(point.after_ms),
            vec![
                estimate(&point.ticks),
                estimate(&point.money),
                count(point.fills),
                count(point.past_end),
                count(point.no_market),
            ],
        )
    });
    let edge = estimate(&markouts.edge_ticks);
    Table {
        caption: format!("{} fills, edge at the fill {edge} ticks", capital(markouts.liquidity)),
        head: heads(&["after", "ticks", &format!("{} a fill", instrument.currency), "fills", "past end", "no market"]),
        rows: rows.collect(),
        class: "",
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
    let mut note = format!("p50 {}, p90 {}, p99 {}, max {}", at(spans.p50_ns), at(spans.p90_ns), at(spans.p99_ns), at(spans.max_ns));
    if spans.negative > 0 {
        note += &format!("; {} below zero left out", count(spans.negative));
    }
    note
}

fn span_ms(ms: i64) -> String {
    number::span(Nanos::from_millis(ms)).replace(" 00 s", "")
}

fn row(name: String, cells: Vec<String>) -> Row {
    Row {
        name,
        cells,
        class: "",
    }
}

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A number's hyphen becomes a minus; hyphens within words stay.
fn minus(text: String) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let starts_number = c == '-' && !before.is_alphanumeric() && rest.peek().is_some_and(char::is_ascii_digit);
        shown.push(if starts_number { '\u{2212}' } else { c });
        before = c;
    }
    shown
}

/// JSON that cannot end the script element it stands in, nor start a comment within it.
fn script_json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_s_hyphen_becomes_a_minus() {
        let cases = [("-1.5", "\u{2212}1.5"), ("post-only -3", "post-only \u{2212}3"), ("a-1", "a-1"), ("-", "-")];
        for (text, shown) in cases {
            assert_eq!(minus(text.into()), shown);
        }
    }

    #[test]
    fn json_stays_within_its_element() {
        let shown = script_json(&"</script><!-- & \u{2028}");
        assert!(!shown.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), "</script><!-- & \u{2028}");
    }
}
