//! Every state with every report: what it changes, and what it cannot.

mod common;

use common::{Desk, NOW, WHY, busted, filled, instrument, listed, replaced, report, terms};
use orders::machine::{REPORTS, STATES, answer, column, row};
use orders::{Change, End, Impossible, State};
use std::collections::BTreeSet;
use types::{InstrumentId, Lots, OrderId, Outcome, Side, Ticks};

/// What brings a fresh order of 10 into a state.
#[derive(Clone, Copy, Debug)]
enum Step {
    Cancel,
    Replace(i64),
    Hear(Outcome),
    /// The session breaks.
    Break,
    /// A second passes.
    Later,
}

use Outcome::{Accepted, CancelRejected, Canceled, NotListed, Rejected, ReplaceRejected};
use Step::{Break, Cancel, Hear, Later, Replace};

fn led(steps: &[Step]) -> (Desk, OrderId) {
    let mut desk = Desk::new(1, 16);
    let id = desk.submit(terms(0, Side::Buy, 10));
    for step in steps {
        match *step {
            Cancel => assert!(desk.cancel(id), "{steps:?}"),
            Replace(size) => assert!(desk.replace(id, 99, size), "{steps:?}"),
            Break => assert_eq!(desk.lose_sight(), [id]),
            Later => desk.now = desk.now + types::Nanos(1_000_000_000),
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
        Change::Filled { late: true, closed: true, .. } => '*', // never: it is closed already
        Change::Canceled { .. } => 'C',
        Change::CancelRejected { .. } => 'c',
        Change::Replaced { closed: false, .. } => 'r',
        Change::Replaced { closed: true, .. } => 'R',
        Change::ReplaceRejected { closed: false, .. } => 'n',
        Change::ReplaceRejected { closed: true, .. } => 'N',
        Change::Unsure => 'u',
        Change::Listed { open: true, .. } => 'o',
        Change::Listed { open: false, .. } => 'O',
        Change::Behind { .. } => 'b',
        Change::Missed => 'm',
        Change::Lost { .. } => 'L',
        Change::Busted { .. } => 'v',
        Change::Early => 'e',
        Change::Duplicate => '=',
        Change::Impossible(Impossible::UnknownOrder) => '?',
        Change::Impossible(Impossible::WrongInstrument) => 'w',
        Change::Impossible(Impossible::Transition) => '-',
        Change::Impossible(Impossible::NotAsked) => '~',
        Change::Impossible(Impossible::Alive) => '!',
        Change::Impossible(Impossible::OtherFill) => 'x',
        Change::Impossible(Impossible::SizeNotPositive) => '0',
        Change::Impossible(Impossible::BeyondSize) => '>',
    }
}

/// The reports every state hears, in the order of the table's columns. Fill 1 is the one some states had.
fn reports() -> [Outcome; 19] {
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
        listed(10, 0, true),
        listed(10, 4, true),
        listed(10, 4, false),
        listed(21, 0, true),
        NotListed,
        busted(4, 1),
        busted(4, 9),
    ]
}

