//! Open lots of one instrument, closed first in, first out.
//!
//! Money is split, never rounded twice: the parts of a fill add up to the fill's value, the parts of a lot to the
//! lot's cost, to the last 10⁻¹². That matters for inverse contracts, whose values are rounded quotients.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use types::{Instrument, Lots, Money, Ticks};

/// A holding bought (or sold short) at one price, or what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// At this price.
    pub price: Ticks,
    /// This much, signed: below zero it was sold short.
    pub size: Lots,
    /// What it cost, signed as its value is: what closing it is compared with.
    pub cost: Money,
}

/// All of them, on one side at a time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Queue {
    lots: VecDeque<Lot>,
    /// Σ `cost` of the lots.
    cost: Money,
}

impl Queue {
    pub(crate) fn with_capacity(n: usize) -> Self {
        Self { lots: VecDeque::with_capacity(n), cost: Money::ZERO }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Lot> {
        self.lots.iter()
    }

    #[inline]
    pub(crate) const fn cost(&self) -> Money {
        self.cost
    }

    /// Books a fill of `size` (signed) worth `worth` (as `Instrument::value` says): closes what is on the other
    /// side, oldest first, and opens a lot with the rest. Returns what the closed part earned.
    pub(crate) fn book(&mut self, instrument: &Instrument, price: Ticks, size: Lots, worth: Money) -> Money {
        let (mut left, mut worth_left, mut realised) = (size, worth, Money::ZERO);
        while let Some(oldest) = self.lots.front_mut()
            && oldest.size.0.signum() == -left.0.signum()
        {
            // The part of the lot that closes, with the lot's sign; the fill's part has the other.
            let part = if left.abs() < oldest.size.abs() { -left } else { oldest.size };
            let fill_part = part_of(instrument, price, -part, left, worth_left);
            let cost_part = part_of(instrument, oldest.price, part, oldest.size, oldest.cost);
            // The fill's part is the lot's part with the other sign: what closing brings is minus its worth.
            realised += -fill_part - cost_part;
            left += part;
            worth_left -= fill_part;
            oldest.size -= part;
            oldest.cost -= cost_part;
            self.cost -= cost_part;
            if oldest.size.is_zero() {
                self.lots.pop_front();
            }
        }
        if !left.is_zero() {
            self.open(price, left, worth_left);
        }
        realised
    }

    /// Takes back a fill of `size` (signed) worth `worth`: out of the lots it opened, the newest at its price first; what
    /// is left of it was closed since, and the offsetting trade is booked. Returns what that changes of what was earned.
    pub(crate) fn unbook(
        &mut self,
        instrument: &Instrument,
        price: Ticks,
        size: Lots,
        worth: Money,
    ) -> Money {
        let (mut left, mut worth_left, mut realised) = (size, worth, Money::ZERO);
        let mut at = self.lots.len();
        while at > 0 && !left.is_zero() {
            at -= 1;
            let lot = &mut self.lots[at];
            if lot.price != price || lot.size.0.signum() != left.0.signum() {
                continue;
            }
            let part = if left.abs() < lot.size.abs() { left } else { lot.size };
            let fill_part = part_of(instrument, price, part, left, worth_left);
            let cost_part = part_of(instrument, price, part, lot.size, lot.cost);
            // Of one price, and so equal but for how inverse contracts round their parts.
            realised += fill_part - cost_part;
            left -= part;
            worth_left -= fill_part;
            lot.size -= part;
            lot.cost -= cost_part;
            self.cost -= cost_part;
        }
        self.lots.retain(|lot| !lot.size.is_zero());
        if left.is_zero() {
            return realised;
        }
        realised + self.book(instrument, price, -left, -worth_left)
    }

    /// Adds to the newest lot when that has the same price: it would be closed in the same breath.
    #[inline]
    fn open(&mut self, price: Ticks, size: Lots, cost: Money) {
        self.cost += cost;
        match self.lots.back_mut() {
            Some(newest) if newest.price == price => {
                newest.size += size;
                newest.cost += cost;
            }
            _ => self.lots.push_back(Lot { price, size, cost }),
        }
    }
}

/// The worth of `part` of something that is `whole` and worth `worth` in all: its own value, but the last part
/// is whatever is left, so that the parts add up.
#[inline]
fn part_of(instrument: &Instrument, price: Ticks, part: Lots, whole: Lots, worth: Money) -> Money {
    if part == whole { worth } else { instrument.value(price, part) }
}
