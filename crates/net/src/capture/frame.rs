//! From a captured frame to the network packet within it, and, for the usual frame, straight to the datagram.
//!
//! The usual frame is Ethernet with or without VLAN tags, IPv4 without options or fragments, UDP: some ten loads
//! and as many well-predicted branches. Whatever differs in any way takes the general path, which alone decides
//! what is damage.

use super::Endpoint;

/// Link layers by their number in the registry (tcpdump.org/linktypes).
pub(crate) mod link {
    pub(crate) const NULL: u16 = 0;
    pub(crate) const ETHERNET: u16 = 1;
    pub(crate) const RAW: u16 = 101;
    pub(crate) const LOOP: u16 = 108;
    pub(crate) const LINUX_SLL: u16 = 113;
    pub(crate) const IPV4: u16 = 228;
    pub(crate) const IPV6: u16 = 229;
    pub(crate) const LINUX_SLL2: u16 = 276;
    /// What some systems write for `RAW`: the numbers of their own kernels.
    pub(crate) const RAW_OF_SYSTEMS: [u16; 2] = [12, 14];
}

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad, and the tag that switches used for the outer one before 802.1ad.
const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
pub(crate) const UDP: u8 = 17;

/// A datagram by its place in the frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usual {
    pub(crate) source: Endpoint,
    pub(crate) destination: Endpoint,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What lies behind the link layer's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// IPv4, from this byte of the frame on.
    Ipv4(usize),
    /// IPv6.
    Ipv6(usize),
    /// ARP, and whatever else.
    Other,
    /// A link layer that we do not read.
    UnknownLink,
    /// The frame ends within the link layer's header.
    Short,
}

#[inline]
pub(crate) const fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// The datagram of a usual Ethernet frame; `None` for any other.
#[inline]
pub(crate) fn usual(frame: &[u8]) -> Option<Usual> {
    if frame.len() < 14 + 28 {
        return None;
    }
    let mut at = 14;
    while half(frame, at - 2) != IPV4 {
        if !VLAN_TAGS.contains(&half(frame, at - 2)) || frame.len() < at + 4 + 28 {
            return None;
        }
        at += 4;
    }
    let head: &[u8; 28] = frame[at..].first_chunk()?;
    // Version 4 and five words of header; no more fragments, no fragment offset.
    if head[0] != 0x45 || head[9] != UDP || half(head, 6) & 0x3fff != 0 {
        return None;
    }
    let (total, length) = (usize::from(half(head, 2)), usize::from(half(head, 24)));
    if length < 8 || 20 + length > total || at + total > frame.len() {
        return None;
    }
    let ip = |from: usize| [head[from], head[from + 1], head[from + 2], head[from + 3]];
    Some(Usual {
        source: Endpoint { ip: ip(12), port: half(head, 20) },
        destination: Endpoint { ip: ip(16), port: half(head, 22) },
        start: at + 28,
        end: at + 20 + length,
    })
}

/// Finds the network layer of a frame.
pub(crate) fn network(link: u16, frame: &[u8]) -> Network {
    match link {
        link::ETHERNET => typed(frame, 12, 14),
        link::LINUX_SLL => typed(frame, 14, 16),
        link::LINUX_SLL2 => typed(frame, 0, 20),
        link::NULL | link::LOOP => family(frame),
        link::IPV4 => Network::Ipv4(0),
        link::IPV6 => Network::Ipv6(0),
        link::RAW => version(frame),
        other if link::RAW_OF_SYSTEMS.contains(&other) => version(frame),
        _ => Network::UnknownLink,
    }
}

/// A link layer with an EtherType at `kind_at` and a payload at `at`, perhaps behind VLAN tags.
fn typed(frame: &[u8], kind_at: usize, mut at: usize) -> Network {
    if frame.len() < at {
        return Network::Short;
    }
    let mut kind = half(frame, kind_at);
    while VLAN_TAGS.contains(&kind) {
        if frame.len() < at + 4 {
            return Network::Short;
        }
        kind = half(frame, at + 2);
        at += 4;
    }
    match kind {
        IPV4 => Network::Ipv4(at),
        IPV6 => Network::Ipv6(at),
        _ => Network::Other,
    }
}

/// BSD's null and loop: a protocol family, in the byte order of the machine that captured or of the network.
/// Families are small numbers, so that one of the two orders makes sense.
fn family(frame: &[u8]) -> Network {
    let Some(word) = frame.first_chunk::<4>() else {
        return Network::Short;
    };
    match u32::from_be_bytes(*word).min(u32::from_le_bytes(*word)) {
        2 => Network::Ipv4(4),
        // Linux, NetBSD and OpenBSD, FreeBSD, Darwin.
        10 | 24 | 28 | 30 => Network::Ipv6(4),
        _ => Network::Other,
    }
}

/// Raw IP says its version itself.
fn version(frame: &[u8]) -> Network {
    match frame.first().map(|byte| byte >> 4) {
        Some(4) => Network::Ipv4(0),
        Some(6) => Network::Ipv6(0),
        Some(_) => Network::Other,
        None => Network::Short,
    }
}
