//! Every strategy there is, as one table: configuration, manual and command line are made from it.
//!
//! | unit | of |
//! |---|---|
//! | `lots` | sizes and positions: whole counts of the instrument's size step |
//! | `s` | spans of time |
//! | `currency` | money of the instrument's own currency |
//! | `×k` | γ, as a multiple of the estimated k |
//! | `arrivals` | a span of time, as the mean time between this many arrivals: `n / A` |
//! | `share` | a part of something named in the parameter's text |
//!
//! **Inventory and risk aversion.** The formulas count inventory in orders: `q = position / order_size`, so the
//! size of an order does not change where it is quoted. Their γ has the unit 1 / (tick · order), and a number
//! that suits a future with a tick of 12.5 dollars is absurd for a coin with a tick of ten cents. `risk_aversion`
//! is therefore γ/k: one means that one order's risk is felt over the very depth (1/k ticks) in which arrivals
//! fall by a factor e. With it, and with a horizon counted in arrivals, the quotes depend neither on how fine the
//! tick is nor on how fast the market lives, and one set of defaults trades a future with a spread of one tick, a
//! coin that moves fifty ticks a second and a share with a spread of thirty.

use crate::avellaneda_stoikov::AvellanedaStoikov;
use crate::estimates::Estimates;
use crate::glft::Glft;
use crate::joined_touch::JoinedTouch;
use crate::maker::{Estimated, Maker, Policy, Pricing};
use engine::Strategy;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use types::{Instrument, InstrumentId, Lots, Nanos};

/// The unit of sizes: such a value must be whole.
pub const LOTS: &str = "lots";
/// The unit of spans of time.
pub const SECONDS: &str = "s";

/// One number a strategy is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// What configuration calls it.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// What it counts; empty for a bare number.
    pub unit: &'static str,
    /// Used when nothing is said.
    pub default: f64,
    /// The least it may be.
    pub min: f64,
    /// The most it may be.
    pub max: f64,
}

/// Makes a strategy from checked values, every instrument of the run by id, and those it shall trade.
pub type Make = fn(&Values, &[Instrument], &[InstrumentId]) -> Box<dyn Strategy>;

/// One strategy.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// What configuration calls it.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What it may be told.
    pub parameters: &'static [Parameter],
    /// Makes it.
    pub make: Make,
}

const ORDER_SIZE: Parameter = Parameter {
    name: "order_size",
    about: "What each side shows; the unit in which the formulas count inventory.",
    unit: LOTS,
    default: 1.0,
    min: 1.0,
    max: 1e9,
};
const MAX_POSITION: Parameter = Parameter {
    name: "max_position",
    about: "The position never goes beyond this, long or short; a side that could is made smaller or not quoted.",
    unit: LOTS,
    default: 10.0,
    min: 1.0,
    max: 1e12,
};
const ORDER_RISK: Parameter = Parameter {
    name: "order_risk",
    about: "Above zero, sizes target volatility: each side shows as many lots as gain or lose this much within a \
            minute in one standard deviation, at most order_size, and changes when that is off by a quarter.",
    unit: "currency",
    default: 0.0,
    min: 0.0,
    max: 1e12,
};
const REQUOTE_INTERVAL: Parameter = Parameter {
    name: "requote_interval",
    about: "Quotes are thought over at most this often. A book that may not be traded on is left at once.",
    unit: SECONDS,
    default: 0.1,
    min: 0.0,
    max: 3_600.0,
};
const HYSTERESIS: Parameter = Parameter {
    name: "hysteresis",
    about: "How far a working quote may be off, as a share of its distance from fair, before it loses its place \
            in the queue and is moved.",
    unit: "share",
    default: 0.1,
    min: 0.0,
    max: 1.0,
};
const RISK_AVERSION: Parameter = Parameter {
    name: "risk_aversion",
    about: "γ/k: higher quotes wider and leans harder against the inventory.",
    unit: "×k",
    default: 0.1,
    min: 1e-6,
    max: 100.0,
};
const HORIZON: Parameter = Parameter {
    name: "horizon",
    about: "T - t, the time over which inventory is feared, as the mean time in which this many orders arrive on \
            one side; it rolls along and never runs out.",
    unit: "arrivals",
    default: 1.0,
    min: 0.0,
    max: 1e6,
};
const VOLATILITY_HALF_LIFE: Parameter = Parameter {
    name: "volatility_half_life",
    about: "After this long a move counts half in the volatility, which is looked at every second.",
    unit: SECONDS,
    default: 60.0,
    min: 1.0,
    max: 86_400.0,
};
const INTENSITY_WINDOW: Parameter = Parameter {
    name: "intensity_window",
    about: "How much of the past the arrival intensity A·e^(-kδ) is fitted to.",
    unit: SECONDS,
    default: 600.0,
    min: 1.0,
    max: 86_400.0,
};

