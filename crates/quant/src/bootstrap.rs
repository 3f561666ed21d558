//! Intervals for statistics of series that remember: blocks of neighbours are drawn instead of single values.
//!
//! The stationary bootstrap (Politis & Romano, JASA 89(428), 1994) draws blocks of geometric length, the circular one
//! (Politis & Romano 1992) of a fixed length; both wrap around the end, so every value is as likely as any other.
//! Draws are places, not values: several series drawn at the same places keep what they have in common, which is
//! what a paired comparison needs.

use crate::block_length::block_lengths;
use crate::moments::{mean, quantile};
use stdx::Prng;

/// How blocks are cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Blocks {
    /// Of geometric length with this mean, at least 1.
    Stationary(f64),
    /// All of this length, at least 1.
    Circular(usize),
}

impl Blocks {
    /// Stationary, of the length that suits the series.
    #[must_use]
    pub fn suiting(values: &[f64]) -> Self {
        Self::Stationary(block_lengths(values).stationary)
    }

    /// Draws as many places of `0..count` as there are, into `out`.
    pub fn draw(&self, count: usize, prng: &mut Prng, out: &mut Vec<usize>) {
        out.clear();
        if count == 0 {
            return;
        }
        let mut left = 0;
        let mut place = 0;
        while out.len() < count {
            if self.ends(&mut left, prng) {
                place = any(count, prng);
            } else {
                place = (place + 1) % count;
            }
            out.push(place);
        }
    }

    /// Whether a new block starts here.
    fn ends(self, left: &mut usize, prng: &mut Prng) -> bool {
        match self {
            Self::Stationary(length) => {
                let first = std::mem::replace(left, 1) == 0;
                prng.chance(1.0 / length.max(1.0)) || first
            }
            Self::Circular(length) => {
                let over = *left == 0;
                *left = if over { length.max(1) - 1 } else { *left - 1 };
                over
            }
        }
    }
}

fn any(count: usize, prng: &mut Prng) -> usize {
    usize::try_from(prng.below(count as u64)).expect("below a usize")
}

/// An estimate and where its resamples lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// On the series itself.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What an interval is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How often the series is drawn anew.
    pub resamples: usize,
    /// Of all resamples, how many lie within: 0.95.
    pub confidence: f64,
    /// For the draws.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { resamples: 2_000, confidence: 0.95, seed: 1 }
    }
}

/// The percentile interval (Efron 1979) of a statistic of the places drawn. `None` when the series itself has no such
/// statistic, or fewer than nine in ten resamples have it.
pub fn interval(
    count: usize,
    blocks: Blocks,
    settings: &Settings,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
) -> Option<Interval> {
    let mut places: Vec<usize> = (0..count).collect();
    let estimate = statistic(&places)?;
    let mut prng = Prng::new(settings.seed).fork("bootstrap");
    let mut found = Vec::with_capacity(settings.resamples);
    for _ in 0..settings.resamples {
        blocks.draw(count, &mut prng, &mut places);
        found.extend(statistic(&places).filter(|value| value.is_finite()));
    }
    if found.is_empty() || found.len() * 10 < settings.resamples * 9 {
        return None;
    }
    found.sort_unstable_by(f64::total_cmp);
    let outside = (1.0 - settings.confidence) / 2.0;
    Some(Interval { estimate, low: quantile(&found, outside), high: quantile(&found, 1.0 - outside) })
}

/// The interval of a statistic of one series, in blocks that suit it.
pub fn interval_of(
    values: &[f64],
    settings: &Settings,
    mut statistic: impl FnMut(&[f64]) -> Option<f64>,
) -> Option<Interval> {
    let mut drawn = Vec::with_capacity(values.len());
    interval(values.len(), Blocks::suiting(values), settings, |places| {
        drawn.clear();
        drawn.extend(places.iter().map(|&place| values[place]));
        statistic(&drawn)
    })
}

/// Whether one series is above another at the same times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// The mean difference.
    pub difference: Interval,
    /// How often chance alone would differ as much, either way, if there were none: small speaks for a difference.
    pub p_value: f64,
    /// The mean length of the blocks.
    pub block_length: f64,
}

