//! The auditor: reads what was flushed to the journal as a stranger would, block by block, and runs a replica on it.
//!
//! Owns a reading of the file's layout that shares no code with the journal's, the chain so far, and a second engine that
//! has heard nothing but the inputs in the file. Never sees the process itself.

use crate::firm::Firm;
use crate::plant::Plant;
use engine::Engine;
use types::record::{RECORD_BYTES, Record};
use types::{Command, Input, Seq};

const FILE_HEADER: usize = 24;
const BLOCK_HEADER: usize = 104;
/// Blocks of records; other kinds are chained and not read.
const RECORDS: u32 = 2;

/// See the module.
pub(crate) struct Audit {
    /// How far the file was read.
    offset: usize,
    head: [u8; 32],
    index: u64,
    next_seq: Seq,
    replica: Engine,
    plant: Option<Plant>,
    /// What the replica answered to its last input and the file has not shown yet.
    due: Vec<Command>,
    due_at: usize,
    /// Commands of the file so far.
    pub(crate) commands: u64,
    pub(crate) records: u64,
}

/// Which invariant the file breaks, and how.
pub(crate) type Broken = (u8, String);

impl Audit {
    pub(crate) fn new(firm: &Firm, plant: Option<Plant>) -> Self {
        Self {
            offset: 0,
            head: [0; 32],
            index: 0,
            next_seq: Seq(0),
            replica: firm.engine(),
            plant,
            due: Vec::new(),
            due_at: 0,
            commands: 0,
            records: 0,
        }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) const fn replica(&self) -> &Engine {
        &self.replica
    }

    /// Whether the replica has been shown every answer to its last input.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.due_at == self.due.len()
    }

    /// Reads what was flushed since, whole blocks always.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> Result<(), Broken> {
        if self.offset == 0 {
            let Some(header) = bytes.get(..FILE_HEADER) else { return Ok(()) };
            self.head = *blake3::hash(header).as_bytes();
            self.offset = FILE_HEADER;
            bytes = &bytes[FILE_HEADER..];
        }
        while !bytes.is_empty() {
            let length = self.block(bytes).map_err(|what| (9, format!("block {}: {what}", self.index)))?;
            let kind = u32_at(bytes, 4);
            let payload = &bytes[BLOCK_HEADER..length];
            if kind == RECORDS {
                for record in payload.chunks_exact(RECORD_BYTES) {
                    let record: &[u8; RECORD_BYTES] = record.try_into().expect("64 bytes");
                    let record = Record::from_bytes(record)
                        .map_err(|error| (9, format!("block {}: {error}", self.index)))?;
                    self.record(&record)?;
                }
            }
            self.index += 1;
            self.offset += length;
            bytes = &bytes[length..];
        }
        Ok(())
    }

    /// Checks the block at the start of `bytes`; gives its length.
    fn block(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let header = bytes.get(..BLOCK_HEADER).ok_or("its header is cut")?;
        if &header[..4] != b"QBLK" {
            return Err("no block starts here".into());
        }
        if crc32c::crc32c(&header[..100]) != u32_at(header, 100) {
            return Err("its header's checksum is wrong".into());
        }
        if u64_at(header, 8) != self.index {
            return Err(format!("it says that it is block {}", u64_at(header, 8)));
        }
        let length = BLOCK_HEADER + u32_at(header, 28) as usize;
        let payload = bytes.get(BLOCK_HEADER..length).ok_or("its payload is cut")?;
        if crc32c::crc32c(payload) != u32_at(header, 96) {
            return Err("its payload's checksum is wrong".into());
        }
        if header[32..64] != self.head {
            return Err("it does not follow the block before it".into());
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header[..64]).update(payload);
        self.head = *hasher.finalize().as_bytes();
        if header[64..96] != self.head {
            return Err("its hash is wrong".into());
        }
        Ok(length)
    }

    fn record(&mut self, record: &Record) -> Result<(), Broken> {
        self.records += 1;
        match record {
            Record::Input(input) => self.input(input),
            Record::Command { seq, command, .. } => {
                self.commands += 1;
                let due = self.due.get(self.due_at);
                self.due_at += 1;
                if due != Some(command) {
                    return Err((1, format!("input {}: {command:?}; the replica says {due:?}", seq.0)));
                }
                Ok(())
            }
        }
    }

    fn input(&mut self, input: &Input) -> Result<(), Broken> {
        if let Some(missing) = self.due.get(self.due_at) {
            return Err((1, format!("input {}: the replica also says {missing:?}", input.seq.0)));
        }
        if input.seq != self.next_seq {
            return Err((
                8,
                format!("input {} follows input {}", input.seq.0, self.next_seq.0.wrapping_sub(1)),
            ));
        }
        self.next_seq = input.seq.next();
        self.due.clear();
        self.due_at = 0;
        crate::plant::step(self.plant, &mut self.replica, input, &mut self.due);
        Ok(())
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were sliced"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were sliced"))
}
