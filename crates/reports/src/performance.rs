//! The run by day and month, its worst drawdowns, its figures with intervals, and what many days say of risk.
//!
//! What too few days cannot say is not said: the field is `None`, and the page tells how many there were.

use crate::attribution::HOUR;
use crate::breakdown::{Gathered, Row};
use crate::number::Utc;
use crate::ratios::Fall;
use crate::recorder::Purse;
use crate::report::{Cash, Pnl};
use crate::slices::{Slices, earned_at};
use crate::watch::Watch;
use crate::words::DAYS_LEAST;
use quant::bootstrap::{Settings, interval_of};
use quant::moments::{Moments, mean, quantile};
use quant::performance::{max_drawdown, sharpe};
use quant::sharpe::{min_track_record_length, probabilistic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{Money, Nanos, TradingDay};

/// A trading day (a day of UTC where the market has none) or a month of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// `2026-01-05` or `2026-01`.
    pub name: String,
    /// The P&L and its parts.
    pub pnl: Pnl,
    /// Fills that gave liquidity.
    pub fills_maker: u64,
    /// Fills that took it.
    pub fills_taker: u64,
    /// The worth of what changed hands.
    pub turnover: Cash,
    /// Net P&L over capital.
    pub return_on_capital: Option<f64>,
}

/// Equity below its highest so far, from there to where it was as high again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawdownRow {
    /// When it was highest.
    pub from_at: i64,
    /// When it was lowest.
    pub bottom_at: i64,
    /// When it was as high again; `None` if it never was.
    pub recovered_at: Option<i64>,
    /// How far it fell, below zero.
    pub depth: Cash,
    /// Of the peak.
    pub share: Option<f64>,
}

/// A figure and where 95 % of resamples lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalRow {
    /// What.
    pub name: String,
    /// What it is in; empty for a bare number.
    pub unit: String,
    /// On the run itself.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Figures with intervals, from gains by slice of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// `days` or `slices`.
    pub by: String,
    /// How long each is.
    pub width_ns: i64,
    /// How many.
    pub count: u64,
    /// None when there are too few slices to draw from.
    pub rows: Vec<IntervalRow>,
}

/// What daily returns on capital say of risk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// How many days there were.
    pub days: u64,
    /// How many it takes.
    pub days_least: u64,
    /// Of the days, those that gained.
    pub days_ahead: Option<f64>,
    /// The best.
    pub best_day: Option<f64>,
    /// The worst.
    pub worst_day: Option<f64>,
    /// The deviation of daily returns, times √252.
    pub volatility_annual: Option<f64>,
    /// Third standardised moment.
    pub skewness: Option<f64>,
    /// Fourth; 3 for the normal distribution.
    pub kurtosis: Option<f64>,
    /// The loss that one day in twenty exceeds, as a return: zero or below unless nineteen in twenty gained.
    pub value_at_risk_95: Option<f64>,
    /// The mean of the days at or below it.
    pub expected_shortfall_95: Option<f64>,
    /// The probability that the true Sharpe ratio is above zero.
    pub probabilistic_sharpe: Option<f64>,
    /// How many days it takes to say so with 95 % confidence; `None` when the ratio is not above zero.
    pub min_track_record_days: Option<f64>,
}

/// Everything here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Trading days with market data.
    pub days: Vec<Period>,
    /// Months, when there is more than one.
    pub months: Vec<Period>,
    /// The five deepest, the deepest first.
    pub drawdowns: Vec<DrawdownRow>,
    /// Net P&L, Sharpe ratio, drawdown.
    pub intervals: Intervals,
    /// Of daily returns.
    pub risk: Risk,
}

