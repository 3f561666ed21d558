//! Chosen on some of the time, tested on the rest.

use super::{About, Ranked};
use quant::folds::{Fold, Scheme, Span, combinatorial};
use quant::moments::mean;
use serde::Serialize;

/// One fold.
#[derive(Clone, Debug, Serialize)]
pub struct FoldReport {
    /// Slices it was chosen on, after purging.
    pub train: usize,
    /// Slices it was tested on.
    pub test: usize,
    /// When the test starts, in nanoseconds.
    pub test_from_ns: i64,
    /// When it ends.
    pub test_to_ns: i64,
    /// The chosen trial's rank over all of the time.
    pub chosen: usize,
    /// Its values.
    pub point: String,
    /// What was sought, where it was chosen.
    pub inside: Option<f64>,
    /// The same, where it was tested.
    pub outside: Option<f64>,
    /// The middle of all trials there.
    pub outside_median: Option<f64>,
    /// The best of all trials there: what hindsight would have chosen.
    pub outside_best: Option<f64>,
    /// Its mean gain a slice, where it was chosen.
    pub gain_inside: f64,
    /// And where it was tested.
    pub gain_outside: f64,
}

/// All folds together.
#[derive(Clone, Debug, Serialize)]
pub struct Validation {
    /// How, in words.
    pub scheme: String,
    /// Each fold.
    pub folds: Vec<FoldReport>,
    /// Mean gain a slice where it was chosen, over all folds.
    pub gain_inside: f64,
    /// And where it was tested.
    pub gain_outside: f64,
    /// What is left of the one in the other: 1 is everything; `None` when nothing was gained inside.
    pub efficiency: Option<f64>,
    /// What was sought, over all that was tested, where every slice was tested at most once.
    pub outside: Option<f64>,
    /// What was sought on each path through time, for combinatorial folds.
    pub paths: Vec<Option<f64>>,
    /// Slice and gain of what was tested, in time, where every slice was tested at most once.
    #[serde(skip)]
    pub tested: Vec<(usize, f64)>,
}

pub(super) fn validate(about: &About, starts: &[i64], trials: &[Ranked]) -> Result<Validation, String> {
    if trials.iter().filter(|trial| trial.run.fills > 0).count() < 2 {
        return Err("fewer than two trials traded".into());
    }
    let span = |start: &i64| Span { from: *start, to: start + about.slices.width_ns + about.horizon_ns };
    let spans: Vec<Span> = starts.iter().map(span).collect();
    let folds = about.scheme.folds(&spans, about.embargo_ns).map_err(|error| error.to_string())?;
    let reports: Vec<FoldReport> = folds.iter().map(|fold| judge(about, starts, trials, fold)).collect();
    let chosen = |report: &FoldReport| &trials[report.chosen - 1].gains;
    let gain_inside = mean(&reports.iter().map(|report| report.gain_inside).collect::<Vec<_>>());
    let gain_outside = mean(&reports.iter().map(|report| report.gain_outside).collect::<Vec<_>>());
    let paths = paths(about, &spans, trials, &reports);
    let mut tested: Vec<(usize, f64)> = Vec::new();
    if paths.is_empty() {
        let each = folds.iter().zip(&reports);
        tested.extend(each.flat_map(|(fold, r)| fold.test.iter().map(|slice| (*slice, chosen(r)[*slice]))));
        tested.sort_by_key(|(slice, _)| *slice);
    }
    let gains: Vec<f64> = tested.iter().map(|(_, gain)| *gain).collect();
    Ok(Validation {
        scheme: in_words(about),
        folds: reports,
        gain_inside,
        gain_outside,
        efficiency: (gain_inside > 0.0).then(|| gain_outside / gain_inside),
        outside: (!gains.is_empty()).then(|| (about.goal.of)(&gains)).flatten(),
        paths,
        tested,
    })
}

fn judge(about: &About, starts: &[i64], trials: &[Ranked], fold: &Fold) -> FoldReport {
    let on =
        |trial: &Ranked, places: &[usize]| -> Vec<f64> { places.iter().map(|at| trial.gains[*at]).collect() };
    let value =
        |trial: &Ranked, places: &[usize]| (about.goal.of)(&on(trial, places)).filter(|v| v.is_finite());
    // Trials stand in the order of all of the time: of equals the first that was asked for, which tells nothing of it.
    let in_order = |a: &usize, b: &usize| trials[*b].trial.cmp(&trials[*a].trial);
    let judged = (0..trials.len()).map(|at| (at, value(&trials[at], &fold.train)));
    let (chosen, inside) = judged
        .max_by(|(a, va), (b, vb)| {
            let number = |v: &Option<f64>| v.unwrap_or(f64::NEG_INFINITY);
            number(va).total_cmp(&number(vb)).then(in_order(a, b))
        })
        .expect("two trials traded");
    let mut outside: Vec<f64> = trials.iter().filter_map(|trial| value(trial, &fold.test)).collect();
    outside.sort_by(f64::total_cmp);
    let trial = &trials[chosen];
    let at = |place: Option<&usize>| place.map_or(0, |place| starts[*place]);
    let point = about.keys.iter().zip(&trial.run.point);
    FoldReport {
        train: fold.train.len(),
        test: fold.test.len(),
        test_from_ns: at(fold.test.first()),
        test_to_ns: at(fold.test.last()) + about.slices.width_ns,
        chosen: trial.rank,
        point: point
            .map(|(key, v)| format!("{} {}", super::short(key), v.text))
            .collect::<Vec<_>>()
            .join(", "),
        inside,
        outside: value(trial, &fold.test),
        outside_median: (!outside.is_empty()).then(|| quant::moments::quantile(&outside, 0.5)),
        outside_best: outside.last().copied(),
        gain_inside: mean(&on(trial, &fold.train)),
        gain_outside: mean(&on(trial, &fold.test)),
    }
}

/// What was sought on each path: all of the time, each group by the trial that its fold chose.
fn paths(about: &About, spans: &[Span], trials: &[Ranked], reports: &[FoldReport]) -> Vec<Option<f64>> {
    let Scheme::Combinatorial { groups, tested } = about.scheme else { return Vec::new() };
    let Ok(ways) = combinatorial(spans, groups, tested, about.embargo_ns) else { return Vec::new() };
    let of_path = |path: Vec<usize>| {
        let group = |(run, fold): (&std::ops::Range<usize>, usize)| {
            trials[reports[fold].chosen - 1].gains[run.clone()].to_vec()
        };
        let gains: Vec<f64> = ways.groups.iter().zip(path).flat_map(group).collect();
        (about.goal.of)(&gains)
    };
    ways.paths().into_iter().map(of_path).collect()
}

fn in_words(about: &About) -> String {
    let held = crate::number::span(types::Nanos(about.horizon_ns));
    let embargo = match about.embargo_ns {
        0 => String::new(),
        ns => format!(", embargo {}", crate::number::span(types::Nanos(ns))),
    };
    match about.scheme {
        Scheme::WalkForward { steps, window } => {
            let window = match window {
                quant::folds::Window::Growing => "all before".into(),
                quant::folds::Window::Rolling(groups) => format!("{groups} groups before"),
            };
            format!("walk-forward, {steps} steps, chosen on {window}, purged by {held}")
        }
        Scheme::KFold { folds } => format!("{folds} folds, purged by {held}{embargo}"),
        Scheme::Combinatorial { groups, tested } => {
            format!("combinatorial, {tested} of {groups} groups tested at once, purged by {held}{embargo}")
        }
    }
}
