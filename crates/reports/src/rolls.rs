//! What going from one contract to the next cost: the orders whose purpose that was, apart from all others.
//!
//! Part of the P&L that is split elsewhere, told a second time; never added to it.

use crate::mids::Mid;
use crate::report::Cash;
use serde::Serialize;
use types::{Instrument, Lots, Money, Ticks};

/// The sums, in the report's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rolls {
    fills: u64,
    lots: i128,
    twice_crossed: Money,
    fees: Money,
}

/// What the report says of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RollCosts {
    /// Fills of orders that rolled.
    pub fills: u64,
    /// Lots of them, those that closed and those that opened.
    pub lots: i128,
    /// Paid away from the mid as it was when we heard of the fill; positive when paid.
    pub crossed: Cash,
    /// Their fees; positive when paid.
    pub fees: Cash,
    /// Both together.
    pub cost: Cash,
}

impl Rolls {
    /// Adds a fill of an order that rolls, with what it paid in fees.
    pub fn on_fill(
        &mut self,
        instrument: &Instrument,
        price: Ticks,
        signed: Lots,
        mid: Option<Mid>,
        fees: Money,
    ) {
        self.fills += 1;
        self.lots += i128::from(signed.abs().0);
        self.fees += fees;
        if let Some(mid) = mid {
            let paid = instrument.value(price, signed);
            self.twice_crossed += paid + paid - mid.twice_value(instrument, signed);
        }
    }

    /// `None` when nothing rolled.
    #[must_use]
    pub fn costs(&self) -> Option<RollCosts> {
        let crossed = Money(self.twice_crossed.0.div_euclid(2));
        let (cost, fees) = (Cash(crossed + self.fees), Cash(self.fees));
        (self.fills > 0).then_some(RollCosts {
            fills: self.fills,
            lots: self.lots,
            crossed: Cash(crossed),
            fees,
            cost,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::instrument;
    use types::Contract;

    #[test]
    fn a_roll_costs_half_of_both_spreads_and_its_fees() {
        // A tick is worth 12.50. Two lots sold at the bid of 100 to 102, two bought at the ask of 204, the bid at 203.
        let es = instrument(0, "ESZ6", Contract::Linear);
        let mid = |bid, ask| Some(Mid { bid: Ticks(bid), ask: Ticks(ask) });
        let mut rolls = Rolls::default();
        assert_eq!(rolls.costs(), None);
        rolls.on_fill(&es, Ticks(100), Lots(-2), mid(100, 102), Money::ONE);
        rolls.on_fill(&es, Ticks(204), Lots(2), mid(203, 204), Money::ONE);
        let costs = rolls.costs().expect("two fills");
        assert_eq!((costs.fills, costs.lots), (2, 4));
        // A tick on two lots, and half a tick on two.
        assert_eq!(
            [costs.crossed, costs.fees, costs.cost].map(|cash| cash.0.to_string()),
            ["37.5", "2", "39.5"]
        );
    }
}
