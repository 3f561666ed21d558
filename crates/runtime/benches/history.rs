//! History: rows written and read, bytes an event, and the latency of a minute: `cargo bench -p runtime --bench history`.
//!
//! Over a generated session and, where they are, recorded days. The rival in the same run is the floor of the same
//! events: their 64-byte records compressed by zstd at the same level, in memory, and back.

use adapters::parquet::{Source as Origin, Store, Stored};
use runtime::generate::{Kind, session, write_session};
use runtime::import::import;
use runtime::query::{Every, Question};
use runtime::source::{Progress, Recording, Selection, open, recordings};
use runtime::survey::survey;
use runtime::{Config, moment};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use testkit::data::recorded;
use types::record::Record;
use types::{Arrival, Input, Nanos, Seq};
use venues::{Directory, Output};

const ROUNDS: usize = 5;
const LEVEL: i32 = 3;

fn main() {
    // `cargo test --benches` and friends ask for a list or a single quick pass; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    println!(
        "median of {ROUNDS}; rows a second are of one thread; import includes both passes over the recording\n"
    );
    let mut bytes = Vec::new();
    write_session(session(Kind::QueueReactive, 1, 10, 0), &mut bytes, |_| {}).expect("memory takes it");
    measure(Recording::Memory { name: "generated, 10 minutes".into(), bytes: Arc::from(bytes) });
    for file in [
        "dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
        "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip",
        "binance-l2/usdm/btcusdt_20240808.gz",
    ] {
        if let Some(path) = recorded(file) {
            measure(Recording::File(path));
        }
    }
}

fn measure(recording: Recording) {
    let root = std::env::temp_dir().join(format!("quoin-bench-history-{}", std::process::id()));
    let arrivals = arrivals(&recording);
    let count = arrivals.len();
    // Where it lies is nobody's business.
    let name = recording.name();
    let name = name.rsplit('/').next().unwrap_or(&name);
    println!("{name}: {count} events, {} bytes", recording.size().expect("it is there"));
    let rate = |seconds: f64| count as f64 / seconds / 1e6;

    let records: Vec<u8> = arrivals.iter().zip(0..).flat_map(|(arrival, seq)| record(arrival, seq)).collect();
    let mut packed = Vec::new();
    let seconds = median(|| packed = zstd::bulk::compress(&records, LEVEL).expect("memory takes it"));
    line("floor: zstd of 64-byte records", rate(seconds), packed.len(), count);
    let seconds = median(|| {
        std::hint::black_box(zstd::bulk::decompress(&packed, records.len()).expect("it was packed"));
    });
    println!("    {:<34}{:>8.2} M rows/s", "floor: back", rate(seconds));

    let table = survey(std::slice::from_ref(&recording), |_| {}).expect("readable");
    let table = table.table(&Config::default()).expect("terms");
    let pairs = table.instruments.iter().zip(&table.wire_ticks);
    let terms: Vec<Stored> = pairs
        .map(|(instrument, wire)| Stored { terms: instrument.terms().clone(), wire_tick_nanos: *wire })
        .collect();
    let seconds = median(|| {
        let source = Origin { name: "bench".into(), bytes: 0, blake3: "bench".into() };
        let mut import = Store::begin(&root, source, true, "bench").expect("it can start");
        import.instruments(terms.clone());
        arrivals.iter().for_each(|arrival| import.push(arrival).expect("it is taken"));
        import.commit(serde_json::Value::Null).expect("it is stored");
    });
    println!("    {:<34}{:>8.2} M rows/s", "write: events to synced files", rate(seconds));
    let _ = std::fs::remove_dir_all(&root);

    let store =
        |root: &Path| import(&recording, root, &Config::default(), true, |_| {}).expect("it is imported");
    let mut stored = 0;
    let seconds =
        median(|| stored = store(&root).manifest.files.iter().map(|file| file.bytes).sum::<u64>() as usize);
    line("import: survey, decode, check, write", rate(seconds), stored, count);
    let history = recordings(std::slice::from_ref(&root), &Selection::default()).expect("it is there");
    let seconds = median(|| assert_eq!(read(&history[0]), count));
    println!("    {:<34}{:>8.2} M rows/s", "read, in recorded order", rate(seconds));
    let seconds = median(|| assert_eq!(read(&recording), count));
    println!("    {:<34}{:>8.2} M rows/s", "rival: read the recording", rate(seconds));

    let middle = arrivals[count / 2].event.venue_at().expect("market data");
    let minute =
        Selection { from: Some(middle), to: Some(middle + Nanos::from_secs(60)), ..Selection::default() };
    let ask =
        |selection: &Selection| Question::new(&[PathBuf::from(&root)], selection.clone(), &Config::default());
    let mut bars = 0;
    let seconds = median(|| {
        let question = ask(&minute).expect("it is there");
        bars = question.bars(Every::Time(Nanos::from_secs(1))).expect("it answers").len();
    });
    println!("    {:<34}{:>8.2} ms ({bars} bars)", "bars of a minute from the middle", seconds * 1e3);
    let seconds = median(|| {
        let question = ask(&minute).expect("it is there");
        question.depths(Nanos::from_secs(1), 5).expect("it answers");
    });
    println!(
        "    {:<34}{:>8.2} ms (from {})\n",
        "depth of it, books from the start",
        seconds * 1e3,
        moment::rfc3339(middle)
    );
    let _ = std::fs::remove_dir_all(&root);
}

fn line(what: &str, rate: f64, bytes: usize, count: usize) {
    println!("    {what:<34}{rate:>8.2} M rows/s {:>8.2} bytes an event", bytes as f64 / count as f64);
}

fn record(arrival: &Arrival, seq: u64) -> [u8; 64] {
    Record::Input(Input { seq: Seq(seq), received_at: arrival.received_at, event: arrival.event }).to_bytes()
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn each(recording: &Recording, mut take: impl FnMut(&[Arrival])) {
    let table = survey(std::slice::from_ref(recording), |_| {}).expect("readable");
    let table = table.table(&Config::default()).expect("terms");
    let mut directory = Directory::run(&table.instruments, &table.wire_ticks);
    let mut source = open(recording, &Progress::default()).expect("it opens");
    let mut out = Output::default();
    let mut more = true;
    while more {
        more = source.read(&mut directory, &mut out).expect("it is read");
        take(&out.arrivals);
    }
}

fn arrivals(recording: &Recording) -> Vec<Arrival> {
    let mut all = Vec::new();
    each(recording, |batch| all.extend_from_slice(batch));
    all
}

/// With what a run needs before its first event: for a recording a survey, for history its manifest.
fn read(recording: &Recording) -> usize {
    let mut count = 0;
    each(recording, |batch| count += batch.len());
    count
}
