//! What no well-kept crate gives in the form the core needs: chance that is the same on every machine and in
//! every release, transcendental functions that are too, decimal numbers without floats, and a hint
//! of what memory is needed next.
//!
//! Never reads a clock, a socket, a file or the operating system's randomness.

pub mod decimal;
pub mod fetch;
pub mod math;
pub mod prng;

pub use prng::Prng;
