//! Every way to cut a journal or to change it, and what a reader makes of it.

use crate::common::{self, Folder, assert_prefix, block_starts, drain, read_all, record, sealed_bytes};
use journal::{Ending, JournalError, Reader, Writer, recover, verify_chain};
use stdx::Prng;

/// Computes both checksums of the block at `at` anew, as somebody would who knows the format but not the chain.
fn fix_checksums(bytes: &mut [u8], at: usize, end: usize) {
    let payload = crc32c::crc32c(&bytes[at + 104..end]);
    bytes[at + 96..at + 100].copy_from_slice(&payload.to_le_bytes());
    let header = crc32c::crc32c(&bytes[at..at + 100]);
    bytes[at + 100..at + 104].copy_from_slice(&header.to_le_bytes());
}

#[test]
fn j_02_a_journal_cut_at_any_byte_keeps_every_whole_block_before_it() {
    let bytes = sealed_bytes("cut", 10);
    let starts = block_starts(&bytes);
    assert_eq!(starts.len(), 7, "configuration, 3 + 3 + 3 + 1 records, seal");
    for length in 0..=bytes.len() {
        // Blocks 1 to 4 hold records; a block counts when its end is inside.
        let whole = starts[1..].iter().filter(|end| **end <= length).count();
        let (records, ending) = read_all(bytes[..length].to_vec());
        assert_prefix(&records, &format!("cut at {length}"));
        match ending {
            Err(JournalError::NoConfiguration { .. }) => assert_eq!(whole, 0, "cut at {length}"),
            Ok(Ending::Sealed) => assert_eq!((length, records.len()), (bytes.len(), 10)),
            Ok(Ending::Cut { at, lost, .. }) => {
                assert_eq!(records.len(), [0, 3, 6, 9, 10][whole - 1], "cut at {length}");
                assert_eq!(at, starts[whole] as u64);
                assert_eq!(at + lost, length as u64);
            }
            Err(error) => panic!("cut at {length}: {error}"),
        }
    }
}

#[test]
fn recovery_at_any_byte_leaves_a_journal_that_goes_on_to_the_same_end() {
    let bytes = sealed_bytes("whole", 10);
    let starts = block_starts(&bytes);
    let folder = Folder::new("recovery");
    for length in starts[1]..starts[6] {
        std::fs::write(folder.file(), &bytes[..length]).expect("room");
        let recovered = recover(folder.path()).expect("only the tail is missing");
        let whole = starts.iter().filter(|end| **end <= length).max();
        let kept = *whole.expect("it starts behind the configuration") as u64;
        assert_eq!(recovered.summary.bytes, kept);
        assert_eq!(recovered.lost_bytes, length as u64 - kept);
        assert!(!recovered.sealed);
        assert_eq!(std::fs::metadata(folder.file()).expect("it is there").len(), kept);
        assert_eq!(recover(folder.path()).expect("as before").lost_bytes, 0);

        let (mut writer, resumed) = Writer::resume(folder.path(), common::small()).expect("it was recovered");
        assert_eq!(resumed.summary, recovered.summary);
        (resumed.summary.records..10).for_each(|n| writer.append(&record(n)));
        let summary = writer.finish().expect("room");
        // The three-record blocks fall as they did, so the file is the uninterrupted one, byte for byte.
        if resumed.summary.records < 10 {
            assert_eq!(std::fs::read(folder.file()).expect("it is there"), bytes);
        }
        let verified = verify_chain(folder.path()).expect("sealed");
        assert_eq!((verified.summary, verified.ending), (summary, Ending::Sealed));
    }
    assert!(recover(folder.path()).expect("sealed").sealed);
    assert!(matches!(Writer::resume(folder.path(), common::small()), Err(JournalError::Sealed { .. })));
}

