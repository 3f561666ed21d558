//! TCP segments put in order, for the venues that speak over streams (SoupBinTCP, iLink, FIX).
//!
//! Owns, for each direction of each connection, which byte is due next and the segments that came before their turn,
//! within bounds. What the capture missed is said as [`Piece::Missing`] with its length, so that a decoder knows where
//! it stands; bytes are never given twice and never made up. Of two segments with the same bytes the first counts.

use super::Segment;
use std::net::SocketAddr;

/// Directions of connections that are remembered; beyond it the one that was silent longest is given up.
const FLOWS_MAX: usize = 1_024;
/// Segments that may wait for a missing one, and their bytes, in one direction.
const HELD_MAX: usize = 256;
const HELD_BYTES_MAX: usize = 1 << 20;
/// A SYN this many bytes behind is no longer the first one sent again.
const SYN_BEHIND_MAX: i32 = 1 << 20;

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Who speaks.
    pub source: SocketAddr,
    /// Who is spoken to.
    pub destination: SocketAddr,
}

/// What a flow says next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The connection was opened: whatever was said before belongs to another one.
    Opened,
    /// The next bytes.
    Bytes(&'a [u8]),
    /// This many bytes are not in the capture; what follows comes behind them.
    Missing(u32),
    /// Nothing more will be said.
    Closed,
}

#[derive(Debug)]
struct State {
    flow: Flow,
    /// The number of the next byte.
    due: u32,
    /// Segments ahead of it, nearest first; none starts where another does.
    held: Vec<(u32, Vec<u8>)>,
    held_bytes: usize,
    /// The number behind the last byte, once the sender said so.
    ends_at: Option<u32>,
    /// When it last spoke, in calls.
    spoke: u64,
}

/// The flows of a capture.
#[derive(Debug, Default)]
pub struct Streams {
    states: Vec<State>,
    calls: u64,
}

impl Streams {
    /// No flows yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a segment in the order of the capture; `each` hears what can be said now.
    pub fn segment(&mut self, flow: Flow, segment: &Segment<'_>, each: &mut dyn FnMut(Flow, Piece<'_>)) {
        self.calls += 1;
        let row = self.row(flow, segment, each);
        let state = &mut self.states[row];
        state.spoke = self.calls;
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.fin {
            let length = u32::try_from(segment.payload.len()).expect("a packet is shorter than 2³² bytes");
            state.ends_at = Some(first.wrapping_add(length));
        }
        state.take(first, segment.payload, each);
        while state.held.len() > HELD_MAX || state.held_bytes > HELD_BYTES_MAX {
            state.give_up(each);
        }
        if segment.rst || state.ends_at == Some(state.due) {
            let mut state = self.states.remove(row);
            state.close(each);
        }
    }

    /// The capture is over: what was held is given, with what is missing before it.
    pub fn finish(&mut self, each: &mut dyn FnMut(Flow, Piece<'_>)) {
        for mut state in self.states.drain(..) {
            state.flush(each);
        }
    }

    /// The flow's row; one that was not heard of starts with this segment, wherever the connection stands.
    fn row(&mut self, flow: Flow, segment: &Segment<'_>, each: &mut dyn FnMut(Flow, Piece<'_>)) -> usize {
        let due = segment.sequence.wrapping_add(u32::from(segment.syn));
        if let Some(row) = self.states.iter().position(|state| state.flow == flow) {
            let state = &mut self.states[row];
            if segment.syn && state.is_another(due) {
                state.flush(each);
                (state.due, state.ends_at) = (due, None);
                each(flow, Piece::Opened);
            }
            return row;
        }
        if self.states.len() >= FLOWS_MAX {
            let silent = (0..self.states.len()).min_by_key(|row| self.states[*row].spoke);
            self.states.remove(silent.expect("there are some")).flush(each);
        }
        if segment.syn {
            each(flow, Piece::Opened);
        }
        self.states.push(State { flow, due, held: Vec::new(), held_bytes: 0, ends_at: None, spoke: 0 });
        self.states.len() - 1
    }
}

/// How far `number` lies ahead of `due`, modulo 2³².
const fn distance(number: u32, due: u32) -> i32 {
    number.wrapping_sub(due).cast_signed()
}

impl State {
    /// Whether a SYN that leads to `due` opens another connection. One at or shortly behind the byte that is due
    /// is the first one sent again.
    fn is_another(&self, due: u32) -> bool {
        !(-SYN_BEHIND_MAX..=0).contains(&distance(due, self.due))
    }

    fn take(&mut self, first: u32, payload: &[u8], each: &mut dyn FnMut(Flow, Piece<'_>)) {
        let ahead = distance(first, self.due);
        if ahead > 0 {
            return self.hold(first, payload);
        }
        let known = ahead.unsigned_abs() as usize;
        if let Some(fresh) = payload.get(known..).filter(|fresh| !fresh.is_empty()) {
            self.give(fresh, each);
            self.catch_up(each);
        }
    }

    fn hold(&mut self, first: u32, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        let due = self.due;
        let ahead = distance(first, due);
        match self.held.binary_search_by_key(&ahead, |(number, _)| distance(*number, due)) {
            Ok(place) if self.held[place].1.len() < payload.len() => {
                // The same bytes and more.
                let known = self.held[place].1.len();
                self.held[place].1.extend_from_slice(&payload[known..]);
                self.held_bytes += payload.len() - known;
            }
            Ok(_) => {}
            Err(place) => {
                self.held.insert(place, (first, payload.to_vec()));
                self.held_bytes += payload.len();
            }
        }
    }

    fn give(&mut self, bytes: &[u8], each: &mut dyn FnMut(Flow, Piece<'_>)) {
        each(self.flow, Piece::Bytes(bytes));
        let length = u32::try_from(bytes.len()).expect("a packet is shorter than 2³² bytes");
        self.due = self.due.wrapping_add(length);
    }

    /// Gives what was held and is due now.
    fn catch_up(&mut self, each: &mut dyn FnMut(Flow, Piece<'_>)) {
        while let Some((first, _)) = self.held.first() {
            let ahead = distance(*first, self.due);
            if ahead > 0 {
                return;
            }
            let (_, bytes) = self.held.remove(0);
            self.held_bytes -= bytes.len();
            let known = ahead.unsigned_abs() as usize;
            if let Some(fresh) = bytes.get(known..).filter(|fresh| !fresh.is_empty()) {
                self.give(fresh, each);
            }
        }
    }

    /// Stops waiting for what is missing before the first that is held.
    fn give_up(&mut self, each: &mut dyn FnMut(Flow, Piece<'_>)) {
        if let Some((first, _)) = self.held.first() {
            each(self.flow, Piece::Missing(first.wrapping_sub(self.due)));
            self.due = *first;
            self.catch_up(each);
        }
    }

    fn flush(&mut self, each: &mut dyn FnMut(Flow, Piece<'_>)) {
        while !self.held.is_empty() {
            self.give_up(each);
        }
    }

    fn close(&mut self, each: &mut dyn FnMut(Flow, Piece<'_>)) {
        self.flush(each);
        each(self.flow, Piece::Closed);
    }
}
