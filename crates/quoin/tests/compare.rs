//! `quoin compare`, as a user meets it.

mod common;

use common::{Scratch, fail, succeed};
use serde_json::Value;
use std::fs;

fn runs(scratch: &Scratch) -> [String; 3] {
    let day = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "7", "--minutes", "3", "--out", &day]);
    let run = |name: &str, config: &str| {
        let (file, out) = (scratch.text(&format!("{name}.toml")), scratch.text(name));
        fs::write(&file, config).expect("writable");
        succeed(&["backtest", "--data", &day, "--config", &file, "--out", &out]);
        out
    };
    let base = "[trading]\nstrategy = \"joined_touch\"\n";
    [
        run("first", base),
        // The default, written out: no difference.
        run("same", &format!("{base}[strategy.joined_touch]\nmax_position = 10\n")),
        run("dear", &format!("{base}[fees]\nmaker_bp = 5.0\n[strategy.joined_touch]\nmax_position = 3\n")),
    ]
}

#[test]
fn two_runs_are_compared_slice_by_slice() {
    let scratch = Scratch::new("compare");
    let [first, same, dear] = runs(&scratch);
    let json = |a: &str, b: &str| -> Value {
        serde_json::from_str(&succeed(&["compare", a, b, "--json"])).expect("JSON")
    };
    let alike = json(&first, &same);
    assert_eq!(alike["configuration"], Value::Array(Vec::new()));
    assert!(
        alike["metrics"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|m| m["difference"].as_f64().is_none_or(|d| d == 0.0))
    );
    assert_eq!(alike["test"]["Ok"]["p_value"], 1.0);

    let differ = json(&first, &dear);
    let keys: Vec<&str> = differ["configuration"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|d| d["key"].as_str())
        .collect();
    assert_eq!(keys, ["fees.maker_bp", "strategy.joined_touch.max_position"]);
    let test = &differ["test"]["Ok"];
    let sum =
        |name: &str| test[name].as_array().expect("a list").iter().filter_map(Value::as_f64).sum::<f64>();
    // The slices add up to the runs' own P&L.
    for (which, name) in ["first", "second"].into_iter().enumerate() {
        let net = differ["runs"][which]["headline"]["net"].as_f64().expect("a number");
        assert!((sum(name) - net).abs() <= 1e-6 * net.abs().max(1.0), "{} is not {net}", sum(name));
    }
    // Five basis points of every fill are no noise.
    assert!(test["p_value"].as_f64() < Some(0.05), "{test}");
    assert!(test["difference"]["high"].as_f64() < Some(0.0), "{test}");
    let back = json(&dear, &first);
    assert_eq!(back["test"]["Ok"]["p_value"], test["p_value"]);

    let out = scratch.text("out");
    let said = succeed(&["compare", &first, &dear, "--out", &out]);
    assert!(said.contains("fees.maker_bp") && said.contains("noise seldom differs as much"), "{said}");
    let page = fs::read_to_string(scratch.path("out").join("compare.html")).expect("written");
    assert!(
        !page.contains("<script")
            && !page.contains("http:")
            && !page.contains("https:")
            && page.contains("fees.maker_bp")
    );
    assert_eq!(
        fs::read_to_string(scratch.path("out").join("compare.json")).expect("written"),
        succeed(&["compare", &first, &dear, "--json"])
    );
}

#[test]
fn what_is_no_run_is_said() {
    let scratch = Scratch::new("compare-none");
    let error = fail(&["compare", &scratch.text("a"), &scratch.text("b")], 1);
    assert!(error.contains("has no report"), "{error}");
    for (text, due) in [("{}", "not a report of a run: missing field"), ("[", "not a report of a run")] {
        fs::write(scratch.path("report.json"), text).expect("writable");
        let error = fail(&["compare", &scratch.text("report.json"), &scratch.text("report.json")], 1);
        assert!(error.contains("report.json: ") && error.contains(due), "{error}");
    }
}
