//! A made-up session: a real engine quotes both sides of a random market, a toy venue answers.
//!
//! The venue is a sketch that makes every kind of report happen, not a model of a market; `sim` is that.

use engine::{Engine, EngineConfig, Seat, Strategy, View, Wants};
use reports::breakdown::StrategyName;
use reports::{About, Counted, DataFile, Ending};
use std::collections::BTreeMap;
use stdx::Prng;
use types::instrument::Terms;
use types::{
    Command, Contract, Event, FeeSchedule, Flags, Gap, Input, Instrument, InstrumentId, LevelAction,
    LevelDelta, Liquidity, Lots, Money, Nanos, NewOrder, OrderId, OrderKind, Origin, Outcome, RejectReason,
    Seq, Side, Ticks, TimeInForce, Trade,
};

const ES: InstrumentId = InstrumentId(0);
const START: Nanos = Nanos::from_secs(1_767_623_400); // 2026-01-05 14:30 UTC
const POSITION_MAX: i64 = 8;

/// What happens next, in the order of time.
#[derive(Clone, Copy, Debug)]
enum Next {
    Market,
    Arrives(Command),
    Hears(Event),
}

/// One order as the toy venue keeps it.
#[derive(Clone, Copy, Debug)]
struct Resting {
    order: OrderId,
    side: Side,
    price: Ticks,
    unfilled: i64,
    ahead: i64,
}

/// One post-only lot at each touch; flattens by crossing when it holds too much.
struct Touch;

impl Strategy for Touch {
    fn on_book(&mut self, id: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        let book = view.book(id);
        let position = view.own_position(id).0;
        let Some((bid, ask)) = book.best_bid().zip(book.best_ask()).filter(|_| book.is_live()) else {
            view.open_orders(id).for_each(|order| wants.cancel(order.id));
            return;
        };
        let terms = |side, kind, time_in_force, price, size| NewOrder {
            instrument: id,
            side,
            kind,
            time_in_force,
            price,
            size: Lots(size),
        };
        for (side, touch, far) in [(Side::Buy, bid.price, ask.price), (Side::Sell, ask.price, bid.price)] {
            let mut mine = view.open_orders(id).filter(|order| order.terms.side == side);
            let room = position * side.sign() < POSITION_MAX;
            match mine.next() {
                Some(order) if order.terms.price != touch || !room => {
                    // Both ways to leave a price, so that the report sees both.
                    if room && order.can_replace() && touch.0 % 3 == 0 {
                        wants.replace(order.id, touch, order.terms.size);
                    } else {
                        wants.cancel(order.id);
                    }
                }
                Some(_) => {}
                None if room => {
                    wants.place(terms(side, OrderKind::PostOnly, TimeInForce::GoodTilCancel, touch, 2));
                }
                None => {}
            }
            if position * side.sign() <= -POSITION_MAX {
                wants.place(terms(side, OrderKind::Limit, TimeInForce::ImmediateOrCancel, far, 4));
            }
        }
    }
}

/// The world around the engine.
pub(crate) struct Session {
    pub(crate) engine: Engine,
    chance: Prng,
    queue: BTreeMap<(Nanos, u64), Next>,
    count: u64,
    fed: u64,
    heard_at: Nanos,
    bid: Ticks,
    trend: f64,
    resting: Vec<Resting>,
    fills: u32,
    end: Nanos,
    stale_until: Option<Nanos>,
    /// Whether the account is in euros, a pair says what the dollar is worth in them, and the venue moves cash.
    abroad: bool,
}

