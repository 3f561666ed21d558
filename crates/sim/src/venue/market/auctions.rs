//! An auction with orders of ours in it: what stands when the call ends, and what we get at its one price.
//!
//! Never finds the price itself: the record names it, or [`auction`] does.

use super::{Market, whole};
use crate::venue::auction;
use crate::venue::own::{Reports, Working};
use stdx::math;
use types::{Liquidity, Lots, Phase, Side, Ticks, Trade};

/// An auction with orders of ours in it: what stood when trading opened, until it is known at what price it ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    /// The last price anything traded at, and the price the record named while orders were called for.
    pub(super) last: Option<Ticks>,
    pub(super) printed: Option<Ticks>,
    pub(super) ending: bool,
    /// The recorded orders by side, and ours with what is ahead of them at their price.
    others: [Vec<(Ticks, Lots)>; 2],
    ours: Vec<(Working, Lots)>,
    /// Both together.
    all: [Vec<(Ticks, Lots)>; 2],
}

impl Market {
    /// A trade with no aggressor is the auction's: it says at what price.
    pub(super) fn note_auction(&mut self, trade: &Trade, reports: &mut Reports<'_>) {
        if trade.aggressor.is_none() && trade.price_fraction == 0 {
            if self.call.ending {
                self.cross_at(Some(trade.price), reports);
            } else if self.book.phase() == Phase::PreOpen {
                self.call.printed = Some(trade.price);
            }
        }
        self.call.last = Some(trade.price);
    }

    /// Keeps what stands, for the record takes it away before it says at what price.
    pub(super) fn end_call(&mut self) {
        let mut call = std::mem::take(&mut self.call);
        call.ours.clear();
        for side in Side::BOTH {
            let others = &mut call.others[side.index()];
            others.clear();
            others.extend(self.book.levels(side).map(|level| (level.price, level.size)));
            for working in self.ours[side.index()].iter() {
                // Out of sight, all that may stand there is ahead.
                let ahead = Lots(whole(math::floor(self.ahead(working))));
                call.ours.push((*working, ahead));
            }
        }
        call.ending = true;
        self.call = call;
    }

    /// **The auction ends at one price**: the one the record names, else the one that the book with our orders in it
    /// gives. At that price trades what can; on each side better prices go first, and of one price earlier orders,
    /// so that we get what is left of the volume after those before us.
    ///
    /// Unrealistic: with us more may trade, or at another price, than the record shows; orders on which exchanges keep
    /// silent (on the open, imbalance-only, hidden) are not there.
    pub(super) fn cross_at(&mut self, printed: Option<Ticks>, reports: &mut Reports<'_>) {
        let mut call = std::mem::take(&mut self.call);
        call.ending = false;
        for side in Side::BOTH {
            let of_side = call.ours.iter().filter(|(working, _)| working.side == side);
            let all = &mut call.all[side.index()];
            all.clear();
            all.extend(&call.others[side.index()]);
            all.extend(of_side.map(|(working, _)| (working.price, working.unfilled())));
        }
        let [bids, asks] = &call.all;
        let cross = match printed {
            Some(price) => Some(auction::at(price, bids, asks)),
            None => auction::uncross(bids, asks, call.last),
        };
        if let Some(cross) = cross {
            for side in Side::BOTH {
                let got = self.cross_ours(side, &cross, &call, reports);
                self.take_standing(!side, cross.price, got);
            }
        }
        self.call = call;
        for side in Side::BOTH {
            self.settle(side);
        }
        self.meet_what_crosses(reports);
    }

    /// What of the other side we got in the auction is gone, should the record still show it.
    fn take_standing(&mut self, side: Side, price: Ticks, size: Lots) {
        let mut left = size;
        for level in self.book.levels(side) {
            if left <= Lots::ZERO || !level.price.crosses(price, side) {
                break;
            }
            let got = self.taken.left(side, level.price, level.size).min(left);
            self.taken.add(side, level.price, got);
            left -= got;
        }
    }

    /// Gives how much our orders of one side got.
    fn cross_ours(
        &mut self,
        side: Side,
        cross: &auction::Cross,
        call: &Call,
        reports: &mut Reports<'_>,
    ) -> Lots {
        let mut ours_before = 0;
        let mut got = Lots::ZERO;
        for (noted, ahead) in call.ours.iter().filter(|(noted, _)| noted.side == side) {
            let better = call.others[side.index()].iter().filter(|(price, _)| price.beats(noted.price, side));
            let before = better.map(|(_, size)| size.0).fold(ahead.0, i64::saturating_add);
            let before = before.saturating_add(ours_before);
            ours_before = noted.unfilled().0.saturating_add(ours_before);
            if !noted.price.crosses(cross.price, side) {
                continue;
            }
            let Some(working) = self.ours[side.index()].find(noted.order) else { continue };
            let size = Lots(cross.volume.0.saturating_sub(before).clamp(0, working.unfilled().0));
            if size > Lots::ZERO {
                working.filled += size;
                working.tip = working.shown.min(working.unfilled());
                reports.fill(noted.order, side, cross.price, size, Liquidity::Maker);
                got += size;
            }
        }
        got
    }
}
