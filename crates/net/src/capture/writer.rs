//! Writing captures: pcap with nanoseconds, little endian, Ethernet frames.

use super::Endpoint;
use std::io::{self, Write};
use types::Nanos;

const LINK_ETHERNET: u32 = 1;
const SNAP_LENGTH: u32 = 262_144;
/// What IPv4 leaves for a datagram: 65,535 less 20 and 8 bytes of headers.
pub(super) const PAYLOAD_MAX: usize = 65_507;
/// Routers between a sender and us; multicast of an exchange lives within its network.
const TIME_TO_LIVE: u8 = 16;

/// Writes datagrams as a capture would have recorded them.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    frame: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the file's header. Give it a buffered writer: it writes each record on its own.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(mut out: W) -> io::Result<Self> {
        let mut header = [0; 24];
        // Magic for nanoseconds; version 2.4; no time zone, no accuracy; snap length; link layer.
        header[0..4].copy_from_slice(&0xa1b2_3c4d_u32.to_le_bytes());
        header[4..6].copy_from_slice(&2_u16.to_le_bytes());
        header[6..8].copy_from_slice(&4_u16.to_le_bytes());
        header[16..20].copy_from_slice(&SNAP_LENGTH.to_le_bytes());
        header[20..24].copy_from_slice(&LINK_ETHERNET.to_le_bytes());
        out.write_all(&header)?;
        Ok(Self { out, frame: Vec::new() })
    }

    /// Writes one datagram, with the checksums a network would have put on it.
    ///
    /// # Errors
    /// When `out` does not take it, the payload is larger than a datagram can be, or the moment is not one that
    /// pcap can hold (1970 to 2106).
    pub fn datagram(
        &mut self,
        at: Nanos,
        source: Endpoint,
        destination: Endpoint,
        payload: &[u8],
    ) -> io::Result<()> {
        let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidInput, what);
        if payload.len() > PAYLOAD_MAX {
            return Err(invalid("a datagram takes at most 65,507 bytes"));
        }
        let seconds = u32::try_from(at.0.div_euclid(1_000_000_000))
            .map_err(|_| invalid("pcap holds moments from 1970 to 2106"))?;
        let nanos = u32::try_from(at.0.rem_euclid(1_000_000_000)).expect("below a second");
        self.frame.clear();
        self.frame.extend_from_slice(&hardware(destination.ip));
        self.frame.extend_from_slice(&hardware(source.ip));
        self.frame.extend_from_slice(&[0x08, 0x00]);
        self.frame.extend_from_slice(&headers(source, destination, payload));
        self.frame.extend_from_slice(payload);
        let length = u32::try_from(self.frame.len()).expect("bounded by the payload's bound");
        for word in [seconds, nanos, length, length] {
            self.out.write_all(&word.to_le_bytes())?;
        }
        self.out.write_all(&self.frame)
    }

    /// Flushes, and gives back what was written to.
    ///
    /// # Errors
    /// When it cannot be flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The IPv4 and UDP headers of a datagram, with the checksums a network would have put on them. The payload must not
/// be longer than [`PAYLOAD_MAX`].
pub(super) fn headers(source: Endpoint, destination: Endpoint, payload: &[u8]) -> [u8; 28] {
    let length = u16::try_from(8 + payload.len()).expect("the caller has checked it");
    let mut head = [0; 28];
    // Version 4, five words; not to be sent in parts.
    head[0] = 0x45;
    head[2..4].copy_from_slice(&(20 + length).to_be_bytes());
    head[6] = 0x40;
    (head[8], head[9]) = (TIME_TO_LIVE, 17);
    head[12..16].copy_from_slice(&source.ip);
    head[16..20].copy_from_slice(&destination.ip);
    let checksum = folded(summed(&head[..20]));
    head[10..12].copy_from_slice(&checksum.to_be_bytes());
    head[20..22].copy_from_slice(&source.port.to_be_bytes());
    head[22..24].copy_from_slice(&destination.port.to_be_bytes());
    head[24..26].copy_from_slice(&length.to_be_bytes());
    // RFC 768: over the addresses, the protocol and the length as well; zero would mean none.
    let pseudo = summed(&head[12..20]) + 17 + u64::from(length);
    let checksum = match folded(pseudo + summed(&head[20..]) + summed(payload)) {
        0 => 0xffff,
        other => other,
    };
    head[26..28].copy_from_slice(&checksum.to_be_bytes());
    head
}

/// The sum of big-endian halves (RFC 1071), an odd last byte being the upper half of one.
fn summed(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let rest = rest.first().map_or(0, |&byte| u64::from(byte) << 8);
    pairs.iter().map(|pair| u64::from(u16::from_be_bytes(*pair))).sum::<u64>() + rest
}

#[expect(clippy::cast_possible_truncation, reason = "folded until it fits")]
const fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The Ethernet address: for multicast 01:00:5e and the last 23 bits (RFC 1112, 6.4), else one of our own making
/// in the locally administered range.
const fn hardware(ip: [u8; 4]) -> [u8; 6] {
    let [a, b, c, d] = ip;
    if a >= 224 && a < 240 { [0x01, 0x00, 0x5e, b & 0x7f, c, d] } else { [0x02, 0x00, a, b, c, d] }
}
