//! The best of many: how much of its luck is choice.

use super::{About, Ranked, Study};
use crate::number;
use quant::overfitting::{Half, overfitting as cscv};
use quant::{Moments, sharpe};
use serde::Serialize;
use types::Nanos;

/// The best trial's Sharpe ratio by slice against noise, and against the best that noise would show.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Deflated {
    /// The ratio.
    pub sharpe: f64,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// Of the gains.
    pub skewness: f64,
    /// Of the gains; 3 for the normal distribution.
    pub kurtosis: f64,
    /// How many trials have a ratio.
    pub trials: usize,
    /// How many independent ones they are worth, by their mean correlation.
    pub independent: f64,
    /// Of the trials' ratios.
    pub variance: f64,
    /// The ratio expected of the best of so many without skill.
    pub expected_highest: f64,
    /// The probability that the true ratio is above zero, as if nothing had been chosen.
    pub probabilistic: Option<f64>,
    /// The probability that it is above what choosing among all trials explains.
    pub deflated: Option<f64>,
    /// The same, among the independent ones.
    pub deflated_independent: Option<f64>,
    /// How many slices it takes to be sure (95 %) that the ratio is above zero; `None` when none do.
    pub min_track_record: Option<f64>,
    /// How many slices a backtest needs lest the best of all trials without skill shows this ratio.
    pub min_backtest: Option<f64>,
}

/// What became of the chosen, over all ways to halve the time.
#[derive(Clone, Debug, Serialize)]
pub struct Overfit {
    /// The share of ways in which the chosen one was at the median or below.
    pub probability: f64,
    /// The share of ways in which it lost.
    pub loss: f64,
    /// Of outside on inside.
    pub slope: f64,
    /// Into how many blocks time was cut.
    pub blocks: usize,
    /// `mean` or `sharpe`: what chose.
    pub measure: &'static str,
    /// The logits of all ways, for a chart.
    #[serde(skip)]
    pub halves: Vec<Half>,
    /// How many ways.
    pub ways: usize,
}

#[expect(clippy::cast_precision_loss, reason = "trials are far fewer than 2⁵³")]
pub(super) fn deflated(trials: &[Ranked]) -> Option<Deflated> {
    let best = trials.first()?;
    let moments = Moments::of(&best.gains)?;
    let ratios: Vec<f64> = trials.iter().filter_map(|trial| trial.sharpe).collect();
    let variance = Moments::of(&ratios).map_or(0.0, |of| of.deviation * of.deviation);
    let count = ratios.len() as f64;
    let independent = sharpe::independent_trials(count, mean_correlation(trials));
    let highest = sharpe::expected_highest(count);
    Some(Deflated {
        sharpe: moments.sharpe(),
        standard_error: sharpe::standard_error(&moments),
        skewness: moments.skewness,
        kurtosis: moments.kurtosis,
        trials: ratios.len(),
        independent,
        variance,
        expected_highest: sharpe::benchmark_of_best(count, variance),
        probabilistic: sharpe::probabilistic(&moments, 0.0),
        deflated: sharpe::deflated(&moments, count, variance),
        deflated_independent: sharpe::deflated(&moments, independent, variance),
        min_track_record: sharpe::min_track_record_length(&moments, 0.0, 0.95),
        min_backtest: (moments.sharpe() > 0.0 && highest > 0.0)
            .then(|| sharpe::min_backtest_length(count, moments.sharpe())),
    })
}

/// The mean of all pairs' correlations: the variance of the sum of standardised series tells it at once.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
fn mean_correlation(trials: &[Ranked]) -> f64 {
    let mut sum: Vec<f64> = Vec::new();
    let mut count = 0.0;
    for trial in trials {
        let Some(moments) = Moments::of(&trial.gains) else { continue };
        sum.resize(trial.gains.len(), 0.0);
        for (sum, gain) in sum.iter_mut().zip(&trial.gains) {
            *sum += (gain - moments.mean) / moments.deviation;
        }
        count += 1.0;
    }
    if count < 2.0 {
        return 1.0;
    }
    let variance = sum.iter().map(|s| s * s).sum::<f64>() / (sum.len() as f64 - 1.0);
    (variance - count) / (count * (count - 1.0))
}

