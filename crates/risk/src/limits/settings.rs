//! The limits as people decided them, and who there is to have them: accounts, strategies, desks, venues.
//!
//! A limit that is not written is not "no limit": it refuses every order. Never guesses one.

use super::{Level, LimitId, LimitUnit};
use crate::measures::covariance::Covariances;
use crate::measures::greeks::Sensitivities;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use types::{AccountId, DeskId, Instrument, OrderKind, StrategyId, TimeInForce, Venues};

/// What a person said about a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// Nothing: every order that it would judge is refused.
    #[default]
    Unset,
    /// That there shall be none.
    Off,
    /// This, in the limit's unit.
    At(i64),
}

impl Setting {
    /// The number; `None` when it is unset or off.
    #[inline]
    #[must_use]
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::At(number) => Some(number),
            Self::Unset | Self::Off => None,
        }
    }

    /// The number to compare with: none is as far away as it goes. That it is unset is another check's business.
    #[inline]
    pub(crate) const fn at_most(self) -> i64 {
        match self {
            Self::At(number) => number,
            Self::Unset => 0,
            Self::Off => i64::MAX,
        }
    }

    /// This, or that where this is unset.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match self {
            Self::Unset => other,
            Self::Off | Self::At(_) => self,
        }
    }
}

/// A setting of every limit, by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings(#[serde(with = "serde_big_array::BigArray")] [Setting; LimitId::COUNT]);

impl Default for Settings {
    fn default() -> Self {
        Self([Setting::Unset; LimitId::COUNT])
    }
}

impl Settings {
    /// What is said of one limit.
    #[inline]
    #[must_use]
    pub const fn of(&self, limit: LimitId) -> Setting {
        self.0[limit as usize]
    }

    /// Says something of one limit.
    pub fn set(&mut self, limit: LimitId, setting: Setting) {
        self.0[limit as usize] = setting;
    }

    /// What is said here, and elsewhere where nothing is.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (own, other) in both.0.iter_mut().zip(&other.0) {
            *own = own.or(*other);
        }
        both
    }

    /// The first limit of a level that is not set, by the order of the table.
    #[must_use]
    pub fn unset(&self, level: Level) -> Option<LimitId> {
        let collars = [LimitId::CollarTicks, LimitId::CollarPpm];
        let no_collar =
            level == Level::Instrument && collars.iter().all(|id| self.of(*id).number().is_none());
        let missing = LimitId::of_level(level)
            .filter(|id| !collars.contains(id))
            .find(|id| self.of(*id) == Setting::Unset);
        // One collar is needed and both may be given: the one that is not given is off.
        missing.or(no_collar.then_some(LimitId::CollarPpm))
    }
}

/// The settings of one level: for all of it, and for single ones by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelLimits {
    /// For each, where it has nothing of its own.
    pub every: Settings,
    /// For single ones: what is set here goes before, limit by limit.
    pub own: BTreeMap<String, Settings>,
}

impl LevelLimits {
    /// What holds for one.
    #[must_use]
    pub fn of(&self, name: &str) -> Settings {
        match self.own.get(name) {
            Some(own) => own.or(&self.every),
            None => self.every.clone(),
        }
    }
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountSeat {
    /// Its name.
    pub name: String,
    /// Its beneficial owner: accounts of one owner do not trade with each other. Empty: itself.
    pub owner: String,
    /// What gives way when two orders of one owner would meet.
    pub self_match: crate::SelfMatch,
}

/// Where a strategy sits, by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrategySeat {
    /// Its name in the limits.
    pub name: String,
    /// Whose account it trades on.
    pub account: AccountId,
    /// Who looks after it.
    pub desk: Option<DeskId>,
    /// While it is new: where alone it may trade.
    pub deployment: Deployment,
}

/// Where a new strategy may trade; an empty list is no bound (RC-39). Its numbers are the limits `deploy_…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Symbols, or `venue/symbol`.
    pub instruments: Vec<String>,
    /// Venues.
    pub venues: Vec<String>,
}

