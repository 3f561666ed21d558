//! What the size of a replace means at a venue, on which it depends whether a fill that crosses it can trade more
//! than was meant (V-04).
//!
//! ```text
//! 10 ordered, 3 traded, replaced to 10 in all; 4 more trade while the replace is underway
//!   total:  the venue takes 7 off the 10:  3 left, 10 in all          (what was meant)
//!   leaves: the venue is told 7 and takes nothing off: 7 left, 14 in all
//! ```
//!
//! Where the size is what is left, both shapes of the order may trade one after the other, and so both are reserved.

use serde::{Deserialize, Serialize};

/// What the size of a replace is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplacedSize {
    /// The order's whole size; the venue takes off what has traded when it gets there.
    #[default]
    Total,
    /// What shall be left to trade; or the replace is a cancel and a new order.
    Leaves,
}

/// What is known of venues, by the name that instruments give them.
pub const VENUES: [(&str, ReplacedSize, &str); 4] = [
    ("cme", ReplacedSize::Total, "iLink: the order's whole quantity, fills included"),
    ("nasdaq", ReplacedSize::Total, "OUCH: the whole number of shares, executed ones included"),
    ("binance", ReplacedSize::Leaves, "spot has no amendment of size upwards: a cancel and a new order"),
    ("test", ReplacedSize::Total, "the simulated venue"),
];

impl ReplacedSize {
    /// What it is at a venue; the whole size, which is what `Command::Replace` says, at one that is not in the table.
    #[must_use]
    pub fn of(venue: &str) -> Self {
        let known = VENUES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(venue));
        known.map_or(Self::Total, |(_, size, _)| *size)
    }
}
