//! A backtest from Python: the command line's run, step for step, with tables besides; and a journal's proof.
//!
//! With a strategy of the list the interpreter's lock is not held from the first byte to the last. With a callback in
//! Python it is held while the engine steps, because taking it for every event would wait for every other thread's
//! turn; callbacks give it away as all Python code does, and the loop offers it now and then.

use crate::arguments::{self, refuse};
use crate::callback::seconds;
use crate::figures;
use crate::outside::{Outside, Trouble};
use crate::table::Table;
use crate::tables::Tables;
use engine::Engine;
use journal::{Options, Writer, verify_chain};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use reports::Report;
use reports::run::{Watch, doubts, faults};
use runtime::backtest::{Backtest, Observer, Totals};
use runtime::replay::{Replayed, replay, replay_with, setup_of};
use runtime::source::{Progress, Selection};
use runtime::{Config, Prepared, Setup, SetupError, prepare};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use types::{Command, Input};

/// Inputs between two looks at what Python wants: some milliseconds.
const LOOK_EVERY: u64 = 1 << 14;

/// A backtest that is over.
#[pyclass(frozen, module = "quoin")]
pub struct Run {
    html: String,
    json: String,
    setup: Setup,
    tables: Option<[Py<Table>; 3]>,
    /// How many inputs the engine took.
    #[pyo3(get)]
    inputs: u64,
    /// How long the run itself took, in seconds of this machine's clock; reading the recordings beforehand not included.
    #[pyo3(get)]
    seconds: f64,
}

/// Runs a backtest: the same numbers as `quoin backtest`, to the byte of `report.json`.
///
/// `config` is a dict of sections (`{"trading": {"seed": 7}}`, see `quoin.defaults()`) or the path of a TOML file. `data`
/// is a path or a list of them; nothing is the embedded session. `strategy` is a name of `quoin.strategies()`, a
/// `quoin.Strategy` or a function under `@quoin.vectorised`; nothing is the configuration's. `seed`, `strategy` and
/// `symbols` stand before what the configuration says; `start`, `end` and `select` choose from history. `out` is a folder
/// for report.html, report.json and the journal. Without `tables` the answer has no fills, orders and equity, and needs
/// no memory for them; the equity is sampled every `equity_every` seconds and at each fill.
#[pyfunction]
#[pyo3(signature = (config = None, data = None, strategy = None, *, seed = None, symbols = None, start = None, end = None,
    select = vec![], out = None, force = false, tables = true, equity_every = 1.0))]
#[expect(clippy::too_many_arguments, reason = "keywords of a function in Python")]
pub fn backtest(
    py: Python<'_>,
    config: Option<&Bound<'_, PyAny>>,
    data: Option<&Bound<'_, PyAny>>,
    strategy: Option<&Bound<'_, PyAny>>,
    seed: Option<u64>,
    symbols: Option<Vec<String>>,
    start: Option<&Bound<'_, PyAny>>,
    end: Option<&Bound<'_, PyAny>>,
    select: Vec<String>,
    out: Option<PathBuf>,
    force: bool,
    tables: bool,
    equity_every: f64,
) -> PyResult<Run> {
    let mut config = arguments::config(config)?;
    let paths = arguments::paths(data)?;
    let selection = arguments::selection(start, end, select)?;
    let outside = choose(strategy, &mut config)?;
    if let Some(seed) = seed {
        config.trading.seed = seed;
    }
    if let Some(symbols) = symbols {
        config.trading.symbols = symbols;
    }
    if !(0.0..=86_400.0).contains(&equity_every) {
        return Err(refuse(format!("equity_every is {equity_every}, but must be from 0 to 86400 seconds")));
    }
    if let Some(out) = out.as_ref().filter(|out| !force && out.join("journal.qj").exists()) {
        return Err(refuse(format!("{} holds a run already; force=True writes over it", out.display())));
    }
    let mut prepared = py.detach(|| ready(&paths, &selection, config))?;
    if let Some(outside) = &outside {
        prepared.setup.seat_outside(&outside.name, outside.values.clone());
    }
    let plan = Plan { prepared, out, force, tables: tables.then_some(equity_every) };
    let done = match &outside {
        None => py.detach(|| plan.run(Setup::engine, &Trouble::default()))?,
        Some(outside) if outside.vectorised => py.detach(|| plan.run_outside(outside))?,
        Some(outside) => plan.run_outside(outside)?,
    };
    done.into_run(py, plan.prepared.setup)
}

