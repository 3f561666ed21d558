//! What the generated codecs are made of: words, values, fields of a block, and the macros that list them.
//!
//! Never reads outside a block: every block is at least as long as the fields that are known of it.

use super::schema;
use std::marker::PhantomData;

/// A number or text that can be read from its little-endian bytes.
pub trait Word: Copy {
    /// How many bytes it takes.
    const SIZE: usize;
    /// Reads it at `at`, where the block must be long enough.
    fn read(block: &[u8], at: usize) -> Self;
    /// Writes it at `at`, where the block must be long enough.
    fn write(self, block: &mut [u8], at: usize);
}

macro_rules! word {
    ($($kind:ty),*) => {$(
        impl Word for $kind {
            const SIZE: usize = size_of::<$kind>();
            #[inline]
            fn read(block: &[u8], at: usize) -> Self {
                Self::from_le_bytes(*block[at..].first_chunk().expect("blocks hold every known field"))
            }
            #[inline]
            fn write(self, block: &mut [u8], at: usize) {
                block[at..at + Self::SIZE].copy_from_slice(&self.to_le_bytes());
            }
        }

        impl Value for $kind {
            type Word = Self;
            #[inline]
            fn of(word: Self) -> Self {
                word
            }
            #[inline]
            fn word(self) -> Self {
                self
            }
        }

        // Every null of the schemas is the largest number of its type: the generator refuses any other.
        impl Value for Option<$kind> {
            type Word = $kind;
            #[inline]
            fn of(word: $kind) -> Self {
                (word != <$kind>::MAX).then_some(word)
            }
            #[inline]
            fn word(self) -> $kind {
                self.unwrap_or(<$kind>::MAX)
            }
        }
    )*};
}
word!(u8, u16, u32, u64, i8, i16, i32, i64);

impl<const N: usize> Word for [u8; N] {
    const SIZE: usize = N;
    #[inline]
    fn read(block: &[u8], at: usize) -> Self {
        *block[at..].first_chunk().expect("blocks hold every known field")
    }
    #[inline]
    fn write(self, block: &mut [u8], at: usize) {
        block[at..at + N].copy_from_slice(&self);
    }
}

impl<const N: usize> Value for [u8; N] {
    type Word = Self;
    #[inline]
    fn of(word: Self) -> Self {
        word
    }
    #[inline]
    fn word(self) -> Self {
        self
    }
}

/// What a field's word means: itself, or, where the schema has a null, perhaps nothing.
pub trait Value: Copy {
    /// How it is stored.
    type Word: Word;
    /// What the word means.
    fn of(word: Self::Word) -> Self;
    /// The word that means it.
    fn word(self) -> Self::Word;
}

/// Where a field lies in its block, and what it is.
#[derive(Debug)]
pub struct Member<T> {
    at: usize,
    kind: PhantomData<T>,
}

impl<T: Value> Member<T> {
    /// A field at `at`.
    #[must_use]
    pub const fn new(at: usize) -> Self {
        Self { at, kind: PhantomData }
    }

    /// Where it ends.
    #[inline]
    #[must_use]
    pub const fn end(&self) -> usize {
        self.at + T::Word::SIZE
    }

    /// Its value in a block, which must be long enough.
    #[inline]
    #[must_use]
    pub fn get(&self, block: &[u8]) -> T {
        T::of(T::Word::read(block, self.at))
    }

    /// Writes its value into a block, which must be long enough.
    #[inline]
    pub fn set(&self, block: &mut [u8], value: T) {
        value.word().write(block, self.at);
    }
}

/// The block as we know it: its first bytes, or, when its schema is older than ours, a completed copy.
#[inline]
pub(crate) fn whole<'a, const N: usize>(
    bytes: &'a [u8],
    fields: &[schema::Field],
    spare: &'a mut [u8; N],
) -> &'a [u8; N] {
    match bytes.first_chunk() {
        Some(block) => block,
        None => completed(bytes, fields, spare),
    }
}

