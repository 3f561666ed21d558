//! `[risk]`: the few numbers most runs need, and every limit there is by level, from risk's own table.
//!
//! A key of `[risk]` is a short way to set one limit at several levels; a level's own table goes before it, an entry of its
//! list before both. Every limit has a default that is printed; none is guessed.

use super::model::{self, CorrelationEntry, LotEntry};
use super::{ConfigError, nearest};
use ::risk::{
    AccountSeat, Deployment, Level, LimitId, LimitUnit, Limits, Person, Role, SelfMatch, Setting,
    StrategySeat, VenueSeat,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use types::{AccountId, DeskId, Instrument};

/// A limit as it is written: a number, or a word (`"off"`, or one of the limit's own).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// A whole number.
    Whole(i64),
    /// Another one.
    Real(f64),
    /// A word.
    Word(String),
}

/// Limits by name.
pub type LimitMap = BTreeMap<String, Amount>;

/// `[risk]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Risk {
    /// In lots.
    pub max_order_size: i64,
    /// In currency.
    pub max_order_notional: f64,
    /// In lots, working orders included.
    pub max_position: i64,
    /// Orders at the venue at once.
    pub max_open_orders: u32,
    /// How far beyond the other side's best price an order may be priced, in millionths.
    pub price_collar_ppm: u32,
    /// New orders and replaces.
    pub max_messages_per_second: u32,
    /// In currency.
    pub max_daily_loss: f64,
    /// In currency, from the highest equity.
    pub max_drawdown: f64,
    /// Start with the kill switch on: nothing is sent.
    pub kill_switch: bool,
    /// Of the firm.
    pub firm: LimitMap,
    /// Of each instrument.
    pub instruments: LimitMap,
    /// Of each strategy.
    pub strategies: LimitMap,
    /// Of each account.
    pub accounts: LimitMap,
    /// Of each desk.
    pub desks: LimitMap,
    /// Of each venue.
    pub venues: LimitMap,
    /// Of single ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instrument: Vec<RiskEntry>,
    /// Of single ones, and where they sit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strategy: Vec<RiskEntry>,
    /// Of single ones, and whose they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub account: Vec<RiskEntry>,
    /// Of single ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub desk: Vec<RiskEntry>,
    /// Of single ones, and what they take.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue: Vec<RiskEntry>,
    /// Who may speak to the engine; nobody listed: anybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub person: Vec<PersonEntry>,
    /// What a lot of an instrument may lose, and is sensitive to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lot: Vec<LotEntry>,
    /// How two of them move together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub correlation: Vec<CorrelationEntry>,
}

/// `[[risk.account]]` and its sisters: what is set here goes before the level's table, limit by limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RiskEntry {
    /// Whose: an instrument's `venue/symbol`, a strategy's label, a venue's, account's or desk's name.
    pub name: String,
    /// Of a strategy: its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Of a strategy: its desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// Of a new strategy: what alone it may trade.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<String>,
    /// Of a new strategy: where alone it may trade.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venues: Vec<String>,
    /// Of an account: its beneficial owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Of an account: what gives way when two orders of one owner would meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_match: Option<String>,
    /// Of a venue: the order types it is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_types: Vec<String>,
    /// Of a venue: the times in force it is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub times_in_force: Vec<String>,
    /// Limits.
    #[serde(flatten)]
    pub limits: LimitMap,
}

/// `[[risk.person]]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonEntry {
    /// Their name.
    pub name: String,
    /// `"risk"` may change limits and end halts, `"trader"` may stop.
    pub role: String,
}

/// The table of each level, its list, and what else an entry of the list may say.
const LEVELS: [(Level, &str, &str, &[&str]); 6] = [
    (Level::Firm, "firm", "", &[]),
    (Level::Instrument, "instruments", "instrument", &[]),
    (Level::Strategy, "strategies", "strategy", &["account", "desk", "instruments", "venues"]),
    (Level::Account, "accounts", "account", &["owner", "self_match"]),
    (Level::Desk, "desks", "desk", &[]),
    (Level::Venue, "venues", "venue", &["order_types", "times_in_force"]),
];

