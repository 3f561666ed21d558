//! The market maker every quoting strategy shares: when to think, what may stand, when to pull. Owns the pace and
//! the quotes of each instrument; a [`Rule`] owns the prices.
//!
//! * Quotes are thought over at most once an interval, when the book changed; what happens in between sets one
//!   timer for the interval's end, so that a quote is never left behind by a market that falls silent.
//! * A book that is crossed, stale or one-sided, and a market that is halted or closed, has every quote pulled in the same step, whatever the interval.
//! * Inventory and its bound are of this strategy's own fills; the account's bound is risk's business.
//! * Never sends anything that could take: quotes are post-only and stay behind the other side's best.
//!
//! Cost: an event in between is the rule's signals and two compares; a thought is the rule's formula and a walk
//! over our open orders. Allocates only when it is made.

use crate::estimates::{Estimates, Law};
use crate::quotes::{Target, Working, reconcile, within_bounds};
use crate::sizing::{Steps, tick_value, volatility};
use book::Book;
use engine::{StateError, Strategy, Unsaved, View, Want, Wants, state};
use orders::{Change, Order};
use risk::Refusal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use signals::Touch;
use types::{Instrument, InstrumentId, Lots, Nanos, Phase, Side, Ticks, TimerId, Trade};

/// After risk has refused a wish, nothing is wished for this long: it would be refused again.
const PAUSE_AFTER_REFUSAL: Nanos = Nanos::from_secs(1);
/// The time that an order's risk is counted over.
const RISK_SPAN: Nanos = Nanos::from_secs(60);
/// By how much of it a size may be off before it changes.
const RESIZE_BAND: f64 = 0.25;

/// One side's price before it is rounded, and how far from fair it lies; both in ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// The price; rounded away from the market.
    pub price: f64,
    /// From the fair price: the measure for how much a working quote may be off.
    pub distance: f64,
}

/// Both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// To buy at.
    pub bid: Quote,
    /// To sell at.
    pub ask: Quote,
}

/// Where a formula stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Situation {
    /// The mid, in ticks.
    pub mid: f64,
    /// The position, in orders.
    pub inventory: f64,
}

/// A formula for both quotes from the market's law.
pub trait Pricing {
    /// The quotes in this situation.
    fn price(&self, situation: &Situation, law: &Law) -> Pair;
}

/// What decides the prices of one instrument. It hears all its market data, and is asked now and then.
pub trait Rule {
    /// The book is live and this is its touch.
    fn on_touch(&mut self, now: Nanos, touch: &Touch);
    /// The market traded.
    fn on_trade(&mut self, now: Nanos, trade: &Trade);
    /// The book cannot be trusted from here to the next touch.
    fn on_interruption(&mut self, now: Nanos);
    /// The quotes with `inventory` orders held; `None` to have none.
    fn quotes(&mut self, now: Nanos, touch: &Touch, inventory: f64) -> Option<Pair>;
    /// How fast the mid moves, in ticks / √s, where the rule knows: what sizes by risk are made from.
    fn volatility(&self) -> Option<f64> {
        None
    }
}

/// A formula with the estimates it needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Estimated<P> {
    /// Of this instrument.
    pub estimates: Estimates,
    /// The formula.
    pub pricing: P,
}

impl<P: Pricing> Rule for Estimated<P> {
    #[inline]
    fn on_touch(&mut self, now: Nanos, touch: &Touch) {
        self.estimates.on_touch(now, touch);
    }

    fn on_trade(&mut self, now: Nanos, trade: &Trade) {
        self.estimates.on_trade(now, trade);
    }

    fn on_interruption(&mut self, now: Nanos) {
        self.estimates.on_interruption(now);
    }

    fn quotes(&mut self, now: Nanos, touch: &Touch, inventory: f64) -> Option<Pair> {
        let law = self.estimates.law(now)?;
        let mid = touch.mid_ticks();
        Some(self.pricing.price(&Situation { mid, inventory }, &law))
    }

    fn volatility(&self) -> Option<f64> {
        self.estimates.volatility()
    }
}

/// What every maker is told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// What each side shows; at most, where it goes by risk.
    pub order_size: Lots,
    /// What an order may gain or lose within a minute, in one standard deviation; `None`: its size is fixed.
    pub order_risk: Option<f64>,
    /// The position never goes beyond, either way.
    pub max_position: Lots,
    /// Between two thoughts.
    pub requote_interval: Nanos,
    /// How far a working quote may be off before it is moved, as a share of its distance from fair.
    pub hysteresis: f64,
}

