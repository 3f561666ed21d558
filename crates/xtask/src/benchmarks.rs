//! docs/benchmarks.md: runs the benches and writes down what they measured.
//!
//! Every figure comes out of this run: Criterion's own files for the benches that use it, the printed table for the
//! one that does not. Nothing is carried over from an earlier page.

use crate::workspace;
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// One bench target, and what a reader should know before its table.
struct Bench {
    package: &'static str,
    name: &'static str,
    about: &'static str,
}

const BENCHES: &[Bench] = &[
    Bench {
        package: "net",
        name: "capture",
        about: "Datagrams out of recorded capture files, in memory. Goal: none set; the parser it replaced is the rival.",
    },
    Bench {
        package: "net",
        name: "multicast",
        about: "Datagrams over the loopback, from one thread's send to another's sight of them.",
    },
    Bench {
        package: "venues",
        name: "cme",
        about: "CME MDP 3.0 over the recorded captures, looped in memory. Goal: under 15 ns an entry of an \
                incremental refresh. The recorded packets hold three entries in two messages each: half of the time \
                goes into framing, arbitration and the messages' own headers. \"From the start\" is the session with \
                its numbers moved to begin at 1, so that books are known; as recorded, every book recovers.",
    },
    Bench {
        package: "venues",
        name: "itch",
        about: "NASDAQ ITCH 5.0. Goal: over 100 million messages a second, decoding only.",
    },
    Bench {
        package: "venues",
        name: "dbn",
        about: "Databento DBN. Goal: records read in place five times as fast as the `dbn` crate's record loop.",
    },
    Bench { package: "venues", name: "lobster", about: "LOBSTER message files." },
    Bench { package: "venues", name: "tardis", about: "Tardis CSV files." },
    Bench { package: "venues", name: "bitstamp", about: "The Bitstamp order log." },
    Bench { package: "venues", name: "binance", about: "Binance recordings." },
    Bench {
        package: "venues",
        name: "feed",
        about: "The whole feed path on the recorded ES day: arbitrate two lines, decode, apply to the book of orders. \
                Goal: under 60 ns an event.",
    },
    Bench {
        package: "book",
        name: "book",
        about: "Books on the recorded ES day and on made ones. Goal: under 10 ns a change of a level.",
    },
    Bench {
        package: "risk",
        name: "checks",
        about: "Every pre-trade check with every limit on, beside the same counts without them. Goal: under 100 ns.",
    },
    Bench {
        package: "engine",
        name: "kill",
        about: "From a breach to the last possible order (goal: 1 ms), and 10,000 cancels of a kill (goal: 100 ms).",
    },
    Bench {
        package: "orders",
        name: "orders",
        about: "Our orders, from a wish to a closed order: risk, submit, two reports.",
    },
    Bench {
        package: "sim",
        name: "sim",
        about: "What the simulated venue adds to the book alone, and a generated market.",
    },
    Bench {
        package: "journal",
        name: "journal",
        about: "The hash-chained journal beside a copy, BLAKE3, CRC-32C and plain writes.",
    },
    Bench {
        package: "runtime",
        name: "history",
        about: "History: Parquet written, read and asked, beside the recordings and beside zstd alone.",
    },
    Bench { package: "runtime", name: "path", about: "The path from capture to command, and its parts." },
];

/// Criterion's `benchmark.json`.
#[derive(Deserialize)]
struct Identity {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
enum Throughput {
    Elements(u64),
    Bytes(u64),
    BytesDecimal(u64),
    ElementsAndBytes { elements: u64, bytes: u64 },
    Bits(u64),
}

/// The part of Criterion's `estimates.json` that we show.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
    median_abs_dev: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// One line of a table.
struct Row {
    group: String,
    name: String,
    ns: f64,
    spread_percent: f64,
    elements: Option<u64>,
    bytes: Option<u64>,
    measured_at: SystemTime,
}

/// Runs every bench that this workspace has and writes the page; answers where.
///
/// # Errors
/// When a bench fails, or its results cannot be read.
pub fn write() -> anyhow::Result<PathBuf> {
    let mut page = head()?;
    for bench in BENCHES.iter().filter(|bench| exists(bench)) {
        eprintln!("{} / {}", bench.package, bench.name);
        page.push_str(&section(bench)?);
    }
    let path = workspace::root().join("docs/benchmarks.md");
    std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn exists(bench: &Bench) -> bool {
    workspace::root().join(format!("crates/{}/benches/{}.rs", bench.package, bench.name)).exists()
}

fn head() -> anyhow::Result<String> {
    let commit = said("git", &["rev-parse", "--short", "HEAD"])?;
    let date = said("git", &["log", "-1", "--format=%cs"])?;
    let rustc = said("rustc", &["--version"])?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split(' ').take(3).collect();
    Ok(format!(
        "# Benchmarks\n\n\
         Made by `cargo run --release -p xtask -- benchmarks`: every figure is of that one run, rivals and floors \
         included. Medians; the spread is the median absolute deviation. Machines differ and are shared: read the \
         ratios, and run it on yours.\n\n\
         Machine: {cores} × {}, load {} at the start. {rustc}. Commit {commit} of {date}, and what was not yet \
         committed.\n\n\
         Recorded data is looked for in `QUOIN_DATA`, else `../shared/data`; a bench whose data is absent says so and \
         measures what it can make itself.\n",
        model.trim_start_matches([' ', '\t', ':']),
        load.join(" "),
    ))
}

fn said(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).current_dir(workspace::root()).output();
    let output = output.with_context(|| format!("running {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn section(bench: &Bench) -> anyhow::Result<String> {
    let started = SystemTime::now();
    // Of the workspace: another selection of packages selects other features, and builds every dependency again.
    let arguments = ["bench", "--workspace", "--bench", bench.name];
    // Criterion's defaults take eight seconds a line; medians are steady long before. Other benches ignore these.
    let quick = ["--", "--warm-up-time", "1", "--measurement-time", "3"];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .args(quick)
        .current_dir(workspace::root())
        .stderr(Stdio::inherit())
        .output()
        .context("starting cargo bench")?;
    ensure!(output.status.success(), "cargo {} failed: see above", arguments.join(" "));
    let mut text = format!(
        "\n## {}, `{}`\n\n{} `cargo {}`\n\n",
        bench.package,
        bench.name,
        bench.about,
        arguments.join(" ")
    );
    let mut rows = Vec::new();
    collect(&target().join("criterion"), started, &mut rows)?;
    if rows.is_empty() {
        // Not one of Criterion's: what it printed is its table.
        let printed = String::from_utf8_lossy(&output.stdout);
        write!(text, "```text\n{}\n```\n", printed.trim_end())?;
    } else {
        rows.sort_by_key(|row| row.measured_at);
        tables(&rows, &mut text)?;
    }
    Ok(text)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace::root().join("target"), PathBuf::from)
}

/// What Criterion has measured since `started`.
fn collect(folder: &Path, started: SystemTime, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name == "new") {
            rows.extend(row(&path, started)?);
        } else if path.is_dir() {
            collect(&path, started, rows)?;
        }
    }
    Ok(())
}

