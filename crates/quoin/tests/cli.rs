//! What a user meets: commands, answers, advice, exit codes.

mod common;

use common::{Scratch, fail, run, succeed};
use journal::{Options, Reader, Writer};
use std::fs;
use types::record::Record;

/// A short synthetic day, written once per test that needs it.
fn generated(scratch: &Scratch) -> String {
    let path = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &path]);
    path
}

#[test]
fn the_same_seed_generates_the_same_bytes() {
    let scratch = Scratch::new("generate");
    let (a, b, c) = (scratch.text("a"), scratch.text("b"), scratch.text("c"));
    for (seed, path) in [("3", &a), ("3", &b), ("4", &c)] {
        succeed(&["generate", "--seed", seed, "--minutes", "1", "--out", path]);
    }
    let read = |path: &str| fs::read(path).expect("written");
    assert!(read(&a) == read(&b) && read(&a) != read(&c));
    assert!(fail(&["generate", "--out", &a], 1).contains("is there already; --force writes over it"));
}

#[test]
fn two_runs_of_one_configuration_are_the_same_to_the_byte() {
    let scratch = Scratch::new("twice");
    let day = generated(&scratch);
    for out in ["first", "second"] {
        succeed(&["backtest", "--data", &day, "--out", &scratch.text(out)]);
    }
    for file in ["report.json", "journal.qj", "report.html"] {
        let read = |out: &str| fs::read(scratch.path(out).join(file)).expect("written");
        assert!(read("first") == read("second"), "{file} differs");
    }
}

#[test]
fn a_journal_replays_to_the_same_report_and_verifies() {
    let scratch = Scratch::new("replay");
    let day = generated(&scratch);
    let (run_dir, again) = (scratch.text("run"), scratch.text("again"));
    succeed(&["backtest", "--data", &day, "--out", &run_dir]);
    assert!(succeed(&["verify", &run_dir]).contains("commands equal"));
    succeed(&["replay", &run_dir, "--out", &again]);
    let report = |dir: &str| {
        let text = fs::read_to_string(scratch.path(dir).join("report.json")).expect("written");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let (first, second) = (report("run"), report("again"));
    for part in ["headline", "pnl", "activity", "fill_rate", "instruments", "hashes"] {
        assert!(!first[part].is_null(), "report.json has no {part}");
        assert_eq!(first[part], second[part], "{part}");
    }
}

#[test]
fn a_changed_byte_is_found() {
    let scratch = Scratch::new("tamper");
    let day = generated(&scratch);
    let run_dir = scratch.text("run");
    succeed(&["backtest", "--data", &day, "--out", &run_dir]);
    let journal = scratch.path("run").join("journal.qj");
    let clean = fs::read(&journal).expect("written");
    for place in [clean.len() / 3, clean.len() / 2] {
        let mut bytes = clean.clone();
        bytes[place] ^= 1;
        fs::write(&journal, bytes).expect("writable");
        assert_eq!(run(&["verify", &run_dir]).status.code(), Some(3), "byte {place}");
    }
}

#[test]
fn a_run_is_never_overwritten_unasked() {
    let scratch = Scratch::new("force");
    let day = generated(&scratch);
    let run_dir = scratch.text("run");
    succeed(&["backtest", "--data", &day, "--out", &run_dir]);
    assert!(fail(&["backtest", "--data", &day, "--out", &run_dir], 1).contains("--force"));
    succeed(&["backtest", "--data", &day, "--out", &run_dir, "--force"]);
}

#[test]
fn o_07_mistakes_get_advice() {
    let scratch = Scratch::new("advice");
    let write = |name: &str, text: &[u8]| {
        fs::write(scratch.path(name), text).expect("writable");
        scratch.text(name)
    };
    let config = write("quoin.toml", b"[risk]\nmax_postion = 3\n");
    let cases = [
        (
            vec!["config", "--check", &config],
            "line 2: unknown key `risk.max_postion`; did you mean `risk.max_position`?",
        ),
        (vec!["backtest", "--strategy", "gltf"], "did you mean `glft`?"),
        (vec!["inspect", "/nowhere/day.pcap"], "cannot find /nowhere/day.pcap"),
    ];
    for (arguments, advice) in cases {
        let error = fail(&arguments, 1);
        assert!(error.contains(advice), "{error}");
    }
    let noise = write("noise.bin", b"what is this?");
    assert!(fail(&["inspect", &noise], 1).contains("none of the formats we read"));
    let empty = write("empty.bin", b"");
    assert!(fail(&["inspect", &empty], 1).contains("the file is empty"));
    let near = scratch.text("quoin.tml");
    assert!(fail(&["config", "--check", &near], 1).contains("cannot read"));
}

#[test]
fn a_damaged_packet_in_the_middle_is_reported_and_the_rest_is_read() {
    let scratch = Scratch::new("damage");
    let day = generated(&scratch);
    let mut bytes = fs::read(&day).expect("written");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 200].fill(0xff);
    let damaged = scratch.text("damaged.pcap");
    fs::write(&damaged, bytes).expect("writable");
    let json = succeed(&["inspect", "--json", &damaged]);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(value["files"][0]["faults"].as_u64().is_some_and(|n| n > 0), "{json}");
    let first = value["files"][0]["first_faults"][0].as_str().expect("a text").to_string();
    assert!(first.starts_with("at byte "), "{first}");
    let shown = succeed(&["backtest", "--data", &damaged]);
    assert!(shown.contains("at byte "), "{shown}");
}

