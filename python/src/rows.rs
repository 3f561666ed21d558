//! Rows as NumPy structured arrays: one memory layout, declared once, without padding, that Rust fills and NumPy reads
//! in place.

use crate::table::interface;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use types::{Arrival, Event as Market, InstrumentId, Side};

/// A row's layout in NumPy's words.
pub trait Row: Copy + Send + Sync + 'static {
    /// Name and NumPy type of each field, in order.
    const FIELDS: &'static [(&'static str, &'static str)];
}

/// Declares a row; its fields must leave no hole, which the compiler checks.
macro_rules! row {
    ($(#[$about:meta])* $name:ident { $($field:ident: $kind:ty = $format:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default)]
        #[repr(C)]
        pub struct $name { $(pub $field: $kind,)* }

        impl Row for $name {
            const FIELDS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), $format),)*];
        }

        const _: () = assert!(size_of::<$name>() == 0 $(+ size_of::<$kind>())*, "a hole between fields");
    };
}

row! {
    /// A recorded event. What a kind does not have is zero; `instrument` is -1 for all instruments.
    Event {
        venue_at: i64 = "<i8",
        received_at: i64 = "<i8",
        ticks: i64 = "<i8",
        lots: i64 = "<i8",
        id: u64 = "<u8",
        value: i64 = "<i8",
        high_ticks: i64 = "<i8",
        low_ticks: i64 = "<i8",
        close_ticks: i64 = "<i8",
        instrument: i32 = "<i4",
        orders: u32 = "<u4",
        seconds: u32 = "<u4",
        fraction: u16 = "<u2",
        session_day: u16 = "<u2",
        kind: u8 = "|u1",
        action: u8 = "|u1",
        side: i8 = "|i1",
        depth: u8 = "|u1",
        flags: u8 = "|u1",
        statistic: u8 = "|u1",
        reserved: u16 = "<u2",
    }
}

row! {
    /// The touch of a book as it changed: prices in ticks, sizes in lots; a side that is not there has size 0.
    Quote {
        at: i64 = "<i8",
        bid: i64 = "<i8",
        bid_size: i64 = "<i8",
        ask: i64 = "<i8",
        ask_size: i64 = "<i8",
    }
}

row! {
    /// A trade of the market's: ticks, lots; `side` is who crossed, 1 for buyers, -1 for sellers, 0 when unknown.
    Trade {
        at: i64 = "<i8",
        price: i64 = "<i8",
        size: i64 = "<i8",
        side: i64 = "<i8",
    }
}

const fn sign(side: Option<Side>) -> i8 {
    match side {
        Some(Side::Buy) => 1,
        Some(Side::Sell) => -1,
        None => 0,
    }
}

/// +1 for buyers, -1 for sellers, 0 for nobody.
pub fn side_of(side: Option<Side>) -> i64 {
    i64::from(sign(side))
}

const fn place(instrument: Option<InstrumentId>) -> i32 {
    match instrument {
        Some(id) => id.0.cast_signed(),
        None => -1,
    }
}

impl Event {
    /// `None` for what is no market data. The codes of `kind` and, by kind, of `action` are those of `quoin.codes`.
    pub fn of(arrival: &Arrival) -> Option<Self> {
        let event = &arrival.event;
        let head = Self {
            venue_at: event.venue_at()?.0,
            received_at: arrival.received_at.0,
            instrument: place(event.instrument()),
            flags: event.flags().0,
            ..Self::default()
        };
        Some(match event {
            Market::Level(e) => Self {
                kind: 0,
                action: e.action as u8,
                side: sign(Some(e.side)),
                ticks: e.price.0,
                lots: e.size.0,
                orders: e.orders,
                depth: e.depth,
                ..head
            },
            Market::Order(e) => Self {
                kind: 1,
                action: e.action as u8,
                side: sign(Some(e.side)),
                ticks: e.price.0,
                lots: e.size.0,
                id: e.order.0,
                ..head
            },
            Market::Trade(e) | Market::TradeBust(e) => Self {
                kind: if matches!(event, Market::Trade(_)) { 2 } else { 3 },
                side: sign(e.aggressor),
                ticks: e.price.0,
                lots: e.size.0,
                fraction: e.price_fraction,
                id: e.id,
                ..head
            },
            Market::Status(e) => Self { kind: 4, action: e.phase as u8, ..head },
            Market::Gap(e) => Self { kind: 5, id: e.expected, value: e.received.cast_signed(), ..head },
            Market::Statistic(e) => Self {
                kind: 6,
                action: u8::from(e.deleted),
                side: sign(e.side),
                lots: e.size.0,
                value: e.value,
                fraction: e.fraction,
                session_day: e.session_day,
                statistic: e.kind as u8,
                ..head
            },
            Market::QuoteRequest(e) => Self { kind: 7, side: sign(e.side), lots: e.size.0, ..head },
            Market::Bar { seconds, bar } => Self {
                kind: 8,
                ticks: bar.open.0,
                lots: bar.volume.0,
                high_ticks: bar.open.0.wrapping_add(i64::from(bar.high_above)),
                low_ticks: bar.open.0.wrapping_sub(i64::from(bar.low_below)),
                close_ticks: bar.open.0.wrapping_add(i64::from(bar.change)),
                seconds: *seconds,
                ..head
            },
            Market::Report(_)
            | Market::Timer(_)
            | Market::Operator(_)
            | Market::Cash(_)
            | Market::Session(_)
            | Market::DropCopy(_)
            | Market::Clock(_) => return None,
        })
    }
}

/// Owns the rows that a NumPy array looks at.
#[pyclass(frozen, module = "quoin")]
pub struct Rows {
    /// Kept for as long as anybody looks.
    _owner: Box<dyn std::any::Any + Send + Sync>,
    at: usize,
    count: usize,
    bytes: usize,
    fields: &'static [(&'static str, &'static str)],
}

impl Rows {
    fn new<R: Row>(rows: Vec<R>) -> Self {
        let (at, count) = (rows.as_ptr() as usize, rows.len());
        Self { _owner: Box::new(rows), at, count, bytes: size_of::<R>(), fields: R::FIELDS }
    }
}

#[pymethods]
impl Rows {
    /// NumPy's array interface, version 3.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = interface(py, self.count, &format!("|V{}", self.bytes), self.at)?;
        interface.set_item("descr", self.fields.to_vec())?;
        Ok(interface)
    }
}

/// The rows as a NumPy structured array, read-only, without a copy.
pub fn array<R: Row>(py: Python<'_>, rows: Vec<R>) -> PyResult<Bound<'_, PyAny>> {
    py.import("numpy")?.call_method1("asarray", (Bound::new(py, Rows::new(rows))?,))
}
