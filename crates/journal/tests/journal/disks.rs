//! The journal on disks that misbehave: what was told as written is there afterwards, and what went wrong is said.

use crate::common::{CONFIG, Folder, assert_prefix, drain, record, signed, signer, small};
use crate::disk::{BadDisk, Faults, segments_of};
use journal::{
    Anchor, Disk, Durability, Ending, JournalError, Options, Reader, Sink, Trust, Writer, verify_segments,
    verify_with,
};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stdx::Prng;
use types::Seq;
use types::record::Record;

const SEED: u64 = 4_711;
const COUNT: u64 = 60;

fn first() -> PathBuf {
    PathBuf::from("disk/journal.qj")
}

fn anchor() -> PathBuf {
    PathBuf::from("safe/anchor")
}

/// Flushed, signed, in several files, with an anchor.
fn careful() -> Options {
    Options {
        durability: Durability::Synced,
        anchor: Some(anchor()),
        poll: std::time::Duration::from_micros(20),
        ..signed()
    }
}

fn anchor_of(image: &BTreeMap<PathBuf, Vec<u8>>) -> Option<Anchor> {
    let text = String::from_utf8(image.get(&anchor())?.clone()).expect("an anchor is text");
    Some(Anchor::parse(&text).expect("an anchor is whole at any moment"))
}

fn trust_of(image: &BTreeMap<PathBuf, Vec<u8>>) -> Trust {
    Trust { key: Some(signer().public()), anchor: anchor_of(image) }
}

/// Runs on `disk` until its end or the disk's; answers what was last told as written.
fn run(disk: &BadDisk, options: Options, chance: &mut Prng) -> (Option<Seq>, Option<JournalError>) {
    let mut writer = match Writer::create_on(Box::new(disk.clone()), first(), CONFIG, options) {
        Ok(writer) => writer,
        Err(error) => return (None, Some(error)),
    };
    for n in 0..COUNT {
        writer.append(&record(n));
        // An input's answer is appended before anybody says that there are no more.
        if chance.below(3) == 0 && n % 4 != 2 {
            writer.flush();
            // Sometimes somebody waits for the gate, sometimes more queues up.
            let waits = chance.below(2) == 0;
            while waits && writer.written() < Some(record(n).seq()) && writer.health().is_ok() {
                std::thread::yield_now();
            }
        }
        if writer.health().is_err() {
            break;
        }
    }
    writer.flush();
    while writer.written() < Some(record(COUNT - 1).seq()) && writer.health().is_ok() {
        std::thread::yield_now();
    }
    let (told, health) = (writer.written(), writer.health().err());
    let failed = writer.finish().err();
    (told, failed.or(health))
}

/// Everything told is there: each input up to `told` and its answers, once, in order.
fn assert_kept(records: &[Record], told: Option<Seq>, context: &str) {
    assert_prefix(records, context);
    let Some(told) = told else { return };
    let due = (0..COUNT).take_while(|n| record(*n).seq() <= told).count();
    assert!(records.len() >= due, "{context}: {} records, and {due} were told", records.len());
}

/// R4: a thousand power cuts, each of which keeps any part of what was not flushed. `QUOIN_POWER_CUTS` says how many.
#[test]
fn j_02_a_power_cut_tears_nothing_that_was_told() {
    let cuts = std::env::var("QUOIN_POWER_CUTS").map_or(120, |n| n.parse().expect("a number"));
    let (mut torn, mut told_in_all) = (0_u64, 0_u64);
    let folder = Folder::new("power");
    for cut in 0..cuts {
        let context = format!("seed {SEED}, cut {cut}");
        let mut chance = Prng::new(SEED + cut);
        let options = Options {
            block_records: 1 + usize::try_from(chance.below(8)).expect("small"),
            blocks: 2 + usize::try_from(chance.below(4)).expect("small"),
            ..careful()
        };
        let at = chance.below(200);
        let disk = BadDisk::with(Faults { power_cut_at: Some(at), ..Faults::default() });
        let (told, _) = run(&disk, options.clone(), &mut chance);
        let image = disk.after_power_cut(&mut chance);
        let files = segments_of(&image);
        let Some(told) = told else { continue };
        told_in_all += 1;
        let trust = trust_of(&image);
        let reader = Reader::from_segments(files.clone(), &trust).expect("it had begun");
        let (records, ending) = drain(reader);
        let ending = ending.unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_kept(&records, Some(told), &context);
        torn += u64::from(matches!(ending, Ending::Cut { lost: 1.., .. }));
        // On a real disk, now and then: cut off, gone on with, proved against the anchor.
        if cut % 8 == 0 && ending != Ending::Sealed {
            go_on(&folder, &image, options, &context);
        }
    }
    eprintln!(
        "{cuts} power cuts, {told_in_all} after something was told, {torn} tore a block: nothing told was lost"
    );
    assert!(told_in_all * 2 > cuts && torn > 0, "{told_in_all} told, {torn} torn: that tests nothing");
}

