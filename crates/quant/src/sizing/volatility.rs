//! A position that is smaller when things move more, so that what is felt stays the same (Moreira & Muir, Volatility-managed
//! portfolios, Journal of Finance 72(4), 2017; Harvey et al., The impact of volatility targeting, Journal of Portfolio
//! Management 45(1), 2018).
//!
//! The forecast of volatility is the caller's choice: [`Ewma`] needs one number and forgets, [`Garch`] needs three and comes
//! back to its long-run mean, which matters as soon as the position is held for longer than the return it was learnt from.

use stdx::math;

/// Exponentially weighted mean of squared returns: `v = λv + (1 - λ)r²`, begun at the first square (RiskMetrics Technical
/// Document, 1996, section 5.2). Returns are taken as of mean zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ewma {
    decay: f64,
    variance: Option<f64>,
}

impl Ewma {
    /// With λ between 0 and 1: 0.94 for days.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn new(decay: f64) -> Self {
        assert!((0.0..1.0).contains(&decay), "a decay of {decay}");
        Self { decay, variance: None }
    }

    /// One more return. What is not a number is not learnt from.
    pub fn on_return(&mut self, gain: f64) {
        if gain.is_finite() {
            let square = gain * gain;
            self.variance =
                Some(self.variance.map_or(square, |v| self.decay * v + (1.0 - self.decay) * square));
        }
    }

    /// Of one interval; `None` before the first.
    #[must_use]
    pub const fn variance(&self) -> Option<f64> {
        self.variance
    }

    /// Of one interval; `None` before the first.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        self.variance.map(math::sqrt)
    }
}

/// `v = ω + αr² + βv` (Bollerslev, Generalized autoregressive conditional heteroskedasticity, Journal of Econometrics 31,
/// 1986), with parameters that somebody else has estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Garch {
    omega: f64,
    alpha: f64,
    beta: f64,
    variance: f64,
}

impl Garch {
    /// Begins at the long-run variance `ω / (1 - α - β)`. `None` when there is none: α + β must be below one.
    #[must_use]
    pub fn new(omega: f64, alpha: f64, beta: f64) -> Option<Self> {
        let is_sound = omega > 0.0 && alpha >= 0.0 && beta >= 0.0 && alpha + beta < 1.0;
        is_sound.then(|| Self { omega, alpha, beta, variance: omega / (1.0 - alpha - beta) })
    }

    /// One more return, its mean taken off. What is not a number is not learnt from.
    pub fn on_return(&mut self, gain: f64) {
        if gain.is_finite() {
            self.variance = self.omega + self.alpha * gain * gain + self.beta * self.variance;
        }
    }

    /// The mean variance of the next `intervals` ones: `V + (v - V)·(1 - pⁿ)/(n(1 - p))` with `p = α + β`.
    #[must_use]
    pub fn mean_variance(&self, intervals: u32) -> f64 {
        let persistence = self.alpha + self.beta;
        let long_run = self.omega / (1.0 - persistence);
        let n = f64::from(intervals.max(1));
        let weight = (1.0 - math::pow(persistence, n)) / (n * (1.0 - persistence));
        long_run + (self.variance - long_run) * weight
    }
}

/// How much to hold so that the volatility is the one that is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The volatility that is wanted, in the unit the forecast comes in.
    pub volatility: f64,
    /// Never hold more than this, however quiet it is.
    pub leverage_max: f64,
    /// What is held stays while it is off by no more than this share of what is wanted: a forecast that trembles costs
    /// nothing. Beyond, it goes all the way, because a trade's fixed costs are paid once.
    pub band: f64,
}

impl Target {
    /// What to hold by this forecast: `target / volatility`, at most the cap. Nothing when there is no forecast to speak of.
    #[must_use]
    pub fn wanted(&self, volatility: f64) -> f64 {
        let is_known = volatility.is_finite() && volatility >= 0.0 && self.volatility > 0.0;
        // 0 / 0 is no number, and min passes over it: a market that has not moved gets the cap, which the caller chose.
        if is_known { (self.volatility / volatility).min(self.leverage_max).max(0.0) } else { 0.0 }
    }

