//! Our working orders at one instrument, and the liquidity we took from it.
//!
//! Never decides a fill; it keeps who is first in line and writes the reports.

use crate::venue::account::Held;
use crate::venue::queue::Estimate;
use types::{
    InstrumentId, Liquidity, Lots, Nanos, NewOrder, OrderId, OrderKind, Outcome, Peg, Report, Side, Ticks,
    TimeInForce, TradingDay,
};

/// What a pegged order follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pegging {
    /// Which price.
    pub to: Peg,
    /// How many steps from there, towards the other side.
    pub offset: i32,
    /// It never goes beyond this.
    pub bound: Ticks,
}

/// An order that waits for its trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) order: OrderId,
    pub(super) terms: NewOrder,
    pub(super) trigger: Ticks,
    /// The market has traded there.
    pub(super) triggered: bool,
}

/// One of our orders that rests at the venue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Working {
    /// Our number for it.
    pub order: OrderId,
    /// Buy or sell.
    pub side: Side,
    /// Its limit.
    pub price: Ticks,
    /// Its total size, fills included.
    pub size: Lots,
    /// What of it has traded.
    pub filled: Lots,
    /// Whether it may never take.
    pub post_only: bool,
    /// How long it stays.
    pub time_in_force: TimeInForce,
    /// The most of it that is shown at once.
    pub shown: Lots,
    /// What is left of the part that is shown.
    pub tip: Lots,
    /// What its price follows, if anything.
    pub peg: Option<Pegging>,
    /// A new part is shown and has not gone to the end of the queue yet.
    pub(super) renewed: bool,
    /// Whether it bettered the market when it came to rest, and has kept its place since.
    pub top: bool,
    /// Its place among all orders: recorded orders at its price with a lower stamp trade first. Only with
    /// order-by-order data.
    pub joined: u64,
    /// Its place when only levels are known.
    pub(super) estimate: Estimate,
}

impl Working {
    /// What is left of an order that comes to rest.
    pub(super) fn new(order: OrderId, terms: &NewOrder, left: Lots) -> Self {
        let (shown, peg) = match terms.kind {
            OrderKind::Iceberg { shown } => (shown, None),
            OrderKind::Pegged { to, offset } => {
                (Lots(i64::MAX), Some(Pegging { to, offset, bound: terms.price }))
            }
            OrderKind::Limit
            | OrderKind::Market
            | OrderKind::PostOnly
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. } => (Lots(i64::MAX), None),
        };
        Self {
            order,
            side: terms.side,
            price: terms.price,
            size: terms.size,
            filled: terms.size - left,
            time_in_force: terms.time_in_force,
            post_only: terms.kind == OrderKind::PostOnly || peg.is_some(),
            shown,
            tip: shown.min(left),
            peg,
            renewed: false,
            top: false,
            joined: 0,
            estimate: Estimate::join(None),
        }
    }

    /// The limit as we know it: a pegged order's bound.
    pub(super) fn limit(&self) -> Ticks {
        self.peg.map_or(self.price, |peg| peg.bound)
    }

    /// What an incoming order meets at its turn.
    pub(super) fn reachable(&self) -> Lots {
        self.tip.min(self.unfilled())
    }

    /// What has not traded.
    #[must_use]
    pub fn unfilled(&self) -> Lots {
        self.size - self.filled
    }
}

/// Our orders of one side, first in line first: by price, then by arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    orders: Vec<Working>,
}

impl Queue {
    pub(super) const fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// The price that an incoming order of the other side would meet first.
    #[inline]
    pub(super) fn best(&self) -> Option<Ticks> {
        self.orders.first().map(|order| order.price)
    }

