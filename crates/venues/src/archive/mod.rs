//! Vendors' archives of what venues sent: Databento's DBN and LOBSTER's files.
//!
//! Readers of recordings, not of feeds: they may keep what they need to repair what a vendor left out, and say
//! so. Never opens or decompresses a file.

pub mod dbn;
pub mod lobster;
