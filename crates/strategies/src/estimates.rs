//! What a market maker must know of its market: σ, A and k of one instrument, estimated from what has passed.
//! Owns the signals of one instrument; says nothing until it has seen enough, rather than guess.
//!
//! Cost: a few compares an event; a fit of at most 32 logarithms a second.

use serde::{Deserialize, Serialize};
use signals::{Fit, Intensity, Touch, Volatility};
use types::{Nanos, Trade};

/// Looks at the mid before its volatility means something: then its error is a sixth (1/√(2·20)).
const LOOKS_MIN: u64 = 20;
/// How often the mid is looked at. Much shorter, and the touch's flicker passes for volatility.
const LOOK_EVERY: Nanos = Nanos::from_secs(1);
/// How often the law of arrivals is fitted anew.
const FIT_EVERY: Nanos = Nanos::from_secs(1);

/// How the market moves and trades, as estimated now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// σ, in ticks / √s.
    pub volatility: f64,
    /// A: arrivals a second, on one side, that reach the mid.
    pub rate: f64,
    /// k: how that rate falls with depth, in 1 / tick.
    pub decay: f64,
}

/// The signals behind a [`Law`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Estimates {
    volatility: Volatility,
    intensity: Intensity,
    fit: Option<Fit>,
    fit_at: Nanos,
}

impl Estimates {
    /// Volatility with weights that halve every `half_life`; arrivals of the last `window`.
    #[must_use]
    pub fn new(half_life: Nanos, window: Nanos) -> Self {
        Self {
            volatility: Volatility::new(LOOK_EVERY, half_life),
            intensity: Intensity::new(window),
            fit: None,
            fit_at: Nanos::MIN,
        }
    }

    /// The book is live and this is its touch.
    #[inline]
    pub fn on_touch(&mut self, now: Nanos, touch: &Touch) {
        self.volatility.on_mid(now, touch.mid_ticks());
        self.intensity.on_touch(now, touch.bid, touch.ask);
    }

    /// The market traded.
    #[inline]
    pub fn on_trade(&mut self, now: Nanos, trade: &Trade) {
        self.intensity.on_trade(now, trade);
    }

    /// The book cannot be trusted from here to the next touch.
    pub fn on_interruption(&mut self, now: Nanos) {
        self.volatility.on_interruption();
        self.intensity.on_interruption(now);
    }

    /// σ alone, in ticks / √s; `None` until there is enough to go by.
    #[must_use]
    pub fn volatility(&self) -> Option<f64> {
        if self.volatility.samples() < LOOKS_MIN { None } else { self.volatility.ticks_per_sqrt_second() }
    }

    /// The law as of `now`; `None` until there is enough to go by.
    pub fn law(&mut self, now: Nanos) -> Option<Law> {
        let volatility = self.volatility()?;
        if now >= self.fit_at {
            self.fit = self.intensity.fit();
            self.fit_at = now + FIT_EVERY;
        }
        let fit = self.fit?;
        Some(Law { volatility, rate: fit.rate_per_second, decay: fit.decay_per_tick })
    }
}
