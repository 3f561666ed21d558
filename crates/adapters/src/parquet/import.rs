//! An import under way: events in recorded order, spread over one file for each instrument and day.

use crate::parquet::columns::Row;
use crate::parquet::manifest::{MANIFEST_VERSION, short};
use crate::parquet::store::{INDEX, PENDING, aside_name, settle, write_whole};
use crate::parquet::write::{FILE_VERSION, ROW_GROUP_ROWS};
use crate::parquet::{FileEntry, FileWriter, HistoryError, Label, Manifest, Source, Stored};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use types::Arrival;

const DAY_NS: i64 = 86_400_000_000_000;
/// Rows of all instruments that may wait for their row group: 128 MiB of them.
const WAITING_MAX: usize = 2 << 20;

/// Takes the events of one recording. Dropped before [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct Import {
    root: PathBuf,
    aside: PathBuf,
    /// Held, not used: the lock of the store.
    _lock: File,
    manifest: Manifest,
    /// By instrument, the last for events about all of them.
    places: Vec<Place>,
    waiting: usize,
    /// The greatest venue time so far.
    clock: i64,
    day: i64,
    committed: bool,
}

/// One instrument's rows and, once there are enough of them, file.
#[derive(Debug, Default)]
struct Place {
    rows: Vec<Row>,
    writer: Option<FileWriter<Sink>>,
}

