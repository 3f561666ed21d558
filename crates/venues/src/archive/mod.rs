//! Archives of what venues sent: Databento's DBN, LOBSTER's, LEAN's and Tardis's files, a log of Bitstamp's orders,
//! recorded sessions, and tables of anybody's.
//!
//! Readers of recordings, not of feeds: they may keep what they need to repair what a vendor left out, and say
//! so. Never opens or decompresses a file.

mod bars;
pub mod bitstamp;
pub mod dbn;
pub mod lean;
mod lines;
pub mod lobster;
pub mod normalised;
pub mod session;
pub mod tardis;
pub mod ticks;
mod touch;