impl Performance {
    pub(crate) fn of(
        currency: &str,
        purse: &Purse,
        watches: &[Watch],
        earned: &[(i64, f64)],
        span: (i64, i64),
    ) -> Self {
        let books = watches.iter().flat_map(|watch| &watch.aftermath.attribution.strategies);
        let mut days: BTreeMap<TradingDay, Gathered> =
            purse.gains.iter().map(|day| (day.0, Gathered::default())).collect();
        for slot in books.flat_map(|book| &book.hours) {
            let at = Nanos(slot.hour.saturating_mul(HOUR));
            days.entry(purse.days.of(at)).or_default().add(slot.account_net, &slot.account);
        }
        let mut months: BTreeMap<String, Gathered> = BTreeMap::new();
        for (day, sum) in &days {
            months.entry(date(*day)[..7].to_owned()).or_default().absorb(sum);
        }
        let period = |name: String, sum: &Gathered| {
            let row = sum.row(name);
            let capital = purse.capital;
            let share = (capital > Money::ZERO).then(|| row.pnl.net.0.to_f64() / capital.to_f64());
            let Row { name, pnl, fills_maker, fills_taker, turnover } = row;
            Period { name, pnl, fills_maker, fills_taker, turnover, return_on_capital: share }
        };
        let months: Vec<Period> = months.iter().map(|(name, sum)| period(name.clone(), sum)).collect();
        Self {
            days: days.iter().map(|(day, sum)| period(date(*day), sum)).collect(),
            months: if months.len() > 1 { months } else { Vec::new() },
            drawdowns: purse.falls.worst().iter().map(drawdown).collect(),
            intervals: intervals(currency, earned, span),
            risk: risk(purse),
        }
    }
}

fn date(day: TradingDay) -> String {
    Utc::of(Nanos(i64::from(day.days()).saturating_mul(24 * HOUR))).date()
}

fn drawdown(fall: &Fall) -> DrawdownRow {
    DrawdownRow {
        from_at: fall.from.0,
        bottom_at: fall.bottom_at.0,
        recovered_at: fall.recovered.map(|at| at.0),
        depth: Cash(fall.depth),
        share: fall.share,
    }
}

fn intervals(currency: &str, earned: &[(i64, f64)], (from, to): (i64, i64)) -> Intervals {
    if to <= from {
        return Intervals { by: "slices".into(), width_ns: 0, count: 0, rows: Vec::new() };
    }
    let slices = Slices::of(from, to);
    let gains = slices.gains(|at| earned_at(earned, at));
    let (scale, name) = slices.sharpe();
    let settings = Settings::default();
    let row = |name: &str, unit: &str, statistic: &dyn Fn(&[f64]) -> Option<f64>| {
        // Of gains that are all the same there is nothing to draw.
        let found = interval_of(&gains, &settings, statistic).filter(|_| Moments::of(&gains).is_some())?;
        let (value, low, high) = (found.estimate, found.low, found.high);
        Some(IntervalRow { name: name.into(), unit: unit.into(), value, low, high })
    };
    let rows = [
        row("Net P&L", currency, &|gains| Some(gains.iter().sum())),
        row(name, "", &|gains| Some(sharpe(gains, 1.0)? * scale)),
        row("Max drawdown, by slice", currency, &|gains| Some(max_drawdown(gains))),
    ];
    Intervals {
        by: slices.by.into(),
        width_ns: slices.width,
        count: gains.len() as u64,
        rows: rows.into_iter().flatten().collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "days are far fewer than 2⁵³")]
fn risk(purse: &Purse) -> Risk {
    let days = purse.gains.len() as u64;
    let short = Risk { days, days_least: DAYS_LEAST, ..Risk::default() };
    if days < DAYS_LEAST || purse.capital <= Money::ZERO {
        return short;
    }
    let capital = purse.capital.to_f64();
    let returns: Vec<f64> = purse.gains.iter().map(|day| day.1.to_f64() / capital).collect();
    let Some(moments) = Moments::of(&returns) else { return short };
    let mut sorted = returns.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let value_at_risk = quantile(&sorted, 0.05);
    let beyond: Vec<f64> = sorted.iter().copied().filter(|r| *r <= value_at_risk).collect();
    Risk {
        days_ahead: Some(returns.iter().filter(|r| **r > 0.0).count() as f64 / days as f64),
        best_day: sorted.last().copied(),
        worst_day: sorted.first().copied(),
        volatility_annual: Some(moments.deviation * 252.0_f64.sqrt()),
        skewness: Some(moments.skewness),
        kurtosis: Some(moments.kurtosis),
        value_at_risk_95: Some(value_at_risk),
        expected_shortfall_95: Some(mean(&beyond)),
        probabilistic_sharpe: probabilistic(&moments, 0.0),
        min_track_record_days: min_track_record_length(&moments, 0.0, 0.95),
        ..short
    }
}
