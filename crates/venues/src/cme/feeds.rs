//! Which multicast lines are which feed of which channel.
//!
//! A channel of CME's is up to four feeds, each sent twice (lines A and B) and each with a packet numbering of its
//! own (CME "MDP 3.0 - Channel Definitions"):
//!
//! | feed | carries | numbering |
//! |---|---|---|
//! | incremental | every change | one a week |
//! | snapshot | each instrument's levels, round and round | restarts with each loop |
//! | order snapshot | each instrument's orders, round and round | restarts with each loop |
//! | definitions | each instrument's definition, round and round | restarts with each loop |
//!
//! A capture says none of this: there lines are paired by address (see [`Line`]), a feed's kind shows in its
//! templates, and a channel's feeds share their port numbers.

use super::line::Line;

/// What a feed carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Every change, once.
    Incremental,
    /// Levels as they stand, in a loop.
    Snapshot,
    /// Orders as they stand, in a loop.
    OrderSnapshot,
    /// Instrument definitions, in a loop.
    Definitions,
}

impl Role {
    /// Whether it is sent round and round: a hole in it harms no book.
    #[must_use]
    pub const fn is_loop(self) -> bool {
        match self {
            Self::Incremental => false,
            Self::Snapshot | Self::OrderSnapshot | Self::Definitions => true,
        }
    }
}

/// One feed, as a channel configuration gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The number CME gives the channel: 310.
    pub channel: u16,
    /// What the feed carries.
    pub role: Role,
    /// Where it is sent: A, and B if there is one.
    pub lines: Vec<Line>,
}

/// The number of the channel whose feed a line is, where the address says so: ports are 14,000 (A) or 15,000 (B)
/// and the channel's number, and those of snapshots of orders 23,000 or 22,000 and the number.
pub(crate) const fn channel_of(line: Line) -> Option<u16> {
    match line.port / 1_000 {
        14 | 15 | 22 | 23 => Some(line.port % 1_000),
        _ => None,
    }
}
