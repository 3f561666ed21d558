//! A venue in memory: what would have become of our orders in a market that was recorded without them.
//!
//! It is told the market's events at the venue's time, and our commands when they reach the venue, and says what
//! the venue would have reported. Never delays anything (that is [`latency`](crate::latency)'s), never charges a
//! fee (that is `types::FeeSchedule`'s), and **a fill always has a reason**:
//!
//! | reason | data | rule |
//! |---|---|---|
//! | an order behind ours at our price was filled | by order | as much as it got |
//! | an order at a worse price was filled | by order | as much as it got |
//! | somebody came to rest at our price or better | both | as much as came |
//! | it traded at our price | by level | what is left after what is [ahead](QueueModel) of us |
//! | it traded at our price, not first in, first out | both | our share by the [rule](allocation) |
//! | it traded at a worse price | by level | as much as traded |
//! | our order crossed the book | both | what stands, level by level |
//!
//! With order-by-order data our place in the queue is exact: we get the stamp of the next order to join, and a
//! recorded order is ahead of us if its stamp is lower. It leaves our way as it left it in the record; when it
//! is changed so that it loses its place, it goes behind us. With price-level data the place is an estimate.
//!
//! Commands while the book is not sound (building, stale, crossed) or the market is not open are refused;
//! cancels always work. An order that would meet one of our own is refused whole ([`RejectReason::Other`]): what
//! exchanges call self-match prevention, cancelling the newest. A feed that never speaks of phases is open.
//! Auctions, hidden and iceberg orders of ours are not modelled.
//!
//! Cost: an event that finds nothing of ours here is one more branch over the book's own update; with orders,
//! one comparison with the best of them. Orders are found by looking through those of their instrument. Nothing
//! is allocated once the lists have grown.

pub mod allocation;
mod market;
mod own;
mod queue;

use allocation::Allocation;
use book::Book;
use market::Market;
use own::Reports;
pub use own::Working;
use queue::Estimate;
pub use queue::QueueModel;
use stdx::Prng;
use types::{Command, Event, Instrument, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind, Outcome};
use types::{PlaceOrder, RejectReason, Report, Side, Ticks, TimeInForce};

/// How the venue behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VenueConfig {
    /// Where we stand in queues of which only the size is known.
    pub queue: QueueModel,
    /// Whether a resting order that is reached in part is filled in part. Without, it is filled whole as soon as
    /// it is reached at all: optimistic, but what some simulators do, and so there to compare with them. An
    /// order that takes always takes what stands.
    pub partial_fills: bool,
    /// How many new and changed orders in a million are refused for no reason.
    pub reject_ppm: u32,
    /// How many levels a side the feed shows, when it does not say what falls out of sight. `None`: as the
    /// instrument's venue does. Price-level data only.
    pub depth_max: Option<usize>,
}

impl Default for VenueConfig {
    fn default() -> Self {
        Self { queue: QueueModel::Pessimistic, partial_fills: true, reject_ppm: 0, depth_max: None }
    }
}

/// The venue; see the module.
#[derive(Clone, Debug)]
pub struct Venue {
    markets: Vec<Market>,
    config: VenueConfig,
    prng: Prng,
    next_fill: u32,
}

fn book(instrument: &Instrument, config: &VenueConfig) -> Book {
    match config.depth_max {
        Some(levels) => Book::with_depths(levels, usize::MAX),
        None => Book::of(instrument),
    }
}

impl Venue {
    /// A venue for these instruments, before anything was heard of any market.
    #[must_use]
    pub fn new(instruments: &[Instrument], config: VenueConfig, prng: Prng) -> Self {
        Self {
            markets: instruments
                .iter()
                .map(|instrument| Market::new(book(instrument, &config), config.queue))
                .collect(),
            config,
            prng,
            next_fill: 0,
        }
    }

    /// Gives an instrument another matching algorithm than first in, first out; of each incoming order we get
    /// `lead_percent` as a lead market maker, where the algorithm has such.
    ///
    /// # Panics
    /// When the instrument is not one of the venue's.
    pub fn allocate(&mut self, instrument: InstrumentId, allocation: Allocation, lead_percent: u8) {
        let market = &mut self.markets[instrument.index()];
        (market.allocation, market.lead_percent) = (allocation, lead_percent);
    }

