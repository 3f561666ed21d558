//! When a book may be traded on, and what each kind of delta does to it: tables.

use book::{Book, Change, LevelBook, OrderBook, State};
use types::{
    Flags, InstrumentId, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Phase,
    Side, Ticks,
};

const LAST: Flags = Flags::LAST;
const NONE: Flags = Flags::NONE;
const SNAPSHOT: Flags = Flags::SNAPSHOT;
const SNAPSHOT_END: Flags = Flags::SNAPSHOT.with(Flags::LAST);
const IMPLIED: Flags = Flags::IMPLIED;
const IMPLIED_LAST: Flags = Flags::IMPLIED.with(Flags::LAST);

fn level(at: i64, side: Side, price: i64, size: i64, flags: Flags) -> LevelDelta {
    LevelDelta {
        venue_at: Nanos(at),
        price: Ticks(price),
        size: Lots(size),
        orders: 1,
        instrument: InstrumentId(0),
        side,
        action: LevelAction::Set,
        depth: 0,
        flags,
    }
}

fn order(id: u64, action: OrderAction, side: Side, price: i64, size: i64) -> OrderDelta {
    OrderDelta {
        venue_at: Nanos(0),
        order: MarketOrderId(id),
        price: Ticks(price),
        size: Lots(size),
        instrument: InstrumentId(0),
        side,
        action,
        flags: LAST,
    }
}

/// One thing that happens to a book.
#[derive(Clone, Copy, Debug)]
enum Step {
    Bid(i64, i64, Flags),
    Ask(i64, i64, Flags),
    Clear(Flags),
    Gap,
}
use Step::{Ask, Bid, Clear, Gap};

/// Each step with the state it leaves: B(uilding), L(ive), l(ocked and live), S(tale), or the digit of the step
/// since which it is crossed. The book of orders must agree with the book of levels.
fn check(steps: &[Step], expected: &str) {
    let (mut levels, mut by_order, mut any) = (LevelBook::new(), OrderBook::new(), Book::empty());
    let mut seen = String::new();
    for (at, &step) in (0..).zip(steps) {
        let (side, price, size, flags) = match step {
            Bid(price, size, flags) => (Side::Buy, price, size, flags),
            Ask(price, size, flags) => (Side::Sell, price, size, flags),
            Clear(flags) => (Side::Buy, 0, 0, flags),
            Gap => {
                levels.on_gap();
                by_order.on_gap();
                any.on_gap();
                seen.push(letter(levels.state(), levels.is_locked()));
                continue;
            }
        };
        let mut one = level(at, side, price, size, flags);
        // An order for each price.
        let id = price.cast_unsigned() * 2 + side as u64;
        let action = if size == 0 { OrderAction::Delete } else { OrderAction::Add };
        let mut other = OrderDelta { venue_at: Nanos(at), flags, ..order(id, action, side, price, size) };
        if matches!(step, Clear(_)) {
            one.action = LevelAction::Clear;
            other.action = OrderAction::Clear;
        }
        levels.apply(&one);
        by_order.apply(&other);
        any.apply_order(&other);
        seen.push(letter(levels.state(), levels.is_locked()));
        assert_eq!(by_order.state(), levels.state(), "{step:?}");
        assert_eq!(any.state(), levels.state(), "{step:?}");
        assert_eq!(levels.is_live(), levels.state() == State::Live);
    }
    assert_eq!(seen, expected, "{steps:?}");
}

fn letter(state: State, locked: bool) -> char {
    match state {
        State::Building => 'B',
        State::Live if locked => 'l',
        State::Live => 'L',
        State::Stale => 'S',
        State::Crossed { since } => {
            char::from_digit(u32::try_from(since.0).expect("a step"), 10).expect("one digit")
        }
    }
}

#[test]
fn a_book_goes_live_at_the_first_last() {
    check(&[Bid(9, 1, NONE), Ask(11, 1, NONE), Bid(8, 1, LAST), Ask(12, 1, NONE)], "BBLL");
    check(&[Clear(SNAPSHOT), Bid(9, 1, SNAPSHOT), Ask(11, 1, SNAPSHOT_END), Bid(8, 1, NONE)], "BBLL");
    // A snapshot whose end is not marked ends with the first last after it.
    check(&[Bid(9, 1, SNAPSHOT), Ask(11, 1, SNAPSHOT), Bid(8, 1, NONE), Bid(7, 1, LAST)], "BBBL");
    // An empty book is consistent too.
    check(&[Clear(SNAPSHOT_END), Clear(NONE), Clear(LAST)], "LBL");
}

