//! A capture file: what its datagrams carry through the CME decoder, and its packets of every kind through the
//! streams.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net::capture::{Capture, Content, Flow, Piece, Streams};
use types::Nanos;
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

fuzz_target!(|bytes: &[u8]| {
    datagrams(bytes);
    packets(bytes);
});

fn datagrams(bytes: &[u8]) {
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
}

fn packets(bytes: &[u8]) {
    let mut capture = Capture::of(bytes);
    let mut streams = Streams::new();
    // What goes into the streams comes out of them once at most.
    let (mut taken, mut given) = (0, 0);
    let mut each = |_: Flow, piece: Piece<'_>| {
        if let Piece::Bytes(bytes) = piece {
            assert!(!bytes.is_empty());
            given += bytes.len();
        }
    };
    for _ in 0..=bytes.len() {
        match capture.next_packet() {
            Ok(Some(packet)) => {
                let Content::Segment(segment) = packet.content else { continue };
                taken += segment.payload.len();
                let flow = Flow { source: packet.source, destination: packet.destination };
                streams.segment(flow, &segment, &mut each);
            }
            Ok(None) => break,
            Err(error) if error.is_final() => break,
            Err(_) => {}
        }
    }
    streams.finish(&mut each);
    assert!(given <= taken);
}
