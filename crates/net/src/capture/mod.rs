//! Capture files: UDP datagrams out of pcap and pcapng, and into pcap.
//!
//! Owns the way from a file's bytes to a datagram's payload: file format, link layer, IPv4, UDP. Never looks into
//! a payload, never reorders, never guesses: what cannot be read is a [`CaptureError`] with its offset, what is
//! no IPv4 datagram is counted in [`Skipped`].
//!
//! | read | |
//! |---|---|
//! | pcap | microseconds and nanoseconds, both byte orders |
//! | pcapng | any number of sections and interfaces, both byte orders, any time resolution |
//! | link layers | Ethernet with VLAN tags, Linux cooked (v1), raw IP |
//!
//! ```
//! use net::capture::{Capture, Endpoint, Writer};
//! use types::Nanos;
//!
//! let a = Endpoint { ip: [10, 0, 0, 1], port: 5_000 };
//! let b = Endpoint { ip: [224, 0, 31, 64], port: 14_340 };
//! let mut writer = Writer::new(Vec::new())?;
//! writer.datagram(Nanos(1_700_000_000_123_456_789), a, b, b"hello")?;
//! let file = writer.finish()?;
//!
//! let mut capture = Capture::of(&file);
//! let datagram = capture.next()?.expect("one was written");
//! assert_eq!((datagram.received_at.0, datagram.payload), (1_700_000_000_123_456_789, &b"hello"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod frame;
mod reader;
mod window;
mod writer;

pub use reader::Capture;
pub use writer::Writer;

use std::io;
use types::Nanos;

/// An IPv4 address and UDP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub ip: [u8; 4],
    /// The port.
    pub port: u16,
}

/// One UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// When it was captured. Captures of two lines are not always in order: see the file's maker.
    pub received_at: Nanos,
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// What it carries.
    pub payload: &'a [u8],
    /// Where its packet record starts, in bytes from the start of the file.
    pub offset: u64,
}

/// What a capture held besides datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Frames without IPv4: ARP, IPv6, others.
    pub not_ipv4: u64,
    /// IPv4 packets without UDP: TCP, IGMP, PIM, others.
    pub not_udp: u64,
    /// Parts of datagrams that were sent in parts.
    pub fragments: u64,
    /// Packets of link layers we do not read.
    pub other_links: u64,
    /// Packets without a time (pcapng's simple packet block).
    pub untimed: u64,
    /// Blocks of pcapng that hold no packet.
    pub blocks: u64,
}

/// Why a capture, or a part of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The reader failed. Final.
    #[error("reading the capture at byte {offset}: {source}")]
    Read {
        /// How far we were.
        offset: u64,
        /// What the reader said.
        source: io::Error,
    },
    /// The first bytes are no capture's. Final.
    #[error("neither a pcap nor a pcapng file")]
    NotACapture,
    /// The file ends within a record. Final; everything before it was given.
    #[error("at byte {offset}: the capture ends within a record, {skipped} bytes of it are there")]
    Truncated {
        /// Where the record starts.
        offset: u64,
        /// How many bytes of it there are.
        skipped: u64,
    },
    /// One record is damaged; the next can be read.
    #[error("at byte {offset}: {what} ({skipped} bytes skipped)")]
    Damaged {
        /// Where the record starts.
        offset: u64,
        /// How many bytes it takes.
        skipped: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// What comes next cannot be told. Final.
    #[error("at byte {offset}: {what}; nothing after this can be read")]
    Lost {
        /// Where it starts.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
}

impl CaptureError {
    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Read { .. } | Self::NotACapture | Self::Truncated { .. } | Self::Lost { .. } => true,
            Self::Damaged { .. } => false,
        }
    }

    /// Where in the file it is, in bytes from its start.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::NotACapture => 0,
            Self::Read { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::Damaged { offset, .. }
            | Self::Lost { offset, .. } => *offset,
        }
    }

    /// How many bytes were passed over because of it, as far as that is known.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        match self {
            Self::NotACapture | Self::Read { .. } | Self::Lost { .. } => 0,
            Self::Truncated { skipped, .. } | Self::Damaged { skipped, .. } => *skipped,
        }
    }
}