/// A name goes into the configuration; an object is seated later.
fn choose(strategy: Option<&Bound<'_, PyAny>>, config: &mut Config) -> PyResult<Option<Outside>> {
    let Some(strategy) = strategy.filter(|strategy| !strategy.is_none()) else { return Ok(None) };
    if let Ok(name) = strategy.cast::<PyString>() {
        config.trading.strategy = name.to_string();
        config.trading.strategies.clear();
        config.spec().map_err(refuse)?;
        return Ok(None);
    }
    Outside::new(strategy).map(Some)
}

/// Recordings and configuration as a run that can start.
pub fn ready(paths: &[PathBuf], selection: &Selection, config: Config) -> PyResult<Prepared> {
    prepare(arguments::recordings_of(paths, selection)?, config, |_| {}).map_err(refuse)
}

/// What is to be run, and what is to be kept of it.
struct Plan {
    prepared: Prepared,
    out: Option<PathBuf>,
    force: bool,
    /// How often the equity is sampled, in seconds.
    tables: Option<f64>,
}

/// A run that is over, before Python sees it.
struct Done {
    report: Report,
    tables: Option<Tables>,
    totals: Totals,
    seconds: f64,
}

/// Report and tables, watching.
struct Watchers {
    watch: Watch,
    tables: Option<Tables>,
}

impl Observer for Watchers {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        self.watch.on_step(input, commands, engine);
        if let Some(tables) = &mut self.tables {
            tables.on_step(input, commands, engine);
        }
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

impl Plan {
    fn run_outside(&self, outside: &Outside) -> PyResult<Done> {
        let trouble = Trouble::default();
        let setup = &self.prepared.setup;
        let strategy =
            Python::attach(|py| outside.seat(py, &setup.instruments, &setup.strategies[0], &trouble))?;
        self.run(|setup| Ok(setup.engine_of(strategy)), &trouble)
    }