/// What can have happened to an order, and what it answers to each report: a letter each, see [`letter`].
fn lives() -> Vec<(Vec<Step>, &'static str)> {
    let accepted = Hear(Accepted);
    let part = Hear(filled(4, 1));
    let all = Hear(filled(10, 1));
    let cancel_answered = Hear(Canceled);
    // Columns: Accepted, Rejected, fill 4 (number 1), fill 4, fill 10, fill 21, fill 0,
    //          Canceled, CancelRejected, Replaced to 6, Replaced to 20, ReplaceRejected,
    //          Listed 0 of 10 open, 4 of 10 open, 4 of 10 closed, 0 of 21 open, NotListed, bust of 1, of an unknown one.
    let lives: &[(&[Step], &str)] = &[
        (&[], "aJffF>0C~~~~====-ee"),                                         // pending
        (&[accepted], "=-ffF>0C~~~~====-ee"),                                 // working
        (&[accepted, part], "=-=f>>0C~~~~====-ve"),                           // partly filled
        (&[part], "a-=f>>0C~~~~====-ve"), // the fill overtook its acknowledgement
        (&[Cancel], "aJffF>0Cc~~~====-ee"), // a cancel under way
        (&[accepted, Cancel], "=-ffF>0Cc~~~====-ee"), //
        (&[accepted, part, Cancel], "=-=f>>0Cc~~~====-ve"), //
        (&[Replace(20)], "aJfff>0C~rrn====-ee"), // a larger size asked for: all of it may trade
        (&[accepted, Replace(20)], "=-fff>0C~rrn====-ee"), //
        (&[accepted, Replace(6)], "=-ffF>0C~r>n====-ee"), // a smaller one: the old size may trade
        (&[accepted, part, Replace(20)], "=-=ff>0C~rrn====-ve"), //
        (&[accepted, Replace(20), all], "=-xfF>0C~RrN====-xe"), // the old size filled while asking
        (&[accepted, Hear(filled(6, 1)), Replace(7)], "=-xF>>0C~R>n====-xe"), // fills are at 6 when it becomes 6
        (&[accepted, Replace(20), Cancel], "=-fff>0Ccrrn====-ee"),            // both under way
        (&[all], "a-x>>>0-~~~~=====xe"), // filled before the acknowledgement
        (&[accepted, all], "=-x>>>0-~~~~=====xe"), // filled
        (&[accepted, Cancel, all], "=-x>>>0-c~~~=====xe"), // the cancel crossed the last fill
        (&[accepted, Replace(10), all], "=-x>>>0-~r>n=====xe"), // the replace crossed it
        (&[Hear(Canceled)], "a-lll>0=~~~~!!=!=ee"), // an IOC that the venue ended at once
        (&[accepted, Cancel, cancel_answered], "=-lll>0=c~~~!!=!=ee"), // cancelled: late fills are taken
        (&[accepted, part, Hear(Canceled)], "=-=l>>0=~~~~!!=!=ve"), //
        (&[accepted, Replace(20), Hear(Canceled)], "=-lll>0=~rrn!!=!=ee"), // the replace's answer is still to come
        (&[Hear(Rejected(WHY))], "!=lll>0-~!!~!!=!=ee"),                   // fill after reject (V-03)
        (&[Cancel, Hear(Rejected(WHY))], "!=lll>0-c!!~!!=!=ee"), // the cancel hears that there is nothing
        (&[Replace(20), Hear(Rejected(WHY))], "!=lll>0-~!!n!!=!=ee"), //
        // The session broke.
        (&[Break], "aJffF>0C==>=obb>mee"), // never acknowledged: one miss is not enough
        (&[accepted, Break], "=-ffF>0C==>=obb>Lee"), // acknowledged: one is
        (&[accepted, part, Break], "=-=f>>0C==>=ooO>Lve"), // listed with the fills we know, it works or is gone
        (&[accepted, Cancel, Break], "=-ffF>0C==>=obb>Lee"),
        (&[Cancel, Break, Cancel], "aJffF>0Cc=>=obb>mee"), // asked for again
        (&[accepted, Replace(20), Break], "=-fff>0C=rrnobb>Lee"),
        (&[accepted, Replace(6), Break], "=-ffF>0C=r>nobb>Lee"),
        (&[accepted, part, Replace(10), Break], "=-=f>>0C=r>nooO>Lve"), // by which price it stands is not said
        (&[accepted, Replace(20), all, Break], "=-xfF>0C=RrNOO->Lxe"), // filled as it was, and perhaps larger
        (&[Break, Hear(NotListed), Later], "aJffF>0C==>=obb>Lee"),     // the second miss is enough
        (&[accepted, Break, Hear(listed(10, 4, true))], "=-ffF>0C==>=obb>Lee"), // fills are missing: it stays unknown
        (&[accepted, Break, Hear(listed(10, 0, true))], "=-ffF>0C==>=====-ee"),
        (&[accepted, Replace(10), Break, Hear(listed(10, 0, true))], "=-ffF>0C=r>n====-ee"),
        (&[accepted, part, Break, Hear(listed(10, 4, false))], "=-=l>>0=====!!=!=ve"),
        (&[accepted, Break, Hear(NotListed)], "==lll>0==!!=!!=!=ee"),
        (&[Break, Hear(NotListed)], "aJffF>0C==>=obb>mee"), // too soon after the first
        (&[Break, Hear(NotListed), Later, Hear(NotListed)], "!=lll>0==!!=!!=!=ee"), // lost; a sign of life is told
        (&[accepted, part, Hear(busted(4, 1))], "=-=f>>0C~~~~====-=e"),
        (&[accepted, all, Hear(busted(10, 1))], "=-x>>>0-~~~~======e"),
    ];
    lives.iter().map(|(steps, answers)| (steps.to_vec(), *answers)).collect()
}

#[test]
fn every_state_has_an_answer_to_every_report() {
    for (steps, expected) in &lives() {
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
            assert_eq!(desk.risk.position(InstrumentId(0)), after.standing());
            assert_eq!(desk.risk.open_orders() as usize, desk.orders.open_count());
            assert_eq!(desk.orders.open().count(), desk.orders.open_count());
            seen
        });
        assert_eq!(answers.iter().collect::<String>(), *expected, "{steps:?}");
    }
}

fn name(state: State) -> String {
    format!("{state:?}")
}

