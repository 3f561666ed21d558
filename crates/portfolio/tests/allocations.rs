//! Once warm, fills and marks ask for no memory.

use stdx::Prng;
use types::instrument::Terms;
use types::{Contract, FeeSchedule, Instrument, InstrumentId, Liquidity, Lots, Nanos, Origin, Side, Ticks};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

const X: InstrumentId = InstrumentId(0);

#[test]
fn no_memory_is_asked_for_once_warm() {
    let instrument = Instrument::new(Terms {
        id: X,
        symbol: "X".into(),
        venue: "test".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 10_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms");
    let mut portfolio = portfolio::Portfolio::new(&[instrument], &[FeeSchedule::default()]);
    let mut prng = Prng::new(1);
    let mut held = 0;
    let before = testkit::allocations::on_this_thread();
    for n in 0..100_000_i64 {
        // At most 15 lots either way, of different prices: within the room each instrument starts with.
        let side = if held >= 15 || (held > -15 && prng.chance(0.5)) { Side::Sell } else { Side::Buy };
        portfolio.on_fill(Nanos(n), X, side, Ticks(n), Lots(1), Liquidity::Maker);
        held += side.sign();
        portfolio.mark(X, Ticks(n - 1), Ticks(n + 1));
        assert!(portfolio.equity() != types::Money(i128::MAX));
    }
    assert_eq!(testkit::allocations::on_this_thread() - before, 0);
    for n in 0..100 {
        portfolio.on_fill(Nanos(0), X, Side::Buy, Ticks(n), Lots(1), Liquidity::Maker);
    }
    assert!(testkit::allocations::on_this_thread() > before, "the counter counts");
}
