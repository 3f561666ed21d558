//! 64 bytes: either no record, or the one form of one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use types::record::{RECORD_BYTES, Record};

fuzz_target!(|bytes: [u8; RECORD_BYTES]| {
    match Record::from_bytes(&bytes) {
        Ok(record) => assert_eq!(record.to_bytes(), bytes),
        Err(error) => assert!(error.at < RECORD_BYTES),
    }
});
