//! Goal C1: a hundred thousand random mutations of a signed journal, and none passes `verify` with its key and anchor.
//!
//! `QUOIN_MUTATIONS` says how many; the seed is fixed, and a mutation that passes is printed with its number. Beside it the
//! key is tried alone, which shows what the anchor is for.

use crate::common::{CONFIG, Folder, record, segments, signed};
use crate::forger::{Apart, CHECKPOINT, RECORDS, Signing, original, seal};
use journal::{Ending, Options, Trust, Writer, verify_segments};
use std::collections::BTreeMap;
use stdx::Prng;

const SEED: u64 = 20_261_128;
const MUTATIONS: u64 = 14_000;
/// So many are tried without the anchor too.
const WITHOUT_ANCHOR: u64 = 1_400;
const COUNT: u64 = 20;

type Files = Vec<Vec<u8>>;

/// A family of mutations: its name, and how one is drawn. What equals the original is drawn again.
struct Kind(&'static str, fn(&Journal, &mut Prng) -> Files);

const KINDS: &[Kind] = &[
    Kind("flip a bit", flip),
    Kind("flip a bit, mend the checksums", flip_and_mend),
    Kind("delete bytes", delete_bytes),
    Kind("delete a block", delete_block),
    Kind("insert bytes", insert_bytes),
    Kind("insert a block twice", insert_block),
    Kind("swap bytes", swap_bytes),
    Kind("swap blocks", swap_blocks),
    Kind("swap, lose or double a file", shuffle_files),
    Kind("truncate at any byte", truncate),
    Kind("truncate and seal anew", truncate_and_seal),
    Kind("change records and chain anew, without the key", rechain),
    Kind("fork with the owner's key", fork),
    Kind("roll back to an old backup", roll_back),
];

struct Journal {
    files: Files,
    apart: Apart,
    trust: Trust,
    /// What whoever has the owner's key could have written in its place: other records, from some place on.
    forks: Vec<Files>,
    /// The same run, as it was at each moment, sealed there or not.
    backups: Vec<Files>,
}

fn below(chance: &mut Prng, length: usize) -> usize {
    usize::try_from(chance.below(length as u64)).expect("less than a usize")
}

/// A byte of any file, each as likely.
fn place(files: &[Vec<u8>], chance: &mut Prng) -> (usize, usize) {
    let mut at = below(chance, files.iter().map(Vec::len).sum());
    for (number, file) in files.iter().enumerate() {
        if at < file.len() {
            return (number, at);
        }
        at -= file.len();
    }
    unreachable!("it is below the sum")
}

fn flip(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let (file, at) = place(&files, chance);
    files[file][at] ^= 1 << below(chance, 8);
    files
}

fn flip_and_mend(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = flip(journal, chance);
    for (file, parts) in files.iter_mut().zip(&journal.apart.0) {
        let crc = crc32c::crc32c(&file[..20]);
        file[20..24].copy_from_slice(&crc.to_le_bytes());
        let mut at = 24;
        for part in parts {
            let end = at + 104 + part.payload.len();
            let crc = crc32c::crc32c(&file[at + 104..end]);
            file[at + 96..at + 100].copy_from_slice(&crc.to_le_bytes());
            let crc = crc32c::crc32c(&file[at..at + 100]);
            file[at + 100..at + 104].copy_from_slice(&crc.to_le_bytes());
            at = end;
        }
    }
    files
}

fn delete_bytes(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let (file, at) = place(&files, chance);
    let end = files[file].len().min(at + 1 + below(chance, 300));
    files[file].drain(at..end);
    files
}

fn insert_bytes(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let (file, at) = place(&files, chance);
    let at = at + below(chance, 2);
    let count = 1 + below(chance, 200);
    // Of the journal's own, or any.
    let bytes: Vec<u8> = match chance.below(2) {
        0 => files[file].iter().copied().skip(below(chance, at + 1)).take(count).collect(),
        _ => (0..count).map(|_| u8::try_from(chance.below(256)).expect("a byte")).collect(),
    };
    files[file].splice(at..at, bytes);
    files
}

/// Where a block starts and ends.
fn block(journal: &Journal, chance: &mut Prng) -> (usize, usize, usize) {
    let file = below(chance, journal.files.len());
    let which = below(chance, journal.apart.0[file].len());
    let length = |n: &crate::forger::Part| 104 + n.payload.len();
    let start = 24 + journal.apart.0[file][..which].iter().map(length).sum::<usize>();
    (file, start, start + length(&journal.apart.0[file][which]))
}

fn delete_block(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let (file, start, end) = block(journal, chance);
    files[file].drain(start..end);
    files
}

fn insert_block(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let (from, start, end) = block(journal, chance);
    let bytes = files[from][start..end].to_vec();
    let (to, at, _) = block(journal, chance);
    files[to].splice(at..at, bytes);
    files
}

fn swap_bytes(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let length = [1, 8, 64][below(chance, 3)];
    let (file, a) = place(&files, chance);
    let room = files[file].len() - length;
    let (a, b) = (a.min(room), below(chance, room + 1));
    for n in (0..length).filter(|_| a.abs_diff(b) >= length) {
        files[file].swap(a + n, b + n);
    }
    files
}

fn swap_blocks(journal: &Journal, chance: &mut Prng) -> Files {
    let (a, b) = (block(journal, chance), block(journal, chance));
    let (first, second) = if (a.0, a.1) < (b.0, b.1) { (a, b) } else { (b, a) };
    let mut files = journal.files.clone();
    let early = files[first.0][first.1..first.2].to_vec();
    let late = files[second.0][second.1..second.2].to_vec();
    // The later place first, so that the earlier one stays where it is.
    files[second.0].splice(second.1..second.2, early);
    files[first.0].splice(first.1..first.2, late);
    files
}

fn shuffle_files(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let (a, b) = (below(chance, files.len()), below(chance, files.len()));
    match chance.below(3) {
        0 => files.swap(a, b),
        1 => drop(files.remove(a)),
        _ => files.insert(a, files[b].clone()),
    }
    files
}

fn truncate(journal: &Journal, chance: &mut Prng) -> Files {
    let mut files = journal.files.clone();
    let (file, at) = place(&files, chance);
    files.truncate(file + 1);
    files[file].truncate(at);
    files
}

/// Ends the run earlier: at a block, or in one, with all counts and hashes anew.
fn truncate_and_seal(journal: &Journal, chance: &mut Prng) -> Files {
    let mut apart = journal.apart.clone();
    let (file, part, place) = apart.records()[below(chance, COUNT as usize)];
    apart.0.truncate(file + 1);
    apart.0[file].truncate(part + 1);
    apart.0[file][part].payload.truncate(64 * (place + 1));
    // With the last word of the true end, or of another checkpoint, or without.
    let said: Vec<_> = journal.apart.0.iter().flatten().filter(|part| part.kind == CHECKPOINT).collect();
    match chance.below(3) {
        0 => {}
        1 => apart.0[file].push(said[said.len() - 1].clone()),
        _ => apart.0[file].push(said[below(chance, said.len())].clone()),
    }
    apart.0[file].push(seal());
    let signing = signing(chance);
    apart.together(signing)
}

fn signing(chance: &mut Prng) -> Signing {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&chance.below(u64::MAX).to_le_bytes());
    match chance.below(4) {
        0 => Signing::Old,
        1 => Signing::Own(seed),
        2 => Signing::UnderTheOwnersName(seed),
        _ => Signing::Dropped,
    }
}

