//! `quoin sweep`

use super::select::Select;
use crate::terminal::{self, Unit, grouped, permille};
use anyhow::{Context as _, bail};
use quant::folds::{Scheme, Window};
use reports::study::{self, Study};
use reports::{DataFile, number};
use runtime::source::{Recording, recordings};
use runtime::sweep::{self, Field, Method, Plan, Store, Trial, plan, space};
use runtime::{Setup, generate, prepare};
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

#[derive(clap::Args)]
#[command(
    after_help = "Without --config the embedded sweep runs: a hundred points of two of glft's keys on the embedded
session. --print writes its file, with every key explained: a file to start from.

With --out results.jsonl keeps every run as it ends: a sweep that was stopped goes on
where it was, and one whose file was changed keeps what is still true. The same file
gives the same sweep.json and sweep.html, whatever --jobs is.

Data is decoded once and shared by all workers if it fits into --memory; else each
worker reads the files for itself, a batch at a time.

Examples:
  quoin sweep
  quoin sweep --print > sweep.toml
  quoin sweep --config sweep.toml --out sweeps/first
  quoin sweep --config sweep.toml --data es.mbo.dbn.zst --jobs 8 --walk-forward 6 --json"
)]
pub(crate) struct Args {
    /// What to vary, on what, to which end; `quoin sweep --print` writes one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Recordings or history to run on, before the file's
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    #[command(flatten)]
    select: Select,
    /// Keep results, sweep.json and sweep.html here, and go on with what is there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Runs at a time; all cores by default
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Memory for decoded data, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2_048)]
    memory: usize,
    /// Judge choosing by walking forward in N steps, before what the file says
    #[arg(long, value_name = "N", conflicts_with = "folds")]
    walk_forward: Option<NonZero<usize>>,
    /// Judge choosing by N purged folds, before what the file says
    #[arg(long, value_name = "N")]
    folds: Option<NonZero<usize>>,
    /// Rows of the table
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Print sweep.json instead of the tables
    #[arg(long)]
    json: bool,
    /// Write the embedded sweep's file to standard output
    #[arg(long)]
    print: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.print {
        terminal::print(plan::EMBEDDED)?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = planned(args)?;
    sweep::check_values(&plan).with_context(|| file(args))?;
    let mut store = args.out.as_deref().map(Store::open).transpose()?;
    let field = field(args, &plan)?;
    let started = Instant::now();
    let trials = run_all(args, &plan, &field, store.as_mut())?;
    let seconds = started.elapsed().as_secs_f64();
    let known = trials.iter().filter(|trial| trial.known).count();
    let inputs: u64 = trials.iter().filter(|trial| !trial.known).map(|trial| trial.tally.inputs).sum();
    let study = study_of(&plan, &field, trials)?;
    if let Some(out) = &args.out {
        write(out, "sweep.json", &study.to_json())?;
        write(out, "sweep.html", &study.to_html())?;
    }
    if args.json {
        terminal::print(&study.to_json())?;
        return Ok(ExitCode::SUCCESS);
    }
    show(&study, args.top)?;
    let now = study.trials.len() - known;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = number::ratio(inputs as f64 / seconds.max(1e-9) / 1e6);
    let mut said = format!("\n{now} runs in {seconds:.1} s ({rate} M events/s)");
    if known > 0 {
        said.push_str(&format!(", {known} known from before"));
    }
    said.push_str(&match &args.out {
        Some(out) => format!("\nreport   {}\n", out.join("sweep.html").display()),
        None => "\nAdd --out DIR for sweep.html, sweep.json and results to go on from.\n".into(),
    });
    terminal::print(&said)?;
    Ok(ExitCode::SUCCESS)
}

