//! The door as its users meet it: tables of what passes and what is refused, and why.

use crate::controls::{Ask, CHECKS, Check};
use crate::risk::{self, Asked};
use crate::{Approved, Halt, Level, LimitId, Limits, Refusal, Replacement, Risk, Setting, Touch};
use Side::{Buy, Sell};
use stdx::Prng;
use types::instrument::Terms;
use types::{
    Contract, Instrument, InstrumentId, Lots, Money, Nanos, NewOrder, OrderId, OrderKind, Origin, Side,
    StrategyId, Ticks, TimeInForce,
};

const X: InstrumentId = InstrumentId(0);
const ME: StrategyId = StrategyId(7);
const NOW: Nanos = Nanos(1_000_000_000);
const SECOND: Nanos = Nanos::from_secs(1);

#[test]
fn the_manual_is_what_the_tables_say() {
    let committed = include_str!("../../../docs/controls.md");
    assert!(
        committed == crate::manual::page(),
        "stale: `cargo run -q -p risk --example manual > docs/controls.md`"
    );
}

fn instrument(contract: Contract) -> Instrument {
    Instrument::new(Terms {
        id: X,
        symbol: "X".into(),
        venue: "test".into(),
        currency: "USD".into(),
        contract,
        tick_nanos: 10_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 100_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

/// One tick of one lot is 1.00.
pub(crate) fn linear() -> Instrument {
    instrument(Contract::Linear)
}

/// A face of 100 a lot, steps of 0.01.
fn inverse() -> Instrument {
    instrument(Contract::Inverse)
}

/// At most: order 10 lots or 1,050.00, position 15, 3 open orders here and 3 in all, 5 ticks beyond the far
/// touch, 10 messages at once and 10 a second, 1,000.00 loss a day, 2,000.00 from the peak.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::wide();
    let account = [
        (LimitId::OpenOrders, 3),
        (LimitId::MessagesPerSecond, 10),
        (LimitId::Burst, 10),
        (LimitId::DailyLoss, 1_000_000_000_000),
        (LimitId::Drawdown, 2_000_000_000_000),
    ];
    for (limit, value) in account {
        limits.every(Level::Account, limit, value);
    }
    limits.every(Level::Firm, LimitId::DailyLoss, 1_000_000_000_000);
    limits.every(Level::Firm, LimitId::Drawdown, 2_000_000_000_000);
    let instrument = [
        (LimitId::OrderSize, 10),
        (LimitId::OrderNotional, 1_050_000_000_000),
        (LimitId::Position, 15),
        (LimitId::OpenOrders, 3),
        (LimitId::CollarTicks, 5),
    ];
    for (limit, value) in instrument {
        limits.every(Level::Instrument, limit, value);
    }
    limits
}

fn risk_with(limits: &Limits) -> Risk {
    let mut risk = Risk::new(&[linear()], limits);
    assert_eq!(risk.on_equity(NOW, Money::ZERO), None);
    risk
}

const TOUCH: Touch = Touch { bid: Some(Ticks(99)), ask: Some(Ticks(100)), live: true };

fn touch(bid: i64, ask: i64) -> Touch {
    Touch { bid: Some(Ticks(bid)), ask: Some(Ticks(ask)), live: true }
}

fn order(side: Side, price: i64, size: i64) -> NewOrder {
    NewOrder {
        instrument: X,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTilCancel,
        price: Ticks(price),
        size: Lots(size),
    }
}

fn ask_at(risk: &mut Risk, now: Nanos, order: NewOrder, touch: Touch) -> Result<Approved, Refusal> {
    risk.check(now, ME, &order, &touch)
}

/// `.` for an approval, else the letter of the refusal.
fn letter<T>(verdict: &Result<T, Refusal>) -> char {
    const LETTERS: &str = "IYKUZQSNBXMCOPELDR$";
    match verdict {
        Ok(_) => '.',
        Err(refusal) => LETTERS.chars().nth(refusal.index()).unwrap_or('?'),
    }
}

/// Asks for one order after the other, at one moment, in one market.
fn asked(risk: &mut Risk, touch: Touch, orders: &[(Side, i64, i64)]) -> String {
    let ask = |&(side, price, size)| letter(&ask_at(risk, NOW, order(side, price, size), touch));
    orders.iter().map(ask).collect()
}

fn check(touch: Touch, orders: &[(Side, i64, i64)], expected: &str) {
    let seen = asked(&mut risk_with(&limits()), touch, orders);
    assert_eq!(seen, expected, "{touch:?} {orders:?}");
}

#[test]
fn at_the_limit_passes_and_one_beyond_is_refused() {
    // RC-01 size, RC-02 notional.
    check(TOUCH, &[(Buy, 100, 10), (Sell, 99, 11)], ".S");
    check(TOUCH, &[(Buy, 105, 10)], ".");
    check(touch(100, 101), &[(Buy, 106, 10), (Buy, 106, 9)], "N.");
    // RC-07.
    check(TOUCH, &[(Buy, 100, 0), (Buy, 100, -1), (Buy, 100, 1)], "ZZ.");
    let far = (1 << 53, (1 << 53) + 1);
    check(touch(far.0, far.1), &[(Sell, far.1, 1), (Sell, far.0, 1)], "QN");
    check(touch(-far.1, -far.0), &[(Buy, -far.1, 1), (Buy, -far.0, 1)], "QN");
    // RC-11.
    check(TOUCH, &[(Buy, 99, 1), (Sell, 100, 1), (Buy, 99, 1), (Buy, 99, 1)], "...O");
    // RC-13: working orders count before they fill, each side for itself.
    check(TOUCH, &[(Buy, 99, 8), (Buy, 99, 7)], "..");
    check(TOUCH, &[(Buy, 99, 8), (Buy, 99, 8), (Buy, 99, 7)], ".P.");
    check(TOUCH, &[(Buy, 99, 10), (Sell, 100, 10), (Sell, 100, 6), (Sell, 100, 5)], "..P.");
}

#[test]
fn the_collar_bounds_the_side_that_hurts() {
    check(TOUCH, &[(Buy, 105, 1), (Buy, 106, 1), (Sell, 94, 1), (Sell, 93, 1)], ".C.C");
    // Far away on the harmless side is nobody's mistake.
    check(TOUCH, &[(Buy, 1, 1), (Sell, 1_000, 1)], "..");
    // Below zero a price is still a price.
    check(touch(-100, -99), &[(Buy, -94, 1), (Buy, -93, 1), (Sell, -105, 1), (Sell, -106, 1)], ".C.C");
    // A locked book is legal, a crossed one is not.
    check(touch(100, 100), &[(Buy, 100, 1)], ".");
    check(touch(101, 100), &[(Buy, 100, 1), (Sell, 101, 1)], "XX");
}

#[test]
fn a_book_that_cannot_be_measured_from_refuses() {
    let missing =
        |bid: Option<i64>, ask: Option<i64>, live| Touch { bid: bid.map(Ticks), ask: ask.map(Ticks), live };
    let both = [(Buy, 99, 1), (Sell, 100, 1)];
    check(missing(Some(99), Some(100), false), &both, "BB");
    check(missing(None, None, false), &both, "BB");
    check(missing(None, None, true), &both, "MM");
    check(missing(None, Some(100), true), &both, ".M");
    check(missing(Some(99), None, true), &both, "M.");
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::CollarReference, 1);
    let touch = missing(Some(99), None, true);
    assert_eq!(asked(&mut risk_with(&limits), touch, &both), "MM");
}

#[test]
fn a_collar_may_be_measured_from_the_mid_and_in_millionths() {
    type Case = (Option<i64>, Option<i64>, i64, Side, i64, i64);
    let cases: [Case; 8] = [
        // ticks, ppm, from, side, last price inside, limit that the refusal names
        (Some(5), None, 1, Buy, 104, 104),      // mid 99.5 + 5 = 104.5
        (Some(5), None, 1, Sell, 95, 95),       // 94.5
        (None, Some(50_000), 0, Buy, 105, 105), // 100 + 5 %
        (None, Some(50_000), 0, Sell, 95, 95),  // 99 - 4.95
        (None, Some(0), 0, Buy, 100, 100),
        (Some(0), None, 0, Sell, 99, 99),
        (Some(2), Some(50_000), 0, Buy, 102, 102), // both hold
        (Some(9), Some(50_000), 0, Buy, 105, 105),
    ];
    for (ticks, ppm, reference, side, last, limit) in cases {
        let mut limits = limits();
        let setting = |of: Option<i64>| of.map_or(Setting::Off, Setting::At);
        limits.every_mut(Level::Instrument).set(LimitId::CollarTicks, setting(ticks));
        limits.every_mut(Level::Instrument).set(LimitId::CollarPpm, setting(ppm));
        limits.every(Level::Instrument, LimitId::CollarReference, reference);
        let mut risk = risk_with(&limits);
        let beyond = Ticks(last).worse_for(side, 1);
        assert!(ask_at(&mut risk, NOW, order(side, last, 1), TOUCH).is_ok());
        let refusal = ask_at(&mut risk, NOW, order(side, beyond.0, 1), TOUCH).expect_err("beyond");
        let expected = Refusal::PriceBeyondCollar { price: beyond, limit: Ticks(limit) };
        assert_eq!(refusal, expected, "{ticks:?} {ppm:?} {reference:?} {side}");
    }
}

#[test]
fn a_limit_that_is_not_set_refuses_everything() {
    for level in [Level::Instrument, Level::Strategy, Level::Account, Level::Venue, Level::Firm] {
        for limit in LimitId::of_level(level) {
            let mut limits = limits();
            limits.every_mut(level).set(limit, Setting::Unset);
            if limit == LimitId::CollarTicks || limit == LimitId::CollarPpm {
                limits.every_mut(level).set(LimitId::CollarTicks, Setting::Off);
            }
            let refusal = ask_at(&mut risk_with(&limits), NOW, order(Buy, 99, 1), TOUCH).expect_err("unset");
            let named = if limit == LimitId::CollarTicks { LimitId::CollarPpm } else { limit };
            assert_eq!(refusal, Refusal::LimitUnset { level, limit: named });
        }
    }
    let mut nothing_set = risk_with(&Limits::default());
    assert_eq!(asked(&mut nothing_set, TOUCH, &[(Buy, 99, 1)]), "U");
    let mut equity_untold = Risk::new(&[linear()], &limits());
    assert_eq!(asked(&mut equity_untold, TOUCH, &[(Buy, 99, 1)]), "E");
    let mut elsewhere = order(Buy, 99, 1);
    elsewhere.instrument = InstrumentId(1);
    let refusal = ask_at(&mut risk_with(&limits()), NOW, elsewhere, TOUCH).expect_err("unknown");
    assert_eq!(refusal, Refusal::UnknownInstrument);
}

#[test]
fn the_message_budget_counts_cancels_and_never_stops_them() {
    let mut limits = limits();
    limits.every(Level::Account, LimitId::OpenOrders, 99);
    limits.every(Level::Instrument, LimitId::OpenOrders, 99);
    let one = order(Buy, 99, 1);
    let mut risk = risk_with(&limits);
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 1); 11]), "..........R");
    // A tenth of a second is one message, and a refused order does not use it.
    let tenth = Nanos(NOW.0 + 100_000_000);
    assert!(ask_at(&mut risk, tenth, order(Buy, 200, 1), TOUCH).is_err());
    assert!(ask_at(&mut risk, tenth, one, TOUCH).is_ok());
    assert_eq!(letter(&ask_at(&mut risk, tenth, one, TOUCH)), 'R');
    for _ in 0..100 {
        risk.on_cancel(NOW + SECOND, ME, X);
    }
    assert_eq!(letter(&ask_at(&mut risk, NOW + SECOND, one, TOUCH)), 'R');
    let later = Nanos(NOW.0 + 1_100_000_000);
    assert_eq!(letter(&ask_at(&mut risk, later, one, TOUCH)), '.');
}

