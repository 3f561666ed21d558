//! Stop-loss and trailing stop of one position: what it has lost since it was opened, and since it was worth most.
//!
//! A position begins where it leaves zero and ends where it comes back; through zero, another one begins. What it gains is
//! counted by our own fills, at the market, before fees.

use serde::{Deserialize, Serialize};
use types::Money;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// From where it was opened.
    Loss,
    /// From its best.
    Trailing,
}

/// One strategy's position in one instrument.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StopWatch {
    /// What it has gained since it was opened.
    gain: i128,
    best: i128,
    /// Long, short or flat.
    way: i64,
    stopped: Option<Stop>,
}

impl StopWatch {
    /// The position gained so much, by a fill or a mark, and is this now. Answers with a stop that begins.
    #[inline]
    pub(crate) fn hear(
        &mut self,
        gained: i128,
        position: i64,
        loss: Option<Money>,
        trailing: Option<Money>,
    ) -> Option<Stop> {
        self.gain = self.gain.saturating_add(gained);
        self.best = self.best.max(self.gain);
        let begins = match (loss, trailing) {
            (Some(limit), _) if self.gain < -limit.0 => Some(Stop::Loss),
            (_, Some(limit)) if self.best.saturating_sub(self.gain) > limit.0 => Some(Stop::Trailing),
            _ => None,
        };
        let is_held = self.way != 0 || position != 0;
        let begins = begins.filter(|_| is_held && self.stopped.is_none());
        if begins.is_some() {
            self.stopped = begins;
        }
        if position.signum() != self.way {
            (self.gain, self.best, self.way) = (0, 0, position.signum());
        }
        begins
    }

    /// The stop that holds.
    #[inline]
    pub(crate) const fn stopped(&self) -> Option<Stop> {
        self.stopped
    }

    /// A person has looked at it: what is held is counted from here.
    pub(crate) fn reset(&mut self) {
        (self.gain, self.best, self.stopped) = (0, 0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gains and positions → `L`, `T` or a dot for each.
    fn seen(loss: Option<i128>, trailing: Option<i128>, steps: &[(i128, i64)]) -> String {
        let mut watch = StopWatch::default();
        let mut hear = |&(gained, position): &(i128, i64)| match watch.hear(
            gained,
            position,
            loss.map(Money),
            trailing.map(Money),
        ) {
            Some(Stop::Loss) => 'L',
            Some(Stop::Trailing) => 'T',
            None => '.',
        };
        steps.iter().map(&mut hear).collect()
    }

    #[test]
    fn a_position_stops_beyond_its_loss() {
        assert_eq!(seen(Some(10), None, &[(0, 1), (-10, 1), (-1, 1), (-50, 1)]), "..L.");
        assert_eq!(seen(Some(10), None, &[(0, 1), (5, 1), (-15, 1), (-1, 1)]), "...L");
        assert_eq!(seen(None, None, &[(0, 1), (-1_000, 1)]), "..");
    }

    #[test]
    fn a_trailing_stop_is_from_the_best() {
        assert_eq!(seen(None, Some(10), &[(0, 1), (25, 1), (-10, 1), (-1, 1)]), "...T");
        assert_eq!(seen(Some(5), Some(10), &[(0, -1), (25, -1), (-11, -1)]), "..T");
        assert_eq!(seen(Some(5), Some(10), &[(0, -1), (-6, -1)]), ".L");
    }

    #[test]
    fn each_position_is_counted_for_itself() {
        // Closed at a loss of eight, opened again, eight more.
        assert_eq!(seen(Some(10), None, &[(0, 1), (-8, 0), (0, 1), (-8, 1)]), "....");
        // The same through zero; and a loss that is made in the fill that closes.
        assert_eq!(seen(Some(10), None, &[(0, 1), (-8, -1), (-8, -1), (-3, -1)]), "...L");
        assert_eq!(seen(Some(10), None, &[(0, 1), (-11, 0)]), ".L");
    }

    #[test]
    fn a_stop_holds_until_a_person_ends_it() {
        let mut watch = StopWatch::default();
        watch.hear(0, 1, Some(Money(10)), None);
        assert_eq!(watch.hear(-11, 1, Some(Money(10)), None), Some(Stop::Loss));
        watch.hear(50, 0, Some(Money(10)), None);
        assert_eq!(watch.stopped(), Some(Stop::Loss));
        watch.reset();
        assert_eq!(watch.stopped(), None);
        assert_eq!(watch.hear(-10, 1, Some(Money(10)), None), None);
    }
}
