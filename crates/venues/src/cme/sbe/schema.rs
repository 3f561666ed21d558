//! What the schemas are made of: decimals, months, and the shape of a message as data.

use super::codec::{Value, Word};
use std::fmt::Debug;
use std::marker::PhantomData;

/// How many decimals the prices of a template have.
pub trait Scale: Copy + Debug + PartialEq + Eq + 'static {
    /// The exponent of ten, as the schema gives it.
    const EXPONENT: i8;
    /// What one of the mantissa is, in nanos.
    const NANOS: i64;
}

/// Seven: `PRICE`, `PRICENULL`, `FLOAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seven;

/// Nine: `PRICE9`, `PRICENULL9`, `Decimal9`, `Decimal9NULL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nine;

impl Scale for Seven {
    const EXPONENT: i8 = -7;
    const NANOS: i64 = 100;
}

impl Scale for Nine {
    const EXPONENT: i8 = -9;
    const NANOS: i64 = 1;
}

/// A price, or another number with the decimals of its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Price<D> {
    /// As sent.
    pub mantissa: i64,
    scale: PhantomData<D>,
}

impl<D: Scale> Price<D> {
    /// A price of this mantissa.
    #[inline]
    #[must_use]
    pub const fn new(mantissa: i64) -> Self {
        Self { mantissa, scale: PhantomData }
    }

    /// In nanos; `None` beyond what 64 bits hold.
    #[inline]
    #[must_use]
    pub const fn nanos(self) -> Option<i64> {
        self.mantissa.checked_mul(D::NANOS)
    }
}

impl<D: Scale> Value for Price<D> {
    type Word = i64;
    #[inline]
    fn of(word: i64) -> Self {
        Self::new(word)
    }
    #[inline]
    fn word(self) -> i64 {
        self.mantissa
    }
}

impl<D: Scale> Value for Option<Price<D>> {
    type Word = i64;
    #[inline]
    fn of(word: i64) -> Self {
        (word != i64::MAX).then_some(Price::new(word))
    }
    #[inline]
    fn word(self) -> i64 {
        self.map_or(i64::MAX, |price| price.mantissa)
    }
}

/// `DecimalQty`: ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Quantity {
    /// As sent.
    pub mantissa: i32,
}

impl Value for Option<Quantity> {
    type Word = i32;
    #[inline]
    fn of(word: i32) -> Self {
        (word != i32::MAX).then_some(Quantity { mantissa: word })
    }
    #[inline]
    fn word(self) -> i32 {
        self.map_or(i32::MAX, |quantity| quantity.mantissa)
    }
}

/// `MaturityMonthYear`: a month, and perhaps a day or a week of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// `YYYY`.
    pub year: Option<u16>,
    /// `MM`, from 1.
    pub month: Option<u8>,
    /// `DD`, from 1.
    pub day: Option<u8>,
    /// `WW`, from 1.
    pub week: Option<u8>,
}

impl Value for Month {
    type Word = [u8; 5];
    #[inline]
    fn of([low, high, month, day, week]: [u8; 5]) -> Self {
        Self {
            year: Value::of(u16::from_le_bytes([low, high])),
            month: Value::of(month),
            day: Value::of(day),
            week: Value::of(week),
        }
    }
    #[inline]
    fn word(self) -> [u8; 5] {
        let [low, high] = Value::word(self.year).to_le_bytes();
        [low, high, Value::word(self.month), Value::word(self.day), Value::word(self.week)]
    }
}

/// An enumeration or a set of bits, as data.
#[derive(Debug)]
pub struct Words {
    /// CME's name for it.
    pub name: &'static str,
    /// Whether its values are bits that may stand together.
    pub is_set: bool,
    /// Value (of a set: its bit, shifted) and CME's name for it.
    pub values: &'static [(u32, &'static str)],
}

/// What a field's bytes mean.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A number without a sign.
    Unsigned,
    /// A number with one.
    Signed,
    /// One character.
    Char,
    /// Characters, filled up with zeros.
    Text,
    /// A mantissa whose exponent of ten is always this.
    Decimal(i8),
    /// A [`Month`].
    Month,
    /// A word of this list.
    Words(&'static Words),
    /// Not on the wire: it is always this.
    Constant(&'static str),
}

/// A field of a block.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// CME's name for it.
    pub name: &'static str,
    /// Its FIX tag.
    pub tag: u32,
    /// What its bytes mean.
    pub kind: Kind,
    /// CME's name for its type.
    pub of: &'static str,
    /// Where it lies in its block.
    pub at: u16,
    /// How long it is; 0 for a constant.
    pub bytes: u16,
    /// The low bytes that stand for "absent".
    pub null: Option<u64>,
    /// The first schema that has it; 0 for the block's own.
    pub since: u16,
    /// Whether older messages have other bytes in its place, so that only their version tells.
    pub hidden: bool,
}

/// A root block, or one entry of a group.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// On the wire, with padding, as the newest schema has it.
    pub bytes: u16,
    /// In the schema's order.
    pub fields: &'static [Field],
}

/// A repeating group.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// CME's name for it.
    pub name: &'static str,
    /// The FIX tag of its count.
    pub tag: u32,
    /// Whether its dimension is `groupSize8Byte`.
    pub wide: bool,
    /// The first schema that has it; 0 for the message's own.
    pub since: u16,
    /// One entry.
    pub block: Block,
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Its number.
    pub template: u16,
    /// CME's name for it, which ends with its number.
    pub name: &'static str,
    /// The first schema that has it; 0 for the first of all.
    pub since: u16,
    /// What comes before the groups.
    pub root: Block,
    /// In their order.
    pub groups: &'static [Group],
}

/// Bytes of a value of a kind that is a whole number, as a word.
impl Field {
    /// The field's bytes as an unsigned word of up to eight bytes; `None` when the block ends before it.
    #[must_use]
    pub fn word(&self, block: &[u8]) -> Option<u64> {
        let bytes = block.get(usize::from(self.at)..usize::from(self.at) + usize::from(self.bytes))?;
        let mut word = [0; 8];
        word.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(u64::read(&word, 0))
    }
}
