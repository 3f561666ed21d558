//! Recordings: a file's format is told by its first bytes, never by its name alone, and every format gives
//! the same thing: batches of arrivals and faults.

mod capture;
mod datagrams;
mod dbn;
pub(crate) mod history;
mod kind;
mod lean;
mod lobster;
mod nasdaq;
mod opening;
mod stream;
mod ticks;
mod zip;

pub(crate) use datagrams::Datagrams;
pub use history::{Imported, Selection};
pub(crate) use kind::{Kind, kind};

use crate::config::nearest;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use types::Nanos;
use venues::archive::dbn::dbz;
use venues::archive::{bitstamp, tardis};
use venues::{Directory, Output};

/// A recording that is being read.
pub trait Source {
    /// Clears `out` and puts the next batch into it. False: there is no more, though `out` may hold a last
    /// batch.
    ///
    /// # Errors
    /// When the file cannot be read on. What is wrong *inside* it is a fault in `out`.
    fn read(&mut self, directory: &mut Directory, out: &mut Output) -> Result<bool, SourceError>;

    /// The format's name, for people.
    fn format(&self) -> &'static str;

    /// What was met so far, in the format's own terms.
    fn counts(&self) -> Vec<(String, u64)>;

    /// The venue time before which it has no event, if that is known without reading.
    fn starts_at(&self) -> Option<Nanos> {
        None
    }
}

/// Where a recording is.
#[derive(Clone, Debug)]
pub enum Recording {
    /// On disk.
    File(PathBuf),
    /// In memory, with a name for people: the embedded session.
    Memory {
        /// What to call it.
        name: String,
        /// All of it.
        bytes: Arc<[u8]>,
    },
    /// An import of the history store, or a part of one.
    History(Box<Imported>),
}

/// The recordings that paths name: a file is one, a folder of history is as many as were imported into it.
///
/// # Errors
/// When a folder is no history, or the selection is not for these.
pub fn recordings(paths: &[PathBuf], selection: &Selection) -> Result<Vec<Recording>, SourceError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(history::imports(path, selection)?);
        } else if history::is_parquet(path) {
            found.push(history::single(path, selection)?);
        } else if selection.is_all() {
            found.push(Recording::File(path.clone()));
        } else {
            return Err(SourceError::Format {
                name: path.display().to_string(),
                what: "--from, --to and --symbol select from history; `quoin import FILE --to DIR` makes it"
                    .into(),
            });
        }
    }
    Ok(found)
}

impl Recording {
    /// What to call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory { name, .. } => name.clone(),
            Self::History(imported) => imported.name(),
        }
    }

    /// The earliest venue time it can have, if that is known without reading.
    #[must_use]
    pub fn starts_at(&self) -> Option<Nanos> {
        match self {
            Self::File(_) | Self::Memory { .. } => None,
            Self::History(imported) => Some(Nanos(imported.manifest().starts_at)),
        }
    }

    /// Whether it is a part of history and more comes behind it.
    pub(crate) fn goes_on(&self) -> bool {
        match self {
            Self::File(_) | Self::Memory { .. } => false,
            Self::History(imported) => imported.part().seq.end < imported.manifest().rows,
        }
    }

    /// The same, without the snapshot of its books that a part of history starts with.
    #[must_use]
    pub(crate) fn without_opening(&self) -> Self {
        self.with(Imported::without_opening)
    }

    /// All of what it is a part of.
    pub(crate) fn whole(&self) -> Self {
        self.with(Imported::whole)
    }

    fn with(&self, change: impl Fn(&Imported) -> Imported) -> Self {
        match self {
            Self::File(_) | Self::Memory { .. } => self.clone(),
            Self::History(imported) => Self::History(Box::new(change(imported))),
        }
    }

    /// Its size in bytes.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn size(&self) -> Result<u64, SourceError> {
        match self {
            Self::File(path) => std::fs::metadata(path)
                .map(|meta| meta.len())
                .map_err(|error| SourceError::io(path, "find", error)),
            Self::Memory { bytes, .. } => Ok(bytes.len() as u64),
            Self::History(imported) => Ok(imported.source().bytes),
        }
    }

    /// Its BLAKE3 hash.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn hash(&self) -> Result<String, SourceError> {
        let mut hasher = blake3::Hasher::new();
        match self {
            Self::File(path) => {
                let file = File::open(path).map_err(|error| SourceError::io(path, "open", error))?;
                hasher.update_reader(file).map_err(|error| SourceError::io(path, "read", error))?;
            }
            Self::Memory { bytes, .. } => {
                hasher.update(bytes);
            }
            // What it was made from: a run over history is a run over that recording.
            Self::History(imported) => return Ok(imported.source().blake3.clone()),
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file system said no.
    #[error("cannot {doing} {}: {error}{}", path.display(), advice(path, error))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What we were doing.
        doing: &'static str,
        /// What it said.
        error: std::io::Error,
    },
    /// None of the formats we read.
    #[error("{name}: {what}")]
    Format {
        /// Which recording.
        name: String,
        /// What was found, and what would do.
        what: String,
    },
    /// History cannot be read or written.
    #[error(transparent)]
    History(#[from] adapters::parquet::HistoryError),
}

