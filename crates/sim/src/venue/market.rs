//! One instrument at the venue: the recorded market, our orders in it, and the rules by which they meet.
//!
//! The record is never changed by what we do: recorded orders fill, cancel and arrive as they did without us.
//! That is the limit of every rule below: nobody reacts to our orders, and what we trade does not move the
//! price (no market impact). It is honest for orders that are small beside the market.

use crate::venue::SelfMatch;
use crate::venue::allocation::{Allocation, Resting, Shares};
use crate::venue::auction;
use crate::venue::impact::Impact;
use crate::venue::own::{Pegging, Queue, Reports, Taken, Waiting, Working};
use crate::venue::queue::{Estimate, QueueModel};
use book::{Book, State};
use stdx::math;
use types::{
    Arrival, Event, Flags, LevelAction, LevelDelta, Liquidity, Lots, NewOrder, OrderAction, OrderDelta,
    OrderId,
};
use types::{OrderKind, Outcome, Peg, Phase, Side, Ticks, TimeInForce, Trade};

#[derive(Clone, Debug)]
pub(super) struct Market {
    pub(super) book: Book,
    pub(super) ours: [Queue; 2],
    /// Orders of ours that wait for their trigger, in the order they came.
    pub(super) waiting: Vec<Waiting>,
    pub(super) self_match: SelfMatch,
    /// Whether orders may be entered before the open, for the auction.
    pub(super) auctions: bool,
    call: Call,
    pub(super) impact: Impact,
    taken: Taken,
    model: QueueModel,
    /// Who at one price gets how much, and what we get of it as a lead market maker, in percent.
    pub(super) allocation: Allocation,
    pub(super) lead_percent: u8,
    sharing: Sharing,
    /// The book has been without sound data since our orders were last placed in it.
    blind: bool,
}

/// An incoming order that is shared out by another rule than time: what is known of it so far.
#[derive(Clone, Debug, Default)]
struct Sharing {
    /// Order by order: the side and price it meets, and how much of it has been seen.
    met: Option<(Side, Ticks, Lots)>,
    /// The recorded orders it met, as they stood before: stamp and size.
    others: Vec<(u64, Lots)>,
    /// Everybody at the price, ours marked by their place in our queue.
    resting: Vec<Resting>,
    ours: Vec<Option<usize>>,
    shares: Shares,
}

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

/// An auction with orders of ours in it: what stood when trading opened, until it is known at what price it ended.
#[derive(Clone, Debug, Default)]
struct Call {
    /// The last price anything traded at, and the price the record named while orders were called for.
    last: Option<Ticks>,
    printed: Option<Ticks>,
    ending: bool,
    /// The recorded orders by side, and ours with what is ahead of them at their price.
    others: [Vec<(Ticks, Lots)>; 2],
    ours: Vec<(Working, Lots)>,
    /// Both together.
    all: [Vec<(Ticks, Lots)>; 2],
}

impl Sharing {
    fn start(&mut self) {
        self.resting.clear();
        self.ours.clear();
    }

    fn push(&mut self, resting: Resting, ours: Option<usize>) {
        if resting.size > Lots::ZERO {
            self.resting.push(resting);
            self.ours.push(ours);
        }
    }

    /// Others' orders that stand together. The first in time counts as the one that bettered the market, unless ours
    /// is before it: the record does not say who did.
    fn others(&mut self, size: i64) {
        let top = self.resting.is_empty();
        self.push(Resting { size: Lots(size), top, lead_percent: 0 }, None);
    }

    fn ours(&mut self, working: &Working, place: usize, lead_percent: u8) {
        let top = working.top && self.resting.iter().all(|order| !order.top);
        self.push(Resting { size: working.reachable(), top, lead_percent }, Some(place));
    }
}

impl Market {
    pub(super) fn new(book: Book, model: QueueModel) -> Self {
        Self {
            book,
            ours: [Queue::default(), Queue::default()],
            waiting: Vec::new(),
            self_match: SelfMatch::CancelNewest,
            auctions: false,
            call: Call::default(),
            impact: Impact::default(),
            taken: Taken::default(),
            model,
            allocation: Allocation::FIFO,
            lead_percent: 0,
            sharing: Sharing::default(),
            blind: false,
        }
    }

    /// Nothing of ours is here: the usual case.
    #[inline]
    fn is_quiet(&self) -> bool {
        self.ours[0].is_empty()
            && self.ours[1].is_empty()
            && self.taken.is_empty()
            && self.waiting.is_empty()
            && self.sharing.met.is_none()
    }

    /// Whether orders may be entered: the phase is open and the book is sound.
    pub(super) fn is_open(&self) -> bool {
        self.book.is_live() && self.book.phase() == Phase::Open
    }