#[test]
fn the_printed_configuration_is_accepted() {
    let scratch = Scratch::new("config");
    let path = scratch.text("quoin.toml");
    fs::write(&path, succeed(&["config", "--print"])).expect("writable");
    succeed(&["config", "--check", &path]);
}

#[test]
fn a_run_without_orders_says_why() {
    let scratch = Scratch::new("silent");
    let day = generated(&scratch);
    let config = scratch.text("quoin.toml");
    fs::write(&config, "[risk]\nkill_switch = true\n").expect("writable");
    assert!(!succeed(&["backtest", "--data", &day]).contains("No order was placed"));
    let shown = succeed(&["backtest", "--data", &day, "--config", &config]);
    assert!(shown.contains("No order was placed"), "{shown}");
}

#[test]
fn a_journal_with_another_answer_is_not_proved() {
    let scratch = Scratch::new("forged");
    let day = generated(&scratch);
    succeed(&["backtest", "--data", &day, "--out", &scratch.text("run")]);
    let mut reader = Reader::open(scratch.path("run")).expect("a journal");
    let (mut all, mut block) = (Vec::new(), Vec::new());
    while reader.next_block(&mut block).expect("whole") {
        all.append(&mut block);
    }
    all.append(&mut block);
    // Written anew, with a whole chain: only running it again can tell.
    let place = all.iter().rposition(|record| matches!(record, Record::Command { .. })).expect("it traded");
    let forge = |name: &str, change: &dyn Fn(&mut Vec<Record>)| {
        let mut records = all.clone();
        change(&mut records);
        let config = reader.config();
        let mut writer = Writer::create(&scratch.path(name), config, Options::default()).expect("writable");
        records.iter().for_each(|record| writer.append(record));
        writer.finish().expect("written");
        run(&["verify", &scratch.text(name)])
    };
    assert_eq!(forge("same", &|_| {}).status.code(), Some(0));
    let missing = forge("missing", &|records| {
        records.remove(place);
    });
    assert_eq!(missing.status.code(), Some(3));
    let said = String::from_utf8_lossy(&missing.stdout).into_owned();
    assert!(said.contains("commands DIFFER at input") && said.contains("journal None"), "{said}");
    let twice = forge("twice", &|records| records.insert(place, records[place]));
    assert_eq!(twice.status.code(), Some(3));
}

#[test]
fn numbers_that_do_not_fit_the_configured_terms_are_said() {
    let scratch = Scratch::new("misfit");
    let day = scratch.text("AAPL_2012-06-21_34200000_57600000_message_1.csv");
    let line =
        |at: u32, id: u32, price: u32, side: i32| format!("{}.5,1,{id},100,{price},{side}\n", 34_200 + at);
    let lines: String =
        (1..50).map(|n| line(n, n, 5_850_000 + 100 * n, if n < 25 { 1 } else { -1 })).collect();
    fs::write(&day, lines).expect("writable");
    let config = scratch.text("quoin.toml");
    fs::write(&config, "[[instrument]]\nsymbol = \"AAPL\"\ntick = \"0.05\"\n").expect("writable");
    assert!(!succeed(&["backtest", "--data", &day]).contains("do not fit"));
    let shown = succeed(&["backtest", "--data", &day, "--config", &config]);
    assert!(shown.contains("places that do not fit the instruments' terms"), "{shown}");
}

