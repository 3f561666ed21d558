//! `quoin storm`

use crate::terminal::{self, grouped};
use anyhow::Context as _;
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use storm::{Outcomes, Plan, Swarm, farm, history, invariants, ranges, run, shrink};

#[derive(clap::Args)]
#[command(
    after_help = "A seed is a run: the shipped engine, orders, risk, portfolio, journal and feed handlers on simulated
time, while network, venue, disk, clock and people do what the seed draws from the ranges
of faults (--ranges lists them). Ten invariants are checked after every event; then the
faults stop, and everything must become well again.

A failing seed is run again and again with less and less of it, until what is left is
short enough to read; --replay runs that.

Examples:
  quoin storm --seed 7                        one seed
  quoin storm --seeds 1..1001 --jobs 2        a thousand
  quoin storm --for-ever --log failing.txt    until stopped; a line for each seed that fails
  quoin storm --seed 7 --swarm wild.toml      other ranges
  quoin storm --replay storm-7.toml           a history that was written

Exit codes: 0 all held, 1 something did not."
)]
pub(crate) struct Args {
    /// Which run
    #[arg(long, default_value_t = 1, conflicts_with = "seeds")]
    seed: u64,
    /// Runs from N on, below M
    #[arg(long, value_name = "N..M", value_parser = span)]
    seeds: Option<(u64, u64)>,
    /// How long each run lasts, in simulated minutes
    #[arg(long, default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,
    /// Other ranges of faults, in TOML
    #[arg(long, value_name = "FILE")]
    swarm: Option<PathBuf>,
    /// Go on with the next seed until stopped
    #[arg(long, conflicts_with = "seeds")]
    for_ever: bool,
    /// Add a line for each seed that fails
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Where histories of failures go
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Threads; a run is the same on any number
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Run a history again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "seeds", "for_ever", "swarm"])]
    replay: Option<PathBuf>,
    /// Say it in JSON, a line for each run
    #[arg(long)]
    json: bool,
    /// List the ranges of faults and the invariants
    #[arg(long, conflicts_with_all = ["replay", "seeds", "for_ever"])]
    ranges: bool,
}

/// Runs that a failure may take until it is short.
const SHRINKING_RUNS: u32 = 500;
/// Failures of one call that are made short: the rest is logged.
const SHRUNK: u64 = 3;

fn span(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    parts.filter(|(from, to)| from < to).ok_or_else(|| "seeds are a span like 1..1001".into())
}

fn minutes(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "minutes are a number".to_owned())?;
    (0.5..=1_440.0).contains(&value).then_some(value).ok_or_else(|| "minutes lie between 0.5 and 1440".into())
}

pub(crate) fn run_command(args: &Args) -> anyhow::Result<ExitCode> {
    if args.ranges {
        return list();
    }
    // A part that stops itself is told as what it is, once.
    std::panic::set_hook(Box::new(|_| {}));
    if let Some(path) = &args.replay {
        return replay(args, path);
    }
    let swarm = match &args.swarm {
        None => Swarm::default(),
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Swarm::parse(&text).with_context(|| path.display().to_string())?
        }
    };
    let (from, to) = match args.seeds {
        Some(span) => span,
        None if args.for_ever => (args.seed, u64::MAX),
        None => (args.seed, args.seed + 1),
    };
    let mut log = match &args.log {
        None => None,
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            Some(file.with_context(|| format!("cannot write {}", path.display()))?)
        }
    };
    let jobs =
        args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let started = Instant::now();
    let mut failed: Vec<u64> = Vec::new();
    let mut told = Ok(());
    let plan = |seed| Plan::new(seed, args.minutes, &swarm);
    let (ran, tally) = farm(from, to, jobs, plan, |plan, outcomes| {
        let is_one = to - from == 1;
        told = tell(args, plan, outcomes, is_one || outcomes.violation.is_some());
        if outcomes.violation.is_some() {
            failed.push(plan.seed);
            if let Some(log) = &mut log
                && let Err(error) = writeln!(log, "{}", line(plan, outcomes, args))
            {
                told = Err(error.into());
            }
        }
        told.is_ok()
    });
    told?;
    failed.sort_unstable();
    for &seed in failed.iter().take(usize::try_from(SHRUNK).unwrap_or(usize::MAX)) {
        shorten(args, &plan(seed))?;
    }
    if !args.json && to - from > 1 {
        let took = started.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "shown to people")]
        let simulated = ran as f64 * args.minutes * 60.0;
        terminal::print(&format!(
            "{} seeds in {took:.1} s on {jobs} threads: {:.0} simulated seconds a second\n\
             {} inputs, {} commands, {} fills, {} lives, {} sessions, {} books compared, {} journals restored\n\
             {} failed\n",
            grouped(ran),
            simulated / took,
            grouped(tally.inputs),
            grouped(tally.commands),
            grouped(tally.fills),
            grouped(tally.lives),
            grouped(tally.sessions),
            grouped(tally.books),
            grouped(tally.restored),
            failed.len(),
        ))?;
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A line of the log: enough to run it again.
fn line(plan: &Plan, outcomes: &Outcomes, args: &Args) -> String {
    let Some(violation) = &outcomes.violation else { return String::new() };
    let (seed, minutes, commit) = (plan.seed, args.minutes, history::COMMIT);
    format!(
        "seed {seed} minutes {minutes} commit {commit} invariant {}: {}",
        violation.invariant, violation.what
    )
}

