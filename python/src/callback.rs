//! `engine::Strategy` over a Python object: each event that its class listens to becomes a call.
//!
//! Cost is bounded on this side of the border: a method that the class does not have is never called, `on_book` comes
//! only when the touch moved (`listen = "touch"`), and at most once in `pace` seconds for an instrument, with a timer
//! that brings the last change later. What a callback raises ends the run, and is raised there.

use crate::arguments::refuse;
use crate::outside::Trouble;
use crate::rows::side_of;
use crate::view::{Fill, OURS, Present, Trade, View};
use engine::{Strategy, Want, Wants};
use orders::{Change, Order};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use risk::Refusal;
use types::{Instrument, InstrumentId, Liquidity, Nanos, TimerId};

/// The methods a strategy may have. `on_book` is looked for, too.
struct Methods {
    start: bool,
    book: bool,
    trade: bool,
    fill: bool,
    order: bool,
    timer: bool,
    refused: bool,
}

/// When an instrument's book may next be shown.
#[derive(Clone, Copy)]
struct Pace {
    next_at: Nanos,
    waits: bool,
}

/// A Python object that trades.
pub struct Callback {
    object: Py<PyAny>,
    view: Py<View>,
    /// `on_book` of the object and the view for it, made at its first call: looking a method up and making a tuple cost as
    /// much as a short method itself.
    shows: Option<(Py<PyAny>, Py<PyTuple>)>,
    /// By instrument id: its place in the view.
    places: Vec<Option<usize>>,
    has: Methods,
    every_change: bool,
    interval: Nanos,
    paces: Vec<Pace>,
    trouble: Trouble,
}

impl Callback {
    pub fn new(
        object: &Bound<'_, PyAny>,
        instruments: &[Instrument],
        traded: &[InstrumentId],
        trouble: Trouble,
    ) -> PyResult<Self> {
        let py = object.py();
        let depth = attribute(object, "depth")?.map_or(Ok(0), |depth| depth.extract::<usize>())?;
        let pace = attribute(object, "pace")?.map_or(Ok(0.0), |pace| pace.extract::<f64>())?;
        let every_change = match attribute(object, "listen")?
            .map(|listen| listen.extract::<String>())
            .transpose()?
        {
            None => false,
            Some(listen) if listen == "touch" => false,
            Some(listen) if listen == "book" => true,
            Some(other) => return Err(refuse(format!("listen is \"touch\" or \"book\", not \"{other}\""))),
        };
        if !(0.0..=86_400.0).contains(&pace) {
            return Err(refuse(format!("pace is {pace}, but must be from 0 to 86400 seconds")));
        }
        let mut places = vec![None; instruments.len()];
        for (place, id) in traded.iter().enumerate() {
            places[id.index()] = Some(place);
        }
        let base = py.import("quoin")?.getattr("Strategy")?;
        let has = |name: &str| overrides(object, &base, name);
        Ok(Self {
            has: Methods {
                start: has("on_start")?,
                book: has("on_book")?,
                trade: has("on_trade")?,
                fill: has("on_fill")?,
                order: has("on_order")?,
                timer: has("on_timer")?,
                refused: has("on_refused")?,
            },
            object: object.clone().unbind(),
            shows: None,
            view: Py::new(py, View::new(instruments, traded, depth))?,
            places,
            every_change,
            interval: seconds(pace),
            paces: vec![Pace { next_at: Nanos::MIN, waits: false }; traded.len()],
            trouble,
        })
    }

    fn place(&self, id: InstrumentId) -> Option<usize> {
        self.places.get(id.index()).copied().flatten()
    }