    fn run(
        &self,
        engine: impl FnOnce(&Setup) -> Result<Engine, SetupError>,
        trouble: &Trouble,
    ) -> PyResult<Done> {
        let Self { prepared, out, .. } = self;
        let setup = &prepared.setup;
        let journal = match out {
            Some(out) => {
                let options = Options { replace: self.force, ..Options::default() };
                Some(Writer::create(out, setup.to_json().as_bytes(), options).map_err(refuse)?)
            }
            None => None,
        };
        let mut watchers = Watchers {
            watch: Watch::new(setup),
            tables: self.tables.map(|every| Tables::new(&setup.instruments, seconds(every))),
        };
        let feed = prepared.feed(&Progress::default()).map_err(refuse)?;
        let started = Instant::now();
        let mut backtest =
            Backtest::with_engine(setup, engine(setup).map_err(refuse)?, feed, journal).map_err(refuse)?;
        let mut due = LOOK_EVERY;
        let mut turns = 0;
        while backtest.turn(&mut watchers).map_err(refuse)? {
            if trouble.is_there() {
                trouble.check()?;
            }
            turns += 1;
            if turns >= due {
                due += LOOK_EVERY;
                look()?;
            }
        }
        trouble.check()?;
        let seconds = started.elapsed().as_secs_f64();
        let totals = backtest.totals();
        let mut found = faults(prepared);
        found.extend(doubts(prepared, &backtest));
        let (engine, summary) = backtest.finish().map_err(refuse)?;
        let report = watchers.watch.finish(&engine, summary.map(|summary| summary.head.to_string()), found);
        if let Some(out) = out {
            for (name, text) in report.all_files() {
                write(out, &name, &text)?;
            }
        }
        Ok(Done { report, tables: watchers.tables, totals, seconds })
    }
}

/// Lets Python do what it waits for: other threads, and the person at the keyboard.
fn look() -> PyResult<()> {
    Python::attach(|py| {
        py.detach(std::thread::yield_now);
        py.check_signals()
    })
}

fn write(out: &Path, name: &str, text: &str) -> PyResult<()> {
    let path = out.join(name);
    let folder = path.parent().unwrap_or(out);
    std::fs::create_dir_all(folder)
        .map_err(|error| refuse(format!("cannot make {}: {error}", folder.display())))?;
    std::fs::write(&path, text).map_err(|error| refuse(format!("cannot write {}: {error}", path.display())))
}

impl Done {
    fn into_run(self, py: Python<'_>, setup: Setup) -> PyResult<Run> {
        let tables = match &self.tables {
            Some(tables) => Some([
                Py::new(py, Table::new(tables.fills()))?,
                Py::new(py, Table::new(tables.orders()))?,
                Py::new(py, Table::new(tables.equity()))?,
            ]),
            None => None,
        };
        let (html, json) = py.detach(|| (self.report.to_html(), self.report.to_json()));
        Ok(Run { html, json, setup, tables, inputs: self.totals.inputs, seconds: self.seconds })
    }
}

impl Run {
    fn read(&self) -> PyResult<Report> {
        Report::from_json(&self.json).map_err(refuse)
    }

    fn table(&self, py: Python<'_>, which: usize) -> PyResult<Py<Table>> {
        let tables = self.tables.as_ref();
        tables
            .map(|tables| tables[which].clone_ref(py))
            .ok_or_else(|| refuse("the run was made with tables=False"))
    }
}

#[pymethods]
impl Run {
    /// `report.json` as a dict: amounts are exact decimal texts, moments nanoseconds since 1970 UTC, shares fractions.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?.call_method1("loads", (&self.json,))
    }

    /// `report.json` as the command line prints it, byte for byte.
    #[getter]
    fn report_json(&self) -> &str {
        &self.json
    }

    /// `report.html`: one page that needs no network.
    #[getter]
    fn report_html(&self) -> &str {
        &self.html
    }

    /// `report.md`: the tear sheet as Markdown.
    #[getter]
    fn report_markdown(&self) -> PyResult<String> {
        Ok(self.read()?.to_markdown())
    }

    /// Every table and chart of the report by name (`breakdown_strategies`, `breakdown_clocks_rows`, `performance_days` …):
    /// the CSVs of `quoin report`, as Arrow. Amounts are reals here and exact in `report`; units are in the fields' metadata.
    #[getter]
    fn figures(&self) -> PyResult<BTreeMap<String, Table>> {
        let figures = self.read()?.figures();
        Ok(figures.iter().map(|figure| (figure.name.clone(), Table::new(figures::batch(figure)))).collect())
    }

    fn _repr_html_(&self) -> String {
        let text: String = self.html.replace('&', "&amp;").replace('"', "&quot;");
        format!("<iframe style=\"width:100%;height:640px;border:0\" srcdoc=\"{text}\"></iframe>")
    }

    /// The configuration as it ran, every key, as TOML.
    #[getter]
    fn config(&self) -> String {
        self.setup.config.to_toml()
    }

    /// Events the engine took in a second of this machine's clock.
    #[getter]
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn events_per_second(&self) -> f64 {
        self.inputs as f64 / self.seconds.max(1e-9)
    }

    /// Every fill of ours: `at`, `venue_at`, `order`, `instrument`, `symbol`, `side`, `price`, `size` (as people write
    /// them), `ticks`, `lots` (exactly), `liquidity`, `fee` (currency, positive when paid), `position` (lots after it).
    #[getter]
    fn fills(&self, py: Python<'_>) -> PyResult<Py<Table>> {
        self.table(py, 0)
    }

