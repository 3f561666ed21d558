//! Units that cannot be mixed. Operators mean what the trade means: the difference of two prices is a number
//! of steps, not a price.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Not, Sub, SubAssign};

/// A price, as a count of its instrument's price steps. May be negative: spreads and crude oil have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(transparent)]
pub struct Ticks(pub i64);

impl Ticks {
    /// This price, `steps` worse for whoever trades on `side`: higher for a buyer, lower for a seller.
    #[inline]
    #[must_use]
    pub const fn worse_for(self, side: Side, steps: i64) -> Self {
        match side {
            Side::Buy => Self(self.0 + steps),
            Side::Sell => Self(self.0 - steps),
        }
    }

    /// Whether a resting order on `side` at this price has priority over one at `other`.
    #[inline]
    #[must_use]
    pub const fn beats(self, other: Self, side: Side) -> bool {
        match side {
            Side::Buy => self.0 > other.0,
            Side::Sell => self.0 < other.0,
        }
    }

    /// Whether an order on `side` with this limit trades against a resting price of the other side.
    #[inline]
    #[must_use]
    pub const fn crosses(self, resting: Self, side: Side) -> bool {
        match side {
            Side::Buy => self.0 >= resting.0,
            Side::Sell => self.0 <= resting.0,
        }
    }
}

impl Sub for Ticks {
    type Output = i64;
    #[inline]
    fn sub(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

impl Add<i64> for Ticks {
    type Output = Self;
    #[inline]
    fn add(self, steps: i64) -> Self {
        Self(self.0 + steps)
    }
}

impl Sub<i64> for Ticks {
    type Output = Self;
    #[inline]
    fn sub(self, steps: i64) -> Self {
        Self(self.0 - steps)
    }
}

impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ticks", self.0)
    }
}

/// A quantity, as a count of its instrument's size steps. Signed where it is a position, never in an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(transparent)]
pub struct Lots(pub i64);

impl Lots {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whether there is nothing.
    #[inline]
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The size without its sign.
    #[inline]
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Positive for a buy, negative for a sell.
    #[inline]
    #[must_use]
    pub const fn signed(self, side: Side) -> Self {
        match side {
            Side::Buy => self,
            Side::Sell => Self(-self.0),
        }
    }

    /// The side that made this position; `None` when flat.
    #[inline]
    #[must_use]
    pub const fn side(self) -> Option<Side> {
        match self.0 {
            0 => None,
            n if n > 0 => Some(Side::Buy),
            _ => Some(Side::Sell),
        }
    }
}

/// Cash in the instrument's settlement currency, as a count of 10⁻¹² of one unit.
///
/// 128 bits at this scale hold ±1.7·10²⁶ units without a check on every sum, and every product of a real
/// tick, lot and multiplier exactly (the finest crypto pairs need 10⁻¹²; yen books overflow 64 bits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(transparent)]
pub struct Money(pub i128);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// One unit of currency.
    pub const ONE: Self = Self(1_000_000_000_000);

    /// From nanos (10⁻⁹), the scale of configuration.
    #[inline]
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos as i128 * 1_000)
    }

    /// As an estimate, for reports and statistics.
    #[inline]
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
    pub const fn to_f64(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// The amount without its sign.
    #[inline]
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// What it is worth in another currency, of which one unit of its own is worth `rate`. Rounded down.
    ///
    /// # Panics
    /// When that has more digits than money holds.
    #[inline]
    #[must_use]
    pub fn at_rate(self, rate: Self) -> Self {
        self.checked_at_rate(rate).expect("an amount at its rate has fewer than 39 digits")
    }

    /// The same, or `None` when that has more digits than money holds.
    #[inline]
    #[must_use]
    pub fn checked_at_rate(self, rate: Self) -> Option<Self> {
        let (units, rest) = (self.0.div_euclid(Self::ONE.0), self.0.rem_euclid(Self::ONE.0));
        // In two parts: a large amount at a large rate has more digits than fit.
        let rest = rest.checked_mul(rate.0)?.div_euclid(Self::ONE.0);
        units.checked_mul(rate.0)?.checked_add(rest).map(Self)
    }
}