/// The defaults of limits that no key of `[risk]` sets; `"off"` where it is not listed.
const DEFAULTS: &[(LimitId, f64)] = &[
    (LimitId::DriftPpm, 200_000.0),
    (LimitId::DriftWindow, 60_000.0),
    (LimitId::ParentNotional, 100_000_000.0),
    (LimitId::Gross, 1_000_000_000.0),
    (LimitId::Net, 1_000_000_000.0),
    (LimitId::Credit, 1_000_000_000.0),
];

/// The value of a key.
type ValueOf = fn(&Risk) -> f64;

/// What the short keys of `[risk]` set.
#[expect(clippy::cast_precision_loss, reason = "lots that people write are far below 2⁵³")]
const SHORT: &[(LimitId, ValueOf)] = &[
    (LimitId::OrderSize, |risk| risk.max_order_size as f64),
    (LimitId::OrderNotional, |risk| risk.max_order_notional),
    (LimitId::Position, |risk| risk.max_position as f64),
    (LimitId::OpenOrders, |risk| f64::from(risk.max_open_orders)),
    (LimitId::CollarPpm, |risk| f64::from(risk.price_collar_ppm)),
    (LimitId::MessagesPerSecond, |risk| f64::from(risk.max_messages_per_second)),
    (LimitId::Burst, |risk| f64::from(risk.max_messages_per_second)),
    (LimitId::DailyLoss, |risk| risk.max_daily_loss),
    (LimitId::Drawdown, |risk| risk.max_drawdown),
];

fn short(risk: &Risk, limit: LimitId) -> Option<f64> {
    SHORT.iter().find(|(known, _)| *known == limit).map(|(_, value)| value(risk))
}

/// A level's table by default: every limit that no key of `[risk]` sets.
fn defaults(level: Level) -> LimitMap {
    let plain = Risk::numbers();
    let own = LimitId::of_level(level).filter(|limit| short(&plain, *limit).is_none());
    own.map(|limit| (limit.name().to_string(), default_of(limit))).collect()
}

fn default_of(limit: LimitId) -> Amount {
    if let LimitUnit::Choice(words) = limit.spec().unit {
        return Amount::Word(words[0].into());
    }
    match DEFAULTS.iter().find(|(known, _)| *known == limit) {
        #[expect(clippy::cast_possible_truncation, reason = "small whole numbers of the table above")]
        Some((_, number)) if limit.spec().unit != LimitUnit::Money => Amount::Whole(*number as i64),
        Some((_, number)) => Amount::Real(*number),
        None => Amount::Word("off".into()),
    }
}

impl Default for Risk {
    fn default() -> Self {
        let mut risk = Self::numbers();
        risk.fill();
        risk
    }
}

impl Risk {
    /// The plain keys' defaults, without a level's table.
    fn numbers() -> Self {
        Self {
            max_order_size: 10,
            max_order_notional: 10_000_000.0,
            max_position: 10,
            max_open_orders: 20,
            price_collar_ppm: 20_000,
            max_messages_per_second: 100,
            max_daily_loss: 50_000.0,
            max_drawdown: 50_000.0,
            kill_switch: false,
            firm: LimitMap::new(),
            instruments: LimitMap::new(),
            strategies: LimitMap::new(),
            accounts: LimitMap::new(),
            desks: LimitMap::new(),
            venues: LimitMap::new(),
            instrument: Vec::new(),
            strategy: Vec::new(),
            account: Vec::new(),
            desk: Vec::new(),
            venue: Vec::new(),
            person: Vec::new(),
            lot: Vec::new(),
            correlation: Vec::new(),
        }
    }

    fn table(&self, level: Level) -> &LimitMap {
        match level {
            Level::Firm => &self.firm,
            Level::Instrument => &self.instruments,
            Level::Strategy => &self.strategies,
            Level::Account => &self.accounts,
            Level::Desk => &self.desks,
            Level::Venue => &self.venues,
        }
    }

    fn table_mut(&mut self, level: Level) -> &mut LimitMap {
        match level {
            Level::Firm => &mut self.firm,
            Level::Instrument => &mut self.instruments,
            Level::Strategy => &mut self.strategies,
            Level::Account => &mut self.accounts,
            Level::Desk => &mut self.desks,
            Level::Venue => &mut self.venues,
        }
    }

