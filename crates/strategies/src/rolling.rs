//! A chain of contracts traded as one: a strategy made anew for each contract, and the way from one to the next.
//!
//! ```text
//!            due                   no order works               flat in the old,
//!  Trading ───────▶ Leaving ────────────────────────▶ Moving ── as much in the new ──▶ Trading the next
//!                   quotes pulled                     closes the old, opens in the new
//!                                                     what was closed, at the touch
//! ```
//!
//! Rolls by real orders, through risk and the venue: each takes what stands at the touch, never more, and a leg that has
//! to wait leaves the other waiting, so that the two together are never larger than the position that is carried. Never
//! looks ahead: a rule by volume compares the last complete trading day when the next begins. The strategy inside knows
//! one contract at a time and nothing of its past.

use engine::{StateError, Strategy, Unsaved, View, Want, Wants, state};
use orders::{Change, Order};
use risk::Refusal;
use serde::{Deserialize, Serialize};
use types::{Event, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Phase, StatisticKind};
use types::{TimeInForce, TimerId, Trade, TradingDays};

/// What every order of a roll is for: [`Strategy::purpose`].
pub const PURPOSE: &str = "roll";

/// After an order of a roll came to nothing, or risk refused it, nothing is tried for this long.
const PAUSE: Nanos = Nanos::from_secs(1);

/// When a chain goes on to its next contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At these moments, one for each contract but the last.
    At(Vec<Nanos>),
    /// When a trading day begins, if on the one before the next contract was ahead.
    Ahead {
        /// In what.
        by: Measure,
        /// Where trading days begin.
        days: TradingDays,
    },
}

/// What contracts are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Lots traded on the day, as far as we heard of them.
    Volume,
    /// The open interest last told.
    OpenInterest,
}

/// Contracts in the order they are traded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The first is traded from the start.
    pub contracts: Vec<InstrumentId>,
    /// When the next takes its place.
    pub when: When,
}

/// Makes the strategy anew for what it may trade now.
pub type Make = Box<dyn Fn(&[InstrumentId]) -> Box<dyn Strategy>>;

/// The strategy around the strategies of each chain, and of what is in none.
pub struct Rolling {
    desks: Vec<Desk>,
    make: Make,
    /// By instrument: its desk.
    desk_of: Vec<Option<usize>>,
    /// No order of a roll is for more.
    size_max: Lots,
    /// By timer of ours: whose it is, and what that calls it; `None`: the desk's own.
    timers: Vec<(usize, u32, Option<TimerId>)>,
    /// Wishes of a strategy inside, before its timers have our names.
    inside: Wants,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Trading,
    Leaving,
    Moving,
}

struct Desk {
    strategy: Box<dyn Strategy>,
    instruments: Vec<InstrumentId>,
    /// `None`: these are no chain, and all are traded at once.
    when: Option<When>,
    current: usize,
    /// How often the strategy was made.
    generation: u32,
    state: State,
    /// Our position by contract, by our own count: other strategies may hold some, too.
    held: Vec<i64>,
    /// What has to be carried over.
    carried: i64,
    retry_at: Nanos,
    /// By contract: what it is compared by, on the present day and on the last complete one.
    today: Vec<i64>,
    yesterday: Vec<i64>,
    day_ends_at: Nanos,
    /// The next contract was ahead when this day began.
    is_ahead: bool,
    orders: Vec<OrderId>,
}

impl std::fmt::Debug for Rolling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rolling").field("desks", &self.desks.len()).finish_non_exhaustive()
    }
}

impl Desk {
    fn new(instruments: Vec<InstrumentId>, when: Option<When>, make: &Make) -> Self {
        let count = instruments.len();
        let traded = if when.is_some() { &instruments[..1] } else { &instruments[..] };
        Self {
            strategy: make(traded),
            when,
            current: 0,
            generation: 0,
            state: State::Trading,
            held: vec![0; count],
            carried: 0,
            retry_at: Nanos::MIN,
            today: vec![0; count],
            yesterday: vec![0; count],
            day_ends_at: Nanos::MIN,
            is_ahead: false,
            orders: Vec::new(),
            instruments,
        }
    }

    /// Whether the strategy inside may hear of it.
    fn hears(&self, instrument: InstrumentId) -> bool {
        let is_current = self.when.is_none() || self.instruments[self.current] == instrument;
        self.state == State::Trading && is_current
    }

    fn place_of(&self, instrument: InstrumentId) -> Option<usize> {
        self.instruments.iter().position(|id| *id == instrument)
    }

    /// The moment of the next roll, if it is known.
    fn due_at(&self) -> Option<Nanos> {
        match &self.when {
            Some(When::At(moments)) => moments.get(self.current).copied(),
            Some(When::Ahead { .. }) | None => None,
        }
    }

