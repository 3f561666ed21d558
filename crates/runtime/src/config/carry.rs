//! `[funding]` and `[borrow]`: what holding brings or costs, and which instruments differ.

use super::{ConfigError, entry_of};
use serde::{Deserialize, Serialize};
use sim::venue::account;
use types::{Instrument, Nanos};

/// `[funding]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Funding {
    /// Of the notional at each moment, in basis points; above zero, longs pay.
    pub rate_bp: f64,
    /// From one moment to the next.
    pub every_hours: f64,
    /// The first moment of the UTC day.
    pub first_hour: f64,
    /// Whether recorded rates go before `rate_bp`.
    pub recorded: bool,
    /// The perpetuals: what is listed here is one, whether or not its rates are recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instrument: Vec<InstrumentFunding>,
}

/// `[[funding.instrument]]`: a perpetual, and what is set here goes before `[funding]`, key by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the key of `Funding` of its name")]
pub struct InstrumentFunding {
    /// A symbol, `venue/symbol`, or all of a venue.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_bp: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_hours: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_hour: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<bool>,
}

/// `[borrow]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Borrow {
    /// Of a short position's notional, a year.
    pub short_percent_a_year: f64,
    /// Of a long position's.
    pub long_percent_a_year: f64,
    /// What the rates are divided by for a day.
    pub days_a_year: u16,
    /// When the day ends, in UTC.
    pub day_ends_at_hour: f64,
    /// Instruments that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instrument: Vec<InstrumentBorrow>,
}

/// `[[borrow.instrument]]`: what is set here goes before `[borrow]`, key by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the key of `Borrow` of its name")]
pub struct InstrumentBorrow {
    /// A symbol, `venue/symbol`, or all of a venue.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_percent_a_year: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_percent_a_year: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_a_year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_ends_at_hour: Option<f64>,
}

/// The keys of a `[[funding.instrument]]`.
pub(super) const FUNDING_KEYS: &[&str] = &["name", "rate_bp", "every_hours", "first_hour", "recorded"];

/// The keys of a `[[borrow.instrument]]`.
pub(super) const BORROW_KEYS: &[&str] =
    &["name", "short_percent_a_year", "long_percent_a_year", "days_a_year", "day_ends_at_hour"];

impl Default for Funding {
    fn default() -> Self {
        Self { rate_bp: 0.0, every_hours: 8.0, first_hour: 0.0, recorded: true, instrument: Vec::new() }
    }
}

impl Default for Borrow {
    fn default() -> Self {
        Self {
            short_percent_a_year: 0.0,
            long_percent_a_year: 0.0,
            days_a_year: 360,
            day_ends_at_hour: 0.0,
            instrument: Vec::new(),
        }
    }
}

/// The entry of this instrument: by `venue/symbol`, else by symbol, else by venue.
fn entry<'a, T>(instrument: &Instrument, entries: &'a [T], name: impl Fn(&T) -> &str) -> Option<&'a T> {
    let terms = instrument.terms();
    let whole = format!("{}/{}", terms.venue, terms.symbol);
    let is = |wanted: &str| entries.iter().find(|own| name(own) == wanted);
    is(&whole).or_else(|| is(&terms.symbol)).or_else(|| entry_of(&terms.venue, entries, &name))
}

impl Funding {
    /// What holds for an instrument, and whether it is known to be a perpetual.
    #[must_use]
    pub fn of(&self, instrument: &Instrument) -> (Self, bool) {
        match entry(instrument, &self.instrument, |own| &own.name) {
            Some(own) => (self.with(own), true),
            None => (Self { instrument: Vec::new(), ..self.clone() }, false),
        }
    }

    fn with(&self, own: &InstrumentFunding) -> Self {
        Self {
            rate_bp: own.rate_bp.unwrap_or(self.rate_bp),
            every_hours: own.every_hours.unwrap_or(self.every_hours),
            first_hour: own.first_hour.unwrap_or(self.first_hour),
            recorded: own.recorded.unwrap_or(self.recorded),
            instrument: Vec::new(),
        }
    }

    /// As the simulated venue takes it.
    #[must_use]
    pub fn terms(&self, instrument: &Instrument) -> account::Funding {
        let (own, perpetual) = self.of(instrument);
        account::Funding {
            every: hours(own.every_hours),
            first: hours(own.first_hour),
            rate: perpetual.then(|| nanos(own.rate_bp / 1e4)),
            recorded: own.recorded,
        }
    }

    pub(super) fn check(
        &self,
        at_least: impl Fn(&str, f64, f64) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        let all = std::iter::once(("funding", Self { instrument: Vec::new(), ..self.clone() }));
        for (section, own) in all.chain(self.instrument.iter().map(|e| ("funding.instrument", self.with(e))))
        {
            at_least(&format!("{section}.rate_bp"), own.rate_bp, -10_000.0)?;
            at_least(&format!("{section}.every_hours"), own.every_hours, 1.0 / 60.0)?;
            at_least(&format!("{section}.first_hour"), own.first_hour, 0.0)?;
            if !divides_a_day(own.every_hours) {
                return Err(ConfigError::OutOfRange {
                    key: format!("{section}.every_hours"),
                    value: own.every_hours.to_string(),
                    wanted: "a whole number of them must make a day, like 8, 4 or 0.25".into(),
                });
            }
        }
        Ok(())
    }
}

