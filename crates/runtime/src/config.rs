//! A run's configuration: TOML in, checked values out.
//!
//! One list of keys ([`KEYS`]) and one set of defaults ([`Config::default`]) give the commented file that
//! `quoin config --print` writes, the check for unknown keys, and its advice.

mod allocation;
mod carry;
mod fees;
mod journal;
mod keys;
mod latency;
mod model;
mod print;
mod risk;
mod roll;
mod strategies;

use crate::calendar::{self, CalendarTerms, HaltTerms};
pub use allocation::{AllocationName, AllocationTerms, InstrumentAllocation};
pub use carry::{Borrow, Funding, InstrumentBorrow, InstrumentFunding};
pub use fees::{FeeTier, Fees, VenueFees};
pub use journal::{DurabilityName, Journal};
pub use keys::{KEYS, Key};
pub use latency::{JitterShape, Journey, Latency, MarketDataLatency, VenueLatency};
pub use model::{CorrelationEntry, LotEntry};
pub use risk::{Amount, LimitMap, PersonEntry, Risk, RiskEntry};
pub use roll::{RollRule, RollTerms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
pub use strategies::{Chosen, StrategyEntry};

/// Everything a user can choose about a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What to trade, with what.
    pub trading: Trading,
    /// How long messages travel.
    pub latency: Latency,
    /// What the simulated venue does.
    pub venue: Venue,
    /// A market of agents, in place of recordings.
    pub market: Market,
    /// What stops an order.
    pub risk: Risk,
    /// What a fill costs.
    pub fees: Fees,
    /// What perpetuals pay at their moments.
    pub funding: Funding,
    /// What a day of holding costs.
    pub borrow: Borrow,
    /// Parameters by strategy name; what is absent has the strategy's default.
    pub strategy: BTreeMap<String, BTreeMap<String, f64>>,
    /// What the report shows.
    pub report: Report,
    /// How the journal is kept.
    pub journal: Journal,
    /// What other currencies are worth in the account's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub currency: Vec<CurrencyRate>,
    /// Terms of instruments whose data does not define them.
    pub instrument: Vec<InstrumentTerms>,
    /// Sessions beside the built-in ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calendar: Vec<CalendarTerms>,
    /// Contracts that are traded one after the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roll: Vec<RollTerms>,
}

/// `[trading]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trading {
    /// Which strategy.
    pub strategy: String,
    /// Which symbols; none means the most active one.
    pub symbols: Vec<String>,
    /// What the account counts in; empty is what the first instrument traded settles in.
    pub currency: String,
    /// In the account's currency.
    pub initial_capital: f64,
    /// For everything that is left to chance.
    pub seed: u64,
    /// Several strategies, in the place of the one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strategies: Vec<StrategyEntry>,
}

/// `[venue]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Venue {
    /// Who cancels in front of us, when the data does not say.
    pub queue_model: QueueModelName,
    /// For the power models.
    pub queue_exponent: f64,
    /// For the logarithmic models: the lots that count as one.
    pub queue_unit: f64,
    /// Who at one price gets how much of an incoming order.
    #[serde(flatten)]
    pub allocation: AllocationTerms,
    /// Whether an order may fill in parts.
    pub partial_fills: bool,
    /// How many of a million new orders the venue refuses for no reason of ours.
    pub reject_ppm: u32,
    /// What keeps us from trading with ourselves.
    pub self_match: SelfMatchName,
    /// Whether orders may be entered before the open, for the auction.
    pub auctions: bool,
    /// Orders for more than this share of what is shown are counted and named in the report; 0 for none.
    pub large_order_share: f64,
    /// Price steps by which each lot we take shifts the market against us.
    pub impact_ticks_per_lot: f64,
    /// How long such a shift takes to fall to 1/e.
    pub impact_decay_seconds: f64,
    /// Which session calendar holds where the data says nothing of phases: "off", "auto", or a name.
    pub calendar: String,
    /// Instruments that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instrument: Vec<InstrumentAllocation>,
    /// Halts that never were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub halt: Vec<HaltTerms>,
}

/// `[market]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Market {
    /// The file of `quoin calibrate`; empty is none.
    pub model: String,
    /// Which of its days.
    pub seed: u64,
    /// How long it lasts; 0 is as long as the model says.
    pub hours: f64,
}

