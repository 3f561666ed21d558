//! Moments as people write them: RFC 3339 and dates, always UTC inside.
//!
//! Never reads a clock or a time zone: a time without an offset is UTC.

use types::Nanos;

/// A moment as RFC 3339, with as many decimals as it needs.
#[must_use]
pub fn rfc3339(at: Nanos) -> String {
    let (seconds, nanos) = (at.0.div_euclid(1_000_000_000), at.0.rem_euclid(1_000_000_000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    let mut text = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    );
    if nanos > 0 {
        text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// `2023-12-25`, `2023-12-25T22:00`, `2023-12-25T22:00:00.5Z` or `…+01:00`; `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<Nanos> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let [year, month, day] = numbers(date, '-', &[4, 2, 2])?;
    let days = days_from_civil(year, month, day);
    // What does not come back was no date: 30 February.
    if civil_from_days(days) != (year, month, day) {
        return None;
    }
    let mut nanos = i128::from(days) * 86_400_000_000_000;
    if let Some(time) = time {
        nanos += i128::from(time_of_day(time)?);
    }
    i64::try_from(nanos).ok().map(Nanos)
}

/// Nanoseconds from midnight, in UTC: an offset may take it to the day before or after.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => match text.rfind(['+', '-']) {
            Some(at) => {
                let [hours, minutes] = numbers(&text[at + 1..], ':', &[2, 2])?;
                let sign = if text[at..].starts_with('-') { -1 } else { 1 };
                (&text[..at], sign * (hours * 60 + minutes) * 60)
            }
            None => (text, 0),
        },
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    let [hour, minute, second] = match numbers(clock, ':', &[2, 2, 2]) {
        Some(all) => all,
        None => {
            let [hour, minute] = numbers(clock, ':', &[2, 2])?;
            [hour, minute, 0]
        }
    };
    let valid = hour < 24 && minute < 60 && second < 60;
    valid.then_some(((hour * 60 + minute) * 60 + second - offset) * 1_000_000_000 + nanos)
}

/// Numbers of exactly these widths, and nothing else.
fn numbers<const N: usize>(text: &str, separator: char, widths: &[usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut found = [0; N];
    for (place, width) in found.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != *width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *place = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// Days from 1970-01-01 (Hinnant 2013, `days_from_civil`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date of a day since 1970-01-01 (Hinnant 2013, `civil_from_days`).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        // `date -u -d TEXT +%s`
        let cases = [
            ("1970-01-01", 0),
            ("2023-12-25", 1_703_462_400),
            ("2024-02-29T12:00", 1_709_208_000),
            ("2023-12-25T22:39:55Z", 1_703_543_995),
            ("2023-12-25 22:39:55", 1_703_543_995),
            ("2023-12-25T23:39:55+01:00", 1_703_543_995),
            ("2023-12-25T17:39:55-05:00", 1_703_543_995),
        ];
        for (text, seconds) in cases {
            assert_eq!(parse(text), Some(Nanos::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("1970-01-01T00:00:00.000000001Z"), Some(Nanos(1)));
        assert_eq!(parse("1970-01-01T00:00:00.25Z"), Some(Nanos(250_000_000)));
        for text in [
            "",
            "2023",
            "2023-02-30",
            "2023-13-01",
            "2023-12-25T24:00",
            "2023-12-25T1:00",
            "2023-12-25T",
            "now",
            "2023-12-25T00:00:00.Z",
            "9999-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for nanos in [0, 1, -1, 1_703_543_995_000_000_500, i64::MIN, i64::MAX] {
            if (0..=9999).contains(&(nanos / 31_557_600_000_000_000 + 1970)) {
                assert_eq!(parse(&rfc3339(Nanos(nanos))), Some(Nanos(nanos)), "{}", rfc3339(Nanos(nanos)));
            }
        }
    }
}
