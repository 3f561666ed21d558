//! Stylised facts of a market: what every model of one is held against (Cont 2001; Bouchaud, Farmer & Lillo 2009).
//!
//! Measured on a stream of events, recorded or generated, by the same code and within the same number of levels. Returns
//! are of the mid, on a grid of tenths of a second, in ticks. Never says that two markets are alike: it gives both numbers
//! and how far each may be off.

mod measure;
mod returns;

pub use measure::Measure;
pub use returns::{HORIZONS, SIGNATURE};

use crate::calibrate::each_event;
use crate::prepare::Prepared;
use crate::source::SourceError;
use quant::bootstrap::Interval;
use serde::Serialize;
use types::{InstrumentId, Nanos};

/// A number, and where it lies with 95 % confidence by a block bootstrap over five-minute blocks, when that can be said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// As measured.
    pub value: f64,
    /// From.
    pub low: Option<f64>,
    /// To.
    pub high: Option<f64>,
}

impl Figure {
    pub(crate) fn of(value: f64, interval: Option<Interval>) -> Self {
        Self { value, low: interval.map(|i| i.low), high: interval.map(|i| i.high) }
    }
}

/// A function of some scale, point by point.
pub type Curve = Vec<(f64, f64)>;

/// All of them, of one instrument and one day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// What it was measured on.
    pub name: String,
    /// Of what.
    pub symbol: String,
    /// How many levels of each side counted.
    pub levels: usize,
    /// For how long the book was sound, in seconds.
    pub seconds: f64,
    /// Mean spread in ticks, weighted by time.
    pub spread: Figure,
    /// How much of the time the spread was at most so many ticks.
    pub spread_distribution: Curve,
    /// Mean lots at the best price, both sides, weighted by time.
    pub touch_size: Figure,
    /// Mean lots by level, both sides, weighted by time.
    pub depth: Vec<f64>,
    /// Mean distance of each level from the best price, in ticks.
    pub level_distance: Vec<f64>,
    /// Takes a second.
    pub take_rate: Figure,
    /// Orders placed a second.
    pub place_rate: Figure,
    /// Withdrawals a second.
    pub withdraw_rate: Figure,
    /// Lots taken a second.
    pub volume_rate: Figure,
    /// Orders placed for each take.
    pub orders_per_take: f64,
    /// Withdrawals for each order placed.
    pub withdrawn_share: f64,
    /// Orders placed inside the spread, of all.
    pub improving_share: f64,
    /// Takes of as much as stood at the best price or more, of all.
    pub clearing_share: f64,
    /// Quantiles of the sizes of orders placed: 5, 25, 50, 75, 95, 99 %.
    pub place_sizes: Curve,
    /// Of takes.
    pub take_sizes: Curve,
    /// Quantiles of the seconds between takes.
    pub take_gaps: Curve,
    /// Between deeds of any kind.
    pub deed_gaps: Curve,
    /// Coefficient of variation of the seconds between takes: 1 for a Poisson process.
    pub take_gaps_variation: f64,
    /// Autocorrelation of the takes' signs, by lag in takes.
    pub sign_autocorrelation: Curve,
    /// Standard deviation of the mid's change in a minute, in ticks.
    pub volatility: Figure,
    /// Volatility signature: standard deviation of the mid's change over a horizon, over the root of it, by seconds.
    pub signature: Curve,
    /// Autocorrelation of one-second returns, by lag in seconds.
    pub return_autocorrelation: Curve,
    /// Of ten-second returns without their sign, by lag in seconds.
    pub absolute_autocorrelation: Curve,
    /// Kurtosis of returns, by horizon in seconds: 3 for the normal distribution.
    pub kurtosis: Curve,
    /// Mean change of the mid in ten seconds, in spreads, by the share of the best sizes that is bid: its fifths.
    pub imbalance_response: Curve,
    /// Mean change of the mid after a take in its direction, in ticks, by seconds after it.
    pub take_response: Curve,
    /// Share of the day's deeds, by half hour.
    pub activity: Curve,
}

/// A fact as a number, for tables: its name, its unit, and how to find it.
pub struct Row {
    /// What it is called.
    pub name: &'static str,
    /// In what it is measured.
    pub unit: &'static str,
    /// Where it is.
    pub of: fn(&Facts) -> Option<Figure>,
}

fn bare(value: f64) -> Option<Figure> {
    value.is_finite().then_some(Figure { value, low: None, high: None })
}

fn at(curve: &[(f64, f64)], x: f64) -> Option<Figure> {
    curve.iter().find(|(at, _)| (at - x).abs() < 1e-9).and_then(|(_, value)| bare(*value))
}

