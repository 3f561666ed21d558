//! What one currency is worth in another: the account's.
//!
//! A worth is rounded down to a whole 10⁻¹², in doubt against us. Never guesses a rate: until one is known, a balance is
//! worth nothing, and risk lets no order through that could make one.

use serde::{Deserialize, Serialize};
use types::{Instrument, InstrumentId, Money, Ticks};

/// Where a currency's rate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rate {
    /// One unit is worth this much of the account's currency.
    Fixed(Money),
    /// The mean of an instrument's best bid and ask.
    Mid {
        /// Which.
        instrument: InstrumentId,
        /// Whether it says how many units one of the other is worth, and not the other way round.
        inverse: bool,
        /// What one unit of the currency it is priced in is worth in the account's.
        times: Money,
    },
}

/// What the account counts in, and which fees depend on what it trades.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountTerms {
    /// Empty: the first instrument's.
    pub currency: String,
    /// By currency.
    pub rates: Vec<(String, Rate)>,
    /// By venue.
    pub tiers: Vec<crate::tiers::TierTerms>,
}

/// One currency's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Which.
    pub currency: String,
    /// Everything earned in it.
    pub equity: Money,
    /// What one unit is worth in the account's currency; `None` while that is not known.
    pub rate: Option<Money>,
    /// What it is all worth there.
    pub worth: Money,
    /// What of that came from changes of the rate.
    pub revalued: Money,
}

/// The rate that a touch says. `None` when it says none: a price of zero or below has no inverse.
pub(crate) fn rate_of(
    instrument: &Instrument,
    (bid, ask): (Ticks, Ticks),
    inverse: bool,
    times: Money,
) -> Option<Money> {
    // Half ticks × nanos of a tick are 2·10⁻⁹ of a unit; money is 10⁻¹².
    let mid = (i128::from(bid.0) + i128::from(ask.0))
        .checked_mul(i128::from(instrument.terms().tick_nanos) * 500)?;
    let rate = match inverse {
        false => mid,
        true if mid > 0 => Money::ONE.0 * Money::ONE.0 / mid,
        true => return None,
    };
    (rate > 0).then(|| Money(rate).at_rate(times))
}
