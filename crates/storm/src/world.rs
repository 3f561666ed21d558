//! Simulated time: the market, the session, the process, its disk and its people, one thing after another.
//!
//! ```text
//!   Market ──packets, faults──▶ Desk (decoder, engine, journal) ──flushed──▶ Audit (replica)
//!                                │  ▲                    │
//!                  after the disk│  │reports             └── crash ──▶ Disk ──▶ the next Desk
//!                                ▼  │
//!                               Exchange
//! ```
//!
//! Everything is decided by the plan. At each turn the earliest thing happens; of two at one moment, the one that was
//! decided first. Never reads a clock, and no hash decides an order: a plan gives the same run on every machine.

use crate::audit::Audit;
use crate::clock::{Clock, Model};
use crate::desk::{Desk, Snapshot, Stillborn};
use crate::disk::Disk;
use crate::exchange::Exchange;
use crate::fates::{Fates, Struck};
use crate::firm::Firm;
use crate::invariants::{Checks, Seen};
use crate::market::{Market, millis};
use crate::people::People;
use crate::plan::Plan;
use crate::plant::Plant;
use crate::ranges::{Kind, Shape};
use sim::network::Delivery;
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::rc::Rc;
use stdx::Prng;
use types::record::Record;
use types::{
    Clock as ClockNews, ClockState, Command, Event, Nanos, Operator, OrderId, Outcome, Report, Session,
    SessionChange, StrategyId, VenueId,
};

/// When every run begins: 2026-01-05 14:30 UTC.
const STARTS_AT: Nanos = Nanos::from_secs(1_767_623_400);
const TICK: Nanos = Nanos::from_millis(20);
const SECOND: Nanos = Nanos::from_secs(1);
/// Commits from one snapshot to the next.
const SNAPSHOT_EVERY: u64 = 200;
/// Inputs that may wait for the disk when nothing else asks for it.
const UNCOMMITTED_MAX: usize = 64;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant, 1 to 10; 0 when a part of ours stopped itself, 11 when the liveness phase did not end well.
    pub invariant: u8,
    /// What is wrong.
    pub what: String,
    /// When, since the start.
    pub at: Nanos,
    /// How many inputs the processes had taken.
    pub inputs: u64,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// Of every input, command and fault, in their order.
    pub digest: String,
    /// What must not be, if it was.
    pub violation: Option<Violation>,
    /// The faults that struck.
    pub struck: Vec<Struck>,
    /// What happened last, for people: the newest at the end.
    pub story: Vec<String>,
    /// How often what happened.
    pub tally: Tally,
}

/// How often things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inputs of all lives.
    pub inputs: u64,
    /// Commands that left.
    pub commands: u64,
    /// Fills that were heard.
    pub fills: u64,
    /// Lives of the process.
    pub lives: u64,
    /// Sessions with the venue.
    pub sessions: u64,
    /// How often a live book was held against the true one.
    pub books: u64,
    /// Times the journal had to be restored from its copy.
    pub restored: u64,
    /// Commits.
    pub commits: u64,
}

impl Tally {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.inputs += other.inputs;
        self.commands += other.commands;
        self.fills += other.fills;
        self.lives += other.lives;
        self.sessions += other.sessions;
        self.books += other.books;
        self.restored += other.restored;
        self.commits += other.commits;
    }
}

#[derive(Clone, Debug)]
enum Happening {
    Market,
    Packet(Delivery),
    ToVenue { session: u32, command: Command },
    Said { session: u32, number: usize },
    Later(Report),
    Tick,
    Second(u64),
    CancelOnDisconnect,
    Connect,
    Restart,
    Word(Operator),
    Calm,
    End,
}

struct Item {
    at: Nanos,
    nth: u64,
    what: Happening,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.nth) == (other.at, other.nth)
    }
}
impl Eq for Item {}
impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.nth).cmp(&(other.at, other.nth))
    }
}

