//! Books that stay stale: people are told, once for each time a book is lost.
//!
//! Nothing is traded on a stale book anyway; what is new to a person is that it does not come back by itself. Never ends
//! anything: only the feed can. Cost of an input while nothing is stale: a comparison.

use book::Book;
use serde::{Deserialize, Serialize};
use types::{AlertKind, Command, InstrumentId, Nanos, Scope};

/// A snapshot comes round sooner; RTS 6 asks for alerts within five seconds.
const TOLD_AFTER: Nanos = Nanos::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Row {
    Sound,
    Lost { since: Nanos },
    Told,
}

/// Which books are lost, by instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stale {
    rows: Vec<Row>,
    /// When the next is to be told.
    due: Nanos,
}

impl Stale {
    pub(crate) fn new(instruments: usize) -> Self {
        Self { rows: vec![Row::Sound; instruments], due: Nanos::MAX }
    }

    /// Of how many books.
    pub(crate) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// When somebody must look.
    #[inline]
    pub(crate) const fn due(&self) -> Nanos {
        self.due
    }

    /// A book is lost now; whether it was live tells a new loss from one that goes on.
    pub(crate) fn on_gap(&mut self, now: Nanos, row: usize, was_live: bool) {
        let place = &mut self.rows[row];
        if was_live || *place == Row::Sound {
            *place = Row::Lost { since: now };
            self.due = self.due.min(now + TOLD_AFTER);
        }
    }

    /// Tells of those that have been lost for long.
    #[cold]
    pub(crate) fn tell(&mut self, now: Nanos, books: &[Book], out: &mut Vec<Command>) {
        self.due = Nanos::MAX;
        for (row, (place, book)) in self.rows.iter_mut().zip(books).enumerate() {
            let Row::Lost { since } = *place else { continue };
            if book.is_live() {
                *place = Row::Sound;
            } else if now >= since + TOLD_AFTER {
                *place = Row::Told;
                let instrument = InstrumentId(u32::try_from(row).expect("ids are 32 bits"));
                let scope = Scope::Instrument(instrument);
                out.push(Command::Alert { kind: AlertKind::Stale, scope, value: i64::from(instrument.0) });
            } else {
                self.due = self.due.min(since + TOLD_AFTER);
            }
        }
    }
}