/// The facts that are numbers, in the order of a table.
pub const ROWS: &[Row] = &[
    Row { name: "mean spread", unit: "ticks", of: |f| Some(f.spread) },
    Row { name: "size at the best price", unit: "lots", of: |f| Some(f.touch_size) },
    Row { name: "size of five levels", unit: "lots", of: |f| bare(f.depth.iter().take(5).sum()) },
    Row {
        name: "distance of the fifth level",
        unit: "ticks",
        of: |f| f.level_distance.get(4).and_then(|d| bare(*d)),
    },
    Row { name: "takes", unit: "a second", of: |f| Some(f.take_rate) },
    Row { name: "orders placed", unit: "a second", of: |f| Some(f.place_rate) },
    Row { name: "withdrawals", unit: "a second", of: |f| Some(f.withdraw_rate) },
    Row { name: "volume taken", unit: "lots a second", of: |f| Some(f.volume_rate) },
    Row { name: "orders for each take", unit: "", of: |f| bare(f.orders_per_take) },
    Row { name: "withdrawals for each order", unit: "", of: |f| bare(f.withdrawn_share) },
    Row { name: "orders inside the spread", unit: "of all", of: |f| bare(f.improving_share) },
    Row { name: "takes that clear the best price", unit: "of all", of: |f| bare(f.clearing_share) },
    Row { name: "volatility of a minute", unit: "ticks", of: |f| Some(f.volatility) },
    Row { name: "volatility, 1 s", unit: "ticks/√s", of: |f| at(&f.signature, 1.0) },
    Row { name: "volatility, 5 min", unit: "ticks/√s", of: |f| at(&f.signature, 300.0) },
    Row { name: "kurtosis, 1 s", unit: "", of: |f| at(&f.kurtosis, 1.0) },
    Row { name: "kurtosis, 1 min", unit: "", of: |f| at(&f.kurtosis, 60.0) },
    Row { name: "sign autocorrelation, lag 1", unit: "", of: |f| at(&f.sign_autocorrelation, 1.0) },
    Row { name: "sign autocorrelation, lag 10", unit: "", of: |f| at(&f.sign_autocorrelation, 10.0) },
    Row { name: "return autocorrelation, 1 s", unit: "", of: |f| at(&f.return_autocorrelation, 1.0) },
    Row { name: "|return| autocorrelation, 10 s", unit: "", of: |f| at(&f.absolute_autocorrelation, 10.0) },
    Row { name: "|return| autocorrelation, 5 min", unit: "", of: |f| at(&f.absolute_autocorrelation, 300.0) },
    Row { name: "variation of the time between takes", unit: "", of: |f| bare(f.take_gaps_variation) },
    Row { name: "response to a take, 1 s", unit: "ticks", of: |f| at(&f.take_response, 1.0) },
    Row { name: "response to a take, 1 min", unit: "ticks", of: |f| at(&f.take_response, 60.0) },
];

/// How two markets differ in one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within 30 %, or their intervals meet.
    Like,
    /// Neither.
    Unlike,
    /// One of the two is not known.
    Unknown,
}

/// What is said of the second beside the first.
#[must_use]
pub fn verdict(first: Option<Figure>, second: Option<Figure>) -> Verdict {
    const NEAR: f64 = 0.3;
    let (Some(a), Some(b)) = (first, second) else { return Verdict::Unknown };
    let meet = match (a.low, a.high, b.low, b.high) {
        (Some(al), Some(ah), Some(bl), Some(bh)) => al <= bh && bl <= ah,
        _ => false,
    };
    // Correlations near nothing differ by little although their ratio is anything.
    let near =
        (a.value - b.value).abs() <= NEAR * a.value.abs() || (a.value.abs() < 0.05 && b.value.abs() < 0.05);
    if near || meet { Verdict::Like } else { Verdict::Unlike }
}

/// The facts of one instrument of a recording, between two times; `None` when its book was not sound for long enough.
///
/// # Errors
/// When it cannot be read.
pub fn of_recording(
    prepared: &Prepared,
    instrument: InstrumentId,
    levels: usize,
    span: [Nanos; 2],
    tick: impl FnMut(u64),
) -> Result<Option<Facts>, SourceError> {
    let name =
        prepared.recordings().iter().map(|r| crate::known_name(&r.name())).collect::<Vec<_>>().join(", ");
    let mut measure = Measure::new(&name, &prepared.table.instruments[instrument.index()], levels, span);
    each_event(prepared, instrument, tick, |at, event| measure.note(at, event))?;
    Ok(measure.finish())
}
