//! A packet in words: every message, group and field, named as CME names it. For people, tools, and the comparison
//! with an independent decoder; reads through the table of the schemas and shares nothing with the decoder but it.
//!
//! Never stops at what it does not know: a message of an unknown template is named by its number, a block's bytes
//! beyond the known fields are passed over. Only a packet whose sizes contradict each other is an error.

use super::sbe::schema::{self, Kind, Month, Words};
use super::sbe::{Value as _, table};
use super::wire::{Damage, Group, Header, Message, Messages};
use std::fmt;

/// One thing that a packet says.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// A message begins.
    Message {
        /// As on the wire.
        message: Message<'a>,
        /// What is known of it; `None` for a template of a schema to come.
        schema: Option<&'static schema::Message>,
    },
    /// A group of the message begins.
    Group {
        /// What is known of it.
        schema: &'static schema::Group,
        /// How many entries follow.
        count: usize,
    },
    /// An entry of the group begins; the first is 0.
    Entry(usize),
    /// A field of the root block or of the entry.
    Field {
        /// What is known of it.
        schema: &'static schema::Field,
        /// What it says.
        value: Value<'a>,
    },
}

/// What a field says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing: the schema's null, or a block of a schema without the field.
    Null,
    /// A number without a sign.
    Unsigned(u64),
    /// A number with one.
    Signed(i64),
    /// `mantissa · 10^exponent`.
    Decimal {
        /// As sent.
        mantissa: i64,
        /// Below zero.
        exponent: i8,
    },
    /// One character.
    Char(u8),
    /// Characters, without what fills them up.
    Text(&'a [u8]),
    /// A month, and perhaps a day or week.
    Month(Month),
    /// A word of an enumeration.
    Word(u32, &'static [(u32, &'static str)]),
    /// Words of a set.
    Set(u32, &'static [(u32, &'static str)]),
    /// What is not sent, because it never changes.
    Constant(&'static str),
}

/// Says everything that a packet says to `tell`, in its order, and answers its header.
///
/// # Errors
/// When a message or group does not fit; what came before it has been said.
pub fn describe<'a>(packet: &'a [u8], tell: &mut impl FnMut(Said<'a>)) -> Result<Header, Damage> {
    let header =
        Header::read(packet).ok_or(Damage { at: 0, what: "the packet is shorter than its header" })?;
    for message in Messages::new(packet) {
        let message = message?;
        let schema = table::MESSAGES.iter().find(|known| known.template == message.template).copied();
        tell(Said::Message { message, schema });
        if let Some(schema) = schema {
            block(&schema.root, message.block, message.version, tell);
            groups(schema, &message, tell).map_err(|damage| Damage { at: message.at, ..damage })?;
        }
    }
    Ok(header)
}

fn groups<'a>(
    schema: &'static schema::Message,
    message: &Message<'a>,
    tell: &mut impl FnMut(Said<'a>),
) -> Result<(), Damage> {
    let mut rest = message.rest;
    for group in schema.groups {
        let entries = match (group.wide, message.version < group.since) {
            (_, true) => continue,
            (true, false) => Group::read_wide(rest)?,
            (false, false) if group.since > 0 => Group::read_newer(rest)?,
            (false, false) => Group::read(rest)?,
        };
        rest = entries.rest;
        tell(Said::Group { schema: group, count: entries.count() });
        for index in 0..entries.count() {
            tell(Said::Entry(index));
            block(&group.block, entries.entry(index), message.version, tell);
        }
    }
    Ok(())
}

fn block<'a>(schema: &'static schema::Block, bytes: &'a [u8], version: u16, tell: &mut impl FnMut(Said<'a>)) {
    for field in schema.fields {
        tell(Said::Field { schema: field, value: value(field, bytes, version) });
    }
}

fn value<'a>(field: &schema::Field, block: &'a [u8], version: u16) -> Value<'a> {
    if let Kind::Constant(value) = field.kind {
        return Value::Constant(value);
    }
    let end = usize::from(field.at) + usize::from(field.bytes);
    let is_there = version >= field.since || !field.hidden;
    let Some(bytes) = block.get(usize::from(field.at)..end).filter(|_| is_there) else {
        return Value::Null;
    };
    match field.kind {
        Kind::Text => Value::Text(&bytes[..bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len())]),
        Kind::Month => bytes.first_chunk().map_or(Value::Null, |word| Value::Month(Month::of(*word))),
        Kind::Unsigned | Kind::Signed | Kind::Char | Kind::Decimal(_) | Kind::Words(_) => {
            match field.word(block) {
                Some(word) if Some(word) != field.null => number(field.kind, word, field.bytes),
                Some(_) | None => Value::Null,
            }
        }
        Kind::Constant(value) => Value::Constant(value),
    }
}

