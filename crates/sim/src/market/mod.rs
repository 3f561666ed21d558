//! Markets of our own making: order flow drawn from a model, matched by a real price-time exchange, and sent
//! out as MDP 3.0 packets that an ordinary decoder reads.
//!
//! Never reads a clock or the machine's randomness: the same [`Config`] gives the same bytes on every host.
//!
//! ```text
//!   Weather ──▶ Flow ──Action──▶ Exchange ──matches──▶ Changes ──▶ Channel ──▶ line A
//!   (common)    (who does what)  (price-time)          (levels,     (packets)──▶ line B
//!                  ▲                │                   orders,
//!                  └── the book ────┘                   trades)
//! ```
//!
//! What is true about it: queues with owners, price-time priority, trades that come from orders, level and
//! order messages that agree. What is not: nobody in it reacts to us, nobody is informed, and no rate was
//! fitted to a real day. A strategy that earns money here has shown that it works, not that it earns money.

mod channel;
pub mod exchange;
pub mod flow;
mod loops;
mod weather;

use crate::latency::{Delay, Shape};
use channel::{Changes, Channel};
use exchange::{Exchange, Level, Match};
use flow::Flow;
pub use flow::{Action, Kind, Tally};
pub use loops::{EmitLoop, destination};
use stdx::Prng;
use types::{Lots, Nanos, Phase, Side, Ticks};
use venues::cme::encode::{self, Future, Of};
use venues::cme::{self, Action as Update};
use weather::Weather;

/// Where packets go: when it arrives, on which line, and its bytes.
pub type Emit<'a> = &'a mut dyn FnMut(Nanos, Line, &[u8]);

/// One of the two lines that carry the same packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The first.
    A,
    /// The second, usually a little later.
    B,
}

impl Line {
    /// Where the line's packets are sent: to the groups and ports of CME's channel 310.
    #[must_use]
    pub const fn destination(self) -> cme::Line {
        match self {
            Self::A => cme::Line { ip: [224, 0, 31, 1], port: 14_310 },
            Self::B => cme::Line { ip: [224, 0, 32, 1], port: 15_310 },
        }
    }
}

/// A future to generate. Prices on the wire are ticks of `wire_tick_nanos`.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// `ESH6`.
    pub symbol: String,
    /// `ES`: security group and asset.
    pub asset: String,
    /// `USD`.
    pub currency: String,
    /// The venue's number for it.
    pub security: i32,
    /// The price step as prices are sent.
    pub wire_tick_nanos: i64,
    /// What a sent price is multiplied with to be what people write.
    pub display_factor_nanos: i64,
    /// What one price step of one contract is worth.
    pub tick_amount_nanos: i64,
    /// What one contract is of.
    pub unit_size_nanos: i64,
    /// Where it opens.
    pub opens_at: Ticks,
    /// The long-run deviation of its fair value from there, in ticks.
    pub wander_ticks: f64,
    /// How busy it is, 1 being about 200 actions a second.
    pub pace: f64,
}

impl Product {
    /// An E-mini S&P 500 future: tick 0.25 points, 50 USD a point.
    #[must_use]
    pub fn es() -> Self {
        Self {
            symbol: "ESH6".into(),
            asset: "ES".into(),
            currency: "USD".into(),
            security: 101,
            wire_tick_nanos: 25_000_000_000,
            display_factor_nanos: 10_000_000,
            tick_amount_nanos: 12_500_000_000,
            unit_size_nanos: 50_000_000_000,
            opens_at: Ticks(27_600),
            wander_ticks: 40.0,
            pace: 1.0,
        }
    }

    /// An E-mini Nasdaq-100 future: tick 0.25 points, 20 USD a point.
    #[must_use]
    pub fn nq() -> Self {
        Self {
            symbol: "NQH6".into(),
            asset: "NQ".into(),
            currency: "USD".into(),
            security: 102,
            wire_tick_nanos: 25_000_000_000,
            display_factor_nanos: 10_000_000,
            tick_amount_nanos: 5_000_000_000,
            unit_size_nanos: 20_000_000_000,
            opens_at: Ticks(102_400),
            wander_ticks: 150.0,
            pace: 1.0,
        }
    }
}

