//! The page's tables, as text in cells.

use crate::markout::Estimate;
use crate::number::{self, count, money, percent, ratio};
use crate::report::{CurrencyReport, InstrumentReport, Markouts, Report};
use crate::summary::known;
use types::Nanos;

/// Rows under a caption.
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) class: &'static str,
}

/// A row; its class is the style sheet's.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) cells: Vec<String>,
    pub(crate) class: &'static str,
}

impl Report {
    pub(crate) fn parts_table(&self) -> Table {
        let mut table = Table::of_pairs("Sum of the parts", self.part_rows());
        if let Some(last) = table.rows.last_mut() {
            last.class = "sum";
        }
        table
    }

    pub(crate) fn fill_rate_table(&self) -> Table {
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

    /// What was earned in each currency; none where there is one.
    pub(crate) fn currency_table(&self) -> Option<Table> {
        let cells = |of: &CurrencyReport| {
            let rate = known(of.rate, |rate| rate.0.to_string());
            vec![money(of.net.0), rate, money(of.worth.0), money(of.revalued.0)]
        };
        let rows = self
            .currencies
            .iter()
            .map(|of| row(of.currency.clone(), cells(of).into_iter().map(minus).collect()));
        (!self.currencies.is_empty()).then(|| Table {
            caption: format!("Currencies (account in {})", self.currency),
            head: heads(&["", "net P&L", "rate", "worth", "by the rate"]),
            rows: rows.collect(),
            class: "",
        })
    }

    pub(crate) fn instrument_tables(&self) -> Vec<Table> {
        let each = |show: &dyn Fn(&InstrumentReport) -> Vec<String>| -> Vec<Row> {
            self.instruments
                .iter()
                .map(|i| row(i.symbol.clone(), show(i).into_iter().map(minus).collect()))
                .collect()
        };
        vec![
            Table {
                caption: "Result".into(),
                head: heads(&[
                    "",
                    "currency",
                    "net P&L",
                    "spread",
                    "adverse sel.",
                    "fees",
                    "funding",
                    "borrow",
                    "inventory",
                    "fills m/t",
                    "volume (lots)",
                    "of market",
                    "maker share",
                ]),
                rows: each(&|i| {
                    let pnl = &i.pnl;
                    let mut cells = vec![i.currency.clone()];
                    let amounts = [
                        pnl.net,
                        pnl.spread_captured,
                        pnl.adverse_selection,
                        pnl.fees,
                        pnl.funding,
                        pnl.borrow,
                        pnl.inventory,
                    ];
                    cells.extend(amounts.map(|c| money(c.0)));
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
                head: heads(&[
                    "",
                    "end",
                    "mean",
                    "mean size",
                    "longest",
                    "shortest",
                    "with position",
                    "quoting",
                    "both sides",
                    "book live",
                    "crossed",
                    "stale",
                    "building",
                ]),
                rows: each(&|i| {
                    let (held, time) = (&i.inventory, &i.time);
                    let mut cells =
                        vec![held.last.to_string(), known(held.mean, ratio), known(held.mean_abs, ratio)];
                    cells.extend([held.max_long.to_string(), held.max_short.to_string()]);
                    let shares = [
                        time.with_position,
                        time.quoting,
                        time.quoting_both,
                        time.live,
                        time.crossed,
                        time.stale,
                        time.building,
                    ];
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

    pub(crate) fn data_table(&self) -> Table {
        let rows =
            self.data.iter().map(|file| row(file.name.clone(), vec![count(file.bytes), file.hash.clone()]));
        Table {
            caption: "Files read".into(),
            head: heads(&["file", "bytes", "hash"]),
            rows: rows.collect::<Vec<_>>().or_none("none named"),
            class: "hash",
        }
    }

    pub(crate) fn fault_table(&self) -> Table {
        let rows = self.faults.iter().map(|fault| row(fault.what.clone(), vec![count(fault.count)]));
        Table {
            caption: "Faults and skips in the data".into(),
            head: Vec::new(),
            rows: rows.collect::<Vec<_>>().or_none("none reported"),
            class: "",
        }
    }

    pub(crate) fn hash_table(&self) -> Table {
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
    pub(crate) fn of_pairs(caption: &str, pairs: Vec<(String, String)>) -> Self {
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

pub(crate) fn markout_table(instrument: &InstrumentReport, markouts: &Markouts) -> Table {
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
        head: heads(&[
            "after",
            "ticks",
            &format!("{} a fill", instrument.currency),
            "fills",
            "past end",
            "no market",
        ]),
        rows: rows.collect(),
        class: "",
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn span_ms(ms: i64) -> String {
    number::span(Nanos::from_millis(ms)).replace(" 00 s", "").replace(' ', "\u{a0}")
}

fn row(name: String, cells: Vec<String>) -> Row {
    Row { name, cells, class: "" }
}

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A number's hyphen becomes a minus; hyphens within words stay.
pub(crate) fn minus(text: String) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let starts_number =
            c == '-' && !before.is_alphanumeric() && rest.peek().is_some_and(char::is_ascii_digit);
        shown.push(if starts_number { '\u{2212}' } else { c });
        before = c;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_s_hyphen_becomes_a_minus() {
        let cases =
            [("-1.5", "\u{2212}1.5"), ("post-only -3", "post-only \u{2212}3"), ("a-1", "a-1"), ("-", "-")];
        for (text, shown) in cases {
            assert_eq!(minus(text.into()), shown);
        }
    }
}
