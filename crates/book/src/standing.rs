//! Whether a book may be traded on, and what it was told that made no sense.
//!
//! Never looks at the book's contents: whoever holds it says whether bid and ask cross.

use serde::{Deserialize, Serialize};
use types::{Flags, Nanos, Phase};

/// Whether a book may be traded on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nothing has come yet, or a snapshot is coming in.
    Building,
    /// Consistent: may be traded on.
    Live,
    /// Consistent, and the best bid is above the best ask: legal before the open, and a sign of a missed message
    /// while trading. Not traded on. A locked book (bid equals ask) is [`State::Live`].
    Crossed {
        /// The venue's time of the change that crossed it.
        since: Nanos,
    },
    /// Something is missing. The contents are kept for people to look at; only a clear ends it.
    Stale,
}

/// What became of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The book now says what the delta said.
    Applied,
    /// It names an order or a level that is not here: counted, nothing changed.
    Unknown,
    /// A size that cannot be, or a kind of delta that this book does not follow: nothing changed.
    Ignored,
}

/// What a book was told that made no sense, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Orders or levels named that were not there. Expected while stale or after a late join, a fault otherwise.
    pub unknown: u64,
    /// Orders added under an id that was there: the new one replaced the old.
    pub duplicate: u64,
    /// Sizes of zero or less where something should stand.
    pub refused: u64,
    /// Reductions of an order by more than was left of it.
    pub excess: u64,
}

/// The state machine drawn in the crate's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) phase: Phase,
}

impl Standing {
    pub(crate) const fn new() -> Self {
        Self { state: State::Building, phase: Phase::Open }
    }

    /// The contents are gone, and with them whatever was wrong with them.
    pub(crate) fn on_clear(&mut self) {
        self.state = State::Building;
    }

    pub(crate) fn on_gap(&mut self) {
        self.state = State::Stale;
    }

    /// A delta with these marks has been applied.
    ///
    /// No memory of "inside a snapshot" is kept: Databento's split days carry a snapshot whose end is not marked,
    /// and the first `LAST` after it must do. A feed that mixes a snapshot with live changes of the same
    /// instrument holds those back in its decoder.
    #[inline]
    pub(crate) fn after(&mut self, flags: Flags, venue_at: Nanos, crossed: impl FnOnce() -> bool) {
        if flags.0 & (Flags::LAST.0 | Flags::SNAPSHOT.0) == 0 {
            return;
        }
        self.state = match (self.state, flags.has(Flags::LAST)) {
            (State::Stale, _) => State::Stale,
            (_, false) => State::Building,
            (_, true) if !crossed() => State::Live,
            (State::Crossed { since }, true) => State::Crossed { since },
            (State::Building | State::Live, true) => State::Crossed { since: venue_at },
        };
    }

    /// Crossed where the phase does not allow it.
    pub(crate) const fn is_suspect(self) -> bool {
        matches!((self.state, self.phase), (State::Crossed { .. }, Phase::Open))
    }
}
