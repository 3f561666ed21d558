//! `quoin inspect`

use super::{integrity, select::Select};
use crate::terminal::{self, Unit, grouped};
use anyhow::bail;
use reports::number;
use runtime::inspect::{Inspection, inspect};
use runtime::source::{Recording, recordings};
use runtime::survey::{FileSurvey, survey};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use stdx::decimal;
use types::{Nanos, Side};
use venues::{Composition, Leg};

#[derive(clap::Args)]
#[command(after_help = "Formats are told by their first bytes:
  captures (pcap, pcapng) of CME MDP 3.0 and of NASDAQ ITCH 5.0 in MoldUDP64
  NASDAQ ITCH 5.0 files
  Databento DBN (v1 to v3, fragments) and DBZ
  LOBSTER messages (CSV, or the zip they come in, with the order book)
  Binance recordings, Bitstamp order logs
  Tardis CSV, and Tardis's normalised messages
  QuantConnect LEAN (zip)
  tables of trades or bars (CSV)
  recorded sessions of venues (their messages are counted)
  history (a folder, or a Parquet file of one)
All but LEAN's and LOBSTER's zip may be zstd, gzip or bzip2 compressed.

--messages shows captures, ITCH files and DBN message by message, fields named as their
venue names them; with --json each is an object on a line of its own.

Examples:
  quoin inspect day.pcap
  quoin inspect spot.gz usdm.gz --json
  quoin inspect history --from 2023-12-25T23:00 --symbol ESH4
  quoin inspect day.pcap --messages --limit 20
  quoin inspect es.dbn.zst --messages --json | jq 'select(.message == \"trades\") | .fields.price'")]