fn tell(args: &Args, plan: &Plan, outcomes: &Outcomes, in_full: bool) -> anyhow::Result<()> {
    if args.json {
        let violation = outcomes.violation.as_ref().map(|violation| {
            json!({
                "invariant": violation.invariant,
                "what": violation.what,
                "at_ns": violation.at.0,
                "inputs": violation.inputs,
            })
        });
        let said = json!({
            "seed": plan.seed,
            "commit": history::COMMIT,
            "digest": outcomes.digest,
            "faults": outcomes.struck.len(),
            "inputs": outcomes.tally.inputs,
            "commands": outcomes.tally.commands,
            "lives": outcomes.tally.lives,
            "violation": violation,
        });
        return terminal::print(&format!("{said}\n"));
    }
    match (&outcomes.violation, in_full) {
        (None, true) => {
            let tally = &outcomes.tally;
            terminal::print(&format!(
                "seed {}: all held; {} faults, {} inputs, {} commands, {} lives, {} sessions, digest {}\n",
                plan.seed,
                grouped(outcomes.struck.len() as u64),
                grouped(tally.inputs),
                grouped(tally.commands),
                tally.lives,
                tally.sessions,
                outcomes.digest
            ))
        }
        (None, false) => Ok(()),
        (Some(_), _) => terminal::print(&format!("{}\n", line(plan, outcomes, args))),
    }
}

/// Makes a failure short, shows it and writes it down.
fn shorten(args: &Args, plan: &Plan) -> anyhow::Result<()> {
    let Some(short) = shrink(plan, SHRINKING_RUNS) else { return Ok(()) };
    let path = args.out.join(format!("storm-{}.toml", plan.seed));
    let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(history::write(&short.plan, &short.outcomes).as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    if args.json {
        return Ok(());
    }
    terminal::print(&format!(
        "\n{}written to {}, after {} runs; again: quoin storm --replay {}\n",
        history::tell(&short.plan, &short.outcomes),
        path.display(),
        short.runs,
        path.display()
    ))
}

fn replay(args: &Args, path: &std::path::Path) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (plan, commit) = history::parse(&text).with_context(|| path.display().to_string())?;
    let outcomes = run(&plan);
    if args.json {
        tell(args, &plan, &outcomes, true)?;
    } else {
        terminal::print(&history::tell(&plan, &outcomes))?;
        if commit != history::COMMIT {
            terminal::print(&format!("it was written by {commit}; this is {}\n", history::COMMIT))?;
        }
    }
    Ok(if outcomes.violation.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list() -> anyhow::Result<ExitCode> {
    let mut text =
        String::from("Faults: how often each strikes; a seed draws its own rates, and leaves some out.\n");
    for range in ranges::FAULTS.iter().chain(&ranges::SHAPES) {
        let span = format!("[{}, {}] {}", range.from, range.to, range.unit);
        text.push_str(&format!("  {:<16} {span:<36} {:<12} {}\n", range.name, range.rows, range.about));
    }
    text.push_str("Waiting for more than one machine:\n");
    for (range, why) in ranges::WAITING {
        text.push_str(&format!("  {range}: {why}\n"));
    }
    text.push_str("Invariants, after every event:\n");
    for invariant in &invariants::ALL {
        text.push_str(&format!("  {:>2} {:<12} {}\n", invariant.number, invariant.name, invariant.about));
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