    /// Every order of ours, as the venue last confirmed it: `order`, `sent_at`, `accepted_at`, `closed_at`, `instrument`,
    /// `symbol`, `side`, `kind`, `time_in_force`, `price`, `size`, `ticks`, `lots`, `filled_lots`, `average_price`,
    /// `state`, `replaced` (how often).
    #[getter]
    fn orders(&self, py: Python<'_>) -> PyResult<Py<Table>> {
        self.table(py, 1)
    }

    /// Profit and loss since the start, after fees, at the last marks: `at`, `net` (currency).
    #[getter]
    fn equity(&self, py: Python<'_>) -> PyResult<Py<Table>> {
        self.table(py, 2)
    }

    fn __repr__(&self) -> PyResult<String> {
        let report: serde_json::Value = serde_json::from_str(&self.json).map_err(refuse)?;
        let text = |value: &serde_json::Value| value.as_str().map_or(value.to_string(), str::to_owned);
        Ok(format!(
            "<quoin.Run of {}: net {} {}, {} fills, {} inputs>",
            text(&report["strategy"]),
            text(&report["headline"]["net"]),
            text(&report["currency"]),
            text(&report["headline"]["fills"]),
            self.inputs
        ))
    }
}

/// Proves that a run repeats: checksums, the hash chain, and every command against the same inputs again.
///
/// A run of a Python strategy needs that strategy again: its code is not in the journal. Answers a dict: `proved`,
/// `inputs`, `commands`, `head`, `divergence` (what differs first, or `None`), and `same_code` (whether the strategy's
/// source is the one that ran; `None` for strategies of the list).
#[pyfunction]
#[pyo3(signature = (folder, strategy = None))]
pub fn verify<'py>(
    py: Python<'py>,
    folder: PathBuf,
    strategy: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    py.detach(|| verify_chain(&folder)).map_err(refuse)?;
    let outside = strategy.map(Outside::new).transpose()?;
    let setup = setup_of(&folder).map_err(refuse)?;
    let seated = setup.strategies.first().filter(|strategy| strategy.is_outside());
    let trouble = Trouble::default();
    let proof = match (&outside, seated) {
        (None, _) => py.detach(|| replay(&folder, &mut Nobody, |_| {}).map(Proof::of)),
        (Some(outside), Some(seated)) => {
            // One object of the caller's: it can be seated once.
            let strategy = Cell::new(Some(outside.seat(py, &setup.instruments, seated, &trouble)?));
            let engine = |setup: &Setup| {
                let strategy = strategy.take().ok_or_else(|| SetupError::Outside(seated.name.clone()))?;
                Ok(setup.engine_of(strategy))
            };
            replay_with(&folder, engine, &mut Nobody, |_| {}).map(Proof::of)
        }
        (Some(_), None) => {
            return Err(refuse("the run was of a strategy of the list: verify it without one of your own"));
        }
    };
    let proof = proof.map_err(refuse)?;
    trouble.check()?;
    let same_code = outside
        .as_ref()
        .zip(seated)
        .map(|(outside, seated)| seated.name == outside.name && seated.values == outside.values);
    let answer = PyDict::new(py);
    answer.set_item("proved", proof.divergence.is_none())?;
    answer.set_item("inputs", proof.totals.inputs)?;
    answer.set_item("commands", proof.totals.commands)?;
    answer.set_item("head", proof.head)?;
    answer.set_item("divergence", proof.divergence)?;
    answer.set_item("same_code", same_code)?;
    Ok(answer)
}

/// What a replay showed, without the machine.
struct Proof {
    totals: Totals,
    head: String,
    divergence: Option<String>,
}

impl Proof {
    fn of(replayed: Replayed) -> Self {
        Self {
            totals: replayed.totals,
            head: replayed.summary.head.to_string(),
            divergence: replayed.divergence.map(|divergence| format!("{divergence:?}")),
        }
    }
}
