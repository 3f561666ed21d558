//! What a change costs, fast book against obvious one and against plain maps, in one run: the recorded ES day (when
//! it is on this machine) and made-up markets. Each replay starts with a `Clear`, so that the memory is warm.
//!
//! `levels` and `orders` apply only; `top 10` reads ten levels of the changed side after each change, as a feature
//! would.

#[path = "../tests/support/mod.rs"]
mod support;

use book::{Level, LevelBook, OrderBook, obvious};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use support::streams::{Market, PROFILES, Profile};
use types::{
    Flags, InstrumentId, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side,
    Ticks,
};

const NO_LEVEL: Level = Level { price: Ticks(0), size: Lots(0), orders: 0 };

/// What one writes in ten minutes: two ordered maps of sums.
#[derive(Default)]
struct PlainLevels {
    sides: [BTreeMap<i64, (i64, u32)>; 2],
}

impl PlainLevels {
    fn apply(&mut self, delta: &LevelDelta) {
        let side = &mut self.sides[delta.side.index()];
        match delta.action {
            LevelAction::Set if delta.size.0 > 0 => {
                side.insert(delta.price.0, (delta.size.0, delta.orders));
            }
            LevelAction::Set | LevelAction::Delete => {
                side.remove(&delta.price.0);
            }
            LevelAction::Clear => self.sides = Default::default(),
            LevelAction::DeleteThru | LevelAction::DeleteFrom => unreachable!("not in these streams"),
        }
    }

    fn top(&self, side: Side, out: &mut [(i64, i64)]) -> usize {
        let mut filled = 0;
        let levels = &self.sides[side.index()];
        let mut write = |(price, size): (&i64, &(i64, u32))| {
            out[filled] = (*price, size.0);
            filled += 1;
        };
        match side {
            Side::Buy => levels.iter().rev().take(10).for_each(&mut write),
            Side::Sell => levels.iter().take(10).for_each(&mut write),
        }
        filled
    }
}

/// The same for orders: a hash map of orders, sums by price, no queues (so it does less than the books).
#[derive(Default)]
struct PlainOrders {
    orders: HashMap<u64, (Side, i64, i64)>,
    sides: [BTreeMap<i64, i64>; 2],
}

impl PlainOrders {
    fn take(&mut self, side: Side, price: i64, size: i64) {
        let sums = &mut self.sides[side.index()];
        if let Some(sum) = sums.get_mut(&price) {
            *sum -= size;
            if *sum == 0 {
                sums.remove(&price);
            }
        }
    }

    fn apply(&mut self, delta: &OrderDelta) {
        let (id, new) = (delta.order.0, (delta.side, delta.price.0, delta.size.0));
        match delta.action {
            OrderAction::Add => {
                self.orders.insert(id, new);
                *self.sides[delta.side.index()].entry(delta.price.0).or_default() += delta.size.0;
            }
            OrderAction::Modify => {
                if let Some(old) = self.orders.insert(id, new) {
                    *self.sides[delta.side.index()].entry(delta.price.0).or_default() += delta.size.0;
                    self.take(old.0, old.1, old.2);
                }
            }
            OrderAction::Reduce | OrderAction::Delete => {
                let Some(order) = self.orders.get_mut(&id) else { return };
                let (side, price, left) = *order;
                let size = if delta.action == OrderAction::Delete { left } else { delta.size.0.min(left) };
                order.2 -= size;
                if size == left {
                    self.orders.remove(&id);
                }
                self.take(side, price, size);
            }
            OrderAction::Fill => {}
            OrderAction::Clear => *self = Self::default(),
        }
    }
}

const fn clear_levels() -> LevelDelta {
    LevelDelta {
        venue_at: Nanos(0),
        price: Ticks(0),
        size: Lots(0),
        orders: 0,
        instrument: InstrumentId(0),
        side: Side::Buy,
        action: LevelAction::Clear,
        depth: 0,
        flags: Flags::NONE,
    }
}

