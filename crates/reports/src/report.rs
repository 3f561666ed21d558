//! The report as data: what `report.json` holds.
//!
//! Amounts are exact decimal strings, moments are nanoseconds since 1970 UTC, shares are fractions of one. No
//! figure comes from a clock of the machine that made it, so the same run gives the same file.

use crate::about::{Counted, DataFile};
use crate::markout::Estimate;
use crate::rolls::RollCosts;
use serde::{Serialize, Serializer};
use types::{Money, Side};

/// The layout of `report.json`; raised when a reader must change.
pub const FORMAT: &str = "quoin-report-1";

/// An amount, written exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cash(pub Money);

impl Serialize for Cash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// Everything the page shows.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// See [`FORMAT`].
    pub format: &'static str,
    /// The page's headline.
    pub title: String,
    /// Who traded.
    pub strategy: String,
    /// What the totals are in.
    pub currency: String,
    /// When.
    pub session: Session,
    /// The figures one asks for first.
    pub headline: Headline,
    /// Where the P&L came from.
    pub pnl: Pnl,
    /// What going from one contract to the next cost, if any did; part of the P&L above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolls: Option<RollCosts>,
    /// Orders, fills, refusals.
    pub activity: Activity,
    /// Of resting quotes, how many were filled by when.
    pub fill_rate: Vec<FillRate>,
    /// How long messages took.
    pub latency: Latency,
    /// Each traded instrument.
    pub instruments: Vec<InstrumentReport>,
    /// Each currency that something traded settles in; empty when that is the report's alone.
    pub currencies: Vec<CurrencyReport>,
    /// The tiers of fees that were in force, by venue and time; empty where fees do not follow turnover.
    pub fee_tiers: Vec<FeeTierReport>,
    /// Net P&L over time.
    pub earned: Vec<(i64, f64)>,
    /// Net P&L below its highest so far, over time.
    pub drawdown: Vec<(i64, f64)>,
    /// What was read.
    pub data: Vec<DataFile>,
    /// What was wrong with it.
    pub faults: Vec<Counted>,
    /// What a reader must know before believing a number.
    pub caveats: Vec<String>,
    /// What the words mean: name, meaning.
    pub definitions: Vec<(&'static str, String)>,
    /// What identifies the run.
    pub hashes: Hashes,
    /// The run's configuration, as TOML.
    pub config: String,
}

/// When a run was, by the engine's clock.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// The first input; 0 without any.
    pub first_at: i64,
    /// The last.
    pub last_at: i64,
    /// The first, to the millisecond.
    pub first: String,
    /// The last.
    pub last: String,
    /// From one to the other.
    pub duration_ns: i64,
    /// How many inputs.
    pub inputs: u64,
    /// How many commands.
    pub commands: u64,
}

/// The figures one asks for first.
#[derive(Clone, Debug, Serialize)]
pub struct Headline {
    /// After fees.
    pub net: Cash,
    /// What it is measured against.
    pub capital: Cash,
    /// Of the capital; `None` without any.
    pub return_on_capital: Option<f64>,
    /// The deepest fall of equity, zero or below.
    pub max_drawdown: Cash,
    /// Of the peak it fell from.
    pub max_drawdown_share: Option<f64>,
    /// Return over risk.
    pub sharpe: Sharpe,
    /// How many fills.
    pub fills: u64,
    /// The worth of what changed hands.
    pub turnover: Cash,
    /// Of the turnover, what gave liquidity.
    pub maker_share: Option<f64>,
    /// Positive when paid.
    pub fees: Cash,
    /// Of the time, with a position in anything.
    pub time_with_position: Option<f64>,
    /// Of the time, with orders working on both sides; the mean over the instruments.
    pub time_quoting_both: Option<f64>,
}

/// Return over risk, where there is enough of either to say.
#[derive(Clone, Debug, Serialize)]
pub struct Sharpe {
    /// Of daily returns on capital, times √252.
    pub annual: Option<Uncertain>,
    /// Sortino's, alike.
    pub annual_sortino: Option<f64>,
    /// Of one-minute returns on capital, times √60.
    pub hourly: Option<Uncertain>,
    /// How many daily returns there were.
    pub days: u64,
    /// How many one-minute returns there were.
    pub minutes: u64,
}