/// From where to where which reports lead, found by walking every life through every report.
fn edges() -> Vec<(State, State, Vec<&'static str>)> {
    let mut found = BTreeSet::new();
    for (steps, _) in lives() {
        for outcome in reports() {
            let (mut desk, id) = led(&steps);
            let before = desk.order(id).state;
            let change = desk.hear(id, outcome);
            let known = matches!(change, Change::Duplicate | Change::Impossible(_));
            if !known && desk.order(id).state != before {
                let edge = (row(before), row(desk.order(id).state), column(&outcome));
                found.insert(edge);
            }
        }
        let (mut desk, id) = led(&steps);
        let before = desk.order(id).state;
        if !desk.lose_sight().is_empty() && before != State::Unknown {
            found.insert((row(before), row(desk.order(id).state), REPORTS.len()));
        }
    }
    let mut edges: Vec<(State, State, Vec<&'static str>)> = Vec::new();
    for (from, to, by) in found {
        let (from, to) = (STATES[from], STATES[to]);
        let by = REPORTS.get(by).copied().unwrap_or("the session breaks");
        match edges.last_mut() {
            Some(last) if (last.0, last.1) == (from, to) => last.2.push(by),
            _ => edges.push((from, to, vec![by])),
        }
    }
    edges
}

/// The drawing at [`State`].
fn lines() -> String {
    let line = |(from, to, by): (State, State, Vec<&str>)| {
        format!("/// {:<7} ──▶ {:<17} {}\n", name(from), name(to), by.join(", "))
    };
    edges().into_iter().map(line).collect()
}

/// The drawing and the table of docs/orders.md.
fn page() -> String {
    let short = |state: State| name(state).replace("Closed(", "").replace(')', "");
    let mut page = String::from("```mermaid\nstateDiagram-v2\n    [*] --> Pending: submit\n");
    for (from, to, by) in edges() {
        page += &format!("    {} --> {}: {}\n", short(from), short(to), by.join(", "));
    }
    for end in STATES.into_iter().filter(|state| matches!(state, State::Closed(_))) {
        page += &format!("    {} --> [*]\n", short(end));
    }
    page += "```\n\n| state |";
    page += &REPORTS.map(|report| format!(" {report} |")).concat();
    page += &format!("\n|---|{}\n", "---|".repeat(REPORTS.len()));
    for state in STATES {
        page += &format!("| {} |", short(state));
        for outcome in one_of_each() {
            page += &format!(" {} |", answer(state, &outcome).name());
        }
        page += "\n";
    }
    page
}

/// A report of each kind, in the order of the columns.
fn one_of_each() -> Vec<Outcome> {
    let mut all: Vec<Outcome> = reports().into();
    all.sort_by_key(column);
    all.dedup_by_key(|outcome| column(outcome));
    all
}

#[test]
fn the_drawings_in_the_docs_are_the_machine() {
    assert_eq!(one_of_each().iter().map(column).collect::<Vec<_>>(), (0..REPORTS.len()).collect::<Vec<_>>());
    assert_eq!(STATES.map(row).to_vec(), (0..STATES.len()).collect::<Vec<_>>());
    let told = "write it there; it was found by walking the machine";
    assert!(include_str!("../src/order.rs").contains(&lines()), "{told}:\n{}", lines());
    assert!(include_str!("../../../docs/orders.md").contains(&page()), "{told}:\n{}", page());
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
    assert_eq!(desk.hear(id, replaced(price.0, 3)), not_asked, "more has traded");
    assert!(desk.replace(id, price.0 - 1, 9));
    // Before the answer, and not it: both what it is now and what was asked for may trade.
    let smaller = Change::Replaced { price, size: Lots(5), freed: Lots(0), closed: false };
    assert_eq!(desk.hear(id, replaced(price.0, 5)), smaller);
    assert_eq!(desk.order(id).exposure(), Lots(5));
    desk.hear(id, ReplaceRejected(WHY));
    assert_eq!(desk.order(id).exposure(), Lots(1));
    // A fill overtook it, and reached that size.
    let rest = desk.hear(id, replaced(price.0, 4));
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
    let wish = desk.orders.replacement(&desk.order(id), Ticks(99), Lots(12));
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

#[test]
fn v_04_what_a_replace_can_overfill_is_reserved_where_its_size_is_what_is_left() {
    // Ten ordered, replaced to ten: where the size is the whole, no more than ten can trade; where it is what is left, or
    // the replace a cancel and a new order, ten may trade before it and ten after.
    for (venue, reserved) in [("test", 10), ("cme", 10), ("nasdaq", 10), ("Binance", 20)] {
        let mut desk = Desk::at(venue, 1, 16);
        let id = desk.submit(terms(0, Side::Buy, 10));
        desk.hear(id, Accepted);
        assert!(desk.replace(id, 99, 10), "{venue}");
        assert_eq!(desk.risk.working(InstrumentId(0), Side::Buy), Lots(reserved), "{venue}");
        // Four traded before the replace got there: what is left is six, or ten.
        desk.hear(id, filled(4, 1));
        let after = if reserved == 10 { 10 } else { 14 };
        desk.hear(id, replaced(99, after));
        let rest = desk.order(id).exposure();
        assert_eq!(rest, Lots(after - 4), "{venue}");
        assert_eq!(desk.risk.working(InstrumentId(0), Side::Buy), rest, "{venue}");
        let more = desk.hear(id, filled(rest.0 + 1, 2));
        assert_eq!(more, Change::Impossible(Impossible::BeyondSize), "{venue}");
        assert!(desk.hear(id, filled(rest.0, 3)).closed(), "{venue}");
    }
}
