//! A market to learn in, one decision at a time: the machine of a backtest (engine, risk, orders, `sim::Venue`), held at
//! the moments when somebody outside decides what to quote.
//!
//! ```text
//!  reset(seed) ─▶ … market … ─▶ timer "look": snapshot ─▶ Python decides ─▶ timer "act": quotes ─▶ … market …
//! ```
//!
//! Both timers are due at the same nanosecond, so a decision costs no market time, and what comes of it travels with the
//! configured latencies. The machine lives in a thread of its own for an episode, and is only ever touched there.

use crate::arguments::{self, refuse};
use crate::callback::seconds;
use crate::data::{Instrument, kind_of};
use crate::run::ready;
use crate::view::{quote, target};
use engine::{Engine, Strategy, Want, Wants};
use orders::{Change, Order};
use pyo3::prelude::*;
use runtime::backtest::{Backtest, Observer};
use runtime::generate::{Kind, session, write_session};
use runtime::source::{Progress, Recording, Selection};
use runtime::{Config, Prepared, Setup, prepare};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use strategies::quotes::Working;
use types::{Command, Input, InstrumentId, Nanos, Side, TimerId, Trade};

/// What journals call it, though no episode has one.
const NAME: &str = "python:quoin.Simulation";
/// Levels a side that are looked at.
const DEPTH: usize = 5;
const LOOK: TimerId = TimerId(0);
const ACT: TimerId = TimerId(1);

/// The present at a decision. Prices are ticks, sizes are lots; money is in the instrument's currency.
#[pyclass(frozen, get_all, module = "quoin")]
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When, in ns since 1970 UTC.
    at: i64,
    /// Whether the book may be traded on; if not, bid and ask are the last that might.
    live: bool,
    /// The highest bid.
    bid: i64,
    /// The lowest ask.
    ask: i64,
    /// What stands on the best five bids.
    bid_sizes: [i64; DEPTH],
    /// What stands on the best five asks.
    ask_sizes: [i64; DEPTH],
    /// What buyers took since the last decision, less what sellers took.
    flow: i64,
    /// What was traded since the last decision.
    volume: i64,
    /// What is held.
    position: i64,
    /// Our working bid, if there is one.
    own_bid: Option<i64>,
    /// Our working ask, if there is one.
    own_ask: Option<i64>,
    /// Profit and loss of the episode so far, after fees, at the last marks.
    net: f64,
    /// Fills of the episode so far.
    fills: u64,
    /// The episode is over: its time, or its data.
    over: bool,
}

/// Quotes to have from a decision to the next: `(ticks, lots)` a side.
type Quotes = [Option<(i64, i64)>; 2];

/// What agent and loop share, within one thread.
#[derive(Default)]
struct Shared {
    /// The agent looked, and waits.
    looked: Cell<bool>,
    snapshot: RefCell<Snapshot>,
    quotes: Cell<Quotes>,
}

struct Agent {
    instrument: InstrumentId,
    interval: Nanos,
    shared: Rc<Shared>,
    flow: i64,
    volume: i64,
    fills: u64,
}

impl Agent {
    fn look(&mut self, view: &engine::View<'_>) {
        let book = view.book(self.instrument);
        let mut seen = self.shared.snapshot.borrow_mut();
        seen.at = view.now().0;
        seen.live = book.is_live();
        if let (true, Some(bid), Some(ask)) = (seen.live, book.best_bid(), book.best_ask()) {
            (seen.bid, seen.ask) = (bid.price.0, ask.price.0);
            for (side, sizes) in [(Side::Buy, 0), (Side::Sell, 1)] {
                let mut found = [0; DEPTH];
                for (size, level) in found.iter_mut().zip(book.levels(side)) {
                    *size = level.size.0;
                }
                if sizes == 0 { seen.bid_sizes = found } else { seen.ask_sizes = found }
            }
        }
        (seen.own_bid, seen.own_ask) = (None, None);
        for order in view.open_orders(self.instrument) {
            match order.terms.side {
                Side::Buy => seen.own_bid = Some(order.terms.price.0),
                Side::Sell => seen.own_ask = Some(order.terms.price.0),
            }
        }
        (seen.flow, seen.volume) = (std::mem::take(&mut self.flow), std::mem::take(&mut self.volume));
        seen.position = view.position(self.instrument).0;
        seen.net = view.portfolio().equity_beside(self.instrument).to_f64();
        seen.fills = self.fills;
        self.shared.looked.set(true);
    }

