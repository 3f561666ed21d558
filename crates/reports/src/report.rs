//! The report as data: what `report.json` holds.
//!
//! Amounts are exact decimal strings, moments are nanoseconds since 1970 UTC, shares are fractions of one. No
//! figure comes from a clock of the machine that made it, so the same run gives the same file.

use crate::about::{Counted, DataFile, Ending};
use crate::aftermath::{Findings, Tally};
use crate::attribution::{Attribution, Split};
use crate::histogram::Histogram;
use crate::markout::{Estimate, HORIZONS};
use crate::number;
use crate::quotes::{Counts, REASONS};
use crate::ratios::Ratio;
use crate::recorder::{Purse, RETURN_INTERVAL, Recorder};
use crate::series::Series;
use crate::survival::Waits;
use crate::watch::Watch;
use crate::watched::{Market, Watched};
use serde::{Serialize, Serializer};
use stdx::decimal;
use types::{Contract, Instrument, Liquidity, Money, Nanos, Origin, Side};

/// The layout of `report.json`; raised when a reader must change.
pub const FORMAT: &str = "quoin-report-1";

/// Returns of this many days make an annual Sharpe ratio worth printing.
const DAYS_LEAST: u64 = 30;
/// Returns of this many intervals make an hourly one.
const INTERVALS_LEAST: u64 = 120;
/// Trading days of a year.
const DAYS_A_YEAR: f64 = 252.0;

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
    /// Orders, fills, refusals.
    pub activity: Activity,
    /// Of resting quotes, how many were filled by when.
    pub fill_rate: Vec<FillRate>,
    /// How long messages took.
    pub latency: Latency,
    /// Each traded instrument.
    pub instruments: Vec<InstrumentReport>,
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

impl Report {
    pub(crate) fn new(recorder: Recorder, machine: &impl Watched, ending: Ending) -> Self {
        let Recorder {
            about,
            watches,
            purse,
            quotes,
            latency_feed,
            inputs,
            commands,
            first_at,
            last_at,
            venue_clock,
            holding,
            ..
        } = recorder;
        let any = inputs > 0;
        let session = Session {
            first_at: if any { first_at.0 } else { 0 },
            last_at: if any { last_at.0 } else { 0 },
            first: if any { number::moment(first_at) } else { "no input".into() },
            last: if any { number::moment(last_at) } else { "no input".into() },
            duration_ns: if any { (last_at - first_at).0 } else { 0 },
            inputs,
            commands,
        };
        let (counts, waits, round_trip) = quotes.finish(venue_clock);
        let mut totals = Totals::default();
        let mut instruments = Vec::with_capacity(watches.len());
        for watch in watches {
            let is_total = watch.instrument.currency() == about.currency;
            instruments.push(instrument_report(watch, machine, is_total.then_some(&mut totals)));
        }
        let activity = activity(&counts, &instruments, machine);
        let latency = Latency {
            feed: spans(&latency_feed),
            order: spans(&round_trip),
        };
        let held = share(i128::from(holding.held.0), i128::from(session.duration_ns));
        let headline = headline(&purse, &totals, &instruments, held);
        let mut caveats = ending.caveats;
        caveats.extend(own_caveats(&about.currency, &about.instruments, &instruments, &latency, &session));
        Self {
            format: FORMAT,
            title: about.title,
            strategy: about.strategy,
            session,
            headline,
            pnl: pnl(&totals.attribution.split(totals.net, totals.fees), totals.net),
            activity,
            fill_rate: HORIZONS.iter().map(|horizon| fill_rate(&waits, *horizon)).collect(),
            latency,
            instruments,
            earned: drawn(&purse.earned_over_time, Money::to_f64),
            drawdown: drawn(&purse.drawdown_over_time, Money::to_f64),
            data: about.data,
            faults: ending.faults,
            caveats,
            definitions: definitions(about.attribution_after, &about.currency),
            hashes: Hashes {
                config: ending.config_hash,
                journal_head: ending.journal_head,
                commands: ending.commands_hash,
            },
            config: about.config,
            currency: about.currency,
        }
    }

    /// `report.json`: keys in a fixed order, the same bytes for the same run.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        text.push('\n');
        text
    }
}

/// Sums over the instruments in the report's currency.
#[derive(Default)]
struct Totals {
    net: Money,
    fees: Money,
    attribution: Attribution,
    turnover: [Money; 2],
    fills: u64,
}

