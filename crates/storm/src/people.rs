//! The people at the desk: they stop what looks wrong, lower limits, and two of them together put things right again.

use crate::rules::Rules;
use risk::LimitId;
use std::collections::VecDeque;
use stdx::Prng;
use types::operator::REASON_BYTES;
use types::{AccountId, Action, InstrumentId, Nanos, Operator, PersonId, Scope, Stage, StrategyId, VenueId};

/// See the module.
pub(crate) struct People {
    prng: Prng,
    next_request: u32,
    said: VecDeque<(Nanos, Operator)>,
    /// When what was stopped is put right.
    resume_at: Option<Nanos>,
    instruments: u32,
    strategies: u16,
}

impl People {
    pub(crate) fn new(seed: u64, instruments: usize, strategies: usize) -> Self {
        Self {
            prng: Prng::new(seed).fork("people"),
            next_request: 1,
            said: VecDeque::new(),
            resume_at: None,
            instruments: u32::try_from(instruments).expect("a few"),
            strategies: u16::try_from(strategies).expect("a few"),
        }
    }

    /// Somebody stops something.
    pub(crate) fn stop(&mut self, now: Nanos, prng: &mut Prng) {
        let strategy = StrategyId(u16::try_from(prng.below(u64::from(self.strategies))).expect("small"));
        let instrument = InstrumentId(u32::try_from(prng.below(u64::from(self.instruments))).expect("small"));
        let scope = match prng.below(8) {
            0 => Scope::Strategy(strategy),
            1 => Scope::Instrument(instrument),
            2 => Scope::Venue(VenueId(0)),
            3 => Scope::Account(AccountId(0)),
            _ => Scope::Firm,
        };
        let action = match prng.below(8) {
            0 => Action::ReduceOnly(scope, true),
            1 => Action::CancelAll(scope),
            2 => Action::Enter(Stage::CancelOnly),
            3 => Action::Enter(Stage::PostOnly),
            _ => Action::Kill(scope),
        };
        self.request(now, action);
    }

    /// Somebody lowers a limit, or asks for more than there was; one person alone cannot.
    pub(crate) fn move_limit(&mut self, now: Nanos, rules: &Rules, prng: &mut Prng) {
        let id = InstrumentId(u32::try_from(prng.below(u64::from(self.instruments))).expect("small"));
        let value = prng.between(0, rules.at_first[id.index()] * 2);
        let raises = value > rules.positions[id.index()];
        self.request(now, limit(id, value));
        if raises {
            // The same person again, or nobody: it must come to nothing.
            let request = self.next_request - 1;
            for (_, word) in self.said.iter_mut().rev().take(1) {
                *word = Operator::Confirm { request, by: PersonId(0) };
            }
        }
    }

    /// Two people put right all that was stopped.
    pub(crate) fn resume(&mut self, now: Nanos, rules: &Rules) {
        self.resume_at = None;
        for scope in rules.killed.iter().copied().filter(|scope| *scope != Scope::Firm) {
            self.request(now, Action::Reset(scope));
        }
        for scope in &rules.reduced {
            self.request(now, Action::ReduceOnly(*scope, false));
        }
        for (row, (is, was)) in (0..).zip(rules.positions.iter().zip(&rules.at_first)) {
            if is != was {
                self.request(now, limit(InstrumentId(row), *was));
            }
        }
        self.request(now, Action::Reset(Scope::Firm));
        if rules.stage != Stage::Continuous {
            self.request(now, Action::Enter(Stage::Continuous));
        }
    }

    /// What is said now.
    pub(crate) fn words(&mut self, now: Nanos, rules: &Rules) -> Vec<Operator> {
        match self.resume_at {
            None if rules.is_tightened() && self.said.is_empty() => {
                self.resume_at = Some(now + Nanos(self.prng.between(1, 8) * 1_000_000_000));
            }
            Some(at) if now >= at => self.resume(now, rules),
            Some(_) | None => {}
        }
        let mut words = Vec::new();
        while self.said.front().is_some_and(|(at, _)| *at <= now) {
            words.extend(self.said.pop_front().map(|(_, word)| word));
        }
        words
    }

    /// A reason, a request, and another person's agreement.
    fn request(&mut self, now: Nanos, action: Action) {
        let request = self.next_request;
        self.next_request += 1;
        let mut text = [0; REASON_BYTES];
        text[..5].copy_from_slice(b"storm");
        self.said.push_back((now, Operator::Reason { request, part: 0, text }));
        self.said.push_back((now, Operator::Request { request, by: PersonId(0), action }));
        self.said.push_back((now, Operator::Confirm { request, by: PersonId(1) }));
    }
}

fn limit(instrument: InstrumentId, value: i64) -> Action {
    Action::SetLimit { limit: LimitId::Position as u16, scope: Scope::Instrument(instrument), value }
}
