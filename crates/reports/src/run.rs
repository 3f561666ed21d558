//! From a run of `runtime`'s to its report: who watches it, what was wrong with its data, what a reader must know.
//!
//! Every door that runs a backtest reports through here, so that the same run gives the same `report.json`, byte for
//! byte, wherever it was started.

use crate::breakdown::StrategyName;
use crate::{About, Counted, DataFile, Ending, Recorder, Report, number};
use engine::Engine;
use runtime::backtest::{Backtest, Large, Observer};
use runtime::calendar::Sessions;
use runtime::config::{
    AllocationName, JitterShape, Journey, Latency, MarketDataLatency, QueueModelName, SelfMatchName,
};
use runtime::local_time::Zone;
use runtime::setup::StrategySetup;
use runtime::{Prepared, Setup};
use types::record::Record;
use types::{Command, Input, InstrumentId, Money, Nanos, Origin};
use venues::{Fault, cme, nasdaq};

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
            config_hash: setup.hash(),
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
    let traded = setup.traded();
    let strategies = strategies(setup);
    let told = strategies.iter().map(|one| match one.label == one.strategy {
        true => format!("{} ({})", one.strategy, one.parameters),
        false => format!("{}: {} ({})", one.label, one.strategy, one.parameters),
    });
    About {
        title: setup.config.report.title.clone(),
        strategy: told.collect::<Vec<_>>().join("; "),
        zone: zone(traded.iter().map(|id| setup.instruments[id.index()].terms().venue.as_str())),
        config: setup.config.to_toml(),
        data: setup
            .data
            .iter()
            .map(|file| DataFile { name: file.name.clone(), bytes: file.bytes, hash: file.blake3.clone() })
            .collect(),
        instruments: setup.instruments.clone(),
        traded,
        strategies,
        capital: money(setup.config.trading.initial_capital),
        currency: setup.currency(),
        attribution_after: seconds(setup.config.report.adverse_selection_seconds),
        days: setup.sessions.days.clone(),
    }
}

/// Who trades what, as tables call them.
fn strategies(setup: &Setup) -> Vec<StrategyName> {
    let one = |strategy: &StrategySetup| {
        let values = strategy.values.iter().map(|(name, value)| format!("{name} = {value}"));
        StrategyName {
            label: strategy.label().to_owned(),
            strategy: strategy.name.clone(),
            parameters: values.collect::<Vec<_>>().join(", "),
            symbols: strategy.traded.iter().map(|id| name_of(setup, *id)).collect(),
        }
    };
    setup.strategies.iter().map(one).collect()
}

/// Its symbol, with its venue where another one traded has the same.
fn name_of(setup: &Setup, id: InstrumentId) -> String {
    let of = |id: InstrumentId| setup.instruments[id.index()].terms();
    match setup.traded().iter().filter(|other| of(**other).symbol == of(id).symbol).count() {
        0 | 1 => of(id).symbol.clone(),
        _ => format!("{}/{}", of(id).venue, of(id).symbol),
    }
}

