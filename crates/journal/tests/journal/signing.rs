//! Who vouches for a journal, how far, and what is not believed.

use crate::common::{CONFIG, Folder, drain, record, signed, signer, small, write};
use journal::{
    Anchor, Durability, Ending, JournalError, Options, Reader, Signer, Trust, Writer, verify_with,
};
use types::Seq;

fn trusting(key: &Signer) -> Trust {
    Trust { key: Some(key.public()), anchor: None }
}

fn anchored(folder: &Folder, options: Options) -> (Options, std::path::PathBuf) {
    let anchor = folder.path().join("anchor");
    (Options { anchor: Some(anchor.clone()), ..options }, anchor)
}

#[test]
fn a_sealed_journal_is_covered_from_its_first_block_to_its_seal() {
    let folder = Folder::new("covered");
    let summary = write(&folder, 40, signed());
    let verified = verify_with(folder.path(), &trusting(&signer())).expect("signed");
    assert_eq!((verified.summary, verified.ending), (summary, Ending::Sealed));
    let coverage = verified.coverage;
    assert!(coverage.to_the_seal);
    assert_eq!((coverage.records, coverage.key), (40, Some(signer().public())));
    assert_eq!(coverage.last_seq, Some(record(39).seq()));
    // The beginning, each sixth record, the end of each file, the end.
    assert!(coverage.checkpoints > 7, "{coverage:?}");
    // A reader who knows no key sees the same records.
    let (records, ending) = drain(Reader::open(folder.path()).expect("written"));
    assert_eq!((records.len(), ending.ok()), (40, Some(Ending::Sealed)));
}

#[test]
fn the_same_run_under_the_same_key_writes_the_same_files() {
    let (a, b) = (Folder::new("signed-a"), Folder::new("signed-b"));
    assert_eq!(write(&a, 50, signed()), write(&b, 50, signed()));
    let files = crate::common::segments(&a);
    assert!(files.len() > 2, "{} files", files.len());
    assert_eq!(files, crate::common::segments(&b));
}

#[test]
fn another_s_key_or_nobody_s_is_not_believed() {
    let folder = Folder::new("keys");
    write(&folder, 20, signed());
    let other = Signer::from_seed([8; 32]);
    let refused = verify_with(folder.path(), &trusting(&other));
    assert!(matches!(refused, Err(JournalError::Untrusted { block: 1, .. })), "{refused:?}");
    let plain = Folder::new("nobody");
    write(&plain, 20, small());
    let refused = verify_with(plain.path(), &trusting(&other));
    assert!(matches!(refused, Err(JournalError::Unsigned { .. })), "{refused:?}");
    assert!(refused.expect_err("it was refused").is_disbelief());
}

#[test]
fn what_stands_behind_the_last_checkpoint_is_told_apart() {
    let folder = Folder::new("uncovered");
    let options = Options { checkpoint_records: 6, segment_bytes: 1 << 20, ..signed() };
    let mut writer = Writer::create(folder.path(), CONFIG, options).expect("an empty folder");
    (0..10).for_each(|n| writer.append(&record(n)));
    drop(writer);
    let verified = verify_with(folder.path(), &trusting(&signer())).expect("whole");
    assert!(matches!(verified.ending, Ending::Cut { .. }));
    assert_eq!((verified.summary.records, verified.coverage.records), (10, 6));
    assert!(!verified.coverage.to_the_seal);
}

#[test]
fn a_checkpoint_can_be_asked_for() {
    let folder = Folder::new("asked");
    let options = Options { checkpoint_records: 1_000, ..signed() };
    let mut writer = Writer::create(folder.path(), CONFIG, options).expect("an empty folder");
    (0..4).for_each(|n| writer.append(&record(n)));
    writer.checkpoint();
    writer.append(&record(4));
    drop(writer);
    let verified = verify_with(folder.path(), &trusting(&signer())).expect("whole");
    assert_eq!((verified.summary.records, verified.coverage.records), (5, 4));
}

#[test]
fn a_journal_goes_on_under_its_own_key_only() {
    let folder = Folder::new("resumed-key");
    let mut writer = Writer::create(folder.path(), CONFIG, signed()).expect("an empty folder");
    (0..7).for_each(|n| writer.append(&record(n)));
    drop(writer);
    let other = Options { signer: Some(Signer::from_seed([8; 32])), ..signed() };
    for wrong in [small(), other] {
        let refused = Writer::resume(folder.path(), wrong);
        assert!(matches!(refused, Err(JournalError::Unserviceable { .. })));
    }
    let (mut writer, resumed) = Writer::resume(folder.path(), signed()).expect("its own key");
    (resumed.summary.records..30).for_each(|n| writer.append(&record(n)));
    writer.finish().expect("room");
    let verified = verify_with(folder.path(), &trusting(&signer())).expect("whole");
    assert_eq!((verified.ending, verified.coverage.records), (Ending::Sealed, 30));
}