    /// What to hold from now on, where `held` is held.
    #[must_use]
    pub fn next(&self, held: f64, volatility: f64) -> f64 {
        let wanted = self.wanted(volatility);
        let is_near = held.is_finite() && (held - wanted).abs() <= self.band * wanted;
        // The cap is no wish: what is above it goes whatever the band says.
        if is_near && held <= self.leverage_max { held } else { wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn near(seen: f64, due: f64, tolerance: f64) {
        assert!((seen - due).abs() <= tolerance, "{seen} is not {due}");
    }

    #[test]
    fn the_weighted_mean_meets_the_oracle() {
        // Oracle OR-36.
        let mut ewma = Ewma::new(0.94);
        assert_eq!(ewma.deviation(), None);
        for gain in [0.01, -0.02, 0.015, -0.005, 0.03, f64::NAN] {
            ewma.on_return(gain);
        }
        near(ewma.variance().expect("five"), 1.653_475_12e-4, 1e-12);
        near(ewma.deviation().expect("five"), 0.012_858_752_35, 1e-11);
    }

    #[test]
    fn the_mean_ahead_is_the_mean_of_the_recursion() {
        // The parameters of the FCP benchmark (Bollerslev & Ghysels 1996), deutschmark against sterling.
        let mut garch = Garch::new(0.010_761_3, 0.153_134, 0.805_974).expect("it comes back");
        for gain in [0.4, -1.8, 0.2] {
            garch.on_return(gain);
        }
        for intervals in [1, 2, 10, 250] {
            let (mut v, mut sum) = (garch.variance, 0.0);
            for _ in 0..intervals {
                sum += v;
                // Expected: r² is v.
                v = 0.010_761_3 + (0.153_134 + 0.805_974) * v;
            }
            near(garch.mean_variance(intervals), sum / f64::from(intervals), 1e-12);
        }
        assert_eq!(Garch::new(0.1, 0.2, 0.8), None);
        assert_eq!(Garch::new(f64::NAN, 0.1, 0.8), None);
    }

    #[test]
    fn the_position_is_the_quotient_within_its_cap() {
        let target = Target { volatility: 0.10, leverage_max: 3.0, band: 0.0 };
        for (volatility, due) in [
            (0.10, 1.0),
            (0.20, 0.5),
            (0.05, 2.0),
            (0.01, 3.0),
            (0.0, 3.0),
            (f64::NAN, 0.0),
            (f64::INFINITY, 0.0),
        ] {
            near(target.wanted(volatility), due, 1e-15);
        }
        let off = Target { volatility: 0.0, ..target };
        near(off.wanted(0.0), 0.0, 0.0);
    }

    #[test]
    fn within_the_band_nothing_moves() {
        let target = Target { volatility: 0.10, leverage_max: 3.0, band: 0.2 };
        let check = |held: f64, volatility: f64, due: f64| near(target.next(held, volatility), due, 1e-15);
        check(1.0, 0.10, 1.0);
        check(1.2, 0.10, 1.2);
        check(0.8, 0.10, 0.8);
        check(1.21, 0.10, 1.0);
        check(0.79, 0.10, 1.0);
        check(3.2, 0.01, 3.0);
        check(f64::NAN, 0.10, 1.0);
        check(1.0, f64::NAN, 0.0);
    }

    /// What is felt is what was wanted, and the band saves most of the trades.
    #[test]
    fn the_volatility_felt_is_the_one_wanted() {
        let felt_and_trades = |band: f64| {
            let mut prng = Prng::new(11);
            let mut garch = Garch::new(2e-6, 0.08, 0.90).expect("it comes back");
            let target = Target { volatility: 0.01, leverage_max: 10.0, band };
            let (mut held, mut squares, mut trades) = (0.0, 0.0, 0_u32);
            for _ in 0..20_000 {
                let volatility = math::sqrt(garch.mean_variance(1));
                let next = target.next(held, volatility);
                trades += u32::from((next - held).abs() > 1e-12);
                held = next;
                let gain = volatility * prng.normal();
                squares += held * gain * held * gain;
                garch.on_return(gain);
            }
            (math::sqrt(squares / 20_000.0), trades)
        };
        let (exact, often) = felt_and_trades(0.0);
        let (banded, seldom) = felt_and_trades(0.1);
        // 1/√(2n) of 20,000 squares is half a per cent; the band may be off by a tenth either way.
        near(exact, 0.01, 3.0 * 0.01 * 0.005);
        near(banded, 0.01, 0.01 * 0.05);
        assert!(seldom * 3 < often, "{seldom} of {often}");
    }
}
