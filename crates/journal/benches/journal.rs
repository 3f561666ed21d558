//! What a journal costs, beside what the machine allows: `memcpy` of 64 bytes, raw BLAKE3, raw CRC-32C, and
//! writing the same bytes to the same place, all in the same run.
//!
//! Two cores of a Zen 5 at about 4 GHz, shared, load 2, 2026-11-21: a copy 5.0 ns, `to_bytes` 12.9 ns, `append`
//! 12.7 ns; of 64 MiB, BLAKE3 9.2 GiB/s, CRC-32C 28 GiB/s, plain writes 1.5 GiB/s, a whole journal 0.66 GiB/s
//! (10 million records a second), flushed 0.53 GiB/s; reading and verifying 29 million records a second.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use journal::{Durability, Options, Reader, Writer};
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use types::record::{RECORD_BYTES, Record};
use types::{Event, Flags, Input, InstrumentId, LevelAction, LevelDelta, Lots, Nanos, Seq, Side, Ticks};

const RECORDS: u64 = 1 << 20;
const BLOCK_BYTES: usize = 64 * 1024;

fn record(n: u64) -> Record {
    Record::Input(Input {
        seq: Seq(n),
        received_at: Nanos(n.cast_signed()),
        event: Event::Level(LevelDelta {
            venue_at: Nanos(n.cast_signed()),
            price: Ticks(n.cast_signed()),
            size: Lots(3),
            orders: 1,
            instrument: InstrumentId(0),
            side: Side::Buy,
            action: LevelAction::Set,
            depth: 1,
            flags: Flags::LAST,
        }),
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()))
}

fn create(options: Options) -> Writer {
    let options = Options { replace: true, ..options };
    Writer::create(&folder(), b"bench", options).expect("the target directory can be written")
}

/// The near side alone: as many records as there are free blocks, timed; then, untimed, the disk catches up.
fn time_appends(appends: u64) -> Duration {
    let options = Options { blocks: 64, ..Options::default() };
    let burst = (options.blocks as u64 - 2) * options.block_records as u64;
    let (mut writer, mut spent, mut n) = (create(options), Duration::ZERO, 0);
    while n < appends {
        let until = appends.min(n + burst);
        let start = Instant::now();
        for n in n..until {
            writer.append(black_box(&record(n)));
        }
        spent += start.elapsed();
        n = until;
        writer.flush();
        while writer.written() < Some(Seq(n - 1)) {
            std::thread::yield_now();
        }
    }
    assert_eq!(writer.stalls(), 0, "the time of the disk is in the figure");
    spent
}

/// The same loop into plain memory of a block's size: what no journal can go below.
fn time_copies(copies: u64) -> Duration {
    let mut block = vec![0_u8; BLOCK_BYTES];
    let start = Instant::now();
    for n in 0..copies {
        let place = usize::try_from(n).expect("64-bit hosts") * RECORD_BYTES % BLOCK_BYTES;
        let bytes = black_box([n.to_le_bytes(); RECORD_BYTES / 8]);
        block[place..place + RECORD_BYTES].copy_from_slice(bytes.as_flattened());
    }
    black_box(&block);
    start.elapsed()
}

fn near_side(c: &mut Criterion) {
    let mut group = c.benchmark_group("near side, a record");
    group.throughput(Throughput::Elements(1));
    group.bench_function("floor: copy 64 bytes", |b| b.iter_custom(time_copies));
    group.bench_function("Record::to_bytes", |b| {
        let mut n = 0;
        b.iter(|| {
            n += 1;
            black_box(black_box(&record(n)).to_bytes())
        });
    });
    group.bench_function("append", |b| b.iter_custom(time_appends));
    group.finish();
}

fn whole_run(options: Options) {
    let mut writer = create(options);
    (0..RECORDS).for_each(|n| writer.append(&record(n)));
    black_box(writer.finish().expect("there is room"));
}

fn far_side(c: &mut Criterion) {
    let mut group = c.benchmark_group("far side, 64 MiB");
    group.throughput(Throughput::Bytes(RECORDS * RECORD_BYTES as u64));
    group.sample_size(10);
    let block = vec![7_u8; BLOCK_BYTES];
    let blocks = usize::try_from(RECORDS).expect("64-bit hosts") * RECORD_BYTES / BLOCK_BYTES;
    group.bench_function("floor: BLAKE3 of 64 KiB blocks", |b| {
        b.iter(|| (0..blocks).for_each(|_| _ = black_box(blake3::hash(black_box(&block)))));
    });
    group.bench_function("floor: CRC-32C of 64 KiB blocks", |b| {
        b.iter(|| (0..blocks).for_each(|_| _ = black_box(crc32c::crc32c(black_box(&block)))));
    });
    group.bench_function("floor: write 64 KiB blocks to a file", |b| {
        fs::create_dir_all(folder()).expect("the target directory can be written");
        let path = folder().join("plain");
        b.iter(|| {
            let mut file = File::create(&path).expect("the directory is there");
            (0..blocks).for_each(|_| file.write_all(&block).expect("there is room"));
        });
    });
    group.bench_function("append, hash, write, seal", |b| {
        b.iter(|| whole_run(Options::default()));
    });
    group.bench_function("the same, flushed to the disk (Durability::Synced)", |b| {
        b.iter(|| {
            whole_run(Options { durability: Durability::Synced, ..Options::default() });
        });
    });
    group.finish();
}

fn reading(c: &mut Criterion) {
    whole_run(Options::default());
    let bytes = fs::read(folder().join(journal::layout::FILE_NAME)).expect("just written");
    let mut group = c.benchmark_group("read and verify");
    group.throughput(Throughput::Elements(RECORDS));
    group.sample_size(10);
    group.bench_function("from a file", |b| {
        b.iter(|| drain(Reader::open(folder()).expect("just written")));
    });
    group.bench_function("from memory", |b| {
        b.iter_batched(
            || bytes.clone(),
            |bytes| drain(Reader::from_bytes(bytes).expect("just written")),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    fs::remove_dir_all(folder()).expect("it was made here");
}

fn drain(mut reader: Reader) {
    let mut block = Vec::new();
    while reader.next_block(&mut block).expect("it is whole") {
        black_box(&block);
    }
    assert_eq!(reader.summary().records, RECORDS);
}

criterion_group!(benches, near_side, far_side, reading);
criterion_main!(benches);
