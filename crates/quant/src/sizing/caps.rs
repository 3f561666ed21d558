//! Caps on what moves together: no cluster of assets (a sector, what a correlation groups) has more than its share.
//!
//! Weights are only ever made smaller, and within a cluster all by the same factor: which asset in it is the better one is
//! not this module's business.

use crate::Covariance;

/// Cycles over the clusters before it gives up. A dozen is usual.
const ROUNDS_MAX: usize = 10_000;
/// How far the last cycle may have moved a factor.
const ENOUGH: f64 = 1e-14;

/// Why caps cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapError {
    /// There must be one cluster for each weight, one cap for each cluster, and weights for each row.
    Sizes,
    /// A cap, a weight or a cluster's number makes no sense: caps are above zero and at most one, weights finite.
    Nonsense,
    /// Caps that sum to less than one, over the clusters that hold anything: their shares sum to one.
    TooTight,
    /// The factors did not settle.
    Unsettled,
}

impl std::fmt::Display for CapError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sizes => {
                "give one cluster for each weight, one cap for each cluster, one weight for each row"
            }
            Self::Nonsense => "caps must be above 0 and at most 1, weights finite, clusters among the caps",
            Self::TooTight => "caps of the clusters that hold anything sum to less than 1: raise one",
            Self::Unsettled => "the factors did not settle: is the covariance matrix sound?",
        })
    }
}

impl std::error::Error for CapError {}

/// By cluster, the share of the portfolio's variance that it brings: `w_C·(Σw)_C / wᵀΣw`. They sum to one (Euler, since the
/// deviation is homogeneous); a cluster that hedges the others has a share below zero. `None` without any risk.
#[must_use]
pub fn risk_shares(
    weights: &[f64],
    covariance: &Covariance,
    clusters: &[usize],
    count: usize,
) -> Option<Vec<f64>> {
    let pushed = covariance.times(weights);
    let mut shares = vec![0.0; count];
    for (asset, cluster) in clusters.iter().enumerate() {
        *shares.get_mut(*cluster)? += weights[asset] * pushed[asset];
    }
    let variance: f64 = shares.iter().sum();
    (variance > 0.0).then(|| shares.iter().map(|share| share / variance).collect())
}

/// Makes clusters smaller until none brings more than its cap of the variance. Afterwards each is either as it was or at its
/// cap. What is left has less risk than before: a volatility target brings all of it back by one factor, which moves no share.
///
/// Cluster by cluster, the others held: its share is at the cap `c` where its factor `s` solves
/// `(1 - c)·m·s² + (1 - 2c)·b·s - c·r = 0`, with m its own variance, b its covariance with the rest, r the rest's variance.
/// There is one root above zero, because `-cr` is below. Cycling over clusters settles as it does for risk parity
/// (Griveau-Billion, Richard & Roncalli, A fast algorithm for computing high-dimensional risk parity portfolios, 2013).
///
/// # Errors
/// When the caps cannot be kept or the numbers make no sense; the weights are then as they were.
pub fn scale_risk(
    weights: &mut [f64],
    covariance: &Covariance,
    clusters: &[usize],
    caps: &[f64],
) -> Result<(), CapError> {
    check(weights, clusters, caps)?;
    if weights.len() != covariance.size() {
        return Err(CapError::Sizes);
    }
    let between = between_clusters(weights, covariance, clusters, caps.len());
    let own = |cluster: usize| between[cluster * (caps.len() + 1)];
    let held = (0..caps.len()).filter(|&cluster| own(cluster) > 0.0);
    let caps_held: f64 = held.map(|cluster| caps[cluster]).sum();
    if weights.iter().all(|weight| weight.abs() <= 0.0) {
        return Ok(());
    }
    if caps_held < 1.0 {
        return Err(CapError::TooTight);
    }
    let factors = factors(&between, caps)?;
    for (weight, cluster) in weights.iter_mut().zip(clusters) {
        *weight *= factors[*cluster];
    }
    Ok(())
}

/// Covariances between what whole clusters hold.
fn between_clusters(weights: &[f64], covariance: &Covariance, clusters: &[usize], count: usize) -> Vec<f64> {
    let mut between = vec![0.0; count * count];
    for (i, weight) in weights.iter().enumerate() {
        for (j, other) in weights.iter().enumerate() {
            between[clusters[i] * count + clusters[j]] += weight * covariance.at(i, j) * other;
        }
    }
    between
}

