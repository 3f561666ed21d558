//! The latest trades by match number, because a broken trade is named by nothing else.
//!
//! A table of fixed size in which a trade pushes out the one whose number is the same modulo the size. Match numbers
//! rise by small steps through the day, so that the table holds the last tens of thousands of the run's trades; one
//! that is broken later than that is told by its number alone.

use types::Trade;

const PLACES: usize = 1 << 15;

/// The latest trades.
#[derive(Debug, Default)]
pub(super) struct Recent {
    places: Vec<Option<Trade>>,
}

impl Recent {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "only the low bits count")]
    const fn place(match_number: u64) -> usize {
        match_number as usize & (PLACES - 1)
    }

    #[inline]
    pub(super) fn note(&mut self, trade: &Trade) {
        if self.places.is_empty() {
            self.places = vec![None; PLACES];
        }
        self.places[Self::place(trade.id)] = Some(*trade);
    }

    /// The trade of this number, if it is still known.
    pub(super) fn find(&self, match_number: u64) -> Option<Trade> {
        let trade = (*self.places.get(Self::place(match_number))?)?;
        (trade.id == match_number).then_some(trade)
    }

    /// Another day begins, and with it the numbers.
    pub(super) fn clear(&mut self) {
        self.places.fill(None);
    }
}
