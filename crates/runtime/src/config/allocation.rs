//! `[venue] allocation…` and `[[venue.instrument]]`: which matching algorithm an instrument has.

use super::{ConfigError, Venue};
use serde::{Deserialize, Serialize};
use sim::venue::allocation::{Allocation, ProRata, Top};
use types::Lots;

/// A matching algorithm of CME's, by its letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationName {
    /// F: time.
    #[default]
    Fifo,
    /// T: lead market makers, then time.
    FifoLmm,
    /// S: the order that bettered the market, lead market makers, then time.
    FifoTopLmm,
    /// C: size, then time.
    ProRata,
    /// A: the order that bettered the market, size, then time.
    ProRataTop,
    /// O: as A, with a least and a most for the order that bettered the market.
    Threshold,
    /// Q: as O, with lead market makers.
    ThresholdLmm,
    /// K: all of it, and a share by time before size.
    Split,
}

impl AllocationName {
    /// As the configuration writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::FifoLmm => "fifo_lmm",
            Self::FifoTopLmm => "fifo_top_lmm",
            Self::ProRata => "pro_rata",
            Self::ProRataTop => "pro_rata_top",
            Self::Threshold => "threshold",
            Self::ThresholdLmm => "threshold_lmm",
            Self::Split => "split",
        }
    }
}

/// A matching algorithm and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AllocationTerms {
    /// Which.
    pub allocation: AllocationName,
    /// By size nobody gets less than this, in lots.
    pub allocation_minimum: i64,
    /// What an order must have to go first, in lots.
    pub allocation_top_min: i64,
    /// What it gets at most, in lots; 0 for all.
    pub allocation_top_max: i64,
    /// What we get as a lead market maker.
    pub allocation_lmm_percent: u8,
    /// How much goes by time before the rest goes by size.
    pub allocation_fifo_percent: u8,
    /// One lot each for those whose share by size was none.
    pub allocation_levelling: bool,
}

impl Default for AllocationTerms {
    /// Time; and for those who change that, what CME publishes most: no share below two lots, no bounds on the order
    /// that bettered the market, 40 % by time in a split.
    fn default() -> Self {
        Self {
            allocation: AllocationName::Fifo,
            allocation_minimum: 2,
            allocation_top_min: 0,
            allocation_top_max: 0,
            allocation_lmm_percent: 0,
            allocation_fifo_percent: 40,
            allocation_levelling: true,
        }
    }
}

/// `[[venue.instrument]]`: what is set here goes before `[venue]`, key by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the key of `AllocationTerms` of its name")]
pub struct InstrumentAllocation {
    /// As the data names it.
    pub symbol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation: Option<AllocationName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_minimum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_top_min: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_top_max: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_lmm_percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_fifo_percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_levelling: Option<bool>,
}

/// The keys of a `[[venue.instrument]]`.
pub(super) const INSTRUMENT_KEYS: &[&str] = &[
    "symbol",
    "allocation",
    "allocation_minimum",
    "allocation_top_min",
    "allocation_top_max",
    "allocation_lmm_percent",
    "allocation_fifo_percent",
    "allocation_levelling",
];

impl AllocationTerms {
    /// The rule as the simulated venue takes it.
    #[must_use]
    pub fn rule(&self) -> Allocation {
        use AllocationName as Name;
        let by_size = ProRata { fifo_percent: 0, minimum: Lots(self.allocation_minimum), levelling: false };
        let most = if self.allocation_top_max == 0 { i64::MAX } else { self.allocation_top_max };
        let bounded = Top { least: Lots(self.allocation_top_min), most: Lots(most) };
        let (top, lead_market_makers, pro_rata) = match self.allocation {
            Name::Fifo => (None, false, None),
            Name::FifoLmm => (None, true, None),
            Name::FifoTopLmm => (Some(bounded), true, None),
            Name::ProRata => (None, false, Some(by_size)),
            Name::ProRataTop => (Some(Top::WHOLE), false, Some(by_size)),
            Name::Threshold => (Some(bounded), false, Some(by_size)),
            Name::ThresholdLmm => (Some(bounded), true, Some(by_size)),
            Name::Split => {
                let split = ProRata {
                    fifo_percent: self.allocation_fifo_percent,
                    levelling: self.allocation_levelling,
                    ..by_size
                };
                (Some(bounded), true, Some(split))
            }
        };
        Allocation { top, lead_market_makers, pro_rata }
    }

