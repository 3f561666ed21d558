//! How much: contracts, or, since schema 12, amounts of a currency.
//!
//! The templates whose names end in `LongQty` (64 to 69) count in the pair's base currency, 64 bits wide, where all
//! others count contracts. One unit of currency is a lot then, and a lot is worth what its definition says.

use crate::{Listing, Step};
use types::Lots;

/// One unit, in the nanos of the directory.
const UNIT_NANOS: u64 = 1_000_000_000;

/// A size off the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// Contracts.
    Contracts(i32),
    /// Units of the base currency.
    Currency(u64),
}

impl Amount {
    /// Of what is taken back, and may come without its size.
    pub(crate) const NOTHING: Self = Self::Contracts(0);

    /// In lots; `None` when it is negative, beyond us, or no whole number of lots.
    #[inline]
    pub(crate) fn lots(self, listing: &Listing) -> Option<Lots> {
        match self {
            Self::Contracts(contracts) => super::reading::lots(listing, Some(contracts)),
            Self::Currency(units) => in_lots(units, listing.size),
        }
    }
}

/// A day's volume in nanos of a unit is more than 64 bits hold.
fn in_lots(units: u64, lot: Step) -> Option<Lots> {
    let lot = u64::try_from(lot.nanos()).ok()?;
    let count = if lot.is_multiple_of(UNIT_NANOS) {
        let whole = lot / UNIT_NANOS;
        units.is_multiple_of(whole).then_some(u128::from(units / whole))?
    } else {
        let nanos = u128::from(units) * u128::from(UNIT_NANOS);
        nanos.is_multiple_of(u128::from(lot)).then_some(nanos / u128::from(lot))?
    };
    i64::try_from(count).ok().map(Lots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_lots_or_nothing() {
        let cases = [
            (0, 1_000_000_000, Some(0)),
            (5_000_000, 1_000_000_000, Some(5_000_000)),
            // Beyond what 64 bits of nanos hold.
            (900_000_000_000_000, 1_000_000_000, Some(900_000_000_000_000)),
            (5_000_000, 100_000_000_000_000, Some(50)),
            (5_050_000, 100_000_000_000_000, None),
            (3, 500_000_000, Some(6)),
            (3, 7, None),
            (9_000_000_000, 1, Some(9_000_000_000_000_000_000)),
            (10_000_000_000, 1, None),
            (u64::MAX, 1_000_000_000, None),
        ];
        for (units, lot, due) in cases {
            assert_eq!(in_lots(units, Step::new(lot)), due.map(Lots), "{units} of {lot}");
        }
    }
}
