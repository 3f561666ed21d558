//! When a book is not to be believed though nothing is known to be missing.
//!
//! Two things no sound feed does: bid above ask for long while the market is open, and a change of a level or order
//! that does not stand. Whoever keeps the books watches for them here and asks the decoder to take the book for
//! lost. Never reads a clock: time is the feed's. Never looks at a book that is stale already.

use crate::{Book, Change, State};
use types::Nanos;

/// Why a book is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Bid above ask for longer than allowed, while the market is open.
    Crossed,
    /// It was told of a level or an order that does not stand in it.
    Unknown,
}

/// Watches books.
#[derive(Clone, Copy, Debug)]
pub struct Doubts {
    /// How long a book may be crossed.
    crossed_for: Nanos,
}

impl Doubts {
    /// Doubts books that are crossed for longer than this.
    #[must_use]
    pub const fn new(crossed_for: Nanos) -> Self {
        Self { crossed_for }
    }

    /// Whether to doubt a book after a change, `now` being the venue's time of it.
    #[must_use]
    pub fn after(&self, book: &Book, change: Change, now: Nanos) -> Option<Doubt> {
        match (book.state(), change) {
            (State::Stale | State::Building, _) => None,
            (State::Live | State::Crossed { .. }, Change::Unknown) => Some(Doubt::Unknown),
            (State::Crossed { .. }, Change::Applied | Change::Ignored) => self.at(book, now),
            (State::Live, Change::Applied | Change::Ignored) => None,
        }
    }

    /// Whether to doubt a book when time has passed.
    #[must_use]
    pub fn at(&self, book: &Book, now: Nanos) -> Option<Doubt> {
        match book.state() {
            State::Crossed { since } if book.is_suspect() && now - since > self.crossed_for => {
                Some(Doubt::Crossed)
            }
            State::Crossed { .. } | State::Live | State::Building | State::Stale => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Flags, InstrumentId, LevelAction, LevelDelta, Lots, Phase, Side, Ticks};

    fn level(at: i64, side: Side, price: i64, action: LevelAction) -> LevelDelta {
        LevelDelta {
            venue_at: Nanos(at),
            price: Ticks(price),
            size: Lots(1),
            orders: 1,
            instrument: InstrumentId(0),
            side,
            action,
            depth: 0,
            flags: Flags::LAST,
        }
    }

    #[test]
    fn f_17_a_crossed_book_is_doubted_after_a_while_and_only_while_trading() {
        let doubts = Doubts::new(Nanos(100));
        let mut book = Book::empty();
        for (at, side, price) in [(0, Side::Buy, 10), (50, Side::Sell, 9)] {
            let change = book.apply_level(&level(at, side, price, LevelAction::Set));
            assert_eq!(doubts.after(&book, change, Nanos(at)), None, "crossed since {at} at most");
        }
        assert_eq!(doubts.at(&book, Nanos(150)), None);
        assert_eq!(doubts.at(&book, Nanos(151)), Some(Doubt::Crossed));
        book.on_phase(Phase::PreOpen);
        assert_eq!(doubts.at(&book, Nanos(151)), None, "an auction may be crossed");
        book.on_phase(Phase::Open);
        book.apply_level(&level(160, Side::Sell, 9, LevelAction::Delete));
        assert_eq!(doubts.at(&book, Nanos(1_000)), None);
    }

    #[test]
    fn f_18_a_locked_book_is_not_doubted() {
        let doubts = Doubts::new(Nanos(0));
        let mut book = Book::empty();
        for side in Side::BOTH {
            book.apply_level(&level(0, side, 10, LevelAction::Set));
        }
        assert!(book.is_locked());
        assert_eq!(doubts.at(&book, Nanos(1_000)), None);
    }

    #[test]
    fn f_19_a_change_of_what_does_not_stand_is_doubted_unless_the_book_is_stale() {
        let doubts = Doubts::new(Nanos(100));
        let mut book = Book::empty();
        book.apply_level(&level(0, Side::Buy, 10, LevelAction::Set));
        let change = book.apply_level(&level(1, Side::Buy, 11, LevelAction::Delete));
        assert_eq!(doubts.after(&book, change, Nanos(1)), Some(Doubt::Unknown));
        book.on_gap();
        let change = book.apply_level(&level(2, Side::Buy, 11, LevelAction::Delete));
        assert_eq!(doubts.after(&book, change, Nanos(2)), None);
    }
}
