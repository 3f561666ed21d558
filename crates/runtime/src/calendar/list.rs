//! The calendars that are built in: one entry each, hours by date and exceptions by rule.
//!
//! Sources: the exchanges' published trading hours and holiday schedules (nyse.com "Holidays & Trading Hours";
//! cmegroup.com "Trading Hours" and "Holiday Calendar"). `tests/calendars` compares them with independent tables and names
//! every day on which those say otherwise.

use super::holidays::is_working_day;
use super::holidays::{Holiday, holiday, is_after_thanksgiving, is_christmas_eve, is_jobs_friday};
use super::hours::{End, Exception, Point, at};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use types::Phase::{Closed, Halted, Open, PreOpen};

/// One calendar.
pub struct Spec {
    /// What the configuration calls it.
    pub name: &'static str,
    /// For people.
    pub about: &'static str,
    /// In the IANA database.
    pub zone: &'static str,
    /// From this day on it is known; before, nothing is claimed.
    pub since: Date,
    /// From which day on which hours hold; none: always open.
    pub hours: &'static [(Date, &'static [Point])],
    /// Where a Monday's call begins.
    pub monday_call: Option<i16>,
    /// What a Monday to Friday has instead.
    pub exception: fn(Date) -> Option<Exception>,
}

/// The evening before a day.
const EVE: i16 = -24;

const NO_HOLIDAYS: fn(Date) -> Option<Exception> = |_| None;

/// CME Globex closed its day at 16:15 until 18 September 2015, at 16:00 since.
const SIXTEEN: Date = date(2015, 9, 21);

