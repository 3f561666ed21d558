//! Snapshots as files, and the restart that begins with one: whatever happens to the newest, the engine at the end is the
//! one that never stopped.

mod common;

use common::{Planted, Tape, engine_with, generated, tape};
use engine::{Engine, StateHash};
use journal::{Options, Writer};
use runtime::backtest::Observer;
use runtime::replay::ReplayError;
use runtime::restart::{self, Restarted, restart};
use runtime::snapshot::{Cadence, Edge, FOLDER_NAME, Folder, Refused, Snapshot, Store};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use stdx::Prng;
use types::record::Record;
use types::{Command, Event, Input, PersonId, Seq};

const CONFIG: &str = "[trading]\nstrategy = \"glft\"\n";

fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("snapshots-{name}"));
    let _ = fs::remove_dir_all(&dir);
    dir
}

fn hash(engine: &Engine) -> StateHash {
    engine.state_hash(&mut Vec::new()).expect("it can be saved")
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

fn again(dir: &Path, snapshots: bool) -> Result<Restarted, ReplayError> {
    restart(dir, &runtime::Setup::engine, snapshots, &mut Nobody, &mut |_| {})
}

/// Journals the tape as a desk does, with a snapshot behind each of `at` inputs; the engine at the end, and the bytes of
/// the snapshots.
fn run(dir: &Path, tape: &Tape, at: &[usize]) -> (Engine, Vec<Vec<u8>>) {
    let config = tape.setup.to_json();
    let mut writer = Writer::create(dir, config.as_bytes(), Options::default()).expect("writable");
    let mut store = Store::open(dir, 10).expect("writable");
    let (mut engine, mut edge) = (tape.setup.engine().expect("ours"), Edge::default());
    let (mut answers, mut files) = (Vec::new(), Vec::new());
    for (number, input) in tape.inputs.iter().enumerate() {
        answers.clear();
        engine.step(input, &mut answers);
        writer.append(&Record::Input(*input));
        for &command in &answers {
            writer.append(&Record::Command { seq: input.seq, at: input.received_at, command });
        }
        edge.on_step(input, &answers, &engine);
        if at.contains(&number) {
            let config = *blake3::hash(config.as_bytes()).as_bytes();
            let snapshot = Snapshot::take(config, &edge, &engine).expect("it can be saved");
            files.push(snapshot.to_bytes());
            store.write(snapshot.place, files.last().expect("just made")).expect("writable");
        }
    }
    writer.finish().expect("sealed");
    (engine, files)
}

fn newest(dir: &Path) -> PathBuf {
    let names = Store::open(dir, 10).and_then(|store| store.names()).expect("readable");
    dir.join(FOLDER_NAME).join(&names[0])
}

#[test]
fn a_restart_from_any_snapshot_is_the_engine_that_never_stopped() {
    let tape = tape(vec![generated(5, 2, 1_000)], CONFIG);
    let count = tape.inputs.len();
    let (dir, mut prng) = (folder("any"), Prng::new(5));
    let at: Vec<usize> = (0..6)
        .map(|_| usize::try_from(prng.below(count as u64)).expect("fits"))
        .chain([0, count - 1])
        .collect();
    let (engine, files) = run(&dir, &tape, &at);
    assert_eq!(files.len(), 8);
    let whole = again(&dir, false).expect("readable");
    assert_eq!((whole.from, whole.replayed.divergence), (None, None));
    assert_eq!(hash(&whole.replayed.engine), hash(&engine));
    let mut tails = Vec::new();
    for _ in 0..files.len() {
        let restarted = again(&dir, true).expect("readable");
        let place = restarted.from.expect("there is a snapshot");
        assert_eq!(restarted.replayed.divergence, None);
        assert_eq!(hash(&restarted.replayed.engine), hash(&engine));
        assert_eq!(
            (restarted.edge.place(), restarted.edge.timers()),
            (whole.edge.place(), whole.edge.timers())
        );
        assert_eq!(restarted.replayed.totals.inputs, count as u64 - 1 - place.seq.0);
        tails.push(restarted.replayed.totals.inputs);
        fs::remove_file(newest(&dir)).expect("it was the newest");
    }
    assert!(tails.is_sorted() && tails[0] == 0, "{tails:?}");
}

#[test]
fn j_10_a_damaged_snapshot_is_passed_over_for_an_older_one_and_a_longer_tail() {
    let tape = tape(vec![generated(6, 1, 0)], CONFIG);
    let (dir, count) = (folder("damaged"), tape.inputs.len());
    let (engine, files) = run(&dir, &tape, &[count / 3, count / 2]);
    let (path, whole) = (newest(&dir), files.last().expect("two"));
    let mut prng = Prng::new(3);
    for round in 0..12 {
        let mut bytes = whole.clone();
        let at = usize::try_from(prng.below(bytes.len() as u64)).expect("fits");
        if round % 3 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << prng.below(8);
        }
        fs::write(&path, &bytes).expect("writable");
        let restarted = again(&dir, true).expect("the older one is whole");
        assert_eq!(restarted.passed_over.len(), 1, "byte {at} of {}", bytes.len());
        assert_eq!(restarted.from.map(|place| place.seq), Some(Seq(count as u64 / 3)));
        assert_eq!(hash(&restarted.replayed.engine), hash(&engine));
    }
    // Every single bit of the whole file counts.
    for at in (0..whole.len()).step_by(whole.len() / 2_000 + 1) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(Snapshot::from_bytes(&bytes).is_err(), "byte {at}");
    }
    // Without any whole one, all of the journal is the tail.
    fs::write(&path, b"QUOINSNP").expect("writable");
    fs::remove_file(newest(&dir)).expect("there");
    fs::write(newest(&dir), b"").expect("writable");
    let restarted = again(&dir, true).expect("the journal is whole");
    assert_eq!((restarted.from, restarted.passed_over.len()), (None, 1));
    assert_eq!(hash(&restarted.replayed.engine), hash(&engine));
}

