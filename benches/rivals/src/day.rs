//! A recording, prepared once: our events in memory, and the same events in hftbacktest's form.
//!
//! Both come out of our feed, so that both see the same venue times and the same times of arrival: what is compared is
//! the backtest, not the decoder (whose comparison with independent readers is `crates/venues/tests`).

use crate::workload::{Queue, Workload};
use anyhow::Context;
use hftbacktest::types as hft;
use runtime::source::{Progress, Recording};
use runtime::survey::FileSurvey;
use runtime::{Prepared, Source, SourceError, prepare};
use std::collections::VecDeque;
use std::path::Path;
use types::{Arrival, Event, Flags, Instrument, InstrumentId, LevelAction, Side};
use venues::{Directory, Output};

/// Events to a batch of the feed, as history gives them.
const BATCH: usize = 4_096;

/// A prepared recording.
pub struct Day {
    /// With our configuration for the workload.
    pub prepared: Prepared,
    /// What is traded.
    pub instrument: InstrumentId,
}

impl Day {
    /// Surveys a recording for a workload.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path, workload: &Workload, queue: Queue) -> anyhow::Result<Self> {
        Self::of(vec![Recording::File(path.into())], workload, queue)
    }

    /// The same of recordings that are known already: an import.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn of(recordings: Vec<Recording>, workload: &Workload, queue: Queue) -> anyhow::Result<Self> {
        let prepared = prepare(recordings, workload.config(queue), |_| {})?;
        let traded = prepared.setup.strategies.first().and_then(|setup| setup.traded.first());
        let instrument = *traded.context("nothing is traded")?;
        Ok(Self { prepared, instrument })
    }

    /// What is traded.
    #[must_use]
    pub fn terms(&self) -> &Instrument {
        &self.prepared.table.instruments[self.instrument.index()]
    }

    /// What is known of its only recording.
    #[must_use]
    pub fn survey(&self) -> &FileSurvey {
        &self.prepared.survey.files[0]
    }

    /// Every event as it was decoded, in batches.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn arrivals(&self) -> anyhow::Result<Vec<Vec<Arrival>>> {
        let recording = &self.prepared.recordings()[0];
        let mut source = runtime::source::open(recording, &Progress::default())?;
        let table = &self.prepared.table;
        let mut directory = Directory::run(&table.instruments, &table.wire_ticks);
        let (mut out, mut batches, mut more) = (Output::default(), Vec::new(), true);
        let mut batch = Vec::with_capacity(BATCH);
        while more {
            more = source.read(&mut directory, &mut out)?;
            for arrival in &out.arrivals {
                batch.push(*arrival);
                if batch.len() == BATCH {
                    batches.push(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
                }
            }
        }
        batches.push(batch);
        Ok(batches)
    }

    /// Every event as hftbacktest takes it, in `scale`'s units.
    ///
    /// # Errors
    /// When the recording cannot be read, or holds what a price-level backtest has no word for.
    pub fn for_hftbacktest(&self, scale: Scale) -> anyhow::Result<Vec<hft::Event>> {
        let mut feed = self.prepared.feed(&Progress::default())?;
        let mut events = Vec::new();
        while let Some(moment) = feed.take()? {
            if moment.event.instrument() != Some(self.instrument) {
                continue;
            }
            let (kind, price, size) = word(&moment.event)
                .with_context(|| format!("no word in hftbacktest for {:?}", moment.event))?;
            events.push(hft::Event {
                ev: kind | hft::EXCH_EVENT | hft::LOCAL_EVENT,
                exch_ts: moment.venue_at.0,
                local_ts: moment.received_at.0,
                px: price as f64 * scale.tick,
                qty: size as f64 * scale.lot,
                order_id: 0,
                ival: 0,
                fval: 0.0,
            });
        }
        Ok(events)
    }
}

/// What a whole step of price and size is in a contender's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// One price step.
    pub tick: f64,
    /// One size step.
    pub lot: f64,
}

impl Scale {
    /// Steps themselves: every number is whole, and no rounding is anywhere.
    pub const STEPS: Self = Self { tick: 1.0, lot: 1.0 };

    /// Prices and sizes as the venue writes them.
    #[must_use]
    pub fn of(workload: &Workload) -> Self {
        let number = |text: &str| text.parse().expect("the table holds numbers");
        Self { tick: number(workload.tick), lot: number(workload.lot) }
    }
}

/// An event in hftbacktest's words: kind, price and size in steps.
fn word(event: &Event) -> Option<(u64, i64, i64)> {
    match event {
        Event::Level(delta) => {
            let kind = if delta.flags.has(Flags::SNAPSHOT) { hft::DEPTH_SNAPSHOT_EVENT } else { hft::DEPTH_EVENT };
            match delta.action {
                LevelAction::Set => Some((kind | side(delta.side), delta.price.0, delta.size.0)),
                LevelAction::Delete => Some((kind | side(delta.side), delta.price.0, 0)),
                LevelAction::Clear => Some((hft::DEPTH_CLEAR_EVENT, 0, 0)),
                LevelAction::DeleteThru | LevelAction::DeleteFrom => None,
            }
        }
        Event::Trade(trade) => {
            Some((hft::TRADE_EVENT | side(trade.aggressor?), trade.price.0, trade.size.0))
        }
        _ => None,
    }
}

const fn side(side: Side) -> u64 {
    match side {
        Side::Buy => hft::BUY_EVENT,
        Side::Sell => hft::SELL_EVENT,
    }
}

/// Decoded events in memory as a recording: what hftbacktest's arrays are to it.
pub struct InMemory {
    batches: VecDeque<Vec<Arrival>>,
}

impl InMemory {
    /// Gives these, batch by batch.
    #[must_use]
    pub fn new(batches: Vec<Vec<Arrival>>) -> Self {
        Self { batches: batches.into() }
    }
}

impl Source for InMemory {
    fn read(&mut self, _: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        if let Some(batch) = self.batches.pop_front() {
            out.arrivals = batch;
        }
        Ok(!self.batches.is_empty())
    }

    fn format(&self) -> &'static str {
        "events in memory"
    }

    fn counts(&self) -> Vec<(String, u64)> {
        Vec::new()
    }
}
