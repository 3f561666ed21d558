//! What a report did to an order: what the engine acts on.

use crate::Order;
use risk::Risk;
use types::{Liquidity, Lots, RejectReason, Ticks};

/// What a report changed. `freed` is by how many lots less the order can trade than before, fills aside; `closed`
/// says that this very change closed the order: it is true once in an order's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It works. May come after fills and after the end, both of which overtake it.
    Accepted,
    /// It never worked.
    Rejected {
        /// Why.
        reason: RejectReason,
        /// All of it.
        freed: Lots,
    },
    /// Part or all of it traded.
    Filled {
        /// At this price.
        price: Ticks,
        /// This much.
        size: Lots,
        /// Given or taken.
        liquidity: Liquidity,
        /// It was the last there was to fill.
        closed: bool,
        /// It came after the order had been reported gone (V-03). The position is real all the same.
        late: bool,
    },
    /// It is gone.
    Canceled {
        /// What of it never traded.
        unfilled: Lots,
        /// That, or what a replace under way would have let trade, if that is more.
        freed: Lots,
    },
    /// A cancel of ours had no effect: usually the order was filled first.
    CancelRejected {
        /// Why.
        reason: RejectReason,
    },
    /// It has a new price and size.
    Replaced {
        /// The new limit.
        price: Ticks,
        /// The new total size, fills included.
        size: Lots,
        /// What the larger of its two shapes could trade more than this one.
        freed: Lots,
        /// Fills had already reached the new size.
        closed: bool,
    },
    /// A replace of ours had no effect.
    ReplaceRejected {
        /// Why.
        reason: RejectReason,
        /// What the new shape could have traded more than the old one.
        freed: Lots,
        /// Fills had already reached the old size.
        closed: bool,
    },
    /// The session broke: what becomes of it nobody knows, and it counts as live until somebody does.
    Unsure,
    /// The venue, asked, has it with the fills that we know: it works, or it is gone.
    Listed {
        /// It works.
        open: bool,
        /// By how much less it can trade than was thought possible.
        freed: Lots,
    },
    /// The venue, asked, has more fills of it than we know of: it stays unknown until they have come.
    Behind {
        /// How much was filled that we do not know of.
        missing: Lots,
    },
    /// The venue, asked, does not have it. It may still be on its way: it stays unknown until asked for again.
    Missed,
    /// The venue, asked, does not have it: it is gone, whoever lost it.
    Lost {
        /// What could still have traded.
        freed: Lots,
    },
    /// A fill of it was taken back. What that took of its size does not come back.
    Busted {
        /// It had been at this price.
        price: Ticks,
        /// This much.
        size: Lots,
    },
    /// A fill was taken back that has not come yet: it is held until it has.
    Early,
    /// It was said before (V-02): nothing changed.
    Duplicate,
    /// It cannot be true: nothing changed, it was counted, and somebody should look.
    Impossible(Impossible),
}

/// Why a report cannot be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// No order of this number, or one closed so long ago that it is forgotten.
    UnknownOrder,
    /// The order is in another instrument.
    WrongInstrument,
    /// The state does not allow it: see the drawing at [`State`](crate::State).
    Transition,
    /// It is closed for us, and works at the venue.
    Alive,
    /// A fill of this number was another one when it came.
    OtherFill,
    /// An answer to a cancel or replace that was never sent.
    NotAsked,
    /// A fill, or a new size, of zero lots or below.
    SizeNotPositive,
    /// More would have traded, or could trade, than the order was ever for.
    BeyondSize,
}

impl Change {
    /// Whether this very change closed the order.
    #[inline]
    #[must_use]
    pub const fn closed(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::Canceled { .. } | Self::Lost { .. } => true,
            Self::Listed { open, .. } => !*open,
            Self::Filled { closed, .. }
            | Self::Replaced { closed, .. }
            | Self::ReplaceRejected { closed, .. } => *closed,
            Self::Accepted
            | Self::CancelRejected { .. }
            | Self::Unsure
            | Self::Behind { .. }
            | Self::Missed
            | Self::Busted { .. }
            | Self::Early
            | Self::Duplicate
            | Self::Impossible(_) => false,
        }
    }

    /// By how many lots less the order can trade than before, fills aside.
    #[inline]
    #[must_use]
    pub const fn freed(&self) -> Lots {
        match self {
            Self::Rejected { freed, .. }
            | Self::Canceled { freed, .. }
            | Self::Replaced { freed, .. }
            | Self::ReplaceRejected { freed, .. }
            | Self::Listed { freed, .. }
            | Self::Lost { freed } => *freed,
            Self::Accepted
            | Self::Filled { .. }
            | Self::CancelRejected { .. }
            | Self::Unsure
            | Self::Behind { .. }
            | Self::Missed
            | Self::Busted { .. }
            | Self::Early
            | Self::Duplicate
            | Self::Impossible(_) => Lots::ZERO,
        }
    }

    /// Tells risk what this change of `order` means for its counts. Called once for each change, it is all that
    /// risk hears of orders; what passes to `Risk::check` was reserved there.
    #[inline]
    pub fn tell(&self, order: &Order, risk: &mut Risk) {
        let (by, instrument, side) = (order.strategy, order.terms.instrument, order.terms.side);
        if let Self::Filled { price, size, late, .. } = *self {
            if late {
                risk.on_late_fill(by, instrument, side, price, size);
            } else {
                risk.on_fill(by, instrument, side, price, size);
            }
        }
        if let Self::Busted { price, size } = *self {
            risk.on_bust(by, instrument, side, price, size);
        }
        if self.closed() {
            risk.on_closed(by, instrument, side, self.freed());
        } else if self.freed() != Lots::ZERO {
            risk.on_replaced(by, instrument, side, self.freed());
        }
    }
}
