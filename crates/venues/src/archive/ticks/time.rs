//! Times as people write them in tables: `2013-09-01 17:00:00.083`, `20130901 170000`, `09/01/2013 17:00`, with or
//! without a zone, and counts of seconds, milli-, micro- or nanoseconds since 1970.
//!
//! Never guesses between day and month: `01/02/2013` is January 2nd, as in the United States; days come first only
//! behind a point (`01.02.2013`).

use types::Nanos;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// A time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A moment: a count since 1970, or a time with its zone.
    Utc(Nanos),
    /// What a wall showed, counted from 1970-01-01 00:00 on that wall.
    Wall(Nanos),
}

/// Days from 1970-01-01 (Hinnant 2013, `days_from_civil`); `None` when there is no such date.
#[must_use]
pub fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1678..=2261).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=month_days(year, month)).contains(&day)
    {
        // Beyond these years nanoseconds leave 64 bits.
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

const fn month_days(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Reads a date and a time of day, or a count.
#[must_use]
pub fn read(text: &[u8]) -> Option<Written> {
    let text = text.trim_ascii();
    if let Some(count) = count(text) {
        return Some(count);
    }
    let (days, rest) = date(text)?;
    let rest = match rest {
        [] => return wall(days, 0, None),
        [b'T' | b't' | b' ', rest @ ..] => rest,
        _ => return None,
    };
    let (of_day, zone) = time_of_day(rest)?;
    wall(days, of_day, zone)
}

/// Reads a date and a time of day that stand in two fields.
#[must_use]
pub(super) fn read_both(day: &[u8], time: &[u8]) -> Option<Written> {
    let (days, rest) = date(day.trim_ascii())?;
    if !rest.is_empty() {
        return None;
    }
    let (of_day, zone) = time_of_day(time.trim_ascii())?;
    wall(days, of_day, zone)
}

fn wall(days: i64, of_day: i64, zone: Option<i64>) -> Option<Written> {
    let shown = days.checked_mul(DAY * SECOND)?.checked_add(of_day)?;
    match zone {
        None => Some(Written::Wall(Nanos(shown))),
        Some(ahead) => Some(Written::Utc(Nanos(shown.checked_sub(ahead)?))),
    }
}

/// A count since 1970: its size says of what. Ten digits before the point are seconds from 2001 to 2286; every
/// three more are a finer unit.
fn count(text: &[u8]) -> Option<Written> {
    let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &text[..0]),
    };
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let unit = match whole.len() {
        10 => SECOND,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let whole = crate::json::digits(whole).and_then(|whole| i64::try_from(whole).ok())?;
    let nanos = whole.checked_mul(unit)?.checked_add(part(fraction, unit)?)?;
    Some(Written::Utc(Nanos(nanos)))
}

/// The digits behind a point, in nanoseconds when what stands before it counts `unit`s of them. What is finer is cut.
fn part(digits: &[u8], unit: i64) -> Option<i64> {
    let (mut nanos, mut step) = (0, unit);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        step /= 10;
        nanos += i64::from(digit) * step;
    }
    Some(nanos)
}

/// Takes a whole number of `least` to `most` digits from the start.
fn number(text: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let length = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if length < least {
        return None;
    }
    let value = crate::json::digits(&text[..length])?;
    Some((i64::try_from(value).ok()?, &text[length..]))
}

