//! Whether a model of the tail was right, by the days that went beyond it.
//!
//! Too few such days speak against a model as well as too many do, and days that come together more than either. None of
//! these tests has much power on a year: at 99 % a model that is twice too low passes [`coverage`] about half the time.

use stdx::{Prng, math};

/// A likelihood ratio and how often chance alone would give as much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Twice the difference of log likelihoods.
    pub statistic: f64,
    /// Small speaks against the model.
    pub p_value: f64,
}

impl Verdict {
    fn of(statistic: f64, freedom: u8) -> Self {
        let statistic = statistic.max(0.0);
        // χ² with one degree of freedom is a squared normal; with two it is exponential.
        let p_value = match freedom {
            1 => 2.0 * math::normal_cdf(-math::sqrt(statistic)),
            _ => math::exp(-statistic / 2.0),
        };
        Self { statistic, p_value }
    }
}

/// Whether the number of days beyond is what the level says: the proportion of failures (Kupiec, Techniques for verifying the
/// accuracy of risk measurement models, Journal of Derivatives 3(2), 1995). `None` without days, or more beyond than days.
#[must_use]
pub fn coverage(days: usize, beyond: usize, level: f64) -> Option<Verdict> {
    if days == 0 || beyond > days || !(level > 0.0 && level < 1.0) {
        return None;
    }
    let within = days - beyond;
    let seen = likelihood(within, beyond);
    let due = times_ln(within, level) + times_ln(beyond, 1.0 - level);
    Some(Verdict::of(2.0 * (seen - due), 1))
}

/// Days by whether they went beyond, and whether the day before had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Neither.
    pub calm: usize,
    /// Beyond after a day within.
    pub begins: usize,
    /// Within after a day beyond.
    pub ends: usize,
    /// Both.
    pub goes_on: usize,
}

impl Pairs {
    /// Of days in order: `true` for beyond.
    #[must_use]
    pub fn of(days: &[bool]) -> Self {
        let mut pairs = Self::default();
        for pair in days.windows(2) {
            match (pair[0], pair[1]) {
                (false, false) => pairs.calm += 1,
                (false, true) => pairs.begins += 1,
                (true, false) => pairs.ends += 1,
                (true, true) => pairs.goes_on += 1,
            }
        }
        pairs
    }
}

/// Whether a day beyond makes the next one likelier: the test of independence (Christoffersen, Evaluating interval
/// forecasts, International Economic Review 39(4), 1998, eq. 8). `None` with fewer than two days.
#[must_use]
pub fn independence(days: &[bool]) -> Option<Verdict> {
    if days.len() < 2 {
        return None;
    }
    let Pairs { calm, begins, ends, goes_on } = Pairs::of(days);
    let apart = likelihood(calm, begins) + likelihood(ends, goes_on);
    let together = likelihood(calm + ends, begins + goes_on);
    Some(Verdict::of(2.0 * (apart - together), 1))
}

/// Both at once: [`coverage`] plus [`independence`], two degrees of freedom (the same paper, section 3.3).
#[must_use]
pub fn conditional_coverage(days: &[bool], level: f64) -> Option<Verdict> {
    let beyond = days.iter().filter(|day| **day).count();
    let sum = coverage(days.len(), beyond, level)?.statistic + independence(days)?.statistic;
    Some(Verdict::of(sum, 2))
}

/// The best log likelihood of so many days within and beyond.
fn likelihood(within: usize, beyond: usize) -> f64 {
    let days = count(within + beyond);
    times_ln(within, count(within) / days) + times_ln(beyond, count(beyond) / days)
}

/// `n · ln p`, and nothing for no days, whatever the chance.
fn times_ln(n: usize, p: f64) -> f64 {
    if n == 0 { 0.0 } else { count(n) * math::ln(p) }
}

#[expect(clippy::cast_precision_loss, reason = "days are far fewer than 2⁵³")]
const fn count(n: usize) -> f64 {
    n as f64
}

