//! `quoin keys`

use crate::terminal;
use anyhow::Context as _;
use journal::{PublicKey, Signer};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "A private key signs journals; keep it where only who signs can read it, and a copy
where no fire reaches both. Its public half proves the signatures and is no secret:
give it to whoever is to check.

Examples:
  quoin keys new --out desk.key > desk.pub
  quoin backtest --out runs/es --sign desk.key
  quoin verify runs/es --key desk.pub")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a private key and print its public half
    New {
        /// Where to put it: a new file that only its owner can read
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Print the public half of a private key
    Show {
        /// The private key's file
        #[arg(value_name = "FILE")]
        key: PathBuf,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let signer = match &args.what {
        What::New { out } => {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).context("the system gives no randomness")?;
            Signer::write_new(seed, out)?
        }
        What::Show { key } => Signer::read(key)?,
    };
    terminal::print(&format!("{}\n", signer.public()))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads a public key: its 64 digits, or a file that holds them.
pub(super) fn public(text: &str) -> anyhow::Result<PublicKey> {
    if let Some(key) = PublicKey::from_hex(text) {
        return Ok(key);
    }
    let path = Path::new(text);
    let inside = std::fs::read_to_string(path).with_context(|| {
        format!("{text} is neither a public key of 64 digits nor a file that can be read")
    })?;
    PublicKey::from_hex(inside.trim())
        .with_context(|| format!("{text} holds no public key; `quoin keys show` prints a private key's"))
}
