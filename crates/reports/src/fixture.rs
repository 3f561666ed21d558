//! What several tests need.

use types::instrument::Terms;
use types::{Contract, Instrument, InstrumentId, Origin};

/// Linear: an E-mini, a tick of a lot is worth 12.50. Inverse: 100 of face, a tick of 0.1.
pub(crate) fn instrument(id: u32, symbol: &str, contract: Contract) -> Instrument {
    let (tick_nanos, multiplier, currency) = match contract {
        Contract::Linear => (250_000_000, 50, "USD"),
        Contract::Inverse => (100_000_000, 100, "BTC"),
    };
    Instrument::new(Terms {
        id: InstrumentId(id),
        symbol: symbol.into(),
        venue: "test".into(),
        currency: currency.into(),
        contract,
        tick_nanos,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: multiplier * 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::KnownProduct,
    })
    .expect("valid terms")
}
