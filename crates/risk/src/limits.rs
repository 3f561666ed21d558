//! The limits as a person writes them: account-wide, for every instrument, and for single ones.
//!
//! A limit that is not written is not "no limit": it refuses every order. Never guesses a default.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use types::{Instrument, Lots};

/// What a price collar is measured from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The best price of the other side: what a buyer would pay now.
    #[default]
    FarTouch,
    /// Halfway between best bid and best ask; both must be there.
    Mid,
}

/// Limits on one instrument. Sizes in lots, money in nanos (10⁻⁹) of the account's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InstrumentLimits {
    /// The largest order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_size: Option<Lots>,
    /// The largest turnover of an order at its limit price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_notional_nanos: Option<i64>,
    /// The largest position either way, were every working order of that side filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Lots>,
    /// How many orders may be open at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_orders: Option<u32>,
    /// How far beyond the reference an order may be priced: above it to buy, below it to sell, in ticks.
    /// Needed, unless `collar_ppm` is set; when both are, both hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collar_ticks: Option<i64>,
    /// The same in millionths of the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collar_ppm: Option<i64>,
    /// What the collar is measured from; the far touch unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collar_reference: Option<Reference>,
}

/// Limits on everything together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountLimits {
    /// How many orders may be open at once, over all instruments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_orders: Option<u32>,
    /// New orders and replaces per second in the long run. Cancels are counted and never stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_second: Option<u32>,
    /// How many of them at one moment after a pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// The largest loss of one day, realised and unrealised with fees; beyond it only reducing orders pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_loss_nanos: Option<i64>,
    /// The largest fall from the highest equity; beyond it only reducing orders pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawdown_nanos: Option<i64>,
    /// When the day of `daily_loss_nanos` starts, in seconds after midnight UTC.
    pub day_starts_at_seconds: u32,
}

/// All limits of a run.
///
/// ```toml
/// [account]
/// open_orders = 20
/// messages_per_second = 50
/// burst = 100
/// daily_loss_nanos = 10_000_000_000_000   # 10,000
/// drawdown_nanos = 25_000_000_000_000     # 25,000
/// [default]                               # every instrument
/// order_size = 10
/// order_notional_nanos = 5_000_000_000_000_000
/// position = 50
/// open_orders = 8
/// collar_ticks = 20
/// [instruments."cme/ESH4"]                # what is set here goes before the default
/// position = 100
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// On everything together.
    pub account: AccountLimits,
    /// On each instrument, where it has nothing of its own.
    pub default: InstrumentLimits,
    /// On single instruments, by `venue/symbol`: what is set here goes before the default, field by field.
    pub instruments: BTreeMap<String, InstrumentLimits>,
}

/// Why limits cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitsError {
    /// They name an instrument that is not in this run: a typing error would otherwise be a missing limit.
    UnknownInstrument {
        /// As written.
        name: String,
    },
    /// A limit below zero means nothing.
    Negative {
        /// Whose: `account`, `default`, or `venue/symbol`.
        of: String,
        /// Which.
        field: &'static str,
    },
    /// The day starts after it has ended.
    DayStart {
        /// As written.
        seconds: u32,
    },
}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownInstrument { name } => {
                write!(f, "limits name {name}, which is no instrument of this run (venue/symbol)")
            }
            Self::Negative { of, field } => write!(f, "limits of {of}: {field} is below zero"),
            Self::DayStart { seconds } => {
                write!(f, "limits of account: day_starts_at_seconds = {seconds} is not within a day")
            }
        }
    }
}

impl std::error::Error for LimitsError {}

