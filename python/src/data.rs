//! Recordings and history, opened: the instruments, and the events in batches.
//!
//! A thread of its own decodes ahead of whoever asks, three batches at most: memory does not grow with the recording, and
//! the interpreter's lock is not held while anything is read.

use crate::arguments::{self, refuse};
use crate::events::{self, Columns};
use crate::rows;
use crate::table::{Table, schema_capsule, stream_capsule};
use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchReader, StringArray, UInt32Array,
};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use runtime::generate::{Kind, session, write_session};
use runtime::query::Question;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use stdx::decimal;
use types::instrument::Terms;
use types::{Arrival, Contract, Lots, Origin, Ticks};

/// Batches decoded ahead.
const AHEAD: usize = 2;
/// Rows to a batch unless told otherwise: some 10 MB of columns.
const ROWS: usize = 65_536;

/// Opens recordings, or history that `quoin import` wrote, for reading.
///
/// `data` is a path or a list of paths (`file://` may stand before them) of any format that `quoin inspect` knows.
/// `start` and `end` (nanoseconds since 1970 UTC, or text such as `"2023-12-25T23:00"`) and `symbols` select from
/// history. `config` is a dict or a TOML file; only its `[[instrument]]` sections matter here.
///
/// Recordings are read once to learn their instruments; history is not.
#[pyfunction]
#[pyo3(signature = (data, *, start = None, end = None, symbols = vec![], config = None))]
pub fn open(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    start: Option<&Bound<'_, PyAny>>,
    end: Option<&Bound<'_, PyAny>>,
    symbols: Vec<String>,
    config: Option<&Bound<'_, PyAny>>,
) -> PyResult<Data> {
    let paths = arguments::paths(Some(data))?;
    if paths.is_empty() {
        return Err(refuse("data names no file"));
    }
    let selection = arguments::selection(start, end, symbols)?;
    let config = arguments::config(config)?;
    let question = py.detach(|| Question::new(&paths, selection, &config)).map_err(refuse)?;
    Ok(Data { question: Arc::new(question) })
}

/// Writes a synthetic session of two futures as a CME capture: what `quoin generate` writes.
///
/// `kind` is `"queue_reactive"`, `"hawkes"` or `"poisson"`; `loss_ppm` is how many packets of a million each line loses.
/// Answers how many packets it is.
#[pyfunction]
#[pyo3(signature = (path, *, seed = 1, minutes = 30, kind = "queue_reactive", loss_ppm = 0))]
pub fn generate(
    py: Python<'_>,
    path: PathBuf,
    seed: u64,
    minutes: u32,
    kind: &str,
    loss_ppm: u32,
) -> PyResult<u64> {
    let session = session(kind_of(kind)?, seed, minutes, loss_ppm);
    py.detach(|| {
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
        let packets = write_session(session, &mut file, |_| {})?;
        std::io::Write::flush(&mut file)?;
        Ok(packets)
    })
    .map_err(|error: std::io::Error| refuse(format!("cannot write {}: {error}", path.display())))
}

/// An order-flow model by its name.
pub fn kind_of(name: &str) -> PyResult<Kind> {
    match name {
        "queue_reactive" => Ok(Kind::QueueReactive),
        "hawkes" => Ok(Kind::Hawkes),
        "poisson" => Ok(Kind::Poisson),
        other => Err(refuse(format!("no kind `{other}`: queue_reactive, hawkes or poisson"))),
    }
}

/// An instrument's terms, and the only door between steps and prices.
///
/// Prices in Quoin are whole `ticks` and sizes whole `lots`; `price` and `size` say what people write.
#[pyclass(frozen, module = "quoin")]
pub struct Instrument {
    instrument: types::Instrument,
}

impl Instrument {
    pub const fn new(instrument: types::Instrument) -> Self {
        Self { instrument }
    }

    const fn terms(&self) -> &Terms {
        self.instrument.terms()
    }
}

#[pymethods]
impl Instrument {
    /// Its number in the run.
    #[getter]
    fn id(&self) -> u32 {
        self.instrument.id().0
    }

    /// The venue's name for it.
    #[getter]
    fn symbol(&self) -> &str {
        self.instrument.symbol()
    }

    /// The venue.
    #[getter]
    fn venue(&self) -> &str {
        &self.terms().venue
    }

    /// What profit and loss is counted in.
    #[getter]
    fn currency(&self) -> &str {
        &self.terms().currency
    }

