//! What becomes of our orders when sessions break, venues forget, throttle, halt and take back: the whole machine on a
//! simulated session, one fault at a time, and all of them at once.

mod all_at_once;
mod copies;
mod floor;
mod own_orders;

use floor::{Floor, MS, ONLY, VENUE};
use orders::{Change, End, State};
use risk::{Level, LimitId, Limits};
use sim::session::{CancelOnDisconnect, Fault, Faults, Throttle};
use types::{
    AlertKind, Event, Flags, Liquidity, Lots, Nanos, Outcome, RejectReason, Report, Session, SessionChange,
    Side, Statistic, StatisticKind, Ticks,
};

fn calm() -> Faults {
    Faults::default()
}

#[test]
fn v_01_an_order_whose_session_broke_before_the_answer_counts_as_live_and_is_never_sent_again() {
    // Lost on its way: the venue, asked twice, does not have it.
    let mut floor = Floor::new(1, Faults { lost_underway: 1.0, ..calm() }, 1);
    floor.session.inject(Nanos(10 * MS + 50_000), Fault::Disconnect(Nanos(5 * MS)));
    floor.ms(10);
    let id = floor.place(0, Side::Buy, 99, 4).expect("limits are wide");
    floor.ms(14);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Unknown, 4));
    assert_eq!(floor.place(0, Side::Buy, 98, 1), None);
    assert_eq!(floor.refused(0), ["session down"]);
    floor.ms(100); // asked once: it may still be on its way
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Unknown, 4));
    assert!(!floor.engine.is_up(VENUE));
    floor.ms(700);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Closed(End::Lost), 0));
    assert!(floor.engine.is_up(VENUE));
    assert_eq!((floor.placed(), floor.told(AlertKind::Contradiction)), (1, vec![]));

    // It had arrived, and only the answer is missing.
    let faults = Faults { lost_underway: 0.0, resends: false, ..calm() };
    let mut floor = Floor::new(1, faults, 1);
    floor.session.inject(Nanos(10 * MS + 50_000), Fault::Disconnect(Nanos(5 * MS)));
    floor.ms(10);
    let id = floor.place(0, Side::Buy, 99, 4).expect("limits are wide");
    floor.ms(100);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Working, 4));
    // Asked when the line stood, and again when all that was kept had come.
    assert_eq!((floor.placed(), floor.queries()), (1, 2));
    let heard: Vec<Change> = floor.heard(0).into_iter().map(|(_, change)| change).collect();
    assert_eq!(heard, [Change::Unsure, Change::Listed { open: true, freed: Lots(0) }, Change::Duplicate]);
    floor.never_sent_into_nothing();
}

#[test]
fn v_01_fills_that_a_broken_session_swallowed_come_before_the_exposure_falls() {
    let mut floor = Floor::new(1, calm(), 1);
    let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
    floor.inject(10, Fault::Disconnect(Nanos(5 * MS)));
    floor.ms(11);
    floor.market(97, 98, 20); // it trades while we cannot hear
    floor.ms(15);
    assert_eq!((floor.state(id), floor.position(), floor.working(Side::Buy)), (State::Unknown, 0, 10));
    floor.ms(400); // what the venue kept for us
    assert_eq!(floor.position(), 10);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Closed(End::Filled), 0));

    // Nothing is kept, and nobody else says it: it stays unknown, and people are told within bounds.
    let mut floor = Floor::new(1, Faults { resends: false, ..calm() }, 1);
    let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
    floor.inject(10, Fault::Disconnect(Nanos(5 * MS)));
    floor.ms(11);
    floor.market(97, 98, 20);
    floor.ms(120_000);
    assert_eq!((floor.state(id), floor.position(), floor.working(Side::Buy)), (State::Unknown, 0, 10));
    assert!(!floor.engine.is_up(VENUE), "nothing new until somebody has looked");
    let told = floor.told(AlertKind::Unresolved);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].0 < 40_000, "{told:?}");
    assert!((8..12).contains(&floor.queries()), "{} questions in two minutes", floor.queries());
}