/// The chances of 0, 1, … `count` successes.
#[must_use]
pub fn binomial(count: usize, chance: f64) -> Vec<f64> {
    let n = self::count(count);
    let ln_of = |k: f64| {
        math::ln_gamma(n + 1.0) - math::ln_gamma(k + 1.0) - math::ln_gamma(n - k + 1.0)
            + k * math::ln(chance)
            + (n - k) * math::ln_1p(-chance)
    };
    if chance <= 0.0 || chance >= 1.0 {
        let sure = if chance <= 0.0 { 0 } else { count };
        return (0..=count).map(|k| f64::from(u8::from(k == sure))).collect();
    }
    (0..=count).map(|k| math::exp(ln_of(self::count(k)))).collect()
}

/// A regulator's colour for a year of days beyond 99 % (Basel Committee, Supervisory framework for the use of "backtesting",
/// 1996): by the chance that a right model has so many or fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Below 95 %.
    Green,
    /// From there on.
    Yellow,
    /// From 99.99 % on.
    Red,
}

/// The light, and the chance that a right model shows so many days beyond, or fewer.
#[must_use]
pub fn traffic_light(days: usize, beyond: usize, level: f64) -> (Light, f64) {
    let chance: f64 = binomial(days, 1.0 - level).iter().take(beyond + 1).sum();
    let light = match chance {
        p if p < 0.95 => Light::Green,
        p if p < 0.9999 => Light::Yellow,
        _ => Light::Red,
    };
    (light, chance)
}

/// Whether shortfalls were as deep as forecast, days beyond and their depth in one number: the second test of Acerbi &
/// Székely (Backtesting expected shortfall, Risk, December 2014, eq. 6), `Z = 1 - Σ loss·[beyond] / (T·(1 - level)·shortfall)`:
/// zero is expected of a right model, minus one of a tail twice as heavy. `None` without days, or for a shortfall of zero.
#[must_use]
pub fn shortfall_statistic(days: &[Day], level: f64) -> Option<f64> {
    if days.is_empty() || days.iter().any(|day| day.shortfall.is_nan() || day.shortfall <= 0.0) {
        return None;
    }
    let beyond = days.iter().filter(|day| day.loss > day.var);
    let sum: f64 = beyond.map(|day| day.loss / day.shortfall).sum();
    Some(1.0 - sum / (count(days.len()) * (1.0 - level)))
}

/// A day's forecast and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// What was lost.
    pub loss: f64,
    /// The value at risk that had been forecast.
    pub var: f64,
    /// The expected shortfall that had been forecast.
    pub shortfall: f64,
}