/// Compares `first - second`, time by time: the differences are drawn in blocks that suit them, and for the test
/// around zero. `None` with fewer than two of them.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "resamples are far fewer than 2⁵³")]
pub fn paired(differences: &[f64], settings: &Settings) -> Option<Paired> {
    if differences.len() < 2 {
        return None;
    }
    let difference = interval_of(differences, settings, |drawn| Some(mean(drawn)))?;
    let block_length = block_lengths(differences).stationary;
    let mut prng = Prng::new(settings.seed).fork("paired");
    let mut places = Vec::with_capacity(differences.len());
    let mut as_far = 0_usize;
    for _ in 0..settings.resamples {
        Blocks::Stationary(block_length).draw(differences.len(), &mut prng, &mut places);
        let sum: f64 = places.iter().map(|&place| differences[place]).sum();
        let off = sum / differences.len() as f64 - difference.estimate;
        as_far += usize::from(off.abs() >= difference.estimate.abs());
    }
    // The series itself counts as one draw, so that a probability is never zero (Davison & Hinkley 1997, eq. 4.11).
    let p_value = (as_far + 1) as f64 / (settings.resamples + 1) as f64;
    Some(Paired { difference, p_value, block_length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::math;

    fn autoregressive(phi: f64, count: usize, seed: u64) -> Vec<f64> {
        let mut prng = Prng::new(seed);
        let mut x = prng.normal() / math::sqrt(1.0 - phi * phi);
        let next = |_| {
            x = phi * x + prng.normal();
            x
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn every_place_is_as_likely_and_blocks_are_as_long_as_said() {
        let (count, rounds) = (50, 4_000);
        for blocks in
            [Blocks::Stationary(5.0), Blocks::Circular(5), Blocks::Stationary(1.0), Blocks::Circular(1)]
        {
            let mut prng = Prng::new(9);
            let mut places = Vec::new();
            let mut seen = vec![0_u32; count];
            let mut joined = 0_u32;
            for _ in 0..rounds {
                blocks.draw(count, &mut prng, &mut places);
                assert_eq!(places.len(), count);
                places.iter().for_each(|&place| seen[place] += 1);
                joined += places.windows(2).map(|w| u32::from(w[1] == (w[0] + 1) % count)).sum::<u32>();
            }
            // Each place: mean 4,000. Blocks of five make the deviation up to √5 · 63; five deviations.
            assert!(seen.iter().all(|&n| n.abs_diff(4_000) < 700), "{blocks:?}: {seen:?}");
            let share = f64::from(joined) / f64::from(rounds) / (count as f64 - 1.0);
            let (length, blocks_a_round) = match blocks {
                Blocks::Stationary(length) => (length, None),
                Blocks::Circular(length) => (length as f64, Some(count as f64 / length as f64)),
            };
            // Neighbours stay together but where a block ends, and by chance even there.
            let parted = blocks_a_round.map_or(1.0 / length, |n| (n - 1.0) / (count as f64 - 1.0));
            let due = 1.0 - parted + parted / count as f64;
            assert!((share - due).abs() < 0.01, "{blocks:?}: {share} is not {due}");
        }
    }

    #[test]
    fn intervals_cover_the_mean_of_a_series_that_remembers_and_single_draws_do_not() {
        let settings = Settings { resamples: 400, ..Settings::default() };
        let (mut in_blocks, mut alone) = (0_u32, 0_u32);
        let runs = 200_u32;
        for seed in 0..runs {
            let values = autoregressive(0.6, 400, seed.into());
            let covers = |blocks| {
                let of = |places: &[usize]| Some(places.iter().map(|&p| values[p]).sum::<f64>() / 400.0);
                let found = interval(values.len(), blocks, &settings, of).expect("a mean");
                u32::from(found.low <= 0.0 && 0.0 <= found.high)
            };
            in_blocks += covers(Blocks::suiting(&values));
            alone += covers(Blocks::Stationary(1.0));
        }
        // 95 % are wanted; theory gives single draws 67 % (the variance is four times what they think).
        assert!(in_blocks * 100 >= runs * 87, "{in_blocks} of {runs}");
        assert!(alone * 100 <= runs * 77, "{alone} of {runs}");
    }

    #[test]
    fn a_paired_test_sees_what_both_have_in_common() {
        let market = autoregressive(0.5, 300, 1);
        let (first, second) = (autoregressive(0.0, 300, 2), autoregressive(0.0, 300, 3));
        let better: Vec<f64> =
            (0..300).map(|t| (market[t] * 9.0 + first[t] + 0.4) - (market[t] * 9.0 + second[t])).collect();
        let same: Vec<f64> = (0..300).map(|t| first[t] - second[t]).collect();
        let settings = Settings::default();
        let found = paired(&better, &settings).expect("enough");
        assert!(found.p_value < 0.01 && found.difference.low > 0.0, "{found:?}");
        let found = paired(&same, &settings).expect("enough");
        assert!(
            found.p_value > 0.05 && found.difference.low < 0.0 && found.difference.high > 0.0,
            "{found:?}"
        );
        assert_eq!(paired(&same[..1], &settings), None);
        let none = paired(&[0.0; 20], &settings).expect("enough");
        assert_eq!((none.difference.low, none.difference.high), (0.0, 0.0));
        assert!((none.p_value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let values = autoregressive(0.3, 100, 4);
        let of = |seed| interval_of(&values, &Settings { seed, ..Settings::default() }, |v| Some(mean(v)));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