#[test]
fn v_02_answers_that_come_twice_and_a_replay_after_a_reconnect_count_once() {
    let mut floor = Floor::new(1, Faults { doubled: 1.0, ..calm() }, 2);
    floor.place(0, Side::Buy, 101, 4);
    let rests = floor.place(0, Side::Buy, 99, 5).expect("limits are wide");
    floor.inject(20, Fault::Disconnect(Nanos(5 * MS)));
    floor.ms(22);
    floor.market(97, 98, 50);
    floor.ms(500);
    assert_eq!((floor.position(), floor.state(rests)), (9, State::Closed(End::Filled)));
    let counts = floor.engine.orders().counts();
    assert!(counts.duplicates >= 4 && counts.impossible == 0, "{counts:?}");
}

/// A report as if the venue had sent it.
fn report(floor: &mut Floor, order: types::OrderId, outcome: Outcome) {
    let at = Nanos(floor.now);
    floor.input(floor.now, Event::Report(Report { venue_at: at, order, instrument: ONLY, outcome }));
}

fn fill(number: u32, size: i64) -> Outcome {
    Outcome::Filled { price: Ticks(99), size: Lots(size), fill: number, liquidity: Liquidity::Maker }
}

#[test]
fn v_03_fills_count_before_the_acknowledgement_after_the_cancel_and_after_the_reject() {
    let rejected = Outcome::Rejected(RejectReason::Other);
    for reports in [
        vec![fill(1, 4), Outcome::Accepted, fill(2, 6)],
        vec![Outcome::Accepted, Outcome::Canceled, fill(1, 4), fill(2, 6)],
        vec![rejected, fill(1, 4), fill(2, 6)],
        vec![fill(2, 6), Outcome::Canceled, fill(1, 4), Outcome::Accepted],
    ] {
        // Nothing else comes: the line is silent, and not yet known to be.
        let mut floor = Floor::new(1, Faults { heartbeat: Nanos(60_000 * MS), ..calm() }, 3);
        floor.inject(2, Fault::Silence(Nanos(MS)));
        floor.ms(3);
        let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
        for outcome in reports {
            report(&mut floor, id, outcome);
        }
        assert_eq!((floor.position(), floor.working(Side::Buy)), (10, 0));
        assert_eq!(floor.engine.orders().counts().impossible, 0);
    }
}

#[test]
fn v_03_an_acknowledgement_that_is_overtaken_changes_nothing() {
    let mut floor = Floor::new(1, Faults { overtaken: 0.7, overtaken_by: Nanos(20 * MS), ..calm() }, 5);
    for n in 0..20 {
        floor.ms(10 + n * 50);
        floor.place(0, Side::Buy, 101, 1);
    }
    floor.ms(2_000);
    assert_eq!((floor.position(), floor.engine.orders().open_count()), (10, 10), "ten stood there");
    assert_eq!(floor.engine.orders().counts().impossible, 0);
    let mut early = 0;
    for order in 0..10 {
        let of = |(id, change): &(types::OrderId, Change)| (id.0 == order).then_some(*change);
        let heard: Vec<Change> = floor.heard(0).iter().filter_map(of).collect();
        early += usize::from(matches!(heard[0], Change::Filled { .. }));
    }
    assert!(early > 0, "no fill came before its acknowledgement");
}

#[test]
fn v_04_a_replace_that_crosses_a_fill_cannot_trade_more_than_was_meant() {
    let mut floor = Floor::new(1, calm(), 4);
    let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
    floor.ms(5);
    floor.market(97, 99, 4); // four trade at the venue …
    floor.wish(0, engine::Want::Replace { order: id, price: Ticks(98), size: Lots(12) }); // … before we hear of it
    floor.ms(10);
    assert_eq!((floor.order(id).filled, floor.order(id).terms.size), (Lots(4), Lots(12)));
    assert_eq!(floor.working(Side::Buy), 8);
    floor.market(96, 97, 50);
    floor.ms(20);
    assert_eq!((floor.position(), floor.state(id)), (12, State::Closed(End::Filled)));
}

