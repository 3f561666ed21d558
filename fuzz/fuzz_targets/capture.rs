//! A capture file, and what its datagrams carry through the CME decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net::capture::Capture;
use types::Nanos;
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

fuzz_target!(|bytes: &[u8]| {
    let mut capture = Capture::of(bytes);
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    // Each datagram and each fault takes at least a byte of the file: more of them than bytes is a loop.
    for _ in 0..=bytes.len() {
        match capture.next() {
            Ok(Some(datagram)) => {
                let line = Line { ip: datagram.destination.ip, port: datagram.destination.port };
                let (at, offset) = (datagram.received_at, datagram.offset);
                assert!(offset < bytes.len() as u64);
                decoder.packet(at, line, datagram.payload, offset, &mut directory, &mut out);
            }
            Ok(None) => return decoder.finish(Nanos::MAX, &mut directory, &mut out),
            Err(error) if error.is_final() => return,
            Err(_) => {}
        }
    }
    panic!("it goes on behind its end");
});
