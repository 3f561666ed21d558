//! Records read in place: a view is a reference to a record's bytes, and a field is read when it is asked for.
//!
//! One table a record type says where its fields stand; accessors, and a list for tools that show any record, come
//! out of it. Never copies a record, never checks more than its length, and that once.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number, a letter or a flag.
    Number(i128),
    /// A text, up to its first zero byte.
    Text(&'a [u8]),
}

/// One field of a record type.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The vendor's name for it.
    pub name: &'static str,
    /// Where it begins.
    pub at: usize,
    /// How many bytes it takes.
    pub bytes: usize,
    /// What it holds; `None` when the record is too short for its type.
    read: fn(&[u8]) -> Option<Value<'_>>,
}

impl Field {
    pub(super) const fn new(
        name: &'static str,
        at: usize,
        bytes: usize,
        read: fn(&[u8]) -> Option<Value<'_>>,
    ) -> Self {
        Self { name, at, bytes, read }
    }

    /// What it holds in `record`; `None` when the record is too short for its type.
    #[must_use]
    pub fn read<'a>(&self, record: &'a [u8]) -> Option<Value<'a>> {
        (self.read)(record)
    }
}

/// A record type.
pub trait View<'a>: Copy {
    /// How long its records are, without a send time behind them.
    const BYTES: usize;
    /// Its fields behind the header, in the order they stand.
    const FIELDS: &'static [Field];

    /// The record at the start of `bytes`; `None` when they are too few.
    fn of(bytes: &'a [u8]) -> Option<Self>;
}

/// A text of fixed room, up to its first zero byte.
#[inline]
pub(super) fn until_zero(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    &text[..end]
}

/// The type a field's accessor answers: `[71]` is a text with room for 71 bytes.
macro_rules! answer {
    ([$room:literal]) => { &'a [u8] };
    ($number:ident) => { $number };
}

/// Reads a field. The view's length is known to the compiler, so that nothing is checked when it runs.
macro_rules! field {
    ($bytes:expr, [$room:literal], $at:literal) => {
        $crate::archive::dbn::fields::until_zero(&$bytes[$at..$at + $room])
    };
    ($bytes:expr, $number:ident, $at:literal) => {
        $number::from_le_bytes(*$bytes[$at..].first_chunk().expect("within the layout"))
    };
}

/// How many bytes a field takes.
macro_rules! room {
    ([$room:literal]) => {
        $room
    };
    ($number:ident) => {
        size_of::<$number>()
    };
}

macro_rules! value {
    ([$room:literal], $value:expr) => {
        Value::Text($value)
    };
    ($number:ident, $value:expr) => {
        Value::Number(i128::from($value))
    };
}

/// Views of the given layouts: `Name, length: { field: type @ place, … }`.
macro_rules! views {
    ($($(#[$about:meta])* $view:ident, $bytes:literal: { $($field:ident: $kind:tt @ $at:literal,)* })*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $view<'a>(&'a [u8; $bytes]);

        impl<'a> View<'a> for $view<'a> {
            const BYTES: usize = $bytes;
            const FIELDS: &'static [Field] = &[$(
                Field::new(stringify!($field), $at, room!($kind), |record| {
                    let view = $view::of(record)?;
                    Some(value!($kind, view.$field()))
                }),
            )*];

            #[inline]
            fn of(bytes: &'a [u8]) -> Option<Self> {
                bytes.first_chunk().map(Self)
            }
        }

        impl<'a> $view<'a> {$(
            #[doc = concat!("`", stringify!($field), "`, from byte ", stringify!($at), ".")]
            #[inline]
            #[must_use]
            pub fn $field(self) -> answer!($kind) {
                field!(self.0, $kind, $at)
            }
        )*}
    )*};
}

/// The header every record has.
macro_rules! headed {
    ($($view:ident)*) => {$(
        impl $view<'_> {
            /// The record's type.
            #[inline]
            #[must_use]
            pub fn rtype(self) -> u8 {
                self.0[1]
            }

            /// Who published it: a venue within a data set.
            #[inline]
            #[must_use]
            pub fn publisher_id(self) -> u16 {
                field!(self.0, u16, 2)
            }

            /// Which instrument, by the vendor's number of the day.
            #[inline]
            #[must_use]
            pub fn instrument_id(self) -> u32 {
                field!(self.0, u32, 4)
            }

            /// When the venue says it happened, in nanoseconds since 1970.
            #[inline]
            #[must_use]
            pub fn ts_event(self) -> u64 {
                field!(self.0, u64, 8)
            }
        }
    )*};
}

pub(super) use {answer, field, headed, room, value, views};
