//! What a Python strategy sees in a callback, and where its wishes go.
//!
//! One [`View`] lives as long as its strategy. Before each call the present of the instrument it is about is copied into
//! it (a few dozen bytes), so nothing in Python ever points into the engine; what is remembered of other instruments is
//! what stood when they last changed.

use crate::arguments::refuse;
use crate::rows::side_of;
use engine::Want;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::collections::BTreeMap;
use strategies::quotes::{Act, Progress, Target, Working, reconcile};
use types::{
    Instrument, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Side, Ticks, TimeInForce, TimerId,
};

/// Timers of ours begin here; a strategy's own are below.
pub const OURS: u32 = 1 << 31;

/// What is known of one instrument.
#[derive(Clone, Debug, Default)]
pub struct Present {
    pub live: bool,
    pub bid: Option<(i64, i64)>,
    pub ask: Option<(i64, i64)>,
    pub position: i64,
    pub orders: Vec<Working>,
    /// Best first; only as many as the strategy asked for.
    pub levels: [Vec<(i64, i64)>; 2],
    /// Something was wished for it, or happened to its orders: it is looked at again before the next call.
    stirred: bool,
    /// The touch that `on_book` was last asked about. A trade shows the book, too, and must not hide its change.
    asked: Touch,
}

/// Liveness, best bid, best ask.
type Touch = (bool, Option<(i64, i64)>, Option<(i64, i64)>);

impl Present {
    /// Copies the present.
    pub fn refresh(&mut self, id: InstrumentId, depth: usize, view: &engine::View<'_>) {
        let book = view.book(id);
        let level = |level: book::Level| (level.price.0, level.size.0);
        (self.live, self.bid, self.ask) =
            (book.is_live(), book.best_bid().map(level), book.best_ask().map(level));
        self.position = view.position(id).0;
        self.orders.clear();
        self.orders.extend(view.open_orders(id).map(Working::of));
        self.stirred = false;
        if depth > 0 {
            for side in Side::BOTH {
                let levels = &mut self.levels[side.index()];
                levels.clear();
                levels.extend(book.levels(side).take(depth).map(level));
            }
        }
    }

    /// What is known of it is old: an order of ours changed.
    pub const fn stir(&mut self) {
        self.stirred = true;
    }

    /// Whether the touch is another than when this was last asked.
    pub fn has_moved(&mut self) -> bool {
        let touch = (self.live, self.bid, self.ask);
        std::mem::replace(&mut self.asked, touch) != touch
    }
}

/// The present as a strategy sees it, and the door for its wishes. Prices are ticks, sizes are lots, both whole numbers;
/// moments are nanoseconds since 1970 UTC.
///
/// The same object comes with every call and shows that call's present: keep numbers, not the view.
#[pyclass(module = "quoin")]
pub struct View {
    /// The time of the input being worked on.
    #[pyo3(get)]
    now: i64,
    subject: usize,
    pub presents: Vec<Present>,
    traded: Vec<InstrumentId>,
    instruments: Vec<Instrument>,
    by_symbol: BTreeMap<String, usize>,
    depth: usize,
    pub wants: Vec<Want>,
}

impl View {
    pub fn new(instruments: &[Instrument], traded: &[InstrumentId], depth: usize) -> Self {
        let mut by_symbol = BTreeMap::new();
        for (place, id) in traded.iter().enumerate() {
            let terms = instruments[id.index()].terms();
            by_symbol.insert(format!("{}/{}", terms.venue, terms.symbol), place);
            by_symbol.entry(terms.symbol.clone()).or_insert(place);
        }
        Self {
            now: 0,
            subject: 0,
            presents: vec![Present::default(); traded.len()],
            traded: traded.to_vec(),
            instruments: instruments.to_vec(),
            by_symbol,
            depth,
            wants: Vec::new(),
        }
    }

    /// Shows the present of the instrument in this place.
    #[inline]
    pub fn turn_to(&mut self, place: usize, view: &engine::View<'_>) {
        self.now = view.now().0;
        self.subject = place;
        for (other, present) in self.presents.iter_mut().enumerate() {
            if other != place && present.stirred {
                present.refresh(self.traded[other], self.depth, view);
            }
        }
        self.presents[place].refresh(self.traded[place], self.depth, view);
    }

