//! The simulated passage of time: recordings, venue, engine and journal in one deterministic loop.
//!
//! ```text
//!            venue time                                our time
//!  Feed ──▶ sim::Venue ◀──(order link)───────────── Engine::step ──▶ Journal, Observer
//!    │          └────────(answer link)──▶ reports ──▶   ▲   ▲
//!    └───────────────────(data link)────▶ deliveries ───┘   └── timers
//! ```
//!
//! At each turn the earliest thing happens. Things of the same nanosecond happen in a fixed order: first at
//! the venue (cash it moves, its market, then our commands), then with us (reports, timers, market data). So the market
//! always wins a tie against our order: in doubt, we were late.
//!
//! In a generated market (`crate::generated`) feed and venue are one: what we send changes what comes.

use crate::feed::Feed;
use crate::generated::Generated;
use crate::routes::{OrderWay, Ways};
use crate::setup::{Setup, SetupError};
use crate::source::SourceError;
use crate::timers::Timers;
use engine::Engine;
use journal::{JournalError, Writer};
use sim::venue::Venue;
pub use sim::venue::impact::Large;
use std::collections::VecDeque;
use types::record::Record;
use types::{
    Cash, Command, Event, Input, InstrumentId, Nanos, NewOrder, PlaceOrder, Report, Seq, StrategyId,
};
use venues::Directory;

/// Somebody who watches a run, step by step.
pub trait Observer {
    /// The engine has just answered `input` with `commands`.
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine);
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Inputs the engine stepped on.
    pub inputs: u64,
    /// Commands it gave.
    pub commands: u64,
    /// Market events among the inputs.
    pub market_events: u64,
    /// The first and the last moment.
    pub first_at: Option<Nanos>,
    /// The last moment.
    pub last_at: Option<Nanos>,
}

/// Why a backtest stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// The setup does not make a run.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A recording cannot be read on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Time would never go on.
    #[error("strategy {} sets timers for the moment it is in, over and over: let them be due later", .0.0)]
    Runaway(StrategyId),
}

/// A run in the making.
pub struct Backtest {
    feed: Feed,
    venue: Venue,
    /// In place of both: a market that hears us.
    generated: Option<Box<Generated>>,
    engine: Engine,
    journal: Option<Writer>,
    ways: Ways,
    lanes: Vec<Lane>,
    timers: Timers,
    now: Nanos,
    seq: Seq,
    /// Without what the two above say.
    totals: Totals,
    answers: Vec<Report>,
    cash: Vec<Cash>,
    commands: Vec<Command>,
}

impl std::fmt::Debug for Backtest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backtest")
            .field("now", &self.now)
            .field("totals", &self.totals)
            .finish_non_exhaustive()
    }
}

/// What is under way to and from the venues of one way: each in the order of its times, for no message overtakes
/// another on its link.
struct Lane {
    by: OrderWay,
    orders: VecDeque<(Nanos, Command)>,
    reports: VecDeque<(Nanos, Event)>,
    deliveries: VecDeque<Input>,
}

impl Lane {
    fn new(by: OrderWay) -> Self {
        Self {
            by,
            orders: VecDeque::with_capacity(1024),
            reports: VecDeque::with_capacity(1024),
            // Small: a ring goes round all it has, and what is under way should stay in the nearest cache.
            deliveries: VecDeque::with_capacity(1_024),
        }
    }
}

/// What happens next, and on which lane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Cash,
    Market,
    Order(usize),
    Report(usize),
    Timer,
    Delivery(usize),
}

impl Backtest {
    /// A run of `setup` over `feed`; with a journal, every input and command is kept.
    ///
    /// # Errors
    /// When the setup names what this program does not have.
    pub fn new(setup: &Setup, feed: Feed, journal: Option<Writer>) -> Result<Self, BacktestError> {
        Self::with_engine(setup, setup.engine()?, feed, journal)
    }

    /// The same with an engine made by the caller: for strategies that are in no list. Its journal cannot be replayed
    /// by a program that does not have them.
    ///
    /// # Errors
    /// When a file that the setup names cannot be read.
    pub fn with_engine(
        setup: &Setup,
        engine: Engine,
        feed: Feed,
        journal: Option<Writer>,
    ) -> Result<Self, BacktestError> {
        if !setup.config.market.model.is_empty() {
            return Err(SetupError::MarketElsewhere.into());
        }
        Self::over(setup, engine, feed, None, journal)
    }

