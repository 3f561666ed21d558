//! A forger: knows the format to the last byte, has every tool but the key. Written from the format's page and not from
//! the crate's code, so that it also checks the page.

use crate::common::{record, signed_segments};
use ed25519_dalek::{Signer as _, SigningKey};
use journal::Trust;
use types::record::Record;

const HEADER: usize = 24;
const BLOCK: usize = 104;
const CONFIGURATION: u32 = 1;
pub(crate) const RECORDS: u32 = 2;
const SEAL: u32 = 3;
pub(crate) const CHECKPOINT: u32 = 4;
const SEGMENT: u32 = 5;
const CLOSING: u32 = 6;

#[derive(Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) kind: u32,
    pub(crate) payload: Vec<u8>,
}

/// What is done about signatures that no longer fit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signing {
    /// They stay: of what was said before.
    Old,
    /// The forger's own key, in the right place.
    Own([u8; 32]),
    /// The forger's signature under the owner's name.
    UnderTheOwnersName([u8; 32]),
    /// None: the journal was never signed.
    Dropped,
}

/// A journal, taken apart: the parts of each file.
#[derive(Clone, PartialEq)]
pub(crate) struct Apart(pub(crate) Vec<Vec<Part>>);

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// A signed journal of two or three files with its key and its anchor.
pub(crate) fn original(name: &str, records: u64) -> (Vec<Vec<u8>>, Trust) {
    let (files, trust) = signed_segments(name, records);
    assert!(files.len() > 1);
    // Taken apart and put together it is what it was: this forger knows the format.
    assert!(Apart::of(&files).together(Signing::Old) == files, "the forger is no good");
    (files, trust)
}

impl Apart {
    pub(crate) fn of(files: &[Vec<u8>]) -> Self {
        let parts = |bytes: &Vec<u8>| {
            let (mut at, mut parts) = (HEADER, Vec::new());
            while at < bytes.len() {
                let end = at + BLOCK + u32_at(bytes, at + 28) as usize;
                parts.push(Part { kind: u32_at(bytes, at + 4), payload: bytes[at + BLOCK..end].to_vec() });
                at = end;
            }
            parts
        };
        Self(files.iter().map(parts).collect())
    }

    /// Where the records are: file, part, place.
    pub(crate) fn records(&self) -> Vec<(usize, usize, usize)> {
        let mut all = Vec::new();
        for (file, parts) in self.0.iter().enumerate() {
            for (part, Part { kind, payload }) in parts.iter().enumerate() {
                let count = if *kind == RECORDS { payload.len() / 64 } else { 0 };
                all.extend((0..count).map(|place| (file, part, place)));
            }
        }
        all
    }

    /// Puts it together anew: places, counts, hashes and checksums all fit.
    pub(crate) fn together(&self, signing: Signing) -> Vec<Vec<u8>> {
        let mut header = b"QUOINJNL".to_vec();
        for word in [2_u32, 0, 64] {
            header.extend_from_slice(&word.to_le_bytes());
        }
        header.extend_from_slice(&crc32c::crc32c(&header).to_le_bytes());
        let mut chain = Chain { previous: *blake3::hash(&header).as_bytes(), ..Chain::default() };
        let mut files: Vec<Vec<u8>> = Vec::new();
        for (number, parts) in self.0.iter().enumerate() {
            let mut bytes = header.clone();
            for part in parts {
                if part.kind == CHECKPOINT && matches!(signing, Signing::Dropped) {
                    continue;
                }
                chain.add(&mut bytes, part, number as u64, signing);
            }
            chain.bytes += bytes.len() as u64;
            files.push(bytes);
        }
        files
    }
}

#[derive(Default)]
struct Chain {
    index: u64,
    previous: [u8; 32],
    block_0: [u8; 32],
    records: u64,
    commands: u64,
    bytes: u64,
    last: [u8; 16],
}

