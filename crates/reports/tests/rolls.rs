//! A chain of two generated contracts through whole runs: when it rolls, by which orders, and what the report says of it.

use engine::Engine;
use reports::Report;
use reports::run::{Watch, faults};
use runtime::backtest::{Backtest, Observer};
use runtime::generate::{Kind, session, write_session};
use runtime::source::{Progress, Recording};
use runtime::{Config, moment, prepare, replay};
use std::path::Path;
use testkit::data::recorded;
use types::{Command, Event, Input, InstrumentId, Nanos, OrderId, Outcome, TimeInForce};

const OLD: InstrumentId = InstrumentId(0);
const NEW: InstrumentId = InstrumentId(1);

/// Six minutes of ESH6 and ESM6, as busy as is said.
fn recording(starts_at: Nanos, pace: [f64; 2], seed: u64) -> Recording {
    let mut config = session(Kind::QueueReactive, seed, 6, 0);
    config.starts_at = starts_at;
    config.products[1] = config.products[0].clone();
    config.products[1].symbol = "ESM6".into();
    config.products[1].security = 103;
    config.products[1].opens_at = types::Ticks(27_850);
    for (product, pace) in config.products.iter_mut().zip(pace) {
        product.pace = pace;
    }
    let mut bytes = Vec::new();
    write_session(config, &mut bytes, |_| {}).expect("memory does not fail");
    Recording::Memory { name: "two contracts".into(), bytes: bytes.into() }
}

/// What an orders' clerk sees: by contract the position, and every order with its moment.
#[derive(Default)]
struct Clerk {
    position: [i64; 2],
    /// When, in what, by which order, and whether it is one that takes.
    placed: Vec<(Nanos, InstrumentId, OrderId, bool)>,
    /// What the market traded: when we heard of it, in what, how much.
    traded: Vec<(Nanos, InstrumentId, i64)>,
    /// Both positions after each fill.
    together: Vec<(Nanos, [i64; 2])>,
}

struct Eyes<'a>(&'a mut Clerk, &'a mut Watch);

impl Observer for Eyes<'_> {
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        self.1.on_step(input, commands, engine);
        for command in commands {
            if let Command::Place(place) = command {
                let takes = place.terms.time_in_force == TimeInForce::ImmediateOrCancel;
                self.0.placed.push((input.received_at, place.terms.instrument, place.order, takes));
                assert_eq!(engine.purpose(place.order), None, "nobody has heard of it yet");
            }
        }
        if let Event::Trade(trade) = &input.event {
            self.0.traded.push((input.received_at, trade.instrument, trade.size.0));
        }
        if let Event::Report(report) = &input.event
            && matches!(report.outcome, Outcome::Filled { .. })
        {
            for id in [OLD, NEW] {
                self.0.position[id.index()] = engine.portfolio().position(id).0;
            }
            self.0.together.push((input.received_at, self.0.position));
            let takes = self.0.placed.iter().any(|placed| placed.2 == report.order && placed.3);
            assert_eq!(engine.purpose(report.order), takes.then_some("roll"), "the maker never takes");
        }
    }
}

fn run(recordings: Vec<Recording>, roll: &str, journal: Option<&Path>) -> (Report, Clerk) {
    let text = format!(
        "[trading]\nstrategy = \"joined_touch\"\nsymbols = [\"ES\"]\n[fees]\nexchange_fee_per_lot = 1.25\n\
         [strategy.joined_touch]\norder_size = 3\nmax_position = 9\n\
         [[roll]]\nname = \"ES\"\nsymbols = [\"ESH6\", \"ESM6\"]\n{roll}"
    );
    let prepared =
        prepare(recordings, Config::parse(&text).expect("valid"), |_| {}).expect("a run can start");
    assert_eq!(prepared.setup.strategies[0].traded, [OLD, NEW]);
    let writer = journal.map(|folder| {
        let options = journal::Options { replace: true, ..journal::Options::default() };
        journal::Writer::create(folder, prepared.setup.to_json().as_bytes(), options).expect("writable")
    });
    let feed = prepared.feed(&Progress::default()).expect("the recordings open");
    let mut backtest = Backtest::new(&prepared.setup, feed, writer).expect("a run starts");
    let (mut clerk, mut watch) = (Clerk::default(), Watch::new(&prepared.setup));
    backtest.run(&mut Eyes(&mut clerk, &mut watch), |_| {}).expect("a run ends");
    let (engine, _) = backtest.finish().expect("the journal is sealed");
    let report = watch.finish(&engine, None, faults(&prepared));
    (report, clerk)
}

