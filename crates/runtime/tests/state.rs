//! The state of the whole core as bytes: a machine that was stopped anywhere and made anew from them is the same machine.

mod common;

use common::{Tape, generated, tape, with_incidents};
use engine::{Engine, StateError, StateHash};
use runtime::source::Recording;
use stdx::Prng;
use testkit::data::recorded;
use types::{Command, Input};

fn saved(engine: &Engine) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.save(&mut bytes).expect("every strategy of the list can be saved");
    bytes
}

fn hash(engine: &Engine) -> StateHash {
    engine.state_hash(&mut Vec::new()).expect("every strategy of the list can be saved")
}

/// A machine that was made anew from bytes, and when.
struct Twin {
    engine: Engine,
    cut: usize,
    answers: Vec<Command>,
}

impl Twin {
    fn of(tape: &Tape, bytes: &[u8], cut: usize) -> Self {
        let mut engine = tape.setup.engine().expect("the setup is this program's");
        engine.restore(bytes).expect("the bytes are this run's");
        Self { engine, cut, answers: Vec::new() }
    }
}

/// Runs the inputs, cuts at `cuts` places by chance, and lets what was restored there run beside, to the end.
fn check(name: &str, tape: &Tape, inputs: &[Input], cuts: u64, seed: u64) {
    const COMPARED_EVERY: usize = 4_096;
    let mut prng = Prng::new(seed).fork(name);
    let length = inputs.len() as u64;
    let places = (0..cuts).map(|_| usize::try_from(prng.below(length)).expect("fits"));
    let mut places: Vec<usize> = places.chain([0, 1]).collect();
    places.sort_unstable();
    let mut original = tape.setup.engine().expect("the setup is this program's");
    let mut twins: Vec<Twin> = Vec::new();
    let (mut answers, mut said) = (Vec::new(), 0);
    for (at, input) in inputs.iter().enumerate() {
        while places.first() == Some(&at) {
            places.remove(0);
            let bytes = saved(&original);
            let twin = Twin::of(tape, &bytes, at);
            assert!(saved(&twin.engine) == bytes, "{name}: saved anew after input {at} it is not the same");
            twins.push(twin);
        }
        answers.clear();
        original.step(input, &mut answers);
        said += answers.len();
        for twin in &mut twins {
            twin.answers.clear();
            twin.engine.step(input, &mut twin.answers);
            assert_eq!(
                twin.answers, answers,
                "{name}, seed {seed}: cut before {}, input {at} {input:?}",
                twin.cut
            );
        }
        if at % COMPARED_EVERY == 0 || at + 1 == inputs.len() {
            let due = hash(&original);
            for twin in &twins {
                assert_eq!(
                    hash(&twin.engine),
                    due,
                    "{name}, seed {seed}: cut before {}, after {at}",
                    twin.cut
                );
            }
        }
    }
    println!("{name}: {} inputs, {said} commands, {} bytes at the end", inputs.len(), saved(&original).len());
    assert!(said > 0, "{name} says nothing: that is no test");
}

/// What is run: the name, the configuration.
const RUNS: [(&str, &str); 5] = [
    ("joined_touch", "[trading]\nstrategy = \"joined_touch\"\n"),
    ("avellaneda_stoikov", "[trading]\nstrategy = \"avellaneda_stoikov\"\n"),
    ("glft", "[trading]\nstrategy = \"glft\"\n"),
    (
        "three on one account",
        "[[trading.strategies]]\nstrategy = \"glft\"\n[[trading.strategies]]\nstrategy = \"avellaneda_stoikov\"\n\
         [[trading.strategies]]\nstrategy = \"joined_touch\"\nsymbols = [\"NQH6\"]\n",
    ),
    (
        "a chain",
        "[trading]\nstrategy = \"glft\"\nsymbols = [\"CHAIN\"]\n[[roll]]\nname = \"CHAIN\"\n\
         symbols = [\"ESH6\", \"NQH6\"]\nrule = \"date\"\nmoments = [\"2026-01-05T14:32:00Z\"]\n",
    ),
];

#[test]
fn every_strategy_of_the_list_is_run() {
    for spec in strategies::ALL {
        assert!(RUNS.iter().any(|run| run.0 == spec.name), "{} is in no run here", spec.name);
    }
}

#[test]
fn cut_anywhere_and_restored_it_answers_as_if_it_had_never_stopped() {
    for (seed, (name, config)) in (1..).zip(RUNS) {
        let tape = tape(vec![generated(seed, 4, 2_000)], config);
        check(name, &tape, &tape.inputs, 6, seed);
        let day = with_incidents(&tape.inputs, 500, seed);
        check(&format!("{name} with incidents"), &tape, &day, 6, seed);
    }
}

#[test]
fn recorded_days_of_orders_and_of_levels_are_cut_and_restored() {
    for file in ["dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst", "binance-l2/spot/ethusdt_20240808.gz"] {
        let Some(path) = recorded(file) else { return };
        let tape = tape(vec![Recording::File(path)], RUNS[0].1);
        let inputs = &tape.inputs[..tape.inputs.len().min(150_000)];
        check(file, &tape, inputs, 3, 5);
    }
}

/// P-10's comparison: a state that is not what it should be is seen at the next comparison of hashes.
#[test]
fn p_10_a_flipped_bit_of_state_is_noticed_at_the_next_comparison() {
    let tape = tape(vec![generated(3, 2, 0)], RUNS[3].1);
    let mut original = tape.setup.engine().expect("ours");
    let mut answers = Vec::new();
    let middle = tape.inputs.len() / 2;
    tape.inputs[..middle].iter().for_each(|input| original.step(input, &mut answers));
    let (bytes, due) = (saved(&original), hash(&original));
    let mut prng = Prng::new(11);
    let (mut refused, mut seen) = (0, 0);
    for _ in 0..400 {
        let mut flipped = bytes.clone();
        let at = usize::try_from(prng.below(bytes.len() as u64)).expect("fits");
        flipped[at] ^= 1 << prng.below(8);
        let mut twin = tape.setup.engine().expect("ours");
        match twin.restore(&flipped) {
            Err(_) => refused += 1,
            Ok(()) => {
                assert_ne!(hash(&twin), due, "byte {at} of the state was flipped");
                seen += 1;
            }
        }
    }
    assert!(refused > 0 && seen > 50, "{refused} refused, {seen} seen");
}

#[test]
fn bytes_that_are_cut_short_or_of_another_version_or_run_are_refused() {
    let tape_of = |run: usize| tape(vec![generated(3, 1, 0)], RUNS[run].1);
    let (one, three) = (tape_of(0), tape_of(3));
    let mut original = one.setup.engine().expect("ours");
    let mut answers = Vec::new();
    one.inputs.iter().take(5_000).for_each(|input| original.step(input, &mut answers));
    let bytes = saved(&original);
    let restored = |bytes: &[u8], tape: &Tape| tape.setup.engine().expect("ours").restore(bytes);
    for length in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
        assert!(restored(&bytes[..length], &one).is_err(), "{length} of {} bytes", bytes.len());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(restored(&longer, &one).is_err());
    let mut newer = bytes.clone();
    newer[0] += 1;
    let found = engine::state::STATE_VERSION + 1;
    assert_eq!(restored(&newer, &one), Err(StateError::Version { found }));
    let other = StateError::OtherRun { what: "strategies", found: 1, expected: 3 };
    assert_eq!(restored(&bytes, &three), Err(other));
}