impl Borrow {
    /// What holds for an instrument.
    #[must_use]
    pub fn of(&self, instrument: &Instrument) -> Self {
        match entry(instrument, &self.instrument, |own| &own.name) {
            Some(own) => self.with(own),
            None => Self { instrument: Vec::new(), ..self.clone() },
        }
    }

    fn with(&self, own: &InstrumentBorrow) -> Self {
        Self {
            short_percent_a_year: own.short_percent_a_year.unwrap_or(self.short_percent_a_year),
            long_percent_a_year: own.long_percent_a_year.unwrap_or(self.long_percent_a_year),
            days_a_year: own.days_a_year.unwrap_or(self.days_a_year),
            day_ends_at_hour: own.day_ends_at_hour.unwrap_or(self.day_ends_at_hour),
            instrument: Vec::new(),
        }
    }

    /// As the simulated venue takes it.
    #[must_use]
    pub fn terms(&self, instrument: &Instrument) -> account::Borrow {
        let own = self.of(instrument);
        account::Borrow {
            short: nanos(own.short_percent_a_year / 100.0),
            long: nanos(own.long_percent_a_year / 100.0),
            days_a_year: own.days_a_year,
            at: hours(own.day_ends_at_hour),
        }
    }

    pub(super) fn check(
        &self,
        at_least: impl Fn(&str, f64, f64) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        let all = std::iter::once(("borrow", Self { instrument: Vec::new(), ..self.clone() }));
        for (section, own) in all.chain(self.instrument.iter().map(|e| ("borrow.instrument", self.with(e)))) {
            at_least(&format!("{section}.short_percent_a_year"), own.short_percent_a_year, -1_000.0)?;
            at_least(&format!("{section}.long_percent_a_year"), own.long_percent_a_year, -1_000.0)?;
            at_least(&format!("{section}.days_a_year"), f64::from(own.days_a_year), 1.0)?;
            at_least(&format!("{section}.day_ends_at_hour"), own.day_ends_at_hour, 0.0)?;
        }
        Ok(())
    }
}

const DAY: i64 = 86_400_000_000_000;

fn divides_a_day(every_hours: f64) -> bool {
    let every = hours(every_hours);
    every.0 > 0 && DAY % every.0 == 0
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; configuration was checked to be finite")]
fn hours(hours: f64) -> Nanos {
    // To the second: a third of an hour is one, and has no form in decimals.
    Nanos::from_secs((hours * 3_600.0).round() as i64)
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; configuration was checked to be finite")]
fn nanos(share: f64) -> i64 {
    (share * 1e9).round() as i64
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use types::instrument::Terms;
    use types::{Contract, Instrument, InstrumentId, Nanos, Origin};

    fn instrument(venue: &str, symbol: &str) -> Instrument {
        Instrument::new(Terms {
            id: InstrumentId(0),
            symbol: symbol.into(),
            venue: venue.into(),
            currency: "USDT".into(),
            contract: Contract::Linear,
            tick_nanos: 1_000_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 1_000_000_000,
            depths: types::Depths::default(),
            origin: Origin::Configured,
        })
        .expect("valid terms")
    }

    #[test]
    fn the_nearest_name_says_what_holding_costs() {
        let text = "[funding]\nrate_bp = 1.0\n\
                    [[funding.instrument]]\nname = \"binance\"\n\
                    [[funding.instrument]]\nname = \"ETHUSDT\"\nrate_bp = 2.0\nevery_hours = 4.0\n\
                    [[funding.instrument]]\nname = \"binance-usdm/ETHUSDT\"\nrate_bp = -3.0\nfirst_hour = 1.0\n\
                    [borrow]\nshort_percent_a_year = 3.6\n\
                    [[borrow.instrument]]\nname = \"GME\"\nshort_percent_a_year = 40.0\ndays_a_year = 365\n";
        let config = Config::parse(text).expect("valid");
        let of = |venue: &str, symbol: &str| {
            let terms = config.funding.terms(&instrument(venue, symbol));
            (terms.rate, terms.every.0 / 3_600_000_000_000, terms.first)
        };
        assert_eq!(of("cme", "ESH4"), (None, 8, Nanos(0)));
        assert_eq!(of("binance-usdm", "BTCUSDT"), (Some(100_000), 8, Nanos(0)));
        assert_eq!(of("bybit", "ETHUSDT"), (Some(200_000), 4, Nanos(0)));
        assert_eq!(of("binance-usdm", "ETHUSDT"), (Some(-300_000), 8, Nanos::from_secs(3_600)));
        let borrow = |symbol: &str| {
            let terms = config.borrow.terms(&instrument("nasdaq", symbol));
            (terms.short, terms.long, terms.days_a_year)
        };
        assert_eq!(borrow("AAPL"), (36_000_000, 0, 360));
        assert_eq!(borrow("GME"), (400_000_000, 0, 365));
        assert_eq!(Config::parse(&config.to_toml()), Ok(config));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let cases = [
            (
                "[funding]\nevery_hours = 5.0\n",
                "`funding.every_hours` is 5: a whole number of them must make a day, like 8, 4 or 0.25",
            ),
            ("[borrow]\ndays_a_year = 0\n", "`borrow.days_a_year` is 0: must be a number, 1 or more"),
            (
                "[[funding.instrument]]\nname = \"X\"\nrate = 1.0\n",
                "line 3: unknown key `funding.instrument.rate`; did you mean `funding.instrument.rate_bp`?",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(Config::parse(text).expect_err(text).to_string(), message);
        }
    }
}
