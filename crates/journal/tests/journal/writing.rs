//! The writer through its door: what it refuses, what it promises the release gate, what it leaves behind.

use crate::common::{self, CONFIG, Folder, assert_prefix, drain, record, small};
use journal::{Durability, Ending, JournalError, Options, Reader, Writer, verify_chain};
use std::time::Duration;
use types::{Nanos, Seq};

/// Waits until the writing thread has written as far as `seq`; fails the test when it cannot.
fn wait_for(writer: &Writer, seq: u64) {
    while writer.written() < Some(Seq(seq)) {
        writer.health().expect("the disk takes it");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_written_is_read_whatever_the_options() {
    let options = [
        small(),
        Options::default(),
        Options { durability: Durability::Synced, ..small() },
        Options { poll: Duration::ZERO, ..small() },
        Options { flush_interval: Some(Nanos(2_000)), ..Options::default() },
        Options { block_records: 1, blocks: 2, ..Options::default() },
    ];
    for (n, options) in options.into_iter().enumerate() {
        let folder = Folder::new(&format!("options-{n}"));
        let summary = common::write(&folder, 100, options);
        let reader = Reader::open(folder.path()).expect("just written");
        assert_eq!(reader.config(), CONFIG);
        let (records, ending) = drain(reader);
        assert_eq!((records.len(), ending.ok()), (100, Some(Ending::Sealed)));
        assert_prefix(&records, "sealed");
        assert_eq!((summary.records, summary.commands), (100, 25));
        // By its file's name too.
        assert_eq!(verify_chain(folder.file()).expect("whole").summary, summary);
    }
}

#[test]
fn the_same_run_writes_the_same_bytes() {
    let (a, b) = (Folder::new("same-a"), Folder::new("same-b"));
    let options = Options { flush_interval: Some(Nanos(7_000)), ..small() };
    assert_eq!(common::write(&a, 50, options.clone()), common::write(&b, 50, options));
    let read = |folder: &Folder| std::fs::read(folder.file()).expect("just written");
    assert_eq!(read(&a), read(&b));
}

#[test]
fn an_empty_run_is_a_journal() {
    let folder = Folder::new("empty");
    let writer = Writer::create(folder.path(), b"", small()).expect("an empty folder");
    assert_eq!(writer.written(), None);
    let summary = writer.finish().expect("room");
    let verified = verify_chain(folder.path()).expect("whole");
    assert_eq!((verified.summary, verified.ending), (summary, Ending::Sealed));
    assert_eq!((summary.records, summary.bytes), (0, 24 + 104 + 104 + 48));
}

#[test]
fn the_gate_opens_for_an_input_only_with_all_its_answers() {
    let folder = Folder::new("gate");
    let mut writer = Writer::create(folder.path(), CONFIG, small()).expect("an empty folder");
    // Inputs 0, 1, 2: the block is full, and an answer to 2 could still come.
    (0..3).for_each(|n| writer.append(&record(n)));
    wait_for(&writer, 1);
    assert_eq!(writer.written(), Some(Seq(1)));
    // The answer to 2, and the word that it was the last.
    writer.append(&record(3));
    writer.flush();
    wait_for(&writer, 2);
    assert_eq!(writer.written(), Some(Seq(2)));
    // A block that is full with its last input's last answer, which is only known afterwards.
    (4..7).for_each(|n| writer.append(&record(n)));
    wait_for(&writer, 4);
    assert_eq!(writer.written(), Some(Seq(4)));
    writer.flush();
    wait_for(&writer, 5);
    // Nothing new: nothing to write.
    writer.flush();
    assert_eq!(writer.finish().expect("room").records, 7);
}

#[test]
fn a_block_goes_when_its_time_is_over() {
    let folder = Folder::new("interval");
    let options = Options { flush_interval: Some(Nanos(4_000)), ..Options::default() };
    let mut writer = Writer::create(folder.path(), CONFIG, options).expect("an empty folder");
    // Records are a microsecond apart: the fifth is 4 µs behind the first and closes the block.
    (0..5).for_each(|n| writer.append(&record(n)));
    wait_for(&writer, 2);
    writer.append(&record(5));
    drop(writer);
    let mut reader = Reader::open(folder.path()).expect("written");
    let (mut block, mut sizes) = (Vec::new(), Vec::new());
    while reader.next_block(&mut block).expect("whole") {
        sizes.push(block.len());
    }
    assert_eq!(sizes, [5, 1]);
}

#[test]
fn a_writer_that_is_dropped_writes_all_but_the_seal() {
    let folder = Folder::new("dropped");
    let mut writer = Writer::create(folder.path(), CONFIG, small()).expect("an empty folder");
    (0..8).for_each(|n| writer.append(&record(n)));
    drop(writer);
    let (records, ending) = drain(Reader::open(folder.path()).expect("written"));
    assert_eq!(records.len(), 8);
    assert!(matches!(ending, Ok(Ending::Cut { lost: 0, .. })), "{ending:?}");
}

#[test]
fn the_ending_is_a_cut_until_the_end_is_read() {
    let folder = Folder::new("unread");
    let summary = common::write(&folder, 3, small());
    let mut reader = Reader::open(folder.path()).expect("written");
    let at = 24 + 104 + CONFIG.len() as u64;
    let Ending::Cut { at: found, lost, .. } = reader.ending() else { panic!("nothing was read yet") };
    assert_eq!((found, lost), (at, summary.bytes - at));
    let mut block = Vec::new();
    while reader.next_block(&mut block).expect("whole") {}
    assert_eq!(reader.ending(), Ending::Sealed);
    assert!(!reader.next_block(&mut block).expect("it stays at its end"));
}

#[test]
fn a_journal_is_not_overwritten_unasked() {
    let folder = Folder::new("exists");
    common::write(&folder, 9, small());
    let again = Writer::create(folder.path(), CONFIG, small());
    assert!(matches!(again, Err(JournalError::Exists { .. })));
    assert_eq!(verify_chain(folder.path()).expect("untouched").summary.records, 9);
    let summary = common::write(&folder, 2, Options { replace: true, ..small() });
    assert_eq!(verify_chain(folder.path()).expect("the new one").summary, summary);
}

#[test]
fn j_12_two_writers_cannot_have_one_journal() {
    let folder = Folder::new("locked");
    let writer = Writer::create(folder.path(), CONFIG, small()).expect("an empty folder");
    for options in [small(), Options { replace: true, ..small() }] {
        let second = Writer::create(folder.path(), CONFIG, options);
        assert!(matches!(second, Err(JournalError::Locked { .. })));
    }
    let resumed = Writer::resume(folder.path(), small());
    assert!(matches!(resumed, Err(JournalError::Locked { .. })));
    let recovered = journal::recover(folder.path());
    assert!(matches!(recovered, Err(JournalError::Locked { .. })));
    writer.finish().expect("room");
    journal::recover(folder.path()).expect("nobody holds it any more");
}

#[test]
fn options_that_cannot_work_are_refused() {
    let folder = Folder::new("options");
    for options in [
        Options { block_records: 0, ..small() },
        Options { block_records: (1 << 20) + 1, ..small() },
        Options { blocks: 1, ..small() },
    ] {
        let refused = Writer::create(folder.path(), CONFIG, options);
        assert!(matches!(refused, Err(JournalError::Unserviceable { .. })));
    }
    assert!(!folder.file().exists());
}

#[cfg(target_os = "linux")]
#[test]
fn j_07_a_full_disk_at_the_start_is_an_error_at_once() {
    let folder = Folder::new("full");
    std::os::unix::fs::symlink("/dev/full", folder.file()).expect("an empty folder");
    match Writer::create(folder.path(), CONFIG, small()).err() {
        Some(JournalError::Io { doing, source, .. }) => {
            assert_eq!(doing, "writing a block");
            assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
        }
        other => panic!("{other:?}"),
    }
}