#[test]
fn v_05_refusals_for_no_known_reason_pause_the_strategy_that_goes_on_asking() {
    let mut floor = Floor::new(2, Faults { refused: 1.0, ..calm() }, 5);
    for n in 0..40 {
        floor.ms(10 + n * 100);
        floor.place(0, Side::Buy, 99, 1);
    }
    assert_eq!((floor.placed(), floor.refused(0).len()), (5, 35));
    assert!(floor.refused(0).iter().all(|kind| *kind == "venue paused"));
    let told = floor.told(AlertKind::Disabled);
    assert_eq!(told.len(), 1, "{told:?}");
    floor.session.calm();
    floor.ms(5_000);
    assert!(floor.place(1, Side::Buy, 99, 1).is_some(), "the other strategy asked for nothing");
    floor.ms(70_000);
    assert!(floor.place(0, Side::Buy, 99, 1).is_some(), "the pause is over");
}

fn broken(cancel_on_disconnect: CancelOnDisconnect, fault: Fault) -> (Floor, types::OrderId) {
    let mut floor = Floor::new(1, Faults { cancel_on_disconnect, resends: false, ..calm() }, 6);
    let id = floor.place(0, Side::Buy, 99, 4).expect("limits are wide");
    floor.inject(10, fault);
    floor.ms(12);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Unknown, 4), "promised is not done");
    floor.ms(100);
    floor.never_sent_into_nothing();
    (floor, id)
}

#[test]
fn v_06_cancel_on_disconnect_closes_orders_when_the_venue_says_so_and_not_before() {
    let (floor, id) = broken(CancelOnDisconnect::Executed, Fault::Disconnect(Nanos(5 * MS)));
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Closed(End::Canceled), 0));
    assert_eq!((floor.cancels(), floor.told(AlertKind::Contradiction).len()), (0, 0));
}

#[test]
fn v_07_an_order_that_a_promised_cancel_on_disconnect_left_is_found_and_cancelled() {
    let (floor, id) = broken(CancelOnDisconnect::Promised, Fault::Disconnect(Nanos(5 * MS)));
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Closed(End::Canceled), 0));
    assert_eq!((floor.cancels(), floor.told(AlertKind::Contradiction).len()), (1, 1));
    assert!(floor.session.order(id).is_some_and(|order| !order.open));
}

#[test]
fn rc_30_without_cancel_on_disconnect_an_order_is_found_and_stays() {
    let (floor, id) = broken(CancelOnDisconnect::Off, Fault::Disconnect(Nanos(5 * MS)));
    assert_eq!((floor.state(id), floor.working(Side::Buy), floor.cancels()), (State::Working, 4, 0));
    // And on and off as the venue confirms it, each by its own rule.
    for (how, cancels) in [(CancelOnDisconnect::Executed, 0), (CancelOnDisconnect::Promised, 1)] {
        let (floor, id) = broken(how, Fault::Disconnect(Nanos(5 * MS)));
        assert_eq!((floor.state(id), floor.cancels()), (State::Closed(End::Canceled), cancels));
    }
}

#[test]
fn rc_31_a_log_out_leaves_no_order_behind_that_we_do_not_know_of() {
    for (how, end, cancels) in [
        (CancelOnDisconnect::Executed, State::Closed(End::Canceled), 0),
        (CancelOnDisconnect::Promised, State::Closed(End::Canceled), 1),
        (CancelOnDisconnect::Off, State::Working, 0),
    ] {
        let (floor, id) = broken(how, Fault::LogOut(Nanos(5 * MS)));
        assert_eq!((floor.state(id), floor.cancels()), (end, cancels), "{how:?}");
    }
}

#[test]
fn a_cancel_that_could_not_be_sent_is_sent_when_the_order_turns_out_to_work() {
    let mut floor = Floor::new(1, Faults { resends: false, ..calm() }, 7);
    let id = floor.place(0, Side::Buy, 99, 4).expect("limits are wide");
    floor.inject(10, Fault::Disconnect(Nanos(50 * MS)));
    floor.ms(20);
    floor.wish(0, engine::Want::Cancel(id));
    assert_eq!(floor.cancels(), 0);
    floor.ms(200);
    assert_eq!((floor.cancels(), floor.state(id)), (1, State::Closed(End::Canceled)));
    floor.never_sent_into_nothing();
}

