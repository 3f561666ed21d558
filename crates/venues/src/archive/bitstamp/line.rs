//! Lines of the log as numbers. Never panics, whatever stands there.
//!
//! Numbers that people entered come as texts and are exact; those of trades come as floats
//! (`1.7885566900000001`) and are rounded to the venue's own steps.

use crate::json::{self, Value};
use stdx::decimal;
use types::{Nanos, Side};

/// What a line is about; the discriminant is its row in the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Created = 0,
    Changed = 1,
    Deleted = 2,
    Trade = 3,
    Snapshot = 4,
}

pub(super) const KINDS: [(Kind, &str); 5] = [
    (Kind::Created, "order_created"),
    (Kind::Changed, "order_changed"),
    (Kind::Deleted, "order_deleted"),
    (Kind::Trade, "trade"),
    (Kind::Snapshot, "order_book"),
];

/// One order as an event shows it. Price and size in nanos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) side: Side,
    pub(super) price: i64,
    /// What is left of it.
    pub(super) size: i64,
    /// `datetime`: when it was entered, to the second.
    pub(super) entered_at: Nanos,
}

/// One trade. Price and size in nanos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Print {
    pub(super) id: u64,
    pub(super) price: i64,
    pub(super) size: i64,
}

/// The receive time, the kind and the rest of a line: `1430438404518 order_created {…}`.
pub(super) fn split(line: &[u8]) -> Result<(Nanos, Kind, &[u8]), &'static str> {
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let time = words.next().and_then(json::digits).and_then(|time| i64::try_from(time).ok());
    let received_at = time.and_then(|time| time.checked_mul(1_000_000)).ok_or("a line without a time")?;
    let word = words.next().unwrap_or_default();
    let kind = KINDS.iter().find(|(_, name)| name.as_bytes() == word);
    let (kind, _) = kind.ok_or("a line of an unknown kind")?;
    Ok((Nanos(received_at), *kind, words.next().unwrap_or_default()))
}

impl Order {
    #[inline]
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let (mut id, mut side, mut price, mut size, mut entered) = (None, None, None, None, None);
        json::members(text, |name, value| match name {
            b"id" => id = value.number(),
            b"order_type" => side = value.number(),
            b"price" => price = value.text().and_then(|text| decimal::parse(text).ok()),
            b"amount" => size = value.text().and_then(|text| decimal::parse(text).ok()),
            b"datetime" => entered = value.text().and_then(json::digits),
            _ => {}
        })?;
        let side = match side? {
            0 => Side::Buy,
            1 => Side::Sell,
            _ => return None,
        };
        let seconds = i64::try_from(entered?).ok()?;
        let order = Self {
            // The upper half is for orders of our own making.
            id: id.filter(|id| *id < 1 << 63)?,
            side,
            price: price.filter(|price| *price > 0)?,
            size: size.filter(|size| *size >= 0)?,
            entered_at: Nanos(seconds.checked_mul(1_000_000_000)?),
        };
        Some(order)
    }
}

impl Print {
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let (mut id, mut price, mut size) = (None, None, None);
        json::members(text, |name, value| match name {
            b"id" => id = value.number(),
            b"price" => price = word(value).and_then(|word| rounded(word, 2)),
            b"amount" => size = word(value).and_then(|word| rounded(word, 8)),
            _ => {}
        })?;
        Some(Self { id: id?, price: price.filter(|price| *price > 0)?, size: size.filter(|size| *size > 0)? })
    }
}

/// Shows each level of a snapshot's two sides: side, price, size.
pub(super) fn levels(text: &[u8], mut visit: impl FnMut(Side, i64, i64) -> Option<()>) -> Option<()> {
    let (mut bids, mut asks) = (None, None);
    json::members(text, |name, value| match name {
        b"bids" => bids = value.nested(),
        b"asks" => asks = value.nested(),
        _ => {}
    })?;
    for (side, levels) in [(Side::Buy, bids?), (Side::Sell, asks?)] {
        json::levels(levels, |price, size| {
            let price = decimal::parse(price).ok().filter(|price| *price > 0)?;
            let size = decimal::parse(size).ok().filter(|size| *size > 0)?;
            visit(side, price, size)
        })?;
    }
    Some(())
}

fn word(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Word(text) | Value::Text(text) => Some(text),
        Value::Nested(_) => None,
    }
}

/// A float in nanos, rounded to so many decimals; `None` when it is none of the venue's numbers, that is not
/// what a float of such a number would be.
fn rounded(text: &[u8], decimals: u32) -> Option<i64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let steps = value * f64::from(10_u32.pow(decimals));
    // Below 2⁵³ every count of steps is a float of its own.
    let whole = steps.round();
    if !(whole.abs() < 9.0e15 && (steps - whole).abs() <= 1e-3) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    let whole = whole as i64;
    whole.checked_mul(10_i64.pow(9 - decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_the_nearest_of_the_venue_s_steps() {
        let cases = [
            ("1.7885566900000001", 8, Some(1_788_556_690)),
            ("9.9999999999999995e-07", 8, Some(1_000)),
            ("3.6100000000000002e-06", 8, Some(3_610)),
            ("236.28999999999999", 2, Some(236_290_000_000)),
            ("236", 2, Some(236_000_000_000)),
            ("236.295", 2, None),
            ("0.123456785", 8, None),
            ("NaN", 2, None),
            ("inf", 2, None),
            ("1e300", 8, None),
            ("", 2, None),
        ];
        for (text, decimals, expected) in cases {
            assert_eq!(rounded(text.as_bytes(), decimals), expected, "{text}");
        }
    }

    #[test]
    fn a_line_is_read_or_refused() {
        let order = br#"{"price": "236.47", "amount": "0.00000000", "datetime": "1430438404", "id": 65595247, "order_type": 1}"#;
        let expected = Order {
            id: 65_595_247,
            side: Side::Sell,
            price: 236_470_000_000,
            size: 0,
            entered_at: Nanos::from_secs(1_430_438_404),
        };
        assert_eq!(Order::read(order), Some(expected));
        for end in 0..order.len() {
            assert_eq!(Order::read(&order[..end]), None, "{end}");
        }
        let line = [b"1430438404518 order_created ", &order[..]].concat();
        let at = Nanos(1_430_438_404_518_000_000);
        assert_eq!(split(&line), Ok((at, Kind::Created, &order[..])));
        assert_eq!(split(b"noon order_created {}"), Err("a line without a time"));
        assert_eq!(split(b"1 order_eaten {}"), Err("a line of an unknown kind"));
        assert_eq!(split(b""), Err("a line without a time"));
    }
}
