//! Books that are not to be believed: nothing is sent on them, people hear of those that stay so, and it ends.

mod common;

use common::{Desk, ESM6, NQM6, ask, bid, desk, gap, limit, quoting};
use engine::Want;
use std::collections::BTreeMap;
use stdx::Prng;
use types::{
    AlertKind, Command, Event, InstrumentId, Nanos, Phase, Scope, Side, Status, StrategyId, Timer, TimerId,
};

fn buying() -> (Desk, common::Heard) {
    let (strategy, heard) = quoting(vec![Want::Place(limit(Side::Buy, 100, 1))]);
    (desk(vec![(strategy, vec![ESM6])]), heard)
}

fn is_order(command: &Command) -> bool {
    matches!(command, Command::Place(_) | Command::Replace { .. })
}

fn alert(instrument: InstrumentId) -> Command {
    let value = i64::from(instrument.0);
    Command::Alert { kind: AlertKind::Stale, scope: Scope::Instrument(instrument), value }
}

#[test]
fn f_17_nothing_is_sent_on_a_crossed_book_and_orders_flow_when_it_is_not() {
    let (mut desk, heard) = buying();
    assert!(desk.market(ESM6, 100, 101).iter().any(is_order));
    heard.borrow_mut().clear();
    // An ask below the bid: suspect in the same step.
    let commands = desk.input(ask(ESM6, 99, 5));
    assert!(!commands.iter().any(is_order), "{commands:?}");
    assert!(desk.engine.book(ESM6).is_suspect());
    let refused: Vec<String> =
        heard.borrow().iter().filter(|line| line.starts_with("refused")).cloned().collect();
    assert!(!refused.is_empty() && refused.iter().all(|line| line.contains("book")), "{refused:?}");
    // Before an open it is legal: no doubt, and still no trading on it.
    let status = |phase| Event::Status(Status { venue_at: Nanos(0), instrument: Some(ESM6), phase });
    desk.input(status(Phase::PreOpen));
    assert!(!desk.engine.book(ESM6).is_suspect());
    desk.input(status(Phase::Open));
    assert!(desk.market(ESM6, 100, 101).iter().any(is_order), "it goes on");
}

#[test]
fn f_18_a_locked_book_is_traded_on_and_says_so() {
    let (mut desk, _) = buying();
    desk.market(ESM6, 100, 101);
    let commands = desk.input(ask(ESM6, 100, 5));
    assert!(desk.engine.book(ESM6).is_locked() && commands.iter().any(is_order), "{commands:?}");
}

#[test]
fn f_23_a_book_without_a_side_makes_no_price_and_no_panic() {
    let (mut desk, heard) = buying();
    let commands = desk.input(bid(ESM6, 100, 5));
    assert!(desk.engine.book(ESM6).is_live() && desk.engine.book(ESM6).mid_ticks().is_none());
    assert!(!commands.iter().any(is_order), "no ask to measure the collar from: {commands:?}");
    assert!(heard.borrow().iter().any(|line| line.starts_with("refused")), "{heard:?}");
    assert!(desk.input(ask(ESM6, 101, 5)).iter().any(is_order));
}

#[test]
fn f_16_a_book_that_stays_stale_is_told_once_within_five_seconds_and_anew_when_it_is_lost_anew() {
    let (mut desk, _) = buying();
    let tick = |desk: &mut Desk| {
        desk.input(Event::Timer(Timer { due_at: Nanos(0), timer: TimerId(0), strategy: StrategyId(0) }))
    };
    desk.market(ESM6, 100, 101);
    desk.market(NQM6, 700, 701);
    for round in 0..3 {
        desk.input(gap(Some(ESM6)));
        // Two seconds later it is known again: nobody is bothered.
        desk.wait(Nanos::from_secs(2));
        desk.market(ESM6, 100, 101);
        desk.wait(Nanos::from_secs(10));
        assert_eq!(tick(&mut desk), [], "round {round}");
        // This time it is not.
        desk.input(gap(None));
        desk.wait(Nanos::from_secs(1));
        // A second loss while it recovers is the same one.
        desk.input(gap(Some(ESM6)));
        desk.market(NQM6, 700, 701);
        desk.wait(Nanos::from_secs(3));
        assert_eq!(tick(&mut desk), [alert(ESM6)], "round {round}");
        desk.wait(Nanos::from_secs(60));
        assert_eq!(tick(&mut desk), [], "said once");
        desk.market(ESM6, 100, 101);
    }
}

#[test]
fn f_16_whatever_comes_each_loss_of_five_seconds_is_told_and_no_other() {
    for seed in 0..200 {
        let (mut desk, _) = buying();
        let mut prng = Prng::new(seed);
        // By instrument: since when it is lost, and whether that was told.
        let mut lost: BTreeMap<InstrumentId, (i64, bool)> = BTreeMap::new();
        let mut now = 0;
        for _ in 0..300 {
            let step = prng.between(0, 1_500_000_000);
            desk.wait(Nanos(step));
            now += step;
            let id = if prng.chance(0.5) { ESM6 } else { NQM6 };
            let commands = match prng.below(4) {
                0 => {
                    lost.entry(id).or_insert((now, false));
                    desk.input(gap(Some(id)))
                }
                1 if prng.chance(0.5) => {
                    let commands = desk.market(id, 100, 101);
                    lost.remove(&id);
                    commands
                }
                _ => desk.input(Event::Timer(Timer {
                    due_at: Nanos(0),
                    timer: TimerId(0),
                    strategy: StrategyId(9),
                })),
            };
            for command in commands {
                let Command::Alert { kind: AlertKind::Stale, scope: Scope::Instrument(told), .. } = command
                else {
                    continue;
                };
                // One that comes back in the very packet that is late enough is told just before.
                if let Some((since, was_told)) = lost.get_mut(&told) {
                    assert!(!*was_told && now - *since >= 2_999_000_000, "seed {seed}: too soon or twice");
                    *was_told = true;
                }
            }
            for (id, (since, was_told)) in &lost {
                assert!(*was_told || now - since < 5_000_000_000, "seed {seed}: {id:?} was not told");
            }
        }
    }
}
