//! One order and its state machine.
//!
//! Reports come from outside and in any order: a fill overtakes its acknowledgement, a cancel crosses the last
//! fill, a replace crosses both. Each pair of state and report has its answer here, and none is "cannot happen".

use crate::change::{Change, Impossible};
use types::{InstrumentId, Liquidity, Lots, Nanos, NewOrder, OrderId, Outcome, StrategyId, Ticks};

/// Where an order is in its life.
///
/// ```text
///             Accepted                   Filled(part)
///            ┌─────────▶ Working ◀──────────┐
///            │             │ │ └────────────┘
/// Pending ───┤             │ ├──Filled(rest)──▶ Closed(Filled) ◀── answer to a replace, when
///            │             │ │                                     fills had reached that size
///            ├─Filled(part)┘ └──Canceled──▶ Closed(Canceled)
///            ├─Filled(all)──▶ Closed(Filled)     │
///            ├─Canceled─────▶ Closed(Canceled)   └── a late fill is taken, the state stays (V-03)
///            └─Rejected─────▶ Closed(Rejected) ───── so here
/// ```
///
/// A cancel or a replace under way is not a state of its own: the order goes on working, and trading, until the
/// venue answers. See [`Order::is_canceling`] and [`Order::replacing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Sent, and the venue has said nothing yet.
    Pending,
    /// The venue has it. Part of it may have traded: see [`Order::is_partly_filled`].
    Working,
    /// Nothing is left to trade.
    Closed(End),
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It traded in full.
    Filled,
    /// What had not traded was cancelled, by us or by the venue.
    Canceled,
    /// The venue never took it.
    Rejected,
}

/// A price and a total size that were asked for and not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTerms {
    /// The limit.
    pub price: Ticks,
    /// The total size, fills included.
    pub size: Lots,
}

/// One of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Our number for it.
    pub id: OrderId,
    /// Who wanted it.
    pub strategy: StrategyId,
    /// What it is; price and size as the venue last confirmed them.
    pub terms: NewOrder,
    /// Where it is in its life.
    pub state: State,
    /// How much of it traded.
    pub filled: Lots,
    /// When it was sent.
    pub sent_at: Nanos,
    /// When the venue's acknowledgement came; a fill may come first.
    pub accepted_at: Option<Nanos>,
    /// When it closed.
    pub closed_at: Option<Nanos>,
    /// What was asked for and not answered yet.
    pub replacing: Option<NewTerms>,
    /// A cancel was sent, and not refused.
    pub(crate) canceling: bool,
    /// How much of it can trade in all, by what the venue has confirmed or may still confirm.
    pub(crate) most: Lots,
    /// Whether the venue ever confirmed a replace: the same answer again is then a duplicate.
    replaced: bool,
    /// Σ price × size of the fills, in ticks × lots.
    traded: i128,
}

impl Order {
    pub(crate) const fn new(id: OrderId, strategy: StrategyId, terms: NewOrder, sent_at: Nanos) -> Self {
        Self {
            id,
            strategy,
            terms,
            state: State::Pending,
            filled: Lots::ZERO,
            sent_at,
            accepted_at: None,
            closed_at: None,
            replacing: None,
            canceling: false,
            most: terms.size,
            replaced: false,
            traded: 0,
        }
    }

    /// In what.
    #[inline]
    #[must_use]
    pub const fn instrument(&self) -> InstrumentId {
        self.terms.instrument
    }

