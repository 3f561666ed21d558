#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use super::*;
use types::StrategyId;

fn sample(seed: u64) -> Market {
    Market::new(&Model::sample(), InstrumentId(0), seed, None).expect("a market")
}

/// All that happens until a time, as it is seen.
fn play(market: &mut Market, until: f64) -> Vec<Event> {
    let (mut events, mut answers) = (Vec::new(), Vec::new());
    let end = market.starts_at + Nanos((until * 1e9) as i64);
    while market.next_at().is_some_and(|at| at < end) {
        market.step(&mut events, &mut answers);
    }
    events
}

fn order(order: u32, side: Side, kind: OrderKind, price: Ticks, size: i64) -> Command {
    let terms = NewOrder {
        instrument: InstrumentId(0),
        side,
        kind,
        time_in_force: TimeInForce::GoodTilCancel,
        price,
        size: Lots(size),
    };
    Command::Place(PlaceOrder { order: OrderId(order), strategy: StrategyId(0), terms })
}

fn at(seconds: f64) -> Nanos {
    Nanos(Model::sample().session.starts_at) + Nanos((seconds * 1e9) as i64)
}

fn mid(market: &Market) -> f64 {
    let [bid, ask] = market.touch();
    (bid.0 + ask.0) as f64 / 2.0
}

#[test]
fn the_same_seed_is_the_same_day_and_another_is_another() {
    let days = [3, 3, 4].map(|seed| play(&mut sample(seed), 3_600.0));
    assert_eq!(days[0], days[1]);
    assert_ne!(days[0], days[2]);
    assert!(days[0].len() > 5_000, "{}", days[0].len());
}

#[test]
fn the_events_make_the_exchange_s_book() {
    let mut market = sample(7);
    let mut book = book::Book::empty();
    let mut events = Vec::new();
    while market.next_at().is_some() {
        events.clear();
        market.step(&mut events, &mut Vec::new());
        for event in &events {
            if let Event::Order(delta) = event {
                book.apply_order(delta);
            }
        }
        assert!(events.is_empty() || book.is_live(), "an act leaves a sound book: {events:?}");
        for side in Side::BOTH {
            let ours = market.exchange().levels(side).map(|level| (level.price, level.size, level.orders));
            let theirs = book.levels(side).map(|level| (level.price, level.size, level.orders));
            assert!(ours.eq(theirs), "{side} after {events:?}");
        }
    }
    assert_eq!((book.unknown(), book.counts().unknown), (0, 0));
    assert!(market.acts().iter().all(|count| *count > 200), "{:?}", market.acts());
}

#[test]
fn our_order_waits_its_turn_in_the_one_queue() {
    let mut market = sample(1);
    play(&mut market, 60.0);
    let [bid, ask] = market.touch();
    let ahead = market.exchange().level(Side::Buy, bid).size;
    let (mut events, mut answers) = (Vec::new(), Vec::new());
    market.on_command(
        at(60.0),
        &order(1, Side::Buy, OrderKind::PostOnly, bid, 30),
        &mut events,
        &mut answers,
    );
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].outcome, Outcome::Accepted);
    assert_eq!(market.exchange().level(Side::Buy, bid).size, ahead + Lots(30));
    // Another of ours takes from the other side: what it gets is what stands there.
    answers.clear();
    let standing = market.exchange().level(Side::Sell, ask).size;
    let takes = order(2, Side::Buy, OrderKind::Market, ask, standing.0 + 5);
    market.on_command(at(60.0), &takes, &mut events, &mut answers);
    let got: Lots = answers
        .iter()
        .filter_map(|report| match report.outcome {
            Outcome::Filled { price, size, liquidity: Liquidity::Taker, .. } if price == ask => Some(size),
            _ => None,
        })
        .sum();
    assert_eq!((got, answers.last().map(|report| report.outcome)), (standing, Some(Outcome::Canceled)));
    // Whoever sells at our price until we are filled sells through those ahead of us first.
    let mut sold = Lots::ZERO;
    let mut gone_ahead = Lots::ZERO;
    answers.clear();
    while market.next_at().is_some() && answers.is_empty() {
        events.clear();
        market.step(&mut events, &mut answers);
        for event in &events {
            match event {
                Event::Order(delta) if delta.side == Side::Buy && delta.price == bid => match delta.action {
                    OrderAction::Reduce => sold += delta.size,
                    OrderAction::Delete => gone_ahead += delta.size,
                    _ => {}
                },
                _ => {}
            }
        }
    }
    let Some(Outcome::Filled { size, liquidity: Liquidity::Maker, price, .. }) =
        answers.first().map(|a| a.outcome)
    else {
        panic!("the day is long enough: {answers:?}")
    };
    assert_eq!(price, bid);
    assert!(sold + gone_ahead >= ahead + size, "{sold:?} {gone_ahead:?} {ahead:?} {size:?}");
}

