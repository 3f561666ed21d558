//! What the machine does about the edge's clock: people are told, and while the wall has jumped ahead nothing new is sent.
//!
//! Inputs are stamped by a clock that never jumps (`runtime::clock`), so a wall that steps moves no timer and expires no
//! order here. But it may at a venue, or wherever a date decides: until the wall is right again or the firm is
//! reset, new orders and changes wait; cancels pass. A wall that steps back, or drifts, is told and changes nothing.

use risk::Refusal;
use serde::{Deserialize, Serialize};
use types::{AlertKind, Clock, ClockState, Command, Nanos, Scope};

/// Whether new orders are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    /// How far the wall is ahead, while it is.
    ahead: Option<Nanos>,
}

impl Hold {
    /// The edge's clock speaks.
    pub(crate) fn on_clock(&mut self, clock: &Clock, out: &mut Vec<Command>) {
        let was_ahead = self.ahead.is_some();
        match clock.state {
            ClockState::Stepped if clock.divergence > Nanos(0) => self.ahead = Some(clock.divergence),
            // Behind, or back where it was.
            ClockState::Stepped | ClockState::Good => self.ahead = None,
            ClockState::Divergent => {}
        }
        // A good clock is news only to who was held: a quiet gateway moves time on by saying so every second.
        if clock.state == ClockState::Good && !was_ahead {
            return;
        }
        let value = clock.divergence.0;
        out.push(Command::Alert { kind: AlertKind::Clock, scope: Scope::Firm, value });
    }

    /// A person has looked.
    pub(crate) const fn release(&mut self) {
        self.ahead = None;
    }

    /// Whether something new may be sent.
    #[inline]
    pub(crate) const fn pass(&self) -> Result<(), Refusal> {
        match self.ahead {
            None => Ok(()),
            Some(ahead) => Err(Refusal::ClockStepped { ahead }),
        }
    }
}
