//! `quoin sweep`, as a user meets it: the same whatever the number of jobs, going on where it was killed, and equal to
//! the backtests it is made of.

mod common;

use common::{Scratch, fail, quoin, succeed};
use serde_json::Value;
use std::fs;
use std::time::Duration;

const SWEEP: &str = "\
data = [\"day.pcap\"]
slice_seconds = 2
[space]
\"strategy.joined_touch.max_position\" = [2, 5, 10]
\"latency.order_ns\" = { from = 100000, to = 10000000, steps = 3, scale = \"log\" }
\"trading.strategy\" = [\"joined_touch\"]
";

/// A minute of a synthetic market, and a sweep of nine points over it.
fn prepared(name: &str, sweep: &str) -> (Scratch, String) {
    let scratch = Scratch::new(name);
    succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &scratch.text("day.pcap")]);
    fs::write(scratch.path("sweep.toml"), sweep).expect("writable");
    let file = scratch.text("sweep.toml");
    (scratch, file)
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(arguments)).expect("JSON")
}

#[test]
fn jobs_and_memory_change_nothing() {
    let (scratch, file) = prepared("sweep-jobs", SWEEP);
    let run = |name: &str, more: &[&str]| {
        let out = scratch.text(name);
        let arguments = [&["sweep", "--config", &file, "--out", &out, "--json"], more].concat();
        let study = succeed(&arguments);
        let page = fs::read_to_string(scratch.path(name).join("sweep.html")).expect("written");
        (study, page)
    };
    let one = run("one", &["--jobs", "1"]);
    assert!(one == run("four", &["--jobs", "4"]), "jobs change the outcome");
    assert!(one == run("files", &["--jobs", "2", "--memory", "0"]), "reading the files changes the outcome");
    let study: Value = serde_json::from_str(&one.0).expect("JSON");
    assert_eq!(study["trials"].as_array().expect("a list").len(), 9);
    for what in ["<script", "http://", "https://"] {
        assert!(!one.1.contains(what), "the page has {what}");
    }
    assert!(one.1.contains("Before you believe these numbers") && one.1.contains("heat-"));
}

#[test]
fn every_trial_is_the_backtest_of_its_configuration() {
    let (scratch, file) = prepared("sweep-equal", SWEEP);
    let study = json(&["sweep", "--config", &file, "--json"]);
    for trial in study["trials"].as_array().expect("a list") {
        let value = |at: usize| trial["point"][at]["text"].as_str().expect("a text").to_owned();
        // Keys in the order of the alphabet.
        let config = format!(
            "[trading]\nstrategy = \"{}\"\n[latency]\norder_ns = {}\n[strategy.joined_touch]\nmax_position = {}\n",
            value(2),
            value(0),
            value(1)
        );
        let path = scratch.text("quoin.toml");
        fs::write(&path, config).expect("writable");
        let report = json(&["backtest", "--data", &scratch.text("day.pcap"), "--config", &path, "--json"]);
        let amount = |value: &Value| value.as_str().expect("an amount").parse::<f64>().expect("a number");
        let headline = &report["headline"];
        for (ours, theirs) in [
            (&trial["net"], amount(&headline["net"])),
            (&trial["max_drawdown"], amount(&headline["max_drawdown"])),
            (&trial["fees"], amount(&headline["fees"])),
            (&trial["turnover"], amount(&headline["turnover"])),
        ] {
            let ours = ours.as_f64().expect("a number");
            assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{ours} is not {theirs}: {trial}");
        }
        assert_eq!(trial["fills"], headline["fills"]);
        assert_eq!(trial["orders"], report["activity"]["orders_placed"]);
        assert!(trial["fills"].as_u64() > Some(0), "nothing was traded: {trial}");
    }
}

