//! Orders of ours that follow the market: stops that wait for a price, and pegged orders that move with one.

use super::{Market, cautious, worse};
use crate::venue::own::{Pegging, Working};
use types::{Peg, Side, Ticks};

impl Market {
    /// **A stop waits for a trade at its trigger or beyond**: above to buy, below to sell.
    pub(super) fn note_price(&mut self, price: Ticks, fraction: bool) {
        for waiting in &mut self.waiting {
            waiting.triggered |= match waiting.terms.side {
                Side::Buy => price >= waiting.trigger,
                Side::Sell => price < waiting.trigger || (price == waiting.trigger && !fraction),
            };
        }
    }

    pub(super) fn moved_peg(&self, side: Side) -> Option<(Working, Ticks)> {
        self.ours[side.index()].iter().find_map(|working| {
            let price = self.pegged_price(side, &working.peg?)?;
            (price != working.price).then_some((*working, price))
        })
    }

    /// Where a pegged order rests now: within its bound, and a step from the other side at the nearest. `None` when
    /// what it follows is not there; one that rests stays where it is then.
    pub(in crate::venue) fn pegged_price(&self, side: Side, peg: &Pegging) -> Option<Ticks> {
        let best = |side: Side| self.book.best(side).map(|level| level.price);
        let far = best(!side);
        let from = match peg.to {
            Peg::Own => best(side)?,
            Peg::Opposite => far?,
            Peg::Mid => {
                let sum = i128::from(best(side)?.0) + i128::from(far?.0);
                // Towards our own side.
                let up = if side == Side::Buy { 0 } else { sum.rem_euclid(2) };
                Ticks(i64::try_from(sum.div_euclid(2) + up).ok()?)
            }
        };
        let wanted = Ticks(from.0.saturating_add(i64::from(peg.offset) * side.sign()));
        let nearest = far.map(|far| worse(far, side, -1));
        let price = cautious(wanted, peg.bound, side);
        Some(nearest.map_or(price, |nearest| cautious(price, nearest, side)))
    }
}
