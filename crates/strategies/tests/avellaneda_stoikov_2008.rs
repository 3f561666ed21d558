//! The paper's experiment (Avellaneda & Stoikov 2008, section 3.3): a dealer who follows the formulas against one
//! who quotes the same average spread around the mid, over one unit of time, with σ = 2, k = 1.5, A = 140,
//! dt = 0.005; the mid steps by ±σ√dt, and an order is reached within a step with probability `λ(δ)·dt`.
//!
//! Each row must lie within 3 standard errors (of the difference) of an independent simulation of 200,000 paths.
//! For the formulas, γ = 0.1, the paper itself printed a profit of 65.0 ± 6.6 and a final inventory of 0.08 ± 2.9
//! from 1,000 paths; for the symmetric dealer 68.4 ± 12.7 and 0.26 ± 8.4.

use stdx::{Prng, math};
use strategies::avellaneda_stoikov::Model;

const PATHS: u32 = 20_000;
const STEPS: u32 = 200;
const STEP_S: f64 = 1.0 / 200.0;
const VOLATILITY: f64 = 2.0;
const DECAY: f64 = 1.5;
const RATE: f64 = 140.0;

#[derive(Clone, Copy, Debug)]
enum Dealer {
    Formulas,
    Symmetric,
}

/// Final profit and inventory of every path.
fn simulate(risk_aversion: f64, dealer: Dealer) -> Vec<(f64, f64)> {
    let model = Model { risk_aversion, volatility: VOLATILITY, decay: DECAY };
    let remaining_s = |step: u32| 1.0 - f64::from(step) * STEP_S;
    let average_spread = average_spread(&model);
    let prng = Prng::new(2008);
    let mut prng = prng.fork(&format!("{dealer:?} {risk_aversion}"));
    let path = |_| {
        let (mut mid, mut inventory, mut cash) = (100.0, 0.0, 0.0);
        for step in 0..STEPS {
            let (shift, half) = match dealer {
                Dealer::Formulas => (
                    model.reservation_shift(inventory, remaining_s(step)),
                    0.5 * model.spread(remaining_s(step)),
                ),
                Dealer::Symmetric => (0.0, 0.5 * average_spread),
            };
            let reached = |distance: f64| RATE * math::exp(-DECAY * distance) * STEP_S;
            if prng.chance(reached(half + shift)) {
                cash += mid + shift + half;
                inventory -= 1.0;
            }
            if prng.chance(reached(half - shift)) {
                cash -= mid + shift - half;
                inventory += 1.0;
            }
            let up = if prng.chance(0.5) { 1.0 } else { -1.0 };
            mid += up * VOLATILITY * math::sqrt(STEP_S);
        }
        (cash + inventory * mid, inventory)
    };
    (0..PATHS).map(path).collect()
}

fn average_spread(model: &Model) -> f64 {
    let sum: f64 = (0..STEPS).map(|step| model.spread(1.0 - f64::from(step) * STEP_S)).sum();
    sum / f64::from(STEPS)
}

fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = f64::from(PATHS);
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

#[test]
fn profits_and_inventories_are_the_papers() {
    use Dealer::{Formulas, Symmetric};
    // γ, dealer → profit, its deviation, the deviation of the final inventory (200,000 paths; the last digit
    // given is the rounding allowed).
    let rows = [
        (0.1, Formulas, 64.881, 6.554, 2.928, 0.0005),
        (0.1, Symmetric, 68.212, 13.470, 8.399, 0.0005),
        (0.01, Formulas, 68.39, 8.95, 5.22, 0.005),
        (0.01, Symmetric, 68.66, 13.68, 8.71, 0.005),
        (0.5, Formulas, 48.56, 5.90, 1.96, 0.005),
        (0.5, Symmetric, 59.89, 12.33, 6.91, 0.005),
    ];
    for (risk_aversion, dealer, profit, profit_deviation, inventory_deviation, rounding) in rows {
        let paths = simulate(risk_aversion, dealer);
        let (mean, deviation) = mean_and_deviation(paths.iter().map(|path| path.0));
        let (held, spread_of_held) = mean_and_deviation(paths.iter().map(|path| path.1));
        println!(
            "γ {risk_aversion} {dealer:?}: profit {mean:.3} ± {deviation:.3}, inventory {held:.3} ± {spread_of_held:.3}"
        );
        let share = (1.0 / f64::from(PATHS) + 1.0 / 200_000.0).sqrt();
        // A deviation's own standard error is 1/√2 of the mean's for a normal; profits have fatter tails.
        let fat = (kurtosis(paths.iter().map(|path| path.0)) - 1.0).sqrt() / 2.0;
        let checks = [
            ("profit", mean, profit, deviation * share),
            ("its deviation", deviation, profit_deviation, deviation * share * fat),
            ("inventory", held, 0.0, spread_of_held / f64::from(PATHS).sqrt()),
            ("its deviation", spread_of_held, inventory_deviation, spread_of_held * share),
        ];
        for (what, got, want, error) in checks {
            assert!(
                (got - want).abs() < 3.0 * error + rounding,
                "γ {risk_aversion} {dealer:?}: {what} {got} is not {want} ± {error}"
            );
        }
    }
}

fn kurtosis(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let (mean, deviation) = mean_and_deviation(values.clone());
    values.map(|x| ((x - mean) / deviation).powi(4)).sum::<f64>() / f64::from(PATHS)
}

#[test]
fn the_average_spread_is_the_papers() {
    let model = Model { risk_aversion: 0.1, volatility: VOLATILITY, decay: DECAY };
    assert!((average_spread(&model) - 1.4918).abs() < 5e-5);
}