/// A session to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which order-flow model.
    pub kind: Kind,
    /// All chance comes from here.
    pub seed: u64,
    /// What trades; at least one.
    pub products: Vec<Product>,
    /// When trading opens.
    pub starts_at: Nanos,
    /// For how long.
    pub duration: Nanos,
    /// Whether orders are shown, or only the ten best levels of each side.
    pub by_order: bool,
    /// At least and at most how many orders each price opens with. From 6 to 14 is about as full as the models
    /// keep it; with one or two, prices come and go from the first moment.
    pub opening: [i64; 2],
    /// How often a line loses a packet, each line by its own chance: what both lose is missing for good.
    pub loss: f64,
    /// From the venue to us, for lines A and B.
    pub lines: [Delay; 2],
    /// How long a channel is silent before it says that it is alive; 0 for never.
    pub heartbeat_every: Nanos,
}

impl Default for Config {
    /// Half an hour of two futures from 2026-01-05 14:30 UTC: about 1.5 million events.
    fn default() -> Self {
        Self {
            kind: Kind::QueueReactive,
            seed: 1,
            products: vec![Product::es(), Product::nq()],
            starts_at: Nanos::from_secs(1_767_623_400),
            duration: Nanos::from_secs(1_800),
            by_order: true,
            opening: [6, 14],
            loss: 0.0,
            lines: [line(20_000), line(26_000)],
            heartbeat_every: Nanos::from_secs(30),
        }
    }
}

const fn line(base_ns: i64) -> Delay {
    Delay { base_ns, jitter_ns: 1_500, shape: Shape::Exponential, floor_ns: 0 }
}

/// What somebody just did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Nanos,
    /// In which of the products.
    pub product: usize,
    /// What.
    pub action: Action,
}

/// Levels of a side as they were last sent: the best ten.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    levels: [Level; DEPTH],
    count: usize,
}

/// The levels that CME shows of a future.
const DEPTH: usize = 10;
/// The prices an exchange has room for: the fair value wanders a few hundred ticks.
const SPAN: u32 = 16_384;
/// Definitions are sent this long before the open.
const BEFORE: Nanos = Nanos::from_secs(1);

/// One product as it trades.
#[derive(Clone, Debug)]
struct Market {
    product: Product,
    exchange: Exchange,
    flow: Flow,
    shown: [Shown; 2],
    rpt_seq: u32,
    /// When anything of it was last sent.
    changed_at: Nanos,
    /// When its next action is due.
    due: Nanos,
}

/// The generator of a session; see the module.
#[derive(Clone, Debug)]
pub struct Generator {
    config: Config,
    markets: Vec<Market>,
    weather: Weather,
    channel: Channel,
    changes: Changes,
    matches: Vec<Match>,
    trade_id: u32,
    opened: bool,
}

impl Generator {
    /// A session that has not begun.
    ///
    /// # Panics
    /// When there is no product.
    #[must_use]
    pub fn new(config: Config) -> Self {
        assert!(!config.products.is_empty(), "a market needs a product");
        let root = Prng::new(config.seed);
        let start = config.starts_at;
        let markets = config.products.iter().map(|product| Market {
            exchange: Exchange::new(product.opens_at - i64::from(SPAN / 2), SPAN),
            flow: Flow::new(
                config.kind,
                product.opens_at,
                product.wander_ticks,
                product.pace,
                start,
                root.fork(&product.symbol),
            ),
            product: product.clone(),
            shown: [Shown::default(); 2],
            rpt_seq: 0,
            changed_at: start,
            due: start,
        });
        Self {
            markets: markets.collect(),
            weather: Weather::new(start, root.fork("weather")),
            channel: Channel::new(config.lines, config.loss, config.heartbeat_every, &root),
            changes: Changes::default(),
            matches: Vec::new(),
            trade_id: 0,
            opened: false,
            config,
        }
    }

    /// Generates the whole session.
    pub fn run(&mut self, emit: Emit<'_>) {
        while self.step(emit).is_some() {}
    }

    /// Generates up to the next action of anybody's and says what it was; `None` when the session is over. The
    /// first step also sends the definitions, the opening and the book that the session opens with.
    pub fn step(&mut self, emit: Emit<'_>) -> Option<Step> {
        if !self.opened {
            self.open(emit);
        }
        let end = self.config.starts_at + self.config.duration;
        loop {
            let row = (0..self.markets.len())
                .min_by_key(|&row| self.markets[row].due)
                .expect("at least one product");
            let at = self.markets[row].due;
            if at >= end {
                self.channel.heartbeats(end, emit);
                self.channel.drain(emit);
                return None;
            }
            self.weather.advance(at);
            let market = &mut self.markets[row];
            let action = market.flow.act(&market.exchange);
            if let Some(action) = action {
                self.channel.heartbeats(at, emit);
                self.changes.clear();
                self.perform(row, action);
                self.publish(row, at, emit);
            }
            let market = &mut self.markets[row];
            market.flow.follow(&market.exchange);
            market.due = market.flow.schedule(at, &market.exchange, &self.weather);
            if let Some(action) = action {
                return Some(Step { at, product: row, action });
            }
        }
    }