impl fmt::Display for Money {
    /// Shortest exact decimal; `{:.2}` rounds half away from zero to two decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(12).min(12);
        let unit = 10_u128.pow(u32::try_from(12 - digits).expect("at most twelve"));
        let rounded = (self.0.unsigned_abs() + unit / 2) / unit;
        let scale = 10_u128.pow(u32::try_from(digits).expect("at most twelve"));
        let sign = if self.0 < 0 && rounded > 0 { "-" } else { "" };
        let (whole, rest) = (rounded / scale, rounded % scale);
        let mut text = format!("{sign}{whole}");
        if digits > 0 {
            let decimals = format!("{rest:0digits$}");
            let shown = if f.precision().is_some() { &decimals } else { decimals.trim_end_matches('0') };
            if !shown.is_empty() {
                text.push('.');
                text.push_str(shown);
            }
        }
        match f.width() {
            Some(width) => write!(f, "{text:>width$}"),
            None => f.write_str(&text),
        }
    }
}

macro_rules! quantity {
    ($name:ident) => {
        impl Add for $name {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Neg for $name {
            type Output = Self;
            #[inline]
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl AddAssign for $name {
            #[inline]
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $name {
            #[inline]
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::default(), Add::add)
            }
        }
    };
}
quantity!(Lots);
quantity!(Money);

impl Mul<i64> for Money {
    type Output = Self;
    #[inline]
    fn mul(self, times: i64) -> Self {
        Self(self.0 * i128::from(times))
    }
}

/// A moment, in nanoseconds since 1970-01-01 UTC; also a span between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(transparent)]
pub struct Nanos(pub i64);

impl Nanos {
    /// The latest moment there is: "never".
    pub const MAX: Self = Self(i64::MAX);
    /// The earliest moment there is.
    pub const MIN: Self = Self(i64::MIN);

    /// A span of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A span of seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// This span in seconds, as an estimate.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
    pub const fn to_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Nanos {
    type Output = Self;
    /// Saturates: a moment near the end of time plus a latency is still the end of time.
    #[inline]
    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Nanos {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// An input's place in the one order of all inputs, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[repr(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The next place.
    #[inline]
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Buyers or sellers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Side {
    /// Buyers; the bid side of a book.
    Buy = 0,
    /// Sellers; the ask side of a book.
    Sell = 1,
}

impl Side {
    /// Both, bids first.
    pub const BOTH: [Self; 2] = [Self::Buy, Self::Sell];

    /// 0 for buyers, 1 for sellers: the place in a pair.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// +1 for buyers, -1 for sellers.
    #[inline]
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }
}

impl Not for Side {
    type Output = Self;
    #[inline]
    fn not(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_as_people_write_it() {
        let cases = [
            (Money::ZERO, "0", "0.00"),
            (Money(1_500_000_000_000), "1.5", "1.50"),
            (Money(-1_500_000_000_000), "-1.5", "-1.50"),
            (Money(1), "0.000000000001", "0.00"),
            (Money(-1), "-0.000000000001", "0.00"),
            (Money(1_995_000_000_000), "1.995", "2.00"),
        ];
        for (money, exact, cents) in cases {
            assert_eq!(money.to_string(), exact);
            assert_eq!(format!("{money:.2}"), cents);
        }
        assert_eq!(format!("{:>9.2}", Money::ONE), "     1.00");
    }

    #[test]
    fn another_currency_is_worth_its_rate_rounded_down() {
        let cases = [
            (Money::ONE * 3, Money::ONE, Money::ONE * 3),
            (Money(-1_500_000_000_000), Money::ONE * 60_000, Money::ONE * -90_000),
            (Money(1), Money(500_000_000_000), Money(0)),
            (Money(-1), Money(500_000_000_000), Money(-1)),
            (Money::ONE * 1_000_000_000_000, Money::ONE * 100_000, Money::ONE * 100_000_000_000_000_000),
        ];
        for (amount, rate, worth) in cases {
            assert_eq!(amount.at_rate(rate), worth, "{amount:?} at {rate:?}");
        }
    }

    #[test]
    fn worse_means_dearer_to_buy_and_cheaper_to_sell() {
        assert_eq!(Ticks(10).worse_for(Side::Buy, 2), Ticks(12));
        assert_eq!(Ticks(10).worse_for(Side::Sell, 2), Ticks(8));
        assert!(Ticks(10).crosses(Ticks(10), Side::Buy) && !Ticks(9).crosses(Ticks(10), Side::Buy));
        assert!(Ticks(10).beats(Ticks(9), Side::Buy) && Ticks(9).beats(Ticks(10), Side::Sell));
    }
}
