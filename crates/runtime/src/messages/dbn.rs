//! DBN records, of versions 1 to 3 and of DBZ, which are version 1.

use super::{Field, Message, Told, Word, number};
use crate::source::{Bytes, SourceError};
use std::io::Read as _;
use std::path::Path;
use stdx::decimal;
use venues::Fault;
use venues::archive::dbn::fields::{self, Value, View};
use venues::archive::dbn::records as r;
use venues::archive::dbn::{about_header, rtype};

/// Magic, version, and the length of what follows.
const PRELUDE_BYTES: usize = 8;
/// Of a header, what says what the stream holds.
const ABOUT_BYTES: u64 = 100;
/// Length, type, publisher, instrument, time.
const HEADER_BYTES: usize = 16;
/// Where the levels of market-by-price records start, and how long each is.
const LEVELS_AT: usize = 48;
const LEVEL_BYTES: usize = 32;

/// How a record is read.
struct Layout {
    name: &'static str,
    fields: &'static [fields::Field],
    /// How many levels, and the fields of one.
    levels: usize,
    level: &'static [fields::Field],
}

/// Answers why there is nothing, should there be no record.
pub(super) fn tell(
    name: &str,
    mut bytes: Bytes,
    header: bool,
    tell: &mut dyn FnMut(Told) -> bool,
) -> Result<String, SourceError> {
    let failed = |error| SourceError::read(Path::new(name), error);
    let (mut offset, mut why) = (0, "an empty file: not even one record".to_string());
    if header {
        let mut head = Vec::new();
        bytes.by_ref().take(PRELUDE_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
        let length = match head.last_chunk::<4>() {
            Some(length) if head.len() == PRELUDE_BYTES => u64::from(u32::from_le_bytes(*length)),
            Some(_) | None => u64::MAX,
        };
        bytes.by_ref().take(length.min(ABOUT_BYTES)).read_to_end(&mut head).map_err(failed)?;
        let rest = length.saturating_sub(ABOUT_BYTES);
        let rest = std::io::copy(&mut bytes.by_ref().take(rest), &mut std::io::sink()).map_err(failed)?;
        offset = head.len() as u64 + rest;
        if offset < length.saturating_add(PRELUDE_BYTES as u64) {
            let what = "the file ends within its metadata".into();
            tell(Told::Fault(Fault { offset: 0, skipped: offset, what }));
            return Ok(why);
        }
        let about = about_header(&head).unwrap_or_else(|| "DBN".into());
        why = format!("{about}: the vendor sent metadata of {offset} bytes and no record behind them");
    }
    let mut record = Vec::new();
    loop {
        record.clear();
        bytes.by_ref().take(1).read_to_end(&mut record).map_err(failed)?;
        let Some(&words) = record.first() else { return Ok(why) };
        let length = usize::from(words) * 4;
        let rest = length.saturating_sub(1) as u64;
        bytes.by_ref().take(rest).read_to_end(&mut record).map_err(failed)?;
        let what = match (length, record.len() < length) {
            (0, _) => Some("a record of no length: nothing behind it can be read"),
            (_, true) => Some("the file ends within a record"),
            (_, false) => None,
        };
        if let Some(what) = what {
            tell(Told::Fault(Fault { offset, skipped: record.len() as u64, what: what.into() }));
            return Ok(why);
        }
        if !tell(Told::Message(message(&record, offset))) {
            return Ok(why);
        }
        offset += length as u64;
    }
}

fn message(record: &[u8], offset: u64) -> Message {
    let (mut fields, mut groups) = (Vec::new(), Vec::new());
    let kind = record.get(1).copied().unwrap_or_default();
    let layout = layout(kind, record.len());
    let name = match &layout {
        Some(layout) => layout.name.into(),
        None => format!("rtype {kind} of {} bytes, unknown", record.len()).into(),
    };
    if let Some(header) = record.first_chunk::<HEADER_BYTES>() {
        fields.extend(headed(header));
    }
    if let Some(layout) = layout {
        fields.extend(layout.fields.iter().map(|field| said(field, record)));
        let levels =
            record.get(LEVELS_AT..).unwrap_or_default().chunks_exact(LEVEL_BYTES).take(layout.levels);
        let entries: Vec<Vec<Field>> =
            levels.map(|level| layout.level.iter().map(|field| said(field, level)).collect()).collect();
        if !entries.is_empty() {
            groups.push(("levels".into(), entries));
        }
    }
    Message { offset, packet: None, name, fields, groups }
}

fn headed(header: &[u8; HEADER_BYTES]) -> [Field; 3] {
    let [_, _, p0, p1, i0, i1, i2, i3, at @ ..] = *header;
    let at = u64::from_le_bytes(at);
    [
        ("publisher_id".into(), number(u16::from_le_bytes([p0, p1]))),
        ("instrument_id".into(), number(u32::from_le_bytes([i0, i1, i2, i3]))),
        ("ts_event".into(), if at == u64::MAX { Word::Null } else { number(at) }),
    ]
}

/// The layout of a type; of a length, where versions differ. Eight bytes more are the gateway's send time.
fn layout(kind: u8, length: usize) -> Option<Layout> {
    fn plain<'a, V: View<'a>>(name: &'static str) -> Option<Layout> {
        Some(Layout { name, fields: V::FIELDS, levels: 0, level: &[] })
    }
    fn with<'a, V: View<'a>, L: View<'a>>(name: &'static str, levels: usize) -> Option<Layout> {
        Some(Layout { name, fields: V::FIELDS, levels, level: L::FIELDS })
    }
    let is = |bytes: usize| length == bytes || length == bytes + 8;
    match kind {
        rtype::MBO => plain::<r::Mbo<'_>>("mbo"),
        rtype::TRADE => plain::<r::Trade<'_>>("trades"),
        rtype::MBP_1 => with::<r::Mbp1<'_>, r::Level<'_>>("mbp-1", 1),
        rtype::MBP_10 => with::<r::Mbp10<'_>, r::Level<'_>>("mbp-10", 10),
        rtype::BBO_1S => with::<r::Bbo<'_>, r::Level<'_>>("bbo-1s", 1),
        rtype::BBO_1M => with::<r::Bbo<'_>, r::Level<'_>>("bbo-1m", 1),
        rtype::CMBP_1 => with::<r::Cmbp1<'_>, r::ConsolidatedLevel<'_>>("cmbp-1", 1),
        rtype::TCBBO => with::<r::Cmbp1<'_>, r::ConsolidatedLevel<'_>>("tcbbo", 1),
        rtype::CBBO_1S => with::<r::Cbbo<'_>, r::ConsolidatedLevel<'_>>("cbbo-1s", 1),
        rtype::CBBO_1M => with::<r::Cbbo<'_>, r::ConsolidatedLevel<'_>>("cbbo-1m", 1),
        rtype::OHLCV_OLD => plain::<r::Ohlcv<'_>>("ohlcv"),
        rtype::OHLCV_1S => plain::<r::Ohlcv<'_>>("ohlcv-1s"),
        rtype::OHLCV_1M => plain::<r::Ohlcv<'_>>("ohlcv-1m"),
        rtype::OHLCV_1H => plain::<r::Ohlcv<'_>>("ohlcv-1h"),
        rtype::OHLCV_1D => plain::<r::Ohlcv<'_>>("ohlcv-1d"),
        rtype::OHLCV_EOD => plain::<r::Ohlcv<'_>>("ohlcv-eod"),
        rtype::STATUS => plain::<r::Status<'_>>("status"),
        rtype::IMBALANCE => plain::<r::Imbalance<'_>>("imbalance"),
        rtype::STATISTICS if is(r::StatV1::BYTES) => plain::<r::StatV1<'_>>("statistics"),
        rtype::STATISTICS => plain::<r::StatV3<'_>>("statistics"),
        rtype::DEFINITION if is(r::DefinitionV1::BYTES) => plain::<r::DefinitionV1<'_>>("definition"),
        rtype::DEFINITION if is(r::DefinitionV2::BYTES) => plain::<r::DefinitionV2<'_>>("definition"),
        rtype::DEFINITION => plain::<r::DefinitionV3<'_>>("definition"),
        rtype::SYMBOL_MAPPING if is(r::SymbolMappingV1::BYTES) => {
            plain::<r::SymbolMappingV1<'_>>("symbol mapping")
        }
        rtype::SYMBOL_MAPPING => plain::<r::SymbolMappingV2<'_>>("symbol mapping"),
        rtype::SYSTEM if is(r::SystemV1::BYTES) => plain::<r::SystemV1<'_>>("system"),
        rtype::SYSTEM => plain::<r::SystemV2<'_>>("system"),
        rtype::ERROR if is(r::ErrorV1::BYTES) => plain::<r::ErrorV1<'_>>("error"),
        rtype::ERROR => plain::<r::ErrorV2<'_>>("error"),
        _ => None,
    }
}

