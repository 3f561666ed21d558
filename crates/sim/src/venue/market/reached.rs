//! How the recorded market reaches our resting orders: the rules by which they fill.
//!
//! Never moves what is recorded, and never decides our place in a queue.

use super::{Market, worse};
use crate::venue::own::Reports;
use types::{Flags, Lots, OrderAction, OrderDelta, Side, Ticks, Trade};

/// Where the record must go for our resting order to be reached. After we have bought, the market as it would be with us
/// in it stands higher by the shift: a bid of ours lies that much further from it than the record shows. What would
/// bring our orders nearer nobody has promised.
fn displaced(price: Ticks, side: Side, behind_by: i64) -> Ticks {
    worse(price, !side, behind_by)
}

impl Market {
    pub(super) fn fill_by_trade(&mut self, trade: &Trade, reports: &mut Reports<'_>) {
        // Order by order, fills say who traded with whom; trades would count them twice.
        if self.book.by_order().is_some() || !self.can_fill(trade.flags) {
            return;
        }
        // A hidden order's trade says nothing about the queue that is shown.
        if trade.flags.has(Flags::HIDDEN) || trade.size <= Lots::ZERO {
            return;
        }
        if let Some(aggressor) = trade.aggressor.or_else(|| self.aggressor(trade)) {
            self.trade_against(!aggressor, trade, reports);
        }
    }

    /// Who crossed the spread, from where it traded (the quote rule of Lee & Ready 1991).
    fn aggressor(&self, trade: &Trade) -> Option<Side> {
        let at = |side: Side| self.book.best(side).map(|level| level.price);
        match (at(Side::Buy), at(Side::Sell)) {
            (Some(bid), _) if trade.price <= bid && trade.price_fraction == 0 => Some(Side::Sell),
            (_, Some(ask)) if trade.price >= ask => Some(Side::Buy),
            _ => None,
        }
    }

    /// **A recorded order was filled that stands behind ours, or at a worse price.** Whoever hit it would have
    /// hit us first: we get as much of it as we want, our own orders in their order.
    ///
    /// Unrealistic: the recorded order still counts as filled, though in truth it would have waited longer; and
    /// an aggressor that ran out of orders to hit would have found ours, which the record cannot show.
    pub(super) fn recorded_fill(&mut self, delta: &OrderDelta, reports: &mut Reports<'_>) {
        let joined = self.book.by_order().and_then(|book| book.order(delta.order)).map(|order| order.joined);
        let by_time = self.allocation.is_fifo();
        let behind_by = self.impact.steps(delta.side, reports.at);
        let mut left = delta.size;
        let ours = &mut self.ours[delta.side.index()];
        let mut at_our_price = false;
        for working in ours.iter_mut() {
            let price = displaced(working.price, delta.side, behind_by);
            // At a displaced price nobody knows the queue: all of it is ahead.
            let at_its_price = behind_by == 0 && price == delta.price;
            at_our_price |= at_its_price;
            let behind = by_time && at_its_price && joined.is_some_and(|joined| joined >= working.joined);
            if price.beats(delta.price, delta.side) {
                left -= reports.hit_whole(working, left);
            } else if behind {
                left -= reports.hit(working, left);
            }
        }
        if left < delta.size {
            self.settle(delta.side);
        }
        if at_our_price && !by_time && left > Lots::ZERO {
            if self.sharing.met.is_some_and(|met| (met.0, met.1) != (delta.side, delta.price)) {
                self.share_fills(reports);
            }
            self.meet(delta, left);
        }
    }

