//! `quoin query`

use super::select::Select;
use super::sql;
use crate::terminal;
use anyhow::bail;
use runtime::moment;
use runtime::query::{Bar, Depth, Every, Question};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use stdx::decimal;
use types::{Arrival, Instrument, Nanos};

#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["bars", "spread", "depth", "events", "sql"]).multiple(true),
    after_help = "Bars are of trades: 1s, 5m, 1h, 1d by time, 100t by trades, 1000v by volume. Spread and depth are of the
book as it stood, weighted by time, and only while it was live with both sides.
--sql asks DuckDB (`pip install duckdb-cli` brings it) over the views events, trades, levels,
orders, statistics and bars; prices are in `price`, exact steps in `ticks` and `lots`.

Examples:
  quoin query history --symbol ESH4 --bars 1m --csv
  quoin query history --symbol ESH4 --spread --depth 5 --every 1h --from 2023-12-25T23:00
  quoin query history --events --from 2023-12-25T23:00:00 --limit 20
  quoin query history --sql \"select symbol, count(*) from trades group by all\""
)]
pub(crate) struct Args {
    /// The folder of the history, or files of one
    #[arg(required = true, value_name = "DIR")]
    data: Vec<PathBuf>,
    #[command(flatten)]
    select: Select,
    /// Open, high, low, close, volume, average price and count of trades
    #[arg(long, value_name = "LENGTH", value_parser = every, conflicts_with_all = ["spread", "depth", "events", "sql"])]
    bars: Option<Every>,
    /// Spread and mid, weighted by time
    #[arg(long, conflicts_with_all = ["events", "sql"])]
    spread: bool,
    /// What stands on the best N levels of each side, weighted by time
    #[arg(long, value_name = "N", conflicts_with_all = ["events", "sql"], value_parser = clap::value_parser!(u16).range(1..=1_000))]
    depth: Option<u16>,
    /// The span that spread and depth are weighted over
    #[arg(long, value_name = "LENGTH", default_value = "1m", value_parser = span)]
    every: Nanos,
    /// The events one by one, as recorded
    #[arg(long, conflicts_with = "sql")]
    events: bool,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Ask in SQL
    #[arg(long, value_name = "SELECT")]
    sql: Option<String>,
    /// As JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// As CSV
    #[arg(long)]
    csv: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Table,
    Json,
    Csv,
}

fn every(text: &str) -> Result<Every, String> {
    Every::parse(text).ok_or_else(|| "a length is written 1s, 5m, 1h, 1d, 100t or 1000v".into())
}

fn span(text: &str) -> Result<Nanos, String> {
    match Every::parse(text) {
        Some(Every::Time(span)) => Ok(span),
        Some(Every::Trades(_) | Every::Volume(_)) | None => {
            Err("a span of time is written 1s, 5m, 1h or 1d".into())
        }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let shape = match (args.json, args.csv) {
        (true, _) => Shape::Json,
        (_, true) => Shape::Csv,
        _ => Shape::Table,
    };
    let selection = args.select.selection();
    if let Some(sql) = &args.sql {
        if !selection.is_all() || args.limit.is_some() {
            bail!("--sql asks the whole history: say from, to, symbol and limit in the SQL");
        }
        return sql::run(&args.data, sql, shape);
    }
    let question = Question::new(&args.data, selection, &Default::default())?;
    let limit = args.limit.unwrap_or(usize::MAX);
    let instruments = question.instruments();
    let rows: Vec<Row> = if let Some(every) = args.bars {
        question.bars(every)?.iter().take(limit).map(|bar| bar_row(bar, instruments)).collect()
    } else if args.events {
        let mut rows = Vec::new();
        question.events(|arrival| {
            if rows.len() < limit {
                rows.push(event_row(arrival, instruments));
            }
            rows.len() < limit
        })?;
        rows
    } else {
        let depths = question.depths(args.every, usize::from(args.depth.unwrap_or(1)))?;
        depths.iter().take(limit).map(|depth| depth_row(depth, instruments, args)).collect()
    };
    terminal::print(&written(rows, shape))?;
    Ok(ExitCode::SUCCESS)
}

/// Names and values, in order.
type Row = Vec<(&'static str, Value)>;

fn name(instrument: &Instrument) -> Value {
    format!("{}/{}", instrument.terms().venue, instrument.symbol()).into()
}

/// Ten-thousandths of a tick as a price: exactly what a decimal of it says.
#[expect(
    clippy::cast_precision_loss,
    reason = "below 2⁵³ the one division rounds correctly; beyond, an estimate"
)]
fn price(instrument: &Instrument, parts: i128) -> Value {
    let tick = i128::from(instrument.terms().tick_nanos);
    json!(if parts % 10_000 == 0 {
        (parts / 10_000 * tick) as f64 / 1e9
    } else {
        (parts * tick) as f64 / 1e13
    })
}

#[expect(clippy::cast_precision_loss, reason = "as above")]
fn size(instrument: &Instrument, lots: i128) -> Value {
    json!((lots * i128::from(instrument.terms().lot_nanos)) as f64 / 1e9)
}

#[expect(clippy::cast_precision_loss, reason = "a step is small")]
fn scaled(value: Option<f64>, step_nanos: i64, parts: f64) -> Value {
    value.map_or(Value::Null, |value| json!(value * step_nanos as f64 / 1e9 / parts))
}

