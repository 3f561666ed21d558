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
struct Sent {
    inputs: u64,
    commands: u64,
}

impl Observer for Sent {
    fn on_step(&mut self, _: &Input, commands: &[Command], _: &Engine) {
        self.inputs += 1;
        self.commands += commands.len() as u64;
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

    let mut sent = Sent { inputs: 0, commands: 0 };
    let survey = &prepared.survey.files[0];
    let events: u64 = survey.events.values().sum();
    // Memory grows with the most orders the market ever had at once and the widest range of prices: five sixths of the
    // session are warm-up.
    while sent.inputs < events / 6 * 5 {
        assert!(run.turn(&mut sent).expect("readable"), "the session ended during the warm-up");
    }
    let (inputs, warm, before) = (sent.inputs, sent.commands, on_this_thread());
    while run.turn(&mut sent).expect("readable") {}
    let allocations = on_this_thread() - before;
    let (inputs, commands) = (sent.inputs - inputs, sent.commands - warm);
    assert!(inputs > 50_000 && commands > 100, "{inputs} inputs, {commands} commands");
    assert_eq!(allocations, 0, "in {inputs} inputs with {commands} commands");
}