const fn clear_orders() -> OrderDelta {
    OrderDelta {
        venue_at: Nanos(0),
        order: MarketOrderId(0),
        price: Ticks(0),
        size: Lots(0),
        instrument: InstrumentId(0),
        side: Side::Buy,
        action: OrderAction::Clear,
        flags: Flags::NONE,
    }
}

/// A market like a liquid future's: most changes within a hundred ticks of the touch.
const LIQUID: Profile = Profile {
    name: "liquid",
    centre: 19_000,
    spread: 400,
    jump: 3,
    nonsense: 0.0,
    huge: false,
    orders: 5_000,
};

fn made_up_orders(profile: Profile, seed: u64, count: usize) -> Vec<OrderDelta> {
    let mut market = Market::new(profile, seed);
    let makes_sense =
        |delta: &OrderDelta| delta.action != OrderAction::Clear && delta.flags.0 & Flags::SNAPSHOT.0 == 0;
    std::iter::repeat_with(|| market.order()).filter(makes_sense).take(count).collect()
}

/// The level changes that follow from order changes.
fn as_levels(orders: &[OrderDelta]) -> Vec<LevelDelta> {
    let mut book = OrderBook::new();
    let mut levels = Vec::new();
    for delta in orders {
        let before = book.order(delta.order).map(|resting| (resting.side, resting.price));
        book.apply(delta);
        let after = book.order(delta.order).map(|resting| (resting.side, resting.price));
        let mut touched: Vec<_> = before.into_iter().chain(after).collect();
        touched.dedup();
        for (side, price) in touched {
            levels.push(LevelDelta {
                venue_at: delta.venue_at,
                price,
                size: book.size_at(side, price),
                side,
                action: LevelAction::Set,
                flags: delta.flags,
                ..clear_levels()
            });
        }
    }
    levels
}

/// Level and order streams by name.
fn streams() -> Vec<(&'static str, Vec<OrderDelta>)> {
    let mut streams = vec![
        ("liquid", made_up_orders(LIQUID, 1, 100_000)),
        ("very wide", made_up_orders(Profile { nonsense: 0.0, ..PROFILES[4] }, 1, 100_000)),
    ];
    if let Some((day, _)) = support::recorded::es_day() {
        streams.insert(0, ("es day", day));
    }
    streams
}

fn bench_levels(criterion: &mut Criterion) {
    for (name, orders) in streams() {
        let deltas = as_levels(&orders);
        let mut group = criterion.benchmark_group("levels");
        group.throughput(Throughput::Elements(deltas.len() as u64));
        group.sample_size(20);
        let mut fast = LevelBook::new();
        group.bench_with_input(BenchmarkId::new("fast", name), &deltas, |bencher, deltas| {
            bencher.iter(|| {
                fast.apply(&clear_levels());
                deltas.iter().for_each(|delta| {
                    black_box(fast.apply(delta));
                });
            });
        });
        let mut plain = PlainLevels::default();
        group.bench_with_input(BenchmarkId::new("btree", name), &deltas, |bencher, deltas| {
            bencher.iter(|| {
                plain.apply(&clear_levels());
                deltas.iter().for_each(|delta| plain.apply(black_box(delta)));
            });
        });
        let mut truth = obvious::LevelBook::new();
        group.bench_with_input(BenchmarkId::new("obvious", name), &deltas, |bencher, deltas| {
            bencher.iter(|| {
                truth.apply(&clear_levels());
                deltas.iter().for_each(|delta| {
                    black_box(truth.apply(delta));
                });
            });
        });
        group.finish();
        bench_top(criterion, name, &deltas);
    }
}

