//! What Python hands in, as what Rust takes: configurations, paths, moments. Every refusal says what would do.

use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use runtime::config::ConfigError;
use runtime::source::{Recording, Selection, recordings};
use runtime::{Config, generate, moment};
use std::path::PathBuf;
use types::Nanos;

pyo3::create_exception!(quoin, QuoinError, PyException, "What Quoin refuses, and why.");

/// An error of Rust's as Python raises it.
pub fn refuse(error: impl std::fmt::Display) -> PyErr {
    QuoinError::new_err(error.to_string())
}

/// A configuration: a `dict` of sections, the path of a TOML file, or `None` for the defaults.
pub fn config(given: Option<&Bound<'_, PyAny>>) -> PyResult<Config> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(Config::default()) };
    if let Ok(dict) = given.cast::<PyDict>() {
        return of_dict(dict);
    }
    let path: PathBuf = given.extract().map_err(|_| {
        PyTypeError::new_err(
            "config is a dict of sections or the path of a TOML file (`quoin config --print`)",
        )
    })?;
    let text = std::fs::read_to_string(&path)
        .map_err(|error| refuse(format!("cannot read {}: {error}", path.display())))?;
    Config::parse(&text).map_err(|error| refuse(format!("{}: {error}", path.display())))
}

fn of_dict(dict: &Bound<'_, PyDict>) -> PyResult<Config> {
    // By way of JSON: every dict that can be a configuration has that form, and Python says what has not.
    let json: String = dict.py().import("json")?.call_method1("dumps", (dict,))?.extract()?;
    let table: toml::Table = serde_json::from_str(&json)
        .map_err(|error| refuse(format!("config: {error}; None is no value, leave the key out instead")))?;
    let text = toml::to_string(&table).map_err(|error| refuse(format!("config: {error}")))?;
    Config::parse(&text).map_err(|error| match error {
        // A dict has no lines.
        ConfigError::UnknownKey { key, nearest: Some(nearest), .. } => {
            refuse(format!("config: unknown key `{key}`; did you mean `{nearest}`?"))
        }
        ConfigError::UnknownKey { key, nearest: None, .. } => {
            refuse(format!("config: unknown key `{key}`; `quoin.defaults()` has the known ones"))
        }
        ConfigError::Toml(_) | ConfigError::OutOfRange { .. } | ConfigError::Strategy { .. } => {
            refuse(format!("config: {error}"))
        }
    })
}

/// Paths: one or a list, `file://` before them or not.
pub fn paths(given: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<PathBuf>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(Vec::new()) };
    let one = |item: &Bound<'_, PyAny>| -> PyResult<PathBuf> {
        if let Ok(text) = item.cast::<PyString>() {
            let text = text.to_string();
            return Ok(PathBuf::from(text.strip_prefix("file://").unwrap_or(&text)));
        }
        item.extract().map_err(|_| PyTypeError::new_err("data is a path, or a list of paths"))
    };
    if given.is_instance_of::<PyString>() || given.hasattr("__fspath__")? {
        return Ok(vec![one(given)?]);
    }
    given.try_iter()?.map(|item| one(&item?)).collect()
}

/// What of history is wanted.
pub fn selection(
    start: Option<&Bound<'_, PyAny>>,
    end: Option<&Bound<'_, PyAny>>,
    symbols: Vec<String>,
) -> PyResult<Selection> {
    Ok(Selection { from: moment_of(start)?, to: moment_of(end)?, symbols })
}

/// Nanoseconds since 1970 UTC, or what `--from` takes.
fn moment_of(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Nanos>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    if let Ok(nanos) = given.extract::<i64>() {
        return Ok(Some(Nanos(nanos)));
    }
    let text = given.str()?.to_string();
    match moment::parse(&text.replace(' ', "T")) {
        Some(at) => Ok(Some(at)),
        None => Err(refuse(format!(
            "`{text}` is no moment: nanoseconds since 1970 UTC, 2023-12-25 or 2023-12-25T22:39:55Z"
        ))),
    }
}

/// What there is to read; nothing named is the embedded session, as on the command line.
pub fn recordings_of(data: &[PathBuf], selection: &Selection) -> PyResult<Vec<Recording>> {
    if !data.is_empty() {
        return recordings(data, selection).map_err(refuse);
    }
    if !selection.is_all() {
        return Err(refuse("start, end and symbols select from history; name it with data"));
    }
    Ok(vec![generate::embedded(|_| {})])
}

/// The configuration's defaults, every key: a dict to change and hand to `backtest`.
///
/// Sizes are in lots, money in the instrument's currency, spans in nanoseconds where the name ends in `_ns`.
#[pyfunction]
pub fn defaults(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let json = serde_json::to_string(&Config::default()).map_err(refuse)?;
    py.import("json")?.call_method1("loads", (json,))
}

/// Every strategy of the list: name → what it does, its source, and its parameters with unit, default and range.
#[pyfunction]
pub fn strategies(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for spec in ::strategies::ALL {
        let parameters = PyDict::new(py);
        for parameter in spec.parameters {
            let about = PyDict::new(py);
            about.set_item("about", parameter.about)?;
            about.set_item("unit", parameter.unit)?;
            about.set_item("default", parameter.default)?;
            about.set_item("min", parameter.min)?;
            about.set_item("max", parameter.max)?;
            parameters.set_item(parameter.name, about)?;
        }
        let one = PyDict::new(py);
        one.set_item("about", spec.about)?;
        one.set_item("source", spec.source)?;
        one.set_item("parameters", parameters)?;
        all.set_item(spec.name, one)?;
    }
    Ok(all)
}