impl Chain {
    fn add(&mut self, out: &mut Vec<u8>, part: &Part, file: u64, signing: Signing) {
        let payload = self.fitted(part, file, signing);
        let (mut first_seq, mut count) = (0, 0);
        if part.kind == RECORDS {
            count = u32::try_from(payload.len() / 64).expect("small");
            first_seq = u64::from_le_bytes(payload[..8].try_into().expect("eight bytes"));
        }
        let mut block = b"QBLK".to_vec();
        block.extend_from_slice(&part.kind.to_le_bytes());
        block.extend_from_slice(&self.index.to_le_bytes());
        block.extend_from_slice(&first_seq.to_le_bytes());
        block.extend_from_slice(&count.to_le_bytes());
        block.extend_from_slice(&u32::try_from(payload.len()).expect("small").to_le_bytes());
        block.extend_from_slice(&self.previous);
        self.previous = *blake3::Hasher::new().update(&block).update(&payload).finalize().as_bytes();
        block.extend_from_slice(&self.previous);
        block.extend_from_slice(&crc32c::crc32c(&payload).to_le_bytes());
        block.extend_from_slice(&crc32c::crc32c(&block).to_le_bytes());
        if part.kind == CONFIGURATION {
            self.block_0 = self.previous;
        }
        self.index += 1;
        for record in payload.chunks_exact(64).take(count as usize) {
            self.records += 1;
            let read = Record::from_bytes(record.try_into().expect("64 bytes"));
            self.commands += u64::from(matches!(read, Ok(Record::Command { .. })));
            self.last.copy_from_slice(&record[..16]);
        }
        out.append(&mut block);
        out.extend_from_slice(&payload);
    }

    /// The payload with what it says of the rest of the journal.
    fn fitted(&self, part: &Part, file: u64, signing: Signing) -> Vec<u8> {
        let mut payload = part.payload.clone();
        let mut put = |at: usize, bytes: &[u8]| payload[at..at + bytes.len()].copy_from_slice(bytes);
        let (records, commands) = (self.records.to_le_bytes(), self.commands.to_le_bytes());
        match part.kind {
            SEAL | CLOSING => {
                put(0, &records);
                put(8, &commands);
                put(16, &self.previous);
                if part.kind == CLOSING {
                    put(48, &(file + 1).to_le_bytes());
                }
            }
            SEGMENT => {
                put(0, &file.to_le_bytes());
                put(8, &records);
                put(16, &commands);
                put(24, &self.bytes.to_le_bytes());
                put(32, &self.last);
                put(48, &self.block_0);
            }
            CHECKPOINT => {
                put(0, &self.block_0);
                put(32, &self.index.to_le_bytes());
                put(40, &records);
                put(48, &commands);
                put(56, &self.last);
                put(72, &self.previous);
                sign(&mut payload, signing);
            }
            _ => {}
        }
        payload
    }
}

fn sign(payload: &mut [u8], signing: Signing) {
    let (key, name) = match signing {
        Signing::Old | Signing::Dropped => return,
        Signing::Own(seed) => (SigningKey::from_bytes(&seed), true),
        Signing::UnderTheOwnersName(seed) => (SigningKey::from_bytes(&seed), false),
    };
    if name {
        payload[112..144].copy_from_slice(&key.verifying_key().to_bytes());
    }
    let message = [b"quoin journal checkpoint, form 2", &payload[..144]].concat();
    payload[144..].copy_from_slice(&key.sign(&message).to_bytes());
}

/// The seal of a run that ended here, for whoever wants one.
pub(crate) fn seal() -> Part {
    Part { kind: SEAL, payload: vec![0; 48] }
}

#[test]
fn a_forger_with_the_owner_s_key_could_do_anything() {
    // Else the refusals in `mutations` might have another reason than the missing key.
    let (files, trust) = original("forger", 20);
    let mut apart = Apart::of(&files);
    let (file, part, place) = apart.records()[7];
    apart.0[file][part].payload[64 * place..64 * (place + 1)].copy_from_slice(&record(500).to_bytes());
    let forged = apart.together(Signing::Own([7; 32]));
    let without_anchor = Trust { anchor: None, ..trust };
    let verified = journal::verify_segments(forged.clone(), &without_anchor).expect("it is well made");
    assert!(verified.coverage.to_the_seal);
    assert!(matches!(journal::verify_segments(forged, &trust), Err(journal::JournalError::Forked { .. })));
}
