//! Every control of the catalogue that judges an order, at its boundary: what is at the limit passes, one more does not.

mod common;

use common::{A, DESK, Firm, NOW, ONE, SECOND, THREE, TWO, UNIT, X, Y, buy, limits, order, sell};
use risk::{Health, Level, LimitId, Limits, Parent, Refusal, Setting, Touch, VenueSeat};
use types::{
    Action, AlertKind, Flags, InstrumentId, Lots, Money, Nanos, NewOrder, OrderKind, ParentId, Phase,
    Restriction, Scope, Side, Stage, Statistic, StatisticKind, StrategyId, Ticks, TimeInForce, VenueId,
};

const MILLI: i64 = 1_000_000;

#[test]
fn rc_01_at_the_largest_size_passes_and_one_lot_more_does_not() {
    let mut firm = Firm::with(Level::Instrument, LimitId::OrderSize, 10);
    assert_eq!(firm.says(ONE, buy(99, 10)), "ok");
    assert_eq!(firm.says(ONE, buy(99, 11)), "order size");
    // O-01: a thousand times too much is refused like one too much.
    assert_eq!(firm.says(ONE, buy(99, 10_000)), "order size");
    assert_eq!(firm.replace(ONE, buy(99, 10), 11), "order size");
}

#[test]
fn o_01_a_fat_finger_of_a_thousand_times_is_blocked_hard() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::OrderSize, 10);
    limits.every(Level::Instrument, LimitId::FatFinger, 500_000);
    let mut firm = Firm::new(&limits);
    let refusal = firm.ask(ONE, buy(99, 10_000)).expect_err("a thousand times");
    assert_eq!(refusal, Refusal::OrderSizeTooLarge { size: Lots(10_000), limit: Lots(10) });
    assert_eq!(firm.risk.take_news(), None, "what is blocked is not a warning");
}

#[test]
fn rc_02_the_notional_at_the_limit_passes_one_tick_more_does_not_and_no_rate_refuses() {
    let mut firm = Firm::with(Level::Instrument, LimitId::OrderNotional, 1_000 * UNIT);
    assert_eq!(firm.says(ONE, buy(100, 10)), "ok");
    assert_eq!(firm.says(ONE, buy(101, 10)), "order notional");
    let far = NewOrder { price: Ticks(1 << 53), size: Lots(i64::MAX), ..sell(0, 0) };
    assert_eq!(firm.says(ONE, far), "order notional", "more digits than money holds");
    firm.risk.on_rate(X, None);
    assert_eq!(firm.says(ONE, buy(99, 1)), "currency rate unknown");
    firm.risk.on_rate(X, Some(Money::ONE * 2));
    assert_eq!(firm.says(ONE, buy(100, 5)), "ok");
    assert_eq!(firm.says(ONE, buy(101, 5)), "order notional");
}

#[test]
fn rc_03_a_basket_of_444_billion_is_refused_where_58_million_pass() {
    let mut limits = limits();
    limits.every(Level::Desk, LimitId::ParentNotional, 100_000_000 * UNIT);
    let mut firm = Firm::new(&limits);
    let whole = |lots| Parent { instrument: X, side: Side::Sell, size: Lots(lots), price: Ticks(1_000) };
    assert_eq!(firm.risk.open_parent(ONE, ParentId(1), whole(58_000)), Ok(()));
    let entered = firm.risk.open_parent(ONE, ParentId(2), whole(444_000_000)).expect_err("a slip");
    assert!(matches!(entered, Refusal::ParentTooLarge { level: Level::Desk, .. }), "{entered:?}");
    assert_eq!(firm.risk.open_parent(ONE, ParentId(3), whole(100_000)), Ok(()));
    assert!(firm.risk.open_parent(ONE, ParentId(4), whole(100_001)).is_err());
    // Another strategy sits at no desk.
    assert_eq!(firm.risk.open_parent(TWO, ParentId(4), whole(100_001)), Ok(()));
    firm.set(Scope::Strategy(TWO), LimitId::ParentNotional, 1_000 * UNIT);
    let refusal = firm.risk.open_parent(TWO, ParentId(5), whole(2)).expect_err("its own limit");
    assert!(matches!(refusal, Refusal::ParentTooLarge { level: Level::Strategy, .. }), "{refusal:?}");
    assert_eq!(
        firm.risk.open_parent(ONE, ParentId(6), whole(0)).map_err(|r| r.kind()),
        Err("size not positive")
    );
}

#[test]
fn rc_04_the_collar_holds_on_both_sides_and_no_reference_refuses() {
    let mut firm = Firm::with(Level::Instrument, LimitId::CollarTicks, 5);
    let cases = [
        (buy(105, 1), "ok"),
        (buy(106, 1), "price collar"),
        (sell(94, 1), "ok"),
        (sell(93, 1), "price collar"),
    ];
    for (order, expected) in cases {
        assert_eq!(firm.says(ONE, order), expected, "{order:?}");
    }
    firm.touch = Touch { bid: Some(Ticks(99)), ask: None, live: true };
    assert_eq!(firm.says(ONE, buy(99, 1)), "no reference price");
    firm.touch = Touch { live: false, ..common::TOUCH };
    assert_eq!(firm.says(ONE, buy(99, 1)), "book not live");
}

/// Each order is within its own collar; the market follows us up, and the walk is stopped.
#[test]
fn rc_05_a_slow_walk_of_one_percent_an_order_is_stopped() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::CollarPpm, 10_000);
    limits.every(Level::Instrument, LimitId::DriftPpm, 50_000);
    limits.every(Level::Instrument, LimitId::DriftWindow, 60 * SECOND);
    for side in Side::BOTH {
        let mut firm = Firm::new(&limits);
        let (mut far, mut passed) = (10_000, 0);
        for step in 0..20 {
            firm.at(Nanos(NOW.0 + step * SECOND));
            firm.market(X, far, far);
            let price = far + far / 100 * side.sign();
            if firm.says(ONE, order(X, side, price, 1)) != "ok" {
                break;
            }
            (passed, far) = (passed + 1, price);
        }
        // Five steps of 1 % are beyond 5 % of where it began.
        assert!((4..=5).contains(&passed), "{side}: {passed}");
        assert_eq!(firm.says(ONE, order(X, side, far, 1)), "ok");
        // Later the market has been there for long enough.
        firm.at(Nanos(NOW.0 + 200 * SECOND));
        firm.market(X, far, far);
        assert_eq!(firm.says(ONE, order(X, side, far + far / 100 * side.sign(), 1)), "ok");
    }
}

