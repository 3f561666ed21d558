//! A recorded day of ES orders, decompressed and in memory: our decoder, from bytes to events, beside the
//! vendor's `dbn` crate, from bytes to records. Elements are records.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dbn::decode::{DecodeRecordRef, dbn::Decoder as Theirs};
use dbn::{MboMsg, VersionUpgradePolicy};
use std::hint::black_box;
use types::{Contract, Instrument, InstrumentId, Origin, instrument::Terms};
use venues::archive::dbn::Decoder;
use venues::{Decode, Directory, Output};

const RECORDS: u64 = 68_792;
/// What a caller gives at once: whole records that stay in the second-level cache.
const PIECE: usize = 64 << 10;

/// The directory of a run with the one instrument of the file.
fn directory() -> Directory {
    let terms = Terms {
        id: InstrumentId(0),
        symbol: "ESH4".into(),
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

/// Decodes a stream in pieces, as a file is read; answers how many events there were.
fn decode(bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
    let (mut start, mut end, mut events) = (0, 0, 0);
    let mut decoder = Decoder::new();
    while end < bytes.len() {
        end = bytes.len().min(end + PIECE);
        out.clear();
        start += decoder.decode(&bytes[start..end], directory, out);
        events += black_box(&out.arrivals).len();
        // Checked for each piece: a stream that is passed over would be decoded very fast.
        assert!(out.faults.is_empty(), "{:?}", out.faults);
    }
    events
}

fn bench(c: &mut Criterion) {
    let Some(path) = testkit::data::recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else {
        return;
    };
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let bytes = zstd::decode_all(&packed[..]).expect("a recorded file is whole");

    let mut group = c.benchmark_group("dbn-mbo");
    group.throughput(Throughput::Elements(RECORDS));
    let (mut directory, mut out) = (directory(), Output::default());
    // All but the 35 auction fills without a side, and the beginning of the snapshot (tests/dbn.rs).
    assert_eq!(decode(&bytes, &mut directory, &mut out), 68_792 - 35 + 1);
    group.bench_function("ours, bytes to events", |b| {
        b.iter(|| decode(black_box(&bytes), &mut directory, &mut out));
    });
    group.bench_function("dbn crate, bytes to records", |b| {
        b.iter(|| {
            let mut decoder = Theirs::with_upgrade_policy(black_box(&bytes[..]), VersionUpgradePolicy::AsIs)
                .expect("the vendor reads its own files");
            let mut sum = 0_u64;
            while let Some(record) = decoder.decode_record_ref().expect("the vendor reads its own files") {
                let order: &MboMsg = record.get().expect("a file of orders");
                sum = sum.wrapping_add(order.order_id);
            }
            sum
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
