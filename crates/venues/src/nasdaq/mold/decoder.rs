//! ITCH out of MoldUDP64 packets: sessions told apart, each put in order, each with its own day.
//!
//! Never opens a socket. A live session gives it every datagram of both lines and of the re-request server, sends
//! what [`request`](Decoder::request) answers, and calls that again at [`next_at`](Decoder::next_at).

use super::super::decoder::Decoder as Messages;
use super::receiver::{Counts, Policy, Receiver, Said};
use super::{Header, Packet, Request};
use crate::{Directory, Output};
use types::Nanos;

/// Sessions at once. A day of one feed is one session.
const SESSIONS_MAX: usize = 16;

/// One session.
#[derive(Debug)]
struct Stream {
    receiver: Receiver,
    messages: Messages,
    has_begun: bool,
}

impl Stream {
    /// What the receiver tells goes to the decoder of messages.
    fn give<'a>(
        messages: &'a mut Messages,
        now: Nanos,
        directory: &'a mut Directory,
        out: &'a mut Output,
    ) -> impl FnMut(Said<'_>) + 'a {
        move |said| match said {
            Said::Message { bytes, offset, .. } => {
                messages.message(Some(now), bytes, offset, directory, out);
            }
            Said::Missing { expected, received } => messages.lost(Some(now), expected, received, out),
        }
    }
}

/// Reads MoldUDP64 packets of ITCH messages, whichever line they came on.
///
/// An arrival's time is that of its packet, or, for a message that had to wait for another, the time at which the
/// waiting ended.
#[derive(Debug)]
pub struct Decoder {
    midnight: Nanos,
    policy: Policy,
    streams: Vec<Stream>,
    damaged: u64,
    /// Packets of sessions beyond those that are followed.
    beyond: u64,
}

impl Decoder {
    /// A decoder that has seen nothing, of a day that began at `midnight` in New York, in UTC.
    #[must_use]
    pub const fn new(midnight: Nanos, policy: Policy) -> Self {
        Self { midnight, policy, streams: Vec::new(), damaged: 0, beyond: 0 }
    }

    /// Another day: what is read from here on is counted from this midnight.
    pub fn set_midnight(&mut self, midnight: Nanos) {
        self.midnight = midnight;
        for stream in &mut self.streams {
            stream.messages.set_midnight(midnight);
        }
    }

    /// Reads one packet. `offset` is where its datagram lies in the recording, for faults.
    pub fn packet(
        &mut self,
        received_at: Nanos,
        payload: &[u8],
        offset: u64,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        if self.policy.requests.is_none() {
            self.elapse(received_at, directory, out);
        }
        let packet = match Packet::read(payload) {
            Ok(packet) => packet,
            Err(damage) => {
                self.damaged += 1;
                let skipped = (payload.len() - damage.at) as u64;
                let what =
                    format!("{}; the packet is taken for lost unless its other copy comes", damage.what);
                return out.fault(offset + damage.at as u64, skipped, what);
            }
        };
        let Some(number) = self.stream(packet.header) else {
            self.beyond += 1;
            if self.beyond == 1 {
                out.fault(offset, payload.len() as u64, "more sessions at once than are followed");
            }
            return;
        };
        let Stream { receiver, messages, has_begun } = &mut self.streams[number];
        if !*has_begun {
            *has_begun = true;
            if packet.header.sequence == 1 || self.policy.from_start {
                messages.starts_whole();
            }
        }
        receiver.packet(
            received_at,
            &packet,
            offset,
            &mut Stream::give(messages, received_at, directory, out),
        );
    }

    fn stream(&mut self, header: Header) -> Option<usize> {
        let known = self.streams.iter().position(|stream| stream.receiver.session() == header.session);
        if known.is_some() || self.streams.len() >= SESSIONS_MAX {
            return known;
        }
        self.streams.push(Stream {
            receiver: Receiver::new(header.session, self.policy),
            messages: Messages::new(self.midnight),
            has_begun: false,
        });
        Some(self.streams.len() - 1)
    }

    /// Time has passed: gives up what has been waited for long enough, when there is nobody to ask.
    fn elapse(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) {
        for Stream { receiver, messages, .. } in &mut self.streams {
            if receiver.next_at().is_some_and(|at| at <= now) {
                let asked = receiver.poll(now, &mut Stream::give(messages, now, directory, out));
                debug_assert!(asked.is_none(), "there is nobody to ask");
            }
        }
    }

    /// The request that is to be sent to the re-request server now, if any; gives up what was asked for often
    /// enough. To be called until it answers `None`.
    pub fn request(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) -> Option<Request> {
        self.streams.iter_mut().find_map(|Stream { receiver, messages, .. }| {
            receiver.poll(now, &mut Stream::give(messages, now, directory, out))
        })
    }

    /// When [`request`](Self::request) will have something to do, if nothing comes before.
    #[must_use]
    pub fn next_at(&self) -> Option<Nanos> {
        self.streams.iter().filter_map(|stream| stream.receiver.next_at()).min()
    }

    /// The recording ended at `now`: what is missing will not come, and what waited is read.
    pub fn finish(&mut self, now: Nanos, directory: &mut Directory, out: &mut Output) {
        for Stream { receiver, messages, .. } in &mut self.streams {
            receiver.finish(&mut Stream::give(messages, now, directory, out));
        }
    }

    /// What went by, in the protocols' own terms, sorted by name; of all sessions together.
    #[must_use]
    pub fn counts(&self) -> Vec<(String, u64)> {
        let mut sums = std::collections::BTreeMap::new();
        for stream in &self.streams {
            for (name, count) in stream.messages.counts_with(&named(stream.receiver.counts())) {
                *sums.entry(name).or_default() += count;
            }
        }
        let own = [("packets damaged", self.damaged), ("packets of sessions not followed", self.beyond)];
        for (name, count) in own.into_iter().filter(|(_, count)| *count > 0) {
            sums.insert(name.to_string(), count);
        }
        sums.insert("sessions".to_string(), self.streams.len() as u64);
        sums.into_iter().collect()
    }
}

fn named(counts: Counts) -> [(&'static str, u64); 8] {
    [
        ("packets", counts.packets),
        ("packets duplicate", counts.duplicates),
        ("packets without messages", counts.heartbeats),
        ("packets held", counts.held),
        ("packets dropped", counts.dropped),
        ("requests for messages", counts.requests),
        ("messages given up", counts.missing),
        ("packets without a number", counts.unnumbered),
    ]
}