/// Below which value of [`shortfall_statistic`] a share `significance` of right models lies, for `days` standard losses as
/// `draw` gives them with this tail, by simulation.
#[must_use]
pub fn shortfall_critical(
    tail: super::Tail,
    level: f64,
    days: usize,
    significance: f64,
    rounds: usize,
    prng: &mut Prng,
    mut draw: impl FnMut(&mut Prng) -> f64,
) -> f64 {
    let mut found: Vec<f64> = (0..rounds.max(1))
        .map(|_| {
            let beyond = (0..days).map(|_| draw(prng)).filter(|loss| *loss > tail.var);
            1.0 - beyond.sum::<f64>() / (tail.shortfall * count(days) * (1.0 - level))
        })
        .collect();
    found.sort_unstable_by(f64::total_cmp);
    crate::moments::quantile(&found, significance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tail::parametric;

    fn near(what: &str, seen: f64, due: f64, tolerance: f64) {
        assert!((seen - due).abs() <= tolerance, "{what}: {seen} is not {due}");
    }

    #[test]
    fn coverage_meets_the_oracle() {
        // Oracle OR-37.
        let table = [
            (0, 5.025_168),
            (4, 0.769_138),
            (5, 1.956_810),
            (6, 3.555_355),
            (7, 5.496_991),
            (10, 12.955_491),
        ];
        for (beyond, due) in table {
            near("LR", coverage(250, beyond, 0.99).expect("days").statistic, due, 1e-6);
        }
        for (beyond, due) in [(0, 0.024_98), (4, 0.380_48), (6, 0.059_36)] {
            near("p", coverage(250, beyond, 0.99).expect("days").p_value, due, 1e-5);
        }
        assert_eq!(coverage(10, 11, 0.99), None);
        assert_eq!(coverage(0, 0, 0.99), None);
        assert_eq!(coverage(10, 1, 1.0), None);
    }

    #[test]
    fn the_days_that_are_accepted_are_kupiec_s() {
        // Oracle OR-37: where the test does not reject at 5 %.
        let table = [
            (255, 0.99, 1..=6),
            (510, 0.99, 2..=10),
            (1_000, 0.99, 5..=16),
            (255, 0.95, 7..=20),
            (510, 0.95, 17..=35),
            (1_000, 0.95, 38..=64),
            (255, 0.975, 3..=11),
            (1_000, 0.975, 16..=35),
        ];
        for (days, level, due) in table {
            let passes = |beyond: &usize| coverage(days, *beyond, level).expect("days").p_value > 0.05;
            let passed: Vec<usize> = (0..=days).filter(passes).collect();
            assert_eq!(passed, due.collect::<Vec<usize>>(), "{days} {level}");
        }
    }

    #[test]
    fn independence_meets_the_oracle() {
        // Oracle OR-39.
        let year = |beyond: [usize; 5]| -> Vec<bool> { (1..=250).map(|day| beyond.contains(&day)).collect() };
        let together = year([40, 41, 42, 120, 200]);
        assert_eq!(Pairs::of(&together), Pairs { calm: 241, begins: 3, ends: 3, goes_on: 2 });
        let verdict = independence(&together).expect("days");
        near("together", verdict.statistic, 9.894_654, 1e-6);
        near("together", verdict.p_value, 0.001_658, 1e-6);
        let spread = independence(&year([10, 60, 110, 160, 210])).expect("days");
        near("spread", spread.statistic, 0.204_932, 1e-6);
        near("spread", spread.p_value, 0.650_77, 1e-5);
        let both = conditional_coverage(&together, 0.99).expect("days");
        near("both", both.statistic, 9.894_654 + 1.956_810, 2e-6);
        near("both", both.p_value, (-both.statistic / 2.0).exp(), 1e-12);
        assert_eq!(independence(&[true]), None);
    }

    #[test]
    fn lights_change_where_basel_says() {
        // Oracle OR-38, in per cent.
        let cumulative = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99];
        for (beyond, due) in cumulative.into_iter().enumerate() {
            let (light, chance) = traffic_light(250, beyond, 0.99);
            near("chance", 100.0 * chance, due, 0.01);
            let colour = [Light::Green, Light::Yellow, Light::Red]
                [usize::from(beyond >= 5) + usize::from(beyond >= 10)];
            assert_eq!(light, colour, "{beyond}");
        }
        near("sum", binomial(1_000, 0.3).iter().sum(), 1.0, 1e-11);
        assert_eq!(binomial(2, 0.0), [1.0, 0.0, 0.0]);
        assert_eq!(binomial(2, 1.0), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn shortfall_s_critical_values_meet_the_paper() {
        // Oracle OR-40: 2.5 %, a year of 250 days, 5 % significance.
        let level = 0.975;
        let mut prng = Prng::new(2_014);
        let normal = parametric::normal(level);
        let seen = shortfall_critical(normal, level, 250, 0.05, 40_000, &mut prng, Prng::normal);
        near("normal", seen, -0.70, 0.02);
        let heavy = parametric::student(level, 3.0);
        // A t with three degrees: a normal over the root of a third of a χ² of three.
        let student = |prng: &mut Prng| {
            let squares: f64 = (0..3).map(|_| prng.normal()).map(|z| z * z).sum();
            prng.normal() / math::sqrt(squares / 3.0)
        };
        let seen = shortfall_critical(heavy, level, 250, 0.05, 40_000, &mut prng, student);
        near("t3", seen, -0.81, 0.02);
    }

    #[test]
    fn shortfall_s_statistic_counts_days_and_depth() {
        let day = |loss: f64| Day { loss, var: 2.0, shortfall: 2.5 };
        let mut days = vec![day(0.0); 98];
        days.extend([day(2.5); 2]);
        near("as forecast", shortfall_statistic(&days, 0.98).expect("days"), 0.0, 1e-12);
        days[99] = day(5.0);
        near("deeper", shortfall_statistic(&days, 0.98).expect("days"), -0.5, 1e-12);
        assert_eq!(shortfall_statistic(&[], 0.98), None);
        assert_eq!(shortfall_statistic(&[Day { shortfall: 0.0, ..day(1.0) }], 0.98), None);
    }
}