    fn with(&self, own: &InstrumentAllocation) -> Self {
        Self {
            allocation: own.allocation.unwrap_or(self.allocation),
            allocation_minimum: own.allocation_minimum.unwrap_or(self.allocation_minimum),
            allocation_top_min: own.allocation_top_min.unwrap_or(self.allocation_top_min),
            allocation_top_max: own.allocation_top_max.unwrap_or(self.allocation_top_max),
            allocation_lmm_percent: own.allocation_lmm_percent.unwrap_or(self.allocation_lmm_percent),
            allocation_fifo_percent: own.allocation_fifo_percent.unwrap_or(self.allocation_fifo_percent),
            allocation_levelling: own.allocation_levelling.unwrap_or(self.allocation_levelling),
        }
    }

    fn check(&self, section: &str) -> Result<(), ConfigError> {
        let lots = [
            ("allocation_minimum", self.allocation_minimum),
            ("allocation_top_min", self.allocation_top_min),
            ("allocation_top_max", self.allocation_top_max),
        ];
        let percents = [
            ("allocation_lmm_percent", self.allocation_lmm_percent),
            ("allocation_fifo_percent", self.allocation_fifo_percent),
        ];
        let below = lots.iter().find(|(_, value)| *value < 0).map(|&(key, value)| (key, value, "0 or more"));
        let above = percents.iter().find(|(_, value)| *value > 100);
        let above = above.map(|&(key, value)| (key, i64::from(value), "100 or less"));
        match below.or(above) {
            None => Ok(()),
            Some((key, value, wanted)) => Err(ConfigError::OutOfRange {
                key: format!("{section}.{key}"),
                value: value.to_string(),
                wanted: format!("must be a whole number, {wanted}"),
            }),
        }
    }
}

impl Venue {
    /// What holds for one instrument.
    #[must_use]
    pub fn allocation_of(&self, symbol: &str) -> AllocationTerms {
        match self.instrument.iter().find(|own| own.symbol == symbol) {
            Some(own) => self.allocation.with(own),
            None => self.allocation,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.allocation.check("venue")?;
        self.instrument.iter().try_for_each(|own| self.allocation.with(own).check("venue.instrument"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn an_instrument_s_own_rule_goes_before_that_of_all() {
        let text = "[venue]\nallocation = \"pro_rata\"\nallocation_minimum = 3\n\
                    [[venue.instrument]]\nsymbol = \"ZN\"\nallocation = \"split\"\nallocation_top_max = 50\n\
                    allocation_lmm_percent = 15\n";
        let config = Config::parse(text).expect("valid");
        let all = config.venue.allocation_of("ES").rule();
        assert_eq!(all.pro_rata.map(|rule| (rule.minimum, rule.fifo_percent)), Some((Lots(3), 0)));
        assert!(all.top.is_none() && !all.lead_market_makers);
        let own = config.venue.allocation_of("ZN");
        let top = Top { least: Lots(0), most: Lots(50) };
        let split = ProRata { fifo_percent: 40, minimum: Lots(3), levelling: true };
        let rule = Allocation { top: Some(top), lead_market_makers: true, pro_rata: Some(split) };
        assert_eq!((own.rule(), own.allocation_lmm_percent), (rule, 15));
        assert_eq!(Config::parse(&config.to_toml()), Ok(config));
        assert!(AllocationTerms::default().rule().is_fifo());
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        for (text, message) in [
            (
                "[venue]\nallocation_minimum = -1\n",
                "`venue.allocation_minimum` is -1: must be a whole number, 0 or more",
            ),
            (
                "[[venue.instrument]]\nsymbol = \"X\"\nallocation_lmm_percent = 101\n",
                "`venue.instrument.allocation_lmm_percent` is 101: must be a whole number, 100 or less",
            ),
            (
                "[[venue.instrument]]\nsymbol = \"X\"\nallocaton = \"fifo\"\n",
                "line 3: unknown key `venue.instrument.allocaton`; did you mean `venue.instrument.allocation`?",
            ),
        ] {
            assert_eq!(Config::parse(text).expect_err(text).to_string(), message);
        }
        assert!(Config::parse("[venue]\nallocation = \"lifo\"\n").is_err());
    }
}
