//! The machine through its one door: inputs in, commands out.

mod common;

use common::{Desk, ESM6, NQM6, ask, bid, desk, gap, level, limit, quoting, report, silent};
use engine::{Strategy, View, Want, Wants};
use orders::{Change, Order};
use risk::{Halt, Refusal};
use std::cell::RefCell;
use std::rc::Rc;
use types::{
    Command, Event, Flags, InstrumentId, Liquidity, Lots, Nanos, Operator, OrderId, Outcome, RejectReason,
    Side, StrategyId, Ticks, Timer, TimerId, Trade,
};

#[test]
fn a_strategy_is_asked_once_for_each_book_a_packet_changed() {
    let (strategy, heard) = silent();
    let mut desk = desk(vec![(strategy, vec![ESM6, NQM6])]);
    desk.input(level(ESM6, Side::Buy, 100, 5, Flags::NONE));
    desk.input(level(NQM6, Side::Buy, 700, 5, Flags::NONE));
    desk.input(level(ESM6, Side::Sell, 102, 5, Flags::NONE));
    assert_eq!(heard.borrow().as_slice(), ["start"]);
    desk.input(level(ESM6, Side::Sell, 101, 5, Flags::LAST));
    assert_eq!(heard.borrow().as_slice(), ["start", "book 0", "book 1"]);
    desk.input(level(NQM6, Side::Sell, 701, 5, Flags::LAST));
    assert_eq!(heard.borrow().as_slice()[3..], ["book 1"]);
}

#[test]
fn a_strategy_hears_only_of_what_it_was_seated_with() {
    let (one, heard_one) = silent();
    let (two, heard_two) = silent();
    let mut desk = desk(vec![(one, vec![ESM6]), (two, vec![NQM6])]);
    desk.market(ESM6, 100, 101);
    let trade = Trade {
        venue_at: Nanos(0),
        price: Ticks(700),
        size: Lots(1),
        id: 1,
        instrument: NQM6,
        price_fraction: 0,
        aggressor: Some(Side::Buy),
        flags: Flags::NONE,
    };
    desk.input(Event::Trade(trade));
    desk.input(Event::Timer(Timer { due_at: Nanos(9), timer: TimerId(4), strategy: StrategyId(1) }));
    assert_eq!(heard_one.borrow().as_slice(), ["start", "book 0"]);
    assert_eq!(heard_two.borrow().as_slice(), ["start", "trade 1", "timer 4"]);
}

#[test]
fn a_wish_becomes_an_order_only_if_risk_passes_it() {
    // Bid 100, ask 101; at most 5 lots an order, 8 a position.
    let cases = [
        (limit(Side::Buy, 100, 5), None),
        (limit(Side::Buy, 100, 6), Some("order size")),
        (limit(Side::Buy, 0, 1), None),
        (limit(Side::Buy, 400, 1), Some("collar")),
    ];
    for (order, refused) in cases {
        let (strategy, heard) = quoting(vec![Want::Place(order)]);
        let mut desk = desk(vec![(strategy, vec![ESM6])]);
        let commands = desk.market(ESM6, 100, 101);
        let placed = commands.iter().filter(|c| matches!(c, Command::Place(p) if p.terms == order)).count();
        assert_eq!(placed, usize::from(refused.is_none()), "{order:?}");
        let said = heard.borrow().iter().filter(|line| line.starts_with("refused")).count();
        assert_eq!(said, usize::from(refused.is_some()), "{order:?}: {heard:?}");
    }
}

#[test]
fn f_02_a_gap_makes_the_book_untradable_in_the_same_step() {
    let (strategy, heard) = quoting(vec![Want::Place(limit(Side::Buy, 100, 1))]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.input(level(ESM6, Side::Buy, 100, 5, Flags::NONE));
    let commands = desk.input(gap(Some(ESM6)));
    assert_eq!(commands, []);
    assert!(!desk.engine.book(ESM6).is_live());
    assert!(heard.borrow().iter().any(|line| line.starts_with("refused")), "{heard:?}");
    // A gap of a whole feed reaches every book.
    desk.market(NQM6, 700, 701);
    desk.input(gap(None));
    assert!(!desk.engine.book(NQM6).is_live());
}

#[test]
fn fills_move_both_counts_and_the_equity() {
    let (strategy, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 5))]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    desk.input(report(0, Outcome::Accepted));
    desk.input(filled(0, 100, 2, 1));
    // Said twice, counted once.
    desk.input(filled(0, 100, 2, 1));
    assert_eq!(desk.engine.portfolio().position(ESM6), Lots(2));
    assert_eq!(desk.engine.risk().position(ESM6), Lots(2));
    // 2 lots from 100, marked at 102.5, a tick of a lot is 12.50.
    desk.market(ESM6, 102, 103);
    assert_eq!(desk.engine.equity().to_string(), "62.5");
}

