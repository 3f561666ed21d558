//! Every recorded file of the spine through the whole path, twice: the same numbers, and what was counted by
//! independent tools.

use engine::Engine;
use runtime::backtest::{Backtest, Observer, Totals};
use runtime::inspect::{Inspection, inspect};
use runtime::source::{Progress, Recording};
use runtime::survey::survey;
use runtime::{Config, prepare};
use std::collections::BTreeMap;
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
fn a_recorder_with_a_slow_clock_is_estimated_and_not_believed() {
    // The data's README: the recorder's clock is 1.27 s behind the venue's. Offset in ms and drift in parts in a million
    // of another program, which took the hull of all messages.
    let cases = [
        ("binance-l2/spot/btcusdt_20240808.gz", -1_274.17, -5.42),
        ("binance-l2/spot/ethusdt_20240808.gz", -1_274.00, -7.24),
        ("binance-l2/usdm/btcusdt_20240808.gz", -1_271.72, -5.79),
        ("binance-l2/usdm/ethusdt_20240808.gz", -1_271.64, -5.58),
        ("binance-l2/cm/btcusd_perp_20240808.gz", -1_267.71, -8.23),
        ("binance-l2/cm/ethusd_perp_20240808.gz", -1_267.53, -5.29),
    ];
    let mut drifts = Vec::new();
    for (file, offset_ms, ppm) in cases {
        let Some(recording) = recording(file) else { return };
        let survey = survey(&[recording], |_| {}).expect("readable");
        let clock = survey.files[0].clock.expect("two clocks");
        let drift = clock.drift.expect("six minutes tell");
        let error_ms = clock.offset_error.expect("six minutes tell").to_secs_f64() * 1e3;
        println!("{file}: {clock:?}");
        // A millisecond is as fine as the venue's times are.
        assert!(
            (clock.offset.to_secs_f64() * 1e3 - offset_ms).abs() < 3.0 * error_ms && error_ms < 1.0,
            "{file}: {clock:?}"
        );
        assert!((drift.ppm - ppm).abs() < 3.0 * drift.error_ppm, "{file}: {drift:?}");
        assert_eq!(clock.implausible, 0, "{file}");
        let all: u64 = survey.files[0].events.values().sum();
        assert!(
            survey.files[0].latency_negative > all / 2,
            "{file}: by these clocks most came before they were sent"
        );
        drifts.push(drift);
    }
    // One machine recorded them all: one clock, one drift.
    for (one, other) in drifts.iter().flat_map(|one| drifts.iter().map(move |other| (one, other))) {
        let error = one.error_ppm.hypot(other.error_ppm);
        assert!((one.ppm - other.ppm).abs() < 3.0 * error, "{one:?} {other:?}");
    }
}

#[test]
fn binance_s_own_best_quotes_are_the_book_s() {
    let files =
        ["spot/btcusdt", "spot/ethusdt", "usdm/btcusdt", "usdm/ethusdt", "cm/btcusd_perp", "cm/ethusd_perp"];
    for file in files {
        let Some(found) = inspected(&format!("binance-l2/{file}_20240808.gz")) else { return };
        let book = &found.books[0];
        let counts: BTreeMap<String, u64> = found.survey.files[0].counts.iter().cloned().collect();
        println!("{file}: {} of {} updates agree", book.quotes_agree, counts["depthUpdate"]);
        assert_eq!((book.quotes_differ, book.quotes_unused), (0, 0), "{file}");
        assert_eq!(book.quotes_agree, counts["bookTicker that checks the book"], "{file}");
        // Where no quote comes between two updates, the first of them cannot be checked.
        assert!(book.quotes_agree * 4 > counts["depthUpdate"], "{file}");
    }
}

#[test]
fn a_best_quote_that_is_not_the_book_s_is_counted() {
    let line = |at: u64, data: &str| {
        format!("{} {{\"stream\":\"x\",\"data\":{{{data}}}}}\n", 1_723_161_255_030_314_667 + at)
    };
    let update = |at, u: u64, bid: &str| {
        line(
            at,
            &format!(r#""e":"depthUpdate","E":5,"s":"BTCUSDT","U":{u},"u":{u},"b":[["1.5","{bid}"]],"a":[]"#),
        )
    };
    let quote = |at, u: u64, bid: &str| {
        line(at, &format!(r#""u":{u},"s":"BTCUSDT","b":"1.5","B":"{bid}","a":"1.6","A":"4""#))
    };
    let snapshot =
        "1723161255030314670 {\"lastUpdateId\":10,\"bids\":[[\"1.5\",\"1\"]],\"asks\":[[\"1.6\",\"4\"]]}\n";
    let lines = [
        update(0, 10, "1"),
        snapshot.to_string(),
        update(10, 11, "2"),
        quote(11, 11, "2"),
        quote(12, 13, "3"),
        update(13, 12, "2.5"),
    ];
    let recording = Recording::Memory { name: "made".into(), bytes: lines.concat().into_bytes().into() };
    let surveyed = survey(std::slice::from_ref(&recording), |_| {}).expect("readable");
    let found = inspect(surveyed, &[recording], &Config::default(), |_| {}).expect("readable");
    let book = &found.books[0];
    // After update 11 it says 2, as the book; after 12 the book says 2.5, and the quote 11 still 2.
    assert_eq!((book.quotes_agree, book.quotes_differ, book.quotes_unused), (1, 1, 0));
}
