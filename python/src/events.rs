//! Recorded events as Arrow columns: the columns of a history file (`adapters::parquet::columns`), with the instrument
//! before them, so that a recording and its import read alike.

use adapters::parquet::columns::{Cell, Shape, cells, layout};
use adapters::parquet::{HistoryError, Row, Scale};
use arrow_array::builder::{
    Date32Builder, Float64Builder, Int32Builder, Int64Builder, TimestampNanosecondBuilder, UInt8Builder,
    UInt32Builder, UInt64Builder,
};
use arrow_array::types::{UInt8Type, UInt32Type};
use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;
use types::{Arrival, Instrument};

/// Moments as every table here has them.
pub fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// A few names, by number.
pub fn names() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8))
}

/// Symbols, by instrument id.
pub fn symbols() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

/// A column of names from a list known before or made as it goes.
#[derive(Debug, Default)]
pub struct Names {
    keys: UInt8Builder,
    known: Vec<&'static str>,
}

impl Names {
    pub fn push(&mut self, name: Option<&'static str>) {
        let Some(name) = name else { return self.keys.append_null() };
        let place = self.known.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.known.push(name);
            self.known.len() - 1
        });
        self.keys.append_value(u8::try_from(place).expect("the words of a trade are few"));
    }

    /// The column so far. What was known stays known, so that a name has one number in all batches.
    pub fn finish(&mut self) -> ArrayRef {
        let words: StringArray = self.known.iter().copied().map(Some).collect();
        let keys = self.keys.finish();
        Arc::new(
            DictionaryArray::<UInt8Type>::try_new(keys, Arc::new(words))
                .expect("every key is a word's place"),
        )
    }
}

/// The symbols of instruments, as a column of ids.
pub fn symbol_column(instruments: &[Instrument], ids: UInt32Array) -> ArrayRef {
    let words: StringArray = instruments.iter().map(|instrument| Some(instrument.symbol())).collect();
    Arc::new(DictionaryArray::<UInt32Type>::try_new(ids, Arc::new(words)).expect("ids are rows of the table"))
}

enum Builder {
    Moment(TimestampNanosecondBuilder),
    Signed(Int64Builder),
    Unsigned(UInt64Builder),
    Small(Int32Builder),
    Date(Date32Builder),
    Real(Float64Builder),
    Text(Names),
}

impl Builder {
    fn of(shape: Shape) -> Self {
        match shape {
            Shape::Moment => Self::Moment(TimestampNanosecondBuilder::new().with_data_type(moment())),
            Shape::Signed => Self::Signed(Int64Builder::new()),
            Shape::Unsigned => Self::Unsigned(UInt64Builder::new()),
            Shape::Small => Self::Small(Int32Builder::new()),
            Shape::Date => Self::Date(Date32Builder::new()),
            Shape::Real => Self::Real(Float64Builder::new()),
            Shape::Text => Self::Text(Names::default()),
        }
    }

    fn data_type(shape: Shape) -> DataType {
        match shape {
            Shape::Moment => moment(),
            Shape::Signed => DataType::Int64,
            Shape::Unsigned => DataType::UInt64,
            Shape::Small => DataType::Int32,
            Shape::Date => DataType::Date32,
            Shape::Real => DataType::Float64,
            Shape::Text => names(),
        }
    }

    fn push(&mut self, cell: Cell<'static>) {
        let whole = match cell {
            Cell::Whole(value) => Some(value),
            Cell::None | Cell::Real(_) | Cell::Text(_) => None,
        };
        let short = || whole.map(|value| i32::try_from(value).expect("small columns hold 16 bits or days"));
        match self {
            Self::Moment(builder) => builder.append_option(whole),
            Self::Signed(builder) => builder.append_option(whole),
            Self::Unsigned(builder) => builder.append_option(whole.map(i64::cast_unsigned)),
            Self::Small(builder) => builder.append_option(short()),
            Self::Date(builder) => builder.append_option(short()),
            Self::Real(builder) => builder.append_option(match cell {
                Cell::Real(value) => Some(value),
                Cell::None | Cell::Whole(_) | Cell::Text(_) => None,
            }),
            Self::Text(names) => names.push(match cell {
                Cell::Text(text) => Some(text),
                Cell::None | Cell::Whole(_) | Cell::Real(_) => None,
            }),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Moment(builder) => Arc::new(builder.finish()),
            Self::Signed(builder) => Arc::new(builder.finish()),
            Self::Unsigned(builder) => Arc::new(builder.finish()),
            Self::Small(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Real(builder) => Arc::new(builder.finish()),
            Self::Text(names) => names.finish(),
        }
    }
}

/// The columns of recorded events.
pub fn schema() -> SchemaRef {
    let mut fields =
        vec![Field::new("instrument", DataType::UInt32, true), Field::new("symbol", symbols(), true)];
    fields.extend(
        layout().map(|(name, shape, required)| Field::new(name, Builder::data_type(shape), !required)),
    );
    Arc::new(Schema::new(fields))
}

/// Events on their way to columns.
pub struct Columns {
    instruments: Vec<Instrument>,
    scales: Vec<Scale>,
    ids: UInt32Builder,
    builders: Vec<Builder>,
    schema: SchemaRef,
    rows: usize,
}

/// For events of all instruments, which have no prices.
const NO_SCALE: Scale = Scale { tick_nanos: 1, lot_nanos: 1 };

impl Columns {
    pub fn new(instruments: &[Instrument]) -> Self {
        let scale = |instrument: &Instrument| {
            let terms = instrument.terms();
            Scale { tick_nanos: terms.tick_nanos, lot_nanos: terms.lot_nanos }
        };
        Self {
            scales: instruments.iter().map(scale).collect(),
            instruments: instruments.to_vec(),
            ids: UInt32Builder::new(),
            builders: layout().map(|(_, shape, _)| Builder::of(shape)).collect(),
            schema: schema(),
            rows: 0,
        }
    }

    /// Puts one event behind the others; `seq` is its place among all.
    ///
    /// # Errors
    /// When it is no market data.
    pub fn push(&mut self, seq: u64, arrival: &Arrival) -> Result<(), HistoryError> {
        let instrument = arrival.event.instrument();
        let scale = instrument.and_then(|id| self.scales.get(id.index())).unwrap_or(&NO_SCALE);
        let builders = &mut self.builders;
        cells(&Row { seq, arrival: *arrival }, scale, |place, cell| builders[place].push(cell))?;
        self.ids.append_option(instrument.map(|id| id.0));
        self.rows += 1;
        Ok(())
    }

    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The events since the last time, as a batch.
    pub fn finish(&mut self) -> RecordBatch {
        self.rows = 0;
        let ids = self.ids.finish();
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(ids.clone()), symbol_column(&self.instruments, ids)];
        arrays.extend(self.builders.iter_mut().map(Builder::finish));
        RecordBatch::try_new(Arc::clone(&self.schema), arrays).expect("the arrays are made from the schema")
    }
}
