//! Our orders as a report sees them: how many messages, how long until they worked, how long until they filled.
//!
//! Keeps only the orders that are open. A *quote* is an order at one price: a replacement to another price ends
//! one wait and starts the next, because it joins another queue.

use crate::histogram::Histogram;
use crate::markout::HORIZONS;
use crate::survival::Waits;
use types::{
    Command, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Outcome, RejectReason, Report, Side,
    Ticks,
};

/// An order that is not closed.
#[derive(Clone, Copy, Debug)]
struct Track {
    order: OrderId,
    instrument: InstrumentId,
    side: Side,
    price: Ticks,
    unfilled: Lots,
    filled: Lots,
    /// By our clock.
    sent_at: Nanos,
    /// By the venue's clock; `None` until the venue answered.
    working_since: Option<Nanos>,
    /// The present quote waits for its first fill.
    waits: bool,
    /// Meant to rest: neither a market order nor gone at once.
    rests: bool,
}

/// A working order came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// In what.
    pub instrument: InstrumentId,
    /// On which side.
    pub side: Side,
    /// Came, else went.
    pub came: bool,
}

/// Counts of messages and answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// New orders sent.
    pub placed: u64,
    /// Replacements sent.
    pub replaced: u64,
    /// Cancels sent.
    pub canceled: u64,
    /// New orders the venue took.
    pub accepted: u64,
    /// Orders with at least one fill.
    pub with_fill: u64,
    /// New orders the venue refused, by reason.
    pub rejected: [u64; REASONS.len()],
    /// Cancels and replacements the venue refused: usually crossed by a fill.
    pub too_late: u64,
}

/// Every reason, in the order of its number.
pub const REASONS: [(RejectReason, &str); 7] = [
    (RejectReason::UnknownInstrument, "unknown instrument"),
    (RejectReason::MarketClosed, "market closed"),
    (RejectReason::WouldTake, "post-only would take"),
    (RejectReason::NotEnoughLiquidity, "not enough liquidity"),
    (RejectReason::Invalid, "invalid"),
    (RejectReason::UnknownOrder, "unknown order"),
    (RejectReason::Other, "other"),
];

/// The open orders and what the closed ones told.
#[derive(Clone, Debug)]
pub struct Quotes {
    /// In the order of their numbers.
    open: Vec<Track>,
    /// The latest moment of the venue's that a report spoke of.
    venue_clock: Nanos,
    counts: Counts,
    waits: Waits,
    round_trip: Histogram,
}

/// Whether it is made to wait in the book. One that waits for its trigger is no quote.
const fn rests(terms: &NewOrder) -> bool {
    let stays = terms.time_in_force.rests();
    match terms.kind {
        OrderKind::Limit | OrderKind::PostOnly | OrderKind::Iceberg { .. } | OrderKind::Pegged { .. } => {
            stays
        }
        OrderKind::Market | OrderKind::Stop { .. } | OrderKind::StopLimit { .. } => false,
    }
}

