//! Our orders in a generated market: they stand in its one queue, and what trades with them traded.
//!
//! Limit, market and post-only orders, with every time in force; the session's end is the run's, so that orders for the day
//! rest until then. Stops, icebergs and pegged orders are refused: the
//! exchange has none. An order that would meet one of ours is refused whole.

use types::{InstrumentId, Liquidity, Lots, Nanos, OrderId, Outcome, RejectReason, Report, Side, Ticks};

/// An order of ours that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) order: OrderId,
    /// Its number at the exchange.
    pub(super) id: u64,
    pub(super) side: Side,
    pub(super) price: Ticks,
    /// In all, fills included.
    pub(super) size: Lots,
    pub(super) filled: Lots,
}

/// All of them, in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Ours {
    pub(super) orders: Vec<Own>,
    next_fill: u32,
}

impl Ours {
    pub(super) fn place_of(&self, order: OrderId) -> Option<usize> {
        self.orders.iter().position(|own| own.order == order)
    }

    /// Whether an order would meet one of ours.
    pub(super) fn meets(&self, side: Side, limit: Ticks) -> bool {
        self.orders.iter().any(|own| own.side != side && limit.crosses(own.price, side))
    }

    pub(super) fn is_ours(&self, id: u64) -> bool {
        self.orders.iter().any(|own| own.id == id)
    }

    /// A resting order was hit: if it is ours, it is told and, when nothing is left, forgotten.
    pub(super) fn on_hit(&mut self, id: u64, size: Lots, say: Said, out: &mut Vec<Report>) {
        let Some(at) = self.orders.iter().position(|own| own.id == id) else { return };
        let own = &mut self.orders[at];
        own.filled += size;
        let (order, price, gone) = (own.order, own.price, own.filled >= own.size);
        self.fill(order, price, size, Liquidity::Maker, say, out);
        if gone {
            self.orders.remove(at);
        }
    }

    pub(super) fn fill(
        &mut self,
        order: OrderId,
        price: Ticks,
        size: Lots,
        liquidity: Liquidity,
        say: Said,
        out: &mut Vec<Report>,
    ) {
        let fill = self.next_fill;
        self.next_fill += 1;
        say.say(order, Outcome::Filled { price, size, fill, liquidity }, out);
    }
}

/// When and of what a report speaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) at: Nanos,
    pub(super) instrument: InstrumentId,
}

impl Said {
    pub(super) fn say(self, order: OrderId, outcome: Outcome, out: &mut Vec<Report>) {
        out.push(Report { venue_at: self.at, order, instrument: self.instrument, outcome });
    }

    pub(super) fn reject(self, order: OrderId, reason: RejectReason, out: &mut Vec<Report>) {
        self.say(order, Outcome::Rejected(reason), out);
    }
}