    /// What is shown of that which an order would be large beside: what it crosses, else the best level of its side.
    pub(super) fn shown(&self, side: Side, limit: Ticks) -> Lots {
        let crossed = self.book.levels(!side).take_while(|level| limit.crosses(level.price, side));
        let crossed: i64 = crossed.map(|level| level.size.0).fold(0, i64::saturating_add);
        match crossed {
            0 => self.book.best(side).map_or(Lots::ZERO, |level| level.size),
            _ => Lots(crossed),
        }
    }

    /// Whether orders are called for: entered, and not matched yet.
    pub(super) fn is_call(&self) -> bool {
        let sound = matches!(self.book.state(), State::Live | State::Crossed { .. });
        self.auctions && sound && self.book.phase() == Phase::PreOpen
    }

    /// Whether what the record shows can fill us.
    fn can_fill(&self, flags: Flags) -> bool {
        !self.blind && self.is_open() && !flags.has(Flags::SNAPSHOT)
    }

    /// Takes in what comes first of a packet, as long as it is level changes of this instrument; gives the others.
    #[inline]
    pub(super) fn on_levels<'a>(
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

    /// What cannot concern our orders.
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

    #[inline]
    pub(super) fn on_level(&mut self, delta: &LevelDelta, reports: &mut Reports<'_>) {
        if self.is_quiet() {
            self.book.apply_level(delta);
        } else if !self.concerns_us(delta) {
            self.book.apply_level(delta);
            self.look(delta.flags, reports);
        } else {
            self.level_with_ours(delta, reports);
        }
    }

    #[inline]
    pub(super) fn on_order(&mut self, delta: &OrderDelta, reports: &mut Reports<'_>) {
        if self.is_quiet() {
            self.book.apply_order(delta);
        } else {
            self.order_with_ours(delta, reports);
        }
    }

    pub(super) fn on_trade(&mut self, trade: &Trade, reports: &mut Reports<'_>) {
        if self.auctions {
            self.note_auction(trade, reports);
        }
        if self.is_quiet() {
            return;
        }
        self.note_price(trade.price, trade.price_fraction > 0);
        self.fill_by_trade(trade, reports);
        if trade.flags.has(Flags::LAST) {
            self.on_packet_end(reports);
        }
    }

    /// A trade with no aggressor is the auction's: it says at what price.
    fn note_auction(&mut self, trade: &Trade, reports: &mut Reports<'_>) {
        if trade.aggressor.is_none() && trade.price_fraction == 0 {
            if self.call.ending {
                self.cross_at(Some(trade.price), reports);
            } else if self.book.phase() == Phase::PreOpen {
                self.call.printed = Some(trade.price);
            }
        }
        self.call.last = Some(trade.price);
    }

    fn fill_by_trade(&mut self, trade: &Trade, reports: &mut Reports<'_>) {
        // Order by order, fills say who traded with whom; trades would count them twice.
        if self.book.by_order().is_some() || !self.can_fill(trade.flags) {
            return;
        }
        // A hidden order's trade says nothing about the queue that is shown.
        if trade.flags.has(Flags::HIDDEN) || trade.size <= Lots::ZERO {
            return;
        }
        if let Some(aggressor) = trade.aggressor.or_else(|| self.aggressor(trade)) {
            self.trade_against(!aggressor, trade, reports);
        }
    }

    /// The phase changes. From the call to trading, our orders take part in the auction.
    pub(super) fn on_phase(&mut self, phase: Phase, reports: &mut Reports<'_>) {
        let opens = phase == Phase::Open && self.is_call() && !self.blind;
        self.book.on_phase(phase);
        self.call.ending = false;
        if opens && !(self.ours[0].is_empty() && self.ours[1].is_empty()) {
            self.end_call();
            if let Some(price) = self.call.printed {
                self.cross_at(Some(price), reports);
            }
        }
        if phase != Phase::PreOpen {
            self.call.printed = None;
        }
    }

    /// Keeps what stands, for the record takes it away before it says at what price.
    fn end_call(&mut self) {
        let mut call = std::mem::take(&mut self.call);
        call.ours.clear();
        for side in Side::BOTH {
            let others = &mut call.others[side.index()];
            others.clear();
            others.extend(self.book.levels(side).map(|level| (level.price, level.size)));
            for working in self.ours[side.index()].iter() {
                // Out of sight, all that may stand there is ahead.
                let ahead = Lots(whole(math::floor(self.ahead(working))));
                call.ours.push((*working, ahead));
            }
        }
        call.ending = true;
        self.call = call;
    }

