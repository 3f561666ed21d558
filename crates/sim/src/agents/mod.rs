//! A market of agents: makers, takers and cancellers at a true exchange, who act when a Hawkes process says so and hear
//! what we do.
//!
//! ```text
//!            excitement (when, which act, which side)
//!                 ▲                     │
//!      every act  │                     ▼
//!   ┌─────────────┴──── Makers ─ Takers ─ Cancellers ────▶ Exchange ──▶ orders, trades
//!   │                     ▲  spread, imbalance, ages ──────────┤
//!   └── our orders ───────┼────────────────────────────────────┘ one queue, first in, first out
//! ```
//!
//! The rate of an act on a side is `hawkes × f(spread) × f(imbalance)`; for withdrawals also times how much there is to
//! withdraw (`people::Cancellers::readiness`), which keeps the book from draining or growing for ever. Where,
//! how much and which order are the agents' habits. See [`Model`] for all of them and `runtime::calibrate` for where they
//! come from. The rates' products are after Morariu-Patrichi & Pakkanen (2022, "State-dependent Hawkes processes").
//!
//! **Reactive**: what we do excites the process like anybody's act, and changes the spread, the sizes and the queue that
//! all others see. After an act of ours the next one of theirs is drawn anew from that moment, which the process allows
//! because it was not to happen before. Without orders of ours the stream is a function of model and seed.
//!
//! Never knows a fair value: nobody here is informed, so that prices move by flow alone.

pub mod buckets;
pub mod model;
mod ours;
mod people;

pub use model::{Act, Model, ModelError};

use crate::market::exchange::{Exchange, Match};
use ours::{Ours, Own, Said};
use people::{Cancellers, Makers, Resting, Takers};
use quant::hawkes::{Excitement, Hawkes, Steps};
use stdx::{Prng, math};
use types::Trade;
use types::{
    Command, Event, Flags, InstrumentId, Liquidity, Lots, MarketOrderId, Nanos, NewOrder, OrderAction,
};
use types::{
    OrderDelta, OrderId, OrderKind, Outcome, PlaceOrder, RejectReason, Report, Side, Ticks, TimeInForce,
};

/// However the state multiplies: no act is more than so many times as frequent as its excitement alone says.
const FACTOR_MAX: f64 = 6.0;
/// Beyond a minute with so many times the usual acts all rates give way as it grows, because what the state multiplies may
/// excite more than the process alone was checked for. Each act then excites less than one, so that a minute is never
/// busier than this times [`FACTOR_MAX`].
const BUSY_MAX: f64 = 8.0;
const BUSY_SECONDS: f64 = 60.0;
/// A taker goes through so many prices at most.
const SWEEP_MAX: usize = 10;

/// What is due next.
#[derive(Clone, Copy, Debug)]
struct Due {
    at: f64,
    kind: usize,
}

/// A market in the making.
#[derive(Clone, Debug)]
pub struct Market {
    instrument: InstrumentId,
    starts_at: Nanos,
    seconds: f64,
    process: Hawkes,
    profile: Steps,
    state: model::State,
    opening: ([i64; 2], Vec<[i64; 2]>),
    exchange: Exchange,
    makers: Makers,
    takers: Takers,
    cancellers: Cancellers,
    clock: Prng,
    /// As it is right after the last act.
    excitement: Excitement,
    now: f64,
    /// Acts of the last minute, fading.
    busy: f64,
    /// What that usually is.
    busy_usually: f64,
    due: Option<Due>,
    is_open: bool,
    /// By side, the agents' orders; by number, their place there.
    resting: [Vec<Resting>; 2],
    places: Vec<u32>,
    /// By side, the best price there was: makers remember it when a side is empty.
    best: [Ticks; 2],
    next_id: u64,
    next_trade: u64,
    matches: Vec<Match>,
    ours: Ours,
    acts: [u64; 3],
}

/// No place.
const NONE: u32 = u32::MAX;

