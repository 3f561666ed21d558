//! The header of a DBN stream: what was asked for, and which number means which instrument.
//!
//! ```text
//!  "DBN" version  length of the rest   dataset[16] schema start end limit [count] stype_in stype_out ts_out
//!  3 + 1 bytes    u32                  … 100 bytes with reserved ones, then lists of fixed-room texts:
//!  layout length · symbols · partial · not found · mappings (name, intervals (from, to, name))
//! ```
//!
//! Reads what it can: a damaged list costs names, never the records behind it.

use super::fields::until_zero;
use super::layout::{Versions, schema, text};
use super::symbols::{BY_NUMBER, Mapping, midnight};

/// What a live stream may carry behind every record.
pub(super) const TS_OUT_BYTES: usize = 8;
/// What stands before the length is known: magic, version, length.
pub(super) const PRELUDE_BYTES: usize = 8;
/// Dataset to reserved bytes, the same in every version.
pub(super) const FIXED_BYTES: usize = 100;
/// Where version 1 ends its symbols; others say it.
const SYMBOL_BYTES_V1: usize = 22;

fn read_u16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |chunk| u16::from_le_bytes(*chunk))
}

pub(super) fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

fn read_text(bytes: &[u8], at: usize, room: usize) -> String {
    text(until_zero(bytes.get(at..at + room).unwrap_or_default()))
}

/// What we keep of the header.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) dataset: String,
    /// The schema's number; 65535 for a mix.
    pub(super) schema: u16,
    /// Every record is followed by the gateway's send time.
    pub(super) ts_out: bool,
    /// How many records follow, where that is said: in version 1 and before.
    pub(super) promised: Option<u64>,
    pub(super) mappings: Vec<Mapping>,
}

/// Schemas by number (Databento, "DBN: Schemas").
const SCHEMAS: [&str; 20] = [
    "mbo",
    "mbp-1",
    "mbp-10",
    "tbbo",
    "trades",
    "ohlcv-1s",
    "ohlcv-1m",
    "ohlcv-1h",
    "ohlcv-1d",
    "definition",
    "statistics",
    "status",
    "imbalance",
    "ohlcv-eod",
    "cmbp-1",
    "cbbo-1s",
    "cbbo-1m",
    "tcbbo",
    "bbo-1s",
    "bbo-1m",
];

/// What a header says that its stream holds, in words. It need not be given whole: prelude and fixed part are enough.
/// `None` when it is none, or cut before.
#[must_use]
pub fn about(header: &[u8]) -> Option<String> {
    let prelude = header.first_chunk::<PRELUDE_BYTES>()?;
    let body = header.get(PRELUDE_BYTES..).filter(|body| body.len() >= FIXED_BYTES)?;
    if refusal(prelude).is_some() {
        return None;
    }
    let (dataset, number) = (read_text(body, 0, 16), read_u16(body, 16));
    let schema = match (SCHEMAS.get(usize::from(number)), number) {
        (Some(name), _) => format!("schema {name}"),
        (None, schema::NONE) => "several schemas".into(),
        (None, _) => format!("schema {number}"),
    };
    Some(format!("DBN version {}, dataset {dataset}, {schema}", prelude[3]))
}

/// Why a stream is not one we read.
pub(super) fn refusal(start: &[u8]) -> Option<String> {
    let zstd_frame = [0x28, 0xb5, 0x2f, 0xfd];
    match start {
        [b'D', b'B', b'N', version @ 1..=3, ..] if *version <= 3 => None,
        [b'D', b'B', b'N', version, ..] => Some(format!("DBN version {version}; versions 1 to 3 are read")),
        _ if start.starts_with(&zstd_frame) => {
            Some("still compressed with Zstandard: decompress it first".into())
        }
        // A skippable Zstandard frame, 0x184D2A50 to 0x184D2A5F, holds the metadata of the old format.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(
            "a DBZ file, the format before DBN, still packed: unpack its metadata and records first".into(),
        ),
        _ if is_record(start) => {
            Some("a DBN fragment: records without metadata, which a decoder of fragments reads".into())
        }
        _ => Some("not DBN: it does not begin with \"DBN\"".into()),
    }
}