fn instrument(id: u32, symbol: &str) -> Instrument {
    Instrument::new(Terms {
        id: InstrumentId(id),
        symbol: symbol.into(),
        venue: "toy".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 250_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 50_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

fn instruments(symbols: &[&str]) -> Vec<Instrument> {
    (0..).zip(symbols).map(|(id, symbol)| instrument(id, symbol)).collect()
}

/// All of them are traded; the market is the first one's.
pub(crate) fn about(symbols: &[&str]) -> About {
    about_of(symbols, 1)
}

/// The same by several strategies.
pub(crate) fn about_of(symbols: &[&str], strategies: usize) -> About {
    let strategy = |n| StrategyName {
        label: if n == 1 { "touch".into() } else { format!("touch-{n}") },
        strategy: "touch".into(),
        parameters: "size = 2, position = 8".into(),
        symbols: symbols.iter().map(|symbol| (*symbol).into()).collect(),
    };
    About {
        title: "Touch quoting on a made-up market".into(),
        strategy: "touch (size 2, position 8)".into(),
        strategies: (1..=strategies).map(strategy).collect(),
        zone: None,
        config: "[run]\nmode = \"backtest\"\nseed = 7\n\n[strategy]\nname = \"touch\"\nsize = 2\nmax_position = 8\n\n\
                 [latency]\nfeed_us = { base = 180, jitter = 220 }\norder_us = { base = 350, jitter = 150 }\n\n\
                 [fees]\nmaker_per_lot = 0.35\ntaker_per_lot = 0.35\n"
            .into(),
        data: vec![DataFile {
            name: "made-up/session.dbn.zst".into(),
            bytes: 18_734_211,
            hash: "blake3:6f3b1a0c5d2e9f8847a1b0c3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7f8".into(),
        }],
        instruments: instruments(symbols),
        traded: instruments(symbols).iter().map(Instrument::id).collect(),
        capital: Money::ONE * 100_000,
        currency: "USD".into(),
        attribution_after: Nanos::from_secs(10),
        days: types::TradingDays::default(),
    }
}

pub(crate) fn ending() -> Ending {
    Ending {
        config_hash: "blake3:1c7a52b09f".into(),
        journal_head: Some("blake3:b8e0417d3a".into()),
        commands_hash: Some("blake3:90ff3c21aa".into()),
        faults: vec![Counted { what: "gaps in the feed".into(), count: 1 }],
        caveats: vec![
            "The market is made up by a random walk; nothing here says anything about a real one.".into(),
            "Fills are simulated: our orders do not move the market, and nobody reacts to them.".into(),
        ],
    }
}

impl Session {
    pub(crate) fn new(seed: u64, symbols: &[&str], length: Nanos) -> Self {
        Self::of(seed, symbols, length, 1)
    }

    /// With several strategies that do the same, each with its own position.
    pub(crate) fn of(seed: u64, symbols: &[&str], length: Nanos, strategies: usize) -> Self {
        Self::with(seed, symbols, length, strategies, engine::AccountTerms::default())
    }

    /// An account in euros: the second instrument is the euro's price in dollars.
    #[allow(dead_code, reason = "not every test that shares this module goes abroad")]
    pub(crate) fn abroad(seed: u64, length: Nanos, strategies: usize) -> Self {
        let rate = engine::Rate::Mid { instrument: InstrumentId(1), inverse: true, times: Money::ONE };
        let terms = engine::AccountTerms {
            currency: "EUR".into(),
            rates: vec![("USD".into(), rate)],
            ..engine::AccountTerms::default()
        };
        let mut session = Self::with(seed, &["ESH6", "EURUSD"], length, strategies, terms);
        session.abroad = true;
        session.pair(START, 5);
        session
    }

    fn with(
        seed: u64,
        symbols: &[&str],
        length: Nanos,
        strategies: usize,
        account: engine::AccountTerms,
    ) -> Self {
        let instruments = instruments(symbols);
        let mut limits = risk::Limits::wide();
        limits.every(risk::Level::Account, risk::LimitId::MessagesPerSecond, 4);
        limits.every(risk::Level::Account, risk::LimitId::Burst, 6);
        let fees = FeeSchedule { per_lot_nanos: 350_000_000, ..FeeSchedule::default() };
        let seat = |_| Seat { strategy: Box::new(Touch), instruments: vec![ES] };
        let mut session = Self {
            engine: Engine::new(EngineConfig {
                instruments,
                limits,
                fees: vec![fees; symbols.len()],
                account,
                kill_switch: false,
                seats: (0..strategies).map(seat).collect(),
            }),
            chance: Prng::new(seed),
            queue: BTreeMap::new(),
            count: 0,
            fed: 0,
            heard_at: Nanos::MIN,
            bid: Ticks(19_000),
            trend: 0.0,
            resting: Vec::new(),
            fills: 0,
            end: START + length,
            stale_until: None,
            abroad: false,
        };
        session.at(START, Next::Market);
        session.snapshot(START);
        session
    }

    fn at(&mut self, at: Nanos, next: Next) {
        self.queue.insert((at, self.count), next);
        self.count += 1;
    }

    fn between(&mut self, low_us: i64, high_us: i64) -> Nanos {
        Nanos(self.chance.between(low_us * 1_000, high_us * 1_000))
    }

    fn hear(&mut self, venue_at: Nanos, event: Event) {
        // Mostly near the base, now and then far out, never overtaking.
        let jitter = (self.chance.exponential() * 60_000.0) as i64;
        self.heard_at = (venue_at + Nanos(180_000 + jitter)).max(self.heard_at);
        self.at(self.heard_at, Next::Hears(event));
    }

    fn report(&mut self, venue_at: Nanos, order: OrderId, outcome: Outcome) {
        let report = types::Report { venue_at, order, instrument: ES, outcome };
        self.hear(venue_at, Event::Report(report));
    }

    fn level(&mut self, venue_at: Nanos, side: Side, price: Ticks, size: i64, last: bool) {
        let action = if size == 0 { LevelAction::Delete } else { LevelAction::Set };
        self.hear(
            venue_at,
            Event::Level(LevelDelta {
                venue_at,
                price,
                size: Lots(size),
                orders: 0,
                instrument: ES,
                side,
                action,
                depth: 0,
                flags: if last { Flags::LAST } else { Flags::NONE },
            }),
        );
    }

    fn snapshot(&mut self, venue_at: Nanos) {
        self.hear(
            venue_at,
            Event::Level(LevelDelta {
                venue_at,
                price: Ticks(0),
                size: Lots(0),
                orders: 0,
                instrument: ES,
                side: Side::Buy,
                action: LevelAction::Clear,
                depth: 0,
                flags: Flags::NONE,
            }),
        );
        for depth in 0..3 {
            let size = self.chance.between(20, 200);
            self.level(venue_at, Side::Buy, self.bid - depth, size, false);
            self.level(venue_at, Side::Sell, self.bid + 1 + depth, size, depth == 2);
        }
    }

    /// The euro costs so many steps of a quarter dollar, bid; one more, asked.
    fn pair(&mut self, venue_at: Nanos, bid: i64) {
        let change = |side, price, action, flags| LevelDelta {
            venue_at,
            price: Ticks(price),
            size: Lots(1),
            orders: 0,
            instrument: InstrumentId(1),
            side,
            action,
            depth: 0,
            flags,
        };
        self.hear(venue_at, Event::Level(change(Side::Buy, 0, LevelAction::Clear, Flags::NONE)));
        self.hear(venue_at, Event::Level(change(Side::Buy, bid, LevelAction::Set, Flags::NONE)));
        self.hear(venue_at, Event::Level(change(Side::Sell, bid + 1, LevelAction::Set, Flags::LAST)));
    }

    /// Now and then the pair moves, and the venue moves cash.
    fn news(&mut self, now: Nanos) {
        if self.chance.chance(0.05) {
            let bid = self.chance.between(3, 7);
            self.pair(now, bid);
        }
        if self.chance.chance(0.05) {
            let kinds = types::CashKind::ALL;
            let kind = kinds[usize::try_from(self.chance.below(3)).expect("three kinds")];
            let amount = Money(i128::from(self.chance.between(-9_000_000_000_000, 7_000_000_000_000)));
            self.hear(now, Event::Cash(types::Cash::new(now, ES, kind, amount)));
        }
    }

    /// Runs to the end; `each` sees every step.
    pub(crate) fn run(&mut self, mut each: impl FnMut(&Input, &[Command], &Engine)) {
        let mut commands = Vec::new();
        while let Some(((now, _), next)) = self.queue.pop_first() {
            if now > self.end {
                break;
            }
            match next {
                Next::Market => self.on_market(now),
                Next::Arrives(command) => self.on_command(now, &command),
                Next::Hears(event) => {
                    let input = Input { seq: Seq(self.fed), received_at: now, event };
                    self.fed += 1;
                    commands.clear();
                    self.engine.step(&input, &mut commands);
                    each(&input, &commands, &self.engine);
                    for command in &commands {
                        let delay = self.between(350, 500);
                        self.at(now + delay, Next::Arrives(*command));
                    }
                }
            }
        }
    }

    fn on_market(&mut self, now: Nanos) {
        let pause = Nanos((self.chance.exponential() * 150e6) as i64 + 1);
        self.at(now + pause, Next::Market);
        if self.abroad {
            self.news(now);
        }
        if self.stale_until.is_some_and(|until| now >= until) {
            self.stale_until = None;
            self.snapshot(now);
        }
        // Once, in the middle: a hole in the feed for five seconds.
        let middle = Nanos((START.0 + self.end.0) / 2);
        if now < middle && now + pause >= middle {
            let gap = Gap { venue_at: now, expected: 1, received: 2, instrument: Some(ES) };
            self.hear(now, Event::Gap(gap));
            self.stale_until = Some(now + Nanos::from_secs(5));
        }
        self.trend = self.trend * 0.97 + self.chance.normal() * 0.05;
        let aggressor =
            if self.chance.unit() < 0.5 + 0.2 * self.trend.clamp(-1.0, 1.0) { Side::Buy } else { Side::Sell };
        match self.chance.below(20) {
            0..5 => self.trade(now, aggressor),
            5 => self.shift(now, aggressor),
            _ => {
                let (side, size) = (!aggressor, self.chance.between(20, 200));
                let price = if side == Side::Buy { self.bid } else { self.bid + 1 };
                self.level(now, side, price, size, true);
            }
        }
    }

    fn touch(&self, side: Side) -> Ticks {
        if side == Side::Buy { self.bid } else { self.bid + 1 }
    }

    fn trade(&mut self, now: Nanos, aggressor: Side) {
        let size = 1 + (self.chance.exponential() * 14.0) as i64;
        let price = self.touch(!aggressor);
        let mut left = size;
        for at in 0..self.resting.len() {
            let resting = &mut self.resting[at];
            if resting.side == aggressor || resting.price != price {
                continue;
            }
            let passed = resting.ahead.min(left);
            resting.ahead -= passed;
            left -= passed;
            let hit = resting.unfilled.min(left);
            if hit > 0 {
                left -= hit;
                self.fill(now, at, hit);
            }
        }
        self.resting.retain(|resting| resting.unfilled > 0);
        self.hear(
            now,
            Event::Trade(Trade {
                venue_at: now,
                price,
                size: Lots(size),
                id: 0,
                instrument: ES,
                price_fraction: 0,
                aggressor: Some(aggressor),
                flags: Flags::LAST,
            }),
        );
    }

    fn fill(&mut self, now: Nanos, at: usize, size: i64) {
        let resting = &mut self.resting[at];
        resting.unfilled -= size;
        let (order, price) = (resting.order, resting.price);
        self.fills += 1;
        let outcome =
            Outcome::Filled { price, size: Lots(size), fill: self.fills, liquidity: Liquidity::Maker };
        self.report(now, order, outcome);
        // Now and then the venue says it twice.
        if self.chance.chance(0.02) {
            self.report(now, order, outcome);
        }
    }

    /// The touch moves a tick up (after buying) or down; what rests in the way trades.
    fn shift(&mut self, now: Nanos, towards: Side) {
        let step = towards.sign();
        let swept = self.touch(!towards);
        for at in 0..self.resting.len() {
            let resting = self.resting[at];
            if resting.side != towards && resting.price == swept && resting.unfilled > 0 {
                self.fill(now, at, resting.unfilled);
            }
        }
        self.resting.retain(|resting| resting.unfilled > 0);
        let size = self.chance.between(20, 200);
        if step > 0 {
            self.level(now, Side::Sell, self.bid + 1, 0, false);
            self.level(now, Side::Sell, self.bid + 4, size, false);
            self.level(now, Side::Buy, self.bid - 2, 0, false);
            self.level(now, Side::Buy, self.bid + 1, size / 2 + 1, true);
        } else {
            self.level(now, Side::Buy, self.bid, 0, false);
            self.level(now, Side::Buy, self.bid - 3, size, false);
            self.level(now, Side::Sell, self.bid + 3, 0, false);
            self.level(now, Side::Sell, self.bid, size / 2 + 1, true);
        }
        self.bid = self.bid + step;
    }

    fn on_command(&mut self, now: Nanos, command: &Command) {
        match *command {
            Command::Place(place) => {
                let (order, terms) = (place.order, place.terms);
                let crosses = terms.price.crosses(self.touch(!terms.side), terms.side);
                if terms.kind == OrderKind::PostOnly && crosses {
                    return self.report(now, order, Outcome::Rejected(RejectReason::WouldTake));
                }
                self.report(now, order, Outcome::Accepted);
                if terms.time_in_force == TimeInForce::ImmediateOrCancel {
                    return self.take(now, order, &terms, crosses);
                }
                let ahead = self.chance.between(2, 40);
                self.resting.push(Resting {
                    order,
                    side: terms.side,
                    price: terms.price,
                    unfilled: terms.size.0,
                    ahead,
                });
            }
            Command::Cancel { order, .. } => {
                let place = self.resting.iter().position(|resting| resting.order == order);
                let outcome = match place {
                    Some(place) => {
                        self.resting.remove(place);
                        Outcome::Canceled
                    }
                    None => Outcome::CancelRejected(RejectReason::UnknownOrder),
                };
                self.report(now, order, outcome);
            }
            Command::Replace { order, price, size, .. } => {
                let outside = [self.bid, self.bid + 1];
                let ahead = self.chance.between(2, 40);
                let outcome = match self.resting.iter_mut().find(|resting| resting.order == order) {
                    Some(resting) if price == outside[resting.side.index()] => {
                        (resting.price, resting.ahead) = (price, ahead);
                        Outcome::Replaced { price, size }
                    }
                    Some(_) => Outcome::ReplaceRejected(RejectReason::WouldTake),
                    None => Outcome::ReplaceRejected(RejectReason::UnknownOrder),
                };
                self.report(now, order, outcome);
            }
            Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => {}
        }
    }

    fn take(&mut self, now: Nanos, order: OrderId, terms: &NewOrder, crosses: bool) {
        if !crosses {
            return self.report(now, order, Outcome::Canceled);
        }
        self.fills += 1;
        let outcome = Outcome::Filled {
            price: self.touch(!terms.side),
            size: terms.size,
            fill: self.fills,
            liquidity: Liquidity::Taker,
        };
        self.report(now, order, outcome);
    }
}
