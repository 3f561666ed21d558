//! A recording, prepared once: our events in memory, and the same events in hftbacktest's form.
//!
//! Both come out of our feed, so that both see the same venue times and the same times of arrival: what is compared is
//! the backtest, not the decoder (whose comparison with independent readers is `crates/venues/tests`).

use crate::workload::{Queue, Terms, Workload};
use anyhow::Context;
use hftbacktest::types as hft;
use runtime::feed::Moment;
use runtime::source::{Progress, Recording};
use runtime::survey::FileSurvey;
use runtime::{Config, Feed, Prepared, Source, SourceError, prepare};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use types::{Arrival, Event, Flags, InstrumentId, LevelAction, Nanos, Side};
use venues::{Directory, Output};

/// Events to a batch of the feed, as history gives them.
const BATCH: usize = 4_096;

/// A prepared recording.
pub struct Day {
    /// With our configuration for the workload.
    pub prepared: Prepared,
    /// What is traded.
    pub instrument: InstrumentId,
    queue: Queue,
}

impl Day {
    /// Surveys a recording for a workload.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path, workload: &Workload, queue: Queue) -> anyhow::Result<Self> {
        Self::of(vec![Recording::File(path.into())], workload, queue)
    }

    /// The same with a configuration of the caller's.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn with(path: &Path, config: Config, queue: Queue) -> anyhow::Result<Self> {
        Self::configured(vec![Recording::File(path.into())], config, queue)
    }

    /// The same of recordings that are known already: an import.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn of(recordings: Vec<Recording>, workload: &Workload, queue: Queue) -> anyhow::Result<Self> {
        Self::configured(recordings, workload.config(queue), queue)
    }

    fn configured(recordings: Vec<Recording>, config: Config, queue: Queue) -> anyhow::Result<Self> {
        let prepared = prepare(recordings, config, |_| {})?;
        let traded = prepared.setup.strategies.first().and_then(|setup| setup.traded.first());
        let instrument = *traded.context("nothing is traded")?;
        Ok(Self { prepared, instrument, queue })
    }

    /// The workload in the instrument's steps.
    #[must_use]
    pub fn terms(&self, workload: &Workload) -> Terms {
        let terms = self.prepared.table.instruments[self.instrument.index()].terms();
        let (tick, lot) = (terms.tick_nanos as f64 / 1e9, terms.lot_nanos as f64 / 1e9);
        let lots = |size: f64| (size / lot).round() as i64;
        let (order_size, max_position) = (lots(workload.order_size), lots(workload.max_position));
        Terms { tick, lot, order_size, max_position, queue: self.queue }
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

    /// A feed of this day over decoded events.
    ///
    /// # Errors
    /// Never: nothing is read.
    pub fn feed(&self, batches: Vec<Vec<Arrival>>, spent: &Spent) -> anyhow::Result<Feed> {
        let table = &self.prepared.table;
        let directory = Directory::run(&table.instruments, &table.wire_ticks);
        let setup = &self.prepared.setup;
        let ways = setup.ways();
        let data = ways.data(&setup.root());
        let source: Box<dyn Source> = Box::new(InMemory::new(batches, spent));
        Ok(Feed::new(vec![(source, self.survey())], directory, ways, data)?)
    }

    /// Every event of the feed as it reaches venue and us, of what is traded.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn moments(&self, mut feed: Feed) -> anyhow::Result<Vec<Moment>> {
        let mut moments = Vec::new();
        while let Some(moment) = feed.take()? {
            if moment.event.instrument() == Some(self.instrument) {
                moments.push(moment);
            }
        }
        Ok(moments)
    }
}

/// The same events as hftbacktest takes them, in the units of `terms`. A gap has no word there: it changes no price.
///
/// # Errors
/// When they hold what a price-level backtest has no word for.
pub fn for_hftbacktest(moments: &[Moment], terms: &Terms) -> anyhow::Result<Vec<hft::Event>> {
    let mut events = Vec::with_capacity(moments.len());
    for moment in moments.iter().filter(|moment| !matches!(moment.event, Event::Gap(_))) {
        let (kind, price, size) =
            word(&moment.event).with_context(|| format!("no word in hftbacktest for {:?}", moment.event))?;
        events.push(hft::Event {
            ev: kind | hft::EXCH_EVENT | hft::LOCAL_EVENT,
            exch_ts: moment.venue_at.0,
            local_ts: moment.received_at.0,
            px: price as f64 * terms.tick,
            qty: size as f64 * terms.lot,
            order_id: 0,
            ival: 0,
            fval: 0.0,
        });
    }
    Ok(events)
}