#[test]
fn a_run_that_died_between_its_last_checkpoint_and_its_seal_goes_on() {
    let folder = Folder::new("unsealed");
    let options = Options { segment_bytes: 1 << 20, ..signed() };
    write(&folder, 10, options.clone());
    let mut bytes = std::fs::read(folder.file()).expect("just written");
    bytes.truncate(bytes.len() - 152);
    std::fs::write(folder.file(), &bytes).expect("room");
    let verified = verify_with(folder.path(), &trusting(&signer())).expect("whole");
    assert!(matches!(verified.ending, Ending::Cut { lost: 0, .. }));
    let (mut writer, resumed) = Writer::resume(folder.path(), options).expect("it was not sealed");
    assert_eq!(resumed.summary.records, 10);
    (10..20).for_each(|n| writer.append(&record(n)));
    writer.finish().expect("room");
    let verified = verify_with(folder.path(), &trusting(&signer())).expect("whole");
    assert_eq!((verified.summary.records, verified.ending), (20, Ending::Sealed));
    assert!(verified.coverage.to_the_seal);
}

#[test]
fn a_key_s_file_is_its_owner_s_and_says_nothing_when_it_is_wrong() {
    let folder = Folder::new("key-file");
    let path = folder.path().join("desk.key");
    let made = Signer::write_new([5; 32], &path).expect("a new file");
    assert_eq!(Signer::read(&path).expect("its own").public(), made.public());
    assert!(Signer::write_new([6; 32], &path).is_err(), "a key is never written over");
    let text = std::fs::read_to_string(&path).expect("readable");
    let secret = "05".repeat(32);
    assert!(text.contains(&secret));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        for open in [0o640, 0o604, 0o660] {
            mode(open).expect("ours");
            let refused = Signer::read(&path).expect_err("others may read it");
            assert!(refused.to_string().contains("chmod 600"), "{refused}");
        }
        mode(0o600).expect("ours");
    }
    std::fs::write(&path, text.replace("05", "zz")).expect("room");
    let refused = Signer::read(&path).expect_err("no key").to_string();
    assert!(refused.ends_with("it is not a private key as `quoin keys new` writes it"), "{refused}");
    // Neither a journal nor its anchor holds the secret.
    let (options, anchor) = anchored(&folder, Options { signer: Some(made), ..signed() });
    write(&folder, 20, options);
    assert!(!std::fs::read_to_string(anchor).expect("there").contains(&secret));
    for file in crate::common::segments(&folder) {
        assert!(!file.windows(32).any(|window| window == [5; 32]));
    }
}

#[test]
fn an_anchor_follows_the_journal_and_is_not_used_twice() {
    let folder = Folder::new("anchor");
    let (options, path) = anchored(&folder, Options { segment_bytes: 1 << 20, ..signed() });
    let mut writer = Writer::create(folder.path(), CONFIG, options.clone()).expect("an empty folder");
    assert_eq!(Anchor::read(&path).expect("at once").checkpoint().records, 0);
    (0..10).for_each(|n| writer.append(&record(n)));
    writer.checkpoint();
    while writer.written() < Some(Seq(6)) {
        writer.health().expect("room");
    }
    writer.finish().expect("room");
    let anchor = Anchor::read(&path).expect("at the end");
    assert!(anchor.checkpoint().last);
    assert_eq!(anchor.checkpoint().records, 10);
    assert_eq!(Anchor::parse(&anchor.to_text()), Ok(anchor));
    let trust = Trust { anchor: Some(anchor), ..trusting(&signer()) };
    verify_with(folder.path(), &trust).expect("as the anchor saw it");
    // Another run with the same anchor: said, not written over.
    let second = Folder::new("anchor-second");
    let refused = Writer::create(second.path(), CONFIG, options.clone());
    assert!(matches!(refused, Err(JournalError::Exists { path: there }) if there == path));
    let alone = Options { signer: None, ..options };
    assert!(matches!(Writer::create(second.path(), CONFIG, alone), Err(JournalError::Unserviceable { .. })));
}

#[test]
fn a_changed_anchor_is_none() {
    let folder = Folder::new("anchor-changed");
    let (options, path) = anchored(&folder, signed());
    write(&folder, 10, options);
    let text = std::fs::read_to_string(&path).expect("there");
    let mut refused = 0;
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        assert!(Anchor::parse(&changed).is_err(), "byte {at}");
        refused += 1;
    }
    assert_eq!(refused, text.len());
    std::fs::write(&path, &text[1..]).expect("room");
    let error = Anchor::read(&path).expect_err("it is none").to_string();
    assert!(error.contains("not an anchor"), "{error}");
}

