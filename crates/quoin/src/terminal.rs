//! What a terminal shows: tables, and progress where somebody is looking.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};

/// A table with headings, numbers to the right from the second column on.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !headings.is_empty() {
        table.set_header(headings.iter().map(Cell::new));
    }
    table
}

/// A row of a table: the first cell to the left, the rest to the right.
pub(crate) fn row<T: ToString>(table: &mut Table, cells: impl IntoIterator<Item = T>) {
    let cells = cells.into_iter().enumerate().map(|(at, text)| {
        let cell = Cell::new(text.to_string());
        if at == 0 { cell } else { cell.set_alignment(CellAlignment::Right) }
    });
    table.add_row(cells);
}

/// A line above the rows of a section.
pub(crate) fn heading(table: &mut Table, text: &str) {
    if table.row_count() > 0 {
        table.add_row([""]);
    }
    table.add_row([Cell::new(text).add_attribute(Attribute::Bold)]);
}

/// Prints to standard output; a closed pipe is an error the caller passes on.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// An error and its causes, each said once: some errors quote their cause themselves.
pub(crate) fn reason(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            let colon = if text.is_empty() { "" } else { ": " };
            text.push_str(colon);
            text.push_str(&cause);
        }
    }
    text
}

pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A bar for `total` units of work, on a terminal only: a pipe or a log gets nothing.
pub(crate) fn progress(what: &'static str, total: u64, unit: Unit) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        return bar;
    }
    let template = match unit {
        Unit::Bytes => "{msg:>10} {wide_bar} {bytes}/{total_bytes} {prefix} ETA {eta}",
        Unit::Share => "{msg:>10} {wide_bar} {percent}% ETA {eta}",
        Unit::Runs => "{msg:>10} {wide_bar} {pos}/{len} runs ETA {eta}",
        Unit::Records => "{msg:>10} {wide_bar} {human_pos} records {per_sec} {prefix}",
    };
    bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant"));
    bar.set_message(what);
    bar
}

/// What a bar counts.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Bytes,
    Records,
    Runs,
    /// Of a thousand.
    Share,
}

/// A share as a position on a bar of a thousand.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000")]
pub(crate) fn permille(share: f64) -> u64 {
    (share * 1_000.0).clamp(0.0, 1_000.0) as u64
}

/// 1234567 as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    reports::number::count(number)
}
