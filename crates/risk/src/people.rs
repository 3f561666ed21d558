//! What people may say to risk, and who has to agree: requests with reasons, four eyes, roles (RC-33, RC-45).
//!
//! Decides whether a request acts; never acts. A request that stops trading acts at once and needs nobody. One that lets
//! more pass needs a reason and a second person. Numbers of requests rise: one heard twice, or late, is refused.

use serde::{Deserialize, Serialize};
use types::{Action, Operator, PersonId, Restriction, Stage};

/// What somebody may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// To stop, to cancel, to reduce, to ask for busts.
    #[default]
    Trader,
    /// Everything.
    Risk,
}

/// Somebody who may speak.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// What of.
    pub role: Role,
}

/// What comes of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// Do it.
    Act(Action),
    /// It waits for another person.
    Waits,
    /// A reason, kept for its request.
    Noted,
    /// It comes to nothing.
    Refused(Why),
}

/// Why a word comes to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Nobody of this number may speak.
    UnknownPerson,
    /// Their role does not let them.
    NotTheirs,
    /// The number was used before.
    Repeated,
    /// It needs a reason, said before it.
    NoReason,
    /// No request of this number waits.
    NotWaiting,
    /// Another person has to agree, not the same one.
    SamePerson,
}

/// How much is kept of what waits: people are few, and what is forgotten can be said again.
const KEPT: usize = 64;

/// A request that waits for a second person.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Waiting {
    request: u32,
    by: PersonId,
    action: Action,
}

/// Requests, reasons and who may say what.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct People {
    people: Vec<Person>,
    last: Option<u32>,
    /// Requests of which a reason was heard, from its first part on.
    reasons: Vec<u32>,
    waiting: Vec<Waiting>,
}

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Needs {
    reason: bool,
    second: bool,
    role: Role,
}

const AT_ONCE: Needs = Needs { reason: false, second: false, role: Role::Trader };
const WITH_REASON: Needs = Needs { reason: true, second: false, role: Role::Risk };
const FOUR_EYES: Needs = Needs { reason: true, second: true, role: Role::Risk };

/// What an action needs; `loosens` says of a limit, a restriction or a stage whether more would pass.
fn needs(action: &Action, loosens: bool) -> Needs {
    match action {
        Action::Kill(_) | Action::CancelAll(_) | Action::ReduceOnly(_, true) => AT_ONCE,
        Action::Reset(_) | Action::ReduceOnly(_, false) | Action::SkipRecord(_) => FOUR_EYES,
        Action::Enter(_) if !loosens => AT_ONCE,
        Action::SetLimit { .. } | Action::Restrict { .. } | Action::Enter(_) => {
            if loosens {
                FOUR_EYES
            } else {
                WITH_REASON
            }
        }
        Action::RequestBust { .. } => Needs { role: Role::Trader, ..WITH_REASON },
    }
}

impl People {
    /// Those who may speak; an empty list is everybody.
    #[must_use]
    pub const fn new(people: Vec<Person>) -> Self {
        Self { people, last: None, reasons: Vec::new(), waiting: Vec::new() }
    }

    /// Hears a word. `loosens` says of a limit, a restriction or a stage whether more would pass.
    pub fn hear(&mut self, word: &Operator, loosens: impl Fn(&Action) -> bool) -> Word {
        match *word {
            Operator::Reason { request, part, text } => self.reason(request, part, &text),
            Operator::Request { request, by, action } => {
                let loosens = loosens(&action);
                self.request(Waiting { request, by, action }, loosens)
            }
            Operator::Confirm { request, by } => self.confirm(request, by),
        }
    }

    /// How many requests wait for a second person.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn reason(&mut self, request: u32, part: u8, text: &[u8]) -> Word {
        let says_something = text.iter().any(|byte| !matches!(byte, 0 | b' '));
        if part == 0 && says_something && !self.reasons.contains(&request) {
            if self.reasons.len() == KEPT {
                self.reasons.remove(0);
            }
            self.reasons.push(request);
        }
        Word::Noted
    }

    fn request(&mut self, asked: Waiting, loosens: bool) -> Word {
        if self.last.is_some_and(|last| asked.request <= last) {
            return Word::Refused(Why::Repeated);
        }
        let needs = needs(&asked.action, loosens);
        if needs != AT_ONCE
            && let Err(why) = self.may(asked.by, needs.role)
        {
            return Word::Refused(why);
        }
        self.last = Some(asked.request);
        let has_reason = self.reasons.contains(&asked.request);
        self.reasons.retain(|request| *request > asked.request);
        if needs.reason && !has_reason {
            return Word::Refused(Why::NoReason);
        }
        if !needs.second {
            return Word::Act(asked.action);
        }
        if self.waiting.len() == KEPT {
            self.waiting.remove(0);
        }
        self.waiting.push(asked);
        Word::Waits
    }

    fn confirm(&mut self, request: u32, by: PersonId) -> Word {
        let Some(at) = self.waiting.iter().position(|waiting| waiting.request == request) else {
            return Word::Refused(Why::NotWaiting);
        };
        if self.waiting[at].by == by {
            return Word::Refused(Why::SamePerson);
        }
        if let Err(why) = self.may(by, Role::Risk) {
            return Word::Refused(why);
        }
        Word::Act(self.waiting.remove(at).action)
    }

    /// Stopping needs nobody's leave; everything else is somebody's by name.
    fn may(&self, by: PersonId, role: Role) -> Result<(), Why> {
        if self.people.is_empty() {
            return Ok(());
        }
        match self.people.get(by.index()) {
            None => Err(Why::UnknownPerson),
            Some(person) if role == Role::Risk && person.role != Role::Risk => Err(Why::NotTheirs),
            Some(_) => Ok(()),
        }
    }
}

/// Whether a restriction lets more pass than another.
#[must_use]
pub fn loosens_restriction(from: Restriction, to: Restriction) -> bool {
    let room = |how: Restriction| match how {
        Restriction::NoTrading => -1,
        Restriction::HardToBorrow => 0,
        Restriction::Located(lots) => lots.0,
        Restriction::None => i64::MAX,
    };
    room(to) > room(from)
}

/// Whether a stage lets more pass than another.
#[must_use]
pub fn loosens_stage(from: Stage, to: Stage) -> bool {
    to > from
}