impl Deployment {
    /// By instrument, whether it may be traded; empty when all may.
    pub(crate) fn flags(&self, instruments: &[Instrument]) -> Vec<bool> {
        if self.instruments.is_empty() && self.venues.is_empty() {
            return Vec::new();
        }
        let named = |own: &Instrument| {
            let whole = instrument_name(own);
            self.instruments.iter().any(|name| *name == whole || *name == own.terms().symbol)
        };
        let may = |own: &Instrument| {
            (self.instruments.is_empty() || named(own))
                && (self.venues.is_empty() || self.venues.contains(&own.terms().venue))
        };
        instruments.iter().map(may).collect()
    }
}

/// What a venue takes (RC-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueSeat {
    /// By [`kind_bit`](Self::kind_bit).
    pub kinds: u16,
    /// By [`time_in_force_bit`](Self::time_in_force_bit).
    pub times_in_force: u16,
}

impl Default for VenueSeat {
    fn default() -> Self {
        Self { kinds: u16::MAX, times_in_force: u16::MAX }
    }
}

impl VenueSeat {
    /// The names of order types, by bit.
    pub const KINDS: [&'static str; 7] =
        ["limit", "market", "post_only", "stop", "stop_limit", "iceberg", "pegged"];
    /// The names of times in force, by bit.
    pub const TIMES: [&'static str; 5] =
        ["good_til_cancel", "immediate_or_cancel", "fill_or_kill", "day", "good_til_date"];

    /// The bit of an order type.
    #[inline]
    #[must_use]
    pub const fn kind_bit(kind: OrderKind) -> u16 {
        1 << match kind {
            OrderKind::Limit => 0,
            OrderKind::Market => 1,
            OrderKind::PostOnly => 2,
            OrderKind::Stop { .. } => 3,
            OrderKind::StopLimit { .. } => 4,
            OrderKind::Iceberg { .. } => 5,
            OrderKind::Pegged { .. } => 6,
        }
    }

    /// The bit of a time in force.
    #[inline]
    #[must_use]
    pub const fn time_in_force_bit(time: TimeInForce) -> u16 {
        1 << match time {
            TimeInForce::GoodTilCancel => 0,
            TimeInForce::ImmediateOrCancel => 1,
            TimeInForce::FillOrKill => 2,
            TimeInForce::Day => 3,
            TimeInForce::GoodTilDate(_) => 4,
        }
    }
}

/// Everything people decided about risk: who there is, and what each may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// By [`Level`].
    levels: [LevelLimits; Level::ALL.len()],
    /// By account id; at least one.
    pub accounts: Vec<AccountSeat>,
    /// By strategy id. Those beyond the list sit in the first account, without a name.
    pub strategies: Vec<StrategySeat>,
    /// Desks' names, by id.
    pub desks: Vec<String>,
    /// What venues take, by name; those not named take everything.
    pub venues: BTreeMap<String, VenueSeat>,
    /// When the day of losses starts, in seconds after midnight UTC.
    pub day_starts_at_seconds: u32,
    /// Who may speak, by person id, and what of. Empty: anybody may say everything.
    pub people: Vec<crate::Person>,
    /// How lots move together, by instrument id (RC-20). Without it, a limit on value at risk lets nothing pass.
    pub covariances: Option<Covariances>,
    /// What lots are sensitive to, by `venue/symbol` (RC-21): the name of what lies beneath, and how much of one lot.
    pub sensitivities: BTreeMap<String, (String, Sensitivities)>,
}

impl Default for Limits {
    /// One account, and no limit set: nothing passes.
    fn default() -> Self {
        Self {
            levels: Default::default(),
            accounts: vec![AccountSeat::default()],
            strategies: Vec::new(),
            desks: Vec::new(),
            venues: BTreeMap::new(),
            day_starts_at_seconds: 0,
            people: Vec::new(),
            covariances: None,
            sensitivities: BTreeMap::new(),
        }
    }
}

/// Why limits cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitsError {
    /// They name something that is not in this run: a typing error would otherwise be a missing limit.
    Unknown {
        /// A what.
        level: Level,
        /// As written.
        name: String,
    },
    /// A limit below zero means nothing.
    Negative {
        /// At which level.
        level: Level,
        /// Whose; empty: everyone's.
        name: String,
        /// Which.
        limit: LimitId,
    },
    /// A limit that has to be a number.
    Off {
        /// At which level.
        level: Level,
        /// Whose; empty: everyone's.
        name: String,
        /// Which.
        limit: LimitId,
    },
    /// The day starts after it has ended.
    DayStart {
        /// As written.
        seconds: u32,
    },
    /// Covariances of other instruments than there are.
    Covariances {
        /// Of so many.
        size: usize,
        /// There are so many.
        instruments: usize,
    },
    /// A strategy sits in an account or at a desk that there is not.
    NoSeat {
        /// The strategy's name.
        strategy: String,
    },
}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = |level: &Level, name: &str| match name {
            "" => format!("every {level}"),
            name => format!("{level} {name}"),
        };
        match self {
            Self::Unknown { level: Level::Instrument, name } => {
                write!(f, "limits name {name}, which is no instrument of this run (venue/symbol)")
            }
            Self::Unknown { level, name } => write!(f, "limits name {name}, which is no {level} of this run"),
            Self::Negative { level, name, limit } => {
                write!(f, "limits of {}: {} is below zero", whose(level, name), limit.name())
            }
            Self::Off { level, name, limit } => {
                write!(
                    f,
                    "limits of {}: {} must be a number, never \"off\"",
                    whose(level, name),
                    limit.name()
                )
            }
            Self::DayStart { seconds } => {
                write!(f, "limits: day_starts_at_seconds = {seconds} is not within a day")
            }
            Self::Covariances { size, instruments } => {
                write!(f, "limits: covariances of {size} instruments, the run has {instruments}")
            }
            Self::NoSeat { strategy } => {
                write!(f, "limits: strategy {strategy} sits in an account or at a desk that there is not")
            }
        }
    }
}

