//! Self-match prevention: what is done, before an order leaves, when it could trade with an order of the same owner
//! (V-14, RC-27), whichever of the owner's accounts that is in (RC-28).
//!
//! | mode | the new order | ours that it would meet |
//! |---|---|---|
//! | cancel newest | refused | stays |
//! | cancel oldest | goes | cancelled, ahead of it |
//! | cancel both | refused | cancelled |
//! | decrement | smaller by what it would meet, refused when nothing is left | smaller by as much, cancelled when nothing is left |
//!
//! An order of ours counts from when it is sent until it is known to be gone, at every price it may have. Cancels leave
//! before the new order, on the same session, and so get there first. Cost: one look at our best price of the other side;
//! orders are looked through only when that is crossed. A replace is judged at its new price; under decrement it is refused,
//! for what is left would not be what was asked.
//!
//! Never looks at the market's orders: with those one may trade.

use crate::engine::Core;
use crate::guard::Ownership;
use orders::Order;
use risk::Refusal;
use types::{Command, InstrumentId, Lots, NewOrder, OrderId, OrderKind, Side, StrategyId, Ticks};

/// What is done when two orders of one owner would trade with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfMatch {
    /// The new one is refused.
    #[default]
    CancelNewest,
    /// The one that was there is cancelled.
    CancelOldest,
    /// Both.
    CancelBoth,
    /// Both get smaller by the smaller of them.
    Decrement,
}

/// Who owns each strategy's orders in the end.
#[derive(Debug)]
pub(crate) struct Owners {
    by_strategy: Vec<u16>,
}

impl Owners {
    pub(crate) fn new(ownership: &Ownership, strategies: usize) -> Self {
        let owner = |row: usize| {
            let account = ownership.accounts.get(row).copied().unwrap_or_default();
            ownership.owners.get(account.index()).copied().unwrap_or(0)
        };
        Self { by_strategy: (0..strategies).map(owner).collect() }
    }

    fn of(&self, strategy: StrategyId) -> u16 {
        self.by_strategy.get(strategy.index()).copied().unwrap_or(0)
    }
}

/// An order as its owner's others see it.
#[derive(Clone, Copy)]
struct Incoming {
    strategy: StrategyId,
    instrument: InstrumentId,
    side: Side,
    price: Ticks,
    /// Itself, when it works already.
    order: Option<OrderId>,
}

/// Whether an order at this price takes from the other side when it comes. A stop waits for its trigger: the venue, which
/// knows what is there then, has to prevent what it would meet.
const fn takes(kind: &OrderKind) -> bool {
    kind.trigger().is_none()
}

impl Core {
    /// What of a new order goes, and whether orders of ours must go before it.
    #[inline]
    pub(crate) fn without_self_match(
        &mut self,
        strategy: StrategyId,
        order: &NewOrder,
        out: &mut Vec<Command>,
    ) -> Result<(NewOrder, bool), Refusal> {
        let best = self.orders.best(order.instrument, !order.side);
        if !best.is_some_and(|best| order.price.crosses(best, order.side)) || !takes(&order.kind) {
            return Ok((*order, false));
        }
        let NewOrder { instrument, side, price, .. } = *order;
        self.on_meeting(&Incoming { strategy, instrument, side, price, order: None }, order, out)
    }

    #[cold]
    fn on_meeting(
        &mut self,
        incoming: &Incoming,
        order: &NewOrder,
        out: &mut Vec<Command>,
    ) -> Result<(NewOrder, bool), Refusal> {
        let met: Lots = self.met(incoming).map(Order::exposure).sum();
        if met.is_zero() {
            return Ok((*order, false));
        }
        match self.guard.ownership.self_match {
            SelfMatch::CancelNewest => Err(self.risk.refused(Refusal::SelfMatch)),
            SelfMatch::CancelOldest => Ok((*order, true)),
            SelfMatch::CancelBoth => {
                self.clear_way(incoming, out);
                Err(self.risk.refused(Refusal::SelfMatch))
            }
            SelfMatch::Decrement if met < order.size => {
                Ok((NewOrder { size: order.size - met, ..*order }, true))
            }
            SelfMatch::Decrement => {
                self.shrink(incoming, order.size, out);
                Err(self.risk.refused(Refusal::SelfMatch))
            }
        }
    }