#[test]
fn the_account_counts_orders_over_all_instruments() {
    let mut second = linear().terms().clone();
    second.id = InstrumentId(1);
    second.symbol = "Y".into();
    let second = Instrument::new(second).expect("valid terms");
    let mut risk = Risk::new(&[linear(), second], &limits());
    risk.on_equity(NOW, Money::ZERO);
    let elsewhere = NewOrder { instrument: InstrumentId(1), ..order(Buy, 99, 15) };
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 8), (Buy, 99, 7)]), "..");
    // The other instrument has its own position and size.
    assert_eq!(letter(&ask_at(&mut risk, NOW, elsewhere, TOUCH)), 'S');
    let small = NewOrder { size: Lots(9), ..elsewhere };
    assert_eq!(letter(&ask_at(&mut risk, NOW, small, TOUCH)), '.');
    assert_eq!(letter(&ask_at(&mut risk, NOW, small, TOUCH)), 'O');
    assert_eq!(risk.open_orders(), 3);
}

#[test]
fn a_stop_is_judged_from_its_trigger_and_counts_before_it_triggers() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::OrderNotional, i64::MAX);
    let mut risk = risk_with(&limits);
    let ask = |risk: &mut Risk, kind, price, size| {
        letter(&ask_at(risk, NOW, NewOrder { kind, ..order(Buy, price, size) }, TOUCH))
    };
    let stop = |trigger| OrderKind::StopLimit { trigger: Ticks(trigger) };
    let refused = |refusal| letter::<Approved>(&Err(refusal));
    // Five ticks beyond the trigger, however far that is from the market; a limit order there is refused.
    assert_eq!(ask(&mut risk, OrderKind::Limit, 125, 1), 'C');
    assert_eq!(ask(&mut risk, stop(119), 125, 1), 'C');
    assert_eq!(ask(&mut risk, stop(120), 125, 8), '.');
    assert_eq!(risk.working(X, Buy), Lots(8));
    assert_eq!(ask(&mut risk, OrderKind::Stop { trigger: Ticks(120) }, 125, 8), 'P');
    assert_eq!(ask(&mut risk, stop(i64::MAX), 125, 1), refused(Refusal::PriceNotSane { price: Ticks(0) }));
    let hidden = OrderKind::Iceberg { shown: Lots(0) };
    assert_eq!(ask(&mut risk, hidden, 99, 1), refused(Refusal::SizeNotPositive { size: Lots(0) }));
    // What an iceberg hides counts as what it shows does.
    assert_eq!(ask(&mut risk, OrderKind::Iceberg { shown: Lots(1) }, 99, 7), '.');
    assert_eq!(risk.working(X, Buy), Lots(15));
}