impl std::error::Error for LimitsError {}

impl Limits {
    /// Every limit set as far away as it goes: for tests, benchmarks and first backtests, where risk is not
    /// the subject. The book must still be live, and the kill switch still works.
    #[must_use]
    pub fn wide() -> Self {
        let mut limits = Self::default();
        for level in Level::ALL {
            for limit in LimitId::of_level(level) {
                let spec = limit.spec();
                let setting = match (spec.may_be_off, spec.unit) {
                    (true, _) => Setting::Off,
                    (false, LimitUnit::Choice(_)) => Setting::At(0),
                    (false, LimitUnit::PerSecond) => Setting::At(i64::from(u32::MAX)),
                    (false, _) if limit == LimitId::Burst => Setting::At(i64::from(u32::MAX)),
                    (false, _) => Setting::At(i64::MAX),
                };
                limits.every_mut(level).set(limit, setting);
            }
        }
        limits.every(Level::Instrument, LimitId::CollarTicks, i64::MAX);
        for account in &mut limits.accounts {
            account.self_match = crate::SelfMatch::Venue;
        }
        limits
    }

    /// The settings of a level.
    #[must_use]
    pub const fn level(&self, level: Level) -> &LevelLimits {
        &self.levels[level as usize]
    }

    /// The same, to be changed.
    pub const fn level_mut(&mut self, level: Level) -> &mut LevelLimits {
        &mut self.levels[level as usize]
    }

    /// What holds for each of a level that has nothing of its own.
    pub const fn every_mut(&mut self, level: Level) -> &mut Settings {
        &mut self.levels[level as usize].every
    }

