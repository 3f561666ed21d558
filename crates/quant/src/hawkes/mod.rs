//! Events that excite each other: a multivariate Hawkes process whose kernels are sums of exponentials.
//!
//! ```text
//! λₖ(t) = μₖ g(t) + Σⱼ Σₘ aₖⱼₘ Rⱼₘ(t),     Rⱼₘ(t) = Σ over events i of kind j before t of βₘ exp(-βₘ (t - tᵢ))
//! ```
//!
//! `aₖⱼₘ` is how many events of kind k one event of kind j brings forth through the m-th decay, on average: the
//! branching. With exponentials `R` is carried from event to event (Ozaki 1979), so that a likelihood costs O(N). Below
//! a spectral radius of one of `Σₘ aₖⱼₘ` the process is stationary (Hawkes 1971; Bacry, Mastromatteo & Muzy 2015).
//!
//! Times are seconds from the start of a stretch; `g` is the time of day's factor on the base rates, in steps. Never
//! looks at what an event was: kinds are small numbers.

mod fit;
mod residuals;
mod simulate;

pub use fit::{Fit, Settings, fit};
pub use residuals::{Agreement, agreement};

use stdx::math;

/// Something of a kind happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When, in seconds from the start of the stretch.
    pub at: f64,
    /// What, below the process' number of kinds.
    pub kind: usize,
}

/// A factor that is constant between steps: how busy the time of day is.
#[derive(Clone, Debug, PartialEq)]
pub struct Steps {
    /// How long each lasts, in seconds.
    pub width: f64,
    /// The factor in each; the last holds for ever.
    pub factors: Vec<f64>,
}

impl Steps {
    /// No time is busier than another.
    #[must_use]
    pub fn even() -> Self {
        Self { width: f64::INFINITY, factors: vec![1.0] }
    }

