//! All our orders: the door commands leave by, and the ear reports come in at.

use crate::change::{Change, Impossible};
use crate::fills::Fill;
use crate::levels::Levels;
use crate::order::{NewTerms, Order, State};
use crate::replaced::ReplacedSize;
use crate::slots::Slots;
use risk::{Approved, ApprovedReplace};
use serde::{Deserialize, Serialize};
use types::{
    Command, Instrument, InstrumentId, Lots, Nanos, OrderId, Outcome, PlaceOrder, Report, Side, StrategyId,
    Ticks,
};

/// How often something was noticed that a person may want to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Orders submitted.
    pub submitted: u64,
    /// Reports that said what had been said before.
    pub duplicates: u64,
    /// Reports that could not be true, and changed nothing.
    pub impossible: u64,
    /// Fills of orders that had been reported gone.
    pub late_fills: u64,
    /// Fills that were taken back.
    pub busts: u64,
    /// Orders that a venue, asked, did not have.
    pub lost: u64,
}

/// Busts that wait for their fills. One more pushes the oldest out: its fill will then be booked, and the two counts of
/// the position with the drop copy differ, which is told.
const EARLY: usize = 64;

/// Our orders. See the crate's head for what is kept and for how long.
#[derive(Debug, Serialize, Deserialize)]
pub struct Orders {
    slots: Slots,
    next: u32,
    counts: Counts,
    levels: Levels,
    /// By instrument, where it is not the whole size.
    replaced: Vec<ReplacedSize>,
    early: Vec<Report>,
}

impl Orders {
    /// None yet. Room for `n` open ones at once (more make it grow), and the last `n` closed ones stay known
    /// for late reports.
    #[must_use]
    pub fn with_capacity(n: usize) -> Self {
        Self {
            slots: Slots::with_capacity(n),
            next: 0,
            counts: Counts::default(),
            levels: Levels::default(),
            replaced: Vec::new(),
            early: Vec::with_capacity(EARLY),
        }
    }

    /// Says what the size of a replace means where these trade, by the [table](crate::replaced::VENUES).
    pub fn keep_replaced_sizes(&mut self, instruments: &[Instrument]) {
        self.replaced = instruments.iter().map(|own| ReplacedSize::of(&own.terms().venue)).collect();
    }

    /// What the size of a replace means where an instrument trades.
    #[inline]
    #[must_use]
    pub fn replaced_size(&self, instrument: InstrumentId) -> ReplacedSize {
        self.replaced.get(instrument.index()).copied().unwrap_or_default()
    }

    /// What to ask risk for, to give an order a new price and let `unfilled` of it trade from now on.
    #[inline]
    #[must_use]
    pub fn replacement(&self, order: &Order, price: Ticks, unfilled: Lots) -> risk::Replacement {
        order.replacement(price, unfilled, self.replaced_size(order.instrument()))
    }

    /// Takes in an order that risk passed: the only door to [`Command::Place`].
    #[inline]
    pub fn submit(&mut self, now: Nanos, approved: Approved) -> (OrderId, Command) {
        let id = OrderId(self.next);
        self.next = self.next.checked_add(1).expect("fewer than 2³² orders in a run");
        let (strategy, terms) = (approved.strategy(), *approved.order());
        let order = Order::new(id, strategy, terms, now);
        if let [Some(price), _] = order.stands_at() {
            self.levels.add(terms.instrument, terms.side, price);
        }
        self.slots.add(order);
        self.counts.submitted += 1;
        let place = PlaceOrder { order: id, strategy, terms };
        (id, Command::Place(place))
    }

    /// Asks for what is left of an order to be cancelled. `None` when there is none of this number or it is closed, or a
    /// cancel is already under way. The order works on until the venue answers. One of which nobody knows what became is
    /// asked to be cancelled as often as one likes, and again when it turns out to work.
    #[inline]
    pub fn cancel(&mut self, _now: Nanos, id: OrderId) -> Option<Command> {
        let slot = self.slots.find(id)?;
        self.cancel_slot(slot)
    }

    /// Asks for every open order to be cancelled, oldest first.
    pub fn cancel_all(&mut self, _now: Nanos, out: &mut Vec<Command>) {
        let mut at = self.slots.next_open(None);
        while let Some(slot) = at {
            out.extend(self.cancel_slot(slot));
            at = self.slots.next_open(Some(slot));
        }
    }

    fn cancel_slot(&mut self, slot: u32) -> Option<Command> {
        let order = self.slots.order_mut(slot);
        if !order.is_open() || order.canceling {
            return None;
        }
        order.doomed |= order.is_unknown();
        order.canceling = true;
        Some(Command::Cancel { order: order.id, instrument: order.instrument() })
    }