/// All of them, in the order a newcomer should read them.
pub const ALL: &[Spec] = &[
    Spec {
        name: "joined_touch",
        about: "Baseline: one post-only order a side at the best price, moved when the best price moves.",
        source: "folklore",
        parameters: &[ORDER_SIZE, MAX_POSITION, REQUOTE_INTERVAL],
        make: |values, instruments, traded| {
            let policy = Policy { hysteresis: 0.0, ..policy(values) };
            Box::new(Maker::new(policy, instruments, traded, |_| JoinedTouch))
        },
    },
    Spec {
        name: "avellaneda_stoikov",
        about: "Quotes around a price that leans against the inventory, wider when the mid is volatile: \
                r = s - q·γ·σ²·(T - t), spread γ·σ²·(T - t) + (2/γ)·ln(1 + γ/k), with σ and k estimated as it \
                goes. Quotes nothing until there is enough to estimate from.",
        source: "Avellaneda & Stoikov, High-frequency trading in a limit order book, Quantitative Finance 8(3), \
                 2008",
        parameters: &[
            ORDER_SIZE,
            ORDER_RISK,
            MAX_POSITION,
            RISK_AVERSION,
            HORIZON,
            VOLATILITY_HALF_LIFE,
            INTENSITY_WINDOW,
            REQUOTE_INTERVAL,
            HYSTERESIS,
        ],
        make: |values, instruments, traded| {
            let rule = AvellanedaStoikov::new(values.get("risk_aversion"), values.get("horizon"));
            estimated(values, instruments, traded, rule)
        },
    },
    Spec {
        name: "glft",
        about: "The same dealer with bounded inventory, long before the end of the day: closed-form distances \
                (1/γ)·ln(1 + γ/k) + (2q ± 1)/2 · √(σ²·γ/(2·k·A)·(1 + γ/k)^(1 + k/γ)), with σ, A and k estimated \
                as it goes. Quotes nothing until there is enough to estimate from.",
        source: "Guéant, Lehalle & Fernandez-Tapia, Dealing with the inventory risk, Mathematics and Financial \
                 Economics 7(4), 2013",
        parameters: &[
            ORDER_SIZE,
            ORDER_RISK,
            MAX_POSITION,
            RISK_AVERSION,
            VOLATILITY_HALF_LIFE,
            INTENSITY_WINDOW,
            REQUOTE_INTERVAL,
            HYSTERESIS,
        ],
        make: |values, instruments, traded| {
            estimated(values, instruments, traded, Glft::new(values.get("risk_aversion")))
        },
    },
];

fn estimated<P: Pricing + Clone + Serialize + DeserializeOwned + 'static>(
    values: &Values,
    instruments: &[Instrument],
    traded: &[InstrumentId],
    pricing: P,
) -> Box<dyn Strategy> {
    let half_life = values.span("volatility_half_life");
    let window = values.span("intensity_window");
    Box::new(Maker::new(policy(values), instruments, traded, |_| Estimated {
        estimates: Estimates::new(half_life, window),
        pricing: pricing.clone(),
    }))
}

