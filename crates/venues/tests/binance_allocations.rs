//! Decoding Binance lines allocates nothing once the book has its snapshot and the output has grown.

use flate2::read::MultiGzDecoder;
use std::io::Read;
use venues::binance::Decoder;
use venues::{Decode, Directory, Output};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

#[test]
fn lines_behind_the_snapshot_allocate_nothing() {
    let Some(path) = testkit::data::recorded("binance-l2/usdm/btcusdt_20240808.gz") else {
        return;
    };
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let mut text = Vec::new();
    MultiGzDecoder::new(&packed[..]).read_to_end(&mut text).expect("a recorded file is whole");
    let middle = text.len() / 2;

    let (mut decoder, mut directory, mut out) = (Decoder::new(None), Directory::survey(), Output::default());
    let taken = decoder.decode(&text[..middle], &mut directory, &mut out);
    let half = out.arrivals.len();
    out.clear();
    // The second half is told in pieces that give fewer events than the first half did at once.
    let before = testkit::allocations::on_this_thread();
    let mut start = taken;
    for end in [text.len() * 5 / 8, text.len() * 6 / 8, text.len() * 7 / 8, text.len()] {
        start += decoder.decode(&text[start..end], &mut directory, &mut out);
        assert!(!out.arrivals.is_empty() && out.arrivals.len() <= half);
        out.clear();
    }
    let after = testkit::allocations::on_this_thread();
    assert_eq!(after - before, 0);
    assert_eq!(start, text.len());
}
