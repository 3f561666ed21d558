//! From a run that fails to a short one that fails in the same way.
//!
//! First all that the run does not need at all: time behind the failure, strategies, whole kinds of fault. Then the
//! faults that are left, by delta debugging (Zeller & Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing
//! Input"): halves, quarters and so on are left out as long as it still fails.

use crate::fates::Fault;
use crate::plan::Plan;
use crate::ranges::Kind;
use crate::world::{Outcomes, Violation};
use types::Nanos;

/// A failure, made short.
#[derive(Clone, Debug)]
pub struct Short {
    /// The run that still fails.
    pub plan: Plan,
    /// What it comes to.
    pub outcomes: Outcomes,
    /// How many runs it took.
    pub runs: u32,
}

struct Shrinking {
    invariant: u8,
    best: Plan,
    outcomes: Outcomes,
    runs: u32,
    runs_max: u32,
}

/// Makes a failing run short, with at most so many runs; `None` when it does not fail.
#[must_use]
pub fn shrink(plan: &Plan, runs_max: u32) -> Option<Short> {
    let outcomes = crate::run(plan);
    let invariant = outcomes.violation.as_ref()?.invariant;
    let mut shrinking = Shrinking { invariant, best: plan.clone(), outcomes, runs: 1, runs_max };
    shrinking.write_down();
    shrinking.less_time();
    shrinking.fewer_strategies();
    shrinking.fewer_kinds();
    shrinking.fewer_faults();
    shrinking.fewer_strategies();
    shrinking.less_time();
    Some(Short { plan: shrinking.best, outcomes: shrinking.outcomes, runs: shrinking.runs })
}

impl Shrinking {
    /// Keeps a plan that fails in the same way.
    fn try_on(&mut self, plan: Plan) -> bool {
        if self.runs >= self.runs_max {
            return false;
        }
        self.runs += 1;
        let outcomes = crate::run(&plan);
        let same = |violation: &Violation| violation.invariant == self.invariant;
        let fails = outcomes.violation.as_ref().is_some_and(same);
        if fails {
            (self.best, self.outcomes) = (plan, outcomes);
        }
        fails
    }

    /// From here on the faults are those that struck, not those that might. A run that stopped itself has not said
    /// which they were: then chance stays.
    fn write_down(&mut self) {
        if self.best.faults.is_none() && !self.outcomes.struck.is_empty() {
            let faults = self.outcomes.struck.iter().map(|struck| struck.fault).collect();
            self.try_on(Plan { faults: Some(faults), ..self.best.clone() });
        }
    }

    /// What lies behind the failure is not needed, and perhaps not all that lies before it.
    fn less_time(&mut self) {
        // In the phase that must end well, the end is the failure.
        let Some(at) =
            self.outcomes.violation.as_ref().filter(|_| self.invariant != 11).map(|known| known.at)
        else {
            for part in [2, 4, 8] {
                let safety = Nanos(self.best.safety.0 / part);
                if !self.try_on(Plan { safety, ..self.best.clone() }) {
                    return;
                }
            }
            return;
        };
        if at.0 > 0 && at < self.best.safety {
            self.try_on(Plan { safety: at + Nanos::from_secs(1), ..self.best.clone() });
        }
    }

    fn fewer_strategies(&mut self) {
        for row in 0..3 {
            let mut strategies = self.best.strategies;
            if std::mem::replace(&mut strategies[row], false) && strategies.contains(&true) {
                self.try_on(Plan { strategies, ..self.best.clone() });
            }
        }
    }

    fn fewer_kinds(&mut self) {
        for kind in Kind::ALL {
            let Some(faults) = &self.best.faults else { return };
            let kept: Vec<Fault> = faults.iter().filter(|fault| fault.kind != kind).copied().collect();
            if kept.len() < faults.len() {
                self.try_on(Plan { faults: Some(kept), ..self.best.clone() });
            }
        }
    }

    fn fewer_faults(&mut self) {
        let mut parts = 2;
        loop {
            let Some(faults) = self.best.faults.clone().filter(|faults| !faults.is_empty()) else { return };
            parts = parts.min(faults.len());
            let size = faults.len().div_ceil(parts);
            let smaller = (0..faults.len()).step_by(size).any(|from| {
                let to = (from + size).min(faults.len());
                let kept = [&faults[..from], &faults[to..]].concat();
                self.try_on(Plan { faults: Some(kept), ..self.best.clone() })
            });
            if smaller {
                parts = (parts - 1).max(2);
            } else if parts == faults.len() || self.runs >= self.runs_max {
                return;
            } else {
                parts *= 2;
            }
        }
    }
}