#[test]
fn each_strategy_holds_what_its_own_orders_filled_and_the_account_holds_the_sum() {
    let (buyer, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 3))]);
    let (seller, _) = quoting(vec![Want::Place(limit(Side::Sell, 101, 2))]);
    let mut desk = desk(vec![(buyer, vec![ESM6]), (seller, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    desk.input(filled(0, 100, 3, 1));
    desk.input(filled(1, 101, 1, 2));
    // Said twice, counted once.
    desk.input(filled(1, 101, 1, 2));
    let own = |strategy| desk.engine.own_position(StrategyId(strategy), ESM6);
    assert_eq!([own(0), own(1), own(2)], [Lots(3), Lots(-1), Lots(0)]);
    assert_eq!(desk.engine.portfolio().position(ESM6), Lots(2));
    let view = desk.engine.view();
    assert_eq!((view.own_position(ESM6), view.position(ESM6)), (Lots(3), Lots(2)));
    assert_eq!(view.own_position(NQM6), Lots(0));
}

#[test]
fn a_fill_nobody_can_account_for_stops_trading() {
    let (strategy, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 1))]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    let commands = desk.input(filled(77, 100, 1, 1));
    assert_eq!(desk.engine.risk().halted(), Some(Halt::Killed));
    let alert = Command::Alert { kind: types::AlertKind::Killed, scope: types::Scope::Firm, value: 1 };
    let contradiction = Command::Alert {
        kind: types::AlertKind::Contradiction,
        scope: types::Scope::Venue(types::VenueId(0)),
        value: 77, // the order
    };
    assert_eq!(commands, [Command::Cancel { order: OrderId(0), instrument: ESM6 }, alert, contradiction]);
}

#[test]
fn the_kill_switch_cancels_everything_and_stays() {
    let (strategy, heard) = quoting(vec![Want::Place(limit(Side::Buy, 100, 1))]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    desk.market(ESM6, 100, 102);
    let open: Vec<OrderId> = desk.engine.orders().open().map(|order| order.id).collect();
    assert!(open.len() > 1, "{open:?}");
    let mut cancels: Vec<Command> =
        open.iter().map(|&order| Command::Cancel { order, instrument: ESM6 }).collect();
    let value = i64::try_from(open.len()).expect("few");
    cancels.push(Command::Alert { kind: types::AlertKind::Killed, scope: types::Scope::Firm, value });
    assert_eq!(
        desk.input(Event::Operator(Operator::Request {
            request: 1,
            by: types::PersonId(0),
            action: types::Action::Kill(types::Scope::Firm)
        })),
        cancels
    );
    heard.borrow_mut().clear();
    assert_eq!(desk.market(ESM6, 100, 103), []);
    assert!(heard.borrow().iter().all(|line| !line.starts_with("order")), "{heard:?}");
    let reset = types::Action::Reset(types::Scope::Firm);
    let (by, request) = (types::PersonId(0), 2);
    desk.input(Event::Operator(Operator::Reason { request, part: 0, text: *b"the feed is well again\0\0" }));
    desk.input(Event::Operator(Operator::Request { request, by, action: reset }));
    assert_eq!(desk.market(ESM6, 100, 103), [], "one person is not enough");
    desk.input(Event::Operator(Operator::Confirm { request, by: types::PersonId(1) }));
    assert!(!desk.market(ESM6, 100, 102).is_empty());
}

#[test]
fn a_loss_beyond_the_day_s_limit_cancels_what_works() {
    let (strategy, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 5))]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    desk.input(filled(0, 100, 5, 1));
    // 5 lots, 12.50 a tick: 20 ticks are 1,250, and the limit is 1,000.
    let commands = desk.market(ESM6, 80, 81);
    let halted = Command::Alert { kind: types::AlertKind::Halted, scope: types::Scope::Firm, value: 17 };
    assert_eq!(commands, [halted]);
    assert!(desk.engine.risk().halted().is_some());
}

