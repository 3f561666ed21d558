//! The probability that the best of many backtests is below the median where it was not chosen: combinatorially
//! symmetric cross-validation (Bailey, Borwein, López de Prado & Zhu, *The probability of backtest overfitting*,
//! Journal of Computational Finance 20(4), 2017).
//!
//! Time is cut into an even number of blocks. Each half of them in turn is the sample in which the best trial is
//! chosen; the other half says what became of it. Cost: ways × trials × blocks additions, because both measures
//! follow from sums of blocks.

use crate::combinations::{combinations, count};
use stdx::math;

/// What makes a trial the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The mean gain.
    Mean,
    /// The mean over the deviation; 0 when there is none.
    Sharpe,
}

/// More ways than these would be slow and say no more.
const WAYS_MAX: u64 = 184_756; // of 20 blocks

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverfittingError {
    /// Nothing was chosen.
    TooFewTrials,
    /// Trials were not measured at the same times.
    UnequalLengths,
    /// The number of blocks is odd, below two, above twenty, or above half of the times.
    Blocks,
}

impl std::fmt::Display for OverfittingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooFewTrials => "the best of fewer than two trials was not chosen",
            Self::UnequalLengths => "the trials were not measured at the same times",
            Self::Blocks => "blocks must be even, from 2 to 20, each with two times or more",
        })
    }
}

impl std::error::Error for OverfittingError {}

/// One way to halve the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Half {
    /// The trial that was best in the one half.
    pub chosen: usize,
    /// What it measured there.
    pub inside: f64,
    /// And in the other half.
    pub outside: f64,
    /// `ln(ω / (1 - ω))` of its rank ω there: 0 is the median.
    pub logit: f64,
}

/// What became of the chosen ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Overfitting {
    /// Of all ways, those in which the chosen trial was at the median or below: logit ≤ 0.
    pub probability: f64,
    /// Of all ways, those in which it lost.
    pub loss: f64,
    /// Of the regression of outside on inside: below zero, the better a trial looks the worse it does.
    pub slope: f64,
    /// Every way.
    pub halves: Vec<Half>,
}

/// Gains and their squares, summed over a block.
#[derive(Clone, Copy, Default)]
struct Sums {
    gain: f64,
    square: f64,
}

impl Measure {
    fn of(self, sums: Sums, count: f64) -> f64 {
        let mean = sums.gain / count;
        match self {
            Self::Mean => mean,
            Self::Sharpe => {
                let variance = (sums.square - sums.gain * mean) / (count - 1.0);
                // What rounding leaves of a constant is no deviation.
                if variance > mean * mean * 1e-12 && variance > 0.0 {
                    mean / math::sqrt(variance)
                } else {
                    0.0
                }
            }
        }
    }
}

/// Judges trials, each its gains over the same times. Of times that do not fill the blocks the first are left out.
///
/// # Errors
/// When there is nothing to judge.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
pub fn overfitting(
    trials: &[&[f64]],
    blocks: usize,
    measure: Measure,
) -> Result<Overfitting, OverfittingError> {
    let [first, _, ..] = trials else { return Err(OverfittingError::TooFewTrials) };
    if trials.iter().any(|trial| trial.len() != first.len()) {
        return Err(OverfittingError::UnequalLengths);
    }
    let ways = count(blocks, blocks / 2).filter(|ways| *ways <= WAYS_MAX);
    let length = first.len().checked_div(blocks).unwrap_or(0);
    let Some(ways) = ways.filter(|_| blocks >= 2 && blocks.is_multiple_of(2) && length >= 2) else {
        return Err(OverfittingError::Blocks);
    };
    let sums = block_sums(trials, blocks, length);
    let times = (length * blocks / 2) as f64;
    let mut halves = Vec::with_capacity(usize::try_from(ways).unwrap_or(0));
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for chosen_blocks in combinations(blocks, blocks / 2) {
        let mut is_inside = vec![false; blocks];
        chosen_blocks.iter().for_each(|&block| is_inside[block] = true);
        inside.clear();
        outside.clear();
        for trial in sums.chunks_exact(blocks) {
            let [mut within, mut without] = [Sums::default(); 2];
            for (block, is_inside) in trial.iter().zip(&is_inside) {
                let half = if *is_inside { &mut within } else { &mut without };
                half.gain += block.gain;
                half.square += block.square;
            }
            inside.push(measure.of(within, times));
            outside.push(measure.of(without, times));
        }
        halves.push(judge(&inside, &outside));
    }
    Ok(summed_up(halves))
}

/// By trial, then by block.
fn block_sums(trials: &[&[f64]], blocks: usize, length: usize) -> Vec<Sums> {
    let mut sums = Vec::with_capacity(trials.len() * blocks);
    for trial in trials {
        let used = &trial[trial.len() - blocks * length..];
        sums.extend(used.chunks_exact(length).map(|block| Sums {
            gain: block.iter().sum(),
            square: block.iter().map(|gain| gain * gain).sum(),
        }));
    }
    sums
}

