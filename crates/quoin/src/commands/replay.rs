//! `quoin replay`

use super::backtest::EVERY;
use crate::terminal::{self, Unit};
use reports::run::Watch;
use runtime::backtest::Observer;
use runtime::replay::{ReplayError, Replayed, replay as replay_journal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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

pub(crate) fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
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
