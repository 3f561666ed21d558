//! A file of ITCH messages: a day as NASDAQ publishes it, or a part of one.
//!
//! Owns the framing and what becomes of damage: a step that fails is a fault, every book is stale from there, and
//! reading goes on where three messages in a row lie. Without lengths there is no such place, and it ends there.
//!
//! A file's packets are its messages: each that changes a book is complete in itself. Its receive times are the
//! venue's, for it has no other.

use super::decoder::Decoder as Messages;
use super::framing::{Framing, Step};
use crate::{Decode, Directory, Output};
use types::Nanos;

/// Reads a file of messages.
#[derive(Debug)]
pub struct Decoder {
    messages: Messages,
    framing: Option<Framing>,
    /// Whether the day is known, and whether it was said that it is not.
    has_day: bool,
    said: bool,
    /// Bytes taken so far.
    offset: u64,
    /// Where damage began that is being searched through.
    lost_from: Option<u64>,
    /// Nothing more can be read.
    ended: bool,
    zero_lengths: u64,
    ends: u64,
}

impl Decoder {
    /// A decoder of a file whose day began at `midnight` in New York, in UTC. Without, times are counted from
    /// 1970-01-01, and a fault says so.
    #[must_use]
    pub fn new(midnight: Option<Nanos>) -> Self {
        Self {
            messages: Messages::new(midnight.unwrap_or_default()),
            framing: None,
            has_day: midnight.is_some(),
            said: false,
            offset: 0,
            lost_from: None,
            ended: false,
            zero_lengths: 0,
            ends: 0,
        }
    }

    /// What reads the messages.
    #[must_use]
    pub const fn messages(&self) -> &Messages {
        &self.messages
    }

    fn read(&mut self, bytes: &[u8], whole: bool, directory: &mut Directory, out: &mut Output) -> usize {
        if !self.has_day && !self.said && !bytes.is_empty() {
            self.said = true;
            let what = "neither the file's name nor the caller says which day it is of; its times are counted from \
                        1970-01-01 00:00 UTC";
            out.fault(0, 0, what);
        }
        if self.ended {
            return bytes.len();
        }
        let Some(framing) = self.framing(bytes, whole) else { return 0 };
        let mut at = 0;
        loop {
            if self.lost_from.is_some() {
                let (searched, is_found) = self.search(framing, &bytes[at..], whole, out);
                at += searched;
                if !is_found {
                    return at;
                }
            }
            match framing.step(&bytes[at..], whole) {
                Step::Message { start, end } => {
                    self.zero_lengths += u64::from(start == 2 && bytes[at..].starts_with(&[0, 0]));
                    let message = &bytes[at + start..at + end];
                    let offset = self.offset + start as u64;
                    self.messages.message(None, message, offset, directory, out);
                    at += end;
                    self.offset += end as u64;
                }
                Step::More => return at,
                Step::End => {
                    self.ends += 1;
                    self.offset += 2;
                    return at + 2;
                }
                Step::Damage => {
                    self.damaged(out);
                    if framing == Framing::Bare {
                        return self.give_up(bytes.len(), at, out);
                    }
                }
            }
        }
    }

    /// The framing, told by the first bytes: all of them when there are few.
    fn framing(&mut self, bytes: &[u8], whole: bool) -> Option<Framing> {
        if self.framing.is_none() && (whole || bytes.len() >= super::framing::WINDOW) {
            // What cannot be told is taken for the usual; what it is not, will show.
            // Of the first bytes only, so that it is the same however many there are.
            let start = &bytes[..bytes.len().min(super::framing::WINDOW)];
            self.framing = Some(Framing::detect(start).unwrap_or(Framing::Prefixed));
        }
        self.framing
    }

    #[cold]
    fn damaged(&mut self, out: &mut Output) {
        self.lost_from = Some(self.offset);
        let number = self.messages.messages();
        self.messages.lost(None, number + 1, number + 2, out);
    }

    /// Looks for a place to go on from; answers how many bytes it took and whether there is one.
    #[cold]
    fn search(&mut self, framing: Framing, bytes: &[u8], whole: bool, out: &mut Output) -> (usize, bool) {
        let Some(from) = self.lost_from else { return (0, true) };
        let (taken, is_found) = match framing.resume(bytes, whole) {
            Ok(at) => (at, true),
            // The byte before the first that is in doubt stays: a run never begins at the start of a search.
            Err(at) if !whole => (at.saturating_sub(1), false),
            Err(_) => (bytes.len(), false),
        };
        self.offset += taken as u64;
        if is_found || whole {
            self.lost_from = None;
            let what = "no length and type that belong together; every book is stale from here";
            out.fault(from, self.offset - from, what);
        }
        (taken, is_found)
    }

    #[cold]
    fn give_up(&mut self, length: usize, at: usize, out: &mut Output) -> usize {
        self.ended = true;
        self.lost_from = None;
        let what =
            "a message type that is none we know, and no lengths to go on by; nothing after this can be read";
        out.fault(self.offset, (length - at) as u64, what);
        length
    }
}

impl Decode for Decoder {
    fn decode(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
        self.read(bytes, false, directory, out)
    }

    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output) {
        let taken = self.read(rest, true, directory, out);
        let left = &rest[taken..];
        if !left.is_empty() {
            out.fault(self.offset, left.len() as u64, "the file ends within a message");
            let number = self.messages.messages();
            self.messages.lost(None, number + 1, number + 2, out);
        }
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.messages.counts_with(&[
            ("lengths of zero before a message", self.zero_lengths),
            ("ends of session", self.ends),
        ])
    }
}