#[test]
fn j_11_a_snapshot_of_a_newer_program_is_refused_by_name_and_one_of_an_older_replayed_around() {
    let tape = tape(vec![generated(6, 1, 0)], CONFIG);
    let dir = folder("versions");
    let (engine, files) = run(&dir, &tape, &[500]);
    for (at, what) in [(8, "form"), (12, "state")] {
        let mut newer = files[0].clone();
        newer[at] += 1;
        assert!(
            matches!(Snapshot::from_bytes(&newer), Err(Refused::Newer { what: found, .. }) if found == what)
        );
        let mut older = files[0].clone();
        older[at] -= 1;
        assert!(
            matches!(Snapshot::from_bytes(&older), Err(Refused::Older { what: found, .. }) if found == what)
        );
        fs::write(newest(&dir), &newer).expect("writable");
        let restarted = again(&dir, true).expect("the journal is whole");
        let refusal = restarted.passed_over[0].1.to_string();
        assert!(refusal.contains("a newer Quoin wrote it"), "{refusal}");
        assert_eq!(hash(&restarted.replayed.engine), hash(&engine));
    }
}

#[test]
fn a_snapshot_of_another_run_another_journal_or_more_than_the_journal_is_passed_over() {
    let (one, two) = (tape(vec![generated(6, 1, 0)], CONFIG), tape(vec![generated(7, 1, 0)], CONFIG));
    let other = tape(vec![generated(6, 1, 0)], "[trading]\nstrategy = \"joined_touch\"\n");
    let (dir, elsewhere) = (folder("mine"), folder("elsewhere"));
    let (engine, _) = run(&dir, &one, &[900]);
    let longer = Tape { setup: one.setup.clone(), inputs: [&one.inputs[..], &one.inputs[..9]].concat() };
    type Due = fn(&Refused) -> bool;
    let cases: [(&Tape, usize, Due); 3] = [
        (&two, 5_000, |refused| matches!(refused, Refused::OtherJournal | Refused::OtherRun)),
        (&other, 5_000, |refused| matches!(refused, Refused::OtherRun)),
        (&longer, longer.inputs.len() - 1, |refused| matches!(refused, Refused::Ahead { .. })),
    ];
    for (tape, at, due) in cases {
        let _ = fs::remove_dir_all(&elsewhere);
        let (_, files) = run(&elsewhere, tape, &[at]);
        let place = Snapshot::from_bytes(&files[0]).expect("whole").place;
        let mut store = Store::open(&dir, 10).expect("writable");
        store.write(place, &files[0]).expect("writable");
        let restarted = again(&dir, true).expect("the older one is whole");
        let (name, refused) = &restarted.passed_over[0];
        assert!(due(refused), "{name}: {refused}");
        assert_eq!(restarted.from.map(|place| place.seq), Some(Seq(900)));
        assert_eq!(hash(&restarted.replayed.engine), hash(&engine));
        fs::remove_file(newest(&dir)).expect("it was the newest");
    }
}

