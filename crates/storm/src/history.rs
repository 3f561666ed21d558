//! A failure on paper: what a person reads, and what the storm runs again.
//!
//! The file is TOML with the plan in it; the story of the run stands in front of it as comments.

use crate::fates::Fault;
use crate::invariants;
use crate::plan::Plan;
use crate::ranges::{FAULTS, Kind, Mix, SHAPES};
use crate::world::{Outcomes, Violation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use types::Nanos;

/// The commit this was built from, where the build said it; else the version.
pub const COMMIT: &str = match option_env!("QUOIN_COMMIT") {
    Some(commit) => commit,
    None => env!("CARGO_PKG_VERSION"),
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: u64,
    commit: String,
    safety_ns: i64,
    liveness_ns: i64,
    strategies: [bool; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Vec<String>>,
    rates: BTreeMap<String, f64>,
    shapes: BTreeMap<String, f64>,
}

/// Why a file is no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Not TOML, or not a plan.
    #[error("no history of a storm: {0}")]
    Syntax(String),
    /// It names what this version does not have.
    #[error("{0} is no range of this version's storm")]
    Unknown(String),
    /// A fault that cannot be read.
    #[error("{0}")]
    Fault(String),
}

/// A name and a sentence for what was violated.
#[must_use]
pub fn named(violation: &Violation) -> String {
    match violation.invariant {
        0 => "a part of ours stopped itself".into(),
        11 => "liveness: when the faults stop, all must become well again".into(),
        number => {
            let known = invariants::ALL.iter().find(|invariant| invariant.number == number);
            known.map_or_else(String::new, |known| {
                format!("invariant {number}, {}: {}", known.name, known.about)
            })
        }
    }
}

/// The failure, for a person.
#[must_use]
pub fn tell(plan: &Plan, outcomes: &Outcomes) -> String {
    let mut text = String::new();
    let Some(violation) = &outcomes.violation else {
        return format!("seed {}: all held; digest {}\n", plan.seed, outcomes.digest);
    };
    let at = seconds(violation.at);
    let _ = writeln!(text, "seed {}, commit {COMMIT}", plan.seed);
    let _ = writeln!(text, "{}", named(violation));
    let _ = writeln!(text, "after input {} at {at:.6} s: {}", violation.inputs, violation.what);
    let names = ["joined_touch", "chaos", "glft"];
    let who: Vec<&str> =
        names.iter().zip(plan.strategies).filter(|(_, is)| *is).map(|(name, _)| *name).collect();
    let _ = writeln!(text, "strategies: {}", who.join(", "));
    let most = 60;
    let _ = writeln!(text, "{} faults:", outcomes.struck.len());
    for struck in outcomes.struck.iter().rev().take(most).rev() {
        let about = FAULTS[struck.fault.kind as usize].about;
        let _ = writeln!(text, "{:>12.6} s  {:<24}{about}", seconds(struck.at), struck.fault.to_string());
    }
    let _ = writeln!(text, "what happened last:");
    for line in &outcomes.story {
        let _ = writeln!(text, "{line}");
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "shown to people")]
fn seconds(at: Nanos) -> f64 {
    at.0 as f64 / 1e9
}

/// The failure, as a file that [`parse`] reads.
///
/// # Panics
/// Never: numbers, names and lists are TOML.
#[must_use]
pub fn write(plan: &Plan, outcomes: &Outcomes) -> String {
    let mut text: String = tell(plan, outcomes).lines().map(|line| format!("# {line}\n")).collect();
    let rates = Kind::ALL.iter().map(|kind| (kind.name().to_owned(), plan.mix.rate(*kind)));
    let shapes = SHAPES.iter().zip(plan.mix.shapes()).map(|(shape, value)| (shape.name.to_owned(), value));
    let file = File {
        seed: plan.seed,
        commit: COMMIT.to_owned(),
        safety_ns: plan.safety.0,
        liveness_ns: plan.liveness.0,
        strategies: plan.strategies,
        only: plan.only,
        faults: plan.faults.as_ref().map(|faults| faults.iter().map(Fault::to_string).collect()),
        rates: rates.collect(),
        shapes: shapes.collect(),
    };
    text.push_str(&toml::to_string(&file).expect("numbers, names and lists are TOML"));
    text
}

/// The plan of a history; and the commit that wrote it.
///
/// # Errors
/// When it is none, or of a storm that this one is not.
pub fn parse(text: &str) -> Result<(Plan, String), HistoryError> {
    let file: File =
        toml::from_str(text).map_err(|error| HistoryError::Syntax(error.message().to_owned()))?;
    let mut mix = Mix::calm();
    for (name, rate) in &file.rates {
        let kind = Kind::of_name(name).ok_or_else(|| HistoryError::Unknown(name.clone()))?;
        mix = mix.with(kind, *rate);
    }
    for (name, value) in &file.shapes {
        mix = mix.shaped_by_name(name, *value).ok_or_else(|| HistoryError::Unknown(name.clone()))?;
    }
    let faults =
        file.faults.map(|faults| faults.iter().map(|text| text.parse()).collect::<Result<Vec<Fault>, _>>());
    let plan = Plan {
        seed: file.seed,
        mix,
        safety: Nanos(file.safety_ns),
        liveness: Nanos(file.liveness_ns),
        strategies: file.strategies,
        faults: faults.transpose().map_err(HistoryError::Fault)?,
        plant: None,
        only: file.only,
    };
    Ok((plan, file.commit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranges::Swarm;

    #[test]
    fn a_history_reads_as_it_was_written() {
        let plan = Plan::new(77, 0.5, &Swarm::default());
        let faults =
            vec![Fault { kind: Kind::Crash, place: 3 }, Fault { kind: Kind::LineLost, place: 1 << 40 }];
        let plan = Plan { faults: Some(faults), only: Some(3), ..plan };
        let outcomes = crate::run(&Plan { safety: Nanos::from_secs(2), ..plan.clone() });
        let (again, commit) = parse(&write(&plan, &outcomes)).expect("it is a history");
        assert_eq!((again, commit.as_str()), (plan, COMMIT));
        for (text, why) in [
            ("seed = 1", "no history of a storm"),
            (
                &write(&Plan::new(1, 1.0, &Swarm::default()), &outcomes).replace("line-lost =", "lin-lost ="),
                "lin-lost",
            ),
        ] {
            let error = parse(text).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
