//! From a capture's bytes to datagrams: the recorded CME capture (10,000 packets) in memory, or packets of our own
//! making with the same sizes where the recordings are not.
//!
//! Beside ours: the two crates that read the same formats, record by record and without looking into a frame; the one
//! that we used before, with the headers' parser behind it; and the floor, which is to have read every byte that must
//! be looked at, or every byte there is.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use etherparse::{SlicedPacket, TransportSlice};
use net::capture::{Capture, Endpoint, Writer};
use pcap_parser::traits::PcapReaderIterator as _;
use pcap_parser::{Block, PcapBlockOwned, PcapError, PcapNGReader};
use std::hint::black_box;
use std::io::Cursor;
use types::Nanos;

/// The recording as it is, pcapng; and the same packets as pcap.
struct Files {
    pcapng: Option<Vec<u8>>,
    pcap: Vec<u8>,
    packets: u64,
}

fn files() -> Files {
    let pcapng = testkit::data::recorded("cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng")
        .map(|path| std::fs::read(path).expect("just found"));
    let mut writer = Writer::new(Vec::new()).expect("a vector takes all");
    let mut packets = 0;
    match &pcapng {
        Some(file) => {
            let mut capture = Capture::of(file);
            while let Some(d) = capture.next().expect("whole") {
                writer
                    .datagram(d.received_at, d.source, d.destination, d.payload)
                    .expect("a vector takes all");
                packets += 1;
            }
        }
        None => {
            let line = Endpoint { ip: [224, 0, 31, 64], port: 14_340 };
            for number in 0..10_000 {
                writer.datagram(Nanos(number), line, line, &[7; 140]).expect("a vector takes all");
                packets += 1;
            }
        }
    }
    Files { pcapng, pcap: writer.finish().expect("a vector takes all"), packets }
}

/// What every loop below answers, so that none can skip its work: bytes of payload or of frames.
fn datagrams(mut capture: Capture<'_>) -> usize {
    let mut total = 0;
    while let Some(datagram) = capture.next().expect("whole") {
        total += black_box(datagram).payload.len();
    }
    total
}

fn every_packet(mut capture: Capture<'_>) -> usize {
    let mut total = 0;
    while let Some(packet) = capture.next_packet().expect("whole") {
        total += usize::from(black_box(packet).destination.port() > 0);
    }
    total
}

/// pcap-parser's blocks; with `headers` etherparse reads each frame.
fn pcap_parser_blocks(file: &[u8], headers: bool) -> usize {
    let mut reader = PcapNGReader::new(1 << 18, Cursor::new(file)).expect("a section");
    let mut total = 0;
    loop {
        match reader.next() {
            Ok((size, block)) => {
                if let PcapBlockOwned::NG(Block::EnhancedPacket(packet)) = &block {
                    total += match headers {
                        false => black_box(packet.data).len(),
                        true => match SlicedPacket::from_ethernet(packet.data).expect("whole").transport {
                            Some(TransportSlice::Udp(udp)) => black_box(udp.payload()).len(),
                            _ => 0,
                        },
                    };
                }
                reader.consume(size);
            }
            Err(PcapError::Eof) => return total,
            Err(PcapError::Incomplete(_)) => reader.refill().expect("memory"),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn pcap_file_blocks(file: &[u8]) -> usize {
    let mut reader = pcap_file::pcapng::PcapNgReader::new(file).expect("a section");
    let mut total = 0;
    while let Some(block) = reader.next_block() {
        if let pcap_file::pcapng::Block::EnhancedPacket(packet) = block.expect("whole") {
            total += black_box(packet.data).len();
        }
    }
    total
}

fn pcap_file_records(file: &[u8]) -> usize {
    let mut reader = pcap_file::pcap::PcapReader::new(file).expect("a header");
    let mut total = 0;
    while let Some(packet) = reader.next_packet() {
        total += black_box(packet.expect("whole").data).len();
    }
    total
}

/// The least that any reader does to a pcap: from length to length, a load from each frame's head.
fn floor_lengths(file: &[u8]) -> usize {
    let (mut at, mut total) = (24, 0);
    while let Some(head) = file.get(at..at + 60) {
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        total += usize::from(black_box(head[40])) + length;
        at += 16 + length;
    }
    total
}

/// Every byte once, eight at a time.
fn floor_bytes(file: &[u8]) -> u64 {
    let (words, _) = file.as_chunks::<8>();
    words.iter().fold(0, |sum, word| sum ^ u64::from_le_bytes(*word))
}

fn all(criterion: &mut Criterion) {
    let files = files();
    let mut group = criterion.benchmark_group("capture");
    if let Some(file) = &files.pcapng {
        group.throughput(Throughput::ElementsAndBytes { elements: files.packets, bytes: file.len() as u64 });
        group.bench_function("pcapng, ours", |b| b.iter(|| datagrams(Capture::of(file))));
        group.bench_function("pcapng, ours, through a reader", |b| {
            b.iter(|| datagrams(Capture::new(Box::new(Cursor::new(file)))));
        });
        group
            .bench_function("pcapng, ours, the general path", |b| b.iter(|| every_packet(Capture::of(file))));
        group.bench_function("pcapng, pcap-parser, blocks only", |b| {
            b.iter(|| pcap_parser_blocks(file, false))
        });
        group.bench_function("pcapng, pcap-parser and etherparse", |b| {
            b.iter(|| pcap_parser_blocks(file, true))
        });
        group.bench_function("pcapng, pcap-file, blocks only", |b| b.iter(|| pcap_file_blocks(file)));
    }
    let file = &files.pcap;
    group.throughput(Throughput::ElementsAndBytes { elements: files.packets, bytes: file.len() as u64 });
    group.bench_function("pcap, ours", |b| b.iter(|| datagrams(Capture::of(file))));
    group.bench_function("pcap, pcap-file, records only", |b| b.iter(|| pcap_file_records(file)));
    group.bench_function("pcap, floor: from length to length", |b| b.iter(|| floor_lengths(file)));
    group.bench_function("pcap, floor: every byte", |b| b.iter(|| floor_bytes(black_box(file))));
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
