//! A snapshot kept as a file: fields that change their form without a new version of the state are caught here.
//!
//! What the engine decides is no part of this; it may change freely. After a change of form raise
//! `engine::state::STATE_VERSION`, take the old pair of files out of `tests/golden`, and write the new one:
//! `QUOIN_GOLDEN=1 cargo test -p runtime --test golden_snapshot`.

mod common;

use common::{Tape, generated, tape, with_incidents};
use engine::Engine;
use engine::state::STATE_VERSION;
use runtime::Setup;
use runtime::backtest::Observer;
use runtime::snapshot::{Edge, Snapshot};
use std::path::{Path, PathBuf};

/// Three strategies on one account: every part of the state is in use.
const CONFIG: &str = "[[trading.strategies]]\nstrategy = \"glft\"\n[[trading.strategies]]\nstrategy = \
    \"avellaneda_stoikov\"\n[[trading.strategies]]\nstrategy = \"joined_touch\"\nsymbols = [\"NQH6\"]\n";

fn file(end: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/snapshot-{STATE_VERSION}.{end}"))
}

fn is_busy(edge: &Edge, engine: &Engine) -> bool {
    engine.orders().open().count() > 2 && !edge.timers().is_empty()
}

/// A moment of a day with incidents when orders work and timers are set.
fn busy(tape: &Tape, seed: u64) -> Option<(Edge, Engine)> {
    let mut engine = tape.setup.engine().expect("ours");
    let (mut edge, mut answers) = (Edge::default(), Vec::new());
    for input in with_incidents(&tape.inputs, 1_000, seed) {
        answers.clear();
        engine.step(&input, &mut answers);
        edge.on_step(&input, &answers, &engine);
        if input.seq.0 > 5_000 && is_busy(&edge, &engine) {
            return Some((edge, engine));
        }
    }
    None
}

fn write() {
    let tape = tape(vec![generated(3, 1, 1_000)], CONFIG);
    let (edge, engine) =
        (0..200).find_map(|seed| busy(&tape, seed)).expect("some day has a moment that serves as an example");
    let config = tape.setup.to_json();
    let snapshot = Snapshot::take(*blake3::hash(config.as_bytes()).as_bytes(), &edge, &engine);
    let bytes = snapshot.expect("it can be saved").to_bytes();
    std::fs::create_dir_all(file("qs").parent().expect("a folder")).expect("writable");
    std::fs::write(file("qs"), bytes).expect("writable");
    std::fs::write(file("json"), config).expect("writable");
}

#[test]
fn j_11_the_golden_snapshot_of_this_version_is_restored_and_saved_anew_byte_for_byte() {
    const ADVICE: &str =
        "if the form of any field changed: raise STATE_VERSION, and see the head of this file";
    if std::env::var_os("QUOIN_GOLDEN").is_some() {
        write();
    }
    let bytes = std::fs::read(file("qs")).unwrap_or_else(|_| {
        panic!("no golden snapshot of version {STATE_VERSION}: see the head of this file")
    });
    let config = std::fs::read_to_string(file("json")).expect("beside it");
    let snapshot = Snapshot::from_bytes(&bytes).unwrap_or_else(|refused| panic!("{refused}; {ADVICE}"));
    assert_eq!(snapshot.config, *blake3::hash(config.as_bytes()).as_bytes());
    assert!(snapshot.to_bytes() == bytes, "the file's own form changed: raise snapshot::VERSION");
    let setup = Setup::from_json(config.as_bytes()).expect("a setup that was written once stays readable");
    let mut engine = setup.engine().expect("its strategies stay in the list");
    engine.restore(&snapshot.state).unwrap_or_else(|error| panic!("{error}; {ADVICE}"));
    assert!(is_busy(&Edge::at(snapshot.place, &snapshot.timers), &engine));
    let mut again = Vec::new();
    engine.save(&mut again).expect("it can be saved");
    let differs = again.iter().zip(&snapshot.state).position(|(new, old)| new != old);
    assert!(again == snapshot.state, "saved anew it differs at byte {differs:?}; {ADVICE}");
}
