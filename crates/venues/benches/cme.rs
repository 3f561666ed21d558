//! Decoding MDP 3.0, an entry at a time: recorded packets of channel 340 (both lines, arbitrated), and packets of our
//! own making. Beside it a plain decoder that takes the same entries apart and does nothing else with them (no
//! arbitration, numbering, instruments or events), and a pass over the bytes.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use net::capture::Capture;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};
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

fn word(payload: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(payload[at..at + 4].try_into().expect("four bytes"))
}

/// Where in a packet entries carry their instrument and, four bytes on, their number.
fn numbers(payload: &[u8]) -> Vec<usize> {
    let half = |at: usize| usize::from(u16::from_le_bytes([payload[at], payload[at + 1]]));
    let (mut found, mut at) = (Vec::new(), 12);
    while at < payload.len() {
        let place = match half(at + 4) {
            32 | 42 | 46 => Some(12),
            35 => Some(8),
            37 => Some(4),
            _ => None,
        };
        let group = at + 10 + half(at + 2);
        for entry in 0..place.map_or(0, |_| usize::from(payload[group + 2])) {
            found.push(group + 3 + entry * half(group) + place.expect("there are entries"));
        }
        at += half(at);
    }
    found
}

/// The same packets as a session hears them that joined at the start: numbered from 1, packets and each
/// instrument's entries. Recorded, they start in the middle, and every book recovers from its first entry to its last:
/// many are shorter than CME shows, and without snapshots nobody knows that.
fn from_the_start(packets: &Packets) -> Packets {
    let first = word(&packets[0].2, 0);
    let mut firsts = BTreeMap::new();
    let mut packets = packets.clone();
    for (_, _, payload) in &mut packets {
        let sequence = word(payload, 0) - first + 1;
        payload[..4].copy_from_slice(&sequence.to_le_bytes());
        for at in numbers(payload) {
            let (security, number) = (word(payload, at), word(payload, at + 4));
            let number = number - *firsts.entry(security).or_insert(number) + 1;
            payload[at + 4..at + 8].copy_from_slice(&number.to_le_bytes());
        }
    }
    packets
}

/// Packets sent again and again, numbered on from loop to loop: one long session, whose instruments are met once.
struct Session {
    packets: Packets,
    /// Every number in them, by packet and byte, and what a loop adds to it.
    numbers: Vec<(usize, usize, u32)>,
}

impl Session {
    fn of(packets: &Packets) -> Self {
        let mut lasts = BTreeMap::new();
        let mut sequence = 0;
        for (_, _, payload) in packets {
            sequence = sequence.max(word(payload, 0));
            for at in numbers(payload) {
                let last = lasts.entry(word(payload, at)).or_insert(0);
                *last = word(payload, at + 4).max(*last);
            }
        }
        let of_packet = |(index, (_, _, payload)): (usize, &(Nanos, Line, Vec<u8>))| {
            let of_entry = |at| (index, at + 4, lasts[&word(payload, at)]);
            let entries: Vec<_> = numbers(payload).into_iter().map(of_entry).collect();
            std::iter::once((index, 0, sequence)).chain(entries)
        };
        let numbers = packets.iter().enumerate().flat_map(of_packet).collect();
        Self { packets: packets.clone(), numbers }
    }

    /// The next loop. `None` when the numbers are used up.
    fn advance(&mut self) -> Option<()> {
        for &(packet, at, more) in &self.numbers {
            let payload = &mut self.packets[packet].2;
            let number = word(payload, at).checked_add(more)?;
            payload[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        Some(())
    }
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

/// Levels, trades and statistics of a packet, taken apart with parser combinators as one would at first: each parser
/// takes bytes and gives what is left and what it read. No arbitration, no numbering, no instruments, no events.
mod plain {
    /// What is left, and what was read; `None` where bytes are missing.
    type Parsed<'a, T> = Option<(&'a [u8], T)>;

    /// One entry, whatever it is of.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(crate) enum Entry {
        Level {
            price: i64,
            size: i32,
            security: i32,
            rpt_seq: u32,
            orders: i32,
            depth: u8,
            action: u8,
            kind: u8,
        },
        Trade {
            price: i64,
            size: i32,
            security: i32,
            rpt_seq: u32,
            orders: i32,
            aggressor: u8,
            action: u8,
        },
        Session {
            price: i64,
            security: i32,
            rpt_seq: u32,
            flag: u8,
            action: u8,
            kind: u8,
        },
        Volume {
            size: i32,
            security: i32,
            rpt_seq: u32,
            action: u8,
        },
    }

    fn take(bytes: &[u8], count: usize) -> Parsed<'_, &[u8]> {
        bytes.split_at_checked(count).map(|(taken, rest)| (rest, taken))
    }

