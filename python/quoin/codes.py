"""What the small numbers in structured arrays mean."""

from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """Field `kind`: what happened."""

    LEVEL = 0
    ORDER = 1
    TRADE = 2
    TRADE_BUST = 3
    STATUS = 4
    GAP = 5
    STATISTIC = 6
    QUOTE_REQUEST = 7
    BAR = 8


class LevelAction(IntEnum):
    """Field `action` of a level: what became of it."""

    SET = 0
    DELETE = 1
    DELETE_THRU = 2
    DELETE_FROM = 3
    CLEAR = 4


class OrderAction(IntEnum):
    """Field `action` of an order of the market's. A fill does not change the book; the change follows on its own."""

    ADD = 0
    MODIFY = 1
    REDUCE = 2
    DELETE = 3
    FILL = 4
    CLEAR = 5


class Phase(IntEnum):
    """Field `action` of a status: what the market lets one do from then on."""

    OPEN = 0
    PRE_OPEN = 1
    HALTED = 2
    CLOSED = 3


class Flag(IntFlag):
    """Field `flags`: marks."""

    LAST = 1
    """The last change of its packet: the book is consistent now."""
    SNAPSHOT = 2
    """It describes what stands; nothing moved."""
    IMPLIED = 4
    """Implied by the venue from spreads."""
    SYNTHETIC = 8
    """Made by a decoder for quantity whose orders were never shown."""
    HIDDEN = 16
    """The trade was not against displayed liquidity."""
