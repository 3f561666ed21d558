//! One file for each thing a user can ask for.

pub(crate) mod backtest;
pub(crate) mod calibrate;
pub(crate) mod compare;
pub(crate) mod config;
pub(crate) mod controls;
#[cfg(target_os = "linux")]
pub(crate) mod desk;
pub(crate) mod facts;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod inspect;
mod integrity;
pub(crate) mod keys;
mod messages;
pub(crate) mod query;
#[cfg(target_os = "linux")]
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod report;
mod select;
mod sql;
pub(crate) mod storm;
pub(crate) mod strategies;
pub(crate) mod sweep;
pub(crate) mod verify;
mod window;

use anyhow::Context as _;
use runtime::Config;
use std::path::Path;
use std::process::ExitCode;

/// A journal that is damaged, or does not repeat.
pub(crate) const UNPROVEN: u8 = 3;

pub(crate) fn read_config(path: Option<&Path>) -> anyhow::Result<Config> {
    let Some(path) = path else { return Ok(Config::default()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Config::parse(&text).with_context(|| path.display().to_string())
}

pub(crate) fn unproven() -> ExitCode {
    ExitCode::from(UNPROVEN)
}

/// A file that is there is somebody's: it is written over only when that was asked for.
fn refuse_overwriting(out: &Path, force: bool) -> anyhow::Result<()> {
    anyhow::ensure!(force || !out.exists(), "{} is there already; --force writes over it", out.display());
    Ok(())
}
