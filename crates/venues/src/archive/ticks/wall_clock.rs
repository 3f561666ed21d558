//! Times as a clock on some wall showed them, turned into UTC.
//!
//! Owns no calendar of zones: when a zone's offset changed is data, and comes in as a table. Where summer time ends
//! an hour is shown twice; the first is meant, and the caller is told. Where it begins an hour is never shown; a
//! time within it is counted on from before the change.

use types::Nanos;

/// An offset from UTC, and when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// The moment, in UTC.
    pub begins: Nanos,
    /// What the wall shows less what UTC is.
    pub ahead: Nanos,
}

/// A zone's wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WallClock {
    /// Before the first change.
    first: Nanos,
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// What the wall shows when only this offset can be meant.
    from: Nanos,
    /// What the wall shows from when this offset may be meant; before `from` where an hour comes twice.
    twice_from: Nanos,
    ahead: Nanos,
}

impl WallClock {
    /// A clock that shows UTC.
    pub const UTC: Self = Self { first: Nanos(0), spans: Vec::new() };

    /// A clock with the offset `first` until the first of `changes`, which are in the order of time.
    #[must_use]
    pub fn new(first: Nanos, changes: &[Offset]) -> Self {
        let mut before = first;
        let spans = changes.iter().map(|change| {
            let from = change.begins + before.max(change.ahead);
            let twice_from = change.begins + change.ahead;
            before = change.ahead;
            Span { from, twice_from, ahead: change.ahead }
        });
        Self { first, spans: spans.collect() }
    }

    /// The moment at which the wall shows `shown` (counted from 1970-01-01 00:00 on that wall), and whether it
    /// shows that twice.
    #[inline]
    #[must_use]
    pub fn utc(&self, shown: Nanos) -> (Nanos, bool) {
        let next = self.spans.partition_point(|span| span.from <= shown);
        let ahead = match next.checked_sub(1) {
            Some(row) => self.spans[row].ahead,
            None => self.first,
        };
        let twice = self.spans.get(next).is_some_and(|span| span.twice_from <= shown);
        (shown - ahead, twice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds are enough here.
    fn clock() -> WallClock {
        // One hour ahead, two from 1,000,000 to 2,000,000.
        let change = |begins, ahead| Offset { begins: Nanos(begins), ahead: Nanos(ahead) };
        WallClock::new(Nanos(3_600), &[change(1_000_000, 7_200), change(2_000_000, 3_600)])
    }

    #[test]
    fn the_wall_is_read_with_the_offset_that_held() {
        let cases = [
            (3_600, 0, false),
            (1_003_599, 999_999, false),
            // Never shown: counted on.
            (1_003_600, 1_000_000, false),
            (1_007_199, 1_003_599, false),
            (1_007_200, 1_000_000, false),
            (2_003_599, 1_996_399, false),
            // Shown twice: the first is meant.
            (2_003_600, 1_996_400, true),
            (2_007_199, 1_999_999, true),
            (2_007_200, 2_003_600, false),
        ];
        for (shown, utc, twice) in cases {
            assert_eq!(clock().utc(Nanos(shown)), (Nanos(utc), twice), "{shown}");
        }
        assert_eq!(WallClock::UTC.utc(Nanos(5)), (Nanos(5), false));
    }
}
