//! Decimal numbers as counts of 10⁻⁹ ("nanos"), the scale CME and Databento put on the wire.
//!
//! Parsing is for venue text (`"61837.63000000"`) and configuration; it is exact or it fails.

use std::fmt;

/// One whole, in nanos.
pub const ONE: i64 = 1_000_000_000;

/// Why a text is not a decimal number we can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDecimal {
    /// Something other than an optional sign, digits, and at most one point among them.
    Malformed,
    /// A digit other than zero stands beyond the ninth decimal.
    TooFine,
    /// Beyond ±9,223,372,036.
    TooLarge,
}

impl fmt::Display for NotDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a decimal number",
            Self::TooFine => "more than nine decimals",
            Self::TooLarge => "beyond ±9,223,372,036",
        })
    }
}

impl std::error::Error for NotDecimal {}

/// Reads `-12.345` as `-12_345_000_000`.
///
/// # Errors
/// When the text is not a plain decimal number, or cannot be held exactly.
#[inline]
pub fn parse(text: &[u8]) -> Result<i64, NotDecimal> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut value: i64 = 0;
    let mut decimals: Option<u32> = None;
    let mut any = false;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            any = true;
            match &mut decimals {
                Some(9) if digit == 0 => continue,
                Some(9) => return Err(NotDecimal::TooFine),
                Some(count) => *count += 1,
                None => {}
            }
            // Built downwards: the range has one more negative number than positive ones.
            value = value
                .checked_mul(10)
                .and_then(|v| v.checked_sub(i64::from(digit)))
                .ok_or(NotDecimal::TooLarge)?;
        } else if byte == b'.' && decimals.is_none() {
            decimals = Some(0);
        } else {
            return Err(NotDecimal::Malformed);
        }
    }
    if !any {
        return Err(NotDecimal::Malformed);
    }
    let scaled = value.checked_mul(10_i64.pow(9 - decimals.unwrap_or(0))).ok_or(NotDecimal::TooLarge)?;
    if negative { Ok(scaled) } else { scaled.checked_neg().ok_or(NotDecimal::TooLarge) }
}

/// Shows nanos as the shortest exact decimal: `-12.345`, `7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Display(pub i64);

impl fmt::Display for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let one = ONE.unsigned_abs();
        let whole = self.0.unsigned_abs() / one;
        let rest = self.0.unsigned_abs() % one;
        if rest == 0 {
            return f.pad(&format!("{sign}{whole}"));
        }
        let decimals = format!("{rest:09}");
        f.pad(&format!("{sign}{whole}.{}", decimals.trim_end_matches('0')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let cases = ["0", "7", "-7", "61837.63", "0.00000001", "-0.000000001", "9223372036.854775807"];
        for text in cases {
            let nanos = parse(text.as_bytes()).expect(text);
            assert_eq!(Display(nanos).to_string(), text);
        }
        assert_eq!(parse(b"-9223372036.854775808"), Ok(i64::MIN));
        assert_eq!(parse(b"0.02000000000000"), Ok(20_000_000));
        assert_eq!(parse(b".5"), Ok(500_000_000));
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        let cases: [(&[u8], NotDecimal); 9] = [
            (b"", NotDecimal::Malformed),
            (b"-", NotDecimal::Malformed),
            (b".", NotDecimal::Malformed),
            (b"1.2.3", NotDecimal::Malformed),
            (b"1e5", NotDecimal::Malformed),
            (b"NaN", NotDecimal::Malformed),
            (b"0.0000000001", NotDecimal::TooFine),
            (b"9223372036.854775808", NotDecimal::TooLarge),
            (b"99999999999999999999", NotDecimal::TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{}", String::from_utf8_lossy(text));
        }
    }
}
