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
    /// The least that the lots of one order cost together, in nanos of the currency; zero is none.
    pub order_min_nanos: i64,
    /// The most, of what the order turned over, in parts per billion; goes before the least; zero is none.
    pub order_max_ppb: i64,
}

/// What holds from a turnover on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Of the days that count.
    pub turnover: Money,
    /// In place of the schedule's.
    pub maker_ppb: i64,
    /// In place of the schedule's.
    pub taker_ppb: i64,
}

impl FeeSchedule {
    /// Whether what an order's lots cost depends on the whole order.
    #[must_use]
    pub const fn bounds_orders(&self) -> bool {
        self.order_min_nanos != 0 || self.order_max_ppb != 0
    }

    /// What the lots of one order cost together, after so many of them that turned over so much.
    #[must_use]
    pub fn of_order(&self, lots: Lots, turnover: Money) -> Money {
        let mut fee = Money::from_nanos(self.per_lot_nanos) * lots.0;
        fee = fee.max(Money::from_nanos(self.order_min_nanos));
        if self.order_max_ppb != 0 {
            let most = turnover.0 * i128::from(self.order_max_ppb);
            fee = fee.min(Money(most.div_euclid(1_000_000_000)));
        }
        fee
    }

    /// The same with a tier's rates; without a tier, as it is.
    #[must_use]
    pub fn at(self, tier: Option<Tier>) -> Self {
        match tier {
            Some(tier) => Self { maker_ppb: tier.maker_ppb, taker_ppb: tier.taker_ppb, ..self },
            None => self,
        }
    }

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
    fn an_order_costs_no_less_and_no_more_than_its_bounds() {
        // Interactive Brokers, fixed prices of US stocks: 0.005 a share, at least 1.00 and at most 1 % an order. Its own
        // examples: 100 and 1,000 shares at 25.00 cost 1.00 and 5.00, 1,000 at 0.25 cost 2.50.
        let fees = FeeSchedule {
            per_lot_nanos: 5_000_000,
            order_min_nanos: 1_000_000_000,
            order_max_ppb: 10_000_000,
            ..FeeSchedule::default()
        };
        let fee = |lots, turnover| fees.of_order(Lots(lots), Money::ONE * turnover).to_string();
        assert_eq!([fee(100, 2_500), fee(1_000, 25_000), fee(1_000, 250)], ["1", "5", "2.5"]);
        assert!(fees.bounds_orders() && !FeeSchedule::default().bounds_orders());
    }

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
            ..FeeSchedule::default()
        };
        // 100 shares at 50.00: turnover 5,000; a rebate of 0.25, or 3.50; 0.30 for the lots.
        let fee = |liquidity| fees.fee(&instrument, Ticks(5_000), Lots(-100), liquidity).to_string();
        assert_eq!(fee(Liquidity::Maker), "0.05");
        assert_eq!(fee(Liquidity::Taker), "3.8");
    }
}