/// Every calendar.
pub const ALL: &[Spec] = &[
    Spec {
        name: "us_equities",
        about: "NYSE, Nasdaq and the other US stock exchanges: 9:30 to 16:00, called from 6:30",
        zone: "America/New_York",
        since: date(2000, 1, 3),
        hours: &[(date(2000, 1, 3), &[(at(6, 30), PreOpen), (at(9, 30), Open), (at(16, 0), Closed)])],
        monday_call: None,
        exception: |day| us_equities(day, at(13, 0)),
    },
    Spec {
        name: "us_equities_extended",
        about: "The same with the sessions before and after it, as Nasdaq and NYSE Arca have them: 4:00 to 20:00",
        zone: "America/New_York",
        since: date(2013, 3, 18),
        hours: &[(date(2013, 3, 18), &[(at(4, 0), Open), (at(20, 0), Closed)])],
        monday_call: None,
        exception: |day| us_equities(day, at(17, 0)),
    },
    Spec {
        name: "cme_equity",
        about: "CME Globex equity indices (ES, NQ, YM, RTY): 17:00 to 16:00 in Chicago",
        zone: "America/Chicago",
        since: date(2012, 11, 19),
        hours: &[
            (
                date(2012, 11, 19),
                &[
                    (at(16 + EVE, 45), PreOpen),
                    (at(17 + EVE, 0), Open),
                    (at(15, 15), Halted),
                    (at(15, 30), Open),
                    (at(16, 15), Closed),
                ],
            ),
            (
                SIXTEEN,
                &[
                    (at(16 + EVE, 45), PreOpen),
                    (at(17 + EVE, 0), Open),
                    (at(15, 15), Halted),
                    (at(15, 30), Open),
                    (at(16, 0), Closed),
                ],
            ),
            (date(2021, 6, 28), &[(at(16 + EVE, 45), PreOpen), (at(17 + EVE, 0), Open), (at(16, 0), Closed)]),
        ],
        monday_call: Some(at(16 + EVE, 0)),
        exception: cme_equity,
    },
    Spec {
        name: "cme_rates",
        about: "CME Globex interest rates (ZT, ZF, ZN, ZB, SR3): 17:00 to 16:00 in Chicago",
        zone: "America/Chicago",
        since: date(2013, 1, 1),
        hours: &[(
            date(2013, 1, 1),
            &[(at(16 + EVE, 45), PreOpen), (at(17 + EVE, 0), Open), (at(16, 0), Closed)],
        )],
        monday_call: Some(at(16 + EVE, 0)),
        exception: cme_rates,
    },
    Spec {
        name: "cme_fx",
        about: "CME Globex currencies (6E, 6B, 6J): 17:00 to 16:00 in Chicago",
        zone: "America/Chicago",
        since: date(2013, 1, 1),
        hours: &[(
            date(2013, 1, 1),
            &[(at(16 + EVE, 45), PreOpen), (at(17 + EVE, 0), Open), (at(16, 0), Closed)],
        )],
        monday_call: Some(at(16 + EVE, 0)),
        exception: cme_fx,
    },
    Spec {
        name: "cme_energy",
        about: "NYMEX energy on CME Globex (CL, NG): 17:00 to 16:00 in Chicago",
        zone: "America/Chicago",
        since: date(2013, 1, 1),
        hours: ENERGY,
        monday_call: Some(at(16 + EVE, 0)),
        exception: cme_commodities,
    },
    Spec {
        name: "cme_metals",
        about: "COMEX metals on CME Globex (GC, SI, HG): 17:00 to 16:00 in Chicago",
        zone: "America/Chicago",
        since: date(2013, 1, 1),
        hours: ENERGY,
        monday_call: Some(at(16 + EVE, 0)),
        exception: cme_commodities,
    },
    Spec {
        name: "cme_grains",
        about: "CBOT grains on CME Globex (ZC, ZS, ZW): 19:00 to 7:45 and 8:30 to 13:20 in Chicago",
        zone: "America/Chicago",
        since: date(2013, 4, 8),
        hours: &[
            (
                date(2013, 4, 8),
                &[
                    (at(16 + EVE, 45), PreOpen),
                    (at(19 + EVE, 0), Open),
                    (at(7, 45), Halted),
                    (at(8, 0), PreOpen),
                    (at(8, 30), Open),
                    (at(13, 15), Closed),
                ],
            ),
            (
                date(2015, 7, 6),
                &[
                    (at(16 + EVE, 45), PreOpen),
                    (at(19 + EVE, 0), Open),
                    (at(7, 45), Halted),
                    (at(8, 0), PreOpen),
                    (at(8, 30), Open),
                    (at(13, 20), Closed),
                ],
            ),
        ],
        monday_call: Some(at(16 + EVE, 0)),
        exception: cme_grains,
    },
    Spec {
        name: "always",
        about: "Open at any time: crypto",
        zone: "UTC",
        since: date(2000, 1, 1),
        hours: &[],
        monday_call: None,
        exception: NO_HOLIDAYS,
    },
];

const ENERGY: &[(Date, &[Point])] = &[
    (date(2013, 1, 1), &[(at(16 + EVE, 45), PreOpen), (at(17 + EVE, 0), Open), (at(16, 15), Closed)]),
    (SIXTEEN, &[(at(16 + EVE, 45), PreOpen), (at(17 + EVE, 0), Open), (at(16, 0), Closed)]),
];

/// The calendar of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().find(|spec| spec.name == name)
}

/// Roots of CME Group's futures, by calendar.
const PRODUCTS: &[(&str, &[&str])] = &[
    ("cme_equity", &["ES", "MES", "NQ", "MNQ", "RTY", "M2K", "YM", "MYM", "EMD", "NKD", "NIY", "SP", "ND"]),
    ("cme_rates", &["ZT", "ZF", "ZN", "TN", "ZB", "UB", "SR1", "SR3", "ZQ", "GE", "Z3N"]),
    (
        "cme_fx",
        &["6A", "6B", "6C", "6E", "6J", "6L", "6M", "6N", "6S", "6Z", "M6E", "M6A", "M6B", "E7", "J7"],
    ),
    ("cme_energy", &["CL", "MCL", "QM", "NG", "QG", "MNG", "HO", "RB", "BZ"]),
    ("cme_metals", &["GC", "MGC", "SI", "SIL", "HG", "MHG", "PL", "PA", "QO", "QI"]),
    ("cme_grains", &["ZC", "ZS", "ZW", "ZL", "ZM", "ZO", "ZR", "KE", "XC", "XK", "XW"]),
];