    macro_rules! number {
        ($($name:ident)*) => {$(
            fn $name(bytes: &[u8]) -> Parsed<'_, $name> {
                bytes.split_first_chunk().map(|(taken, rest)| (rest, $name::from_le_bytes(*taken)))
            }
        )*};
    }
    number!(u8 u16 u32 u64 i32 i64);

    fn level(bytes: &[u8]) -> Parsed<'_, Entry> {
        let (rest, price) = i64(bytes)?;
        let (rest, size) = i32(rest)?;
        let (rest, security) = i32(rest)?;
        let (rest, rpt_seq) = u32(rest)?;
        let (rest, orders) = i32(rest)?;
        let (rest, depth) = u8(rest)?;
        let (rest, action) = u8(rest)?;
        let (rest, kind) = u8(rest)?;
        Some((rest, Entry::Level { price, size, security, rpt_seq, orders, depth, action, kind }))
    }

    fn trade(bytes: &[u8]) -> Parsed<'_, Entry> {
        let (rest, price) = i64(bytes)?;
        let (rest, size) = i32(rest)?;
        let (rest, security) = i32(rest)?;
        let (rest, rpt_seq) = u32(rest)?;
        let (rest, orders) = i32(rest)?;
        let (rest, aggressor) = u8(rest)?;
        let (rest, action) = u8(rest)?;
        Some((rest, Entry::Trade { price, size, security, rpt_seq, orders, aggressor, action }))
    }

    fn session(bytes: &[u8]) -> Parsed<'_, Entry> {
        let (rest, price) = i64(bytes)?;
        let (rest, security) = i32(rest)?;
        let (rest, rpt_seq) = u32(rest)?;
        let (rest, flag) = u8(rest)?;
        let (rest, action) = u8(rest)?;
        let (rest, kind) = u8(rest)?;
        Some((rest, Entry::Session { price, security, rpt_seq, flag, action, kind }))
    }

    fn volume(bytes: &[u8]) -> Parsed<'_, Entry> {
        let (rest, size) = i32(bytes)?;
        let (rest, security) = i32(rest)?;
        let (rest, rpt_seq) = u32(rest)?;
        let (rest, action) = u8(rest)?;
        Some((rest, Entry::Volume { size, security, rpt_seq, action }))
    }

    fn message<'a>(bytes: &'a [u8], out: &mut Vec<Entry>) -> Parsed<'a, ()> {
        let (_, size) = u16(bytes)?;
        let (after, message) = take(bytes, usize::from(size))?;
        let (rest, _) = u16(message)?;
        let (rest, length) = u16(rest)?;
        let (rest, template) = u16(rest)?;
        let (rest, _schema) = u16(rest)?;
        let (rest, _version) = u16(rest)?;
        let (rest, _root) = take(rest, usize::from(length))?;
        let parser = match template {
            32 | 46 => level,
            42 | 48 => trade,
            35 | 51 => session,
            37 => volume,
            _ => return Some((after, ())),
        };
        let (rest, length) = u16(rest)?;
        let (mut rest, count) = u8(rest)?;
        for _ in 0..count {
            let (next, entry) = take(rest, usize::from(length))?;
            out.push(parser(entry)?.1);
            rest = next;
        }
        Some((after, ()))
    }

    /// The sequence number of a packet and its entries; `None` when it is damaged.
    pub(crate) fn packet(bytes: &[u8], out: &mut Vec<Entry>) -> Option<u32> {
        let (rest, sequence) = u32(bytes)?;
        let (mut rest, _sent) = u64(rest)?;
        while !rest.is_empty() {
            (rest, ()) = message(rest, out)?;
        }
        Some(sequence)
    }
}

