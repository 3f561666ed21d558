//! What the benches of text decoders share: one shape of comparison. Elements are messages, bytes are those of the
//! text; beside our decoder an independent reader of the same lines, and the search for the lines' ends, below which no
//! decoder of lines can be.

#![allow(dead_code, reason = "each bench takes what it needs")]

use criterion::{Criterion, Throughput};
use std::hint::black_box;
use types::{Contract, Instrument, InstrumentId, Origin, instrument::Terms};
use venues::{Decode, Directory, Output};

/// Text given at once: it stays in the second-level cache, and the longest recorded line is shorter.
pub(crate) const PIECE: usize = 256 << 10;

/// The directory of a run with one instrument.
pub(crate) fn directory(venue: &str, symbol: &str, tick_nanos: i64, lot_nanos: i64) -> Directory {
    let terms = Terms {
        id: InstrumentId(0),
        symbol: symbol.into(),
        venue: venue.into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos,
        lot_nanos,
        multiplier_nanos: 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    };
    let instrument = Instrument::new(terms).expect("valid terms");
    Directory::run(&[instrument], &[tick_nanos])
}

/// Decodes a text in pieces, as a file is read; answers how many events there were.
pub(crate) fn decode(
    mut decoder: impl Decode,
    text: &[u8],
    directory: &mut Directory,
    out: &mut Output,
) -> usize {
    let (mut start, mut end, mut events) = (0, 0, 0);
    while end < text.len() {
        end = text.len().min(end + PIECE);
        out.clear();
        start += decoder.decode(&text[start..end], directory, out);
        events += black_box(&out.arrivals).len();
        // Checked for each piece: a text that is passed over would be decoded very fast.
        assert!(out.faults.is_empty(), "{:?}", out.faults);
    }
    out.clear();
    decoder.finish(&text[start..], directory, out);
    events + out.arrivals.len()
}

/// An independent reader: its name, and what reads the text and answers how many messages it saw.
pub(crate) type Rival<'a> = (&'a str, &'a dyn Fn(&[u8]) -> usize);

/// Measures ours, the rival and the floor on one text.
pub(crate) fn compare(
    c: &mut Criterion,
    name: &str,
    text: &[u8],
    messages: usize,
    mut ours: impl FnMut(&[u8]) -> usize,
    (rival, read): Rival<'_>,
) {
    let mut group = c.benchmark_group(name);
    group.sample_size(10);
    let (elements, bytes) = (messages as u64, text.len() as u64);
    group.throughput(Throughput::ElementsAndBytes { elements, bytes });
    println!("{name}: {messages} messages, {bytes} bytes, {} events", ours(text));
    assert_eq!(read(text), messages, "{rival} reads the same messages");
    group.bench_function("ours, text to events", |b| b.iter(|| ours(black_box(text))));
    group.bench_function(rival, |b| b.iter(|| read(black_box(text))));
    let ends = |text: &[u8]| memchr::memchr_iter(b'\n', text).count();
    group.bench_function("memchr, the lines' ends alone", |b| b.iter(|| ends(black_box(text))));
    group.finish();
}
