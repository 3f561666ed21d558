//! The workers of a sweep.
//!
//! Threads are `std::thread::scope`'s and not rayon's: a task is a whole run, seconds long, so there is nothing to
//! split or to steal; workers borrow the data and end with the sweep; and the answers go to one place in whatever
//! order, where they are put into the order of the questions.

use super::field::Field;
use super::plan::Plan;
use super::search::{Asked, Search, SearchError};
use super::space::Point;
use super::store::{Store, StoreError};
use super::tally::Tally;
use crate::backtest::BacktestError;
use crate::prepare::PrepareError;
use crate::setup::Setup;
use quant::tpe::Tried;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// One point and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// By dimension.
    pub point: Point,
    /// What came of it.
    pub tally: Tally,
    /// Whether it was known from an earlier sweep.
    pub known: bool,
}

/// Why a sweep stopped.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The space has no points.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A point is no configuration, or does not fit the data. Nothing was run.
    #[error("at {point}: {error}")]
    Point {
        /// Which.
        point: String,
        /// What is wrong with it.
        error: PrepareError,
    },
    /// A run failed.
    #[error("the run at {point}: {error}")]
    Run {
        /// Which.
        point: String,
        /// What went wrong.
        error: BacktestError,
    },
    /// The results cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Runs that are over, known ones among them.
    pub done: usize,
    /// All that are planned.
    pub planned: usize,
    /// Inputs of the runs that were made now.
    pub inputs: u64,
}

/// A point that may be run: it was checked.
struct Checked {
    asked: Asked,
    setup: Setup,
    key: String,
}

/// Runs every point of the plan, or takes its outcome from the store. The trials come in the order of the search,
/// each configuration once, and are the same whatever `jobs` is.
///
/// # Errors
/// When a point is no configuration (before the first run), a run fails, or the results cannot be kept.
pub fn run(
    plan: &Plan,
    field: &Field,
    mut store: Option<&mut Store>,
    jobs: usize,
    mut tick: impl FnMut(Progress),
) -> Result<Vec<Trial>, SweepError> {
    for point in ends(plan) {
        check(plan, field, Asked { point, at: Vec::new() })?;
    }
    let mut search = Search::new(&plan.space, plan.method, plan.budget, plan.seed)?;
    let mut trials: Vec<Trial> = Vec::new();
    let mut tried: Vec<Tried> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut progress = Progress { planned: plan.budget, ..Progress::default() };
    loop {
        let asked = search.next(&tried)?;
        if asked.is_empty() {
            return Ok(trials);
        }
        let mut batch = Vec::new();
        let mut coordinates = Vec::new();
        for asked in asked {
            let at = asked.at.clone();
            let checked = check(plan, field, asked)?;
            // Of configurations that are the same one is run: more would count one trial twice.
            let next = trials.len() + batch.len();
            let place = *seen.entry(checked.key.clone()).or_insert(next);
            coordinates.push((at, place));
            if place == next {
                batch.push(checked);
            }
        }
        progress.planned = progress.planned.max(trials.len() + batch.len());
        let done = answer(&batch, plan, field, store.as_deref_mut(), jobs, &mut progress, &mut tick)?;
        for (checked, (tally, known)) in batch.into_iter().zip(done) {
            trials.push(Trial { point: checked.asked.point, tally, known });
        }
        for (at, place) in coordinates {
            let value = plan.objective.of_run(&trials[place].tally).unwrap_or(f64::NEG_INFINITY);
            tried.push(Tried { at, value });
        }
    }
}

/// Every value of every list and both ends of every range, each with the others at their first: what a search that
/// learns will ask for is not known yet, but lies between.
fn ends(plan: &Plan) -> impl Iterator<Item = Point> {
    let first: Point = plan.space.dimensions.iter().map(|dimension| dimension.ends()[0].clone()).collect();
    plan.space.dimensions.iter().enumerate().flat_map(move |(at, dimension)| {
        let first = first.clone();
        dimension.ends().into_iter().map(move |end| {
            let mut point = first.clone();
            point[at] = end;
            point
        })
    })
}

/// Whether every value makes a configuration: all that can be known before the data is read.
///
/// # Errors
/// When one does not.
pub fn check_values(plan: &Plan) -> Result<(), SweepError> {
    for point in ends(plan) {
        plan.space.config(&plan.base, &point).map_err(|error| SweepError::Point {
            point: plan.space.describe(&point),
            error: PrepareError::Setup(error.into()),
        })?;
    }
    Ok(())
}

fn check(plan: &Plan, field: &Field, asked: Asked) -> Result<Checked, SweepError> {
    let config = plan.space.config(&plan.base, &asked.point);
    let setup =
        config.map_err(|error| PrepareError::Setup(error.into())).and_then(|config| field.setup(config));
    match setup {
        Ok(setup) => Ok(Checked { key: field.key(&setup), asked, setup }),
        Err(error) => Err(SweepError::Point { point: plan.space.describe(&asked.point), error }),
    }
}

/// The outcomes of a batch, in its order, and whether each was known.
fn answer(
    batch: &[Checked],
    plan: &Plan,
    field: &Field,
    mut store: Option<&mut Store>,
    jobs: usize,
    progress: &mut Progress,
    tick: &mut impl FnMut(Progress),
) -> Result<Vec<(Tally, bool)>, SweepError> {
    let known = |checked: &Checked| store.as_ref().and_then(|store| store.find(&checked.key)).cloned();
    let mut found: Vec<Option<(Tally, bool)>> =
        batch.iter().map(|checked| known(checked).map(|tally| (tally, true))).collect();
    let open: Vec<usize> = (0..batch.len()).filter(|at| found[*at].is_none()).collect();
    progress.done += batch.len() - open.len();
    tick(*progress);
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..jobs.clamp(1, open.len().max(1)) {
            let send = send.clone();
            let (next, stop, open) = (&next, &stop, &open);
            scope.spawn(move || {
                while let Some(&at) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop.load(Ordering::Relaxed) || send.send((at, field.run(&batch[at].setup))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (at, outcome) in receive {
            let kept = outcome
                .map_err(|error| SweepError::Run {
                    point: plan.space.describe(&batch[at].asked.point),
                    error,
                })
                .and_then(|tally| {
                    if let Some(store) = &mut store {
                        store.append(&batch[at].key, named(plan, &batch[at].asked.point), &tally)?;
                    }
                    Ok(tally)
                });
            match kept {
                Ok(tally) => {
                    progress.done += 1;
                    progress.inputs += tally.inputs;
                    found[at] = Some((tally, false));
                    tick(*progress);
                }
                Err(error) => {
                    // What is under way is finished and dropped; nothing more is begun.
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    })?;
    Ok(found.into_iter().map(|outcome| outcome.expect("every open point was answered")).collect())
}

fn named(plan: &Plan, point: &Point) -> BTreeMap<String, serde_json::Value> {
    let json = |value: &toml::Value| serde_json::to_value(value).expect("TOML has a JSON form");
    plan.space.dimensions.iter().zip(point).map(|(d, value)| (d.key.clone(), json(value))).collect()
}
