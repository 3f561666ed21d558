//! `quoin replay`

use super::backtest::EVERY;
use crate::terminal::{self, Unit, grouped};
use reports::run::Watch;
use runtime::Setup;
use runtime::backtest::Observer;
use runtime::replay::{ReplayError, Replayed, replay as replay_journal};
use runtime::restart::{Restarted, restart};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

#[derive(clap::Args)]
#[command(
    after_help = "With --from-snapshot only what is behind the newest whole snapshot is answered again, as
when a desk restarts: the journal is read and checked from its first block, a snapshot that
is damaged, of another run or ahead of its journal is passed over for the one before it, and
without any the whole journal is answered. There is no report then, which needs the whole
run, but the hash of the engine's state at the end and how long it took.

Examples:
  quoin replay runs/es --out runs/es-again    the same report, from the journal alone
  quoin backtest --data es.dbn.zst --snapshots 1000000 --out runs/es
  quoin replay runs/es --from-snapshot        how a restart would go"
)]
pub(crate) struct ReplayArgs {
    /// The folder of a run
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Write report.html, report.md, report.json and figures/*.csv here
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print report.json instead of the table
    #[arg(long)]
    json: bool,
    /// Begin with the newest snapshot, and say where that leads
    #[arg(long, conflicts_with = "out")]
    from_snapshot: bool,
}

pub(crate) fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    if args.from_snapshot {
        return from_snapshot(args);
    }
    let setup = runtime::replay::setup_of(&args.dir)?;
    let mut watch = Watch::new(&setup);
    let replayed = again(&args.dir, &mut watch)?;
    let report = watch.finish(&replayed.engine, Some(replayed.summary.head.to_string()), Vec::new());
    super::backtest::deliver(&report, args.out.as_deref().map(|out| (out, &EVERY[..])), args.json)?;
    if replayed.divergence.is_some() {
        eprintln!("{}", super::verify::outcome(&replayed));
        return Ok(super::unproven());
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a journal again behind a bar.
pub(super) fn again(dir: &Path, observer: &mut dyn Observer) -> Result<Replayed, ReplayError> {
    let bar = terminal::progress("replaying", 0, Unit::Records);
    let replayed = replay_journal(dir, observer, |records| bar.set_position(records));
    bar.finish_and_clear();
    replayed
}

/// As a desk restarts: nothing is watched, and how it went is said.
fn from_snapshot(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let bar = terminal::progress("restarting", 0, Unit::Records);
    let started = Instant::now();
    let restarted = restart(&args.dir, &Setup::engine, true, &mut super::verify::Nobody, &mut |records| {
        bar.set_position(records);
    })?;
    let seconds = started.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let Restarted { replayed, from, passed_over, .. } = &restarted;
    let inputs = replayed.totals.inputs;
    let state = replayed.engine.state_hash(&mut Vec::new()).ok().map(|hash| hash.to_string());
    for (name, refused) in passed_over {
        eprintln!("snapshot {name} passed over: {refused}");
    }
    let text = if args.json {
        let machine = json!({
            "snapshot_behind": from.map(|place| place.seq.0),
            "passed_over": passed_over.iter().map(|(name, why)| json!({ "name": name, "why": why.to_string() })).collect::<Vec<_>>(),
            "inputs": inputs,
            "seconds": seconds,
            "state": state,
            "equal": replayed.divergence.is_none(),
        });
        format!("{machine:#}\n")
    } else {
        let begun = from.map_or("the beginning".to_owned(), |place| format!("input {}", place.seq.0));
        let rate = grouped(super::backtest::rate(inputs, seconds));
        let state = state.as_deref().unwrap_or("of a strategy that cannot be saved");
        let outcome = super::verify::outcome(replayed);
        format!(
            "from     {begun}, and {} inputs behind it\n{outcome}\nstate    {state}\ntook     {seconds:.2} s: {rate} \
             events/s\n",
            grouped(inputs)
        )
    };
    terminal::print(&text)?;
    Ok(if replayed.divergence.is_none() { ExitCode::SUCCESS } else { super::unproven() })
}
