//! Whether the best stands on a plateau or is a spike: what its neighbours in the space are worth.

use super::{About, Ranked};
use serde::Serialize;

/// The best among its like.
#[derive(Clone, Debug, Serialize)]
pub struct Neighbourhood {
    /// The best one's value.
    pub best: f64,
    /// The middle of its neighbours' values.
    pub median: f64,
    /// The lowest of them.
    pub lowest: f64,
    /// The middle of all trials' values.
    pub median_all: f64,
    /// Where the neighbours' middle lies between that of all (0) and the best (1): near 1 is a plateau.
    pub plateau: Option<f64>,
    /// Ranks of the neighbours, and the key in which each differs (none: nearest in all).
    pub neighbours: Vec<Neighbour>,
}

/// One step away.
#[derive(Clone, Debug, Serialize)]
pub struct Neighbour {
    /// Its rank.
    pub rank: usize,
    /// In which key it differs; empty for the nearest of scattered points.
    pub key: String,
    /// Its values.
    pub point: String,
    /// What was sought.
    pub value: f64,
    /// After fees.
    pub net: f64,
    /// How many fills.
    pub fills: u64,
}

impl Neighbourhood {
    /// Whether the neighbours are nearer to everybody's middle than to the best.
    #[must_use]
    pub fn is_spike(&self) -> bool {
        self.plateau.is_some_and(|plateau| plateau < 0.5)
    }
}

pub(super) fn of_best(about: &About, trials: &[Ranked]) -> Option<Neighbourhood> {
    let (best, others) = trials.split_first()?;
    let value = best.value?;
    let mut near = beside(about, best, others);
    if near.is_empty() {
        near = nearest(about, trials);
    }
    let mut values: Vec<f64> = near.iter().map(|neighbour| neighbour.value).collect();
    let mut all: Vec<f64> = trials.iter().filter_map(|trial| trial.value).collect();
    let (median, median_all) = (middle(&mut values)?, middle(&mut all)?);
    let room = value - median_all;
    Some(Neighbourhood {
        best: value,
        median,
        lowest: values[0],
        median_all,
        plateau: (room > 0.0).then(|| (median - median_all) / room),
        neighbours: near,
    })
}

fn middle(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| quant::moments::quantile(values, 0.5))
}

/// On a grid: the same in all keys but one, and in that one the next value either way. Values without order are all
/// next to each other.
fn beside(about: &About, best: &Ranked, others: &[Ranked]) -> Vec<Neighbour> {
    let mut found = Vec::new();
    for (at, key) in about.keys.iter().enumerate() {
        let same_else = |trial: &&Ranked| {
            let differs = |(k, value): (usize, &super::Value)| (*value != best.run.point[k]) == (k == at);
            trial.value.is_some() && trial.run.point.iter().enumerate().all(differs)
        };
        let line: Vec<&Ranked> = others.iter().filter(same_else).collect();
        match best.run.point[at].number {
            None => found.extend(line.into_iter().map(|trial| neighbour(about, trial, key))),
            Some(here) => {
                let number = |trial: &&Ranked| trial.run.point[at].number.unwrap_or(here);
                let below = line.iter().copied().filter(|t| number(t) < here);
                let above = line.iter().copied().filter(|t| number(t) > here);
                let next = [
                    below.max_by(|a, b| number(a).total_cmp(&number(b))),
                    above.min_by(|a, b| number(a).total_cmp(&number(b))),
                ];
                found.extend(next.into_iter().flatten().map(|trial| neighbour(about, trial, key)));
            }
        }
    }
    found
}

/// Among scattered points: the nearest by rank of value in each key, two for each key.
fn nearest(about: &About, trials: &[Ranked]) -> Vec<Neighbour> {
    let places: Vec<Vec<f64>> = (0..about.keys.len()).map(|at| places(trials, at)).collect();
    let distance = |trial: usize| places.iter().map(|p| (p[trial] - p[0]) * (p[trial] - p[0])).sum::<f64>();
    let mut order: Vec<usize> = (1..trials.len()).filter(|t| trials[*t].value.is_some()).collect();
    order.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
    order.truncate(2 * about.keys.len());
    order.into_iter().map(|trial| neighbour(about, &trials[trial], "")).collect()
}

/// By trial: the place of its value among all values of a key, from 0 to 1. Different texts are a whole axis apart.
#[expect(clippy::cast_precision_loss, reason = "trials are few")]
fn places(trials: &[Ranked], at: usize) -> Vec<f64> {
    let number = |trial: &Ranked| trial.run.point[at].number;
    let mut sorted: Vec<f64> = trials.iter().filter_map(number).collect();
    sorted.sort_by(f64::total_cmp);
    let most = sorted.len().saturating_sub(1).max(1) as f64;
    let place = |trial: &Ranked| match number(trial) {
        Some(x) => sorted.partition_point(|y| *y < x) as f64 / most,
        None => f64::from(u8::from(trial.run.point[at].text != trials[0].run.point[at].text)),
    };
    trials.iter().map(place).collect()
}

fn neighbour(about: &About, trial: &Ranked, key: &str) -> Neighbour {
    let parts = about.keys.iter().zip(&trial.run.point);
    Neighbour {
        rank: trial.rank,
        key: key.to_owned(),
        point: parts
            .map(|(key, value)| format!("{} {}", super::short(key), value.text))
            .collect::<Vec<_>>()
            .join(", "),
        value: trial.value.unwrap_or(0.0),
        net: trial.run.net,
        fills: trial.run.fills,
    }
}

impl Ranked {
    /// Whether one of its numbers is the least or the most that was tried, of three or more.
    pub(super) fn at_edge(&self, about: &About, trials: &[Self]) -> bool {
        (0..about.keys.len()).any(|at| {
            let mut all: Vec<f64> = trials.iter().filter_map(|trial| trial.run.point[at].number).collect();
            all.sort_by(f64::total_cmp);
            all.dedup_by(|a, b| a.total_cmp(b).is_eq());
            let here = self.run.point[at].number;
            let is = |end: Option<&f64>| here.zip(end).is_some_and(|(a, b)| a.total_cmp(b).is_eq());
            all.len() > 2 && (is(all.first()) || is(all.last()))
        })
    }
}