fn row(folder: &Path, started: SystemTime) -> anyhow::Result<Option<Row>> {
    let estimates = folder.join("estimates.json");
    let measured_at = std::fs::metadata(&estimates)?.modified()?;
    if measured_at < started {
        return Ok(None);
    }
    let identity: Identity = read(&folder.join("benchmark.json"))?;
    let estimates: Estimates = read(&estimates)?;
    let (elements, bytes) = match identity.throughput {
        Some(Throughput::Elements(elements)) => (Some(elements), None),
        Some(Throughput::Bytes(bytes) | Throughput::BytesDecimal(bytes)) => (None, Some(bytes)),
        Some(Throughput::ElementsAndBytes { elements, bytes }) => (Some(elements), Some(bytes)),
        Some(Throughput::Bits(bits)) => (None, Some(bits / 8)),
        None => (None, None),
    };
    let parts = [identity.function_id, identity.value_str];
    let ns = estimates.median.point_estimate;
    Ok(Some(Row {
        group: identity.group_id,
        name: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        ns,
        spread_percent: 100.0 * estimates.median_abs_dev.point_estimate / ns,
        elements,
        bytes,
        measured_at,
    }))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

#[expect(clippy::cast_precision_loss, reason = "rates for people")]
fn tables(rows: &[Row], text: &mut String) -> anyhow::Result<()> {
    let mut group = None;
    for row in rows {
        if group != Some(&row.group) {
            let gap = if group.is_some() { "\n" } else { "" };
            writeln!(
                text,
                "{gap}| {} | ns each | ± | million/s | GB/s |\n|---|---:|---:|---:|---:|",
                row.group
            )?;
            group = Some(&row.group);
        }
        let each = row.ns / row.elements.unwrap_or(1) as f64;
        let rate = row.elements.map_or(String::new(), |_| figure(1e3 / each));
        let bandwidth = row.bytes.map_or(String::new(), |bytes| figure(bytes as f64 / row.ns));
        let (name, spread) = (&row.name, row.spread_percent);
        writeln!(text, "| {name} | {} | {spread:.1} % | {rate} | {bandwidth} |", figure(each))?;
    }
    Ok(())
}

/// Three figures that mean something.
fn figure(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criterion_s_files_become_lines_of_a_table() {
        let folder = std::env::temp_dir().join(format!("quoin-benchmarks-{}", std::process::id()));
        let new = folder.join("levels/ours/new");
        std::fs::create_dir_all(&new).expect("a temporary folder");
        let identity = r#"{"group_id":"levels","function_id":"ours","value_str":"es day",
            "throughput":{"ElementsAndBytes":{"elements":1000,"bytes":64000}},"title":"t"}"#;
        let estimates = r#"{"median":{"point_estimate":4500.0},"median_abs_dev":{"point_estimate":45.0}}"#;
        std::fs::write(new.join("benchmark.json"), identity).expect("written");
        std::fs::write(new.join("estimates.json"), estimates).expect("written");
        let mut rows = Vec::new();
        collect(&folder, SystemTime::UNIX_EPOCH, &mut rows).expect("read");
        let mut text = String::new();
        tables(&rows, &mut text).expect("a string takes it");
        assert!(text.ends_with("| ours, es day | 4.50 | 1.0 % | 222 | 14.2 |\n"), "{text}");
        rows.clear();
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        collect(&folder, later, &mut rows).expect("read");
        assert!(rows.is_empty(), "an older run's figures stay out");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
