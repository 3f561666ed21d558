//! Sessions as tapes of inputs: what an engine was told in a backtest, with what a desk's day adds to it.

#![allow(dead_code, reason = "each test uses its part")]

use engine::Engine;
use runtime::backtest::{Backtest, Observer};
use runtime::generate::{Kind, session, write_session};
use runtime::source::{Progress, Recording};
use runtime::{Config, Setup, prepare};
use stdx::Prng;
use types::{
    Action, Cash, CashKind, Clock, ClockState, Command, Event, Gap, Input, InstrumentId, Liquidity, Lots,
    Money, Nanos, Operator, OrderId, Outcome, PersonId, Phase, Report, Restriction, Scope, Seq, Session,
    SessionChange, Status, StrategyId, Ticks, VenueId,
};

/// A run's setup and what its engine was told.
pub(crate) struct Tape {
    pub(crate) setup: Setup,
    pub(crate) inputs: Vec<Input>,
}

struct Ear(Vec<Input>);

impl Observer for Ear {
    fn on_step(&mut self, input: &Input, _: &[Command], _: &Engine) {
        self.0.push(*input);
    }
}

/// A generated session of two futures; with losses, its books go stale and recover.
pub(crate) fn generated(seed: u64, minutes: u32, loss_ppm: u32) -> Recording {
    let mut bytes = Vec::new();
    let config = session(Kind::QueueReactive, seed, minutes, loss_ppm);
    write_session(config, &mut bytes, |_| {}).expect("memory does not fail");
    Recording::Memory { name: format!("seed {seed}"), bytes: bytes.into() }
}

/// Runs the recordings, and keeps what the engine was told.
pub(crate) fn tape(recordings: Vec<Recording>, config: &str) -> Tape {
    let config = Config::parse(config).expect("valid");
    let prepared = prepare(recordings, config, |_| {}).expect("a run can start");
    let feed = prepared.feed(&Progress::default()).expect("the recordings open");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
    let mut ear = Ear(Vec::new());
    run.run(&mut ear, |_| {}).expect("a run ends");
    Tape { setup: prepared.setup, inputs: ear.0 }
}

/// Whom a request may be for.
fn scope(prng: &mut Prng) -> Scope {
    match prng.below(5) {
        0 => Scope::Strategy(StrategyId(0)),
        1 => Scope::Venue(VenueId(0)),
        2 => Scope::Instrument(InstrumentId(0)),
        3 => Scope::Account(types::AccountId(0)),
        _ => Scope::Firm,
    }
}

fn action(prng: &mut Prng) -> Action {
    let instrument = InstrumentId(0);
    match prng.below(8) {
        0 => Action::Kill(scope(prng)),
        1 | 2 => Action::Reset(scope(prng)),
        3 => Action::ReduceOnly(scope(prng), prng.chance(0.3)),
        4 => Action::CancelAll(scope(prng)),
        5 => Action::Restrict { instrument, how: Restriction::None },
        6 => Action::Restrict { instrument, how: Restriction::HardToBorrow },
        _ => Action::RequestBust { order: OrderId(0), fill: 1 },
    }
}

/// Something that a day on a desk brings and a backtest does not.
pub(crate) fn incident(prng: &mut Prng, near: &Input, request: u32) -> Vec<Event> {
    let (at, venue, instrument) = (near.received_at, VenueId(0), InstrumentId(0));
    let order = OrderId(u32::try_from(prng.below(400)).expect("small"));
    let said = |outcome| Report { venue_at: at, order, instrument, outcome };
    match prng.below(9) {
        0 => vec![Event::Gap(Gap { venue_at: at, expected: 1, received: 2, instrument: Some(instrument) })],
        1 => [Phase::Halted, Phase::Open]
            .map(|phase| Event::Status(Status { venue_at: at, instrument: Some(instrument), phase }))
            .to_vec(),
        2 | 3 => {
            let action = action(prng);
            let mut text = [0; types::operator::REASON_BYTES];
            text[..4].copy_from_slice(b"test");
            vec![
                Event::Operator(Operator::Reason { request, part: 0, text }),
                Event::Operator(Operator::Request { request, by: PersonId(0), action }),
                Event::Operator(Operator::Confirm { request, by: PersonId(1) }),
            ]
        }
        4 => [SessionChange::Disconnected, SessionChange::Connected, SessionChange::Recovered]
            .map(|change| Event::Session(Session { at, venue, change }))
            .to_vec(),
        5 => vec![Event::DropCopy(said(Outcome::Filled {
            price: Ticks(20_000),
            size: Lots(1),
            fill: u32::try_from(prng.below(50)).expect("small"),
            liquidity: Liquidity::Maker,
        }))],
        6 => vec![Event::Report(said(Outcome::Listed { size: Lots(1), filled: Lots(0), open: true }))],
        7 => vec![Event::Cash(Cash::new(at, instrument, CashKind::Fee, Money::ONE * -3))],
        _ => vec![Event::Clock(Clock { wall_at: at, divergence: Nanos(5), state: ClockState::Good })],
    }
}

/// The tape with incidents in it, about one in so many inputs, numbered anew.
pub(crate) fn with_incidents(inputs: &[Input], one_in: u64, seed: u64) -> Vec<Input> {
    let mut prng = Prng::new(seed).fork("incidents");
    let mut day = Vec::with_capacity(inputs.len() + inputs.len() / 16);
    let mut request = 0;
    for input in inputs {
        day.push(*input);
        if prng.below(one_in) == 0 {
            request += 1;
            let events = incident(&mut prng, input, request);
            day.extend(events.into_iter().map(|event| Input { event, ..*input }));
        }
    }
    for (seq, input) in (0..).zip(&mut day) {
        input.seq = Seq(seq);
    }
    day
}

/// A strategy with a bug in it: it breaks on the trade that comes at a moment. Otherwise it does nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planted {
    pub(crate) at: Nanos,
}

impl engine::Strategy for Planted {
    fn on_trade(&mut self, trade: &types::Trade, view: &engine::View<'_>, _: &mut engine::Wants) {
        let _ = trade;
        assert!(view.now() != self.at, "a planted bug");
    }

    fn save(&self, _: &mut Vec<u8>) -> Result<(), engine::Unsaved> {
        Ok(())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), engine::StateError> {
        Ok(())
    }
}

/// The setup's engine with that strategy beside nobody.
pub(crate) fn engine_with(setup: &Setup, planted: Planted) -> Engine {
    setup.engine_of(Box::new(planted))
}
