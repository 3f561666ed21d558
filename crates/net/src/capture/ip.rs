//! The general path through IPv4, IPv6, UDP and TCP headers.
//!
//! Bytes in, places out. A packet whose lengths contradict each other, or the bytes there are, is `None`: never a
//! part of it. Checksums are not looked at: senders that leave them to the network card are captured before it.

use super::frame::half;
use std::net::IpAddr;

/// Hop-by-hop options, routing, destination options: headers that name the next one and their own length.
const SKIPPED_V6: [u8; 3] = [0, 43, 60];
const FRAGMENT_V6: u8 = 44;
pub(crate) const TCP: u8 = 6;

/// Which part of a packet this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// `Identification`.
    pub(crate) id: u32,
    /// Where it goes, in bytes.
    pub(crate) offset: usize,
    /// Whether others follow.
    pub(crate) more: bool,
}

/// An IP packet; `start..end` is its payload in the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ip {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// Of the payload; of a part, what the packet's payload will be.
    pub(crate) protocol: u8,
    pub(crate) part: Option<Part>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Reads an IPv4 header (RFC 791, 3.1) at `at`.
pub(crate) fn v4(frame: &[u8], at: usize) -> Option<Ip> {
    let head: &[u8; 20] = frame.get(at..)?.first_chunk()?;
    let header = usize::from(head[0] & 0xf) * 4;
    let total = usize::from(half(head, 2));
    if head[0] >> 4 != 4 || header < 20 || total < header || at + total > frame.len() {
        return None;
    }
    let (flags, id) = (half(head, 6), u32::from(half(head, 4)));
    let (more, offset) = (flags & 0x2000 != 0, usize::from(flags & 0x1fff) * 8);
    let address = |from: usize| IpAddr::from([head[from], head[from + 1], head[from + 2], head[from + 3]]);
    Some(Ip {
        source: address(12),
        destination: address(16),
        protocol: head[9],
        part: (more || offset > 0).then_some(Part { id, offset, more }),
        start: at + header,
        end: at + total,
    })
}

/// Reads an IPv6 header (RFC 8200, 3 and 4) at `at`, and the extension headers in front of the payload.
pub(crate) fn v6(frame: &[u8], at: usize) -> Option<Ip> {
    let head: &[u8; 40] = frame.get(at..)?.first_chunk()?;
    let end = at + 40 + usize::from(half(head, 4));
    if head[0] >> 4 != 6 || end > frame.len() {
        return None;
    }
    let address =
        |from: usize| IpAddr::from(*head[from..].first_chunk::<16>().expect("two addresses end the header"));
    let (protocol, start) = past_extensions(head[6], frame, at + 40, end)?;
    let mut ip = Ip { source: address(8), destination: address(24), protocol, part: None, start, end };
    if protocol == FRAGMENT_V6 {
        let head: &[u8; 8] = frame[start..end].first_chunk()?;
        let id = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let (offset, more) = (usize::from(half(head, 2) & 0xfff8), head[3] & 1 != 0);
        (ip.protocol, ip.start) = (head[0], start + 8);
        if more || offset > 0 {
            ip.part = Some(Part { id, offset, more });
        } else {
            // A whole packet that only says it could have been parted (RFC 6946).
            (ip.protocol, ip.start) = past_extensions(head[0], frame, start + 8, end)?;
        }
    }
    Some(ip)
}

/// Passes extension headers, of which there can be as many as fit; answers what comes behind them, and where.
pub(crate) fn past_extensions(
    mut protocol: u8,
    bytes: &[u8],
    mut at: usize,
    end: usize,
) -> Option<(u8, usize)> {
    while SKIPPED_V6.contains(&protocol) {
        let head: &[u8; 2] = bytes.get(at..end)?.first_chunk()?;
        protocol = head[0];
        // Eight bytes more than this many times eight.
        at += 8 + usize::from(head[1]) * 8;
    }
    (at <= end).then_some((protocol, at))
}

/// A UDP header (RFC 768): ports, and where in `bytes` the datagram's payload ends.
pub(crate) fn udp(bytes: &[u8]) -> Option<([u16; 2], usize)> {
    let head: &[u8; 8] = bytes.first_chunk()?;
    let length = usize::from(half(head, 4));
    (length >= 8 && length <= bytes.len()).then(|| ([half(head, 0), half(head, 2)], length))
}

/// What a TCP header (RFC 9293, 3.1) says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tcp {
    pub(crate) ports: [u16; 2],
    pub(crate) sequence: u32,
    pub(crate) flags: u8,
    /// Bytes of the header: the payload is the rest.
    pub(crate) header: usize,
}

pub(crate) fn tcp(bytes: &[u8]) -> Option<Tcp> {
    let head: &[u8; 20] = bytes.first_chunk()?;
    let header = usize::from(head[12] >> 4) * 4;
    (header >= 20 && header <= bytes.len()).then(|| Tcp {
        ports: [half(head, 0), half(head, 2)],
        sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        flags: head[13],
        header,
    })
}