fn bar_row(bar: &Bar, instruments: &[Instrument]) -> Row {
    let instrument = &instruments[bar.instrument.index()];
    vec![
        ("instrument", name(instrument)),
        ("start", moment::rfc3339(bar.start).into()),
        ("open", price(instrument, bar.open)),
        ("high", price(instrument, bar.high)),
        ("low", price(instrument, bar.low)),
        ("close", price(instrument, bar.close)),
        ("volume", size(instrument, bar.volume)),
        ("vwap", scaled(bar.vwap(), instrument.terms().tick_nanos, 10_000.0)),
        ("trades", bar.trades.into()),
        ("last_at", moment::rfc3339(bar.last_at).into()),
    ]
}

fn depth_row(depth: &Depth, instruments: &[Instrument], args: &Args) -> Row {
    let instrument = &instruments[depth.instrument.index()];
    let (tick, lot) = (instrument.terms().tick_nanos, instrument.terms().lot_nanos);
    let mut row = vec![
        ("instrument", name(instrument)),
        ("start", moment::rfc3339(depth.start).into()),
        ("live_seconds", json!(depth.live.to_secs_f64())),
    ];
    if args.spread {
        row.push(("spread", scaled(depth.mean(depth.spread), tick, 1.0)));
        row.push(("mid", scaled(depth.mean(depth.mid_twice), tick, 2.0)));
    }
    if args.depth.is_some() {
        row.push(("bid_size", scaled(depth.mean(depth.bid_size), lot, 1.0)));
        row.push(("ask_size", scaled(depth.mean(depth.ask_size), lot, 1.0)));
    }
    row
}

fn event_row(arrival: &Arrival, instruments: &[Instrument]) -> Row {
    let event = &arrival.event;
    let instrument = event.instrument().map(|id| &instruments[id.index()]);
    vec![
        ("instrument", instrument.map_or(Value::Null, name)),
        ("venue_at", event.venue_at().map_or(Value::Null, |at| moment::rfc3339(at).into())),
        ("received_at", moment::rfc3339(arrival.received_at).into()),
        ("kind", event.kind().into()),
        ("what", what(arrival, instrument).into()),
    ]
}

/// The rest of an event in words: prices and sizes as people write them.
fn what(arrival: &Arrival, instrument: Option<&Instrument>) -> String {
    use types::Event;
    let decimal_of = |count: i64, step: fn(&types::instrument::Terms) -> i64| {
        let step = instrument.map_or(1, |i| step(i.terms()));
        count.checked_mul(step).map_or(format!("{count} steps"), |nanos| decimal::Display(nanos).to_string())
    };
    let price = |ticks: types::Ticks| decimal_of(ticks.0, |terms| terms.tick_nanos);
    let size = |lots: types::Lots| decimal_of(lots.0, |terms| terms.lot_nanos);
    let side = |side: Option<types::Side>| side.map_or("–".into(), |side| side.to_string());
    match &arrival.event {
        Event::Level(e) => {
            format!("{:?} {} {} at {} ({} orders)", e.action, e.side, size(e.size), price(e.price), e.orders)
        }
        Event::Order(e) => {
            format!("{:?} {} {} {} at {}", e.action, e.order, e.side, size(e.size), price(e.price))
        }
        Event::Trade(e) | Event::TradeBust(e) => {
            let above = if e.price_fraction > 0 { "+" } else { "" };
            format!("{} {} at {}{above}, number {}", side(e.aggressor), size(e.size), price(e.price), e.id)
        }
        Event::Status(e) => format!("{:?}", e.phase),
        Event::Gap(e) => format!("{} due, {} came", e.expected, e.received),
        Event::Statistic(e) => {
            let value = match e.kind.unit() {
                types::Unit::Price => price(types::Ticks(e.value)),
                types::Unit::Size => size(types::Lots(e.value)),
                types::Unit::Number => decimal::Display(e.value).to_string(),
            };
            format!("{} {value}{}", e.kind.name(), if e.deleted { " withdrawn" } else { "" })
        }
        Event::QuoteRequest(e) => format!("{} {}", side(e.side), size(e.size)),
        Event::Bar { seconds, bar } => format!(
            "{seconds} s: {} {} {} {}, volume {}",
            price(bar.open),
            price(bar.high()),
            price(bar.low()),
            price(bar.close()),
            size(bar.volume)
        ),
        Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_) => String::new(),
    }
}

fn written(rows: Vec<Row>, shape: Shape) -> String {
    match shape {
        Shape::Json => {
            let objects: Vec<Value> = rows
                .into_iter()
                .map(|row| {
                    Value::Object(row.into_iter().map(|(k, v)| (k.to_string(), v)).collect::<Map<_, _>>())
                })
                .collect();
            format!("{:#}\n", Value::Array(objects))
        }
        Shape::Csv => {
            let line = |cells: Vec<String>| cells.join(",") + "\n";
            let head = rows.first().map(|row| line(row.iter().map(|(name, _)| (*name).into()).collect()));
            let lines =
                rows.iter().map(|row| line(row.iter().map(|(_, value)| quoted(&cell(value))).collect()));
            head.into_iter().chain(lines).collect()
        }
        Shape::Table => {
            let Some(first) = rows.first() else { return "nothing in it is selected\n".into() };
            let headings: Vec<&str> = first.iter().map(|(name, _)| *name).collect();
            let mut table = terminal::table(&headings);
            for row in &rows {
                terminal::row(&mut table, row.iter().map(|(_, value)| cell(value)));
            }
            format!("{table}\n")
        }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// RFC 4180: quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into()
    }
}
