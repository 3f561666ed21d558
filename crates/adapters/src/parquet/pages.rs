//! A column of a row group as whole numbers: the library finds its pages, and here they are decompressed and their values
//! unpacked, some hundred at a time.
//!
//! The library makes an owned text of each cell of a text column, and takes each number through several hands; an event
//! is a dozen cells, and that was most of what reading one cost. Here a text is unpacked as its number in the column's
//! dictionary, and told once for each dictionary what that number means.
//!
//! The library also makes a decompressor and a compressor for each column of each row group; here a thread has one.
//!
//! Knows what we write: required and optional columns of whole numbers and of few words, in pages of either version,
//! plain, by dictionary, or as differences. Whatever the bytes, it answers or refuses; it never panics.
//!
//! Cost: 1 to 2 ns a value. Memory: a page as the library gives it (8,192 rows of ours, encoded), and what its caller asks for.

use crate::parquet::held::Held;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type as Physical};
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use std::cell::RefCell;
use std::io::Read as _;
use std::sync::Arc;
use zstd::bulk::Decompressor;

/// Differences unpacked at once.
const AT_ONCE: usize = 64;
/// No page of ours is nearly as large; what says it is, is damaged.
const PAGE_MAX: usize = 1 << 26;

thread_local! {
    /// Some hundred kilobytes: one for all columns of all files.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The number of a word, as the column's owner counts; `None`: not one of its words.
pub(super) type Meaning = fn(&str) -> Option<i64>;

/// A column of a row group on its way.
pub(super) struct Chunk {
    pages: SerializedPageReader<Held>,
    /// Its pages are compressed, by zstd.
    compressed: bool,
    physical: Physical,
    optional: bool,
    meaning: Option<Meaning>,
    /// What a place in the dictionary stands for.
    dictionary: Vec<i64>,
    page: Opened,
    defined: Vec<u32>,
    places: Vec<u32>,
}

/// The open page.
struct Opened {
    /// Rows not read yet.
    left: usize,
    /// Which of them have a value; `None`: all.
    levels: Option<Hybrid>,
    values: Values,
}

/// The values of a page, one behind the other.
enum Values {
    None,
    /// Places in the dictionary.
    Places(Hybrid),
    /// Differences.
    Rising(Delta),
    /// As they are.
    Plain(Plain),
}

fn wrong(what: &str) -> ParquetError {
    ParquetError::General(what.into())
}

impl Chunk {
    /// The column at a place of a row group.
    pub(super) fn open(
        file: &Held,
        group: &RowGroupMetaData,
        place: usize,
        meaning: Option<Meaning>,
    ) -> Result<Self, ParquetError> {
        let about = group.column(place);
        let how = about.compression();
        let compressed = matches!(how, Compression::ZSTD(_));
        if !compressed && how != Compression::UNCOMPRESSED {
            return Err(wrong(&format!("is compressed as {how}, which we do not write")));
        }
        let rows = usize::try_from(group.num_rows())?;
        // Pages as they stand.
        let plain = about.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        Ok(Self {
            pages: SerializedPageReader::new(Arc::new(file.clone()), &plain, rows, None)?,
            compressed,
            physical: about.column_type(),
            optional: about.column_descr().max_def_level() > 0,
            meaning,
            dictionary: Vec::new(),
            page: Opened { left: 0, levels: None, values: Values::None },
            defined: Vec::new(),
            places: Vec::new(),
        })
    }

    /// Unpacks a value for each of the next rows and sets `bit` of those that have one; what stands in the others means
    /// nothing.
    pub(super) fn read(
        &mut self,
        values: &mut [i64],
        present: &mut [u32],
        bit: u32,
    ) -> Result<(), ParquetError> {
        let mut done = 0;
        while done < values.len() {
            if self.page.left == 0 {
                self.next_page()?;
                continue;
            }
            let end = values.len().min(done + self.page.left);
            self.page.left -= end - done;
            self.rows(&mut values[done..end], &mut present[done..end], bit)?;
            done = end;
        }
        Ok(())
    }

    /// The same for rows of one page.
    fn rows(&mut self, values: &mut [i64], present: &mut [u32], bit: u32) -> Result<(), ParquetError> {
        let Some(levels) = &mut self.page.levels else {
            present.iter_mut().for_each(|bits| *bits |= bit);
            return self.unpack(values);
        };
        let mut defined = std::mem::take(&mut self.defined);
        defined.resize(values.len(), 0);
        levels.fill(&mut defined).ok_or_else(|| wrong("its levels end early"))?;
        for (bits, level) in present.iter_mut().zip(&defined) {
            *bits |= bit & (level & 1).wrapping_neg();
        }
        let mut count = defined.iter().map(|level| level & 1).sum::<u32>() as usize;
        self.unpack(&mut values[..count])?;
        // From the end, so that nothing is written before it is read. A row without a value gets some other's.
        for (at, level) in defined.iter().enumerate().rev() {
            count -= (level & 1) as usize;
            values[at] = values[count];
        }
        self.defined = defined;
        Ok(())
    }

    fn unpack(&mut self, out: &mut [i64]) -> Result<(), ParquetError> {
        let enough = match &mut self.page.values {
            Values::None => out.is_empty().then_some(()),
            Values::Plain(plain) => plain.fill(out),
            Values::Rising(delta) => {
                let enough = delta.fill(out);
                if self.physical == Physical::INT32 {
                    // Differences of 32 bits wrap there.
                    out.iter_mut().for_each(|value| *value = i64::from(*value as i32));
                }
                enough
            }
            Values::Places(places) => places.look_up(&self.dictionary, &mut self.places, out),
        };
        enough.ok_or_else(|| wrong("ends early, or names what its dictionary does not have"))
    }

    fn next_page(&mut self) -> Result<(), ParquetError> {
        match self.pages.get_next_page()?.ok_or_else(|| wrong("ends early"))? {
            Page::DictionaryPage { buf, num_values, .. } => {
                let words = if self.compressed { decompressed(&buf)? } else { buf };
                self.learn(&words, num_values as usize)
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
                let buf = if self.compressed { decompressed(&buf)? } else { buf };
                let mut at = 0;
                let mut levels = None;
                if self.optional {
                    if def_level_encoding != Encoding::RLE {
                        return Err(wrong("has levels in a form that we do not write"));
                    }
                    let length = buf.get(..4).and_then(|head| head.try_into().ok()).map(u32::from_le_bytes);
                    let length = length.ok_or_else(|| wrong("has no levels"))? as usize;
                    at = 4 + length;
                    levels = Some(Hybrid::new(part(&buf, 4, at)?, 1));
                }
                self.start(num_values as usize, levels, part(&buf, at, buf.len())?, encoding)
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                ..
            } => {
                let from = rep_levels_byte_len as usize;
                let to = from.saturating_add(def_levels_byte_len as usize);
                let some = self.optional && num_nulls > 0;
                let levels = if some { Some(Hybrid::new(part(&buf, from, to)?, 1)) } else { None };
                let values = part(&buf, to, buf.len())?;
                let packed = self.compressed && is_compressed && !values.is_empty();
                let values = if packed { decompressed(&values)? } else { values };
                self.start(num_values as usize, levels, values, encoding)
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's encodings; what is new there is not ours"
    )]
    fn start(
        &mut self,
        rows: usize,
        levels: Option<Hybrid>,
        bytes: Bytes,
        encoding: Encoding,
    ) -> Result<(), ParquetError> {
        let wide = self.physical == Physical::INT64;
        let numbers = wide || self.physical == Physical::INT32;
        let values = match encoding {
            // Where no row has a value there may be no byte.
            _ if bytes.is_empty() => Values::None,
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let width = bytes[0];
                if width > 32 {
                    return Err(wrong("has places of more than 32 bits"));
                }
                Values::Places(Hybrid::new(bytes.slice(1..), width))
            }
            Encoding::DELTA_BINARY_PACKED if numbers => {
                Values::Rising(Delta::new(bytes).ok_or_else(|| wrong("has differences without a head"))?)
            }
            Encoding::PLAIN if numbers => Values::Plain(Plain { bytes, at: 0, wide }),
            _ => return Err(wrong(&format!("is encoded as {encoding}, which we do not write"))),
        };
        self.page = Opened { left: rows, levels, values };
        Ok(())
    }

    /// Takes the dictionary in, and what its words mean.
    fn learn(&mut self, bytes: &Bytes, count: usize) -> Result<(), ParquetError> {
        self.dictionary.clear();
        let Some(meaning) = self.meaning else {
            let wide = self.physical == Physical::INT64;
            // No more than its bytes can hold.
            let count = count.min(bytes.len() / 4);
            self.dictionary.resize(count, 0);
            let mut plain = Plain { bytes: bytes.clone(), at: 0, wide };
            return plain.fill(&mut self.dictionary).ok_or_else(|| wrong("has a dictionary that ends early"));
        };
        let mut rest = &bytes[..];
        for _ in 0..count {
            let (word, behind) = word(rest).ok_or_else(|| wrong("has a dictionary that ends early"))?;
            let word = std::str::from_utf8(word).map_err(|_| wrong("is no text"))?;
            // One of a later version's perhaps, and perhaps no row names it.
            self.dictionary.push(meaning(word).unwrap_or(-1));
            rest = behind;
        }
        Ok(())
    }
}

/// What zstd packed. Our pages say how large they were.
fn decompressed(bytes: &[u8]) -> Result<Bytes, ParquetError> {
    let Some(length) = Decompressor::upper_bound(bytes) else {
        let mut out = Vec::new();
        zstd::stream::read::Decoder::new(bytes)?.take(PAGE_MAX as u64).read_to_end(&mut out)?;
        return Ok(out.into());
    };
    if length > PAGE_MAX {
        return Err(wrong("has a page larger than any"));
    }
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        let decompressor = match decompressor {
            Some(decompressor) => decompressor,
            None => decompressor.insert(Decompressor::new()?),
        };
        Ok(decompressor.decompress(bytes, length)?.into())
    })
}

