//! A recorded market of Binance, in memory: lines to events, beside `serde_json` reading the same lines into
//! its untyped values, which is where an engine that does not scan itself would begin. Elements are lines.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::read::MultiGzDecoder;
use std::hint::black_box;
use std::io::Read;
use types::{Contract, Instrument, InstrumentId, Origin, instrument::Terms};
use venues::binance::{Decoder, Market};
use venues::{Decode, Directory, Output};

/// Lines given at once, in bytes; a recording's snapshot line is shorter.
const PIECE: usize = 256 << 10;

fn directory(market: Market) -> Directory {
    let terms = Terms {
        id: InstrumentId(0),
        symbol: "BTCUSDT".into(),
        venue: market.venue().into(),
        currency: "USDT".into(),
        contract: Contract::Linear,
        tick_nanos: 10_000_000,
        // Finer than the symbol's own step: three levels of the spot recording have sizes in millionths.
        lot_nanos: 1_000,
        multiplier_nanos: 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    };
    let instrument = Instrument::new(terms).expect("valid terms");
    Directory::run(&[instrument], &[10_000_000])
}

fn decode(text: &[u8], market: Market, directory: &mut Directory, out: &mut Output) -> usize {
    let (mut start, mut end, mut events) = (0, 0, 0);
    let mut decoder = Decoder::new(Some(market));
    while end < text.len() {
        end = text.len().min(end + PIECE);
        out.clear();
        start += decoder.decode(&text[start..end], directory, out);
        events += black_box(&out.arrivals).len();
        // Checked for each piece: a book that went stale would be decoded very fast.
        assert!(out.faults.is_empty(), "{:?}", out.faults);
    }
    events
}

fn bench(c: &mut Criterion) {
    // Events are levels and trades, as `serde_json` finds them (tests/binance.rs).
    for (market, file, lines, events_due) in [
        (Market::UsdM, "usdm/btcusdt_20240808.gz", 93_954, 445_263 + 21_313),
        (Market::Spot, "spot/btcusdt_20240808.gz", 41_249, 126_074 + 9_757),
    ] {
        let Some(path) = testkit::data::recorded(&format!("binance-l2/{file}")) else {
            return;
        };
        let packed = std::fs::read(path).expect("a recorded file can be read");
        let mut text = Vec::new();
        MultiGzDecoder::new(&packed[..]).read_to_end(&mut text).expect("a recorded file is whole");

        let mut group = c.benchmark_group(market.venue());
        group.sample_size(10);
        group.throughput(Throughput::Elements(lines));
        let (mut directory, mut out) = (directory(market), Output::default());
        let events = decode(&text, market, &mut directory, &mut out);
        assert_eq!(events, events_due, "{file}");
        println!("{file}: {} bytes, {events} events", text.len());
        group.bench_function("ours, lines to events", |b| {
            b.iter(|| decode(black_box(&text), market, &mut directory, &mut out));
        });
        group.bench_function("serde_json, lines to values", |b| {
            b.iter(|| {
                let mut lines = 0;
                for line in text.split(|&byte| byte == b'\n').filter(|line| line.len() > 20) {
                    let value: serde_json::Value = serde_json::from_slice(&line[20..]).expect("JSON");
                    lines += usize::from(black_box(&value).is_object());
                }
                lines
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
