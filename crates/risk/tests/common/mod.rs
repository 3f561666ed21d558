//! A firm of two accounts and three strategies on two venues, and short names for orders.

#![allow(dead_code, reason = "each test binary uses its part")]

use risk::{Approved, Level, LimitId, Limits, Refusal, Replacement, Risk, Touch};
use types::instrument::Terms;
use types::{
    AccountId, Contract, DeskId, Instrument, InstrumentId, Lots, Money, Nanos, NewOrder, OrderId, OrderKind,
    Origin, Scope, Side, StrategyId, Ticks, TimeInForce,
};

pub(crate) const X: InstrumentId = InstrumentId(0);
pub(crate) const Y: InstrumentId = InstrumentId(1);
/// In account a, at the desk.
pub(crate) const ONE: StrategyId = StrategyId(0);
/// In account a.
pub(crate) const TWO: StrategyId = StrategyId(1);
/// In account b.
pub(crate) const THREE: StrategyId = StrategyId(2);
pub(crate) const A: AccountId = AccountId(0);
pub(crate) const DESK: DeskId = DeskId(0);
pub(crate) const NOW: Nanos = Nanos(1_000_000_000);
pub(crate) const TOUCH: Touch = Touch { bid: Some(Ticks(99)), ask: Some(Ticks(100)), live: true };

/// One tick of one lot is 1.00.
pub(crate) fn instrument(id: InstrumentId, venue: &str) -> Instrument {
    Instrument::new(Terms {
        id,
        symbol: ["X", "Y"][id.index()].into(),
        venue: venue.into(),
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

pub(crate) fn instruments() -> Vec<Instrument> {
    vec![instrument(X, "one"), instrument(Y, "two")]
}

pub(crate) fn limits() -> Limits {
    let mut limits = Limits::wide();
    limits.accounts.clear();
    limits.seat("one", "a");
    limits.seat("two", "a");
    limits.seat("three", "b");
    limits.desks = vec!["desk".into()];
    limits.strategies[0].desk = Some(DESK);
    limits
}

pub(crate) struct Firm {
    pub(crate) risk: Risk,
    pub(crate) now: Nanos,
    pub(crate) touch: Touch,
}

impl Firm {
    pub(crate) fn new(limits: &Limits) -> Self {
        let mut risk = Risk::new(&instruments(), limits);
        risk.on_input(NOW);
        risk.on_equity(NOW, Money::ZERO);
        Self { risk, now: NOW, touch: TOUCH }
    }

    /// One limit everywhere at a level, the others wide.
    pub(crate) fn with(level: Level, limit: LimitId, value: i64) -> Self {
        let mut limits = limits();
        limits.every(level, limit, value);
        Self::new(&limits)
    }

    pub(crate) fn at(&mut self, now: Nanos) -> &mut Self {
        self.now = now;
        self.risk.on_input(now);
        self
    }

    pub(crate) fn market(&mut self, instrument: InstrumentId, bid: i64, ask: i64) {
        self.touch = Touch { bid: Some(Ticks(bid)), ask: Some(Ticks(ask)), live: true };
        self.risk.on_market(instrument, &self.touch);
    }

    pub(crate) fn ask(&mut self, by: StrategyId, order: NewOrder) -> Result<Approved, Refusal> {
        self.risk.check(self.now, by, &order, &self.touch)
    }

    /// `ok`, or the kind of refusal.
    pub(crate) fn says(&mut self, by: StrategyId, order: NewOrder) -> &'static str {
        match self.ask(by, order) {
            Ok(_) => "ok",
            Err(refusal) => refusal.kind(),
        }
    }

    /// It passes, is acknowledged and trades whole.
    pub(crate) fn trade(&mut self, by: StrategyId, order: NewOrder) {
        let _ = self.ask(by, order).expect("it passes");
        self.risk.on_answer(order.instrument, Nanos(0));
        self.risk.on_fill(by, order.instrument, order.side, order.price, order.size);
        self.risk.on_closed(by, order.instrument, order.side, Lots::ZERO);
    }

    pub(crate) fn replace(&mut self, by: StrategyId, order: NewOrder, unfilled: i64) -> &'static str {
        let replacement = Replacement {
            order: OrderId(0),
            strategy: by,
            instrument: order.instrument,
            side: order.side,
            kind: order.kind,
            old_price: order.price,
            old_unfilled: order.size,
            price: order.price,
            unfilled: Lots(unfilled),
        };
        match self.risk.check_replace(self.now, &replacement, &self.touch) {
            Ok(_) => "ok",
            Err(refusal) => refusal.kind(),
        }
    }

    pub(crate) fn set(&mut self, scope: Scope, limit: LimitId, value: i64) {
        self.risk.set_limit(limit as u16, scope, value).expect("it is a limit of that level");
    }
}

pub(crate) fn buy(price: i64, size: i64) -> NewOrder {
    order(X, Side::Buy, price, size)
}

pub(crate) fn sell(price: i64, size: i64) -> NewOrder {
    order(X, Side::Sell, price, size)
}

pub(crate) fn order(instrument: InstrumentId, side: Side, price: i64, size: i64) -> NewOrder {
    NewOrder {
        instrument,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTilCancel,
        price: Ticks(price),
        size: Lots(size),
    }
}

pub(crate) const SECOND: i64 = 1_000_000_000;
/// 1.00 in a limit's nanos.
pub(crate) const UNIT: i64 = 1_000_000_000;
