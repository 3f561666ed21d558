//! What the tests and the benchmark share: made-up deltas, and a recorded day of ES read by hand.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod recorded;
pub(crate) mod streams;
