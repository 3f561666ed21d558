//! Options, tails, tests of tails and Kelly's shares as QuantLib, scipy and numpy have them, on the same random numbers.
//! `QUOIN_PYTHON` names the Python that has them; what it does not have is said to be SKIPPED.

use quant::Covariance;
use quant::options::{Beneath, European, Right};
use quant::sizing::{caps, kelly};
use quant::tail::historical::{self, Convention};
use quant::tail::{backtest, parametric};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use stdx::Prng;

fn compared(given: &Value) -> Option<Value> {
    let python = std::env::var("QUOIN_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/tails.py");
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

/// `None` where the script had no library for it.
fn rows(value: &Value) -> Option<Vec<Vec<f64>>> {
    serde_json::from_value(value.clone()).ok()
}

fn near(what: &str, ours: f64, theirs: f64, relative: f64, absolute: f64) {
    assert!((ours - theirs).abs() <= relative * theirs.abs() + absolute, "{what}: {ours} is not {theirs}");
}

fn between(prng: &mut Prng, low: f64, high: f64) -> f64 {
    low + (high - low) * prng.unit()
}

#[test]
fn ten_thousand_options_are_quantlib_s() {
    let mut prng = Prng::new(1_973);
    let drawn = |prng: &mut Prng| {
        let price = between(prng, 50.0, 200.0);
        // Calls and puts, spot and future, within four deviations of the money: beyond, a worth is a rounding error.
        let (years, volatility) = (between(prng, 0.02, 5.0), between(prng, 0.05, 1.5));
        let strike = price * (between(prng, -4.0, 4.0) * volatility * years.sqrt()).clamp(-3.0, 3.0).exp();
        let (call, spot) = (prng.chance(0.5), prng.chance(0.5));
        let yields = if spot { between(prng, 0.0, 0.1) } else { 0.0 };
        (call, spot, price, yields, strike, years, between(prng, -0.01, 0.15), volatility)
    };
    let points: Vec<_> = (0..10_000).map(|_| drawn(&mut prng)).collect();
    let Some(theirs) = compared(&json!({ "options": points })).and_then(|found| rows(&found["options"]))
    else {
        return;
    };
    for (point, theirs) in points.iter().zip(&theirs) {
        let &(call, spot, price, yields, strike, years, rate, volatility) = point;
        let right = if call { Right::Call } else { Right::Put };
        let beneath = if spot { Beneath::Spot { price, yields } } else { Beneath::Future { price } };
        let ours = European { right, strike, years, rate, volatility }.greeks(beneath).expect("sound");
        for (what, ours, theirs) in [
            ("worth", ours.worth, theirs[0]),
            ("delta", ours.delta, theirs[1]),
            ("gamma", ours.gamma, theirs[2]),
            ("vega", ours.vega, theirs[3]),
        ] {
            // 10⁻¹⁰, and the last digits of the price that a small difference is made of.
            near(&format!("{what} of {point:?}"), ours, theirs, 1e-10, 1e-13 * price);
        }
    }
}

#[test]
fn tails_of_shapes_and_samples_are_scipy_s_and_numpy_s() {
    let mut prng = Prng::new(1_938);
    let shapes: Vec<(f64, f64, f64, f64)> = (0..40)
        .map(|_| {
            let (s, k) = (between(&mut prng, 0.0, 0.5), between(&mut prng, 1.0, 3.0));
            (between(&mut prng, 0.9, 0.999), between(&mut prng, 2.0, 30.0), s, k)
        })
        .collect();
    let samples: Vec<(Vec<f64>, f64)> = (0..40_u32)
        .map(|k| {
            // So many losses that the worst share of them is a whole number.
            let losses = (0..40 * (k % 5 + 1)).map(|_| prng.normal()).collect();
            (losses, if k % 2 == 0 { 0.95 } else { 0.9 })
        })
        .collect();
    let Some(theirs) = compared(&json!({ "shapes": shapes, "samples": samples })) else { return };
    for (shape, theirs) in shapes.iter().zip(rows(&theirs["shapes"]).unwrap_or_default()) {
        let &(level, freedom, skewness, excess) = shape;
        let normal = parametric::normal(level);
        let student = parametric::student(level, freedom);
        let expansion = parametric::cornish_fisher(level, skewness, excess).expect("mild");
        let ours = [
            normal.var,
            normal.shortfall,
            student.var,
            student.shortfall,
            expansion.var,
            expansion.shortfall,
        ];
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            near(&format!("{shape:?}"), ours, theirs, 1e-8, 0.0);
        }
    }
    for ((losses, level), theirs) in samples.iter().zip(rows(&theirs["samples"]).unwrap_or_default()) {
        let conventions =
            [Convention::Linear, Convention::Higher, Convention::InverseDistribution, Convention::Hazen];
        let ours = conventions.map(|c| historical::tail(losses, *level, c).expect("losses"));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            near("value at risk", ours.var, *theirs, 1e-12, 1e-12);
        }
        near("shortfall", ours[0].shortfall, theirs[4], 1e-12, 1e-12);
    }
}

