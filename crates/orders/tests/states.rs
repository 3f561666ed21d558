//! Every state with every report: what it changes, and what it cannot.

mod common;

use common::{Desk, NOW, WHY, filled, instrument, replaced, report, terms};
use orders::{Change, End, Impossible, State};
use types::{InstrumentId, Lots, OrderId, Outcome, Side, Ticks};

/// What brings a fresh order of 10 into a state.
#[derive(Clone, Copy, Debug)]
enum Step {
    Cancel,
    Replace(i64),
    Hear(Outcome),
}

use Outcome::{Accepted, CancelRejected, Canceled, Rejected, ReplaceRejected};
use Step::{Cancel, Hear, Replace};

fn led(steps: &[Step]) -> (Desk, OrderId) {
    let mut desk = Desk::new(1, 16);
    let id = desk.submit(terms(0, Side::Buy, 10));
    for step in steps {
        match *step {
            Cancel => assert!(desk.cancel(id), "{steps:?}"),
            Replace(size) => assert!(desk.replace(id, 99, size), "{steps:?}"),
            Hear(outcome) => {
                let change = desk.hear(id, outcome);
                assert!(
                    !matches!(change, Change::Duplicate | Change::Impossible(_)),
                    "{steps:?}: {change:?}"
                );
            }
        }
    }
    (desk, id)
}

/// One letter for each change; a capital one closes the order.
fn letter(change: Change) -> char {
    match change {
        Change::Accepted => 'a',
        Change::Rejected { .. } => 'J',
        Change::Filled { late: true, closed: false, .. } => 'l',
        Change::Filled { late: false, closed: false, .. } => 'f',
        Change::Filled { late: false, closed: true, .. } => 'F',
        Change::Filled { late: true, closed: true, .. } => '!', // never: it is closed already
        Change::Canceled { .. } => 'C',
        Change::CancelRejected { .. } => 'c',
        Change::Replaced { closed: false, .. } => 'r',
        Change::Replaced { closed: true, .. } => 'R',
        Change::ReplaceRejected { closed: false, .. } => 'n',
        Change::ReplaceRejected { closed: true, .. } => 'N',
        Change::Duplicate => '=',
        Change::Impossible(Impossible::UnknownOrder) => '?',
        Change::Impossible(Impossible::WrongInstrument) => 'w',
        Change::Impossible(Impossible::Transition) => '-',
        Change::Impossible(Impossible::NotAsked) => '~',
        Change::Impossible(Impossible::SizeNotPositive) => '0',
        Change::Impossible(Impossible::BeyondSize) => '>',
    }
}

/// The reports every state hears, in the order of the table's columns. Fill 1 is the one some states had.
fn reports() -> [Outcome; 12] {
    [
        Accepted,
        Rejected(WHY),
        filled(4, 1),
        filled(4, 2),
        filled(10, 3),
        filled(21, 4),
        filled(0, 5),
        Canceled,
        CancelRejected(WHY),
        replaced(99, 6),
        replaced(99, 20),
        ReplaceRejected(WHY),
    ]
}