impl Market {
    /// How long the session is, if not as long as the model says.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        (self.hours > 0.0).then_some(self.hours * 3_600.0)
    }
}

impl Default for Market {
    fn default() -> Self {
        Self { model: String::new(), seed: 1, hours: 0.0 }
    }
}

/// A queue-position model for price-level data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueModelName {
    /// Every cancel is behind us, as long as there is anybody: fills come late, never early.
    #[default]
    Pessimistic,
    /// A cancel is ahead in proportion to (quantity ahead)^exponent.
    Power,
    /// A cancel is ahead in proportion to ln(1 + quantity ahead).
    Logarithmic,
    /// A cancel is behind by (behind / all)^exponent: hftbacktest's PowerProbQueueFunc2.
    PowerOfSum,
    /// A cancel is behind by ln(1 + behind) / ln(1 + all): hftbacktest's LogProbQueueFunc2.
    LogarithmicOfSum,
    /// A cancel is ahead by (ahead / all)^exponent: hftbacktest's PowerProbQueueFunc3.
    PowerOfShare,
}

/// What gives way when two orders of ours would trade with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfMatchName {
    /// The incoming one is refused.
    #[default]
    CancelNewest,
    /// The resting one is cancelled.
    CancelOldest,
    /// Both are cancelled.
    CancelBoth,
    /// Both lose the size of the smaller one.
    Decrement,
}

/// `[report]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// How long after a fill the mid is looked at to tell adverse selection from inventory.
    pub adverse_selection_seconds: f64,
    /// The report's heading.
    pub title: String,
}

/// `[[currency]]`: what one unit of it is worth in the account's currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurrencyRate {
    /// As instruments name it.
    pub code: String,
    /// A fixed rate.
    #[serde(default)]
    pub rate: f64,
    /// In its place the mid of an instrument of the run: a symbol, or `venue/symbol`.
    #[serde(default)]
    pub instrument: String,
    /// Whether that says how many of it one unit of the account's currency is worth.
    #[serde(default)]
    pub inverse: bool,
}

/// `[[instrument]]`: terms the data does not give. Numbers are decimal texts, exact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentTerms {
    /// As the data names it.
    pub symbol: String,
    /// Price step.
    #[serde(default)]
    pub tick: Option<String>,
    /// Size step.
    #[serde(default)]
    pub lot: Option<String>,
    /// Currency per price unit and contract.
    #[serde(default)]
    pub multiplier: Option<String>,
    /// What P&L is counted in.
    #[serde(default)]
    pub currency: Option<String>,
}

impl Default for Trading {
    fn default() -> Self {
        Self {
            strategy: "glft".into(),
            symbols: Vec::new(),
            currency: String::new(),
            initial_capital: 1_000_000.0,
            seed: 1,
            strategies: Vec::new(),
        }
    }
}

impl Default for Venue {
    fn default() -> Self {
        Self {
            queue_model: QueueModelName::default(),
            queue_exponent: 3.0,
            queue_unit: 1.0,
            allocation: AllocationTerms::default(),
            partial_fills: true,
            reject_ppm: 0,
            self_match: SelfMatchName::default(),
            auctions: false,
            large_order_share: 0.25,
            impact_ticks_per_lot: 0.0,
            impact_decay_seconds: 60.0,
            calendar: "off".into(),
            instrument: Vec::new(),
            halt: Vec::new(),
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self { adverse_selection_seconds: 10.0, title: "Quoin backtest".into() }
    }
}

/// Why a configuration is refused. Each says where, and what to write instead.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// Not TOML, or a value of the wrong kind.
    #[error("{0}")]
    Toml(String),
    /// A key nobody reads.
    #[error("line {line}: unknown key `{key}`{}", advice(.nearest.as_deref()))]
    UnknownKey {
        /// With its section.
        key: String,
        /// Where, from 1; 0 when the place is not known.
        line: usize,
        /// The known key that is most like it.
        nearest: Option<String>,
    },
    /// A value outside what makes sense.
    #[error("`{key}` is {value}: {wanted}")]
    OutOfRange {
        /// With its section.
        key: String,
        /// As given.
        value: String,
        /// What would do.
        wanted: String,
    },
    /// Parameters a strategy does not take.
    #[error("[{section}]: {what}")]
    Strategy {
        /// Its section.
        section: String,
        /// What is wrong.
        what: String,
    },
}

fn advice(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => "; `quoin config --print` lists the known ones".into(),
    }
}

