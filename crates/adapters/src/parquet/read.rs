//! One history file: row groups that a range of places touches, some thousand rows at a time.
//!
//! The library that decodes Parquet is not ours and was not made for hostile bytes: a panic of its is caught here and is
//! an error, and every cell is checked before it becomes part of an event.

use crate::parquet::columns::{At, COLUMNS, Row, Take, place};
use crate::parquet::held::Held;
use crate::parquet::pages::Chunk;
use crate::parquet::rows::Rows;
use crate::parquet::write::FILE_VERSION;
use crate::parquet::{FileCounts, HistoryError, Label};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use types::InstrumentId;

/// A file up to this size is held in memory instead of open.
const HELD_BYTES: u64 = 1 << 18;
/// Rows unpacked at once where it is not asked for how many.
const ROWS_AT_ONCE: usize = 2_048;

/// Reads one file.
pub struct FileReader {
    path: PathBuf,
    file: Held,
    /// How much of it may be in memory.
    held_max: usize,
    metadata: ParquetMetaData,
    label: Label,
    counts: FileCounts,
    /// The places wanted.
    wanted: Range<u64>,
    group: usize,
    /// Of the open group: the columns that hold something, by their place in the table.
    chunks: Vec<(usize, Chunk)>,
    /// Rows of the open group that were not read yet.
    left: usize,
    rows: Rows,
}

impl std::fmt::Debug for FileReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileReader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl FileReader {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// When it cannot be read, or is not one of ours.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let (file, metadata) = parquet_file(path)?;
        let entry = |key: &str| {
            let pairs = metadata.file_metadata().key_value_metadata()?;
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
        let schema = metadata.file_metadata().schema_descr();
        let ours = COLUMNS.iter().enumerate().all(|(at, column)| {
            at < schema.num_columns()
                && schema.column(at).name() == column.name
                && schema.column(at).physical_type() == column.shape.physical()
                && schema.column(at).max_rep_level() == 0
                && schema.column(at).max_def_level() == i16::from(!column.required)
        });
        if !ours {
            return Err(foreign());
        }
        Ok(Self {
            path: path.into(),
            file,
            held_max: 0,
            metadata,
            label,
            counts,
            wanted: 0..u64::MAX,
            group: 0,
            chunks: Vec::new(),
            left: 0,
            rows: Rows::default(),
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

    /// Row groups of no more than so many bytes are read at once.
    pub(super) const fn hold(&mut self, bytes_max: usize) {
        self.held_max = bytes_max;
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
        let (path, chunks, unpacked) = (&self.path, &mut self.chunks, &mut self.rows);
        guarded(path, || unpacked.unpack(chunks, count))?;
        self.left -= count;
        self.rows.events(&self.wanted, instrument, rows).map_err(|place| {
            HistoryError::damaged(&self.path, format!("what stands at place {place} is no event"))
        })?;
        Ok(true)
    }

    /// Opens the next row group that holds a wanted place.
    fn next_group(&mut self) -> Result<bool, HistoryError> {
        while self.group < self.metadata.num_row_groups() {
            let at = self.group;
            self.group += 1;
            let about = self.metadata.row_group(at);
            let seq = range(about, place("seq"));
            let (first, last) = seq.map_or((0, u64::MAX), |(a, b)| (a.cast_unsigned(), b.cast_unsigned()));
            if last < self.wanted.start || first >= self.wanted.end {
                continue;
            }
            let rows = usize::try_from(about.num_rows()).unwrap_or(0);
            self.chunks.clear();
            self.chunks = self.open_group(at)?;
            self.left = rows;
            if rows > 0 {
                return Ok(true);
            }
        }
        self.chunks.clear();
        Ok(false)
    }

    fn open_group(&self, group: usize) -> Result<Vec<(usize, Chunk)>, HistoryError> {
        let about = self.metadata.row_group(group);
        guarded(&self.path, || {
            self.hold_group(about)?;
            let mut chunks = Vec::new();
            for (place, column) in COLUMNS.iter().enumerate() {
                let never = matches!(column.take, Take::Never);
                if !never && (column.required || !is_empty(about, place)) {
                    chunks.push((place, self.chunk(about, place)?));
                }
            }
            Ok(chunks)
        })
    }

    /// A column of a row group.
    fn chunk(&self, about: &RowGroupMetaData, place: usize) -> Result<Chunk, ParquetError> {
        Chunk::open(&self.file, about, place, COLUMNS[place].take.meaning())
    }

    fn hold_group(&self, about: &RowGroupMetaData) -> Result<(), ParquetError> {
        let ranges = || about.columns().iter().map(ColumnChunkMetaData::byte_range);
        let start = ranges().map(|(start, _)| start).min().unwrap_or(0);
        let end = ranges().map(|(start, length)| start.saturating_add(length)).max().unwrap_or(0);
        match usize::try_from(end.saturating_sub(start)) {
            Ok(length) if length <= self.held_max => self.file.hold(start, length),
            _ => {
                self.file.release();
                Ok(())
            }
        }
    }

    /// The first place whose venue time is `at` or later.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn first_from(&self, at: i64) -> Result<Option<u64>, HistoryError> {
        let time = place("venue_at");
        for group in 0..self.metadata.num_row_groups() {
            let about = self.metadata.row_group(group);
            if range(about, time).is_some_and(|(_, greatest)| greatest < at) {
                continue;
            }
            let mut left = usize::try_from(about.num_rows()).unwrap_or(0);
            let mut rows = Rows::default();
            let found = guarded(&self.path, || {
                let mut chunks = Vec::new();
                for place in [place("seq"), time] {
                    chunks.push((place, self.chunk(about, place)?));
                }
                while left > 0 {
                    let count = left.min(ROWS_AT_ONCE);
                    rows.unpack(&mut chunks, count)?;
                    left -= count;
                    if let Some(row) = rows.column(At::venue_at).iter().position(|time| *time >= at) {
                        return Ok(Some(rows.column(At::seq)[row].cast_unsigned()));
                    }
                }
                Ok(None)
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// A small file is read whole and closed: a day of options is thousands of files, and a process has some thousand handles.
fn parquet_file(path: &Path) -> Result<(Held, ParquetMetaData), HistoryError> {
    let opening = |error| HistoryError::io("open", path, error);
    let mut file = File::open(path).map_err(opening)?;
    let length = file.metadata().map_err(opening)?.len();
    let held = if length > HELD_BYTES {
        Held::new(file, length)
    } else {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| HistoryError::io("read", path, error))?;
        Held::whole(bytes.into())
    };
    let metadata = guarded(path, || ParquetMetaDataReader::new().parse_and_finish(&held))?;
    Ok((held, metadata))
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
