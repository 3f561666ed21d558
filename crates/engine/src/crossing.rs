//! Orders of one owner that would meet: found before a new one leaves, and given way to by the account's mode (RC-27,
//! RC-28). What gives way is `risk::meeting`'s to say.
//!
//! Costs one look at the best price of ours on the other side while nothing crosses; a walk over the open orders of the
//! instrument when something does.

use crate::engine::Core;
use orders::Order;
use risk::{Refusal, SelfMatch, meeting};
use types::{Command, InstrumentId, Lots, NewOrder, OrderId, Side, StrategyId, Ticks};

/// What is to be done about orders that a new one would meet; the memory is kept.
#[derive(Debug, Default)]
pub(crate) struct Meetings {
    /// Which, and what is left of its size.
    plan: Vec<(OrderId, Lots)>,
}

impl Core {
    /// Passes a new order through risk, and what it would meet of its owner's out of its way.
    pub(crate) fn place(
        &mut self,
        strategy: StrategyId,
        mut order: NewOrder,
        out: &mut Vec<Command>,
    ) -> Result<OrderId, Refusal> {
        let meets = self.meets(strategy, order.instrument, order.side, order.price, order.size, None);
        if let Some((left, refusal)) = meets {
            if left.0 <= 0 {
                self.give_way(out);
                return Err(self.risk.refuse(refusal));
            }
            order.size = left;
        }
        let touch = self.touch(order.instrument);
        let approved = self.risk.check(self.now, strategy, &order, &touch)?;
        // Only now: what a refused order would have met stays.
        if meets.is_some() {
            self.give_way(out);
        }
        let (id, command) = self.orders.submit(self.now, approved);
        out.push(command);
        Ok(id)
    }

    /// Whether a working order may be given another price: it may not meet its owner's by it.
    pub(crate) fn may_move(&mut self, order: OrderId, price: Ticks, unfilled: Lots) -> Result<(), Refusal> {
        let Some(moved) = self.orders.get(order) else { return Ok(()) };
        let (strategy, terms) = (moved.strategy, moved.terms);
        match self.meets(strategy, terms.instrument, terms.side, price, unfilled, Some(order)) {
            Some((_, refusal)) => Err(self.risk.refuse(refusal)),
            None => Ok(()),
        }
    }

    /// What is left of a new order after all it would meet, and why; `None` when it meets nothing.
    #[inline]
    fn meets(
        &mut self,
        strategy: StrategyId,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
        size: Lots,
        but: Option<OrderId>,
    ) -> Option<(Lots, Refusal)> {
        let mode = self.risk.self_match(strategy);
        if mode == SelfMatch::Venue || !self.orders.best(instrument, !side)?.crosses(price, !side) {
            return None;
        }
        self.plan_meetings(mode, strategy, (instrument, side, price), size, but)
    }

    #[cold]
    fn plan_meetings(
        &mut self,
        mode: SelfMatch,
        strategy: StrategyId,
        (instrument, side, price): (InstrumentId, Side, Ticks),
        size: Lots,
        but: Option<OrderId>,
    ) -> Option<(Lots, Refusal)> {
        self.meetings.plan.clear();
        let (mut left, mut why) = (size, None);
        let stands = |order: &Order| {
            let next = order.replacing.map(|terms| terms.price);
            [Some(order.terms.price), next].into_iter().flatten().any(|own| own.crosses(price, !side))
        };
        for resting in self.orders.open_of(instrument) {
            let is_other = resting.terms.side == !side && Some(resting.id) != but;
            let is_theirs = self.risk.same_owner(strategy, resting.strategy);
            if !is_other || !is_theirs || !stands(resting) || resting.is_canceling() {
                continue;
            }
            let accounts = [strategy, resting.strategy].map(|id| self.risk.account_of(id));
            // The first one met names the reason.
            why = why.or(Some(if accounts[0] == accounts[1] {
                Refusal::SelfMatch
            } else {
                Refusal::WashTrade
            }));
            let met = meeting(mode, left, resting.exposure());
            left = met.new_left;
            if met.resting_left != resting.exposure() {
                self.meetings.plan.push((resting.id, met.resting_left));
            }
            if left.0 <= 0 {
                break;
            }
        }
        why.map(|why| (left, why))
    }

    /// Cancels what gives way whole, and shrinks what gives way in part.
    fn give_way(&mut self, out: &mut Vec<Command>) {
        let plan = std::mem::take(&mut self.meetings.plan);
        for (id, left) in &plan {
            let shrunk = (left.0 > 0)
                .then(|| {
                    self.orders
                        .get(*id)
                        .map(|order| (order.strategy, order.terms.price, order.filled + *left))
                })
                .flatten();
            match shrunk {
                // One that cannot be changed now, or whose change risk refuses, is cancelled: it may not be met.
                Some((strategy, price, size)) if self.shrink(strategy, *id, price, size, out) => {}
                _ => self.cancel(*id, out),
            }
        }
        self.meetings.plan = plan;
    }

    fn shrink(
        &mut self,
        strategy: StrategyId,
        id: OrderId,
        price: Ticks,
        size: Lots,
        out: &mut Vec<Command>,
    ) -> bool {
        let before = out.len();
        self.replace(strategy, id, price, size, out).is_ok() && out.len() > before
    }
}
