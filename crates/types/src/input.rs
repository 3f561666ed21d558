//! One input: an event with its place and its time.

use crate::{Event, Nanos, Seq};

/// An event as a decoder gives it: received, not yet sequenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it reached us, by our clock.
    pub received_at: Nanos,
    /// What happened.
    pub event: Event,
}

/// A sequenced event: what the engine steps on and the journal keeps. One cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Input {
    /// Its place in the one order of all inputs.
    pub seq: Seq,
    /// The engine's time: when it reached us.
    pub received_at: Nanos,
    /// What happened.
    pub event: Event,
}

const _: () = assert!(size_of::<Input>() == 64);
const _: () = assert!(align_of::<Input>() == 64);
