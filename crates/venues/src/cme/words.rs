//! The words of MDP 3.0 that decoder and encoder share: enumerations of the schemas, and their bytes.

use super::sbe::words::{
    AggressorSide, MatchEventIndicator, MdEntryTypeBook, MdUpdateAction, SecurityTradingStatus,
};
use types::{Flags, LevelAction, Phase, Side};

/// `MatchEventIndicator` (tag 5799): which kinds of data the message ends, for one event of the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct MatchEvent(pub u8);

impl MatchEvent {
    /// More of everything follows.
    pub const NONE: Self = Self(0);
    /// The last trade of the event.
    pub const LAST_TRADE: Self = Self(MatchEventIndicator::LAST_TRADE_MSG.0);
    /// The last traded volume of the event.
    pub const LAST_VOLUME: Self = Self(MatchEventIndicator::LAST_VOLUME_MSG.0);
    /// The last change of real levels and orders of the event.
    pub const LAST_QUOTE: Self = Self(MatchEventIndicator::LAST_QUOTE_MSG.0);
    /// The last statistics of the event.
    pub const LAST_STATISTICS: Self = Self(MatchEventIndicator::LAST_STATS_MSG.0);
    /// The last change of implied levels of the event.
    pub const LAST_IMPLIED: Self = Self(MatchEventIndicator::LAST_IMPLIED_MSG.0);
    /// Sent while recovering: it describes what stands.
    pub const RECOVERY: Self = Self(MatchEventIndicator::RECOVERY_MSG.0);
    /// The event is over; books are consistent now.
    pub const END: Self = Self(MatchEventIndicator::END_OF_EVENT.0);

    /// Whether every mark of `other` is set.
    #[inline]
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of marks.
    #[inline]
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The marks that every arrival of the message carries.
    #[inline]
    pub(crate) const fn flags(self) -> Flags {
        if self.has(Self::RECOVERY) { Flags::SNAPSHOT } else { Flags::NONE }
    }
}

/// `MDUpdateAction` (tag 279), and `OrderUpdateAction` (tag 37708) in its first three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Action {
    /// A level or order that was not there.
    New = MdUpdateAction::NEW.0,
    /// One that was.
    Change = MdUpdateAction::CHANGE.0,
    /// One that is no more.
    Delete = MdUpdateAction::DELETE.0,
    /// Every level from the best through this one is no more.
    DeleteThru = MdUpdateAction::DELETE_THRU.0,
    /// Every level from this one to the last is no more.
    DeleteFrom = MdUpdateAction::DELETE_FROM.0,
    /// Another price stands at this level.
    Overlay = MdUpdateAction::OVERLAY.0,
}

impl Action {
    #[inline]
    pub(crate) const fn read(action: MdUpdateAction) -> Option<Self> {
        match action {
            MdUpdateAction::NEW => Some(Self::New),
            MdUpdateAction::CHANGE => Some(Self::Change),
            MdUpdateAction::DELETE => Some(Self::Delete),
            MdUpdateAction::DELETE_THRU => Some(Self::DeleteThru),
            MdUpdateAction::DELETE_FROM => Some(Self::DeleteFrom),
            MdUpdateAction::OVERLAY => Some(Self::Overlay),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn of_level(self) -> OfLevel {
        OF_LEVELS[self as usize]
    }
}

/// What an action does to a level, and which of an entry's numbers it means: those whose bits it keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfLevel {
    pub(crate) action: LevelAction,
    pub(crate) price_bits: i64,
    pub(crate) size_bits: i32,
}

/// By [`Action`]. A table for the reason that [`ENTRY_KINDS`] is one.
static OF_LEVELS: [OfLevel; 6] = {
    let set = OfLevel { action: LevelAction::Set, price_bits: -1, size_bits: -1 };
    let mut table = [set; 6];
    table[Action::Delete as usize] = OfLevel { action: LevelAction::Delete, price_bits: -1, size_bits: 0 };
    // These name a depth; whatever price they carry is not looked at.
    let thru = OfLevel { action: LevelAction::DeleteThru, price_bits: 0, size_bits: 0 };
    table[Action::DeleteThru as usize] = thru;
    table[Action::DeleteFrom as usize] = OfLevel { action: LevelAction::DeleteFrom, ..thru };
    table
};

/// `MDEntryTypeBook` (tag 269): whose price it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryKind {
    pub(crate) side: Side,
    /// [`Flags::IMPLIED`], or none.
    pub(crate) flags: Flags,
}

