//! Markouts: how the mid moved after our fills, in our favour or against us.
//!
//! Fills that follow each other within a horizon share most of the same move, so they are no independent
//! witnesses: the standard error treats the fills of one horizon as one cluster (Cameron & Miller 2015, "A
//! practitioner's guide to cluster-robust inference", eq. 6 for a mean, with the G/(G-1) correction). When fills
//! are far apart it is the usual s/√n.

use serde::{Deserialize, Serialize};
use stdx::math;
use types::Nanos;

/// How long after the fill one looks.
pub const HORIZONS: [Nanos; 4] =
    [Nanos::from_millis(100), Nanos::from_secs(1), Nanos::from_secs(10), Nanos::from_secs(60)];

/// A mean with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean; `None` of nothing.
    pub mean: Option<f64>,
    /// Its standard error; `None` below two clusters.
    pub standard_error: Option<f64>,
}

/// A mean of values that come in order of time, and in clusters.
#[derive(Clone, Copy, Debug)]
pub struct ClusteredMean {
    /// A cluster ends this long after its first value.
    span: Nanos,
    count: f64,
    sum: f64,
    clusters: f64,
    /// Σ S², Σ S·n and Σ n² over the clusters that ended, S being the cluster's sum.
    sums_squared: f64,
    sums_counts: f64,
    counts_squared: f64,
    /// The cluster under way: its start, sum and count.
    open: (Nanos, f64, f64),
}

impl ClusteredMean {
    /// Of nothing yet; values within `span` of a cluster's first belong to it. Zero keeps each on its own.
    #[must_use]
    pub const fn with_span(span: Nanos) -> Self {
        Self {
            span,
            count: 0.0,
            sum: 0.0,
            clusters: 0.0,
            sums_squared: 0.0,
            sums_counts: 0.0,
            counts_squared: 0.0,
            open: (Nanos::MIN, 0.0, 0.0),
        }
    }

    /// Adds a value.
    pub fn add(&mut self, at: Nanos, value: f64) {
        if self.open.2 > 0.0 && at - self.open.0 >= self.span {
            self.close();
        }
        if self.open.2 == 0.0 {
            self.open.0 = at;
        }
        self.open.1 += value;
        self.open.2 += 1.0;
        self.count += 1.0;
        self.sum += value;
    }

    fn close(&mut self) {
        let (_, sum, count) = self.open;
        self.clusters += 1.0;
        self.sums_squared += sum * sum;
        self.sums_counts += sum * count;
        self.counts_squared += count * count;
        self.open = (Nanos::MIN, 0.0, 0.0);
    }

    /// The mean and its standard error.
    #[must_use]
    pub fn estimate(mut self) -> Estimate {
        if self.count == 0.0 {
            return Estimate { mean: None, standard_error: None };
        }
        if self.open.2 > 0.0 {
            self.close();
        }
        let mean = self.sum / self.count;
        // Σ (S - n·mean)², multiplied out.
        let scatter = self.sums_squared - 2.0 * mean * self.sums_counts + mean * mean * self.counts_squared;
        let groups = self.clusters;
        Estimate {
            mean: Some(mean),
            standard_error: (groups >= 2.0)
                .then(|| math::sqrt(scatter.max(0.0) * groups / (groups - 1.0)) / self.count),
        }
    }
}

/// The moves of one instrument's maker or taker fills over one horizon.
#[derive(Clone, Copy, Debug)]
pub struct Moves {
    /// Of the mid, in ticks, positive in our favour.
    pub ticks: ClusteredMean,
    /// In currency, for the fill's size.
    pub money: ClusteredMean,
    /// How many fills were measured.
    pub measured: u64,
    /// How many were not, because the session ended first.
    pub past_end: u64,
    /// How many were not, because there was no market to measure by at one of the two moments.
    pub no_market: u64,
}

impl Moves {
    /// Nothing yet.
    #[must_use]
    pub const fn over(horizon: Nanos) -> Self {
        Self {
            ticks: ClusteredMean::with_span(horizon),
            money: ClusteredMean::with_span(horizon),
            measured: 0,
            past_end: 0,
            no_market: 0,
        }
    }

    /// Adds the move after one fill.
    pub fn add(&mut self, at: Nanos, ticks: f64, money: f64) {
        self.ticks.add(at, ticks);
        self.money.add(at, money);
        self.measured += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs().max(1.0)
    }

    #[test]
    fn values_apart_give_the_usual_standard_error() {
        // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, Σ(x-5)² = 32, s = √(32/7), s/√8.
        let mut mean = ClusteredMean::with_span(Nanos(10));
        for (at, value) in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().enumerate() {
            mean.add(Nanos(at as i64 * 10), value);
        }
        let found = mean.estimate();
        assert!(close(found.mean.expect("eight"), 5.0));
        assert!(close(found.standard_error.expect("eight"), (32.0_f64 / 7.0 / 8.0).sqrt()));
    }

    #[test]
    fn a_repeated_witness_counts_once() {
        // Each value three times at once: the same mean, the same error as told once.
        let (mut once, mut thrice) =
            (ClusteredMean::with_span(Nanos(10)), ClusteredMean::with_span(Nanos(10)));
        let mut chance = Prng::new(1);
        for at in 0..100 {
            let value = chance.normal();
            once.add(Nanos(at * 10), value);
            (0..3).for_each(|k| thrice.add(Nanos(at * 10 + k), value));
        }
        let (once, thrice) = (once.estimate(), thrice.estimate());
        assert!(close(thrice.mean.expect("some"), once.mean.expect("some")));
        assert!(close(thrice.standard_error.expect("some"), once.standard_error.expect("some")));
    }

    /// The obvious way: all values kept, grouped, squared.
    #[test]
    fn it_agrees_with_the_obvious_computation() {
        for seed in 0..50 {
            let mut chance = Prng::new(seed);
            let span = Nanos(chance.between(0, 500));
            let mut fast = ClusteredMean::with_span(span);
            let mut groups: Vec<(i64, Vec<f64>)> = Vec::new();
            let mut at = 0;
            for _ in 0..200 {
                at += chance.between(0, 100);
                let value = chance.normal() + 0.3;
                fast.add(Nanos(at), value);
                match groups.last_mut() {
                    Some((start, group)) if at - *start < span.0 => group.push(value),
                    _ => groups.push((at, vec![value])),
                }
            }
            let mean = groups.iter().flat_map(|g| &g.1).sum::<f64>() / 200.0;
            let g = groups.len() as f64;
            let scatter: f64 =
                groups.iter().map(|(_, group)| group.iter().map(|v| v - mean).sum::<f64>().powi(2)).sum();
            let error = (scatter * g / (g - 1.0)).sqrt() / 200.0;
            let found = fast.estimate();
            assert!((found.mean.expect("some") - mean).abs() < 1e-12, "seed {seed}");
            assert!((found.standard_error.expect("some") - error).abs() < 1e-10, "seed {seed}");
        }
    }

    #[test]
    fn one_cluster_has_no_error_and_none_has_no_mean() {
        let mut mean = ClusteredMean::with_span(Nanos(10));
        assert_eq!(mean.estimate().mean, None);
        mean.add(Nanos(0), 1.0);
        mean.add(Nanos(9), 3.0);
        assert_eq!(mean.estimate().mean, Some(2.0));
        assert_eq!(mean.estimate().standard_error, None);
    }
}
