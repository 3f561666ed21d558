//! A search that learns: the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio & Kégl, *Algorithms for
//! hyper-parameter optimization*, NIPS 2011, section 4).
//!
//! What was tried is parted at a quantile of its value: `l(x)` is the density of the good points, `g(x)` of the
//! others. The expected improvement rises with `l/g` (eq. 7), so of some candidates drawn from `l` the one with the
//! highest `l/g` is tried next. Each axis has densities of its own, as in the paper.

use stdx::{Prng, math};

/// One axis of the space. A coordinate is always in `[0, 1)`; what it stands for is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// A number: near coordinates are alike.
    Number,
    /// One of so many, without order: coordinate `(k + ½) / n`.
    Choice(usize),
}

/// What was tried, and how good it was: higher is better, a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// By axis.
    pub at: Vec<f64>,
    /// How good.
    pub value: f64,
}

/// How the search behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The share of good points, γ: the paper's 0.15.
    pub good: f64,
    /// How many candidates compete.
    pub candidates: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { good: 0.15, candidates: 24 }
    }
}

/// Which of `count` a coordinate chooses.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small count, clamped to it"
)]
pub fn choice(coordinate: f64, count: usize) -> usize {
    ((coordinate * count as f64) as usize).min(count.saturating_sub(1))
}

/// The next point to try. Two calls differ by what they draw from `prng`, so several points may be asked for before
/// any of them is known.
#[must_use]
pub fn suggest(axes: &[Axis], tried: &[Tried], settings: &Settings, prng: &mut Prng) -> Vec<f64> {
    let mut order: Vec<&Tried> = tried.iter().collect();
    // Stable: of equals the earlier is better.
    order.sort_by(|a, b| b.value.total_cmp(&a.value));
    let (good, rest) = order.split_at(good_count(tried.len(), settings.good));
    let on = |points: &[&Tried], axis: usize| points.iter().map(|tried| tried.at[axis]).collect::<Vec<f64>>();
    let suggest_on = |(at, axis): (usize, &Axis)| match axis {
        Axis::Number => {
            let (good, rest) = (Parzen::new(on(good, at)), Parzen::new(on(rest, at)));
            best(settings, prng, |prng| good.draw(prng), |x| good.density(x) / rest.density(x))
        }
        Axis::Choice(count) => {
            let (good, rest) = (Counts::new(&on(good, at), *count), Counts::new(&on(rest, at), *count));
            best(settings, prng, |prng| good.draw(prng), |x| good.share(x) / rest.share(x))
        }
    };
    axes.iter().enumerate().map(suggest_on).collect()
}

/// At least one, at most all.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count"
)]
fn good_count(tried: usize, share: f64) -> usize {
    (math::ceil(share * tried as f64) as usize).clamp(1, tried.max(1)).min(tried)
}

fn best(
    settings: &Settings,
    prng: &mut Prng,
    draw: impl Fn(&mut Prng) -> f64,
    score: impl Fn(f64) -> f64,
) -> f64 {
    let mut chosen = draw(prng);
    let mut highest = score(chosen);
    for _ in 1..settings.candidates.max(1) {
        let candidate = draw(prng);
        let here = score(candidate);
        if here > highest {
            (chosen, highest) = (candidate, here);
        }
    }
    chosen
}

/// A mixture of normal distributions cut off at 0 and 1: one around each point, as wide as the way to its farther
/// neighbour, and one over the whole axis, so that nothing is ever impossible.
struct Parzen {
    /// Middle, width, and the share of it that lies within.
    parts: Vec<(f64, f64, f64)>,
}

impl Parzen {
    #[expect(clippy::cast_precision_loss, reason = "points are far fewer than 2⁵³")]
    fn new(mut points: Vec<f64>) -> Self {
        points.push(0.5);
        let prior = points.len() - 1;
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| points[*a].total_cmp(&points[*b]).then(a.cmp(b)));
        // Many points may lie close together; they do not become needles.
        let least = 1.0 / (1.0 + points.len() as f64).min(100.0);
        let part = |place: usize| {
            let at = order[place];
            let middle = points[at];
            let below = if place == 0 { 0.0 } else { points[order[place - 1]] };
            let above = if place + 1 == order.len() { 1.0 } else { points[order[place + 1]] };
            let width = (middle - below).max(above - middle).clamp(least, 1.0);
            let width = if at == prior { 1.0 } else { width };
            let within = math::normal_cdf((1.0 - middle) / width) - math::normal_cdf(-middle / width);
            (middle, width, within)
        };
        Self { parts: (0..order.len()).map(part).collect() }
    }

    fn draw(&self, prng: &mut Prng) -> f64 {
        let at = usize::try_from(prng.below(self.parts.len() as u64)).expect("below a usize");
        let (middle, width, _) = self.parts[at];
        // At least a third of every part lies within: this ends soon.
        loop {
            let x = middle + width * prng.normal();
            if (0.0..1.0).contains(&x) {
                return x;
            }
        }
    }

    /// Up to a factor that all have.
    #[expect(clippy::cast_precision_loss, reason = "points are far fewer than 2⁵³")]
    fn density(&self, x: f64) -> f64 {
        let of = |(middle, width, within): &(f64, f64, f64)| {
            let off = (x - middle) / width;
            math::exp(-0.5 * off * off) / (width * within)
        };
        self.parts.iter().map(of).sum::<f64>() / self.parts.len() as f64
    }
}

