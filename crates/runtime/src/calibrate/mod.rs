//! From a recorded day to the agents of a market that is like it.
//!
//! | what | how |
//! |---|---|
//! | where makers place, by the spread; how much everybody does | counted |
//! | how readily orders are withdrawn, by distance and age | withdrawals over order-seconds of exposure |
//! | when | a Hawkes process over takes, places and withdrawals of both sides, by maximum likelihood |
//! | how the book's state changes that | for each bucket of spread and imbalance: deeds over what the process expected there |
//! | time of day | all deeds, by half hour |
//!
//! Buyers' and sellers' habits are pooled: the process is fitted to the day and to its mirror image, whose summit is
//! symmetrical because there is only one. What none of this ties down (how deep the book becomes, how wide the spread, how
//! far prices move) can be [adjusted](adjust) by running the agents and comparing.

pub mod adjust;
mod build;
mod observe;
mod rates;

pub(crate) use observe::each_event;

use crate::prepare::Prepared;
use crate::source::SourceError;
use quant::hawkes::Agreement;
use sim::agents::{Act, Model, ModelError};
use types::{InstrumentId, Nanos};

/// How to calibrate.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many levels of each side are looked at: beyond them not every recording shows all.
    pub levels: usize,
    /// How fast excitement fades, per second; none: what suits the recording's clock.
    pub decays: Vec<f64>,
    /// How long a step of the day is, in seconds.
    pub profile_seconds: f64,
    /// The branching ratio may not exceed this.
    pub ratio_max: f64,
    /// From this venue time on.
    pub from: Nanos,
    /// Before this one.
    pub to: Nanos,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            levels: 10,
            decays: Vec::new(),
            profile_seconds: 1_800.0,
            ratio_max: 0.95,
            from: Nanos::MIN,
            to: Nanos::MAX,
        }
    }
}

/// Why a recording calibrates nothing.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// It cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Nothing to see.
    #[error("the book was never live with both sides: there is nothing to calibrate to")]
    NoBook,
    /// Too little to see.
    #[error("{found} {what} in the recording; a market needs {needed} at least")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many would do.
        needed: usize,
    },
    /// What came of it is no market.
    #[error("what was found makes no market: {0}")]
    Model(#[from] ModelError),
}

/// One kind of event, as it was and as the process has it.
#[derive(Clone, Debug)]
pub struct KindFit {
    /// Which act, on which side.
    pub name: String,
    /// A second.
    pub rate: f64,
    /// Without excitement.
    pub base: f64,
    /// Time-rescaled residuals against the exponential distribution.
    pub residuals: Option<Agreement>,
    /// The same of events without memory.
    pub residuals_poisson: Option<Agreement>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// The agents.
    pub model: Model,
    /// By kind.
    pub kinds: Vec<KindFit>,
    /// What the data said the branching ratio was, when that was more than allowed.
    pub ratio_untempered: Option<f64>,
    /// How long the day was, in seconds.
    pub seconds: f64,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// Calibrates to one instrument of prepared recordings. `tick` is called with the bytes read so far.
///
/// # Errors
/// When the recording cannot be read, or shows too little.
pub fn calibrate(
    prepared: &Prepared,
    instrument: InstrumentId,
    settings: &Settings,
    tick: impl FnMut(u64),
) -> Result<Calibration, CalibrateError> {
    let traded = &prepared.table.instruments[instrument.index()];
    let observed = observe::observe(prepared, traded, settings, tick)?;
    let mut calibration = build::build(&observed, traded, settings)?;
    if let Some(file) = prepared.setup.data.first() {
        calibration.model.provenance.recording = crate::known_name(&file.name);
        calibration.model.provenance.blake3.clone_from(&file.blake3);
    }
    Ok(calibration)
}

fn kind_name(kind: usize) -> String {
    let (act, side) = Act::of_kind(kind);
    format!("{} {side}", act.name())
}
