//! The tear sheet's tables: by strategy, side and time of day, by day and month, drawdowns, intervals, risk.
//!
//! The page and the Markdown show the same ones.

use crate::breakdown::{Holding, Row as Earned};
use crate::number::{self, count, money, percent, ratio};
use crate::performance::{DrawdownRow, IntervalRow, Period};
use crate::report::{Pnl, Report};
use crate::study::amount;
use crate::summary::known;
use crate::tables::{Row, Table, minus};
use types::Nanos;

/// Days that a page shows; all of them are in the figures.
const DAYS_SHOWN: usize = 31;

impl Report {
    /// By strategy, and by strategy and instrument where that says more.
    pub(crate) fn strategy_tables(&self) -> Vec<Table> {
        let breakdown = &self.breakdown;
        let mut tables = Vec::new();
        if breakdown.strategies.len() > 1 {
            let mut table = self.earned_table("By strategy", "", &breakdown.strategies);
            for ((row, orders), one) in
                table.rows.iter_mut().zip(&self.activity.orders_placed_by).zip(&self.strategies)
            {
                row.cells.push(count(orders.count));
                row.name = if one.label == one.strategy {
                    one.label.clone()
                } else {
                    format!("{} ({})", one.label, one.strategy)
                };
            }
            if let Some(sum) = table.rows.last_mut() {
                sum.cells.push(count(self.activity.orders_placed));
            }
            table.head.push("orders".into());
            tables.push(table);
        }
        if breakdown.holdings.len() > 1 {
            tables.push(self.holding_table());
        }
        tables
    }

    fn holding_table(&self) -> Table {
        let row = |held: &Holding| {
            let mut cells = vec![held.symbol.clone(), money(held.pnl.net.0)];
            cells.extend(self.parts().into_iter().map(|part| money((part.of)(&held.pnl))));
            cells.push(format!("{} / {}", count(held.fills_maker), count(held.fills_taker)));
            cells.extend([held.position, held.max_long, held.max_short].map(|lots| lots.to_string()));
            cells.push(held.currency.clone());
            Row { name: held.strategy.clone(), cells: cells.into_iter().map(minus).collect(), class: "" }
        };
        Table {
            caption:
                "Each strategy's own book, by instrument (lots held at the end, farthest long and short)"
                    .into(),
            head: self
                .earned_head(&["", "instrument"], &["fills m/t", "end", "longest", "shortest", "currency"]),
            rows: self.breakdown.holdings.iter().map(row).collect(),
            class: "",
        }
    }

    pub(crate) fn side_table(&self) -> Table {
        self.earned_table("By side, each fill to the last mark", "", &self.breakdown.sides)
    }

    pub(crate) fn clock_tables(&self) -> Vec<Table> {
        let clocks = self.breakdown.clocks.iter();
        clocks
            .filter(|clock| !clock.rows.is_empty())
            .map(|clock| {
                self.earned_table(&format!("By time of day, {}", clock.zone), "hour from", &clock.rows)
            })
            .collect()
    }

    /// Rows, and their sum below them, which is the whole.
    fn earned_table(&self, caption: &str, first: &str, rows: &[Earned]) -> Table {
        let line = |name: &str, pnl: &Pnl, fills: (u64, u64), turnover| {
            let mut cells = self.earned_cells(pnl);
            cells.push(format!("{} / {}", count(fills.0), count(fills.1)));
            cells.push(number::money_short(turnover));
            Row { name: name.to_owned(), cells: cells.into_iter().map(minus).collect(), class: "" }
        };
        let of = |row: &Earned| line(&row.name, &row.pnl, (row.fills_maker, row.fills_taker), row.turnover.0);
        let sum = |of: fn(&Earned) -> u64| rows.iter().map(of).sum::<u64>();
        let fills = (sum(|row| row.fills_maker), sum(|row| row.fills_taker));
        let whole = Row { class: "sum", ..line("all", &self.pnl, fills, self.headline.turnover.0) };
        Table {
            caption: format!("{caption} ({})", self.currency),
            head: self.earned_head(&[first], &["fills m/t", "turnover"]),
            rows: rows.iter().map(of).chain([whole]).collect(),
            class: "",
        }
    }

    /// Months, and days where they are not too many to read.
    pub(crate) fn period_tables(&self) -> Vec<Table> {
        let performance = &self.performance;
        let mut tables = Vec::new();
        if !performance.months.is_empty() {
            tables.push(self.period_table("By month", &performance.months));
        }
        if performance.days.len() > 1 {
            let shown = performance.days.len().min(DAYS_SHOWN);
            let caption = match performance.days.len() - shown {
                0 => "By trading day".to_owned(),
                more => format!("By trading day, the last {shown}; {more} more are in the figures"),
            };
            tables.push(self.period_table(&caption, &performance.days[performance.days.len() - shown..]));
        }
        tables
    }