    fn list(&self, level: Level) -> &[RiskEntry] {
        match level {
            Level::Firm => &[],
            Level::Instrument => &self.instrument,
            Level::Strategy => &self.strategy,
            Level::Account => &self.account,
            Level::Desk => &self.desk,
            Level::Venue => &self.venue,
        }
    }

    /// Writes out the defaults that a level's table leaves out: a changed default then does not change an old run.
    pub(super) fn fill(&mut self) {
        for level in Level::ALL {
            let table = self.table_mut(level);
            for (name, default) in defaults(level) {
                table.entry(name).or_insert(default);
            }
        }
    }

    /// Whether every value makes sense.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (level, table, list, _) in LEVELS {
            for (name, amount) in self.table(level) {
                setting(&format!("risk.{table}.{name}"), name, amount)?;
            }
            for entry in self.list(level) {
                for (name, amount) in &entry.limits {
                    setting(&format!("risk.{list}.{name}"), name, amount)?;
                }
            }
        }
        for entry in &self.account {
            let mode = entry.self_match.as_deref().unwrap_or("venue");
            word("risk.account.self_match", mode, &SelfMatch::NAMES)?;
        }
        for entry in &self.venue {
            for kind in &entry.order_types {
                word("risk.venue.order_types", kind, &VenueSeat::KINDS)?;
            }
            for time in &entry.times_in_force {
                word("risk.venue.times_in_force", time, &VenueSeat::TIMES)?;
            }
        }
        for person in &self.person {
            word("risk.person.role", &person.role, &["risk", "trader"])?;
        }
        Ok(())
    }

    /// The limits, for strategies of these labels in the order of their ids.
    ///
    /// # Errors
    /// When a value makes no sense.
    pub fn limits(&self, strategies: &[&str]) -> Result<Limits, ConfigError> {
        let mut limits = Limits::default();
        for level in Level::ALL {
            for limit in LimitId::of_level(level) {
                let amount = self.table(level).get(limit.name()).cloned();
                let short = short(self, limit).map(Amount::Real);
                let amount = amount.or(short).unwrap_or_else(|| default_of(limit));
                limits.every_mut(level).set(limit, setting(limit.name(), limit.name(), &amount)?);
            }
            for entry in self.list(level) {
                let own = limits.level_mut(level).own.entry(entry.name.clone()).or_default();
                for (name, amount) in &entry.limits {
                    let setting = setting(name, name, amount)?;
                    own.set(LimitId::find(name).expect("its setting was just read"), setting);
                }
            }
        }
        self.seat(&mut limits, strategies);
        Ok(limits)
    }

    /// Adds what limits are measured by, for a run with these instruments.
    ///
    /// # Errors
    /// When it is not whole, or names what is not in this run.
    pub fn model(&self, limits: &mut Limits, instruments: &[Instrument]) -> Result<(), ConfigError> {
        model::apply(&self.lot, &self.correlation, limits, instruments)
    }

    fn seat(&self, limits: &mut Limits, strategies: &[&str]) {
        let mode = |entry: &RiskEntry| entry.self_match.as_deref().and_then(SelfMatch::find);
        limits.accounts = self
            .account
            .iter()
            .map(|entry| AccountSeat {
                name: entry.name.clone(),
                owner: entry.owner.clone().unwrap_or_default(),
                self_match: mode(entry).unwrap_or(SelfMatch::Venue),
            })
            .collect();
        if limits.accounts.is_empty() {
            limits.accounts.push(AccountSeat { self_match: SelfMatch::Venue, ..AccountSeat::default() });
        }
        limits.desks = self.desk.iter().map(|entry| entry.name.clone()).collect();
        let row = |row: usize| u16::try_from(row).unwrap_or(u16::MAX);
        for label in strategies {
            let entry = self.strategy.iter().find(|entry| entry.name == *label);
            let mut seat = StrategySeat { name: (*label).into(), ..StrategySeat::default() };
            if let Some(entry) = entry {
                if let Some(name) = &entry.account {
                    let found = limits.accounts.iter().position(|known| known.name == *name);
                    seat.account = AccountId(found.map_or(u16::MAX, row));
                }
                if let Some(name) = &entry.desk {
                    let found = limits.desks.iter().position(|known| known == name);
                    seat.desk = Some(DeskId(found.map_or(u16::MAX, row)));
                }
                seat.deployment =
                    Deployment { instruments: entry.instruments.clone(), venues: entry.venues.clone() };
            }
            limits.strategies.push(seat);
        }
        for entry in &self.venue {
            let bits = |names: &[String], all: &[&str]| match names {
                [] => u16::MAX,
                names => all
                    .iter()
                    .enumerate()
                    .filter(|(_, known)| names.iter().any(|name| name == *known))
                    .fold(0, |bits, (bit, _)| bits | 1 << bit),
            };
            let takes = VenueSeat {
                kinds: bits(&entry.order_types, &VenueSeat::KINDS),
                times_in_force: bits(&entry.times_in_force, &VenueSeat::TIMES),
            };
            limits.venues.insert(entry.name.clone(), takes);
        }
        let role = |role: &str| if role == "risk" { Role::Risk } else { Role::Trader };
        let people = self.person.iter();
        limits.people = people.map(|one| Person { name: one.name.clone(), role: role(&one.role) }).collect();
    }

    /// The levels' tables by default, as `quoin config --print` writes them.
    pub(super) fn print_levels(text: &mut String) {
        let defaults = Self::default();
        for (level, table, list, _) in LEVELS {
            let _ = write!(text, "\n# Limits of {}", whose(level));
            let also: Vec<_> =
                LimitId::of_level(level).filter(|limit| short(&defaults, *limit).is_some()).collect();
            if !also.is_empty() {
                let names: Vec<_> = also.iter().map(|limit| limit.name()).collect();
                let _ = write!(text, "; here go before [risk]: {}", names.join(", "));
            }
            if !list.is_empty() {
                let _ = write!(text, ".\n# For one of them: [[risk.{list}]] with its name");
            }
            let _ = write!(text, ".\n[risk.{table}]\n");
            for limit in LimitId::of_level(level) {
                let Some(amount) = defaults.table(level).get(limit.name()) else { continue };
                let value = toml::Value::try_from(amount).expect("an amount has a TOML form");
                let _ = write!(text, "# {}\n{} = {value}\n", limit.spec().about, limit.name());
            }
        }
    }
}

