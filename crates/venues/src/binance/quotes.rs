//! Which best quote belongs to which state of the book: by the numbers both carry, nothing else.
//!
//! ```text
//!  quotes      u=5      u=9             u=14
//!  updates          u=6       u=11
//!                             └─ the best must be what the quote 9 says: 14 shows that nothing came between
//! ```

use std::collections::VecDeque;
use types::{Lots, Ticks};

/// Best bid and best ask.
pub(super) type Best = [Option<(Ticks, Lots)>; 2];

/// Quotes kept: those that ran ahead of the next update. Where more did, that update is not checked.
const KEPT: usize = 512;

/// The quotes of one book.
#[derive(Clone, Debug)]
pub(super) struct Quotes {
    /// The last ones with their numbers, which rise.
    recent: VecDeque<(u64, Best)>,
    /// The last update whose book was checked.
    checked: Option<u64>,
}

impl Default for Quotes {
    fn default() -> Self {
        Self { recent: VecDeque::with_capacity(KEPT), checked: None }
    }
}

impl Quotes {
    /// Takes the next quote.
    pub(super) fn push(&mut self, number: u64, best: Best) {
        if self.recent.back().is_some_and(|(last, _)| *last > number) {
            // The stream started anew: nothing before it can be put in order with what follows.
            self.recent.clear();
        }
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back((number, best));
    }

    /// What the best must be after the update numbered `followed`, which is the book's last: once for each update, and
    /// only when the quotes on both sides of its number are known.
    pub(super) fn due(&mut self, followed: u64) -> Option<Best> {
        if self.checked == Some(followed) {
            return None;
        }
        let behind = self.recent.partition_point(|(number, _)| *number <= followed);
        let (number, best) = *self.recent.get(behind.checked_sub(1)?)?;
        if number < followed && behind == self.recent.len() {
            return None;
        }
        self.checked = Some(followed);
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(price: u64) -> Best {
        [Some((Ticks(i64::try_from(price).expect("small")), Lots(1))), None]
    }

    #[test]
    fn a_quote_holds_until_the_next_one() {
        // Quotes that came, the last update in the book, and the number of the quote that must be its best.
        let cases: &[(&[u64], u64, Option<u64>)] = &[
            (&[], 6, None),
            (&[5], 6, None),
            (&[9], 6, Some(5)),
            (&[], 6, None),
            (&[14, 15], 11, Some(9)),
            (&[], 15, Some(15)),
            (&[16, 17, 18], 17, Some(17)),
            (&[], 20, None),
            (&[21], 20, Some(18)),
            (&[3], 21, None),
            (&[4], 3, Some(3)),
        ];
        let mut quotes = Quotes::default();
        for &(came, followed, expected) in cases {
            came.iter().for_each(|&number| quotes.push(number, best(number)));
            assert_eq!(quotes.due(followed), expected.map(best), "{came:?}, then the book at {followed}");
        }
        (100..10_000).for_each(|number| quotes.push(number, best(number)));
        assert_eq!(quotes.recent.len(), KEPT);
        assert_eq!((quotes.due(200), quotes.due(9_800)), (None, Some(best(9_800))));
    }
}
