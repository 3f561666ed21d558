//! All pre-trade checks together on the order path, beside the path without them: the room reserved and given back.
//!
//! Goal: under 100 ns at the median. `checks + reserve + withdraw` is every control with every limit set;
//! `reserve + withdraw` is the floor, the same counts at every level for an order that nobody judged.

use criterion::{Criterion, criterion_group, criterion_main};
use risk::{Level, LimitId, Limits, Risk, Touch};
use std::hint::black_box;
use types::instrument::Terms;
use types::{
    Contract, Instrument, InstrumentId, Lots, Money, Nanos, NewOrder, OrderKind, Origin, Side, StrategyId,
    Ticks, TimeInForce,
};

const INSTRUMENTS: u32 = 16;
const TOUCH: Touch = Touch { bid: Some(Ticks(20_000)), ask: Some(Ticks(20_001)), live: true };

fn instrument(id: u32) -> Instrument {
    Instrument::new(Terms {
        id: InstrumentId(id),
        symbol: format!("X{id}"),
        venue: format!("v{}", id % 4),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 250_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 50_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

/// Every limit of the risk's own controls on, and none near.
fn risk() -> Risk {
    let instruments: Vec<Instrument> = (0..INSTRUMENTS).map(instrument).collect();
    let mut limits = Limits::wide();
    limits.accounts.clear();
    for strategy in 0..8 {
        limits.seat(&format!("s{strategy}"), &format!("a{}", strategy % 2));
    }
    const FAR: i64 = 1_000_000_000_000;
    let on = [
        (Level::Instrument, LimitId::CollarPpm, 50_000),
        (Level::Instrument, LimitId::DataAge, FAR),
        (Level::Instrument, LimitId::Spread, 50_000),
        (Level::Instrument, LimitId::Jump, 50_000),
        (Level::Instrument, LimitId::DriftPpm, 200_000),
        (Level::Instrument, LimitId::OrderNotionalMin, 1),
        (Level::Instrument, LimitId::ShortSale, 1),
        (Level::Instrument, LimitId::OrderToTrade, FAR),
        (Level::Instrument, LimitId::OpenOrders, FAR),
        (Level::Venue, LimitId::OrderToTrade, FAR),
        (Level::Venue, LimitId::InFlight, FAR),
        (Level::Strategy, LimitId::DuplicateWindow, 1),
        (Level::Strategy, LimitId::DeploySize, FAR),
        (Level::Strategy, LimitId::DeployCollar, 50_000),
        (Level::Firm, LimitId::LimitAge, i64::MAX - 1),
    ];
    for (level, limit, value) in on {
        limits.every(level, limit, value);
    }
    let mut risk = Risk::new(&instruments, &limits);
    risk.on_input(Nanos(0));
    risk.on_equity(Nanos(0), Money::ZERO);
    for id in 0..INSTRUMENTS {
        risk.on_market(InstrumentId(id), &TOUCH);
    }
    risk
}

fn wish(n: u32) -> NewOrder {
    NewOrder {
        instrument: InstrumentId(n % INSTRUMENTS),
        side: if n & 16 == 0 { Side::Buy } else { Side::Sell },
        kind: OrderKind::PostOnly,
        time_in_force: TimeInForce::GoodTilCancel,
        price: Ticks(20_000),
        size: Lots(3),
    }
}

fn benches(criterion: &mut Criterion) {
    let by = |n: u32| StrategyId(u16::try_from(n % 8).expect("small"));
    let mut group = criterion.benchmark_group("risk");
    group.bench_function("checks + reserve + withdraw", |bencher| {
        let (mut risk, mut n) = (risk(), 0_u32);
        bencher.iter(|| {
            n = n.wrapping_add(1);
            let now = Nanos(i64::from(n) * 1_000);
            risk.on_input(now);
            let approved = risk.check(now, by(n), black_box(&wish(n)), &TOUCH).expect("far limits");
            risk.withdraw(approved);
        });
    });
    group.bench_function("reserve + withdraw", |bencher| {
        let (mut risk, mut n) = (risk(), 0_u32);
        bencher.iter(|| {
            n = n.wrapping_add(1);
            let now = Nanos(i64::from(n) * 1_000);
            risk.on_input(now);
            let unjudged = risk.reserve_unchecked(now, by(n), black_box(&wish(n)));
            risk.withdraw_unchecked(unjudged);
        });
    });
    group.bench_function("a mid that moves", |bencher| {
        let (mut risk, mut n) = (risk(), 0_i64);
        bencher.iter(|| {
            n += 1;
            risk.on_input(Nanos(n));
            let touch = Touch { bid: Some(Ticks(20_000 + (n & 1))), ..TOUCH };
            risk.on_market(InstrumentId(3), black_box(&touch));
        });
    });
    group.finish();
}

criterion_group!(group, benches);
criterion_main!(group);
