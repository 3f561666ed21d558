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
        let full = format!("{}/{}", instrument.terms().venue, instrument.symbol());
        let same = |t: &&InstrumentReport| {
            t.venue == instrument.terms().venue && (t.symbol == instrument.symbol() || t.symbol == full)
        };
        if let Some(told) = traded.iter().find(same) {
            caveats.push(format!(
                "{}: tick and lot were inferred from the data and a multiplier of 1 is assumed; its money may be \
                 wrong by a constant factor.",
                told.symbol
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

pub(crate) fn definitions(attribution_after: Nanos, currency: &str) -> Vec<(String, String)> {
    let after = number::span(attribution_after);
    let words: Vec<(&str, String)> = vec![
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
            "By strategy",
            "A strategy's own fills, with the cash, fees and position they make; marked where the account is. Funding and \
             borrow are shared by what each holds of the account's position at that moment. The rows add up to the account's P&L exactly. Limits are the account's."
                .into(),
        ),
        (
            "By side",
            "What each fill gained from its price to the last mark, less its fee (implementation shortfall, Perold \
             1988). The inventory of buys and of sells runs to the end of the run: what was bought and sold again is in \
             both, with opposite signs."
                .into(),
        ),
        (
            "By time of day",
            "The change of equity within the hour. Spread, fees and adverse selection are of the hour in which we heard \
             of the fill; the hour's inventory is the mid's moves on what was held during it, less what is told as \
             adverse selection. A jump over a break belongs to the hour that hears of it."
                .into(),
        ),
        (
            "Interval",
            "Where 95 % of 2,000 resamples of the gains by slice of time lie, drawn in blocks of neighbours (stationary \
             bootstrap, Politis & Romano 1994). It says how sure one can be of this run, not of another day."
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
    ];
    words.into_iter().map(|(word, meaning)| (word.to_owned(), meaning)).collect()
}