/// The entry of a list that is of this venue: `binance` is every market of Binance's, unless one (`binance-usdm`) has
/// an entry of its own.
pub(crate) fn entry_of<'a, T>(venue: &str, entries: &'a [T], name: impl Fn(&T) -> &str) -> Option<&'a T> {
    let whole = |entry: &&T| venue.strip_prefix(name(entry)).is_some_and(|rest| rest.starts_with('-'));
    entries.iter().find(|entry| name(entry) == venue).or_else(|| entries.iter().find(whole))
}

/// The name most like `name`, if any is like it at all.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_string())
}

impl Config {
    /// Reads and checks a configuration; what is absent has its default.
    ///
    /// # Errors
    /// When it is not TOML, has a key nobody reads, or a value outside its range.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| ConfigError::Toml(error.to_string()))?;
        keys::refuse_unknown(&table, text)?;
        let mut config: Self = toml::from_str(text).map_err(|error| ConfigError::Toml(error.to_string()))?;
        config.risk.fill();
        config.check()?;
        Ok(config)
    }

    /// As TOML, every key written out: what a journal keeps.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every field has a TOML form")
    }

    /// The parameters of a strategy: its defaults, overlaid with `[strategy.NAME]`.
    ///
    /// # Errors
    /// When a value is outside its parameter's range.
    pub fn values(&self, spec: &'static ::strategies::Spec) -> Result<::strategies::Values, ConfigError> {
        let given = self.strategy.get(spec.name).into_iter().flatten();
        strategy_values(spec, given.map(|(name, value)| (name.as_str(), *value)))
    }

    /// The strategy it names.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn spec(&self) -> Result<&'static ::strategies::Spec, ConfigError> {
        strategies::spec_of("trading.strategy", &self.trading.strategy)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let at_least = |key: &str, value: f64, least: f64| {
            // Written so that NaN is refused too.
            if value >= least && value.is_finite() {
                return Ok(());
            }
            Err(ConfigError::OutOfRange {
                key: key.into(),
                value: value.to_string(),
                wanted: format!("must be a number, {least} or more"),
            })
        };
        at_least("trading.initial_capital", self.trading.initial_capital, 0.0)?;
        at_least("venue.queue_exponent", self.venue.queue_exponent, 0.0)?;
        at_least("risk.max_order_notional", self.risk.max_order_notional, 0.0)?;
        at_least("risk.max_daily_loss", self.risk.max_daily_loss, 0.0)?;
        at_least("risk.max_drawdown", self.risk.max_drawdown, 0.0)?;
        self.risk.check()?;
        self.fees.check(at_least)?;
        self.funding.check(at_least)?;
        for entry in self.currency.iter().filter(|entry| entry.instrument.is_empty()) {
            at_least("currency.rate", entry.rate, 1e-12)?;
        }
        self.borrow.check(at_least)?;
        at_least("report.adverse_selection_seconds", self.report.adverse_selection_seconds, 0.001)?;
        self.latency.check(at_least)?;
        at_least("venue.queue_unit", self.venue.queue_unit, 1e-9)?;
        at_least("venue.large_order_share", self.venue.large_order_share, 0.0)?;
        at_least("venue.impact_ticks_per_lot", self.venue.impact_ticks_per_lot, 0.0)?;
        at_least("venue.impact_decay_seconds", self.venue.impact_decay_seconds, 1e-6)?;
        self.venue.check()?;
        self.journal.check(at_least)?;
        calendar::check(self)?;
        roll::check(self)?;
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        for (key, value) in [
            ("risk.max_order_size", self.risk.max_order_size as f64),
            ("risk.max_position", self.risk.max_position as f64),
        ] {
            at_least(key, value, 0.0)?;
        }
        self.strategies().map(|_| ())
    }
}

