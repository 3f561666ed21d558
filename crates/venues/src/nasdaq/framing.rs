//! How messages lie one after another in a file.
//!
//! | framing | each message |
//! |---|---|
//! | prefixed | two bytes of length, then the message (NASDAQ BinaryFILE 1.00); some writers leave the length zero |
//! | bare | the message alone: its type tells its length |
//!
//! Owns the step from one message to the next, and the search for a place to go on from when a step fails. Never
//! looks at what a message says beyond its type and its time.

use super::itch::{self, BYTES_MAX, BYTES_MIN, DAY_NANOS};

/// A way to lay messages in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each behind its length, or behind a length of zero.
    Prefixed,
    /// Each behind the one before.
    Bare,
}

/// The longest message of a type we do not know that is passed over as one: anything longer is taken for damage.
const UNKNOWN_BYTES_MAX: usize = 255;
/// So many messages in a row make a place to go on from.
const RUN: usize = 3;
/// Messages looked at, at most, to tell a framing.
const TOLD_BY: usize = 16;

/// What lies at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A message, from `start` to `end`.
    Message { start: usize, end: usize },
    /// More bytes are needed to tell.
    More,
    /// A length of zero behind which no message lies: the end of a session.
    End,
    /// Nothing of this framing.
    Damage,
}

impl Framing {
    /// The step at the start of `bytes`. With `whole`, nothing comes behind them.
    #[inline]
    pub(super) fn step(self, bytes: &[u8], whole: bool) -> Step {
        match self {
            Self::Prefixed => prefixed(bytes, whole),
            Self::Bare => match bytes.first() {
                None => Step::More,
                Some(&tag) => match itch::length(tag) {
                    None => Step::Damage,
                    Some(length) if length > bytes.len() => Step::More,
                    Some(length) => Step::Message { start: 0, end: length },
                },
            },
        }
    }

    /// The messages at the start of `bytes`, up to the first that is cut or no message.
    #[must_use]
    pub const fn messages(self, bytes: &[u8]) -> Messages<'_> {
        Messages { framing: self, rest: bytes }
    }

    /// The framing of a file that starts with these bytes, if it is one of ITCH messages: every whole message among
    /// the first few has a type we know, its length, and a time of day.
    #[must_use]
    pub fn detect(start: &[u8]) -> Option<Self> {
        [Self::Prefixed, Self::Bare].into_iter().find(|framing| framing.fits(start))
    }

    fn fits(self, bytes: &[u8]) -> bool {
        let (mut at, mut before, mut count) = (0, 0, 0);
        while count < TOLD_BY {
            let Step::Message { start, end } = self.step(&bytes[at..], false) else {
                // Cut within a message is what the start of a file always is.
                let cut = self.step(&bytes[at..], false) == Step::More && !bytes[at..].is_empty();
                let ended = bytes[at..].is_empty() || bytes[at..] == [0, 0];
                return match self {
                    Self::Prefixed => count >= 1 && (cut || ended),
                    Self::Bare => count >= RUN && (cut || ended) || count >= 1 && ended,
                };
            };
            let message = &bytes[at + start..at + end];
            let Some(time) = readable(message) else { return false };
            // Without lengths there is less to tell by.
            if time < before && self == Self::Bare {
                return false;
            }
            (at, before, count) = (at + end, time, count + 1);
        }
        true
    }

    /// How far from the start of `bytes` a run of messages begins, not at the start itself: `Ok` when one was found,
    /// else how many bytes hold none for certain. With `whole`, a run may be ended by the end.
    pub(super) fn resume(self, bytes: &[u8], whole: bool) -> Result<usize, usize> {
        for at in 1..bytes.len() {
            match self.runs(&bytes[at..], whole) {
                Some(true) => return Ok(at),
                Some(false) => {}
                None => return Err(at),
            }
        }
        Err(bytes.len())
    }

    /// Whether a run of messages lies at the start; `None` when more bytes are needed.
    fn runs(self, bytes: &[u8], whole: bool) -> Option<bool> {
        let mut at = 0;
        for count in 0..RUN {
            match self.step(&bytes[at..], whole) {
                Step::Message { start, end } if readable(&bytes[at + start..at + end]).is_some() => at += end,
                Step::More if !whole => return None,
                Step::End => return Some(count > 0),
                Step::More => return Some(count > 0 && at == bytes.len()),
                Step::Message { .. } | Step::Damage => return Some(false),
            }
        }
        Some(true)
    }
}

/// Messages one after another.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    framing: Framing,
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// What was not taken yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let Step::Message { start, end } = self.framing.step(self.rest, false) else { return None };
        let (message, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(&message[start..])
    }
}

/// Two bytes of length, or two zeros and a type that tells it.
#[inline]
fn prefixed(bytes: &[u8], whole: bool) -> Step {
    let [high, low, rest @ ..] = bytes else { return Step::More };
    let said = usize::from(u16::from_be_bytes([*high, *low]));
    let Some(&tag) = rest.first() else {
        return if said == 0 && whole { Step::End } else { Step::More };
    };
    let length = match (itch::length(tag), said) {
        (Some(length), 0) => length,
        (Some(length), said) if length == said => length,
        (Some(_), _) => return Step::Damage,
        (None, BYTES_MIN..=UNKNOWN_BYTES_MAX) => return unknown(rest, said, whole),
        (None, _) => return Step::Damage,
    };
    if rest.len() < length { Step::More } else { Step::Message { start: 2, end: 2 + length } }
}

/// A type we do not know is one, and no damage, when a message we do know follows.
#[cold]
fn unknown(rest: &[u8], said: usize, whole: bool) -> Step {
    let step = Step::Message { start: 2, end: 2 + said };
    match rest.get(said..) {
        None => Step::More,
        Some([]) if whole => step,
        Some([high, low, tag, ..]) => {
            let next = usize::from(u16::from_be_bytes([*high, *low]));
            match itch::length(*tag) {
                Some(length) if next == 0 || next == length => step,
                Some(_) | None => Step::Damage,
            }
        }
        Some(_) if whole => Step::Damage,
        Some(_) => Step::More,
    }
}

/// The time of a message, if it is of a known type and its time is one.
fn readable(message: &[u8]) -> Option<u64> {
    let time = itch::timestamp(message)?.0;
    (itch::length(*message.first()?) == Some(message.len()) && time < DAY_NANOS).then_some(time)
}

/// Bytes that surely hold a whole run of messages, framing included.
pub(super) const WINDOW: usize = RUN * (2 + BYTES_MAX) + 2 + UNKNOWN_BYTES_MAX + 3;
