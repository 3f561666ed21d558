//! What is run: recordings, sizes, latencies, fees. One place, so that every contender is told the same.
//!
//! The strategy: at every whole 100 ms of local time, on each side at most one post-only order at the touch, replaced
//! when the touch has moved; no new buy at the largest long position, no new sell at the largest short one.

use runtime::Config;
use runtime::config::{InstrumentTerms, MarketDataLatency, QueueModelName};
use serde::{Deserialize, Serialize};

/// One recording and what is traded on it.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// For people and for `--file`.
    pub name: &'static str,
    /// In the recorded data.
    pub file: &'static str,
    /// As the recording names it.
    pub symbol: &'static str,
    /// What each order is for, in coins or contracts.
    pub order_size: f64,
    /// At this position no new order makes it larger.
    pub max_position: f64,
    /// Worth by the inverse of the price (COIN-M).
    pub inverse: bool,
}

/// The recordings of Binance: the same six minutes.
pub const WORKLOADS: [Workload; 6] = [
    workload("usdm-btc", "binance-l2/usdm/btcusdt_20240808.gz", "BTCUSDT", [0.01, 0.1], false),
    workload("usdm-eth", "binance-l2/usdm/ethusdt_20240808.gz", "ETHUSDT", [0.2, 2.0], false),
    workload("spot-btc", "binance-l2/spot/btcusdt_20240808.gz", "BTCUSDT", [0.01, 0.1], false),
    workload("spot-eth", "binance-l2/spot/ethusdt_20240808.gz", "ETHUSDT", [0.2, 2.0], false),
    workload("coinm-btc", "binance-l2/cm/btcusd_perp_20240808.gz", "BTCUSD_PERP", [6.0, 60.0], true),
    workload("coinm-eth", "binance-l2/cm/ethusd_perp_20240808.gz", "ETHUSD_PERP", [50.0, 500.0], true),
];

const fn workload(
    name: &'static str,
    file: &'static str,
    symbol: &'static str,
    [order_size, max_position]: [f64; 2],
    inverse: bool,
) -> Workload {
    Workload { name, file, symbol, order_size, max_position, inverse }
}

/// A workload in the steps of its instrument, which the recording shows, and what a step is in a contender's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// One price step.
    pub tick: f64,
    /// One size step.
    pub lot: f64,
    /// What each order is for, in lots.
    pub order_size: i64,
    /// At this position no new order makes it larger, in lots.
    pub max_position: i64,
    /// Of the run.
    pub queue: Queue,
}

impl Terms {
    /// The same with steps for numbers: every one is whole, and nothing is rounded anywhere.
    #[must_use]
    pub const fn in_steps(self) -> Self {
        Self { tick: 1.0, lot: 1.0, ..self }
    }
}

/// Between two thoughts, by the local clock.
pub const PERIOD_NS: i64 = 100_000_000;
/// From us to the venue, and back.
pub const LATENCY_NS: i64 = 1_000_000;
/// Of turnover: a rebate.
pub const MAKER_BP: f64 = -0.5;
/// Of turnover.
pub const TAKER_BP: f64 = 7.0;
/// Of the power model.
pub const EXPONENT: f64 = 3.0;

/// Where in the queue orders are cancelled: the models that we and hftbacktest both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Behind us (theirs: `RiskAdverseQueueModel`).
    Pessimistic,
    /// `x^3` (theirs: `ProbQueueModel` with `PowerProbQueueFunc`).
    Power,
    /// `ln(1 + x)` (theirs: with `LogProbQueueFunc`).
    Log,
}

impl Queue {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pessimistic, Self::Power, Self::Log];
}

impl Workload {
    /// The workload of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        WORKLOADS.into_iter().find(|workload| workload.name == name)
    }

    /// What a contract of an inverse one is worth.
    #[must_use]
    pub fn face(&self) -> f64 {
        match (self.inverse, self.symbol.starts_with("BTC")) {
            (false, _) => 1.0,
            (true, true) => 100.0,
            (true, false) => 10.0,
        }
    }

    /// The same where there is one clock, and what is reached in part is filled in part.
    #[must_use]
    pub fn config_without_latency(&self) -> Config {
        let mut config = self.config(Queue::Pessimistic);
        (config.latency.order_ns, config.latency.response_ns) = (0, 0);
        config.latency.market_data = MarketDataLatency::Modelled;
        config.venue.partial_fills = true;
        if self.name.starts_with("spot") {
            // A power of ten: a recording of minutes may show a coarser step, and a quarter of a bar's volume is off it.
            let lot = Some("0.000001".into());
            let symbol = self.symbol.into();
            config.instrument =
                vec![InstrumentTerms { symbol, tick: None, lot, multiplier: None, currency: None }];
        }
        config
    }

    /// Our configuration for it. Risk is there and never in the way.
    #[must_use]
    pub fn config(&self, queue: Queue) -> Config {
        let mut config = Config::default();
        config.trading.symbols = vec![self.symbol.into()];
        config.latency.order_ns = LATENCY_NS.unsigned_abs();
        config.latency.response_ns = LATENCY_NS.unsigned_abs();
        config.latency.market_data_ns = 0;
        config.latency.market_data = MarketDataLatency::Recorded;
        config.latency.jitter_ns = 0;
        config.venue.queue_model = match queue {
            Queue::Pessimistic => QueueModelName::Pessimistic,
            Queue::Power => QueueModelName::Power,
            Queue::Log => QueueModelName::Logarithmic,
        };
        config.venue.queue_exponent = EXPONENT;
        config.venue.partial_fills = false;
        config.fees.maker_bp = MAKER_BP;
        config.fees.taker_bp = TAKER_BP;
        config.risk.max_order_size = i64::from(u32::MAX);
        config.risk.max_position = i64::from(u32::MAX);
        config.risk.max_messages_per_second = 1_000;
        config.risk.max_daily_loss = 1e9;
        config.risk.max_drawdown = 1e9;
        config
    }
}
