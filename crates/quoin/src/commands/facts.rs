//! `quoin facts`

use super::window::Window;
use crate::terminal::{self, Unit};
use anyhow::Context as _;
use runtime::facts::{self, Facts, ROWS};
use runtime::market::{self, MarketFile};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "A file is a recording, or a market that `quoin calibrate` wrote: a day of it is made
and measured. The first is what the others are held against.

Examples:
  quoin facts GOOG.zip
  quoin facts GOOG.zip goog.toml --seed 3 --out facts.html
  quoin facts GOOG.zip day.dbn --json")]
pub(crate) struct Args {
    /// Recordings and markets
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which instrument; the busiest by default
    #[arg(long, value_name = "SYMBOL")]
    symbol: Option<String>,
    #[command(flatten)]
    window: Window,
    /// Which day of a market
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many levels of each side count
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    levels: u32,
    /// Write the page here
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// All of it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(out) = &args.out {
        super::refuse_overwriting(out, args.force)?;
    }
    let days = args.files.iter().map(|file| measured(file, args)).collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(out) = &args.out {
        let write = std::fs::write(out, reports::facts::to_html(&days));
        write.with_context(|| format!("cannot write {}", out.display()))?;
    }
    if args.json {
        terminal::print(&format!("{:#}\n", reports::facts::to_json(&days)))?;
    } else {
        say(&days, args)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measured(file: &Path, args: &Args) -> anyhow::Result<Facts> {
    let levels = usize::try_from(args.levels)?;
    let found = if file.extension().is_some_and(|end| end == "toml") {
        let read = MarketFile::read(file)?;
        let shown = file.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{shown}, seed {}", args.seed);
        market::facts(&name, &read.model, args.seed, None, levels)?
    } else {
        let prepared = super::calibrate::surveyed(&[file.to_path_buf()], args.symbol.as_deref())?;
        let id = prepared.setup.strategies[0].traded[0];
        let total = prepared.setup.data.iter().map(|file| file.bytes).sum();
        let bar = terminal::progress("measuring", total, Unit::Bytes);
        let tick = |bytes| bar.set_position(bytes);
        let found = facts::of_recording(&prepared, id, levels, args.window.span(), tick)?;
        bar.finish_and_clear();
        found
    };
    found.with_context(|| {
        format!("{}: the book was sound for less than 20 minutes; that is too little", file.display())
    })
}

fn say(days: &[Facts], args: &Args) -> anyhow::Result<()> {
    let mut headings = vec![String::new()];
    headings.extend(days.iter().map(|day| day.name.clone()));
    if days.len() == 2 {
        headings.extend(["ratio".to_owned(), String::new()]);
    }
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut table = terminal::table(&headings);
    for row in ROWS {
        terminal::row(&mut table, reports::facts::cells(row, days));
    }
    let mut text = format!("{table}\n");
    if let Some(unlike) = reports::facts::unlike(days) {
        text.push_str(&format!("\n{unlike}\n"));
    }
    if let Some(out) = &args.out {
        text.push_str(&format!("page     {}\n", out.display()));
    }
    terminal::print(&text)
}