    /// The price furthest from the market.
    #[inline]
    pub(super) fn worst(&self) -> Option<Ticks> {
        self.orders.last().map(|order| order.price)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Working> {
        self.orders.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Working> {
        self.orders.iter_mut()
    }

    pub(super) fn find(&mut self, order: OrderId) -> Option<&mut Working> {
        self.orders.iter_mut().find(|working| working.order == order)
    }

    pub(super) fn join(&mut self, working: Working) {
        let at = self
            .orders
            .iter()
            .position(|other| working.price.beats(other.price, working.side))
            .unwrap_or(self.orders.len());
        self.orders.insert(at, working);
    }

    /// The first whose time ends when the market closes on a trading day.
    pub(super) fn ending_with(&self, today: TradingDay) -> Option<OrderId> {
        self.orders.iter().find(|working| working.time_in_force.ends_with(today)).map(|working| working.order)
    }

    pub(super) fn remove(&mut self, order: OrderId) {
        self.orders.retain(|working| working.order != order);
    }

    /// The first that shows a new part.
    pub(super) fn renewed(&self) -> Option<Working> {
        self.orders.iter().find(|working| working.renewed).copied()
    }

    /// Forgets those that are filled.
    pub(super) fn sweep(&mut self) {
        self.orders.retain(|working| working.unfilled() > Lots::ZERO);
    }
}

/// What we took from recorded levels.
///
/// A lot we took is gone from the real book, but the record goes on showing it. It stays ours until as much has
/// left the recorded level, or the level is gone: the same lots cannot be taken twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    levels: Vec<(Side, Ticks, i64)>,
}

impl Taken {
    pub(super) const fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// What is left for us of a level that the record shows with `size`.
    pub(super) fn left(&self, side: Side, price: Ticks, size: Lots) -> Lots {
        let taken =
            self.levels.iter().find(|level| (level.0, level.1) == (side, price)).map_or(0, |level| level.2);
        Lots((size.0 - taken).max(0))
    }

    pub(super) fn add(&mut self, side: Side, price: Ticks, size: Lots) {
        if size.is_zero() {
            return;
        }
        match self.levels.iter_mut().find(|level| (level.0, level.1) == (side, price)) {
            Some(level) => level.2 = level.2.saturating_add(size.0),
            None => self.levels.push((side, price, size.0)),
        }
    }

    /// A recorded level changed from one size to another.
    pub(super) fn on_level(&mut self, side: Side, price: Ticks, before: Lots, now: Lots) {
        self.levels.retain_mut(|level| {
            if (level.0, level.1) == (side, price) {
                let gone = before.0.saturating_sub(now.0).max(0);
                level.2 = (level.2 - gone).min(now.0);
            }
            level.2 > 0
        });
    }

    /// Many levels may have changed: no more is taken than stands.
    pub(super) fn clip(&mut self, standing: impl Fn(Side, Ticks) -> Lots) {
        self.levels.retain_mut(|level| {
            level.2 = level.2.min(standing(level.0, level.1).0);
            level.2 > 0
        });
    }
}

/// Writes reports of one moment.
#[derive(Debug)]
pub(super) struct Reports<'a> {
    pub(super) at: Nanos,
    pub(super) instrument: InstrumentId,
    /// Whether an order that is reached only in part is filled only in part.
    pub(super) partial: bool,
    pub(super) next_fill: &'a mut u32,
    /// What we hold of the instrument, by the venue's own count.
    pub(super) held: &'a mut Held,
    pub(super) out: &'a mut Vec<Report>,
}

impl Reports<'_> {
    pub(super) fn say(&mut self, order: OrderId, outcome: Outcome) {
        self.out.push(Report { venue_at: self.at, order, instrument: self.instrument, outcome });
    }

    pub(super) fn fill(
        &mut self,
        order: OrderId,
        side: Side,
        price: Ticks,
        size: Lots,
        liquidity: Liquidity,
    ) {
        self.held.on_fill(side, price, size);
        let fill = *self.next_fill;
        *self.next_fill = fill.wrapping_add(1);
        self.say(order, Outcome::Filled { price, size, fill, liquidity });
    }

    /// `reach` lots of somebody reach what our resting order shows. Gives how many of them it took.
    pub(super) fn hit(&mut self, working: &mut Working, reach: Lots) -> Lots {
        let tip = working.reachable();
        if reach <= Lots::ZERO || tip <= Lots::ZERO {
            return Lots::ZERO;
        }
        let size = if self.partial { reach.min(tip) } else { tip };
        working.filled += size;
        if working.shown != Lots(i64::MAX) {
            working.tip -= size;
            if working.tip <= Lots::ZERO {
                working.tip = working.shown.min(working.unfilled());
                working.renewed = true;
            }
        }
        self.fill(working.order, working.side, working.price, size, Liquidity::Maker);
        size.min(reach)
    }

    /// The same by somebody whom nobody but our order stands in the way of: what it hides is met too.
    pub(super) fn hit_whole(&mut self, working: &mut Working, reach: Lots) -> Lots {
        let mut got = Lots::ZERO;
        loop {
            let more = self.hit(working, reach - got);
            if more <= Lots::ZERO {
                return got;
            }
            got += more;
        }
    }
}