#[test]
fn v_09_a_line_without_heartbeats_is_taken_for_broken() {
    let mut floor = Floor::new(1, Faults { heartbeat: Nanos(500 * MS), ..calm() }, 9);
    floor.inject(10, Fault::Silence(Nanos(100 * MS)));
    floor.ms(20);
    let id = floor.place(0, Side::Buy, 99, 4).expect("we could not have known");
    floor.ms(505);
    assert_eq!(floor.state(id), State::Pending);
    floor.ms(511);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Unknown, 4));
    floor.ms(2_000);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Closed(End::Lost), 0));
    floor.never_sent_into_nothing();
}

#[test]
fn v_10_a_venue_that_throttles_is_sent_less_and_cancels_still_go() {
    let throttle = Some(Throttle { per_second: 10, burst: 10 });
    let mut floor = Floor::new(1, Faults { throttle, ..calm() }, 10);
    let rests = floor.place(0, Side::Buy, 90, 1).expect("limits are wide");
    // A strategy that wishes a hundred times what the venue takes.
    for n in 0..20_000 {
        floor.until(10 * MS + n * MS);
        floor.place(0, Side::Buy, 91, 1);
    }
    let throttled = floor.session.counts().throttled;
    let sent = floor.placed() as u64;
    assert!(throttled < sent / 2, "{throttled} of {sent} sent were throttled");
    assert!(sent - throttled > 100, "{sent} sent in twenty seconds, {throttled} throttled: too shy");
    assert!(floor.refused(0).contains(&"venue paused"));
    floor.wish(0, engine::Want::Cancel(rests));
    floor.until(floor.now + MS);
    assert_eq!(floor.state(rests), State::Closed(End::Canceled));
    // Once it takes more, so do we send.
    floor.session.calm();
    for _ in 0..3_000 {
        floor.until(floor.now + MS);
        floor.place(0, Side::Buy, 91, 1);
    }
    assert!(floor.place(0, Side::Buy, 91, 1).is_some() && floor.place(0, Side::Buy, 91, 1).is_some());
}

#[test]
fn v_11_a_halt_is_not_hammered_and_its_end_lets_no_storm_loose() {
    let mut floor = Floor::new(1, calm(), 11);
    let rests = floor.place(0, Side::Buy, 90, 1).expect("limits are wide");
    floor.inject(10, Fault::Halt(ONLY, Nanos(1_000 * MS)));
    floor.ms(9);
    let before = floor.placed();
    for ms in 10..1_009 {
        floor.ms(ms);
        floor.place(0, Side::Buy, 95, 1);
    }
    let in_halt = floor.placed() - before;
    assert!(in_halt <= 5, "{in_halt} orders into a halt of a second, for a thousand wishes");
    let before = floor.placed();
    floor.ms(1_500); // it is over, and nothing had been queued
    assert_eq!(floor.placed(), before);
    assert_eq!(floor.state(rests), State::Working);
    floor.market(100, 101, 10);
    assert!(floor.place(0, Side::Buy, 95, 1).is_some());
}

#[test]
fn v_11_a_market_that_refuses_without_a_word_is_tried_ever_more_rarely() {
    let mut floor = Floor::new(1, Faults { heartbeat: Nanos(600_000 * MS), ..calm() }, 11);
    floor.inject(2, Fault::Silence(Nanos(MS)));
    floor.ms(3);
    for ms in 10..20_010 {
        floor.ms(ms);
        if let Some(id) = floor.place(0, Side::Buy, 95, 1) {
            report(&mut floor, id, Outcome::Rejected(RejectReason::MarketClosed));
        }
    }
    assert!((5..12).contains(&floor.placed()), "{} tries in twenty seconds", floor.placed());
}

