//! A desk with wide limits, and short names for what a venue says.

#![allow(dead_code, reason = "each test binary uses its part")]

use orders::{Change, Order, Orders};
use risk::{Limits, Risk, Touch};
use types::instrument::Terms;
use types::{
    Command, Contract, Instrument, InstrumentId, Liquidity, Lots, Money, Nanos, NewOrder, OrderId, OrderKind,
    Origin, Outcome, RejectReason, Report, Side, StrategyId, Ticks, TimeInForce,
};

pub(crate) const NOW: Nanos = Nanos(1_000);
pub(crate) const TOUCH: Touch = Touch { bid: Some(Ticks(100)), ask: Some(Ticks(101)), live: true };

/// Orders and the risk they are told to.
pub(crate) struct Desk {
    pub(crate) orders: Orders,
    pub(crate) risk: Risk,
    pub(crate) now: Nanos,
    /// What became of busts that had come before their fills.
    pub(crate) held: Vec<(Outcome, Change)>,
}

impl Desk {
    pub(crate) fn new(instruments: u32, kept: usize) -> Self {
        Self::at("test", instruments, kept)
    }

    /// The same where instruments trade at a venue of this name.
    pub(crate) fn at(venue: &str, instruments: u32, kept: usize) -> Self {
        let at = |id| {
            let own: Instrument = instrument(id);
            Instrument::new(Terms { venue: venue.into(), ..own.terms().clone() }).expect("valid terms")
        };
        let instruments: Vec<Instrument> = (0..instruments).map(at).collect();
        let mut risk = Risk::new(&instruments, &Limits::wide());
        assert_eq!(risk.on_equity(NOW, Money::ZERO), None);
        let mut orders = Orders::with_capacity(kept);
        orders.keep_replaced_sizes(&instruments);
        Self { orders, risk, now: NOW, held: Vec::new() }
    }

    pub(crate) fn submit(&mut self, terms: NewOrder) -> OrderId {
        let approved = self.risk.check(NOW, StrategyId(3), &terms, &TOUCH).expect("limits are wide");
        let (id, command) = self.orders.submit(NOW, approved);
        match command {
            Command::Place(place) => assert_eq!((place.order, place.terms), (id, terms)),
            Command::Cancel { .. }
            | Command::Replace { .. }
            | Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => {
                panic!("{command:?}")
            }
        }
        id
    }

    pub(crate) fn cancel(&mut self, id: OrderId) -> bool {
        self.orders.cancel(NOW, id).is_some()
    }

    /// Asks for a new total size at `price`, as the engine does.
    pub(crate) fn replace(&mut self, id: OrderId, price: i64, size: i64) -> bool {
        let Some(order) = self.orders.get(id).filter(|order| order.can_replace()) else {
            return false;
        };
        let wish = self.orders.replacement(order, Ticks(price), Lots(size) - order.filled);
        let Ok(approved) = self.risk.check_replace(NOW, &wish, &TOUCH) else {
            return false;
        };
        match self.orders.replace(NOW, approved) {
            Ok(_) => true,
            Err(unused) => {
                self.risk.withdraw_replace(unused);
                false
            }
        }
    }

    /// Hears one report as the engine does: orders first, then risk, then what was held for it.
    pub(crate) fn hear(&mut self, id: OrderId, outcome: Outcome) -> Change {
        let instrument = self.orders.get(id).map_or(InstrumentId(0), Order::instrument);
        let report = report(id, instrument, outcome);
        let change = self.orders.on_report(self.now, &report);
        if let Some(order) = self.orders.get(id) {
            change.tell(order, &mut self.risk);
        }
        if let Outcome::Filled { fill, .. } = outcome
            && let Some(bust) = self.orders.held_bust(id, fill)
        {
            let change = self.hear(id, bust.outcome);
            self.held.push((bust.outcome, change));
        }
        change
    }

    /// The session breaks: every open order is unknown.
    pub(crate) fn lose_sight(&mut self) -> Vec<OrderId> {
        let mut told = Vec::new();
        self.orders.lose_sight(|_| true, &mut told);
        let told: Vec<OrderId> = told.into_iter().map(|(id, _)| id).collect();
        for id in &told {
            Change::Unsure.tell(&self.order(*id), &mut self.risk);
        }
        told
    }

    pub(crate) fn order(&self, id: OrderId) -> Order {
        *self.orders.get(id).expect("it is kept")
    }
}

pub(crate) fn instrument(id: u32) -> Instrument {
    Instrument::new(Terms {
        id: InstrumentId(id),
        symbol: format!("X{id}"),
        venue: "test".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 1_000_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

pub(crate) fn terms(instrument: u32, side: Side, size: i64) -> NewOrder {
    NewOrder {
        instrument: InstrumentId(instrument),
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTilCancel,
        price: Ticks(100),
        size: Lots(size),
    }
}

pub(crate) fn report(order: OrderId, instrument: InstrumentId, outcome: Outcome) -> Report {
    Report { venue_at: NOW, order, instrument, outcome }
}

pub(crate) fn filled(size: i64, fill: u32) -> Outcome {
    Outcome::Filled { price: Ticks(100), size: Lots(size), fill, liquidity: Liquidity::Maker }
}

pub(crate) fn busted(size: i64, fill: u32) -> Outcome {
    Outcome::Busted { fill, price: Ticks(100), size: Lots(size) }
}

pub(crate) fn listed(size: i64, filled: i64, open: bool) -> Outcome {
    Outcome::Listed { size: Lots(size), filled: Lots(filled), open }
}

pub(crate) fn replaced(price: i64, size: i64) -> Outcome {
    Outcome::Replaced { price: Ticks(price), size: Lots(size) }
}

pub(crate) const WHY: RejectReason = RejectReason::UnknownOrder;
