//! Whether events look as if the process had made them: in the time of its own compensator each kind is a Poisson
//! process of rate one (Papangelou 1972; Ogata 1988), so that what lies between its events is exponential with mean one.

use super::{Event, Excitement, Hawkes, Steps};
use stdx::math;

impl Hawkes {
    /// By kind: the integral of its rate from one time to another, without an event between them. The excitement, as it
    /// stands at the first, is left as it stands at the second.
    #[must_use]
    pub fn expected(&self, excitement: &mut Excitement, from: f64, to: f64, profile: &Steps) -> Vec<f64> {
        let base = profile.integral(to) - profile.integral(from);
        excitement.fade(self, from);
        // What has faded of R since, over β, is its integral.
        let mut faded = excitement.parts.clone();
        excitement.fade(self, to);
        for (at, part) in faded.iter_mut().enumerate() {
            *part = (*part - excitement.parts[at]) / self.decays[at % self.decays.len()];
        }
        (0..self.kinds()).map(|kind| self.base[kind] * base + super::dot(self.row(kind), &faded)).collect()
    }

    /// By kind: the integral of its rate from each of its events to the next.
    #[must_use]
    pub fn residuals(&self, events: &[Event], profile: &Steps) -> Vec<Vec<f64>> {
        let kinds = self.kinds();
        let (mut residuals, mut sums) = (vec![Vec::new(); kinds], vec![0.0; kinds]);
        let mut started = vec![false; kinds];
        let (mut excitement, mut last) = (Excitement::new(self), 0.0);
        for event in events {
            let passed = self.expected(&mut excitement, last, event.at, profile);
            for (sum, part) in sums.iter_mut().zip(passed) {
                *sum += part;
            }
            let kind = event.kind;
            if std::mem::replace(&mut started[kind], true) {
                residuals[kind].push(sums[kind]);
            }
            sums[kind] = 0.0;
            excitement.add(self, kind);
            last = event.at;
        }
        residuals
    }
}

/// How well residuals agree with the exponential distribution of mean one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// How many there are.
    pub count: usize,
    /// Their mean; 1 when the rate is right.
    pub mean: f64,
    /// Kolmogorov's distance between the two distribution functions.
    pub distance: f64,
    /// How likely a distance as large is by chance (Kolmogorov's limit, with Stephens' correction for small samples).
    pub p_value: f64,
}

/// Compares residuals with the exponential distribution; `None` without any.
#[must_use]
pub fn agreement(residuals: &[f64]) -> Option<Agreement> {
    let mut sorted = residuals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = super::float(sorted.len());
    if sorted.is_empty() {
        return None;
    }
    let mut distance: f64 = 0.0;
    for (at, value) in sorted.iter().enumerate() {
        let share = -math::expm1(-value);
        distance = distance.max(share - super::float(at) / n).max(super::float(at + 1) / n - share);
    }
    let root = math::sqrt(n);
    let p_value = kolmogorov((root + 0.12 + 0.11 / root) * distance);
    Some(Agreement { count: sorted.len(), mean: sorted.iter().sum::<f64>() / n, distance, p_value })
}

/// `2 Σ (-1)ᵏ⁻¹ exp(-2 k² x²)`.
fn kolmogorov(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: f64| math::exp(-2.0 * k * k * x * x);
    let sum: f64 = (1..=50).map(f64::from).map(|k| if k % 2.0 > 0.5 { term(k) } else { -term(k) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}
