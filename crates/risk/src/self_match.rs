//! Self-match prevention before an order leaves (RC-27), and between accounts of one owner (RC-28).
//!
//! Decides what gives way when a new order would meet an order of the same owner that rests. Never looks for such
//! orders: the engine does, among those that are open.

use serde::{Deserialize, Serialize};
use types::Lots;

/// What gives way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SelfMatch {
    /// The new order is refused.
    #[default]
    CancelNewest,
    /// The resting one is cancelled, and the new one leaves after its cancel.
    CancelOldest,
    /// The resting one is cancelled, and the new one refused.
    CancelBoth,
    /// Both lose the size of the smaller: the new one leaves smaller or not at all, the resting one is cancelled when
    /// nothing of it would be left.
    Decrement,
    /// Nothing here: the venue's own prevention is relied on.
    Venue,
}

impl SelfMatch {
    /// Every mode, in the order of [`NAMES`](Self::NAMES).
    pub const ALL: [Self; 5] =
        [Self::CancelNewest, Self::CancelOldest, Self::CancelBoth, Self::Decrement, Self::Venue];

    /// Their names in the configuration.
    pub const NAMES: [&'static str; 5] =
        ["cancel_newest", "cancel_oldest", "cancel_both", "decrement", "venue"];

    /// The mode of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let row = Self::NAMES.iter().position(|known| *known == name)?;
        Some(Self::ALL[row])
    }
}

/// What is done about one resting order that a new one would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// What is left of the new order's size; nothing: it is refused.
    pub new_left: Lots,
    /// What is left of the resting one; nothing: it is cancelled.
    pub resting_left: Lots,
}

/// What gives way when a new order of `new` lots would meet a resting one of `resting`.
#[must_use]
pub fn meeting(mode: SelfMatch, new: Lots, resting: Lots) -> Meeting {
    let both = Meeting { new_left: new, resting_left: resting };
    match mode {
        SelfMatch::Venue => both,
        SelfMatch::CancelNewest => Meeting { new_left: Lots::ZERO, ..both },
        SelfMatch::CancelOldest => Meeting { resting_left: Lots::ZERO, ..both },
        SelfMatch::CancelBoth => Meeting { new_left: Lots::ZERO, resting_left: Lots::ZERO },
        SelfMatch::Decrement => {
            let smaller = Lots(new.0.min(resting.0));
            Meeting { new_left: new - smaller, resting_left: resting - smaller }
        }
    }
}
