//! Two runs side by side: what was configured differently, what came of it, and whether that is more than noise.
//!
//! Reads what `report.json` says and nothing else, so runs of other days and other machines can be compared. The
//! test is paired: gains in the same slices of time are subtracted, so what the market did to both cancels.

mod page;
mod read;

pub use page::interval_rows;
pub use read::{ReadError, RunRead};

use crate::study::Bounded;
use quant::bootstrap::{Blocks, Settings, interval, paired};
use quant::performance::{max_drawdown, sharpe};
use serde::Serialize;

/// The layout of `compare.json`; raised when a reader must change.
pub const FORMAT: &str = "quoin-compare-1";

const DAY_NS: i64 = 86_400_000_000_000;
/// As many days in common speak for themselves; of fewer, slices are cut.
const DAYS_LEAST: i64 = 20;
/// Slices that are cut then.
const SLICES: i64 = 60;

/// A key whose value differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// With its section.
    pub key: String,
    /// In the first run; `None` when it has no such key.
    pub first: Option<String>,
    /// In the second.
    pub second: Option<String>,
}

/// One figure of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric {
    /// What it is.
    pub name: &'static str,
    /// What it is in; empty for a bare number.
    pub unit: String,
    /// The first run's.
    pub first: Option<f64>,
    /// The second's.
    pub second: Option<f64>,
    /// Second less first.
    pub difference: Option<f64>,
}

/// A statistic of gains by slice, with intervals; drawn at the same slices for both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// What it is.
    pub name: &'static str,
    /// The first run's.
    pub first: Option<Bounded>,
    /// The second's.
    pub second: Option<Bounded>,
    /// Second less first.
    pub difference: Option<Bounded>,
}

/// The test, on gains in the same slices of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Test {
    /// `days` or `slices`.
    pub by: &'static str,
    /// How long each is.
    pub width_ns: i64,
    /// When they start.
    pub starts: Vec<i64>,
    /// The first run's gains.
    pub first: Vec<f64>,
    /// The second's.
    pub second: Vec<f64>,
    /// Second less first, a slice, in the mean.
    pub difference: Bounded,
    /// How often noise alone would differ as much, either way.
    pub p_value: f64,
    /// In how many slices the second gained more.
    pub second_ahead: usize,
    /// In how many the first did.
    pub first_ahead: usize,
    /// The mean length of the bootstrap's blocks, in slices.
    pub block_length: f64,
    /// Net P&L, Sharpe, drawdown.
    pub intervals: Vec<Interval>,
}

/// Two runs side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// See [`FORMAT`].
    pub format: &'static str,
    /// What the runs are called: their folders.
    pub names: [String; 2],
    /// What they are.
    pub runs: [RunRead; 2],
    /// What was configured differently.
    pub configuration: Vec<Difference>,
    /// Figures side by side.
    pub metrics: Vec<Metric>,
    /// The paired test, or why there is none.
    pub test: Result<Test, String>,
    /// What must be known before believing it.
    pub warnings: Vec<String>,
}

impl Comparison {
    /// Compares two runs. `configuration` is what differs between their configurations.
    #[must_use]
    pub fn new(names: [String; 2], runs: [RunRead; 2], configuration: Vec<Difference>, seed: u64) -> Self {
        let metrics = metrics(&runs);
        let test = test(&runs, seed);
        let warnings = warnings(&runs, &test, &configuration);
        Self { format: FORMAT, names, runs, configuration, metrics, test, warnings }
    }

    /// `compare.json`: the same bytes for the same runs.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        text.push('\n');
        text
    }

    /// What the test says, in a sentence.
    #[must_use]
    pub fn verdict(&self) -> String {
        let test = match &self.test {
            Ok(test) => test,
            Err(why) => return format!("Not tested: {why}."),
        };
        let [first, second] = &self.names;
        let (ahead, behind) = if test.difference.value > 0.0 { (second, first) } else { (first, second) };
        let p = page::probability(test.p_value);
        if test.difference.value.abs() <= 0.0 {
            return "Both earned the same in every slice.".into();
        }
        if test.p_value < 0.05 {
            format!("{ahead} earned more than {behind}, and noise seldom differs as much (p = {p}).")
        } else {
            format!("{ahead} earned more than {behind}, but noise alone often differs as much (p = {p}).")
        }
    }
}