/// By byte. A table, because sides come as they please: a branch on them is guessed wrong every other time.
static ENTRY_KINDS: [Option<EntryKind>; 256] = {
    let mut kinds = [None; 256];
    kinds[MdEntryTypeBook::BID.0 as usize] = Some(EntryKind { side: Side::Buy, flags: Flags::NONE });
    kinds[MdEntryTypeBook::OFFER.0 as usize] = Some(EntryKind { side: Side::Sell, flags: Flags::NONE });
    kinds[MdEntryTypeBook::IMPLIED_BID.0 as usize] =
        Some(EntryKind { side: Side::Buy, flags: Flags::IMPLIED });
    kinds[MdEntryTypeBook::IMPLIED_OFFER.0 as usize] =
        Some(EntryKind { side: Side::Sell, flags: Flags::IMPLIED });
    kinds
};

impl EntryKind {
    /// `None` for a reset, and for what is of no book.
    #[inline]
    pub(crate) fn read(kind: MdEntryTypeBook) -> Option<Self> {
        ENTRY_KINDS[usize::from(kind.0)]
    }

    /// The word for a side of the real or the implied book.
    pub(crate) const fn word(side: Side, implied: bool) -> MdEntryTypeBook {
        match (side, implied) {
            (Side::Buy, false) => MdEntryTypeBook::BID,
            (Side::Sell, false) => MdEntryTypeBook::OFFER,
            (Side::Buy, true) => MdEntryTypeBook::IMPLIED_BID,
            (Side::Sell, true) => MdEntryTypeBook::IMPLIED_OFFER,
        }
    }
}

/// `AggressorSide` (tag 5797): who crossed the spread; `None` for nobody, for both, and for "not said".
pub(crate) const fn aggressor(word: Option<AggressorSide>) -> Option<Side> {
    match word {
        Some(AggressorSide::BUY) => Some(Side::Buy),
        Some(AggressorSide::SELL) => Some(Side::Sell),
        _ => None,
    }
}

/// The word [`aggressor`] reads.
pub(crate) const fn aggressor_word(side: Option<Side>) -> AggressorSide {
    match side {
        None => AggressorSide::NO_AGGRESSOR,
        Some(Side::Buy) => AggressorSide::BUY,
        Some(Side::Sell) => AggressorSide::SELL,
    }
}

/// `SecurityTradingStatus` (tag 326): what the market lets one do; `None` when nothing changes (`NoChange`, null).
///
/// What the schema cannot say ("unknown or invalid") is a halt: we do not trade where we do not know. So is a
/// status of a schema to come. The price indication and the crosses are auctions: orders stand, the book may be
/// crossed.
pub(crate) const fn phase(status: Option<SecurityTradingStatus>) -> Option<Phase> {
    match status {
        None | Some(SecurityTradingStatus::NO_CHANGE) => None,
        Some(SecurityTradingStatus::READY_TO_TRADE) => Some(Phase::Open),
        Some(
            SecurityTradingStatus::NEW_PRICE_INDICATION
            | SecurityTradingStatus::PRE_OPEN
            | SecurityTradingStatus::PRE_CROSS
            | SecurityTradingStatus::CROSS,
        ) => Some(Phase::PreOpen),
        Some(
            SecurityTradingStatus::CLOSE
            | SecurityTradingStatus::NOT_AVAILABLE_FOR_TRADING
            | SecurityTradingStatus::POST_CLOSE,
        ) => Some(Phase::Closed),
        // TradingHalt, UnknownorInvalid, the workups, and what no schema of ours knows.
        Some(_) => Some(Phase::Halted),
    }
}

/// The word [`phase`] reads.
pub(crate) const fn phase_word(phase: Phase) -> SecurityTradingStatus {
    match phase {
        Phase::Open => SecurityTradingStatus::READY_TO_TRADE,
        Phase::PreOpen => SecurityTradingStatus::PRE_OPEN,
        Phase::Halted => SecurityTradingStatus::TRADING_HALT,
        Phase::Closed => SecurityTradingStatus::CLOSE,
    }
}
