//! What a journal costs, beside what the machine allows: `memcpy` of 64 bytes, raw BLAKE3, raw CRC-32C, and
//! writing the same bytes to the same place, all in the same run.
//!
//! Two cores of a Zen 5 at about 4 GHz, shared, load 2, 2026-11-21: a copy 5.0 ns, `to_bytes` 12.9 ns, `append`
//! 12.7 ns; of 64 MiB, BLAKE3 9.2 GiB/s, CRC-32C 28 GiB/s, plain writes 1.5 GiB/s, a whole journal 0.66 GiB/s
//! (10 million records a second), flushed 0.53 GiB/s; reading and verifying 29 million records a second.
//!
//! The same two cores under load 9, 2026-11-28: from `append` to the gate, alone, buffered 4.4 µs, written 120 µs, synced
//! 6.2 ms; with an input every 50 µs 138 inputs share a flush (median 14 ms, p99 27 ms); a million inputs, each handed over
//! by itself, 0.2 million a second written and 1.2 million synced, for those share blocks. A signed journal, signatures
//! and all, verifies at 5.6 to 9.3 million records a second. Under such load a gate waits for its turn on a core more than for
//! the disk: measure on a machine of your own.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use journal::{Durability, Options, Reader, Signer, Trust, Writer, verify_with};
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

/// What an order waits for, policy by policy. `alone`: one input after the other, each waited for; a gate that is looked at
/// as often as can be. `queued`: an input every 50 µs, whether or not the one before is through: group commit.
fn gate(c: &mut Criterion) {
    let policies = [
        ("buffered", Durability::Buffered),
        ("written", Durability::Written),
        ("synced", Durability::Synced),
    ];
    let mut group = c.benchmark_group("the gate, an input alone");
    group.sample_size(10);
    for (name, durability) in policies {
        group.bench_function(name, |b| b.iter_custom(|rounds| alone(durability, rounds).iter().sum()));
    }
    group.finish();
    println!("append to written, an input every 50 µs, microseconds:");
    println!("  policy        p50       p99       max   inputs a flush or write");
    for (name, durability) in policies {
        let (mut all, inputs_each) = queued(durability, 20_000, Duration::from_micros(50));
        all.sort_unstable();
        let at = |share: usize| all[(all.len() - 1) * share / 1_000].as_secs_f64() * 1e6;
        println!("  {name:9} {:8.1}  {:8.1}  {:8.1}   {inputs_each:.1}", at(500), at(990), at(1_000));
    }
    println!("records a second, as fast as they come, each flushed to the gate's policy:");
    for (name, durability) in policies {
        let start = Instant::now();
        let mut writer = create(desk(durability));
        for n in 0..RECORDS {
            writer.append(&record(n));
            writer.flush();
        }
        writer.finish().expect("there is room");
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = RECORDS as f64 / start.elapsed().as_secs_f64();
        println!("  {name:9} {rate:>12.0}");
    }
}

/// As a desk would write: small blocks and many, a thread that does not rest.
fn desk(durability: Durability) -> Options {
    Options { durability, block_records: 64, blocks: 1_024, poll: Duration::ZERO, ..Options::default() }
}

fn alone(durability: Durability, rounds: u64) -> Vec<Duration> {
    let mut writer = create(desk(durability));
    let wait = |n| {
        let start = Instant::now();
        writer.append(&record(n));
        writer.flush();
        while writer.written() < Some(Seq(n)) {
            std::hint::spin_loop();
        }
        start.elapsed()
    };
    (0..rounds).map(wait).collect()
}

/// How long each of `count` inputs waited, and how many shared a block on average.
fn queued(durability: Durability, count: u64, apart: Duration) -> (Vec<Duration>, f64) {
    let mut writer = create(desk(durability));
    let (mut appended, mut through) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut n = 0;
    while through.len() < usize::try_from(count).expect("64-bit hosts") {
        let due = start + apart * u32::try_from(n).expect("few");
        if n < count && Instant::now() >= due {
            appended.push(due);
            writer.append(&record(n));
            writer.flush();
            n += 1;
        }
        let now = Instant::now();
        let told = writer.written().map_or(0, |seq| usize::try_from(seq.0).expect("few") + 1);
        through.extend(appended[through.len()..told].iter().map(|since| now - *since));
    }
    writer.finish().expect("there is room");
    let (mut reader, mut block, mut blocks) = (Reader::open(folder()).expect("written"), Vec::new(), 0);
    while reader.next_block(&mut block).expect("whole") {
        blocks += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    let mean = count as f64 / f64::from(blocks);
    (through, mean)
}

/// What a signature costs, and proving a signed journal.
fn signed(c: &mut Criterion) {
    let signer = Signer::from_seed([7; 32]);
    let options = Options { signer: Some(signer.clone()), ..Options::default() };
    whole_run(options);
    let trust = Trust { key: Some(signer.public()), anchor: None };
    let mut group = c.benchmark_group("verify, signed each 65,536 records");
    group.throughput(Throughput::Elements(RECORDS));
    group.sample_size(10);
    group.bench_function("chain, records and signatures", |b| {
        b.iter(|| assert!(verify_with(folder(), &trust).expect("whole").coverage.to_the_seal));
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

criterion_group!(benches, near_side, far_side, gate, reading, signed);
criterion_main!(benches);