#[test]
fn rc_05_the_collar_over_time_is_exact_at_its_edge() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::DriftPpm, 100_000);
    limits.every(Level::Instrument, LimitId::DriftWindow, 10 * SECOND);
    let mut firm = Firm::new(&limits);
    firm.market(X, 100, 100);
    let cases = [
        (buy(110, 1), "ok"),
        (buy(111, 1), "price collar over time"),
        (sell(90, 1), "ok"),
        (sell(89, 1), "price collar over time"),
    ];
    for (order, expected) in cases {
        assert_eq!(firm.says(ONE, order), expected, "{order:?}");
    }
    let refusal = firm.ask(ONE, buy(200, 1)).expect_err("beyond");
    assert_eq!(refusal, Refusal::PriceDrifted { price: Ticks(200), limit: Ticks(110) });
    // The window is two halves: what was lowest counts for at least 10 s and at most 20.
    firm.at(Nanos(NOW.0 + 10 * SECOND)).market(X, 200, 200);
    assert_eq!(firm.says(ONE, buy(111, 1)), "price collar over time");
    firm.at(Nanos(NOW.0 + 20 * SECOND)).market(X, 200, 200);
    assert_eq!(firm.says(ONE, buy(111, 1)), "ok");
}

#[test]
fn rc_06_a_stale_crossed_wide_old_or_jumping_book_blocks() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::DataAge, 500 * MILLI);
    limits.every(Level::Instrument, LimitId::Spread, 20_000);
    limits.every(Level::Instrument, LimitId::Jump, 100_000);
    let mut firm = Firm::new(&limits);
    assert_eq!(firm.says(ONE, buy(99, 1)), "book too old", "nothing was ever seen");
    firm.market(X, 99, 101);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    assert_eq!(firm.at(Nanos(NOW.0 + 500 * MILLI)).says(ONE, buy(99, 1)), "ok");
    assert_eq!(firm.at(Nanos(NOW.0 + 500 * MILLI + 1)).says(ONE, buy(99, 1)), "book too old");
    firm.market(X, 99, 102);
    assert_eq!(firm.says(ONE, buy(99, 1)), "spread too wide");
    firm.market(X, 100, 100);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    firm.market(X, 111, 111);
    assert_eq!(firm.says(ONE, buy(99, 1)), "book jumped");
    firm.market(X, 112, 112);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok", "confirmed");
    firm.market(X, 101, 101);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok", "less than a tenth");
    firm.touch = Touch { bid: Some(Ticks(101)), ask: Some(Ticks(100)), live: true };
    assert_eq!(firm.says(ONE, buy(99, 1)), "book crossed");
    firm.touch = Touch { live: false, ..firm.touch };
    assert_eq!(firm.says(ONE, buy(99, 1)), "book not live");
}

#[test]
fn rc_07_sizes_prices_steps_and_the_smallest_order_hold_for_random_orders() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::SizeStep, 5);
    limits.every(Level::Instrument, LimitId::OrderNotionalMin, 1_000 * UNIT);
    limits.every(Level::Instrument, LimitId::OpenOrders, i64::MAX);
    let seed = 7;
    let mut prng = stdx::Prng::new(seed);
    let mut seen = [0; 2];
    for _ in 0..5_000 {
        let mut firm = Firm::new(&limits);
        let (price, size) = (prng.between(-20, 99), prng.between(-5, 60));
        let wanted = size > 0 && size % 5 == 0 && price.abs() * size >= 1_000;
        let said = firm.says(ONE, buy(price, size));
        assert_eq!(said == "ok", wanted, "seed {seed}: {price} {size}: {said}");
        seen[usize::from(wanted)] += 1;
    }
    assert!(seen[0] > 100 && seen[1] > 100, "{seen:?}");
    let mut firm = Firm::new(&limits);
    let hidden = NewOrder { kind: OrderKind::Iceberg { shown: Lots(0) }, ..buy(99, 20) };
    assert_eq!(firm.says(ONE, hidden), "size not positive");
    let far = NewOrder { kind: OrderKind::Stop { trigger: Ticks(i64::MAX) }, ..buy(99, 20) };
    assert_eq!(firm.says(ONE, far), "price not sane");
}

#[test]
fn rc_08_the_same_number_is_refused_and_the_same_order_within_the_window() {
    let mut firm = Firm::with(Level::Strategy, LimitId::DuplicateWindow, 100 * MILLI);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    assert_eq!(firm.says(ONE, buy(99, 1)), "duplicate order");
    for other in [buy(98, 1), buy(99, 2), sell(99, 1), order(Y, Side::Buy, 99, 1)] {
        assert_eq!(firm.says(ONE, other), "ok", "{other:?}");
    }
    assert_eq!(firm.says(TWO, buy(99, 1)), "ok", "another strategy's");
    let hidden = NewOrder { kind: OrderKind::PostOnly, ..buy(99, 2) };
    assert_eq!(firm.says(ONE, hidden), "ok");
    assert_eq!(firm.at(Nanos(NOW.0 + 100 * MILLI - 1)).says(ONE, hidden), "duplicate order");
    assert_eq!(firm.at(Nanos(NOW.0 + 100 * MILLI)).says(ONE, hidden), "ok");
    assert_eq!(firm.replace(ONE, hidden, 1), "ok", "a replace is no new order");
    let whole = Parent { instrument: X, side: Side::Buy, size: Lots(9), price: Ticks(99) };
    assert_eq!(firm.risk.open_parent(ONE, ParentId(7), whole), Ok(()));
    assert_eq!(firm.risk.open_parent(ONE, ParentId(7), whole), Err(Refusal::ParentKnown));
    assert_eq!(firm.risk.open_parent(TWO, ParentId(7), whole), Ok(()), "a number of its own");
}