    /// A run in a market of agents that hear what we do.
    ///
    /// # Errors
    /// When the setup names what this program does not have.
    pub fn in_market(
        setup: &Setup,
        market: sim::agents::Market,
        journal: Option<Writer>,
    ) -> Result<Self, BacktestError> {
        let data = setup.ways().data(&setup.root());
        let feed = Feed::new(Vec::new(), Directory::survey(), setup.ways(), data.clone())?;
        let generated = Box::new(Generated::new(market, data, setup.ways().of(Some(InstrumentId(0)))));
        Self::over(setup, setup.engine()?, feed, Some(generated), journal)
    }

    fn over(
        setup: &Setup,
        engine: Engine,
        feed: Feed,
        generated: Option<Box<Generated>>,
        journal: Option<Writer>,
    ) -> Result<Self, BacktestError> {
        let lanes = setup.order_ways()?.into_iter().map(Lane::new).collect();
        let mut venue = setup.venue();
        if let Some(at) = feed.next_at() {
            venue.start(at);
        }
        Ok(Self {
            feed,
            venue,
            generated,
            engine,
            journal,
            ways: setup.ways(),
            lanes,
            timers: Timers::with_capacity(1024),
            now: Nanos::MIN,
            seq: Seq(0),
            totals: Totals::default(),
            answers: Vec::with_capacity(64),
            cash: Vec::with_capacity(64),
            commands: Vec::with_capacity(64),
        })
    }

    /// Runs until the recordings end and everything under way has arrived. `tick` is called now and then.
    ///
    /// # Errors
    /// When a recording cannot be read on or the journal cannot be written.
    pub fn run(
        &mut self,
        observer: &mut dyn Observer,
        mut tick: impl FnMut(&Totals),
    ) -> Result<Totals, BacktestError> {
        const TICK: u64 = 1 << 16;
        let mut due = TICK;
        while self.flow(observer)? && self.turn(observer)? {
            if self.seq.0 >= due {
                due += TICK;
                tick(&self.totals());
                if let Some(strategy) = self.timers.runaway() {
                    return Err(BacktestError::Runaway(strategy));
                }
                if let Some(journal) = &self.journal {
                    journal.health()?;
                }
            }
        }
        tick(&self.totals());
        Ok(self.totals())
    }

    /// Lets the next thing happen; false when nothing is left.
    ///
    /// # Errors
    /// When a recording cannot be read on.
    #[inline]
    pub fn turn(&mut self, observer: &mut dyn Observer) -> Result<bool, BacktestError> {
        match self.next() {
            None => return Ok(false),
            Some(Next::Cash) => self.move_cash(),
            Some(Next::Market) => {
                self.happen()?;
            }
            Some(Next::Order(lane)) => {
                if let Some((at, command)) = self.lanes[lane].orders.pop_front() {
                    match &mut self.generated {
                        None => self.venue.on_command(at, &command, &mut self.answers),
                        Some(generated) => {
                            let deliveries = &mut self.lanes[generated.way()].deliveries;
                            generated.on_command(at, &command, deliveries, &mut self.answers);
                        }
                    }
                    self.send_answers(at);
                }
            }
            Some(Next::Report(lane)) => {
                if let Some((at, event)) = self.lanes[lane].reports.pop_front() {
                    self.step(at, event, observer);
                }
            }
            Some(Next::Timer) => {
                if let Some(timer) = self.timers.take() {
                    self.step(timer.due_at, Event::Timer(timer), observer);
                }
            }
            Some(Next::Delivery(lane)) => {
                self.deliver(lane, observer);
            }
        }
        Ok(true)
    }

    /// Lets the market flow, to the venue and to us, as long as nothing else is due: what [`turn`](Self::turn) would do,
    /// without asking everybody after each event. Ends after a while, too. Always true, for the sake of the loop.
    #[inline]
    fn flow(&mut self, observer: &mut dyn Observer) -> Result<bool, BacktestError> {
        const EVENTS: u64 = 1 << 12;
        if self.generated.is_some() {
            return Ok(true);
        }
        let (until, orders) = (self.totals.market_events + EVENTS, self.totals.commands);
        let others = self.others_at();
        while let Some(market_at) = self.feed.next_at() {
            let (lane, delivery_at) = self.delivery();
            if market_at <= others && market_at <= delivery_at {
                self.happen()?;
                if self.reports_at() < others {
                    break;
                }
            } else if delivery_at < others && delivery_at < market_at {
                self.deliver(lane, observer);
                if self.totals.commands != orders || self.totals.market_events >= until {
                    break;
                }
            } else {
                break;
            }
        }
        Ok(true)
    }

