//! The same strategy on the same recording, through us and through others.
//!
//! Owns the workload (recordings, strategy, terms), its form for each contender, and the comparison of their fills order
//! by order. Never measures anything itself: `main` runs each contender in a process of its own, so that CPU time and
//! memory are its own.
//!
//! | look for | in |
//! |---|---|
//! | what is run, with which terms | [`workload`] |
//! | the recording as each contender wants it | [`day`] |
//! | our strategy and our run | [`ours`] |
//! | the same through hftbacktest's crate | [`hft`] |
//! | order by order | [`orders`] |
//! | why an order differs | [`explain`] |
//! | simpler strategies against NautilusTrader | [`nautilus`] |

pub mod day;
pub mod explain;
pub mod hft;
pub mod nautilus;
pub mod orders;
pub mod ours;
pub mod workload;