    /// One price step, as an exact decimal text.
    #[getter]
    fn tick(&self) -> String {
        decimal::Display(self.terms().tick_nanos).to_string()
    }

    /// One size step, as an exact decimal text.
    #[getter]
    fn lot(&self) -> String {
        decimal::Display(self.terms().lot_nanos).to_string()
    }

    /// Currency per price unit and contract, as an exact decimal text.
    #[getter]
    fn multiplier(&self) -> String {
        decimal::Display(self.terms().multiplier_nanos).to_string()
    }

    /// Ticks as a price.
    fn price(&self, ticks: i64) -> f64 {
        self.instrument.price_f64(Ticks(ticks))
    }

    /// Lots as a size.
    fn size(&self, lots: i64) -> f64 {
        self.instrument.size_f64(Lots(lots))
    }

    /// The highest tick not above a price: a bid never pays more than was meant.
    fn bid_at(&self, price: f64) -> PyResult<i64> {
        self.ticks(self.instrument.bid_at(self.in_ticks(price)), price)
    }

    /// The lowest tick not below a price: an ask never sells for less.
    fn ask_at(&self, price: f64) -> PyResult<i64> {
        self.ticks(self.instrument.ask_at(self.in_ticks(price)), price)
    }

    fn __repr__(&self) -> String {
        let Terms { venue, symbol, currency, .. } = self.terms();
        format!(
            "<quoin.Instrument {}: {venue}/{symbol}, tick {}, lot {}, {currency}>",
            self.id(),
            self.tick(),
            self.lot()
        )
    }
}

impl Instrument {
    /// Within a millionth of a tick a price is on the grid: `0.1 + 0.2` is three tenths.
    #[expect(clippy::cast_precision_loss, reason = "a step is far below 2⁵³")]
    fn in_ticks(&self, price: f64) -> f64 {
        let ticks = price * 1e9 / self.terms().tick_nanos as f64;
        let near = ticks.round();
        if (ticks - near).abs() < 1e-6 { near } else { ticks }
    }

    fn ticks(&self, found: Option<Ticks>, price: f64) -> PyResult<i64> {
        found.map(|ticks| ticks.0).ok_or_else(|| refuse(format!("{price} is no price")))
    }
}

/// The instruments as a table: id, symbol, venue, currency, contract, tick, lot, multiplier, origin.
fn instrument_table(instruments: &[types::Instrument]) -> Table {
    let terms: Vec<&Terms> = instruments.iter().map(types::Instrument::terms).collect();
    let text = |of: &dyn Fn(&Terms) -> String| -> ArrayRef {
        Arc::new(terms.iter().map(|terms| Some(of(terms))).collect::<StringArray>())
    };
    #[expect(clippy::cast_precision_loss, reason = "the exact number is in the column beside")]
    let real = |of: &dyn Fn(&Terms) -> i64| -> ArrayRef {
        Arc::new(terms.iter().map(|terms| Some(of(terms) as f64 / 1e9)).collect::<Float64Array>())
    };
    let nanos = |of: &dyn Fn(&Terms) -> i64| -> ArrayRef {
        Arc::new(terms.iter().map(|terms| Some(of(terms))).collect::<Int64Array>())
    };
    let contract = |terms: &Terms| match terms.contract {
        Contract::Linear => "linear".to_owned(),
        Contract::Inverse => "inverse".to_owned(),
    };
    let origin = |terms: &Terms| match terms.origin {
        Origin::Definition => "definition".to_owned(),
        Origin::Configured => "configured".to_owned(),
        Origin::KnownProduct => "known_product".to_owned(),
        Origin::Inferred => "inferred".to_owned(),
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("instrument", Arc::new(terms.iter().map(|terms| Some(terms.id.0)).collect::<UInt32Array>())),
        ("symbol", text(&|terms| terms.symbol.clone())),
        ("venue", text(&|terms| terms.venue.clone())),
        ("currency", text(&|terms| terms.currency.clone())),
        ("contract", text(&contract)),
        ("tick", real(&|terms| terms.tick_nanos)),
        ("lot", real(&|terms| terms.lot_nanos)),
        ("multiplier", real(&|terms| terms.multiplier_nanos)),
        ("tick_nanos", nanos(&|terms| terms.tick_nanos)),
        ("lot_nanos", nanos(&|terms| terms.lot_nanos)),
        ("multiplier_nanos", nanos(&|terms| terms.multiplier_nanos)),
        ("origin", text(&origin)),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), false)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Table::new(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("as the fields say"))
}