/// A strategy: a [`Rule`] for each instrument, quoted by one [`Policy`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Maker<R> {
    policy: Policy,
    desks: Vec<Desk<R>>,
    /// By instrument: its desk.
    desk_of: Vec<Option<usize>>,
}

/// One instrument's quotes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Desk<R> {
    instrument: InstrumentId,
    timer: TimerId,
    rule: R,
    /// `None` while the book may not be traded on.
    touch: Option<Touch>,
    /// The prices last thought about.
    seen: Option<(Ticks, Ticks)>,
    /// Something happened to our orders since.
    stirred: bool,
    /// Risk would not let an order move: it must not stay either.
    stranded: bool,
    next_at: Nanos,
    wake_at: Option<Nanos>,
    /// What each side shows now, where that goes by risk.
    size: Lots,
}

impl<R: Rule> Maker<R> {
    /// One desk for each traded instrument.
    #[must_use]
    pub fn new(
        policy: Policy,
        instruments: &[Instrument],
        traded: &[InstrumentId],
        rule: impl Fn(&Instrument) -> R,
    ) -> Self {
        let mut desk_of = vec![None; instruments.len()];
        let mut desks: Vec<Desk<R>> = Vec::with_capacity(traded.len());
        for &instrument in traded {
            if desk_of[instrument.index()].is_some() {
                continue; // Named twice.
            }
            desk_of[instrument.index()] = Some(desks.len());
            desks.push(Desk {
                instrument,
                timer: TimerId(instrument.0),
                rule: rule(&instruments[instrument.index()]),
                touch: None,
                seen: None,
                stirred: false,
                stranded: false,
                next_at: Nanos::MIN,
                wake_at: None,
                size: Lots::ZERO,
            });
        }
        Self { policy, desks, desk_of }
    }

    fn desk(&mut self, instrument: InstrumentId) -> Option<&mut Desk<R>> {
        let row = (*self.desk_of.get(instrument.index())?)?;
        self.desks.get_mut(row)
    }
}

impl<R: Rule + Serialize + DeserializeOwned> Strategy for Maker<R> {
    fn save(&self, out: &mut Vec<u8>) -> Result<(), Unsaved> {
        state::write(self, out);
        Ok(())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        *self = state::read(bytes)?;
        Ok(())
    }

    fn on_book(&mut self, instrument: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        let policy = self.policy;
        let Some(desk) = self.desk(instrument) else {
            return;
        };
        match touch_of(view.book(instrument)) {
            Some(touch) => {
                desk.touch = Some(touch);
                desk.rule.on_touch(view.now(), &touch);
            }
            None => desk.interrupt(view.now()),
        }
        desk.tend(&policy, view, wants);
    }

    fn on_trade(&mut self, trade: &Trade, view: &View<'_>, _: &mut Wants) {
        if let Some(desk) = self.desk(trade.instrument) {
            desk.rule.on_trade(view.now(), trade);
        }
    }

    fn on_order(&mut self, order: &Order, _: &Change, view: &View<'_>, wants: &mut Wants) {
        let policy = self.policy;
        if let Some(desk) = self.desk(order.terms.instrument) {
            desk.stirred = true;
            desk.tend(&policy, view, wants);
        }
    }

    fn on_timer(&mut self, timer: TimerId, view: &View<'_>, wants: &mut Wants) {
        let policy = self.policy;
        if let Some(desk) = self.desk(InstrumentId(timer.0)) {
            desk.wake_at = None;
            desk.tend(&policy, view, wants);
        }
    }

    fn on_refused(&mut self, want: &Want, _: &Refusal, view: &View<'_>) {
        let (instrument, stranded) = match want {
            Want::Place(order) | Want::PlaceChild { order, .. } => (Some(order.instrument), false),
            Want::Parent { terms, .. } => (Some(terms.instrument), false),
            Want::Replace { order, .. } => (instrument_of(*order, view), true),
            Want::Cancel(order) => (instrument_of(*order, view), false),
            Want::WakeAt(..) => (None, false),
        };
        let pause = PAUSE_AFTER_REFUSAL.max(self.policy.requote_interval);
        if let Some(desk) = instrument.and_then(|id| self.desk(id)) {
            desk.next_at = view.now() + pause;
            desk.stirred = true;
            desk.stranded |= stranded;
        }
    }
}

fn instrument_of(order: types::OrderId, view: &View<'_>) -> Option<InstrumentId> {
    view.order(order).map(|order| order.terms.instrument)
}

