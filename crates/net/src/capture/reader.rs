//! Reading captures, record by record.

use super::frame::{Content, content};
use super::window::Window;
use super::{CaptureError, Datagram, Endpoint, Skipped};
use pcap_parser::{
    Block, EnhancedPacketBlock, InterfaceDescriptionBlock, Linktype, parse_block_be, parse_block_le,
    parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header,
};
use std::io::Read;
use types::Nanos;

const PCAP_HEADER: usize = 24;
const PCAP_RECORD_HEADER: usize = 16;
/// The smallest block there is: type, length, length again.
const BLOCK_MIN: usize = 12;
/// Beyond this a length is damage, not data: the largest snap length in use is 256 KiB.
const RECORD_MAX: usize = 1 << 24;
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const NANOS: u64 = 1_000_000_000;

/// How a pcapng interface was captured.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: Linktype,
    units_per_second: u64,
    offset_seconds: i64,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    /// Nothing was read yet.
    New,
    Pcap {
        big_endian: bool,
        nanos_per_unit: i64,
        link: Linktype,
    },
    Pcapng {
        /// Of the section at hand.
        big_endian: bool,
    },
    /// Nothing more can be read.
    Ended,
}

/// A packet record, by its place in the window.
#[derive(Clone, Copy, Debug)]
struct Record {
    offset: u64,
    received_at: Nanos,
    link: Linktype,
    start: usize,
    end: usize,
    /// Whether the packet was longer than what was captured of it.
    cut: bool,
    /// Bytes of the whole record.
    size: usize,
}

/// A datagram, by its place in the window.
#[derive(Clone, Copy, Debug)]
struct Found {
    record: Record,
    source: Endpoint,
    destination: Endpoint,
    start: usize,
    end: usize,
}

/// The datagrams of a capture, in the order of the file.
pub struct Capture<'r> {
    window: Window<'r>,
    format: Format,
    /// Of the pcapng section at hand.
    interfaces: Vec<Interface>,
    skipped: Skipped,
}

impl<'r> Capture<'r> {
    /// The capture that `reader` gives; read in chunks.
    #[must_use]
    pub fn new(reader: Box<dyn Read + 'r>) -> Self {
        Self {
            window: Window::new(reader),
            format: Format::New,
            interfaces: Vec::new(),
            skipped: Skipped::default(),
        }
    }

    /// The capture in `bytes`.
    #[must_use]
    pub fn of(bytes: &'r [u8]) -> Self {
        Self::new(Box::new(bytes))
    }

