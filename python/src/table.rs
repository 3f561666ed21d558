//! Columns as other libraries take them: through Arrow's C interface (PyCapsule), or one by one as NumPy arrays.
//!
//! Nothing is copied: a capsule carries the pointers of the buffers, and a NumPy array reads them in place and keeps
//! their owner alive.

use crate::arguments::refuse;
use arrow_array::cast::AsArray as _;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{
    Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Schema, TimeUnit};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use std::ffi::CStr;

const STREAM: &CStr = c"arrow_array_stream";
const SCHEMA: &CStr = c"arrow_schema";

/// What a consumer takes its batches from.
pub fn stream_capsule<'py>(
    py: Python<'py>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), STREAM)
}

/// What a consumer learns the columns from.
pub fn schema_capsule<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowSchema::try_from(schema).map_err(refuse)?, SCHEMA)
}

/// Rows and named columns in memory, as Arrow.
///
/// `pyarrow.table(t)`, `polars.DataFrame(t)` and everything else that knows `__arrow_c_stream__` takes it without a
/// copy; `t["lots"]` is a column as a NumPy array of shape `(len(t),)`, read-only and without a copy, too.
#[pyclass(frozen, module = "quoin")]
pub struct Table {
    batch: RecordBatch,
}

impl Table {
    pub const fn new(batch: RecordBatch) -> Self {
        Self { batch }
    }
}

#[pymethods]
impl Table {
    /// Arrow's C stream interface.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A wish that may be ignored: consumers cast.
        let _ = requested_schema;
        let batches = [Ok(self.batch.clone())].into_iter();
        stream_capsule(py, Box::new(RecordBatchIterator::new(batches, self.batch.schema())))
    }

    /// Arrow's C schema interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.batch.schema())
    }

    /// The columns' names, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// How many rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<quoin.Table: {} rows of {}>", self.batch.num_rows(), self.column_names().join(", "))
    }

    /// A column as a NumPy array of shape `(len(t),)`: a view, read-only. Moments are `datetime64[ns]` in UTC; names
    /// (`side`, `kind`) and columns with holes are not for NumPy, and say so.
    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let array = self.batch.column_by_name(name).ok_or_else(|| {
            PyKeyError::new_err(format!("no column `{name}`; there are {}", self.column_names().join(", ")))
        })?;
        let column = Column::new(name, array.clone())?;
        py.import("numpy")?.call_method1("asarray", (Bound::new(py, column)?,))
    }

    /// As a `pyarrow.Table`, without a copy.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// As a `pandas.DataFrame` (by way of pyarrow); names become categories.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::to_pyarrow(slf)?.call_method0("to_pandas")
    }

    /// As a `polars.DataFrame`, without a copy of the numbers.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }
}

/// A column's buffer, for NumPy to read in place.
#[pyclass(frozen, module = "quoin")]
pub struct Column {
    array: ArrayRef,
    format: &'static str,
    at: usize,
}

impl Column {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "Arrow's types, not ours: what is not listed is refused"
    )]
    fn new(name: &str, array: ArrayRef) -> PyResult<Self> {
        if array.null_count() > 0 {
            return Err(refuse(format!(
                "column `{name}` has holes; `.to_pyarrow()` and `.to_polars()` know them"
            )));
        }
        let (format, at) = match array.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                ("<M8[ns]", array.as_primitive::<TimestampNanosecondType>().values().as_ptr() as usize)
            }
            DataType::Int64 => ("<i8", array.as_primitive::<Int64Type>().values().as_ptr() as usize),
            DataType::UInt64 => ("<u8", array.as_primitive::<UInt64Type>().values().as_ptr() as usize),
            DataType::Int32 => ("<i4", array.as_primitive::<Int32Type>().values().as_ptr() as usize),
            DataType::UInt32 => ("<u4", array.as_primitive::<UInt32Type>().values().as_ptr() as usize),
            DataType::UInt8 => ("|u1", array.as_primitive::<UInt8Type>().values().as_ptr() as usize),
            DataType::Float64 => ("<f8", array.as_primitive::<Float64Type>().values().as_ptr() as usize),
            other => {
                let advice = "`.to_pyarrow()` and `.to_polars()` take it";
                return Err(refuse(format!("column `{name}` is {other}; {advice}")));
            }
        };
        Ok(Self { array, format, at })
    }
}

#[pymethods]
impl Column {
    /// NumPy's array interface, version 3.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        interface(py, self.array.len(), self.format, self.at)
    }
}

/// The dict by which NumPy finds `count` things of `format` at an address; read-only.
pub fn interface<'py>(
    py: Python<'py>,
    count: usize,
    format: &str,
    at: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let interface = PyDict::new(py);
    interface.set_item("version", 3)?;
    interface.set_item("shape", (count,))?;
    interface.set_item("typestr", format)?;
    interface.set_item("data", (at, true))?;
    Ok(interface)
}