    /// The lane whose market data reaches us next, and when; the first of equals.
    #[inline]
    fn delivery(&self) -> (usize, Nanos) {
        let mut first = (0, Nanos::MAX);
        for (row, lane) in self.lanes.iter().enumerate() {
            let at = lane.deliveries.front().map_or(Nanos::MAX, |input| input.received_at);
            if at < first.1 {
                first = (row, at);
            }
        }
        first
    }

    /// When the first of all that is not market data is due.
    fn others_at(&self) -> Nanos {
        let order = |lane: &Lane| lane.orders.front().map_or(Nanos::MAX, |(at, _)| *at);
        let orders = self.lanes.iter().map(order).min().unwrap_or(Nanos::MAX);
        let timer = self.timers.next_at().unwrap_or(Nanos::MAX);
        // Cash is moved before the market of its moment.
        let cash = self.venue.cash_due() - Nanos(1);
        orders.min(timer).min(cash).min(self.reports_at())
    }

    #[inline]
    fn reports_at(&self) -> Nanos {
        let report = |lane: &Lane| lane.reports.front().map_or(Nanos::MAX, |(at, _)| *at);
        self.lanes.iter().map(report).min().unwrap_or(Nanos::MAX)
    }

    /// The next packet happens at the venue, and is on its way to us: what happens at one time there comes before all
    /// others of that time.
    #[inline]
    fn happen(&mut self) -> Result<(), BacktestError> {
        if let Some(generated) = &mut self.generated {
            let at = generated.next_at().unwrap_or(self.now);
            generated.step(at, &mut self.lanes[generated.way()].deliveries, &mut self.answers);
            self.send_answers(at);
            return Ok(());
        }
        let (venue, answers, lanes) = (&mut self.venue, &mut self.answers, &mut self.lanes);
        let mut now = Nanos::MIN;
        self.feed.take_packet(|passage, arrivals| {
            now = passage.venue_at;
            venue.on_packet(now, arrivals, answers);
            let received_at = passage.received_at;
            let inputs =
                arrivals.iter().map(|arrival| Input { seq: Seq(0), received_at, event: arrival.event });
            lanes[passage.way].deliveries.extend(inputs);
        })?;
        if !self.answers.is_empty() {
            self.send_answers(now);
        }
        Ok(())
    }

    /// What is next on a lane reaches us, and all that comes with it, until we say something.
    #[inline]
    fn deliver(&mut self, lane: usize, observer: &mut dyn Observer) {
        let Some(at) = self.lanes[lane].deliveries.front().map(|input| input.received_at) else { return };
        // Taken out, so that each input is stepped on where it lies: a copy would be waited for.
        let mut deliveries = std::mem::take(&mut self.lanes[lane].deliveries);
        let mut delivered = 0;
        for input in deliveries.make_contiguous() {
            if input.received_at != at {
                break;
            }
            self.step_on(input, observer);
            delivered += 1;
            if !self.commands.is_empty() {
                break;
            }
        }
        self.totals.market_events += delivered as u64;
        deliveries.drain(..delivered);
        if deliveries.is_empty() {
            // Back to the ring's first place, which the nearest cache still holds.
            deliveries.clear();
        }
        self.lanes[lane].deliveries = deliveries;
    }

    #[inline]
    fn market_at(&self) -> Option<Nanos> {
        match &self.generated {
            None => self.feed.next_at(),
            Some(generated) => generated.next_at(),
        }
    }

