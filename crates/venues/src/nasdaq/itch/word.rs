//! The data types of ITCH 5.0 (section 3, "Data Types"): big-endian integers, prices with implied decimals, and
//! text padded with spaces on the right.
//!
//! Never checks what a word means, only how it lies.

use std::fmt::Write as _;

/// A price with four decimals: hundredths of a cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price4(pub u32);

/// A price with eight decimals. Only market-wide circuit breakers are sent so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price8(pub u64);

/// Nanoseconds since midnight in New York, of which six bytes are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

/// Nanoseconds of a day: no timestamp is as large.
pub const DAY_NANOS: u64 = 86_400_000_000_000;

impl Price4 {
    /// In nanos (10⁻⁹), which every 32-bit price has.
    #[inline]
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0 as i64 * 100_000
    }
}

/// How a field is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One character.
    Char,
    /// Text, padded with spaces on the right.
    Text,
    /// A whole number.
    Integer,
    /// Nanoseconds since midnight.
    Time,
    /// Four implied decimals.
    Price4,
    /// Eight implied decimals.
    Price8,
}

/// A type a field can have.
pub(crate) trait Word: Copy {
    const SIZE: usize;
    const KIND: Kind;
    /// The word at `at`, which must lie within `bytes`.
    fn get(bytes: &[u8], at: usize) -> Self;
    /// Puts the word at `at`.
    fn put(self, bytes: &mut [u8], at: usize);
}

macro_rules! integers {
    ($($word:ty)*) => {$(
        impl Word for $word {
            const SIZE: usize = size_of::<$word>();
            const KIND: Kind = Kind::Integer;
            #[inline(always)]
            fn get(bytes: &[u8], at: usize) -> Self {
                let word = bytes[at..at + Self::SIZE].try_into().expect("a slice of its own size");
                Self::from_be_bytes(word)
            }
            #[inline(always)]
            fn put(self, bytes: &mut [u8], at: usize) {
                bytes[at..at + Self::SIZE].copy_from_slice(&self.to_be_bytes());
            }
        }
    )*};
}
integers!(u16 u32 u64);

impl Word for u8 {
    const SIZE: usize = 1;
    const KIND: Kind = Kind::Char;
    #[inline(always)]
    fn get(bytes: &[u8], at: usize) -> Self {
        bytes[at]
    }
    #[inline(always)]
    fn put(self, bytes: &mut [u8], at: usize) {
        bytes[at] = self;
    }
}

impl<const N: usize> Word for [u8; N] {
    const SIZE: usize = N;
    const KIND: Kind = Kind::Text;
    #[inline(always)]
    fn get(bytes: &[u8], at: usize) -> Self {
        bytes[at..at + N].try_into().expect("a slice of its own size")
    }
    #[inline(always)]
    fn put(self, bytes: &mut [u8], at: usize) {
        bytes[at..at + N].copy_from_slice(&self);
    }
}

impl Word for Price4 {
    const SIZE: usize = 4;
    const KIND: Kind = Kind::Price4;
    #[inline(always)]
    fn get(bytes: &[u8], at: usize) -> Self {
        Self(u32::get(bytes, at))
    }
    #[inline(always)]
    fn put(self, bytes: &mut [u8], at: usize) {
        self.0.put(bytes, at);
    }
}

impl Word for Price8 {
    const SIZE: usize = 8;
    const KIND: Kind = Kind::Price8;
    #[inline(always)]
    fn get(bytes: &[u8], at: usize) -> Self {
        Self(u64::get(bytes, at))
    }
    #[inline(always)]
    fn put(self, bytes: &mut [u8], at: usize) {
        self.0.put(bytes, at);
    }
}

impl Word for Timestamp {
    const SIZE: usize = 6;
    const KIND: Kind = Kind::Time;
    #[inline(always)]
    fn get(bytes: &[u8], at: usize) -> Self {
        Self(u64::from(u16::get(bytes, at)) << 32 | u64::from(u32::get(bytes, at + 2)))
    }
    #[inline(always)]
    fn put(self, bytes: &mut [u8], at: usize) {
        bytes[at..at + 6].copy_from_slice(&self.0.to_be_bytes()[2..]);
    }
}

/// Where a field lies and what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the specification.
    pub name: &'static str,
    /// Bytes from the start of the message.
    pub offset: usize,
    /// Its length in bytes.
    pub size: usize,
    /// How it is read.
    pub kind: Kind,
}

impl Field {
    /// Appends the field's value in `message`, exactly: text without its padding, prices as decimals, bytes that
    /// are no printable ASCII as `\xNN`.
    pub fn write(&self, message: &[u8], out: &mut String) {
        let bytes = &message[self.offset..self.offset + self.size];
        let number = || bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        match self.kind {
            Kind::Char => escape(bytes, out),
            Kind::Text => escape(trim(bytes), out),
            Kind::Integer | Kind::Time => append(out, format_args!("{}", number())),
            Kind::Price4 => append(out, format_args!("{}.{:04}", number() / 10_000, number() % 10_000)),
            Kind::Price8 => {
                append(out, format_args!("{}.{:08}", number() / 100_000_000, number() % 100_000_000));
            }
        }
    }
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes everything");
}

fn escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        match byte {
            b' '..=b'~' if *byte != b'\\' => out.push(char::from(*byte)),
            byte => append(out, format_args!("\\x{byte:02x}")),
        }
    }
}

/// Text without the spaces that pad it.
#[must_use]
pub fn trim(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    &text[..end]
}

/// Text padded with spaces; what does not fit is left off.
#[must_use]
pub fn pad<const N: usize>(text: &str) -> [u8; N] {
    let mut padded = [b' '; N];
    for (place, byte) in padded.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    padded
}