/// A file that is hashed as it is written.
#[derive(Debug)]
struct Sink {
    file: BufWriter<File>,
    hash: blake3::Hasher,
    bytes: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Import {
    pub(super) fn new(
        root: &Path,
        lock: File,
        number: u32,
        replaces: Option<u32>,
        source: Source,
        quoin: &str,
    ) -> Result<Self, HistoryError> {
        let aside = root.join(INDEX).join(format!("importing-{number:04}"));
        fs::create_dir_all(&aside).map_err(|error| HistoryError::io("make", &aside, error))?;
        let manifest = Manifest {
            version: MANIFEST_VERSION,
            quoin: quoin.into(),
            number,
            replaces,
            source,
            rows: 0,
            starts_at: 0,
            instruments: Vec::new(),
            files: Vec::new(),
            about: serde_json::Value::Null,
        };
        Ok(Self {
            root: root.into(),
            aside,
            _lock: lock,
            manifest,
            places: vec![Place::default()],
            waiting: 0,
            clock: i64::MIN,
            day: i64::MIN,
            committed: false,
        })
    }

    /// Says whose events are coming, by instrument id. Before the first of them.
    pub fn instruments(&mut self, instruments: Vec<Stored>) {
        assert_eq!(self.manifest.rows, 0, "the instruments are known before the first event");
        self.places.resize_with(instruments.len() + 1, Place::default);
        self.manifest.instruments = instruments;
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// When a file cannot be written, or the event is no market data.
    pub fn push(&mut self, arrival: &Arrival) -> Result<(), HistoryError> {
        let event = &arrival.event;
        let at = event.venue_at().ok_or(HistoryError::NotMarketData(event.kind()))?.0;
        if self.manifest.rows == 0 {
            self.manifest.starts_at = at;
        }
        self.clock = self.clock.max(at);
        let day = self.clock.div_euclid(DAY_NS);
        if day != self.day {
            self.end_day()?;
            self.day = day;
        }
        let place = event.instrument().map_or(self.places.len() - 1, |id| id.index());
        assert!(place < self.places.len(), "every event's instrument is in the table of its import");
        self.places[place].rows.push(Row { seq: self.manifest.rows, arrival: *arrival });
        self.manifest.rows += 1;
        self.waiting += 1;
        if self.places[place].rows.len() >= ROW_GROUP_ROWS {
            self.flush(place)?;
        } else if self.waiting >= WAITING_MAX {
            let fullest = (0..self.places.len()).max_by_key(|place| self.places[*place].rows.len());
            self.flush(fullest.expect("there is always the feed's place"))?;
        }
        Ok(())
    }

    fn flush(&mut self, place: usize) -> Result<(), HistoryError> {
        let path = self.aside.join(aside_name(&self.entry(place)));
        if self.places[place].writer.is_none() {
            let file = File::create(&path).map_err(|error| HistoryError::io("make", &path, error))?;
            let file = BufWriter::with_capacity(1 << 16, file);
            let sink = Sink { file, hash: blake3::Hasher::new(), bytes: 0 };
            self.places[place].writer = Some(FileWriter::new(&path, sink, &self.label(place))?);
        }
        let Place { rows, writer } = &mut self.places[place];
        if let Some(writer) = writer {
            writer.write(rows)?;
        }
        self.waiting -= rows.len();
        rows.clear();
        Ok(())
    }

    /// Ends every file of the day.
    fn end_day(&mut self) -> Result<(), HistoryError> {
        for place in 0..self.places.len() {
            if !self.places[place].rows.is_empty() {
                self.flush(place)?;
            }
            // A day's rows are not the next one's: the memory goes with them.
            self.places[place].rows = Vec::new();
            let Some(writer) = self.places[place].writer.take() else { continue };
            let mut entry = self.entry(place);
            let path = self.aside.join(aside_name(&entry));
            let (counts, mut sink) = writer.finish()?;
            let failed = |error| HistoryError::io("write", &path, error);
            sink.flush().map_err(failed)?;
            sink.file.get_ref().sync_all().map_err(failed)?;
            (entry.counts, entry.bytes) = (counts, sink.bytes);
            entry.blake3 = sink.hash.finalize().to_hex().to_string();
            self.manifest.files.push(entry);
        }
        Ok(())
    }

    fn entry(&self, place: usize) -> FileEntry {
        let stored = self.manifest.instruments.get(place);
        // Events about all instruments stand with the venue of the first.
        let venue =
            stored.or(self.manifest.instruments.first()).map_or("unknown", |i| i.terms.venue.as_str());
        let symbol = stored.map_or("_feed".into(), |i| escaped(&i.terms.symbol));
        let name = format!("{:04}-{}", self.manifest.number, short(&self.manifest.source.blake3));
        FileEntry {
            path: format!("venue={}/symbol={symbol}/date={}/{name}.parquet", escaped(venue), date(self.day)),
            instrument: stored.map(|_| u32::try_from(place).expect("ids are 32 bits")),
            day: self.day,
            bytes: 0,
            blake3: String::new(),
            counts: Default::default(),
        }
    }

    fn label(&self, place: usize) -> Label {
        Label {
            version: FILE_VERSION,
            quoin: self.manifest.quoin.clone(),
            source: self.manifest.source.clone(),
            instrument: self.manifest.instruments.get(place).cloned(),
        }
    }

    /// Makes the import count. `about` is kept for the importer.
    ///
    /// # Errors
    /// When a file cannot be written or moved: then nothing of it counts, or the next import finishes it.
    pub fn commit(mut self, about: serde_json::Value) -> Result<Manifest, HistoryError> {
        self.end_day()?;
        self.manifest.about = about;
        let text = serde_json::to_vec_pretty(&self.manifest).expect("a manifest has a JSON form");
        write_whole(&self.aside.join(PENDING), &text)?;
        // From here on it is whole: a kill is repaired forwards.
        self.committed = true;
        settle(&self.root, &self.aside, &self.manifest)?;
        Ok(self.manifest.clone())
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        if !self.committed {
            // Best effort: what stays is removed by the next import.
            let _ = fs::remove_dir_all(&self.aside);
        }
    }
}

/// A name as a part of a path: other bytes than letters, digits, `.`, `-` and `_` as `%2F`.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(byte)),
            b'.' if !text.is_empty() => text.push('.'),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    // An underscore in front is ours.
    match text.strip_prefix('_') {
        Some(rest) => format!("%5F{rest}"),
        None => text,
    }
}

/// A day since 1970-01-01 as `2023-12-25` (Hinnant 2013, `civil_from_days`).
fn date(day: i64) -> String {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (dom, month) =
        (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{dom:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_dates_of_the_calendar() {
        // `date -u -d @$((DAY * 86400)) +%F`
        for (day, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (19_716, "2023-12-25"),
            (19_782, "2024-02-29"),
            (11_016, "2000-02-29"),
        ] {
            assert_eq!(date(day), text);
        }
    }

    #[test]
    fn symbols_become_names_of_folders_and_never_leave_their_own() {
        for (symbol, name) in [
            ("ESH4", "ESH4"),
            ("BTC/USD", "BTC%2FUSD"),
            ("..", "%2E."),
            ("BRK.B", "BRK.B"),
            ("_feed", "%5Ffeed"),
            ("UD:1V 2", "UD%3A1V%202"),
        ] {
            assert_eq!(escaped(symbol), name);
        }
    }
}
