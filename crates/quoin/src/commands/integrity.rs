//! How `inspect` and `import` show what is wrong with a recording.

use crate::terminal::{self, grouped};
use reports::number;
use runtime::integrity::{InstrumentIntegrity, Integrity, Spans};
use types::Nanos;

/// Instruments with trouble that are shown with theirs.
const SHOWN: usize = 10;
/// Of each list.
const FIRST: usize = 3;

/// A table of the totals, and the first of each kind with their place.
pub(crate) fn text(integrity: &Integrity) -> String {
    let mut table = terminal::table(&["integrity", "count"]);
    for (what, count) in integrity.troubles() {
        terminal::row(&mut table, [what.to_string(), grouped(count)]);
    }
    let sum =
        |of: fn(&InstrumentIntegrity) -> u64| integrity.instruments.iter().map(|(_, i)| of(i)).sum::<u64>();
    for (what, count) in [
        ("instruments joined after their start (no damage)", sum(|i| i.joined_late)),
        ("crossed spans while closed (legal)", sum(|i| i.crossed_closed.spans.count)),
        ("packets that left a book locked (legal)", sum(|i| i.locked)),
    ] {
        if count > 0 {
            terminal::row(&mut table, [what.to_string(), grouped(count)]);
        }
    }
    let mut text = format!("{table}\n");
    for gap in integrity.gaps.first.iter().take(FIRST) {
        let at = number::moment(gap.venue_at);
        text.push_str(&format!("  feed: gap at {at}: {} due, {} came\n", gap.expected, gap.received));
    }
    let troubled = integrity.instruments.iter().filter_map(|(name, i)| Some((name, lines(i)?)));
    for (name, lines) in troubled.take(SHOWN) {
        text.push_str(&format!("  {name}: {}\n", lines.join("; ")));
    }
    text
}

/// What is wrong with an instrument, in words.
fn lines(found: &InstrumentIntegrity) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    if let Some(gap) = found.gaps.first.first() {
        lines.push(format!(
            "{} gaps, the first at {}",
            grouped(found.gaps.count),
            number::moment(gap.venue_at)
        ));
    }
    if let Some((at, _)) = found.venue_backwards.steps.first.first() {
        lines.push(format!(
            "venue time backwards {} times, by {} at most, first to {}",
            grouped(found.venue_backwards.steps.count),
            number::span(found.venue_backwards.largest),
            number::moment(*at)
        ));
    }
    lines.extend(spans("crossed", &found.crossed));
    lines.extend(spans("crossed while closed", &found.crossed_closed));
    let counts = [
        ("orders added twice", found.duplicates.orders),
        ("trades repeated", found.duplicates.trades),
        ("levels set to what they were", found.duplicates.levels),
        ("unknown", found.unknown),
        ("impossible", found.impossible),
    ];
    lines.extend(counts.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{what} {}", grouped(*n))));
    (!lines.is_empty()).then_some(lines)
}

fn spans(what: &str, found: &Spans) -> Option<String> {
    let (from, to): (Nanos, Nanos) = *found.spans.first.first()?;
    Some(format!(
        "{what} {} times, {} at most, first {} to {}",
        grouped(found.spans.count),
        number::span(found.longest),
        number::moment(from),
        number::moment(to)
    ))
}

/// What `--strict` refuses, in one sentence; `None` when there is nothing.
pub(crate) fn refusal(name: &str, integrity: &Integrity) -> Option<String> {
    let found: Vec<String> = integrity
        .troubles()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{} {what}", grouped(count)))
        .collect();
    (!found.is_empty()).then(|| format!("{name}: {} (--strict)", found.join(", ")))
}
