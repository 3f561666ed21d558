//! Hawkes processes as other people's code has them: tick's compiled model, a plain double sum in numpy, and the summit
//! that scipy finds. `independent/hawkes.py` made the numbers.

use quant::hawkes::{Event, Hawkes, Settings, Steps, fit};
use serde_json::Value;

fn numbers(table: &Value, name: &str) -> Vec<f64> {
    let list = table[name].as_array().expect("a list");
    list.iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn table() -> (Value, Vec<Event>) {
    let table: Value = serde_json::from_str(include_str!("independent/hawkes.json")).expect("JSON");
    let mut events = Vec::new();
    for (kind, times) in table["times"].as_array().expect("two lists").iter().enumerate() {
        let at = |x: &Value| x.as_f64().expect("a time");
        events.extend(times.as_array().expect("a list").iter().map(|x| Event { at: at(x), kind }));
    }
    events.sort_by(|a, b| a.at.total_cmp(&b.at));
    (table, events)
}

#[test]
fn the_likelihood_is_tick_s_and_numpy_s() {
    let (table, events) = table();
    let lists = ["base", "decays", "branching"].map(|name| numbers(&table, name));
    let [base, decays, branching] = lists;
    let process = Hawkes::new(base, decays, branching).expect("a process");
    let horizon = table["horizon"].as_f64().expect("a number");
    let ours = process.log_likelihood(&events, horizon, &Steps::even());
    for name in ["log_likelihood", "log_likelihood_by_tick"] {
        let theirs = table[name].as_f64().expect("a number");
        assert!((ours - theirs).abs() < 1e-9 * theirs.abs(), "{name}: {ours} is not {theirs}");
    }
}

#[test]
fn the_summit_is_scipy_s() {
    let (table, events) = table();
    let settings =
        Settings { decays: numbers(&table, "decays"), steps_max: 20_000, enough: 1e-13, ratio_max: 0.99 };
    let horizon = table["horizon"].as_f64().expect("a number");
    let found = fit(&[(&events, horizon)], 2, &Steps::even(), &settings);
    let top = table["summit"].as_f64().expect("a number");
    assert!((found.log_likelihood - top).abs() < 1e-4, "{} is not {top}", found.log_likelihood);
    let pairs = [
        (found.process.base().to_vec(), numbers(&table, "summit_base")),
        (found.process.branching().to_vec(), numbers(&table, "summit_branching")),
    ];
    for (ours, theirs) in pairs.iter().flat_map(|(ours, theirs)| ours.iter().zip(theirs)) {
        // Numerical gradients stop a little short of it.
        assert!((ours - theirs).abs() < 2e-3, "{ours} is not {theirs}");
    }
}