#[test]
fn a_halt_by_loss_lets_only_reducing_orders_pass() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::OpenOrders, 99);
    limits.every(Level::Account, LimitId::OpenOrders, 99);
    let mut risk = risk_with(&limits);
    let long = ask_at(&mut risk, NOW, order(Buy, 99, 10), TOUCH).expect("passes");
    risk.on_fill(ME, X, Buy, long.order().price, Lots(10));
    risk.on_closed(ME, X, Buy, Lots::ZERO);
    assert_eq!(risk.on_equity(NOW, Money::ONE * -1_000), None);
    let halt = risk.on_equity(NOW, Money::ONE * -1_001).expect("beyond the limit");
    let loss = Money::ONE * 1_001;
    assert_eq!(halt, Halt::DailyLoss { loss, limit: Money::ONE * 1_000 });
    assert_eq!(risk.on_equity(NOW, Money::ZERO), None);
    assert_eq!(risk.halted(), Some(halt), "it latches");
    // No buy; sells down to flat and not through it, working ones counted.
    let asked_now = asked(&mut risk, TOUCH, &[(Buy, 99, 1), (Sell, 99, 7), (Sell, 99, 4), (Sell, 99, 3)]);
    assert_eq!(asked_now, "L.L.");
    // The message rate, the collar and the book still hold.
    assert_eq!(asked(&mut risk, touch(120, 121), &[(Sell, 99, 1)]), "C");
    risk.reset(types::Scope::Firm);
    assert_eq!((risk.halted(), asked(&mut risk, TOUCH, &[(Buy, 99, 1)])), (None, ".".into()));
}