/// J-13: whoever can delete the journal can put another there, but not sign it.
#[test]
fn j_13_a_replaced_journal_is_refused() {
    let folder = Folder::new("replaced");
    let (options, path) = anchored(&folder, signed());
    write(&folder, 20, options.clone());
    let trust = Trust { anchor: Some(Anchor::read(&path).expect("there")), key: Some(signer().public()) };
    verify_with(folder.path(), &trust).expect("the true one");
    let other = Signer::from_seed([8; 32]);
    let forger = Options { signer: Some(other), anchor: None, replace: true, ..signed() };
    let nobody = Options { signer: None, ..forger.clone() };
    // The same run by somebody without the key; unsigned, or signed by the forger.
    write(&folder, 20, nobody);
    let refused = verify_with(folder.path(), &trusting(&signer()));
    assert!(matches!(refused, Err(JournalError::Unsigned { .. })), "{refused:?}");
    let refused = verify_with(folder.path(), &Trust { key: None, ..trust });
    assert!(matches!(refused, Err(JournalError::RolledBack { .. })), "{refused:?}");
    write(&folder, 20, forger.clone());
    let refused = verify_with(folder.path(), &trust);
    assert!(matches!(refused, Err(JournalError::Untrusted { .. })), "{refused:?}");
    // Another run by the right key: the key alone cannot tell, the anchor can.
    let insider = Options { signer: Some(signer()), ..forger };
    let mut writer = Writer::create(folder.path(), b"another", insider).expect("it is replaced");
    (0..20).for_each(|n| writer.append(&record(n)));
    writer.finish().expect("room");
    verify_with(folder.path(), &trusting(&signer())).expect("signed");
    let refused = verify_with(folder.path(), &trust);
    assert!(matches!(refused, Err(JournalError::Forked { block: 0 })), "{refused:?}");
    std::fs::remove_file(folder.file()).expect("there");
    assert!(verify_with(folder.path(), &trust).is_err());
}

/// J-14: a backup was right once, and goes no further.
#[test]
fn j_14_an_old_backup_is_refused_by_verify_and_by_resume() {
    let folder = Folder::new("backup");
    let (options, path) =
        anchored(&folder, Options { segment_bytes: 1 << 20, durability: Durability::Synced, ..signed() });
    let mut writer = Writer::create(folder.path(), CONFIG, options.clone()).expect("an empty folder");
    let mut backups = Vec::new();
    for n in 0..30 {
        writer.append(&record(n));
        if n % 10 == 9 {
            writer.checkpoint();
            // In the records' own time the anchor follows; wait for it and not for a clock.
            while Anchor::read(&path).expect("always whole").checkpoint().records < n + 1 {
                writer.health().expect("room");
            }
            let backup = std::fs::read(folder.file()).expect("there");
            backups.push((backup, Anchor::read(&path).expect("there")));
        }
    }
    drop(writer);
    let latest = Anchor::read(&path).expect("there");
    let trust = Trust { anchor: Some(latest), ..trusting(&signer()) };
    verify_with(folder.path(), &trust).expect("the present one");
    for (place, (backup, then)) in backups.iter().enumerate().take(2) {
        std::fs::write(folder.file(), backup).expect("room");
        let old = Trust { anchor: Some(*then), ..trust };
        verify_with(folder.path(), &old).expect("it was right once");
        let refused = verify_with(folder.path(), &trust);
        assert!(
            matches!(refused, Err(JournalError::RolledBack { anchored: 30, sealed: false, .. })),
            "backup {place}: {refused:?}"
        );
        let refused = Writer::resume(folder.path(), options.clone()).err();
        assert!(matches!(refused, Some(JournalError::RolledBack { .. })), "backup {place}: {refused:?}");
        assert_eq!(&std::fs::read(folder.file()).expect("there"), backup, "nothing was changed");
    }
    // The present one goes on, and its anchor with it.
    std::fs::write(folder.file(), &backups[2].0).expect("room");
    let (mut writer, _) = Writer::resume(folder.path(), options.clone()).expect("no older than the anchor");
    (30..40).for_each(|n| writer.append(&record(n)));
    writer.finish().expect("room");
    let trust = Trust { anchor: Some(Anchor::read(&path).expect("there")), ..trust };
    assert!(verify_with(folder.path(), &trust).expect("sealed").coverage.to_the_seal);
    // An anchor that is gone is no reason to go on without.
    std::fs::write(folder.file(), &backups[2].0).expect("room");
    std::fs::remove_file(&path).expect("there");
    assert!(matches!(Writer::resume(folder.path(), options), Err(JournalError::Io { .. })));
}
