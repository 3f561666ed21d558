//! From a run of `runtime`'s to its report: who watches it, what was wrong with its data, what a reader must know.
//!
//! Every door that runs a backtest reports through here, so that the same run gives the same `report.json`, byte for
//! byte, wherever it was started.

use crate::{About, Counted, DataFile, Ending, Recorder, Report, number};
use engine::Engine;
use runtime::backtest::Observer;
use runtime::config::{Fees, JitterShape, MarketDataLatency, QueueModelName};
use runtime::{Prepared, Setup};
use types::record::Record;
use types::{Command, Input, Money, Nanos, Origin};
use venues::Fault;

/// The report's recorder, and a hash over every command.
pub struct Watch {
    recorder: Recorder,
    commands: blake3::Hasher,
    config_hash: String,
    caveats: Vec<String>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("config_hash", &self.config_hash).finish_non_exhaustive()
    }
}

impl Watch {
    /// Before the first input.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        Self {
            recorder: Recorder::new(about(setup)),
            commands: blake3::Hasher::new(),
            config_hash: blake3::hash(setup.to_json().as_bytes()).to_hex().to_string(),
            caveats: caveats(setup),
        }
    }

    /// The run is over. `faults` come from [`faults`] and [`misfit`].
    #[must_use]
    pub fn finish(self, engine: &Engine, journal_head: Option<String>, faults: Vec<Counted>) -> Report {
        let ending = Ending {
            config_hash: self.config_hash,
            journal_head,
            commands_hash: Some(self.commands.finalize().to_hex().to_string()),
            faults,
            caveats: self.caveats,
        };
        self.recorder.finish(engine, ending)
    }
}

impl Observer for Watch {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        for &command in commands {
            let record = Record::Command { seq: input.seq, at: input.received_at, command };
            self.commands.update(&record.to_bytes());
        }
        self.recorder.on_step(input, commands, engine);
    }
}

fn about(setup: &Setup) -> About {
    let traded: Vec<_> = setup.strategies.iter().flat_map(|s| s.traded.iter().copied()).collect();
    let strategies = setup.strategies.iter().map(|strategy| {
        let values: Vec<String> =
            strategy.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{} ({})", strategy.name, values.join(", "))
    });
    let currency = traded.first().map_or("", |id| setup.instruments[id.index()].currency());
    About {
        title: setup.config.report.title.clone(),
        strategy: strategies.collect::<Vec<_>>().join("; "),
        config: setup.config.to_toml(),
        data: setup
            .data
            .iter()
            .map(|file| DataFile { name: file.name.clone(), bytes: file.bytes, hash: file.blake3.clone() })
            .collect(),
        instruments: setup.instruments.clone(),
        traded,
        capital: money(setup.config.trading.initial_capital),
        currency: currency.into(),
        attribution_after: seconds(setup.config.report.adverse_selection_seconds),
    }
}

/// Configured amounts are written in whole units and cents; a billionth is as fine as they come.
#[expect(clippy::cast_possible_truncation, reason = "saturates; configuration was checked to be finite")]
fn money(amount: f64) -> Money {
    Money::from_nanos((amount * 1e9).round() as i64)
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; configuration was checked to be finite")]
fn seconds(span: f64) -> Nanos {
    Nanos((span * 1e9).round() as i64)
}

/// What the survey could read and the run could not: numbers that are off the grid of the instrument's terms.
#[must_use]
pub fn misfit(prepared: &Prepared, run: &[Fault]) -> Option<Counted> {
    let files = &prepared.survey.files;
    let known: u64 = files.iter().map(|file| file.fault_count).sum();
    let count = (run.len() as u64).checked_sub(known).filter(|count| *count > 0)?;
    let first = run.iter().find(|fault| files.iter().all(|file| !file.faults.contains(fault)))?;
    let what =
        format!("places that do not fit the instruments' terms (see [[instrument]]), the first {first}");
    Some(Counted { what, count })
}

/// What was wrong with the data, for the report.
#[must_use]
pub fn faults(prepared: &Prepared) -> Vec<Counted> {
    let mut faults = Vec::new();
    for file in &prepared.survey.files {
        let mut count = |what: &str, count| {
            if count > 0 {
                faults.push(Counted { what: format!("{}: {what}", file.name), count });
            }
        };
        count("gaps", file.gaps);
        count("events stamped before an earlier one", file.out_of_order);
        count("damaged places", file.fault_count);
        count("bytes skipped", file.skipped);
        for fault in &file.faults {
            count(&fault.to_string(), 1);
        }
    }
    faults
}

/// What a reader must know before believing a number.
#[must_use]
pub fn caveats(setup: &Setup) -> Vec<String> {
    let mut caveats = Vec::new();
    for id in setup.strategies.iter().flat_map(|strategy| &strategy.traded) {
        let terms = setup.instruments[id.index()].terms();
        if terms.origin == Origin::Inferred {
            caveats.push(format!(
                "{}: the data does not define it; steps are inferred from prices and sizes, and its multiplier \
                 and currency are assumed. [[instrument]] in the configuration sets them.",
                terms.symbol
            ));
        }
    }
    let latency = &setup.config.latency;
    let span = |ns: u64| number::span(Nanos(i64::try_from(ns).unwrap_or(i64::MAX)));
    caveats.push(format!(
        "Latency is assumed: orders {}, answers {}, market data {} ({}), jitter {} ({}).",
        span(latency.order_ns),
        span(latency.response_ns),
        span(latency.market_data_ns),
        match latency.market_data {
            MarketDataLatency::Modelled => "modelled",
            MarketDataLatency::Recorded => "on top of what the recording shows above its minimum",
        },
        span(latency.jitter_ns),
        match latency.jitter_shape {
            JitterShape::Uniform => "uniform",
            JitterShape::Exponential => "exponential",
        },
    ));
    if setup.config.fees == (Fees { maker_bp: 0.0, taker_bp: 0.0, exchange_fee_per_lot: 0.0 }) {
        caveats.push("No fees are configured; real venues charge them ([fees] in the configuration).".into());
    }
    let queue = match setup.config.venue.queue_model {
        QueueModelName::Pessimistic => "every cancel is behind us".into(),
        QueueModelName::Power => format!("the power model, exponent {}", setup.config.venue.queue_exponent),
        QueueModelName::Logarithmic => "the logarithmic model".into(),
    };
    caveats.push(format!(
        "Our place in a queue is exact with order-by-order data and estimated with price-level data ({queue})."
    ));
    caveats.push(
        "The market does not react to our orders: no impact, and nobody joins or leaves because of us."
            .into(),
    );
    caveats
}