impl InstrumentLimits {
    /// The first limit that is not set; `None` when an order can be judged.
    #[must_use]
    pub const fn unset(&self) -> Option<&'static str> {
        if self.order_size.is_none() {
            Some("order_size")
        } else if self.order_notional_nanos.is_none() {
            Some("order_notional_nanos")
        } else if self.position.is_none() {
            Some("position")
        } else if self.open_orders.is_none() {
            Some("open_orders")
        } else if self.collar_ticks.is_none() && self.collar_ppm.is_none() {
            Some("collar_ticks or collar_ppm")
        } else {
            None
        }
    }

    fn negative(&self) -> Option<&'static str> {
        let fields = [
            ("order_size", self.order_size.map(|lots| lots.0)),
            ("order_notional_nanos", self.order_notional_nanos),
            ("position", self.position.map(|lots| lots.0)),
            ("collar_ticks", self.collar_ticks),
            ("collar_ppm", self.collar_ppm),
        ];
        first_negative(&fields)
    }
}

impl AccountLimits {
    /// The first limit that is not set; `None` when an order can be judged.
    #[must_use]
    pub const fn unset(&self) -> Option<&'static str> {
        if self.open_orders.is_none() {
            Some("account.open_orders")
        } else if self.messages_per_second.is_none() {
            Some("account.messages_per_second")
        } else if self.burst.is_none() {
            Some("account.burst")
        } else if self.daily_loss_nanos.is_none() {
            Some("account.daily_loss_nanos")
        } else if self.drawdown_nanos.is_none() {
            Some("account.drawdown_nanos")
        } else {
            None
        }
    }

    fn negative(&self) -> Option<&'static str> {
        first_negative(&[
            ("daily_loss_nanos", self.daily_loss_nanos),
            ("drawdown_nanos", self.drawdown_nanos),
        ])
    }
}

