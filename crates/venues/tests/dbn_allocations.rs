//! Decoding allocates nothing once an instrument was met and the output has grown.

use venues::archive::dbn::Decoder;
use venues::{Decode, Directory, Output};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

#[test]
fn a_day_of_orders_allocates_nothing_the_second_time() {
    let Some(path) = testkit::data::recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else {
        return;
    };
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let bytes = zstd::decode_all(&packed[..]).expect("a recorded file is whole");
    // Prelude and metadata; the records behind it can be told twice.
    let records = &bytes[206..];
    assert_eq!(records.len(), 68_792 * 56);

    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    assert_eq!(decoder.decode(&bytes, &mut directory, &mut out), bytes.len());
    let first = out.arrivals.len();
    out.clear();
    let before = testkit::allocations::on_this_thread();
    assert_eq!(decoder.decode(records, &mut directory, &mut out), records.len());
    let after = testkit::allocations::on_this_thread();
    assert_eq!(after - before, 0);
    assert_eq!(out.arrivals.len(), first);
}