/// The clock on the wall of the exchanges, when it is known and the same for all; else there is UTC alone.
fn zone<'a>(venues: impl Iterator<Item = &'a str>) -> Option<(String, Zone)> {
    let of = |venue: &str| match venue {
        cme::VENUE => Some("America/Chicago"),
        nasdaq::VENUE => Some("America/New_York"),
        _ => None,
    };
    let mut names: Vec<Option<&str>> = venues.map(of).collect();
    names.dedup();
    let [Some(name)] = names[..] else { return None };
    Some((name.to_owned(), Zone::named(name)?))
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
    for id in setup.traded() {
        let terms = setup.instruments[id.index()].terms();
        if terms.origin == Origin::Inferred {
            caveats.push(format!(
                "{}: the data does not define it; steps are inferred from prices and sizes, and its multiplier \
                 and currency are assumed. [[instrument]] in the configuration sets them.",
                name_of(setup, id)
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
    caveats.extend(carry_in_words(setup));
    let account = setup.currency();
    for entry in setup.config.currency.iter().filter(|entry| entry.code != account) {
        caveats.push(match entry.instrument.as_str() {
            "" => format!("One {} is worth {} {account} throughout: a fixed rate.", entry.code, entry.rate),
            priced => format!(
                "What one {} is worth goes by the mid of {priced}, at which nothing is exchanged.",
                entry.code
            ),
        });
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
    for (symbol, rule) in setup.traded().iter().map(matched).filter(|(_, rule)| *rule != AllocationName::Fifo)
    {
        caveats.push(format!(
            "{symbol}: who gets how much at a price goes by {}; that others are lead market makers is not in the \
             data, and the first in time counts as the order that bettered the market.",
            rule.name()
        ));
    }
    caveats.extend(sessions(setup));
    let venue = &setup.config.venue;
    caveats.extend(shared(setup));
    caveats.push(if venue.impact_ticks_per_lot > 0.0 {
        format!(
            "Each lot we take shifts the market by {} steps, falling to 1/e in {} s: what we take later on that side is \
             dearer, and our orders that rest there fill later. Nobody joins or leaves because of us, and our resting \
             orders move nothing.",
            venue.impact_ticks_per_lot, venue.impact_decay_seconds
        )
    } else {
        "The market does not react to our orders: no impact, and nobody joins or leaves because of us.".into()
    });
    caveats
}

/// Instruments that several strategies trade: what happens when their orders meet.
fn shared(setup: &Setup) -> Option<String> {
    let traders = |id: &InstrumentId| setup.strategies.iter().filter(|one| one.traded.contains(id)).count();
    let shared: Vec<_> = setup.traded().into_iter().filter(|id| traders(id) > 1).collect();
    let symbols: Vec<String> = shared.into_iter().map(|id| name_of(setup, id)).collect();
    let yields = match setup.config.venue.self_match {
        SelfMatchName::CancelNewest => "the incoming one is refused",
        SelfMatchName::CancelOldest => "the resting one is cancelled",
        SelfMatchName::CancelBoth => "both are cancelled",
        SelfMatchName::Decrement => "both lose the size of the smaller one",
    };
    (!symbols.is_empty()).then(|| {
        format!(
            "{}: several strategies trade it for one account. Where two of their orders would trade with each other, \
             {yields} ([venue] self_match): such a trade is in no strategy's P&L. Their orders stand in the same queue, \
             and each holds its own position; limits are the account's.",
            symbols.join(", ")
        )
    })
}

/// What holding costs in this run, instrument by instrument where it is not nothing.
fn carry_in_words(setup: &Setup) -> Vec<String> {
    let mut caveats = Vec::new();
    for id in setup.traded() {
        let instrument = &setup.instruments[id.index()];
        let (funding, perpetual) = setup.config.funding.of(instrument);
        if perpetual {
            let every = number::span(setup.config.funding.terms(instrument).every);
            let recorded = if funding.recorded { ", or as recorded" } else { "" };
            caveats.push(format!(
                "{}: funding of {} bp every {every}{recorded}, of what is held at the moment; a real rate moves with \
                 the market.",
                name_of(setup, id),
                funding.rate_bp
            ));
        }
        let borrow = setup.config.borrow.of(instrument);
        if borrow.short_percent_a_year != 0.0 || borrow.long_percent_a_year != 0.0 {
            caveats.push(format!(
                "{}: shorts cost {} % and longs {} % a year of {} days, charged at {} h UTC for what is held then; that \
                 there is always something to borrow is assumed.",
                name_of(setup, id),
                borrow.short_percent_a_year,
                borrow.long_percent_a_year,
                borrow.days_a_year,
                borrow.day_ends_at_hour
            ));
        }
    }
    caveats
}

/// When markets were taken to be open, and by whose word.
fn sessions(setup: &Setup) -> Vec<String> {
    let Sessions { calendars, recorded, unasked, days } = &setup.sessions;
    let traded: Vec<&str> = setup
        .strategies
        .iter()
        .flat_map(|strategy| &strategy.traded)
        .map(|id| setup.instruments[id.index()].symbol())
        .collect();
    let is_traded = |symbol: &String| traded.contains(&symbol.as_str());
    let mut said = Vec::new();
    for (symbol, calendar) in calendars.iter().filter(|(symbol, _)| is_traded(symbol)) {
        said.push(format!(
            "{symbol}: the recording does not say when its market is open; the calendar `{calendar}` does. Orders are \
             refused while it is closed, and those for the day end with it."
        ));
    }
    for symbol in recorded.iter().filter(|symbol| is_traded(symbol)) {
        said.push(format!("{symbol}: the recording says when its market is open; no calendar was needed."));
    }
    for (symbol, calendar) in unasked {
        said.push(format!(
            "{symbol}: the recording does not say when its market is open, so it counts as open at any time; \
             venue.calendar = \"auto\" would go by `{calendar}`."
        ));
    }
    if !days.is_utc() {
        said.push(
            "Days of returns and of the daily loss are the venue's trading days, not those of UTC.".into(),
        );
    }
    for halt in &setup.config.venue.halt {
        said.push(format!("A halt that never was: {} from {} to {}.", halt.symbol, halt.from, halt.to));
    }
    let rolls = setup.config.roll.iter().filter(|roll| setup.config.trading.symbols.contains(&roll.name));
    for roll in rolls {
        said.push(format!(
            "{} is {} one after the other: the strategy starts anew with each, and the position is carried over by \
             orders that take what stands at the touch.",
            roll.name,
            roll.symbols.join(", ")
        ));
    }
    said
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