#[test]
fn a_gap_is_stale_until_a_clear() {
    check(&[Bid(9, 1, LAST), Gap, Bid(8, 1, LAST), Clear(NONE), Bid(8, 1, NONE), Bid(7, 1, LAST)], "LSSBBL");
    check(&[Gap, Bid(9, 1, LAST), Clear(SNAPSHOT), Bid(9, 1, SNAPSHOT), Bid(8, 1, SNAPSHOT_END)], "SSBBL");
    // A gap within a snapshot spoils it: its end does not help.
    check(&[Clear(SNAPSHOT), Bid(9, 1, SNAPSHOT), Gap, Bid(8, 1, SNAPSHOT_END), Clear(LAST)], "BBSSL");
}

#[test]
fn a_snapshot_without_a_clear_builds_again() {
    check(&[Bid(9, 1, LAST), Bid(9, 1, SNAPSHOT), Bid(8, 1, SNAPSHOT_END)], "LBL");
}

#[test]
fn crossing_is_judged_at_the_last_and_dated_from_the_first() {
    // Within a packet the book may cross for a moment.
    check(&[Bid(9, 1, LAST), Ask(8, 1, NONE), Bid(9, 0, LAST)], "LLL");
    check(&[Bid(9, 1, LAST), Ask(8, 1, LAST), Ask(7, 1, LAST), Bid(9, 0, LAST)], "L11L");
    check(&[Bid(9, 1, LAST), Ask(8, 1, LAST), Gap, Clear(NONE), Bid(9, 1, LAST), Ask(7, 1, LAST)], "L1SBL5");
}

#[test]
fn f_18_a_locked_book_is_live_and_says_so() {
    check(&[Bid(9, 1, LAST), Ask(9, 1, LAST), Bid(10, 1, LAST), Bid(10, 0, LAST), Bid(9, 0, LAST)], "Ll2lL");
}

#[test]
fn f_17_crossing_is_suspect_only_while_the_market_is_open() {
    let mut book = Book::empty();
    book.apply_level(&level(1, Side::Buy, 9, 1, LAST));
    book.apply_level(&level(2, Side::Sell, 8, 1, LAST));
    for (phase, suspect) in
        [(Phase::Open, true), (Phase::PreOpen, false), (Phase::Halted, false), (Phase::Closed, false)]
    {
        book.on_phase(phase);
        assert_eq!((book.phase(), book.is_suspect(), book.is_live()), (phase, suspect, false));
    }
    book.on_phase(Phase::Open);
    book.apply_level(&level(3, Side::Buy, 9, 0, LAST));
    assert!(book.is_live() && !book.is_suspect());
}

#[test]
fn f_23_mid_and_spread_need_both_sides() {
    let cases = [
        (None, None, None, None),
        (Some(9), None, None, None),
        (None, Some(9), None, None),
        (Some(9), Some(12), Some(10.5), Some(3)),
        (Some(-9), Some(-9), Some(-9.0), Some(0)),
        (Some(9), Some(8), Some(8.5), Some(-1)),
        (Some(i64::MIN), Some(i64::MAX), Some(0.0), Some(i64::MAX)),
        (Some(i64::MAX), Some(i64::MIN), Some(0.0), Some(i64::MIN)),
    ];
    for (bid, ask, mid, spread) in cases {
        let mut book = Book::empty();
        for (side, price) in [(Side::Buy, bid), (Side::Sell, ask)] {
            if let Some(price) = price {
                book.apply_level(&level(0, side, price, 1, LAST));
            }
        }
        assert_eq!((book.mid_ticks(), book.spread()), (mid, spread), "{bid:?} {ask:?}");
    }
}

/// A side's levels as text: `price×size`.
fn shown(levels: impl Iterator<Item = book::Level>) -> String {
    levels.map(|level| format!("{}×{}", level.price.0, level.size.0)).collect::<Vec<_>>().join(" ")
}

