//! What stands where in the file. All integers are little-endian; nothing is padded.
//!
//! ```text
//! file   ┌ header 24 ┬ block 0: configuration ┬ block 1: records ┬ … ┬ block n: seal ┐
//!
//! file header
//!  0            8          12       16              20      24
//!  ├ "QUOINJNL" ┼ version ─┼ flags ─┼ record bytes ─┼ crc ──┤    u32 each; flags 0; record bytes 64;
//!                                                                crc: CRC-32C of bytes 0..20
//! block header
//!  0         4      8       16          24        28        32         64     96            100          104
//!  ├ "QBLK" ─┼ kind ┼ index ┼ first seq ┼ records ┼ payload ┼ previous ┼ hash ┼ payload crc ┼ header crc ─┤ payload …
//!             u32    u64     u64         u32       u32 bytes  32 bytes   32     u32           u32
//!
//!  kind        1 configuration: opaque bytes, always and only block 0
//!              2 records: `records` of 64 bytes each (types::record), at least one
//!              3 seal: records u64, commands u64, hash of the block before [32]; always the last
//!              4 checkpoint: a signed statement of all before it, 208 bytes (see `checkpoint`)
//!              5 segment: how a later file begins, 80 bytes, and the configuration again (see `segment`)
//!              6 closing: how a file ends that another follows: records u64, commands u64,
//!                hash of the block before [32], number of the next file u64
//!  index       from 0, without a gap, through all files of a journal
//!  first seq   of the first record; 0 in other kinds
//!  previous    hash of the block before, were it in the file before; for block 0 the BLAKE3 of the file header
//!  hash        BLAKE3 of bytes 0..64 of this header (the previous hash is among them) and the payload
//!  payload crc CRC-32C of the payload
//!  header crc  CRC-32C of bytes 0..100 of this header
//! ```
//!
//! The header has a checksum of its own so that a reader never trusts the length in a torn header, and so that
//! a search for whole blocks behind a broken one looks at each byte once.
//!
//! Version 1 knew kinds 1 to 3 and one file; all else is the same, and it is read as it was.

use crate::checkpoint::CHECKPOINT_BYTES;
use crate::segment::SEGMENT_BYTES;
use crate::{Hash, JournalError};
use types::Seq;
use types::record::RECORD_BYTES;

/// The file's name within the directory of a run.
pub const FILE_NAME: &str = "journal.qj";
/// How the file starts.
pub const FILE_MAGIC: [u8; 8] = *b"QUOINJNL";
/// The version this code writes. It reads every one from 1 to this.
pub const VERSION: u32 = 2;
/// The length of the file header.
pub const FILE_HEADER_BYTES: usize = 24;
/// How a block starts.
pub const BLOCK_MAGIC: [u8; 4] = *b"QBLK";
/// The length of a block's header.
pub const BLOCK_HEADER_BYTES: usize = 104;
/// The longest payload there is: a reader asks for no more memory than this on a header's word.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 20;
/// The length of a seal's payload.
pub const SEAL_BYTES: usize = 48;
/// The length of a closing's payload.
pub const CLOSING_BYTES: usize = 56;
/// How much of a block's header its hash covers: all before the hash itself.
const HASHED_BYTES: usize = 64;

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// What the run was set to do.
    Configuration = 1,
    /// What happened and what was done.
    Records = 2,
    /// That the run ended properly.
    Seal = 3,
    /// Who vouches for all before it.
    Checkpoint = 4,
    /// How a file begins that is not the first.
    Segment = 5,
    /// How a file ends that is not the last.
    Closing = 6,
}

