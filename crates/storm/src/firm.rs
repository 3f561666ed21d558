//! The firm that weathers the storm: its limits, its strategies, its engine as it is built for every life of a process.

use crate::chaos::Chaos;
use crate::ranges::{Mix, Shape};
use engine::{AccountTerms, Engine, EngineConfig, Seat};
use risk::{AccountLimits, InstrumentLimits, Limits};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use stdx::Prng;
use strategies::list::{self, Values};
use types::{FeeSchedule, Instrument, InstrumentId, Lots};

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

impl Firm {
    /// Who is there, and how far they may go, is drawn by the seed.
    pub(crate) fn new(seed: u64, mix: &Mix, instruments: &[Instrument], strategies: [bool; 3]) -> Self {
        let mut prng = Prng::new(seed).fork("firm");
        let fees = FeeSchedule { per_lot_nanos: 1_250_000_000, taker_ppb: 20_000, ..FeeSchedule::default() };
        let tight = prng.chance(0.2);
        let limits = Limits {
            account: AccountLimits {
                open_orders: Some(u32::try_from(prng.between(6, 40)).expect("small")),
                messages_per_second: Some(u32::try_from(prng.between(5, 60)).expect("small")),
                burst: Some(u32::try_from(prng.between(5, 60)).expect("small")),
                daily_loss_nanos: Some(if tight { 2_000_000_000_000 } else { i64::MAX }),
                drawdown_nanos: Some(if tight { 1_500_000_000_000 } else { i64::MAX }),
                day_starts_at_seconds: 0,
            },
            default: InstrumentLimits {
                order_size: Some(Lots(prng.between(3, 8))),
                order_notional_nanos: Some(i64::MAX),
                position: Some(Lots(prng.between(4, 20))),
                open_orders: Some(u32::try_from(prng.between(4, 20)).expect("small")),
                collar_ticks: Some(prng.between(4, 40)),
                collar_ppm: None,
                collar_reference: None,
            },
            instruments: BTreeMap::new(),
        };
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
        self.limits.of(instrument).position.map_or(0, |lots| lots.0)
    }
}
