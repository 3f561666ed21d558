//! Measured order latency: files of orders with the times at which each was sent, reached the venue, and was
//! answered.
//!
//! ```text
//!  sent (our clock) ──entry──▶ at the venue (its clock) ──answer──▶ answered (our clock)
//! ```
//!
//! Three forms, told apart by their first bytes: text with commas; a NumPy array (`.npy`); the same in a zip
//! (`.npz`), as hftbacktest keeps them, a structured array of `req_ts`, `exch_ts` and `resp_ts` in nanoseconds.
//!
//! **Two clocks.** The round trip needs one clock only, its two parts need both. When a part comes out below
//! nothing the clocks differ, and the difference is taken halfway between what the fastest orders and the fastest
//! answers allow (as NTP does: Mills, RFC 5905, section 8), each by [`clock_skew`](crate::clock_skew), so that a
//! drift goes too. That halves an asymmetry of the fastest journeys; nothing in such a file could tell more.
//!
//! Orders the venue never stamped (time zero: overload, by hftbacktest's convention) are left out and counted: our
//! own are never lost on their way.

use crate::clock_skew::Clocks;
use sim::latency::Measured;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use types::Nanos;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderSamples {
    /// From us to the venue, by our time of sending.
    pub entry: Measured,
    /// From the venue to us, by the venue's time of answering.
    pub answer: Measured,
    /// How many orders.
    pub orders: usize,
    /// How many more the venue never stamped.
    pub unstamped: usize,
    /// By how much our clock was found to be ahead of the venue's at the middle of the file; `None` when nothing
    /// said that they differ.
    pub skew: Option<Nanos>,
}

/// Why a file is not one of measured orders.
#[derive(Debug, thiserror::Error)]
pub enum OrderSamplesError {
    /// It cannot be read.
    #[error("cannot read the order latencies in {}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{}: {place}: {what}; wanted are three times in nanoseconds: sent, at the venue, answered", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// The line, or the byte.
        place: String,
        /// What stands there.
        what: String,
    },
    /// No order in it was stamped by the venue.
    #[error("{}: no order with all three times", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

/// Sent, at the venue, answered.
type Row = [i64; 3];

/// What is wrong, and where.
type Wrong = (String, String);

impl OrderSamples {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not one of the three forms.
    pub fn read(path: &Path) -> Result<Self, OrderSamplesError> {
        let bytes =
            std::fs::read(path).map_err(|error| OrderSamplesError::Io { path: path.to_path_buf(), error })?;
        Self::parse(path, &bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are not one of the three forms.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, OrderSamplesError> {
        let rows = rows(bytes).map_err(|(place, what)| {
            let path = path.to_path_buf();
            OrderSamplesError::Format { path, place, what }
        })?;
        Self::new(&rows).ok_or_else(|| OrderSamplesError::Empty { path: path.to_path_buf() })
    }

    fn new(rows: &[Row]) -> Option<Self> {
        let stamped: Vec<Row> = rows.iter().copied().filter(|row| row[1] > 0).collect();
        let unstamped = rows.len() - stamped.len();
        let ahead = Ahead::of(&stamped);
        let took = |row: &Row| {
            let at_venue = row[1].saturating_add(ahead.at(row));
            (Nanos(at_venue) - Nanos(row[0]), Nanos(row[2]) - Nanos(at_venue))
        };
        Some(Self {
            entry: Measured::new(stamped.iter().map(|row| (Nanos(row[0]), took(row).0)))?,
            answer: Measured::new(stamped.iter().map(|row| (Nanos(row[1]), took(row).1)))?,
            orders: stamped.len(),
            unstamped,
            skew: ahead.found(&stamped),
        })
    }
}

/// How far our clock is ahead of the venue's.
enum Ahead {
    Same,
    Between { entry: crate::clock_skew::ClockSkew, answer: crate::clock_skew::ClockSkew },
}

impl Ahead {
    fn of(rows: &[Row]) -> Self {
        if rows.iter().all(|[sent, at_venue, answered]| sent <= at_venue && at_venue <= answered) {
            return Self::Same;
        }
        let (mut entries, mut answers) = (Clocks::default(), Clocks::default());
        for &[sent, at_venue, answered] in rows {
            entries.note(Nanos(at_venue), Nanos(sent));
            answers.note(Nanos(answered), Nanos(at_venue));
        }
        match (entries.skew(), answers.skew()) {
            (Some(entry), Some(answer)) => Self::Between { entry, answer },
            _ => Self::Same,
        }
    }

    /// Entry is `journey - ahead`, answer is `journey + ahead`: with equal fastest journeys half the difference.
    fn at(&self, &[_, at_venue, answered]: &Row) -> i64 {
        match self {
            Self::Same => 0,
            Self::Between { entry, answer } => {
                (answer.least_at(Nanos(answered)) - entry.least_at(Nanos(at_venue))).0 / 2
            }
        }
    }

    fn found(&self, rows: &[Row]) -> Option<Nanos> {
        match self {
            Self::Same => None,
            Self::Between { .. } => Some(Nanos(self.at(rows.get(rows.len() / 2)?))),
        }
    }
}

fn rows(bytes: &[u8]) -> Result<Vec<Row>, Wrong> {
    if bytes.starts_with(b"PK\x03\x04") {
        return zipped(bytes);
    }
    if bytes.starts_with(NPY_MAGIC) {
        return array(bytes);
    }
    text(bytes)
}

/// The names a column may have, by its place in a [`Row`].
const NAMES: [&[&str]; 3] = [
    &["req_ts", "sent", "sent_at"],
    &["exch_ts", "at_venue", "venue_at"],
    &["resp_ts", "answered", "answered_at"],
];

fn place_of(name: &str) -> Option<usize> {
    NAMES.iter().position(|names| names.contains(&name.trim()))
}

/// Lines of three whole numbers. A first line of names may say which column is which.
fn text(bytes: &[u8]) -> Result<Vec<Row>, Wrong> {
    let wrong = |line: usize, what: String| (format!("line {}", line + 1), what);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        (format!("byte {}", error.valid_up_to()), "not text, and no NumPy file".to_string())
    })?;
    let mut columns = [0, 1, 2];
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if line.trim().is_empty() {
            continue;
        }
        if at == 0 && fields.iter().any(|field| place_of(field).is_some()) {
            for (place, names) in NAMES.iter().enumerate() {
                columns[place] = fields
                    .iter()
                    .position(|field| names.contains(field))
                    .ok_or_else(|| wrong(at, format!("no column of {names:?}")))?;
            }
            continue;
        }
        let mut row = [0; 3];
        for (place, column) in columns.into_iter().enumerate() {
            let field = fields.get(column).copied().unwrap_or("");
            row[place] = field.parse().map_err(|_| wrong(at, format!("`{field}` is no whole number")))?;
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Every array in a zip, one after the other.
fn zipped(bytes: &[u8]) -> Result<Vec<Row>, Wrong> {
    let wrong = |what: String| ("the zip".to_string(), what);
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| wrong(error.to_string()))?;
    let mut rows = Vec::new();
    for entry in 0..zip.len() {
        let mut file = zip.by_index(entry).map_err(|error| wrong(error.to_string()))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| wrong(error.to_string()))?;
        if !content.starts_with(NPY_MAGIC) {
            return Err(wrong(format!("{} is no NumPy array", file.name().unwrap_or_default())));
        }
        rows.extend(array(&content)?);
    }
    Ok(rows)
}

