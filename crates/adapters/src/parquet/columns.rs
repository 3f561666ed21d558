//! The columns of a history file, as one table: what each is called, what it holds, and how an event goes in and comes
//! back.
//!
//! A price stands twice: `price` in the instrument's currency for people and their tools, `ticks` for us, exactly.
//! Likewise `size` and `lots`. Derived columns (no `take`) are never read back.

use crate::parquet::HistoryError;
use crate::parquet::pages::Meaning;
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{Type, TypePtr};
use std::sync::Arc;
use types::{
    Arrival, Bar, Event, Flags, Gap, InstrumentId, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos,
    OrderAction, OrderDelta, Phase, QuoteRequest, Side, Statistic, StatisticKind, Status, Ticks, Trade, Unit,
};

/// One event with its place in the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place among all events of the import, from 0.
    pub seq: u64,
    /// What was recorded.
    pub arrival: Arrival,
}

/// What a step of the instrument is, in nanos (10⁻⁹) of what people write: for the derived columns only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// One tick.
    pub tick_nanos: i64,
    /// One lot.
    pub lot_nanos: i64,
}

/// A row taken apart: what the columns are filled from and what an event is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields {
    pub(super) seq: u64,
    pub(super) received_at: i64,
    pub(super) venue_at: i64,
    kind: Option<Kind>,
    action: Option<Action>,
    side: Option<Side>,
    ticks: Option<i64>,
    lots: Option<i64>,
    fraction: Option<u16>,
    orders: Option<u32>,
    depth: Option<u8>,
    id: Option<u64>,
    flags: u8,
    statistic: Option<StatisticKind>,
    value: Option<i64>,
    session_day: Option<u16>,
    seconds: Option<u32>,
    high: Option<i64>,
    low: Option<i64>,
    close: Option<i64>,
    expected: Option<u64>,
    received: Option<u64>,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    None,
    /// A whole number; of an unsigned column, its bits.
    Whole(i64),
    /// An estimate.
    Real(f64),
    /// One of a few names.
    Text(&'a str),
}

type Put = fn(&Fields, &Scale) -> Cell<'static>;

/// How a cell is read back: all of them as whole numbers.
#[derive(Clone, Copy)]
pub(super) enum Take {
    /// Derived: never.
    Never,
    /// A number; `None` when it cannot be one of this column's.
    Number(fn(&mut Fields, i64) -> Option<()>),
    /// A word: first its place among the column's words, then the same.
    Word(Meaning, fn(&mut Fields, i64) -> Option<()>),
}

impl Take {
    /// What the column's words mean, when it has words.
    pub(super) const fn meaning(self) -> Option<Meaning> {
        match self {
            Self::Word(meaning, _) => Some(meaning),
            Self::Never | Self::Number(_) => None,
        }
    }
}

/// One column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// Rises slowly: differences are stored.
    pub(super) rising: bool,
    pub(super) put: Put,
    pub(super) take: Take,
}

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nanoseconds since 1970 UTC, 64 bits.
    Moment,
    /// 64 bits.
    Signed,
    /// 64 bits.
    Unsigned,
    /// 32 bits.
    Small,
    /// Days since 1970, 32 bits.
    Date,
    /// A double.
    Real,
    /// UTF-8.
    Text,
}

impl Shape {
    pub(super) fn physical(self) -> Physical {
        match self {
            Self::Moment | Self::Signed | Self::Unsigned => Physical::INT64,
            Self::Small | Self::Date => Physical::INT32,
            Self::Real => Physical::DOUBLE,
            Self::Text => Physical::BYTE_ARRAY,
        }
    }

    fn logical(self) -> Option<LogicalType> {
        match self {
            Self::Moment => Some(LogicalType::timestamp(true, TimeUnit::NANOS)),
            Self::Unsigned => Some(LogicalType::integer(64, false)),
            Self::Date => Some(LogicalType::Date),
            Self::Text => Some(LogicalType::String),
            Self::Signed | Self::Small | Self::Real => None,
        }
    }
}