/// The calendar of an instrument, by its venue and its symbol; `None`: none is known, and it counts as always open.
#[must_use]
pub fn of(venue: &str, symbol: &str) -> Option<&'static Spec> {
    if venue == venues::cme::VENUE {
        // A spread trades when its first leg does.
        let outright = symbol.split(['-', ' ', ':']).next().unwrap_or(symbol);
        let root = root(outright);
        let (name, _) = PRODUCTS.iter().find(|(_, roots)| roots.contains(&root))?;
        return find(name);
    }
    let is_us = venue == venues::nasdaq::VENUE || venues::archive::lean::exchanges::is_us(venue);
    is_us.then(|| find("us_equities")).flatten()
}

/// A future's symbol without month and year: `ES` of `ESH4`; what is no future stays whole.
#[must_use]
pub fn root(symbol: &str) -> &str {
    let without_year = symbol.trim_end_matches(|c: char| c.is_ascii_digit());
    if without_year.len() == symbol.len() {
        return symbol;
    }
    without_year.strip_suffix(|c: char| "FGHJKMNQUVXZ".contains(c)).unwrap_or(symbol)
}

/// Days on which US stock exchanges were closed out of turn: the attacks of 2001, the funerals of four presidents,
/// hurricane Sandy.
const MOURNING: &[Date] = &[
    date(2001, 9, 11),
    date(2001, 9, 12),
    date(2001, 9, 13),
    date(2001, 9, 14),
    date(2004, 6, 11),
    date(2007, 1, 2),
    date(2012, 10, 29),
    date(2012, 10, 30),
    date(2018, 12, 5),
    date(2025, 1, 9),
];

fn us_equities(day: Date, early: i16) -> Option<Exception> {
    if holiday(day).is_some() || MOURNING.contains(&day) {
        return Some(Exception::Closed);
    }
    let by_rule = is_after_thanksgiving(day) || is_christmas_eve(day) || is_independence_eve(day);
    // Out of turn: the Fridays between Independence Day and Boxing Day and their weekends.
    let out_of_turn = day == date(2002, 7, 5) || day == date(2003, 12, 26);
    (by_rule || out_of_turn).then_some(Exception::ends(End::Close(early)))
}

/// 3 July, when the 4th is kept the day after; until 2012 not on a Wednesday.
fn is_independence_eve(day: Date) -> bool {
    let tomorrow = day.saturating_add(1.day());
    (day.month(), day.day()) == (7, 3)
        && holiday(tomorrow) == Some(Holiday::Independence)
        && (day.weekday() != Weekday::Wednesday || day.year() >= 2013)
}

/// The days that CME keeps by stopping at noon, Chicago's time, until the evening; `None` for what closes it.
fn stops(day: Date) -> Option<bool> {
    use Holiday::*;
    Some(match holiday(day)? {
        NewYear | GoodFriday | Christmas => false,
        MartinLutherKing | Presidents | Memorial | Juneteenth | Independence | Labor | Thanksgiving => true,
    })
}

fn cme_equity(day: Date) -> Option<Exception> {
    // Stock exchanges were closed; futures opened with the evening before and stopped at 8:30.
    if day == date(2018, 12, 5) || day == date(2025, 1, 9) {
        return Some(Exception::ends(End::Close(at(8, 30))));
    }
    match stops(day) {
        Some(true) => {
            let noon = if day < date(2014, 5, 1) { at(10, 30) } else { at(12, 0) };
            Some(Exception::ends(End::Halt(noon)))
        }
        Some(false) => Some(good_friday(day, at(8, 15))),
        None => {
            let eve = is_after_thanksgiving(day) || is_christmas_eve(day) || is_independence_eve(day);
            eve.then_some(Exception::ends(End::Close(at(12, 15))))
        }
    }
}

