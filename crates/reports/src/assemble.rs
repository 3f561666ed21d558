//! From what a recorder kept to the report: every figure is made here, once.
//!
//! The parts of the P&L are checked against their sum before anything is written.

use crate::about::{Counted, Ending};
use crate::aftermath::{Findings, Tally};
use crate::attribution::{Attribution, Booked, Split};
use crate::histogram::Histogram;
use crate::markout::HORIZONS;
use crate::number;
use crate::quotes::{Counts, REASONS};
use crate::ratios::Ratio;
use crate::recorder::{Purse, RETURN_INTERVAL, Recorder};
use crate::report::{
    Activity, Cash, CurrencyReport, FORMAT, FeeTierReport, FillRate, Hashes, Headline, InstrumentReport,
    Inventory, Latency, Mark, MarkoutPoint, Markouts, Pnl, Report, Session, Shares, Sharpe, Spans, Uncertain,
};
use crate::series::Series;
use crate::survival::Waits;
use crate::watch::Watch;
use crate::watched::{Market, Watched};
use crate::words::{DAYS_LEAST, INTERVALS_LEAST, definitions, own_caveats};
use engine::Books;
use stdx::decimal;
use types::fees::{BASIS_POINT_PPB, Tier};
use types::{Contract, Instrument, InstrumentId, Liquidity, Money, Nanos, Origin, Side};

/// Trading days of a year.
const DAYS_A_YEAR: f64 = 252.0;

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
            rolls,
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
            instruments.push(instrument_report(watch, machine, &mut totals));
        }
        let books = machine.books();
        let booked = Booked {
            fees: -books.fees,
            funding: books.funding,
            borrow: books.borrow,
            currency: books.currency,
        };
        let activity = activity(&counts, &instruments, machine);
        let latency = Latency { feed: spans(&latency_feed), order: spans(&round_trip) };
        let held = share(i128::from(holding.held.0), i128::from(session.duration_ns));
        let headline = headline(&purse, &books, totals.fills, &instruments, held);
        let mut caveats = ending.caveats;
        caveats.extend(own_caveats(&about.currency, &about.instruments, &instruments, &latency, &session));
        Self {
            format: FORMAT,
            title: about.title,
            strategy: about.strategy,
            session,
            headline,
            pnl: pnl(&totals.attribution.split(books.equity, booked), books.equity),
            rolls: rolls.costs(),
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
            currencies: currencies(machine, &about.currency, &about.traded, &about.instruments),
            fee_tiers: fee_tiers(machine),
            hashes: Hashes {
                config: ending.config_hash,
                journal_head: ending.journal_head,
                commands: ending.commands_hash,
            },
            config: about.config,
            currency: about.currency,
        }
    }
}

/// Sums over the instruments, in the account's currency.
#[derive(Default)]
struct Totals {
    attribution: Attribution,
    fills: u64,
}

/// One for each currency that something traded settles in, when there are several or it is not the account's.
fn currencies(
    machine: &impl Watched,
    account: &str,
    traded: &[InstrumentId],
    instruments: &[Instrument],
) -> Vec<CurrencyReport> {
    let settles = |currency: &str| traded.iter().any(|id| instruments[id.index()].currency() == currency);
    let mut balances = machine.balances();
    balances.retain(|balance| settles(&balance.currency));
    if balances.iter().all(|balance| balance.currency == account) {
        return Vec::new();
    }
    let report = |balance: engine::Balance| CurrencyReport {
        net: Cash(balance.equity),
        rate: balance.rate.map(Cash),
        worth: Cash(balance.worth),
        revalued: Cash(balance.revalued),
        currency: balance.currency,
    };
    balances.into_iter().map(report).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn fee_tiers(machine: &impl Watched) -> Vec<FeeTierReport> {
    let bp = |ppb: i64| ppb as f64 / BASIS_POINT_PPB as f64;
    let report = |(venue, since, tier): (String, Nanos, Option<Tier>)| FeeTierReport {
        venue,
        since_at: since.0,
        since: number::moment(since),
        turnover: tier.map(|tier| Cash(tier.turnover)),
        maker_bp: tier.map(|tier| bp(tier.maker_ppb)),
        taker_bp: tier.map(|tier| bp(tier.taker_ppb)),
    };
    machine.fee_tiers().into_iter().map(report).collect()
}

fn instrument_report(watch: Watch, machine: &impl Watched, totals: &mut Totals) -> InstrumentReport {
    let instrument = watch.instrument.clone();
    let earned = machine.earned(instrument.id());
    let findings = watch.aftermath.clone().finish(&instrument);
    let (net, booked) = (earned.net(), earned.booked());
    totals.attribution.absorb(&findings.in_account);
    totals.fills += watch.traded.fills.iter().sum::<u64>();
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
        pnl: pnl(&findings.attribution.split(net, booked), net),
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
        fees: Cash(split.booked.fees),
        funding: Cash(split.booked.funding),
        borrow: Cash(split.booked.borrow),
        currency: Cash(split.booked.currency),
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
    books: &Books,
    fills: u64,
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
        net: Cash(books.equity),
        capital: Cash(capital),
        return_on_capital: (capital > Money::ZERO).then(|| books.equity.to_f64() / capital.to_f64()),
        max_drawdown: Cash(purse.drawdown.worst()),
        max_drawdown_share: purse.drawdown.worst_share(),
        sharpe: sharpe(purse),
        fills,
        turnover: Cash(books.turnover[0] + books.turnover[1]),
        maker_share: maker_share(books.turnover),
        fees: Cash(books.fees),
        time_with_position,
        time_quoting_both: mean(|time| time.quoting_both),
    }
}

fn sharpe(purse: &Purse) -> Sharpe {
    let (daily, minutes) = (&purse.daily, &purse.returns);
    let minutes_an_hour = 3_600.0 / RETURN_INTERVAL.to_secs_f64();
    let shown = |ratio: Ratio| Uncertain { value: ratio.value, standard_error: ratio.standard_error };
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
    let counted = |(what, count): (&str, u64)| Counted { what: what.to_owned(), count };
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