#[test]
fn a_fall_from_the_peak_halts_too() {
    let mut risk = risk_with(&limits());
    let mut hour = 0;
    let mut tell = |risk: &mut Risk, units| {
        hour += 24; // a day each: the daily loss never adds up
        risk.on_equity(Nanos::from_secs(hour * 3_600), Money::ONE * units)
    };
    for units in [900, 0, -900] {
        assert_eq!(tell(&mut risk, units), None);
    }
    let halt = tell(&mut risk, -1_101).expect("2,001 from the peak");
    assert_eq!(halt, Halt::Drawdown { fall: Money::ONE * 2_001, limit: Money::ONE * 2_000 });
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 1), (Sell, 100, 1)]), "DD");
}

#[test]
fn the_kill_switch_stops_everything_until_it_is_released() {
    let mut risk = risk_with(&limits());
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 2)]), ".");
    risk.kill(types::Scope::Firm);
    assert_eq!(risk.halted(), Some(Halt::Killed));
    risk.on_fill(ME, X, Buy, Ticks(99), Lots(1));
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 1), (Sell, 100, 1)]), "KK");
    let smaller = Replacement {
        order: OrderId(0),
        strategy: ME,
        instrument: X,
        side: Buy,
        kind: OrderKind::Limit,
        old_price: Ticks(99),
        old_unfilled: Lots(1),
        price: Ticks(98),
        unfilled: Lots(1),
    };
    assert_eq!(letter(&risk.check_replace(NOW, &smaller, &TOUCH)), 'K');
    // What works can still go, and is heard.
    risk.on_closed(ME, X, Buy, Lots(1));
    assert_eq!(risk.position(X), Lots(1));
    risk.reset(types::Scope::Firm);
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 1)]), ".");
}

/// A working buy of 10 is given a new price and size.
fn replaced(price: i64, unfilled: i64) -> char {
    let mut risk = risk_with(&limits());
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 10)]), ".");
    letter(&risk.check_replace(NOW, &replacement(price, 10, unfilled), &TOUCH))
}