fn factors(between: &[f64], caps: &[f64]) -> Result<Vec<f64>, CapError> {
    let count = caps.len();
    let mut factors = vec![1.0_f64; count];
    for _ in 0..ROUNDS_MAX {
        let mut moved = 0.0_f64;
        for cluster in 0..count {
            let next = factor(between, &factors, cluster, caps[cluster]);
            moved = moved.max((next - factors[cluster]).abs());
            factors[cluster] = next;
        }
        if moved <= ENOUGH {
            return Ok(factors);
        }
        if moved.is_nan() {
            break;
        }
    }
    Err(CapError::Unsettled)
}

/// The largest factor, at most one, at which this cluster's share is within its cap.
fn factor(between: &[f64], factors: &[f64], cluster: usize, cap: f64) -> f64 {
    let count = factors.len();
    let own = between[cluster * (count + 1)];
    let (mut with_rest, mut rest) = (0.0, 0.0);
    for i in (0..count).filter(|i| *i != cluster) {
        with_rest += factors[i] * between[cluster * count + i];
        for j in (0..count).filter(|j| *j != cluster) {
            rest += factors[i] * factors[j] * between[i * count + j];
        }
    }
    let (square, linear) = ((1.0 - cap) * own, (1.0 - 2.0 * cap) * with_rest);
    if square <= 0.0 || square + linear - cap * rest <= 0.0 {
        return 1.0;
    }
    // Of the two forms of the root, the one that does not subtract neighbours.
    let root = stdx::math::sqrt(linear * linear + 4.0 * square * cap * rest);
    let found =
        if linear > 0.0 { 2.0 * cap * rest / (linear + root) } else { (root - linear) / (2.0 * square) };
    found.clamp(0.0, 1.0)
}

/// Makes clusters smaller until the sum of a cluster's weights, signs aside, is at most its cap: by sector, of capital. The
/// nearest such weights in the ratio of each cluster.
///
/// # Errors
/// When the numbers make no sense; the weights are then as they were.
pub fn scale_gross(weights: &mut [f64], clusters: &[usize], caps: &[f64]) -> Result<(), CapError> {
    check(weights, clusters, caps)?;
    let mut gross = vec![0.0; caps.len()];
    for (weight, cluster) in weights.iter().zip(clusters) {
        gross[*cluster] += weight.abs();
    }
    for (weight, cluster) in weights.iter_mut().zip(clusters) {
        if gross[*cluster] > caps[*cluster] {
            *weight *= caps[*cluster] / gross[*cluster];
        }
    }
    Ok(())
}

