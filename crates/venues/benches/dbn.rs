//! A recorded day of ES orders, decompressed and in memory, from the bytes up: read at all (the floor), read in
//! place record by record beside the vendor's `dbn` crate, made into events, applied to a book of orders, and all of
//! it out of the compressed file. Then the quotes of a few minutes. Elements are records.
//!
//! Both record loops read the same nine fields of every record.

use book::OrderBook;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dbn::decode::{DbnRecordDecoder, DecodeRecordRef, dbn::Decoder as Theirs};
use dbn::{MboMsg, VersionUpgradePolicy};
use std::hint::black_box;
use std::io::Read;
use types::{Contract, Event, Instrument, InstrumentId, Origin, instrument::Terms};
use venues::archive::dbn::{Decoder, Run, Runs, records::Mbo, rtype};
use venues::{Decode, Directory, Output};

const RECORDS: u64 = 68_792;
/// Prelude and metadata of the day's file.
const HEADER: usize = 206;
/// What a caller gives at once: whole records that stay in the second-level cache.
const PIECE: usize = 64 << 10;

/// The directory of a run with one instrument.
fn directory(symbol: &str) -> Directory {
    let terms = Terms {
        id: InstrumentId(0),
        symbol: symbol.into(),
        venue: "cme".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 250_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 50_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Definition,
    };
    let instrument = Instrument::new(terms).expect("the terms of the E-mini S&P 500");
    Directory::run(&[instrument], &[250_000_000])
}

/// Decodes a stream in pieces, as a file is read, and tells each piece's events; answers how many there were.
fn decode(bytes: &[u8], directory: &mut Directory, out: &mut Output, mut tell: impl FnMut(&Event)) -> usize {
    let (mut start, mut end, mut events) = (0, 0, 0);
    let mut decoder = Decoder::new();
    while end < bytes.len() {
        end = bytes.len().min(end + PIECE);
        out.clear();
        start += decoder.decode(&bytes[start..end], directory, out);
        events += black_box(&out.arrivals).len();
        out.arrivals.iter().for_each(|arrival| tell(&arrival.event));
        // Checked for each piece: a stream that is passed over would be decoded very fast.
        assert!(out.faults.is_empty(), "{:?}", out.faults);
    }
    events
}

/// The floor: every eight bytes once.
fn touch(bytes: &[u8]) -> u64 {
    bytes.as_chunks::<8>().0.iter().fold(0, |sum, word| sum ^ u64::from_le_bytes(*word))
}

fn sum_ours(records: &[u8]) -> u64 {
    let of_run = |run: Run<'_>| match run.rtype {
        rtype::MBO => run.views::<Mbo<'_>>().fold(0_u64, |sum, mbo| {
            let small = u64::from(mbo.size()) ^ u64::from(mbo.flags()) ^ u64::from(mbo.sequence());
            let letters = u64::from(mbo.action()) << 8 ^ u64::from(mbo.side());
            let large = mbo.order_id() ^ mbo.price().cast_unsigned() ^ mbo.ts_event() ^ mbo.ts_recv();
            sum.wrapping_add(small ^ letters ^ large)
        }),
        _ => 0,
    };
    Runs::of(records).fold(0, |sum, run| sum.wrapping_add(of_run(run)))
}

fn one_of_theirs(mbo: &MboMsg) -> u64 {
    let small = u64::from(mbo.size) ^ u64::from(mbo.flags.raw()) ^ u64::from(mbo.sequence);
    let letters = u64::from(mbo.action.cast_unsigned()) << 8 ^ u64::from(mbo.side.cast_unsigned());
    small ^ letters ^ mbo.order_id ^ mbo.price.cast_unsigned() ^ mbo.hd.ts_event ^ mbo.ts_recv
}

fn sum_theirs(records: &[u8]) -> u64 {
    let mut theirs = DbnRecordDecoder::with_version(records, 1, VersionUpgradePolicy::AsIs, false)
        .expect("version 1 is one they know");
    let mut sum = 0_u64;
    while let Some(record) = theirs.decode_record_ref().expect("the vendor reads its own files") {
        sum = sum.wrapping_add(one_of_theirs(record.get().expect("a file of orders")));
    }
    sum
}