impl Market {
    /// The market of a model, for `seconds` if they are not the model's own.
    ///
    /// # Errors
    /// When the model makes no market.
    pub fn new(
        model: &Model,
        instrument: InstrumentId,
        seed: u64,
        seconds: Option<f64>,
    ) -> Result<Self, ModelError> {
        let process = model.check()?;
        let [bid, ask] = model.session.opening;
        let root = Prng::new(seed);
        // Half and one and a half times the price: an order beyond is refused.
        let (lowest, span) = (bid / 2, (ask + 2_000).min(1 << 26));
        let mut market = Self {
            instrument,
            starts_at: Nanos(model.session.starts_at),
            seconds: seconds.unwrap_or(model.session.seconds),
            excitement: Excitement::new(&process),
            busy: 0.0,
            busy_usually: BUSY_SECONDS * process.mean_rates().map_or(0.0, |rates| rates.iter().sum::<f64>()),
            process,
            profile: model.profile(),
            state: model.state.clone(),
            opening: (model.session.opening, model.session.book.clone()),
            exchange: Exchange::new(Ticks(lowest), u32::try_from(span).expect("bounded just now")),
            makers: Makers::new(model.makers.clone(), root.fork("makers")),
            takers: Takers { habits: model.takers.clone(), prng: root.fork("takers") },
            cancellers: Cancellers { habits: model.cancellers.clone(), prng: root.fork("cancellers") },
            clock: root.fork("clock"),
            now: 0.0,
            due: None,
            is_open: false,
            resting: [Vec::new(), Vec::new()],
            places: Vec::new(),
            best: [Ticks(bid), Ticks(ask)],
            next_id: 1,
            next_trade: 1,
            matches: Vec::new(),
            ours: Ours::default(),
            acts: [0; 3],
        };
        market.schedule();
        Ok(market)
    }

    /// When the next act of the agents is due; `None` when the session is over.
    #[must_use]
    pub fn next_at(&self) -> Option<Nanos> {
        if !self.is_open {
            return Some(self.starts_at);
        }
        Some(self.moment(self.due?.at))
    }

