//! Instrument definitions: the step of the price, and what a price unit of one contract is worth.

use super::layout::{read_price, read_text};
use crate::Definition;
use stdx::decimal::ONE;
use types::{Contract, Depths};

/// Where a version keeps what we read.
struct Places {
    unit_of_measure: usize,
    tick_amount: usize,
    currency: usize,
    symbol: usize,
    symbol_room: usize,
}

/// The same in every version.
const TICK: usize = 24;
const DISPLAY_FACTOR: usize = 32;

const fn places(version: u8) -> Places {
    let (unit_of_measure, tick_amount, currency, symbol, symbol_room) = match version {
        1 => (88, 96, 186, 200, 22),
        2 => (88, 96, 186, 200, 71),
        _ => (80, 88, 224, 238, 71),
    };
    Places { unit_of_measure, tick_amount, currency, symbol, symbol_room }
}

/// The venue's own symbol.
pub(super) fn symbol(record: &[u8], version: u8) -> String {
    let places = places(version);
    read_text(record, places.symbol, places.symbol_room)
}

/// The definition; `None` when it leaves the step or the worth open (spreads, options with variable ticks,
/// shares of some venues): then nothing is said rather than something guessed.
pub(super) fn read(record: &[u8], version: u8, venue: &str, symbol: String) -> Option<Definition> {
    let places = places(version);
    let positive = |at| read_price(record, at).filter(|&value| value > 0);
    let tick_nanos = positive(TICK)?;
    let multiplier_nanos = by_tick_amount(positive(places.tick_amount), positive(DISPLAY_FACTOR), tick_nanos)
        .or_else(|| positive(places.unit_of_measure))?;
    let currency = [places.currency, places.currency + 4]
        .map(|at| read_text(record, at, 4))
        .into_iter()
        .find(|text| !text.is_empty())?;
    Some(Definition {
        venue: venue.into(),
        symbol,
        currency,
        contract: Contract::Linear,
        // Databento sends prices as people write them: its display factor is already applied.
        wire_tick_nanos: tick_nanos,
        tick_nanos,
        lot_nanos: ONE,
        multiplier_nanos,
        depths: Depths::default(),
    })
}

/// What a price unit is worth, from what a tick is worth: the tick's amount is sent with the display factor
/// applied (Databento, "Computing tick value and contract notional"). Unlike the contract's size it is right
/// for prices in cents.
fn by_tick_amount(amount: Option<i64>, display_factor: Option<i64>, tick: i64) -> Option<i64> {
    let numerator = i128::from(amount?) * i128::from(ONE) * i128::from(ONE);
    let denominator = i128::from(display_factor?) * i128::from(tick);
    if numerator % denominator != 0 {
        return None;
    }
    i64::try_from(numerator / denominator).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_unit_is_worth_what_the_contract_says() {
        let nanos = |text: &str| stdx::decimal::parse(text.as_bytes()).expect("a decimal");
        let cases = [
            // Tick's amount, display factor, tick: worth.
            ("0.125", "0.01", "0.25", Some("50")), // E-mini S&P 500: 12.50 USD a tick
            ("0.05", "0.01", "0.25", Some("20")),  // E-mini Nasdaq-100: 5 USD a tick
            ("0.125", "0.01", "0.25", Some("50")), // corn in cents, 5,000 bushels: 12.50 USD a tick
            ("10", "1", "0.01", Some("1000")),     // crude oil
            ("0.1", "0.01", "0.3", None),          // no whole number of nanos
        ];
        for (amount, factor, tick, worth) in cases {
            assert_eq!(
                by_tick_amount(Some(nanos(amount)), Some(nanos(factor)), nanos(tick)),
                worth.map(nanos),
                "{amount} {factor} {tick}"
            );
        }
    }
}