    /// How much of an order comes to rest anew at a price that crosses one of ours.
    pub(super) fn came(&self, delta: &OrderDelta) -> Lots {
        let Some(best) = self.ours[(!delta.side).index()].best() else {
            return Lots::ZERO;
        };
        if !delta.price.crosses(best, delta.side) {
            return Lots::ZERO;
        }
        match delta.action {
            OrderAction::Add => delta.size,
            OrderAction::Modify => {
                let before = self.book.by_order().and_then(|book| book.order(delta.order));
                // One that crossed us already has met us with what it had.
                let met = before.filter(|order| order.price.crosses(best, order.side));
                Lots(delta.size.0.saturating_sub(met.map_or(0, |order| order.size.0)))
            }
            OrderAction::Reduce | OrderAction::Delete | OrderAction::Fill | OrderAction::Clear => Lots::ZERO,
        }
    }

    /// **The other side came to rest at our price or better.** It would have traded with us before it rested: we
    /// get as much as came. What it traded with us is gone from the level it rests at.
    ///
    /// Unrealistic: the rest of that order goes on standing there in the record, crossed with our price; others
    /// may have come only because they did not see us.
    pub(super) fn crossed_by(&mut self, side: Side, price: Ticks, size: Lots, reports: &mut Reports<'_>) {
        let behind_by = self.impact.steps(!side, reports.at);
        let ours = &mut self.ours[(!side).index()];
        let mut left = size;
        for working in ours.iter_mut() {
            if left <= Lots::ZERO || !price.crosses(displaced(working.price, !side, behind_by), side) {
                break;
            }
            left -= reports.hit_whole(working, left);
        }
        if left < size {
            self.settle(!side);
            self.taken.add(side, price, size - left);
        }
    }

    /// **The market traded at our price** (price-level data): it takes what is ahead of us first, and what is
    /// left of it reaches us. **It traded at a worse price than ours**: it would have come to us first, so we get
    /// as much as traded, and nothing is ahead of us any more.
    ///
    /// Unrealistic: what is ahead is an estimate; a trade through our price fills us only up to its own size,
    /// though in truth the aggressor would have had to take all of ours to get there.
    fn trade_against(&mut self, side: Side, trade: &Trade, reports: &mut Reports<'_>) {
        let behind_by = self.impact.steps(side, reports.at);
        let ours = &mut self.ours[side.index()];
        let mut got = Lots::ZERO;
        for working in ours.iter_mut() {
            let price = displaced(working.price, side, behind_by);
            // For a seller's resting order a fraction above its price is a worse price already.
            let fraction = trade.price_fraction > 0;
            let through =
                price.beats(trade.price, side) || (side == Side::Sell && fraction && price == trade.price);
            if through {
                working.estimate.on_trade_through();
                got += reports.hit_whole(working, trade.size - got);
            } else if behind_by > 0 {
                // At a displaced price nobody knows the queue: all of it is ahead.
            } else if price == trade.price && !fraction && self.allocation.is_fifo() {
                let reach = working.estimate.on_trade(trade.size, got, trade.venue_at);
                got += reports.hit(working, reach);
            }
        }
        if got > Lots::ZERO {
            self.settle(side);
        }
        if behind_by == 0 && !self.allocation.is_fifo() && trade.price_fraction == 0 && got < trade.size {
            self.share_trade(side, trade, trade.size - got, reports);
        }
    }

    pub(super) fn meet_what_crosses(&mut self, reports: &mut Reports<'_>) {
        if !self.is_open() {
            return;
        }
        for side in Side::BOTH {
            let behind_by = self.impact.steps(side, reports.at);
            while let Some((price, size)) = self.crossing(side, behind_by) {
                self.crossed_by(!side, price, size, reports);
            }
        }
    }

    /// The best level of the other side that crosses our best order and has something left.
    fn crossing(&self, side: Side, behind_by: i64) -> Option<(Ticks, Lots)> {
        let best = displaced(self.ours[side.index()].best()?, side, behind_by);
        self.book
            .levels(!side)
            .take_while(|level| best.crosses(level.price, side))
            .map(|level| (level.price, self.taken.left(!side, level.price, level.size)))
            .find(|(_, size)| *size > Lots::ZERO)
    }
}
