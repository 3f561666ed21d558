//! `cargo run -p xtask -- <chore>`.

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use xtask::{benchmarks, catalogue, codegen, core_lints, layers, licences, workspace};

/// Chores that are more than a cargo command.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Which crate may depend on which, and what the core may never link
    Layers,
    /// Every dependency's licence and source, against deny.toml, without a network
    Licences {
        /// A folder with a workspace of its own, as `python` [default: this one]
        workspace: Option<PathBuf>,
    },
    /// Clippy over the core's libraries with .config/core/clippy.toml
    Core,
    /// Runs the benches and writes docs/benchmarks.md (some ten minutes)
    Benchmarks,
    /// docs/faults.md and docs/controls-tests.md: the catalogues, and the test that holds each row
    Catalogue,
    /// CME's codecs, from the exchange's templates_FixBinary*.xml
    Codegen {
        /// The folder that holds them [default: cme-mdp3/templates in $QUOIN_DATA]
        templates: Option<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Layers => check_layers(),
        Chore::Licences { workspace } => check_licences(&workspace.unwrap_or_default()),
        Chore::Core => core_lints::check(),
        Chore::Benchmarks => write_benchmarks(),
        Chore::Catalogue => write_catalogue(),
        Chore::Codegen { templates } => generate(templates),
    }
}

fn check_layers() -> anyhow::Result<()> {
    let metadata = workspace::with_dependencies()?;
    let crates = layers::crates_of(&metadata);
    let mut wrong = layers::edges_up(&crates);
    wrong.extend(layers::banned_in_core(&layers::resolved_links(&metadata)?));
    tell(&wrong)?;
    println!("layers: {} crates, every edge points down", crates.len());
    Ok(())
}

fn check_licences(folder: &Path) -> anyhow::Result<()> {
    let report = licences::check(folder)?;
    tell(&report.wrong)?;
    println!(
        "licences: {} packages on the list of deny.toml; sources: {} packages from crates.io or our own",
        report.licences, report.sources
    );
    Ok(())
}

fn write_benchmarks() -> anyhow::Result<()> {
    println!("{}", benchmarks::write()?.display());
    Ok(())
}

fn write_catalogue() -> anyhow::Result<()> {
    let (written, untested) = catalogue::write()?;
    for path in written {
        println!("catalogue: {}", path.display());
    }
    if !untested.is_empty() {
        println!("catalogue: no test yet for {}", untested.join(", "));
    }
    Ok(())
}

fn generate(templates: Option<PathBuf>) -> anyhow::Result<()> {
    let recorded =
        || std::env::var_os("QUOIN_DATA").map(|data| PathBuf::from(data).join("cme-mdp3/templates"));
    let templates = templates.or_else(recorded).context("name the folder of the schema files")?;
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for path in codegen::write(&templates, workspace)? {
        println!("codegen: {}", path.display());
    }
    Ok(())
}

fn tell(wrong: &[String]) -> anyhow::Result<()> {
    wrong.iter().for_each(|line| eprintln!("- {line}"));
    ensure!(wrong.is_empty(), "{} things are wrong", wrong.len());
    Ok(())
}