fn replacement(price: i64, old_unfilled: i64, unfilled: i64) -> Replacement {
    Replacement {
        order: OrderId(0),
        strategy: ME,
        instrument: X,
        side: Buy,
        kind: OrderKind::Limit,
        old_price: Ticks(99),
        old_unfilled: Lots(old_unfilled),
        price: Ticks(price),
        unfilled: Lots(unfilled),
    }
}

#[test]
fn a_replace_is_judged_like_an_order() {
    let cases = [(98, 10, '.'), (98, 1, '.'), (98, 0, 'Z'), (105, 10, '.'), (106, 9, 'C'), (98, 11, 'S')];
    for (price, unfilled, expected) in cases {
        assert_eq!(replaced(price, unfilled), expected, "{price} {unfilled}");
    }
}

#[test]
fn a_waiting_stop_is_changed_by_its_trigger_and_one_that_may_rest_by_the_market_too() {
    type Case = (Side, bool, i64, i64, Touch, i64, char);
    let cases: [Case; 14] = [
        // side, market stop, trigger, limit so far, market, new limit, verdict
        (Buy, false, 120, 122, TOUCH, 125, '.'),
        (Buy, false, 120, 122, TOUCH, 126, 'C'),
        (Buy, true, 120, 122, TOUCH, 125, '.'),
        (Buy, true, 120, 122, TOUCH, 126, 'C'),
        (Sell, false, 80, 78, TOUCH, 75, '.'),
        (Sell, false, 80, 78, TOUCH, 74, 'C'),
        (Sell, true, 80, 78, TOUCH, 75, '.'),
        // The market jumped over both: it may rest now, and is bound by the trigger and by the market.
        (Buy, false, 97, 98, TOUCH, 102, '.'),
        (Buy, false, 97, 98, TOUCH, 103, 'C'),
        (Buy, false, 110, 99, TOUCH, 105, '.'),
        (Buy, false, 110, 99, TOUCH, 106, 'C'),
        (Sell, false, 103, 101, TOUCH, 98, '.'),
        // Nothing to tell by, and nothing to measure from.
        (Buy, false, 120, 122, Touch { ask: None, ..TOUCH }, 121, 'M'),
        (Buy, false, 120, 122, Touch { live: false, ..TOUCH }, 121, 'B'),
    ];
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::OrderNotional, i64::MAX);
    for (row, (side, market, trigger, old, touch, price, expected)) in cases.into_iter().enumerate() {
        let trigger = Ticks(trigger);
        let kind = if market { OrderKind::Stop { trigger } } else { OrderKind::StopLimit { trigger } };
        let mut risk = risk_with(&limits);
        let stop = NewOrder { kind, ..order(side, old, 10) };
        assert_eq!(letter(&ask_at(&mut risk, NOW, stop, TOUCH)), '.', "row {row}");
        let ask = Replacement { side, kind, old_price: Ticks(old), ..replacement(price, 10, 10) };
        assert_eq!(letter(&risk.check_replace(NOW, &ask, &touch)), expected, "row {row}");
    }
}

#[test]
fn a_stop_is_worth_what_it_may_trade_at_dearest() {
    // Ten lots at most for 1,050.00: at 105.
    let cases = [(Buy, 100, 105, '.'), (Buy, 101, 106, 'N'), (Sell, 105, 100, '.'), (Sell, 106, 101, 'N')];
    for (side, trigger, price, expected) in cases {
        let kind = OrderKind::StopLimit { trigger: Ticks(trigger) };
        let mut risk = risk_with(&limits());
        let stop = NewOrder { kind, ..order(side, price, 10) };
        assert_eq!(letter(&ask_at(&mut risk, NOW, stop, TOUCH)), expected, "{side} {trigger} {price}");
        // Replaced, the same: nine lots pass, and grow to ten.
        let mut risk = risk_with(&limits());
        let smaller = NewOrder { size: Lots(9), ..stop };
        assert_eq!(letter(&ask_at(&mut risk, NOW, smaller, TOUCH)), '.');
        let ask = Replacement { side, kind, old_price: Ticks(price), ..replacement(price, 9, 10) };
        assert_eq!(letter(&risk.check_replace(NOW, &ask, &TOUCH)), expected, "{side} {trigger} {price}");
    }
}

