//! The venue allocates nothing once it has seen a session.

mod common;

use common::{beats, config, instruments};
use sim::market::{Generator, Step};
use sim::{Venue, VenueConfig};
use stdx::Prng;
use types::{Command, Event, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, PlaceOrder, Report};
use types::{OrderAction, OrderDelta, Side, StrategyId, TimeInForce};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// A quoter in small: every 50 actions it cancels what rests and quotes both sides at the touch.
fn play(venue: &mut Venue, beats: &[(Step, Vec<Event>)], reports: &mut Vec<Report>) -> usize {
    let instrument = InstrumentId(0);
    let mut fills = 0;
    let mut next = 0;
    for (row, (step, events)) in beats.iter().enumerate() {
        for event in events {
            venue.on_market(step.at, event, reports);
        }
        fills += reports.len();
        reports.clear();
        if row % 50 != 49 {
            continue;
        }
        for side in Side::BOTH {
            let cancel = Command::Cancel { order: OrderId(next), instrument };
            venue.on_command(step.at, &cancel, reports);
            let Some(best) = venue.book(instrument).best(side) else {
                continue;
            };
            let terms = NewOrder {
                instrument,
                side,
                kind: OrderKind::Limit,
                time_in_force: TimeInForce::GoodTilCancel,
                price: best.price,
                size: Lots(3),
            };
            let order = OrderId(next + 2);
            let place = Command::Place(PlaceOrder { order, strategy: StrategyId(0), terms });
            venue.on_command(step.at, &place, reports);
            next += 1;
        }
        reports.clear();
    }
    fills
}

#[test]
fn a_session_heard_again_allocates_nothing() {
    let beats: Vec<(Step, Vec<Event>)> = beats(&mut Generator::new(config(41, 60)), 10_000)
        .into_iter()
        .map(|beat| (beat.step, beat.events))
        .collect();
    let products = config(41, 60).products;
    let mut venue = Venue::new(&instruments(&products), VenueConfig::default(), Prng::new(1));
    let mut reports = Vec::with_capacity(64);
    let first = play(&mut venue, &beats, &mut reports);
    assert!(first > 20, "{first} fills");
    let clear = Event::Order(OrderDelta {
        venue_at: Nanos(0),
        order: types::MarketOrderId(0),
        price: types::Ticks(0),
        size: Lots(0),
        instrument: InstrumentId(0),
        side: Side::Buy,
        action: OrderAction::Clear,
        flags: types::Flags::NONE,
    });
    venue.on_market(Nanos(0), &clear, &mut reports);
    reports.clear();
    let before = testkit::allocations::on_this_thread();
    let second = play(&mut venue, &beats, &mut reports);
    let made = testkit::allocations::on_this_thread() - before;
    assert!(second > 20, "{second} fills");
    assert_eq!(made, 0);
}
