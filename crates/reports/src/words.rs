//! What the report says in sentences: its own caveats, and what its words mean.

use crate::number;
use crate::report::{InstrumentReport, Latency, Session};
use types::{Instrument, Nanos, Origin};

/// Returns of this many days make an annual Sharpe ratio worth printing.
pub(crate) const DAYS_LEAST: u64 = 30;
/// Returns of this many intervals make an hourly one.
pub(crate) const INTERVALS_LEAST: u64 = 120;
/// What the figures themselves say against trusting them too far.
pub(crate) fn own_caveats(
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
            "{} settles in {}; the totals in {currency} count what it earned at the rate of the moment, and what changes of \
             the rate made of that as \"currency\".",
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

pub(crate) fn definitions(attribution_after: Nanos, currency: &str) -> Vec<(&'static str, String)> {
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
            "Funding",
            "What perpetuals paid (positive) or cost (negative): notional at the mark × rate at each funding moment; \
             longs pay shorts when the rate is positive."
                .into(),
        ),
        (
            "Borrow",
            "What holding overnight cost: notional at the mark × yearly rate / days of the year, for each day at whose \
             end a short (or a financed long) was held."
                .into(),
        ),
        (
            "Currency",
            format!("What balances in other currencies than {currency} gained by their rates."),
        ),
        (
            "Inventory",
            "Net P&L less the other parts: the mid's moves on what was held longer. The parts add up exactly."
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
            "From sending a new order to hearing that it works or was rejected, as recorded or simulated. \
             A bar's height is its share for each doubling of time, so that areas count.".into(),
        ),
    ]
}
