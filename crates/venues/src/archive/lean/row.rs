//! One line of a LEAN file: fields between commas, and the column to name when one cannot be read.

use super::conditions;
use stdx::decimal;
use types::Nanos;

/// Fields of the widest row, a bar of quotes, and one more to notice too many.
const FIELDS_MAX: usize = 12;
const MILLISECOND: i64 = 1_000_000;
const DAY_MILLISECONDS: u64 = 86_400_000;

/// What is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// From 1; 0 for the line as a whole.
    pub(super) column: usize,
    pub(super) name: &'static str,
    pub(super) what: &'static str,
}

/// The fields of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    fields: [&'a [u8]; FIELDS_MAX],
    pub(super) count: usize,
}

/// How a file's prices are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// As people write them.
    Plain,
    /// Ten-thousandths.
    TenThousandths,
}

impl<'a> Row<'a> {
    #[inline]
    pub(super) fn split(line: &'a [u8]) -> Self {
        let mut row = Self { fields: [&[]; FIELDS_MAX], count: 0 };
        let mut start = 0;
        for (at, byte) in line.iter().enumerate() {
            if *byte == b',' && row.count + 1 < FIELDS_MAX {
                row.fields[row.count] = &line[start..at];
                row.count += 1;
                start = at + 1;
            }
        }
        row.fields[row.count] = &line[start..];
        row.count += 1;
        row
    }

    /// A field by its place, from 0.
    #[inline]
    pub(super) fn field(&self, place: usize) -> &'a [u8] {
        self.fields[place]
    }

    /// Milliseconds since midnight, whole or with a fraction.
    #[inline]
    pub(super) fn since_midnight(&self) -> Result<Nanos, Damage> {
        let wrong = |what| Damage { column: 1, name: "time", what };
        let text = self.fields[0];
        if let Some(whole) = crate::json::digits(text) {
            if whole > DAY_MILLISECONDS {
                return Err(wrong("beyond a day"));
            }
            return Ok(Nanos(whole.cast_signed() * MILLISECOND));
        }
        // Nanos of milliseconds are 10⁻¹² of a second.
        match decimal::parse(text) {
            Ok(fine @ 0..=86_400_000_000_000_000) => Ok(Nanos(fine / 1_000)),
            Ok(_) => Err(wrong("beyond a day")),
            Err(_) => Err(wrong("no number of milliseconds")),
        }
    }

    /// A price in nanos; zero when the field is empty.
    #[inline]
    pub(super) fn price(&self, place: usize, name: &'static str, scale: Scale) -> Result<i64, Damage> {
        let wrong = |what| Damage { column: place + 1, name, what };
        let text = self.fields[place];
        if text.is_empty() {
            return Ok(0);
        }
        match scale {
            Scale::Plain => decimal::parse(text).map_err(|error| wrong(said(error))),
            Scale::TenThousandths => {
                if let Some(whole) = crate::json::digits(text) {
                    let nanos = i64::try_from(whole).ok().and_then(|whole| whole.checked_mul(100_000));
                    return nanos.ok_or(wrong("too large"));
                }
                let nanos = decimal::parse(text).map_err(|error| wrong(said(error)))?;
                if nanos % 10_000 == 0 { Ok(nanos / 10_000) } else { Err(wrong("more than nine decimals")) }
            }
        }
    }

    /// A quantity in nanos, not below zero; zero when the field is empty.
    #[inline]
    pub(super) fn size(&self, place: usize, name: &'static str) -> Result<i64, Damage> {
        let wrong = |what| Damage { column: place + 1, name, what };
        let text = self.fields[place];
        if text.is_empty() {
            return Ok(0);
        }
        match decimal::parse(text) {
            Ok(size @ 0..) => Ok(size),
            Ok(_) => Err(wrong("below zero")),
            Err(error) => Err(wrong(said(error))),
        }
    }

    /// Conditions of a trade or quote.
    #[inline]
    pub(super) fn conditions(&self, place: usize) -> Result<u32, Damage> {
        conditions::read(self.fields[place]).ok_or(Damage {
            column: place + 1,
            name: "condition",
            what: "not up to eight hexadecimal digits",
        })
    }

    /// Whether the vendor doubts it.
    #[inline]
    pub(super) fn suspicious(&self, place: usize) -> Result<bool, Damage> {
        match self.fields[place] {
            b"0" | b"False" | b"false" => Ok(false),
            b"1" | b"True" | b"true" => Ok(true),
            _ => Err(Damage { column: place + 1, name: "suspicious", what: "neither 0 nor 1" }),
        }
    }
}

const fn said(error: decimal::NotDecimal) -> &'static str {
    match error {
        decimal::NotDecimal::Malformed => "not a decimal number",
        decimal::NotDecimal::TooFine => "more than nine decimals",
        decimal::NotDecimal::TooLarge => "beyond ±9,223,372,036",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_stands_between_commas() {
        let row = Row::split(b"1,,3");
        assert_eq!(
            (row.count, row.field(0), row.field(1), row.field(2)),
            (3, &b"1"[..], &b""[..], &b"3"[..])
        );
        assert_eq!(Row::split(b"").count, 1);
        let wide = Row::split(b"0,1,2,3,4,5,6,7,8,9,10,11,12,13");
        assert_eq!((wide.count, wide.field(11)), (12, &b"11,12,13"[..]));
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        let price = |text: &str, scale| Row::split(text.as_bytes()).price(0, "price", scale).ok();
        assert_eq!(price("491800", Scale::TenThousandths), Some(49_180_000_000));
        assert_eq!(price("491800.5", Scale::TenThousandths), Some(49_180_050_000));
        assert_eq!(price("-1", Scale::TenThousandths), Some(-100_000));
        assert_eq!(price("0.000000001", Scale::TenThousandths), None);
        assert_eq!(price("18446744073709551615", Scale::TenThousandths), None);
        assert_eq!(price("1681.25", Scale::Plain), Some(1_681_250_000_000));
        assert_eq!(price("", Scale::Plain), Some(0));
        assert_eq!(price("1e5", Scale::Plain), None);
        let time = |text: &str| Row::split(text.as_bytes()).since_midnight().ok().map(|at| at.0);
        assert_eq!(time("14400152"), Some(14_400_152_000_000));
        assert_eq!(time("14400009.367"), Some(14_400_009_367_000));
        assert_eq!(
            (time("86400000"), time("86400001"), time("-1"), time("")),
            (Some(86_400_000_000_000), None, None, None)
        );
        assert_eq!(Row::split(b"-5").size(0, "size").map_err(|damage| damage.what), Err("below zero"));
    }
}
