//! A run as tables: every fill, every order, and the equity, kept as the run goes.
//!
//! Memory grows with what we did, not with what the market did: some 100 bytes a fill and an order, 16 a sample of the
//! equity.

use crate::events::{Names, moment, names, symbol_column, symbols};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, TimestampNanosecondArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use engine::Engine;
use orders::{End, State};
use runtime::backtest::Observer;
use std::sync::Arc;
use types::{
    Command, Event, Input, Instrument, InstrumentId, Liquidity, Lots, Money, Nanos, NewOrder, OrderId,
    OrderKind, Outcome, Report, Side, Ticks, TimeInForce,
};

#[derive(Clone, Copy)]
struct FillRow {
    at: Nanos,
    venue_at: Nanos,
    order: OrderId,
    instrument: InstrumentId,
    side: Side,
    price: Ticks,
    size: Lots,
    liquidity: Liquidity,
    fee: Money,
    position: Lots,
}

#[derive(Clone, Copy)]
struct OrderRow {
    order: OrderId,
    sent_at: Nanos,
    terms: NewOrder,
    accepted_at: Option<Nanos>,
    closed_at: Option<Nanos>,
    state: &'static str,
    filled: Lots,
    average: Option<f64>,
    replaced: u32,
}

/// Keeps the tables; an [`Observer`].
pub struct Tables {
    instruments: Vec<Instrument>,
    fills: Vec<FillRow>,
    orders: Vec<OrderRow>,
    equity: Vec<(Nanos, Money)>,
    every: Nanos,
    due: Nanos,
    /// By instrument, as of its last fill.
    booked: Vec<(Lots, Money)>,
}

impl Tables {
    /// Samples the equity at least `every` so often, and at each fill.
    pub fn new(instruments: &[Instrument], every: Nanos) -> Self {
        Self {
            instruments: instruments.to_vec(),
            fills: Vec::new(),
            orders: Vec::new(),
            equity: Vec::new(),
            every,
            due: Nanos::MIN,
            booked: vec![(Lots::ZERO, Money::ZERO); instruments.len()],
        }
    }

    fn on_command(&mut self, now: Nanos, command: &Command) {
        match command {
            Command::Place(place) => self.orders.push(OrderRow {
                order: place.order,
                sent_at: now,
                terms: place.terms,
                accepted_at: None,
                closed_at: None,
                state: "pending",
                filled: Lots::ZERO,
                average: None,
                replaced: 0,
            }),
            Command::Cancel { .. }
            | Command::Replace { .. }
            | Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => {}
        }
    }

    fn on_report(&mut self, now: Nanos, report: &Report, engine: &Engine) {
        let Some(order) = engine.orders().get(report.order) else { return };
        if let Some(row) = self.orders.get_mut(report.order.index()) {
            row.terms = order.terms;
            (row.accepted_at, row.closed_at) = (order.accepted_at, order.closed_at);
            (row.filled, row.average) = (order.filled, order.average_price());
            row.replaced += u32::from(matches!(report.outcome, Outcome::Replaced { .. }));
            row.state = match order.state {
                State::Pending => "pending",
                State::Working => "working",
                State::Unknown => "unknown",
                State::Closed(End::Filled) => "filled",
                State::Closed(End::Canceled) => "canceled",
                State::Closed(End::Rejected) => "rejected",
                State::Closed(End::Lost) => "lost",
            };
        }
        if let Outcome::Filled { price, liquidity, .. } = report.outcome {
            let account = engine.portfolio().account(report.instrument);
            let position = engine.portfolio().position(report.instrument);
            let booked = &mut self.booked[report.instrument.index()];
            let size = (position - booked.0).abs();
            // What the portfolio did not book, a fill told twice, is none.
            if size.is_zero() {
                return;
            }
            let fee = account.fees - booked.1;
            *booked = (position, account.fees);
            self.fills.push(FillRow {
                at: now,
                venue_at: report.venue_at,
                order: report.order,
                instrument: report.instrument,
                side: order.terms.side,
                price,
                size,
                liquidity,
                fee,
                position,
            });
            self.equity.push((now, engine.equity()));
        }
    }

    /// One row a fill.
    pub fn fills(&self) -> RecordBatch {
        let rows = &self.fills;
        let mut sides = Names::default();
        let mut gave = Names::default();
        for row in rows {
            sides.push(Some(side(row.side)));
            gave.push(Some(match row.liquidity {
                Liquidity::Maker => "maker",
                Liquidity::Taker => "taker",
            }));
        }
        let of = |row: &FillRow| &self.instruments[row.instrument.index()];
        table(vec![
            ("at", moment(), moments(rows.iter().map(|row| Some(row.at)))),
            ("venue_at", moment(), moments(rows.iter().map(|row| Some(row.venue_at)))),
            ("order", DataType::UInt32, ids(rows.iter().map(|row| row.order.0))),
            ("instrument", DataType::UInt32, ids(rows.iter().map(|row| row.instrument.0))),
            ("symbol", symbols(), self.symbol_column(rows.iter().map(|row| row.instrument))),
            ("side", names(), sides.finish()),
            ("price", DataType::Float64, reals(rows.iter().map(|row| Some(of(row).price_f64(row.price))))),
            ("size", DataType::Float64, reals(rows.iter().map(|row| Some(of(row).size_f64(row.size))))),
            ("ticks", DataType::Int64, wholes(rows.iter().map(|row| row.price.0))),
            ("lots", DataType::Int64, wholes(rows.iter().map(|row| row.size.0))),
            ("liquidity", names(), gave.finish()),
            ("fee", DataType::Float64, reals(rows.iter().map(|row| Some(row.fee.to_f64())))),
            ("position", DataType::Int64, wholes(rows.iter().map(|row| row.position.0))),
        ])
    }

