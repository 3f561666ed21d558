//! `import` and `query` as a user meets them, and history as other programs read it.

mod common;

use common::{Scratch, fail, quoin, run, succeed};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use testkit::data::recorded;

/// A short synthetic day, and the history it was imported into.
fn imported(scratch: &Scratch) -> (String, String) {
    let (day, history) = (scratch.text("day.pcap"), scratch.text("history"));
    succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &day]);
    succeed(&["import", &day, "--to", &history]);
    (day, history)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn skipped(what: &str) {
    // Not `eprintln!`, which the test harness hides unless the test fails.
    let _ = std::io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes());
}

#[test]
fn a_backtest_on_history_writes_the_same_files() {
    let scratch = Scratch::new("history-backtest");
    let (day, history) = imported(&scratch);
    let (a, b) = (scratch.text("a"), scratch.text("b"));
    succeed(&["backtest", "--data", &day, "--out", &a]);
    // Without the recording: history is enough.
    fs::remove_file(&day).expect("it was there");
    succeed(&["backtest", "--data", &history, "--out", &b]);
    for file in ["report.json", "journal.qj", "report.html"] {
        let read = |out: &str| fs::read(Path::new(out).join(file)).expect("written");
        assert!(read(&a) == read(&b), "{file} differs");
    }
    assert!(succeed(&["verify", &b]).contains("commands equal"));
}

#[test]
fn a_recording_is_imported_once_unless_it_is_to_be_replaced() {
    let scratch = Scratch::new("history-twice");
    let (day, history) = imported(&scratch);
    let error = fail(&["import", &day, "--to", &history], 1);
    assert!(error.contains("already, as import 1") && error.contains("--replace"), "{error}");
    let again = json(&succeed(&["import", &day, "--to", &history, "--replace", "--json"]));
    assert_eq!((&again["imports"][0]["import"], &again["imports"][0]["replaces"]), (&2.into(), &1.into()));
    let bars = |more: &[&str]| succeed(&[&["query", &history, "--bars", "1h", "--csv"], more].concat());
    // Not twice the trades.
    let other = scratch.text("other");
    succeed(&["import", &day, "--to", &other]);
    assert_eq!(bars(&[]), succeed(&["query", &other, "--bars", "1h", "--csv"]));
    assert!(bars(&[]).lines().count() > 1);
}

#[test]
fn strict_refuses_a_damaged_recording_and_says_why() {
    let scratch = Scratch::new("history-strict");
    let (damaged, clean) = (scratch.text("damaged.pcap"), scratch.text("clean.pcap"));
    succeed(&["generate", "--minutes", "1", "--out", &clean]);
    let mut bytes = fs::read(&clean).expect("written");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xff);
    fs::write(&damaged, bytes).expect("writable");
    let integrity =
        |path: &str| json(&succeed(&["inspect", "--json", path]))["files"][0]["integrity"].clone();
    let (found, none) = (integrity(&damaged), integrity(&clean));
    assert_eq!((&none["clean"], &none["totals"]["faults"]), (&true.into(), &0.into()), "{none}");
    let faults = found["totals"]["faults"].as_u64().expect("a count");
    assert!(faults > 0);
    for command in [
        vec!["inspect", &damaged, "--strict"],
        vec!["import", &damaged, "--to", &scratch.text("s"), "--strict"],
    ] {
        let error = fail(&command, 1);
        assert!(error.contains(&format!("{faults} faults")) && error.contains("--strict"), "{error}");
    }
    succeed(&["inspect", &clean, "--strict"]);
    succeed(&["import", &clean, "--to", &scratch.text("t"), "--strict"]);
    let manifest = fs::read_dir(scratch.path("t").join("_quoin")).expect("a store").count();
    assert!(manifest >= 1);
}

