//! When to ask for a snapshot of a book, and when to stop.
//!
//! ```text
//!            updates wait                time is over, or what came was too old
//!   whole ───────────────▶ asking ◀──────────────┐ twice as long each time
//!     ▲                      │ └─────────────────┘
//!     ├── one that fits ─────┘ attempts spent
//!     │                      ▼
//!     └── one that fits ── given up: said, and nobody is asked until a long pause is over
//! ```
//!
//! Owns the times and the count for one book. Never sends anything: a live session asks, and gives the answer to the
//! decoder like any other line. A recording has nobody to ask.

use types::Nanos;

/// How patient a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long an answer may take; doubled after each attempt that brought nothing of use.
    pub timeout: Nanos,
    /// How often a book is asked for before it is given up.
    pub attempts_max: u32,
    /// How long a book that was given up is left alone.
    pub pause: Nanos,
}

impl Default for Patience {
    /// A second, six times, and then a minute: some 63 requests' weight an hour at worst, of 6,000 a minute that are allowed.
    fn default() -> Self {
        Self { timeout: Nanos::from_secs(1), attempts_max: 6, pause: Nanos::from_secs(60) }
    }
}

/// What a session is to do about a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask for its snapshot.
    Ask,
    /// Tell people: so many attempts brought nothing of use, and its book stays stale.
    GiveUp {
        /// How many.
        attempts: u32,
    },
}

/// Where one book stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asking {
    attempts: u32,
    /// When to ask, to ask again, or to give up; `None` while nothing is missing.
    next_at: Option<Nanos>,
}

impl Asking {
    /// The book is whole.
    pub(super) const fn settled(&mut self) {
        *self = Self { attempts: 0, next_at: None };
    }

    /// An answer came and was of no use: the next attempt is not before its own time.
    pub(super) fn refused(&mut self, now: Nanos, patience: &Patience) {
        if self.attempts > 0 {
            self.next_at = Some(now + self.span(patience));
        }
    }

    /// What is due now for a book that misses something.
    pub(super) fn poll(&mut self, now: Nanos, patience: &Patience) -> Option<Due> {
        if self.next_at.is_some_and(|at| now < at) {
            return None;
        }
        if self.attempts == patience.attempts_max {
            *self = Self { attempts: 0, next_at: Some(now + patience.pause) };
            return Some(Due::GiveUp { attempts: patience.attempts_max });
        }
        self.attempts += 1;
        self.next_at = Some(now + self.span(patience));
        Some(Due::Ask)
    }

    /// How long the attempt that runs may take.
    fn span(&self, patience: &Patience) -> Nanos {
        let doublings = self.attempts.saturating_sub(1).min(20);
        Nanos(patience.timeout.0.max(1).saturating_mul(1 << doublings))
    }
}