fn part(bytes: &Bytes, from: usize, to: usize) -> Result<Bytes, ParquetError> {
    if from <= to && to <= bytes.len() {
        Ok(bytes.slice(from..to))
    } else {
        Err(wrong("has a page that is cut"))
    }
}

/// A length of four bytes, and so many.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Numbers of eight or four bytes.
struct Plain {
    bytes: Bytes,
    at: usize,
    wide: bool,
}

impl Plain {
    fn fill(&mut self, out: &mut [i64]) -> Option<()> {
        let width = if self.wide { 8 } else { 4 };
        let end = self.at.checked_add(out.len().checked_mul(width)?)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        if self.wide {
            for (value, bytes) in out.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *value = i64::from_le_bytes(*bytes);
            }
        } else {
            for (value, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *value = i64::from(i32::from_le_bytes(*bytes));
            }
        }
        Some(())
    }
}

/// Parquet's RLE: runs of one number, and groups of eight numbers packed without gaps.
///
/// ```text
/// varint n: n even: the next bytes (as many as a number needs) are n/2 times the same
///           n odd:  n/2 groups of eight numbers follow, each `width` bits, lowest bit first
/// ```
struct Hybrid {
    bytes: Bytes,
    at: usize,
    width: u8,
    run: Run,
}

#[derive(Clone, Copy)]
enum Run {
    Same {
        value: u32,
        left: usize,
    },
    /// From a bit of the bytes on.
    Packed {
        bit: usize,
        left: usize,
    },
}

