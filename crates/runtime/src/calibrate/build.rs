//! The model, from what was observed.

use super::observe::Observed;
use super::rates::{self, Timed, float};
use super::{CalibrateError, Calibration, Settings};
use crate::deeds::What;
use quant::hawkes::{Fit, Hawkes};
use sim::agents::buckets::{self, AGES, DISTANCES, PLACES, STANDINGS};
use sim::agents::model::{
    CancellerHabits, Excited, MODEL_VERSION, MakerHabits, Provenance, Session, Sizes, State, TakerHabits,
    Traded,
};
use sim::agents::{Act, Model};
use types::Instrument;

/// The spread is cut into so many buckets.
const SPREADS: usize = 6;
/// A hazard from little exposure is drawn towards that of all orders, as if so many withdrawals more had been as usual.
const PRIOR: f64 = 3.0;

pub(super) fn build(
    observed: &Observed,
    instrument: &Instrument,
    settings: &Settings,
) -> Result<Calibration, CalibrateError> {
    let timed = rates::timed(observed, settings)?;
    let fit = rates::fit(&timed, settings);
    let edges = rates::spread_edges(observed, SPREADS);
    let factors = rates::factors(observed, &timed, &fit.process, &edges);
    let process = &fit.process;
    let base = |act: Act| (process.base()[act as usize * 2] + process.base()[act as usize * 2 + 1]) / 2.0;
    let terms = instrument.terms();
    let model = Model {
        market_version: MODEL_VERSION,
        instrument: Traded {
            venue: terms.venue.clone(),
            symbol: terms.symbol.clone(),
            currency: terms.currency.clone(),
            tick_nanos: terms.tick_nanos,
            lot_nanos: terms.lot_nanos,
            multiplier_nanos: terms.multiplier_nanos,
        },
        session: session(observed, &timed),
        excitement: Excited {
            decays: timed.decays.clone(),
            base: Act::ALL.map(base),
            same_side: excited(&fit, true),
            other_side: excited(&fit, false),
        },
        makers: makers(observed, &edges),
        state: State {
            spread_edges: edges,
            by_spread: factors.by_spread,
            by_imbalance: factors.by_imbalance,
        },
        takers: takers(observed),
        cancellers: cancellers(observed, &timed, process),
        provenance: provenance(&timed, &fit, settings),
    };
    model.check()?;
    Ok(Calibration {
        kinds: rates::kinds(&timed, process),
        model,
        ratio_untempered: fit.ratio_untempered,
        seconds: timed.horizon,
        notes: notes(observed),
    })
}

fn session(observed: &Observed, timed: &Timed) -> Session {
    let (touch, book) = &observed.opening;
    Session {
        starts_at: observed.from.0,
        seconds: timed.horizon,
        opening: touch.price.map(|price| price.0),
        book: book.clone(),
        profile_seconds: timed.profile.width,
        profile: timed.profile.factors.clone(),
    }
}

fn excited(fit: &Fit, same: bool) -> Vec<Vec<Vec<f64>>> {
    let of =
        |child| Act::ALL.iter().map(|parent| rates::pooled(&fit.process, child, *parent, same)).collect();
    Act::ALL.iter().map(|child| of(*child)).collect()
}

fn makers(observed: &Observed, edges: &[i64]) -> MakerHabits {
    // An octave of places that nobody took at this spread may still be taken: all spreads together say how often.
    let (mut places, mut all) = (vec![vec![0.0; PLACES]; edges.len() + 1], vec![0.0; PLACES]);
    let mut sizes = [Vec::new(), Vec::new(), Vec::new()];
    for deed in &observed.deeds {
        if let What::Place { behind, size } = deed.what {
            let place = buckets::place(behind);
            places[buckets::spread(edges, deed.before.spread())][place] += 1.0;
            all[place] += 1.0;
            sizes[usize::from(behind >= 0) + usize::from(behind > 0)].push(size.0);
        }
    }
    let total: f64 = all.iter().sum();
    for row in &mut places {
        let count: f64 = row.iter().sum();
        for (place, weight) in row.iter_mut().enumerate() {
            *weight = (*weight + all[place] / total * 10.0) / (count + 10.0);
        }
    }
    MakerHabits { places, sizes: sizes.map(Sizes::of) }
}

