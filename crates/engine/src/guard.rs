//! What an order of ours must pass beside risk: sessions that stand, venues that want it, no order of our own in its way.
//!
//! Owns what the engine knows of sessions, of venues' refusals, of drop copies, and of who owns what. Never passes an
//! order that risk has not: it is asked first because it is cheap, and only ever refuses or makes smaller.

use crate::engine::Core;
use crate::pacing::Pacing;
use crate::reconcile::Copies;
use crate::self_match::Owners;
use crate::session::Sessions;
use crate::state::StateError;
use risk::{Limits, Refusal};
use serde::{Deserialize, Serialize};
use types::{Command, Instrument, NewOrder, StrategyId, Ticks};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Guard {
    pub(crate) sessions: Sessions,
    pub(crate) pacing: Pacing,
    pub(crate) copies: Copies,
    /// As the limits say.
    #[serde(skip)]
    pub(crate) owners: Owners,
}

impl Guard {
    pub(crate) fn new(instruments: &[Instrument], limits: &Limits, strategies: usize) -> Self {
        Self {
            sessions: Sessions::new(instruments),
            pacing: Pacing::new(instruments.len(), strategies),
            copies: Copies::new(instruments.len()),
            owners: Owners::new(limits, strategies),
        }
    }

    /// Takes back what was saved; what the configuration says stays.
    pub(crate) fn restore(&mut self, saved: Self) -> Result<(), StateError> {
        let Self { sessions, pacing, copies, owners: _ } = saved;
        self.sessions.restore(sessions)?;
        self.pacing.restore(pacing)?;
        self.copies.restore(copies)
    }
}

/// That a part of the state is as large as this run's.
pub(crate) fn same(what: &'static str, found: usize, expected: usize) -> Result<(), StateError> {
    if found == expected { Ok(()) } else { Err(StateError::OtherRun { what, found, expected }) }
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
                guard.copies.admits(self.risk.account_of(strategy).unwrap_or_default())?;
            }
            if guard.is_wary(self.now) { guard.admits(self.now, strategy, order) } else { Ok(()) }
        });
        verdict.map_err(|refusal| self.risk.refuse(refusal))
    }
}
