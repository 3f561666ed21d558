//! Every recorded file of the spine through the whole path, twice: the same numbers, and what was counted by
//! independent tools.

use engine::Engine;
use runtime::backtest::{Backtest, Observer, Totals};
use runtime::inspect::{Inspection, inspect};
use runtime::source::{Progress, Recording};
use runtime::survey::survey;
use runtime::{Config, prepare};
use testkit::data::recorded;
use types::record::Record;
use types::{Command, Input};

/// The files the data's README calls spine.
const SPINE: [&str; 13] = [
    "cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng",
    "cme-mdp3/Cme.Mdp3.Sbe.v9.1.Example.pcap",
    "dbn/esh4-glbx-mdp3-20231224.mbo.dbn.zst",
    "dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
    "dbn/es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst",
    "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip",
    "lobster/LOBSTER_SampleFile_AAPL_2012-06-21_1.zip",
    "binance-l2/spot/btcusdt_20240808.gz",
    "binance-l2/spot/ethusdt_20240808.gz",
    "binance-l2/usdm/btcusdt_20240808.gz",
    "binance-l2/usdm/ethusdt_20240808.gz",
    "binance-l2/cm/btcusd_perp_20240808.gz",
    "binance-l2/cm/ethusd_perp_20240808.gz",
];

/// Hashes every input and every command.
struct Hash(blake3::Hasher);

impl Observer for Hash {
    fn on_step(&mut self, input: &Input, commands: &[Command], _: &Engine) {
        self.0.update(&Record::Input(*input).to_bytes());
        for &command in commands {
            let record = Record::Command { seq: input.seq, at: input.received_at, command };
            self.0.update(&record.to_bytes());
        }
    }
}

fn recording(file: &str) -> Option<Recording> {
    recorded(file).map(Recording::File)
}

fn backtest(recordings: Vec<Recording>) -> (Totals, String, Engine) {
    let prepared = prepare(recordings, Config::default(), |_| {}).expect("a run can start");
    let feed = prepared.feed(&Progress::default()).expect("the recordings open");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
    let mut hash = Hash(blake3::Hasher::new());
    let totals = run.run(&mut hash, |_| {}).expect("a run ends");
    let (engine, _) = run.finish().expect("no journal, nothing to fail");
    (totals, hash.0.finalize().to_hex().to_string(), engine)
}

fn inspected(file: &str) -> Option<Inspection> {
    let recordings = [recording(file)?];
    let survey = survey(&recordings, |_| {}).expect("readable");
    Some(inspect(survey, &recordings, &Config::default(), |_| {}).expect("readable"))
}

#[test]
fn every_spine_file_runs_twice_to_the_same_hash() {
    for file in SPINE {
        let Some(recording) = recording(file) else { return };
        let (totals, hash, engine) = backtest(vec![recording.clone()]);
        let (again, hash_again, _) = backtest(vec![recording]);
        assert_eq!((totals, &hash), (again, &hash_again), "{file}");
        assert!(totals.market_events > 0, "{file}");
        let counts = engine.orders().counts();
        println!("{file}: {totals:?}, orders {counts:?}, equity {:.2}", engine.equity());
        assert_eq!(counts.impossible, 0, "{file}: the venue said what cannot be");
    }
}

#[test]
fn several_recordings_are_one_stream_in_venue_time() {
    let files = ["binance-l2/usdm/btcusdt_20240808.gz", "binance-l2/spot/btcusdt_20240808.gz"];
    let Some(recordings) = files.iter().map(|file| recording(file)).collect::<Option<Vec<_>>>() else {
        return;
    };
    struct InOrder(Option<Input>);
    impl Observer for InOrder {
        fn on_step(&mut self, input: &Input, _: &[Command], _: &Engine) {
            if let Some(before) = self.0.replace(*input) {
                assert_eq!(input.seq, before.seq.next());
                assert!(input.received_at >= before.received_at, "{before:?} then {input:?}");
            }
        }
    }
    let mut config = Config::default();
    config.trading.symbols = vec!["binance-usdm/BTCUSDT".into()];
    let prepared = prepare(recordings, config, |_| {}).expect("a run can start");
    assert_eq!(prepared.setup.instruments.len(), 2);
    let feed = prepared.feed(&Progress::default()).expect("the recordings open");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
    run.run(&mut InOrder(None), |_| {}).expect("a run ends");
}

#[test]
fn inspect_counts_what_independent_tools_counted() {
    // File, instruments, trades, gaps. The 8 trade messages of the second file are 4, each on both lines. Both
    // captures start in the middle of a session and carry no snapshot: each instrument's book is stale from its
    // first change on, until every row of it is certain.
    let cases = [
        ("cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng", 127, 355, 127),
        ("cme-mdp3/Cme.Mdp3.Sbe.v9.1.Example.pcap", 242, 4, 242),
        ("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst", 1, 2_973, 0),
    ];
    for (file, instruments, trades, gaps) in cases {
        let Some(found) = inspected(file) else { return };
        let survey = &found.survey;
        assert_eq!(survey.instruments.len(), instruments, "{file}");
        assert_eq!(survey.instruments.iter().map(|i| i.trades).sum::<u64>(), trades, "{file}");
        assert_eq!((survey.files[0].gaps, survey.files[0].fault_count), (gaps, 0), "{file}");
        assert_eq!(found.books.iter().all(|book| book.stale == 0), gaps == 0, "{file}");
    }
}

#[test]
fn a_recorder_with_a_slow_clock_is_reported_not_believed() {
    let Some(found) = inspected("binance-l2/usdm/btcusdt_20240808.gz") else { return };
    let least = found.survey.files[0].latency_least.expect("events have both times");
    // The data's README: the recorder's clock is 1.27 s behind the venue's.
    assert!((-1.28..-1.25).contains(&least.to_secs_f64()), "{least:?}");
}
