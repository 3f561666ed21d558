//! The study in words and short tables: for the terminal and for the page.

use super::{Bounded, Study};
use crate::number::{self, percent, ratio};
use crate::summary::{Section, UNKNOWN, known};
use types::Nanos;

const DAY_NS: i64 = 86_400_000_000_000;

impl Study {
    /// What ratios by slice are scaled to, and its name: hours within a day, else years of 252 days.
    #[expect(clippy::cast_precision_loss, reason = "a ratio of spans")]
    pub(super) fn scale(&self) -> (f64, &'static str) {
        let width = self.about.slices.width_ns.max(1);
        if width < DAY_NS {
            ((3_600e9 / width as f64).sqrt(), "hourly")
        } else {
            ((252.0 * DAY_NS as f64 / width as f64).sqrt(), "annual")
        }
    }

    /// A value of what was sought.
    #[must_use]
    pub fn goal_value(&self, value: Option<f64>) -> String {
        known(value, |value| if self.about.goal.is_money { amount(value) } else { ratio(value) })
    }

    /// As many slices as a span of time.
    pub(super) fn as_time(&self, slices: f64) -> String {
        let span = slices * self.about.slices.width_ns as f64;
        if span < 9e18 { number::span(Nanos(span as i64)) } else { "for ever".into() }
    }

    /// The summary, section by section.
    #[must_use]
    pub fn summary(&self) -> Vec<Section> {
        vec![
            ("The best", self.best_rows()),
            ("Luck or skill", self.luck_rows()),
            ("Chosen here, tested there", self.validation_rows()),
        ]
    }

    pub(super) fn best_rows(&self) -> Vec<(String, String)> {
        let Some(best) = self.best() else { return Vec::new() };
        let (scale, name) = self.scale();
        let mut rows: Vec<(String, String)> = self
            .about
            .keys
            .iter()
            .zip(&best.run.point)
            .map(|(key, value)| (key.clone(), value.text.clone()))
            .collect();
        let bounded = |bounded: Option<Bounded>, show: &dyn Fn(f64) -> String| {
            known(bounded, |b| format!("{} (95 %: {} to {})", show(b.value), show(b.low), show(b.high)))
        };
        rows.extend([
            row("Net P&L", bounded(self.best_net, &amount)),
            row(
                &format!("Sharpe, {name}"),
                match self.best_sharpe {
                    // Too few resamples vary: too few fills.
                    None => known(best.sharpe, |value| format!("{} (95 %: {UNKNOWN})", ratio(value * scale))),
                    known => bounded(known, &|value| ratio(value * scale)),
                },
            ),
            row("Max drawdown", amount(best.run.max_drawdown)),
            row("Fees", amount(best.run.fees)),
            row("Fills", number::count(best.run.fills)),
        ]);
        if let Some(near) = &self.neighbourhood {
            let middle = self.goal_value(Some(near.median));
            let plateau = known(near.plateau, |p| format!("; plateau {}", percent(p.clamp(0.0, 1.0))));
            rows.push(row(
                "Its neighbours",
                format!("{middle} in the middle of {}{plateau}", near.neighbours.len()),
            ));
        }
        rows
    }

    pub(super) fn luck_rows(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        if let Some(found) = &self.deflated {
            let (scale, name) = self.scale();
            let at_scale = |value: f64| ratio(value * scale);
            let slices = |slices: Option<f64>| {
                known(slices, |n| format!("{} ({} slices)", self.as_time(n), ratio(n.ceil())))
            };
            rows.extend([
                row(
                    "Trials",
                    format!("{} worth {} independent ones", found.trials, ratio(found.independent)),
                ),
                row(
                    &format!("Sharpe, {name}"),
                    known(found.standard_error, |e| number::estimate(found.sharpe * scale, Some(e * scale))),
                ),
                row("Best without skill", at_scale(found.expected_highest)),
                row("Probabilistic Sharpe", known(found.probabilistic, percent)),
                row("Deflated Sharpe", known(found.deflated, percent)),
                row("Deflated, independent", known(found.deflated_independent, percent)),
                row("Least track record", slices(found.min_track_record)),
                row("Least backtest", slices(found.min_backtest)),
            ]);
        }
        match &self.overfitting {
            Ok(found) => rows.extend([
                row("Probability of overfitting", percent(found.probability)),
                row("Chosen one lost outside", percent(found.loss)),
                row("Slope, outside on inside", ratio(found.slope)),
                row(
                    "Ways to halve the time",
                    format!(
                        "{} of {} blocks, chosen by {}",
                        number::count(found.ways as u64),
                        found.blocks,
                        found.measure
                    ),
                ),
            ]),
            Err(why) => rows.push(row("Probability of overfitting", format!("{UNKNOWN}: {why}"))),
        }
        rows
    }

    pub(super) fn validation_rows(&self) -> Vec<(String, String)> {
        match &self.validation {
            Err(why) => vec![row("Not tested", why.clone())],
            Ok(found) => {
                let mut rows = vec![
                    row("How", found.scheme.clone()),
                    row("Gain a slice, inside", amount(found.gain_inside)),
                    row("Gain a slice, outside", amount(found.gain_outside)),
                    row("Kept outside", known(found.efficiency, percent)),
                ];
                if found.paths.is_empty() {
                    rows.push(row(
                        &format!("{}, outside", self.about.goal.label),
                        self.goal_value(found.outside),
                    ));
                } else {
                    let mut paths: Vec<f64> = found.paths.iter().flatten().copied().collect();
                    paths.sort_by(f64::total_cmp);
                    let at = |p: f64| {
                        self.goal_value((!paths.is_empty()).then(|| quant::moments::quantile(&paths, p)))
                    };
                    rows.push(row(
                        &format!("{} on {} paths", self.about.goal.label, found.paths.len()),
                        format!("{} in the middle, {} to {}", at(0.5), at(0.0), at(1.0)),
                    ));
                }
                rows
            }
        }
    }
}

fn row(label: &str, value: String) -> (String, String) {
    (label.to_owned(), value)
}

/// An amount of money that was counted in floats.
pub(crate) fn amount(value: f64) -> String {
    // Three digits that count below one, cents above.
    let mut decimals = 2;
    let mut size = value.abs();
    while size < 1.0 && size > 0.0 && decimals < 12 {
        size *= 10.0;
        decimals += 1;
    }
    let text = number::grouped(&format!("{value:.decimals$}"));
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_that_count() {
        let cases = [
            (0.0, "0.00"),
            (-0.0094, "-0.00940"),
            (0.5, "0.500"),
            (1_234.5, "1,234.50"),
            (-1e-15, "0.000000000000"),
        ];
        for (value, text) in cases {
            assert_eq!(amount(value), text);
        }
    }
}
