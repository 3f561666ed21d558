//! One instrument at the venue: the recorded market, our orders in it, and the rules by which they meet.
//!
//! The record is never changed by what we do: recorded orders fill, cancel and arrive as they did without us.
//! That is the limit of every rule below: nobody reacts to our orders, and what we trade does not move the
//! price (no market impact). It is honest for orders that are small beside the market.

mod auctions;
mod following;
mod packets;
mod reached;
mod shared;
mod taking;

use crate::venue::SelfMatch;
use crate::venue::allocation::Allocation;
use crate::venue::impact::Impact;
use crate::venue::own::{Queue, Reports, Taken, Waiting, Working};
use crate::venue::queue::{Estimate, QueueModel};
use auctions::Call;
use book::{Book, State};
use shared::Sharing;
use stdx::math;
use types::TradingDay;
use types::{
    Flags, LevelAction, LevelDelta, Lots, OrderAction, OrderDelta, Outcome, Phase, Side, Ticks, Trade,
};

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

    /// The phase changes. From the call to trading, our orders take part in the auction; without one, they meet what
    /// crosses them when trading begins again. Orders rest through halts, as on CME; when the market closes
    /// those go that were for the day.
    pub(super) fn on_phase(&mut self, phase: Phase, today: TradingDay, reports: &mut Reports<'_>) {
        let opens = phase == Phase::Open && self.is_call() && !self.blind;
        let resumes = phase == Phase::Open && self.book.phase() != Phase::Open && !opens;
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
        if resumes && !self.blind {
            self.meet_what_crosses(reports);
        }
        if phase == Phase::Closed {
            self.end_of(today, reports);
        }
    }

    /// The market closes: what was for the day, or until this one, is cancelled.
    fn end_of(&mut self, today: TradingDay, reports: &mut Reports<'_>) {
        for side in Side::BOTH {
            while let Some(order) = self.ours[side.index()].ending_with(today) {
                self.ours[side.index()].remove(order);
                reports.say(order, Outcome::Canceled);
            }
        }
        self.waiting.retain(|waiting| {
            let ends = waiting.terms.time_in_force.ends_with(today);
            if ends {
                reports.say(waiting.order, Outcome::Canceled);
            }
            !ends
        });
    }

    pub(super) fn on_gap(&mut self) {
        self.call.ending = false;
        self.book.on_gap();
        self.sharing.met = None;
        self.blind = true;
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
        if self.impact.is_shifted() {
            // A shift falls with time: what stands across our orders may reach them now.
            self.meet_what_crosses(reports);
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
