//! What a position of shares ties up. Never negative, always rounded up.

use types::{Money, Side};

const MILLION: i128 = 1_000_000;
const DOLLARS_FIVE: Money = Money(5 * Money::ONE.0);
const DOLLARS_TWO_AND_A_HALF: Money = Money(5 * Money::ONE.0 / 2);

/// A share of an amount in millionths, rounded up. `None` when it has more digits than money holds.
#[must_use]
pub fn share_of(amount: Money, ppm: i64) -> Option<Money> {
    let product = amount.0.checked_mul(i128::from(ppm))?;
    product.checked_add(MILLION - 1).map(|sum| Money(sum.div_euclid(MILLION)))
}

/// What must be there to open it: half of its worth, long or short, beside what a short sale brings in (Regulation T).
#[must_use]
pub fn initial(worth: Money) -> Option<Money> {
    share_of(worth.abs(), 500_000)
}

/// What must stay there (FINRA 4210(c)): of a long one a quarter; of a short one the more of 30 % and 5.00 a share, and below
/// 5.00 a share the more of all of it and 2.50 a share.
#[must_use]
pub fn maintenance(side: Side, price: Money, shares: i64) -> Option<Money> {
    let worth = Money(price.0.checked_mul(i128::from(shares))?).abs();
    let at_least = |each: Money| Some(Money(each.0.checked_mul(i128::from(shares))?.abs()));
    match side {
        Side::Buy => share_of(worth, 250_000),
        Side::Sell if price >= DOLLARS_FIVE => Some(share_of(worth, 300_000)?.max(at_least(DOLLARS_FIVE)?)),
        Side::Sell => Some(worth.max(at_least(DOLLARS_TWO_AND_A_HALF)?)),
    }
}

/// What may be bought overnight with this equity beside these initial requirements: twice what is free, never below nothing.
#[must_use]
pub fn buying_power(equity: Money, initial: Money) -> Money {
    Money(equity.0.saturating_sub(initial.0).saturating_mul(2).max(0))
}

/// What is free above what must stay: the intraday margin level. Below zero it is what must be paid in.
#[must_use]
pub const fn level(equity: Money, maintenance: Money) -> Money {
    Money(equity.0.saturating_sub(maintenance.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Side::{Buy, Sell};

    const fn dollars(amount: i128) -> Money {
        Money(amount * Money::ONE.0)
    }

    const fn cents(amount: i128) -> Money {
        Money(amount * Money::ONE.0 / 100)
    }

    #[test]
    fn rc_16_requirements_follow_the_rule_s_own_steps() {
        let check = |side, price, shares, due| {
            assert_eq!(maintenance(side, price, shares), Some(due), "{side} {price}")
        };
        check(Buy, dollars(100), 100, dollars(2_500));
        check(Sell, dollars(100), 100, dollars(3_000));
        // 30 % of 10.00 is less than 5.00; from 16.67 on it is more.
        check(Sell, dollars(10), 100, dollars(500));
        check(Sell, dollars(20), 100, dollars(600));
        check(Sell, dollars(5), 100, dollars(500));
        check(Sell, cents(499), 100, dollars(499));
        check(Sell, cents(250), 100, dollars(250));
        check(Sell, cents(100), 100, dollars(250));
        assert_eq!(maintenance(Buy, Money(i128::MAX), 2), None);
        assert_eq!(initial(dollars(-101)), Some(cents(5_050)));
        assert_eq!(share_of(Money(1), 1), Some(Money(1)), "rounded up");
        assert_eq!(share_of(Money(i128::MAX), 2), None);
    }

    #[test]
    fn rc_16_power_is_twice_what_is_free() {
        assert_eq!(buying_power(dollars(10_000), Money::ZERO), dollars(20_000));
        assert_eq!(buying_power(dollars(10_000), dollars(10_000)), Money::ZERO);
        assert_eq!(buying_power(dollars(10_000), dollars(12_000)), Money::ZERO);
        assert_eq!(level(dollars(10_000), dollars(12_500)), dollars(-2_500));
    }
}
