//! Estimates from the market, kept up to date one event at a time: how fast the mid moves, how often and how
//! deep orders arrive, which way the touch leans.
//!
//! Distances are in ticks and rates in seconds, as estimates (`f64`). Every signal takes constant time an event
//! and allocates only when it is made. Never decides a price, never reads a clock: time comes with the data.

pub mod imbalance;
pub mod intensity;
pub mod order_flow;
pub mod touch;
pub mod volatility;

pub use imbalance::Imbalance;
pub use intensity::{Fit, Intensity};
pub use order_flow::OrderFlow;
pub use touch::Touch;
pub use volatility::Volatility;
