//! The storm: the shipped engine, orders, risk, portfolio, journal and feed handlers on simulated time, while network,
//! venue, disk, clock and people do their worst.
//!
//! Owns what goes wrong, and what must hold all the same. A seed is a run; a failure is a seed and a commit, and is made
//! short enough to read. Never changes a shipped part: what it drives is what trades.

mod audit;
mod chaos;
mod clock;
mod count;
mod desk;
mod disk;
mod exchange;
pub mod farm;
pub mod fates;
mod firm;
pub mod history;
pub mod invariants;
mod market;
mod people;
pub mod plan;
mod plant;
pub mod ranges;
mod rules;
pub mod shrink;
mod truth;
pub mod world;

pub use farm::farm;
pub use fates::{Fault, Struck};
pub use plan::Plan;
pub use plant::Plant;
pub use ranges::{Kind, Mix, Range, Swarm, SwarmError};
pub use shrink::{Short, shrink};
pub use world::{Outcomes, Tally, Violation};

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a plan. A part of ours that stops itself is a violation, too: number 0.
#[must_use]
pub fn run(plan: &Plan) -> Outcomes {
    let world = || world::World::new(plan).run();
    match catch_unwind(AssertUnwindSafe(world)) {
        Ok(outcomes) => outcomes,
        Err(panic) => {
            let what = panic.downcast_ref::<String>().cloned();
            let what = what.or_else(|| panic.downcast_ref::<&str>().map(|what| (*what).to_owned()));
            let violation = Violation {
                invariant: 0,
                what: what.unwrap_or_else(|| "a panic without a word".into()),
                at: types::Nanos(0),
                inputs: 0,
            };
            Outcomes {
                digest: String::new(),
                violation: Some(violation),
                struck: Vec::new(),
                story: Vec::new(),
                tally: Tally::default(),
            }
        }
    }
}
