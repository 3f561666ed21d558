//! A strategy from outside the list: it runs, its journal says where its code was, and only who has that code proves it.

use engine::{Engine, Strategy, View, Wants};
use journal::{Options, Writer};
use runtime::backtest::{Backtest, BacktestError, Observer};
use runtime::generate::{Kind, session, write_session};
use runtime::replay::{replay, replay_with};
use runtime::source::{Progress, Recording};
use runtime::{Config, prepare};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{
    Command, Input, InstrumentId, Lots, Nanos, NewOrder, OrderKind, Side, StrategyId, TimeInForce, TimerId,
};

const NAME: &str = "test:outside.Joins";

/// Joins the best bid once, `behind` ticks below it.
struct Joins {
    behind: i64,
    done: bool,
}

impl Strategy for Joins {
    fn on_book(&mut self, instrument: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        let book = view.book(instrument);
        let Some(bid) = book.best(Side::Buy).filter(|_| book.is_live() && !self.done) else { return };
        self.done = true;
        wants.place(NewOrder {
            instrument,
            side: Side::Buy,
            kind: OrderKind::PostOnly,
            time_in_force: TimeInForce::GoodTilCancel,
            price: bid.price - self.behind,
            size: Lots(1),
        });
    }
}

fn joins(behind: i64) -> Box<dyn Strategy> {
    Box::new(Joins { behind, done: false })
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

/// A journalled run, in a folder of its own.
fn run(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("quoin-outside-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let mut bytes = Vec::new();
    write_session(session(Kind::Poisson, 5, 1, 0), &mut bytes, |_| {}).expect("memory takes it");
    let recording = Recording::Memory { name: "session".into(), bytes: Arc::from(bytes) };
    let mut prepared = prepare(vec![recording], Config::default(), |_| {}).expect("a run can start");
    prepared.setup.seat_outside(NAME, BTreeMap::from([("behind".into(), 0.0)]));
    let setup = &prepared.setup;
    let journal = Writer::create(&folder, setup.to_json().as_bytes(), Options::default()).expect("a folder");
    let feed = prepared.feed(&Progress::default()).expect("it opens");
    let mut backtest =
        Backtest::with_engine(setup, setup.engine_of(joins(0)), feed, Some(journal)).expect("no files");
    let totals = backtest.run(&mut Nobody, |_| {}).expect("it ends");
    assert_eq!((totals.commands, backtest.totals()), (1, totals));
    backtest.finish().expect("the journal is sealed");
    folder
}

fn divergence(folder: &Path, behind: i64) -> Option<String> {
    let replayed = replay_with(folder, |setup| Ok(setup.engine_of(joins(behind))), &mut Nobody, |_| {})
        .expect("it replays");
    assert_eq!(replayed.setup.config.trading.strategy, NAME);
    assert!(replayed.setup.strategies[0].is_outside());
    replayed.divergence.map(|divergence| format!("{divergence:?}"))
}

#[test]
fn its_journal_is_proved_by_who_has_the_code_and_refused_by_who_has_not() {
    let folder = run("journal");
    assert_eq!(divergence(&folder, 0), None);
    assert!(divergence(&folder, 1).is_some_and(|text| text.contains("Place")));
    let refused = replay(&folder, &mut Nobody, |_| {}).expect_err("the code is not here").to_string();
    assert!(
        refused.starts_with(&format!("the strategy `{NAME}` is code from outside this program")),
        "{refused}"
    );
    let _ = std::fs::remove_dir_all(&folder);
}

/// Wakes itself so long after each time it is woken.
struct Wakes {
    after: Nanos,
}

impl Strategy for Wakes {
    fn on_start(&mut self, view: &View<'_>, wants: &mut Wants) {
        wants.wake_at(view.now(), TimerId(1));
    }

    fn on_timer(&mut self, timer: TimerId, view: &View<'_>, wants: &mut Wants) {
        wants.wake_at(view.now() + self.after, timer);
    }
}

#[test]
fn t_06_a_strategy_that_wakes_itself_now_for_ever_ends_the_run_by_name_and_one_that_waits_does_not() {
    let mut bytes = Vec::new();
    write_session(session(Kind::Poisson, 5, 1, 0), &mut bytes, |_| {}).expect("memory takes it");
    let recording = Recording::Memory { name: "session".into(), bytes: Arc::from(bytes) };
    let mut prepared = prepare(vec![recording], Config::default(), |_| {}).expect("a run can start");
    prepared.setup.seat_outside(NAME, BTreeMap::new());
    let run = |after: Nanos| {
        let feed = prepared.feed(&Progress::default()).expect("it opens");
        let engine = prepared.setup.engine_of(Box::new(Wakes { after }));
        let mut backtest = Backtest::with_engine(&prepared.setup, engine, feed, None).expect("no files");
        backtest.run(&mut Nobody, |_| {})
    };
    let stopped = run(Nanos(0)).expect_err("time would not go on");
    assert!(matches!(stopped, BacktestError::Runaway(StrategyId(0))), "{stopped}");
    assert!(stopped.to_string().contains("let them be due later"), "{stopped}");
    let totals = run(Nanos::from_millis(1)).expect("it ends");
    assert!(totals.commands > 50_000, "a minute of milliseconds: {totals:?}");
}
