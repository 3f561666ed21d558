//! Minimal strategies, and our run of them. `python/nautilus_fills.py` has the same, line by line.

use super::market::Market;
use super::{Ended, Part, Sent};
use crate::day::{Day, Spent};
use crate::workload::{PERIOD_NS, Terms};
use engine::{Engine, Seat, Strategy, View, Wants};
use runtime::{Backtest, Observer};
use serde::Serialize;
use types::{
    Bar, Command, Event, Input, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Outcome, Side,
    Ticks, TimeInForce,
};

/// What a strategy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Takes the thin side of a quote when the other shows three times as much, at most once in 100 ms.
    Taker,
    /// Keeps a post-only order at the touch on each side, looked after at most once in 100 ms.
    Quoter,
    /// Buys at the close of a bar that closed above the one before, sells below.
    BarTaker,
    /// At each bar's close a post-only order two ticks away on each side, until the next close.
    BarQuoter,
}

/// A strategy with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What it does.
    pub style: Style,
    /// Of each order, in lots.
    pub size: i64,
    /// At this position no new order makes it larger, in lots.
    pub max_position: i64,
    /// A market order stays until it is filled; else what does not trade at once is cancelled.
    pub stays: bool,
    /// A taker takes at a price once, until it has taken at another.
    pub once_a_price: bool,
}

/// A bar's post-only orders are so far from its close.
pub const AWAY: i64 = 2;
/// So many times more makes a side thick.
pub const THICK: i64 = 3;

/// One of ours for a plan.
#[derive(Debug)]
struct Planned {
    plan: Plan,
    instrument: InstrumentId,
    next_at: Nanos,
    /// By side of the order: where it took last.
    took_at: [Option<Ticks>; 2],
    closed_at: Option<Ticks>,
}

impl Strategy for Planned {
    fn on_book(&mut self, _: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        if view.now() < self.next_at {
            return;
        }
        match self.plan.style {
            Style::Taker => self.take(view, wants),
            Style::Quoter => {
                self.next_at = view.now() + Nanos(PERIOD_NS);
                let book = view.book(self.instrument);
                if let (Some(bid), Some(ask)) = (book.best_bid(), book.best_ask()) {
                    self.quote([bid.price, ask.price], view, wants);
                }
            }
            Style::BarTaker | Style::BarQuoter => {}
        }
    }

    fn on_notice(&mut self, notice: &Event, view: &View<'_>, wants: &mut Wants) {
        let Event::Bar { bar, .. } = notice else { return };
        match self.plan.style {
            Style::BarTaker => self.follow(bar, view, wants),
            Style::BarQuoter => {
                let close = bar.close();
                self.quote([Ticks(close.0 - AWAY), Ticks(close.0 + AWAY)], view, wants);
            }
            Style::Taker | Style::Quoter => {}
        }
    }
}

impl Planned {
    fn take(&mut self, view: &View<'_>, wants: &mut Wants) {
        let book = view.book(self.instrument);
        let (Some(bid), Some(ask)) = (book.best_bid(), book.best_ask()) else { return };
        let (side, price) = if bid.size.0 >= THICK * ask.size.0 {
            (Side::Buy, ask.price)
        } else if ask.size.0 >= THICK * bid.size.0 {
            (Side::Sell, bid.price)
        } else {
            return;
        };
        let took_at = &mut self.took_at[side.index()];
        if (self.plan.once_a_price && *took_at == Some(price)) || !self.plan.may(side, self.instrument, view)
        {
            return;
        }
        *took_at = Some(price);
        self.next_at = view.now() + Nanos(PERIOD_NS);
        self.place(side, OrderKind::Market, price, wants);
    }

    fn follow(&mut self, bar: &Bar, view: &View<'_>, wants: &mut Wants) {
        let close = bar.close();
        let Some(before) = self.closed_at.replace(close) else { return };
        let side = match close.cmp(&before) {
            std::cmp::Ordering::Greater => Side::Buy,
            std::cmp::Ordering::Less => Side::Sell,
            std::cmp::Ordering::Equal => return,
        };
        if self.plan.may(side, self.instrument, view) {
            self.place(side, OrderKind::Market, close, wants);
        }
    }

