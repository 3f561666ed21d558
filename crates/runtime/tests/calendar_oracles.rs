//! The built-in calendars against tables made by others: `tests/calendars/*.csv` say by which program and how. Every day on
//! which we say otherwise is named here with the reason.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use runtime::calendar::holidays::{Holiday, holiday, is_after_thanksgiving, is_christmas_eve};
use runtime::calendar::{Calendar, list};
use std::collections::BTreeMap;
use testkit::data::recorded;
use types::Phase;

fn calendar(name: &str) -> Calendar {
    Calendar::of(list::find(name).expect("built in"))
}

/// The minute at which a day ends, by stopping or closing; `None`: it does not trade.
fn ends(calendar: &Calendar, day: Date) -> Option<i16> {
    calendar.day(day).last().map(|point| point.0)
}

fn minute(text: &str) -> Option<i16> {
    let (hour, minute) = text.split_once(':')?;
    Some(hour.parse::<i16>().ok()? * 60 + minute.parse::<i16>().ok()?)
}

fn working_days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    let is_working = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    from.series(1.day()).take_while(move |day| *day <= to).filter(is_working)
}

/// Date and close of every row whose first columns are these.
fn rows(text: &str, before: &str) -> BTreeMap<Date, Option<i16>> {
    let rows =
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.strip_prefix(before));
    rows.map(|row| {
        let (day, close) = row.split_once(',').expect("a date and a close");
        (day.parse().expect("a date"), minute(close))
    })
    .collect()
}

#[test]
fn t_08_new_york_keeps_the_days_that_exchange_calendars_says_from_2000_to_2035() {
    let told = rows(include_str!("calendars/us_equities.csv"), "");
    assert!(told.len() > 400, "{}", told.len());
    let ours = calendar("us_equities");
    for day in working_days(date(2000, 1, 3), date(2035, 12, 31)) {
        let expected = told.get(&day).copied().unwrap_or(Some(16 * 60));
        assert_eq!(ends(&ours, day), expected, "{day}");
        if expected.is_some() {
            assert_eq!(ours.day(day)[..2], [(390, Phase::PreOpen), (570, Phase::Open)], "{day}");
        }
    }
    for (weekend, weekday) in [(date(2024, 3, 2), "Saturday"), (date(2024, 3, 3), "Sunday")] {
        assert_eq!(ends(&ours, weekend), None, "{weekday}");
    }
}

/// Why we differ from pandas_market_calendars on a day, if we may.
fn may_differ(name: &str, day: Date) -> Option<&'static str> {
    let kept = holiday(day);
    let eve = is_christmas_eve(day) || (day.month(), day.day()) == (7, 3) || is_after_thanksgiving(day);
    let commodity = name == "cme_energy" || name == "cme_metals";
    Some(match name {
        "cme_equity" if eve && kept.is_none() => {
            "it has noon for 12:15, the close of index futures on these days"
        }
        "cme_equity" if kept == Some(Holiday::GoodFriday) => {
            "since 2021 it opens every Good Friday's morning"
        }
        "cme_equity" | "cme_rates" if day == date(2018, 12, 5) || day == date(2025, 1, 9) => {
            "it closes futures with the stock exchanges on days of mourning"
        }
        "cme_rates" if kept == Some(Holiday::GoodFriday) => "it has 10:00 for 10:15",
        "cme_rates" | "cme_fx" if kept == Some(Holiday::Juneteenth) => "it does not know the day",
        "cme_fx" if kept == Some(Holiday::GoodFriday) => "since 2021 it opens every Good Friday's morning",
        "cme_fx" if kept == Some(Holiday::Independence) && day.year() >= 2022 => {
            "before a weekend it stops at noon"
        }
        "cme_fx" if eve && day.year() >= 2025 => "hours of 2025, which it does not have yet",
        "cme_grains" if kept == Some(Holiday::Juneteenth) => "it does not know the day",
        "cme_grains" if eve => "it has no early closes",
        _ if commodity && kept == Some(Holiday::Labor) && day.year() >= 2022 => "it has noon for 13:30",
        _ if commodity && day.year() >= 2022 && day.weekday() == Weekday::Friday && kept.is_some() => {
            "before a weekend it stops at noon"
        }
        _ if commodity && is_after_thanksgiving(day) && day.year() >= 2025 => {
            "hours of 2025, which it has in part"
        }
        _ if commodity && is_christmas_eve(day) => "it has no early close on Christmas Eve",
        _ => return None,
    })
}

#[test]
fn t_08_chicago_keeps_the_days_that_pandas_market_calendars_says_but_for_what_is_named() {
    let table = include_str!("calendars/cme.csv");
    for name in ["cme_equity", "cme_rates", "cme_fx", "cme_energy", "cme_metals", "cme_grains"] {
        let told = rows(table, &format!("{name},"));
        let ours = calendar(name);
        let usual = if name == "cme_grains" { 13 * 60 + 20 } else { 16 * 60 };
        let mut same = 0;
        for day in working_days(date(2016, 1, 1), date(2035, 12, 31)) {
            let expected = told.get(&day).copied().unwrap_or(Some(usual));
            if ends(&ours, day) == expected {
                same += usize::from(expected != Some(usual));
            } else if may_differ(name, day).is_none() {
                panic!("{name} {day}: {:?}, and they say {expected:?}", ends(&ours, day));
            }
        }
        assert!(same > 60, "{name}: only {same} days out of the ordinary are the same");
    }
}

/// LEAN's market hours: dates of early closes, in the zone it names for each product.
#[test]
fn t_08_lean_s_database_ends_the_same_days_early() {
    let Some(path) = recorded("lean/market-hours/market-hours-database.json") else { return };
    let text = std::fs::read_to_string(path).expect("readable");
    let database: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cases = [
        // our name, theirs, minutes their zone is ahead of ours, days since 2013 that it lists
        ("us_equities", "Equity-usa-[*]", 0, 34),
        ("cme_equity", "Future-cme-ES", 60, 127),
        ("cme_rates", "Future-cbot-ZN", 0, 133),
        ("cme_fx", "Future-cme-6E", 0, 132),
        ("cme_energy", "Future-nymex-CL", 60, 119),
        ("cme_metals", "Future-comex-GC", 60, 33),
    ];
    for (name, entry, ahead, listed) in cases {
        let ours = calendar(name);
        let mut compared = 0;
        for (day, close) in database["entries"][entry]["earlyCloses"].as_object().expect("a table of days") {
            let parts: Vec<i16> = day.split('/').map(|part| part.parse().expect("a number")).collect();
            let small = |part: i16| i8::try_from(part).expect("a month or a day");
            let day = date(parts[2], small(parts[0]), small(parts[1]));
            if day.year() < 2013 || matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                continue;
            }
            compared += 1;
            // It lists Christmas 2025 with the evening before; there is no session of that date.
            if day == date(2025, 12, 25) {
                continue;
            }
            let close = close.as_str().and_then(|close| minute(&close[..5])).expect("a time");
            assert_eq!(ends(&ours, day), Some(close - ahead), "{name} {day}");
        }
        assert_eq!(compared, listed, "{name}");
    }
}