    /// **The auction ends at one price**: the one the record names, else the one that the book with our orders in it
    /// gives. At that price trades what can; on each side better prices go first, and of one price earlier orders,
    /// so that we get what is left of the volume after those before us.
    ///
    /// Unrealistic: with us more may trade, or at another price, than the record shows; orders on which exchanges keep
    /// silent (on the open, imbalance-only, hidden) are not there.
    fn cross_at(&mut self, printed: Option<Ticks>, reports: &mut Reports<'_>) {
        let mut call = std::mem::take(&mut self.call);
        call.ending = false;
        for side in Side::BOTH {
            let of_side = call.ours.iter().filter(|(working, _)| working.side == side);
            let all = &mut call.all[side.index()];
            all.clear();
            all.extend(&call.others[side.index()]);
            all.extend(of_side.map(|(working, _)| (working.price, working.unfilled())));
        }
        let [bids, asks] = &call.all;
        let cross = match printed {
            Some(price) => Some(auction::at(price, bids, asks)),
            None => auction::uncross(bids, asks, call.last),
        };
        if let Some(cross) = cross {
            for side in Side::BOTH {
                self.cross_ours(side, &cross, &call, reports);
            }
        }
        self.call = call;
        for side in Side::BOTH {
            self.settle(side);
        }
        self.meet_what_crosses(reports);
    }

    fn cross_ours(&mut self, side: Side, cross: &auction::Cross, call: &Call, reports: &mut Reports<'_>) {
        let mut ours_before = 0;
        for (noted, ahead) in call.ours.iter().filter(|(noted, _)| noted.side == side) {
            let better = call.others[side.index()].iter().filter(|(price, _)| price.beats(noted.price, side));
            let before = better.map(|(_, size)| size.0).fold(ahead.0, i64::saturating_add);
            let before = before.saturating_add(ours_before);
            ours_before = noted.unfilled().0.saturating_add(ours_before);
            if !noted.price.crosses(cross.price, side) {
                continue;
            }
            let Some(working) = self.ours[side.index()].find(noted.order) else { continue };
            let size = Lots(cross.volume.0.saturating_sub(before).clamp(0, working.unfilled().0));
            if size > Lots::ZERO {
                working.filled += size;
                working.tip = working.shown.min(working.unfilled());
                reports.fill(noted.order, cross.price, size, Liquidity::Maker);
            }
        }
    }

    pub(super) fn on_gap(&mut self) {
        self.call.ending = false;
        self.book.on_gap();
        self.sharing.met = None;
        self.blind = true;
    }

    /// Who crossed the spread, from where it traded (the quote rule of Lee & Ready 1991).
    fn aggressor(&self, trade: &Trade) -> Option<Side> {
        let at = |side: Side| self.book.best(side).map(|level| level.price);
        match (at(Side::Buy), at(Side::Sell)) {
            (Some(bid), _) if trade.price <= bid && trade.price_fraction == 0 => Some(Side::Sell),
            (_, Some(ask)) if trade.price >= ask => Some(Side::Buy),
            _ => None,
        }
    }

    /// **A recorded order was filled that stands behind ours, or at a worse price.** Whoever hit it would have
    /// hit us first: we get as much of it as we want, our own orders in their order.
    ///
    /// Unrealistic: the recorded order still counts as filled, though in truth it would have waited longer; and
    /// an aggressor that ran out of orders to hit would have found ours, which the record cannot show.
    fn recorded_fill(&mut self, delta: &OrderDelta, reports: &mut Reports<'_>) {
        let joined = self.book.by_order().and_then(|book| book.order(delta.order)).map(|order| order.joined);
        let by_time = self.allocation.is_fifo();
        let mut left = delta.size;
        let ours = &mut self.ours[delta.side.index()];
        let mut at_our_price = false;
        for working in ours.iter_mut() {
            at_our_price |= working.price == delta.price;
            let behind = by_time
                && working.price == delta.price
                && joined.is_some_and(|joined| joined >= working.joined);
            if working.price.beats(delta.price, delta.side) {
                left -= reports.hit_whole(working, left);
            } else if behind {
                left -= reports.hit(working, left);
            }
        }
        if left < delta.size {
            self.settle(delta.side);
        }
        if at_our_price && !by_time && left > Lots::ZERO {
            if self.sharing.met.is_some_and(|met| (met.0, met.1) != (delta.side, delta.price)) {
                self.share_fills(reports);
            }
            self.meet(delta, left);
        }
    }

