//! Guéant, Lehalle & Fernandez-Tapia (2013): quotes for a dealer whose inventory is bounded, long before the end
//! of the day. Owns the closed-form approximation and the rule made of it; never counts inventory.

use crate::estimates::Law;
use crate::maker::{Pair, Pricing, Quote, Situation};
use serde::{Deserialize, Serialize};
use stdx::math;

/// The model of [`avellaneda_stoikov`](crate::avellaneda_stoikov), with the rate of arrivals and inventory kept
/// within bounds. One unit of inventory is one order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// γ, in 1 / (tick · order).
    pub risk_aversion: f64,
    /// σ, in ticks / √s.
    pub volatility: f64,
    /// A: arrivals a second, on one side, that reach the mid.
    pub rate: f64,
    /// k, in 1 / tick.
    pub decay: f64,
}

impl Model {
    /// What a flat dealer asks for the risk of one fill: `(1/γ)·ln(1 + γ/k)`, in ticks.
    #[must_use]
    pub fn base_distance(&self) -> f64 {
        math::ln_1p(self.risk_aversion / self.decay) / self.risk_aversion
    }

    /// What each order of inventory moves the quotes by:
    /// `√( σ²·γ / (2·k·A) · (1 + γ/k)^(1 + k/γ) )`, in ticks.
    #[must_use]
    pub fn skew(&self) -> f64 {
        let aversion = self.risk_aversion / self.decay;
        let growth = math::exp((1.0 + 1.0 / aversion) * math::ln_1p(aversion));
        let risk = self.volatility * self.volatility * self.risk_aversion;
        math::sqrt(risk / (2.0 * self.decay * self.rate) * growth)
    }

    /// How far below the mid to bid with `inventory` orders held: `base + (2q + 1)/2 · skew`
    /// (2013, the closed-form approximation of the asymptotic quotes).
    #[must_use]
    pub fn bid_distance(&self, inventory: f64) -> f64 {
        self.base_distance() + (inventory + 0.5) * self.skew()
    }

    /// How far above the mid to ask: the bid of a dealer with the opposite inventory.
    #[must_use]
    pub fn ask_distance(&self, inventory: f64) -> f64 {
        self.bid_distance(-inventory)
    }
}

/// The rule: the closed-form distances with estimates for σ, A and k.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Glft {
    /// γ as a share of k, so that one number suits a tick of any size.
    risk_aversion: f64,
}

impl Glft {
    /// With γ/k.
    #[must_use]
    pub const fn new(risk_aversion: f64) -> Self {
        Self { risk_aversion }
    }
}

impl Pricing for Glft {
    fn price(&self, situation: &Situation, law: &Law) -> Pair {
        let model = Model {
            risk_aversion: self.risk_aversion * law.decay,
            volatility: law.volatility,
            rate: law.rate,
            decay: law.decay,
        };
        let (base, skew) = (model.base_distance(), model.skew());
        let quote = |price| Quote { price, distance: base + 0.5 * skew };
        Pair {
            bid: quote(situation.mid - base - (situation.inventory + 0.5) * skew),
            ask: quote(situation.mid + base - (situation.inventory - 0.5) * skew),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_quotes_the_model() {
        let law = Law { volatility: 0.3, rate: 0.9, decay: 0.3 };
        let model = Model { risk_aversion: 0.01, volatility: 0.3, rate: 0.9, decay: 0.3 };
        for inventory in [-3.0, 0.0, 0.5, 7.0] {
            let pair = Glft::new(0.01 / 0.3).price(&Situation { mid: 50.0, inventory }, &law);
            assert!((50.0 - pair.bid.price - model.bid_distance(inventory)).abs() < 1e-9);
            assert!((pair.ask.price - 50.0 - model.ask_distance(inventory)).abs() < 1e-9);
        }
    }

    #[test]
    fn the_skew_with_a_scaled_aversion_does_not_depend_on_the_tick() {
        // The same market counted in ticks ten times finer: σ and all distances × 10, k ÷ 10.
        let coarse = Law { volatility: 0.5, rate: 1.0, decay: 2.0 };
        let fine = Law { volatility: 5.0, rate: 1.0, decay: 0.2 };
        let rule = Glft::new(0.1);
        let coarse = rule.price(&Situation { mid: 10.0, inventory: 2.0 }, &coarse);
        let fine = rule.price(&Situation { mid: 100.0, inventory: 2.0 }, &fine);
        assert!((fine.bid.price - 10.0 * coarse.bid.price).abs() < 1e-9);
        assert!((fine.ask.price - 10.0 * coarse.ask.price).abs() < 1e-9);
    }
}
