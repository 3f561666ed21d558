//! How a maker behaves inside the engine: a baseline strategy, a market made by hand, and every message counted.

mod common;

use common::Floor;
use risk::Limits;
use strategies::quotes::{Progress, Working};
use types::{
    Command, Event, Flags, OrderKind, Outcome, Phase, RejectReason, Side, Status, Ticks, TimeInForce, TimerId,
};

/// A baseline of one lot, two at most, thinking every 100 ms, that stands in a market of 100 to 101.
fn standing() -> Floor {
    let mut floor = fresh();
    floor.touch(100, 101);
    assert_eq!(floor.said(), ["buy #0 1@100", "sell #1 1@101"]);
    floor.report(0, Outcome::Accepted);
    assert_eq!(floor.said(), ["wake +100ms"], "an answer may let a quote move that could not");
    floor.report(1, Outcome::Accepted);
    assert_eq!(floor.said(), none());
    floor.wait(100);
    floor.timer(floor.now, TimerId(0));
    assert_eq!(floor.said(), none());
    floor.wait(100);
    floor
}

fn fresh() -> Floor {
    let values = [("order_size", 1.0), ("max_position", 2.0), ("requote_interval", 0.1)];
    Floor::new("joined_touch", &values, Limits::wide())
}

fn none() -> [&'static str; 0] {
    []
}

#[test]
fn quotes_are_post_only_and_stay() {
    let mut floor = fresh();
    floor.touch(100, 101);
    for command in &floor.sent {
        let Command::Place(place) = command else {
            panic!("only quotes: {command:?}");
        };
        assert_eq!(place.terms.kind, OrderKind::PostOnly);
        assert_eq!(place.terms.time_in_force, TimeInForce::GoodTilCancel);
    }
    assert_eq!(floor.sent.len(), 2);
}

#[test]
fn half_a_packet_is_not_quoted_on() {
    let mut floor = fresh();
    floor.level(Side::Buy, 100, 10, Flags::NONE);
    assert_eq!(floor.said(), none());
    floor.level(Side::Sell, 101, 10, Flags::NONE);
    assert_eq!(floor.said(), none());
    floor.level(Side::Sell, 102, 10, Flags::LAST);
    assert_eq!(floor.said(), ["buy #0 1@100", "sell #1 1@101"]);
}

#[test]
fn a_touch_that_stands_sends_nothing() {
    let mut floor = standing();
    for _ in 0..10 {
        floor.touch(100, 101);
        assert_eq!(floor.said(), none());
        floor.wait(100);
    }
}

#[test]
fn a_halt_pulls_quotes_in_the_same_step_and_trading_brings_them_back() {
    for phase in [Phase::Halted, Phase::Closed] {
        let mut floor = standing();
        let status = |phase| Event::Status(Status { venue_at: types::Nanos(0), instrument: None, phase });
        floor.step(status(phase));
        assert_eq!(floor.said(), ["no #0", "no #1"], "{phase:?}");
        floor.report(0, Outcome::Canceled);
        floor.report(1, Outcome::Canceled);
        floor.wait(100);
        floor.touch(100, 101);
        assert_eq!(floor.said(), none(), "{phase:?}");
        floor.step(status(Phase::Open));
        assert_eq!(floor.said(), ["buy #2 1@100", "sell #3 1@101"], "{phase:?}");
    }
}

#[test]
fn a_touch_that_moves_is_followed_on_the_side_that_moved() {
    let mut floor = standing();
    floor.touch(100, 102);
    assert_eq!(floor.said(), ["#1 to 1@102"]);
    floor.report(1, Outcome::Replaced { price: Ticks(102), size: types::Lots(1) });
    floor.wait(100);
    floor.touch(101, 102);
    assert_eq!(floor.said(), ["#0 to 1@101"]);
}

#[test]
fn a_move_within_the_interval_waits_for_its_end_and_is_not_forgotten() {
    let mut floor = standing();
    floor.touch(100, 101); // Thought over: the next time is 100 ms away.
    floor.wait(30);
    floor.touch(100, 102);
    assert_eq!(floor.said(), ["wake +70ms"]);
    floor.wait(30);
    floor.touch(100, 103);
    assert_eq!(floor.said(), none(), "one timer is enough");
    floor.wait(40);
    floor.timer(floor.now, TimerId(0));
    assert_eq!(floor.said(), ["#1 to 1@103"]);
}

#[test]
fn an_untrustworthy_book_has_every_quote_pulled_at_once() {
    // What happens → whether quotes are pulled.
    type Happens = fn(&mut Floor);
    let cases: [(Happens, bool, &str); 5] = [
        (|floor| floor.gap(), true, "a gap"),
        (|floor| floor.level(Side::Buy, 105, 1, Flags::LAST), true, "crossed"),
        (|floor| floor.level(Side::Sell, 101, 0, Flags::LAST), true, "no asks"),
        (|floor| floor.level(Side::Sell, 101, 3, Flags::LAST), false, "a size changed"),
        (|floor| floor.trade(101, Side::Buy), false, "a trade"),
    ];
    for (happens, pulled, what) in cases {
        let mut floor = standing();
        floor.touch(100, 101); // Within the interval from here on.
        happens(&mut floor);
        let want: &[&str] = if pulled { &["no #0", "no #1"] } else { &[] };
        assert_eq!(floor.said(), want, "{what}");
        happens(&mut floor);
        assert_eq!(floor.said(), none(), "asked once: {what}");
    }
}

