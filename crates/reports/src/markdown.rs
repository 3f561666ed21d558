//! The report as Markdown: tables first, small pictures of text, readable as it is and where Markdown is rendered.
//!
//! Everything that came from outside (names, symbols, faults) is written so that it is text and nothing else.

use crate::number::{self, count};
use crate::report::Report;
use crate::tables::{Table, markout_table, minus};
use std::fmt::Write;
use types::Nanos;

/// Columns of a picture in a line.
const SPARKS: usize = 60;

impl Report {
    /// `report.md`: the tear sheet.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut page = Page::default();
        page.line(&format!("# {}", inline(&self.title)));
        let symbols: Vec<String> = self.instruments.iter().map(|i| inline(&i.symbol)).collect();
        page.line(&format!("**{}** on **{}**", inline(&self.strategy), symbols.join(", ")));
        let session = &self.session;
        page.line(&format!(
            "{} to {}, {}; {} inputs, {} commands",
            session.first,
            session.last,
            number::span(Nanos(session.duration_ns)),
            count(session.inputs),
            count(session.commands)
        ));
        page.heading("Result");
        page.table(&Table::of_pairs("Figures", self.result_rows()));
        page.table(&self.interval_table());
        page.spark("Net P&L", &self.earned);
        page.spark("Drawdown", &self.drawdown);
        for instrument in &self.instruments {
            let lots: Vec<(i64, f64)> = instrument.position.iter().map(|p| (p.0, lots(p.1))).collect();
            page.spark(&format!("Inventory, {} (lots)", instrument.symbol), &lots);
        }
        page.list("Before you believe these numbers", &self.caveats);
        page.heading("Where the P&L came from");
        page.table(&self.parts_table());
        self.strategy_tables().iter().for_each(|table| page.table(table));
        page.table(&self.side_table());
        self.clock_tables().iter().for_each(|table| page.table(table));
        self.instrument_tables().iter().chain(&self.currency_table()).for_each(|table| page.table(table));
        page.heading("By day, drawdowns, risk");
        self.period_tables().iter().for_each(|table| page.table(table));
        page.table(&self.drawdown_table());
        page.table(&self.risk_table());
        page.heading("Fills, orders and latency");
        for instrument in &self.instruments {
            for markouts in instrument.markouts.iter().filter(|m| m.points.iter().any(|p| p.fills > 0)) {
                let mut table = markout_table(instrument, markouts);
                table.caption = format!("Markouts, {}. {}", instrument.symbol, table.caption);
                page.table(&table);
            }
        }
        page.table(&self.fill_rate_table());
        page.table(&Table::of_pairs("Trading", self.trading_rows()));
        page.table(&Table::of_pairs("Orders", self.order_rows()));
        page.table(&Table::of_pairs("Latency", self.latency_rows()));
        page.heading("Data and provenance");
        page.table(&self.data_table());
        page.table(&self.fault_table());
        page.table(&self.hash_table());
        page.heading("What the words mean");
        for (word, meaning) in &self.definitions {
            page.line(&format!("- **{}**: {}", inline(word), inline(meaning)));
        }
        page.heading("Run configuration");
        page.code(&self.config);
        page.text
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        let _ = write!(self.text, "{line}\n\n");
    }

    fn heading(&mut self, title: &str) {
        self.line(&format!("## {}", inline(title)));
    }

    fn list(&mut self, title: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.heading(title);
        for item in items {
            let _ = writeln!(self.text, "- {}", inline(item));
        }
        self.text.push('\n');
    }

    fn table(&mut self, table: &Table) {
        self.line(&format!("**{}**", inline(&table.caption)));
        let cells = table.rows.iter().map(|row| row.cells.len() + 1).max().unwrap_or(1);
        let width = cells.max(table.head.len());
        let head: Vec<String> = table.head.iter().map(|cell| inline(cell)).collect();
        self.row(head, width);
        let _ = writeln!(self.text, "|:---{}|", "|---:".repeat(width - 1));
        for row in &table.rows {
            let strong = row.class == "sum";
            let show = |cell: &String| match inline(cell) {
                text if strong && !text.is_empty() => format!("**{text}**"),
                text => text,
            };
            self.row(std::iter::once(&row.name).chain(&row.cells).map(show).collect(), width);
        }
        self.text.push('\n');
    }

    fn row(&mut self, mut cells: Vec<String>, width: usize) {
        cells.resize(width, String::new());
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }

    /// A series as a line of blocks, from its lowest value to its highest.
    fn spark(&mut self, name: &str, points: &[(i64, f64)]) {
        let Some(picture) = sparkline(points) else { return };
        let low = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
        let shown = |value: f64| minus(crate::study::amount(value));
        self.line(&format!("{}: `{picture}` {} to {}", inline(name), shown(low), shown(high)));
    }

    /// Fenced by more ticks than the text has in a row.
    fn code(&mut self, text: &str) {
        let mut longest = 0;
        let mut running = 0;
        for c in text.chars() {
            running = if c == '`' { running + 1 } else { 0 };
            longest = longest.max(running);
        }
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = write!(self.text, "{fence}toml\n{}\n{fence}\n", text.trim_end());
    }
}

/// Nothing of it means anything to Markdown or HTML, and it stays in its line and its cell.
fn inline(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// Equal times side by side, each as the last value in it; `None` when nothing changes.
#[expect(clippy::cast_precision_loss, reason = "a picture of sixty columns and eight heights")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from zero to seven")]
fn sparkline(points: &[(i64, f64)]) -> Option<String> {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (first, last) = (points.first()?.0, points.last()?.0);
    let low = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    if last <= first || high <= low {
        return None;
    }
    let width = (last - first) as f64 / SPARKS as f64;
    let column = |place: usize| {
        let until = first + (width * (place + 1) as f64) as i64;
        let behind = points.partition_point(|point| point.0 <= until);
        let value = points[behind.max(1) - 1].1;
        BLOCKS[((value - low) / (high - low) * 7.0).round() as usize]
    };
    Some((0..SPARKS).map(column).collect())
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
const fn lots(lots: i64) -> f64 {
    lots as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_drawn_from_its_lowest_to_its_highest() {
        let points: Vec<(i64, f64)> = (0..=60).map(|at| (at, f64::from(at as i32))).collect();
        let drawn = sparkline(&points).expect("it rises");
        assert_eq!(
            (drawn.chars().count(), drawn.chars().next(), drawn.chars().last()),
            (60, Some('▁'), Some('█'))
        );
        assert!(drawn.chars().is_sorted());
        assert_eq!(sparkline(&[(0, 1.0), (5, 1.0)]), None);
        assert_eq!(sparkline(&[]), None);
    }

    #[test]
    fn a_name_is_text_and_nothing_else() {
        assert_eq!(inline("a|b\n<c> *d*"), "a\\|b &lt;c&gt; \\*d\\*");
        let mut page = Page::default();
        page.code("```\nx");
        assert_eq!(page.text, "````toml\n```\nx\n````\n");
    }
}
