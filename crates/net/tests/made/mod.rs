//! Frames and captures made for tests, their headers by an independent crate (etherparse).

#![allow(dead_code, reason = "each test file uses its own part")]

use etherparse::PacketBuilder;
use net::capture::{Capture, Content, Skipped};

/// An IP packet within Ethernet.
pub(crate) struct Frame {
    pub(crate) bytes: Vec<u8>,
    /// Where the IP payload starts.
    behind: usize,
}

impl Frame {
    /// UDP from 10.1.2.3:40000 to 224.0.31.64:14340.
    pub(crate) fn v4(payload: &[u8]) -> Self {
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [1, 0, 0x5e, 0, 31, 64])
            .ipv4([10, 1, 2, 3], [224, 0, 31, 64], 16)
            .udp(40_000, 14_340)
            .write(&mut bytes, payload)
            .expect("a vector takes all");
        Self { bytes, behind: 34 }
    }

    /// UDP from [2001:db8::1]:40000 to [ff0e::31:64]:14340.
    pub(crate) fn v6(payload: &[u8]) -> Self {
        let mut bytes = Vec::new();
        let to = [0xff, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x31, 0, 0x64];
        let from = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [0x33, 0x33, 0, 0x31, 0, 0x64])
            .ipv6(from, to, 16)
            .udp(40_000, 14_340)
            .write(&mut bytes, payload)
            .expect("a vector takes all");
        Self { bytes, behind: 54 }
    }

    /// TCP from 10.1.2.3:5000 to 10.1.2.4:6000.
    pub(crate) fn tcp(sequence: u32, syn: bool, fin: bool, payload: &[u8]) -> Self {
        let mut bytes = Vec::new();
        let mut builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4([10, 1, 2, 3], [10, 1, 2, 4], 16)
            .tcp(5_000, 6_000, sequence, 1_024);
        if syn {
            builder = builder.syn();
        }
        if fin {
            builder = builder.fin();
        }
        builder.write(&mut bytes, payload).expect("a vector takes all");
        Self { bytes, behind: 34 }
    }

    /// What lies behind the Ethernet header.
    pub(crate) fn packet(&self) -> &[u8] {
        &self.bytes[14..]
    }
}

/// The frame in parts of `step` bytes of its IP payload, as a router would have cut it.
pub(crate) fn cut(frame: &Frame, step: usize, id: u16) -> Vec<Vec<u8>> {
    let (head, body) = frame.bytes.split_at(frame.behind);
    let chunks = body.chunks(step);
    let last = chunks.len() - 1;
    let of_step = |row: usize| u16::try_from(row * step / 8).expect("within a packet");
    let parts = chunks.enumerate().map(|(row, chunk)| {
        let mut part = head.to_vec();
        let more = row < last;
        if frame.behind == 34 {
            let total = u16::try_from(20 + chunk.len()).expect("within a packet");
            part[16..18].copy_from_slice(&total.to_be_bytes());
            part[18..20].copy_from_slice(&id.to_be_bytes());
            part[20..22].copy_from_slice(&(of_step(row) | u16::from(more) << 13).to_be_bytes());
        } else {
            let length = u16::try_from(8 + chunk.len()).expect("within a packet");
            part[18..20].copy_from_slice(&length.to_be_bytes());
            let next = std::mem::replace(&mut part[20], 44);
            part.extend([next, 0]);
            part.extend((of_step(row) << 3 | u16::from(more)).to_be_bytes());
            part.extend(u32::from(id).to_be_bytes());
        }
        part.extend(chunk);
        part
    });
    parts.collect()
}

/// A pcap of Ethernet frames with their seconds.
pub(crate) fn pcap_of(frames: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Vec<u8> {
    pcap_on(1, frames)
}

/// A pcap of another link layer.
pub(crate) fn pcap_on(link: u32, frames: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 262_144, link] {
        file.extend(u32::to_le_bytes(word));
    }
    for (second, frame) in frames {
        let length = u32::try_from(frame.len()).expect("small");
        for word in [second, 0, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// Every payload, how many errors, and what was passed over.
pub(crate) fn read_all(mut capture: Capture<'_>) -> (Vec<Vec<u8>>, usize, Skipped) {
    let (mut payloads, mut errors) = (Vec::new(), 0);
    loop {
        match capture.next_packet() {
            Ok(Some(packet)) => payloads.push(match packet.content {
                Content::Datagram(payload) => payload.to_vec(),
                Content::Segment(segment) => segment.payload.to_vec(),
            }),
            Ok(None) => return (payloads, errors, capture.skipped()),
            Err(_) => errors += 1,
        }
    }
}
