//! One order, and what each report does to it.
//!
//! Reports come from outside and in any order: a fill overtakes its acknowledgement, a cancel crosses the last
//! fill, a replace crosses both. Each pair of state and report has its answer in the [table](crate::machine), and none
//! is "cannot happen".

use crate::change::{Change, Impossible};
use crate::machine::{Answer, answer};
use crate::replaced::ReplacedSize;
use serde::{Deserialize, Serialize};
use types::{
    InstrumentId, Liquidity, Lots, Nanos, NewOrder, OrderId, Outcome, RejectReason, StrategyId, Ticks,
};

/// Where an order is in its life.
///
/// ```text
/// Pending ──▶ Working           Accepted, Filled, Replaced
/// Pending ──▶ Unknown           the session breaks
/// Pending ──▶ Closed(Filled)    Filled
/// Pending ──▶ Closed(Canceled)  Canceled
/// Pending ──▶ Closed(Rejected)  Rejected
/// Working ──▶ Unknown           the session breaks
/// Working ──▶ Closed(Filled)    Filled, Replaced, ReplaceRejected
/// Working ──▶ Closed(Canceled)  Canceled
/// Unknown ──▶ Working           Listed
/// Unknown ──▶ Closed(Filled)    Filled, Replaced, ReplaceRejected, Listed
/// Unknown ──▶ Closed(Canceled)  Canceled, Listed
/// Unknown ──▶ Closed(Rejected)  Rejected
/// Unknown ──▶ Closed(Lost)      NotListed
/// ```
///
/// Found by walking the machine (`tests/states.rs`); the whole table is in `docs/orders.md`. A late fill changes no
/// state: it is taken in each of them (V-03). A cancel or a replace under way is not a state of
/// its own: the order goes on working, and trading, until the venue answers. See [`Order::is_canceling`] and
/// [`Order::replacing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Sent, and the venue has said nothing yet.
    Pending,
    /// The venue has it. Part of it may have traded: see [`Order::is_partly_filled`].
    Working,
    /// The session broke: it may work, be filled, be gone or never have come. It counts as live until that is known.
    Unknown,
    /// Nothing is left to trade.
    Closed(End),
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It traded in full.
    Filled,
    /// What had not traded was cancelled, by us or by the venue.
    Canceled,
    /// The venue never took it.
    Rejected,
    /// The venue, asked, had no such order.
    Lost,
}

/// An order that the venue never acknowledged and did not have twice, so long apart, is not on its way any more.
pub const SETTLED: Nanos = Nanos(200_000_000);

/// A price and a total size that were asked for and not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTerms {
    /// The limit.
    pub price: Ticks,
    /// The total size, fills included.
    pub size: Lots,
}