const fn whose(level: Level) -> &'static str {
    match level {
        Level::Firm => "the firm: all accounts together",
        Level::Instrument => "each instrument",
        Level::Strategy => "each strategy",
        Level::Account => "each account",
        Level::Desk => "each desk",
        Level::Venue => "each venue",
    }
}

/// The keys of a table or list of levels: `None` when `[risk]` has no such table or list.
pub(super) fn keys_of(key: &str) -> Option<Vec<&'static str>> {
    if key == "person" {
        return Some(vec!["name", "role"]);
    }
    if let Some((_, keys)) = model::LISTS.into_iter().find(|(list, _)| key == *list) {
        return Some(keys.to_vec());
    }
    let (level, table, _, besides) =
        LEVELS.into_iter().find(|(_, table, list, _)| key == *table || key == *list)?;
    let mut keys: Vec<_> = LimitId::of_level(level).map(LimitId::name).collect();
    if key != table {
        keys.push("name");
        keys.extend(besides);
    }
    Some(keys)
}

fn word(key: &str, given: &str, known: &[&str]) -> Result<(), ConfigError> {
    if known.contains(&given) {
        return Ok(());
    }
    let wanted = match nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("must be one of {}", super::names(known.iter().copied())),
    };
    Err(ConfigError::OutOfRange { key: key.into(), value: format!("`{given}`"), wanted })
}

