//! How counts, amounts, spans and moments are written for people.
//!
//! Never used for `report.json`'s numbers, which are exact; never reads a locale or a time zone: moments are UTC.

use types::{Money, Nanos};

/// Groups the whole part of a plain decimal in threes: `-1234567.5` becomes `-1,234,567.5`.
#[must_use]
pub fn grouped(plain: &str) -> String {
    let (sign, rest) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", plain),
    };
    let (whole, decimals) = match rest.find('.') {
        Some(point) => rest.split_at(point),
        None => (rest, ""),
    };
    let mut text = String::with_capacity(plain.len() + whole.len() / 3 + 1);
    text.push_str(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(decimals);
    text
}

/// A count, grouped.
#[must_use]
pub fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// A signed count, grouped.
#[must_use]
pub fn signed(count: i64) -> String {
    grouped(&count.to_string())
}

/// An amount: cents from one unit up, three significant digits below.
#[must_use]
pub fn money(amount: Money) -> String {
    let decimals = money_decimals(amount);
    grouped(&format!("{amount:.decimals$}"))
}

fn money_decimals(amount: Money) -> usize {
    let mut size = amount.0.unsigned_abs();
    if size == 0 {
        return 2;
    }
    let unit = Money::ONE.0.unsigned_abs();
    let mut zeros = 0;
    while size < unit && zeros < 12 {
        size *= 10;
        zeros += 1;
    }
    if zeros == 0 { 2 } else { (zeros + 2).min(12) }
}

/// A large amount in a few digits: `4.16 bn`, `12.3 M`; smaller ones as [`money`] writes them.
#[must_use]
pub fn money_short(amount: Money) -> String {
    let whole = (amount.0 / Money::ONE.0).unsigned_abs();
    let (unit, name) = match whole {
        0..10_000_000 => return money(amount),
        10_000_000..1_000_000_000 => (1_000_000, "M"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "bn"),
        _ => (1_000_000_000_000, "tn"),
    };
    let hundredths = whole / (unit / 100);
    let sign = if amount.0 < 0 { "-" } else { "" };
    let shown = match hundredths {
        0..1_000 => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        1_000..10_000 => format!("{}.{}", hundredths / 100, hundredths % 100 / 10),
        _ => grouped(&(hundredths / 100).to_string()),
    };
    format!("{sign}{shown} {name}")
}

/// A share of one, as a percentage with as many decimals as it needs to be read.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    let decimals = match value.abs() {
        v if v == 0.0 || v >= 10.0 => 1,
        v if v >= 0.1 => 2,
        v if v >= 0.01 => 3,
        v if v >= 0.001 => 4,
        _ if value > 0.0 => return "< 0.001 %".into(),
        _ => return "> -0.001 %".into(),
    };
    plain_zero(format!("{value:.decimals$}")) + " %"
}

/// An estimate with its standard error, both to the error's second digit: `-8.53 ± 0.14`.
#[must_use]
pub fn estimate(value: f64, standard_error: Option<f64>) -> String {
    let Some(error) = standard_error else { return price_like(value) };
    if error <= 0.0 {
        return format!("{} ± 0", price_like(value));
    }
    let (mut decimals, mut unit) = (0, 10.0);
    while unit > error && decimals < 12 {
        unit /= 10.0;
        decimals += 1;
    }
    let write = |v: f64| grouped(&plain_zero(format!("{v:.decimals$}")));
    format!("{} ± {}", write(value), write(error))
}

fn price_like(value: f64) -> String {
    grouped(&plain_zero(format!("{value:.3}")))
}

/// A ratio or estimate, with about four significant digits.
#[must_use]
pub fn ratio(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 1_000.0 => 0,
        v if v >= 100.0 => 1,
        v if v >= 10.0 => 2,
        _ => 3,
    };
    grouped(&plain_zero(format!("{value:.decimals$}")))
}

/// A price estimate: up to nine decimals, without the zeros that end them.
#[must_use]
pub fn price(value: f64) -> String {
    let text = format!("{value:.9}");
    grouped(&plain_zero(text.trim_end_matches('0').trim_end_matches('.').to_owned()))
}

/// `-0.00` is a rounding, not a number anyone means.
fn plain_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        _ => text,
    }
}

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A span of time in the unit it is read in: `850 ns`, `12.3 µs`, `4.56 s`, `5 min 12 s`, `1 h 02 min`.
#[must_use]
pub fn span(span: Nanos) -> String {
    let n = span.0;
    if n < 0 {
        return format!("-{}", self::span(Nanos(n.saturating_neg())));
    }
    match n {
        _ if n < MICRO => format!("{n} ns"),
        _ if n < MILLI => format!("{} µs", three_digits(n, MICRO)),
        _ if n < SECOND => format!("{} ms", three_digits(n, MILLI)),
        _ if n < MINUTE => format!("{} s", three_digits(n, SECOND)),
        _ if n < HOUR => format!("{} min {:02} s", n / MINUTE, n % MINUTE / SECOND),
        _ if n < DAY => format!("{} h {:02} min", n / HOUR, n % HOUR / MINUTE),
        _ => format!("{} d {:02} h", n / DAY, n % DAY / HOUR),
    }
}

