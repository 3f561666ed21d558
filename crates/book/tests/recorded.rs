//! The books on a recorded day of ES (25 December 2023, with the pre-open of its evening), against the obvious one
//! and against what independent tools counted.

mod support;

use book::{Change, Counts, LevelBook, OrderBook, State, obvious};
use std::collections::BTreeMap;
use types::{Flags, LevelAction, LevelDelta, Nanos, OrderAction, Side};

/// 22:39:55 and 23:00:00.000069 UTC.
const PRE_OPEN: (Nanos, Nanos) = (Nanos(1_703_543_995_000_000_000), Nanos(1_703_545_200_000_069_000));

#[test]
fn the_es_day_has_the_counted_actions_crossings_and_no_unknown_order() {
    let Some((deltas, records)) = support::recorded::es_day() else {
        return;
    };
    assert_eq!(records, 68_792);
    let count = |action| deltas.iter().filter(|delta| delta.action == action).count();
    let actions = [OrderAction::Add, OrderAction::Reduce, OrderAction::Modify, OrderAction::Fill].map(count);
    assert_eq!(actions, [29_216, 17_999, 12_233, 6_371]);
    let mut book = OrderBook::new();
    let (mut crossed, mut locked) = (0, 0);
    for delta in &deltas {
        assert_eq!(book.apply(delta), Change::Applied, "{delta:?}");
        if !delta.flags.has(Flags::LAST) {
            continue;
        }
        locked += u32::from(book.is_locked());
        match book.state() {
            State::Crossed { since } => {
                crossed += 1;
                assert!(PRE_OPEN.0 <= since && delta.venue_at < PRE_OPEN.1, "{delta:?}");
            }
            state @ (State::Live | State::Building | State::Stale) => assert_eq!(state, State::Live),
        }
    }
    assert_eq!((crossed, locked), (891, 0));
    assert_eq!(book.counts(), Counts::default());
}

#[test]
fn the_es_day_agrees_with_the_obvious_book_at_every_last() {
    let Some((deltas, _)) = support::recorded::es_day() else {
        return;
    };
    let (mut fast, mut truth) = (OrderBook::new(), obvious::OrderBook::new());
    for (step, delta) in deltas.iter().enumerate() {
        assert_eq!(fast.apply(delta), truth.apply(delta), "step {step}");
        if delta.flags.has(Flags::LAST) {
            assert_eq!(fast.state(), truth.state(), "step {step}");
            assert!(
                fast.queue(delta.side, delta.price).eq(truth.queue(delta.side, delta.price)),
                "step {step}"
            );
            for side in Side::BOTH {
                let whole = if step % 500 == 0 { usize::MAX } else { 20 };
                assert!(fast.levels(side).take(whole).eq(truth.levels(side).take(whole)), "step {step}");
            }
        }
    }
    for side in Side::BOTH {
        assert!(fast.levels(side).eq(truth.levels(side)));
        for level in truth.levels(side) {
            assert!(fast.queue(side, level.price).eq(truth.queue(side, level.price)));
        }
    }
    // What stands at the end, counted by a script of its own.
    assert_eq!([fast.depth(Side::Buy), fast.depth(Side::Sell)], [922, 565]);
}

/// The level changes that follow from the order changes of a day.
fn as_levels(deltas: &[types::OrderDelta]) -> Vec<LevelDelta> {
    let mut book = OrderBook::new();
    let mut levels = Vec::new();
    for delta in deltas {
        let before = book.order(delta.order).map(|resting| (resting.side, resting.price));
        book.apply(delta);
        let joined = (delta.action != OrderAction::Fill).then_some((delta.side, delta.price));
        let mut touched: Vec<_> = before.into_iter().chain(joined).collect();
        touched.dedup();
        for (number, &(side, price)) in touched.iter().enumerate() {
            let level = book.levels(side).find(|level| level.price == price);
            levels.push(LevelDelta {
                venue_at: delta.venue_at,
                price,
                size: book.size_at(side, price),
                orders: level.map_or(0, |level| level.orders),
                instrument: delta.instrument,
                side,
                action: LevelAction::Set,
                depth: 0,
                flags: if number + 1 == touched.len() { delta.flags } else { Flags::NONE },
            });
        }
    }
    levels
}

#[test]
fn levels_made_of_the_es_day_build_the_same_book() {
    let Some((deltas, _)) = support::recorded::es_day() else {
        return;
    };
    let deltas = &deltas[..30_000];
    let mut by_order = OrderBook::new();
    deltas.iter().for_each(|delta| {
        by_order.apply(delta);
    });
    let mut by_level = LevelBook::new();
    let mut plain: [BTreeMap<i64, i64>; 2] = Default::default();
    for delta in as_levels(deltas) {
        by_level.apply(&delta);
        let side = &mut plain[delta.side.index()];
        if delta.size.is_zero() {
            side.remove(&delta.price.0)
        } else {
            side.insert(delta.price.0, delta.size.0)
        };
    }
    for side in Side::BOTH {
        assert!(by_level.levels(side).eq(by_order.levels(side)));
        assert_eq!(plain[side.index()].len(), by_level.depth(side));
    }
    assert!(
        by_level.levels(Side::Sell).map(|l| (l.price.0, l.size.0)).eq(plain[1].iter().map(|(p, s)| (*p, *s)))
    );
}