/// Nothing is placed in the new contract before the moment, and in the old one only what closes it after.
fn check_roll(clerk: &Clerk, at: Nanos) {
    for (placed_at, instrument, order, takes) in &clerk.placed {
        match (*instrument == OLD, *placed_at < at) {
            (true, true) => assert!(!takes, "order {order} takes before the roll"),
            (true, false) => assert!(takes, "order {order} quotes the old contract"),
            (false, before) => assert!(!before, "order {order} is in the new contract before the roll"),
        }
    }
    let before: Vec<_> = clerk.together.iter().filter(|fill| fill.0 < at).collect();
    let carried = before.last().map_or(0, |fill| fill.1[0]);
    assert!(before.len() > 20, "{} fills before the roll", before.len());
    // Between the moment and the first quote in the new one the two together never hold more than was carried.
    let quoted =
        clerk.placed.iter().find(|placed| placed.1 == NEW && !placed.3).expect("quotes in the new one").0;
    for (_, position) in clerk.together.iter().filter(|fill| (at..quoted).contains(&fill.0)) {
        assert!(
            position[0].abs().max(position[1].abs()) <= 9 && position.iter().all(|held| held * carried >= 0),
            "{position:?}"
        );
    }
    assert_eq!(clerk.position[0], 0, "nothing is left in the old contract");
    assert!(clerk.together.iter().filter(|fill| fill.0 > quoted).count() > 20, "it trades on in the new one");
}

