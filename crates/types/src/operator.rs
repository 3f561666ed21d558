//! What a person can say to the engine, and for whom: requests with reasons, and the agreement of a second person.
//!
//! A request is numbered by the edge that takes it, rising. Its reason comes before it, in parts. Some requests act at
//! once, some wait until another person confirms them; which do is `risk`'s to say.

use crate::{AccountId, DeskId, InstrumentId, Lots, OrderId, PersonId, Seq, StrategyId, VenueId};
use serde::{Deserialize, Serialize};

/// Bytes of a reason in one part.
pub const REASON_BYTES: usize = 24;

/// Whom a request, a limit, a halt or an alert is for. There is no blank one: the firm is named as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// One strategy.
    Strategy(StrategyId),
    /// Every strategy of an account.
    Account(AccountId),
    /// Every strategy of a desk.
    Desk(DeskId),
    /// Every order in a venue session.
    Venue(VenueId),
    /// Every order in an instrument.
    Instrument(InstrumentId),
    /// Everything.
    Firm,
}

impl Scope {
    /// A number for its kind and one for which: its form in records.
    #[must_use]
    pub const fn code(self) -> (u8, u32) {
        match self {
            Self::Strategy(id) => (0, id.0 as u32),
            Self::Account(id) => (1, id.0 as u32),
            Self::Desk(id) => (2, id.0 as u32),
            Self::Venue(id) => (3, id.0 as u32),
            Self::Instrument(id) => (4, id.0),
            Self::Firm => (5, 0),
        }
    }

    /// The scope that [`code`](Self::code) gives these numbers for; `None` when there is none.
    #[must_use]
    pub fn of_code(kind: u8, id: u32) -> Option<Self> {
        let short = u16::try_from(id).ok();
        match kind {
            0 => short.map(|id| Self::Strategy(StrategyId(id))),
            1 => short.map(|id| Self::Account(AccountId(id))),
            2 => short.map(|id| Self::Desk(DeskId(id))),
            3 => short.map(|id| Self::Venue(VenueId(id))),
            4 => Some(Self::Instrument(InstrumentId(id))),
            5 => (id == 0).then_some(Self::Firm),
            _ => None,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Strategy(id) => write!(f, "strategy {id}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Desk(id) => write!(f, "desk {id}"),
            Self::Venue(id) => write!(f, "venue {id}"),
            Self::Instrument(id) => write!(f, "instrument {id}"),
            Self::Firm => f.write_str("the firm"),
        }
    }
}

/// A person's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// Part of the reason of a request that follows, in UTF-8, the last part filled up with zeros.
    Reason {
        /// Of which request.
        request: u32,
        /// From 0.
        part: u8,
        /// What it says.
        text: [u8; REASON_BYTES],
    },
    /// Something is asked for.
    Request {
        /// Its number.
        request: u32,
        /// By whom.
        by: PersonId,
        /// What.
        action: Action,
    },
    /// Another person agrees with a request.
    Confirm {
        /// With which.
        request: u32,
        /// Who.
        by: PersonId,
    },
}

/// What a person can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Kill switch: latch, cancel everything in the scope, send nothing new.
    Kill(Scope),
    /// Ends a kill, and every halt of the scope that latched.
    Reset(Scope),
    /// Lets only orders pass that make a position smaller; or no longer.
    ReduceOnly(Scope, bool),
    /// Cancels everything in the scope; latches nothing.
    CancelAll(Scope),
    /// Gives a limit another value.
    SetLimit {
        /// Which: a row of risk's table of limits.
        limit: u16,
        /// Whose.
        scope: Scope,
        /// The new value, in the limit's own unit.
        value: i64,
    },
    /// Restricts trading in an instrument, or ends a restriction.
    Restrict {
        /// Which.
        instrument: InstrumentId,
        /// How.
        how: Restriction,
    },
    /// Passes over an input that broke the core.
    SkipRecord(Seq),
    /// Asks the venue to take a fill back: recorded, and told to people.
    RequestBust {
        /// Of which order.
        order: OrderId,
        /// The venue's number for the fill.
        fill: u32,
    },
    /// Goes to a stage of trading.
    Enter(Stage),
}

/// How far trading in an instrument is restricted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restriction {
    /// Not at all.
    #[default]
    None,
    /// No order that could make a position larger.
    NoTrading,
    /// Hard to borrow: no short sale.
    HardToBorrow,
    /// Short sales up to what was located.
    Located(Lots),
}

/// How far trading has been resumed after a halt, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Stage {
    /// Nothing leaves but cancels of people.
    Halted = 0,
    /// Cancels.
    CancelOnly = 1,
    /// Cancels, and orders that rest.
    PostOnly = 2,
    /// Everything.
    Continuous = 3,
}

impl Stage {
    /// Every stage, in the order of the discriminants.
    pub const ALL: [Self; 4] = [Self::Halted, Self::CancelOnly, Self::PostOnly, Self::Continuous];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_comes_back_from_its_code_and_a_blank_is_none() {
        let scopes = [
            Scope::Strategy(StrategyId(u16::MAX)),
            Scope::Account(AccountId(1)),
            Scope::Desk(DeskId(2)),
            Scope::Venue(VenueId(3)),
            Scope::Instrument(InstrumentId(u32::MAX)),
            Scope::Firm,
        ];
        for scope in scopes {
            let (kind, id) = scope.code();
            assert_eq!(Scope::of_code(kind, id), Some(scope));
        }
        for (kind, id) in [(0, 1 << 16), (3, u32::MAX), (5, 1), (6, 0), (u8::MAX, 0)] {
            assert_eq!(Scope::of_code(kind, id), None);
        }
    }
}
