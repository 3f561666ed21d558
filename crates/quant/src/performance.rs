//! Sharpe, Sortino and drawdown of whole series. (`reports::ratios` has them of a run that is still going on.)

use crate::moments::Moments;
use stdx::math;

/// The Sharpe ratio (Sharpe 1994, no risk-free rate) over `periods` intervals; `None` without variation.
#[must_use]
pub fn sharpe(returns: &[f64], periods: f64) -> Option<f64> {
    Moments::of(returns).map(|moments| moments.sharpe() * math::sqrt(periods))
}

/// The Sortino ratio (Sortino & Price 1994, target zero, all intervals counted) over `periods` intervals; `None` when
/// nothing was lost.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "values are far fewer than 2⁵³")]
pub fn sortino(returns: &[f64], periods: f64) -> Option<f64> {
    let n = returns.len() as f64;
    let downside: f64 = returns.iter().map(|r| r.min(0.0) * r.min(0.0)).sum();
    (downside > 0.0).then(|| returns.iter().sum::<f64>() / n / math::sqrt(downside / n) * math::sqrt(periods))
}

/// The deepest fall of equity from its highest so far, as a share of that, zero or below; `None` when it never was
/// above zero.
#[must_use]
pub fn max_drawdown_share(equity: &[f64]) -> Option<f64> {
    let mut peak = f64::NEG_INFINITY;
    let mut worst = None;
    for &value in equity {
        peak = peak.max(value);
        if peak > 0.0 {
            let share = value / peak - 1.0;
            worst = Some(worst.map_or(share, |worst: f64| worst.min(share)));
        }
    }
    worst
}

/// The deepest fall of a running sum of gains from its highest so far, the start among them: zero or below.
#[must_use]
pub fn max_drawdown(gains: &[f64]) -> f64 {
    let (mut sum, mut peak, mut worst) = (0.0, 0.0_f64, 0.0_f64);
    for gain in gains {
        sum += gain;
        peak = peak.max(sum);
        worst = worst.min(sum - peak);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQUITY: [f64; 7] = [100.0, 110.0, 105.0, 120.0, 90.0, 95.0, 130.0];

    #[test]
    fn ratios_meet_empyrical_and_quantstats() {
        // Oracle OR-54: both libraries give these, 252 periods a year.
        let returns: Vec<f64> = EQUITY.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
        let sharpe = sharpe(&returns, 252.0).expect("it varies");
        let sortino = sortino(&returns, 252.0).expect("it lost");
        assert!((sharpe - 4.785_291_359).abs() < 1e-9, "{sharpe}");
        assert!((sortino - 9.471_960_932).abs() < 1e-9, "{sortino}");
        let share = max_drawdown_share(&EQUITY).expect("above zero");
        assert!((share + 0.25).abs() < 1e-15, "{share}");
        let gains: Vec<f64> = EQUITY.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!((max_drawdown(&gains) + 30.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_divided_has_no_ratio() {
        assert_eq!((sharpe(&[0.5; 4], 1.0), sortino(&[0.5; 4], 1.0)), (None, None));
        assert_eq!((max_drawdown_share(&[-1.0, -2.0]), max_drawdown_share(&[])), (None, None));
        // The start is a peak, too.
        assert!((max_drawdown(&[-3.0, 1.0]) + 3.0).abs() < 1e-15);
    }
}
