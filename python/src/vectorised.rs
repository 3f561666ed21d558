//! A strategy that is asked once an interval: it gets what happened as arrays, and gives back a schedule of quotes or
//! positions. One call for thousands of events: Python's cost is some ten microseconds an interval.

use crate::arguments::refuse;
use crate::callback::seconds;
use crate::outside::Trouble;
use crate::rows::{self, Quote, side_of};
use crate::view::{quote, target};
use engine::{Strategy, Want, Wants};
use orders::{Change, Order};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use risk::Refusal;
use strategies::quotes::{Target, Working};
use types::{Instrument, InstrumentId, Lots, Nanos, NewOrder, OrderKind, Side, TimeInForce, TimerId};

/// What is aimed for from some moment on.
#[derive(Clone, Copy, Debug)]
enum Aim {
    /// These quotes, by side.
    Quotes([Option<Target>; 2]),
    /// This position, by taking what stands.
    Position(i64),
}

/// What happened in one instrument since the strategy was last asked.
#[pyclass(frozen, module = "quoin")]
pub struct Interval {
    /// The end of the interval: now.
    #[pyo3(get)]
    now: i64,
    /// The instrument's id.
    #[pyo3(get)]
    instrument: u32,
    /// The instrument's symbol.
    #[pyo3(get)]
    symbol: String,
    /// Whether its book may be traded on now.
    #[pyo3(get)]
    live: bool,
    /// What is held, in lots.
    #[pyo3(get)]
    position: i64,
    /// The touch each time it changed, oldest first: a structured array of shape `(n,)` with `at` (ns), `bid`, `ask`
    /// (ticks), `bid_size`, `ask_size` (lots). While the book is live the last row is the present touch, there even when nothing changed.
    #[pyo3(get)]
    quotes: Py<PyAny>,
    /// The market's trades, oldest first: a structured array of shape `(n,)` with `at` (ns), `price` (ticks), `size`
    /// (lots), `side` (1 buyers crossed, -1 sellers, 0 unknown).
    #[pyo3(get)]
    trades: Py<PyAny>,
}

#[pymethods]
impl Interval {
    fn __repr__(&self) -> String {
        format!("<quoin.Interval of {} until {}: position {}>", self.symbol, self.now, self.position)
    }
}

struct Desk {
    instrument: InstrumentId,
    symbol: String,
    quotes: Vec<Quote>,
    trades: Vec<rows::Trade>,
    /// In the order of their moments, the next last.
    schedule: Vec<(Nanos, Aim)>,
    aim: Aim,
}

/// A Python function that trades.
pub struct Vectorised {
    decide: Py<PyAny>,
    interval: Nanos,
    desks: Vec<Desk>,
    /// By instrument id: its desk.
    desk_of: Vec<Option<usize>>,
    trouble: Trouble,
}

const NOTHING: Aim = Aim::Quotes([None, None]);
/// The timers of asking; those of schedules are above.
const SCHEDULED: u32 = 1 << 30;

impl Vectorised {
    pub fn new(
        object: &Bound<'_, PyAny>,
        instruments: &[Instrument],
        traded: &[InstrumentId],
        trouble: Trouble,
    ) -> PyResult<Self> {
        let interval: f64 = object.getattr("interval")?.extract()?;
        if !(1e-6..=86_400.0).contains(&interval) {
            return Err(refuse(format!(
                "interval is {interval}, but must be from 0.000001 to 86400 seconds"
            )));
        }
        let mut desk_of = vec![None; instruments.len()];
        let desk = |(place, id): (usize, &InstrumentId)| {
            desk_of[id.index()] = Some(place);
            Desk {
                instrument: *id,
                symbol: instruments[id.index()].symbol().to_owned(),
                quotes: Vec::new(),
                trades: Vec::new(),
                schedule: Vec::new(),
                aim: NOTHING,
            }
        };
        let desks = traded.iter().enumerate().map(desk).collect();
        let decide = object.getattr("decide")?.unbind();
        Ok(Self { decide, interval: seconds(interval), desks, desk_of, trouble })
    }

    fn desk(&mut self, id: InstrumentId) -> Option<&mut Desk> {
        let place = self.desk_of.get(id.index()).copied().flatten()?;
        self.desks.get_mut(place)
    }

