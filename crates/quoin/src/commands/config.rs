//! `quoin config`

use crate::terminal;
use anyhow::bail;
use runtime::Config;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  quoin config --print > quoin.toml    a commented file to start from
  quoin config --check quoin.toml      is this one right?")]
pub(crate) struct Args {
    /// Write the defaults, with comments, to standard output
    #[arg(long)]
    print: bool,
    /// Check a file
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(path) = &args.check {
        super::read_config(Some(path))?;
        terminal::print(&format!("{} is right.\n", path.display()))?;
    }
    if args.print {
        terminal::print(&Config::print_defaults())?;
    }
    if !args.print && args.check.is_none() {
        bail!("say what to do: --print or --check FILE");
    }
    Ok(ExitCode::SUCCESS)
}
