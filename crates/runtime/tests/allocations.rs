//! From packet to order, nothing is allocated once the buffers have grown.

use engine::Engine;
use runtime::backtest::{Backtest, Observer};
use runtime::generate::{Kind, session, write_session};
use runtime::source::{Progress, Recording};
use runtime::{Config, prepare};
use std::sync::Arc;
use testkit::allocations::on_this_thread;
use types::{Command, Input};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// Counts what was sent, so that a run that does nothing cannot pass.
struct Sent(u64);

impl Observer for Sent {
    fn on_step(&mut self, _: &Input, commands: &[Command], _: &Engine) {
        self.0 += commands.len() as u64;
    }
}

#[test]
fn a_warm_run_allocates_nothing_from_capture_to_command() {
    let mut bytes = Vec::new();
    write_session(session(Kind::QueueReactive, 9, 12, 0), &mut bytes, |_| {}).expect("memory takes it");
    let recording = Recording::Memory { name: "generated".into(), bytes: Arc::from(bytes) };
    let prepared = prepare(vec![recording], Config::default(), |_| {}).expect("a run can start");
    let feed = prepared.feed(&Progress::default()).expect("it opens");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");

    let mut sent = Sent(0);
    let survey = &prepared.survey.files[0];
    let events: u64 = survey.events.values().sum();
    let mut turns = 0;
    // Each event is a turn at the venue and a turn with us. Memory grows with the most orders the market ever
    // had at once and the widest range of prices: five sixths of the session are warm-up.
    let warm_up = events * 2 / 6 * 5;
    while turns < warm_up {
        assert!(run.turn(&mut sent).expect("readable"), "the session ended during the warm-up");
        turns += 1;
    }
    let (warm, before) = (sent.0, on_this_thread());
    while run.turn(&mut sent).expect("readable") {
        turns += 1;
    }
    let allocations = on_this_thread() - before;
    assert!(turns > warm_up + 100_000 && sent.0 > warm + 100, "{turns} turns, {} commands", sent.0 - warm);
    assert_eq!(allocations, 0, "in {} turns with {} commands", turns - warm_up, sent.0 - warm);
}
