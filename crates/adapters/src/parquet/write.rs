//! One history file: rows in, row groups out, and a footer that says what it is and where it comes from.

use crate::parquet::columns::{COLUMNS, Cell, Fields, Row, Scale, Shape, place, schema};
use crate::parquet::{HistoryError, Source, Stored};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The version of the files' layout and metadata.
pub(super) const FILE_VERSION: u32 = 1;
/// Rows that are compressed together and, by their least and greatest times, skipped together.
pub(super) const ROW_GROUP_ROWS: usize = 65_536;
/// A page is what a reader holds of a column: small, because it reads many files at once.
const PAGE_ROWS: usize = 8_192;

/// What a file's footer says beside its columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The version of the file's layout.
    pub version: u32,
    /// Quoin's own version.
    pub quoin: String,
    /// The recording it was made from.
    pub source: Source,
    /// Whose events; `None`: those about every instrument of the feed.
    pub instrument: Option<Stored>,
}

/// What went into a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCounts {
    /// Events.
    pub rows: u64,
    /// By kind.
    pub events: BTreeMap<String, u64>,
    /// First and last place in the import.
    pub seq: (u64, u64),
    /// Least and greatest venue time.
    pub venue_at: (i64, i64),
    /// Events stamped before an earlier one of this file.
    pub out_of_order: u64,
}

impl FileCounts {
    fn note(&mut self, row: &Row) {
        let at = row.arrival.event.venue_at().map_or(0, |at| at.0);
        if self.rows == 0 {
            (self.seq, self.venue_at) = ((row.seq, row.seq), (at, at));
        }
        self.out_of_order += u64::from(at < self.venue_at.1);
        self.rows += 1;
        self.seq.1 = row.seq;
        self.venue_at = (self.venue_at.0.min(at), self.venue_at.1.max(at));
        *self.events.entry(row.arrival.event.kind().into()).or_default() += 1;
    }
}

/// Writes one file.
pub struct FileWriter<W: Write + Send> {
    path: PathBuf,
    scale: Scale,
    file: SerializedFileWriter<W>,
    counts: FileCounts,
    fields: Vec<Fields>,
    buffers: Buffers,
}

impl<W: Write + Send> std::fmt::Debug for FileWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A column of a row group on its way, kept for the next one.
#[derive(Default)]
struct Buffers {
    defined: Vec<i16>,
    long: Vec<i64>,
    short: Vec<i32>,
    real: Vec<f64>,
    text: Vec<ByteArray>,
    /// Text is of few words: each is made once and shared.
    words: Vec<(&'static str, ByteArray)>,
}

impl<W: Write + Send> FileWriter<W> {
    /// Starts a file in `sink`; `path` names it in errors.
    ///
    /// # Errors
    /// When `sink` cannot be written.
    pub fn new(path: &Path, sink: W, label: &Label) -> Result<Self, HistoryError> {
        let scale = label.instrument.as_ref().map_or(Scale { tick_nanos: 1, lot_nanos: 1 }, Stored::scale);
        let file = SerializedFileWriter::new(sink, schema(), Arc::new(properties(label)))
            .map_err(|error| HistoryError::parquet("start", path, error))?;
        Ok(Self {
            path: path.into(),
            scale,
            file,
            counts: FileCounts::default(),
            fields: Vec::new(),
            buffers: Buffers::default(),
        })
    }

    /// Writes rows, rising in `seq`, as one row group.
    ///
    /// # Errors
    /// When the sink cannot be written, or an event is no market data.
    pub fn write(&mut self, rows: &[Row]) -> Result<(), HistoryError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.fields.clear();
        for row in rows {
            self.fields.push(Fields::of(row)?);
            self.counts.note(row);
        }
        let failed = |error| HistoryError::parquet("write", &self.path, error);
        let mut group = self.file.next_row_group().map_err(failed)?;
        for column in COLUMNS {
            let mut writer = group.next_column().map_err(failed)?.expect("as many columns as the schema has");
            self.buffers
                .fill(self.fields.iter().map(|fields| (column.put)(fields, &self.scale)), column.shape);
            self.buffers.write(column.shape, &mut writer).map_err(failed)?;
            writer.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        Ok(())
    }

    /// Writes the footer, with the counts, and gives the sink back.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn finish(mut self) -> Result<(FileCounts, W), HistoryError> {
        let counts = serde_json::to_string(&self.counts).expect("counts have a JSON form");
        self.file.append_key_value_metadata(KeyValue::new("quoin.counts".into(), counts));
        let failed = |error| HistoryError::parquet("finish", &self.path, error);
        let sink = self.file.into_inner().map_err(failed)?;
        Ok((self.counts, sink))
    }
}

impl Buffers {
    fn fill(&mut self, cells: impl Iterator<Item = Cell<'static>>, shape: Shape) {
        self.defined.clear();
        self.long.clear();
        self.short.clear();
        self.real.clear();
        self.text.clear();
        for cell in cells {
            match cell {
                Cell::None => {}
                Cell::Whole(value) if matches!(shape, Shape::Small | Shape::Date) => {
                    self.short.push(i32::try_from(value).expect("small columns hold small numbers"));
                }
                Cell::Whole(value) => self.long.push(value),
                Cell::Real(value) => self.real.push(value),
                Cell::Text(text) => {
                    let word = word(&mut self.words, text);
                    self.text.push(word);
                }
            }
            self.defined.push(i16::from(cell != Cell::None));
        }
    }

    fn write(
        &self,
        shape: Shape,
        writer: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), parquet::errors::ParquetError> {
        // A required column ignores them.
        let defined = Some(self.defined.as_slice());
        match shape {
            Shape::Moment | Shape::Signed | Shape::Unsigned => {
                writer.typed::<Int64Type>().write_batch(&self.long, defined, None)?
            }
            Shape::Small | Shape::Date => {
                writer.typed::<Int32Type>().write_batch(&self.short, defined, None)?
            }
            Shape::Real => writer.typed::<DoubleType>().write_batch(&self.real, defined, None)?,
            Shape::Text => writer.typed::<ByteArrayType>().write_batch(&self.text, defined, None)?,
        };
        Ok(())
    }
}

fn word(words: &mut Vec<(&'static str, ByteArray)>, text: &'static str) -> ByteArray {
    if let Some((_, word)) = words.iter().find(|(known, _)| *known == text) {
        return word.clone();
    }
    words.push((text, ByteArray::from(text)));
    ByteArray::from(text)
}

fn properties(label: &Label) -> WriterProperties {
    let mut about = vec![
        KeyValue::new("quoin.version".into(), label.quoin.clone()),
        KeyValue::new("quoin.label".into(), json(label)),
        KeyValue::new("quoin.source".into(), json(&label.source)),
    ];
    if let Some(instrument) = &label.instrument {
        about.push(KeyValue::new("quoin.instrument".into(), json(instrument)));
    }
    let level = ZstdLevel::try_new(3).expect("zstd has a level 3");
    let seq = i32::try_from(place("seq")).expect("few columns");
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by(format!("quoin {}", label.quoin))
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: seq,
            descending: false,
            nulls_first: false,
        }]))
        .set_key_value_metadata(Some(about));
    for column in COLUMNS.iter().filter(|column| column.rising) {
        let path = ColumnPath::from(column.name);
        builder = builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("labels have a JSON form")
}