/// The shared part. A strategy without hysteresis among its parameters sets its own.
fn policy(values: &Values) -> Policy {
    Policy {
        order_size: values.lots("order_size"),
        order_risk: values.find("order_risk").filter(|risk| *risk > 0.0),
        max_position: values.lots("max_position"),
        requote_interval: values.span("requote_interval"),
        hysteresis: values.find("hysteresis").unwrap_or(0.0),
    }
}

/// The strategy of this name. The caller knows how to suggest a near one out of [`ALL`].
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().find(|spec| spec.name == name)
}

impl Spec {
    /// Its parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

/// A checked value for each of a strategy's parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    parameters: &'static [Parameter],
    /// In the order of `parameters`.
    values: Vec<f64>,
}

/// Why values do not fit a strategy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueError<'a> {
    /// The strategy has no such parameter.
    Unknown {
        /// What was said.
        name: &'a str,
        /// What could have been.
        known: &'static [Parameter],
    },
    /// Said twice.
    Twice {
        /// Which.
        parameter: &'static Parameter,
    },
    /// Too small, too large, or not a number.
    OutOfRange {
        /// Which.
        parameter: &'static Parameter,
        /// What was said.
        value: f64,
    },
    /// Lots come in whole numbers.
    NotWhole {
        /// Which.
        parameter: &'static Parameter,
        /// What was said.
        value: f64,
    },
}

impl fmt::Display for ValueError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, known } => {
                write!(f, "no parameter is called {name}; there are")?;
                for (at, parameter) in known.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma} {}", parameter.name)?;
                }
                Ok(())
            }
            Self::Twice { parameter } => write!(f, "{} is given twice", parameter.name),
            Self::OutOfRange { parameter, value } => {
                let Parameter { name, min, max, unit, .. } = parameter;
                write!(f, "{name} is {value}, but must be from {min} to {max} {unit}")
            }
            Self::NotWhole { parameter, value } => {
                write!(f, "{} is {value}, but lots are whole", parameter.name)
            }
        }
    }
}

impl std::error::Error for ValueError<'_> {}

impl Values {
    /// The defaults, with what is given in their place.
    ///
    /// # Errors
    /// When a name is unknown or given twice, or a value is out of its range or a broken lot.
    pub fn new<'a>(
        spec: &Spec,
        given: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<Self, ValueError<'a>> {
        let parameters = spec.parameters;
        let mut said = vec![None; parameters.len()];
        for (name, value) in given {
            let at = parameters.iter().position(|parameter| parameter.name == name);
            let at = at.ok_or(ValueError::Unknown { name, known: parameters })?;
            let parameter = &parameters[at];
            check(parameter, value)?;
            if said[at].replace(value).is_some() {
                return Err(ValueError::Twice { parameter });
            }
        }
        let values = said.into_iter().zip(parameters);
        let values = values.map(|(said, parameter)| said.unwrap_or(parameter.default));
        Ok(Self { parameters, values: values.collect() })
    }

    /// The defaults.
    #[must_use]
    pub fn defaults(spec: &Spec) -> Self {
        Self {
            parameters: spec.parameters,
            values: spec.parameters.iter().map(|parameter| parameter.default).collect(),
        }
    }

    /// The value of a parameter the strategy has.
    ///
    /// # Panics
    /// When it has none of this name: the table and its `make` disagree.
    #[must_use]
    pub fn get(&self, name: &str) -> f64 {
        self.find(name).unwrap_or_else(|| panic!("the table does not list the parameter {name}"))
    }

    /// Every parameter with its value, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter, f64)> + '_ {
        self.parameters.iter().zip(self.values.iter().copied())
    }

    fn find(&self, name: &str) -> Option<f64> {
        self.iter().find(|(parameter, _)| parameter.name == name).map(|(_, value)| value)
    }

    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 10^12, as checked")]
    fn lots(&self, name: &str) -> Lots {
        Lots(self.get(name) as i64)
    }

    /// Seconds to the nearest nanosecond.
    #[expect(clippy::cast_possible_truncation, reason = "a day at most, as checked")]
    fn span(&self, name: &str) -> Nanos {
        Nanos(stdx::math::round(self.get(name) * 1e9) as i64)
    }
}

