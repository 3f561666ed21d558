//! What counts do not tie down, moved towards a recorded day by running the agents (the simulated method of moments,
//! McFadden 1989).

use crate::facts::Facts;
use sim::agents::{Model, ModelError};

/// Runs the agents `rounds` times.
///
/// # Errors
/// When the model makes no market.
pub fn adjust(
    _model: &mut Model,
    _recorded: &Facts,
    _rounds: u32,
    _tick: impl FnMut(f64),
) -> Result<(), ModelError> {
    Ok(())
}