    /// Something happened in the recorded market at `at`, the venue's time.
    #[inline]
    pub fn on_market(&mut self, at: Nanos, event: &Event, out: &mut Vec<Report>) {
        match event {
            Event::Level(delta) => {
                if let Some((market, mut reports)) = self.at(at, delta.instrument, out) {
                    market.on_level(delta, &mut reports);
                }
            }
            Event::Order(delta) => {
                if let Some((market, mut reports)) = self.at(at, delta.instrument, out) {
                    market.on_order(delta, &mut reports);
                }
            }
            Event::Trade(trade) => {
                if let Some((market, mut reports)) = self.at(at, trade.instrument, out) {
                    market.on_trade(trade, &mut reports);
                }
            }
            Event::Status(status) => {
                self.each(status.instrument, |market| market.book.on_phase(status.phase));
            }
            Event::Gap(gap) => self.each(gap.instrument, Market::on_gap),
            // Not the market's: ours, or a person's.
            Event::Report(_) | Event::Timer(_) | Event::Operator(_) => {}
            // Nothing that an order of ours could meet.
            Event::Statistic(_) | Event::QuoteRequest(_) | Event::TradeBust(_) | Event::Bar { .. } => {}
        }
    }

    /// One of our commands reaches the venue at `at`. Timers are no business of a venue.
    pub fn on_command(&mut self, at: Nanos, command: &Command, out: &mut Vec<Report>) {
        match *command {
            Command::Place(place) => self.place(at, place, out),
            Command::Cancel { order, instrument } => self.cancel(at, order, instrument, out),
            Command::Replace { order, instrument, price, size } => {
                self.replace(at, order, instrument, (price, size), out)
            }
            Command::WakeAt { .. } => debug_assert!(false, "a timer was sent to a venue"),
        }
    }

    /// The market as the venue knows it: the recorded one, without our orders.
    ///
    /// # Panics
    /// When the instrument is not one of the venue's.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> &Book {
        &self.markets[instrument.index()].book
    }

    /// Our orders that rest in an instrument: bids, then asks, each first in line first.
    pub fn open_orders(&self, instrument: InstrumentId) -> impl Iterator<Item = &Working> {
        let queues = self.markets.get(instrument.index()).map(|market| &market.ours);
        queues.into_iter().flatten().flat_map(own::Queue::iter)
    }

    /// How many lots of the recorded market trade at its price before this order of ours; with price-level data
    /// an estimate, and infinite while the level is out of sight. `None` when no such order rests.
    #[must_use]
    pub fn ahead(&self, instrument: InstrumentId, order: OrderId) -> Option<f64> {
        let market = self.markets.get(instrument.index())?;
        let working = self.open_orders(instrument).find(|working| working.order == order)?;
        Some(market.ahead(working))
    }

    #[inline]
    fn at<'a>(
        &'a mut self,
        at: Nanos,
        instrument: InstrumentId,
        out: &'a mut Vec<Report>,
    ) -> Option<(&'a mut Market, Reports<'a>)> {
        let market = self.markets.get_mut(instrument.index())?;
        let reports = Reports {
            at,
            instrument,
            partial: self.config.partial_fills,
            next_fill: &mut self.next_fill,
            out,
        };
        Some((market, reports))
    }

    fn each(&mut self, instrument: Option<InstrumentId>, act: impl Fn(&mut Market)) {
        match instrument {
            Some(instrument) => self.markets.get_mut(instrument.index()).into_iter().for_each(act),
            None => self.markets.iter_mut().for_each(act),
        }
    }

    fn place(&mut self, at: Nanos, place: PlaceOrder, out: &mut Vec<Report>) {
        let PlaceOrder { order, terms, .. } = place;
        let unlucky = self.is_unlucky();
        let Some((market, mut reports)) = self.at(at, terms.instrument, out) else {
            let outcome = Outcome::Rejected(RejectReason::UnknownInstrument);
            out.push(Report { venue_at: at, order, instrument: terms.instrument, outcome });
            return;
        };
        if let Some(reason) = refusal(market, order, &terms, unlucky) {
            reports.say(order, Outcome::Rejected(reason));
            return;
        }
        reports.say(order, Outcome::Accepted);
        let left = market.take(order, terms.side, terms.price, terms.size, &mut reports);
        if left <= Lots::ZERO {
            return;
        }
        if terms.time_in_force != TimeInForce::GoodTilCancel || terms.kind == OrderKind::Market {
            reports.say(order, Outcome::Canceled);
            return;
        }
        market.rest(Working {
            order,
            side: terms.side,
            price: terms.price,
            size: terms.size,
            filled: terms.size - left,
            post_only: terms.kind == OrderKind::PostOnly,
            top: false,
            joined: 0,
            estimate: Estimate::join(None),
        });
    }

    fn cancel(&mut self, at: Nanos, order: OrderId, instrument: InstrumentId, out: &mut Vec<Report>) {
        let outcome = match self.markets.get_mut(instrument.index()) {
            None => Outcome::CancelRejected(RejectReason::UnknownInstrument),
            Some(market) => match find(market, order) {
                None => Outcome::CancelRejected(RejectReason::UnknownOrder),
                Some(working) => {
                    market.ours[working.side.index()].remove(order);
                    Outcome::Canceled
                }
            },
        };
        out.push(Report { venue_at: at, order, instrument, outcome });
    }

    /// Same price and no larger: it keeps its place. Anything else takes it out and enters it anew, where it may
    /// take.
    fn replace(
        &mut self,
        at: Nanos,
        order: OrderId,
        instrument: InstrumentId,
        (price, size): (Ticks, Lots),
        out: &mut Vec<Report>,
    ) {
        let unlucky = self.is_unlucky();
        let Some((market, mut reports)) = self.at(at, instrument, out) else {
            let outcome = Outcome::ReplaceRejected(RejectReason::UnknownInstrument);
            out.push(Report { venue_at: at, order, instrument, outcome });
            return;
        };
        let Some(before) = find(market, order) else {
            reports.say(order, Outcome::ReplaceRejected(RejectReason::UnknownOrder));
            return;
        };
        let own = before.side.index();
        // More has traded than is wanted: what is left of it goes, as with any cancel.
        if size > Lots::ZERO && size <= before.filled {
            market.ours[own].remove(order);
            reports.say(order, Outcome::Canceled);
            return;
        }
        if let Some(reason) = replace_refusal(market, &before, price, size, unlucky) {
            reports.say(order, Outcome::ReplaceRejected(reason));
            return;
        }
        reports.say(order, Outcome::Replaced { price, size });
        if price == before.price && size <= before.size {
            if let Some(working) = market.ours[own].find(order) {
                working.size = size;
            }
            return;
        }
        market.ours[own].remove(order);
        let left = market.take(order, before.side, price, size - before.filled, &mut reports);
        if left > Lots::ZERO {
            market.rest(Working { price, size, filled: size - left, ..before });
        }
    }

    /// Draws only when the venue is capricious at all, so that turning it off moves nothing else.
    fn is_unlucky(&mut self) -> bool {
        let ppm = u64::from(self.config.reject_ppm);
        ppm > 0 && self.prng.below(1_000_000) < ppm
    }
}