#[test]
fn rc_09_the_bucket_is_exact_at_each_level_and_cancels_pass_and_count() {
    for level in [Level::Strategy, Level::Account, Level::Venue] {
        let mut limits = limits();
        limits.every(level, LimitId::MessagesPerSecond, 10);
        limits.every(level, LimitId::Burst, 3);
        let mut firm = Firm::new(&limits);
        for n in 0..3 {
            assert_eq!(firm.says(ONE, buy(90 + n, 1)), "ok");
        }
        let refusal = firm.ask(ONE, buy(99, 1)).expect_err("a fourth");
        assert_eq!(refusal, Refusal::MessagesTooMany { level, per_second: 10, burst: 3 });
        // Who shares the budget, and who does not.
        let shares = |by: StrategyId, on: InstrumentId| match level {
            Level::Strategy => by == ONE,
            Level::Account => by != THREE,
            Level::Instrument | Level::Desk | Level::Venue | Level::Firm => on == X,
        };
        for (by, on) in [(TWO, X), (THREE, X), (THREE, Y), (ONE, Y)] {
            let expected = if shares(by, on) { "message rate" } else { "ok" };
            assert_eq!(firm.says(by, order(on, Side::Buy, 99, 1)), expected, "{level} {by} {on}");
        }
        firm.at(Nanos(NOW.0 + SECOND / 10 - 1));
        assert_eq!(firm.says(ONE, buy(99, 1)), "message rate");
        firm.at(Nanos(NOW.0 + SECOND / 10));
        // A cancel passes always and takes the credit.
        firm.risk.on_cancel(firm.now, ONE, X);
        assert_eq!(firm.says(ONE, buy(99, 1)), "message rate");
        assert_eq!(firm.at(Nanos(NOW.0 + SECOND / 5)).says(ONE, buy(99, 1)), "ok");
    }
}

#[test]
fn rc_10_one_execution_too_many_disables_a_strategy_until_a_person_enables_it() {
    let mut limits = limits();
    limits.every(Level::Strategy, LimitId::Executions, 3);
    limits.every(Level::Strategy, LimitId::ExecutionsWindow, SECOND);
    let mut firm = Firm::new(&limits);
    for n in 0..3 {
        firm.trade(ONE, buy(99, 1 + n));
    }
    assert_eq!((firm.risk.take_news(), firm.says(ONE, buy(99, 1))), (None, "ok"));
    firm.trade(ONE, buy(99, 9));
    let news = firm.risk.take_news().expect("it was disabled");
    assert_eq!(
        (news.kind, news.scope, news.value, news.cancels),
        (AlertKind::Disabled, Scope::Strategy(ONE), 10, true)
    );
    assert_eq!(firm.at(Nanos(NOW.0 + 3_600 * SECOND)).says(ONE, buy(99, 1)), "strategy disabled");
    assert_eq!(firm.says(TWO, buy(99, 1)), "ok");
    assert!(firm.risk.reset(Scope::Strategy(ONE)));
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    // Spread out, the same number is no harm.
    let mut firm = Firm::new(&limits);
    for n in 0..20 {
        firm.at(Nanos(NOW.0 + n * SECOND / 3));
        firm.trade(ONE, buy(99, 1));
    }
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
}

#[test]
fn rc_11_open_orders_are_bounded_at_every_level() {
    let levels = [Level::Instrument, Level::Strategy, Level::Account, Level::Venue, Level::Firm];
    for level in levels {
        let mut firm = Firm::with(level, LimitId::OpenOrders, 2);
        assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
        assert_eq!(firm.says(ONE, buy(98, 1)), "ok");
        let refusal = firm.ask(ONE, buy(97, 1)).expect_err("a third");
        assert_eq!(refusal, Refusal::OpenOrdersTooMany { level, open: 2, limit: 2 });
        assert_eq!(firm.replace(ONE, buy(98, 1), 2), "ok", "no more are open by it");
        firm.risk.on_closed(ONE, X, Side::Buy, Lots(1));
        assert_eq!(firm.says(ONE, buy(97, 1)), "ok");
        let elsewhere = if level == Level::Firm { "open orders" } else { "ok" };
        assert_eq!(firm.says(THREE, order(Y, Side::Buy, 99, 1)), elsewhere, "{level}");
    }
}

#[test]
fn rc_12_orders_in_flight_are_bounded_at_a_venue() {
    let mut firm = Firm::with(Level::Venue, LimitId::InFlight, 2);
    assert_eq!([firm.says(ONE, buy(99, 1)), firm.says(THREE, buy(98, 1))], ["ok"; 2]);
    assert_eq!(firm.says(TWO, buy(97, 1)), "orders in flight");
    assert_eq!(firm.says(TWO, order(Y, Side::Buy, 97, 1)), "ok", "another venue");
    firm.risk.on_answer(X, Nanos(1));
    assert_eq!(firm.says(TWO, buy(97, 1)), "ok");
    assert_eq!(firm.says(TWO, buy(96, 1)), "orders in flight");
    // What is taken back before it left is in flight no more.
    firm.risk.on_answer(X, Nanos(1));
    let unused = firm.ask(TWO, buy(96, 1)).expect("passes");
    firm.risk.withdraw(unused);
    assert_eq!(firm.says(TWO, buy(96, 1)), "ok");
}

#[test]
fn rc_13_the_worst_case_of_each_side_is_bounded_at_every_level() {
    for level in [Level::Instrument, Level::Strategy, Level::Account] {
        let mut firm = Firm::with(level, LimitId::Position, 10);
        firm.trade(ONE, buy(99, 4));
        assert_eq!(firm.says(ONE, buy(99, 6)), "ok");
        let refusal = firm.ask(ONE, buy(99, 1)).expect_err("eleven");
        let expected = Refusal::PositionTooLarge { level, side: Side::Buy, worst: Lots(11), limit: Lots(10) };
        assert_eq!(refusal, expected);
        // The other side for itself: from 4 long to 10 short.
        assert_eq!([firm.says(ONE, sell(99, 14)), firm.says(ONE, sell(99, 1))], ["ok", "position"]);
        assert_eq!(firm.replace(ONE, buy(99, 6), 7), "position");
        let others = match level {
            Level::Instrument => ["position", "position"],
            Level::Account => ["position", "ok"],
            Level::Strategy | Level::Desk | Level::Venue | Level::Firm => ["ok", "ok"],
        };
        assert_eq!([firm.says(TWO, buy(99, 1)), firm.says(THREE, buy(99, 1))], others, "{level}");
        assert_eq!(firm.says(TWO, order(Y, Side::Buy, 99, 10)), "ok", "another instrument");
    }
}