    /// Shows the present of everything.
    pub fn turn_to_all(&mut self, view: &engine::View<'_>) {
        self.now = view.now().0;
        for (place, present) in self.presents.iter_mut().enumerate() {
            present.refresh(self.traded[place], self.depth, view);
        }
    }

    /// The places of instruments, by id.
    pub fn place_of(&self, id: InstrumentId) -> Option<usize> {
        self.traded.iter().position(|traded| *traded == id)
    }

    fn present(&self) -> &Present {
        &self.presents[self.subject]
    }

    fn place(&self, instrument: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        let Some(named) = instrument.filter(|named| !named.is_none()) else { return Ok(self.subject) };
        let place = if let Ok(id) = named.extract::<u32>() {
            self.place_of(InstrumentId(id))
        } else {
            self.by_symbol.get(&named.str()?.to_string()).copied()
        };
        place.ok_or_else(|| PyKeyError::new_err(format!("{named} is not traded here")))
    }
}

/// Buyers or sellers: `1`, `-1`, `"buy"` or `"sell"`.
pub fn side(given: &Bound<'_, PyAny>) -> PyResult<Side> {
    if let Ok(sign) = given.extract::<i64>() {
        match sign {
            1 => return Ok(Side::Buy),
            -1 => return Ok(Side::Sell),
            _ => {}
        }
    } else if let Ok(name) = given.extract::<&str>() {
        match name {
            "buy" => return Ok(Side::Buy),
            "sell" => return Ok(Side::Sell),
            _ => {}
        }
    }
    Err(refuse(format!("{given} is no side: 1 or \"buy\", -1 or \"sell\"")))
}

/// What a quoter wants on one side; sizes of zero and below want nothing.
pub fn target(wanted: Option<(i64, i64)>) -> Option<Target> {
    wanted.filter(|(_, size)| *size > 0).map(|(price, size)| {
        let price = Ticks(price);
        Target { price, size: Lots(size), keep_from: price, keep_to: price }
    })
}

/// The fewest wishes that make what works into what is wanted.
pub fn quote(
    instrument: InstrumentId,
    working: &[Working],
    targets: [Option<Target>; 2],
    mut wish: impl FnMut(Want),
) {
    reconcile(working.iter().copied(), targets, |act| {
        wish(match act {
            Act::Place { side, price, size } => Want::Place(NewOrder {
                instrument,
                side,
                kind: OrderKind::PostOnly,
                time_in_force: TimeInForce::GoodTilCancel,
                price,
                size,
            }),
            Act::Replace { order, price, size } => Want::Replace { order, price, size },
            Act::Cancel(order) => Want::Cancel(order),
        });
    });
}

#[pymethods]
impl View {
    /// The id of the instrument this call is about.
    #[getter]
    fn instrument(&self) -> u32 {
        self.traded[self.subject].0
    }

    /// Its symbol.
    #[getter]
    fn symbol(&self) -> &str {
        self.instruments[self.traded[self.subject].index()].symbol()
    }

    /// Its terms: `view.terms().price(ticks)`.
    fn terms(&self) -> crate::data::Instrument {
        crate::data::Instrument::new(self.instruments[self.traded[self.subject].index()].clone())
    }

    /// Whether its book may be traded on.
    #[getter]
    fn live(&self) -> bool {
        self.present().live
    }

    /// The highest bid in ticks; `None` without one.
    #[getter]
    fn bid(&self) -> Option<i64> {
        self.present().bid.map(|level| level.0)
    }

    /// What stands there, in lots; 0 without one.
    #[getter]
    fn bid_size(&self) -> i64 {
        self.present().bid.map_or(0, |level| level.1)
    }

    /// The lowest ask in ticks; `None` without one.
    #[getter]
    fn ask(&self) -> Option<i64> {
        self.present().ask.map(|level| level.0)
    }

