//! Sizes by risk through a whole backtest of a recorded day: what is sent follows volatility, within its cap.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of command it is about")]

use engine::Engine;
use runtime::backtest::{Backtest, Observer};
use runtime::source::{Progress, Recording};
use runtime::{Config, prepare};
use testkit::data::recorded;
use types::{Command, Input};

/// A perpetual whose mid moves all the time.
const FILE: &str = "binance-l2/usdm/ethusdt_20240808.gz";
const ORDER_SIZE: i64 = 400;

#[derive(Default)]
struct Sizes(Vec<i64>);

impl Observer for Sizes {
    fn on_step(&mut self, _: &Input, commands: &[Command], _: &Engine) {
        let placed = commands.iter().filter_map(|command| match command {
            Command::Place(place) => Some(place.terms.size.0),
            _ => None,
        });
        self.0.extend(placed);
    }
}

/// The sizes of all orders of a backtest with this risk for each.
fn sizes(order_risk: f64) -> Option<Vec<i64>> {
    let text = format!(
        "[trading]\nstrategy = \"glft\"\n[risk]\nmax_order_size = {ORDER_SIZE}\nmax_position = 4000\n\
         [strategy.glft]\norder_size = {ORDER_SIZE}\norder_risk = {order_risk:?}\nmax_position = 2000\n"
    );
    let config = Config::parse(&text).expect("valid");
    let prepared = prepare(vec![Recording::File(recorded(FILE)?)], config, |_| {}).expect("a run can start");
    let feed = prepared.feed(&Progress::default()).expect("the recording opens");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
    let mut sizes = Sizes::default();
    run.run(&mut sizes, |_| {}).expect("a run ends");
    Some(sizes.0)
}

#[test]
fn orders_of_a_whole_day_are_sized_by_their_risk() {
    let Some(small) = sizes(0.05) else { return };
    let large = sizes(0.1).expect("the same recording");
    let mean = |sizes: &[i64]| sizes.iter().sum::<i64>() as f64 / sizes.len() as f64;
    println!("{} orders of {} lots, {} of {}", small.len(), mean(&small), large.len(), mean(&large));
    assert!(small.len() > 50 && large.len() > 50);
    assert!(small.iter().chain(&large).all(|size| (1..=ORDER_SIZE).contains(size)));
    // Volatility changed by more than the band, and so did sizes; twice the risk is twice the size.
    let distinct = |sizes: &[i64]| sizes.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert!(distinct(&small) > 1 && distinct(&large) > 1);
    let ratio = mean(&large) / mean(&small);
    assert!((1.5..2.5).contains(&ratio), "{ratio}");
    let fixed = sizes(0.0).expect("the same recording");
    assert!(fixed.iter().all(|size| *size <= ORDER_SIZE) && mean(&fixed) > mean(&large));
}