fn go_on(folder: &Folder, image: &BTreeMap<PathBuf, Vec<u8>>, options: Options, context: &str) {
    for entry in fs::read_dir(folder.path()).expect("ours") {
        fs::remove_file(entry.expect("ours").path()).expect("ours");
    }
    for (name, bytes) in image {
        fs::write(folder.path().join(name.file_name().expect("a file")), bytes).expect("room");
    }
    let kept = folder.path().join("anchor");
    let options = Options { anchor: Some(kept.clone()), ..options };
    let (mut writer, resumed) =
        Writer::resume(folder.path(), options).unwrap_or_else(|e| panic!("{context}: {e}"));
    (resumed.summary.records..COUNT).for_each(|n| writer.append(&record(n)));
    writer.finish().expect("room");
    let trust = Trust { key: Some(signer().public()), anchor: Some(Anchor::read(&kept).expect("written")) };
    let verified = verify_with(folder.path(), &trust).unwrap_or_else(|e| panic!("{context}: {e}"));
    assert_eq!((verified.summary.records, verified.ending), (COUNT, Ending::Sealed), "{context}");
    let (records, _) = drain(Reader::open(folder.path()).expect("proved"));
    assert_prefix(&records, context);
}

/// How many writes a whole run makes: each is lost, or put elsewhere, in turn.
fn writes_of_a_run(options: &Options) -> u64 {
    let disk = BadDisk::default();
    let (told, failed) = run(&disk, options.clone(), &mut Prng::new(SEED));
    assert!(told == Some(record(COUNT - 1).seq()) && failed.is_none(), "{told:?} {failed:?}");
    let image = disk.image();
    let verified = verify_segments(segments_of(&image), &trust_of(&image)).expect("a good disk");
    assert_eq!((verified.ending, verified.coverage.to_the_seal), (Ending::Sealed, true));
    disk.state().writes
}

#[test]
fn j_03_a_bit_that_rots_in_any_sector_is_found() {
    let disk = BadDisk::default();
    run(&disk, careful(), &mut Prng::new(SEED));
    let image = disk.image();
    let (files, trust) = (segments_of(&image), trust_of(&image));
    for (number, file) in files.iter().enumerate() {
        for bit in (0..file.len() * 8).step_by(61) {
            let mut rotten = files.clone();
            rotten[number][bit / 8] ^= 1 << (bit % 8);
            assert!(verify_segments(rotten.clone(), &trust).is_err(), "file {number}, bit {bit}");
            let (records, _) = match Reader::from_segments(rotten, &Trust::default()) {
                Ok(reader) => drain(reader),
                Err(error) => (Vec::new(), Err(error)),
            };
            assert_prefix(&records, "what is read before the damage");
        }
    }
}

