//! All our orders: the door commands leave by, and the ear reports come in at.

use crate::change::{Change, Impossible};
use crate::order::{NewTerms, Order};
use crate::slots::Slots;
use risk::{Approved, ApprovedReplace};
use serde::{Deserialize, Serialize};
use types::{Command, InstrumentId, Lots, Nanos, OrderId, Outcome, PlaceOrder, Report, StrategyId};

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
}

/// Our orders. See the crate's head for what is kept and for how long.
#[derive(Debug, Serialize, Deserialize)]
pub struct Orders {
    slots: Slots,
    next: u32,
    counts: Counts,
}

impl Orders {
    /// None yet. Room for `n` open ones at once (more make it grow), and the last `n` closed ones stay known
    /// for late reports.
    #[must_use]
    pub fn with_capacity(n: usize) -> Self {
        Self { slots: Slots::with_capacity(n), next: 0, counts: Counts::default() }
    }

    /// Takes in an order that risk passed: the only door to [`Command::Place`].
    #[inline]
    pub fn submit(&mut self, now: Nanos, approved: Approved) -> (OrderId, Command) {
        let id = OrderId(self.next);
        self.next = self.next.checked_add(1).expect("fewer than 2³² orders in a run");
        let (strategy, terms) = (approved.strategy(), *approved.order());
        self.slots.add(Order::new(id, strategy, terms, now));
        self.counts.submitted += 1;
        let place = PlaceOrder { order: id, strategy, terms };
        (id, Command::Place(place))
    }

    /// Asks for what is left of an order to be cancelled. `None` when it is unknown or closed, or a cancel is
    /// already under way. The order works on until the venue answers.
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
        order.canceling = true;
        Some(Command::Cancel { order: order.id, instrument: order.instrument() })
    }

    /// Asks for an order to get the price and size that risk passed.
    ///
    /// # Errors
    /// When [`Order::can_replace`] is not so, or the order is not as it was when risk looked at it. The approval
    /// comes back, for [`risk::Risk::withdraw_replace`].
    #[inline]
    pub fn replace(&mut self, _now: Nanos, approved: ApprovedReplace) -> Result<Command, ApprovedReplace> {
        let Some(slot) = self.slots.find(approved.order()) else {
            return Err(approved);
        };
        let order = self.slots.order_mut(slot);
        let as_it_was = order.can_replace()
            && order.instrument() == approved.instrument()
            && order.terms.side == approved.side()
            && order.exposure() == approved.old_unfilled();
        let Some(size) = order.filled.0.checked_add(approved.unfilled().0).filter(|_| as_it_was) else {
            return Err(approved);
        };
        let (price, size) = (approved.price(), Lots(size));
        order.replacing = Some(NewTerms { price, size });
        order.most = order.most.max(size);
        Ok(Command::Replace { order: order.id, instrument: order.instrument(), price, size })
    }

    /// Hears what the venue says, and answers with what it changed.
    #[inline]
    pub fn on_report(&mut self, now: Nanos, report: &Report) -> Change {
        let change = self.change(now, report);
        match change {
            Change::Duplicate => self.counts.duplicates += 1,
            Change::Impossible(_) => self.counts.impossible += 1,
            Change::Filled { late: true, .. } => self.counts.late_fills += 1,
            Change::Filled { late: false, .. }
            | Change::Accepted
            | Change::Rejected { .. }
            | Change::Canceled { .. }
            | Change::CancelRejected { .. }
            | Change::Replaced { .. }
            | Change::ReplaceRejected { .. } => {}
        }
        change
    }

    #[inline]
    fn change(&mut self, now: Nanos, report: &Report) -> Change {
        let Some(slot) = self.slots.find(report.order) else {
            return Change::Impossible(Impossible::UnknownOrder);
        };
        if self.slots.order(slot).instrument() != report.instrument {
            return Change::Impossible(Impossible::WrongInstrument);
        }
        if let Outcome::Filled { fill, .. } = report.outcome
            && self.slots.has_fill(slot, fill)
        {
            return Change::Duplicate;
        }
        let change = self.slots.order_mut(slot).hear(now, &report.outcome);
        if let (Change::Filled { .. }, Outcome::Filled { fill, .. }) = (change, report.outcome) {
            self.slots.add_fill(slot, fill);
        }
        if change.closed() {
            self.slots.close(slot);
        }
        change
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