    /// **The other side came to rest at our price or better.** It would have traded with us before it rested: we
    /// get as much as came. What it traded with us is gone from the level it rests at.
    ///
    /// Unrealistic: the rest of that order goes on standing there in the record, crossed with our price; others
    /// may have come only because they did not see us.
    fn crossed_by(&mut self, side: Side, price: Ticks, size: Lots, reports: &mut Reports<'_>) {
        let ours = &mut self.ours[(!side).index()];
        let mut left = size;
        for working in ours.iter_mut() {
            if left <= Lots::ZERO || !price.crosses(working.price, side) {
                break;
            }
            left -= reports.hit_whole(working, left);
        }
        if left < size {
            self.settle(!side);
            self.taken.add(side, price, size - left);
        }
    }

    /// **The market traded at our price** (price-level data): it takes what is ahead of us first, and what is
    /// left of it reaches us. **It traded at a worse price than ours**: it would have come to us first, so we get
    /// as much as traded, and nothing is ahead of us any more.
    ///
    /// Unrealistic: what is ahead is an estimate; a trade through our price fills us only up to its own size,
    /// though in truth the aggressor would have had to take all of ours to get there.
    fn trade_against(&mut self, side: Side, trade: &Trade, reports: &mut Reports<'_>) {
        let ours = &mut self.ours[side.index()];
        let mut got = Lots::ZERO;
        for working in ours.iter_mut() {
            // For a seller's resting order a fraction above its price is a worse price already.
            let fraction = trade.price_fraction > 0;
            let through = working.price.beats(trade.price, side)
                || (side == Side::Sell && fraction && working.price == trade.price);
            if through {
                working.estimate.on_trade_through();
                got += reports.hit_whole(working, trade.size - got);
            } else if working.price == trade.price && !fraction && self.allocation.is_fifo() {
                let reach = working.estimate.on_trade(trade.size, got, trade.venue_at);
                got += reports.hit(working, reach);
            }
        }
        if got > Lots::ZERO {
            self.settle(side);
        }
        if !self.allocation.is_fifo() && trade.price_fraction == 0 && got < trade.size {
            self.share_trade(side, trade, trade.size - got, reports);
        }
    }

    /// **The market traded at our price, and another rule than time says who gets it** (price-level data): what is
    /// estimated to be ahead and behind stands for one order each.
    ///
    /// Unrealistic: many small orders lose more to rounding and to the minimum than one large one, and who is a lead
    /// market maker is not said: others count as none.
    fn share_trade(&mut self, side: Side, trade: &Trade, size: Lots, reports: &mut Reports<'_>) {
        let (sharing, ours) = (&mut self.sharing, &mut self.ours[side.index()]);
        sharing.start();
        let (mut counted, mut behind) = (0.0, 0.0);
        for (place, working) in ours.iter_mut().enumerate() {
            if working.price != trade.price {
                continue;
            }
            behind = working.estimate.note_trade(trade.size, trade.venue_at);
            let ahead = working.estimate.ahead();
            if !ahead.is_finite() {
                // Out of sight: nothing reaches us.
                return;
            }
            sharing.others(whole(ahead - counted));
            counted = ahead.max(counted);
            sharing.ours(working, place, self.lead_percent);
        }
        sharing.others(whole(behind));
        self.allocation.split(size, &sharing.resting, &mut sharing.shares);
        let mut passed = 0;
        let mut got = Lots::ZERO;
        for (place, &share) in sharing.ours.iter().zip(sharing.shares.got()) {
            let Some(place) = *place else {
                passed += share.0;
                continue;
            };
            if let Some(working) = ours.iter_mut().nth(place) {
                working.estimate.pass(passed);
                got += reports.hit(working, share);
            }
        }
        if got > Lots::ZERO {
            self.settle(side);
        }
    }

    /// **Recorded orders at our price were filled, and another rule than time says who gets what** (order by order):
    /// all that was filled there in one packet is one incoming order, shared out anew among the recorded orders as
    /// they stood and ours.
    ///
    /// Unrealistic: what we get the recorded orders get too; and as for [`share_trade`](Self::share_trade), nobody
    /// else is a lead market maker, and the first in time is taken for the one that bettered the market.
    fn meet(&mut self, delta: &OrderDelta, fresh: Lots) {
        let (side, price) = (delta.side, delta.price);
        if let Some((_, _, size)) = self.sharing.met.as_mut().filter(|met| (met.0, met.1) == (side, price)) {
            size.0 = size.0.saturating_add(fresh.0);
            return;
        }
        self.sharing.met = Some((side, price, fresh));
        self.sharing.others.clear();
        if let Some(book) = self.book.by_order() {
            let others = book.queue(side, price).map(|(_, order)| (order.joined, order.size));
            self.sharing.others.extend(others);
        }
    }

