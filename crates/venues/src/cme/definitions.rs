//! Instrument definitions: futures (27, 54), options (41, 55) and spreads (29, 56). Bonds, repos and currency pairs
//! are in `debt`.
//!
//! Money per price unit. CME says what one price step of one contract is worth (`MinPriceIncrementAmount`, tag
//! 1146), and how a sent price becomes the written one (`DisplayFactor`, tag 9787); so
//! `multiplier = amount ÷ (MinPriceIncrement × DisplayFactor)`. Where that is not said or not exact in nanos,
//! `UnitOfMeasureQty` (tag 1147) is the multiplier of products quoted in currency per unit. A spread says
//! neither: its price is quoted in its legs' units, so the legs' multiplier is the spread's, where they have the
//! same; a spread that comes before its legs waits for one, and between commodities for all. What a spread is of
//! (its legs in their order, their sides and ratios) is said of every spread, whatever it is worth.
//!
//! Never registers an instrument: a definition without data is not one of the run's.

use super::VENUE;
use super::reading::Reading;
use super::sbe::messages::{
    md_instrument_definition_future as future, md_instrument_definition_option as option,
    md_instrument_definition_spread as spread,
};
use super::sbe::schema::{Price, Scale};
use super::sbe::words::{LegSide, SecurityUpdateAction};
use super::status::trimmed;
use super::wire::{Damage, Message};
use crate::{Composition, Definition, Leg};
use std::collections::BTreeMap;
use stdx::decimal::ONE;
use types::{Contract, Depths, Side};

/// Spreads of which a leg has not been defined, by that leg's number.
#[derive(Debug, Default)]
pub(crate) struct Spreads(BTreeMap<i32, Vec<Spread>>);

/// A spread and the numbers of its legs, at least one.
#[derive(Debug)]
struct Spread {
    terms: Terms,
    legs: Vec<i32>,
    /// `SecuritySubType` (tag 762) `IS`.
    between_commodities: bool,
}

/// What a price unit of a spread is worth, which is what it is worth of its legs.
enum Worth {
    /// The same of all.
    Of(i64),
    /// Not the same: a spread between commodities, whose profit no multiplier of its price gives.
    Unequal,
    /// This leg has not been defined.
    Unknown(i32),
}

/// The numbers and names of one definition, in nanos.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) security: i32,
    pub(super) currency: [u8; 3],
    pub(super) wire_tick: Option<i64>,
    pub(super) display_factor: Option<i64>,
    pub(super) tick_amount: Option<i64>,
    pub(super) unit_size: Option<i64>,
    pub(super) depths: Depths,
}

/// What every kind of instrument says of itself in the same place.
pub(super) struct Head {
    pub(super) security: i32,
    pub(super) action: SecurityUpdateAction,
    pub(super) symbol: [u8; 20],
    pub(super) group: [u8; 6],
    pub(super) asset: [u8; 6],
}

macro_rules! head {
    ($block:ident) => {
        $crate::cme::definitions::Head {
            security: $block.security_id(),
            action: $block.security_update_action(),
            symbol: $block.symbol(),
            group: $block.security_group(),
            asset: $block.asset(),
        }
    };
}
pub(super) use head;

/// How deep the books are, of a definition's `NoMDFeedTypes`: `GBX` is the real book, `GBI` the implied one.
macro_rules! depths {
    ($definition:ident, $groups:ident) => {{
        use $definition::NoMdFeedTypes as Feed;
        $groups.no_md_feed_types.of_at_least(Feed::LEAST).map(|feeds| {
            let mut depths = types::Depths::default();
            let mut spare = Feed::SPARE;
            for index in 0..feeds.count() {
                let feed = Feed::of(feeds.entry(index), &mut spare);
                $crate::cme::definitions::deepen(&mut depths, feed.md_feed_type(), feed.market_depth());
            }
            depths
        })
    }};
}
pub(super) use depths;

/// The finest step of CME's variable tick tables (tag 6350 `TickRule`; CME "MDP 3.0 - CME Globex Pricing"), in
/// nanos. Every coarser step of a table is a whole number of its finest, so the finest is a tick for all prices.
const VARIABLE_TICKS: [(i8, i64); 8] = [
    (1, 5_000_000_000),
    (2, 500_000_000),
    (3, 1_000_000_000),
    (4, 5_000_000_000),
    (10, 5_000_000_000),
    (11, 5_000_000_000),
    (12, 250_000_000),
    (13, 1_000_000_000),
];

/// `DecimalQty` has four decimals.
const DELTA_NANOS: i64 = 100_000;

