//! One history file: row groups that a range of places touches, some thousand rows at a time.
//!
//! The library that decodes Parquet is not ours and was not made for hostile bytes: a panic of its is caught here and is
//! an error, and every cell is checked before it becomes part of an event.

use crate::parquet::columns::{COLUMNS, Cell, Column, Fields, Row, Shape, place};
use crate::parquet::write::FILE_VERSION;
use crate::parquet::{FileCounts, HistoryError, Label};
use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::FileReader as Parquet;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use types::InstrumentId;

/// A file up to this size is held in memory instead of open.
const HELD_BYTES: u64 = 1 << 18;

/// Reads one file.
pub struct FileReader {
    path: PathBuf,
    file: Box<dyn Parquet>,
    label: Label,
    counts: FileCounts,
    /// The places wanted.
    wanted: Range<u64>,
    group: usize,
    columns: Vec<Cursor>,
    /// Rows of the open group that were not read yet.
    left: usize,
    fields: Vec<Fields>,
}

impl std::fmt::Debug for FileReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileReader").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A column of the open row group.
struct Cursor {
    column: &'static Column,
    reader: Typed,
    defined: Vec<i16>,
}

enum Typed {
    Long(ColumnReaderImpl<Int64Type>, Vec<i64>),
    Short(ColumnReaderImpl<Int32Type>, Vec<i32>),
    Text(ColumnReaderImpl<ByteArrayType>, Vec<ByteArray>),
}

impl FileReader {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// When it cannot be read, or is not one of ours.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let file = parquet_file(path)?;
        let entry = |key: &str| {
            let pairs = file.metadata().file_metadata().key_value_metadata()?;
            pairs.iter().find(|pair| pair.key == key)?.value.clone()
        };
        let foreign = || HistoryError::damaged(path, "a Parquet file that `quoin import` did not write");
        let label: Label = serde_json::from_str(&entry("quoin.label").ok_or_else(foreign)?)
            .map_err(|error| HistoryError::damaged(path, format!("its label: {error}")))?;
        if label.version != FILE_VERSION {
            let (found, known) = (label.version, FILE_VERSION);
            return Err(HistoryError::Version { path: path.into(), found, known });
        }
        let counts = serde_json::from_str(&entry("quoin.counts").ok_or_else(foreign)?)
            .map_err(|error| HistoryError::damaged(path, format!("its counts: {error}")))?;
        let schema = file.metadata().file_metadata().schema_descr();
        let ours = COLUMNS.iter().enumerate().all(|(at, column)| {
            at < schema.num_columns()
                && schema.column(at).name() == column.name
                && schema.column(at).physical_type() == column.shape.physical()
                && schema.column(at).max_rep_level() == 0
        });
        if !ours {
            return Err(foreign());
        }
        Ok(Self {
            path: path.into(),
            file,
            label,
            counts,
            wanted: 0..u64::MAX,
            group: 0,
            columns: Vec::new(),
            left: 0,
            fields: Vec::new(),
        })
    }

    /// What its footer says.
    #[must_use]
    pub const fn label(&self) -> &Label {
        &self.label
    }

    /// What went into it.
    #[must_use]
    pub const fn counts(&self) -> &FileCounts {
        &self.counts
    }

    /// Reads only the places in `wanted` from here on.
    pub fn select(&mut self, wanted: Range<u64>) {
        self.wanted = wanted;
    }

    /// Puts the next rows, about `count`, behind `rows`; false at the end. `instrument` is whose they are now.
    ///
    /// # Errors
    /// When the file cannot be read on, or holds what is no event.
    pub fn read(
        &mut self,
        count: usize,
        instrument: Option<InstrumentId>,
        rows: &mut Vec<Row>,
    ) -> Result<bool, HistoryError> {
        while self.left == 0 {
            if !self.next_group()? {
                return Ok(false);
            }
        }
        let count = count.min(self.left);
        self.fields.clear();
        self.fields.resize(count, Fields::default());
        let (path, columns, fields) = (&self.path, &mut self.columns, &mut self.fields);
        guarded(path, || columns.iter_mut().try_for_each(|cursor| cursor.read(fields)))?;
        self.left -= count;
        for fields in &self.fields {
            if self.wanted.contains(&fields.seq) {
                let row = fields.row(instrument).ok_or_else(|| {
                    HistoryError::damaged(
                        &self.path,
                        format!("what stands at place {} is no event", fields.seq),
                    )
                })?;
                rows.push(row);
            }
        }
        Ok(true)
    }

    /// Opens the next row group that holds a wanted place.
    fn next_group(&mut self) -> Result<bool, HistoryError> {
        while self.group < self.file.metadata().num_row_groups() {
            let at = self.group;
            self.group += 1;
            let about = self.file.metadata().row_group(at);
            let seq = range(about, place("seq"));
            let (first, last) = seq.map_or((0, u64::MAX), |(a, b)| (a.cast_unsigned(), b.cast_unsigned()));
            if last < self.wanted.start || first >= self.wanted.end {
                continue;
            }
            let rows = usize::try_from(about.num_rows()).unwrap_or(0);
            self.columns = self.cursors(at)?;
            self.left = rows;
            if rows > 0 {
                return Ok(true);
            }
        }
        self.columns.clear();
        Ok(false)
    }

    fn cursors(&self, group: usize) -> Result<Vec<Cursor>, HistoryError> {
        let about = self.file.metadata().row_group(group);
        guarded(&self.path, || {
            let group = self.file.get_row_group(group)?;
            let mut cursors = Vec::new();
            for (at, column) in COLUMNS.iter().enumerate() {
                if column.take.is_none() || is_empty(about, at) {
                    continue;
                }
                cursors.push(Cursor::new(column, group.get_column_reader(at)?));
            }
            Ok(cursors)
        })
    }

    /// The first place whose venue time is `at` or later.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn first_from(&self, at: i64) -> Result<Option<u64>, HistoryError> {
        let time = place("venue_at");
        for group in 0..self.file.metadata().num_row_groups() {
            let about = self.file.metadata().row_group(group);
            if range(about, time).is_some_and(|(_, greatest)| greatest < at) {
                continue;
            }
            let rows = usize::try_from(about.num_rows()).unwrap_or(0);
            let mut fields = vec![Fields::default(); rows];
            guarded(&self.path, || {
                let group = self.file.get_row_group(group)?;
                for column in [place("seq"), time] {
                    Cursor::new(&COLUMNS[column], group.get_column_reader(column)?).read(&mut fields)?;
                }
                Ok(())
            })?;
            if let Some(found) = fields.iter().find(|fields| fields.venue_at >= at) {
                return Ok(Some(found.seq));
            }
        }
        Ok(None)
    }
}