    /// Cancels what a new order would meet.
    pub(crate) fn make_way(&mut self, strategy: StrategyId, order: &NewOrder, out: &mut Vec<Command>) {
        let NewOrder { instrument, side, price, .. } = *order;
        self.clear_way(&Incoming { strategy, instrument, side, price, order: None }, out);
    }

    /// Judges a working order's new price.
    #[inline]
    pub(crate) fn replace_without_self_match(
        &mut self,
        id: OrderId,
        price: Ticks,
        out: &mut Vec<Command>,
    ) -> Result<(), Refusal> {
        let Some(order) = self.orders.get(id) else { return Ok(()) };
        let (strategy, instrument, side) = (order.strategy, order.instrument(), order.terms.side);
        let best = self.orders.best(instrument, !side);
        if !best.is_some_and(|best| price.crosses(best, side)) || !takes(&order.terms.kind) {
            return Ok(());
        }
        let incoming = Incoming { strategy, instrument, side, price, order: Some(id) };
        if self.met(&incoming).next().is_none() {
            return Ok(());
        }
        match self.guard.ownership.self_match {
            SelfMatch::CancelNewest | SelfMatch::Decrement => Err(self.risk.refused(Refusal::SelfMatch)),
            SelfMatch::CancelOldest => {
                self.clear_way(&incoming, out);
                Ok(())
            }
            SelfMatch::CancelBoth => {
                self.clear_way(&incoming, out);
                self.cancel(id, out);
                Err(self.risk.refused(Refusal::SelfMatch))
            }
        }
    }

    /// The orders of the same owner that an order could trade with, oldest first.
    fn met(&self, incoming: &Incoming) -> impl Iterator<Item = &Order> {
        let Incoming { strategy, instrument, side, price, order } = *incoming;
        let owners = &self.guard.owners;
        let owner = owners.of(strategy);
        self.orders.open_of(instrument).filter(move |other| {
            other.terms.side != side
                && Some(other.id) != order
                && owners.of(other.strategy) == owner
                && other.stands_at().into_iter().flatten().any(|stands| price.crosses(stands, side))
        })
    }

    /// The oldest of them that no cancel is under way for: such a one has given what it had.
    fn first_met(&self, incoming: &Incoming) -> Option<Order> {
        self.met(incoming).find(|met| !met.is_canceling()).copied()
    }

    fn clear_way(&mut self, incoming: &Incoming, out: &mut Vec<Command>) {
        while let Some(met) = self.first_met(incoming) {
            self.cancel(met.id, out);
        }
    }

    /// Takes `size` off the orders that an order would meet, oldest first.
    fn shrink(&mut self, incoming: &Incoming, size: Lots, out: &mut Vec<Command>) {
        let mut left = size;
        while left > Lots::ZERO {
            let Some(met) = self.first_met(incoming) else { return };
            let smaller = met.exposure() - left;
            if smaller <= Lots::ZERO || !self.make_smaller(&met, smaller, out) {
                left -= met.exposure();
                self.cancel(met.id, out);
            } else {
                return;
            }
        }
    }

    /// Asks for an order to trade only so much from now on; false when that cannot be asked.
    fn make_smaller(&mut self, order: &Order, unfilled: Lots, out: &mut Vec<Command>) -> bool {
        if !order.can_replace() {
            return false;
        }
        let wish = self.orders.replacement(order, order.terms.price, unfilled);
        let touch = self.touch(order.instrument());
        let Ok(approved) = self.risk.check_replace(self.now, &wish, &touch) else { return false };
        match self.orders.replace(self.now, approved) {
            Ok(command) => out.push(command),
            Err(unused) => {
                self.risk.withdraw_replace(unused);
                return false;
            }
        }
        true
    }
}
