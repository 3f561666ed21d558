//! What people have said, and what holds because of it: by the rules of the house, not by our code.
//!
//! Stopping needs nobody else. Letting more pass needs a reason and another person. A request's number is used once.

use risk::LimitId;
use std::collections::{BTreeMap, BTreeSet};
use types::{AccountId, Action, InstrumentId, Operator, PersonId, Scope, Stage, StrategyId, VenueId};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    last: u32,
    reasons: BTreeSet<u32>,
    waiting: BTreeMap<u32, (PersonId, Action)>,
    pub(crate) killed: BTreeSet<Scope>,
    pub(crate) reduced: BTreeSet<Scope>,
    pub(crate) stage: Stage,
    /// By instrument: how large a position may be, and how large at the start.
    pub(crate) positions: Vec<i64>,
    pub(crate) at_first: Vec<i64>,
}

impl Rules {
    pub(crate) fn new(positions: Vec<i64>) -> Self {
        Self {
            last: 0,
            reasons: BTreeSet::new(),
            waiting: BTreeMap::new(),
            killed: BTreeSet::new(),
            reduced: BTreeSet::new(),
            stage: Stage::Continuous,
            at_first: positions.clone(),
            positions,
        }
    }

    /// Whether anything is stopped or lowered.
    pub(crate) fn is_tightened(&self) -> bool {
        !self.killed.is_empty()
            || !self.reduced.is_empty()
            || self.stage != Stage::Continuous
            || self.positions != self.at_first
    }

    /// Why nothing but cancels may leave from there, if it may not.
    pub(crate) fn stops(
        &self,
        strategy: StrategyId,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Option<String> {
        if self.stage < Stage::PostOnly {
            return Some(format!("trading is {:?}", self.stage));
        }
        let scopes = [
            Scope::Firm,
            Scope::Strategy(strategy),
            Scope::Account(account),
            Scope::Venue(VenueId(0)),
            Scope::Instrument(instrument),
        ];
        let killed = scopes.into_iter().find(|scope| self.killed.contains(scope));
        killed.map(|scope| format!("{scope} is killed"))
    }

    pub(crate) fn hear(&mut self, word: &Operator) {
        match *word {
            Operator::Reason { request, part, .. } => {
                if part == 0 {
                    self.reasons.insert(request);
                }
            }
            Operator::Request { request, by, action } => {
                if request <= self.last {
                    return;
                }
                let has_reason = self.reasons.contains(&request);
                let (needs_reason, needs_second) = self.needs(&action);
                if needs_reason && !has_reason {
                    return;
                }
                self.last = request;
                if needs_second {
                    self.waiting.insert(request, (by, action));
                } else {
                    self.act(action);
                }
            }
            Operator::Confirm { request, by } => {
                if self.waiting.get(&request).is_some_and(|(asked, _)| *asked != by)
                    && let Some((_, action)) = self.waiting.remove(&request)
                {
                    self.act(action);
                }
            }
        }
    }

    /// Whether it needs a reason, and another person.
    fn needs(&self, action: &Action) -> (bool, bool) {
        match *action {
            Action::Kill(_) | Action::CancelAll(_) | Action::ReduceOnly(_, true) => (false, false),
            Action::Reset(_) | Action::ReduceOnly(_, false) | Action::SkipRecord(_) => (true, true),
            Action::Enter(stage) => (stage > self.stage, stage > self.stage),
            Action::SetLimit { scope, value, .. } => {
                let raises = match scope {
                    Scope::Instrument(id) => value > self.positions[id.index()],
                    Scope::Strategy(_)
                    | Scope::Account(_)
                    | Scope::Desk(_)
                    | Scope::Venue(_)
                    | Scope::Firm => false,
                };
                (true, raises)
            }
            Action::Restrict { .. } | Action::RequestBust { .. } => (true, false),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Kill(scope) => drop(self.killed.insert(scope)),
            Action::Reset(scope) => drop(self.killed.remove(&scope)),
            Action::ReduceOnly(scope, true) => drop(self.reduced.insert(scope)),
            Action::ReduceOnly(scope, false) => drop(self.reduced.remove(&scope)),
            Action::Enter(stage) => self.stage = stage,
            Action::SetLimit { limit, scope: Scope::Instrument(id), value }
                if limit == LimitId::Position as u16 =>
            {
                self.positions[id.index()] = value;
            }
            Action::SetLimit { .. }
            | Action::CancelAll(_)
            | Action::Restrict { .. }
            | Action::SkipRecord(_)
            | Action::RequestBust { .. } => {}
        }
    }
}
