//! A long journal in several files: as one, each alone, and with one of them gone.

use crate::common::{CONFIG, Folder, assert_prefix, drain, record, segments, signed, signer, small, write};
use journal::{Ending, JournalError, Options, Reader, Trust, Writer, recover, verify_chain, verify_segments};
use std::fs;

const COUNT: u64 = 40;

fn cut_into_files() -> Options {
    Options { segment_bytes: 1_200, ..small() }
}

#[test]
fn a_journal_in_several_files_reads_as_one() {
    for (name, options) in [("plain", cut_into_files()), ("signed", signed())] {
        let folder = Folder::new(&format!("segments-{name}"));
        let summary = write(&folder, COUNT, options);
        let files = segments(&folder);
        assert!(files.len() > 3, "{name}: {} files", files.len());
        assert_eq!(summary.bytes, files.iter().map(|file| file.len() as u64).sum::<u64>());
        let reader = Reader::open(folder.path()).expect("just written");
        assert_eq!(reader.config(), CONFIG);
        let (records, ending) = drain(reader);
        assert_eq!((records.len() as u64, ending.ok()), (COUNT, Some(Ending::Sealed)), "{name}");
        assert_prefix(&records, name);
        let verified = verify_chain(folder.path()).expect("whole");
        assert_eq!((verified.summary, verified.last_segment as usize), (summary, files.len() - 1));
        let in_memory = verify_segments(files, &Trust::default()).expect("whole");
        assert_eq!(in_memory, verified);
    }
}

#[test]
fn a_segment_that_was_put_away_is_read_alone() {
    let folder = Folder::new("put-away");
    write(&folder, COUNT, signed());
    let count = u32::try_from(segments(&folder).len()).expect("few");
    let trust = Trust { key: Some(signer().public()), anchor: None };
    let mut given = 0;
    for number in (0..count).rev() {
        let reader = Reader::open_with(folder.segment(number), &trust).expect("it says what is before it");
        assert_eq!((reader.config(), reader.segment()), (CONFIG, number));
        let before = reader.summary().records;
        let (records, ending) = drain(reader);
        assert_eq!(ending.ok(), Some(Ending::Sealed), "segment {number}");
        for (n, found) in (before..).zip(&records) {
            assert_eq!(*found, record(n), "segment {number}: record {n}");
        }
        assert_eq!(before + records.len() as u64, COUNT);
        assert!(records.len() as u64 > given, "more from each earlier one");
        given = records.len() as u64;
    }
    // Alone in the archive, it says where the next one is missing.
    let archive = Folder::new("archive");
    fs::copy(folder.segment(1), archive.segment(1)).expect("room");
    let (records, ending) = drain(Reader::open(archive.segment(1)).expect("whole"));
    assert!(!records.is_empty());
    assert!(
        matches!(ending, Ok(Ending::Cut { lost: 0, why: "the next file was not begun", .. })),
        "{ending:?}"
    );
    // Another run's configuration in it is found without the first file.
    let mut bytes = fs::read(archive.segment(1)).expect("there");
    let at = bytes.windows(CONFIG.len()).position(|w| w == CONFIG).expect("it is repeated");
    bytes[at] ^= 1;
    fs::write(archive.segment(1), &bytes).expect("room");
    assert!(Reader::open(archive.segment(1)).is_err());
}

#[test]
fn a_missing_or_swapped_segment_is_found() {
    for (name, options) in [("plain", cut_into_files()), ("signed", signed())] {
        let folder = Folder::new(&format!("missing-{name}"));
        write(&folder, COUNT, options);
        let files = segments(&folder);
        let read = |files: Vec<Vec<u8>>| verify_segments(files, &Trust::default()).map(|v| v.ending);
        for missing in 1..files.len() - 1 {
            let path = folder.segment(u32::try_from(missing).expect("few"));
            fs::remove_file(&path).expect("there");
            let refused = verify_chain(folder.path());
            assert!(
                matches!(refused, Err(JournalError::Missing { segment, .. }) if segment as usize == missing),
                "{name}: {refused:?}"
            );
            assert!(matches!(recover(folder.path()), Err(JournalError::Missing { .. })));
            fs::write(&path, &files[missing]).expect("room");
            // Those behind it moved up.
            let mut fewer = files.clone();
            fewer.remove(missing);
            assert!(matches!(read(fewer), Err(JournalError::Tampered { .. })), "{name}: {missing}");
        }
        for (a, b) in [(0, 1), (1, 2), (1, 3)] {
            let mut swapped = files.clone();
            swapped.swap(a, b);
            assert!(read(swapped).is_err(), "{name}: {a} and {b}");
        }
        let mut twice = files.clone();
        twice.insert(1, files[1].clone());
        assert!(matches!(read(twice), Err(JournalError::Tampered { .. })));
        // Behind the seal nothing may stand, in this file or another.
        let mut more = files.clone();
        more.push(files[1].clone());
        assert!(matches!(read(more), Err(JournalError::Tampered { .. })), "{name}");
        // The last files taken off look like a kill; only an anchor tells.
        assert!(matches!(read(files[..2].to_vec()), Ok(Ending::Cut { .. })), "{name}");
    }
}