/// One of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Our number for it.
    pub id: OrderId,
    /// Who wanted it.
    pub strategy: StrategyId,
    /// What it is; price and size as the venue last confirmed them.
    pub terms: NewOrder,
    /// Where it is in its life.
    pub state: State,
    /// How much of it traded, fills that were taken back included: what they took of its size does not come back.
    pub filled: Lots,
    /// How much of that was taken back.
    pub busted: Lots,
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
    /// It is to be cancelled as soon as it is known to work.
    pub(crate) doomed: bool,
    /// The session broke while it was open: answers may come to what was asked before.
    survivor: bool,
    /// When the venue, asked, first did not have it.
    missed_at: Option<Nanos>,
    /// How much of it can trade in all, by what the venue has confirmed or may still confirm.
    pub(crate) most: Lots,
    /// When the last replace was asked for, by our clock; when the last answer to one was heard; and when the venue gave
    /// that answer.
    pub(crate) replace_asked_at: Nanos,
    replace_heard_at: Nanos,
    replace_answered_at: Nanos,
    /// Of which moment at the venue the price and size are that we know.
    terms_at: Nanos,
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
            busted: Lots::ZERO,
            sent_at,
            accepted_at: None,
            closed_at: None,
            replacing: None,
            canceling: false,
            doomed: false,
            survivor: false,
            missed_at: None,
            most: terms.size,
            replace_asked_at: Nanos::MIN,
            replace_heard_at: Nanos::MIN,
            replace_answered_at: Nanos::MIN,
            terms_at: Nanos::MIN,
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
            State::Pending | State::Working | State::Unknown => true,
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

    /// Whether nobody knows what became of it.
    #[inline]
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self.state, State::Unknown)
    }

    /// Whether it is to be cancelled as soon as it is known to work.
    #[inline]
    #[must_use]
    pub const fn is_doomed(&self) -> bool {
        self.is_open() && self.doomed
    }

    /// Whether a replace can be sent: known to be open, and neither a cancel nor another replace is under way.
    #[inline]
    #[must_use]
    pub const fn can_replace(&self) -> bool {
        self.is_open() && !self.is_unknown() && !self.canceling && !self.doomed && self.replacing.is_none()
    }

    /// The prices at which an order of the other side could meet it: its own, and the one it may be getting. None of an
    /// order that does not rest, or waits unseen for its trigger.
    #[inline]
    #[must_use]
    pub const fn stands_at(&self) -> [Option<Ticks>; 2] {
        if !self.is_open() || !self.terms.time_in_force.rests() || self.terms.kind.trigger().is_some() {
            return [None, None];
        }
        let next = match self.replacing {
            Some(new) if new.price.0 != self.terms.price.0 => Some(new.price),
            Some(_) | None => None,
        };
        [Some(self.terms.price), next]
    }

    /// What of its fills stands.
    #[inline]
    #[must_use]
    pub const fn standing(&self) -> Lots {
        Lots(self.filled.0 - self.busted.0)
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

    /// The mean price of its fills that stand, in ticks, as an estimate; `None` without any.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
    pub fn average_price(&self) -> Option<f64> {
        let stands = self.standing().0;
        (stands > 0).then(|| self.traded as f64 / stands as f64)
    }

    /// What to ask risk for, to give this order a new price and let `unfilled` of it trade from now on.
    #[inline]
    #[must_use]
    pub const fn replacement(&self, price: Ticks, unfilled: Lots, means: ReplacedSize) -> risk::Replacement {
        // Where one shape may trade after the other, nothing of the old one makes room for the new.
        let old_unfilled = match means {
            ReplacedSize::Total => self.exposure(),
            ReplacedSize::Leaves => Lots::ZERO,
        };
        risk::Replacement {
            order: self.id,
            strategy: self.strategy,
            instrument: self.terms.instrument,
            side: self.terms.side,
            kind: self.terms.kind,
            old_price: self.terms.price,
            old_unfilled,
            price,
            unfilled,
        }
    }

    /// The session broke. Whatever was asked of the venue may have been heard or not; a cancel is asked for again.
    pub(crate) const fn lose_sight(&mut self) {
        self.state = State::Unknown;
        self.doomed |= self.canceling;
        self.canceling = false;
        self.survivor = true;
        self.missed_at = None;
    }

    /// Hears what the venue says. Fills are new ones: their numbers have been compared before.
    pub(crate) fn hear(&mut self, now: Nanos, venue_at: Nanos, outcome: &Outcome) -> Change {
        match (answer(self.state, outcome), *outcome) {
            (Answer::Accept, _) => self.accept(now),
            (Answer::Refuse, Outcome::Rejected(reason)) => self.refuse(now, reason),
            (Answer::Fill, Outcome::Filled { price, size, fill: _, liquidity }) => {
                self.fill(now, price, size, liquidity)
            }
            (Answer::Cancel, _) => {
                let unfilled = self.unfilled();
                let freed = self.close(now, End::Canceled);
                Change::Canceled { unfilled, freed }
            }
            (Answer::CancelRefused, Outcome::CancelRejected(reason)) => {
                // On a closed order it is the answer to a cancel that crossed the end.
                if !self.canceling {
                    return self.not_asked();
                }
                // Of one that is unknown it says little: it may have ended, or never have come. What was asked about it will
                // tell; until then it stays asked for, or who wished it gone would ask again, and again.
                self.canceling = self.is_unknown() && reason == RejectReason::UnknownOrder;
                Change::CancelRejected { reason }
            }
            // A later state of it has been heard of already.
            (Answer::Replace, _) if venue_at < self.terms_at => Change::Duplicate,
            (Answer::Replace, Outcome::Replaced { price, size }) => {
                self.replaced(now, venue_at, NewTerms { price, size })
            }
            (Answer::ReplaceRefused, _) if self.was_refused(venue_at) => Change::Duplicate,
            (Answer::ReplaceRefused, Outcome::ReplaceRejected(reason)) => {
                if self.replacing.is_none() {
                    return self.not_asked();
                }
                (self.replace_heard_at, self.replace_answered_at) = (now, venue_at);
                let (freed, closed) = self.settle(now, self.terms.size);
                Change::ReplaceRejected { reason, freed, closed }
            }
            (Answer::Resolve, Outcome::Listed { size, filled, open }) => {
                self.resolve(now, size, filled, open)
            }
            (Answer::Miss, _) => self.miss(now),
            (Answer::Bust, Outcome::Busted { price, size, .. }) => self.bust(price, size),
            (Answer::Alive, Outcome::Listed { open: false, .. }) | (Answer::Known, _) => Change::Duplicate,
            // A resent acknowledgement is none of a life after death.
            (Answer::Alive, Outcome::Accepted) if self.accepted_at.is_some() => Change::Duplicate,
            (Answer::Alive, _) => Change::Impossible(Impossible::Alive),
            (
                Answer::Never
                | Answer::Refuse
                | Answer::Fill
                | Answer::CancelRefused
                | Answer::Replace
                | Answer::ReplaceRefused
                | Answer::Resolve
                | Answer::Bust,
                _,
            ) => Change::Impossible(Impossible::Transition),
        }
    }

    /// Whether a refusal of the venue's time is of a replace before the one under way, come twice. Where everything
    /// happens at one moment the order of reports decides.
    fn was_refused(&self, venue_at: Nanos) -> bool {
        let again = venue_at == self.replace_answered_at && self.replace_asked_at > self.replace_heard_at;
        self.replacing.is_some() && (venue_at < self.replace_answered_at || again)
    }

    /// An answer to nothing; after a break it may be one to what was asked before.
    const fn not_asked(&self) -> Change {
        if self.survivor { Change::Duplicate } else { Change::Impossible(Impossible::NotAsked) }
    }

    fn refuse(&mut self, now: Nanos, reason: RejectReason) -> Change {
        // Only an unknown one can have been taken before: then it cannot have been refused.
        if self.accepted_at.is_some() || !self.filled.is_zero() {
            return Change::Impossible(Impossible::Transition);
        }
        let freed = self.close(now, End::Rejected);
        Change::Rejected { reason, freed }
    }

    /// The venue says how it has an order of which we did not know.
    fn resolve(&mut self, now: Nanos, size: Lots, filled: Lots, open: bool) -> Change {
        if size > self.most || filled > size || filled < Lots::ZERO {
            return Change::Impossible(Impossible::BeyondSize);
        }
        if filled > self.filled {
            // Those that we missed are booked as fills, each with its number, or not at all.
            return Change::Behind { missing: filled - self.filled };
        }
        // A fill may have come after the listing was made, but not to a closed order.
        if !open && filled < self.filled {
            return Change::Impossible(Impossible::Transition);
        }
        if open {
            // A cancel that went before may have done nothing: who wants it gone asks again.
            self.canceling = false;
        }
        let price = match self.replacing {
            None => self.terms.price,
            Some(new) if new.size == size && self.terms.size != size => new.price,
            Some(new) if new.size == size && new.price != self.terms.price && open => {
                // By which price it stands nobody can tell, so it is not left there. Both count until it is gone.
                self.doomed = true;
                self.state = State::Working;
                return Change::Listed { open: true, freed: Lots::ZERO };
            }
            Some(_) => self.terms.price,
        };
        (self.terms.price, self.terms.size) = (price, size);
        let (mut freed, closed) = self.settle(now, size);
        if closed {
            return Change::Listed { open: false, freed };
        }
        if open {
            self.state = State::Working;
        } else {
            let end = if self.filled == size { End::Filled } else { End::Canceled };
            freed += self.close(now, end);
        }
        Change::Listed { open, freed }
    }

    /// The venue does not have it. One that it never acknowledged may still be on its way: it counts as gone when the
    /// venue still does not have it [a while](SETTLED) later.
    fn miss(&mut self, now: Nanos) -> Change {
        let first = *self.missed_at.get_or_insert(now);
        let was_there = self.accepted_at.is_some() || !self.filled.is_zero();
        if !was_there && now - first < SETTLED {
            return Change::Missed;
        }
        Change::Lost { freed: self.close(now, End::Lost) }
    }

    /// A fill that was booked is taken back.
    fn bust(&mut self, price: Ticks, size: Lots) -> Change {
        self.busted += size;
        self.traded -= i128::from(price.0) * i128::from(size.0);
        Change::Busted { price, size }
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
        } else if self.state == State::Pending {
            self.state = State::Working; // the acknowledgement was overtaken
        }
        Change::Filled { price, size, liquidity, closed, late }
    }

    fn replaced(&mut self, now: Nanos, venue_at: Nanos, new: NewTerms) -> Change {
        let stands = NewTerms { price: self.terms.price, size: self.terms.size };
        // Not asked for, but a venue may take from an order on its own: self-match prevention that decrements. A fill may
        // have overtaken that.
        let shrunk = self.is_open()
            && new.price == stands.price
            && self.filled.max(Lots(1)) <= new.size
            && new.size < stands.size;
        let again = self.replaced && new == stands;
        let answers = self.replacing.is_some_and(|asked| {
            // As the venue says, which need not be what was asked; but at the price it had, nothing was answered.
            asked == new || (!shrunk && !again && (new.price != stands.price || asked.price == stands.price))
        });
        if !answers && !shrunk {
            let known = again || self.replacing.is_some();
            if known {
                return Change::Duplicate;
            }
            // After a break it may be an old answer, but none that makes the order larger than we think it can be.
            let larger = self.survivor && self.is_open() && new.size > self.most;
            return if larger { Change::Impossible(Impossible::BeyondSize) } else { self.not_asked() };
        }
        if !answers && self.replacing.is_some() {
            // What was asked for may still become of it.
            (self.terms.size, self.replaced, self.terms_at) = (new.size, true, venue_at);
            return Change::Replaced { price: new.price, size: new.size, freed: Lots::ZERO, closed: false };
        }
        if new.size.0 <= 0 {
            return Change::Impossible(Impossible::SizeNotPositive);
        }
        if new.size > self.most {
            return Change::Impossible(Impossible::BeyondSize);
        }
        (self.terms.price, self.terms.size) = (new.price, new.size);
        (self.replaced, self.terms_at) = (true, venue_at);
        if answers {
            (self.replace_heard_at, self.replace_answered_at) = (now, venue_at);
        }
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
