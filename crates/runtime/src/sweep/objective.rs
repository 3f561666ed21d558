//! What makes one run better than another: the family as one table.

use super::tally::Tally;
use crate::config::nearest;
use quant::overfitting::Measure;
use quant::performance::{max_drawdown, sharpe, sortino};

/// One way to judge a run.
#[derive(Clone, Copy, Debug)]
pub struct Objective {
    /// What a sweep file calls it.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// On a table's head.
    pub label: &'static str,
    /// Whether it is an amount of money.
    pub is_money: bool,
    /// What stands for it where only sums of gains are known: the measure of overfitting.
    pub measure: Measure,
    /// Its value for gains over equal times; higher is better. `None`: there is nothing to judge.
    pub of: fn(&[f64]) -> Option<f64>,
}

/// All of them.
pub const OBJECTIVES: &[Objective] = &[
    Objective {
        name: "net",
        about: "Net P&L, after fees.",
        label: "net P&L",
        is_money: true,
        measure: Measure::Mean,
        of: |gains| Some(gains.iter().sum()),
    },
    Objective {
        name: "sharpe",
        about: "Mean over deviation of the gains by time slice (not annualised).",
        label: "Sharpe by slice",
        is_money: false,
        measure: Measure::Sharpe,
        of: |gains| sharpe(gains, 1.0),
    },
    Objective {
        name: "sortino",
        about: "Mean over downside deviation of the gains by time slice.",
        label: "Sortino by slice",
        is_money: false,
        measure: Measure::Sharpe,
        of: |gains| sortino(gains, 1.0),
    },
    Objective {
        name: "net_per_drawdown",
        about: "Net P&L over the deepest drawdown, both by time slice.",
        label: "net / drawdown",
        is_money: false,
        measure: Measure::Mean,
        of: |gains| {
            let fall = max_drawdown(gains);
            (fall < 0.0).then(|| gains.iter().sum::<f64>() / -fall)
        },
    },
];

/// The objective of this name, or the name most like it.
///
/// # Errors
/// When there is none of that name.
pub fn find(name: &str) -> Result<&'static Objective, Option<String>> {
    let known = OBJECTIVES.iter().find(|objective| objective.name == name);
    known.ok_or_else(|| nearest(name, OBJECTIVES.iter().map(|objective| objective.name)))
}

impl Objective {
    /// Of a whole run.
    #[must_use]
    pub fn of_run(&self, tally: &Tally) -> Option<f64> {
        (self.of)(&tally.gains()).filter(|value| value.is_finite())
    }
}
