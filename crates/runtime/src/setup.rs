//! Everything a run is made of, as its journal keeps it: a journal alone reproduces its run.

use crate::calendar::Sessions;
use crate::config::{Chosen, Config, ConfigError, QueueModelName, SelfMatchName, strategy_values};
use crate::currency::{CurrencyError, account};
use crate::order_latency::{OrderSamples, OrderSamplesError};
use crate::routes::{OrderWay, Ways, order_files};
use engine::{AccountTerms, Engine, EngineConfig, Seat, Strategy};
use risk::{Limits, LimitsError};
use serde::{Deserialize, Serialize};
use sim::venue::impact::ImpactTerms;
use sim::venue::{QueueModel, SelfMatch, Venue, VenueConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use stdx::Prng;
use strategies::rolling::Rolling;
use types::fees::BASIS_POINT_PPB;
use types::{FeeSchedule, Instrument, InstrumentId, Lots, Nanos};

/// The version of this layout. A journal of another version is refused with advice.
pub const SETUP_VERSION: u32 = 1;

/// One recording a run was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// As the user named it.
    pub name: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// BLAKE3 of them.
    pub blake3: String,
}

/// One strategy and what it may trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrategySetup {
    /// Its name in the list of strategies.
    pub name: String,
    /// What the report calls it; empty when it is the only one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Every parameter, defaults included: a changed default does not change an old run.
    pub values: BTreeMap<String, f64>,
    /// What it trades.
    pub traded: Vec<InstrumentId>,
}

impl StrategySetup {
    /// Whether it came from outside the list.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        self.name.contains(OUTSIDE)
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }
}

/// Everything a run is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// See [`SETUP_VERSION`].
    pub version: u32,
    /// Quoin's own version.
    pub quoin: String,
    /// The configuration, every key.
    pub config: Config,
    /// By id.
    pub instruments: Vec<Instrument>,
    /// By strategy id.
    pub strategies: Vec<StrategySetup>,
    /// The recordings, in the order given.
    pub data: Vec<DataFile>,
    /// Files of measured orders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order_samples: Vec<DataFile>,
    /// What calendars say of the run.
    #[serde(default, skip_serializing_if = "Sessions::is_empty")]
    pub sessions: Sessions,
}

/// Why a setup does not make a run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Not the JSON it should be.
    #[error("the journal's configuration cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Of another layout.
    #[error(
        "the journal's configuration has version {found}, this program reads {SETUP_VERSION}; use Quoin {quoin}"
    )]
    Version {
        /// Its layout.
        found: u32,
        /// The Quoin that wrote it.
        quoin: String,
    },
    /// Values this program does not take.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A strategy this program does not have.
    #[error("there is no strategy `{0}` in this program; the journal was written by another one")]
    NoSuchStrategy(String),
    /// A strategy that came from outside the list, and with it its code.
    #[error(
        "the strategy `{0}` is code from outside this program, so its answers cannot be asked for here; whoever has \
         that code can: in Python, `quoin.verify(folder, strategy)`"
    )]
    Outside(String),
    /// Limits of somebody who is not there.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// An account that cannot be counted.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
    /// A generated market where only recordings run.
    #[error("[market] model names a generated market; `quoin backtest` runs in one, and only it")]
    MarketElsewhere,
    /// Measured orders that cannot be used.
    #[error(transparent)]
    OrderSamples(#[from] OrderSamplesError),
    /// Measured orders of another day.
    #[error(
        "{}: its orders are of {measured}, the recordings of {recorded}: no latency of the run was measured; move \
         its times or leave out latency.order_samples", path.display()
    )]
    OrderSamplesElsewhere {
        /// Which file.
        path: PathBuf,
        /// When it is of.
        measured: String,
        /// When the recordings are of.
        recorded: String,
    },
}

/// Stands in the name of every strategy from outside the list, and in none of the list's: `python:touch.Touch`.
const OUTSIDE: char = ':';