fn check<'a>(parameter: &'static Parameter, value: f64) -> Result<(), ValueError<'a>> {
    // A NaN is in no range.
    if !(parameter.min..=parameter.max).contains(&value) {
        return Err(ValueError::OutOfRange { parameter, value });
    }
    let is_whole = value.fract().abs() < f64::MIN_POSITIVE;
    if parameter.unit == LOTS && !is_whole {
        return Err(ValueError::NotWhole { parameter, value });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (at, spec) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.name != spec.name), "{}", spec.name);
            for (at, parameter) in spec.parameters.iter().enumerate() {
                let others = &spec.parameters[..at];
                assert!(others.iter().all(|other| other.name != parameter.name));
                assert_eq!(check(parameter, parameter.default), Ok(()), "{}", parameter.name);
                assert!(!parameter.about.is_empty() && !spec.about.is_empty() && !spec.source.is_empty());
            }
            // Reads every parameter it needs, or panics.
            let _ = (spec.make)(&Values::defaults(spec), &[], &[]);
            assert_eq!(find(spec.name).map(|found| found.name), Some(spec.name));
        }
        assert!(find("nothing").is_none());
    }

    #[test]
    fn values_are_checked() {
        let spec = find("glft").expect("listed");
        let size = spec.parameter("order_size").expect("listed");
        let check = |given: &[(&'static str, f64)], error| {
            assert_eq!(Values::new(spec, given.iter().copied()).err(), error, "{given:?}");
        };
        check(&[], None);
        check(&[("order_size", 1.0), ("max_position", 1e12)], None);
        check(
            &[("order_sise", 1.0)],
            Some(ValueError::Unknown { name: "order_sise", known: spec.parameters }),
        );
        check(&[("order_size", 1.0), ("order_size", 2.0)], Some(ValueError::Twice { parameter: size }));
        for value in [0.0, -1.0, 2e9, f64::INFINITY] {
            check(&[("order_size", value)], Some(ValueError::OutOfRange { parameter: size, value }));
        }
        let nan = Values::new(spec, [("order_size", f64::NAN)]);
        assert!(matches!(nan, Err(ValueError::OutOfRange { .. })));
        check(&[("order_size", 1.5)], Some(ValueError::NotWhole { parameter: size, value: 1.5 }));
    }

    #[test]
    fn what_is_given_takes_the_defaults_place() {
        let spec = find("avellaneda_stoikov").expect("listed");
        let values = Values::new(spec, [("requote_interval", 0.5), ("order_size", 100.0)]).expect("in range");
        assert_eq!(values.span("requote_interval"), Nanos::from_millis(500));
        assert_eq!(values.lots("order_size"), Lots(100));
        assert_eq!(values.lots("max_position"), Lots(10));
        let names: Vec<_> = values.iter().map(|(parameter, _)| parameter.name).collect();
        assert_eq!(names[0], "order_size");
        assert_eq!(names.len(), spec.parameters.len());
    }

    #[test]
    fn an_error_says_what_to_do() {
        let spec = find("joined_touch").expect("listed");
        let unknown = Values::new(spec, [("size", 1.0)]).expect_err("unknown");
        assert_eq!(
            unknown.to_string(),
            "no parameter is called size; there are order_size, max_position, requote_interval"
        );
        let broken = Values::new(spec, [("requote_interval", -1.0)]).expect_err("negative");
        assert_eq!(broken.to_string(), "requote_interval is -1, but must be from 0 to 3600 s");
    }
}