impl Hybrid {
    const fn new(bytes: Bytes, width: u8) -> Self {
        Self { bytes, at: 0, width, run: Run::Same { value: 0, left: 0 } }
    }

    /// The next numbers.
    fn fill(&mut self, out: &mut [u32]) -> Option<()> {
        let mut done = 0;
        while done < out.len() {
            let (run, count) = self.next(out.len() - done)?;
            let out = &mut out[done..done + count];
            match run {
                Run::Same { value, .. } => out.fill(value),
                Run::Packed { bit, .. } => unpack(&self.bytes, bit, self.width, out)?,
            }
            done += count;
        }
        Some(())
    }

    /// What the next numbers stand for in a dictionary.
    fn look_up(&mut self, dictionary: &[i64], places: &mut Vec<u32>, out: &mut [i64]) -> Option<()> {
        let mut done = 0;
        while done < out.len() {
            let (run, count) = self.next(out.len() - done)?;
            let out = &mut out[done..done + count];
            match run {
                Run::Same { value, .. } => out.fill(*dictionary.get(value as usize)?),
                Run::Packed { bit, .. } => {
                    places.resize(count, 0);
                    unpack(&self.bytes, bit, self.width, places)?;
                    for (value, place) in out.iter_mut().zip(places.iter()) {
                        *value = *dictionary.get(*place as usize)?;
                    }
                }
            }
            done += count;
        }
        Some(())
    }