/// An estimate that has a standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Uncertain {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// The P&L and its parts, which add up to it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pnl {
    /// The sum.
    pub net: Cash,
    /// By trading away from the mid.
    pub spread_captured: Cash,
    /// By the mid's moves soon after our fills.
    pub adverse_selection: Cash,
    /// As they touch the P&L: negative when paid.
    pub fees: Cash,
    /// Of perpetuals: negative when paid.
    pub funding: Cash,
    /// For what was sold short, or for the money of longs: negative when paid.
    pub borrow: Cash,
    /// The revaluation of balances in other currencies than the report's.
    pub currency: Cash,
    /// The rest: by holding.
    pub inventory: Cash,
}

/// What we sent and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Activity {
    /// New orders sent.
    pub orders_placed: u64,
    /// Replacements sent.
    pub orders_replaced: u64,
    /// Cancels sent.
    pub orders_canceled: u64,
    /// New orders the venue took.
    pub orders_accepted: u64,
    /// Orders with at least one fill.
    pub orders_filled: u64,
    /// Of the orders placed, those with at least one fill.
    pub fill_rate: Option<f64>,
    /// New orders, replacements and cancels for each fill.
    pub messages_per_fill: Option<f64>,
    /// Cancels and replacements that came too late.
    pub too_late: u64,
    /// New orders the venue refused, by reason.
    pub rejected: Vec<Counted>,
    /// Wishes risk refused, by kind.
    pub refused: Vec<Counted>,
}

/// The share of quotes with a first fill within a horizon.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FillRate {
    /// The horizon.
    pub within_ms: i64,
    /// The share, had nobody cancelled; `None` without quotes.
    pub share: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// How many quotes.
    pub quotes: u64,
    /// How many still waited just before the last fill within the horizon.
    pub at_risk: u64,
}

/// How long messages took, by the recorded or simulated clocks.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// From the venue's time of a market event to its receipt.
    pub feed: Spans,
    /// From sending a new order to hearing that it works or does not.
    pub order: Spans,
}

/// A distribution of spans.
#[derive(Clone, Debug, Serialize)]
pub struct Spans {
    /// How many.
    pub count: u64,
    /// How many more were below zero: the receiving clock was behind.
    pub negative: u64,
    /// The shortest.
    pub min_ns: Option<i64>,
    /// The median; quantiles are at most 1/32 too long.
    pub p50_ns: Option<i64>,
    /// Nine in ten.
    pub p90_ns: Option<i64>,
    /// Ninety-nine in a hundred.
    pub p99_ns: Option<i64>,
    /// The longest.
    pub max_ns: Option<i64>,
    /// From, to (both included), how many.
    pub bars: Vec<(i64, i64, u64)>,
}

/// What was earned in one currency.
#[derive(Clone, Debug, Serialize)]
pub struct CurrencyReport {
    /// Which.
    pub currency: String,
    /// In it, after fees.
    pub net: Cash,
    /// What one unit is worth in the report's currency at the end; `None`: nobody knew.
    pub rate: Option<Cash>,
    /// What it is all worth there.
    pub worth: Cash,
    /// What of that came from changes of the rate.
    pub revalued: Cash,
}

/// A tier of fees, from the moment on at which it came into force.
#[derive(Clone, Debug, Serialize)]
pub struct FeeTierReport {
    /// Where.
    pub venue: String,
    /// Since when.
    pub since_at: i64,
    /// The same, to the millisecond.
    pub since: String,
    /// The turnover it begins at; `None`: below the first, where the venue's plain rates hold.
    pub turnover: Option<Cash>,
    /// For giving liquidity.
    pub maker_bp: Option<f64>,
    /// For taking it.
    pub taker_bp: Option<f64>,
}