#[test]
fn j_04_a_write_that_lands_elsewhere_is_found() {
    // Without a wait for the gate nothing depends on when the disk is done: blocks of three, one write each.
    let options = Options { durability: Durability::Written, ..careful() };
    let writes = writes_of_a_run(&options);
    let mut found = BTreeMap::<bool, u64>::new();
    for write in 1..=writes {
        for by in [-400, -104, -64, 64, 104, 512, 4_096] {
            let disk = BadDisk::with(Faults { misdirect_write: Some((write, by)), ..Faults::default() });
            run(&disk, options.clone(), &mut Prng::new(SEED));
            let (image, intact) = (disk.image(), writes);
            let Ok(anchor) = std::panic::catch_unwind(|| anchor_of(&image)) else {
                // It was the anchor's own: that is said too.
                continue;
            };
            let trust = Trust { key: Some(signer().public()), anchor };
            let verified = verify_segments(segments_of(&image), &trust);
            // The anchor is written so often that a misplaced one is written over; then the journal is whole.
            let whole = verified.is_ok_and(|v| v.ending == Ending::Sealed && v.summary.records == COUNT);
            *found.entry(!whole).or_default() += 1;
            if whole {
                let journal_writes = segments_of(&image).iter().map(Vec::len).sum::<usize>();
                assert!(journal_writes > 0 && write <= intact);
                assert_same_as_good(&image, &options);
            }
        }
    }
    assert!(found[&true] > writes, "{found:?} of {writes} writes");
}

/// The journal's files are, byte for byte, what a good disk has.
fn assert_same_as_good(image: &BTreeMap<PathBuf, Vec<u8>>, options: &Options) {
    let good = BadDisk::default();
    run(&good, options.clone(), &mut Prng::new(SEED));
    assert!(segments_of(image) == segments_of(&good.image()), "believed and different");
}

#[test]
fn j_05_a_write_that_was_acknowledged_and_lost_is_found() {
    let options = Options { durability: Durability::Written, ..careful() };
    let writes = writes_of_a_run(&options);
    let mut found = 0;
    for write in 1..=writes {
        let disk = BadDisk::with(Faults { lose_write: Some(write), ..Faults::default() });
        run(&disk, options.clone(), &mut Prng::new(SEED));
        let image = disk.image();
        let Ok(anchor) = std::panic::catch_unwind(|| anchor_of(&image)) else { continue };
        let trust = Trust { key: Some(signer().public()), anchor };
        if verify_segments(segments_of(&image), &trust).is_ok() {
            assert_same_as_good(&image, &options);
        } else {
            found += 1;
        }
    }
    assert!(found > COUNT / 3, "{found} of {writes}: each block of three, and more");
}

#[test]
fn j_06_after_a_flush_that_failed_nothing_is_written_flushed_or_told() {
    let mut stopped = 0;
    for sync in 1..40 {
        let disk = BadDisk::with(Faults { fail_sync: Some(sync), ..Faults::default() });
        let (told, failed) = run(&disk, careful(), &mut Prng::new(SEED));
        let Some(failed) = failed else { continue };
        stopped += 1;
        let JournalError::Io { source, .. } = &failed else { panic!("sync {sync}: {failed}") };
        assert_eq!(source.raw_os_error(), Some(5), "sync {sync}: {failed}");
        let state = disk.state();
        assert_eq!(state.syncs, sync, "no second try");
        drop(state);
        // The pages are gone, whatever the system said of them later: what was told is there without.
        let image = disk.after_power_cut(&mut Prng::new(sync));
        let (records, _) = match Reader::from_segments(segments_of(&image), &Trust::default()) {
            Ok(reader) => drain(reader),
            Err(error) => (Vec::new(), Err(error)),
        };
        assert_kept(&records, told, &format!("sync {sync}"));
    }
    assert!(stopped > 20, "{stopped}");
}

