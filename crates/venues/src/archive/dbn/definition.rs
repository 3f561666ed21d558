//! Instrument definitions: the step of the price, and what a price unit of one contract is worth.
//!
//! A [`Definition`] has no room for an option's strike and expiry, nor for a spread's legs; the kinds are counted.

use super::fields::View;
use super::layout::{price, text};
use super::records::{DefinitionV1, DefinitionV2, DefinitionV3};
use crate::Definition;
use stdx::decimal::ONE;
use types::{Contract, Depths};

/// What we read of a definition's record, whichever its version.
pub(super) struct Terms<'a> {
    pub(super) number: u32,
    pub(super) ts_event: u64,
    pub(super) ts_recv: u64,
    /// The venue's own symbol.
    pub(super) raw_symbol: &'a [u8],
    /// What kind of instrument it is, by letter.
    pub(super) class: u8,
    /// The instrument is gone.
    pub(super) withdrawn: bool,
    tick: i64,
    display_factor: i64,
    tick_amount: i64,
    unit_of_measure: i64,
    currencies: [&'a [u8]; 2],
}

impl<'a> Terms<'a> {
    pub(super) fn of(record: &'a [u8], version: u8) -> Option<Self> {
        macro_rules! read {
            ($view:ident) => {{
                let view = $view::of(record)?;
                Some(Self {
                    number: view.instrument_id(),
                    ts_event: view.ts_event(),
                    ts_recv: view.ts_recv(),
                    raw_symbol: view.raw_symbol(),
                    class: view.instrument_class(),
                    withdrawn: view.security_update_action() == b'D',
                    tick: view.min_price_increment(),
                    display_factor: view.display_factor(),
                    tick_amount: view.min_price_increment_amount(),
                    unit_of_measure: view.unit_of_measure_qty(),
                    currencies: [view.currency(), view.settl_currency()],
                })
            }};
        }
        match version {
            1 => read!(DefinitionV1),
            2 => read!(DefinitionV2),
            _ => read!(DefinitionV3),
        }
    }

    /// Calls and puts.
    pub(super) const fn is_option(&self) -> bool {
        matches!(self.class, b'C' | b'P')
    }

    /// Of futures, of options, or mixed.
    pub(super) const fn is_spread(&self) -> bool {
        matches!(self.class, b'S' | b'T' | b'M')
    }

    /// The definition; `None` when it leaves the step or the worth open (spreads, options with variable ticks,
    /// shares of some venues), or contradicts itself: then nothing is said rather than something guessed.
    pub(super) fn definition(&self, venue: &str, symbol: String) -> Option<Definition> {
        let positive = |field| price(field).filter(|&value| value > 0);
        let tick_nanos = positive(self.tick)?;
        let amount = by_tick_amount(positive(self.tick_amount), positive(self.display_factor), tick_nanos);
        let unit = positive(self.unit_of_measure);
        if self.is_option() && contradict(amount, unit) {
            return None;
        }
        let multiplier_nanos = amount.or(unit)?;
        let currency = self.currencies.into_iter().find(|text| !text.is_empty())?;
        Some(Definition {
            venue: venue.into(),
            symbol,
            currency: text(currency),
            contract: Contract::Linear,
            // Databento sends prices as people write them: its display factor is already applied.
            wire_tick_nanos: tick_nanos,
            tick_nanos,
            lot_nanos: ONE,
            multiplier_nanos,
            // The venue's own feed shows so many levels; a book of orders has them all.
            depths: Depths::default(),
        })
    }
}

/// Whether a tick's amount and the contract's size cannot both be right. Prices in cents, per cent or basis points
/// make the two differ by a hundred. Options of 2021 on natural gas and soybeans have amounts that fit nothing.
fn contradict(amount: Option<i64>, unit: Option<i64>) -> bool {
    matches!((amount, unit), (Some(amount), Some(unit)) if unit != amount && unit / 100 != amount)
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