#[test]
fn a_damaged_journal_is_not_recovered_and_not_changed() {
    let mut bytes = sealed_bytes("middle", 10);
    let second = block_starts(&bytes)[2];
    bytes[second + 110] ^= 1;
    let folder = Folder::new("not-recovered");
    std::fs::write(folder.file(), &bytes).expect("room");
    assert!(matches!(recover(folder.path()), Err(JournalError::Corrupt { block: 2, .. })));
    assert_eq!(std::fs::read(folder.file()).expect("it is there"), bytes);
}

#[test]
fn j_03_every_flipped_bit_is_found_and_no_record_differs() {
    let bytes = sealed_bytes("flip", 10);
    let starts = block_starts(&bytes);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (records, ending) = read_all(damaged);
        assert_prefix(&records, &format!("bit {bit}"));
        // The block the bit is in; whole ones before it must have been given.
        let block = starts.iter().filter(|start| **start <= bit / 8).count();
        let given = [0, 0, 0, 3, 6, 9, 10][block];
        assert_eq!(records.len(), given, "bit {bit}");
        match ending {
            Ok(Ending::Sealed) => panic!("bit {bit} was not found"),
            // Only the seal is last, so only there may a flip look like a kill.
            Ok(Ending::Cut { at, .. }) => assert_eq!((block, at), (6, starts[5] as u64), "bit {bit}"),
            Err(JournalError::Corrupt { block: at, offset, .. }) => {
                assert_eq!((at as usize + 1, offset), (block, starts[block - 1] as u64), "bit {bit}");
            }
            Err(JournalError::NotAJournal { .. }) => assert_eq!(block, 0, "bit {bit}"),
            Err(error) => panic!("bit {bit}: {error}"),
        }
    }
}

#[test]
fn every_changed_byte_with_new_checksums_breaks_the_chain() {
    let bytes = sealed_bytes("rechecked", 10);
    let starts = block_starts(&bytes);
    for block in 0..6 {
        let (start, end) = (starts[block], starts[block + 1]);
        // The two checksums are what is made anew; a changed length is another block, tried by bits above.
        for at in (start..start + 28).chain(start + 32..start + 96).chain(start + 104..end) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            fix_checksums(&mut changed, start, end);
            let (records, ending) = read_all(changed);
            assert_prefix(&records, &format!("byte {at}"));
            if at < start + 4 {
                // Without its magic it is no block, but whole ones follow, except behind the seal.
                assert_eq!(ending.is_ok(), block == 5, "byte {at}");
                continue;
            }
            let offset = start as u64;
            assert!(
                matches!(ending, Err(JournalError::Tampered { block: b, offset: o, .. })
                    if (b, o) == (block as u64, offset)),
                "byte {at}: {ending:?}"
            );
        }
    }
}

#[test]
fn j_04_moved_removed_added_and_appended_blocks_are_tampering() {
    let bytes = sealed_bytes("moved", 10);
    let starts = block_starts(&bytes);
    let block = |n: usize| &bytes[starts[n]..starts[n + 1]];
    let header = &bytes[..starts[0]];
    let other = sealed_bytes("moved-other", 13);
    let foreign = &other[block_starts(&other)[5]..block_starts(&other)[6]];
    let cases: [(&str, Vec<&[u8]>, u64); 9] = [
        ("1 and 2 swapped", vec![block(0), block(2), block(1), block(3), block(4), block(5)], 1),
        ("1 removed", vec![block(0), block(2), block(3), block(4), block(5)], 1),
        ("4 removed", vec![block(0), block(1), block(2), block(3), block(5)], 4),
        ("2 twice", vec![block(0), block(1), block(2), block(2), block(3), block(4), block(5)], 3),
        ("2 instead of 3", vec![block(0), block(1), block(2), block(2), block(4), block(5)], 3),
        (
            "another run's block at the end",
            vec![block(0), block(1), block(2), block(3), block(4), foreign],
            5,
        ),
        (
            "a block behind the seal",
            vec![block(0), block(1), block(2), block(3), block(4), block(5), block(1)],
            5,
        ),
        ("the seal twice", vec![block(0), block(1), block(2), block(3), block(4), block(5), block(5)], 5),
        ("no configuration", vec![block(1), block(2), block(3), block(4), block(5)], 0),
    ];
    for (name, blocks, due) in cases {
        let mut changed = header.to_vec();
        blocks.iter().for_each(|block| changed.extend_from_slice(block));
        let (records, ending) = read_all(changed);
        assert_prefix(&records, name);
        assert!(
            matches!(ending, Err(JournalError::Tampered { block, .. }) if block == due),
            "{name}: {ending:?}"
        );
    }
}