    /// The packet with the incoming order is over.
    fn share_fills(&mut self, reports: &mut Reports<'_>) {
        let Some((side, price, size)) = self.sharing.met.take() else { return };
        let (sharing, ours) = (&mut self.sharing, &mut self.ours[side.index()]);
        sharing.start();
        let others = std::mem::take(&mut sharing.others);
        let mut next = others.iter().peekable();
        for (place, working) in ours.iter_mut().enumerate() {
            if working.price != price {
                continue;
            }
            while let Some((_, size)) = next.next_if(|(joined, _)| *joined < working.joined) {
                sharing.others(size.0);
            }
            sharing.ours(working, place, self.lead_percent);
        }
        next.for_each(|(_, size)| sharing.others(size.0));
        sharing.others = others;
        self.allocation.split(size, &sharing.resting, &mut sharing.shares);
        let mut got = Lots::ZERO;
        for (place, &share) in sharing.ours.iter().zip(sharing.shares.got()) {
            if let Some(working) = place.and_then(|place| ours.iter_mut().nth(place)) {
                got += reports.hit(working, share);
            }
        }
        if got > Lots::ZERO {
            self.settle(side);
        }
    }

    #[inline(never)]
    fn order_with_ours(&mut self, delta: &OrderDelta, reports: &mut Reports<'_>) {
        if self.book.by_order().is_none() {
            // From here on orders are shown one by one: places were estimates, and are found anew.
            self.blind = true;
        }
        let can_fill = self.can_fill(delta.flags);
        if delta.action == OrderAction::Fill {
            self.note_price(delta.price, false);
            if can_fill {
                self.recorded_fill(delta, reports);
            }
        }
        if self.sharing.met.is_some() && delta.flags.has(Flags::LAST) {
            self.share_fills(reports);
        }
        let came = if can_fill { self.came(delta) } else { Lots::ZERO };
        if self.taken.is_empty() {
            self.book.apply_order(delta);
        } else {
            self.apply_order_and_release(delta);
        }
        if came > Lots::ZERO {
            self.crossed_by(delta.side, delta.price, came, reports);
        }
        self.look(delta.flags, reports);
    }

    /// How much of an order comes to rest anew at a price that crosses one of ours.
    fn came(&self, delta: &OrderDelta) -> Lots {
        let Some(best) = self.ours[(!delta.side).index()].best() else {
            return Lots::ZERO;
        };
        if !delta.price.crosses(best, delta.side) {
            return Lots::ZERO;
        }
        match delta.action {
            OrderAction::Add => delta.size,
            OrderAction::Modify => {
                let before = self.book.by_order().and_then(|book| book.order(delta.order));
                // One that crossed us already has met us with what it had.
                let met = before.filter(|order| order.price.crosses(best, order.side));
                Lots(delta.size.0.saturating_sub(met.map_or(0, |order| order.size.0)))
            }
            OrderAction::Reduce | OrderAction::Delete | OrderAction::Fill | OrderAction::Clear => Lots::ZERO,
        }
    }

    /// Applies a change while some of the book is ours already: what leaves a level sets free what we took.
    fn apply_order_and_release(&mut self, delta: &OrderDelta) {
        let standing = self.book.by_order().and_then(|book| book.order(delta.order));
        let (side, price) = standing.map_or((delta.side, delta.price), |order| (order.side, order.price));
        let before = self.book.size_at(side, price);
        self.book.apply_order(delta);
        match delta.action {
            OrderAction::Clear => self.taken.clip(|side, price| self.book.size_at(side, price)),
            OrderAction::Add
            | OrderAction::Modify
            | OrderAction::Reduce
            | OrderAction::Delete
            | OrderAction::Fill => self.taken.on_level(side, price, before, self.book.size_at(side, price)),
        }
    }

    #[inline(never)]
    fn level_with_ours(&mut self, delta: &LevelDelta, reports: &mut Reports<'_>) {
        let can_fill = self.can_fill(delta.flags);
        let before = self.book.size_at(delta.side, delta.price);
        self.book.apply_level(delta);
        let now = self.book.size_at(delta.side, delta.price);
        match delta.action {
            LevelAction::Set | LevelAction::Delete => {
                self.taken.on_level(delta.side, delta.price, before, now)
            }
            LevelAction::DeleteThru | LevelAction::DeleteFrom | LevelAction::Clear => {
                self.taken.clip(|side, price| self.book.size_at(side, price));
            }
        }
        if can_fill {
            self.move_estimates(delta, now);
            if now > before {
                self.crossed_by(delta.side, delta.price, now - before, reports);
            }
        }
        self.look(delta.flags, reports);
    }

