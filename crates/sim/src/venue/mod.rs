//! A venue in memory: what would have become of our orders in a market that was recorded without them.
//!
//! It is told the market's events at the venue's time, and our commands when they reach the venue, and says what
//! the venue would have reported. It counts what we hold, and moves cash for it ([account]). Never delays anything
//! (that is [`latency`](crate::latency)'s), never charges a fee (that is `types::FeeSchedule`'s), and **a fill always
//! has a reason**:
//!
//! | reason | data | rule |
//! |---|---|---|
//! | an order behind ours at our price was filled | by order | as much as it got |
//! | an order at a worse price was filled | by order | as much as it got |
//! | somebody came to rest at our price or better | both | as much as came |
//! | it traded at our price | by level | what is left after what is [ahead](QueueModel) of us |
//! | it traded at our price, not first in, first out | both | our share by the [rule](allocation) |
//! | it traded at a worse price | by level | as much as traded |
//! | an auction ended | both | what its volume leaves after those before us, at its one price |
//! | our order crossed the book | both | what stands, level by level |
//!
//! With order-by-order data our place in the queue is exact: we get the stamp of the next order to join, and a
//! recorded order is ahead of us if its stamp is lower. It leaves our way as it left it in the record; when it
//! is changed so that it loses its place, it goes behind us. With price-level data the place is an estimate.
//!
//! Commands while the book is not sound (building, stale, crossed) or the market is not open are refused;
//! cancels always work. An order that would meet one of our own is refused whole ([`RejectReason::Other`]), or what
//! else [`SelfMatch`] says. A feed that never speaks of phases is open. When the market closes, orders for the day and
//! those good until it are cancelled; in a halt all of them stay. Before the open orders are refused, or, with
//! [`auctions`](VenueConfig::auctions), wait for the [auction].
//!
//! Stops wait unseen until the market trades at their trigger and enter at the end of that packet. Of an iceberg only
//! what it shows is in the queue; the next part goes to its end. A pegged order moves with the market at the end of
//! each packet, to the end of the new price's queue, and never takes; the venue does not report its moves.
//!
//! Cost: an event that finds nothing of ours here is one more branch over the book's own update; with orders,
//! one comparison with the best of them. Orders are found by looking through those of their instrument. Nothing
//! is allocated once the lists have grown.

pub mod account;
pub mod allocation;
pub mod auction;
pub mod impact;
mod market;
mod own;
mod queue;

use account::{Accounts, Borrow, Funding, Held};
use allocation::Allocation;
use book::Book;
use impact::{Impact, ImpactTerms, Large};
use market::{Market, cautious};
pub use own::{Pegging, Working};
use own::{Reports, Waiting};
pub use queue::QueueModel;
use stdx::Prng;
use types::{
    Arrival, Cash, Command, Event, Instrument, InstrumentId, Lots, Nanos, NewOrder, OrderId, OrderKind,
    Outcome,
};
use types::{PlaceOrder, RejectReason, Report, Side, Ticks, TimeInForce, TradingDays};

/// What happens when an order of ours would trade with another of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfMatch {
    /// The incoming one is refused, whole.
    #[default]
    CancelNewest,
    /// The resting one is cancelled, and the incoming one goes on.
    CancelOldest,
    /// Both are cancelled.
    CancelBoth,
    /// Both are made smaller by the smaller of them, without a trade.
    Decrement,
}

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
    /// What keeps us from trading with ourselves.
    pub self_match: SelfMatch,
    /// Whether orders may be entered before the open and take part in the auction. Without, they are refused.
    pub auctions: bool,
    /// What we take shifts the market against us; `None`: not at all.
    pub impact: Option<ImpactTerms>,
    /// An order for more than this share of what is shown is [counted](Venue::large); zero: none is.
    pub large_share: f64,
    /// How many levels a side the feed shows, when it does not say what falls out of sight. `None`: as the
    /// instrument's venue does. Price-level data only.
    pub depth_max: Option<usize>,
}

