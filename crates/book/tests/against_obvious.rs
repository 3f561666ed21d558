//! The fast books against the obvious ones, after every delta, on a million made-up ones.

mod support;

use book::{Level, LevelBook, OrderBook, obvious};
use stdx::Prng;
use support::streams::{Market, PROFILES, Profile, in_place};
use types::{OrderAction, Side};

const DELTAS: u64 = 150_000;
/// All levels and queues are compared after so many deltas; the touched ones after each.
const FULL_EVERY: u64 = 101;

/// The best levels through both doors.
fn check_levels(
    fast: impl Iterator<Item = Level>,
    top: &[Level],
    truth: impl Iterator<Item = Level>,
    at: &str,
) {
    let truth: Vec<Level> = truth.collect();
    assert_eq!(fast.collect::<Vec<_>>(), truth, "{at}");
    assert_eq!(top, &truth[..truth.len().min(10)], "{at}");
}

const NO_LEVEL: Level = Level { price: types::Ticks(0), size: types::Lots(0), orders: 0 };

fn compare_levels(profile: Profile, seed: u64, depth: usize) {
    let mut market = Market::new(profile, seed);
    let mut chance = Prng::new(seed);
    let (mut fast, mut truth) = (LevelBook::with_depth(depth), obvious::LevelBook::with_depth(depth));
    for step in 0..DELTAS {
        let delta = market.level();
        let at = format!("profile {} seed {seed} depth {depth} step {step} {delta:?}", profile.name);
        assert_eq!(fast.apply(&delta), truth.apply(&delta), "{at}");
        if chance.chance(0.0001) {
            fast.on_gap();
            truth.on_gap();
        }
        assert_eq!(fast.state(), truth.state(), "{at}");
        assert_eq!(fast.size_at(delta.side, delta.price), truth.size_at(delta.side, delta.price), "{at}");
        for side in Side::BOTH {
            assert_eq!(fast.best(side), truth.best(side), "{at}");
            if step % FULL_EVERY == 0 || step < 2_000 {
                let mut top = [NO_LEVEL; 10];
                let filled = fast.top(side, &mut top);
                check_levels(fast.levels(side), &top[..filled], truth.levels(side), &at);
                assert_eq!(fast.depth(side), truth.levels(side).count(), "{at}");
            }
        }
    }
    assert_eq!(fast.counts(), truth.counts(), "profile {} seed {seed}", profile.name);
    assert!(fast.counts().unknown > 0, "the stream tests what it should");
}

fn compare_orders(profile: Profile, seed: u64) {
    let mut market = Market::new(profile, seed);
    let mut chance = Prng::new(seed);
    let (mut fast, mut truth) = (OrderBook::new(), obvious::OrderBook::new());
    for step in 0..DELTAS {
        let mut delta = market.order();
        if let Some(resting) = truth.order(delta.order)
            && delta.action == OrderAction::Modify
            && chance.chance(0.5)
        {
            delta = in_place(delta, resting);
        }
        let at = format!("profile {} seed {seed} step {step} {delta:?}", profile.name);
        let before = truth.order(delta.order);
        assert_eq!(fast.apply(&delta), truth.apply(&delta), "{at}");
        if chance.chance(0.0001) {
            fast.on_gap();
            truth.on_gap();
        }
        assert_eq!(
            (fast.state(), fast.joins(), fast.len()),
            (truth.state(), truth.joins(), truth.len()),
            "{at}"
        );
        assert_eq!(fast.order(delta.order), truth.order(delta.order), "{at}");
        // The queue that was joined and the one that was left.
        let touched = [Some((delta.side, delta.price)), before.map(|resting| (resting.side, resting.price))];
        for (side, price) in touched.into_iter().flatten() {
            assert_eq!(fast.size_at(side, price), truth.size_at(side, price), "{at}");
            assert!(fast.queue(side, price).eq(truth.queue(side, price)), "{at}");
        }
        for side in Side::BOTH {
            assert_eq!(fast.best(side), truth.best(side), "{at}");
            if step % FULL_EVERY == 0 || step < 2_000 {
                check_side(&fast, &truth, side, &at);
            }
        }
    }
    assert_eq!(fast.counts(), truth.counts(), "profile {} seed {seed}", profile.name);
    let counts = fast.counts();
    assert!(
        counts.unknown > 0 && counts.duplicate > 0 && counts.refused > 0 && counts.excess > 0,
        "{counts:?}"
    );
}

fn check_side(fast: &OrderBook, truth: &obvious::OrderBook, side: Side, at: &str) {
    let mut top = [NO_LEVEL; 10];
    let filled = fast.top(side, &mut top);
    check_levels(fast.levels(side), &top[..filled], truth.levels(side), at);
    for level in truth.levels(side) {
        let queue: Vec<_> = fast.queue(side, level.price).collect();
        assert!(queue.iter().copied().eq(truth.queue(side, level.price)), "{at}");
        assert!(queue.is_sorted_by_key(|(_, resting)| resting.joined), "stamps rise along a queue: {at}");
    }
}

#[test]
fn level_books_agree_whatever_comes() {
    for (seed, profile) in (1..).zip(PROFILES) {
        println!("profile {} seed {seed}", profile.name);
        compare_levels(profile, seed, usize::MAX);
        compare_levels(profile, seed + 100, 10);
    }
}

#[test]
fn order_books_agree_whatever_comes() {
    for (seed, profile) in (1..).zip(PROFILES) {
        println!("profile {} seed {seed}", profile.name);
        compare_orders(profile, seed);
    }
}