    /// Shows the present, makes one call if that is wanted, and takes the wishes.
    fn call(
        &mut self,
        place: usize,
        view: &engine::View<'_>,
        wants: &mut Wants,
        wanted: impl FnOnce(&mut Present) -> bool,
        call: impl FnOnce(Python<'_>, &Bound<'_, PyAny>, &Bound<'_, View>) -> PyResult<()>,
    ) {
        self.call_if(place, view, wants, wanted, |this, py| {
            call(py, this.object.bind(py), this.view.bind(py))
        });
    }

    /// The same with whatever is called.
    fn call_if(
        &mut self,
        place: usize,
        view: &engine::View<'_>,
        wants: &mut Wants,
        wanted: impl FnOnce(&mut Present) -> bool,
        call: impl FnOnce(&mut Self, Python<'_>) -> PyResult<()>,
    ) {
        if self.trouble.is_there() {
            return;
        }
        Python::attach(|py| {
            let wanted = {
                let mut seen = self.view.bind(py).borrow_mut();
                seen.turn_to(place, view);
                wanted(&mut seen.presents[place])
            };
            if wanted {
                let called = call(self, py);
                self.settle(called, self.view.bind(py), wants);
            }
        });
    }

    /// Calls `on_book`.
    fn call_book(&mut self, py: Python<'_>) -> PyResult<()> {
        let (method, arguments) = match &self.shows {
            Some(shows) => shows,
            None => {
                let method = self.object.bind(py).getattr(pyo3::intern!(py, "on_book"))?.unbind();
                let arguments = PyTuple::new(py, [self.view.bind(py)])?.unbind();
                self.shows.insert((method, arguments))
            }
        };
        method.bind(py).call1(arguments.bind(py))?;
        Ok(())
    }

    fn settle(&self, called: PyResult<()>, seen: &Bound<'_, View>, wants: &mut Wants) {
        match called {
            Ok(()) => take(&mut seen.borrow_mut(), wants),
            Err(error) => {
                seen.borrow_mut().wants.clear();
                self.trouble.report(error);
            }
        }
    }

    /// Shows the book now, or sees to it that it is shown later.
    fn show(&mut self, place: usize, view: &engine::View<'_>, wants: &mut Wants, due: bool) {
        let (now, every) = (view.now(), self.every_change);
        let Pace { next_at, waits } = self.paces[place];
        let (mut later, mut shown) = (false, false);
        self.call_if(
            place,
            view,
            wants,
            |present| {
                let wanted = present.has_moved() || due || every;
                // A book that may not be traded on is told of at once.
                let held = present.live && now < next_at;
                later = wanted && held && !waits;
                shown = wanted && !held;
                shown
            },
            Self::call_book,
        );
        let pace = &mut self.paces[place];
        if later {
            pace.waits = true;
            wants.wake_at(pace.next_at, TimerId(OURS + u32::try_from(place).expect("instruments are few")));
        }
        if shown {
            pace.next_at = now + self.interval;
        }
    }
}

/// An attribute that need not be there.
fn attribute<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(object.getattr_opt(name)?.filter(|value| !value.is_none()))
}

/// Whether an object answers to a method otherwise than by doing nothing.
fn overrides(object: &Bound<'_, PyAny>, base: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    let Some(own) = object.get_type().getattr_opt(name)? else { return object.hasattr(name) };
    Ok(match base.getattr_opt(name)? {
        Some(default) => !own.is(&default),
        None => true,
    })
}

/// The wishes of a call, in order.
fn take(view: &mut View, wants: &mut Wants) {
    for want in view.wants.drain(..) {
        match want {
            Want::Place(order) => wants.place(order),
            Want::Replace { order, price, size } => wants.replace(order, price, size),
            Want::Cancel(order) => wants.cancel(order),
            Want::WakeAt(at, timer) => wants.wake_at(at, timer),
            Want::Parent { parent, terms } => wants.parent(parent, terms),
            Want::PlaceChild { parent, order } => wants.place_child(parent, order),
        }
    }
}

/// Seconds to the nearest nanosecond.
#[expect(clippy::cast_possible_truncation, reason = "a day at most, as checked")]
pub fn seconds(span: f64) -> Nanos {
    Nanos((span * 1e9).round() as i64)
}

impl Strategy for Callback {
    fn on_start(&mut self, view: &engine::View<'_>, wants: &mut Wants) {
        if !self.has.start || self.trouble.is_there() {
            return;
        }
        Python::attach(|py| {
            let seen = self.view.bind(py);
            seen.borrow_mut().turn_to_all(view);
            let called =
                self.object.bind(py).call_method1(pyo3::intern!(py, "on_start"), (seen,)).map(|_| ());
            self.settle(called, seen, wants);
        });
    }

    fn on_book(&mut self, instrument: InstrumentId, view: &engine::View<'_>, wants: &mut Wants) {
        if let Some(place) = self.place(instrument).filter(|_| self.has.book) {
            self.show(place, view, wants, false);
        }
    }

    fn on_trade(&mut self, trade: &types::Trade, view: &engine::View<'_>, wants: &mut Wants) {
        let Some(place) = self.place(trade.instrument).filter(|_| self.has.trade) else { return };
        let told = Trade {
            venue_at: trade.venue_at.0,
            price: trade.price.0,
            size: trade.size.0,
            side: side_of(trade.aggressor),
        };
        self.call(
            place,
            view,
            wants,
            |_| true,
            |py, object, seen| {
                object.call_method1(pyo3::intern!(py, "on_trade"), (seen, Bound::new(py, told)?))?;
                Ok(())
            },
        );
    }