    /// How far the session is, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.now / self.seconds).clamp(0.0, 1.0)
    }

    /// Takes, places and withdrawals of the agents so far.
    #[must_use]
    pub const fn acts(&self) -> [u64; 3] {
        self.acts
    }

    /// The exchange, to look at: our orders stand there among the others.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The next act happens: appends what the market sees of it, and what we are told.
    pub fn step(&mut self, events: &mut Vec<Event>, answers: &mut Vec<Report>) {
        if !self.is_open {
            self.open(events);
            return;
        }
        let Some(due) = self.due else { return };
        let at = self.moment(due.at);
        self.pass(due.at);
        let (act, side) = Act::of_kind(due.kind);
        let before = events.len();
        match act {
            Act::Take => self.taker_acts(side, at, events, answers),
            Act::Place => self.maker_acts(side, at, events),
            Act::Withdraw => self.canceller_acts(side, at, events),
        }
        if events.len() > before {
            self.acts[act as usize] += 1;
            self.busy += 1.0;
            self.excitement.add(&self.process, due.kind);
        }
        self.settle(before, events);
    }

    fn moment(&self, at: f64) -> Nanos {
        #[expect(clippy::cast_possible_truncation, reason = "a session is far shorter than 2⁵³ nanoseconds")]
        let passed = (at * 1e9) as i64;
        self.starts_at + Nanos(passed)
    }

    /// Time passes until an act.
    fn pass(&mut self, at: f64) {
        self.busy *= math::exp((self.now - at) / BUSY_SECONDS);
        self.now = at;
        self.excitement.fade(&self.process, at);
    }

    /// An act is over: the last of its events says so, and the next is drawn.
    fn settle(&mut self, before: usize, events: &mut [Event]) {
        if let Some(last) = events[before..].last_mut() {
            last.mark(Flags::LAST);
        }
        for side in Side::BOTH {
            if let Some(best) = self.exchange.best(side) {
                self.best[side.index()] = best;
            }
        }
        self.schedule();
    }

    /// Both sides as they stand, or as makers remember them: never crossed.
    fn touch(&self) -> [Ticks; 2] {
        let [bid, ask] = Side::BOTH.map(|side| self.exchange.best(side));
        match (bid, ask) {
            (Some(bid), Some(ask)) => [bid, ask],
            (Some(bid), None) => [bid, self.best[1].max(bid + 1)],
            (None, Some(ask)) => [self.best[0].min(ask - 1), ask],
            (None, None) => [self.best[0], self.best[1].max(self.best[0] + 1)],
        }
    }

    /// Draws when somebody acts next (Ogata 1981): between acts the state stands still and excitement only fades, so that
    /// the rates now bound what comes until the time of day changes.
    fn schedule(&mut self) {
        let factors = self.factors();
        let (mut now, mut excitement) = (self.now, self.excitement.clone());
        self.due = None;
        while now < self.seconds {
            let (busy, until) = self.profile.at(now);
            let rate = |excitement: &Excitement, kind: usize| {
                factors[kind] * self.process.intensity(kind, excitement, busy)
            };
            let bound: f64 = (0..Act::KINDS).map(|kind| rate(&excitement, kind)).sum();
            let next = if bound > 0.0 { now + self.clock.exponential() / bound } else { f64::INFINITY };
            if next > until || next > self.seconds {
                now = until.min(self.seconds);
                excitement.fade(&self.process, now);
                continue;
            }
            now = next;
            excitement.fade(&self.process, now);
            let mut rest = self.clock.unit() * bound;
            for kind in 0..Act::KINDS {
                rest -= rate(&excitement, kind);
                if rest < 0.0 {
                    self.due = Some(Due { at: now, kind });
                    return;
                }
            }
        }
    }

    /// By kind: how the book's state changes its rate.
    fn factors(&self) -> [f64; Act::KINDS] {
        let touch = self.touch();
        let spread = buckets::spread(&self.state.spread_edges, touch[1] - touch[0]);
        let sizes = Side::BOTH.map(|side| self.exchange.level(side, touch[side.index()]).size.0);
        let (day, _) = self.profile.at(self.now);
        let most = BUSY_MAX * self.busy_usually * day.max(1.0);
        let calm = if self.busy > most { most / self.busy } else { 1.0 };
        let mut factors = [0.0; Act::KINDS];
        for act in Act::ALL {
            for side in Side::BOTH {
                let own = buckets::imbalance(sizes[side.index()], sizes[(!side).index()]);
                let state =
                    self.state.by_spread[act as usize][spread] * self.state.by_imbalance[act as usize][own];
                let ready = if act == Act::Withdraw {
                    let orders = &self.resting[side.index()];
                    self.cancellers.readiness(orders, side, touch[side.index()])
                } else {
                    1.0
                };
                factors[act.kind(side)] = (state * ready).min(FACTOR_MAX) * calm;
            }
        }
        factors
    }

    fn delta(&self, at: Nanos, id: u64, side: Side, price: Ticks, size: Lots, action: OrderAction) -> Event {
        Event::Order(OrderDelta {
            venue_at: at,
            order: MarketOrderId(id),
            price,
            size,
            instrument: self.instrument,
            side,
            action,
            flags: Flags::NONE,
        })
    }

    /// What stands at the start, as one picture.
    fn open(&mut self, events: &mut Vec<Event>) {
        self.is_open = true;
        let at = self.starts_at;
        events.push(self.delta(at, 0, Side::Buy, Ticks(0), Lots::ZERO, OrderAction::Clear));
        let (touch, book) = std::mem::take(&mut self.opening);
        for [behind, size] in book {
            for side in Side::BOTH {
                let price = Ticks(touch[side.index()]).worse_for(!side, behind);
                let id = self.number();
                if self.rest(id, side, price, Lots(size)) {
                    events.push(self.delta(at, id, side, price, Lots(size), OrderAction::Add));
                }
            }
        }
        for event in events.iter_mut() {
            event.mark(Flags::SNAPSHOT);
        }
        self.settle(0, events);
    }

    fn number(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// An order of the agents' joins its queue; false when its price is beyond the range.
    fn rest(&mut self, id: u64, side: Side, price: Ticks, size: Lots) -> bool {
        self.matches.clear();
        let rested = self.exchange.limit(id, side, price, size, &mut self.matches);
        debug_assert!(self.matches.is_empty(), "makers do not cross");
        if rested.is_zero() {
            return false;
        }
        let list = &mut self.resting[side.index()];
        let row = usize::try_from(id).expect("orders are numbered from one");
        if self.places.len() <= row {
            self.places.resize(row + 1, NONE);
        }
        self.places[row] = u32::try_from(list.len()).expect("fewer live orders than 2³²");
        list.push(Resting { id, price, born: self.now });
        true
    }

    /// An order of the agents' is gone.
    fn forget(&mut self, id: u64, side: Side) {
        let row = usize::try_from(id).expect("orders are numbered from one");
        let place = std::mem::replace(&mut self.places[row], NONE);
        let place = usize::try_from(place).expect("a place among live orders");
        let list = &mut self.resting[side.index()];
        list.swap_remove(place);
        if let Some(moved) = list.get(place) {
            let moved = usize::try_from(moved.id).expect("orders are numbered from one");
            self.places[moved] = u32::try_from(place).expect("fewer live orders than 2³²");
        }
    }

    fn maker_acts(&mut self, side: Side, at: Nanos, events: &mut Vec<Event>) {
        let touch = self.touch();
        let (price, size) = self.makers.order(side, touch, &self.state.spread_edges);
        let id = self.number();
        if self.rest(id, side, price, size) {
            events.push(self.delta(at, id, side, price, size, OrderAction::Add));
        }
    }

    fn canceller_acts(&mut self, side: Side, at: Nanos, events: &mut Vec<Event>) {
        // The last one stays: an agent that quotes alone does not leave.
        if self.resting[side.index()].len() < 2 {
            return;
        }
        let best = self.touch()[side.index()];
        let orders = &self.resting[side.index()];
        let Some((id, left)) = self.cancellers.choose(&self.exchange, orders, side, best, self.now) else {
            return;
        };
        let standing = self.exchange.order(id).expect("it was chosen among those that rest");
        if left > Lots::ZERO {
            self.exchange.replace(id, standing.price, left, &mut self.matches);
            events.push(self.delta(at, id, side, standing.price, standing.size - left, OrderAction::Reduce));
        } else {
            self.exchange.cancel(id);
            self.forget(id, side);
            events.push(self.delta(at, id, side, standing.price, standing.size, OrderAction::Delete));
        }
    }

    fn taker_acts(&mut self, side: Side, at: Nanos, events: &mut Vec<Event>, answers: &mut Vec<Report>) {
        let Some(best) = self.exchange.best(!side) else { return };
        let standing = self.exchange.level(!side, best).size;
        let wanted = self.takers.size(standing);
        // Through some prices, and never the last of them: somebody always stays.
        let prices: Vec<Ticks> =
            self.exchange.levels(!side).take(SWEEP_MAX).map(|level| level.price).collect();
        let last = if prices.len() > 1 { prices[prices.len() - 2] } else { prices[0] };
        let most = if prices.len() > 1 { wanted } else { wanted.min(standing - Lots(1)) };
        if most > Lots::ZERO {
            self.trade(side, last, most, at, events, answers);
        }
    }

    /// An order takes what stands, up to its limit; gives what is left of it.
    fn trade(
        &mut self,
        side: Side,
        limit: Ticks,
        size: Lots,
        at: Nanos,
        events: &mut Vec<Event>,
        answers: &mut Vec<Report>,
    ) -> Lots {
        let mut matches = std::mem::take(&mut self.matches);
        matches.clear();
        let left = self.exchange.take(side, limit, size, &mut matches);
        let said = Said { at, instrument: self.instrument };
        for Match { resting, size } in matches.iter().copied() {
            events.push(Event::Trade(Trade {
                venue_at: at,
                price: resting.price,
                size,
                id: self.next_trade,
                instrument: self.instrument,
                price_fraction: 0,
                aggressor: Some(side),
                flags: Flags::NONE,
            }));
            self.next_trade += 1;
            events.push(self.delta(at, resting.id, resting.side, resting.price, size, OrderAction::Fill));
            // It shrinks by what traded, to nothing when that was all.
            events.push(self.delta(at, resting.id, resting.side, resting.price, size, OrderAction::Reduce));
            if self.ours.is_ours(resting.id) {
                self.ours.on_hit(resting.id, size, said, answers);
            } else if resting.size.is_zero() {
                self.forget(resting.id, resting.side);
            }
        }
        self.matches = matches;
        left
    }

    /// One of our commands reaches the exchange: appends what the market sees of it, and what we are told.
    pub fn on_command(
        &mut self,
        at: Nanos,
        command: &Command,
        events: &mut Vec<Event>,
        answers: &mut Vec<Report>,
    ) {
        let since = (at - self.starts_at).to_secs_f64();
        if !self.is_open || since >= self.seconds {
            self.refuse(at, command, answers);
            return;
        }
        self.pass(since.max(self.now));
        let before = events.len();
        match *command {
            Command::Place(place) => self.place(at, place, events, answers),
            Command::Cancel { order, .. } => self.cancel(at, order, events, answers),
            Command::Replace { order, price, size, .. } => {
                self.replace(at, order, (price, size), events, answers)
            }
            Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => debug_assert!(false, "a timer was sent to a venue"),
        }
        self.settle(before, events);
    }

    fn said(&self, at: Nanos) -> Said {
        Said { at, instrument: self.instrument }
    }

    fn refuse(&self, at: Nanos, command: &Command, answers: &mut Vec<Report>) {
        let said = self.said(at);
        match *command {
            Command::Place(place) => said.reject(place.order, RejectReason::MarketClosed, answers),
            Command::Cancel { order, .. } => {
                said.say(order, Outcome::CancelRejected(RejectReason::MarketClosed), answers);
            }
            Command::Replace { order, .. } => {
                said.say(order, Outcome::ReplaceRejected(RejectReason::MarketClosed), answers);
            }
            Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => {}
        }
    }

    /// Why an order is refused, if it is.
    fn refusal(&self, terms: &NewOrder) -> Option<RejectReason> {
        if terms.instrument != self.instrument {
            return Some(RejectReason::UnknownInstrument);
        }
        let known = match terms.kind {
            OrderKind::Limit | OrderKind::Market | OrderKind::PostOnly => true,
            OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::Iceberg { .. }
            | OrderKind::Pegged { .. } => false,
        };
        if !known || terms.size <= Lots::ZERO {
            return Some(RejectReason::Invalid);
        }
        let other = self.exchange.best(!terms.side);
        let takes = other.is_some_and(|best| terms.price.crosses(best, terms.side));
        if takes && terms.kind == OrderKind::PostOnly {
            return Some(RejectReason::WouldTake);
        }
        if self.ours.meets(terms.side, terms.price) {
            return Some(RejectReason::Other);
        }
        let all = terms.time_in_force == TimeInForce::FillOrKill;
        (all && self.available(terms.side, terms.price) < terms.size)
            .then_some(RejectReason::NotEnoughLiquidity)
    }

    fn available(&self, side: Side, limit: Ticks) -> Lots {
        let levels = self.exchange.levels(!side).take_while(|level| limit.crosses(level.price, side));
        levels.map(|level| level.size).sum()
    }

    fn place(&mut self, at: Nanos, place: PlaceOrder, events: &mut Vec<Event>, answers: &mut Vec<Report>) {
        let PlaceOrder { order, terms, .. } = place;
        let said = self.said(at);
        if let Some(reason) = self.refusal(&terms) {
            said.reject(order, reason, answers);
            return;
        }
        said.say(order, Outcome::Accepted, answers);
        let rests = terms.kind != OrderKind::Market && terms.time_in_force.rests();
        self.enter((order, terms.side, terms.price), terms.size, Lots::ZERO, rests, at, events, answers);
    }

    /// An order of ours takes what it crosses; what is left rests, or is gone.
    #[expect(clippy::too_many_arguments, reason = "an order, and where its effects go")]
    fn enter(
        &mut self,
        (order, side, price): (OrderId, Side, Ticks),
        size: Lots,
        filled: Lots,
        rests: bool,
        at: Nanos,
        events: &mut Vec<Event>,
        answers: &mut Vec<Report>,
    ) {
        let said = self.said(at);
        let wanted = size - filled;
        let left = self.trade(side, price, wanted, at, events, answers);
        for at in 0..self.matches.len() {
            let Match { resting, size } = self.matches[at];
            self.ours.fill(order, resting.price, size, Liquidity::Taker, said, answers);
        }
        if left < wanted {
            self.excitement.add(&self.process, Act::Take.kind(side));
        }
        if left.is_zero() {
            return;
        }
        let id = self.number();
        let mut none = Vec::new();
        if rests && self.exchange.limit(id, side, price, left, &mut none) == left {
            self.excitement.add(&self.process, Act::Place.kind(side));
            events.push(self.delta(at, id, side, price, left, OrderAction::Add));
            self.ours.orders.push(Own { order, id, side, price, size, filled: size - left });
        } else {
            said.say(order, Outcome::Canceled, answers);
        }
    }

    /// Takes an order of ours off the book.
    fn withdraw(&mut self, place: usize, at: Nanos, events: &mut Vec<Event>) -> Own {
        let own = self.ours.orders.remove(place);
        let standing = self.exchange.cancel(own.id).expect("ours rest until they are filled or cancelled");
        events.push(self.delta(at, own.id, own.side, own.price, standing.size, OrderAction::Delete));
        self.excitement.add(&self.process, Act::Withdraw.kind(own.side));
        own
    }

    fn cancel(&mut self, at: Nanos, order: OrderId, events: &mut Vec<Event>, answers: &mut Vec<Report>) {
        let outcome = match self.ours.place_of(order) {
            None => Outcome::CancelRejected(RejectReason::UnknownOrder),
            Some(place) => {
                self.withdraw(place, at, events);
                Outcome::Canceled
            }
        };
        self.said(at).say(order, outcome, answers);
    }

    /// Same price and no larger: it keeps its place. Anything else takes it out and enters it anew, where it may take.
    fn replace(
        &mut self,
        at: Nanos,
        order: OrderId,
        (price, size): (Ticks, Lots),
        events: &mut Vec<Event>,
        answers: &mut Vec<Report>,
    ) {
        let said = self.said(at);
        let refused = |reason| Outcome::ReplaceRejected(reason);
        let Some(place) = self.ours.place_of(order) else {
            said.say(order, refused(RejectReason::UnknownOrder), answers);
            return;
        };
        let own = self.ours.orders[place];
        if size <= own.filled || size <= Lots::ZERO {
            said.say(order, refused(RejectReason::Invalid), answers);
            return;
        }
        if price == own.price && size <= own.size {
            let less = own.size - size;
            self.exchange.replace(own.id, price, size - own.filled, &mut Vec::new());
            if !less.is_zero() {
                events.push(self.delta(at, own.id, own.side, price, less, OrderAction::Reduce));
            }
            self.ours.orders[place].size = size;
            said.say(order, Outcome::Replaced { price, size }, answers);
            return;
        }
        let others = self.ours.orders.iter().any(|o| o.side != own.side && price.crosses(o.price, own.side));
        if others {
            said.say(order, refused(RejectReason::Other), answers);
            return;
        }
        let own = self.withdraw(place, at, events);
        said.say(order, Outcome::Replaced { price, size }, answers);
        self.enter((order, own.side, price), size, own.filled, true, at, events, answers);
    }
}

#[cfg(test)]
mod tests;
