//! What counts do not tie down, moved towards a recorded day by running the agents and comparing (the simulated method of
//! moments, McFadden 1989; here by fixed steps, one knob for each moment).
//!
//! | moment | knob |
//! |---|---|
//! | takes, orders placed, withdrawals a second | that act's rate without excitement |
//! | mean spread | how often makers better the price |
//! | lots on five levels | how many orders it takes until they are withdrawn as usual |
//! | lots at the best price | how often makers join it |
//!
//! Volatility has no knob: what it comes to is a finding.

use crate::facts::Facts;
use crate::market;
use sim::agents::buckets::IMPROVEMENTS;
use sim::agents::{Act, Model, ModelError};
use stdx::math;

/// Days a round.
const DAYS: u64 = 3;
/// Of what a moment is off, so much is made good in a round.
const STEP: f64 = 0.5;
const MOMENTS: usize = 6;
/// Seeds that nobody will choose to be shown: a day is not held against what it was adjusted on.
const SEEDS_FROM: u64 = 1_000_000;

/// Takes, places, withdrawals, spread, five levels, best price.
fn moments(facts: &Facts) -> [f64; MOMENTS] {
    let five: f64 = facts.depth.iter().take(5).sum();
    let rates = [facts.take_rate, facts.place_rate, facts.withdraw_rate].map(|figure| figure.value);
    [rates[0], rates[1], rates[2], facts.spread.value, five, facts.touch_size.value]
}

/// By moment, how far the agents' days lie below the recorded one, as the log of the ratio.
fn short_of(model: &Model, wanted: &[f64; MOMENTS], levels: usize) -> Result<[f64; MOMENTS], ModelError> {
    let mut sums = [0.0; MOMENTS];
    let mut days = 0.0;
    for day in 0..DAYS {
        // A day whose book was not sound says nothing.
        let Some(facts) = market::facts("", model, SEEDS_FROM + day, None, levels)? else { continue };
        days += 1.0;
        for (sum, found) in sums.iter_mut().zip(moments(&facts)) {
            *sum += found;
        }
    }
    let mut short = [0.0; MOMENTS];
    for (at, short) in short.iter_mut().enumerate() {
        let ratio = wanted[at] * days / sums[at];
        *short = if ratio.is_finite() && ratio > 0.0 { math::ln(ratio).clamp(-1.5, 1.5) } else { 1.5 };
    }
    Ok(short)
}

fn distance(short: &[f64; MOMENTS]) -> f64 {
    math::sqrt(short.iter().map(|x| x * x).sum::<f64>() / 6.0)
}

/// Turns each knob by its moment.
fn turn(model: &mut Model, short: &[f64; MOMENTS]) {
    let [takes, places, withdrawals, spread, five, best] = short.map(|x| math::exp(STEP * x));
    for (act, factor) in Act::ALL.into_iter().zip([takes, places, withdrawals]) {
        model.excitement.base[act as usize] *= factor;
    }
    // Too narrow: fewer better the price.
    for row in &mut model.makers.places {
        for (place, weight) in row.iter_mut().enumerate() {
            if place < IMPROVEMENTS {
                *weight /= spread;
            } else if place == IMPROVEMENTS {
                *weight *= best / math::sqrt(five);
            }
        }
    }
    model.cancellers.usual *= five;
}

/// Runs the agents `rounds` times, turns the knobs after each, and keeps the best.
///
/// # Errors
/// When the model makes no market.
pub fn adjust(
    model: &mut Model,
    recorded: &Facts,
    rounds: u32,
    mut tick: impl FnMut(f64),
) -> Result<(), ModelError> {
    let wanted = moments(recorded);
    let first = short_of(model, &wanted, recorded.levels)?;
    let (mut best, mut best_short) = (model.clone(), first);
    let mut short = first;
    for round in 0..rounds {
        turn(model, &short);
        short = short_of(model, &wanted, recorded.levels)?;
        if distance(&short) < distance(&best_short) {
            (best, best_short) = (model.clone(), short);
        }
        tick(f64::from(round + 1) / f64::from(rounds));
    }
    *model = best;
    let percent = |short: &[f64; MOMENTS]| (math::exp(distance(short)) - 1.0) * 100.0;
    model.provenance.adjusted.push(format!(
        "takes, orders and withdrawals a second, spread, size of the best price and of five levels: adjusted in {rounds} \
         rounds of {DAYS} days, from {:.0} % off to {:.0} % (root mean square)",
        percent(&first),
        percent(&best_short),
    ));
    Ok(())
}