    /// How far a generated session is, from 0 to 1; `None` over recordings.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        self.generated.as_ref().map(|generated| generated.share())
    }

    /// The earliest thing; of equals, the first in this list.
    #[inline]
    fn next(&self) -> Option<Next> {
        let mut best = None;
        let mut best_at = Nanos::MAX;
        let mut consider = |at: Option<Nanos>, next| {
            if let Some(at) = at
                && (best.is_none() || at < best_at)
            {
                (best, best_at) = (Some(next), at);
            }
        };
        // After the end of the data nobody knows what a position is worth: no cash is moved for it.
        consider(self.feed.next_at().map(|_| self.venue.cash_due()), Next::Cash);
        let market_at = self.market_at();
        consider(market_at, Next::Market);
        for (row, lane) in self.lanes.iter().enumerate() {
            consider(lane.orders.front().map(|(at, _)| *at), Next::Order(row));
        }
        for (row, lane) in self.lanes.iter().enumerate() {
            consider(lane.reports.front().map(|(at, _)| *at), Next::Report(row));
        }
        // A timer set beyond the end of the data never fires: nothing would be left to wait for.
        let timer = self.timers.next_at();
        consider(timer.filter(|_| market_at.is_some()), Next::Timer);
        for (row, lane) in self.lanes.iter().enumerate() {
            consider(lane.deliveries.front().map(|input| input.received_at), Next::Delivery(row));
        }
        best
    }

    fn send_answers(&mut self, at: Nanos) {
        for report in self.answers.drain(..) {
            let lane = &mut self.lanes[self.ways.of(Some(report.instrument))];
            lane.reports.push_back((lane.by.answers.arrival(at), Event::Report(report)));
        }
    }

    /// The venue moves cash for what we hold; we hear of it as of any answer.
    fn move_cash(&mut self) {
        let at = self.venue.cash_due();
        self.venue.move_cash(at, &mut self.cash);
        for cash in self.cash.drain(..) {
            let lane = &mut self.lanes[self.ways.of(Some(cash.instrument))];
            lane.reports.push_back((lane.by.answers.arrival(at), Event::Cash(cash)));
        }
    }

    fn step(&mut self, at: Nanos, event: Event, observer: &mut dyn Observer) {
        self.step_on(&mut Input { seq: self.seq, received_at: at, event }, observer);
    }

    #[inline]
    fn step_on(&mut self, input: &mut Input, observer: &mut dyn Observer) {
        self.now = self.now.max(input.received_at);
        (input.seq, input.received_at) = (self.seq, self.now);
        let input = &*input;
        self.seq = self.seq.next();
        self.commands.clear();
        self.engine.step(input, &mut self.commands);
        if let Some(journal) = &mut self.journal {
            journal.append(&Record::Input(*input));
            for &command in &self.commands {
                journal.append(&Record::Command { seq: input.seq, at: input.received_at, command });
            }
        }
        if !self.commands.is_empty() {
            self.carry_out_all();
        }
        if input.seq == Seq(0) {
            self.totals.first_at = Some(input.received_at);
        }
        observer.on_step(input, &self.commands, &self.engine);
    }

    fn carry_out_all(&mut self) {
        self.totals.commands += self.commands.len() as u64;
        for at in 0..self.commands.len() {
            self.carry_out(self.commands[at]);
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Place(PlaceOrder { terms: NewOrder { instrument, .. }, .. })
            | Command::Cancel { instrument, .. }
            | Command::Replace { instrument, .. }
            | Command::Query { instrument, .. } => {
                let lane = &mut self.lanes[self.ways.of(Some(instrument))];
                lane.orders.push_back((lane.by.orders.arrival(self.now), command));
            }
            Command::WakeAt { at, timer, strategy } => {
                self.timers.set(self.now, at, strategy, timer);
            }
            // A simulated venue's session does not break; people read alerts in the journal.
            Command::MassCancel { .. } | Command::Alert { .. } => {}
        }
    }

    /// How much happened so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        // What each step changes anyway says how many there were, and when the last one was.
        let last_at = (self.seq > Seq(0)).then_some(self.now);
        Totals { inputs: self.seq.0, last_at, ..self.totals }
    }

    /// The machine, to look at.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The simulated venue, to look at.
    #[must_use]
    pub const fn venue(&self) -> &Venue {
        &self.venue
    }

    /// The feed, to look at.
    #[must_use]
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Ends the run: the journal is sealed, the engine handed over.
    ///
    /// # Errors
    /// When the journal could not be written to its end.
    pub fn finish(self) -> Result<(Engine, Option<journal::Summary>), BacktestError> {
        let summary = match self.journal {
            Some(journal) => Some(journal.finish()?),
            None => None,
        };
        Ok((self.engine, summary))
    }
}
