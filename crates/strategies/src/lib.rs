//! Market making by formula, and the list of strategies.
//!
//! A strategy wishes; it never sends, never reads a clock and never rolls dice: the same inputs give the same
//! wishes. [`list`] is the whole family as one table.
//!
//! ```text
//!             market data                          our orders
//!                  │                                   │
//!  Estimates ◀── Maker ──▶ Rule ──▶ Pair ──▶ targets ──┴─▶ reconcile ──▶ Wants
//!   σ, A, k      pace,     prices   before    whole prices,  fewest
//!                pulls              rounding  bounded sizes  messages
//! ```

pub mod list;
pub mod maker;
pub mod quotes;

pub mod estimates;
pub mod sizing;

pub mod avellaneda_stoikov;
pub mod glft;
pub mod joined_touch;

pub mod rolling;

pub use list::{ALL, Make, Parameter, Spec, ValueError, Values, find};
