//! Zones: what the wall's clock showed, and which moment that was.
//!
//! The rules are `jiff`'s copy of the IANA time zone database, built into the binary, so that a run means the same on
//! every machine: the system's own files are never asked. Chosen over `chrono-tz` because it reads the rules at run
//! time from one table, where the other compiles every zone into code, and `deny.toml` keeps `chrono` out.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use types::Nanos;
use venues::archive::ticks::{Offset, WallClock};

pub use jiff::civil::Date;

/// A zone by its name in the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// Changes of offsets are looked at until then: the rules of today, carried on.
const LAST_YEAR: i16 = 2100;

impl Zone {
    /// The zone called `America/New_York`, `UTC`, …
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// Where the US stock exchanges are.
    ///
    /// # Panics
    /// Never: the database is built in.
    #[must_use]
    pub fn new_york() -> Self {
        Self::named("America/New_York").expect("the built-in database has it")
    }

    /// Where CME is.
    ///
    /// # Panics
    /// Never: the database is built in.
    #[must_use]
    pub fn chicago() -> Self {
        Self::named("America/Chicago").expect("the built-in database has it")
    }

    /// What the zone's wall clock shows at a moment, as nanoseconds since 1970 by that clock.
    #[must_use]
    pub fn wall(&self, at: Nanos) -> Nanos {
        let moment = Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or(Timestamp::UNIX_EPOCH);
        Nanos(at.0.saturating_add(i64::from(self.0.to_offset(moment).seconds()) * 1_000_000_000))
    }

    /// The zone's wall clock, for decoders that meet many days.
    #[must_use]
    pub fn wall_clock(&self) -> WallClock {
        let start = Timestamp::UNIX_EPOCH;
        let ahead = |seconds: i32| Nanos::from_secs(i64::from(seconds));
        let first = self.0.to_offset_info(start).offset().seconds();
        let end = Date::constant(LAST_YEAR, 1, 1);
        let changes = self
            .0
            .following(start)
            .take_while(|change| change.offset().to_datetime(change.timestamp()).date() < end);
        let offsets: Vec<Offset> = changes
            .map(|change| Offset {
                begins: Nanos::from_secs(change.timestamp().as_second()),
                ahead: ahead(change.offset().seconds()),
            })
            .collect();
        WallClock::new(ahead(first), &offsets)
    }
}

/// When `date` begins in `zone`, in UTC. Where the clock skips midnight: when it would have been.
///
/// # Panics
/// Outside the years that nanoseconds in 64 bits can hold, 1678 to 2261.
#[must_use]
pub fn midnight(date: Date, zone: &Zone) -> Nanos {
    let moment = zone.0.to_timestamp(date.at(0, 0, 0, 0)).expect("a date's midnight is within jiff's range");
    Nanos::from_secs(moment.as_second())
}

/// The date a text like `20131007` or `2013-10-07` is.
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) =
        (digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?);
    Date::new(year, month, day).ok().filter(|date| (1678..=2261).contains(&date.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_where_the_system_s_own_rules_put_it() {
        // `TZ=ZONE date -d DATE +%s`.
        let cases = [
            ("America/New_York", "20120621", 1_340_251_200),
            ("America/New_York", "20120311", 1_331_442_000),
            ("America/New_York", "20120312", 1_331_524_800),
            ("America/New_York", "20121105", 1_352_091_600),
            // Before 2007 summer time began in April.
            ("America/New_York", "20060401", 1_143_867_600),
            ("America/New_York", "20060403", 1_144_036_800),
            ("America/Chicago", "20130901", 1_378_011_600),
            ("Asia/Kolkata", "2013-10-07", 1_381_084_200),
            ("UTC", "2013-10-07", 1_381_104_000),
        ];
        for (zone, text, seconds) in cases {
            let zone = Zone::named(zone).expect("a zone");
            assert_eq!(midnight(date(text).expect("a date"), &zone), Nanos::from_secs(seconds), "{text}");
        }
        assert!(Zone::named("America/Nowhere").is_none());
        assert!(date("20131301").is_none() && date("2013107").is_none() && date("").is_none());
    }

    #[test]
    fn the_wall_clock_agrees_with_jiff_at_every_quarter_of_an_hour() {
        for name in ["America/New_York", "America/Chicago", "Europe/London", "Asia/Kolkata", "UTC"] {
            let zone = Zone::named(name).expect("a zone");
            let clock = zone.wall_clock();
            for year in [1970, 1987, 2006, 2013, 2026] {
                let mut shown = Date::constant(year, 1, 1).at(0, 0, 0, 0);
                while shown.year() == year {
                    let (utc, twice) = clock.utc(Nanos::from_secs(
                        TimeZone::UTC.to_timestamp(shown).expect("in range").as_second(),
                    ));
                    let ambiguous = zone.0.to_ambiguous_timestamp(shown);
                    let is_fold = matches!(ambiguous.offset(), jiff::tz::AmbiguousOffset::Fold { .. });
                    let expected = ambiguous.compatible().expect("in range").as_second();
                    assert_eq!((utc, twice), (Nanos::from_secs(expected), is_fold), "{name} {shown}");
                    shown = shown.checked_add(jiff::Span::new().minutes(15)).expect("in range");
                }
            }
        }
    }
}
