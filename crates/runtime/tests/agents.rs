//! The market of agents through the doors that users take: a day as a recording, and a run in which they hear us.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use dbn::decode::{DbnMetadata, DecodeRecord};
use runtime::backtest::{Backtest, Observer};
use runtime::calibrate::{Settings, calibrate};
use runtime::market::{MarketFile, Model, play, to_toml};
use runtime::source::Recording;
use runtime::{Config, Prepared, day, prepare, prepare_market};
use std::sync::Arc;
use types::{Command, Event, Flags, Input, Nanos, Outcome};

fn file() -> MarketFile {
    MarketFile::parse("sample.toml".into(), to_toml(&Model::sample())).expect("what is written can be read")
}

fn day_bytes(seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let records = day::write(&file(), seed, Some(900.0), &mut bytes, |_| {}).expect("memory can be written");
    assert!(records > 1_000, "{records}");
    bytes
}

/// Everything the engine heard.
#[derive(Default)]
struct Heard(Vec<Event>, u64, u64);

impl Observer for Heard {
    fn on_step(&mut self, input: &Input, commands: &[Command], _: &engine::Engine) {
        if input.event.is_market() {
            self.0.push(input.event);
        }
        if let Event::Report(report) = input.event {
            self.1 += u64::from(matches!(report.outcome, Outcome::Filled { .. }));
        }
        // Timers run on with the kill switch; orders do not.
        self.2 += commands.iter().filter(|command| !matches!(command, Command::WakeAt { .. })).count() as u64;
    }
}

fn config(strategy: &str, kill_switch: bool) -> Config {
    let mut config = Config::default();
    config.trading.strategy = strategy.into();
    config.risk.kill_switch = kill_switch;
    (config.market.model, config.market.seed, config.market.hours) = ("sample.toml".into(), 5, 0.25);
    config
}

fn run(prepared: &Prepared) -> Heard {
    let market = file().day(&prepared.setup.config.market).expect("a market");
    let mut backtest = Backtest::in_market(&prepared.setup, market, None).expect("a run");
    let mut heard = Heard::default();
    backtest.run(&mut heard, |_| {}).expect("nothing to read");
    heard
}

#[test]
fn a_market_s_file_says_all_of_it() {
    assert_eq!(file().model, Model::sample());
    let refused = MarketFile::parse("x".into(), to_toml(&Model::sample()).replace("part_share", "part_shar"));
    assert!(refused.expect_err("an unknown key").to_string().contains("part_shar"));
}

#[test]
fn a_day_is_a_recording_that_others_read() {
    let bytes = day_bytes(5);
    let mut decoder = dbn::decode::dbn::Decoder::new(bytes.as_slice()).expect("DBN");
    assert_eq!(decoder.metadata().symbols, ["SAMPLE"]);
    let (mut trades, mut adds, mut last) = (0, 0, 0);
    while let Some(record) = decoder.decode_record::<dbn::MboMsg>().expect("whole records") {
        assert!(record.hd.ts_event >= last);
        last = record.hd.ts_event;
        match u8::try_from(record.action).expect("a letter") {
            b'T' => trades += 1,
            b'A' => adds += 1,
            _ => {}
        }
    }
    let mut known = (0, 0);
    let mut market =
        sim::agents::Market::new(&file().model, types::InstrumentId(0), 5, Some(900.0)).expect("a market");
    play(&mut market, |_, event| match event {
        Event::Trade(_) => known.0 += 1,
        Event::Order(delta) if delta.action == types::OrderAction::Add => known.1 += 1,
        _ => {}
    });
    assert_eq!((trades, adds), known);
}

#[test]
fn without_orders_the_run_hears_what_the_day_s_recording_says() {
    let heard = run(&prepare_market(&file(), config("joined_touch", true)).expect("a setup"));
    assert_eq!((heard.1, heard.2), (0, 0), "the kill switch is on");
    let recording = Recording::Memory { name: "day.dbn".into(), bytes: Arc::from(day_bytes(5)) };
    let mut plain = config("joined_touch", true);
    plain.market.model.clear();
    let prepared = prepare(vec![recording], plain, |_| {}).expect("a recording");
    assert_eq!(prepared.survey.files[0].fault_count, 0, "{:?}", prepared.survey.files[0].faults);
    let feed = prepared.feed(&Default::default()).expect("a feed");
    let mut backtest = Backtest::new(&prepared.setup, feed, None).expect("a run");
    let mut recorded = Heard::default();
    backtest.run(&mut recorded, |_| {}).expect("memory can be read");
    let seen = |events: &[Event]| -> Vec<(Nanos, &'static str, i64, i64)> {
        let one = |event: &Event| match event {
            Event::Order(d) if d.action == types::OrderAction::Clear => None,
            Event::Order(d) => {
                let gone = matches!(d.action, types::OrderAction::Delete | types::OrderAction::Reduce);
                let kind = if gone { "less" } else { "order" };
                Some((d.venue_at, kind, d.price.0, d.size.0))
            }
            Event::Trade(t) => Some((t.venue_at, "trade", t.price.0, t.size.0)),
            _ => None,
        };
        events.iter().filter_map(one).collect()
    };
    let (ours, theirs) = (seen(&heard.0), seen(&recorded.0));
    assert!(ours.len() > 1_000);
    assert!(ours == theirs, "{} and {} events", ours.len(), theirs.len());
}

