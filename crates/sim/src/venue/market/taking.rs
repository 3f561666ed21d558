//! Orders of ours that take: what they find, what they pay, and what happens where they would meet ourselves.

use super::{Market, whole, worse};
use crate::venue::SelfMatch;
use crate::venue::own::{Reports, Working};
use stdx::math;
use types::{Liquidity, Lots, NewOrder, OrderId, OrderKind, Outcome, Side, Ticks};

impl Market {
    /// How much an order could take now, counted no further than `enough`, with all prices so many `steps` worse.
    pub(in crate::venue) fn available(&self, side: Side, limit: Ticks, steps: i64, enough: Lots) -> Lots {
        let mut sum = Lots::ZERO;
        for level in self.book.levels(!side) {
            if sum >= enough || !limit.crosses(worse(level.price, side, steps), side) {
                break;
            }
            sum += self.taken.left(!side, level.price, level.size).min(enough - sum);
        }
        sum
    }

    /// **Our order crosses the book**: it takes what stands, level by level at the recorded prices, up to its
    /// limit. Gives what is left of it.
    ///
    /// Unrealistic: the book does not react to being hit, hidden and implied quantity is not there for us, and
    /// what we took is back as soon as new orders come.
    fn take(
        &mut self,
        order: OrderId,
        side: Side,
        limit: Ticks,
        size: Lots,
        reports: &mut Reports<'_>,
    ) -> Lots {
        let mut left = size;
        let steps = self.impact.steps(side, reports.at);
        for level in self.book.levels(!side) {
            let price = worse(level.price, side, steps);
            if left <= Lots::ZERO || !limit.crosses(price, side) {
                break;
            }
            let got = self.taken.left(!side, level.price, level.size).min(left);
            if got > Lots::ZERO {
                left -= got;
                self.taken.add(!side, level.price, got);
                reports.fill(order, side, price, got, Liquidity::Taker);
            }
        }
        self.impact.take(side, size - left, reports.at);
        left
    }

    /// Whether an order would meet one of our own.
    pub(in crate::venue) fn meets_ours(&self, side: Side, limit: Ticks) -> bool {
        self.first_met(side, limit).is_some()
    }

    fn first_met(&self, side: Side, limit: Ticks) -> Option<Working> {
        let first = self.ours[(!side).index()].iter().next()?;
        limit.crosses(first.price, side).then_some(*first)
    }

    /// An order of ours enters the book: it takes what it can, and what is left rests or is gone, as it says.
    pub(in crate::venue) fn enter(&mut self, order: OrderId, terms: &NewOrder, reports: &mut Reports<'_>) {
        let fresh = Working::new(order, terms, terms.size);
        let Some(rest) = self.take_beside_ours(fresh, reports) else { return };
        let ends = match terms.kind {
            OrderKind::Market | OrderKind::Stop { .. } => true,
            OrderKind::Limit
            | OrderKind::PostOnly
            | OrderKind::StopLimit { .. }
            | OrderKind::Iceberg { .. }
            | OrderKind::Pegged { .. } => !terms.time_in_force.rests(),
        };
        if ends {
            reports.say(order, Outcome::Canceled);
        } else {
            self.rest(rest);
        }
    }

    /// Takes what an order crosses, never from ourselves: where it would meet an order of ours, after what is better
    /// than that and before it, [`SelfMatch`] says which of the two gives way. What may rest then; `None` when nothing
    /// of it is left.
    pub(in crate::venue) fn take_beside_ours(
        &mut self,
        order: Working,
        reports: &mut Reports<'_>,
    ) -> Option<Working> {
        let (id, side, limit) = (order.order, order.side, order.price);
        let mut order = order;
        while let Some(mut other) = self.first_met(side, limit) {
            let better = worse(other.price, side, -1);
            let wanted = order.unfilled();
            self.take_part(&mut order, better, wanted, reports);
            let ahead = Lots(whole(math::floor(self.ahead(&other))));
            let before_it = ahead.min(order.unfilled());
            self.take_part(&mut order, other.price, before_it, reports);
            if order.unfilled() <= Lots::ZERO {
                return None;
            }
            match self.self_match {
                SelfMatch::CancelNewest => {
                    reports.say(id, Outcome::Canceled);
                    return None;
                }
                SelfMatch::CancelOldest => self.give_way(&other, reports),
                SelfMatch::CancelBoth => {
                    self.give_way(&other, reports);
                    reports.say(id, Outcome::Canceled);
                    return None;
                }
                SelfMatch::Decrement => {
                    let both = other.unfilled().min(order.unfilled());
                    other.size -= both;
                    order.size -= both;
                    if other.unfilled() <= Lots::ZERO {
                        self.give_way(&other, reports);
                    } else if let Some(kept) = self.ours[other.side.index()].find(other.order) {
                        kept.size = other.size;
                        reports
                            .say(other.order, Outcome::Replaced { price: other.limit(), size: other.size });
                    }
                    if order.unfilled() <= Lots::ZERO {
                        reports.say(id, Outcome::Canceled);
                        return None;
                    }
                    reports.say(id, Outcome::Replaced { price: order.limit(), size: order.size });
                }
            }
        }
        let wanted = order.unfilled();
        self.take_part(&mut order, limit, wanted, reports);
        (order.unfilled() > Lots::ZERO).then_some(order)
    }

    fn take_part(&mut self, order: &mut Working, limit: Ticks, size: Lots, reports: &mut Reports<'_>) {
        let left = self.take(order.order, order.side, limit, size, reports);
        order.filled += size - left;
    }

    /// An order of ours is cancelled by the venue.
    fn give_way(&mut self, other: &Working, reports: &mut Reports<'_>) {
        self.ours[other.side.index()].remove(other.order);
        reports.say(other.order, Outcome::Canceled);
    }
}
