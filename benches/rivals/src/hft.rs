//! The workload through hftbacktest's crate, 0.9.4.
//!
//! Its bot is polled: time is let pass to the next whole 100 ms, then the touch and the orders are looked at, as ours
//! does on its timer.

use crate::orders::{End, Fill, Order, Run};
use crate::workload::{EXPONENT, LATENCY_NS, MAKER_BP, PERIOD_NS, Queue, TAKER_BP, Terms, Workload};
use anyhow::Context;
use hftbacktest::backtest::assettype::{AssetType, InverseAsset, LinearAsset};
use hftbacktest::backtest::data::{Data, DataSource};
use hftbacktest::backtest::models::{
    CommonFees, ConstantLatency, LogProbQueueFunc, PowerProbQueueFunc, ProbQueueModel, QueueModel,
    RiskAdverseQueueModel, TradingValueFeeModel,
};
use hftbacktest::backtest::{Backtest, ExchangeKind, L2AssetBuilder};
use hftbacktest::depth::{
    HashMapMarketDepth, INVALID_MAX, INVALID_MIN, L2MarketDepth, MarketDepth, ROIVectorMarketDepth,
};
use hftbacktest::types as hft;
use hftbacktest::types::{Bot, ElapseResult, OrdType, Status, TimeInForce};
use std::collections::BTreeMap;
use types::{Liquidity, Lots, Nanos, Side, Ticks};

/// Which of its books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A hash map from price to size.
    Hash,
    /// An array over a range of prices (`ROIVectorMarketDepth`), here a tenth above and below the market.
    Array,
}

/// Runs the workload over events in the units of `terms`.
///
/// # Errors
/// When hftbacktest stops.
pub fn run(
    data: Data<hft::Event>,
    workload: &Workload,
    queue: Queue,
    depth: Depth,
    terms: Terms,
) -> anyhow::Result<Run> {
    with(data, workload, queue, depth, terms, None)
}

/// The same with orders and cancels as another run sent them, whatever becomes of them here: then each order can be
/// compared alone.
///
/// # Errors
/// When hftbacktest stops.
pub fn follow(
    data: Data<hft::Event>,
    workload: &Workload,
    queue: Queue,
    terms: Terms,
    orders: &[Order],
) -> anyhow::Result<Run> {
    with(data, workload, queue, Depth::Hash, terms, Some(orders))
}

fn with(
    data: Data<hft::Event>,
    workload: &Workload,
    queue: Queue,
    depth: Depth,
    terms: Terms,
    script: Option<&[Order]>,
) -> anyhow::Result<Run> {
    let Terms { tick, lot, .. } = terms;
    match depth {
        Depth::Hash => {
            with_depth(data, workload, queue, terms, script, move || HashMapMarketDepth::new(tick, lot))
        }
        Depth::Array => {
            let price =
                (0..data.len()).map(|row| data[row].px).find(|price| *price > 0.0).context("no price")?;
            let (low, high) = (price * 0.9, price * 1.1);
            with_depth(data, workload, queue, terms, script, move || {
                ROIVectorMarketDepth::new(tick, lot, low, high)
            })
        }
    }
}

fn with_depth<MD: MarketDepth + L2MarketDepth + 'static>(
    data: Data<hft::Event>,
    workload: &Workload,
    queue: Queue,
    terms: Terms,
    script: Option<&[Order]>,
    depth: impl Fn() -> MD + 'static,
) -> anyhow::Result<Run> {
    match queue {
        Queue::Pessimistic => with_queue(data, workload, terms, script, depth, RiskAdverseQueueModel::new()),
        Queue::Power => with_queue(
            data,
            workload,
            terms,
            script,
            depth,
            ProbQueueModel::new(PowerProbQueueFunc::new(EXPONENT)),
        ),
        Queue::Log => {
            with_queue(data, workload, terms, script, depth, ProbQueueModel::new(LogProbQueueFunc::new()))
        }
    }
}

fn with_queue<MD: MarketDepth + L2MarketDepth + 'static, Q: QueueModel<MD> + 'static>(
    data: Data<hft::Event>,
    workload: &Workload,
    terms: Terms,
    script: Option<&[Order]>,
    depth: impl Fn() -> MD + 'static,
    queue: Q,
) -> anyhow::Result<Run> {
    if workload.inverse {
        with_asset(data, terms, script, depth, queue, InverseAsset::new(workload.face()))
    } else {
        with_asset(data, terms, script, depth, queue, LinearAsset::new(1.0))
    }
}

