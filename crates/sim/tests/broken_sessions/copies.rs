//! Drop copies: missing, late, contradicting; and what only they know.

use crate::floor::{Floor, MS, ONLY, VENUE};
use engine::CopyTerms;
use orders::{End, State};
use sim::session::{Copies, Fault, Faults};
use types::{
    Action, AlertKind, Event, Liquidity, Lots, Nanos, Operator, OrderId, Outcome, PersonId, Report, Scope,
    Side, Ticks,
};

fn floor(copies: Copies, tolerance: i64) -> Floor {
    let mut floor = Floor::new(1, Faults { copies: Some(copies), ..Faults::default() }, 13);
    floor.expect_copies(CopyTerms { venues: vec![VENUE], tolerance: Lots(tolerance) });
    floor
}

fn copy(floor: &mut Floor, order: OrderId, number: u32, price: i64, size: i64) {
    let (price, size) = (Ticks(price), Lots(size));
    let outcome = Outcome::Filled { price, size, fill: number, liquidity: Liquidity::Maker };
    let report = Report { venue_at: Nanos(floor.now), order, instrument: ONLY, outcome };
    floor.input(floor.now, Event::DropCopy(report));
}

#[test]
fn rc_41_positions_by_reports_and_by_copies_are_one() {
    let mut floor = floor(Copies::default(), 0);
    for n in 0..50 {
        floor.ms(10 + n * 20);
        let side = if n % 3 == 0 { Side::Sell } else { Side::Buy };
        floor.place(0, side, if side == Side::Buy { 101 } else { 100 }, 1 + n % 4);
        if n % 10 == 9 {
            floor.market(100, 101, 10);
        }
        if n == 25 {
            floor.inject(10 + n * 20 + 5, Fault::Bust);
        }
    }
    floor.ms(20_000);
    assert!(floor.position() != 0);
    assert_eq!(floor.engine.position_by_copies(ONLY).0, floor.position());
    assert_eq!(floor.session.position(ONLY).0, floor.position());
    assert_eq!(floor.told(AlertKind::Break), []);
}

#[test]
fn v_13_a_copy_that_never_comes_is_told_within_five_seconds_and_stops_the_account() {
    let mut floor = floor(Copies { lost: 1.0, ..Copies::default() }, 3);
    floor.place(0, Side::Buy, 101, 2);
    floor.ms(4_500);
    assert_eq!(floor.told(AlertKind::Break).len(), 1);
    assert!(floor.place(0, Side::Buy, 101, 2).is_some(), "two lots are tolerated");
    floor.ms(9_500);
    let told = floor.told(AlertKind::Break);
    assert!(told.len() == 2 && told[1].0 - 4_500 <= 5_000, "{told:?}");
    assert_eq!(floor.place(0, Side::Buy, 101, 1), None);
    assert_eq!(floor.refused(0), ["venue paused"]);
    // Two people have looked.
    let action = Action::Reset(Scope::Account(types::AccountId(0)));
    let words = [
        Operator::Reason { request: 1, part: 0, text: *b"they will send it later " },
        Operator::Request { request: 1, by: PersonId(0), action },
        Operator::Confirm { request: 1, by: PersonId(1) },
    ];
    for word in words {
        floor.input(floor.now, Event::Operator(word));
    }
    assert!(floor.place(0, Side::Buy, 101, 1).is_some());
}

#[test]
fn v_13_a_late_copy_ends_the_break_it_made() {
    let late_by = Nanos(8_000 * MS);
    let mut floor = floor(Copies { late: 1.0, late_by, ..Copies::default() }, 0);
    for n in 0..20 {
        floor.ms(10 + n);
        floor.place(0, Side::Buy, 90, 1);
    }
    floor.market(88, 89, 100);
    floor.ms(5_500);
    assert!(!floor.told(AlertKind::Break).is_empty());
    assert_eq!(floor.place(0, Side::Buy, 85, 1), None);
    floor.ms(20_000);
    assert!(floor.place(0, Side::Buy, 85, 1).is_some(), "both ways say the same now");
    assert_eq!(floor.engine.position_by_copies(ONLY).0, floor.position());
}

