//! What holds trading back: a row of marks for each instrument, strategy, account, desk and venue, and the firm's.
//!
//! A mark latches: only a person takes it away. Never decides what a mark means for an order; `controls` does.

use serde::{Deserialize, Serialize};

/// Marks of one row, or of all rows that an order touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks(u8);

impl Marks {
    /// Nothing holds it back.
    pub const NONE: Self = Self(0);
    /// RC-32: killed. Nothing new passes.
    pub const KILLED: Self = Self(1);
    /// RC-34: only what makes a position smaller.
    pub const REDUCE_ONLY: Self = Self(2);
    /// RC-47: the venue is not healthy.
    pub const PAUSED: Self = Self(4);
    /// RC-10: the strategy traded too often at once.
    pub const DISABLED: Self = Self(8);
    /// The session with the venue is down.
    pub const DOWN: Self = Self(16);

    /// Whether every mark of `other` is set.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Both.
    #[inline]
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Sets or takes away the marks of `other`.
    pub const fn set(&mut self, other: Self, on: bool) {
        self.0 = if on { self.0 | other.0 } else { self.0 & !other.0 };
    }
}
