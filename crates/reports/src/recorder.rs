//! Watches a run step by step and keeps what its report needs.
//!
//! Cost: the ordinary event, a change within a packet, adds one span to a histogram and marks its instrument. A
//! packet's last event looks at the touch of what changed. Nothing is allocated for an event once buffers have
//! grown to the number of open orders and of fills that wait for a horizon; series halve their resolution instead
//! of growing.

use crate::about::{About, Ending};
use crate::attribution::{Booked, HOUR, Parting, hour_of};
use crate::histogram::Histogram;
use crate::quotes::Quotes;
use crate::ratios::{Drawdown, Falls, Returns};
use crate::report::Report;
use crate::rolls::Rolls;
use crate::series::Series;
use crate::watch::{OwnFill, Watch};
use crate::watched::Watched;
use types::{
    Cash, CashKind, Command, Event, Flags, Input, InstrumentId, Lots, Money, Nanos, Outcome, TradingDay,
    TradingDays,
};

/// Returns within a day are taken over this long.
pub const RETURN_INTERVAL: Nanos = Nanos::from_secs(60);
/// Without any input for this long the market was closed: the time is no still interval.
const CLOSED_AFTER: i64 = 30;

/// The equity of a run, and what is derived from it as it goes.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    pub(crate) capital: Money,
    /// Profit and loss since the start.
    pub(crate) earned: Money,
    pub(crate) drawdown: Drawdown,
    pub(crate) falls: Falls,
    /// Days with market data, and what each gained.
    pub(crate) gains: Vec<(TradingDay, Money)>,
    pub(crate) earned_over_time: Series<Money>,
    pub(crate) drawdown_over_time: Series<Money>,
    pub(crate) returns: Returns,
    pub(crate) daily: Returns,
    interval: (Nanos, Money),
    pub(crate) days: TradingDays,
    /// When the present day ends, and what was earned when it began.
    day: (Nanos, Money),
    present: TradingDay,
}

impl Purse {
    fn new(capital: Money, days: TradingDays) -> Self {
        Self {
            capital,
            earned: Money::ZERO,
            drawdown: Drawdown::from(capital),
            falls: Falls::from(capital),
            gains: Vec::with_capacity(64),
            earned_over_time: Series::new(),
            drawdown_over_time: Series::new(),
            returns: Returns::default(),
            daily: Returns::default(),
            interval: (Nanos::MIN, Money::ZERO),
            days,
            day: (Nanos::MIN, Money::ZERO),
            present: TradingDay::since_epoch(0),
        }
    }

    fn start(&mut self, now: Nanos) {
        self.falls.start(now);
        self.interval.0 = now;
        (self.day.0, self.present) = (self.days.ends_at(now), self.days.of(now));
        self.earned_over_time.push(now, Money::ZERO);
        self.drawdown_over_time.push(now, Money::ZERO);
    }

    /// Closes the intervals that ended by `now`; what is earned has not changed yet.
    fn on_time(&mut self, now: Nanos) {
        let passed = (now - self.interval.0).0 / RETURN_INTERVAL.0;
        if passed > 0 {
            if self.capital > Money::ZERO {
                self.returns.push((self.earned - self.interval.1).to_f64() / self.capital.to_f64());
                if passed <= CLOSED_AFTER {
                    self.returns.push_still(passed.unsigned_abs() - 1);
                }
            }
            self.interval = (Nanos(self.interval.0.0 + passed * RETURN_INTERVAL.0), self.earned);
        }
        if now >= self.day.0 {
            self.close_day();
            (self.day.0, self.present) = (self.days.ends_at(now), self.days.of(now));
        }
    }

    fn close_day(&mut self) {
        self.gains.push((self.present, self.earned - self.day.1));
        if self.capital > Money::ZERO {
            self.daily.push((self.earned - self.day.1).to_f64() / self.capital.to_f64());
        }
        self.day.1 = self.earned;
    }

    fn next_due(&self) -> Nanos {
        (self.interval.0 + RETURN_INTERVAL).min(self.day.0)
    }

    fn on_earned(&mut self, now: Nanos, earned: Money) {
        self.earned = earned;
        let under = self.drawdown.on_equity(self.capital + earned);
        self.falls.on_equity(now, self.capital + earned);
        self.earned_over_time.push(now, earned);
        self.drawdown_over_time.push(now, under);
    }
}

/// How long anything was held.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holding {
    /// In how many instruments there is a position.
    positions: u32,
    since: Nanos,
    pub(crate) held: Nanos,
}

impl Holding {
    fn spend(&mut self, now: Nanos) {
        if self.positions > 0 {
            self.held = self.held + Nanos((now - self.since).0.max(0));
        }
        self.since = now;
    }

