//! A strategy that wants everything: sizes within and beyond limits, prices on both sides of the market, changes of
//! orders that are gone, cancels of cancels, orders of others.
//!
//! Its chance is its own and part of its state, so that a replay wishes the same.

use engine::{Strategy, View, Wants};
use std::cell::Cell;
use std::rc::Rc;
use stdx::Prng;
use types::{InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Side, Ticks, TimeInForce, TimerId};

/// See the module.
pub(crate) struct Chaos {
    prng: Prng,
    every: Nanos,
    instruments: u32,
    /// A bug on purpose: state that is no part of the engine's, and moves whoever asks.
    hidden: Option<Rc<Cell<u64>>>,
}

impl Chaos {
    pub(crate) fn new(seed: u64, wishes_per_second: f64, instruments: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a span of milliseconds")]
        let every = Nanos((1e9 / wishes_per_second.max(0.01)) as i64);
        let instruments = u32::try_from(instruments).expect("a few");
        Self { prng: Prng::new(seed).fork("chaos"), every, instruments, hidden: None }
    }

    pub(crate) fn hiding(mut self, hidden: Option<Rc<Cell<u64>>>) -> Self {
        self.hidden = hidden;
        self
    }

    fn wish(&mut self, view: &View<'_>, wants: &mut Wants) {
        let instrument =
            InstrumentId(u32::try_from(self.prng.below(u64::from(self.instruments))).expect("small"));
        let orders = view.open_orders(instrument).count() as u64;
        match self.prng.below(10) {
            0..=4 => {
                if let Some(order) = self.order(instrument, view) {
                    wants.place(order);
                }
            }
            5 | 6 if orders > 0 => {
                let nth = usize::try_from(self.prng.below(orders)).expect("small");
                if let Some(order) = view.open_orders(instrument).nth(nth) {
                    let price = order.terms.price + self.prng.between(-4, 4);
                    wants.replace(order.id, price, Lots(self.prng.between(0, 12)));
                }
            }
            7 if orders > 0 => {
                let nth = usize::try_from(self.prng.below(orders)).expect("small");
                if let Some(order) = view.open_orders(instrument).nth(nth) {
                    wants.cancel(order.id);
                    if self.prng.chance(0.2) {
                        wants.cancel(order.id);
                    }
                }
            }
            8 => {
                // Somebody's, nobody's, or one long gone.
                let order = OrderId(u32::try_from(self.prng.below(200)).expect("small"));
                if self.prng.chance(0.5) {
                    wants.cancel(order);
                } else {
                    wants.replace(
                        order,
                        Ticks(self.prng.between(1, 200_000)),
                        Lots(self.prng.between(-1, 9)),
                    );
                }
            }
            _ => {}
        }
        if let Some(hidden) = &self.hidden {
            hidden.set(hidden.get() + 1);
            if hidden.get().is_multiple_of(7) {
                wants.wake_at(view.now() + Nanos(1), TimerId(9));
            }
        }
    }

    fn order(&mut self, instrument: InstrumentId, view: &View<'_>) -> Option<NewOrder> {
        let book = view.book(instrument);
        let side = if self.prng.chance(0.5) { Side::Buy } else { Side::Sell };
        let near = book.best(side)?.price;
        let prng = &mut self.prng;
        let price = match prng.below(10) {
            0..=4 => near,
            5 | 6 => near + prng.between(0, 3) * -side.sign(),
            7 | 8 => near + prng.between(1, 4) * side.sign(),
            _ => Ticks(prng.between(-5, 400_000)),
        };
        let kind = match prng.below(8) {
            0..=4 => OrderKind::Limit,
            5 | 6 => OrderKind::PostOnly,
            _ => OrderKind::Market,
        };
        let time_in_force = match (kind, prng.below(8)) {
            (OrderKind::PostOnly, _) | (_, 0..=4) => TimeInForce::GoodTilCancel,
            (_, 5) => TimeInForce::FillOrKill,
            _ => TimeInForce::ImmediateOrCancel,
        };
        let size = match prng.below(12) {
            0 => prng.between(-1, 0),
            1 => prng.between(10, 1_000_000),
            _ => prng.between(1, 5),
        };
        Some(NewOrder { instrument, side, kind, time_in_force, price, size: Lots(size) })
    }
}

impl Strategy for Chaos {
    fn on_start(&mut self, view: &View<'_>, wants: &mut Wants) {
        wants.wake_at(view.now() + self.every, TimerId(1));
    }

    fn on_book(&mut self, _: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        if self.prng.chance(0.02) {
            self.wish(view, wants);
        }
    }

    fn on_timer(&mut self, timer: TimerId, view: &View<'_>, wants: &mut Wants) {
        self.wish(view, wants);
        if timer == TimerId(1) {
            wants.wake_at(view.now() + self.every, TimerId(1));
        }
    }
}