/// The file's first bytes.
pub(crate) fn file_header() -> [u8; FILE_HEADER_BYTES] {
    let mut bytes = [0; FILE_HEADER_BYTES];
    bytes[0..8].copy_from_slice(&FILE_MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..20].copy_from_slice(&record_bytes().to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Refuses what is not the start of a journal that this code reads.
/// Answers the version.
pub(crate) fn check_file_header(bytes: &[u8; FILE_HEADER_BYTES]) -> Result<u32, JournalError> {
    if bytes[0..8] != FILE_MAGIC {
        return Err(JournalError::NotAJournal { what: "it does not start with QUOINJNL" });
    }
    if u32_at(bytes, 20) != crc32c::crc32c(&bytes[..20]) {
        return Err(JournalError::NotAJournal { what: "the file header's checksum is wrong" });
    }
    let version = u32_at(bytes, 8);
    if !(1..=VERSION).contains(&version) {
        return Err(JournalError::Version { found: version, known: VERSION });
    }
    if u32_at(bytes, 12) != 0 || u32_at(bytes, 16) != record_bytes() {
        return Err(JournalError::NotAJournal {
            what: "its flags or its record length are not this version's",
        });
    }
    Ok(version)
}

/// A block's header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    pub(crate) kind: u32,
    pub(crate) index: u64,
    pub(crate) first_seq: Seq,
    pub(crate) records: u32,
    pub(crate) payload_bytes: u32,
    pub(crate) previous: Hash,
    pub(crate) hash: Hash,
    pub(crate) payload_crc: u32,
}

impl BlockHeader {
    /// Reads a header that is whole; says how it is not.
    pub(crate) fn read(bytes: &[u8; BLOCK_HEADER_BYTES]) -> Result<Self, &'static str> {
        if bytes[0..4] != BLOCK_MAGIC {
            return Err("no block starts here");
        }
        if u32_at(bytes, 100) != crc32c::crc32c(&bytes[..100]) {
            return Err("the block header's checksum is wrong");
        }
        Ok(Self {
            kind: u32_at(bytes, 4),
            index: u64_at(bytes, 8),
            first_seq: Seq(u64_at(bytes, 16)),
            records: u32_at(bytes, 24),
            payload_bytes: u32_at(bytes, 28),
            previous: hash_at(bytes, 32),
            hash: hash_at(bytes, 64),
            payload_crc: u32_at(bytes, 96),
        })
    }

    /// What the block holds, if its numbers fit its kind and its place.
    pub(crate) fn kind(&self, version: u32) -> Result<Kind, &'static str> {
        let (records, payload) = (self.records as usize, self.payload_bytes as usize);
        let no_records = records == 0 && self.first_seq == Seq(0);
        let (kind, fits) = match self.kind {
            1 => (Kind::Configuration, no_records && self.index == 0),
            2 => (
                Kind::Records,
                self.index > 0 && records > 0 && records.checked_mul(RECORD_BYTES) == Some(payload),
            ),
            3 => (Kind::Seal, self.index > 0 && no_records && payload == SEAL_BYTES),
            4 if version > 1 => {
                (Kind::Checkpoint, self.index > 0 && no_records && payload == CHECKPOINT_BYTES)
            }
            5 if version > 1 => (Kind::Segment, self.index > 0 && no_records && payload >= SEGMENT_BYTES),
            6 if version > 1 => (Kind::Closing, self.index > 0 && no_records && payload == CLOSING_BYTES),
            _ => return Err("a kind of block that this version does not know"),
        };
        if fits && payload <= PAYLOAD_BYTES_MAX {
            Ok(kind)
        } else {
            Err("the block's counts do not fit its kind")
        }
    }
}

/// Fills in the header of `block`, whose payload stands behind [`BLOCK_HEADER_BYTES`] bytes of room, and returns
/// the block's hash.
pub(crate) fn close_block(
    block: &mut [u8],
    kind: Kind,
    index: u64,
    first_seq: Seq,
    records: u32,
    previous: Hash,
) -> Hash {
    let (header, payload) = block.split_at_mut(BLOCK_HEADER_BYTES);
    let payload_bytes = u32::try_from(payload.len()).expect("payloads are at most PAYLOAD_BYTES_MAX");
    header[0..4].copy_from_slice(&BLOCK_MAGIC);
    header[4..8].copy_from_slice(&(kind as u32).to_le_bytes());
    header[8..16].copy_from_slice(&index.to_le_bytes());
    header[16..24].copy_from_slice(&first_seq.0.to_le_bytes());
    header[24..28].copy_from_slice(&records.to_le_bytes());
    header[28..32].copy_from_slice(&payload_bytes.to_le_bytes());
    header[32..64].copy_from_slice(&previous.0);
    let hash = Hash::of(&[&header[..HASHED_BYTES], payload]);
    header[64..96].copy_from_slice(&hash.0);
    header[96..100].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    let crc = crc32c::crc32c(&header[..100]);
    header[100..104].copy_from_slice(&crc.to_le_bytes());
    hash
}

/// The hash that a block with this header and payload should have.
pub(crate) fn hash_of_block(header: &[u8; BLOCK_HEADER_BYTES], payload: &[u8]) -> Hash {
    Hash::of(&[&header[..HASHED_BYTES], payload])
}

/// What a seal says of the run it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) records: u64,
    pub(crate) commands: u64,
    pub(crate) head: Hash,
}

impl Seal {
    pub(crate) fn to_bytes(self) -> [u8; SEAL_BYTES] {
        let mut bytes = [0; SEAL_BYTES];
        bytes[0..8].copy_from_slice(&self.records.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.commands.to_le_bytes());
        bytes[16..48].copy_from_slice(&self.head.0);
        bytes
    }
}

/// What the end of a file says that another file follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) so_far: Seal,
    pub(crate) next: u32,
}

impl Closing {
    pub(crate) fn to_bytes(self) -> [u8; CLOSING_BYTES] {
        let mut bytes = [0; CLOSING_BYTES];
        bytes[..SEAL_BYTES].copy_from_slice(&self.so_far.to_bytes());
        bytes[SEAL_BYTES..].copy_from_slice(&u64::from(self.next).to_le_bytes());
        bytes
    }
}

/// The hash of block 0: what tells one run's chain from every other's. It covers the file header and the configuration.
pub(crate) fn chain_of(config: &[u8]) -> Hash {
    let mut block = vec![0; BLOCK_HEADER_BYTES];
    block.extend_from_slice(config);
    close_block(&mut block, Kind::Configuration, 0, Seq(0), 0, Hash::of(&[&file_header()]))
}

const fn record_bytes() -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "64")]
    let bytes = RECORD_BYTES as u32;
    bytes
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were sliced"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were sliced"))
}

pub(crate) fn hash_at(bytes: &[u8], at: usize) -> Hash {
    Hash(bytes[at..at + 32].try_into().expect("32 bytes were sliced"))
}
