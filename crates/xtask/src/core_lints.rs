//! Clippy over the core's libraries with the core's own list of forbidden calls, `.config/core/clippy.toml`.
//!
//! Clippy takes one configuration for a crate with all its targets, and tests of the core may well read a file:
//! therefore a run of its own, over libraries only.

use crate::{layers, workspace};
use anyhow::{Context, ensure};
use std::process::Command;

/// The arguments that name the core's crates that exist, and nothing else.
///
/// # Errors
/// When cargo cannot read the workspace.
pub fn arguments() -> anyhow::Result<Vec<String>> {
    let metadata = workspace::crates()?;
    let packages = metadata.workspace_packages();
    let exists = |name: &&str| packages.iter().any(|p| p.name.as_str() == *name && workspace::has_library(p));
    let chosen = layers::core().filter(exists).flat_map(|name| ["-p", name]);
    let all = ["clippy", "--lib"].into_iter().chain(chosen).chain(["--", "-D", "warnings"]);
    Ok(all.map(String::from).collect())
}

/// Runs it.
///
/// # Errors
/// When clippy finds something, which it has printed.
pub fn check() -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(arguments()?)
        .current_dir(workspace::root())
        .env("CLIPPY_CONF_DIR", workspace::root().join(".config/core"))
        .status()
        .context("starting cargo clippy")?;
    ensure!(status.success(), "the core calls what it may not: see above");
    Ok(())
}