/// Whether bytes begin like a record of any version, with or without a send time behind it.
pub(super) fn is_record(start: &[u8]) -> bool {
    let &[words, rtype, ..] = start else { return false };
    let length = usize::from(words) * 4;
    [Some(length), length.checked_sub(TS_OUT_BYTES)]
        .into_iter()
        .flatten()
        .any(|length| Versions::ALL.fitting(rtype, length).is_some())
}

/// Reads the header's body (what the length counts). What could not be read is the second answer.
pub(super) fn read(version: u8, body: &[u8]) -> (Metadata, Option<String>) {
    let mut metadata = Metadata {
        dataset: String::new(),
        schema: schema::NONE,
        ts_out: false,
        promised: None,
        mappings: Vec::new(),
    };
    if body.len() < FIXED_BYTES {
        return (metadata, Some(format!("metadata of {} bytes, at least {FIXED_BYTES} are due", body.len())));
    }
    metadata.dataset = read_text(body, 0, 16);
    metadata.schema = read_u16(body, 16);
    // Version 1 has a record count here, which later ones dropped.
    let kinds = if version == 1 { 50 } else { 42 };
    if version == 1 {
        let count = body[42..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        metadata.promised = Some(count).filter(|&count| count != 0 && count != u64::MAX);
    }
    let (kind_in, kind_out) = (body[kinds], body[kinds + 1]);
    metadata.ts_out = body[kinds + 2] != 0;
    let room = if version == 1 { SYMBOL_BYTES_V1 } else { usize::from(read_u16(body, kinds + 3)) };
    let mut lists = Lists { rest: &body[FIXED_BYTES..], room };
    let what = match lists.mappings(kind_in, kind_out, &mut metadata.mappings) {
        Some(()) => None,
        None => Some("metadata that ends inside its lists of symbols: some names are missing".into()),
    };
    (metadata, what)
}

/// The variable part of the header. Every read says `None` when the header has no more.
struct Lists<'a> {
    rest: &'a [u8],
    /// Bytes a symbol takes.
    room: usize,
}

impl Lists<'_> {
    fn mappings(&mut self, kind_in: u8, kind_out: u8, into: &mut Vec<Mapping>) -> Option<()> {
        let layout = self.count()?;
        self.skip(layout)?;
        for _list in ["symbols", "partial", "not found"] {
            let count = self.count()?;
            self.skip(count.checked_mul(self.room)?)?;
        }
        for _ in 0..self.count()? {
            let asked = self.text()?;
            for _ in 0..self.count()? {
                let (from, until) = (self.date()?, self.date()?);
                let got = self.text()?;
                // Whoever asked by number got names; whoever asked by name got numbers.
                let (number, symbol) = if kind_in == BY_NUMBER { (&asked, &got) } else { (&got, &asked) };
                let both_numbers = kind_in == BY_NUMBER && kind_out == BY_NUMBER;
                let (Ok(id), Some(from)) = (number.parse(), from) else {
                    continue;
                };
                into.push(Mapping {
                    id,
                    from,
                    until: until.unwrap_or(i64::MAX),
                    symbol: if both_numbers { String::new() } else { symbol.clone() },
                });
            }
        }
        Some(())
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    fn count(&mut self) -> Option<usize> {
        let number = self.number()?;
        usize::try_from(number).ok()
    }

    fn number(&mut self) -> Option<u32> {
        let (first, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(read_u32(first, 0))
    }

    fn date(&mut self) -> Option<Option<i64>> {
        Some(midnight(self.number()?))
    }

    fn text(&mut self) -> Option<String> {
        if self.rest.len() < self.room {
            return None;
        }
        let (text, rest) = self.rest.split_at(self.room);
        self.rest = rest;
        Some(read_text(text, 0, self.room))
    }
}
