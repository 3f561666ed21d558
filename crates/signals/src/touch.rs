//! The best bid and the best ask with their sizes: what the simple signals look at. Owns no history.

use serde::{Deserialize, Serialize};
use types::{Lots, Ticks};

/// Both sides' best level at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The best bid.
    pub bid: Ticks,
    /// What stands there.
    pub bid_size: Lots,
    /// The best ask.
    pub ask: Ticks,
    /// What stands there.
    pub ask_size: Lots,
}

impl Touch {
    /// Halfway between bid and ask, in ticks.
    #[inline]
    #[must_use]
    pub fn mid_ticks(&self) -> f64 {
        0.5 * (estimate(self.bid.0) + estimate(self.ask.0))
    }

    /// The mid, weighted by the size of the **other** side: it leans to where less stands, which is where the
    /// price tends to go next. In ticks.
    ///
    /// The weighted mid of Stoikov, "The micro-price" (2018): `I·ask + (1 - I)·bid` with
    /// `I = bid size / (bid size + ask size)`; the micro-price itself adjusts it by a fitted Markov chain.
    /// Without any size it is the mid.
    #[inline]
    #[must_use]
    pub fn weighted_mid_ticks(&self) -> f64 {
        self.mid_ticks() + 0.5 * self.imbalance() * (estimate(self.ask.0) - estimate(self.bid.0))
    }

    /// `(bid size - ask size) / (bid size + ask size)`: +1 when only buyers stand, -1 when only sellers do.
    #[inline]
    #[must_use]
    pub fn imbalance(&self) -> f64 {
        let (bid, ask) = (estimate(self.bid_size.0), estimate(self.ask_size.0));
        if bid + ask > 0.0 { (bid - ask) / (bid + ask) } else { 0.0 }
    }
}

#[inline]
#[expect(
    clippy::cast_precision_loss,
    reason = "a signal is an estimate; whole numbers below 2^53 are exact anyway"
)]
pub(crate) const fn estimate(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weighted_mid_leans_to_the_thinner_side() {
        // bid × size, ask × size → imbalance, mid, weighted mid.
        let cases = [
            ((100, 10), (101, 10), 0.0, 100.5, 100.5),
            ((100, 30), (101, 10), 0.5, 100.5, 100.75),
            ((100, 10), (104, 30), -0.5, 102.0, 101.0),
            ((-3, 1), (-1, 0), 1.0, -2.0, -1.0),
            ((100, 0), (101, 0), 0.0, 100.5, 100.5),
        ];
        for ((bid, bid_size), (ask, ask_size), imbalance, mid, weighted) in cases {
            let touch = Touch {
                bid: Ticks(bid),
                bid_size: Lots(bid_size),
                ask: Ticks(ask),
                ask_size: Lots(ask_size),
            };
            let got = [touch.imbalance(), touch.mid_ticks(), touch.weighted_mid_ticks()];
            for (got, want) in got.into_iter().zip([imbalance, mid, weighted]) {
                assert!((got - want).abs() < 1e-12, "{touch:?}: {got} is not {want}");
            }
        }
    }

    #[test]
    fn the_weighted_mid_is_the_textbook_form() {
        let mut prng = stdx::Prng::new(5);
        for _ in 0..1_000 {
            let bid = prng.between(-1_000, 1_000);
            let touch = Touch {
                bid: Ticks(bid),
                bid_size: Lots(prng.between(1, 500)),
                ask: Ticks(bid + prng.between(1, 30)),
                ask_size: Lots(prng.between(1, 500)),
            };
            let (qb, qa) = (estimate(touch.bid_size.0), estimate(touch.ask_size.0));
            let textbook = (estimate(touch.ask.0) * qb + estimate(touch.bid.0) * qa) / (qb + qa);
            assert!((touch.weighted_mid_ticks() - textbook).abs() < 1e-9);
        }
    }
}
