//! The first count: open lots, closed first in, first out.

use std::collections::VecDeque;
use types::{Instrument, Lots, Money, Ticks};

/// Something bought or sold and not yet closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    price: Ticks,
    /// Signed.
    size: Lots,
    /// What it was worth when opened; what is left of that after parts were closed.
    cost: Money,
}

/// The open lots of one instrument, oldest first; all of one sign.
#[derive(Clone, Debug)]
pub(crate) struct OpenLots {
    queue: VecDeque<Open>,
    position: Lots,
    /// Sum of what the open lots cost.
    cost: Money,
}

impl OpenLots {
    pub(crate) fn with_capacity(lots: usize) -> Self {
        Self { queue: VecDeque::with_capacity(lots), position: Lots::ZERO, cost: Money::ZERO }
    }

    /// Takes in a fill of signed `size`; answers what it realised.
    ///
    /// Rounding (inverse contracts have worths that are no whole number of 10⁻¹²) is passed on, never lost: the
    /// last part of a split takes what the others left.
    pub(crate) fn fill(&mut self, instrument: &Instrument, price: Ticks, size: Lots) -> Money {
        let mut rest = size;
        let mut worth_rest = instrument.value(price, size);
        let mut realised = Money::ZERO;
        while rest.0 != 0 {
            let Some(oldest) = self.queue.front_mut() else { break };
            if oldest.size.side() == rest.side() {
                break;
            }
            // As much of the oldest lot as there is to close it with, in the lot's sign.
            let part = if oldest.size.abs() <= rest.abs() { oldest.size } else { -rest };
            let whole_fill = part.abs() == rest.abs();
            let worth = if whole_fill { worth_rest } else { instrument.value(price, -part) };
            let cost = if part == oldest.size { oldest.cost } else { instrument.value(oldest.price, part) };
            realised += -worth - cost;
            oldest.size -= part;
            oldest.cost -= cost;
            self.cost -= cost;
            rest += part;
            worth_rest -= worth;
            if oldest.size.is_zero() {
                self.queue.pop_front();
            }
        }
        if !rest.is_zero() {
            self.open(price, rest, worth_rest);
        }
        self.position += size;
        realised
    }

    fn open(&mut self, price: Ticks, size: Lots, cost: Money) {
        self.cost += cost;
        // Fills at one price in a row are one lot: a resting order may fill in a hundred parts.
        match self.queue.back_mut() {
            Some(last) if last.price == price => {
                last.size += size;
                last.cost += cost;
            }
            _ => self.queue.push_back(Open { price, size, cost }),
        }
    }

    pub(crate) const fn position(&self) -> Lots {
        self.position
    }

    pub(crate) const fn cost(&self) -> Money {
        self.cost
    }

    /// The mean entry price in ticks, weighted by size.
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    pub(crate) fn price_mean(&self) -> Option<f64> {
        let sum: i128 = self.queue.iter().map(|l| i128::from(l.price.0) * i128::from(l.size.0)).sum();
        (!self.position.is_zero()).then(|| sum as f64 / self.position.0 as f64)
    }

    #[cfg(test)]
    pub(crate) fn sum_of_lots(&self) -> Lots {
        self.queue.iter().map(|lot| lot.size).sum()
    }
}
