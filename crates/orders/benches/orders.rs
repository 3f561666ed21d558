//! From a wish to a closed order: risk's check, submit, the venue's two reports.
//!
//! `round_trip/N` keeps N orders open all the while. There is no rival in the same run: what it is compared with
//! is the budget, a few hundred nanoseconds from packet to order.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use orders::Orders;
use risk::{Level, LimitId, Limits, Risk, Touch};
use std::collections::VecDeque;
use std::hint::black_box;
use types::instrument::Terms;
use types::{
    Contract, Instrument, InstrumentId, Liquidity, Lots, Money, Nanos, NewOrder, OrderId, OrderKind, Origin,
    Outcome, Report, Side, StrategyId, Ticks, TimeInForce,
};

const INSTRUMENTS: u32 = 16;
const TOUCH: Touch = Touch { bid: Some(Ticks(20_000)), ask: Some(Ticks(20_001)), live: true };

fn instrument(id: u32) -> Instrument {
    Instrument::new(Terms {
        id: InstrumentId(id),
        symbol: format!("X{id}"),
        venue: "bench".into(),
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

fn wide_risk() -> Risk {
    let instruments: Vec<Instrument> = (0..INSTRUMENTS).map(instrument).collect();
    let mut limits = Limits::wide();
    limits.every(Level::Instrument, LimitId::CollarPpm, 50_000); // both collars: the dearer path
    let mut risk = Risk::new(&instruments, &limits);
    risk.on_equity(Nanos(0), Money::ZERO);
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

fn report(order: OrderId, instrument: InstrumentId, outcome: Outcome) -> Report {
    Report { venue_at: Nanos(1), order, instrument, outcome }
}

/// Everything one order goes through, with `depth` orders open at any time.
struct Desk {
    risk: Risk,
    orders: Orders,
    open: VecDeque<(OrderId, InstrumentId)>,
    depth: usize,
    n: u32,
}

impl Desk {
    fn new(depth: usize) -> Self {
        let mut desk = Self {
            risk: wide_risk(),
            orders: Orders::with_capacity(depth + 1),
            open: VecDeque::with_capacity(depth + 1),
            depth,
            n: 0,
        };
        for _ in 0..2 * depth + 64 {
            desk.round();
        }
        desk
    }

    #[inline]
    fn hear(&mut self, report: &Report) {
        let change = self.orders.on_report(Nanos(i64::from(self.n)), report);
        let order = self.orders.get(report.order).expect("it is kept");
        change.tell(order, &mut self.risk);
    }

    #[inline]
    fn round(&mut self) {
        self.n = self.n.wrapping_add(1);
        let now = Nanos(i64::from(self.n) * 1_000);
        let wish = wish(self.n);
        let approved = self.risk.check(now, StrategyId(0), &wish, &TOUCH).expect("limits are wide");
        let (id, command) = self.orders.submit(now, approved);
        black_box(command);
        self.open.push_back((id, wish.instrument));
        self.hear(&report(id, wish.instrument, Outcome::Accepted));
        if self.open.len() > self.depth {
            let (oldest, instrument) = self.open.pop_front().expect("not empty");
            let fill = Outcome::Filled {
                price: Ticks(20_000),
                size: Lots(3),
                fill: self.n,
                liquidity: Liquidity::Maker,
            };
            self.hear(&report(oldest, instrument, fill));
        }
    }
}

fn benches(criterion: &mut Criterion) {
    criterion.bench_function("risk.check + withdraw", |bencher| {
        let mut risk = wide_risk();
        let mut n = 0_u32;
        bencher.iter(|| {
            n = n.wrapping_add(1);
            let now = Nanos(i64::from(n) * 1_000);
            let approved = risk.check(now, StrategyId(0), black_box(&wish(n)), &TOUCH).expect("wide");
            risk.withdraw(approved);
        });
    });
    for depth in [1, 64, 4_096] {
        criterion.bench_function(&format!("round_trip/{depth}"), |bencher| {
            let mut desk = Desk::new(depth);
            bencher.iter(|| desk.round());
        });
    }
    criterion.bench_function("cancel_all/64", |bencher| {
        let mut out = Vec::with_capacity(64);
        bencher.iter_batched_ref(
            || Desk::new(64),
            |desk| {
                out.clear();
                desk.orders.cancel_all(Nanos(0), &mut out);
                assert_eq!(out.len(), 64);
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(group, benches);
criterion_main!(group);
