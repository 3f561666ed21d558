//! Avellaneda & Stoikov (2008): the price at which a dealer with inventory is indifferent, and how far around it
//! to quote. Owns the formulas and the rule made of them; never counts inventory, never rounds a price.

use crate::estimates::Law;
use crate::maker::{Pair, Pricing, Quote, Situation};
use serde::{Deserialize, Serialize};
use stdx::math;

/// The model: a mid that is a Brownian motion, orders that arrive at the rate `A·e^(-kδ)`, a dealer whose utility
/// of final wealth is `-e^(-γ·wealth)`.
///
/// One unit of inventory is one order; γ is per tick and order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// γ: how much worse twice the risk is than twice the loss, in 1 / (tick · order).
    pub risk_aversion: f64,
    /// σ: how fast the mid moves, in ticks / √s.
    pub volatility: f64,
    /// k: how the rate of arrivals falls with depth, in 1 / tick.
    pub decay: f64,
}

impl Model {
    /// How far the dealer's own price lies above the mid with `inventory` orders held and `remaining_s` to go:
    /// `r - s = -q·γ·σ²·(T - t)` (2008, eq. 3.17).
    #[must_use]
    pub fn reservation_shift(&self, inventory: f64, remaining_s: f64) -> f64 {
        -inventory * self.risk_aversion * self.volatility * self.volatility * remaining_s
    }

    /// From bid to ask: `γ·σ²·(T - t) + (2/γ)·ln(1 + γ/k)` (2008, eq. 3.18).
    #[must_use]
    pub fn spread(&self, remaining_s: f64) -> f64 {
        let inventory_risk = self.risk_aversion * self.volatility * self.volatility * remaining_s;
        inventory_risk + 2.0 / self.risk_aversion * math::ln_1p(self.risk_aversion / self.decay)
    }
}

/// The rule: half the spread either side of the reservation price, with estimates for σ and k.
///
/// The paper's day ends at T. Here the end never comes nearer: `T - t` is a horizon that rolls along, for markets
/// that do not close and dealers who go on tomorrow. It is counted in arrivals, `T - t = horizon / A`, because
/// what a dealer fears is the time it takes to be rid of an order, and that is short where much trades.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AvellanedaStoikov {
    /// γ as a share of k, so that one number suits a tick of any size.
    risk_aversion: f64,
    horizon_arrivals: f64,
}

impl AvellanedaStoikov {
    /// With γ/k, and the rolling horizon.
    #[must_use]
    pub const fn new(risk_aversion: f64, horizon_arrivals: f64) -> Self {
        Self { risk_aversion, horizon_arrivals }
    }
}

impl Pricing for AvellanedaStoikov {
    fn price(&self, situation: &Situation, law: &Law) -> Pair {
        let model = Model {
            risk_aversion: self.risk_aversion * law.decay,
            volatility: law.volatility,
            decay: law.decay,
        };
        let remaining_s = self.horizon_arrivals / law.rate;
        let fair = situation.mid + model.reservation_shift(situation.inventory, remaining_s);
        let half = 0.5 * model.spread(remaining_s);
        Pair {
            bid: Quote { price: fair - half, distance: half },
            ask: Quote { price: fair + half, distance: half },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_meet_hand_computed_values() {
        // γ, σ, k, q, T - t → r - s and spread; logarithms from a table.
        let cases = [
            // (2/0.1)·ln(1.0666667) = 1.2907704; 0.1·4·1 = 0.4.
            (0.1, 2.0, 1.5, 0.0, 1.0, 0.0, 1.690_770_4),
            (0.1, 2.0, 1.5, 3.0, 1.0, -1.2, 1.690_770_4),
            (0.1, 2.0, 1.5, -3.0, 0.5, 0.6, 1.490_770_4),
            (0.1, 2.0, 1.5, 5.0, 0.0, 0.0, 1.290_770_4),
            // 4·ln(4/3) = 1.1507283; 0.5·4·0.25 = 0.5.
            (0.5, 2.0, 1.5, 1.0, 0.25, -0.5, 1.650_728_3),
            // Hardly averse: the spread is 2/k.
            (1e-9, 2.0, 1.5, 100.0, 1.0, -4e-7, 1.333_333_3),
        ];
        for (risk_aversion, volatility, decay, inventory, remaining_s, shift, spread) in cases {
            let model = Model { risk_aversion, volatility, decay };
            let got = model.reservation_shift(inventory, remaining_s);
            assert!((got - shift).abs() < 1e-12, "{model:?}: {got} is not {shift}");
            let got = model.spread(remaining_s);
            assert!((got - spread).abs() < 1e-7, "{model:?}: {got} is not {spread}");
        }
    }

    #[test]
    fn a_long_dealer_quotes_lower_and_as_wide() {
        let law = Law { volatility: 0.5, rate: 2.0, decay: 2.0 };
        let price = |inventory| {
            let rule = AvellanedaStoikov::new(0.1, 4.0);
            rule.price(&Situation { mid: 100.5, inventory }, &law)
        };
        let (short, flat, long) = (price(-4.0), price(0.0), price(4.0));
        // γ = 0.1·2, T - t = 4/2: shift 4·0.2·0.25·2 = 0.4; spread 0.1 + 10·ln(1.1) = 1.0531018.
        for (pair, shift) in [(short, 0.4), (flat, 0.0), (long, -0.4)] {
            assert!((0.5 * (pair.bid.price + pair.ask.price) - 100.5 - shift).abs() < 1e-12);
            assert!((pair.ask.price - pair.bid.price - 1.053_101_8).abs() < 1e-7);
            assert!((pair.ask.price - pair.bid.price - 2.0 * flat.ask.distance).abs() < 1e-12);
        }
    }
}
