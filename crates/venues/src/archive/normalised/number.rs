//! Numbers as JSON writes them, `3.213e-05`, in nanos. What stands in a book or was traded must be exact; figures
//! (marks, rates, Greeks) are estimates, and rounded.

use stdx::decimal;

/// More digits than any double has; a longer number is refused, not cut.
const DIGITS_MAX: usize = 36;

/// A number in nanos, exactly or not at all.
#[inline]
pub(super) fn exact(text: &[u8]) -> Option<i64> {
    decimal::parse(text).ok().or_else(|| scaled(text, false))
}

/// A number in nanos, rounded to the nearest, halves away from zero.
#[inline]
pub(super) fn nearest(text: &[u8]) -> Option<i64> {
    decimal::parse(text).ok().or_else(|| scaled(text, true))
}

#[cold]
fn scaled(text: &[u8], round: bool) -> Option<i64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let at = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
    let power = match text.get(at + 1..) {
        None => 0,
        Some(power) => std::str::from_utf8(power).ok()?.parse::<i16>().ok()?,
    };
    let (whole, fraction) = match text[..at].iter().position(|byte| *byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..at]),
        None => (&text[..at], &[][..]),
    };
    let digits = whole.len() + fraction.len();
    if digits == 0 || digits > DIGITS_MAX {
        return None;
    }
    let mut mantissa = 0_i128;
    for byte in whole.iter().chain(fraction) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        mantissa = mantissa * 10 + i128::from(digit);
    }
    let shift = 9 + i32::from(power) - i32::try_from(fraction.len()).ok()?;
    let nanos = if mantissa == 0 {
        0
    } else if shift >= 0 {
        mantissa.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?)?
    } else {
        divide(mantissa, shift.unsigned_abs(), round)?
    };
    i64::try_from(if negative { -nanos } else { nanos }).ok()
}

/// `mantissa` without its last `places` digits.
fn divide(mantissa: i128, places: u32, round: bool) -> Option<i128> {
    // No mantissa has more digits than 10³⁸.
    let Some(ten) = 10_i128.checked_pow(places) else { return round.then_some(0) };
    let (whole, rest) = (mantissa / ten, mantissa % ten);
    if rest == 0 {
        return Some(whole);
    }
    round.then(|| whole + i128::from(rest >= ten - rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_rounded_or_refused() {
        let cases = [
            ("233.9451", Some(233_945_100_000), Some(233_945_100_000)),
            ("3.213e-05", Some(32_130), Some(32_130)),
            ("-8.92730506785E-7", None, Some(-893)),
            ("1e-10", None, Some(0)),
            ("5e-10", None, Some(1)),
            ("-5e-10", None, Some(-1)),
            ("4.99e-10", None, Some(0)),
            ("0.0019152098", None, Some(1_915_210)),
            ("6.22E-8", None, Some(62)),
            ("1E3", Some(1_000_000_000_000), Some(1_000_000_000_000)),
            ("1e+3", Some(1_000_000_000_000), Some(1_000_000_000_000)),
            ("0e99", Some(0), Some(0)),
            ("1e-300", None, Some(0)),
            ("1e10", None, None),
            ("1e40", None, None),
            ("1e99999", None, None),
            ("9999999999", None, None),
            ("1e", None, None),
            ("e5", None, None),
            (".e5", None, None),
            ("-", None, None),
            ("", None, None),
            ("1x", None, None),
            ("--1", None, None),
            ("null", None, None),
        ];
        for (text, is, rounded) in cases {
            assert_eq!((exact(text.as_bytes()), nearest(text.as_bytes())), (is, rounded), "{text}");
        }
        assert_eq!(exact(&[b'1'; 40]), None);
    }
}