    /// Towards the quotes decided on; none in a book that may not be traded on.
    fn send(&self, view: &engine::View<'_>, wants: &mut Wants) {
        let quotes =
            if view.book(self.instrument).is_live() { self.shared.quotes.get() } else { [None, None] };
        let working: Vec<Working> = view.open_orders(self.instrument).map(Working::of).collect();
        quote(self.instrument, &working, quotes.map(target), |want| match want {
            Want::Place(order) => wants.place(order),
            Want::Replace { order, price, size } => wants.replace(order, price, size),
            Want::Cancel(order) => wants.cancel(order),
            Want::WakeAt(at, timer) => wants.wake_at(at, timer),
            Want::Parent { parent, terms } => wants.parent(parent, terms),
            Want::PlaceChild { parent, order } => wants.place_child(parent, order),
        });
    }
}

impl Strategy for Agent {
    fn on_book(&mut self, _: InstrumentId, view: &engine::View<'_>, wants: &mut Wants) {
        if !view.book(self.instrument).is_live() {
            self.send(view, wants);
        } else if self.shared.snapshot.borrow().at == 0 {
            // The first book that may be traded on begins the episode.
            self.shared.snapshot.borrow_mut().at = view.now().0;
            wants.wake_at(view.now(), LOOK);
        }
    }

    fn on_trade(&mut self, trade: &Trade, _: &engine::View<'_>, _: &mut Wants) {
        self.volume += trade.size.0;
        self.flow += trade.aggressor.map_or(0, |side| side.sign() * trade.size.0);
    }

    fn on_order(&mut self, _: &Order, change: &Change, _: &engine::View<'_>, _: &mut Wants) {
        self.fills += u64::from(matches!(change, Change::Filled { .. }));
    }

    fn on_timer(&mut self, timer: TimerId, view: &engine::View<'_>, wants: &mut Wants) {
        if timer == LOOK {
            self.look(view);
            wants.wake_at(view.now(), ACT);
        } else {
            self.send(view, wants);
            wants.wake_at(view.now() + self.interval, LOOK);
        }
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

/// One episode, in its thread.
struct Episode {
    decide: SyncSender<Quotes>,
    seen: Receiver<Result<Snapshot, String>>,
}

impl Episode {
    fn start(prepared: Arc<Prepared>, seed: u64, interval: Nanos, span: Nanos) -> Self {
        let (decide, decisions) = sync_channel(0);
        let (tell, seen) = sync_channel(1);
        thread::spawn(move || {
            let mut setup = prepared.setup.clone();
            setup.config.trading.seed = seed;
            if let Err(error) = live(&prepared, &setup, interval, span, &tell, &decisions) {
                // Nobody listens any more: then nobody needs to know.
                let _ = tell.send(Err(error));
            }
        });
        Self { decide, seen }
    }

    fn next(&self) -> Result<Snapshot, String> {
        self.seen.recv().map_err(|_| "the episode is over; reset begins another".to_owned())?
    }
}

/// Runs until the episode is over or nobody decides any more.
fn live(
    prepared: &Prepared,
    setup: &Setup,
    interval: Nanos,
    span: Nanos,
    tell: &SyncSender<Result<Snapshot, String>>,
    decisions: &Receiver<Quotes>,
) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let instrument = *setup.strategies[0].traded.first().ok_or("nothing is traded")?;
    let shared = Rc::new(Shared::default());
    let agent = Agent { instrument, interval, shared: Rc::clone(&shared), flow: 0, volume: 0, fills: 0 };
    let feed = prepared.feed_of(setup, &Progress::default()).map_err(|error| text(&error))?;
    let engine = setup.engine_of(Box::new(agent));
    let mut backtest = Backtest::with_engine(setup, engine, feed, None).map_err(|error| text(&error))?;
    let mut ends_at = None;
    while backtest.turn(&mut Nobody).map_err(|error| text(&error))? {
        if !shared.looked.take() {
            continue;
        }
        let mut snapshot = shared.snapshot.borrow().clone();
        let end = *ends_at.get_or_insert(snapshot.at.saturating_add(span.0));
        snapshot.over = snapshot.at >= end;
        let over = snapshot.over;
        if tell.send(Ok(snapshot)).is_err() || over {
            return Ok(());
        }
        let Ok(quotes) = decisions.recv() else { return Ok(()) };
        shared.quotes.set(quotes);
    }
    // The data ended before the episode did: the last look, with what everything is worth now.
    let mut last = shared.snapshot.borrow().clone();
    if last.at == 0 {
        return Err("the data has no book that may be traded on".into());
    }
    let engine = backtest.engine();
    last.position = engine.portfolio().position(instrument).0;
    last.net = engine.portfolio().equity_beside(instrument).to_f64();
    last.over = true;
    let _ = tell.send(Ok(last));
    Ok(())
}

/// A market that waits for decisions: what `quoin.gym.MarketMaking` stands on.
///
/// Without `data` each seed is a synthetic session of its own; with data every episode is the recording again, and the
/// seed moves latencies and rejects.
#[pyclass(frozen, module = "quoin")]
pub struct Simulation {
    config: Config,
    recorded: Option<Arc<Prepared>>,
    kind: Kind,
    minutes: u32,
    interval: Nanos,
    span: Nanos,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    episode: Option<Episode>,
    /// The last synthetic session, by its seed.
    session: Option<(u64, Arc<Prepared>)>,
    instrument: Option<types::Instrument>,
}

#[pymethods]
impl Simulation {
    #[new]
    #[pyo3(signature = (config = None, data = None, *, interval = 1.0, episode = 60.0, kind = "queue_reactive"))]
    fn new(
        py: Python<'_>,
        config: Option<&Bound<'_, PyAny>>,
        data: Option<&Bound<'_, PyAny>>,
        interval: f64,
        episode: f64,
        kind: &str,
    ) -> PyResult<Self> {
        if !(1e-6..=86_400.0).contains(&interval) || !(interval..=86_400.0).contains(&episode) {
            return Err(refuse(
                "interval and episode are seconds: above zero, an episode not shorter than an interval",
            ));
        }
        let config = arguments::config(config)?;
        let paths: Vec<PathBuf> = arguments::paths(data)?;
        let recorded = if paths.is_empty() {
            None
        } else {
            let made = py.detach(|| ready(&paths, &Selection::default(), config.clone()))?;
            Some(Arc::new(seated(made)))
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a day at most, as checked"
        )]
        let minutes = (episode / 60.0).ceil() as u32 + 1;
        Ok(Self {
            config,
            recorded,
            kind: kind_of(kind)?,
            minutes,
            interval: seconds(interval),
            span: seconds(episode),
            state: Mutex::default(),
        })
    }

