//! European options in closed form: worth, and the three sensitivities that limits are put on.
//!
//! Black & Scholes (The pricing of options and corporate liabilities, Journal of Political Economy 81(3), 1973) with a
//! dividend yield (Merton 1973), and Black on a future (The pricing of commodity contracts, Journal of Financial Economics 3,
//! 1976). Both are one formula of the forward: `D·(±F·N(±d₁) ∓ K·N(±d₂))`.

use core::f64::consts::PI;
use stdx::math;

/// What the buyer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Buy at the strike.
    Call,
    /// Sell at the strike.
    Put,
}

/// One option and the market it is in. Rates and volatility are by year, continuous.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct European {
    /// What the buyer may do.
    pub right: Right,
    /// At this price.
    pub strike: f64,
    /// Years until then.
    pub years: f64,
    /// The riskless rate.
    pub rate: f64,
    /// Volatility of what lies beneath.
    pub volatility: f64,
}

/// What lies beneath.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beneath {
    /// A share or a coin at this price, which yields so much by year.
    Spot {
        /// The price now.
        price: f64,
        /// Dividends, or the rate of the foreign currency.
        yields: f64,
    },
    /// A future at this price.
    Future {
        /// The price now.
        price: f64,
    },
}

/// Worth and sensitivities of one option on one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Greeks {
    /// What it is worth.
    pub worth: f64,
    /// By how much that changes with the price beneath.
    pub delta: f64,
    /// By how much delta does.
    pub gamma: f64,
    /// By how much the worth changes with volatility, by 1.00 of it: a hundred of its points.
    pub vega: f64,
}

impl European {
    /// `None` when a price, the time or the volatility is not above zero, or a number is none: at expiry there is a worth but no
    /// gamma to limit.
    #[must_use]
    pub fn greeks(&self, beneath: Beneath) -> Option<Greeks> {
        let (price, yields) = match beneath {
            Beneath::Spot { price, yields } => (price, yields),
            Beneath::Future { price } => (price, self.rate),
        };
        let positive = [price, self.strike, self.years, self.volatility];
        if positive.iter().any(|x| !x.is_finite() || *x <= 0.0)
            || !self.rate.is_finite()
            || !yields.is_finite()
        {
            return None;
        }
        let discount = math::exp(-self.rate * self.years);
        let kept = math::exp(-yields * self.years);
        let root = math::sqrt(self.years);
        let deviation = self.volatility * root;
        let forward = (self.rate - yields) * self.years;
        let d1 = (math::ln(price / self.strike) + forward) / deviation + deviation / 2.0;
        let d2 = d1 - deviation;
        let density = math::exp(-d1 * d1 / 2.0) / math::sqrt(2.0 * PI);
        let sign = match self.right {
            Right::Call => 1.0,
            Right::Put => -1.0,
        };
        let chance = math::normal_cdf(sign * d1);
        Some(Greeks {
            worth: sign * (price * kept * chance - self.strike * discount * math::normal_cdf(sign * d2)),
            delta: sign * kept * chance,
            gamma: kept * density / (price * deviation),
            vega: price * kept * density * root,
        })
    }
}

impl Greeks {
    /// These, and `count` more of those: what a book on one thing beneath adds up to.
    #[must_use]
    pub fn plus(self, count: f64, other: Self) -> Self {
        Self {
            worth: self.worth + count * other.worth,
            delta: self.delta + count * other.delta,
            gamma: self.gamma + count * other.gamma,
            vega: self.vega + count * other.vega,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(right: Right, strike: f64, years: f64, rate: f64, volatility: f64) -> European {
        European { right, strike, years, rate, volatility }
    }

    #[test]
    fn worths_meet_haug() {
        // Oracle OR-01: Haug, The Complete Guide to Option Pricing Formulas, 1998, pages 2 to 8.
        let rows = [
            (option(Right::Call, 65.0, 0.25, 0.08, 0.30), Beneath::Spot { price: 60.0, yields: 0.0 }, 2.1334),
            (option(Right::Put, 95.0, 0.5, 0.10, 0.20), Beneath::Spot { price: 100.0, yields: 0.05 }, 2.4648),
            (option(Right::Put, 19.0, 0.75, 0.10, 0.28), Beneath::Future { price: 19.0 }, 1.7011),
            (option(Right::Call, 1.60, 0.5, 0.06, 0.12), Beneath::Spot { price: 1.56, yields: 0.08 }, 0.0291),
        ];
        for (option, beneath, due) in rows {
            let seen = option.greeks(beneath).expect("sound").worth;
            assert!((seen - due).abs() < 1e-4, "{option:?}: {seen} is not {due}");
        }
    }

    #[test]
    fn a_call_less_a_put_is_the_forward() {
        let beneath = Beneath::Spot { price: 100.0, yields: 0.02 };
        let call = option(Right::Call, 90.0, 2.0, 0.05, 0.4).greeks(beneath).expect("sound");
        let put = option(Right::Put, 90.0, 2.0, 0.05, 0.4).greeks(beneath).expect("sound");
        let both = call.plus(-1.0, put);
        assert!((both.worth - (100.0 * math::exp(-0.04) - 90.0 * math::exp(-0.1))).abs() < 1e-12);
        assert!((both.delta - math::exp(-0.04)).abs() < 1e-14);
        assert!(both.gamma.abs() < 1e-15 && both.vega.abs() < 1e-12);
    }

    #[test]
    fn what_has_no_sensitivity_has_none() {
        let sound = option(Right::Call, 90.0, 2.0, 0.05, 0.4);
        let beneath = Beneath::Future { price: 100.0 };
        assert!(sound.greeks(beneath).is_some());
        for broken in [
            European { years: 0.0, ..sound },
            European { volatility: 0.0, ..sound },
            European { strike: -1.0, ..sound },
            European { rate: f64::NAN, ..sound },
        ] {
            assert_eq!(broken.greeks(beneath), None, "{broken:?}");
        }
        assert_eq!(sound.greeks(Beneath::Future { price: -37.63 }), None);
    }
}