#[test]
fn wishes_about_orders_of_others_or_closed_ones_come_to_nothing() {
    let (owner, _) = quoting(vec![Want::Place(limit(Side::Buy, 99, 1))]);
    let thief = vec![
        Want::Cancel(OrderId(0)),
        Want::Replace { order: OrderId(0), price: Ticks(98), size: Lots(1) },
        Want::Cancel(OrderId(500)),
    ];
    let (thief, _) = quoting(thief);
    let mut desk = desk(vec![(owner, vec![ESM6]), (thief, vec![ESM6])]);
    let commands = desk.market(ESM6, 100, 101);
    assert!(commands.iter().all(|command| matches!(command, Command::Place(_))), "{commands:?}");
    desk.input(report(0, Outcome::Rejected(RejectReason::Other)));
    let order = desk.engine.orders().get(OrderId(0)).expect("closed not long ago");
    assert!(!order.is_open());
}

#[test]
fn a_replace_to_what_has_filled_already_is_a_cancel() {
    struct Shrinks;
    impl Strategy for Shrinks {
        fn on_start(&mut self, _: &View<'_>, wants: &mut Wants) {
            wants.wake_at(Nanos(1), TimerId(0));
        }
        fn on_book(&mut self, instrument: InstrumentId, view: &View<'_>, wants: &mut Wants) {
            if view.book(instrument).is_live() && view.orders().open_count() == 0 {
                wants.place(limit(Side::Buy, 100, 4));
            }
        }
        fn on_order(&mut self, order: &Order, change: &Change, _: &View<'_>, wants: &mut Wants) {
            if matches!(change, Change::Filled { .. }) {
                wants.replace(order.id, Ticks(100), Lots(2));
            }
        }
    }
    let mut desk = desk(vec![(Box::new(Shrinks), vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    desk.input(report(0, Outcome::Accepted));
    assert_eq!(desk.input(filled(0, 100, 2, 1)), [Command::Cancel { order: OrderId(0), instrument: ESM6 }]);
}

#[test]
fn the_same_inputs_give_the_same_commands() {
    let run = || {
        let (strategy, heard) =
            quoting(vec![Want::Place(limit(Side::Buy, 100, 1)), Want::WakeAt(Nanos(50), TimerId(3))]);
        let mut desk = desk(vec![(strategy, vec![ESM6, NQM6])]);
        let mut prng = stdx::Prng::new(3);
        let mut all = Vec::new();
        for _ in 0..2_000 {
            let price = prng.between(95, 105);
            all.extend(desk.input(bid(ESM6, price, prng.between(0, 9))));
            all.extend(desk.input(ask(ESM6, price + 1, prng.between(0, 9))));
            if prng.chance(0.1) {
                all.extend(desk.input(gap(None)));
            }
        }
        let heard = heard.borrow().clone();
        (all, heard)
    };
    assert_eq!(run(), run());
}

/// A fill of one of our orders in the E-mini.
fn filled(order: u32, price: i64, size: i64, fill: u32) -> Event {
    let (price, size) = (Ticks(price), Lots(size));
    report(order, Outcome::Filled { price, size, fill, liquidity: Liquidity::Maker })
}

#[test]
fn refusals_reach_the_strategy_with_their_reason() {
    struct Asks(Rc<RefCell<Vec<&'static str>>>);
    impl Strategy for Asks {
        fn on_book(&mut self, _: InstrumentId, _: &View<'_>, wants: &mut Wants) {
            wants.place(limit(Side::Buy, 100, 6));
        }
        fn on_refused(&mut self, want: &Want, refusal: &Refusal, _: &View<'_>) {
            assert_eq!(*want, Want::Place(limit(Side::Buy, 100, 6)));
            self.0.borrow_mut().push(refusal.kind());
        }
    }
    let kinds = Rc::new(RefCell::new(Vec::new()));
    let mut desk: Desk = desk(vec![(Box::new(Asks(Rc::clone(&kinds))), vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    let counted: u64 = desk.engine.risk().refusals().map(|(_, count)| count).sum();
    assert_eq!(counted, kinds.borrow().len() as u64);
    assert!(kinds.borrow().iter().any(|kind| kind.contains("size")), "{kinds:?}");
}
