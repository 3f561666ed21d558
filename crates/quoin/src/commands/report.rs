//! `quoin report`

use super::backtest::deliver;
use crate::terminal;
use anyhow::{Context as _, bail};
use reports::Report;
use reports::files::Format;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "Nothing is run: what report.json of the folder holds is written anew, as a page, as
Markdown, and every table and chart as CSV in DIR/figures. A folder that has only a
journal, or a report of an older Quoin, is for `quoin replay DIR --out DIR`.

Examples:
  quoin report runs/es                              all of them, in the run's folder
  quoin report runs/es --format md                  report.md
  quoin report runs/es --format html,csv --out pages
  quoin report runs/es --json | jq .breakdown.strategies")]
pub(crate) struct Args {
    /// The folder of a run, or its report.json
    #[arg(value_name = "DIR")]
    run: PathBuf,
    /// Which forms to write
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', default_values = ["html", "md", "csv", "json"])]
    format: Vec<Form>,
    /// Write them here; the run's folder unless said
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print report.json instead of the table
    #[arg(long)]
    json: bool,
}

/// One of [`Format::ALL`], by its name.
#[derive(Clone, Copy)]
struct Form(Format);

impl std::str::FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Format::ALL.iter().find(|known| known.0 == text);
        let names = || Format::ALL.map(|known| known.0).join(", ");
        known.map(|known| Self(known.1)).ok_or_else(|| format!("one or more of {}", names()))
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = if args.run.is_dir() { args.run.join("report.json") } else { args.run.clone() };
    let report = read(&file)?;
    let beside = || file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let out = args.out.clone().unwrap_or_else(beside);
    let formats: Vec<Format> = args.format.iter().map(|form| form.0).collect();
    deliver(&report, Some((&out, &formats)), args.json)?;
    if !args.json {
        terminal::print(&format!("\nwritten  {}\n", out.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Report> {
    let folder = file.parent().map_or_else(String::new, |folder| folder.display().to_string());
    if !file.exists() {
        bail!(
            "{} does not exist; `quoin replay {folder} --out {folder}` makes it from the journal, `quoin backtest --out \
             {folder}` from a run",
            file.display()
        );
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Report::from_json(&text).with_context(|| {
        format!(
            "{} is no report that this Quoin can render; if an older one wrote it, `quoin replay {folder} --out {folder}` \
             makes it anew from the journal",
            file.display()
        )
    })
}