#[test]
fn a_sweep_goes_on_where_it_was_killed() {
    let (scratch, file) = prepared("sweep-killed", SWEEP);
    let whole = succeed(&["sweep", "--config", &file, "--out", &scratch.text("whole"), "--json"]);
    let out = scratch.text("killed");
    let results = scratch.path("killed").join("results.jsonl");
    let lines = || fs::read_to_string(&results).map_or(0, |text| text.lines().count());
    let mut child = quoin()
        .args(["sweep", "--config", &file, "--out", &out, "--jobs", "1"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    while lines() < 2 && child.try_wait().expect("it runs").is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it is gone");
    let known = lines();
    assert!(known >= 2, "{known} results");
    // As a kill in the middle of a write would leave it.
    let mut torn = fs::read(&results).expect("written");
    torn.extend_from_slice(b"{\"key\":\"4f");
    fs::write(&results, torn).expect("writable");
    let again = quoin().args(["sweep", "--config", &file, "--out", &out]).output().expect("it starts");
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(again.status.success() && said.contains(" known from before"), "{said}");
    assert!(String::from_utf8_lossy(&again.stderr).contains("a torn last line was cut off"));
    assert_eq!(lines(), 9);
    let gone_on = fs::read_to_string(scratch.path("killed").join("sweep.json")).expect("written");
    assert!(gone_on == whole, "going on gives another outcome");
    // Nothing is run again, and a changed file takes over what is still true.
    let said = succeed(&["sweep", "--config", &file, "--out", &out]);
    assert!(said.contains("0 runs in") && said.contains("9 known from before"), "{said}");
    fs::write(&file, SWEEP.replace("[2, 5, 10]", "[2, 5, 7]")).expect("writable");
    let said = succeed(&["sweep", "--config", &file, "--out", &out]);
    assert!(said.contains("3 runs in") && said.contains("6 known from before"), "{said}");
}

#[test]
fn searches_keep_to_their_budget_and_folds_are_reported() {
    let space = SWEEP.replace("steps = 3, ", "").replace("[2, 5, 10]", "{ from = 1, to = 20 }");
    for (method, more) in [("random", ""), ("sobol", ""), ("tpe", "startup = 6\nbatch = 3\n")] {
        let search = format!("{space}[search]\nmethod = \"{method}\"\nbudget = 12\n{more}");
        let (_scratch, file) = prepared(&format!("sweep-{method}"), &search);
        let one = succeed(&["sweep", "--config", &file, "--json", "--jobs", "1", "--folds", "3"]);
        assert!(
            one == succeed(&["sweep", "--config", &file, "--json", "--jobs", "3", "--folds", "3"]),
            "{method}"
        );
        let study: Value = serde_json::from_str(&one).expect("JSON");
        let trials = study["trials"].as_array().expect("a list").len();
        assert!((6..=12).contains(&trials), "{method}: {trials}");
        let folds = study["validation"]["Ok"]["folds"].as_array().expect("folds");
        assert_eq!(folds.len(), 3, "{method}");
        // Thirty slices of two seconds; ten seconds and the latencies are purged around what is tested.
        assert!(folds.iter().all(|fold| fold["test"] == 10 || fold["test"] == 11), "{folds:?}");
    }
}

#[test]
fn every_point_is_checked_before_the_first_is_run() {
    let bad = SWEEP.replace("[2, 5, 10]", "[2, 5, -1]");
    let (scratch, file) = prepared("sweep-bad", &bad);
    let error = fail(&["sweep", "--config", &file, "--out", &scratch.text("out")], 1);
    assert!(error.contains("max_position") && error.contains("-1"), "{error}");
    assert!(error.contains("sweep.toml: at ") && !scratch.path("out").exists(), "{error}");
    // What only the data can refuse is refused before the first run, too.
    let unknown = format!("{SWEEP}\"trading.symbols\" = [[\"ESH6\"], [\"ESHX\"]]\n");
    fs::write(&file, unknown).expect("writable");
    let error = fail(&["sweep", "--config", &file, "--out", &scratch.text("out")], 1);
    assert!(error.contains("no instrument `ESHX` in the data; did you mean `ESH6`?"), "{error}");
    assert_eq!(fs::read_to_string(scratch.path("out").join("results.jsonl")).expect("made"), "");
    fs::write(&file, SWEEP.replace("max_position", "max_postion")).expect("writable");
    let error = fail(&["sweep", "--config", &file], 1);
    assert!(error.contains("sweep.toml: line 4: unknown key `strategy.joined_touch.max_postion`"), "{error}");
    fs::write(&file, "[spce]\n").expect("writable");
    let error = fail(&["sweep", "--config", &file], 1);
    assert!(error.contains("line 1") && error.contains("spce"), "{error}");
}

#[test]
fn the_printed_sweep_is_the_embedded_one() {
    let scratch = Scratch::new("sweep-print");
    let text = succeed(&["sweep", "--print"]);
    assert!(text.contains("[space]") && text.contains("tpe"));
    // It is accepted as a file, on other data.
    succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &scratch.text("day.pcap")]);
    let two = text
        .replace("[0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9]", "[0.1]")
        .replace("steps = 10", "steps = 2");
    fs::write(scratch.path("sweep.toml"), two).expect("writable");
    let said =
        succeed(&["sweep", "--config", &scratch.text("sweep.toml"), "--data", &scratch.text("day.pcap")]);
    assert!(said.contains("2 runs in"), "{said}");
}

#[test]
fn recordings_from_memory_are_the_recordings_from_their_files() {
    let files = [
        // Two venues, merged by their times; order by order; a zip with its opening book.
        vec!["binance-l2/usdm/btcusdt_20240808.gz", "binance-l2/spot/btcusdt_20240808.gz"],
        vec!["dbn/esh4-glbx-mdp3-20231224.mbo.dbn.zst"],
        vec!["lobster/LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"],
    ];
    let scratch = Scratch::new("sweep-recorded");
    for files in files {
        let Some(data) = files.iter().map(|file| testkit::data::recorded(file)).collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let symbols = if files.len() > 1 { "symbols = [\"binance-usdm/BTCUSDT\"]\n" } else { "" };
        fs::write(scratch.path("quoin.toml"), format!("[trading]\nstrategy = \"joined_touch\"\n{symbols}"))
            .expect("writable");
        let sweep =
            "config = \"quoin.toml\"\n[space]\n\"strategy.joined_touch.requote_interval\" = [0.1, 1.0]\n";
        fs::write(scratch.path("sweep.toml"), sweep).expect("writable");
        let file = scratch.text("sweep.toml");
        let mut arguments = vec!["sweep", "--config", &file, "--json", "--data"];
        let data: Vec<String> = data.iter().map(|path| common::text(path)).collect();
        arguments.extend(data.iter().map(String::as_str));
        let from_memory = succeed(&arguments);
        arguments.extend(["--memory", "0"]);
        assert!(from_memory == succeed(&arguments), "{files:?}");
        assert!(
            from_memory.contains("\"fills\"") && !from_memory.contains("\"orders\": 0"),
            "{files:?} traded nothing"
        );
    }
}