const NPY_MAGIC: &[u8] = b"\x93NUMPY";

/// A NumPy array (the format's enhancement proposal NEP 1): structured with named fields, or plain with three or
/// four columns of 64-bit integers.
fn array(bytes: &[u8]) -> Result<Vec<Row>, Wrong> {
    let wrong = |at: usize, what: &str| (format!("byte {at}"), what.to_string());
    let version = *bytes.get(6).ok_or_else(|| wrong(6, "the array ends before its version"))?;
    let (length, start) = match (version, bytes.get(8..10), bytes.get(8..12)) {
        (1, Some(length), _) => (usize::from(u16::from_le_bytes(length.try_into().expect("two bytes"))), 10),
        (2 | 3, _, Some(length)) => {
            let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
            (usize::try_from(length).map_err(|_| wrong(8, "a header beyond memory"))?, 12)
        }
        _ => return Err(wrong(6, "a version of the array format that is not known")),
    };
    let header = bytes.get(start..).and_then(|rest| rest.get(..length));
    let header = header.and_then(|header| std::str::from_utf8(header).ok());
    let header = header.ok_or_else(|| wrong(start, "the array's header is cut short"))?;
    if header.contains("'fortran_order': True") {
        return Err(wrong(start, "an array stored by columns; store it by rows"));
    }
    let layout = layout(header).map_err(|what| wrong(start, &what))?;
    let data = &bytes[start + length..];
    if !data.len().is_multiple_of(layout.bytes) {
        return Err(wrong(bytes.len(), "the array ends within a row"));
    }
    let number = |row: &[u8], at: usize| {
        i64::from_le_bytes(row[at..at + 8].try_into().expect("eight bytes were sliced"))
    };
    Ok(data.chunks_exact(layout.bytes).map(|row| layout.places.map(|at| number(row, at))).collect())
}

/// Where in a row the three times stand, and how long a row is.
struct Layout {
    places: [usize; 3],
    bytes: usize,
}

fn layout(header: &str) -> Result<Layout, String> {
    let of = |key: &str| {
        let from = header.find(key).ok_or_else(|| format!("the array's header has no {key}"))?;
        Ok::<_, String>(&header[from + key.len()..])
    };
    let descr = of("'descr':")?.trim_start();
    if descr.starts_with("'<i8'") {
        let shape = of("'shape':")?;
        let shape = shape.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(s, _)| s);
        let sizes: Vec<&str> = shape.split(',').map(str::trim).filter(|size| !size.is_empty()).collect();
        let columns = match sizes[..] {
            [_, "3"] => 3,
            [_, "4"] => 4,
            _ => return Err(format!("an array of shape ({shape})")),
        };
        return Ok(Layout { places: [0, 8, 16], bytes: 8 * columns });
    }
    let fields = descr.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (fields, _) = fields.ok_or_else(|| format!("an array of {}", descr.lines().next().unwrap_or("")))?;
    // 'name', 'type', 'name', 'type' …
    let words: Vec<&str> = fields.split('\'').skip(1).step_by(2).collect();
    let mut places = [None; 3];
    let mut bytes = 0;
    for pair in words.chunks_exact(2) {
        let (name, kind) = (pair[0], pair[1]);
        let size: usize = kind
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .map_err(|_| format!("a field `{name}` of type `{kind}`"))?;
        if let Some(place) = place_of(name) {
            if kind != "<i8" {
                return Err(format!("`{name}` of type `{kind}`, not of 64-bit integers"));
            }
            places[place] = Some(bytes);
        }
        bytes = usize::saturating_add(bytes, size);
    }
    match places {
        [Some(sent), Some(at_venue), Some(answered)] => {
            Ok(Layout { places: [sent, at_venue, answered], bytes })
        }
        _ => Err(format!("an array with the fields [{fields}]")),
    }
}

#[cfg(test)]
#[path = "order_latency_tests.rs"]
mod tests;
