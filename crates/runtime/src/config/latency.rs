//! `[latency]` and `[[latency.venue]]`: how long messages travel, to which venue, and how that is spread.
//!
//! Each of the three ways (orders, answers, market data) has its own base and may have its own jitter; a venue may
//! have its own of everything. What is not said of a venue is as for all.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use sim::latency::{Delay, Shape};

/// `[latency]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Latency {
    /// From our decision to the venue's matching engine.
    pub order_ns: u64,
    /// From the matching engine back to us.
    pub response_ns: u64,
    /// From the matching engine's event to our decision.
    pub market_data_ns: u64,
    /// Added at random to each of the three.
    pub jitter_ns: u64,
    /// How the added time is distributed.
    pub jitter_shape: JitterShape,
    /// The gamma's shape.
    pub gamma_shape: f64,
    /// No message takes less.
    pub floor_ns: u64,
    /// For orders in place of `jitter_ns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_jitter_ns: Option<u64>,
    /// For orders in place of `jitter_shape`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_jitter_shape: Option<JitterShape>,
    /// For answers in place of `jitter_ns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_jitter_ns: Option<u64>,
    /// For answers in place of `jitter_shape`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_jitter_shape: Option<JitterShape>,
    /// For market data in place of `jitter_ns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data_jitter_ns: Option<u64>,
    /// For market data in place of `jitter_shape`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data_jitter_shape: Option<JitterShape>,
    /// Whether market data takes `market_data_ns`, or what the recording shows on top of its fastest messages.
    pub market_data: MarketDataLatency,
    /// A file of measured orders; empty for none.
    pub order_samples: String,
    /// Venues that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue: Vec<VenueLatency>,
}

/// The distribution of jitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JitterShape {
    /// None.
    Constant,
    /// Even on 0 to `jitter_ns`.
    Uniform,
    /// Exponential with mean `jitter_ns`.
    #[default]
    Exponential,
    /// Normal with deviation `jitter_ns`, either way.
    Normal,
    /// Gamma with scale `jitter_ns` and shape `gamma_shape`.
    Gamma,
}

impl JitterShape {
    /// As people and the configuration write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Uniform => "uniform",
            Self::Exponential => "exponential",
            Self::Normal => "normal",
            Self::Gamma => "gamma",
        }
    }
}

/// Where market-data latency comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketDataLatency {
    /// `market_data_ns` plus jitter.
    #[default]
    Modelled,
    /// `market_data_ns` plus what the recording's receive times show above the line of its fastest messages
    /// (`clock_skew`). That line itself is the skew between two clocks and a base latency, which a recording cannot
    /// tell apart.
    Recorded,
}

/// `[[latency.venue]]`: what is set here goes before `[latency]`, key by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the key of `Latency` of its name")]
pub struct VenueLatency {
    /// The venue, as instruments name it.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_shape: Option<JitterShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma_shape: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_jitter_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_jitter_shape: Option<JitterShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_jitter_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_jitter_shape: Option<JitterShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data_jitter_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data_jitter_shape: Option<JitterShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_data: Option<MarketDataLatency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_samples: Option<String>,
}

/// The keys of a `[[latency.venue]]`.
pub(super) const VENUE_KEYS: &[&str] = &[
    "name",
    "order_ns",
    "response_ns",
    "market_data_ns",
    "jitter_ns",
    "jitter_shape",
    "gamma_shape",
    "floor_ns",
    "order_jitter_ns",
    "order_jitter_shape",
    "response_jitter_ns",
    "response_jitter_shape",
    "market_data_jitter_ns",
    "market_data_jitter_shape",
    "market_data",
    "order_samples",
];

/// How long messages of one kind travel: what holds after all keys are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Journey {
    /// What every message needs.
    pub base_ns: u64,
    /// The scale of what varies.
    pub jitter_ns: u64,
    /// How that is spread.
    pub shape: JitterShape,
    /// The gamma's shape.
    pub gamma_shape: f64,
    /// No message takes less.
    pub floor_ns: u64,
}

