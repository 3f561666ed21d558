//! `[[risk.lot]]` and `[[risk.correlation]]`: what limits on value at risk and on greeks are measured by.
//!
//! Never guesses: as soon as one lot has a deviation, all must, and every two of them a correlation. What is not said of the
//! greeks of a lot is none.

use super::ConfigError;
use ::risk::Limits;
use ::risk::measures::covariance::Covariances;
use ::risk::measures::greeks::Sensitivities;
use serde::{Deserialize, Serialize};
use types::Instrument;

/// `[[risk.lot]]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LotEntry {
    /// Of which instrument: `venue/symbol`.
    pub name: String,
    /// What it gains or loses in one standard deviation over the time that limits are meant for, in the account's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
    /// What lies beneath; instruments that name the same add up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneath: Option<String>,
    /// Of a lot, by the price beneath.
    pub delta: f64,
    /// Of its delta, by the price beneath.
    pub gamma: f64,
    /// Of a lot, by volatility.
    pub vega: f64,
}

/// `[[risk.correlation]]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CorrelationEntry {
    /// Of one instrument: `venue/symbol`.
    pub first: String,
    /// With another.
    pub second: String,
    /// From -1 to 1.
    pub value: f64,
}

/// The keys of each list, for whoever refuses unknown ones.
pub(super) const LISTS: [(&str, &[&str]); 2] = [
    ("lot", &["name", "deviation", "beneath", "delta", "gamma", "vega"]),
    ("correlation", &["first", "second", "value"]),
];

fn wrong(key: &str, value: &str, wanted: &str) -> ConfigError {
    ConfigError::OutOfRange { key: key.into(), value: value.into(), wanted: wanted.into() }
}

/// Puts what is said into the limits of a run with these instruments.
///
/// # Errors
/// When something is missing, said twice, or is no number that it could be.
pub(super) fn apply(
    lots: &[LotEntry],
    correlations: &[CorrelationEntry],
    limits: &mut Limits,
    instruments: &[Instrument],
) -> Result<(), ConfigError> {
    let names: Vec<String> = instruments.iter().map(name_of).collect();
    let place = |key: &str, name: &str| {
        let known = names.iter().position(|known| known == name);
        known.ok_or_else(|| {
            wrong(key, &format!("`{name}`"), "must name an instrument of this run (venue/symbol)")
        })
    };
    let mut deviations = vec![None; names.len()];
    for lot in lots {
        let row = place("risk.lot.name", &lot.name)?;
        if deviations[row].is_some() {
            return Err(wrong("risk.lot.name", &format!("`{}`", lot.name), "must not be there twice"));
        }
        deviations[row] = lot.deviation;
        let Some(beneath) = &lot.beneath else { continue };
        let own = Sensitivities::of(lot.delta, lot.gamma, lot.vega)
            .ok_or_else(|| wrong("risk.lot.delta", &lot.name, "must be numbers, as gamma and vega"))?;
        limits.sensitivities.insert(lot.name.clone(), (beneath.clone(), own));
    }
    if deviations.iter().all(Option::is_none) {
        return Ok(());
    }
    let missing = |row: usize| {
        wrong(
            "risk.lot.deviation",
            &format!("not set for {}", names[row]),
            "must be set for every instrument, or for none",
        )
    };
    let deviations: Vec<f64> =
        (0..names.len()).map(|row| deviations[row].ok_or_else(|| missing(row))).collect::<Result<_, _>>()?;
    let all = matrix(&names, correlations, place)?;
    limits.covariances = Some(Covariances::new(&deviations, &all).ok_or_else(|| {
        wrong(
            "risk.correlation",
            "no model",
            "deviations must be from 0 to 1e9, correlations from -1 to 1, and together possible",
        )
    })?);
    Ok(())
}

