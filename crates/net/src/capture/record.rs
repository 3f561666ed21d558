//! The two file formats, record by record: where a packet's frame lies, when it was captured, on which link layer.
//!
//! Never looks into a frame.

use super::CaptureError;
use super::pcapng::{Block, Interface, block};
use super::window::Window;
use types::Nanos;

const PCAP_HEADER: usize = 24;
const PCAP_RECORD_HEADER: usize = 16;
/// The smallest block there is: type, length, length again.
const BLOCK_MIN: usize = 12;
/// Beyond this a length is damage, not data: the largest snap length in use is 256 KiB.
const RECORD_MAX: usize = 1 << 24;
const SECTION_HEADER: u32 = 0x0a0d_0d0a;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// Nothing was read yet.
    New,
    Pcap {
        big_endian: bool,
        nanos_per_unit: i64,
        link: u16,
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
pub(crate) struct Record {
    pub(crate) offset: u64,
    pub(crate) received_at: Option<Nanos>,
    pub(crate) link: u16,
    pub(crate) interface: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether the packet was longer than what was captured of it.
    pub(crate) cut: bool,
    /// Bytes of the whole record.
    pub(crate) size: usize,
}

/// The records of a capture.
pub(crate) struct Records<'r> {
    pub(crate) window: Window<'r>,
    pub(crate) format: Format,
    /// Of the pcapng section at hand.
    pub(crate) interfaces: Vec<Interface>,
    /// Of the sections before, what their interfaces lost.
    dropped_before: u64,
    /// Blocks of pcapng that hold no packet.
    pub(crate) blocks: u64,
}

type Outcome<T> = Result<T, CaptureError>;

impl<'r> Records<'r> {
    pub(crate) const fn new(window: Window<'r>) -> Self {
        Self { window, format: Format::New, interfaces: Vec::new(), dropped_before: 0, blocks: 0 }
    }

    /// Packets that whoever captured says were lost.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped_before + self.interfaces.iter().map(Interface::dropped).sum::<u64>()
    }

    /// The next packet record; other records are passed over.
    #[inline]
    pub(crate) fn next(&mut self) -> Outcome<Option<Record>> {
        loop {
            match self.format {
                Format::Ended => return Ok(None),
                Format::New => self.open()?,
                Format::Pcap { big_endian, nanos_per_unit, link } => {
                    // The file may end here, between records.
                    if !self.fill(1)? {
                        return Ok(None);
                    }
                    return self.pcap_record(big_endian, nanos_per_unit, link).map(Some);
                }
                Format::Pcapng { big_endian } => {
                    if !self.fill(1)? {
                        return Ok(None);
                    }
                    if let Some(record) = self.block(big_endian)? {
                        return Ok(Some(record));
                    }
                }
            }
        }
    }

    #[inline]
    fn fill(&mut self, count: usize) -> Outcome<bool> {
        match self.window.fill(count) {
            Ok(there) => Ok(there),
            Err(source) => Err(CaptureError::Read { offset: self.window.offset(), source }),
        }
    }

    /// Asks for the whole record.
    #[inline]
    fn need(&mut self, count: usize) -> Outcome<()> {
        if self.fill(count)? {
            return Ok(());
        }
        Err(CaptureError::Truncated {
            offset: self.window.offset(),
            skipped: self.window.bytes().len() as u64,
        })
    }

    /// Tells the format by its first four bytes.
    fn open(&mut self) -> Outcome<()> {
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
        // The upper half of the word may say how long the frames' check sequences are.
        let link = word(self.window.bytes(), 20, big_endian).to_le_bytes();
        let link = u16::from_le_bytes([link[0], link[1]]);
        self.window.consume(PCAP_HEADER);
        self.format = Format::Pcap { big_endian, nanos_per_unit, link };
        Ok(())
    }

    #[inline]
    fn pcap_record(&mut self, big_endian: bool, nanos_per_unit: i64, link: u16) -> Outcome<Record> {
        self.need(PCAP_RECORD_HEADER)?;
        let head = self.window.bytes();
        let [seconds, units, captured, length] = [0, 4, 8, 12].map(|at| word(head, at, big_endian));
        let captured = captured as usize;
        if captured > RECORD_MAX {
            return Err(self.lost("a packet record claims to be larger than any packet"));
        }
        let size = PCAP_RECORD_HEADER + captured;
        self.need(size)?;
        let start = self.window.place() + PCAP_RECORD_HEADER;
        let record = Record {
            offset: self.window.offset(),
            received_at: Some(Nanos(i64::from(seconds) * 1_000_000_000 + i64::from(units) * nanos_per_unit)),
            link,
            interface: 0,
            start,
            end: start + captured,
            cut: length as usize > captured,
            size,
        };
        self.window.consume(size);
        Ok(record)
    }

    fn lost(&self, what: &'static str) -> CaptureError {
        CaptureError::Lost { offset: self.window.offset(), what }
    }

    /// Reads one block of pcapng; `None` for one without a packet.
    #[inline]
    fn block(&mut self, section_big_endian: bool) -> Outcome<Option<Record>> {
        self.need(BLOCK_MIN)?;
        let head = self.window.bytes();
        let mut big_endian = section_big_endian;
        if word(head, 0, false) == SECTION_HEADER {
            big_endian = self.section()?;
        }
        let head = self.window.bytes();
        let (kind, size) = (word(head, 0, big_endian), word(head, 4, big_endian) as usize);
        if size < BLOCK_MIN || !size.is_multiple_of(4) || size > RECORD_MAX {
            return Err(self.lost("a block's length is impossible"));
        }
        self.need(size)?;
        let (offset, start) = (self.window.offset(), self.window.place());
        self.window.consume(size);
        let bytes = self.window.at(start, start + size);
        match block(kind, bytes, big_endian, &mut self.interfaces) {
            Ok(Block::Packet(found)) => Ok(Some(Record {
                offset,
                received_at: found.received_at,
                link: found.link,
                interface: found.interface,
                start: start + found.start,
                end: start + found.end,
                cut: found.cut,
                size,
            })),
            Ok(Block::Other) => {
                self.blocks += 1;
                Ok(None)
            }
            Err(what) => Err(CaptureError::Damaged { offset, skipped: size as u64, what }),
        }
    }

    /// A section brings its own byte order and its own interfaces.
    #[cold]
    fn section(&mut self) -> Outcome<bool> {
        let big_endian = match self.window.bytes()[8..12] {
            [0x4d, 0x3c, 0x2b, 0x1a] => false,
            [0x1a, 0x2b, 0x3c, 0x4d] => true,
            _ => return Err(self.lost("a section's byte order cannot be told")),
        };
        self.dropped_before = self.dropped();
        self.interfaces.clear();
        self.format = Format::Pcapng { big_endian };
        Ok(big_endian)
    }
}

#[inline]
pub(crate) fn word(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let word: [u8; 4] = *bytes[at..].first_chunk().expect("the caller has checked the length");
    if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}

#[inline]
pub(crate) fn short(bytes: &[u8], at: usize, big_endian: bool) -> u16 {
    let short: [u8; 2] = *bytes[at..].first_chunk().expect("the caller has checked the length");
    if big_endian { u16::from_be_bytes(short) } else { u16::from_le_bytes(short) }
}
