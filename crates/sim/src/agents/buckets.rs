//! The scales on which a market's habits are counted: distance, age, spread, imbalance. Counting and drawing use the same.

use stdx::Prng;

/// Distances from the own side's best price, in ticks: at it, one behind it, two, three to four, five to eight …
pub const DISTANCES: usize = 14;
/// Where a limit order may go: improvements of the best price, farthest first, then the [`DISTANCES`] behind it.
pub const PLACES: usize = IMPROVEMENTS + DISTANCES;
/// Improvements by one tick, two, three to four …
pub const IMPROVEMENTS: usize = 12;
/// Ages of orders.
pub const AGES: usize = 8;
/// Where an age begins, in seconds; the first begins at zero.
const AGE_EDGES: [f64; AGES - 1] = [0.01, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0];
/// Shares of the size at both best prices that stands on the own side.
pub const IMBALANCES: usize = 5;

/// Sizes of what stands: one lot, two, three to four …
pub const STANDINGS: usize = 40;

/// The bucket of what stands at a price.
#[must_use]
pub fn standing(lots: i64) -> usize {
    octave(lots, STANDINGS).saturating_sub(1)
}

/// 0 for 0, 1 for 1, 2 for 2, 3 for 3 and 4, 4 for 5 to 8 … no more than `most`.
fn octave(steps: i64, most: usize) -> usize {
    let steps = u64::try_from(steps).unwrap_or(0);
    let octave = match steps {
        0 => 0,
        1 => 1,
        more => 65 - usize::try_from((more - 1).leading_zeros()).unwrap_or(0),
    };
    octave.min(most)
}

/// The first and last step of an octave.
const fn steps(octave: usize) -> (i64, i64) {
    match octave {
        0 => (0, 0),
        1 => (1, 1),
        more => ((1 << (more - 2)) + 1, 1 << (more - 1)),
    }
}

/// The bucket of a distance behind the best price.
#[must_use]
pub fn distance(behind: i64) -> usize {
    octave(behind, DISTANCES - 1)
}

/// The bucket of a limit order's place: `behind` is below zero when it betters the best price.
#[must_use]
pub fn place(behind: i64) -> usize {
    if behind >= 0 { IMPROVEMENTS + distance(behind) } else { IMPROVEMENTS - octave(-behind, IMPROVEMENTS) }
}

/// The nearest and the farthest distance of a place; for improvements these are below zero.
#[must_use]
pub const fn place_range(place: usize) -> (i64, i64) {
    if place >= IMPROVEMENTS {
        steps(place - IMPROVEMENTS)
    } else {
        let (least, most) = steps(IMPROVEMENTS - place);
        (-most, -least)
    }
}

/// The bucket of an age.
#[must_use]
pub fn age(seconds: f64) -> usize {
    AGE_EDGES.partition_point(|edge| *edge <= seconds)
}

/// Where an age's bucket ends, in seconds; the last never does.
#[must_use]
pub fn age_ends(bucket: usize) -> f64 {
    AGE_EDGES.get(bucket).copied().unwrap_or(f64::INFINITY)
}

/// The bucket of a spread, by the edges of a market's own: the first spread of each bucket but the first.
#[must_use]
pub fn spread(edges: &[i64], ticks: i64) -> usize {
    edges.partition_point(|edge| *edge <= ticks)
}

/// The bucket of what stands on the own side beside the other.
#[must_use]
pub fn imbalance(own: i64, other: i64) -> usize {
    let (own, both) = (i128::from(own.max(0)), i128::from(own.max(0)) + i128::from(other.max(0)));
    if both == 0 {
        return IMBALANCES / 2;
    }
    let buckets = i128::try_from(IMBALANCES).unwrap_or(1);
    usize::try_from(own * buckets / both).unwrap_or(0).min(IMBALANCES - 1)
}

/// One of the places of `weights`, as likely as its weight; `None` when there is no weight.
pub(super) fn draw(weights: &[f64], prng: &mut Prng) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut rest = prng.unit() * total;
    let heavy = |at: &usize| weights[*at] > 0.0;
    for at in (0..weights.len()).filter(heavy) {
        rest -= weights[at];
        if rest < 0.0 {
            return Some(at);
        }
    }
    // Rounding left a little over.
    (0..weights.len()).rev().find(heavy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distance_has_the_place_whose_range_holds_it() {
        for behind in -2_048..=4_096 {
            let (least, most) = place_range(place(behind));
            assert!(least <= behind && behind <= most, "{behind}: {least} to {most}");
        }
        assert_eq!((place(i64::MIN + 1), place(i64::MAX)), (0, PLACES - 1));
    }

    #[test]
    fn scales_have_their_edges() {
        for (seconds, bucket) in [(0.0, 0), (0.01, 1), (0.099, 1), (300.0, 7), (1e9, 7)] {
            assert_eq!(age(seconds), bucket, "{seconds}");
        }
        for (ticks, bucket) in [(1, 0), (2, 1), (3, 1), (4, 2), (99, 2)] {
            assert_eq!(spread(&[2, 4], ticks), bucket, "{ticks}");
        }
        for (own, other, bucket) in [(0, 5, 0), (5, 0, 4), (1, 1, 2), (0, 0, 2), (1, 3, 1)] {
            assert_eq!(imbalance(own, other), bucket, "{own} {other}");
        }
    }
}
