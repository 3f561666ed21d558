//! The bytes of MDP 3.0: packet and message headers, repeating groups, fields that an older or newer schema
//! may lack. Everything is little endian (CME "MDP 3.0 - Binary Packet Header" and "SBE Message Header").
//!
//! ```text
//! packet   MsgSeqNum u32 │ SendingTime u64 │ message, message, …
//! message  MsgSize u16 │ blockLength u16 │ templateId u16 │ schemaId u16 │ version u16 │ block │ group, group …
//! group    blockLength u16 │ (groupSize8Byte: 5 bytes of padding) │ numInGroup u8 │ entry, entry, …
//! ```
//!
//! Never reads outside what it is given: sizes are checked once for a packet and once for a group, and a block
//! shorter than we know is completed with nulls.

use std::marker::PhantomData;

/// Bytes of the binary packet header.
pub(crate) const PACKET_HEADER: usize = 12;
/// Bytes of a message's size and SBE header; the size counts them.
pub(crate) const MESSAGE_HEADER: usize = 10;
/// Bytes of a `groupSize` dimension.
pub(crate) const GROUP_HEADER: usize = 3;
/// Bytes of a `groupSize8Byte` dimension.
pub(crate) const GROUP_HEADER_WIDE: usize = 8;

/// What the schemas write where a value is absent, as the low bytes of a word.
pub(crate) mod null {
    /// `PRICENULL`, `PRICENULL9`, `Decimal9NULL`.
    pub(crate) const I64: i64 = i64::MAX;
    /// `Int32NULL`.
    pub(crate) const I32: i32 = i32::MAX;
    /// `uInt64NULL`.
    pub(crate) const U64: u64 = u64::MAX;
    /// `uInt32NULL`.
    pub(crate) const U32: u32 = u32::MAX;
    /// `uInt8NULL`.
    pub(crate) const U8: u8 = u8::MAX;
}

/// What is wrong with a packet or message, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Bytes from the start of what was read.
    pub(crate) at: usize,
    /// What is wrong.
    pub(crate) what: &'static str,
}

/// A value that can be read from its little-endian bytes.
pub(crate) trait Word: Copy {
    /// How many bytes it takes.
    const SIZE: usize;
    /// Reads it at `at`. The caller's block is long enough: see [`whole`].
    fn read(block: &[u8], at: usize) -> Self;
    /// Writes it at `at`.
    fn write(self, block: &mut [u8], at: usize);
}

macro_rules! word {
    ($($kind:ty),*) => {$(
        impl Word for $kind {
            const SIZE: usize = size_of::<$kind>();
            #[inline]
            fn read(block: &[u8], at: usize) -> Self {
                Self::from_le_bytes(*block[at..].first_chunk().expect("blocks hold every known field"))
            }
            #[inline]
            fn write(self, block: &mut [u8], at: usize) {
                block[at..at + Self::SIZE].copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
word!(u8, u16, u32, u64, i16, i32, i64);

impl<const N: usize> Word for [u8; N] {
    const SIZE: usize = N;
    #[inline]
    fn read(block: &[u8], at: usize) -> Self {
        *block[at..].first_chunk().expect("blocks hold every known field")
    }
    #[inline]
    fn write(self, block: &mut [u8], at: usize) {
        block[at..at + N].copy_from_slice(&self);
    }
}

/// Where a field lies in its block.
#[derive(Debug)]
pub(crate) struct Field<T> {
    at: usize,
    kind: PhantomData<T>,
}

impl<T: Word> Field<T> {
    pub(crate) const fn new(at: usize) -> Self {
        Self { at, kind: PhantomData }
    }

    /// Where it ends.
    #[inline]
    pub(crate) const fn end(&self) -> usize {
        self.at + T::SIZE
    }

    #[inline]
    pub(crate) fn get(&self, block: &[u8]) -> T {
        T::read(block, self.at)
    }

    #[inline]
    pub(crate) fn set(&self, block: &mut [u8], value: T) {
        value.write(block, self.at);
    }
}

/// A field without its type, to complete short blocks with and to hold against the schemas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// As the schema calls it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the schema test reads it"))]
    pub(crate) name: &'static str,
    pub(crate) at: usize,
    pub(crate) size: usize,
    /// The low `size` bytes are what stands for "absent".
    pub(crate) null: u64,
}

/// The block as we know it: the first `N` bytes, or, when its schema is older than ours, a completed copy.
#[inline]
pub(crate) fn whole<'a, const N: usize>(
    bytes: &'a [u8],
    shapes: &[Shape],
    spare: &'a mut [u8; N],
) -> &'a [u8; N] {
    match bytes.first_chunk() {
        Some(block) => block,
        None => completed(bytes, shapes, spare),
    }
}

#[cold]
fn completed<'a, const N: usize>(bytes: &[u8], shapes: &[Shape], spare: &'a mut [u8; N]) -> &'a [u8; N] {
    for shape in shapes {
        let field = &mut spare[shape.at..shape.at + shape.size];
        match bytes.get(shape.at..shape.at + shape.size) {
            Some(given) => field.copy_from_slice(given),
            None => {
                field.fill(0);
                let null = shape.null.to_le_bytes();
                let size = shape.size.min(null.len());
                field[..size].copy_from_slice(&null[..size]);
            }
        }
    }
    spare
}