#[test]
fn levels_are_deleted_by_number_or_else_by_price() {
    use LevelAction::{DeleteFrom, DeleteThru};
    // Bids 20, 19, 17, 15 and, beyond any window, -900000; then the delta: action, number, price.
    let all = "20×1 19×2 17×3 15×4 -900000×5";
    let cases = [
        (DeleteThru, 1, 0, "19×2 17×3 15×4 -900000×5", Change::Applied),
        (DeleteThru, 3, 0, "15×4 -900000×5", Change::Applied),
        (DeleteThru, 9, 0, "", Change::Applied),
        (DeleteThru, 0, 18, "17×3 15×4 -900000×5", Change::Applied),
        (DeleteThru, 0, 21, all, Change::Unknown),
        (DeleteFrom, 1, 0, "", Change::Applied),
        (DeleteFrom, 4, 0, "20×1 19×2 17×3", Change::Applied),
        (DeleteFrom, 5, 0, "20×1 19×2 17×3 15×4", Change::Applied),
        (DeleteFrom, 6, 0, all, Change::Unknown),
        (DeleteFrom, 0, 18, "20×1 19×2", Change::Applied),
        (DeleteFrom, 0, -900_001, all, Change::Unknown),
    ];
    for (action, depth, price, left, change) in cases {
        let mut book = LevelBook::new();
        for (price, size) in [(15, 4), (-900_000, 5), (20, 1), (17, 3), (19, 2)] {
            book.apply(&level(0, Side::Buy, price, size, LAST));
        }
        book.apply(&level(0, Side::Sell, 21, 6, LAST));
        assert_eq!(shown(book.levels(Side::Buy)), all);
        let delta = LevelDelta { action, depth, ..level(0, Side::Buy, price, 0, LAST) };
        assert_eq!(book.apply(&delta), change, "{delta:?}");
        assert_eq!(shown(book.levels(Side::Buy)), left, "{delta:?}");
        assert_eq!(shown(book.levels(Side::Sell)), "21×6", "the other side is not touched");
        assert_eq!(book.unknown(), u64::from(change == Change::Unknown));
    }
}

#[test]
fn a_level_beyond_the_depth_pushes_the_worst_out() {
    let mut book = LevelBook::with_depth(3);
    for (price, left) in
        [(10, "10×1"), (8, "10×1 8×1"), (9, "10×1 9×1 8×1"), (11, "11×1 10×1 9×1"), (2, "11×1 10×1 9×1")]
    {
        book.apply(&level(0, Side::Buy, price, 1, LAST));
        assert_eq!(shown(book.levels(Side::Buy)), left);
    }
}

