//! A venue in memory: matching, queue position, latency; and markets of our own making.
//!
//! | asked for | go to |
//! |---|---|
//! | what would have become of our orders in a recorded market | [`venue`] |
//! | how long messages take | [`latency`] |
//! | a market with a true book, as packets | [`market`] |
//! | a market of agents that are like a recorded day, and react to us | [`agents`] |
//! | a network that loses, doubles and delays them | [`network`] |
//! | a session with a venue that breaks, forgets and contradicts itself | [`session`] |
//!
//! Never reads a clock, a file, a socket or the machine's randomness: the same inputs and the same seed give
//! the same fills and the same bytes.

pub mod agents;
pub mod latency;
pub mod market;
pub mod network;
pub mod session;
pub mod venue;

pub use latency::{Delay, Link, Measured, Shape};
pub use venue::{QueueModel, SelfMatch, Venue, VenueConfig};