#[test]
fn rc_14_gross_and_net_exposure_add_up_over_strategies_and_instruments() {
    // A lot is worth 100 at a mid of 100.
    for level in [Level::Account, Level::Firm] {
        let mut firm = Firm::with(level, LimitId::Gross, 1_000 * UNIT);
        firm.market(X, 100, 100);
        firm.market(Y, 100, 100);
        assert_eq!(firm.says(ONE, buy(100, 6)), "ok");
        assert_eq!(firm.says(TWO, order(Y, Side::Sell, 100, 4)), "ok");
        let refusal = firm.ask(ONE, buy(100, 1)).expect_err("1,100");
        let (gross, limit) = (Money::ONE * 1_100, Money::ONE * 1_000);
        assert_eq!(refusal, Refusal::GrossTooLarge { level, gross, limit });
        // Less than the other side's worst case adds nothing.
        assert_eq!(firm.says(ONE, sell(100, 6)), "ok");
        assert_eq!(firm.says(ONE, sell(100, 1)), "gross exposure");
        let other = if level == Level::Firm { "gross exposure" } else { "ok" };
        assert_eq!(firm.says(THREE, order(Y, Side::Buy, 100, 5)), other, "{level}");
        // The market rises: what is open is worth more.
        firm.market(X, 110, 110);
        assert_eq!(firm.risk.gross(), if other == "ok" { Money::ONE * 1_160 } else { Money::ONE * 1_060 });

        let mut firm = Firm::with(level, LimitId::Net, 500 * UNIT);
        firm.market(X, 100, 100);
        firm.market(Y, 100, 100);
        firm.trade(ONE, buy(100, 5));
        assert_eq!(firm.says(ONE, order(Y, Side::Buy, 100, 1)), "net exposure");
        assert_eq!(firm.says(ONE, order(Y, Side::Sell, 100, 10)), "ok", "against the long");
        assert_eq!(firm.says(ONE, order(Y, Side::Sell, 100, 1)), "net exposure");
        let refusal = firm.ask(TWO, buy(100, 1)).expect_err("worst case: the sells may never fill");
        assert!(matches!(refusal, Refusal::NetTooLarge { level: at, .. } if at == level), "{refusal:?}");
    }
}

/// Knight, 2012: children of orders long filled, sent and traded again and again.
#[test]
fn rc_15_a_runaway_router_stops_at_the_credit_threshold() {
    for level in [Level::Account, Level::Firm] {
        let mut firm = Firm::with(level, LimitId::Credit, 100_000 * UNIT);
        firm.market(X, 100, 100);
        firm.market(Y, 100, 100);
        let mut sent = 0;
        for n in 0..4_000_000 {
            let on = if n % 2 == 0 { X } else { Y };
            let side = if on == X { Side::Buy } else { Side::Sell };
            let child = order(on, side, 100, 1);
            match firm.ask(ONE, child) {
                Ok(_) => {
                    firm.risk.on_answer(on, Nanos(0));
                    firm.risk.on_fill(ONE, on, side, Ticks(100), Lots(1));
                    firm.risk.on_closed(ONE, on, side, Lots::ZERO);
                }
                Err(refusal) => {
                    assert!(matches!(refusal, Refusal::CreditExhausted { level: at, .. } if at == level));
                    break;
                }
            }
            sent += 1;
        }
        assert_eq!(sent, 1_000, "longs and shorts both use capital");
        assert_eq!(firm.says(ONE, sell(100, 1)), "ok", "closing gives it back");
    }
}

#[test]
fn rc_15_the_day_s_loss_is_capital_in_use() {
    let mut firm = Firm::with(Level::Firm, LimitId::Credit, 1_000 * UNIT);
    firm.market(X, 100, 100);
    assert_eq!(firm.says(ONE, buy(100, 5)), "ok");
    firm.risk.on_equity(firm.now, Money::ONE * -300);
    assert_eq!(firm.says(ONE, buy(100, 2)), "ok");
    assert_eq!(firm.says(ONE, buy(100, 1)), "credit");
}

#[test]
fn rc_17_a_jump_of_the_mark_halts_a_strategy_an_account_or_the_firm() {
    let mut firm = Firm::with(Level::Strategy, LimitId::DailyLoss, 1_000 * UNIT);
    firm.market(X, 100, 100);
    firm.trade(ONE, buy(100, 10));
    firm.trade(THREE, buy(100, 10));
    firm.market(Y, 100, 100);
    firm.market(X, 0, 0);
    assert_eq!((firm.says(ONE, buy(0, 1)), firm.risk.take_news()), ("ok", None), "a thousand is allowed");
    firm.market(X, -1, -1);
    let news: Vec<_> = std::iter::from_fn(|| firm.risk.take_news())
        .map(|news| (news.kind, news.scope, news.cancels))
        .collect();
    assert_eq!(news, [ONE, THREE].map(|id| (AlertKind::Halted, Scope::Strategy(id), true)));
    // Only what reduces, whatever it comes to.
    let asked = [buy(-1, 1), sell(-1, 9), sell(-1, 2), sell(-1, 1)].map(|order| firm.says(ONE, order));
    assert_eq!(asked, ["daily loss", "ok", "daily loss", "ok"]);
    assert_eq!(firm.says(TWO, buy(-1, 1)), "ok", "a strategy that lost nothing");
    assert_eq!(firm.risk.gain(ONE), Money::ONE * -1_010);
    firm.risk.reset(Scope::Strategy(ONE));
    assert_eq!(firm.says(ONE, buy(-1, 1)), "ok");

    let mut firm = Firm::with(Level::Account, LimitId::DailyLoss, 1_000 * UNIT);
    firm.market(X, 100, 100);
    firm.trade(ONE, buy(100, 6));
    firm.trade(TWO, buy(100, 6));
    firm.market(X, 16, 16);
    assert_eq!([firm.says(TWO, buy(16, 1)), firm.says(THREE, buy(16, 1))], ["daily loss", "ok"]);

    let mut firm = Firm::with(Level::Firm, LimitId::DailyLoss, 1_000 * UNIT);
    firm.risk.on_equity(NOW, Money::ONE * -1_001);
    assert_eq!([firm.says(ONE, buy(99, 1)), firm.says(THREE, buy(99, 1))], ["daily loss"; 2]);
}