/// The packets in the order of the venue's own stamps, as hftbacktest's tools prepare recordings: a trade that was
/// received behind the level change it caused stands before it, also where both have the same millisecond. Other equal
/// stamps stay as received.
#[must_use]
pub fn in_venue_order(batches: Vec<Vec<Arrival>>) -> Vec<Vec<Arrival>> {
    let mut packets: Vec<(Nanos, Vec<Arrival>)> = Vec::new();
    let mut open = false;
    for arrival in batches.into_iter().flatten() {
        if !open {
            packets.push((arrival.event.venue_at().unwrap_or(Nanos::MIN), Vec::new()));
        }
        open = matches!(&arrival.event, Event::Level(delta) if !delta.flags.has(Flags::LAST));
        if let Some((_, packet)) = packets.last_mut() {
            packet.push(arrival);
        }
    }
    let trades = |packet: &[Arrival]| matches!(packet.first().map(|a| &a.event), Some(Event::Trade(_)));
    packets.sort_by_key(|(venue_at, packet)| (*venue_at, !trades(packet)));
    packets.into_iter().map(|(_, packet)| packet).collect()
}

/// The recording `times` over, each copy a whole number of seconds behind the one before, by both clocks.
#[must_use]
pub fn repeated(day: &Day, batches: &[Vec<Arrival>], times: usize) -> Vec<Arrival> {
    let all = || batches.iter().flatten();
    let stamps = || all().filter_map(|arrival| arrival.event.venue_at());
    let span = stamps().max().unwrap_or_default() - stamps().min().unwrap_or_default();
    let every = (span.0 / 1_000_000_000 + 2) * 1_000_000_000;
    let ppm = day.survey().clock.and_then(|clock| clock.drift).map_or(0.0, |drift| drift.ppm);
    let copies = (0..times as i64).flat_map(|copy| {
        let later = Nanos(copy * every);
        // The recorder's clock would have gone on as it went.
        let seen_later = later + Nanos((later.0 as f64 * ppm / 1e6) as i64);
        all().map(move |arrival| Arrival {
            received_at: arrival.received_at + seen_later,
            event: shifted(arrival.event, later),
        })
    });
    copies.collect()
}

fn shifted(mut event: Event, later: Nanos) -> Event {
    let stamp = match &mut event {
        Event::Level(delta) => &mut delta.venue_at,
        Event::Trade(trade) => &mut trade.venue_at,
        Event::Gap(gap) => &mut gap.venue_at,
        Event::Status(status) => &mut status.venue_at,
        _ => return event,
    };
    *stamp = *stamp + later;
    event
}

/// An event in hftbacktest's words: kind, price and size in steps.
fn word(event: &Event) -> Option<(u64, i64, i64)> {
    match event {
        Event::Level(delta) => {
            let kind =
                if delta.flags.has(Flags::SNAPSHOT) { hft::DEPTH_SNAPSHOT_EVENT } else { hft::DEPTH_EVENT };
            match delta.action {
                LevelAction::Set => Some((kind | side(delta.side), delta.price.0, delta.size.0)),
                LevelAction::Delete => Some((kind | side(delta.side), delta.price.0, 0)),
                LevelAction::Clear => Some((hft::DEPTH_CLEAR_EVENT, 0, 0)),
                LevelAction::DeleteThru | LevelAction::DeleteFrom => None,
            }
        }
        Event::Trade(trade) => Some((hft::TRADE_EVENT | side(trade.aggressor?), trade.price.0, trade.size.0)),
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
    spent: Spent,
}

/// Batches that were read: kept, as an array is, for giving memory back is no part of a backtest.
pub type Spent = Rc<RefCell<Vec<Vec<Arrival>>>>;

impl InMemory {
    /// Gives these, batch by batch, and puts them into `spent`.
    #[must_use]
    pub fn new(batches: Vec<Vec<Arrival>>, spent: &Spent) -> Self {
        Self { batches: batches.into(), spent: Rc::clone(spent) }
    }
}

impl Source for InMemory {
    fn read(&mut self, _: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        if let Some(batch) = self.batches.pop_front() {
            self.spent.borrow_mut().push(std::mem::replace(&mut out.arrivals, batch));
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