    /// The factor at a time, and when it next changes.
    #[must_use]
    pub fn at(&self, time: f64) -> (f64, f64) {
        let step = self.step(time);
        let last = step + 1 >= self.factors.len();
        (self.factors[step], if last { f64::INFINITY } else { self.width * float(step + 1) })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, then clamped")]
    fn step(&self, time: f64) -> usize {
        (math::floor(time / self.width).max(0.0) as usize).min(self.factors.len() - 1)
    }

    /// The factor's integral from 0 to `time`.
    #[must_use]
    pub fn integral(&self, time: f64) -> f64 {
        let step = self.step(time);
        let before: f64 = self.factors[..step].iter().map(|factor| factor * self.width).sum();
        let into = if step == 0 { time } else { time - self.width * float(step) };
        before + self.factors[step] * into
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
pub(crate) const fn float(count: usize) -> f64 {
    count as f64
}

/// Why numbers make no process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsound {
    /// The lists' lengths do not fit each other.
    Lengths,
    /// A rate or a branching is below zero or not a number, or a decay is not above zero.
    Values,
}

/// The process.
#[derive(Clone, Debug, PartialEq)]
pub struct Hawkes {
    base: Vec<f64>,
    decays: Vec<f64>,
    /// By kind of the child, kind of the parent, decay.
    branching: Vec<f64>,
}

impl Hawkes {
    /// Checks that the numbers make a process; that it is stationary is [asked](Self::spectral_radius) apart.
    ///
    /// # Errors
    /// When they do not.
    pub fn new(base: Vec<f64>, decays: Vec<f64>, branching: Vec<f64>) -> Result<Self, Unsound> {
        if base.is_empty() || branching.len() != base.len() * base.len() * decays.len() {
            return Err(Unsound::Lengths);
        }
        let sound = |value: &f64| value.is_finite() && *value >= 0.0;
        let decaying = decays.iter().all(|decay| decay.is_finite() && *decay > 0.0);
        if !decaying || !base.iter().chain(&branching).all(sound) {
            return Err(Unsound::Values);
        }
        Ok(Self { base, decays, branching })
    }

    /// How many kinds of events there are.
    #[must_use]
    pub const fn kinds(&self) -> usize {
        self.base.len()
    }

    /// The rates without any event, at a factor of one.
    #[must_use]
    pub fn base(&self) -> &[f64] {
        &self.base
    }

    /// How fast excitement fades, per second.
    #[must_use]
    pub fn decays(&self) -> &[f64] {
        &self.decays
    }

    /// Children by kind of the child, kind of the parent, decay.
    #[must_use]
    pub fn branching(&self) -> &[f64] {
        &self.branching
    }

    /// Children of kind `child` that one event of kind `parent` has in all.
    #[must_use]
    pub fn children(&self, child: usize, parent: usize) -> f64 {
        self.row(child)[parent * self.decays.len()..][..self.decays.len()].iter().sum()
    }

    /// The branchings that lead to a kind, by parent and decay: in the order of [`Excitement`]'s parts.
    fn row(&self, child: usize) -> &[f64] {
        let features = self.kinds() * self.decays.len();
        &self.branching[child * features..][..features]
    }

    /// The branching ratio: the largest eigenvalue of the children's matrix, by power iteration on it plus the identity
    /// (which makes the iteration settle where kinds excite each other in turns).
    #[must_use]
    pub fn spectral_radius(&self) -> f64 {
        let kinds = self.kinds();
        let (mut vector, mut radius) = (vec![1.0; kinds], 0.0);
        for _ in 0..10_000 {
            let next: Vec<f64> = (0..kinds)
                .map(|child| {
                    vector[child]
                        + (0..kinds).map(|parent| self.children(child, parent) * vector[parent]).sum::<f64>()
                })
                .collect();
            let length = next.iter().copied().fold(0.0, f64::max);
            let before = radius;
            radius = length - 1.0;
            vector = next.into_iter().map(|part| part / length).collect();
            if (radius - before).abs() <= 1e-13 {
                break;
            }
        }
        radius
    }

    /// The same process with every branching times `factor`.
    #[must_use]
    pub fn tempered(&self, factor: f64) -> Self {
        let branching = self.branching.iter().map(|value| value * factor).collect();
        Self { branching, ..self.clone() }
    }

    /// Long-run rates at a factor of one: `(1 - A)⁻¹ μ`, by its series; `None` when it does not converge.
    #[must_use]
    pub fn mean_rates(&self) -> Option<Vec<f64>> {
        if self.spectral_radius() >= 1.0 {
            return None;
        }
        let kinds = self.kinds();
        let mut rates = self.base.clone();
        for _ in 0..100_000 {
            let next: Vec<f64> = (0..kinds)
                .map(|child| {
                    self.base[child] + (0..kinds).map(|p| self.children(child, p) * rates[p]).sum::<f64>()
                })
                .collect();
            let moved = next.iter().zip(&rates).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            let largest = next.iter().copied().fold(1e-300, f64::max);
            rates = next;
            if moved <= 1e-13 * largest {
                return Some(rates);
            }
        }
        None
    }

    /// What a stretch of events is worth: `Σ ln λ(tᵢ) - Σₖ ∫ λₖ`, over `[0, horizon]`. Negative infinity when an event
    /// had no rate.
    #[must_use]
    pub fn log_likelihood(&self, events: &[Event], horizon: f64, profile: &Steps) -> f64 {
        let mut excitement = Excitement::new(self);
        let mut logs = 0.0;
        for event in events {
            excitement.fade(self, event.at);
            logs += math::ln(self.intensity(event.kind, &excitement, profile.at(event.at).0));
            excitement.add(self, event.kind);
        }
        logs - self.compensator(events, horizon, profile).iter().sum::<f64>()
    }

    /// The integral of each rate over the stretch.
    #[must_use]
    pub fn compensator(&self, events: &[Event], horizon: f64, profile: &Steps) -> Vec<f64> {
        let exposure = exposure(events, horizon, self.kinds(), &self.decays);
        let base = profile.integral(horizon);
        (0..self.kinds()).map(|kind| self.base[kind] * base + dot(self.row(kind), &exposure)).collect()
    }

    /// The rate of a kind, given what excites it and the time of day's factor.
    #[inline]
    #[must_use]
    pub fn intensity(&self, kind: usize, excitement: &Excitement, factor: f64) -> f64 {
        self.base[kind] * factor + dot(self.row(kind), &excitement.parts)
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// By parent and decay: the integral of `R` over the stretch.
fn exposure(events: &[Event], horizon: f64, kinds: usize, decays: &[f64]) -> Vec<f64> {
    let mut exposure = vec![0.0; kinds * decays.len()];
    for event in events {
        for (part, decay) in exposure[event.kind * decays.len()..].iter_mut().zip(decays) {
            *part -= math::expm1(-decay * (horizon - event.at));
        }
    }
    exposure
}

/// What is left of all events so far: `R`, by parent and decay.
#[derive(Clone, Debug, PartialEq)]
pub struct Excitement {
    at: f64,
    parts: Vec<f64>,
}

impl Excitement {
    /// Before the first event.
    #[must_use]
    pub fn new(process: &Hawkes) -> Self {
        Self { at: 0.0, parts: vec![0.0; process.kinds() * process.decays.len()] }
    }

    /// Time passes until `at`.
    #[inline]
    pub fn fade(&mut self, process: &Hawkes, at: f64) {
        let passed = at - self.at;
        self.at = at;
        if passed <= 0.0 {
            return;
        }
        let decays = process.decays.len();
        for (m, decay) in process.decays.iter().enumerate() {
            let left = math::exp(-decay * passed);
            for part in self.parts[m..].iter_mut().step_by(decays) {
                *part *= left;
            }
        }
    }

    /// An event of `kind` happens now.
    #[inline]
    pub fn add(&mut self, process: &Hawkes, kind: usize) {
        for (part, decay) in self.parts[kind * process.decays.len()..].iter_mut().zip(&process.decays) {
            *part += decay;
        }
    }
}

#[cfg(test)]
mod tests;
