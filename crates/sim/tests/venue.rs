//! Every rule of the venue, as tables: what happens, and what is reported.

use sim::venue::allocation::{Allocation, ProRata, Top};
use sim::venue::impact::ImpactTerms;
use sim::{QueueModel, SelfMatch, Venue, VenueConfig};
use stdx::Prng;
use types::instrument::Terms;
use types::{Command, Contract, Event, Flags, Gap, Instrument, InstrumentId, LevelAction, LevelDelta};
use types::{Liquidity, Lots, MarketOrderId, Nanos, NewOrder, OrderAction, OrderDelta, OrderId, OrderKind};
use types::{Origin, Outcome, Peg, Phase, PlaceOrder, Report, Side, Status, StrategyId, Ticks, TimeInForce};
use types::{TimerId, Trade, TradingDay, TradingDays};

const ONLY: InstrumentId = InstrumentId(0);

fn instrument() -> Instrument {
    Instrument::new(Terms {
        id: ONLY,
        symbol: "X".into(),
        venue: "test".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 1_000_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

fn venue(config: VenueConfig) -> Venue {
    Venue::new(&[instrument()], config, Prng::new(1))
}

/// One thing that reaches the venue.
#[derive(Clone, Copy)]
enum Step {
    Market(Event),
    Ours(Command),
}

// The market, order by order. Each is the last of its packet.

fn order(action: OrderAction, id: u64, side: Side, price: i64, size: i64) -> Step {
    Step::Market(Event::Order(OrderDelta {
        venue_at: Nanos(0),
        order: MarketOrderId(id),
        price: Ticks(price),
        size: Lots(size),
        instrument: ONLY,
        side,
        action,
        flags: Flags::LAST,
    }))
}

fn add(id: u64, side: Side, price: i64, size: i64) -> Step {
    order(OrderAction::Add, id, side, price, size)
}

fn modify(id: u64, side: Side, price: i64, size: i64) -> Step {
    order(OrderAction::Modify, id, side, price, size)
}

fn hit(id: u64, side: Side, price: i64, size: i64) -> Step {
    order(OrderAction::Fill, id, side, price, size)
}

fn reduce(id: u64, side: Side, price: i64, size: i64) -> Step {
    order(OrderAction::Reduce, id, side, price, size)
}

fn delete(id: u64, side: Side, price: i64) -> Step {
    order(OrderAction::Delete, id, side, price, 0)
}

// The market, by level.

fn level_at(at: i64, side: Side, price: i64, size: i64, action: LevelAction, flags: Flags) -> Step {
    Step::Market(Event::Level(LevelDelta {
        venue_at: Nanos(at),
        price: Ticks(price),
        size: Lots(size),
        orders: 0,
        instrument: ONLY,
        side,
        action,
        depth: 0,
        flags,
    }))
}

fn set(side: Side, price: i64, size: i64) -> Step {
    level_at(0, side, price, size, LevelAction::Set, Flags::LAST)
}

fn trade(aggressor: Option<Side>, price: i64, size: i64) -> Step {
    Step::Market(Event::Trade(Trade {
        venue_at: Nanos(0),
        price: Ticks(price),
        size: Lots(size),
        id: 0,
        instrument: ONLY,
        price_fraction: 0,
        aggressor,
        flags: Flags::NONE,
    }))
}

fn status(phase: Phase) -> Step {
    Step::Market(Event::Status(Status { venue_at: Nanos(0), instrument: None, phase }))
}

fn gap() -> Step {
    Step::Market(Event::Gap(Gap { venue_at: Nanos(0), expected: 1, received: 3, instrument: Some(ONLY) }))
}

// Our orders.

fn place(id: u32, side: Side, price: i64, size: i64, kind: OrderKind, force: TimeInForce) -> Step {
    Step::Ours(Command::Place(PlaceOrder {
        order: OrderId(id),
        strategy: StrategyId(0),
        terms: NewOrder {
            instrument: ONLY,
            side,
            kind,
            time_in_force: force,
            price: Ticks(price),
            size: Lots(size),
        },
    }))
}

fn limit(id: u32, side: Side, price: i64, size: i64) -> Step {
    place(id, side, price, size, OrderKind::Limit, TimeInForce::GoodTilCancel)
}

fn post_only(id: u32, side: Side, price: i64, size: i64) -> Step {
    place(id, side, price, size, OrderKind::PostOnly, TimeInForce::GoodTilCancel)
}

fn cancel(id: u32) -> Step {
    Step::Ours(Command::Cancel { order: OrderId(id), instrument: ONLY })
}

fn replace(id: u32, price: i64, size: i64) -> Step {
    Step::Ours(Command::Replace {
        order: OrderId(id),
        instrument: ONLY,
        price: Ticks(price),
        size: Lots(size),
    })
}

/// `1 ok`, `1 +5@100 maker`, `1 no MarketClosed`, …
fn show(report: &Report) -> String {
    let order = report.order;
    match report.outcome {
        Outcome::Accepted => format!("{order} ok"),
        Outcome::Rejected(reason) => format!("{order} no {reason:?}"),
        Outcome::Filled { price, size, liquidity, .. } => {
            let how = match liquidity {
                Liquidity::Maker => "maker",
                Liquidity::Taker => "taker",
            };
            format!("{order} +{}@{} {how}", size.0, price.0)
        }
        Outcome::Canceled => format!("{order} gone"),
        Outcome::CancelRejected(reason) => format!("{order} stays {reason:?}"),
        Outcome::Replaced { price, size } => format!("{order} now {}@{}", size.0, price.0),
        Outcome::ReplaceRejected(reason) => format!("{order} unchanged {reason:?}"),
        outcome @ (Outcome::Listed { .. } | Outcome::NotListed | Outcome::Busted { .. }) => {
            format!("{order} {outcome:?}")
        }
    }
}

fn run(venue: &mut Venue, at: i64, step: Step) -> String {
    let mut out = Vec::new();
    match step {
        Step::Market(event) => venue.on_market(Nanos(at), &event, &mut out),
        Step::Ours(command) => venue.on_command(Nanos(at), &command, &mut out),
    }
    assert!(out.iter().all(|report| report.venue_at == Nanos(at) && report.instrument == ONLY));
    out.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// Steps, each with what is reported of it.
fn check(config: VenueConfig, steps: &[(Step, &str)]) -> Venue {
    let mut venue = venue(config);
    for (row, (step, expected)) in steps.iter().enumerate() {
        let at = i64::try_from(row).expect("a short table");
        assert_eq!(run(&mut venue, at, *step), *expected, "step {row}");
    }
    venue
}

fn exact(steps: &[(Step, &str)]) -> Venue {
    check(VenueConfig::default(), steps)
}

use Side::{Buy, Sell};

#[test]
fn by_order_we_are_hit_after_those_who_came_before_us() {
    let venue = exact(&[
        (add(1, Buy, 100, 5), ""),
        (add(9, Sell, 101, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (add(2, Buy, 100, 6), ""),
        // Ahead of us: nothing reaches us.
        (hit(1, Buy, 100, 5), ""),
        (delete(1, Buy, 100), ""),
        // Behind us: we would have been hit first.
        (hit(2, Buy, 100, 3), "1 +3@100 maker"),
        (reduce(2, Buy, 100, 3), ""),
        (hit(2, Buy, 100, 3), "1 +1@100 maker"),
        (delete(2, Buy, 100), ""),
    ]);
    assert_eq!(venue.open_orders(ONLY).count(), 0);
}

#[test]
fn by_order_what_is_ahead_falls_with_cancels_and_changes_of_those_ahead() {
    let steps = [
        (add(1, Buy, 100, 5), 5.0),
        (add(2, Buy, 100, 7), 5.0),
        (reduce(1, Buy, 100, 2), 3.0),
        // Smaller keeps its place, larger goes behind us, another price is another queue.
        (modify(1, Buy, 100, 2), 2.0),
        (delete(2, Buy, 100), 2.0),
        (modify(1, Buy, 100, 3), 0.0),
    ];
    let mut venue = venue(VenueConfig::default());
    run(&mut venue, 0, steps[0].0);
    run(&mut venue, 0, limit(1, Buy, 100, 4));
    for (row, (step, ahead)) in steps.into_iter().enumerate().skip(1) {
        assert_eq!(run(&mut venue, 1, step), "");
        let found = venue.ahead(ONLY, OrderId(1)).expect("it rests");
        assert!((found - ahead).abs() < 1e-9, "row {row}: {found}");
    }
    assert_eq!(run(&mut venue, 2, hit(1, Buy, 100, 1)), "1 +1@100 maker");
}

#[test]
fn by_order_a_fill_at_a_worse_price_would_have_met_us_first() {
    exact(&[
        (add(1, Sell, 105, 5), ""),
        (add(2, Sell, 103, 5), ""),
        (limit(1, Sell, 104, 4), "1 ok"),
        // Better than ours: not ours.
        (hit(2, Sell, 103, 5), ""),
        (delete(2, Sell, 103), ""),
        (hit(1, Sell, 105, 2), "1 +2@104 maker"),
        (hit(1, Sell, 105, 3), "1 +2@104 maker"),
    ]);
}

#[test]
fn by_order_several_of_ours_share_a_fill_in_their_order() {
    exact(&[
        (add(9, Sell, 110, 1), ""),
        (limit(1, Buy, 100, 2), "1 ok"),
        (limit(2, Buy, 101, 2), "2 ok"),
        (limit(3, Buy, 100, 2), "3 ok"),
        (add(1, Buy, 100, 9), ""),
        (limit(4, Buy, 100, 2), "4 ok"),
        (hit(1, Buy, 100, 5), "2 +2@101 maker, 1 +2@100 maker, 3 +1@100 maker"),
        (hit(1, Buy, 100, 4), "3 +1@100 maker"),
    ]);
}

#[test]
fn by_order_whoever_comes_to_rest_across_us_trades_with_us() {
    let venue = exact(&[
        (add(1, Buy, 99, 5), ""),
        (add(2, Sell, 103, 5), ""),
        (limit(1, Buy, 101, 4), "1 ok"),
        (limit(2, Buy, 100, 4), "2 ok"),
        (add(3, Sell, 102, 5), ""),
        (add(4, Sell, 101, 1), "1 +1@101 maker"),
        // Four more come, at our price, then through it.
        (modify(4, Sell, 101, 2), "1 +1@101 maker"),
        (modify(3, Sell, 100, 5), "1 +2@101 maker, 2 +3@100 maker"),
        // What stood across us already does not come again.
        (modify(3, Sell, 100, 4), ""),
    ]);
    assert_eq!(venue.open_orders(ONLY).map(|order| order.unfilled()).collect::<Vec<_>>(), [Lots(1)]);
}

#[test]
fn by_order_a_fill_of_an_order_nobody_knows_counts_only_through_us() {
    exact(&[
        (add(9, Sell, 110, 1), ""),
        (limit(1, Buy, 100, 2), "1 ok"),
        (hit(77, Buy, 100, 5), ""),
        (hit(78, Buy, 99, 1), "1 +1@100 maker"),
    ]);
}

#[test]
fn by_order_trades_are_not_counted_beside_fills() {
    exact(&[
        (add(1, Buy, 99, 5), ""),
        (add(9, Sell, 110, 1), ""),
        (limit(1, Buy, 100, 2), "1 ok"),
        (trade(Some(Sell), 99, 5), ""),
        (hit(1, Buy, 99, 1), "1 +1@100 maker"),
    ]);
}

#[test]
fn by_level_a_trade_takes_what_is_ahead_first() {
    let venue = exact(&[
        (set(Buy, 100, 5), ""),
        (set(Sell, 102, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (set(Buy, 100, 12), ""),
        (trade(Some(Sell), 100, 3), ""),
        (set(Buy, 100, 9), ""),
        // Buyers lifting the offer are not ours, nor is a trade above us.
        (trade(Some(Buy), 100, 9), ""),
        (trade(Some(Sell), 101, 9), ""),
        (trade(Some(Sell), 100, 3), "1 +1@100 maker"),
        (set(Buy, 100, 6), ""),
        (trade(Some(Sell), 100, 1), "1 +1@100 maker"),
        (trade(Some(Sell), 99, 1), "1 +1@100 maker"),
        (trade(Some(Sell), 99, 8), "1 +1@100 maker"),
    ]);
    assert_eq!(venue.open_orders(ONLY).count(), 0);
}

#[test]
fn by_level_cancels_move_us_as_the_model_says() {
    let cases = [
        (QueueModel::Pessimistic, 10.0),
        (QueueModel::Power { exponent: 1.0 }, 8.0),
        (QueueModel::Power { exponent: 2.0 }, 10.0 - 6.0 / 5.0),
    ];
    for (queue, ahead) in cases {
        // 10 ahead, 20 behind, 6 cancelled.
        let mut venue = venue(VenueConfig { queue, ..VenueConfig::default() });
        for step in [
            set(Buy, 100, 10),
            set(Sell, 101, 1),
            limit(1, Buy, 100, 1),
            set(Buy, 100, 30),
            set(Buy, 100, 24),
        ] {
            run(&mut venue, 0, step);
        }
        let found = venue.ahead(ONLY, OrderId(1)).expect("it rests");
        assert!((found - ahead).abs() < 1e-9, "{queue:?}: {found}");
    }
}

#[test]
fn by_level_a_trade_and_its_level_count_once_in_either_order() {
    for trade_first in [true, false] {
        let mut venue =
            venue(VenueConfig { queue: QueueModel::Power { exponent: 1.0 }, ..VenueConfig::default() });
        let mut steps = [trade(Some(Sell), 100, 6), set(Buy, 100, 24)];
        if !trade_first {
            steps.reverse();
        }
        for step in [set(Buy, 100, 10), set(Sell, 101, 1), limit(1, Buy, 100, 1), set(Buy, 100, 30)] {
            run(&mut venue, 0, step);
        }
        for step in steps {
            assert_eq!(run(&mut venue, 1, step), "");
        }
        let found = venue.ahead(ONLY, OrderId(1)).expect("it rests");
        assert!((found - 4.0).abs() < 1e-9, "trade first: {trade_first}: {found}");
    }
}

#[test]
fn by_level_the_other_side_at_our_price_trades_with_us() {
    exact(&[
        (set(Buy, 100, 5), ""),
        (set(Sell, 103, 5), ""),
        (limit(1, Buy, 101, 4), "1 ok"),
        (set(Sell, 102, 5), ""),
        (set(Sell, 101, 3), "1 +3@101 maker"),
        (set(Sell, 101, 2), ""),
        (set(Sell, 101, 9), "1 +1@101 maker"),
    ]);
}

#[test]
fn by_level_an_order_out_of_sight_waits_until_its_level_is_seen() {
    let config = VenueConfig { depth_max: Some(2), ..VenueConfig::default() };
    let mut venue = check(
        config,
        &[
            (set(Sell, 105, 5), ""),
            (set(Buy, 100, 5), ""),
            (set(Buy, 99, 5), ""),
            (limit(1, Buy, 97, 2), "1 ok"),
            (limit(2, Buy, 101, 2), "2 ok"),
        ],
    );
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(f64::INFINITY));
    assert_eq!(venue.ahead(ONLY, OrderId(2)), Some(0.0));
    let gone = level_at(0, Buy, 100, 0, LevelAction::Delete, Flags::LAST);
    assert_eq!(run(&mut venue, 1, trade(Some(Sell), 101, 2)), "2 +2@101 maker");
    assert_eq!(run(&mut venue, 1, gone), "");
    assert_eq!(run(&mut venue, 1, set(Buy, 97, 6)), "");
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(6.0));
    // A level that an insertion pushes out of sight is not a cancelled level.
    assert_eq!(run(&mut venue, 1, set(Buy, 98, 1)), "");
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(6.0));
    assert_eq!(run(&mut venue, 1, trade(Some(Sell), 96, 1)), "1 +1@97 maker");
}

#[test]
fn by_level_a_trade_with_no_aggressor_is_judged_by_the_quotes() {
    let book = [(set(Buy, 100, 1), ""), (set(Sell, 104, 1), "")];
    let sells = [limit(1, Sell, 103, 1), limit(1, Sell, 104, 1)];
    for (ours, price, expected) in [
        (limit(1, Buy, 101, 1), 100, "1 +1@101 maker"),
        (limit(1, Buy, 101, 1), 101, ""),
        (sells[0], 104, "1 +1@103 maker"),
        (sells[1], 103, ""),
    ] {
        exact(&[book[0], book[1], (ours, "1 ok"), (trade(None, price, 1), expected)]);
    }
}

#[test]
fn by_level_hidden_trades_and_implied_levels_do_not_fill_us() {
    let Step::Market(Event::Trade(seen)) = trade(Some(Sell), 99, 5) else {
        panic!("a trade");
    };
    let hidden = Step::Market(Event::Trade(Trade { flags: Flags::HIDDEN, ..seen }));
    let implied = level_at(0, Sell, 100, 5, LevelAction::Set, Flags::IMPLIED.with(Flags::LAST));
    exact(&[
        (set(Buy, 99, 1), ""),
        (set(Sell, 101, 1), ""),
        (limit(1, Buy, 100, 1), "1 ok"),
        (hidden, ""),
        (implied, ""),
        (trade(Some(Sell), 99, 5), "1 +1@100 maker"),
    ]);
}

/// The same change in the middle of a packet.
fn mid(step: Step) -> Step {
    let Step::Market(Event::Order(delta)) = step else { panic!("a change of an order") };
    Step::Market(Event::Order(OrderDelta { flags: Flags::NONE, ..delta }))
}

fn shared(allocation: Allocation, lead_percent: u8, steps: &[(Step, &str)]) -> Venue {
    let mut venue = venue(VenueConfig::default());
    venue.allocate(ONLY, allocation, lead_percent);
    for (row, (step, expected)) in steps.iter().enumerate() {
        assert_eq!(run(&mut venue, 1, *step), *expected, "step {row}");
    }
    venue
}

const BY_SIZE: Allocation = Allocation {
    top: None,
    lead_market_makers: false,
    pro_rata: Some(ProRata { fifo_percent: 0, minimum: Lots(2), levelling: false }),
};

#[test]
fn by_level_we_get_our_share_by_size() {
    let venue = shared(
        BY_SIZE,
        0,
        &[
            (set(Buy, 100, 90), ""),
            (set(Sell, 102, 5), ""),
            (limit(1, Buy, 100, 10), "1 ok"),
            // 18 of 90 ahead, 2 of our 10.
            (trade(Some(Sell), 100, 20), "1 +2@100 maker"),
            (set(Buy, 100, 70), ""),
            (set(Buy, 100, 100), ""),
            // 20 by 70 ahead, our 8 and 30 behind: 12, one that is below the minimum, and 5; the rest to the first.
            (trade(Some(Sell), 100, 20), ""),
            // 40 by 55, 8 and 25: 25, 3 and 11.
            (trade(Some(Sell), 100, 40), "1 +3@100 maker"),
            (set(Buy, 100, 40), ""),
            // Through us, we come first.
            (trade(Some(Sell), 99, 1), "1 +1@100 maker"),
            // All there is.
            (trade(Some(Sell), 100, 60), "1 +4@100 maker"),
        ],
    );
    assert_eq!(venue.open_orders(ONLY).count(), 0);
}

#[test]
fn by_order_a_packet_s_fills_are_one_incoming_order_shared_by_size() {
    shared(
        BY_SIZE,
        0,
        &[
            (add(1, Buy, 100, 60), ""),
            (add(2, Buy, 100, 30), ""),
            (add(9, Sell, 102, 5), ""),
            (limit(1, Buy, 100, 10), "1 ok"),
            (add(3, Buy, 100, 100), ""),
            // 40 of 200: 12, 6, 2 and 20.
            (mid(hit(1, Buy, 100, 14)), ""),
            (mid(reduce(1, Buy, 100, 14)), ""),
            (mid(hit(2, Buy, 100, 6)), ""),
            (mid(reduce(2, Buy, 100, 6)), ""),
            (mid(hit(3, Buy, 100, 20)), ""),
            (reduce(3, Buy, 100, 20), "1 +2@100 maker"),
            // 14 by 46, 24, 8 and 80: our share of 0.7 is none.
            (hit(1, Buy, 100, 14), ""),
            (reduce(1, Buy, 100, 14), ""),
            // Two prices in one packet: what is better than the second goes to us whole.
            (mid(hit(3, Buy, 100, 10)), ""),
            (mid(hit(77, Buy, 99, 1)), "1 +1@100 maker"),
            (reduce(3, Buy, 100, 10), ""),
        ],
    );
}

#[test]
fn who_bettered_the_market_and_who_leads_it_goes_first() {
    let top = Some(Top { least: Lots(5), most: Lots(20) });
    let threshold = Allocation { top, ..BY_SIZE };
    let bettering = [
        (add(1, Buy, 100, 60), ""),
        (add(9, Sell, 102, 5), ""),
        (limit(1, Buy, 101, 40), "1 ok"),
        (add(2, Buy, 101, 60), ""),
    ];
    // 20 first, and of 20 more 20 of our 80.
    let steps = [bettering.as_slice(), &[(hit(2, Buy, 101, 40), "1 +25@101 maker")]].concat();
    shared(threshold, 0, &steps);
    // Joined, not bettered: 20 go to the first, our 40 of 120 left get a third of 20.
    let joined = [
        (add(1, Buy, 100, 100), ""),
        (add(9, Sell, 102, 5), ""),
        (limit(1, Buy, 100, 40), "1 ok"),
        (hit(1, Buy, 100, 40), "1 +6@100 maker"),
    ];
    shared(threshold, 0, &joined);
    // A lead market maker gets its percentage before time decides.
    let lead = Allocation { top: None, lead_market_makers: true, pro_rata: None };
    let steps = [joined[0], joined[1], joined[2], (hit(1, Buy, 100, 50), "1 +5@100 maker")];
    shared(lead, 10, &steps);
    shared(lead, 0, &[joined[0], joined[1], joined[2], (hit(1, Buy, 100, 50), "")]);
}

#[test]
fn without_partial_fills_being_reached_is_being_filled() {
    let config = VenueConfig { partial_fills: false, ..VenueConfig::default() };
    check(
        config,
        &[
            (set(Buy, 100, 5), ""),
            (set(Sell, 101, 5), ""),
            (limit(1, Buy, 100, 50), "1 ok"),
            (trade(Some(Sell), 100, 5), ""),
            (trade(Some(Sell), 100, 1), "1 +50@100 maker"),
        ],
    );
}

/// A book by level and one by order with the same sizes: asks 5 at 101, 6 at 102, 7 at 104; a bid 5 at 99.
fn both_kinds() -> [[(Step, &'static str); 4]; 2] {
    [
        [(set(Buy, 99, 5), ""), (set(Sell, 101, 5), ""), (set(Sell, 102, 6), ""), (set(Sell, 104, 7), "")],
        [
            (add(1, Buy, 99, 5), ""),
            (add(2, Sell, 101, 5), ""),
            (add(3, Sell, 102, 6), ""),
            (add(4, Sell, 104, 7), ""),
        ],
    ]
}

#[test]
fn an_order_that_crosses_takes_level_by_level() {
    use OrderKind::{Limit, Market, PostOnly};
    use TimeInForce::{FillOrKill, GoodTilCancel, ImmediateOrCancel};
    let cases = [
        (101, 3, Limit, GoodTilCancel, "1 ok, 1 +3@101 taker", 0),
        (102, 8, Limit, GoodTilCancel, "1 ok, 1 +5@101 taker, 1 +3@102 taker", 0),
        (102, 20, Limit, GoodTilCancel, "1 ok, 1 +5@101 taker, 1 +6@102 taker", 1),
        (103, 20, Limit, ImmediateOrCancel, "1 ok, 1 +5@101 taker, 1 +6@102 taker, 1 gone", 0),
        (100, 20, Limit, ImmediateOrCancel, "1 ok, 1 gone", 0),
        (110, 20, Market, GoodTilCancel, "1 ok, 1 +5@101 taker, 1 +6@102 taker, 1 +7@104 taker, 1 gone", 0),
        (102, 9, Market, GoodTilCancel, "1 ok, 1 +5@101 taker, 1 +4@102 taker", 0),
        (102, 11, Limit, FillOrKill, "1 ok, 1 +5@101 taker, 1 +6@102 taker", 0),
        (102, 12, Limit, FillOrKill, "1 no NotEnoughLiquidity", 0),
        (101, 1, PostOnly, GoodTilCancel, "1 no WouldTake", 0),
        (100, 1, PostOnly, GoodTilCancel, "1 ok", 1),
        (100, 1, PostOnly, ImmediateOrCancel, "1 no Invalid", 0),
        (100, 0, Limit, GoodTilCancel, "1 no Invalid", 0),
        (100, -1, Limit, GoodTilCancel, "1 no Invalid", 0),
    ];
    for book in both_kinds() {
        for (price, size, kind, force, expected, resting) in cases {
            let mut venue = exact(&book);
            let step = place(1, Buy, price, size, kind, force);
            assert_eq!(run(&mut venue, 9, step), expected, "{size}@{price} {kind:?} {force:?}");
            assert_eq!(venue.open_orders(ONLY).count(), resting, "{size}@{price} {kind:?} {force:?}");
        }
    }
}

fn kind(id: u32, side: Side, price: i64, size: i64, kind: OrderKind) -> Step {
    place(id, side, price, size, kind, TimeInForce::GoodTilCancel)
}

#[test]
fn a_stop_waits_for_a_trade_at_its_trigger_and_enters_when_the_packet_ends() {
    let stop =
        |id, side, price, trigger| kind(id, side, price, 4, OrderKind::Stop { trigger: Ticks(trigger) });
    let limit_then =
        |id, price, trigger| kind(id, Buy, price, 9, OrderKind::StopLimit { trigger: Ticks(trigger) });
    let book = [(set(Buy, 99, 5), ""), (set(Sell, 101, 5), ""), (set(Sell, 102, 6), "")];
    let steps = [
        (stop(1, Buy, 110, 101), "1 ok"),
        (limit_then(2, 102, 101), "2 ok"),
        (stop(3, Sell, 90, 98), "3 ok"),
        // Prices that were quoted trigger nothing, nor do trades short of the trigger.
        (set(Sell, 101, 5), ""),
        (trade(Some(Sell), 100, 1), ""),
        (set(Buy, 99, 4), ""),
        // One takes what stands after the trade and is done; the other takes, and the rest of it rests.
        (trade(Some(Buy), 101, 1), ""),
        (set(Sell, 101, 5), "1 +4@101 taker, 2 +1@101 taker, 2 +6@102 taker"),
        (trade(Some(Sell), 98, 2), "2 +2@102 maker"),
        (set(Buy, 99, 3), "3 +3@99 taker, 3 gone"),
    ];
    let venue = exact(&[book.as_slice(), &steps].concat());
    assert_eq!(venue.open_orders(ONLY).count(), 0);
}

#[test]
fn a_waiting_stop_can_be_changed_and_cancelled_and_meets_no_one() {
    let stop = |id, price| kind(id, Buy, price, 4, OrderKind::Stop { trigger: Ticks(105) });
    let late = place(3, Buy, 110, 4, OrderKind::Stop { trigger: Ticks(105) }, TimeInForce::FillOrKill);
    exact(&[
        (add(1, Buy, 99, 5), ""),
        (add(2, Sell, 101, 5), ""),
        (stop(1, 110), "1 ok"),
        (stop(1, 110), "1 no Invalid"),
        (late, "3 no Invalid"),
        (limit(2, Sell, 104, 1), "2 ok"),
        (replace(1, 102, 6), "1 now 6@102"),
        (replace(1, 102, 0), "1 unchanged Invalid"),
        // A fill says where it traded when orders are shown one by one.
        (hit(77, Sell, 105, 1), "2 +1@104 maker, 1 +5@101 taker, 1 gone"),
        (stop(4, 110), "4 ok"),
        (cancel(4), "4 gone"),
        (cancel(4), "4 stays UnknownOrder"),
        (hit(78, Sell, 106, 1), ""),
    ]);
}

#[test]
fn an_iceberg_shows_a_part_and_the_next_one_goes_to_the_end() {
    let iceberg = |id, size| kind(id, Buy, 100, size, OrderKind::Iceberg { shown: Lots(3) });
    exact(&[
        (add(1, Buy, 100, 5), ""),
        (add(9, Sell, 103, 5), ""),
        (iceberg(1, 8), "1 ok"),
        (add(2, Buy, 100, 6), ""),
        // Three are shown before the six that came later; the next three stand behind them.
        (mid(hit(2, Buy, 100, 4)), "1 +3@100 maker"),
        (reduce(2, Buy, 100, 4), ""),
        (hit(2, Buy, 100, 2), ""),
        (delete(2, Buy, 100), ""),
        (add(3, Buy, 100, 9), ""),
        (hit(3, Buy, 100, 9), "1 +3@100 maker"),
        (delete(3, Buy, 100), ""),
        // Whoever comes through us meets what is hidden too.
        (iceberg(2, 8), "2 ok"),
        (add(4, Sell, 100, 20), "1 +2@100 maker, 2 +3@100 maker, 2 +3@100 maker, 2 +2@100 maker"),
        (kind(5, Buy, 90, 3, OrderKind::Iceberg { shown: Lots(0) }), "5 no Invalid"),
    ]);
    // By level the shown part trades after what is ahead, and the next one waits for all that stands there.
    let mut venue = exact(&[
        (set(Buy, 100, 5), ""),
        (set(Sell, 103, 5), ""),
        (iceberg(1, 8), "1 ok"),
        (set(Buy, 100, 15), ""),
        (trade(Some(Sell), 100, 20), "1 +3@100 maker"),
    ]);
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(15.0));
    assert_eq!(run(&mut venue, 9, cancel(1)), "1 gone");
}

#[test]
fn a_pegged_order_follows_the_market_within_its_bound_and_never_takes() {
    let pegged = |to, offset, price| kind(1, Buy, price, 4, OrderKind::Pegged { to, offset });
    let rests = |venue: &Venue| venue.open_orders(ONLY).map(|order| order.price.0).collect::<Vec<_>>();
    let gone = level_at(0, Sell, 105, 0, LevelAction::Delete, Flags::LAST);
    for (to, offset, bound, at_first, later) in [
        (Peg::Own, 0, 120, 100, 102),
        (Peg::Own, 1, 120, 101, 103),
        (Peg::Own, -2, 120, 98, 100),
        (Peg::Own, 0, 101, 100, 101),
        (Peg::Opposite, -2, 120, 103, 105),
        // A step from the other side at the nearest.
        (Peg::Opposite, 3, 120, 104, 106),
        // 102.5 and 104.5, rounded to our side.
        (Peg::Mid, 0, 120, 102, 104),
    ] {
        let mut venue = exact(&[(set(Buy, 100, 5), ""), (set(Sell, 105, 5), "")]);
        assert_eq!(run(&mut venue, 1, pegged(to, offset, bound)), "1 ok", "{to:?} {offset}");
        assert_eq!(rests(&venue), [at_first], "{to:?} {offset}");
        for step in [set(Sell, 107, 5), gone, set(Buy, 102, 5)] {
            assert_eq!(run(&mut venue, 2, step), "", "{to:?} {offset}");
        }
        assert_eq!(rests(&venue), [later], "{to:?} {offset}");
        // The bound is what a change changes.
        assert_eq!(run(&mut venue, 3, replace(1, 99, 4)), "1 now 4@99");
        assert_eq!(rests(&venue), [99], "{to:?} {offset}");
    }
    exact(&[(set(Sell, 105, 5), ""), (pegged(Peg::Own, 0, 120), "1 no NotEnoughLiquidity")]);
    let sell = kind(1, Sell, 90, 4, OrderKind::Pegged { to: Peg::Mid, offset: 0 });
    let venue = exact(&[(set(Buy, 100, 5), ""), (set(Sell, 105, 5), ""), (sell, "1 ok")]);
    assert_eq!(rests(&venue), [103]);
}

#[test]
fn two_orders_of_ours_never_trade_with_each_other() {
    let book = [
        (add(1, Buy, 100, 5), ""),
        (add(2, Sell, 103, 2), ""),
        (add(3, Sell, 104, 3), ""),
        (limit(1, Sell, 104, 4), "1 ok"),
        (add(4, Sell, 104, 9), ""),
    ];
    // Two at 103 and three at 104 are before ours.
    let before = "2 ok, 2 +2@103 taker, 2 +3@104 taker";
    for (mode, size, expected, open) in [
        (SelfMatch::CancelNewest, 20, "2 no Other".to_string(), 1),
        (SelfMatch::CancelOldest, 20, format!("{before}, 1 gone, 2 +9@104 taker"), 1),
        (SelfMatch::CancelOldest, 5, before.to_string(), 1),
        (SelfMatch::CancelBoth, 20, format!("{before}, 1 gone, 2 gone"), 0),
        // Each loses four.
        (SelfMatch::Decrement, 20, format!("{before}, 1 gone, 2 now 16@104, 2 +9@104 taker"), 1),
        (SelfMatch::Decrement, 9, format!("{before}, 1 gone, 2 gone"), 0),
        (SelfMatch::Decrement, 6, format!("{before}, 1 now 3@104, 2 gone"), 1),
    ] {
        let config = VenueConfig { self_match: mode, ..VenueConfig::default() };
        let mut venue = check(config, &book);
        assert_eq!(run(&mut venue, 9, limit(2, Buy, 104, size)), expected, "{mode:?} {size}");
        assert_eq!(venue.open_orders(ONLY).count(), open, "{mode:?} {size}");
        let mut venue = check(config, &book);
        assert_eq!(run(&mut venue, 9, post_only(2, Buy, 104, size)), "2 no WouldTake", "{mode:?}");
    }
}

#[test]
fn in_a_call_orders_wait_and_trade_at_the_one_price_after_those_before_them() {
    let config = VenueConfig { auctions: true, ..VenueConfig::default() };
    let ioc = place(3, Buy, 102, 1, OrderKind::Limit, TimeInForce::ImmediateOrCancel);
    let call = [
        (status(Phase::PreOpen), ""),
        (add(1, Buy, 102, 10), ""),
        (add(2, Buy, 101, 5), ""),
        (add(3, Sell, 100, 8), ""),
        (add(4, Sell, 101, 4), ""),
        (limit(1, Buy, 102, 6), "1 ok"),
        (ioc, "3 no MarketClosed"),
        (limit(2, Sell, 102, 1), "2 no Other"),
        (limit(2, Sell, 103, 1), "2 ok"),
        (cancel(2), "2 gone"),
        (limit(4, Buy, 100, 1), "4 ok"),
        (replace(4, 99, 2), "4 now 2@99"),
        // Whoever comes across us waits like us.
        (add(5, Buy, 102, 9), ""),
        (delete(5, Buy, 102), ""),
        (status(Phase::Open), ""),
    ];
    // The record names its price: 12 lots, ten of them before ours.
    check(config, &[call.as_slice(), &[(trade(None, 101, 12), "1 +2@101 maker")]].concat());
    // It does not: at 102 the same 12 trade and less is left over, once the book is no longer crossed.
    let taken_away = [
        (delete(1, Buy, 102), ""),
        (delete(4, Sell, 101), ""),
        (delete(3, Sell, 100), "1 +2@102 maker"),
        (add(6, Sell, 102, 1), "1 +1@102 maker"),
    ];
    check(config, &[call.as_slice(), &taken_away].concat());
    // It named it before it opened.
    let early =
        [&call[..14], &[(trade(None, 101, 12), ""), (status(Phase::Open), "1 +2@101 maker")]].concat();
    check(config, &early);
    // A halt, or a gap, ends the call without an auction.
    check(config, &[call.as_slice(), &[(gap(), ""), (trade(None, 101, 12), "")]].concat());
    let halted = [&call[..14], &[(status(Phase::Halted), ""), (trade(None, 101, 12), "")]].concat();
    check(config, &halted);
}

#[test]
fn by_level_the_better_price_goes_first_in_an_auction_and_without_one_nothing_happens() {
    let config = VenueConfig { auctions: true, ..VenueConfig::default() };
    let steps = [
        (status(Phase::PreOpen), ""),
        (set(Buy, 102, 10), ""),
        (set(Sell, 100, 8), ""),
        (set(Sell, 101, 4), ""),
        (limit(1, Buy, 103, 6), "1 ok"),
        (limit(2, Buy, 102, 9), "2 ok"),
        (status(Phase::Open), ""),
        // 12: six for us, and the other six go to the ten before our second order.
        (trade(None, 101, 12), "1 +6@101 maker"),
    ];
    check(config, &steps);
    let quiet = [
        (status(Phase::PreOpen), ""),
        (set(Buy, 99, 5), ""),
        (set(Sell, 101, 5), ""),
        (limit(1, Buy, 100, 5), "1 ok"),
        (status(Phase::Open), ""),
        (set(Buy, 99, 6), ""),
        (set(Sell, 100, 2), "1 +2@100 maker"),
    ];
    check(config, &quiet);
    let refused = [quiet[0], quiet[1], quiet[2], (limit(1, Buy, 100, 5), "1 no MarketClosed")];
    exact(&refused);
}

#[test]
fn what_we_take_makes_what_we_take_later_dearer_for_a_while() {
    let terms = ImpactTerms { ticks_per_lot: 0.5, decay: Nanos(1_000) };
    let config = VenueConfig { impact: Some(terms), large_share: 0.5, ..VenueConfig::default() };
    let mut venue = check(
        config,
        &[(set(Buy, 99, 50), ""), (set(Sell, 101, 5), ""), (set(Sell, 102, 6), ""), (set(Sell, 104, 7), "")],
    );
    let buy = |id, price, size| place(id, Buy, price, size, OrderKind::Limit, TimeInForce::ImmediateOrCancel);
    let all = |id, price, size| place(id, Buy, price, size, OrderKind::Limit, TimeInForce::FillOrKill);
    let sell = |id| place(id, Sell, 90, 1, OrderKind::Limit, TimeInForce::ImmediateOrCancel);
    for (at, step, expected) in [
        (100, buy(1, 110, 4), "1 ok, 1 +4@101 taker"),
        // Two steps now, so that 102 is out of reach of 103; selling is as it was.
        (100, buy(2, 103, 9), "2 ok, 2 +1@103 taker, 2 gone"),
        (100, all(3, 104, 6), "3 no NotEnoughLiquidity"),
        (100, sell(4), "4 ok, 4 +1@99 taker"),
        // Two, and half for one bought less half for one sold, fall to 0.1 in three decay times.
        (3_100, buy(5, 102, 2), "5 ok, 5 +2@102 taker"),
        // Half of two more is one.
        (3_100, all(6, 103, 4), "6 ok, 6 +4@103 taker"),
    ] {
        assert_eq!(run(&mut venue, at, step), expected);
    }
    // Beside what was shown within their limits: 9 of 11 and no other.
    let large = venue.large();
    assert_eq!((large.orders, large.largest), (1, Some((OrderId(2), Lots(9), Lots(11)))));
}

#[test]
fn the_same_lots_are_not_taken_twice() {
    let take = |id| place(id, Buy, 101, 4, OrderKind::Limit, TimeInForce::ImmediateOrCancel);
    for (book, grow, shrink, gone, back) in [
        (both_kinds()[0], set(Sell, 101, 7), set(Sell, 101, 4), set(Sell, 101, 0), set(Sell, 101, 9)),
        (
            both_kinds()[1],
            add(8, Sell, 101, 2),
            reduce(2, Sell, 101, 3),
            delete(2, Sell, 101),
            add(9, Sell, 101, 7),
        ),
    ] {
        let mut venue = exact(&book);
        for (step, expected) in [
            (take(1), "1 ok, 1 +4@101 taker"),
            (take(2), "2 ok, 2 +1@101 taker, 2 gone"),
            (take(3), "3 ok, 3 gone"),
            // A book without anything left does not stop a passive order either.
            (post_only(4, Buy, 101, 1), "4 ok"),
            (cancel(4), "4 gone"),
            // Two more come.
            (grow, ""),
            (take(5), "5 ok, 5 +2@101 taker, 5 gone"),
            // Three of what we took leave the record.
            (shrink, ""),
            (take(6), "6 ok, 6 gone"),
            (gone, ""),
            (back, ""),
        ] {
            assert_eq!(run(&mut venue, 9, step), expected);
        }
        // By level the price was empty in between: all nine are new. By order, two of what stands are ours.
        let fresh =
            run(&mut venue, 9, place(7, Buy, 101, 99, OrderKind::Limit, TimeInForce::ImmediateOrCancel));
        let expected = if venue.book(ONLY).by_order().is_some() { 7 } else { 9 };
        assert_eq!(fresh, format!("7 ok, 7 +{expected}@101 taker, 7 gone"));
    }
}

#[test]
fn a_replace_keeps_its_place_only_when_it_shrinks() {
    for (price, size, ahead) in [(100, 3, 5.0), (100, 4, 5.0), (100, 5, 11.0), (99, 4, 0.0)] {
        let mut venue = exact(&[
            (add(1, Buy, 100, 5), ""),
            (add(9, Sell, 103, 5), ""),
            (limit(1, Buy, 100, 4), "1 ok"),
            (add(2, Buy, 100, 6), ""),
        ]);
        assert_eq!(run(&mut venue, 9, replace(1, price, size)), format!("1 now {size}@{price}"));
        let found = venue.ahead(ONLY, OrderId(1)).expect("it rests");
        assert!((found - ahead).abs() < 1e-9, "{size}@{price}: {found}");
    }
}

#[test]
fn a_replace_counts_what_has_traded_and_may_take() {
    exact(&[
        (add(1, Buy, 99, 5), ""),
        (add(9, Sell, 103, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (hit(1, Buy, 99, 2), "1 +2@100 maker"),
        (replace(1, 100, 0), "1 unchanged Invalid"),
        (replace(1, 103, 6), "1 now 6@103, 1 +4@103 taker"),
        (replace(1, 103, 6), "1 unchanged UnknownOrder"),
        (limit(2, Buy, 100, 4), "2 ok"),
        (hit(1, Buy, 99, 3), "2 +3@100 maker"),
        (replace(2, 101, 3), "2 gone"),
        (cancel(2), "2 stays UnknownOrder"),
        (post_only(3, Buy, 100, 4), "3 ok"),
        (replace(3, 103, 4), "3 unchanged WouldTake"),
        (replace(3, 102, 4), "3 now 4@102"),
    ]);
}

#[test]
fn cancels_and_names_are_checked() {
    let elsewhere = InstrumentId(7);
    let far = Step::Ours(Command::Cancel { order: OrderId(1), instrument: ONLY });
    let mut venue = exact(&[
        (add(1, Buy, 99, 5), ""),
        (cancel(1), "1 stays UnknownOrder"),
        (limit(1, Buy, 98, 4), "1 ok"),
        (limit(1, Buy, 97, 4), "1 no Invalid"),
        (far, "1 gone"),
        (cancel(1), "1 stays UnknownOrder"),
    ]);
    let mut out = Vec::new();
    let commands = [
        Command::Cancel { order: OrderId(1), instrument: elsewhere },
        Command::Replace { order: OrderId(1), instrument: elsewhere, price: Ticks(1), size: Lots(1) },
        Command::Place(PlaceOrder {
            order: OrderId(2),
            strategy: StrategyId(0),
            terms: NewOrder {
                instrument: elsewhere,
                side: Buy,
                kind: OrderKind::Limit,
                time_in_force: TimeInForce::GoodTilCancel,
                price: Ticks(1),
                size: Lots(1),
            },
        }),
    ];
    for command in commands {
        venue.on_command(Nanos(0), &command, &mut out);
    }
    let shown: Vec<String> = out.iter().map(show).collect();
    assert_eq!(
        shown,
        ["1 stays UnknownInstrument", "1 unchanged UnknownInstrument", "2 no UnknownInstrument"]
    );
}

/// Half a step for each lot, and ten of them bought: five steps, one of which is left after 1,609 ns (ln 5 times 1,000).
#[test]
fn after_we_bought_our_bids_lie_further_behind_the_market_for_a_while() {
    let terms = ImpactTerms { ticks_per_lot: 0.5, decay: Nanos(1_000) };
    let config = VenueConfig { impact: Some(terms), ..VenueConfig::default() };
    let take = place(1, Buy, 120, 10, OrderKind::Limit, TimeInForce::ImmediateOrCancel);
    type Row<'a> = (i64, Step, &'a str);
    let start: [Row<'_>; 4] = [
        (0, add(1, Buy, 94, 50), ""),
        (0, add(2, Sell, 101, 10), ""),
        (0, add(3, Sell, 115, 50), ""),
        (0, take, "1 ok, 1 +10@101 taker"),
    ];
    let ours: [Row<'_>; 2] = [(0, limit(2, Buy, 100, 4), "2 ok"), (0, limit(3, Sell, 114, 4), "3 ok")];
    let told = |rows: &[Row<'_>]| {
        let mut venue = venue(config);
        let rows = start.iter().chain(&ours).chain(rows);
        for (row, (at, step, expected)) in rows.enumerate() {
            assert_eq!(run(&mut venue, *at, *step), *expected, "row {row}");
        }
    };
    // Sellers come to rest at our price: five steps higher with us in the market, so they do not meet us yet.
    told(&[
        (10, add(4, Sell, 100, 3), ""),
        (10, add(5, Sell, 96, 1), ""),
        (10, add(6, Sell, 95, 1), "2 +1@100 maker"),
        // A step is left: what stands a step beyond us meets us, the best first.
        (1_700, add(7, Buy, 90, 1), "2 +1@100 maker"),
        // None is left.
        (9_000, add(8, Buy, 90, 1), "2 +2@100 maker"),
    ]);
    // Somebody is hit below us, and then further below.
    told(&[
        (10, add(4, Buy, 98, 5), ""),
        (10, hit(4, Buy, 98, 5), ""),
        (10, add(5, Buy, 95, 5), ""),
        (10, hit(5, Buy, 95, 5), ""),
        (10, hit(1, Buy, 94, 3), "2 +3@100 maker"),
    ]);
    // What we bought brings no buyer nearer to what we sell, and keeps none away.
    told(&[(10, delete(2, Sell, 101), ""), (10, add(4, Buy, 114, 1), "3 +1@114 maker")]);
    // By level the same: trades at our price pass us by, and those beyond the shift do not.
    let mut by_level = venue(config);
    let take = place(1, Buy, 120, 10, OrderKind::Limit, TimeInForce::ImmediateOrCancel);
    for (row, (at, step, expected)) in [
        (0, set(Buy, 99, 50), ""),
        (0, set(Sell, 101, 10), ""),
        (0, take, "1 ok, 1 +10@101 taker"),
        (0, limit(2, Buy, 100, 4), "2 ok"),
        (10, trade(Some(Sell), 100, 9), ""),
        (10, trade(Some(Sell), 95, 9), ""),
        (10, trade(Some(Sell), 94, 3), "2 +3@100 maker"),
        (9_000, trade(Some(Sell), 100, 9), "2 +1@100 maker"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(run(&mut by_level, at, step), expected, "by level, row {row}");
    }
}

#[test]
fn our_orders_never_trade_with_each_other() {
    exact(&[
        (add(1, Buy, 90, 5), ""),
        (add(2, Sell, 110, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (limit(2, Sell, 100, 4), "2 no Other"),
        (post_only(3, Sell, 100, 4), "3 no WouldTake"),
        (limit(4, Sell, 101, 4), "4 ok"),
        (replace(4, 100, 4), "4 unchanged Other"),
        (replace(4, 101, 3), "4 now 3@101"),
    ]);
}

#[test]
fn closed_markets_and_unsound_books_refuse_all_but_cancels() {
    let crossed = add(3, Sell, 98, 1);
    for (close, open) in [
        (status(Phase::Halted), status(Phase::Open)),
        (status(Phase::PreOpen), status(Phase::Open)),
        (status(Phase::Closed), status(Phase::Open)),
        (crossed, delete(3, Sell, 98)),
    ] {
        exact(&[
            (limit(9, Buy, 97, 1), "9 no MarketClosed"),
            (add(1, Buy, 99, 5), ""),
            (add(2, Sell, 110, 5), ""),
            (limit(1, Buy, 97, 1), "1 ok"),
            (limit(2, Buy, 97, 1), "2 ok"),
            (close, ""),
            (limit(3, Buy, 97, 1), "3 no MarketClosed"),
            (replace(1, 96, 1), "1 unchanged MarketClosed"),
            (cancel(2), "2 gone"),
            // Nothing fills while the market is not open.
            (hit(1, Buy, 90, 5), ""),
            (open, ""),
            (hit(1, Buy, 90, 5), "1 +1@97 maker"),
        ]);
    }
}

#[test]
fn orders_for_the_day_end_at_the_close_and_all_outlive_a_halt() {
    const DAY: i64 = 86_400_000_000_000;
    let until = |day: i64| TimeInForce::GoodTilDate(TradingDay::since_epoch(day));
    // The trading day of date n begins six hours before its midnight.
    let begins = |day: i64| (Nanos(day * DAY - DAY / 4), TradingDay::since_epoch(day));
    let mut venue = venue(VenueConfig::default());
    venue.keep_days(TradingDays::listed((10..14).map(begins).collect()));
    let stop = OrderKind::StopLimit { trigger: Ticks(120) };
    let limit_for = |id, force| place(id, Buy, 97, 1, OrderKind::Limit, force);
    let (noon, evening) = (10 * DAY + DAY / 2, 11 * DAY - DAY / 4);
    let steps = [
        (noon, add(1, Buy, 99, 5), ""),
        (noon, add(2, Sell, 110, 5), ""),
        (noon, limit_for(1, TimeInForce::GoodTilCancel), "1 ok"),
        (noon, limit_for(2, TimeInForce::Day), "2 ok"),
        (noon, limit_for(3, until(10)), "3 ok"),
        (noon, limit_for(4, until(11)), "4 ok"),
        (noon, limit_for(5, until(9)), "5 no Invalid"),
        (noon, place(6, Buy, 125, 1, stop, TimeInForce::Day), "6 ok"),
        (noon, place(7, Buy, 125, 1, stop, TimeInForce::GoodTilCancel), "7 ok"),
        (noon, place(8, Buy, 97, 4, OrderKind::Iceberg { shown: Lots(1) }, TimeInForce::Day), "8 ok"),
        (noon, status(Phase::Halted), ""),
        (noon, limit_for(9, TimeInForce::Day), "9 no MarketClosed"),
        (noon, cancel(8), "8 gone"),
        (noon, status(Phase::Open), ""),
        // At the very moment the next day begins: it is the day before that closes.
        (evening, status(Phase::Closed), "2 gone, 3 gone, 6 gone"),
        (evening, status(Phase::Closed), ""),
        (evening, limit_for(10, until(10)), "10 no Invalid"),
        (evening, status(Phase::Open), ""),
        (evening, limit_for(11, TimeInForce::Day), "11 ok"),
        (12 * DAY - DAY / 3, status(Phase::Closed), "4 gone, 11 gone"),
    ];
    for (row, (at, step, expected)) in steps.into_iter().enumerate() {
        assert_eq!(run(&mut venue, at, step), expected, "step {row}");
    }
    assert_eq!((venue.open_orders(ONLY).count(), venue.waiting_orders(ONLY)), (1, 1));
}

#[test]
fn after_a_halt_what_crosses_us_fills_us_at_once_or_by_auction() {
    let halt = [
        (add(1, Buy, 99, 5), ""),
        (add(2, Sell, 101, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (status(Phase::Halted), ""),
        // News: the market comes down while nothing trades.
        (delete(1, Buy, 99), ""),
        (add(3, Sell, 98, 3), ""),
        (add(4, Buy, 97, 2), ""),
    ];
    exact(&[halt.as_slice(), &[(status(Phase::Open), "1 +3@100 maker")]].concat());
    // Called for again, it opens at one price: three meet four of ours, with a surplus to buy: at the most we pay.
    let call =
        [(status(Phase::PreOpen), ""), (status(Phase::Open), ""), (modify(4, Buy, 97, 1), "1 +3@100 maker")];
    let config = VenueConfig { auctions: true, ..VenueConfig::default() };
    check(config, &[halt.as_slice(), &call].concat());
    let printed = [call[0], call[1], (trade(None, 99, 3), "1 +3@99 maker")];
    check(config, &[halt.as_slice(), &printed].concat());
}

#[test]
fn after_a_gap_we_stand_behind_everything_and_only_what_is_known_fills_us() {
    let clear = order(OrderAction::Clear, 0, Buy, 0, 0);
    let Step::Market(Event::Order(last)) = add(9, Buy, 100, 8) else {
        panic!("an order");
    };
    let snapshot = |delta: OrderDelta, flags: Flags| {
        let flags = flags.with(Flags::SNAPSHOT);
        Step::Market(Event::Order(OrderDelta { flags, ..delta }))
    };
    let ask = |price| OrderDelta {
        order: MarketOrderId(8),
        side: Sell,
        price: Ticks(price),
        size: Lots(3),
        ..last
    };
    for (ask_price, at_the_end) in [(102, ""), (100, "1 +3@100 maker"), (99, "1 +3@100 maker")] {
        let Step::Market(Event::Order(clear)) = clear else {
            panic!("an order");
        };
        let mut venue = exact(&[
            (add(1, Buy, 100, 5), ""),
            (add(2, Sell, 103, 5), ""),
            (limit(1, Buy, 100, 4), "1 ok"),
            (gap(), ""),
            // What a stale book says may be missing its other half.
            (add(3, Buy, 100, 5), ""),
            (hit(3, Buy, 100, 5), ""),
            (add(4, Sell, 99, 1), ""),
            (limit(2, Buy, 90, 1), "2 no MarketClosed"),
            (snapshot(clear, Flags::NONE), ""),
            (snapshot(OrderDelta { price: Ticks(98), ..last }, Flags::NONE), ""),
        ]);
        assert_eq!(run(&mut venue, 9, snapshot(ask(ask_price), Flags::LAST)), at_the_end, "{ask_price}");
        if ask_price > 100 {
            assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(0.0));
        }
    }
    // Everything that stands in the snapshot is ahead, though it joined after us.
    let mut venue = exact(&[
        (add(1, Buy, 100, 5), ""),
        (add(2, Sell, 103, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (delete(1, Buy, 100), ""),
        (clear, ""),
        (add(7, Sell, 103, 5), ""),
        (snapshot(last, Flags::LAST), ""),
    ]);
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(8.0));
    assert_eq!(run(&mut venue, 9, gap()), "");
    assert_eq!(run(&mut venue, 9, clear), "");
    assert_eq!(run(&mut venue, 9, snapshot(last, Flags::LAST)), "");
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(8.0));
    assert_eq!(run(&mut venue, 9, hit(9, Buy, 100, 8)), "");
}

#[test]
fn by_level_a_snapshot_puts_us_at_the_end() {
    let snap = |side, price, size, flags: Flags| {
        level_at(5, side, price, size, LevelAction::Set, flags.with(Flags::SNAPSHOT))
    };
    let mut venue = exact(&[
        (set(Buy, 100, 5), ""),
        (set(Sell, 103, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (trade(Some(Sell), 100, 5), ""),
        (gap(), ""),
        (trade(Some(Sell), 100, 5), ""),
        (level_at(5, Buy, 0, 0, LevelAction::Clear, Flags::SNAPSHOT), ""),
        (snap(Sell, 104, 2, Flags::NONE), ""),
        (snap(Buy, 100, 9, Flags::LAST), ""),
    ]);
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(9.0));
    assert_eq!(run(&mut venue, 9, trade(Some(Sell), 100, 10)), "1 +1@100 maker");
}

#[test]
fn when_orders_start_to_be_shown_places_are_found_anew() {
    let mut venue = exact(&[
        (set(Buy, 100, 5), ""),
        (set(Sell, 103, 5), ""),
        (limit(1, Buy, 100, 4), "1 ok"),
        (add(1, Buy, 100, 3), ""),
    ]);
    assert_eq!(venue.ahead(ONLY, OrderId(1)), Some(3.0));
    assert_eq!(run(&mut venue, 9, hit(1, Buy, 100, 3)), "");
    assert_eq!(run(&mut venue, 9, add(2, Buy, 100, 3)), "");
    assert_eq!(run(&mut venue, 9, hit(2, Buy, 100, 3)), "1 +3@100 maker");
}

#[test]
fn refusals_by_chance_follow_the_rate_and_the_seed() {
    let refused = |seed| {
        let config = VenueConfig { reject_ppm: 100_000, ..VenueConfig::default() };
        let mut venue = Venue::new(&[instrument()], config, Prng::new(seed));
        run(&mut venue, 0, add(1, Buy, 99, 5));
        let tries = (0..2_000).map(|id| run(&mut venue, 0, limit(id, Buy, 90, 1)).ends_with("no Other"));
        tries.collect::<Vec<bool>>()
    };
    // Binomial(2,000, 1/10): mean 200, deviation 13.4; five deviations.
    let count = refused(1).iter().filter(|&&no| no).count();
    assert!((133..=267).contains(&count), "{count}");
    assert_eq!(refused(1), refused(1));
    assert_ne!(refused(1), refused(2));
}

#[test]
fn fill_numbers_are_never_used_twice() {
    let mut venue = exact(&both_kinds()[1]);
    let mut out = Vec::new();
    let mut numbers = Vec::new();
    for (id, step) in [
        (1, limit(1, Buy, 102, 7)),
        (2, limit(2, Buy, 100, 2)),
        (3, add(5, Sell, 100, 1)),
        (4, hit(1, Buy, 99, 1)),
    ] {
        out.clear();
        match step {
            Step::Market(event) => venue.on_market(Nanos(id), &event, &mut out),
            Step::Ours(command) => venue.on_command(Nanos(id), &command, &mut out),
        }
        numbers.extend(out.iter().filter_map(|report| match report.outcome {
            Outcome::Filled { fill, .. } => Some(fill),
            Outcome::Accepted
            | Outcome::Rejected(_)
            | Outcome::Canceled
            | Outcome::CancelRejected(_)
            | Outcome::Replaced { .. }
            | Outcome::ReplaceRejected(_)
            | Outcome::Listed { .. }
            | Outcome::NotListed
            | Outcome::Busted { .. } => None,
        }));
    }
    assert_eq!(numbers, [0, 1, 2, 3]);
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "a timer was sent to a venue"))]
fn timers_are_not_for_a_venue() {
    let wake = Command::WakeAt { at: Nanos(1), timer: TimerId(0), strategy: StrategyId(0) };
    let mut out = Vec::new();
    venue(VenueConfig::default()).on_command(Nanos(0), &wake, &mut out);
    assert!(out.is_empty());
}
