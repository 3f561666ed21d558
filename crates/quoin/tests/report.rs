//! Several strategies in one run, and `quoin report`, as a user meets them.

mod common;

use common::{Scratch, fail, succeed};
use serde_json::Value;
use std::fs;
use testkit::data::recorded;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn read(path: std::path::PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A decimal amount in units of 10⁻¹², exactly.
fn exact(value: &Value) -> i128 {
    let text = value.as_str().expect("an amount");
    let (sign, plain) = text.strip_prefix('-').map_or((1, text), |plain| (-1, plain));
    let (whole, rest) = plain.split_once('.').unwrap_or((plain, ""));
    sign * format!("{whole}{rest:0<12}").parse::<i128>().expect("digits")
}

fn day(scratch: &Scratch) -> String {
    let day = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "7", "--minutes", "3", "--out", &day]);
    day
}

/// No jitter, so that one strategy's messages do not take another's luck; limits that none of them meets.
const APART: &str = "[latency]\njitter_shape = \"constant\"\n[risk]\nmax_position = 100\nmax_open_orders = 100\n\
                     max_messages_per_second = 10000\nmax_daily_loss = 1e9\nmax_drawdown = 1e9\n";

#[test]
fn strategies_on_instruments_of_their_own_earn_together_what_each_earns_alone() {
    let scratch = Scratch::new("report-apart");
    let day = day(&scratch);
    let run = |name: &str, text: &str| {
        let file = scratch.text(name);
        fs::write(&file, format!("{text}{APART}")).expect("writable");
        json(&succeed(&["backtest", "--data", &day, "--config", &file, "--json"]))
    };
    let both = run(
        "both.toml",
        "[trading]\n[[trading.strategies]]\nstrategy = \"joined_touch\"\nsymbols = [\"ESH6\"]\n\
         [[trading.strategies]]\nstrategy = \"joined_touch\"\nlabel = \"tech\"\nsymbols = [\"NQH6\"]\n\
         parameters = { max_position = 3 }\n",
    );
    let alone = [
        run("es.toml", "[trading]\nstrategy = \"joined_touch\"\nsymbols = [\"ESH6\"]\n"),
        run(
            "nq.toml",
            "[trading]\nstrategy = \"joined_touch\"\nsymbols = [\"NQH6\"]\n[strategy.joined_touch]\nmax_position = 3\n",
        ),
    ];
    let rows = &both["breakdown"]["strategies"];
    assert_eq!([&rows[0]["name"], &rows[1]["name"]], ["joined_touch", "tech"]);
    for (row, alone) in rows.as_array().expect("rows").iter().zip(&alone) {
        assert_eq!(row["pnl"], alone["pnl"], "{}", row["name"]);
        let fills =
            row["fills_maker"].as_u64().expect("a count") + row["fills_taker"].as_u64().expect("a count");
        assert_eq!(fills, alone["headline"]["fills"].as_u64().expect("a count"));
        assert!(fills > 20, "{fills}: too tame");
    }
    let sum: i128 = alone.iter().map(|run| exact(&run["pnl"]["net"])).sum();
    assert_eq!(sum, exact(&both["headline"]["net"]));
}

#[test]
fn a_run_of_two_strategies_repeats_and_its_report_is_written_anew_to_the_byte() {
    let scratch = Scratch::new("report-two");
    let (day, out) = (day(&scratch), scratch.text("run"));
    let said = succeed(&[
        "backtest",
        "--data",
        &day,
        "--strategy",
        "joined_touch",
        "--strategy",
        "joined_touch",
        "--out",
        &out,
    ]);
    assert!(said.contains("P&L by strategy") && said.contains("joined_touch-2"), "{said}");
    assert!(succeed(&["verify", &out]).contains("commands equal"));

    // They share an instrument, an account and a venue, and that is said.
    let written = read(scratch.path("run").join("report.json"));
    let report = json(&written);
    let told = report["caveats"].as_array().expect("a list");
    assert!(told.iter().any(|c| c.as_str().is_some_and(|c| c.contains("self_match"))), "{told:?}");
    let rows = report["breakdown"]["strategies"].as_array().expect("rows");
    let sum: i128 = rows.iter().map(|row| exact(&row["pnl"]["net"])).sum();
    assert_eq!((rows.len(), sum), (2, exact(&report["headline"]["net"])));
    let held: i64 = report["breakdown"]["holdings"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["position"].as_i64().expect("lots"))
        .sum();
    assert_eq!(Some(held), report["instruments"][0]["inventory"]["last"].as_i64());

    // Written anew elsewhere, from report.json alone.
    let again = scratch.text("again");
    succeed(&["report", &out, "--out", &again]);
    for name in ["report.html", "report.md", "report.json"] {
        assert_eq!(read(scratch.path("again").join(name)), read(scratch.path("run").join(name)), "{name}");
    }
    let tables = |folder: &str| -> Vec<(String, String)> {
        let entries = fs::read_dir(scratch.path(folder).join("figures")).expect("a folder");
        let mut tables: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), read(path)))
            .collect();
        tables.sort();
        tables
    };
    assert_eq!(tables("again"), tables("run"));
    assert!(tables("run").len() > 20);

    // The journal alone gives the same figures, but not what was wrong with the data.
    let replayed = scratch.text("replayed");
    succeed(&["replay", &out, "--out", &replayed]);
    assert_eq!(json(&read(scratch.path("replayed").join("report.json")))["breakdown"], report["breakdown"]);
}

