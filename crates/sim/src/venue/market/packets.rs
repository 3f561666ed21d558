//! Level changes by the packet: what holds for all of them is asked once.
//!
//! Most changes happen far from our orders. From which price on one may concern us is kept at hand, so that the others
//! cost a comparison beside the book's change.

use super::Market;
use crate::venue::own::Reports;
use types::{Arrival, Event, Flags, LevelAction, LevelDelta, Side, Ticks};

/// After such a mark a book may be another than before: sound, crossed, or half of one.
const MARKS: u8 = Flags::LAST.0 | Flags::SNAPSHOT.0;

/// From where on a price level may concern our orders: at a price of ours, or across one.
#[derive(Clone, Copy, Debug)]
struct Reach {
    bids_from: Ticks,
    asks_to: Ticks,
}

impl Reach {
    const NOTHING: Self = Self { bids_from: Ticks(i64::MAX), asks_to: Ticks(i64::MIN) };
    const EVERYTHING: Self = Self { bids_from: Ticks(i64::MIN), asks_to: Ticks(i64::MAX) };

    /// Whether a change is one of a single level, beyond it.
    #[inline]
    fn spares(self, delta: &LevelDelta) -> bool {
        let beyond = match delta.side {
            Side::Buy => delta.price < self.bids_from,
            Side::Sell => delta.price > self.asks_to,
        };
        beyond & matches!(delta.action, LevelAction::Set | LevelAction::Delete)
    }
}

impl Market {
    /// Takes in what comes first of a packet, as long as it is level changes of this instrument; gives the others.
    #[inline]
    pub(in crate::venue) fn on_levels<'a>(
        &mut self,
        arrivals: &'a [Arrival],
        reports: &mut Reports<'_>,
    ) -> &'a [Arrival] {
        let (mut quiet, mut reach) = (self.is_quiet(), self.reach());
        for (place, arrival) in arrivals.iter().enumerate() {
            let Event::Level(delta) = &arrival.event else { return &arrivals[place..] };
            if delta.instrument != reports.instrument {
                return &arrivals[place..];
            }
            if reach.spares(delta) {
                self.book.apply_level(delta);
                if !quiet && delta.flags.0 & MARKS != 0 {
                    self.look(delta.flags, reports);
                }
            } else {
                self.on_level(delta, reports);
                (quiet, reach) = (self.is_quiet(), self.reach());
            }
        }
        &[]
    }

    #[inline]
    fn reach(&self) -> Reach {
        if self.is_quiet() || self.book.by_order().is_some() {
            return Reach::NOTHING;
        }
        if !self.taken.is_empty() || self.blind {
            return Reach::EVERYTHING;
        }
        let [bids, asks] = &self.ours;
        let low = |a: Option<Ticks>, b: Option<Ticks>| a.into_iter().chain(b).min();
        let high = |a: Option<Ticks>, b: Option<Ticks>| a.into_iter().chain(b).max();
        Reach {
            bids_from: low(bids.worst(), asks.best()).unwrap_or(Ticks(i64::MAX)),
            asks_to: high(asks.worst(), bids.best()).unwrap_or(Ticks(i64::MIN)),
        }
    }
}