    /// Sets a limit for each of a level.
    pub fn every(&mut self, level: Level, limit: LimitId, value: i64) {
        self.every_mut(level).set(limit, Setting::At(value));
    }

    /// Sets a limit for one of a level.
    pub fn one(&mut self, level: Level, name: &str, limit: LimitId, value: i64) {
        let own = self.levels[level as usize].own.entry(name.into()).or_default();
        own.set(limit, Setting::At(value));
    }

    /// Seats a strategy in an account that is found or made by its name.
    pub fn seat(&mut self, strategy: &str, account: &str) -> StrategyId {
        let row = self.accounts.iter().position(|known| known.name == account).unwrap_or_else(|| {
            self.accounts.push(AccountSeat { name: account.into(), ..AccountSeat::default() });
            self.accounts.len() - 1
        });
        let account = AccountId(u16::try_from(row).expect("accounts are few"));
        self.strategies.push(StrategySeat { name: strategy.into(), account, ..StrategySeat::default() });
        StrategyId(u16::try_from(self.strategies.len() - 1).expect("strategies are few"))
    }

    /// Whether these limits fit these instruments; asked at start-up, before [`Risk::new`](crate::Risk::new).
    ///
    /// # Errors
    /// When they name something unknown, or say of a limit what makes no sense.
    pub fn validate(&self, instruments: &[Instrument]) -> Result<(), LimitsError> {
        let venues = Venues::new(instruments);
        for level in Level::ALL {
            for name in self.level(level).own.keys() {
                let is_known = match level {
                    Level::Instrument => instruments.iter().any(|own| instrument_name(own) == *name),
                    Level::Strategy => self.strategies.iter().any(|seat| seat.name == *name),
                    Level::Account => self.accounts.iter().any(|seat| seat.name == *name),
                    Level::Desk => self.desks.contains(name),
                    Level::Venue => venues.find(name).is_some(),
                    Level::Firm => false,
                };
                if !is_known {
                    return Err(LimitsError::Unknown { level, name: name.clone() });
                }
            }
            self.check_level(level)?;
        }
        if let Some(name) = self
            .sensitivities
            .keys()
            .find(|name| !instruments.iter().any(|own| instrument_name(own) == **name))
        {
            return Err(LimitsError::Unknown { level: Level::Instrument, name: name.clone() });
        }
        if let Some(model) = &self.covariances
            && model.size() != instruments.len()
        {
            return Err(LimitsError::Covariances { size: model.size(), instruments: instruments.len() });
        }
        if let Some(name) = self.venues.keys().find(|name| venues.find(name).is_none()) {
            return Err(LimitsError::Unknown { level: Level::Venue, name: name.clone() });
        }
        for seat in &self.strategies {
            let at_desk = seat.desk.is_none_or(|desk| desk.index() < self.desks.len());
            if seat.account.index() >= self.accounts.len() || !at_desk {
                return Err(LimitsError::NoSeat { strategy: seat.name.clone() });
            }
        }
        match self.day_starts_at_seconds {
            0..86_400 => Ok(()),
            seconds => Err(LimitsError::DayStart { seconds }),
        }
    }

    fn check_level(&self, level: Level) -> Result<(), LimitsError> {
        let settings = self.level(level);
        let every = std::iter::once(("", &settings.every));
        let own = settings.own.iter().map(|(name, own)| (name.as_str(), own));
        for (name, settings) in every.chain(own) {
            for limit in LimitId::of_level(level) {
                match settings.of(limit) {
                    Setting::At(..0) => {
                        return Err(LimitsError::Negative { level, name: name.into(), limit });
                    }
                    Setting::Off if !limit.spec().may_be_off => {
                        return Err(LimitsError::Off { level, name: name.into(), limit });
                    }
                    Setting::Unset | Setting::Off | Setting::At(_) => {}
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn instrument_name(instrument: &Instrument) -> String {
    let terms = instrument.terms();
    format!("{}/{}", terms.venue, terms.symbol)
}
