//! What a fill costs.

use crate::{Instrument, Liquidity, Lots, Money, Ticks};
use serde::{Deserialize, Serialize};

/// One basis point, in the parts per billion fees are kept in.
pub const BASIS_POINT_PPB: i64 = 100_000;

/// A venue's prices for trading. A negative rate is a rebate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeSchedule {
    /// Of the turnover, when we gave liquidity, in parts per billion (1 bp is 100,000).
    pub maker_ppb: i64,
    /// Of the turnover, when we took it, in parts per billion.
    pub taker_ppb: i64,
    /// For each lot either way (exchange, clearing and regulatory fees), in nanos of the currency.
    pub per_lot_nanos: i64,
}

impl FeeSchedule {
    /// The fee of one fill; positive is paid, negative is received. Rounded up: in doubt we pay.
    #[inline]
    #[must_use]
    pub fn fee(&self, instrument: &Instrument, price: Ticks, size: Lots, liquidity: Liquidity) -> Money {
        let ppb = match liquidity {
            Liquidity::Maker => self.maker_ppb,
            Liquidity::Taker => self.taker_ppb,
        };
        let parts = instrument.notional(price, size).0 * i128::from(ppb);
        let share = parts.div_euclid(1_000_000_000) + i128::from(parts.rem_euclid(1_000_000_000) != 0);
        Money(share) + Money::from_nanos(self.per_lot_nanos) * size.0.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Contract, InstrumentId, Origin, instrument::Terms};

    #[test]
    fn a_fee_is_a_share_of_turnover_and_a_price_per_lot() {
        let instrument = Instrument::new(Terms {
            id: InstrumentId(0),
            symbol: "X".into(),
            venue: "test".into(),
            currency: "USD".into(),
            contract: Contract::Linear,
            tick_nanos: 10_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 1_000_000_000,
            depths: crate::Depths::default(),
            origin: Origin::Configured,
        })
        .expect("valid terms");
        let fees = FeeSchedule {
            maker_ppb: -BASIS_POINT_PPB / 2,
            taker_ppb: 7 * BASIS_POINT_PPB,
            per_lot_nanos: 3_000_000,
        };
        // 100 shares at 50.00: turnover 5,000; a rebate of 0.25, or 3.50; 0.30 for the lots.
        let fee = |liquidity| fees.fee(&instrument, Ticks(5_000), Lots(-100), liquidity).to_string();
        assert_eq!(fee(Liquidity::Maker), "0.05");
        assert_eq!(fee(Liquidity::Taker), "3.8");
    }
}