    fn is_due(&self, now: Nanos) -> bool {
        let has_next = self.current + 1 < self.instruments.len();
        match &self.when {
            None => false,
            Some(When::At(_)) => has_next && self.due_at().is_some_and(|at| now >= at),
            Some(When::Ahead { .. }) => has_next && self.is_ahead,
        }
    }

    /// Begins a trading day, if one begins.
    fn note_day(&mut self, now: Nanos) {
        let Some(When::Ahead { by, days }) = &self.when else { return };
        if now < self.day_ends_at {
            return;
        }
        let is_first = self.day_ends_at == Nanos::MIN;
        self.day_ends_at = days.ends_at(now);
        if is_first {
            return;
        }
        self.yesterday.clone_from(&self.today);
        if *by == Measure::Volume {
            self.today.fill(0);
        }
        let ahead = |next: &i64| *next > self.yesterday[self.current];
        self.is_ahead = self.yesterday.get(self.current + 1).is_some_and(ahead);
    }

    fn note(&mut self, by: Measure, instrument: InstrumentId, value: i64) {
        let Some(When::Ahead { by: ours, .. }) = self.when else { return };
        if let (true, Some(place)) = (by == ours, self.place_of(instrument)) {
            let today = &mut self.today[place];
            *today = if by == Measure::Volume { today.saturating_add(value) } else { value };
        }
    }

    fn works(&self, view: &View<'_>) -> bool {
        self.instruments.iter().any(|id| view.open_orders(*id).next().is_some())
    }

    fn pull(&self, view: &View<'_>, wants: &mut Wants) {
        for id in &self.instruments {
            view.open_orders(*id).for_each(|order| wants.cancel(order.id));
        }
    }

    /// Closes what is left in the old contract, opens in the new one what was closed; true when that is done.
    fn carry_over(&mut self, size_max: Lots, view: &View<'_>, wants: &mut Wants) -> bool {
        let (old, new) = (self.current, self.current + 1);
        let left = self.held[old];
        let missing = self.carried - left - self.held[new];
        if left == 0 && missing == 0 {
            return true;
        }
        if view.now() >= self.retry_at && !self.works(view) {
            for (place, lots) in [(old, -left), (new, missing)] {
                let wanted = take(self.instruments[place], lots, size_max, view);
                wanted.into_iter().for_each(|order| wants.place(order));
            }
        }
        false
    }

    /// Waits before the next try; the caller sees to a timer.
    fn pause(&mut self, now: Nanos) {
        self.retry_at = now + PAUSE;
    }
}

/// An order for so many lots, sold if below zero, at the touch and no larger than it; `None` while there is nothing to
/// take.
fn take(instrument: InstrumentId, lots: i64, size_max: Lots, view: &View<'_>) -> Option<NewOrder> {
    let side = Lots(lots).side()?;
    let book = view.book(instrument);
    if !book.is_live() || book.phase() != Phase::Open {
        return None;
    }
    let far = book.best(!side)?;
    let size = Lots(lots).abs().min(far.size).min(size_max);
    Some(NewOrder {
        instrument,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::ImmediateOrCancel,
        price: far.price,
        size,
    })
}

impl Rolling {
    /// Chains, and what is traded beside them; every instrument once.
    ///
    /// # Panics
    /// When a chain has no contracts.
    #[must_use]
    pub fn new(chains: Vec<Chain>, beside: Vec<InstrumentId>, size_max: Lots, make: Make) -> Self {
        let mut desks: Vec<Desk> = Vec::with_capacity(chains.len() + 1);
        for Chain { contracts, when } in chains {
            assert!(!contracts.is_empty(), "a chain has contracts");
            desks.push(Desk::new(contracts, Some(when), &make));
        }
        if !beside.is_empty() {
            desks.push(Desk::new(beside, None, &make));
        }
        let mut desk_of = Vec::new();
        for (row, desk) in desks.iter().enumerate() {
            for id in &desk.instruments {
                desk_of.resize(desk_of.len().max(id.index() + 1), None);
                desk_of[id.index()] = Some(row);
            }
        }
        Self { desks, make, desk_of, size_max, timers: Vec::new(), inside: Wants::default() }
    }

    fn desk(&self, instrument: InstrumentId) -> Option<usize> {
        self.desk_of.get(instrument.index()).copied().flatten()
    }

