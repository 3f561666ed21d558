//! When to stop: the daily loss limit, the drawdown limit, and the kill switch.
//!
//! A halt latches. It does not end because the mark came back or the day did: a person releases it. Never
//! decides what a halt means for an order; `checks` does.

use serde::{Deserialize, Serialize};
use std::fmt;
use types::{Money, Nanos, TradingDays};

/// Why trading is halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Halt {
    /// A person, or the engine's own alarm, pulled the kill switch: nothing new passes.
    Killed,
    /// The day lost more than it may: only reducing orders pass.
    DailyLoss {
        /// How much it had lost when the halt began.
        loss: Money,
        /// How much it may.
        limit: Money,
    },
    /// Equity fell further from its highest than it may: only reducing orders pass.
    Drawdown {
        /// How far it had fallen when the halt began.
        fall: Money,
        /// How far it may.
        limit: Money,
    },
}

impl Halt {
    /// The control that began it, by its number in the catalogue.
    #[must_use]
    pub const fn control(&self) -> i64 {
        match self {
            Self::Killed => 32,
            Self::DailyLoss { .. } => 17,
            Self::Drawdown { .. } => 18,
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed => f.write_str("kill switch"),
            Self::DailyLoss { loss, limit } => write!(f, "loss of {loss:.2} today, limit {limit:.2}"),
            Self::Drawdown { fall, limit } => write!(f, "fall of {fall:.2} from the peak, limit {limit:.2}"),
        }
    }
}

fn nanos(limit: Option<i64>) -> Option<Money> {
    limit.map(Money::from_nanos)
}

/// What equity was, is, and may fall to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Losses {
    /// `None` when not set: then nothing opens anyway.
    daily_limit: Option<Money>,
    drawdown_limit: Option<Money>,
    days: TradingDays,
    day_ends_at: Nanos,
    /// The last one told; `None` before the first.
    equity: Option<Money>,
    /// What the day's loss is counted from: the last equity of the day before.
    baseline: Money,
    peak: Money,
    daily: Option<Halt>,
    drawdown: Option<Halt>,
}

impl Losses {
    /// Nothing lost yet. `None` where nothing is set: then nothing opens anyway.
    pub(crate) fn new(daily: Option<i64>, drawdown: Option<i64>, days: TradingDays) -> Self {
        Self {
            daily_limit: nanos(daily),
            drawdown_limit: nanos(drawdown),
            days,
            day_ends_at: Nanos::MIN,
            equity: None,
            baseline: Money::ZERO,
            peak: Money::ZERO,
            daily: None,
            drawdown: None,
        }
    }

    /// Other limits from now on. A halt stays until a person ends it.
    pub(crate) fn limit(&mut self, daily: Option<i64>, drawdown: Option<i64>) {
        (self.daily_limit, self.drawdown_limit) = (nanos(daily), nanos(drawdown));
    }

    /// What the day has lost so far; zero when it has gained.
    #[inline]
    pub(crate) fn lost_today(&self) -> Money {
        let equity = self.equity.unwrap_or(self.baseline);
        Money(self.baseline.0.saturating_sub(equity.0).max(0))
    }

    /// Says where days begin, before the first equity is told.
    pub(crate) fn keep_days(&mut self, days: TradingDays) {
        self.days = days;
    }

    /// Where days begin.
    pub(crate) const fn days(&self) -> &TradingDays {
        &self.days
    }

    #[inline]
    pub(crate) const fn knows_equity(&self) -> bool {
        self.equity.is_some()
    }

    /// The halt by the day's loss.
    #[inline]
    pub(crate) const fn daily(&self) -> Option<Halt> {
        self.daily
    }

    /// The halt by the fall from the peak.
    #[inline]
    pub(crate) const fn drawdown(&self) -> Option<Halt> {
        self.drawdown
    }

    /// The halt that lets reducing orders pass.
    #[inline]
    pub(crate) fn reduce_only(&self) -> Option<Halt> {
        self.daily.or(self.drawdown)
    }

    /// Ends every halt. A count that had halted starts again from the present equity, or it would halt again at
    /// the next mark; one that had not keeps counting, so that a release is no fresh allowance to lose.
    pub(crate) fn release(&mut self) {
        let equity = self.equity.unwrap_or(Money::ZERO);
        if self.daily.take().is_some() {
            self.baseline = equity;
        }
        if self.drawdown.take().is_some() {
            self.peak = equity;
        }
    }

