//! Which depth updates belong behind a snapshot, and whether one is missing: Binance's rules, nothing else.
//!
//! From "How to manage a local order book correctly", in the documents of spot, USD-M and COIN-M
//! (developers.binance.com, steps 4 to 6):
//!
//! | | spot | futures |
//! |---|---|---|
//! | older than the snapshot | `u <= lastUpdateId` | `u < lastUpdateId` |
//! | the first behind it | `U <= lastUpdateId + 1 <= u` | `U <= lastUpdateId <= u` |
//! | each after that | `U == u before + 1` | `pu == u before` |

/// The numbers of one depth update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// `U`, the first change in it.
    pub(super) first: u64,
    /// `u`, the last one.
    pub(super) last: u64,
    /// `pu`, the last one of the update before; only futures say it.
    pub(super) before: Option<u64>,
}

/// How far a book has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// No snapshot yet, or a gap since.
    Waiting,
    /// A snapshot, and no update behind it yet.
    Snapshot { id: u64 },
    /// Everything up to the update numbered `last`.
    Following { last: u64 },
}

/// What to do with an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Keep it until a snapshot comes.
    Keep,
    /// It is in the snapshot already.
    Drop,
    /// It is the next.
    Apply,
    /// Something is missing before it: this number was due.
    Gap { due: u64 },
}

impl Sequence {
    /// The last update in the book; `None` while it waits. A snapshot numbered `id` is the book up to it.
    pub(super) const fn followed(&self) -> Option<u64> {
        match *self {
            Self::Waiting => None,
            Self::Snapshot { id } => Some(id),
            Self::Following { last } => Some(last),
        }
    }

    /// Judges an update, and moves on.
    pub(super) fn step(&mut self, numbers: Numbers) -> Verdict {
        let Numbers { first, last, before } = numbers;
        let verdict = match (*self, before) {
            (Self::Waiting, _) => Verdict::Keep,
            (Self::Snapshot { id }, None) if last <= id => Verdict::Drop,
            (Self::Snapshot { id }, Some(_)) if last < id => Verdict::Drop,
            (Self::Snapshot { id }, None) => Self::due(first <= id.saturating_add(1), id.saturating_add(1)),
            (Self::Snapshot { id }, Some(_)) => Self::due(first <= id, id),
            (Self::Following { last }, None) => {
                Self::due(first == last.saturating_add(1), last.saturating_add(1))
            }
            (Self::Following { last }, Some(before)) => Self::due(before == last, last),
        };
        match verdict {
            Verdict::Apply => *self = Self::Following { last },
            Verdict::Gap { .. } => *self = Self::Waiting,
            Verdict::Keep | Verdict::Drop => {}
        }
        verdict
    }

    const fn due(fits: bool, due: u64) -> Verdict {
        if fits { Verdict::Apply } else { Verdict::Gap { due } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Apply, Drop, Gap, Keep};

    fn check(start: Sequence, updates: &[(u64, u64, Option<u64>, Verdict)]) {
        let mut sequence = start;
        for &(first, last, before, verdict) in updates {
            let numbers = Numbers { first, last, before };
            assert_eq!(sequence.step(numbers), verdict, "{numbers:?} from {start:?}");
        }
    }

    #[test]
    fn spot_updates_follow_one_another() {
        let snapshot = Sequence::Snapshot { id: 10 };
        check(Sequence::Waiting, &[(1, 2, None, Keep)]);
        check(snapshot, &[(5, 10, None, Drop), (11, 12, None, Apply), (13, 13, None, Apply)]);
        check(snapshot, &[(9, 11, None, Apply), (12, 12, None, Apply), (14, 15, None, Gap { due: 13 })]);
        check(snapshot, &[(12, 13, None, Gap { due: 11 }), (14, 15, None, Keep)]);
        check(snapshot, &[(11, 12, None, Apply), (11, 12, None, Gap { due: 13 })]);
    }

    #[test]
    fn futures_updates_name_the_one_before() {
        let snapshot = Sequence::Snapshot { id: 10 };
        check(snapshot, &[(5, 9, Some(4), Drop), (10, 12, Some(9), Apply), (20, 21, Some(12), Apply)]);
        check(snapshot, &[(8, 10, Some(7), Apply), (15, 16, Some(14), Gap { due: 10 })]);
        check(snapshot, &[(11, 12, Some(9), Gap { due: 10 })]);
    }
}