#[test]
fn a_run_hears_its_own_orders_and_repeats() {
    let prepared = prepare_market(&file(), config("joined_touch", false)).expect("a setup");
    let (first, second) = (run(&prepared), run(&prepared));
    assert!(first.0 == second.0 && first.1 == second.1 && first.2 == second.2);
    assert!(first.1 > 0 && first.2 > 10, "{} fills, {} commands", first.1, first.2);
    let quiet = run(&prepare_market(&file(), config("joined_touch", true)).expect("a setup"));
    assert!(first.0 != quiet.0, "our orders are among the market's");
    let ends = first.0.iter().filter(|event| event.flags().has(Flags::LAST)).count();
    assert!(ends > 1_000);
}

#[test]
fn recordings_refuse_a_setup_that_names_a_market() {
    let prepared = prepare_market(&file(), config("joined_touch", false)).expect("a setup");
    let feed = prepared.feed(&Default::default()).expect("no recording");
    let refused = Backtest::new(&prepared.setup, feed, None).expect_err("a market elsewhere");
    assert!(refused.to_string().contains("quoin backtest"), "{refused}");
}

#[test]
fn calibration_finds_the_agents_again() {
    let mut bytes = Vec::new();
    day::write(&file(), 11, Some(4.0 * 3_600.0), &mut bytes, |_| {}).expect("memory can be written");
    let recording = Recording::Memory { name: "day.dbn".into(), bytes: Arc::from(bytes) };
    let prepared = prepare(vec![recording], Config::default(), |_| {}).expect("a recording");
    let id = prepared.setup.strategies[0].traded[0];
    // All levels: nothing is out of sight. The state has a say, which the process alone takes for excitement.
    let settings = Settings { levels: 1_000, decays: vec![0.2, 5.0], ..Settings::default() };
    let found = calibrate(&prepared, id, &settings, |_| {}).expect("a calibration");
    let (made, model) = (Model::sample(), &found.model);
    let near = |what: &str, found: f64, made: f64, by: f64| {
        assert!((found - made).abs() <= by, "{what}: {found} is not {made}");
    };
    near("takes that clear 65 to 128 lots", model.takers.clears[7], made.takers.clears[7], 0.12);
    near("takes beyond", model.takers.beyond_share, made.takers.beyond_share, 0.06);
    near("parts", model.cancellers.part_share, made.cancellers.part_share, 0.03);
    let ratio = made.check().expect("a process").spectral_radius();
    near("branching ratio", model.provenance.branching_ratio, ratio, 0.12);
    let old = |m: &Model| m.cancellers.hazards[3][6];
    assert!(
        old(model) < model.cancellers.hazards[3][1] / 4.0,
        "the old leave less: {:?}",
        model.cancellers.hazards[3]
    );
    assert!(
        model.excitement.other_side[2][0].iter().sum::<f64>() > 0.3,
        "a take drives the other side's orders off"
    );
    // Takes clear the best price as often as their habits say, and the model makes a day.
    let facts = runtime::market::facts("again", model, 1, Some(3_600.0), 10).expect("a market");
    let again = facts.expect("a day");
    let recorded = runtime::facts::of_recording(&prepared, id, 10, [Nanos::MIN, Nanos::MAX], |_| {});
    let recorded = recorded.expect("memory can be read").expect("a day");
    for (what, a, b) in [
        ("spread", again.spread.value, recorded.spread.value),
        ("places", again.place_rate.value, recorded.place_rate.value),
        ("best size", again.touch_size.value, recorded.touch_size.value),
    ] {
        assert!((a / b - 1.0).abs() < 0.5, "{what}: {a} is not {b}");
    }
}
