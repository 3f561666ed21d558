//! An import as it was recorded: its files of one day at a time, merged by place.

use crate::parquet::columns::Row;
use crate::parquet::{FileEntry, FileReader, HistoryError, Manifest};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::InstrumentId;

/// Rows of all open files that are held at once; each has at least [`ROWS_LEAST`].
const ROWS_MAX: usize = 1 << 16;
const ROWS_LEAST: usize = 128;
/// With their columns some sixty kilobytes: they stay in a near cache until they are taken.
const ROWS_MOST: usize = 512;
/// Bytes of all open files that are held at once, beside those of small files.
const HELD_MAX: usize = 1 << 25;

/// What is wanted of an import.
#[derive(Clone, Debug)]
pub struct Part {
    /// The store's folder.
    pub root: PathBuf,
    /// The import.
    pub manifest: Arc<Manifest>,
    /// The places wanted.
    pub seq: Range<u64>,
    /// By row of [`Manifest::instruments`]: whether its events are wanted. Those about all instruments always are.
    pub wanted: Vec<bool>,
    /// Whether each file is compared with the hash of its import before it is believed. Costs a pass over its bytes.
    pub check: bool,
}

impl Part {
    /// All of it.
    #[must_use]
    pub fn all(root: &Path, manifest: Arc<Manifest>) -> Self {
        let wanted = vec![true; manifest.instruments.len()];
        Self { root: root.into(), manifest, seq: 0..u64::MAX, wanted, check: true }
    }

    /// The place of the first event at which the import's clock, which never runs backwards, has reached `at`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn place_of(&self, at: i64) -> Result<u64, HistoryError> {
        let mut first = self.manifest.rows;
        // Files say their own bounds: only those are opened that can hold an earlier place.
        let files = self.manifest.files.iter().filter(|file| file.counts.venue_at.1 >= at);
        for file in files {
            if file.counts.seq.0 < first
                && let Some(found) = FileReader::open(&self.root.join(&file.path))?.first_from(at)?
            {
                first = first.min(found);
            }
        }
        Ok(first)
    }

    fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.manifest.files.iter().filter(|file| {
            let (first, last) = file.counts.seq;
            let wanted = match file.instrument {
                Some(row) => self.wanted.get(row as usize).copied().unwrap_or(false),
                None => true,
            };
            wanted && first < self.seq.end && last >= self.seq.start
        })
    }

    /// How many events it has, at most: whole files are counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files().map(|file| file.counts.rows).sum()
    }
}

/// A file that cannot be believed: none of its events, or none from there on, are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where in the order of events it shows.
    pub seq: u64,
    /// The venue time of the last event before it; the file's first when there is none.
    pub venue_at: i64,
    /// Whose; `None`: events about all instruments.
    pub instrument: Option<u32>,
    /// Bytes that were not read.
    pub skipped: u64,
    /// What is wrong.
    pub what: String,
}

/// Gives the events of a part in their order.
#[derive(Debug)]
pub struct Merge {
    part: Part,
    /// Files not opened yet, the next day's last.
    ahead: Vec<FileEntry>,
    open: Vec<Track>,
    heads: BinaryHeap<Reverse<(u64, usize)>>,
    /// The track whose events were given last; it has no head yet.
    given: Option<usize>,
    batch: usize,
    held_max: usize,
    damaged: Vec<Damage>,
    clock: i64,
}

#[derive(Debug)]
struct Track {
    entry: FileEntry,
    reader: FileReader,
    rows: Vec<Row>,
    next: usize,
}

impl Merge {
    /// Starts at the part's first event.
    #[must_use]
    pub fn new(part: Part) -> Self {
        let mut ahead: Vec<FileEntry> = part.files().cloned().collect();
        ahead.sort_by_key(|file| (Reverse(file.day), Reverse(file.counts.seq.0)));
        Self {
            part,
            ahead,
            open: Vec::new(),
            heads: BinaryHeap::new(),
            given: None,
            batch: ROWS_MOST,
            held_max: HELD_MAX,
            damaged: Vec::new(),
            clock: i64::MIN,
        }
    }

    /// Puts the next events behind `rows`, `count` of them; false when there are no more. Instruments have the ids of the
    /// manifest's table. What could not be read comes out of [`damaged`](Self::damaged), which is to be asked after each
    /// call.
    ///
    /// # Errors
    /// When the file system fails. A damaged file is no error.
    pub fn read(&mut self, count: usize, rows: &mut Vec<Row>) -> Result<bool, HistoryError> {
        let enough = rows.len() + count;
        while rows.len() < enough {
            match self.next_run(enough - rows.len())? {
                None => return Ok(false),
                Some(run) => rows.extend_from_slice(run),
            }
            // A gap goes in behind what came before it.
            if !self.damaged.is_empty() {
                break;
            }
        }
        Ok(true)
    }

