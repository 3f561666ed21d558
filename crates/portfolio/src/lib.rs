//! Positions and P&L, counted twice.
//!
//! One count matches fills first in, first out and knows what was realised; the other only adds up cash. After
//! each fill the two must agree to the last 10⁻¹² of a unit: they are sums of the same integers, so any
//! difference is an error in the code, and trading must stop.
//!
//! Owns no limits (that is `risk`) and no orders. Never converts between currencies: everything held in one
//! portfolio settles in one. Never reads a clock.

mod lots;
mod portfolio;

pub use portfolio::{Account, Booked, Portfolio};
