//! CME packets: two bytes of length, one that picks the line and the time that passed, then the payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use types::Nanos;
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

const LINES: [Line; 4] = [
    Line { ip: [224, 0, 31, 1], port: 14_310 },
    Line { ip: [224, 0, 32, 1], port: 15_310 },
    Line { ip: [224, 0, 31, 2], port: 14_311 },
    Line { ip: [10, 0, 0, 1], port: 1 },
];

fuzz_target!(|bytes: &[u8]| {
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    let (mut rest, mut now) = (bytes, Nanos(0));
    while let Some(([low, high, choice], behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([*low, *high]) % 2_048).min(behind.len());
        let (payload, next) = behind.split_at(length);
        now = now + Nanos::from_millis(i64::from(*choice >> 2));
        let line = LINES[usize::from(*choice) % LINES.len()];
        let offset = (bytes.len() - behind.len()) as u64;
        decoder.packet(now, line, payload, offset, &mut directory, &mut out);
        rest = next;
    }
    decoder.finish(Nanos::MAX, &mut directory, &mut out);
    let _ = decoder.counts();
});