#[test]
fn both_shapes_of_a_replaced_order_count_until_the_venue_answers() {
    let mut risk = risk_with(&limits());
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 8), (Buy, 99, 5)]), "..");
    // 13 work; the first may grow by two, not by three.
    assert_eq!(letter(&risk.check_replace(NOW, &replacement(98, 5, 8), &TOUCH)), 'P');
    let grown = risk.check_replace(NOW, &replacement(98, 5, 7), &TOUCH).expect("passes");
    assert_eq!((grown.added(), risk.working(X, Buy)), (Lots(2), Lots(15)));
    // The venue refuses it: the old shape stays.
    risk.on_replaced(ME, X, Buy, Lots(2));
    assert_eq!(risk.working(X, Buy), Lots(13));
    // It shrinks: nothing is free before the venue says so.
    let shrunk = risk.check_replace(NOW, &replacement(98, 8, 1), &TOUCH).expect("passes");
    assert_eq!((shrunk.added(), risk.working(X, Buy)), (Lots(0), Lots(13)));
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 3)]), "P");
    risk.on_replaced(ME, X, Buy, Lots(7));
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 3)]), ".");
    assert_eq!(risk.exposure(X).long_worst, Lots(9));
}

#[test]
fn an_approval_that_is_not_used_gives_its_room_back() {
    let mut risk = risk_with(&limits());
    let first = ask_at(&mut risk, NOW, order(Buy, 99, 10), TOUCH).expect("passes");
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 10)]), "P");
    risk.withdraw(first);
    let again = ask_at(&mut risk, NOW, order(Buy, 99, 10), TOUCH).expect("passes");
    let more = risk.check_replace(NOW, &replacement(99, 5, 10), &TOUCH).expect("passes");
    risk.withdraw_replace(more);
    risk.withdraw(again);
    assert_eq!((risk.open_orders(), risk.working(X, Buy)), (0, Lots::ZERO));
}

#[test]
fn a_position_beyond_a_lowered_limit_can_only_shrink() {
    let mut risk = risk_with(&limits());
    risk.on_late_fill(ME, X, Buy, Ticks(99), Lots(40));
    // O-02: 25 over. Any sell brings it back, up to 15 short.
    assert_eq!(asked(&mut risk, TOUCH, &[(Buy, 99, 1), (Sell, 100, 10), (Sell, 100, 10)]), "P..");
    assert_eq!(risk.exposure(X).short_worst, Lots(20));
}

#[test]
fn an_inverse_contract_is_worth_less_the_higher_its_price() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::OrderNotional, 20_000_000); // 0.02 coins
    limits.every(Level::Instrument, LimitId::CollarTicks, i64::MAX);
    let mut risk = Risk::new(&[inverse()], &limits);
    risk.on_equity(NOW, Money::ZERO);
    // 10 × 100 / 50,000 = 0.02; a cent lower it is a little more.
    let orders = [(Buy, 5_000_000, 10), (Buy, 4_999_999, 10), (Buy, 0, 1), (Buy, -1, 1)];
    assert_eq!(asked(&mut risk, touch(5_000_000, 5_000_001), &orders), ".NQQ");
}

#[test]
fn a_foreign_order_is_judged_in_the_account_s_currency() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::OrderNotional, 1_000_000_000_000); // 1,000
    limits.every(Level::Instrument, LimitId::CollarTicks, i64::MAX);
    let mut risk = Risk::new(&[inverse()], &limits);
    risk.on_equity(NOW, Money::ZERO);
    // 10 × 100 / 50,000 = 0.02 coins.
    let mut asked_at = |rate| {
        risk.on_rate(X, rate);
        asked(&mut risk, touch(5_000_000, 5_000_001), &[(Buy, 5_000_000, 10)])
    };
    assert_eq!(asked_at(None), "$");
    assert_eq!(asked_at(Some(Money::ONE * 50_000)), ".");
    assert_eq!(asked_at(Some(Money::ONE * 50_001)), "N");
    // More digits than money holds.
    assert_eq!(asked_at(Some(Money(i128::MAX))), "N");
}

#[test]
fn turnover_is_counted_as_the_instrument_counts_it() {
    let seed = 5;
    let mut prng = Prng::new(seed);
    for instrument in [linear(), inverse()] {
        for _ in 0..2_000 {
            let (price, size) = (Ticks(prng.between(1, 9_999_999)), Lots(prng.between(1, 900)));
            let turnover = instrument.notional(price, size).0;
            // Nanos are 1,000 of money's units: the limit just at or above passes, the one below does not.
            let at =
                i64::try_from(turnover.div_euclid(1_000) + i128::from(turnover % 1_000 != 0)).expect("small");
            for (limit, expected) in [(at, '.'), (at - 1, 'N')] {
                let mut limits = Limits::wide();
                limits.every(Level::Instrument, LimitId::OrderNotional, limit);
                let mut risk = Risk::new(std::slice::from_ref(&instrument), &limits);
                risk.on_equity(NOW, Money::ZERO);
                let order = order(Buy, price.0, size.0);
                let seen = letter(&ask_at(&mut risk, NOW, order, touch(price.0, price.0)));
                assert_eq!(seen, expected, "seed {seed}: {price} {size:?} {limit}");
            }
        }
    }
}

