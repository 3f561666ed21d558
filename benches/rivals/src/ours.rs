//! The workload's strategy as one of ours, and our run of it.

use crate::day::Day;
use crate::orders::{End, Fill, Order, Run};
use crate::workload::{PERIOD_NS, Terms};
use engine::{Engine, Seat, Strategy, View, Wants};
use runtime::{Backtest, Feed, Observer};
use types::{
    Command, Event, Input, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Outcome, Side,
    TimeInForce, TimerId,
};

/// See [`crate::workload`].
#[derive(Debug)]
pub struct TouchQuoter {
    instrument: InstrumentId,
    order_size: Lots,
    max_position: Lots,
}

impl TouchQuoter {
    /// The strategy of a workload.
    #[must_use]
    pub const fn new(terms: &Terms, instrument: InstrumentId) -> Self {
        Self { instrument, order_size: Lots(terms.order_size), max_position: Lots(terms.max_position) }
    }
}

impl Strategy for TouchQuoter {
    fn on_start(&mut self, view: &View<'_>, wants: &mut Wants) {
        let first = (view.now().0 / PERIOD_NS + 1) * PERIOD_NS;
        wants.wake_at(Nanos(first), TimerId(0));
    }

    fn on_timer(&mut self, timer: TimerId, view: &View<'_>, wants: &mut Wants) {
        wants.wake_at(view.now() + Nanos(PERIOD_NS), timer);
        let book = view.book(self.instrument);
        let (Some(bid), Some(ask)) = (book.best_bid(), book.best_ask()) else { return };
        if !book.is_live() {
            return;
        }
        let touch = [bid.price, ask.price];
        let mut quoted = [false, false];
        for order in view.open_orders(self.instrument) {
            let side = order.terms.side.index();
            if order.terms.price == touch[side] {
                quoted[side] = true;
            } else {
                wants.cancel(order.id);
            }
        }
        let position = view.position(self.instrument);
        for side in Side::BOTH {
            if !quoted[side.index()] && position.signed(side) < self.max_position {
                wants.place(NewOrder {
                    instrument: self.instrument,
                    side,
                    kind: OrderKind::PostOnly,
                    time_in_force: TimeInForce::GoodTilCancel,
                    price: touch[side.index()],
                    size: self.order_size,
                });
            }
        }
    }
}

/// Keeps every order and its end.
#[derive(Debug, Default)]
pub struct Book {
    orders: Vec<Order>,
    first: Option<OrderId>,
}

impl Observer for Book {
    fn on_step(&mut self, input: &Input, commands: &[Command], _: &Engine) {
        if let Event::Report(report) = &input.event {
            let end = match report.outcome {
                Outcome::Rejected(_) => Some(End::Refused),
                Outcome::Canceled => Some(End::Canceled(report.venue_at)),
                Outcome::Filled { price, size, liquidity, .. } => {
                    Some(End::Filled(Fill { at: report.venue_at, price, size, liquidity }))
                }
                Outcome::Accepted
                | Outcome::CancelRejected(_)
                | Outcome::Replaced { .. }
                | Outcome::ReplaceRejected(_)
                | Outcome::Listed { .. }
                | Outcome::NotListed
                | Outcome::Busted { .. } => None,
            };
            if let (Some(end), Some(first)) = (end, self.first) {
                self.orders[(report.order.0 - first.0) as usize].end = end;
            }
        }
        for command in commands {
            match command {
                Command::Place(place) => {
                    self.first.get_or_insert(place.order);
                    self.orders.push(Order {
                        placed_at: input.received_at,
                        side: place.terms.side,
                        price: place.terms.price,
                        asked_back_at: None,
                        end: End::Open,
                    });
                }
                Command::Cancel { order, .. } => {
                    if let Some(first) = self.first {
                        self.orders[(order.0 - first.0) as usize].asked_back_at = Some(input.received_at);
                    }
                }
                Command::Replace { .. }
                | Command::WakeAt { .. }
                | Command::Query { .. }
                | Command::MassCancel { .. }
                | Command::Alert { .. } => {}
            }
        }
    }
}

/// Runs the workload over a feed of the day.
///
/// # Errors
/// When the recording cannot be read on.
pub fn run(day: &Day, terms: &Terms, feed: Feed) -> anyhow::Result<Run> {
    let setup = &day.prepared.setup;
    let strategy = Box::new(TouchQuoter::new(terms, day.instrument));
    let seats = vec![Seat { strategy, instruments: vec![day.instrument] }];
    let mut backtest = Backtest::with_engine(setup, setup.engine_with(seats), feed, None)?;
    let mut book = Book::default();
    let totals = backtest.run(&mut book, |_| {})?;
    let (engine, _) = backtest.finish()?;
    let account = engine.portfolio().account(day.instrument);
    Ok(Run {
        orders: book.orders,
        fees: account.fees.to_f64(),
        position: account.position,
        events: totals.market_events,
    })
}