#[test]
fn v_12_orders_that_a_restart_lost_are_told_and_free_their_exposure_only_when_that_is_sure() {
    let mut floor = Floor::new(1, Faults { lost_by_restart: 1.0, ..calm() }, 12);
    let lost = floor.place(0, Side::Buy, 99, 4).expect("limits are wide");
    floor.ms(5);
    floor.inject(10, Fault::Restart(Nanos(1_000 * MS)));
    floor.ms(1_000);
    assert_eq!((floor.state(lost), floor.working(Side::Buy)), (State::Unknown, 4));
    floor.ms(1_200);
    assert_eq!((floor.state(lost), floor.working(Side::Buy)), (State::Closed(End::Lost), 0));
    let told = floor.told(AlertKind::Contradiction);
    assert_eq!(told.iter().map(|(_, order)| *order).collect::<Vec<_>>(), [i64::from(lost.0)]);
    assert_eq!(floor.engine.orders().counts().lost, 1);
}

#[test]
fn v_15_a_fill_taken_back_is_taken_back_everywhere_once() {
    let mut floor = Floor::new(1, Faults { doubled: 1.0, ..calm() }, 15);
    floor.place(0, Side::Buy, 101, 4);
    floor.ms(5);
    floor.place(0, Side::Buy, 101, 3);
    floor.ms(10);
    assert_eq!(floor.position(), 7);
    floor.inject(11, Fault::Bust);
    floor.ms(30);
    let account = floor.engine.portfolio().account(ONLY);
    assert_eq!((floor.position(), account.volume, account.fees.to_string()), (4, Lots(4), "0.04".into()));
    // Four from 101, at 100.5, less the fee.
    assert_eq!(floor.engine.equity().to_string(), "-2.04");
    assert_eq!(floor.engine.own_position(types::StrategyId(0), ONLY), Lots(4));
    assert_eq!((floor.told(AlertKind::Bust).len(), floor.engine.orders().counts().busts), (1, 1));
    assert_eq!(floor.working(Side::Buy), 0, "what it took of its order does not come back");
    assert_eq!(floor.position(), floor.session.position(ONLY).0);
}

#[test]
fn v_15_a_fill_taken_back_before_it_came_is_booked_and_taken_back() {
    let mut floor = Floor::new(1, Faults { heartbeat: Nanos(60_000 * MS), ..calm() }, 15);
    floor.inject(2, Fault::Silence(Nanos(MS)));
    floor.ms(3);
    let id = floor.place(0, Side::Buy, 99, 10).expect("limits are wide");
    report(&mut floor, id, Outcome::Accepted);
    let bust = Outcome::Busted { fill: 1, price: Ticks(99), size: Lots(4) };
    report(&mut floor, id, bust);
    assert_eq!((floor.position(), floor.working(Side::Buy)), (0, 10));
    report(&mut floor, id, fill(1, 4));
    assert_eq!((floor.position(), floor.working(Side::Buy)), (0, 6));
    report(&mut floor, id, fill(1, 4));
    report(&mut floor, id, bust);
    assert_eq!((floor.position(), floor.working(Side::Buy)), (0, 6));
    // A bust of another fill than came is nothing we can book.
    report(&mut floor, id, fill(2, 1));
    report(&mut floor, id, Outcome::Busted { fill: 2, price: Ticks(98), size: Lots(1) });
    assert_eq!((floor.position(), floor.told(AlertKind::Contradiction).len()), (1, 1));
}

fn limits(floor: &mut Floor, kind: StatisticKind, price: i64) {
    let statistic = Statistic {
        venue_at: Nanos(floor.now),
        value: price,
        size: Lots(0),
        instrument: ONLY,
        fraction: 0,
        session_day: 0,
        kind,
        side: None,
        flags: Flags::LAST,
        deleted: false,
    };
    floor.input(floor.now, Event::Statistic(statistic));
}

