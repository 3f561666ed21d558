//! What counts do not tie down, moved towards a recorded day by running the agents and comparing (the simulated method of
//! moments, McFadden 1989; here by fixed steps, one knob for each moment).
//!
//! | moment | knob |
//! |---|---|
//! | takes, orders placed, withdrawals a second | that act's rate without excitement |
//! | mean spread | how often makers better the price |
//! | lots at the best price | how often makers join it |
//! | lots on five levels | how many orders it takes until they are withdrawn as usual |
//! | distance of the fifth level | how far behind makers place |
//!
//! What makers were counted to do is changed by half at most: knobs that go farther buy one moment with the others.
//! Volatility has no knob; but of all rounds the one is kept that is nearest in it, too.

use crate::facts::Facts;
use crate::market;
use sim::agents::buckets::IMPROVEMENTS;
use sim::agents::{Act, Model, ModelError};
use std::cmp::Ordering;
use stdx::math;

/// Days a round.
const DAYS: u64 = 3;
/// Of what a moment is off, so much is made good in a round.
const STEP: f64 = 0.5;
const MOMENTS: usize = 8;
/// No habit is more or less frequent than so many times what was counted.
const HABIT_MAX: f64 = 1.5;
/// Seeds that nobody will choose to be shown: a day is not held against what it was adjusted on.
const SEEDS_FROM: u64 = 1_000_000;

/// Takes, places, withdrawals, spread, best price, five levels, fifth level, volatility.
fn moments(facts: &Facts) -> [f64; MOMENTS] {
    let five: f64 = facts.depth.iter().take(5).sum();
    let fifth = facts.level_distance.get(4).copied().unwrap_or(f64::NAN);
    let rates = [facts.take_rate, facts.place_rate, facts.withdraw_rate].map(|figure| figure.value);
    let [takes, places, withdrawals] = rates;
    [
        takes,
        places,
        withdrawals,
        facts.spread.value,
        facts.touch_size.value,
        five,
        fifth,
        facts.volatility.value,
    ]
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
    math::sqrt(short.iter().map(|x| x * x).sum::<f64>() / 8.0)
}

/// How habits differ from what was counted: betters the price, joins it, and goes farther behind, by octave.
#[derive(Clone, Copy, Debug)]
struct Habits {
    betters: f64,
    joins: f64,
    farther: f64,
}

/// Turns each knob by its moment.
fn turn(model: &mut Model, counted: &[Vec<f64>], habits: &mut Habits, short: &[f64; MOMENTS]) {
    let [takes, places, withdrawals, spread, best, five, fifth, _] = short.map(|x| math::exp(STEP * x));
    for (act, factor) in Act::ALL.into_iter().zip([takes, places, withdrawals]) {
        model.excitement.base[act as usize] *= factor;
    }
    model.cancellers.usual *= five;
    let within = |value: f64| value.clamp(1.0 / HABIT_MAX, HABIT_MAX);
    // Too narrow: fewer better the price.
    habits.betters = within(habits.betters / spread);
    habits.joins = within(habits.joins * best / math::sqrt(five));
    habits.farther = (habits.farther * math::sqrt(fifth)).clamp(0.8, 1.25);
    for (row, counted) in model.makers.places.iter_mut().zip(counted) {
        let mut farther = habits.farther;
        for (place, (weight, counted)) in row.iter_mut().zip(counted).enumerate() {
            *weight = counted
                * match place.cmp(&IMPROVEMENTS) {
                    Ordering::Less => habits.betters,
                    Ordering::Equal => habits.joins,
                    Ordering::Greater => {
                        farther *= habits.farther;
                        farther
                    }
                };
        }
    }
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
    let counted = model.makers.places.clone();
    let mut habits = Habits { betters: 1.0, joins: 1.0, farther: 1.0 };
    let mut short = first;
    for round in 0..rounds {
        turn(model, &counted, &mut habits, &short);
        short = short_of(model, &wanted, recorded.levels)?;
        if distance(&short) < distance(&best_short) {
            (best, best_short) = (model.clone(), short);
        }
        tick(f64::from(round + 1) / f64::from(rounds));
    }
    *model = best;
    let percent = |short: &[f64; MOMENTS]| (math::exp(distance(short)) - 1.0) * 100.0;
    model.provenance.adjusted.push(format!(
        "rates of acts, spread, best size, size and distance of five levels adjusted in {rounds} rounds of {DAYS} days: \
         with volatility, from {:.0} % off to {:.0} % (root mean square)",
        percent(&first),
        percent(&best_short),
    ));
    Ok(())
}
