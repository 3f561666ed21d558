//! What no well-kept crate gives in the form the core needs: chance that is the same on every machine and in
//! every release, transcendental functions that are too, and decimal numbers without floats.
//!
//! Never reads a clock, a socket, a file or the operating system's randomness.

pub mod decimal;
pub mod math;
pub mod prng;

pub use prng::Prng;