impl SourceError {
    fn io(path: &Path, doing: &'static str, error: std::io::Error) -> Self {
        Self::Io { path: path.into(), doing, error }
    }

    pub(crate) fn read(path: &Path, error: std::io::Error) -> Self {
        Self::io(path, "read", error)
    }
}

/// For a file that is not there: the one beside it that is most like it.
fn advice(path: &Path, error: &std::io::Error) -> String {
    if error.kind() != std::io::ErrorKind::NotFound {
        return String::new();
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let beside: Vec<String> = std::fs::read_dir(folder.unwrap_or(Path::new(".")))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match nearest(&name, beside.iter().map(String::as_str)) {
        Some(like) => format!(" (there is `{like}`)"),
        None => String::new(),
    }
}

/// How far a recording has been read, shared with whoever shows progress.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of the file, as it lies on disk, that were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted<R> {
    inner: R,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.progress.add(got as u64);
        Ok(got)
    }
}

struct Shared {
    bytes: Arc<[u8]>,
    at: usize,
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

pub(crate) type Bytes = Box<dyn BufRead>;

/// Large enough that a system call is lost among the decoding, small enough for the second-level cache.
const BUFFER_BYTES: usize = 256 * 1024;

fn raw(recording: &Recording, progress: &Progress) -> Result<Bytes, SourceError> {
    let inner: Box<dyn Read> = match recording {
        Recording::File(path) => {
            Box::new(File::open(path).map_err(|error| SourceError::io(path, "open", error))?)
        }
        Recording::Memory { bytes, .. } => Box::new(Shared { bytes: Arc::clone(bytes), at: 0 }),
        Recording::History(imported) => {
            return Err(SourceError::Format {
                name: imported.name(),
                what: "history is no stream of bytes".into(),
            });
        }
    };
    let counted = Counted { inner, progress: progress.clone() };
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, counted)))
}

/// Decompressed, if it is compressed as a stream.
fn unpack(mut bytes: Bytes) -> std::io::Result<Bytes> {
    let magic = bytes.fill_buf()?;
    // A frame that decompressors skip may stand before the others.
    if magic.starts_with(ZSTD) || dbz::is_skippable(magic) {
        let decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
        bytes = Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder));
    } else if magic.starts_with(GZIP) {
        let decoder = flate2::bufread::MultiGzDecoder::new(bytes);
        bytes = Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder));
    } else if magic.starts_with(BZIP2) {
        let decoder = bzip2::bufread::MultiBzDecoder::new(bytes);
        bytes = Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder));
    }
    Ok(bytes)
}

const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const GZIP: &[u8] = &[0x1f, 0x8b];
/// The level of compression follows, `1` to `9`.
const BZIP2: &[u8] = b"BZh";
const ZIP: &[u8] = b"PK\x03\x04";
const CAPTURES: [&[u8]; 5] = [
    &[0xd4, 0xc3, 0xb2, 0xa1],
    &[0xa1, 0xb2, 0xc3, 0xd4],
    &[0x4d, 0x3c, 0xb2, 0xa1],
    &[0xa1, 0xb2, 0x3c, 0x4d],
    &[0x0a, 0x0d, 0x0d, 0x0a],
];

