//! A sweep's trials judged: skill is told from luck, a plateau from a spike, and text from data stays text.

use quant::folds::{Scheme, Window};
use quant::overfitting::Measure;
use reports::study::{About, Goal, Slices, Study, Trial, Value};
use stdx::Prng;

const SECOND: i64 = 1_000_000_000;

fn about(keys: &[&str], scheme: Scheme) -> About {
    About {
        title: "a sweep".into(),
        method: "grid".into(),
        currency: "USD".into(),
        symbols: "ESH4".into(),
        goal: Goal {
            name: "net",
            about: "Net P&L.",
            label: "net P&L",
            is_money: true,
            measure: Measure::Mean,
            of: |gains| Some(gains.iter().sum()),
        },
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        slices: Slices { from_ns: 1_767_623_400 * SECOND, width_ns: 30 * SECOND },
        least_fills: 30,
        scheme,
        horizon_ns: 10 * SECOND,
        embargo_ns: 0,
        seed: 1,
        data: Vec::new(),
        config: String::new(),
        caveats: Vec::new(),
    }
}

fn walk() -> Scheme {
    Scheme::WalkForward { steps: 4, window: Window::Growing }
}

fn number(x: f64) -> Value {
    Value { text: x.to_string(), number: Some(x) }
}

fn trial(point: Vec<Value>, slices: Vec<Option<f64>>, fills: u64) -> Trial {
    Trial {
        point,
        net: slices.iter().flatten().sum(),
        max_drawdown: -1.0,
        fees: 0.5,
        fills,
        fills_maker: fills / 2,
        turnover: 1e6,
        orders: 2 * fills,
        slices,
    }
}

/// A grid of 5 × 5 whose gains are noise around `mean`.
fn grid(seed: u64, mean: impl Fn(usize, usize) -> f64) -> Vec<Trial> {
    let mut prng = Prng::new(seed);
    let mut trials = Vec::new();
    for i in 0..5_u8 {
        for j in 0..5_u8 {
            let mean = mean(i.into(), j.into());
            let slices = (0..64).map(|_| Some(mean + prng.normal())).collect();
            trials.push(trial(vec![number(i.into()), number(j.into())], slices, 100));
        }
    }
    trials
}

fn study(trials: Vec<Trial>) -> Study {
    Study::new(about(&["a.x", "a.y"], walk()), trials)
}

#[test]
fn luck_is_called_luck_and_skill_skill() {
    let mut overfitted = 0.0;
    for seed in 0..10 {
        let luck = study(grid(seed, |_, _| 0.0));
        let deflated = luck.deflated.expect("it varies").deflated.expect("a sample");
        assert!(deflated < 0.95, "seed {seed}: {deflated}");
        assert!(luck.warnings.iter().any(|w| w.contains("explains its Sharpe ratio")), "{:?}", luck.warnings);
        overfitted += luck.overfitting.expect("enough slices").probability / 10.0;
    }
    assert!(overfitted > 0.3, "{overfitted}");
    let skill = study(grid(3, |i, j| if (i, j) == (2, 2) { 1.5 } else { 0.0 }));
    assert_eq!(skill.best().expect("trials").trial, 13);
    let deflated = skill.deflated.expect("it varies");
    assert!(deflated.deflated > Some(0.95) && deflated.trials == 25, "{deflated:?}");
    assert!(deflated.independent > 15.0, "independent noise: {deflated:?}");
    let overfitting = skill.overfitting.as_ref().expect("enough slices");
    assert!(overfitting.probability < 1e-12 && overfitting.blocks == 16 && overfitting.ways == 12_870);
    let validation = skill.validation.as_ref().expect("folds");
    assert!(validation.folds.iter().all(|fold| fold.chosen == 1));
    assert!(validation.efficiency > Some(0.5) && validation.gain_outside > 1.0, "{validation:?}");
    assert!(skill.best_net.expect("an interval").low > 0.0);
    // Alone it is a spike all the same, and that is said.
    assert!(skill.neighbourhood.as_ref().expect("neighbours").is_spike());
    assert!(skill.warnings.iter().any(|w| w.contains("is a spike")));
}