#[test]
fn quotes_return_when_the_book_and_the_cancels_are_answered() {
    let mut floor = standing();
    floor.gap();
    floor.wait(1_000);
    floor.snapshot(100, 101);
    assert_eq!(floor.said(), none(), "both may still fill");
    floor.report(0, Outcome::Canceled);
    assert_eq!(floor.said(), ["wake +100ms"], "nothing but cancels since, so the pace is kept");
    floor.report(1, Outcome::Canceled);
    floor.wait(100);
    floor.timer(floor.now, TimerId(0));
    assert_eq!(floor.said(), ["buy #2 1@100", "sell #3 1@101"]);
}

#[test]
fn an_order_placed_just_before_the_gap_is_pulled_too() {
    let mut floor = fresh();
    floor.touch(100, 101);
    floor.gap();
    assert_eq!(floor.said(), ["no #0", "no #1"], "not answered yet, and still not wanted");
}

#[test]
fn the_bound_stops_a_side_and_its_opposite_opens_it_again() {
    let mut floor = standing();
    floor.fill(0, 100, 1);
    assert_eq!(floor.said(), ["buy #2 1@100"], "one held, two is the most");
    floor.report(2, Outcome::Accepted);
    floor.wait(100);
    floor.fill(2, 100, 1);
    assert_eq!(floor.said(), none(), "two is the most");
    assert_eq!(floor.engine.view().position(common::X).0, 2);
    floor.wait(100);
    floor.fill(1, 101, 1);
    assert_eq!(floor.said(), ["buy #3 1@100", "sell #4 1@101"]);
}

#[test]
fn an_unanswered_order_is_moved_only_after_its_answer() {
    let mut floor = fresh();
    floor.touch(100, 101);
    floor.wait(100);
    floor.touch(101, 102);
    assert_eq!(floor.said(), none());
    floor.wait(100);
    floor.report(0, Outcome::Accepted);
    assert_eq!(floor.said(), ["#0 to 1@101"]);
}

#[test]
fn an_order_is_unanswered_until_the_venue_has_answered_the_last_message() {
    let progress = |floor: &Floor| {
        let mut bids = floor.engine.view().open_orders(common::X).map(Working::of);
        bids.find(|order| order.side == Side::Buy).expect("a bid").progress
    };
    let mut floor = fresh();
    floor.touch(100, 101);
    assert_eq!(progress(&floor), Progress::Unanswered);
    floor.report(0, Outcome::Accepted);
    assert_eq!(progress(&floor), Progress::Answered);
    floor.wait(100);
    floor.touch(99, 101);
    assert_eq!(progress(&floor), Progress::Unanswered);
    floor.report(0, Outcome::ReplaceRejected(RejectReason::WouldTake));
    assert_eq!(progress(&floor), Progress::Answered);
    floor.gap();
    assert_eq!(progress(&floor), Progress::Leaving);
    floor.report(0, Outcome::CancelRejected(RejectReason::Other));
    assert_eq!(progress(&floor), Progress::Leaving, "asked again in the same step: the book is still stale");
}

#[test]
fn a_quote_the_venue_refuses_is_tried_again_after_the_interval() {
    let mut floor = fresh();
    floor.touch(100, 101);
    floor.report(0, Outcome::Rejected(RejectReason::WouldTake));
    assert_eq!(floor.said(), ["wake +100ms"]);
    floor.wait(100);
    floor.timer(floor.now, TimerId(0));
    assert_eq!(floor.said(), ["buy #2 1@100"]);
}

#[test]
fn a_quote_that_risk_will_not_let_move_does_not_stay() {
    let values = [("order_size", 1.0), ("requote_interval", 0.1)];
    let mut limits = Limits::wide();
    limits.every(risk::Level::Account, risk::LimitId::MessagesPerSecond, 1);
    limits.every(risk::Level::Account, risk::LimitId::Burst, 2);
    let mut floor = Floor::new("joined_touch", &values, limits);
    floor.touch(100, 101);
    assert_eq!(floor.said(), ["buy #0 1@100", "sell #1 1@101"]);
    floor.report(0, Outcome::Accepted);
    floor.report(1, Outcome::Accepted);
    floor.wait(100);
    floor.touch(100, 105);
    assert_eq!(floor.said(), none(), "no message is left for the move");
    floor.touch(100, 105);
    assert_eq!(floor.said(), ["no #0", "no #1"], "cancels are never refused");
}

#[test]
fn after_risk_refused_a_quote_the_strategy_is_quiet_for_a_second() {
    let values = [("order_size", 1.0), ("requote_interval", 0.1)];
    // Nothing may be sent: no limit is set.
    let mut floor = Floor::new("joined_touch", &values, Limits::default());
    let refused = |floor: &Floor| floor.engine.risk().refusals().map(|(_, n)| n).sum::<u64>();
    floor.touch(100, 101);
    assert_eq!(refused(&floor), 2);
    for _ in 0..9 {
        floor.wait(100);
        floor.touch(100, 101);
        assert_eq!(refused(&floor), 2);
    }
    floor.wait(100);
    floor.touch(100, 101);
    assert_eq!(refused(&floor), 4);
}