fn bench_top(criterion: &mut Criterion, name: &str, deltas: &[LevelDelta]) {
    let mut group = criterion.benchmark_group("levels, top 10");
    group.throughput(Throughput::Elements(deltas.len() as u64));
    group.sample_size(20);
    let mut fast = LevelBook::new();
    group.bench_with_input(BenchmarkId::new("fast", name), &deltas, |bencher, deltas| {
        let mut out = [NO_LEVEL; 10];
        bencher.iter(|| {
            fast.apply(&clear_levels());
            for delta in *deltas {
                fast.apply(delta);
                black_box(fast.top(delta.side, &mut out));
                black_box(&out);
            }
        });
    });
    let mut plain = PlainLevels::default();
    group.bench_with_input(BenchmarkId::new("btree", name), &deltas, |bencher, deltas| {
        let mut out = [(0, 0); 10];
        bencher.iter(|| {
            plain.apply(&clear_levels());
            for delta in *deltas {
                plain.apply(delta);
                black_box(plain.top(delta.side, &mut out));
                black_box(&out);
            }
        });
    });
    group.finish();
}

fn bench_orders(criterion: &mut Criterion) {
    for (name, deltas) in streams() {
        let mut group = criterion.benchmark_group("orders");
        group.throughput(Throughput::Elements(deltas.len() as u64));
        group.sample_size(20);
        let mut fast = OrderBook::new();
        group.bench_with_input(BenchmarkId::new("fast", name), &deltas, |bencher, deltas| {
            bencher.iter(|| {
                fast.apply(&clear_orders());
                deltas.iter().for_each(|delta| {
                    black_box(fast.apply(delta));
                });
            });
        });
        let mut plain = PlainOrders::default();
        group.bench_with_input(BenchmarkId::new("hash and btree", name), &deltas, |bencher, deltas| {
            bencher.iter(|| {
                plain.apply(&clear_orders());
                deltas.iter().for_each(|delta| plain.apply(black_box(delta)));
            });
        });
        let mut truth = obvious::OrderBook::new();
        group.bench_with_input(BenchmarkId::new("obvious", name), &deltas, |bencher, deltas| {
            bencher.iter(|| {
                truth.apply(&clear_orders());
                deltas.iter().for_each(|delta| {
                    black_box(truth.apply(delta));
                });
            });
        });
        group.finish();
    }
}

const SYMBOLS: usize = 4_000;

/// Four thousand books with 250 orders each: nothing stays in the caches.
struct Exchange {
    markets: Vec<Market>,
    books: Vec<OrderBook>,
    prng: stdx::Prng,
}

impl Exchange {
    fn open() -> Self {
        let profile = Profile { spread: 100, orders: 250, ..LIQUID };
        let mut markets: Vec<Market> = (0..SYMBOLS).map(|seed| Market::new(profile, seed as u64)).collect();
        let mut books: Vec<OrderBook> = (0..SYMBOLS).map(|_| OrderBook::new()).collect();
        for (market, book) in markets.iter_mut().zip(&mut books) {
            (0..1_500).for_each(|_| {
                book.apply(&market.order());
            });
        }
        Self { markets, books, prng: stdx::Prng::new(4) }
    }

    /// What happens next, in symbols drawn evenly.
    fn changes(&mut self, count: usize) -> Vec<(usize, OrderDelta)> {
        let mut changes = Vec::with_capacity(count);
        for _ in 0..count {
            let symbol = usize::try_from(self.prng.below(SYMBOLS as u64)).expect("small");
            changes.push((symbol, self.markets[symbol].order()));
        }
        changes
    }
}

fn bench_many(criterion: &mut Criterion) {
    const CHANGES: usize = 200_000;
    let mut exchange = None;
    let mut group = criterion.benchmark_group("orders, 4000 books");
    group.throughput(Throughput::Elements(CHANGES as u64));
    group.sample_size(10);
    group.bench_function("fast", |bencher| {
        let exchange = exchange.get_or_insert_with(Exchange::open);
        // The books go on from where they are; only the changes are timed.
        bencher.iter_custom(|iterations| {
            let mut elapsed = std::time::Duration::ZERO;
            for _ in 0..iterations {
                let changes = exchange.changes(CHANGES);
                let start = std::time::Instant::now();
                changes.iter().for_each(|(symbol, delta)| {
                    black_box(exchange.books[*symbol].apply(delta));
                });
                elapsed += start.elapsed();
            }
            elapsed
        });
    });
    group.finish();
}

criterion_group!(benches, bench_levels, bench_orders, bench_many);
criterion_main!(benches);
