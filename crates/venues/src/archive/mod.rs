//! Archives of what venues sent: Databento's DBN, LOBSTER's and Tardis's files, and a log of Bitstamp's orders.
//!
//! Readers of recordings, not of feeds: they may keep what they need to repair what a vendor left out, and say
//! so. Never opens or decompresses a file.

pub mod bitstamp;
pub mod dbn;
pub mod lobster;
pub mod tardis;