#[test]
fn an_import_that_cannot_write_says_so_and_counts_for_nothing() {
    let scratch = Scratch::new("history-full");
    let (day, history) = (scratch.text("day.pcap"), scratch.text("history"));
    succeed(&["generate", "--minutes", "1", "--out", &day]);
    // A limit on the size of files stands for a full disk; the shell passes it on, and the signal is ignored.
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    let binary = env!("CARGO_BIN_EXE_quoin");
    let output = Command::new("sh")
        .args(["-c", script, binary, "import", &day, "--to", &history])
        .output()
        .expect("there is a shell");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("nothing of this import counts"), "{error}");
    assert!(fail(&["query", &history, "--bars", "1s"], 1).contains("nothing was imported yet"));
    // With room it goes in, over what was left.
    succeed(&["import", &day, "--to", &history]);
    assert!(succeed(&["query", &history, "--bars", "1h"]).contains("open"));
}

#[test]
fn a_selection_answers_for_its_span_and_its_instrument() {
    let scratch = Scratch::new("history-select");
    let (_, history) = imported(&scratch);
    let all = json(&succeed(&["query", &history, "--bars", "1s", "--json"]));
    let all = all.as_array().expect("rows");
    let (first, middle) = (&all[0], &all[all.len() / 2]);
    let symbol = first["instrument"].as_str().expect("a name");
    let from = middle["start"].as_str().expect("a time");
    let found = succeed(&["query", &history, "--bars", "1s", "--json", "--from", from, "--symbol", symbol]);
    let expected: Vec<&Value> = all
        .iter()
        .filter(|bar| bar["instrument"] == first["instrument"] && bar["start"].as_str() >= Some(from))
        .collect();
    assert!(expected.len() > 5 && expected.len() < all.len());
    assert_eq!(json(&found).as_array().expect("rows").iter().collect::<Vec<_>>(), expected);

    let whole = json(&succeed(&["query", &history, "--spread", "--depth", "3", "--every", "10s", "--json"]));
    let part =
        succeed(&["query", &history, "--spread", "--depth", "3", "--every", "10s", "--json", "--from", from]);
    let last = |rows: &Value| rows.as_array().and_then(|rows| rows.last().cloned()).expect("rows");
    assert_eq!(last(&json(&part)), last(&whole), "a book that opens in the middle is the same book");
    assert!(last(&whole)["spread"].as_f64().is_some_and(|spread| spread > 0.0));

    let events = succeed(&["query", &history, "--events", "--limit", "7", "--csv"]);
    assert_eq!(events.lines().count(), 8);
}

#[test]
fn mistakes_get_advice() {
    let scratch = Scratch::new("history-advice");
    let (day, history) = imported(&scratch);
    let empty = scratch.text("empty");
    fs::create_dir(&empty).expect("made");
    let symbol = json(&succeed(&["query", &history, "--bars", "1h", "--json"]))[0]["instrument"].clone();
    let typo =
        symbol.as_str().and_then(|name| name.split_once('/')).expect("venue and symbol").1.to_string() + "X";
    let cases = [
        (vec!["query", &empty, "--bars", "1s"], 1, "quoin import FILE --to"),
        (vec!["query", &history, "--bars", "1s", "--symbol", &typo], 1, "did you mean"),
        (vec!["query", &history, "--bars", "1x"], 2, "100t or 1000v"),
        (vec!["query", &history], 2, "--bars"),
        (vec!["query", &history, "--bars", "1s", "--from", "yesterday"], 2, "a time is written"),
        (
            vec!["query", &history, "--bars", "1s", "--from", "2040-01-01"],
            1,
            "nothing in it lies in that span",
        ),
        (vec!["backtest", "--data", &day, "--symbol", "X"], 1, "select from history"),
        (vec!["backtest", "--symbol", "X"], 1, "select from history"),
        (vec!["query", &history, "--sql", "select 1", "--limit", "3"], 1, "in the SQL"),
    ];
    for (arguments, code, advice) in cases {
        let error = fail(&arguments, code);
        assert!(error.contains(advice), "{arguments:?}: {error}");
    }
    let output = quoin()
        .args(["query", &history, "--sql", "select 1"])
        .env("PATH", &empty)
        .output()
        .expect("it starts");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && error.contains("pip install duckdb-cli"), "{error}");
}

/// ES of a recorded day as history.
fn es(scratch: &Scratch) -> Option<String> {
    let file = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst")?;
    let history = scratch.text("es");
    succeed(&["import", &common::text(&file), "--to", &history]);
    Some(history)
}

