//! From a run of `runtime`'s to its report: who watches it, what was wrong with its data, what a reader must know.
//!
//! Every door that runs a backtest reports through here, so that the same run gives the same `report.json`, byte for
//! byte, wherever it was started.

use crate::{About, Counted, DataFile, Ending, Recorder, Report, number};
use engine::Engine;
use runtime::backtest::{Backtest, Large, Observer};
use runtime::config::{AllocationName, JitterShape, Journey, Latency, MarketDataLatency, QueueModelName};
use runtime::{Prepared, Setup};
use types::record::Record;
use types::{Command, Input, InstrumentId, Money, Nanos, Origin};
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

    /// The run is over. `faults` come from [`faults`] and [`doubts`].
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

/// What casts doubt on a run that is over: what of its data did not fit, and orders too large for what was shown.
#[must_use]
pub fn doubts(prepared: &Prepared, backtest: &Backtest) -> Vec<Counted> {
    let misfit = misfit(prepared, backtest.feed().faults());
    misfit.into_iter().chain(large(&prepared.setup, backtest.venue().large())).collect()
}

/// What the survey could read and the run could not: numbers that are off the grid of the instrument's terms.
fn misfit(prepared: &Prepared, run: &[Fault]) -> Option<Counted> {
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

/// Orders for which "the market does not react to us" is in doubt.
fn large(setup: &Setup, large: Large) -> Option<Counted> {
    let (order, size, shown) = large.largest?;
    let what = format!(
        "orders for more than {} % of what was shown, so that \"no impact\" is in doubt; the largest, order {order}, was \
         for {} lots where {} were shown",
        setup.config.venue.large_order_share * 100.0,
        size.0,
        shown.0
    );
    Some(Counted { what, count: large.orders })
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
    caveats.push(format!("Latency is assumed: {}", latency_in_words(latency)));
    for venue in &latency.venue {
        caveats.push(format!("Latency of {}: {}", venue.name, latency_in_words(&latency.with(venue))));
    }
    if setup.config.fees.is_free() {
        caveats.push("No fees are configured; real venues charge them ([fees] in the configuration).".into());
    }
    if !setup.config.market.model.is_empty() {
        caveats.push(
            "The market is generated: agents that are like a recorded day in what docs/generative-market.md lists, and not \
             in all. They see our orders in their one queue and react to them; none of them is informed, so that what \
             trading against the informed costs is not in these figures."
                .into(),
        );
        return caveats;
    }
    let queue = match setup.config.venue.queue_model {
        QueueModelName::Pessimistic => "every cancel is behind us".into(),
        QueueModelName::Power => format!("the power model, exponent {}", setup.config.venue.queue_exponent),
        QueueModelName::Logarithmic => "the logarithmic model".into(),
        QueueModelName::PowerOfSum => {
            format!("the power-of-sum model, exponent {}", setup.config.venue.queue_exponent)
        }
        QueueModelName::LogarithmicOfSum => "the logarithm-of-sum model".into(),
        QueueModelName::PowerOfShare => {
            format!("the power-of-share model, exponent {}", setup.config.venue.queue_exponent)
        }
    };
    caveats.push(format!(
        "Our place in a queue is exact with order-by-order data and estimated with price-level data ({queue})."
    ));
    let matched = |id: &InstrumentId| {
        let symbol = &setup.instruments[id.index()].terms().symbol;
        (symbol, setup.config.venue.allocation_of(symbol).allocation)
    };
    let traded = setup.strategies.iter().flat_map(|strategy| &strategy.traded);
    for (symbol, rule) in traded.map(matched).filter(|(_, rule)| *rule != AllocationName::Fifo) {
        caveats.push(format!(
            "{symbol}: who gets how much at a price goes by {}; that others are lead market makers is not in the \
             data, and the first in time counts as the order that bettered the market.",
            rule.name()
        ));
    }
    let venue = &setup.config.venue;
    caveats.push(if venue.impact_ticks_per_lot > 0.0 {
        format!(
            "Each lot we take shifts the prices we take at later by {} steps, falling to 1/e in {} s; nobody joins or \
             leaves because of us, and our resting orders move nothing.",
            venue.impact_ticks_per_lot, venue.impact_decay_seconds
        )
    } else {
        "The market does not react to our orders: no impact, and nobody joins or leaves because of us.".into()
    });
    caveats
}

fn latency_in_words(latency: &Latency) -> String {
    let span = |ns: u64| number::span(Nanos(i64::try_from(ns).unwrap_or(i64::MAX)));
    let jitter = |by: Journey| match by.shape {
        JitterShape::Constant => "no jitter".into(),
        JitterShape::Gamma => format!("jitter {} (gamma of shape {})", span(by.jitter_ns), by.gamma_shape),
        JitterShape::Uniform | JitterShape::Exponential | JitterShape::Normal => {
            format!("jitter {} ({})", span(by.jitter_ns), by.shape.name())
        }
    };
    let way = |by: Journey| format!("{}, {}", span(by.base_ns), jitter(by));
    let orders = match latency.order_samples.as_str() {
        "" => format!("orders {}; answers {}", way(latency.orders()), way(latency.answers())),
        file => format!("orders and answers as measured in {file}, straight lines in between"),
    };
    let data = latency.market_data();
    let data = match latency.market_data {
        MarketDataLatency::Modelled => way(data),
        MarketDataLatency::Recorded => format!(
            "{} on top of what the recording shows above its fastest messages, clock skew removed",
            span(data.base_ns)
        ),
    };
    let floor = match latency.floor_ns {
        0 => String::new(),
        floor => format!("; never less than {}", span(floor)),
    };
    format!("{orders}; market data {data}{floor}.")
}
