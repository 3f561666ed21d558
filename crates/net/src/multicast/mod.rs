//! UDP multicast: the lines on which venues send their market data, received in batches.
//!
//! Owns sockets, memberships, receive times and the count of what the kernel lost. Never looks into a payload and
//! never decides which of two copies counts: that is the decoder's.
//!
//! | choice | what it costs or brings, on a machine with cores to spare |
//! |---|---|
//! | [`Wait::Sleep`] | a wake-up costs some 18-23 µs; the core is free in between |
//! | [`Wait::Spin`] | a packet is seen after some 3 µs; the core is never free |
//! | [`Config::batched`] | `recvmmsg`: one system call for up to 64 packets |
//! | [`Config::busy_poll_us`] | `SO_BUSY_POLL`: a sleeping read first polls the network card, where its driver can |
//!
//! One socket serves the lines of one port: which line a packet came on is told by the address it was sent to
//! (`IP_PKTINFO`). Each packet says whose clock its time is: the network card's, the kernel's, or ours on return.
//! What the kernel drops because a socket's buffer is full is told at the next packet of that socket (`SO_RXQ_OVFL`).
//!
//! Cost: a system call (some 130 ns when there is nothing, 1 µs with a packet) for each socket and poll. Packets are
//! received where they stay. Nothing is allocated for a packet; `recvmmsg` takes fresh headers for each batch that held
//! something, because the kernel shrinks used ones and a drop count would then no longer fit
//! (see `receiver::Headers`).
//!
//! ```no_run
//! use net::multicast::{Batch, Config, Join, Receiver, Wait};
//!
//! let mut config = Config::new(vec![Join::any_source("224.0.31.1:14310".parse()?)]);
//! config.interface = Some("eth1".into());
//! config.wait = Wait::Spin(std::time::Duration::from_millis(1));
//! let mut receiver = Receiver::new(&config)?;
//! let mut batch = Batch::new(&config);
//! loop {
//!     receiver.poll(&mut batch)?;
//!     for packet in batch.packets() {
//!         println!("{:?} {} bytes", packet.received_at, packet.payload.len());
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod drops;
mod receiver;
mod socket;

pub use batch::{Batch, Packet, Stamp};
pub use receiver::{Counts, Receiver};

use crate::capture::Endpoint;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Packets to a batch.
pub const BATCH_PACKETS: usize = 64;

/// A line to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    /// Group and port.
    pub group: Endpoint,
    /// The only sender that is heard, if any (RFC 4607).
    pub source: Option<Ipv4Addr>,
}

impl Join {
    /// Whoever sends.
    #[must_use]
    pub const fn any_source(group: Endpoint) -> Self {
        Self { group, source: None }
    }
}

/// How to wait when there is nothing; both come back empty after the time given, and sleep comes back at a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Ask once.
    Never,
    /// Ask again and again.
    Spin(Duration),
    /// Let the kernel wake us.
    Sleep(Duration),
}

/// Whose clock is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The network card's, where it was told to stamp packets (`hwstamp_ctl -r 1`); else the kernel's.
    Hardware,
    /// The kernel's, when the packet left the driver.
    Kernel,
    /// Ours, when the system call came back.
    Return,
}

/// What to receive, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The lines; a packet names its line by its place here.
    pub lines: Vec<Join>,
    /// The interface's name or address; else the one the routing table says.
    pub interface: Option<String>,
    /// Bytes that may wait in each socket. The kernel allows `net.core.rmem_max` to all, more to `CAP_NET_ADMIN`.
    pub buffer_bytes: usize,
    /// The longest payload; a longer one is counted and not given.
    pub payload_max: usize,
    /// How to wait.
    pub wait: Wait,
    /// Whether to read with `recvmmsg`.
    pub batched: bool,
    /// Microseconds for which a read polls the network card itself.
    pub busy_poll_us: Option<u32>,
    /// Whose clock is asked for.
    pub clock: Clock,
}

impl Config {
    /// The usual choices: what fits an Ethernet frame, the kernel's clock, 4 MiB to wait in, sleep for 100 ms.
    #[must_use]
    pub const fn new(lines: Vec<Join>) -> Self {
        Self {
            lines,
            interface: None,
            buffer_bytes: 4 << 20,
            payload_max: 2_048,
            wait: Wait::Sleep(Duration::from_millis(100)),
            batched: false,
            busy_poll_us: None,
            clock: Clock::Kernel,
        }
    }
}

/// Why lines cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum MulticastError {
    /// There is no such interface.
    #[error("no interface `{wanted}` with an IPv4 address; there are: {known}")]
    Interface {
        /// What was asked for.
        wanted: String,
        /// The names and addresses there are.
        known: String,
    },
    /// An address that is no group's.
    #[error("{group} is no multicast group: those are 224.0.0.0 to 239.255.255.255")]
    NotAGroup {
        /// The address.
        group: Endpoint,
    },
    /// The kernel did not let us join.
    #[error("joining {group}: {source}{}", join_advice(source))]
    Join {
        /// The line.
        group: Endpoint,
        /// What it said.
        source: io::Error,
    },
    /// The kernel refused something else.
    #[error("{doing}: {source}")]
    Socket {
        /// What we were doing.
        doing: String,
        /// What it said.
        source: io::Error,
    },
}

fn join_advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(code) if code == nix::libc::ENODEV => " (no route to it: name an interface)",
        Some(code) if code == nix::libc::ENOBUFS => " (see sysctl net.ipv4.igmp_max_memberships)",
        _ => "",
    }
}
