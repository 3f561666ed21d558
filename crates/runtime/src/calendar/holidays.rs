//! Holidays by rule: which days US markets keep, and on which of them something else holds.
//!
//! Never says what a market does on them; [`list`](super::list) does.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// A day that US exchanges keep, in the order of the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holiday {
    /// 1 January; on a Sunday, the Monday after; on a Saturday, not kept.
    NewYear,
    /// The third Monday of January.
    MartinLutherKing,
    /// The third Monday of February.
    Presidents,
    /// The Friday before Easter.
    GoodFriday,
    /// The last Monday of May.
    Memorial,
    /// 19 June, from 2022.
    Juneteenth,
    /// 4 July.
    Independence,
    /// The first Monday of September.
    Labor,
    /// The fourth Thursday of November.
    Thanksgiving,
    /// 25 December.
    Christmas,
}

/// The holiday that is kept on a day.
#[must_use]
pub fn holiday(day: Date) -> Option<Holiday> {
    use Holiday::*;
    let year = day.year();
    let nth = |month: i8, weekday, nth| {
        date(year, month, 1).nth_weekday_of_month(nth, weekday).is_ok_and(|found| found == day)
    };
    let fixed = |month, dom| observed(date(year, month, dom)) == day;
    if day == date(year, 1, 1) && day.weekday() != Weekday::Saturday && day.weekday() != Weekday::Sunday
        || day == date(year, 1, 2) && day.weekday() == Weekday::Monday
    {
        return Some(NewYear);
    }
    let kept = [
        (MartinLutherKing, nth(1, Weekday::Monday, 3)),
        (Presidents, nth(2, Weekday::Monday, 3)),
        (GoodFriday, is_good_friday(day)),
        (Memorial, nth(5, Weekday::Monday, -1)),
        (Juneteenth, year >= 2022 && fixed(6, 19)),
        (Independence, fixed(7, 4)),
        (Labor, nth(9, Weekday::Monday, 1)),
        (Thanksgiving, nth(11, Weekday::Thursday, 4)),
        (Christmas, fixed(12, 25)),
    ];
    kept.into_iter().find(|(_, kept)| *kept).map(|(holiday, _)| holiday)
}

/// A Saturday's holiday is kept on Friday, a Sunday's on Monday.
fn observed(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => day.saturating_sub(1.day()),
        Weekday::Sunday => day.saturating_add(1.day()),
        Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday => day,
    }
}

fn is_good_friday(day: Date) -> bool {
    day.saturating_add(2.days()) == easter(day.year())
}

/// Whether a Good Friday falls on the day of the employment report, the first Friday of the month: then interest
/// rates, equity indices and currencies trade in the morning.
#[must_use]
pub fn is_jobs_friday(day: Date) -> bool {
    day.day() <= 7
}

/// Easter Sunday (Meeus, "Astronomical Algorithms", 1991, chapter 8; first in Nature, 20 April 1876).
fn easter(year: i16) -> Date {
    let year_number = i32::from(year);
    let (a, b, c) = (year_number % 19, year_number / 100, year_number % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    let small = |number: i32| i8::try_from(number).expect("a month and a day");
    date(year, small(n / 31), small(n % 31 + 1))
}

/// The Friday after Thanksgiving.
#[must_use]
pub fn is_after_thanksgiving(day: Date) -> bool {
    day.weekday() == Weekday::Friday && holiday(day.saturating_sub(1.day())) == Some(Holiday::Thanksgiving)
}

/// The working day that Christmas Eve is.
#[must_use]
pub fn is_christmas_eve(day: Date) -> bool {
    (day.month(), day.day()) == (12, 24) && is_working_day(day)
}

/// Monday to Friday, and no holiday.
#[must_use]
pub fn is_working_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && holiday(day).is_none()
}
