//! Quoin from Python: the native half of the package `quoin`.
//!
//! | asked for | go to |
//! |---|---|
//! | recordings and history as NumPy and Arrow | [`data`], [`rows`], [`events`], [`table`] |
//! | a backtest, its report and its tables | [`run`], [`tables`] |
//! | strategies written in Python | [`view`] (what they see and wish), [`callback`], [`vectorised`] |
//! | a market to learn in | [`simulation`] |
//!
//! Everything that decides is below: this crate reads arguments, hands over memory without copying it, and lets go of
//! the interpreter's lock while Rust runs. It has no `unsafe` of its own: Arrow's capsules are `arrow-rs`'s, and NumPy
//! reads through `__array_interface__`, which keeps the owner alive.

mod arguments;
mod callback;
mod data;
mod events;
mod figures;
mod outside;
mod rows;
mod run;
mod simulation;
mod table;
mod tables;
mod vectorised;
mod view;

use pyo3::prelude::*;

#[pymodule]
fn _quoin(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("QuoinError", module.py().get_type::<arguments::QuoinError>())?;
    module.add_class::<data::Data>()?;
    module.add_class::<data::Batches>()?;
    module.add_class::<data::Arrays>()?;
    module.add_class::<data::Instrument>()?;
    module.add_class::<table::Table>()?;
    module.add_class::<table::Column>()?;
    module.add_class::<rows::Rows>()?;
    module.add_class::<run::Run>()?;
    module.add_class::<view::View>()?;
    module.add_class::<view::Order>()?;
    module.add_class::<view::Trade>()?;
    module.add_class::<view::Fill>()?;
    module.add_class::<view::Book>()?;
    module.add_class::<vectorised::Interval>()?;
    module.add_class::<simulation::Simulation>()?;
    module.add_class::<simulation::Snapshot>()?;
    module.add_function(wrap_pyfunction!(data::open, module)?)?;
    module.add_function(wrap_pyfunction!(run::backtest, module)?)?;
    module.add_function(wrap_pyfunction!(run::verify, module)?)?;
    module.add_function(wrap_pyfunction!(arguments::defaults, module)?)?;
    module.add_function(wrap_pyfunction!(arguments::strategies, module)?)?;
    module.add_function(wrap_pyfunction!(data::generate, module)?)?;
    Ok(())
}
