//! When deeds happen: the Hawkes process, and how the book's state changes its rates.

use super::observe::{Observed, Stood};
use super::{CalibrateError, KindFit, Settings, kind_name};
use crate::deeds::What;
use quant::hawkes::{self, Event, Excitement, Fit, Hawkes, Steps};
use sim::agents::Act;
use sim::agents::buckets::{self, IMBALANCES};
use types::Side;

/// Excitement that fades in 20 s, 1 s, 50 ms, 2 ms.
const DECAYS: [f64; 4] = [0.05, 1.0, 20.0, 500.0];
/// Of clocks that tick in milliseconds: nothing is known of what is faster.
const DECAYS_OF_MILLIS: [f64; 3] = [0.05, 1.0, 20.0];
/// A factor from little data is drawn towards one, as if so many more deeds had been as expected.
const PRIOR: f64 = 20.0;
const FACTORS: std::ops::RangeInclusive<f64> = 0.2..=4.0;

/// Deeds as events of the process, in time with what did them.
pub(super) struct Timed {
    pub(super) events: Vec<Event>,
    /// By event, its deed.
    pub(super) deeds: Vec<usize>,
    pub(super) horizon: f64,
    pub(super) profile: Steps,
    pub(super) decays: Vec<f64>,
}

pub(super) const fn act_of(what: &What) -> Option<Act> {
    match what {
        What::Take { .. } => Some(Act::Take),
        What::Place { .. } => Some(Act::Place),
        What::Withdraw { .. } => Some(Act::Withdraw),
        What::Nothing => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
pub(super) const fn float(count: usize) -> f64 {
    count as f64
}

/// The step of the recording's clock, in seconds.
fn clock_step(observed: &Observed) -> f64 {
    let all = |step: i64| observed.deeds.iter().all(|deed| deed.at.0 % step == 0);
    if all(1_000_000) {
        1e-3
    } else if all(1_000) {
        1e-6
    } else {
        1e-9
    }
}

pub(super) fn timed(observed: &Observed, settings: &Settings) -> Result<Timed, CalibrateError> {
    const NEEDED: usize = 200;
    let horizon = (observed.to - observed.from).to_secs_f64();
    let step = clock_step(observed);
    let (mut events, mut deeds) = (Vec::new(), Vec::new());
    for (at, deed) in observed.deeds.iter().enumerate() {
        let Some(act) = act_of(&deed.what) else { continue };
        events.push(Event { at: (deed.at - observed.from).to_secs_f64(), kind: act.kind(deed.side) });
        deeds.push(at);
    }
    for act in Act::ALL {
        let found = events.iter().filter(|event| event.kind / 2 == act as usize).count();
        if found < NEEDED {
            return Err(CalibrateError::TooFew { what: act.name(), found, needed: NEEDED });
        }
    }
    spread_out(&mut events, step);
    let width = settings.profile_seconds.min(horizon);
    let profile = profile(&events, horizon, width);
    let decays = match (settings.decays.is_empty(), step > 1e-4) {
        (false, _) => settings.decays.clone(),
        (true, true) => DECAYS_OF_MILLIS.to_vec(),
        (true, false) => DECAYS.to_vec(),
    };
    Ok(Timed { events, deeds, horizon, profile, decays })
}

/// Events of one stamp came one after another within a step of the clock: evenly, as far as anybody knows.
fn spread_out(events: &mut [Event], step: f64) {
    for run in events.chunk_by_mut(|a, b| a.at >= b.at) {
        let count = float(run.len());
        let first = run[0].at;
        for (place, event) in run.iter_mut().enumerate() {
            event.at = first + step * float(place) / count;
        }
    }
}

/// How busy each step of the day is, one on average.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "steps of a day are few")]
fn profile(events: &[Event], horizon: f64, width: f64) -> Steps {
    let steps = ((horizon / width).ceil() as usize).max(1);
    let mut counts = vec![0.0; steps];
    for event in events {
        counts[((event.at / width) as usize).min(steps - 1)] += 1.0;
    }
    let mean = float(events.len()) / horizon;
    let lasts = |step: usize| (horizon - width * float(step)).min(width).max(1e-9);
    let mut factors: Vec<f64> = counts.iter().enumerate().map(|(at, n)| n / lasts(at) / mean).collect();
    // A last step of moments says nothing: it is as the one before.
    if steps > 1 && lasts(steps - 1) < width / 10.0 {
        factors[steps - 1] = factors[steps - 2];
    }
    Steps { width, factors }
}

/// The process of the day and its mirror image.
pub(super) fn fit(timed: &Timed, settings: &Settings) -> Fit {
    let mirrored: Vec<Event> =
        timed.events.iter().map(|event| Event { kind: event.kind ^ 1, ..*event }).collect();
    let stretches = [(timed.events.as_slice(), timed.horizon), (mirrored.as_slice(), timed.horizon)];
    let settings = hawkes::Settings {
        decays: timed.decays.clone(),
        steps_max: 300,
        enough: 1e-6,
        ratio_max: settings.ratio_max,
    };
    hawkes::fit(&stretches, Act::KINDS, &timed.profile, &settings)
}

pub(super) fn kinds(timed: &Timed, process: &Hawkes) -> Vec<KindFit> {
    let rate = |kind| float(timed.events.iter().filter(|e| e.kind == kind).count()) / timed.horizon;
    let rates: Vec<f64> = (0..Act::KINDS).map(rate).collect();
    let poisson = Hawkes::new(rates.clone(), Vec::new(), Vec::new()).expect("rates above zero");
    let residuals = process.residuals(&timed.events, &timed.profile);
    let memoryless = poisson.residuals(&timed.events, &timed.profile);
    (0..Act::KINDS)
        .map(|kind| KindFit {
            name: kind_name(kind),
            rate: rates[kind],
            base: process.base()[kind],
            residuals: hawkes::agreement(&residuals[kind]),
            residuals_poisson: hawkes::agreement(&memoryless[kind]),
        })
        .collect()
}

/// Factors by act and bucket: deeds over what the process expected while the book stood so.
pub(super) struct Factors {
    pub(super) by_spread: Vec<Vec<f64>>,
    pub(super) by_imbalance: Vec<Vec<f64>>,
}

pub(super) fn factors(observed: &Observed, timed: &Timed, process: &Hawkes, edges: &[i64]) -> Factors {
    let (mut expected_spread, mut found_spread) = (table(edges.len() + 1), table(edges.len() + 1));
    let (mut expected_share, mut found_share) = (table(IMBALANCES), table(IMBALANCES));
    for (event, deed) in timed.events.iter().zip(&timed.deeds) {
        let (act, side) = Act::of_kind(event.kind);
        let before = &observed.deeds[*deed].before;
        let own = buckets::imbalance(before.size[side.index()].0, before.size[(!side).index()].0);
        found_spread[act as usize][buckets::spread(edges, before.spread())] += 1.0;
        found_share[act as usize][own] += 1.0;
    }
    expectations(observed, timed, process, |stood, kind, expected| {
        let (act, side) = Act::of_kind(kind);
        let own = buckets::imbalance(stood.size[side.index()], stood.size[(!side).index()]);
        expected_spread[act as usize][buckets::spread(edges, stood.spread)] += expected;
        expected_share[act as usize][own] += expected;
    });
    Factors {
        by_spread: shrunk(&found_spread, &expected_spread),
        by_imbalance: shrunk(&found_share, &expected_share),
    }
}

fn table(columns: usize) -> Vec<Vec<f64>> {
    vec![vec![0.0; columns]; Act::ALL.len()]
}

/// Deeds over expectations, by bucket. Withdrawals have theirs from the orders that are there.
fn shrunk(found: &[Vec<f64>], expected: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let factor = |(found, expected): (&f64, &f64)| {
        ((found + PRIOR) / (expected + PRIOR)).clamp(*FACTORS.start(), *FACTORS.end())
    };
    let row = |act: usize| -> Vec<f64> {
        if act == Act::Withdraw as usize {
            return vec![1.0; found[act].len()];
        }
        found[act].iter().zip(&expected[act]).map(factor).collect()
    };
    (0..found.len()).map(row).collect()
}

/// What the process expected of each kind while the book stood in each of its states.
fn expectations(
    observed: &Observed,
    timed: &Timed,
    process: &Hawkes,
    mut each: impl FnMut(&Stood, usize, f64),
) {
    let mut excitement = Excitement::new(process);
    let (mut next, mut now) = (0, 0.0);
    for (at, stood) in observed.stood.iter().enumerate() {
        let seconds = |stood: &Stood| (stood.from - observed.from).to_secs_f64();
        let until = observed.stood.get(at + 1).map_or(timed.horizon, seconds);
        loop {
            let to = timed.events.get(next).map_or(until, |event| event.at.min(until));
            if to > now {
                for (kind, expected) in
                    process.expected(&mut excitement, now, to, &timed.profile).into_iter().enumerate()
                {
                    each(stood, kind, expected);
                }
                now = to;
            }
            match timed.events.get(next) {
                Some(event) if event.at <= until => {
                    excitement.fade(process, event.at);
                    excitement.add(process, event.kind);
                    next += 1;
                }
                Some(_) | None => break,
            }
        }
    }
}

/// How readily a side's orders are withdrawn when the process is as excited as it is: so that with the weights of the
/// orders over this, the process expects as many withdrawals as there were.
pub(super) fn usual_readiness(observed: &Observed, timed: &Timed, process: &Hawkes, weights: &[f64]) -> f64 {
    let (mut weighted, mut found) = (0.0, 0.0);
    expectations(observed, timed, process, |stood, kind, expected| {
        let (act, side) = Act::of_kind(kind);
        if act == Act::Withdraw {
            let ready =
                stood.orders[side.index()].iter().zip(weights).map(|(n, w)| f64::from(*n) * w).sum::<f64>();
            weighted += expected * ready;
        }
    });
    for event in &timed.events {
        found += f64::from(u8::from(Act::of_kind(event.kind).0 == Act::Withdraw));
    }
    weighted / f64::max(found, 1.0)
}

/// The first spread of each bucket but the first, so that each holds the book for as long.
pub(super) fn spread_edges(observed: &Observed, wanted: usize) -> Vec<i64> {
    let total: f64 = observed.spreads.values().sum();
    let (mut edges, mut sum) = (Vec::new(), 0.0);
    for (spread, seconds) in &observed.spreads {
        if sum >= total * float(edges.len() + 1) / float(wanted) && sum < total * 0.999 {
            edges.push(*spread);
        }
        sum += seconds;
        if edges.len() + 1 >= wanted {
            break;
        }
    }
    edges
}

/// Both sides, for sums over kinds.
pub(super) fn pooled(process: &Hawkes, child: Act, parent: Act, same: bool) -> Vec<f64> {
    let m = process.decays().len();
    let of = |side: Side| {
        let by = if same { side } else { !side };
        let at = (child.kind(side) * Act::KINDS + parent.kind(by)) * m;
        &process.branching()[at..at + m]
    };
    of(Side::Buy).iter().zip(of(Side::Sell)).map(|(a, b)| (a + b) / 2.0).collect()
}