#[test]
fn every_kind_of_refusal_has_its_name_and_its_count() {
    let mut risk = risk_with(&limits());
    asked(&mut risk, TOUCH, &[(Buy, 99, 11), (Buy, 99, 0), (Buy, 99, 12), (Buy, 99, 1)]);
    let counted: Vec<_> = risk.refusals().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [("size not positive", 1), ("order size", 2)]);
    let mut names: Vec<_> = Refusal::KINDS.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Refusal::KINDS.len());
    let text = Refusal::OrderSizeTooLarge { size: Lots(11), limit: Lots(10) };
    assert_eq!((text.kind(), text.to_string()), ("order size", "order of 11 lots, limit 10".into()));
}

#[test]
#[should_panic(expected = "counted out twice")]
fn an_order_that_is_counted_out_twice_stops_the_engine() {
    let mut risk = risk_with(&limits());
    asked(&mut risk, TOUCH, &[(Buy, 99, 3)]);
    risk.on_fill(ME, X, Buy, Ticks(99), Lots(3));
    risk.on_closed(ME, X, Buy, Lots(3));
}

/// A number from everywhere: small ones around the limits, and the ends of the type.
fn any(prng: &mut Prng) -> i64 {
    match prng.below(8) {
        0 => [i64::MIN, i64::MAX, i64::MIN + 1, 1 << 53][usize::try_from(prng.below(4)).expect("small")],
        1 => prng.bits().cast_signed(),
        2 => prng.between(-2, 2),
        _ => prng.between(90, 110),
    }
}

/// Any state, any limits, any question: the verdict does not depend on the order of the checks, and no number
/// makes one of them panic.
#[test]
fn the_order_of_the_checks_does_not_change_the_verdict() {
    let seed = 77;
    let mut prng = Prng::new(seed);
    let (mut passed, mut refused) = (0, 0);
    for round in 0..30_000 {
        let mut limits = limits();
        if prng.chance(0.1) {
            limits = Limits::wide();
        }
        if prng.chance(0.2) {
            limits.every(Level::Instrument, LimitId::CollarPpm, any(&mut prng).saturating_abs());
        }
        if prng.chance(0.05) {
            limits.every_mut(Level::Account).set(LimitId::Burst, Setting::Unset);
        }
        let instrument = if prng.chance(0.5) { linear() } else { inverse() };
        let mut risk = Risk::new(std::slice::from_ref(&instrument), &limits);
        let position = if prng.chance(0.7) { prng.between(-15, 15) } else { any(&mut prng) };
        let (buys, sells) = (prng.between(0, 20), prng.between(0, 20));
        let open = u32::try_from(prng.below(5)).expect("small");
        risk.state.change(ME, X, |held| {
            held.position = position;
            held.reserve(Buy, Lots(buys));
            held.reserve(Sell, Lots(sells));
            held.open = open;
        });
        if prng.chance(0.9) {
            risk.on_equity(NOW, Money::ZERO);
        }
        if prng.chance(0.3) {
            risk.on_equity(NOW, Money::from_nanos(any(&mut prng)));
        }
        if prng.chance(0.05) {
            risk.kill(types::Scope::Firm);
        }
        if prng.chance(0.05) {
            risk.reduce_only(types::Scope::Account(types::AccountId(0)), true);
        }
        if prng.chance(0.3) {
            let (bid, ask) = (Some(Ticks(any(&mut prng))), Some(Ticks(any(&mut prng))));
            risk.on_market(X, &Touch { bid, ask, live: true });
        }
        let price = |prng: &mut Prng| (!prng.chance(0.05)).then(|| Ticks(any(prng)));
        let touch = if prng.chance(0.5) {
            TOUCH
        } else {
            Touch { bid: price(&mut prng), ask: price(&mut prng), live: prng.chance(0.9) }
        };
        let size = if prng.chance(0.5) { prng.between(0, 11) } else { any(&mut prng) };
        let asked = Asked {
            now: NOW,
            strategy: ME,
            instrument: X,
            side: if prng.chance(0.5) { Buy } else { Sell },
            price: Ticks(any(&mut prng)),
            size: Lots(size),
            old_price: None,
            kind: if prng.chance(0.8) {
                OrderKind::Limit
            } else {
                OrderKind::Stop { trigger: Ticks(any(&mut prng)) }
            },
            time_in_force: None,
            added: Lots(size.max(0)),
            opens: prng.chance(0.8),
        };
        let ask: Ask = risk::ask(&risk.state, &asked, &touch).expect("both are seated");
        let verdict = |checks: &[Check]| checks.iter().all(|check| check(&ask).is_ok());
        let straight = verdict(CHECKS);
        if straight {
            passed += 1
        } else {
            refused += 1
        }
        let mut shuffled = CHECKS.to_vec();
        for place in (1..shuffled.len()).rev() {
            let other = usize::try_from(prng.below(place as u64 + 1)).expect("small");
            shuffled.swap(place, other);
        }
        assert_eq!(verdict(&shuffled), straight, "seed {seed}, round {round}: {ask:?}");
        // Not one panics, whatever the others would say.
        assert_eq!(CHECKS.iter().filter(|check| check(&ask).is_err()).count() == 0, straight);
    }
    assert!(passed > 100 && refused > 100, "{passed} passed, {refused} refused: the test asks nothing");
}

