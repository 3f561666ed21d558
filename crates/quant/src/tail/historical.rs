//! Tails of losses as they were, with intervals that assume nothing of their shape.

use super::Tail;
use crate::bootstrap::{self, Interval};
use crate::sizing::volatility::Ewma;
use stdx::math;

/// Which of the losses around the level is the value at risk (Hyndman & Fan, Sample quantiles in statistical packages, The
/// American Statistician 50(4), 1996). With 100 losses at 95 % they differ by a whole loss: name the one you use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Between neighbours, at `(n - 1)·level` (type 7): most spreadsheets and libraries.
    Linear,
    /// The upper neighbour of that place: the careful choice.
    Higher,
    /// The least loss that a share `level` does not exceed (type 1).
    InverseDistribution,
    /// Between neighbours, at `n·level - ½` (type 5).
    Hazen,
}

/// Value at risk of losses sorted from the least. `None` without losses, or with a level that is not between 0 and 1.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among losses, clamped to them"
)]
pub fn var(sorted: &[f64], level: f64, convention: Convention) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&level) {
        return None;
    }
    let n = sorted.len() as f64;
    let place = match convention {
        Convention::Linear => (n - 1.0) * level,
        Convention::Higher => math::ceil((n - 1.0) * level - 1e-9),
        // A level of 0.95 is a little more than that in binary: 100 of it are still 95.
        Convention::InverseDistribution => math::ceil(n * level - 1e-9) - 1.0,
        Convention::Hazen => n * level - 0.5,
    };
    let place = place.clamp(0.0, n - 1.0);
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64))
}

/// Expected shortfall of losses sorted from the least: the mean of the worst `n·(1 - level)`, the last of them in part where
/// that is no whole number (Acerbi & Tasche, On the coherence of expected shortfall, Journal of Banking & Finance 26(7),
/// 2002, Definition 2.6). `None` as for [`var`], and at a level of one.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "losses are far fewer than 2⁵³")]
pub fn shortfall(sorted: &[f64], level: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..1.0).contains(&level) {
        return None;
    }
    let worst = sorted.len() as f64 * (1.0 - level);
    let (mut left, mut sum) = (worst, 0.0);
    for loss in sorted.iter().rev() {
        let part = left.min(1.0);
        sum += part * loss;
        left -= part;
        if left <= 0.0 {
            break;
        }
    }
    Some(sum / worst)
}

/// Both, in one convention.
#[must_use]
pub fn tail(losses: &[f64], level: f64, convention: Convention) -> Option<Tail> {
    if losses.iter().any(|loss| loss.is_nan()) {
        return None;
    }
    let mut sorted = losses.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(Tail { var: var(&sorted, level, convention)?, shortfall: shortfall(&sorted, level)? })
}

/// An interval for value at risk that holds for independent losses of any continuous shape: two of the losses, between which
/// the true one lies with at least this confidence (David & Nagaraja, Order Statistics, 2003, section 7.1). An end is
/// infinite where no loss is far enough out: a sample of 100 says nothing about how bad the worst day in a thousand is.
#[must_use]
pub fn var_interval(losses: &[f64], level: f64, confidence: f64) -> Option<Interval> {
    let estimate = tail(losses, level, Convention::InverseDistribution)?.var;
    let mut sorted = losses.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let outside = (1.0 - confidence) / 2.0;
    // The number of losses at most the true one is binomial: at most k of them are with this chance.
    let mut sum = 0.0;
    let chances = super::backtest::binomial(sorted.len(), level).into_iter();
    let at_most: Vec<f64> = chances
        .map(|chance| {
            sum += chance;
            sum
        })
        .collect();
    let low = at_most.iter().take_while(|chance| **chance <= outside).count();
    let high = at_most.iter().take_while(|chance| 1.0 - **chance > outside).count();
    let low = if low == 0 { f64::NEG_INFINITY } else { sorted[low - 1] };
    let high = sorted.get(high).copied().unwrap_or(f64::INFINITY);
    Some(Interval { estimate, low, high })
}

/// An interval for expected shortfall by redrawing the losses in blocks that suit how they follow each other.
#[must_use]
pub fn shortfall_interval(losses: &[f64], level: f64, settings: &bootstrap::Settings) -> Option<Interval> {
    bootstrap::interval_of(losses, settings, |drawn| Some(tail(drawn, level, Convention::Linear)?.shortfall))
}