/// Both best levels of a book that may be traded on: sound, and neither halted nor closed. Before the open a venue may
/// take orders for its auction.
#[inline]
fn touch_of(book: &Book) -> Option<Touch> {
    if !book.is_live() || matches!(book.phase(), Phase::Halted | Phase::Closed) {
        return None;
    }
    let (bid, ask) = (book.best(Side::Buy)?, book.best(Side::Sell)?);
    Some(Touch { bid: bid.price, bid_size: bid.size, ask: ask.price, ask_size: ask.size })
}

impl<R: Rule> Desk<R> {
    fn interrupt(&mut self, now: Nanos) {
        if self.touch.take().is_some() {
            self.rule.on_interruption(now);
        }
    }

    /// Does what the moment asks for: pull, think, or see to it that somebody thinks later.
    #[inline]
    fn tend(&mut self, policy: &Policy, view: &View<'_>, wants: &mut Wants) {
        let Some(touch) = self.touch else {
            return self.pull(view, wants);
        };
        let stranded = std::mem::take(&mut self.stranded);
        if view.now() >= self.next_at {
            return self.think(policy, &touch, view, wants);
        }
        if stranded {
            self.pull(view, wants);
        }
        let moved = self.seen != Some((touch.bid, touch.ask));
        if self.wake_at.is_none() && (moved || self.stirred) {
            self.wake_at = Some(self.next_at);
            wants.wake_at(self.next_at, self.timer);
        }
    }

    fn think(&mut self, policy: &Policy, touch: &Touch, view: &View<'_>, wants: &mut Wants) {
        self.next_at = view.now() + policy.requote_interval;
        self.seen = Some((touch.bid, touch.ask));
        self.stirred = false;
        // Its own, not the account's: two makers on one instrument would each lean against the other's inventory.
        let position = view.own_position(self.instrument);
        let instrument = view.instrument(self.instrument);
        let policy = &Policy { order_size: self.order_size(policy, instrument, touch), ..*policy };
        // What is too wild for one lot is quoted by its inventory in lots, and shown nowhere.
        let inventory = count(position.0) / count(policy.order_size.0.max(1));
        let pair = self.rule.quotes(view.now(), touch, inventory);
        let targets = pair.map_or([None, None], |pair| targets(policy, instrument, touch, position, &pair));
        self.send(targets, view, wants);
    }

    /// What each side shows. Where that goes by risk: as many lots as may move by so much money within a minute, kept while
    /// that is off by less than a quarter, because a size that trembles loses its place in the queue.
    fn order_size(&mut self, policy: &Policy, instrument: &Instrument, touch: &Touch) -> Lots {
        let Some(risk) = policy.order_risk else { return policy.order_size };
        let of_a_lot = self.rule.volatility().map_or(f64::NAN, |volatility| {
            volatility * stdx::math::sqrt(RISK_SPAN.to_secs_f64()) * tick_value(instrument, touch.bid)
        });
        let target = volatility::Target {
            volatility: risk,
            leverage_max: count(policy.order_size.0),
            band: RESIZE_BAND,
        };
        self.size = Steps::default().whole(target.next(count(self.size.0), of_a_lot));
        self.size
    }

    fn pull(&self, view: &View<'_>, wants: &mut Wants) {
        self.send([None, None], view, wants);
    }

    fn send(&self, targets: [Option<Target>; 2], view: &View<'_>, wants: &mut Wants) {
        let working = view.open_orders(self.instrument).map(Working::of);
        reconcile(working, targets, |act| act.wish(self.instrument, wants));
    }
}

/// The quotes as whole prices behind the other side's best, in sizes that keep the position within its bounds.
#[must_use]
pub fn targets(
    policy: &Policy,
    instrument: &Instrument,
    touch: &Touch,
    position: Lots,
    pair: &Pair,
) -> [Option<Target>; 2] {
    Side::BOTH.map(|side| {
        let size = within_bounds(side, position, policy.order_size, policy.max_position)?;
        let (quote, behind) = match side {
            Side::Buy => (pair.bid, touch.ask - 1),
            Side::Sell => (pair.ask, touch.bid + 1),
        };
        let slack = policy.hysteresis * quote.distance;
        let whole = |ticks: f64| {
            let price = instrument.quote_at(side, ticks)?;
            Some(match side {
                Side::Buy => price.min(behind),
                Side::Sell => price.max(behind),
            })
        };
        Some(Target {
            price: whole(quote.price)?,
            size,
            keep_from: whole(quote.price - slack)?,
            keep_to: whole(quote.price + slack)?,
        })
    })
}

#[expect(clippy::cast_precision_loss, reason = "an estimate of the inventory")]
const fn count(lots: i64) -> f64 {
    lots as f64
}

#[cfg(test)]
#[path = "maker_tests.rs"]
mod tests;
