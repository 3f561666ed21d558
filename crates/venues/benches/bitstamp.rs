//! Bitstamp's log of a day, in memory: lines to events with our account of every order, beside `serde_json` reading the
//! same lines into its untyped values. Messages are lines.

mod text;

use bzip2::read::MultiBzDecoder;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::io::Read;
use venues::Output;
use venues::archive::bitstamp::{Decoder, SYMBOL, VENUE};

fn values(text: &[u8]) -> usize {
    let mut lines = 0;
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let start = line.iter().position(|&byte| byte == b'{').expect("an object");
        let value: serde_json::Value = serde_json::from_slice(&line[start..]).expect("JSON");
        lines += usize::from(black_box(&value).is_object());
    }
    lines
}

fn bench(c: &mut Criterion) {
    let Some(path) = testkit::data::recorded("bitstamp-l3/2015-05-01_full.log.bz2") else {
        return;
    };
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let mut text = Vec::new();
    MultiBzDecoder::new(&packed[..]).read_to_end(&mut text).expect("a recorded file is whole");
    let mut directory = text::directory(VENUE, SYMBOL, 10_000_000, 10);
    let mut out = Output::default();
    let ours = |text: &[u8]| text::decode(Decoder::new(), text, &mut directory, &mut out);
    text::compare(c, "bitstamp", &text, 276_767, ours, ("serde_json, lines to values", &values));
}

criterion_group!(benches, bench);
criterion_main!(benches);