fn number(kind: Kind, word: u64, bytes: u16) -> Value<'static> {
    // The word's own sign bit is carried up.
    let shift = 64 - 8 * u32::from(bytes);
    let signed = (word << shift).cast_signed() >> shift;
    let code = u32::try_from(word).unwrap_or(u32::MAX);
    match kind {
        Kind::Unsigned => Value::Unsigned(word),
        Kind::Signed => Value::Signed(signed),
        Kind::Char => Value::Char(word.to_le_bytes()[0]),
        Kind::Decimal(exponent) => Value::Decimal { mantissa: signed, exponent },
        Kind::Words(Words { is_set: true, values, .. }) => Value::Set(code, values),
        Kind::Words(Words { is_set: false, values, .. }) => Value::Word(code, values),
        Kind::Text | Kind::Month | Kind::Constant(_) => Value::Null,
    }
}

impl fmt::Display for Value<'_> {
    /// Words by name, where they have one, else by number; decimals with all their digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Null => f.write_str("null"),
            Self::Unsigned(number) => write!(f, "{number}"),
            Self::Signed(number) => write!(f, "{number}"),
            Self::Decimal { mantissa, exponent } => decimal(f, mantissa, exponent),
            Self::Char(byte) => write!(f, "{}", byte.escape_ascii()),
            Self::Text(bytes) => write!(f, "{}", bytes.escape_ascii()),
            Self::Month(month) => write_month(f, month),
            Self::Word(code, values) => match values.iter().find(|(value, _)| *value == code) {
                Some((_, name)) => f.write_str(name),
                None => write!(f, "{code}"),
            },
            Self::Set(code, values) => set(f, code, values),
            Self::Constant(value) => f.write_str(value),
        }
    }
}

fn decimal(f: &mut fmt::Formatter<'_>, mantissa: i64, exponent: i8) -> fmt::Result {
    let digits = usize::from(exponent.unsigned_abs());
    let text = format!("{:0width$}", mantissa.unsigned_abs(), width = digits + 1);
    let (whole, rest) = text.split_at(text.len() - digits);
    write!(f, "{}{whole}.{rest}", if mantissa < 0 { "-" } else { "" })
}

fn write_month(f: &mut fmt::Formatter<'_>, month: Month) -> fmt::Result {
    let Month { year, month, day, week } = month;
    let part = |part: Option<u16>| part.map_or("null".to_string(), |part| part.to_string());
    let [month, day, week] = [month, day, week].map(|small| part(small.map(u16::from)));
    write!(f, "{}-{month}-{day} week {week}", part(year))
}

/// The names of the bits that are set, lowest first; bits without a name by number.
fn set(f: &mut fmt::Formatter<'_>, code: u32, values: &[(u32, &str)]) -> fmt::Result {
    let mut between = "";
    for bit in (0..32).map(|bit| 1 << bit).filter(|bit| code & bit != 0) {
        f.write_str(between)?;
        match values.iter().find(|(value, _)| *value == bit) {
            Some((_, name)) => f.write_str(name)?,
            None => write!(f, "bit{}", bit.trailing_zeros())?,
        }
        between = "|";
    }
    if code == 0 { f.write_str("none") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_people_read_them() {
        let words: &[(u32, &str)] = &[(1, "Buy"), (4, "Sell")];
        let month = Month { year: Some(2016), month: Some(12), day: None, week: Some(3) };
        let cases = [
            (Value::Null, "null"),
            (Value::Signed(-3), "-3"),
            (Value::Decimal { mantissa: -12_345_678, exponent: -7 }, "-1.2345678"),
            (Value::Decimal { mantissa: 5, exponent: -9 }, "0.000000005"),
            (Value::Decimal { mantissa: i64::MIN, exponent: -9 }, "-9223372036.854775808"),
            (Value::Char(b'"'), "\\\""),
            (Value::Text(b"ES\x07"), "ES\\x07"),
            (Value::Month(month), "2016-12-null week 3"),
            (Value::Word(4, words), "Sell"),
            (Value::Word(9, words), "9"),
            (Value::Set(7, words), "Buy|bit1|Sell"),
            (Value::Set(0, words), "none"),
        ];
        for (value, due) in cases {
            assert_eq!(value.to_string(), due);
        }
        assert_eq!(number(Kind::Signed, 0xff, 1), Value::Signed(-1));
        assert_eq!(number(Kind::Decimal(-7), u64::MAX, 8), Value::Decimal { mantissa: -1, exponent: -7 });
    }
}
