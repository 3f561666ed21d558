//! An engine with one strategy and a market made by hand: what is sent and what comes back is in the test's hands.

#![allow(dead_code, reason = "each test file uses its part")]

use engine::{Engine, EngineConfig, Seat};
use risk::Limits;
use strategies::{Values, find};
use types::instrument::Terms;
use types::{
    Command, Contract, Event, FeeSchedule, Flags, Gap, Input, Instrument, InstrumentId, LevelAction,
    LevelDelta, Liquidity, Lots, Nanos, OrderId, Origin, Outcome, Report, Seq, Side, StrategyId, Ticks,
    Timer, TimerId, Trade,
};

pub(crate) const X: InstrumentId = InstrumentId(0);

pub(crate) struct Floor {
    pub(crate) engine: Engine,
    pub(crate) now: Nanos,
    /// What the last step sent.
    pub(crate) sent: Vec<Command>,
    seq: Seq,
    /// The touch in the engine's book.
    touch: Option<(i64, i64)>,
    fills: u32,
}

/// A future: tick 0.25, multiplier 50.
pub(crate) fn instrument() -> Instrument {
    Instrument::new(Terms {
        id: X,
        symbol: "X".into(),
        venue: "test".into(),
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

impl Floor {
    pub(crate) fn new(strategy: &str, values: &[(&'static str, f64)], limits: Limits) -> Self {
        let instruments = vec![instrument()];
        let spec = find(strategy).expect("a listed strategy");
        let values = Values::new(spec, values.iter().copied()).expect("values in range");
        let strategy = (spec.make)(&values, &instruments, &[X]);
        Self {
            engine: Engine::new(EngineConfig {
                instruments,
                limits,
                fees: vec![FeeSchedule::default()],
                account: engine::AccountTerms::default(),
                kill_switch: false,
                seats: vec![Seat { strategy, instruments: vec![X] }],
            }),
            now: Nanos::from_secs(1_000_000),
            sent: Vec::with_capacity(64),
            seq: Seq(0),
            touch: None,
            fills: 0,
        }
    }

    pub(crate) fn wait(&mut self, millis: i64) {
        self.now = self.now + Nanos::from_millis(millis);
    }

    /// One input; what it makes the engine send is in `sent`.
    pub(crate) fn step(&mut self, event: Event) {
        self.sent.clear();
        let input = Input { seq: self.seq, received_at: self.now, event };
        self.seq = self.seq.next();
        self.engine.step(&input, &mut self.sent);
    }

    /// The book now has this touch and nothing else, in one packet.
    pub(crate) fn touch(&mut self, bid: i64, ask: i64) {
        let now = self.touch;
        if let Some((old_bid, old_ask)) = now {
            if old_bid != bid {
                self.level(Side::Buy, old_bid, 0, Flags::NONE);
            }
            if old_ask != ask {
                self.level(Side::Sell, old_ask, 0, Flags::NONE);
            }
        }
        self.level(Side::Buy, bid, 10, Flags::NONE);
        self.level(Side::Sell, ask, 10, Flags::LAST);
        self.touch = Some((bid, ask));
    }

    pub(crate) fn level(&mut self, side: Side, price: i64, size: i64, flags: Flags) {
        self.step(Event::Level(LevelDelta {
            venue_at: self.now,
            price: Ticks(price),
            size: Lots(size),
            orders: 1,
            instrument: X,
            side,
            action: LevelAction::Set,
            depth: 0,
            flags,
        }));
    }

    /// The feed lost something.
    pub(crate) fn gap(&mut self) {
        self.touch = None;
        self.step(Event::Gap(Gap { venue_at: self.now, expected: 1, received: 2, instrument: Some(X) }));
    }

    /// The feed is whole again: a snapshot with this touch.
    pub(crate) fn snapshot(&mut self, bid: i64, ask: i64) {
        let level = |side, price, action, flags| {
            Event::Level(LevelDelta {
                venue_at: Nanos(0),
                price: Ticks(price),
                size: Lots(10),
                orders: 1,
                instrument: X,
                side,
                action,
                depth: 0,
                flags,
            })
        };
        let (last, part) = (Flags::SNAPSHOT.with(Flags::LAST), Flags::SNAPSHOT);
        self.step(level(Side::Buy, 0, LevelAction::Clear, part));
        self.step(level(Side::Buy, bid, LevelAction::Set, part));
        self.step(level(Side::Sell, ask, LevelAction::Set, last));
        self.touch = Some((bid, ask));
    }

    pub(crate) fn trade(&mut self, price: i64, aggressor: Side) {
        self.step(Event::Trade(Trade {
            venue_at: self.now,
            price: Ticks(price),
            size: Lots(1),
            id: 0,
            instrument: X,
            price_fraction: 0,
            aggressor: Some(aggressor),
            flags: Flags::NONE,
        }));
    }

    pub(crate) fn timer(&mut self, due_at: Nanos, timer: TimerId) {
        self.step(Event::Timer(Timer { due_at, timer, strategy: StrategyId(0) }));
    }

    pub(crate) fn report(&mut self, order: u32, outcome: Outcome) {
        self.step(Event::Report(Report {
            venue_at: self.now,
            order: OrderId(order),
            instrument: X,
            outcome,
        }));
    }

    pub(crate) fn fill(&mut self, order: u32, price: i64, size: i64) {
        self.fills += 1;
        let outcome = Outcome::Filled {
            price: Ticks(price),
            size: Lots(size),
            fill: self.fills,
            liquidity: Liquidity::Maker,
        };
        self.report(order, outcome);
    }

    /// What the last step sent, a message a line: `buy #0 1@100`, `#0 to 2@101`, `no #0`, `wake +100ms`.
    pub(crate) fn said(&self) -> Vec<String> {
        let line = |command: &Command| match command {
            Command::Place(place) => {
                let terms = &place.terms;
                format!("{} #{} {}@{}", terms.side, place.order, terms.size.0, terms.price.0)
            }
            Command::Cancel { order, .. } => format!("no #{order}"),
            Command::Replace { order, price, size, .. } => format!("#{order} to {}@{}", size.0, price.0),
            Command::Query { .. } | Command::MassCancel { .. } | Command::Alert { .. } => {
                format!("{command:?}")
            }
            Command::WakeAt { at, .. } => format!("wake +{}ms", (*at - self.now).0 / 1_000_000),
        };
        self.sent.iter().map(line).collect()
    }
}
