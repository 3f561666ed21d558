//! Where the P&L came from, in parts that add up to it exactly.
//!
//! ```text
//! spread captured    Σ (mid at the fill - price) × signed size
//! adverse selection  Σ (mid a horizon later - mid at the fill) × signed size
//! fees               - Σ fees
//! funding            Σ what perpetuals paid us, less what we paid
//! borrow             Σ what lending paid us, less what borrowing cost
//! currency           Σ what foreign balances gained by their rates
//! inventory          what is left: the mid's moves after the horizon, on whatever was held
//! ```
//!
//! The mid at the fill is the last one before the venue's time of the fill; a fill too near the session's end is
//! measured to its last mid. Sums are integers of twice the amount, because a mid may be half a tick.

use crate::mids::Mid;
use types::{Instrument, Lots, Money, Ticks};

/// The sums of one instrument, or of several in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    twice_spread: Money,
    twice_adverse: Money,
}

/// The parts that are booked and not measured. Positive when received, negative when paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// Fees as they touch the P&L: negative when paid.
    pub fees: Money,
    /// Of perpetuals.
    pub funding: Money,
    /// For what was sold short, or for the money of a long.
    pub borrow: Money,
    /// The revaluation of foreign balances.
    pub currency: Money,
}

/// The parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Earned by trading away from the mid; negative when we crossed the spread.
    pub spread: Money,
    /// How the mid moved within the horizon after our fills; usually negative for a maker.
    pub adverse: Money,
    /// What was booked.
    pub booked: Booked,
    /// The rest.
    pub inventory: Money,
}

impl Booked {
    /// Its sum.
    #[must_use]
    pub fn sum(&self) -> Money {
        self.fees + self.funding + self.borrow + self.currency
    }
}

impl std::ops::AddAssign for Booked {
    fn add_assign(&mut self, other: Self) {
        self.fees += other.fees;
        self.funding += other.funding;
        self.borrow += other.borrow;
        self.currency += other.currency;
    }
}

impl Attribution {
    /// Adds a fill's part at its own moment. Without a mid there is no spread to speak of.
    pub fn on_fill(&mut self, instrument: &Instrument, price: Ticks, signed: Lots, at_fill: Option<Mid>) {
        if let Some(mid) = at_fill {
            let paid = instrument.value(price, signed);
            self.twice_spread += mid.twice_value(instrument, signed) - paid - paid;
        }
    }

    /// Adds a fill's part at the horizon. Without a mid at the fill, its price stands for it.
    pub fn on_horizon(
        &mut self,
        instrument: &Instrument,
        price: Ticks,
        signed: Lots,
        at_fill: Option<Mid>,
        later: Option<Mid>,
    ) {
        let Some(later) = later else { return };
        let start = at_fill.unwrap_or(Mid { bid: price, ask: price });
        self.twice_adverse += later.twice_value(instrument, signed) - start.twice_value(instrument, signed);
    }

    /// What came since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            twice_spread: self.twice_spread - before.twice_spread,
            twice_adverse: self.twice_adverse - before.twice_adverse,
        }
    }

    /// The same in another currency, of which one unit is worth `rate`.
    #[must_use]
    pub fn at_rate(&self, rate: Money) -> Self {
        Self {
            twice_spread: self.twice_spread.at_rate(rate),
            twice_adverse: self.twice_adverse.at_rate(rate),
        }
    }

    /// Takes in another instrument of the same currency.
    pub fn absorb(&mut self, other: &Self) {
        self.twice_spread += other.twice_spread;
        self.twice_adverse += other.twice_adverse;
    }

    /// Splits `net`, of which `booked` is known, into its parts. Half of 10⁻¹² goes to inventory.
    #[must_use]
    pub fn split(&self, net: Money, booked: Booked) -> Split {
        let spread = Money(self.twice_spread.0.div_euclid(2));
        let adverse = Money(self.twice_adverse.0.div_euclid(2));
        Split { spread, adverse, booked, inventory: net - spread - adverse - booked.sum() }
    }
}

impl Split {
    /// The sum of the parts: the net P&L.
    #[must_use]
    pub fn net(&self) -> Money {
        self.spread + self.adverse + self.booked.sum() + self.inventory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::instrument;
    use types::Contract;

    const fn mid(bid: i64, ask: i64) -> Option<Mid> {
        Some(Mid { bid: Ticks(bid), ask: Ticks(ask) })
    }

    #[test]
    fn a_round_trip_is_split_as_on_paper() {
        // A tick is worth 12.50. Buy 2 at 100 (mid 100.5), the mid goes to 99.5; sell 2 at 104 (mid 103.5), the mid
        // stays. Fees 1.00 a fill. Gross 2 × 4 ticks = 100.00, net 98.00.
        let es = instrument(0, "ESZ6", Contract::Linear);
        let mut sums = Attribution::default();
        sums.on_fill(&es, Ticks(100), Lots(2), mid(100, 101));
        sums.on_horizon(&es, Ticks(100), Lots(2), mid(100, 101), mid(99, 100));
        sums.on_fill(&es, Ticks(104), Lots(-2), mid(103, 104));
        sums.on_horizon(&es, Ticks(104), Lots(-2), mid(103, 104), mid(103, 104));
        let split = sums.split(Money::ONE * 98, Booked { fees: -Money::ONE * 2, ..Booked::default() });
        let shown = [split.spread, split.adverse, split.booked.fees, split.inventory].map(|m| m.to_string());
        // Spread: half a tick of 2, twice. Adverse: a tick of 2, once. The rest: from 99.5 to 103.5 on 2.
        assert_eq!(shown, ["25", "-25", "-2", "100"]);
        assert_eq!(split.net(), Money::ONE * 98);
    }

    #[test]
    fn the_parts_add_up_to_the_last_digit_even_without_a_mid() {
        let coin = instrument(0, "BTCUSD", Contract::Inverse);
        let mut chance = stdx::Prng::new(11);
        let mut sums = Attribution::default();
        for _ in 0..1_000 {
            let price = chance.between(500_000, 600_000);
            let signed = Lots(chance.between(-9, 9));
            let at =
                |chance: &mut stdx::Prng| chance.chance(0.9).then(|| mid(price - 3, price + 4)).flatten();
            let (start, later) = (at(&mut chance), at(&mut chance));
            sums.on_fill(&coin, Ticks(price), signed, start);
            sums.on_horizon(&coin, Ticks(price), signed, start, later);
        }
        let net = Money(-123_456_789_012_345);
        let [fees, funding, borrow, currency] = [-777, 1_000_003, -19, 5].map(Money);
        let split = sums.split(net, Booked { fees, funding, borrow, currency });
        assert_eq!(split.net(), net);
        let parts = [split.spread, split.adverse, fees, funding, borrow, currency, split.inventory];
        assert_eq!(parts.into_iter().sum::<Money>(), net);
    }
}