fn date(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ((year, month, day), rest) = match digits {
        8 => {
            let (year, rest) = number(text, 4, 4)?;
            let (month, rest) = number(rest, 2, 2)?;
            let (day, rest) = number(rest, 2, 2)?;
            ((year, month, day), rest)
        }
        4 => {
            let (year, rest) = number(text, 4, 4)?;
            let (mark, rest) = rest.split_first()?;
            let (month, rest) = number(rest, 1, 2)?;
            let rest = rest.strip_prefix(&[*mark])?;
            let (day, rest) = number(rest, 1, 2)?;
            matches!(mark, b'-' | b'/' | b'.').then_some(((year, month, day), rest))?
        }
        1 | 2 => {
            let (first, rest) = number(text, 1, 2)?;
            let (mark, rest) = rest.split_first()?;
            let (second, rest) = number(rest, 1, 2)?;
            let rest = rest.strip_prefix(&[*mark])?;
            let (year, rest) = number(rest, 4, 4)?;
            match mark {
                b'/' => ((year, first, second), rest),
                b'.' => ((year, second, first), rest),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some((days_since_epoch(year, month, day)?, rest))
}

/// Nanoseconds since midnight, and the zone behind them: what its wall shows less UTC.
fn time_of_day(text: &[u8]) -> Option<(i64, Option<i64>)> {
    let (hours, rest) = number(text, 1, 2)?;
    let (colon, rest) = match rest {
        [b':', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (minutes, rest) = number(rest, 2, 2)?;
    let (seconds, rest) = match rest {
        [b':', rest @ ..] if colon => number(rest, 2, 2)?,
        [b'0'..=b'9', ..] if !colon => number(rest, 2, 2)?,
        rest => (0, rest),
    };
    let (fraction, rest) = match rest {
        [b'.' | b',', rest @ ..] => {
            let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            (part(&rest[..length], SECOND)?, &rest[length..])
        }
        rest => (0, rest),
    };
    // A leap second is shown as 60, and is the next minute's first here.
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    Some((((hours * 60 + minutes) * 60 + seconds) * SECOND + fraction, zone(rest)?))
}

/// Nothing, `Z`, `UTC`, `+02:00`, `-0500`, `+01`.
fn zone(text: &[u8]) -> Option<Option<i64>> {
    let (sign, rest) = match text.trim_ascii() {
        [] => return Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(Some(0)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2, 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { number(rest, 2, 2)? };
    if !rest.is_empty() || hours > 18 || minutes > 59 {
        return None;
    }
    Some(Some(sign * (hours * 60 + minutes) * 60 * SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn wall(seconds: i64, nanos: i64) -> Option<Written> {
        Some(Written::Wall(Nanos(seconds * SECOND + nanos)))
    }

    const fn utc(seconds: i64, nanos: i64) -> Option<Written> {
        Some(Written::Utc(Nanos(seconds * SECOND + nanos)))
    }

    #[test]
    fn a_time_is_read_however_it_is_written() {
        // `date -u -d '2013-09-01 17:00:00' +%s` is 1378054800.
        let at = 1_378_054_800;
        let cases = [
            ("2013-09-01 17:00:00.083", wall(at, 83_000_000)),
            ("2013-09-01T17:00:00", wall(at, 0)),
            ("2013-09-01 17:00", wall(at, 0)),
            ("2013/9/1 17:00:00", wall(at, 0)),
            ("2013.09.01 17:00:00", wall(at, 0)),
            ("20130901 170000", wall(at, 0)),
            ("20130901 17:00:00,5", wall(at, 500_000_000)),
            ("20130901T1700", wall(at, 0)),
            ("09/01/2013 17:00:00", wall(at, 0)),
            ("01.09.2013 17:00:00", wall(at, 0)),
            ("2013-09-01", wall(at - 17 * 3_600, 0)),
            ("2013-09-01T17:00:00Z", utc(at, 0)),
            ("2013-09-01T17:00:00.123456789Z", utc(at, 123_456_789)),
            ("2013-09-01T17:00:00+02:00", utc(at - 7_200, 0)),
            ("2013-09-01 17:00:00 -0530", utc(at + 19_800, 0)),
            ("2013-09-01 17:00:00 UTC", utc(at, 0)),
            ("1378054800", utc(at, 0)),
            ("1378054800.083", utc(at, 83_000_000)),
            ("1378054800083", utc(at, 83_000_000)),
            ("1378054800083000", utc(at, 83_000_000)),
            ("1378054800083000000", utc(at, 83_000_000)),
            (" 1378054800 ", utc(at, 0)),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(read_both(b"20130901", b"170000"), wall(at, 0));
        assert_eq!(read_both(b"09/01/2013", b"17:00:00.25"), wall(at, 250_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let wrong = [
            "",
            "x",
            "2013",
            "2013-13-01",
            "2013-02-29",
            "2013-9-31 1:00",
            "2013-09-01 24:00",
            "2013-09-01 1:60",
            "2013-09-01 17:00:61",
            "2013-09-01 17:00:00.",
            "2013-09-01 17:00:00+2",
            "2013-09-01x",
            "01-09-2013",
            "2013-09/01",
            "12345678901",
            "9999-01-01",
            "1500-01-01",
            "13780548000830000000",
            "2013-09-01 17",
        ];
        for text in wrong {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn days_agree_with_counting_them() {
        let mut days = days_since_epoch(1970, 1, 1).expect("a date");
        assert_eq!(days, 0);
        for year in 1970..=2261 {
            for month in 1..=12 {
                for day in 1..=month_days(year, month) {
                    assert_eq!(days_since_epoch(year, month, day), Some(days));
                    days += 1;
                }
                assert_eq!(days_since_epoch(year, month, month_days(year, month) + 1), None);
            }
        }
        // `date -u -d 2262-01-01 +%s` is 9214646400.
        assert_eq!(days * DAY, 9_214_646_400);
    }
}