impl Default for VenueConfig {
    fn default() -> Self {
        Self {
            queue: QueueModel::Pessimistic,
            partial_fills: true,
            reject_ppm: 0,
            self_match: SelfMatch::CancelNewest,
            auctions: false,
            impact: None,
            large_share: 0.0,
            depth_max: None,
        }
    }
}

/// The venue; see the module.
#[derive(Clone, Debug)]
pub struct Venue {
    markets: Vec<Market>,
    /// What we hold of each.
    held: Vec<Held>,
    accounts: Accounts,
    config: VenueConfig,
    prng: Prng,
    next_fill: u32,
    large: Large,
    days: TradingDays,
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
                .map(|instrument| {
                    let mut market = Market::new(book(instrument, &config), config.queue);
                    (market.self_match, market.auctions) = (config.self_match, config.auctions);
                    market.impact = Impact::new(config.impact);
                    market
                })
                .collect(),
            held: vec![Held::default(); instruments.len()],
            accounts: Accounts::new(instruments),
            config,
            prng,
            next_fill: 0,
            large: Large::default(),
            days: TradingDays::default(),
        }
    }

    /// Says where trading days begin: until when orders stay that are good for a date.
    pub fn keep_days(&mut self, days: TradingDays) {
        self.days = days;
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

    /// A packet happened in the recorded market at `at`, the venue's time.
    #[inline]
    pub fn on_packet(&mut self, at: Nanos, mut arrivals: &[Arrival], out: &mut Vec<Report>) {
        while let [first, others @ ..] = arrivals {
            if let Event::Level(delta) = &first.event
                && let Some((market, mut reports)) = self.at(at, delta.instrument, out)
            {
                arrivals = market.on_levels(arrivals, &mut reports);
            } else {
                self.on_market(at, &first.event, out);
                arrivals = others;
            }
        }
    }

    /// Says what holding an instrument costs.
    ///
    /// # Panics
    /// When the instrument is not one of the venue's, or its funding moments do not make a day.
    pub fn charge(&mut self, instrument: InstrumentId, funding: Funding, borrow: Borrow) {
        self.accounts.charge(instrument, funding, borrow);
    }

    /// The recorded market begins at `at`: moments of funding and borrow after it count.
    pub fn start(&mut self, at: Nanos) {
        self.accounts.start(at);
    }

    /// The next moment at which the venue may move cash; [`Nanos::MAX`] before [`start`](Self::start).
    #[inline]
    #[must_use]
    pub const fn cash_due(&self) -> Nanos {
        self.accounts.due()
    }

    /// The moment has come, and nothing else has happened at it yet: says what cash the venue moves for what we hold.
    pub fn move_cash(&mut self, at: Nanos, out: &mut Vec<Cash>) {
        let (held, markets) = (&self.held, &self.markets);
        self.accounts.settle(at, |row| (&held[row], &markets[row].book), out);
    }

    /// What we hold, by the venue's own count: what is filled, whether or not we have heard of it.
    ///
    /// # Panics
    /// When the instrument is not one of the venue's.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Lots {
        self.held[instrument.index()].position()
    }

    /// The venue takes a fill of ours back. An order stays as it is: what had traded of it does not come back to life.
    ///
    /// # Panics
    /// When the instrument is not one of the venue's.
    pub fn on_bust(&mut self, instrument: InstrumentId, side: Side, price: Ticks, size: Lots) {
        self.held[instrument.index()].on_fill(!side, price, size);
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
                let rows = match status.instrument {
                    Some(instrument) => instrument.index()..instrument.index() + 1,
                    None => 0..self.markets.len(),
                };
                // The day that ends, should the next begin at this very moment.
                let today = self.days.of(Nanos(at.0.saturating_sub(1)));
                for row in rows {
                    let instrument = InstrumentId(u32::try_from(row).expect("numbered in 32 bits"));
                    if let Some((market, mut reports)) = self.at(at, instrument, out) {
                        market.on_phase(status.phase, today, &mut reports);
                    }
                }
            }
            Event::Gap(gap) => self.each(gap.instrument, Market::on_gap),
            // Not the market's: ours, or a person's.
            Event::Report(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_) => {}
            Event::Statistic(statistic) => self.accounts.on_statistic(statistic),
            // Nothing that an order of ours could meet.
            Event::QuoteRequest(_) | Event::TradeBust(_) | Event::Bar { .. } => {}
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
            Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => debug_assert!(false, "a timer was sent to a venue"),
        }
    }

    /// The orders that were large beside what was shown when they came.
    #[must_use]
    pub const fn large(&self) -> Large {
        self.large
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

    /// How many orders of ours wait for their trigger in an instrument.
    #[must_use]
    pub fn waiting_orders(&self, instrument: InstrumentId) -> usize {
        self.markets.get(instrument.index()).map_or(0, |market| market.waiting.len())
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
            held: &mut self.held[instrument.index()],
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
        self.note_size(&place);
        let is_past = match terms.time_in_force {
            TimeInForce::GoodTilDate(last) => last < self.days.of(at),
            TimeInForce::GoodTilCancel
            | TimeInForce::ImmediateOrCancel
            | TimeInForce::FillOrKill
            | TimeInForce::Day => false,
        };
        let Some((market, mut reports)) = self.at(at, terms.instrument, out) else {
            let outcome = Outcome::Rejected(RejectReason::UnknownInstrument);
            out.push(Report { venue_at: at, order, instrument: terms.instrument, outcome });
            return;
        };
        let refused = match is_past {
            true => Some(RejectReason::Invalid),
            false => refusal(market, order, &terms, unlucky, at),
        };
        if let Some(reason) = refused {
            reports.say(order, Outcome::Rejected(reason));
            return;
        }
        reports.say(order, Outcome::Accepted);
        if market.is_call() {
            market.rest(Working::new(order, &terms, terms.size));
            return;
        }
        match terms.kind {
            OrderKind::Stop { trigger } | OrderKind::StopLimit { trigger } => {
                market.waiting.push(Waiting { order, terms, trigger, triggered: false });
            }
            OrderKind::Pegged { .. } => {
                let mut pegged = Working::new(order, &terms, terms.size);
                if let Some(price) = pegged.peg.and_then(|peg| market.pegged_price(terms.side, &peg)) {
                    pegged.price = price;
                    market.rest(pegged);
                }
            }
            OrderKind::Limit | OrderKind::Market | OrderKind::PostOnly | OrderKind::Iceberg { .. } => {
                market.enter(order, &terms, &mut reports);
            }
        }
    }

    /// Whether an order is small beside what is shown, as every rule here takes it to be.
    fn note_size(&mut self, PlaceOrder { order, terms, .. }: &PlaceOrder) {
        if self.config.large_share > 0.0
            && let Some(market) = self.markets.get(terms.instrument.index())
            && market.is_open()
        {
            let shown = market.shown(terms.side, terms.price);
            self.large.note(self.config.large_share, *order, terms.size, shown);
        }
    }

    fn cancel(&mut self, at: Nanos, order: OrderId, instrument: InstrumentId, out: &mut Vec<Report>) {
        let outcome = match self.markets.get_mut(instrument.index()) {
            None => Outcome::CancelRejected(RejectReason::UnknownInstrument),
            Some(market) => match find(market, order) {
                None if forget_waiting(market, order) => Outcome::Canceled,
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
        if let Some(waiting) = market.waiting.iter_mut().find(|waiting| waiting.order == order) {
            let outcome = if size <= Lots::ZERO || unlucky {
                let reason = if unlucky { RejectReason::Other } else { RejectReason::Invalid };
                Outcome::ReplaceRejected(reason)
            } else {
                (waiting.terms.price, waiting.terms.size) = (price, size);
                Outcome::Replaced { price, size }
            };
            reports.say(order, outcome);
            return;
        }
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
        if price == before.limit() && size <= before.size {
            if let Some(working) = market.ours[own].find(order) {
                working.size = size;
            }
            return;
        }
        market.ours[own].remove(order);
        if let Some(peg) = before.peg {
            let peg = Pegging { bound: price, ..peg };
            let stays = cautious(before.price, price, before.side);
            let price = market.pegged_price(before.side, &peg).unwrap_or(stays);
            market.rest(Working { price, size, peg: Some(peg), ..before });
            return;
        }
        if market.is_call() {
            market.rest(Working { price, size, ..before });
            return;
        }
        if let Some(rest) = market.take_beside_ours(Working { price, size, ..before }, &mut reports) {
            market.rest(rest);
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

fn forget_waiting(market: &mut Market, order: OrderId) -> bool {
    let place = market.waiting.iter().position(|waiting| waiting.order == order);
    place.map(|place| market.waiting.remove(place)).is_some()
}

fn refusal(
    market: &mut Market,
    order: OrderId,
    terms: &NewOrder,
    unlucky: bool,
    at: Nanos,
) -> Option<RejectReason> {
    let post_only = terms.kind == OrderKind::PostOnly;
    if terms.size <= Lots::ZERO
        || is_contradiction(terms)
        || find(market, order).is_some()
        || market.waiting.iter().any(|waiting| waiting.order == order)
    {
        return Some(RejectReason::Invalid);
    }
    if unlucky {
        return Some(RejectReason::Other);
    }
    if market.is_call() {
        return call_refusal(market, terms);
    }
    if !market.is_open() {
        return Some(RejectReason::MarketClosed);
    }
    match terms.kind {
        OrderKind::Limit | OrderKind::Market | OrderKind::PostOnly | OrderKind::Iceberg { .. } => {}
        OrderKind::Stop { .. } | OrderKind::StopLimit { .. } => return None,
        OrderKind::Pegged { to, offset } => {
            let peg = Pegging { to, offset, bound: terms.price };
            let nowhere = market.pegged_price(terms.side, &peg).is_none();
            return nowhere.then_some(RejectReason::NotEnoughLiquidity);
        }
    }
    if let Some(reason) = crossing_refusal(market, terms.side, terms.price, post_only) {
        return Some(reason);
    }
    let all = terms.time_in_force == TimeInForce::FillOrKill;
    let steps = market.impact.steps(terms.side, at);
    (all && market.available(terms.side, terms.price, steps, terms.size) < terms.size)
        .then_some(RejectReason::NotEnoughLiquidity)
}

/// Before the open only what can rest is taken, and nothing that would meet an order of ours.
fn call_refusal(market: &Market, terms: &NewOrder) -> Option<RejectReason> {
    let rests = terms.time_in_force.rests()
        && match terms.kind {
            OrderKind::Limit | OrderKind::PostOnly | OrderKind::Iceberg { .. } => true,
            OrderKind::Market
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::Pegged { .. } => false,
        };
    if !rests {
        return Some(RejectReason::MarketClosed);
    }
    market.meets_ours(terms.side, terms.price).then_some(RejectReason::Other)
}

/// What its kind and its time in force do not allow together.
fn is_contradiction(terms: &NewOrder) -> bool {
    let stays = terms.time_in_force.rests();
    match terms.kind {
        OrderKind::Limit | OrderKind::Market => false,
        OrderKind::PostOnly | OrderKind::Pegged { .. } => !stays,
        OrderKind::Iceberg { shown } => !stays || shown <= Lots::ZERO,
        // Whether there is enough is asked when it enters, which is too late to refuse it.
        OrderKind::Stop { .. } | OrderKind::StopLimit { .. } => {
            terms.time_in_force == TimeInForce::FillOrKill
        }
    }
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
    if market.is_call() {
        return market.meets_ours(before.side, price).then_some(RejectReason::Other);
    }
    if !market.is_open() {
        return Some(RejectReason::MarketClosed);
    }
    if before.peg.is_some() || (price == before.price && size <= before.size) {
        return None;
    }
    crossing_refusal(market, before.side, price, before.post_only)
}

fn crossing_refusal(market: &Market, side: Side, price: Ticks, post_only: bool) -> Option<RejectReason> {
    let meets_ours = market.meets_ours(side, price);
    if post_only && (meets_ours || market.available(side, price, 0, Lots(1)) > Lots::ZERO) {
        return Some(RejectReason::WouldTake);
    }
    (meets_ours && market.self_match == SelfMatch::CancelNewest).then_some(RejectReason::Other)
}
