//! What risk's measures make the machine do in the step in which they are exceeded.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of command it is about")]

mod common;

use common::{Desk, ESM6, NQM6, desk_with, limit, quoting, report};
use engine::Want;
use risk::{Level, LimitId, Limits};
use types::{
    AlertKind, Command, Event, Flags, InstrumentId, Lots, NewOrder, OrderId, Outcome, Scope, Side,
    StrategyId, Ticks, Trade,
};

const SECOND: i64 = 1_000_000_000;

/// The whole lot of an order, as the fill of its own number.
fn filled(order: OrderId) -> Event {
    let liquidity = types::Liquidity::Maker;
    report(order.0, Outcome::Filled { price: Ticks(100), size: Lots(1), fill: order.0 + 1, liquidity })
}

/// Two strategies that buy one lot at 100 in each future at every book of the first; what each has open is accepted.
fn two(limits: &Limits) -> Desk {
    let buys = || {
        let other = NewOrder { instrument: NQM6, ..limit(Side::Buy, 100, 1) };
        quoting(vec![Want::Place(limit(Side::Buy, 100, 1)), Want::Place(other)]).0
    };
    let both = vec![ESM6, NQM6];
    let mut desk = desk_with(limits.clone(), vec![(buys(), both.clone()), (buys(), both)]);
    desk.market(NQM6, 100, 101);
    desk
}

fn canceled(commands: &[Command]) -> Vec<OrderId> {
    let of = |command: &Command| match command {
        Command::Cancel { order, .. } => Some(*order),
        _ => None,
    };
    commands.iter().filter_map(of).collect()
}

fn alerts(commands: &[Command]) -> Vec<(AlertKind, Scope, i64)> {
    let of = |command: &Command| match *command {
        Command::Alert { kind, scope, value } => Some((kind, scope, value)),
        _ => None,
    };
    commands.iter().filter_map(of).collect()
}

/// The open orders of a strategy in an instrument, as the machine has them.
fn open(desk: &Desk, strategy: StrategyId, instrument: InstrumentId) -> Vec<OrderId> {
    let orders = desk.engine.orders().open();
    let own = orders.filter(|order| order.strategy == strategy && order.terms.instrument == instrument);
    own.map(|order| order.id).collect()
}

#[test]
fn rc_36_a_burst_of_fills_cancels_the_strategy_s_orders_in_the_instrument_in_the_same_step() {
    let mut limits = Limits::wide();
    limits.every(Level::Strategy, LimitId::ProtectionFills, 1);
    limits.every(Level::Strategy, LimitId::ProtectionWindow, SECOND);
    let mut desk = two(&limits);
    for _ in 0..3 {
        desk.market(ESM6, 100, 101);
    }
    let (first, second) = (StrategyId(0), StrategyId(1));
    let [mine, other, elsewhere] =
        [(first, ESM6), (second, ESM6), (first, NQM6)].map(|(s, i)| open(&desk, s, i));
    assert!(mine.len() >= 3 && other.len() == mine.len() && elsewhere.len() == mine.len());
    let commands = desk.input(filled(mine[0]));
    assert!(canceled(&commands).is_empty());
    let commands = desk.input(filled(mine[1]));
    assert_eq!(canceled(&commands), mine[2..], "and nobody else's, and nothing elsewhere");
    assert_eq!(alerts(&commands), [(AlertKind::Halted, Scope::Strategy(first), 36)]);
    // At the next book it is refused, and the other one is not.
    let placed: Vec<_> = desk.market(ESM6, 100, 101);
    let by = |strategy: StrategyId| {
        let places =
            placed.iter().filter(|c| matches!(c, Command::Place(place) if place.terms.instrument == ESM6));
        places
            .filter(
                |c| matches!(c, Command::Place(place) if open(&desk, strategy, ESM6).contains(&place.order)),
            )
            .count()
    };
    assert!(by(first) == 0 && by(second) > 0, "{placed:?}");
}

#[test]
fn rc_18_a_stop_cancels_what_would_add_to_the_position_in_the_same_step() {
    let mut limits = Limits::wide();
    // A tick is worth 12.50.
    limits.every(Level::Strategy, LimitId::StopLoss, 100 * SECOND);
    let mut desk = two(&limits);
    desk.market(ESM6, 100, 101);
    desk.market(ESM6, 100, 101);
    let first = StrategyId(0);
    let mine = open(&desk, first, ESM6);
    desk.input(filled(mine[0]));
    let commands = desk.market(ESM6, 93, 94);
    assert!(alerts(&commands).is_empty(), "81.25 may be lost: {commands:?}");
    let rest = open(&desk, first, ESM6);
    let commands = desk.market(ESM6, 91, 92);
    assert_eq!(alerts(&commands), [(AlertKind::Halted, Scope::Strategy(first), 18)]);
    assert_eq!(canceled(&commands), rest);
    assert!(!rest.is_empty());
}

#[test]
fn rc_22_what_the_market_trades_is_what_participation_is_a_share_of() {
    let mut limits = Limits::wide();
    limits.every(Level::Instrument, LimitId::ParticipationWindow, 3_600 * SECOND);
    limits.every(Level::Strategy, LimitId::Participation, 100_000);
    limits.every(Level::Strategy, LimitId::ParticipationFree, 0);
    let mut desk = two(&limits);
    let places = |commands: Vec<Command>| {
        commands
            .iter()
            .filter(|c| matches!(c, Command::Place(place) if place.terms.instrument == ESM6))
            .count()
    };
    assert_eq!(places(desk.market(ESM6, 100, 101)), 0, "nothing traded yet");
    desk.input(Event::Trade(Trade {
        venue_at: types::Nanos(0),
        price: Ticks(101),
        size: Lots(10),
        id: 1,
        instrument: ESM6,
        price_fraction: 0,
        aggressor: Some(Side::Buy),
        flags: Flags::NONE,
    }));
    assert_eq!(places(desk.market(ESM6, 100, 101)), 2, "one lot each of ten");
    assert_eq!(places(desk.market(ESM6, 100, 101)), 0, "and no more");
}