    /// Begins an episode, and runs to its first decision.
    fn reset(&self, py: Python<'_>, seed: u64) -> PyResult<Snapshot> {
        py.detach(|| {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            // The old one's thread ends when nobody decides any more.
            state.episode = None;
            let prepared = self.prepared(seed, &mut state)?;
            let traded = prepared.setup.strategies[0].traded[0];
            state.instrument = Some(prepared.setup.instruments[traded.index()].clone());
            let episode = Episode::start(prepared, seed, self.interval, self.span);
            let first = episode.next().map_err(refuse);
            state.episode = Some(episode);
            first
        })
    }

    /// Quotes until the next decision, each side `(ticks, lots)` or `None`, and runs to it.
    #[pyo3(signature = (bid, ask))]
    fn step(&self, py: Python<'_>, bid: Option<(i64, i64)>, ask: Option<(i64, i64)>) -> PyResult<Snapshot> {
        py.detach(|| {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let episode = state.episode.as_ref().ok_or_else(|| refuse("reset begins an episode"))?;
            // A thread that is gone has told why.
            let _ = episode.decide.send([bid, ask]);
            episode.next().map_err(refuse)
        })
    }

    /// What is traded; known from the first reset on.
    #[getter]
    fn instrument(&self) -> Option<Instrument> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.instrument.clone().map(Instrument::new)
    }
}

impl Simulation {
    fn prepared(&self, seed: u64, state: &mut State) -> PyResult<Arc<Prepared>> {
        let mut config = self.config.clone();
        config.trading.seed = seed;
        if let Some(recorded) = &self.recorded {
            return Ok(Arc::clone(recorded));
        }
        if let Some((made, session)) = &state.session
            && *made == seed
        {
            return Ok(Arc::clone(session));
        }
        let mut bytes = Vec::new();
        write_session(session(self.kind, seed, self.minutes, 0), &mut bytes, |_| {}).map_err(refuse)?;
        let recording =
            Recording::Memory { name: format!("synthetic session (seed {seed})"), bytes: Arc::from(bytes) };
        let made = Arc::new(seated(prepare(vec![recording], config, |_| {}).map_err(refuse)?));
        state.session = Some((seed, Arc::clone(&made)));
        Ok(made)
    }
}

fn seated(mut prepared: Prepared) -> Prepared {
    prepared.setup.seat_outside(NAME, std::collections::BTreeMap::new());
    prepared
}