    /// What stands there, in lots; 0 without one.
    #[getter]
    fn ask_size(&self) -> i64 {
        self.present().ask.map_or(0, |level| level.1)
    }

    /// What is held of it, in lots; negative when short.
    #[getter]
    fn position(&self) -> i64 {
        self.present().position
    }

    /// This strategy's orders in it that are not closed, oldest first.
    #[getter]
    fn orders(&self) -> Vec<Order> {
        self.present().orders.iter().map(Order::of).collect()
    }

    /// The best bids as `(ticks, lots)`, best first: as many as the strategy's `depth`.
    #[getter]
    fn bids(&self) -> Vec<(i64, i64)> {
        self.present().levels[0].clone()
    }

    /// The best asks as `(ticks, lots)`, best first: as many as the strategy's `depth`.
    #[getter]
    fn asks(&self) -> Vec<(i64, i64)> {
        self.present().levels[1].clone()
    }

    /// The ids of all instruments that are traded.
    #[getter]
    fn traded<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.traded.iter().map(|id| id.0))
    }

    /// Another traded instrument as it stood when it last changed, by id, symbol or `venue/symbol`.
    fn book(&self, instrument: &Bound<'_, PyAny>) -> PyResult<Book> {
        let place = self.place(Some(instrument))?;
        Ok(Book { present: self.presents[place].clone(), instrument: self.traded[place].0 })
    }

    /// Wishes for a new order: `side` is 1 or `"buy"`, -1 or `"sell"`. `kind` is `"post_only"`, `"limit"` or `"market"`,
    /// `time_in_force` is `"gtc"`, `"ioc"`, `"fok"` or `"day"`. Risk decides.
    #[pyo3(signature = (side, price, size, *, kind = "post_only", time_in_force = "gtc", instrument = None))]
    fn place_order(
        &mut self,
        side: &Bound<'_, PyAny>,
        price: i64,
        size: i64,
        kind: &str,
        time_in_force: &str,
        instrument: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let place = self.place(instrument)?;
        let kind = match kind {
            "post_only" => OrderKind::PostOnly,
            "limit" => OrderKind::Limit,
            "market" => OrderKind::Market,
            other => return Err(refuse(format!("no kind `{other}`: post_only, limit or market"))),
        };
        let time_in_force = match time_in_force {
            "gtc" => TimeInForce::GoodTilCancel,
            "ioc" => TimeInForce::ImmediateOrCancel,
            "fok" => TimeInForce::FillOrKill,
            "day" => TimeInForce::Day,
            other => return Err(refuse(format!("no time_in_force `{other}`: gtc, ioc, fok or day"))),
        };
        let side = self::side(side)?;
        self.presents[place].stirred = true;
        self.wants.push(Want::Place(NewOrder {
            instrument: self.traded[place],
            side,
            kind,
            time_in_force,
            price: Ticks(price),
            size: Lots(size),
        }));
        Ok(())
    }

    /// Wishes for another price and another total size (fills included) for an order, by its id.
    fn replace(&mut self, order: u32, price: i64, size: i64) {
        self.stir();
        self.wants.push(Want::Replace { order: OrderId(order), price: Ticks(price), size: Lots(size) });
    }

    /// Wishes an order gone, by its id.
    fn cancel(&mut self, order: u32) {
        self.stir();
        self.wants.push(Want::Cancel(OrderId(order)));
    }

    /// Wishes for a call of `on_timer` at a moment, with a number of the strategy's own below 2³¹.
    fn wake_at(&mut self, at: i64, timer: u32) -> PyResult<()> {
        if timer >= OURS {
            return Err(refuse(format!("timers are numbered below {OURS}")));
        }
        self.wants.push(Want::WakeAt(Nanos(at), TimerId(timer)));
        Ok(())
    }

    /// Wishes for these quotes, each `(ticks, lots)` or `None` for no quote: new ones are post-only, one that stands where
    /// it should keeps its place in the queue, and as few messages are sent as get there.
    #[pyo3(signature = (bid, ask, *, instrument = None))]
    fn quote(
        &mut self,
        bid: Option<(i64, i64)>,
        ask: Option<(i64, i64)>,
        instrument: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let place = self.place(instrument)?;
        let Self { presents, wants, traded, .. } = self;
        let before = wants.len();
        quote(traded[place], &presents[place].orders, [target(bid), target(ask)], |want| wants.push(want));
        presents[place].stirred |= wants.len() > before;
        Ok(())
    }

    fn __repr__(&self) -> String {
        let Present { live, bid, ask, position, orders, .. } = self.present();
        format!(
            "<quoin.View of {} at {}: live {live}, bid {bid:?}, ask {ask:?}, position {position}, {} orders>",
            self.symbol(),
            self.now,
            orders.len()
        )
    }
}

