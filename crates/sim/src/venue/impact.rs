//! What our own orders do to the market: noticed always, modelled if wanted.
//!
//! The record knows nothing of us. [`Large`] counts the orders for which that is no good assumption. [`Impact`] lets
//! what we take shift the prices we take at later, by the transient impact of Obizhaeva and Wang (2013, "Optimal
//! trading strategy and supply/demand dynamics", J. Financial Markets 16, section 4, without permanent impact), which
//! is the propagator of Bouchaud, Gefen, Potters and Wyart (2004, "Fluctuations and response in financial markets",
//! Quantitative Finance 4, equation 12) with an exponential kernel:
//!
//! ```text
//! shift(t) = Σ κ · qᵢ · exp(-(t - tᵢ) / τ)      qᵢ lots bought (above zero) or sold at tᵢ
//! ```
//!
//! What one order pays for its own size is not in it: that is the walk through the recorded levels. Only a shift
//! against us counts, rounded to whole steps: what would favour us nobody has promised. So after we have bought, what we
//! buy is dearer, and our resting bids lie that much further behind the market, and fill later; our asks lie as they did.

use stdx::math;
use types::{Lots, Nanos, OrderId, Side};

/// How strongly, and for how long. Parameters are the user's: they are not estimated here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImpactTerms {
    /// κ: price steps for each lot taken.
    pub ticks_per_lot: f64,
    /// τ: after this long a shift has fallen to `1/e` of what it was. Above zero.
    pub decay: Nanos,
}

/// The shift of one instrument's prices.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impact {
    terms: Option<ImpactTerms>,
    /// In price steps, up above zero, as it was `at`.
    shift: f64,
    at: Nanos,
}

impl Impact {
    /// None of it yet.
    #[must_use]
    pub const fn new(terms: Option<ImpactTerms>) -> Self {
        Self { terms, shift: 0.0, at: Nanos(0) }
    }

    /// The shift at a moment, in price steps; the moments never fall.
    #[must_use]
    pub fn at(&self, now: Nanos) -> f64 {
        match self.terms {
            Some(terms) if self.shift != 0.0 => {
                self.shift * math::exp(-((now - self.at).to_secs_f64() / terms.decay.to_secs_f64()))
            }
            _ => 0.0,
        }
    }

    /// By how many steps everything is dearer to buy, or cheaper to sell, than recorded.
    #[must_use]
    pub fn steps(&self, side: Side, now: Nanos) -> i64 {
        let against = match side {
            Side::Buy => self.at(now),
            Side::Sell => -self.at(now),
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an estimate in price steps, and the cast saturates"
        )]
        let steps = math::round(against.max(0.0)) as i64;
        steps
    }

    /// Whether we took anything so far, with terms to shift by.
    #[must_use]
    pub fn is_shifted(&self) -> bool {
        self.terms.is_some() && self.shift != 0.0
    }

    /// We took this much.
    pub fn take(&mut self, side: Side, size: Lots, now: Nanos) {
        if let Some(terms) = self.terms {
            #[expect(clippy::cast_precision_loss, reason = "an estimate, and sizes are far below 2⁵³")]
            let push = terms.ticks_per_lot * size.signed(side).0 as f64;
            (self.shift, self.at) = (self.at(now) + push, now);
        }
    }
}

/// Orders of ours that are large beside what is shown, so that "no impact" is in doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Large {
    /// How many.
    pub orders: u64,
    /// The largest beside what was shown: which, its size, and what was shown.
    pub largest: Option<(OrderId, Lots, Lots)>,
}

impl Large {
    /// Notes an order if it is for more than this share of what is shown.
    pub fn note(&mut self, share: f64, order: OrderId, size: Lots, shown: Lots) {
        #[expect(clippy::cast_precision_loss, reason = "a comparison for people")]
        let is_large = share > 0.0 && size.0 as f64 > share * shown.0 as f64;
        if !is_large {
            return;
        }
        self.orders += 1;
        let beside = |size: Lots, shown: Lots| i128::from(size.0) * i128::from(shown.0);
        // One of size a where b is shown is larger than one of size c where d is, if a·d > c·b.
        let larger =
            |(_, other, shown_there): (OrderId, Lots, Lots)| beside(size, shown_there) > beside(other, shown);
        if self.largest.is_none_or(larger) {
            self.largest = Some((order, size, shown));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    const TERMS: ImpactTerms = ImpactTerms { ticks_per_lot: 0.5, decay: Nanos::from_secs(10) };

    #[test]
    fn a_shift_falls_to_an_e_th_in_its_time_and_counts_against_us_only() {
        let mut impact = Impact::new(Some(TERMS));
        let at = Nanos::from_secs;
        assert_eq!((impact.steps(Side::Buy, at(0)), impact.steps(Side::Sell, at(0))), (0, 0));
        impact.take(Side::Buy, Lots(8), at(100));
        assert!((impact.at(at(100)) - 4.0).abs() < 1e-12);
        assert!((impact.at(at(110)) - 4.0 / std::f64::consts::E).abs() < 1e-12);
        assert_eq!([100, 101, 110, 200].map(|t| impact.steps(Side::Buy, at(t))), [4, 4, 1, 0]);
        // What we bought makes selling no dearer, and no better either.
        assert_eq!(impact.steps(Side::Sell, at(100)), 0);
        impact.take(Side::Sell, Lots(20), at(100));
        assert_eq!((impact.steps(Side::Buy, at(100)), impact.steps(Side::Sell, at(100))), (0, 6));
        assert_eq!(Impact::new(None).steps(Side::Buy, at(1)), 0);
    }

    /// The sum over all trades afresh, which the state must equal at any time.
    #[test]
    fn the_state_is_the_sum_of_what_is_left_of_every_trade() {
        for seed in 0..100 {
            let mut prng = Prng::new(seed);
            let mut impact = Impact::new(Some(TERMS));
            let (mut now, mut trades) = (0_i64, Vec::new());
            for _ in 0..60 {
                now += prng.between(0, 3_000_000_000);
                let side = Side::BOTH[usize::from(prng.chance(0.5))];
                let size = Lots(prng.between(1, 50));
                impact.take(side, size, Nanos(now));
                trades.push((now, size.signed(side).0 as f64));
                let sum: f64 =
                    trades.iter().map(|(at, lots)| 0.5 * lots * (-((now - at) as f64) / 10e9).exp()).sum();
                let found = impact.at(Nanos(now));
                assert!((found - sum).abs() < 1e-9, "seed {seed}: {found} {sum}");
            }
        }
    }

    #[test]
    fn large_orders_are_counted_and_the_largest_is_named() {
        let mut large = Large::default();
        for (order, size, shown) in [(0, 2, 10), (1, 3, 10), (2, 60, 100), (3, 5, 9), (4, 0, 0)] {
            large.note(0.25, OrderId(order), Lots(size), Lots(shown));
        }
        assert_eq!(large, Large { orders: 3, largest: Some((OrderId(2), Lots(60), Lots(100))) });
        large.note(0.25, OrderId(5), Lots(1), Lots(0));
        assert_eq!(large.largest, Some((OrderId(5), Lots(1), Lots(0))));
        large.note(0.0, OrderId(6), Lots(9), Lots(1));
        assert_eq!(large.orders, 4);
    }
}
