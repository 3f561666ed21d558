//! Pattern day traders: who is one, and what that costs (FINRA 4210(f)(8)(B), in force for an account until it is switched to
//! intraday margin, at the latest on 2027-10-20).

use super::Day;
use types::{Lots, Money, Side};

/// Business days that are looked at together.
const WINDOW: usize = 5;
/// Day trades in them that make a pattern …
const TRADES_MIN: u32 = 4;
/// … unless they are no more than this per cent of all trades in them.
const PER_CENT: u32 = 6;
/// What a pattern day trader must have.
const EQUITY_MIN: Money = Money(25_000 * Money::ONE.0);
/// Business days to meet a call.
const CALL_DAYS: i32 = 5;
/// Calendar days of cash only after a call that was not met.
const CASH_ONLY_DAYS: i32 = 90;

/// One security's day: tells which trades are day trades.
///
/// An opening trade arms the day; the next trade the other way that closes is a day trade and disarms it. What was held
/// overnight and is closed before anything was opened is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Security {
    position: Lots,
    opened: Option<Side>,
}

impl Security {
    /// At the start of a day.
    #[must_use]
    pub const fn holding(position: Lots) -> Self {
        Self { position, opened: None }
    }

    /// A trade; whether it is a day trade.
    pub fn on_trade(&mut self, side: Side, size: Lots) -> bool {
        let before = self.position.0 * side.sign();
        let after = before + size.0;
        self.position = Lots(after * side.sign());
        let is_day_trade = before < 0 && self.opened == Some(!side);
        if is_day_trade {
            self.opened = None;
        }
        if after > 0 {
            self.opened = Some(side);
        }
        is_day_trade
    }
}

/// An account's last five business days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Trades and day trades of each, by business day modulo five.
    days: [(u32, u32); WINDOW],
    today: i32,
}

impl Pattern {
    /// Nothing traded yet.
    #[must_use]
    pub const fn new(today: Day) -> Self {
        Self { days: [(0, 0); WINDOW], today: today.business }
    }

    /// A trade of today. What is dated before the last one counts as of today.
    pub fn on_trade(&mut self, day: Day, is_day_trade: bool) {
        for business in self.today.saturating_add(1)..=day.business.min(self.today.saturating_add(5)) {
            self.days[place(business)] = (0, 0);
        }
        self.today = self.today.max(day.business);
        let (trades, day_trades) = &mut self.days[place(self.today)];
        *trades = trades.saturating_add(1);
        *day_trades = day_trades.saturating_add(u32::from(is_day_trade));
    }

    /// Whether these days make a pattern day trader. The mark stays on the account until the broker takes it off: keep it.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        let sum = |of: fn(&(u32, u32)) -> u32| self.days.iter().map(of).fold(0_u32, u32::saturating_add);
        let (trades, day_trades) = (sum(|day| day.0), sum(|day| day.1));
        day_trades >= TRADES_MIN && u64::from(day_trades) * 100 > u64::from(trades) * u64::from(PER_CENT)
    }
}

fn place(business: i32) -> usize {
    business.rem_euclid(5).unsigned_abs() as usize
}

/// How a day-trade call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// There is none.
    None,
    /// Made on this day, not met yet.
    Since(Day),
}