    /// Asks what to aim for.
    fn ask(&mut self, place: usize, view: &engine::View<'_>, wants: &mut Wants) {
        if self.trouble.is_there() {
            return;
        }
        let desk = &mut self.desks[place];
        let live = view.book(desk.instrument).is_live();
        desk.quotes.extend(desk.touch(view).filter(|_| desk.quotes.is_empty()));
        let (quotes, trades) = (std::mem::take(&mut desk.quotes), std::mem::take(&mut desk.trades));
        let now = view.now();
        let answer = Python::attach(|py| {
            let asked = Interval {
                now: now.0,
                instrument: desk.instrument.0,
                symbol: desk.symbol.clone(),
                live,
                position: view.position(desk.instrument).0,
                quotes: rows::array(py, quotes)?.unbind(),
                trades: rows::array(py, trades)?.unbind(),
            };
            schedule(&self.decide.bind(py).call1((Bound::new(py, asked)?,))?, now)
        });
        match answer {
            Ok(schedule) => {
                for (at, _) in schedule.iter().filter(|(at, _)| *at > now) {
                    wants.wake_at(
                        *at,
                        TimerId(SCHEDULED + u32::try_from(place).expect("instruments are few")),
                    );
                }
                desk.schedule = schedule;
                desk.schedule.reverse();
                desk.follow(view, wants);
            }
            Err(error) => self.trouble.report(error),
        }
    }
}

impl Desk {
    fn touch(&self, view: &engine::View<'_>) -> Option<Quote> {
        let book = view.book(self.instrument);
        let (bid, ask) = (book.best_bid(), book.best_ask());
        book.is_live().then(|| Quote {
            at: view.now().0,
            bid: bid.map_or(0, |level| level.price.0),
            bid_size: bid.map_or(0, |level| level.size.0),
            ask: ask.map_or(0, |level| level.price.0),
            ask_size: ask.map_or(0, |level| level.size.0),
        })
    }

    /// Takes up what the schedule has for now.
    fn follow(&mut self, view: &engine::View<'_>, wants: &mut Wants) {
        let mut due = None;
        while let Some((_, aim)) = self.schedule.pop_if(|(at, _)| *at <= view.now()) {
            due = Some(aim);
        }
        if let Some(aim) = due {
            self.aim = aim;
            self.approach(view, wants, true);
        }
    }

    /// What has traded of a quote is not quoted again before the next aim: sizes bound what one answer can trade.
    fn spend(&mut self, side: Side, size: Lots) {
        if let Aim::Quotes(targets) = &mut self.aim {
            let wanted = &mut targets[side.index()];
            *wanted = wanted.and_then(|target| {
                let left = target.size - size;
                (left > Lots::ZERO).then_some(Target { size: left, ..target })
            });
        }
    }

    /// Does what brings the present nearer to the aim. A position is approached once for each time it is named.
    fn approach(&self, view: &engine::View<'_>, wants: &mut Wants, named: bool) {
        let live = view.book(self.instrument).is_live();
        match self.aim {
            Aim::Quotes(targets) if live => self.send(targets, view, wants),
            Aim::Position(position) if live && named => {
                self.send([None, None], view, wants);
                self.take(position - view.position(self.instrument).0, view, wants);
            }
            Aim::Position(_) if live => {}
            // Nothing of ours stays in a book that may not be traded on.
            Aim::Quotes(_) | Aim::Position(_) => self.send([None, None], view, wants),
        }
    }

    fn send(&self, targets: [Option<Target>; 2], view: &engine::View<'_>, wants: &mut Wants) {
        let working: Vec<Working> = view.open_orders(self.instrument).map(Working::of).collect();
        quote(self.instrument, &working, targets, |want| match want {
            Want::Place(order) => wants.place(order),
            Want::Replace { order, price, size } => wants.replace(order, price, size),
            Want::Cancel(order) => wants.cancel(order),
            Want::WakeAt(at, timer) => wants.wake_at(at, timer),
            Want::Parent { parent, terms } => wants.parent(parent, terms),
            Want::PlaceChild { parent, order } => wants.place_child(parent, order),
        });
    }

    fn take(&self, missing: i64, view: &engine::View<'_>, wants: &mut Wants) {
        let side = if missing > 0 { Side::Buy } else { Side::Sell };
        let Some(touch) = view.book(self.instrument).best(!side).filter(|_| missing != 0) else { return };
        wants.place(NewOrder {
            instrument: self.instrument,
            side,
            kind: OrderKind::Limit,
            time_in_force: TimeInForce::ImmediateOrCancel,
            price: touch.price,
            size: Lots(missing.abs()),
        });
    }
}

