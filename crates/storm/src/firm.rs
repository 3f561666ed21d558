//! The firm that weathers the storm: its limits, its strategies, its engine as it is built for every life of a process.

use crate::chaos::Chaos;
use crate::ranges::{Mix, Shape};
use engine::{AccountTerms, Engine, EngineConfig, Seat};
use risk::{Level, LimitId, Limits};
use std::cell::Cell;
use std::rc::Rc;
use stdx::Prng;
use strategies::list::{self, Values};
use types::{AccountId, FeeSchedule, Instrument, InstrumentId, StrategyId};

/// What the firm is made of; the same for every life of its process.
#[derive(Clone, Debug)]
pub(crate) struct Firm {
    seed: u64,
    wishes_per_second: f64,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) limits: Limits,
    pub(crate) fees: Vec<FeeSchedule>,
    strategies: [bool; 3],
    /// A bug on purpose; see [`Chaos`].
    pub(crate) hidden: Option<Rc<Cell<u64>>>,
}

/// How far the firm may go: a limit of each level, between these. Tight enough to be met.
const RANGES: [(Level, LimitId, i64, i64); 7] = [
    (Level::Firm, LimitId::OpenOrders, 6, 40),
    (Level::Account, LimitId::MessagesPerSecond, 5, 60),
    (Level::Account, LimitId::Burst, 5, 60),
    (Level::Instrument, LimitId::OrderSize, 3, 8),
    (Level::Instrument, LimitId::Position, 4, 20),
    (Level::Instrument, LimitId::OpenOrders, 4, 20),
    (Level::Instrument, LimitId::CollarTicks, 4, 40),
];

impl Firm {
    /// Who is there, and how far they may go, is drawn by the seed.
    pub(crate) fn new(seed: u64, mix: &Mix, instruments: &[Instrument], strategies: [bool; 3]) -> Self {
        let mut prng = Prng::new(seed).fork("firm");
        let fees = FeeSchedule { per_lot_nanos: 1_250_000_000, taker_ppb: 20_000, ..FeeSchedule::default() };
        let tight = prng.chance(0.2);
        let mut limits = Limits::wide();
        // Drawn in one order, so that a seed means one firm.
        for (level, limit, low, high) in RANGES {
            limits.every(level, limit, prng.between(low, high));
        }
        limits.strategies.clear();
        limits.accounts.clear();
        for (row, (name, account)) in
            [("touch", "makers"), ("chaos", "takers"), ("dealer", "makers")].into_iter().enumerate()
        {
            if strategies[row] {
                limits.seat(name, account);
            }
        }
        if tight {
            limits.every(Level::Firm, LimitId::DailyLoss, 2_000_000_000_000);
            limits.every(Level::Firm, LimitId::Drawdown, 1_500_000_000_000);
        }
        Self {
            seed,
            wishes_per_second: mix.shape(Shape::Chaos),
            instruments: instruments.to_vec(),
            limits,
            fees: vec![fees; instruments.len()],
            strategies,
            hidden: None,
        }
    }

    /// The engine of a new process.
    pub(crate) fn engine(&self) -> Engine {
        let all: Vec<InstrumentId> = self.instruments.iter().map(Instrument::id).collect();
        let listed = |name: &str, given: &[(&str, f64)]| {
            let spec = list::find(name).expect("it is in the list");
            let values = Values::new(spec, given.iter().copied()).expect("within its ranges");
            let strategy = (spec.make)(&values, &self.instruments, &all);
            Seat { strategy, instruments: all.clone() }
        };
        let mut seats = Vec::new();
        if self.strategies[0] {
            seats.push(listed("joined_touch", &[("order_size", 2.0), ("max_position", 8.0)]));
        }
        if self.strategies[1] {
            let chaos = Chaos::new(self.seed, self.wishes_per_second, all.len()).hiding(self.hidden.clone());
            seats.push(Seat { strategy: Box::new(chaos), instruments: all.clone() });
        }
        if self.strategies[2] {
            let given = [("order_size", 1.0), ("max_position", 6.0), ("volatility_half_life", 10.0)];
            seats.push(listed("glft", &given));
        }
        Engine::new(EngineConfig {
            instruments: self.instruments.clone(),
            limits: self.limits.clone(),
            fees: self.fees.clone(),
            account: AccountTerms::default(),
            kill_switch: false,
            seats,
        })
    }

    /// The limit of a position in an instrument, as it was at the start.
    pub(crate) fn position_limit(&self, instrument: &Instrument) -> i64 {
        let terms = instrument.terms();
        let own = self.limits.level(Level::Instrument).of(&format!("{}/{}", terms.venue, terms.symbol));
        own.of(LimitId::Position).number().unwrap_or(0)
    }

    /// How many strategies there are.
    pub(crate) fn strategies(&self) -> usize {
        self.strategies.iter().filter(|is| **is).count()
    }

    /// Makers trade on one account, chaos on another.
    pub(crate) fn account_of(&self, strategy: StrategyId) -> AccountId {
        self.limits.strategies.get(strategy.index()).map_or(AccountId(0), |seat| seat.account)
    }
}