impl Quotes {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            open: Vec::with_capacity(4_096),
            venue_clock: Nanos::MIN,
            counts: Counts::default(),
            waits: Waits::up_to(HORIZONS[HORIZONS.len() - 1]),
            round_trip: Histogram::new(),
        }
    }

    /// The engine sent something.
    pub fn on_command(&mut self, now: Nanos, command: &Command) {
        match command {
            Command::Place(place) => {
                self.counts.placed += 1;
                self.track(now, place.order, &place.terms);
            }
            Command::Cancel { .. } => self.counts.canceled += 1,
            Command::Replace { .. } => self.counts.replaced += 1,
            Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => {}
        }
    }

    fn track(&mut self, now: Nanos, order: OrderId, terms: &NewOrder) {
        let track = Track {
            order,
            instrument: terms.instrument,
            side: terms.side,
            price: terms.price,
            unfilled: terms.size,
            filled: Lots::ZERO,
            sent_at: now,
            working_since: None,
            waits: false,
            rests: rests(terms),
        };
        // Orders are numbered as they are sent, so this is the end; a replayed tail may not be.
        let place = self.open.partition_point(|open| open.order < order);
        self.open.insert(place, track);
    }

    /// The venue spoke; `booked` is the size that the portfolio booked because of it, if any.
    pub fn on_report(&mut self, now: Nanos, report: &Report, booked: Option<Lots>) -> Option<Presence> {
        self.venue_clock = self.venue_clock.max(report.venue_at);
        let place = self.open.binary_search_by_key(&report.order, |open| open.order).ok()?;
        match report.outcome {
            Outcome::Accepted => self.on_working(place, now, report.venue_at),
            Outcome::Rejected(reason) => {
                self.counts.rejected[reason as usize] += 1;
                self.round_trip.add(now - self.open[place].sent_at);
                self.close(place, report.venue_at)
            }
            Outcome::Filled { .. } => self.on_fill(place, now, report.venue_at, booked?),
            Outcome::Canceled => self.close(place, report.venue_at),
            Outcome::Replaced { price, size } => self.on_replaced(place, report.venue_at, price, size),
            Outcome::CancelRejected(_)
            | Outcome::ReplaceRejected(_)
            | Outcome::Listed { .. }
            | Outcome::NotListed
            | Outcome::Busted { .. } => {
                self.counts.too_late += 1;
                None
            }
        }
    }

    fn on_working(&mut self, place: usize, now: Nanos, venue_at: Nanos) -> Option<Presence> {
        let track = &mut self.open[place];
        if track.working_since.is_some() {
            return None;
        }
        track.working_since = Some(venue_at);
        track.waits = track.rests;
        self.counts.accepted += 1;
        self.round_trip.add(now - track.sent_at);
        Some(track.presence(true))
    }

    fn on_fill(&mut self, place: usize, now: Nanos, venue_at: Nanos, size: Lots) -> Option<Presence> {
        // A fill may overtake its own acknowledgement; it says as well that the order works.
        let came = self.on_working(place, now, venue_at);
        let track = &mut self.open[place];
        if track.filled.is_zero() {
            self.counts.with_fill += 1;
        }
        if std::mem::take(&mut track.waits) {
            let since = track.working_since.unwrap_or(venue_at);
            self.waits.add(Nanos((venue_at - since).0.max(0)), true);
        }
        track.filled += size;
        track.unfilled -= size;
        if track.unfilled > Lots::ZERO {
            return came;
        }
        let went = self.close(place, venue_at);
        // Came and went in one report: nothing changed.
        if came.is_some() { None } else { went }
    }

    fn on_replaced(&mut self, place: usize, venue_at: Nanos, price: Ticks, size: Lots) -> Option<Presence> {
        let track = &mut self.open[place];
        track.unfilled = size - track.filled;
        if track.unfilled <= Lots::ZERO {
            return self.close(place, venue_at);
        }
        if track.price != price {
            if track.waits {
                let since = track.working_since.unwrap_or(venue_at);
                self.waits.add(Nanos((venue_at - since).0.max(0)), false);
            }
            track.price = price;
            track.working_since = Some(venue_at);
            track.waits = track.rests;
        }
        None
    }

    fn close(&mut self, place: usize, venue_at: Nanos) -> Option<Presence> {
        let track = self.open.remove(place);
        let since = track.working_since?;
        if track.waits {
            self.waits.add(Nanos((venue_at - since).0.max(0)), false);
        }
        Some(track.presence(false))
    }

    /// The session is over at `venue_at` by the venue's clock: who still waits is given up.
    pub fn finish(mut self, venue_at: Nanos) -> (Counts, Waits, Histogram) {
        let end = self.venue_clock.max(venue_at);
        while !self.open.is_empty() {
            self.close(self.open.len() - 1, end);
        }
        (self.counts, self.waits, self.round_trip)
    }
}

impl Track {
    const fn presence(&self, came: bool) -> Presence {
        Presence { instrument: self.instrument, side: self.side, came }
    }
}