/// What a written amount says of a limit.
fn setting(key: &str, name: &str, amount: &Amount) -> Result<Setting, ConfigError> {
    let refuse = |value: String, wanted: &str| {
        Err(ConfigError::OutOfRange { key: key.into(), value, wanted: wanted.into() })
    };
    let Some(limit) = LimitId::find(name) else {
        return refuse("no limit".into(), "`quoin controls` lists them");
    };
    let spec = limit.spec();
    let number = match (amount, spec.unit) {
        (Amount::Word(given), LimitUnit::Choice(words)) => {
            word(key, given, words)?;
            let row = words.iter().position(|known| known == given).unwrap_or(0);
            return Ok(Setting::At(i64::try_from(row).unwrap_or(0)));
        }
        (Amount::Word(word), _) if word == "off" && spec.may_be_off => return Ok(Setting::Off),
        (Amount::Word(word), _) if word == "off" => {
            return refuse("`off`".into(), "must be a number: this limit is never off");
        }
        (Amount::Word(word), _) => return refuse(format!("`{word}`"), "must be a number"),
        (Amount::Whole(_) | Amount::Real(_), LimitUnit::Choice(words)) => {
            return word(key, "a number", words).map(|()| Setting::Unset);
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers that people write are far below 2⁵³")]
        (Amount::Whole(whole), _) => *whole as f64,
        (Amount::Real(real), _) => *real,
    };
    // Written so that NaN is refused too.
    if !(number >= 0.0 && number.is_finite()) {
        return refuse(number.to_string(), "must be a number, 0 or more");
    }
    #[expect(clippy::cast_precision_loss, reason = "a power of ten")]
    #[expect(clippy::cast_possible_truncation, reason = "saturates: as far away as it goes")]
    let value = (number * spec.unit.scale() as f64).round() as i64;
    Ok(Setting::At(value))
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use ::risk::{Level, LimitId, Setting};

    #[test]
    fn a_limit_is_taken_from_its_entry_its_level_the_short_key_and_the_default() {
        let text = "[risk]\nmax_position = 7\n[risk.accounts]\nposition = 5\n\
                    [[risk.account]]\nname = \"a\"\nposition = 3\nself_match = \"decrement\"\n\
                    [[risk.strategy]]\nname = \"one\"\naccount = \"a\"\nexecutions = 9\nexecutions_window_ms = 250\n";
        let config = Config::parse(text).expect("valid");
        let limits = config.risk.limits(&["one", "two"]).expect("valid");
        let of = |level, name: &str, limit| limits.level(level).of(name).of(limit);
        assert_eq!(of(Level::Instrument, "x/Y", LimitId::Position), Setting::At(7));
        assert_eq!(of(Level::Account, "b", LimitId::Position), Setting::At(5));
        assert_eq!(of(Level::Account, "a", LimitId::Position), Setting::At(3));
        assert_eq!(of(Level::Strategy, "one", LimitId::ExecutionsWindow), Setting::At(250_000_000));
        assert_eq!(of(Level::Strategy, "two", LimitId::Executions), Setting::Off);
        assert_eq!(of(Level::Firm, "", LimitId::Gross), Setting::At(1_000_000_000_000_000_000));
        assert_eq!(limits.accounts[0].self_match, ::risk::SelfMatch::Decrement);
        assert_eq!(Config::parse(&config.to_toml()), Ok(config.clone()));
    }

    #[test]
    fn every_limit_has_a_default_that_is_printed() {
        let limits = Config::default().risk.limits(&[""]).expect("valid");
        for level in Level::ALL {
            assert_eq!(limits.level(level).every.unset(level), None, "{level}");
        }
        let printed = Config::print_defaults();
        for limit in LimitId::ALL {
            assert!(printed.contains(limit.name()), "{}", limit.name());
        }
    }

    #[test]
    fn what_cannot_be_a_limit_is_refused_with_a_pointer() {
        let cases = [
            (
                "[risk.firm]\ngros = 1\n",
                "line 2: unknown key `risk.firm.gros`; did you mean `risk.firm.gross`?",
            ),
            (
                "[[risk.account]]\nname = \"a\"\nburts = 1\n",
                "line 3: unknown key `risk.account.burts`; did you mean `risk.account.burst`?",
            ),
            (
                "[risk.accounts]\ngross = \"off\"\n",
                "`risk.accounts.gross` is `off`: must be a number: this limit is never off",
            ),
            ("[risk.venues]\nin_flight = -1\n", "`risk.venues.in_flight` is -1: must be a number, 0 or more"),
            (
                "[risk.instruments]\nshort_sale = \"fre\"\n",
                "`risk.instruments.short_sale` is `fre`: did you mean `free`?",
            ),
            (
                "[[risk.venue]]\nname = \"x\"\norder_types = [\"markt\"]\n",
                "`risk.venue.order_types` is `markt`: did you mean `market`?",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(Config::parse(text).expect_err(text).to_string(), message);
        }
    }
}