    /// Up to so many numbers of one run, and how many.
    fn next(&mut self, wanted: usize) -> Option<(Run, usize)> {
        loop {
            let run = self.run;
            let (Run::Same { left, .. } | Run::Packed { left, .. }) = run;
            if left == 0 {
                self.run = self.next_run()?;
                continue;
            }
            let count = wanted.min(left);
            match &mut self.run {
                Run::Same { left, .. } => *left -= count,
                Run::Packed { bit, left } => {
                    *left -= count;
                    *bit += count * usize::from(self.width);
                }
            }
            return Some((run, count));
        }
    }

    fn next_run(&mut self) -> Option<Run> {
        let head = usize::try_from(varint(&self.bytes, &mut self.at)?).ok()?;
        if head & 1 == 0 {
            let size = usize::from(self.width.div_ceil(8));
            let bytes = self.bytes.get(self.at..self.at.checked_add(size)?)?;
            self.at += size;
            let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            return Some(Run::Same { value, left: head >> 1 });
        }
        let groups = head >> 1;
        let bit = self.at.checked_mul(8)?;
        // The last group may be cut behind its last number.
        self.at = self.at.checked_add(groups.checked_mul(usize::from(self.width))?)?.min(self.bytes.len());
        Some(Run::Packed { bit, left: groups.checked_mul(8)? })
    }
}

/// Parquet's differences, packed in small blocks above the least of each (`DELTA_BINARY_PACKED`).
///
/// ```text
/// head:  varint numbers a block, varint small blocks in it, varint numbers in all, zigzag first number
/// block: zigzag least difference, a width for each small block, the small blocks
/// ```
struct Delta {
    bytes: Bytes,
    at: usize,
    smalls: usize,
    per_small: usize,
    /// The last number given, or the first when it was not given yet.
    last: i64,
    fresh: bool,
    least: i64,
    /// Where the widths of this block are, and which small block is next.
    widths: usize,
    small: usize,
    /// Of the open small block: its width, its next bit, numbers left.
    width: u8,
    bit: usize,
    left: usize,
}

impl Delta {
    fn new(bytes: Bytes) -> Option<Self> {
        let mut at = 0;
        let mut number = || varint(&bytes, &mut at).and_then(|number| usize::try_from(number).ok());
        let (block, smalls, _) = (number()?, number()?, number()?);
        let last = zigzag(varint(&bytes, &mut at)?);
        let per_small = block.checked_div(smalls)?;
        if per_small == 0 {
            return None;
        }
        Some(Self {
            bytes,
            at,
            smalls,
            per_small,
            last,
            fresh: true,
            least: 0,
            widths: 0,
            small: smalls,
            width: 0,
            bit: 0,
            left: 0,
        })
    }

    fn fill(&mut self, out: &mut [i64]) -> Option<()> {
        let mut done = 0;
        if self.fresh && !out.is_empty() {
            (out[0], self.fresh, done) = (self.last, false, 1);
        }
        let mut above = [0_u64; AT_ONCE];
        while done < out.len() {
            if self.left == 0 {
                self.next_small()?;
            }
            let count = self.left.min(out.len() - done).min(AT_ONCE);
            let above = &mut above[..count];
            unpack(&self.bytes, self.bit, self.width, above)?;
            for (value, above) in out[done..].iter_mut().zip(above) {
                self.last = self.last.wrapping_add(self.least).wrapping_add(above.cast_signed());
                *value = self.last;
            }
            self.bit += count * usize::from(self.width);
            self.left -= count;
            done += count;
        }
        Some(())
    }

    fn next_small(&mut self) -> Option<()> {
        if self.small == self.smalls {
            self.least = zigzag(varint(&self.bytes, &mut self.at)?);
            self.widths = self.at;
            self.at = self.at.checked_add(self.smalls)?;
            self.small = 0;
        }
        self.width = *self.bytes.get(self.widths + self.small)?;
        if self.width > 64 {
            return None;
        }
        self.bit = self.at.checked_mul(8)?;
        self.at = self.at.checked_add(self.per_small.checked_mul(usize::from(self.width))?.div_ceil(8))?;
        self.small += 1;
        self.left = self.per_small;
        Some(())
    }
}

