//! The same through NautilusTrader's wheel, 1.221.0: `python/nautilus_fills.py` in a process of its own.

use super::market::Market;
use super::plan::Plan;
use super::{Ended, Part, Sent};
use crate::workload::{MAKER_BP, TAKER_BP, Terms, Workload};
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use types::{Lots, Nanos, Side, Ticks};

/// One run: what is seen, what is done, and, when only given orders are sent, which.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is seen.
    pub market: &'a Market,
    /// What is done.
    pub plan: Plan,
    /// Orders and cancels of another run, whatever becomes of them here; `None`: the strategy decides.
    pub script: Option<&'a [Sent]>,
}

/// A Python that has the wheel, named by `QUOIN_NAUTILUS` or `QUOIN_PYTHON`; `None` is said on stderr.
#[must_use]
pub fn python() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(find).clone()
}

fn find() -> Option<PathBuf> {
    let named = ["QUOIN_NAUTILUS", "QUOIN_PYTHON"].into_iter().filter_map(std::env::var_os);
    for python in named.map(PathBuf::from) {
        let mut command = Command::new(&python);
        command.args(["-c", "import nautilus_trader.backtest.engine"]);
        if command.output().is_ok_and(|output| output.status.success()) {
            return Some(python);
        }
    }
    let said = "SKIPPED: no Python with NautilusTrader (pip install nautilus_trader==1.221.0; QUOIN_NAUTILUS names \
                its python)\n";
    let _ = std::io::stderr().write_all(said.as_bytes());
    None
}

#[derive(Deserialize)]
struct Said {
    at: i64,
    side: i64,
    price: i64,
    size: i64,
    asked_back_at: Option<i64>,
    /// Time, price, size, fee.
    parts: Vec<(i64, i64, i64, f64)>,
    ended: String,
    ended_at: i64,
}

/// Runs all jobs on one recording's instrument.
///
/// # Errors
/// When the script fails.
pub fn run(
    python: &Path,
    workload: &Workload,
    terms: &Terms,
    jobs: &[Job<'_>],
) -> anyhow::Result<Vec<Vec<Sent>>> {
    let folder = std::env::temp_dir().join(format!(
        "quoin-nautilus-{}-{}-{:?}",
        workload.name,
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let result = run_in(&folder, python, workload, terms, jobs);
    let _ = std::fs::remove_dir_all(&folder);
    result
}

fn run_in(
    folder: &Path,
    python: &Path,
    workload: &Workload,
    terms: &Terms,
    jobs: &[Job<'_>],
) -> anyhow::Result<Vec<Vec<Sent>>> {
    let mut described = Vec::new();
    for (number, job) in jobs.iter().enumerate() {
        let path = folder.join(format!("{number}.i64"));
        let bytes: Vec<u8> = job.market.rows().iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
        std::fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
        let script = job.script.map(|orders| orders.iter().map(words).collect::<Vec<_>>());
        let bars = matches!(job.market, Market::Bars(_));
        described.push(serde_json::json!({ "data": path, "bars": bars, "plan": job.plan, "script": script }));
    }
    let about = serde_json::json!({
        "symbol": workload.symbol,
        "tick": terms.tick,
        "lot": terms.lot,
        "inverse": workload.inverse,
        "face": workload.face(),
        "maker_bp": MAKER_BP,
        "taker_bp": TAKER_BP,
        "jobs": described,
    });
    let path = folder.join("jobs.json");
    std::fs::write(&path, about.to_string()).with_context(|| format!("writing {}", path.display()))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/nautilus_fills.py");
    let output = Command::new(python).arg(script).arg(&path).output().context("starting Python")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let lines: Vec<&str> = text.lines().collect();
    ensure!(lines.len() == jobs.len(), "{} jobs, and it said {text}", jobs.len());
    lines.into_iter().map(read).collect()
}

fn words(sent: &Sent) -> [i64; 5] {
    let back = sent.asked_back_at.map_or(-1, |at| at.0);
    [sent.at.0, sent.side.sign(), sent.price.0, sent.size.0, back]
}

fn read(line: &str) -> anyhow::Result<Vec<Sent>> {
    let said: Vec<Said> = serde_json::from_str(line).with_context(|| format!("reading {line:.200}"))?;
    said.iter().map(Said::sent).collect()
}

impl Said {
    fn sent(&self) -> anyhow::Result<Sent> {
        let side = if self.side > 0 { Side::Buy } else { Side::Sell };
        let at = Nanos(self.ended_at);
        let part = |&(at, price, size, fee): &(i64, i64, i64, f64)| Part {
            at: Nanos(at),
            price: Ticks(price),
            size: Lots(size),
            fee,
        };
        Ok(Sent {
            asked_back_at: self.asked_back_at.map(Nanos),
            parts: self.parts.iter().map(part).collect(),
            ended: match self.ended.as_str() {
                "open" => Ended::Open,
                "filled" => Ended::Filled,
                "canceled" => Ended::Canceled(at),
                "refused" => Ended::Refused(at),
                other => anyhow::bail!("an order ended as {other}"),
            },
            ..Sent::new(Nanos(self.at), side, Ticks(self.price), Lots(self.size))
        })
    }
}