impl Strategy for Vectorised {
    fn on_start(&mut self, view: &engine::View<'_>, wants: &mut Wants) {
        for place in 0..self.desks.len() {
            wants.wake_at(
                view.now() + self.interval,
                TimerId(u32::try_from(place).expect("instruments are few")),
            );
        }
    }

    fn on_book(&mut self, instrument: InstrumentId, view: &engine::View<'_>, wants: &mut Wants) {
        let Some(desk) = self.desk(instrument) else { return };
        let live = view.book(instrument).is_live();
        if let Some(touch) = desk.touch(view) {
            let same = |last: &Quote| {
                (last.bid, last.bid_size, last.ask, last.ask_size)
                    == (touch.bid, touch.bid_size, touch.ask, touch.ask_size)
            };
            if !desk.quotes.last().is_some_and(same) {
                desk.quotes.push(touch);
            }
        }
        if !live {
            desk.approach(view, wants, false);
        }
    }

    fn on_trade(&mut self, trade: &types::Trade, view: &engine::View<'_>, _: &mut Wants) {
        let now = view.now().0;
        if let Some(desk) = self.desk(trade.instrument) {
            let side = side_of(trade.aggressor);
            desk.trades.push(rows::Trade { at: now, price: trade.price.0, size: trade.size.0, side });
        }
    }

    fn on_order(&mut self, order: &Order, change: &Change, view: &engine::View<'_>, wants: &mut Wants) {
        if let Some(desk) = self.desk(order.terms.instrument) {
            if let Change::Filled { size, .. } = change {
                desk.spend(order.terms.side, *size);
            }
            desk.approach(view, wants, false);
        }
    }

    fn on_timer(&mut self, timer: TimerId, view: &engine::View<'_>, wants: &mut Wants) {
        if let Some(place) = timer.0.checked_sub(SCHEDULED) {
            return self.desks[place as usize].follow(view, wants);
        }
        wants.wake_at(view.now() + self.interval, timer);
        self.ask(timer.index(), view, wants);
    }

    fn on_refused(&mut self, _: &Want, _: &Refusal, _: &engine::View<'_>) {
        // The report counts refusals; the next interval aims again.
    }
}

/// Reads an answer: `None`, one aim, or a list of `(seconds from now, aim)`.
fn schedule(answer: &Bound<'_, PyAny>, now: Nanos) -> PyResult<Vec<(Nanos, Aim)>> {
    if answer.is_none() {
        return Ok(Vec::new());
    }
    if !answer.is_instance_of::<PyList>() && !answer.is_instance_of::<PyTuple>() {
        return Ok(vec![(now, aim(answer)?)]);
    }
    let mut schedule: Vec<(Nanos, Aim)> = Vec::new();
    for item in answer.try_iter()? {
        let (after, wanted): (f64, Bound<'_, PyAny>) = item?
            .extract()
            .map_err(|_| refuse("a schedule is a list of (seconds from now, Quotes or Position)"))?;
        if !(0.0..=86_400.0).contains(&after) {
            return Err(refuse(format!("a schedule's {after} seconds must be from 0 to 86400")));
        }
        let at = now + seconds(after);
        if schedule.last().is_some_and(|(last, _)| *last > at) {
            return Err(refuse("a schedule is in the order of its moments"));
        }
        schedule.push((at, aim(&wanted)?));
    }
    Ok(schedule)
}

/// `quoin.Quotes` or `quoin.Position`, by what they carry.
fn aim(wanted: &Bound<'_, PyAny>) -> PyResult<Aim> {
    if let Some(lots) = wanted.getattr_opt("lots")? {
        return Ok(Aim::Position(lots.extract()?));
    }
    let side = |price: &str, size: &str| -> PyResult<Option<Target>> {
        let price: Option<i64> = wanted.getattr(price)?.extract()?;
        let size: i64 = wanted.getattr(size)?.extract()?;
        Ok(target(price.map(|price| (price, size))))
    };
    if !wanted.hasattr("bid_size")? {
        return Err(refuse(format!("{wanted} is neither quoin.Quotes nor quoin.Position")));
    }
    Ok(Aim::Quotes([side("bid", "bid_size")?, side("ask", "ask_size")?]))
}
