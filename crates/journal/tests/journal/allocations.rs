//! `append` allocates nothing: not for a record, not for a block, not when the disk is behind.

use crate::common::{CONFIG, Folder, record};
use journal::{Options, Writer};
use testkit::allocations;

#[test]
fn append_and_flush_allocate_nothing() {
    let folder = Folder::new("allocations");
    let options = Options { block_records: 64, ..Options::default() };
    let mut writer = Writer::create(folder.path(), CONFIG, options).expect("an empty folder");
    // Warm-up: the first wait for an empty block makes the channel's own bookkeeping for this thread.
    let mut n = 0;
    while writer.stalls() == 0 {
        writer.append(&record(n));
        n += 1;
    }
    let before = allocations::on_this_thread();
    for more in 0..100_000 {
        writer.append(&record(n + more));
        if more % 1_000 == 0 {
            writer.flush();
        }
    }
    assert_eq!(allocations::on_this_thread() - before, 0);
    assert_eq!(writer.finish().expect("room").records, n + 100_000);
}