/// Orders, fills, cancels and replaces in any order: what could become of us never exceeds the limit, and the
/// counts agree with a list of the orders themselves.
#[test]
fn exposure_never_exceeds_the_limit_whatever_happens() {
    for seed in 0..40 {
        let mut prng = Prng::new(seed);
        let mut limits = limits();
        limits.every(Level::Account, LimitId::OpenOrders, 20);
        limits.every(Level::Instrument, LimitId::OpenOrders, 20);
        limits.every(Level::Account, LimitId::Burst, i64::from(u32::MAX));
        let mut risk = risk_with(&limits);
        let mut open: Vec<(Side, i64)> = Vec::new();
        let mut position = 0;
        let (mut passed, mut refused) = (0, 0);
        for _ in 0..2_000 {
            let side = if prng.chance(0.5) { Buy } else { Sell };
            let pick =
                (!open.is_empty()).then(|| usize::try_from(prng.below(open.len() as u64)).expect("small"));
            match (prng.below(4), pick) {
                (0, _) | (_, None) => {
                    let size = prng.between(1, 10);
                    match ask_at(&mut risk, NOW, order(side, 99, size), TOUCH) {
                        Ok(approved) => {
                            open.push((side, approved.order().size.0));
                            passed += 1;
                        }
                        Err(_) => refused += 1,
                    }
                }
                (1, Some(at)) => {
                    let (side, unfilled) = open.swap_remove(at);
                    risk.on_closed(ME, X, side, Lots(unfilled));
                }
                (2, Some(at)) => {
                    let (side, unfilled) = &mut open[at];
                    let size = prng.between(1, *unfilled);
                    risk.on_fill(ME, X, *side, Ticks(99), Lots(size));
                    position += size * side.sign();
                    *unfilled -= size;
                    if *unfilled == 0 {
                        risk.on_closed(ME, X, *side, Lots::ZERO);
                        open.swap_remove(at);
                    }
                }
                (_, Some(at)) => {
                    let (side, unfilled) = open[at];
                    let ask = Replacement { side, ..replacement(99, unfilled, prng.between(1, 10)) };
                    if let Ok(approved) = risk.check_replace(NOW, &ask, &TOUCH) {
                        let accepted = prng.chance(0.5);
                        let left = if accepted { ask.unfilled.0 } else { unfilled };
                        risk.on_replaced(ME, X, side, Lots(unfilled + approved.added().0 - left));
                        open[at].1 = left;
                    }
                }
            }
            let worst = |side: Side| position * side.sign() + working(&open, side);
            let working = |of| working(&open, of);
            assert_eq!(risk.position(X), Lots(position), "seed {seed}");
            assert_eq!(risk.working(X, Buy), Lots(working(Buy)), "seed {seed}");
            assert_eq!(risk.exposure(X).short_worst, Lots(-worst(Sell)), "seed {seed}");
            assert!(worst(Buy) <= 15 && worst(Sell) <= 15, "seed {seed}: {position} {open:?}");
            assert_eq!(risk.open_orders() as usize, open.len(), "seed {seed}");
        }
        assert!(passed > 100 && refused > 20, "seed {seed}: {passed} passed, {refused} refused");
    }
}

fn working(open: &[(Side, i64)], of: Side) -> i64 {
    open.iter().filter(|(side, _)| *side == of).map(|(_, size)| size).sum()
}
