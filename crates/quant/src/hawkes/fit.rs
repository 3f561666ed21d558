//! The process that makes recorded events likeliest, for given decays: expectation-maximisation over who was whose
//! child (Veen & Schoenberg 2008), which climbs at every step, keeps every number above zero, and treats each kind on
//! its own.
//!
//! With decays given the likelihood is concave (Ogata 1981), so that where it stops climbing is its summit.

use super::{Event, Excitement, Hawkes, Steps, dot, exposure};
use stdx::math;

/// How to climb.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How fast excitement fades, per second.
    pub decays: Vec<f64>,
    /// At most so many steps.
    pub steps_max: usize,
    /// Enough, when a step gains less than this for each event.
    pub enough: f64,
    /// The branching ratio may not exceed this.
    pub ratio_max: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { decays: vec![0.1, 3.0, 100.0], steps_max: 400, enough: 1e-8, ratio_max: 0.98 }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The process.
    pub process: Hawkes,
    /// Of all stretches together.
    pub log_likelihood: f64,
    /// What events without memory would have: each kind at its mean rate.
    pub log_likelihood_poisson: f64,
    /// The most steps any kind took.
    pub steps: usize,
    /// What the data said the branching ratio was, when that was beyond what is allowed and was tempered.
    pub ratio_untempered: Option<f64>,
}

/// What is known of one kind: `R` at each of its events and the time of day's factor, a row each.
struct Seen {
    rows: Vec<f64>,
    factors: Vec<f64>,
}

/// Fits one process to stretches of events, each over `[0, horizon]` with its own beginning.
///
/// # Panics
/// When an event's kind is not below `kinds`.
#[must_use]
pub fn fit(stretches: &[(&[Event], f64)], kinds: usize, profile: &Steps, settings: &Settings) -> Fit {
    let features = kinds * settings.decays.len();
    let blank = Hawkes {
        base: vec![0.0; kinds],
        decays: settings.decays.clone(),
        branching: vec![0.0; kinds * features],
    };
    let mut seen: Vec<Seen> = (0..kinds).map(|_| Seen { rows: Vec::new(), factors: Vec::new() }).collect();
    let mut children = vec![0.0; features];
    let mut base_time = 0.0;
    for (events, horizon) in stretches {
        let mut excitement = Excitement::new(&blank);
        for event in *events {
            excitement.fade(&blank, event.at);
            seen[event.kind].rows.extend_from_slice(&excitement.parts);
            seen[event.kind].factors.push(profile.at(event.at).0);
            excitement.add(&blank, event.kind);
        }
        for (sum, part) in children.iter_mut().zip(exposure(events, *horizon, kinds, &settings.decays)) {
            *sum += part;
        }
        base_time += profile.integral(*horizon);
    }
    let (mut process, mut steps) = (blank, 0);
    for (kind, seen) in seen.iter().enumerate() {
        let (base, row, taken) = climb(seen, &children, base_time, settings);
        process.base[kind] = base;
        process.branching[kind * features..][..features].copy_from_slice(&row);
        steps = steps.max(taken);
    }
    let ratio = process.spectral_radius();
    let too_much = ratio > settings.ratio_max;
    if too_much {
        process = tempered(&process, settings.ratio_max / ratio, &seen, base_time, stretches);
    }
    let likelihood =
        |process: &Hawkes| stretches.iter().map(|(e, h)| process.log_likelihood(e, *h, profile)).sum();
    let memoryless = Hawkes {
        base: seen.iter().map(|s| super::float(s.factors.len()) / base_time).collect(),
        decays: Vec::new(),
        branching: Vec::new(),
    };
    Fit {
        log_likelihood: likelihood(&process),
        log_likelihood_poisson: likelihood(&memoryless),
        process,
        steps,
        ratio_untempered: too_much.then_some(ratio),
    }
}

/// Base rate and branchings of one kind; and the steps it took.
fn climb(seen: &Seen, children: &[f64], base_time: f64, settings: &Settings) -> (f64, Vec<f64>, usize) {
    let count = super::float(seen.factors.len());
    let features = children.len();
    let parents: f64 = children.iter().sum();
    // Half the events are spontaneous, half are anybody's children alike.
    let mut base = 0.5 * count / base_time;
    let mut row = vec![if parents > 0.0 { 0.5 * count / parents } else { 0.0 }; features];
    let mut best = f64::NEG_INFINITY;
    for step in 0..settings.steps_max {
        let (mut spontaneous, mut shares, mut logs) = (0.0, vec![0.0; features], 0.0);
        for (factor, parts) in seen.factors.iter().zip(seen.rows.chunks_exact(features.max(1))) {
            let own = base * factor;
            let rate = own + dot(&row, parts);
            logs += math::ln(rate);
            spontaneous += own / rate;
            let scale = 1.0 / rate;
            for (share, part) in shares.iter_mut().zip(parts) {
                *share += part * scale;
            }
        }
        let likelihood = logs - base * base_time - dot(&row, children);
        if likelihood - best <= settings.enough * count {
            return (base, row, step);
        }
        best = likelihood;
        base = spontaneous / base_time;
        for ((value, share), children) in row.iter_mut().zip(&shares).zip(children) {
            *value = if *children > 0.0 { *value * share / children } else { 0.0 };
        }
    }
    (base, row, settings.steps_max)
}

/// Fewer children, and as many more spontaneous events: the mean rates stay.
fn tempered(
    process: &Hawkes,
    factor: f64,
    seen: &[Seen],
    base_time: f64,
    stretches: &[(&[Event], f64)],
) -> Hawkes {
    let mut process = process.tempered(factor);
    let mut parents = vec![0.0; process.kinds()];
    for event in stretches.iter().flat_map(|(events, _)| events.iter()) {
        parents[event.kind] += 1.0;
    }
    for (kind, seen) in seen.iter().enumerate() {
        let children: f64 = parents.iter().enumerate().map(|(p, n)| process.children(kind, p) * n).sum();
        process.base[kind] = (super::float(seen.factors.len()) - children).max(0.0) / base_time;
    }
    process
}