    fn on_order(&mut self, order: &Order, change: &Change, view: &engine::View<'_>, wants: &mut Wants) {
        let Some(place) = self.place(order.terms.instrument) else { return };
        let fill = match change {
            Change::Filled { price, size, liquidity, .. } if self.has.fill => Some(Fill {
                order: order.id.0,
                side: side_of(Some(order.terms.side)),
                price: price.0,
                size: size.0,
                maker: *liquidity == Liquidity::Maker,
            }),
            Change::Filled { .. }
            | Change::Accepted
            | Change::Rejected { .. }
            | Change::Canceled { .. }
            | Change::CancelRejected { .. }
            | Change::Replaced { .. }
            | Change::ReplaceRejected { .. }
            | Change::Unsure
            | Change::Listed { .. }
            | Change::Behind { .. }
            | Change::Missed
            | Change::Lost { .. }
            | Change::Busted { .. }
            | Change::Early
            | Change::Duplicate
            | Change::Impossible(_) => None,
        };
        let (id, happened) = (order.id.0, word(change));
        let tells = self.has.order;
        if fill.is_none() && !tells {
            // A call about another instrument must see it all the same.
            return Python::attach(|py| self.view.bind(py).borrow_mut().presents[place].stir());
        }
        self.call(
            place,
            view,
            wants,
            |_| true,
            |py, object, seen| {
                if let Some(fill) = fill {
                    object.call_method1(pyo3::intern!(py, "on_fill"), (seen, Bound::new(py, fill)?))?;
                }
                if tells {
                    let happened = PyString::new(py, happened);
                    object.call_method1(pyo3::intern!(py, "on_order"), (seen, id, happened))?;
                }
                Ok(())
            },
        );
    }

    fn on_timer(&mut self, timer: TimerId, view: &engine::View<'_>, wants: &mut Wants) {
        if let Some(place) = timer.0.checked_sub(OURS) {
            let place = place as usize;
            self.paces[place].waits = false;
            return self.show(place, view, wants, true);
        }
        if self.has.timer {
            self.call(
                0,
                view,
                wants,
                |_| true,
                |py, object, seen| {
                    object.call_method1(pyo3::intern!(py, "on_timer"), (seen, timer.0))?;
                    Ok(())
                },
            );
        }
    }

    fn on_refused(&mut self, want: &Want, refusal: &Refusal, view: &engine::View<'_>) {
        if !self.has.refused {
            return;
        }
        let of = |order| view.order(order).map(|order| order.terms.instrument);
        let (instrument, wish) = match want {
            Want::Place(order) => (Some(order.instrument), "place"),
            Want::Replace { order, .. } => (of(*order), "replace"),
            Want::Cancel(order) => (of(*order), "cancel"),
            Want::WakeAt(..) => (None, "wake_at"),
            Want::Parent { terms, .. } => (Some(terms.instrument), "parent"),
            Want::PlaceChild { order, .. } => (Some(order.instrument), "place_child"),
        };
        let Some(place) = instrument.and_then(|id| self.place(id)) else { return };
        let (kind, why) = (refusal.kind(), refusal.to_string());
        // What is wished here goes nowhere: the engine asks for nothing after a refusal.
        let mut none = Wants::default();
        self.call(
            place,
            view,
            &mut none,
            |_| true,
            |py, object, seen| {
                object.call_method1(pyo3::intern!(py, "on_refused"), (seen, wish, kind, why))?;
                Ok(())
            },
        );
        if !none.as_slice().is_empty() {
            self.trouble.report(refuse("on_refused may not wish for anything; set a timer beforehand"));
        }
    }
}

const fn word(change: &Change) -> &'static str {
    match change {
        Change::Accepted => "accepted",
        Change::Rejected { .. } => "rejected",
        Change::Filled { .. } => "filled",
        Change::Canceled { .. } => "canceled",
        Change::CancelRejected { .. } => "cancel_rejected",
        Change::Replaced { .. } => "replaced",
        Change::ReplaceRejected { .. } => "replace_rejected",
        Change::Unsure => "unsure",
        Change::Listed { .. } => "listed",
        Change::Behind { .. } => "behind",
        Change::Missed => "missed",
        Change::Lost { .. } => "lost",
        Change::Busted { .. } => "busted",
        Change::Early => "early",
        Change::Duplicate => "duplicate",
        Change::Impossible(_) => "impossible",
    }
}