#[test]
fn rc_17_fees_are_losses() {
    let mut firm = Firm::with(Level::Strategy, LimitId::DailyLoss, 10 * UNIT);
    firm.risk.on_cost(ONE, Money::ONE * 10);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    firm.risk.on_cost(ONE, Money(1));
    assert_eq!(firm.says(ONE, buy(99, 1)), "daily loss");
}

#[test]
fn rc_18_a_path_that_falls_from_its_peak_halts() {
    let mut firm = Firm::with(Level::Strategy, LimitId::Drawdown, 50 * UNIT);
    firm.market(X, 100, 100);
    firm.trade(ONE, buy(100, 10));
    for (mid, expected) in [(110, "ok"), (106, "ok"), (105, "ok"), (104, "drawdown"), (120, "drawdown")] {
        firm.market(X, mid, mid);
        assert_eq!(firm.says(ONE, buy(mid, 1)), expected, "at {mid}");
    }
}

#[test]
fn rc_23_a_restriction_holds_from_the_very_next_order() {
    let mut firm = Firm::new(&limits());
    firm.trade(ONE, buy(99, 5));
    assert_eq!(firm.says(ONE, sell(99, 6)), "ok");
    firm.risk.on_closed(ONE, X, Side::Sell, Lots(6));
    firm.risk.restrict(X, Restriction::HardToBorrow);
    assert_eq!([firm.says(ONE, sell(99, 6)), firm.says(ONE, sell(99, 5))], ["not located", "ok"]);
    assert_eq!(firm.says(ONE, sell(99, 1)), "not located", "working sales count");
    assert_eq!(firm.says(THREE, sell(99, 1)), "not located", "another account holds none");
    firm.risk.restrict(X, Restriction::Located(Lots(3)));
    assert_eq!(
        [firm.says(ONE, sell(99, 4)), firm.says(ONE, sell(99, 3)), firm.says(ONE, buy(99, 1))],
        ["not located", "ok", "ok"]
    );
    firm.risk.restrict(X, Restriction::NoTrading);
    assert_eq!([firm.says(ONE, buy(99, 1)), firm.says(ONE, sell(99, 1))], ["restricted"; 2]);
    firm.risk.on_closed(ONE, X, Side::Sell, Lots(8));
    assert_eq!([firm.says(ONE, sell(99, 5)), firm.says(ONE, sell(99, 1))], ["ok", "restricted"]);
    assert!(!firm.risk.restrict(InstrumentId(9), Restriction::None), "an instrument that there is not");
}

#[test]
fn rc_24_a_sale_is_long_or_short_and_never_both() {
    let mut firm = Firm::with(Level::Instrument, LimitId::ShortSale, 1);
    firm.trade(ONE, buy(99, 5));
    let long = firm.ask(ONE, sell(99, 3)).expect("held");
    assert!(!long.is_short());
    let refusal = firm.ask(ONE, sell(99, 3)).expect_err("two held and one not");
    assert_eq!(refusal, Refusal::MixedSale { held: Lots(2) });
    assert!(!firm.ask(ONE, sell(99, 2)).expect("held").is_short());
    let short = firm.ask(ONE, sell(99, 3)).expect("none is held any more");
    assert!(short.is_short());
    assert!(!firm.ask(ONE, buy(99, 1)).expect("a purchase").is_short());
    // Under the price test a short sale must be above the bid.
    firm.set(Scope::Instrument(X), LimitId::ShortSale, 2);
    assert_eq!([firm.says(ONE, sell(99, 1)), firm.says(ONE, sell(100, 1))], ["short sale price test", "ok"]);
    firm.touch.bid = None;
    assert_eq!(firm.says(ONE, sell(100, 1)), "no reference price");
}

#[test]
fn rc_25_halted_closed_and_outside_the_bands_are_refused() {
    let mut firm = Firm::new(&limits());
    for (phase, expected) in [
        (Phase::Halted, "market closed"),
        (Phase::Closed, "market closed"),
        (Phase::PreOpen, "ok"),
        (Phase::Open, "ok"),
    ] {
        firm.risk.on_phase(Some(X), phase);
        assert_eq!(firm.says(ONE, buy(99, 1)), expected, "{phase:?}");
        assert_eq!(firm.says(ONE, order(Y, Side::Buy, 99, 1)), "ok", "another instrument");
    }
    firm.risk.on_phase(None, Phase::Halted);
    assert_eq!(firm.says(ONE, order(Y, Side::Buy, 99, 1)), "market closed");
    firm.risk.on_phase(None, Phase::Open);
    let band = |kind, value, deleted| Statistic {
        venue_at: NOW,
        value,
        size: Lots::ZERO,
        instrument: X,
        fraction: 0,
        session_day: 0,
        kind,
        side: None,
        flags: Flags::NONE,
        deleted,
    };
    for (low, high) in [
        (StatisticKind::LowerBand, StatisticKind::UpperBand),
        (StatisticKind::LowLimit, StatisticKind::HighLimit),
    ] {
        firm.risk.on_statistic(&band(low, 95, false));
        firm.risk.on_statistic(&band(high, 105, false));
        let asked = [buy(105, 1), buy(106, 1), sell(95, 1), sell(94, 1), buy(1, 1), sell(999, 1)];
        let said = asked.map(|order| firm.says(ONE, order));
        assert_eq!(said, ["ok", "price band", "ok", "price band", "ok", "ok"]);
        firm.risk.on_statistic(&band(high, 0, true));
        assert_eq!(firm.says(ONE, buy(106, 1)), "ok", "withdrawn");
        firm.risk.on_statistic(&band(low, 0, true));
    }
}

#[test]
fn rc_26_a_venue_is_sent_only_what_it_takes() {
    let kinds = [
        OrderKind::Limit,
        OrderKind::Market,
        OrderKind::PostOnly,
        OrderKind::Stop { trigger: Ticks(99) },
        OrderKind::StopLimit { trigger: Ticks(99) },
        OrderKind::Iceberg { shown: Lots(1) },
        OrderKind::Pegged { to: types::Peg::Own, offset: 0 },
    ];
    let times = [
        TimeInForce::GoodTilCancel,
        TimeInForce::ImmediateOrCancel,
        TimeInForce::FillOrKill,
        TimeInForce::Day,
        TimeInForce::GoodTilDate(types::TradingDay::since_epoch(1)),
    ];
    for (at, taken) in kinds.iter().enumerate() {
        for (when, time) in times.iter().enumerate() {
            let mut limits = limits();
            let takes = VenueSeat { kinds: 1 << at, times_in_force: 1 << when };
            limits.venues.insert("one".into(), takes);
            let mut firm = Firm::new(&limits);
            for kind in kinds {
                for time_in_force in times {
                    let order = NewOrder { kind, time_in_force, ..buy(99, 1) };
                    let expected = match (kind == *taken, time_in_force == *time) {
                        (true, true) => "ok",
                        (false, _) => "order type",
                        (true, false) => "time in force",
                    };
                    assert_eq!(firm.says(ONE, order), expected, "{kind:?} {time_in_force:?}");
                    let elsewhere = NewOrder { instrument: Y, ..order };
                    assert_eq!(firm.says(ONE, elsewhere), "ok", "a venue that takes everything");
                }
            }
        }
    }
}