impl View {
    /// Whose the order is would cost a search: all are looked at again.
    fn stir(&mut self) {
        for present in &mut self.presents {
            present.stirred = true;
        }
    }
}

/// An order of ours that is not closed.
#[pyclass(frozen, get_all, module = "quoin")]
pub struct Order {
    /// Our number for it.
    id: u32,
    /// 1 to buy, -1 to sell.
    side: i64,
    /// Its limit, in ticks.
    price: i64,
    /// What has traded of it, in lots.
    filled: i64,
    /// What has not, in lots.
    unfilled: i64,
    /// `"answered"`, `"unanswered"` (the venue has not answered the order or its last replacement) or `"leaving"`.
    progress: &'static str,
}

impl Order {
    fn of(working: &Working) -> Self {
        Self {
            id: working.order.0,
            side: side_of(Some(working.side)),
            price: working.price.0,
            filled: working.filled.0,
            unfilled: working.unfilled.0,
            progress: match working.progress {
                Progress::Answered => "answered",
                Progress::Unanswered => "unanswered",
                Progress::Leaving => "leaving",
            },
        }
    }
}

#[pymethods]
impl Order {
    fn __repr__(&self) -> String {
        let Self { id, side, price, filled, unfilled, progress } = self;
        format!("<quoin.Order {id}: side {side}, {unfilled} at {price}, {filled} filled, {progress}>")
    }
}

/// A trade of the market's.
#[pyclass(frozen, get_all, module = "quoin")]
pub struct Trade {
    /// When the venue says it happened.
    pub venue_at: i64,
    /// In whole ticks, rounded down.
    pub price: i64,
    /// In lots.
    pub size: i64,
    /// Who crossed the spread: 1 buyers, -1 sellers, 0 unknown or nobody.
    pub side: i64,
}

/// A fill of ours.
#[pyclass(frozen, get_all, module = "quoin")]
pub struct Fill {
    /// Which order.
    pub order: u32,
    /// 1 bought, -1 sold.
    pub side: i64,
    /// In ticks.
    pub price: i64,
    /// In lots.
    pub size: i64,
    /// Whether it gave liquidity.
    pub maker: bool,
}

/// A traded instrument as it stood when it last changed.
#[pyclass(frozen, module = "quoin")]
pub struct Book {
    present: Present,
    /// Its id.
    #[pyo3(get)]
    instrument: u32,
}

#[pymethods]
impl Book {
    /// Whether it may be traded on.
    #[getter]
    fn live(&self) -> bool {
        self.present.live
    }

    /// The highest bid in ticks; `None` without one.
    #[getter]
    fn bid(&self) -> Option<i64> {
        self.present.bid.map(|level| level.0)
    }

    /// What stands there, in lots.
    #[getter]
    fn bid_size(&self) -> i64 {
        self.present.bid.map_or(0, |level| level.1)
    }

    /// The lowest ask in ticks; `None` without one.
    #[getter]
    fn ask(&self) -> Option<i64> {
        self.present.ask.map(|level| level.0)
    }

    /// What stands there, in lots.
    #[getter]
    fn ask_size(&self) -> i64 {
        self.present.ask.map_or(0, |level| level.1)
    }

    /// What is held, in lots.
    #[getter]
    fn position(&self) -> i64 {
        self.present.position
    }

    /// This strategy's open orders in it.
    #[getter]
    fn orders(&self) -> Vec<Order> {
        self.present.orders.iter().map(Order::of).collect()
    }
}