#[test]
fn v_16_a_price_the_venue_refuses_is_not_sent_again_and_again() {
    let mut floor = Floor::new(1, calm(), 16);
    floor.inject(5, Fault::Collar(ONLY, Ticks(95), Ticks(105)));
    for ms in 10..10_010 {
        floor.ms(ms);
        floor.place(0, Side::Buy, 90, 1);
    }
    assert!((3..10).contains(&floor.placed()), "{} tries in ten seconds", floor.placed());
    assert!(floor.place(0, Side::Buy, 96, 1).is_some(), "towards the market is another price");
    floor.ms(10_020);
    limits(&mut floor, StatisticKind::LowLimit, 90);
    assert!(floor.place(0, Side::Buy, 90, 1).is_some(), "the limits moved");
}

#[test]
fn v_16_orders_that_moving_limits_leave_outside_are_cancelled() {
    let mut floor = Floor::new(1, calm(), 16);
    let outside = floor.place(0, Side::Buy, 90, 1).expect("limits are wide");
    let inside = floor.place(0, Side::Buy, 96, 1).expect("limits are wide");
    floor.ms(10);
    limits(&mut floor, StatisticKind::LowLimit, 95);
    limits(&mut floor, StatisticKind::LowLimit, 95);
    floor.ms(20);
    assert_eq!((floor.state(outside), floor.state(inside)), (State::Closed(End::Canceled), State::Working));
    assert_eq!(floor.cancels(), 1);
}

#[test]
fn contradictions_are_counted_told_and_change_nothing() {
    let mut floor = Floor::new(1, Faults { contradicted: 1.0, ..calm() }, 17);
    let id = floor.place(0, Side::Buy, 99, 4).expect("limits are wide");
    floor.ms(20);
    assert_eq!((floor.state(id), floor.working(Side::Buy)), (State::Working, 4));
    assert_eq!(floor.engine.orders().counts().impossible, 1);
    assert_eq!(floor.told(AlertKind::Contradiction).len(), 1);
}

#[test]
fn an_order_that_lives_after_it_was_lost_is_cancelled_there() {
    let mut floor = Floor::new(1, calm(), 18);
    let id = floor.place(0, Side::Buy, 99, 4).expect("limits are wide");
    floor.inject(3, Fault::Silence(Nanos(MS)));
    let session = |change| Event::Session(Session { at: Nanos(0), venue: VENUE, change });
    floor.input(floor.now, session(SessionChange::Disconnected));
    floor.input(floor.now, session(SessionChange::Connected));
    report(&mut floor, id, Outcome::NotListed);
    floor.now += 1_000 * MS;
    report(&mut floor, id, Outcome::NotListed);
    assert_eq!(floor.state(id), State::Closed(End::Lost));
    let before = floor.cancels();
    report(&mut floor, id, Outcome::Accepted);
    assert_eq!((floor.cancels() - before, floor.told(AlertKind::Contradiction).len()), (1, 1));
    report(&mut floor, id, fill(1, 3)); // and what it traded until then is ours
    assert_eq!(floor.position(), 3);
}

#[test]
fn v_17_a_venue_that_answers_after_seconds_gets_no_more_orders_than_it_may_owe_answers_for() {
    let mut limits = Limits::wide();
    limits.every(Level::Venue, LimitId::InFlight, 5);
    let mut floor = Floor::with(limits, 1, Faults { slow: 1.0, slow_by: Nanos(5_000 * MS), ..calm() }, 17);
    for ms in 10..5_000 {
        floor.ms(ms);
        floor.place(0, Side::Buy, 95, 1);
    }
    assert_eq!((floor.placed(), floor.working(Side::Buy)), (5, 5), "no more risk than five orders");
    assert!(floor.refused(0).iter().all(|kind| *kind == "orders in flight"));
    floor.ms(5_100);
    assert!(floor.place(0, Side::Buy, 95, 1).is_some(), "answers came");
    // A session that breaks answers nothing any more, and owes nothing.
    floor.inject(5_200, Fault::Disconnect(Nanos(10 * MS)));
    floor.ms(30_000);
    for _ in 0..5 {
        assert!(floor.place(0, Side::Buy, 95, 1).is_some());
    }
    assert_eq!(floor.place(0, Side::Buy, 95, 1), None);
}