/// How often each was chosen, one more for each, so that none is impossible.
struct Counts(Vec<f64>);

impl Counts {
    fn new(points: &[f64], count: usize) -> Self {
        let mut counts = vec![1.0; count.max(1)];
        points.iter().for_each(|x| counts[choice(*x, count)] += 1.0);
        let total: f64 = counts.iter().sum();
        counts.iter_mut().for_each(|n| *n /= total);
        Self(counts)
    }

    #[expect(clippy::cast_precision_loss, reason = "choices are few")]
    fn draw(&self, prng: &mut Prng) -> f64 {
        let mut left = prng.unit();
        let found = self.0.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        (found.unwrap_or(self.0.len() - 1) as f64 + 0.5) / self.0.len() as f64
    }

    fn share(&self, x: f64) -> f64 {
        self.0[choice(x, self.0.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Branin's function on the unit square: three equal minima of 0.397887.
    fn branin(at: &[f64]) -> f64 {
        let (x, y) = (at[0] * 15.0 - 5.0, at[1] * 15.0);
        let pi = core::f64::consts::PI;
        let bent = y - 5.1 / (4.0 * pi * pi) * x * x + 5.0 / pi * x - 6.0;
        bent * bent + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * math::cos(x) + 10.0
    }

    fn search(
        axes: &[Axis],
        budget: usize,
        seed: u64,
        start: usize,
        value: impl Fn(&[f64]) -> f64,
    ) -> Vec<Tried> {
        let mut prng = Prng::new(seed);
        let mut tried: Vec<Tried> = Vec::new();
        for trial in 0..budget {
            let at = if trial < start {
                axes.iter().map(|_| prng.unit()).collect()
            } else {
                suggest(axes, &tried, &Settings::default(), &mut prng)
            };
            assert!(at.iter().all(|x| (0.0..1.0).contains(x)));
            tried.push(Tried { value: value(&at), at });
        }
        tried
    }

    fn best(tried: &[Tried]) -> f64 {
        tried.iter().map(|tried| tried.value).fold(f64::NEG_INFINITY, f64::max)
    }

    #[test]
    fn it_finds_lower_than_chance_does_with_the_same_budget() {
        let axes = [Axis::Number, Axis::Number];
        let median = |start| {
            let mut found: Vec<f64> =
                (0..31).map(|seed| -best(&search(&axes, 80, seed, start, |at| -branin(at)))).collect();
            found.sort_by(f64::total_cmp);
            found[15]
        };
        let (learned, chance) = (median(15), median(80));
        assert!(learned - 0.397_887 < (chance - 0.397_887) / 2.0, "{learned} against {chance}");
    }

    #[test]
    fn it_learns_which_choice_is_good() {
        let axes = [Axis::Choice(6), Axis::Number];
        let value =
            |at: &[f64]| if choice(at[0], 6) == 4 { 1.0 } else { 0.0 } - (at[1] - 0.3) * (at[1] - 0.3);
        let tried = search(&axes, 90, 7, 15, value);
        let late = tried[45..].iter().filter(|tried| choice(tried.at[0], 6) == 4).count();
        // Chance would take it in 7 or 8 of 45.
        assert!(late > 20, "{late} of 45");
        assert!(best(&tried) > 0.99);
    }

    #[test]
    fn densities_are_densities_and_nothing_is_impossible() {
        let parzen = Parzen::new(vec![0.0, 0.2, 0.2, 0.999]);
        let steps = 20_000;
        let of = |k: i32| parzen.density((f64::from(k) + 0.5) / f64::from(steps)) / f64::from(steps);
        let sum: f64 = (0..steps).map(of).sum();
        // Without the factor 1/√(2π).
        assert!((sum / math::sqrt(2.0 * core::f64::consts::PI) - 1.0).abs() < 1e-3, "{sum}");
        let counts = Counts::new(&[0.1, 0.1], 3);
        assert!(
            counts.0.iter().all(|share| *share > 0.0) && (counts.0.iter().sum::<f64>() - 1.0).abs() < 1e-12
        );
        // Nothing tried yet, and values that are all the same.
        let mut prng = Prng::new(1);
        let axes = [Axis::Number, Axis::Choice(1)];
        assert_eq!(suggest(&axes, &[], &Settings::default(), &mut prng).len(), 2);
        let same = vec![Tried { at: vec![0.5, 0.5], value: f64::NAN }; 5];
        assert_eq!(suggest(&axes, &same, &Settings::default(), &mut prng).len(), 2);
    }
}
