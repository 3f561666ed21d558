//! When venues trade: calendars of sessions, and what a run makes of them.
//!
//! A calendar is worked out here, at the edge, into moments: changes of phase, which the feed mixes with the recordings
//! as `Event::Status`, so that the venue, the engine and the journal hear of them as if they had been recorded; and the
//! beginnings of trading days. Never decides what a closed market means for an order: `sim::venue` does.

mod configured;
pub mod holidays;
pub mod hours;
pub mod list;
mod schedule;
mod source;

pub(crate) use configured::{CALENDAR_KEYS, HALT_KEYS, check};
pub use configured::{CalendarTerms, HaltTerms};
use hours::{Exception, Hours, Point};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
pub use schedule::{Schedule, Sessions, Told};
pub use source::Calendars;
use std::collections::BTreeMap;
use types::{Nanos, Phase, TradingDay};

/// One venue's or product's sessions.
#[derive(Clone)]
pub struct Calendar {
    name: String,
    zone: TimeZone,
    since: Date,
    /// By the day from which they hold, in order; none: always open.
    hours: Vec<(Date, Hours)>,
    /// Monday first.
    weekdays: [bool; 7],
    exceptions: Exceptions,
}

#[derive(Clone)]
enum Exceptions {
    Rule(fn(Date) -> Option<Exception>),
    Listed(BTreeMap<Date, Exception>),
}

impl std::fmt::Debug for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calendar").field("name", &self.name).finish_non_exhaustive()
    }
}

/// From Monday to Friday.
const WORKING: [bool; 7] = [true, true, true, true, true, false, false];

/// Days that are looked at before a moment to find what holds at it: more than any market was ever closed.
const LOOK_BACK: i64 = 14;

impl Calendar {
    /// A built-in one.
    #[must_use]
    pub fn of(spec: &list::Spec) -> Self {
        let hours = |points: &&[Point]| Hours { points: points.to_vec(), monday_call: spec.monday_call };
        Self {
            name: spec.name.into(),
            zone: TimeZone::get(spec.zone).expect("built-in zones are in the built-in database"),
            since: spec.since,
            hours: spec.hours.iter().map(|(from, points)| (*from, hours(points))).collect(),
            weekdays: WORKING,
            exceptions: Exceptions::Rule(spec.exception),
        }
    }

    /// What the configuration calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it knows the time of a moment: nothing is claimed of the years before a built-in one begins.
    #[must_use]
    pub fn knows(&self, at: Nanos) -> bool {
        self.hours.is_empty() || date_of(at, &self.zone) >= self.since
    }

    /// Whether it never closes.
    #[must_use]
    pub fn is_always_open(&self) -> bool {
        self.hours.is_empty()
    }

    /// The points of the trading day of this date, by the wall's clock; none when it is no trading day.
    #[must_use]
    pub fn day(&self, day: Date) -> Vec<Point> {
        let weekday = day.weekday();
        if !self.weekdays[usize::try_from(weekday.to_monday_zero_offset()).expect("0 to 6")] {
            return Vec::new();
        }
        let Some((_, hours)) = self.hours.iter().rev().find(|(from, _)| *from <= day) else {
            return Vec::new();
        };
        let exception = match &self.exceptions {
            Exceptions::Rule(rule) => rule(day),
            Exceptions::Listed(listed) => listed.get(&day).copied(),
        };
        hours.day(weekday == Weekday::Monday, exception)
    }

    /// What holds at `from`, then every change until `to`.
    #[must_use]
    pub fn changes(&self, from: Nanos, to: Nanos) -> Vec<(Nanos, Phase)> {
        if self.hours.is_empty() {
            return vec![(from, Phase::Open)];
        }
        let mut all: Vec<(Nanos, Phase)> = vec![(Nanos::MIN, Phase::Closed)];
        for day in self.days_between(from, to) {
            let points = self.day(day).into_iter();
            all.extend(points.map(|(minute, phase)| (self.moment(day, minute), phase)));
        }
        // A short evening may begin before a long day has ended: of one moment the later day's word counts.
        all.sort_by_key(|change| change.0);
        let first = all.partition_point(|change| change.0 <= from).saturating_sub(1);
        let mut changes = vec![(from, all[first].1)];
        for &(at, phase) in all[first + 1..].iter().take_while(|change| change.0 <= to) {
            match changes.last_mut() {
                Some(last) if last.0 == at => last.1 = phase,
                Some(last) if last.1 == phase => {}
                Some(_) | None => changes.push((at, phase)),
            }
        }
        changes
    }

    /// The moments between two at which a trading day begins, and the date of that day: also the last one before.
    #[must_use]
    pub fn trading_days(&self, from: Nanos, to: Nanos) -> Vec<(Nanos, TradingDay)> {
        let mut begins: Vec<(Nanos, TradingDay)> = Vec::new();
        let mut stopped = false;
        for day in self.days_between(from, to) {
            let points = self.day(day);
            let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
            let date = trading_day(day);
            match begins.last_mut() {
                // A day that only stops belongs to the next.
                Some(begin) if stopped => begin.1 = date,
                Some(_) | None => begins.push((self.moment(day, first.0), date)),
            }
            stopped = last.1 == Phase::Halted;
        }
        let before = begins.partition_point(|begin| begin.0 <= from).saturating_sub(1);
        let after = begins.partition_point(|begin| begin.0 <= to);
        begins.get(before..after.max(before)).unwrap_or_default().to_vec()
    }

    fn days_between(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = Date> + use<> {
        let first = date_of(from, &self.zone).saturating_sub(LOOK_BACK.days());
        // A day that only stops is named for the next: look beyond the end, too.
        let last = date_of(to, &self.zone).saturating_add(LOOK_BACK.days());
        first.series(1.day()).take_while(move |day| *day <= last)
    }

    /// When the wall's clock shows this minute of a day; where it is set forward, as if it had not been.
    fn moment(&self, day: Date, minute: i16) -> Nanos {
        let shown = day.at(0, 0, 0, 0).saturating_add(i64::from(minute).minutes());
        let moment = self.zone.to_timestamp(shown).expect("within jiff's years");
        Nanos(i64::try_from(moment.as_nanosecond()).unwrap_or(i64::MAX))
    }
}

fn date_of(at: Nanos, zone: &TimeZone) -> Date {
    let moment =
        jiff::Timestamp::from_nanosecond(i128::from(at.0)).expect("64 bits of nanoseconds are within jiff's");
    zone.to_datetime(moment).date()
}

fn trading_day(day: Date) -> TradingDay {
    let epoch = Date::constant(1970, 1, 1);
    TradingDay::since_epoch(i64::from((day - epoch).get_days()))
}
