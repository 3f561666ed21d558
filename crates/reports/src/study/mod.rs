//! Many runs over the same data, judged together: which is best, and how much of that is luck.
//!
//! A [`Study`] takes what a sweep kept of each run (a few sums, and the gains by slice of time) and says: the order;
//! intervals for the best; whether its neighbours are as good; its Sharpe ratio, deflated for how many were tried;
//! the probability that choosing so is overfitting; and what choosing in one part of the time would have earned in
//! another. Everything follows from what it is given: the same trials give the same study, byte for byte.

mod charts;
mod folds;
mod judge;
mod neighbours;
mod page;
mod summary;

pub(crate) use charts::Shade;
pub use folds::{FoldReport, Validation};
pub use judge::{Deflated, Overfit};
pub use neighbours::Neighbourhood;
pub(crate) use summary::amount;

use crate::about::DataFile;
use quant::folds::Scheme;
use quant::overfitting::Measure;
use serde::Serialize;

/// The layout of `sweep.json`; raised when a reader must change.
pub const FORMAT: &str = "quoin-sweep-1";

/// What is sought.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// What a sweep file calls it.
    pub name: &'static str,
    /// In a sentence.
    pub about: &'static str,
    /// On a table's head.
    pub label: &'static str,
    /// Whether it is an amount of money.
    pub is_money: bool,
    /// What stands for it where only sums are known.
    #[serde(skip)]
    pub measure: Measure,
    /// Of gains over equal times; higher is better.
    #[serde(skip)]
    pub of: fn(&[f64]) -> Option<f64>,
}

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Value {
    /// As people write it.
    pub text: String,
    /// If it is a number.
    pub number: Option<f64>,
}

/// Time in equal slices.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Slices {
    /// When the first starts.
    pub from_ns: i64,
    /// How long each is.
    pub width_ns: i64,
}

/// What all trials have in common.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// The page's headline.
    pub title: String,
    /// How points were chosen: `grid`, `tpe, budget 200, seed 1`.
    pub method: String,
    /// What amounts are in.
    pub currency: String,
    /// The symbols traded, where all trials trade the same.
    pub symbols: String,
    /// What was sought.
    pub goal: Goal,
    /// The keys that differ.
    pub keys: Vec<String>,
    /// How time was cut.
    pub slices: Slices,
    /// A trial with fewer fills says little.
    pub least_fills: u64,
    /// How choosing is judged.
    #[serde(skip)]
    pub scheme: Scheme,
    /// How long what is done in a slice works on.
    pub horizon_ns: i64,
    /// Held back behind what is tested.
    pub embargo_ns: i64,
    /// For the intervals.
    pub seed: u64,
    /// What was read.
    pub data: Vec<DataFile>,
    /// What every trial starts from, as TOML.
    pub config: String,
    /// What a reader must know before believing a number.
    pub caveats: Vec<String>,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// By key.
    pub point: Vec<Value>,
    /// After fees.
    pub net: f64,
    /// The deepest fall, zero or below.
    pub max_drawdown: f64,
    /// Positive when paid.
    pub fees: f64,
    /// How many fills.
    pub fills: u64,
    /// Of them, how many gave liquidity.
    pub fills_maker: u64,
    /// The worth of what changed hands.
    pub turnover: f64,
    /// New orders sent.
    pub orders: u64,
    /// What was gained in each slice; `None` where the market was silent.
    #[serde(skip)]
    pub slices: Vec<Option<f64>>,
}

/// A trial with its place in the order.
#[derive(Clone, Debug, Serialize)]
pub struct Ranked {
    /// From 1, the best.
    pub rank: usize,
    /// In the order of the search, from 1.
    pub trial: usize,
    /// What was sought; `None` when it had nothing to be judged by.
    pub value: Option<f64>,
    /// Mean over deviation of its gains by slice.
    pub sharpe: Option<f64>,
    /// The run.
    #[serde(flatten)]
    pub run: Trial,
    /// Its gains in the slices that had a market.
    #[serde(skip)]
    pub gains: Vec<f64>,
}

/// An estimate with the interval that 95 % of its resamples lie in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounded {
    /// The estimate.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl From<quant::bootstrap::Interval> for Bounded {
    fn from(interval: quant::bootstrap::Interval) -> Self {
        Self { value: interval.estimate, low: interval.low, high: interval.high }
    }
}

