//! Measures that limits are put on and that need more than a count: each keeps a bounded state, hears what changes it, and
//! answers in a few operations. Never decides; `controls` does.

pub mod covariance;
pub mod greeks;
mod hear;
pub(crate) mod loss_rate;
pub(crate) mod protection;
pub(crate) mod rows;
pub(crate) mod settlement;
pub(crate) mod stop;
pub(crate) mod window;
