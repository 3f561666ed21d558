//! What lots are worth at a price, for any price and size: the instrument's own arithmetic without its panics.

use serde::{Deserialize, Serialize};
use types::{Contract, Instrument, Lots, Money, Ticks};

/// An instrument's terms, as far as worth needs them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Worth {
    pub(crate) contract: Contract,
    tick_nanos: i64,
    /// Linear: one tick of one lot. Inverse: one lot's face, × 10³ over one tick, in nanos.
    unit: Option<i128>,
}

impl Worth {
    pub(crate) fn new(instrument: &Instrument) -> Self {
        let terms = instrument.terms();
        let unit = match terms.contract {
            Contract::Linear => Some(instrument.value(Ticks(1), Lots(1)).0),
            Contract::Inverse => {
                (i128::from(terms.lot_nanos) * i128::from(terms.multiplier_nanos)).checked_mul(1_000)
            }
        };
        Self { contract: terms.contract, tick_nanos: terms.tick_nanos, unit }
    }

    /// The turnover: [`Instrument::notional`] without its overflow. `None` when it has more digits than money can hold,
    /// or the price gives it no meaning.
    #[inline]
    pub(crate) fn notional(&self, price: Ticks, size: Lots) -> Option<Money> {
        let unit = self.unit?;
        let worth = match self.contract {
            // Two 64-bit numbers fit their 128-bit product.
            Contract::Linear => unit.checked_mul(i128::from(price.0) * i128::from(size.0))?,
            Contract::Inverse => {
                if price.0 <= 0 {
                    return None;
                }
                let numerator = unit.checked_mul(i128::from(size.0))?.checked_abs()?;
                let denominator = i128::from(price.0) * i128::from(self.tick_nanos);
                numerator.checked_add(denominator / 2)? / denominator
            }
        };
        worth.checked_abs().map(Money)
    }

    /// Twice what a signed size is worth at a mid in half ticks, signed so that a long gains when the price rises. Zero
    /// where it cannot be said.
    #[inline]
    pub(crate) fn doubled(&self, mid: i64, size: i64) -> i128 {
        let Some(unit) = self.unit else { return 0 };
        match self.contract {
            Contract::Linear => unit.saturating_mul(i128::from(mid) * i128::from(size)),
            Contract::Inverse if mid <= 0 => 0,
            Contract::Inverse => {
                let denominator = i128::from(mid) * i128::from(self.tick_nanos);
                -(unit.saturating_mul(i128::from(size)).saturating_mul(4) / denominator)
            }
        }
    }
}