#[test]
fn one_form_is_one_file_and_what_cannot_be_rendered_is_refused_with_advice() {
    let scratch = Scratch::new("report-forms");
    let (day, out) = (day(&scratch), scratch.text("run"));
    succeed(&["backtest", "--data", &day, "--strategy", "joined_touch", "--out", &out]);
    let only = scratch.text("only");
    succeed(&["report", &out, "--format", "md", "--out", &only]);
    let names: Vec<_> =
        fs::read_dir(&only).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(names, ["report.md"]);
    assert_eq!(
        succeed(&["report", &out, "--format", "csv", "--json"]),
        read(scratch.path("run").join("report.json"))
    );
    // A table that the report does not have is not left behind.
    let stale = scratch.path("run").join("figures").join("stale.csv");
    fs::write(&stale, "old\n").expect("writable");
    succeed(&["report", &out, "--format", "csv"]);
    assert!(!stale.exists());

    assert!(fail(&["report", &out, "--format", "pdf"], 2).contains("one or more of html, md, csv, json"));
    let nowhere = scratch.text("nowhere");
    assert!(fail(&["report", &nowhere], 1).contains("quoin replay"));
    let file = scratch.path("run").join("report.json");
    fs::write(&file, read(file.clone()).replace("\"breakdown\"", "\"before\"")).expect("writable");
    let error = fail(&["report", &out], 1);
    assert!(error.contains("older") && error.contains("quoin replay"), "{error}");
}

#[test]
fn two_strategies_on_recorded_markets_repeat_and_add_up() {
    let names = ["binance-l2/usdm/btcusdt_20240808.gz", "binance-l2/spot/btcusdt_20240808.gz"];
    let [Some(futures), Some(spot)] = names.map(recorded) else { return };
    let scratch = Scratch::new("report-recorded");
    let (config, out) = (scratch.text("two.toml"), scratch.text("run"));
    fs::write(
        &config,
        "[trading]\nsymbols = [\"binance-usdm/BTCUSDT\", \"binance-spot/BTCUSDT\"]\n\
         [[trading.strategies]]\nstrategy = \"glft\"\n\
         [[trading.strategies]]\nstrategy = \"joined_touch\"\nsymbols = [\"binance-usdm/BTCUSDT\"]\n\
         [fees]\nmaker_bp = 0.2\ntaker_bp = 0.5\n\
         [funding]\nevery_hours = 0.02\n[[funding.instrument]]\nname = \"binance-usdm\"\nrate_bp = 1.25\n",
    )
    .expect("writable");
    let data = [futures, spot].map(|path| path.display().to_string());
    succeed(&["backtest", "--data", &data[0], &data[1], "--config", &config, "--out", &out]);
    assert!(succeed(&["verify", &out]).contains("commands equal"));
    let report = json(&read(scratch.path("run").join("report.json")));
    let holdings = report["breakdown"]["holdings"].as_array().expect("rows");
    let told: Vec<_> =
        holdings.iter().map(|row| (row["strategy"].as_str(), row["symbol"].as_str())).collect();
    let due = [
        ("glft", "binance-spot/BTCUSDT"),
        ("glft", "binance-usdm/BTCUSDT"),
        ("joined_touch", "binance-usdm/BTCUSDT"),
    ];
    for (strategy, symbol) in due {
        assert!(told.contains(&(Some(strategy), Some(symbol))), "{told:?}");
    }
    for part in ["net", "spread_captured", "adverse_selection", "fees", "funding", "inventory"] {
        let sum: i128 = holdings.iter().map(|row| exact(&row["pnl"][part])).sum();
        assert_eq!(sum, exact(&report["pnl"][part]), "{part}");
        assert_ne!(sum, 0, "{part}");
    }
}
