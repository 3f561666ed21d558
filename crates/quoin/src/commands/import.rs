//! `quoin import`

use super::integrity;
use crate::terminal::{self, Unit, grouped};
use anyhow::bail;
use reports::number;
use runtime::import::{Imported, import};
use runtime::source::Recording;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(
    after_help = "History is a folder of Parquet files, one for each instrument and day, which DuckDB, pandas and
polars read as they are. A recording is imported whole or not at all, and never twice.
Every format is taken that `quoin inspect --help` lists; `quoin record` imports by itself.

Examples:
  quoin import es.mbo.dbn.zst --to history
  quoin import monday.pcap tuesday.pcap --to history --strict
  quoin backtest --data history
  quoin query history --symbol ESH4 --bars 1m"
)]
pub(crate) struct Args {
    /// Recordings, in any format that `quoin inspect` reads
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder of the history; made if it is not there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Import what is there already again, and take its place
    #[arg(long)]
    replace: bool,
    /// Fail when a recording has a gap, a fault, a clock that runs backwards, a crossed span, a duplicate
    #[arg(long)]
    strict: bool,
    /// Terms of instruments that the data does not define
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// All of it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = super::read_config(args.config.as_deref())?;
    let recordings: Vec<Recording> = args.files.iter().cloned().map(Recording::File).collect();
    let total = recordings.iter().map(Recording::size).sum::<Result<u64, _>>()?;
    let bar = terminal::progress("importing", 2 * total, Unit::Bytes);
    let (mut done, mut refusals, mut shown) = (0, Vec::new(), Vec::new());
    for recording in &recordings {
        let imported =
            import(recording, &args.to, &config, args.replace, |bytes| bar.set_position(done + bytes))?;
        done += 2 * imported.file.bytes;
        refusals.extend(integrity::refusal(&imported.file.name, &imported.integrity));
        if args.json {
            shown.push(as_json(&imported));
        } else {
            bar.suspend(|| terminal::print(&as_text(&imported)))?;
        }
    }
    bar.finish_and_clear();
    if args.json {
        terminal::print(&format!("{:#}\n", json!({ "imports": shown })))?;
    }
    if args.strict && !refusals.is_empty() {
        bail!("{}", refusals.join("; "));
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(imported: &Imported) -> String {
    let (file, manifest) = (&imported.file, &imported.manifest);
    let stored: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let mut text = format!(
        "\n{}\n  {}, {} bytes: {} events of {} instruments\n",
        file.name,
        file.format,
        grouped(file.bytes),
        grouped(manifest.rows),
        grouped(manifest.instruments.len() as u64)
    );
    if let Some((first, last)) = file.span {
        text.push_str(&format!("  {} to {}\n", number::moment(first), number::moment(last)));
    }
    text.push_str(&format!(
        "  import {}: {} files, {} bytes\n",
        manifest.number,
        grouped(manifest.files.len() as u64),
        grouped(stored)
    ));
    let mut table = terminal::table(&["stored", "events"]);
    for (kind, count) in &imported.integrity.events {
        terminal::row(&mut table, [(*kind).to_string(), grouped(*count)]);
    }
    text.push_str(&format!("{table}\n{}", integrity::text(&imported.integrity)));
    text
}

fn as_json(imported: &Imported) -> serde_json::Value {
    let (file, manifest) = (&imported.file, &imported.manifest);
    json!({
        "source": manifest.source,
        "format": file.format,
        "import": manifest.number,
        "replaces": manifest.replaces,
        "events": manifest.rows,
        "span_ns": file.span,
        "instruments": manifest.instruments,
        "files": manifest.files,
        "bytes": manifest.files.iter().map(|file| file.bytes).sum::<u64>(),
        "integrity": imported.integrity.to_json(),
    })
}