/// As many blocks as make at least three slices each: the paper's 16 when there are enough.
pub(super) fn overfitting(about: &About, trials: &[Ranked]) -> Result<Overfit, String> {
    let slices = trials.first().map_or(0, |trial| trial.gains.len());
    let blocks = (slices / 3).min(16) / 2 * 2;
    if blocks < 4 {
        return Err(format!("{slices} slices of time are too few: 12 make four blocks of three"));
    }
    // Trials that did nothing are no choice, and would fill the lower half.
    let mut active: Vec<&Ranked> = trials.iter().filter(|trial| trial.run.fills > 0).collect();
    // The rank knows all of the time, and must not decide between equals.
    active.sort_by_key(|trial| trial.trial);
    let gains: Vec<&[f64]> = active.iter().map(|trial| trial.gains.as_slice()).collect();
    let found = cscv(&gains, blocks, about.goal.measure).map_err(|error| error.to_string())?;
    Ok(Overfit {
        probability: found.probability,
        loss: found.loss,
        slope: found.slope,
        blocks,
        measure: match about.goal.measure {
            quant::overfitting::Measure::Mean => "mean",
            quant::overfitting::Measure::Sharpe => "sharpe",
        },
        ways: found.halves.len(),
        halves: found.halves,
    })
}

impl Study {
    /// What is doubtful, in sentences.
    pub(super) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let Some(best) = self.best() else { return vec!["No trial was run.".into()] };
        let least = self.about.least_fills;
        if best.run.fills < least {
            doubts.push(format!(
                "The best trial has {} fills, fewer than {least}: its numbers are mostly chance.",
                number::count(best.run.fills)
            ));
        }
        let few = self.trials.iter().filter(|trial| trial.run.fills < least).count();
        if few > 0 {
            let of = self.trials.len();
            doubts.push(format!(
                "{few} of {of} trials have fewer than {least} fills; they are marked in the table."
            ));
        }
        if let Some(net) = self.best_net.filter(|net| net.low <= 0.0 && net.value > 0.0) {
            doubts.push(format!(
                "The best trial's net P&L is not told from zero: 95 % of its resamples lie from {} to {} {}.",
                super::summary::amount(net.low),
                super::summary::amount(net.high),
                self.about.currency
            ));
        }
        if let Some(deflated) = self.deflated.and_then(|d| d.deflated).filter(|p| *p < 0.95) {
            doubts.push(format!(
                "Choosing the best of {} explains its Sharpe ratio: it is real with a probability of {} (deflated), \
                 and 95 % is what one asks for.",
                self.trials.len(),
                number::percent(deflated)
            ));
        }
        match &self.overfitting {
            Ok(found) if found.probability > 0.2 => doubts.push(format!(
                "Choosing so is overfitting with a probability of {}: that often the one chosen on half of the time \
                 was in the lower half on the rest.",
                number::percent(found.probability)
            )),
            Ok(_) => {}
            Err(why) => doubts.push(format!("The probability of overfitting is not known: {why}.")),
        }
        if let Err(why) = &self.validation {
            doubts.push(format!("Choosing could not be tested on other time: {why}."));
        }
        if let Some(near) = self.neighbourhood.as_ref().filter(|near| near.is_spike()) {
            doubts.push(format!(
                "The best is a spike: its {} neighbours are at {} in the middle, far below its own {}.",
                near.neighbours.len(),
                number::ratio(near.median),
                number::ratio(near.best)
            ));
        }
        if best.at_edge(&self.about, &self.trials) {
            doubts.push("The best lies at the edge of the space: something better may lie beyond.".into());
        }
        let slices = self.slice_starts.len();
        if slices < 30 {
            let width = number::span(Nanos(self.about.slices.width_ns));
            doubts.push(format!(
                "There are {slices} slices of {width} only: ratios and intervals of so few are rough."
            ));
        }
        doubts
    }
}
