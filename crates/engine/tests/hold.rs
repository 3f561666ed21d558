//! What the machine does when the edge's clock speaks, and when many timers are due at once.

mod common;

use common::{Desk, ESM6, Heard, desk, limit, quoting, report, silent};
use engine::Want;
use std::collections::BTreeSet;
use types::{
    Action, AlertKind, Clock, ClockState, Command, Event, Nanos, Operator, OrderId, Outcome, PersonId, Scope,
    Side, StrategyId, Ticks, Timer, TimerId,
};

const HOUR: i64 = 3_600_000_000_000;

fn clock(divergence: i64, state: ClockState) -> Event {
    Event::Clock(Clock { wall_at: Nanos(0), divergence: Nanos(divergence), state })
}

fn alert(value: i64) -> Command {
    Command::Alert { kind: AlertKind::Clock, scope: Scope::Firm, value }
}

/// A desk whose strategy wishes to buy at every book, and to cancel its first order; one order works.
fn buying() -> (Desk, Heard) {
    let wishes = vec![Want::Place(limit(Side::Buy, 100, 1)), Want::Cancel(OrderId(0))];
    let (strategy, heard) = quoting(wishes);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    desk.input(report(0, Outcome::Accepted));
    (desk, heard)
}

fn placed(commands: &[Command]) -> usize {
    commands.iter().filter(|command| matches!(command, Command::Place(_))).count()
}

#[test]
fn t_01_a_wall_that_stepped_back_or_drifts_is_told_and_changes_no_decision() {
    let events = [
        clock(-HOUR, ClockState::Stepped),
        clock(150_000, ClockState::Divergent),
        clock(-60_000_000, ClockState::Divergent),
        clock(0, ClockState::Good),
    ];
    for event in events {
        let (mut told, _) = buying();
        let (mut untold, _) = buying();
        let Event::Clock(Clock { divergence, state, .. }) = event else { unreachable!("all are") };
        let due = if state == ClockState::Good { vec![] } else { vec![alert(divergence.0)] };
        assert_eq!(told.input(event), due, "told in the same step");
        untold.input(clock(0, ClockState::Good));
        for price in 99..110 {
            assert_eq!(told.market(ESM6, price, price + 1), untold.market(ESM6, price, price + 1));
        }
    }
}

#[test]
fn t_02_while_the_wall_is_an_hour_ahead_nothing_new_is_sent_and_cancels_are() {
    let (mut desk, heard) = buying();
    desk.input(report(0, Outcome::CancelRejected(types::RejectReason::Other)));
    assert_eq!(desk.input(clock(HOUR, ClockState::Stepped)), [alert(HOUR)]);
    heard.borrow_mut().clear();
    let commands = desk.market(ESM6, 100, 102);
    assert_eq!(placed(&commands), 0, "{commands:?}");
    assert!(commands.contains(&Command::Cancel { order: OrderId(0), instrument: ESM6 }), "{commands:?}");
    assert!(heard.borrow().iter().any(|line| line == "refused clock stepped"), "{heard:?}");
    let counted = desk.engine.risk().refusals().find(|(kind, _)| *kind == "clock stepped");
    assert!(counted.is_some_and(|(_, count)| count > 0), "{counted:?}");
    // A drift meanwhile does not end it; the wall's coming back does, or its stepping behind.
    desk.input(clock(HOUR + 200_000, ClockState::Divergent));
    assert_eq!(placed(&desk.market(ESM6, 100, 101)), 0);
    for (divergence, state) in [(0, ClockState::Good), (-HOUR, ClockState::Stepped)] {
        desk.input(clock(HOUR, ClockState::Stepped));
        assert_eq!(placed(&desk.market(ESM6, 100, 102)), 0);
        desk.input(clock(divergence, state));
        assert!(placed(&desk.market(ESM6, 100, 103)) > 0, "{state:?}");
    }
}

#[test]
fn t_02_a_replace_is_held_as_well_and_a_reset_of_the_firm_ends_the_hold() {
    let order = OrderId(0);
    let replace = Want::Replace { order, price: Ticks(99), size: types::Lots(1) };
    let (strategy, heard) = quoting(vec![Want::Place(limit(Side::Buy, 100, 1)), replace]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    desk.input(report(0, Outcome::Accepted));
    desk.input(report(0, Outcome::ReplaceRejected(types::RejectReason::Other)));
    desk.input(clock(2 * HOUR, ClockState::Stepped));
    heard.borrow_mut().clear();
    assert_eq!(desk.market(ESM6, 100, 102), []);
    assert!(heard.borrow().iter().filter(|line| *line == "refused clock stepped").count() >= 2, "{heard:?}");
    let action = Action::Reset(Scope::Firm);
    let text = *b"the wall is right again\0";
    desk.input(Event::Operator(Operator::Reason { request: 1, part: 0, text }));
    desk.input(Event::Operator(Operator::Request { request: 1, by: PersonId(0), action }));
    desk.input(Event::Operator(Operator::Confirm { request: 1, by: PersonId(1) }));
    let commands = desk.market(ESM6, 100, 101);
    assert!(commands.iter().any(|command| matches!(command, Command::Replace { .. })), "{commands:?}");
}

#[test]
fn t_06_a_hundred_thousand_timers_are_heard_each_once_in_the_order_of_the_inputs() {
    let count: u32 = 100_000;
    let (strategy, heard) = silent();
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    heard.borrow_mut().clear();
    for number in 0..count {
        let timer = Timer { due_at: Nanos(5), timer: TimerId(number), strategy: StrategyId(0) };
        assert_eq!(desk.input(Event::Timer(timer)), [], "a timer by itself sends nothing");
    }
    let heard = heard.borrow();
    assert_eq!(heard.len(), count as usize);
    assert_eq!((heard[0].as_str(), heard[99_999].as_str()), ("timer 0", "timer 99999"));
    assert_eq!(heard.iter().collect::<BTreeSet<_>>().len(), count as usize, "each once");
}