#[test]
fn a_plateau_is_told_from_a_spike_and_an_edge_from_the_middle() {
    let plateau = |i: usize, j: usize| match i.abs_diff(2).max(j.abs_diff(2)) {
        0 => 2.6,
        1 => 2.2,
        _ => 0.0,
    };
    let found = study(grid(5, plateau));
    let near = found.neighbourhood.as_ref().expect("neighbours");
    assert!(!near.is_spike() && near.plateau > Some(0.7), "{near:?}");
    assert_eq!(near.neighbours.len(), 4, "{near:?}");
    assert!(!found.warnings.iter().any(|w| w.contains("edge")), "{:?}", found.warnings);
    let edge = study(grid(5, |i, _| i as f64));
    assert!(edge.warnings.iter().any(|w| w.contains("edge of the space")), "{:?}", edge.warnings);
}

#[test]
fn what_was_tested_was_not_chosen_on_and_paths_cover_all_of_the_time() {
    let trials = || grid(9, |i, j| 0.1 * (i + j) as f64);
    for scheme in [walk(), Scheme::KFold { folds: 5 }, Scheme::Combinatorial { groups: 6, tested: 2 }] {
        let found = Study::new(about(&["a.x", "a.y"], scheme), trials());
        let validation = found.validation.expect("folds");
        let folds = match scheme {
            Scheme::WalkForward { steps, .. } => steps,
            Scheme::KFold { folds } => folds,
            Scheme::Combinatorial { .. } => 15,
        };
        assert_eq!(validation.folds.len(), folds);
        let paths = if let Scheme::Combinatorial { .. } = scheme { 5 } else { 0 };
        assert_eq!(validation.paths.len(), paths);
        // Every fold loses what a label of forty seconds reaches into: one slice of thirty on each open side.
        let purged = validation.folds.iter().all(|fold| fold.train + fold.test < 64);
        assert!(purged, "{validation:?}");
        assert!(validation.paths.iter().all(Option::is_some));
    }
    let few = Study::new(about(&["a.x", "a.y"], Scheme::KFold { folds: 100 }), trials());
    assert!(few.validation.expect_err("too many folds").contains("100 groups cannot be made of 64"));
}

#[test]
fn silent_slices_are_left_out_and_trials_without_fills_are_no_choice() {
    let slices = |gain: f64| vec![Some(gain), None, Some(-gain / 2.0), None];
    let trials = vec![
        trial(vec![number(1.0)], slices(1.0), 40),
        trial(vec![number(2.0)], vec![Some(0.0), None, Some(3.0), Some(0.0)], 2),
        trial(vec![number(3.0)], vec![None; 4], 0),
    ];
    let found = Study::new(about(&["a.x"], walk()), trials);
    assert_eq!(found.slice_starts.len(), 3);
    assert_eq!(found.trials.iter().map(|t| t.trial).collect::<Vec<_>>(), [2, 1, 3]);
    assert!(found.warnings[0].contains("2 fills, fewer than 30"), "{:?}", found.warnings);
    assert!(found.overfitting.is_err());
    for text in [found.to_json(), found.to_html()] {
        assert!(text.len() > 1_000);
    }
    // Nothing at all is no reason to fail.
    let none = Study::new(about(&["a.x"], walk()), Vec::new());
    assert!(none.to_html().contains("No trial was run."));
}

#[test]
fn text_from_data_cannot_leave_its_place() {
    let hostile = "</title><script>alert('x')</script>";
    let mut about = about(&[hostile, "a.y"], walk());
    for text in
        [&mut about.title, &mut about.method, &mut about.currency, &mut about.symbols, &mut about.config]
    {
        *text = hostile.into();
    }
    about.caveats = vec![hostile.into()];
    let point = |k: u8| vec![Value { text: format!("{hostile}{k}"), number: None }, number(f64::from(k))];
    let mut prng = Prng::new(1);
    let mut slices = || (0..40).map(|_| Some(prng.normal())).collect();
    let trials = (0..6).map(|k| trial(point(k), slices(), 50)).collect();
    let page = Study::new(about, trials).to_html();
    assert!(!page.contains("<script"), "the page runs what it was given");
    assert!(page.contains("heat-0-1") && page.contains("&lt;script&gt;"));
}
