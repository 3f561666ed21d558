//! Journals that are not: bytes as they come, and again with checksums and hashes made to fit, so that what lies
//! behind them is reached.
#![no_main]

use journal::layout::{BLOCK_HEADER_BYTES, BLOCK_MAGIC, FILE_HEADER_BYTES, FILE_MAGIC, VERSION};
use journal::{Ending, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes.to_vec());
    read(repaired(bytes.to_vec()));
});

fn read(bytes: Vec<u8>) {
    let length = bytes.len() as u64;
    let Ok(mut reader) = Reader::from_bytes(bytes) else {
        return;
    };
    let (mut block, mut records) = (Vec::new(), 0);
    while let Ok(true) = reader.next_block(&mut block) {
        assert!(!block.is_empty());
        records += block.len() as u64;
    }
    assert!(block.is_empty());
    assert_eq!(reader.summary().records, records);
    match reader.ending() {
        Ending::Sealed => assert_eq!(reader.summary().bytes, length),
        Ending::Cut { at, lost, .. } => assert_eq!((at, at + lost), (reader.summary().bytes, length)),
    }
}

/// The same kinds, counts and payloads, in headers that fit.
fn repaired(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() < FILE_HEADER_BYTES {
        return bytes;
    }
    bytes[0..8].copy_from_slice(&FILE_MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..20].copy_from_slice(&[0, 0, 0, 0, 64, 0, 0, 0]);
    let crc = crc32c::crc32c(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    let mut previous = *blake3::hash(&bytes[..FILE_HEADER_BYTES]).as_bytes();
    let (mut at, mut index) = (FILE_HEADER_BYTES, 0_u64);
    while let Some((header, rest)) = bytes[at..].split_at_mut_checked(BLOCK_HEADER_BYTES) {
        // The length stays if it can: a torn last block is a case of its own.
        let length = u32::from_le_bytes([header[28], header[29] & 0x03, 0, 0]);
        header[28..32].copy_from_slice(&length.to_le_bytes());
        let length = rest.len().min(length as usize);
        header[0..4].copy_from_slice(&BLOCK_MAGIC);
        header[5..8].copy_from_slice(&[0; 3]);
        header[8..16].copy_from_slice(&index.to_le_bytes());
        header[32..64].copy_from_slice(&previous);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header[..64]).update(&rest[..length]);
        previous = *hasher.finalize().as_bytes();
        header[64..96].copy_from_slice(&previous);
        header[96..100].copy_from_slice(&crc32c::crc32c(&rest[..length]).to_le_bytes());
        let crc = crc32c::crc32c(&header[..100]);
        header[100..104].copy_from_slice(&crc.to_le_bytes());
        at += BLOCK_HEADER_BYTES + length;
        index += 1;
    }
    bytes
}