/// Recordings or history, opened.
///
/// It is an Arrow stream of all its events: `pyarrow.RecordBatchReader.from_stream(data)` reads it batch by batch.
#[pyclass(frozen, module = "quoin")]
pub struct Data {
    question: Arc<Question>,
}

/// Which events are wanted.
#[derive(Clone, Default)]
struct Wanted {
    kinds: Vec<String>,
    /// By instrument id; empty: all.
    instruments: Vec<bool>,
}

impl Wanted {
    fn takes(&self, arrival: &Arrival) -> bool {
        let event = &arrival.event;
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == event.kind());
        let of = |id: types::InstrumentId| self.instruments.get(id.index()).copied().unwrap_or(false);
        kind && (self.instruments.is_empty() || event.instrument().is_some_and(of))
    }
}

const KINDS: [&str; 9] =
    ["level", "order", "trade", "trade_bust", "status", "gap", "statistic", "quote_request", "bar"];

impl Data {
    fn wanted(&self, kinds: Vec<String>, symbols: &[String]) -> PyResult<Wanted> {
        if let Some(kind) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(refuse(format!("no kind `{kind}`: {}", KINDS.join(", "))));
        }
        // As events say it themselves.
        let kinds = kinds.iter().map(|kind| kind.replace('_', " ")).collect();
        if symbols.is_empty() {
            return Ok(Wanted { kinds, instruments: Vec::new() });
        }
        let mut instruments = vec![false; self.question.instruments().len()];
        for symbol in symbols {
            instruments[self.find(symbol)?.id().index()] = true;
        }
        Ok(Wanted { kinds, instruments })
    }

    fn find(&self, symbol: &str) -> PyResult<&types::Instrument> {
        let named = |instrument: &&types::Instrument| {
            let terms = instrument.terms();
            terms.symbol == symbol || format!("{}/{}", terms.venue, terms.symbol) == symbol
        };
        self.question.instruments().iter().find(named).ok_or_else(|| {
            let symbols: Vec<&str> =
                self.question.instruments().iter().map(types::Instrument::symbol).collect();
            PyKeyError::new_err(format!("no instrument `{symbol}`; there are {}", symbols.join(", ")))
        })
    }

    fn batches_of(&self, wanted: Wanted, rows: usize) -> Receiver<Result<RecordBatch, String>> {
        self.spawn(move |question, to| {
            let mut columns = Columns::new(question.instruments());
            each(question, &wanted, to, |seq, arrival| {
                columns.push(seq, arrival).map_err(|error| error.to_string())?;
                Ok((columns.rows() >= rows).then(|| columns.finish()))
            })?;
            // A stream without events is one empty batch: it has columns all the same.
            Some(columns.finish())
        })
    }

    fn spawn<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Question, &SyncSender<Result<T, String>>) -> Option<T> + Send + 'static,
    ) -> Receiver<Result<T, String>> {
        let (to, from) = sync_channel(AHEAD);
        let question = Arc::clone(&self.question);
        thread::spawn(move || {
            if let Some(last) = read(&question, &to) {
                // Nobody listens any more: then nobody wants it.
                let _ = to.send(Ok(last));
            }
        });
        from
    }
}

/// Sends what `take` makes of the wanted events, and what went wrong; `None` when there is nothing more to send.
fn each<T>(
    question: &Question,
    wanted: &Wanted,
    to: &SyncSender<Result<T, String>>,
    mut take: impl FnMut(u64, &Arrival) -> Result<Option<T>, String>,
) -> Option<()> {
    let mut seq = 0;
    let mut heard = true;
    let read = question.events(|arrival| {
        let place = seq;
        seq += 1;
        if !wanted.takes(arrival) {
            return true;
        }
        match take(place, arrival) {
            Ok(None) => {}
            Ok(Some(batch)) => heard = to.send(Ok(batch)).is_ok(),
            Err(error) => {
                heard = false;
                let _ = to.send(Err(error));
            }
        }
        heard
    });
    if let Err(error) = read {
        let _ = to.send(Err(error.to_string()));
        return None;
    }
    heard.then_some(())
}

#[pymethods]
impl Data {
    /// The instruments, one row each: id, symbol, venue, currency, contract, and tick, lot and multiplier both as numbers
    /// and exactly, in billionths.
    #[getter]
    fn instruments(&self) -> Table {
        instrument_table(self.question.instruments())
    }

