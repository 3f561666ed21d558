//! LOBSTER's sample day of GOOG, in memory: messages alone, and messages with the ten-level book beside them, beside
//! the `csv` crate taking the same lines apart and parsing their numbers. Messages are lines of the message file.

mod text;

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::io::{Cursor, Read};
use types::Nanos;
use venues::archive::lobster::Decoder;
use venues::{Directory, Output};

const FILE: &str = "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip";
const LINES: usize = 147_916;
/// Lines given at once.
const BATCH: usize = 4_096;

/// The message file and the order-book file.
fn day() -> Option<[Vec<u8>; 2]> {
    let packed = std::fs::read(testkit::data::recorded(FILE)?).expect("a recorded file can be read");
    let mut zip = zip::ZipArchive::new(Cursor::new(packed)).expect("a zip");
    let names: Vec<String> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    Some(["_message_", "_orderbook_"].map(|part| {
        let name = names.iter().find(|name| name.contains(part)).expect("both files are there");
        let mut text = Vec::new();
        zip.by_name(name).expect("it was listed").read_to_end(&mut text).expect("whole");
        text
    }))
}

fn numbers(text: &[u8]) -> usize {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record).expect("rows of one width") {
        let mut sum = 0.0;
        for field in &record {
            sum +=
                std::str::from_utf8(field).ok().and_then(|text| text.parse::<f64>().ok()).expect("a number");
        }
        rows += usize::from(black_box(sum).is_finite());
    }
    rows
}

/// Where every `BATCH`th line ends.
fn ends(text: &[u8]) -> Vec<usize> {
    let mut ends: Vec<usize> =
        memchr::memchr_iter(b'\n', text).map(|at| at + 1).skip(BATCH - 1).step_by(BATCH).collect();
    ends.push(text.len());
    ends
}

fn decode(messages: &[u8], book: Option<&[u8]>, directory: &mut Directory, out: &mut Output) -> usize {
    let mut decoder = Decoder::new("GOOG", Nanos(0), book.map(|_| 10));
    let (of_messages, of_book) = (ends(messages), book.map(ends));
    let (mut at, mut at_book, mut events) = (0, 0, 0);
    for (batch, &end) in of_messages.iter().enumerate() {
        out.clear();
        let rows = book.zip(of_book.as_ref()).map(|(book, ends)| &book[at_book..ends[batch]]);
        let (taken, taken_book) = decoder.decode(&messages[at..end], rows, directory, out);
        (at, at_book) = (at + taken, at_book + taken_book);
        events += black_box(&out.arrivals).len();
        assert!(book.is_none() || out.faults.is_empty(), "{:?}", out.faults.first());
    }
    events
}

fn bench(c: &mut Criterion) {
    let Some([messages, book]) = day() else { return };
    let mut directory = text::directory("nasdaq", "GOOG", 10_000_000, 1_000_000_000);
    let mut out = Output::default();
    let alone = |text: &[u8]| decode(text, None, &mut directory, &mut out);
    let rival = ("csv, lines to doubles", &numbers as &dyn Fn(&[u8]) -> usize);
    text::compare(c, "lobster-messages", &messages, LINES, alone, rival);
    // Messages and rows, one behind the other: what the rival and the floor read.
    let both = [&messages[..], &book].concat();
    let ours = |text: &[u8]| {
        decode(&text[..messages.len()], Some(&text[messages.len()..]), &mut directory, &mut out)
    };
    let read = |text: &[u8]| {
        let (messages, book) = text.split_at(messages.len());
        assert_eq!(numbers(book), LINES);
        numbers(messages)
    };
    let rival = ("csv, lines to doubles", &read as &dyn Fn(&[u8]) -> usize);
    text::compare(c, "lobster-with-book", &both, LINES, ours, rival);
}

criterion_group!(benches, bench);
criterion_main!(benches);