#[test]
fn every_state_has_an_answer_to_every_report() {
    let accepted = Hear(Accepted);
    let part = Hear(filled(4, 1));
    let all = Hear(filled(10, 1));
    let cancel_answered = Hear(Canceled);
    // Columns: Accepted, Rejected, fill 4 (number 1), fill 4, fill 10, fill 21, fill 0,
    //          Canceled, CancelRejected, Replaced to 6, Replaced to 20, ReplaceRejected.
    let table: &[(&[Step], &str)] = &[
        (&[], "aJffF>0C~~~~"),                                         // pending
        (&[accepted], "=-ffF>0C~~~~"),                                 // working
        (&[accepted, part], "=-=f>>0C~~~~"),                           // partly filled
        (&[part], "a-=f>>0C~~~~"),   // the fill overtook its acknowledgement
        (&[Cancel], "aJffF>0Cc~~~"), // a cancel under way
        (&[accepted, Cancel], "=-ffF>0Cc~~~"), //
        (&[accepted, part, Cancel], "=-=f>>0Cc~~~"), //
        (&[Replace(20)], "aJfff>0C~rrn"), // a larger size asked for: all of it may trade
        (&[accepted, Replace(20)], "=-fff>0C~rrn"), //
        (&[accepted, Replace(6)], "=-ffF>0C~r>n"), // a smaller one: the old size may trade
        (&[accepted, part, Replace(20)], "=-=ff>0C~rrn"), //
        (&[accepted, Replace(20), all], "=-=fF>0C~RrN"), // the old size filled while asking
        (&[accepted, Hear(filled(6, 1)), Replace(7)], "=-=F>>0C~R>n"), // fills are at 6 when it becomes 6
        (&[accepted, Replace(20), Cancel], "=-fff>0Ccrrn"), // both under way
        (&[all], "a-=>>>0-~~~~"),    // filled before the acknowledgement
        (&[accepted, all], "=-=>>>0-~~~~"), // filled
        (&[accepted, Cancel, all], "=-=>>>0-c~~~"), // the cancel crossed the last fill
        (&[accepted, Replace(10), all], "=-=>>>0-~r>n"), // the replace crossed it
        (&[Hear(Canceled)], "a-lll>0=~~~~"), // an IOC that the venue ended at once
        (&[accepted, Cancel, cancel_answered], "=-lll>0=c~~~"), // cancelled: late fills are taken
        (&[accepted, part, Hear(Canceled)], "=-=l>>0=~~~~"), //
        (&[accepted, Replace(20), Hear(Canceled)], "=-lll>0=~rrn"), // the replace's answer is still to come
        (&[Hear(Rejected(WHY))], "-=lll>0-~--~"), // fill after reject (V-03)
        (&[Cancel, Hear(Rejected(WHY))], "-=lll>0-c--~"), // the cancel hears that there is nothing
        (&[Replace(20), Hear(Rejected(WHY))], "-=lll>0-~--n"), //
    ];
    for (steps, expected) in table {
        let answers = reports().map(|outcome| {
            let (mut desk, id) = led(steps);
            let (before, counts) = (desk.order(id), desk.orders.counts());
            let change = desk.hear(id, outcome);
            let after = desk.order(id);
            let seen = letter(change);
            if matches!(change, Change::Duplicate | Change::Impossible(_)) {
                assert_eq!(before, after, "{steps:?} {outcome:?}: it changed something");
                let noticed = desk.orders.counts();
                let more = noticed.duplicates + noticed.impossible - counts.duplicates - counts.impossible;
                assert_eq!(more, 1);
            }
            assert_eq!(before.is_open() && !after.is_open(), seen.is_ascii_uppercase());
            // What risk reserved is what can still trade, always.
            assert_eq!(
                desk.risk.working(InstrumentId(0), Side::Buy),
                after.exposure(),
                "{steps:?} {outcome:?}"
            );
            assert_eq!(desk.risk.position(InstrumentId(0)), after.filled);
            assert_eq!(desk.risk.open_orders() as usize, desk.orders.open_count());
            assert_eq!(desk.orders.open().count(), desk.orders.open_count());
            seen
        });
        assert_eq!(answers.iter().collect::<String>(), *expected, "{steps:?}");
    }
}

#[test]
fn a_drawing_is_walked_from_end_to_end() {
    let (mut desk, id) = led(&[Hear(Accepted)]);
    assert_eq!(desk.order(id).state, State::Working);
    let part = desk.hear(id, filled(4, 1));
    assert!(matches!(part, Change::Filled { size: Lots(4), closed: false, late: false, .. }));
    assert!(desk.order(id).is_partly_filled());
    assert!(desk.replace(id, 98, 8));
    assert!(!desk.replace(id, 97, 8), "one replace at a time");
    assert_eq!(desk.order(id).exposure(), Lots(6));
    let smaller = desk.hear(id, replaced(98, 8));
    let expected = Change::Replaced { price: Ticks(98), size: Lots(8), freed: Lots(2), closed: false };
    assert_eq!(smaller, expected);
    assert_eq!(desk.hear(id, replaced(98, 8)), Change::Duplicate);
    assert!(desk.cancel(id) && !desk.cancel(id), "one cancel at a time");
    assert!(!desk.replace(id, 97, 8), "no replace behind a cancel");
    let canceled = desk.hear(id, Canceled);
    assert_eq!(canceled, Change::Canceled { unfilled: Lots(4), freed: Lots(4) });
    let order = desk.order(id);
    assert_eq!(
        (order.state, order.filled, order.unfilled()),
        (State::Closed(End::Canceled), Lots(4), Lots(4))
    );
    assert_eq!((order.accepted_at, order.closed_at), (Some(NOW), Some(NOW)));
    assert!(!desk.cancel(id) && !desk.replace(id, 97, 8));
}

#[test]
fn a_refused_cancel_may_be_tried_again() {
    let (mut desk, id) = led(&[Hear(Accepted), Cancel, Hear(CancelRejected(WHY))]);
    assert!(desk.order(id).is_open() && !desk.order(id).is_canceling());
    assert!(desk.cancel(id));
    assert!(desk.order(id).is_canceling());
}