/// One traded instrument.
#[derive(Clone, Debug, Serialize)]
pub struct InstrumentReport {
    /// The venue's name for it.
    pub symbol: String,
    /// The venue.
    pub venue: String,
    /// What its amounts are in.
    pub currency: String,
    /// `linear` or `inverse`.
    pub contract: &'static str,
    /// One price step.
    pub tick: String,
    /// One size step.
    pub lot: String,
    /// See the instrument's terms.
    pub multiplier: String,
    /// Where the terms come from.
    pub origin: &'static str,
    /// Its P&L.
    pub pnl: Pnl,
    /// The worth of what changed hands.
    pub turnover: Cash,
    /// Of the turnover, what gave liquidity.
    pub maker_share: Option<f64>,
    /// Our fills that gave liquidity.
    pub fills_maker: u64,
    /// Our fills that took it.
    pub fills_taker: u64,
    /// What we traded.
    pub volume_lots: i128,
    /// What everybody traded.
    pub market_volume_lots: i128,
    /// Ours of everybody's.
    pub participation: Option<f64>,
    /// What is held.
    pub inventory: Inventory,
    /// Where the time went.
    pub time: Shares,
    /// Maker and taker fills apart.
    pub markouts: Vec<Markouts>,
    /// Fills at whose moment the book was not live.
    pub fills_without_mid: u64,
    /// The position in lots over time.
    pub position: Vec<(i64, i64)>,
    /// The mid over time.
    pub mid: Vec<(i64, f64)>,
    /// Our fills, near ones as one.
    pub marks: Vec<Mark>,
}

/// A position over a run, in lots; means are weighted by time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Inventory {
    /// At the end.
    pub last: i64,
    /// With its sign.
    pub mean: Option<f64>,
    /// Without.
    pub mean_abs: Option<f64>,
    /// The farthest long.
    pub max_long: i64,
    /// The farthest short, zero or below.
    pub max_short: i64,
}

/// Shares of the session's time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Shares {
    /// With a position.
    pub with_position: Option<f64>,
    /// With an order working on a side.
    pub quoting: Option<f64>,
    /// On both sides.
    pub quoting_both: Option<f64>,
    /// With a book that may be traded on.
    pub live: Option<f64>,
    /// With one that crossed.
    pub crossed: Option<f64>,
    /// With one that missed something.
    pub stale: Option<f64>,
    /// With none yet.
    pub building: Option<f64>,
}

/// How the mid moved after fills.
#[derive(Clone, Debug, Serialize)]
pub struct Markouts {
    /// `maker` or `taker`.
    pub liquidity: &'static str,
    /// The mid at the fill less the price, in ticks, in our favour.
    pub edge_ticks: Estimate,
    /// By horizon.
    pub points: Vec<MarkoutPoint>,
}

/// The mid's move from a fill to a horizon, in our favour when positive.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MarkoutPoint {
    /// The horizon.
    pub after_ms: i64,
    /// The mean move.
    pub ticks: Estimate,
    /// For the fill's size, in the instrument's currency.
    pub money: Estimate,
    /// How many fills were measured.
    pub fills: u64,
    /// How many were not: the session ended first.
    pub past_end: u64,
    /// How many were not: there was no live book at one of the two moments.
    pub no_market: u64,
}

/// Fills of one side near each other in time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Mark {
    /// Bought or sold.
    pub side: Side,
    /// When the first was.
    pub first_at: i64,
    /// When the last was.
    pub last_at: i64,
    /// How many.
    pub fills: u64,
    /// How much.
    pub lots: i128,
    /// Their mean price, weighted by size.
    pub price: f64,
}

/// What identifies the run.
#[derive(Clone, Debug, Serialize)]
pub struct Hashes {
    /// Of the configuration record.
    pub config: String,
    /// The journal's last.
    pub journal_head: Option<String>,
    /// Over every command.
    pub commands: Option<String>,
}

impl Pnl {
    /// The parts by name, in the order in which they are shown. What many runs do not have is left out where it is
    /// nothing: funding, borrow, currency.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, Money)> {
        let rare = [("Funding", self.funding), ("Borrow", self.borrow), ("Currency", self.currency)];
        let mut parts = vec![
            ("Spread captured", self.spread_captured.0),
            ("Adverse selection", self.adverse_selection.0),
            ("Fees", self.fees.0),
        ];
        parts.extend(rare.into_iter().filter(|part| part.1.0 != Money::ZERO).map(|part| (part.0, part.1.0)));
        parts.push(("Inventory", self.inventory.0));
        parts
    }
}

impl Report {
    /// `report.json`: keys in a fixed order, the same bytes for the same run.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        text.push('\n');
        text
    }
}
