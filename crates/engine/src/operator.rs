//! What people say to the machine, and what it does about it: kill switches with their reports, resets, mass cancels,
//! limits, restrictions, stages. And what risk has to tell people, in the step in which it happened.
//!
//! Whether a word acts is `risk::People`'s to say. A kill is latched before the first cancel leaves, and is state like any
//! other: a machine that replays its journal is as killed as it was.

use crate::Engine;
use risk::{News, People, Word};
use serde::{Deserialize, Serialize};
use types::{
    Action, AlertKind, Command, InstrumentId, Nanos, Operator, OrderId, Restriction, Scope, Session,
    SessionChange,
};

/// Who may speak, what was killed, and which busts were asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Operators {
    pub(crate) people: People,
    kills: Vec<Kill>,
    busts: Vec<BustRequest>,
    /// Orders about to be cancelled. Its room is taken at the start: who has no memory left still cancels.
    #[serde(skip, default = "room")]
    scratch: Vec<OrderId>,
    /// The list of the next kill, for the same reason.
    #[serde(skip, default = "room")]
    spare: Vec<OrderId>,
}

/// A kill that holds, and the orders that were open when it began.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kill {
    scope: Scope,
    at: Nanos,
    orders: Vec<OrderId>,
}

/// What became of the orders of a killed scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillReport {
    /// Of what.
    pub scope: Scope,
    /// Since when.
    pub at: Nanos,
    /// Gone, and the venue said so.
    pub confirmed: usize,
    /// Asked to be cancelled, and nobody knows yet.
    pub unconfirmed: usize,
    /// Open, and the venue refused to cancel them.
    pub not_cancellable: usize,
}

/// A fill that a person asked the venue to take back (RC-48).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BustRequest {
    /// When.
    pub at: Nanos,
    /// Of which order.
    pub order: OrderId,
    /// The venue's number for it.
    pub fill: u32,
}

/// Scopes that are killed at once, as far as memory is laid by for them.
const KILLS_EXPECTED: usize = 16;

/// For as many open orders as the machine expects.
fn room() -> Vec<OrderId> {
    Vec::with_capacity(crate::engine::ORDERS_EXPECTED)
}

impl Operators {
    pub(crate) fn new(people: People) -> Self {
        Self {
            people,
            kills: Vec::with_capacity(KILLS_EXPECTED),
            busts: Vec::new(),
            scratch: room(),
            spare: room(),
        }
    }
}

impl Engine {
    pub(crate) fn on_operator(&mut self, word: &Operator, out: &mut Vec<Command>) {
        let risk = &self.core.risk;
        let heard = self.operators.people.hear(word, |action| risk.loosens(action));
        match heard {
            Word::Act(action) => {
                if !self.act(action, out) {
                    self.refuse_request(word, out);
                }
            }
            Word::Waits | Word::Noted => {}
            Word::Refused(_) => self.refuse_request(word, out),
        }
    }

    /// Does it; false when it names what there is not.
    fn act(&mut self, action: Action, out: &mut Vec<Command>) -> bool {
        match action {
            Action::Kill(scope) => self.kill(scope, out),
            Action::Reset(scope) => {
                self.operators.kills.retain(|kill| kill.scope != scope);
                if scope == Scope::Firm {
                    self.core.hold.release();
                }
                self.forgive_breaks(scope);
                self.core.risk.reset(scope)
            }
            Action::ReduceOnly(scope, on) => self.core.risk.reduce_only(scope, on),
            Action::CancelAll(scope) => {
                let known = self.core.risk.knows(scope);
                if known {
                    self.cancel_scope(scope, out);
                }
                known
            }
            Action::SetLimit { limit, scope, value } => self.core.risk.set_limit(limit, scope, value).is_ok(),
            Action::Restrict { instrument, how } => {
                let known = self.core.risk.restrict(instrument, how);
                if known && how == Restriction::NoTrading {
                    self.cancel_scope(Scope::Instrument(instrument), out);
                }
                known
            }
            // The edge passes over it; the core has no record to skip.
            Action::SkipRecord(_) => true,
            Action::RequestBust { order, fill } => {
                self.operators.busts.push(BustRequest { at: self.core.now, order, fill });
                let value = i64::from(fill);
                out.push(Command::Alert { kind: AlertKind::Bust, scope: Scope::Firm, value });
                true
            }
            Action::Enter(stage) => {
                self.core.risk.enter(stage);
                if stage < types::Stage::PostOnly {
                    self.cancel_scope(Scope::Firm, out);
                }
                true
            }
        }
    }

