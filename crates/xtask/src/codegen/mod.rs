//! Codecs of CME's market data, written from the exchange's own schema files.
//!
//! Reads every `templates_FixBinary*.xml` of a folder, oldest version first, and lays them over each other: a later
//! file wins, what only an earlier one has stays. On top comes [`NEWER`], our own statement of what later schemas
//! have, because the files themselves are the exchange's and not ours to commit. Never writes what it does not understand: a type, null, byte order
//! or dimension that these codecs could not read is an error that names it.

mod emit;
mod facts;
mod names;
mod schema;

use anyhow::{Context, ensure};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the generated files lie in the workspace.
pub const FOLDER: &str = "crates/venues/src/cme/sbe";

/// Where our own facts of later schemas lie in the workspace.
pub const NEWER_PATH: &str = "crates/xtask/schemas/cme-mdp3-after-9.txt";
/// Our own facts of later schemas.
pub const NEWER: &str = include_str!("../../schemas/cme-mdp3-after-9.txt");

/// The generated files: name and text.
///
/// # Errors
/// When the folder holds no schema, or one that is beyond us; when the facts contradict it; when `rustfmt` is not
/// there.
pub fn files(templates: &Path, newer: Option<&str>) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut schemas = schemas(templates)?;
    schemas.sort_by_key(|schema| schema.version);
    ensure!(!schemas.is_empty(), "no templates_FixBinary*.xml in {}", templates.display());
    if let Some(newer) = newer {
        let facts = facts::read(NEWER_PATH, newer)?;
        let newest = schemas.iter().map(|schema| schema.version).max();
        ensure!(newest < Some(facts.version), "the facts are of no later schema than the files");
        schemas.push(facts);
    }
    let sources: Vec<String> = schemas.iter().map(|schema| schema.file.clone()).collect();
    written(&schema::merge(schemas)?, &sources)
}

/// What the facts alone give, without any file of the exchange: every message that is new in them, whole.
///
/// # Errors
/// When they are beyond us, or `rustfmt` is not there.
pub fn newer_files(newer: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut facts = facts::read(NEWER_PATH, newer)?;
    facts.additions.clear();
    written(&schema::merge(vec![facts])?, &[NEWER_PATH.to_owned()])
}

fn written(merged: &schema::Merged, sources: &[String]) -> anyhow::Result<Vec<(&'static str, String)>> {
    emit::files(merged, sources).into_iter().map(|(name, text)| Ok((name, formatted(&text)?))).collect()
}

/// Writes the generated files, and answers their paths.
///
/// # Errors
/// As [`files`], or when they cannot be written.
pub fn write(templates: &Path, workspace: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (name, text) in files(templates, Some(NEWER))? {
        let path = workspace.join(FOLDER).join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

fn schemas(folder: &Path) -> anyhow::Result<Vec<schema::Schema>> {
    let mut schemas = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if file.starts_with("templates_FixBinary") && file.ends_with(".xml") {
            let xml = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            schemas.push(schema::read(&file, &xml).with_context(|| format!("understanding {file}"))?);
        }
    }
    Ok(schemas)
}

/// As `cargo fmt` leaves it, by the same program and the same settings.
fn formatted(text: &str) -> anyhow::Result<String> {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path", settings])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt")?;
    rustfmt.stdin.take().context("rustfmt takes its text on stdin")?.write_all(text.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refused what was generated");
    Ok(String::from_utf8(output.stdout)?)
}
