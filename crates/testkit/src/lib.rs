//! Test helpers: recorded data, and an allocator that counts.
//!
//! A dev-dependency only; nothing that ships links it.

pub mod allocations;
pub mod data;