#[test]
fn rc_29_messages_over_trades_less_one_stay_within_the_ratio() {
    for level in [Level::Instrument, Level::Venue] {
        let mut limits = limits();
        limits.every(level, LimitId::OrderToTrade, 4);
        limits.every(level, LimitId::OrderToTradeFree, 7);
        let mut firm = Firm::new(&limits);
        // Without a trade the ratio is of one: five messages; but seven are free.
        for n in 0..7 {
            assert_eq!(firm.says(ONE, buy(90 + n, 1)), "ok");
        }
        let refusal = firm.ask(ONE, buy(99, 1)).expect_err("an eighth");
        assert_eq!(refusal, Refusal::OrderToTrade { level, messages: 7, trades: 0 });
        firm.risk.on_fill(ONE, X, Side::Buy, Ticks(90), Lots(1));
        assert_eq!(firm.says(ONE, buy(99, 1)), "order-to-trade ratio");
        firm.risk.on_fill(ONE, X, Side::Buy, Ticks(90), Lots(1));
        // Two trades: ten messages. A replace is two, a cancel one, and it is never stopped.
        assert_eq!(firm.replace(ONE, buy(99, 1), 1), "ok");
        firm.risk.on_cancel(firm.now, ONE, X);
        assert_eq!(firm.says(ONE, buy(99, 1)), "order-to-trade ratio");
        firm.risk.on_cancel(firm.now, ONE, X);
        assert_eq!(firm.says(THREE, order(Y, Side::Buy, 99, 1)), "ok");
    }
}

#[test]
fn rc_34_reduce_only_lets_pass_what_cannot_flip_a_position() {
    let scopes = [
        Scope::Strategy(ONE),
        Scope::Account(A),
        Scope::Desk(DESK),
        Scope::Venue(VenueId(0)),
        Scope::Instrument(X),
        Scope::Firm,
    ];
    for scope in scopes {
        let mut firm = Firm::new(&limits());
        firm.trade(ONE, buy(99, 10));
        assert!(firm.risk.reduce_only(scope, true));
        let asked = [buy(99, 1), sell(99, 11), sell(99, 6), sell(99, 5), sell(99, 4), sell(99, 1)];
        let said = asked.map(|order| firm.says(ONE, order));
        let no = "reduce only";
        assert_eq!(said, [no, no, "ok", no, "ok", no], "{scope}");
        assert_eq!(firm.replace(ONE, sell(99, 4), 5), no, "more of it would flip");
        firm.risk.reduce_only(scope, false);
        assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    }
    // What reduces a strategy's position may increase its account's.
    let mut firm = Firm::new(&limits());
    firm.trade(ONE, buy(99, 10));
    firm.trade(TWO, sell(99, 12));
    firm.risk.reduce_only(Scope::Account(A), true);
    assert_eq!([firm.says(ONE, sell(99, 1)), firm.says(TWO, buy(99, 2))], ["reduce only", "ok"]);
}

#[test]
fn rc_38_a_fat_finger_warns_and_never_is_the_only_control() {
    let mut limits = limits();
    limits.every(Level::Instrument, LimitId::OrderSize, 100);
    limits.every(Level::Instrument, LimitId::FatFinger, 500_000);
    let mut firm = Firm::new(&limits);
    assert_eq!((firm.says(ONE, buy(99, 49)), firm.risk.take_news()), ("ok", None));
    assert_eq!(firm.says(ONE, buy(99, 50)), "ok");
    let news = firm.risk.take_news().expect("half of the largest");
    assert_eq!((news.kind, news.value, news.cancels), (AlertKind::Warning, 38, false));
    assert_eq!((firm.says(ONE, buy(99, 101)), firm.risk.take_news()), ("order size", None));
    // Without the hard limit the soft one lets nothing pass.
    limits.every_mut(Level::Instrument).set(LimitId::OrderSize, Setting::Unset);
    assert_eq!(Firm::new(&limits).says(ONE, buy(99, 1)), "limit unset");
    assert!(!LimitId::OrderSize.spec().may_be_off);
}

#[test]
fn rc_39_a_new_strategy_trades_only_where_and_what_it_is_let() {
    let mut limits = limits();
    limits.strategies[0].deployment.instruments = vec!["X".into()];
    let caps = [
        (LimitId::DeploySize, 5),
        (LimitId::DeployNotional, 450 * UNIT),
        (LimitId::DeployPosition, 8),
        (LimitId::DeployCollar, 100_000),
        (LimitId::DeployOrders, 4),
    ];
    for (limit, value) in caps {
        limits.one(Level::Strategy, "one", limit, value);
    }
    let mut firm = Firm::new(&limits);
    let cap = |limit| Some(Refusal::DeployedTooMuch { limit });
    let mut check =
        |order, expected: Option<Refusal>| assert_eq!(firm.ask(ONE, order).err(), expected, "{order:?}");
    check(order(Y, Side::Buy, 99, 1), Some(Refusal::NotDeployed));
    check(buy(80, 6), cap(LimitId::DeploySize));
    check(buy(91, 5), cap(LimitId::DeployNotional));
    check(buy(111, 1), cap(LimitId::DeployCollar));
    check(buy(110, 1), None);
    check(buy(90, 5), None);
    check(buy(99, 3), cap(LimitId::DeployPosition));
    check(buy(99, 2), None);
    check(sell(99, 1), None);
    check(sell(99, 1), cap(LimitId::DeployOrders));
    assert_eq!([firm.says(TWO, buy(99, 100)), firm.says(TWO, order(Y, Side::Buy, 99, 1))], ["ok"; 2]);
    limits.strategies[0].deployment =
        risk::Deployment { instruments: Vec::new(), venues: vec!["two".into()] };
    let mut firm = Firm::new(&limits);
    assert_eq!(
        [firm.says(ONE, buy(99, 1)), firm.says(ONE, order(Y, Side::Buy, 99, 1))],
        ["not deployed", "ok"]
    );
    assert_eq!(firm.says(StrategyId(3), buy(99, 1)), "unknown strategy");
}