/// Changes, removes, adds or swaps records, then makes all counts, hashes and checksums fit.
fn rechain(journal: &Journal, chance: &mut Prng) -> Files {
    let mut apart = journal.apart.clone();
    let places = apart.records();
    let (file, part, place) = places[below(chance, places.len())];
    let other = record(1_000 + chance.below(1_000_000)).to_bytes();
    let payload = &mut apart.0[file][part].payload;
    let (start, end) = (64 * place, 64 * (place + 1));
    match chance.below(4) {
        0 => payload[start..end].copy_from_slice(&other),
        1 if payload.len() > 64 => drop(payload.drain(start..end)),
        2 => {
            let (file, part, place) = places[below(chance, places.len())];
            let there = apart.0[file][part].payload[64 * place..64 * (place + 1)].to_vec();
            apart.0[places[0].0][places[0].1].payload[..64].copy_from_slice(&there);
        }
        _ => drop(payload.splice(start..start, other)),
    }
    let signing = signing(chance);
    apart.together(signing)
}

fn fork(journal: &Journal, chance: &mut Prng) -> Files {
    journal.forks[below(chance, journal.forks.len())].clone()
}

fn roll_back(journal: &Journal, chance: &mut Prng) -> Files {
    journal.backups[below(chance, journal.backups.len())].clone()
}