impl Setup {
    /// A run of the configured strategies over the instruments; `traded` says what each trades, in their order.
    ///
    /// # Errors
    /// When the configuration names what there is not.
    pub fn new(
        config: Config,
        instruments: Vec<Instrument>,
        traded: Vec<Vec<InstrumentId>>,
        data: Vec<DataFile>,
    ) -> Result<Self, SetupError> {
        let all: Vec<InstrumentId> = traded.iter().flatten().copied().collect();
        account(&config, &instruments, &all)?;
        let seated = |(one, traded): (Chosen<'_>, Vec<InstrumentId>)| {
            let values = one.values.iter().map(|(p, value)| (p.name.to_string(), value)).collect();
            StrategySetup { name: one.spec.name.into(), label: one.label, values, traded }
        };
        let strategies = config.strategies()?.into_iter().zip(traded).map(seated).collect();
        let files = order_files(&config);
        let order_samples = files.iter().map(|path| order_file(path)).collect::<Result<_, _>>()?;
        Ok(Self {
            version: SETUP_VERSION,
            quoin: env!("CARGO_PKG_VERSION").into(),
            config,
            instruments,
            strategies,
            data,
            order_samples,
            sessions: Sessions::default(),
        })
    }

    /// Everything that any strategy trades, once each, in the order in which they first name it.
    #[must_use]
    pub fn traded(&self) -> Vec<InstrumentId> {
        let mut traded = Vec::new();
        for id in self.strategies.iter().flat_map(|strategy| &strategy.traded) {
            if !traded.contains(id) {
                traded.push(*id);
            }
        }
        traded
    }