impl Default for Quotes {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Liquidity, PlaceOrder, StrategyId, TimeInForce};

    const MS: i64 = 1_000_000;

    fn place(order: u32, kind: OrderKind, time_in_force: TimeInForce) -> Command {
        Command::Place(PlaceOrder {
            order: OrderId(order),
            strategy: StrategyId(0),
            terms: NewOrder {
                instrument: InstrumentId(0),
                side: Side::Buy,
                kind,
                time_in_force,
                price: Ticks(100),
                size: Lots(3),
            },
        })
    }

    fn resting(order: u32) -> Command {
        place(order, OrderKind::PostOnly, TimeInForce::GoodTilCancel)
    }

    fn fill(size: i64) -> Outcome {
        Outcome::Filled { price: Ticks(100), size: Lots(size), fill: 0, liquidity: Liquidity::Maker }
    }

    /// `(milliseconds, order, outcome)`; what came (+) and went (-) comes back as text.
    fn tell(quotes: &mut Quotes, reports: &[(i64, u32, Outcome)]) -> String {
        let mut seen = String::new();
        for &(at, order, outcome) in reports {
            let report = Report {
                venue_at: Nanos(at * MS),
                order: OrderId(order),
                instrument: InstrumentId(0),
                outcome,
            };
            let booked = match outcome {
                Outcome::Filled { size, .. } => Some(size),
                Outcome::Accepted
                | Outcome::Rejected(_)
                | Outcome::Canceled
                | Outcome::CancelRejected(_)
                | Outcome::Replaced { .. }
                | Outcome::ReplaceRejected(_)
                | Outcome::Listed { .. }
                | Outcome::NotListed
                | Outcome::Busted { .. } => None,
            };
            seen.push(match quotes.on_report(Nanos((at + 2) * MS), &report, booked) {
                Some(presence) if presence.came => '+',
                Some(_) => '-',
                None => '.',
            });
        }
        seen
    }

    #[test]
    fn presence_follows_every_way_an_order_can_live() {
        use Outcome::{Accepted, Canceled, Rejected};
        let reject = Rejected(RejectReason::WouldTake);
        let replaced = |price, size| Outcome::Replaced { price: Ticks(price), size: Lots(size) };
        let cases: [(&[Outcome], &str); 8] = [
            (&[Accepted, fill(1), fill(2)], "+.-"),
            (&[Accepted, fill(1), Canceled], "+.-"),
            (&[fill(1), Accepted, fill(2)], "+.-"),
            (&[fill(3), Accepted], ".."),
            (&[reject, Accepted], ".."),
            (&[Accepted, replaced(101, 5), fill(3), fill(2)], "+..-"),
            (&[Accepted, fill(2), replaced(100, 2)], "+.-"),
            (&[Accepted, Outcome::CancelRejected(RejectReason::UnknownOrder), fill(3)], "+.-"),
        ];
        for (outcomes, expected) in cases {
            let mut quotes = Quotes::new();
            quotes.on_command(Nanos(0), &resting(0));
            let reports: Vec<_> = outcomes.iter().map(|o| (5, 0, *o)).collect();
            assert_eq!(tell(&mut quotes, &reports), expected, "{outcomes:?}");
        }
    }

    #[test]
    fn waits_end_by_a_fill_a_cancel_a_new_price_or_the_session() {
        let mut quotes = Quotes::new();
        for order in 0..4 {
            quotes.on_command(Nanos(0), &resting(order));
        }
        let replaced = Outcome::Replaced { price: Ticks(101), size: Lots(3) };
        tell(
            &mut quotes,
            &[
                (10, 0, Outcome::Accepted),
                (10, 1, Outcome::Accepted),
                (10, 2, Outcome::Accepted),
                (10, 3, Outcome::Accepted),
                (110, 0, fill(1)),
                (130, 0, fill(2)),
                (60, 1, Outcome::Canceled),
                (210, 2, replaced),
                (710, 2, fill(3)),
            ],
        );
        let (counts, waits, round_trip) = quotes.finish(Nanos(2_000 * MS));
        // 100 ms filled, 50 ms given up, 200 ms given up then 500 ms filled, the rest of the session given up.
        assert_eq!(waits.count(), 5);
        let share = |ms| waits.filled_within(Nanos(ms * MS)).expect("some waited").share;
        assert!((share(99) - 0.0).abs() < 1e-15);
        assert!((share(100) - 0.25).abs() < 1e-15);
        assert!((share(500) - (1.0 - 0.75 * 0.5)).abs() < 1e-15);
        assert_eq!((counts.placed, counts.accepted, counts.with_fill), (4, 4, 2));
        assert_eq!((round_trip.count(), round_trip.most()), (4, Some(Nanos(12 * MS))));
    }

    #[test]
    fn orders_that_never_rest_do_not_wait() {
        let mut quotes = Quotes::new();
        quotes.on_command(Nanos(0), &place(0, OrderKind::Market, TimeInForce::GoodTilCancel));
        quotes.on_command(Nanos(0), &place(1, OrderKind::Limit, TimeInForce::ImmediateOrCancel));
        tell(&mut quotes, &[(1, 0, fill(3)), (1, 1, Outcome::Accepted), (1, 1, Outcome::Canceled)]);
        let (counts, waits, _) = quotes.finish(Nanos(0));
        assert_eq!((waits.count(), counts.with_fill), (0, 1));
    }

    #[test]
    fn reasons_stand_in_the_order_of_their_numbers() {
        for (at, (reason, _)) in REASONS.iter().enumerate() {
            assert_eq!(*reason as usize, at);
        }
    }
}
