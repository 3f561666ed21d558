//! The agents: makers, takers and cancellers. Each has habits, and chance of its own, so that a draw more by one moves
//! nothing of the others.

use super::buckets::{self, PLACES};
use super::model::{CancellerHabits, MakerHabits, TakerHabits};
use crate::market::exchange::Exchange;
use stdx::Prng;
use types::{Lots, Side, Ticks};

/// Those who rest orders: where depends on the spread.
#[derive(Clone, Debug)]
pub(super) struct Makers {
    pub(super) habits: MakerHabits,
    pub(super) prng: Prng,
    weights: Vec<f64>,
}

impl Makers {
    pub(super) fn new(habits: MakerHabits, prng: Prng) -> Self {
        Self { habits, prng, weights: vec![0.0; PLACES] }
    }

    /// Price and size of the next order: between the best prices, at the own one or behind it.
    pub(super) fn order(&mut self, side: Side, best: [Ticks; 2], spread_edges: &[i64]) -> (Ticks, Lots) {
        let (own, spread) = (best[side.index()], best[1] - best[0]);
        let habits = &self.habits.places[buckets::spread(spread_edges, spread)];
        for (place, weight) in self.weights.iter_mut().enumerate() {
            // The most that an order may better the price and not meet the other side.
            let (_, mildest) = buckets::place_range(place);
            *weight = if -mildest < spread { habits[place] } else { 0.0 };
        }
        let behind = match buckets::draw(&self.weights, &mut self.prng) {
            Some(place) => {
                let (least, most) = buckets::place_range(place);
                self.prng.between(least.max(1 - spread), most)
            }
            None => 0,
        };
        let sizes = &self.habits.sizes[usize::from(behind >= 0) + usize::from(behind > 0)];
        (own.worse_for(!side, behind), Lots(sizes.draw(&mut self.prng).max(1)))
    }
}

/// Those who cross the spread: how much depends on what stands there.
#[derive(Clone, Debug)]
pub(super) struct Takers {
    pub(super) habits: TakerHabits,
    pub(super) prng: Prng,
}

impl Takers {
    /// How much the next one takes of a best level of `standing`.
    pub(super) fn size(&mut self, standing: Lots) -> Lots {
        if self.prng.chance(self.habits.clears[buckets::standing(standing.0)]) {
            let more = self.prng.chance(self.habits.beyond_share);
            let beyond = if more { self.habits.beyond.draw(&mut self.prng) } else { 0 };
            return standing + Lots(beyond);
        }
        // Less than stands there: as many draws as it takes, within reason.
        for _ in 0..8 {
            let size = self.habits.sizes.draw(&mut self.prng);
            if size < standing.0 {
                return Lots(size.max(1));
            }
        }
        Lots((standing.0 / 2).max(1))
    }
}

/// An order of the agents' that rests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Resting {
    pub(super) id: u64,
    pub(super) price: Ticks,
    /// In seconds from the start.
    pub(super) born: f64,
}

/// Those who change their minds: which order depends on where it stands and how long.
#[derive(Clone, Debug)]
pub(super) struct Cancellers {
    pub(super) habits: CancellerHabits,
    pub(super) prng: Prng,
}

impl Cancellers {
    fn hazard(&self, order: &Resting, side: Side, best: Ticks, now: f64) -> f64 {
        let behind = (best - order.price) * side.sign();
        self.habits.hazards[buckets::distance(behind)][buckets::age(now - order.born)]
    }

    /// How readily one side's orders are withdrawn, beside what is usual. By distance alone: that young orders go first is
    /// in the excitement already, because whoever placed them excites withdrawals.
    pub(super) fn readiness(&self, orders: &[Resting], side: Side, best: Ticks) -> f64 {
        let weight =
            |order: &Resting| self.habits.readiness[buckets::distance((best - order.price) * side.sign())];
        orders.iter().map(weight).sum::<f64>() / self.habits.usual
    }

    /// Which order is withdrawn, and what is left of it; `None` when there is none to spare.
    pub(super) fn choose(
        &mut self,
        exchange: &Exchange,
        orders: &[Resting],
        side: Side,
        best: Ticks,
        now: f64,
    ) -> Option<(u64, Lots)> {
        let weights: Vec<f64> = orders.iter().map(|order| self.hazard(order, side, best, now)).collect();
        let id = orders[buckets::draw(&weights, &mut self.prng)?].id;
        let size = exchange.order(id)?.size;
        let part = size > Lots(1) && self.prng.chance(self.habits.part_share);
        Some((id, if part { Lots(self.prng.between(1, size.0 - 1)) } else { Lots::ZERO }))
    }
}
