//! Instrument definitions since schema 10: bonds and bills (57), repos (58) and currency pairs (63).
//!
//! Money per price unit. A bond's price is in percent of what one contract is of (`UnitOfMeasureQty`, tag 1147),
//! unless CME says what a price step is worth (tag 1146). A repo's price is a rate in percent a year: a unit of it is
//! worth the interest of one contract from `StartDate` to `EndDate`, by actual days over 360, and in sterling over 365.
//! A pair is counted in units of its base currency and priced in the other one, so a unit is worth one.
//!
//! Never defines an instrument whose book is inverted (`InstAttribValue` bit 22: yields and rates that trade bids
//! above offers): our books, and the sign of what a price is worth, are of prices. It keeps its name, and is counted.

use super::definitions::{Terms, depths, exact, head, present};
use super::reading::Reading;
use super::sbe::messages::{
    md_instrument_definition_fixed_income as bond, md_instrument_definition_fx as pair,
    md_instrument_definition_repo as repo,
};
use super::sbe::schema::Nine;
use super::sbe::words::InstAttribValue;
use super::status::trimmed;
use super::wire::{Damage, Message};
use stdx::decimal::ONE;

/// Whether a definition's attributes say that its book has bids above offers.
macro_rules! is_inverted {
    ($definition:ident, $groups:ident) => {{
        use $definition::NoInstAttrib as Attributes;
        $groups.no_inst_attrib.of_at_least(Attributes::LEAST).map(|attributes| {
            let mut spare = Attributes::SPARE;
            (0..attributes.count()).any(|index| {
                let entry = Attributes::of(attributes.entry(index), &mut spare);
                entry.inst_attrib_value().has(InstAttribValue::INVERTED_BOOK)
            })
        })
    }};
}

impl Reading<'_> {
    /// Template 57.
    pub(super) fn fixed_income(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use bond::{Groups, Root};
        let groups = Groups::read(message.rest)?;
        let (depths, inverted) = (depths!(bond, groups)?, is_inverted!(bond, groups)?);
        let mut spare = Root::<Nine>::SPARE;
        let block = Root::<Nine>::of(message.block_of_at_least(Root::<Nine>::LEAST)?, &mut spare);
        let Some(security) = self.introduce(&head!(block)) else { return Ok(()) };
        let percent = present(block.unit_of_measure_qty()).and_then(|size| exact(i128::from(size), 100));
        let tick = present(block.min_price_increment());
        self.define_upright(
            inverted,
            &Terms {
                security,
                currency: block.currency(),
                wire_tick: tick,
                display_factor: present(Some(block.display_factor())),
                tick_amount: tick.and_then(|_| present(block.min_price_increment_amount())),
                unit_size: percent,
                depths,
            },
        );
        Ok(())
    }

    /// Template 58.
    pub(super) fn repo(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use repo::{Groups, Root};
        let groups = Groups::read(message.rest)?;
        let (depths, inverted) = (depths!(repo, groups)?, is_inverted!(repo, groups)?);
        let mut spare = Root::<Nine>::SPARE;
        let block = Root::<Nine>::of(message.block_of_at_least(Root::<Nine>::LEAST)?, &mut spare);
        let Some(security) = self.introduce(&head!(block)) else { return Ok(()) };
        let days = block.start_date().zip(block.end_date()).and_then(|(start, end)| end.checked_sub(start));
        let interest = present(block.unit_of_measure_qty()).zip(days);
        self.define_upright(
            inverted,
            &Terms {
                security,
                currency: block.currency(),
                wire_tick: present(Some(block.min_price_increment())),
                display_factor: present(Some(block.display_factor())),
                tick_amount: None,
                unit_size: interest.and_then(|(size, days)| interest_of(size, days, block.currency())),
                depths,
            },
        );
        Ok(())
    }

    /// Template 63.
    pub(super) fn currency_pair(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use pair::{Groups, Root};
        let groups = Groups::read(message.rest)?;
        let (depths, inverted) = (depths!(pair, groups)?, is_inverted!(pair, groups)?);
        let mut spare = Root::<Nine>::SPARE;
        let block = Root::<Nine>::of(message.block_of_at_least(Root::<Nine>::LEAST)?, &mut spare);
        let Some(security) = self.introduce(&head!(block)) else { return Ok(()) };
        let quoted_in = trimmed(block.price_quote_currency());
        self.define_upright(
            inverted,
            &Terms {
                security,
                currency: if quoted_in == [0; 3] { block.currency() } else { quoted_in },
                wire_tick: present(Some(block.min_price_increment())),
                display_factor: present(Some(block.display_factor())),
                tick_amount: None,
                unit_size: Some(ONE),
                depths,
            },
        );
        Ok(())
    }

    fn define_upright(&mut self, inverted: bool, terms: &Terms) {
        if inverted {
            self.shared.counts.tally.definitions_inverted += 1;
            self.shared.counts.tally.definitions_unusable += 1;
        } else {
            self.define(terms);
        }
    }
}

/// The interest of `size` at one percent for so many days, to the nearest nano.
fn interest_of(size: i64, days: u16, currency: [u8; 3]) -> Option<i64> {
    let year = if &currency == b"GBP" { 365 } else { 360 };
    let (whole, parts) = (i128::from(size) * i128::from(days), 100 * year);
    i64::try_from((whole + parts / 2).div_euclid(parts)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percent_of_a_repo_is_worth_its_interest() {
        let million = 1_000_000 * ONE;
        // 1,000,000 × 1 % × days ÷ 360 (sterling: 365), by hand.
        let cases = [
            (360, *b"USD", Some(10_000 * ONE)),
            (1, *b"USD", Some(27_777_777_778)),
            (7, *b"EUR", Some(194_444_444_444)),
            (365, *b"GBP", Some(10_000 * ONE)),
            (1, *b"GBP", Some(27_397_260_274)),
            (0, *b"USD", Some(0)),
        ];
        for (days, currency, due) in cases {
            assert_eq!(interest_of(million, days, currency), due, "{days} days");
        }
        assert_eq!(interest_of(i64::MAX, u16::MAX, *b"USD"), None);
    }
}