fn pass_plain(packets: &Packets, out: &mut Vec<plain::Entry>) -> usize {
    let mut entries = 0;
    for (_, _, payload) in packets {
        out.clear();
        plain::packet(payload, out).expect("the packets are whole");
        entries += black_box(&*out).len();
    }
    entries
}

/// The floor: every byte is looked at once.
fn pass_floor(packets: &Packets) -> u64 {
    let sum = |payload: &Vec<u8>| payload.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    packets.iter().map(|(_, _, payload)| sum(black_box(payload))).sum()
}

/// Messages of all packets, by their size fields.
fn messages(packets: &Packets) -> usize {
    let count = |payload: &Vec<u8>| {
        let (mut at, mut count) = (12, 0);
        while at < payload.len() {
            at += usize::from(u16::from_le_bytes([payload[at], payload[at + 1]]));
            count += 1;
        }
        count
    };
    packets.iter().map(|(_, _, payload)| count(payload)).sum()
}

/// The fastest of many passes, by each measure: a busy machine slows some passes and hastens none. `pass` times itself.
#[expect(clippy::cast_precision_loss, reason = "counts and nanoseconds of a benchmark are far below 2⁵²")]
fn fastest(name: &str, packets: &Packets, entries: usize, mut pass: impl FnMut() -> Duration) {
    let best = (0..300).map(|_| pass()).min().expect("many").as_nanos() as f64;
    let bytes: usize = packets.iter().map(|(_, _, payload)| payload.len()).sum();
    println!(
        "{name}: fastest of 300 passes: {:.1} ns an entry, {:.1} a message, {:.1} a packet, {:.2} GB/s",
        best / entries as f64,
        best / messages(packets) as f64,
        best / packets.len() as f64,
        bytes as f64 / best
    );
}

fn timed(act: impl FnOnce()) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

/// Every loop of a session has as many entries as the first.
fn ours(packets: &Packets, entries: usize) -> impl FnMut() -> Duration {
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let (mut session, mut decoder) = (Session::of(packets), Decoder::new());
    let mut later = 0;
    move || {
        let took = timed(|| {
            assert_eq!(pass(&session.packets, later, &mut decoder, &mut directory, &mut out), entries);
        });
        later += 1;
        if session.advance().is_none() {
            (session, decoder) = (Session::of(packets), Decoder::new());
        }
        took
    }
}

fn bench(criterion: &mut Criterion, name: &str, packets: &Packets) {
    let entries = pass(packets, 0, &mut Decoder::new(), &mut Directory::survey(), &mut Output::default());
    let mut group = criterion.benchmark_group("cme");
    group.sample_size(20);
    group.throughput(Throughput::Elements(entries as u64));
    let mut measure = |what: &str, count: usize, pass: &mut dyn FnMut() -> Duration| {
        let name = format!("{name}, {what}");
        fastest(&name, packets, count, &mut *pass);
        group.bench_function(name, |bencher| bencher.iter_custom(|passes| (0..passes).map(|_| pass()).sum()));
    };
    measure("ours", entries, &mut ours(packets, entries));
    let mut read = Vec::new();
    // It has no notion of copies: it reads both lines, and its entries are as many more.
    let all = pass_plain(packets, &mut read);
    measure("plain combinators", all, &mut || timed(|| assert_eq!(pass_plain(packets, &mut read), all)));
    measure("bytes summed", entries, &mut || timed(|| _ = black_box(pass_floor(packets))));
    group.finish();
}

fn all(criterion: &mut Criterion) {
    if let Some(packets) = recorded() {
        let first: Packets = packets.iter().filter(|(_, line, _)| *line == LINE).cloned().collect();
        bench(criterion, "recorded, both lines", &packets);
        bench(criterion, "recorded, both lines, from the start", &from_the_start(&packets));
        bench(criterion, "recorded, one line", &first);
    }
    bench(criterion, "made, 3 entries a packet", &made(3));
    bench(criterion, "made, 30 entries a packet", &made(30));
}

criterion_group!(benches, all);
criterion_main!(benches);
