//! Orders that a strategy works in parts: the whole is judged once (RC-03), and no part goes beyond it (RC-40).

use crate::limits::Level;
use crate::refusal::Refusal;
use crate::risk::Risk;
use crate::state::{Parent, Worked};
use types::{Lots, Money, NewOrder, ParentId, StrategyId};

/// How many a strategy may work at once; more are refused, so that nothing grows without end.
const PARENTS_MAX: usize = 4_096;

impl Risk {
    /// Takes in an order to be worked in parts.
    ///
    /// # Errors
    /// When it is worth more than the strategy's or its desk's limit, or its number was used before.
    pub fn open_parent(&mut self, by: StrategyId, id: ParentId, terms: Parent) -> Result<(), Refusal> {
        match self.judge_parent(by, id, &terms) {
            Ok(()) => {
                self.state.strategies[by.index()].parents.push(Worked { id, terms, given: 0 });
                Ok(())
            }
            Err(refusal) => Err(self.refuse(refusal)),
        }
    }

    fn judge_parent(&self, by: StrategyId, id: ParentId, terms: &Parent) -> Result<(), Refusal> {
        let state = &self.state;
        let Some(row) = state.instruments.get(terms.instrument.index()) else {
            return Err(Refusal::UnknownInstrument);
        };
        let Some(strategy) = state.strategies.get(by.index()) else {
            return Err(Refusal::UnknownStrategy);
        };
        let unset = |level, unset: Option<_>| match unset {
            Some(limit) => Err(Refusal::LimitUnset { level, limit }),
            None => Ok(()),
        };
        unset(Level::Strategy, strategy.unset)?;
        if terms.size.0 <= 0 {
            return Err(Refusal::SizeNotPositive { size: terms.size });
        }
        if strategy.parents.iter().any(|known| known.id == id) || strategy.parents.len() >= PARENTS_MAX {
            return Err(Refusal::ParentKnown);
        }
        let Some(rate) = row.rate else { return Err(Refusal::RateUnknown) };
        let own = row.worth.notional(terms.price, terms.size);
        let notional = own.and_then(|own| own.checked_at_rate(rate)).unwrap_or(Money(i128::MAX));
        let within = |level, limit: Money| {
            if notional > limit { Err(Refusal::ParentTooLarge { level, notional, limit }) } else { Ok(()) }
        };
        within(Level::Strategy, strategy.parent_notional)?;
        if let Some(desk) = strategy.desk.map(|desk| &state.desks[desk.index()]) {
            unset(Level::Desk, desk.unset)?;
            within(Level::Desk, desk.parent_notional)?;
        }
        Ok(())
    }

    /// Whether a part fits its whole; asked before [`check`](Self::check), and reserved by
    /// [`give_part`](Self::give_part) after it.
    ///
    /// # Errors
    /// When there is no such whole, or the part is larger than what is left of it, on the other side, or worse priced.
    pub fn judge_part(&mut self, by: StrategyId, id: ParentId, order: &NewOrder) -> Result<(), Refusal> {
        let parents = self.state.strategies.get(by.index()).map_or(&[][..], |row| &row.parents);
        let Some(whole) = parents.iter().find(|known| known.id == id) else {
            return Err(self.refuse(Refusal::ParentUnknown));
        };
        let left = Lots(whole.terms.size.0 - whole.given);
        let fits = whole.terms.instrument == order.instrument
            && whole.terms.side == order.side
            && order.size <= left
            // Higher to buy, lower to sell: what goes first in a book costs more.
            && !order.price.beats(whole.terms.price, order.side);
        if fits { Ok(()) } else { Err(self.refuse(Refusal::ChildBeyondParent { left })) }
    }

    /// A part left: so much of the whole is given.
    pub fn give_part(&mut self, by: StrategyId, id: ParentId, size: Lots) {
        self.change_parent(by, id, size.0);
    }

    /// A part closed with so much of it untraded: the whole has that to give again.
    pub fn take_part_back(&mut self, by: StrategyId, id: ParentId, untraded: Lots) {
        self.change_parent(by, id, -untraded.0);
    }

    fn change_parent(&mut self, by: StrategyId, id: ParentId, lots: i64) {
        let Some(strategy) = self.state.strategies.get_mut(by.index()) else { return };
        if let Some(whole) = strategy.parents.iter_mut().find(|known| known.id == id) {
            whole.given += lots;
            assert!(
                (0..=whole.terms.size.0).contains(&whole.given),
                "parts of {} lots of a whole of {}",
                whole.given,
                whole.terms.size.0
            );
        }
    }

    /// What of a whole is not in parts that traded or may; `None` when there is no such whole.
    #[must_use]
    pub fn left_of(&self, by: StrategyId, id: ParentId) -> Option<Lots> {
        let strategy = self.state.strategies.get(by.index())?;
        let whole = strategy.parents.iter().find(|known| known.id == id)?;
        Some(Lots(whole.terms.size.0 - whole.given))
    }
}