#[test]
fn pandas_gives_the_same_bars() {
    let python = std::env::var("QUOIN_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python).args(["-c", "import pandas, pyarrow"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        return skipped("no pandas; pip install pandas==3.1.1 pyarrow==26.0.1");
    }
    let scratch = Scratch::new("history-pandas");
    let Some(history) = es(&scratch) else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/history.py");
    let output = Command::new(&python).args([script, &history, "ESH4", "60"]).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = json(&String::from_utf8_lossy(&output.stdout));
    let ours = json(&succeed(&["query", &history, "--symbol", "ESH4", "--bars", "1m", "--json"]));
    let (theirs, ours) = (theirs.as_array().expect("rows"), ours.as_array().expect("rows"));
    assert_eq!((theirs.len(), ours.len()), (60, 60));
    let mut trades = 0;
    for (their, our) in theirs.iter().zip(ours) {
        for figure in ["open", "high", "low", "close", "volume"] {
            assert_eq!(their[figure].as_f64(), our[figure].as_f64(), "{figure} of {our}");
        }
        assert_eq!(their["trades"], our["trades"]);
        // Price times size over size, in ticks: to the last place but one of a double.
        let figure = |value: &Value| value.as_f64().expect("a number");
        let vwap = figure(&their["value"]) / figure(&their["volume"]) * 0.25;
        assert!((vwap - figure(&our["vwap"])).abs() < 1e-9, "{their} {our}");
        trades += our["trades"].as_u64().expect("a count");
    }
    // The data's README.
    assert_eq!(trades, 2_973);
}

/// An answer of DuckDB; `None` (said) when it is not on this machine.
fn sql(history: &str, question: &str) -> Option<Output> {
    if Command::new("duckdb").arg("--version").output().is_err() {
        skipped("no duckdb on the PATH; pip install duckdb-cli");
        return None;
    }
    Some(run(&["query", history, "--sql", question, "--json"]))
}

#[test]
fn duckdb_sees_typed_columns_and_counts_what_independent_tools_counted() {
    let scratch = Scratch::new("history-duckdb");
    let Some(history) = es(&scratch) else { return };
    let ask = |question: &str| -> Option<Value> {
        let output = sql(&history, question)?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(json(&String::from_utf8_lossy(&output.stdout)))
    };
    let Some(counts) = ask("select action, count(*) as n from orders group by action") else { return };
    let of = |action: &str| {
        let rows = counts.as_array().expect("rows");
        rows.iter().find(|row| row["action"] == action).map_or(0, |row| row["n"].as_u64().expect("a count"))
    };
    // The data's README: A 29,216, C 17,999, M 12,233.
    assert_eq!((of("add"), of("reduce"), of("modify")), (29_216, 17_999, 12_233), "{counts}");
    let types =
        ask("select typeof(venue_at) t, typeof(price) p, typeof(ticks) k, typeof(side) s, typeof(date) d, \
                     typeof(symbol) y, typeof(id) i from trades limit 1");
    assert_eq!(
        types.expect("it answered before")[0],
        serde_json::json!({
            "t": "TIMESTAMP WITH TIME ZONE", "p": "DOUBLE", "k": "BIGINT", "s": "VARCHAR", "d": "DATE",
            "y": "VARCHAR", "i": "UBIGINT"
        })
    );
    let bars = ask(
        "select time_bucket(interval '1 hour', venue_at) as start, arg_min(price, seq) as open, max(price) as high, \
         min(price) as low, arg_max(price, seq) as close, sum(size) as volume, count(*) as trades \
         from trades group by 1 order by 1",
    )
    .expect("it answered before");
    let ours = json(&succeed(&["query", &history, "--bars", "1h", "--json"]));
    for figure in ["open", "high", "low", "close", "volume", "trades"] {
        assert_eq!(bars[0][figure].as_f64(), ours[0][figure].as_f64(), "{figure}");
    }
    // The instrument's steps hold for every row.
    let off =
        ask("select count(*) as n from events where price <> ticks * 0.25").expect("it answered before");
    assert_eq!(off[0]["n"], 0);
    let wrong = sql(&history, "selct 1").expect("it answered before");
    assert_eq!(wrong.status.code(), Some(1));
}
