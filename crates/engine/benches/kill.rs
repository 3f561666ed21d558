//! From a breach to the last possible order, and from a person's word to 10,000 cancels (R9: at most 1 ms and 100 ms).
//!
//! The machine is whole: the breach is a market that takes the equity beyond the day's loss; after that step nothing new
//! can leave, so the step's own time is the time to the last possible order.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use engine::{Engine, EngineConfig, Seat, Strategy, View, Wants};
use risk::{Level, LimitId, Limits};
use std::hint::black_box;
use types::instrument::Terms;
use types::{
    Action, Command, Contract, Event, FeeSchedule, Flags, Input, Instrument, InstrumentId, LevelAction,
    LevelDelta, Liquidity, Lots, Nanos, NewOrder, Operator, OrderId, OrderKind, Origin, Outcome, PersonId,
    Report, Scope, Seq, Side, Ticks, TimeInForce,
};

const X: InstrumentId = InstrumentId(0);

/// Places so many orders at its first book.
struct Placer {
    orders: u32,
}

impl Strategy for Placer {
    fn on_book(&mut self, _: InstrumentId, _: &View<'_>, wants: &mut Wants) {
        for _ in 0..std::mem::take(&mut self.orders) {
            wants.place(NewOrder {
                instrument: X,
                side: Side::Buy,
                kind: OrderKind::Limit,
                time_in_force: TimeInForce::GoodTilCancel,
                price: Ticks(10_000),
                size: Lots(1),
            });
        }
    }
}

fn instrument() -> Instrument {
    Instrument::new(Terms {
        id: X,
        symbol: "X".into(),
        venue: "bench".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 10_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 100_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

fn step(engine: &mut Engine, n: &mut u64, event: Event, out: &mut Vec<Command>) {
    *n += 1;
    let received_at = Nanos(i64::try_from(*n).expect("few") * 1_000);
    engine.step(&Input { seq: Seq(*n), received_at, event }, out);
}

fn level(side: Side, price: i64, flags: Flags) -> Event {
    Event::Level(LevelDelta {
        venue_at: Nanos(0),
        price: Ticks(price),
        size: Lots(5),
        orders: 1,
        instrument: X,
        side,
        action: LevelAction::Set,
        depth: 0,
        flags,
    })
}

/// A machine with so many open orders, and a long position of one lot.
fn machine(orders: u32) -> (Engine, u64, Vec<Command>) {
    let mut limits = Limits::wide();
    limits.every(Level::Firm, LimitId::DailyLoss, 100_000_000_000);
    let mut engine = Engine::new(EngineConfig {
        instruments: vec![instrument()],
        limits,
        fees: vec![FeeSchedule::default()],
        account: engine::AccountTerms::default(),
        kill_switch: false,
        seats: vec![Seat { strategy: Box::new(Placer { orders }), instruments: vec![X] }],
    });
    let (mut n, mut out) = (0, Vec::with_capacity(4 * orders as usize));
    step(&mut engine, &mut n, level(Side::Buy, 10_000, Flags::NONE), &mut out);
    step(&mut engine, &mut n, level(Side::Sell, 10_001, Flags::LAST), &mut out);
    let fill = Outcome::Filled { price: Ticks(10_000), size: Lots(1), fill: 1, liquidity: Liquidity::Maker };
    let report = Report { venue_at: Nanos(0), order: OrderId(0), instrument: X, outcome: fill };
    step(&mut engine, &mut n, Event::Report(report), &mut out);
    out.clear();
    (engine, n, out)
}

fn cancels(out: &[Command]) -> usize {
    out.iter().filter(|command| matches!(command, Command::Cancel { .. })).count()
}

fn benches(criterion: &mut Criterion) {
    criterion.bench_function("kill/10000 cancels", |bencher| {
        let word = Operator::Request { request: 1, by: PersonId(0), action: Action::Kill(Scope::Firm) };
        bencher.iter_batched_ref(
            || machine(10_001),
            |(engine, n, out)| {
                step(engine, n, Event::Operator(word), out);
                assert_eq!(cancels(out), 10_000);
                black_box(&out);
            },
            BatchSize::LargeInput,
        );
    });
    criterion.bench_function("breach to the last possible order", |bencher| {
        bencher.iter_batched_ref(
            || {
                let (mut engine, mut n, mut out) = machine(2);
                let gone = LevelDelta { action: LevelAction::Delete, ..delta(10_000) };
                step(&mut engine, &mut n, Event::Level(gone), &mut out);
                out.clear();
                (engine, n, out)
            },
            |(engine, n, out)| {
                // A hundred and one ticks lower: one more than the day may lose.
                step(engine, n, level(Side::Buy, 9_000, Flags::LAST), out);
                assert!(engine.risk().halted().is_some() && cancels(out) == 1);
            },
            BatchSize::SmallInput,
        );
    });
}

fn delta(price: i64) -> LevelDelta {
    let Event::Level(delta) = level(Side::Buy, price, Flags::NONE) else { unreachable!("it is a level") };
    delta
}

criterion_group!(group, benches);
criterion_main!(group);