/// Numbers of `width` bits, lowest bit first, from a bit of `bytes` on.
fn unpack<T: Narrow>(bytes: &[u8], bit: usize, width: u8, out: &mut [T]) -> Option<()> {
    let width = usize::from(width);
    let end = bit.checked_add(width.checked_mul(out.len())?)?;
    if end > bytes.len().checked_mul(8)? {
        return None;
    }
    if width == 0 {
        out.iter_mut().for_each(|slot| *slot = T::narrow(0));
        return Some(());
    }
    if width == 1 && bit.is_multiple_of(8) {
        // Levels, mostly.
        for (slots, byte) in out.chunks_mut(8).zip(&bytes[bit / 8..]) {
            for (shift, slot) in slots.iter_mut().enumerate() {
                *slot = T::narrow(u64::from(byte >> shift & 1));
            }
        }
        return Some(());
    }
    // Eight bytes from where a number starts hold at least 57 bits of it.
    let mask = if width == 64 { u64::MAX } else { (1 << width) - 1 };
    let mut bit = bit;
    for slot in out {
        let (at, shift) = (bit / 8, bit % 8);
        let low = match bytes.get(at..at + 8).and_then(|eight| eight.try_into().ok()) {
            Some(eight) => u64::from_le_bytes(eight),
            None => tail(bytes, at),
        };
        let mut value = low >> shift;
        if shift + width > 64 {
            value |= u64::from(bytes.get(at + 8).copied()?) << (64 - shift);
        }
        *slot = T::narrow(value & mask);
        bit += width;
    }
    Some(())
}