    /// Hears the account's equity; answers with the halt that begins with it.
    #[inline]
    pub(crate) fn on_equity(&mut self, now: Nanos, equity: Money) -> Option<Halt> {
        let begins_day = now >= self.day_ends_at;
        match self.equity {
            None => (self.baseline, self.peak) = (equity, equity),
            // From yesterday's last, not today's first: what the night took is today's loss.
            Some(last) if begins_day => self.baseline = last,
            Some(_) => {}
        }
        if begins_day || self.equity.is_none() {
            self.day_ends_at = self.days.ends_at(now);
        }
        self.equity = Some(equity);
        self.peak = self.peak.max(equity);
        let mut begins = None;
        if let (None, Some(limit)) = (self.drawdown, self.drawdown_limit) {
            let fall = Money(self.peak.0.saturating_sub(equity.0));
            if fall > limit {
                self.drawdown = Some(Halt::Drawdown { fall, limit });
                begins = self.drawdown;
            }
        }
        if let (None, Some(limit)) = (self.daily, self.daily_limit) {
            let loss = Money(self.baseline.0.saturating_sub(equity.0));
            if loss > limit {
                self.daily = Some(Halt::DailyLoss { loss, limit });
                begins = self.daily;
            }
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    /// Tells equities (in units) at hours; writes `.` for no news, `L` for the loss halt, `D` for drawdown,
    /// and releases first where the equity has an `R`.
    fn told(daily: i64, drawdown: i64, day_starts_at_seconds: i64, path: &[(i64, i64, &str)]) -> String {
        let days = TradingDays::utc(Nanos::from_secs(day_starts_at_seconds));
        let nanos = |units: i64| Some(units * 1_000_000_000);
        let mut losses = Losses::new(nanos(daily), nanos(drawdown), days);
        let mut seen = String::new();
        for &(hour, equity, what) in path {
            if what == "R" {
                losses.release();
            }
            seen.push(match losses.on_equity(Nanos(hour * HOUR), Money::ONE * equity) {
                None => '.',
                Some(Halt::DailyLoss { .. }) => 'L',
                Some(Halt::Drawdown { .. }) => 'D',
                Some(Halt::Killed) => 'K',
            });
        }
        seen
    }

    #[test]
    fn the_limit_itself_is_allowed_and_one_beyond_it_halts_once() {
        type Path<'a> = &'a [(i64, i64, &'a str)];
        let cases: [(i64, i64, Path, &str); 8] = [
            (100, 900, &[(0, 0, ""), (1, -100, ""), (2, -101, ""), (3, -200, "")], "..L."),
            // Counted from the first equity told, not from zero.
            (100, 900, &[(0, 5_000, ""), (1, 4_900, ""), (2, 4_899, "")], "..L"),
            // A new day counts from the last equity of the old one.
            (100, 900, &[(0, 0, ""), (23, -90, ""), (24, -190, ""), (25, -191, "")], "...L"),
            // The night's jump is the new day's loss.
            (100, 900, &[(0, 0, ""), (23, -90, ""), (24, -191, "")], "..L"),
            // A clock that steps back does not start a day.
            (100, 900, &[(24, 0, ""), (23, -60, ""), (24, -101, "")], "..L"),
            // Drawdown counts from the highest, over days.
            (900, 100, &[(0, 0, ""), (1, 50, ""), (30, -50, ""), (31, -51, "")], "...D"),
            // Both at once: the daily loss is the one that is named.
            (100, 100, &[(0, 0, ""), (1, -101, "")], ".L"),
            // Released: counted from there; without a halt a release changes no count.
            (100, 900, &[(0, 0, ""), (1, -101, ""), (2, -201, "R"), (3, -202, "")], ".L.L"),
        ];
        for (daily, drawdown, path, expected) in cases {
            assert_eq!(told(daily, drawdown, 0, path), expected, "{path:?}");
        }
        let released_in_vain: &[_] = &[(0, 0, ""), (1, -60, ""), (2, -60, "R"), (3, -101, "")];
        assert_eq!(told(100, 900, 0, released_in_vain), "...L");
    }

    #[test]
    fn the_day_starts_when_configured() {
        let path = [(20, 0, ""), (21, -80, ""), (22, -150, ""), (25, -180, ""), (26, -181, "")];
        // A day from 22:00: counted from -80, and midnight is nothing.
        assert_eq!(told(100, 900, 22 * 3_600, &path), "....L");
        // A day from midnight: counted from 0.
        assert_eq!(told(100, 900, 0, &path), "..L..");
    }

    #[test]
    fn the_days_are_those_that_are_listed() {
        let at = |hour: i64| Nanos(hour * HOUR);
        let day = |day| types::TradingDay::since_epoch(day);
        // Friday's day begins on Thursday evening, Monday's on Sunday evening: the weekend is Friday's.
        let days = TradingDays::listed(vec![(at(-1), day(1)), (at(71), day(4))]);
        let told = |days: TradingDays| {
            let mut losses =
                Losses::new(Some(100_000_000_000), Some(900_000_000_000), TradingDays::default());
            losses.keep_days(days);
            let path = [(10, 0), (20, -60), (40, -101), (71, -150), (80, -201), (81, -202)];
            let halts = path.map(|(hour, equity)| losses.on_equity(at(hour), Money::ONE * equity).is_some());
            (halts.map(u8::from), losses.reduce_only().is_some())
        };
        assert_eq!(told(days), ([0, 0, 1, 0, 0, 0], true));
        // By UTC the third is of a new day, and so is the fifth.
        assert_eq!(told(TradingDays::default()), ([0, 0, 0, 0, 0, 0], false));
    }

    #[test]
    fn the_ends_of_the_number_line_are_equities_too() {
        let mut losses = Losses::new(Some(i64::MAX), Some(0), TradingDays::default());
        assert_eq!(losses.on_equity(Nanos::MIN, Money(i128::MAX)), None);
        let halt = losses.on_equity(Nanos::MAX, Money(i128::MIN));
        assert!(matches!(halt, Some(Halt::DailyLoss { .. })), "{halt:?}");
        assert!(losses.reduce_only().is_some());
    }
}
