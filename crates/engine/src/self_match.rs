//! Self-match prevention: what is done, before an order leaves, when it could trade with an order of the same owner
//! (V-14, RC-27), whichever of the owner's accounts that is in (RC-28).
//!
//! | mode | the new order | ours that it would meet |
//! |---|---|---|
//! | cancel newest | refused | stays |
//! | cancel oldest | goes | cancelled, ahead of it |
//! | cancel both | refused | the first it would meet is cancelled |
//! | decrement | smaller by what it would meet, refused when nothing is left | smaller by as much, cancelled when nothing is left |
//!
//! | venue | goes | stays: the venue prevents |
//!
//! The modes are `risk`'s, and so is what gives way when two orders meet ([`risk::self_match::meeting`]). An order of ours counts from when it is sent until it is known to be gone, at every price it may have. Cancels leave
//! before the new order, on the same session, and so get there first. Cost: one look at our best price of the other side;
//! orders are looked through only when that is crossed. A replace is judged at its new price; under decrement it is refused,
//! for what is left would not be what was asked.
//!
//! Never looks at the market's orders: with those one may trade.

use crate::engine::Core;
use orders::Order;
use risk::self_match::{Meeting, meeting};
use risk::{Limits, Refusal, SelfMatch};
use types::{Command, InstrumentId, Lots, NewOrder, OrderId, OrderKind, Side, StrategyId, Ticks};

/// Who owns each strategy's orders in the end, and what gives way between them.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    by_strategy: Vec<(u16, SelfMatch)>,
}

impl Owners {
    /// As the accounts say: those that name no owner are each their own.
    pub(crate) fn new(limits: &Limits, strategies: usize) -> Self {
        let accounts = &limits.accounts;
        let owner = |row: usize| {
            let named = |other: &usize| {
                !accounts[row].owner.is_empty() && accounts[*other].owner == accounts[row].owner
            };
            (0..row).find(named).unwrap_or(row)
        };
        let seat = |row: usize| {
            let account = limits.strategies.get(row).map_or(0, |seat| seat.account.index());
            let mode = accounts.get(account).map(|account| account.self_match).unwrap_or_default();
            let owner = if account < accounts.len() { owner(account) } else { account };
            (u16::try_from(owner).expect("accounts are few"), mode)
        };
        Self { by_strategy: (0..strategies).map(seat).collect() }
    }

    fn of(&self, strategy: StrategyId) -> (u16, SelfMatch) {
        self.by_strategy.get(strategy.index()).copied().unwrap_or_default()
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
        let (_, mode) = self.guard.owners.of(incoming.strategy);
        let (mut left, mut meets) = (order.size, false);
        for met in self.met(incoming) {
            left = meeting(mode, left, met.exposure()).new_left;
            meets = true;
            if left.is_zero() {
                break;
            }
        }
        if !left.is_zero() {
            return Ok((NewOrder { size: left, ..*order }, meets));
        }
        self.give_way(incoming, order.size, out);
        Err(self.risk.refuse(Refusal::SelfMatch))
    }

    /// Takes out of a new order's way what it would meet, or as much of it as the mode says.
    pub(crate) fn make_way(&mut self, strategy: StrategyId, order: &NewOrder, out: &mut Vec<Command>) {
        let NewOrder { instrument, side, price, .. } = *order;
        self.give_way(&Incoming { strategy, instrument, side, price, order: None }, order.size, out);
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
        let size = order.exposure();
        let best = self.orders.best(instrument, !side);
        if !best.is_some_and(|best| price.crosses(best, side)) || !takes(&order.terms.kind) {
            return Ok(());
        }
        let incoming = Incoming { strategy, instrument, side, price, order: Some(id) };
        if self.met(&incoming).next().is_none() {
            return Ok(());
        }
        match self.guard.owners.of(strategy).1 {
            SelfMatch::Venue => Ok(()),
            SelfMatch::CancelNewest | SelfMatch::Decrement => Err(self.risk.refuse(Refusal::SelfMatch)),
            SelfMatch::CancelOldest => {
                self.give_way(&incoming, size, out);
                Ok(())
            }
            SelfMatch::CancelBoth => {
                self.give_way(&incoming, size, out);
                self.cancel(id, out);
                Err(self.risk.refuse(Refusal::SelfMatch))
            }
        }
    }

    /// The orders of the same owner that an order could trade with, oldest first.
    fn met(&self, incoming: &Incoming) -> impl Iterator<Item = &Order> {
        let Incoming { strategy, instrument, side, price, order } = *incoming;
        let owners = &self.guard.owners;
        let (owner, _) = owners.of(strategy);
        self.orders.open_of(instrument).filter(move |other| {
            other.terms.side != side
                && Some(other.id) != order
                && owners.of(other.strategy).0 == owner
                && other.stands_at().into_iter().flatten().any(|stands| price.crosses(stands, side))
        })
    }

    /// Goes through what an order of this size would meet, oldest first, until nothing of it is left.
    fn give_way(&mut self, incoming: &Incoming, size: Lots, out: &mut Vec<Command>) {
        let (_, mode) = self.guard.owners.of(incoming.strategy);
        let (mut left, mut last) = (size, None);
        while left > Lots::ZERO {
            let after = |met: &&Order| last.is_none_or(|last| met.id > last);
            let Some(met) = self.met(incoming).find(after).copied() else { return };
            last = Some(met.id);
            let Meeting { new_left, resting_left } = meeting(mode, left, met.exposure());
            left = new_left;
            let stays = resting_left == met.exposure();
            // One that a cancel is under way for gives nothing more.
            if stays || met.is_canceling() {
                continue;
            }
            if resting_left.is_zero() || !self.make_smaller(&met, resting_left, out) {
                self.cancel(met.id, out);
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
