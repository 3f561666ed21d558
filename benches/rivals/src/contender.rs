//! Who runs, and one run of each in a process of its own.

use anyhow::{Context, bail, ensure};
use hftbacktest::backtest::data::read_npy_file;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rivals::day::{Day, Spent};
use rivals::hft::Depth;
use rivals::orders::Tally;
use rivals::workload::{EXPONENT, LATENCY_NS, MAKER_BP, PERIOD_NS, TAKER_BP, Terms, Workload};
use rivals::{hft, ours};
use runtime::source::{Progress, Selection, recordings};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What one run took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Of the contender.
    pub(crate) version: String,
    /// Market events taken in.
    pub(crate) events: u64,
    /// CPU from the first event to the last.
    pub(crate) cpu_ns: u64,
    /// CPU before it: loading, converting, compiling.
    pub(crate) load_ns: u64,
    /// The most memory the process held.
    pub(crate) peak_kib: u64,
    /// What came of it.
    pub(crate) tally: Tally,
}

/// How a contender is started.
#[derive(Clone, Debug)]
enum Way {
    /// This program, again.
    Ours,
    /// A script of this folder, with an argument.
    Script { python: Option<PathBuf>, script: &'static str, argument: &'static str },
}

/// One of those compared.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// What it reads, and what is in its figure.
    pub(crate) about: &'static str,
    /// Why its fills are not ours, when they are not.
    pub(crate) differs: &'static str,
    /// Slow ones run once.
    pub(crate) rounds_max: usize,
    way: Way,
}

/// All of them; we come first.
pub(crate) fn all(python: Option<&Path>) -> Vec<Contender> {
    // With the queue model that guesses nothing there is no such order.
    let differs = "rules of its queue model: docs/rivals.md";
    let rust = |name, about| Contender { name, about, differs, rounds_max: usize::MAX, way: Way::Ours };
    let script = |name, about, differs, rounds_max, script, argument| {
        let way = Way::Script { python: python.map(PathBuf::from), script, argument };
        Contender { name, about, differs, rounds_max, way }
    };
    let hftbacktest =
        |name, argument| script(name, "its array in memory", differs, 3, "hftbacktest_run.py", argument);
    let other = "one clock for venue and strategy, no place in a queue";
    vec![
        rust("quoin", "decoded events in memory"),
        rust("quoin, history", "Parquet, decoded while it runs, in the figure"),
        rust("hftbacktest, array book", "its array in memory"),
        rust("hftbacktest, hash book", "its array in memory"),
        hftbacktest("hftbacktest Python, array book", "array"),
        hftbacktest("hftbacktest Python, hash book", "hash"),
        script("nautilus_trader", "its objects in memory", other, 1, "nautilus_run.py", ""),
    ]
}

impl Contender {
    /// Runs it once over a prepared folder.
    pub(crate) fn run(&self, folder: &Path, workload: &Workload) -> anyhow::Result<Measured> {
        let mut command = match &self.way {
            Way::Ours => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--file", workload.name, "--alone", self.name]).arg(folder);
                command
            }
            Way::Script { python, script, argument } => {
                let Some(python) = python else {
                    bail!("left out: no --python (or QUOIN_PYTHON) with its wheel was given");
                };
                let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
                let mut command = Command::new(python);
                command.arg(scripts.join(script)).arg(folder.join("events.npy"));
                command.arg(describe(workload, &terms(folder)?)).arg(argument);
                command
            }
        };
        let output = command.output().with_context(|| format!("starting {command:?}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "left out: {}", said.lines().last().unwrap_or("it failed"));
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().last().context("it said nothing")?;
        serde_json::from_str(line).with_context(|| format!("reading what it said: {line}"))
    }
}

/// The workload for a script.
fn describe(workload: &Workload, terms: &Terms) -> String {
    let all = serde_json::json!({
        "symbol": workload.symbol,
        "tick": terms.tick,
        "lot": terms.lot,
        "order_size": terms.order_size,
        "max_position": terms.max_position,
        "inverse": workload.inverse,
        "face": workload.face(),
        "queue": terms.queue,
        "period_ns": PERIOD_NS,
        "latency_ns": LATENCY_NS,
        "maker_bp": MAKER_BP,
        "taker_bp": TAKER_BP,
        "exponent": EXPONENT,
    });
    all.to_string()
}

/// The steps that were found when the folder was written.
fn terms(folder: &Path) -> anyhow::Result<Terms> {
    let path = folder.join("terms.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// One run in this process, which does nothing else.
pub(crate) fn alone(name: &str, folder: &Path, workload: &Workload) -> anyhow::Result<Measured> {
    match name {
        "quoin" => quoin(folder, workload, true),
        "quoin, history" => quoin(folder, workload, false),
        "hftbacktest, array book" => rival(folder, workload, Depth::Array),
        "hftbacktest, hash book" => rival(folder, workload, Depth::Hash),
        _ => bail!("no contender `{name}`"),
    }
}

fn quoin(folder: &Path, workload: &Workload, in_memory: bool) -> anyhow::Result<Measured> {
    let history = recordings(&[folder.join("history")], &Selection::default())?;
    let day = Day::of(history, workload, terms(folder)?.queue)?;
    let spent = Spent::default();
    let feed = if in_memory {
        day.feed(day.arrivals()?, &spent)?
    } else {
        day.prepared.feed(&Progress::default())?
    };
    let loaded = cpu_ns()?;
    let run = ours::run(&day, &terms(folder)?, feed)?;
    let measured = measured(env!("CARGO_PKG_VERSION"), run.events, loaded, run.tally());
    drop(spent);
    measured
}

fn rival(folder: &Path, workload: &Workload, depth: Depth) -> anyhow::Result<Measured> {
    let path = folder.join("events.npy");
    let data = read_npy_file(&path.to_string_lossy())?;
    let loaded = cpu_ns()?;
    // Held, for giving memory back is no part of a backtest.
    let run = hft::run(data.clone(), workload, terms(folder)?.queue, depth, terms(folder)?)?;
    let measured = measured("0.9.4", run.events, loaded, run.tally());
    drop(data);
    measured
}

fn measured(version: &str, events: u64, loaded: u64, tally: Tally) -> anyhow::Result<Measured> {
    let cpu_ns = cpu_ns()? - loaded;
    let peak_kib = peak_kib().context("the system does not say how much memory was used")?;
    Ok(Measured { version: version.into(), events, cpu_ns, load_ns: loaded, peak_kib, tally })
}

/// The most memory this process held. Not the resource usage's: that one begins with the parent's.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// CPU time of this process so far, user and system.
fn cpu_ns() -> anyhow::Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(u64::try_from(micros)? * 1_000)
}
