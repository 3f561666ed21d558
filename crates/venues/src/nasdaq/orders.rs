//! Every order that stands, so that what names only its number can be told with its price, side and stock.
//!
//! Open addressing with linear probing and backward-shift deletion, at most half of the places taken; a place is 24
//! bytes, so that a look-up is one line of memory, sometimes two. Grows by doubling up to a bound, and never holds
//! an order that is not displayed.
//!
//! Numbers are the venue's; nothing here defends against one that invents them to make its own feed slow.

use super::itch::Price4;
use types::Side;

/// What stands of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) price: Price4,
    pub(super) shares: u32,
    pub(super) locate: u16,
    pub(super) side: Side,
}

/// Orders at once. A busy day of the whole market has a few million.
const ORDERS_MAX: usize = 1 << 24;
const PLACES_MIN: usize = 1 << 10;
/// So many numbers in a row lie side by side: orders that come together mostly go together, and a line of memory
/// serves several of them. Measured with 30,000 orders standing and all caches cold: half the time of single places.
const BLOCK: u64 = 4;
/// 2⁶⁴ divided by the golden ratio (Knuth 1973, The Art of Computer Programming 3, 6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[derive(Clone, Copy, Debug)]
struct Place {
    reference: u64,
    price: u32,
    shares: u32,
    locate: u16,
    side: Side,
    taken: bool,
}

const FREE: Place = Place { reference: 0, price: 0, shares: 0, locate: 0, side: Side::Buy, taken: false };
const _: () = assert!(size_of::<Place>() == 24);

/// The orders that stand, by reference number.
#[derive(Debug, Default)]
pub(super) struct Orders {
    places: Vec<Place>,
    /// How far a hash is shifted to leave the number of its home.
    shift: u32,
    len: usize,
}

/// What became of an order that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is kept.
    New,
    /// It is kept in the place of another of its number.
    Instead(Order),
    /// There are too many: it is not.
    Full,
}

impl Orders {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Forgets all, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.places.fill(FREE);
        self.len = 0;
    }

    /// Where an order would best lie: its block's home, and its place within.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "what is left after the shift is a place")]
    fn home(&self, reference: u64) -> usize {
        let block =
            ((reference / BLOCK).wrapping_mul(GOLDEN) >> self.shift) as usize & (self.places.len() - 1);
        block & !(BLOCK as usize - 1) | (reference % BLOCK) as usize
    }

    /// The place of an order, or the free one where it would be. The table must not be empty.
    #[inline]
    fn seek(&self, reference: u64) -> usize {
        let mask = self.places.len() - 1;
        let mut at = self.home(reference);
        // Half of the places are free: this ends.
        while self.places[at].taken && self.places[at].reference != reference {
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    pub(super) fn insert(&mut self, reference: u64, order: Order) -> Kept {
        if self.places.len() < (self.len + 1) * 2 && !self.grow() {
            return Kept::Full;
        }
        let at = self.seek(reference);
        let place = &mut self.places[at];
        let before = place.taken.then_some(place.order());
        *place = Place {
            reference,
            price: order.price.0,
            shares: order.shares,
            locate: order.locate,
            side: order.side,
            taken: true,
        };
        match before {
            None => {
                self.len += 1;
                Kept::New
            }
            Some(before) => Kept::Instead(before),
        }
    }

    /// Where an order is, and what stands of it.
    #[inline]
    pub(super) fn find(&self, reference: u64) -> Option<(At, Order)> {
        if self.len == 0 {
            return None;
        }
        let at = self.seek(reference);
        let place = &self.places[at];
        place.taken.then(|| (At(at), place.order()))
    }

    /// Leaves `shares` of the order found there; none takes it out.
    #[inline]
    pub(super) fn leave(&mut self, at: At, shares: u32) {
        if shares == 0 {
            self.remove(at.0);
        } else {
            self.places[at.0].shares = shares;
        }
    }

    /// Frees a place, and moves back what probing would now not find.
    #[inline]
    fn remove(&mut self, at: usize) {
        let mask = self.places.len() - 1;
        let (mut hole, mut next) = (at, at);
        loop {
            next = (next + 1) & mask;
            let place = self.places[next];
            if !place.taken {
                break;
            }
            // An order may move back as far as its home, not beyond.
            let from_home = next.wrapping_sub(self.home(place.reference)) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.places[hole] = place;
                hole = next;
            }
        }
        self.places[hole] = FREE;
        self.len -= 1;
    }

    #[cold]
    fn grow(&mut self) -> bool {
        if self.len >= ORDERS_MAX {
            return false;
        }
        let places = (self.places.len() * 2).max(PLACES_MIN);
        let old = std::mem::replace(&mut self.places, vec![FREE; places]);
        self.shift = 64 - places.trailing_zeros();
        for place in old {
            if place.taken {
                let at = self.seek(place.reference);
                self.places[at] = place;
            }
        }
        true
    }
}

/// A place that was found; good until the next insertion or removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At(usize);

impl Place {
    #[inline]
    const fn order(&self) -> Order {
        Order { price: Price4(self.price), shares: self.shares, locate: self.locate, side: self.side }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use stdx::Prng;

    fn order(prng: &mut Prng) -> Order {
        let small = |n: u64| u32::try_from(n).expect("small");
        Order {
            price: Price4(small(prng.below(1_000))),
            shares: small(prng.below(500)) + 1,
            locate: 3,
            side: if prng.chance(0.5) { Side::Buy } else { Side::Sell },
        }
    }

    #[test]
    fn it_is_a_map_whatever_the_numbers() {
        // Numbers that count up by 4, that share low bits, and few that come again and again.
        let shapes: [fn(u64) -> u64; 4] = [|n| n * 4, |n| n << 40, |n| u64::MAX - n, |n| n % 30];
        for (seed, number) in shapes.into_iter().enumerate() {
            let mut prng = Prng::new(seed as u64);
            let (mut orders, mut truth) = (Orders::default(), BTreeMap::new());
            for step in 0..40_000 {
                let reference = number(prng.below(4_000));
                let found = orders.find(reference);
                assert_eq!(found.map(|found| found.1), truth.get(&reference).copied(), "{seed} {step}");
                match found {
                    Some((at, order)) if prng.chance(0.5) => {
                        let shares = if prng.chance(0.5) { 0 } else { order.shares / 2 };
                        orders.leave(at, shares);
                        truth.remove(&reference);
                        if shares > 0 {
                            truth.insert(reference, Order { shares, ..order });
                        }
                    }
                    _ => {
                        let order = order(&mut prng);
                        let expected = truth.insert(reference, order).map_or(Kept::New, Kept::Instead);
                        assert_eq!(orders.insert(reference, order), expected, "{seed} {step}");
                    }
                }
                assert_eq!(orders.len(), truth.len());
            }
            orders.clear();
            assert!(truth.keys().all(|reference| orders.find(*reference).is_none()));
        }
    }
}
