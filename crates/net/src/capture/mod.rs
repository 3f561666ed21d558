//! Capture files: packets out of pcap and pcapng, and into both.
//!
//! Owns the way from a file's bytes to a packet's payload: file format, link layer, IP with its fragments, UDP and
//! TCP headers. Never looks into a payload, never reorders, never guesses: what cannot be read is a
//! [`CaptureError`] with its offset, what is passed over is counted in [`Skipped`], and a packet that was cut when
//! it was captured is never given as a whole one.
//!
//! | read | |
//! |---|---|
//! | pcap | microseconds and nanoseconds, both byte orders |
//! | pcapng | any number of sections and interfaces, both byte orders, any time resolution and offset; enhanced, simple and old packet blocks; interface statistics |
//! | link layers | Ethernet with VLAN tags (802.1Q, QinQ), Linux cooked v1 and v2, raw IP, null and loop |
//! | network | IPv4 with options, IPv6 with extension headers; fragments of both are put together, within bounds |
//! | transport | UDP; TCP segment by segment, and in order through [`Streams`] |
//!
//! [`Capture::next`] gives IPv4 datagrams, which is what market data comes in; [`Capture::next_packet`] gives
//! everything.
//!
//! Cost of a usual datagram, in memory: a record header of 16 or 28 bytes and 42 bytes of headers are read in place,
//! nothing is copied; see `benches/capture.rs`.
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

mod fragments;
mod frame;
mod ip;
mod pcapng;
mod reader;
mod record;
mod shortcut;
mod streams;
mod window;
mod writer;
mod writer_ng;

pub use reader::Capture;
pub use streams::{Flow, Piece, Streams};
pub use writer::Writer;
pub use writer_ng::{NgWriter, Received};

use std::io;
use std::net::SocketAddr;
use types::Nanos;

/// An IPv4 address and UDP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub ip: [u8; 4],
    /// The port.
    pub port: u16,
}

impl From<Endpoint> for SocketAddr {
    fn from(endpoint: Endpoint) -> Self {
        Self::from((endpoint.ip, endpoint.port))
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d] = self.ip;
        write!(f, "{a}.{b}.{c}.{d}:{}", self.port)
    }
}

impl std::str::FromStr for Endpoint {
    type Err = std::net::AddrParseError;

    /// `224.0.31.1:14310`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address: std::net::SocketAddrV4 = text.parse()?;
        Ok(Self { ip: address.ip().octets(), port: address.port() })
    }
}

/// One IPv4 UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// When it was captured; of one that came in parts, the part that completed it. Captures of two lines are not
    /// always in order: see the file's maker.
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

/// One packet, of IPv4 or IPv6, UDP or TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it was captured; `None` in pcapng's simple packet block, which does not say.
    pub received_at: Option<Nanos>,
    /// Who sent it.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
    /// What it carries.
    pub content: Content<'a>,
    /// The interface's number in its section; 0 in pcap.
    pub interface: u32,
    /// Where its packet record starts, in bytes from the start of the file.
    pub offset: u64,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// UDP.
    Datagram(&'a [u8]),
    /// TCP.
    Segment(Segment<'a>),
}

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The number of its first byte, or of its SYN.
    pub sequence: u32,
    /// Whether it opens the connection.
    pub syn: bool,
    /// Whether its sender has no more to say.
    pub fin: bool,
    /// Whether the connection is torn down.
    pub rst: bool,
    /// What it carries.
    pub payload: &'a [u8],
}

/// What a capture held besides what was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Frames without IPv4: ARP, IPv6 where datagrams are asked for, others.
    pub not_ipv4: u64,
    /// Packets without UDP: TCP where datagrams are asked for, IGMP, PIM, others.
    pub not_udp: u64,
    /// Parts of packets that were never whole: the rest was missing, or contradicted them.
    pub fragments: u64,
    /// Parts that came twice.
    pub fragments_again: u64,
    /// Packets of which parts were missing when they grew too old, too many, or the capture ended.
    pub incomplete: u64,
    /// Packets whose parts contradicted each other.
    pub contradicted: u64,
    /// Packets of link layers we do not read.
    pub other_links: u64,
    /// Packets without a time (pcapng's simple packet block), where datagrams are asked for.
    pub untimed: u64,
    /// Blocks of pcapng that hold no packet.
    pub blocks: u64,
}

impl Skipped {
    /// What there was of packets and parts of them, with names for people; blocks are not among them.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("frame without IPv4", self.not_ipv4),
            ("packet without UDP", self.not_udp),
            ("fragment of a packet that was never whole", self.fragments),
            ("fragment seen twice", self.fragments_again),
            ("packet with fragments missing", self.incomplete),
            ("packet with fragments that contradict", self.contradicted),
            ("packet of another link layer", self.other_links),
            ("packet without a time", self.untimed),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
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
