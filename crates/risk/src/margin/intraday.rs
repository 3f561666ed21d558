//! Intraday margin (FINRA 4210(a)(17)-(19), (d)(2) and (g)(1), SR-FINRA-2025-017, from 2026-06-04 on): no day trades are
//! counted; a transaction that leaves less than what must stay makes a deficit, which must be met.

use super::Day;
use types::Money;

/// A deficit is forgotten at the close of this business day.
const EXPIRES: i32 = 15;
/// Not met by the close of this one, it freezes an account that makes a practice of it.
const FREEZES: i32 = 5;
/// For so many calendar days.
const FROZEN_DAYS: i32 = 90;
/// Deficits that are outstanding at once: one a day, and each for at most so many.
const DEFICITS: usize = EXPIRES as usize + 1;
const SMALL: Money = Money(1_000 * Money::ONE.0);
const SMALL_PART: i128 = 20;

/// Whether a deficit is too small to count as a practice: at most 1,000, and at most 5 % of the equity.
#[must_use]
pub const fn is_small(deficit: Money, equity: Money) -> bool {
    deficit.0 <= SMALL.0 && deficit.0.saturating_mul(SMALL_PART) <= equity.0
}

/// The largest deficit of transactions whose order nobody can show: what lowers the level first, then what raises it.
#[must_use]
pub fn deficit_unordered(level: Money, changes: &[Money]) -> Money {
    let lowered = changes
        .iter()
        .filter(|change| change.0 < 0)
        .fold(level.0, |sum, change| sum.saturating_add(change.0));
    let is_lowered = changes.iter().any(|change| change.0 < 0);
    Money(if is_lowered { lowered.saturating_neg().max(0) } else { 0 })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deficit {
    day: Day,
    left: Money,
    is_small: bool,
}

/// One account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intraday {
    /// The largest deficit of today.
    today: Money,
    deficits: [Option<Deficit>; DEFICITS],
    /// The broker has found that this account makes a practice of not paying promptly.
    practice: bool,
    /// The last calendar day of a freeze.
    frozen: Option<i32>,
}

impl Default for Intraday {
    fn default() -> Self {
        Self { today: Money::ZERO, deficits: [None; DEFICITS], practice: false, frozen: None }
    }
}

impl Intraday {
    /// The broker's finding, either way.
    pub const fn set_practice(&mut self, practice: bool) {
        self.practice = practice;
    }

    /// A purchase, a sale or a withdrawal moved the level. Only what lowers it can make a deficit: a market that falls makes
    /// none.
    pub fn on_transaction(&mut self, level_before: Money, level_after: Money) {
        if level_after < level_before {
            self.today = self.today.max(Money(level_after.0.saturating_neg()));
        }
    }

    /// The day closes: its deficit is due, old ones freeze the account or are forgotten.
    pub fn on_close(&mut self, day: Day, equity: Money) {
        if self.today > Money::ZERO {
            let deficit = Deficit { day, left: self.today, is_small: is_small(self.today, equity) };
            match self.deficits.iter_mut().find(|place| place.is_none()) {
                Some(place) => *place = Some(deficit),
                // More than one a day cannot be: the caller closed a day twice. The freeze is what is left to say.
                None => self.frozen = Some(day.calendar.saturating_add(FROZEN_DAYS)),
            }
            self.today = Money::ZERO;
        }
        for place in &mut self.deficits {
            let Some(deficit) = *place else { continue };
            let age = day.business - deficit.day.business;
            if age >= FREEZES && self.practice && !deficit.is_small && self.frozen.is_none() {
                self.frozen = Some(day.calendar.saturating_add(FROZEN_DAYS));
            }
            if age >= EXPIRES {
                *place = None;
            }
        }
    }

    /// Money came in, or what holds the level down was closed: the oldest deficit is met first. With the last one met a
    /// freeze ends.
    pub fn on_satisfied(&mut self, amount: Money) {
        let mut left = amount.0.max(0);
        let mut order: [usize; DEFICITS] = std::array::from_fn(|at| at);
        order.sort_unstable_by_key(|at| self.deficits[*at].map_or(i32::MAX, |deficit| deficit.day.business));
        for at in order {
            let Some(deficit) = &mut self.deficits[at] else { continue };
            let paid = left.min(deficit.left.0);
            left -= paid;
            deficit.left = Money(deficit.left.0 - paid);
            if deficit.left <= Money::ZERO {
                self.deficits[at] = None;
            }
        }
        if self.outstanding() <= Money::ZERO {
            self.frozen = None;
        }
    }

    /// What is due.
    #[must_use]
    pub fn outstanding(&self) -> Money {
        self.deficits.iter().flatten().map(|deficit| deficit.left).sum()
    }

    /// Whether the account may only reduce what it has.
    #[must_use]
    pub fn is_frozen(&self, day: Day) -> bool {
        self.frozen.is_some_and(|last| day.calendar <= last)
    }
}

#[cfg(test)]
mod tests {
    use super::super::requirement::{level, share_of};
    use super::*;