    fn on_position(&mut self, now: Nanos, before: Lots, after: Lots) {
        self.spend(now);
        match (before.is_zero(), after.is_zero()) {
            (true, false) => self.positions += 1,
            (false, true) => self.positions -= 1,
            (true, true) | (false, false) => {}
        }
    }
}

/// Which part of the P&L it is.
fn booked(cash: &Cash) -> Booked {
    let nothing = Booked::default();
    match cash.kind {
        CashKind::Funding => Booked { funding: cash.amount(), ..nothing },
        CashKind::Borrow => Booked { borrow: cash.amount(), ..nothing },
        CashKind::Fee => Booked { fees: cash.amount(), ..nothing },
    }
}

fn end_of_hour(at: Nanos) -> Nanos {
    Nanos(hour_of(at).saturating_add(1).saturating_mul(HOUR))
}

/// A currency that is not the report's.
#[derive(Clone, Debug)]
struct Abroad {
    name: String,
    /// An instrument that settles in it.
    settles: InstrumentId,
    /// What changes of its rate made of the balance, so far.
    revalued: Money,
    /// While an hour is closed: what the books before the one at hand earned.
    held: Money,
}

fn abroad(about: &About) -> Vec<Abroad> {
    let mut abroad: Vec<Abroad> = Vec::new();
    for id in &about.traded {
        let name = about.instruments[id.index()].currency();
        if name != about.currency && abroad.iter().all(|known| known.name != name) {
            abroad.push(Abroad { name: name.into(), settles: *id, revalued: Money::ZERO, held: Money::ZERO });
        }
    }
    abroad
}

/// The observer of a run.
#[derive(Clone, Debug)]
pub struct Recorder {
    pub(crate) about: About,
    pub(crate) watches: Vec<Watch>,
    /// By instrument id: its place among `watches`.
    places: Vec<Option<u32>>,
    any_touched: bool,
    /// Whether anything traded settles in another currency than the report's.
    foreign: bool,
    /// Which ones.
    abroad: Vec<Abroad>,
    /// Nothing of the purse's is due before.
    purse_due: Nanos,
    /// When the hour being counted is over.
    hour_due: Nanos,
    pub(crate) purse: Purse,
    pub(crate) holding: Holding,
    pub(crate) quotes: Quotes,
    pub(crate) rolls: Rolls,
    pub(crate) latency_feed: Histogram,
    pub(crate) inputs: u64,
    pub(crate) commands: u64,
    /// By strategy: new orders sent.
    pub(crate) placed: Vec<u64>,
    pub(crate) first_at: Nanos,
    pub(crate) last_at: Nanos,
    pub(crate) venue_clock: Nanos,
}

impl Recorder {
    /// Before the first input.
    ///
    /// # Panics
    /// When a traded instrument is not among the instruments.
    #[must_use]
    pub fn new(about: About) -> Self {
        let abroad = abroad(&about);
        let mut places = vec![None; about.instruments.len()];
        let mut watches = Vec::with_capacity(about.traded.len());
        for (place, id) in about.traded.iter().enumerate() {
            places[id.index()] = Some(u32::try_from(place).expect("ids are 32 bits"));
            let instrument = about.instruments[id.index()].clone();
            watches.push(Watch::new(instrument, about.attribution_after, about.strategies.len()));
        }
        Self {
            purse: Purse::new(about.capital, about.days.clone()),
            watches,
            places,
            any_touched: false,
            foreign: !abroad.is_empty(),
            abroad,
            purse_due: Nanos::MIN,
            hour_due: Nanos::MAX,
            holding: Holding::default(),
            quotes: Quotes::new(),
            rolls: Rolls::default(),
            latency_feed: Histogram::new(),
            inputs: 0,
            commands: 0,
            placed: vec![0; about.strategies.len()],
            first_at: Nanos::MIN,
            last_at: Nanos::MIN,
            venue_clock: Nanos::MIN,
            about,
        }
    }