fn find(market: &mut Market, order: OrderId) -> Option<Working> {
    Side::BOTH.into_iter().find_map(|side| market.ours[side.index()].find(order).copied())
}

fn refusal(market: &mut Market, order: OrderId, terms: &NewOrder, unlucky: bool) -> Option<RejectReason> {
    let post_only = terms.kind == OrderKind::PostOnly;
    if terms.size <= Lots::ZERO
        || (post_only && terms.time_in_force != TimeInForce::GoodTilCancel)
        || find(market, order).is_some()
    {
        return Some(RejectReason::Invalid);
    }
    if unlucky {
        return Some(RejectReason::Other);
    }
    if !market.is_open() {
        return Some(RejectReason::MarketClosed);
    }
    if let Some(reason) = crossing_refusal(market, terms.side, terms.price, post_only) {
        return Some(reason);
    }
    let all = terms.time_in_force == TimeInForce::FillOrKill;
    (all && market.available(terms.side, terms.price, terms.size) < terms.size)
        .then_some(RejectReason::NotEnoughLiquidity)
}

fn replace_refusal(
    market: &Market,
    before: &Working,
    price: Ticks,
    size: Lots,
    unlucky: bool,
) -> Option<RejectReason> {
    if size <= Lots::ZERO {
        return Some(RejectReason::Invalid);
    }
    if unlucky {
        return Some(RejectReason::Other);
    }
    if !market.is_open() {
        return Some(RejectReason::MarketClosed);
    }
    if price == before.price && size <= before.size {
        return None;
    }
    crossing_refusal(market, before.side, price, before.post_only)
}

fn crossing_refusal(market: &Market, side: Side, price: Ticks, post_only: bool) -> Option<RejectReason> {
    let meets_ours = market.meets_ours(side, price);
    if post_only && (meets_ours || market.available(side, price, Lots(1)) > Lots::ZERO) {
        return Some(RejectReason::WouldTake);
    }
    meets_ours.then_some(RejectReason::Other)
}
