//! What venues' refusals teach: how fast a venue takes orders, what it does not take now, and who asks for the impossible.
//!
//! | the venue said | what follows | until |
//! |---|---|---|
//! | throttled (V-10) | new orders there are paced, half as fast each time | answers come: an eighth faster each, then free |
//! | market closed (V-11) | none in the instrument, twice as long each time | its phase changes, an order is taken, or the time is over |
//! | collar (V-16) | none at that price or beyond it | the limits move, an order is taken, or the time is over |
//! | no reason we know, so often in so long (V-05) | none of the strategy | the pause is over |
//!
//! Refused, never queued: what was a good order may be a bad one later, and a queue is what storms in at a reopening.
//! Cancels are none of its business: they always go first. Never counts what risk counts; a limit of a person's is risk's.

use crate::engine::Core;
use crate::guard::Guard;
use crate::guard::same;
use crate::state::StateError;
use risk::Refusal;
use serde::{Deserialize, Serialize};
use types::{
    AlertKind, Command, InstrumentId, Nanos, NewOrder, Phase, RejectReason, Scope, Side, Statistic,
    StrategyId, Ticks,
};

const MS: i64 = 1_000_000;

/// Between two orders after the first refusal, and at most.
const PACE_FIRST: i64 = 50 * MS;
const PACE_SLOWEST: i64 = 2_000 * MS;
/// Faster than this is free.
const PACE_FREE: i64 = MS;
/// For how long an instrument, or a price, is left alone; at most.
const LEFT_FIRST: i64 = 100 * MS;
const LEFT_LONGEST: i64 = 30_000 * MS;
/// So many refusals for no reason we know within so long pause a strategy for so long.
const UNKNOWN_MOST: usize = 5;
const UNKNOWN_WITHIN: i64 = 10_000 * MS;
const PAUSE: i64 = 60_000 * MS;

/// How fast a venue takes orders.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Pace {
    /// Between two orders; zero is free.
    every: i64,
    next: Nanos,
}

