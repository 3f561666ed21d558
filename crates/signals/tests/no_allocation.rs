//! Signals allocate when they are made, never when they are fed or asked.

use signals::{Imbalance, Intensity, OrderFlow, Touch, Volatility};
use stdx::Prng;
use types::{Flags, InstrumentId, Lots, Nanos, Side, Ticks, Trade};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

#[test]
fn feeding_and_asking_allocates_nothing() {
    let mut volatility = Volatility::new(Nanos::from_secs(1), Nanos::from_secs(60));
    let mut intensity = Intensity::new(Nanos::from_secs(600));
    let mut imbalance = Imbalance::new(Nanos::from_secs(10));
    let mut flow = OrderFlow::new();
    let mut prng = Prng::new(1);
    let (mut now, mut bid, mut fits) = (Nanos(0), 1_000, 0);

    let before = testkit::allocations::on_this_thread();
    for _ in 0..200_000 {
        now = now + Nanos::from_millis(prng.between(0, 50));
        bid += prng.between(-1, 1);
        let touch = Touch {
            bid: Ticks(bid),
            bid_size: Lots(prng.between(1, 50)),
            ask: Ticks(bid + prng.between(1, 5)),
            ask_size: Lots(prng.between(1, 50)),
        };
        if prng.chance(0.001) {
            volatility.on_interruption();
            intensity.on_interruption(now);
            imbalance.on_interruption(now);
            flow.on_interruption();
            now = now + Nanos::from_secs(prng.between(0, 2_000));
        }
        volatility.on_mid(now, touch.mid_ticks());
        intensity.on_touch(now, touch.bid, touch.ask);
        imbalance.on_touch(now, &touch);
        flow.on_touch(touch);
        if prng.chance(0.1) {
            let trade = Trade {
                venue_at: now,
                price: touch.ask + prng.between(0, 4),
                size: Lots(1),
                id: 0,
                instrument: InstrumentId(0),
                price_fraction: 0,
                aggressor: Some(Side::Buy),
                flags: Flags::NONE,
            };
            intensity.on_trade(now, &trade);
            fits += usize::from(intensity.fit().is_some());
        }
    }
    assert_eq!(testkit::allocations::on_this_thread(), before);
    assert!(fits > 1_000 && volatility.samples() > 1_000 && imbalance.value().is_some());
}