#[test]
fn j_16_a_poisoned_input_stops_every_replay_until_two_people_let_it_be_passed_over() {
    let tape = tape(vec![generated(8, 1, 0)], CONFIG);
    let traded = tape.setup.traded()[0];
    let is_heard = |input: &&Input| matches!(input.event, Event::Trade(trade) if trade.instrument == traded);
    let trade = *tape.inputs.iter().filter(is_heard).nth(20).expect("it trades");
    let planted = Planted { at: trade.received_at };
    let make = |setup: &runtime::Setup| Ok(engine_with(setup, planted));
    let dir = folder("poison");
    // A desk that journals first: the poison is in, its answers are not, and nothing is behind it.
    let mut writer =
        Writer::create(&dir, tape.setup.to_json().as_bytes(), Options::default()).expect("writable");
    let mut engine = engine_with(&tape.setup, planted);
    let (mut answers, mut poison) = (Vec::new(), None);
    for input in &tape.inputs {
        writer.append(&Record::Input(*input));
        answers.clear();
        if let Err(found) = runtime::poison::step(&mut engine, input, &mut answers) {
            poison = Some(found);
            break;
        }
        for &command in &answers {
            writer.append(&Record::Command { seq: input.seq, at: input.received_at, command });
        }
    }
    drop(writer);
    let poison = poison.expect("the strategy breaks on that trade");
    assert_eq!((poison.input.received_at, poison.said.as_str()), (trade.received_at, "a planted bug"));
    let run = || restart(&dir, &make, true, &mut Nobody, &mut |_| {});
    for _ in 0..2 {
        match run() {
            Err(ReplayError::Poison(again)) => assert_eq!(again, poison),
            other => panic!("{other:?}"),
        }
    }
    // One person is not enough, nor is another input; two with a reason are.
    let seq = poison.input.seq;
    let skip = |seq, reason, people| {
        restart::skip(&dir, &make, Options::default(), (seq, reason), people)
            .map_err(|error| error.to_string())
    };
    let people = (PersonId(1), PersonId(2));
    assert!(skip(seq, "alone", (PersonId(1), PersonId(1))).is_err());
    assert!(skip(seq, "", people).is_err());
    assert!(skip(Seq(seq.0 - 1), "another", people).is_err());
    assert!(matches!(run(), Err(ReplayError::Poison(_))));
    skip(seq, "a planted bug, looked at by both", people).expect("both agree");
    let (one, two) = (run().expect("it is passed over"), run().expect("it is passed over"));
    assert_eq!(one.replayed.divergence, None);
    assert!(one.skips.has(seq) && hash(&one.replayed.engine) == hash(&two.replayed.engine));
    assert!(skip(seq, "again", people).is_err(), "nothing breaks any more");
    // What is passed over is passed over whole: an engine that never heard of it is the same.
    let mut without = engine_with(&tape.setup, planted);
    let mut reader = journal::Reader::open(&dir).expect("readable");
    let mut records = Vec::new();
    while reader.next_block(&mut records).expect("whole") {
        for record in &records {
            if let Record::Input(input) = record
                && input.seq != seq
            {
                without.step(input, &mut answers);
            }
        }
    }
    assert_eq!(hash(&without), hash(&one.replayed.engine));
}

/// A folder in memory whose power can go between any two acts.
#[derive(Clone, Debug, Default)]
struct Fragile {
    files: Vec<Vec<u8>>,
    names: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// Acts left before the power goes, or before the disk says no.
    acts: Option<usize>,
    /// What it forgets to do, to prove that the test would see it.
    forgets_names: bool,
}

