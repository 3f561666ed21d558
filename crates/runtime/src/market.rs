//! A market's agents in a file, and days they make.
//!
//! `market.toml` is what a calibration writes; a person may change any number in it. Read, it is checked as a whole.

use crate::facts::{Facts, Measure};
pub use sim::agents::Model;
use sim::agents::{Market, ModelError};
use std::path::{Path, PathBuf};
use types::instrument::Terms;
use types::{Contract, Depths, Event, Instrument, InstrumentError, InstrumentId, Nanos, Origin};

/// Why a file makes no market.
#[derive(Debug, thiserror::Error)]
pub enum MarketError {
    /// The file system said no.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// Not the TOML of a market.
    #[error("{name} is no market: {error}; `quoin calibrate RECORDING --out FILE` writes one")]
    Toml {
        /// Which file.
        name: String,
        /// What is wrong with it, and where.
        error: Box<toml::de::Error>,
    },
    /// Its numbers make no market.
    #[error("{name}: {error}")]
    Model {
        /// Which file.
        name: String,
        /// Which number.
        error: ModelError,
    },
    /// Its steps make no instrument.
    #[error("{name}: {error}")]
    Instrument {
        /// Which file.
        name: String,
        /// Why.
        error: InstrumentError,
    },
}

/// A market as its file has it.
#[derive(Clone, Debug)]
pub struct MarketFile {
    /// What to call it.
    pub name: String,
    /// All of the file.
    pub text: String,
    /// What it says.
    pub model: Model,
    /// What is traded.
    pub instrument: Instrument,
}

impl MarketFile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, or makes no market.
    pub fn read(path: &Path) -> Result<Self, MarketError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| MarketError::Io { path: path.into(), error })?;
        Self::parse(path.display().to_string(), text)
    }

    /// The same of a text.
    ///
    /// # Errors
    /// When it makes no market.
    pub fn parse(name: String, text: String) -> Result<Self, MarketError> {
        let model: Model = toml::from_str(&text)
            .map_err(|error| MarketError::Toml { name: name.clone(), error: Box::new(error) })?;
        model.check().map_err(|error| MarketError::Model { name: name.clone(), error })?;
        let instrument =
            instrument(&model).map_err(|error| MarketError::Instrument { name: name.clone(), error })?;
        Ok(Self { name, text, model, instrument })
    }

    /// The day of it that a run chose.
    ///
    /// # Errors
    /// Never for a model that was read: it was checked then.
    pub fn day(&self, chosen: &crate::config::Market) -> Result<Market, MarketError> {
        Market::new(&self.model, self.instrument.id(), chosen.seed, chosen.seconds())
            .map_err(|error| MarketError::Model { name: self.name.clone(), error })
    }
}

/// A model as a file.
#[must_use]
pub fn to_toml(model: &Model) -> String {
    let body = toml::to_string(model).expect("a model is numbers, texts and tables");
    format!(
        "# A market of agents, as `quoin calibrate` found it. `quoin generate --like FILE` makes a day of it,\n\
         # `quoin backtest --market FILE` trades in it, `quoin facts RECORDING FILE` compares.\n{body}"
    )
}

/// What is traded in a model's market.
///
/// # Errors
/// When its steps make no instrument.
pub fn instrument(model: &Model) -> Result<Instrument, InstrumentError> {
    let traded = &model.instrument;
    Instrument::new(Terms {
        id: InstrumentId(0),
        symbol: traded.symbol.clone(),
        venue: traded.venue.clone(),
        currency: traded.currency.clone(),
        contract: Contract::Linear,
        tick_nanos: traded.tick_nanos,
        lot_nanos: traded.lot_nanos,
        multiplier_nanos: traded.multiplier_nanos,
        depths: Depths::default(),
        origin: Origin::Definition,
    })
}

/// Lets a market run to its end without us; `each` sees every event.
pub fn play(market: &mut Market, mut each: impl FnMut(Nanos, &Event)) {
    let (mut events, mut answers) = (Vec::new(), Vec::new());
    while let Some(at) = market.next_at() {
        events.clear();
        market.step(&mut events, &mut answers);
        for event in &events {
            each(at, event);
        }
    }
}

/// The facts of a day that a model makes; `None` when its book was not sound for long enough.
///
/// # Errors
/// When the model makes no market.
pub fn facts(
    name: &str,
    model: &Model,
    seed: u64,
    seconds: Option<f64>,
    levels: usize,
) -> Result<Option<Facts>, ModelError> {
    let traded =
        instrument(model).map_err(|error| ModelError { key: "instrument", wanted: error.to_string() })?;
    let mut market = Market::new(model, traded.id(), seed, seconds)?;
    let mut measure = Measure::new(name, &traded, levels, [Nanos::MIN, Nanos::MAX]);
    play(&mut market, |at, event| measure.note(at, event));
    Ok(measure.finish())
}