fn takers(observed: &Observed) -> TakerHabits {
    let (mut less, mut beyond) = (Vec::new(), Vec::new());
    let mut counts = [[0.0; 2]; STANDINGS];
    for deed in &observed.deeds {
        if let What::Take { size, standing } = deed.what {
            let clears = size >= standing;
            let [taken, cleared] = &mut counts[buckets::standing(standing.0)];
            *taken += 1.0;
            *cleared += f64::from(u8::from(clears));
            match clears {
                false => less.push(size.0),
                true if size > standing => beyond.push((size - standing).0),
                true => {}
            }
        }
    }
    let sum = |which: usize| counts.iter().map(|count| count[which]).sum::<f64>();
    let (taken, cleared) = (sum(0), sum(1));
    // Of a size that seldom stood, as often as of all.
    let share = |count: &[f64; 2]| (count[1] + PRIOR * cleared / taken.max(1.0)) / (count[0] + PRIOR);
    TakerHabits {
        clears: counts.iter().map(share).collect(),
        beyond_share: float(beyond.len()) / cleared.max(1.0),
        sizes: Sizes::of(less),
        beyond: Sizes::of(beyond),
    }
}

fn cancellers(observed: &Observed, timed: &Timed, process: &Hawkes) -> CancellerHabits {
    let mut gone = [[0.0; AGES]; DISTANCES];
    let (mut parts, mut all) = (0.0, 0.0);
    for deed in &observed.deeds {
        if let What::Withdraw { behind, part, age, .. } = deed.what {
            // Of an order that was there from the start: old.
            gone[buckets::distance(behind)][buckets::age(age.unwrap_or(f64::INFINITY))] += 1.0;
            parts += f64::from(u8::from(part));
            all += 1.0;
        }
    }
    let exposed: f64 = observed.exposure.iter().flatten().sum();
    let usual_one = all / exposed.max(1e-9);
    let hazard = |d: usize, a: usize| {
        // By age over all distances, then by both.
        let (n, t): (f64, f64) =
            (0..DISTANCES).fold((0.0, 0.0), |(n, t), d| (n + gone[d][a], t + observed.exposure[d][a]));
        let by_age = (n + PRIOR) / (t + PRIOR / usual_one);
        (gone[d][a] + PRIOR) / (observed.exposure[d][a] + PRIOR / by_age)
    };
    let by_distance = |d: usize| {
        let (n, t): (f64, f64) = (gone[d].iter().sum(), observed.exposure[d].iter().sum());
        (n + PRIOR) / (t + PRIOR / usual_one)
    };
    let readiness: Vec<f64> = (0..DISTANCES).map(by_distance).collect();
    CancellerHabits {
        hazards: (0..DISTANCES).map(|d| (0..AGES).map(|a| hazard(d, a)).collect()).collect(),
        usual: rates::usual_readiness(observed, timed, process, &readiness),
        readiness,
        part_share: parts / f64::max(all, 1.0),
    }
}

fn provenance(timed: &Timed, fit: &Fit, settings: &Settings) -> Provenance {
    let count = |act: Act| timed.events.iter().filter(|e| e.kind / 2 == act as usize).count() as u64;
    // Both stretches: the day and its mirror image.
    let each = 2.0 * float(timed.events.len());
    Provenance {
        recording: String::new(),
        blake3: String::new(),
        levels: settings.levels,
        events: Act::ALL.map(count),
        branching_ratio: fit.process.spectral_radius(),
        log_likelihood: [fit.log_likelihood / each, fit.log_likelihood_poisson / each],
        adjusted: Vec::new(),
    }
}

fn notes(observed: &Observed) -> Vec<String> {
    let unknown = |deed: &&crate::deeds::Deed| matches!(deed.what, What::Withdraw { age: None, .. });
    let (count, all) = (observed.deeds.iter().filter(unknown).count(), observed.deeds.len());
    let mut notes = Vec::new();
    if count * 20 > all {
        notes.push(format!(
            "{count} of {all} deeds are withdrawals of orders whose age is not known; they count as old"
        ));
    }
    notes
}
