//! Trades that the venue took back, by its number for them.
//!
//! A bust names a trade before it in the stream; the right one may follow under the same number and at the same time, and
//! numbers are used again on other days. Where a bust tells a price it must be the trade's.

use crate::stamps::BEHIND;
use std::collections::BTreeMap;
use types::{InstrumentId, Nanos, Ticks, Trade};

/// Where in the stream and when a trade was taken back, and its price where that is told.
#[derive(Clone, Copy, Debug)]
struct Bust {
    place: u64,
    at: Nanos,
    price: Option<Ticks>,
}

/// Busts of a stream of events.
#[derive(Debug, Default)]
pub(super) struct Busts(BTreeMap<(InstrumentId, u64), Vec<Bust>>);

impl Busts {
    /// The bust at this place of the stream.
    pub(super) fn note(&mut self, place: u64, bust: &Trade) {
        let price = (!bust.size.is_zero()).then_some(bust.price);
        let named = self.0.entry((bust.instrument, bust.id)).or_default();
        named.push(Bust { place, at: bust.venue_at, price });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the trade at this place was taken back later.
    pub(super) fn take_back(&self, place: u64, trade: &Trade) -> bool {
        if self.0.is_empty() || trade.id == 0 {
            return false;
        }
        let busts = self.0.get(&(trade.instrument, trade.id));
        let names = |bust: &Bust| {
            place < bust.place
                && (bust.at - trade.venue_at).0.abs() <= BEHIND.0
                && bust.price.is_none_or(|price| price == trade.price)
        };
        busts.is_some_and(|busts| busts.iter().any(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Flags, Lots};

    fn trade(at: i64, id: u64, price: i64, size: i64) -> Trade {
        Trade {
            venue_at: Nanos::from_secs(at),
            price: Ticks(price),
            size: Lots(size),
            id,
            instrument: InstrumentId(0),
            price_fraction: 0,
            aggressor: None,
            flags: Flags::NONE,
        }
    }

    #[test]
    fn a_bust_names_the_trade_before_it_of_the_same_day() {
        let mut busts = Busts::default();
        busts.note(10, &trade(1_000, 7, 0, 0));
        busts.note(11, &trade(1_000, 8, 50, 2));
        let cases = [
            ("named by number", 3, trade(900, 7, 50, 2), true),
            ("behind the bust", 12, trade(1_000, 7, 50, 2), false),
            ("of another week", 3, trade(1_000 - 200_000, 7, 50, 2), false),
            ("another number", 3, trade(900, 9, 50, 2), false),
            ("another price", 3, trade(900, 8, 51, 2), false),
            ("its price", 3, trade(900, 8, 50, 1), true),
            ("without a number", 3, trade(900, 0, 50, 2), false),
            (
                "of another instrument",
                3,
                Trade { instrument: InstrumentId(1), ..trade(900, 7, 50, 2) },
                false,
            ),
        ];
        for (why, place, trade, expected) in cases {
            assert_eq!(busts.take_back(place, &trade), expected, "{why}");
        }
    }
}