/// What an instrument's venue does not take now.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Left {
    /// Nothing, until then.
    closed_until: Nanos,
    /// By side: no price from here on, in this direction, until then.
    beyond: [Option<Beyond>; 2],
    strikes: u32,
    /// The venue's price limits, low and high.
    limits: [Option<Ticks>; 2],
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Beyond {
    price: Ticks,
    upwards: bool,
    until: Nanos,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Seat {
    /// When the last refusals came, in a ring.
    unknown: [Nanos; UNKNOWN_MOST],
    next: usize,
    paused_until: Nanos,
}

const NEVER: Nanos = Nanos(i64::MIN);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pacing {
    /// By venue; grows to the highest that throttled.
    paces: Vec<Pace>,
    lefts: Vec<Left>,
    seats: Vec<Seat>,
    /// Until when any of them has something to say.
    wary_until: Nanos,
}

impl Pacing {
    pub(crate) fn new(instruments: usize, strategies: usize) -> Self {
        let left = Left { closed_until: NEVER, ..Left::default() };
        let seat = Seat { unknown: [NEVER; UNKNOWN_MOST], next: 0, paused_until: NEVER };
        Self {
            paces: Vec::with_capacity(16),
            lefts: vec![left; instruments],
            seats: vec![seat; strategies],
            wary_until: NEVER,
        }
    }

    pub(crate) fn restore(&mut self, saved: Self) -> Result<(), StateError> {
        same("instruments", saved.lefts.len(), self.lefts.len())?;
        same("strategies", saved.seats.len(), self.seats.len())?;
        *self = saved;
        Ok(())
    }

    fn wary(&mut self, until: Nanos) {
        self.wary_until = self.wary_until.max(until);
    }

    /// For how long something is left alone after another refusal in the instrument.
    fn strike(&mut self, now: Nanos, instrument: InstrumentId) -> Nanos {
        let left = &mut self.lefts[instrument.index()];
        let span = LEFT_FIRST.saturating_mul(1 << left.strikes.min(20)).min(LEFT_LONGEST);
        left.strikes += 1;
        let until = now + Nanos(span);
        self.wary(until);
        until
    }

    /// True when the strategy was refused too often in too short a time: it pauses.
    fn on_unknown(&mut self, now: Nanos, strategy: StrategyId) -> bool {
        let Some(seat) = self.seats.get_mut(strategy.index()) else { return false };
        seat.unknown[seat.next] = now;
        seat.next = (seat.next + 1) % UNKNOWN_MOST;
        let oldest = seat.unknown[seat.next];
        let too_often = oldest > NEVER && now.0.saturating_sub(oldest.0) <= UNKNOWN_WITHIN;
        if !too_often || now < seat.paused_until {
            return false;
        }
        seat.paused_until = now + Nanos(PAUSE);
        self.wary(now + Nanos(PAUSE));
        true
    }

    /// Trading in an instrument, or in all, begins: what was refused may be taken now.
    pub(crate) fn on_phase(&mut self, instrument: Option<InstrumentId>, phase: Phase) {
        match phase {
            Phase::Open | Phase::PreOpen => {}
            Phase::Halted | Phase::Closed => return,
        }
        let rows = match instrument {
            Some(id) => id.index()..id.index() + 1,
            None => 0..self.lefts.len(),
        };
        for left in self.lefts.get_mut(rows).into_iter().flatten() {
            (left.closed_until, left.beyond) = (NEVER, [None, None]);
        }
    }
}

impl Guard {
    /// Whether any venue has refused anything lately.
    #[inline]
    pub(crate) fn is_wary(&self, now: Nanos) -> bool {
        now < self.pacing.wary_until
    }

    /// Whether a new order may be sent; one that may takes its place in the pace.
    pub(crate) fn admits(
        &mut self,
        now: Nanos,
        strategy: StrategyId,
        order: &NewOrder,
    ) -> Result<(), Refusal> {
        let NewOrder { instrument, side, price, .. } = *order;
        let pacing = &mut self.pacing;
        if pacing.seats.get(strategy.index()).is_some_and(|seat| now < seat.paused_until) {
            return Err(Refusal::VenuePaused);
        }
        let left = &pacing.lefts[instrument.index()];
        if now < left.closed_until {
            return Err(Refusal::VenuePaused);
        }
        if let Some(beyond) = left.beyond[side.index()].filter(|beyond| now < beyond.until) {
            let is_beyond = if beyond.upwards { price >= beyond.price } else { price <= beyond.price };
            if is_beyond {
                return Err(Refusal::VenuePaused);
            }
        }
        let venue = self.sessions.venue_of(instrument);
        if let Some(pace) = pacing.paces.get_mut(venue.index()).filter(|pace| pace.every > 0) {
            if now < pace.next {
                return Err(Refusal::VenuePaused);
            }
            pace.next = now + Nanos(pace.every);
        }
        Ok(())
    }

    /// The venue takes orders in the instrument.
    #[inline]
    fn on_taken(&mut self, now: Nanos, instrument: InstrumentId) {
        if !self.is_wary(now) {
            return;
        }
        self.pacing.lefts[instrument.index()].strikes = 0;
        let venue = self.sessions.venue_of(instrument);
        if let Some(pace) = self.pacing.paces.get_mut(venue.index()) {
            pace.every -= pace.every / 8;
            if pace.every < PACE_FREE {
                pace.every = 0;
            }
        }
    }

    fn on_throttled(&mut self, now: Nanos, instrument: InstrumentId) {
        let venue = self.sessions.venue_of(instrument).index();
        if venue >= self.pacing.paces.len() {
            self.pacing.paces.resize(venue + 1, Pace::default());
        }
        let pace = &mut self.pacing.paces[venue];
        pace.every = if pace.every == 0 { PACE_FIRST } else { (pace.every * 2).min(PACE_SLOWEST) };
        pace.next = now + Nanos(pace.every);
        // As long as it is paced, it is looked at.
        self.pacing.wary(Nanos(i64::MAX));
    }
}

impl Core {
    /// The venue took an order.
    #[inline]
    pub(crate) fn on_taken(&mut self, instrument: InstrumentId) {
        self.guard.on_taken(self.now, instrument);
    }

    /// The venue refused a new order, or a replace of one.
    pub(crate) fn on_refused(
        &mut self,
        strategy: StrategyId,
        terms: &NewOrder,
        reason: RejectReason,
        out: &mut Vec<Command>,
    ) {
        let NewOrder { instrument, side, price, .. } = *terms;
        let (now, guard) = (self.now, &mut self.guard);
        match reason {
            RejectReason::Throttled => guard.on_throttled(now, instrument),
            RejectReason::MarketClosed => {
                let until = guard.pacing.strike(now, instrument);
                guard.pacing.lefts[instrument.index()].closed_until = until;
            }
            RejectReason::Collar => {
                let until = guard.pacing.strike(now, instrument);
                // Which limit it was is where the market is from there.
                let best = self.books[instrument.index()].best(side).map(|level| level.price);
                let upwards = best.map_or(side == Side::Buy, |best| price >= best);
                let beyond = Beyond { price, upwards, until };
                guard.pacing.lefts[instrument.index()].beyond[side.index()] = Some(beyond);
            }
            RejectReason::Other => {
                if guard.pacing.on_unknown(now, strategy) {
                    let scope = Scope::Strategy(strategy);
                    out.push(Command::Alert { kind: AlertKind::Disabled, scope, value: 5 });
                }
            }
            RejectReason::UnknownInstrument
            | RejectReason::WouldTake
            | RejectReason::NotEnoughLiquidity
            | RejectReason::Invalid
            | RejectReason::UnknownOrder
            | RejectReason::SelfMatch => {}
        }
    }

    /// The venue's price limits moved: prices that were refused may be taken, and orders that rest outside are no orders
    /// any more that it would take; they go before they are refused one by one (V-16).
    pub(crate) fn on_limits(&mut self, statistic: &Statistic, out: &mut Vec<Command>) {
        let (Some(which), instrument) = (statistic.kind.price_limit(), statistic.instrument) else { return };
        let Some(left) = self.guard.pacing.lefts.get_mut(instrument.index()) else { return };
        left.beyond = [None, None];
        left.limits[which] = statistic.price().filter(|_| !statistic.deleted);
        let [low, high] = left.limits;
        let is_outside =
            |price: Ticks| low.is_some_and(|low| price < low) || high.is_some_and(|high| price > high);
        loop {
            let mut open = self.orders.open_of(instrument);
            let outside = open.find(|order| {
                let stands = order.stands_at().into_iter().flatten();
                !order.is_canceling() && stands.into_iter().any(is_outside)
            });
            let Some(id) = outside.map(|order| order.id) else { return };
            drop(open);
            self.cancel(id, out);
        }
    }
}