macro_rules! columns {
    ($($(#[doc = $about:literal])+ $name:ident: $shape:ident $($mark:ident)*, $put:expr, $take:expr;)*) => {
        /// Every column, in the order of the files.
        pub(super) const COLUMNS: &[Column] = &[$(Column {
            name: stringify!($name),
            shape: Shape::$shape,
            required: columns!(@has required $($mark)*),
            rising: columns!(@has rising $($mark)*),
            put: $put,
            take: $take,
        },)*];

        /// The places of the columns, by name.
        #[expect(non_camel_case_types, reason = "they are the columns' names")]
        #[expect(dead_code, reason = "some are only met in the table's order")]
        #[derive(Clone, Copy)]
        pub(super) enum At { $($name,)* }

        /// Name and meaning of every column.
        pub const ABOUT: &[(&str, &str)] = &[$((stringify!($name), concat!($($about),+)),)*];
    };
    (@has required required $($rest:ident)*) => { true };
    (@has rising rising $($rest:ident)*) => { true };
    (@has $mark:ident $other:ident $($rest:ident)*) => { columns!(@has $mark $($rest)*) };
    (@has $mark:ident) => { false };
}

columns! {
    /// Place among all events of the import, from 0; merging files by it gives the recording back.
    seq: Unsigned required rising, |f, _| Cell::Whole(f.seq.cast_signed()),
        Take::Number(|f, cell| set(&mut f.seq, Some(cell.cast_unsigned())));
    /// When it reached the recorder, by the recorder's clock.
    received_at: Moment required rising, |f, _| Cell::Whole(f.received_at),
        Take::Number(|f, cell| set(&mut f.received_at, Some(cell)));
    /// When the venue says it happened.
    venue_at: Moment required rising, |f, _| Cell::Whole(f.venue_at),
        Take::Number(|f, cell| set(&mut f.venue_at, Some(cell)));
    /// level, order, trade, trade_bust, status, gap, statistic, quote_request or bar.
    kind: Text required, |f, _| name_of(KINDS, f.kind),
        Take::Word(|word| find(KINDS, word), |f, cell| put(&mut f.kind, at(KINDS, cell)));
    /// Level: set, delete, delete_thru, delete_from, clear. Order: add, modify, reduce, delete, fill, clear. Status:
    /// open, pre_open, halted, closed. Statistic: set, delete.
    action: Text, |f, _| name_of(ACTIONS, f.action),
        Take::Word(|word| find(ACTIONS, word), |f, cell| put(&mut f.action, at(ACTIONS, cell)));
    /// buy or sell: the side of the book; for a trade, who crossed the spread.
    side: Text, |f, _| name_of(SIDES, f.side),
        Take::Word(|word| find(SIDES, word), |f, cell| put(&mut f.side, at(SIDES, cell)));
    /// Price in currency, derived; for a bar, the first.
    price: Real, |f, scale| f.price(scale), Take::Never;
    /// Size in contracts, shares or coins, derived; for a bar, the volume.
    size: Real, |f, scale| f.size(scale), Take::Never;
    /// Price in whole ticks, rounded down; see `fraction`.
    ticks: Signed, |f, _| whole(f.ticks),
        Take::Number(|f, cell| put(&mut f.ticks, Some(cell)));
    /// Size in lots.
    lots: Signed, |f, _| whole(f.lots),
        Take::Number(|f, cell| put(&mut f.lots, Some(cell)));
    /// What lies above `ticks`, in ten-thousandths of one.
    fraction: Small, |f, _| whole(f.fraction),
        Take::Number(|f, cell| put(&mut f.fraction, cell.try_into().ok()));
    /// How many orders a level is; 0 when the venue does not say.
    orders: Signed, |f, _| whole(f.orders),
        Take::Number(|f, cell| put(&mut f.orders, cell.try_into().ok()));
    /// A level's place from the best, from 1; 0 when the venue does not say.
    depth: Small, |f, _| whole(f.depth),
        Take::Number(|f, cell| put(&mut f.depth, cell.try_into().ok()));
    /// The venue's number of the order or trade.
    id: Unsigned, |f, _| whole(f.id.map(u64::cast_signed)),
        Take::Number(|f, cell| put(&mut f.id, Some(cell.cast_unsigned())));
    /// Sum of marks: 1 last of its packet, 2 snapshot, 4 implied, 8 synthetic, 16 hidden.
    flags: Small required, |f, _| Cell::Whole(i64::from(f.flags)),
        Take::Number(|f, cell| set(&mut f.flags, cell.try_into().ok()));
    /// What a statistic is about.
    statistic: Text, |f, _| f.statistic.map_or(Cell::None, |kind| Cell::Text(kind.name())),
        Take::Word(statistic_place, |f, cell| put(&mut f.statistic, statistic(cell)));
    /// A statistic's raw value: ticks, lots, or nanos of a plain number, by its kind.
    value: Signed, |f, _| whole(f.value),
        Take::Number(|f, cell| put(&mut f.value, Some(cell)));
    /// The session a statistic is of.
    session_date: Date, |f, _| whole(f.session_day),
        Take::Number(|f, cell| put(&mut f.session_day, cell.try_into().ok()));
    /// A bar's length. Its `venue_at` is its end, when it was known.
    seconds: Signed, |f, _| whole(f.seconds),
        Take::Number(|f, cell| put(&mut f.seconds, cell.try_into().ok()));
    /// A bar's highest price, derived.
    high: Real, |f, scale| scale.price(f.high, 0), Take::Never;
    /// A bar's lowest price, derived.
    low: Real, |f, scale| scale.price(f.low, 0), Take::Never;
    /// A bar's last price, derived.
    close: Real, |f, scale| scale.price(f.close, 0), Take::Never;
    /// A bar's highest price in ticks.
    high_ticks: Signed, |f, _| whole(f.high),
        Take::Number(|f, cell| put(&mut f.high, Some(cell)));
    /// A bar's lowest price in ticks.
    low_ticks: Signed, |f, _| whole(f.low),
        Take::Number(|f, cell| put(&mut f.low, Some(cell)));
    /// A bar's last price in ticks.
    close_ticks: Signed, |f, _| whole(f.close),
        Take::Number(|f, cell| put(&mut f.close, Some(cell)));
    /// A gap: the sequence number, or byte offset, that was due.
    expected: Unsigned, |f, _| whole(f.expected.map(u64::cast_signed)),
        Take::Number(|f, cell| put(&mut f.expected, Some(cell.cast_unsigned())));
    /// A gap: the one that came.
    received: Unsigned, |f, _| whole(f.received.map(u64::cast_signed)),
        Take::Number(|f, cell| put(&mut f.received, Some(cell.cast_unsigned())));
}

/// Name and shape of every column and whether each row has it, in the order of the files: for other stores of columns.
pub fn layout() -> impl Iterator<Item = (&'static str, Shape, bool)> {
    COLUMNS.iter().map(|column| (column.name, column.shape, column.required))
}

/// Gives the cells of a row in that order, each with its column's place.
///
/// # Errors
/// When the row is no market data.
pub fn cells(
    row: &Row,
    scale: &Scale,
    mut put: impl FnMut(usize, Cell<'static>),
) -> Result<(), HistoryError> {
    let fields = Fields::of(row)?;
    for (place, column) in COLUMNS.iter().enumerate() {
        put(place, (column.put)(&fields, scale));
    }
    Ok(())
}

/// The place of a column in the files.
pub(super) fn place(name: &str) -> usize {
    COLUMNS.iter().position(|column| column.name == name).expect("asked by the names of the table")
}

/// The schema of every file.
pub(super) fn schema() -> TypePtr {
    let field = |column: &Column| {
        let repetition = if column.required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
        let builder = Type::primitive_type_builder(column.name, column.shape.physical())
            .with_logical_type(column.shape.logical())
            .with_converted_type(ConvertedType::NONE)
            .with_repetition(repetition);
        Arc::new(builder.build().expect("the shapes are types Parquet has"))
    };
    let fields = COLUMNS.iter().map(field).collect();
    Arc::new(Type::group_type_builder("events").with_fields(fields).build().expect("a group of columns"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Level,
    Order,
    Trade,
    TradeBust,
    Status,
    Gap,
    Statistic,
    QuoteRequest,
    Bar,
}

pub(super) const KINDS: &[(&str, Kind)] = &[
    ("level", Kind::Level),
    ("order", Kind::Order),
    ("trade", Kind::Trade),
    ("trade_bust", Kind::TradeBust),
    ("status", Kind::Status),
    ("gap", Kind::Gap),
    ("statistic", Kind::Statistic),
    ("quote_request", Kind::QuoteRequest),
    ("bar", Kind::Bar),
];

/// The actions of all kinds: each kind uses its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Set,
    Delete,
    DeleteThru,
    DeleteFrom,
    Clear,
    Add,
    Modify,
    Reduce,
    Fill,
    Open,
    PreOpen,
    Halted,
    Closed,
}

pub(super) const ACTIONS: &[(&str, Action)] = &[
    ("set", Action::Set),
    ("add", Action::Add),
    ("delete", Action::Delete),
    ("modify", Action::Modify),
    ("reduce", Action::Reduce),
    ("fill", Action::Fill),
    ("clear", Action::Clear),
    ("delete_thru", Action::DeleteThru),
    ("delete_from", Action::DeleteFrom),
    ("open", Action::Open),
    ("pre_open", Action::PreOpen),
    ("halted", Action::Halted),
    ("closed", Action::Closed),
];

pub(super) const SIDES: &[(&str, Side)] = &[("buy", Side::Buy), ("sell", Side::Sell)];

fn name_of<T: Copy + PartialEq>(names: &[(&'static str, T)], value: Option<T>) -> Cell<'static> {
    let found = value.and_then(|value| names.iter().find(|(_, other)| *other == value));
    found.map_or(Cell::None, |(name, _)| Cell::Text(name))
}

/// The place of a word in a list.
fn find<T>(names: &[(&str, T)], word: &str) -> Option<i64> {
    names.iter().position(|(name, _)| *name == word).and_then(|place| place.try_into().ok())
}

/// What stands at that place.
#[inline]
pub(super) fn at<T: Copy>(names: &[(&str, T)], place: i64) -> Option<T> {
    names.get(usize::try_from(place).ok()?).map(|(_, value)| *value)
}

fn statistic_place(word: &str) -> Option<i64> {
    StatisticKind::ALL.iter().position(|kind| kind.name() == word).and_then(|place| place.try_into().ok())
}

fn statistic(place: i64) -> Option<StatisticKind> {
    StatisticKind::ALL.get(usize::try_from(place).ok()?).copied()
}

fn whole<T: Into<i64>>(value: Option<T>) -> Cell<'static> {
    value.map_or(Cell::None, |value| Cell::Whole(value.into()))
}

fn set<T>(place: &mut T, value: Option<T>) -> Option<()> {
    *place = value?;
    Some(())
}

fn put<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    *place = Some(value?);
    Some(())
}

impl Scale {
    #[expect(clippy::cast_precision_loss, reason = "the exact number is in the column beside")]
    fn price(&self, ticks: Option<i64>, fraction: u16) -> Cell<'static> {
        let Some(ticks) = ticks else { return Cell::None };
        let nanos = i128::from(ticks) * i128::from(self.tick_nanos);
        let part = i128::from(fraction) * i128::from(self.tick_nanos);
        // Below 2⁵³ both are exact and the one division rounds correctly: `4785.25` reads as that.
        Cell::Real(if part == 0 { nanos as f64 / 1e9 } else { (nanos * 10_000 + part) as f64 / 1e13 })
    }

    #[expect(clippy::cast_precision_loss, reason = "the exact number is in the column beside")]
    fn size(&self, lots: Option<i64>) -> Cell<'static> {
        lots.map_or(Cell::None, |lots| {
            Cell::Real((i128::from(lots) * i128::from(self.lot_nanos)) as f64 / 1e9)
        })
    }
}

impl Fields {
    fn price(&self, scale: &Scale) -> Cell<'static> {
        let fraction = self.fraction.unwrap_or(0);
        match (self.action, self.statistic.map(StatisticKind::unit)) {
            // These name no price.
            (Some(Action::Clear | Action::DeleteThru | Action::DeleteFrom), _) => Cell::None,
            (_, Some(Unit::Price)) => scale.price(self.value, fraction),
            (_, Some(Unit::Size | Unit::Number)) => Cell::None,
            (_, None) => scale.price(self.ticks, fraction),
        }
    }

    fn size(&self, scale: &Scale) -> Cell<'static> {
        match (self.action, self.statistic.map(StatisticKind::unit)) {
            (Some(Action::Clear | Action::DeleteThru | Action::DeleteFrom), _) => Cell::None,
            (_, Some(Unit::Size)) => scale.size(self.value),
            (_, Some(Unit::Price | Unit::Number) | None) => scale.size(self.lots),
        }
    }

    /// Takes a row apart.
    pub(super) fn of(row: &Row) -> Result<Self, HistoryError> {
        let event = &row.arrival.event;
        let venue_at = event.venue_at().ok_or(HistoryError::NotMarketData(event.kind()))?;
        let head = Self {
            seq: row.seq,
            received_at: row.arrival.received_at.0,
            venue_at: venue_at.0,
            flags: event.flags().0,
            ..Self::default()
        };
        Ok(match event {
            Event::Level(e) => Self {
                kind: Some(Kind::Level),
                action: Some(match e.action {
                    LevelAction::Set => Action::Set,
                    LevelAction::Delete => Action::Delete,
                    LevelAction::DeleteThru => Action::DeleteThru,
                    LevelAction::DeleteFrom => Action::DeleteFrom,
                    LevelAction::Clear => Action::Clear,
                }),
                side: Some(e.side),
                ticks: Some(e.price.0),
                lots: Some(e.size.0),
                orders: Some(e.orders),
                depth: Some(e.depth),
                ..head
            },
            Event::Order(e) => Self {
                kind: Some(Kind::Order),
                action: Some(match e.action {
                    OrderAction::Add => Action::Add,
                    OrderAction::Modify => Action::Modify,
                    OrderAction::Reduce => Action::Reduce,
                    OrderAction::Delete => Action::Delete,
                    OrderAction::Fill => Action::Fill,
                    OrderAction::Clear => Action::Clear,
                }),
                side: Some(e.side),
                ticks: Some(e.price.0),
                lots: Some(e.size.0),
                id: Some(e.order.0),
                ..head
            },
            Event::Trade(e) => Self::of_trade(head, Kind::Trade, e),
            Event::TradeBust(e) => Self::of_trade(head, Kind::TradeBust, e),
            Event::Status(e) => Self {
                kind: Some(Kind::Status),
                action: Some(match e.phase {
                    Phase::Open => Action::Open,
                    Phase::PreOpen => Action::PreOpen,
                    Phase::Halted => Action::Halted,
                    Phase::Closed => Action::Closed,
                }),
                ..head
            },
            Event::Gap(e) => {
                Self { kind: Some(Kind::Gap), expected: Some(e.expected), received: Some(e.received), ..head }
            }
            Event::Statistic(e) => Self {
                kind: Some(Kind::Statistic),
                action: Some(if e.deleted { Action::Delete } else { Action::Set }),
                side: e.side,
                lots: Some(e.size.0),
                fraction: Some(e.fraction),
                statistic: Some(e.kind),
                value: Some(e.value),
                session_day: Some(e.session_day),
                ..head
            },
            Event::QuoteRequest(e) => {
                Self { kind: Some(Kind::QuoteRequest), side: e.side, lots: Some(e.size.0), ..head }
            }
            Event::Bar { seconds, bar } => Self {
                kind: Some(Kind::Bar),
                ticks: Some(bar.open.0),
                lots: Some(bar.volume.0),
                seconds: Some(*seconds),
                // Wrapping, and undone by wrapping: whatever the distances, they come back.
                high: Some(bar.open.0.wrapping_add(i64::from(bar.high_above))),
                low: Some(bar.open.0.wrapping_sub(i64::from(bar.low_below))),
                close: Some(bar.open.0.wrapping_add(i64::from(bar.change))),
                ..head
            },
            Event::Report(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_) => {
                return Err(HistoryError::NotMarketData(event.kind()));
            }
        })
    }

    fn of_trade(head: Self, kind: Kind, e: &Trade) -> Self {
        Self {
            kind: Some(kind),
            side: e.aggressor,
            ticks: Some(e.price.0),
            lots: Some(e.size.0),
            fraction: Some(e.price_fraction),
            id: Some(e.id),
            ..head
        }
    }

    /// Puts a row together; `None` when its cells do not make an event of its kind.
    pub(super) fn row(&self, instrument: Option<InstrumentId>) -> Option<Row> {
        let arrival = Arrival { received_at: Nanos(self.received_at), event: self.event(instrument)? };
        Some(Row { seq: self.seq, arrival })
    }

    fn event(&self, of: Option<InstrumentId>) -> Option<Event> {
        let (venue_at, flags) = (Nanos(self.venue_at), Flags(self.flags));
        Some(match self.kind? {
            Kind::Level => Event::Level(LevelDelta {
                venue_at,
                price: Ticks(self.ticks?),
                size: Lots(self.lots?),
                orders: self.orders?,
                instrument: of?,
                side: self.side?,
                action: self.action?.of_level()?,
                depth: self.depth?,
                flags,
            }),
            Kind::Order => Event::Order(OrderDelta {
                venue_at,
                order: MarketOrderId(self.id?),
                price: Ticks(self.ticks?),
                size: Lots(self.lots?),
                instrument: of?,
                side: self.side?,
                action: self.action?.of_order()?,
                flags,
            }),
            Kind::Trade => Event::Trade(self.trade(of?)?),
            Kind::TradeBust => Event::TradeBust(self.trade(of?)?),
            Kind::Status => Event::Status(Status { venue_at, instrument: of, phase: self.action?.phase()? }),
            Kind::Gap => Event::Gap(Gap {
                venue_at,
                expected: self.expected?,
                received: self.received?,
                instrument: of,
            }),
            Kind::Statistic => Event::Statistic(Statistic {
                venue_at,
                value: self.value?,
                size: Lots(self.lots?),
                instrument: of?,
                fraction: self.fraction?,
                session_day: self.session_day?,
                kind: self.statistic?,
                side: self.side,
                flags,
                deleted: self.action? == Action::Delete,
            }),
            Kind::QuoteRequest => Event::QuoteRequest(QuoteRequest {
                venue_at,
                size: Lots(self.lots?),
                instrument: of?,
                side: self.side,
            }),
            Kind::Bar => Event::Bar { seconds: self.seconds?, bar: self.bar(of?)? },
        })
    }

    fn trade(&self, instrument: InstrumentId) -> Option<Trade> {
        Some(Trade {
            venue_at: Nanos(self.venue_at),
            price: Ticks(self.ticks?),
            size: Lots(self.lots?),
            id: self.id?,
            instrument,
            price_fraction: self.fraction?,
            aggressor: self.side,
            flags: Flags(self.flags),
        })
    }

    fn bar(&self, instrument: InstrumentId) -> Option<Bar> {
        let open = self.ticks?;
        Some(Bar {
            venue_at: Bar::started_at(Nanos(self.venue_at), self.seconds?),
            open: Ticks(open),
            volume: Lots(self.lots?),
            high_above: u32::try_from(self.high?.wrapping_sub(open)).ok()?,
            low_below: u32::try_from(open.wrapping_sub(self.low?)).ok()?,
            change: i32::try_from(self.close?.wrapping_sub(open)).ok()?,
            instrument,
        })
    }
}

impl Action {
    pub(super) fn of_level(self) -> Option<LevelAction> {
        match self {
            Action::Set => Some(LevelAction::Set),
            Action::Delete => Some(LevelAction::Delete),
            Action::DeleteThru => Some(LevelAction::DeleteThru),
            Action::DeleteFrom => Some(LevelAction::DeleteFrom),
            Action::Clear => Some(LevelAction::Clear),
            Action::Add
            | Action::Modify
            | Action::Reduce
            | Action::Fill
            | Action::Open
            | Action::PreOpen
            | Action::Halted
            | Action::Closed => None,
        }
    }

    pub(super) fn of_order(self) -> Option<OrderAction> {
        match self {
            Action::Add => Some(OrderAction::Add),
            Action::Modify => Some(OrderAction::Modify),
            Action::Reduce => Some(OrderAction::Reduce),
            Action::Delete => Some(OrderAction::Delete),
            Action::Fill => Some(OrderAction::Fill),
            Action::Clear => Some(OrderAction::Clear),
            Action::Set
            | Action::DeleteThru
            | Action::DeleteFrom
            | Action::Open
            | Action::PreOpen
            | Action::Halted
            | Action::Closed => None,
        }
    }

    fn phase(self) -> Option<Phase> {
        match self {
            Action::Open => Some(Phase::Open),
            Action::PreOpen => Some(Phase::PreOpen),
            Action::Halted => Some(Phase::Halted),
            Action::Closed => Some(Phase::Closed),
            Action::Set
            | Action::Delete
            | Action::DeleteThru
            | Action::DeleteFrom
            | Action::Clear
            | Action::Add
            | Action::Modify
            | Action::Reduce
            | Action::Fill => None,
        }
    }
}