/// The same run written by the owner's own hand, with other records from `from` on, or ended there.
fn variant(name: &str, from: u64, other: Option<u64>, end: bool) -> Files {
    let folder = Folder::new(name);
    let options = Options { segment_bytes: 1_500, ..signed() };
    let mut writer = Writer::create(folder.path(), CONFIG, options).expect("an empty folder");
    (0..from).for_each(|n| writer.append(&record(n)));
    if let Some(other) = other {
        (from..COUNT).for_each(|n| writer.append(&record(n + other)));
    }
    if end {
        writer.finish().expect("room");
    } else {
        writer.checkpoint();
        drop(writer);
    }
    segments(&folder)
}

fn journal() -> Journal {
    let (files, trust) = original("mutations", COUNT);
    let forks = (0..COUNT).map(|from| variant("fork", from, Some(400 + from * 4), from % 2 == 0)).collect();
    let mut backups: Vec<Files> = (0..COUNT)
        .flat_map(|to| [variant("backup", to, None, true), variant("backup", to, None, false)])
        .collect();
    backups.push(variant("backup", COUNT, None, false));
    Journal { apart: Apart::of(&files), files, trust, forks, backups }
}

#[test]
fn no_mutation_of_a_signed_journal_is_believed() {
    let count = std::env::var("QUOIN_MUTATIONS").map_or(MUTATIONS, |n| n.parse().expect("a number"));
    let journal = journal();
    let kinds = journal.apart.0.iter().flatten().filter(|part| part.kind == RECORDS).count();
    assert!(kinds > 3, "there is something to change");
    verify_segments(journal.files.clone(), &journal.trust).expect("the original");
    // On all the cores there are: each mutation has chance of its own.
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let tried = std::thread::scope(|scope| {
        let part = |thread: u64| {
            let journal = &journal;
            scope.spawn(move || mutate(journal, (thread..count).step_by(threads as usize)))
        };
        let running: Vec<_> = (0..threads).map(part).collect();
        running.into_iter().map(|thread| thread.join().expect("no mutation passes")).collect::<Vec<_>>()
    });
    let mut table: BTreeMap<&str, Tried> = BTreeMap::new();
    for (name, tried) in tried.into_iter().flatten() {
        let row = table.entry(name).or_default();
        row.found += tried.found;
        row.believed_without_anchor += tried.believed_without_anchor;
    }
    assert_eq!(table.values().map(|row| row.found).sum::<u64>(), count);
    for (name, row) in &table {
        eprintln!("{name:48} {:>7} of {:>7} found", row.found, row.found);
    }
    let old = table["roll back to an old backup"].believed_without_anchor;
    assert!(old > 0 || count < WITHOUT_ANCHOR, "a backup is as good as the original, but for the anchor");
}

/// What became of a family.
#[derive(Clone, Copy, Default)]
struct Tried {
    found: u64,
    believed_without_anchor: u64,
}

/// Tries these; panics with the number of one that is believed.
fn mutate(journal: &Journal, numbers: impl Iterator<Item = u64>) -> BTreeMap<&'static str, Tried> {
    let key_alone = Trust { anchor: None, ..journal.trust };
    let mut tried = BTreeMap::new();
    for number in numbers {
        let Kind(name, draw) = KINDS[usize::try_from(number).expect("64 bits") % KINDS.len()];
        let mut chance = Prng::new(SEED ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mutant = std::iter::repeat_with(|| draw(journal, &mut chance))
            .find(|mutant| *mutant != journal.files)
            .expect("it is drawn until it differs");
        let row: &mut Tried = tried.entry(name).or_default();
        if number < WITHOUT_ANCHOR
            && let Ok(believed) = verify_segments(mutant.clone(), &key_alone)
        {
            // What is right in itself and not the latest: no signature in a file tells. But a seal is the owner's.
            let by_the_owner = name.starts_with("fork") || name.starts_with("roll back");
            assert!(by_the_owner || believed.ending != Ending::Sealed, "mutation {number} ({name})");
            row.believed_without_anchor += 1;
        }
        let believed = verify_segments(mutant, &journal.trust);
        assert!(believed.is_err(), "seed {SEED}, mutation {number} ({name}) was believed: {believed:?}");
        row.found += 1;
    }
    tried
}