    /// Asks for an order to get the price and size that risk passed.
    ///
    /// # Errors
    /// When [`Order::can_replace`] is not so, or the order is not as it was when risk looked at it. The approval
    /// comes back, for [`risk::Risk::withdraw_replace`].
    #[inline]
    pub fn replace(&mut self, now: Nanos, approved: ApprovedReplace) -> Result<Command, ApprovedReplace> {
        let Some(slot) = self.slots.find(approved.order()) else {
            return Err(approved);
        };
        let means = self.replaced_size(approved.instrument());
        let order = self.slots.order_mut(slot);
        let as_it_was = order.can_replace()
            && order.instrument() == approved.instrument()
            && order.terms.side == approved.side()
            && order.replacement(approved.price(), approved.unfilled(), means).old_unfilled
                == approved.old_unfilled();
        let Some(size) = order.filled.0.checked_add(approved.unfilled().0).filter(|_| as_it_was) else {
            return Err(approved);
        };
        let (price, size) = (approved.price(), Lots(size));
        order.replacing = Some(NewTerms { price, size });
        order.replace_asked_at = now;
        order.most = match means {
            ReplacedSize::Total => order.most.max(size),
            ReplacedSize::Leaves => order.most + approved.unfilled(),
        };
        if let [_, Some(next)] = order.stands_at() {
            self.levels.add(order.terms.instrument, order.terms.side, next);
        }
        Ok(Command::Replace { order: order.id, instrument: order.instrument(), price, size })
    }

    /// Hears what the venue says, and answers with what it changed. After a fill, ask for what was
    /// [held](Self::held_bust).
    #[inline]
    pub fn on_report(&mut self, now: Nanos, report: &Report) -> Change {
        let change = self.change(now, report);
        match change {
            Change::Duplicate => self.counts.duplicates += 1,
            Change::Impossible(_) => self.counts.impossible += 1,
            Change::Filled { late: true, .. } => self.counts.late_fills += 1,
            Change::Busted { .. } => self.counts.busts += 1,
            Change::Lost { .. } => self.counts.lost += 1,
            Change::Filled { late: false, .. }
            | Change::Accepted
            | Change::Rejected { .. }
            | Change::Canceled { .. }
            | Change::CancelRejected { .. }
            | Change::Replaced { .. }
            | Change::ReplaceRejected { .. }
            | Change::Unsure
            | Change::Listed { .. }
            | Change::Behind { .. }
            | Change::Missed
            | Change::Early => {}
        }
        change
    }

    #[inline]
    fn change(&mut self, now: Nanos, report: &Report) -> Change {
        let Some(slot) = self.slots.find(report.order) else {
            return Change::Impossible(Impossible::UnknownOrder);
        };
        let order = self.slots.order(slot);
        if order.instrument() != report.instrument {
            return Change::Impossible(Impossible::WrongInstrument);
        }
        let stood = order.stands_at();
        match report.outcome {
            Outcome::Filled { fill, price, size, liquidity: _ } => {
                if let Some(known) = self.slots.fill(slot, fill) {
                    let same = (known.price, known.size) == (price, size);
                    return if same { Change::Duplicate } else { Change::Impossible(Impossible::OtherFill) };
                }
            }
            Outcome::Busted { fill, price, size } => {
                if let Some(known) = self.before_bust(slot, report, (fill, price, size)) {
                    return known;
                }
            }
            Outcome::Accepted
            | Outcome::Rejected(_)
            | Outcome::Canceled
            | Outcome::CancelRejected(_)
            | Outcome::Replaced { .. }
            | Outcome::ReplaceRejected(_)
            | Outcome::Listed { .. }
            | Outcome::NotListed => {}
        }
        let change = self.slots.order_mut(slot).hear(now, report.venue_at, &report.outcome);
        if let (Change::Filled { .. }, Outcome::Filled { fill, price, size, liquidity }) =
            (change, report.outcome)
        {
            let venue_at = report.venue_at;
            self.slots.add_fill(slot, Fill { number: fill, price, size, venue_at, liquidity, busted: false });
        }
        if let (Change::Busted { .. }, Outcome::Busted { fill, .. }) = (change, report.outcome) {
            self.slots.bust_fill(slot, fill);
        }
        // An acknowledgement and a part of a fill move no price: the usual reports cost no look at them.
        if !matches!(change, Change::Accepted | Change::Filled { closed: false, .. }) {
            self.move_levels(slot, stood);
        }
        if change.closed() {
            self.slots.close(slot);
        }
        change
    }