impl Cursor {
    fn new(column: &'static Column, reader: ColumnReader) -> Self {
        let reader = match column.shape {
            Shape::Small | Shape::Date => Typed::Short(get_typed_column_reader(reader), Vec::new()),
            Shape::Text => Typed::Text(get_typed_column_reader(reader), Vec::new()),
            // Reals are derived, never read.
            Shape::Moment | Shape::Signed | Shape::Unsigned | Shape::Real => {
                Typed::Long(get_typed_column_reader(reader), Vec::new())
            }
        };
        Self { column, reader, defined: Vec::new() }
    }

    /// Fills in as many fields as there are.
    fn read(&mut self, fields: &mut [Fields]) -> Result<(), ParquetError> {
        self.defined.clear();
        let (count, defined) = (fields.len(), &mut self.defined);
        let (records, values) = match &mut self.reader {
            Typed::Long(reader, values) => fetch(reader, count, defined, values)?,
            Typed::Short(reader, values) => fetch(reader, count, defined, values)?,
            Typed::Text(reader, values) => fetch(reader, count, defined, values)?,
        };
        if records != count {
            return Err(self.wrong("ends early"));
        }
        let take = self.column.take.ok_or_else(|| self.wrong("is never read"))?;
        let mut next = 0;
        for (at, fields) in fields.iter_mut().enumerate() {
            // A required column has no levels: every row has a value.
            if self.defined.get(at).is_some_and(|level| *level == 0) {
                continue;
            }
            if next >= values {
                return Err(self.wrong("has fewer values than it says"));
            }
            let cell = match &self.reader {
                Typed::Long(_, values) => Cell::Whole(values[next]),
                Typed::Short(_, values) => Cell::Whole(i64::from(values[next])),
                Typed::Text(_, values) => Cell::Text(
                    std::str::from_utf8(values[next].data()).map_err(|_| self.wrong("is no text"))?,
                ),
            };
            take(fields, cell).ok_or_else(|| self.wrong("holds what it cannot"))?;
            next += 1;
        }
        Ok(())
    }

    fn wrong(&self, what: &str) -> ParquetError {
        ParquetError::General(format!("column `{}` {what}", self.column.name))
    }
}

/// A small file is read whole and closed: a day of options is thousands of files, and a process has some thousand handles.
fn parquet_file(path: &Path) -> Result<Box<dyn Parquet>, HistoryError> {
    let opening = |error| HistoryError::io("open", path, error);
    let mut file = File::open(path).map_err(opening)?;
    if file.metadata().map_err(opening)?.len() > HELD_BYTES {
        return guarded(path, || Ok(Box::new(SerializedFileReader::new(file)?) as Box<dyn Parquet>));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| HistoryError::io("read", path, error))?;
    let bytes = Bytes::from(bytes);
    guarded(path, || Ok(Box::new(SerializedFileReader::new(bytes)?) as Box<dyn Parquet>))
}

/// Records and values read.
fn fetch<T: parquet::data_type::DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    defined: &mut Vec<i16>,
    values: &mut Vec<T::T>,
) -> Result<(usize, usize), ParquetError> {
    values.clear();
    let (records, found, _) = reader.read_records(count, Some(defined), None, values)?;
    Ok((records, found.min(values.len())))
}

/// The least and the greatest value of a column of a row group, if it says.
fn range(group: &RowGroupMetaData, column: usize) -> Option<(i64, i64)> {
    let Statistics::Int64(values) = group.column(column).statistics()? else { return None };
    Some((*values.min_opt()?, *values.max_opt()?))
}

fn is_empty(group: &RowGroupMetaData, column: usize) -> bool {
    let nulls = group.column(column).statistics().and_then(Statistics::null_count_opt);
    nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(group.num_rows()))
}

/// Calls into the library; what it does not expect is an error, not the end of us.
fn guarded<T>(path: &Path, call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, HistoryError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| HistoryError::parquet("read", path, error)),
        Err(_) => Err(HistoryError::damaged(path, "the Parquet decoder met what it does not expect")),
    }
}
