//! Instrument definitions: futures (27, 54), options (41, 55) and spreads (29, 56).
//!
//! Money per price unit. CME says what one price step of one contract is worth (`MinPriceIncrementAmount`, tag
//! 1146), and how a sent price becomes the written one (`DisplayFactor`, tag 9787); so
//! `multiplier = amount ÷ (MinPriceIncrement × DisplayFactor)`. Where that is not said or not exact in nanos,
//! `UnitOfMeasureQty` (tag 1147) is the multiplier of products quoted in currency per unit. A spread says
//! neither: its price is quoted in its first leg's units, so the first leg's multiplier is the spread's; a
//! spread that comes before its leg waits for it.
//!
//! Never registers an instrument: a definition without data is not one of the run's.

use super::VENUE;
use super::layout::{Decimals, definition, future, leg, option, spread};
use super::reading::Reading;
use super::status::trimmed;
use super::wire::{Damage, Group, Message, null, whole};
use crate::Definition;
use std::collections::BTreeMap;
use stdx::decimal::ONE;
use types::{Contract, Depths};

/// Spreads whose first leg has not been defined, by the leg's number.
#[derive(Debug, Default)]
pub(crate) struct Spreads(BTreeMap<i32, Vec<Terms>>);

/// The numbers and names of one definition, in nanos.
#[derive(Clone, Debug)]
struct Terms {
    security: i32,
    currency: [u8; 3],
    wire_tick: Option<i64>,
    display_factor: Option<i64>,
    tick_amount: Option<i64>,
    unit_size: Option<i64>,
}

/// The finest step of CME's variable tick tables (tag 6350 `TickRule`; CME "MDP 3.0 - CME Globex Pricing"), in
/// nanos. Every coarser step of a table is a whole number of its finest, so the finest is a tick for all prices.
const VARIABLE_TICKS: [(u8, i64); 8] = [
    (1, 5_000_000_000),
    (2, 500_000_000),
    (3, 1_000_000_000),
    (4, 5_000_000_000),
    (10, 5_000_000_000),
    (11, 5_000_000_000),
    (12, 250_000_000),
    (13, 1_000_000_000),
];