impl Journey {
    /// As the simulation draws it.
    #[must_use]
    pub fn delay(&self) -> Delay {
        Delay {
            base_ns: span(self.base_ns),
            jitter_ns: span(self.jitter_ns),
            shape: match self.shape {
                JitterShape::Constant => Shape::Constant,
                JitterShape::Uniform => Shape::Uniform,
                JitterShape::Exponential => Shape::Exponential,
                JitterShape::Normal => Shape::Normal,
                JitterShape::Gamma => Shape::Gamma(self.gamma_shape),
            },
            floor_ns: span(self.floor_ns),
        }
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            order_ns: 500_000,
            response_ns: 500_000,
            market_data_ns: 500_000,
            jitter_ns: 100_000,
            jitter_shape: JitterShape::default(),
            gamma_shape: 2.0,
            floor_ns: 0,
            order_jitter_ns: None,
            order_jitter_shape: None,
            response_jitter_ns: None,
            response_jitter_shape: None,
            market_data_jitter_ns: None,
            market_data_jitter_shape: None,
            market_data: MarketDataLatency::default(),
            order_samples: String::new(),
            venue: Vec::new(),
        }
    }
}

impl Latency {
    /// What holds for the venues that an entry of the list is of: its own keys, and those for all.
    #[must_use]
    pub fn with(&self, own: &VenueLatency) -> Self {
        Self {
            order_ns: own.order_ns.unwrap_or(self.order_ns),
            response_ns: own.response_ns.unwrap_or(self.response_ns),
            market_data_ns: own.market_data_ns.unwrap_or(self.market_data_ns),
            jitter_ns: own.jitter_ns.unwrap_or(self.jitter_ns),
            jitter_shape: own.jitter_shape.unwrap_or(self.jitter_shape),
            gamma_shape: own.gamma_shape.unwrap_or(self.gamma_shape),
            floor_ns: own.floor_ns.unwrap_or(self.floor_ns),
            // A venue's own common jitter goes before one that is for all venues and one way.
            order_jitter_ns: own.order_jitter_ns.or(own.jitter_ns).or(self.order_jitter_ns),
            order_jitter_shape: own.order_jitter_shape.or(own.jitter_shape).or(self.order_jitter_shape),
            response_jitter_ns: own.response_jitter_ns.or(own.jitter_ns).or(self.response_jitter_ns),
            response_jitter_shape: own
                .response_jitter_shape
                .or(own.jitter_shape)
                .or(self.response_jitter_shape),
            market_data_jitter_ns: own.market_data_jitter_ns.or(own.jitter_ns).or(self.market_data_jitter_ns),
            market_data_jitter_shape: own
                .market_data_jitter_shape
                .or(own.jitter_shape)
                .or(self.market_data_jitter_shape),
            market_data: own.market_data.unwrap_or(self.market_data),
            order_samples: own.order_samples.clone().unwrap_or_else(|| self.order_samples.clone()),
            venue: Vec::new(),
        }
    }

    /// Orders.
    #[must_use]
    pub fn orders(&self) -> Journey {
        self.journey(self.order_ns, self.order_jitter_ns, self.order_jitter_shape)
    }

    /// Answers.
    #[must_use]
    pub fn answers(&self) -> Journey {
        self.journey(self.response_ns, self.response_jitter_ns, self.response_jitter_shape)
    }

    /// Market data, when it is modelled.
    #[must_use]
    pub fn market_data(&self) -> Journey {
        self.journey(self.market_data_ns, self.market_data_jitter_ns, self.market_data_jitter_shape)
    }

    fn journey(&self, base_ns: u64, jitter_ns: Option<u64>, shape: Option<JitterShape>) -> Journey {
        Journey {
            base_ns,
            jitter_ns: jitter_ns.unwrap_or(self.jitter_ns),
            shape: shape.unwrap_or(self.jitter_shape),
            gamma_shape: self.gamma_shape,
            floor_ns: self.floor_ns,
        }
    }

    pub(super) fn check(
        &self,
        at_least: impl Fn(&str, f64, f64) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        at_least("latency.gamma_shape", self.gamma_shape, 0.01)?;
        for (place, venue) in self.venue.iter().enumerate() {
            at_least("latency.venue.gamma_shape", venue.gamma_shape.unwrap_or(1.0), 0.01)?;
            let twice = self.venue[..place].iter().any(|other| other.name == venue.name);
            if venue.name.is_empty() || twice {
                return Err(ConfigError::OutOfRange {
                    key: "latency.venue.name".into(),
                    value: format!("`{}`", venue.name),
                    wanted: "each entry names a venue, and each venue has one entry".into(),
                });
            }
        }
        Ok(())
    }

