//! Inputs that break the core: found at the runtime's edge, named by their number, and passed over only when two people
//! have said so in the journal.
//!
//! A panic in a step leaves the machine in no state that anyone could trust, so the run ends there, and so does every
//! replay of it, at the same input. What ends that is a request to skip it ([`types::Action::SkipRecord`]) with a reason
//! and another person's agreement, behind it in the same journal, signed and chained as everything there is. Every
//! replica that reads the journal then passes over the same input.
//!
//! Never skips anything by itself.

use engine::Engine;
use journal::{JournalError, Reader};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use types::operator::REASON_BYTES;
use types::record::Record;
use types::{Action, Command, Event, Input, Operator, PersonId, Seq};

/// An input that the core broke on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "input {} ({}) broke the core: {said}. Nothing was answered, and nothing after it is taken. Once two people have \
     looked at it, `quoin skip` lets it be passed over", input.seq.0, input.event.kind()
)]
pub struct Poison {
    /// Which.
    pub input: Input,
    /// What the core said.
    pub said: String,
}

/// Takes one input, and stands the core breaking on it. Then the engine is in no state that anyone may use.
///
/// # Errors
/// When it broke.
#[inline]
pub fn step(engine: &mut Engine, input: &Input, out: &mut Vec<Command>) -> Result<(), Box<Poison>> {
    catch_unwind(AssertUnwindSafe(|| engine.step(input, out)))
        .map_err(|panic| Box::new(Poison { input: *input, said: words_of(&*panic) }))
}

#[cold]
fn words_of(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
    said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it did not say why".into())
}

/// A request to skip an input, and what has been said to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    seq: Option<Seq>,
    by: Option<PersonId>,
    reason: bool,
}

/// The inputs that two people have agreed to pass over, as one listens to operators.
#[derive(Clone, Debug, Default)]
pub struct Skips {
    asked: BTreeMap<u32, Asked>,
    agreed: BTreeSet<Seq>,
}

impl Skips {
    /// A person spoke, in an input of this number. A request without a reason before it, or agreed to by who made it, or
    /// for an input that comes later, skips nothing.
    pub fn hear(&mut self, seq: Seq, word: &Operator) {
        match *word {
            Operator::Reason { request, text, .. } => {
                let says_something = text != [0; REASON_BYTES];
                self.asked.entry(request).or_default().reason |= says_something;
            }
            Operator::Request { request, by, action: Action::SkipRecord(skipped) } => {
                let asked = self.asked.entry(request).or_default();
                if asked.reason && skipped < seq {
                    (asked.seq, asked.by) = (Some(skipped), Some(by));
                }
            }
            Operator::Request { .. } => {}
            Operator::Confirm { request, by } => {
                let asked = self.asked.get(&request);
                if let Some(Asked { seq: Some(skipped), by: Some(first), .. }) = asked
                    && *first != by
                {
                    self.agreed.insert(*skipped);
                }
            }
        }
    }

    /// As if two people had agreed: to see what would come of it.
    pub(crate) fn assume(&mut self, seq: Seq) {
        self.agreed.insert(seq);
    }

    /// Whether this one is to be passed over.
    #[inline]
    #[must_use]
    pub fn has(&self, seq: Seq) -> bool {
        !self.agreed.is_empty() && self.agreed.contains(&seq)
    }

    /// Those of a whole journal.
    ///
    /// # Errors
    /// When it cannot be read or believed.
    pub fn of_journal(path: &Path) -> Result<Self, JournalError> {
        let (mut reader, mut skips, mut records) = (Reader::open(path)?, Self::default(), Vec::new());
        while reader.next_block(&mut records)? {
            for record in &records {
                if let Record::Input(Input { seq, event: Event::Operator(word), .. }) = record {
                    skips.hear(*seq, word);
                }
            }
        }
        Ok(skips)
    }
}

/// The words of a request to skip an input: its reason in parts, the request, and the other person's agreement.
#[must_use]
pub fn request_to_skip(seq: Seq, request: u32, reason: &str, by: PersonId, and: PersonId) -> Vec<Operator> {
    let mut words = Vec::new();
    let mut rest = reason;
    for part in 0..=u8::MAX {
        let end = rest.floor_char_boundary(REASON_BYTES);
        let (here, left) = rest.split_at(end);
        let mut text = [0; REASON_BYTES];
        text[..here.len()].copy_from_slice(here.as_bytes());
        words.push(Operator::Reason { request, part, text });
        rest = left;
        if rest.is_empty() {
            break;
        }
    }
    words.push(Operator::Request { request, by, action: Action::SkipRecord(seq) });
    words.push(Operator::Confirm { request, by: and });
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_people_with_a_reason_skip_and_only_what_has_been() {
        let (ada, bob) = (PersonId(1), PersonId(2));
        let whole = request_to_skip(Seq(7), 3, "a venue sent a price of zero twice", ada, bob);
        assert_eq!(whole.len(), 4, "34 bytes are two parts");
        let skipped = |words: &[Operator], from: u64| {
            let mut skips = Skips::default();
            (from..).zip(words).for_each(|(seq, word)| skips.hear(Seq(seq), word));
            (0..100).map(Seq).filter(|seq| skips.has(*seq)).collect::<Vec<_>>()
        };
        assert_eq!(skipped(&whole, 8), [Seq(7)]);
        assert_eq!(skipped(&whole, 3), [], "the request is before what it would skip");
        assert_eq!(skipped(&whole[2..], 8), [], "no reason");
        assert_eq!(skipped(&whole[..3], 8), [], "nobody agreed");
        assert_eq!(skipped(&request_to_skip(Seq(7), 3, "alone", ada, ada), 8), [], "one person twice");
        assert_eq!(skipped(&request_to_skip(Seq(7), 3, "", ada, bob), 8), [], "a reason of no words");
        let mut other = whole.clone();
        other[3] = Operator::Confirm { request: 4, by: bob };
        assert_eq!(skipped(&other, 8), [], "agreed to something else");
    }
}