#[test]
fn blocks_taken_off_the_end_look_like_a_kill_and_only_the_head_tells() {
    let bytes = sealed_bytes("shortened", 10);
    let starts = block_starts(&bytes);
    let reader = Reader::from_bytes(bytes[..starts[3]].to_vec()).expect("whole blocks");
    let whole = Reader::from_bytes(bytes).expect("whole");
    let (records, ending) = drain(reader);
    assert_eq!(records.len(), 6);
    assert!(matches!(ending, Ok(Ending::Cut { lost: 0, .. })));
    assert_eq!(drain(whole).0.len(), 10);
}

#[test]
fn a_rewritten_record_is_found_wherever_it_is() {
    // As `every_changed_byte…`, on journals of random length and block size: one record swapped for another.
    let mut chance = Prng::new(20_261_121);
    for round in 0..40 {
        let folder = Folder::new(&format!("rewritten-{round}"));
        let count = 1 + chance.below(300);
        let options = journal::Options { block_records: 1 + chance.below(40) as usize, ..common::small() };
        let summary = common::write(&folder, count, options);
        let mut bytes = std::fs::read(folder.file()).expect("just written");
        assert_eq!(summary.bytes, bytes.len() as u64);
        assert_eq!((summary.records, summary.commands), (count, count / 4));
        let (records, ending) = read_all(bytes.clone());
        assert_eq!((records.len() as u64, ending.ok()), (count, Some(Ending::Sealed)));
        assert_prefix(&records, "undamaged");

        let starts = block_starts(&bytes);
        let block = 1 + chance.below(starts.len() as u64 - 3) as usize;
        let (start, end) = (starts[block], starts[block + 1]);
        let place = start + 104 + 64 * chance.below(((end - start - 104) / 64) as u64) as usize;
        bytes[place..place + 64].copy_from_slice(&record(1_000 + round).to_bytes());
        fix_checksums(&mut bytes, start, end);
        let (records, ending) = read_all(bytes);
        assert_prefix(&records, "rewritten");
        assert!(
            matches!(ending, Err(JournalError::Tampered { block: b, .. }) if b == block as u64),
            "round {round}: {ending:?}"
        );
    }
}

#[test]
fn bytes_that_are_no_journal_are_refused() {
    let whole = sealed_bytes("refused", 4);
    let with = |at: usize, value: u8, fix: bool| {
        let mut bytes = whole.clone();
        bytes[at] = value;
        if fix {
            let crc = crc32c::crc32c(&bytes[..20]);
            bytes[20..24].copy_from_slice(&crc.to_le_bytes());
        }
        Reader::from_bytes(bytes).err().expect("it is not a journal").to_string()
    };
    assert_eq!(with(0, b'q', false), "not a journal: it does not start with QUOINJNL");
    assert_eq!(with(8, 3, false), "not a journal: the file header's checksum is wrong");
    assert_eq!(
        with(8, 3, true),
        "a journal of version 3, and this reads versions up to 2: use the release that wrote it, or a newer one"
    );
    assert!(with(8, 0, true).starts_with("a journal of version 0"));
    assert_eq!(with(12, 1, true), "not a journal: its flags or its record length are not this version's");
    let empty = Reader::from_bytes(Vec::new()).err().expect("nothing is no journal");
    assert_eq!(
        empty.to_string(),
        "byte 0: the file ends within its header, before the configuration was whole: there is nothing to read"
    );
}