#[test]
fn recovery_in_any_file_goes_on_to_the_same_end() {
    for (name, options) in [("plain", cut_into_files()), ("signed", signed())] {
        let whole = Folder::new(&format!("whole-{name}"));
        write(&whole, COUNT, options.clone());
        let files = segments(&whole);
        let folder = Folder::new(&format!("cut-{name}"));
        let (mut same, mut cuts) = (0, 0);
        for (number, file) in files.iter().enumerate() {
            let first = if number == 0 { 24 + 104 + CONFIG.len() } else { 0 };
            for length in (first..file.len()).step_by(37) {
                put(&folder, &files[..number], &file[..length]);
                let recovered = recover(folder.path()).expect("only the tail is missing");
                assert!(!recovered.sealed);
                assert_eq!(recover(folder.path()).expect("as before").lost_bytes, 0);
                let (mut writer, resumed) =
                    Writer::resume(folder.path(), options.clone()).expect("it was recovered");
                let next = resumed.summary.records;
                (next..COUNT).for_each(|n| writer.append(&record(n)));
                let summary = writer.finish().expect("room");
                let verified = verify_chain(folder.path()).expect("sealed");
                assert_eq!((verified.summary, verified.ending), (summary, Ending::Sealed));
                let (records, _) = drain(Reader::open(folder.path()).expect("sealed"));
                assert_eq!(records.len() as u64, COUNT, "{name}: cut in {number} at {length}");
                assert_prefix(&records, name);
                (cuts, same) = (cuts + 1, same + u64::from(segments(&folder) == files));
            }
        }
        // Where a block was whole, what follows is what would have followed.
        assert!(same * 2 > cuts, "{name}: {same} of {cuts}");
    }
}

/// A folder with these files whole and the next one torn.
fn put(folder: &Folder, whole: &[Vec<u8>], torn: &[u8]) {
    for number in 0..10 {
        let _ = fs::remove_file(folder.segment(number));
    }
    for (number, bytes) in (0..).zip(whole.iter().map(Vec::as_slice).chain([torn])) {
        fs::write(folder.segment(number), bytes).expect("room");
    }
}

#[test]
fn damage_before_a_later_file_is_not_a_kill() {
    let folder = Folder::new("earlier-damage");
    write(&folder, COUNT, cut_into_files());
    let files = segments(&folder);
    for length in [30, 200, files[1].len() - 1, files[1].len() - 160] {
        let mut cut = files.clone();
        cut[1].truncate(length);
        let refused = verify_segments(cut, &Trust::default());
        assert!(matches!(refused, Err(JournalError::Corrupt { segment: 1, .. })), "{length}: {refused:?}");
    }
    for bit in (0..files[1].len() * 8).step_by(7) {
        let mut flipped = files.clone();
        flipped[1][bit / 8] ^= 1 << (bit % 8);
        let refused = verify_segments(flipped, &Trust::default());
        assert!(matches!(refused, Err(JournalError::Corrupt { .. })), "bit {bit}: {refused:?}");
    }
}

#[test]
fn a_new_run_leaves_nothing_of_an_old_one_s_files() {
    let folder = Folder::new("replaced-segments");
    write(&folder, COUNT, cut_into_files());
    assert!(segments(&folder).len() > 3);
    let _ = fs::remove_file(folder.file());
    let refused = Writer::create(folder.path(), CONFIG, small());
    assert!(matches!(refused, Err(JournalError::Exists { .. })), "later files are there");
    write(&folder, 3, Options { replace: true, ..small() });
    assert_eq!(segments(&folder).len(), 1);
    assert_eq!(verify_chain(folder.path()).expect("whole").summary.records, 3);
}