impl Fragile {
    fn act(&mut self) -> io::Result<()> {
        match &mut self.acts {
            Some(0) => Err(io::ErrorKind::StorageFull.into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// After the power was gone: each name that was not durable is as it was, or as it was last, by chance.
    fn reboot(&self, prng: &mut Prng) -> Self {
        let mut names = self.durable.clone();
        for name in self.names.keys().chain(self.durable.keys()) {
            if prng.chance(0.5) {
                match self.names.get(name) {
                    Some(file) => names.insert(name.clone(), *file),
                    None => names.remove(name),
                };
            }
        }
        Self { durable: names.clone(), names, acts: None, ..self.clone() }
    }
}

impl Folder for Fragile {
    fn write_durably(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.names.insert(name.into(), self.files.len());
        self.files.push(bytes[..bytes.len() / 2].to_vec());
        self.act()?;
        let last = self.files.len() - 1;
        self.files[last] = bytes.to_vec();
        self.act()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.act()?;
        let file = self.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.names.insert(to.into(), file);
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        self.act()?;
        if !self.forgets_names {
            self.durable = self.names.clone();
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.act()?;
        self.names.remove(name).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.names
            .get(name)
            .map(|file| self.files[*file].clone())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Snapshots that differ in their place.
fn small(records: u64) -> Snapshot {
    let edge =
        Edge::at(runtime::snapshot::Place { records, seq: Seq(records), at: types::Nanos(0), trail: 0 }, &[]);
    let state = vec![7; 300];
    Snapshot {
        config: [0; 32],
        place: edge.place(),
        timers: edge.timers(),
        hash: StateHash::of(&state),
        state,
    }
}

/// The newest whole one.
fn standing(folder: &Fragile) -> u64 {
    let store = Store::over(folder.clone(), 2);
    let whole = store.read_all().expect("readable").find_map(|(_, read)| read.ok());
    whole.map_or(0, |snapshot| snapshot.place.records)
}

/// Lets the power go after each number of acts; how often a snapshot that was said to be kept was not, and how often none
/// that had been kept before was there.
fn losses(forgets_names: bool) -> (u32, u32) {
    let (mut broken_word, mut lost_old) = (0, 0);
    for seed in 0..40 {
        let mut prng = Prng::new(seed);
        for acts in 0..8 {
            let mut store = Store::over(Fragile { forgets_names, ..Fragile::default() }, 2);
            for records in [1, 2, 3] {
                store.write(small(records).place, &small(records).to_bytes()).expect("nothing fails yet");
            }
            let mut folder = store.into_folder();
            folder.acts = Some(acts);
            let mut store = Store::over(folder, 2);
            let said = store.write(small(4).place, &small(4).to_bytes());
            let left = standing(&store.into_folder().reboot(&mut prng));
            broken_word += u32::from(said.is_ok() && left != 4);
            lost_old += u32::from(left < 3);
        }
    }
    (broken_word, lost_old)
}

#[test]
fn j_15_a_snapshot_that_is_said_to_be_kept_survives_a_power_cut_for_its_name_is_durable() {
    assert_eq!(losses(false), (0, 0));
    // Without the directory's flush the same test sees both go.
    let (broken_word, lost_old) = losses(true);
    assert!(broken_word > 0 && lost_old > 0, "{broken_word}, {lost_old}: this test cannot fail");
}

#[test]
fn j_07_a_snapshot_that_does_not_fit_leaves_the_old_ones_as_they_were() {
    for acts in 0..4 {
        let mut store = Store::over(Fragile::default(), 2);
        for records in [1, 2] {
            store.write(small(records).place, &small(records).to_bytes()).expect("nothing fails yet");
        }
        let mut folder = store.into_folder();
        folder.acts = Some(acts);
        let mut store = Store::over(folder, 2);
        let error = store.write(small(3).place, &small(3).to_bytes()).expect_err("the disk is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(standing(&store.into_folder()) >= 2, "after {acts} acts");
    }
}

#[test]
fn snapshots_are_due_by_records_or_by_time_and_never_older_than_the_bound() {
    let cadence = Cadence { records: 100, span: types::Nanos(50), kept: 3 };
    let place =
        |records, at| runtime::snapshot::Place { records, seq: Seq(0), at: types::Nanos(at), trail: 0 };
    let last = Some(place(1_000, 10));
    let cases = [
        ((1_000, 10), false),
        ((1_099, 59), false),
        ((1_100, 10), true),
        ((1_001, 60), true),
        ((1_050, 0), false),
    ];
    for ((records, at), due) in cases {
        assert_eq!(cadence.is_due(last, place(records, at)), due, "{records} at {at}");
    }
    assert!(cadence.is_due(None, place(1, 0)) && !cadence.is_due(None, place(0, 0)));
    let usual = Cadence::default();
    assert!(usual.records <= Cadence::BOUND.records && usual.span <= Cadence::BOUND.span);
}