#[test]
fn orders_keep_or_lose_their_place() {
    use OrderAction::{Add, Delete, Fill, Modify, Reduce};
    // Orders 1, 2, 3 of ten lots stand at 50; then the delta; then the queue at 50 as id×size.
    let cases = [
        (order(4, Add, Side::Buy, 50, 5), "1×10 2×10 3×10 4×5", Change::Applied),
        (order(1, Modify, Side::Buy, 50, 10), "1×10 2×10 3×10", Change::Applied),
        (order(1, Modify, Side::Buy, 50, 4), "1×4 2×10 3×10", Change::Applied),
        (order(1, Modify, Side::Buy, 50, 11), "2×10 3×10 1×11", Change::Applied),
        (order(2, Modify, Side::Buy, 51, 10), "1×10 3×10", Change::Applied),
        (order(2, Modify, Side::Sell, 50, 10), "1×10 3×10", Change::Applied),
        (order(2, Modify, Side::Buy, 50, 0), "1×10 3×10", Change::Applied),
        (order(2, Modify, Side::Buy, 50, -1), "1×10 2×10 3×10", Change::Ignored),
        (order(2, Reduce, Side::Buy, 50, 3), "1×10 2×7 3×10", Change::Applied),
        (order(2, Reduce, Side::Buy, 50, 10), "1×10 3×10", Change::Applied),
        (order(2, Reduce, Side::Buy, 50, 99), "1×10 3×10", Change::Applied),
        (order(2, Reduce, Side::Buy, 50, 0), "1×10 2×10 3×10", Change::Ignored),
        (order(2, Delete, Side::Buy, 0, 0), "1×10 3×10", Change::Applied),
        (order(1, Fill, Side::Buy, 50, 10), "1×10 2×10 3×10", Change::Applied),
        (order(1, Add, Side::Buy, 50, 6), "2×10 3×10 1×6", Change::Applied),
        (order(4, Add, Side::Buy, 50, 0), "1×10 2×10 3×10", Change::Ignored),
        (order(7, Modify, Side::Buy, 50, 1), "1×10 2×10 3×10", Change::Unknown),
        (order(7, Reduce, Side::Buy, 50, 1), "1×10 2×10 3×10", Change::Unknown),
        (order(7, Delete, Side::Buy, 50, 1), "1×10 2×10 3×10", Change::Unknown),
    ];
    for (delta, queue, change) in cases {
        let mut book = OrderBook::new();
        (1..=3).for_each(|id| {
            book.apply(&order(id, Add, Side::Buy, 50, 10));
        });
        assert_eq!(book.joins(), 3);
        assert_eq!(book.apply(&delta), change, "{delta:?}");
        let shown = book.queue(Side::Buy, Ticks(50)).map(|(id, resting)| format!("{id}×{}", resting.size.0));
        assert_eq!(shown.collect::<Vec<_>>().join(" "), queue, "{delta:?}");
        let counts = book.counts();
        assert_eq!(counts.unknown, u64::from(change == Change::Unknown), "{delta:?}");
        assert_eq!(counts.refused, u64::from(change == Change::Ignored), "{delta:?}");
        assert_eq!(counts.duplicate, u64::from(delta.action == Add && delta.order.0 == 1), "{delta:?}");
        assert_eq!(counts.excess, u64::from(delta.size.0 == 99), "{delta:?}");
    }
}

#[test]
fn stamps_tell_who_is_ahead_and_never_fall() {
    use OrderAction::{Add, Clear, Modify};
    let mut book = OrderBook::new();
    let steps = [
        (order(1, Add, Side::Buy, 50, 10), 1, 0),
        (order(2, Add, Side::Buy, 50, 10), 2, 1),
        (order(1, Modify, Side::Buy, 50, 9), 2, 0),
        (order(1, Modify, Side::Buy, 50, 12), 3, 2),
        (order(1, Modify, Side::Buy, 49, 12), 4, 3),
    ];
    for (delta, joins, joined) in steps {
        book.apply(&delta);
        assert_eq!(book.joins(), joins, "{delta:?}");
        assert_eq!(book.order(delta.order).map(|resting| resting.joined), Some(joined), "{delta:?}");
    }
    book.apply(&order(0, Clear, Side::Buy, 0, 0));
    assert_eq!((book.joins(), book.len(), book.order(MarketOrderId(1))), (4, 0, None));
}

#[test]
fn orders_whose_ids_hash_alike_are_told_apart() {
    // The multiplicative inverse of the index's multiplier: the hashes of its multiples are 0, 1, 2 …
    let id = |n: u64| n.wrapping_mul(0xf1de_83e1_9937_733d);
    let mut book = OrderBook::new();
    (1..=20).for_each(|n| {
        book.apply(&order(id(n), OrderAction::Add, Side::Buy, 50, n.cast_signed()));
    });
    assert_eq!((book.len(), book.counts().duplicate), (20, 0));
    for n in 1..=20 {
        let size = book.order(MarketOrderId(id(n))).map(|resting| resting.size);
        assert_eq!(size, Some(Lots(n.cast_signed())));
    }
    assert_eq!(book.order(MarketOrderId(id(21))), None);
}

#[test]
fn sums_beyond_an_i64_are_shown_as_the_largest_and_come_back_exactly() {
    use OrderAction::{Add, Delete};
    let mut book = OrderBook::new();
    book.apply(&order(1, Add, Side::Buy, 5, i64::MAX));
    book.apply(&order(2, Add, Side::Buy, 5, i64::MAX));
    book.apply(&order(3, Add, Side::Buy, 5, 7));
    assert_eq!(book.size_at(Side::Buy, Ticks(5)), Lots(i64::MAX));
    book.apply(&order(1, Delete, Side::Buy, 5, 0));
    book.apply(&order(2, Delete, Side::Buy, 5, 0));
    assert_eq!(book.size_at(Side::Buy, Ticks(5)), Lots(7));
}

