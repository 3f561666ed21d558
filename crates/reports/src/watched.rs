//! What a recorder looks at after each step. The engine is it; tests put something simpler in its place.

use crate::mids::Mid;
use types::{InstrumentId, Lots, Money};

/// Whether a book may be traded on, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Market {
    /// Nothing yet, or a snapshot is coming in.
    Building = 0,
    /// It may.
    Live = 1,
    /// The best bid is above the best ask.
    Crossed = 2,
    /// Something of the feed is missing.
    Stale = 3,
}

/// What an instrument earned so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earned {
    /// By closed trades, before fees.
    pub realised: Money,
    /// By what is held, at its last mark.
    pub unrealised: Money,
    /// Positive when paid.
    pub fees: Money,
}

impl Earned {
    /// After fees.
    #[must_use]
    pub fn net(&self) -> Money {
        self.realised + self.unrealised - self.fees
    }
}

/// A machine after a step.
pub trait Watched {
    /// The state of an instrument's book, and its touch if there are both sides.
    fn market(&self, instrument: InstrumentId) -> (Market, Option<Mid>);
    /// What is held.
    fn position(&self, instrument: InstrumentId) -> Lots;
    /// What it earned.
    fn earned(&self, instrument: InstrumentId) -> Earned;
    /// How often risk said no, by kind.
    fn refusals(&self) -> Vec<(&'static str, u64)>;
}