    /// Whether a fill can be taken back: it has come, is the one that is meant, and was not taken back yet.
    #[cold]
    fn before_bust(
        &mut self,
        slot: u32,
        report: &Report,
        (number, price, size): (u32, Ticks, Lots),
    ) -> Option<Change> {
        let Some(fill) = self.slots.fill(slot, number) else {
            if self.early.contains(report) {
                return Some(Change::Duplicate);
            }
            if self.early.len() == EARLY {
                self.early.remove(0);
            }
            self.early.push(*report);
            return Some(Change::Early);
        };
        if fill.busted {
            return Some(Change::Duplicate);
        }
        let other = fill.price != price || fill.size != size;
        other.then_some(Change::Impossible(Impossible::OtherFill))
    }

    /// The report that took a fill back before the fill itself came: to be heard right after it.
    #[inline]
    pub fn held_bust(&mut self, order: OrderId, number: u32) -> Option<Report> {
        if self.early.is_empty() {
            return None;
        }
        let is_it = |held: &Report| {
            held.order == order && matches!(held.outcome, Outcome::Busted { fill, .. } if fill == number)
        };
        let place = self.early.iter().position(is_it)?;
        Some(self.early.remove(place))
    }

    /// The order may stand at other prices than before.
    #[inline]
    fn move_levels(&mut self, slot: u32, stood: [Option<Ticks>; 2]) {
        let order = self.slots.order(slot);
        let (instrument, side, stands) = (order.terms.instrument, order.terms.side, order.stands_at());
        if stands == stood {
            return;
        }
        for price in stood.into_iter().flatten() {
            self.levels.remove(instrument, side, price);
        }
        for price in stands.into_iter().flatten() {
            self.levels.add(instrument, side, price);
        }
    }

    /// A session broke: nobody knows what becomes of the open orders in the instruments that `lost` names. Adds them to
    /// `told`, each with the state it was in; each is [`Change::Unsure`].
    pub fn lose_sight(&mut self, lost: impl Fn(InstrumentId) -> bool, told: &mut Vec<(OrderId, State)>) {
        let mut at = self.slots.next_open(None);
        while let Some(slot) = at {
            let order = self.slots.order_mut(slot);
            if lost(order.instrument()) {
                told.push((order.id, order.state));
                order.lose_sight();
            }
            at = self.slots.next_open(Some(slot));
        }
    }

    /// Asks the venue what became of an order; `None` when we know.
    #[must_use]
    pub fn query(&self, id: OrderId) -> Option<Command> {
        let order = self.get(id).filter(|order| order.is_unknown())?;
        Some(Command::Query { order: id, instrument: order.instrument() })
    }

    /// Remembers that an order is to be cancelled once its session stands and it turns out to work; a cancel that was
    /// asked for and could not be sent is not under way.
    pub fn doom(&mut self, id: OrderId) {
        if let Some(slot) = self.slots.find(id) {
            let order = self.slots.order_mut(slot);
            order.doomed |= order.is_open();
            order.canceling &= !order.is_unknown();
        }
    }

    /// Asks for an order to be cancelled that is [closed for us and works](Impossible::Alive) at the venue.
    pub fn disown(&mut self, id: OrderId) -> Option<Command> {
        let slot = self.slots.find(id)?;
        let order = self.slots.order_mut(slot);
        if order.is_open() {
            return None;
        }
        order.canceling = true;
        Some(Command::Cancel { order: id, instrument: order.instrument() })
    }

    /// A fill of an order of ours as it was booked.
    #[must_use]
    pub fn fill(&self, id: OrderId, number: u32) -> Option<&Fill> {
        self.slots.fill(self.slots.find(id)?, number)
    }

    /// The best price at which an order of ours stands, in the book or on its way there; `None` without one. Costs one
    /// look, whatever the number of orders.
    #[inline]
    #[must_use]
    pub fn best(&self, instrument: InstrumentId, side: Side) -> Option<Ticks> {
        self.levels.best(instrument, side)
    }

    /// An order of ours; `None` when there is none of this number, or it closed too long ago.
    #[inline]
    #[must_use]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.slots.find(id).map(|slot| self.slots.order(slot))
    }

    /// The open orders, in the order they were submitted.
    #[inline]
    pub fn open(&self) -> impl Iterator<Item = &Order> {
        self.slots.open()
    }

    /// The open orders in one instrument, in the order they were submitted.
    #[inline]
    pub fn open_of(&self, instrument: InstrumentId) -> impl Iterator<Item = &Order> {
        self.slots.open_of(instrument)
    }

    /// The open orders of one strategy, in the order they were submitted. Walks over all open ones.
    #[inline]
    pub fn open_of_strategy(&self, strategy: StrategyId) -> impl Iterator<Item = &Order> {
        self.open().filter(move |order| order.strategy == strategy)
    }

    /// How many orders are open.
    #[inline]
    #[must_use]
    pub const fn open_count(&self) -> usize {
        self.slots.open_count()
    }

    /// How often something was noticed.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }
}
