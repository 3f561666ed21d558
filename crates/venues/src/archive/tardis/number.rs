//! Numbers as Tardis writes them: what JavaScript makes of a double, so `1e-7` below a millionth.
//!
//! What a book or a trade holds must be exact in nanos or is refused; estimates (rates, Greeks, marks) are rounded.

use stdx::decimal;

/// Digits kept of a mantissa; a double shows 17.
const DIGITS_MAX: u32 = 30;

/// A number in nanos, exactly or not at all.
#[inline]
pub(in crate::archive) fn exact(text: &[u8]) -> Option<i64> {
    decimal::parse(text).ok().or_else(|| wide(text, false))
}

/// A number in nanos, rounded to the nearest, halves away from zero.
#[inline]
pub(in crate::archive) fn nearest(text: &[u8]) -> Option<i64> {
    decimal::parse(text).ok().or_else(|| wide(text, true))
}

#[cold]
fn wide(text: &[u8], round: bool) -> Option<i64> {
    let (text, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], power(&text[at + 1..])?),
        None => (text, 0),
    };
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (mut mantissa, mut kept, mut decimals, mut any) = (0_i128, 0, None, false);
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            any = true;
            // A double's digits end long before; what is beyond is refused rather than dropped.
            if kept == DIGITS_MAX {
                return None;
            }
            mantissa = mantissa * 10 + i128::from(digit);
            kept += u32::from(mantissa > 0);
            decimals = decimals.map(|count: i32| count + 1);
        } else if byte == b'.' && decimals.is_none() {
            decimals = Some(0);
        } else {
            return None;
        }
    }
    if !any {
        return None;
    }
    let shift = 9 + exponent - decimals.unwrap_or(0);
    let ten = 10_i128.checked_pow(shift.unsigned_abs());
    let nanos = if shift >= 0 {
        if mantissa == 0 { 0 } else { mantissa.checked_mul(ten?)? }
    } else {
        // Beyond 10³⁸ everything is nothing.
        let (whole, rest, ten) =
            ten.map_or((0, mantissa, i128::MAX), |ten| (mantissa / ten, mantissa % ten, ten));
        if rest != 0 && !round {
            return None;
        }
        whole + i128::from(rest >= ten - rest)
    };
    i64::try_from(if negative { -nanos } else { nanos }).ok()
}

/// A small whole number with a sign or without.
fn power(text: &[u8]) -> Option<i32> {
    let power: i32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (-400..=400).contains(&power).then_some(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_rounded_or_refused() {
        let cases = [
            ("61837.63", Some(61_837_630_000_000), Some(61_837_630_000_000)),
            ("1e-7", Some(100), Some(100)),
            ("1.5e-7", Some(150), Some(150)),
            ("-2.5E-9", None, Some(-3)),
            ("1e-10", None, Some(0)),
            ("5e-10", None, Some(1)),
            ("4.9e-10", None, Some(0)),
            ("0.00010000000001", None, Some(100_000)),
            ("-0.34807987123", None, Some(-348_079_871)),
            ("1e9", Some(1_000_000_000_000_000_000), Some(1_000_000_000_000_000_000)),
            ("1e+2", Some(100_000_000_000), Some(100_000_000_000)),
            ("1e21", None, None),
            ("0e300", Some(0), Some(0)),
            ("1e-300", None, Some(0)),
            ("1e400", None, None),
            ("9223372036.9", None, None),
            ("", None, None),
            ("-", None, None),
            (".", None, None),
            ("e5", None, None),
            ("1e", None, None),
            ("1.2.3", None, None),
            ("NaN", None, None),
            ("0x10", None, None),
        ];
        for (text, is, rounded) in cases {
            assert_eq!(exact(text.as_bytes()), is, "{text}");
            assert_eq!(nearest(text.as_bytes()), rounded, "{text}, rounded");
        }
    }
}