#[test]
fn at_a_moment_quotes_are_pulled_and_the_position_is_carried_over_at_a_cost_that_is_told() {
    let starts_at = moment::parse("2026-01-05T14:30:00Z").expect("a moment");
    let at = moment::parse("2026-01-05T14:33:00Z").expect("a moment");
    let roll = "rule = \"date\"\nmoments = [\"2026-01-05T14:33:00Z\"]\n";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("roll");
    let mut rolled = 0;
    for seed in [1, 2, 3] {
        let (report, clerk) = run(vec![recording(starts_at, [1.0, 1.0], seed)], roll, Some(&folder));
        check_roll(&clerk, at);
        let took = |placed: &&(Nanos, InstrumentId, OrderId, bool)| placed.3;
        if let Some(costs) = report.rolls {
            rolled += 1;
            assert!(clerk.placed.iter().filter(took).count() >= 2);
            // Two sides of what was carried, crossed at half a tick or more (6.25 a lot), and 1.25 a lot in fees.
            assert!(costs.lots % 2 == 0 && costs.lots > 0, "{costs:?}");
            assert_eq!(
                costs.fees.0,
                types::Money::from_nanos(1_250_000_000) * i64::try_from(costs.lots).expect("few")
            );
            assert!(
                costs.crossed.0
                    >= types::Money::from_nanos(6_250_000_000) * i64::try_from(costs.lots).expect("few"),
                "{costs:?}"
            );
            assert!(report.summary().iter().any(|(_, rows)| rows.iter().any(|row| row.0 == "Cost of rolls")));
        } else {
            assert_eq!(clerk.placed.iter().filter(took).count(), 0, "flat at the roll");
        }
        // The journal alone gives the same commands, rolls included.
        let replayed = replay(&folder, &mut Nobody, |_| {}).expect("readable");
        assert_eq!(replayed.divergence, None);
    }
    assert!(rolled >= 2, "{rolled} of three had a position to carry");
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

/// Three minutes before midnight and three after it: the contract that traded more before is traded after, whatever comes.
#[test]
fn by_volume_it_rolls_when_the_day_after_begins_by_what_was_traded_before() {
    let midnight = moment::parse("2026-01-06").expect("a date");
    let starts_at = Nanos(midnight.0 - Nanos::from_secs(180).0);
    let mut rolled = 0;
    for (seed, pace) in [(5, [0.5, 1.0]), (6, [1.0, 0.5]), (7, [1.0, 1.0]), (8, [1.0, 1.0]), (9, [1.0, 1.0])]
    {
        let (report, clerk) = run(vec![recording(starts_at, pace, seed)], "rule = \"volume\"\n", None);
        let volume = |id: InstrumentId| {
            let before = clerk.traded.iter().filter(|trade| trade.0 < midnight && trade.1 == id);
            before.map(|trade| trade.2).sum::<i64>()
        };
        if volume(NEW) > volume(OLD) {
            rolled += 1;
            check_roll(&clerk, midnight);
        } else {
            assert!(
                report.rolls.is_none() && clerk.placed.iter().all(|placed| placed.1 == OLD),
                "seed {seed}"
            );
            assert!(clerk.placed.iter().any(|placed| placed.0 > midnight), "seed {seed}");
        }
        assert!(report.caveats.iter().any(|said| said.starts_with("ES is ESH6, ESM6 one after the other")));
    }
    assert!((1..5).contains(&rolled), "{rolled} of five rolled");
}

/// A recorded run over two contracts in one coin: the spot market and the perpetual stand for two maturities, of which no
/// recording at hand has named ones.
#[test]
fn two_recorded_contracts_are_traded_one_after_the_other() {
    let files = ["binance-l2/spot/btcusdt_20240808.gz", "binance-l2/usdm/btcusdt_20240808.gz"].map(recorded);
    let [Some(spot), Some(perpetual)] = files else { return };
    let recordings = || vec![Recording::File(spot.clone()), Recording::File(perpetual.clone())];
    let middle = "2024-08-08T23:57:00Z";
    let (old, new) = ("binance-spot/BTCUSDT", "binance-usdm/BTCUSDT");
    let run = || {
        let text = format!(
            "[trading]\nstrategy = \"joined_touch\"\nsymbols = [\"coin\"]\n\
             [[roll]]\nname = \"coin\"\nsymbols = [\"{old}\", \"{new}\"]\nrule = \"date\"\nmoments = [\"{middle}\"]\n"
        );
        let config = Config::parse(&text).expect("valid");
        let prepared = prepare(recordings(), config, |_| {}).expect("a run can start");
        let ids = [prepared.setup.strategies[0].traded[0], prepared.setup.strategies[0].traded[1]];
        let venue = |id: InstrumentId| prepared.setup.instruments[id.index()].terms().venue.clone();
        assert_eq!(ids.map(venue), ["binance-spot", "binance-usdm"]);
        let feed = prepared.feed(&Progress::default()).expect("the recording opens");
        let mut backtest = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
        let mut placed = Placed(Vec::new());
        backtest.run(&mut placed, |_| {}).expect("a run ends");
        (ids, placed.0, backtest.engine().portfolio().position(ids[0]))
    };
    let ([old, new], placed, left) = run();
    let at = moment::parse(middle).expect("a moment");
    assert_eq!(left, types::Lots::ZERO, "nothing is left in the old contract");
    assert!(placed.iter().any(|order| order.1 == old) && placed.iter().any(|order| order.1 == new));
    for (placed_at, instrument, takes) in &placed {
        let allowed =
            if *placed_at < at { *instrument == old && !takes } else { *instrument == new || *takes };
        assert!(allowed, "{} {instrument} {takes}", moment::rfc3339(*placed_at));
    }
    assert_eq!(run().1, placed);
}

/// When what was placed, and whether it takes.
struct Placed(Vec<(Nanos, InstrumentId, bool)>);

impl Observer for Placed {
    fn on_step(&mut self, input: &Input, commands: &[Command], _: &Engine) {
        for command in commands {
            if let Command::Place(place) = command {
                let takes = place.terms.time_in_force == TimeInForce::ImmediateOrCancel;
                self.0.push((input.received_at, place.terms.instrument, takes));
            }
        }
    }
}
