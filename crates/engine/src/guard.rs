//! What an order of ours must pass beside risk: sessions that stand, venues that want it, no order of our own in its way.
//!
//! Owns what the engine knows of sessions, of venues' refusals, of drop copies, and of who owns what. Never passes an
//! order that risk has not: it is asked first because it is cheap, and only ever refuses or makes smaller.

use crate::engine::Core;
use crate::pacing::Pacing;
use crate::reconcile::Copies;
use crate::self_match::{Owners, SelfMatch};
use crate::session::Sessions;
use risk::Refusal;
use types::{AccountId, Command, Instrument, NewOrder, StrategyId, Ticks};

/// Whose strategies and accounts are, and what is done when two orders of one owner would trade with each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// By strategy; those beyond the end are in the first account.
    pub accounts: Vec<AccountId>,
    /// By account, the number of who owns it in the end; those beyond the end are of owner 0, the firm.
    pub owners: Vec<u16>,
    /// What is done.
    pub self_match: SelfMatch,
}

impl Ownership {
    /// The account of a strategy.
    #[must_use]
    pub fn account(&self, strategy: StrategyId) -> AccountId {
        self.accounts.get(strategy.index()).copied().unwrap_or_default()
    }
}

#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) sessions: Sessions,
    pub(crate) pacing: Pacing,
    pub(crate) copies: Copies,
    pub(crate) ownership: Ownership,
    pub(crate) owners: Owners,
}

impl Guard {
    pub(crate) fn new(instruments: &[Instrument], strategies: usize) -> Self {
        let sessions = Sessions::new(instruments);
        Self {
            pacing: Pacing::new(instruments.len(), strategies),
            copies: Copies::new(instruments.len()),
            ownership: Ownership::default(),
            owners: Owners::new(&Ownership::default(), strategies),
            sessions,
        }
    }
}

impl Core {
    /// What of a wish may go to risk, and whether orders of ours must go before it.
    #[inline]
    pub(crate) fn admit(
        &mut self,
        strategy: StrategyId,
        order: &NewOrder,
        out: &mut Vec<Command>,
    ) -> Result<(NewOrder, bool), Refusal> {
        // Risk has its own word for those that there are not.
        if order.instrument.index() >= self.instruments.len() {
            return Ok((*order, false));
        }
        self.may_send(strategy, order)?;
        self.without_self_match(strategy, order, out)
    }

    /// The same for a new price of a working order.
    #[inline]
    pub(crate) fn admit_replace(
        &mut self,
        strategy: StrategyId,
        order: &orders::Order,
        price: Ticks,
        out: &mut Vec<Command>,
    ) -> Result<(), Refusal> {
        self.may_send(strategy, &NewOrder { price, ..order.terms })?;
        self.replace_without_self_match(order.id, price, out)
    }

    #[inline]
    fn may_send(&mut self, strategy: StrategyId, order: &NewOrder) -> Result<(), Refusal> {
        let guard = &mut self.guard;
        let verdict = guard.sessions.admits(order.instrument);
        let verdict = verdict.and_then(|()| {
            if guard.copies.is_broken() {
                guard.copies.admits(guard.ownership.account(strategy))?;
            }
            if guard.is_wary(self.now) { guard.admits(self.now, strategy, order) } else { Ok(()) }
        });
        verdict.map_err(|refusal| self.risk.refused(refusal))
    }
}