    /// Whether a level change can move or fill one of our orders, or give back what we took. Order by order, and
    /// for implied levels, it cannot.
    fn concerns_us(&self, delta: &LevelDelta) -> bool {
        if self.book.by_order().is_some() || delta.flags.has(Flags::IMPLIED) {
            return false;
        }
        let bulk = !matches!(delta.action, LevelAction::Set | LevelAction::Delete);
        let best = self.ours[(!delta.side).index()].best();
        bulk || !self.taken.is_empty()
            || best.is_some_and(|best| delta.price.crosses(best, delta.side))
            || self.ours[delta.side.index()].iter().any(|working| working.price == delta.price)
    }

    /// Tells the orders whose level changed.
    fn move_estimates(&mut self, delta: &LevelDelta, now: Lots) {
        let ours = &mut self.ours[delta.side.index()];
        match delta.action {
            LevelAction::Set | LevelAction::Delete => {
                for working in ours.iter_mut().filter(|working| working.price == delta.price) {
                    working.estimate.on_level(now, delta.venue_at, self.model);
                }
            }
            LevelAction::DeleteThru | LevelAction::DeleteFrom => {
                for working in ours.iter_mut() {
                    let size = self.book.size_at(working.side, working.price);
                    // A level that was out of sight, and is, was not deleted.
                    if !size.is_zero() || working.estimate.ahead().is_finite() {
                        working.estimate.on_level(size, delta.venue_at, self.model);
                    }
                }
            }
            // The book is building now; places are found anew when it is complete.
            LevelAction::Clear => {}
        }
    }

    /// Notices that the book was lost, or is back.
    ///
    /// **While something is missing nothing fills us.** When the book is complete again, our orders stand behind
    /// everything at their price, whatever their place was; and what now crosses them fills them.
    ///
    /// Unrealistic: our orders may well have kept their place, or been filled in between. We cannot know, and
    /// choose the later fill.
    #[inline]
    fn look(&mut self, flags: Flags, reports: &mut Reports<'_>) {
        // A snapshot describes what stands: it may hold orders that joined before ours.
        self.blind |= flags.has(Flags::SNAPSHOT);
        match self.book.state() {
            State::Building | State::Stale => self.blind = true,
            State::Live if self.blind => self.find_places(reports),
            State::Live | State::Crossed { .. } => {}
        }
        if flags.has(Flags::LAST) {
            self.on_packet_end(reports);
        }
    }

    #[cold]
    fn find_places(&mut self, reports: &mut Reports<'_>) {
        self.blind = false;
        self.taken.clip(|side, price| self.book.size_at(side, price));
        for side in Side::BOTH {
            for working in self.ours[side.index()].iter_mut() {
                (working.joined, working.estimate) = place(&self.book, side, working.price);
                working.top = false;
            }
        }
        self.meet_what_crosses(reports);
    }

    fn meet_what_crosses(&mut self, reports: &mut Reports<'_>) {
        if !self.is_open() {
            return;
        }
        for side in Side::BOTH {
            while let Some((price, size)) = self.crossing(side) {
                self.crossed_by(!side, price, size, reports);
            }
        }
    }

    /// The best level of the other side that crosses our best order and has something left.
    fn crossing(&self, side: Side) -> Option<(Ticks, Lots)> {
        let best = self.ours[side.index()].best()?;
        self.book
            .levels(!side)
            .take_while(|level| best.crosses(level.price, side))
            .map(|level| (level.price, self.taken.left(!side, level.price, level.size)))
            .find(|(_, size)| *size > Lots::ZERO)
    }

    /// How much an order could take now, counted no further than `enough`, with all prices so many `steps` worse.
    pub(super) fn available(&self, side: Side, limit: Ticks, steps: i64, enough: Lots) -> Lots {
        let mut sum = Lots::ZERO;
        for level in self.book.levels(!side) {
            if sum >= enough || !limit.crosses(worse(level.price, side, steps), side) {
                break;
            }
            sum += self.taken.left(!side, level.price, level.size).min(enough - sum);
        }
        sum
    }

    /// **Our order crosses the book**: it takes what stands, level by level at the recorded prices, up to its
    /// limit. Gives what is left of it.
    ///
    /// Unrealistic: the book does not react to being hit, hidden and implied quantity is not there for us, and
    /// what we took is back as soon as new orders come.
    fn take(
        &mut self,
        order: OrderId,
        side: Side,
        limit: Ticks,
        size: Lots,
        reports: &mut Reports<'_>,
    ) -> Lots {
        let mut left = size;
        let steps = self.impact.steps(side, reports.at);
        for level in self.book.levels(!side) {
            let price = worse(level.price, side, steps);
            if left <= Lots::ZERO || !limit.crosses(price, side) {
                break;
            }
            let got = self.taken.left(!side, level.price, level.size).min(left);
            if got > Lots::ZERO {
                left -= got;
                self.taken.add(!side, level.price, got);
                reports.fill(order, price, got, Liquidity::Taker);
            }
        }
        self.impact.take(side, size - left, reports.at);
        left
    }

