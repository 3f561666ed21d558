//! LOBSTER: a message file with, if it is there, the order-book file that tells the opening book; as two CSV
//! files side by side, or in the zip they come in.
//!
//! The files do not say which share and which day: their names do.

use super::{Bytes, Progress, Recording, Source, SourceError};
use crate::local_time::{Date, Zone, midnight};
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;
use types::Nanos;
use venues::archive::lobster::Decoder;
use venues::{Directory, Output};

/// What a file name like `AAPL_2012-06-21_34200000_57600000_message_10.csv` says.
struct Name {
    symbol: String,
    midnight: Nanos,
    levels: Option<usize>,
}

struct LobsterSource {
    name: String,
    messages: Reader,
    book: Option<Reader>,
    decoder: Decoder,
    ended: bool,
}

/// A reader with what was read and not yet taken.
struct Reader {
    bytes: Bytes,
    rest: Vec<u8>,
    ended: bool,
}

impl Reader {
    fn new(bytes: Bytes) -> Self {
        Self { bytes, rest: Vec::new(), ended: false }
    }

    /// Reads on, unless there is plenty: the two files' lines are of different length.
    fn fill(&mut self) -> std::io::Result<()> {
        if self.rest.len() >= super::BUFFER_BYTES {
            return Ok(());
        }
        let new = self.bytes.fill_buf()?;
        self.ended = new.is_empty();
        self.rest.extend_from_slice(new);
        let taken = new.len();
        self.bytes.consume(taken);
        Ok(())
    }
}

impl Source for LobsterSource {
    fn read(&mut self, directory: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        if self.ended {
            return Ok(false);
        }
        let name = &self.name;
        let failed = |error| SourceError::io(Path::new(name), "read", error);
        self.messages.fill().map_err(failed)?;
        if let Some(book) = &mut self.book {
            book.fill().map_err(failed)?;
        }
        let rows = self.book.as_ref().map(|book| book.rest.as_slice());
        let (of_messages, of_book) = self.decoder.decode(&self.messages.rest, rows, directory, out);
        self.messages.rest.drain(..of_messages);
        if let Some(book) = &mut self.book {
            book.rest.drain(..of_book);
        }
        if self.messages.ended && self.book.as_ref().is_none_or(|book| book.ended) {
            self.ended = true;
            let rows = self.book.as_ref().map(|book| book.rest.as_slice());
            self.decoder.finish(&self.messages.rest, rows, directory, out);
        }
        Ok(!self.ended)
    }

    fn format(&self) -> &'static str {
        if self.book.is_some() { "LOBSTER messages with the order book" } else { "LOBSTER messages" }
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.decoder.counts()
    }
}

/// Six numbers with commas, the first with a point: `34200.017459617,5,0,1,2238200,-1`.
pub(super) fn looks_like_messages(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
    let digits = |field: &&[u8]| {
        let field = field.strip_prefix(b"-").unwrap_or(field);
        !field.is_empty() && field.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    };
    (6..=7).contains(&fields.len()) && fields[..6].iter().all(digits)
}

/// A message file on its own, or beside its order-book file.
pub(super) fn open_csv(recording: &Recording, bytes: Bytes) -> Result<Box<dyn Source>, SourceError> {
    let Recording::File(path) = recording else {
        return Err(no_name(recording));
    };
    let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = parse(&file_name).ok_or_else(|| no_name(recording))?;
    let beside = path.with_file_name(file_name.replace("_message_", "_orderbook_"));
    let book: Option<Bytes> = if beside.is_file() {
        let file = File::open(&beside).map_err(|error| SourceError::io(&beside, "open", error))?;
        Some(Box::new(BufReader::with_capacity(super::BUFFER_BYTES, file)))
    } else {
        None
    };
    Ok(source(recording.name(), name, bytes, book))
}