/// One direction of the session: in order, slow, and standing still now and then.
struct Path {
    last: Nanos,
    messages: u64,
    prng: Prng,
}

/// See the module.
pub(crate) struct World<'a> {
    plan: &'a Plan,
    now: Nanos,
    coming: BinaryHeap<Reverse<Item>>,
    nth: u64,
    fates: Fates,
    market: Market,
    exchange: Exchange,
    firm: Firm,
    disk: Disk,
    desk: Option<Desk>,
    audit: Audit,
    checks: Checks,
    clock: Clock,
    people: People,
    paths: [Path; 2],
    /// How much of the exchange's log is on its way.
    said: usize,
    paused_until: Nanos,
    /// Commands for the venue that left, and records that are known to be safe.
    left: usize,
    acknowledged: u64,
    commits: u64,
    snapshot: Option<Snapshot>,
    /// How much of the log must be heard until the session has recovered.
    recovered_at: Option<usize>,
    calm: bool,
    over: bool,
    violation: Option<Violation>,
    hasher: blake3::Hasher,
    story: std::collections::VecDeque<String>,
    tally: Tally,
    events: Vec<Event>,
    deliveries: Vec<Delivery>,
    truly: Vec<(Report, bool)>,
    /// By strategy: orders accepted since the calm began.
    accepted: BTreeMap<StrategyId, u64>,
    last_placed: Option<Command>,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let (seed, mix) = (plan.seed, &plan.mix);
        let market = Market::new(seed, mix, STARTS_AT);
        let mut firm = Firm::new(seed, mix, &market.instruments, plan.strategies);
        if plan.plant == Some(Plant::HiddenState) {
            firm.hidden = Some(Rc::new(Cell::new(0)));
        }
        let root = Prng::new(seed);
        let path = |name| Path { last: Nanos::MIN, messages: 0, prng: root.fork(name) };
        let disk = Disk::default();
        let now = STARTS_AT - SECOND;
        let mut world = Self {
            exchange: Exchange::new(&market.instruments, seed, STARTS_AT),
            desk: None,
            audit: Audit::new(&firm, plan.plant),
            checks: Checks::new(&firm, plan.only),
            fates: Fates::new(seed, mix, plan.faults.as_deref()),
            clock: Clock::new(seed, STARTS_AT, mix.shape(Shape::Drift)),
            people: People::new(seed, firm.instruments.len(), firm.strategies()),
            paths: [path("to the venue"), path("to us")],
            coming: BinaryHeap::new(),
            nth: 0,
            said: 0,
            paused_until: Nanos::MIN,
            left: 0,
            acknowledged: 0,
            commits: 0,
            snapshot: None,
            recovered_at: None,
            calm: false,
            over: false,
            violation: None,
            hasher: blake3::Hasher::new(),
            story: std::collections::VecDeque::new(),
            tally: Tally { lives: 1, sessions: 1, ..Tally::default() },
            events: Vec::new(),
            deliveries: Vec::new(),
            truly: Vec::new(),
            accepted: BTreeMap::new(),
            last_placed: None,
            firm,
            disk,
            market,
            plan,
            now,
        };
        match Desk::first(&world.firm, &world.market, &world.disk, now, plan.plant) {
            Ok(desk) => world.desk = Some(desk),
            Err(error) => world.fail(9, format!("the journal cannot begin: {error}")),
        }
        let at = world.market.next_at();
        world.will(at, Happening::Market);
        world.will(STARTS_AT, Happening::Tick);
        world.will(STARTS_AT, Happening::Second(0));
        world.will(STARTS_AT + plan.safety, Happening::Calm);
        world.will(STARTS_AT + plan.safety + plan.liveness, Happening::End);
        world
    }

    /// Runs the plan to its end, or to the first thing that must not be.
    pub(crate) fn run(mut self) -> Outcomes {
        while let Some(Reverse(item)) = self.coming.pop() {
            if self.violation.is_some() || self.over {
                break;
            }
            self.now = self.now.max(item.at);
            self.fates.at(self.now - STARTS_AT);
            self.happen(item.what);
        }
        self.tally.books = self.checks.compared;
        for struck in self.fates.struck() {
            self.hasher.update(struck.fault.to_string().as_bytes());
        }
        Outcomes {
            digest: self.hasher.finalize().to_hex()[..16].to_owned(),
            violation: self.violation,
            struck: self.fates.struck().to_vec(),
            story: self.story.into(),
            tally: self.tally,
        }
    }

    fn will(&mut self, at: Nanos, what: Happening) {
        self.nth += 1;
        self.coming.push(Reverse(Item { at, nth: self.nth, what }));
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.story.len() == STORY_LINES {
            self.story.pop_front();
        }
        let at = (self.now - STARTS_AT).0;
        self.story.push_back(format!(
            "{:>4}.{:06} s  {}",
            at / 1_000_000_000,
            at / 1_000 % 1_000_000,
            line()
        ));
    }

    fn fail(&mut self, invariant: u8, what: String) {
        let at = self.now - STARTS_AT;
        let inputs = self.tally.inputs;
        self.violation.get_or_insert(Violation { invariant, what, at, inputs });
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Market => self.on_market(),
            Happening::Packet(_) | Happening::Said { .. } | Happening::Tick | Happening::Word(_)
                if self.now < self.paused_until =>
            {
                self.will(self.paused_until, what);
            }
            Happening::Packet(delivery) => self.on_packet(&delivery),
            Happening::ToVenue { session, command } => self.on_command(session, command),
            Happening::Said { session, number } => self.on_said(session, number),
            Happening::Later(report) => {
                self.exchange.say(report);
                self.listen();
            }
            Happening::Tick => self.on_tick(),
            Happening::Second(n) => self.on_second(n),
            Happening::CancelOnDisconnect => {
                self.exchange.cancel_on_disconnect(self.now, &mut self.fates);
                self.listen();
            }
            Happening::Connect => self.connect(),
            Happening::Restart => self.restart(),
            Happening::Word(word) => self.on_word(word),
            Happening::Calm => self.on_calm(),
            Happening::End => self.on_end(),
        }
    }

    // The market.

    fn on_market(&mut self) {
        let mut deliveries = std::mem::take(&mut self.deliveries);
        self.market.happen(&mut self.fates, &mut deliveries);
        for arrival in self.market.seen() {
            if let Event::Trade(trade) = arrival.event {
                self.checks.traded(trade.instrument, trade.id);
            }
        }
        self.exchange.on_market(self.now, self.market.seen(), &mut self.fates);
        for delivery in deliveries.drain(..) {
            self.will(delivery.at, Happening::Packet(delivery));
        }
        self.deliveries = deliveries;
        let at = self.market.next_at();
        self.will(at, Happening::Market);
        self.listen();
    }

    fn on_packet(&mut self, delivery: &Delivery) {
        let read = self.clock.read(self.now);
        let mut events = std::mem::take(&mut self.events);
        if let Some(desk) = &mut self.desk {
            desk.packet(read, delivery, &mut events);
        }
        self.take_events(&mut events);
        self.events = events;
    }

    /// Steps on what one packet, or the passing of time, gave.
    fn take_events(&mut self, events: &mut Vec<Event>) {
        let count = events.len();
        for (nth, event) in events.drain(..).enumerate() {
            self.input(event, nth + 1 == count);
        }
        if count == 0 {
            self.look(true);
        }
        self.forget();
    }

    /// Drops true books that nobody can ask for any more.
    fn forget(&mut self) {
        let Some(position) = self.desk.as_ref().and_then(Desk::position) else { return };
        let truth = &mut self.market.truth;
        let through = truth.through(position);
        if through > 512 && through.is_multiple_of(64) {
            truth.forget_before(through - 256);
        }
        if let Some(desk) = &mut self.desk {
            desk.ahead.retain(|knows| knows.wrapping_sub(position).cast_signed() > 0);
        }
    }

    // The session.

    /// When a message that is sent now arrives.
    fn arrival(&mut self, way: usize) -> Nanos {
        let [min, mean, clog] =
            [Shape::DelayMin, Shape::DelayMean, Shape::ClogMean].map(|s| self.plan.mix.shape(s));
        let path = &mut self.paths[way];
        path.messages += 1;
        let mean = if self.calm { 1.0 } else { mean };
        let mut at = self.now + Nanos(millis(min + mean * path.prng.exponential()));
        if let Some(mut prng) = self.fates.strikes(Kind::Clog, path.messages << 1 | way as u64) {
            at = at + Nanos(millis(clog * 1e3 * prng.exponential()));
        }
        path.last = path.last.max(at);
        path.last
    }

    fn send(&mut self, command: Command) {
        if !self.exchange.connected {
            self.exchange.lose(self.now, command);
            return;
        }
        let session = self.exchange.session;
        let at = self.arrival(0);
        self.will(at, Happening::ToVenue { session, command });
    }

    fn on_command(&mut self, session: u32, command: Command) {
        if session != self.exchange.session || !self.exchange.connected {
            self.exchange.lose(self.now, command);
            self.listen();
            return;
        }
        self.exchange.on_command(self.now, &command, &mut self.fates);
        self.listen();
    }

    /// The exchange may have said something, or done something.
    fn listen(&mut self) {
        for later in std::mem::take(&mut self.exchange.later) {
            self.will(later.at, Happening::Later(later.report));
        }
        let mut truly = std::mem::take(&mut self.truly);
        self.exchange.take_truth(&mut truly);
        for (report, late) in truly.drain(..) {
            if let Err(what) = self.checks.count.happened(&report, late) {
                self.fail(6, what);
            }
        }
        self.truly = truly;
        self.pass_on();
        self.look(false);
    }

    /// Sends what the log holds and nobody sent yet.
    fn pass_on(&mut self) {
        if !self.exchange.connected || self.desk.is_none() {
            return;
        }
        let session = self.exchange.session;
        while self.said < self.exchange.log().len() {
            let number = self.said;
            self.said += 1;
            let at = self.arrival(1);
            self.will(at, Happening::Said { session, number });
        }
    }

    fn on_said(&mut self, session: u32, number: usize) {
        let Some(desk) = &self.desk else { return };
        if session != self.exchange.session || number != desk.next_report {
            return;
        }
        let report = self.exchange.log()[number];
        if let Outcome::Filled { .. } = report.outcome {
            self.tally.fills += 1;
        }
        self.tell(|| format!("heard #{number}: order {} {:?}", report.order, report.outcome));
        self.input(Event::Report(report), true);
        self.recover();
        if self.calm
            && report.outcome == Outcome::Accepted
            && let Some(tracked) = self.checks.count.orders.get(&report.order)
        {
            *self.accepted.entry(tracked.strategy).or_default() += 1;
        }
    }

    /// All that the venue had kept for us has come.
    fn recover(&mut self) {
        let heard = self.desk.as_ref().map_or(0, |desk| desk.next_report);
        if self.exchange.connected && self.recovered_at.is_some_and(|number| heard >= number) {
            self.recovered_at = None;
            self.session_news(SessionChange::Recovered);
        }
    }

    fn disconnect(&mut self, place: u64) {
        if !self.exchange.connected {
            return;
        }
        self.exchange.disconnect(self.now, place, &mut self.fates);
        let mut prng = Prng::new(self.plan.seed ^ place).fork("outage");
        let until = self.now + Nanos(prng.between(200_000_000, 4_000_000_000));
        let cancels_at = self.now + Nanos(prng.between(1_000_000, 500_000_000));
        self.tell(|| "the session broke".into());
        self.will(cancels_at, Happening::CancelOnDisconnect);
        self.will(until, Happening::Connect);
        self.session_news(SessionChange::Disconnected);
    }

    fn connect(&mut self) {
        if self.exchange.connected {
            return;
        }
        if self.desk.is_none() {
            self.will(self.now + Nanos::from_millis(100), Happening::Connect);
            return;
        }
        self.exchange.connect();
        self.tally.sessions += 1;
        self.tell(|| "the session stands again".into());
        self.said = self.desk.as_ref().map_or(0, |desk| desk.next_report);
        self.recovered_at = Some(self.exchange.log().len());
        self.session_news(SessionChange::Connected);
        if let (Some(Plant::SentAgain), Some(command)) = (self.plan.plant, self.last_placed) {
            self.leave(&[command]);
        }
        self.recover();
        self.listen();
    }

    fn session_news(&mut self, change: SessionChange) {
        let at = self.clock.read(self.now);
        self.input(Event::Session(Session { at, venue: VenueId(0), change }), true);
    }

    // The process.

    /// The process takes an input, if it lives.
    fn input(&mut self, event: Event, whole: bool) {
        let read = self.clock.read(self.now);
        let Some(desk) = &mut self.desk else { return };
        if self.violation.is_some() {
            return;
        }
        let reported = if let Event::Report(report) = &event { Some(report.order) } else { None };
        let before = reported.and_then(|order| desk.engine.orders().get(order).copied());
        let (input, commands) = desk.step(read, event);
        let commands = commands.to_vec();
        self.hasher.update(&Record::Input(input).to_bytes());
        for &command in &commands {
            let (seq, at) = (input.seq, input.received_at);
            self.hasher.update(&Record::Command { seq, at, command }.to_bytes());
        }
        self.tally.inputs += 1;
        let seen = Seen {
            input: Some(&input),
            commands: &commands,
            before,
            desk: self.desk.as_ref(),
            whole,
            leaving: &[],
            audited: None,
            market: &self.market,
            exchange: &self.exchange,
            audit: &self.audit,
        };
        if let Err((invariant, what)) = self.checks.after(&seen) {
            self.fail(invariant, what);
            return;
        }
        let must = !commands.is_empty() || !event.is_market();
        if must || self.desk.as_ref().is_some_and(|desk| desk.uncommitted >= UNCOMMITTED_MAX) {
            self.commit();
        }
    }

    /// Nothing was stepped on; what stands is looked at.
    fn look(&mut self, whole: bool) {
        if self.violation.is_some() {
            return;
        }
        let seen = Seen {
            input: None,
            commands: &[],
            before: None,
            desk: self.desk.as_ref(),
            whole,
            leaving: &[],
            audited: None,
            market: &self.market,
            exchange: &self.exchange,
            audit: &self.audit,
        };
        if let Err((invariant, what)) = self.checks.after(&seen) {
            self.fail(invariant, what);
        }
    }

    /// What was decided is written down; only then does it leave.
    fn commit(&mut self) {
        self.commits += 1;
        self.tally.commits += 1;
        let crash = self.fates.strikes(Kind::CrashInCommit, self.commits).is_some();
        let fails = self.fates.strikes(Kind::FlushFails, self.commits);
        if let Some(mut prng) = fails {
            let kinds = [io::ErrorKind::Other, io::ErrorKind::StorageFull];
            self.disk.fail_next(kinds[usize::try_from(prng.below(2)).expect("small")]);
        } else if crash {
            self.disk.fail_next(io::ErrorKind::Interrupted);
        }
        let Some(desk) = &mut self.desk else { return };
        if let Err(error) = desk.commit() {
            // A flush that failed is not tried again: nobody knows what is there. The process stops.
            self.tell(|| format!("the disk: {error}"));
            self.crash(self.commits);
            return;
        }
        let leaving = std::mem::take(&mut desk.waiting);
        let flushed = self.disk.copied(self.audit.offset());
        let audited = self.audit.read(&flushed);
        self.acknowledged = self.audit.records;
        if self.commits.is_multiple_of(SNAPSHOT_EVERY) && self.plan.plant.is_none() {
            self.snapshot = desk.snapshot();
        }
        self.release(&leaving, Some(&audited));
    }

    /// Commands leave, unless something is wrong with them.
    fn release(&mut self, leaving: &[Command], audited: Option<&Result<(), (u8, String)>>) {
        let seen = Seen {
            input: None,
            commands: &[],
            before: None,
            desk: self.desk.as_ref(),
            whole: false,
            leaving,
            audited,
            market: &self.market,
            exchange: &self.exchange,
            audit: &self.audit,
        };
        if let Err((invariant, what)) = self.checks.after(&seen) {
            self.fail(invariant, what);
            return;
        }
        self.left += leaving.len();
        for &command in leaving {
            match command {
                Command::Place(_) => self.last_placed = Some(command),
                Command::WakeAt { .. } | Command::Alert { .. } => continue,
                Command::Cancel { .. }
                | Command::Replace { .. }
                | Command::Query { .. }
                | Command::MassCancel { .. } => {}
            }
            self.tally.commands += 1;
            self.tell(|| format!("sent {}", shown(&command)));
            self.send(command);
        }
    }

    /// Commands leave by another door than the journal's.
    fn leave(&mut self, commands: &[Command]) {
        self.release(commands, None);
    }

    fn crash(&mut self, place: u64) {
        if self.desk.take().is_none() {
            return;
        }
        let mut prng = Prng::new(self.plan.seed ^ place.rotate_left(7)).fork("crash");
        self.disk.crash(self.plan.mix.rate(Kind::Torn), &mut prng);
        self.tell(|| "the process died".into());
        self.disconnect(place);
        let mean = self.plan.mix.shape(Shape::RestartMean);
        let down = millis(mean * 1e3 * prng.exponential()).clamp(50_000_000, 20_000_000_000);
        self.will(self.now + Nanos(down), Happening::Restart);
    }

    fn restart(&mut self) {
        if self.desk.is_some() {
            return;
        }
        let lives = self.tally.lives;
        if let Some(mut prng) = self.fates.strikes(Kind::Rot, lives) {
            self.disk.rot(&mut prng);
        }
        if let Some(mut prng) = self.fates.strikes(Kind::LostTail, lives) {
            self.disk.forget(&mut prng);
        }
        let (acknowledged, plant) = (self.acknowledged, self.plan.plant);
        // Every other life begins with all there is, whatever snapshots say.
        let known = (acknowledged, self.snapshot.as_ref().filter(|_| lives.is_multiple_of(2)));
        let born = Desk::again(&self.firm, &self.market, &self.disk, self.now, known, plant);
        let (desk, found) = match born {
            Ok(born) => born,
            Err(Stillborn::Repeats(what)) => {
                return self.fail(1, format!("the journal does not repeat: {what}"));
            }
            Err(Stillborn::Lost(what)) => return self.fail(8, what),
        };
        self.tally.lives += 1;
        self.tally.restored += u64::from(found.restored.is_some());
        self.tell(|| {
            format!(
                "a new process: {} records{}",
                found.records,
                match &found.restored {
                    Some(why) => format!(", restored from the copy: {why}"),
                    None => String::new(),
                }
            )
        });
        // What stands in the journal and never left is known to be unsent.
        for command in found.commands.iter().skip(self.left) {
            if let Err(what) = self.checks.count.sent(command) {
                self.fail(6, what);
            }
            self.exchange.lose(self.now, *command);
        }
        self.left = self.left.max(found.commands.len());
        self.checks.reborn(&desk, self.exchange.log());
        self.desk = Some(desk);
        self.paused_until = Nanos::MIN;
        let read = self.clock.read(self.now);
        // First of all: what the last life saw of the market is no longer so.
        let mut events = std::mem::take(&mut self.events);
        if let Some(desk) = &mut self.desk {
            desk.blind(read, &mut events);
        }
        self.take_events(&mut events);
        self.events = events;
        self.session_news(SessionChange::Disconnected);
    }

    // Time and people.

    fn on_tick(&mut self) {
        let read = self.clock.read(self.now);
        let mut events = std::mem::take(&mut self.events);
        if let Some(desk) = &mut self.desk {
            desk.elapse(read, &mut events);
        }
        self.take_events(&mut events);
        self.events = events;
        let mut turns = 0;
        while let Some(event) = self.desk.as_ref().and_then(|desk| desk.timer_due(read)) {
            self.input(event, true);
            turns += 1;
            if turns == 256 {
                break;
            }
        }
        self.will(self.now + TICK, Happening::Tick);
    }

    fn on_second(&mut self, n: u64) {
        self.will(self.now + SECOND, Happening::Second(n + 1));
        if self.fates.strikes(Kind::Disconnect, n).is_some() && self.desk.is_some() {
            self.disconnect(n);
        }
        if self.fates.strikes(Kind::Crash, n).is_some() {
            self.crash(n << 20);
        }
        if let Some(mut prng) = self.fates.strikes(Kind::Pause, n) {
            let mean = self.plan.mix.shape(Shape::PauseMean);
            let length = Nanos(millis(mean * 1e3 * prng.exponential()).min(20_000_000_000));
            self.paused_until = self.paused_until.max(self.now + length);
            self.tell(|| "the process stands still".into());
        }
        if self.fates.strikes(Kind::ChannelReset, n).is_some() {
            self.market.reset_soon();
        }
        if let Some(mut prng) = self.fates.strikes(Kind::LineSilent, n) {
            self.market.silence(self.now + Nanos(prng.between(1, 5_000_000_000)));
        }
        if let Some(mut prng) = self.fates.strikes(Kind::ClockStep, n)
            && self.clock.model() == Model::Step
        {
            let step = Nanos(prng.between(-3_600, 3_600) * 1_000_000_000);
            self.clock.wall_ahead = self.clock.wall_ahead + step;
            let read = self.clock.read(self.now);
            let divergence = self.clock.wall_ahead;
            let news = ClockNews { wall_at: read + divergence, divergence, state: ClockState::Stepped };
            self.input(Event::Clock(news), true);
        }
        let since = self.now - STARTS_AT;
        if let Some(mut prng) = self.fates.strikes(Kind::KillPulled, n) {
            self.people.stop(since, &mut prng);
        }
        if let Some(mut prng) = self.fates.strikes(Kind::LimitMoved, n) {
            self.people.move_limit(since, &self.checks.rules, &mut prng);
        }
        for word in self.people.words(since, &self.checks.rules) {
            self.will(self.now, Happening::Word(word));
        }
    }

    fn on_word(&mut self, word: Operator) {
        let lives = self.tally.lives;
        if self.desk.is_some() {
            self.tell(|| format!("a person: {word:?}"));
            self.input(Event::Operator(word), true);
        }
        // Without an answer a person says it again.
        if self.desk.is_none() || self.tally.lives != lives {
            self.will(self.now + Nanos::from_millis(500), Happening::Word(word));
        }
    }

    // The second phase.

    fn on_calm(&mut self) {
        self.tell(|| "the faults stop".into());
        self.fates.active = false;
        self.calm = true;
        self.people.resume(self.now - STARTS_AT, &self.checks.rules);
    }

    /// Everything must be well again, and what is under way must come to an end.
    fn on_end(&mut self) {
        self.over = true;
        if let Err(what) = self.is_well() {
            self.fail(11, what);
            return;
        }
        // The market stands still; what is under way arrives.
        for _ in 0..100_000 {
            let Some(Reverse(item)) = self.coming.pop() else { break };
            match item.what {
                Happening::ToVenue { .. } | Happening::Said { .. } | Happening::Later(_) => {
                    self.now = self.now.max(item.at);
                    self.happen(item.what);
                }
                Happening::Market
                | Happening::Packet(_)
                | Happening::Tick
                | Happening::Second(_)
                | Happening::CancelOnDisconnect
                | Happening::Connect
                | Happening::Restart
                | Happening::Word(_)
                | Happening::Calm
                | Happening::End => {}
            }
            if self.violation.is_some() {
                return;
            }
        }
        if let Err(what) = self.is_settled() {
            self.fail(11, what);
        }
    }

    fn is_well(&self) -> Result<(), String> {
        let desk = self.desk.as_ref().ok_or("no process lives")?;
        if !self.exchange.connected {
            return Err("no session stands".into());
        }
        for instrument in &self.firm.instruments {
            let book = desk.engine.book(instrument.id());
            if !book.is_live() {
                return Err(format!("the book of {} is {:?}", instrument.symbol(), book.state()));
            }
        }
        if let Some(order) = desk.engine.orders().open().find(|order| order.is_unknown()) {
            return Err(format!("nobody knows what became of order {}", order.id));
        }
        // A loss that halts is the market's, and may come at any time.
        if desk.engine.risk().halted() == Some(risk::Halt::Killed) {
            return Err("trading is killed".into());
        }
        let loses = desk.engine.risk().halted().is_some();
        // Quotes that stood through it all are as good as new ones.
        let mut open = desk.engine.orders().open_of_strategy(StrategyId(0));
        let quotes = self.accepted.contains_key(&StrategyId(0))
            || open.any(|order| self.exchange.has(order.instrument(), order.id));
        if self.plan.strategies[0] && !quotes && !loses {
            return Err("nobody quotes again".into());
        }
        Ok(())
    }

    fn is_settled(&self) -> Result<(), String> {
        let desk = self.desk.as_ref().ok_or("no process lives")?;
        if desk.next_report != self.exchange.log().len() {
            return Err(format!("{} of {} reports were heard", desk.next_report, self.exchange.log().len()));
        }
        for instrument in &self.firm.instruments {
            let id = instrument.id();
            let open: Vec<OrderId> = desk.engine.orders().open_of(id).map(|order| order.id).collect();
            if let Some(order) = open.iter().find(|order| !self.exchange.has(id, **order)) {
                let order = desk.engine.orders().get(*order);
                return Err(format!("the venue does not have {order:?}"));
            }
            if open.len() != self.exchange.standing(id) {
                return Err(format!(
                    "{} orders stand at the venue, {} with us",
                    self.exchange.standing(id),
                    open.len()
                ));
            }
            let (held, venue) = (desk.engine.portfolio().position(id).0, self.exchange.position(id));
            if held != venue {
                return Err(format!("{held} lots of {id} are held, {venue} by the venue's count"));
            }
        }
        Ok(())
    }
}

const STORY_LINES: usize = 40;

fn shown(command: &Command) -> String {
    match command {
        Command::Place(place) => {
            let terms = &place.terms;
            format!(
                "order {}: {} {} at {} of {}, {:?} {:?}",
                place.order,
                terms.side,
                terms.size.0,
                terms.price.0,
                terms.instrument,
                terms.kind,
                terms.time_in_force
            )
        }
        Command::Cancel { order, .. } => format!("a cancel of order {order}"),
        Command::Replace { order, price, size, .. } => format!("order {order} to {} at {}", size.0, price.0),
        Command::Query { order, .. } => format!("what became of order {order}?"),
        Command::MassCancel { venue } => format!("cancel everything at venue {venue}"),
        Command::WakeAt { .. } => "a timer".into(),
        Command::Alert { kind, .. } => format!("an alert: {kind:?}"),
    }
}