    /// Lets the strategy of a desk speak, and gives its timers names of ours.
    fn ask(
        &mut self,
        row: usize,
        view: &View<'_>,
        wants: &mut Wants,
        say: impl FnOnce(&mut dyn Strategy, &View<'_>, &mut Wants),
    ) {
        let mut inside = std::mem::take(&mut self.inside);
        say(&mut *self.desks[row].strategy, view, &mut inside);
        for want in inside.as_slice() {
            match *want {
                Want::Place(order) => wants.place(order),
                Want::Replace { order, price, size } => wants.replace(order, price, size),
                Want::Cancel(order) => wants.cancel(order),
                Want::WakeAt(at, timer) => self.wake_at(at, row, Some(timer), wants),
                Want::Parent { parent, terms } => wants.parent(parent, terms),
                Want::PlaceChild { parent, order } => wants.place_child(parent, order),
            }
        }
        inside.clear();
        self.inside = inside;
    }

    fn wake_at(&mut self, at: Nanos, row: usize, timer: Option<TimerId>, wants: &mut Wants) {
        let whose = (row, self.desks[row].generation, timer);
        let known = self.timers.iter().position(|known| *known == whose);
        let place = known.unwrap_or_else(|| {
            self.timers.push(whose);
            self.timers.len() - 1
        });
        wants.wake_at(at, TimerId(u32::try_from(place).expect("timers are few")));
    }

    /// Takes a desk as far on its way to the next contract as it goes now.
    fn tend(&mut self, row: usize, view: &View<'_>, wants: &mut Wants) {
        let desk = &mut self.desks[row];
        desk.note_day(view.now());
        if desk.state == State::Trading && desk.is_due(view.now()) {
            desk.state = State::Leaving;
            desk.is_ahead = false;
        }
        if desk.state == State::Leaving {
            if desk.works(view) {
                desk.pull(view, wants);
                return;
            }
            desk.state = State::Moving;
            desk.carried = desk.held[desk.current];
        }
        if desk.state == State::Moving && desk.carry_over(self.size_max, view, wants) {
            desk.current += 1;
            desk.generation += 1;
            desk.state = State::Trading;
            desk.strategy = (self.make)(&[desk.instruments[desk.current]]);
            self.begin(row, view, wants);
        }
    }

    /// A strategy begins, and hears when its contract ends.
    fn begin(&mut self, row: usize, view: &View<'_>, wants: &mut Wants) {
        if let Some(at) = self.desks[row].due_at() {
            self.wake_at(at, row, None, wants);
        }
        self.ask(row, view, wants, |strategy, view, wants| strategy.on_start(view, wants));
    }

    fn pass_on(
        &mut self,
        instrument: InstrumentId,
        view: &View<'_>,
        wants: &mut Wants,
        say: impl FnOnce(&mut dyn Strategy, &View<'_>, &mut Wants),
    ) {
        let Some(row) = self.desk(instrument) else { return };
        self.tend(row, view, wants);
        if self.desks[row].hears(instrument) {
            self.ask(row, view, wants, say);
        }
    }
}

/// What a desk writes down of itself; the strategy in it follows with its own.
#[derive(Serialize, Deserialize)]
struct Kept {
    current: usize,
    generation: u32,
    state: State,
    held: Vec<i64>,
    carried: i64,
    retry_at: Nanos,
    today: Vec<i64>,
    yesterday: Vec<i64>,
    day_ends_at: Nanos,
    is_ahead: bool,
    orders: Vec<OrderId>,
}

impl Desk {
    fn save(&self, out: &mut Vec<u8>) -> Result<(), Unsaved> {
        // Every field by its name, so that a new one must be thought about here.
        let Self {
            strategy,
            instruments: _,
            when: _,
            current,
            generation,
            state,
            held,
            carried,
            retry_at,
            today,
            yesterday,
            day_ends_at,
            is_ahead,
            orders,
        } = self;
        state::write(&(current, generation, state, held, carried, retry_at), out);
        state::write(&(today, yesterday, day_ends_at, is_ahead, orders), out);
        state::write_strategy(&**strategy, out)
    }

    fn restore(&mut self, make: &Make, bytes: &mut &[u8]) -> Result<(), StateError> {
        let kept: Kept = state::take(bytes)?;
        let contract = self.instruments.get(kept.current);
        let contract =
            *contract.ok_or_else(|| StateError::Unreadable("a contract beyond the chain".into()))?;
        let count = self.instruments.len();
        if [kept.held.len(), kept.today.len(), kept.yesterday.len()] != [count; 3] {
            return Err(StateError::Unreadable("a chain of another length".into()));
        }
        if kept.generation > 0 {
            self.strategy = make(&[contract]);
        }
        let Kept { current, generation, state, held, carried, retry_at, .. } = kept;
        (self.current, self.generation, self.state) = (current, generation, state);
        (self.held, self.carried, self.retry_at) = (held, carried, retry_at);
        (self.today, self.yesterday) = (kept.today, kept.yesterday);
        (self.day_ends_at, self.is_ahead, self.orders) = (kept.day_ends_at, kept.is_ahead, kept.orders);
        state::take_strategy(&mut *self.strategy, bytes)
    }
}

impl Strategy for Rolling {
    fn save(&self, out: &mut Vec<u8>) -> Result<(), Unsaved> {
        let Self { desks, make: _, desk_of: _, size_max: _, timers, inside: _ } = self;
        state::write(timers, out);
        desks.iter().try_for_each(|desk| desk.save(out))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let mut rest = bytes;
        self.timers = state::take(&mut rest)?;
        for desk in &mut self.desks {
            desk.restore(&self.make, &mut rest)?;
        }
        if rest.is_empty() { Ok(()) } else { Err(StateError::Unreadable("more desks than chains".into())) }
    }

    fn on_start(&mut self, view: &View<'_>, wants: &mut Wants) {
        for row in 0..self.desks.len() {
            self.begin(row, view, wants);
        }
    }

    fn on_book(&mut self, instrument: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        self.pass_on(instrument, view, wants, |strategy, view, wants| {
            strategy.on_book(instrument, view, wants);
        });
    }

    fn on_trade(&mut self, trade: &Trade, view: &View<'_>, wants: &mut Wants) {
        self.pass_on(trade.instrument, view, wants, |strategy, view, wants| {
            strategy.on_trade(trade, view, wants);
        });
        // Counted after a day that begins with it has begun.
        if let Some(row) = self.desk(trade.instrument) {
            self.desks[row].note(Measure::Volume, trade.instrument, trade.size.0);
        }
    }

    fn on_notice(&mut self, notice: &Event, view: &View<'_>, wants: &mut Wants) {
        let Some(instrument) = notice.instrument() else { return };
        self.pass_on(instrument, view, wants, |strategy, view, wants| {
            strategy.on_notice(notice, view, wants);
        });
        if let (Event::Statistic(statistic), Some(row)) = (notice, self.desk(instrument))
            && statistic.kind == StatisticKind::OpenInterest
        {
            self.desks[row].note(Measure::OpenInterest, instrument, statistic.value);
        }
    }

    fn on_order(&mut self, order: &Order, change: &Change, view: &View<'_>, wants: &mut Wants) {
        let instrument = order.terms.instrument;
        let Some(row) = self.desk(instrument) else { return };
        let desk = &mut self.desks[row];
        let Some(place) = desk.place_of(instrument) else { return };
        if let Change::Filled { size, .. } = change {
            desk.held[place] += size.signed(order.terms.side).0;
        }
        if desk.state == State::Moving {
            if !desk.orders.contains(&order.id) {
                desk.orders.push(order.id);
            }
            if order.filled.is_zero() && !order.is_open() {
                desk.pause(view.now());
                let at = desk.retry_at;
                self.wake_at(at, row, None, wants);
            }
        }
        if self.desks[row].hears(instrument) {
            self.ask(row, view, wants, |strategy, view, wants| {
                strategy.on_order(order, change, view, wants);
            });
        }
        self.tend(row, view, wants);
    }

    fn on_timer(&mut self, timer: TimerId, view: &View<'_>, wants: &mut Wants) {
        let Some(&(row, generation, whose)) = self.timers.get(timer.index()) else { return };
        match whose {
            None => self.tend(row, view, wants),
            // Of the strategy that is there now, and not of one before it.
            Some(timer)
                if generation == self.desks[row].generation && self.desks[row].state == State::Trading =>
            {
                self.ask(row, view, wants, |strategy, view, wants| strategy.on_timer(timer, view, wants));
            }
            Some(_) => {}
        }
    }

    fn on_refused(&mut self, want: &Want, refusal: &Refusal, view: &View<'_>) {
        let of = |order: OrderId| view.order(order).map(|order| order.terms.instrument);
        let instrument = match want {
            Want::Place(order) | Want::PlaceChild { order, .. } => Some(order.instrument),
            Want::Parent { terms, .. } => Some(terms.instrument),
            Want::Replace { order, .. } | Want::Cancel(order) => of(*order),
            Want::WakeAt(..) => None,
        };
        let Some(row) = instrument.and_then(|instrument| self.desk(instrument)) else { return };
        let desk = &mut self.desks[row];
        match desk.state {
            State::Trading => desk.strategy.on_refused(want, refusal, view),
            // Nobody can be woken from here: the next change of a book tries again.
            State::Leaving | State::Moving => desk.pause(view.now()),
        }
    }

    fn purpose(&self, order: OrderId) -> Option<&'static str> {
        self.desks.iter().any(|desk| desk.orders.contains(&order)).then_some(PURPOSE)
    }
}
