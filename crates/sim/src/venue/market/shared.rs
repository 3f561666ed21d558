//! Incoming orders that are shared out by another rule than time: who stands at the price, and what we get.
//!
//! Never splits anything itself: [`Allocation`](crate::venue::allocation::Allocation) does.

use super::{Market, whole};
use crate::venue::allocation::{Resting, Shares};
use crate::venue::own::{Reports, Working};
use types::{Lots, OrderDelta, Side, Ticks, Trade};

/// An incoming order that is shared out by another rule than time: what is known of it so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharing {
    /// Order by order: the side and price it meets, and how much of it has been seen.
    pub(super) met: Option<(Side, Ticks, Lots)>,
    /// The recorded orders it met, as they stood before: stamp and size.
    others: Vec<(u64, Lots)>,
    /// Everybody at the price, ours marked by their place in our queue.
    resting: Vec<Resting>,
    ours: Vec<Option<usize>>,
    shares: Shares,
}

impl Sharing {
    fn start(&mut self) {
        self.resting.clear();
        self.ours.clear();
    }

    fn push(&mut self, resting: Resting, ours: Option<usize>) {
        if resting.size > Lots::ZERO {
            self.resting.push(resting);
            self.ours.push(ours);
        }
    }

    /// Others' orders that stand together. The first in time counts as the one that bettered the market, unless ours
    /// is before it: the record does not say who did.
    fn others(&mut self, size: i64) {
        let top = self.resting.is_empty();
        self.push(Resting { size: Lots(size), top, lead_percent: 0 }, None);
    }

    fn ours(&mut self, working: &Working, place: usize, lead_percent: u8) {
        let top = working.top && self.resting.iter().all(|order| !order.top);
        self.push(Resting { size: working.reachable(), top, lead_percent }, Some(place));
    }
}

impl Market {
    /// **The market traded at our price, and another rule than time says who gets it** (price-level data): what is
    /// estimated to be ahead and behind stands for one order each.
    ///
    /// Unrealistic: many small orders lose more to rounding and to the minimum than one large one, and who is a lead
    /// market maker is not said: others count as none.
    pub(super) fn share_trade(&mut self, side: Side, trade: &Trade, size: Lots, reports: &mut Reports<'_>) {
        let (sharing, ours) = (&mut self.sharing, &mut self.ours[side.index()]);
        sharing.start();
        let (mut counted, mut behind) = (0.0, 0.0);
        for (place, working) in ours.iter_mut().enumerate() {
            if working.price != trade.price {
                continue;
            }
            behind = working.estimate.note_trade(trade.size, trade.venue_at);
            let ahead = working.estimate.ahead();
            if !ahead.is_finite() {
                // Out of sight: nothing reaches us.
                return;
            }
            sharing.others(whole(ahead - counted));
            counted = ahead.max(counted);
            sharing.ours(working, place, self.lead_percent);
        }
        sharing.others(whole(behind));
        self.allocation.split(size, &sharing.resting, &mut sharing.shares);
        let mut passed = 0;
        let mut got = Lots::ZERO;
        for (place, &share) in sharing.ours.iter().zip(sharing.shares.got()) {
            let Some(place) = *place else {
                passed += share.0;
                continue;
            };
            if let Some(working) = ours.iter_mut().nth(place) {
                working.estimate.pass(passed);
                got += reports.hit(working, share);
            }
        }
        if got > Lots::ZERO {
            self.settle(side);
        }
    }

    /// **Recorded orders at our price were filled, and another rule than time says who gets what** (order by order):
    /// all that was filled there in one packet is one incoming order, shared out anew among the recorded orders as
    /// they stood and ours.
    ///
    /// Unrealistic: what we get the recorded orders get too; and as for [`share_trade`](Self::share_trade), nobody
    /// else is a lead market maker, and the first in time is taken for the one that bettered the market.
    pub(super) fn meet(&mut self, delta: &OrderDelta, fresh: Lots) {
        let (side, price) = (delta.side, delta.price);
        if let Some((_, _, size)) = self.sharing.met.as_mut().filter(|met| (met.0, met.1) == (side, price)) {
            size.0 = size.0.saturating_add(fresh.0);
            return;
        }
        self.sharing.met = Some((side, price, fresh));
        self.sharing.others.clear();
        if let Some(book) = self.book.by_order() {
            let others = book.queue(side, price).map(|(_, order)| (order.joined, order.size));
            self.sharing.others.extend(others);
        }
    }

    /// The packet with the incoming order is over.
    pub(super) fn share_fills(&mut self, reports: &mut Reports<'_>) {
        let Some((side, price, size)) = self.sharing.met.take() else { return };
        let (sharing, ours) = (&mut self.sharing, &mut self.ours[side.index()]);
        sharing.start();
        let others = std::mem::take(&mut sharing.others);
        let mut next = others.iter().peekable();
        for (place, working) in ours.iter_mut().enumerate() {
            if working.price != price {
                continue;
            }
            while let Some((_, size)) = next.next_if(|(joined, _)| *joined < working.joined) {
                sharing.others(size.0);
            }
            sharing.ours(working, place, self.lead_percent);
        }
        next.for_each(|(_, size)| sharing.others(size.0));
        sharing.others = others;
        self.allocation.split(size, &sharing.resting, &mut sharing.shares);
        let mut got = Lots::ZERO;
        for (place, &share) in sharing.ours.iter().zip(sharing.shares.got()) {
            if let Some(working) = place.and_then(|place| ours.iter_mut().nth(place)) {
                got += reports.hit(working, share);
            }
        }
        if got > Lots::ZERO {
            self.settle(side);
        }
    }
}