    fn period_table(&self, caption: &str, periods: &[Period]) -> Table {
        let row = |period: &Period| {
            let mut cells = self.earned_cells(&period.pnl);
            cells.push(known(period.return_on_capital, percent));
            cells.push(format!("{} / {}", count(period.fills_maker), count(period.fills_taker)));
            cells.push(number::money_short(period.turnover.0));
            Row { name: period.name.clone(), cells: cells.into_iter().map(minus).collect(), class: "" }
        };
        Table {
            caption: format!("{caption} ({})", self.currency),
            head: self.earned_head(&[""], &["of capital", "fills m/t", "turnover"]),
            rows: periods.iter().map(row).collect(),
            class: "",
        }
    }

    pub(crate) fn drawdown_table(&self) -> Table {
        let row = |(place, fall): (usize, &DrawdownRow)| {
            let at = |at: i64| number::moment(Nanos(at));
            let cells = vec![
                money(fall.depth.0),
                known(fall.share, percent),
                at(fall.from_at),
                at(fall.bottom_at),
                fall.recovered_at.map_or_else(|| "not yet".into(), at),
                number::span(Nanos(fall.recovered_at.unwrap_or(self.session.last_at) - fall.from_at)),
            ];
            Row { name: (place + 1).to_string(), cells: cells.into_iter().map(minus).collect(), class: "" }
        };
        let rows: Vec<Row> = self.performance.drawdowns.iter().enumerate().map(row).collect();
        let none = Row { name: "equity never fell".into(), cells: Vec::new(), class: "" };
        Table {
            caption: format!("The five deepest drawdowns ({})", self.currency),
            head: ["", "depth", "of the peak", "from", "lowest", "recovered", "took"]
                .map(String::from)
                .to_vec(),
            rows: if rows.is_empty() { vec![none] } else { rows },
            class: "",
        }
    }

    pub(crate) fn interval_table(&self) -> Table {
        let found = &self.performance.intervals;
        let row = |row: &IntervalRow| {
            let write = if row.unit.is_empty() { ratio } else { amount };
            let name =
                if row.unit.is_empty() { row.name.clone() } else { format!("{} ({})", row.name, row.unit) };
            let cells = [write(row.value), format!("{} to {}", write(row.low), write(row.high))];
            Row { name, cells: cells.map(minus).to_vec(), class: "" }
        };
        let mut rows: Vec<Row> = found.rows.iter().map(row).collect();
        if rows.is_empty() {
            rows.push(Row {
                name: "too short to say, or nothing varies".into(),
                cells: Vec::new(),
                class: "",
            });
        }
        let width = number::span(Nanos(found.width_ns));
        Table {
            caption: format!("With 95 % intervals, from {} {} of {width}", found.count, found.by),
            head: ["", "this run", "95 % of resamples"].map(String::from).to_vec(),
            rows,
            class: "",
        }
    }

    /// What daily returns say, or how many days there would have to be.
    pub(crate) fn risk_table(&self) -> Table {
        let risk = &self.performance.risk;
        let rows = if risk.days < risk.days_least {
            let few = format!("too short: {} of {} days", risk.days, risk.days_least);
            vec![("Volatility, VaR, probabilistic Sharpe".to_owned(), few)]
        } else {
            let shown = |name: &str, value: Option<f64>, write: fn(f64) -> String| {
                (name.to_owned(), known(value, write))
            };
            vec![
                ("Days".to_owned(), count(risk.days)),
                shown("Days ahead", risk.days_ahead, percent),
                shown("Best day", risk.best_day, percent),
                shown("Worst day", risk.worst_day, percent),
                shown("Volatility, annual", risk.volatility_annual, percent),
                shown("Skewness", risk.skewness, ratio),
                shown("Kurtosis (3: normal)", risk.kurtosis, ratio),
                shown("Value at risk, 95 %, a day", risk.value_at_risk_95, percent),
                shown("Expected shortfall, 95 %, a day", risk.expected_shortfall_95, percent),
                shown("Probability that Sharpe > 0", risk.probabilistic_sharpe, percent),
                shown("Days to say so with 95 %", risk.min_track_record_days, ratio),
            ]
        };
        Table::of_pairs("Of daily returns on capital", rows)
    }

    fn earned_cells(&self, pnl: &Pnl) -> Vec<String> {
        let parts = self.parts().into_iter().map(|part| (part.of)(pnl));
        std::iter::once(pnl.net.0).chain(parts).map(money).collect()
    }

    /// Names, the net and its parts, and what follows.
    fn earned_head(&self, before: &[&str], after: &[&str]) -> Vec<String> {
        let parts = self.parts().into_iter().map(|part| part.short);
        let before = before.iter().copied().chain(["net P&L"]);
        before.chain(parts).chain(after.iter().copied()).map(String::from).collect()
    }
}