    fn quote(&self, prices: [Ticks; 2], view: &View<'_>, wants: &mut Wants) {
        let mut quoted = [false, false];
        for order in view.open_orders(self.instrument) {
            let side = order.terms.side.index();
            if order.terms.price == prices[side] {
                quoted[side] = true;
            } else {
                wants.cancel(order.id);
            }
        }
        for side in Side::BOTH {
            if !quoted[side.index()] && self.plan.may(side, self.instrument, view) {
                self.place(side, OrderKind::PostOnly, prices[side.index()], wants);
            }
        }
    }

    fn place(&self, side: Side, kind: OrderKind, price: Ticks, wants: &mut Wants) {
        let stays = kind == OrderKind::PostOnly || self.plan.stays;
        let time_in_force = if stays { TimeInForce::GoodTilCancel } else { TimeInForce::ImmediateOrCancel };
        let (instrument, size) = (self.instrument, Lots(self.plan.size));
        wants.place(NewOrder { instrument, side, kind, time_in_force, price, size });
    }
}

impl Plan {
    fn may(&self, side: Side, instrument: InstrumentId, view: &View<'_>) -> bool {
        view.position(instrument).signed(side).0 < self.max_position
    }
}

/// Keeps every order, its fills and its end.
#[derive(Default)]
struct Keeper {
    sent: Vec<Sent>,
    first: Option<OrderId>,
    instrument: InstrumentId,
    fees: f64,
}

impl Keeper {
    fn of(&mut self, order: OrderId) -> &mut Sent {
        let first = *self.first.get_or_insert(order);
        &mut self.sent[(order.0 - first.0) as usize]
    }
}

impl Observer for Keeper {
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        if let Event::Report(report) = &input.event {
            let at = report.venue_at;
            match report.outcome {
                Outcome::Rejected(_) => self.of(report.order).ended = Ended::Refused(at),
                Outcome::Canceled => self.of(report.order).ended = Ended::Canceled(at),
                Outcome::Filled { price, size, .. } => {
                    let fees = engine.portfolio().account(self.instrument).fees.to_f64();
                    let fee = fees - std::mem::replace(&mut self.fees, fees);
                    let sent = self.of(report.order);
                    sent.parts.push(Part { at, price, size, fee });
                    if sent.parts.iter().map(|part| part.size.0).sum::<i64>() == sent.size.0 {
                        sent.ended = Ended::Filled;
                    }
                }
                Outcome::Accepted
                | Outcome::CancelRejected(_)
                | Outcome::Replaced { .. }
                | Outcome::ReplaceRejected(_)
                | Outcome::Listed { .. }
                | Outcome::NotListed
                | Outcome::Busted { .. } => {}
            }
        }
        for command in commands {
            match command {
                Command::Place(place) => {
                    self.first.get_or_insert(place.order);
                    let terms = &place.terms;
                    self.sent.push(Sent::new(input.received_at, terms.side, terms.price, terms.size));
                }
                Command::Cancel { order, .. } => {
                    self.of(*order).asked_back_at = Some(input.received_at);
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

/// Runs a plan over a market; the day, configured without latency, gives instrument and fees.
///
/// # Errors
/// When the run cannot start.
pub fn run(day: &Day, terms: &Terms, market: &Market, plan: Plan) -> anyhow::Result<Vec<Sent>> {
    let instrument = day.instrument;
    let feed = day.feed(vec![market.arrivals(instrument, terms.lot)], &Spent::default())?;
    let planned = Planned { plan, instrument, next_at: Nanos::MIN, took_at: [None, None], closed_at: None };
    let seats = vec![Seat { strategy: Box::new(planned), instruments: vec![instrument] }];
    let setup = &day.prepared.setup;
    let mut backtest = Backtest::with_engine(setup, setup.engine_with(seats), feed, None)?;
    let mut keeper = Keeper { instrument, ..Keeper::default() };
    backtest.run(&mut keeper, |_| {})?;
    Ok(keeper.sent)
}