/// J-08: the disk is slower than the run, for as long as it likes.
#[test]
fn j_08_behind_a_slow_disk_the_queue_is_bounded_and_told() {
    const BLOCKS: u64 = 4;
    const RECORDS: u64 = 3;
    const NOT_YET: u64 = u64::MAX;
    /// Flushes only once more has come, and looks long whether too much comes.
    struct Slow(Arc<AtomicU64>, u64);
    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Sink for Slow {
        fn sync(&mut self) -> io::Result<()> {
            let appended = || self.0.load(Ordering::Acquire);
            let before = self.1;
            if appended() == NOT_YET {
                return Ok(());
            }
            while appended() < (before + RECORDS).min(1_000) {
                std::thread::yield_now();
            }
            for _ in 0..2_000 {
                // What is being flushed, what waits for it, and the one that `append` was called with.
                let most = before + 2 * BLOCKS * RECORDS + 1;
                assert!(appended() <= most, "{} appended, {before} before", appended());
                std::thread::yield_now();
            }
            self.1 = appended();
            Ok(())
        }
    }
    struct SlowDisk(Arc<AtomicU64>);
    impl Disk for SlowDisk {
        fn create(&mut self, _: &Path) -> io::Result<Box<dyn Sink>> {
            Ok(Box::new(Slow(Arc::clone(&self.0), 0)))
        }
        fn rename(&mut self, _: &Path, _: &Path) -> io::Result<()> {
            Ok(())
        }
        fn sync_folder(&mut self, _: &Path) -> io::Result<()> {
            Ok(())
        }
    }
    // The beginning is flushed before anything can be appended.
    let appended = Arc::new(AtomicU64::new(NOT_YET));
    let options = Options {
        block_records: usize::try_from(RECORDS).expect("small"),
        blocks: usize::try_from(BLOCKS).expect("small"),
        durability: Durability::Synced,
        ..small()
    };
    let disk = Box::new(SlowDisk(Arc::clone(&appended)));
    let mut writer = Writer::create_on(disk, first(), CONFIG, options).expect("slow and willing");
    appended.store(0, Ordering::Release);
    let mut behind = 0;
    for n in 0..1_000 {
        writer.append(&record(n));
        appended.fetch_add(1, Ordering::AcqRel);
        behind = behind.max(writer.backlog());
    }
    assert!(writer.stalls() > 10, "{} waits", writer.stalls());
    assert!((BLOCKS..=2 * BLOCKS).contains(&behind), "{behind} blocks behind");
    assert_eq!(writer.finish().expect("it never refused").records, 1_000);
}

#[test]
fn j_09_short_and_interrupted_writes_are_finished() {
    let options = Options { durability: Durability::Written, ..careful() };
    let good = BadDisk::default();
    run(&good, options.clone(), &mut Prng::new(SEED));
    for seed in 0..20 {
        let disk = BadDisk::with(Faults { stutter: Some(seed), ..Faults::default() });
        let (told, failed) = run(&disk, options.clone(), &mut Prng::new(SEED));
        assert!(told.is_some() && failed.is_none(), "seed {seed}: {failed:?}");
        assert!(disk.state().writes > 2 * good.state().writes, "seed {seed}: it stuttered");
        assert!(segments_of(&disk.image()) == segments_of(&good.image()), "seed {seed}");
    }
}

/// J-15: a file's name and a rename are there after a power cut, and the test sees it when they are not.
#[test]
fn j_15_names_and_renames_survive_a_power_cut_at_any_moment() {
    let kept = |forget_names: bool, at: Option<u64>| {
        let disk = BadDisk::with(Faults { forget_names, power_cut_at: at, ..Faults::default() });
        let mut chance = Prng::new(SEED);
        let (told, _) = run(&disk, careful(), &mut chance);
        // Of names that were not flushed, none: the worst that can be.
        let image = disk.after_power_cut(&mut chance);
        let (records, trust) = (told, trust_of(&image));
        let verified = verify_segments(segments_of(&image), &trust);
        let due = told.map_or(0, |told| (0..COUNT).take_while(|n| record(*n).seq() <= told).count() as u64);
        let anchored = records.is_none() || trust.anchor.is_some();
        anchored && (told.is_none() || verified.is_ok_and(|verified| verified.summary.records >= due))
    };
    for at in (0..220).step_by(3).map(Some).chain([None]) {
        assert!(kept(false, at), "cut at {at:?}");
    }
    // A writer that did not flush the folder would not pass.
    let lost = (20..220).step_by(10).filter(|at| !kept(true, Some(*at))).count();
    assert!(lost > 10, "only {lost} of 20 were noticed");
}