/// A strategy's parameters: its defaults with what is given in their place.
///
/// # Errors
/// When a name is unknown or a value out of its range.
pub fn strategy_values<'a>(
    spec: &'static ::strategies::Spec,
    given: impl Iterator<Item = (&'a str, f64)>,
) -> Result<::strategies::Values, ConfigError> {
    ::strategies::Values::new(spec, given).map_err(|error| ConfigError::Strategy {
        section: format!("strategy.{}", spec.name),
        what: error.to_string(),
    })
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    all.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_what_holds() {
        let printed = Config::print_defaults();
        let read = Config::parse(&printed).expect("our own defaults are valid");
        assert_eq!(Config { strategy: BTreeMap::new(), ..read }, Config::default());
        assert_eq!(Config::parse(""), Ok(Config::default()));
        assert_eq!(Config::parse(&Config::default().to_toml()), Ok(Config::default()));
    }

    #[test]
    fn every_key_is_listed_once() {
        // What is not set has no form: set here, and a new key fails to compile until it is.
        let latency = Latency::everything_set();
        let defaults = toml::Table::try_from(Config { latency, ..Config::default() }).expect("a table");
        let mut have: Vec<(String, String)> = Vec::new();
        for (section, keys) in
            defaults.iter().filter(|(name, _)| *name != "strategy" && *name != "instrument")
        {
            let plain = keys.as_table().expect("a section").iter().filter(|(_, value)| !value.is_table());
            for (key, _) in plain {
                have.push((section.clone(), key.clone()));
            }
        }
        let mut listed: Vec<_> = KEYS.iter().map(|k| (k.0.to_string(), k.1.to_string())).collect();
        have.sort();
        listed.sort();
        assert_eq!(listed, have);
    }

    #[test]
    fn the_key_of_calendars_names_every_built_in_one() {
        let about = KEYS.iter().find(|key| (key.0, key.1) == ("venue", "calendar")).expect("listed").2;
        for spec in calendar::list::ALL {
            assert!(about.contains(spec.name), "{}", spec.name);
        }
    }

    fn check(text: &str, message: &str) {
        assert_eq!(Config::parse(text).expect_err(text).to_string(), message);
    }

    #[test]
    fn o_07_unknown_keys_name_the_nearest_known_one() {
        check(
            "[risk]\nmax_postion = 3\n",
            "line 2: unknown key `risk.max_postion`; did you mean `risk.max_position`?",
        );
        check(
            "[trading]\nsymbols = []\n\n[latncy]\norder_ns = 3\n",
            "line 4: unknown key `latncy`; did you mean `latency`?",
        );
        check(
            "[fees]\nqqq = 1\n",
            "line 2: unknown key `fees.qqq`; `quoin config --print` lists the known ones",
        );
        check("[risk]\nseed = 1\n", "line 2: unknown key `risk.seed`; did you mean `trading.seed`?");
        check(
            "[[instrument]]\nsymbol = \"X\"\ntik = \"1\"\n",
            "line 3: unknown key `instrument.tik`; did you mean `instrument.tick`?",
        );
        check(
            "[[latency.venue]]\nname = \"x\"\nordr_ns = 1\n",
            "line 3: unknown key `latency.venue.ordr_ns`; did you mean `latency.venue.order_ns`?",
        );
        check(
            "[strategy.glfd]\ngamma = 1\n",
            "line 1: unknown key `strategy.glfd`; did you mean `strategy.glft`?",
        );
    }

    #[test]
    fn o_07_a_wrong_unit_or_kind_of_value_is_refused_with_its_place() {
        // Units end the names of keys: another unit is another key, and the right one is named.
        check(
            "[latency]\norder_ms = 1\n",
            "line 2: unknown key `latency.order_ms`; did you mean `latency.order_ns`?",
        );
        for (line, text) in [
            (2, "[latency]\norder_ns = \"1ms\"\n"),
            (3, "[risk]\nmax_position = 5\nmax_daily_loss = \"1000 USD\"\n"),
            (2, "[trading]\nsymbols = \"ESH6\"\n"),
        ] {
            let said = Config::parse(text).expect_err(text).to_string();
            assert!(said.contains(&format!("line {line}")), "{text}: {said}");
        }
        // And with the right ones it starts.
        assert!(Config::parse("[latency]\norder_ns = 1000000\n").is_ok());
    }

    #[test]
    fn o_07_values_outside_their_range_are_refused() {
        check("[trading]\nstrategy = \"gltf\"\n", "`trading.strategy` is `gltf`: did you mean `glft`?");
        check(
            "[trading]\ninitial_capital = nan\n",
            "`trading.initial_capital` is NaN: must be a number, 0 or more",
        );
        check("[risk]\nmax_position = -1\n", "`risk.max_position` is -1: must be a number, 0 or more");
        assert!(Config::parse("[risk]\nmax_position = \"many\"\n").is_err());
        assert!(Config::parse("[risk\n").is_err());
    }
}