fn instrument_report(watch: Watch, machine: &impl Watched, totals: Option<&mut Totals>) -> InstrumentReport {
    let instrument = watch.instrument.clone();
    let earned = machine.earned(instrument.id());
    let findings = watch.aftermath.clone().finish(&instrument);
    let (net, fees) = (earned.net(), earned.fees);
    if let Some(totals) = totals {
        totals.net += net;
        totals.fees += fees;
        totals.attribution.absorb(&findings.attribution);
        totals.fills += watch.traded.fills.iter().sum::<u64>();
        for (sum, part) in totals.turnover.iter_mut().zip(watch.traded.turnover) {
            *sum += part;
        }
    }
    let terms = instrument.terms();
    let traded = &watch.traded;
    let volume_lots: i128 = traded.lots.iter().sum();
    InstrumentReport {
        symbol: terms.symbol.clone(),
        venue: terms.venue.clone(),
        currency: terms.currency.clone(),
        contract: match terms.contract {
            Contract::Linear => "linear",
            Contract::Inverse => "inverse",
        },
        tick: decimal::Display(terms.tick_nanos).to_string(),
        lot: decimal::Display(terms.lot_nanos).to_string(),
        multiplier: decimal::Display(terms.multiplier_nanos).to_string(),
        origin: match terms.origin {
            Origin::Definition => "definition",
            Origin::Configured => "configured",
            Origin::KnownProduct => "known_product",
            Origin::Inferred => "inferred",
        },
        pnl: pnl(&findings.attribution.split(net, fees), net),
        turnover: Cash(traded.turnover[0] + traded.turnover[1]),
        maker_share: maker_share(traded.turnover),
        fills_maker: traded.fills[0],
        fills_taker: traded.fills[1],
        volume_lots,
        market_volume_lots: traded.market_lots,
        participation: share(volume_lots, traded.market_lots),
        inventory: inventory(&watch),
        time: time_shares(&watch),
        markouts: markouts(&findings),
        fills_without_mid: findings.without_mid,
        position: watch.inventory.points().into_iter().map(|(at, lots)| (at.0, lots)).collect(),
        mid: drawn(&watch.mid, |half| mid_price(&instrument, half)),
        marks: marks(&watch, &instrument),
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate for a chart")]
fn mid_price(instrument: &Instrument, half_ticks: i64) -> f64 {
    (i128::from(half_ticks) * i128::from(instrument.terms().tick_nanos)) as f64 / 2e9
}

#[expect(clippy::cast_precision_loss, reason = "a share is an estimate")]
fn share(part: i128, whole: i128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn maker_share(turnover: [Money; 2]) -> Option<f64> {
    share(turnover[Liquidity::Maker as usize].0, turnover[0].0 + turnover[1].0)
}

fn pnl(split: &Split, net: Money) -> Pnl {
    // Two ways to the same sum.
    assert_eq!(split.net(), net, "the parts of the P&L add up to it");
    Pnl {
        net: Cash(net),
        spread_captured: Cash(split.spread),
        adverse_selection: Cash(split.adverse),
        fees: Cash(split.fees),
        inventory: Cash(split.inventory),
    }
}

fn inventory(watch: &Watch) -> Inventory {
    let total = i128::from(watch.spent.total);
    Inventory {
        last: watch.position.0,
        mean: share(watch.spent.position, total),
        mean_abs: share(watch.spent.position_abs, total),
        max_long: watch.longest.0,
        max_short: watch.shortest.0,
    }
}

fn time_shares(watch: &Watch) -> Shares {
    let spent = &watch.spent;
    let of = |part: i64| share(i128::from(part), i128::from(spent.total));
    Shares {
        with_position: of(spent.positioned),
        quoting: of(spent.quoted),
        quoting_both: of(spent.quoted_both),
        live: of(spent.market[Market::Live as usize]),
        crossed: of(spent.market[Market::Crossed as usize]),
        stale: of(spent.market[Market::Stale as usize]),
        building: of(spent.market[Market::Building as usize]),
    }
}

fn markouts(findings: &Findings) -> Vec<Markouts> {
    let one = |liquidity, tally: &Tally| Markouts {
        liquidity,
        edge_ticks: tally.edge_ticks.estimate(),
        points: HORIZONS
            .iter()
            .zip(&tally.moves)
            .map(|(horizon, moves)| MarkoutPoint {
                after_ms: horizon.0 / 1_000_000,
                ticks: moves.ticks.estimate(),
                money: moves.money.estimate(),
                fills: moves.measured,
                past_end: moves.past_end,
                no_market: moves.no_market,
            })
            .collect(),
    };
    vec![one("maker", &findings.tallies[0]), one("taker", &findings.tallies[1])]
}

#[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
fn marks(watch: &Watch, instrument: &Instrument) -> Vec<Mark> {
    let tick = instrument.terms().tick_nanos as f64 / 1e9;
    let of = |side| {
        watch.marks.of(side).map(move |prints| Mark {
            side,
            first_at: prints.first_at.0,
            last_at: prints.last_at.0,
            fills: prints.fills,
            lots: prints.lots,
            price: prints.mean_ticks() * tick,
        })
    };
    Side::BOTH.into_iter().flat_map(of).collect()
}

fn drawn<V: Copy + PartialOrd>(series: &Series<V>, show: impl Fn(V) -> f64) -> Vec<(i64, f64)> {
    series.points().into_iter().map(|(at, value)| (at.0, show(value))).collect()
}

fn headline(
    purse: &Purse,
    totals: &Totals,
    instruments: &[InstrumentReport],
    time_with_position: Option<f64>,
) -> Headline {
    let capital = purse.capital;
    let mean = |of: fn(&Shares) -> Option<f64>| {
        let known: Vec<f64> = instruments.iter().filter_map(|i| of(&i.time)).collect();
        #[expect(clippy::cast_precision_loss, reason = "instruments are few")]
        let count = known.len() as f64;
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / count)
    };
    Headline {
        net: Cash(totals.net),
        capital: Cash(capital),
        return_on_capital: (capital > Money::ZERO).then(|| totals.net.to_f64() / capital.to_f64()),
        max_drawdown: Cash(purse.drawdown.worst()),
        max_drawdown_share: purse.drawdown.worst_share(),
        sharpe: sharpe(purse),
        fills: totals.fills,
        turnover: Cash(totals.turnover[0] + totals.turnover[1]),
        maker_share: maker_share(totals.turnover),
        fees: Cash(totals.fees),
        time_with_position,
        time_quoting_both: mean(|time| time.quoting_both),
    }
}

fn sharpe(purse: &Purse) -> Sharpe {
    let (daily, minutes) = (&purse.daily, &purse.returns);
    let minutes_an_hour = 3_600.0 / RETURN_INTERVAL.to_secs_f64();
    let shown = |ratio: Ratio| Uncertain {
        value: ratio.value,
        standard_error: ratio.standard_error,
    };
    let is_long = daily.count() >= DAYS_LEAST;
    Sharpe {
        annual: daily.sharpe(DAYS_A_YEAR).filter(|_| is_long).map(shown),
        annual_sortino: daily.sortino(DAYS_A_YEAR).filter(|_| is_long),
        hourly: minutes.sharpe(minutes_an_hour).filter(|_| minutes.count() >= INTERVALS_LEAST).map(shown),
        days: daily.count(),
        minutes: minutes.count(),
    }
}

fn activity(counts: &Counts, instruments: &[InstrumentReport], machine: &impl Watched) -> Activity {
    let fills: u64 = instruments.iter().map(|i| i.fills_maker + i.fills_taker).sum();
    let messages = counts.placed + counts.replaced + counts.canceled;
    let counted = |(what, count): (&str, u64)| Counted {
        what: what.to_owned(),
        count,
    };
    Activity {
        orders_placed: counts.placed,
        orders_replaced: counts.replaced,
        orders_canceled: counts.canceled,
        orders_accepted: counts.accepted,
        orders_filled: counts.with_fill,
        fill_rate: share(i128::from(counts.with_fill), i128::from(counts.placed)),
        messages_per_fill: share(i128::from(messages), i128::from(fills)),
        too_late: counts.too_late,
        rejected: REASONS
            .iter()
            .zip(counts.rejected)
            .map(|((_, name), count)| counted((name, count)))
            .filter(|c| c.count > 0)
            .collect(),
        refused: machine.refusals().into_iter().filter(|r| r.1 > 0).map(counted).collect(),
    }
}

fn fill_rate(waits: &Waits, horizon: Nanos) -> FillRate {
    let share = waits.filled_within(horizon);
    FillRate {
        within_ms: horizon.0 / 1_000_000,
        share: share.map(|s| s.share),
        standard_error: share.map(|s| s.standard_error),
        quotes: waits.count(),
        at_risk: share.map_or(0, |s| s.at_risk),
    }
}

fn spans(histogram: &Histogram) -> Spans {
    let quantile = |ppm| histogram.quantile(ppm).map(|span| span.0);
    Spans {
        count: histogram.count(),
        negative: histogram.negative(),
        min_ns: histogram.least().map(|span| span.0),
        p50_ns: quantile(500_000),
        p90_ns: quantile(900_000),
        p99_ns: quantile(990_000),
        max_ns: histogram.most().map(|span| span.0),
        bars: bars(histogram),
    }
}

/// Four bars to a doubling, or as many more as it takes to see a shape.
fn bars(histogram: &Histogram) -> Vec<(i64, i64, u64)> {
    let enough = |bars: &Vec<_>| bars.len() >= 14;
    let bars = [8, 4, 2].map(|coarse| histogram.bars(coarse)).into_iter().find(enough);
    let bars = bars.unwrap_or_else(|| histogram.bars(2));
    bars.into_iter().map(|(low, high, count)| (low.0, high.0, count)).collect()
}

/// What the figures themselves say against trusting them too far.
fn own_caveats(
    currency: &str,
    all: &[Instrument],
    traded: &[InstrumentReport],
    latency: &Latency,
    session: &Session,
) -> Vec<String> {
    let mut caveats = Vec::new();
    for instrument in all.iter().filter(|i| i.terms().origin == Origin::Inferred) {
        if traded.iter().any(|t| t.symbol == instrument.symbol()) {
            caveats.push(format!(
                "{}: tick and lot were inferred from the data and a multiplier of 1 is assumed; its money may be \
                 wrong by a constant factor.",
                instrument.symbol()
            ));
        }
    }
    for instrument in traded.iter().filter(|t| t.currency != currency) {
        caveats.push(format!(
            "{} settles in {} and is not part of the totals in {currency}.",
            instrument.symbol, instrument.currency
        ));
    }
    let lost: u64 = traded.iter().map(|t| t.fills_without_mid).sum();
    if lost > 0 {
        caveats.push(format!(
            "{} fills happened while our book was not live; they have no markout, and their spread is measured \
             from the last mid there was.",
            number::count(lost)
        ));
    }
    let feed = &latency.feed;
    if feed.negative > 0 {
        caveats.push(format!(
            "{} of {} market events carry a venue time later than their receipt: the recording clock was behind. \
             They are not in the feed latency.",
            number::count(feed.negative),
            number::count(feed.count + feed.negative)
        ));
    }
    if session.duration_ns < 20 * 86_400_000_000_000 {
        caveats.push(format!(
            "The run covers {} of market time. It says what happened then, not what to expect.",
            number::span(Nanos(session.duration_ns))
        ));
    }
    caveats
}

fn definitions(attribution_after: Nanos, currency: &str) -> Vec<(&'static str, String)> {
    let after = number::span(attribution_after);
    vec![
        (
            "Net P&L",
            format!("Realised and unrealised profit after fees, in {currency}; positions are marked at the mid."),
        ),
        (
            "Spread captured",
            "Σ (mid at the fill − price) × signed size. The mid at the fill is the last one before the venue's time \
             of the fill."
                .into(),
        ),
        (
            "Adverse selection",
            format!(
                "Σ (mid {after} after the fill − mid at the fill) × signed size, to the last mid where the session \
                 ended sooner."
            ),
        ),
        ("Fees", "What the venue charged (negative) or paid (positive).".into()),
        (
            "Inventory",
            "Net P&L less the three other parts: the mid's moves on what was held longer. The four add up exactly."
                .into(),
        ),
        (
            "Markout",
            "The mid's move from just before the fill to the horizon, positive in our favour, by the venue's clock; \
             each fill counts once. Whiskers are one standard error, with the fills of one horizon as one cluster \
             (Cameron & Miller 2015). Fills whose horizon lies past the end are left out and counted."
                .into(),
        ),
        (
            "Fill rate by horizon",
            "The share of resting quotes with a first fill within the horizon of starting to work, had none been \
             cancelled: Kaplan & Meier (1958), standard error by Greenwood (1926). A quote is an order at one price. \
             It assumes that cancelling says nothing about the fill that would have come: cancelling because the \
             market left makes it too high, cancelling ahead of being hit too low."
                .into(),
        ),
        (
            "Sharpe ratio",
            format!(
                "Mean over standard deviation of returns on capital, without a risk-free rate, ± the standard error \
                 of Lo (2002) for independent returns. Annual: daily returns × √252, from {DAYS_LEAST} days on. \
                 Hourly: one-minute returns × √60, from {INTERVALS_LEAST} minutes on."
            ),
        ),
        ("Drawdown", "How far equity (capital and net P&L) is below its highest so far.".into()),
        (
            "Messages per fill",
            "New orders, replacements and cancels sent, over fills: the order-to-trade ratio.".into(),
        ),
        ("Maker share", "Of our turnover, the part that gave liquidity.".into()),
        (
            "Feed latency",
            "From the venue's time of a market event to its receipt, as recorded or simulated; snapshots left out."
                .into(),
        ),
        (
            "Order round trip",
            "From sending a new order to hearing that it works or was rejected, as recorded or simulated.".into(),
        ),
    ]
}