fn three_digits(n: i64, unit: i64) -> String {
    let whole = n / unit;
    let milli = n % unit * 1_000 / unit;
    let text = match whole {
        0..10 => format!("{whole}.{:02}", milli / 10),
        10..100 => format!("{whole}.{}", milli / 100),
        _ => whole.to_string(),
    };
    match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

/// A moment taken apart, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc {
    /// Of the common era.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59; a leap second does not exist in this count.
    pub second: i64,
    /// 0 to 999,999,999.
    pub nanos: i64,
}

impl Utc {
    /// Takes a moment apart (proleptic Gregorian calendar, eras of 400 years counted from 1 March).
    #[must_use]
    pub const fn of(at: Nanos) -> Self {
        let days = at.0.div_euclid(DAY);
        let rest = at.0.rem_euclid(DAY);
        // 719,468 days from 0000-03-01 to 1970-01-01; an era of 400 years has 146,097 days.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // Months from March have 153 days in each five.
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + (month <= 2) as i64,
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: rest / HOUR,
            minute: rest % HOUR / MINUTE,
            second: rest % MINUTE / SECOND,
            nanos: rest % SECOND,
        }
    }

    /// `2026-01-05`.
    #[must_use]
    pub fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `14:30:00`.
    #[must_use]
    pub fn time(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

/// A moment to the millisecond: `2026-01-05 14:30:00.250 UTC`.
#[must_use]
pub fn moment(at: Nanos) -> String {
    let utc = Utc::of(at);
    format!("{} {}.{:03} UTC", utc.date(), utc.time(), utc.nanos / MILLI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_at_a_glance() {
        let cases = [
            (0, "0.00"),
            (1_234_567_500_000_000_000, "1,234,567.50"),
            (-999_995_000_000_000, "-1,000.00"),
            (1_234_000_000, "0.00123"),
            (-56_789, "-0.0000000568"),
            (1, "0.000000000001"),
        ];
        for (amount, text) in cases {
            assert_eq!(money(Money(amount)), text);
        }
        assert_eq!(count(1_000), "1,000");
        assert_eq!(signed(-123), "-123");
        assert_eq!(percent(-0.000_000_000_1), "> -0.001 %");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(0.123_45), "12.3 %");
        assert_eq!(ratio(-1234.5), "-1,234");
        let estimates = [
            (-8.5312, Some(0.1391), "-8.53 ± 0.14"),
            (0.344, Some(0.0062), "0.3440 ± 0.0062"),
            (12_345.6, Some(78.0), "12,346 ± 78"),
            (0.5, Some(0.0), "0.500 ± 0"),
            (0.25, None, "0.250"),
            (-0.001, Some(0.9), "0.00 ± 0.90"),
        ];
        for (value, error, text) in estimates {
            assert_eq!(estimate(value, error), text);
        }
        let short =
            [(4_161_020_637, "4.16 bn"), (-12_345_678, "-12.3 M"), (999_000_000, "999 M"), (5, "5.00")];
        for (units, text) in short {
            assert_eq!(money_short(Money::ONE * units), text);
        }
    }

    #[test]
    fn spans_are_shown_in_their_own_unit() {
        let cases = [
            (0, "0 ns"),
            (850, "850 ns"),
            (12_345, "12.3 µs"),
            (4_000_000, "4 ms"),
            (250_000_000, "250 ms"),
            (4_567_000_000, "4.56 s"),
            (312_000_000_000, "5 min 12 s"),
            (3_720_000_000_000, "1 h 02 min"),
            (100_000 * SECOND, "1 d 03 h"),
            (-1_270_000_000, "-1.27 s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(span(Nanos(nanos)), text);
        }
    }

    #[test]
    fn moments_meet_the_calendar() {
        // The seconds are what `date -u -d ... +%s` says.
        let cases = [
            (0, "1970-01-01 00:00:00.000 UTC"),
            (1_767_623_400_250, "2026-01-05 14:30:00.250 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59.999 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00.000 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000 UTC"),
            (-1_000, "1969-12-31 23:59:59.000 UTC"),
        ];
        for (millis, text) in cases {
            assert_eq!(moment(Nanos::from_millis(millis)), text);
        }
    }
}