/// The zip LOBSTER sends: both files.
pub(super) fn open_zip(
    recording: &Recording,
    progress: &Progress,
    sniffed: u64,
) -> Result<Box<dyn Source>, SourceError> {
    let failed = |what: String| SourceError::Format { name: recording.name(), what };
    let mut compressed = Vec::new();
    // A zip's index is at its end: it is read whole, and from the start, of which some was counted already.
    super::raw(recording, &Progress::default())?
        .read_to_end(&mut compressed)
        .map_err(|error| SourceError::io(Path::new(&recording.name()), "read", error))?;
    progress.add((compressed.len() as u64).saturating_sub(sniffed));
    let mut archive = zip::ZipArchive::new(Cursor::new(compressed))
        .map_err(|error| failed(format!("a zip that cannot be read: {error}")))?;
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let message = names.iter().find(|name| name.contains("_message_") && name.ends_with(".csv"));
    let Some(message) = message else {
        return Err(failed("a zip without a LOBSTER message file (…_message_N.csv) in it".into()));
    };
    let name = parse(message).ok_or_else(|| no_name(recording))?;
    let mut inflate = |entry: &str| -> Result<Bytes, SourceError> {
        let mut content = Vec::new();
        archive
            .by_name(entry)
            .map_err(|error| failed(format!("{entry}: {error}")))?
            .read_to_end(&mut content)
            .map_err(|error| failed(format!("{entry}: {error}")))?;
        Ok(Box::new(Cursor::new(content)))
    };
    let messages = inflate(message)?;
    let beside = message.replace("_message_", "_orderbook_");
    let book = if names.contains(&beside) { Some(inflate(&beside)?) } else { None };
    Ok(source(recording.name(), name, messages, book))
}

fn source(name: String, of: Name, messages: Bytes, book: Option<Bytes>) -> Box<dyn Source> {
    let levels = of.levels.filter(|_| book.is_some());
    let decoder = Decoder::new(&of.symbol, of.midnight, levels);
    let book = book.filter(|_| levels.is_some()).map(Reader::new);
    Box::new(LobsterSource { name, messages: Reader::new(messages), book, decoder, ended: false })
}

fn no_name(recording: &Recording) -> SourceError {
    SourceError::Format {
        name: recording.name(),
        what: "LOBSTER messages whose file name does not say share and day; \
               name it like AAPL_2012-06-21_34200000_57600000_message_10.csv"
            .into(),
    }
}

fn parse(file_name: &str) -> Option<Name> {
    let base = file_name.rsplit('/').next()?.strip_suffix(".csv")?;
    let mut parts = base.split('_');
    let symbol = parts.next().filter(|symbol| !symbol.is_empty())?.to_string();
    let mut date = parts.next()?.split('-');
    let mut number = || date.next()?.parse::<i64>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    let levels = base.rsplit_once("_message_").and_then(|(_, levels)| levels.parse().ok());
    Some(Name { symbol, midnight: new_york_midnight(year, month, day)?, levels })
}

/// Midnight in New York, in UTC; `None` when there is no such day.
pub(super) fn new_york_midnight(year: i64, month: i64, day: i64) -> Option<Nanos> {
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (1970..=2200).contains(&year).then(|| midnight(date, &Zone::new_york()))
}

/// Days from 1970-01-01 (Hinnant 2013, `days_from_civil`).
pub(super) const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_in_new_york_follows_summer_time() {
        // Checked with `TZ=America/New_York date -d DATE +%s`.
        let cases = [
            ((2012, 6, 21), 1_340_251_200),
            ((2012, 1, 3), 1_325_566_800),
            ((2012, 3, 11), 1_331_442_000),
            ((2012, 3, 12), 1_331_524_800),
            ((2012, 11, 4), 1_352_001_600),
            ((2012, 11, 5), 1_352_091_600),
        ];
        for ((year, month, day), seconds) in cases {
            let midnight = new_york_midnight(year, month, day).expect("a date");
            assert_eq!(midnight, Nanos::from_secs(seconds), "{year}-{month}-{day}");
        }
        assert_eq!(new_york_midnight(2012, 13, 1), None);
    }

    #[test]
    fn messages_are_told_by_their_look() {
        assert!(looks_like_messages(b"34200.017459617,5,0,1,2238200,-1\n34200.1,1,2,3,4,1\n"));
        assert!(looks_like_messages(b"34200,1,16113575,18,5853300,1,null\r\n"));
        for other in [&b"1,2,3\n"[..], b"time,type,id,size,price,side\n", b"", b"a,b,c,d,e,f"] {
            assert!(!looks_like_messages(other));
        }
    }

    #[test]
    fn a_name_says_share_day_and_levels() {
        let name = parse("AAPL_2012-06-21_34200000_57600000_message_10.csv").expect("a name");
        assert_eq!((name.symbol.as_str(), name.levels), ("AAPL", Some(10)));
        assert!(parse("messages.csv").is_none());
    }
}
