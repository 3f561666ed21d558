//! Decoding allocates nothing once an instrument was met and the output has grown.

#[path = "support/dbn.rs"]
mod support;

use support::{FOLDERS, Stream, streams};
use venues::{Decode, Directory, Output};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// Definitions are words; whoever reads them keeps them.
const WORDS: [&str; 1] = ["definition"];

/// Tells a stream's records twice, and once more in pieces: only the first time may allocate.
fn check(stream: &Stream) {
    let length: &[u8; 4] = stream.bytes[4..].first_chunk().expect("a prelude");
    let records = &stream.bytes[8 + u32::from_le_bytes(*length) as usize..];
    let (mut decoder, mut directory, mut out) = (stream.decoder(), Directory::survey(), Output::default());
    assert_eq!(decoder.decode(&stream.bytes, &mut directory, &mut out), stream.bytes.len());
    let first = out.arrivals.len();
    // The second time is like the third: the book is not begun anew.
    out.clear();
    decoder.decode(records, &mut directory, &mut out);
    let second = out.arrivals.len();
    assert!(second >= first.min(1), "{}", stream.name);
    for piece in [records.len(), 1_000] {
        out.clear();
        let before = testkit::allocations::on_this_thread();
        let (mut start, mut end) = (0, 0);
        while end < records.len() {
            end = records.len().min(end + piece);
            start += decoder.decode(&records[start..end], &mut directory, &mut out);
        }
        let after = testkit::allocations::on_this_thread();
        assert_eq!(after - before, 0, "{} in pieces of {piece}", stream.name);
        assert_eq!((start, out.arrivals.len()), (records.len(), second), "{}", stream.name);
    }
}

#[test]
fn no_record_that_a_market_sends_all_day_allocates() {
    let mut checked = 0;
    for folder in FOLDERS {
        let Some(streams) = streams(folder) else { return };
        let market = |stream: &&Stream| {
            stream.fragment.is_none() && !WORDS.iter().any(|word| stream.name.contains(word))
        };
        for stream in streams.iter().filter(market) {
            check(stream);
            checked += 1;
        }
    }
    eprintln!("{checked} files told again without an allocation");
    assert_eq!(checked, 77);
}
