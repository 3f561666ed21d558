//! `quoin backtest`

use super::select::Select;
use crate::terminal::{self, Unit, grouped, permille};
use anyhow::{Context as _, bail};
use journal::{Options, Signer, Writer};
use reports::files::{FIGURES, Format};
use reports::run::{Watch, doubts, faults};
use reports::{Counted, Report};
use runtime::backtest::{Backtest, Observer, Totals};
use runtime::config::StrategyEntry;
use runtime::market::MarketFile;
use runtime::setup::Setup;
use runtime::snapshot::{Cadence, Taking};
use runtime::source::{Progress, Recording, recordings};
use runtime::states::{Both, States};
use runtime::{Config, Prepared, generate, prepare, prepare_market};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use types::Seq;

#[derive(clap::Args)]
#[command(after_help = "Without --data an embedded session is generated: half an hour of two futures,
as CME MDP 3.0 packets, from a fixed seed. --data takes every format that
`quoin inspect --help` lists, and folders that `quoin import` or `quoin record` wrote.

Examples:
  quoin backtest
  quoin backtest --out runs/first
  quoin backtest --data es.mbo.dbn.zst --strategy avellaneda_stoikov --out runs/es
  quoin backtest --data spot.gz usdm.gz --config quoin.toml --json
  quoin backtest --strategy glft --strategy joined_touch    side by side on one account
  quoin backtest --data history --from 2023-12-25 --to 2023-12-26 --symbol ESH4
  quoin backtest --market goog.toml --seed 7 --hours 2 --out runs/agents
  quoin backtest --out runs/es --snapshots 1000000      `quoin replay --from-snapshot` begins with one
  quoin backtest --out runs/signed --sign desk.key --anchor /elsewhere/anchor")]
pub(crate) struct Args {
    /// Recordings or history to run on; several are merged by the venues' time
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Trade in a market of agents that hear our orders (`quoin calibrate` makes it), before the configuration's
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    market: Option<PathBuf>,
    /// Which of the market's days, before the configuration's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How long it lasts, before the configuration's
    #[arg(long, value_name = "H", value_parser = super::generate::hours)]
    hours: Option<f64>,
    #[command(flatten)]
    select: Select,
    /// Configuration; `quoin config --print` writes the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which strategy, before the configuration's; named more than once, several run side by side
    #[arg(long, value_name = "NAME")]
    strategy: Vec<String>,
    /// What to trade, before the configuration's
    #[arg(long, value_name = "SYMBOL", num_args = 1..)]
    symbols: Vec<String>,
    /// Write report.html, report.md, report.json, figures/*.csv and the journal here
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write over a run that is there
    #[arg(long)]
    force: bool,
    /// Keep the engine's state after so many records, in snapshots/; the newest three stay
    #[arg(long, value_name = "N", requires = "out", value_parser = clap::value_parser!(u64).range(1..))]
    snapshots: Option<u64>,
    /// Sign the journal with this key (`quoin keys new` makes one)
    #[arg(long, value_name = "KEY", requires = "out")]
    sign: Option<PathBuf>,
    /// Keep the journal's last signature here too, for `quoin verify --anchor`; best on another machine
    #[arg(long, value_name = "FILE", requires = "sign")]
    anchor: Option<PathBuf>,
    /// Print report.json instead of the table
    #[arg(long)]
    json: bool,
    /// Say more: what was read, assumed and skipped
    #[arg(short, long)]
    verbose: bool,
}

/// A run's folder holds all of them.
pub(crate) const EVERY: [Format; 4] = [Format::Html, Format::Markdown, Format::Csv, Format::Json];

