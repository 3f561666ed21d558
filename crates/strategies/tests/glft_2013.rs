//! The exact solution of Guéant, Lehalle & Fernandez-Tapia (2013) by two roads that share nothing, and the
//! closed form against it.
//!
//! Theorem 1: with `v(t) = e^(-M(T - t))·1`, `M` tridiagonal over the inventories `-Q..=Q` with `α·q²` on the
//! diagonal and `-η` beside it, `α = k·γ·σ²/2`, `η = A·(1 + γ/k)^-(1 + k/γ)`, the bid is
//! `(1/k)·ln(v(q)/v(q+1)) + (1/γ)·ln(1 + γ/k)` below the mid. Far from T, `v` is M's first eigenvector.

use strategies::glft::Model;

const MODEL: Model = Model { risk_aversion: 0.01, volatility: 0.3, rate: 0.9, decay: 0.3 };
const BOUND: usize = 30;
const STATES: usize = 2 * BOUND + 1;
const REMAINING_S: u32 = 600;

/// `-M·v`.
fn flow(v: &[f64; STATES]) -> [f64; STATES] {
    let Model { risk_aversion: gamma, volatility, rate, decay: k } = MODEL;
    let alpha = 0.5 * k * gamma * volatility * volatility;
    let eta = rate * (1.0 + gamma / k).powf(-(1.0 + k / gamma));
    std::array::from_fn(|row| {
        let q = inventory(row);
        let below = if row > 0 { v[row - 1] } else { 0.0 };
        let above = v.get(row + 1).copied().unwrap_or(0.0);
        eta * (below + above) - alpha * q * q * v[row]
    })
}

fn inventory(row: usize) -> f64 {
    f64::from(u32::try_from(row).expect("small")) - f64::from(u32::try_from(BOUND).expect("small"))
}

/// `e^(-M·600)·1`, a second at a time by the exponential's series, the length kept at 1.
fn by_matrix_exponential() -> [f64; STATES] {
    let mut v = [1.0; STATES];
    for _ in 0..REMAINING_S {
        let mut term = v;
        for order in 1..30 {
            let next = flow(&term);
            for (sum, (term, next)) in v.iter_mut().zip(term.iter_mut().zip(next)) {
                *term = next / f64::from(order);
                *sum += *term;
            }
        }
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v = v.map(|x| x / length);
    }
    v
}

/// The eigenvector of M's smallest eigenvalue by Sturm bisection and the three-term recurrence from the edge.
fn by_eigenvector() -> [f64; STATES] {
    let diagonal: [f64; STATES] = std::array::from_fn(|row| {
        let mut unit = [0.0; STATES];
        unit[row] = 1.0;
        -flow(&unit)[row]
    });
    let mut unit = [0.0; STATES];
    unit[1] = 1.0;
    let eta = flow(&unit)[0];
    // Eigenvalues below x are as many as negative pivots of M - x.
    let below = |x: f64| {
        let mut pivot = diagonal[0] - x;
        let mut count = u32::from(pivot < 0.0);
        for d in &diagonal[1..] {
            pivot = d - x - eta * eta / pivot;
            count += u32::from(pivot < 0.0);
        }
        count
    };
    let (mut low, mut high) = (-2.0 * eta, diagonal[0] + 2.0 * eta);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if below(middle) == 0 { low = middle } else { high = middle }
    }
    // Inwards from both edges, where the recurrence grows and so is stable; the vector is symmetric.
    let mut v = [0.0; STATES];
    v[0] = 1.0;
    v[1] = (diagonal[0] - low) / eta;
    for row in 1..BOUND {
        v[row + 1] = (diagonal[row] - low) / eta * v[row] - v[row - 1];
    }
    for row in 0..BOUND {
        v[STATES - 1 - row] = v[row];
    }
    v
}

fn exact_bid(v: &[f64; STATES], q: i32) -> f64 {
    let row = usize::try_from(q + 30).expect("within the bound");
    (v[row] / v[row + 1]).ln() / MODEL.decay
        + (1.0 + MODEL.risk_aversion / MODEL.decay).ln() / MODEL.risk_aversion
}

#[test]
fn the_exact_quotes_are_the_known_ones_by_both_roads() {
    let (exponential, eigenvector) = (by_matrix_exponential(), by_eigenvector());
    for (q, bid) in [(0, 3.313_045), (10, 3.992_933), (-20, 1.959_200)] {
        for v in [&exponential, &eigenvector] {
            let got = exact_bid(v, q);
            assert!((got - bid).abs() < 1e-6, "q {q}: {got} is not {bid}");
        }
    }
    for q in -30..30 {
        let (a, b) = (exact_bid(&exponential, q), exact_bid(&eigenvector, q));
        assert!((a - b).abs() < 1e-6, "q {q}: {a} and {b}");
    }
}

#[test]
fn the_closed_form_is_near_the_exact_quotes() {
    let exact = by_matrix_exponential();
    for (q, closed) in [(0, 3.312_915), (10, 3.991_574), (-20, 1.955_599)] {
        let got = MODEL.bid_distance(f64::from(q));
        assert!((got - closed).abs() < 1e-6, "q {q}: {got} is not {closed}");
        assert!((got - exact_bid(&exact, q)).abs() < 0.005, "q {q}");
        let ask = MODEL.ask_distance(f64::from(-q));
        assert!((ask - got).abs() < 1e-12, "ask(-q) is bid(q)");
    }
}