#[cold]
fn completed<'a, const N: usize>(
    bytes: &[u8],
    fields: &[schema::Field],
    spare: &'a mut [u8; N],
) -> &'a [u8; N] {
    for field in fields {
        let (start, end) = (usize::from(field.at), usize::from(field.at) + usize::from(field.bytes));
        match bytes.get(start..end) {
            Some(given) => spare[start..end].copy_from_slice(given),
            None => blank(field, &mut spare[start..end]),
        }
    }
    spare
}

/// Writes a field's null; where the schema has none, zeros: text that is empty, a number of nothing.
pub(crate) fn blank(field: &schema::Field, place: &mut [u8]) {
    place.fill(0);
    if let Some(null) = field.null {
        let size = place.len().min(8);
        place[..size].copy_from_slice(&null.to_le_bytes()[..size]);
    }
}

macro_rules! block {
    ($(#[$about:meta])* $name:ident $(<$d:ident>)?, $bytes:literal bytes, at least $least:literal, $wire:literal on the wire, $fields:expr, {
        $($(#[$doc:meta])* $get:ident $set:ident: $kind:ty = $at:literal $(since $since:literal)?;)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a $(, $d)?> {
            bytes: &'a [u8; $bytes],
            $(scale: std::marker::PhantomData<$d>,)?
        }

        impl<'a $(, $d: schema::Scale)?> $name<'a $(, $d)?> {
            /// From its start to the end of its last field.
            pub const BYTES: usize = $bytes;
            /// On the wire, padding included, as the newest schema has it.
            pub const WIRE: u16 = $wire;
            /// Its fields as data.
            pub const FIELDS: &'static [schema::Field] = $fields;
            /// What a block of any schema has at least.
            pub const LEAST: usize = $least;
            /// Room to complete a short block in.
            pub const SPARE: [u8; $bytes] = [0; $bytes];
            $($(#[$doc])* pub const $set: crate::cme::sbe::Member<$kind> = crate::cme::sbe::Member::new($at);)*

            /// The block at the start of `bytes`; what an older schema lacks is null.
            #[inline]
            #[must_use]
            pub fn of(bytes: &'a [u8], spare: &'a mut [u8; $bytes]) -> Self {
                Self {
                    bytes: crate::cme::sbe::codec::whole(bytes, Self::FIELDS, spare),
                    $(scale: std::marker::PhantomData::<$d>,)?
                }
            }

            /// Its bytes.
            #[inline]
            #[must_use]
            pub const fn bytes(self) -> &'a [u8; $bytes] {
                self.bytes
            }

            $(block!(@get $(#[$doc])* $get $set: $kind $(, $since)?);)*
        }
    };
    (@get $(#[$doc:meta])* $get:ident $set:ident: $kind:ty) => {
        $(#[$doc])*
        #[inline]
        #[must_use]
        pub fn $get(self) -> $kind {
            Self::$set.get(self.bytes)
        }
    };
    (@get $(#[$doc:meta])* $get:ident $set:ident: $kind:ty, $since:literal) => {
        $(#[$doc])*
        ///
        /// `version` is the message's: older ones have padding in its place.
        #[inline]
        #[must_use]
        pub fn $get(self, version: u16) -> $kind {
            if version >= $since { Self::$set.get(self.bytes) } else { None }
        }
    };
}
pub(super) use block;

macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident: $header:ident $(, may be $missing:ident)?;)*) => {
        /// The groups of one message.
        #[derive(Clone, Copy, Debug)]
        pub struct Groups<'a> { $($(#[$doc])* pub $name: crate::cme::Group<'a>,)* }

        impl<'a> Groups<'a> {
            /// The groups that follow a root block.
            ///
            /// # Errors
            /// When one does not fit in `rest`.
            #[inline]
            pub fn read(rest: &'a [u8]) -> Result<Self, crate::cme::Damage> {
                $(
                    let $name = groups!(@read rest, $header $(, $missing)?)?;
                    #[allow(unused_variables, reason = "what follows the last group is padding")]
                    let rest = $name.rest;
                )*
                Ok(Self { $($name,)* })
            }
        }
    };
    (@read $rest:ident, narrow) => { crate::cme::Group::read($rest) };
    (@read $rest:ident, narrow, missing) => { crate::cme::Group::read_newer($rest) };
    (@read $rest:ident, wide, missing) => { crate::cme::Group::read_wide($rest) };
}
pub(super) use groups;

macro_rules! words {
    ($(#[$about:meta])* enumeration $name:ident: $word:ty $(, $chars:ident)? {
        $($(#[$doc:meta])* $value:ident = $code:expr, $said:literal;)*
    }) => {
        words!(@type $(#[$about])* $name: $word { $($(#[$doc])* $value = $code;)* });

        impl $name {
            /// As data.
            pub const WORDS: crate::cme::sbe::schema::Words = crate::cme::sbe::schema::Words {
                name: stringify!($name),
                is_set: false,
                values: &[$(($code as u32, $said)),*],
            };

            /// CME's name for the value; `None` when it has none.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($said),)*
                    _ => None,
                }
            }
        }
    };
    ($(#[$about:meta])* set $name:ident: $word:ty {
        $($(#[$doc:meta])* $value:ident = $code:expr, $said:literal;)*
    }) => {
        words!(@type $(#[$about])* $name: $word { $($(#[$doc])* $value = $code;)* });

        impl $name {
            /// As data.
            pub const WORDS: crate::cme::sbe::schema::Words = crate::cme::sbe::schema::Words {
                name: stringify!($name),
                is_set: true,
                values: &[$(($code, $said)),*],
            };

            /// Whether every bit of `other` is set.
            #[inline]
            #[must_use]
            pub const fn has(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }
        }
    };
    (@type $(#[$about:meta])* $name:ident: $word:ty { $($(#[$doc:meta])* $value:ident = $code:expr;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(transparent)]
        pub struct $name(pub $word);

        impl $name {
            $($(#[$doc])* pub const $value: Self = Self($code);)*
        }

        impl crate::cme::sbe::Value for $name {
            type Word = $word;
            #[inline]
            fn of(word: $word) -> Self {
                Self(word)
            }
            #[inline]
            fn word(self) -> $word {
                self.0
            }
        }

        impl crate::cme::sbe::Value for Option<$name> {
            type Word = $word;
            #[inline]
            fn of(word: $word) -> Self {
                (word != <$word>::MAX).then_some($name(word))
            }
            #[inline]
            fn word(self) -> $word {
                self.map_or(<$word>::MAX, |value| value.0)
            }
        }
    };
}
pub(super) use words;

macro_rules! message {
    (
        $(#[$doc:meta])* $name:ident = $template:literal $said:literal since $since:literal;
        root $bytes:literal $root:tt
        $(group $group:literal $tag:literal $header:ident since $group_since:literal, $entry:literal $fields:tt)*
    ) => {
        $(#[$doc])*
        pub static $name: Message = Message {
            template: $template,
            name: $said,
            since: $since,
            root: message!(@block $bytes $root),
            groups: &[$(crate::cme::sbe::schema::Group {
                name: $group,
                tag: $tag,
                wide: message!(@$header),
                since: $group_since,
                block: message!(@block $entry $fields),
            },)*],
        };
    };
    (@wide) => { true };
    (@narrow) => { false };
    (@block $bytes:literal {
        $($name:literal $tag:literal, $kind:expr, $of:literal, $at:literal + $size:literal $(, null $null:literal)?,
            since $since:literal $($hidden:ident)?;)*
    }) => {
        crate::cme::sbe::schema::Block {
            bytes: $bytes,
            fields: &[$(crate::cme::sbe::schema::Field {
                name: $name,
                tag: $tag,
                kind: $kind,
                of: $of,
                at: $at,
                bytes: $size,
                null: message!(@null $($null)?),
                since: $since,
                hidden: message!(@is $($hidden)?),
            },)*],
        }
    };
    (@null) => { None };
    (@null $null:literal) => { Some($null) };
    (@is) => { false };
    (@is hidden) => { true };
}
pub(super) use message;
