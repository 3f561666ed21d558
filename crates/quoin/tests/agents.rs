//! `quoin generate --like`, `backtest --market`, `calibrate` and `facts`, as a user runs them.

mod common;

use common::{Scratch, fail, succeed};
use runtime::market::{Model, to_toml};
use serde_json::Value;

fn market(scratch: &Scratch) -> String {
    std::fs::write(scratch.path("sample.toml"), to_toml(&Model::sample())).expect("a temporary folder");
    scratch.text("sample.toml")
}

#[test]
fn a_day_is_generated_calibrated_to_and_compared() {
    let scratch = Scratch::new("agents-day");
    let (market, day, again) = (market(&scratch), scratch.text("day.dbn"), scratch.text("again.dbn"));
    for out in [&day, &again] {
        let said = succeed(&["generate", "--like", &market, "--seed", "4", "--hours", "2", "--out", out]);
        assert!(said.contains("records"), "{said}");
    }
    let bytes = |path: &str| std::fs::read(path).expect("it was written");
    assert_eq!(bytes(&day), bytes(&again));
    let fitted = scratch.text("fitted.toml");
    let said = succeed(&["calibrate", &day, "--adjust", "2", "--out", &fitted]);
    assert!(said.contains("branching ratio 0.") && said.contains("place buy"), "{said}");
    let page = scratch.text("facts.html");
    let facts = succeed(&["facts", &day, &fitted, "--seed", "2", "--out", &page, "--json"]);
    let facts: Value = serde_json::from_str(&facts).expect("JSON");
    let spread = &facts["compared"][0];
    let ratio = spread["ratio"].as_f64().expect("a ratio");
    assert!(spread["fact"] == "mean spread" && (0.5..2.0).contains(&ratio), "{spread}");
    let page = std::fs::read_to_string(page).expect("it was written");
    assert!(page.contains("Volatility signature") && page.matches("<svg").count() > 12);
    assert!(fail(&["facts", &day, "--out", &scratch.text("facts.html")], 1).contains("--force"));
}

#[test]
fn a_run_in_a_market_is_journalled_and_repeats() {
    let scratch = Scratch::new("agents-run");
    let (market, out) = (market(&scratch), scratch.text("run"));
    let arguments =
        ["backtest", "--market", &market, "--seed", "3", "--hours", "0.5", "--strategy", "joined_touch"];
    let said = succeed(&[&arguments[..], &["--out", &out]].concat());
    assert!(said.contains("SAMPLE") && said.contains("quoin verify"), "{said}");
    let proven = succeed(&["verify", &out]);
    assert!(proven.contains("command"), "{proven}");
    let report = |hash: &str| -> Value {
        let json: Value =
            serde_json::from_str(&succeed(&[&arguments[..], &["--json"]].concat())).expect("JSON");
        json[hash].clone()
    };
    let kept: Value =
        serde_json::from_slice(&std::fs::read(scratch.path("run/report.json")).expect("kept")).expect("JSON");
    assert_eq!(report("headline"), kept["headline"]);
    assert!(kept["headline"]["fills"].as_u64().expect("a number") > 0, "{}", kept["headline"]);
    let caveats = kept["caveats"].to_string();
    assert!(caveats.contains("generated") && !caveats.contains("does not react"), "{caveats}");
}

#[test]
fn what_makes_no_market_is_said() {
    let scratch = Scratch::new("agents-wrong");
    let market = market(&scratch);
    let broken = scratch.text("broken.toml");
    let text = std::fs::read_to_string(&market).expect("just written");
    std::fs::write(&broken, text.replace("part_share = 0.05", "part_share = 1.4"))
        .expect("a temporary folder");
    let out = scratch.text("x");
    assert!(fail(&["generate", "--like", &broken, "--out", &out], 1).contains("between 0 and 1"));
    assert!(fail(&["backtest", "--market", &scratch.text("none.toml")], 1).contains("cannot read"));
    assert!(fail(&["backtest", "--seed", "3"], 1).contains("--market"));
    fail(&["backtest", "--market", &market, "--data", &market], 2);
}