#[test]
fn what_both_lines_lose_is_a_gap_and_snapshots_make_it_good() {
    let scratch = Scratch::new("losses");
    let path = scratch.text("lossy.pcap");
    succeed(&["generate", "--seed", "7", "--minutes", "1", "--loss-ppm", "200000", "--out", &path]);
    let shown: serde_json::Value =
        serde_json::from_str(&succeed(&["inspect", "--json", &path])).expect("JSON");
    let file = &shown["files"][0];
    let count = |name: &str| file["counts"][name].as_u64().unwrap_or(0);
    // A fifth on each line: of 25 packets 16 come twice, 8 once and 1 never.
    let (came, once) = (count("packets"), count("packets duplicate"));
    let (seen, lost) = (came - once, count("packets lost"));
    assert!(lost.abs_diff((seen + lost) / 25) * 10 < lost, "{lost} lost, {seen} seen: {file}");
    assert!(file["gaps"].as_u64() > Some(0), "{file}");
    assert_eq!(file["faults"], 0);
    assert!(count("recoveries of orders by snapshot") > 0 && count("recoveries of levels by snapshot") > 0);
    // The books are stale for a while and known again.
    let totals = &file["integrity"]["totals"];
    for wrong in ["changes of what is not there", "receive time backwards", "impossible sizes"] {
        assert_eq!(totals[wrong], 0, "{wrong}: {totals}");
    }
    for book in shown["instruments"].as_array().expect("a list") {
        let (all, stale) = (book["book_updates"].as_u64(), book["stale"].as_u64());
        assert!(stale > Some(0) && stale < all, "{book}");
    }
}

#[test]
fn a_run_with_snapshots_is_replayed_from_the_newest_and_from_an_older_when_that_is_damaged() {
    let scratch = Scratch::new("cli-snapshots");
    let run_dir = scratch.text("run");
    succeed(&["backtest", "--strategy", "joined_touch", "--snapshots", "20000", "--out", &run_dir]);
    let replayed = || -> serde_json::Value {
        let text = succeed(&["replay", &run_dir, "--from-snapshot", "--json"]);
        serde_json::from_str(&text).expect("JSON")
    };
    let snapshots = || {
        let mut names: Vec<_> = fs::read_dir(scratch.path("run/snapshots"))
            .expect("a folder")
            .map(|entry| entry.expect("readable").path())
            .collect();
        names.sort();
        names
    };
    let newest = replayed();
    assert_eq!((snapshots().len(), &newest["equal"]), (3, &serde_json::Value::Bool(true)), "{newest}");
    fs::write(snapshots().last().expect("three"), b"QUOINSNP, and no more").expect("writable");
    let older = replayed();
    assert_eq!(older["passed_over"].as_array().map(Vec::len), Some(1), "{older}");
    assert!(older["inputs"].as_u64() > newest["inputs"].as_u64(), "{older}");
    fs::remove_dir_all(scratch.path("run/snapshots")).expect("there");
    let whole = replayed();
    assert!(whole["snapshot_behind"].is_null() && whole["inputs"].as_u64() > older["inputs"].as_u64());
    assert!(newest["state"].is_string());
    assert_eq!((&newest["state"], &older["state"]), (&whole["state"], &whole["state"]));
}

#[test]
fn a_replay_has_the_states_that_the_run_wrote_down_hash_for_hash() {
    let scratch = Scratch::new("cli-states");
    let run_dir = scratch.text("run");
    succeed(&["backtest", "--out", &run_dir]);
    let states = scratch.path("run/states.txt");
    let text = fs::read_to_string(&states).expect("the run wrote them");
    assert!(text.lines().count() > 2, "{text}");
    let said = succeed(&["verify", &run_dir, "--states"]);
    let count = format!("state    equal: {} hashes", text.lines().count());
    assert!(said.contains(&count), "{said}");
    // One digit of the second hash: the place is named.
    let seq = text.lines().nth(1).and_then(|line| line.split(' ').next()).expect("a number");
    let at = text.lines().next().expect("one").len() + 1 + seq.len() + 1;
    let mut wrong = text.clone().into_bytes();
    wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
    fs::write(&states, &wrong).expect("writable");
    let output = run(&["verify", &run_dir, "--states"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("state    DIFFERS behind input {seq}:")), "{said}");
    fs::remove_file(&states).expect("there");
    assert!(fail(&["verify", &run_dir, "--states"], 1).contains("has no states.txt"));
}
