//! `quoin calibrate`

use super::window::Window;
use crate::terminal::{self, Unit, grouped, permille};
use anyhow::Context as _;
use quant::hawkes::Agreement;
use runtime::calibrate::{Calibration, Settings, adjust, calibrate};
use runtime::source::{Recording, recordings};
use runtime::{Prepared, facts, market, prepare};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "The recording must show orders one by one for the ages of orders to be known; of
price levels deeds are inferred. Takes, placements and withdrawals are fitted by a
Hawkes process; habits of placing, sizes and withdrawing are counted. With --adjust the
agents are run so many times, and what the counts do not tie down (depth, spread, rates)
is moved towards the recorded day. docs/generative-market.md says how alike the days are.

Examples:
  quoin calibrate GOOG.zip --adjust 12 --out goog.toml
  quoin calibrate es.mbo.dbn.zst --from 2023-12-25T23:00:00Z --out es.toml
  quoin generate --like goog.toml --seed 7 --out day.dbn
  quoin backtest --market goog.toml --strategy joined_touch
  quoin facts GOOG.zip goog.toml --out facts.html")]
pub(crate) struct Args {
    /// Recordings of one day
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which instrument; the busiest by default
    #[arg(long, value_name = "SYMBOL")]
    symbol: Option<String>,
    #[command(flatten)]
    window: Window,
    /// How many levels of each side are looked at
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    levels: u32,
    /// How fast excitement fades, per second; by default what suits the recording's clock
    #[arg(long, value_name = "RATE", num_args = 1.., value_parser = decay)]
    decays: Vec<f64>,
    /// The branching ratio may not exceed this
    #[arg(long, default_value_t = 0.95, value_parser = ratio)]
    ratio_max: f64,
    /// Run the agents so many times and move them towards the day's facts
    #[arg(long, default_value_t = 0, value_name = "ROUNDS", value_parser = clap::value_parser!(u32).range(0..=100))]
    adjust: u32,
    /// Where to write the market
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// All of it as JSON
    #[arg(long)]
    json: bool,
}

fn decay(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a rate is a number".to_owned())?;
    (value > 0.0 && value <= 1e6).then_some(value).ok_or_else(|| "a rate lies between 0 and 1,000,000".into())
}

fn ratio(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a ratio is a number".to_owned())?;
    (value > 0.0 && value < 1.0).then_some(value).ok_or_else(|| "a ratio lies between 0 and 1".into())
}

/// Surveys recordings of one instrument.
pub(super) fn surveyed(files: &[PathBuf], symbol: Option<&str>) -> anyhow::Result<Prepared> {
    let recordings = recordings(files, &runtime::source::Selection::default())?;
    let total = recordings.iter().map(Recording::size).sum::<Result<u64, _>>()?;
    let bar = terminal::progress("surveying", total, Unit::Bytes);
    let mut config = runtime::Config::default();
    config.trading.symbols = symbol.map(str::to_owned).into_iter().collect();
    let prepared = prepare(recordings, config, |bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    Ok(prepared)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(out) = &args.out {
        super::refuse_overwriting(out, args.force)?;
    }
    let prepared = surveyed(&args.files, args.symbol.as_deref())?;
    let id = prepared.setup.strategies[0].traded[0];
    let [from, to] = args.window.span();
    let settings = Settings {
        levels: usize::try_from(args.levels)?,
        decays: args.decays.clone(),
        ratio_max: args.ratio_max,
        from,
        to,
        ..Settings::default()
    };
    let total = prepared.setup.data.iter().map(|file| file.bytes).sum();
    let bar = terminal::progress("reading", total, Unit::Bytes);
    let mut found = calibrate(&prepared, id, &settings, |bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    if args.adjust > 0 {
        let recorded = facts::of_recording(&prepared, id, settings.levels, [from, to], |_| {})?
            .context("the book was not sound for long enough to adjust to")?;
        let bar = terminal::progress("adjusting", 1_000, Unit::Share);
        adjust::adjust(&mut found.model, &recorded, args.adjust, |share| bar.set_position(permille(share)))?;
        bar.finish_and_clear();
    }
    if let Some(out) = &args.out {
        let write = std::fs::write(out, market::to_toml(&found.model));
        write.with_context(|| format!("cannot write {}", out.display()))?;
    }
    if args.json {
        terminal::print(&format!("{:#}\n", to_json(&found)))?;
    } else {
        say(&found, args)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(found: &Calibration) -> serde_json::Value {
    let agreement = |a: Option<Agreement>| {
        a.map(|a| json!({"count": a.count, "mean": a.mean, "distance": a.distance, "p_value": a.p_value}))
    };
    let kinds: Vec<_> = found
        .kinds
        .iter()
        .map(|kind| {
            json!({
                "kind": kind.name, "rate": kind.rate, "base": kind.base,
                "residuals": agreement(kind.residuals),
                "residuals_without_memory": agreement(kind.residuals_poisson),
            })
        })
        .collect();
    json!({
        "seconds": found.seconds, "kinds": kinds, "ratio_untempered": found.ratio_untempered,
        "notes": found.notes, "market": found.model,
    })
}

fn say(found: &Calibration, args: &Args) -> anyhow::Result<()> {
    let model = &found.model;
    let mut table =
        terminal::table(&["", "events", "a second", "spontaneous", "KS distance", "without memory"]);
    for kind in &found.kinds {
        let distance = |a: Option<Agreement>| a.map_or("–".to_owned(), |a| format!("{:.3}", a.distance));
        let count = kind.residuals.map_or(0, |a| a.count as u64 + 1);
        terminal::row(
            &mut table,
            [
                kind.name.clone(),
                grouped(count),
                format!("{:.4}", kind.rate),
                format!("{:.4}", kind.base),
                distance(kind.residuals),
                distance(kind.residuals_poisson),
            ],
        );
    }
    let provenance = &model.provenance;
    let untempered = found.ratio_untempered;
    let mut text = format!(
        "{}/{}: {:.0} s\n\n{table}\n\nbranching ratio {:.3}{}; log-likelihood an event {:.3}, without memory {:.3}\n",
        model.instrument.venue,
        model.instrument.symbol,
        found.seconds,
        provenance.branching_ratio,
        untempered.map_or_else(String::new, |r| format!(" (tempered: the data say {r:.3})")),
        provenance.log_likelihood[0],
        provenance.log_likelihood[1],
    );
    for note in found.notes.iter().chain(&provenance.adjusted) {
        text.push_str(&format!("{note}\n"));
    }
    match &args.out {
        Some(out) => text.push_str(&format!(
            "market   {0}  (a day of it: quoin generate --like {0} --out day.dbn)\n",
            out.display(),
        )),
        None => text.push_str("Add --out FILE to keep the market.\n"),
    }
    terminal::print(&text)
}