/// The header of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) sequence: u32,
    pub(crate) sending_time: u64,
}

impl Header {
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let header: &[u8; PACKET_HEADER] = packet.first_chunk()?;
        Some(Self { sequence: u32::read(header, 0), sending_time: u64::read(header, 4) })
    }
}

/// One message of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) template: u16,
    /// Of the schema it was written with.
    pub(crate) version: u16,
    /// The root block.
    pub(crate) block: &'a [u8],
    /// What follows it: the groups.
    pub(crate) rest: &'a [u8],
    /// Bytes from the start of the packet to the message's size field.
    pub(crate) at: usize,
    /// Bytes of the whole message.
    pub(crate) size: usize,
}

/// The messages of a packet, until one does not fit.
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    packet: &'a [u8],
    at: usize,
}

impl<'a> Messages<'a> {
    pub(crate) const fn new(packet: &'a [u8]) -> Self {
        Self { packet, at: PACKET_HEADER }
    }

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
pub(crate) struct Group<'a> {
    entry_bytes: usize,
    count: usize,
    entries: &'a [u8],
    /// What follows the group in its message.
    pub(crate) rest: &'a [u8],
}

impl<'a> Group<'a> {
    /// Reads a group with a 3-byte dimension.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Damage> {
        Self::with_header(bytes, GROUP_HEADER)
    }

    /// Reads a group with an 8-byte dimension. A message that ends before one was written by a schema without
    /// the group (or ends in padding): the group is empty.
    pub(crate) fn read_wide(bytes: &'a [u8]) -> Result<Self, Damage> {
        if bytes.len() < GROUP_HEADER_WIDE {
            return Ok(Self { entry_bytes: 0, count: 0, entries: &[], rest: bytes });
        }
        Self::with_header(bytes, GROUP_HEADER_WIDE)
    }

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

    /// The group, if its entries are long enough to say whose they are.
    #[inline]
    pub(crate) fn naming(self, bytes: usize) -> Result<Self, Damage> {
        if self.count > 0 && self.entry_bytes < bytes {
            return Err(Damage { at: 0, what: "a group's entries are too short to name their instruments" });
        }
        Ok(self)
    }

    /// How many entries there are.
    #[inline]
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The entry at `index`, which must be below the count.
    #[inline]
    pub(crate) fn entry(&self, index: usize) -> &'a [u8] {
        &self.entries[index * self.entry_bytes..(index + 1) * self.entry_bytes]
    }
}