#[test]
fn a_venue_may_take_from_an_order_on_its_own_and_nothing_else() {
    let (mut desk, id) = led(&[Hear(Accepted)]);
    let price = desk.order(id).terms.price;
    let smaller = Change::Replaced { price, size: Lots(6), freed: Lots(4), closed: false };
    assert_eq!(desk.hear(id, replaced(price.0, 6)), smaller);
    assert_eq!(desk.order(id).exposure(), Lots(6));
    assert_eq!(desk.risk.working(InstrumentId(0), Side::Buy), Lots(6));
    assert_eq!(desk.hear(id, replaced(price.0, 6)), Change::Duplicate);
    let not_asked = Change::Impossible(Impossible::NotAsked);
    for (at, size) in [(price.0, 7), (price.0 - 1, 5), (price.0, 0)] {
        assert_eq!(desk.hear(id, replaced(at, size)), not_asked, "{size} at {at}");
    }
    desk.hear(id, filled(4, 1));
    assert_eq!(desk.hear(id, replaced(price.0, 4)), not_asked, "that is a cancel");
    let rest = desk.hear(id, filled(2, 2));
    assert!(rest.closed(), "{rest:?}");
}

#[test]
fn the_average_price_is_weighted_by_size() {
    let (mut desk, id) = led(&[]);
    assert_eq!(desk.order(id).average_price(), None);
    for (price, size, fill) in [(100, 1, 1), (104, 3, 2)] {
        let outcome = Outcome::Filled {
            price: Ticks(price),
            size: Lots(size),
            fill,
            liquidity: types::Liquidity::Taker,
        };
        desk.hear(id, outcome);
    }
    let average = desk.order(id).average_price().expect("it has fills");
    assert!((average - 103.0).abs() < 1e-12);
}

#[test]
fn a_report_about_nothing_of_ours_changes_nothing() {
    let (mut desk, id) = led(&[]);
    let elsewhere = report(id, InstrumentId(1), Accepted);
    assert_eq!(desk.orders.on_report(NOW, &elsewhere), Change::Impossible(Impossible::WrongInstrument));
    let unknown = report(OrderId(77), InstrumentId(0), filled(1, 1));
    assert_eq!(desk.orders.on_report(NOW, &unknown), Change::Impossible(Impossible::UnknownOrder));
    assert_eq!(desk.orders.counts().impossible, 2);
    assert_eq!(desk.order(id).state, State::Pending);
}

#[test]
fn an_approval_for_another_state_of_the_order_comes_back() {
    let (mut desk, id) = led(&[Hear(Accepted)]);
    let wish = desk.order(id).replacement(Ticks(99), Lots(12));
    let approved = desk.risk.check_replace(NOW, &wish, &common::TOUCH).expect("limits are wide");
    desk.hear(id, filled(3, 1)); // between the check and the order
    let unused = desk.orders.replace(NOW, approved).expect_err("it was judged with ten to go");
    assert_eq!(desk.risk.working(InstrumentId(0), Side::Buy), Lots(9));
    desk.risk.withdraw_replace(unused);
    assert_eq!(desk.risk.working(InstrumentId(0), Side::Buy), desk.order(id).exposure());
}

#[test]
fn the_kill_switch_cancels_what_is_open_and_not_yet_cancelled() {
    let mut desk = Desk::new(2, 16);
    let ids: Vec<OrderId> = (0..6).map(|n| desk.submit(terms(n % 2, Side::Sell, 5))).collect();
    assert!(desk.cancel(ids[1]));
    desk.hear(ids[3], filled(5, 1));
    let mut commands = Vec::new();
    desk.orders.cancel_all(NOW, &mut commands);
    let cancelled: Vec<OrderId> = commands
        .iter()
        .map(|command| match command {
            types::Command::Cancel { order, instrument } => {
                assert_eq!(*instrument, InstrumentId(order.0 % 2));
                *order
            }
            types::Command::Place(_)
            | types::Command::Replace { .. }
            | types::Command::WakeAt { .. }
            | types::Command::Query { .. }
            | types::Command::MassCancel { .. }
            | types::Command::Alert { .. } => {
                panic!("{command:?}")
            }
        })
        .collect();
    assert_eq!(cancelled, [ids[0], ids[2], ids[4], ids[5]]);
    assert!(desk.orders.open().all(orders::Order::is_canceling));
    assert_eq!(desk.orders.open().count(), 5);
    assert_eq!(instrument(1).id(), InstrumentId(1));
}
