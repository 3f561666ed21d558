//! A strategy that is Python code: what a journal calls it, how it becomes an `engine::Strategy`, and what happens when
//! it raises.
//!
//! A journal cannot keep Python code. It keeps a name (`python:desk.Touch#1f0c…`, with the start of the BLAKE3 of the
//! class's source) and the numbers in `parameters`; `quoin verify` refuses such a journal and says why, and
//! `quoin.verify(folder, strategy)` replays it with the strategy given again.

use crate::arguments::refuse;
use crate::callback::Callback;
use crate::vectorised::Vectorised;
use engine::Strategy;
use pyo3::prelude::*;
use runtime::StrategySetup;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use types::Instrument;

/// What a strategy raised. From then on it is not called, and the run ends at the next step.
#[derive(Clone, Default)]
pub struct Trouble(Arc<(AtomicBool, Mutex<Option<PyErr>>)>);

impl Trouble {
    pub fn report(&self, error: PyErr) {
        let mut first = self.0.1.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
        self.0.0.store(true, Ordering::Relaxed);
    }

    /// Whether it raised.
    #[inline]
    pub fn is_there(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }

    /// What it raised, if it did.
    pub fn check(&self) -> PyResult<()> {
        match self.0.1.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// A strategy as Python handed it in.
pub struct Outside {
    object: Py<PyAny>,
    /// What a journal calls it.
    pub name: String,
    /// What a journal keeps of it.
    pub values: BTreeMap<String, f64>,
    /// Whether it is asked for each interval rather than called for each event.
    pub vectorised: bool,
}

impl Outside {
    pub fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let vectorised = object.hasattr("decide")?;
        if !vectorised && !object.hasattr("on_book")? {
            return Err(refuse(
                "strategy is a name of `quoin.strategies()`, a `quoin.Strategy`, or a function under \
                 `@quoin.vectorised`",
            ));
        }
        if object.is_instance_of::<pyo3::types::PyType>() {
            return Err(refuse("strategy is a class; hand in an instance: `strategy=Touch()`"));
        }
        let code = if vectorised { object.getattr("decide")? } else { object.get_type().into_any() };
        Ok(Self {
            name: name_of(&code)?,
            values: parameters(object)?,
            object: object.clone().unbind(),
            vectorised,
        })
    }

    /// The strategy as the engine takes it.
    pub fn seat(
        &self,
        py: Python<'_>,
        instruments: &[Instrument],
        setup: &StrategySetup,
        trouble: &Trouble,
    ) -> PyResult<Box<dyn Strategy>> {
        let object = self.object.bind(py);
        Ok(if self.vectorised {
            Box::new(Vectorised::new(object, instruments, &setup.traded, trouble.clone())?)
        } else {
            Box::new(Callback::new(object, instruments, &setup.traded, trouble.clone())?)
        })
    }
}

fn name_of(code: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = code.py();
    let text = |name: &str| code.getattr(name).and_then(|value| value.extract::<String>());
    let (module, name) =
        (text("__module__").unwrap_or_default(), text("__qualname__").unwrap_or("strategy".into()));
    // Not every class has a source to read: one typed at a prompt has none.
    let source = py.import("inspect")?.call_method1("getsource", (code,)).and_then(|s| s.extract::<String>());
    Ok(match source {
        Ok(source) => {
            format!("python:{module}.{name}#{}", &blake3::hash(source.as_bytes()).to_hex()[..16])
        }
        Err(_) => format!("python:{module}.{name}"),
    })
}

fn parameters(object: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, f64>> {
    if !object.hasattr("parameters")? {
        return Ok(BTreeMap::new());
    }
    object
        .getattr("parameters")?
        .extract()
        .map_err(|_| refuse("`parameters` of a strategy is a dict of names and numbers"))
}