/// Opens a recording, whatever its format.
///
/// # Errors
/// When it cannot be opened, or is none of the formats we read.
pub fn open(recording: &Recording, progress: &Progress) -> Result<Box<dyn Source>, SourceError> {
    if let Recording::History(imported) = recording {
        return Ok(Box::new(history::HistorySource::new(imported, progress)));
    }
    let mut bytes = raw(recording, progress)?;
    let read_error = |error| SourceError::io(Path::new(&recording.name()), "read", error);
    let magic = bytes.fill_buf().map_err(read_error)?;
    if magic.starts_with(ZIP) {
        let sniffed = magic.len() as u64;
        return zip::open(recording, progress, sniffed);
    }
    if dbz::is_dbz(magic) {
        return dbn::open_dbz(recording.name(), bytes);
    }
    bytes = unpack(bytes).map_err(read_error)?;
    let start = bytes.fill_buf().map_err(read_error)?;
    let name = recording.name();
    if CAPTURES.iter().any(|magic| start.starts_with(magic)) {
        if nasdaq::looks_like_capture(start) {
            return Ok(nasdaq::open_capture(&name, bytes));
        }
        // A start that is shorter than the buffer is the whole file.
        let is_empty = start.len() < BUFFER_BYTES && !capture::has_datagrams(start);
        let format = if is_empty { NO_DATAGRAMS } else { "capture of CME MDP 3.0" };
        return Ok(Box::new(capture::CaptureSource::new(&name, format, bytes, venues::cme::Decoder::new())));
    }
    if start.starts_with(b"DBN") {
        return Ok(dbn::open(name, bytes));
    }
    if dbn::is_called_fragment(&name) {
        return Ok(dbn::open_fragment(name, bytes));
    }
    if looks_like_binance(start) {
        let decoder = venues::binance::Decoder::new(None);
        return Ok(Box::new(stream::Stream::new(name, "Binance recording", bytes, decoder)));
    }
    if looks_like_bitstamp(start) {
        let decoder = bitstamp::Decoder::new();
        return Ok(Box::new(stream::Stream::new(name, "Bitstamp order log", bytes, decoder)));
    }
    if looks_like_tardis(start) {
        // Liquidations have the columns of trades: only the name tells.
        let hint = name.contains("liquidations").then_some(tardis::Table::Liquidations);
        let decoder = tardis::Decoder::new(hint);
        return Ok(Box::new(stream::Stream::new(name, "Tardis CSV", bytes, decoder)));
    }
    if lobster::looks_like_messages(start) {
        return lobster::open_csv(recording, bytes);
    }
    if nasdaq::looks_like_messages(start) {
        return Ok(nasdaq::open_messages(recording, bytes));
    }
    if looks_like_session(start) {
        let decoder = venues::archive::session::Decoder::new();
        return Ok(Box::new(stream::Stream::new(name, SESSION, bytes, decoder)));
    }
    if looks_like_normalised(start) {
        let decoder = venues::archive::normalised::Decoder::new();
        return Ok(Box::new(stream::Stream::new(name, "Tardis normalised messages", bytes, decoder)));
    }
    if let Some(rows) = venues::archive::ticks::look(start) {
        return ticks::open(recording, bytes, rows);
    }
    Err(SourceError::Format { what: unknown_format(start), name })
}

const NO_DATAGRAMS: &str = "capture without a UDP datagram: market data comes in those, orders do not";
const SESSION: &str =
    "recorded session of a venue (messages are counted; no events until its adapter reads them)";

/// A line of JSON with this near its start.
fn is_json_with(start: &[u8], within: usize, names: &[&str]) -> bool {
    let head = String::from_utf8_lossy(&start[..start.len().min(within)]);
    head.starts_with('{') && names.iter().any(|name| head.contains(name))
}

