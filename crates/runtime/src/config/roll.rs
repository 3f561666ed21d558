//! `[[roll]]`: contracts that are traded one after the other under one name, and when the next takes over.

use super::{Config, ConfigError};
use crate::{local_time, moment};
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use strategies::rolling::{Chain, Measure, When};
use types::{Instrument, InstrumentId, Nanos, TradingDay, TradingDays};

/// The keys of a `[[roll]]`.
pub(super) const ROLL_KEYS: &[&str] = &["name", "symbols", "rule", "moments", "expiries", "days"];

/// When the next contract takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollRule {
    /// At `moments`.
    Date,
    /// When the trading day begins that lies `days` calendar days before an expiry.
    DaysBeforeExpiry,
    /// When a trading day begins, if the next contract traded more on the day before.
    Volume,
    /// The same by open interest, as the venue publishes it.
    OpenInterest,
}

/// `[[roll]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollTerms {
    /// For `trading.symbols`.
    pub name: String,
    /// The contracts, in the order they are traded.
    pub symbols: Vec<String>,
    /// When the next takes over.
    pub rule: RollRule,
    /// For `date`: RFC 3339, one for each contract but the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moments: Vec<String>,
    /// For `days_before_expiry`: dates, one for each contract but the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expiries: Vec<String>,
    /// For `days_before_expiry`.
    #[serde(default)]
    pub days: u16,
}

impl RollTerms {
    /// Its contracts' rows, of those that there are.
    pub(crate) fn contracts(&self, instruments: &[Instrument]) -> Vec<InstrumentId> {
        let of = |symbol: &String| {
            let is_named = |instrument: &&Instrument| {
                let terms = instrument.terms();
                *symbol == terms.symbol || *symbol == format!("{}/{}", terms.venue, terms.symbol)
            };
            instruments.iter().find(is_named).map(Instrument::id)
        };
        self.symbols.iter().filter_map(of).collect()
    }

    /// The chain among a run's instruments, with a run's days.
    pub(crate) fn chain(&self, instruments: &[Instrument], days: &TradingDays) -> Chain {
        let when = match self.rule {
            RollRule::Date => When::At(self.moments.iter().filter_map(|text| moment::parse(text)).collect()),
            RollRule::DaysBeforeExpiry => {
                When::At(self.expiries.iter().filter_map(|text| self.before(text, days)).collect())
            }
            RollRule::Volume => When::Ahead { by: Measure::Volume, days: days.clone() },
            RollRule::OpenInterest => When::Ahead { by: Measure::OpenInterest, days: days.clone() },
        };
        Chain { contracts: self.contracts(instruments), when }
    }

    fn before(&self, expiry: &str, days: &TradingDays) -> Option<Nanos> {
        let last = local_time::date(expiry)?.checked_sub(i64::from(self.days).days()).ok()?;
        let since = (last - local_time::Date::constant(1970, 1, 1)).get_days();
        Some(days.begins(TradingDay::since_epoch(i64::from(since))))
    }

    fn check(&self) -> Result<(), (&'static str, String, String)> {
        let rolls = self.symbols.len().saturating_sub(1);
        if rolls == 0 {
            return Err(("symbols", self.symbols.join(", "), "must be two contracts or more".into()));
        }
        let in_order = |key, given: &[String], read: fn(&str) -> Option<Nanos>, like: &str| {
            let read: Option<Vec<Nanos>> = given.iter().map(|text| read(text)).collect();
            let fits = read.is_some_and(|all| all.len() == rolls && all.is_sorted());
            let wanted =
                || format!("must be {rolls}, in order and like {like}: one for each contract but the last");
            if fits { Ok(()) } else { Err((key, given.join(", "), wanted())) }
        };
        let day = |text: &str| local_time::date(text).and_then(|_| moment::parse(text));
        match self.rule {
            RollRule::Date => in_order("moments", &self.moments, moment::parse, "2024-03-11T14:30:00Z"),
            RollRule::DaysBeforeExpiry => in_order("expiries", &self.expiries, day, "2024-03-15"),
            RollRule::Volume | RollRule::OpenInterest => Ok(()),
        }
    }
}

/// Refuses chains that make no sense, or share a contract.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let mut seen: Vec<&String> = Vec::new();
    for roll in &config.roll {
        let refuse = |key: &str, value: String, wanted: String| ConfigError::OutOfRange {
            key: format!("roll.{key} of {}", roll.name),
            value,
            wanted,
        };
        roll.check().map_err(|(key, value, wanted)| refuse(key, value, wanted))?;
        for symbol in &roll.symbols {
            if seen.contains(&symbol) {
                return Err(refuse("symbols", symbol.clone(), "is in a chain already".into()));
            }
            seen.push(symbol);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roll_so_many_days_before_an_expiry_is_when_that_trading_day_begins() {
        let roll = RollTerms {
            name: "ES".into(),
            symbols: ["ESH4", "ESM4", "ESU4"].map(String::from).into(),
            rule: RollRule::DaysBeforeExpiry,
            moments: Vec::new(),
            expiries: ["2024-03-15", "2024-06-21"].map(String::from).into(),
            days: 7,
        };
        let moments = |days: &TradingDays| match roll.chain(&[], days).when {
            When::At(moments) => moments.into_iter().map(moment::rfc3339).collect::<Vec<_>>(),
            When::Ahead { .. } => panic!("known beforehand"),
        };
        assert_eq!(moments(&TradingDays::default()), ["2024-03-08T00:00:00Z", "2024-06-14T00:00:00Z"]);
        let cme = crate::calendar::Calendar::of(crate::calendar::list::find("cme_equity").expect("built in"));
        let (from, to) =
            (moment::parse("2024-03-01").expect("a date"), moment::parse("2024-06-30").expect("a date"));
        let days = TradingDays::listed(cme.trading_days(from, to));
        assert_eq!(moments(&days), ["2024-03-07T22:45:00Z", "2024-06-13T21:45:00Z"]);
    }

    #[test]
    fn chains_that_make_no_sense_are_refused() {
        let roll = |rest: &str| format!("[[roll]]\nname = \"ES\"\n{rest}");
        let cases = [
            (
                roll("symbols = [\"ESH4\"]\nrule = \"volume\"\n"),
                "`roll.symbols of ES` is ESH4: must be two contracts or more",
            ),
            (
                roll("symbols = [\"ESH4\", \"ESM4\"]\nrule = \"date\"\n"),
                "`roll.moments of ES` is : must be 1, in order and like 2024-03-11T14:30:00Z: one for each contract \
                 but the last",
            ),
            (
                roll(
                    "symbols = [\"ESH4\", \"ESM4\"]\nrule = \"days_before_expiry\"\nexpiries = [\"soon\"]\n",
                ),
                "`roll.expiries of ES` is soon: must be 1, in order and like 2024-03-15: one for each contract but \
                 the last",
            ),
            (
                roll("symbols = [\"ESH4\", \"ESM4\", \"ESH4\"]\nrule = \"volume\"\n"),
                "`roll.symbols of ES` is ESH4: is in a chain already",
            ),
            (
                roll("symbol = [\"ESH4\"]\n"),
                "line 3: unknown key `roll.symbol`; did you mean `roll.symbols`?",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(Config::parse(&text).expect_err(&text).to_string(), message);
        }
    }
}