#[expect(clippy::cast_precision_loss, reason = "trials are far fewer than 2⁵³")]
fn judge(inside: &[f64], outside: &[f64]) -> Half {
    // The first of equals.
    let mut chosen = 0;
    for (trial, value) in inside.iter().enumerate() {
        if *value > inside[chosen] {
            chosen = trial;
        }
    }
    let own = outside[chosen];
    let below = outside.iter().filter(|value| **value < own).count() as f64;
    let equal = outside.iter().filter(|value| value.total_cmp(&own).is_eq()).count() as f64;
    // Equals share their ranks.
    let rank = below + (equal + 1.0) / 2.0;
    let omega = rank / (outside.len() as f64 + 1.0);
    Half { chosen, inside: inside[chosen], outside: own, logit: math::ln(omega / (1.0 - omega)) }
}

#[expect(clippy::cast_precision_loss, reason = "ways are far fewer than 2⁵³")]
fn summed_up(halves: Vec<Half>) -> Overfitting {
    let n = halves.len() as f64;
    let share = |is: &dyn Fn(&Half) -> bool| halves.iter().filter(|half| is(half)).count() as f64 / n;
    let mean = |of: &dyn Fn(&Half) -> f64| halves.iter().map(of).sum::<f64>() / n;
    let (inside, outside) = (mean(&|half| half.inside), mean(&|half| half.outside));
    let both = mean(&|half| (half.inside - inside) * (half.outside - outside));
    let one = mean(&|half| (half.inside - inside) * (half.inside - inside));
    Overfitting {
        // Rounding must not make a median of a logit of zero.
        probability: share(&|half| half.logit <= 1e-12),
        loss: share(&|half| half.outside < 0.0),
        slope: if one > 0.0 { both / one } else { 0.0 },
        halves,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn noise(trials: usize, times: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut prng = Prng::new(seed);
        (0..trials).map(|_| (0..times).map(|_| prng.normal()).collect()).collect()
    }

    fn of(trials: &[Vec<f64>], blocks: usize, measure: Measure) -> Overfitting {
        let trials: Vec<&[f64]> = trials.iter().map(Vec::as_slice).collect();
        overfitting(&trials, blocks, measure).expect("trials to judge")
    }

    #[test]
    fn skill_stays_and_luck_does_not() {
        let mut probability = 0.0;
        for seed in 0..20 {
            probability += of(&noise(50, 240, seed), 8, Measure::Sharpe).probability / 20.0;
        }
        // Of trials without skill the chosen one is worse outside: what was inside is not there any more.
        assert!(probability > 0.4, "{probability}");
        let mut skilled = noise(50, 240, 3);
        skilled[7].iter_mut().for_each(|gain| *gain += 0.8);
        for measure in [Measure::Mean, Measure::Sharpe] {
            let found = of(&skilled, 8, measure);
            assert!(found.probability < 1e-12 && found.loss < 1e-12, "{found:?}");
            assert!(found.halves.iter().all(|half| half.chosen == 7));
            assert_eq!(found.halves.len(), 70);
        }
    }

    #[test]
    fn halves_that_sum_to_a_constant_are_always_overfitted() {
        // Each trial gains in sum what it gains in sum: what one half has more, the other has less.
        let mut trials = noise(10, 64, 5);
        for trial in &mut trials {
            let mean = trial.iter().sum::<f64>() / 64.0;
            trial.iter_mut().for_each(|gain| *gain -= mean);
        }
        let found = of(&trials, 4, Measure::Mean);
        assert!((found.probability - 1.0).abs() < 1e-12);
        assert!((found.slope + 1.0).abs() < 1e-9, "{}", found.slope);
        assert!((found.loss - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_trials_lie_at_the_median() {
        let one = noise(1, 40, 8).remove(0);
        let found = of(&[one.clone(), one.clone(), one], 4, Measure::Sharpe);
        assert!(found.halves.iter().all(|half| half.logit.abs() < 1e-12 && half.chosen == 0));
        assert!((found.probability - 1.0).abs() < 1e-12);
        let flat = of(&[vec![0.1; 40], vec![0.0; 40]], 4, Measure::Sharpe);
        assert!(flat.halves.iter().all(|half| half.inside.abs() < 1e-12));
    }

    #[test]
    fn what_cannot_be_judged_is_said() {
        let (a, b) = (vec![0.0; 12], vec![0.0; 11]);
        let check = |trials: &[&[f64]], blocks, due| {
            assert_eq!(overfitting(trials, blocks, Measure::Mean), Err(due), "{blocks}");
        };
        check(&[&a], 4, OverfittingError::TooFewTrials);
        check(&[&a, &b], 4, OverfittingError::UnequalLengths);
        for blocks in [0, 1, 3, 8, 22] {
            check(&[&a, &a], blocks, OverfittingError::Blocks);
        }
    }
}