fn with_asset<MD, Q, A>(
    data: Data<hft::Event>,
    terms: Terms,
    script: Option<&[Order]>,
    depth: impl Fn() -> MD + 'static,
    queue: Q,
    asset: A,
) -> anyhow::Result<Run>
where
    MD: MarketDepth + L2MarketDepth + 'static,
    Q: QueueModel<MD> + 'static,
    A: AssetType + Clone + 'static,
{
    let events = data.len() as u64;
    let fees = CommonFees::new(MAKER_BP / 1e4, TAKER_BP / 1e4);
    let asset = L2AssetBuilder::new()
        .data(vec![DataSource::Data(data)])
        .latency_model(ConstantLatency::new(LATENCY_NS, LATENCY_NS))
        .asset_type(asset)
        .fee_model(TradingValueFeeModel::new(fees))
        .queue_model(queue)
        .exchange(ExchangeKind::NoPartialFillExchange)
        .depth(depth)
        .build()?;
    let mut bot = Backtest::builder().add_asset(asset).build()?;
    let mut quoter = Quoter { orders: Vec::new(), terms };
    // The first look tells the time; the next is at a whole period.
    let mut result = bot.elapse(0)?;
    let mut due = (bot.current_timestamp() / PERIOD_NS + 1) * PERIOD_NS;
    while result == ElapseResult::Ok {
        result = bot.elapse(due - bot.current_timestamp())?;
        due += PERIOD_NS;
        quoter.hear(&mut bot);
        if result == ElapseResult::Ok {
            match script {
                None => quoter.think(&mut bot)?,
                Some(orders) => quoter.follow(&mut bot, orders)?,
            }
        }
    }
    quoter.hear(&mut bot);
    let state = bot.state_values(0);
    Ok(Run {
        fees: state.fee,
        position: Lots((state.position / terms.lot).round() as i64),
        orders: quoter.orders,
        events,
    })
}

struct Quoter {
    orders: Vec<Order>,
    terms: Terms,
}

impl Quoter {
    /// Notes what became of orders and lets them go.
    fn hear<MD: MarketDepth + L2MarketDepth>(&mut self, bot: &mut Backtest<MD>) {
        for (id, order) in bot.orders(0) {
            let at = Nanos(order.exch_timestamp);
            let end = match order.status {
                Status::Filled => End::Filled(Fill {
                    at,
                    price: Ticks(order.exec_price_tick),
                    size: Lots((order.exec_qty / self.terms.lot).round() as i64),
                    liquidity: if order.maker { Liquidity::Maker } else { Liquidity::Taker },
                }),
                Status::Expired => End::Refused,
                Status::Canceled => End::Canceled(at),
                _ => continue,
            };
            self.orders[*id as usize].end = end;
        }
        bot.clear_inactive_orders(None);
    }

    fn think<MD: MarketDepth + L2MarketDepth>(&mut self, bot: &mut Backtest<MD>) -> anyhow::Result<()> {
        let depth = bot.depth(0);
        let touch = [depth.best_bid_tick(), depth.best_ask_tick()];
        if touch[0] == INVALID_MIN || touch[1] == INVALID_MAX {
            return Ok(());
        }
        let mut quoted = [false, false];
        // By number: a hash map's order is no order.
        let working: BTreeMap<u64, (usize, i64, bool)> = bot
            .orders(0)
            .iter()
            .map(|(id, order)| {
                (*id, (usize::from(order.side == hft::Side::Sell), order.price_tick, order.cancellable()))
            })
            .collect();
        for (id, (side, price, cancellable)) in working {
            if price == touch[side] || !cancellable {
                quoted[side] = true;
            } else {
                bot.cancel(0, id, false)?;
                self.orders[id as usize].asked_back_at = Some(Nanos(bot.current_timestamp()));
            }
        }
        let position = (bot.position(0) / self.terms.lot).round() as i64;
        for side in Side::BOTH {
            if quoted[side.index()] || Lots(position).signed(side).0 >= self.terms.max_position {
                continue;
            }
            self.place(bot, side, touch[side.index()])?;
        }
        Ok(())
    }

    fn follow<MD: MarketDepth + L2MarketDepth>(
        &mut self,
        bot: &mut Backtest<MD>,
        script: &[Order],
    ) -> anyhow::Result<()> {
        let now = Nanos(bot.current_timestamp());
        for (id, (order, as_sent)) in (0..).zip(self.orders.iter_mut().zip(script)) {
            if as_sent.asked_back_at == Some(now) {
                order.asked_back_at = Some(now);
                // What is done here already is not there to be cancelled.
                if bot.orders(0).get(&id).is_some_and(hft::Order::cancellable) {
                    bot.cancel(0, id, false)?;
                }
            }
        }
        while let Some(order) = script.get(self.orders.len())
            && order.placed_at <= now
        {
            self.place(bot, order.side, order.price.0)?;
        }
        Ok(())
    }

    fn place<MD: MarketDepth + L2MarketDepth>(
        &mut self,
        bot: &mut Backtest<MD>,
        side: Side,
        price: i64,
    ) -> anyhow::Result<()> {
        let id = self.orders.len() as u64;
        let (px, qty) = (price as f64 * self.terms.tick, self.terms.order_size as f64 * self.terms.lot);
        match side {
            Side::Buy => bot.submit_buy_order(0, id, px, qty, TimeInForce::GTX, OrdType::Limit, false)?,
            Side::Sell => bot.submit_sell_order(0, id, px, qty, TimeInForce::GTX, OrdType::Limit, false)?,
        };
        let placed_at = Nanos(bot.current_timestamp());
        let price = Ticks(price);
        self.orders.push(Order { placed_at, side, price, asked_back_at: None, end: End::Open });
        Ok(())
    }
}