/// A table of zeros explains nothing.
const NO_ORDERS: &str = "
No order was placed. Either the book was never live (see the last line above), or risk
refused every order (see above), or the strategy had too little to estimate from:
avellaneda_stoikov and glft want some 25 trades before they quote, joined_touch none.
";

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = configuration(args)?;
    if let Some(out) = &args.out {
        refuse_to_overwrite(out, args.force)?;
    }
    let (prepared, market) = prepared(args, config)?;
    if args.verbose {
        say_what_was_found(&prepared);
    }
    let setup = &prepared.setup;
    let journal = match &args.out {
        Some(out) => Some(Writer::create(out, setup.to_json().as_bytes(), journal_options(args, setup)?)?),
        None => None,
    };
    let (mut watch, mut kept) = (Watch::new(setup), Kept::begin(args, setup)?);
    let Finished { totals, engine, summary, seconds, doubts } =
        simulate(&prepared, market.as_ref(), journal, &mut Both(&mut watch, &mut kept))?;
    kept.finish(args, &totals, &engine)?;
    let mut found = faults(&prepared);
    found.extend_from_slice(&doubts);
    let report = watch.finish(&engine, summary.map(|s| s.head.to_string()), found);
    deliver(&report, args.out.as_deref().map(|out| (out, &EVERY[..])), args.json)?;
    if !args.json {
        if report.activity.orders_placed == 0 {
            terminal::print(NO_ORDERS)?;
        }
        for said in &doubts {
            terminal::print(&format!("\n{}: {}\n", said.what, grouped(said.count)))?;
        }
        say_how_it_went(args, &prepared, &totals, seconds)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn configuration(args: &Args) -> anyhow::Result<Config> {
    let mut config = super::read_config(args.config.as_deref())?;
    match args.strategy.as_slice() {
        [] => {}
        [only] => {
            config.trading.strategy.clone_from(only);
            config.trading.strategies.clear();
        }
        several => {
            let entry = |name: &String| StrategyEntry { strategy: name.clone(), ..StrategyEntry::default() };
            config.trading.strategies = several.iter().map(entry).collect();
        }
    }
    if !args.symbols.is_empty() {
        config.trading.symbols.clone_from(&args.symbols);
        config.trading.strategies.iter_mut().for_each(|entry| entry.symbols.clear());
    }
    if let Some(market) = &args.market {
        config.market.model = market.display().to_string();
    }
    if config.market.model.is_empty() && (args.seed.is_some() || args.hours.is_some()) {
        bail!("--seed and --hours choose a day of a market; name it with --market");
    }
    config.market.seed = args.seed.unwrap_or(config.market.seed);
    config.market.hours = args.hours.unwrap_or(config.market.hours);
    config.strategies()?;
    Ok(config)
}

fn journal_options(args: &Args, setup: &Setup) -> anyhow::Result<Options> {
    let signer = args.sign.as_deref().map(Signer::read).transpose()?;
    let options = setup.config.journal.options();
    Ok(Options { replace: args.force, signer, anchor: args.anchor.clone(), ..options })
}

fn refuse_to_overwrite(out: &Path, force: bool) -> anyhow::Result<()> {
    if !force && out.join("journal.qj").exists() {
        bail!("{} holds a run already; choose another folder, or --force to write over it", out.display());
    }
    Ok(())
}

fn prepared(args: &Args, config: Config) -> anyhow::Result<(Prepared, Option<MarketFile>)> {
    let selection = args.select.selection();
    if !config.market.model.is_empty() {
        if !args.data.is_empty() || !selection.is_all() {
            bail!("[market] model stands in place of recordings; leave out --data and what selects from it");
        }
        let file = MarketFile::read(Path::new(&config.market.model))?;
        return Ok((prepare_market(&file, config)?, Some(file)));
    }
    if args.data.is_empty() && !selection.is_all() {
        bail!("--from, --to and --symbol select from history; name it with --data");
    }
    let recordings = if args.data.is_empty() {
        let bar = terminal::progress("generating", 1_000, Unit::Share);
        let session = generate::embedded(|share| bar.set_position(permille(share)));
        bar.finish_and_clear();
        vec![session]
    } else {
        recordings(&args.data, &selection)?
    };
    let total = recordings.iter().map(Recording::size).sum::<Result<u64, _>>()?;
    let bar = terminal::progress("surveying", total, Unit::Bytes);
    let prepared = prepare(recordings, config, |bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    Ok((prepared, None))
}

/// The engine's state, as a run's folder keeps it: its hashes, and snapshots if they were asked for.
struct Kept {
    states: Option<States>,
    snapshots: Option<Taking>,
}

impl Kept {
    fn begin(args: &Args, setup: &Setup) -> anyhow::Result<Self> {
        let Some(out) = &args.out else { return Ok(Self { states: None, snapshots: None }) };
        // Those of a run that is written over are of no use to this one.
        for old in [out.join(runtime::snapshot::FOLDER_NAME), out.join(runtime::states::FILE_NAME)] {
            let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
            if let Err(error) = removed
                && error.kind() != std::io::ErrorKind::NotFound
            {
                return Err(error).with_context(|| format!("cannot remove {}", old.display()));
            }
        }
        let cadence = |records| Cadence { records, span: types::Nanos::MAX, ..Cadence::default() };
        let begin = |records| Taking::begin(out, setup.to_json().as_bytes(), cadence(records));
        Ok(Self { states: Some(States::default()), snapshots: args.snapshots.map(begin).transpose()? })
    }

    fn finish(self, args: &Args, totals: &Totals, engine: &engine::Engine) -> anyhow::Result<()> {
        if let (Some(mut states), Some(out)) = (self.states, &args.out) {
            if let Some(last) = totals.inputs.checked_sub(1) {
                states.take(Seq(last), engine);
            }
            // A strategy that cannot write its state down has no hash either: its run is compared by its commands.
            if states.trouble().is_none() {
                states.write(out)?;
            }
        }
        self.snapshots.map(Taking::finish).transpose()?;
        Ok(())
    }
}

impl Observer for Kept {
    #[inline]
    fn on_step(&mut self, input: &types::Input, commands: &[types::Command], engine: &engine::Engine) {
        if let Some(states) = &mut self.states {
            states.on_step(input, engine);
        }
        if let Some(snapshots) = &mut self.snapshots {
            snapshots.on_step(input, commands, engine);
        }
    }
}

/// A run that is over.
struct Finished {
    totals: Totals,
    engine: engine::Engine,
    summary: Option<journal::Summary>,
    seconds: f64,
    doubts: Vec<Counted>,
}

fn simulate(
    prepared: &Prepared,
    market: Option<&MarketFile>,
    journal: Option<Writer>,
    watch: &mut dyn Observer,
) -> anyhow::Result<Finished> {
    let total = prepared.setup.data.iter().map(|file| file.bytes).sum();
    let bar = terminal::progress("running", total, Unit::Bytes);
    let progress = Progress::default();
    let started = Instant::now();
    let mut backtest = match market {
        None => Backtest::new(&prepared.setup, prepared.feed(&progress)?, journal)?,
        Some(file) => {
            let market = file.day(&prepared.setup.config.market)?;
            Backtest::in_market(&prepared.setup, market, journal)?
        }
    };
    let totals = backtest.run(watch, |totals| {
        bar.set_position(progress.bytes());
        bar.set_prefix(format!("{} events/s", grouped(rate(totals.inputs, started.elapsed().as_secs_f64()))));
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let doubts = doubts(prepared, &backtest);
    let (engine, summary) = backtest.finish()?;
    bar.finish_and_clear();
    Ok(Finished { totals, engine, summary, seconds, doubts })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate for people"
)]
pub(super) fn rate(count: u64, seconds: f64) -> u64 {
    (count as f64 / seconds.max(1e-9)) as u64
}

/// Writes the report's files and shows it.
pub(crate) fn deliver(report: &Report, out: Option<(&Path, &[Format])>, json: bool) -> anyhow::Result<()> {
    if let Some((out, formats)) = out {
        write(report, out, formats)?;
    }
    if json {
        return terminal::print(&report.to_json());
    }
    // One table, so that the columns of all sections stand under each other.
    let mut table = terminal::table(&[]);
    let mut below = String::new();
    for (section, rows) in report.summary() {
        if section == "Instruments" {
            // Whole sentences would make the columns as wide.
            below = rows.iter().map(|(symbol, what)| format!("   {symbol}  {what}\n")).collect();
            continue;
        }
        terminal::heading(&mut table, section);
        for (label, value) in rows {
            terminal::row(&mut table, [format!("  {label}"), value]);
        }
    }
    let text = format!("{table}\n\n Instruments\n{below}");
    terminal::print(&text)
}

fn write(report: &Report, out: &Path, formats: &[Format]) -> anyhow::Result<()> {
    let figures = out.join(FIGURES);
    // What an earlier report had and this one has not would look like its own.
    if formats.contains(&Format::Csv) && figures.exists() {
        for entry in fs::read_dir(&figures).with_context(|| format!("cannot read {}", figures.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "csv") {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
    }
    for (name, text) in report.files(formats) {
        let path = out.join(name);
        let folder = path.parent().unwrap_or(out);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn say_what_was_found(prepared: &Prepared) {
    for file in &prepared.survey.files {
        let events: u64 = file.events.values().sum();
        eprintln!("{}: {}, {} events", file.name, file.format, grouped(events));
        for fault in &file.faults {
            eprintln!("  {fault}");
        }
    }
    for strategy in &prepared.setup.strategies {
        for id in &strategy.traded {
            let terms = prepared.setup.instruments[id.index()].terms();
            eprintln!("{} trades {}/{} ({:?})", strategy.label(), terms.venue, terms.symbol, terms.origin);
        }
    }
}

fn say_how_it_went(args: &Args, prepared: &Prepared, totals: &Totals, seconds: f64) -> anyhow::Result<()> {
    let mut text = format!(
        "\n{} events in {seconds:.2} s: {} events/s\n",
        grouped(totals.inputs),
        grouped(rate(totals.inputs, seconds))
    );
    const SHOWN: usize = 5;
    for file in &prepared.survey.files {
        for fault in file.faults.iter().take(SHOWN) {
            text.push_str(&format!("{}: {fault}\n", file.name));
        }
        if file.fault_count > SHOWN as u64 {
            let more = grouped(file.fault_count - SHOWN as u64);
            text.push_str(&format!("{}: … and {more} more places (quoin inspect shows them)\n", file.name));
        }
    }
    match &args.out {
        Some(out) => text.push_str(&format!(
            "report   {}\njournal  {}  (prove it: quoin verify {})\n",
            out.join("report.html").display(),
            out.join("journal.qj").display(),
            out.display(),
        )),
        None => text.push_str(
            "Add --out DIR for report.html, report.md, report.json, figures/*.csv and the journal.\n",
        ),
    }
    terminal::print(&text)
}