/// All of it, judged.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// See [`FORMAT`].
    pub format: &'static str,
    /// What all have in common.
    pub about: About,
    /// The starts of the slices that had a market, in nanoseconds.
    pub slice_starts: Vec<i64>,
    /// Of the best: net P&L, with a block-bootstrap interval.
    pub best_net: Option<Bounded>,
    /// Of the best: mean over deviation by slice, alike.
    pub best_sharpe: Option<Bounded>,
    /// Whether the best stands among its like.
    pub neighbourhood: Option<Neighbourhood>,
    /// The best one's Sharpe ratio, for how many were tried.
    pub deflated: Option<Deflated>,
    /// The probability of overfitting, or why there is none.
    pub overfitting: Result<Overfit, String>,
    /// What choosing earned where it did not choose, or why there is no answer.
    pub validation: Result<Validation, String>,
    /// What is doubtful.
    pub warnings: Vec<String>,
    /// The best first.
    pub trials: Vec<Ranked>,
}

impl Study {
    /// Judges the trials, in the order of their search.
    #[must_use]
    pub fn new(about: About, trials: Vec<Trial>) -> Self {
        // Silent for one because its messages came a little later is not silent for all.
        let count = trials.iter().map(|trial| trial.slices.len()).max().unwrap_or(0);
        let has_market =
            |slice: &usize| trials.iter().any(|trial| trial.slices.get(*slice).copied().flatten().is_some());
        let kept: Vec<usize> = (0..count).filter(has_market).collect();
        let slice_starts: Vec<i64> = kept.iter().map(|slice| about.slices.start(*slice)).collect();
        let trials = ranked(&about, trials, &kept);
        let settings = quant::bootstrap::Settings { seed: about.seed, ..Default::default() };
        let of_best = |statistic: fn(&[f64]) -> Option<f64>| {
            let best = trials.first()?;
            quant::bootstrap::interval_of(&best.gains, &settings, statistic).map(Bounded::from)
        };
        let mut study = Self {
            format: FORMAT,
            best_net: of_best(|gains| (gains.len() > 1).then(|| gains.iter().sum())),
            best_sharpe: of_best(|gains| quant::performance::sharpe(gains, 1.0)),
            neighbourhood: neighbours::of_best(&about, &trials),
            deflated: judge::deflated(&trials),
            overfitting: judge::overfitting(&about, &trials),
            validation: folds::validate(&about, &slice_starts, &trials),
            warnings: Vec::new(),
            slice_starts,
            trials,
            about,
        };
        study.warnings = study.doubts();
        study
    }

    /// The best trial; `None` when there is none at all.
    #[must_use]
    pub fn best(&self) -> Option<&Ranked> {
        self.trials.first()
    }

    /// `sweep.json`: keys in a fixed order, the same bytes for the same trials.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        text.push('\n');
        text
    }

    /// The best trial's values: `hysteresis = 0.1, risk_aversion = 0.5`.
    #[must_use]
    pub fn best_point(&self) -> String {
        self.best().map_or_else(String::new, |best| {
            let parts = self.about.keys.iter().zip(&best.run.point);
            parts
                .map(|(key, value)| format!("{} = {}", short(key), value.text))
                .collect::<Vec<_>>()
                .join(", ")
        })
    }
}

impl Slices {
    fn start(&self, at: usize) -> i64 {
        self.from_ns + self.width_ns * i64::try_from(at).unwrap_or(i64::MAX)
    }
}

/// The last word of a key: what tells it from its neighbours on a chart.
#[must_use]
pub fn short(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn ranked(about: &About, trials: Vec<Trial>, kept: &[usize]) -> Vec<Ranked> {
    let judged = |(at, run): (usize, Trial)| {
        let gain = |slice: &usize| run.slices.get(*slice).copied().flatten().unwrap_or(0.0);
        let gains: Vec<f64> = kept.iter().map(gain).collect();
        Ranked {
            rank: 0,
            trial: at + 1,
            value: (about.goal.of)(&gains).filter(|value| value.is_finite()),
            sharpe: quant::performance::sharpe(&gains, 1.0),
            gains,
            run,
        }
    };
    let mut ranked: Vec<Ranked> = trials.into_iter().enumerate().map(judged).collect();
    // Stable: of equals the first that was asked for.
    ranked.sort_by(|a, b| {
        let value = |trial: &Ranked| trial.value.unwrap_or(f64::NEG_INFINITY);
        value(b).total_cmp(&value(a))
    });
    for (rank, trial) in (1..).zip(&mut ranked) {
        trial.rank = rank;
    }
    ranked
}
