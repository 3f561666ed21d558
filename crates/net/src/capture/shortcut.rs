//! The usual record of the usual datagram, from the file's bytes to the payload in one pass: little endian, Ethernet,
//! a packet block without options. Whatever differs is left where it is, for the general path to read.
//!
//! Sketch: one bound check for the record's head, one for its frame; 7 loads of the head, 10 of the frame's headers,
//! one of the block's second length: two or three cache lines of a packet's five, and nothing written but the result.

use super::Endpoint;
use super::frame::{self, Usual, link};
use super::pcapng::{ENHANCED_PACKET, Interface};
use super::record::{Format, word};
use types::Nanos;

/// A datagram by its place in the bytes at hand.
pub(super) struct Shortcut {
    pub(super) received_at: Nanos,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Bytes of the record.
    pub(super) size: usize,
}

/// The datagram of the record that `bytes` starts with, if all of it is there and usual.
#[inline]
pub(super) fn datagram(format: Format, interfaces: &[Interface], bytes: &[u8]) -> Option<Shortcut> {
    match format {
        Format::Pcap { big_endian: false, nanos_per_unit, link: link::ETHERNET } => {
            let head: &[u8; 16] = bytes.first_chunk()?;
            let [seconds, units, captured] = [0, 4, 8].map(|at| word(head, at, false));
            let size = 16 + captured as usize;
            let found = frame::usual(bytes.get(16..size)?)?;
            let at = i64::from(seconds) * 1_000_000_000 + i64::from(units) * nanos_per_unit;
            Some(of(found, Nanos(at), 16, size))
        }
        Format::Pcapng { big_endian: false } => {
            let head: &[u8; 28] = bytes.first_chunk()?;
            let [kind, size, interface, high, low, captured] =
                [0, 4, 8, 12, 16, 20].map(|at| word(head, at, false));
            let (size, captured) = (size as usize, captured as usize);
            if kind != ENHANCED_PACKET || size != 32 + captured.next_multiple_of(4) {
                return None;
            }
            let block = bytes.get(..size)?;
            let interface = interfaces.get(interface as usize)?;
            if word(block, size - 4, false) as usize != size || interface.link() != link::ETHERNET {
                return None;
            }
            let at = interface.simple_moment(u64::from(high) << 32 | u64::from(low))?;
            let found = frame::usual(&block[28..28 + captured])?;
            Some(of(found, at, 28, size))
        }
        Format::Pcap { .. } | Format::Pcapng { .. } | Format::New | Format::Ended => None,
    }
}

#[inline]
const fn of(found: Usual, received_at: Nanos, head: usize, size: usize) -> Shortcut {
    let Usual { source, destination, start, end } = found;
    Shortcut { received_at, source, destination, start: head + start, end: head + end, size }
}