/// The last bytes, fewer than eight, as a number.
#[cold]
fn tail(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().take(8).rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// What numbers are unpacked into.
trait Narrow {
    fn narrow(value: u64) -> Self;
}

impl Narrow for u64 {
    fn narrow(value: u64) -> Self {
        value
    }
}

impl Narrow for u32 {
    /// Of at most 32 bits.
    fn narrow(value: u64) -> Self {
        value as Self
    }
}

/// Seven bits a byte, the lowest first.
fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

const fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::Repetition;
    use parquet::basic::ZstdLevel;
    use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
    use parquet::file::metadata::ParquetMetaDataReader;
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::types::Type;
    use std::sync::Arc;
    use stdx::Prng;

    const WORDS: [&str; 5] = ["set", "delete", "", "clear", "a longer word"];

    /// Writes a column by the library.
    fn written<T: DataType>(values: &[T::T], defined: Option<&[i16]>, properties: WriterProperties) -> Bytes {
        let repetition = if defined.is_some() { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let field = Type::primitive_type_builder("x", T::get_physical_type()).with_repetition(repetition);
        let field = Arc::new(field.build().expect("a type"));
        let schema = Type::group_type_builder("rows").with_fields(vec![field]).build().expect("a schema");
        let mut bytes = Vec::new();
        let mut file =
            SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties)).expect("it starts");
        let mut group = file.next_row_group().expect("it takes rows");
        let mut column = group.next_column().expect("it has one").expect("it has one");
        column.typed::<T>().write_batch(values, defined, None).expect("they fit");
        column.close().expect("it closes");
        group.close().expect("it closes");
        file.close().expect("it closes");
        bytes.into()
    }

    /// Reads it back by us, in uneven pieces: rows without a value are `None`.
    fn read(bytes: &Bytes, rows: usize, prng: &mut Prng) -> Result<Vec<Option<i64>>, ParquetError> {
        let meaning: Meaning = |word| WORDS.iter().position(|known| *known == word).map(|at| at as i64);
        let file = Held::whole(bytes.clone());
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file)?;
        let group = metadata.row_group(0);
        let meaning = (group.column(0).column_type() == Physical::BYTE_ARRAY).then_some(meaning);
        let mut chunk = Chunk::open(&file, group, 0, meaning)?;
        let mut found = Vec::new();
        while found.len() < rows {
            let count = (prng.between(1, 700) as usize).min(rows - found.len());
            let (mut values, mut present) = (vec![7; count], vec![0; count]);
            chunk.read(&mut values, &mut present, 4)?;
            found.extend(values.iter().zip(&present).map(|(value, bits)| (*bits == 4).then_some(*value)));
        }
        Ok(found)
    }

    fn number(prng: &mut Prng, shape: i64) -> i64 {
        match shape {
            0 => 1_700_000_000_000_000_000 + prng.between(0, 1 << 20),
            1 => prng.between(-3, 3),
            2 => 42,
            _ => prng.bits().cast_signed() >> prng.between(0, 63),
        }
    }

    #[test]
    fn every_encoding_comes_back_as_the_library_was_given_it() {
        for seed in 0..96 {
            let mut prng = Prng::new(seed);
            let rows = prng.between(1, 5_000) as usize;
            let shape = prng.between(0, 3);
            let optional = seed % 2 == 0;
            let all: Vec<Option<i64>> = (0..rows)
                .map(|_| (!optional || prng.between(0, 9) > shape).then(|| number(&mut prng, shape)))
                .collect();
            let version = if seed % 3 == 0 { WriterVersion::PARQUET_1_0 } else { WriterVersion::PARQUET_2_0 };
            let zstd = Compression::ZSTD(ZstdLevel::default());
            let builder = WriterProperties::builder()
                .set_writer_version(version)
                .set_compression(if seed % 4 < 2 { zstd } else { Compression::UNCOMPRESSED })
                .set_write_batch_size(64)
                .set_data_page_row_count_limit(prng.between(1, 2_000) as usize)
                .set_dictionary_page_size_limit(prng.between(8, 8_192) as usize)
                .set_dictionary_enabled(seed % 5 != 0);
            let builder = match (seed % 5, seed % 3) {
                (0, 1 | 2) => builder.set_encoding(Encoding::DELTA_BINARY_PACKED),
                _ => builder,
            };
            let levels: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
            let levels = optional.then_some(levels.as_slice());
            let there = all.iter().flatten().copied();
            let long =
                written::<Int64Type>(&there.clone().collect::<Vec<_>>(), levels, builder.clone().build());
            let found = read(&long, rows, &mut prng).expect("it is sound");
            assert_eq!(found, all, "64 bits, seed {seed}");

            let short: Vec<i32> = there.clone().map(|value| value as i32).collect();
            let short = written::<Int32Type>(&short, levels, builder.build());
            let found = read(&short, rows, &mut prng).expect("it is sound");
            let all_short: Vec<_> =
                all.iter().map(|value| value.map(|value| i64::from(value as i32))).collect();
            assert_eq!(found, all_short, "32 bits, seed {seed}");

            let word = |value: i64| value.rem_euclid(WORDS.len() as i64);
            let words: Vec<ByteArray> = there.map(|value| WORDS[word(value) as usize].into()).collect();
            // Words beyond a dictionary's room are not ours: we have few.
            let properties = WriterProperties::builder().set_writer_version(version).set_write_batch_size(64);
            let text = written::<ByteArrayType>(&words, levels, properties.build());
            let found = read(&text, rows, &mut prng).expect("it is sound");
            let all_words: Vec<_> = all.iter().map(|value| value.map(word)).collect();
            assert_eq!(found, all_words, "words, seed {seed}");
        }
    }

    #[test]
    fn whatever_the_bytes_are_it_answers_or_refuses() {
        let mut prng = Prng::new(1);
        let (mut refused, rows) = (0, 3_000);
        let values: Vec<i64> = (0..rows).map(|_| number(&mut prng, 3)).collect();
        let levels: Vec<i16> = (0..rows * 2).map(|at| at as i16 % 2).collect();
        let zstd = Compression::ZSTD(ZstdLevel::default());
        for (dictionary, compression) in
            [(true, Compression::UNCOMPRESSED), (false, Compression::UNCOMPRESSED), (true, zstd)]
        {
            let properties = WriterProperties::builder()
                .set_writer_version(WriterVersion::PARQUET_2_0)
                .set_compression(compression)
                .set_dictionary_enabled(dictionary);
            let rising = Encoding::DELTA_BINARY_PACKED;
            let properties = if dictionary { properties } else { properties.set_encoding(rising) };
            let sound = written::<Int64Type>(&values, Some(&levels), properties.build());
            for _ in 0..2_000 {
                let mut bytes = sound.to_vec();
                for _ in 0..prng.between(1, 60) {
                    let at = prng.between(4, bytes.len() as i64 / 2) as usize;
                    bytes[at] = prng.bits() as u8;
                }
                let result = read(&bytes.into(), rows * 2, &mut prng);
                refused += usize::from(result.is_err());
            }
        }
        assert!(refused > 100, "{refused}: too few were touched where it hurts");
    }
}
