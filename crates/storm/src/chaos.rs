//! A strategy that wants everything: sizes within and beyond limits, prices on both sides of the market, changes of
//! orders that are gone, cancels of cancels, orders of others.
//!
//! Its chance is drawn anew for each call from the seed and the number of the call, which is all its state.

use engine::state::{self, StateError, Unsaved};
use engine::{Strategy, View, Wants};
use std::cell::Cell;
use std::rc::Rc;
use stdx::Prng;
use types::{InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Side, Ticks, TimeInForce, TimerId};

/// See the module.
pub(crate) struct Chaos {
    seed: u64,
    calls: u64,
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
        let seed = Prng::new(seed).fork("chaos").bits();
        Self { seed, calls: 0, every, instruments, hidden: None }
    }

    pub(crate) fn hiding(mut self, hidden: Option<Rc<Cell<u64>>>) -> Self {
        self.hidden = hidden;
        self
    }

    /// The chance of the next call.
    fn chance(&mut self) -> Prng {
        self.calls += 1;
        Prng::new(self.seed ^ self.calls.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn wish(&mut self, prng: &mut Prng, view: &View<'_>, wants: &mut Wants) {
        let instrument = InstrumentId(u32::try_from(prng.below(u64::from(self.instruments))).expect("small"));
        let orders = view.open_orders(instrument).count() as u64;
        match prng.below(10) {
            0..=4 => {
                if let Some(order) = order(prng, instrument, view) {
                    wants.place(order);
                }
            }
            5 | 6 if orders > 0 => {
                let nth = usize::try_from(prng.below(orders)).expect("small");
                if let Some(order) = view.open_orders(instrument).nth(nth) {
                    let price = order.terms.price + prng.between(-4, 4);
                    wants.replace(order.id, price, Lots(prng.between(0, 12)));
                }
            }
            7 if orders > 0 => {
                let nth = usize::try_from(prng.below(orders)).expect("small");
                if let Some(order) = view.open_orders(instrument).nth(nth) {
                    wants.cancel(order.id);
                    if prng.chance(0.2) {
                        wants.cancel(order.id);
                    }
                }
            }
            8 => {
                // Somebody's, nobody's, or one long gone.
                let order = OrderId(u32::try_from(prng.below(200)).expect("small"));
                if prng.chance(0.5) {
                    wants.cancel(order);
                } else {
                    wants.replace(order, Ticks(prng.between(1, 200_000)), Lots(prng.between(-1, 9)));
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
}

fn order(prng: &mut Prng, instrument: InstrumentId, view: &View<'_>) -> Option<NewOrder> {
    let book = view.book(instrument);
    let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
    let near = book.best(side)?.price;
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
impl Strategy for Chaos {
    fn on_start(&mut self, view: &View<'_>, wants: &mut Wants) {
        wants.wake_at(view.now() + self.every, TimerId(1));
    }

    fn on_book(&mut self, _: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        let mut prng = self.chance();
        if prng.chance(0.02) {
            self.wish(&mut prng, view, wants);
        }
    }

    fn on_timer(&mut self, timer: TimerId, view: &View<'_>, wants: &mut Wants) {
        let mut prng = self.chance();
        self.wish(&mut prng, view, wants);
        if timer == TimerId(1) {
            wants.wake_at(view.now() + self.every, TimerId(1));
        }
    }
    fn save(&self, out: &mut Vec<u8>) -> Result<(), Unsaved> {
        state::write(&self.calls, out);
        Ok(())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        self.calls = state::take(&mut &*bytes)?;
        Ok(())
    }
}