    /// One row an order.
    pub fn orders(&self) -> RecordBatch {
        let rows = &self.orders;
        let [mut sides, mut kinds, mut times, mut states] = [(); 4].map(|()| Names::default());
        for row in rows {
            sides.push(Some(side(row.terms.side)));
            kinds.push(Some(match row.terms.kind {
                OrderKind::Limit => "limit",
                OrderKind::Market => "market",
                OrderKind::PostOnly => "post_only",
                OrderKind::Stop { .. } => "stop",
                OrderKind::StopLimit { .. } => "stop_limit",
                OrderKind::Iceberg { .. } => "iceberg",
                OrderKind::Pegged { .. } => "pegged",
            }));
            times.push(Some(match row.terms.time_in_force {
                TimeInForce::GoodTilCancel => "gtc",
                TimeInForce::ImmediateOrCancel => "ioc",
                TimeInForce::FillOrKill => "fok",
                TimeInForce::Day => "day",
                TimeInForce::GoodTilDate(_) => "gtd",
            }));
            states.push(Some(row.state));
        }
        let of = |row: &OrderRow| &self.instruments[row.terms.instrument.index()];
        #[expect(clippy::cast_precision_loss, reason = "an average is an estimate")]
        let average =
            |row: &OrderRow| row.average.map(|ticks| ticks * (of(row).terms().tick_nanos as f64) / 1e9);
        table(vec![
            ("order", DataType::UInt32, ids(rows.iter().map(|row| row.order.0))),
            ("sent_at", moment(), moments(rows.iter().map(|row| Some(row.sent_at)))),
            ("accepted_at", moment(), moments(rows.iter().map(|row| row.accepted_at))),
            ("closed_at", moment(), moments(rows.iter().map(|row| row.closed_at))),
            ("instrument", DataType::UInt32, ids(rows.iter().map(|row| row.terms.instrument.0))),
            ("symbol", symbols(), self.symbol_column(rows.iter().map(|row| row.terms.instrument))),
            ("side", names(), sides.finish()),
            ("kind", names(), kinds.finish()),
            ("time_in_force", names(), times.finish()),
            (
                "price",
                DataType::Float64,
                reals(rows.iter().map(|row| Some(of(row).price_f64(row.terms.price)))),
            ),
            ("size", DataType::Float64, reals(rows.iter().map(|row| Some(of(row).size_f64(row.terms.size))))),
            ("ticks", DataType::Int64, wholes(rows.iter().map(|row| row.terms.price.0))),
            ("lots", DataType::Int64, wholes(rows.iter().map(|row| row.terms.size.0))),
            ("filled_lots", DataType::Int64, wholes(rows.iter().map(|row| row.filled.0))),
            ("average_price", DataType::Float64, reals(rows.iter().map(average))),
            ("state", names(), states.finish()),
            ("replaced", DataType::UInt32, ids(rows.iter().map(|row| row.replaced))),
        ])
    }

    /// One row a sample.
    pub fn equity(&self) -> RecordBatch {
        table(vec![
            ("at", moment(), moments(self.equity.iter().map(|(at, _)| Some(*at)))),
            ("net", DataType::Float64, reals(self.equity.iter().map(|(_, net)| Some(net.to_f64())))),
        ])
    }

    fn symbol_column(&self, rows: impl Iterator<Item = InstrumentId>) -> ArrayRef {
        symbol_column(&self.instruments, rows.map(|id| Some(id.0)).collect())
    }
}

impl Observer for Tables {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        let now = input.received_at;
        if let Event::Report(report) = &input.event {
            self.on_report(now, report, engine);
        }
        for command in commands {
            self.on_command(now, command);
        }
        if now >= self.due {
            self.due = now + self.every;
            self.equity.push((now, engine.equity()));
        }
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn moments(rows: impl Iterator<Item = Option<Nanos>>) -> ArrayRef {
    let array: TimestampNanosecondArray = rows.map(|at| at.map(|at| at.0)).collect();
    Arc::new(array.with_timezone("UTC"))
}

fn wholes(rows: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(rows.map(Some).collect::<Int64Array>())
}

fn ids(rows: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(rows.map(Some).collect::<UInt32Array>())
}

fn reals(rows: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(rows.collect::<Float64Array>())
}

fn table(columns: Vec<(&str, DataType, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, kind, _)| {
            let holes = matches!(*name, "accepted_at" | "closed_at" | "average_price");
            Field::new(*name, kind.clone(), holes)
        })
        .collect();
    let arrays = columns.into_iter().map(|(.., array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .expect("each column is of its kind and length")
}