    /// Every key but the list with a value.
    #[cfg(test)]
    pub(super) fn everything_set() -> Self {
        let shape = Some(JitterShape::Gamma);
        Self {
            order_ns: 1,
            response_ns: 2,
            market_data_ns: 3,
            jitter_ns: 4,
            jitter_shape: JitterShape::Normal,
            gamma_shape: 5.0,
            floor_ns: 6,
            order_jitter_ns: Some(7),
            order_jitter_shape: shape,
            response_jitter_ns: Some(8),
            response_jitter_shape: shape,
            market_data_jitter_ns: Some(9),
            market_data_jitter_shape: shape,
            market_data: MarketDataLatency::Recorded,
            order_samples: "x.csv".into(),
            venue: Vec::new(),
        }
    }
}

/// A configured span; 292 years are as good as for ever.
fn span(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    const WRITTEN: &str = r#"
        [latency]
        order_ns = 1_000
        jitter_ns = 100
        jitter_shape = "normal"
        floor_ns = 800
        response_jitter_shape = "gamma"
        gamma_shape = 3.0

        [[latency.venue]]
        name = "binance"
        order_ns = 5_000
        jitter_shape = "constant"
        market_data = "recorded"

        [[latency.venue]]
        name = "cme"
        response_jitter_ns = 7
    "#;

    #[test]
    fn ways_and_venues_are_apart() {
        let all = Config::parse(WRITTEN).expect("valid").latency;
        let [binance, cme] = &all.venue[..] else { panic!("two venues: {:?}", all.venue) };
        let (binance, cme) = (all.with(binance), all.with(cme));
        let cases = [
            (all.orders().delay(), 1_000, 100, Shape::Normal),
            (all.answers().delay(), 500_000, 100, Shape::Gamma(3.0)),
            (all.market_data().delay(), 500_000, 100, Shape::Normal),
            (binance.orders().delay(), 5_000, 100, Shape::Constant),
            (binance.answers().delay(), 500_000, 100, Shape::Constant),
            (cme.orders().delay(), 1_000, 100, Shape::Normal),
            (cme.answers().delay(), 500_000, 7, Shape::Gamma(3.0)),
        ];
        for (row, (found, base_ns, jitter_ns, shape)) in cases.into_iter().enumerate() {
            assert_eq!(found, Delay { base_ns, jitter_ns, shape, floor_ns: 800 }, "row {row}");
        }
        assert_eq!(binance.market_data, MarketDataLatency::Recorded);
        assert_eq!(cme.market_data, MarketDataLatency::Modelled);
        let again = Config::parse(&Config { latency: all.clone(), ..Config::default() }.to_toml());
        assert_eq!(again.expect("our own form").latency, all);
    }

    #[test]
    fn every_key_of_a_venue_is_known_and_goes_before_those_for_all() {
        let set = Latency::everything_set();
        let own = VenueLatency {
            name: "x".into(),
            order_ns: Some(set.order_ns),
            response_ns: Some(set.response_ns),
            market_data_ns: Some(set.market_data_ns),
            jitter_ns: Some(set.jitter_ns),
            jitter_shape: Some(set.jitter_shape),
            gamma_shape: Some(set.gamma_shape),
            floor_ns: Some(set.floor_ns),
            order_jitter_ns: set.order_jitter_ns,
            order_jitter_shape: set.order_jitter_shape,
            response_jitter_ns: set.response_jitter_ns,
            response_jitter_shape: set.response_jitter_shape,
            market_data_jitter_ns: set.market_data_jitter_ns,
            market_data_jitter_shape: set.market_data_jitter_shape,
            market_data: Some(set.market_data),
            order_samples: Some(set.order_samples.clone()),
        };
        assert_eq!(Latency::default().with(&own), set);
        assert_eq!(set.with(&VenueLatency::default()), set);
        let keys = toml::Table::try_from(&own).expect("a table");
        let mut keys: Vec<&str> = keys.keys().map(String::as_str).collect();
        let mut listed = VENUE_KEYS.to_vec();
        keys.sort_unstable();
        listed.sort_unstable();
        assert_eq!(keys, listed);
    }

    #[test]
    fn a_venue_is_named_once() {
        for text in [
            "[[latency.venue]]\nname = \"\"\n",
            "[[latency.venue]]\nname = \"a\"\n[[latency.venue]]\nname = \"a\"\n",
        ] {
            let error = Config::parse(text).expect_err(text).to_string();
            assert!(error.starts_with("`latency.venue.name` is"), "{error}");
        }
        assert!(Config::parse("[latency]\ngamma_shape = 0.0\n").is_err());
    }
}
