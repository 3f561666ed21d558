//! A venue that is told nonsense: it never panics, and never gives what was not asked for.

mod common;

use common::instruments;
use sim::market::Product;
use sim::venue::allocation::{Allocation, ProRata, Top};
use sim::venue::impact::ImpactTerms;
use sim::{QueueModel, SelfMatch, Venue, VenueConfig};
use std::collections::BTreeMap;
use stdx::Prng;
use types::{
    Command, Event, Flags, Gap, InstrumentId, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, NewOrder,
};
use types::{
    OrderAction, OrderDelta, OrderId, OrderKind, Outcome, Peg, Phase, PlaceOrder, Report, Side, Status,
};
use types::{StrategyId, Ticks, TimeInForce, Trade};

fn pick<T: Copy>(prng: &mut Prng, all: &[T]) -> T {
    all[usize::try_from(prng.below(all.len() as u64)).expect("an index")]
}

/// Mostly small and near, now and then as far as a number goes.
fn number(prng: &mut Prng, low: i64, high: i64) -> i64 {
    match prng.below(200) {
        0 => i64::MAX,
        1 => i64::MIN,
        2 => 0,
        3 => -1,
        _ => prng.between(low, high),
    }
}

fn side(prng: &mut Prng) -> Side {
    pick(prng, &Side::BOTH)
}

/// The third does not exist.
fn instrument(prng: &mut Prng) -> InstrumentId {
    InstrumentId(pick(prng, &[0, 0, 0, 1, 1, 2]))
}

fn flags(prng: &mut Prng) -> Flags {
    Flags(match prng.below(10) {
        0 => 0,
        1 => u8::try_from(prng.below(32)).expect("five bits"),
        _ => Flags::LAST.0,
    })
}

fn event(prng: &mut Prng, by_order: bool) -> Event {
    let venue_at = Nanos(number(prng, 0, 1_000));
    let (instrument, side, flags) = (instrument(prng), side(prng), flags(prng));
    // Mostly uncrossed, or nothing is ever live.
    let (low, high) = match (prng.chance(0.95), side) {
        (true, Side::Buy) => (95, 100),
        (true, Side::Sell) => (101, 105),
        (false, _) => (95, 105),
    };
    let (price, size) = (Ticks(number(prng, low, high)), Lots(number(prng, 1, 20)));
    match prng.below(1_000) {
        0 => Event::Gap(Gap { venue_at, expected: 0, received: 1, instrument: Some(instrument) }),
        1..=10 => Event::Status(Status {
            venue_at,
            instrument: prng.chance(0.5).then_some(instrument),
            phase: pick(
                prng,
                &[
                    Phase::Open,
                    Phase::Open,
                    Phase::Open,
                    Phase::Open,
                    Phase::PreOpen,
                    Phase::Halted,
                    Phase::Closed,
                ],
            ),
        }),
        11..=200 => Event::Trade(Trade {
            venue_at,
            price,
            size,
            id: 0,
            instrument,
            price_fraction: pick(prng, &[0, 0, 5_000]),
            aggressor: pick(prng, &[None, Some(Side::Buy), Some(Side::Sell)]),
            flags,
        }),
        _ if by_order => Event::Order(OrderDelta {
            venue_at,
            order: MarketOrderId(prng.below(40)),
            price,
            size,
            instrument,
            side,
            action: match prng.below(40) {
                0 => OrderAction::Clear,
                1..=15 => OrderAction::Add,
                16..=20 => OrderAction::Modify,
                21..=25 => OrderAction::Reduce,
                26..=32 => OrderAction::Delete,
                _ => OrderAction::Fill,
            },
            flags,
        }),
        _ => Event::Level(LevelDelta {
            venue_at,
            price,
            size,
            orders: 1,
            instrument,
            side,
            action: match prng.below(40) {
                0 => LevelAction::Clear,
                1 => LevelAction::DeleteThru,
                2 => LevelAction::DeleteFrom,
                3..=14 => LevelAction::Delete,
                _ => LevelAction::Set,
            },
            depth: u8::try_from(prng.below(4)).expect("small"),
            flags,
        }),
    }
}

fn kind(prng: &mut Prng) -> OrderKind {
    let trigger = Ticks(number(prng, 95, 105));
    let shown = Lots(number(prng, 1, 5));
    let to = pick(prng, &[Peg::Own, Peg::Opposite, Peg::Mid]);
    let offset = pick(prng, &[-1, 0, 0, 1, i32::MIN, i32::MAX]);
    let limit = OrderKind::Limit;
    let kinds = [
        limit,
        limit,
        OrderKind::Market,
        OrderKind::PostOnly,
        OrderKind::Stop { trigger },
        OrderKind::StopLimit { trigger },
        OrderKind::Iceberg { shown },
        OrderKind::Pegged { to, offset },
    ];
    pick(prng, &kinds)
}

/// Any rule, for either instrument.
fn allocation(prng: &mut Prng) -> Allocation {
    let by_size = ProRata {
        fifo_percent: pick(prng, &[0, 40, 100, 255]),
        minimum: Lots(number(prng, 0, 3)),
        levelling: prng.chance(0.5),
    };
    Allocation {
        top: pick(prng, &[None, Some(Top::WHOLE), Some(Top { least: Lots(3), most: Lots(4) })]),
        lead_market_makers: prng.chance(0.5),
        pro_rata: pick(prng, &[None, Some(by_size)]),
    }
}