fn metrics(runs: &[RunRead; 2]) -> Vec<Metric> {
    type Figure = (&'static str, bool, fn(&RunRead) -> Option<f64>);
    const FIGURES: [Figure; 20] = [
        ("Net P&L", true, |run| Some(run.headline.net)),
        ("Return on capital", false, |run| run.headline.return_on_capital),
        ("Max drawdown", true, |run| Some(run.headline.max_drawdown)),
        ("Sharpe, hourly", false, |run| run.headline.sharpe.hourly.as_ref().map(|ratio| ratio.value)),
        ("Sharpe, annual", false, |run| run.headline.sharpe.annual.as_ref().map(|ratio| ratio.value)),
        ("Spread captured", true, |run| Some(run.pnl.spread_captured)),
        ("Adverse selection", true, |run| Some(run.pnl.adverse_selection)),
        ("Funding", true, |run| Some(run.pnl.funding)),
        ("Borrow", true, |run| Some(run.pnl.borrow)),
        ("Currency", true, |run| Some(run.pnl.currency)),
        ("Inventory", true, |run| Some(run.pnl.inventory)),
        ("Fees", true, |run| Some(run.headline.fees)),
        ("Turnover", true, |run| Some(run.headline.turnover)),
        ("Fills", false, |run| Some(run.headline.fills)),
        ("Maker share", false, |run| run.headline.maker_share),
        ("Orders placed", false, |run| Some(run.activity.orders_placed)),
        ("Orders filled, share", false, |run| run.activity.fill_rate),
        ("Messages per fill", false, |run| run.activity.messages_per_fill),
        ("Time with a position", false, |run| run.headline.time_with_position),
        ("Time quoting both sides", false, |run| run.headline.time_quoting_both),
    ];
    let figure = |(name, is_money, of): Figure| {
        let [first, second] = [of(&runs[0]), of(&runs[1])];
        let unit = if is_money { runs[0].currency.clone() } else { String::new() };
        Metric { name, unit, first, second, difference: first.zip(second).map(|(a, b)| b - a) }
    };
    // What many runs do not have is left out where neither has it.
    let nothing = |metric: &Metric| {
        ["Funding", "Borrow", "Currency"].contains(&metric.name)
            && [metric.first, metric.second] == [Some(0.0), Some(0.0)]
    };
    FIGURES.into_iter().map(figure).filter(|metric| !nothing(metric)).collect()
}

/// The slices both have, and what each gained in them.
fn test(runs: &[RunRead; 2], seed: u64) -> Result<Test, String> {
    let [a, b] = runs;
    if a.currency != b.currency {
        return Err(format!("one is in {} and the other in {}", a.currency, b.currency));
    }
    let from = a.session.first_at.max(b.session.first_at);
    let to = a.session.last_at.min(b.session.last_at);
    if to <= from {
        return Err("the runs have no time in common".into());
    }
    let days = to.div_euclid(DAY_NS) - from.div_euclid(DAY_NS) + 1;
    let (by, width, start) = if days >= DAYS_LEAST {
        ("days", DAY_NS, from.div_euclid(DAY_NS) * DAY_NS)
    } else {
        let width = crate::axis::time_step(types::Nanos(to - from), SLICES);
        ("slices", width, from.div_euclid(width) * width)
    };
    let count = (to - start - 1) / width + 1;
    let ends: Vec<i64> = (0..=count).map(|k| (start + k * width).clamp(from, to)).collect();
    let gains = |run: &RunRead| -> Vec<f64> {
        let at: Vec<f64> = ends.iter().map(|end| run.earned_at(*end)).collect();
        at.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    let (first, second) = (gains(a), gains(b));
    let differences: Vec<f64> = first.iter().zip(&second).map(|(a, b)| b - a).collect();
    let settings = Settings { seed, ..Settings::default() };
    let found = paired(&differences, &settings).ok_or("there are fewer than two slices in common")?;
    let hour = 3_600e9;
    #[expect(clippy::cast_precision_loss, reason = "a ratio of spans")]
    let scale = if by == "days" { 252.0_f64.sqrt() } else { (hour / width as f64).sqrt() };
    let name = if by == "days" { "Sharpe, annual" } else { "Sharpe, hourly" };
    let blocks = Blocks::Stationary(found.block_length);
    let of = |name, statistic: &dyn Fn(&[f64]) -> Option<f64>| {
        let on = |gains: &[f64], places: &[usize]| {
            let drawn: Vec<f64> = places.iter().map(|place| gains[*place]).collect();
            statistic(&drawn)
        };
        let bounded = |of: &dyn Fn(&[usize]) -> Option<f64>| {
            interval(first.len(), blocks, &settings, of).map(Bounded::from)
        };
        Interval {
            name,
            first: bounded(&|places| on(&first, places)),
            second: bounded(&|places| on(&second, places)),
            difference: bounded(&|places| Some(on(&second, places)? - on(&first, places)?)),
        }
    };
    let intervals = vec![
        of("Net P&L", &|gains| Some(gains.iter().sum())),
        of(name, &|gains| Some(sharpe(gains, 1.0)? * scale)),
        of("Max drawdown, by slice", &|gains| Some(max_drawdown(gains))),
    ];
    Ok(Test {
        by,
        width_ns: width,
        starts: ends[..first.len()].to_vec(),
        difference: found.difference.into(),
        p_value: found.p_value,
        second_ahead: differences.iter().filter(|d| **d > 0.0).count(),
        first_ahead: differences.iter().filter(|d| **d < 0.0).count(),
        block_length: found.block_length,
        intervals,
        first,
        second,
    })
}

fn warnings(runs: &[RunRead; 2], test: &Result<Test, String>, configuration: &[Difference]) -> Vec<String> {
    let mut warnings = Vec::new();
    let data = |run: &RunRead| run.data.iter().map(|file| file.hash.clone()).collect::<Vec<_>>();
    if data(&runs[0]) != data(&runs[1]) {
        warnings.push("The runs read different data: only the time they have in common is tested.".into());
    }
    if configuration.is_empty() {
        warnings
            .push("The configurations do not differ: what does, comes from the data or the program.".into());
    }
    if configuration.len() > 1 {
        warnings.push(format!(
            "{} keys differ: the test says that the runs differ, not which key makes the difference.",
            configuration.len()
        ));
    }
    match test {
        Err(why) => warnings.push(format!("Not tested: {why}.")),
        Ok(test) if test.by == "slices" => warnings.push(format!(
            "Fewer than {DAYS_LEAST} days in common: tested on {} slices of {}. That two runs differ within a session \
             says little of other days.",
            test.first.len(),
            crate::number::span(types::Nanos(test.width_ns))
        )),
        Ok(_) => {}
    }
    warnings
}