    /// Whether anything can still happen to it but late news.
    #[inline]
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.state {
            State::Pending | State::Working => true,
            State::Closed(_) => false,
        }
    }

    /// Open, and some of it traded.
    #[inline]
    #[must_use]
    pub const fn is_partly_filled(&self) -> bool {
        self.is_open() && self.filled.0 > 0
    }

    /// Open, and a cancel is under way.
    #[inline]
    #[must_use]
    pub const fn is_canceling(&self) -> bool {
        self.is_open() && self.canceling
    }

    /// Whether a replace can be sent: open, and neither a cancel nor another replace is under way.
    #[inline]
    #[must_use]
    pub const fn can_replace(&self) -> bool {
        self.is_open() && !self.canceling && self.replacing.is_none()
    }

    /// What of the confirmed size has not traded. Of a closed order: what never did.
    #[inline]
    #[must_use]
    pub const fn unfilled(&self) -> Lots {
        let unfilled = self.terms.size.0 - self.filled.0;
        Lots(if unfilled < 0 { 0 } else { unfilled }) // a fill may be ahead of its replace's answer
    }

    /// What can still trade of it, whatever the venue answers to a replace under way: what risk counts.
    #[inline]
    #[must_use]
    pub const fn exposure(&self) -> Lots {
        if self.is_open() { Lots(self.most.0 - self.filled.0) } else { Lots::ZERO }
    }

    /// The mean price of its fills in ticks, as an estimate; `None` before the first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
    pub fn average_price(&self) -> Option<f64> {
        (self.filled.0 > 0).then(|| self.traded as f64 / self.filled.0 as f64)
    }

    /// What to ask risk for, to give this order a new price and let `unfilled` of it trade from now on.
    #[inline]
    #[must_use]
    pub const fn replacement(&self, price: Ticks, unfilled: Lots) -> risk::Replacement {
        risk::Replacement {
            order: self.id,
            strategy: self.strategy,
            instrument: self.terms.instrument,
            side: self.terms.side,
            kind: self.terms.kind,
            old_price: self.terms.price,
            old_unfilled: self.exposure(),
            price,
            unfilled,
        }
    }

    /// Hears what the venue says. Fills are new ones: their numbers have been compared before.
    pub(crate) fn hear(&mut self, now: Nanos, outcome: &Outcome) -> Change {
        use State::{Closed, Pending, Working};
        match (self.state, *outcome) {
            (Pending | Working | Closed(End::Filled | End::Canceled), Outcome::Accepted) => self.accept(now),
            (Closed(End::Rejected), Outcome::Accepted) => Change::Impossible(Impossible::Transition),

            (Pending, Outcome::Rejected(reason)) => {
                let freed = self.close(now, End::Rejected);
                Change::Rejected { reason, freed }
            }
            (Closed(End::Rejected), Outcome::Rejected(_)) | (Closed(End::Canceled), Outcome::Canceled) => {
                Change::Duplicate
            }
            (Working | Closed(End::Filled | End::Canceled), Outcome::Rejected(_)) => {
                Change::Impossible(Impossible::Transition)
            }

            (Pending | Working | Closed(_), Outcome::Filled { price, size, fill: _, liquidity }) => {
                self.fill(now, price, size, liquidity)
            }

            (Pending | Working, Outcome::Canceled) => {
                let unfilled = self.unfilled();
                let freed = self.close(now, End::Canceled);
                Change::Canceled { unfilled, freed }
            }
            (Closed(End::Filled | End::Rejected), Outcome::Canceled) => {
                Change::Impossible(Impossible::Transition)
            }

            // On a closed order it is the answer to a cancel that crossed the end.
            (Pending | Working | Closed(_), Outcome::CancelRejected(reason)) => {
                if !self.canceling {
                    return Change::Impossible(Impossible::NotAsked);
                }
                self.canceling = false;
                Change::CancelRejected { reason }
            }

            (Pending | Working | Closed(End::Filled | End::Canceled), Outcome::Replaced { price, size }) => {
                self.replaced(now, NewTerms { price, size })
            }
            (Closed(End::Rejected), Outcome::Replaced { .. }) => Change::Impossible(Impossible::Transition),
            (Pending | Working | Closed(_), Outcome::ReplaceRejected(reason)) => {
                if self.replacing.is_none() {
                    return Change::Impossible(Impossible::NotAsked);
                }
                let (freed, closed) = self.settle(now, self.terms.size);
                Change::ReplaceRejected { reason, freed, closed }
            }
            (
                Pending | Working | Closed(_),
                Outcome::Listed { .. } | Outcome::NotListed | Outcome::Busted { .. },
            ) => Change::Impossible(Impossible::NotAsked),
        }
    }

    fn accept(&mut self, now: Nanos) -> Change {
        if self.accepted_at.is_some() {
            return Change::Duplicate;
        }
        self.accepted_at = Some(now);
        if self.state == State::Pending {
            self.state = State::Working;
        }
        Change::Accepted
    }

    fn fill(&mut self, now: Nanos, price: Ticks, size: Lots, liquidity: Liquidity) -> Change {
        if size.0 <= 0 {
            return Change::Impossible(Impossible::SizeNotPositive);
        }
        if size.0 > self.most.0 - self.filled.0 {
            return Change::Impossible(Impossible::BeyondSize);
        }
        self.filled += size;
        self.traded += i128::from(price.0) * i128::from(size.0);
        let late = !self.is_open();
        let closed = !late && self.filled == self.most;
        if closed {
            self.close(now, End::Filled);
        } else if !late {
            self.state = State::Working; // the acknowledgement was overtaken
        }
        Change::Filled { price, size, liquidity, closed, late }
    }

    fn replaced(&mut self, now: Nanos, new: NewTerms) -> Change {
        let stands = NewTerms { price: self.terms.price, size: self.terms.size };
        // Not asked for, but a venue may take from an order on its own: self-match prevention that decrements.
        let shrunk =
            self.is_open() && new.price == stands.price && self.filled < new.size && new.size < stands.size;
        if self.replacing.is_none() && !shrunk {
            let again = self.replaced && new == stands;
            return if again { Change::Duplicate } else { Change::Impossible(Impossible::NotAsked) };
        }
        if new.size.0 <= 0 {
            return Change::Impossible(Impossible::SizeNotPositive);
        }
        if new.size > self.most {
            return Change::Impossible(Impossible::BeyondSize);
        }
        // As the venue says, which need not be what was asked.
        (self.terms.price, self.terms.size) = (new.price, new.size);
        self.replaced = true;
        if self.state == State::Pending {
            self.state = State::Working; // the acknowledgement was overtaken
        }
        let (freed, closed) = self.settle(now, new.size);
        Change::Replaced { price: new.price, size: new.size, freed, closed }
    }

    /// A replace was answered: the order is for `size` now, and is closed if fills have reached that.
    fn settle(&mut self, now: Nanos, size: Lots) -> (Lots, bool) {
        self.replacing = None;
        let before = self.exposure();
        self.most = size.max(self.filled);
        let freed = before - self.exposure();
        let closes = self.is_open() && self.filled == self.most;
        if closes {
            self.close(now, End::Filled);
        }
        (freed, closes)
    }

    /// Ends it, and says what could still have traded. `most` stays: a late fill may be that large.
    fn close(&mut self, now: Nanos, end: End) -> Lots {
        let freed = self.exposure();
        self.state = State::Closed(end);
        self.closed_at = Some(now);
        freed
    }
}