fn orders(c: &mut Criterion) {
    let Some(path) = testkit::data::recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else {
        return;
    };
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let bytes = zstd::decode_all(&packed[..]).expect("a recorded file is whole");
    let records = &bytes[HEADER..];
    assert_eq!(records.len() as u64, RECORDS * 56);
    assert_eq!(sum_ours(records), sum_theirs(records));

    let mut group = c.benchmark_group("dbn-mbo");
    group.throughput(Throughput::ElementsAndBytes { elements: RECORDS, bytes: records.len() as u64 });
    group.bench_function("floor, every byte once", |b| b.iter(|| touch(black_box(records))));
    group.bench_function("ours, in place", |b| b.iter(|| sum_ours(black_box(records))));
    group.bench_function("dbn crate, record loop", |b| b.iter(|| sum_theirs(black_box(records))));

    let (mut directory, mut out) = (directory("ESH4"), Output::default());
    // All but the 35 auction fills without a side, and the beginning of the snapshot (tests/dbn.rs).
    assert_eq!(decode(&bytes, &mut directory, &mut out, |_| {}), 68_792 - 35 + 1);
    group.bench_function("ours, to events", |b| {
        b.iter(|| decode(black_box(&bytes), &mut directory, &mut out, |_| {}));
    });
    group.bench_function("ours, to a book of orders", |b| {
        b.iter(|| {
            let mut book = OrderBook::with_capacity(20_000);
            decode(black_box(&bytes), &mut directory, &mut out, |event| {
                if let Event::Order(delta) = event {
                    black_box(book.apply(delta));
                }
            })
        });
    });
    group.bench_function("zstd alone", |b| {
        let mut buffer = vec![0; PIECE];
        b.iter(|| {
            let mut unpacked = zstd::Decoder::new(black_box(&packed[..])).expect("a frame");
            while black_box(unpacked.read(&mut buffer).expect("a recorded file is whole")) > 0 {}
        });
    });
    group.bench_function("ours, zstd to events", |b| {
        let mut buffer = vec![0; PIECE];
        b.iter(|| from_zstd(black_box(&packed), &mut buffer, &mut directory, &mut out));
    });
    group.bench_function("dbn crate, zstd to records", |b| {
        b.iter(|| {
            let mut theirs = Theirs::with_zstd_buffer(black_box(&packed[..])).expect("a file of theirs");
            let mut sum = 0_u64;
            while let Some(record) = theirs.decode_record_ref().expect("the vendor reads its own files") {
                sum = sum.wrapping_add(one_of_theirs(record.get().expect("a file of orders")));
            }
            sum
        });
    });
    group.finish();
}

/// Decompresses and decodes in step, the last piece's rest before the next.
fn from_zstd(packed: &[u8], buffer: &mut [u8], directory: &mut Directory, out: &mut Output) -> usize {
    let mut unpacked = zstd::Decoder::new(packed).expect("a frame");
    let (mut decoder, mut rest, mut events) = (Decoder::new(), 0, 0);
    loop {
        let got = unpacked.read(&mut buffer[rest..]).expect("a recorded file is whole");
        if got == 0 {
            return events;
        }
        let end = rest + got;
        out.clear();
        let taken = decoder.decode(&buffer[..end], directory, out);
        assert!(out.faults.is_empty(), "{:?}", out.faults);
        events += black_box(&out.arrivals).len();
        buffer.copy_within(taken..end, 0);
        rest = end - taken;
    }
}

fn quotes(c: &mut Criterion) {
    let file = "dbn/es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst";
    let Some(path) = testkit::data::recorded(file) else { return };
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let bytes = zstd::decode_all(&packed[..]).expect("a recorded file is whole");
    let (mut directory, mut out) = (directory("ESU4"), Output::default());
    let events = decode(&bytes, &mut directory, &mut out, |_| {});
    assert!(events > 2_000, "{events}");

    let mut group = c.benchmark_group("dbn-mbp-1");
    group.throughput(Throughput::ElementsAndBytes { elements: 2_288, bytes: 2_288 * 80 });
    group.bench_function("ours, to events", |b| {
        b.iter(|| decode(black_box(&bytes), &mut directory, &mut out, |_| {}));
    });
    group.bench_function("dbn crate, bytes to records", |b| {
        b.iter(|| {
            let mut theirs = Theirs::with_upgrade_policy(black_box(&bytes[..]), VersionUpgradePolicy::AsIs)
                .expect("the vendor reads its own files");
            let mut sum = 0_u64;
            while let Some(record) = theirs.decode_record_ref().expect("the vendor reads its own files") {
                let quote: &dbn::Mbp1Msg = record.get().expect("a file of quotes");
                sum = sum.wrapping_add(quote.ts_recv ^ quote.levels[0].bid_px.cast_unsigned());
            }
            sum
        });
    });
    group.finish();
}

criterion_group!(benches, orders, quotes);
criterion_main!(benches);
