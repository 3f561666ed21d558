//! What the edge says of itself: sessions with venues, and its clock.

use crate::{Instrument, InstrumentId, Nanos, VenueId};
use serde::{Deserialize, Serialize};

/// A session with a venue changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// When.
    pub at: Nanos,
    /// With which venue.
    pub venue: VenueId,
    /// How.
    pub change: SessionChange,
}

/// How a session with a venue changed. A session that nobody spoke of is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionChange {
    /// It stands: orders can be sent, and what became of older ones can be asked.
    Connected,
    /// It broke: nobody knows what becomes of the orders.
    Disconnected,
    /// It was ended in order.
    LoggedOut,
    /// The venue confirmed whether it cancels our orders when the session breaks.
    CancelOnDisconnect(bool),
    /// Every answer that the venue had kept for us has come.
    Recovered,
}

/// What the edge's clock noticed of itself. Inputs stay in their order whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What the clock on the wall says.
    pub wall_at: Nanos,
    /// How far the wall is ahead of the clock that inputs are stamped by.
    pub divergence: Nanos,
    /// What to think of it.
    pub state: ClockState,
}

/// What to think of the edge's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum ClockState {
    /// Both agree.
    Good = 0,
    /// They drift apart beyond an alarm's threshold.
    Divergent = 1,
    /// The wall stepped.
    Stepped = 2,
}

impl ClockState {
    /// Every state, in the order of the discriminants.
    pub const ALL: [Self; 3] = [Self::Good, Self::Divergent, Self::Stepped];
}

/// The venues of a run: numbered in the order in which instruments first name them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venues {
    names: Vec<String>,
    of: Vec<VenueId>,
}

impl Venues {
    /// Those of these instruments, which are numbered densely.
    ///
    /// # Panics
    /// With more than 65,536 venues.
    #[must_use]
    pub fn new(instruments: &[Instrument]) -> Self {
        let mut venues = Self::default();
        for instrument in instruments {
            let name = &instrument.terms().venue;
            let row = venues.names.iter().position(|known| known == name).unwrap_or_else(|| {
                venues.names.push(name.clone());
                venues.names.len() - 1
            });
            venues.of.push(VenueId(u16::try_from(row).expect("venues are few")));
        }
        venues
    }

    /// Where an instrument trades.
    ///
    /// # Panics
    /// When it is not one of the run's.
    #[inline]
    #[must_use]
    pub fn of(&self, instrument: InstrumentId) -> VenueId {
        self.of[instrument.index()]
    }

    /// Their names, by id.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The venue of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<VenueId> {
        let row = self.names.iter().position(|known| known == name)?;
        u16::try_from(row).ok().map(VenueId)
    }
}