fn first_negative(fields: &[(&'static str, Option<i64>)]) -> Option<&'static str> {
    let found = fields.iter().find(|(_, value)| value.is_some_and(|v| v < 0));
    found.map(|(field, _)| *field)
}

impl Limits {
    /// Every limit set as far away as it goes: for tests, benchmarks and first backtests, where risk is not
    /// the subject. The book must still be live, and the kill switch still works.
    #[must_use]
    pub fn wide() -> Self {
        Self {
            account: AccountLimits {
                open_orders: Some(u32::MAX),
                messages_per_second: Some(u32::MAX),
                burst: Some(u32::MAX),
                daily_loss_nanos: Some(i64::MAX),
                drawdown_nanos: Some(i64::MAX),
                day_starts_at_seconds: 0,
            },
            default: InstrumentLimits {
                order_size: Some(Lots(i64::MAX)),
                order_notional_nanos: Some(i64::MAX),
                position: Some(Lots(i64::MAX)),
                open_orders: Some(u32::MAX),
                collar_ticks: Some(i64::MAX),
                collar_ppm: None,
                collar_reference: None,
            },
            instruments: BTreeMap::new(),
        }
    }

    /// What holds for one instrument: its own limits, and the default where it has none.
    #[must_use]
    pub fn of(&self, instrument: &Instrument) -> InstrumentLimits {
        let default = self.default;
        let Some(own) = self.instruments.get(&name(instrument)) else {
            return default;
        };
        InstrumentLimits {
            order_size: own.order_size.or(default.order_size),
            order_notional_nanos: own.order_notional_nanos.or(default.order_notional_nanos),
            position: own.position.or(default.position),
            open_orders: own.open_orders.or(default.open_orders),
            collar_ticks: own.collar_ticks.or(default.collar_ticks),
            collar_ppm: own.collar_ppm.or(default.collar_ppm),
            collar_reference: own.collar_reference.or(default.collar_reference),
        }
    }

    /// Whether these limits fit these instruments; asked at start-up, before [`Risk::new`](crate::Risk::new).
    ///
    /// # Errors
    /// When they name an unknown instrument, or a number makes no sense.
    pub fn validate(&self, instruments: &[Instrument]) -> Result<(), LimitsError> {
        let unknown = |key: &&String| !instruments.iter().any(|i| name(i) == **key);
        if let Some(name) = self.instruments.keys().find(unknown) {
            return Err(LimitsError::UnknownInstrument { name: name.clone() });
        }
        let negative = [("account", self.account.negative()), ("default", self.default.negative())];
        let own = self.instruments.iter().map(|(name, own)| (name.as_str(), own.negative()));
        for (of, field) in negative.into_iter().chain(own) {
            if let Some(field) = field {
                return Err(LimitsError::Negative { of: of.into(), field });
            }
        }
        match self.account.day_starts_at_seconds {
            0..86_400 => Ok(()),
            seconds => Err(LimitsError::DayStart { seconds }),
        }
    }
}

/// What a limit is called. A name of its own, so that reading one back is not taken for lending it.
pub(crate) type Name = &'static str;

/// Every limit that can be unset, as [`InstrumentLimits::unset`] and [`AccountLimits::unset`] call it.
const NAMES: [&str; 10] = [
    "order_size",
    "order_notional_nanos",
    "position",
    "open_orders",
    "collar_ticks or collar_ppm",
    "account.open_orders",
    "account.messages_per_second",
    "account.burst",
    "account.daily_loss_nanos",
    "account.drawdown_nanos",
];

/// Reads the name of a limit back as the one we have: one we do not have is refused, for a limit that is not set must
/// never pass for one that is.
pub(crate) fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Name>, D::Error> {
    let Some(said) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let ours = NAMES.into_iter().find(|name| *name == said);
    ours.map(Some).ok_or_else(|| D::Error::custom(format!("{said} is no limit of ours")))
}

fn name(instrument: &Instrument) -> String {
    let terms = instrument.terms();
    format!("{}/{}", terms.venue, terms.symbol)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::linear;

    const WRITTEN: &str = r#"
        [account]
        open_orders = 20
        messages_per_second = 50
        burst = 100
        daily_loss_nanos = 10_000_000_000_000
        drawdown_nanos = 25_000_000_000_000

        [default]
        order_size = 10
        order_notional_nanos = 5_000_000_000_000_000
        position = 50
        open_orders = 8
        collar_ticks = 20

        [instruments."test/X"]
        position = 100
        collar_reference = "mid"
    "#;

    #[test]
    fn what_is_written_is_read_and_written_again() {
        let limits: Limits = toml::from_str(WRITTEN).expect("valid");
        let again: Limits = toml::from_str(&toml::to_string(&limits).expect("writes")).expect("reads");
        assert_eq!(limits, again);
        let of = limits.of(&linear());
        assert_eq!((of.position, of.order_size), (Some(Lots(100)), Some(Lots(10))));
        assert_eq!(of.collar_reference, Some(Reference::Mid));
        assert_eq!((of.unset(), limits.account.unset(), limits.validate(&[linear()])), (None, None, Ok(())));
    }

    #[test]
    fn a_word_nobody_knows_is_an_error() {
        for text in [
            "[acount]\nburst = 1",
            "[account]\nburts = 1",
            "[default]\nposition_lots = 3",
            "[instruments.\"test/X\"]\norder_sise = 3",
        ] {
            assert!(toml::from_str::<Limits>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_that_make_no_sense_are_named() {
        let error = |text: &str| {
            let limits: Limits = toml::from_str(text).expect("well formed");
            limits.validate(&[linear()]).map_err(|error| error.to_string())
        };
        let cases = [
            (
                "[instruments.\"test/Y\"]\nposition = 3",
                "limits name test/Y, which is no instrument of this run (venue/symbol)",
            ),
            ("[default]\nposition = -3", "limits of default: position is below zero"),
            ("[instruments.\"test/X\"]\ncollar_ppm = -3", "limits of test/X: collar_ppm is below zero"),
            ("[account]\ndrawdown_nanos = -1", "limits of account: drawdown_nanos is below zero"),
            (
                "[account]\nday_starts_at_seconds = 86400",
                "limits of account: day_starts_at_seconds = 86400 is not within a day",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(error(text), Err(message.to_string()));
        }
        assert_eq!(error("[account]\nday_starts_at_seconds = 86399"), Ok(()));
    }
}
