//! A book that has seen a day allocates nothing in another.

mod support;

use book::{Book, Level, LevelBook, OrderBook};
use support::streams::{Market, PROFILES};
use types::{Flags, LevelDelta, OrderDelta, Side};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// How many allocations the third of three replays makes: where the windows end up in the first decides what the
/// second meets.
fn third_replay(mut replay: impl FnMut()) -> u64 {
    replay();
    replay();
    let before = testkit::allocations::on_this_thread();
    replay();
    testkit::allocations::on_this_thread() - before
}

fn clear_of(delta: &OrderDelta) -> OrderDelta {
    OrderDelta { action: types::OrderAction::Clear, flags: Flags::SNAPSHOT, ..*delta }
}

#[test]
fn the_counter_counts() {
    let before = testkit::allocations::on_this_thread();
    let kept = std::hint::black_box(vec![1_u8; 100]);
    assert_eq!(testkit::allocations::on_this_thread() - before, 1, "{}", kept.len());
}

#[test]
fn a_warm_book_of_orders_allocates_nothing() {
    for profile in PROFILES {
        let mut market = Market::new(profile, 5);
        let deltas: Vec<OrderDelta> = (0..100_000).map(|_| market.order()).collect();
        let clear = clear_of(&deltas[0]);
        let mut book = OrderBook::new();
        let mut out = [Level { price: types::Ticks(0), size: types::Lots(0), orders: 0 }; 10];
        let allocations = third_replay(|| {
            book.apply(&clear);
            for delta in &deltas {
                book.apply(delta);
                book.top(delta.side, &mut out);
            }
        });
        assert_eq!(allocations, 0, "profile {}", profile.name);
    }
}

#[test]
fn a_warm_book_of_levels_allocates_nothing() {
    for profile in PROFILES {
        let mut market = Market::new(profile, 6);
        let deltas: Vec<LevelDelta> = (0..100_000).map(|_| market.level()).collect();
        let clear = LevelDelta { action: types::LevelAction::Clear, ..deltas[0] };
        let mut book = LevelBook::new();
        let allocations = third_replay(|| {
            book.apply(&clear);
            deltas.iter().for_each(|delta| {
                book.apply(delta);
            });
        });
        assert_eq!(allocations, 0, "profile {}", profile.name);
    }
}

#[test]
fn a_warm_book_replays_the_es_day_without_allocating() {
    let Some((deltas, _)) = support::recorded::es_day() else {
        return;
    };
    let clear = clear_of(&deltas[0]);
    let mut book = Book::empty();
    let allocations = third_replay(|| {
        book.apply_order(&clear);
        deltas.iter().for_each(|delta| {
            book.apply_order(delta);
        });
    });
    assert_eq!(allocations, 0);
    assert_eq!(book.depth(Side::Buy), 922);
}

#[test]
fn room_asked_for_at_the_start_is_enough() {
    let Some((deltas, _)) = support::recorded::es_day() else {
        return;
    };
    let mut book = OrderBook::with_capacity(12_000);
    // The snapshot makes the windows; the day's 11,237 orders at once then fit.
    let (snapshot, day) = deltas.split_at(8_725);
    snapshot.iter().for_each(|delta| {
        book.apply(delta);
    });
    let before = testkit::allocations::on_this_thread();
    day.iter().for_each(|delta| {
        book.apply(delta);
    });
    assert_eq!(testkit::allocations::on_this_thread() - before, 0);
}
