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
    /// The least that an order's lots cost together, in currency.
    pub order_fee_min: f64,
    /// The most, of the order's turnover.
    pub order_fee_max_percent: f64,
    /// The turnover of the thirty days before the run, in the account's currency.
    pub starting_turnover: f64,
    /// Venues that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue: Vec<VenueFees>,
    /// Rates from a turnover on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tier: Vec<FeeTier>,
}

/// `[[fees.tier]]`: in place of a venue's rates from a turnover of thirty days on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeeTier {
    /// Which venue, as `[[fees.venue]]` names it; empty is each, by its own turnover.
    #[serde(default)]
    pub venue: String,
    /// In the account's currency.
    pub turnover: f64,
    /// In basis points; negative is a rebate.
    pub maker_bp: f64,
    /// In basis points.
    pub taker_bp: f64,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_fee_min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_fee_max_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starting_turnover: Option<f64>,
}

/// The keys of a `[[fees.venue]]`.
pub(super) const VENUE_KEYS: &[&str] = &[
    "name",
    "maker_bp",
    "taker_bp",
    "exchange_fee_per_lot",
    "order_fee_min",
    "order_fee_max_percent",
    "starting_turnover",
];

/// The keys of a `[[fees.tier]]`.
pub(super) const TIER_KEYS: &[&str] = &["venue", "turnover", "maker_bp", "taker_bp"];

impl Fees {
    /// Whether nothing costs anything anywhere.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let nothing =
            |fees: &Self| *fees == Self { starting_turnover: fees.starting_turnover, ..Self::default() };
        self.tier.is_empty() && nothing(&self.of("")) && self.venue.iter().all(|own| nothing(&self.with(own)))
    }

    /// The tiers of a venue, by rising turnover.
    #[must_use]
    pub fn tiers_of(&self, venue: &str) -> Vec<FeeTier> {
        let Some(first) = entry_of(venue, &self.tier, |tier| &tier.venue) else {
            return self.sorted(|tier| tier.venue.is_empty());
        };
        self.sorted(|tier| tier.venue == first.venue)
    }

    fn sorted(&self, wanted: impl Fn(&FeeTier) -> bool) -> Vec<FeeTier> {
        let mut tiers: Vec<FeeTier> = self.tier.iter().filter(|tier| wanted(tier)).cloned().collect();
        tiers.sort_by(|a, b| a.turnover.total_cmp(&b.turnover));
        tiers
    }

    fn plain(&self) -> Self {
        Self { venue: Vec::new(), tier: Vec::new(), ..self.clone() }
    }

    /// What holds at a venue.
    #[must_use]
    pub fn of(&self, venue: &str) -> Self {
        match entry_of(venue, &self.venue, |own| &own.name) {
            Some(own) => self.with(own),
            None => self.plain(),
        }
    }

    fn with(&self, own: &VenueFees) -> Self {
        Self {
            maker_bp: own.maker_bp.unwrap_or(self.maker_bp),
            taker_bp: own.taker_bp.unwrap_or(self.taker_bp),
            exchange_fee_per_lot: own.exchange_fee_per_lot.unwrap_or(self.exchange_fee_per_lot),
            order_fee_min: own.order_fee_min.unwrap_or(self.order_fee_min),
            order_fee_max_percent: own.order_fee_max_percent.unwrap_or(self.order_fee_max_percent),
            starting_turnover: own.starting_turnover.unwrap_or(self.starting_turnover),
            venue: Vec::new(),
            tier: Vec::new(),
        }
    }

    pub(super) fn check(
        &self,
        at_least: impl Fn(&str, f64, f64) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        let all = std::iter::once(("fees", self.plain()));
        for (section, fees) in all.chain(self.venue.iter().map(|own| ("fees.venue", self.with(own)))) {
            at_least(&format!("{section}.maker_bp"), fees.maker_bp, -1_000.0)?;
            at_least(&format!("{section}.taker_bp"), fees.taker_bp, -1_000.0)?;
            at_least(&format!("{section}.exchange_fee_per_lot"), fees.exchange_fee_per_lot, 0.0)?;
            at_least(&format!("{section}.order_fee_min"), fees.order_fee_min, 0.0)?;
            at_least(&format!("{section}.order_fee_max_percent"), fees.order_fee_max_percent, 0.0)?;
            at_least(&format!("{section}.starting_turnover"), fees.starting_turnover, 0.0)?;
        }
        for tier in &self.tier {
            at_least("fees.tier.turnover", tier.turnover, 0.0)?;
            at_least("fees.tier.maker_bp", tier.maker_bp, -1_000.0)?;
            at_least("fees.tier.taker_bp", tier.taker_bp, -1_000.0)?;
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
