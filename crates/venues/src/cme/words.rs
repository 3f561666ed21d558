//! The words of MDP 3.0 that decoder and encoder share: enumerations of the schemas, and their bytes.

use types::{Flags, LevelAction, OrderAction, Phase, Side};

/// `MatchEventIndicator` (tag 5799): which kinds of data the message ends, for one event of the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct MatchEvent(pub u8);

impl MatchEvent {
    /// More of everything follows.
    pub const NONE: Self = Self(0);
    /// The last trade of the event.
    pub const LAST_TRADE: Self = Self(1);
    /// The last traded volume of the event.
    pub const LAST_VOLUME: Self = Self(1 << 1);
    /// The last change of real levels and orders of the event.
    pub const LAST_QUOTE: Self = Self(1 << 2);
    /// The last statistics of the event.
    pub const LAST_STATISTICS: Self = Self(1 << 3);
    /// The last change of implied levels of the event.
    pub const LAST_IMPLIED: Self = Self(1 << 4);
    /// Sent while recovering: it describes what stands.
    pub const RECOVERY: Self = Self(1 << 5);
    /// The event is over; books are consistent now.
    pub const END: Self = Self(1 << 7);

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
    New = 0,
    /// One that was.
    Change = 1,
    /// One that is no more.
    Delete = 2,
    /// Every level from the best through this one is no more.
    DeleteThru = 3,
    /// Every level from this one to the last is no more.
    DeleteFrom = 4,
    /// Another price stands at this level.
    Overlay = 5,
}

impl Action {
    #[inline]
    pub(crate) const fn read(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::New),
            1 => Some(Self::Change),
            2 => Some(Self::Delete),
            3 => Some(Self::DeleteThru),
            4 => Some(Self::DeleteFrom),
            5 => Some(Self::Overlay),
            _ => None,
        }
    }

    #[inline]
    pub(crate) const fn of_level(self) -> LevelAction {
        match self {
            Self::New | Self::Change | Self::Overlay => LevelAction::Set,
            Self::Delete => LevelAction::Delete,
            Self::DeleteThru => LevelAction::DeleteThru,
            Self::DeleteFrom => LevelAction::DeleteFrom,
        }
    }

    /// `None` for what can only happen to a level.
    #[inline]
    pub(crate) const fn of_order(self) -> Option<OrderAction> {
        match self {
            Self::New => Some(OrderAction::Add),
            Self::Change => Some(OrderAction::Modify),
            Self::Delete => Some(OrderAction::Delete),
            Self::DeleteThru | Self::DeleteFrom | Self::Overlay => None,
        }
    }
}

/// `MDEntryTypeBook` (tag 269): whose price it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryKind {
    pub(crate) side: Side,
    /// [`Flags::IMPLIED`], or none.
    pub(crate) flags: Flags,
}

/// The entry type that empties a book.
pub(crate) const RESET: u8 = b'J';

/// By byte. A table, because sides come as they please: a branch on them is guessed wrong every other time.
static ENTRY_KINDS: [Option<EntryKind>; 256] = {
    let mut kinds = [None; 256];
    kinds[b'0' as usize] = Some(EntryKind { side: Side::Buy, flags: Flags::NONE });
    kinds[b'1' as usize] = Some(EntryKind { side: Side::Sell, flags: Flags::NONE });
    kinds[b'E' as usize] = Some(EntryKind { side: Side::Buy, flags: Flags::IMPLIED });
    kinds[b'F' as usize] = Some(EntryKind { side: Side::Sell, flags: Flags::IMPLIED });
    kinds
};

impl EntryKind {
    /// `None` for a reset, and for what is of no book.
    #[inline]
    pub(crate) fn read(byte: u8) -> Option<Self> {
        ENTRY_KINDS[usize::from(byte)]
    }

    /// The byte of a side of the real or the implied book.
    pub(crate) const fn byte(side: Side, implied: bool) -> u8 {
        match (side, implied) {
            (Side::Buy, false) => b'0',
            (Side::Sell, false) => b'1',
            (Side::Buy, true) => b'E',
            (Side::Sell, true) => b'F',
        }
    }
}

/// `AggressorSide` (tag 5797): who crossed the spread; `None` for nobody, for both, and for "not said".
pub(crate) const fn aggressor(byte: u8) -> Option<Side> {
    match byte {
        1 => Some(Side::Buy),
        2 => Some(Side::Sell),
        _ => None,
    }
}

/// The byte [`aggressor`] reads.
pub(crate) const fn aggressor_byte(side: Option<Side>) -> u8 {
    match side {
        None => 0,
        Some(Side::Buy) => 1,
        Some(Side::Sell) => 2,
    }
}

/// `SecurityTradingStatus` (tag 326): what the market lets one do; `None` when nothing changes (103, null).
///
/// What the schema cannot say (20, "unknown or invalid") is a halt: we do not trade where we do not know. The
/// price indication (15) and the crosses (24, 25) are auctions: orders stand, the book may be crossed.
pub(crate) const fn phase(byte: u8) -> Option<Phase> {
    match byte {
        17 => Some(Phase::Open),
        15 | 21 | 24 | 25 => Some(Phase::PreOpen),
        2 | 20 => Some(Phase::Halted),
        4 | 18 | 26 => Some(Phase::Closed),
        _ => None,
    }
}

/// The byte [`phase`] reads.
pub(crate) const fn phase_byte(phase: Phase) -> u8 {
    match phase {
        Phase::Open => 17,
        Phase::PreOpen => 21,
        Phase::Halted => 2,
        Phase::Closed => 4,
    }
}