impl Reading<'_> {
    /// Templates 27 and 54.
    pub(super) fn future(&mut self, message: &Message<'_>, decimals: Decimals) -> Result<(), Damage> {
        let mut spare = [0; future::BYTES];
        let block = whole(message.block, future::SHAPES, &mut spare);
        let Some(security) = self.introduce(message) else {
            return Ok(());
        };
        self.note_depths(security, message.rest);
        let nanos = |mantissa| present(mantissa, decimals);
        self.define(Terms {
            security,
            currency: future::CURRENCY.get(block),
            wire_tick: nanos(future::TICK.get(block)),
            display_factor: nanos(future::DISPLAY_FACTOR.get(block)),
            tick_amount: nanos(future::TICK_AMOUNT.get(block)),
            unit_size: nanos(future::UNIT_SIZE.get(block)),
        });
        Ok(())
    }

    /// Templates 41 and 55.
    pub(super) fn option(&mut self, message: &Message<'_>, decimals: Decimals) -> Result<(), Damage> {
        let mut spare = [0; option::BYTES];
        let block = whole(message.block, option::SHAPES, &mut spare);
        let Some(security) = self.introduce(message) else {
            return Ok(());
        };
        self.note_depths(security, message.rest);
        let nanos = |mantissa| present(mantissa, decimals);
        let tick = nanos(option::TICK.get(block));
        self.define(Terms {
            security,
            currency: option::CURRENCY.get(block),
            wire_tick: tick.or_else(|| variable_tick(option::TICK_RULE.get(block))),
            display_factor: nanos(option::DISPLAY_FACTOR.get(block)),
            // An amount without the step it belongs to says nothing.
            tick_amount: tick.and_then(|_| nanos(option::TICK_AMOUNT.get(block))),
            unit_size: nanos(option::UNIT_SIZE.get(block)),
        });
        Ok(())
    }

    /// Templates 29 and 56.
    pub(super) fn spread(&mut self, message: &Message<'_>, decimals: Decimals) -> Result<(), Damage> {
        // Events, feed types, attributes and lot rules come before the legs.
        let mut rest = message.rest;
        for _ in 0..4 {
            rest = Group::read(rest)?.rest;
        }
        let legs = Group::read(rest)?;
        let mut spare = [0; spread::BYTES];
        let block = whole(message.block, spread::SHAPES, &mut spare);
        let Some(security) = self.introduce(message) else {
            return Ok(());
        };
        self.note_depths(security, message.rest);
        let nanos = |mantissa| present(mantissa, decimals);
        let terms = Terms {
            security,
            currency: spread::CURRENCY.get(block),
            wire_tick: nanos(spread::TICK.get(block)).or_else(|| variable_tick(spread::TICK_RULE.get(block))),
            display_factor: nanos(spread::DISPLAY_FACTOR.get(block)),
            tick_amount: None,
            unit_size: None,
        };
        if legs.count() == 0 {
            self.shared.counts.tally.definitions_unusable += 1;
            return Ok(());
        }
        let mut spare = [0; leg::BYTES];
        let first = leg::SECURITY.get(whole(legs.entry(0), leg::SHAPES, &mut spare));
        match self.multiplier_of(first) {
            Some(multiplier) => self.define_with(&terms, multiplier),
            None => {
                let waiting = self.shared.spreads.0.entry(first).or_default();
                waiting.retain(|old| old.security != security);
                waiting.push(terms);
            }
        }
        Ok(())
    }

    /// Keeps what all definitions say, and answers whose it is. `None` for a deletion, or for nobody.
    fn introduce(&mut self, message: &Message<'_>) -> Option<i32> {
        let mut spare = [0; definition::BYTES];
        let block = whole(message.block, definition::SHAPES, &mut spare);
        self.channel.replay = true;
        self.shared.counts.tally.definitions += 1;
        let security = definition::SECURITY.get(block);
        let symbol = trimmed(definition::SYMBOL.get(block));
        let text = text(&symbol);
        if security == null::I32 || text.is_empty() {
            self.shared.counts.tally.definitions_unusable += 1;
            return None;
        }
        if definition::ACTION.get(block) == b'D' {
            return None;
        }
        let slot = self.shared.instruments.meet(security);
        let resolved = self.shared.instruments.slots[slot].resolved;
        let about = &mut self.shared.instruments.about[slot];
        let group = trimmed(definition::GROUP.get(block));
        let is_news = about.group != group;
        about.group = group;
        about.asset = trimmed(definition::ASSET.get(block));
        if !resolved && about.name.as_deref() != Some(text) {
            about.name = Some(text.to_string());
        }
        if resolved && is_news {
            self.state_of(slot);
        }
        Some(security)
    }

    fn multiplier_of(&self, security: i32) -> Option<i64> {
        let slot = self.shared.instruments.find(security)?;
        self.shared.instruments.about[slot].multiplier_nanos
    }

    fn define(&mut self, terms: Terms) {
        match terms.multiplier() {
            Some(multiplier) => self.define_with(&terms, multiplier),
            None => self.shared.counts.tally.definitions_unusable += 1,
        }
    }

    /// Defines an instrument, and the spreads that waited for it as their leg.
    fn define_with(&mut self, terms: &Terms, multiplier_nanos: i64) {
        self.define_one(terms, multiplier_nanos);
        // A spread can be another spread's leg: a list, because bytes off the wire set no depth of ours.
        let mut defined = vec![terms.security];
        while let Some(leg) = defined.pop() {
            for spread in self.shared.spreads.0.remove(&leg).unwrap_or_default() {
                self.define_one(&spread, multiplier_nanos);
                defined.push(spread.security);
            }
        }
    }

    fn define_one(&mut self, terms: &Terms, multiplier_nanos: i64) {
        let slot = self.shared.instruments.meet(terms.security);
        let about = &mut self.shared.instruments.about[slot];
        about.multiplier_nanos = Some(multiplier_nanos);
        let name = about.name.clone();
        match (name, terms.wire_tick, terms.tick()) {
            (Some(symbol), Some(wire_tick_nanos), Some(tick_nanos)) => self.directory.define(Definition {
                venue: VENUE.to_string(),
                symbol,
                currency: text(&trimmed(terms.currency)).to_string(),
                contract: Contract::Linear,
                wire_tick_nanos,
                tick_nanos,
                lot_nanos: ONE,
                multiplier_nanos,
                depths: Depths::default(),
            }),
            _ => self.shared.counts.tally.definitions_unusable += 1,
        }
    }
}

impl Terms {
    /// The price step as people write prices.
    fn tick(&self) -> Option<i64> {
        let product = i128::from(self.wire_tick?) * i128::from(self.display_factor?);
        exact(product, ONE).filter(|&tick| tick > 0)
    }

    /// Currency per price unit and contract.
    fn multiplier(&self) -> Option<i64> {
        let by_amount = self.tick_amount.filter(|&amount| amount > 0).zip(self.tick());
        by_amount
            .and_then(|(amount, tick)| exact(i128::from(amount) * i128::from(ONE), tick))
            .or(self.unit_size)
            .filter(|&multiplier| multiplier > 0)
    }
}

/// A name off the wire; empty when it is not text.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("").trim_end_matches('\0')
}

fn exact(product: i128, divisor: i64) -> Option<i64> {
    if product % i128::from(divisor) != 0 {
        return None;
    }
    i64::try_from(product / i128::from(divisor)).ok()
}

/// A number off the wire in nanos; `None` where there is none, or it is beyond us.
fn present(mantissa: i64, decimals: Decimals) -> Option<i64> {
    if mantissa == null::I64 {
        return None;
    }
    decimals.nanos(mantissa)
}

fn variable_tick(rule: u8) -> Option<i64> {
    let entry = VARIABLE_TICKS.iter().find(|(code, _)| *code == rule);
    entry.map(|(_, finest)| *finest)
}