#[test]
fn the_first_order_makes_a_book_of_orders_for_good() {
    let mut book = Book::empty();
    book.apply_level(&level(0, Side::Buy, 9, 5, LAST));
    assert!(book.by_order().is_none() && book.is_live());
    book.apply_order(&order(1, OrderAction::Add, Side::Buy, 8, 3));
    assert!(book.by_order().is_some());
    assert_eq!(shown(book.levels(Side::Buy)), "8×3");
    // Its own levels come from its orders; what the venue says of them is ignored, but ends the packet.
    assert_eq!(book.apply_level(&level(0, Side::Buy, 8, 99, NONE)), Change::Ignored);
    assert_eq!(shown(book.levels(Side::Buy)), "8×3");
    let crossing = OrderDelta { flags: NONE, ..order(2, OrderAction::Add, Side::Sell, 7, 1) };
    book.apply_order(&crossing);
    assert_eq!(book.state(), State::Live);
    book.apply_level(&level(6, Side::Sell, 7, 1, LAST));
    assert_eq!(book.state(), State::Crossed { since: Nanos(6) });
}

#[test]
fn a_stale_book_stays_stale_when_orders_take_over() {
    let mut book = Book::empty();
    book.apply_level(&level(0, Side::Buy, 9, 5, LAST));
    book.on_gap();
    book.apply_order(&order(1, OrderAction::Add, Side::Buy, 8, 3));
    assert_eq!(book.state(), State::Stale);
    book.apply_order(&order(0, OrderAction::Clear, Side::Buy, 0, 0));
    assert_eq!(book.state(), State::Live);
}

#[test]
fn implied_levels_stand_apart() {
    for by_order in [false, true] {
        let mut book = Book::with_depths(10, 2);
        if by_order {
            book.apply_order(&order(1, OrderAction::Add, Side::Buy, 9, 5));
        } else {
            book.apply_level(&level(0, Side::Buy, 9, 5, LAST));
        }
        assert!(book.implied().is_none());
        // Better than anything outright, and never the best of the book itself.
        for price in [12, 10, 11] {
            assert_eq!(book.apply_level(&level(1, Side::Buy, price, 1, IMPLIED)), Change::Applied);
        }
        book.apply_level(&level(1, Side::Sell, 11, 2, IMPLIED_LAST));
        assert_eq!(shown(book.levels(Side::Buy)), "9×5");
        let implied = book.implied().expect("some came");
        assert_eq!(shown(implied.levels(Side::Buy)), "12×1 11×1", "two deep");
        assert_eq!(implied.state(), State::Crossed { since: Nanos(1) });
        assert_eq!(book.state(), State::Live);
        book.on_gap();
        assert_eq!(book.implied().map(LevelBook::state), Some(State::Stale));
    }
}

#[test]
fn a_clear_empties_what_it_speaks_of() {
    let order_clear = |flags| OrderDelta { flags, ..order(0, OrderAction::Clear, Side::Buy, 0, 0) };
    let level_clear = |flags| LevelDelta { action: LevelAction::Clear, ..level(0, Side::Buy, 0, 0, flags) };
    // In a book of orders with implied levels: what is left of the orders, and of the implied levels.
    let cases = [
        (Ok(order_clear(SNAPSHOT)), "", "10×1"),
        (Ok(order_clear(NONE)), "", ""),
        (Err(level_clear(SNAPSHOT)), "9×5", ""),
        (Err(level_clear(NONE)), "", ""),
        (Err(level_clear(IMPLIED)), "9×5", ""),
    ];
    for (clear, orders, implied) in cases {
        let mut book = Book::empty();
        book.apply_order(&order(1, OrderAction::Add, Side::Buy, 9, 5));
        book.apply_level(&level(1, Side::Buy, 10, 1, IMPLIED_LAST));
        match &clear {
            Ok(delta) => book.apply_order(delta),
            Err(delta) => book.apply_level(delta),
        };
        assert_eq!(shown(book.levels(Side::Buy)), orders, "{clear:?}");
        let left = book.implied().map(|levels| shown(levels.levels(Side::Buy)));
        assert_eq!(left.as_deref(), Some(implied), "{clear:?}");
    }
}
