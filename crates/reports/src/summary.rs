//! The report as a few short tables of text: for the terminal, and for the page's tables.

use crate::number::{self, count, money, percent, ratio};
use crate::report::{Cash, CurrencyReport, FeeTierReport, Report, Spans, Uncertain};
use crate::words::{DAYS_LEAST, INTERVALS_LEAST};
use types::Nanos;

/// A heading and its rows: label, value.
pub type Section = (&'static str, Vec<(String, String)>);

/// What is not known is said, not left out.
pub(crate) const UNKNOWN: &str = "n/a";

pub(crate) fn known<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), show)
}

impl Report {
    /// The summary, section by section.
    #[must_use]
    pub fn summary(&self) -> Vec<Section> {
        let mut sections = vec![
            ("Result", self.result_rows()),
            ("P&L by part", self.part_rows()),
            ("Trading", self.trading_rows()),
            ("Orders", self.order_rows()),
            ("Latency", self.latency_rows()),
            ("Instruments", self.instrument_rows()),
        ];
        if !self.currencies.is_empty() {
            sections.push(("Currencies", self.currency_rows()));
        }
        sections
    }

    pub(crate) fn currency_rows(&self) -> Vec<(String, String)> {
        let shown = |of: &CurrencyReport| {
            let rate = known(of.rate, |rate| rate.0.to_string());
            let (net, worth, revalued) = (money(of.net.0), self.cash(of.worth), money(of.revalued.0));
            row(&of.currency, format!("{net}, at {rate} {worth}, of it by the rate {revalued}"))
        };
        self.currencies.iter().map(shown).collect()
    }

    fn tier_rows(&self) -> Vec<(String, String)> {
        let shown = |of: &FeeTierReport| {
            let tier = match (of.turnover, of.maker_bp.zip(of.taker_bp)) {
                (Some(from), Some((maker, taker))) => {
                    format!("from {} {}: {maker} / {taker} bp", number::money_short(from.0), self.currency)
                }
                _ => "the plain rates".into(),
            };
            row(&format!("Fee tier, {}", of.venue), format!("{tier}, since {}", of.since))
        };
        self.fee_tiers.iter().map(shown).collect()
    }

    fn cash(&self, amount: Cash) -> String {
        format!("{} {}", money(amount.0), self.currency)
    }

    fn result_rows(&self) -> Vec<(String, String)> {
        let headline = &self.headline;
        let mut rows = vec![
            row("Net P&L", self.cash(headline.net)),
            row("Return on capital", known(headline.return_on_capital, percent)),
            row(
                "Max drawdown",
                match headline.max_drawdown_share {
                    Some(share) => format!("{} ({})", self.cash(headline.max_drawdown), percent(share)),
                    None => self.cash(headline.max_drawdown),
                },
            ),
            row("Sharpe, annual", self.sharpe_annual()),
            row("Sharpe, hourly", self.sharpe_hourly()),
        ];
        if let Some(sortino) = headline.sharpe.annual_sortino {
            rows.push(row("Sortino, annual", ratio(sortino)));
        }
        rows
    }

    /// The annual Sharpe ratio, or why there is none.
    #[must_use]
    pub fn sharpe_annual(&self) -> String {
        let sharpe = &self.headline.sharpe;
        match sharpe.annual {
            Some(annual) => uncertain(annual),
            None => format!("n/a ({} of {DAYS_LEAST} days)", sharpe.days.min(DAYS_LEAST)),
        }
    }

    /// The hourly Sharpe ratio, or why there is none.
    #[must_use]
    pub fn sharpe_hourly(&self) -> String {
        let sharpe = &self.headline.sharpe;
        match sharpe.hourly {
            Some(hourly) => uncertain(hourly),
            None if sharpe.minutes < INTERVALS_LEAST => {
                format!("n/a ({} of {INTERVALS_LEAST} minutes)", sharpe.minutes)
            }
            None => "n/a (no variation)".into(),
        }
    }

    pub(crate) fn part_rows(&self) -> Vec<(String, String)> {
        let pnl = &self.pnl;
        let mut rows: Vec<_> =
            pnl.parts().into_iter().map(|(name, part)| row(name, self.cash(Cash(part)))).collect();
        rows.push(row("Net P&L", self.cash(pnl.net)));
        rows
    }

    pub(crate) fn trading_rows(&self) -> Vec<(String, String)> {
        let headline = &self.headline;
        let mut rows = vec![
            row("Fills", count(headline.fills)),
            row("Turnover", self.cash(headline.turnover)),
            row("Maker share", known(headline.maker_share, percent)),
            row("Fees", self.cash(headline.fees)),
            row("Time with a position", known(headline.time_with_position, percent)),
            row("Time quoting both sides", known(headline.time_quoting_both, percent)),
        ];
        if let Some(rolls) = &self.rolls {
            rows.push(row("Cost of rolls", format!("{} ({} lots)", self.cash(rolls.cost), rolls.lots)));
        }
        rows.extend(self.tier_rows());
        rows
    }

    pub(crate) fn order_rows(&self) -> Vec<(String, String)> {
        let activity = &self.activity;
        let mut rows = vec![
            row("Placed", count(activity.orders_placed)),
            row("Replaced", count(activity.orders_replaced)),
            row("Cancelled", count(activity.orders_canceled)),
            row("Accepted by the venue", count(activity.orders_accepted)),
            row(
                "With a fill",
                format!("{} ({})", count(activity.orders_filled), known(activity.fill_rate, percent)),
            ),
            row("Messages per fill", known(activity.messages_per_fill, ratio)),
            row("Cancel or replace too late", count(activity.too_late)),
        ];
        let sum = |list: &[crate::Counted]| list.iter().map(|c| c.count).sum::<u64>();
        for (title, list) in
            [("Rejected by the venue", &activity.rejected), ("Refused by risk", &activity.refused)]
        {
            rows.push(row(title, count(sum(list))));
            rows.extend(list.iter().map(|c| row(&format!("  {}", c.what), count(c.count))));
        }
        rows
    }

    fn latency_rows(&self) -> Vec<(String, String)> {
        let shown = |spans: &Spans| {
            let at = |ns: Option<i64>| known(ns, |n| number::span(Nanos(n)));
            format!("p50 {}, p99 {}, max {}", at(spans.p50_ns), at(spans.p99_ns), at(spans.max_ns))
        };
        vec![row("Feed", shown(&self.latency.feed)), row("Order round trip", shown(&self.latency.order))]
    }

    fn instrument_rows(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        for instrument in &self.instruments {
            let held = &instrument.inventory;
            rows.push(row(
                &instrument.symbol,
                format!(
                    "{} {}, {} fills, inventory {} to {} (mean {}), book not live {}",
                    money(instrument.pnl.net.0),
                    instrument.currency,
                    count(instrument.fills_maker + instrument.fills_taker),
                    held.max_short,
                    held.max_long,
                    known(held.mean, ratio),
                    known(instrument.time.live, |live| percent(1.0 - live)),
                ),
            ));
        }
        rows
    }
}

pub(crate) fn uncertain(ratio: Uncertain) -> String {
    format!("{:.2} ± {:.2}", ratio.value, ratio.standard_error)
}

fn row(label: &str, value: String) -> (String, String) {
    (label.to_owned(), value)
}