#[test]
fn rc_40_parts_never_add_up_to_more_than_their_whole() {
    let mut firm = Firm::new(&limits());
    let whole = Parent { instrument: X, side: Side::Buy, size: Lots(10), price: Ticks(99) };
    firm.risk.open_parent(ONE, ParentId(1), whole).expect("wide");
    let mut judge = |order, expected| {
        let said = firm.risk.judge_part(ONE, ParentId(1), &order).map_err(|refusal| refusal.kind());
        assert_eq!(said, expected, "{order:?}");
    };
    judge(buy(99, 10), Ok(()));
    for beyond in [buy(99, 11), sell(99, 1), buy(100, 1), order(Y, Side::Buy, 99, 1)] {
        judge(beyond, Err("child beyond parent"));
    }
    firm.risk.give_part(ONE, ParentId(1), Lots(7));
    assert_eq!(firm.risk.left_of(ONE, ParentId(1)), Some(Lots(3)));
    let said = firm.risk.judge_part(ONE, ParentId(1), &buy(99, 4));
    assert_eq!(said, Err(Refusal::ChildBeyondParent { left: Lots(3) }));
    // Five of the seven traded, two are cancelled and may be sent again.
    firm.risk.take_part_back(ONE, ParentId(1), Lots(2));
    assert_eq!(firm.risk.judge_part(ONE, ParentId(1), &buy(98, 5)), Ok(()));
    for (by, id) in [(ONE, 2), (TWO, 1), (StrategyId(9), 1)] {
        let said = firm.risk.judge_part(by, ParentId(id), &buy(99, 1));
        assert_eq!(said, Err(Refusal::ParentUnknown));
    }
}

#[test]
fn rc_43_limits_that_nobody_confirms_grow_stale() {
    let mut firm = Firm::with(Level::Firm, LimitId::LimitAge, 5 * SECOND);
    assert_eq!(firm.at(Nanos(NOW.0 + 5 * SECOND)).says(ONE, buy(99, 1)), "ok");
    assert_eq!(firm.at(Nanos(NOW.0 + 5 * SECOND + 1)).says(ONE, buy(99, 1)), "limits stale");
    // Setting a limit to what it is says that they hold; it loosens nothing.
    let same = Action::SetLimit { limit: LimitId::LimitAge as u16, scope: Scope::Firm, value: 5 * SECOND };
    assert!(!firm.risk.loosens(&same));
    firm.set(Scope::Firm, LimitId::LimitAge, 5 * SECOND);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
}

#[test]
fn rc_46_a_model_that_is_no_number_or_too_old_sends_nothing() {
    let mut firm = Firm::with(Level::Strategy, LimitId::ModelAge, 10 * MILLI);
    for (health, expected) in [
        (Health::Good, "ok"),
        (Health::Bad, "model unhealthy"),
        (Health::AsOf(Nanos(NOW.0 - 10 * MILLI)), "ok"),
        (Health::AsOf(Nanos(NOW.0 - 10 * MILLI - 1)), "model too old"),
    ] {
        firm.risk.on_health(ONE, health);
        assert_eq!(firm.says(ONE, buy(99, 1)), expected, "{health:?}");
        assert_eq!(firm.says(TWO, buy(99, 1)), "ok", "another strategy's model");
    }
}

#[test]
fn rc_47_a_venue_that_refuses_too_often_or_answers_too_late_is_paused() {
    let mut limits = limits();
    limits.every(Level::Venue, LimitId::Rejects, 2);
    limits.every(Level::Venue, LimitId::VenueRejectsWindow, SECOND);
    limits.every(Level::Venue, LimitId::AckLatency, 100 * MILLI);
    let mut firm = Firm::new(&limits);
    firm.risk.on_reject(X);
    firm.risk.on_reject(X);
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    firm.at(Nanos(NOW.0 + SECOND - 1)).risk.on_reject(X);
    assert_eq!(firm.says(ONE, buy(99, 1)), "venue paused");
    assert_eq!(firm.says(ONE, order(Y, Side::Buy, 99, 1)), "ok");
    let news = firm.risk.take_news().expect("people are told");
    assert_eq!(
        (news.kind, news.scope, news.cancels),
        (AlertKind::VenueUnhealthy, Scope::Venue(VenueId(0)), false)
    );
    firm.risk.reset(Scope::Venue(VenueId(0)));
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    firm.risk.on_answer(X, Nanos(100 * MILLI));
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    firm.risk.on_answer(X, Nanos(100 * MILLI + 1));
    assert_eq!(firm.says(ONE, buy(99, 1)), "venue paused");
}

#[test]
fn o_02_a_limit_lowered_below_the_exposure_lets_only_reducing_orders_pass() {
    let mut firm = Firm::new(&limits());
    firm.market(X, 100, 100);
    firm.trade(ONE, buy(100, 10));
    let lowered = [
        (Scope::Instrument(X), LimitId::Position, 5, "position"),
        (Scope::Account(A), LimitId::Gross, 500 * UNIT, "gross exposure"),
        (Scope::Account(A), LimitId::Net, 500 * UNIT, "net exposure"),
        (Scope::Firm, LimitId::Credit, 500 * UNIT, "credit"),
    ];
    for (scope, limit, value, expected) in lowered {
        firm.set(scope, limit, value);
        assert_eq!(firm.says(ONE, buy(100, 1)), expected);
        assert_eq!(firm.says(ONE, sell(100, 4)), "ok", "{expected}");
        firm.risk.on_closed(ONE, X, Side::Sell, Lots(4));
        firm.set(scope, limit, i64::MAX);
    }
}

