//! A run, written down: all that decides it. Two runs of one plan are one run.

use crate::fates::Fault;
use crate::plant::Plant;
use crate::ranges::{Mix, Swarm};
use types::Nanos;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// All chance comes from here.
    pub seed: u64,
    /// What goes wrong how often.
    pub mix: Mix,
    /// How long faults strike.
    pub safety: Nanos,
    /// How long there is to get well.
    pub liveness: Nanos,
    /// Who trades: a market maker at the touch, chaos, a dealer with a model.
    pub strategies: [bool; 3],
    /// Of all faults only these; all that the mix draws when `None`.
    pub faults: Option<Vec<Fault>>,
    /// A bug on purpose.
    pub plant: Option<Plant>,
    /// Only this invariant is checked.
    pub only: Option<u8>,
}

/// How long a system that was healed has to get well.
pub const LIVENESS: Nanos = Nanos::from_secs(20);

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64, minutes: f64, swarm: &Swarm) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "minutes of a run")]
        let all = Nanos((minutes * 60e9) as i64);
        let strategies = [seed % 8 != 3, seed % 8 != 5, seed % 4 == 1];
        Self {
            seed,
            mix: Mix::draw(seed, swarm),
            safety: Nanos((all - LIVENESS).0.max(1_000_000_000)),
            liveness: LIVENESS,
            strategies,
            faults: None,
            plant: None,
            only: None,
        }
    }
}