/// Every correlation, row by row.
fn matrix(
    names: &[String],
    correlations: &[CorrelationEntry],
    place: impl Fn(&str, &str) -> Result<usize, ConfigError>,
) -> Result<Vec<f64>, ConfigError> {
    let size = names.len();
    let mut all: Vec<Option<f64>> =
        (0..size * size).map(|at| (at % (size + 1) == 0).then_some(1.0)).collect();
    for own in correlations {
        let first = place("risk.correlation.first", &own.first)?;
        let second = place("risk.correlation.second", &own.second)?;
        if all[first * size + second].is_some() {
            let pair = format!("`{}` and `{}`", own.first, own.second);
            return Err(wrong("risk.correlation", &pair, "must be two instruments, and not be there twice"));
        }
        (all[first * size + second], all[second * size + first]) = (Some(own.value), Some(own.value));
    }
    let known = |at: usize| {
        let pair = || format!("not set for {} and {}", names[at / size], names[at % size]);
        all[at].ok_or_else(|| wrong("risk.correlation", &pair(), "must be set for every two instruments"))
    };
    (0..size * size).map(known).collect()
}

fn name_of(instrument: &Instrument) -> String {
    let terms = instrument.terms();
    format!("{}/{}", terms.venue, terms.symbol)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use types::instrument::Terms;
    use types::{Contract, Depths, InstrumentId, Origin};

    fn instruments() -> Vec<Instrument> {
        let made = |(row, symbol): (u32, &str)| {
            Instrument::new(Terms {
                id: InstrumentId(row),
                symbol: symbol.into(),
                venue: "x".into(),
                currency: "USD".into(),
                contract: Contract::Linear,
                tick_nanos: 1_000_000_000,
                lot_nanos: 1_000_000_000,
                multiplier_nanos: 1_000_000_000,
                depths: Depths::default(),
                origin: Origin::Configured,
            })
            .expect("valid terms")
        };
        [(0, "A"), (1, "B")].into_iter().map(made).collect()
    }

    fn read(text: &str) -> Result<Limits, String> {
        let config = Config::parse(text).map_err(|error| error.to_string())?;
        let mut limits = config.risk.limits(&[""]).map_err(|error| error.to_string())?;
        config.risk.model(&mut limits, &instruments()).map_err(|error| error.to_string())?;
        limits.validate(&instruments()).map_err(|error: ::risk::LimitsError| error.to_string())?;
        assert_eq!(Config::parse(&config.to_toml()), Ok(config));
        Ok(limits)
    }

    const A: &str =
        "[[risk.lot]]\nname = \"x/A\"\ndeviation = 10\nbeneath = \"index\"\ndelta = 0.5\nvega = 3\n";
    const B: &str = "[[risk.lot]]\nname = \"x/B\"\ndeviation = 20\n";
    const BOTH: &str = "[[risk.correlation]]\nfirst = \"x/B\"\nsecond = \"x/A\"\nvalue = 0.5\n";

    #[test]
    fn a_model_is_read_whole() {
        let limits = read(&[A, B, BOTH].concat()).expect("whole");
        assert_eq!(limits.covariances, Covariances::new(&[10.0, 20.0], &[1.0, 0.5, 0.5, 1.0]));
        let own = Sensitivities::of(0.5, 0.0, 3.0).expect("numbers");
        assert_eq!(limits.sensitivities["x/A"], ("index".into(), own));
        assert!(!limits.sensitivities.contains_key("x/B"));
        let none = read("").expect("nothing said");
        assert!(none.covariances.is_none() && none.sensitivities.is_empty());
    }

    #[test]
    fn half_a_model_is_refused_with_a_pointer() {
        let unknown = B.replace("x/B", "x/C");
        let impossible = BOTH.replace("0.5", "1.5");
        let cases = [
            (
                A.to_string(),
                "`risk.lot.deviation` is not set for x/B: must be set for every instrument, or for none",
            ),
            (
                [A, B].concat(),
                "`risk.correlation` is not set for x/A and x/B: must be set for every two instruments",
            ),
            ([A, A, B, BOTH].concat(), "`risk.lot.name` is `x/A`: must not be there twice"),
            (
                [A, B, BOTH, BOTH].concat(),
                "`risk.correlation` is `x/B` and `x/A`: must be two instruments, and not be there twice",
            ),
            (unknown, "`risk.lot.name` is `x/C`: must name an instrument of this run (venue/symbol)"),
            (
                [A, B, &impossible].concat(),
                "`risk.correlation` is no model: deviations must be from 0 to 1e9, correlations from -1 to 1, and \
                 together possible",
            ),
            (
                A.replace("delta", "detla"),
                "line 5: unknown key `risk.lot.detla`; did you mean `risk.lot.delta`?",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(read(&text).expect_err(&text), message);
        }
    }
}