/// What may be bought within the day by a pattern day trader, in the price of shares.
///
/// Four times yesterday's equity above what must stay; twice while a call is out; the cash alone for ninety calendar days from
/// the sixth business day of a call that nobody met; nothing below 25,000.
#[must_use]
pub fn buying_power(
    equity_at_close: Money,
    maintenance: Money,
    cash: Money,
    call: Call,
    today: Day,
) -> Money {
    if equity_at_close < EQUITY_MIN {
        return Money::ZERO;
    }
    let free = equity_at_close.0.saturating_sub(maintenance.0).max(0);
    Money(match call {
        Call::None => free.saturating_mul(4),
        Call::Since(day) if today.business - day.business <= CALL_DAYS => free.saturating_mul(2),
        Call::Since(day) if today.calendar - day.calendar <= CASH_ONLY_DAYS + CALL_DAYS => cash.0.max(0),
        Call::Since(_) => free.saturating_mul(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Side::{Buy, Sell};

    const fn dollars(amount: i128) -> Money {
        Money(amount * Money::ONE.0)
    }

    const fn day(business: i32) -> Day {
        Day { business, calendar: business / 5 * 7 + business % 5 }
    }

    /// So many day trades among so many trades, over five days in order.
    fn week(trades: u32, day_trades: u32) -> Pattern {
        let mut pattern = Pattern::new(day(10));
        for n in 0..trades {
            pattern.on_trade(day(10 + (n * 5 / trades).cast_signed()), n % 2 == 0 && n / 2 < day_trades);
        }
        pattern
    }

    #[test]
    fn rc_16_four_in_five_days_are_a_pattern() {
        // PD-1, PD-2, PD-3.
        assert!(!week(10, 3).is_pattern());
        assert!(week(50, 4).is_pattern());
        assert!(!week(100, 4).is_pattern());
        // 6 % exactly are none.
        assert!(!week(100, 6).is_pattern());
        assert!(week(100, 7).is_pattern());
    }

    #[test]
    fn rc_16_the_sixth_day_is_another_window() {
        let mut pattern = Pattern::new(day(0));
        for business in 0..4 {
            pattern.on_trade(day(business), true);
        }
        assert!(pattern.is_pattern());
        pattern.on_trade(day(4), false);
        assert!(pattern.is_pattern());
        pattern.on_trade(day(5), false);
        assert!(!pattern.is_pattern(), "three day trades are left");
        pattern.on_trade(day(5), true);
        assert!(pattern.is_pattern());
        pattern.on_trade(day(50), true);
        assert!(!pattern.is_pattern());
        pattern.on_trade(day(3), true);
        assert_eq!(pattern.days[place(50)], (2, 2), "a date before today's is today");
    }

    #[test]
    fn rc_16_what_is_opened_and_closed_within_a_day_is_a_day_trade() {
        let check = |held: i64, trades: &[(Side, i64)], due: &[bool]| {
            let mut security = Security::holding(Lots(held));
            let seen: Vec<bool> =
                trades.iter().map(|(side, size)| security.on_trade(*side, Lots(*size))).collect();
            assert_eq!(seen, due, "{held} {trades:?}");
        };
        check(0, &[(Buy, 100), (Sell, 100)], &[false, true]);
        check(0, &[(Sell, 100), (Buy, 100)], &[false, true]);
        // Closed in parts: once.
        check(0, &[(Buy, 100), (Sell, 50), (Sell, 50)], &[false, true, false]);
        check(0, &[(Buy, 50), (Buy, 50), (Sell, 100)], &[false, false, true]);
        check(0, &[(Buy, 50), (Sell, 50), (Buy, 50), (Sell, 50)], &[false, true, false, true]);
        // PD-5: held overnight, sold before a new purchase; and after one.
        check(100, &[(Sell, 100)], &[false]);
        check(100, &[(Sell, 100), (Buy, 50)], &[false, false]);
        check(100, &[(Buy, 50), (Sell, 50)], &[false, true]);
        // Through zero: the rest opens.
        check(0, &[(Buy, 50), (Sell, 100), (Buy, 50)], &[false, true, true]);
    }

    #[test]
    fn rc_16_power_is_four_times_two_times_or_cash() {
        let check = |equity, maintenance, call, today, due| {
            let seen = buying_power(dollars(equity), dollars(maintenance), dollars(7_000), call, today);
            assert_eq!(seen, dollars(due), "{equity} {call:?} {today:?}");
        };
        // PD-4; and PD-2's account below 25,000.
        check(30_000, 0, Call::None, day(0), 120_000);
        check(30_000, 10_000, Call::None, day(0), 80_000);
        check(30_000, 40_000, Call::None, day(0), 0);
        check(25_000, 0, Call::None, day(0), 100_000);
        check(24_999, 0, Call::None, day(0), 0);
        let call = Call::Since(day(0));
        check(30_000, 0, call, day(5), 60_000);
        check(30_000, 0, call, day(6), 7_000);
        check(30_000, 0, call, Day { business: 60, calendar: 95 }, 7_000);
        check(30_000, 0, call, Day { business: 60, calendar: 96 }, 60_000);
    }
}
