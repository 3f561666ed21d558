//! `[[calendar]]` and `[[venue.halt]]`: sessions and halts that a user writes down.

use super::hours::{End, Exception, Hours, Minute, Point};
use super::{Calendar, Exceptions, WORKING, list, schedule};
use crate::config::{Config, ConfigError};
use crate::local_time::date;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{Instrument, Nanos, Phase};

/// The keys of a `[[calendar]]`.
pub(crate) const CALENDAR_KEYS: &[&str] =
    &["name", "symbols", "zone", "open", "close", "call", "breaks", "weekdays", "holidays", "early_closes"];

/// The keys of a `[[venue.halt]]`.
pub(crate) const HALT_KEYS: &[&str] = &["symbol", "from", "to", "auction_seconds"];

/// `[[calendar]]`: one venue's or product's sessions, in its own time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarTerms {
    /// For `venue.calendar`.
    pub name: String,
    /// Which instruments go by it whatever `venue.calendar` says: symbols, `venue/symbol`, or roots of futures.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// In the IANA database: `Europe/Berlin`.
    pub zone: String,
    /// `09:00`; later than `close` is the evening before.
    pub open: String,
    /// `17:30`.
    pub close: String,
    /// When orders are called for, before the open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// `12:00-13:00`: trading stops, orders stay.
    #[serde(default)]
    pub breaks: Vec<String>,
    /// `mon` to `sun`; none are Monday to Friday.
    #[serde(default)]
    pub weekdays: Vec<String>,
    /// `2024-12-25`.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// `"2024-12-24" = "14:00"`.
    #[serde(default)]
    pub early_closes: BTreeMap<String, String>,
}

/// `[[venue.halt]]`: a halt that never was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaltTerms {
    /// What is halted: a symbol, `venue/symbol`, or `*` for all.
    pub symbol: String,
    /// RFC 3339, in UTC unless it says otherwise.
    pub from: String,
    /// When trading goes on.
    pub to: String,
    /// How long before that orders are called for; 0: not at all.
    #[serde(default)]
    pub auction_seconds: u32,
}

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn names(wanted: &str, instrument: &Instrument) -> bool {
    let terms = instrument.terms();
    wanted == terms.symbol || wanted.strip_prefix(terms.venue.as_str()) == Some(&format!("/{}", terms.symbol))
}

impl HaltTerms {
    pub(super) fn is_of(&self, instrument: &Instrument) -> bool {
        self.symbol == "*" || names(&self.symbol, instrument)
    }

    pub(super) fn span(&self) -> (Nanos, Nanos) {
        schedule::span(&self.from, &self.to).expect("the configuration was checked")
    }
}

impl CalendarTerms {
    pub(super) fn is_of(&self, instrument: &Instrument) -> bool {
        let is_named =
            |wanted: &String| names(wanted, instrument) || wanted == list::root(instrument.symbol());
        self.symbols.iter().any(is_named)
    }

    pub(super) fn calendar(&self) -> Calendar {
        self.read().expect("the configuration was checked")
    }

    /// The calendar, or which key does not make one, what it says, and what would do.
    fn read(&self) -> Result<Calendar, (&'static str, String, &'static str)> {
        let clock =
            |key, text: &str| minute(text).ok_or((key, text.to_string(), "must be a time like \"09:30\""));
        let day =
            |key, text: &str| date(text).ok_or((key, text.to_string(), "must be a date like \"2024-12-25\""));
        let zone = TimeZone::get(&self.zone)
            .map_err(|_| ("zone", self.zone.clone(), "must be a zone like \"Europe/Berlin\""))?;
        let (open, close) = (clock("open", &self.open)?, clock("close", &self.close)?);
        // What is later than the close is of the evening before.
        let before_close = |minute: Minute| if minute >= close { minute - 24 * 60 } else { minute };
        let mut points: Vec<Point> = vec![(before_close(open), Phase::Open)];
        if let Some(call) = &self.call {
            points.push((before_close(clock("call", call)?), Phase::PreOpen));
        }
        for text in &self.breaks {
            let wrong = || ("breaks", text.clone(), "must be two times like \"12:00-13:00\"");
            let (from, to) = text.split_once('-').ok_or_else(wrong)?;
            let (from, to) = minute(from).zip(minute(to)).ok_or_else(wrong)?;
            points.push((before_close(from), Phase::Halted));
            points.push((before_close(to), Phase::Open));
        }
        points.sort_by_key(|point| point.0);
        points.push((close, Phase::Closed));
        let mut weekdays = if self.weekdays.is_empty() { WORKING } else { [false; 7] };
        for name in &self.weekdays {
            let place = WEEKDAYS.iter().position(|known| known == name);
            weekdays[place.ok_or(("weekdays", name.clone(), "must be of \"mon\" to \"sun\""))?] = true;
        }
        let mut listed = BTreeMap::new();
        for text in &self.holidays {
            listed.insert(day("holidays", text)?, Exception::Closed);
        }
        for (text, close) in &self.early_closes {
            let end = End::Close(clock("early_closes", close)?);
            listed.insert(day("early_closes", text)?, Exception::ends(end));
        }
        Ok(Calendar {
            name: self.name.clone(),
            zone,
            since: Date::MIN,
            hours: vec![(Date::MIN, Hours { points, monday_call: None })],
            weekdays,
            exceptions: Exceptions::Listed(listed),
        })
    }
}

fn minute(text: &str) -> Option<Minute> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (Minute, Minute) = (hour.parse().ok()?, minute.parse().ok()?);
    let is_time = (0..=23).contains(&hour) && (0..=59).contains(&minute) || (hour, minute) == (24, 0);
    (is_time && text.len() == 5).then_some(hour * 60 + minute)
}

/// Refuses what makes no calendar, no halt, or names one that is not there.
pub(crate) fn check(config: &Config) -> Result<(), ConfigError> {
    let refuse = |key: String, value: String, wanted: String| ConfigError::OutOfRange { key, value, wanted };
    for given in &config.calendar {
        let key = |key: &str| format!("calendar.{key} of {}", given.name);
        given.read().map_err(|(name, value, wanted)| refuse(key(name), value, wanted.into()))?;
        let is_taken = ["auto", "off"].contains(&given.name.as_str()) || list::find(&given.name).is_some();
        if is_taken {
            let wanted = "must be another name: this one is built in".into();
            return Err(refuse("calendar.name".into(), given.name.clone(), wanted));
        }
    }
    let name = config.venue.calendar.as_str();
    let known = || {
        let own = config.calendar.iter().map(|given| given.name.as_str());
        ["off", "auto"].into_iter().chain(list::ALL.iter().map(|spec| spec.name)).chain(own)
    };
    if !known().any(|known| known == name) {
        let wanted = match crate::config::nearest(name, known()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("must be one of {}", known().collect::<Vec<_>>().join(", ")),
        };
        return Err(refuse("venue.calendar".into(), format!("`{name}`"), wanted));
    }
    for halt in &config.venue.halt {
        if schedule::span(&halt.from, &halt.to).is_none() {
            let value = format!("{} to {}", halt.from, halt.to);
            let wanted = "must be two moments like 2024-03-01T15:00:00Z, the first before the second".into();
            return Err(refuse(format!("venue.halt of {}", halt.symbol), value, wanted));
        }
    }
    Ok(())
}