fn command(prng: &mut Prng, next: &mut u32) -> Command {
    let instrument = instrument(prng);
    let order = OrderId(u32::try_from(prng.below(u64::from(*next) + 1)).expect("an order"));
    let (price, size) = (Ticks(number(prng, 95, 105)), Lots(number(prng, 1, 20)));
    match prng.below(4) {
        0 => Command::Cancel { order, instrument },
        1 => Command::Replace { order, instrument, price, size },
        _ => {
            *next += 1;
            Command::Place(PlaceOrder {
                order: OrderId(*next),
                strategy: StrategyId(0),
                terms: NewOrder {
                    instrument,
                    side: side(prng),
                    kind: kind(prng),
                    time_in_force: pick(
                        prng,
                        &[
                            TimeInForce::GoodTilCancel,
                            TimeInForce::GoodTilCancel,
                            TimeInForce::ImmediateOrCancel,
                            TimeInForce::FillOrKill,
                        ],
                    ),
                    price,
                    size,
                },
            })
        }
    }
}

/// What we know of an order from its reports alone.
#[derive(Debug, Default)]
struct Life {
    side: Option<Side>,
    limit: Ticks,
    size: Lots,
    filled: Lots,
    open: bool,
}

/// Holds every report against what was asked for.
#[derive(Debug, Default)]
struct Lives {
    orders: BTreeMap<u32, Life>,
    fills: u32,
}

impl Lives {
    fn hear(&mut self, report: &Report) {
        let life = self.orders.entry(report.order.0).or_default();
        match report.outcome {
            Outcome::Accepted => {
                assert!(!life.open);
                life.open = true;
            }
            Outcome::Rejected(_)
            | Outcome::CancelRejected(_)
            | Outcome::ReplaceRejected(_)
            | Outcome::Listed { .. }
            | Outcome::NotListed
            | Outcome::Busted { .. } => {}
            Outcome::Filled { price, size, fill, .. } => {
                assert!(life.open, "a fill of a closed order: {report:?}");
                assert!(size > Lots::ZERO);
                let side = life.side.expect("it was placed");
                assert!(life.limit.crosses(price, side), "worse than its limit: {report:?} {life:?}");
                life.filled += size;
                assert!(life.filled <= life.size, "more than it wanted: {report:?} {life:?}");
                life.open = life.filled < life.size;
                assert_eq!(fill, self.fills, "fills are numbered in their order");
                self.fills += 1;
            }
            Outcome::Canceled => {
                assert!(life.open, "gone twice: {report:?}");
                life.open = false;
            }
            Outcome::Replaced { price, size } => {
                assert!(life.open && size > life.filled);
                (life.limit, life.size) = (price, size);
            }
        }
    }
}

#[test]
fn whatever_it_is_told_it_gives_no_more_than_was_asked_for() {
    let models =
        [QueueModel::Pessimistic, QueueModel::Power { exponent: 3.0 }, QueueModel::Log { unit: 1.0 }];
    let modes =
        [SelfMatch::CancelNewest, SelfMatch::CancelOldest, SelfMatch::CancelBoth, SelfMatch::Decrement];
    let mut fills = 0;
    for seed in 0..200 {
        let mut prng = Prng::new(seed);
        let config = VenueConfig {
            queue: models[usize::try_from(seed % 3).expect("small")],
            partial_fills: seed % 5 != 0,
            reject_ppm: 10_000,
            depth_max: (seed % 7 == 0).then_some(3),
            self_match: modes[usize::try_from(seed % 4).expect("small")],
            auctions: seed % 3 == 0,
            impact: (seed % 11 == 0).then_some(ImpactTerms { ticks_per_lot: 0.1, decay: Nanos(5) }),
            large_share: 0.1,
        };
        let products = [Product::es(), Product::nq()];
        let mut venue = Venue::new(&instruments(&products), config, prng.fork("venue"));
        if seed % 2 == 1 {
            let rules = [allocation(&mut prng), allocation(&mut prng)];
            (0..2).for_each(|row| venue.allocate(InstrumentId(row), rules[usize::from(row != 0)], 30));
        }
        let (mut lives, mut reports, mut next) = (Lives::default(), Vec::new(), 0);
        for _ in 0..5_000 {
            if prng.chance(0.2) {
                let command = command(&mut prng, &mut next);
                if let Command::Place(place) = command {
                    let life = lives.orders.entry(place.order.0).or_default();
                    (life.side, life.limit) = (Some(place.terms.side), place.terms.price);
                    life.size = place.terms.size;
                }
                venue.on_command(Nanos(0), &command, &mut reports);
                assert!(!reports.is_empty(), "every command is answered");
            } else {
                venue.on_market(Nanos(0), &event(&mut prng, seed % 2 == 0), &mut reports);
            }
            reports.drain(..).for_each(|report| lives.hear(&report));
        }
        let open = lives.orders.values().filter(|life| life.open).count();
        let resting = [0, 1].map(|row| {
            venue.open_orders(InstrumentId(row)).count() + venue.waiting_orders(InstrumentId(row))
        });
        assert_eq!(resting.iter().sum::<usize>(), open, "seed {seed}");
        fills += lives.fills;
    }
    assert!(fills > 10_000, "{fills} fills");
}