    fn refuse_request(&self, word: &Operator, out: &mut Vec<Command>) {
        let (Operator::Reason { request, .. }
        | Operator::Request { request, .. }
        | Operator::Confirm { request, .. }) = *word;
        let value = i64::from(request);
        out.push(Command::Alert { kind: AlertKind::RequestRefused, scope: Scope::Firm, value });
    }

    /// Pulls the kill switch of a scope: latched first, then everything in it is cancelled.
    pub(crate) fn kill(&mut self, scope: Scope, out: &mut Vec<Command>) -> bool {
        if !self.core.risk.kill(scope) {
            return false;
        }
        let mut orders = std::mem::take(&mut self.operators.spare);
        orders.extend(self.core.open_in(scope));
        let value = i64::try_from(orders.len()).unwrap_or(i64::MAX);
        if self.operators.kills.iter().any(|kill| kill.scope == scope) {
            orders.clear();
            self.operators.spare = orders;
        } else {
            self.operators.kills.push(Kill { scope, at: self.core.now, orders });
        }
        self.cancel_scope(scope, out);
        out.push(Command::Alert { kind: AlertKind::Killed, scope, value });
        true
    }

    /// Asks for everything open in a scope to be cancelled.
    pub(crate) fn cancel_scope(&mut self, scope: Scope, out: &mut Vec<Command>) {
        let mut scratch = std::mem::take(&mut self.operators.scratch);
        scratch.extend(self.core.open_in(scope));
        for order in scratch.drain(..) {
            self.core.cancel(order, out);
        }
        self.operators.scratch = scratch;
    }

    /// Cancels everything of a scope in one instrument.
    fn cancel_within(&mut self, scope: Scope, instrument: InstrumentId, out: &mut Vec<Command>) {
        let mut scratch = std::mem::take(&mut self.operators.scratch);
        let is_there = |order: &OrderId| {
            self.core.orders.get(*order).is_some_and(|order| order.terms.instrument == instrument)
        };
        scratch.extend(self.core.open_in(scope).filter(is_there));
        for order in scratch.drain(..) {
            self.core.cancel(order, out);
        }
        self.operators.scratch = scratch;
    }

    /// What became of the orders of every scope that is killed, the oldest kill first.
    pub fn kill_reports(&self) -> impl Iterator<Item = KillReport> {
        self.operators.kills.iter().map(|kill| {
            let mut report = KillReport {
                scope: kill.scope,
                at: kill.at,
                confirmed: 0,
                unconfirmed: 0,
                not_cancellable: 0,
            };
            for order in &kill.orders {
                match self.core.orders.get(*order) {
                    Some(order) if order.is_open() && order.is_canceling() => report.unconfirmed += 1,
                    Some(order) if order.is_open() => report.not_cancellable += 1,
                    // Closed, perhaps so long ago that it is forgotten.
                    Some(_) | None => report.confirmed += 1,
                }
            }
            report
        })
    }

    /// Fills that people asked to be taken back, in the order of asking.
    #[must_use]
    pub fn bust_requests(&self) -> &[BustRequest] {
        &self.operators.busts
    }

    /// How many requests wait for a second person.
    #[must_use]
    pub const fn requests_waiting(&self) -> usize {
        self.operators.people.waiting()
    }

    /// A session with a venue changed. When it stands again, what is killed is cancelled again (O-04).
    pub(crate) fn on_session(&mut self, session: &Session, out: &mut Vec<Command>) {
        self.core.risk.on_session(session.venue, session.change);
        match session.change {
            SessionChange::Connected | SessionChange::Recovered => {
                for at in 0..self.operators.kills.len() {
                    let scope = self.operators.kills[at].scope;
                    self.cancel_scope(scope, out);
                }
            }
            SessionChange::Disconnected | SessionChange::LoggedOut | SessionChange::CancelOnDisconnect(_) => {
            }
        }
    }

    /// Does what risk found out in this step, and tells people.
    #[inline]
    pub(crate) fn heed(&mut self, out: &mut Vec<Command>) {
        while let Some(News { kind, scope, value, cancels, within }) = self.core.risk.take_news() {
            match within {
                Some(instrument) if cancels => self.cancel_within(scope, instrument, out),
                None if cancels => self.cancel_scope(scope, out),
                Some(_) | None => {}
            }
            out.push(Command::Alert { kind, scope, value });
        }
    }
}