    /// As a journal keeps it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("every field has a JSON form")
    }

    /// Stands for all a run is made of: its configuration, instruments, data and the version of its form. What has
    /// another hash is another run, and does not go on where this one stopped.
    #[must_use]
    pub fn hash(&self) -> String {
        blake3::hash(self.to_json().as_bytes()).to_hex().to_string()
    }

    /// Reads what a journal keeps.
    ///
    /// # Errors
    /// When it is not a setup of this version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SetupError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
            quoin: String,
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.version != SETUP_VERSION {
            return Err(SetupError::Version { found: head.version, quoin: head.quoin });
        }
        let setup: Self = serde_json::from_slice(bytes)?;
        account(&setup.config, &setup.instruments, &setup.traded())?;
        Ok(setup)
    }

    /// What the account counts in.
    #[must_use]
    pub fn currency(&self) -> String {
        self.account().currency
    }

    fn account(&self) -> AccountTerms {
        account(&self.config, &self.instruments, &self.traded())
            .expect("asked when the setup was made or read")
    }

    /// The engine of this run, before its first input.
    ///
    /// # Errors
    /// When a strategy or a parameter is unknown to this program.
    pub fn engine(&self) -> Result<Engine, SetupError> {
        self.limits()?;
        let mut seats = Vec::new();
        for (at, setup) in self.strategies.iter().enumerate() {
            let spec = strategies::find(&setup.name).ok_or_else(|| match setup.is_outside() {
                true => SetupError::Outside(setup.name.clone()),
                false => SetupError::NoSuchStrategy(setup.name.clone()),
            })?;
            let given = setup.values.iter().map(|(name, value)| (name.as_str(), *value));
            let values = strategy_values(spec, given)?;
            let strategy = self.strategy(at, spec, values, &setup.traded);
            seats.push(Seat { strategy, instruments: setup.traded.clone() });
        }
        Ok(self.engine_with(seats))
    }

    /// A strategy over what it trades: over the chains among it one contract after the other.
    fn strategy(
        &self,
        at: usize,
        spec: &'static strategies::Spec,
        values: strategies::Values,
        traded: &[InstrumentId],
    ) -> Box<dyn Strategy> {
        let own = self.config.trading.strategies.get(at).map(|entry| &entry.symbols);
        let symbols = own.filter(|own| !own.is_empty()).unwrap_or(&self.config.trading.symbols);
        let rolls = self.config.roll.iter().filter(|roll| symbols.contains(&roll.name));
        let chains: Vec<_> = rolls.map(|roll| roll.chain(&self.instruments, &self.sessions.days)).collect();
        if chains.is_empty() {
            return (spec.make)(&values, &self.instruments, traded);
        }
        let is_beside = |id: &&InstrumentId| chains.iter().all(|chain| !chain.contracts.contains(id));
        let beside = traded.iter().filter(is_beside).copied().collect();
        let instruments = self.instruments.clone();
        let make = Box::new(move |traded: &[InstrumentId]| (spec.make)(&values, &instruments, traded));
        Box::new(Rolling::new(chains, beside, Lots(self.config.risk.max_order_size), make))
    }

    /// The same engine with other strategies: those of a caller that are in no list.
    #[must_use]
    pub fn engine_with(&self, seats: Vec<Seat>) -> Engine {
        let mut engine = Engine::new(EngineConfig {
            instruments: self.instruments.clone(),
            limits: self.limits().expect("a setup was checked when it was made"),
            fees: self.instruments.iter().map(|instrument| self.fees(instrument)).collect(),
            account: self.account(),
            kill_switch: self.config.risk.kill_switch,
            seats,
        });
        engine.keep_days(self.sessions.days.clone());
        engine
    }

    /// The same with the one strategy that [`seat_outside`](Self::seat_outside) named.
    #[must_use]
    pub fn engine_of(&self, strategy: Box<dyn Strategy>) -> Engine {
        self.engine_with(vec![Seat { strategy, instruments: self.traded() }])
    }

    /// Puts a strategy from outside the list in the place of the configured one. Its name begins with whose it is
    /// (`python:`), so that a journal says where its code was. See [`Setup::engine_of`].
    ///
    /// # Panics
    /// When the name has no such beginning.
    pub fn seat_outside(&mut self, name: &str, values: BTreeMap<String, f64>) {
        assert!(name.contains(OUTSIDE), "{name} does not say whose it is");
        let traded = self.traded();
        self.config.trading.strategy = name.into();
        self.config.trading.strategies.clear();
        self.config.strategy.clear();
        self.strategies = vec![StrategySetup { name: name.into(), label: String::new(), values, traded }];
    }

    /// The simulated venue of this run.
    #[must_use]
    pub fn venue(&self) -> Venue {
        let venue = &self.config.venue;
        let queue = match venue.queue_model {
            QueueModelName::Pessimistic => QueueModel::Pessimistic,
            QueueModelName::Power => QueueModel::Power { exponent: venue.queue_exponent },
            QueueModelName::Logarithmic => QueueModel::Log { unit: venue.queue_unit },
            QueueModelName::PowerOfSum => QueueModel::PowerOfSum { exponent: venue.queue_exponent },
            QueueModelName::LogarithmicOfSum => QueueModel::LogOfSum { unit: venue.queue_unit },
            QueueModelName::PowerOfShare => QueueModel::PowerOfShare { exponent: venue.queue_exponent },
        };
        let (partial_fills, reject_ppm) = (venue.partial_fills, venue.reject_ppm);
        let self_match = match venue.self_match {
            SelfMatchName::CancelNewest => SelfMatch::CancelNewest,
            SelfMatchName::CancelOldest => SelfMatch::CancelOldest,
            SelfMatchName::CancelBoth => SelfMatch::CancelBoth,
            SelfMatchName::Decrement => SelfMatch::Decrement,
        };
        let impact = (venue.impact_ticks_per_lot > 0.0).then(|| ImpactTerms {
            ticks_per_lot: venue.impact_ticks_per_lot,
            decay: Nanos(rounded(venue.impact_decay_seconds * 1e9)),
        });
        let config = VenueConfig {
            queue,
            partial_fills,
            reject_ppm,
            self_match,
            auctions: venue.auctions,
            impact,
            large_share: venue.large_order_share,
            depth_max: None,
        };
        let mut simulated = Venue::new(&self.instruments, config, self.chance("venue"));
        simulated.keep_days(self.sessions.days.clone());
        for instrument in &self.instruments {
            let terms = venue.allocation_of(&instrument.terms().symbol);
            simulated.allocate(instrument.id(), terms.rule(), terms.allocation_lmm_percent);
            let (funding, borrow) = (&self.config.funding, &self.config.borrow);
            simulated.charge(instrument.id(), funding.terms(instrument), borrow.terms(instrument));
        }
        simulated
    }

    /// Which way messages travel.
    #[must_use]
    pub fn ways(&self) -> Ways {
        Ways::new(&self.config.latency, &self.instruments)
    }

    /// How orders and answers travel, by way.
    ///
    /// # Errors
    /// When a file of measured orders cannot be read.
    pub fn order_ways(&self) -> Result<Vec<OrderWay>, SetupError> {
        Ok(self.ways().orders(&self.root())?)
    }

    /// Whether measured orders are of the time that was recorded.
    ///
    /// # Errors
    /// When a file's times and the recordings' (first and last of each) have nothing in common.
    pub fn check_order_samples(&self, spans: impl Iterator<Item = (Nanos, Nanos)>) -> Result<(), SetupError> {
        let Some(recorded) = spans.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1))) else {
            return Ok(());
        };
        for path in order_files(&self.config) {
            let measured = OrderSamples::read(&path)?.entry.span();
            // An order sent well after the last measured one would take what that one took: an honest guess within
            // the run, none at all across days.
            if measured.1 < recorded.0 || measured.0 > recorded.1 {
                let (measured, recorded) = (span_text(measured), span_text(recorded));
                return Err(SetupError::OrderSamplesElsewhere { path, measured, recorded });
            }
        }
        Ok(())
    }

    /// What all chance of this run is forked from.
    #[must_use]
    pub fn root(&self) -> Prng {
        Prng::new(self.config.trading.seed)
    }

    fn chance(&self, name: &str) -> Prng {
        self.root().fork(name)
    }

    fn fees(&self, instrument: &Instrument) -> FeeSchedule {
        let fees = self.config.fees.of(&instrument.terms().venue);
        FeeSchedule {
            maker_ppb: rounded(fees.maker_bp * to_f64(BASIS_POINT_PPB)),
            taker_ppb: rounded(fees.taker_bp * to_f64(BASIS_POINT_PPB)),
            per_lot_nanos: rounded(fees.exchange_fee_per_lot * 1e9),
            order_min_nanos: rounded(fees.order_fee_min * 1e9),
            order_max_ppb: rounded(fees.order_fee_max_percent * 1e7),
        }
    }

    /// What everybody may do, for the strategies of this run.
    ///
    /// # Errors
    /// When it names what is not in this run.
    pub fn limits(&self) -> Result<Limits, SetupError> {
        let labels: Vec<&str> = self.strategies.iter().map(StrategySetup::label).collect();
        let mut limits = self.config.risk.limits(&labels)?;
        self.config.risk.model(&mut limits, &self.instruments)?;
        limits.validate(&self.instruments)?;
        Ok(limits)
    }
}

#[expect(clippy::cast_precision_loss, reason = "small constants")]
fn to_f64(value: i64) -> f64 {
    value as f64
}

/// To the nearest whole number; configuration was checked to be finite and is far below 2⁵³.
#[expect(clippy::cast_possible_truncation, reason = "saturates, and configuration is bounded")]
fn rounded(value: f64) -> i64 {
    value.round() as i64
}

fn order_file(path: &Path) -> Result<DataFile, OrderSamplesError> {
    let bytes =
        std::fs::read(path).map_err(|error| OrderSamplesError::Io { path: path.to_path_buf(), error })?;
    OrderSamples::parse(path, &bytes)?;
    let blake3 = blake3::hash(&bytes).to_hex().to_string();
    Ok(DataFile { name: path.display().to_string(), bytes: bytes.len() as u64, blake3 })
}

fn span_text((from, to): (Nanos, Nanos)) -> String {
    format!("{} to {}", crate::moment::rfc3339(from), crate::moment::rfc3339(to))
}