/// The losses as they would have been at today's volatility: each times today's over its own day's (Hull & White,
/// Incorporating volatility updating into the historical simulation method, Journal of Risk 1(1), 1998; Barone-Adesi,
/// Giannopoulos & Vosper, VaR without correlations for portfolios of derivative securities, 1999), by an exponential mean
/// that never sees the loss it judges. The first `warm_up` losses only teach it, and are left out.
#[must_use]
pub fn filtered(losses: &[f64], decay: f64, warm_up: usize) -> Vec<f64> {
    let mut ewma = Ewma::new(decay);
    let mut standard = Vec::with_capacity(losses.len());
    for (day, loss) in losses.iter().enumerate() {
        match ewma.deviation() {
            Some(deviation) if day >= warm_up && deviation > 0.0 => standard.push(loss / deviation),
            Some(_) | None => {}
        }
        ewma.on_return(*loss);
    }
    let today = ewma.deviation().unwrap_or(0.0);
    standard.iter().map(|loss| loss * today).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn near(seen: f64, due: f64, tolerance: f64) {
        assert!((seen - due).abs() <= tolerance, "{seen} is not {due}");
    }

    #[test]
    fn each_convention_has_its_loss() {
        // Oracle OR-35: losses 1 to 100 at 95 %.
        let losses: Vec<f64> = (1..=100).map(f64::from).collect();
        let table = [
            (Convention::Linear, 95.05),
            (Convention::Higher, 96.0),
            (Convention::InverseDistribution, 95.0),
            (Convention::Hazen, 95.5),
        ];
        for (convention, due) in table {
            let tail = tail(&losses, 0.95, convention).expect("losses");
            near(tail.var, due, 1e-9);
            near(tail.shortfall, 98.0, 1e-9);
        }
        // The worst five and a half of them.
        near(shortfall(&losses, 0.945).expect("losses"), (98.0 * 5.0 + 95.0 * 0.5) / 5.5, 1e-9);
        assert_eq!(shortfall(&losses, 1.0), None);
        assert_eq!(var(&[], 0.5, Convention::Linear), None);
        assert_eq!(tail(&[1.0, f64::NAN], 0.5, Convention::Linear), None);
        near(var(&losses, 1.0, Convention::Hazen).expect("clamped"), 100.0, 0.0);
    }

    #[test]
    fn shortfall_never_gains_by_splitting() {
        // Oracle OR-43: what diversifies never costs more.
        let mut prng = Prng::new(3);
        for _ in 0..200 {
            let one: Vec<f64> = (0..40).map(|_| prng.normal()).collect();
            let other: Vec<f64> = (0..40).map(|_| prng.normal() * prng.normal()).collect();
            let both: Vec<f64> = one.iter().zip(&other).map(|(x, y)| x + y).collect();
            let of = |losses: &[f64]| tail(losses, 0.93, Convention::Linear).expect("forty").shortfall;
            assert!(of(&both) <= of(&one) + of(&other) + 1e-12);
        }
    }

    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        let mut prng = Prng::new(8);
        let truth = math::normal_quantile(0.95);
        let rounds = 1_000;
        let mut held = 0;
        for _ in 0..rounds {
            let losses: Vec<f64> = (0..250).map(|_| prng.normal()).collect();
            let interval = var_interval(&losses, 0.95, 0.9).expect("losses");
            assert!(interval.low <= interval.estimate && interval.estimate <= interval.high);
            held += u32::from(interval.low <= truth && truth <= interval.high);
        }
        // At least 90 %: 900 with a deviation of nine and a half; steps between losses make it a little wider.
        assert!((871..=960).contains(&held), "{held}");
    }

    #[test]
    fn too_few_losses_have_no_upper_end() {
        let losses: Vec<f64> = (1..=100).map(f64::from).collect();
        let interval = var_interval(&losses, 0.99, 0.95).expect("losses");
        assert!(interval.high.is_infinite() && interval.low > 90.0, "{interval:?}");
        let low = var_interval(&losses, 0.01, 0.95).expect("losses");
        assert!(low.low.is_infinite() && low.high < 10.0, "{low:?}");
    }

    #[test]
    fn the_interval_of_the_shortfall_narrows_with_the_sample() {
        let settings = bootstrap::Settings { resamples: 300, ..bootstrap::Settings::default() };
        let width = |count: usize| {
            let mut prng = Prng::new(21);
            let losses: Vec<f64> = (0..count).map(|_| prng.normal()).collect();
            let interval = shortfall_interval(&losses, 0.9, &settings).expect("losses");
            assert!(interval.low < interval.estimate && interval.estimate < interval.high);
            interval.high - interval.low
        };
        assert!(width(1_600) < 0.7 * width(200));
    }

    #[test]
    fn filtered_losses_are_at_today_s_scale() {
        let mut prng = Prng::new(4);
        // Quiet for long, then ten times as wild.
        let losses: Vec<f64> =
            (0..1_000).map(|day| if day < 900 { 1.0 } else { 10.0 } * prng.normal()).collect();
        let plain = tail(&losses, 0.99, Convention::Linear).expect("losses").var;
        let today = tail(&filtered(&losses, 0.94, 50), 0.99, Convention::Linear).expect("losses").var;
        assert!(today > 15.0 && today < 40.0 && plain < today, "{plain} {today}");
        assert_eq!(filtered(&losses, 0.94, 1_000).len(), 0);
        assert_eq!(filtered(&losses, 0.94, 0).len(), 999);
    }
}