fn planned(args: &Args) -> anyhow::Result<Plan> {
    let mut plan = match &args.config {
        None => Plan::embedded(),
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let folder = path.parent().unwrap_or(Path::new(""));
            Plan::parse(&text, folder).with_context(|| file(args))?
        }
    };
    if !args.data.is_empty() {
        plan.data.clone_from(&args.data);
    }
    let selection = args.select.selection();
    if !selection.is_all() {
        plan.selection = selection;
    }
    if let Some(steps) = args.walk_forward {
        plan.scheme = Scheme::WalkForward { steps: steps.get(), window: Window::Growing };
    }
    if let Some(folds) = args.folds {
        plan.scheme = Scheme::KFold { folds: folds.get() };
    }
    Ok(plan)
}

fn file(args: &Args) -> String {
    args.config.as_ref().map_or_else(|| "the embedded sweep".into(), |path| path.display().to_string())
}

/// Surveys the data, checks that the base runs on it, and decodes it if it fits.
fn field(args: &Args, plan: &Plan) -> anyhow::Result<Field> {
    let recordings = if plan.data.is_empty() {
        if !plan.selection.is_all() {
            bail!("from, to and symbols select from history; name it with --data, or `data` in the file");
        }
        let bar = terminal::progress("generating", 1_000, Unit::Share);
        let session = generate::embedded(|share| bar.set_position(permille(share)));
        bar.finish_and_clear();
        vec![session]
    } else {
        recordings(&plan.data, &plan.selection)?
    };
    let total = recordings.iter().map(Recording::size).sum::<Result<u64, _>>()?;
    let bar = terminal::progress("surveying", total, Unit::Bytes);
    let prepared = prepare(recordings, plan.base.clone(), |bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    let bar = terminal::progress("decoding", total, Unit::Bytes);
    let bytes = args.memory.saturating_mul(1 << 20);
    let field = Field::new(prepared, plan.slice, bytes, |bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    match field.tape() {
        Some(tape) => eprintln!(
            "{} events in {} MiB, shared by all workers",
            grouped(tape.events() as u64),
            grouped(tape.bytes() as u64 >> 20)
        ),
        None => {
            eprintln!("more than {} MiB decoded: each worker reads the files (see --memory)", args.memory)
        }
    }
    Ok(field)
}

fn run_all(args: &Args, plan: &Plan, field: &Field, store: Option<&mut Store>) -> anyhow::Result<Vec<Trial>> {
    if let Some(store) = store.as_ref().filter(|store| store.was_torn()) {
        eprintln!("a torn last line was cut off; {} results are whole", store.len());
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = args.jobs.map_or(cores, NonZero::get);
    let bar = terminal::progress("sweeping", 0, Unit::Runs);
    let trials = sweep::run(plan, field, store, jobs, |progress| {
        bar.set_length(progress.planned as u64);
        bar.set_position(progress.done as u64);
    })?;
    bar.finish_and_clear();
    Ok(trials)
}

fn study_of(plan: &Plan, field: &Field, trials: Vec<Trial>) -> anyhow::Result<Study> {
    let setup = &field.prepared().setup;
    let slices = field.slices();
    let varies = |key: &str| plan.space.dimensions.iter().any(|dimension| dimension.key == key);
    let all = setup.traded();
    let traded: Vec<&str> = all.iter().map(|id| setup.instruments[id.index()].symbol()).collect();
    let about = study::About {
        title: title(plan),
        method: method(plan),
        currency: setup.currency(),
        symbols: if varies("trading.symbols") { String::new() } else { traded.join(", ") },
        goal: study::Goal {
            name: plan.objective.name,
            about: plan.objective.about,
            label: plan.objective.label,
            is_money: plan.objective.is_money,
            measure: plan.objective.measure,
            of: plan.objective.of,
        },
        keys: plan.space.dimensions.iter().map(|dimension| dimension.key.clone()).collect(),
        slices: study::Slices { from_ns: slices.from.0, width_ns: slices.width.0 },
        least_fills: plan.least_fills,
        scheme: plan.scheme,
        horizon_ns: plan.horizon.0,
        embargo_ns: plan.embargo.0,
        seed: plan.seed,
        data: setup
            .data
            .iter()
            .map(|file| DataFile { name: file.name.clone(), bytes: file.bytes, hash: file.blake3.clone() })
            .collect(),
        config: plan.base.to_toml(),
        caveats: caveats(setup, &varies),
    };
    Ok(Study::new(about, trials.into_iter().map(trial).collect()))
}

/// A caveat that names a number which is varied would be wrong for most trials.
fn caveats(setup: &Setup, varies: &dyn Fn(&str) -> bool) -> Vec<String> {
    let varied = [
        (
            "Latency",
            ["latency.order_ns", "latency.response_ns", "latency.market_data_ns", "latency.jitter_ns"]
                .as_slice(),
        ),
        ("No fees", &["fees.maker_bp", "fees.taker_bp", "fees.exchange_fee_per_lot"]),
        ("Our place", &["venue.queue_model", "venue.queue_exponent"]),
    ];
    let is_varied = |caveat: &String| {
        varied.iter().any(|(start, keys)| caveat.starts_with(start) && keys.iter().any(|key| varies(key)))
    };
    reports::run::caveats(setup).into_iter().filter(|caveat| !is_varied(caveat)).collect()
}

fn title(plan: &Plan) -> String {
    let given = &plan.base.report.title;
    if *given != runtime::Config::default().report.title {
        return given.clone();
    }
    let keys: Vec<&str> =
        plan.space.dimensions.iter().map(|dimension| study::short(&dimension.key)).collect();
    format!("{} by {}", plan.base.trading.strategy, keys.join(", "))
}

fn method(plan: &Plan) -> String {
    let (name, budget, seed) = match plan.method {
        Method::Grid => return "grid".into(),
        Method::Random => ("random", plan.budget, plan.seed),
        Method::Sobol => ("Sobol", plan.budget, plan.seed),
        Method::Tpe { .. } => ("TPE", plan.budget, plan.seed),
    };
    format!("{name}, budget {budget}, seed {seed}")
}

fn trial(trial: Trial) -> study::Trial {
    #[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
    let value = |value: &toml::Value| study::Value {
        text: space::shown(value),
        number: value.as_float().or_else(|| value.as_integer().map(|n| n as f64)),
    };
    let tally = trial.tally;
    study::Trial {
        point: trial.point.iter().map(value).collect(),
        net: tally.net,
        max_drawdown: tally.max_drawdown,
        fees: tally.fees,
        fills: tally.fills,
        fills_maker: tally.fills_maker,
        turnover: tally.turnover,
        orders: tally.orders,
        slices: tally.slices,
    }
}

fn write(out: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = out.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn show(study: &Study, top: usize) -> anyhow::Result<()> {
    let mut head = vec!["rank"];
    head.extend(study.about.keys.iter().map(|key| study::short(key)));
    head.push(study.about.goal.label);
    if study.about.goal.name != "net" {
        head.push("net P&L");
    }
    head.extend(["drawdown", "fees", "fills"]);
    let mut table = terminal::table(&head);
    for trial in study.trials.iter().take(top) {
        let mut cells = vec![trial.rank.to_string()];
        cells.extend(trial.run.point.iter().map(|value| value.text.clone()));
        cells.push(study.goal_value(trial.value));
        if study.about.goal.name != "net" {
            cells.push(number::ratio(trial.run.net));
        }
        let doubtful = if trial.run.fills < study.about.least_fills { " (few)" } else { "" };
        cells.extend([
            number::ratio(trial.run.max_drawdown),
            number::ratio(trial.run.fees),
            format!("{}{doubtful}", grouped(trial.run.fills)),
        ]);
        terminal::row(&mut table, cells);
    }
    let mut text = format!("{table}\n");
    let mut sections = terminal::table(&[]);
    for (section, rows) in study.summary() {
        terminal::heading(&mut sections, section);
        for (label, value) in rows {
            terminal::row(&mut sections, [format!("  {label}"), value]);
        }
    }
    text.push_str(&format!("\n{sections}\n"));
    if !study.warnings.is_empty() {
        text.push_str("\nBefore you believe these numbers\n");
        study.warnings.iter().for_each(|warning| text.push_str(&format!("  - {warning}\n")));
    }
    terminal::print(&text)
}