#[test]
fn o_03_a_limit_missing_for_a_new_instrument_refuses_there_and_only_there() {
    let mut limits = limits();
    let every = limits.every_mut(Level::Instrument);
    every.set(LimitId::OrderSize, Setting::Unset);
    limits.one(Level::Instrument, "one/X", LimitId::OrderSize, 5);
    let mut firm = Firm::new(&limits);
    assert_eq!(firm.says(ONE, buy(99, 5)), "ok");
    let refusal = firm.ask(ONE, order(Y, Side::Buy, 99, 1)).expect_err("nobody set it");
    assert_eq!(refusal, Refusal::LimitUnset { level: Level::Instrument, limit: LimitId::OrderSize });
}

#[test]
fn rc_32_a_killed_scope_covers_its_own_and_nobody_else() {
    let cases = [
        (Scope::Strategy(ONE), [false, true, true]),
        (Scope::Account(A), [false, false, true]),
        (Scope::Desk(DESK), [false, true, true]),
        (Scope::Venue(VenueId(0)), [false, false, false]),
        (Scope::Instrument(X), [false, false, false]),
        (Scope::Firm, [false, false, false]),
    ];
    for (scope, passes) in cases {
        let mut firm = Firm::new(&limits());
        assert!(firm.risk.kill(scope));
        let said = [ONE, TWO, THREE].map(|by| firm.says(by, buy(99, 1)) == "ok");
        assert_eq!(said, passes, "{scope}");
        let refusal = firm.ask(ONE, buy(99, 1)).expect_err("killed");
        assert!(matches!(refusal, Refusal::Killed { .. }), "{scope}: {refusal:?}");
        let elsewhere = firm.says(THREE, order(Y, Side::Buy, 99, 1)) == "ok";
        assert_eq!(elsewhere, scope != Scope::Firm, "{scope}");
        assert!(firm.risk.reset(scope));
        assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    }
    // A scope that names nobody is not the firm.
    let mut firm = Firm::new(&limits());
    for scope in [
        Scope::Strategy(StrategyId(9)),
        Scope::Account(types::AccountId(u16::MAX)),
        Scope::Venue(VenueId(7)),
        Scope::Desk(types::DeskId(1)),
        Scope::Instrument(InstrumentId(2)),
    ] {
        assert!(!firm.risk.kill(scope) && !firm.risk.reset(scope) && !firm.risk.knows(scope), "{scope}");
        assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    }
}

#[test]
fn rc_32_trading_is_resumed_stage_by_stage() {
    let mut firm = Firm::new(&limits());
    let resting = NewOrder { kind: OrderKind::PostOnly, ..buy(99, 1) };
    let expected = [("stage", "stage"), ("stage", "stage"), ("stage", "ok"), ("ok", "ok")];
    for (stage, (plain, post_only)) in Stage::ALL.into_iter().zip(expected) {
        firm.risk.enter(stage);
        assert_eq!((firm.says(ONE, buy(98, 1)), firm.says(ONE, resting)), (plain, post_only), "{stage:?}");
    }
}

#[test]
fn every_refusal_names_a_control_of_the_table() {
    for (name, id) in Refusal::KINDS.iter().zip(Refusal::CONTROLS) {
        let found = risk::controls::find(id).map(|control| control.id);
        assert!(found == Some(id) || id.starts_with("T-"), "{name}: {id}");
    }
    let mut ids: Vec<_> = risk::CONTROLS.iter().map(|control| (control.id, control.name)).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), risk::CONTROLS.len());
    assert!(
        LimitId::ALL.iter().all(|id| risk::CONTROLS.iter().any(|control| control.limits.contains(id))
            || *id == LimitId::OpenOrders),
        "a limit that no control reads"
    );
    let never: Vec<_> = LimitId::ALL.iter().filter(|id| !id.spec().may_be_off).collect();
    for id in [
        LimitId::OrderSize,
        LimitId::OrderNotional,
        LimitId::Position,
        LimitId::MessagesPerSecond,
        LimitId::DailyLoss,
        LimitId::Drawdown,
        LimitId::Gross,
        LimitId::Credit,
    ] {
        assert!(never.contains(&&id), "{id:?}");
    }
}

#[test]
fn nothing_set_refuses_everything() {
    let mut risk = risk::Risk::new(&common::instruments(), &Limits::default());
    risk.on_equity(NOW, Money::ZERO);
    let refusal = risk.check(NOW, ONE, &buy(99, 1), &common::TOUCH).expect_err("unset");
    assert!(matches!(refusal, Refusal::LimitUnset { .. }), "{refusal:?}");
}

/// A strategy that buys again at every fill of its own.
#[test]
fn o_06_a_loop_of_orders_and_fills_is_stopped_after_as_many_as_are_allowed() {
    let mut limits = limits();
    limits.every(Level::Strategy, LimitId::Executions, 20);
    limits.every(Level::Strategy, LimitId::ExecutionsWindow, SECOND);
    let mut firm = Firm::new(&limits);
    let mut fills = 0;
    while fills < 1_000 && firm.says(ONE, buy(99, 1)) == "ok" {
        firm.risk.on_answer(X, Nanos(0));
        firm.risk.on_fill(ONE, X, Side::Buy, Ticks(99), Lots(1));
        firm.risk.on_closed(ONE, X, Side::Buy, Lots::ZERO);
        fills += 1;
        firm.at(Nanos(firm.now.0 + MILLI));
    }
    assert_eq!(fills, 21);
    // It stays so until a person enables it, and the others trade.
    assert_eq!(firm.at(Nanos(NOW.0 + 3_600 * SECOND)).says(ONE, buy(99, 1)), "strategy disabled");
    assert_eq!(firm.says(TWO, buy(99, 1)), "ok");
    firm.risk.reset(Scope::Strategy(ONE));
    assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
}

#[test]
fn o_08_a_model_without_a_number_sends_nothing_and_does_when_it_is_well_again() {
    let mut firm = Firm::with(Level::Strategy, LimitId::ModelAge, 10 * MILLI);
    let output = |value: f64| if value.is_finite() { Health::AsOf(NOW) } else { Health::Bad };
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        firm.risk.on_health(ONE, output(value));
        assert_eq!([firm.says(ONE, buy(99, 1)), firm.says(ONE, sell(99, 1))], ["model unhealthy"; 2]);
        assert_eq!(firm.replace(ONE, buy(99, 0), 1), "model unhealthy");
        firm.risk.on_health(ONE, output(1.0));
        assert_eq!(firm.says(ONE, buy(99, 1)), "ok");
    }
}
