//! What a margin account must have, may buy, and may not do any more: the rules of the United States' brokers as pure
//! functions of money and days.
//!
//! | rule | where |
//! |---|---|
//! | half of what is bought (Regulation T, 12 CFR 220.12), and what must stay (FINRA 4210(c)) | [`requirement`] |
//! | pattern day traders (FINRA 4210(f)(8)(B)), until an account is switched | [`day_trading`] |
//! | intraday margin (FINRA 4210(d)(2), SR-FINRA-2025-017), from 2026-06-04 on | [`intraday`] |
//!
//! Money is exact, and every requirement is rounded up. Days are counted by the caller, who knows the calendar. Which of the
//! two regimes holds is [`Regime::on`]; control RC-16 asks these functions, and so may anything that projects an account.

pub mod day_trading;
pub mod intraday;
pub mod requirement;

/// A day, as both kinds of term count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// Business days since any fixed one.
    pub business: i32,
    /// Days since 1970-01-01.
    pub calendar: i32,
}

/// Which rules hold for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// Pattern day traders.
    DayTrading,
    /// Intraday margin.
    Intraday,
}

impl Regime {
    /// From the first calendar day of the new rules on, the new ones; `None`: the account was never switched.
    #[must_use]
    pub const fn on(day: Day, switched: Option<i32>) -> Self {
        match switched {
            Some(first) if day.calendar >= first => Self::Intraday,
            Some(_) | None => Self::DayTrading,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_switched_on_its_day() {
        // IM-8: on 2026-09-01.
        let on = |calendar| Regime::on(Day { business: 0, calendar }, Some(20_697));
        assert_eq!((on(20_696), on(20_697)), (Regime::DayTrading, Regime::Intraday));
        assert_eq!(Regime::on(Day { business: 0, calendar: i32::MAX }, None), Regime::DayTrading);
    }
}