    /// The true book of a product.
    #[must_use]
    pub fn exchange(&self, product: usize) -> &Exchange {
        &self.markets[product].exchange
    }

    /// The products, in the order of their rows.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.config.products
    }

    /// Limit orders, cancels with changes, and market orders of a product: how many, against how many the
    /// model's rates made expect.
    #[must_use]
    pub fn tallies(&self, product: usize) -> [Tally; 3] {
        self.markets[product].flow.tallies()
    }

    /// The number that the wire gives to a product's order.
    #[must_use]
    pub const fn wire_order(product: usize, id: u64) -> u64 {
        // Far apart, so that no two products share a number.
        (product as u64 + 1) * 1_000_000_000_000 + id
    }

    fn open(&mut self, emit: Emit<'_>) {
        self.opened = true;
        let start = self.config.starts_at;
        for row in 0..self.markets.len() {
            let product = self.markets[row].product.clone();
            let at = start - BEFORE;
            self.channel.packet(at, emit, |packet| packet.future(&definition(&product), at));
        }
        self.channel.heartbeats(start - Nanos(1), emit);
        for row in 0..self.markets.len() {
            let group = self.markets[row].product.asset.clone();
            self.channel.packet(start, emit, |packet| packet.status(start, Of::Group(&group), Phase::Open));
        }
        for row in 0..self.markets.len() {
            self.changes.clear();
            for action in self.markets[row].flow.opening(self.config.opening) {
                self.perform(row, action);
            }
            self.publish(row, start, emit);
            let market = &mut self.markets[row];
            market.due = market.flow.schedule(start, &market.exchange, &self.weather);
        }
    }

    /// Does what somebody wants, and notes the trades and the changes of orders.
    fn perform(&mut self, row: usize, action: Action) {
        let market = &mut self.markets[row];
        self.matches.clear();
        match action {
            Action::Limit { id, side, price, size } => {
                let rests = market.exchange.limit(id, side, price, size, &mut self.matches);
                self.traded(row, id, side);
                if rests > Lots::ZERO {
                    self.order(row, id, Update::New);
                }
            }
            Action::Take { id, side, limit, size } => {
                market.exchange.take(side, limit, size, &mut self.matches);
                self.traded(row, id, side);
            }
            Action::Cancel { id } => {
                if let Some(gone) = market.exchange.cancel(id) {
                    self.changes.orders.push(market.wire(row, gone, Update::Delete));
                }
            }
            Action::Replace { id, price, size } => self.replace(row, id, price, size),
        }
    }

    fn replace(&mut self, row: usize, id: u64, price: Ticks, size: Lots) {
        let market = &mut self.markets[row];
        let Some(before) = market.exchange.order(id) else {
            return;
        };
        market.exchange.replace(id, price, size, &mut self.matches);
        self.traded(row, id, before.side);
        if self.markets[row].exchange.order(id).is_some() {
            self.order(row, id, Update::Change);
        } else {
            let gone = self.markets[row].wire(row, before, Update::Delete);
            self.changes.orders.push(gone);
        }
    }

    /// Notes an order as it stands now.
    fn order(&mut self, row: usize, id: u64, update: Update) {
        let market = &self.markets[row];
        let standing = market.exchange.order(id).expect("the caller saw it rest");
        self.changes.orders.push(market.wire(row, standing, update));
    }

    /// Notes the matches of an incoming order: a trade for each price, and what became of the orders it met.
    fn traded(&mut self, row: usize, id: u64, side: Side) {
        let market = &mut self.markets[row];
        for prices in self.matches.chunk_by(|a, b| a.resting.price == b.resting.price) {
            let size: Lots = prices.iter().map(|m| m.size).sum();
            self.trade_id += 1;
            self.changes.trades.push(encode::Trade {
                security: market.product.security,
                rpt_seq: market.count(),
                price_nanos: market.nanos(prices[0].resting.price),
                size: small(size),
                orders: i32::try_from(prices.len() + 1).expect("no order meets so many"),
                aggressor: Some(side),
                id: self.trade_id,
            });
            let aggressor = encode::TradeOrder { order: Self::wire_order(row, id), size: small(size) };
            self.changes.trade_orders.push(aggressor);
            for met in prices {
                self.changes.trade_orders.push(encode::TradeOrder {
                    order: Self::wire_order(row, met.resting.id),
                    size: small(met.size),
                });
                let update = if met.resting.size.is_zero() { Update::Delete } else { Update::Change };
                self.changes.orders.push(market.wire(row, met.resting, update));
            }
        }
    }

    /// Sends what was noted, with the levels that differ from what was last shown.
    fn publish(&mut self, row: usize, at: Nanos, emit: Emit<'_>) {
        let market = &mut self.markets[row];
        market.changed_at = at;
        for side in Side::BOTH {
            market.show(side, &mut self.changes.levels);
        }
        if !self.config.by_order {
            self.changes.orders.clear();
            self.changes.trade_orders.clear();
            self.changes.trades.iter_mut().for_each(|trade| trade.orders = 0);
        }
        self.channel.event(at, &self.changes, cme::MatchEvent::NONE, emit);
    }
}