    /// Whether an order would meet one of our own.
    pub(super) fn meets_ours(&self, side: Side, limit: Ticks) -> bool {
        self.first_met(side, limit).is_some()
    }

    fn first_met(&self, side: Side, limit: Ticks) -> Option<Working> {
        let first = self.ours[(!side).index()].iter().next()?;
        limit.crosses(first.price, side).then_some(*first)
    }

    /// An order of ours enters the book: it takes what it can, and what is left rests or is gone, as it says.
    pub(super) fn enter(&mut self, order: OrderId, terms: &NewOrder, reports: &mut Reports<'_>) {
        let fresh = Working::new(order, terms, terms.size);
        let Some(rest) = self.take_beside_ours(fresh, reports) else { return };
        let ends = match terms.kind {
            OrderKind::Market | OrderKind::Stop { .. } => true,
            OrderKind::Limit
            | OrderKind::PostOnly
            | OrderKind::StopLimit { .. }
            | OrderKind::Iceberg { .. }
            | OrderKind::Pegged { .. } => terms.time_in_force != TimeInForce::GoodTilCancel,
        };
        if ends {
            reports.say(order, Outcome::Canceled);
        } else {
            self.rest(rest);
        }
    }

    /// Takes what an order crosses, never from ourselves: where it would meet an order of ours, after what is better
    /// than that and before it, [`SelfMatch`] says which of the two gives way. What may rest then; `None` when nothing
    /// of it is left.
    pub(super) fn take_beside_ours(&mut self, order: Working, reports: &mut Reports<'_>) -> Option<Working> {
        let (id, side, limit) = (order.order, order.side, order.price);
        let mut order = order;
        while let Some(mut other) = self.first_met(side, limit) {
            let better = worse(other.price, side, -1);
            let wanted = order.unfilled();
            self.take_part(&mut order, better, wanted, reports);
            let ahead = Lots(whole(math::floor(self.ahead(&other))));
            let before_it = ahead.min(order.unfilled());
            self.take_part(&mut order, other.price, before_it, reports);
            if order.unfilled() <= Lots::ZERO {
                return None;
            }
            match self.self_match {
                SelfMatch::CancelNewest => {
                    reports.say(id, Outcome::Canceled);
                    return None;
                }
                SelfMatch::CancelOldest => self.give_way(&other, reports),
                SelfMatch::CancelBoth => {
                    self.give_way(&other, reports);
                    reports.say(id, Outcome::Canceled);
                    return None;
                }
                SelfMatch::Decrement => {
                    let both = other.unfilled().min(order.unfilled());
                    other.size -= both;
                    order.size -= both;
                    if other.unfilled() <= Lots::ZERO {
                        self.give_way(&other, reports);
                    } else if let Some(kept) = self.ours[other.side.index()].find(other.order) {
                        kept.size = other.size;
                        reports
                            .say(other.order, Outcome::Replaced { price: other.limit(), size: other.size });
                    }
                    if order.unfilled() <= Lots::ZERO {
                        reports.say(id, Outcome::Canceled);
                        return None;
                    }
                    reports.say(id, Outcome::Replaced { price: order.limit(), size: order.size });
                }
            }
        }
        let wanted = order.unfilled();
        self.take_part(&mut order, limit, wanted, reports);
        (order.unfilled() > Lots::ZERO).then_some(order)
    }

    fn take_part(&mut self, order: &mut Working, limit: Ticks, size: Lots, reports: &mut Reports<'_>) {
        let left = self.take(order.order, order.side, limit, size, reports);
        order.filled += size - left;
    }

    /// An order of ours is cancelled by the venue.
    fn give_way(&mut self, other: &Working, reports: &mut Reports<'_>) {
        self.ours[other.side.index()].remove(other.order);
        reports.say(other.order, Outcome::Canceled);
    }

    /// **A stop waits for a trade at its trigger or beyond**: above to buy, below to sell.
    fn note_price(&mut self, price: Ticks, fraction: bool) {
        for waiting in &mut self.waiting {
            waiting.triggered |= match waiting.terms.side {
                Side::Buy => price >= waiting.trigger,
                Side::Sell => price < waiting.trigger || (price == waiting.trigger && !fraction),
            };
        }
    }

