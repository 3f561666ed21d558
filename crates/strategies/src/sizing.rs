//! From an estimate of how much to whole lots. Owns the rounding, which is always towards nothing; `quant::sizing`, which
//! strategies call through here, owns the estimates.

pub use quant::sizing::{caps, drawdown, kelly, volatility};

use types::{Instrument, Lots, Money, Ticks};

/// What a venue lets be traded of an instrument, beyond its lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// Orders are a whole number of these; one lot where the venue says nothing else.
    pub step: Lots,
    /// The least an order must be worth.
    pub notional_min: Money,
}

impl Default for Steps {
    fn default() -> Self {
        Self { step: Lots(1), notional_min: Money::ZERO }
    }
}

impl Steps {
    /// The largest size worth at most `worth` (signed: below zero is short) at this price. Nothing where the venue would not
    /// take it, and where the estimate is no number.
    #[must_use]
    pub fn lots(&self, instrument: &Instrument, price: Ticks, worth: f64) -> Lots {
        let one = instrument.notional(price, Lots(1));
        let size = if one > Money::ZERO { self.whole(worth / one.to_f64()) } else { Lots::ZERO };
        // A quotient of floats may be a lot too many.
        let is_within = |size: Lots| instrument.notional(price, size).to_f64() <= worth.abs();
        let size = if size.is_zero() || is_within(size) {
            size
        } else {
            Lots(size.0 - self.step.0 * size.0.signum())
        };
        if instrument.notional(price, size) < self.notional_min { Lots::ZERO } else { size }
    }

    /// So many lots in whole steps, towards nothing. Nothing of what is no number, and of more than 2⁵³.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above the cast")]
    pub fn whole(&self, lots: f64) -> Lots {
        let is_count = lots.abs() <= 9_007_199_254_740_992.0;
        let lots = if is_count { lots as i64 } else { 0 };
        let step = self.step.0.max(1);
        Lots(lots / step * step)
    }
}

/// What one tick is worth on one lot around this price, as an estimate: how volatility in ticks becomes money.
#[must_use]
pub fn tick_value(instrument: &Instrument, price: Ticks) -> f64 {
    let worth = |price: i128| instrument.value_between(price * 10_000, Lots(1));
    let price = i128::from(price.0);
    match (worth(price), worth(price + 1)) {
        (Some(here), Some(above)) => (above - here).to_f64(),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instrument::Terms;
    use types::{Contract, Depths, InstrumentId, Origin};

    /// Steps of 0.1, contracts of 50; or a face of 50.
    fn instrument(contract: Contract) -> Instrument {
        Instrument::new(Terms {
            id: InstrumentId(0),
            symbol: "X".into(),
            venue: "test".into(),
            currency: "USD".into(),
            contract,
            tick_nanos: 100_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 50_000_000_000,
            depths: Depths::default(),
            origin: Origin::Configured,
        })
        .expect("valid terms")
    }

    #[test]
    fn a_size_is_never_worth_more_than_was_meant() {
        let linear = instrument(Contract::Linear);
        let check = |steps: Steps, worth: f64, due: i64| {
            // 100.0: a lot is worth 5,000.
            assert_eq!(steps.lots(&linear, Ticks(1_000), worth), Lots(due), "{steps:?} {worth}");
        };
        let any = Steps::default();
        check(any, 4_999.99, 0);
        check(any, 5_000.0, 1);
        check(any, -14_999.0, -2);
        check(any, f64::NAN, 0);
        check(any, f64::INFINITY, 0);
        let tens = Steps { step: Lots(10), ..any };
        check(tens, 149_999.0, 20);
        check(tens, -49_999.0, 0);
        let dear = Steps { notional_min: Money(10_000 * Money::ONE.0), ..any };
        check(dear, 9_999.0, 0);
        check(dear, -10_000.0, -2);
        for worth in 1..2_000 {
            let worth = f64::from(worth) * 137.7;
            let size = any.lots(&linear, Ticks(777), worth);
            assert!(linear.notional(Ticks(777), size).to_f64() <= worth);
            assert!(linear.notional(Ticks(777), size + Lots(1)).to_f64() > worth);
        }
        assert_eq!(any.lots(&linear, Ticks(0), 1_000.0), Lots(0), "what is worth nothing has no size");
    }

    #[test]
    fn a_tick_has_its_own_worth_at_each_price() {
        assert!((tick_value(&instrument(Contract::Linear), Ticks(7)) - 5.0).abs() < 1e-12);
        let inverse = instrument(Contract::Inverse);
        let due = 50.0 / 100.0 - 50.0 / 100.1;
        assert!((tick_value(&inverse, Ticks(1_000)) - due).abs() < 1e-9);
        assert!(tick_value(&inverse, Ticks(0)).is_nan());
    }
}