#[test]
fn refusals_name_their_reason() {
    let mut market = sample(2);
    let (mut events, mut answers) = (Vec::new(), Vec::new());
    let mut say = |market: &mut Market, command: Command| {
        answers.clear();
        market.on_command(at(30.0), &command, &mut events, &mut answers);
        answers.iter().map(|report| report.outcome).collect::<Vec<_>>()
    };
    let early = say(&mut market, order(1, Side::Buy, OrderKind::Limit, Ticks(1), 1));
    assert_eq!(early, [Outcome::Rejected(RejectReason::MarketClosed)]);
    play(&mut market, 30.0);
    let [bid, ask] = market.touch();
    let stop = OrderKind::Stop { trigger: ask };
    for (command, reason) in [
        (order(2, Side::Buy, OrderKind::PostOnly, ask, 1), RejectReason::WouldTake),
        (order(3, Side::Buy, OrderKind::Limit, bid, 0), RejectReason::Invalid),
        (order(4, Side::Buy, stop, ask, 1), RejectReason::Invalid),
    ] {
        assert_eq!(say(&mut market, command), [Outcome::Rejected(reason)]);
    }
    assert_eq!(say(&mut market, order(5, Side::Buy, OrderKind::Limit, bid, 10)), [Outcome::Accepted]);
    let meets = say(&mut market, order(6, Side::Sell, OrderKind::Limit, bid, 10));
    assert_eq!(meets, [Outcome::Rejected(RejectReason::Other)]);
    let change = |price, size| Command::Replace {
        order: OrderId(5),
        instrument: InstrumentId(0),
        price,
        size: Lots(size),
    };
    assert_eq!(say(&mut market, change(bid, 4)), [Outcome::Replaced { price: bid, size: Lots(4) }]);
    assert_eq!(say(&mut market, change(bid - 1, 6)), [Outcome::Replaced { price: bid - 1, size: Lots(6) }]);
    let cancel = Command::Cancel { order: OrderId(5), instrument: InstrumentId(0) };
    assert_eq!(say(&mut market, cancel), [Outcome::Canceled]);
    assert_eq!(say(&mut market, cancel), [Outcome::CancelRejected(RejectReason::UnknownOrder)]);
}

/// A large purchase, as a desk that must have it would make it; gives how far the mid is above where it would have been
/// without it, at the end and some time later.
fn impact(seed: u64, size: i64) -> [f64; 2] {
    let mut moved = [0.0; 2];
    let paths = [0, size].map(|size| {
        let mut market = sample(seed);
        play(&mut market, 300.0);
        if size > 0 {
            let limit = market.touch()[1] + 1_000;
            let buys = order(1, Side::Buy, OrderKind::Market, limit, size);
            market.on_command(at(300.0), &buys, &mut Vec::new(), &mut Vec::new());
        }
        [301.0, 360.0].map(|until| {
            play(&mut market, until);
            mid(&market)
        })
    });
    for (moved, (without, with)) in moved.iter_mut().zip(paths[0].iter().zip(paths[1])) {
        *moved = with - without;
    }
    moved
}

#[test]
fn what_we_take_moves_the_market_our_way_on_average() {
    const SEEDS: u64 = 60;
    let mean = |size| {
        let all = (0..SEEDS).map(|seed| impact(seed, size));
        all.fold([0.0; 2], |sum, one| [sum[0] + one[0] / 60.0, sum[1] + one[1] / 60.0])
    };
    let (small, large) = (mean(50), mean(500));
    // Measured: 500 lots move it by some ticks at once, and part of that stays.
    assert!(large[0] > 2.0 && large[1] > 0.5, "{large:?}");
    assert!(large[0] > small[0], "{large:?} {small:?}");
}

#[test]
fn an_act_of_ours_changes_only_what_follows() {
    let (mut with, mut without) = (sample(9), sample(9));
    let before = [play(&mut with, 600.0), play(&mut without, 600.0)];
    assert_eq!(before[0], before[1]);
    let bid = with.touch()[0];
    with.on_command(
        at(600.0),
        &order(1, Side::Buy, OrderKind::Limit, bid - 500, 1),
        &mut Vec::new(),
        &mut Vec::new(),
    );
    let after = [play(&mut with, 900.0), play(&mut without, 900.0)];
    assert_ne!(after[0], after[1]);
}

#[test]
fn a_model_that_makes_no_market_is_refused_by_its_key() {
    type Spoil = fn(&mut Model);
    let cases: [(&str, Spoil); 8] = [
        ("market_version", |m| m.market_version = 0),
        ("session.opening", |m| m.session.opening = [5, 5]),
        ("session.book", |m| m.session.book.clear()),
        ("session.profile", |m| m.session.profile = vec![0.0]),
        ("state.by_spread", |m| m.state.by_spread[1].clear()),
        ("makers.places", |m| m.makers.places[0] = vec![0.0; buckets::PLACES]),
        ("sizes", |m| m.makers.sizes[0].others = vec![3, 2]),
        ("excitement", |m| m.excitement.same_side[1][1] = vec![0.5, 0.6]),
    ];
    for (key, spoil) in cases {
        let mut model = Model::sample();
        spoil(&mut model);
        assert_eq!(model.check().expect_err(key).key, key);
    }
    assert!(Model::sample().check().expect("sound").spectral_radius() < 0.95);
}

#[test]
fn what_the_state_multiplies_does_not_explode() {
    let mut model = Model::sample();
    model.state.by_spread = vec![vec![5.0; 3]; 3];
    let mut market = Market::new(&model, InstrumentId(0), 1, None).expect("each number is in its range");
    play(&mut market, 3_600.0);
    let acts: u64 = market.acts().iter().sum();
    let usual = market.busy_usually * 60.0;
    // Rates are at most the factor times what the last minute excites (less than its acts), times 8 usual minutes over it.
    assert!((acts as f64) < usual * BUSY_MAX * FACTOR_MAX, "{acts} acts, usually {usual}");
}