fn check(weights: &[f64], clusters: &[usize], caps: &[f64]) -> Result<(), CapError> {
    if weights.len() != clusters.len() {
        return Err(CapError::Sizes);
    }
    let is_sound = weights.iter().all(|weight| weight.is_finite())
        && caps.iter().all(|cap| *cap > 0.0 && *cap <= 1.0)
        && clusters.iter().all(|cluster| *cluster < caps.len());
    if is_sound { Ok(()) } else { Err(CapError::Nonsense) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn random(prng: &mut Prng, n: usize) -> (Vec<f64>, Covariance) {
        let common: Vec<f64> = (0..80).map(|_| prng.normal()).collect();
        let series: Vec<Vec<f64>> = (0..n)
            .map(|_| {
                let loading = prng.unit();
                common.iter().map(|x| loading * x + prng.normal()).collect()
            })
            .collect();
        let slices: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
        let weights = (0..n).map(|_| prng.normal()).collect();
        (weights, Covariance::of(&slices).expect("eighty each"))
    }

    #[test]
    fn a_cluster_is_as_it_was_or_at_its_cap() {
        let mut prng = Prng::new(77);
        let mut capped = 0;
        for round in 0..300 {
            let (before, covariance) = random(&mut prng, 8);
            let clusters = [0, 0, 1, 1, 2, 2, 3, 3];
            let caps = [0.3, 0.35, 0.4, 0.3];
            let mut after = before.clone();
            scale_risk(&mut after, &covariance, &clusters, &caps).expect("they can be kept");
            let shares = risk_shares(&after, &covariance, &clusters, 4).expect("there is risk");
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for cluster in 0..4 {
                let factor = after[2 * cluster] / before[2 * cluster];
                assert!(shares[cluster] <= caps[cluster] + 1e-9, "{round}: {shares:?}");
                assert!(factor <= 1.0 && factor > 0.0, "{round}: {factor}");
                let is_at_cap = (shares[cluster] - caps[cluster]).abs() < 1e-9;
                assert!((factor - 1.0).abs() < 1e-12 || is_at_cap, "{round}: {factor} {shares:?}");
                capped += u32::from(is_at_cap);
            }
        }
        assert!(capped > 200, "{capped}: else nothing was tested");
    }

    #[test]
    fn without_correlation_the_answer_is_known() {
        // Variances 9 and 1, cap one half each: the first must have the second's.
        let covariance = Covariance::new(2, vec![9.0, 0.0, 0.0, 1.0]).expect("sound");
        let mut weights = [1.0, 1.0];
        scale_risk(&mut weights, &covariance, &[0, 1], &[0.5, 0.5]).expect("just");
        assert!((weights[0] - 1.0 / 3.0).abs() < 1e-12 && (weights[1] - 1.0).abs() < 1e-12, "{weights:?}");
        // Cap 0.8: s²·9 / (s²·9 + 1) = 0.8.
        let mut weights = [1.0, -1.0];
        scale_risk(&mut weights, &covariance, &[0, 1], &[0.8, 0.8]).expect("wide");
        assert!((weights[0] - 2.0 / 3.0).abs() < 1e-12 && (weights[1] + 1.0).abs() < 1e-12, "{weights:?}");
    }

    #[test]
    fn risk_parity_is_all_caps_at_their_tightest() {
        // Oracle OR-49: with equal correlations, weights in the ratio 1/σ.
        let correlations = [1.0, 0.4, 0.4, 0.4, 1.0, 0.4, 0.4, 0.4, 1.0];
        let covariance = Covariance::from_correlations(&[0.1, 0.2, 0.3], &correlations).expect("sound");
        let mut weights = [1.0; 3];
        let third = 1.0 / 3.0 + 1e-12;
        scale_risk(&mut weights, &covariance, &[0, 1, 2], &[third; 3]).expect("just");
        let sum: f64 = weights.iter().sum();
        for (weight, due) in weights.iter().zip([0.545_455, 0.272_727, 0.181_818]) {
            assert!((weight / sum - due).abs() < 1e-6, "{weights:?}");
        }
    }

    #[test]
    fn caps_that_cannot_be_kept_are_refused() {
        let covariance = Covariance::new(2, vec![1.0, 0.0, 0.0, 1.0]).expect("sound");
        let check = |weights: &[f64], clusters: &[usize], caps: &[f64], due: Result<(), CapError>| {
            let mut seen = weights.to_vec();
            assert_eq!(scale_risk(&mut seen, &covariance, clusters, caps), due);
            if due.is_err() {
                assert!(weights.iter().zip(&seen).all(|(x, y)| x.to_bits() == y.to_bits()));
            }
        };
        check(&[1.0, 1.0], &[0, 1], &[0.5, 0.4], Err(CapError::TooTight));
        check(&[1.0, 0.0], &[0, 1], &[0.5, 0.6], Err(CapError::TooTight));
        check(&[0.0, 0.0], &[0, 1], &[0.5, 0.6], Ok(()));
        check(&[1.0, 1.0], &[0], &[1.0], Err(CapError::Sizes));
        check(&[1.0], &[0], &[1.0], Err(CapError::Sizes));
        check(&[1.0, 1.0], &[0, 2], &[1.0, 1.0], Err(CapError::Nonsense));
        check(&[1.0, f64::NAN], &[0, 0], &[1.0], Err(CapError::Nonsense));
        check(&[1.0, 1.0], &[0, 0], &[1.1], Err(CapError::Nonsense));
        check(&[1.0, 1.0], &[0, 0], &[0.0], Err(CapError::Nonsense));
    }

    #[test]
    fn a_sector_has_at_most_its_cap_of_capital() {
        let mut weights = [0.3, -0.3, 0.1];
        scale_gross(&mut weights, &[0, 0, 1], &[0.3, 0.3]).expect("sound");
        for (weight, due) in weights.iter().zip([0.15, -0.15, 0.1]) {
            assert!((weight - due).abs() < 1e-15, "{weights:?}");
        }
    }
}