    /// One instrument, by its symbol or `venue/symbol`.
    fn instrument(&self, symbol: &str) -> PyResult<Instrument> {
        Ok(Instrument::new(self.find(symbol)?.clone()))
    }

    /// The events as tables of `rows` rows, in recorded order: an iterator. The columns are those of a history file, with
    /// `instrument` and `symbol` before them.
    ///
    /// `kinds` (`"level"`, `"order"`, `"trade"` …) and `symbols` choose; `seq` counts all events, chosen or not.
    #[pyo3(signature = (*, kinds = vec![], symbols = vec![], rows = ROWS))]
    fn batches(&self, kinds: Vec<String>, symbols: Vec<String>, rows: usize) -> PyResult<Batches> {
        let wanted = self.wanted(kinds, &symbols)?;
        Ok(Batches { from: Mutex::new(self.batches_of(wanted, rows.max(1))) })
    }

    /// The events as NumPy structured arrays of shape `(rows,)`, read-only, in recorded order: an iterator.
    ///
    /// Fields: `venue_at` and `received_at` (ns since 1970 UTC), `ticks`, `lots`, `instrument`, `kind` (`quoin.Kind`),
    /// `action` (`quoin.LevelAction`, `quoin.OrderAction` or `quoin.Phase`, by kind), `side` (1 buyers, -1 sellers,
    /// 0 unknown), `flags` (`quoin.Flag`), `id`, and what single kinds have besides.
    #[pyo3(signature = (*, kinds = vec![], symbols = vec![], rows = ROWS))]
    fn arrays(&self, kinds: Vec<String>, symbols: Vec<String>, rows: usize) -> PyResult<Arrays> {
        let (wanted, rows) = (self.wanted(kinds, &symbols)?, rows.max(1));
        let from = self.spawn(move |question, to| {
            let mut batch = Vec::with_capacity(rows);
            each(question, &wanted, to, |_, arrival| {
                batch.extend(rows::Event::of(arrival));
                Ok((batch.len() >= rows).then(|| std::mem::replace(&mut batch, Vec::with_capacity(rows))))
            })?;
            (!batch.is_empty()).then_some(batch)
        });
        Ok(Arrays { from: Mutex::new(from) })
    }

    /// All events, as Arrow's C stream: batches come as they are asked for.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let from = self.batches_of(Wanted::default(), ROWS);
        stream_capsule(py, Box::new(Stream { from }))
    }

    /// The columns of the stream.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &events::schema())
    }

    fn __repr__(&self) -> String {
        let symbols: Vec<&str> = self.question.instruments().iter().map(types::Instrument::symbol).collect();
        let more = if symbols.len() > 8 { " …" } else { "" };
        let shown = symbols.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        format!("<quoin.Data: {} instruments: {shown}{more}>", symbols.len())
    }
}

/// Batches as Arrow's consumers ask for them: without the interpreter's lock.
struct Stream {
    from: Receiver<Result<RecordBatch, String>>,
}

impl Iterator for Stream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.from.recv().ok().map(|batch| batch.map_err(ArrowError::ComputeError))
    }
}

impl RecordBatchReader for Stream {
    fn schema(&self) -> SchemaRef {
        events::schema()
    }
}

/// Waits for the next batch without holding the interpreter's lock.
fn next<T: Send>(py: Python<'_>, from: &Mutex<Receiver<Result<T, String>>>) -> PyResult<Option<T>> {
    let received = py.detach(|| from.lock().unwrap_or_else(PoisonError::into_inner).recv());
    match received {
        Ok(batch) => batch.map(Some).map_err(refuse),
        Err(_) => Ok(None),
    }
}

/// An iterator of tables.
#[pyclass(frozen, module = "quoin")]
pub struct Batches {
    from: Mutex<Receiver<Result<RecordBatch, String>>>,
}

#[pymethods]
impl Batches {
    const fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Table>> {
        let batch = next(py, &self.from)?;
        Ok(batch.filter(|batch| batch.num_rows() > 0).map(Table::new))
    }
}

/// An iterator of structured arrays.
#[pyclass(frozen, module = "quoin")]
pub struct Arrays {
    from: Mutex<Receiver<Result<Vec<rows::Event>, String>>>,
}

#[pymethods]
impl Arrays {
    const fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        next(py, &self.from)?.map(|batch| rows::array(py, batch)).transpose()
    }
}
