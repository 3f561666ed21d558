//! `quoin replay` and `quoin verify`

use super::backtest::EVERY;
use crate::terminal::{self, Unit, grouped};
use journal::{Ending, JournalError, verify_chain};
use reports::run::Watch;
use runtime::backtest::Observer;
use runtime::replay::{ReplayError, Replayed, replay as replay_journal};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use types::{Command, Input};

#[derive(clap::Args)]
#[command(after_help = "Example:
  quoin replay runs/es --out runs/es-again    the same report, from the journal alone")]
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
}

#[derive(clap::Args)]
#[command(after_help = "Checks, in this order: every block's checksum; the hash chain from the first
block to the last; that each command in the journal is what this program answers
to the same inputs.

A journal without its seal was cut: by a kill, a full disk, a power failure.
What stands before the cut is proved, and how many bytes were ignored is said.

Exit codes: 0 proved, 1 the journal cannot be read, 3 damaged, tampered with,
or not repeatable.")]
pub(crate) struct VerifyArgs {
    /// The folder of a run
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &engine::Engine) {}
}

pub(crate) fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let setup = runtime::replay::setup_of(&args.dir)?;
    let mut watch = Watch::new(&setup);
    let replayed = again(&args.dir, &mut watch)?;
    let report = watch.finish(&replayed.engine, Some(replayed.summary.head.to_string()), Vec::new());
    super::backtest::deliver(&report, args.out.as_deref().map(|out| (out, &EVERY[..])), args.json)?;
    if replayed.divergence.is_some() {
        eprintln!("{}", outcome(&replayed));
        return Ok(super::unproven());
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    match verify_chain(&args.dir) {
        Ok(_) => {}
        Err(error @ (JournalError::Corrupt { .. } | JournalError::Tampered { .. })) => {
            say(args.json, &json!({ "proved": false, "why": error.to_string() }), &error.to_string())?;
            return Ok(super::unproven());
        }
        Err(error) => return Err(error.into()),
    }
    let replayed = again(&args.dir, &mut Nobody)?;
    let proved = replayed.divergence.is_none();
    let cut = match replayed.ending {
        Ending::Sealed => None,
        Ending::Cut { at, lost, why } => Some(json!({ "at": at, "bytes_lost": lost, "why": why })),
    };
    let machine = json!({
        "proved": proved,
        "inputs": replayed.totals.inputs,
        "commands": replayed.totals.commands,
        "head": replayed.summary.head.to_string(),
        "cut": cut,
        "divergence": replayed.divergence.map(|d| format!("{d:?}")),
    });
    say(args.json, &machine, &outcome(&replayed))?;
    Ok(if proved { ExitCode::SUCCESS } else { super::unproven() })
}

fn again(dir: &Path, observer: &mut dyn Observer) -> Result<Replayed, ReplayError> {
    let bar = terminal::progress("replaying", 0, Unit::Records);
    let replayed = replay_journal(dir, observer, |records| bar.set_position(records));
    bar.finish_and_clear();
    replayed
}

fn say(json: bool, machine: &serde_json::Value, human: &str) -> anyhow::Result<()> {
    terminal::print(&if json { format!("{machine:#}\n") } else { format!("{human}\n") })
}

fn outcome(replayed: &Replayed) -> String {
    let head = replayed.summary.head;
    let mut text = match replayed.ending {
        Ending::Sealed => format!("chain    unbroken and sealed, head {head}\n"),
        Ending::Cut { at, lost, why } => format!(
            "chain    unbroken up to byte {}, where it was cut ({why}; {} bytes ignored), head {head}\n",
            grouped(at),
            grouped(lost),
        ),
    };
    match &replayed.divergence {
        None => text.push_str(&format!(
            "commands equal: {} inputs gave the same {} commands",
            grouped(replayed.totals.inputs),
            grouped(replayed.totals.commands),
        )),
        Some(d) => text.push_str(&format!(
            "commands DIFFER at input {} ({}), answer {}:\n  journal {:?}\n  replay  {:?}",
            d.input.seq.0,
            d.input.event.kind(),
            d.place,
            d.recorded,
            d.replayed,
        )),
    }
    text
}