    /// The same where they lie: the next events that come from one file, `most` at most; `None` when there are no more.
    /// No events: something was found damaged before the next one.
    ///
    /// # Errors
    /// When the file system fails. A damaged file is no error.
    pub fn next_run(&mut self, most: usize) -> Result<Option<&[Row]>, HistoryError> {
        // What was given last is done with only now.
        if let Some(track) = self.given.take() {
            self.fill(track)?;
        }
        while self.heads.is_empty() && self.damaged.is_empty() {
            if !self.open_day()? {
                return Ok(None);
            }
        }
        // What is missing is said before what follows.
        if !self.damaged.is_empty() {
            return Ok(Some(&[]));
        }
        let Some(Reverse((_, track))) = self.heads.pop() else { return Ok(None) };
        let until = self.heads.peek().map_or(u64::MAX, |Reverse((seq, _))| *seq);
        let head = &mut self.open[track];
        let ahead = &head.rows[head.next..];
        let ahead = &ahead[..ahead.len().min(most)];
        // Alone on its day: all there are.
        let alone = until == u64::MAX;
        let count = if alone { ahead.len() } else { ahead.iter().take_while(|row| row.seq < until).count() };
        let run = head.next..head.next + count;
        head.next = run.end;
        self.given = Some(track);
        let run = &self.open[track].rows[run];
        if let Some(at) = run.last().and_then(|row| row.arrival.event.venue_at()) {
            self.clock = self.clock.max(at.0);
        }
        Ok(Some(run))
    }

    /// Takes what was found damaged since it was last asked; it belongs behind the rows just read.
    pub fn damaged(&mut self) -> std::vec::Drain<'_, Damage> {
        self.damaged.drain(..)
    }

    /// Opens the files of the next day.
    fn open_day(&mut self) -> Result<bool, HistoryError> {
        self.open.clear();
        let Some(day) = self.ahead.last().map(|file| file.day) else { return Ok(false) };
        let mut today = Vec::new();
        while let Some(file) = self.ahead.pop_if(|file| file.day == day) {
            today.push(file);
        }
        self.batch = (ROWS_MAX / today.len()).clamp(ROWS_LEAST, ROWS_MOST);
        self.held_max = HELD_MAX / today.len();
        for entry in today {
            match self.open_file(&entry) {
                Ok(reader) => {
                    self.open.push(Track { entry, reader, rows: Vec::new(), next: 0 });
                    self.fill(self.open.len() - 1)?;
                }
                Err(error) => self.damage(&entry, entry.counts.seq.0, error)?,
            }
        }
        Ok(true)
    }

    fn open_file(&self, entry: &FileEntry) -> Result<FileReader, HistoryError> {
        let path = self.part.root.join(&entry.path);
        if self.part.check {
            let mut hash = blake3::Hasher::new();
            let file = File::open(&path).map_err(|error| HistoryError::io("open", &path, error))?;
            hash.update_reader(file).map_err(|error| HistoryError::io("read", &path, error))?;
            if hash.finalize().to_hex().as_str() != entry.blake3 {
                return Err(HistoryError::damaged(&path, "it is not what was imported (another BLAKE3)"));
            }
        }
        let mut reader = FileReader::open(&path)?;
        reader.select(self.part.seq.clone());
        reader.hold(self.held_max);
        Ok(reader)
    }

    /// Makes sure that a track has a head, unless it is at its end.
    fn fill(&mut self, track: usize) -> Result<(), HistoryError> {
        let head = &mut self.open[track];
        if head.next >= head.rows.len() {
            head.rows.clear();
            head.next = 0;
            let instrument = head.entry.instrument.map(InstrumentId);
            while head.rows.is_empty() {
                match head.reader.read(self.batch, instrument, &mut head.rows) {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    Err(error) => {
                        head.rows.clear();
                        let entry = head.entry.clone();
                        return self.damage(&entry, entry.counts.seq.1, error);
                    }
                }
            }
        }
        let head = &self.open[track];
        self.heads.push(Reverse((head.rows[head.next].seq, track)));
        Ok(())
    }

    fn damage(&mut self, entry: &FileEntry, seq: u64, error: HistoryError) -> Result<(), HistoryError> {
        if matches!(error, HistoryError::Io { .. }) {
            return Err(error);
        }
        self.damaged.push(Damage {
            seq,
            venue_at: if self.clock == i64::MIN { entry.counts.venue_at.0 } else { self.clock },
            instrument: entry.instrument,
            skipped: entry.bytes,
            what: error.to_string(),
        });
        Ok(())
    }
}
