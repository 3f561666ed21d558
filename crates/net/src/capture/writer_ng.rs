//! Writing captures of what sockets received: pcapng, little endian, nanoseconds, one interface for each line.
//!
//! A socket gives a datagram without its frame: the link layer is raw IP, and the headers say the addresses, ports and
//! lengths that were received, with checksums that fit; everything else in them is of our making. What was lost stands
//! at the packet before which it was lost and, at the end, in the interface's statistics.
//!
//! Each block is given to the writer underneath in one piece: a file that is cut off ends within its last block, and
//! everything before it can be read.

use super::writer::{PAYLOAD_MAX, headers};
use super::{Endpoint, frame::link};
use std::io::{self, Write};
use types::Nanos;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const EPB_DROPCOUNT: u16 = 4;
const ISB_IFRECV: u16 = 4;
const ISB_OSDROP: u16 = 7;

/// One received datagram, and what was lost before it.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// When it came.
    pub at: Nanos,
    /// Which interface of the file.
    pub interface: u32,
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// Datagrams that were lost on this interface since the one before.
    pub lost_before: u64,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Writes received datagrams as pcapng.
#[derive(Debug)]
pub struct NgWriter<W: Write> {
    out: W,
    /// The block at hand.
    block: Vec<u8>,
    interfaces: u32,
}

impl<W: Write> NgWriter<W> {
    /// Starts a file: who writes it, and its interfaces' names in the order of their numbers. Give it a buffered
    /// writer: it writes each block on its own.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(out: W, application: &str, interfaces: &[String]) -> io::Result<Self> {
        let mut writer = Self { out, block: Vec::new(), interfaces: 0 };
        writer.begin(SECTION_HEADER);
        // Byte-order magic, version 1.0, a length that is not known.
        writer.words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]);
        writer.option(SHB_USERAPPL, application.as_bytes());
        writer.end(true)?;
        for name in interfaces {
            writer.begin(INTERFACE_DESCRIPTION);
            // No snap length.
            writer.words(&[u32::from(link::RAW), 0]);
            writer.option(IF_NAME, name.as_bytes());
            writer.option(IF_TSRESOL, &[9]);
            writer.end(true)?;
            writer.interfaces += 1;
        }
        Ok(writer)
    }

    /// Writes one datagram; answers how many bytes of file it took.
    ///
    /// # Errors
    /// When `out` does not take it, the payload is larger than a datagram can be, the interface was not described,
    /// or the moment is before 1970.
    pub fn datagram(&mut self, received: &Received<'_>) -> io::Result<u64> {
        self.check(received.interface, received.at)?;
        if received.payload.len() > PAYLOAD_MAX {
            return Err(invalid("a datagram takes at most 65,507 bytes"));
        }
        self.begin(ENHANCED_PACKET);
        let length = u32::try_from(28 + received.payload.len()).expect("just bounded");
        let [high, low] = halves(received.at);
        self.words(&[received.interface, high, low, length, length]);
        let head = headers(received.source, received.destination, received.payload);
        self.block.extend_from_slice(&head);
        self.block.extend_from_slice(received.payload);
        self.pad();
        if received.lost_before > 0 {
            self.option(EPB_DROPCOUNT, &received.lost_before.to_le_bytes());
        }
        self.end(received.lost_before > 0)
    }

    /// Writes what an interface received and lost since the file began; later ones hold.
    ///
    /// # Errors
    /// When `out` does not take it, the interface was not described, or the moment is before 1970.
    pub fn statistics(&mut self, at: Nanos, interface: u32, received: u64, lost: u64) -> io::Result<u64> {
        self.check(interface, at)?;
        self.begin(INTERFACE_STATISTICS);
        let [high, low] = halves(at);
        self.words(&[interface, high, low]);
        self.option(ISB_IFRECV, &received.to_le_bytes());
        self.option(ISB_OSDROP, &lost.to_le_bytes());
        self.end(true)
    }

    /// Passes everything on, so that it can be read.
    ///
    /// # Errors
    /// When it cannot be flushed.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Flushes, and gives back what was written to.
    ///
    /// # Errors
    /// When it cannot be flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn check(&self, interface: u32, at: Nanos) -> io::Result<()> {
        if interface >= self.interfaces {
            return Err(invalid("there is no such interface in this file"));
        }
        if at.0 < 0 {
            return Err(invalid("pcapng counts time from 1970"));
        }
        Ok(())
    }

    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.words(&[kind, 0]);
    }

    fn words(&mut self, words: &[u32]) {
        for word in words {
            self.block.extend_from_slice(&word.to_le_bytes());
        }
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Values are our own, and short.
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = &value[..value.len().min(usize::from(u16::MAX))];
        let length = u16::try_from(value.len()).expect("just bounded");
        self.block.extend_from_slice(&code.to_le_bytes());
        self.block.extend_from_slice(&length.to_le_bytes());
        self.block.extend_from_slice(value);
        self.pad();
    }

    /// Ends the options, if there are any, and writes the block between its two lengths.
    fn end(&mut self, options: bool) -> io::Result<u64> {
        if options {
            self.words(&[0]);
        }
        let length = u32::try_from(self.block.len() + 4).expect("bounded by its parts");
        self.words(&[length]);
        self.block[4..8].copy_from_slice(&length.to_le_bytes());
        self.out.write_all(&self.block)?;
        Ok(u64::from(length))
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// A moment as pcapng writes it: the upper half first.
#[expect(clippy::cast_possible_truncation, reason = "it is taken apart")]
const fn halves(at: Nanos) -> [u32; 2] {
    let units = at.0.cast_unsigned();
    [(units >> 32) as u32, units as u32]
}