    /// One step was taken: what went in, what came out, and the machine after it.
    #[inline]
    pub fn on_step(&mut self, input: &Input, commands: &[Command], machine: &impl Watched) {
        let now = input.received_at;
        if self.inputs == 0 {
            self.start(now);
        }
        self.inputs += 1;
        self.last_at = self.last_at.max(now);
        if now >= self.hour_due {
            self.on_hour(now);
        }
        match &input.event {
            Event::Level(e) => self.on_change(now, e.venue_at, e.instrument, e.flags, machine),
            Event::Order(e) => self.on_change(now, e.venue_at, e.instrument, e.flags, machine),
            Event::Trade(e) => {
                if let Some(watch) = self.watch(e.instrument) {
                    watch.on_trade(e.size);
                }
                self.on_latency(now, e.venue_at, e.flags);
                if e.flags.has(Flags::LAST) {
                    self.on_packet_end(now, machine);
                }
            }
            Event::Status(e) => self.on_condition(now, e.venue_at, machine),
            Event::Gap(e) => self.on_condition(now, e.venue_at, machine),
            Event::Report(report) => self.on_report(now, report, machine),
            Event::Statistic(_) | Event::TradeBust(_) => {
                if input.event.flags().has(Flags::LAST) {
                    self.on_packet_end(now, machine);
                }
            }
            Event::Cash(cash) => self.on_cash(now, cash, machine),
            Event::Timer(_)
            | Event::Operator(_)
            | Event::QuoteRequest(_)
            | Event::Bar { .. }
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_) => {}
        }
        if !commands.is_empty() {
            self.commands += commands.len() as u64;
            for command in commands {
                self.quotes.on_command(now, command);
                if let Command::Place(place) = command
                    && let Some(count) = self.placed.get_mut(place.strategy.index())
                {
                    *count += 1;
                }
            }
        }
    }

    fn start(&mut self, now: Nanos) {
        (self.first_at, self.last_at) = (now, now);
        self.hour_due = end_of_hour(now);
        self.purse.start(now);
        self.purse_due = self.purse.next_due();
        for watch in &mut self.watches {
            watch.start(now);
        }
    }

    /// An hour is over: what the step at hand changed belongs to the next.
    fn on_hour(&mut self, now: Nanos) {
        self.close_hour(hour_of(self.hour_due) - 1);
        self.hour_due = end_of_hour(now);
    }

    fn close_hour(&mut self, hour: i64) {
        self.abroad.iter_mut().for_each(|currency| currency.held = Money::ZERO);
        for watch in &mut self.watches {
            let own = self.abroad.iter_mut().find(|currency| currency.name == watch.instrument.currency());
            let mut none = Money::ZERO;
            let held = own.map_or(&mut none, |currency| &mut currency.held);
            watch.aftermath.attribution.close_hour(&watch.instrument, hour, held);
        }
    }

    /// Amounts from here on are converted at the rates of now.
    #[inline]
    fn see_rates(&mut self, machine: &impl Watched) {
        for currency in &self.abroad {
            let rate = machine.rate(currency.settles);
            for watch in self.watches.iter_mut().filter(|own| own.instrument.currency() == currency.name) {
                watch.aftermath.attribution.rate = rate;
            }
        }
    }

    /// What a change of a rate made of a balance is shared by what each book earned in that currency.
    #[inline]
    fn see_revaluation(&mut self, machine: &impl Watched) {
        for currency in &mut self.abroad {
            let gained = machine.revalued(currency.settles) - currency.revalued;
            if gained == Money::ZERO {
                continue;
            }
            currency.revalued += gained;
            let hour = hour_of(self.last_at);
            let of = |watch: &&mut Watch| watch.instrument.currency() == currency.name;
            let earned = self
                .watches
                .iter_mut()
                .filter(of)
                .map(|own| own.aftermath.attribution.earned(&own.instrument));
            let whole = earned.fold(Money::ZERO, |sum, one| sum + one);
            let mut parts = [Parting::of(gained, whole), Parting::of(gained, whole)];
            for watch in self.watches.iter_mut().filter(of) {
                watch.aftermath.attribution.on_revaluation(&watch.instrument, hour, &mut parts);
            }
        }
    }

    #[inline]
    fn watch(&mut self, id: InstrumentId) -> Option<&mut Watch> {
        let place = self.places.get(id.index()).copied().flatten()?;
        self.watches.get_mut(place as usize)
    }

    #[inline]
    fn on_latency(&mut self, now: Nanos, venue_at: Nanos, flags: Flags) {
        // A snapshot tells of what has stood for long: no measure of the way here.
        if !flags.has(Flags::SNAPSHOT) {
            self.latency_feed.add(now - venue_at);
        }
    }

    #[inline]
    fn on_change(
        &mut self,
        now: Nanos,
        venue_at: Nanos,
        id: InstrumentId,
        flags: Flags,
        machine: &impl Watched,
    ) {
        self.on_latency(now, venue_at, flags);
        if let Some(watch) = self.watch(id) {
            watch.touched = true;
            watch.touched_at = venue_at;
            self.any_touched = true;
        }
        if flags.has(Flags::LAST) {
            self.on_packet_end(now, machine);
        }
    }

    /// The packet's last change: the books of all it touched are consistent.
    #[inline]
    fn on_packet_end(&mut self, now: Nanos, machine: &impl Watched) {
        if now >= self.purse_due {
            self.purse.on_time(now);
            self.purse_due = self.purse.next_due();
        }
        if std::mem::take(&mut self.any_touched) {
            self.look(now, machine);
        }
    }

    fn look(&mut self, now: Nanos, machine: &impl Watched) {
        self.see_rates(machine);
        let mut holds = false;
        for watch in self.watches.iter_mut().filter(|watch| watch.touched) {
            watch.touched = false;
            let id = watch.instrument.id();
            let (market, touch) = machine.market(id);
            watch.on_book(now, watch.touched_at, market, touch);
            watch.aftermath.attribution.on_mark(machine.mark(id));
            self.venue_clock = self.venue_clock.max(watch.touched_at);
            holds |= !watch.position.is_zero();
        }
        self.see_revaluation(machine);
        // A foreign balance changes its worth while nothing is held.
        if holds || self.foreign {
            self.purse.on_earned(now, machine.equity());
        }
    }

    /// Trading opened or stopped, or a feed has a hole: books may have changed state without a delta.
    fn on_condition(&mut self, now: Nanos, venue_at: Nanos, machine: &impl Watched) {
        for watch in &mut self.watches {
            watch.touched = true;
            watch.touched_at = venue_at;
        }
        self.look(now, machine);
    }

    fn on_report(&mut self, now: Nanos, report: &types::Report, machine: &impl Watched) {
        self.venue_clock = self.venue_clock.max(report.venue_at);
        self.see_rates(machine);
        let booked = match report.outcome {
            Outcome::Filled { price, liquidity, .. } => self.on_fill(now, report, price, liquidity, machine),
            Outcome::Accepted
            | Outcome::Rejected(_)
            | Outcome::Canceled
            | Outcome::CancelRejected(_)
            | Outcome::Replaced { .. }
            | Outcome::ReplaceRejected(_)
            | Outcome::Listed { .. }
            | Outcome::NotListed
            | Outcome::Busted { .. } => None,
        };
        if let Some(presence) = self.quotes.on_report(now, report, booked)
            && let Some(watch) = self.watch(presence.instrument)
        {
            watch.on_presence(now, presence);
        }
    }

    /// What the portfolio booked is a fill; what it did not (a fill told twice, an impossible one) is none.
    fn on_fill(
        &mut self,
        now: Nanos,
        report: &types::Report,
        price: types::Ticks,
        liquidity: types::Liquidity,
        machine: &impl Watched,
    ) -> Option<Lots> {
        let place = self.places.get(report.instrument.index()).copied().flatten()?;
        let watch = self.watches.get_mut(place as usize)?;
        let position = machine.position(report.instrument);
        let booked = (position - watch.position).abs();
        if booked.is_zero() {
            return None;
        }
        if machine.purpose(report.order).is_some() {
            let fees = machine.earned(report.instrument).fees - watch.fees;
            let mid = machine.market(report.instrument).1;
            self.rolls.on_fill(&watch.instrument, price, position - watch.position, mid, fees);
        }
        self.holding.on_position(now, watch.position, position);
        // An order the machine has forgotten would be the first strategy's; it forgets none that can still fill.
        let last = self.about.strategies.len().saturating_sub(1);
        let strategy = machine.owner(report.order).map_or(0, |owner| owner.index()).min(last);
        let fees = machine.fees(report.instrument);
        let venue_at = report.venue_at;
        let fill = OwnFill { venue_at, price, liquidity, strategy, position, fees };
        watch.on_fill(now, &fill);
        self.purse.on_time(now);
        self.purse_due = self.purse.next_due();
        self.purse.on_earned(now, machine.equity());
        Some(booked)
    }

    /// The venue moved cash, and the portfolio has booked it.
    fn on_cash(&mut self, now: Nanos, cash: &Cash, machine: &impl Watched) {
        self.venue_clock = self.venue_clock.max(cash.venue_at);
        let fees = machine.fees(cash.instrument);
        self.see_rates(machine);
        if let Some(watch) = self.watch(cash.instrument) {
            watch.on_cash(now, booked(cash), fees);
        }
        self.purse.on_time(now);
        self.purse_due = self.purse.next_due();
        self.purse.on_earned(now, machine.equity());
    }

    /// The run is over.
    #[must_use]
    pub fn finish(mut self, machine: &impl Watched, ending: Ending) -> Report {
        for watch in &mut self.watches {
            watch.spend(self.last_at);
            watch.aftermath.close(&watch.instrument);
            let attribution = &mut watch.aftermath.attribution;
            attribution.on_mark(machine.mark(watch.instrument.id()));
        }
        self.see_rates(machine);
        self.see_revaluation(machine);
        self.close_hour(hour_of(self.last_at));
        if self.foreign && self.inputs > 0 {
            self.purse.on_time(self.last_at);
            self.purse.on_earned(self.last_at, machine.equity());
        }
        self.holding.spend(self.last_at);
        self.purse.on_time(self.last_at);
        if self.inputs > 0 {
            self.purse.close_day();
        }
        Report::new(self, machine, ending)
    }
}