#[test]
fn v_13_a_copy_that_contradicts_is_told_at_once() {
    let mut floor = floor(Copies { wrong: 1.0, ..Copies::default() }, 1);
    floor.place(0, Side::Buy, 101, 2);
    floor.ms(50);
    assert_eq!(floor.told(AlertKind::Break).len(), 1);
    assert_eq!(floor.place(0, Side::Buy, 90, 1), None, "more than is tolerated");
}

#[test]
fn v_13_a_fill_that_only_the_copy_knows_is_told_and_booked() {
    let mut floor = floor(Copies::default(), 100);
    let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
    floor.ms(10);
    copy(&mut floor, id, 77, 99, 4);
    floor.ms(3_000);
    assert_eq!((floor.position(), floor.told(AlertKind::Break).len()), (0, 0));
    floor.ms(5_010);
    assert_eq!((floor.position(), floor.told(AlertKind::Break).len()), (4, 1));
    assert_eq!(floor.working(Side::Buy), 6);
    // The report, at last: it was booked already.
    let outcome = Outcome::Filled { price: Ticks(99), size: Lots(4), fill: 77, liquidity: Liquidity::Maker };
    let late = Report { venue_at: Nanos(0), order: id, instrument: ONLY, outcome };
    floor.input(floor.now, Event::Report(late));
    copy(&mut floor, id, 77, 99, 4);
    floor.ms(20_000);
    assert_eq!((floor.position(), floor.told(AlertKind::Break).len()), (4, 1));
    assert_eq!(floor.engine.position_by_copies(ONLY), Lots(4));
}

#[test]
fn v_13_a_copy_of_nothing_of_ours_is_told() {
    let mut floor = floor(Copies::default(), 100);
    copy(&mut floor, OrderId(500), 1, 99, 4);
    assert_eq!((floor.position(), floor.told(AlertKind::Break).len()), (0, 1));
}

#[test]
fn v_01_the_copy_says_what_a_broken_session_swallowed() {
    let faults = Faults { copies: Some(Copies::default()), resends: false, ..Faults::default() };
    let mut floor = Floor::new(1, faults, 14);
    floor.expect_copies(CopyTerms { venues: vec![VENUE], tolerance: Lots(0) });
    let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
    floor.inject(10, Fault::Disconnect(Nanos(500 * MS)));
    floor.ms(11);
    floor.market(97, 99, 4);
    floor.ms(20);
    assert_eq!((floor.state(id), floor.position(), floor.working(Side::Buy)), (State::Unknown, 4, 6));
    floor.market(97, 98, 20);
    floor.ms(600);
    assert_eq!((floor.state(id), floor.position()), (State::Closed(End::Filled), 10));
    floor.ms(20_000);
    assert!(floor.engine.is_up(VENUE));
    assert_eq!((floor.told(AlertKind::Break), floor.told(AlertKind::Unresolved)), (vec![], vec![]));
}

#[test]
fn v_01_a_fill_copied_before_the_silence_was_noticed_is_booked_when_the_venue_says_that_it_is_missing() {
    let faults = Faults {
        copies: Some(Copies::default()),
        resends: false,
        heartbeat: Nanos(100 * MS),
        ..Faults::default()
    };
    let mut floor = Floor::new(1, faults, 14);
    floor.expect_copies(CopyTerms { venues: vec![VENUE], tolerance: Lots(0) });
    let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
    floor.inject(10, Fault::Silence(Nanos(100 * MS)));
    floor.ms(11);
    floor.market(97, 99, 4);
    floor.ms(50);
    assert_eq!((floor.state(id), floor.position()), (State::Working, 0), "reports go first");
    floor.ms(300);
    assert_eq!((floor.state(id), floor.position(), floor.working(Side::Buy)), (State::Working, 4, 6));
    floor.ms(20_000);
    assert_eq!(floor.told(AlertKind::Break), []);
}
