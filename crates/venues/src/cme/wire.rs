//! The bytes of MDP 3.0: packet and message headers, repeating groups, and nothing of what they hold.
//! Everything is little endian (CME "MDP 3.0 - Binary Packet Header" and "SBE Message Header").
//!
//! ```text
//! packet   MsgSeqNum u32 │ SendingTime u64 │ message, message, …
//! message  MsgSize u16 │ blockLength u16 │ templateId u16 │ schemaId u16 │ version u16 │ block │ group, group …
//! group    blockLength u16 │ (groupSize8Byte: 5 bytes of padding) │ numInGroup u8 │ entry, entry, …
//! ```
//!
//! Never reads outside what it is given: sizes are checked once for a packet and once for a group.

use super::sbe::Word;

/// Bytes of the binary packet header.
pub(crate) const PACKET_HEADER: usize = 12;
/// Bytes of a message's size and SBE header; the size counts them.
pub(crate) const MESSAGE_HEADER: usize = 10;
/// Bytes of a `groupSize` dimension.
pub(crate) const GROUP_HEADER: usize = 3;
/// Bytes of a `groupSize8Byte` dimension.
pub(crate) const GROUP_HEADER_WIDE: usize = 8;

/// What is wrong with a packet or message, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Bytes from the start of what was read.
    pub at: usize,
    /// What is wrong.
    pub what: &'static str,
}

/// The header of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// `MsgSeqNum`.
    pub sequence: u32,
    /// `SendingTime`, in nanoseconds since 1970.
    pub sending_time: u64,
}

impl Header {
    /// Reads it; `None` when the packet is shorter.
    #[inline]
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Self> {
        let header: &[u8; PACKET_HEADER] = packet.first_chunk()?;
        Some(Self { sequence: u32::read(header, 0), sending_time: u64::read(header, 4) })
    }
}

/// One message of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Which message it is.
    pub template: u16,
    /// Of the schema it was written with.
    pub version: u16,
    /// The root block.
    pub block: &'a [u8],
    /// What follows it: the groups.
    pub rest: &'a [u8],
    /// Bytes from the start of the packet to the message's size field.
    pub at: usize,
    /// Bytes of the whole message.
    pub size: usize,
}

impl<'a> Message<'a> {
    /// The root block, if it is as long as that of its first schema.
    ///
    /// # Errors
    /// When it is shorter.
    #[inline]
    pub fn block_of_at_least(&self, bytes: usize) -> Result<&'a [u8], Damage> {
        if self.block.len() < bytes {
            return Err(Damage { at: 0, what: "a root block is shorter than any schema's" });
        }
        Ok(self.block)
    }
}

/// The messages of a packet, until one does not fit.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    packet: &'a [u8],
    at: usize,
}

impl<'a> Messages<'a> {
    /// The messages of a packet.
    #[must_use]
    pub const fn new(packet: &'a [u8]) -> Self {
        Self { packet, at: PACKET_HEADER }
    }

    #[inline]
    fn read(&self) -> Result<Message<'a>, Damage> {
        let damage = |what| Damage { at: self.at, what };
        let left = &self.packet[self.at..];
        let Some(header) = left.first_chunk::<MESSAGE_HEADER>() else {
            return Err(damage("the packet ends within a message header"));
        };
        let size = usize::from(u16::read(header, 0));
        let block_length = usize::from(u16::read(header, 2));
        if size < MESSAGE_HEADER {
            return Err(damage("a message is shorter than its header"));
        }
        if size > left.len() {
            return Err(damage("the packet ends within a message"));
        }
        let body = &left[MESSAGE_HEADER..size];
        if block_length > body.len() {
            return Err(damage("a message is shorter than its root block"));
        }
        let (block, rest) = body.split_at(block_length);
        Ok(Message {
            template: u16::read(header, 4),
            version: u16::read(header, 8),
            block,
            rest,
            at: self.at,
            size,
        })
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Damage>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.packet.len() {
            return None;
        }
        let message = self.read();
        self.at = match &message {
            Ok(message) => self.at + message.size,
            Err(_) => self.packet.len(),
        };
        Some(message)
    }
}

/// A repeating group: `count` entries of `entry_bytes` each.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    entry_bytes: usize,
    count: usize,
    entries: &'a [u8],
    /// What follows the group in its message.
    pub rest: &'a [u8],
}

impl<'a> Group<'a> {
    /// Reads a group with a 3-byte dimension.
    ///
    /// # Errors
    /// When it does not fit in `bytes`.
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Result<Self, Damage> {
        Self::with_header(bytes, GROUP_HEADER)
    }

    /// Reads a group that older schemas lack. A message that ends before its dimension was written by one of them
    /// (or ends in padding): the group is empty.
    ///
    /// # Errors
    /// When it does not fit in `bytes`.
    #[inline]
    pub fn read_newer(bytes: &'a [u8]) -> Result<Self, Damage> {
        Self::newer(bytes, GROUP_HEADER)
    }

    /// Reads a group with an 8-byte dimension, all of which are newer than their messages.
    ///
    /// # Errors
    /// When it does not fit in `bytes`.
    #[inline]
    pub fn read_wide(bytes: &'a [u8]) -> Result<Self, Damage> {
        Self::newer(bytes, GROUP_HEADER_WIDE)
    }

    #[inline]
    fn newer(bytes: &'a [u8], header: usize) -> Result<Self, Damage> {
        if bytes.len() < header {
            return Ok(Self { entry_bytes: 0, count: 0, entries: &[], rest: bytes });
        }
        Self::with_header(bytes, header)
    }

    #[inline]
    fn with_header(bytes: &'a [u8], header: usize) -> Result<Self, Damage> {
        let damage = |what| Damage { at: 0, what };
        if bytes.len() < header {
            return Err(damage("a message ends within a group's dimension"));
        }
        let (dimension, rest) = bytes.split_at(header);
        let entry_bytes = usize::from(u16::read(dimension, 0));
        let count = usize::from(dimension[header - 1]);
        let total = entry_bytes * count;
        if total > rest.len() {
            return Err(damage("a message ends within a group"));
        }
        let (entries, rest) = rest.split_at(total);
        Ok(Self { entry_bytes, count, entries, rest })
    }

    /// The group, if its entries are as long as those of its first schema.
    ///
    /// # Errors
    /// When they are shorter.
    #[inline]
    pub fn of_at_least(self, bytes: usize) -> Result<Self, Damage> {
        if self.count > 0 && self.entry_bytes < bytes {
            return Err(Damage { at: 0, what: "a group's entries are shorter than any schema's" });
        }
        Ok(self)
    }

    /// How many entries there are.
    #[inline]
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Every entry.
    #[inline]
    pub fn entries(&self) -> Entries<'a> {
        // Entries of no bytes say nothing.
        Entries { left: self.entries, entry_bytes: self.entry_bytes.max(1) }
    }

    /// The entry at `index`, which must be below the count.
    #[inline]
    #[must_use]
    pub fn entry(&self, index: usize) -> &'a [u8] {
        &self.entries[index * self.entry_bytes..(index + 1) * self.entry_bytes]
    }
}

/// The entries of a [`Group`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    left: &'a [u8],
    entry_bytes: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (entry, left) = self.left.split_at_checked(self.entry_bytes)?;
        self.left = left;
        Some(entry)
    }
}
