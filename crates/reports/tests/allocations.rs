//! A recorder takes its memory before the run: no step of a session allocates.

mod session;

use session::Session;
use testkit::allocations::{Counting, on_this_thread};
use types::Nanos;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn no_step_allocates() {
    let mut session = Session::new(9, &["ESH6"], Nanos::from_secs(60 * 20));
    let mut recorder = reports::Recorder::new(session::about(&["ESH6"]));
    let (mut steps, mut allocations) = (0, 0);
    session.run(|input, commands, engine| {
        let before = on_this_thread();
        recorder.on_step(input, commands, engine);
        allocations += on_this_thread() - before;
        steps += 1;
    });
    assert!(steps > 8_000, "{steps}");
    assert_eq!(allocations, 0);
    let report = recorder.finish(&session.engine, session::ending());
    assert!(report.headline.fills > 500, "{}", report.headline.fills);
}