fn said(field: &fields::Field, record: &[u8]) -> Field {
    let word = match field.read(record) {
        None => Word::Null,
        Some(Value::Text(text)) => Word::Text(text.escape_ascii().to_string()),
        Some(Value::Number(value)) => valued(field, value),
    };
    (field.name.into(), word)
}

/// Numbers as the vendor means them: prices are nanos, flags that are letters are letters, and the greatest number of a
/// price or a time is none.
fn valued(field: &fields::Field, value: i128) -> Word {
    let name = field.name;
    let is_price =
        field.bytes == 8 && (PRICES.contains(&name) || name.ends_with("price") || name.ends_with("_px"));
    let is_letter = field.bytes == 1 && LETTERS.contains(&name);
    match (i64::try_from(value), u8::try_from(value)) {
        (Ok(i64::MAX), _) if is_price => Word::Null,
        (Ok(nanos), _) if is_price => Word::Text(decimal::Display(nanos).to_string()),
        (_, Ok(letter)) if is_letter => Word::Text(letter.escape_ascii().to_string()),
        _ if value == i128::from(u64::MAX) => Word::Null,
        _ => Word::Number(value),
    }
}

/// Fields in nanos whose names do not end with `price`.
const PRICES: &[&str] = &[
    "open",
    "high",
    "low",
    "close",
    "upper_collar",
    "lower_collar",
    "min_price_increment",
    "min_price_increment_amount",
    "display_factor",
    "max_price_variation",
    "unit_of_measure_qty",
    "price_ratio",
];

/// Fields of one byte that hold a letter (Databento, "Schemas and data formats").
const LETTERS: &[&str] = &[
    "action",
    "side",
    "is_trading",
    "is_quoting",
    "is_short_sell_restricted",
    "auction_type",
    "auction_status",
    "significant_imbalance",
    "unpaired_side",
    "instrument_class",
    "match_algorithm",
    "security_update_action",
    "user_defined_instrument",
    "leg_instrument_class",
    "leg_side",
];
