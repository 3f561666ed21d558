//! A machine that can have no more memory still pulls its orders: all that needs is taken at the start.

mod common;

use common::{Desk, ESM6, desk_with, gap, limit, quoting, report};
use engine::{Strategy, View, Want, Wants};
use risk::Limits;
use types::{
    Action, Command, Event, Input, InstrumentId, Nanos, Operator, Outcome, PersonId, Scope, Seq, Side,
};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

const ORDERS: u32 = 2_000;

/// Pulls all it has when its book is lost.
struct Careful;

impl Strategy for Careful {
    fn on_book(&mut self, instrument: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        if !view.book(instrument).is_live() {
            for order in view.open_orders(instrument) {
                wants.cancel(order.id);
            }
        } else if view.open_orders(instrument).count() < ORDERS as usize {
            wants.place(limit(Side::Buy, 100, 1));
        }
    }
}

/// A desk with so many orders that work.
fn loaded(strategy: Box<dyn Strategy>) -> Desk {
    let mut desk = desk_with(Limits::wide(), vec![(strategy, vec![ESM6])]);
    for number in 0..ORDERS {
        desk.market(ESM6, 100, 101);
        desk.input(report(number, Outcome::Accepted));
    }
    assert_eq!(desk.engine.orders().open().count(), ORDERS as usize);
    desk
}

/// What a step answers, and how often it asked for memory.
fn stepped(desk: &mut Desk, event: Event) -> (Vec<Command>, u64) {
    let mut commands = Vec::with_capacity(ORDERS as usize + 16);
    let input = Input { seq: Seq(u64::from(ORDERS) * 10), received_at: Nanos(1_000_000_000), event };
    let before = testkit::allocations::on_this_thread();
    desk.engine.step(&input, &mut commands);
    (commands, testkit::allocations::on_this_thread() - before)
}

#[test]
fn o_10_without_a_byte_of_memory_a_kill_and_a_mass_cancel_reach_every_order() {
    for action in [Action::Kill(Scope::Firm), Action::CancelAll(Scope::Firm)] {
        let (strategy, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 1))]);
        let mut desk = loaded(strategy);
        let request = Operator::Request { request: 1, by: PersonId(0), action };
        let (commands, allocations) = stepped(&mut desk, Event::Operator(request));
        let cancels = commands.iter().filter(|command| matches!(command, Command::Cancel { .. })).count();
        assert_eq!((cancels, allocations), (ORDERS as usize, 0), "{action:?}");
    }
}

#[test]
fn o_10_without_a_byte_of_memory_quotes_are_pulled_when_the_book_is_lost() {
    let mut desk = loaded(Box::new(Careful));
    // Once to let the buffers of wishes grow, as in any session; then it counts.
    desk.input(gap(Some(ESM6)));
    for order in 0..ORDERS {
        desk.input(report(order, Outcome::CancelRejected(types::RejectReason::Other)));
    }
    let (commands, allocations) = stepped(&mut desk, gap(Some(ESM6)));
    let cancels = commands.iter().filter(|command| matches!(command, Command::Cancel { .. })).count();
    assert_eq!((cancels, allocations), (ORDERS as usize, 0));
}
