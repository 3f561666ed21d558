//! What the venue adds to the book's own update, and how fast a market is generated.
//!
//! The book alone is measured in the same run as the venue, on the same events.

use book::Book;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sim::market::{Config, Generator, Line, Product};
use sim::{Venue, VenueConfig};
use std::hint::black_box;
use stdx::{Prng, decimal};
use types::instrument::Terms;
use types::{
    Command, Contract, Event, Instrument, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Origin,
};
use types::{PlaceOrder, Side, StrategyId, Ticks, TimeInForce};
use venues::{Directory, Output, cme};

const ONLY: InstrumentId = InstrumentId(0);

fn config(by_order: bool, seconds: i64) -> Config {
    Config {
        products: vec![Product::es()],
        duration: Nanos::from_secs(seconds),
        by_order,
        ..Config::default()
    }
}

fn instrument() -> Instrument {
    let product = Product::es();
    Instrument::new(Terms {
        id: ONLY,
        symbol: product.symbol,
        venue: cme::VENUE.into(),
        currency: product.currency,
        contract: Contract::Linear,
        tick_nanos: 250_000_000,
        lot_nanos: decimal::ONE,
        multiplier_nanos: product.unit_size_nanos,
        depths: types::Depths::default(),
        origin: Origin::Definition,
    })
    .expect("valid terms")
}

/// The events of five minutes; the opening book apart.
fn session(by_order: bool) -> (Vec<Event>, Vec<Event>) {
    let mut directory = Directory::run(&[instrument()], &[Product::es().wire_tick_nanos]);
    let (mut decoder, mut out) = (cme::Decoder::new(), Output::default());
    let mut generator = Generator::new(config(by_order, 300));
    let mut read = |at, line: Line, bytes: &[u8]| {
        decoder.packet(at, line.destination(), bytes, 0, &mut directory, &mut out);
    };
    generator.step(&mut read);
    generator.run(&mut read);
    let mut events: Vec<Event> = out.arrivals.iter().map(|arrival| arrival.event).collect();
    let opening = events.iter().position(|event| match event {
        Event::Level(delta) => delta.flags.has(types::Flags::LAST),
        Event::Order(delta) => delta.flags.has(types::Flags::LAST),
        Event::Trade(_)
        | Event::Status(_)
        | Event::Gap(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_)
        | Event::Statistic(_)
        | Event::QuoteRequest(_)
        | Event::TradeBust(_)
        | Event::Bar { .. } => false,
    });
    let later = events.split_off(opening.expect("the opening ends") + 1);
    (events, later)
}

fn place(order: u32, side: Side, price: Ticks, size: i64) -> Command {
    Command::Place(PlaceOrder {
        order: OrderId(order),
        strategy: StrategyId(0),
        terms: NewOrder {
            instrument: ONLY,
            side,
            kind: OrderKind::PostOnly,
            time_in_force: TimeInForce::GoodTilCancel,
            price,
            size: Lots(size),
        },
    })
}

/// A venue that has heard the opening, with `orders` of ours on each side, far enough away to stay there.
fn opened(opening: &[Event], orders: u32) -> Venue {
    let mut venue = Venue::new(&[instrument()], VenueConfig::default(), Prng::new(1));
    let mut reports = Vec::new();
    for event in opening {
        venue.on_market(Nanos(0), event, &mut reports);
    }
    for row in 0..orders {
        for side in Side::BOTH {
            let best = venue.book(ONLY).best(side).expect("both sides stand").price;
            let price = best.worse_for(!side, 400 + i64::from(row));
            let order = row * 2 + u32::from(side == Side::Sell);
            venue.on_command(Nanos(0), &place(order, side, price, 1_000_000), &mut reports);
        }
    }
    assert_eq!(venue.open_orders(ONLY).count(), 2 * orders as usize);
    venue
}

fn venue(criterion: &mut Criterion) {
    for (name, by_order) in [("by order", true), ("by level", false)] {
        let (opening, events) = session(by_order);
        let mut group = criterion.benchmark_group(format!("venue {name}"));
        group.throughput(Throughput::Elements(events.len() as u64)).sample_size(20);
        group.bench_function("book alone", |bencher| {
            let mut book = Book::empty();
            let apply = |book: &mut Book, event: &Event| match event {
                Event::Level(delta) => drop(black_box(book.apply_level(delta))),
                Event::Order(delta) => drop(black_box(book.apply_order(delta))),
                Event::Trade(_)
                | Event::Status(_)
                | Event::Gap(_)
                | Event::Report(_)
                | Event::Timer(_)
                | Event::Operator(_)
                | Event::Cash(_)
                | Event::Session(_)
                | Event::DropCopy(_)
                | Event::Clock(_)
                | Event::Statistic(_)
                | Event::QuoteRequest(_)
                | Event::TradeBust(_)
                | Event::Bar { .. } => {}
            };
            for event in &opening {
                apply(&mut book, event);
            }
            bencher.iter_batched_ref(
                || book.clone(),
                |book| events.iter().for_each(|event| apply(book, event)),
                BatchSize::LargeInput,
            );
        });
        for orders in [0, 1, 5] {
            let venue = opened(&opening, orders);
            group.bench_function(format!("venue, {orders} orders a side"), |bencher| {
                let mut reports = Vec::with_capacity(1 << 16);
                bencher.iter_batched_ref(
                    || venue.clone(),
                    |venue| {
                        reports.clear();
                        for event in &events {
                            venue.on_market(Nanos(1), event, &mut reports);
                        }
                        reports.len()
                    },
                    BatchSize::LargeInput,
                );
            });
        }
        group.finish();
    }
}

fn market(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("market");
    let session = Config { duration: Nanos::from_secs(60), ..Config::default() };
    let mut actions = 0;
    let mut generator = Generator::new(session.clone());
    while generator.step(&mut |_, _, _| {}).is_some() {
        actions += 1;
    }
    group.throughput(Throughput::Elements(actions)).sample_size(10);
    group.bench_function("a minute of two futures, an action", |bencher| {
        bencher.iter(|| {
            let mut bytes = 0;
            Generator::new(session.clone()).run(&mut |_, _, packet| bytes += packet.len());
            bytes
        });
    });
    group.finish();
}

criterion_group!(benches, venue, market);
criterion_main!(benches);