/// Closed, unless there is an employment report to trade on.
fn good_friday(day: Date, until: i16) -> Exception {
    match holiday(day) == Some(Holiday::GoodFriday) && is_jobs_friday(day) {
        true => Exception::ends(End::Close(until)),
        false => Exception::Closed,
    }
}

fn cme_rates(day: Date) -> Option<Exception> {
    match stops(day) {
        Some(true) => Some(Exception::ends(End::Halt(at(12, 0)))),
        Some(false) => Some(good_friday(day, at(10, 15))),
        None => {
            let eve = is_after_thanksgiving(day) || is_christmas_eve(day);
            let early = eve.then_some(at(12, 15)).or_else(|| long_weekend(day))?;
            Some(Exception::ends(End::Close(early)))
        }
    }
}

/// Until the spring of 2015 interest rates and currencies closed earlier on the Friday before a Monday's holiday.
fn long_weekend(day: Date) -> Option<i16> {
    let monday = day.saturating_add(3.days());
    let is_eve = day.weekday() == Weekday::Friday && stops(monday) == Some(true);
    (is_eve && day < date(2015, 6, 1)).then_some(at(15, 15))
}

fn cme_fx(day: Date) -> Option<Exception> {
    match stops(day) {
        // Since 2022 holidays stop currencies only before a weekend.
        Some(true) if day.year() >= 2022 && day.weekday() != Weekday::Friday => None,
        Some(true) => Some(Exception::ends(End::Halt(at(12, 0)))),
        Some(false) => Some(good_friday(day, at(10, 15))),
        None => {
            let (friday, eve) =
                if day.year() < 2025 { (at(12, 15), at(12, 15)) } else { (at(13, 45), at(12, 45)) };
            let early = || long_weekend(day).map(|minute| Exception::ends(End::Close(minute)));
            shorter_before_holidays(day, friday, eve).or_else(early)
        }
    }
}

/// Energy and metals.
fn cme_commodities(day: Date) -> Option<Exception> {
    match stops(day) {
        Some(true) => {
            let minute = match day.year() {
                ..2014 => at(12, 15),
                2014 if day < date(2014, 5, 1) => at(12, 15),
                2014..2022 => at(12, 0),
                _ if day.weekday() == Weekday::Friday => at(12, 0),
                _ => at(13, 30),
            };
            Some(Exception::ends(End::Halt(minute)))
        }
        Some(false) => Some(Exception::Closed),
        None => {
            let friday = if day.year() < 2025 { at(12, 45) } else { at(13, 45) };
            shorter_before_holidays(day, friday, at(12, 45))
        }
    }
}

fn shorter_before_holidays(day: Date, friday: i16, eve: i16) -> Option<Exception> {
    let minute = match (is_after_thanksgiving(day), is_christmas_eve(day)) {
        (true, _) => friday,
        (_, true) => eve,
        (false, false) => return None,
    };
    Some(Exception::ends(End::Close(minute)))
}

fn cme_grains(day: Date) -> Option<Exception> {
    use Holiday::*;
    if holiday(day).is_some() {
        return Some(Exception::Closed);
    }
    // The evening of these holidays stays closed; that of a Friday is a weekend's anyway.
    let eve = holiday(day.saturating_sub(1.day()));
    let is_late = matches!(eve, Some(NewYear | Independence | Thanksgiving | Christmas));
    let opens = (is_late && is_working_day(day)).then_some(at(8, 30));
    let early = if day < date(2015, 7, 6) { at(12, 0) } else { at(12, 5) };
    let is_early = is_after_thanksgiving(day) || is_christmas_eve(day) || is_independence_eve(day);
    let ends = is_early.then_some(End::Close(early));
    (opens.is_some() || ends.is_some()).then_some(Exception::Shorter { opens, ends })
}
