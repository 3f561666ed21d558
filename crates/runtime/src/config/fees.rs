//! `[fees]` and `[[fees.venue]]`: what a fill costs, and where it costs something else.

use super::{ConfigError, entry_of};
use serde::{Deserialize, Serialize};

/// `[fees]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fees {
    /// Of the turnover, in basis points; negative is a rebate.
    pub maker_bp: f64,
    /// Of the turnover, in basis points.
    pub taker_bp: f64,
    /// For each lot, in currency.
    pub exchange_fee_per_lot: f64,
    /// Venues that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue: Vec<VenueFees>,
}

/// `[[fees.venue]]`: what is set here goes before `[fees]`, key by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the key of `Fees` of its name")]
pub struct VenueFees {
    /// The venue, as instruments name it, or the first part of such a name.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker_bp: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taker_bp: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange_fee_per_lot: Option<f64>,
}

/// The keys of a `[[fees.venue]]`.
pub(super) const VENUE_KEYS: &[&str] = &["name", "maker_bp", "taker_bp", "exchange_fee_per_lot"];

impl Fees {
    /// Whether nothing costs anything anywhere.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let nothing = Self { venue: Vec::new(), ..Self::default() };
        self.of("") == nothing && self.venue.iter().all(|own| self.with(own) == nothing)
    }

    /// What holds at a venue.
    #[must_use]
    pub fn of(&self, venue: &str) -> Self {
        match entry_of(venue, &self.venue, |own| &own.name) {
            Some(own) => self.with(own),
            None => Self { venue: Vec::new(), ..self.clone() },
        }
    }

    fn with(&self, own: &VenueFees) -> Self {
        Self {
            maker_bp: own.maker_bp.unwrap_or(self.maker_bp),
            taker_bp: own.taker_bp.unwrap_or(self.taker_bp),
            exchange_fee_per_lot: own.exchange_fee_per_lot.unwrap_or(self.exchange_fee_per_lot),
            venue: Vec::new(),
        }
    }

    pub(super) fn check(
        &self,
        at_least: impl Fn(&str, f64, f64) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        let all = std::iter::once(("fees", Self { venue: Vec::new(), ..self.clone() }));
        for (section, fees) in all.chain(self.venue.iter().map(|own| ("fees.venue", self.with(own)))) {
            at_least(&format!("{section}.maker_bp"), fees.maker_bp, -1_000.0)?;
            at_least(&format!("{section}.taker_bp"), fees.taker_bp, -1_000.0)?;
            at_least(&format!("{section}.exchange_fee_per_lot"), fees.exchange_fee_per_lot, 0.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn a_venue_s_own_fees_go_before_those_of_all() {
        let text = "[fees]\nmaker_bp = 1.0\ntaker_bp = 5.0\n\
                    [[fees.venue]]\nname = \"binance\"\nmaker_bp = -0.5\n\
                    [[fees.venue]]\nname = \"binance-spot\"\ntaker_bp = 10.0\n";
        let config = Config::parse(text).expect("valid");
        let of = |venue: &str| {
            let fees = config.fees.of(venue);
            (fees.maker_bp, fees.taker_bp)
        };
        let venues = ["cme", "binance-usdm", "binance-spot", "binancex"];
        assert_eq!(venues.map(of), [(1.0, 5.0), (-0.5, 5.0), (1.0, 10.0), (1.0, 5.0)]);
        assert_eq!(Config::parse(&config.to_toml()), Ok(config.clone()));
        assert!(!config.fees.is_free() && Config::default().fees.is_free());
        let error = Config::parse("[[fees.venue]]\nname = \"x\"\nexchange_fee_per_lot = -1.0\n");
        assert_eq!(
            error.expect_err("a fee below zero").to_string(),
            "`fees.venue.exchange_fee_per_lot` is -1: must be a number, 0 or more"
        );
        assert!(Config::parse("[[fees.venue]]\nname = \"x\"\nmaker = 1.0\n").is_err());
    }
}
