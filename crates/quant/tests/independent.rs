//! The same statistics as other people's libraries give, on the same numbers: arch, empyrical, quantstats, scipy,
//! skfolio, and a plain reading of the overfitting paper in numpy. `QUOIN_PYTHON` names the Python that has them; what
//! it does not have is said to be SKIPPED.

use quant::Moments;
use quant::block_length::block_lengths;
use quant::folds::{Span, combinatorial};
use quant::overfitting::{Measure, overfitting};
use quant::performance::{max_drawdown_share, sharpe, sortino};
use quant::sharpe::{deflated, min_track_record_length, probabilistic};
use quant::sobol::{DIMENSIONS_MAX, Sobol};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use stdx::Prng;

const BLOCKS: usize = 8;
const GROUPS: usize = 6;
const TESTED: usize = 2;
const OBSERVATIONS: i64 = 60;

fn compared(given: &Value) -> Option<Value> {
    let python = std::env::var("QUOIN_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/backtests.py");
    let child = Command::new(&python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: no {python}; QUOIN_PYTHON names another one");
        return None;
    };
    let sent = child.stdin.take().expect("piped").write_all(given.to_string().as_bytes());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && sent.is_ok(), "{script} failed; see above");
    Some(serde_json::from_slice(&output.stdout).expect("it prints JSON"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn near(what: &str, ours: &[f64], theirs: &Value, tolerance: f64) {
    if theirs.is_null() {
        return;
    }
    let theirs = numbers(theirs);
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1.0), "{what}: {ours} is not {theirs}");
    }
}

/// Gains that remember, so that blocks have a length.
fn returns(count: usize, phi: f64, seed: u64) -> Vec<f64> {
    let mut prng = Prng::new(seed);
    let mut x = 0.0;
    let next = |_| {
        x = phi * x + prng.normal() * 0.01;
        x + 0.0007
    };
    (0..count).map(next).collect()
}

#[test]
fn other_people_s_libraries_agree() {
    for (seed, phi) in [(1, 0.0), (2, 0.4), (3, 0.8), (4, -0.3)] {
        let returns = returns(240 * seed as usize, phi, seed);
        let trials: Vec<Vec<f64>> = (0..10).map(|k| self::returns(240, 0.1, 100 * seed + k)).collect();
        let Some(theirs) = compared(&json!({
            "returns": returns, "trials": trials, "blocks": BLOCKS, "groups": GROUPS, "tested": TESTED,
            "observations": OBSERVATIONS, "dimensions": DIMENSIONS_MAX,
        })) else {
            return;
        };
        let lengths = block_lengths(&returns);
        near("arch", &[lengths.stationary, lengths.circular], &theirs["block_lengths"], 1e-9);

        let of_year = [
            sharpe(&returns, 252.0).expect("it varies"),
            sortino(&returns, 252.0).expect("it lost"),
            max_drawdown_share(&equity(&returns)).expect("above zero"),
        ];
        near("empyrical", &of_year, &theirs["empyrical_ratios"], 1e-9);
        near("quantstats", &of_year, &theirs["quantstats_ratios"], 1e-9);

        let moments = Moments::of(&returns).expect("they vary");
        if moments.sharpe() > 0.0 {
            let ours = [
                probabilistic(&moments, 0.0).expect("a sample"),
                deflated(&moments, 50.0, 0.001).expect("a sample"),
                min_track_record_length(&moments, 0.0, 0.95).expect("above zero"),
            ];
            near("scipy", &ours, &theirs["probabilistic"], 1e-9);
        }

        let slices: Vec<&[f64]> = trials.iter().map(Vec::as_slice).collect();
        let ours = overfitting(&slices, BLOCKS, Measure::Sharpe).expect("trials to judge");
        let logits: Vec<f64> = ours.halves.iter().map(|half| half.logit).collect();
        near("logits", &logits, &theirs["overfitting"], 1e-9);
        same_folds(&theirs["combinatorial"]);
        same_points(&theirs["sobol"]);
    }
}

fn equity(returns: &[f64]) -> Vec<f64> {
    let mut value = 1.0;
    let next = returns.iter().map(|r| {
        value *= 1.0 + r;
        value
    });
    std::iter::once(1.0).chain(next).collect()
}

/// Purged by two observations either side and embargoed by three more: labels that reach two observations further.
fn same_folds(theirs: &Value) {
    if theirs.is_null() {
        return;
    }
    let spans: Vec<Span> = (0..OBSERVATIONS).map(|at| Span { from: 10 * at, to: 10 * at + 30 }).collect();
    let ours = combinatorial(&spans, GROUPS, TESTED, 30).expect("enough");
    assert_eq!(json!(ours.paths().len()), theirs["paths"]);
    let trains: Vec<&Vec<usize>> = ours.folds.iter().map(|fold| &fold.train).collect();
    let tests: Vec<&Vec<usize>> = ours.folds.iter().map(|fold| &fold.test).collect();
    assert_eq!((json!(trains), json!(tests)), (theirs["train"].clone(), theirs["test"].clone()));
}

fn same_points(theirs: &Value) {
    let Some(theirs) = theirs.as_array() else { return };
    let mut sobol = Sobol::new(DIMENSIONS_MAX, None).expect("few");
    for point in theirs {
        near("scipy's Sobol", &sobol.next_point(), point, 1e-15);
    }
}
