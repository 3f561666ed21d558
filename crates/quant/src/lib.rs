//! What numbers of a backtest are worth: ratios with the doubt they deserve, splits of time that do not leak, and
//! searches over parameters that can be repeated.
//!
//! Takes returns and gives numbers; never knows where they come from. Chance comes from a seed that the caller
//! gives, sums keep their order, and nothing here reads a clock or starts a thread.

// One series of returns.
pub mod moments;
pub mod performance;
pub mod sharpe;

// How far to trust it.
pub mod block_length;
pub mod bootstrap;

// The best of many.
pub mod overfitting;

// Splits of time.
pub mod combinations;
pub mod folds;

// How much.
pub mod covariance;
pub mod sizing;

// What a bad day costs, and what options do to it.
pub mod options;
pub mod student;
pub mod tail;

// Events that excite each other.
pub mod hawkes;

// Searches.
pub mod sobol;
pub mod tpe;

pub use covariance::Covariance;
pub use moments::Moments;
