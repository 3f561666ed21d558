//! From estimates to whole prices, as a table.

use super::*;
use types::instrument::Terms;
use types::{Contract, Origin};

fn instrument() -> Instrument {
    Instrument::new(Terms {
        id: InstrumentId(0),
        symbol: "X".into(),
        venue: "test".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 1_000_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

/// Prices wanted, in a touch of 100 to 103 with nothing held → bid and ask as `price keep_from..keep_to`.
fn check(bid: f64, ask: f64, distance: f64, hysteresis: f64, want: [&str; 2]) {
    let policy = Policy {
        order_size: Lots(1),
        order_risk: None,
        max_position: Lots(5),
        requote_interval: Nanos(0),
        hysteresis,
    };
    let touch = Touch { bid: Ticks(100), bid_size: Lots(1), ask: Ticks(103), ask_size: Lots(1) };
    let pair = Pair { bid: Quote { price: bid, distance }, ask: Quote { price: ask, distance } };
    let got = targets(&policy, &instrument(), &touch, Lots(0), &pair).map(|target| match target {
        Some(target) => format!("{} {}..{}", target.price.0, target.keep_from.0, target.keep_to.0),
        None => "none".into(),
    });
    assert_eq!(got, want, "{bid} {ask} {distance} {hysteresis}");
}

#[test]
fn prices_are_rounded_away_from_the_market() {
    check(100.9, 102.1, 0.6, 0.0, ["100 100..100", "103 103..103"]);
    check(100.0, 103.0, 1.5, 0.0, ["100 100..100", "103 103..103"]);
    check(-0.5, 200.5, 1.5, 0.0, ["-1 -1..-1", "201 201..201"]);
}

#[test]
fn no_quote_reaches_the_other_side() {
    check(103.0, 100.0, 0.5, 0.0, ["102 102..102", "101 101..101"]);
    check(1e9, -1e9, 0.5, 0.0, ["102 102..102", "101 101..101"]);
    // Nor does what may stay: a quote at the other side is never good enough.
    check(102.5, 100.5, 10.0, 0.5, ["102 97..102", "101 101..106"]);
}

#[test]
fn a_working_quote_may_be_off_by_a_share_of_its_distance() {
    check(99.5, 103.5, 2.0, 0.25, ["99 99..100", "104 103..104"]);
    check(95.2, 107.8, 6.0, 0.5, ["95 92..98", "108 105..111"]);
}

#[test]
fn an_estimate_that_is_no_price_is_no_quote() {
    check(f64::NAN, 104.0, 1.0, 0.0, ["none", "104 104..104"]);
    check(99.0, f64::INFINITY, 1.0, 0.0, ["99 99..99", "none"]);
    check(99.0, 104.0, f64::NAN, 0.1, ["none", "none"]);
}

#[test]
fn the_size_is_what_the_bound_leaves() {
    let policy = Policy {
        order_size: Lots(3),
        order_risk: None,
        max_position: Lots(5),
        requote_interval: Nanos(0),
        hysteresis: 0.0,
    };
    let touch = Touch { bid: Ticks(100), bid_size: Lots(1), ask: Ticks(103), ask_size: Lots(1) };
    let quote = |price| Quote { price, distance: 1.0 };
    let pair = Pair { bid: quote(99.0), ask: quote(104.0) };
    for (position, sizes) in [(0, [3, 3]), (3, [2, 3]), (5, [0, 3]), (-4, [3, 1]), (-5, [3, 0])] {
        let got = targets(&policy, &instrument(), &touch, Lots(position), &pair);
        assert_eq!(got.map(|target| target.map_or(0, |target| target.size.0)), sizes, "at {position}");
    }
}
