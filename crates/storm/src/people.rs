//! The people at the desk: they pull the kill switch, and two of them together put things right again.

use std::collections::VecDeque;
use stdx::Prng;
use types::operator::REASON_BYTES;
use types::{Action, Nanos, Operator, PersonId, Scope};

/// What a person does of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Kill,
    ResumeAll,
}

/// See the module.
pub(crate) struct People {
    prng: Prng,
    next_request: u32,
    said: VecDeque<(Nanos, Operator)>,
    asked: Vec<Deed>,
    /// When a killed firm is put right.
    resume_at: Option<Nanos>,
}

impl People {
    pub(crate) fn new(seed: u64) -> Self {
        let prng = Prng::new(seed).fork("people");
        Self { prng, next_request: 1, said: VecDeque::new(), asked: Vec::new(), resume_at: None }
    }

    pub(crate) fn ask(&mut self, deed: Deed, _: &mut Prng) {
        self.asked.push(deed);
    }

    /// What is said now.
    pub(crate) fn words(&mut self, now: Nanos, is_killed: bool) -> Vec<Operator> {
        for deed in std::mem::take(&mut self.asked) {
            match deed {
                Deed::Kill => self.request(now, Action::Kill(Scope::Firm)),
                Deed::ResumeAll => {
                    self.resume_at = None;
                    self.request(now, Action::Reset(Scope::Firm));
                }
            }
        }
        match self.resume_at {
            None if is_killed => {
                self.resume_at = Some(now + Nanos(self.prng.between(1, 8) * 1_000_000_000));
            }
            Some(at) if now >= at => {
                self.resume_at = None;
                self.request(now, Action::Reset(Scope::Firm));
            }
            Some(_) | None => {}
        }
        let mut words = Vec::new();
        while self.said.front().is_some_and(|(at, _)| *at <= now) {
            words.extend(self.said.pop_front().map(|(_, word)| word));
        }
        words
    }

    /// A reason, a request, and another person's agreement a second later.
    fn request(&mut self, now: Nanos, action: Action) {
        let request = self.next_request;
        self.next_request += 1;
        let mut text = [0; REASON_BYTES];
        text[..5].copy_from_slice(b"storm");
        self.said.push_back((now, Operator::Reason { request, part: 0, text }));
        self.said.push_back((now, Operator::Request { request, by: PersonId(0), action }));
        let agrees = Operator::Confirm { request, by: PersonId(1) };
        self.said.push_back((now + Nanos(1_000_000_000), agrees));
    }
}