impl Market {
    fn nanos(&self, price: Ticks) -> i64 {
        price.0 * self.product.wire_tick_nanos
    }

    fn count(&mut self) -> u32 {
        self.rpt_seq = self.rpt_seq.wrapping_add(1);
        self.rpt_seq
    }

    fn wire(&self, row: usize, standing: exchange::Standing, action: Update) -> encode::Order {
        encode::Order {
            order: Generator::wire_order(row, standing.id),
            priority: standing.priority,
            price_nanos: self.nanos(standing.price),
            size: small(standing.size),
            security: self.product.security,
            action,
            side: standing.side,
        }
    }

    /// Brings the ten levels that are shown up to date: first what is gone, then, from the best to the worst,
    /// what is new or changed. A level that an insertion pushes out of sight is not mentioned, and one that
    /// comes back into sight is new (CME Globex, "MDP 3.0 - Market by Price Book Management").
    fn show(&mut self, side: Side, out: &mut Vec<encode::Level>) {
        let mut shown = self.shown[side.index()];
        for row in (0..shown.count).rev() {
            let level = shown.levels[row];
            if self.exchange.level(side, level.price).orders == 0 {
                shown.remove(row);
                out.push(self.level(side, Update::Delete, row, level));
            }
        }
        let mut now = [Level::default(); DEPTH];
        let mut count = 0;
        for (place, level) in now.iter_mut().zip(self.exchange.levels(side)) {
            *place = level;
            count += 1;
        }
        for (row, &level) in now[..count].iter().enumerate() {
            let before = (row < shown.count).then(|| shown.levels[row]);
            if before == Some(level) {
                continue;
            }
            let update = if before.is_some_and(|before| before.price == level.price) {
                shown.levels[row] = level;
                Update::Change
            } else {
                shown.insert(row, level);
                Update::New
            };
            out.push(self.level(side, update, row, level));
        }
        self.shown[side.index()] = shown;
    }

    fn level(&mut self, side: Side, action: Update, row: usize, level: Level) -> encode::Level {
        encode::Level {
            security: self.product.security,
            rpt_seq: self.count(),
            side,
            implied: false,
            action,
            depth: u8::try_from(row + 1).expect("ten at most"),
            price_nanos: self.nanos(level.price),
            size: small(level.size),
            orders: i32::try_from(level.orders).expect("far fewer"),
        }
    }
}

impl Shown {
    fn remove(&mut self, row: usize) {
        self.levels.copy_within(row + 1..self.count, row);
        self.count -= 1;
    }

    fn insert(&mut self, row: usize, level: Level) {
        self.count = (self.count + 1).min(DEPTH);
        self.levels.copy_within(row..self.count - 1, row + 1);
        self.levels[row] = level;
    }
}

fn small(size: Lots) -> i32 {
    i32::try_from(size.0).expect("sizes and queues of the generator are small")
}

fn definition(product: &Product) -> Future<'_> {
    Future {
        security: product.security,
        symbol: &product.symbol,
        group: &product.asset,
        asset: &product.asset,
        currency: &product.currency,
        wire_tick_nanos: product.wire_tick_nanos,
        display_factor_nanos: product.display_factor_nanos,
        tick_amount_nanos: product.tick_amount_nanos,
        unit_size_nanos: product.unit_size_nanos,
        phase: Phase::PreOpen,
    }
}
