//! What one poll brought: packets in a buffer that is made once.

use super::{BATCH_PACKETS, Config};
use crate::capture::Endpoint;
use types::Nanos;

/// Whose clock a time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The network card's: it may run on a time scale of its own.
    Hardware,
    /// The kernel's.
    Kernel,
    /// Ours, when the system call came back.
    Return,
}

/// One received datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it came.
    pub received_at: Nanos,
    /// By whose clock.
    pub stamp: Stamp,
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// Its line's place in the configuration.
    pub line: usize,
    /// Datagrams that the kernel dropped from this packet's socket since the packet before.
    pub lost_before: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

/// A packet without its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) slot: usize,
    pub(super) length: usize,
    pub(super) received_at: Nanos,
    pub(super) stamp: Stamp,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    pub(super) line: usize,
    pub(super) lost_before: u32,
}

/// The packets of one poll.
#[derive(Debug)]
pub struct Batch {
    pub(super) bytes: Vec<u8>,
    /// Bytes to a slot.
    pub(super) stride: usize,
    /// Slots that were read into.
    pub(super) used: usize,
    pub(super) heads: Vec<Head>,
}

impl Batch {
    /// Room for 64 packets of the configured length.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let stride = config.payload_max.max(1);
        Self {
            bytes: vec![0; stride * BATCH_PACKETS],
            stride,
            used: 0,
            heads: Vec::with_capacity(BATCH_PACKETS),
        }
    }

    /// The packets, in the order of their times; those of one socket in the order it gave them.
    pub fn packets(&self) -> impl ExactSizeIterator<Item = Packet<'_>> {
        self.heads.iter().map(|head| Packet {
            received_at: head.received_at,
            stamp: head.stamp,
            source: head.source,
            destination: head.destination,
            line: head.line,
            lost_before: head.lost_before,
            payload: &self.bytes[head.slot * self.stride..][..head.length],
        })
    }

    /// Gives each packet another time, by whose clock it was and what that said.
    pub fn restamp(&mut self, at: impl Fn(Stamp, Nanos) -> Nanos) {
        for head in &mut self.heads {
            head.received_at = at(head.stamp, head.received_at);
        }
    }

    /// How many packets there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether nothing came.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Puts what several sockets gave into one order. In place: it allocates nothing.
    pub(super) fn sort(&mut self) {
        self.heads.sort_unstable_by_key(|head| (head.received_at, head.slot));
    }

    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.heads.clear();
    }
}
