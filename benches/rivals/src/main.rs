//! One command, all contenders, one table: `cargo run --release -- --file usdm-btc`.
//!
//! The recording is decoded once and written in each contender's own form; then each runs in a process of its own, one
//! after the other and round after round, so that a noisy moment meets all of them. Figures are CPU time of the process
//! (user and system) between the first and the last event; loading, and compiling the strategy in Python, are apart.

mod contender;
mod table;

use adapters::parquet::Store;
use anyhow::{Context, ensure};
use clap::Parser;
use contender::{Contender, Measured};
use rivals::day::{Day, for_hftbacktest, in_venue_order, repeated};
use rivals::workload::{Queue, WORKLOADS, Workload};
use runtime::source::{Progress, Recording, Selection, recordings};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Runs the same strategy on the same recording through us and our rivals, and says what each takes.
#[derive(Parser)]
struct Arguments {
    /// Which recording: usdm-btc, usdm-eth, spot-btc, spot-eth, coinm-btc or coinm-eth.
    #[arg(long, default_value = "usdm-btc")]
    file: String,
    /// Where in the queue orders are cancelled; with the first, fills must be equal.
    #[arg(long, value_enum, default_value = "pessimistic")]
    queue: Queue,
    /// How often each contender runs; the medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// A Python with hftbacktest and nautilus_trader; without it those are left out.
    #[arg(long, env = "QUOIN_PYTHON")]
    python: Option<PathBuf>,
    /// Only contenders whose name holds this.
    #[arg(long)]
    only: Option<String>,
    /// The recording so many times over: what does not depend on its length shows.
    #[arg(long, default_value_t = 1)]
    times: usize,
    /// Keeps what was written for the contenders here, and uses what is there.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Runs one contender over a prepared folder and prints what it took: how this command calls itself.
    #[arg(long, hide = true, num_args = 2, value_names = ["NAME", "FOLDER"])]
    alone: Option<Vec<String>>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let workload = Workload::find(&arguments.file).with_context(|| {
        let names = WORKLOADS.map(|workload| workload.name).join(", ");
        format!("no recording is called `{}`; there are {names}", arguments.file)
    })?;
    if let Some([name, folder]) = arguments.alone.as_deref() {
        let measured = contender::alone(name, Path::new(folder), &workload)?;
        println!("{}", serde_json::to_string(&measured)?);
        return Ok(());
    }
    ensure!(arguments.rounds > 0, "--rounds 0 measures nothing");
    let Some(path) = testkit::data::recorded(workload.file) else {
        anyhow::bail!("no recorded data: QUOIN_DATA names its folder");
    };
    let folder = Folder::new(arguments.keep)?;
    if !folder.path.join("events.npy").exists() {
        write(&path, &workload, arguments.queue, arguments.times, &folder.path)?;
    }
    let contenders = contender::all(arguments.python.as_deref()).into_iter().filter(|contender| {
        arguments.only.as_ref().is_none_or(|only| contender.name.contains(only.as_str()))
    });
    let results = measure(contenders.collect(), arguments.rounds, &folder.path, &workload);
    if arguments.json {
        println!("{}", table::json(&workload, &results)?);
    } else {
        print!("{}", table::text(&workload, &results));
    }
    Ok(())
}

/// A folder that goes when it is no longer needed, unless it was asked for.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn new(asked: Option<PathBuf>) -> anyhow::Result<Self> {
        let keep = asked.is_some();
        let ours = || std::env::temp_dir().join(format!("quoin-rivals-{}", std::process::id()));
        let path = asked.unwrap_or_else(ours);
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self { path, keep })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The recording in the venue's order, as history for us and as hftbacktest's array.
fn write(
    recording: &Path,
    workload: &Workload,
    queue: Queue,
    times: usize,
    folder: &Path,
) -> anyhow::Result<()> {
    let history = folder.join("history");
    let config = workload.config(queue);
    let recording = Recording::File(recording.into());
    let once = folder.join("once");
    let manifest = runtime::import::import(&recording, &once, &config, false, |_| {})?.manifest;
    let stored = |folder: &Path| -> anyhow::Result<Day> {
        Day::of(recordings(&[folder.into()], &Selection::default())?, workload, queue)
    };
    let day = stored(&once)?;
    let mut import = Store::begin(&history, manifest.source, true, env!("CARGO_PKG_VERSION"))?;
    import.instruments(manifest.instruments);
    for arrival in repeated(&day, &in_venue_order(day.arrivals()?), times) {
        import.push(&arrival)?;
    }
    import.commit(manifest.about)?;
    std::fs::remove_dir_all(&once)?;
    let day = stored(&history)?;
    let moments = day.moments(day.prepared.feed(&Progress::default())?)?;
    let terms = day.terms(workload);
    std::fs::write(folder.join("terms.json"), serde_json::to_string(&terms)?)?;
    let events = for_hftbacktest(&moments, &terms)?;
    let path = folder.join("events.npy");
    let file = std::fs::File::create(&path).with_context(|| format!("making {}", path.display()))?;
    hftbacktest::backtest::data::write_npy(&mut BufWriter::new(file), &events)?;
    Ok(())
}

/// Runs all, round after round. One that fails says why, and has no more rounds.
fn measure(
    contenders: Vec<Contender>,
    rounds: usize,
    folder: &Path,
    workload: &Workload,
) -> Vec<(Contender, Result<Vec<Measured>, String>)> {
    let mut results: Vec<_> = contenders.into_iter().map(|contender| (contender, Ok(Vec::new()))).collect();
    for round in 0..rounds {
        for (contender, result) in &mut results {
            let Ok(measured) = result else { continue };
            if round >= contender.rounds_max {
                continue;
            }
            eprintln!("round {} of {rounds}: {}", round + 1, contender.name);
            match contender.run(folder, workload) {
                Ok(one) => measured.push(one),
                Err(error) => *result = Err(format!("{error:#}")),
            }
        }
    }
    results
}