    /// What was passed over so far.
    #[must_use]
    pub const fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The next datagram; `None` when the capture is over. After an error that is not
    /// [final](CaptureError::is_final) the next call goes on behind it; after a final one there is nothing more.
    ///
    /// # Errors
    /// When the capture, or the record at hand, cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends from the capture, which `Iterator` cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Datagram<'_>>, CaptureError> {
        let found = self.find().inspect_err(|error| {
            if error.is_final() {
                self.format = Format::Ended;
            }
        })?;
        Ok(found.map(|found| Datagram {
            received_at: found.record.received_at,
            source: found.source,
            destination: found.destination,
            payload: self.window.at(found.start, found.end),
            offset: found.record.offset,
        }))
    }

    fn find(&mut self) -> Result<Option<Found>, CaptureError> {
        while let Some(record) = self.record()? {
            let frame = self.window.at(record.start, record.end);
            match content(record.link, frame) {
                Content::Datagram { source, destination, payload } => {
                    // Both are slices of the window; the difference is the payload's place in the frame.
                    let start = record.start + (payload.as_ptr().addr() - frame.as_ptr().addr());
                    return Ok(Some(Found {
                        record,
                        source,
                        destination,
                        start,
                        end: start + payload.len(),
                    }));
                }
                Content::NotIpv4 => self.skipped.not_ipv4 += 1,
                Content::NotUdp => self.skipped.not_udp += 1,
                Content::Fragment => self.skipped.fragments += 1,
                Content::OtherLink => self.skipped.other_links += 1,
                Content::Damaged => {
                    return Err(CaptureError::Damaged {
                        offset: record.offset,
                        skipped: record.size as u64,
                        what: match record.cut {
                            true => "a packet was cut short when it was captured",
                            false => "a packet's lengths contradict each other",
                        },
                    });
                }
            }
        }
        Ok(None)
    }

    /// The next packet record; other records are passed over.
    fn record(&mut self) -> Result<Option<Record>, CaptureError> {
        loop {
            let format = self.format;
            match format {
                Format::Ended => return Ok(None),
                Format::New => self.open()?,
                // The file may end here, between records.
                Format::Pcap { .. } | Format::Pcapng { .. } => {
                    if !self.fill(1)? {
                        return Ok(None);
                    }
                }
            }
            let found = match format {
                Format::Ended | Format::New => None,
                Format::Pcap { big_endian, nanos_per_unit, link } => {
                    Some(self.pcap_record(big_endian, nanos_per_unit, link)?)
                }
                Format::Pcapng { big_endian } => self.block(big_endian)?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn fill(&mut self, count: usize) -> Result<bool, CaptureError> {
        self.window.fill(count).map_err(|source| CaptureError::Read { offset: self.window.offset(), source })
    }

    /// Asks for the whole record.
    fn need(&mut self, count: usize) -> Result<(), CaptureError> {
        if self.fill(count)? {
            return Ok(());
        }
        Err(CaptureError::Truncated {
            offset: self.window.offset(),
            skipped: self.window.bytes().len() as u64,
        })
    }

    /// Tells the format by its first four bytes.
    fn open(&mut self) -> Result<(), CaptureError> {
        if !self.fill(4)? {
            return Err(CaptureError::NotACapture);
        }
        let magic: [u8; 4] = *self.window.bytes().first_chunk().expect("just filled");
        // A pcap file's magic is written in the writer's byte order: one number for microseconds, one for
        // nanoseconds. A pcapng file starts with a section header, whose type reads the same both ways.
        let (big_endian, nanos_per_unit) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, 1_000),
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, 1_000),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, 1),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, 1),
            _ if u32::from_le_bytes(magic) == SECTION_HEADER => {
                self.format = Format::Pcapng { big_endian: false };
                return Ok(());
            }
            _ => return Err(CaptureError::NotACapture),
        };
        self.need(PCAP_HEADER)?;
        let Ok((_, header)) = parse_pcap_header(self.window.bytes()) else {
            return Err(CaptureError::NotACapture);
        };
        let link = header.network;
        self.window.consume(PCAP_HEADER);
        self.format = Format::Pcap { big_endian, nanos_per_unit, link };
        Ok(())
    }

    fn pcap_record(
        &mut self,
        big_endian: bool,
        nanos_per_unit: i64,
        link: Linktype,
    ) -> Result<Record, CaptureError> {
        self.need(PCAP_RECORD_HEADER)?;
        let captured = word(self.window.bytes(), 8, big_endian) as usize;
        if captured > RECORD_MAX {
            return Err(self.lost("a packet record claims to be larger than any packet"));
        }
        let size = PCAP_RECORD_HEADER + captured;
        self.need(size)?;
        let parse = match big_endian {
            true => parse_pcap_frame_be,
            false => parse_pcap_frame,
        };
        let Ok((_, packet)) = parse(&self.window.bytes()[..size]) else {
            return Err(self.lost("a packet record cannot be read"));
        };
        let received_at =
            Nanos(i64::from(packet.ts_sec) * 1_000_000_000 + i64::from(packet.ts_usec) * nanos_per_unit);
        let cut = packet.origlen > packet.caplen;
        let start = self.window.place() + PCAP_RECORD_HEADER;
        let record = Record {
            offset: self.window.offset(),
            received_at,
            link,
            start,
            end: start + captured,
            cut,
            size,
        };
        self.window.consume(size);
        Ok(record)
    }

    fn lost(&self, what: &'static str) -> CaptureError {
        CaptureError::Lost { offset: self.window.offset(), what }
    }

    /// Reads one block of pcapng; `None` for one without a packet.
    fn block(&mut self, section_big_endian: bool) -> Result<Option<Record>, CaptureError> {
        self.need(BLOCK_MIN)?;
        let head = self.window.bytes();
        let mut big_endian = section_big_endian;
        if word(head, 0, false) == SECTION_HEADER {
            // A section brings its own byte order and its own interfaces.
            big_endian = match head[8..12] {
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                _ => return Err(self.lost("a section's byte order cannot be told")),
            };
            self.format = Format::Pcapng { big_endian };
            self.interfaces.clear();
        }
        let size = word(self.window.bytes(), 4, big_endian) as usize;
        if size < BLOCK_MIN || !size.is_multiple_of(4) || size > RECORD_MAX {
            return Err(self.lost("a block's length is impossible"));
        }
        self.need(size)?;
        let (offset, start) = (self.window.offset(), self.window.place());
        self.window.consume(size);
        let parse = match big_endian {
            true => parse_block_be,
            false => parse_block_le,
        };
        let found = match parse(self.window.at(start, start + size)) {
            Ok((_, Block::InterfaceDescription(description))) => {
                self.interfaces.push(Interface::of(&description, big_endian));
                self.skipped.blocks += 1;
                Ok(None)
            }
            Ok((_, Block::EnhancedPacket(packet))) => {
                packet_record(&packet, &self.interfaces, start).map(Some)
            }
            Ok((_, Block::SimplePacket(_))) => {
                self.skipped.untimed += 1;
                Ok(None)
            }
            Ok(_) => {
                self.skipped.blocks += 1;
                Ok(None)
            }
            Err(_) => Err("a block's parts do not fit its length"),
        };
        match found {
            Ok(found) => Ok(found.map(|record| Record { offset, size, ..record })),
            Err(what) => Err(CaptureError::Damaged { offset, skipped: size as u64, what }),
        }
    }
}