impl Reading<'_> {
    /// Templates 27 and 54.
    pub(super) fn future<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use future::{Groups, Root};
        let groups = Groups::read(message.rest)?;
        let mut spare = Root::<D>::SPARE;
        let block = Root::<D>::of(message.block_of_at_least(Root::<D>::LEAST)?, &mut spare);
        let Some(security) = self.introduce(&head!(block)) else {
            return Ok(());
        };
        self.define(&Terms {
            security,
            currency: block.currency(),
            wire_tick: present(Some(block.min_price_increment())),
            display_factor: present(Some(block.display_factor())),
            tick_amount: present(block.min_price_increment_amount()),
            unit_size: present(block.unit_of_measure_qty()),
            depths: depths!(future, groups)?,
        });
        Ok(())
    }

    /// Templates 41 and 55.
    pub(super) fn option<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use option::{Groups, Root};
        let groups = Groups::read(message.rest)?;
        let mut spare = Root::<D>::SPARE;
        let block = Root::<D>::of(message.block_of_at_least(Root::<D>::LEAST)?, &mut spare);
        let Some(security) = self.introduce(&head!(block)) else {
            return Ok(());
        };
        let tick = present(block.min_price_increment());
        self.define(&Terms {
            security,
            currency: block.currency(),
            wire_tick: tick.or_else(|| variable_tick(block.tick_rule())),
            display_factor: present(Some(block.display_factor())),
            // An amount without the step it belongs to says nothing.
            tick_amount: tick.and_then(|_| present(block.min_price_increment_amount())),
            unit_size: present(block.unit_of_measure_qty()),
            depths: depths!(option, groups)?,
        });
        Ok(())
    }

    /// Templates 29 and 56.
    pub(super) fn spread<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use spread::{Groups, NoLegs, Root};
        let groups = Groups::read(message.rest)?;
        let legs = groups.no_legs.of_at_least(NoLegs::<D>::LEAST)?;
        let mut spare = Root::<D>::SPARE;
        let block = Root::<D>::of(message.block_of_at_least(Root::<D>::LEAST)?, &mut spare);
        let Some(security) = self.introduce(&head!(block)) else {
            return Ok(());
        };
        let terms = Terms {
            security,
            currency: block.currency(),
            wire_tick: present(block.min_price_increment()).or_else(|| variable_tick(block.tick_rule())),
            display_factor: present(Some(block.display_factor())),
            tick_amount: None,
            unit_size: None,
            depths: depths!(spread, groups)?,
        };
        if legs.count() == 0 {
            self.shared.counts.tally.definitions_unusable += 1;
            return Ok(());
        }
        let mut spare = NoLegs::<D>::SPARE;
        let mut composed = Vec::new();
        for index in 0..legs.count() {
            let leg = NoLegs::<D>::of(legs.entry(index), &mut spare);
            composed.push(Leg {
                number: i64::from(leg.leg_security_id()),
                symbol: self.name_of(leg.leg_security_id()),
                side: match leg.leg_side() {
                    LegSide::BUY_SIDE => Some(Side::Buy),
                    LegSide::SELL_SIDE => Some(Side::Sell),
                    _ => None,
                },
                ratio: i32::from(leg.leg_ratio_qty()),
                price_nanos: present(leg.leg_price()),
                delta_nanos: leg.leg_option_delta().map(|delta| i64::from(delta.mantissa) * DELTA_NANOS),
            });
        }
        let kind = trimmed(block.security_sub_type());
        let between_commodities = kind.starts_with(b"IS\0");
        let name = self.name_of(security);
        let legs = composed.iter().filter_map(|leg| i32::try_from(leg.number).ok()).collect();
        let kind = text(&kind).to_string();
        let price_ratio_nanos = present(block.price_ratio());
        self.directory.compose(VENUE, &name, Composition { kind, price_ratio_nanos, legs: composed });
        self.define_spread(Spread { terms, legs, between_commodities });
        Ok(())
    }

    /// What an instrument goes by here.
    fn name_of(&self, security: i32) -> String {
        let slot = self.shared.instruments.find(security);
        let name = slot.and_then(|slot| self.shared.instruments.about[slot].name.clone());
        name.unwrap_or_else(|| format!("#{security}"))
    }

    /// Keeps what all definitions say, and answers whose it is. `None` for a deletion, or for nobody.
    pub(super) fn introduce(&mut self, head: &Head) -> Option<i32> {
        self.channel.replay = true;
        self.shared.counts.tally.definitions += 1;
        let symbol = trimmed(head.symbol);
        let text = text(&symbol);
        if head.security == i32::MAX || text.is_empty() {
            self.shared.counts.tally.definitions_unusable += 1;
            return None;
        }
        if head.action == SecurityUpdateAction::DELETE {
            self.delete(head.security, text);
            return None;
        }
        let slot = self.shared.instruments.meet(head.security);
        let resolved = self.shared.instruments.slots[slot].resolved;
        self.name(slot, text);
        let about = &mut self.shared.instruments.about[slot];
        let group = trimmed(head.group);
        let is_news = about.group != group;
        about.group = group;
        about.asset = trimmed(head.asset);
        if resolved && is_news {
            self.state_of(slot);
        }
        Some(head.security)
    }

    fn multiplier_of(&self, security: i32) -> Option<i64> {
        let slot = self.shared.instruments.find(security)?;
        self.shared.instruments.about[slot].multiplier_nanos
    }

    pub(super) fn define(&mut self, terms: &Terms) {
        match terms.multiplier() {
            Some(multiplier) => self.define_with(terms, multiplier),
            None => self.shared.counts.tally.definitions_unusable += 1,
        }
    }

    /// Defines an instrument, and the spreads that waited for it as their leg.
    fn define_with(&mut self, terms: &Terms, multiplier_nanos: i64) {
        self.define_one(terms, multiplier_nanos);
        for spread in self.shared.spreads.0.remove(&terms.security).unwrap_or_default() {
            self.define_spread(spread);
        }
    }

    /// Defines a spread if its legs are all known, and those that waited for it as their leg; else it waits.
    fn define_spread(&mut self, spread: Spread) {
        // A list, because bytes off the wire set no depth of ours.
        let mut due = vec![spread];
        while let Some(spread) = due.pop() {
            match self.worth(&spread) {
                Worth::Unknown(leg) => {
                    let waiting = self.shared.spreads.0.entry(leg).or_default();
                    waiting.retain(|old| old.terms.security != spread.terms.security);
                    waiting.push(spread);
                }
                Worth::Unequal => self.shared.counts.tally.definitions_unusable += 1,
                Worth::Of(multiplier) => {
                    self.define_one(&spread.terms, multiplier);
                    due.extend(self.shared.spreads.0.remove(&spread.terms.security).unwrap_or_default());
                }
            }
        }
    }

    /// A calendar spread's first leg says what all say; between commodities every leg is asked.
    fn worth(&self, spread: &Spread) -> Worth {
        let (mut worth, mut unknown) = (None, None);
        for leg in &spread.legs {
            match (self.multiplier_of(*leg), worth) {
                (Some(multiplier), None) => worth = Some(multiplier),
                (Some(multiplier), Some(other)) if multiplier != other => return Worth::Unequal,
                (Some(_), Some(_)) => {}
                (None, _) => unknown = unknown.or(Some(*leg)),
            }
        }
        match (worth, unknown) {
            (Some(multiplier), None) => Worth::Of(multiplier),
            (Some(multiplier), Some(_)) if !spread.between_commodities => Worth::Of(multiplier),
            (_, Some(leg)) => Worth::Unknown(leg),
            (None, None) => Worth::Unequal,
        }
    }

    fn define_one(&mut self, terms: &Terms, multiplier_nanos: i64) {
        let slot = self.shared.instruments.meet(terms.security);
        if let Some(steps) = terms.wire_tick.zip(terms.tick()) {
            self.step(slot, steps);
        }
        let about = &mut self.shared.instruments.about[slot];
        about.multiplier_nanos = Some(multiplier_nanos);
        if terms.depths != Depths::default() {
            about.depths = terms.depths;
        }
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
                depths: terms.depths,
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

/// One feed's depth. A feed of orders (`GBX` with depth 0 has none) or of another kind says nothing of levels.
pub(super) fn deepen(depths: &mut Depths, feed: [u8; 3], depth: i8) {
    let depth = u8::try_from(depth).ok().filter(|depth| *depth > 0);
    match &feed {
        b"GBX" => depths.outright = depth,
        b"GBI" => depths.implied = depth,
        _ => {}
    }
}

/// A name off the wire; empty when it is not text.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("").trim_end_matches('\0')
}

pub(super) fn exact(product: i128, divisor: i64) -> Option<i64> {
    if product % i128::from(divisor) != 0 {
        return None;
    }
    i64::try_from(product / i128::from(divisor)).ok()
}

/// A number off the wire in nanos; `None` where there is none, or it is beyond us.
pub(super) fn present<D: Scale>(price: Option<Price<D>>) -> Option<i64> {
    price.filter(|price| price.mantissa != i64::MAX)?.nanos()
}

fn variable_tick(rule: Option<i8>) -> Option<i64> {
    let entry = VARIABLE_TICKS.iter().find(|(code, _)| Some(*code) == rule);
    entry.map(|(_, finest)| *finest)
}