pub(crate) struct Args {
    /// Recordings to look into
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Terms of instruments that the data does not define
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    select: Select,
    /// Fail when a recording has a gap, a fault, a clock that runs backwards, a crossed span, a duplicate
    #[arg(long)]
    strict: bool,
    /// Show each message instead, field by field
    #[arg(long, conflicts_with_all = ["config", "strict", "from", "to", "symbol"])]
    messages: bool,
    /// At most so many messages of each file
    #[arg(long, requires = "messages", value_name = "N")]
    limit: Option<u64>,
    /// All of it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.messages {
        return super::messages::run(&args.files, args.limit, args.json);
    }
    let config = super::read_config(args.config.as_deref())?;
    let recordings = recordings(&args.files, &args.select.selection())?;
    let total = recordings.iter().map(Recording::size).sum::<Result<u64, _>>()?;
    let bar = terminal::progress("inspecting", 2 * total, Unit::Bytes);
    let survey = survey(&recordings, |bytes| bar.set_position(bytes))?;
    let inspection = inspect(survey, &recordings, &config, |bytes| bar.set_position(total + bytes))?;
    bar.finish_and_clear();
    if args.json {
        terminal::print(&format!("{:#}\n", as_json(&inspection)))?;
    } else {
        terminal::print(&as_text(&inspection))?;
    }
    if args.strict {
        let found = inspection.survey.files.iter().zip(&inspection.integrity);
        let refusals: Vec<String> =
            found.filter_map(|(file, found)| integrity::refusal(&file.name, found)).collect();
        if !refusals.is_empty() {
            bail!("{}", refusals.join("; "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(inspection: &Inspection) -> String {
    let mut text = String::new();
    for (file, found) in inspection.survey.files.iter().zip(&inspection.integrity) {
        text.push_str(&file_text(file));
        text.push_str(&integrity::text(found));
    }
    text.push_str(&instruments_text(inspection));
    text
}

fn file_text(file: &FileSurvey) -> String {
    let mut text = format!("\n{}\n  {}, {} bytes\n", file.name, file.format, grouped(file.bytes));
    if let Some((first, last)) = file.span {
        let span = number::span(last - first);
        text.push_str(&format!("  {} to {} ({span})\n", number::moment(first), number::moment(last)));
    }
    text.push_str(&clock_text(file));
    let mut table = terminal::table(&["in the file", "count"]);
    for (name, count) in &file.counts {
        terminal::row(&mut table, [name.clone(), grouped(*count)]);
    }
    for (kind, count) in &file.events {
        terminal::row(&mut table, [format!("{kind} events"), grouped(*count)]);
    }
    for (what, count) in [
        ("stamped before an earlier event", file.out_of_order),
        ("damaged places", file.fault_count),
        ("bytes skipped", file.skipped),
    ] {
        terminal::row(&mut table, [what.to_string(), grouped(count)]);
    }
    text.push_str(&format!("{table}\n"));
    const SHOWN: usize = 10;
    for fault in file.faults.iter().take(SHOWN) {
        text.push_str(&format!("  {fault}\n"));
    }
    if file.fault_count > SHOWN as u64 {
        text.push_str(&format!("  … and {} more\n", grouped(file.fault_count - SHOWN as u64)));
    }
    text
}

/// Clocks that are further apart than this are no two clocks of one day: one of them tells no time.
const CLOCKS_APART_MAX: Nanos = Nanos::from_secs(300 * 86_400);

/// How the recorder's clock stands to the venue's. Which part of it is the journey nobody can tell.
fn clock_text(file: &FileSurvey) -> String {
    let Some(clock) = &file.clock else {
        return "  one clock: the receive times are the venue's\n".into();
    };
    if clock.offset.0.abs() > CLOCKS_APART_MAX.0 {
        return "  receive times of another year than the venue's: they say nothing of its latency\n".into();
    }
    let error = clock.offset_error.map_or("± unknown".into(), |error| format!("± {}", number::span(error)));
    let offset = number::span(Nanos(clock.offset.0.abs()));
    let mut text = if clock.offset.0 < 0 {
        format!(
            "  recorder's clock {offset} behind the venue's ({error}), and the fastest message's journey more"
        )
    } else {
        format!(
            "  fastest message {offset} on its way ({error}), or the recorder's clock that much ahead of the venue's"
        )
    };
    if let Some(drift) = &clock.drift {
        let followed = if drift.is_significant() { "" } else { ", so none to speak of" };
        text.push_str(&format!("; drift {:.1} ± {:.1} ppm{followed}", drift.ppm, drift.error_ppm));
    }
    text.push_str(";\n  latency is what lies above\n");
    if file.latency_negative > 0 {
        let count = grouped(file.latency_negative);
        text.push_str(&format!("  {count} events received before they were sent, by these clocks\n"));
    }
    if clock.implausible > 0 {
        text.push_str(&format!("  {} impossible times set aside\n", grouped(clock.implausible)));
    }
    text
}

fn instruments_text(inspection: &Inspection) -> String {
    const SHOWN: usize = 30;
    if inspection.table.instruments.is_empty() {
        return "\nno event of an instrument is in it\n".into();
    }
    let mut order: Vec<usize> = (0..inspection.table.instruments.len()).collect();
    order.sort_by_key(|row| std::cmp::Reverse(inspection.survey.instruments[*row].events));
    let mut table = terminal::table(&[
        "instrument",
        "tick",
        "lot",
        "multiplier",
        "currency",
        "terms",
        "events",
        "trades",
        "books",
        "crossed",
        "stale",
        "unknown",
        "spread",
    ]);
    for &row in order.iter().take(SHOWN) {
        let instrument = &inspection.table.instruments[row];
        let (terms, seen, book) =
            (instrument.terms(), &inspection.survey.instruments[row], &inspection.books[row]);
        terminal::row(
            &mut table,
            [
                format!("{}/{}", terms.venue, terms.symbol),
                decimal::Display(terms.tick_nanos).to_string(),
                decimal::Display(terms.lot_nanos).to_string(),
                decimal::Display(terms.multiplier_nanos).to_string(),
                terms.currency.clone(),
                origin(terms.origin).to_string(),
                grouped(seen.events),
                grouped(seen.trades),
                grouped(book.updates),
                grouped(book.crossed),
                grouped(book.stale),
                grouped(book.unknown),
                book.spread_mean().map_or("–".into(), |ticks| format!("{ticks:.2}")),
            ],
        );
    }
    let rest = match order.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("… and {more} instruments more (--json shows all)\n"),
        _ => String::new(),
    };
    let made_of: String = order
        .iter()
        .filter_map(|&row| {
            let instrument = &inspection.table.instruments[row];
            Some(composition_text(instrument.symbol(), inspection.survey.composition(instrument)?))
        })
        .take(SHOWN)
        .collect();
    let spans: String = order
        .iter()
        .filter_map(|&row| {
            let (first, last) = inspection.books[row].crossed_span?;
            let symbol = inspection.table.instruments[row].symbol();
            Some(format!(
                "{symbol}: crossed between {} and {}\n",
                number::moment(first),
                number::moment(last)
            ))
        })
        .take(SHOWN)
        .collect();
    let quotes: String = order
        .iter()
        .map(|&row| (row, &inspection.books[row]))
        .filter(|(_, book)| book.quotes_agree + book.quotes_differ + book.quotes_unused > 0)
        .map(|(row, book)| {
            let symbol = inspection.table.instruments[row].symbol();
            let [agree, differ, unused] = [book.quotes_agree, book.quotes_differ, book.quotes_unused].map(grouped);
            format!("{symbol}: the venue's best quote is the book's {agree} times, another {differ} times, unused {unused}\n")
        })
        .take(SHOWN)
        .collect();
    format!(
        "\n{table}\n{rest}{made_of}{spans}{quotes}books: times the book was consistent; spread: its mean in ticks\n"
    )
}

/// `ESM6-ESU6 (EQ): sell 1 ESM6, buy 1 ESU6`.
fn composition_text(symbol: &str, composition: &Composition) -> String {
    let leg = |leg: &Leg| {
        let act = match leg.side {
            Some(Side::Buy) => "buy ",
            Some(Side::Sell) => "sell ",
            None => "",
        };
        let price = leg.price_nanos.map_or(String::new(), |price| format!(" at {}", decimal::Display(price)));
        format!("{act}{} {}{price}", leg.ratio, leg.symbol)
    };
    let legs: Vec<_> = composition.legs.iter().map(leg).collect();
    format!("{symbol} ({}): {}\n", composition.kind, legs.join(", "))
}

fn composition_json(composition: &Composition) -> serde_json::Value {
    let leg = |leg: &Leg| {
        json!({
            "number": leg.number,
            "symbol": leg.symbol,
            "side": leg.side.map(|side| if side == Side::Buy { "buy" } else { "sell" }),
            "ratio": leg.ratio,
            "price_nanos": leg.price_nanos,
            "delta_nanos": leg.delta_nanos,
        })
    };
    json!({
        "kind": composition.kind,
        "price_ratio_nanos": composition.price_ratio_nanos,
        "legs": composition.legs.iter().map(leg).collect::<Vec<_>>(),
    })
}

fn origin(origin: types::Origin) -> &'static str {
    match origin {
        types::Origin::Definition => "defined",
        types::Origin::Configured => "configured",
        types::Origin::KnownProduct => "known",
        types::Origin::Inferred => "inferred",
    }
}

fn as_json(inspection: &Inspection) -> serde_json::Value {
    let span = |span: Option<(Nanos, Nanos)>| span.map(|(first, last)| json!([first, last]));
    let files: Vec<_> = inspection
        .survey
        .files
        .iter()
        .zip(&inspection.integrity)
        .map(|(file, found)| {
            json!({
                "name": file.name,
                "format": file.format,
                "bytes": file.bytes,
                "span_ns": span(file.span),
                "latency_least_ns": file.latency_least,
                "latency_negative": file.latency_negative,
                "clock": file.clock.map(|clock| json!({
                    "at_ns": clock.at,
                    "offset_ns": clock.offset,
                    "offset_error_ns": clock.offset_error,
                    "drift_ppm": clock.drift.map(|drift| drift.ppm),
                    "drift_error_ppm": clock.drift.map(|drift| drift.error_ppm),
                    "implausible": clock.implausible,
                })),
                "counts": file.counts.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
                "events": file.events,
                "gaps": file.gaps,
                "out_of_order": file.out_of_order,
                "faults": file.fault_count,
                "bytes_skipped": file.skipped,
                "integrity": found.to_json(),
                "first_faults": file.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    let instruments: Vec<_> = inspection
        .table
        .instruments
        .iter()
        .zip(&inspection.survey.instruments)
        .zip(&inspection.books)
        .map(|((instrument, seen), book)| {
            json!({
                "terms": instrument,
                "events": seen.events,
                "trades": seen.trades,
                "book_updates": book.updates,
                "crossed": book.crossed,
                "crossed_span_ns": span(book.crossed_span),
                "stale": book.stale,
                "unknown": book.unknown,
                "quotes_agree": book.quotes_agree,
                "quotes_differ": book.quotes_differ,
                "quotes_unused": book.quotes_unused,
                "spread_mean_ticks": book.spread_mean(),
                "composition": inspection.survey.composition(instrument).map(composition_json),
            })
        })
        .collect();
    json!({ "files": files, "instruments": instruments })
}
