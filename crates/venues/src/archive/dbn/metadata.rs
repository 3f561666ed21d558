//! The header of a DBN stream: what was asked for, and which number means which instrument.
//!
//! ```text
//!  "DBN" version  length of the rest   dataset[16] schema start end limit [count] stype_in stype_out ts_out
//!  3 + 1 bytes    u32                  … 100 bytes with reserved ones, then lists of fixed-room texts:
//!  layout length · symbols · partial · not found · mappings (name, intervals (from, to, name))
//! ```
//!
//! Reads what it can: a damaged list costs names, never the records behind it.

use super::layout::{read_text, read_u16, read_u32};
use super::symbols::{Mapping, midnight};

/// What stands before the length is known: magic, version, length.
pub(super) const PRELUDE_BYTES: usize = 8;
/// Dataset to reserved bytes, the same in every version.
const FIXED_BYTES: usize = 100;
/// Symbology type 0: names are Databento's instrument numbers.
const BY_NUMBER: u8 = 0;

/// What we keep of the header.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) dataset: String,
    /// The schema's number; 65535 for a mix.
    pub(super) schema: u16,
    /// Every record is followed by the gateway's send time.
    pub(super) ts_out: bool,
    pub(super) mappings: Vec<Mapping>,
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
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Some("a DBZ file, the format before DBN: convert it with Databento's dbn tool".into())
        }
        [words, rtype, ..] if (1..=3).any(|v| fits(*words, *rtype, v)) => Some(
            "a DBN fragment: records without the metadata that names version, venue and instruments".into(),
        ),
        _ => Some("not DBN: it does not begin with \"DBN\"".into()),
    }
}

fn fits(words: u8, rtype: u8, version: u8) -> bool {
    super::layout::known(rtype, version).is_some_and(|(_, length)| length == usize::from(words) * 4)
}

/// Reads the header's body (what the length counts). What could not be read is the second answer.
pub(super) fn read(version: u8, body: &[u8]) -> (Metadata, Option<String>) {
    let mut metadata = Metadata::default();
    if body.len() < FIXED_BYTES {
        return (metadata, Some(format!("metadata of {} bytes, at least {FIXED_BYTES} are due", body.len())));
    }
    metadata.dataset = read_text(body, 0, 16);
    metadata.schema = read_u16(body, 16);
    // Version 1 has a record count here, which later ones dropped.
    let kinds = if version == 1 { 50 } else { 42 };
    let (kind_in, kind_out) = (body[kinds], body[kinds + 1]);
    metadata.ts_out = body[kinds + 2] != 0;
    let room = if version == 1 { 22 } else { usize::from(read_u16(body, kinds + 3)) };
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

/// The venue's name in our table, from the dataset's.
pub(super) fn venue(dataset: &str) -> String {
    match dataset {
        "GLBX.MDP3" => "cme".into(),
        "XNAS.ITCH" => "nasdaq".into(),
        other => other.to_lowercase(),
    }
}
