//! The whole path, part by part and together: `cargo bench -p runtime`.
//!
//! Each part is run ROUNDS times over one generated session; the table shows the median and the fastest round in ns
//! per event, and for single steps the 50th, 99th and 99.9th percentile. The floors, in the same run: reading the
//! same inputs in memory, and what one call of the clock costs, which is in each single-step figure.

use book::Book;
use engine::Engine;
use journal::{Options, Writer};
use runtime::backtest::{Backtest, Observer};
use runtime::generate::{Kind, session, write_session};
use runtime::source::{Progress, Recording, open};
use runtime::{Config, Prepared, prepare};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use types::record::Record;
use types::{Command, Event, Input};
use venues::{Directory, Output};

const ROUNDS: usize = 9;
const MINUTES: u32 = 10;

struct Kept(Vec<Input>);

impl Observer for Kept {
    fn on_step(&mut self, input: &Input, _: &[Command], _: &Engine) {
        self.0.push(*input);
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

fn main() {
    // `cargo test --benches` and friends ask for a list or a single quick pass; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    println!("machine: {}", machine());
    let prepared = prepared();
    let inputs = inputs(&prepared);
    let count = inputs.len();
    println!(
        "session: {MINUTES} minutes of two futures, {count} inputs, median and fastest of {ROUNDS} rounds\n"
    );
    println!("{:<44}{:>10}{:>10}  ns an event", "", "median", "fastest");

    show("floor: read every input in memory", count, || {
        black_box(inputs.iter().fold(0, |sum, input| sum ^ input.received_at.0));
    });
    show("decode: capture to events", count, || decode(&prepared));
    show("step: books only, no strategy", count, || step_all(&prepared, &inputs, false));
    show("step: books, glft, risk, orders", count, || step_all(&prepared, &inputs, true));
    show("journal: append, hash and write", count, || append(&prepared, &inputs));
    show("backtest: capture to command, two books", count, || backtest(&prepared, false));
    show("backtest with journal", count, || backtest(&prepared, true));

    println!("\n{:<44}{:>10}{:>10}{:>10}  ns", "one at a time", "p50", "p99", "p99.9");
    percentiles("floor: the clock alone", clock_alone(count));
    percentiles("book: one change", book_singly(&prepared, &inputs));
    percentiles("step: books, glft, risk, orders", step_singly(&prepared, &inputs));
    percentiles("journal: append", append_singly(&prepared, &inputs));
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", model.unwrap_or("unknown processor"))
}

fn prepared() -> Prepared {
    let mut bytes = Vec::new();
    write_session(session(Kind::QueueReactive, 1, MINUTES, 0), &mut bytes, |_| {}).expect("memory takes it");
    let recording = Recording::Memory { name: "generated".into(), bytes: Arc::from(bytes) };
    prepare(vec![recording], Config::default(), |_| {}).expect("a run can start")
}

fn inputs(prepared: &Prepared) -> Vec<Input> {
    let feed = prepared.feed(&Progress::default()).expect("it opens");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
    let mut kept = Kept(Vec::new());
    run.run(&mut kept, |_| {}).expect("a run ends");
    kept.0
}

fn decode(prepared: &Prepared) {
    let mut source = open(&prepared.recordings()[0], &Progress::default()).expect("it opens");
    let mut directory = Directory::run(&prepared.table.instruments, &prepared.table.wire_ticks);
    let mut out = Output::default();
    while source.read(&mut directory, &mut out).expect("readable") {
        black_box(out.arrivals.len());
    }
}

fn engine(prepared: &Prepared, strategy: bool) -> Engine {
    let mut setup = prepared.setup.clone();
    if !strategy {
        setup.strategies.clear();
    }
    setup.engine().expect("a setup that ran")
}

fn step_all(prepared: &Prepared, inputs: &[Input], strategy: bool) {
    let mut engine = engine(prepared, strategy);
    let mut commands = Vec::with_capacity(64);
    for input in inputs {
        commands.clear();
        engine.step(input, &mut commands);
    }
    black_box(engine.equity());
}

fn step_singly(prepared: &Prepared, inputs: &[Input]) -> Vec<u64> {
    let mut engine = engine(prepared, true);
    let mut commands = Vec::with_capacity(64);
    let timed = inputs.iter().map(|input| {
        commands.clear();
        nanos(|| engine.step(input, &mut commands))
    });
    timed.collect()
}

fn book_singly(prepared: &Prepared, inputs: &[Input]) -> Vec<u64> {
    let mut books: Vec<Book> = prepared.table.instruments.iter().map(Book::of).collect();
    let timed = inputs.iter().filter_map(|input| match &input.event {
        Event::Level(delta) => {
            let book = &mut books[delta.instrument.index()];
            Some(nanos(|| {
                black_box(book.apply_level(delta));
            }))
        }
        Event::Order(delta) => {
            let book = &mut books[delta.instrument.index()];
            Some(nanos(|| {
                black_box(book.apply_order(delta));
            }))
        }
        Event::Trade(_)
        | Event::Status(_)
        | Event::Gap(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_)
        | Event::Statistic(_)
        | Event::QuoteRequest(_)
        | Event::TradeBust(_)
        | Event::Bar { .. } => None,
    });
    timed.collect()
}

fn append_singly(prepared: &Prepared, inputs: &[Input]) -> Vec<u64> {
    let dir = std::env::temp_dir().join(format!("quoin-bench-{}", std::process::id()));
    let config = prepared.setup.to_json();
    let mut writer = Writer::create(&dir, config.as_bytes(), Options::default()).expect("a temporary folder");
    let timed = inputs.iter().map(|input| nanos(|| writer.append(&Record::Input(*input)))).collect();
    writer.finish().expect("written");
    std::fs::remove_dir_all(&dir).expect("ours");
    timed
}

fn clock_alone(count: usize) -> Vec<u64> {
    (0..count).map(|_| nanos(|| {})).collect()
}

fn nanos(act: impl FnOnce()) -> u64 {
    let started = Instant::now();
    act();
    u64::try_from(started.elapsed().as_nanos()).expect("short")
}

fn append(prepared: &Prepared, inputs: &[Input]) {
    let dir = std::env::temp_dir().join(format!("quoin-bench-{}", std::process::id()));
    let config = prepared.setup.to_json();
    let mut writer = Writer::create(&dir, config.as_bytes(), Options::default()).expect("a temporary folder");
    for input in inputs {
        writer.append(&Record::Input(*input));
    }
    writer.finish().expect("written");
    std::fs::remove_dir_all(&dir).expect("ours");
}

fn backtest(prepared: &Prepared, journal: bool) {
    let dir = std::env::temp_dir().join(format!("quoin-bench-{}", std::process::id()));
    let config = prepared.setup.to_json();
    let writer = journal
        .then(|| Writer::create(&dir, config.as_bytes(), Options::default()).expect("a temporary folder"));
    let feed = prepared.feed(&Progress::default()).expect("it opens");
    let mut run = Backtest::new(&prepared.setup, feed, writer).expect("a run starts");
    black_box(run.run(&mut Nobody, |_| {}).expect("a run ends"));
    run.finish().expect("written");
    if journal {
        std::fs::remove_dir_all(&dir).expect("ours");
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn show(what: &str, events: usize, mut act: impl FnMut()) {
    act();
    let mut rounds: Vec<u64> = (0..ROUNDS).map(|_| nanos(&mut act)).collect();
    rounds.sort_unstable();
    let each = |total: u64| total as f64 / events as f64;
    println!("{what:<44}{:>10.1}{:>10.1}", each(rounds[ROUNDS / 2]), each(rounds[0]));
}

fn percentiles(what: &str, mut nanos: Vec<u64>) {
    nanos.sort_unstable();
    let at = |per_mille: usize| nanos[(nanos.len() - 1) * per_mille / 1_000];
    println!("{what:<44}{:>10}{:>10}{:>10}", at(500), at(990), at(999));
}
