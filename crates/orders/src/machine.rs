//! The state machine as one table: what is done with each report in each state.
//!
//! [`answer`] is the only way from a state and a report to what happens; the drawing in `docs/orders.md` and the one at
//! [`State`] are made from this table, and a test holds them to it. Never looks at sizes or flags: what these forbid
//! (a fill beyond the order's size, an answer that was not asked for) is found by what is done.

use crate::{End, State};
use types::Outcome;

/// What is done with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The acknowledgement is noted; again, it is a duplicate.
    Accept,
    /// It closes as rejected: it never worked.
    Refuse,
    /// Its fill is taken, late or not.
    Fill,
    /// It closes as cancelled.
    Cancel,
    /// A cancel of ours came to nothing.
    CancelRefused,
    /// It gets its new price and size.
    Replace,
    /// A replace of ours came to nothing.
    ReplaceRefused,
    /// The venue's listing resolves what we did not know.
    Resolve,
    /// The venue does not have it: gone, if that is sure.
    Miss,
    /// A fill is taken back.
    Bust,
    /// Known already: a duplicate.
    Known,
    /// It is closed for us and may be open there: somebody should look, and it is cancelled.
    Alive,
    /// It cannot be.
    Never,
}

impl Answer {
    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "close as rejected",
            Self::Fill => "fill",
            Self::Cancel => "close as canceled",
            Self::CancelRefused => "cancel refused",
            Self::Replace => "replace",
            Self::ReplaceRefused => "replace refused",
            Self::Resolve => "resolve",
            Self::Miss => "miss",
            Self::Bust => "bust",
            Self::Known => "=",
            Self::Alive => "alive?",
            Self::Never => "-",
        }
    }
}

/// Every state, in the order of the table's rows.
pub const STATES: [State; 7] = [
    State::Pending,
    State::Working,
    State::Unknown,
    State::Closed(End::Filled),
    State::Closed(End::Canceled),
    State::Closed(End::Rejected),
    State::Closed(End::Lost),
];

/// Every kind of report, in the order of the table's columns.
pub const REPORTS: [&str; 10] = [
    "Accepted",
    "Rejected",
    "Filled",
    "Canceled",
    "CancelRejected",
    "Replaced",
    "ReplaceRejected",
    "Listed",
    "NotListed",
    "Busted",
];

#[rustfmt::skip]
const TABLE: [[Answer; REPORTS.len()]; STATES.len()] = {
    use Answer::{Accept, Alive, Bust, Cancel, CancelRefused, Fill, Known, Miss, Never, Refuse, Replace, ReplaceRefused, Resolve};
    [
        // Accepted Rejected Filled Canceled CancelRejected Replaced ReplaceRejected Listed NotListed Busted
        [Accept, Refuse, Fill, Cancel, CancelRefused, Replace, ReplaceRefused, Known,   Never, Bust], // pending
        [Accept, Never,  Fill, Cancel, CancelRefused, Replace, ReplaceRefused, Known,   Never, Bust], // working
        [Accept, Refuse, Fill, Cancel, CancelRefused, Replace, ReplaceRefused, Resolve, Miss,  Bust], // unknown
        [Accept, Never,  Fill, Never,  CancelRefused, Replace, ReplaceRefused, Known,   Known, Bust], // filled
        [Accept, Never,  Fill, Known,  CancelRefused, Replace, ReplaceRefused, Alive,   Known, Bust], // canceled
        [Alive,  Known,  Fill, Never,  CancelRefused, Alive,   ReplaceRefused, Alive,   Known, Bust], // rejected
        [Alive,  Known,  Fill, Known,  CancelRefused, Alive,   ReplaceRefused, Alive,   Known, Bust], // lost
    ]
};

/// The place of a state in [`STATES`].
#[inline]
#[must_use]
pub const fn row(state: State) -> usize {
    match state {
        State::Pending => 0,
        State::Working => 1,
        State::Unknown => 2,
        State::Closed(End::Filled) => 3,
        State::Closed(End::Canceled) => 4,
        State::Closed(End::Rejected) => 5,
        State::Closed(End::Lost) => 6,
    }
}

/// The place of a report in [`REPORTS`].
#[inline]
#[must_use]
pub const fn column(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Accepted => 0,
        Outcome::Rejected(_) => 1,
        Outcome::Filled { .. } => 2,
        Outcome::Canceled => 3,
        Outcome::CancelRejected(_) => 4,
        Outcome::Replaced { .. } => 5,
        Outcome::ReplaceRejected(_) => 6,
        Outcome::Listed { .. } => 7,
        Outcome::NotListed => 8,
        Outcome::Busted { .. } => 9,
    }
}

/// What is done with a report in a state.
#[inline]
#[must_use]
pub const fn answer(state: State, outcome: &Outcome) -> Answer {
    TABLE[row(state)][column(outcome)]
}