/// The record of a packet block that starts at `start` in the window; the caller knows its offset and size.
fn packet_record(
    packet: &EnhancedPacketBlock<'_>,
    interfaces: &[Interface],
    start: usize,
) -> Result<Record, &'static str> {
    let captured = packet.caplen as usize;
    let Some(interface) = interfaces.get(packet.if_id as usize) else {
        return Err("a packet is of an interface that was not described");
    };
    if captured > packet.data.len() {
        return Err("a packet is longer than its block");
    }
    // Type, length, interface, two halves of the time, two lengths: 28 bytes before the packet.
    let start = start + 28;
    Ok(Record {
        offset: 0,
        size: 0,
        received_at: interface.moment(u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low)),
        link: interface.link,
        start,
        end: start + captured,
        cut: packet.origlen > packet.caplen,
    })
}

impl std::fmt::Debug for Capture<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture")
            .field("offset", &self.window.offset())
            .field("format", &self.format)
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

impl Interface {
    fn of(description: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Self {
        Self {
            link: description.linktype,
            units_per_second: units_per_second(description.if_tsresol),
            offset_seconds: match big_endian {
                // The parser reads this option as little endian in both.
                true => description.if_tsoffset.swap_bytes(),
                false => description.if_tsoffset,
            },
        }
    }

    fn moment(&self, units: u64) -> Nanos {
        let nanos = u128::from(units) * u128::from(NANOS) / u128::from(self.units_per_second);
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Nanos(nanos) + Nanos(self.offset_seconds.saturating_mul(1_000_000_000))
    }
}

/// `if_tsresol` (pcapng draft, 4.2): the top bit chooses a power of two or of ten; what does not fit 64 bits is
/// taken for the default, microseconds.
fn units_per_second(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let units = match resolution & 0x80 {
        0 => 10_u64.checked_pow(exponent),
        _ => 1_u64.checked_shl(exponent),
    };
    units.unwrap_or(1_000_000)
}

fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let word: [u8; 4] = *bytes[at..].first_chunk().expect("the caller has filled the header");
    match big_endian {
        true => u32::from_be_bytes(word),
        false => u32::from_le_bytes(word),
    }
}
