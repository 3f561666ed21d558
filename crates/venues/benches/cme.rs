//! Decoding MDP 3.0, an entry at a time: recorded packets of channel 340 (both lines, arbitrated), or, where the
//! recordings are not, packets of our own making with the same number of entries.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use net::capture::Capture;
use std::hint::black_box;
use types::{Nanos, Side};
use venues::cme::encode::{Level, PacketWriter};
use venues::cme::{Action, Decoder, Line, MatchEvent};
use venues::{Directory, Output};

type Packets = Vec<(Nanos, Line, Vec<u8>)>;

const LINE: Line = Line { ip: [224, 0, 31, 64], port: 14_340 };

fn recorded() -> Option<Packets> {
    let path = testkit::data::recorded("cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng")?;
    let bytes = std::fs::read(path).expect("just found");
    let mut capture = Capture::of(&bytes);
    let mut packets = Vec::new();
    while let Some(datagram) = capture.next().expect("the recording is whole") {
        let line = Line { ip: datagram.destination.ip, port: datagram.destination.port };
        packets.push((datagram.received_at, line, datagram.payload.to_vec()));
    }
    Some(packets)
}

/// 1,000 packets of `entries` levels of 100 instruments.
fn made(entries: u32) -> Packets {
    let mut rpt_seq = [0; 100];
    let mut prng = stdx::Prng::new(1);
    (1..=1_000)
        .map(|sequence| {
            let at = Nanos(1_700_000_000_000_000_000 + i64::from(sequence) * 1_000);
            let levels: Vec<Level> = (0..entries)
                .map(|_| {
                    let instrument = usize::try_from(prng.below(100)).expect("small");
                    rpt_seq[instrument] += 1;
                    Level {
                        security: 10_000 + i32::try_from(instrument).expect("small"),
                        rpt_seq: rpt_seq[instrument],
                        side: if prng.chance(0.5) { Side::Buy } else { Side::Sell },
                        implied: false,
                        action: Action::Change,
                        depth: 1,
                        price_nanos: prng.between(1_000, 2_000) * 250_000_000,
                        size: 5,
                        orders: 2,
                    }
                })
                .collect();
            let mut bytes = Vec::new();
            let mut packet = PacketWriter::begin(&mut bytes, sequence, at);
            packet.book(at, MatchEvent::END, &levels, &[]);
            assert_eq!(packet.finish(), bytes.len());
            (at, LINE, bytes)
        })
        .collect()
}

/// One pass over all packets; answers how many entries it took.
fn pass(
    packets: &Packets,
    later: i64,
    decoder: &mut Decoder,
    directory: &mut Directory,
    out: &mut Output,
) -> usize {
    let mut arrivals = 0;
    for (received_at, line, payload) in packets {
        out.clear();
        decoder.packet(*received_at + Nanos(later), *line, payload, 0, directory, out);
        arrivals += black_box(&out.arrivals).len();
    }
    arrivals
}

fn bench(criterion: &mut Criterion, name: &str, packets: &Packets) {
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let entries = pass(packets, 0, &mut Decoder::new(), &mut directory, &mut out);
    let mut group = criterion.benchmark_group("cme");
    group.throughput(Throughput::Elements(entries as u64));
    group.bench_function(name, |bencher| {
        // A fresh decoder each time: to a used one, a second pass is copies. Meeting the instruments is part of
        // the time, and small against it.
        bencher.iter(|| {
            let mut decoder = Decoder::new();
            assert_eq!(pass(packets, 0, &mut decoder, &mut directory, &mut out), entries);
        });
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    if let Some(packets) = recorded() {
        let first: Packets = packets.iter().filter(|(_, line, _)| *line == LINE).cloned().collect();
        bench(criterion, "recorded, both lines", &packets);
        bench(criterion, "recorded, one line", &first);
    }
    bench(criterion, "made, 3 entries a packet", &made(3));
    bench(criterion, "made, 30 entries a packet", &made(30));
}

criterion_group!(benches, all);
criterion_main!(benches);
