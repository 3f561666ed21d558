//! A recorded market of Binance, in memory: lines to events, beside `serde_json` reading the same lines into
//! its untyped values, which is where an engine that does not scan itself would begin. Messages are lines.

mod text;

use criterion::{Criterion, criterion_group, criterion_main};
use flate2::read::MultiGzDecoder;
use std::hint::black_box;
use std::io::Read;
use venues::Output;
use venues::binance::{Decoder, Market};

fn values(text: &[u8]) -> usize {
    let mut lines = 0;
    for line in text.split(|&byte| byte == b'\n').filter(|line| line.len() > 20) {
        let value: serde_json::Value = serde_json::from_slice(&line[20..]).expect("JSON");
        lines += usize::from(black_box(&value).is_object());
    }
    lines
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
        // A lot finer than the symbol's own: three levels of the spot recording have sizes in millionths.
        let mut directory = text::directory(market.venue(), "BTCUSDT", 10_000_000, 1_000);
        let mut out = Output::default();
        let mut ours = |text: &[u8]| text::decode(Decoder::new(Some(market)), text, &mut directory, &mut out);
        assert_eq!(ours(&text), events_due, "{file}");
        text::compare(c, market.venue(), &text, lines, ours, ("serde_json, lines to values", &values));
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