fn looks_like_session(start: &[u8]) -> bool {
    is_json_with(start, 256, &[r#""t":"header""#, r#""t": "header""#])
}

fn looks_like_normalised(start: &[u8]) -> bool {
    is_json_with(start, 16 * 1024, &[r#""localTimestamp""#])
}

fn looks_like_binance(start: &[u8]) -> bool {
    let digits = start.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (16..=20).contains(&digits) && start[digits..].starts_with(b" {")
}

/// `1430438404518 order_created {…}`
fn looks_like_bitstamp(start: &[u8]) -> bool {
    let digits = start.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (12..=14).contains(&digits)
        && [&b" order_"[..], b" trade "].iter().any(|word| start[digits..].starts_with(word))
}

/// A header of CSV with the columns that all of Tardis's files have.
fn looks_like_tardis(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let has = |name: &[u8]| line.split(|byte| *byte == b',').any(|column| column == name);
    [&b"exchange"[..], b"symbol", b"timestamp", b"local_timestamp"].into_iter().all(has)
}

fn unknown_format(start: &[u8]) -> String {
    if start.is_empty() {
        return "the file is empty".into();
    }
    if start.starts_with(b"QUOINJNL") {
        return "this is a journal; run `quoin replay` or `quoin verify` on its folder".into();
    }
    if let Some(advice) = dbn::fragment_advice(start) {
        return advice;
    }
    let shown: Vec<String> = start.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!(
        "none of the formats we read (it starts with {}): captures (pcap, pcapng) of CME MDP 3.0 or NASDAQ MoldUDP64, \
         NASDAQ ITCH 5.0, Databento DBN (also DBZ and fragments), LOBSTER messages (CSV, or the zip they come in), \
         Binance recordings, Bitstamp order logs, Tardis CSV and normalised messages, LEAN zips, tables of trades or \
         bars, recorded sessions, Parquet of a history; all but zips may be zstd, gzip or bzip2 compressed",
        shown.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_formats_are_told_by_their_first_line() {
        let cases: &[(&str, [bool; 3])] = &[
            ("1723161255030314667 {\"stream\":1}\n", [true, false, false]),
            ("1430438404518 order_created {\"price\"", [false, true, false]),
            ("1430438404645 trade {\"price\"", [false, true, false]),
            ("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\r\n1", [false, false, true]),
            ("symbol,local_timestamp,exchange,timestamp\n", [false, false, true]),
            ("exchange,symbol,timestamp,local_timestamps\n", [false; 3]),
            ("34200.017459617,5,0,1,2238200,-1\n", [false; 3]),
            ("1430438404518 what\n", [false; 3]),
            ("", [false; 3]),
        ];
        for (start, expected) in cases {
            let bytes = start.as_bytes();
            let told = [looks_like_binance(bytes), looks_like_bitstamp(bytes), looks_like_tardis(bytes)];
            assert_eq!(told, *expected, "{start}");
        }
    }

    fn count(name: &str, bytes: Vec<u8>) -> (&'static str, Vec<(String, u64)>) {
        let recording = Recording::Memory { name: name.into(), bytes: bytes.into() };
        let mut source = open(&recording, &Progress::default()).expect("a format we read");
        let (mut directory, mut out) = (Directory::survey(), Output::default());
        while source.read(&mut directory, &mut out).expect("memory can be read") {
            assert_eq!(out.faults, []);
        }
        (source.format(), source.counts())
    }

    #[test]
    fn a_file_s_name_tells_liquidations_from_trades() {
        let text = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nx,A,1,2,3,buy,4,5\n";
        for (name, row) in [("x_trades_A.csv", "trades row"), ("x_liquidations_A.csv", "liquidations row")] {
            assert_eq!(count(name, text.into()), ("Tardis CSV", vec![(row.to_string(), 1)]));
        }
    }

    #[test]
    fn bzip2_is_read_through_all_its_streams() {
        use bzip2::write::BzEncoder;
        use std::io::Write as _;
        let mut packed = Vec::new();
        for line in
            ["exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n", "x,A,1,2,3,buy,4,5\n"]
        {
            let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(line.as_bytes()).expect("memory can be written");
            packed.extend(encoder.finish().expect("memory can be written"));
        }
        assert_eq!(count("x", packed), ("Tardis CSV", vec![("trades row".to_string(), 1)]));
    }
}