    const fn dollars(amount: i128) -> Money {
        Money(amount * Money::ONE.0)
    }

    const fn day(business: i32) -> Day {
        Day { business, calendar: business }
    }

    /// An account of 10,000 that holds so much stock at a quarter.
    fn iml(stock: i128, equity: i128) -> Money {
        level(dollars(equity), share_of(dollars(stock), 250_000).expect("small"))
    }

    #[test]
    fn rc_16_a_deficit_is_the_lowest_level_a_transaction_left() {
        // IM-1: buys 30,000 and 20,000, sells 20,000.
        let mut account = Intraday::default();
        let path = [iml(0, 10_000), iml(30_000, 10_000), iml(50_000, 10_000), iml(30_000, 10_000)];
        assert_eq!(path[1..], [dollars(2_500), dollars(-2_500), dollars(2_500)]);
        path.windows(2).for_each(|pair| account.on_transaction(pair[0], pair[1]));
        account.on_close(day(0), dollars(10_000));
        assert_eq!(account.outstanding(), dollars(2_500));
    }

    #[test]
    fn rc_16_a_falling_market_makes_no_deficit() {
        // IM-2: 30,000 of stock loses a fifth; nothing is traded then.
        let mut account = Intraday::default();
        account.on_transaction(iml(0, 10_000), iml(30_000, 10_000));
        assert!(iml(24_000, 4_000) < Money::ZERO);
        account.on_close(day(0), dollars(4_000));
        assert_eq!(account.outstanding(), Money::ZERO);
        // Selling then raises the level, and makes none either, though it is still below zero.
        account.on_transaction(iml(24_000, 4_000), iml(20_000, 4_000));
        account.on_close(day(1), dollars(4_000));
        assert_eq!(account.outstanding(), Money::ZERO);
    }

    #[test]
    fn rc_16_small_deficits_are_no_practice() {
        // IM-3, IM-4.
        let check = |deficit, equity, due| assert_eq!(is_small(dollars(deficit), dollars(equity)), due);
        check(400, 10_000, true);
        check(500, 10_000, true);
        check(501, 10_000, false);
        check(1_200, 50_000, false);
        check(1_000, 50_000, true);
        check(1_001, 50_000, false);
    }

    fn in_deficit(practice: bool, deficit: i128) -> Intraday {
        let mut account = Intraday::default();
        account.set_practice(practice);
        account.on_transaction(dollars(100), dollars(-deficit));
        account.on_close(day(0), dollars(10_000));
        account
    }

    #[test]
    fn rc_16_what_is_not_met_freezes_and_is_forgotten() {
        // IM-5.
        let mut account = in_deficit(true, 2_500);
        account.on_close(day(4), dollars(10_000));
        assert!(!account.is_frozen(day(4)));
        account.on_close(day(5), dollars(10_000));
        assert!(account.is_frozen(day(6)) && account.is_frozen(day(95)) && !account.is_frozen(day(96)));
        account.on_satisfied(dollars(2_499));
        assert!(account.is_frozen(day(6)));
        account.on_satisfied(dollars(1));
        assert!(!account.is_frozen(day(6)) && account.outstanding() == Money::ZERO);
        // Without a practice, and too small to be one.
        for mut account in [in_deficit(false, 2_500), in_deficit(true, 400)] {
            account.on_close(day(5), dollars(10_000));
            assert!(!account.is_frozen(day(6)));
            // IM-6.
            account.on_close(day(14), dollars(10_000));
            assert!(account.outstanding() > Money::ZERO);
            account.on_close(day(15), dollars(10_000));
            assert_eq!(account.outstanding(), Money::ZERO);
        }
    }

    #[test]
    fn rc_16_without_an_order_the_worst_one_counts() {
        // IM-7: sells A for 20,000 and buys B for 20,000 in one second, 2,500 free.
        let change = share_of(dollars(20_000), 250_000).expect("small");
        let seen = deficit_unordered(dollars(2_500), &[change, -change]);
        assert_eq!(seen, dollars(2_500));
        assert_eq!(deficit_unordered(dollars(-10), &[change]), Money::ZERO, "nothing lowered it");
        assert_eq!(deficit_unordered(dollars(6_000), &[change, -change]), Money::ZERO);
    }

    #[test]
    fn rc_16_the_oldest_deficit_is_met_first() {
        let mut account = in_deficit(false, 1_000);
        account.on_transaction(dollars(0), dollars(-300));
        account.on_transaction(dollars(-300), dollars(-200));
        account.on_close(day(1), dollars(10_000));
        assert_eq!(account.outstanding(), dollars(1_300));
        account.on_satisfied(dollars(1_100));
        assert_eq!(account.outstanding(), dollars(200));
        // The first is gone: what is left is a day younger.
        account.on_close(day(15), dollars(10_000));
        assert_eq!(account.outstanding(), dollars(200));
        account.on_close(day(16), dollars(10_000));
        assert_eq!(account.outstanding(), Money::ZERO);
    }
}
