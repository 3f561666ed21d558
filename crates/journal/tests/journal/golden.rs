//! J-11: journals as each version wrote them. Made by the version itself and never again:
//! `QUOIN_GOLDEN=1 cargo test -p journal --test journal golden` writes those of this version, if they are not there.

use crate::common::{CONFIG, Folder, assert_prefix, drain, segments, signed, signer, small, write};
use journal::{Anchor, Ending, JournalError, Options, Reader, Trust, Writer, recover, verify_with};
use std::fs;
use std::path::{Path, PathBuf};

const RECORDS: u64 = 50;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn j_11_version_1_is_read_and_recovered_and_not_gone_on_with() {
    let folder = Folder::new("version-1");
    let bytes = fs::read(golden("version-1.qj")).expect("committed");
    let reader = Reader::from_bytes(bytes.clone()).expect("an old journal");
    assert_eq!(reader.config(), CONFIG);
    let (records, ending) = drain(reader);
    assert_eq!((records.len() as u64, ending.ok()), (RECORDS, Some(Ending::Sealed)));
    assert_prefix(&records, "version 1");
    // Cut, it is recovered; a new block in it would be of no version.
    fs::write(folder.file(), &bytes[..bytes.len() - 1]).expect("room");
    let recovered = recover(folder.path()).expect("a torn seal");
    assert_eq!((recovered.summary.records, recovered.lost_bytes), (RECORDS, 151));
    let refused = Writer::resume(folder.path(), small()).err();
    assert!(matches!(refused, Some(JournalError::Unserviceable { .. })), "{refused:?}");
    // Nothing of the new version may hide in an old file.
    let mut bytes = bytes;
    bytes[24 + 4] = 5;
    assert!(Reader::from_bytes(bytes).is_err());
}

#[test]
fn j_11_this_version_writes_what_it_wrote() {
    let folder = Folder::new("version-2");
    let anchor = folder.path().join("anchor");
    write(&folder, RECORDS, Options { anchor: Some(anchor.clone()), segment_bytes: 3_000, ..signed() });
    let kept = golden("version-2");
    if std::env::var_os("QUOIN_GOLDEN").is_some() && !kept.exists() {
        fs::create_dir_all(&kept).expect("the sources can be written");
        for entry in fs::read_dir(folder.path()).expect("there") {
            let path = entry.expect("there").path();
            fs::copy(&path, kept.join(path.file_name().expect("a file"))).expect("room");
        }
    }
    let files = segments(&folder);
    assert!(files.len() > 1);
    for (number, file) in (0..).zip(&files) {
        let name = folder.segment(number).file_name().expect("a file").to_owned();
        assert!(*file == fs::read(kept.join(name)).expect("committed"), "segment {number} differs");
    }
    let anchor = Anchor::read(&kept.join("anchor")).expect("committed");
    let trust = Trust { key: Some(signer().public()), anchor: Some(anchor) };
    let verified = verify_with(&kept, &trust).expect("as it was");
    assert_eq!((verified.summary.records, verified.ending), (RECORDS, Ending::Sealed));
    assert_eq!(verified.last_segment as usize, files.len() - 1);
}

#[test]
fn j_11_a_newer_version_is_refused_with_advice() {
    let mut bytes = fs::read(golden("version-2/journal.qj")).expect("committed");
    bytes[8] = 3;
    let crc = crc32c::crc32c(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    let refused = Reader::from_bytes(bytes).err().expect("it is newer").to_string();
    assert_eq!(
        refused,
        "a journal of version 3, and this reads versions up to 2: use the release that wrote it, or a newer one"
    );
}