#[test]
fn verdicts_on_models_are_those_of_whole_likelihoods() {
    let mut prng = Prng::new(1_995);
    let verdicts: Vec<(Vec<bool>, f64)> = (0..60)
        .map(|_| {
            let mut last = false;
            let days = (0..prng.between(50, 600)).map(|_| {
                last = prng.chance(if last { 0.2 } else { 0.03 });
                last
            });
            (days.collect(), 0.97)
        })
        .collect();
    let given = json!({ "verdicts": verdicts });
    let Some(theirs) = compared(&given).and_then(|found| rows(&found["verdicts"])) else { return };
    for ((days, level), theirs) in verdicts.iter().zip(theirs) {
        let beyond = days.iter().filter(|day| **day).count();
        let coverage = backtest::coverage(days.len(), beyond, *level).expect("days");
        let independence = backtest::independence(days).expect("days");
        let both = backtest::conditional_coverage(days, *level).expect("days");
        let (_, chance) = backtest::traffic_light(days.len(), beyond, *level);
        let ours = [
            coverage.statistic,
            coverage.p_value,
            independence.statistic,
            independence.p_value,
            both.p_value,
            chance,
        ];
        for (at, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
            // Goal Q5. A χ² near zero is the difference of two likelihoods of hundreds.
            let absolute = if at == 3 { 1e-6 } else { 1e-9 };
            near(&format!("{at} of {beyond} in {}", days.len()), ours, theirs, 1e-9, absolute);
        }
    }
}

#[test]
fn sizes_are_the_summits_that_optimisers_find() {
    let mut prng = Prng::new(1_956);
    let bets: Vec<(f64, f64)> =
        (0..50).map(|_| (between(&mut prng, 0.05, 0.95), between(&mut prng, 0.2, 8.0))).collect();
    let matrix = |prng: &mut Prng, n: usize| {
        let common: Vec<f64> = (0..60).map(|_| prng.normal()).collect();
        let one = |prng: &mut Prng| -> Vec<f64> {
            let loading = prng.unit();
            common.iter().map(|x| loading * x + prng.normal()).collect()
        };
        let series: Vec<Vec<f64>> = (0..n).map(|_| one(prng)).collect();
        let slices: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
        Covariance::of(&slices).expect("sixty each")
    };
    let flat = |m: &Covariance| -> Vec<f64> {
        (0..m.size()).flat_map(|i| (0..m.size()).map(move |j| m.at(i, j))).collect()
    };
    let assets: Vec<(Vec<f64>, Covariance)> = (0..20)
        .map(|k| {
            let excess = (0..2 + k % 5).map(|_| 0.3 * prng.normal()).collect();
            (excess, matrix(&mut prng, 2 + k % 5))
        })
        .collect();
    let clusters = [0_usize, 0, 1, 1, 2, 2];
    let limits = [0.3, 0.4, 0.45];
    // Long only: then more of one cluster is more of its share, and the program has one summit.
    let capped: Vec<(Vec<f64>, Covariance)> = (0..20)
        .map(|_| ((0..6).map(|_| between(&mut prng, 0.1, 1.0)).collect(), matrix(&mut prng, 6)))
        .collect();
    let given = json!({
        "bets": bets,
        "assets": assets.iter().map(|(excess, m)| (excess, flat(m))).collect::<Vec<_>>(),
        "caps": capped.iter().map(|(weights, m)| (weights, flat(m), clusters, limits)).collect::<Vec<_>>(),
    });
    let Some(theirs) = compared(&given) else { return };
    if let Ok(found) = serde_json::from_value::<Vec<f64>>(theirs["kelly"]["bets"].clone()) {
        for ((chance, odds), theirs) in bets.iter().zip(found) {
            near("a bet", kelly::binary(*chance, *odds), theirs, 0.0, 1e-6);
        }
    }
    for ((excess, m), theirs) in assets.iter().zip(rows(&theirs["kelly"]["assets"]).unwrap_or_default()) {
        let ours = kelly::continuous(excess, m).expect("independent");
        for (ours, theirs) in ours.shares.iter().zip(theirs) {
            near("a share", *ours, theirs, 0.0, 1e-6);
        }
    }
    for ((weights, m), theirs) in capped.iter().zip(rows(&theirs["caps"]).unwrap_or_default()) {
        let mut ours = weights.clone();
        caps::scale_risk(&mut ours, m, &clusters, &limits).expect("wide enough");
        for (cluster, theirs) in theirs.iter().enumerate() {
            near("a factor", ours[2 * cluster] / weights[2 * cluster], *theirs, 0.0, 1e-5);
        }
    }
}