    /// The packet's last change is applied: stops whose trigger traded enter the book, in the order they came, and
    /// pegged orders follow.
    ///
    /// Unrealistic: at the venue a stop enters before the next incoming order, and so within the packet.
    fn on_packet_end(&mut self, reports: &mut Reports<'_>) {
        if self.blind || !self.is_open() {
            return;
        }
        if self.call.ending {
            self.cross_at(None, reports);
        }
        while let Some(place) = self.waiting.iter().position(|waiting| waiting.triggered) {
            let Waiting { order, terms, .. } = self.waiting.remove(place);
            self.enter(order, &terms, reports);
        }
        for side in Side::BOTH {
            while let Some((mut moved, price)) = self.moved_peg(side) {
                self.ours[side.index()].remove(moved.order);
                moved.price = price;
                self.rest(moved);
            }
        }
    }

    fn moved_peg(&self, side: Side) -> Option<(Working, Ticks)> {
        self.ours[side.index()].iter().find_map(|working| {
            let price = self.pegged_price(side, &working.peg?)?;
            (price != working.price).then_some((*working, price))
        })
    }

    /// Where a pegged order rests now: within its bound, and a step from the other side at the nearest. `None` when
    /// what it follows is not there; one that rests stays where it is then.
    pub(super) fn pegged_price(&self, side: Side, peg: &Pegging) -> Option<Ticks> {
        let best = |side: Side| self.book.best(side).map(|level| level.price);
        let far = best(!side);
        let from = match peg.to {
            Peg::Own => best(side)?,
            Peg::Opposite => far?,
            Peg::Mid => {
                let sum = i128::from(best(side)?.0) + i128::from(far?.0);
                // Towards our own side.
                let up = if side == Side::Buy { 0 } else { sum.rem_euclid(2) };
                Ticks(i64::try_from(sum.div_euclid(2) + up).ok()?)
            }
        };
        let wanted = Ticks(from.0.saturating_add(i64::from(peg.offset) * side.sign()));
        let nearest = far.map(|far| worse(far, side, -1));
        let price = cautious(wanted, peg.bound, side);
        Some(nearest.map_or(price, |nearest| cautious(price, nearest, side)))
    }

    /// After fills: forgets what is filled, and sends to the end of the queue what shows a new part.
    fn settle(&mut self, side: Side) {
        self.ours[side.index()].sweep();
        while let Some(mut working) = self.ours[side.index()].renewed() {
            self.ours[side.index()].remove(working.order);
            (working.joined, working.estimate) = place(&self.book, side, working.price);
            (working.renewed, working.top) = (false, false);
            self.ours[side.index()].join(working);
        }
    }

    /// Puts our order at the end of its price's queue.
    pub(super) fn rest(&mut self, mut working: Working) {
        working.tip = working.shown.min(working.unfilled());
        working.renewed = false;
        (working.joined, working.estimate) = place(&self.book, working.side, working.price);
        let betters = |best: Ticks| working.price.beats(best, working.side);
        working.top = self.book.best(working.side).is_none_or(|level| betters(level.price))
            && self.ours[working.side.index()].best().is_none_or(betters);
        // A live book, so all others of ours have their places; in a call it may be crossed.
        self.blind &= !self.book.is_live();
        self.ours[working.side.index()].join(working);
    }

    /// How much of the recorded market trades before our order at its price.
    #[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
    pub(super) fn ahead(&self, working: &Working) -> f64 {
        match &self.book {
            Book::ByLevel(_) => working.estimate.ahead(),
            Book::ByOrder(book) => {
                let ahead: i128 = book
                    .queue(working.side, working.price)
                    .take_while(|(_, order)| order.joined < working.joined)
                    .map(|(_, order)| i128::from(order.size.0))
                    .sum();
                ahead as f64
            }
        }
    }
}

/// The price of the two that gives less away.
pub(super) fn cautious(one: Ticks, other: Ticks, side: Side) -> Ticks {
    if one.beats(other, side) { other } else { one }
}

/// [`Ticks::worse_for`] for any price there is.
fn worse(price: Ticks, side: Side, steps: i64) -> Ticks {
    match side {
        Side::Buy => Ticks(price.0.saturating_add(steps)),
        Side::Sell => Ticks(price.0.saturating_sub(steps)),
    }
}

/// An estimate as whole lots.
#[expect(clippy::cast_possible_truncation, reason = "an estimate of lots, and the cast saturates")]
fn whole(lots: f64) -> i64 {
    math::round(lots).max(0.0) as i64
}

/// The end of a price's queue, by orders and by levels.
fn place(book: &Book, side: Side, price: Ticks) -> (u64, Estimate) {
    let size = book.size_at(side, price);
    let joined = book.by_order().map_or(0, book::OrderBook::joins);
    // Beyond the worst level that is shown, a level may stand that is not.
    let in_sight = !size.is_zero()
        || book.best(side).is_none_or(|best| price.beats(best.price, side))
        || book.levels(side).last().is_some_and(|worst| price.beats(worst.price, side));
    (joined, Estimate::join(in_sight.then_some(size)))
}
