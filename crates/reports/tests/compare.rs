//! Two runs of many days: paired by day, on the days both have.

use reports::Comparison;
use reports::compare::{Difference, RunRead};
use serde_json::json;
use stdx::Prng;

const DAY: i64 = 86_400_000_000_000;

/// A run from day `from` on that gained so much each day, told at noon.
fn run(from: i64, gains: &[f64], currency: &str, hash: &str) -> RunRead {
    let mut sum = 0.0;
    let point = |(day, gain): (i64, &f64)| {
        sum += gain;
        (day * DAY + DAY / 2, sum)
    };
    let earned: Vec<(i64, f64)> = (from..).zip(gains).map(point).collect();
    let last = earned.last().expect("days").0;
    let text = json!({
        "format": "quoin-report-1", "title": "a run", "strategy": "<b>s</b>", "currency": currency, "config": "",
        "session": { "first_at": from * DAY + DAY / 24, "last_at": last + 1, "first": "", "inputs": 7 },
        "headline": {
            "net": format!("{sum}"), "return_on_capital": null, "max_drawdown": "-1.5", "fills": 9, "turnover": "10",
            "sharpe": { "annual": null, "hourly": { "value": 1.0, "standard_error": 0.5 } }, "maker_share": 1.0,
            "fees": "0", "time_with_position": 0.5, "time_quoting_both": 0.25,
        },
        "pnl": { "spread_captured": "1", "adverse_selection": "-1", "inventory": "0" },
        "activity": { "orders_placed": 5, "fill_rate": 0.5, "messages_per_fill": null },
        "data": [{ "name": "d", "hash": hash }], "earned": earned,
    });
    RunRead::from_json(&text.to_string()).expect("a report")
}

fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut prng = Prng::new(seed);
    (0..count).map(|_| 10.0 * prng.normal()).collect()
}

fn compared(first: RunRead, second: RunRead) -> Comparison {
    let key = Difference { key: "a.key".into(), first: Some("1".into()), second: None };
    Comparison::new(["A".into(), "B".into()], [first, second], vec![key], 1)
}

#[test]
fn days_in_common_are_paired_and_what_the_market_did_cancels() {
    let market = noise(60, 1);
    let own = noise(60, 2);
    let better: Vec<f64> = market.iter().zip(&own).map(|(m, o)| m + 0.1 * o + 1.0).collect();
    let found = compared(run(100, &market, "USD", "x"), run(100, &better, "USD", "x"));
    let test = found.test.as_ref().expect("days in common");
    assert_eq!((test.by, test.starts.len(), test.starts[0]), ("days", 60, 100 * DAY + DAY / 24));
    assert!(test.first.iter().zip(&market).all(|(a, b)| (a - b).abs() < 1e-9));
    // A tenth of the noise is their own: a mean of one with a deviation of one, over sixty days.
    assert!(test.p_value < 0.01 && test.difference.low > 0.0, "{test:?}");
    assert!(found.verdict().starts_with("B earned more than A, and noise seldom"), "{}", found.verdict());
    // Unpaired they could not be told apart: each one's own interval holds the other's P&L.
    let net = &test.intervals[0];
    let (a, b) = (net.first.expect("an interval"), net.second.expect("an interval"));
    assert!(a.low < b.value && b.value < a.high, "{a:?} {b:?}");
    let page = found.to_html();
    assert!(
        page.contains("&lt;b&gt;s&lt;/b&gt;") || page.contains("&#60;b&#62;s&#60;/b&#62;"),
        "text is escaped"
    );
    assert!(!page.contains("<b>s</b>"));
}

#[test]
fn only_the_time_in_common_is_tested() {
    let gains = noise(40, 3);
    let found = compared(run(100, &gains, "USD", "x"), run(110, &gains, "USD", "y"));
    let test = found.test.as_ref().expect("days in common");
    assert_eq!((test.starts.len(), test.starts[0]), (30, 110 * DAY + DAY / 24));
    assert!(found.warnings[0].contains("different data"), "{:?}", found.warnings);
    let apart = compared(run(100, &gains, "USD", "x"), run(200, &gains, "USD", "x"));
    assert_eq!(apart.test.as_ref().expect_err("apart"), "the runs have no time in common");
    let other = compared(run(100, &gains, "USD", "x"), run(100, &gains, "EUR", "x"));
    assert_eq!(other.test.as_ref().expect_err("no sum"), "one is in USD and the other in EUR");
    assert!(other.to_html().contains("Not tested: one is in USD"));
}
